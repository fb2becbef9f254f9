//! `who_can`: all principals at once, then one by one only where the sets leave it open.

use super::asking::{Asking, Found};
use super::can::general_assumptions;
use super::decide::Verdict;
use super::question::{Owner, Part, Plan, Setting};
use super::sets::SetEvaluator;
use super::shared_sets::SharedSets;
use crate::base::IdSet;
use crate::condition::Expr;
use crate::error::Error;
use crate::model::{Match, PrincipalKind, Query};
use crate::progress::Progress;
use crate::snapshot::Snapshot;
use crate::snapshot::estate::Estate;
use crate::truth::{Bits, Kleene, PrincipalId, PrincipalSet, Principals, Truth};
use serde::Serialize;
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
    pub account: Arc<str>,
    /// `active`; `eligible` where it has to be activated first; `latent` where it is one step of self-service away.
    pub tier: &'static str,
    /// The verdict of `can` on the same question.
    pub verdict: Verdict,
    /// What the access depends on, as canonical JSON text; like the lists below one text for all rows that have it.
    pub condition: Option<Arc<str>>,
    /// The resource or pattern asked about, or the parts of it to which the access is limited.
    pub resources: Arc<[String]>,
    /// The policies and groups through which it comes.
    pub via: Arc<[String]>,
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
    if !closed && whole.is_some() && !plan.special.iter().map(|part| &**part).any(all_of_it) {
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
        let asked = Arc::from([self.resource.clone()]);
        self.members.iter().map(move |id| self.row(id, &mut asking, &asked))
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

    fn row(&self, id: PrincipalId, asking: &mut Asking<'_>, asked: &Arc<[String]>) -> HolderRow {
        let estate = self.home();
        let principal = &estate.principals[id];
        let (shown, principal_kind) = estate.shown(id);
        let stance = asking.likenesses.stance(id);
        let found =
            if self.sure.contains(id) { Arc::clone(&asking.always) } else { asking.found_of(id, stance) };
        let resources = if found.resources.is_empty() { asked } else { &found.resources };
        HolderRow {
            principal: estate.text(shown).to_owned(),
            principal_kind,
            provider: estate.provider.name,
            account: asking.account(principal.account),
            tier: self.setting.tier.as_str(),
            verdict: found.verdict,
            condition: found.condition.clone(),
            resources: Arc::clone(resources),
            via: asking.via(id, stance),
        }
    }
}
