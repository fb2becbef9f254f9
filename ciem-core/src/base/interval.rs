//! The permission axis: canonical interval lists that are poured into dense rows.
//!
//! The catalogue is sorted by service and name, so that `service:Prefix*` is one interval and a statement's
//! action set is two or three. A row of 22,000 permissions is 2.8 kB: it stays in the first-level cache.

use smallvec::SmallVec;
use std::sync::Arc;

/// Most sets are of one to three ranges: up to four lie in the set itself, where a row that is made does not have to
/// go elsewhere for them.
type Ranges = SmallVec<[(u16, u16); 4]>;

/// Sorted, disjoint, non-adjacent half-open ranges of permission ids.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Intervals(Ranges);

impl Intervals {
    /// From ranges in any order, overlapping or not; `start >= end` is dropped.
    pub(crate) fn from_ranges(mut ranges: Vec<(u16, u16)>) -> Self {
        ranges.retain(|(start, end)| start < end);
        ranges.sort_unstable();
        // In place: what is merged never takes more room than what it came from.
        ranges.dedup_by(|next, last| {
            let touches = next.0 <= last.1;
            if touches {
                last.1 = last.1.max(next.1);
            }
            touches
        });
        Intervals(kept(ranges))
    }

    pub(crate) fn all(len: u16) -> Self {
        Intervals::from_ranges(vec![(0, len)])
    }

    /// Everything below `len` that is not in `self`.
    pub(crate) fn complement(&self, len: u16) -> Self {
        let mut out = Vec::with_capacity(self.0.len() + 1);
        let mut start = 0;
        for &(from, to) in &self.0 {
            out.push((start, from));
            start = to;
        }
        out.push((start, len));
        Intervals::from_ranges(out)
    }

    pub(crate) fn intersect(&self, other: &Self) -> Self {
        // The shorter list leads, and finds its place in the longer one: most are two or three ranges against many.
        let (few, many) = if self.0.len() <= other.0.len() { (self, other) } else { (other, self) };
        let mut out = Ranges::new();
        let mut rest = &*many.0;
        for &(start, end) in &few.0 {
            let skipped = rest.partition_point(|&(_, to)| to <= start);
            rest = rest.get(skipped..).unwrap_or(&[]);
            let inside = rest.iter().take_while(|&&(from, _)| from < end);
            out.extend(inside.map(|&(from, to)| (from.max(start), to.min(end))));
        }
        // No two of them touch: else both lists would have two ranges that touch, or one range there.
        out.shrink_to_fit();
        Intervals(out)
    }

    /// Whether both have an id in common.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        let (few, many) = if self.0.len() <= other.0.len() { (self, other) } else { (other, self) };
        few.0.iter().any(|&(start, end)| {
            let at = many.0.partition_point(|&(_, to)| to <= start);
            many.0.get(at).is_some_and(|&(from, _)| from < end)
        })
    }

    #[inline]
    pub(crate) fn contains(&self, id: u16) -> bool {
        // Two or three intervals are the rule: a linear scan beats a binary search there.
        if self.0.len() <= 8 {
            return self.0.iter().any(|&(start, end)| start <= id && id < end);
        }
        let at = self.0.partition_point(|&(_, end)| end <= id);
        self.0.get(at).is_some_and(|&(start, _)| start <= id)
    }

    /// The least range that holds all of them.
    pub(crate) fn span(&self) -> (u16, u16) {
        match (self.0.first(), self.0.last()) {
            (Some(first), Some(last)) => (first.0, last.1),
            _ => (0, 0),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn ranges(&self) -> &[(u16, u16)] {
        &self.0
    }

    #[cfg(test)]
    pub(crate) fn ids(&self) -> impl Iterator<Item = u16> + '_ {
        self.0.iter().flat_map(|&(start, end)| start..end)
    }
}

/// Without room to grow: sets are made once.
fn kept(ranges: Vec<(u16, u16)>) -> Ranges {
    let mut ranges = Ranges::from_vec(ranges);
    ranges.shrink_to_fit();
    ranges
}

/// The words of a dense row, shared until one of the sharers changes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Words(pub(super) Arc<[u64]>);

impl Words {
    fn zeros(len: u16) -> Self {
        Words(std::iter::repeat_n(0, usize::from(len).div_ceil(64)).collect())
    }

    /// Everything below `len` that is not in `self`.
    fn complement(&self, len: u16) -> Self {
        let mut words = Words(self.0.iter().map(|word| !word).collect());
        let beyond = usize::from(len) % 64;
        if let (Some(last), true) = (Arc::make_mut(&mut words.0).last_mut(), beyond > 0) {
            *last &= u64::MAX >> (64 - beyond);
        }
        words
    }

    fn fill(&mut self, intervals: &Intervals) {
        fill(Arc::make_mut(&mut self.0), intervals);
    }

    /// Whether any pair of words has something in common under `op`.
    fn any(&self, other: &Words, op: impl Fn(u64, u64) -> u64) -> bool {
        // No early end: a straight pass over all words runs many at a time.
        self.0.iter().zip(&*other.0).fold(0, |seen, (a, b)| seen | op(*a, *b)) != 0
    }

    /// Whether anything is left.
    fn zip(&mut self, other: &Words, op: impl Fn(u64, u64) -> u64) -> bool {
        let mut seen = 0;
        for (a, b) in Arc::make_mut(&mut self.0).iter_mut().zip(&*other.0) {
            *a = op(*a, *b);
            seen |= *a;
        }
        seen != 0
    }
}

pub(super) fn fill(all: &mut [u64], intervals: &Intervals) {
    for &(start, end) in intervals.ranges() {
        let (first, last) = (usize::from(start / 64), usize::from((end - 1) / 64));
        let head = u64::MAX << (start % 64);
        let tail = u64::MAX >> (63 - (end - 1) % 64);
        let Some(words) = all.get_mut(first..=last) else { continue };
        match words {
            [one] => *one |= head & tail,
            [front, middle @ .., back] => {
                *front |= head;
                middle.fill(u64::MAX);
                *back |= tail;
            }
            [] => {}
        }
    }
}

/// A set of permissions with O(1) none and all; shared words are cheap to clone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Row {
    None,
    All,
    Some(Words, u16),
}

impl Row {
    pub(crate) fn from_intervals(intervals: &Intervals, len: u16) -> Self {
        let mut row = Row::None;
        row.pour(intervals, len);
        row
    }

    /// From the words of a dense row of `len` permissions.
    pub(crate) fn from_words(words: impl Iterator<Item = u64>, len: u16) -> Self {
        let words: Arc<[u64]> = words.collect();
        let seen = words.iter().fold(0, |seen, word| seen | word);
        if seen == 0 { Row::None } else { Row::Some(Words(words), len) }
    }

    /// Adds intervals of a universe of `len` permissions.
    pub(crate) fn pour(&mut self, intervals: &Intervals, len: u16) {
        match (&mut *self, intervals.ranges()) {
            (Row::All, _) | (_, []) => {}
            (_, [(0, end)]) if *end == len => *self = Row::All,
            (Row::None, _) => {
                let mut words = Words::zeros(len);
                words.fill(intervals);
                *self = Row::Some(words, len);
            }
            (Row::Some(words, _), _) => words.fill(intervals),
        }
    }

    pub(crate) fn is_none(&self) -> bool {
        match self {
            Row::None => true,
            Row::All => false,
            Row::Some(words, _) => words.0.iter().all(|w| *w == 0),
        }
    }

    pub(crate) fn and(&mut self, other: &Row) {
        match (&mut *self, other) {
            (Row::None, _) | (_, Row::All) => {}
            (_, Row::None) => *self = Row::None,
            (Row::All, _) => *self = other.clone(),
            (Row::Some(a, _), Row::Some(b, _)) => {
                // Most changes change nothing: looking first saves the copy of shared words.
                if a.any(b, |a, b| a & !b) && !a.zip(b, |a, b| a & b) {
                    *self = Row::None;
                }
            }
        }
    }

    pub(crate) fn or(&mut self, other: &Row) {
        match (&mut *self, other) {
            (Row::All, _) | (_, Row::None) => {}
            (_, Row::All) => *self = Row::All,
            (Row::None, _) => *self = other.clone(),
            (Row::Some(a, _), Row::Some(b, _)) => {
                if a.any(b, |a, b| b & !a) {
                    a.zip(b, |a, b| a | b);
                }
            }
        }
    }

    /// `self` without `other`.
    pub(crate) fn minus(&mut self, other: &Row) {
        match (&mut *self, other) {
            (Row::None, _) | (_, Row::None) => {}
            (_, Row::All) => *self = Row::None,
            (Row::All, Row::Some(b, len)) => *self = Row::Some(b.complement(*len), *len),
            (Row::Some(a, _), Row::Some(b, _)) => {
                if a.any(b, |a, b| a & b) && !a.zip(b, |a, b| a & !b) {
                    *self = Row::None;
                }
            }
        }
    }

    pub(crate) fn contains(&self, id: u16) -> bool {
        match self {
            Row::None => false,
            Row::All => true,
            Row::Some(words, _) => words.0.get(usize::from(id / 64)).is_some_and(|w| w >> (id % 64) & 1 == 1),
        }
    }

    #[cfg(test)]
    pub(crate) fn count(&self, len: u16) -> u32 {
        match self {
            Row::None => 0,
            Row::All => u32::from(len),
            Row::Some(words, _) => words.0.iter().map(|w| w.count_ones()).sum(),
        }
    }

    /// The ids in the row, ascending.
    pub(crate) fn ids(&self, len: u16) -> impl Iterator<Item = u16> + '_ {
        let words: &[u64] = match self {
            Row::Some(words, _) => &words.0,
            _ => &[],
        };
        let all = if matches!(self, Row::All) { 0..len } else { 0..0 };
        let ones = words.iter().enumerate().flat_map(|(i, &word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros())?;
                rest &= rest - 1;
                Some((i * 64) as u16 + bit as u16)
            })
        });
        all.chain(ones)
    }
}
