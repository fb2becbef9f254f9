//! Rows of many callers. The rule is not run for each of them: it is run once for all who meet the same limits, on
//! the four answers that the layer of their own grants can give, and each caller's row is picked from these.
//!
//! That is exact because the algebra works permission by permission, and because what a layer allows only ever adds
//! to an answer and what it denies only ever takes away: the sure half of a row then hangs on what is surely allowed
//! and possibly denied, the possible half on what is possibly allowed and surely denied.

use super::caller::Caller;
use super::leaf::Scene;
use super::question::{Owner, Part, Setting};
use super::rows::{RowEvaluator, constant};
use super::scalar::ScalarEvaluator;
use super::spoken::speak;
use super::telling::Telling;
use crate::base::{Dense, Id, Intervals, Row};
use crate::condition::Tri;
use crate::model::{DocId, Effect, LayerId};
use crate::provider::Binding;
use crate::snapshot::estate::{AccountId, Estate, Held};
use crate::snapshot::hanging::Hangs;
use crate::snapshot::library::{StatementId, Stmt};
use crate::truth::{Effects, Kleene, PermissionSet};
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use std::rc::Rc;

/// The rows of one part, caller by caller; `K` is what is kept of a row.
pub(super) struct Crowd<'a, K> {
    estate: &'a Estate,
    part: &'a Part,
    /// The layer of the callers' own grants.
    own: LayerId,
    account: Option<Block<'a, K>>,
    /// How many accounts there were so far.
    accounts: u32,
    /// By document: the last account in which it was met.
    met: Box<[u32]>,
    gathered: Gathered,
    key: Vec<u32>,
    /// The caller's documents, as far as they are read.
    held: Vec<(DocId, Option<Rc<Said>>)>,
    sure: Dense,
    poss: Dense,
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

/// What holds for the callers of one account.
struct Block<'a, K> {
    account: Option<AccountId>,
    telling: Telling<'a>,
    /// Statements of guardrails and of the resource's policies that hang on who asks.
    dependent: Vec<StatementId>,
    /// Documents of the own layer that were met more than once.
    documents: HashMap<DocId, Rc<Said>, RandomState>,
    /// By what tells limits apart.
    limits: HashMap<Box<[u32]>, Rc<Limits>, RandomState>,
    /// By limits and documents, where no document hangs on who asks.
    rows: HashMap<Box<[u32]>, K, RandomState>,
}

/// What a document says to every caller of the account.
struct Said {
    /// By effect and then by degree.
    spoken: [[Spoken; 2]; 2],
    /// Statements that hang on who asks, and are not in it.
    dependent: Box<[StatementId]>,
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
        let mut layers = estate.provider.own_grants(setting.tier);
        let (own, None) = (layers.next()?.id, layers.next()) else { return None };
        if setting.brought.is_some() || !setting.named.is_empty() {
            return None;
        }
        let len = estate.universe.len();
        Some(Crowd {
            estate,
            part,
            own,
            account: None,
            accounts: 0,
            met: std::iter::repeat_n(0, estate.library.documents.len()).collect(),
            gathered: Gathered::new(len),
            key: Vec::new(),
            held: Vec::new(),
            sure: Dense::new(len),
            poss: Dense::new(len),
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
            self.accounts += 1;
        }
        let limits = self.limits(caller, setting, bind)?;
        let lasting = self.remember(caller, estate.held(self.own, principal), setting, bind);
        let scene = Scene::of_part(estate, self.part, caller, setting);
        let Block { telling, rows, .. } = self.account.as_mut()?;
        if lasting {
            self.key.extend(self.held.iter().map(|(document, _)| document.0));
            if let Some(row) = rows.get(self.key.as_slice()) {
                return Some(row.clone());
            }
        }
        let gathered = &mut self.gathered;
        gathered.clear();
        for (document, said) in &self.held {
            let mut say = |statement: &Stmt| {
                let condition = || match statement.hangs {
                    Hangs::OnTests => telling.tested(caller, statement.condition, setting),
                    Hangs::No | Hangs::OnValues => scene.condition_tri(statement.condition),
                };
                speak(estate, self.part, &scene, statement, condition, |degree, actions| {
                    gathered.add(statement.effect, degree, actions);
                });
            };
            match said {
                Some(said) => {
                    said.dependent.iter().for_each(|&id| say(&estate.library.statements[id]));
                    gathered.add_all(&said.spoken);
                }
                None => estate.library.statements_of(*document).for_each(|(_, statement)| say(statement)),
            }
        }
        let exact = limits.pick(gathered, &mut self.sure, &mut self.poss);
        let row = keep(Picked { sure: (!exact).then_some(&self.sure), poss: &self.poss });
        if lasting {
            rows.insert(self.key.as_slice().into(), row.clone());
        }
        Some(row)
    }

    fn block(&mut self, caller: &Caller) -> Block<'a, K> {
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
        let all = documents.iter().flat_map(|&document| hanging(estate, self.part, document));
        let dependent = all.map(|(id, _)| id).collect();
        Block {
            account: caller.account,
            dependent,
            documents: HashMap::default(),
            telling: Telling::new(estate, self.part, caller.account),
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
        let Block { telling, dependent, limits, .. } = self.account.as_mut()?;
        let key = &mut self.key;
        key.clear();
        key.extend([caller.facts, caller.kind as u32]);
        for spec in estate.provider.layers {
            if spec.binding == Binding::Principal && spec.id != self.own {
                let held = estate.held(spec.id, principal);
                key.push(held.len() as u32);
                for held in held {
                    let document = estate.policies[held.policy].document;
                    key.push(document.0);
                    for (_, statement) in hanging(estate, self.part, document) {
                        telling.tell(caller, statement, setting, bind, key);
                    }
                }
            }
        }
        for &id in &*dependent {
            let statement = &estate.library.statements[id];
            telling.tell(caller, statement, setting, bind, key);
            if let Some(who) = statement.who.filter(|_| self.part.resource.is_some()) {
                let scalar = ScalarEvaluator::new(estate, caller, 0, self.part, setting);
                key.push(scalar.excepted_degree(Some(who)) as u32);
                let entries = &estate.library.whos[who].entries;
                key.extend(entries.iter().map(|&entry| scalar.names_degree(entry) as u32));
            }
        }
        if let Some(known) = limits.get(key.as_slice()) {
            return Some(Rc::clone(known));
        }
        bind(setting);
        let new = Rc::new(Limits::new(estate, self.own, caller, self.part, setting));
        limits.insert(key.as_slice().into(), Rc::clone(&new));
        Some(new)
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
            // Many documents have one holder only: nothing of them is kept, and they are not looked up.
            let again = self
                .met
                .get_mut(document.index())
                .is_some_and(|last| std::mem::replace(last, self.accounts) == self.accounts);
            let said = again.then(|| {
                let said = block.documents.entry(document).or_insert_with(|| {
                    let scene = Scene::of_part(estate, part, caller, setting);
                    Rc::new(Said::new(estate, part, &scene, document))
                });
                Rc::clone(said)
            });
            let mut hanging = hanging(estate, part, document).peekable();
            lasting &= said.is_some() && hanging.peek().is_none();
            // What tests of the caller's keys come to is known without them.
            if hanging.any(|(_, statement)| statement.hangs != Hangs::OnTests) {
                bind(setting);
            }
            self.held.push((document, said));
        }
        lasting
    }
}

/// The statements of a document that may say something else to another caller of the account.
fn hanging<'a>(
    estate: &'a Estate,
    part: &Part,
    document: DocId,
) -> impl Iterator<Item = (StatementId, &'a Stmt)> + use<'a> {
    let of_resource = part.resource.is_some();
    estate.library.statements_of(document).filter(move |(_, statement)| hangs(of_resource, statement))
}

fn hangs(of_resource: bool, statement: &Stmt) -> bool {
    statement.hangs != Hangs::No || of_resource && statement.who.is_some()
}

impl Said {
    fn new(estate: &Estate, part: &Part, scene: &Scene<'_>, document: DocId) -> Said {
        let mut ranges: [[Vec<(u16, u16)>; 2]; 2] = Default::default();
        let mut dependent = Vec::new();
        for (id, statement) in estate.library.statements_of(document) {
            if hangs(part.resource.is_some(), statement) {
                dependent.push(id);
                continue;
            }
            let [allow, deny] = &mut ranges;
            let sides = if statement.effect == Effect::Allow { allow } else { deny };
            let condition = || scene.condition_tri(statement.condition);
            speak(estate, part, scene, statement, condition, |degree, actions| match degree {
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
        Said { spoken: ranges.map(|side| side.map(spoken)), dependent: dependent.into() }
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
        let (said, denied) = (a.touched().or(b.touched()), c.touched().or(d.touched()));
        let granted = said.and(self.granted.touched());
        // Most layers say little, and nothing under a condition: what is not said is not looked at.
        if b.touched().is_empty() {
            row.set(granted, [&self.granted, a], |[granted, a]| granted & a);
        } else {
            row.set(granted, [&self.granted, a, b], |[granted, a, b]| granted & (a | b));
        }
        row.cut(denied, [c, d], |[c, d]| c | d);
        row.join(self.always.touched(), [&self.always], |[always]| always);
        if let Some(undenied) = &self.undenied {
            row.join(undenied.touched(), [undenied, c, d], |[word, c, d]| word & !(c | d));
        }
        if let Some(allowed) = &self.allowed {
            row.join(said, [allowed, a, b], |[word, a, b]| word & (a | b));
        }
    }
}
