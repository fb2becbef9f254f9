//! What the proposals of one snapshot have in common: found once, for whoever asks first.

use super::peers::Peers;
use crate::base::Intervals;

use crate::model::{Covers, Spelling, SpellingMode};
use crate::snapshot::estate::Estate;
use crate::snapshot::universe::Universe;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use std::sync::{Arc, Mutex};

/// More remembered lists than this are dropped and made anew.
const REMEMBERED: usize = 1 << 13;

type Spelled = HashMap<(Intervals, SpellingMode), Arc<Spelling>, RandomState>;

pub(super) struct Memory {
    pub(super) peers: Peers,
    /// Knows again what a pattern means.
    pub(super) universe: Universe,
    spelled: Mutex<Spelled>,
    covers: Covers,
}

impl Memory {
    pub(super) fn new(estate: &Estate, peer_likeness: f64) -> Self {
        Memory {
            peers: Peers::new(estate, peer_likeness),
            universe: estate.universe.remembering(),
            spelled: Mutex::default(),
            covers: Covers::default(),
        }
    }

    /// Permissions as patterns: those who hold the same and need the same are given the same list.
    pub(super) fn spell(&self, wanted: Intervals, mode: SpellingMode, surcharge: usize) -> Arc<Spelling> {
        let key = (wanted, mode);
        if let Some(known) = self.spelled.lock().ok().and_then(|known| known.get(&key).cloned()) {
            return known;
        }
        let spelling = Arc::new(self.universe.spell(&key.0, mode, surcharge, &self.covers));
        if let Ok(mut known) = self.spelled.lock() {
            if known.len() >= REMEMBERED {
                known.clear();
            }
            known.insert(key, Arc::clone(&spelling));
        }
        spelling
    }
}
