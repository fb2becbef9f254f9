//! Rows in bulk: one dense row that is filled again and again, and many rows kept in little space.

use super::interval::{Intervals, Row, fill};

/// Words that are looked at together.
const BLOCK: usize = 8;

/// Ids of a block.
const BLOCK_IDS: u16 = 64 * BLOCK as u16;

/// Blocks of a row, one bit for each: the longest axis has 128 of them.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Blocks(u128);

impl Blocks {
    pub(crate) fn or(self, other: Blocks) -> Blocks {
        Blocks(self.0 | other.0)
    }

    pub(crate) fn and(self, other: Blocks) -> Blocks {
        Blocks(self.0 & other.0)
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn and_not(self, other: Blocks) -> Blocks {
        Blocks(self.0 & !other.0)
    }

    /// The blocks that the ids of `start..end` lie in.
    fn of(start: u16, end: u16) -> Blocks {
        let block = |id: u16| u32::from(id / BLOCK_IDS);
        let (first, last) = (block(start), block(end.max(1) - 1));
        Blocks((u128::MAX << first) & (u128::MAX >> (127 - last)))
    }

    fn iter(mut self) -> impl Iterator<Item = usize> {
        std::iter::from_fn(move || {
            let next = (self.0 != 0).then_some(self.0.trailing_zeros() as usize)?;
            self.0 &= self.0 - 1;
            Some(next)
        })
    }
}

/// A dense row that is used again and again: intervals are poured into it, and nothing is allocated. Most rows hold
/// little: only the blocks that hold something are looked at.
#[derive(Clone, Debug)]
pub(crate) struct Dense {
    words: Box<[[u64; BLOCK]]>,
    len: u16,
    touched: Blocks,
}

impl PartialEq for Dense {
    fn eq(&self, other: &Self) -> bool {
        let differs = |at: usize| {
            let pair = self.words.get(at).zip(other.words.get(at));
            pair.is_none_or(|(a, b)| a.iter().zip(b).fold(0, |differs, (a, b)| differs | (a ^ b)) != 0)
        };
        !self.touched.or(other.touched).iter().any(differs)
    }
}

impl Eq for Dense {}

impl Dense {
    pub(crate) fn new(len: u16) -> Self {
        let blocks = usize::from(len).div_ceil(64 * BLOCK);
        Dense { words: std::iter::repeat_n([0; BLOCK], blocks).collect(), len, touched: Blocks::default() }
    }

    pub(crate) fn of(row: &Row, len: u16) -> Self {
        let mut dense = Dense::new(len);
        match row {
            Row::None => {}
            Row::All => dense.pour(&Intervals::all(len)),
            Row::Some(words, _) => {
                dense
                    .words
                    .as_flattened_mut()
                    .iter_mut()
                    .zip(&*words.0)
                    .for_each(|(slot, word)| *slot = *word);
                let blocks = dense.words.iter().enumerate().filter(|(_, block)| **block != [0; BLOCK]);
                dense.touched = Blocks(blocks.fold(0, |all, (at, _)| all | 1 << at));
            }
        }
        dense
    }

    pub(crate) fn clear(&mut self) {
        self.keep_only(Blocks::default());
    }

    /// Empties all other blocks.
    fn keep_only(&mut self, blocks: Blocks) {
        for at in self.touched.and_not(blocks).iter() {
            if let Some(block) = self.words.get_mut(at) {
                *block = [0; BLOCK];
            }
        }
        self.touched = blocks;
    }

    pub(crate) fn pour(&mut self, intervals: &Intervals) {
        let mut last = None;
        for &(start, end) in intervals.ranges() {
            // Most intervals lie in the block of the one before.
            let block = Some((end.max(1) - 1) / BLOCK_IDS);
            if block != last {
                self.touched = self.touched.or(Blocks::of(start, end));
                last = block;
            }
        }
        fill(self.words.as_flattened_mut(), intervals);
    }

    /// The blocks outside which there is nothing.
    pub(crate) fn touched(&self) -> Blocks {
        self.touched
    }

    /// Becomes what `op` makes of the words of other rows of the same length, in these blocks, and nothing elsewhere.
    pub(crate) fn set<const N: usize>(
        &mut self,
        blocks: Blocks,
        rows: [&Dense; N],
        op: impl Fn([u64; N]) -> u64,
    ) {
        self.keep_only(blocks);
        self.each(blocks, rows, |slot, words| *slot = op(words));
    }

    /// Adds what `op` makes of the words of other rows, in these blocks.
    pub(crate) fn join<const N: usize>(
        &mut self,
        blocks: Blocks,
        rows: [&Dense; N],
        op: impl Fn([u64; N]) -> u64,
    ) {
        self.touched = self.touched.or(blocks);
        self.each(blocks, rows, |slot, words| *slot |= op(words));
    }

    /// Takes away what `op` makes of the words of other rows, in these blocks.
    pub(crate) fn cut<const N: usize>(
        &mut self,
        blocks: Blocks,
        rows: [&Dense; N],
        op: impl Fn([u64; N]) -> u64,
    ) {
        self.each(self.touched.and(blocks), rows, |slot, words| *slot &= !op(words));
    }

    #[inline]
    fn each<const N: usize>(
        &mut self,
        blocks: Blocks,
        rows: [&Dense; N],
        mut op: impl FnMut(&mut u64, [u64; N]),
    ) {
        for at in blocks.iter() {
            let Some(block) = self.words.get_mut(at) else { continue };
            let others = rows.map(|row| row.words.get(at).unwrap_or(&[0; BLOCK]));
            for (index, slot) in block.iter_mut().enumerate() {
                op(slot, others.map(|words| words[index]));
            }
        }
    }

    pub(crate) fn words(&self) -> &[u64] {
        self.words.as_flattened().get(..usize::from(self.len).div_ceil(64)).unwrap_or(&[])
    }
}

/// Many rows, each as its intervals: a tenth of what they take as words.
#[derive(Clone, Default, Debug)]
pub(crate) struct RowList {
    ranges: Vec<(u16, u16)>,
    /// By row: where its intervals end, and those of the next one start.
    ends: Vec<usize>,
    /// Of the row at hand: where its intervals begin and end, by turns.
    turns: Vec<u16>,
}

/// A row of a [`RowList`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct RowNumber(u32);

impl RowList {
    pub(crate) fn push(&mut self, row: &Row, len: u16) -> RowNumber {
        match row {
            Row::None => {}
            Row::All => self.turns.extend([0, len]),
            Row::Some(words, _) => self.spell(&words.0, len),
        }
        self.close()
    }

    pub(crate) fn push_dense(&mut self, row: &Dense) -> RowNumber {
        let mut spelling = Spelling::default();
        for at in row.touched.iter() {
            if let Some(block) = row.words.get(at) {
                spelling.skip_to(at * BLOCK * 64, &mut self.turns);
                spelling.block(block, &mut self.turns);
            }
        }
        spelling.end(row.len, &mut self.turns);
        self.close()
    }

    fn close(&mut self) -> RowNumber {
        let (pairs, _) = self.turns.as_chunks::<2>();
        self.ranges.extend(pairs.iter().map(|&[start, end]| (start, end)));
        self.turns.clear();
        self.ends.push(self.ranges.len());
        RowNumber((self.ends.len() - 1) as u32)
    }

    fn spell(&mut self, words: &[u64], len: u16) {
        let mut spelling = Spelling::default();
        words.chunks(BLOCK).for_each(|block| spelling.block(block, &mut self.turns));
        spelling.end(len, &mut self.turns);
    }

    /// Sorted and disjoint; half-open.
    pub(crate) fn ranges(&self, row: RowNumber) -> &[(u16, u16)] {
        let at = row.0 as usize;
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = self.ends.get(at).copied().unwrap_or(start);
        self.ranges.get(start..end).unwrap_or(&[])
    }
}

/// Words on the way to intervals: wherever a permission differs from the one before it, one begins or ends.
#[derive(Default)]
struct Spelling {
    /// Where the next word begins.
    base: usize,
    /// The last permission before it, as a bit.
    inside: u64,
}

impl Spelling {
    fn block(&mut self, block: &[u64], turns: &mut Vec<u16>) {
        // Most permissions are as the one before them: many at a time are passed over.
        let before = 0u64.wrapping_sub(self.inside);
        if block.iter().fold(0, |differs, word| differs | (word ^ before)) == 0 {
            self.base += block.len() * 64;
            return;
        }
        for &word in block {
            let mut differing = word ^ (word << 1 | self.inside);
            self.inside = word >> 63;
            while differing != 0 {
                turns.push(self.base as u16 + differing.trailing_zeros() as u16);
                differing &= differing - 1;
            }
            self.base += 64;
        }
    }

    /// Nothing is held between the last block and this permission.
    fn skip_to(&mut self, base: usize, turns: &mut Vec<u16>) {
        if self.base < base && self.inside == 1 {
            turns.push(self.base as u16);
            self.inside = 0;
        }
        self.base = base;
    }

    fn end(self, len: u16, turns: &mut Vec<u16>) {
        if self.inside == 1 {
            turns.push(usize::from(len).min(self.base) as u16);
        }
    }
}
