//! Principals with like grants, and what they used. Peers come from grants, never from usage, so that more evidence of
//! use cannot make somebody a stranger.

use crate::base::Intervals;
use crate::model::{Plane, Tier};
use crate::provider::RemedySpec;
use crate::snapshot::estate::{AccountId, Estate};
use crate::truth::PrincipalId;
use crate::usage::value::Usage;
use crate::usage::window::Window;
use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

/// Half the width of a 95 % interval, in standard deviations.
const Z: f64 = 1.959_964;

/// What everybody of an account may, and what they used.
pub(super) struct Peers {
    accounts: Vec<OnceLock<Vec<Entry>>>,
    likeness: f64,
    /// By permission: one more than the place of its plane in `PLANES`, 0 before it was asked for.
    planes: Vec<AtomicU8>,
}

const PLANES: [Plane; 3] = [Plane::Management, Plane::Data, Plane::Unlogged];

struct Entry {
    principal: PrincipalId,
    /// Policies that others can hold too, and groups, sorted; what is a principal's alone tells nothing of its peers.
    shared: Vec<u32>,
    granted: Intervals,
    size: usize,
    used: OnceLock<Vec<u16>>,
}

impl Peers {
    pub(super) fn new(estate: &Estate, likeness: f64) -> Self {
        let planes = (0..estate.universe.len()).map(|_| AtomicU8::new(0)).collect();
        Peers { accounts: estate.accounts.ids().map(|_| OnceLock::new()).collect(), likeness, planes }
    }

    /// Which part of the log shows a permission's use: asked of the provider once.
    pub(super) fn plane(&self, estate: &Estate, permission: u16) -> Plane {
        let cell = self.planes.get(usize::from(permission));
        let known = cell.map_or(0, |cell| cell.load(Ordering::Relaxed));
        if let Some(plane) = known.checked_sub(1).and_then(|at| PLANES.get(usize::from(at))) {
            return *plane;
        }
        let plane = (estate.provider.usage.plane)(estate.universe.name(permission));
        let place = PLANES.iter().position(|one| *one == plane).map_or(0, |at| at as u8 + 1);
        cell.into_iter().for_each(|cell| cell.store(place, Ordering::Relaxed));
        plane
    }

    /// How many peers there are, and by permission how many of them used it in the window.
    pub(super) fn used_by(
        &self,
        estate: &Estate,
        usage: &Usage,
        window: &Window,
        of: PrincipalId,
    ) -> (usize, BTreeMap<u16, usize>) {
        let account = estate.principals[of].account;
        let Some(entries) = self.accounts.get(account.0 as usize) else { return (0, BTreeMap::new()) };
        let entries = entries.get_or_init(|| entries_of(estate, account));
        let Some(own) = entries.iter().find(|entry| entry.principal == of) else {
            return (0, BTreeMap::new());
        };
        let kind = estate.principals[of].kind;
        let mut count = 0;
        let mut used: BTreeMap<u16, usize> = BTreeMap::new();
        for entry in entries.iter().filter(|entry| entry.principal != of) {
            if estate.principals[entry.principal].kind != kind || !self.alike(own, entry) {
                continue;
            }
            count += 1;
            for &permission in entry.used.get_or_init(|| used_by(estate, usage, window, entry.principal)) {
                *used.entry(permission).or_default() += 1;
            }
        }
        (count, used)
    }

    fn alike(&self, one: &Entry, other: &Entry) -> bool {
        if one.size == 0 || other.size == 0 {
            return false;
        }
        if !one.shared.is_empty() && one.shared == other.shared {
            return true;
        }
        let (less, more) = (one.size.min(other.size) as f64, one.size.max(other.size) as f64);
        if less < self.likeness * more {
            return false;
        }
        let common = size(&one.granted.intersect(&other.granted)) as f64;
        common >= self.likeness * (less + more - common)
    }
}

fn size(set: &Intervals) -> usize {
    set.ranges().iter().map(|(start, end)| usize::from(end - start)).sum()
}

fn entries_of(estate: &Estate, account: AccountId) -> Vec<Entry> {
    let range = estate.accounts[account].principals.clone();
    let of = |principal: PrincipalId| {
        let held = estate.provider.own_grants(Tier::Active).flat_map(|spec| estate.held(spec.id, principal));
        let mut shared = Vec::new();
        let mut ranges = Vec::new();
        for held in held {
            let document = estate.policies[held.policy].document;
            let name = estate.policies[held.policy].name;
            let can_be_shared = |spec: &RemedySpec| (spec.is_policy_id)(estate.text(name));
            match held.via {
                Some(group) => shared.push(group.0),
                None if estate.provider.remedy.is_some_and(can_be_shared) => shared.push(name.0),
                None => {}
            }
            for (_, statement) in estate.library.statements_of(document) {
                if statement.effect == crate::model::Effect::Allow {
                    ranges.extend_from_slice(estate.library.action_sets[statement.actions].ranges());
                }
            }
        }
        shared.sort_unstable();
        shared.dedup();
        let granted = Intervals::from_ranges(ranges);
        Entry { principal, shared, size: size(&granted), granted, used: OnceLock::new() }
    };
    range.map(|index| of(PrincipalId(index))).collect()
}

fn used_by(estate: &Estate, usage: &Usage, window: &Window, principal: PrincipalId) -> Vec<u16> {
    let id = estate.text(estate.principals[principal].id);
    let used = usage.of(id).filter(|one| one.used().is_in(window));
    let mut found: Vec<u16> = used.filter_map(|one| estate.universe.find(one.permission())).collect();
    found.sort_unstable();
    found
}

/// The lower bound of the 95 % Wilson interval of a share of `count` among `all`.
pub(super) fn wilson(count: usize, all: usize) -> f64 {
    if count == 0 || all == 0 {
        return 0.0;
    }
    let (n, share) = (all as f64, count as f64 / all as f64);
    let (square, middle) = (Z * Z, share + Z * Z / (2.0 * n));
    let spread = Z * ((share * (1.0 - share) + square / (4.0 * n)) / n).sqrt();
    (middle - spread) / (1.0 + square / n)
}

#[cfg(test)]
mod tests {
    use super::wilson;

    #[test]
    fn the_bound_is_that_of_the_table() {
        // Agresti and Coull give 0.0, 0.056 and 0.722 for 0, 1 and 10 of 10.
        assert_eq!(wilson(0, 10), 0.0);
        assert!((wilson(1, 10) - 0.0179).abs() < 1e-3);
        assert!((wilson(10, 10) - 0.7225).abs() < 1e-3);
    }
}
