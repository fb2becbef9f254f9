//! One question to many callers, what was worked out for one kept for those who are like it.

use super::among::Simplifying;
use super::caller::Caller;
use super::decide::{Case, Verdict, verdict};
use super::likeness::Likenesses;
use super::memo::{LeafMemo, PartMarks};
use super::question::{Plan, Setting};
use super::via::Routes;
use crate::base::{IdSet, Text};
use crate::condition::{Atom, Expr};
use crate::model::Session;
use crate::pattern::Pattern;
use crate::snapshot::estate::{AccountId, Estate};
use crate::truth::{Mark, PrincipalId};
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use std::rc::Rc;
use std::sync::Arc;

/// What a residual means, written out once for all who share it.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) verdict: Verdict,
    pub(crate) condition: Option<Arc<str>>,
    pub(super) resources: Arc<[String]>,
    pub(super) limited_by_resource: bool,
    pub(super) expr: Expr,
}

impl Found {
    fn of(expr: &Expr) -> Found {
        Found {
            verdict: verdict(expr),
            condition: condition(expr).map(Arc::from),
            resources: within(expr).into(),
            limited_by_resource: limited_by_resource(expr),
            expr: expr.clone(),
        }
    }
}

/// One question to many callers.
pub(crate) struct Asking<'a> {
    estate: &'a Estate,
    plan: &'a Plan,
    /// Bound to whoever was asked about last.
    setting: Setting,
    reach: &'a [IdSet<PrincipalId>],
    /// By special part, of whoever is asked about.
    reached: Vec<bool>,
    /// Leaves that were worked out before.
    leaves: LeafMemo,
    marks: Marking,
    simplifying: Simplifying<'a>,
    routes: Routes<'a>,
    pub(super) likenesses: Likenesses<'a>,
    /// What surely holds.
    pub(super) always: Arc<Found>,
    /// By residual, and by likeness.
    known: HashMap<Expr, Arc<Found>, RandomState>,
    alike: HashMap<u32, Arc<Found>, RandomState>,
    /// Names of resources' policies by stance.
    named: HashMap<u32, Rc<[Text]>, RandomState>,
    /// Whether what is said gives access: to an account, and where it hangs on who asks, to those who are alike.
    given: HashMap<(u32, Result<AccountId, u32>), bool, RandomState>,
    /// Room for the names at hand.
    names: Vec<Text>,
    /// Lists of names, by the names in order of their ids: one for all whose rows have it.
    lists: HashMap<Box<[Text]>, Arc<[String]>, RandomState>,
    last_account: (Option<AccountId>, Arc<str>),
}

impl<'a> Asking<'a> {
    pub(crate) fn new(
        estate: &'a Estate,
        plan: &'a Plan,
        setting: &Setting,
        reach: &'a [IdSet<PrincipalId>],
    ) -> Asking<'a> {
        Asking {
            estate,
            plan,
            setting: setting.clone(),
            reach,
            reached: Vec::new(),
            leaves: LeafMemo::keeping(),
            marks: Marking::default(),
            simplifying: Simplifying::new(estate, plan),
            routes: Routes::new(estate, plan),
            likenesses: Likenesses::new(estate, plan, setting),
            always: Arc::new(Found::of(&Expr::Always)),
            known: HashMap::default(),
            alike: HashMap::default(),
            named: HashMap::default(),
            given: HashMap::default(),
            names: Vec::new(),
            lists: HashMap::default(),
            last_account: (None, Arc::default()),
        }
    }

    pub(crate) fn found(&mut self, id: PrincipalId) -> Arc<Found> {
        let stance = self.likenesses.stance(id);
        self.found_of(id, stance)
    }

    pub(super) fn found_of(&mut self, id: PrincipalId, stance: u32) -> Arc<Found> {
        let whole = self.likenesses.whole(id, stance);
        if let Some(known) = self.alike.get(&whole) {
            return Arc::clone(known);
        }
        let found = self.residual(&Caller::of(self.estate, id, None));
        self.alike.insert(whole, Arc::clone(&found));
        found
    }

    fn residual(&mut self, caller: &Caller) -> Arc<Found> {
        self.residual_in(caller, None)
    }

    /// As `residual`, where something is known of the session; to be asked of one caller only.
    pub(crate) fn residual_in(&mut self, caller: &Caller, session: Option<&Session>) -> Arc<Found> {
        caller.bind(self.estate, &mut self.setting, session);
        self.reached.clear();
        self.reached.extend(self.reach.iter().map(|set| caller.principal.is_none_or(|id| set.contains(id))));
        let marks = self.marks.of(self.estate, self.plan, caller, &self.reached);
        let reached = Some(self.reached.as_slice());
        let mut case = Case::reaching(self.estate, caller, self.plan, &self.setting, reached);
        case.memo = Some((&self.leaves, marks));
        let raw = case.residual_expr();
        if let Some(known) = self.known.get(&raw) {
            return Arc::clone(known);
        }
        let found = Arc::new(Found::of(&self.simplifying.simplified(&raw).expr));
        self.known.insert(raw, Arc::clone(&found));
        found
    }

    /// The id of an account.
    pub(super) fn account(&mut self, id: AccountId) -> Arc<str> {
        let (last, text) = &mut self.last_account;
        if *last != Some(id) {
            (*last, *text) = (Some(id), Arc::from(self.estate.account_text(id)));
        }
        Arc::clone(text)
    }

    /// Names of policies and groups, sorted.
    pub(super) fn via(&mut self, id: PrincipalId, stance: u32) -> Arc<[String]> {
        let (estate, plan, routes, setting) = (self.estate, self.plan, &self.routes, &mut self.setting);
        let (leaves, marks) = (&self.leaves, &mut self.marks);
        let of_resources = self.named.entry(stance).or_insert_with(|| {
            let caller = Caller::of(estate, id, None);
            let memory = Some((leaves, marks.of(estate, plan, &caller, &[])));
            routes.of_resources(&caller, setting, memory).into()
        });
        let names = &mut self.names;
        names.clear();
        names.extend_from_slice(of_resources);
        let account = estate.principals[id].account;
        let loaded = !estate.unloaded.contains(id);
        let layers = estate.provider.own_grants(setting.tier);
        for held in layers.filter(|_| loaded).flat_map(|spec| estate.held(spec.id, id)) {
            let saying = self.likenesses.saying(held.policy);
            let whose = if saying.hangs() { Err(self.likenesses.whole(id, stance)) } else { Ok(account) };
            let granted = saying.speaks()
                && *self.given.entry((saying.number(), whose)).or_insert_with(|| {
                    let caller = Caller::of(estate, id, None);
                    let memory = Some((leaves, marks.of(estate, plan, &caller, &[])));
                    routes.is_granted_by(held.policy, &caller, setting, memory)
                });
            if granted {
                names.push(estate.policies[held.policy].name);
                names.extend(held.via);
            }
        }
        let acting = estate.principals[id].acting.as_deref();
        names.extend_from_slice(acting.map_or(&[], |acting| &acting.through));
        names.sort_unstable();
        names.dedup();
        if let Some(known) = self.lists.get(names.as_slice()) {
            return Arc::clone(known);
        }
        let mut list: Vec<String> = names.iter().map(|&name| estate.text(name).to_owned()).collect();
        list.sort_unstable();
        let list: Arc<[String]> = list.into();
        self.lists.insert(names.as_slice().into(), Arc::clone(&list));
        list
    }
}

/// Names what the leaves of each part depend on. Patterns without variables are compared once for all callers.
#[derive(Default)]
struct Marking {
    /// By part: names what is asked; where the owner is who asks, with its account.
    asked: Vec<Mark>,
    account: Option<AccountId>,
    marks: Vec<PartMarks>,
}

impl Marking {
    /// `reached` tells of the parts at which the caller may be allowed anything; of parts it does not tell of, they are.
    fn of(&mut self, estate: &Estate, plan: &Plan, caller: &Caller, reached: &[bool]) -> &[PartMarks] {
        if self.asked.is_empty() || self.account != caller.account {
            self.account = caller.account;
            self.asked.clear();
            self.asked.extend(Case::all_parts(plan).map(|part| {
                let own = part.own_account(estate, caller).map(|(_, account)| account);
                Mark::of(&(&part.asked, &part.owner, part.resource, own, plan.permission))
            }));
        }
        let reached = reached.iter().copied().chain(std::iter::repeat(true));
        self.marks.clear();
        self.marks.extend(self.asked.iter().zip(reached).map(|(&asked, reached)| {
            // Keys are known as far as this caller determines them.
            let whole = if reached { Mark::of(&(asked, caller.principal)) } else { asked };
            PartMarks { asked, whole, brought: whole }
        }));
        &self.marks
    }
}

fn limited_by_resource(expr: &Expr) -> bool {
    expr.atoms().iter().any(|atom| matches!(atom, Atom::ResourceIn(_)))
}

pub(crate) fn condition(expr: &Expr) -> Option<String> {
    (!matches!(expr, Expr::Always | Expr::Never)).then(|| expr.to_json_text())
}

/// The sub-patterns to which an answer is limited, sorted.
pub(crate) fn within(expr: &Expr) -> Vec<String> {
    fn walk(expr: &Expr, out: &mut Vec<String>) {
        match expr {
            Expr::And(parts) | Expr::Or(parts) => parts.iter().for_each(|part| walk(part, out)),
            Expr::Atom(atom) => {
                if let Atom::ResourceIn(patterns) = &**atom {
                    out.extend(patterns.iter().map(Pattern::to_text));
                }
            }
            Expr::Not(_) | Expr::Always | Expr::Never => {}
        }
    }
    let mut out = Vec::new();
    walk(expr, &mut out);
    out.sort_unstable();
    out.dedup();
    out
}

/// The exceptions of an answer, sorted.
pub(crate) fn except(expr: &Expr) -> Vec<String> {
    fn walk(expr: &Expr, out: &mut Vec<String>) {
        match expr {
            Expr::And(parts) => parts.iter().for_each(|part| walk(part, out)),
            Expr::Not(inner) => out.extend(within(inner)),
            _ => {}
        }
    }
    let mut out = Vec::new();
    walk(expr, &mut out);
    out.sort_unstable();
    out.dedup();
    out
}
