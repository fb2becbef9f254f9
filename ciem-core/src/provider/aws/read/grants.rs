//! Grants of KMS keys (`kms list-grants`): each becomes a document of statements that name its principals, so that all
//! that is done with documents is done with grants.

use super::{Kind, Page};
use crate::base::Text;
use crate::condition::MissingFact;
use crate::error::{Error, Place};
use crate::model::{
    Document, Facts, PatternItem, Patterns, PolicyRef, PolicyUse, PrincipalKind, ResourceRecord, SourceId,
    Statement, WhoEntry,
};
use crate::provider::aws::document::json::Str;
use crate::provider::aws::document::{Dialect, intern_text};
use crate::provider::aws::{BOUNDARY, GRANT};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// One of `kms list-grants`; other commands call something else by that name, which has no `GrantId`.
#[derive(serde::Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct Grant<'a> {
    #[serde(borrow, rename = "GrantId")]
    id: Option<Str<'a>>,
    #[serde(borrow, rename = "KeyId")]
    key: Option<Str<'a>>,
    #[serde(borrow, rename = "GranteePrincipal")]
    grantee: Option<Str<'a>>,
    #[serde(borrow, rename = "GranteeServicePrincipal")]
    grantee_service: Option<Str<'a>>,
    #[serde(borrow, rename = "RetiringPrincipal")]
    retiring: Option<Str<'a>>,
    #[serde(borrow, rename = "RetiringServicePrincipal")]
    retiring_service: Option<Str<'a>>,
    #[serde(borrow, rename = "Operations", default)]
    operations: Vec<Str<'a>>,
    #[serde(rename = "Constraints", default)]
    constraints: Option<Map<String, Value>>,
}

/// Operations that have an encryption context, of which constraints speak. They do not speak of the others.
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantConstraints.html>
static WITH_CONTEXT: &[&str] = &[
    "Decrypt",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
];
const SUBSET: &str = "EncryptionContextSubset";
const EQUALS: &str = "EncryptionContextEquals";
const SOURCE: &str = "SourceArn";
/// A key policy that names a user of the key's account passes the user's boundary (AWS-7). Pages call grants a
/// resource-based mechanism beside key policies, and speak of policies only where they speak of boundaries.
pub(in crate::provider::aws) const PAST_BOUNDARY: &str = "whether a grant passes a permissions boundary";

/// Whether the page is an answer of `kms list-grants`.
pub(super) fn is_one(page: &Page<'_>) -> bool {
    let Some(grants) = &page.grants else { return false };
    grants.iter().any(|grant| grant.id.is_some())
        || grants.is_empty() && (page.cut_off.is_some() || page.key_id.is_some())
}

pub(super) fn records(page: &Page<'_>) -> usize {
    if page.kind() == Some(Kind::Grants) { page.grants.as_ref().map_or(0, Vec::len) } else { 0 }
}

pub(super) fn check(page: &Page<'_>, place: &Place) -> Result<(), Error> {
    if page.kind() != Some(Kind::Grants) {
        return Ok(());
    }
    let of_key = |grant: &Grant<'_>| grant.key.as_ref().is_some_and(|key| key.starts_with("arn:"));
    match page.grants.iter().flatten().position(|grant| !of_key(grant)) {
        None => Ok(()),
        Some(index) => {
            let reason = "`KeyId` does not tell the region and account of the key; put its ARN there";
            Err(Error::malformed(reason, place.clone().at(format!("/Grants/{index}/KeyId"))))
        }
    }
}

pub(super) fn keep(facts: &mut Facts, source: SourceId, page: &Page<'_>) {
    for grant in page.grants.iter().flatten() {
        let Some(key) = &grant.key else { continue };
        let document = intern_text(facts, &document(grant).to_string(), Dialect::Resource);
        let name = facts.text(&format!("grant {}", grant.id.as_deref().unwrap_or_default()));
        let account = key.split(':').nth(4).filter(|account| !account.is_empty());
        let record = ResourceRecord {
            id: facts.text(key),
            kind: facts.text("kms:key"),
            account: account.map(|account| facts.text(account)),
            tags: Vec::new(),
            flags: 0,
            told: false,
            policies: Vec::new(),
            source,
        };
        let added = PolicyUse { layer: GRANT, policy: PolicyRef::Inline { name, document } };
        facts.add_to_resource(record, added);
    }
}

/// What grants give users is perhaps as good as allowed by their boundaries.
pub(super) fn finish(facts: &mut Facts) {
    let mut found: Vec<(Text, Text, Text, Statement)> = Vec::new();
    for (&key, added) in &facts.resource_additions {
        let account = facts.texts.get(key).split(':').nth(4);
        for (used, _) in added.iter().filter(|(used, _)| used.layer == GRANT) {
            let PolicyRef::Inline { name, document } = used.policy else { continue };
            for statement in &facts.documents[document].statements {
                let named = statement.who.iter().flat_map(|who| &who.entries);
                let users = named.filter_map(|entry| match entry {
                    WhoEntry::Principal(user) if is_bounded(facts, *user, account) => Some(*user),
                    _ => None,
                });
                found.extend(users.map(|user| (user, key, name, statement.clone())));
            }
        }
    }
    let texts = &facts.texts;
    found.sort_by_key(|(user, key, name, statement)| {
        [*user, *key, *name]
            .map(|text| texts.get(text).to_owned())
            .into_iter()
            .chain([statement.index.to_string()])
            .collect::<Vec<_>>()
    });
    for (user, key, name, statement) in found {
        let doubt = statement.doubt.clone().unwrap_or_else(|| {
            Arc::new(MissingFact {
                fact: PAST_BOUNDARY.to_owned(),
                subject: facts.texts.get(key).to_owned(),
                how: "the provider does not document it: allow the operation in the boundary".to_owned(),
            })
        });
        let items = vec![PatternItem { text: key, variables: false }];
        let resources = Patterns { negated: false, items };
        let text = format!("{} of {} past boundaries {}", name.0, facts.texts.get(key), statement.index);
        let statement = Statement { who: None, doubt: Some(doubt), resources, ..statement };
        let document = facts.document(&text, Dialect::Identity as u8, |_| {
            (Document { statements: vec![statement] }, Vec::new())
        });
        let added = PolicyUse { layer: BOUNDARY, policy: PolicyRef::Inline { name, document } };
        for record in facts.principals.get_mut(user).into_iter().flatten() {
            record.policies.push(added.clone());
        }
    }
}

fn is_bounded(facts: &Facts, user: Text, account: Option<&str>) -> bool {
    facts.principals.get(user).iter().any(|record| {
        let bounded = record.policies.iter().any(|used| used.layer == BOUNDARY);
        record.kind == PrincipalKind::User && Some(facts.texts.get(record.account)) == account && bounded
    })
}

/// The grant as statements: the operations that constraints speak of, new grants, the others, and retiring it.
fn document(grant: &Grant<'_>) -> Value {
    let operations: Vec<&str> = grant.operations.iter().map(|operation| &**operation).collect();
    let constraints = grant.constraints.clone().unwrap_or_default();
    let mut statements = Vec::new();
    if let Some(grantee) = named(grant.grantee.as_deref().or(grant.grantee_service.as_deref())) {
        let (with_context, others): (Vec<&str>, Vec<&str>) =
            operations.iter().partition(|operation| WITH_CONTEXT.contains(operation));
        let mut add = |operations: Vec<&str>, condition: Map<String, Value>| {
            if !operations.is_empty() {
                statements.push(statement(&grantee, &operations, condition));
            }
        };
        add(with_context, of_context(&constraints));
        let (creating, others): (Vec<&str>, Vec<&str>) =
            others.iter().partition(|operation| **operation == "CreateGrant");
        add(creating, of_new_grants(&operations, &constraints));
        add(others, of_source(&constraints));
    }
    if let Some(retiring) = named(grant.retiring.as_deref().or(grant.retiring_service.as_deref())) {
        statements.push(statement(&retiring, &["RetireGrant"], Map::new()));
    }
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// The principal of a statement. A service stands by its name, everybody else by an ARN or a unique id.
fn named(principal: Option<&str>) -> Option<Value> {
    let principal = principal?;
    let service = !principal.starts_with("arn:") && principal.contains('.');
    Some(if service { json!({"Service": principal}) } else { json!({"AWS": principal}) })
}

fn statement(principal: &Value, operations: &[&str], condition: Map<String, Value>) -> Value {
    let actions: Vec<String> = operations.iter().map(|operation| format!("kms:{operation}")).collect();
    let mut statement =
        json!({"Effect": "Allow", "Principal": principal, "Action": actions, "Resource": "*"});
    if !condition.is_empty() {
        statement["Condition"] = Value::Object(condition);
    }
    statement
}

/// Pairs that the encryption context has to have; all that it may have, in the stricter form. Its keys are compared
/// without regard to case. A constraint that is not known here stands as an operator, which no statement can have: the
/// grant is then reported, and what it could allow is unknown.
fn of_context(constraints: &Map<String, Value>) -> Map<String, Value> {
    let mut condition = of_source(constraints);
    let mut pairs = Map::new();
    for (name, wanted) in constraints {
        let given = wanted.as_object().cloned().unwrap_or_default();
        if name == EQUALS {
            let keys: Vec<&String> = given.keys().collect();
            let keys = if keys.is_empty() {
                ("Null", json!({"kms:EncryptionContextKeys": "true"}))
            } else {
                ("ForAllValues:StringEqualsIgnoreCase", json!({"kms:EncryptionContextKeys": keys}))
            };
            condition.insert(keys.0.to_owned(), keys.1);
        }
        if name == EQUALS || name == SUBSET {
            pairs.extend(
                given.into_iter().map(|(key, value)| (format!("kms:EncryptionContext:{key}"), value)),
            );
        } else if name != SOURCE {
            condition.insert(name.clone(), wanted.clone());
        }
    }
    if !pairs.is_empty() {
        condition.insert("StringEquals".to_owned(), Value::Object(pairs));
    }
    condition
}

/// Who may create grants by a grant may pass on no more than it gives, under constraints at least as strict.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/create-grant-overview.html>
fn of_new_grants(operations: &[&str], constraints: &Map<String, Value>) -> Map<String, Value> {
    let mut condition = of_source(constraints);
    let passed = json!({"kms:GrantOperations": operations});
    condition.insert("ForAllValues:StringEquals".to_owned(), passed);
    let strict: &[&str] = match (constraints.contains_key(SUBSET), constraints.contains_key(EQUALS)) {
        (_, true) => &[EQUALS],
        (true, false) => &[SUBSET, EQUALS],
        (false, false) => return condition,
    };
    condition.insert("StringEquals".to_owned(), json!({"kms:GrantConstraintType": strict}));
    condition
}

fn of_source(constraints: &Map<String, Value>) -> Map<String, Value> {
    let mut condition = Map::new();
    if let Some(source) = constraints.get(SOURCE) {
        condition.insert("ArnLike".to_owned(), json!({"aws:SourceArn": source}));
    }
    condition
}
