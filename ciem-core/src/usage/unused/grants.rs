//! Permissions of principals, and the groups, policies and statements that they come from.

use super::lookup::{Known, Lookup};
use super::{GroupBy, UnusedKind, UnusedOptions, UnusedRow};
use crate::access::matrix::Held;
use crate::base::Text;
use crate::error::Error;
use crate::model::{Effect, Query, Tier};
use crate::pattern::matches_text;
use crate::progress::Progress;
use crate::snapshot::Snapshot;
use crate::snapshot::estate::PolicyId;
use crate::snapshot::library::{ResourceSet, StatementId};
use crate::truth::PrincipalId;
use crate::usage::value::UseState;
use std::collections::{BTreeMap, BTreeSet};

type Add<'t> = dyn FnMut(UnusedRow) + 't;

pub(super) fn rows(
    snapshot: &Snapshot,
    lookups: &mut [Lookup<'_>],
    options: &UnusedOptions,
    progress: &Progress,
    add: &mut Add<'_>,
) -> Result<(), Error> {
    if options.wants(UnusedKind::Permission) && !snapshot.estates().is_empty() {
        let query = Query { caller_side_only: true, ..Query::default() };
        let matrix = snapshot.matrix_with(&query, progress)?;
        let mut cells = matrix.cells();
        for lookup in lookups.iter_mut() {
            for (number, principal) in lookup.estate.principals.ids().enumerate() {
                progress.tick("comparing", number, Some(lookup.estate.principals.len()))?;
                let Some(cells) = cells.next() else { break };
                if lookup.counts(principal) {
                    permissions(lookup, principal, &cells.possibly, add);
                }
            }
        }
    }
    let of_policies = [UnusedKind::Group, UnusedKind::Policy, UnusedKind::Statement];
    if of_policies.into_iter().any(|kind| options.wants(kind)) {
        for lookup in lookups.iter_mut() {
            policies(lookup, progress, add)?;
        }
    }
    Ok(())
}

fn permissions(lookup: &mut Lookup<'_>, principal: PrincipalId, held: &Held<'_>, add: &mut Add<'_>) {
    let known = lookup.know(principal);
    // What policies can neither give nor take away was not granted.
    let free = lookup.estate.provider.inclusion.and_then(|spec| lookup.estate.universe.row(spec.free));
    let mut by_state: BTreeMap<UseState, (Vec<String>, u32)> = BTreeMap::new();
    for id in held.runs().flat_map(|(start, end)| start..end) {
        if free.is_some_and(|free| free.contains(id)) {
            continue;
        }
        let state = known.state(id);
        if state != UseState::Used {
            let (names, days) = by_state.entry(state).or_default();
            names.push(lookup.estate.universe.name(id).to_owned());
            *days = (*days).max(known.uncovered(id));
        }
    }
    if by_state.is_empty() {
        return;
    }
    let mut via: BTreeSet<String> = BTreeSet::new();
    for layer in lookup.estate.provider.own_grants(Tier::Active) {
        for held in lookup.estate.held(layer.id, principal) {
            via.insert(lookup.text(lookup.estate.policies[held.policy].name));
            via.extend(held.via.map(|group| lookup.text(group)));
        }
    }
    for (state, (names, days)) in by_state {
        let mut row =
            lookup.row(UnusedKind::Permission, lookup.text(lookup.estate.shown(principal).0), state);
        place(&mut row, &known);
        row.count = names.len() as u64;
        row.permissions = names;
        row.uncovered_days = u64::from(days);
        row.via = via.iter().cloned().collect();
        add(row);
    }
}

/// Fills in where a principal belongs.
pub(super) fn place(row: &mut UnusedRow, known: &Known) {
    row.account = Some(known.account.clone());
    row.environment = known.environment.clone();
    row.team = known.team.clone();
}

/// What is known of a policy, a statement or a group.
#[derive(Default)]
struct Found {
    used: bool,
    blind: bool,
    days: u32,
    /// What all holders share, if they do.
    shared: Option<[Option<String>; 3]>,
    /// Through which groups.
    via: BTreeSet<Text>,
}

impl Found {
    fn holder(&mut self, known: &Known) {
        let own = [Some(known.account.clone()), known.environment.clone(), known.team.clone()];
        match &mut self.shared {
            None => self.shared = Some(own),
            Some(shared) => {
                for (shared, own) in shared.iter_mut().zip(own) {
                    if *shared != own {
                        *shared = None;
                    }
                }
            }
        }
    }

    fn say(&mut self, used: bool, blind: bool, days: u32) {
        self.used |= used;
        self.blind |= blind;
        self.days = self.days.max(days);
    }

    fn row(self, lookup: &Lookup<'_>, kind: UnusedKind, id: String) -> Option<UnusedRow> {
        if self.used {
            return None;
        }
        let state = if self.blind { UseState::Unobservable } else { UseState::Unused };
        let mut row = lookup.row(kind, id, state);
        [row.account, row.environment, row.team] = self.shared.unwrap_or_default();
        row.uncovered_days = u64::from(self.days);
        row.via = self.via.into_iter().map(|group| lookup.text(group)).collect();
        row.via.sort();
        Some(row)
    }
}

fn policies(lookup: &mut Lookup<'_>, progress: &Progress, add: &mut Add<'_>) -> Result<(), Error> {
    let estate = lookup.estate;
    let mut policies: BTreeMap<PolicyId, Found> = BTreeMap::new();
    let mut statements: BTreeMap<(PolicyId, StatementId), Found> = BTreeMap::new();
    let mut groups: BTreeMap<Text, Found> = BTreeMap::new();
    for (number, principal) in lookup.principals().into_iter().enumerate() {
        progress.tick("comparing", number, None)?;
        let known = lookup.know(principal);
        let log = lookup.log(estate.principals[principal].account);
        let used: Vec<u16> = known.used().collect();
        let held: Vec<_> = estate
            .provider
            .own_grants(Tier::Active)
            .flat_map(|layer| estate.held(layer.id, principal).iter().copied())
            .collect();
        for held in held {
            let document = estate.policies[held.policy].document;
            let policy = policies.entry(held.policy).or_default();
            policy.holder(&known);
            policy.via.extend(held.via);
            if let Some(group) = held.via {
                groups.entry(group).or_default().holder(&known);
            }
            for (id, says) in estate.library.statements_of(document) {
                if says.effect == Effect::Deny {
                    continue;
                }
                let actions = &estate.library.action_sets[says.actions];
                let resources = &estate.library.resource_sets[says.resources];
                let mut within = used.iter().copied().filter(|id| actions.contains(*id));
                let is_used = within.any(|id| lookup.used_on(principal, id, resources));
                let blind = actions.ranges().iter().any(|&range| log.has_blind(range));
                let days = if blind { lookup.window.days().len() as u32 } else { 0 };
                let statement = statements.entry((held.policy, id)).or_default();
                statement.holder(&known);
                statement.via.extend(held.via);
                statement.say(is_used, blind, days);
                policy.say(is_used, blind, days);
                if let Some(group) = held.via.and_then(|group| groups.get_mut(&group)) {
                    group.say(is_used, blind, days);
                }
            }
        }
    }
    for (group, found) in groups {
        found.row(lookup, UnusedKind::Group, lookup.text(group)).map(&mut *add);
    }
    for (policy, found) in policies {
        found.row(lookup, UnusedKind::Policy, lookup.text(estate.policies[policy].name)).map(&mut *add);
    }
    for ((policy, statement), found) in statements {
        let says = &estate.library.statements[statement];
        let id = format!("{}#{}", estate.text(estate.policies[policy].name), says.index);
        if let Some(mut row) = found.row(lookup, UnusedKind::Statement, id) {
            let names = estate.library.action_sets[says.actions]
                .ranges()
                .iter()
                .flat_map(|&(start, end)| start..end)
                .map(|id| estate.universe.name(id).to_owned());
            row.permissions = names.collect();
            add(row);
        }
    }
    Ok(())
}

impl Lookup<'_> {
    /// Whether a permission was used on one of these resources, or perhaps on one.
    fn used_on(&self, principal: PrincipalId, permission: u16, resources: &ResourceSet) -> bool {
        let name = self.estate.universe.name(permission);
        let Some(one) = self.usage_of(principal).and_then(|of| of.permissions.get(name)) else {
            // Told by the provider, not by a log.
            return true;
        };
        if resources.is_everything() {
            return true;
        }
        let syntax = self.estate.provider.syntax;
        let matches = |id: &str| {
            let hit = resources.items.iter().any(|&item| {
                let text = self.estate.library.pattern_text(item);
                // A variable stands for anything.
                text.contains("${") || matches_text(text, id, syntax)
            });
            hit != resources.negated
        };
        one.observed().any(|seen| match seen.resource {
            Some(id) if seen.exact => matches(id),
            _ => true,
        })
    }
}

/// By group: the permissions that somebody of it used, or that may have been.
pub(super) fn used_by_group(
    lookups: &[Lookup<'_>],
    by: GroupBy,
) -> BTreeMap<Option<String>, BTreeSet<String>> {
    let mut used: BTreeMap<Option<String>, BTreeSet<String>> = BTreeMap::new();
    for lookup in lookups {
        for known in lookup.known.values() {
            let group = match by {
                GroupBy::Provider => Some(lookup.estate.provider.name.to_owned()),
                GroupBy::Account => Some(known.account.clone()),
                GroupBy::Environment => known.environment.clone(),
                GroupBy::Team => known.team.clone(),
            };
            let names = known.used().map(|id| lookup.estate.universe.name(id).to_owned());
            used.entry(group).or_default().extend(names);
        }
    }
    used
}
