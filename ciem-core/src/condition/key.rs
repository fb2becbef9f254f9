//! Context keys and what is known of their values.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A context key. Compared and ordered by its lower-case text, because keys are case-insensitive.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    /// Dense number for array look-ups; no part of equality, order or hash.
    pub(crate) id: u32,
    /// The first spelling that was seen.
    pub(crate) name: Arc<str>,
    /// Whether the key may hold several values.
    pub(crate) many: bool,
    /// Whether it is the time of the request, which every request has.
    pub(crate) clock: bool,
}

impl Key {
    fn folded(&self) -> impl Iterator<Item = u8> + '_ {
        self.name.bytes().map(|b| b.to_ascii_lowercase())
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        self.name.eq_ignore_ascii_case(&other.name)
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Key) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Key) -> Ordering {
        self.folded().cmp(other.folded())
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded().for_each(|b| state.write_u8(b));
        state.write_u8(0xff);
    }
}

/// What is known of a key in one request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum KeyState<'a> {
    /// Nothing: it may be absent or have any value.
    Unknown,
    /// Known to be absent.
    Absent,
    /// One value.
    One(&'a str),
    /// Values given as a list; the empty list is the same as absent.
    Many(&'a [Box<str>]),
}
