//! Logs in, usage out.

use super::coverage::{Cover, Coverage};
use super::days::day_of;
use super::permission_use::{PermissionUse, Tally};
use super::value::{Data, PrincipalUse, Usage};
use crate::base::{Interner, Text};
use crate::error::{Error, Place};
use crate::model::{Ended, Plane, UseEvent};
use crate::provider::{self, Provider};
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Permissions of principals that one value holds.
const MOST_PAIRS: usize = 8_000_000;

/// Gathers logs, in any order and split in any way, and makes a [`Usage`] of them.
///
/// What is held depends on how many principals used how many permissions on how many days, not on how many calls
/// there were.
#[derive(Debug, Default)]
pub struct UsageBuilder {
    names: Interner,
    pairs: HashMap<(Text, Text), u32, RandomState>,
    uses: Vec<PermissionUse>,
    principals: HashMap<Text, Beside, RandomState>,
    coverage: Coverage,
}

/// What is gathered of a principal beside its permissions.
#[derive(Debug, Default)]
struct Beside {
    provider: Option<&'static str>,
    account: Option<Box<str>>,
    actors: BTreeMap<Box<str>, Tally>,
    credentials: BTreeMap<Box<str>, Tally>,
}

impl UsageBuilder {
    /// An empty builder.
    pub fn new() -> Self {
        UsageBuilder::default()
    }

    /// Adds one use of a permission, of a log that the caller has read.
    ///
    /// # Errors
    /// `too_large` beyond 8 million different permissions of principals.
    pub fn add_event(&mut self, event: &UseEvent<'_>) -> Result<(), Error> {
        let provider = provider::of_principal(&event.principal);
        self.take(provider, event)
    }

    /// Says that a log is complete: days without an event were quiet.
    pub fn cover(&mut self, cover: &Cover) {
        let log = self.coverage.log(&cover.provider, &cover.account);
        match &cover.service {
            Some(service) => log.data.entry(service.as_str().into()).or_default().union_with(&cover.days),
            None => {
                log.management.union_with(&cover.days);
                log.complete.union_with(&cover.days);
            }
        }
    }

    pub(crate) fn take(
        &mut self,
        provider: Option<&'static Provider>,
        event: &UseEvent<'_>,
    ) -> Result<(), Error> {
        let Some(day) = day_of(event.at) else {
            self.coverage.counts.unread += 1;
            return Ok(());
        };
        let principal = self.names.text(&event.principal);
        let permission = self.names.text(&event.permission);
        let beside = self.principals.entry(principal).or_insert_with(|| Beside {
            provider: provider.map(|provider| provider.name),
            account: provider.and_then(|provider| (provider.account_of)(&event.principal)).map(Into::into),
            ..Beside::default()
        });
        if let Some(actor) = &event.actor {
            tally(&mut beside.actors, actor, event.at);
        }
        if let Some(credential) = &event.credential {
            tally(&mut beside.credentials, credential, event.at);
        }
        if let (Some(provider), Some(account)) =
            (provider, event.account.as_deref().or(beside.account.as_deref()))
        {
            let log = self.coverage.log(provider.name, account);
            match event.plane.unwrap_or_else(|| (provider.usage.plane)(&event.permission)) {
                Plane::Data => {
                    let service = (provider.usage.service_of)(&event.permission);
                    log.data.entry(service.into()).or_default().insert(day);
                }
                _ => log.management.insert(day),
            }
            if let Some(region) = &event.region {
                log.regions.entry(region.as_ref().into()).or_default().insert(day);
            }
        }
        let next = self.uses.len();
        let at = *self.pairs.entry((principal, permission)).or_insert(next as u32) as usize;
        if at == next {
            if next >= MOST_PAIRS {
                let what = "number of permissions that principals used".to_owned();
                return Err(Error::TooLarge { what, limit: MOST_PAIRS as u64, place: Place::default() });
            }
            self.uses.push(PermissionUse::new(&event.permission));
        }
        self.coverage.counts.uses += 1;
        if let Some(one) = self.uses.get_mut(at) {
            one.add(event);
        }
        Ok(())
    }

    /// The value.
    pub fn finish(mut self) -> Usage {
        let mut data = Data::default();
        let mut pairs: Vec<((Text, Text), u32)> = self.pairs.drain().collect();
        pairs.sort_unstable_by_key(|(_, at)| *at);
        for (((principal, _), _), one) in pairs.into_iter().zip(self.uses) {
            let principal: Box<str> = self.names.get(principal).into();
            let of = data.principals.entry(principal).or_default();
            of.permissions.insert(one.permission.clone(), one);
        }
        let mut beside: Vec<(Text, Beside)> = self.principals.drain().collect();
        beside.sort_unstable_by_key(|(principal, _)| *principal);
        for (principal, beside) in beside {
            let of: &mut PrincipalUse = data.principals.entry(self.names.get(principal).into()).or_default();
            of.provider = beside.provider;
            of.actors = beside.actors;
            of.bound_actors();
            of.credentials = beside.credentials;
        }
        self.coverage.sort_files();
        data.coverage = self.coverage;
        Usage(Arc::new(data))
    }
}

fn tally(known: &mut BTreeMap<Box<str>, Tally>, name: &str, at: i64) {
    match known.get_mut(name) {
        Some(tally) => tally.add(at, false),
        None => {
            let mut tally = Tally::default();
            tally.add(at, false);
            known.insert(name.into(), tally);
        }
    }
}

impl PermissionUse {
    fn add(&mut self, event: &UseEvent<'_>) {
        self.log(event.log);
        match event.ended {
            Ended::Denied => self.denied.add(event.at, false),
            Ended::Failed => self.failed.add(event.at, false),
            Ended::Succeeded => {
                self.used.add(event.at, false);
                self.networks |= event.network.map_or(0, |network| 1 << network as u8);
                self.mfa |= event.mfa.map_or(0, |mfa| if mfa { 2 } else { 1 });
                if event.resources.is_empty() {
                    self.seen.add(None, &event.context, event.at);
                }
                for resource in &event.resources {
                    self.seen.add(Some(resource), &event.context, event.at);
                }
            }
        }
    }
}
