//! Lists of numbers in two arrays, and sorting that can be stopped.

use super::meter::Meter;
use crate::error::Error;
use std::cmp::Ordering;

/// Lists of numbers in two arrays.
#[derive(Clone, Debug)]
pub(super) struct Lists {
    /// Where each list starts, and the end of the last.
    pub(super) starts: Vec<u32>,
    pub(super) items: Vec<u32>,
}

impl Default for Lists {
    fn default() -> Self {
        Lists { starts: vec![0], items: Vec::new() }
    }
}

impl Lists {
    /// From (list, item) pairs in any order; the items of a list keep their order.
    pub(super) fn grouped(
        count: usize,
        pairs: impl Iterator<Item = (u32, u32)> + Clone,
        meter: &mut Meter<'_>,
    ) -> Result<Self, Error> {
        let mut starts = vec![0u32; count + 1];
        for (list, _) in pairs.clone() {
            starts[list as usize + 1] += 1;
            meter.step(1)?;
        }
        for list in 0..count {
            starts[list + 1] += starts[list];
        }
        let mut items = vec![0; starts[count] as usize];
        let mut next = starts.clone();
        for (list, item) in pairs {
            let at = &mut next[list as usize];
            items[*at as usize] = item;
            *at += 1;
            meter.step(2)?;
        }
        Ok(Lists { starts, items })
    }

    pub(super) fn push(&mut self, list: impl IntoIterator<Item = u32>) {
        self.items.extend(list);
        self.starts.push(u32::try_from(self.items.len()).unwrap_or(u32::MAX));
    }

    pub(super) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Where list `list` stands in `items`.
    pub(super) fn range(&self, list: u32) -> std::ops::Range<usize> {
        self.starts[list as usize] as usize..self.starts[list as usize + 1] as usize
    }

    pub(super) fn get(&self, list: u32) -> &[u32] {
        &self.items[self.range(list)]
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[u32]> {
        self.starts.windows(2).map(|ends| &self.items[ends[0] as usize..ends[1] as usize])
    }

    /// Every (list, item).
    pub(super) fn pairs(&self) -> impl Iterator<Item = (u32, u32)> + Clone {
        (0u32..).zip(self.starts.windows(2)).flat_map(|(list, ends)| {
            self.items[ends[0] as usize..ends[1] as usize].iter().map(move |&item| (list, item))
        })
    }

    /// Turned round: for each item below `count` the lists that have it, sorted.
    pub(super) fn inverted(&self, count: usize, meter: &mut Meter<'_>) -> Result<Lists, Error> {
        Lists::grouped(count, self.pairs().map(|(list, item)| (item, list)), meter)
    }

    /// Sorts every list, and leaves out what is in it twice.
    pub(super) fn sort_and_dedup(&mut self, meter: &mut Meter<'_>) -> Result<(), Error> {
        let mut kept = 0;
        let mut start = 0;
        for list in 0..self.len() {
            let end = self.starts[list + 1] as usize;
            meter.step(4 * (end - start) as u64)?;
            self.items[start..end].sort_unstable();
            let first = kept;
            for at in start..end {
                if kept == first || self.items[kept - 1] != self.items[at] {
                    self.items[kept] = self.items[at];
                    kept += 1;
                }
            }
            start = end;
            self.starts[list + 1] = kept as u32;
        }
        self.items.truncate(kept);
        self.items.shrink_to_fit();
        Ok(())
    }
}

/// So many are sorted between two polls.
const RUN: usize = 1 << 16;

/// Sorts, and polls on the way: runs first, which are then merged two by two.
pub(super) fn sort<T: Copy>(
    mut items: Vec<T>,
    compare: impl Fn(&T, &T) -> Ordering,
    meter: &mut Meter<'_>,
) -> Result<Vec<T>, Error> {
    for run in items.chunks_mut(RUN) {
        run.sort_unstable_by(&compare);
        meter.step(16 * run.len() as u64)?;
    }
    let mut width = RUN;
    while width < items.len() {
        let mut merged = Vec::with_capacity(items.len());
        for both in items.chunks(2 * width) {
            let (mut left, mut right) = both.split_at(width.min(both.len()));
            while let (Some(a), Some(b)) = (left.first(), right.first()) {
                let from = if compare(b, a).is_lt() { &mut right } else { &mut left };
                merged.extend(from.split_off_first());
                meter.step(4)?;
            }
            merged.extend(left);
            merged.extend(right);
        }
        items = merged;
        width *= 2;
    }
    Ok(items)
}

/// Whether every item of `part`, sorted, is in `whole`, sorted.
pub(super) fn is_within(part: &[u32], whole: &[u32]) -> bool {
    part.len() <= whole.len() && places(whole, part).all(|place| place.is_some())
}

/// Where each item of `part`, sorted, stands in `whole`, sorted.
pub(super) fn places<'a>(whole: &'a [u32], part: &'a [u32]) -> impl Iterator<Item = Option<usize>> + 'a {
    let mut from = 0;
    part.iter().map(move |&item| {
        from = place(whole, from, item);
        (whole.get(from) == Some(&item)).then_some(from)
    })
}

/// Leaves only those of `part`, sorted, that are in `whole`, sorted.
pub(super) fn keep_common(part: &mut Vec<u32>, whole: &[u32]) {
    let mut from = 0;
    part.retain(|&item| {
        from = place(whole, from, item);
        whole.get(from) == Some(&item)
    });
}

/// The first place from `from` on where something not below `item` stands. In doubling steps: as fast as a merge where most
/// items are there, and as bisection where few are.
fn place(whole: &[u32], from: usize, item: u32) -> usize {
    let rest = whole.get(from..).unwrap_or(&[]);
    let mut reach = 1;
    while rest.get(reach).is_some_and(|&at| at < item) {
        reach *= 2;
    }
    let near = &rest[reach / 2..rest.len().min(reach + 1)];
    from + reach / 2 + near.partition_point(|&at| at < item)
}
