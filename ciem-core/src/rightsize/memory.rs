//! What the proposals of one snapshot have in common: found once, for whoever asks first.

use super::peers::Peers;
use crate::base::{Intervals, Text};
use crate::model::relation::ReadyRole;
use crate::model::{Covers, Speller, Spelling, SpellingMode};
use crate::pattern::{Choice, Nodes, cheapest};
use crate::snapshot::estate::Estate;
use crate::snapshot::universe::Universe;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, OnceLock};

/// More remembered lists than this are dropped and made anew.
const REMEMBERED: usize = 1 << 13;

type Spelled = HashMap<(Intervals, SpellingMode), Arc<Spelling>, RandomState>;

pub(super) struct Memory {
    pub(super) peers: Peers,
    /// Knows again what a pattern means.
    pub(super) universe: Universe,
    spelled: Mutex<Spelled>,
    /// By ready set of permissions: what it has.
    ready: OnceLock<Vec<Intervals>>,
    covers: Covers,
}

impl Memory {
    pub(super) fn new(estate: &Estate, peer_likeness: f64) -> Self {
        Memory {
            ready: OnceLock::new(),
            peers: Peers::new(estate, peer_likeness),
            universe: estate.universe.remembering(),
            spelled: Mutex::default(),
            covers: Covers::default(),
        }
    }

    /// Of the sets that the provider has ready those which have all that is wanted, nothing that is not allowed, and the least
    /// beside; of such choices the one of the fewest sets. `None` where they cannot have all.
    pub(super) fn ready(&self, estate: &Estate, wanted: &Intervals, allowed: &Intervals) -> Option<Choice> {
        let all = self.ready.get_or_init(|| {
            let expand = |list: &[Text]| {
                let sets = list.iter().map(|text| self.universe.expand(estate.text(*text)));
                Intervals::from_ranges(sets.flat_map(|set| set.ranges().to_vec()).collect())
            };
            let block = |(listed, left_out): &(Vec<Text>, Vec<Text>)| {
                expand(listed).intersect(&expand(left_out).complement(self.universe.len()))
            };
            let role = |role: &ReadyRole| {
                let blocks: Vec<Intervals> = role.blocks.iter().map(block).collect();
                Intervals::from_ranges(blocks.iter().flat_map(|set| set.ranges()).copied().collect())
            };
            estate.relations.ready_roles.iter().map(role).collect()
        });
        let outside = allowed.complement(self.universe.len());
        let within = |set: &Intervals| set.intersect(&outside).ranges().is_empty();
        // Only if there is no other way what was granted is granted again.
        let smaller = chosen(all.iter().map(|set| within(set) && set != allowed), all, wanted);
        smaller.or_else(|| chosen(all.iter().map(within), all, wanted))
    }

    /// Permissions as patterns: those who hold the same and need the same are given the same list.
    pub(super) fn spell(
        &self,
        wanted: Intervals,
        mode: SpellingMode,
        one_star: bool,
        surcharge: usize,
    ) -> Arc<Spelling> {
        let key = (wanted, mode);
        if let Some(known) = self.spelled.lock().ok().and_then(|known| known.get(&key).cloned()) {
            return known;
        }
        let spelling = Arc::new(self.universe.spell(&key.0, mode, one_star, surcharge, &self.covers));
        if let Ok(mut known) = self.spelled.lock() {
            if known.len() >= REMEMBERED {
                known.clear();
            }
            known.insert(key, Arc::clone(&spelling));
        }
        spelling
    }
}

/// A choice among those that are usable.
fn chosen(usable: impl Iterator<Item = bool>, all: &[Intervals], wanted: &Intervals) -> Option<Choice> {
    let useful: Vec<(usize, Intervals, usize)> = all
        .iter()
        .zip(usable)
        .enumerate()
        .filter(|(_, (_, usable))| *usable)
        .filter_map(|(at, (set, _))| {
            let part = set.intersect(wanted);
            let beside = size(set) - size(&part);
            (!part.ranges().is_empty()).then_some((at, part, beside))
        })
        .collect();
    // Permissions that the same sets have are one element.
    let mut elements: BTreeSet<Vec<usize>> = BTreeSet::new();
    let edges = useful.iter().flat_map(|(_, part, _)| part.ranges()).chain(wanted.ranges());
    let edges: BTreeSet<u16> = edges.flat_map(|(start, end)| [*start, *end]).collect();
    for edge in edges.into_iter().filter(|edge| wanted.contains(*edge)) {
        let having = useful.iter().enumerate().filter(|(_, (_, part, _))| part.contains(edge));
        let having: Vec<usize> = having.map(|(number, _)| number).collect();
        if having.is_empty() {
            return None;
        }
        elements.insert(having);
    }
    let of = |number: usize| {
        let elements = elements.iter().enumerate().filter(|(_, having)| having.contains(&number));
        elements.map(|(at, _)| at).collect::<Vec<_>>()
    };
    let sets: Vec<(u32, Vec<usize>)> =
        useful.iter().enumerate().map(|(number, (_, _, beside))| (*beside as u32, of(number))).collect();
    let mut choice = cheapest(elements.len(), &sets, &mut Nodes(Speller::NODES))?;
    choice.chosen = choice.chosen.iter().filter_map(|at| useful.get(*at)).map(|(at, ..)| *at).collect();
    Some(choice)
}

fn size(set: &Intervals) -> usize {
    set.ranges().iter().map(|(start, end)| usize::from(end - start)).sum()
}
