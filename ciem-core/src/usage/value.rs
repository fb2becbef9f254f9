//! Usage: a value that is made of logs and merged with others of its kind.

use super::coverage::{Coverage, UsageCoverage};
use super::days::Days;
use super::permission_use::{PermissionUse, Tally};
use super::told::Told;
use super::window::Window;
use crate::model::Plane;
use crate::provider::{self, Provider};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// People and workloads that are kept for one principal, the first in the alphabet.
pub(super) const MOST_ACTORS: usize = 256;

/// Whether a permission was used in a window, as far as the logs show.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UseState {
    /// A call was carried out.
    Used,
    /// Calls failed, but not for want of a permission: whether it was needed is not known.
    Attempted,
    /// The logs cannot show it, or do not cover the window.
    Unobservable,
    /// Calls were refused for want of a permission, and none was carried out.
    Denied,
    /// The logs cover the window and have no call.
    Unused,
}

impl UseState {
    /// The wire form: `used`, `attempted`, `unobservable`, `denied` or `unused`.
    pub fn as_str(self) -> &'static str {
        match self {
            UseState::Used => "used",
            UseState::Attempted => "attempted",
            UseState::Unobservable => "unobservable",
            UseState::Denied => "denied",
            UseState::Unused => "unused",
        }
    }
}

/// Who used which permission, when, on what: a value that is made by a [`UsageBuilder`](crate::UsageBuilder), never
/// changed, and cheap to clone.
///
/// ```
/// use ciem_core::{Usage, UsageBuilder, UseEvent, UseState, Window};
///
/// let ana = "arn:aws:iam::111122223333:user/ana";
/// let of_day = |at| {
///     let mut builder = UsageBuilder::new();
///     builder.add_event(&UseEvent::new(ana, "s3:CreateBucket", at)?)?;
///     Ok::<Usage, ciem_core::Error>(builder.finish())
/// };
/// let both = of_day("2026-01-03T10:00:00Z")?.merge(&of_day("2026-01-05T10:00:00Z")?);
/// let use_of = both.get(ana, "s3:CreateBucket").unwrap();
/// assert_eq!(use_of.used().days().to_strings(), ["2026-01-03", "2026-01-05"]);
/// let window = Window::ending("7d", "2026-01-10T00:00:00Z")?;
/// assert_eq!(both.state(ana, "s3:CreateBucket", &window), UseState::Used);
/// # Ok::<(), ciem_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage(pub(crate) Arc<Data>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Data {
    /// By full id.
    pub(crate) principals: BTreeMap<Box<str>, PrincipalUse>,
    pub(crate) coverage: Coverage,
}

/// What logs tell of one principal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PrincipalUse {
    pub(crate) provider: Option<&'static str>,
    pub(crate) permissions: BTreeMap<Box<str>, PermissionUse>,
    /// By name: people and workloads in whose sessions it acted.
    pub(crate) actors: BTreeMap<Box<str>, Tally>,
    /// Its last use of anything, as exports tell it.
    pub(crate) last_active: Option<i64>,
    /// By id: long-term credentials that were used.
    pub(crate) credentials: BTreeMap<Box<str>, Tally>,
    /// What the provider says of its use beside the logs.
    pub(crate) told: BTreeSet<Told>,
}

impl PrincipalUse {
    pub(crate) fn merge(&mut self, other: &PrincipalUse) {
        // Of ids that two providers claim the first in the table is right, whatever the order of merging.
        self.provider = match (self.provider, other.provider) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        for (name, theirs) in &other.permissions {
            match self.permissions.get_mut(name) {
                Some(own) => own.merge(theirs),
                None => {
                    self.permissions.insert(name.clone(), theirs.clone());
                }
            }
        }
        for (name, theirs) in &other.actors {
            self.actors.entry(name.clone()).or_default().merge(theirs);
        }
        self.bound_actors();
        self.last_active = self.last_active.max(other.last_active);
        for (name, theirs) in &other.credentials {
            self.credentials.entry(name.clone()).or_default().merge(theirs);
        }
        self.told.extend(other.told.iter().cloned());
    }

    /// The first in the alphabet stay: who is left out once can never come back, so that what stays is complete.
    pub(crate) fn bound_actors(&mut self) {
        while self.actors.len() > MOST_ACTORS {
            self.actors.pop_last();
        }
    }
}

impl Usage {
    /// What this and the other know together. Which of the two comes first does not matter, nor does merging the
    /// same twice, save for counts: these are sums, and only an upper bound
    /// ([`Tally::is_at_most`]) where both know of a day.
    #[must_use]
    pub fn merge(&self, other: &Usage) -> Usage {
        let mut data = Data::clone(&self.0);
        for (principal, theirs) in &other.0.principals {
            data.principals.entry(principal.clone()).or_default().merge(theirs);
        }
        data.coverage.merge(&other.0.coverage);
        Usage(Arc::new(data))
    }

    /// Full ids of the principals that the logs know, sorted.
    pub fn principals(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.principals.keys().map(AsRef::as_ref)
    }

    /// What a principal used, by full id, or tried to use; sorted by permission.
    pub fn of(&self, principal: &str) -> impl Iterator<Item = &PermissionUse> {
        self.0.principals.get(principal).into_iter().flat_map(|one| one.permissions.values())
    }

    /// What the logs tell of one permission of a principal.
    pub fn get(&self, principal: &str, permission: &str) -> Option<&PermissionUse> {
        self.0.principals.get(principal)?.permissions.get(permission)
    }

    /// People and workloads in whose sessions a principal acted, sorted by name; at most 256.
    pub fn actors(&self, principal: &str) -> impl Iterator<Item = (&str, &Tally)> {
        let found = self.0.principals.get(principal);
        found.into_iter().flat_map(|one| one.actors.iter().map(|(name, tally)| (name.as_ref(), tally)))
    }

    /// When a principal last did something, refused and failed calls included, as far as logs and exports tell; in seconds
    /// since 1970.
    pub fn last_active(&self, principal: &str) -> Option<i64> {
        let one = self.0.principals.get(principal)?;
        let tallies = one.permissions.values().flat_map(|of| [&of.used, &of.denied, &of.failed]);
        let logged = tallies.chain(one.credentials.values()).filter_map(Tally::last_seen).max();
        logged.max(one.last_active)
    }

    /// Long-term credentials of a principal that were used, sorted by id.
    pub fn credentials(&self, principal: &str) -> impl Iterator<Item = (&str, &Tally)> {
        let found = self.0.principals.get(principal);
        found.into_iter().flat_map(|one| one.credentials.iter().map(|(id, tally)| (id.as_ref(), tally)))
    }

    /// Whether a principal used a permission in the window. Of a principal that the logs do not know this is told by
    /// what they cover of its account.
    pub fn state(&self, principal: &str, permission: &str, window: &Window) -> UseState {
        let one = self.0.principals.get(principal);
        let found = one.and_then(|one| one.permissions.get(permission));
        if found.is_some_and(|found| found.used.is_in(window)) {
            return UseState::Used;
        }
        let service = |provider: &Provider| (provider.usage.service_of)(permission).to_owned();
        let Some(provider) = self.provider_of(principal) else { return UseState::Unobservable };
        let told = one.and_then(|one| Told::state(&one.told, &service(provider), permission, window));
        if told == Some(UseState::Used) {
            return UseState::Used;
        }
        if found.is_some_and(|found| found.failed.is_in(window)) {
            return UseState::Attempted;
        }
        if told.is_none() && self.uncovered_days(principal, permission, window) > window.tolerated() {
            return UseState::Unobservable;
        }
        match found {
            Some(found) if found.denied.is_in(window) => UseState::Denied,
            _ => UseState::Unused,
        }
    }

    /// How many days of the window the logs do not cover for this permission of a principal; all of them where no
    /// log can show it.
    pub fn uncovered_days(&self, principal: &str, permission: &str, window: &Window) -> usize {
        let days = self.days_observed(principal, permission);
        days.map_or(window.days().len(), |days| days.missing_in(window.days()))
    }

    /// The days of which the logs would show the use of a permission by a principal; none where no log can.
    pub fn days_observed(&self, principal: &str, permission: &str) -> Option<Days> {
        let provider = self.provider_of(principal)?;
        let account = (provider.account_of)(principal)?;
        let service = (provider.usage.service_of)(permission);
        let plane = (provider.usage.plane)(permission);
        let home = (provider.usage.home_region)(service);
        self.0.coverage.days(provider.name, &account, plane, service, home)
    }

    /// Which part of the log shows the use of a permission by a principal.
    pub fn plane(&self, principal: &str, permission: &str) -> Option<Plane> {
        self.provider_of(principal).map(|provider| (provider.usage.plane)(permission))
    }

    /// What was read, and which part of what happened it holds.
    pub fn coverage(&self) -> UsageCoverage {
        self.0.coverage.view()
    }

    /// The last day of which the log of an account has management calls.
    pub(crate) fn last_day(&self, provider: &str, account: &str) -> Option<u32> {
        let days = self.0.coverage.days(provider, account, Plane::Management, "", None)?;
        days.last_in(0..u32::MAX)
    }

    pub(crate) fn provider_of(&self, principal: &str) -> Option<&'static Provider> {
        let known = self.0.principals.get(principal).and_then(|one| one.provider);
        match known {
            Some(name) => provider::TABLE.iter().copied().find(|provider| provider.name == name),
            None => provider::of_principal(principal),
        }
    }
}
