//! What everybody can do: principals are asked about in runs of one account, with the feature `rayon` several runs at
//! a time, and answered in the snapshot's order.

use super::caller::Caller;
use super::can::general_assumptions;
use super::matrix::Held;
use super::question::{Plan, Setting};
use super::study::Findings;
use super::tiers::Tiers;
use super::what_can::{AccessCells, Names};
use crate::base::at_once;
use crate::error::Error;
use crate::model::{PrincipalKind, Query};
use crate::progress::Progress;
use crate::snapshot::Snapshot;
use crate::snapshot::estate::{AccountId, Estate};
use crate::truth::PrincipalId;
#[cfg(feature = "rayon")]
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// At most so many principals are asked about before their answers are handed on.
const RUN: usize = 256;

/// Takes what was found of one caller.
type Each<'a> = &'a mut dyn FnMut(&Estate, &Caller, &[Findings]) -> Result<(), Error>;

/// Hands the rows of all principals on, as they are made; answers what they take for granted.
pub(crate) fn everybody(
    snapshot: &Snapshot,
    query: &Query,
    progress: &Progress,
    each: &mut dyn FnMut(&AccessCells<'_>) -> Result<(), Error>,
) -> Result<Vec<String>, Error> {
    each_finding(snapshot, query, progress, &mut |estate, caller, found| hand_on(estate, caller, found, each))
}

/// Hands on what is found of all principals; answers what it takes for granted.
pub(super) fn each_finding(
    snapshot: &Snapshot,
    query: &Query,
    progress: &Progress,
    each: Each<'_>,
) -> Result<Vec<String>, Error> {
    if query.principal.is_some() || query.session.is_some() {
        return Err(Error::invalid(
            "principal",
            "a question about everybody has neither principal nor session",
        ));
    }
    let mut assumptions = BTreeSet::new();
    let (mut refused, mut answered) = (None, false);
    for (_, estate) in snapshot.estates_in_use() {
        match everybody_of(estate, query, progress, &mut assumptions, each) {
            Ok(()) => answered = true,
            // What is no resource for one provider may be one for another.
            Err(error @ Error::InvalidRequest { .. }) => refused = refused.or(Some(error)),
            Err(error) => return Err(error),
        }
    }
    match refused.filter(|_| !answered) {
        Some(error) => Err(error),
        None => Ok(assumptions.into_iter().collect()),
    }
}

fn everybody_of(
    estate: &Estate,
    query: &Query,
    progress: &Progress,
    assumptions: &mut BTreeSet<String>,
    each: Each<'_>,
) -> Result<(), Error> {
    let crew = Crew { estate, query, quiet: progress.quiet(), idle: Mutex::default() };
    crew.idle.lock().unwrap_or_else(PoisonError::into_inner).push(Worker::new(estate, query)?);
    let (mut account, mut done) = (None, 0);
    let runs = runs(estate);
    for together in runs.chunks(at_once(4)) {
        for (run, answers) in together.iter().zip(crew.ask(together)) {
            progress.poll("asking", done, Some(estate.principals.len()))?;
            done += run.len();
            for (caller, findings) in answers? {
                if account.replace(caller.account) != Some(caller.account) {
                    assumptions.extend(assumed(estate, &caller, query));
                }
                each(estate, &caller, &findings)?;
            }
        }
    }
    Ok(())
}

fn hand_on(
    estate: &Estate,
    caller: &Caller,
    findings: &[Findings],
    each: &mut dyn FnMut(&AccessCells<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    for finding in findings.iter().flat_map(|findings| &**findings) {
        each(&AccessCells {
            principal: caller.shown_id(estate),
            principal_kind: caller.shown_kind(estate),
            provider: estate.provider.name,
            account: caller.account_id.text(estate),
            permissions: Held::of(&estate.universe, &finding.permissions),
            resources: [&*finding.pattern],
            except: &finding.found.except,
            verdict: finding.found.verdict,
            condition: finding.found.condition.as_deref(),
            tier: finding.tier.as_str(),
            via: Names::of(estate, &finding.via),
            leads_to: estate.universe.leads(&finding.permissions),
        })?;
    }
    Ok(())
}

/// The principals that have answers, in order, split where the account changes.
fn runs(estate: &Estate) -> Vec<Vec<PrincipalId>> {
    let named = estate.names_anyone();
    let asked = |id: &PrincipalId| named || estate.principals[*id].kind != PrincipalKind::Anonymous;
    let all: Vec<PrincipalId> = estate.principals.ids().filter(asked).collect();
    let of_account = all.chunk_by(|a, b| estate.principals[*a].account == estate.principals[*b].account);
    of_account.flat_map(|same| same.chunks(RUN)).map(<[PrincipalId]>::to_vec).collect()
}

/// Those who ask.
struct Crew<'a> {
    estate: &'a Estate,
    query: &'a Query,
    quiet: Progress,
    idle: Mutex<Vec<Worker<'a>>>,
}

type Answers = Vec<(Caller, Vec<Findings>)>;

impl<'a> Crew<'a> {
    fn ask(&self, runs: &[Vec<PrincipalId>]) -> Vec<Result<Answers, Error>> {
        #[cfg(feature = "rayon")]
        let runs = runs.par_iter();
        #[cfg(not(feature = "rayon"))]
        let runs = runs.iter();
        runs.map(|run| {
            let mut worker = self.worker(run)?;
            let answers = worker.ask(run, &self.quiet)?;
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
            Ok(answers)
        })
        .collect()
    }

    /// Whoever knows the account already, if there is one.
    fn worker(&self, run: &[PrincipalId]) -> Result<Worker<'a>, Error> {
        let account = run.first().map(|&id| self.estate.principals[id].account);
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let known = idle.iter().position(|worker| worker.account == account);
        let found = known.map(|at| idle.swap_remove(at)).or_else(|| idle.pop());
        drop(idle);
        found.map_or_else(|| Worker::new(self.estate, self.query), Ok)
    }
}

struct Worker<'a> {
    estate: &'a Estate,
    tiers: Tiers<'a>,
    setting: Setting,
    /// Of whom it asked last.
    account: Option<AccountId>,
}

impl<'a> Worker<'a> {
    fn new(estate: &'a Estate, query: &'a Query) -> Result<Self, Error> {
        let (tiers, setting) = (Tiers::new(estate, query)?, Setting::asked(estate, query, None, None)?);
        Ok(Worker { estate, tiers, setting, account: None })
    }

    fn ask(&mut self, run: &[PrincipalId], quiet: &Progress) -> Result<Answers, Error> {
        let mut answers = Vec::with_capacity(run.len());
        for (done, &id) in run.iter().enumerate() {
            quiet.poll("asking", done, None)?;
            let caller = Caller::of(self.estate, id, None);
            caller.bind(self.estate, &mut self.setting, None);
            self.account = caller.account;
            let findings = self.tiers.about(&caller, &self.setting, quiet)?;
            answers.push((caller, findings));
        }
        Ok(answers)
    }
}

/// What answers about a caller take for granted.
pub(super) fn assumed(estate: &Estate, caller: &Caller, query: &Query) -> Vec<String> {
    let plan = Plan { permission: 0, generic: None, special: Vec::new(), further: false, own_scope: true };
    general_assumptions(estate, Some(caller), &plan, query.missing_layer)
}
