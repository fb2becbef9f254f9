//! Domination: cells that every role can take in that has a certain other cell need no role of their own.
//!
//! A cell e is dominated by a cell f if every remaining cell that is compatible with f is compatible with e: whichever
//! role f ends up in, e fits in, too. e is left out and the pair written into a log. Played backwards, the log puts each
//! cell into the role of the one that dominates it; so a solution for what remains is one for all, and has as many roles.
//! (Ene, Horne, Milosavljevic, Rao, Schreiber, Tarjan: Fast exact and heuristic methods for role minimization problems,
//! SACMAT 2008.) Rules that keep permissions apart are part of compatibility, and nothing changes in the argument.

use super::live::{Live, Marks};
use super::matrix::{Lines, Matrix};
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
    meter.begin("reducing", cells.len(), 60)?;
    let mut live = Live::only(matrix, cells, meter)?;
    let mut log: Vec<(u32, u32)> = Vec::new();
    let mut finder = Finder::new(matrix);
    let mut news = News::everywhere(matrix);
    loop {
        let before = log.len();
        let mut looked_at = cells.len() - live.count;
        for row in (0..matrix.rows.len() as u32).filter(|&row| news.row[row as usize]) {
            finder.enter(matrix, row);
            looked_at += live.row(row).len();
            for place in 0..live.row(row).len() {
                let cell = live.row(row)[place];
                if live.has(cell) && news.column[matrix.column(cell) as usize] {
                    finder.drop_dominated(matrix, &mut live, cell, &mut log);
                    meter.step(std::mem::take(&mut finder.steps))?;
                }
                if meter.is_spent() {
                    return Ok(Reduced { remaining: live.cells(), log });
                }
            }
            meter.done(looked_at);
        }
        if log.len() == before {
            return Ok(Reduced { remaining: live.cells(), log });
        }
        live.compact();
        news.since(matrix, &log[before..], meter)?;
    }
}

/// Where cells may dominate more than when they were last looked at: a cell does only after one that is compatible with it was
/// left out, whose column its row crosses and whose row its column crosses.
#[derive(Debug)]
struct News {
    row: Vec<bool>,
    column: Vec<bool>,
}

impl News {
    fn everywhere(matrix: &Matrix) -> Self {
        News { row: vec![true; matrix.rows.len()], column: vec![true; matrix.columns.len()] }
    }

    fn since(&mut self, matrix: &Matrix, log: &[(u32, u32)], meter: &mut Meter<'_>) -> Result<(), Error> {
        self.row.fill(false);
        self.column.fill(false);
        let (mut rows, mut columns) = (self.row.clone(), self.column.clone());
        for &(cell, _) in log {
            rows[matrix.row(cell) as usize] = true;
            columns[matrix.column(cell) as usize] = true;
        }
        for (news, crossed) in self.row.iter_mut().zip(matrix.rows.lists.iter()) {
            *news = crossed.iter().any(|&column| columns[column as usize]);
        }
        for (news, crossed) in self.column.iter_mut().zip(matrix.columns.lists.iter()) {
            *news = crossed.iter().any(|&row| rows[row as usize]);
        }
        meter.step(log.len() as u64 + matrix.cells() as u64 / 4)
    }
}

const NONE: u32 = u32::MAX;

/// Finds what a cell dominates, with memory that is kept from cell to cell.
#[derive(Debug)]
pub(super) struct Finder {
    /// The columns of the row that was entered, the rows of the cell's column, and the columns that may be dominated.
    in_row: Marks,
    in_column: Marks,
    in_wide: Marks,
    /// Columns that all rows of compatible cells cross, and rows that all their columns cross.
    wide: Vec<u32>,
    tall: Vec<u32>,
    /// For each column the cell in it, and for each row, that last left nothing of `wide`, or of `tall`: it likely does so again.
    narrow: Vec<u32>,
    low: Vec<u32>,
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
            wide: Vec::new(),
            tall: Vec::new(),
            narrow: vec![NONE; columns],
            low: vec![NONE; rows],
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
        self.steps += matrix.rows.crossings(row) as u64;
    }

    /// Whether the cell of a row that has the asked column lies in the asked row's columns and is kept apart by no rule.
    pub(super) fn fits(&self, matrix: &Matrix, column: u32, other: u32) -> bool {
        self.in_row.has(other) && !matrix.are_apart(column, other)
    }

    /// Hands on the live cells that are compatible with `cell`, itself among them. `enter` its row before.
    pub(super) fn neighbours(&mut self, matrix: &Matrix, live: &Live, cell: u32, mut each: impl FnMut(u32)) {
        let column = matrix.column(cell);
        for &row in matrix.columns.get(column) {
            let there = live.row(row);
            self.steps += 1 + there.len() as u64;
            for &other in there {
                if live.has(other) && self.fits(matrix, column, matrix.column(other)) {
                    each(other);
                }
            }
        }
    }

    /// Leaves out every cell that `cell` dominates. `enter` its row before.
    ///
    /// e = (v, q) is compatible with all that are compatible with it if q is crossed by all their rows and v crosses all their
    /// columns. Mostly a few of them show that there is none but `cell`, so the lists of these are narrowed line by line.
    fn drop_dominated(&mut self, matrix: &Matrix, live: &mut Live, cell: u32, log: &mut Vec<(u32, u32)>) {
        let (row, column) = (matrix.row(cell), matrix.column(cell));
        self.narrow_by_own_column(matrix, live, cell);
        self.narrow_by_own_row(matrix, live, cell);
        self.narrow_by_others(matrix, live, row, column);
        if self.wide.len() == 1 && self.tall.len() == 1 {
            return;
        }
        let Finder { wide, tall, in_wide, found, steps, .. } = self;
        found.clear();
        if wide.len() == 1 {
            let there = live.column(column);
            let is_tall = |&other: &u32| tall.binary_search(&matrix.row(other)).is_ok();
            found.extend(there.iter().copied().filter(|&other| live.has(other)).filter(is_tall));
            *steps += 4 * there.len() as u64;
        } else {
            in_wide.clear();
            wide.iter().for_each(|&column| in_wide.set(column));
            for &row in &*tall {
                let there = live.row(row);
                let is_wide = |&other: &u32| live.has(other) && in_wide.has(matrix.column(other));
                found.extend(there.iter().copied().filter(is_wide));
                *steps += there.len() as u64;
            }
        }
        for &other in found.iter().filter(|&&other| other != cell) {
            live.drop(other);
            log.push((other, cell));
        }
    }

    /// `wide`, as far as the remaining cells of the same column decide.
    fn narrow_by_own_column(&mut self, matrix: &Matrix, live: &Live, cell: u32) {
        let (row, column) = (matrix.row(cell), matrix.column(cell));
        let Finder { wide, narrow, steps, .. } = self;
        let hint = narrow[column as usize];
        let hint = (hint != NONE && hint != cell && live.has(hint)).then_some(hint);
        let others = live.column(column).iter().copied().filter(|&other| other != cell && live.has(other));
        let others = hint.into_iter().chain(others).map(|other| (other, matrix.row(other)));
        if let Some(last) = common_of_all(&matrix.rows, row, others, wide, steps) {
            narrow[column as usize] = last;
        }
    }

    /// `tall`, as far as the remaining cells of the same row decide.
    fn narrow_by_own_row(&mut self, matrix: &Matrix, live: &Live, cell: u32) {
        let (row, column) = (matrix.row(cell), matrix.column(cell));
        let Finder { tall, low, steps, .. } = self;
        let hint = low[row as usize];
        let counts =
            |other: u32| other != cell && live.has(other) && !matrix.are_apart(column, matrix.column(other));
        let hint = (hint != NONE && counts(hint)).then_some(hint);
        let others = live.row(row).iter().copied().filter(|&other| counts(other));
        let others = hint.into_iter().chain(others).map(|other| (other, matrix.column(other)));
        if let Some(last) = common_of_all(&matrix.columns, column, others, tall, steps) {
            low[row as usize] = last;
        }
    }

    /// Both, by compatible cells in other rows and columns: those lines count whose own crossing with the cell's is gone.
    fn narrow_by_others(&mut self, matrix: &Matrix, live: &Live, row: u32, column: u32) {
        if self.wide.len() > 1 {
            for (&cell, &other) in matrix.column_cells(column).iter().zip(matrix.columns.get(column)) {
                self.steps += 1;
                if !live.has(cell) && self.is_compatible_in_row(matrix, live, column, other) {
                    self.steps += matrix.rows.narrow(other, &mut self.wide);
                    if self.wide.len() == 1 {
                        break;
                    }
                }
            }
            self.leave_out_kept_apart(matrix, live, column);
        }
        if self.tall.len() > 1 {
            self.in_column.clear();
            matrix.columns.get(column).iter().for_each(|&other| self.in_column.set(other));
            self.steps += matrix.columns.crossings(column) as u64;
            for (cell, &other) in matrix.row_cells(row).zip(matrix.rows.get(row)) {
                self.steps += 1;
                let counts = !live.has(cell) && !matrix.are_apart(column, other);
                if counts && self.is_compatible_in_column(matrix, live, other) {
                    self.steps += matrix.columns.narrow(other, &mut self.tall);
                    if self.tall.len() == 1 {
                        break;
                    }
                }
            }
        }
    }

    /// Leaves columns out of `wide` that a rule keeps apart from a column of a compatible cell.
    fn leave_out_kept_apart(&mut self, matrix: &Matrix, live: &Live, column: u32) {
        let mut wide = std::mem::take(&mut self.wide);
        if wide.iter().any(|&one| matrix.apart.get(one).iter().any(|&other| self.in_row.has(other))) {
            self.in_column.clear();
            matrix.columns.get(column).iter().for_each(|&row| self.in_column.set(row));
            wide.retain(|&one| {
                let mut others = matrix.apart.get(one).iter().copied();
                !others.any(|other| {
                    self.fits(matrix, column, other) && self.is_compatible_in_column(matrix, live, other)
                })
            });
        }
        self.wide = wide;
    }

    /// Whether a remaining cell of `row` is compatible with the cell in the entered row and `column`, which `row` crosses.
    fn is_compatible_in_row(&mut self, matrix: &Matrix, live: &Live, column: u32, row: u32) -> bool {
        let there = live.row(row);
        let found =
            there.iter().position(|&cell| live.has(cell) && self.fits(matrix, column, matrix.column(cell)));
        self.steps += found.unwrap_or(there.len()) as u64;
        found.is_some()
    }

    /// Whether a remaining cell of `column`, which the entered row crosses, is in a row that is marked in `in_column`.
    fn is_compatible_in_column(&mut self, matrix: &Matrix, live: &Live, column: u32) -> bool {
        let there = live.column(column);
        let found = there.iter().position(|&cell| live.has(cell) && self.in_column.has(matrix.row(cell)));
        self.steps += found.unwrap_or(there.len()) as u64;
        found.is_some()
    }
}

/// Collects what a line and the lines of other cells all cross, until one crossing is left: answers the cell that left it.
fn common_of_all(
    lines: &Lines,
    own: u32,
    mut others: impl Iterator<Item = (u32, u32)>,
    out: &mut Vec<u32>,
    steps: &mut u64,
) -> Option<u32> {
    let Some((first, line)) = others.next() else {
        out.clear();
        out.extend_from_slice(lines.get(own));
        *steps += out.len() as u64;
        return None;
    };
    *steps += lines.common(own, line, out);
    if out.len() == 1 {
        return Some(first);
    }
    for (other, line) in others {
        *steps += lines.narrow(line, out);
        if out.len() == 1 {
            return Some(other);
        }
    }
    None
}
