//! What domination leaves: groups of cells that hang together, each solved exactly where it is small enough.

use super::dominate::{Finder, Live, Marks};
use super::graph::Graph;
use super::greedy::{Cover, Side, greedy};
use super::matrix::Matrix;
use super::meter::Meter;
use crate::error::Error;

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

/// Covers the remaining cells with as few roles as the budget allows.
pub(super) fn solve(matrix: &Matrix, remaining: &[u32], meter: &mut Meter<'_>) -> Result<Solution, Error> {
    let live = Live::only(matrix, remaining);
    let components = components(matrix, &live, remaining, meter)?;
    let mut solution =
        Solution { role_of: vec![0; matrix.cells()], roles: 0, lower_bound: 0, independent: Vec::new() };
    let Some(components) = components else {
        let cover = covers(matrix, remaining, meter)?.into_iter().min_by_key(|cover| cover.roles);
        solution.independent = independent(matrix, &live, remaining, meter)?;
        solution.lower_bound = solution.independent.len();
        if let Some(cover) = cover {
            (solution.role_of, solution.roles) = (cover.role_of, cover.roles);
        }
        return Ok(solution);
    };
    let (alone, mut together): (Vec<_>, Vec<_>) = components.into_iter().partition(|cells| cells.len() == 1);
    for &cell in alone.iter().flatten() {
        solution.role_of[cell as usize] = solution.roles as u32;
        solution.roles += 1;
        solution.lower_bound += 1;
        solution.independent.push(cell);
    }
    // Small ones first: they leave most of the budget to the large ones.
    together.sort_by_key(Vec::len);
    let entangled: Vec<u32> = together.iter().flatten().copied().collect();
    let covers = covers(matrix, &entangled, meter)?;
    meter.begin("searching", entangled.len(), 15)?;
    let mut done = 0;
    for cells in &together {
        component(matrix, &live, cells, &covers, &mut solution, meter)?;
        done += cells.len();
        meter.done(done);
    }
    Ok(solution)
}

/// Adds the roles of one component.
fn component(
    matrix: &Matrix,
    live: &Live,
    cells: &[u32],
    covers: &[Cover],
    solution: &mut Solution,
    meter: &mut Meter<'_>,
) -> Result<(), Error> {
    let best = covers.iter().map(|cover| groups_of(cells, cover)).min_by_key(|(_, count)| *count);
    let Some((mut groups, mut most)) = best else { return Ok(()) };
    let (apart, least);
    if cells.len() <= MOST_SEARCHED {
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
        let mut bound = first.len();
        if bound < most {
            let (found, is_proven) = graph.groups(&first, most, meter)?;
            if let Some(found) = found {
                most = found.iter().max().map_or(0, |&last| last as usize + 1);
                groups = found;
            }
            if is_proven {
                bound = most;
            }
        }
        apart = first.iter().map(|&at| cells[at]).collect::<Vec<_>>();
        least = bound;
    } else {
        apart = independent(matrix, live, cells, meter)?;
        least = apart.len();
    }
    for (&cell, group) in cells.iter().zip(groups) {
        solution.role_of[cell as usize] = solution.roles as u32 + group;
    }
    solution.roles += most;
    solution.lower_bound += least;
    solution.independent.extend(apart);
    Ok(())
}

/// The roles of these cells, counted from 0, and how many there are.
fn groups_of(cells: &[u32], cover: &Cover) -> (Vec<u32>, usize) {
    let mut used: Vec<u32> = cells.iter().map(|&cell| cover.role_of[cell as usize]).collect();
    used.sort_unstable();
    used.dedup();
    let number = |cell: &u32| used.partition_point(|&role| role < cover.role_of[*cell as usize]) as u32;
    (cells.iter().map(number).collect(), used.len())
}

/// The greedy covers that are worth a try.
fn covers(matrix: &Matrix, cells: &[u32], meter: &mut Meter<'_>) -> Result<Vec<Cover>, Error> {
    meter.begin("covering", cells.len(), 15)?;
    let mut all = vec![greedy(matrix, cells, Side::Both, 0, meter)?];
    if cells.len() > MOST_REPEATED {
        return Ok(all);
    }
    for side in [Side::Users, Side::Permissions, Side::Both] {
        for seed in 0..SEEDS {
            if meter.is_spent() {
                return Ok(all);
            }
            if (side, seed) != (Side::Both, 0) {
                all.push(greedy(matrix, cells, side, seed, meter)?);
            }
        }
    }
    Ok(all)
}

/// The cells in groups, such that cells of different groups are never compatible; none if that takes too many steps.
fn components(
    matrix: &Matrix,
    live: &Live,
    cells: &[u32],
    meter: &mut Meter<'_>,
) -> Result<Option<Vec<Vec<u32>>>, Error> {
    meter.begin("splitting", cells.len(), 10)?;
    let mut parent: Vec<u32> = (0..cells.len() as u32).collect();
    let number = |cell: u32| cells.partition_point(|&other| other < cell) as u32;
    let mut finder = Finder::new(matrix);
    let mut row = None;
    for (own, &cell) in (0u32..).zip(cells) {
        if row.replace(matrix.row(cell)) != Some(matrix.row(cell)) {
            finder.enter(matrix, matrix.row(cell));
        }
        let mut root = find(&mut parent, own);
        finder.neighbours(matrix, live, cell, |other| {
            // Compatibility is mutual: the earlier of two sees the later.
            if other > cell {
                let others = find(&mut parent, number(other));
                let (low, high) = (root.min(others), root.max(others));
                parent[high as usize] = low;
                root = low;
            }
        });
        meter.step(std::mem::take(&mut finder.steps))?;
        meter.done(own as usize);
        if meter.is_spent() {
            return Ok(None);
        }
    }
    let mut groups: Vec<Vec<u32>> = vec![Vec::new(); cells.len()];
    for (own, &cell) in (0u32..).zip(cells) {
        groups[find(&mut parent, own) as usize].push(cell);
    }
    groups.retain(|group| !group.is_empty());
    Ok(Some(groups))
}

fn find(parent: &mut [u32], mut at: u32) -> u32 {
    while parent[at as usize] != at {
        parent[at as usize] = parent[parent[at as usize] as usize];
        at = parent[at as usize];
    }
    at
}

/// Cells of which no two are compatible, as many as a walk from the smallest neighbourhoods finds. Every beginning of the
/// walk is such a set, so it may end anywhere.
fn independent(
    matrix: &Matrix,
    live: &Live,
    cells: &[u32],
    meter: &mut Meter<'_>,
) -> Result<Vec<u32>, Error> {
    meter.begin("bounding", cells.len(), 15)?;
    let mut order = cells.to_vec();
    let width =
        |cell: u32| live.row(matrix.row(cell)).len() as u64 * live.column(matrix.column(cell)).len() as u64;
    order.sort_by_cached_key(|&cell| (width(cell), cell));
    let mut finder = Finder::new(matrix);
    let mut taken = Marks::new(matrix.cells());
    taken.clear();
    let mut chosen = Vec::new();
    for (done, &cell) in order.iter().enumerate() {
        if taken.has(cell) {
            continue;
        }
        if meter.is_spent() {
            break;
        }
        chosen.push(cell);
        finder.enter(matrix, matrix.row(cell));
        finder.neighbours(matrix, live, cell, |other| taken.set(other));
        meter.step(std::mem::take(&mut finder.steps))?;
        meter.done(done);
    }
    Ok(chosen)
}
