//! What logs tell of one permission of one principal.

use super::days::{Days, day_of};
use super::observed::{Alike, Observations, Subject};
use super::window::Window;
use crate::model::Network;

/// Calls that ended alike: how many, and when. Instants are seconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tally {
    days: Days,
    first: i64,
    last: i64,
    count: u64,
    at_most: bool,
}

impl Tally {
    pub(crate) fn add(&mut self, at: i64, counted_twice: bool) {
        let Some(day) = day_of(at) else { return };
        let none = self.days.is_empty();
        self.first = if none { at } else { self.first.min(at) };
        self.last = if none { at } else { self.last.max(at) };
        self.days.insert(day);
        self.count = self.count.saturating_add(1);
        self.at_most |= counted_twice;
    }

    pub(crate) fn merge(&mut self, other: &Tally) {
        if other.days.is_empty() {
            return;
        }
        if self.days.is_empty() {
            *self = other.clone();
            return;
        }
        // Two deliveries of one day may hold the same calls.
        self.at_most |= other.at_most || self.days.meets(&other.days);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.count = self.count.saturating_add(other.count);
        self.days.union_with(&other.days);
    }

    /// Whether there was no call.
    pub fn is_empty(&self) -> bool {
        self.days.is_empty()
    }

    /// The first call.
    pub fn first_seen(&self) -> Option<i64> {
        (!self.is_empty()).then_some(self.first)
    }

    /// The last call.
    pub fn last_seen(&self) -> Option<i64> {
        (!self.is_empty()).then_some(self.last)
    }

    /// The days with a call.
    pub fn days(&self) -> &Days {
        &self.days
    }

    /// How many calls. Where [`Tally::is_at_most`], some may have been counted more than once.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Whether the count is only an upper bound: deliveries overlapped.
    pub fn is_at_most(&self) -> bool {
        self.at_most
    }

    /// Whether there was a call in the window. Of the days on which it begins and ends all calls count, save where
    /// the first or the last call of all tells more.
    pub fn is_in(&self, window: &Window) -> bool {
        !self.is_empty()
            && self.first < window.to()
            && self.last >= window.from()
            && self.days.count_in(window.days()) > 0
    }
}

/// Calls of one permission that were alike, as far as they are told apart: at most 64 kinds for each permission of a
/// principal, beyond which addresses, then resources, then contexts are told apart less.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Observed<'a> {
    /// What was acted on; none where the log names nothing. With `exact` the id as it was logged, else an id or a pattern
    /// that ends in a star.
    pub resource: Option<&'a str>,
    /// Whether `resource` is an id as it was logged, and no pattern even where it has a star in it.
    pub exact: bool,
    /// The first call, in seconds since 1970.
    pub first_seen: i64,
    /// The last call, in seconds since 1970.
    pub last_seen: i64,
    /// How many calls; an upper bound where the [`Tally`] is one.
    pub count: u64,
    subject: &'a Subject,
}

impl<'a> Observed<'a> {
    /// Condition keys and their values. Addresses may be networks; a key that is not there was not logged or had too
    /// many values.
    pub fn context(&self) -> impl ExactSizeIterator<Item = (&'a str, &'a str)> + use<'a> {
        self.subject.context.iter().map(|(key, value)| (key.as_ref(), value.as_ref()))
    }
}

/// What logs tell of one permission of one principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PermissionUse {
    pub(crate) permission: Box<str>,
    pub(crate) used: Tally,
    pub(crate) denied: Tally,
    pub(crate) failed: Tally,
    pub(crate) seen: Observations,
    /// Bits by the class's place in `Network::ALL`.
    pub(crate) networks: u8,
    /// Bit 0: without a second factor; bit 1: with one.
    pub(crate) mfa: u8,
    /// Sorted.
    pub(crate) logs: Vec<&'static str>,
}

impl PermissionUse {
    pub(crate) fn new(permission: &str) -> Self {
        PermissionUse {
            permission: permission.into(),
            used: Tally::default(),
            denied: Tally::default(),
            failed: Tally::default(),
            seen: Observations::default(),
            networks: 0,
            mfa: 0,
            logs: Vec::new(),
        }
    }

    pub(crate) fn merge(&mut self, other: &PermissionUse) {
        self.used.merge(&other.used);
        self.denied.merge(&other.denied);
        self.failed.merge(&other.failed);
        self.seen.merge(&other.seen);
        self.networks |= other.networks;
        self.mfa |= other.mfa;
        other.logs.iter().for_each(|log| self.log(log));
    }

    pub(crate) fn log(&mut self, log: &'static str) {
        if let Err(at) = self.logs.binary_search(&log) {
            self.logs.insert(at, log);
        }
    }

    /// The permission, in the catalogue's spelling where that knows it.
    pub fn permission(&self) -> &str {
        &self.permission
    }

    /// Calls that were carried out.
    pub fn used(&self) -> &Tally {
        &self.used
    }

    /// Calls that were refused for want of a permission.
    pub fn denied(&self) -> &Tally {
        &self.denied
    }

    /// Calls that failed for another reason.
    pub fn failed(&self) -> &Tally {
        &self.failed
    }

    /// What the calls that were carried out were about, sorted by resource and context.
    pub fn observed(&self) -> impl ExactSizeIterator<Item = Observed<'_>> {
        let exact = self.seen.resources_are_exact();
        self.seen.iter().map(move |(subject, &Alike { first, last, count })| Observed {
            resource: subject.resource.as_deref(),
            exact,
            first_seen: first,
            last_seen: last,
            count,
            subject,
        })
    }

    /// Where calls came from that were carried out, in the order of the classes.
    pub fn networks(&self) -> impl Iterator<Item = Network> + '_ {
        let bits = self.networks;
        Network::ALL.into_iter().enumerate().filter(move |(at, _)| bits >> at & 1 == 1).map(|(_, one)| one)
    }

    /// Whether calls were carried out with a second factor, and without one, as far as the log tells.
    pub fn mfa(&self) -> (bool, bool) {
        (self.mfa & 2 != 0, self.mfa & 1 != 0)
    }

    /// The logs that tell of it, sorted.
    pub fn logs(&self) -> &[&'static str] {
        &self.logs
    }
}
