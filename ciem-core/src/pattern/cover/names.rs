//! A set of names, ordered so that what names share is found without comparing them again.

use super::Mark;
use std::ops::Range;
use std::sync::OnceLock;

/// Names, sorted without regard to case.
#[derive(Debug, Default)]
pub(crate) struct NameSet {
    /// As they are written, and in lower case.
    names: Vec<Box<str>>,
    lower: Vec<Box<[u8]>>,
    /// How many bytes each shares with the name before it.
    shared: Vec<u16>,
    /// Made when first needed: only searches for tails and middles do.
    tails: OnceLock<Order>,
    middles: OnceLock<Order>,
}

/// Parts of names in the order of their texts.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// Name, and where in it the part begins (middles) or ends (tails, read backwards).
    pub(super) parts: Vec<(u16, u16)>,
    /// How many bytes each shares with the part before it.
    pub(super) shared: Vec<u16>,
    /// By name, then by where in it the part begins: its place in the order. Of middles only.
    places: Vec<Vec<u32>>,
}

/// Longer names are nobody's; places in names fit in 16 bits.
const LONGEST: usize = 512;

impl NameSet {
    /// `names` in any order; those that differ in case alone are one.
    pub(crate) fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> NameSet {
        let mut sorted: Vec<(Box<[u8]>, Box<str>)> = names
            .into_iter()
            .map(|name| (name.to_ascii_lowercase().into_bytes().into_boxed_slice(), Box::from(name)))
            .collect();
        sorted.sort_unstable();
        sorted.dedup_by(|(one, _), (other, _)| one == other);
        sorted.truncate(usize::from(u16::MAX));
        let (lower, names): (Vec<_>, Vec<Box<str>>) = sorted.into_iter().unzip();
        let shared = shared_with_previous(lower.iter().map(|name| name.iter().copied()));
        NameSet { names, lower, shared, tails: OnceLock::new(), middles: OnceLock::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// The name in lower case.
    pub(super) fn lower(&self, at: usize) -> &[u8] {
        self.lower.get(at).map_or(&[], |name| name)
    }

    pub(crate) fn name(&self, at: usize) -> &str {
        self.names.get(at).map_or("", |name| name)
    }

    /// Where a name stands, without regard to case.
    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        let lower = name.to_ascii_lowercase();
        self.lower.binary_search_by(|known| (**known).cmp(lower.as_bytes())).ok()
    }

    /// Whether tails and middles can be cut from the names: they are ASCII, and of a length that names have.
    pub(super) fn is_plain(&self) -> bool {
        self.lower.iter().all(|name| name.is_ascii() && name.len() <= LONGEST)
    }

    fn bytes(&self, at: usize) -> &[u8] {
        self.lower.get(at).map_or(&[], |name| name)
    }

    /// By name: the length of its shortest head that no forbidden name begins with; longer than the name if there is none.
    pub(super) fn free_heads(&self, marks: &[Mark]) -> Vec<usize> {
        let forbidden = |at: usize| marks.get(at).copied().unwrap_or_default() == Mark::Forbidden;
        free(&self.shared, forbidden)
    }

    /// The names that begin with the first `length` bytes of this one.
    pub(super) fn beginning_with(&self, name: usize, length: usize) -> Range<usize> {
        around(&self.shared, name, length)
    }

    /// The next length from `free` on at which a word of the name ends, and one ends in all names that share it; longer
    /// than the name if there is none.
    pub(super) fn free_word(&self, name: usize, free: usize) -> usize {
        let ends_word = |at: usize, length: usize| {
            let bytes = self.name(at).as_bytes();
            match (length.checked_sub(1).and_then(|last| bytes.get(last)), bytes.get(length)) {
                (Some(last), Some(next)) => !last.is_ascii_uppercase() && !next.is_ascii_lowercase(),
                (Some(_), None) => true,
                (None, _) => false,
            }
        };
        let lengths = free..=self.name(name).len();
        let mut lengths = lengths.filter(|&length| ends_word(name, length));
        let all = |length: usize| self.beginning_with(name, length).all(|at| ends_word(at, length));
        lengths.find(|&length| all(length)).unwrap_or(usize::MAX)
    }

    /// All suffixes of all names, sorted.
    pub(super) fn middles(&self) -> &Order {
        self.middles.get_or_init(|| {
            let mut parts = Vec::with_capacity(self.lower.iter().map(|name| name.len()).sum());
            for (at, name) in self.lower.iter().enumerate() {
                parts.extend((0..name.len()).map(|offset| (at as u16, offset as u16)));
            }
            parts.sort_unstable_by(|&one, &other| {
                self.suffix(one).cmp(self.suffix(other)).then(one.cmp(&other))
            });
            let shared = shared_with_previous(parts.iter().map(|&part| self.suffix(part).iter().copied()));
            let mut places: Vec<Vec<u32>> = self.lower.iter().map(|name| vec![0; name.len()]).collect();
            for (place, (at, offset)) in parts.iter().enumerate() {
                let of = places.get_mut(usize::from(*at)).and_then(|of| of.get_mut(usize::from(*offset)));
                of.into_iter().for_each(|of| *of = place as u32);
            }
            Order { parts, shared, places }
        })
    }

    /// Where the suffixes of a name stand among all.
    pub(super) fn places(&self, name: usize) -> impl Iterator<Item = usize> + '_ {
        self.middles().places.get(name).into_iter().flatten().map(|place| *place as usize)
    }

    /// The names read backwards, sorted.
    pub(super) fn tails(&self) -> &Order {
        self.tails.get_or_init(|| {
            let names = self.lower.iter().enumerate();
            let mut parts: Vec<(u16, u16)> = names.map(|(at, name)| (at as u16, name.len() as u16)).collect();
            let backwards = |&(at, _): &(u16, u16)| self.bytes(usize::from(at)).iter().rev().copied();
            parts.sort_unstable_by(|one, other| backwards(one).cmp(backwards(other)).then(one.cmp(other)));
            let shared = shared_with_previous(parts.iter().map(backwards));
            Order { parts, shared, places: Vec::new() }
        })
    }

    fn suffix(&self, (at, offset): (u16, u16)) -> &[u8] {
        self.bytes(usize::from(at)).get(usize::from(offset)..).unwrap_or(&[])
    }
}

fn shared_with_previous<I: Iterator<Item = u8> + Clone>(texts: impl Iterator<Item = I>) -> Vec<u16> {
    let mut previous: Option<I> = None;
    let mut shared = Vec::new();
    for text in texts {
        let same = |previous: I| previous.zip(text.clone()).take_while(|(a, b)| a == b).count();
        shared.push(previous.take().map_or(0, same).min(usize::from(u16::MAX)) as u16);
        previous = Some(text);
    }
    shared
}

/// By sorted text: the length from which on it differs from every forbidden one.
pub(super) fn free(shared: &[u16], forbidden: impl Fn(usize) -> bool) -> Vec<usize> {
    let mut free = vec![0; shared.len()];
    // Whatever stands between a text and its nearest forbidden neighbour shares at least as much with both.
    let mut near = None;
    for (at, free) in free.iter_mut().enumerate() {
        let step = usize::from(shared.get(at).copied().unwrap_or(0));
        near = near.map(|near: usize| near.min(step));
        *free = near.map_or(0, |near| near + 1);
        if forbidden(at) {
            near = Some(usize::MAX - 1);
        }
    }
    near = None;
    for (at, free) in free.iter_mut().enumerate().rev() {
        *free = (*free).max(near.map_or(0, |near| near + 1));
        if forbidden(at) {
            near = Some(usize::MAX - 1);
        }
        let step = usize::from(shared.get(at).copied().unwrap_or(0));
        near = near.map(|near| near.min(step));
    }
    free
}

/// The same for one of the texts.
pub(super) fn free_at(shared: &[u16], at: usize, forbidden: impl Fn(usize) -> bool) -> usize {
    let step = |at: usize| usize::from(shared.get(at).copied().unwrap_or(0));
    let (mut left, mut place) = (usize::MAX, at);
    loop {
        left = left.min(step(place));
        let Some(before) = place.checked_sub(1).filter(|_| left > 0) else { break };
        place = before;
        if forbidden(place) {
            break;
        }
    }
    let (mut right, mut place) = (usize::MAX, at);
    loop {
        place += 1;
        right = right.min(step(place));
        if right == 0 || forbidden(place) {
            break;
        }
    }
    left.max(right) + 1
}

/// The texts that share the first `length` bytes of the one at `at`.
pub(super) fn around(shared: &[u16], at: usize, length: usize) -> Range<usize> {
    let shares = |at: usize| shared.get(at).is_some_and(|&shared| usize::from(shared) >= length);
    let mut start = at;
    while start > 0 && shares(start) {
        start -= 1;
    }
    let mut end = at + 1;
    while shares(end) {
        end += 1;
    }
    start..end
}
