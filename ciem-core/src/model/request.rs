//! What can be asked: the request of `can` and `explain`, and the query of the table verbs.

use crate::error::Error;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A context value: known to be absent (`null`), one text (numbers and booleans keep their text), or a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum ContextValue {
    /// The key is known to be absent from the request.
    Absent,
    /// A single-valued key.
    One(String),
    /// A multi-valued key.
    Many(Vec<String>),
}

impl<'de> Deserialize<'de> for ContextValue {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let text = |value: serde_json::Value| match value {
            serde_json::Value::String(text) => Some(text),
            serde_json::Value::Bool(value) => Some(value.to_string()),
            serde_json::Value::Number(value) => Some(value.to_string()),
            _ => None,
        };
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::Null => Ok(ContextValue::Absent),
            serde_json::Value::Array(items) => items
                .into_iter()
                .map(text)
                .collect::<Option<Vec<_>>>()
                .map(ContextValue::Many)
                .ok_or_else(|| D::Error::custom("a context list holds texts, numbers or booleans")),
            other => text(other).map(ContextValue::One).ok_or_else(|| {
                D::Error::custom("a context value is null, a text, a number, a boolean or a list of these")
            }),
        }
    }
}

/// What a request's context says of a key; keys are compared without regard to case.
pub(crate) fn given_value<'c>(
    context: &'c BTreeMap<String, ContextValue>,
    key: &str,
) -> Option<&'c ContextValue> {
    context.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value)
}

/// What a key that the context does not name means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum UnknownContext {
    /// It may have any value or be absent, so that the answer can be conditional.
    #[default]
    Unknown,
    /// It is not in the request.
    Absent,
}

/// What a layer means for which no export was given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MissingLayer {
    /// It is left out, and named in `assumptions`.
    #[default]
    AssumeNone,
    /// Every answer that it could change is unknown.
    Unknown,
}

/// The session in which a role (or federated user) acts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Session {
    /// Session name.
    pub name: Option<String>,
    /// Session policies: documents, as JSON objects or text.
    pub policies: Option<Vec<serde_json::Value>>,
    /// Session tags.
    pub tags: BTreeMap<String, String>,
    /// Keys of the session tags that stay through role chaining.
    pub transitive_tags: Vec<String>,
    /// Source identity.
    pub source_identity: Option<String>,
    /// Whether the session was authenticated with MFA.
    pub mfa: Option<bool>,
    /// The identity provider that vouched for the caller.
    pub federated_provider: Option<String>,
}

impl Session {
    /// What context keys are told of it.
    pub(crate) fn without_policies(&self) -> Session {
        Session {
            name: self.name.clone(),
            policies: None,
            tags: self.tags.clone(),
            transitive_tags: self.transitive_tags.clone(),
            source_identity: self.source_identity.clone(),
            mfa: self.mfa,
            federated_provider: self.federated_provider.clone(),
        }
    }
}

/// May this principal do this on that resource?
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Request {
    /// Full id, provider id, or unique name.
    pub principal: String,
    /// A permission, such as `s3:GetObject`.
    pub action: String,
    /// A resource id; `*` and `?` in it make the question one about every matching resource.
    #[serde(default = "anything")]
    pub resource: String,
    /// What is known of the request's context.
    #[serde(default)]
    pub context: BTreeMap<String, ContextValue>,
    /// The session, where the principal acts in one.
    #[serde(default)]
    pub session: Option<Session>,
    /// The time of the request, RFC 3339; without it time is unknown.
    #[serde(default)]
    pub at: Option<String>,
    /// What a context key that is not given means.
    #[serde(default)]
    pub unknown_context: UnknownContext,
    /// What a layer that was not given means.
    #[serde(default)]
    pub missing_layer: MissingLayer,
}

fn anything() -> String {
    "*".to_owned()
}

impl Request {
    /// May `principal` do `action` on `resource`?
    pub fn new(principal: impl Into<String>, action: impl Into<String>, resource: impl Into<String>) -> Self {
        Request {
            principal: principal.into(),
            action: action.into(),
            resource: resource.into(),
            ..Request::default()
        }
    }

    /// The same request with one context key known.
    #[must_use]
    pub fn context(mut self, key: impl Into<String>, value: ContextValue) -> Self {
        self.context.insert(key.into(), value);
        self
    }
}

/// How near access is to whoever has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Tier {
    /// It can be used at once.
    #[default]
    Active,
    /// It can be used once its holder has activated it, as the provider offers (Privileged Identity Management).
    Eligible,
    /// It is one step of self-service away: the holder can give it to itself.
    Latent,
}

impl Tier {
    /// The wire form: `active`, `eligible` or `latent`.
    pub fn as_str(self) -> &'static str {
        match self {
            Tier::Active => "active",
            Tier::Eligible => "eligible",
            Tier::Latent => "latent",
        }
    }
}

/// Which rows a question about several resources lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Match {
    /// Allowed on at least one matching resource, or under a condition.
    #[default]
    Any,
    /// Allowed on every matching resource.
    All,
}

/// The question of `who_can`, `what_can`, `matrix` and `can_become`; each uses the fields it needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Query {
    /// `what_can`, `matrix`, `can_become`: whose access; tables take everybody's without it.
    pub principal: Option<String>,
    /// `who_can`: the permission; `matrix`, `what_can`: only permissions that match this pattern.
    pub action: Option<String>,
    /// The resource or resource pattern; `*` without it.
    pub resource: Option<String>,
    /// `who_can`: which rows.
    #[serde(rename = "match")]
    pub matching: Match,
    /// What is known of the request's context.
    pub context: BTreeMap<String, ContextValue>,
    /// The session, where one principal is asked about.
    pub session: Option<Session>,
    /// The time, RFC 3339.
    pub at: Option<String>,
    /// What a context key that is not given means.
    pub unknown_context: UnknownContext,
    /// What a layer that was not given means.
    pub missing_layer: MissingLayer,
    /// Leaves the resources' own policies out: what the caller's side allows, whatever buckets, keys and trust
    /// policies say. The question of who is an administrator is of this kind.
    pub caller_side_only: bool,
    /// `can_become`: whether to list what is reached in several steps, too.
    pub transitive: bool,
    /// `who_can`, `what_can`: which tiers are listed. A row of a higher tier is one that the lower tiers do not give.
    pub tiers: Vec<Tier>,
}

impl Default for Query {
    fn default() -> Self {
        Query {
            principal: None,
            action: None,
            resource: None,
            matching: Match::default(),
            context: BTreeMap::new(),
            session: None,
            at: None,
            unknown_context: UnknownContext::default(),
            missing_layer: MissingLayer::default(),
            caller_side_only: false,
            transitive: true,
            tiers: vec![Tier::Active],
        }
    }
}

impl Query {
    /// The tiers that are asked about, in order.
    ///
    /// # Errors
    /// `invalid_request` if there are none.
    pub(crate) fn tiers(&self) -> Result<Vec<Tier>, Error> {
        let mut tiers = self.tiers.clone();
        tiers.sort_unstable();
        tiers.dedup();
        match tiers.is_empty() {
            true => Err(Error::invalid("tiers", "name at least one of `active`, `eligible` and `latent`")),
            false => Ok(tiers),
        }
    }

    /// Who can do `action` on `resource`?
    pub fn who(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Query { action: Some(action.into()), resource: Some(resource.into()), ..Query::default() }
    }

    /// What can `principal` do?
    pub fn what(principal: impl Into<String>) -> Self {
        Query { principal: Some(principal.into()), ..Query::default() }
    }

    /// The same query for one resource or resource pattern.
    #[must_use]
    pub fn on(mut self, resource: impl Into<String>) -> Self {
        self.resource = Some(resource.into());
        self
    }
}

/// The instant of an RFC 3339 text in seconds since 1970.
pub(crate) fn instant(at: &str) -> Result<i64, Error> {
    let stamp: jiff::Timestamp =
        at.parse().map_err(|_| Error::invalid("at", "expected RFC 3339, such as 2026-01-31T12:00:00Z"))?;
    Ok(stamp.as_second())
}
