//! What comparing loose policies needs to know of AWS: how documents are told apart, what being named is worth,
//! and which request shows a difference.

use super::document::json::{MAX_DEPTH, Node, too_deep};
use super::document::{Dialect, intern_text, is_account, makes_public, text_of};
use super::rule;
use crate::error::{Error, Place};
use crate::model::{ContextValue, DocId, Facts, PolicyKind, PrincipalKind};
use crate::provider::{InclusionSpec, Naming, Trial};
use crate::truth::StrengthId;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

pub(crate) static INCLUSION: InclusionSpec = InclusionSpec {
    kind,
    read,
    usual: USUAL,
    of_account: |account| format!("arn:*:*:*:{account}:*"),
    is_account,
    session_id: |account, role, name| format!("arn:aws:sts::{account}:assumed-role/{role}/{name}"),
    service: "some-service.amazonaws.com",
    free: rule::FREE,
    trusting: rule::TRUSTING,
    kind_of,
    rank,
    ranks,
    makes_public,
    trials,
};

const ACCOUNT: &str = "111122223333";
const OTHER_ACCOUNT: &str = "999988887777";

/// Partition, service, region, account, and what a last segment often is.
static USUAL: &[&[&str]] = &[
    &["arn"],
    &["aws", "aws-cn", "aws-us-gov"],
    &[],
    &["us-east-1", "eu-west-1", "us-west-2", ""],
    &[ACCOUNT, "444455556666", OTHER_ACCOUNT, ""],
];

/// Named through the account only; directly; past a permissions boundary; past a session policy too. Each of them can do
/// what those before it can (AWS-2, AWS-3, AWS-7).
const DELEGATED: u8 = 1;
const DIRECT: u8 = 2;
const PAST_BOUNDARY: u8 = 3;
const PAST_SESSION: u8 = 4;

fn rank(strength: StrengthId) -> u8 {
    match strength {
        rule::ACCOUNT => DELEGATED,
        rule::ROLE => DIRECT,
        rule::USER | rule::STAR => PAST_BOUNDARY,
        _ => PAST_SESSION,
    }
}

fn ranks(
    kind: PolicyKind,
    outsider: bool,
    same_account: Option<bool>,
    delegating: bool,
) -> &'static [Naming] {
    let trust = kind == PolicyKind::Trust;
    match same_account {
        _ if outsider || kind == PolicyKind::Identity => &[(DELEGATED, false)],
        // Across accounts both sides must allow, however the caller is named (AWS-2).
        Some(false) => &[(DELEGATED, true)],
        // A trust policy passes no limit of the caller.
        Some(true) if trust => &[(DIRECT, false), (DELEGATED, false)],
        None if trust => &[(DIRECT, false), (DELEGATED, false), (DELEGATED, true)],
        // Within an account the identity's policies suffice, unless the resource's policy has to delegate (AWS-4).
        Some(true) if delegating => {
            &[(DIRECT, false), (PAST_BOUNDARY, false), (PAST_SESSION, false), (DELEGATED, false)]
        }
        Some(true) => &[(DIRECT, false), (PAST_BOUNDARY, false), (PAST_SESSION, false)],
        None if delegating => &[
            (DELEGATED, true),
            (DIRECT, false),
            (PAST_BOUNDARY, false),
            (PAST_SESSION, false),
            (DELEGATED, false),
        ],
        None => &[(DELEGATED, true), (DIRECT, false), (PAST_BOUNDARY, false), (PAST_SESSION, false)],
    }
}

fn kind_of(id: &str) -> PrincipalKind {
    if id.contains(":role/") || id.contains(":assumed-role/") {
        PrincipalKind::Role
    } else {
        PrincipalKind::User
    }
}

/// The text of a document; the empty object stands for a policy without statements, as in `simulate`.
fn text(raw: &str) -> Result<std::borrow::Cow<'_, str>, String> {
    let text = text_of(raw)?;
    let empty = text.trim_start_matches(['{', ' ', '\n', '\t', '\r']).trim_end() == "}";
    Ok(if empty { r#"{"Statement":[]}"#.into() } else { text })
}

/// Whoever names principals is a resource's policy; one that names no resource either and speaks of `sts` alone is a
/// role's.
fn kind(raw: &str) -> Result<Option<PolicyKind>, Error> {
    if too_deep(raw) {
        return Err(Error::TooDeep { limit: MAX_DEPTH, place: Place::default() });
    }
    let Ok(text) = text(raw) else { return Ok(None) };
    // What cannot be read is rejected when it is read as a policy.
    let Ok(document) = serde_json::from_str::<Node<'_>>(&text) else { return Ok(None) };
    let Some(statements) = document.member("Statement").map(Node::items) else { return Ok(None) };
    let has = |names: [&str; 2]| {
        statements.iter().any(|statement| names.iter().any(|name| statement.member(name).is_some()))
    };
    if statements.is_empty() {
        return Ok(None);
    }
    if !has(["Principal", "NotPrincipal"]) {
        return Ok(Some(PolicyKind::Identity));
    }
    let taking_on = |statement: &Node<'_>| {
        let actions = statement.member("Action").map(Node::items).unwrap_or_default();
        let of_sts = |action: &Node<'_>| {
            action.as_text().is_some_and(|text| text.to_ascii_lowercase().starts_with("sts:"))
        };
        !actions.is_empty() && actions.iter().all(of_sts)
    };
    let trust = !has(["Resource", "NotResource"]) && statements.iter().all(taking_on);
    Ok(Some(if trust { PolicyKind::Trust } else { PolicyKind::Resource }))
}

fn read(facts: &mut Facts, kind: PolicyKind, at: &str, raw: &str) -> Result<DocId, Error> {
    let rejected = |reason: String, pointer: &str| Error::RejectedPolicy {
        policy: at.trim_start_matches('/').to_owned(),
        reason,
        place: Place::default().at(format!("{at}{pointer}")),
    };
    let text = text(raw).map_err(|reason| rejected(reason, ""))?;
    let names_resources = text.contains("\"Resource\"") || text.contains("\"NotResource\"");
    let dialect = match kind {
        PolicyKind::Identity => Dialect::Identity,
        PolicyKind::Trust => Dialect::Trust,
        PolicyKind::Resource if names_resources => Dialect::Resource,
        PolicyKind::Resource => Dialect::OwnResource,
    };
    let document = intern_text(facts, &text, dialect);
    match facts.rejected_documents.get(&document).and_then(|all| all.first()) {
        None => Ok(document),
        Some((pointer, reason)) => Err(rejected(reason.clone(), pointer)),
    }
}

/// The one value that the context has for a key.
fn value<'c>(context: &'c BTreeMap<String, ContextValue>, key: &str) -> Option<&'c str> {
    context.iter().find_map(|(name, value)| match value {
        ContextValue::One(value) if name.eq_ignore_ascii_case(key) => Some(value.as_str()),
        _ => None,
    })
}

fn trials(trial: &Trial<'_>, document: &Value) -> Vec<Value> {
    let told = ["aws:PrincipalAccount", "kms:CallerAccount"];
    let told = told.iter().find_map(|key| value(trial.context, key)).filter(|id| is_account(id));
    let of_resource = trial.resource.split(':').nth(4).filter(|account| is_account(account));
    let of_resource = of_resource
        .or(trial.resource_account)
        .or(value(trial.context, "aws:ResourceAccount").filter(|id| is_account(id)));
    let free = |taken: Option<&str>| {
        let accounts = [ACCOUNT, OTHER_ACCOUNT, "444455556666", "123456789012", "210987654321"];
        let mut accounts = accounts.into_iter().chain((1..).map(|_| "100000000001").take(1));
        accounts
            .find(|account| Some(*account) != taken && !trial.not_of.iter().any(|not| not == account))
            .unwrap_or(ACCOUNT)
    };
    let own = trial.account.or(told).unwrap_or(match of_resource {
        Some(account) if !trial.foreign && !trial.not_of.iter().any(|not| not == account) => account,
        taken if trial.foreign => free(taken),
        _ => free(None),
    });
    // A condition may exclude the account that was thought of first.
    let another = (trial.kind == PolicyKind::Identity && told.is_none()).then(|| free(Some(own)));
    let mut all = Vec::new();
    for own in std::iter::once(own).chain(another) {
        let resource_account = of_resource.unwrap_or(if trial.foreign { free(Some(own)) } else { own });
        let principals = principals(trial, own).into_iter();
        all.extend(principals.map(|one| simulation(trial, document, &one, own, resource_account)));
    }
    all
}

/// Whom to ask as: a certain caller, or whoever the context describes.
fn principals(trial: &Trial<'_>, account: &str) -> Vec<String> {
    if let Some(principal) = trial.principal {
        return vec![principal.to_owned()];
    }
    let mut all = Vec::new();
    all.extend(value(trial.context, "aws:PrincipalArn").map(str::to_owned));
    let name = value(trial.context, "aws:username").filter(|name| !name.is_empty());
    all.extend(name.map(|name| format!("arn:aws:iam::{account}:user/{name}")));
    all.push(format!("arn:aws:iam::{account}:role/someone"));
    all.push(format!("arn:aws:iam::{account}:user/someone"));
    all
}

fn simulation(
    trial: &Trial<'_>,
    document: &Value,
    principal: &str,
    own: &str,
    resource_account: &str,
) -> Value {
    let mut all = Map::new();
    let mut set = |name: &str, value: Value| drop(all.insert(name.to_owned(), value));
    let policy = |document: Value| json!({ "document": document });
    let anything = || json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    set("provider", json!("aws"));
    set("principal", json!(principal));
    set("action", json!(trial.action));
    set("resource", json!(trial.resource));
    set("context", json!(trial.context));
    set("s3", json!({"bucket_abac": true}));
    let concrete = trial.resource.starts_with("arn:");
    if concrete {
        set("resource_account", json!(resource_account));
    }
    let is_identity = trial.kind == PolicyKind::Identity;
    // A statement that never applies makes the action known.
    let mention = trial.unknown_action.then(|| {
        let statement = json!({"Effect": "Allow", "Action": trial.action, "NotResource": "*"});
        policy(json!({"Version": "2012-10-17", "Statement": statement}))
    });
    let held = |own: Option<Value>| Value::Array(own.into_iter().chain(mention).collect());
    if is_identity {
        set("identity_policies", held(Some(policy(document.clone()))));
        let root = json!({"AWS": format!("arn:aws:iam::{own}:root")});
        let role = trial.resource.contains(":iam:") && trial.resource.contains(":role/");
        // The other side of what needs both: the trust of a role, the policy of another account's resource.
        if role && trial.action.to_ascii_lowercase().starts_with("sts:") {
            let trust = json!({"Effect": "Allow", "Principal": root, "Action": "sts:*"});
            set("resource_policy", policy(json!({"Version": "2012-10-17", "Statement": trust})));
        } else if concrete && own != resource_account {
            let mut open = anything();
            if let Some(open) = open.as_object_mut() {
                open.insert("Principal".to_owned(), root);
            }
            set("resource_policy", policy(json!({"Version": "2012-10-17", "Statement": open})));
        }
        return Value::Object(all);
    }
    set("resource_policy", policy(document.clone()));
    let outsider =
        matches!(trial.caller, PrincipalKind::Anonymous | PrincipalKind::Service | PrincipalKind::Federated);
    if outsider {
        return Value::Object(all);
    }
    let none = || json!([policy(json!({}))]);
    let delegated = trial.rank == DELEGATED;
    set(
        "identity_policies",
        held(delegated.then(|| policy(json!({"Version": "2012-10-17", "Statement": anything()})))),
    );
    if trial.rank >= PAST_BOUNDARY {
        set("permissions_boundaries", none());
    }
    if trial.rank >= PAST_SESSION {
        set("session_policies", none());
    }
    Value::Object(all)
}
