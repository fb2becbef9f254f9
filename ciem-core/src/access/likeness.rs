//! Callers that one question cannot tell apart: what is worked out for one of them holds for all.
//!
//! An evaluation sees a caller through its account, kind and facts, through what the policies it holds say of the
//! permission, through whether somebody's policy names it, and through what its own facts make of conditions and
//! variables. Where all of these agree, so do the answers.

use super::context::bind_one;
use super::decide::Case;
use super::own_keys::principal_clause;
use super::question::{Plan, Setting};
use super::sets::Ids;
use crate::base::{Id, Text};
use crate::condition::KeyState;
use crate::model::{ClauseId, CondId, CondNode, Effect, PrincipalKind, WhoEntry};
use crate::pattern::Template;
use crate::provider::Binding;
use crate::snapshot::estate::{Estate, PolicyId};
use crate::snapshot::library::{PatternKind, ResourceSetId, Stmt, WhoId};
use crate::truth::PrincipalId;
use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};
use std::num::NonZeroU32;
use std::sync::Arc;

/// What a statement of a policy says of the permission.
type Said = (Effect, ResourceSetId, CondId, Option<WhoId>);

/// What a policy says of the permission, by number; policies that say the same have the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Saying(NonZeroU32);

impl Saying {
    fn new(number: u32, speaks: bool, hangs: bool) -> Saying {
        let bits = number << 3 | u32::from(speaks) << 2 | u32::from(hangs) << 1 | 1;
        Saying(NonZeroU32::MIN | bits)
    }

    pub(super) fn number(self) -> u32 {
        self.0.get() >> 3
    }

    /// Whether it says anything.
    pub(super) fn speaks(self) -> bool {
        self.0.get() >> 2 & 1 == 1
    }

    /// Whether it may say something else to another caller of the same account.
    pub(super) fn hangs(self) -> bool {
        self.0.get() >> 1 & 1 == 1
    }
}

/// What in statements hangs on the facts of who asks.
#[derive(Clone, Debug, Default)]
pub(super) struct Hanging {
    /// Tests of one fact: holders of it are known as sets.
    pub(super) tests: Vec<ClauseId>,
    /// Keys whose value is filled in somewhere.
    pub(super) keys: Vec<u32>,
}

impl Hanging {
    pub(super) fn join(&mut self, other: &Hanging) {
        self.tests.extend_from_slice(&other.tests);
        self.keys.extend_from_slice(&other.keys);
    }

    pub(super) fn add(&mut self, estate: &Estate, statement: &Stmt) {
        let library = &estate.library;
        self.add_condition(estate, statement.condition);
        for &item in &library.resource_sets[statement.resources].items {
            let entry = library.patterns[item];
            if entry.kind == PatternKind::Template {
                self.add_template(estate, &Template::parse(library.texts.get(entry.text)));
            }
        }
    }

    fn add_condition(&mut self, estate: &Estate, id: CondId) {
        match estate.library.conditions.get(id) {
            CondNode::Always | CondNode::Missing(_) => {}
            CondNode::And(parts) | CondNode::Or(parts) => {
                parts.iter().for_each(|&part| self.add_condition(estate, part));
            }
            CondNode::Not(part) => self.add_condition(estate, *part),
            CondNode::Clause(id) => {
                let clause = estate.library.conditions.clause(*id);
                let own = estate.library.key_hangs(clause.key.id);
                if clause.templates.is_empty() {
                    self.tests.extend(own.then_some(*id));
                    return;
                }
                self.keys.extend(own.then_some(clause.key.id));
                clause.templates.iter().for_each(|template| self.add_template(estate, template));
            }
        }
    }

    fn add_template(&mut self, estate: &Estate, template: &Template) {
        if !estate.library.template_hangs(template) {
            return;
        }
        let keys = template.variables().filter_map(|(name, _)| estate.library.conditions.find_key(name));
        self.keys.extend(keys.map(|key| key.id).filter(|&key| estate.library.key_hangs(key)));
    }

    pub(super) fn sorted(mut self) -> Self {
        self.tests.sort_unstable();
        self.tests.dedup();
        self.keys.sort_unstable();
        self.keys.dedup();
        self
    }

    fn is_empty(&self) -> bool {
        self.tests.is_empty() && self.keys.is_empty()
    }
}

/// Numbers what the facts of callers say of a key: a value, or that there is none.
#[derive(Default)]
pub(super) struct Values(HashMap<Option<Box<str>>, u32, RandomState>);

impl Values {
    /// Where the facts do not tell, what the question says of the key holds for all: 0.
    pub(super) fn number(&mut self, state: KeyState<'_>) -> u32 {
        let value = match state {
            KeyState::One(value) => Some(value),
            KeyState::Absent => None,
            KeyState::Unknown | KeyState::Many(_) => return 0,
        };
        let next = self.0.len() as u32;
        *self.0.entry(value.map(Box::from)).or_insert(next) + 1
    }
}

/// Numbers callers by how one question sees them.
pub(super) struct Likenesses<'a> {
    estate: &'a Estate,
    permission: u16,
    /// Whose keys are filled in one by one; of other keys it says what the question says.
    setting: Setting,
    /// What guardrails and the policies of resources hang on.
    shared: Hanging,
    /// Full ids and unique ids that these name.
    named: HashSet<Text, RandomState>,
    /// Account id and role name of sessions that they name.
    sessions: HashSet<(Text, String), RandomState>,
    /// By policy, what was worked out before: a question to many meets many policies, each a few times.
    policies: Vec<Option<Saying>>,
    contents: HashMap<Box<[Said]>, u32, RandomState>,
    /// Room for the policy at hand.
    content: Vec<Said>,
    hanging: Vec<Arc<Hanging>>,
    nothing: Arc<Hanging>,
    tests: HashMap<ClauseId, Arc<(Ids, Ids)>, RandomState>,
    values: Values,
    stances: HashMap<Box<[u32]>, u32, RandomState>,
    wholes: HashMap<Box<[u32]>, u32, RandomState>,
    /// Room for the key at hand.
    key: Vec<u32>,
}

impl<'a> Likenesses<'a> {
    pub(super) fn new(estate: &'a Estate, plan: &'a Plan, setting: &Setting) -> Self {
        let mut likenesses = Likenesses {
            estate,
            permission: plan.permission,
            setting: setting.clone(),
            shared: Hanging::default(),
            named: HashSet::default(),
            sessions: HashSet::default(),
            policies: vec![None; estate.policies.len()],
            contents: HashMap::default(),
            content: Vec::new(),
            hanging: Vec::new(),
            nothing: Arc::default(),
            tests: HashMap::default(),
            values: Values::default(),
            stances: HashMap::default(),
            wholes: HashMap::default(),
            key: Vec::new(),
        };
        let named = setting.named.iter().map(|(_, resource)| *resource);
        let resources = Case::all_parts(plan).filter_map(|part| part.resource).chain(named);
        let of_resources = resources.flat_map(|resource| &estate.resources[resource].policies);
        let of_scopes = estate.scopes.ids().flat_map(|scope| &estate.scopes[scope].policies);
        let mut policies: Vec<PolicyId> = of_resources.chain(of_scopes).copied().collect();
        policies.sort_unstable();
        policies.dedup();
        for policy in policies {
            likenesses.share(policy);
        }
        likenesses.shared = std::mem::take(&mut likenesses.shared).sorted();
        likenesses
    }

    fn share(&mut self, policy: PolicyId) {
        let library = &self.estate.library;
        for (_, statement) in library.statements_of(self.estate.policies[policy].document) {
            if !library.speaks_of(statement, self.permission) {
                continue;
            }
            self.shared.add(self.estate, statement);
            for entry in statement.who.map_or(&[][..], |who| &library.whos[who].entries) {
                match *entry {
                    WhoEntry::Principal(id) | WhoEntry::UniqueId(id) => {
                        self.named.insert(id);
                    }
                    WhoEntry::Session { account, role, .. } => {
                        self.sessions.insert((account, self.estate.text(role).to_ascii_lowercase()));
                    }
                    // Accounts name all their principals alike; the others are told apart in any case.
                    WhoEntry::Anyone
                    | WhoEntry::Account(_)
                    | WhoEntry::Service(_)
                    | WhoEntry::Federated(_)
                    | WhoEntry::Nobody => {}
                }
            }
        }
    }

    /// What a policy that principals hold says of the permission.
    pub(super) fn saying(&mut self, policy: PolicyId) -> Saying {
        if let Some(&Some(known)) = self.policies.get(policy.index()) {
            return known;
        }
        let library = &self.estate.library;
        let permission = self.permission;
        let statements = || {
            let all = library.statements_of(self.estate.policies[policy].document);
            all.map(|(_, statement)| statement).filter(|s| library.speaks_of(s, permission))
        };
        self.content.clear();
        self.content.extend(statements().map(|s| (s.effect, s.resources, s.condition, s.who)));
        let next = self.contents.len() as u32;
        let number = self.contents.get(self.content.as_slice()).copied().unwrap_or(next);
        if number == next {
            self.contents.insert(self.content.as_slice().into(), next);
            let mut hanging = Hanging::default();
            statements().for_each(|statement| hanging.add(self.estate, statement));
            // Nearly all hang on nothing, and share that.
            let hanging =
                if hanging.is_empty() { Arc::clone(&self.nothing) } else { Arc::new(hanging.sorted()) };
            self.hanging.push(hanging);
        }
        let hangs = self.hanging.get(number as usize).is_some_and(|hanging| !hanging.is_empty());
        let saying = Saying::new(number, !self.content.is_empty(), hangs);
        if let Some(place) = self.policies.get_mut(policy.index()) {
            *place = Some(saying);
        }
        saying
    }

    /// Numbers the caller by how the question sees it, aside from what it holds itself.
    pub(super) fn stance(&mut self, id: PrincipalId) -> u32 {
        let estate = self.estate;
        let principal = &estate.principals[id];
        let apart = !matches!(principal.kind, PrincipalKind::User | PrincipalKind::Role)
            || self.named.contains(&principal.id)
            || principal.unique_id.is_some_and(|id| self.named.contains(&id))
            || self.is_named_in_session(id);
        let mut key = std::mem::take(&mut self.key);
        key.clear();
        key.extend([
            principal.account.0,
            principal.facts,
            principal.kind as u32,
            u32::from(estate.unloaded.contains(id)),
            u32::from(apart),
            if apart { id.0 } else { 0 },
        ]);
        let shared = std::mem::take(&mut self.shared);
        self.tell(id, &shared, &mut key);
        self.shared = shared;
        let stance = numbered(&mut self.stances, &key);
        self.key = key;
        stance
    }

    /// Numbers the caller of this stance by all that the question sees of it.
    pub(super) fn whole(&mut self, id: PrincipalId, stance: u32) -> u32 {
        let estate = self.estate;
        let mut key = std::mem::take(&mut self.key);
        key.clear();
        key.push(stance);
        for spec in estate.provider.layers.iter().filter(|spec| spec.binding == Binding::Principal) {
            let held = estate.held(spec.id, id);
            // Whoever holds nothing of a limiting layer is not limited; that is not the same as holding what is silent.
            key.push(u32::from(held.is_empty()));
            for held in held {
                let saying = self.saying(held.policy);
                if saying.speaks() {
                    key.push(saying.number() + 2);
                }
                if let Some(hanging) = self.hanging.get(saying.number() as usize).filter(|_| saying.hangs()) {
                    let hanging = Arc::clone(hanging);
                    self.tell(id, &hanging, &mut key);
                }
            }
            key.push(u32::MAX);
        }
        let whole = numbered(&mut self.wholes, &key);
        self.key = key;
        whole
    }

    fn is_named_in_session(&self, id: PrincipalId) -> bool {
        if self.sessions.is_empty() {
            return false;
        }
        let principal = &self.estate.principals[id];
        let name = self.estate.text(principal.name).to_ascii_lowercase();
        self.sessions.contains(&(self.estate.accounts[principal.account].id, name))
    }

    /// What the facts of the caller make of conditions and variables.
    fn tell(&mut self, id: PrincipalId, hanging: &Hanging, key: &mut Vec<u32>) {
        let estate = self.estate;
        for &test in &hanging.tests {
            let setting = &self.setting;
            let sets = self.tests.entry(test).or_insert_with(|| {
                principal_clause(estate, &setting.states, estate.library.conditions.clause(test))
            });
            let (hits, open) = &**sets;
            key.push(if open.contains(id) { 2 } else { u32::from(hits.contains(id)) });
        }
        for &name in &hanging.keys {
            bind_one(estate, id, name, &mut self.setting.states);
            key.push(self.values.number(self.setting.states.state(name)));
        }
    }
}

fn numbered(numbers: &mut HashMap<Box<[u32]>, u32, RandomState>, key: &[u32]) -> u32 {
    if let Some(&known) = numbers.get(key) {
        return known;
    }
    let next = numbers.len() as u32;
    numbers.insert(key.into(), next);
    next
}
