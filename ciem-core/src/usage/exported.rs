//! What account exports tell of use: last access of services and permissions, of roles and of credentials. In the form
//! of usage, so that logs and exports are one.

use super::told::Told;
use super::value::{Data, PrincipalUse, Usage};
use crate::snapshot::Snapshot;
use crate::snapshot::estate::Estate;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Seconds of a day.
const DAY: i64 = 86_400;

impl Snapshot {
    /// What the exports of this snapshot tell of use: when services, permissions, roles and credentials were last used.
    /// [`Snapshot::unused`] takes it into account by itself.
    ///
    /// ```
    /// # use ciem_core::{SnapshotBuilder, UseState, Window};
    /// # let mut builder = SnapshotBuilder::new();
    /// # builder.add("account.json", include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.json")))?;
    /// # let snapshot = builder.finish()?;
    /// let usage = snapshot.exported_usage();
    /// let ana = usage.principals().next().unwrap();
    /// assert_eq!(usage.last_active(ana), Some(1_767_434_400)); // 2026-01-03T10:00:00Z
    /// # Ok::<(), ciem_core::Error>(())
    /// ```
    pub fn exported_usage(&self) -> Usage {
        let mut data = Data::default();
        for estate in self.estates() {
            told(estate, &mut data.principals);
        }
        Usage(Arc::new(data))
    }
}

fn told(estate: &Estate, principals: &mut BTreeMap<Box<str>, PrincipalUse>) {
    let provider = estate.provider;
    let mut of = |id: &str, take: &mut dyn FnMut(&mut PrincipalUse)| {
        let one = principals.entry(id.into()).or_default();
        one.provider = Some(provider.name);
        take(one);
    };
    for row in &estate.usage.accessed {
        // A list without a date tells when something was used, not that it was not.
        let Some(to) = row.as_of.or(row.at) else { continue };
        let from = row.as_of.map_or(to, |as_of| as_of - i64::from(provider.usage.looks_back) * DAY);
        let permission = row.permission.map(|permission| {
            let name = estate.text(permission);
            estate.universe.find(name).map_or(name, |id| estate.universe.name(id)).into()
        });
        let one = Told { service: estate.text(row.service).into(), permission, from, to, last: row.at };
        of(estate.text(row.principal), &mut |of| {
            of.last_active = of.last_active.max(row.at);
            of.told.insert(one.clone());
        });
    }
    for (principal, used) in &estate.usage.last_used {
        of(estate.text(*principal), &mut |of| of.last_active = of.last_active.max(used.at));
    }
}
