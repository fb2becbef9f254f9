//! Requests for proposals.

use crate::error::Error;
use crate::rightsize::options::RightsizeOptions;
use crate::rightsize::proposal::Proposal;
use crate::snapshot::Snapshot;
use crate::usage::value::Usage;
use serde::Deserialize;

/// A principal, and the options beside it.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct Request {
    #[serde(default)]
    v: Option<u64>,
    principal: String,
    #[serde(flatten)]
    options: RightsizeOptions,
}

pub(super) fn answer(snapshot: &Snapshot, usage: &Usage, request: Request) -> Result<Proposal, Error> {
    if request.v.is_some_and(|v| v != 1) {
        return Err(Error::invalid("v", "this version reads `1`"));
    }
    snapshot.rightsize(&request.principal, usage, &request.options)
}
