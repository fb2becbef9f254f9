//! Rows in bulk: one dense row that is filled again and again, and many rows kept in little space.

use super::interval::{Intervals, Row, fill};

/// A dense row that is used again and again: intervals are poured into it, and nothing is allocated.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Dense(Box<[u64]>);

impl Dense {
    pub(crate) fn new(len: u16) -> Self {
        Dense(std::iter::repeat_n(0, usize::from(len).div_ceil(64)).collect())
    }

    pub(crate) fn of(row: &Row, len: u16) -> Self {
        let mut dense = Dense::new(len);
        match row {
            Row::None => {}
            Row::All => dense.pour(&Intervals::all(len)),
            Row::Some(words, _) => dense.0.copy_from_slice(&words.0),
        }
        dense
    }

    pub(crate) fn clear(&mut self) {
        self.0.fill(0);
    }

    pub(crate) fn pour(&mut self, intervals: &Intervals) {
        fill(&mut self.0, intervals);
    }

    /// Words of another dense row of the same length.
    pub(crate) fn set(&mut self, words: impl Iterator<Item = u64>) {
        self.0.iter_mut().zip(words).for_each(|(slot, word)| *slot = word);
    }

    pub(crate) fn join(&mut self, words: impl Iterator<Item = u64>) {
        self.0.iter_mut().zip(words).for_each(|(slot, word)| *slot |= word);
    }

    pub(crate) fn words(&self) -> &[u64] {
        &self.0
    }
}

/// Many rows, each as its intervals: a tenth of what they take as words.
#[derive(Clone, Default, Debug)]
pub(crate) struct RowList {
    ranges: Vec<(u16, u16)>,
    /// By row: where its intervals end, and those of the next one start.
    ends: Vec<usize>,
}

/// A row of a [`RowList`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct RowNumber(u32);

impl RowList {
    pub(crate) fn push(&mut self, row: &Row, len: u16) -> RowNumber {
        match row {
            Row::None => {}
            Row::All => self.ranges.push((0, len)),
            Row::Some(words, _) => self.spell(&words.0, len),
        }
        self.close()
    }

    /// Of the words of a row of `len` permissions.
    pub(crate) fn push_words(&mut self, words: &[u64], len: u16) -> RowNumber {
        self.spell(words, len);
        self.close()
    }

    fn close(&mut self) -> RowNumber {
        self.ends.push(self.ranges.len());
        RowNumber((self.ends.len() - 1) as u32)
    }

    fn spell(&mut self, words: &[u64], len: u16) {
        let (mut inside, mut start, mut base) = (0, 0, 0);
        for some in words.chunks(8) {
            // Most permissions are as the one before them: many at a time are passed over.
            let before = 0u64.wrapping_sub(inside);
            if some.iter().fold(0, |differs, word| differs | (word ^ before)) == 0 {
                base += some.len() * 64;
                continue;
            }
            for &word in some {
                // A one wherever a permission differs from the one before it.
                let mut turns = word ^ (word << 1 | inside);
                inside = word >> 63;
                while turns != 0 {
                    let bit = turns.trailing_zeros();
                    let id = base as u16 + bit as u16;
                    turns &= turns - 1;
                    if word >> bit & 1 == 1 {
                        start = id;
                    } else {
                        self.ranges.push((start, id));
                    }
                }
                base += 64;
            }
        }
        if inside == 1 {
            self.ranges.push((start, len));
        }
    }

    /// Sorted and disjoint; half-open.
    pub(crate) fn ranges(&self, row: RowNumber) -> &[(u16, u16)] {
        let at = row.0 as usize;
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = self.ends.get(at).copied().unwrap_or(start);
        self.ranges.get(start..end).unwrap_or(&[])
    }
}
