//! Statements for what stays: each within the statement that it comes from.

use super::holdings::{Grant, Holdings};
use super::need::{Asked, Need};
use super::observed::{Narrower, Seen};
use super::options::Level;
use super::proposal::{Reason, Untouched};
use crate::base::Intervals;
use crate::model::SpellingMode;
use crate::provider::Narrowing;
use crate::usage::permission_use::PermissionUse;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Quotes and a comma: what a pattern costs beside its characters.
const BESIDE: usize = 3;

/// Key, operator, value.
type Condition = (String, &'static str, String);

/// What is left of one statement for some of its permissions.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
struct Part {
    /// `None`: as they are.
    resources: Option<Vec<String>>,
    conditions: Vec<Condition>,
}

/// The statements of the new policies.
#[derive(Default)]
pub(super) struct Drafted {
    pub(super) statements: Vec<Value>,
    /// Whether the lists of permissions, or of roles, are as short as can be.
    pub(super) optimal: bool,
    /// With fewer ready sets of permissions it cannot be done.
    pub(super) lower_bound: Option<u32>,
    pub(super) warnings: Vec<&'static str>,
}

/// What is left of all statements.
pub(super) struct Draft {
    /// By grant: its parts with their permissions.
    parts: Vec<BTreeMap<Part, Vec<u16>>>,
}

impl Draft {
    pub(super) fn new(asked: &Asked<'_>, holdings: &Holdings<'_>, need: &Need<'_>) -> Self {
        let mut draft = Draft { parts: holdings.grants.iter().map(|_| BTreeMap::new()).collect() };
        let drafter =
            Drafter { asked, need, holdings, narrower: Narrower::new(asked.estate, asked.options.most_ids) };
        for (permission, reasons) in need.reasons.iter().filter(|(_, reasons)| reasons.stays()) {
            let used = reasons.has(Reason::Used) && !need.told.contains(&permission);
            let narrowed = (asked.options.level >= Level::Resources && used && only_used(need, permission))
                .then(|| drafter.narrowed(permission))
                .flatten();
            let parts = narrowed.unwrap_or_else(|| drafter.as_it_is(permission));
            for (grant, part) in parts {
                if let Some(of) = draft.parts.get_mut(grant) {
                    of.entry(part).or_default().push(permission);
                }
            }
        }
        draft
    }

    /// Marks policies of which nothing goes: they need not be exchanged.
    pub(super) fn leave_whole(&self, asked: &Asked<'_>, holdings: &mut Holdings<'_>) {
        let library = &asked.estate.library;
        let mut changed: BTreeSet<usize> = BTreeSet::new();
        for (grant, parts) in holdings.grants.iter().zip(&self.parts) {
            let whole = &library.action_sets[grant.statement.actions];
            let as_it_is = parts.get(&Part::default()).map_or(0, Vec::len);
            if as_it_is != whole.ranges().iter().map(|(start, end)| usize::from(end - start)).sum::<usize>() {
                changed.insert(grant.policy);
            }
        }
        // A group is left with all of its policies or not at all.
        let groups: BTreeSet<String> =
            changed.iter().filter_map(|at| holdings.policies.get(*at)?.via.clone()).collect();
        for (at, policy) in holdings.policies.iter_mut().enumerate().filter(|(_, policy)| policy.replaced) {
            if !changed.contains(&at) && !policy.via.as_ref().is_some_and(|via| groups.contains(via)) {
                policy.replaced = false;
                holdings.untouched.push(Untouched { policy: policy.policy.clone(), reason: "all_needed" });
            }
        }
        holdings.untouched.sort_unstable();
    }

    /// The statements of the new policies; `ready`: of sets of permissions that the provider has ready, where these suffice.
    pub(super) fn statements(
        &self,
        asked: &Asked<'_>,
        holdings: &Holdings<'_>,
        mode: SpellingMode,
        ready: bool,
    ) -> Drafted {
        let replaced = |policy: usize| holdings.is_replaced(policy);
        // Statements that differ in permissions alone are one.
        let mut alike: BTreeMap<String, (Value, &Part, BTreeSet<u16>)> = BTreeMap::new();
        for (grant, parts) in
            holdings.grants.iter().zip(&self.parts).filter(|(grant, _)| replaced(grant.policy))
        {
            for (part, permissions) in parts {
                let empty = (asked.spec.narrowed)(&grant.written, &part.narrowing(&[]));
                let known = alike
                    .entry(empty.to_string())
                    .or_insert_with(|| (grant.written.clone(), part, BTreeSet::new()));
                known.2.extend(permissions);
            }
        }
        let mut drafted = Drafted { optimal: true, ..Drafted::default() };
        let statements = &mut drafted.statements;
        for (key, (written, part, permissions)) in &alike {
            let wanted = Intervals::from_ranges(permissions.iter().map(|id| (*id, id + 1)).collect());
            if ready {
                let allowed = self.allowed(asked, holdings, key);
                if let Some(cover) = asked.memory.ready(asked.estate, &wanted, &allowed) {
                    drafted.optimal &= cover.optimal;
                    *drafted.lower_bound.get_or_insert(0) += cover.lower_bound as u32;
                    let roles =
                        cover.chosen.iter().filter_map(|at| asked.estate.relations.ready_roles.get(*at));
                    statements.extend(roles.map(|role| (asked.spec.ready)(written, &role.written)));
                    continue;
                }
                drafted.warnings.push("built_in_roles_do_not_cover");
                *drafted.lower_bound.get_or_insert(0) += 1;
            }
            let spelled = asked.memory.spell(wanted, mode, asked.spec.one_star, BESIDE);
            drafted.optimal &= spelled.optimal;
            statements.push((asked.spec.narrowed)(written, &part.narrowing(&spelled.patterns)));
        }
        drafted.warnings.dedup();
        for (policy, denial) in &holdings.denials {
            if replaced(*policy) && !statements.contains(denial) {
                statements.push(denial.clone());
            }
        }
        drafted
    }

    /// All that the statements allow of which these are left.
    fn allowed(&self, asked: &Asked<'_>, holdings: &Holdings<'_>, key: &str) -> Intervals {
        let whole = Part::default();
        let empty = |grant: &Grant<'_>, part: &Part| {
            let written = (asked.spec.narrowed)(&grant.written, &part.narrowing(&[]));
            written.to_string()
        };
        let same = |grant: &&Grant<'_>| holdings.is_replaced(grant.policy) && empty(grant, &whole) == key;
        let sets = holdings.grants.iter().filter(same);
        let ranges =
            sets.flat_map(|grant| asked.estate.library.action_sets[grant.statement.actions].ranges());
        Intervals::from_ranges(ranges.copied().collect())
    }
}

impl Part {
    fn narrowing<'a>(&'a self, permissions: &'a [String]) -> Narrowing<'a> {
        Narrowing { permissions, resources: self.resources.as_deref(), conditions: &self.conditions }
    }
}

/// Whether nothing but what was seen speaks for a permission: what stays for other reasons too stays on everything.
fn only_used(need: &Need<'_>, permission: u16) -> bool {
    let Some(reasons) = need.reasons.get(permission) else { return false };
    let wider =
        [Reason::Protected, Reason::Calendar, Reason::NewGrant, Reason::Attempted, Reason::Unobservable];
    !wider.iter().any(|reason| reasons.has(*reason))
}

struct Drafter<'a, 'u> {
    asked: &'a Asked<'u>,
    need: &'a Need<'u>,
    holdings: &'a Holdings<'a>,
    narrower: Narrower<'a>,
}

impl Drafter<'_, '_> {
    fn grants(&self, permission: u16) -> impl Iterator<Item = (usize, &Grant<'_>)> {
        let library = &self.asked.estate.library;
        let grants = self.holdings.grants.iter().enumerate();
        grants.filter(move |(_, grant)| library.speaks_of(grant.statement, permission))
    }

    /// Every statement as it is, unless one says it all.
    fn as_it_is(&self, permission: u16) -> Vec<(usize, Part)> {
        let all = self.grants(permission).find(|(_, grant)| grant.everything && grant.unconditional);
        match all {
            Some((at, _)) => vec![(at, Part::default())],
            None => self.grants(permission).map(|(at, _)| (at, Part::default())).collect(),
        }
    }

    /// Statements narrowed to what was used; `None` where the logs do not tell what that was.
    fn narrowed(&self, permission: u16) -> Option<Vec<(usize, Part)>> {
        let uses = self.need.uses.get(&permission)?;
        let from = self.asked.window.from();
        let mut by_grant: BTreeMap<usize, BTreeSet<Seen>> = BTreeMap::new();
        for observed in uses.iter().flat_map(|one| one.observed()).filter(|one| one.last_seen >= from) {
            let id = (self.asked.estate.provider.canonical)(observed.resource?).into_owned();
            let seen = Seen { id, exact: observed.exact };
            let all: Vec<(usize, &Grant<'_>)> =
                self.grants(permission).filter(|(_, grant)| self.narrower.matches(grant, &seen)).collect();
            // No statement grants it there: the log does not name what the permission was checked on.
            if all.is_empty() {
                return None;
            }
            // A pattern of what was seen may lie in several statements; an id lies in one, which suffices if nothing more
            // is asked.
            let enough =
                all.iter().find(|(_, grant)| grant.unconditional && seen.exact && !has_variables(grant));
            for (at, _) in enough.map_or(all.as_slice(), std::slice::from_ref) {
                by_grant.entry(*at).or_default().insert(seen.clone());
            }
        }
        let conditions = self.conditions(uses);
        let part = |(at, seen): (usize, BTreeSet<Seen>)| {
            let grant = self.holdings.grants.get(at)?;
            let resources = self.narrower.narrow(grant, permission, &seen);
            Some((at, Part { resources, conditions: conditions.clone() }))
        };
        let parts: Vec<(usize, Part)> = by_grant.into_iter().filter_map(part).collect();
        (!parts.is_empty()).then_some(parts)
    }

    /// Keys that had one value in every use.
    fn conditions(&self, uses: &[&PermissionUse]) -> Vec<Condition> {
        if self.asked.options.level < Level::Conditions {
            return Vec::new();
        }
        let from = self.asked.window.from();
        let mut constant: Option<BTreeMap<&str, &str>> = None;
        for observed in uses.iter().flat_map(|one| one.observed()).filter(|one| one.last_seen >= from) {
            let here: BTreeMap<&str, &str> = observed.context().collect();
            match &mut constant {
                None => constant = Some(here),
                Some(known) => known.retain(|key, value| here.get(key) == Some(value)),
            }
        }
        let constant = constant.unwrap_or_default();
        let known = self.asked.spec.condition_keys.iter();
        known
            .filter_map(|(key, operator, only)| {
                let value = constant
                    .iter()
                    .find(|(known, _)| known.eq_ignore_ascii_case(key))
                    .map(|(_, value)| *value)?;
                // A wildcard or a variable in a value would be read as such.
                let plain = !value.contains(['*', '?', '$']);
                (plain && only.is_none_or(|only| only == value))
                    .then(|| ((*key).to_owned(), *operator, value.to_owned()))
            })
            .collect()
    }
}

fn has_variables(grant: &Grant<'_>) -> bool {
    grant.resources.iter().any(|resource| resource.contains("${"))
}
