//! Rows of many callers. The rule is not run for each of them: it is run once for all who meet the same limits, on
//! the four answers that the layer of their own grants can give, and each caller's row is picked from these.
//!
//! That is exact because the algebra works permission by permission, and because what a layer allows only ever adds
//! to an answer and what it denies only ever takes away: the sure half of a row then hangs on what is surely allowed
//! and possibly denied, the possible half on what is possibly allowed and surely denied.

use super::leaf::Scene;
use super::question::{Caller, Owner, Part, Setting};
use super::rows::{RowEvaluator, constant};
use super::scalar::ScalarEvaluator;
use super::spoken::speak;
use crate::base::{Dense, Intervals, Row};
use crate::condition::Tri;
use crate::model::{CondId, CondNode, DocId, Effect, LayerId};
use crate::pattern::Template;
use crate::provider::{Binding, KeyScope};
use crate::snapshot::estate::{AccountId, Estate, Held};
use crate::snapshot::library::{PatternKind, StatementId, Stmt};
use crate::truth::{Effects, Kleene, PermissionSet};
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use std::rc::Rc;

/// The rows of one part, caller by caller.
pub(super) struct Crowd<'a> {
    estate: &'a Estate,
    part: &'a Part,
    /// The layer of the callers' own grants.
    own: LayerId,
    /// Statements of a document that hang on who asks.
    dependent: HashMap<DocId, Rc<[StatementId]>, RandomState>,
    account: Option<Block>,
    gathered: Gathered,
    key: Vec<u32>,
}

/// What holds for the callers of one account.
struct Block {
    account: Option<AccountId>,
    /// Statements of guardrails and of the resource's policies that hang on who asks.
    dependent: Vec<StatementId>,
    /// Documents of the own layer; nothing yet for one that was met only once.
    documents: HashMap<DocId, Option<Rc<Said>>, RandomState>,
    /// By what tells limits apart.
    limits: HashMap<Box<[u32]>, Rc<Limits>, RandomState>,
    /// By limits and documents, where no document hangs on who asks.
    rows: HashMap<Box<[u32]>, PermissionSet, RandomState>,
}

/// What a document says to every caller of the account.
struct Said {
    /// By effect and then by degree.
    spoken: [[Intervals; 2]; 2],
    dependent: Rc<[StatementId]>,
}

/// What the rule makes of what is said, for the sure half of rows and for the possible half.
struct Limits {
    sure: Half,
    poss: Half,
}

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
struct Gathered([[Dense; 2]; 2]);

impl Gathered {
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
}

impl<'a> Crowd<'a> {
    /// `None` where rows are better made one by one: documents come with the request, or no single layer holds the
    /// callers' own grants.
    pub(super) fn new(estate: &'a Estate, part: &'a Part, setting: &Setting) -> Option<Self> {
        let mut layers =
            estate.provider.layers.iter().filter(|spec| spec.grants && spec.binding == Binding::Principal);
        let (own, None) = (layers.next()?.id, layers.next()) else { return None };
        if setting.brought.is_some() || setting.named.iter().any(|(_, resource)| resource.is_some()) {
            return None;
        }
        let nothing = || Dense::new(estate.universe.len());
        Some(Crowd {
            estate,
            part,
            own,
            dependent: HashMap::default(),
            account: None,
            gathered: Gathered([[nothing(), nothing()], [nothing(), nothing()]]),
            key: Vec::new(),
        })
    }

    /// The row of a principal that is a record and whose policies were loaded. `setting` is bound to the caller and to
    /// the part.
    pub(super) fn row(&mut self, caller: &Caller, setting: &Setting) -> Option<PermissionSet> {
        let principal = caller.principal.filter(|_| !caller.unloaded)?;
        let estate = self.estate;
        if self.account.as_ref().is_none_or(|block| block.account != caller.account) {
            self.account = Some(self.block(caller));
        }
        let scene = Scene {
            provider: estate.provider,
            library: &estate.library,
            states: &setting.states,
            asked: &self.part.asked,
            permission: None,
            own_account: self.part.own_account(estate, caller),
            memo: None,
            brought: false,
        };
        let limits = self.limits(caller, setting, &scene)?;
        let held = estate.held(self.own, principal);
        let lasting = self.remember(held, &scene);
        let block = self.account.as_mut()?;
        if lasting {
            self.key.extend(held.iter().map(|held| estate.policies[held.policy].document.0));
            if let Some(row) = block.rows.get(self.key.as_slice()) {
                return Some(row.clone());
            }
        }
        let gathered = &mut self.gathered;
        gathered.0.iter_mut().flatten().for_each(Dense::clear);
        for held in held {
            let document = estate.policies[held.policy].document;
            let mut say = |statement: &Stmt| {
                speak(estate, self.part, &scene, statement, |degree, actions| {
                    gathered.add(statement.effect, degree, actions);
                });
            };
            match block.documents.get(&document) {
                Some(Some(said)) => {
                    said.dependent.iter().for_each(|&id| say(&estate.library.statements[id]));
                    for (sides, spoken) in gathered.0.iter_mut().zip(&said.spoken) {
                        sides.iter_mut().zip(spoken).for_each(|(side, actions)| side.pour(actions));
                    }
                }
                _ => estate.library.statements_of(document).for_each(|(_, statement)| say(statement)),
            }
        }
        let row = limits.pick(gathered, estate.universe.len());
        if lasting {
            block.rows.insert(self.key.as_slice().into(), row.clone());
        }
        Some(row)
    }

    fn block(&mut self, caller: &Caller) -> Block {
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
        Block {
            account: caller.account,
            dependent,
            documents: HashMap::default(),
            limits: HashMap::default(),
            rows: HashMap::default(),
        }
    }

    /// The limits that the caller meets; `key` then tells them apart from all others of the account.
    fn limits(&mut self, caller: &Caller, setting: &Setting, scene: &Scene<'_>) -> Option<Rc<Limits>> {
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
                    for &id in &*self.dependent(document) {
                        tell(scene, &estate.library.statements[id], &mut key);
                    }
                }
            }
        }
        let scalar = ScalarEvaluator::new(estate, caller, 0, self.part, setting);
        for &id in self.account.as_ref().map_or(&[][..], |block| &block.dependent) {
            let statement = &estate.library.statements[id];
            tell(scene, statement, &mut key);
            if let Some(who) = statement.who.filter(|_| self.part.resource.is_some()) {
                key.push(scalar.excepted_degree(Some(who)) as u32);
                let entries = &estate.library.whos[who].entries;
                key.extend(entries.iter().map(|&entry| scalar.names_degree(entry) as u32));
            }
        }
        self.key = key;
        let block = self.account.as_mut()?;
        if let Some(known) = block.limits.get(self.key.as_slice()) {
            return Some(Rc::clone(known));
        }
        let limits = Rc::new(Limits::new(estate, self.own, caller, self.part, setting));
        block.limits.insert(self.key.as_slice().into(), Rc::clone(&limits));
        Some(limits)
    }

    /// Reads documents that were met before once for all. Whether none of them hangs on who asks.
    fn remember(&mut self, held: &[Held], scene: &Scene<'_>) -> bool {
        let estate = self.estate;
        let mut lasting = true;
        for held in held {
            let document = estate.policies[held.policy].document;
            let dependent = self.dependent(document);
            lasting &= dependent.is_empty();
            let Some(block) = &mut self.account else { return false };
            match block.documents.get_mut(&document) {
                None => {
                    block.documents.insert(document, None);
                    lasting = false;
                }
                Some(Some(_)) => {}
                Some(slot) => *slot = Some(Rc::new(Said::new(estate, self.part, scene, document, dependent))),
            }
        }
        lasting
    }

    /// The statements of a document that may say something else to another caller of the account.
    fn dependent(&mut self, document: DocId) -> Rc<[StatementId]> {
        let (estate, named) = (self.estate, self.part.resource.is_some());
        let found = self.dependent.entry(document).or_insert_with(|| {
            let hangs = |statement: &Stmt| {
                named && statement.who.is_some()
                    || condition_hangs(estate, statement.condition)
                    || resources_hang(estate, statement)
            };
            estate.library.statements_of(document).filter(|(_, s)| hangs(s)).map(|(id, _)| id).collect()
        });
        Rc::clone(found)
    }
}

/// Everything of a statement that may differ between callers.
fn tell(scene: &Scene<'_>, statement: &Stmt, key: &mut Vec<u32>) {
    key.push(scene.condition_tri(statement.condition) as u32);
    let library = scene.library;
    let set = &library.resource_sets[statement.resources];
    let templates = set.items.iter().filter(|&&item| library.patterns[item].kind == PatternKind::Template);
    let before = key.len();
    key.extend(templates.map(|&item| scene.item_degree(library.patterns[item]) as u32));
    if key.len() > before {
        key.push(scene.resources(statement.resources) as u32);
    }
}

fn either<'a>([one, other]: [&'a Dense; 2]) -> impl Iterator<Item = u64> + 'a {
    one.words().iter().zip(other.words()).map(|(a, b)| a | b)
}

pub(super) fn key_hangs(estate: &Estate, key: u32) -> bool {
    matches!(estate.library.key_scopes.get(key as usize), Some(KeyScope::Principal(..)))
}

pub(super) fn template_hangs(estate: &Estate, template: &Template) -> bool {
    template.variables().any(|(name, _)| {
        estate.library.conditions.find_key(name).is_some_and(|key| key_hangs(estate, key.id))
    })
}

fn condition_hangs(estate: &Estate, id: CondId) -> bool {
    match estate.library.conditions.get(id) {
        CondNode::Always | CondNode::Missing(_) => false,
        CondNode::And(parts) => parts.iter().any(|&part| condition_hangs(estate, part)),
        CondNode::Clause(clause) => {
            let clause = estate.library.conditions.clause(*clause);
            key_hangs(estate, clause.key.id)
                || clause.templates.iter().any(|template| template_hangs(estate, template))
        }
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
        dependent: Rc<[StatementId]>,
    ) -> Said {
        let mut ranges: [[Vec<(u16, u16)>; 2]; 2] = Default::default();
        for (id, statement) in estate.library.statements_of(document) {
            if dependent.contains(&id) {
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
        Said { spoken: ranges.map(|side| side.map(Intervals::from_ranges)), dependent }
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
        Limits { sure: half(PermissionSet::sure), poss: half(PermissionSet::poss) }
    }

    fn pick(&self, gathered: &Gathered, len: u16) -> PermissionSet {
        let [allow, deny] = &gathered.0;
        let sure = self.sure.pick([&allow[0], &allow[0]], [&deny[0], &deny[1]], len);
        let poss = self.poss.pick([&allow[0], &allow[1]], [&deny[0], &deny[0]], len);
        if sure == poss { Kleene::exact(poss) } else { Kleene::between(sure, poss) }
    }
}

impl Half {
    /// The row where the layer allows what is in either of the one pair, and denies what is in either of the other.
    fn pick(&self, allow: [&Dense; 2], deny: [&Dense; 2], len: u16) -> Row {
        let words = self.granted.words().iter().zip(self.always.words());
        let said = either(allow).zip(either(deny));
        let words =
            words.zip(said).map(|((granted, always), (allow, deny))| granted & allow & !deny | always);
        let mut row = Row::from_words(words, len);
        if let Some(undenied) = &self.undenied {
            let more = undenied.words().iter().zip(either(deny)).map(|(word, deny)| word & !deny);
            row.or(&Row::from_words(more, len));
        }
        if let Some(allowed) = &self.allowed {
            let more = allowed.words().iter().zip(either(allow)).map(|(word, allow)| word & allow);
            row.or(&Row::from_words(more, len));
        }
        row
    }
}
