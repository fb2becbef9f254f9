//! The JSON of a simulation.

use crate::error::{Error, Place};
use crate::model::{ContextValue, MissingLayer, Session, UnknownContext};
use crate::provider::aws::document::is_account;
use crate::provider::aws::document::json::{MAX_DEPTH, pointer_step, too_deep};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_path_to_error::Segment;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct Simulation {
    #[serde(default)]
    v: Option<u64>,
    #[serde(default)]
    provider: Option<String>,
    pub(super) principal: String,
    #[serde(default)]
    pub(super) role_arn: Option<String>,
    pub(super) action: String,
    #[serde(default = "anything")]
    pub(super) resource: String,
    #[serde(default)]
    pub(super) resource_account: Option<String>,
    #[serde(default)]
    pub(super) context: BTreeMap<String, ContextValue>,
    #[serde(default = "absent")]
    pub(super) unknown_context: UnknownContext,
    #[serde(default)]
    pub(super) missing_layer: MissingLayer,
    #[serde(default)]
    pub(super) at: Option<String>,
    #[serde(default)]
    pub(super) session: Option<Session>,
    #[serde(default)]
    pub(super) identity_policies: Vec<Policy>,
    #[serde(default)]
    pub(super) resource_policy: Option<Policy>,
    #[serde(default)]
    pub(super) permissions_boundaries: Vec<Policy>,
    #[serde(default)]
    pub(super) session_policies: Vec<Policy>,
    #[serde(default)]
    pub(super) vpc_endpoint_policies: Vec<Policy>,
    #[serde(default)]
    pub(super) service_control_policies: Vec<Level>,
    #[serde(default)]
    pub(super) resource_control_policies: Vec<Level>,
    #[serde(default)]
    pub(super) s3: S3,
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct Policy {
    #[serde(default)]
    pub(super) name: Option<String>,
    pub(super) document: Box<RawValue>,
}

/// The guardrails of one node, root first in the list.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct Level {
    pub(super) target: String,
    #[serde(default)]
    pub(super) policies: Vec<Policy>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
#[serde(expecting = "an object")]
pub(super) struct S3 {
    pub(super) block_public_access: bool,
    pub(super) bucket_abac: bool,
}

fn anything() -> String {
    "*".to_owned()
}

fn absent() -> UnknownContext {
    UnknownContext::Absent
}

pub(super) fn parse(text: &str) -> Result<Simulation, Error> {
    if too_deep(text) {
        return Err(Error::TooDeep { limit: MAX_DEPTH, place: Place::default() });
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let simulation: Simulation =
        serde_path_to_error::deserialize(&mut reader).map_err(|error| failure(&error))?;
    reader.end().map_err(|error| {
        Error::malformed("text after the simulation", Place::default().line(error.line() as u64))
    })?;
    if simulation.v.is_some_and(|v| v != 1) {
        return Err(Error::invalid("v", "this version reads `1`"));
    }
    if simulation.provider.as_deref().is_some_and(|provider| provider != "aws") {
        return Err(Error::invalid("provider", "expected `aws`"));
    }
    if simulation.resource_account.as_deref().is_some_and(|account| !is_account(account)) {
        return Err(Error::invalid("resource_account", "expected twelve digits"));
    }
    Ok(simulation)
}

/// Text that is no JSON is malformed; JSON of another shape is a request that is not valid.
fn failure(error: &serde_path_to_error::Error<serde_json::Error>) -> Error {
    let inner = error.inner();
    let text = inner.to_string();
    let reason = text.split(" at line ").next().unwrap_or_default();
    if !inner.is_data() {
        return Error::malformed(format!("not JSON: {reason}"), Place::default().line(inner.line() as u64));
    }
    let pointer = error.path().iter().filter_map(|segment| match segment {
        Segment::Seq { index } => Some(format!("/{index}")),
        Segment::Map { key } => Some(format!("/{}", pointer_step(key))),
        Segment::Enum { .. } | Segment::Unknown => None,
    });
    let pointer: String = pointer.collect();
    Error::invalid(if pointer.is_empty() { "simulation" } else { &pointer }, reason)
}
