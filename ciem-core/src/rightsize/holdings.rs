//! What a principal, or everybody with the same bundle, holds: policies with their texts, and what each grants.

use super::options::Shared;
use super::proposal::Untouched;
use crate::access::caller::find_callers;
use crate::base::{Intervals, Text};
use crate::error::Error;
use crate::model::{Effect, PrincipalKind, Tier};
use crate::provider::{HeldPolicy, RemedySpec};
use crate::snapshot::estate::{Estate, Held};
use crate::snapshot::library::{PatternKind, Stmt};
use crate::truth::PrincipalId;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Who is rightsized together.
pub(super) struct Unit {
    pub(super) members: Vec<PrincipalId>,
    /// The bundle that the members act through, or the group whose policies are changed for all of them.
    pub(super) bundle: Option<Text>,
    pub(super) is_group: bool,
}

impl Unit {
    /// The principal of this id or name, and those that its policies cannot be told apart from; or all who act through
    /// the bundle of this id.
    pub(super) fn find(estate: &Estate, principal: &str) -> Result<Unit, Error> {
        let callers = match find_callers(estate, principal, None) {
            Ok(callers) => callers,
            Err(error) => {
                let found = estate.library.texts.find(principal).and_then(|bundle| {
                    let acting = |id: &PrincipalId| bundle_of(estate, *id) == Some(bundle);
                    let first = estate.principals.ids().find(acting).map(|id| Unit::of(estate, id));
                    first.or_else(|| Unit::group(estate, bundle))
                });
                return found.ok_or(error);
            }
        };
        let mut ids: Vec<PrincipalId> = callers.iter().filter_map(|caller| caller.principal).collect();
        ids.sort_unstable();
        let bundles: BTreeSet<Option<Text>> = ids.iter().map(|&id| bundle_of(estate, id)).collect();
        let [first, ..] = ids.as_slice() else {
            return Err(Error::invalid("principal", "not a principal that holds policies"));
        };
        if bundles.len() > 1 {
            let candidates = bundles.iter().flatten().map(|bundle| estate.text(*bundle).to_owned()).collect();
            return Err(Error::AmbiguousPrincipal { principal: principal.to_owned(), candidates });
        }
        Ok(Unit::of(estate, *first))
    }

    pub(super) fn of(estate: &Estate, principal: PrincipalId) -> Unit {
        match bundle_of(estate, principal) {
            None => Unit { members: vec![principal], bundle: None, is_group: false },
            Some(bundle) => {
                let acting = |id: &PrincipalId| bundle_of(estate, *id) == Some(bundle);
                let members = estate.principals.ids().filter(acting).collect();
                Unit { members, bundle: Some(bundle), is_group: false }
            }
        }
    }

    /// Everybody who holds what a group holds that nobody can let go of alone.
    fn group(estate: &Estate, group: Text) -> Option<Unit> {
        Unit::groups(estate, Some(group)).pop()
    }

    /// All such groups, or the one that is asked for, sorted by id.
    pub(super) fn groups(estate: &Estate, only: Option<Text>) -> Vec<Unit> {
        let mut members: BTreeMap<Text, Vec<PrincipalId>> = BTreeMap::new();
        let of_groups = &estate.relations.of_groups;
        for id in estate.principals.ids().filter(|_| !of_groups.is_empty()) {
            for held in held_by(estate, id, Tier::Active) {
                let group = of_groups.get(&estate.policies[held.policy].name).copied();
                let Some(group) = group.filter(|group| only.is_none_or(|only| only == *group)) else {
                    continue;
                };
                let known = members.entry(group).or_default();
                if known.last() != Some(&id) {
                    known.push(id);
                }
            }
        }
        let mut members: Vec<_> = members.into_iter().collect();
        members.sort_unstable_by_key(|(group, _)| estate.text(*group));
        let unit = |(group, members)| Unit { members, bundle: Some(group), is_group: true };
        members.into_iter().map(unit).collect()
    }

    /// Whether somebody of the unit stands for people who are not known.
    pub(super) fn is_open(&self, estate: &Estate) -> bool {
        let of_groups = self.is_group || self.bundle.is_none();
        of_groups && self.members.iter().any(|id| estate.principals[*id].kind == PrincipalKind::Group)
    }

    /// The id of the bundle or of the one member.
    pub(super) fn name(&self, estate: &Estate) -> Text {
        self.bundle.unwrap_or_else(|| estate.shown(self.first()).0)
    }

    pub(super) fn first(&self) -> PrincipalId {
        // INVARIANT: a unit has a member.
        self.members.first().copied().unwrap_or(PrincipalId(0))
    }
}

/// What somebody holds that gives access of a tier and those below.
fn held_by(estate: &Estate, id: PrincipalId, tier: Tier) -> impl Iterator<Item = &Held> {
    estate.provider.own_grants(tier).flat_map(move |spec| estate.held(spec.id, id))
}

/// What somebody acts through, if they do.
pub(super) fn bundle_of(estate: &Estate, principal: PrincipalId) -> Option<Text> {
    estate.principals[principal].acting.as_ref().map(|acting| acting.bundle)
}

/// An Allow statement: what it means, and how it is written.
pub(super) struct Grant<'a> {
    pub(super) statement: &'a Stmt,
    pub(super) written: Value,
    /// Whether it says so of all ids but the listed ones, and the list.
    pub(super) negated: bool,
    pub(super) resources: Vec<String>,
    /// Which of the policies it is of.
    pub(super) policy: usize,
    /// Whether it applies whatever the request's context is.
    pub(super) unconditional: bool,
    /// Whether it grants on everything.
    pub(super) everything: bool,
}

/// All policies of a unit, and what those grant that can be exchanged.
pub(super) struct Holdings<'a> {
    pub(super) policies: Vec<HeldPolicy>,
    /// By policy: what the estate knows it by.
    pub(super) names: Vec<(Text, Option<Text>)>,
    pub(super) grants: Vec<Grant<'a>>,
    /// Statements that deny, by policy: they stay with whatever replaces it.
    pub(super) denials: Vec<(usize, Value)>,
    pub(super) untouched: Vec<Untouched>,
}

impl<'a> Holdings<'a> {
    pub(super) fn of(
        estate: &'a Estate,
        unit: &Unit,
        spec: &RemedySpec,
        shared: Shared,
        new_since: Option<u32>,
    ) -> Self {
        let mut found = Holdings {
            policies: Vec::new(),
            names: Vec::new(),
            grants: Vec::new(),
            denials: Vec::new(),
            untouched: Vec::new(),
        };
        let held: Vec<Held> = held_by(estate, unit.first(), Tier::Active).copied().collect();
        let of_group =
            |held: &Held| estate.relations.of_groups.get(&estate.policies[held.policy].name).copied();
        let held = if unit.is_group {
            // Once, whatever groups in between it comes through.
            let mut seen = BTreeSet::new();
            let own = |held: &Held| of_group(held) == unit.bundle && seen.insert(held.policy);
            held.into_iter().filter(own).map(|held| Held { via: None, ..held }).collect()
        } else {
            found.leave(estate, held_by(estate, unit.first(), Tier::Eligible), "eligible", &held);
            held
        };
        // Whoever leaves a group leaves all of its policies: they are exchanged together or not at all.
        let mut packages: BTreeMap<(Option<&str>, &str, usize), Vec<Held>> = BTreeMap::new();
        for (number, one) in held.into_iter().enumerate() {
            let policy = estate.text(estate.policies[one.policy].name);
            let via = one.via.map(|via| estate.text(via)).filter(|_| spec.leaves_groups);
            let key = if via.is_some() { (via, "", 0) } else { (None, policy, number) };
            packages.entry(key).or_default().push(one);
        }
        for package in packages.values() {
            found.package(estate, unit, spec, shared, new_since, package);
        }
        found
    }

    /// Notes policies that stay as they are, but for those that are looked at.
    fn leave<'h>(
        &mut self,
        estate: &Estate,
        held: impl Iterator<Item = &'h Held>,
        reason: &'static str,
        but: &[Held],
    ) {
        let others: BTreeSet<Text> =
            held.filter(|one| !but.contains(one)).map(|one| estate.policies[one.policy].name).collect();
        let left = others.into_iter().map(|name| Untouched { policy: estate.text(name).to_owned(), reason });
        self.untouched.extend(left);
    }

    fn package(
        &mut self,
        estate: &'a Estate,
        unit: &Unit,
        spec: &RemedySpec,
        shared: Shared,
        new_since: Option<u32>,
        package: &[Held],
    ) {
        let first = self.policies.len();
        let mut why: Option<&'static str> = None;
        let mut read: Vec<(usize, &Held, Vec<Value>)> = Vec::new();
        for held in package {
            let policy = &estate.policies[held.policy];
            let name = estate.text(policy.name);
            let managed = (spec.is_policy_id)(name);
            // A policy with an id of its own is its own; others are parts of who has them.
            let owner = match managed || spec.named_once {
                true => policy.name,
                false => held.via.unwrap_or(estate.principals[unit.first()].id),
            };
            let library = &estate.library;
            let text = library.written.get(policy.document, owner, policy.name, &library.texts);
            let doubted =
                library.statements_of(policy.document).any(|(_, s)| library.has_missing(s.condition));
            let statements = match &text {
                _ if doubted => Err("document_missing"),
                None => Err("document_missing"),
                Some(text) => (spec.statements)(text),
            };
            let young = new_since
                .is_some_and(|since| estate.usage.day_made(policy.name).is_some_and(|day| day >= since));
            let is_shared = managed || held.via.is_some();
            if is_shared && shared == Shared::Keep || held.via.is_some() && !spec.leaves_groups {
                why = why.or(Some("shared"));
            } else if young {
                why = why.or(Some("new_grant"));
            }
            let via = held.via.map(|via| estate.text(via).to_owned());
            let number = self.policies.len();
            self.names.push((policy.name, held.via));
            self.policies.push(HeldPolicy { policy: name.to_owned(), via, managed, text, replaced: false });
            match statements {
                Ok(statements) => read.push((number, held, statements)),
                Err(reason) => why = why.or(Some(reason)),
            }
        }
        if let Some(reason) = why {
            let names = self.policies.get(first..).unwrap_or(&[]).iter().map(|policy| policy.policy.clone());
            self.untouched.extend(names.map(|policy| Untouched { policy, reason }));
            return;
        }
        for (number, held, statements) in read {
            if let Some(policy) = self.policies.get_mut(number) {
                policy.replaced = true;
            }
            for (_, statement) in estate.library.statements_of(estate.policies[held.policy].document) {
                let Some(written) = statements.get(usize::from(statement.index)) else { continue };
                if statement.effect == Effect::Deny {
                    self.denials.push((number, written.clone()));
                    continue;
                }
                let (negated, resources) = (spec.resources)(written);
                self.grants.push(Grant {
                    statement,
                    written: written.clone(),
                    negated,
                    resources,
                    policy: number,
                    unconditional: statement.condition == crate::model::CondId::ALWAYS,
                    everything: everything(estate, statement),
                });
            }
        }
    }

    pub(super) fn is_replaced(&self, policy: usize) -> bool {
        self.policies.get(policy).is_some_and(|policy| policy.replaced)
    }

    pub(super) fn any_replaced(&self) -> bool {
        self.policies.iter().any(|policy| policy.replaced)
    }

    /// All permissions that the exchangeable policies grant.
    pub(super) fn granted(&self, estate: &Estate) -> Intervals {
        let sets = self.grants.iter().map(|grant| &estate.library.action_sets[grant.statement.actions]);
        Intervals::from_ranges(sets.flat_map(|set| set.ranges()).copied().collect())
    }
}

fn everything(estate: &Estate, statement: &Stmt) -> bool {
    let set = &estate.library.resource_sets[statement.resources];
    let any = |item: &_| estate.library.patterns[*item].kind == PatternKind::Any;
    set.is_everything() || !set.negated && set.items.iter().any(any)
}

/// What tells whose policies can be changed in place: none for a bundle.
pub(super) fn kind(estate: &Estate, unit: &Unit) -> Option<PrincipalKind> {
    match unit.bundle {
        None => Some(estate.principals[unit.first()].kind),
        Some(_) => unit.is_group.then_some(PrincipalKind::Group),
    }
}
