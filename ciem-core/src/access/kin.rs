//! What a question about many permissions can see of a caller, as numbers: where they agree, so do the answers.
//!
//! As in `likeness`, but for any set of permissions: callers of one account differ by kind and facts, by what
//! guardrails and the policies of resources make of them, and by the policies that they hold and that speak of one of
//! the permissions.

use super::caller::Caller;
use super::context::States;
use super::likeness::{Hanging, Values};
use super::question::{Part, Setting};
use super::scalar::ScalarEvaluator;
use crate::base::Intervals;
use crate::condition::Tri;
use crate::model::{DocId, PrincipalKind};
use crate::pattern::Pattern;
use crate::provider::Binding;
use crate::snapshot::estate::{Estate, ResourceId};
use crate::snapshot::library::{ActionSetId, PatternKind, ResourceSetId, StatementId};
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use std::sync::Arc;

/// What a document can say, and what in it hangs on who holds it.
struct Content {
    statements: Vec<(ActionSetId, Ways)>,
    hanging: Hanging,
}

/// On what a statement is.
pub(super) enum Ways {
    /// Or it is too hard to tell.
    Anywhere,
    On(Vec<Pattern>),
}

impl Ways {
    pub(super) fn of(estate: &Estate, id: ResourceSetId) -> Ways {
        let set = &estate.library.resource_sets[id];
        if set.negated {
            return Ways::Anywhere;
        }
        let pattern = |&item| match estate.library.patterns[item].kind {
            PatternKind::Any | PatternKind::Template => None,
            PatternKind::Literal | PatternKind::Wild => {
                Pattern::parse(estate.library.pattern_text(item), estate.provider.syntax)
            }
        };
        let patterns: Option<Vec<Pattern>> = set.items.iter().map(pattern).collect();
        patterns.map_or(Ways::Anywhere, Ways::On)
    }

    pub(super) fn may_meet(&self, asked: &Pattern) -> bool {
        match self {
            Ways::Anywhere => true,
            Ways::On(patterns) => patterns.iter().any(|pattern| pattern.overlaps(asked)),
        }
    }
}

/// Numbers callers.
pub(super) struct Kin<'a> {
    estate: &'a Estate,
    guardrails: Hanging,
    of_resources: HashMap<ResourceId, Arc<Hanging>, RandomState>,
    contents: HashMap<DocId, Arc<Content>, RandomState>,
    values: Values,
    stances: HashMap<Box<[u32]>, u32, RandomState>,
}

/// A caller, aside from what it holds and from what is said of it by the policies of resources.
pub(super) struct Stance {
    number: u32,
    /// By resource: which of its statements tell the caller apart, and how.
    singled: Vec<(ResourceId, StatementId, u32)>,
}

impl<'a> Kin<'a> {
    pub(super) fn new(estate: &'a Estate) -> Self {
        let mut guardrails = Hanging::default();
        let policies = estate.scopes.ids().flat_map(|scope| &estate.scopes[scope].policies);
        for &policy in policies {
            for (_, statement) in estate.library.statements_of(estate.policies[policy].document) {
                guardrails.add(estate, statement);
            }
        }
        Kin {
            estate,
            guardrails: guardrails.sorted(),
            of_resources: HashMap::default(),
            contents: HashMap::default(),
            values: Values::default(),
            stances: HashMap::default(),
        }
    }

    /// `setting` is bound to the caller.
    pub(super) fn stance(&mut self, caller: &Caller, setting: &Setting) -> Stance {
        let estate = self.estate;
        let acting = caller.principal.is_some_and(|id| estate.principals[id].acting.is_some());
        // Whoever differs in what is not told here is like nobody else.
        let apart = !matches!(caller.kind, PrincipalKind::User | PrincipalKind::Role)
            || caller.unloaded
            || acting
            || caller.session_name.is_some()
            || setting.brought.is_some()
            || !setting.named.is_empty();
        let whose = caller.principal.map_or(u32::MAX, |id| id.0.saturating_add(1));
        let mut key = vec![
            caller.account.map_or(u32::MAX, |id| id.0),
            caller.kind as u32,
            caller.facts,
            if apart { whose } else { 0 },
        ];
        let guardrails = std::mem::take(&mut self.guardrails);
        self.tell(&setting.states, &guardrails, &mut key);
        self.guardrails = guardrails;
        let part = Part::nothing();
        let scalar = ScalarEvaluator::new(estate, caller, 0, &part, setting);
        let governed = estate.governed();
        let ids = [caller.id.known(), caller.unique_id];
        let mut singled = Vec::new();
        let all = governed.singling(ids.into_iter().flatten()).chain(governed.sessions().iter().copied());
        for (resource, statement) in all {
            let who = estate.library.statements[statement].who;
            let entries = who.map_or(&[][..], |who| &estate.library.whos[who].entries);
            for (at, &entry) in entries.iter().enumerate() {
                let degree = scalar.names_degree(entry);
                if degree != Tri::No {
                    let how = (at as u32) << 2 | degree as u32;
                    match resource {
                        Some(resource) => singled.push((resource, statement, how)),
                        None => key.extend([statement.0, how]),
                    }
                }
            }
        }
        singled.sort_unstable();
        singled.dedup();
        let next = self.stances.len() as u32;
        let number = *self.stances.entry(key.into()).or_insert(next);
        Stance { number, singled }
    }

    /// Tells apart callers whose answers on `actions` may differ, where these resources' policies have a say; without
    /// `resources` all have. What callers hold counts as far as it may be about what is `asked`.
    pub(super) fn key(
        &mut self,
        caller: &Caller,
        stance: &Stance,
        states: &States,
        resources: Option<&[ResourceId]>,
        asked: Option<&Pattern>,
        actions: &Intervals,
    ) -> Vec<u32> {
        let estate = self.estate;
        let mut key = vec![stance.number];
        for &(resource, statement, how) in &stance.singled {
            if resources.is_none_or(|all| all.contains(&resource)) {
                let set = estate.library.statements[statement].actions;
                if estate.library.action_sets[set].overlaps(actions) {
                    key.extend([statement.0, how]);
                }
            }
        }
        key.push(u32::MAX);
        for &resource in resources.unwrap_or_default() {
            let hanging = self.of_resource(resource);
            self.tell(states, &hanging, &mut key);
        }
        for spec in estate.provider.layers.iter().filter(|spec| spec.binding == Binding::Principal) {
            let held = caller.principal.map_or(&[][..], |id| estate.held(spec.id, id));
            // Whoever holds nothing of a limiting layer is not limited; that is not the same as holding what is silent.
            key.push(u32::from(held.is_empty()));
            for held in held {
                let content = self.content(estate.policies[held.policy].document);
                let counts = |(set, ways): &(ActionSetId, Ways)| {
                    estate.library.action_sets[*set].overlaps(actions)
                        && asked.is_none_or(|asked| ways.may_meet(asked))
                };
                if content.statements.iter().any(counts) {
                    key.extend([held.policy.0, held.via.map_or(u32::MAX, |via| via.0)]);
                    self.tell(states, &content.hanging, &mut key);
                }
            }
            key.push(u32::MAX);
        }
        key
    }

    /// What hangs on the caller in the policies of many resources.
    pub(super) fn hanging(&mut self, resources: &[ResourceId]) -> Hanging {
        let mut all = Hanging::default();
        for &resource in resources {
            all.join(&self.of_resource(resource));
        }
        all.sorted()
    }

    fn of_resource(&mut self, resource: ResourceId) -> Arc<Hanging> {
        let estate = self.estate;
        let found = self.of_resources.entry(resource).or_insert_with(|| {
            let mut hanging = Hanging::default();
            for &policy in &estate.resources[resource].policies {
                let statements = estate.library.statements_of(estate.policies[policy].document);
                statements.for_each(|(_, statement)| hanging.add(estate, statement));
            }
            Arc::new(hanging.sorted())
        });
        Arc::clone(found)
    }

    fn content(&mut self, document: DocId) -> Arc<Content> {
        let estate = self.estate;
        let found = self.contents.entry(document).or_insert_with(|| {
            let (mut statements, mut hanging) = (Vec::new(), Hanging::default());
            for (_, statement) in estate.library.statements_of(document) {
                statements.push((statement.actions, Ways::of(estate, statement.resources)));
                hanging.add(estate, statement);
            }
            Arc::new(Content { statements, hanging: hanging.sorted() })
        });
        Arc::clone(found)
    }

    /// What the facts of the caller make of conditions and variables.
    pub(super) fn tell(&mut self, states: &States, hanging: &Hanging, key: &mut Vec<u32>) {
        for &test in &hanging.tests {
            let clause = self.estate.library.conditions.clause(test);
            key.push(clause.test.eval(states.state(clause.key.id)) as u32);
        }
        for &name in &hanging.keys {
            key.push(self.values.number(states.state(name)));
        }
    }
}
