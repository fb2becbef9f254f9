//! The statements of a layer that nearly apply, the closest first.

use super::differ::{Lies, Meeting};
use super::words;
use super::{MOST_ALLOWS, MOST_DENIALS};
use crate::access::answer::{NearMiss, StatementView};
use crate::access::can::{Question, view};
use crate::access::decide::Case;
use crate::access::scalar::{InForce, ScalarEvaluator};
use crate::base::Text;
use crate::condition::Tri;
use crate::model::{DocId, Effect};
use crate::provider::{Binding, LayerSpec};
use crate::snapshot::estate::{PolicyId, ScopeId};
use crate::snapshot::library::StatementId;
use crate::truth::Evaluator;
use std::collections::{BTreeMap, BTreeSet};

/// Which statements are looked for.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    pub(super) allows: bool,
    pub(super) denials: bool,
}

/// What all layers together may look at: a statement counts one and each of its patterns one.
pub(super) struct Budget {
    left: usize,
    exceeded: bool,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget { left: 200_000, exceeded: false }
    }
}

impl Budget {
    pub(super) fn spend(&mut self, amount: usize) -> bool {
        let left = self.left.checked_sub(amount);
        self.exceeded |= left.is_none();
        self.left = left.unwrap_or(0);
        left.is_some()
    }
}

#[derive(Default)]
pub(super) struct Near {
    pub(super) misses: Vec<NearMiss>,
    pub(super) left_out: usize,
    pub(super) incomplete: bool,
}

/// A document of a layer, and how it comes to bind.
#[derive(Clone, Copy)]
struct Place {
    policy: Option<PolicyId>,
    via: Option<Text>,
    scope: Option<ScopeId>,
    document: DocId,
    brought: bool,
}

type Key = (Option<PolicyId>, Option<Text>, Option<ScopeId>, StatementId);

/// A near miss and what it is ordered by.
struct Candidate {
    rank: (usize, usize),
    effect: Effect,
    miss: NearMiss,
}

pub(super) fn misses(
    asked: &Question<'_>,
    spec: &'static LayerSpec,
    wanted: Wanted,
    in_force: &[StatementView],
    budget: &mut Budget,
) -> Near {
    let mut near = Near::default();
    if !wanted.allows && !wanted.denials {
        return near;
    }
    budget.exceeded = false;
    let mut found: BTreeMap<(usize, Key), Candidate> = BTreeMap::new();
    for (number, case) in asked.cases.iter().enumerate() {
        of_case((number, case), spec, wanted, budget, &mut found);
    }
    // Whoever stands for several callers may hold one policy several times, and it may apply to one of them only.
    fn place(one: &StatementView) -> (&str, u16, &str, &[String], &str) {
        (&one.policy, one.index, one.effect, &one.via, &one.pointer)
    }
    let in_force: BTreeSet<_> = in_force.iter().filter(|one| one.layer == spec.name).map(place).collect();
    let mut all: Vec<Candidate> = found.into_values().collect();
    all.retain(|candidate| !in_force.contains(&place(&candidate.miss.statement)));
    all.sort_by(|a, b| order(a).cmp(&order(b)));
    all.dedup_by(|a, b| a.miss == b.miss);
    let mut room = [MOST_ALLOWS, MOST_DENIALS];
    for candidate in all {
        let slot = room.get_mut(usize::from(candidate.effect == Effect::Deny));
        match slot {
            Some(left) if *left > 0 => {
                *left -= 1;
                near.misses.push(candidate.miss);
            }
            _ => near.left_out += 1,
        }
    }
    near.incomplete = budget.exceeded;
    near
}

/// The closest first, then by place; of equal ones the sentence decides.
fn order(candidate: &Candidate) -> impl Ord + '_ {
    let statement = &candidate.miss.statement;
    let place = (&statement.policy, statement.index, &statement.via, &candidate.miss.scope);
    (candidate.rank, place, &candidate.miss.reason)
}

fn of_case(
    (number, case): (usize, &Case<'_>),
    spec: &'static LayerSpec,
    wanted: Wanted,
    budget: &mut Budget,
    found: &mut BTreeMap<(usize, Key), Candidate>,
) {
    let mut applies: BTreeSet<Key> = BTreeSet::new();
    for (_, mut evaluator) in case.evaluators() {
        for place in places(&mut evaluator, spec) {
            let scene = evaluator.scene(place.brought);
            for (id, statement) in scene.library.statements_of(place.document) {
                let looked_for = match statement.effect {
                    Effect::Allow => wanted.allows,
                    Effect::Deny => wanted.denials,
                };
                let key = (place.policy, place.via, place.scope, id);
                if !looked_for || applies.contains(&key) {
                    continue;
                }
                let meeting = Meeting { evaluator: &evaluator, scene: &scene, spec, statement };
                let compared = match meeting.compare(budget) {
                    Lies::Near(compared) => compared,
                    Lies::Far if budget.exceeded => return,
                    Lies::Far => continue,
                    // Where it applies to a part of what is asked, it is among the statements of the answer.
                    Lies::Applies => {
                        found.remove(&(number, key));
                        applies.insert(key);
                        continue;
                    }
                };
                let slot = found.get(&(number, key));
                if slot.is_some_and(|known| known.rank <= compared.rank) {
                    continue;
                }
                let in_force =
                    InForce { layer: spec.id, policy: place.policy, via: place.via, statement: id };
                let Some(view) = view(case, &in_force) else { continue };
                let reason = words::reason(&compared);
                let scope =
                    place.scope.map(|scope| case.estate.text(case.estate.scopes[scope].id).to_owned());
                let miss = NearMiss {
                    statement: view,
                    scope,
                    elements: compared.elements,
                    failed: compared.failed,
                    open: compared.open,
                    reason,
                };
                let candidate = Candidate { rank: compared.rank, effect: statement.effect, miss };
                found.insert((number, key), candidate);
            }
        }
    }
}

/// The documents that bind the question in a layer, in the order in which the rule meets them.
fn places(evaluator: &mut ScalarEvaluator<'_>, spec: &LayerSpec) -> Vec<Place> {
    let estate = evaluator.estate;
    let of = |policy: PolicyId, via, scope| Place {
        policy: Some(policy),
        via,
        scope,
        document: estate.policies[policy].document,
        brought: false,
    };
    match spec.binding {
        Binding::Principal => {
            let held = evaluator.caller.principal.map_or(&[][..], |id| estate.held(spec.id, id));
            held.iter().map(|held| of(held.policy, held.via, None)).collect()
        }
        Binding::PrincipalScope | Binding::ResourceScope => {
            let levels = Evaluator::<Tri>::levels(evaluator, spec.id);
            let scopes = (0..levels).filter_map(|level| evaluator.scope(spec, level));
            let of_scope = |scope: ScopeId| {
                let policies = estate.scopes[scope].policies.iter();
                let policies = policies.filter(|policy| estate.policies[**policy].layer == spec.id);
                policies.map(move |&policy| of(policy, None, Some(scope)))
            };
            scopes.flat_map(of_scope).collect()
        }
        Binding::Resource => {
            let resource = evaluator.part.resource.into_iter();
            let policies = resource.flat_map(|id| estate.resource_policies(id, spec.id));
            policies.map(|policy| of(policy, None, None)).collect()
        }
        Binding::Context(_) => {
            evaluator.named_policies(spec.id).map(|policy| of(policy, None, None)).collect()
        }
        Binding::Request => {
            let documents = evaluator.setting.brought.iter().flat_map(|brought| &brought.documents);
            let documents = documents.filter(|(layer, _)| *layer == spec.id);
            documents
                .map(|&(_, document)| Place { policy: None, via: None, scope: None, document, brought: true })
                .collect()
        }
        Binding::Rule => Vec::new(),
    }
}
