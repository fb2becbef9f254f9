//! `who_can`: all principals at once, then one by one only where the sets leave it open.

use super::can::general_assumptions;
use super::decide::{Case, Verdict, verdict};
use super::question::{Caller, Given, Owner, Part, Plan, Setting};
use super::sets::SetEvaluator;
use crate::base::IdSet;
use crate::condition::{Atom, Expr, simplify};
use crate::error::Error;
use crate::model::{Effect, Match, PrincipalKind, Query};
use crate::progress::Progress;
use crate::snapshot::Snapshot;
use crate::snapshot::estate::{AccountId, Estate};
use crate::truth::{Bits, Kleene, PrincipalId, PrincipalSet, Principals, Truth};
use serde::Serialize;
use std::collections::BTreeMap;

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
    /// `active`: the access needs no activation first.
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
    snapshot: Snapshot,
    estate: usize,
    plan: Plan,
    setting: Setting,
    resource: String,
    members: IdSet<PrincipalId>,
    /// Simplified conditions of the members that have one.
    conditions: BTreeMap<PrincipalId, Expr>,
    assumptions: Vec<String>,
}

impl Snapshot {
    /// Who can do `query.action` on `query.resource`?
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
        let given = Given {
            context: &query.context,
            session: None,
            at: query.at.as_deref(),
            unknown: query.unknown_context,
            missing: query.missing_layer,
        };
        let mut setting = Setting::new(estate, &given)?;
        setting.own_policies = !query.caller_side_only;
        let plan = Plan::new(estate, permission, &resource, query.caller_side_only)?;
        let found = sets(estate, &plan, &setting, progress)?;
        let mut members = found.sure().among(&estate.everybody);
        let mut doubtful = found.poss().among(&estate.everybody);
        doubtful.subtract(&members);
        let mut conditions = BTreeMap::new();
        let mut simplified: BTreeMap<Expr, Expr> = BTreeMap::new();
        let mut bound = setting.clone();
        for (done, id) in doubtful.iter().enumerate() {
            progress.tick("asking", done, Some(doubtful.len() as usize))?;
            let caller = Caller::of(estate, id, None);
            caller.bind(estate, &mut bound, None);
            let raw = Case::new(estate, &caller, &plan, &bound).residual_expr();
            let expr = simplified.entry(raw).or_insert_with_key(|raw| simplify(raw).expr).clone();
            match expr {
                Expr::Never => {}
                Expr::Always => {
                    members.insert(id);
                }
                expr => {
                    if query.matching == Match::Any || !limited_by_resource(&expr) {
                        members.insert(id);
                        conditions.insert(id, expr);
                    }
                }
            }
        }
        let assumptions = general_assumptions(estate, None, &plan, query.missing_layer);
        let index = self.estates().iter().position(|e| std::ptr::eq(e, estate)).unwrap_or(0);
        let snapshot = self.clone();
        Ok(Holders { snapshot, estate: index, plan, setting, resource, members, conditions, assumptions })
    }
}

fn limited_by_resource(expr: &Expr) -> bool {
    expr.atoms().iter().any(|atom| matches!(atom, Atom::ResourceIn(_)))
}

/// Surely and possibly, over all parts of the question.
fn sets(estate: &Estate, plan: &Plan, setting: &Setting, progress: &Progress) -> Result<PrincipalSet, Error> {
    let one = |part: &Part| {
        let mut setting = setting.clone();
        if part.owner != Owner::Caller {
            setting.bind_part(estate, None, part);
        }
        let mut evaluator = SetEvaluator::new(estate, plan.permission, part, &setting);
        (estate.provider.rules.principals)(&mut evaluator).allow
    };
    let mut found = match &plan.generic {
        Some(part) => one(part),
        None => PrincipalSet::always(),
    };
    let mut poss = found.poss().clone();
    let mut sure = found.sure().clone();
    for (done, part) in plan.special.iter().enumerate() {
        progress.poll("asking", done, Some(plan.special.len()))?;
        let here = one(part);
        poss.or(here.poss());
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
    if !plan.special.is_empty() {
        found = Kleene::between(sure, poss);
    }
    Ok(found)
}

impl Holders {
    /// How many there are.
    pub fn count(&self) -> u64 {
        self.members.len()
    }

    /// Whether the principal of this full id is one of them.
    pub fn contains(&self, id: &str) -> bool {
        let estate = self.home();
        let known = estate.library.texts.find(id).and_then(|text| estate.by_id.get(&text).copied());
        known.is_some_and(|id| self.members.contains(id))
    }

    /// Their full ids, in the snapshot's order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        let estate = self.home();
        self.members.iter().map(move |id| estate.text(estate.principals[id].id))
    }

    /// How many hold the access only under a condition, or subject to a missing fact.
    pub fn conditional(&self) -> usize {
        self.conditions.len()
    }

    /// What the answer takes for granted.
    pub fn assumptions(&self) -> &[String] {
        &self.assumptions
    }

    /// The rows, made one by one.
    pub fn rows(&self) -> impl Iterator<Item = HolderRow> + '_ {
        let mut setting = self.setting.clone();
        self.members.iter().map(move |id| self.row(id, &mut setting))
    }

    fn home(&self) -> &Estate {
        // INVARIANT: `estate` is an index into the estates of the snapshot that this value holds.
        &self.snapshot.estates()[self.estate]
    }

    fn row(&self, id: PrincipalId, setting: &mut Setting) -> HolderRow {
        let estate = self.home();
        let caller = Caller::of(estate, id, None);
        caller.bind(estate, setting, None);
        let case = Case::new(estate, &caller, &self.plan, setting);
        let expr = self.conditions.get(&id).unwrap_or(&Expr::Always);
        let mut resources = within(expr);
        if resources.is_empty() {
            resources.push(self.resource.clone());
        }
        HolderRow {
            principal: caller.id.clone(),
            principal_kind: caller.kind,
            provider: estate.provider.name,
            account: account(estate, estate.principals[id].account),
            tier: "active",
            verdict: verdict(expr),
            condition: condition(expr),
            resources,
            via: via(&case),
        }
    }
}

fn account(estate: &Estate, id: AccountId) -> String {
    estate.account_text(id).to_owned()
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

/// Policies and groups of the statements that allow.
pub(crate) fn via(case: &Case<'_>) -> Vec<String> {
    let estate = case.estate;
    let mut names = std::collections::BTreeSet::new();
    for (_, trace) in case.traced() {
        for entry in trace {
            let Some(policy) = entry.policy else { continue };
            let limits = estate.provider.layers.iter().any(|s| s.id == entry.layer && !s.grants);
            if limits || estate.library.statements[entry.statement].effect == Effect::Deny {
                continue;
            }
            names.insert(estate.text(estate.policies[policy].name).to_owned());
            names.extend(entry.via.map(|via| estate.text(via).to_owned()));
        }
    }
    names.into_iter().collect()
}
