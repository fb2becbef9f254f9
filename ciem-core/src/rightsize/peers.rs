//! Principals with like grants, and what they used. Peers come from grants, never from usage, so that more evidence of
//! use cannot make somebody a stranger.

use crate::base::Intervals;
use crate::model::{PrincipalKind, Tier};
use crate::provider::RemedySpec;
use crate::snapshot::estate::{AccountId, Estate};
use crate::truth::PrincipalId;
use crate::usage::value::Usage;
use crate::usage::window::Window;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// Half the width of a 95 % interval, in standard deviations.
const Z: f64 = 1.959_964;

/// What everybody of an account may, and what they used.
pub(super) struct Peers {
    accounts: Vec<OnceLock<Account>>,
    likeness: f64,
}

/// What tells classes apart: kind, what is shared, what is granted.
type Holds = (PrincipalKind, Vec<u32>, Intervals);

/// By principal of the account: its class.
struct Account {
    class_of: Vec<usize>,
    classes: Vec<Class>,
}

/// Principals whose grants are the same.
struct Class {
    kind: PrincipalKind,
    /// Policies that others can hold too, and groups, sorted; what is a principal's alone tells nothing of its peers.
    shared: Vec<u32>,
    granted: Intervals,
    size: usize,
    members: Vec<PrincipalId>,
    /// By permission: how many members used it.
    used: OnceLock<BTreeMap<u16, usize>>,
    /// The same of all who are alike, the members included, and how many these are.
    around: OnceLock<(usize, BTreeMap<u16, usize>)>,
}

impl Peers {
    pub(super) fn new(estate: &Estate, likeness: f64) -> Self {
        Peers { accounts: estate.accounts.ids().map(|_| OnceLock::new()).collect(), likeness }
    }

    /// How many peers there are, and by permission how many of them used it in the window.
    pub(super) fn used_by(
        &self,
        estate: &Estate,
        usage: &Usage,
        window: &Window,
        of: PrincipalId,
    ) -> (usize, Vec<(u16, usize)>) {
        let id = estate.principals[of].account;
        let Some(account) = self.accounts.get(id.0 as usize) else { return (0, Vec::new()) };
        let account = account.get_or_init(|| account_of(estate, id));
        let place = (of.0 - estate.accounts[id].principals.start) as usize;
        let class = account.class_of.get(place).and_then(|class| account.classes.get(*class));
        let Some(class) = class else { return (0, Vec::new()) };
        let (count, around) = class.around.get_or_init(|| self.around(estate, usage, window, account, class));
        let Some(others) = count.checked_sub(1) else { return (0, Vec::new()) };
        let own = used_by(estate, usage, window, of);
        let without_own = around
            .iter()
            .map(|(&permission, &by)| (permission, by - usize::from(own.binary_search(&permission).is_ok())));
        (others, without_own.filter(|(_, by)| *by > 0).collect())
    }

    fn around(
        &self,
        estate: &Estate,
        usage: &Usage,
        window: &Window,
        account: &Account,
        class: &Class,
    ) -> (usize, BTreeMap<u16, usize>) {
        let (mut count, mut used) = (0, BTreeMap::new());
        for other in account.classes.iter().filter(|other| other.kind == class.kind) {
            if !self.alike(class, other) {
                continue;
            }
            count += other.members.len();
            let theirs = other.used.get_or_init(|| {
                let mut used = BTreeMap::new();
                for permission in other.members.iter().flat_map(|&id| used_by(estate, usage, window, id)) {
                    *used.entry(permission).or_default() += 1;
                }
                used
            });
            theirs.iter().for_each(|(&permission, by)| *used.entry(permission).or_default() += by);
        }
        (count, used)
    }

    fn alike(&self, one: &Class, other: &Class) -> bool {
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

fn account_of(estate: &Estate, account: AccountId) -> Account {
    let mut found = Account { class_of: Vec::new(), classes: Vec::new() };
    let mut known: BTreeMap<Holds, usize> = BTreeMap::new();
    for principal in estate.accounts[account].principals.clone().map(PrincipalId) {
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
        let kind = estate.principals[principal].kind;
        let key = (kind, shared, granted.clone());
        let class = match known.get(&key) {
            Some(&class) => class,
            None => {
                found.classes.push(Class {
                    kind,
                    shared: key.1.clone(),
                    size: size(&granted),
                    granted,
                    members: Vec::new(),
                    used: OnceLock::new(),
                    around: OnceLock::new(),
                });
                known.insert(key, found.classes.len() - 1);
                found.classes.len() - 1
            }
        };
        found.class_of.push(class);
        if let Some(class) = found.classes.get_mut(class) {
            class.members.push(principal);
        }
    }
    found
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
