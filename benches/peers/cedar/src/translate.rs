//! AWS policy documents as the text of Cedar policies. What the generator does not write is refused, not guessed.

use crate::Failure;
use serde_json::Value;

/// What a document is to a request.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Side {
    /// Of the principal: grants and forbids.
    Identity,
    /// Of the principal: forbids only.
    IdentityForbid,
    /// Of the resource: what it grants to the principal by name, or to everybody.
    Named,
    /// Of the resource: the same, and what it grants to this account as a whole.
    NamedOrAccount(String),
    /// Of the resource or the organisation: forbids only.
    Forbid,
    /// One level of limits: forbids what none of its documents allows, and what one denies.
    Limit,
}

/// The policies that these documents are on this side.
pub fn document(side: &Side, documents: &[Value]) -> Result<Vec<String>, Failure> {
    let (mut policies, mut allowed) = (Vec::new(), Vec::new());
    for statement in documents.iter().flat_map(|document| list(&document["Statement"])) {
        let denies = statement["Effect"] == "Deny";
        let grants = matches!(side, Side::Identity | Side::Named | Side::NamedOrAccount(_));
        let forbids = matches!(side, Side::Identity | Side::IdentityForbid | Side::Forbid | Side::Limit);
        let parts = [principals(side, &statement["Principal"])?, actions(statement)?, resources(statement)?];
        let mut parts = parts.to_vec();
        parts.extend(conditions(&statement["Condition"])?);
        parts.retain(|part| part != "true");
        let expression = if parts.is_empty() { "true".to_owned() } else { parts.join(" && ") };
        if parts.iter().any(|part| part == "false") {
            continue;
        }
        match (denies, side) {
            (true, _) if forbids => policies.push(policy("forbid", "when", &expression)),
            (false, Side::Limit) => allowed.push(expression),
            (false, _) if grants => policies.push(policy("permit", "when", &expression)),
            _ => {}
        }
    }
    // A level that allows everything limits nothing.
    if *side == Side::Limit && !allowed.iter().any(|expression| expression == "true") {
        policies.push(policy("forbid", "unless", &any(allowed)));
    }
    Ok(policies)
}

fn policy(effect: &str, clause: &str, expression: &str) -> String {
    format!("{effect}(principal, action, resource) {clause} {{ {expression} }};")
}

/// The entity of a principal.
pub fn caller(arn: &str) -> String {
    format!("Caller::{arn:?}")
}

pub fn text(value: &Value) -> Result<&str, Failure> {
    value.as_str().ok_or_else(|| format!("not a text: {value}").into())
}

fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Null => vec![],
        one => vec![one],
    }
}

fn any(parts: Vec<String>) -> String {
    match parts.len() {
        0 => "false".to_owned(),
        _ => format!("({})", parts.join(" || ")),
    }
}

fn principals(side: &Side, value: &Value) -> Result<String, Failure> {
    let names = match value {
        Value::Null => return Ok("true".to_owned()),
        Value::Object(kinds) => kinds.get("AWS").map(list).unwrap_or_default(),
        other => vec![other],
    };
    let mut parts = Vec::new();
    for name in names {
        let name = text(name)?;
        let account = name.strip_suffix(":root").and_then(|rest| rest.rsplit(':').next());
        match (account, side) {
            _ if name == "*" => return Ok("true".to_owned()),
            (Some(account), Side::NamedOrAccount(own)) if account == own => return Ok("true".to_owned()),
            (Some(_), _) => {}
            (None, _) => parts.push(format!("principal == {}", caller(name))),
        }
    }
    Ok(any(parts))
}

fn actions(statement: &Value) -> Result<String, Failure> {
    let matching = |value: &Value| -> Result<String, Failure> {
        let patterns = list(value).into_iter().map(|one| Ok(text(one)?.to_lowercase()));
        matches("context.action", patterns.collect::<Result<Vec<_>, Failure>>()?)
    };
    match &statement["NotAction"] {
        Value::Null => matching(&statement["Action"]),
        others => Ok(format!("!({})", matching(others)?)),
    }
}

fn resources(statement: &Value) -> Result<String, Failure> {
    let patterns = list(&statement["Resource"]).into_iter().map(|one| Ok(text(one)?.to_owned()));
    matches("context.resource", patterns.collect::<Result<Vec<_>, Failure>>()?)
}

/// That the attribute has one of these texts, where `*` stands for anything.
fn matches(attribute: &str, patterns: Vec<String>) -> Result<String, Failure> {
    if patterns.iter().any(|pattern| pattern == "*") {
        return Ok("true".to_owned());
    }
    let mut parts = Vec::new();
    for pattern in &patterns {
        if pattern.contains(['?', '$', '\\', '"']) {
            return Err(format!("not translated: {pattern}").into());
        }
        let operator = if pattern.contains('*') { "like" } else { "==" };
        parts.push(format!("{attribute} {operator} {pattern:?}"));
    }
    Ok(any(parts))
}

fn conditions(value: &Value) -> Result<Vec<String>, Failure> {
    let mut parts = Vec::new();
    for (operator, keys) in value.as_object().into_iter().flatten() {
        for (key, values) in keys.as_object().into_iter().flatten() {
            let values = list(values).into_iter().map(|one| Ok(text(one)?.to_owned()));
            parts.push(condition(operator, key, values.collect::<Result<Vec<_>, Failure>>()?)?);
        }
    }
    Ok(parts)
}

fn condition(operator: &str, key: &str, values: Vec<String>) -> Result<String, Failure> {
    let (base, if_exists) = match operator.strip_suffix("IfExists") {
        Some(base) => (base, true),
        None => (operator, false),
    };
    // The attribute of each key, which is no identifier.
    let (given, attribute) = (format!("context has {key:?}"), format!("context[{key:?}]"));
    let each = |write: &dyn Fn(&String) -> String| any(values.iter().map(write).collect());
    let (test, negated) = match base {
        "StringEquals" | "Bool" => (each(&|value| format!("{attribute} == {value:?}")), false),
        "StringNotEquals" => (each(&|value| format!("{attribute} == {value:?}")), true),
        "StringLike" | "ArnLike" => (each(&|value| format!("{attribute} like {value:?}")), false),
        "StringNotLike" | "ArnNotLike" => (each(&|value| format!("{attribute} like {value:?}")), true),
        "IpAddress" => (each(&|value| format!("{attribute}.isInRange(ip({value:?}))")), false),
        "NotIpAddress" => (each(&|value| format!("{attribute}.isInRange(ip({value:?}))")), true),
        "DateLessThan" => (each(&|value| format!("{attribute} < datetime({value:?})")), false),
        _ => return Err(format!("not translated: {operator}").into()),
    };
    Ok(match (negated, if_exists) {
        // What is not there is not equal to anything.
        (true, _) => format!("!({given} && {test})"),
        (false, true) => format!("(!({given}) || {test})"),
        (false, false) => format!("({given} && {test})"),
    })
}
