//! How AWS policies are cut down and exchanged. Sizes: characters without white space
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>); the inline policy of a permission set:
//! <https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_PutInlinePolicyToPermissionSet.html>.

mod calls;
#[cfg(test)]
mod tests;

use super::IDENTITY_CENTER_ROLES;
use super::document::text_of;
use crate::provider::{Companion, Exchange, HeldPolicy, Narrowing, Plan, Planned, RemedySpec};
use calls::Holder;
use serde_json::{Map, Value, json};

const INLINE: &str = "inline";
const MANAGED: &str = "managed";

pub(super) static REMEDY: RemedySpec = RemedySpec {
    limits: &[
        ("user_inline", 2_048),
        ("group_inline", 5_120),
        ("role_inline", 10_240),
        ("permission_set_inline", 32_768),
        ("managed_policy", 6_144),
        ("attached_policies", 10),
    ],
    refusal,
    is_policy_id: |name| name.starts_with("arn:"),
    named_once: false,
    leaves_groups: true,
    one_star: false,
    forms: &[("policy", false)],
    ready: |statement, _| statement.clone(),
    statements,
    statements_in: |document| document.get("Statement").and_then(Value::as_array).map_or(&[], Vec::as_slice),
    resources,
    narrowed,
    conditions_include,
    size,
    document,
    plan,
    protected: &[
        "*break*glass*",
        "*emergency*",
        "*disaster*recovery*",
        "*backup*",
        "OrganizationAccountAccessRole",
        "AWSControlTowerExecution",
    ],
    companions: COMPANIONS,
    // A second factor that was always there may be asked for; one that never was must not be forbidden.
    condition_keys: &[
        ("aws:MultiFactorAuthPresent", "Bool", Some("true")),
        ("aws:RequestedRegion", "StringEquals", None),
        ("aws:SourceIp", "IpAddress", None),
        ("aws:SourceVpc", "StringEquals", None),
        ("aws:SourceVpce", "StringEquals", None),
        ("aws:ViaAWSService", "Bool", Some("true")),
    ],
};

/// Data stores decrypt with the caller's right to the key; the log of the key's use is not always that of the caller.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/service-integration.html>,
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html>, and for tags on what is created
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html>.
static COMPANIONS: &[Companion] = &[
    Companion {
        of: &[
            "dynamodb:*Item*",
            "dynamodb:Query",
            "dynamodb:Scan",
            "kinesis:GetRecords",
            "kinesis:PutRecord*",
            "s3:GetObject*",
            "s3:PutObject*",
            "secretsmanager:GetSecretValue",
            "secretsmanager:PutSecretValue",
            "sns:Publish",
            "sqs:ReceiveMessage",
            "sqs:SendMessage",
            "ssm:GetParameter*",
            "ssm:PutParameter",
        ],
        keep: &["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*"],
        same_service: false,
    },
    Companion {
        of: &["s3:PutObject"],
        keep: &["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
        same_service: false,
    },
    Companion {
        of: &[
            "*:Allocate*",
            "*:Copy*",
            "*:Create*",
            "*:Import*",
            "*:Register*",
            "*:Request*",
            "*:Restore*",
            "*:Run*",
        ],
        keep: &["*:AddTags*", "*:CreateTags", "*:TagResource"],
        same_service: true,
    },
];

fn refusal(id: &str) -> Option<&'static str> {
    let resource = id.split(':').nth(5).unwrap_or_default();
    if resource.starts_with("role/aws-service-role/") {
        Some("service_linked")
    } else {
        resource.starts_with(IDENTITY_CENTER_ROLES).then_some("provider_managed")
    }
}

fn list(value: Option<&Value>) -> Vec<Value> {
    match value {
        Some(Value::Array(items)) => items.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    }
}

fn texts(value: Option<&Value>) -> Vec<String> {
    list(value).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn statements(raw: &str) -> Result<Vec<Value>, &'static str> {
    let text = text_of(raw).map_err(|_| "not_readable")?;
    let document: Value = serde_json::from_str(&text).map_err(|_| "not_readable")?;
    let current = document.get("Version").and_then(Value::as_str) == Some("2012-10-17");
    // In an older document `${…}` is plain text, which in a new one would be a variable (AWS-38).
    if !current && text.contains("${") {
        return Err("variables_inert");
    }
    let statements = list(document.get("Statement"));
    if statements.iter().all(Value::is_object) { Ok(statements) } else { Err("not_readable") }
}

fn resources(statement: &Value) -> (bool, Vec<String>) {
    match statement.get("NotResource") {
        Some(but) => (true, texts(Some(but))),
        None => (false, texts(statement.get("Resource"))),
    }
}

/// One text as such, several as a list.
fn one_or_many(texts: &[String]) -> Value {
    match texts {
        [one] => json!(one),
        many => json!(many),
    }
}

fn narrowed(statement: &Value, to: &Narrowing<'_>) -> Value {
    let mut new = Map::new();
    new.insert("Effect".to_owned(), json!("Allow"));
    new.insert("Action".to_owned(), one_or_many(to.permissions));
    match to.resources {
        Some(resources) => drop(new.insert("Resource".to_owned(), one_or_many(resources))),
        None => {
            for key in ["Resource", "NotResource"] {
                if let Some(same) = statement.get(key) {
                    new.insert(key.to_owned(), same.clone());
                }
            }
        }
    }
    let old = statement.get("Condition").and_then(Value::as_object);
    let mut condition = old.cloned().unwrap_or_default();
    for (key, operator, value) in to.conditions {
        let operators = condition.entry(operator.to_string()).or_insert_with(|| json!({}));
        let Some(keys) = operators.as_object_mut() else { continue };
        // What the statement says of the key already stays.
        if !keys.keys().any(|known| known.eq_ignore_ascii_case(key)) {
            keys.insert(key.clone(), json!(value));
        }
    }
    if !condition.is_empty() {
        new.insert("Condition".to_owned(), Value::Object(condition));
    }
    Value::Object(new)
}

/// A part of a statement that is as large as may be, and the rest: of its actions, or if one alone is too large, of its
/// resources.
fn split(statement: &Value, own: u64, most: u64) -> Option<[Value; 2]> {
    if statement.get("Effect") != Some(&json!("Allow")) {
        return None;
    }
    let mut last = None;
    for key in ["Action", "Resource"] {
        let items = texts(statement.get(key));
        if items.len() < 2 {
            continue;
        }
        // With its comma.
        let costs: Vec<u64> = items.iter().map(|item| text_size(item) + 1).collect();
        let room = most.saturating_sub(own.saturating_sub(costs.iter().sum()));
        let mut sum = 0;
        let fitting = costs
            .iter()
            .take_while(|cost| {
                sum += **cost;
                sum <= room
            })
            .count();
        let Some((first, second)) = items.split_at_checked(fitting.clamp(1, items.len() - 1)) else {
            continue;
        };
        let fields = statement.as_object().into_iter().flatten();
        let rest: Map<String, Value> = fields
            .filter(|(known, _)| *known != key)
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let with = |part: &[String]| {
            let mut fields = rest.clone();
            fields.insert(key.to_owned(), one_or_many(part));
            Value::Object(fields)
        };
        let parts = [with(first), with(second)];
        if fitting > 0 {
            return Some(parts);
        }
        last = last.or(Some(parts));
    }
    last
}

fn conditions_include(new: &Value, old: &Value) -> bool {
    let of = |statement: &Value| {
        statement.get("Condition").and_then(Value::as_object).cloned().unwrap_or_default()
    };
    let new = of(new);
    of(old).iter().all(|(operator, keys)| {
        let known = new.get(operator).and_then(Value::as_object);
        keys.as_object().is_some_and(|keys| {
            keys.iter().all(|(key, values)| known.and_then(|known| known.get(key)) == Some(values))
        })
    })
}

fn document(mut statements: Vec<Value>) -> Value {
    // Names are unique in a document; that of an old one may come twice.
    let mut names: Vec<Value> = Vec::new();
    for statement in statements.iter_mut().filter_map(Value::as_object_mut) {
        match statement.get("Sid") {
            Some(name) if names.contains(name) => drop(statement.remove("Sid")),
            Some(name) => names.push(name.clone()),
            None => {}
        }
    }
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// Characters that count: all but white space.
fn size(document: &Value) -> u64 {
    match document {
        Value::String(text) => text_size(text),
        // Brackets, and commas between.
        Value::Array(items) => items.iter().map(|item| size(item) + 1).sum::<u64>().max(1) + 1,
        Value::Object(members) => {
            let member = |(key, value): (&String, &Value)| text_size(key) + size(value) + 2;
            members.iter().map(member).sum::<u64>().max(1) + 1
        }
        other => other.to_string().len() as u64,
    }
}

/// Those of a text with its quotes.
fn text_size(text: &str) -> u64 {
    // Nearly all are names and patterns, which are written as they are.
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    if text.bytes().all(plain) {
        return text.len() as u64 + 2;
    }
    Value::from(text).to_string().chars().filter(|c| !c.is_whitespace()).count() as u64
}

fn plan(exchange: &mut Exchange<'_>) -> Plan {
    let holder = Holder::new(exchange.holder, exchange.kind);
    let stays = |policy: &&HeldPolicy| !policy.replaced;
    let goes = |policy: &&HeldPolicy| policy.replaced;
    let mut plan = Plan { fits: true, ..Plan::default() };
    // The sum of all inline policies counts, also of those that stay.
    let beside: u64 =
        exchange.held.iter().filter(stays).filter(|p| !p.managed && p.via.is_none()).map(size_of).sum();
    let inline_limit = (exchange.limit)(holder.inline_limit());
    let sizes: Vec<u64> = exchange.statements.iter().map(size).collect();
    let mut whole = Pack::default();
    exchange.statements.iter().zip(&sizes).for_each(|(statement, own)| whole.note(statement, *own));
    let attached = exchange.held.iter().filter(stays).filter(|p| p.managed && p.via.is_none()).count() as u64;
    let needed = !exchange.statements.is_empty();
    let characters = whole.size;
    // What does not fit as one document does not fit as several, each of which has all that documents have.
    let most = (exchange.limit)("managed_policy").saturating_mul((exchange.limit)("attached_policies"));
    if exchange.can_shrink && characters > most.max(inline_limit) {
        plan.fits = false;
        return plan;
    }
    if needed && characters + beside <= inline_limit {
        // Under the name of a policy that goes, so that the two never count together.
        let old = exchange.held.iter().filter(goes).find(|p| !p.managed && p.via.is_none());
        let name = old.map_or(exchange.name, |old| old.policy.as_str()).to_owned();
        let whole = document(std::mem::take(&mut exchange.statements));
        plan.changes.push(holder.put_inline(&name, old.and_then(value_of), &whole));
        plan.policies.push(Planned {
            name,
            kind: INLINE,
            document: whole,
            characters,
            limit: Some(inline_limit),
        });
    } else if needed {
        manage(exchange, &sizes, &holder, attached, &mut plan);
    }
    if !plan.fits {
        plan.changes.clear();
        plan.warnings.push("rightsized_policy_over_limit");
        return plan;
    }
    let inline_name = plan.policies.iter().find(|p| p.kind == INLINE).map(|p| p.name.clone());
    let mut left: Vec<&str> = Vec::new();
    for policy in exchange.held.iter().filter(goes) {
        match &policy.via {
            Some(group) if left.contains(&group.as_str()) => {}
            Some(group) => {
                left.push(group);
                plan.changes.extend(holder.leave(group));
            }
            None if policy.managed => plan.changes.push(holder.detach(&policy.policy)),
            None if inline_name.as_deref() == Some(policy.policy.as_str()) => {}
            None => {
                plan.changes.extend(value_of(policy).map(|old| holder.delete_inline(&policy.policy, old)))
            }
        }
    }
    plan
}

fn value_of(policy: &HeldPolicy) -> Option<Value> {
    let text = text_of(policy.text.as_deref()?).ok()?;
    serde_json::from_str(&text).ok()
}

fn size_of(policy: &HeldPolicy) -> u64 {
    value_of(policy).map_or(0, |document| size(&document))
}

/// Characters of a document without statements.
const EMPTY: u64 = r#"{"Statement":[],"Version":"2012-10-17"}"#.len() as u64;

/// Statements of one document, and its size.
struct Pack {
    statements: Vec<Value>,
    names: Vec<Value>,
    size: u64,
}

impl Default for Pack {
    fn default() -> Self {
        Pack { statements: Vec::new(), names: Vec::new(), size: EMPTY }
    }
}

impl Pack {
    /// The document's size with one statement more, whose own size is known. A name that is there already goes, as in
    /// `document`.
    fn size_with(&self, statement: &Value, own: u64) -> u64 {
        let same = |name: &&Value| self.names.contains(name);
        let without = statement.get("Sid").filter(same).map(|_| {
            let mut nameless = statement.clone();
            nameless.as_object_mut().map(|fields| fields.remove("Sid"));
            size(&nameless)
        });
        let comma = u64::from(self.size > EMPTY);
        self.size + comma + without.unwrap_or(own)
    }

    /// Counts a statement.
    fn note(&mut self, statement: &Value, own: u64) {
        self.size = self.size_with(statement, own);
        self.names.extend(statement.get("Sid").cloned());
    }

    fn push(&mut self, statement: Value, own: u64) {
        self.note(&statement, own);
        self.statements.push(statement);
    }
}

/// Managed policies, each as full as it can be.
fn manage(exchange: &mut Exchange<'_>, sizes: &[u64], holder: &Holder<'_>, attached: u64, plan: &mut Plan) {
    let limit = (exchange.limit)("managed_policy");
    let most = (exchange.limit)("attached_policies");
    let known = exchange.statements.drain(..).zip(sizes);
    let mut waiting: Vec<(Value, u64)> = known.map(|(one, own)| (one, *own)).collect();
    waiting.reverse();
    let mut packs: Vec<Pack> = Vec::new();
    while let Some((statement, own)) = waiting.pop() {
        let room = packs.last_mut().filter(|pack| pack.size_with(&statement, own) <= limit);
        if let Some(pack) = room {
            pack.push(statement, own);
            continue;
        }
        if own + EMPTY > limit {
            if let Some([first, second]) = split(&statement, own, limit.saturating_sub(EMPTY)) {
                let sizes = [size(&first), size(&second)];
                waiting.extend([(second, sizes[1]), (first, sizes[0])]);
                continue;
            }
            plan.fits = false;
        }
        let mut pack = Pack::default();
        pack.push(statement, own);
        packs.push(pack);
    }
    plan.fits &= holder.can_attach_new() && attached + packs.len() as u64 <= most;
    let going = exchange.held.iter().filter(|p| p.replaced && p.managed && p.via.is_none()).count() as u64;
    if plan.fits && attached + going + packs.len() as u64 > most {
        plan.warnings.push("attached_over_limit_meanwhile");
    }
    for (number, pack) in packs.into_iter().enumerate() {
        let (characters, name) = (pack.size, holder.policy_name(exchange.name, number + 1));
        let document = document(pack.statements);
        plan.changes.extend(holder.create_and_attach(&name, &document));
        plan.policies.push(Planned { name, kind: MANAGED, document, characters, limit: Some(limit) });
    }
}
