//! CloudTrail: records of calls as S3, CloudTrail Lake and Athena give them.

use super::identity;
use super::names::Call;
use super::record::{Answer, Object, Parameters, Record, Resources};
use super::renamed;
use super::{resources, scan};
use crate::condition::parse_instant;
use crate::error::Error;
use crate::model::{Ended, LogReader, LogRecord, Logged, Network, Plane, Reading, TakeRecord, UseEvent};
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use std::borrow::Cow;
use std::cell::OnceCell;
use std::hash::BuildHasher;
use std::net::IpAddr;

pub(super) const LOG: &str = "cloudtrail";

/// Different calls that are kept resolved.
const MOST_CALLS: usize = 50_000;

pub(super) fn reader() -> Box<dyn LogReader> {
    Box::new(CloudTrail::default())
}

/// Reads records; what a call is, is looked up once.
#[derive(Debug, Default)]
struct CloudTrail {
    calls: HashTable<Known>,
    seed: RandomState,
}

#[derive(Debug)]
struct Known {
    source: Box<str>,
    name: Box<str>,
    call: Call,
}

impl LogReader for CloudTrail {
    fn read(&mut self, text: &str, take: &mut TakeRecord<'_>) -> Result<Reading, Error> {
        self.read_in(text, take, FORMS)
    }
}

/// A record may be text within another, whose members have other names. What is no record after that is none.
const FORMS: u8 = 2;

impl CloudTrail {
    /// Reads a record, or what it becomes in the form that S3 has, so many times.
    fn read_in(&mut self, text: &str, take: &mut TakeRecord<'_>, forms: u8) -> Result<Reading, Error> {
        let (record, length) = match scan::record(text) {
            Some(found) => found,
            None => {
                let mut records = serde_json::Deserializer::from_str(text).into_iter::<Record<'_>>();
                match records.next() {
                    Some(Ok(record)) => (record, records.byte_offset()),
                    Some(Err(error)) if !error.is_eof() => return Ok(Reading::Bad(error.to_string())),
                    Some(Err(_)) | None => return Ok(Reading::Cut),
                }
            }
        };
        let (Some(source), Some(name)) = (record.event_source.get(), record.event_name.get()) else {
            let other = text.get(..length).filter(|_| forms > 0).and_then(renamed::canonical);
            return match other {
                Some(other) => Ok(match self.read_in(&other, take, forms - 1)? {
                    Reading::Read(_) => Reading::Read(length),
                    Reading::Cut => Reading::Bad("a record in a text is cut off".to_owned()),
                    Reading::Foreign(_) => Reading::Foreign(length),
                    bad @ Reading::Bad(_) => bad,
                }),
                None => Ok(Reading::Foreign(length)),
            };
        };
        let Some(at) = record.event_time.get().and_then(instant) else {
            return Ok(Reading::Bad("`eventTime` is no instant".to_owned()));
        };
        let call = self.call(source, name);
        let parameters = Lazy::new(&record);
        take(logged(&record, &parameters, call, at))?;
        Ok(Reading::Read(length))
    }

    fn call(&mut self, source: &str, name: &str) -> &Call {
        let hash = self.seed.hash_one((source, name));
        if self.calls.len() > MOST_CALLS {
            self.calls.clear();
        }
        let seed = &self.seed;
        let entry = self.calls.entry(
            hash,
            |known| known.source.as_ref() == source && known.name.as_ref() == name,
            |known| seed.hash_one((known.source.as_ref(), known.name.as_ref())),
        );
        let found = entry.or_insert_with(|| Known {
            source: source.into(),
            name: name.into(),
            call: Call::new(source, name),
        });
        &found.into_mut().call
    }
}

fn logged<'a>(record: &'a Record<'_>, parameters: &'a Lazy<'_>, call: &'a Call, at: i64) -> LogRecord<'a> {
    let identity = &record.user_identity.0;
    let borrowed = |text: Option<&'a str>| text.map(Cow::Borrowed);
    let data = record.event_category.is("data") || record.management_event.is("false");
    LogRecord {
        // The same call, as several accounts have it in their logs, has an id that they share.
        id: borrowed(record.shared_event_id.get().or(record.event_id.get())),
        at,
        account: borrowed(record.recipient_account_id.get().or(identity.account_id.get())),
        region: borrowed(record.aws_region.get()),
        plane: if data { Plane::Data } else { Plane::Management },
        service: Cow::Borrowed(&call.service),
        what: what(record, parameters, call, at),
    }
}

/// Parameters and resources of a request, read when somebody asks for them.
pub(super) struct Lazy<'a> {
    record: &'a Record<'a>,
    read: OnceCell<Parameters<'a>>,
    resources: OnceCell<Resources<'a>>,
}

impl<'a> Lazy<'a> {
    fn new(record: &'a Record<'a>) -> Self {
        Lazy { record, read: OnceCell::new(), resources: OnceCell::new() }
    }

    pub(super) fn get(&self) -> &Parameters<'a> {
        self.read.get_or_init(|| Parameters::of(self.record))
    }

    pub(super) fn resources(&self) -> &Resources<'a> {
        self.resources.get_or_init(|| self.record.resources.read())
    }
}

fn what<'a>(record: &'a Record<'_>, parameters: &'a Lazy<'_>, call: &'a Call, at: i64) -> Logged<'a> {
    let identity = &record.user_identity.0;
    let kind = record.event_type.get();
    let notice = ["AwsServiceEvent", "AwsCloudTrailInsight", "AwsVpceEvent", "AwsVpceEvents"];
    if kind.is_some_and(|kind| notice.contains(&kind)) || record.event_category.is("insight") {
        return Logged::Notice;
    }
    let Some(caller) = identity::caller(identity, parameters) else {
        return Logged::Unattributed;
    };
    if kind == Some("AwsConsoleSignIn") {
        let answer: Object<Answer<'_>> = record.response_elements.read();
        let success = record.event_name.is("ConsoleLogin") && answer.0.console_login.is("success");
        // A role's session has signed in elsewhere.
        return if success && caller.actor.is_none() {
            Logged::SignIn(caller.principal, Cow::Borrowed("password"))
        } else {
            Logged::Notice
        };
    }
    let with = call.with.as_ref().filter(|(parameter, _)| parameters.get().get(parameter).is_some());
    let permissions = with.map_or(&call.permissions, |(_, permissions)| permissions);
    let mut uses = Vec::with_capacity(permissions.len());
    let ended = ended(record.error_code.get());
    for permission in permissions {
        let mut event = UseEvent::at(caller.principal.clone(), permission.name.as_ref(), at).ended(ended);
        event.resources = resources::of(permission, record, parameters);
        event.context = context(record);
        event.network = network(record);
        event.mfa = identity::mfa(record);
        event.actor = caller.actor.clone();
        event.credential = identity::credential(identity);
        event.log = LOG;
        uses.push(event);
    }
    let unknown =
        (!call.known).then(|| Cow::Borrowed(call.permissions.first().map_or("", |one| one.name.as_ref())));
    Logged::Use(uses, unknown)
}

/// Condition keys of the request that the record tells, sorted.
fn context<'a>(record: &'a Record<'_>) -> Vec<(&'a str, Cow<'a, str>)> {
    let identity = &record.user_identity.0;
    let service = identity.invoked_by.get().is_some();
    let yes_or_no = |yes: bool| Cow::Borrowed(if yes { "true" } else { "false" });
    let mut keys: Vec<(&'a str, Cow<'a, str>)> = Vec::with_capacity(8);
    if let Some(mfa) = identity::mfa(record) {
        keys.push(("aws:MultiFactorAuthPresent", yes_or_no(mfa)));
    }
    if let Some(region) = record.aws_region.get() {
        keys.push(("aws:RequestedRegion", Cow::Borrowed(region)));
    }
    if record.tls_details.0 {
        keys.push(("aws:SecureTransport", Cow::Borrowed("true")));
    }
    if let Some(name) = identity.session_context.0.source_identity.get() {
        keys.push(("aws:SourceIdentity", Cow::Borrowed(name)));
    }
    let source = record.source.get().filter(|source| source.parse::<IpAddr>().is_ok());
    let endpoint = record.vpc_endpoint_id.get();
    match (source, endpoint) {
        // Behind an endpoint the key of the public address is not there.
        (Some(address), None) => keys.push(("aws:SourceIp", Cow::Borrowed(address))),
        (address, Some(endpoint)) => {
            keys.push(("aws:SourceVpce", Cow::Borrowed(endpoint)));
            keys.extend(address.map(|address| ("aws:VpcSourceIp", Cow::Borrowed(address))));
        }
        _ => {}
    }
    keys.push(("aws:ViaAWSService", yes_or_no(service)));
    keys.sort_unstable_by_key(|(key, _)| *key);
    keys
}

fn network(record: &Record<'_>) -> Option<Network> {
    Some(Network::of(record.source.get()?).unwrap_or(Network::Provider))
}

/// Codes of calls that were refused for want of a permission, without `Client.` before them and `Exception` behind.
const REFUSALS: &[&str] = &[
    "AccessDenied",
    "AccessDeniedFault",
    "AuthorizationError",
    "Forbidden",
    "NotAuthorized",
    "Unauthorized",
    "UnauthorizedAccess",
    "UnauthorizedOperation",
    "UserUnauthorized",
    "VpceAccessDenied",
];

fn ended(code: Option<&str>) -> Ended {
    let Some(code) = code else { return Ended::Succeeded };
    let bare = code.strip_prefix("Client.").unwrap_or(code);
    let bare = bare.strip_suffix("Exception").unwrap_or(bare);
    if REFUSALS.contains(&bare) { Ended::Denied } else { Ended::Failed }
}

/// `2026-01-31T12:00:00Z` at a glance, other forms of an instant with care.
pub(super) fn instant(text: &str) -> Option<i64> {
    whole_seconds(text.as_bytes()).or_else(|| {
        // Tables have a space between date and time, and no zone: theirs is UTC.
        let text = text.strip_suffix(" UTC").unwrap_or(text).replacen(' ', "T", 1);
        let nanoseconds = parse_instant(&text).or_else(|| parse_instant(&format!("{text}Z")))?;
        i64::try_from(nanoseconds.div_euclid(1_000_000_000)).ok()
    })
}

fn whole_seconds(text: &[u8]) -> Option<i64> {
    let &[y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, b'T', h0, h1, b':', i0, i1, b':', s0, s1, b'Z'] = text
    else {
        return None;
    };
    let number = |digits: &[u8]| {
        digits
            .iter()
            .try_fold(0_i64, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0')))
    };
    let (year, month, day) = (number(&[y0, y1, y2, y3])?, number(&[m0, m1])?, number(&[d0, d1])?);
    let (hour, minute, second) = (number(&[h0, h1])?, number(&[i0, i1])?, number(&[s0, s1])?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let february = if leap { 29 } else { 28 };
    let length = match month {
        4 | 6 | 9 | 11 => 30,
        2 => february,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // Days since 1970, of a year that begins in March: its leap day is the last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 719_469;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}
