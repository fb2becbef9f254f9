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
    /// The bundle that the members act through, where they do.
    pub(super) bundle: Option<Text>,
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
                    estate.principals.ids().find(acting)
                });
                return found.map(|id| Unit::of(estate, id)).ok_or(error);
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
            None => Unit { members: vec![principal], bundle: None },
            Some(bundle) => {
                let acting = |id: &PrincipalId| bundle_of(estate, *id) == Some(bundle);
                Unit { members: estate.principals.ids().filter(acting).collect(), bundle: Some(bundle) }
            }
        }
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
        let layers = estate.provider.own_grants(Tier::Active);
        let held: Vec<Held> = layers.flat_map(|spec| estate.held(spec.id, unit.first())).copied().collect();
        // Whoever leaves a group leaves all of its policies: they are exchanged together or not at all.
        let mut packages: BTreeMap<(Option<&str>, &str, usize), Vec<Held>> = BTreeMap::new();
        for (number, one) in held.into_iter().enumerate() {
            let policy = estate.text(estate.policies[one.policy].name);
            let via = one.via.map(|via| estate.text(via));
            let key = if via.is_some() { (via, "", 0) } else { (None, policy, number) };
            packages.entry(key).or_default().push(one);
        }
        for package in packages.values() {
            found.package(estate, unit, spec, shared, new_since, package);
        }
        found
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
            let owner =
                if managed { policy.name } else { held.via.unwrap_or(estate.principals[unit.first()].id) };
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
            if shared == Shared::Keep && (managed || held.via.is_some()) {
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
    unit.bundle.is_none().then(|| estate.principals[unit.first()].kind)
}
