//! Rows of many callers. The rule is not run for each of them: it is run once for all who meet the same limits, on
//! the four answers that the layer of their own grants can give, and each caller's row is picked from these.
//!
//! That is exact because the algebra works permission by permission, and because what a layer allows only ever adds
//! to an answer and what it denies only ever takes away: the sure half of a row then hangs on what is surely allowed
//! and possibly denied, the possible half on what is possibly allowed and surely denied.

use super::caller::Caller;
use super::leaf::{CondLeaf, Scene};
use super::own_keys::principal_clause;
use super::question::{Owner, Part, Setting};
use super::rows::{RowEvaluator, constant};
use super::scalar::ScalarEvaluator;
use super::sets::Ids;
use super::spoken::speak;
use crate::base::{Dense, Intervals, Row};
use crate::condition::Tri;
use crate::model::{Clause, ClauseId, CondId, CondNode, DocId, Effect, LayerId};
use crate::pattern::Template;
use crate::provider::{Binding, KeyScope};
use crate::snapshot::estate::{AccountId, Estate, Held};
use crate::snapshot::library::{PatternKind, StatementId, Stmt};
use crate::truth::{Effects, Kleene, PermissionSet};
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use std::rc::Rc;
use std::sync::Arc;

/// The rows of one part, caller by caller; `K` is what is kept of a row.
pub(super) struct Crowd<'a, K> {
    estate: &'a Estate,
    part: &'a Part,
    /// The layer of the callers' own grants.
    own: LayerId,
    /// Statements of a document that hang on who asks.
    dependent: Dependent,
    account: Option<Block<K>>,
    gathered: Gathered,
    key: Vec<u32>,
    /// The caller's documents, as far as they are read.
    held: Vec<(DocId, Option<Rc<Said>>)>,
    sure: Dense,
    poss: Dense,
    /// For whom tests of keys hold that the caller alone determines.
    tests: HashMap<ClauseId, Arc<(Ids, Ids)>, RandomState>,
}

/// A row, valid until the next one.
pub(super) struct Picked<'a> {
    /// `None` if the same as `poss`.
    pub(super) sure: Option<&'a Dense>,
    pub(super) poss: &'a Dense,
}

impl Picked<'_> {
    pub(super) fn set(&self, len: u16) -> PermissionSet {
        let row = |row: &Dense| Row::from_words(row.words().iter().copied(), len);
        match self.sure {
            None => Kleene::exact(row(self.poss)),
            Some(sure) => Kleene::between(row(sure), row(self.poss)),
        }
    }
}

type Dependent = HashMap<DocId, Rc<[Hanging]>, RandomState>;

/// A statement that hangs on who asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Hanging {
    id: StatementId,
    /// Whether values of the caller's keys are filled in; tests of single keys are known for everybody at once.
    filled_in: bool,
}

/// What holds for the callers of one account.
struct Block<K> {
    account: Option<AccountId>,
    /// Statements of guardrails and of the resource's policies that hang on who asks.
    dependent: Vec<Hanging>,
    /// Documents of the own layer; nothing yet for one that was met only once.
    documents: HashMap<DocId, Option<Rc<Said>>, RandomState>,
    /// By what tells limits apart.
    limits: HashMap<Box<[u32]>, Rc<Limits>, RandomState>,
    /// By limits and documents, where no document hangs on who asks.
    rows: HashMap<Box<[u32]>, K, RandomState>,
}

/// What a document says to every caller of the account.
struct Said {
    /// By effect and then by degree.
    spoken: [[Spoken; 2]; 2],
    dependent: Rc<[Hanging]>,
}

/// Whichever is poured sooner.
enum Spoken {
    Few(Intervals),
    Many(Dense),
}

/// From so many intervals on, words are poured sooner.
const MANY: usize = 24;

/// What the rule makes of what is said, for the sure half of rows and for the possible half.
struct Limits {
    sure: Half,
    poss: Half,
    /// Both halves are the same.
    exact: bool,
}

#[derive(PartialEq, Eq)]
struct Half {
    /// Where the layer allows and does not deny.
    granted: Dense,
    /// Whatever the layer says.
    always: Dense,
    /// Where it does not deny, and where it allows: only if they add something.
    undenied: Option<Dense>,
    allowed: Option<Dense>,
}

/// What a caller's own documents say: by effect and then by degree.
struct Gathered([[Side; 2]; 2]);

struct Side {
    said: Dense,
    any: bool,
}

impl Gathered {
    fn new(len: u16) -> Self {
        let side = || Side { said: Dense::new(len), any: false };
        Gathered([[side(), side()], [side(), side()]])
    }

    fn clear(&mut self) {
        for side in self.0.iter_mut().flatten().filter(|side| side.any) {
            side.said.clear();
            side.any = false;
        }
    }

    fn add(&mut self, effect: Effect, degree: Tri, actions: &Intervals) {
        let sides = match effect {
            Effect::Allow => &mut self.0[0],
            Effect::Deny => &mut self.0[1],
        };
        match degree {
            Tri::No => {}
            Tri::Maybe => sides[1].pour(actions),
            Tri::Yes => sides[0].pour(actions),
        }
    }

    fn add_all(&mut self, spoken: &[[Spoken; 2]; 2]) {
        for (side, spoken) in self.0.iter_mut().flatten().zip(spoken.iter().flatten()) {
            match spoken {
                Spoken::Few(actions) => side.pour(actions),
                Spoken::Many(row) => {
                    side.any = true;
                    side.said.join(row.touched(), [row], |[word]| word);
                }
            }
        }
    }
}

impl Side {
    fn pour(&mut self, actions: &Intervals) {
        self.any |= !actions.is_empty();
        self.said.pour(actions);
    }
}

impl<'a, K: Clone> Crowd<'a, K> {
    /// `None` where rows are better made one by one: documents come with the request, or no single layer holds the
    /// callers' own grants.
    pub(super) fn new(estate: &'a Estate, part: &'a Part, setting: &Setting) -> Option<Self> {
        let mut layers = estate.provider.own_grants();
        let (own, None) = (layers.next()?.id, layers.next()) else { return None };
        if setting.brought.is_some() || !setting.named.is_empty() {
            return None;
        }
        let len = estate.universe.len();
        Some(Crowd {
            estate,
            part,
            own,
            dependent: HashMap::default(),
            account: None,
            gathered: Gathered::new(len),
            key: Vec::new(),
            held: Vec::new(),
            sure: Dense::new(len),
            poss: Dense::new(len),
            tests: HashMap::default(),
        })
    }

    /// The row of a principal that is a record and whose policies were loaded. `setting` is bound to the part; `bind`
    /// binds it to the caller, where that matters.
    pub(super) fn row(
        &mut self,
        caller: &Caller,
        setting: &mut Setting,
        bind: &mut dyn FnMut(&mut Setting),
        keep: impl FnOnce(Picked<'_>) -> K,
    ) -> Option<K> {
        let principal = caller.principal.filter(|_| !caller.unloaded)?;
        let estate = self.estate;
        if self.account.as_ref().is_none_or(|block| block.account != caller.account) {
            self.account = Some(self.block(caller));
        }
        let limits = self.limits(caller, setting, bind)?;
        let lasting = self.remember(caller, estate.held(self.own, principal), setting, bind);
        let scene = scene(estate, self.part, caller, setting);
        let block = self.account.as_mut()?;
        if lasting {
            self.key.extend(self.held.iter().map(|(document, _)| document.0));
            if let Some(row) = block.rows.get(self.key.as_slice()) {
                return Some(row.clone());
            }
        }
        let gathered = &mut self.gathered;
        gathered.clear();
        for (document, said) in &self.held {
            let mut say = |statement: &Stmt| {
                speak(estate, self.part, &scene, statement, |degree, actions| {
                    gathered.add(statement.effect, degree, actions);
                });
            };
            match said {
                Some(said) => {
                    said.dependent.iter().for_each(|hanging| say(&estate.library.statements[hanging.id]));
                    gathered.add_all(&said.spoken);
                }
                None => estate.library.statements_of(*document).for_each(|(_, statement)| say(statement)),
            }
        }
        let exact = limits.pick(gathered, &mut self.sure, &mut self.poss);
        let row = keep(Picked { sure: (!exact).then_some(&self.sure), poss: &self.poss });
        if lasting {
            block.rows.insert(self.key.as_slice().into(), row.clone());
        }
        Some(row)
    }

    fn block(&mut self, caller: &Caller) -> Block<K> {
        let estate = self.estate;
        let mut documents = Vec::new();
        for spec in estate.provider.layers {
            let account = match (spec.binding, &self.part.owner) {
                (Binding::PrincipalScope, _) | (Binding::ResourceScope, Owner::Caller) => caller.account,
                (Binding::ResourceScope, Owner::Account(account)) => Some(*account),
                _ => None,
            };
            let chain = account.map_or(&[][..], |account| &estate.accounts[account].chain);
            let policies = chain.iter().flat_map(|&scope| &estate.scopes[scope].policies).copied();
            let of_resource = self.part.resource.into_iter().flat_map(|id| &estate.resources[id].policies);
            let all = policies.chain(of_resource.copied());
            documents.extend(
                all.map(|policy| &estate.policies[policy]).filter(|p| p.layer == spec.id).map(|p| p.document),
            );
        }
        documents.sort_unstable();
        documents.dedup();
        let dependent = documents.iter().flat_map(|&document| self.dependent(document).to_vec()).collect();
        // Most documents that one meets are the callers' own.
        let callers = caller.account.and_then(|id| estate.accounts[id].principals.size_hint().1);
        Block {
            account: caller.account,
            dependent,
            documents: HashMap::with_capacity_and_hasher(callers.unwrap_or(0), RandomState::default()),
            limits: HashMap::default(),
            rows: HashMap::default(),
        }
    }

    /// The limits that the caller meets; `key` then tells them apart from all others of the account.
    fn limits(
        &mut self,
        caller: &Caller,
        setting: &mut Setting,
        bind: &mut dyn FnMut(&mut Setting),
    ) -> Option<Rc<Limits>> {
        let (estate, principal) = (self.estate, caller.principal?);
        let mut key = std::mem::take(&mut self.key);
        key.clear();
        key.extend([caller.facts, caller.kind as u32]);
        for spec in estate.provider.layers {
            if spec.binding == Binding::Principal && spec.id != self.own {
                let held = estate.held(spec.id, principal);
                key.push(held.len() as u32);
                for held in held {
                    let document = estate.policies[held.policy].document;
                    key.push(document.0);
                    for &hanging in &*self.dependent(document) {
                        self.tell(caller, hanging, setting, bind, &mut key);
                    }
                }
            }
        }
        let mut account = self.account.take()?;
        for &hanging in &account.dependent {
            self.tell(caller, hanging, setting, bind, &mut key);
            let statement = &estate.library.statements[hanging.id];
            if let Some(who) = statement.who.filter(|_| self.part.resource.is_some()) {
                let scalar = ScalarEvaluator::new(estate, caller, 0, self.part, setting);
                key.push(scalar.excepted_degree(Some(who)) as u32);
                let entries = &estate.library.whos[who].entries;
                key.extend(entries.iter().map(|&entry| scalar.names_degree(entry) as u32));
            }
        }
        let known = account.limits.get(key.as_slice()).cloned();
        let limits = known.unwrap_or_else(|| {
            bind(setting);
            let limits = Rc::new(Limits::new(estate, self.own, caller, self.part, setting));
            account.limits.insert(key.as_slice().into(), Rc::clone(&limits));
            limits
        });
        self.key = key;
        self.account = Some(account);
        Some(limits)
    }

    /// Everything of a statement that may differ between callers.
    fn tell(
        &mut self,
        caller: &Caller,
        hanging: Hanging,
        setting: &mut Setting,
        bind: &mut dyn FnMut(&mut Setting),
        key: &mut Vec<u32>,
    ) {
        let library = &self.estate.library;
        let statement = &library.statements[hanging.id];
        if !hanging.filled_in {
            key.push(self.tested(caller, statement.condition, setting) as u32);
            return;
        }
        bind(setting);
        let scene = scene(self.estate, self.part, caller, setting);
        key.push(scene.condition_tri(statement.condition) as u32);
        let set = &library.resource_sets[statement.resources];
        let templates =
            set.items.iter().filter(|&&item| library.patterns[item].kind == PatternKind::Template);
        let before = key.len();
        key.extend(templates.map(|&item| scene.item_degree(library.patterns[item]) as u32));
        if key.len() > before {
            key.push(scene.resources(statement.resources) as u32);
        }
    }

    /// A condition whose tests of the caller's keys have no variables: whom they hold for is known.
    fn tested(&mut self, caller: &Caller, id: CondId, setting: &Setting) -> Tri {
        let (estate, tests) = (self.estate, &mut self.tests);
        let conditions = &estate.library.conditions;
        let scene = scene(estate, self.part, caller, setting);
        scene.condition(id, &mut |scene, leaf| {
            let CondLeaf::Clause(id) = leaf else { return Tri::Maybe };
            let clause = conditions.clause(id);
            let (true, Some(principal)) = (key_hangs(estate, clause.key.id), caller.principal) else {
                return scene.clause(clause, false).degree;
            };
            let sets = tests.entry(id).or_insert_with(|| principal_clause(estate, scene.states, clause));
            if sets.1.contains(principal) {
                // The facts tell nothing; the context may.
                return clause.test.eval(scene.states.base_state(clause.key.id));
            }
            Tri::from(sets.0.contains(principal))
        })
    }

    /// Lists the caller's documents; those that were met before are read once for all. Whether all are, and none of
    /// them hangs on who asks.
    fn remember(
        &mut self,
        caller: &Caller,
        held: &[Held],
        setting: &mut Setting,
        bind: &mut dyn FnMut(&mut Setting),
    ) -> bool {
        let (estate, part) = (self.estate, self.part);
        let mut lasting = true;
        self.held.clear();
        for held in held {
            let document = estate.policies[held.policy].document;
            let Some(block) = &mut self.account else { return false };
            let said = match block.documents.entry(document) {
                // Many documents have one holder only: nothing of them is kept.
                Entry::Vacant(slot) => slot.insert(None).clone(),
                Entry::Occupied(slot) if slot.get().is_some() => slot.get().clone(),
                Entry::Occupied(mut slot) => {
                    let dependent = dependent(estate, part, &mut self.dependent, document);
                    let scene = scene(estate, part, caller, setting);
                    slot.insert(Some(Rc::new(Said::new(estate, part, &scene, document, dependent))));
                    slot.get().clone()
                }
            };
            let hangs = match &said {
                Some(said) => !said.dependent.is_empty(),
                None => any_hangs(estate, part, document),
            };
            if hangs {
                bind(setting);
            }
            lasting &= said.is_some() && !hangs;
            self.held.push((document, said));
        }
        lasting
    }

    fn dependent(&mut self, document: DocId) -> Rc<[Hanging]> {
        dependent(self.estate, self.part, &mut self.dependent, document)
    }
}

fn scene<'s>(estate: &'s Estate, part: &'s Part, caller: &'s Caller, setting: &'s Setting) -> Scene<'s> {
    Scene {
        provider: estate.provider,
        library: &estate.library,
        states: &setting.states,
        asked: &part.asked,
        permission: None,
        own_account: part.own_account(estate, caller),
        memo: None,
        brought: false,
    }
}

/// The statements of a document that may say something else to another caller of the account.
fn dependent(estate: &Estate, part: &Part, known: &mut Dependent, document: DocId) -> Rc<[Hanging]> {
    let found = known.entry(document).or_insert_with(|| {
        let statements = estate.library.statements_of(document).filter(|(_, s)| hangs(estate, part, s));
        let hanging = statements.map(|(id, statement)| {
            let in_condition = condition_hangs(estate, statement.condition, &|clause| {
                !clause.templates.is_empty() && clause_hangs(estate, clause)
            });
            Hanging { id, filled_in: in_condition || resources_hang(estate, statement) }
        });
        hanging.collect()
    });
    Rc::clone(found)
}

fn any_hangs(estate: &Estate, part: &Part, document: DocId) -> bool {
    estate.library.statements_of(document).any(|(_, statement)| hangs(estate, part, statement))
}

fn hangs(estate: &Estate, part: &Part, statement: &Stmt) -> bool {
    part.resource.is_some() && statement.who.is_some()
        || condition_hangs(estate, statement.condition, &|clause| clause_hangs(estate, clause))
        || resources_hang(estate, statement)
}

pub(super) fn key_hangs(estate: &Estate, key: u32) -> bool {
    matches!(estate.library.key_scopes.get(key as usize), Some(KeyScope::Principal(..)))
}

pub(super) fn template_hangs(estate: &Estate, template: &Template) -> bool {
    template.variables().any(|(name, _)| {
        estate.library.conditions.find_key(name).is_some_and(|key| key_hangs(estate, key.id))
    })
}

fn clause_hangs(estate: &Estate, clause: &Clause) -> bool {
    key_hangs(estate, clause.key.id)
        || clause.templates.iter().any(|template| template_hangs(estate, template))
}

fn condition_hangs(estate: &Estate, id: CondId, hangs: &dyn Fn(&Clause) -> bool) -> bool {
    match estate.library.conditions.get(id) {
        CondNode::Always | CondNode::Missing(_) => false,
        CondNode::And(parts) => parts.iter().any(|&part| condition_hangs(estate, part, hangs)),
        CondNode::Clause(clause) => hangs(estate.library.conditions.clause(*clause)),
    }
}

fn resources_hang(estate: &Estate, statement: &Stmt) -> bool {
    let library = &estate.library;
    library.resource_sets[statement.resources].items.iter().any(|&item| {
        let entry = library.patterns[item];
        entry.kind == PatternKind::Template
            && template_hangs(estate, &Template::parse(library.texts.get(entry.text)))
    })
}

impl Said {
    fn new(
        estate: &Estate,
        part: &Part,
        scene: &Scene<'_>,
        document: DocId,
        dependent: Rc<[Hanging]>,
    ) -> Said {
        let mut ranges: [[Vec<(u16, u16)>; 2]; 2] = Default::default();
        for (id, statement) in estate.library.statements_of(document) {
            if dependent.iter().any(|hanging| hanging.id == id) {
                continue;
            }
            let [allow, deny] = &mut ranges;
            let sides = if statement.effect == Effect::Allow { allow } else { deny };
            speak(estate, part, scene, statement, |degree, actions| match degree {
                Tri::No => {}
                Tri::Maybe => sides[1].extend_from_slice(actions.ranges()),
                Tri::Yes => sides[0].extend_from_slice(actions.ranges()),
            });
        }
        let len = estate.universe.len();
        let spoken = |ranges| {
            let intervals = Intervals::from_ranges(ranges);
            if intervals.ranges().len() < MANY {
                return Spoken::Few(intervals);
            }
            let mut words = Dense::new(len);
            words.pour(&intervals);
            Spoken::Many(words)
        };
        Said { spoken: ranges.map(|side| side.map(spoken)), dependent }
    }
}

impl Limits {
    fn new(estate: &Estate, own: LayerId, caller: &Caller, part: &Part, setting: &Setting) -> Limits {
        let rule = estate.provider.rules.permissions;
        let run = |allows: bool, denies: bool| {
            let effects = Effects { allow: constant(Tri::from(allows)), deny: constant(Tri::from(denies)) };
            rule(&mut RowEvaluator::new(estate, caller, part, setting).given(own, &effects)).allow
        };
        let runs = [run(true, false), run(false, true), run(false, false), run(true, true)];
        let len = estate.universe.len();
        let half = |of: fn(&PermissionSet) -> &Row| {
            let [granted, always, undenied, allowed] = runs.each_ref().map(|run| Dense::of(of(run), len));
            let more = |row: Dense| (row != always).then_some(row);
            let (undenied, allowed) = (more(undenied), more(allowed));
            Half { granted, undenied, allowed, always }
        };
        let (sure, poss) = (half(PermissionSet::sure), half(PermissionSet::poss));
        let exact = sure == poss;
        Limits { sure, poss, exact }
    }

    /// Whether both are the same: then `sure` is not written.
    fn pick(&self, gathered: &Gathered, sure: &mut Dense, poss: &mut Dense) -> bool {
        let [allow, deny] = gathered.0.each_ref().map(|sides| sides.each_ref().map(|side| &side.said));
        self.poss.pick(allow, [deny[0], deny[0]], poss);
        let doubt = gathered.0.iter().any(|[_, perhaps]| perhaps.any);
        if self.exact && !doubt {
            return true;
        }
        self.sure.pick([allow[0], allow[0]], deny, sure);
        sure == poss
    }
}

impl Half {
    /// The row where the layer allows what is in either of the one pair, and denies what is in either of the other.
    fn pick(&self, allow: [&Dense; 2], deny: [&Dense; 2], row: &mut Dense) {
        let ([a, b], [c, d]) = (allow, deny);
        let said = a.touched().or(b.touched());
        let op = |[granted, always, a, b, c, d]: [u64; 6]| granted & (a | b) & !(c | d) | always;
        row.set(said.or(self.always.touched()), [&self.granted, &self.always, a, b, c, d], op);
        if let Some(undenied) = &self.undenied {
            row.join(undenied.touched(), [undenied, c, d], |[word, c, d]| word & !(c | d));
        }
        if let Some(allowed) = &self.allowed {
            row.join(said, [allowed, a, b], |[word, a, b]| word & (a | b));
        }
    }
}
