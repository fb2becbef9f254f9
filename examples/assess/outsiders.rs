//! What callers from outside of the loaded accounts can do: the public, other accounts and their principals, and
//! identities that an external provider vouches for.

use ciem_core::{Error, PrincipalKind, Progress, Query, Snapshot, Verdict};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// A resource that lets outsiders in.
#[derive(Debug, Serialize)]
pub(crate) struct Opening {
    pub(crate) resource: String,
    pub(crate) admits: Vec<Admission>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Admission {
    pub(crate) principal: String,
    pub(crate) kind: PrincipalKind,
    pub(crate) permissions: Vec<String>,
    pub(crate) verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) condition: Option<Value>,
}

pub(crate) fn openings(snapshot: &Snapshot, progress: &Progress) -> Result<Vec<Opening>, Error> {
    let mut found: BTreeMap<String, Vec<Admission>> = BTreeMap::new();
    for who in snapshot.principals() {
        if !is_outsider(who.principal_kind) {
            continue;
        }
        let access = snapshot.what_can_with(&Query::what(&who.principal), progress)?;
        for row in access.rows() {
            // What needs no grant, such as asking who one is, is no opening.
            if row.via.is_empty() {
                continue;
            }
            let condition: Option<Value> =
                row.condition.as_deref().and_then(|c| serde_json::from_str(c).ok());
            for resource in &row.resources {
                found.entry(resource.clone()).or_default().push(Admission {
                    principal: who.principal.clone(),
                    kind: who.principal_kind,
                    permissions: row.permissions.clone(),
                    verdict: row.verdict,
                    condition: condition.clone(),
                });
            }
        }
    }
    Ok(found.into_iter().map(|(resource, admits)| Opening { resource, admits }).collect())
}

fn is_outsider(kind: PrincipalKind) -> bool {
    matches!(
        kind,
        PrincipalKind::Anonymous
            | PrincipalKind::Account
            | PrincipalKind::External
            | PrincipalKind::Federated
    )
}
