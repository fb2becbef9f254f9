//! Domination: cells that every role can take in that has a certain other cell need no role of their own.
//!
//! A cell e is dominated by a cell f if every remaining cell that is compatible with f is compatible with e: whichever
//! role f ends up in, e fits in, too. e is left out and the pair written into a log. Played backwards, the log puts each
//! cell into the role of the one that dominates it; so a solution for what remains is one for all, and has as many roles.
//! (Ene, Horne, Milosavljevic, Rao, Schreiber, Tarjan: Fast exact and heuristic methods for role minimization problems,
//! SACMAT 2008.) Rules that keep permissions apart are part of compatibility, and nothing changes in the argument.

use super::matrix::Matrix;
use super::meter::Meter;
use crate::error::Error;

/// What domination left, and how to get the rest back.
#[derive(Debug)]
pub(super) struct Reduced {
    /// Cells that remain, in order.
    pub(super) remaining: Vec<u32>,
    /// (dominated, by) in the order in which they were left out.
    log: Vec<(u32, u32)>,
}

impl Reduced {
    /// Gives every cell the role of the one that dominates it.
    pub(super) fn replay(&self, role_of: &mut [u32]) {
        for &(cell, by) in self.log.iter().rev() {
            role_of[cell as usize] = role_of[by as usize];
        }
    }
}

/// Leaves out dominated ones of `cells` until there are none, or the steps are used up: what was left out until then stays
/// valid.
pub(super) fn dominate(matrix: &Matrix, cells: &[u32], meter: &mut Meter<'_>) -> Result<Reduced, Error> {
    let mut live = Live::only(matrix, cells);
    let mut log = Vec::new();
    let mut finder = Finder::new(matrix);
    meter.begin("reducing", cells.len(), 50)?;
    loop {
        let before = log.len();
        let mut looked_at = cells.len() - live.count;
        for row in 0..matrix.rows.len() as u32 {
            finder.enter(matrix, row);
            for place in live.row_range(row) {
                let cell = live.of_rows[place];
                if meter.is_spent() {
                    return Ok(Reduced { remaining: live.cells(), log });
                }
                if live.is_live[cell as usize] {
                    finder.drop_dominated(matrix, &mut live, cell, &mut log);
                    meter.step(std::mem::take(&mut finder.steps))?;
                }
                looked_at += 1;
            }
            meter.done(looked_at);
        }
        if log.len() == before {
            return Ok(Reduced { remaining: live.cells(), log });
        }
        live.compact(matrix);
    }
}

/// The cells that remain, by row and by column.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) is_live: Vec<bool>,
    pub(super) count: usize,
    of_rows: Vec<u32>,
    row_ends: Vec<u32>,
    of_columns: Vec<u32>,
    column_ends: Vec<u32>,
    row_starts: Vec<u32>,
    column_starts: Vec<u32>,
}

impl Live {
    fn all(matrix: &Matrix) -> Self {
        let cells = matrix.cells();
        Live {
            is_live: vec![true; cells],
            count: cells,
            of_rows: (0..cells as u32).collect(),
            row_starts: matrix.rows.starts.clone(),
            row_ends: matrix.rows.starts.iter().skip(1).copied().collect(),
            of_columns: matrix.columns.items.clone(),
            column_starts: matrix.columns.starts.clone(),
            column_ends: matrix.columns.starts.iter().skip(1).copied().collect(),
        }
    }

    /// Only `cells`, in order.
    pub(super) fn only(matrix: &Matrix, cells: &[u32]) -> Self {
        let mut live = Live::all(matrix);
        live.is_live.fill(false);
        for &cell in cells {
            live.is_live[cell as usize] = true;
        }
        live.count = cells.len();
        live.compact(matrix);
        live
    }

    fn cells(&self) -> Vec<u32> {
        (0u32..).zip(&self.is_live).filter(|(_, live)| **live).map(|(cell, _)| cell).collect()
    }

    fn row_range(&self, row: u32) -> std::ops::Range<usize> {
        self.row_starts[row as usize] as usize..self.row_ends[row as usize] as usize
    }

    /// The cells of a row; those that were left out since the last `compact` are among them.
    pub(super) fn row(&self, row: u32) -> &[u32] {
        &self.of_rows[self.row_range(row)]
    }

    /// As `row`, of a column.
    pub(super) fn column(&self, column: u32) -> &[u32] {
        let column = column as usize;
        &self.of_columns[self.column_starts[column] as usize..self.column_ends[column] as usize]
    }

    fn drop(&mut self, cell: u32) {
        self.is_live[cell as usize] = false;
        self.count -= 1;
    }

    fn compact(&mut self, matrix: &Matrix) {
        keep(&mut self.of_rows, &self.row_starts, &mut self.row_ends, matrix.rows.len(), &self.is_live);
        let columns = matrix.columns.len();
        keep(&mut self.of_columns, &self.column_starts, &mut self.column_ends, columns, &self.is_live);
    }
}

/// Moves the live ones of every list to its front.
fn keep(items: &mut [u32], starts: &[u32], ends: &mut [u32], lists: usize, is_live: &[bool]) {
    for list in 0..lists {
        let start = starts[list] as usize;
        let mut kept = start;
        for at in start..ends[list] as usize {
            let cell = items[at];
            if is_live[cell as usize] {
                items[kept] = cell;
                kept += 1;
            }
        }
        ends[list] = kept as u32;
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

/// Finds what a cell dominates, with memory that is kept from cell to cell.
#[derive(Debug)]
pub(super) struct Finder {
    /// The columns of the row that was entered, the rows of the cell's column, and the columns that may be dominated.
    in_row: Marks,
    in_column: Marks,
    in_wide: Marks,
    /// Rows and columns of the remaining cells that are compatible with the cell.
    rows: Vec<u32>,
    columns: Vec<u32>,
    tall: Vec<u32>,
    found: Vec<u32>,
    pub(super) steps: u64,
}

impl Finder {
    pub(super) fn new(matrix: &Matrix) -> Self {
        let (rows, columns) = (matrix.rows.len(), matrix.columns.len());
        Finder {
            in_row: Marks::new(columns),
            in_column: Marks::new(rows),
            in_wide: Marks::new(columns),
            rows: Vec::new(),
            columns: Vec::new(),
            tall: Vec::new(),
            found: Vec::new(),
            steps: 0,
        }
    }

    /// Says whose cells come next.
    pub(super) fn enter(&mut self, matrix: &Matrix, row: u32) {
        self.in_row.clear();
        for &column in matrix.rows.get(row) {
            self.in_row.set(column);
        }
        self.steps += matrix.rows.range(row).len() as u64;
    }

    /// Whether the cell of a row that has the asked column lies in the asked row's columns and is kept apart by no rule.
    fn fits(&self, matrix: &Matrix, column: u32, other: u32) -> bool {
        self.in_row.has(other) && !matrix.are_apart(column, other)
    }

    /// Hands on the live cells that are compatible with `cell`, itself among them. `enter` its row before.
    pub(super) fn neighbours(&mut self, matrix: &Matrix, live: &Live, cell: u32, mut each: impl FnMut(u32)) {
        let column = matrix.column(cell);
        for &holder in matrix.columns.get(column) {
            let there = live.row(matrix.row(holder));
            self.steps += 1 + there.len() as u64;
            for &other in there {
                if live.is_live[other as usize] && self.fits(matrix, column, matrix.column(other)) {
                    each(other);
                }
            }
        }
    }

    /// Leaves out every cell that `cell` dominates.
    fn drop_dominated(&mut self, matrix: &Matrix, live: &mut Live, cell: u32, log: &mut Vec<(u32, u32)>) {
        let (row, column) = (matrix.row(cell), matrix.column(cell));
        self.sides(matrix, live, row, column);
        // e = (v, q) is compatible with all of them if q is held by all their rows and v has all their columns.
        let Finder { rows, columns, in_wide, tall, steps, .. } = self;
        in_wide.clear();
        let mut wide = 0;
        for &q in &*columns {
            let held = rows.iter().all(|&v| {
                *steps += 1;
                matrix.has(v, q)
            });
            if held && (matrix.apart.range(q).is_empty() || columns.iter().all(|&p| !matrix.are_apart(p, q)))
            {
                in_wide.set(q);
                wide += 1;
            }
        }
        tall.clear();
        tall.extend(rows.iter().copied().filter(|&v| {
            columns.iter().all(|&q| {
                *steps += 1;
                matrix.has(v, q)
            })
        }));
        if wide == 0 || (wide == 1 && tall.len() == 1) {
            return;
        }
        self.found.clear();
        for &v in &self.tall {
            let there = live.row(v);
            self.steps += there.len() as u64;
            let dominated = |&other: &u32| {
                other != cell && live.is_live[other as usize] && self.in_wide.has(matrix.column(other))
            };
            self.found.extend(there.iter().copied().filter(dominated));
        }
        for &other in &self.found {
            live.drop(other);
            log.push((other, cell));
        }
    }

    /// Collects the rows and the columns of the remaining cells that are compatible with (row, column).
    fn sides(&mut self, matrix: &Matrix, live: &Live, row: u32, column: u32) {
        self.in_column.clear();
        self.rows.clear();
        self.columns.clear();
        for &holder in matrix.columns.get(column) {
            self.in_column.set(matrix.row(holder));
        }
        let mut steps = 2 * (matrix.columns.range(column).len() + matrix.rows.range(row).len()) as u64;
        for &holder in matrix.columns.get(column) {
            let other = matrix.row(holder);
            // The cell below or above in the same column is compatible by itself.
            let any = live.is_live[holder as usize]
                || live.row(other).iter().any(|&cell| {
                    steps += 1;
                    live.is_live[cell as usize] && self.fits(matrix, column, matrix.column(cell))
                });
            if any {
                self.rows.push(other);
            }
        }
        let in_same_row = matrix.rows.range(row);
        for (own, &other) in in_same_row.clone().zip(&matrix.rows.items[in_same_row]) {
            let apart = !matrix.apart.range(column).is_empty() && matrix.are_apart(column, other);
            let any = !apart
                && (live.is_live[own]
                    || live.column(other).iter().any(|&cell| {
                        steps += 1;
                        live.is_live[cell as usize] && self.in_column.has(matrix.row(cell))
                    }));
            if any {
                self.columns.push(other);
            }
        }
        self.steps += steps;
    }
}
