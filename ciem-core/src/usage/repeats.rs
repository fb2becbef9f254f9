//! Events that were delivered before, as far as memory reaches.

use super::days::Days;
use foldhash::fast::RandomState;
use hashbrown::HashSet;
use std::collections::BTreeMap;
use std::hash::BuildHasher;

/// Ids that are remembered.
const MOST: usize = 2_000_000;

/// Remembers the ids of events day by day. When there are too many, the day that was left alone for longest is
/// forgotten.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    days: BTreeMap<u32, Day>,
    count: usize,
    turn: u64,
    /// Days that were forgotten, at least in part: what is delivered of them may have been counted before.
    forgotten: Days,
    seed: RandomState,
}

#[derive(Debug, Default)]
struct Day {
    ids: HashSet<u64, RandomState>,
    last: u64,
}

/// Whether an event was there before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Seen {
    New,
    Before,
    /// Nobody knows any more.
    Perhaps,
}

impl Repeats {
    pub(super) fn see(&mut self, day: u32, id: &str) -> Seen {
        self.turn += 1;
        if self.count >= MOST {
            self.forget();
        }
        let hash = self.seed.hash_one(id);
        let known = self.days.entry(day).or_default();
        known.last = self.turn;
        if !known.ids.insert(hash) {
            return Seen::Before;
        }
        self.count += 1;
        if self.forgotten.contains(day) { Seen::Perhaps } else { Seen::New }
    }

    fn forget(&mut self) {
        let oldest = self.days.iter().min_by_key(|(_, day)| day.last).map(|(day, _)| *day);
        if let Some(day) = oldest
            && let Some(gone) = self.days.remove(&day)
        {
            self.count -= gone.ids.len();
            self.forgotten.insert(day);
        }
    }
}
