//! Sets of ids on the large sparse axes. The only file that names `roaring`.

use super::id::Id;
use roaring::{MultiOps, RoaringBitmap};
use std::marker::PhantomData;

/// A set of ids of one type.
pub(crate) struct IdSet<I> {
    bits: RoaringBitmap,
    id: PhantomData<fn(I) -> I>,
}

/// A stretch of a set, as bits.
pub(crate) struct Window<I> {
    start: u32,
    words: Box<[u64]>,
    id: PhantomData<fn(I) -> I>,
}

impl<I: Id> Window<I> {
    /// Whether an id of the stretch is a member.
    pub(crate) fn contains(&self, id: I) -> bool {
        let at = (id.index() as u32).wrapping_sub(self.start) as usize;
        self.words.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
    }
}

impl<I> Clone for IdSet<I> {
    fn clone(&self) -> Self {
        IdSet { bits: self.bits.clone(), id: PhantomData }
    }
}

impl<I> PartialEq for IdSet<I> {
    fn eq(&self, other: &Self) -> bool {
        self.bits == other.bits
    }
}

impl<I> Default for IdSet<I> {
    fn default() -> Self {
        IdSet { bits: RoaringBitmap::new(), id: PhantomData }
    }
}

impl<I> std::fmt::Debug for IdSet<I> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.bits.fmt(f)
    }
}

impl<I: Id> IdSet<I> {
    pub(crate) fn one(id: I) -> Self {
        let mut set = Self::default();
        set.insert(id);
        set
    }

    /// The ids with indices in `range`.
    pub(crate) fn range(range: std::ops::Range<u32>) -> Self {
        let mut bits = RoaringBitmap::new();
        bits.insert_range(range);
        IdSet { bits, id: PhantomData }
    }

    /// The set of ascending ids, none twice.
    pub(crate) fn ascending(ids: impl Iterator<Item = I> + Clone) -> Self {
        let indices = ids.map(|id| id.index() as u32);
        let bits = RoaringBitmap::from_sorted_iter(indices.clone());
        IdSet { bits: bits.unwrap_or_else(|_| indices.collect()), id: PhantomData }
    }

    pub(crate) fn insert_range(&mut self, range: std::ops::Range<u32>) {
        self.bits.insert_range(range);
    }

    pub(crate) fn insert(&mut self, id: I) -> bool {
        self.bits.insert(id.index() as u32)
    }

    pub(crate) fn contains(&self, id: I) -> bool {
        self.bits.contains(id.index() as u32)
    }

    pub(crate) fn len(&self) -> u64 {
        self.bits.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bits.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = I> + '_ {
        self.bits.iter().map(|i| I::new(i as usize))
    }

    pub(crate) fn union_with(&mut self, other: &Self) {
        self.bits |= &other.bits;
    }

    /// Adds all members of many sets.
    pub(crate) fn union_with_all<'a>(&mut self, sets: impl Iterator<Item = &'a Self>)
    where
        I: 'a,
    {
        let many = MultiOps::union(sets.map(|set| &set.bits));
        if self.bits.is_empty() {
            self.bits = many;
        } else {
            self.bits |= many;
        }
    }

    pub(crate) fn intersect_with(&mut self, other: &Self) {
        self.bits &= &other.bits;
    }

    /// What both have; as small as the answer.
    pub(crate) fn common(&self, other: &Self) -> Self {
        IdSet { bits: &self.bits & &other.bits, id: PhantomData }
    }

    pub(crate) fn subtract(&mut self, other: &Self) {
        self.bits -= &other.bits;
    }

    /// The members in a range, for many looks at them one after another.
    pub(crate) fn window(&self, range: std::ops::Range<u32>) -> Window<I> {
        let mut words = vec![0; range.len().div_ceil(64)];
        let start = range.start;
        for index in self.bits.range(range) {
            let at = (index - start) as usize;
            if let Some(word) = words.get_mut(at / 64) {
                *word |= 1 << (at % 64);
            }
        }
        Window { start, words: words.into(), id: PhantomData }
    }

    /// Packs runs and gives spare room back; call it once on sets that are kept.
    pub(crate) fn optimise(&mut self) {
        self.bits.optimize();
        // A bitmap cannot be shrunk, but a copy has no spare room: of a small set most would be that.
        self.bits = self.bits.clone();
    }
}

impl<I: Id> FromIterator<I> for IdSet<I> {
    /// Ids may come in any order; ascending order is fastest.
    fn from_iter<T: IntoIterator<Item = I>>(ids: T) -> Self {
        IdSet { bits: ids.into_iter().map(|i| i.index() as u32).collect(), id: PhantomData }
    }
}
