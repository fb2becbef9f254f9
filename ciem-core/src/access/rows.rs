//! All permissions at once, for one caller and one part: the evaluator of `what_can` and the matrix.

use super::caller::Caller;
use super::leaf::Scene;
use super::question::{Foregone, Part, Setting, fact_spec, in_own_account, part_facts};
use super::scalar::ScalarEvaluator;
use super::spoken::speak;
use crate::base::{Intervals, Row};
use crate::condition::Tri;
use crate::model::{DocId, Effect, LayerId};
use crate::provider::{Binding, FactSpec, LayerSpec};
use crate::snapshot::estate::{Estate, PolicyId};
use crate::truth::{Effects, Evaluator, FactId, Grants, Kleene, Truth};

pub(crate) struct RowEvaluator<'a> {
    estate: &'a Estate,
    caller: &'a Caller,
    part: &'a Part,
    setting: &'a Setting,
    len: u16,
    /// What is said of one layer, where it is not looked up.
    given: Option<(LayerId, &'a Effects<Pair>)>,
}

/// What statements say, poured into rows as it is found.
struct Gathered {
    len: u16,
    allow: Poured,
    deny: Poured,
}

struct Poured {
    surely: Row,
    perhaps: Row,
}

impl Poured {
    fn nothing() -> Self {
        Poured { surely: Row::None, perhaps: Row::None }
    }

    fn add(&mut self, degree: Tri, actions: &Intervals, len: u16) {
        match degree {
            Tri::No => {}
            Tri::Maybe => self.perhaps.pour(actions, len),
            Tri::Yes => self.surely.pour(actions, len),
        }
    }

    fn pair(self) -> Pair {
        let Poured { surely, mut perhaps } = self;
        if matches!(perhaps, Row::None) || matches!(surely, Row::All) {
            return Kleene::exact(surely);
        }
        perhaps.or(&surely);
        Kleene::between(surely, perhaps)
    }
}

impl Gathered {
    fn new(len: u16) -> Self {
        Gathered { len, allow: Poured::nothing(), deny: Poured::nothing() }
    }

    fn add(&mut self, effect: Effect, degree: Tri, actions: &Intervals) {
        match effect {
            Effect::Allow => self.allow.add(degree, actions, self.len),
            Effect::Deny => self.deny.add(degree, actions, self.len),
        }
    }

    fn effects(self) -> Effects<Pair> {
        Effects { allow: self.allow.pair(), deny: self.deny.pair() }
    }
}

type Pair = Kleene<Row>;

impl<'a> RowEvaluator<'a> {
    pub(crate) fn new(estate: &'a Estate, caller: &'a Caller, part: &'a Part, setting: &'a Setting) -> Self {
        RowEvaluator { estate, caller, part, setting, len: estate.universe.len(), given: None }
    }

    /// The same question, were this what the layer says.
    pub(super) fn given(self, layer: LayerId, effects: &'a Effects<Pair>) -> Self {
        RowEvaluator { given: Some((layer, effects)), ..self }
    }

    fn spec(&self, layer: LayerId) -> Option<&'static LayerSpec> {
        self.estate.provider.layer(layer)
    }

    fn scalar(&self) -> ScalarEvaluator<'a> {
        ScalarEvaluator::new(self.estate, self.caller, 0, self.part, self.setting)
    }

    fn scene(&self, brought: bool) -> Scene<'a> {
        let scene = Scene::of_part(self.estate, self.part, self.caller, self.setting);
        match &self.setting.brought {
            Some(own) if brought => Scene { library: &own.library, states: &own.states, brought, ..scene },
            _ => Scene { brought, ..scene },
        }
    }

    fn document(&self, scene: &Scene<'_>, document: DocId, gathered: &mut Gathered) {
        for (_, statement) in scene.library.statements_of(document) {
            let condition = || scene.condition_tri(statement.condition);
            speak(self.estate, self.part, scene, statement, condition, |degree, actions| {
                gathered.add(statement.effect, degree, actions);
            });
        }
    }

    fn policies(&self, layer: LayerId, policies: impl Iterator<Item = PolicyId>) -> Effects<Pair> {
        let scene = self.scene(false);
        let mut gathered = Gathered::new(self.len);
        for policy in policies {
            let policy = &self.estate.policies[policy];
            if policy.layer == layer {
                self.document(&scene, policy.document, &mut gathered);
            }
        }
        gathered.effects()
    }

    fn with_fact(&self, fact: FactId) -> Pair {
        let row = self.estate.universe.row(fact);
        Kleene::exact(row.cloned().unwrap_or(Row::None))
    }

    fn add_grants(&self, policy: PolicyId, grants: &mut Grants<Pair>) {
        let scene = self.scene(false);
        let scalar = self.scalar();
        for (_, statement) in self.estate.library.statements_of(self.estate.policies[policy].document) {
            let mut gathered = Gathered::new(self.len);
            let condition = || scene.condition_tri(statement.condition);
            speak(self.estate, self.part, &scene, statement, condition, |degree, actions| {
                gathered.add(Effect::Allow, degree, actions);
            });
            let says = gathered.allow.pair();
            if says.is_never() {
                continue;
            }
            let who = match statement.who {
                Some(who) => &self.estate.library.whos[who],
                None => {
                    match statement.effect {
                        Effect::Deny => grants.deny = grants.deny.or(&says),
                        Effect::Allow => {
                            grants.by_strength.iter_mut().for_each(|slot| *slot = slot.or(&says));
                        }
                    }
                    continue;
                }
            };
            if who.negated {
                let excepted = constant(scalar.excepted_degree(statement.who));
                match statement.effect {
                    Effect::Deny => {
                        grants.deny = grants.deny.or(&says.minus(&excepted));
                        grants.deny_excepted = grants.deny_excepted.or(&says.and(&excepted));
                    }
                    Effect::Allow => {
                        let says = says.minus(&excepted);
                        self.grant(crate::model::WhoEntry::Anyone, &says, grants);
                    }
                }
                continue;
            }
            for &entry in &who.entries {
                let degree = scalar.names_degree(entry);
                if degree == Tri::No {
                    continue;
                }
                let says = says.and(&constant(degree));
                match statement.effect {
                    Effect::Allow => self.grant(entry, &says, grants),
                    Effect::Deny => grants.deny = grants.deny.or(&says),
                }
            }
        }
    }

    fn grant(&self, entry: crate::model::WhoEntry, says: &Pair, grants: &mut Grants<Pair>) {
        let strength = (self.estate.provider.strength)(entry, self.caller.kind);
        if let Some(slot) = strength.and_then(|s| grants.by_strength.get_mut(usize::from(s.0))) {
            *slot = slot.or(says);
        }
    }
}

pub(super) fn constant(degree: Tri) -> Pair {
    match degree {
        Tri::No => Pair::never(),
        Tri::Yes => Pair::always(),
        Tri::Maybe => Kleene::maybe(Row::All),
    }
}

fn open() -> Effects<Pair> {
    Effects { allow: Pair::always(), deny: Pair::never() }
}

fn doubt() -> Effects<Pair> {
    Effects { allow: constant(Tri::Maybe), deny: constant(Tri::Maybe) }
}

impl Evaluator<Pair> for RowEvaluator<'_> {
    fn levels(&mut self, layer: LayerId) -> usize {
        Evaluator::<Tri>::levels(&mut self.scalar(), layer)
    }

    fn layer(&mut self, layer: LayerId, level: usize, _within: &Pair) -> Effects<Pair> {
        if let Some((_, effects)) = self.given.filter(|(given, _)| *given == layer) {
            return effects.clone();
        }
        let Some(spec) = self.spec(layer) else { return open() };
        match self.setting.foregone(self.estate, spec) {
            Some(Foregone::Silent) => return Gathered::new(self.len).effects(),
            Some(Foregone::Doubtful) => return doubt(),
            None => {}
        }
        match spec.binding {
            Binding::Principal => {
                if self.caller.unloaded {
                    let allow = if spec.grants { constant(Tri::Maybe) } else { Pair::always() };
                    return Effects { allow, deny: Pair::never() };
                }
                let held = self.caller.principal.map_or(&[][..], |id| self.estate.held(layer, id));
                if held.is_empty() && !spec.grants {
                    return open();
                }
                self.policies(layer, held.iter().map(|held| held.policy))
            }
            Binding::PrincipalScope | Binding::ResourceScope => {
                let scalar = self.scalar();
                match scalar.scope(spec, level) {
                    Some(scope) => self.policies(layer, self.estate.scopes[scope].policies.iter().copied()),
                    None => doubt(),
                }
            }
            Binding::Request => {
                let Some(brought) = &self.setting.brought else { return open() };
                let scene = self.scene(true);
                let mut gathered = Gathered::new(self.len);
                let mut any = false;
                for (_, document) in brought.documents.iter().filter(|(l, _)| *l == layer) {
                    any = true;
                    self.document(&scene, *document, &mut gathered);
                }
                if any { gathered.effects() } else { open() }
            }
            Binding::Context(_) => {
                let policies: Vec<PolicyId> = self.scalar().named_policies(layer).collect();
                if policies.is_empty() {
                    return open();
                }
                let mut grants = Grants::none();
                policies.into_iter().for_each(|policy| self.add_grants(policy, &mut grants));
                let allow = grants.by_strength.iter().fold(Pair::never(), |all, one| all.or(one));
                Effects { allow, deny: grants.deny }
            }
            Binding::Resource | Binding::Rule => Effects { allow: Pair::never(), deny: Pair::never() },
        }
    }

    fn grants(&mut self, layer: LayerId, _within: &Pair) -> Option<Grants<Pair>> {
        let spec = self.spec(layer)?;
        let policies: Vec<PolicyId> = match self.part.resource {
            Some(resource) => self.estate.resource_policies(resource, layer).collect(),
            None => Vec::new(),
        };
        let mut grants = Grants::none();
        if !policies.is_empty() {
            policies.into_iter().for_each(|policy| self.add_grants(policy, &mut grants));
            return Some(grants);
        }
        if !self.setting.own_policies {
            return None;
        }
        // The layer is missing for the permissions that need it, and in strict questions for all.
        let missing = match spec.required_for {
            Some(fact) => {
                let row = self.estate.universe.row(fact);
                let first = row.and_then(|row| row.ids(self.len).next())?;
                if !self.part.can_be_acted_on(self.estate, first) {
                    return None;
                }
                self.with_fact(fact)
            }
            None if self.part.may_lack(self.estate, self.setting, spec) => {
                let acting =
                    Kleene::exact(Row::from_intervals(self.estate.universe.with_resource(), self.len));
                grants.there = acting.clone();
                acting
            }
            None => return None,
        };
        let doubt = missing.and(&constant(Tri::Maybe));
        grants.by_strength.iter_mut().for_each(|slot| *slot = doubt.clone());
        grants.deny = doubt;
        Some(grants)
    }

    fn fact(&mut self, fact: FactId) -> Pair {
        let known = |holds: bool| constant(Tri::from(holds));
        match fact_spec(self.estate, fact) {
            FactSpec::Permission => self.with_fact(fact),
            FactSpec::Principal => known(self.caller.has(fact)),
            FactSpec::Asked => known(self.part.has(self.estate, fact)),
            FactSpec::Resource => {
                known(part_facts(self.estate, self.part, self.caller.account) >> fact.0 & 1 == 1)
            }
            FactSpec::SameAccount => known(in_own_account(self.estate, self.part, self.caller, self.setting)),
        }
    }
}
