//! What a proposal rests on: the logs decided anew, what they cover, and what that says of needs that were not seen.

use super::holdings::Unit;
use super::need::{Asked, Need};
use super::proof;
use super::proposal::{Calendar, Failure, Replay, Unseen};
use crate::access::decide::Verdict;
use crate::access::prepared::Scratch;
use crate::access::simulator::Simulator;
use crate::error::Error;
use crate::model::{ContextValue, Plane, Remedy, Request};
use crate::usage::days::name;
use crate::usage::permission_use::Observed;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Failures that are listed.
const MOST_FAILURES: usize = 100;

pub(super) const ASSUMPTION: &str = "days are independent of each other and the time to come is like the window: a job that runs less often than once in \
     the window breaks it";

/// The simulators of the policies before and after, for one member.
pub(super) struct Pair {
    old: Simulator,
    pub(super) new: Simulator,
}

impl Pair {
    pub(super) fn of(
        asked: &Asked<'_>,
        principal: &str,
        old: &[Value],
        new: &[Value],
    ) -> Result<Pair, Error> {
        let simulator = |documents: &[Value]| {
            let simulation = (asked.spec.simulation)(principal, documents).to_string();
            Simulator::over(asked.estate.provider, asked.estate.universe.clone(), &simulation)
        };
        Ok(Pair { old: simulator(old)?, new: simulator(new)? })
    }
}

/// Decides what was logged of the unit with the old and the new policies.
pub(super) fn replay(asked: &Asked<'_>, unit: &Unit, old: &[Value], new: &[Value]) -> Result<Replay, Error> {
    let Asked { estate, usage, window, .. } = asked;
    let mut replay = Replay::default();
    let ids: BTreeSet<&str> = unit.members.iter().map(|&id| estate.text(estate.principals[id].id)).collect();
    let mut failures: BTreeMap<(String, String), u64> = BTreeMap::new();
    for id in ids {
        let uses: Vec<_> = usage.of(id).filter(|one| !one.used().is_empty()).collect();
        if uses.is_empty() {
            continue;
        }
        let pair = Pair::of(asked, id, old, new)?;
        let (before, after) = (pair.old.prepare(), pair.new.prepare());
        let mut scratch = Scratch::default();
        for one in uses {
            // A name that no policy and no catalogue has was never granted by these policies.
            if estate.universe.find(one.permission()).is_none() {
                replay.not_by_these_policies += one.observed().len() as u64;
                continue;
            }
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
                let request = request(pair.new.request(), one.permission(), &observed);
                let verdict = after.verdict(&pair.new.ready(&after, &request)?, &mut scratch);
                if verdict == Verdict::Allow {
                    continue;
                }
                let was = before.verdict(&pair.old.ready(&before, &request)?, &mut scratch);
                let fails = match was {
                    Verdict::Deny => {
                        replay.not_by_these_policies += u64::from(in_window);
                        false
                    }
                    Verdict::Allow => true,
                    // It hangs on what the log does not have: on the same as before, or on more.
                    Verdict::Conditional | Verdict::Unknown => {
                        verdict == Verdict::Deny
                            || pair.old.decide(&request)?.condition != pair.new.decide(&request)?.condition
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

/// The events, where nothing is decided otherwise.
pub(super) fn counted(asked: &Asked<'_>, unit: &Unit) -> Replay {
    let Asked { estate, usage, window, .. } = asked;
    let mut replay = Replay::default();
    let ids: BTreeSet<&str> = unit.members.iter().map(|&id| estate.text(estate.principals[id].id)).collect();
    for observed in ids.into_iter().flat_map(|id| usage.of(id)).flat_map(|one| one.observed()) {
        if observed.last_seen >= window.from() && observed.first_seen < window.to() {
            replay.events += observed.count;
            replay.requests += 1;
        } else {
            replay.earlier_events += observed.count;
        }
    }
    replay
}

fn request(like: &Request, permission: &str, observed: &Observed<'_>) -> Request {
    let mut request = like.clone();
    request.action = permission.to_owned();
    request.resource = observed.resource.unwrap_or("*").to_owned();
    // Where the log was too long to keep each value, a network stands for addresses: it is no value of a request.
    let plain = observed.context().filter(|(_, value)| observed.exact || !value.contains('/'));
    request.context.extend(plain.map(|(key, value)| (key.to_owned(), ContextValue::One(value.to_owned()))));
    request
}

/// The days of the window, and which of them the logs of the unit's account cover.
pub(super) fn calendar(asked: &Asked<'_>, unit: &Unit) -> Calendar {
    let Asked { estate, usage, window, .. } = asked;
    let account = estate.account_text(estate.principals[unit.first()].account);
    let covered =
        usage.0.coverage.days(estate.provider.name, account, Plane::Management, "", None).unwrap_or_default();
    let mut calendar = Calendar { days: window.days().len() as u32, ..Calendar::default() };
    for day in window.days().filter(|day| covered.contains(*day)) {
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

/// Of the document that takes the changes back.
pub(super) fn hash(rollback: &Remedy) -> Result<String, Error> {
    let text =
        serde_json::to_string(rollback).map_err(|error| Error::Internal { reason: error.to_string() })?;
    Ok(Sha256::digest(text.as_bytes()).iter().fold(String::new(), |mut out, byte| {
        // Writing to a text does not fail.
        let _ = write!(out, "{byte:02x}");
        out
    }))
}

/// The statements of the proposal as the new simulator reads them.
pub(super) fn again(asked: &Asked<'_>, unit: &Unit, proposed: &[Value]) -> Result<Vec<proof::Again>, Error> {
    let Asked { estate, spec, .. } = asked;
    if proposed.is_empty() {
        return Ok(Vec::new());
    }
    let principal = estate.text(estate.principals[unit.first()].id);
    let simulation = (spec.simulation)(principal, proposed).to_string();
    let simulator = Simulator::over(estate.provider, estate.universe.clone(), &simulation)?;
    let library = simulator.library();
    Ok(library.map(|library| proof::read_again(spec, library, proposed)).unwrap_or_default())
}
