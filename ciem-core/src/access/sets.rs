//! All principals at once, for one permission and one part: the evaluator of `who_can`.
//!
//! Statements are found through the indexes; a condition is evaluated once per question, and tests of the
//! principal's own facts become exact sets. Only clauses that mix the principal's facts with the request's are
//! tested holder by holder.

use super::context::{States, bind_some};
use super::gathered::Gathered;
use super::leaf::{CondLeaf, Scene};
use super::own_keys::principal_clause;
use super::question::{Asked, Foregone, Owner, Part, Setting, fact_spec};
use super::shared_sets::SharedSets;
use crate::base::IdSet;
use crate::condition::Tri;
use crate::model::{Clause, CondId, DocId, Effect, LayerId};
use crate::pattern::Template;
use crate::provider::{Binding, FactSpec, KeyScope, LayerSpec, ResourceTraits};
use crate::snapshot::estate::{AccountId, Estate, PolicyId};
use crate::snapshot::index::Guarded;
use crate::snapshot::library::{PatternKind, ResourceSetId, StatementId, Stmt};
use crate::truth::{
    Bits, Effects, Evaluator, FactId, Grants, Kleene, PrincipalId, PrincipalSet, Principals, Truth,
};
use hashbrown::HashMap;
use std::borrow::Cow;
use std::rc::Rc;

pub(super) type Ids = IdSet<PrincipalId>;

pub(crate) struct SetEvaluator<'a> {
    pub(crate) estate: &'a Estate,
    pub(crate) permission: u16,
    permission_facts: u32,
    part: &'a Part,
    setting: &'a Setting,
    /// What other parts of the question share.
    shared: &'a SharedSets<'a>,
    /// Who can still be allowed: nobody else is tested one by one.
    within: Rc<Ids>,
    /// Conditions that do not depend on who holds the statement, evaluated once.
    memo: HashMap<CondId, PrincipalSet, foldhash::fast::RandomState>,
}

pub(super) fn exactly(ids: Ids) -> PrincipalSet {
    Kleene::exact(Principals::these(ids))
}

pub(super) fn constant(degree: Tri) -> PrincipalSet {
    match degree {
        Tri::No => PrincipalSet::never(),
        Tri::Yes => PrincipalSet::always(),
        Tri::Maybe => Kleene::maybe(Principals::all()),
    }
}

/// Any of several sets: the union of all of them at once costs a fraction of one after the other.
fn any_of(sets: &[PrincipalSet]) -> PrincipalSet {
    if sets.iter().any(|set| set.open().is_some()) {
        return sets.iter().fold(PrincipalSet::never(), |all, set| all.or(set));
    }
    let union = |side: fn(&PrincipalSet) -> &Principals| Principals::union(sets.iter().map(side));
    if sets.iter().all(PrincipalSet::is_exact) {
        return Kleene::exact(union(PrincipalSet::poss));
    }
    Kleene::between(union(PrincipalSet::sure), union(PrincipalSet::poss))
}

fn from_degrees(degrees: impl Iterator<Item = (PrincipalId, Tri)>) -> PrincipalSet {
    let (mut sure, mut poss) = (Vec::new(), Vec::new());
    for (id, degree) in degrees {
        if degree == Tri::Yes {
            sure.push(id);
        }
        if degree != Tri::No {
            poss.push(id);
        }
    }
    let set = |ids: Vec<PrincipalId>| Principals::these(ids.into_iter().collect());
    Kleene::between(set(sure), set(poss))
}

/// Those who still matter are few below this part of everybody.
const FEW: u64 = 16;

/// What decides a clause or a variable.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum DependsOn {
    Request,
    /// The principal alone: one set for the whole life of the snapshot.
    Principal,
    /// Both, or the account of the principal as the resource's owner.
    Mixed,
}

impl<'a> SetEvaluator<'a> {
    /// `setting` must be bound to the part where the part's owner is known.
    pub(crate) fn new(
        estate: &'a Estate,
        permission: u16,
        part: &'a Part,
        setting: &'a Setting,
        shared: &'a SharedSets<'a>,
    ) -> Self {
        let permission_facts = estate.universe.facts(permission);
        let (within, memo) = (Rc::default(), HashMap::default());
        SetEvaluator { estate, permission, permission_facts, part, setting, shared, within, memo }
    }

    fn scene<'s>(&'s self, states: &'s States) -> Scene<'s> {
        Scene {
            provider: self.estate.provider,
            library: &self.estate.library,
            states,
            asked: &self.part.asked,
            permission: Some(self.permission),
            // Callers of every account ask at once: whose own the resource would be is left to the second phase.
            own_account: None,
            memo: None,
            brought: false,
        }
    }

    fn key_depends(&self, key: u32) -> DependsOn {
        match self.estate.library.key_scopes.get(key as usize) {
            Some(KeyScope::Principal(_)) => DependsOn::Principal,
            // Keys with a name of their own (tags) hang on the resource alone: without a record nothing is known of it.
            Some(KeyScope::Resource(fact))
                if self.part.owner == Owner::Caller
                    && (fact.rest.is_empty() || self.part.resource.is_some()) =>
            {
                DependsOn::Mixed
            }
            _ => DependsOn::Request,
        }
    }

    fn templates_depend(&self, templates: &[Template]) -> DependsOn {
        let keys = templates.iter().flat_map(Template::variables);
        let depends = keys.map(|(name, _)| match self.estate.library.conditions.find_key(name) {
            Some(key) => self.key_depends(key.id),
            None => DependsOn::Request,
        });
        depends.max().unwrap_or(DependsOn::Request)
    }

    fn clause_depends(&self, clause: &Clause) -> DependsOn {
        let templates = self.templates_depend(&clause.templates);
        match (self.key_depends(clause.key.id), templates, clause.templates.is_empty()) {
            (DependsOn::Principal, _, true) => DependsOn::Principal,
            (DependsOn::Request, DependsOn::Request, _) => DependsOn::Request,
            _ => DependsOn::Mixed,
        }
    }

    /// A condition as a set; clauses that must be tested one by one are tested for `candidates` only.
    fn condition(&mut self, id: CondId, candidates: &Ids) -> PrincipalSet {
        if id == CondId::ALWAYS {
            return PrincipalSet::always();
        }
        if let Some(known) = self.memo.get(&id).cloned().or_else(|| self.shared.condition(id)) {
            return known;
        }
        let mut lasting = true;
        let found = {
            let this = &*self;
            let scene = this.scene(&this.setting.states);
            scene.condition(id, &mut |scene, leaf| match leaf {
                CondLeaf::Missing(_) => constant(Tri::Maybe),
                CondLeaf::Clause(id) => {
                    let clause = scene.library.conditions.clause(id);
                    match this.clause_depends(clause) {
                        DependsOn::Request => constant(scene.clause(clause, false).degree),
                        DependsOn::Principal => this.principal_clause(clause),
                        DependsOn::Mixed => {
                            lasting = false;
                            let keys = this.principal_keys(&clause.templates, Some(clause.key.id));
                            this.one_by_one(candidates, &keys, &|scene| scene.clause(clause, false).degree)
                        }
                    }
                }
            })
        };
        if lasting {
            self.shared.keep_condition(id, &found, self.setting);
            self.memo.insert(id, found.clone());
        }
        found
    }

    /// A clause on a fact of the principal: computed once per snapshot, whatever is asked.
    fn principal_clause(&self, clause: &Clause) -> PrincipalSet {
        let given = || clause.test.eval(self.setting.states.base_state(clause.key.id));
        if self.setting.states.yields(clause.key.id) {
            return constant(given());
        }
        let cached = principal_clause(self.estate, &self.setting.states, clause);
        let (hits, open) = &*cached;
        if open.is_empty() {
            return exactly(hits.clone());
        }
        // Of these the facts tell nothing; the request's context may.
        let mut with_open = hits.clone();
        with_open.union_with(open);
        match given() {
            Tri::No => exactly(hits.clone()),
            Tri::Yes => exactly(with_open),
            Tri::Maybe => Kleene::between(Principals::these(hits.clone()), Principals::these(with_open)),
        }
    }

    /// Of a key and the variables of templates: what principals determine.
    fn principal_keys(&self, templates: &[Template], key: Option<u32>) -> Vec<u32> {
        let variables = templates.iter().flat_map(Template::variables);
        let variables =
            variables.filter_map(|(name, _)| Some(self.estate.library.conditions.find_key(name)?.id));
        let mut keys: Vec<u32> = variables
            .chain(key)
            .filter(|&key| self.estate.library.principal_keys.binary_search(&key).is_ok())
            .collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// Asks each of the candidates; `keys` are those of the principal's that decide.
    fn one_by_one(&self, candidates: &Ids, keys: &[u32], degree: &dyn Fn(&Scene<'_>) -> Tri) -> PrincipalSet {
        let mut setting = self.setting.clone();
        let mut last: Option<AccountId> = None;
        from_degrees(candidates.common(&self.within).iter().map(|id| {
            let account = self.estate.principals[id].account;
            if last != Some(account) {
                setting.bind_part(self.estate, Some(account), self.part);
                last = Some(account);
            }
            bind_some(self.estate, id, keys, &mut setting.states);
            (id, degree(&self.scene(&setting.states)))
        }))
    }

    fn resources(&self, id: ResourceSetId, candidates: &Ids) -> PrincipalSet {
        let set = &self.estate.library.resource_sets[id];
        let patterns = set.items.iter().map(|&item| self.estate.library.patterns[item]);
        let templates: Vec<Template> = patterns
            .filter(|entry| entry.kind == PatternKind::Template)
            .map(|entry| Template::parse(self.estate.library.texts.get(entry.text)))
            .collect();
        if self.templates_depend(&templates) != DependsOn::Request {
            let keys = self.principal_keys(&templates, None);
            return self.one_by_one(candidates, &keys, &|scene| scene.resources(id));
        }
        constant(self.scene(&self.setting.states).resources(id))
    }

    /// Whom a statement applies to among `candidates`.
    pub(super) fn statement(&mut self, statement: &Stmt, candidates: &Ids) -> PrincipalSet {
        if !self.estate.library.action_sets[statement.actions].contains(self.permission) {
            return PrincipalSet::never();
        }
        let resources = self.resources(statement.resources, candidates);
        if resources.is_never() {
            return PrincipalSet::never();
        }
        resources.and(&self.condition(statement.condition, candidates))
    }

    fn document(&mut self, document: DocId, candidates: &Ids, gathered: &mut Gathered) {
        let estate = self.estate;
        for (_, statement) in estate.library.statements_of(document) {
            let found = self.statement(statement, candidates);
            if !found.is_never() {
                gathered.add(statement.effect, &found, candidates);
            }
        }
    }

    /// What principals hold, through the indexes.
    fn held(&mut self, layer: LayerId, within: &Ids) -> Effects<PrincipalSet> {
        let estate = self.estate;
        let Some(index) = estate.holders.iter().find(|index| index.layer == layer) else {
            return Gathered::default().effects();
        };
        let mut gathered = Gathered::default();
        let universal = matches!(&self.part.asked, Asked::Pattern(pattern) if pattern.is_any());
        let always = |guarded: &&Guarded| guarded.condition == CondId::ALWAYS;
        for effect in [Effect::Allow, Effect::Deny] {
            let side = gathered.side(effect);
            let of = |guarded: &&Guarded| guarded.effect == effect && always(guarded);
            side.sure = self.shared.everything(index, effect).common(within);
            if universal {
                // Any particular resource will do: what can act there is indexed.
                let somewhere = || index.on_something(self.permission).filter(of);
                let of = |certain| somewhere().filter(move |g| g.certain == certain).map(|g| g.holders);
                side.open = index.sets.union(of(true));
                side.perhaps = index.sets.union(of(false));
                side.perhaps.union_with(&side.open);
                // No list of resources is all of them.
                if effect == Effect::Deny {
                    side.partly = side.perhaps.clone();
                }
            }
        }
        for guarded in index.on_everything(self.permission).filter(|g| !always(g)) {
            let holders = index.sets.common(guarded.holders, within);
            if !holders.is_empty() {
                let found = self.condition(guarded.condition, &holders);
                gathered.add(guarded.effect, &found, &holders);
            }
        }
        if universal {
            for guarded in index.on_something(self.permission).filter(|g| !always(g)) {
                let holders = index.sets.common(guarded.holders, within);
                let found = self.condition(guarded.condition, &holders);
                let open = if guarded.certain { Principals::all() } else { Principals::none() };
                let somewhere = constant(Tri::Maybe).varying(open, Principals::none());
                gathered.add(guarded.effect, &found.and(&somewhere), &holders);
            }
        } else {
            for statement in self.particular(index) {
                self.holders_of(index, statement, within, &mut gathered);
            }
        }
        for statement in index.excluding(self.permission) {
            self.holders_of(index, statement, within, &mut gathered);
        }
        gathered.effects()
    }

    fn holders_of(
        &mut self,
        index: &crate::snapshot::index::HolderIndex,
        id: StatementId,
        within: &Ids,
        gathered: &mut Gathered,
    ) {
        let mut holders = Ids::default();
        index.add_holders(id, &mut holders);
        holders.intersect_with(within);
        let statement = &self.estate.library.statements[id];
        let found = self.statement(statement, &holders);
        gathered.add(statement.effect, &found, &holders);
    }

    /// Statements about the asked resource, found by their patterns; each once.
    fn particular(&self, index: &crate::snapshot::index::HolderIndex) -> Vec<StatementId> {
        let estate = self.estate;
        let mut found: Vec<StatementId> = Vec::new();
        let mut visit = |pattern| {
            let contains = |id: &&StatementId| {
                let actions = estate.library.statements[**id].actions;
                estate.library.action_sets[actions].contains(self.permission)
            };
            found.extend(index.with_pattern(pattern).iter().filter(contains));
        };
        match &self.part.asked {
            Asked::Nothing => {}
            Asked::Id(id) => estate.resource_index.candidates(&estate.library, id, &mut visit),
            Asked::Pattern(pattern) => {
                estate.resource_index.overlapping(&estate.library, pattern, &mut visit)
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// A layer that only takes away: it stops whom its documents bind and do not let pass; everybody else passes.
    fn limits(&mut self, layer: LayerId, level: usize) -> Effects<PrincipalSet> {
        let estate = self.estate;
        let index = estate.limits.iter().find(|index| index.layer == layer);
        let (mut stopped, mut denied) = (Vec::new(), Vec::new());
        // To find the few who still matter costs more than to ask about all, unless they are few.
        let few = self.within.len() * FEW < estate.everybody.len();
        for limited in index.and_then(|index| index.levels.get(level)).into_iter().flatten() {
            let members = if few {
                Cow::Owned(limited.members.common(&self.within))
            } else {
                Cow::Borrowed(&limited.members)
            };
            if members.is_empty() {
                continue;
            }
            let (mut allow, mut deny) = (PrincipalSet::never(), PrincipalSet::never());
            for &document in &limited.documents {
                for (_, statement) in estate.library.statements_of(document) {
                    let found = self.statement(statement, &members);
                    let side = if statement.effect == Effect::Allow { &mut allow } else { &mut deny };
                    if !found.is_never() {
                        *side = side.or(&found);
                    }
                }
            }
            // Most let everybody pass and deny nothing.
            if !allow.is_everybody() {
                stopped.push(exactly(members.clone().into_owned()).minus(&allow));
            }
            if !deny.is_never() {
                denied.push(exactly(members.into_owned()).and(&deny));
            }
        }
        Effects { allow: any_of(&stopped).not(), deny: any_of(&denied) }
    }

    /// One level of guardrails that bind principals through their accounts.
    fn scope_level(&mut self, layer: LayerId, level: usize) -> Effects<PrincipalSet> {
        let estate = self.estate;
        let mut effects = self.limits(layer, level);
        if self.setting.strict {
            let outside = estate.accounts.iter().filter(|account| account.chain.is_empty());
            let mut unbound = Ids::default();
            outside.for_each(|account| unbound.insert_range(account.principals.clone()));
            effects = with_doubt(effects, unbound);
        }
        effects
    }

    /// From here on only these can still be allowed.
    fn narrow(&mut self, within: &PrincipalSet) -> Rc<Ids> {
        self.within = Rc::new(within.poss().among(&self.estate.everybody));
        Rc::clone(&self.within)
    }

    fn spec(&self, layer: LayerId) -> Option<&'static LayerSpec> {
        self.estate.provider.layer(layer)
    }
}

fn pass() -> Effects<PrincipalSet> {
    Effects { allow: PrincipalSet::always(), deny: PrincipalSet::never() }
}

fn silence() -> Effects<PrincipalSet> {
    Effects { allow: PrincipalSet::never(), deny: PrincipalSet::never() }
}

/// The same effects, of which nothing is known for `doubtful`.
fn with_doubt(effects: Effects<PrincipalSet>, doubtful: Ids) -> Effects<PrincipalSet> {
    let doubtful = Kleene::maybe(Principals::these(doubtful.clone()));
    let known = Kleene::exact(doubtful.poss().clone());
    Effects {
        allow: effects.allow.minus(&known).or(&doubtful),
        deny: effects.deny.minus(&known).or(&doubtful),
    }
}

impl Evaluator<PrincipalSet> for SetEvaluator<'_> {
    fn levels(&mut self, layer: LayerId) -> usize {
        let Some(spec) = self.spec(layer) else { return 0 };
        let given = self.estate.layers_given.contains(&layer);
        let deepest = || self.estate.accounts.iter().map(|account| account.chain.len()).max().unwrap_or(0);
        let levels = match (spec.binding, &self.part.owner) {
            (Binding::PrincipalScope, _) | (Binding::ResourceScope, Owner::Caller) => deepest(),
            (Binding::ResourceScope, Owner::Account(account)) => self.estate.accounts[*account].chain.len(),
            (Binding::ResourceScope, Owner::Elsewhere(_)) => 0,
            _ => return 1,
        };
        if given && levels > 0 { levels } else { usize::from(self.setting.strict) }
    }

    fn layer(&mut self, layer: LayerId, level: usize, within: &PrincipalSet) -> Effects<PrincipalSet> {
        let estate = self.estate;
        let Some(spec) = self.spec(layer) else { return pass() };
        match self.setting.foregone(estate, spec) {
            Some(Foregone::Silent) => return silence(),
            Some(Foregone::Doubtful) => return with_doubt(pass(), estate.everybody.clone()),
            None => {}
        }
        let candidates = self.narrow(within);
        match (spec.binding, &self.part.owner) {
            (Binding::Principal, _) if spec.grants => {
                let mut effects = self.held(layer, &candidates);
                if !estate.unloaded.is_empty() {
                    let unloaded = Kleene::maybe(Principals::these(estate.unloaded.clone()));
                    effects.allow = effects.allow.or(&unloaded);
                }
                effects
            }
            (Binding::Principal, _) => self.limits(layer, 0),
            (Binding::PrincipalScope, _) | (Binding::ResourceScope, Owner::Caller) => {
                if !estate.layers_given.contains(&layer) {
                    return with_doubt(pass(), estate.everybody.clone());
                }
                self.scope_level(layer, level)
            }
            (Binding::ResourceScope, owner) => {
                let scope = match owner {
                    Owner::Account(account) => estate.accounts[*account].chain.get(level).copied(),
                    _ => None,
                };
                let Some(scope) = scope.filter(|_| estate.layers_given.contains(&layer)) else {
                    return with_doubt(pass(), estate.everybody.clone());
                };
                let mut gathered = Gathered::default();
                for &policy in &estate.scopes[scope].policies {
                    if estate.policies[policy].layer == layer {
                        self.document(estate.policies[policy].document, &candidates, &mut gathered);
                    }
                }
                gathered.effects()
            }
            (Binding::Context(_), _) => {
                let named = self.setting.named.iter().find(|(l, _)| *l == layer).map(|(_, id)| *id);
                let policies: Vec<PolicyId> =
                    named.map(|id| estate.resource_policies(id, layer).collect()).unwrap_or_default();
                if policies.is_empty() {
                    return pass();
                }
                let mut grants = Grants::none();
                for policy in policies {
                    self.add_grants(policy, &candidates, &mut grants);
                }
                let allow = grants.by_strength.iter().fold(PrincipalSet::never(), |all, one| all.or(one));
                Effects { allow, deny: grants.deny }
            }
            (Binding::Request, _) => pass(),
            (Binding::Resource | Binding::Rule, _) => silence(),
        }
    }

    fn grants(&mut self, layer: LayerId, within: &PrincipalSet) -> Option<Grants<PrincipalSet>> {
        let spec = self.spec(layer)?;
        let estate = self.estate;
        let policies: Vec<PolicyId> = match self.part.resource {
            Some(resource) => estate.resource_policies(resource, layer).collect(),
            None => Vec::new(),
        };
        let mut grants = Grants::none();
        if policies.is_empty() {
            let required = spec.required_for.is_some_and(|fact| self.permission_facts >> fact.0 & 1 == 1)
                && self.part.can_be_acted_on(estate, self.permission);
            let strict = spec.required_for.is_none() && self.part.may_lack(estate, self.setting, spec);
            let nothing = self.part.asked == Asked::Nothing && !required;
            if !self.setting.own_policies || !(required || strict) || nothing {
                return None;
            }
            grants.by_strength.iter_mut().for_each(|slot| *slot = constant(Tri::Maybe));
            grants.deny = constant(Tri::Maybe);
            return Some(grants);
        }
        let candidates = self.narrow(within);
        for policy in policies {
            self.add_grants(policy, &candidates, &mut grants);
        }
        Some(grants)
    }

    fn fact(&mut self, fact: FactId) -> PrincipalSet {
        let estate = self.estate;
        let members = |account: AccountId| exactly(IdSet::range(estate.accounts[account].principals.clone()));
        match fact_spec(estate, fact) {
            FactSpec::Principal => {
                exactly(estate.with_fact.get(usize::from(fact.0)).cloned().unwrap_or_default())
            }
            FactSpec::Permission => constant(Tri::from(self.permission_facts >> fact.0 & 1 == 1)),
            FactSpec::Asked => constant(Tri::from(self.part.has(estate, fact))),
            FactSpec::SameAccount => match &self.part.owner {
                _ if !self.setting.own_policies => PrincipalSet::always(),
                Owner::Caller => PrincipalSet::always(),
                Owner::Account(account) => members(*account),
                Owner::Elsewhere(_) => PrincipalSet::never(),
            },
            FactSpec::Resource => {
                let holds = |management_account| {
                    let traits = ResourceTraits { flags: 0, management_account };
                    (estate.provider.resource_facts)(&traits) >> fact.0 & 1 == 1
                };
                match (self.part.resource, &self.part.owner) {
                    (Some(id), _) => constant(Tri::from(estate.resources[id].facts >> fact.0 & 1 == 1)),
                    (None, Owner::Account(id)) => constant(Tri::from(holds(estate.accounts[*id].management))),
                    (None, Owner::Elsewhere(_)) => constant(Tri::from(holds(false))),
                    (None, Owner::Caller) => {
                        let accounts = estate.accounts.entries();
                        let managing = accounts.filter(|(_, account)| holds(account.management));
                        managing.fold(PrincipalSet::never(), |all, (id, _)| all.or(&members(id)))
                    }
                }
            }
        }
    }
}
