//! Permissions written as short lists of patterns.

use super::{AccessLevel, Catalog};
use crate::base::Intervals;
use crate::pattern::{Cover, Glob, Mark, NameSet, Nodes, Shape};
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, OnceLock};

/// How permissions are written. In each mode the patterns match the wanted permissions and no other one that is known
/// today; a pattern with a star matches permissions that come to be later, too.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SpellingMode {
    /// Names alone: what comes to be later is not granted.
    Exact,
    /// Stars stand for permissions that list or read only, and follow a whole word.
    #[default]
    Safe,
    /// As short as can be: stars anywhere.
    Compact,
}

/// Permissions as patterns.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct Spelling {
    /// Sorted.
    pub patterns: Vec<String>,
    /// Characters of all patterns together.
    pub characters: usize,
    /// Whether no shorter list of patterns of the mode's kinds is possible: names, heads (`s3:Get*`) and, in
    /// `compact`, tails and middles (`s3:*Tagging`, `s3:*Acl*`).
    pub optimal: bool,
}

/// Writes permissions of a catalogue as patterns; what it finds out of a service's names it keeps for the next time.
///
/// ```
/// use ciem_core::{Catalog, Speller, SpellingMode};
///
/// let catalog = Catalog::from_json(br#"{"version": "1", "provider": "aws", "permissions": [
///   {"name": "box:ListBoxes", "access": "list"}, {"name": "box:ListLids", "access": "list"},
///   {"name": "box:OpenBox", "access": "write"}]}"#)?;
/// let speller = Speller::new(&catalog);
/// assert_eq!(speller.spell(&["box:ListBoxes", "box:ListLids"], SpellingMode::Safe).patterns, ["box:List*"]);
/// assert_eq!(speller.spell(&["box:OpenBox"], SpellingMode::Compact).patterns, ["box:O*"]);
/// # Ok::<(), ciem_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Speller<'c> {
    catalog: &'c Catalog,
    sets: NameSets,
    nodes: u64,
}

impl<'c> Speller<'c> {
    /// Nodes of the search for a shortest list, all services of one list together.
    pub const NODES: u64 = 20_000;

    /// A speller of this catalogue.
    pub fn new(catalog: &'c Catalog) -> Self {
        Speller { catalog, sets: NameSets::new(catalog), nodes: Self::NODES }
    }

    /// The same with this budget of nodes in place of [`NODES`](Self::NODES). With 0 nothing is searched: `compact` is
    /// then the shortest list of names and heads, which has a closed solution and is several times faster, without
    /// tails and middles; `optimal` says that a shorter list may exist.
    ///
    /// ```
    /// use ciem_core::{Catalog, Speller, SpellingMode};
    ///
    /// let catalog = Catalog::from_json(br#"{"version": "1", "provider": "aws", "permissions": [
    ///   {"name": "box:OpenBox", "access": "write"}, {"name": "box:ShutBox", "access": "write"},
    ///   {"name": "box:OpenLid", "access": "write"}]}"#)?;
    /// let boxes = ["box:OpenBox", "box:ShutBox"];
    /// assert_eq!(Speller::new(&catalog).spell(&boxes, SpellingMode::Compact).patterns, ["box:*x"]);
    /// let heads = Speller::new(&catalog).with_nodes(0);
    /// assert_eq!(heads.spell(&boxes, SpellingMode::Compact).patterns, ["box:OpenB*", "box:S*"]);
    /// # Ok::<(), ciem_core::Error>(())
    /// ```
    #[must_use]
    pub fn with_nodes(self, nodes: u64) -> Self {
        Speller { nodes, ..self }
    }

    /// The shortest list of patterns for the permissions that these names and patterns mean. Names that the catalogue
    /// does not have stay as they are.
    pub fn spell(&self, actions: &[&str], mode: SpellingMode) -> Spelling {
        let mut ranges = Vec::new();
        let mut unknown: Vec<&str> = Vec::new();
        let mut next = 0;
        for &action in actions {
            // Lists are sorted as a rule: the next name is the one after the last.
            if self.catalog.name(next).is_some_and(|name| name.eq_ignore_ascii_case(action)) {
                ranges.push((next, next + 1));
                next += 1;
                continue;
            }
            let (service, name) = action.split_once(':').unwrap_or((action, "*"));
            if service == "*" && name == "*" {
                ranges.push((0, self.catalog.len() as u16));
            } else if name.contains(['*', '?']) {
                let glob = Glob::parse(name);
                let of_service = self.catalog.prefix_range(service, glob.literal_prefix());
                let matched = of_service
                    .filter(|&id| glob.matches_ignore_ascii_case(self.catalog.local_name(id, service)));
                ranges.extend(matched.map(|id| (id, id + 1)));
            } else {
                match self.catalog.permission(action) {
                    Some(id) => {
                        ranges.push((id, id + 1));
                        next = id + 1;
                    }
                    None => unknown.push(action),
                }
            }
        }
        self.sets.spell(
            self.catalog,
            &Intervals::from_ranges(ranges),
            &unknown,
            &[],
            mode,
            false,
            0,
            self.nodes,
            None,
        )
    }
}

/// The names of each service, made when first needed.
#[derive(Debug)]
pub(crate) struct NameSets(Box<[OnceLock<NameSet>]>);

/// Covers of a service's names that were found before: those who need the same of a service are given the same list.
#[derive(Debug, Default)]
pub(crate) struct Covers(Mutex<HashMap<CoverKey, (Arc<Cover>, u64), RandomState>>);

/// Number of the service, what its names are, in which shape, at which surcharge.
type CoverKey = (usize, Box<[Mark]>, Shape, usize);

/// More remembered covers than this are dropped and found anew.
const REMEMBERED: usize = 1 << 15;

impl Covers {
    /// `find` is asked where the cover is not known. What a search cost counts each time, and one that the budget ended
    /// is not remembered, so that no answer hangs on what was asked before.
    fn cover(
        &self,
        key: CoverKey,
        nodes: &mut Nodes,
        find: impl FnOnce(&CoverKey, &mut Nodes) -> Cover,
    ) -> Arc<Cover> {
        let known = self.0.lock().ok().and_then(|known| known.get(&key).cloned());
        if let Some((cover, cost)) = known.filter(|(_, cost)| *cost <= nodes.0) {
            nodes.0 -= cost;
            return cover;
        }
        let before = nodes.0;
        let cover = Arc::new(find(&key, nodes));
        if let Some(mut known) = self.0.lock().ok().filter(|_| nodes.0 > 0) {
            if known.len() >= REMEMBERED {
                known.clear();
            }
            known.insert(key, (Arc::clone(&cover), before - nodes.0));
        }
        cover
    }
}

impl NameSets {
    pub(crate) fn new(catalog: &Catalog) -> Self {
        NameSets(catalog.services().map(|_| OnceLock::new()).collect())
    }

    /// The shortest list for these permissions. `known` are further names that are wanted and that no catalogue has,
    /// `others` such names that are not wanted. `one_star`: as patterns of whole segments. `surcharge` counts on top of the
    /// characters of each pattern.
    #[expect(clippy::too_many_arguments, reason = "one call, of two places")]
    pub(crate) fn spell(
        &self,
        catalog: &Catalog,
        wanted: &Intervals,
        known: &[&str],
        others: &[&str],
        mode: SpellingMode,
        one_star: bool,
        surcharge: usize,
        nodes: u64,
        covers: Option<&Covers>,
    ) -> Spelling {
        let shape = match mode {
            SpellingMode::Exact => Shape::Names,
            SpellingMode::Safe | SpellingMode::Compact if one_star => Shape::Segments,
            SpellingMode::Safe => Shape::Words,
            SpellingMode::Compact if nodes == 0 => Shape::Heads,
            SpellingMode::Compact => Shape::Any,
        };
        let mut nodes = Nodes(nodes);
        let mut patterns: Vec<String> = known.iter().map(|&name| name.to_owned()).collect();
        let mut optimal = true;
        let all = wanted.ranges() == [(0, catalog.len() as u16)] && others.is_empty();
        if all && matches!(shape, Shape::Heads | Shape::Any) {
            return Spelling { patterns: vec!["*".to_owned()], characters: 1, optimal };
        }
        let mut rest = wanted.ranges();
        for (number, ((service, range), set)) in catalog.services().zip(&self.0).enumerate() {
            let skipped = rest.partition_point(|&(_, end)| end <= range.start);
            rest = rest.get(skipped..).unwrap_or(&[]);
            if rest.first().is_none_or(|&(start, _)| start >= range.end) {
                continue;
            }
            let local = |id: u16| catalog.local_name(id, service);
            // What no catalogue has is of its service all the same: no star may reach it.
            let strange: Vec<&str> = others
                .iter()
                .map(|name| name.split_once(':').unwrap_or(("", name)))
                .filter(|(of, _)| of.eq_ignore_ascii_case(service))
                .map(|(_, name)| name)
                .collect();
            let mark = |id: u16| match shape {
                _ if mode == SpellingMode::Safe => {
                    let access = catalog.info(id).map_or(AccessLevel::Unknown, |info| info.access);
                    let harmless = matches!(access, AccessLevel::List | AccessLevel::Read);
                    if harmless { Mark::Wanted } else { Mark::Spelled }
                }
                _ => Mark::Wanted,
            };
            let inside = rest.iter().take_while(|(start, _)| *start < range.end);
            let wanted = inside.flat_map(|&(start, end)| start.max(range.start)..end.min(range.end));
            let cover = if strange.is_empty() {
                let set = set.get_or_init(|| NameSet::new(range.clone().map(local)));
                let mut marks = vec![Mark::Forbidden; range.len()];
                for id in wanted {
                    if let Some(place) = marks.get_mut(usize::from(id - range.start)) {
                        *place = mark(id);
                    }
                }
                match covers {
                    Some(covers) => {
                        let key = (number, marks.into_boxed_slice(), shape, surcharge);
                        covers.cover(key, &mut nodes, |key, nodes| set.cover(&key.1, shape, surcharge, nodes))
                    }
                    None => Arc::new(set.cover(&marks, shape, surcharge, &mut nodes)),
                }
            } else {
                let set = NameSet::new(range.clone().map(local).chain(strange));
                let mut marks = vec![Mark::Forbidden; set.len()];
                for id in wanted {
                    if let Some(place) = set.find(local(id)).and_then(|at| marks.get_mut(at)) {
                        *place = mark(id);
                    }
                }
                Arc::new(set.cover(&marks, shape, surcharge, &mut nodes))
            };
            optimal &= cover.optimal;
            patterns.extend(cover.patterns.iter().map(|pattern| [service, ":", pattern].concat()));
        }
        patterns.sort_unstable();
        Spelling {
            characters: patterns.iter().map(|pattern| pattern.chars().count()).sum(),
            patterns,
            optimal,
        }
    }
}
