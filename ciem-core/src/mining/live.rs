//! The cells that remain while others are left out or covered.

use super::lists::Lists;
use super::matrix::Matrix;
use super::meter::Meter;
use crate::error::Error;

/// The cells that remain, by row and by column.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) is_live: Vec<bool>,
    pub(super) count: usize,
    rows: Side,
    columns: Side,
}

/// Cells by line; those of a line that remained when it was last compacted come first.
#[derive(Debug)]
struct Side {
    cells: Vec<u32>,
    starts: Vec<u32>,
    ends: Vec<u32>,
}

impl Live {
    /// Only `cells`, in order.
    pub(super) fn only(matrix: &Matrix, cells: &[u32], meter: &mut Meter<'_>) -> Result<Self, Error> {
        let mut is_live = vec![false; matrix.cells()];
        for &cell in cells {
            is_live[cell as usize] = true;
        }
        // In order, so that the cells of every line are.
        let rows = Side::of(matrix.rows.len(), cells, |cell| matrix.row(cell), meter)?;
        let columns = Side::of(matrix.columns.len(), cells, |cell| matrix.column(cell), meter)?;
        Ok(Live { is_live, count: cells.len(), rows, columns })
    }

    pub(super) fn cells(&self) -> Vec<u32> {
        (0u32..).zip(&self.is_live).filter(|(_, live)| **live).map(|(cell, _)| cell).collect()
    }

    /// The cells of a row; those that were left out since the last `compact` are among them.
    pub(super) fn row(&self, row: u32) -> &[u32] {
        self.rows.line(row)
    }

    /// As `row`, of a column.
    pub(super) fn column(&self, column: u32) -> &[u32] {
        self.columns.line(column)
    }

    pub(super) fn has(&self, cell: u32) -> bool {
        self.is_live[cell as usize]
    }

    pub(super) fn drop(&mut self, cell: u32) {
        self.is_live[cell as usize] = false;
        self.count -= 1;
    }

    pub(super) fn compact(&mut self) {
        self.rows.keep(&self.is_live);
        self.columns.keep(&self.is_live);
    }
}

impl Side {
    fn of(
        lines: usize,
        cells: &[u32],
        line: impl Fn(u32) -> u32,
        meter: &mut Meter<'_>,
    ) -> Result<Self, Error> {
        let Lists { starts, items } =
            Lists::grouped(lines, cells.iter().map(|&cell| (line(cell), cell)), meter)?;
        Ok(Side { cells: items, ends: starts.iter().skip(1).copied().collect(), starts })
    }

    fn line(&self, line: u32) -> &[u32] {
        &self.cells[self.starts[line as usize] as usize..self.ends[line as usize] as usize]
    }

    /// Moves the live ones of every line to its front.
    fn keep(&mut self, is_live: &[bool]) {
        for (start, end) in self.starts.iter().zip(&mut self.ends) {
            let mut kept = *start as usize;
            for at in *start as usize..*end as usize {
                let cell = self.cells[at];
                if is_live[cell as usize] {
                    self.cells[kept] = cell;
                    kept += 1;
                }
            }
            *end = kept as u32;
        }
    }
}

/// Numbers that are marked until the next round begins, without clearing.
#[derive(Debug)]
pub(super) struct Marks {
    rounds: Vec<u32>,
    round: u32,
}

impl Marks {
    pub(super) fn new(count: usize) -> Self {
        Marks { rounds: vec![0; count], round: 0 }
    }

    pub(super) fn clear(&mut self) {
        self.round = self.round.wrapping_add(1);
        if self.round == 0 {
            self.rounds.fill(0);
            self.round = 1;
        }
    }

    pub(super) fn set(&mut self, number: u32) {
        self.rounds[number as usize] = self.round;
    }

    pub(super) fn has(&self, number: u32) -> bool {
        self.rounds[number as usize] == self.round
    }
}
