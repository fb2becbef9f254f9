//! What domination leaves: groups of cells that hang together, each solved exactly where it is small enough.

use super::components::components;
use super::graph::Graph;
use super::greedy::{Cover, Side, greedy};
use super::lists::{Lists, places};
use super::live::Live;
use super::matrix::Matrix;
use super::meter::Meter;
use crate::error::Error;
use std::collections::HashMap;

/// Above so many cells a component is not searched: its compatibility alone would be half a megabyte of bits.
const MOST_SEARCHED: usize = 2048;

/// Seeds of the greedy runs over small residuals, and how many cells count as small.
const SEEDS: u32 = 4;
const MOST_REPEATED: usize = 1 << 16;

/// A role for each remaining cell, and how many roles there must be.
#[derive(Debug)]
pub(super) struct Solution {
    pub(super) role_of: Vec<u32>,
    pub(super) roles: usize,
    pub(super) lower_bound: usize,
    /// Cells of which no two fit into one role; may be fewer than `lower_bound`.
    pub(super) independent: Vec<u32>,
}

/// The roles of one component, counted from 0, and how many there must be.
#[derive(Debug)]
struct Part {
    role_of: Vec<u32>,
    roles: usize,
    least: usize,
    independent: Vec<u32>,
}

/// Covers the remaining cells with as few roles as the budget allows.
pub(super) fn solve(matrix: &Matrix, remaining: &[u32], meter: &mut Meter<'_>) -> Result<Solution, Error> {
    let live = Live::only(matrix, remaining, meter)?;
    let components = components(matrix, &live, remaining, meter)?;
    let mut solution =
        Solution { role_of: vec![0; matrix.cells()], roles: 0, lower_bound: 0, independent: Vec::new() };
    let (alone, mut together): (Vec<&[u32]>, Vec<&[u32]>) =
        components.iter().partition(|cells| cells.len() == 1);
    for &cells in &alone {
        let part = Part { role_of: vec![0], roles: 1, least: 1, independent: cells.to_vec() };
        solution.add(cells, part);
    }
    // Small ones first: they leave most of the budget to the large ones.
    together.sort_by_key(|cells| cells.len());
    let mut is_alone = vec![false; matrix.cells()];
    alone.iter().copied().flatten().for_each(|&cell| is_alone[cell as usize] = true);
    let entangled: Vec<u32> = remaining.iter().copied().filter(|&cell| !is_alone[cell as usize]).collect();
    drop(is_alone);
    let covers = covers(matrix, &entangled, meter)?;
    let (small, large) = together.split_at(together.partition_point(|cells| cells.len() <= MOST_SEARCHED));
    let mut done = 0;
    meter.begin("searching", entangled.len(), 5)?;
    for &cells in small {
        let greedy = best_of(cells, &entangled, &covers, meter)?;
        solution.add(cells, search(matrix, cells, greedy, meter)?);
        done += cells.len();
        meter.done(done);
    }
    meter.begin("bounding", entangled.len(), 10)?;
    for &cells in large {
        let (role_of, roles) = best_of(cells, &entangled, &covers, meter)?;
        let independent = independent(matrix, &live, cells, meter)?;
        solution.add(cells, Part { role_of, roles, least: independent.len(), independent });
        done += cells.len();
        meter.done(done);
    }
    Ok(solution)
}

impl Solution {
    fn add(&mut self, cells: &[u32], part: Part) {
        for (&cell, role) in cells.iter().zip(part.role_of) {
            self.role_of[cell as usize] = self.roles as u32 + role;
        }
        self.roles += part.roles;
        self.lower_bound += part.least;
        self.independent.extend(part.independent);
    }
}

/// The fewest roles for a small component, from greedy ones.
fn search(
    matrix: &Matrix,
    cells: &[u32],
    (mut role_of, mut roles): (Vec<u32>, usize),
    meter: &mut Meter<'_>,
) -> Result<Part, Error> {
    let mut graph = Graph::new(cells.len());
    for (a, &cell) in cells.iter().enumerate() {
        for (b, &other) in cells.iter().enumerate().take(a) {
            if matrix.compatible(cell, other) {
                graph.join(a, b);
            }
        }
        meter.step(a as u64)?;
    }
    let first = graph.independent(meter)?;
    let mut least = first.len();
    if least < roles {
        let (found, is_proven) = graph.groups(&first, roles, meter)?;
        if let Some(found) = found {
            roles = found.iter().max().map_or(0, |&last| last as usize + 1);
            role_of = found;
        }
        if is_proven {
            least = roles;
        }
    }
    let independent = first.iter().map(|&at| cells[at]).collect();
    Ok(Part { role_of, roles, least, independent })
}

/// The roles that the best of the covers of `covered`, sorted, gives `cells`, counted from 0, and how many there are.
fn best_of(
    cells: &[u32],
    covered: &[u32],
    covers: &[Cover],
    meter: &mut Meter<'_>,
) -> Result<(Vec<u32>, usize), Error> {
    let mut best: Option<(Vec<u32>, usize)> = None;
    for cover in covers {
        // Roles of the cover belong to one component each, for their cells are compatible.
        let mut numbers: HashMap<u32, u32> = HashMap::new();
        let mut roles = Vec::with_capacity(cells.len());
        for place in places(covered, cells).flatten() {
            let next = numbers.len() as u32;
            roles.push(*numbers.entry(cover.role_of[place]).or_insert(next));
            meter.step(8)?;
        }
        if best.as_ref().is_none_or(|(_, fewest)| numbers.len() < *fewest) {
            best = Some((roles, numbers.len()));
        }
    }
    Ok(best.unwrap_or_default())
}

/// The greedy covers that are worth a try.
fn covers(matrix: &Matrix, cells: &[u32], meter: &mut Meter<'_>) -> Result<Vec<Cover>, Error> {
    let sides = [Side::Both, Side::Users, Side::Permissions];
    if cells.len() > MOST_REPEATED {
        let mut all = Vec::new();
        for side in sides {
            meter.begin("covering", cells.len(), 20 / sides.len() as u64)?;
            all.push(greedy(matrix, cells, side, 0, meter)?);
        }
        return Ok(all);
    }
    meter.begin("covering", cells.len(), 20)?;
    let mut all = vec![greedy(matrix, cells, Side::Both, 0, meter)?];
    for (side, seed) in sides.into_iter().flat_map(|side| (0..SEEDS).map(move |seed| (side, seed))).skip(1) {
        if !meter.is_spent() {
            all.push(greedy(matrix, cells, side, seed, meter)?);
        }
    }
    Ok(all)
}

const NONE: u32 = u32::MAX;

/// Widths of neighbourhoods are told apart to six binary digits.
const DIGITS: u32 = 6;

/// Cells of which no two are compatible, as many as a walk from the smallest neighbourhoods finds. Every beginning of the
/// walk is such a set, so it may end anywhere.
fn independent(
    matrix: &Matrix,
    live: &Live,
    cells: &[u32],
    meter: &mut Meter<'_>,
) -> Result<Vec<u32>, Error> {
    let width = |cell: u32| {
        let width = live.row(matrix.row(cell)).len() as u64 * live.column(matrix.column(cell)).len() as u64;
        let scale = width.checked_ilog2().unwrap_or(0).saturating_sub(DIGITS);
        (scale << DIGITS) + (width >> scale) as u32
    };
    let order = Lists::grouped((64 + 2) << DIGITS, cells.iter().map(|&cell| (width(cell), cell)), meter)?;
    // The row of the chosen cell in each column: no two are in one. For each row the column of the chosen cell that a cell of the
    // row was last compatible with: the next one likely is, too.
    let mut row_in = vec![NONE; matrix.columns.len()];
    let mut last_met = vec![NONE; matrix.rows.len()];
    let mut chosen = Vec::new();
    for &cell in &order.items {
        meter.step(1)?;
        if meter.is_spent() {
            break;
        }
        let (row, column) = (matrix.row(cell), matrix.column(cell));
        let collides = |other: u32| {
            let there = row_in[other as usize];
            there != NONE && matrix.has(there, column) && !matrix.are_apart(other, column)
        };
        let likely = last_met[row as usize];
        if row_in[column as usize] != NONE || (likely != NONE && collides(likely)) {
            continue;
        }
        let crossed = matrix.rows.get(row);
        match crossed.iter().position(|&other| collides(other)) {
            Some(at) => {
                last_met[row as usize] = crossed[at];
                meter.step(2 * at as u64)?;
            }
            None => {
                chosen.push(cell);
                row_in[column as usize] = row;
                last_met[row as usize] = column;
                meter.step(2 * crossed.len() as u64)?;
            }
        }
    }
    Ok(chosen)
}
