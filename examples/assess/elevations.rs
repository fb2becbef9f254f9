//! Elevations whose window is over and whose grant stayed.

use crate::stories::Asking;
use ciem_core::{Error, Verdict};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Serialize)]
pub(crate) struct Elevation {
    pub(crate) principal: String,
    pub(crate) name: String,
    pub(crate) account: String,
    pub(crate) elevation_end: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ticket: Option<String>,
    /// Whether a tag names the policy of the elevation; otherwise all that the identity has is listed.
    pub(crate) policy_is_named: bool,
    pub(crate) policies: Vec<Leftover>,
}

/// A policy that still gives something.
#[derive(Debug, Serialize)]
pub(crate) struct Leftover {
    pub(crate) policy: String,
    pub(crate) permissions: usize,
}

pub(crate) fn elevations(asking: &Asking<'_>) -> Result<Vec<Elevation>, Error> {
    let mut found = Vec::new();
    for (who, elevation_end) in asking.over("elevation_end") {
        let wanted = who.tags.get("elevation_policy");
        let access = asking.what_is_held(&who.principal)?;
        let mut gives: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for row in access.rows().iter().filter(|row| row.verdict != Verdict::Deny) {
            for policy in &row.via {
                if wanted.is_none_or(|wanted| short(policy) == wanted) {
                    gives.entry(policy).or_default().extend(row.permissions.iter().map(String::as_str));
                }
            }
        }
        if gives.is_empty() {
            continue;
        }
        let told = |(policy, permissions): (&str, BTreeSet<&str>)| Leftover {
            policy: policy.to_owned(),
            permissions: permissions.len(),
        };
        found.push(Elevation {
            policies: gives.into_iter().map(told).collect(),
            policy_is_named: wanted.is_some(),
            ticket: who.tags.get("elevation_ticket").cloned(),
            principal: who.principal,
            name: who.name,
            account: who.account,
            elevation_end,
        });
    }
    Ok(found)
}

/// The name at the end of what access comes through.
pub(crate) fn short(policy: &str) -> &str {
    policy.rsplit(['/', ':', '#']).next().unwrap_or(policy)
}
