//! The matrix that is covered: equal users and equal permissions made one, and the compatibility of its cells.

use super::assignments::Lists;
use super::meter::Meter;
use crate::error::Error;
use foldhash::fast::FixedState;
use std::hash::BuildHasher;

/// Up to this size the matrix is kept as bits, too; above, a cell is looked up by bisection.
const MOST_BITS: usize = 512 << 20;

/// Users by permissions without equal rows and columns. A *cell* is a pair, numbered row by row.
///
/// Two cells are *compatible* if one role can have both: the other two corners of their rectangle are cells, too, and
/// their permissions are kept apart by no rule. Roles are sets of cells that are compatible two by two.
#[derive(Debug)]
pub(super) struct Matrix {
    /// The columns of each row, sorted. A cell's number is its place in `items`.
    pub(super) rows: Lists,
    /// The cells of each column, by row.
    pub(super) columns: Lists,
    /// The row of each cell.
    pub(super) row_of: Vec<u32>,
    /// The users of each row, the permissions of each column.
    pub(super) users: Lists,
    pub(super) permissions: Lists,
    /// For each column those that no role may have beside it, sorted.
    pub(super) apart: Lists,
    bits: Option<Bits>,
}

#[derive(Debug)]
struct Bits {
    width: usize,
    words: Vec<u64>,
}

impl Matrix {
    /// `held` has the permissions of each user, sorted; `apart` pairs of permissions that no role may have together.
    pub(super) fn new(
        held: &Lists,
        permissions: usize,
        apart: &[(u32, u32)],
        meter: &mut Meter<'_>,
    ) -> Result<Self, Error> {
        let apart_of = symmetric(permissions, apart);
        let (user_class, users) = classes(held, |_| false);
        meter.step(held.items.len() as u64)?;
        let firsts = users.iter().filter_map(|class| class.first());
        let mut distinct = Lists::default();
        firsts.for_each(|&user| distinct.push(held.get(user).iter().copied()));
        drop(user_class);
        let holders = distinct.inverted(permissions);
        // A rule about a permission is not one about those that the same users have.
        let (class_of, permissions) = classes(&holders, |permission| !apart_of.get(permission).is_empty());
        meter.step(held.items.len() as u64)?;
        drop(holders);
        let mut rows = Lists::default();
        let mut row = Vec::new();
        for list in distinct.iter() {
            row.clear();
            row.extend(list.iter().map(|&permission| class_of[permission as usize]));
            row.sort_unstable();
            row.dedup();
            rows.push(row.iter().copied());
        }
        drop(distinct);
        let row_of: Vec<u32> = rows.pairs().map(|(row, _)| row).collect();
        let cells = (0u32..).zip(&rows.items).map(|(cell, &column)| (column, cell));
        let columns = Lists::grouped(permissions.len(), cells);
        let mut kept_apart = Lists::default();
        for class in permissions.iter() {
            let others = class.first().map_or(&[][..], |&permission| apart_of.get(permission));
            let mut others: Vec<u32> = others.iter().map(|&other| class_of[other as usize]).collect();
            others.sort_unstable();
            others.dedup();
            kept_apart.push(others);
        }
        let bits = Bits::of(&rows, permissions.len());
        Ok(Matrix { rows, columns, row_of, users, permissions, apart: kept_apart, bits })
    }

    pub(super) fn cells(&self) -> usize {
        self.row_of.len()
    }

    pub(super) fn row(&self, cell: u32) -> u32 {
        self.row_of[cell as usize]
    }

    pub(super) fn column(&self, cell: u32) -> u32 {
        self.rows.items[cell as usize]
    }

    /// Whether users of `row` have the permissions of `column`.
    pub(super) fn has(&self, row: u32, column: u32) -> bool {
        match &self.bits {
            Some(bits) => {
                let word = bits.words[row as usize * bits.width + (column as usize >> 6)];
                word >> (column & 63) & 1 == 1
            }
            None => self.rows.get(row).binary_search(&column).is_ok(),
        }
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

impl Bits {
    fn of(rows: &Lists, columns: usize) -> Option<Bits> {
        let width = columns.div_ceil(64);
        let words = rows.len().checked_mul(width).filter(|words| words.saturating_mul(64) <= MOST_BITS)?;
        let mut words = vec![0u64; words];
        for (row, column) in rows.pairs() {
            words[row as usize * width + (column as usize >> 6)] |= 1 << (column & 63);
        }
        Some(Bits { width, words })
    }
}

/// For each number those that it is paired with, in both directions.
pub(super) fn symmetric(count: usize, pairs: &[(u32, u32)]) -> Lists {
    Lists::grouped(count, pairs.iter().flat_map(|&(a, b)| [(a, b), (b, a)]))
}

/// Equal lists made one: the class of each list, and the lists of each class. Empty lists have no class of their own
/// (their entry is never read); a list that is `alone` is equal to none.
fn classes(lists: &Lists, alone: impl Fn(u32) -> bool) -> (Vec<u32>, Lists) {
    let count = lists.len() as u32;
    let hash = FixedState::with_seed(0);
    let mut order: Vec<(u64, u32)> = (0..count)
        .filter(|&list| !lists.range(list).is_empty())
        .map(|list| (hash.hash_one(lists.get(list)), list))
        .collect();
    // The hash only brings equal lists together: whether they are equal is looked at, and which comes first is not its
    // business, for classes are numbered by their first member.
    order.sort_unstable_by(|a, b| {
        a.0.cmp(&b.0).then_with(|| lists.get(a.1).cmp(lists.get(b.1))).then(a.1.cmp(&b.1))
    });
    let mut leader = vec![0u32; count as usize];
    let mut current = None;
    for &(_, list) in &order {
        let same =
            current.filter(|&first| !alone(list) && !alone(first) && lists.get(first) == lists.get(list));
        let first = same.unwrap_or(list);
        // Those that stand alone do not end a class of equal lists.
        if !alone(list) || current.is_none() {
            current = Some(first);
        }
        leader[list as usize] = first;
    }
    let mut class_of = vec![0u32; count as usize];
    let mut members = Vec::with_capacity(order.len());
    let mut classes = 0;
    for list in (0..count).filter(|&list| !lists.range(list).is_empty()) {
        let first = leader[list as usize];
        if first == list {
            class_of[list as usize] = classes;
            classes += 1;
        } else {
            class_of[list as usize] = class_of[first as usize];
        }
        members.push((class_of[list as usize], list));
    }
    (class_of, Lists::grouped(classes as usize, members.iter().copied()))
}
