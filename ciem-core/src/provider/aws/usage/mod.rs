//! What AWS logs tell of the use of permissions.

mod cloudtrail;
mod identity;
mod names;
mod printed;
mod record;
mod renamed;
mod resources;
mod scan;
#[cfg(test)]
mod tests;

use crate::provider::{LogSpec, UsageSpec};

pub(super) const USAGE: UsageSpec = UsageSpec {
    logs: &[LogSpec { name: cloudtrail::LOG, reader: cloudtrail::reader }],
    // "Refine permissions in AWS using last accessed information" of the IAM user guide.
    looks_back: 400,
    evidence: &[],
    log_of: None,
    service_of: names::service_of,
    plane: names::plane,
    home_region: names::home_region,
};
