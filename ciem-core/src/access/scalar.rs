//! One caller, one permission, one part: the evaluator of verdicts, traces and residual conditions.

use super::caller::Caller;
use super::leaf::Scene;
use super::memo::{Leaf, Memo};
use super::question::{Asked, Foregone, Owner, Part, Setting, fact_spec, in_own_account, part_facts};
use crate::base::Text;
use crate::condition::{Atom, Expr, MissingFact, Tri};
use crate::model::{DocId, Effect, LayerId, WhoEntry};
use crate::provider::{Binding, FactSpec, LayerSpec};
use crate::snapshot::estate::{AccountId, Estate, Held, PolicyId};
use crate::snapshot::library::{Library, StatementId, Stmt, WhoId, per_effect};
use crate::truth::{Effects, Evaluator, FactId, Grants, Mark, Scalar, Truth};
use std::sync::Arc;

/// A statement in force, for explanations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InForce {
    pub(crate) layer: LayerId,
    /// `None` for documents that came with the request.
    pub(crate) policy: Option<PolicyId>,
    pub(crate) via: Option<Text>,
    pub(crate) statement: StatementId,
}

pub(crate) struct ScalarEvaluator<'a> {
    pub(crate) estate: &'a Estate,
    pub(crate) caller: &'a Caller,
    pub(crate) permission: u16,
    pub(crate) permission_facts: u32,
    pub(crate) part: &'a Part,
    pub(crate) setting: &'a Setting,
    /// Where answers to leaves are remembered.
    pub(crate) memo: Option<Memo<'a>>,
    /// Filled where statements are traced.
    pub(crate) trace: Vec<InForce>,
}

impl<'a> ScalarEvaluator<'a> {
    pub(crate) fn new(
        estate: &'a Estate,
        caller: &'a Caller,
        permission: u16,
        part: &'a Part,
        setting: &'a Setting,
    ) -> Self {
        let permission_facts = estate.universe.facts(permission);
        let (memo, trace) = (None, Vec::new());
        ScalarEvaluator { estate, caller, permission, permission_facts, part, setting, memo, trace }
    }

    fn spec(&self, layer: LayerId) -> Option<&'static LayerSpec> {
        self.estate.provider.layer(layer)
    }

    pub(crate) fn scene(&self, brought: bool) -> Scene<'a> {
        let (library, states): (&Library, _) = match (&self.setting.brought, brought) {
            (Some(brought), true) => (&brought.library, &brought.states),
            _ => (&self.estate.library, &self.setting.states),
        };
        Scene {
            provider: self.estate.provider,
            library,
            states,
            asked: &self.part.asked,
            permission: Some(self.permission),
            own_account: self.part.own_account(self.estate, self.caller),
            memo: self.memo,
            brought,
        }
    }

    /// The account whose chain of guardrails binds this layer.
    fn chain_account(&self, binding: Binding) -> Option<AccountId> {
        match (binding, &self.part.owner) {
            (Binding::ResourceScope, Owner::Account(account)) => Some(*account),
            (Binding::ResourceScope, Owner::Elsewhere(_)) => None,
            _ => self.caller.account,
        }
    }

    /// The node of guardrails at a level of the chain that binds this layer.
    pub(crate) fn scope(&self, spec: &LayerSpec, level: usize) -> Option<crate::snapshot::estate::ScopeId> {
        let chain = &self.estate.accounts[self.chain_account(spec.binding)?].chain;
        if self.estate.layers_given.contains(&spec.id) { chain.get(level).copied() } else { None }
    }

    /// The policies of the resource record that the request names for this layer.
    pub(crate) fn named_policies(&self, layer: LayerId) -> impl Iterator<Item = PolicyId> + use<'a> {
        let estate = self.estate;
        let named = self.setting.named.iter().find(|(l, _)| *l == layer).map(|(_, id)| *id);
        named.into_iter().flat_map(move |resource| estate.resource_policies(resource, layer))
    }

    fn may_lack(&self, spec: &LayerSpec) -> bool {
        let found = || self.part.may_lack(self.estate, self.setting, spec);
        match self.memo {
            Some(memo) if self.setting.strict && spec.apart.is_none() => {
                let answer = memo.leaves.answer(Leaf::UnknownPolicy, memo.marks.asked, || found().into());
                answer.degree == Tri::Yes
            }
            _ => found(),
        }
    }

    /// Whether a statement's principals may include the caller.
    pub(crate) fn may_name(&self, who: Option<WhoId>) -> bool {
        let Some(who) = who else { return true };
        let named = &self.estate.library.whos[who];
        named.negated || named.entries.iter().any(|&entry| self.names(entry).0 != Tri::No)
    }

    /// How far an entry names the caller.
    pub(crate) fn names_degree(&self, entry: WhoEntry) -> Tri {
        self.names(entry).0
    }

    /// Whether a statement of a resource's policy is about the caller. A denial of everybody but some may be about these
    /// too (AWS-9): the rule tells.
    pub(crate) fn concerns(&self, statement: &Stmt) -> bool {
        let Some(who) = statement.who else { return true };
        let named = &self.estate.library.whos[who];
        match (named.negated, statement.effect) {
            (false, _) => self.may_name(Some(who)),
            (true, Effect::Allow) => self.excepted::<Tri>(who) != Tri::Yes,
            (true, Effect::Deny) => true,
        }
    }

    pub(crate) fn excepted_degree(&self, who: Option<WhoId>) -> Tri {
        who.map_or(Tri::No, |who| self.excepted(who))
    }

    /// What a statement says, who it names aside.
    pub(crate) fn statement<T: Scalar>(
        &mut self,
        scene: &Scene<'_>,
        layer: LayerId,
        held: Option<Held>,
        id: StatementId,
        statement: &Stmt,
    ) -> T {
        if !scene.library.speaks_of(statement, self.permission) {
            return T::never();
        }
        let resources = scene.resources(statement.resources);
        if resources == Tri::No {
            return T::never();
        }
        let condition = scene.condition_tri(statement.condition);
        if condition == Tri::No {
            return T::never();
        }
        if T::TRACES {
            let (policy, via) = (held.map(|h| h.policy), held.and_then(|h| h.via));
            self.trace.push(InForce { layer, policy, via, statement: id });
        }
        T::leaf(
            Tri::and(resources, condition),
            || scene.resources_expr(statement.resources).and(scene.condition_expr(statement.condition)),
            || scene.resources_mark(statement.resources).and(&scene.condition_mark(statement.condition)),
        )
    }

    fn add_document<T: Scalar>(
        &mut self,
        scene: &Scene<'_>,
        layer: LayerId,
        held: Option<Held>,
        document: DocId,
        effects: &mut Effects<T>,
    ) {
        for (id, statement) in scene.library.statements_of(document) {
            let found: T = self.statement(scene, layer, held, id, statement);
            if found.is_never() {
                continue;
            }
            match statement.effect {
                Effect::Allow => effects.allow = effects.allow.or(&found),
                Effect::Deny => effects.deny = effects.deny.or(&found),
            }
        }
    }

    fn policies<T: Scalar>(&mut self, layer: LayerId, policies: impl Iterator<Item = Held>) -> Effects<T> {
        let scene = self.scene(false);
        let mut effects = none();
        for held in policies {
            let policy = &self.estate.policies[held.policy];
            if policy.layer == layer {
                self.add_document(&scene, layer, Some(held), policy.document, &mut effects);
            }
        }
        effects
    }

    fn missing<T: Scalar>(&self, spec: &LayerSpec, subject: Subject<'_>, effect: Effect) -> T {
        T::leaf(
            Tri::Maybe,
            || missing_atom(spec, subject.to_string(), effect),
            || Mark::of(&("layer", spec.id, effect == Effect::Deny, subject)),
        )
    }

    /// A layer of which nothing is known may allow anything, and deny anything.
    fn doubt<T: Scalar>(&self, spec: &LayerSpec, subject: Subject<'_>) -> Effects<T> {
        Effects {
            allow: self.missing(spec, subject, Effect::Allow),
            deny: self.missing(spec, subject, Effect::Deny),
        }
    }

    /// How an entry names the caller, with the session name that it depends on.
    fn names(&self, entry: WhoEntry) -> (Tri, Option<Text>) {
        use crate::model::PrincipalKind::{Anonymous, Federated, Service};
        let text = |text| self.estate.text(text);
        let caller = self.caller;
        let outside = matches!(caller.kind, Anonymous | Federated | Service);
        match entry {
            WhoEntry::Anyone => (Tri::Yes, None),
            WhoEntry::Account(account) => (Tri::from(!outside && caller.account_id.is(account)), None),
            WhoEntry::Principal(id) => (Tri::from(caller.id.is(id)), None),
            WhoEntry::UniqueId(id) => (Tri::from(caller.unique_id == Some(id)), None),
            WhoEntry::Service(name) => (Tri::from(caller.kind == Service && caller.id.is(name)), None),
            WhoEntry::Federated(name) => (Tri::from(caller.kind == Federated && caller.id.is(name)), None),
            WhoEntry::Session { account, role, session } => {
                let same = caller.kind == crate::model::PrincipalKind::Role
                    && caller.account_id.is(account)
                    && caller.name.text(self.estate).eq_ignore_ascii_case(text(role));
                match (&caller.session_name, same) {
                    (_, false) => (Tri::No, None),
                    (Some(name), true) => (Tri::from(name.is(session)), None),
                    (None, true) => (Tri::Maybe, Some(session)),
                }
            }
            WhoEntry::Nobody => (Tri::No, None),
        }
    }

    /// The caller is one of the entries. An account entry of `NotPrincipal` may or may not cover its principals
    /// (AWS-10).
    fn excepted<T: Scalar>(&self, who: WhoId) -> T {
        let entries = &self.estate.library.whos[who].entries;
        entries.iter().fold(T::never(), |all, &entry| {
            let (degree, session) = self.names(entry);
            let account = matches!(entry, WhoEntry::Account(_));
            let root = self.caller.kind == crate::model::PrincipalKind::Root;
            let found = if account && degree == Tri::Yes && !root {
                let doubt = || Expr::atom(Atom::Missing(Arc::new(not_principal_doubt())));
                T::leaf(Tri::Maybe, doubt, || Mark::of(&"excepted account"))
            } else {
                self.session_leaf(degree, session)
            };
            all.or(&found)
        })
    }

    /// The session has this name.
    fn session_leaf<T: Scalar>(&self, degree: Tri, session: Option<Text>) -> T {
        let atom = |text| Expr::atom(Atom::SessionName(self.estate.library.texts.get(text).to_owned()));
        let expr = || session.map_or(Expr::Never, atom);
        T::leaf(degree, expr, || Mark::of(&("session", session)))
    }

    fn add_grants<T: Scalar>(&mut self, layer: LayerId, policy: PolicyId, grants: &mut Grants<T>) {
        let scene = self.scene(false);
        let held = Some(Held { policy, via: None });
        let document = self.estate.policies[policy].document;
        for (id, statement) in scene.library.statements_of(document) {
            let traced = self.trace.len();
            let says: T = self.statement(&scene, layer, held, id, statement);
            if T::TRACES && !self.concerns(statement) {
                self.trace.truncate(traced);
                continue;
            }
            // Nobody is named by a statement without principals (AWS-11), except where a document is missing.
            if says.is_never() {
                continue;
            }
            let Some(who) = statement.who else {
                self.unnamed(statement.effect, &says, grants);
                continue;
            };
            let named = &scene.library.whos[who];
            if named.negated {
                let excepted: T = self.excepted(who);
                match statement.effect {
                    Effect::Deny => {
                        grants.deny = grants.deny.or(&says.minus(&excepted));
                        grants.deny_excepted = grants.deny_excepted.or(&says.and(&excepted));
                    }
                    Effect::Allow => {
                        let says = says.minus(&excepted);
                        self.grant(WhoEntry::Anyone, &says, grants);
                    }
                }
                continue;
            }
            for &entry in &named.entries {
                let (degree, session) = self.names(entry);
                if degree == Tri::No {
                    continue;
                }
                let named: T = self.session_leaf(degree, session);
                let says = says.and(&named);
                match statement.effect {
                    Effect::Allow => self.grant(entry, &says, grants),
                    Effect::Deny => grants.deny = grants.deny.or(&says),
                }
            }
        }
    }

    /// A statement whose document is not known names everybody, as strongly as may be.
    fn unnamed<T: Scalar>(&self, effect: Effect, says: &T, grants: &mut Grants<T>) {
        match effect {
            Effect::Deny => grants.deny = grants.deny.or(says),
            Effect::Allow => grants.by_strength.iter_mut().for_each(|slot| *slot = slot.or(says)),
        }
    }

    fn grant<T: Scalar>(&self, entry: WhoEntry, says: &T, grants: &mut Grants<T>) {
        let strength = (self.estate.provider.strength)(entry, self.caller.kind);
        if let Some(slot) = strength.and_then(|s| grants.by_strength.get_mut(usize::from(s.0))) {
            *slot = slot.or(says);
        }
    }
}

/// Of whom or what a layer is missing.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Subject<'a> {
    Account(&'a str),
    Caller(&'a str),
    Resource(&'a Asked),
}

impl std::fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Subject::Account(account) => write!(f, "account {account}"),
            Subject::Caller(id) => f.write_str(id),
            Subject::Resource(Asked::Nothing) => f.write_str("*"),
            Subject::Resource(Asked::Id(id)) => f.write_str(id),
            Subject::Resource(Asked::Pattern(pattern)) => write!(f, "{pattern}"),
        }
    }
}

pub(crate) fn missing_atom(spec: &LayerSpec, subject: String, effect: Effect) -> Expr {
    let (fact, how) = spec.missing;
    let fact = Arc::new(MissingFact { fact: fact.to_owned(), subject, how: how.to_owned() });
    Expr::atom(Atom::Missing(per_effect(&fact, effect)))
}

pub(crate) fn not_principal_doubt() -> MissingFact {
    MissingFact {
        fact: "whether an account that is excepted covers its principals".to_owned(),
        subject: "NotPrincipal".to_owned(),
        how: "the provider does not document it: name the principals themselves".to_owned(),
    }
}

fn none<T: Truth>() -> Effects<T> {
    Effects { allow: T::never(), deny: T::never() }
}

impl<T: Scalar> Evaluator<T> for ScalarEvaluator<'_> {
    fn levels(&mut self, layer: LayerId) -> usize {
        let Some(spec) = self.spec(layer) else { return 0 };
        match spec.binding {
            Binding::PrincipalScope | Binding::ResourceScope => {
                let chain = self.chain_account(spec.binding).map(|a| self.estate.accounts[a].chain.len());
                let given = self.estate.layers_given.contains(&layer);
                match chain {
                    Some(levels) if given && levels > 0 => levels,
                    // Nothing was given: left out, or in strict questions one level that may say anything.
                    _ => usize::from(self.setting.strict),
                }
            }
            _ => 1,
        }
    }

    fn layer(&mut self, layer: LayerId, level: usize, _within: &T) -> Effects<T> {
        let Some(spec) = self.spec(layer) else { return none() };
        let open = || Effects { allow: T::always(), deny: T::never() };
        match self.setting.foregone(self.estate, spec) {
            Some(Foregone::Silent) => return none(),
            Some(Foregone::Doubtful) => return self.doubt(spec, Subject::Resource(&self.part.asked)),
            None => {}
        }
        match spec.binding {
            Binding::Principal => {
                if self.caller.unloaded {
                    // What its own account grants is missing; its limits are part of that.
                    let subject = match self.caller.kind {
                        crate::model::PrincipalKind::Deleted => {
                            Subject::Caller(self.caller.id.text(self.estate))
                        }
                        _ => Subject::Account(self.caller.account_id.text(self.estate)),
                    };
                    let missing = || self.missing(spec, subject, Effect::Allow);
                    let allow = if spec.grants { missing() } else { T::always() };
                    return Effects { allow, deny: T::never() };
                }
                let held = self.caller.principal.map_or(&[][..], |id| self.estate.held(layer, id));
                if held.is_empty() && !spec.grants {
                    return open();
                }
                let Some(own) = self.setting.brought.as_ref().filter(|own| own.instead_of.is_some()) else {
                    return self.policies(layer, held.iter().copied());
                };
                let policy = |held: &Held| self.estate.policies[held.policy].name;
                let left = held.iter().filter(|held| own.leaves(policy(held), held.via)).copied();
                let mut effects = self.policies(layer, left.collect::<Vec<_>>().into_iter());
                let scene = self.scene(true);
                for (_, document) in own.documents.iter().filter(|(l, _)| *l == layer) {
                    self.add_document(&scene, layer, None, *document, &mut effects);
                }
                effects
            }
            Binding::PrincipalScope | Binding::ResourceScope => {
                let Some(scope) = self.scope(spec, level) else {
                    return self.doubt(spec, Subject::Account(self.caller.account_id.text(self.estate)));
                };
                let policies = self.estate.scopes[scope].policies.iter();
                self.policies(layer, policies.map(|&policy| Held { policy, via: None }))
            }
            Binding::Request => {
                let Some(brought) = &self.setting.brought else { return open() };
                let mut documents = brought.documents.iter().filter(|(l, _)| *l == layer).peekable();
                if documents.peek().is_none() {
                    return open();
                }
                let scene = self.scene(true);
                let mut effects = none();
                for (_, document) in documents {
                    self.add_document(&scene, layer, None, *document, &mut effects);
                }
                effects
            }
            Binding::Context(_) => {
                let mut policies = self.named_policies(layer).peekable();
                if policies.peek().is_none() {
                    return open();
                }
                // The policy names whom it lets through; without a name it is about everybody.
                let mut grants: Grants<T> = Grants::none();
                for policy in policies {
                    self.add_grants(layer, policy, &mut grants);
                }
                let allow = grants.by_strength.iter().fold(T::never(), |all, one| all.or(one));
                Effects { allow, deny: grants.deny }
            }
            Binding::Resource | Binding::Rule => none(),
        }
    }

    fn grants(&mut self, layer: LayerId, _within: &T) -> Option<Grants<T>> {
        let spec = self.spec(layer)?;
        let estate = self.estate;
        let resource = self.part.resource.into_iter();
        let mut policies = resource.flat_map(|id| estate.resource_policies(id, layer)).peekable();
        if policies.peek().is_none() {
            let required = spec.required_for.is_some_and(|fact| self.permission_facts >> fact.0 & 1 == 1)
                && self.part.can_be_acted_on(self.estate, self.permission);
            let strict = spec.required_for.is_none() && self.may_lack(spec);
            if !self.setting.own_policies || !(required || strict) {
                return None;
            }
            if self.part.asked == Asked::Nothing && !required {
                return None;
            }
            let subject = Subject::Resource(&self.part.asked);
            let mut grants = Grants::none();
            let doubt: T = self.missing(spec, subject, Effect::Allow);
            grants.by_strength.iter_mut().for_each(|slot| *slot = doubt.clone());
            grants.deny = self.missing(spec, subject, Effect::Deny);
            return Some(grants);
        }
        let mut grants = Grants::none();
        for policy in policies {
            self.add_grants(layer, policy, &mut grants);
        }
        Some(grants)
    }

    fn fact(&mut self, fact: FactId) -> T {
        let holds = match fact_spec(self.estate, fact) {
            FactSpec::Principal => self.caller.has(fact),
            FactSpec::Permission => self.permission_facts >> fact.0 & 1 == 1,
            FactSpec::Asked => self.part.has(self.estate, fact),
            FactSpec::Resource => part_facts(self.estate, self.part, self.caller.account) >> fact.0 & 1 == 1,
            FactSpec::SameAccount => in_own_account(self.estate, self.part, self.caller, self.setting),
        };
        if holds { T::always() } else { T::never() }
    }
}
