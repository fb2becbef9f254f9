//! Identities, credentials and resources on which nothing was seen.

use super::grants::place;
use super::lookup::{Idle, Lookup, idle};
use super::{UnusedKind, UnusedOptions, UnusedRow};
use crate::error::Error;
use crate::model::{CredentialKind, Plane};
use crate::progress::Progress;
use crate::usage::value::UseState;
use std::collections::BTreeSet;

pub(super) fn rows(
    lookup: &mut Lookup<'_>,
    options: &UnusedOptions,
    progress: &Progress,
    add: &mut dyn FnMut(UnusedRow),
) -> Result<(), Error> {
    for (number, principal) in lookup.principals().into_iter().enumerate() {
        progress.tick("comparing", number, None)?;
        let known = lookup.know(principal);
        let of = lookup.usage_of(principal);
        let state = match idle(of, lookup.window) {
            Idle::Active => continue,
            Idle::Told => UseState::Unused,
            Idle::Silent if lookup.is_covered(&known.account) => UseState::Unused,
            Idle::Silent => UseState::Unobservable,
        };
        let id = lookup.text(lookup.estate.shown(principal).0);
        let mut row = lookup.row(UnusedKind::Principal, id, state);
        place(&mut row, &known);
        row.last_used = before(
            lookup,
            lookup.usage.last_active(lookup.estate.text(lookup.estate.principals[principal].id)),
        );
        row.uncovered_days = lookup.uncovered(&known.account);
        add(row);
    }
    if options.wants(UnusedKind::Credential) {
        credentials(lookup, add);
    }
    if options.wants(UnusedKind::Resource) {
        resources(lookup, progress, add)?;
    }
    Ok(())
}

/// An instant before the end of the window.
fn before(lookup: &Lookup<'_>, at: Option<i64>) -> Option<String> {
    let at = at.filter(|at| *at < lookup.window.to())?;
    jiff::Timestamp::from_second(at).ok().map(|at| at.to_string())
}

fn credentials(lookup: &mut Lookup<'_>, add: &mut dyn FnMut(UnusedRow)) {
    let estate = lookup.estate;
    for one in &estate.usage.credentials {
        if one.active == Some(false) || one.kind == CredentialKind::Mfa {
            continue;
        }
        let owner = estate.text(one.principal);
        let id = one.id.map(|id| estate.text(id));
        let logged = lookup.usage.0.principals.get(owner);
        let key = id.unwrap_or(one.kind.as_str());
        let seen = logged.and_then(|of| of.credentials.get(key));
        let last = one.used.at.max(seen.and_then(|tally| tally.last_seen()));
        let window = lookup.window;
        let in_window = |at: i64| at >= window.from() && at < window.to();
        if last.is_some_and(in_window) || seen.is_some_and(|tally| tally.is_in(window)) {
            continue;
        }
        let principal = estate.by_id.get(&one.principal).copied();
        // The report of an account tells the last use of every credential.
        let told = one.used.at.is_some() || estate.usage.reported.contains(&one.principal);
        let account = (estate.provider.account_of)(owner).unwrap_or_default();
        let state =
            if told || lookup.is_covered(&account) { UseState::Unused } else { UseState::Unobservable };
        let mut row = lookup.row(UnusedKind::Credential, key, state);
        match principal {
            Some(principal) => place(&mut row, &lookup.know(principal)),
            None => row.account = Some(account),
        }
        row.principal = Some(owner.to_owned());
        row.last_used = before(lookup, last);
        add(row);
    }
}

fn resources(
    lookup: &mut Lookup<'_>,
    progress: &Progress,
    add: &mut dyn FnMut(UnusedRow),
) -> Result<(), Error> {
    let touched: BTreeSet<&str> = touched(lookup);
    let estate = lookup.estate;
    for (number, resource) in estate.resources.iter().enumerate() {
        progress.tick("comparing", number, Some(estate.resources.len()))?;
        let id = estate.text(resource.id);
        // Roles are principals: what of them was used is told there.
        if estate.by_id.contains_key(&resource.id) || !resource.askable {
            continue;
        }
        let below = format!("{id}/");
        let mut from = touched.range::<&str, _>(below.as_str()..);
        if touched.contains(id) || from.next().is_some_and(|next| next.starts_with(&below)) {
            continue;
        }
        let account = resource.account.map(|account| estate.account_text(account).to_owned());
        let service = estate.text(resource.kind).split(':').next().unwrap_or_default();
        let of = account.as_deref().unwrap_or_default();
        // Uses of the data in it show in the log of data only, and so do not show elsewhere.
        let data = lookup.usage.0.coverage.days(estate.provider.name, of, Plane::Data, service, None);
        let blind = data.map_or(lookup.window.days().len(), |days| days.missing_in(lookup.window.days()));
        let covered = blind <= lookup.window.tolerated() && lookup.is_covered(of);
        let state = if covered { UseState::Unused } else { UseState::Unobservable };
        let mut row = lookup.row(UnusedKind::Resource, id, state);
        [row.environment, row.team] = lookup.resource_tags(resource);
        row.account = account;
        row.uncovered_days = blind as u64;
        add(row);
    }
    Ok(())
}

/// Ids of what somebody used something on in the window; of patterns nothing is known but that they are not one id.
fn touched<'a>(lookup: &Lookup<'a>) -> BTreeSet<&'a str> {
    let window = lookup.window;
    let uses = lookup.usage.0.principals.values().flat_map(|of| of.permissions.values());
    let seen = uses.filter(|one| one.used.is_in(window)).flat_map(|one| one.observed());
    let seen = seen.filter(|seen| seen.first_seen < window.to() && seen.last_seen >= window.from());
    seen.filter_map(|seen| seen.resource).map(|id| id.strip_suffix('*').unwrap_or(id)).collect()
}

impl Lookup<'_> {
    /// Days of the window of which the account's log has nothing.
    pub(super) fn uncovered(&self, account: &str) -> u64 {
        let days =
            self.usage.0.coverage.days(self.estate.provider.name, account, Plane::Management, "", None);
        days.map_or(self.window.days().len(), |days| days.missing_in(self.window.days())) as u64
    }

    pub(super) fn is_covered(&self, account: &str) -> bool {
        self.uncovered(account) <= self.window.tolerated() as u64
    }
}
