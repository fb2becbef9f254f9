//! What a proposal rests on: the logs decided anew, what they cover, and what that says of needs that were not seen.

use super::holdings::{Holdings, Unit};
use super::need::{Asked, Need};
use super::proof;
use super::proposal::{Calendar, Failure, Replay, Unseen};
use crate::access::caller::Caller;
use crate::access::decide::Verdict;
use crate::access::prepared::Scratch;
use crate::access::question::{Compiled, Given, Plan, compiled_for};
use crate::base::Text;
use crate::error::Error;
use crate::model::{ContextValue, Plane, Remedy, Request, Tier};
use crate::snapshot::Snapshot;
use crate::snapshot::estate::Estate;
use crate::truth::PrincipalId;
use crate::usage::days::{Days, name};
use crate::usage::permission_use::Observed;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Failures that are listed.
const MOST_FAILURES: usize = 100;

pub(super) const ASSUMPTION: &str = "days are independent of each other and the time to come is like the window: a job that runs less often than once in \
     the window breaks it";

/// The proposal as the estate would read it: documents of a layer, and the policies that they take the place of.
pub(super) struct After(Compiled);

impl After {
    pub(super) fn of(
        asked: &Asked<'_>,
        unit: &Unit,
        holdings: &Holdings<'_>,
        proposed: &[&Value],
    ) -> Result<After, Error> {
        let Asked { estate, memory, .. } = asked;
        let layer = estate.provider.own_grants(Tier::Active).next().map(|spec| spec.id);
        let layer = layer.ok_or_else(|| Error::invalid("principal", "nobody holds policies"))?;
        let gone = holdings.names.iter().zip(&holdings.policies).filter(|(_, policy)| policy.replaced);
        let mut gone: Vec<_> = gone.map(|(name, _)| *name).collect();
        if unit.is_group {
            // Each member holds it through groups of their own.
            let names: BTreeSet<Text> = gone.iter().map(|(name, _)| *name).collect();
            let held = unit.members.iter().flat_map(|id| estate.held(layer, *id));
            let of_members = held.map(|held| (estate.policies[held.policy].name, held.via));
            let of_members: BTreeSet<_> = of_members.filter(|(name, _)| names.contains(name)).collect();
            gone = of_members.into_iter().collect();
        }
        let texts = proposed.iter().map(text).collect::<Result<Vec<_>, _>>()?;
        Ok(After(compiled_for(estate, &memory.universe, layer, &texts, Some(gone.into()))?))
    }

    /// The statements of the proposal as they are read again.
    pub(super) fn again<'d>(&self, asked: &Asked<'_>, proposed: &[&'d Value]) -> Vec<proof::Again<'d>> {
        let documents = self.0.documents.iter().map(|(_, document)| *document);
        proof::read_again(asked.spec, &self.0.library, documents.zip(proposed.iter().copied()))
    }
}

/// Decides what was logged of the unit anew, by the provider's whole rule: once with the policies that it holds, once
/// with the proposal in their place.
pub(super) fn replay(
    snapshot: &Snapshot,
    asked: &Asked<'_>,
    unit: &Unit,
    after: &After,
) -> Result<Replay, Error> {
    let Asked { estate, usage, window, .. } = asked;
    let mut replay = Replay::default();
    let mut failures: BTreeMap<(String, String), u64> = BTreeMap::new();
    let (prepared, mut scratch) = (snapshot.prepare(), Scratch::default());
    for (id, member) in by_id(estate, unit) {
        let caller = Caller::of(estate, member, None);
        for one in usage.of(id).filter(|one| !one.used().is_empty()) {
            // A name that no policy and no catalogue has was never granted by these policies.
            let Some(permission) = estate.universe.find(one.permission()) else {
                replay.not_allowed_before += one.observed().len() as u64;
                continue;
            };
            for observed in one.observed() {
                let in_window = observed.last_seen >= window.from() && observed.first_seen < window.to();
                if in_window {
                    replay.events += observed.count;
                    replay.requests += 1;
                } else {
                    replay.earlier_events += observed.count;
                }
                // A question about such an id would be one about all that the wildcard matches.
                if observed.exact && observed.resource.is_some_and(|id| id.contains(['*', '?'])) {
                    replay.undecided += u64::from(in_window);
                    continue;
                }
                let request = request(id, one.permission(), &observed);
                // Where the log names nothing, no resource's own policy can be asked.
                let plan = || Plan::new(estate, permission, &request.resource, observed.resource.is_none());
                let mut given = Given::from(&request);
                let ready = |given: &Given<'_>| {
                    prepared.planned(estate, vec![caller.clone()], plan()?, &request, given)
                };
                let before = ready(&given)?;
                given.compiled = Some(&after.0);
                let then = ready(&given)?;
                let verdict = prepared.verdict(&then, &mut scratch);
                if verdict == Verdict::Allow {
                    continue;
                }
                let fails = match prepared.verdict(&before, &mut scratch) {
                    Verdict::Deny => {
                        replay.not_allowed_before += u64::from(in_window);
                        false
                    }
                    Verdict::Allow => true,
                    // It hangs on what the log does not have: on the same as before, or on more.
                    Verdict::Conditional | Verdict::Unknown => {
                        verdict == Verdict::Deny || prepared.condition(&before) != prepared.condition(&then)
                    }
                };
                if fails && in_window {
                    replay.would_fail += 1;
                    let what = (request.action.clone(), request.resource.clone());
                    *failures.entry(what).or_default() += observed.count;
                } else if fails {
                    replay.earlier_would_fail += 1;
                }
            }
        }
    }
    let listed = failures.into_iter().take(MOST_FAILURES);
    replay.failures =
        listed.map(|((permission, resource), events)| Failure { permission, resource, events }).collect();
    Ok(replay)
}

/// Members by the id that logs name.
fn by_id<'e>(estate: &'e Estate, unit: &Unit) -> BTreeMap<&'e str, PrincipalId> {
    unit.members.iter().rev().map(|&id| (estate.text(estate.principals[id].id), id)).collect()
}

/// The events, where nothing is decided otherwise.
pub(super) fn counted(asked: &Asked<'_>, unit: &Unit) -> Replay {
    let Asked { estate, usage, window, .. } = asked;
    let mut replay = Replay::default();
    for observed in by_id(estate, unit).into_keys().flat_map(|id| usage.of(id)).flat_map(|one| one.observed())
    {
        if observed.last_seen >= window.from() && observed.first_seen < window.to() {
            replay.events += observed.count;
            replay.requests += 1;
        } else {
            replay.earlier_events += observed.count;
        }
    }
    replay
}

fn request(principal: &str, permission: &str, observed: &Observed<'_>) -> Request {
    let mut request = Request::new(principal, permission, observed.resource.unwrap_or("*"));
    // Where the log was too long to keep each value, a network stands for addresses: it is no value of a request.
    let plain = observed.context().filter(|(_, value)| observed.exact || !value.contains('/'));
    request.context.extend(plain.map(|(key, value)| (key.to_owned(), ContextValue::One(value.to_owned()))));
    request
}

/// The days of the window, and which of them the logs of the unit's account cover.
pub(super) fn calendar(asked: &Asked<'_>, unit: &Unit, holdings: &Holdings<'_>) -> Calendar {
    let Asked { estate, usage, window, .. } = asked;
    let own = estate.account_text(estate.principals[unit.first()].account);
    let accounts = match estate.provider.usage.log_of {
        None => Some(BTreeSet::from([own])),
        Some(log_of) => {
            let patterns = holdings.grants.iter().flat_map(|grant| &grant.resources);
            patterns.map(|pattern| log_of(pattern)).collect()
        }
    };
    let days = |account: &&str| {
        let log = usage.0.coverage.days(estate.provider.name, account, Plane::Management, "", None);
        log.unwrap_or_default()
    };
    let logs: Vec<Days> = accounts.iter().flatten().map(days).collect();
    let is_covered = |day: &u32| !logs.is_empty() && logs.iter().all(|log| log.contains(*day));
    let mut calendar = Calendar { days: window.days().len() as u32, ..Calendar::default() };
    for day in window.days().filter(is_covered) {
        calendar.covered += 1;
        // 1970-01-01 was a Thursday.
        if let Some(count) = calendar.weekdays.get_mut((day as usize + 3) % 7) {
            *count += 1;
        }
        let next = name(day + 1);
        calendar.month_ends += u32::from(next.ends_with("-01"));
        let quarter = ["-01-01", "-04-01", "-07-01", "-10-01"].iter().any(|start| next.ends_with(start));
        calendar.quarter_ends += u32::from(quarter);
    }
    calendar
}

/// What the covered days and the uses of granted permissions say of what was not seen.
pub(super) fn unseen(asked: &Asked<'_>, need: &Need<'_>, calendar: &Calendar) -> Unseen {
    let window = &asked.window;
    let (mut events, mut once) = (0_u64, 0_u64);
    for uses in need.uses.values() {
        let of = uses.iter().flat_map(|one| one.observed()).filter(|one| one.last_seen >= window.from());
        let count: u64 = of.map(|one| one.count).sum();
        events += count;
        once += u64::from(count == 1);
    }
    Unseen {
        units: calendar.covered,
        upper_bound_95: (calendar.covered > 0).then(|| (3.0 / f64::from(calendar.covered)).min(1.0)),
        assumption: ASSUMPTION,
        good_turing: (events > 0).then(|| once as f64 / events as f64),
    }
}

fn text(value: &impl serde::Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Internal { reason: error.to_string() })
}

/// Of the document that takes the changes back.
pub(super) fn hash(rollback: &Remedy) -> Result<String, Error> {
    Ok(Sha256::digest(text(rollback)?.as_bytes()).iter().fold(String::new(), |mut out, byte| {
        // Writing to a text does not fail.
        let _ = write!(out, "{byte:02x}");
        out
    }))
}
