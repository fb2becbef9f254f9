//! Usage as rows: one for each permission of each principal.

use super::permission_use::PermissionUse;
use super::value::Usage;
use crate::model::Plane;
use serde::Serialize;
use std::collections::BTreeSet;

/// What logs tell of one permission of one principal. Instants are RFC 3339 in UTC, days `2026-01-31`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct UseRow {
    /// Full id.
    pub principal: String,
    /// The provider, where the id tells it.
    pub provider: Option<String>,
    /// The account, where the id tells it.
    pub account: Option<String>,
    /// The permission.
    pub permission: String,
    /// Which part of the log shows its use.
    pub plane: Plane,
    /// The first call that was carried out.
    pub first_seen: Option<String>,
    /// The last one.
    pub last_seen: Option<String>,
    /// The days with one.
    pub days: Vec<String>,
    /// How many were carried out.
    pub count: u64,
    /// Whether that is an upper bound.
    pub at_most: bool,
    /// How many were refused for want of a permission.
    pub denied: u64,
    /// How many failed for another reason.
    pub failed: u64,
    /// What was acted on, as far as the log tells.
    pub resources: Vec<String>,
    /// Whether these are ids as they were logged, not patterns.
    pub resources_exact: bool,
    /// `public`, `private`, `provider`.
    pub networks: Vec<String>,
    /// `with` and `without` a second factor.
    pub mfa: Vec<String>,
    /// Which grants allowed it, where the log names them, as `key=value`.
    pub evidence: Vec<String>,
    /// The logs that tell of it.
    pub logs: Vec<String>,
}

impl Usage {
    /// All that is known, sorted by principal and permission.
    pub fn uses(&self) -> impl Iterator<Item = UseRow> + '_ {
        self.0.principals.iter().flat_map(move |(principal, of)| {
            let provider = self.provider_of(principal);
            let account = provider.and_then(|provider| (provider.account_of)(principal));
            of.permissions.values().map(move |one| {
                let plane = provider.map_or(Plane::Management, |of| (of.usage.plane)(&one.permission));
                let row = row(principal, provider.map(|of| of.name.to_owned()), account.clone(), plane, one);
                UseRow { evidence: evidence(provider.map_or(&[], |of| of.usage.evidence), one), ..row }
            })
        })
    }

    /// When the day ends after which the logs have nothing, in seconds since 1970.
    pub(crate) fn end(&self) -> Option<i64> {
        let logs = self.0.coverage.accounts.values();
        let days = logs.flat_map(|log| std::iter::once(&log.management).chain(log.data.values()));
        let last = days.filter_map(|days| days.last_in(0..u32::MAX)).max()?;
        Some((i64::from(last) + 1) * super::days::DAY)
    }
}

fn evidence(keys: &[&str], one: &PermissionUse) -> Vec<String> {
    let told = one.observed().flat_map(|seen| {
        let kept = seen.context().filter(|(key, _)| keys.contains(key));
        kept.map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>()
    });
    told.collect::<BTreeSet<_>>().into_iter().collect()
}

fn row(
    principal: &str,
    provider: Option<String>,
    account: Option<String>,
    plane: Plane,
    one: &PermissionUse,
) -> UseRow {
    let instant = |at: i64| jiff::Timestamp::from_second(at).ok().map(|at| at.to_string());
    let mut resources: Vec<String> =
        one.observed().filter_map(|seen| seen.resource.map(str::to_owned)).collect();
    resources.dedup();
    let (with, without) = one.mfa();
    let mfa = [("with", with), ("without", without)].into_iter().filter(|(_, seen)| *seen);
    UseRow {
        principal: principal.to_owned(),
        provider,
        account,
        permission: one.permission().to_owned(),
        plane,
        first_seen: one.used().first_seen().and_then(instant),
        last_seen: one.used().last_seen().and_then(instant),
        days: one.used().days().to_strings(),
        count: one.used().count(),
        at_most: one.used().is_at_most(),
        denied: one.denied().count(),
        failed: one.failed().count(),
        resources,
        resources_exact: one.observed().all(|seen| seen.exact),
        networks: one.networks().map(|network| network.as_str().to_owned()).collect(),
        mfa: mfa.map(|(word, _)| word.to_owned()).collect(),
        evidence: Vec::new(),
        logs: one.logs().iter().map(|log| (*log).to_owned()).collect(),
    }
}
