//! Permissions that no statement and no resource type tells apart.

use super::policies::Policies;
use crate::base::Intervals;
use crate::model::Effect;
use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};

/// Permissions of which the same rules speak and that act on the same resources.
#[derive(Debug)]
pub(super) struct Class {
    /// The first of them.
    pub(super) permission: u16,
    /// Numbers of the rules that speak of them, ascending.
    pub(super) rules: Vec<usize>,
}

/// What of a permission matters beside the rules that speak of it: its facts, its resource types, and whether the catalogue
/// knows them.
type Traits<'a> = (u32, Option<&'a [u16]>, bool);

/// The classes of those permissions in `within` that an allowing rule of the checked document speaks of, in the order
/// of permissions.
pub(super) fn classes(
    policies: &Policies,
    within: &Intervals,
    is_wanted: impl Fn(u16) -> bool,
) -> Vec<Class> {
    let rules = &policies.rules;
    let allowing = rules.iter().filter(|rule| rule.checked && rule.effect == Effect::Allow);
    let granted = Intervals::from_ranges(allowing.flat_map(|rule| rule.actions.ranges()).copied().collect());
    let granted = granted.intersect(within);
    let mut cuts: Vec<u16> =
        rules.iter().flat_map(|rule| rule.actions.ranges()).flat_map(|&(start, end)| [start, end]).collect();
    cuts.sort_unstable();
    cuts.dedup();
    let mut classes = Vec::new();
    let mut lists: HashMap<Vec<usize>, usize, RandomState> = HashMap::default();
    let mut seen: HashSet<(usize, Traits<'_>), RandomState> = HashSet::default();
    for &(start, end) in granted.ranges() {
        let inside = cuts.iter().copied().filter(|cut| start < *cut && *cut < end);
        let starts: Vec<u16> = std::iter::once(start).chain(inside).collect();
        let ends = starts.iter().skip(1).copied().chain([end]);
        for (start, end) in starts.iter().copied().zip(ends) {
            let speaking = rules.iter().enumerate().filter(|(_, rule)| rule.actions.contains(start));
            let speaking: Vec<usize> = speaking.map(|(number, _)| number).collect();
            let count = lists.len();
            let list = *lists.entry(speaking.clone()).or_insert(count);
            let mut last: Option<Traits<'_>> = None;
            for permission in (start..end).filter(|&permission| is_wanted(permission)) {
                let types = policies.universe.catalog().info(permission).map(|info| info.resource_types);
                let without = policies.universe.is_without_resource(permission);
                let traits = (policies.universe.facts(permission), types, without);
                // Neighbours are often alike.
                if last != Some(traits) && seen.insert((list, traits)) {
                    classes.push(Class { permission, rules: speaking.clone() });
                }
                last = Some(traits);
            }
        }
    }
    classes
}
