//! Cells in groups that hang together: no role has cells of two of them.

use super::dominate::Finder;
use super::lists::Lists;
use super::live::Live;
use super::matrix::Matrix;
use super::meter::Meter;
use crate::error::Error;
use petgraph::unionfind::UnionFind;

/// The cells in groups, such that cells of different groups are never compatible. All are one group if the steps do not
/// suffice to tell.
pub(super) fn components(
    matrix: &Matrix,
    live: &Live,
    cells: &[u32],
    meter: &mut Meter<'_>,
) -> Result<Lists, Error> {
    meter.begin("splitting", cells.len(), 5)?;
    let mut sets = Sets { of: UnionFind::new(matrix.cells()), count: cells.len() };
    join_lines(matrix, live, &mut sets, meter)?;
    // Compatibility is mutual: those of the largest group need not be asked.
    let mut sizes = vec![0u32; matrix.cells()];
    for &cell in cells {
        sizes[sets.find(cell) as usize] += 1;
        meter.step(2)?;
    }
    let largest = (0u32..).zip(&sizes).max_by_key(|(_, size)| **size).map_or(0, |(root, _)| root);
    drop(sizes);
    let is_whole = matrix.apart.items.is_empty();
    let mut finder = Finder::new(matrix);
    let mut row = None;
    for (done, &cell) in cells.iter().enumerate() {
        meter.step(1)?;
        if sets.count == 1 {
            break;
        }
        if meter.is_spent() {
            return Ok(Lists { starts: vec![0, cells.len() as u32], items: cells.to_vec() });
        }
        if sets.find(cell) == sets.find(largest) {
            continue;
        }
        if row.replace(matrix.row(cell)) != Some(matrix.row(cell)) {
            finder.enter(matrix, matrix.row(cell));
        }
        if is_whole {
            join_rows(matrix, live, &mut finder, &mut sets, cell);
        } else {
            finder.neighbours(matrix, live, cell, |other| sets.join(cell, other));
        }
        meter.step(std::mem::take(&mut finder.steps))?;
        meter.done(done);
    }
    let mut numbers = vec![u32::MAX; matrix.cells()];
    let mut count = 0;
    let mut grouped = Vec::with_capacity(cells.len());
    for &cell in cells {
        let number = &mut numbers[sets.find(cell) as usize];
        if *number == u32::MAX {
            *number = count;
            count += 1;
        }
        grouped.push((*number, cell));
        meter.step(2)?;
    }
    drop(numbers);
    Lists::grouped(count as usize, grouped.iter().copied(), meter)
}

/// Cells of one row, or of one column, are compatible but where a rule keeps columns apart.
fn join_lines(matrix: &Matrix, live: &Live, sets: &mut Sets, meter: &mut Meter<'_>) -> Result<(), Error> {
    for column in 0..matrix.columns.len() as u32 {
        let cells = live.column(column);
        cells.windows(2).for_each(|both| sets.join(both[0], both[1]));
        meter.step(cells.len() as u64)?;
    }
    for row in 0..matrix.rows.len() as u32 {
        let cells = live.row(row);
        meter.step(cells.len() as u64)?;
        let rules = |cell: u32| matrix.apart.range(matrix.column(cell)).len();
        let Some(&pivot) = cells.iter().min_by_key(|&&cell| rules(cell)) else { continue };
        let are_apart = |one: u32, other: u32| matrix.are_apart(matrix.column(one), matrix.column(other));
        for &cell in cells {
            if !are_apart(pivot, cell) {
                sets.join(pivot, cell);
                continue;
            }
            for &other in cells {
                meter.step(1)?;
                if !are_apart(cell, other) {
                    sets.join(cell, other);
                }
            }
        }
    }
    Ok(())
}

/// Joins the cell with the rows that have a compatible one; the cells of a row are together already.
fn join_rows(matrix: &Matrix, live: &Live, finder: &mut Finder, sets: &mut Sets, cell: u32) {
    let column = matrix.column(cell);
    for &other in matrix.columns.get(column) {
        finder.steps += 2;
        let there = live.row(other);
        let Some(&first) = there.first() else { continue };
        if sets.find(first) != sets.find(cell) {
            let found = there.iter().position(|&cell| finder.fits(matrix, column, matrix.column(cell)));
            finder.steps += found.unwrap_or(there.len()) as u64;
            if found.is_some() {
                sets.join(first, cell);
            }
        }
    }
}

/// Disjoint sets of cells, and how many there are.
#[derive(Debug)]
struct Sets {
    of: UnionFind<u32>,
    count: usize,
}

impl Sets {
    fn find(&mut self, cell: u32) -> u32 {
        self.of.find_mut(cell)
    }

    fn join(&mut self, one: u32, other: u32) {
        self.count -= usize::from(self.of.union(one, other));
    }
}
