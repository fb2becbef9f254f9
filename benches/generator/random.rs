//! A small generator of its own (SplitMix64), so that a seed means the same estate on every machine and with every
//! version of every library: figures of two runs are then figures of the same bytes.

/// A seeded stream of numbers.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Random(seed)
    }

    /// An independent stream for one part of the estate: a change in one part leaves the others as they are.
    pub(crate) fn fork(seed: u64, part: u64) -> Self {
        let mut parent = Random(seed ^ part.wrapping_mul(0xA24B_AED4_963E_E407));
        Random(parent.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number in `0..bound`; 0 for an empty range.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        if bound == 0 { 0 } else { (self.next() % bound as u64) as usize }
    }

    pub(crate) fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high + 1 - low)
    }

    /// A number in `1..=most`, small ones more often.
    pub(crate) fn few(&mut self, most: usize) -> usize {
        1 + self.below(most).min(self.below(most))
    }

    /// True in `percent` of 100 cases.
    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// A number in `0..bound` whose small values are far more frequent: the most popular of 40 policies gets more than a
    /// quarter of all attachments.
    pub(crate) fn skewed(&mut self, bound: usize) -> usize {
        let unit = self.next() as f64 / u64::MAX as f64;
        ((unit * unit * unit * bound as f64) as usize).min(bound.saturating_sub(1))
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }

    /// `length` letters and digits in upper case, as in the unique ids of IAM.
    pub(crate) fn unique_id(&mut self, prefix: &str, length: usize) -> String {
        const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let mut id = String::from(prefix);
        id.extend((0..length).map(|_| char::from(LETTERS[self.below(LETTERS.len())])));
        id
    }
}
