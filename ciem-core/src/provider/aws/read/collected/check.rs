//! The shapes of the layout's files. Each file is checked when it is read, so that an error names it.

use crate::error::{Error, Place};
use crate::provider::aws::document::json;
use crate::provider::aws::read::failure;
use crate::provider::aws::read::text::is_arn;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

#[derive(Deserialize, Default)]
#[serde(expecting = "an object")]
pub(super) struct Metadata {
    pub(super) arn: Option<String>,
    pub(super) name: Option<String>,
    pub(super) id: Option<String>,
    #[serde(rename = "permissionBoundary")]
    pub(super) boundary: Option<String>,
}

/// As in the answers of the API.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
pub(super) struct Inline {
    policy_name: String,
    policy_document: Box<RawValue>,
}

/// A unit or an account in the tree.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct Node {
    #[serde(alias = "ou")]
    pub(super) parent: Option<String>,
    #[serde(default)]
    pub(super) scps: Vec<String>,
    #[serde(default)]
    pub(super) rcps: Vec<String>,
}

/// A resource of the Resource Access Manager: its shares, and the policy that they make for it.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct Shared {
    pub(super) arn: String,
    #[serde(default)]
    pub(super) shares: Vec<String>,
    pub(super) policy: Option<Box<RawValue>>,
}

pub(super) type Nodes = BTreeMap<String, Node>;
pub(super) type Tags = BTreeMap<String, String>;

/// Reads a file of the layout as `T`.
pub(super) fn parse<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, Error> {
    if json::too_deep(text) {
        return Err(Error::TooDeep { limit: json::MAX_DEPTH, place: Place::source(name) });
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let pointer = failure::pointer(error.path());
        let place = Place::source(name).line(error.inner().line() as u64);
        let text = error.inner().to_string();
        let what = text.split(" at line ").next().unwrap_or_default();
        Error::malformed(format!("{what}; collect it again"), place.at(pointer))
    })?;
    reader.end().map_err(|_| wrong(name, "something follows the value"))?;
    Ok(value)
}

fn wrong(name: &str, what: &str) -> Error {
    Error::malformed(format!("{what}; collect it again"), Place::source(name))
}

pub(super) fn metadata(name: &str, text: &str) -> Result<(), Error> {
    let metadata: Metadata = parse(name, text)?;
    for arn in metadata.arn.iter().chain(&metadata.boundary) {
        if !is_arn(arn) {
            return Err(wrong(name, "`arn` and `permissionBoundary` must be ARNs"));
        }
    }
    Ok(())
}

pub(super) fn inline(name: &str, text: &str) -> Result<(), Error> {
    parse::<Vec<Inline>>(name, text).map(drop)
}

/// Policies of principals are given by ARN, groups by ARN or name.
pub(super) fn names(name: &str, text: &str) -> Result<(), Error> {
    let names: Vec<String> = parse(name, text)?;
    if name.ends_with("managed-policies.json") && !names.iter().all(|arn| is_arn(arn)) {
        return Err(wrong(name, "expected a list of ARNs"));
    }
    Ok(())
}

pub(super) fn tags(name: &str, text: &str) -> Result<(), Error> {
    parse::<Tags>(name, text).map(drop)
}

pub(super) fn nodes(name: &str, text: &str) -> Result<(), Error> {
    parse::<Nodes>(name, text).map(drop)
}

pub(super) fn document(name: &str, text: &str) -> Result<(), Error> {
    parse::<Box<RawValue>>(name, text).map(drop)
}

pub(super) fn shared(name: &str, text: &str) -> Result<(), Error> {
    let Shared { arn, shares, .. } = parse(name, text)?;
    let all = || std::iter::once(&arn).chain(&shares);
    all().all(|arn| is_arn(arn)).then_some(()).ok_or_else(|| wrong(name, "`arn` and `shares` must be ARNs"))
}

pub(super) fn public_access(name: &str, text: &str) -> Result<(), Error> {
    let flags: BTreeMap<String, bool> = parse(name, text)?;
    restricts_public(&flags).map(drop).ok_or_else(|| wrong(name, "expected `RestrictPublicBuckets`"))
}

/// The one of the four flags that counts for access.
pub(super) fn restricts_public(flags: &BTreeMap<String, bool>) -> Option<bool> {
    let mut flags = flags.iter();
    flags.find_map(|(name, &on)| name.eq_ignore_ascii_case("RestrictPublicBuckets").then_some(on))
}
