//! `who_can`: all principals at once, then one by one only where the sets leave it open.

use super::among;
use super::caller::Caller;
use super::can::general_assumptions;
use super::decide::{Case, Verdict, verdict};
use super::likeness::Likenesses;
use super::memo::{LeafMemo, PartMarks};
use super::question::{Owner, Part, Plan, Setting};
use super::sets::SetEvaluator;
use super::shared_sets::SharedSets;
use super::via::Routes;
use crate::base::{IdSet, Text};
use crate::condition::{Atom, Expr};
use crate::error::Error;
use crate::model::{Match, PrincipalKind, Query, Session};
use crate::progress::Progress;
use crate::snapshot::Snapshot;
use crate::snapshot::estate::{AccountId, Estate};
use crate::truth::{Bits, Kleene, Mark, PrincipalId, PrincipalSet, Principals, Truth};
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use serde::Serialize;
use std::rc::Rc;
use std::sync::Arc;

/// One row of `who_can`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct HolderRow {
    /// Full id, `anonymous`, a service, or `account <id> (not in the snapshot)`.
    pub principal: String,
    /// Its kind.
    pub principal_kind: PrincipalKind,
    /// The provider.
    pub provider: &'static str,
    /// Its account, empty where it has none.
    pub account: String,
    /// `active`; `eligible` where it has to be activated first; `latent` where it is one step of self-service away.
    pub tier: &'static str,
    /// The verdict of `can` on the same question.
    pub verdict: Verdict,
    /// What the access depends on, as canonical JSON text.
    pub condition: Option<String>,
    /// The resource or pattern asked about, or the parts of it to which the access is limited.
    pub resources: Vec<String>,
    /// The policies and groups through which it comes.
    pub via: Vec<String>,
}

/// The answer of `who_can`. Counting and membership cost nothing per principal; rows are made when read.
#[derive(Debug)]
pub struct Holders {
    /// By tier, in order.
    tiers: Vec<Level>,
}

/// Those of one tier.
#[derive(Clone, Debug)]
struct Level {
    snapshot: Snapshot,
    estate: usize,
    plan: Plan,
    setting: Setting,
    resource: String,
    members: IdSet<PrincipalId>,
    /// Members whose access surely depends on nothing.
    sure: IdSet<PrincipalId>,
    /// By special part: who may be allowed anything there.
    reach: Vec<IdSet<PrincipalId>>,
    /// What was found of those whom the sets leave open, ascending.
    found: Vec<(PrincipalId, Arc<Found>)>,
    assumptions: Vec<String>,
}

impl Snapshot {
    /// Who can do `query.action` on `query.resource`?
    ///
    /// ```
    /// # use ciem_core::SnapshotBuilder;
    /// # let mut builder = SnapshotBuilder::new();
    /// # builder.add("account.json", include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.json")))?;
    /// # let snapshot = builder.finish()?;
    /// use ciem_core::{Query, Verdict};
    ///
    /// let holders = snapshot.who_can(&Query::who("s3:GetObject", "arn:aws:s3:::pay/report.csv"))?;
    /// assert_eq!((holders.count(), holders.conditional()), (2, 1));
    /// for row in holders.rows() {
    ///     println!("{} {:?} {:?}", row.principal, row.verdict, row.condition);
    /// }
    /// assert!(holders.contains("arn:aws:iam::111122223333:role/app"));
    /// # Ok::<(), ciem_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `unknown_action`, `invalid_request`.
    pub fn who_can(&self, query: &Query) -> Result<Holders, Error> {
        self.who_can_with(query, &Progress::none())
    }

    /// As [`Snapshot::who_can`], polling for cancellation.
    ///
    /// # Errors
    /// As `who_can`, and `cancelled`.
    pub fn who_can_with(&self, query: &Query, progress: &Progress) -> Result<Holders, Error> {
        let Some(action) = &query.action else {
            return Err(Error::invalid("action", "`who_can` needs a permission"));
        };
        progress.poll("asking", 0, None)?;
        let resource = query.resource.clone().unwrap_or_else(|| "*".to_owned());
        let (estate, permission) = self.find_permission(action)?;
        let plan = Plan::new(estate, permission, &resource, query.caller_side_only)?;
        let setting = Setting::asked(estate, query, None, Some(permission))?;
        let asked = query.tiers()?;
        let (mut tiers, mut lower) = (Vec::new(), None);
        for tier in estate.provider.tiers(asked.last().copied().unwrap_or_default()) {
            let setting = Setting { tier, ..setting.clone() };
            let level = Level::new(self, estate, query, plan.clone(), setting, &resource, progress)?;
            if asked.contains(&tier) {
                tiers.push(match &lower {
                    Some(lower) => level.beyond(lower),
                    None => level.clone(),
                });
            }
            lower = Some(level);
        }
        Ok(Holders { tiers })
    }
}

impl Level {
    fn new(
        snapshot: &Snapshot,
        estate: &Estate,
        query: &Query,
        plan: Plan,
        setting: Setting,
        resource: &str,
        progress: &Progress,
    ) -> Result<Level, Error> {
        let (found, reach) = sets(estate, &plan, &setting, progress)?;
        let sure = found.sure().among(&estate.everybody);
        let mut members = sure.clone();
        let mut doubtful = found.poss().among(&estate.everybody);
        doubtful.subtract(&sure);
        if let (Some(open), Match::Any) = (found.open(), query.matching) {
            let mut open = open.among(&doubtful);
            doubtful.subtract(&open);
            open.union_with(&members);
            members = open;
        }
        let assumptions = general_assumptions(estate, None, &plan, query.missing_layer);
        let index = snapshot.number_of(estate);
        let snapshot = snapshot.clone();
        let found = Vec::new();
        let mut holders = Level {
            snapshot,
            estate: index,
            plan,
            setting,
            resource: resource.to_owned(),
            members,
            sure,
            reach,
            found,
            assumptions,
        };
        if doubtful.is_empty() {
            return Ok(holders);
        }
        let mut asking = holders.asking();
        let mut further = Vec::new();
        for (done, id) in doubtful.iter().enumerate() {
            progress.tick("asking", done, Some(doubtful.len() as usize))?;
            let found = asking.found(id);
            let counts = query.matching == Match::Any || !found.limited_by_resource;
            if found.verdict != Verdict::Deny && counts {
                further.push((id, found));
            }
        }
        holders.members.union_with(&further.iter().map(|(id, _)| *id).collect());
        holders.found = further;
        Ok(holders)
    }
}

fn limited_by_resource(expr: &Expr) -> bool {
    expr.atoms().iter().any(|atom| matches!(atom, Atom::ResourceIn(_)))
}

/// Surely and possibly, over all parts of the question; and possibly at each special part.
fn sets(
    estate: &Estate,
    plan: &Plan,
    setting: &Setting,
    progress: &Progress,
) -> Result<(PrincipalSet, Vec<IdSet<PrincipalId>>), Error> {
    let shared = SharedSets::new(estate, plan.permission);
    let one = |part: &Part| {
        let mut setting = setting.clone();
        if part.owner != Owner::Caller {
            setting.bind_part(estate, None, part);
        }
        let mut evaluator = SetEvaluator::new(estate, plan.permission, part, &setting, &shared);
        (estate.provider.rules.principals)(&mut evaluator).allow
    };
    let mut found = match &plan.generic {
        Some(part) => one(part),
        None => PrincipalSet::always(),
    };
    if plan.special.is_empty() {
        return Ok((found, Vec::new()));
    }
    let mut reach = Vec::with_capacity(plan.special.len());
    let mut poss = found.poss().clone();
    let mut sure = found.sure().clone();
    // Whatever is open outside the special parts, or sure there, is not nothing: no list of resources is all of them,
    // unless the exports list all that the permission can act on.
    let closed = estate.requires_policy(plan.permission);
    let whole = plan.generic.as_ref().map(|part| &part.asked);
    let all_of_it = |part: &Part| whole.is_some_and(|asked| part.asked == *asked);
    let mut open = Principals::none();
    if !closed && whole.is_some() && !plan.special.iter().any(all_of_it) {
        open = sure.clone();
        if let Some(known) = found.open() {
            open.or(known);
        }
    }
    for (done, part) in plan.special.iter().enumerate() {
        progress.poll("asking", done, Some(plan.special.len()))?;
        let here = one(part);
        poss.or(here.poss());
        reach.push(here.poss().among(&estate.everybody));
        open.or(here.sure());
        // Who owns the resource must be let in here too; for others it only adds.
        let owners = match (&part.owner, plan.own_scope) {
            (Owner::Account(account), true) => {
                Principals::these(IdSet::range(estate.accounts[*account].principals.clone()))
            }
            _ => Principals::all(),
        };
        let mut kept_out = owners;
        kept_out.minus(here.sure());
        sure.minus(&kept_out);
    }
    found = Kleene::between(sure, poss).varying(open, Principals::none());
    Ok((found, reach))
}

/// Who surely may, and those of whom the sets leave it open; for questions about one resource.
pub(crate) fn sure_and_open(
    estate: &Estate,
    plan: &Plan,
    setting: &Setting,
    progress: &Progress,
) -> Result<(IdSet<PrincipalId>, IdSet<PrincipalId>), Error> {
    let (found, _) = sets(estate, plan, setting, progress)?;
    let sure = found.sure().among(&estate.everybody);
    let mut open = found.poss().among(&estate.everybody);
    open.subtract(&sure);
    Ok((sure, open))
}

impl Holders {
    /// How many rows there are: principals, and people once for each assignment.
    pub fn count(&self) -> u64 {
        self.tiers.iter().map(|level| level.members.len()).sum()
    }

    /// Whether the principal of this full id is one of them.
    pub fn contains(&self, id: &str) -> bool {
        self.tiers.iter().any(|level| level.contains(id))
    }

    /// Their full ids, in the snapshot's order; a person of a directory once for each assignment.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.tiers.iter().flat_map(Level::ids)
    }

    /// How many hold the access only under a condition, or subject to a missing fact. Finding out costs as much as
    /// their rows.
    pub fn conditional(&self) -> usize {
        self.tiers.iter().map(Level::conditional).sum()
    }

    /// What the access of each depends on whose access is not sure.
    pub(super) fn each_open(&self, progress: &Progress, each: &mut dyn FnMut(&Expr)) -> Result<(), Error> {
        self.tiers.iter().try_for_each(|level| level.each_open(progress, each))
    }

    /// What the answer takes for granted.
    pub fn assumptions(&self) -> &[String] {
        self.tiers.first().map_or(&[], |level| &level.assumptions)
    }

    /// The rows, tier by tier, made one by one.
    pub fn rows(&self) -> impl Iterator<Item = HolderRow> + '_ {
        self.tiers.iter().flat_map(Level::rows)
    }
}

impl Level {
    /// What this tier gives and the one below does not.
    fn beyond(&self, lower: &Level) -> Level {
        let (mut here, mut below) = (self.asking(), lower.asking());
        let more = |id: &PrincipalId| {
            !lower.sure.contains(*id)
                && (!lower.members.contains(*id)
                    || self.found(*id, &mut here).expr != lower.found(*id, &mut below).expr)
        };
        let members = self.members.iter().filter(more).collect();
        Level { members, ..self.clone() }
    }

    fn contains(&self, id: &str) -> bool {
        let estate = self.home();
        let Some(text) = estate.library.texts.find(id) else { return false };
        let people = estate.people_by_key.get(&text).into_iter().flatten();
        let mut assigned = people.flat_map(|&person| &estate.people[person].principals);
        estate.by_id.get(&text).is_some_and(|&id| self.members.contains(id))
            || assigned.any(|&id| self.members.contains(id))
    }

    fn ids(&self) -> impl Iterator<Item = &str> {
        let estate = self.home();
        self.members.iter().map(move |id| estate.text(estate.shown(id).0))
    }

    fn conditional(&self) -> usize {
        let mut asking = self.asking();
        let open = self.members.iter().filter(|&id| !self.sure.contains(id));
        open.filter(|&id| self.found(id, &mut asking).verdict != Verdict::Allow).count()
    }

    fn each_open(&self, progress: &Progress, each: &mut dyn FnMut(&Expr)) -> Result<(), Error> {
        let mut asking = self.asking();
        let open = self.members.iter().filter(|&id| !self.sure.contains(id));
        for (done, id) in open.enumerate() {
            progress.tick("asking", done, None)?;
            each(&self.found(id, &mut asking).expr);
        }
        Ok(())
    }

    fn rows(&self) -> impl Iterator<Item = HolderRow> + '_ {
        let mut asking = self.asking();
        self.members.iter().map(move |id| self.row(id, &mut asking))
    }

    fn home(&self) -> &Estate {
        // INVARIANT: `estate` is an index into the estates of the snapshot that this value holds.
        &self.snapshot.estates()[self.estate]
    }

    fn asking(&self) -> Asking<'_> {
        Asking::new(self.home(), &self.plan, &self.setting, &self.reach)
    }

    fn known(&self, id: PrincipalId) -> Option<Arc<Found>> {
        let at = self.found.binary_search_by_key(&id, |(known, _)| *known).ok()?;
        self.found.get(at).map(|(_, found)| Arc::clone(found))
    }

    fn found(&self, id: PrincipalId, asking: &mut Asking<'_>) -> Arc<Found> {
        self.known(id).unwrap_or_else(|| asking.found(id))
    }

    fn row(&self, id: PrincipalId, asking: &mut Asking<'_>) -> HolderRow {
        let estate = self.home();
        let principal = &estate.principals[id];
        let (shown, principal_kind) = estate.shown(id);
        let stance = asking.likenesses.stance(id);
        let found =
            if self.sure.contains(id) { Arc::clone(&asking.always) } else { asking.found_of(id, stance) };
        let mut resources = found.resources.clone();
        if resources.is_empty() {
            resources.push(self.resource.clone());
        }
        HolderRow {
            principal: estate.text(shown).to_owned(),
            principal_kind,
            provider: estate.provider.name,
            account: estate.account_text(principal.account).to_owned(),
            tier: self.setting.tier.as_str(),
            verdict: found.verdict,
            condition: found.condition.clone(),
            resources,
            via: asking.via(id, stance),
        }
    }
}

/// What a residual means, written out once for all who share it.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) verdict: Verdict,
    pub(crate) condition: Option<String>,
    resources: Vec<String>,
    limited_by_resource: bool,
    expr: Expr,
}

impl Found {
    fn of(expr: &Expr) -> Found {
        Found {
            verdict: verdict(expr),
            condition: condition(expr),
            resources: within(expr),
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
    /// By part: names what is asked; where the owner is who asks, with its account.
    asked: Vec<Mark>,
    account: Option<AccountId>,
    marks: Vec<PartMarks>,
    routes: Routes<'a>,
    likenesses: Likenesses<'a>,
    /// What surely holds.
    always: Arc<Found>,
    /// By residual, and by likeness.
    known: HashMap<Expr, Arc<Found>, RandomState>,
    alike: HashMap<u32, Arc<Found>, RandomState>,
    /// Names of resources' policies by stance.
    named: HashMap<u32, Rc<[Text]>, RandomState>,
    /// Whether what is said gives access: to an account, and where it hangs on who asks, to those who are alike.
    given: HashMap<(u32, Result<AccountId, u32>), bool, RandomState>,
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
            leaves: LeafMemo::default(),
            asked: Vec::new(),
            account: None,
            marks: Vec::new(),
            routes: Routes::new(estate, plan),
            likenesses: Likenesses::new(estate, plan, setting),
            always: Arc::new(Found::of(&Expr::Always)),
            known: HashMap::default(),
            alike: HashMap::default(),
            named: HashMap::default(),
            given: HashMap::default(),
        }
    }

    pub(crate) fn found(&mut self, id: PrincipalId) -> Arc<Found> {
        let stance = self.likenesses.stance(id);
        self.found_of(id, stance)
    }

    fn found_of(&mut self, id: PrincipalId, stance: u32) -> Arc<Found> {
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
        self.mark(caller);
        let reached = Some(self.reached.as_slice());
        let mut case = Case::reaching(self.estate, caller, self.plan, &self.setting, reached);
        case.memo = Some((&self.leaves, &self.marks));
        let raw = case.residual_expr();
        if let Some(known) = self.known.get(&raw) {
            return Arc::clone(known);
        }
        let found = Arc::new(Found::of(&among::simplified(self.estate, self.plan, &raw).expr));
        self.known.insert(raw, Arc::clone(&found));
        found
    }

    /// Names what the leaves of each part depend on. Patterns without variables are compared once for all callers.
    fn mark(&mut self, caller: &Caller) {
        let permission = self.plan.permission;
        if self.asked.is_empty() || self.account != caller.account {
            self.account = caller.account;
            self.asked.clear();
            self.asked.extend(Case::all_parts(self.plan).map(|part| {
                let own = part.own_account(self.estate, caller).map(|(_, account)| account);
                Mark::of(&(&part.asked, &part.owner, part.resource, own, permission))
            }));
        }
        let reached = self.reached.iter().copied().chain(std::iter::repeat(true));
        self.marks.clear();
        self.marks.extend(self.asked.iter().zip(reached).map(|(&asked, reached)| {
            // Keys are known as far as this caller determines them.
            let whole = if reached { Mark::of(&(asked, caller.principal)) } else { asked };
            PartMarks { asked, whole, brought: whole }
        }));
    }

    /// Names of policies and groups, sorted.
    fn via(&mut self, id: PrincipalId, stance: u32) -> Vec<String> {
        let (estate, routes, setting) = (self.estate, &self.routes, &mut self.setting);
        let caller = || Caller::of(estate, id, None);
        let of_resources =
            self.named.entry(stance).or_insert_with(|| routes.of_resources(&caller(), setting).into());
        let mut names: Vec<Text> = of_resources.to_vec();
        let account = estate.principals[id].account;
        let loaded = !estate.unloaded.contains(id);
        let layers = estate.provider.own_grants(setting.tier);
        for held in layers.filter(|_| loaded).flat_map(|spec| estate.held(spec.id, id)) {
            let saying = self.likenesses.saying(held.policy);
            let whose = if saying.hangs() { Err(self.likenesses.whole(id, stance)) } else { Ok(account) };
            let granted = saying.speaks()
                && *self
                    .given
                    .entry((saying.number(), whose))
                    .or_insert_with(|| routes.is_granted_by(held.policy, &caller(), setting));
            if granted {
                names.push(estate.policies[held.policy].name);
                names.extend(held.via);
            }
        }
        let acting = estate.principals[id].acting.as_deref();
        names.extend_from_slice(acting.map_or(&[], |acting| &acting.through));
        let mut names: Vec<&str> = names.into_iter().map(|name| estate.text(name)).collect();
        names.sort_unstable();
        names.dedup();
        names.into_iter().map(str::to_owned).collect()
    }
}

pub(crate) fn condition(expr: &Expr) -> Option<String> {
    (!matches!(expr, Expr::Always | Expr::Never)).then(|| expr.to_json().to_string())
}

/// The sub-patterns to which an answer is limited, sorted.
pub(crate) fn within(expr: &Expr) -> Vec<String> {
    fn walk(expr: &Expr, out: &mut Vec<String>) {
        match expr {
            Expr::And(parts) | Expr::Or(parts) => parts.iter().for_each(|part| walk(part, out)),
            Expr::Atom(atom) => {
                if let Atom::ResourceIn(patterns) = &**atom {
                    out.extend(patterns.iter().map(ToString::to_string));
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
