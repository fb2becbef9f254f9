//! Logs in, usage out.

use super::coverage::{Cover, Coverage};
use super::days::day_of;
use super::frame::{Frame, Outcome, Reader};
use super::gathered::Gathered;
use super::options::UsageOptions;
use super::permission_use::{PermissionUse, Tally};
use super::repeats::{Repeats, Seen};
use super::stream::Source;
use super::value::{Data, MOST_ACTORS, PrincipalUse, Usage};
use crate::base::{Interner, Text};
use crate::error::{Error, Place};
use crate::model::{Ended, FileReport, LogRecord, Logged, Plane, UseEvent};
use crate::provider::{self, Provider};
use crate::snapshot::options::OnError;
use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};
use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::io::Read;
use std::sync::Arc;

/// Permissions of principals that one value holds.
const MOST_PAIRS: usize = 8_000_000;
/// Days of a log that are remembered as noted.
const MOST_NOTED: usize = 1_000_000;
/// How far a clock may be ahead, in seconds.
const AHEAD: i64 = 900;

/// Gathers logs, in any order and split in any way, and makes a [`Usage`] of them.
///
/// What is held depends on how many principals used how many permissions on how many days, not on how long the logs are.
///
/// ```
/// use ciem_core::UsageBuilder;
///
/// let log = br#"{"Records": [{"eventTime": "2026-01-03T10:00:00Z", "eventSource": "s3.amazonaws.com",
///     "eventName": "ListBuckets", "awsRegion": "us-east-1", "recipientAccountId": "111122223333", "userIdentity":
///     {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ana"}}]}"#;
/// let mut builder = UsageBuilder::new();
/// builder.add_reader("log.json", &log[..])?;
/// let usage = builder.finish();
/// let used = usage.of("arn:aws:iam::111122223333:user/ana").next().unwrap();
/// assert_eq!((used.permission(), used.used().count()), ("s3:ListAllMyBuckets", 1));
/// # Ok::<(), ciem_core::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct UsageBuilder {
    options: UsageOptions,
    readers: Vec<Reader>,
    gathering: Gathering,
}

/// What the records come to.
#[derive(Debug, Default)]
struct Gathering {
    as_of: Option<i64>,
    failed_is_used: bool,
    names: Interner,
    pairs: HashMap<(Text, Text), u32, RandomState>,
    uses: Vec<PermissionUse>,
    principals: HashMap<Text, Beside, RandomState>,
    observations: Gathered,
    repeats: Repeats,
    noted: HashSet<u64, RandomState>,
    coverage: Coverage,
}

/// What is gathered of a principal beside its permissions.
#[derive(Debug, Default)]
struct Beside {
    provider: Option<&'static str>,
    actors: BTreeMap<Box<str>, Tally>,
    credentials: BTreeMap<Box<str>, Tally>,
}

impl UsageBuilder {
    /// An empty builder.
    pub fn new() -> Self {
        UsageBuilder::with_options(&UsageOptions::default())
    }

    /// An empty builder that keeps to `options`.
    pub fn with_options(options: &UsageOptions) -> Self {
        let (as_of, failed_is_used) = (options.as_of, options.failed_is_used);
        let gathering = Gathering { as_of, failed_is_used, ..Gathering::default() };
        UsageBuilder { options: options.clone(), readers: Reader::all(), gathering }
    }

    /// Reads one log, plain or gzip, to its end. What it is, is told by its content; `name` is for messages. Only a
    /// part of it is in memory at a time, of which the longest record may be 16 MiB.
    ///
    /// # Errors
    /// `unrecognised`, `malformed`, `too_large` or `io` where nothing of it can be read; `cancelled`. Where a part can be
    /// read, that part stays, the rest is listed in `coverage` with its offset, and this is no error.
    pub fn add_reader(&mut self, name: &str, reader: impl Read) -> Result<(), Error> {
        match self.read(name, reader) {
            Ok(()) => Ok(()),
            Err(error) => self.failed(name, error),
        }
    }

    /// As [`UsageBuilder::add_reader`], from bytes.
    ///
    /// # Errors
    /// As `add_reader`.
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        self.add_reader(name, bytes)
    }

    pub(crate) fn read(&mut self, name: &str, reader: impl Read) -> Result<(), Error> {
        let source = Source::new(name, reader, self.options.limits, &self.options.progress)?;
        let readers = self.readers.as_mut_slice();
        let mut frame = Frame { name, source, readers, current: 0, outcome: Outcome::default() };
        let gathering = &mut self.gathering;
        let ran = frame.run(&mut |provider, record| gathering.record(provider, &record));
        let mut outcome = frame.outcome;
        match ran {
            Err(error @ (Error::Cancelled | Error::Internal { .. })) => return Err(error),
            Err(error) => outcome.faults.push(error),
            Ok(()) => {}
        }
        gathering.coverage.counts.unread += outcome.foreign;
        if outcome.records.is_empty() {
            let foreign = outcome.foreign > 0 || !outcome.framed;
            match outcome.faults.first() {
                Some(fault) if !outcome.unlike => return Err(fault.clone()),
                _ if outcome.unlike || foreign => {
                    return Err(Error::Unrecognised { place: Place::source(name) });
                }
                // A list without records is a log of nothing.
                _ => {}
            }
        }
        gathering.coverage.files.push(report(name, &outcome));
        Ok(())
    }

    pub(crate) fn failed(&mut self, name: &str, error: Error) -> Result<(), Error> {
        if self.options.on_error == OnError::Raise || matches!(error, Error::Cancelled) {
            return Err(error);
        }
        self.skipped(name, &error);
        Ok(())
    }

    /// Lists an input that was not read, with the reason, in `coverage`.
    pub(crate) fn skipped(&mut self, name: &str, reason: &Error) {
        let errors = vec![told(reason)];
        let (name, kind) = (name.to_owned(), "unrecognised".to_owned());
        self.gathering.coverage.files.push(FileReport { name, kind, records: 0, errors });
    }

    /// Adds one use of a permission, of a log that the caller has read.
    ///
    /// # Errors
    /// `too_large` beyond 8 million different permissions of principals.
    pub fn add_event(&mut self, event: &UseEvent<'_>) -> Result<(), Error> {
        self.gathering.event(event)
    }

    /// Says that a log is complete: days without an event were quiet.
    pub fn cover(&mut self, cover: &Cover) {
        let log = self.gathering.coverage.log(&cover.provider, &cover.account);
        match &cover.service {
            Some(service) => log.data.entry(service.as_str().into()).or_default().union_with(&cover.days),
            None => {
                log.management.union_with(&cover.days);
                log.complete.union_with(&cover.days);
            }
        }
    }

    /// The value.
    pub fn finish(self) -> Usage {
        self.gathering.finish()
    }
}

impl Gathering {
    fn record(&mut self, provider: &'static Provider, record: &LogRecord<'_>) -> Result<(), Error> {
        self.coverage.counts.records += 1;
        if self.as_of.is_some_and(|now| record.at > now.saturating_add(AHEAD)) {
            self.coverage.counts.future += 1;
            return Ok(());
        }
        let Some(day) = day_of(record.at) else {
            self.coverage.counts.unread += 1;
            return Ok(());
        };
        if let Some(account) = &record.account {
            self.note(provider, account, record.region.as_deref(), record.plane, &record.service, day);
        }
        let seen = record.id.as_ref().map_or(Seen::New, |id| self.repeats.see(day, id));
        if seen == Seen::Before {
            self.coverage.counts.duplicates += 1;
            return Ok(());
        }
        match &record.what {
            Logged::Use(uses, unknown) => {
                if let Some(name) = unknown {
                    self.coverage.unknown(name, 1);
                }
                for one in uses {
                    self.take(Some(provider), one, seen == Seen::Perhaps)?;
                }
            }
            Logged::SignIn(principal, credential) => {
                let principal = self.names.text(principal);
                let beside = self.beside(principal, Some(provider));
                tally(&mut beside.credentials, credential, record.at);
            }
            Logged::Notice => self.coverage.counts.notices += 1,
            Logged::Unattributed => self.coverage.counts.unattributed += 1,
        }
        Ok(())
    }

    fn event(&mut self, event: &UseEvent<'_>) -> Result<(), Error> {
        let Some(day) = day_of(event.at) else {
            self.coverage.counts.unread += 1;
            return Ok(());
        };
        self.coverage.counts.records += 1;
        let provider = provider::of_principal(&event.principal);
        if let Some(provider) = provider {
            let own = || (provider.account_of)(&event.principal);
            if let Some(account) = event.account.as_deref().map(str::to_owned).or_else(own) {
                let plane = event.plane.unwrap_or_else(|| (provider.usage.plane)(&event.permission));
                let service = (provider.usage.service_of)(&event.permission);
                self.note(provider, &account, event.region.as_deref(), plane, service, day);
            }
        }
        let seen = event.id.as_ref().map_or(Seen::New, |id| self.repeats.see(day, id));
        if seen == Seen::Before {
            self.coverage.counts.duplicates += 1;
            return Ok(());
        }
        self.take(provider, event, seen == Seen::Perhaps)
    }

    /// Notes that a log has something of a day.
    fn note(
        &mut self,
        provider: &Provider,
        account: &str,
        region: Option<&str>,
        plane: Plane,
        service: &str,
        day: u32,
    ) {
        // Nearly every record says what one before it has said.
        let service = if plane == Plane::Data { service } else { "" };
        let said = (provider.name, account, region, plane, service, day);
        if self.noted.len() >= MOST_NOTED {
            self.noted.clear();
        }
        let hash = self.noted.hasher().hash_one(said);
        if !self.noted.insert(hash) {
            return;
        }
        let log = self.coverage.log(provider.name, account);
        match plane {
            Plane::Data => log.data.entry(service.into()).or_default().insert(day),
            _ => log.management.insert(day),
        }
        if let Some(region) = region {
            log.regions.entry(region.into()).or_default().insert(day);
        }
    }

    fn beside(&mut self, principal: Text, provider: Option<&'static Provider>) -> &mut Beside {
        self.principals.entry(principal).or_insert_with(|| Beside {
            provider: provider.map(|provider| provider.name),
            ..Beside::default()
        })
    }

    fn take(
        &mut self,
        provider: Option<&'static Provider>,
        event: &UseEvent<'_>,
        counted_twice: bool,
    ) -> Result<(), Error> {
        let principal = self.names.text(&event.principal);
        let permission = self.names.text(&event.permission);
        let beside = self.beside(principal, provider);
        if let Some(actor) = &event.actor {
            tally(&mut beside.actors, actor, event.at);
            if beside.actors.len() > MOST_ACTORS {
                beside.actors.pop_last();
            }
        }
        if let Some(credential) = &event.credential {
            tally(&mut beside.credentials, credential, event.at);
        }
        let next = self.uses.len();
        let pair = *self.pairs.entry((principal, permission)).or_insert(next as u32);
        if pair as usize == next {
            if next >= MOST_PAIRS {
                let what = "number of permissions that principals used".to_owned();
                return Err(Error::TooLarge { what, limit: MOST_PAIRS as u64, place: Place::default() });
            }
            self.uses.push(PermissionUse::new(&event.permission));
        }
        self.coverage.counts.uses += 1;
        let Some(one) = self.uses.get_mut(pair as usize) else { return Ok(()) };
        one.log(event.log);
        match event.ended {
            Ended::Denied => one.denied.add(event.at, counted_twice),
            Ended::Failed if !self.failed_is_used => one.failed.add(event.at, counted_twice),
            Ended::Failed | Ended::Succeeded => {
                one.used.add(event.at, counted_twice);
                one.networks |= event.network.map_or(0, |network| 1 << network as u8);
                one.mfa |= event.mfa.map_or(0, |mfa| if mfa { 2 } else { 1 });
                self.observe(pair, event);
            }
        }
        Ok(())
    }

    fn observe(&mut self, pair: u32, event: &UseEvent<'_>) {
        if event.resources.is_empty() {
            self.observations.add(pair, None, &event.context, event.at);
        }
        for resource in &event.resources {
            self.observations.add(pair, Some(resource), &event.context, event.at);
        }
        if self.observations.is_full() {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let uses = &mut self.uses;
        self.observations.flush(|pair, add| {
            if let Some(one) = uses.get_mut(pair as usize) {
                add(&mut one.seen);
            }
        });
    }

    fn finish(mut self) -> Usage {
        self.flush();
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

fn report(name: &str, outcome: &Outcome) -> FileReport {
    let kinds: Vec<&str> = outcome.records.keys().copied().collect();
    let mut errors: Vec<String> = outcome.faults.iter().map(told).collect();
    if outcome.more_faults > 0 {
        errors.push(format!("and {} more", outcome.more_faults));
    }
    if outcome.foreign > 0 {
        errors.push(format!("unrecognised: {} records of something else", outcome.foreign));
    }
    FileReport {
        name: name.to_owned(),
        kind: if kinds.is_empty() { "log".to_owned() } else { kinds.join("+") },
        records: outcome.records.values().sum(),
        errors,
    }
}

fn told(error: &Error) -> String {
    format!("{}: {error}", error.code())
}
