//! A logged call as the readers of logs give it: who used which permission on what, and how it ended.

use crate::error::Error;
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};

/// How a logged call ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Ended {
    /// It was carried out: the permission was used.
    #[default]
    Succeeded,
    /// It was refused for want of a permission: attempted, not used.
    Denied,
    /// It failed for another reason (throttled, not found, not valid). Whether the permission had been checked by
    /// then the log does not tell.
    Failed,
}

/// Which part of a log shows the use of a permission.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Plane {
    /// Calls that manage resources, which logs have by default.
    #[default]
    Management,
    /// Calls on the data in resources, which are logged only where somebody switched that on.
    Data,
    /// No log has them: nothing is called by this name.
    Unlogged,
}

impl Plane {
    /// The wire form: `management`, `data` or `unlogged`.
    pub fn as_str(self) -> &'static str {
        match self {
            Plane::Management => "management",
            Plane::Data => "data",
            Plane::Unlogged => "unlogged",
        }
    }
}

/// Where calls came from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Network {
    /// An address of the internet.
    Public,
    /// An address of a private network.
    Private,
    /// The provider itself: a service that acts for the principal.
    Provider,
}

impl Network {
    /// All classes, in their order.
    pub const ALL: [Network; 3] = [Network::Public, Network::Private, Network::Provider];

    /// That of an address; none of what is no address.
    pub(crate) fn of(address: &str) -> Option<Network> {
        let private = match address.parse().ok()? {
            IpAddr::V4(four) => {
                four.is_private() || four.is_loopback() || four.is_link_local() || shared(four)
            }
            IpAddr::V6(six) => six.is_unique_local() || six.is_loopback() || six.is_unicast_link_local(),
        };
        Some(if private { Network::Private } else { Network::Public })
    }

    /// The wire form: `public`, `private` or `provider`.
    pub fn as_str(self) -> &'static str {
        match self {
            Network::Public => "public",
            Network::Private => "private",
            Network::Provider => "provider",
        }
    }
}

/// Addresses that carriers share among their customers (RFC 6598).
fn shared(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    first == 100 && (64..128).contains(&second)
}

/// One use of a permission. Readers of logs make these; so may a caller with a log of its own.
///
/// ```
/// use ciem_core::{UseEvent, UsageBuilder};
///
/// let event = UseEvent::new("arn:aws:iam::111122223333:user/ana", "s3:GetObject", "2026-01-03T10:00:00Z")?
///     .resource("arn:aws:s3:::pay/report.csv")
///     .region("eu-west-1")
///     .context("aws:SourceIp", "10.0.0.1");
/// let mut builder = UsageBuilder::new();
/// builder.add_event(&event)?;
/// assert_eq!(builder.finish().principals().count(), 1);
/// # Ok::<(), ciem_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct UseEvent<'a> {
    /// Full id of who held the grant: the role, not its session.
    pub principal: Cow<'a, str>,
    /// The permission, in the catalogue's spelling.
    pub permission: Cow<'a, str>,
    /// Seconds since 1970.
    pub at: i64,
    /// How it ended.
    pub ended: Ended,
    /// The provider's id of the event, by which it is known when it is delivered again.
    pub id: Option<Cow<'a, str>>,
    /// The account in whose log it stands; that of the principal without it.
    pub account: Option<Cow<'a, str>>,
    /// The region in whose log it stands.
    pub region: Option<Cow<'a, str>>,
    /// Which part of the log it is of; told by the permission without it.
    pub plane: Option<Plane>,
    /// Ids of what it acted on, as far as the log tells.
    pub resources: Vec<Cow<'a, str>>,
    /// Condition keys of the request and their values, as far as the log tells; sorted by key, each key once.
    pub context: Vec<(&'a str, Cow<'a, str>)>,
    /// Where it came from.
    pub network: Option<Network>,
    /// Whether the caller had shown a second factor.
    pub mfa: Option<bool>,
    /// The person or workload behind a session.
    pub actor: Option<Cow<'a, str>>,
    /// The provider's id of the long-term credential.
    pub credential: Option<Cow<'a, str>>,
    /// The log, such as `cloudtrail`.
    pub log: &'static str,
}

impl<'a> UseEvent<'a> {
    /// A use that succeeded; `at` is RFC 3339.
    ///
    /// # Errors
    /// `invalid_request` if the time is none.
    pub fn new(
        principal: impl Into<Cow<'a, str>>,
        permission: impl Into<Cow<'a, str>>,
        at: &str,
    ) -> Result<Self, Error> {
        Ok(Self::at(principal, permission, super::instant(at)?))
    }

    /// As [`UseEvent::new`], with the time in seconds since 1970.
    pub fn at(principal: impl Into<Cow<'a, str>>, permission: impl Into<Cow<'a, str>>, at: i64) -> Self {
        UseEvent {
            principal: principal.into(),
            permission: permission.into(),
            at,
            ended: Ended::Succeeded,
            id: None,
            account: None,
            region: None,
            plane: None,
            resources: Vec::new(),
            context: Vec::new(),
            network: None,
            mfa: None,
            actor: None,
            credential: None,
            log: "events",
        }
    }

    /// The same event with this end.
    #[must_use]
    pub fn ended(mut self, ended: Ended) -> Self {
        self.ended = ended;
        self
    }

    /// The same event with an id.
    #[must_use]
    pub fn id(mut self, id: impl Into<Cow<'a, str>>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// The same event in the log of an account.
    #[must_use]
    pub fn account(mut self, account: impl Into<Cow<'a, str>>) -> Self {
        self.account = Some(account.into());
        self
    }

    /// The same event in the log of a region.
    #[must_use]
    pub fn region(mut self, region: impl Into<Cow<'a, str>>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// The same event on one more resource.
    #[must_use]
    pub fn resource(mut self, resource: impl Into<Cow<'a, str>>) -> Self {
        self.resources.push(resource.into());
        self
    }

    /// The same event with the value of a condition key.
    #[must_use]
    pub fn context(mut self, key: &'a str, value: impl Into<Cow<'a, str>>) -> Self {
        let at = self.context.partition_point(|(known, _)| *known < key);
        match self.context.get_mut(at) {
            Some((known, old)) if *known == key => *old = value.into(),
            _ => self.context.insert(at, (key, value.into())),
        }
        self
    }

    /// The same event by this person or workload.
    #[must_use]
    pub fn actor(mut self, actor: impl Into<Cow<'a, str>>) -> Self {
        self.actor = Some(actor.into());
        self
    }
}

/// A record of a log as its reader gives it.
#[derive(Debug)]
pub(crate) struct LogRecord<'a> {
    /// The provider's id, by which the record is known when it is delivered again.
    pub(crate) id: Option<Cow<'a, str>>,
    /// Seconds since 1970.
    pub(crate) at: i64,
    /// In whose log it stands.
    pub(crate) account: Option<Cow<'a, str>>,
    pub(crate) region: Option<Cow<'a, str>>,
    pub(crate) plane: Plane,
    /// The service, as in permissions.
    pub(crate) service: Cow<'a, str>,
    pub(crate) what: Logged<'a>,
}

/// What a record says.
#[derive(Debug)]
pub(crate) enum Logged<'a> {
    /// The use of permissions; and the name of the call, where no catalogue has it.
    Use(Vec<UseEvent<'a>>, Option<Cow<'a, str>>),
    /// Somebody signed in: whose credential, and its id.
    SignIn(Cow<'a, str>, Cow<'a, str>),
    /// No call by anybody.
    Notice,
    /// A call of which the log does not tell who made it.
    Unattributed,
}

/// What became of a text in which a record begins.
#[derive(Debug)]
pub(crate) enum Reading {
    /// A record of so many bytes was read.
    Read(usize),
    /// So many bytes are a record of something else.
    Foreign(usize),
    /// The record goes on beyond the end of the text.
    Cut,
    /// It is no record, for this reason.
    Bad(String),
}

/// Takes the records that a reader finds.
pub(crate) type TakeRecord<'t> = dyn FnMut(LogRecord<'_>) -> Result<(), Error> + 't;

/// How deep the records of directories and resource managers nest at most, with room to spare.
const DEEPEST: usize = 32;

/// The record with which the text begins and its length, or what became of it otherwise. For logs of which nobody has
/// gigabytes: the record is taken apart as a whole.
pub(crate) fn whole_record(text: &str) -> Result<(Value, usize), Reading> {
    // As raw text first, which needs no stack however deep it nests.
    let mut records = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    let raw = match records.next() {
        Some(Ok(raw)) => raw.get(),
        Some(Err(error)) if !error.is_eof() => return Err(Reading::Bad(error.to_string())),
        Some(Err(_)) | None => return Err(Reading::Cut),
    };
    let length = records.byte_offset();
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in raw.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_text,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => depth += 1,
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return Err(Reading::Foreign(length));
        }
    }
    let record = serde_json::from_str(raw).map_err(|error| Reading::Bad(error.to_string()))?;
    Ok((record, length))
}

/// Reads the records of one kind of log, one after another.
pub(crate) trait LogReader: Send + std::fmt::Debug {
    /// Reads the record with which the text begins. `take` is given what makes a whole record only.
    ///
    /// # Errors
    /// What `take` returns.
    fn read(&mut self, text: &str, take: &mut TakeRecord<'_>) -> Result<Reading, Error>;
}
