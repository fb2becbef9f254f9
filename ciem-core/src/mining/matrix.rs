//! The matrix that is covered: equal users and equal permissions made one, and the compatibility of its cells.

use super::lists::{Lists, keep_common};
use super::meter::Meter;
use crate::error::Error;
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use std::hash::BuildHasher;

/// Up to so many bytes for each cell, or in all, each side of the matrix is kept as bits, too; above, a cell is looked up by
/// bisection.
const BYTES_PER_CELL: usize = 16;
const ALWAYS_BYTES: usize = 8 << 20;

/// Steps that it takes to look a number up in a list.
const LOOKED_UP: u64 = 4;

/// Users by permissions without equal rows and columns. A *cell* is a pair, numbered row by row.
///
/// Two cells are *compatible* if one role can have both: the other two corners of their rectangle are cells, too, and
/// their permissions are kept apart by no rule. Roles are sets of cells that are compatible two by two.
#[derive(Debug)]
pub(super) struct Matrix {
    /// The columns of each row. A cell's number is its place in the lists.
    pub(super) rows: Lines,
    /// The rows of each column, and which cell each of them is.
    pub(super) columns: Lines,
    cells_of_columns: Vec<u32>,
    /// The row of each cell.
    row_of: Vec<u32>,
    /// The users of each row, the permissions of each column.
    pub(super) users: Lists,
    pub(super) permissions: Lists,
    /// For each column those that no role may have beside it, sorted.
    pub(super) apart: Lists,
}

/// The matrix seen from one side: which lines of the other side each line crosses.
#[derive(Debug)]
pub(super) struct Lines {
    /// Sorted.
    pub(super) lists: Lists,
    bits: Option<Bits>,
}

#[derive(Debug)]
struct Bits {
    width: usize,
    words: Vec<u64>,
}

impl Matrix {
    /// `held` has the permissions of each user, sorted; `apart` for each permission those that no role may have beside it.
    pub(super) fn new(
        held: &Lists,
        permissions: usize,
        apart: &Lists,
        meter: &mut Meter<'_>,
    ) -> Result<Self, Error> {
        meter.begin("merging", held.items.len(), 100)?;
        let (_, users) = classes(held, |_| false, meter)?;
        let mut distinct = Lists::default();
        users
            .iter()
            .filter_map(|class| class.first())
            .for_each(|&user| distinct.push(held.get(user).iter().copied()));
        let holders = distinct.inverted(permissions, meter)?;
        // A rule about a permission is not one about those that the same users have.
        let (class_of, permissions) =
            classes(&holders, |permission| !apart.range(permission).is_empty(), meter)?;
        drop(holders);
        let mut rows = Lists::default();
        let mut row = Vec::new();
        for list in distinct.iter() {
            row.clear();
            row.extend(list.iter().map(|&permission| class_of[permission as usize]));
            row.sort_unstable();
            row.dedup();
            rows.push(row.iter().copied());
            meter.step(4 * list.len() as u64)?;
        }
        drop(distinct);
        rows.items.shrink_to_fit();
        let row_of: Vec<u32> = rows.pairs().map(|(row, _)| row).collect();
        let cells = (0u32..).zip(&rows.items).map(|(cell, &column)| (column, cell));
        let by_column = Lists::grouped(permissions.len(), cells, meter)?;
        let columns = Lists {
            items: by_column.items.iter().map(|&cell| row_of[cell as usize]).collect(),
            starts: by_column.starts,
        };
        let mut kept_apart = Lists::default();
        for class in permissions.iter() {
            let others = class.first().map_or(&[][..], |&permission| apart.get(permission));
            let mut others: Vec<u32> = others.iter().map(|&other| class_of[other as usize]).collect();
            others.sort_unstable();
            others.dedup();
            kept_apart.push(others);
        }
        let (height, width) = (rows.len(), columns.len());
        Ok(Matrix {
            rows: Lines { bits: Bits::of(&rows, width, meter)?, lists: rows },
            columns: Lines { bits: Bits::of(&columns, height, meter)?, lists: columns },
            cells_of_columns: by_column.items,
            row_of,
            users,
            permissions,
            apart: kept_apart,
        })
    }

    /// As if the matrix were too large for bits.
    #[cfg(test)]
    pub(super) fn forget_bits(&mut self) {
        (self.rows.bits, self.columns.bits) = (None, None);
    }

    pub(super) fn cells(&self) -> usize {
        self.row_of.len()
    }

    pub(super) fn row(&self, cell: u32) -> u32 {
        self.row_of[cell as usize]
    }

    pub(super) fn column(&self, cell: u32) -> u32 {
        self.rows.lists.items[cell as usize]
    }

    /// The cells of a row.
    pub(super) fn row_cells(&self, row: u32) -> std::ops::Range<u32> {
        self.rows.lists.starts[row as usize]..self.rows.lists.starts[row as usize + 1]
    }

    /// The cells of a column.
    pub(super) fn column_cells(&self, column: u32) -> &[u32] {
        &self.cells_of_columns[self.columns.lists.range(column)]
    }

    /// Whether users of `row` have the permissions of `column`.
    pub(super) fn has(&self, row: u32, column: u32) -> bool {
        self.rows.cross(row, column)
    }

    /// Whether a rule keeps the columns out of one role.
    pub(super) fn are_apart(&self, column: u32, other: u32) -> bool {
        self.apart.get(column).binary_search(&other).is_ok()
    }

    pub(super) fn compatible(&self, a: u32, b: u32) -> bool {
        let (p, q) = (self.column(a), self.column(b));
        self.has(self.row(a), q) && self.has(self.row(b), p) && !self.are_apart(p, q)
    }

    /// How many pairs the cell stands for.
    pub(super) fn weight(&self, cell: u32) -> u64 {
        let (users, permissions) =
            (self.users.range(self.row(cell)).len(), self.permissions.range(self.column(cell)).len());
        users as u64 * permissions as u64
    }
}

impl Lines {
    pub(super) fn len(&self) -> usize {
        self.lists.len()
    }

    pub(super) fn get(&self, line: u32) -> &[u32] {
        self.lists.get(line)
    }

    /// How many lines `line` crosses.
    pub(super) fn crossings(&self, line: u32) -> usize {
        self.lists.range(line).len()
    }

    pub(super) fn cross(&self, line: u32, other: u32) -> bool {
        match &self.bits {
            Some(bits) => bits.has(line, other),
            None => self.get(line).binary_search(&other).is_ok(),
        }
    }

    /// Collects the lines that both cross, sorted; answers how many steps that took.
    pub(super) fn common(&self, line: u32, other: u32, out: &mut Vec<u32>) -> u64 {
        out.clear();
        match &self.bits {
            Some(bits) => {
                for ((word, one), other) in (0u32..).zip(bits.row(line)).zip(bits.row(other)) {
                    let mut both = one & other;
                    while both != 0 {
                        out.push(word * 64 + both.trailing_zeros());
                        both &= both - 1;
                    }
                }
                (bits.width / 4 + out.len()) as u64 + 1
            }
            None => {
                let (one, other) = (self.get(line), self.get(other));
                let (short, long) = if one.len() < other.len() { (one, other) } else { (other, one) };
                out.extend_from_slice(short);
                keep_common(out, long);
                LOOKED_UP * short.len() as u64 + 1
            }
        }
    }

    /// Leaves only those of `candidates`, sorted, that `line` crosses; answers how many steps that took.
    pub(super) fn narrow(&self, line: u32, candidates: &mut Vec<u32>) -> u64 {
        let steps = 1 + candidates.len() as u64;
        match &self.bits {
            Some(bits) => {
                candidates.retain(|&candidate| bits.has(line, candidate));
                steps
            }
            None => {
                keep_common(candidates, self.get(line));
                LOOKED_UP * steps
            }
        }
    }
}

impl Bits {
    fn of(lists: &Lists, width: usize, meter: &mut Meter<'_>) -> Result<Option<Bits>, Error> {
        let width = width.div_ceil(64);
        let most = ALWAYS_BYTES.max(BYTES_PER_CELL.saturating_mul(lists.items.len())) / size_of::<u64>();
        let Some(words) = lists.len().checked_mul(width).filter(|words| *words <= most) else {
            return Ok(None);
        };
        let mut words = vec![0u64; words];
        for (line, other) in lists.pairs() {
            words[line as usize * width + (other as usize >> 6)] |= 1 << (other & 63);
            meter.step(1)?;
        }
        Ok(Some(Bits { width, words }))
    }

    fn row(&self, line: u32) -> &[u64] {
        &self.words[line as usize * self.width..][..self.width]
    }

    fn has(&self, line: u32, other: u32) -> bool {
        self.words[line as usize * self.width + (other as usize >> 6)] >> (other & 63) & 1 == 1
    }
}

/// Equal lists made one: the class of each list, and the lists of each class; classes are numbered by their first list.
/// Empty lists are in none (their entry is never read); a list that is `alone` is equal to none.
fn classes(
    lists: &Lists,
    alone: impl Fn(u32) -> bool,
    meter: &mut Meter<'_>,
) -> Result<(Vec<u32>, Lists), Error> {
    // Seeded, for the lists are foreign; which lists are equal does not depend on it.
    let seed = RandomState::default();
    let mut known: HashTable<(u64, u32)> = HashTable::new();
    let mut class_of = vec![0u32; lists.len()];
    let mut members = Vec::with_capacity(lists.len());
    let mut classes = 0;
    for (number, list) in (0u32..).zip(lists.iter()).filter(|(_, list)| !list.is_empty()) {
        meter.step(4 + list.len() as u64)?;
        let mut class = classes;
        if !alone(number) {
            let hash = seed.hash_one(list);
            match known.find(hash, |&(other, first)| other == hash && lists.get(first) == list) {
                Some(&(_, first)) => class = class_of[first as usize],
                None => {
                    known.insert_unique(hash, (hash, number), |&(hash, _)| hash);
                }
            }
        }
        classes = classes.max(class + 1);
        class_of[number as usize] = class;
        members.push((class, number));
    }
    let members = Lists::grouped(classes as usize, members.iter().copied(), meter)?;
    Ok((class_of, members))
}

/// For each number those that it is paired with, in both directions.
pub(super) fn symmetric(count: usize, pairs: &[(u32, u32)], meter: &mut Meter<'_>) -> Result<Lists, Error> {
    let mut both = Lists::grouped(count, pairs.iter().flat_map(|&(a, b)| [(a, b), (b, a)]), meter)?;
    both.sort_and_dedup(meter)?;
    Ok(both)
}
