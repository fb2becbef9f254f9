//! Who can read the resources of one system on a date, with the proof of one of them.

use crate::stories::Asking;
use ciem_core::{Error, Explanation, PrincipalKind, Query, Request, Verdict};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// The system that is asked about, as the tag `system` of resources names it.
pub(crate) const SYSTEM: &str = "customer-data";
/// By kind of resource: what reading is called, and which part of the resource is read.
const READING: [(&str, &str, &str); 5] = [
    ("dynamodb:table", "dynamodb:GetItem", ""),
    ("kms:key", "kms:Decrypt", ""),
    ("s3:bucket", "s3:GetObject", "/*"),
    ("secretsmanager:secret", "secretsmanager:GetSecretValue", ""),
    ("sqs:queue", "sqs:ReceiveMessage", ""),
];

/// Who can read one resource.
#[derive(Debug, Serialize)]
pub(crate) struct Readers {
    pub(crate) system: &'static str,
    pub(crate) permission: &'static str,
    pub(crate) resource: String,
    pub(crate) holders: Vec<Reader>,
    /// Why the first of those that surely can is allowed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) proof: Option<Proof>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Reader {
    pub(crate) principal: String,
    pub(crate) name: String,
    pub(crate) kind: PrincipalKind,
    pub(crate) account: String,
    pub(crate) verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) condition: Option<Value>,
    pub(crate) resources: Vec<String>,
    pub(crate) via: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Proof {
    pub(crate) principal: String,
    pub(crate) name: String,
    pub(crate) resource: String,
    pub(crate) explanation: Explanation,
}

pub(crate) fn readers(asking: &Asking<'_>) -> Result<Vec<Readers>, Error> {
    let snapshot = asking.snapshot;
    let names: BTreeMap<String, String> =
        snapshot.principals().map(|who| (who.principal, who.name)).collect();
    let name = |principal: &str| names.get(principal).map_or(principal, String::as_str).to_owned();
    let mut found = Vec::new();
    for row in snapshot.resources() {
        let reading = READING.iter().find(|(kind, ..)| *kind == row.resource_kind);
        let Some((_, permission, part)) = reading else { continue };
        if row.tags.get("system").is_none_or(|system| system != SYSTEM) {
            continue;
        }
        let resource = format!("{}{part}", row.resource);
        let mut query = Query::who(*permission, &resource);
        query.at = Some(asking.at.to_string());
        let holders: Vec<Reader> = snapshot
            .who_can_with(&query, asking.progress)?
            .rows()
            .filter(|row| row.verdict != Verdict::Deny)
            .map(|row| Reader {
                name: name(&row.principal),
                principal: row.principal,
                kind: row.principal_kind,
                account: row.account.to_string(),
                verdict: row.verdict,
                condition: row.condition.and_then(|text| serde_json::from_str(&text).ok()),
                resources: row.resources.to_vec(),
                via: row.via.to_vec(),
            })
            .collect();
        let proof = proof(asking, permission, &holders)?;
        found.push(Readers { system: SYSTEM, permission, resource, holders, proof });
    }
    Ok(found)
}

/// The proof for the first one that surely may read something; somebody with a policy rather than somebody who is
/// only let in.
fn proof(asking: &Asking<'_>, permission: &str, holders: &[Reader]) -> Result<Option<Proof>, Error> {
    let record =
        |one: &&Reader| matches!(one.kind, PrincipalKind::User | PrincipalKind::Role | PrincipalKind::Person);
    let sure = holders.iter().filter(record).find(|one| one.verdict == Verdict::Allow);
    let Some(one) = sure.or_else(|| holders.iter().find(record)) else { return Ok(None) };
    let Some(resource) = one.resources.first() else { return Ok(None) };
    let mut request = Request::new(&one.principal, permission, resource);
    request.at = Some(asking.at.to_string());
    Ok(Some(Proof {
        principal: one.principal.clone(),
        name: one.name.clone(),
        resource: resource.clone(),
        explanation: asking.snapshot.explain(&request)?,
    }))
}
