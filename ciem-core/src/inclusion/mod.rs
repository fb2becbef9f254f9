//! Comparing loose policies as what they are: sets of requests. `docs/inclusion.md` says what is decided exactly, and what
//! is not.
//!
//! The requests are cut into pieces within which every statement of every policy speaks alike: permissions into classes,
//! resources into cells (`pattern::cells`), callers into those that the documents tell apart. In a piece a policy is a
//! condition, and what one allows and the other does not is the one condition without the other.

mod callers;
mod classes;
mod pieces;
mod policies;
mod search;
#[cfg(test)]
mod tests;
mod witness;

use crate::error::{Error, Place};
use crate::model::{ContextValue, Facts, PolicyKind};
use crate::provider::{InclusionSpec, Provider, TABLE};
use policies::{Given, Policies};
use search::{Scope, search};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Texts longer than this are no policy of any provider.
const MAX_BYTES: usize = 1 << 18;

/// How a check ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckResult {
    /// There is no request of the kind that was looked for.
    Pass,
    /// There is one, and it is in the answer.
    Fail,
    /// Neither is certain.
    Unknown,
}

/// A request that shows why a check fails.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct Witness {
    /// Who asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// The permission.
    pub action: String,
    /// The resource.
    pub resource: String,
    /// The account that the resource belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_account: Option<String>,
    /// The context of the request; keys that are not in it are absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<BTreeMap<String, ContextValue>>,
    /// Where no context was found: under which condition the one policy allows it and the other does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<Value>,
}

/// A statement that allows the witness.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[non_exhaustive]
pub struct GrantingStatement {
    /// Position in the document.
    pub index: u16,
    /// Statement id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// JSON pointer inside the document.
    pub pointer: String,
}

/// The answer of a check.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct AccessCheck {
    /// Version of the wire form.
    pub v: u8,
    /// How the check ended.
    pub result: CheckResult,
    /// With `fail`, a request that was evaluated with each of the policies; with `unknown`, one that could not be decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witness: Option<Witness>,
    /// The statements of the checked policy that allow the witness.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub statements: Vec<GrantingStatement>,
    /// Why, in words.
    pub reasons: Vec<String>,
}

/// What checks take for granted.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct CheckOptions {
    /// Name of the provider; the first one without it.
    pub provider: Option<String>,
    /// What the policies are policies of; told by their statements without it.
    pub kind: Option<PolicyKind>,
    /// The account of the resource that carries the policy, where resource ids do not tell.
    pub resource_account: Option<String>,
}

impl CheckOptions {
    /// The same for policies of this kind.
    #[must_use]
    pub fn kind(mut self, kind: PolicyKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// The same for a resource of this account.
    #[must_use]
    pub fn resource_account(mut self, account: impl Into<String>) -> Self {
        self.resource_account = Some(account.into());
        self
    }

    /// The same for the provider of this name.
    #[must_use]
    pub fn provider(mut self, name: impl Into<String>) -> Self {
        self.provider = Some(name.into());
        self
    }
}

/// Whether `new` allows no request that `old` does not allow. Both are documents in JSON.
///
/// ```
/// use ciem_core::{CheckOptions, CheckResult, check_no_new_access};
///
/// let old = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::pay/*"}}"#;
/// let new = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::pay/in/*"}}"#;
/// assert_eq!(check_no_new_access(new, old, &CheckOptions::default())?.result, CheckResult::Pass);
///
/// let back = check_no_new_access(old, new, &CheckOptions::default())?;
/// assert_eq!(back.result, CheckResult::Fail);
/// assert!(back.witness.unwrap().action.starts_with("s3:Get"));
/// # Ok::<(), ciem_core::Error>(())
/// ```
///
/// # Errors
/// `rejected_policy` for a document that the provider would reject; `malformed`, `too_large`, `too_deep`,
/// `invalid_request`.
pub fn check_no_new_access(new: &str, old: &str, options: &CheckOptions) -> Result<AccessCheck, Error> {
    let documents = [("/new", new), ("/old", old)];
    check(&documents, &[], options, |policies, _| {
        let permissions = policies.permissions(&[]);
        Ok(Scope { permissions, resources: Vec::new(), any_naming: false, public: false })
    })
}

/// Whether `policy` allows none of the actions on any part of any of the resources. Actions may have wildcards, resources
/// are ids or patterns; an empty list means any.
///
/// ```
/// use ciem_core::{CheckOptions, CheckResult, check_access_not_granted};
///
/// let policy = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::pay/*"}}"#;
/// let none = CheckOptions::default();
/// assert_eq!(check_access_not_granted(policy, &["s3:Delete*"], &[], &none)?.result, CheckResult::Pass);
/// let read = check_access_not_granted(policy, &["s3:GetObject"], &["arn:aws:s3:::*/secret"], &none)?;
/// assert_eq!(read.witness.unwrap().resource, "arn:aws:s3:::pay/secret");
/// # Ok::<(), ciem_core::Error>(())
/// ```
///
/// # Errors
/// As [`check_no_new_access`].
pub fn check_access_not_granted(
    policy: &str,
    actions: &[&str],
    resources: &[&str],
    options: &CheckOptions,
) -> Result<AccessCheck, Error> {
    for (index, action) in actions.iter().enumerate() {
        if *action != "*" && !action.contains(':') {
            return Err(Error::invalid(format!("/actions/{index}"), "expected `*` or `service:Action`"));
        }
    }
    check(&[("/policy", policy)], actions, options, |policies, _| {
        let permissions = policies.permissions(actions);
        let resources = policies.limit(resources)?;
        Ok(Scope { permissions, resources, any_naming: true, public: false })
    })
}

/// Whether `policy`, the policy of a resource, grants nothing to the public, as the provider defines public.
///
/// ```
/// use ciem_core::{CheckOptions, CheckResult, check_no_public_access};
///
/// let policy = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
///   "Resource": "arn:aws:s3:::pay/*"}}"#;
/// let check = check_no_public_access(policy, &CheckOptions::default())?;
/// assert_eq!(check.result, CheckResult::Fail);
/// assert_eq!(check.witness.unwrap().principal.as_deref(), Some("anonymous"));
/// # Ok::<(), ciem_core::Error>(())
/// ```
///
/// # Errors
/// As [`check_no_new_access`]; `invalid_request` for a policy of an identity, which nobody but its bearer has.
pub fn check_no_public_access(policy: &str, options: &CheckOptions) -> Result<AccessCheck, Error> {
    check(&[("/policy", policy)], &[], options, |policies, kind| {
        if kind == PolicyKind::Identity {
            let reason = "the policy names no principal: only the policy of a resource can be public";
            return Err(Error::invalid("/policy", reason));
        }
        let permissions = policies.permissions(&[]);
        Ok(Scope { permissions, resources: Vec::new(), any_naming: true, public: true })
    })
}

fn check(
    documents: &[(&str, &str)],
    actions: &[&str],
    options: &CheckOptions,
    scope: impl FnOnce(&Policies, PolicyKind) -> Result<Scope, Error>,
) -> Result<AccessCheck, Error> {
    let (provider, inclusion) = provider(options)?;
    for (at, document) in documents {
        if document.len() > MAX_BYTES {
            let place = Place::default().at(*at);
            return Err(Error::TooLarge {
                what: "policy in bytes".to_owned(),
                limit: MAX_BYTES as u64,
                place,
            });
        }
    }
    let account = options.resource_account.as_deref();
    if account.is_some_and(|account| !(inclusion.is_account)(account)) {
        return Err(Error::invalid("/resource_account", "no account id"));
    }
    let kind = kind(inclusion, documents, options)?;
    let mut facts = Facts::default();
    let mut given = Vec::new();
    for (at, text) in documents {
        let document = (inclusion.read)(&mut facts, kind, at, text)?;
        let value = serde_json::from_str(text)
            .map_err(|error| Error::malformed(error.to_string(), Place::default().at(*at)))?;
        given.push(Given { document, value });
    }
    let policies = Policies::new((provider, inclusion), kind, facts, given, actions)?;
    let scope = scope(&policies, kind)?;
    Ok(search(&policies, &scope, account))
}

fn provider(options: &CheckOptions) -> Result<(&'static Provider, &'static InclusionSpec), Error> {
    let found = match &options.provider {
        None => TABLE.first(),
        Some(name) => TABLE.iter().find(|provider| provider.name == name),
    };
    let Some(&provider) = found else { return Err(Error::invalid("/provider", "no such provider")) };
    let inclusion = provider.inclusion;
    let inclusion = inclusion
        .ok_or_else(|| Error::invalid("/provider", "no loose policies of this provider are compared"))?;
    Ok((provider, inclusion))
}

/// The kind that was given, else what the statements tell.
fn kind(
    inclusion: &InclusionSpec,
    documents: &[(&str, &str)],
    options: &CheckOptions,
) -> Result<PolicyKind, Error> {
    let mut found = options.kind;
    for (at, document) in documents {
        let told = (inclusion.kind)(document)?;
        match (found, told) {
            (None, told) => found = told,
            (Some(found), Some(told)) if options.kind.is_none() && found != told => {
                let reason =
                    "one policy names principals as another does not: policies of one kind are compared";
                return Err(Error::invalid(*at, reason));
            }
            _ => {}
        }
    }
    Ok(found.unwrap_or(PolicyKind::Identity))
}
