//! Which part of what happened the logs hold.

use super::days::{Days, name};
use super::window::Window;
use crate::model::{FileReport, Plane};
use serde::Serialize;
use std::collections::BTreeMap;

/// Names of calls that no catalogue knows, and names of files, that are kept one by one.
const MOST_NAMES: usize = 10_000;

/// A log that the caller knows to be complete: days without an event in it were quiet.
///
/// ```
/// use ciem_core::{Cover, UsageBuilder, UseState, Window};
///
/// let window = Window::ending("90d", "2026-11-01T00:00:00Z")?;
/// let mut builder = UsageBuilder::new();
/// builder.cover(&Cover::management("aws", "111122223333", &window));
/// let usage = builder.finish();
/// let state = |permission| usage.state("arn:aws:iam::111122223333:user/ana", permission, &window);
/// assert_eq!(state("s3:CreateBucket"), UseState::Unused);
/// assert_eq!(state("s3:GetObject"), UseState::Unobservable);
/// # Ok::<(), ciem_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cover {
    pub(crate) provider: String,
    pub(crate) account: String,
    /// `None` for management.
    pub(crate) service: Option<String>,
    pub(crate) days: Days,
}

impl Cover {
    /// All management calls of an account in the window.
    pub fn management(provider: &str, account: &str, window: &Window) -> Self {
        let (provider, account) = (provider.to_owned(), account.to_owned());
        Cover { provider, account, service: None, days: Days::range(window.days()) }
    }

    /// All calls on the data of a service of an account in the window.
    pub fn data(provider: &str, account: &str, service: &str, window: &Window) -> Self {
        Cover { service: Some(service.to_owned()), ..Self::management(provider, account, window) }
    }
}

/// The log of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AccountLog {
    pub(crate) management: Days,
    /// By service.
    pub(crate) data: BTreeMap<Box<str>, Days>,
    /// Days with an event, by region.
    pub(crate) regions: BTreeMap<Box<str>, Days>,
    /// Days of which the caller said that the log is complete, in all regions.
    pub(crate) complete: Days,
}

impl AccountLog {
    fn merge(&mut self, other: &AccountLog) {
        self.management.union_with(&other.management);
        self.complete.union_with(&other.complete);
        for (service, days) in &other.data {
            self.data.entry(service.clone()).or_default().union_with(days);
        }
        for (region, days) in &other.regions {
            self.regions.entry(region.clone()).or_default().union_with(days);
        }
    }
}

/// What was read of the logs, and which part of what happened they hold. The wire form of `coverage` of a usage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Coverage {
    /// By provider and account.
    pub(crate) accounts: BTreeMap<(Box<str>, Box<str>), AccountLog>,
    pub(crate) files: Vec<FileReport>,
    /// Calls that no catalogue knows by this name.
    pub(crate) unknown: BTreeMap<Box<str>, u64>,
    pub(crate) counts: Counts,
}

/// What became of the records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Counts {
    /// Records that were read.
    pub records: u64,
    /// Of these, uses of a permission, refused and failed ones included.
    pub uses: u64,
    /// Delivered before.
    pub duplicates: u64,
    /// Not a call by anybody: what a provider notes of itself.
    pub notices: u64,
    /// Calls of which the log does not tell who made them.
    pub unattributed: u64,
    /// After the time that was given as now.
    pub future: u64,
    /// Of no log that is known, or not to be read.
    pub unread: u64,
}

impl Counts {
    fn merge(&mut self, other: &Counts) {
        let add = |a: &mut u64, b: u64| *a = a.saturating_add(b);
        add(&mut self.records, other.records);
        add(&mut self.uses, other.uses);
        add(&mut self.duplicates, other.duplicates);
        add(&mut self.notices, other.notices);
        add(&mut self.unattributed, other.unattributed);
        add(&mut self.future, other.future);
        add(&mut self.unread, other.unread);
    }
}

impl Coverage {
    pub(crate) fn log(&mut self, provider: &str, account: &str) -> &mut AccountLog {
        self.accounts.entry((provider.into(), account.into())).or_default()
    }

    pub(crate) fn unknown(&mut self, name: &str, count: u64) {
        if let Some(known) = self.unknown.get_mut(name) {
            *known = known.saturating_add(count);
            return;
        }
        self.unknown.insert(name.into(), count);
        // The first in the alphabet stay, whatever the order in which they come.
        if self.unknown.len() > MOST_NAMES {
            self.unknown.pop_last();
        }
    }

    pub(crate) fn merge(&mut self, other: &Coverage) {
        for ((provider, account), log) in &other.accounts {
            self.log(provider, account).merge(log);
        }
        self.files.extend(other.files.iter().cloned());
        self.sort_files();
        for (name, count) in &other.unknown {
            self.unknown(name, *count);
        }
        self.counts.merge(&other.counts);
    }

    pub(crate) fn sort_files(&mut self) {
        self.files.sort_by(|a, b| {
            (&a.name, &a.kind, a.records, &a.errors).cmp(&(&b.name, &b.kind, b.records, &b.errors))
        });
        self.files.dedup();
    }

    /// The days of which the log of an account shows the use of permissions of this plane and service. `home` is the
    /// region in whose log alone the calls of the service stand.
    pub(crate) fn days(
        &self,
        provider: &str,
        account: &str,
        plane: Plane,
        service: &str,
        home: Option<&str>,
    ) -> Option<Days> {
        let log = self.accounts.get(&(provider.into(), account.into()))?;
        match plane {
            Plane::Management => match home {
                // A trail of one region has none of them, and a quiet day there is no gap.
                Some(home) if !log.regions.is_empty() && !log.regions.contains_key(home) => {
                    Some(log.complete.clone())
                }
                _ => Some(log.management.clone()),
            },
            Plane::Data => log.data.get(service).cloned(),
            Plane::Unlogged => None,
        }
    }
}

/// What was read of the logs, and which part of what happened they hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct UsageCoverage {
    /// The version of the wire form.
    pub v: u8,
    /// What was read.
    pub files: Vec<FileReport>,
    /// What became of the records.
    pub counts: Counts,
    /// By account, plane and service.
    pub logs: Vec<LogCoverage>,
    /// Calls by a name that no catalogue has, as far as permissions go, with how often: each counts as a permission
    /// of that name.
    pub unknown: BTreeMap<String, u64>,
}

/// The log of one account, for one plane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LogCoverage {
    /// The provider.
    pub provider: String,
    /// The account.
    pub account: String,
    /// Management calls, or calls on data.
    pub plane: Plane,
    /// The service, for calls on data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The first day, such as `2026-01-31`.
    pub first: String,
    /// The last day.
    pub last: String,
    /// How many days there are.
    pub days: usize,
    /// The days in between of which there is nothing, as first and last day of each gap.
    pub gaps: Vec<[String; 2]>,
    /// The regions with an event.
    pub regions: Vec<String>,
}

impl Coverage {
    pub(crate) fn view(&self) -> UsageCoverage {
        let mut logs = Vec::new();
        for ((provider, account), log) in &self.accounts {
            let regions: Vec<String> = log.regions.keys().map(|region| region.to_string()).collect();
            let data = log.data.iter().map(|(service, days)| (Plane::Data, Some(service.to_string()), days));
            for (plane, service, days) in
                std::iter::once((Plane::Management, None, &log.management)).chain(data)
            {
                let Some((first, last)) = ends(days) else { continue };
                logs.push(LogCoverage {
                    provider: provider.to_string(),
                    account: account.to_string(),
                    plane,
                    service,
                    first: name(first),
                    last: name(last),
                    days: days.len(),
                    gaps: gaps(days),
                    regions: regions.clone(),
                });
            }
        }
        let unknown = self.unknown.iter().map(|(name, count)| (name.to_string(), *count)).collect();
        UsageCoverage { v: 1, files: self.files.clone(), counts: self.counts, logs, unknown }
    }
}

fn ends(days: &Days) -> Option<(u32, u32)> {
    Some((days.iter().next()?, days.last_in(0..u32::MAX)?))
}

fn gaps(days: &Days) -> Vec<[String; 2]> {
    let next = days.iter().skip(1);
    let pairs = days.iter().zip(next).filter(|(one, next)| one + 1 < *next);
    pairs.map(|(one, next)| [name(one + 1), name(next - 1)]).collect()
}
