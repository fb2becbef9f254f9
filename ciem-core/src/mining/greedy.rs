//! Roles one after the other: the user or the permission with the fewest cells left gets the role that it needs.
//!
//! The bound from above when the search ends early, and the answer where nothing is left to search. (The heuristic of the
//! paper that [`super::dominate`] names.)

use super::live::{Live, Marks};
use super::matrix::Matrix;
use super::meter::Meter;
use crate::error::Error;
use std::collections::BTreeSet;

/// Which of the two sides the next role is made for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Side {
    Users,
    Permissions,
    Both,
}

/// Roles that cover certain cells.
#[derive(Clone, Debug)]
pub(super) struct Cover {
    /// The role of each of these cells, in their order: all cells of a matrix may be far more.
    pub(super) role_of: Vec<u32>,
    pub(super) roles: usize,
}

/// Steps that it takes to put a line into the queue again.
const QUEUED: u64 = 32;

/// Above so many cells roles that others make redundant are not looked for.
const MOST_PRUNED: usize = 1 << 20;

/// Covers `cells`. `seed` decides between equals.
pub(super) fn greedy(
    matrix: &Matrix,
    cells: &[u32],
    side: Side,
    seed: u32,
    meter: &mut Meter<'_>,
) -> Result<Cover, Error> {
    let mut work = Work::new(matrix, cells, side, seed, meter)?;
    let mut covered = 0;
    while let Some(&(_, _, is_column, number)) = work.queue.first() {
        if meter.is_spent() {
            work.finish(meter)?;
            break;
        }
        if is_column {
            work.grow_from_column(number)
        } else {
            work.grow_from_row(number)
        }
        covered += work.take_in();
        meter.step(std::mem::take(&mut work.steps))?;
        meter.done(covered);
    }
    let mut cover = Cover { role_of: work.role_of, roles: work.roles };
    // By cell of the matrix up to here.
    if work.is_pruned && !meter.is_spent() {
        prune(matrix, cells, &work.made, &mut cover, meter)?;
    }
    cover.role_of = cells.iter().map(|&cell| cover.role_of[cell as usize]).collect();
    Ok(cover)
}

type Entry = (u32, u32, bool, u32);

#[derive(Debug)]
struct Work<'a> {
    matrix: &'a Matrix,
    live: Live,
    side: Side,
    seed: u32,
    row_left: Vec<u32>,
    column_left: Vec<u32>,
    queue: BTreeSet<Entry>,
    /// The role in the making, and those made if they are looked through in the end.
    rows: Vec<u32>,
    columns: Vec<u32>,
    is_pruned: bool,
    made: Vec<(Vec<u32>, Vec<u32>)>,
    in_role: Marks,
    role_of: Vec<u32>,
    roles: usize,
    steps: u64,
}

impl<'a> Work<'a> {
    fn new(
        matrix: &'a Matrix,
        cells: &[u32],
        side: Side,
        seed: u32,
        meter: &mut Meter<'_>,
    ) -> Result<Self, Error> {
        let mut row_left = vec![0; matrix.rows.len()];
        let mut column_left = vec![0; matrix.columns.len()];
        for &cell in cells {
            row_left[matrix.row(cell) as usize] += 1;
            column_left[matrix.column(cell) as usize] += 1;
        }
        let mut work = Work {
            matrix,
            live: Live::only(matrix, cells, meter)?,
            side,
            seed,
            row_left,
            column_left,
            queue: BTreeSet::new(),
            rows: Vec::new(),
            columns: Vec::new(),
            is_pruned: cells.len() <= MOST_PRUNED,
            made: Vec::new(),
            in_role: Marks::new(matrix.columns.len()),
            role_of: vec![0; matrix.cells()],
            roles: 0,
            steps: 0,
        };
        for row in 0..matrix.rows.len() as u32 {
            work.queue.extend(work.entry(false, row));
            meter.step(QUEUED)?;
        }
        for column in 0..matrix.columns.len() as u32 {
            work.queue.extend(work.entry(true, column));
            meter.step(QUEUED)?;
        }
        Ok(work)
    }

    /// The place of a row or a column in the queue, if it waits there.
    fn entry(&self, is_column: bool, number: u32) -> Option<Entry> {
        let waits = match self.side {
            Side::Users => !is_column,
            Side::Permissions => is_column,
            Side::Both => true,
        };
        let left = if is_column { &self.column_left } else { &self.row_left };
        let left = left[number as usize];
        (waits && left > 0).then(|| (left, self.tie(number), is_column, number))
    }

    fn tie(&self, number: u32) -> u32 {
        if self.seed == 0 {
            number
        } else {
            (number ^ self.seed.wrapping_mul(0x85EB_CA6B)).wrapping_mul(0x9E37_79B1)
        }
    }

    /// What the row still needs, everybody who has that, and what all of them have.
    fn grow_from_row(&mut self, row: u32) {
        let matrix = self.matrix;
        self.columns.clear();
        for &cell in self.live.row(row) {
            if self.live.has(cell) {
                push_column(matrix, &mut self.columns, matrix.column(cell));
            }
        }
        self.rows.clear();
        let Some(&rarest) = self.columns.iter().min_by_key(|&&column| matrix.columns.crossings(column))
        else {
            return;
        };
        let holders = matrix.columns.get(rarest).iter().copied();
        let (columns, steps) = (&self.columns, &mut self.steps);
        self.rows.extend(holders.filter(|&v| {
            columns.iter().all(|&q| {
                *steps += 1;
                matrix.has(v, q)
            })
        }));
        self.add_common_columns(row);
    }

    /// Who still needs the column, what all of them have, and everybody who has that.
    fn grow_from_column(&mut self, column: u32) {
        let matrix = self.matrix;
        self.rows.clear();
        self.columns.clear();
        let needing = self.live.column(column).iter().filter(|&&cell| self.live.has(cell));
        self.rows.extend(needing.map(|&cell| matrix.row(cell)));
        let Some(&smallest) = self.rows.iter().min_by_key(|&&row| matrix.rows.crossings(row)) else {
            return;
        };
        self.columns.push(column);
        self.add_common_columns(smallest);
        let (columns, rows, steps) = (&self.columns, &mut self.rows, &mut self.steps);
        rows.clear();
        let holders = matrix.columns.get(column).iter().copied();
        rows.extend(holders.filter(|&v| {
            columns.iter().all(|&q| {
                *steps += 1;
                matrix.has(v, q)
            })
        }));
    }

    /// Adds those of the columns of `row`, one of the rows, that all rows have.
    fn add_common_columns(&mut self, row: u32) {
        let matrix = self.matrix;
        self.in_role.clear();
        for &column in &self.columns {
            self.in_role.set(column);
        }
        for &column in matrix.rows.get(row) {
            let steps = &mut self.steps;
            let is_common = !self.in_role.has(column)
                && self.rows.iter().all(|&v| {
                    *steps += 1;
                    matrix.has(v, column)
                });
            if is_common {
                push_column(matrix, &mut self.columns, column);
            }
        }
    }

    /// Gives what the role covers to it.
    fn take_in(&mut self) -> usize {
        let matrix = self.matrix;
        self.in_role.clear();
        for &column in &self.columns {
            self.in_role.set(column);
        }
        let (rows, columns) = (std::mem::take(&mut self.rows), std::mem::take(&mut self.columns));
        let lines =
            || rows.iter().map(|&row| (false, row)).chain(columns.iter().map(|&column| (true, column)));
        lines().for_each(|(is_column, number)| self.leave_queue(is_column, number));
        let mut taken = 0;
        for &row in &rows {
            for place in 0..self.live.row(row).len() {
                let cell = self.live.row(row)[place];
                if self.live.has(cell) && self.in_role.has(matrix.column(cell)) {
                    self.cover(cell);
                    taken += 1;
                }
            }
            self.steps += self.live.row(row).len() as u64;
        }
        lines().for_each(|(is_column, number)| self.enter_queue(is_column, number));
        self.steps += QUEUED * (rows.len() + columns.len()) as u64 + taken as u64;
        self.roles += 1;
        if self.is_pruned {
            self.made.push((rows, columns));
        }
        taken
    }

    fn enter_queue(&mut self, is_column: bool, number: u32) {
        self.queue.extend(self.entry(is_column, number));
    }

    fn leave_queue(&mut self, is_column: bool, number: u32) {
        if let Some(entry) = self.entry(is_column, number) {
            self.queue.remove(&entry);
        }
    }

    fn cover(&mut self, cell: u32) {
        self.live.drop(cell);
        self.role_of[cell as usize] = self.roles as u32;
        self.row_left[self.matrix.row(cell) as usize] -= 1;
        self.column_left[self.matrix.column(cell) as usize] -= 1;
    }

    /// A role for each line of the side that has fewer left: no search.
    fn finish(&mut self, meter: &mut Meter<'_>) -> Result<(), Error> {
        let left = |lines: &[u32]| lines.iter().filter(|&&left| left > 0).count();
        let by_columns = match self.side {
            Side::Users => false,
            Side::Permissions => true,
            Side::Both => left(&self.column_left) < left(&self.row_left),
        };
        if by_columns {
            for column in 0..self.matrix.columns.len() as u32 {
                meter.step(2 * self.live.column(column).len() as u64)?;
                let is_left = self.column_left[column as usize] > 0;
                for place in 0..self.live.column(column).len() {
                    let cell = self.live.column(column)[place];
                    if self.live.has(cell) {
                        self.cover(cell);
                    }
                }
                self.roles += usize::from(is_left);
            }
            return Ok(());
        }
        for row in 0..self.matrix.rows.len() as u32 {
            // More than one only where rules keep columns apart.
            while self.row_left[row as usize] > 0 {
                meter.step(2 * self.live.row(row).len() as u64)?;
                self.columns.clear();
                for place in 0..self.live.row(row).len() {
                    let cell = self.live.row(row)[place];
                    if self.live.has(cell)
                        && push_column(self.matrix, &mut self.columns, self.matrix.column(cell))
                    {
                        self.cover(cell);
                    }
                }
                self.roles += 1;
            }
        }
        Ok(())
    }
}

/// Adds the column unless a rule keeps it apart from one that is there.
fn push_column(matrix: &Matrix, columns: &mut Vec<u32>, column: u32) -> bool {
    let fits = matrix.apart.range(column).is_empty() || columns.iter().all(|&p| !matrix.are_apart(p, column));
    if fits {
        columns.push(column);
    }
    fits
}

/// Leaves out roles all of whose cells others cover.
fn prune(
    matrix: &Matrix,
    cells: &[u32],
    made: &[(Vec<u32>, Vec<u32>)],
    cover: &mut Cover,
    meter: &mut Meter<'_>,
) -> Result<(), Error> {
    let live = Live::only(matrix, cells, meter)?;
    let mut in_role = Marks::new(matrix.columns.len());
    let mut covered = Vec::with_capacity(made.len());
    let mut times = vec![0u32; matrix.cells()];
    for (rows, columns) in made {
        in_role.clear();
        columns.iter().for_each(|&column| in_role.set(column));
        let of_rows = rows.iter().flat_map(|&row| live.row(row).iter().copied());
        let inside: Vec<u32> = of_rows.filter(|&cell| in_role.has(matrix.column(cell))).collect();
        inside.iter().for_each(|&cell| times[cell as usize] += 1);
        meter.step(rows.len() as u64 + inside.len() as u64)?;
        covered.push(inside);
    }
    let mut roles = 0;
    for inside in &covered {
        if inside.iter().all(|&cell| times[cell as usize] > 1) {
            inside.iter().for_each(|&cell| times[cell as usize] -= 1);
        } else {
            inside.iter().for_each(|&cell| cover.role_of[cell as usize] = roles);
            roles += 1;
        }
    }
    cover.roles = roles as usize;
    Ok(())
}
