//! Rows brought together by what they share.

use super::{GroupBy, UnusedKind, UnusedRow};
use crate::usage::value::UseState;
use std::collections::{BTreeMap, BTreeSet};

/// One row for each group, kind and state. `used` has the permissions that somebody of a group used.
pub(super) fn rows(
    rows: Vec<UnusedRow>,
    by: GroupBy,
    used: &BTreeMap<Option<String>, BTreeSet<String>>,
) -> Vec<UnusedRow> {
    let mut groups: BTreeMap<(Option<String>, UnusedKind, UseState), Vec<UnusedRow>> = BTreeMap::new();
    for row in rows {
        let group = match by {
            GroupBy::Provider => Some(row.provider.clone()),
            GroupBy::Account => row.account.clone(),
            GroupBy::Environment => row.environment.clone(),
            GroupBy::Team => row.team.clone(),
        };
        groups.entry((group, row.kind, row.state)).or_default().push(row);
    }
    let other: BTreeMap<(Option<String>, UseState), BTreeSet<String>> = groups
        .iter()
        .filter(|((_, kind, _), _)| *kind == UnusedKind::Permission)
        .map(|((group, _, state), rows)| {
            let names = rows.iter().flat_map(|row| row.permissions.iter().cloned()).collect();
            ((group.clone(), *state), names)
        })
        .collect();
    let together = groups.into_iter().filter_map(|((group, kind, state), rows)| {
        let mut names: BTreeSet<String> =
            rows.iter().flat_map(|row| row.permissions.iter().cloned()).collect();
        if kind == UnusedKind::Permission && state == UseState::Unused {
            // Of nobody of the group it may be known or supposed that he used it.
            let known = used.get(&group);
            names.retain(|name| known.is_none_or(|known| !known.contains(name)));
            for state in [UseState::Attempted, UseState::Unobservable, UseState::Denied] {
                if let Some(other) = other.get(&(group.clone(), state)) {
                    names.retain(|name| !other.contains(name));
                }
            }
        }
        let mut row = rows.first()?.clone();
        let shared = |get: &dyn Fn(&UnusedRow) -> Option<String>| {
            let first = rows.first().and_then(get);
            if rows.iter().all(|row| get(row) == first) { first } else { None }
        };
        row.account = shared(&|row| row.account.clone());
        row.environment = shared(&|row| row.environment.clone());
        row.team = shared(&|row| row.team.clone());
        row.id = group;
        row.principal = None;
        row.permissions = names.into_iter().collect();
        row.count = rows.iter().map(|row| row.count).sum();
        row.last_used = rows.iter().filter_map(|row| row.last_used.clone()).max();
        row.uncovered_days = rows.iter().map(|row| row.uncovered_days).max().unwrap_or(0);
        row.via = Vec::new();
        Some(row)
    });
    together.collect()
}
