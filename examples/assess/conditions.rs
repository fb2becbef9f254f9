//! Conditions in words.

use serde_json::{Value, json};

/// A condition on one line: `aws:SourceIp IpAddress 10.0.0.0/8 and not (…)`.
pub(crate) fn in_words(condition: &Value) -> String {
    words(condition, false)
}

/// A condition as what the request must be, and the facts that must turn out well.
pub(crate) fn apart(condition: &Value) -> (Option<String>, Vec<String>) {
    let single = std::slice::from_ref(condition);
    let parts = condition.get("and").and_then(Value::as_array).map_or(single, Vec::as_slice);
    let fact = |part: &Value| part.get("missing").and_then(Value::as_str).map(str::to_owned);
    let asked: Vec<Value> = parts.iter().filter(|part| fact(part).is_none()).cloned().collect();
    let words = match asked.as_slice() {
        [] => None,
        [one] => Some(in_words(one)),
        several => Some(in_words(&json!({ "and": several }))),
    };
    (words, parts.iter().filter_map(fact).collect())
}

fn words(condition: &Value, nested: bool) -> String {
    let text = |member: &str| condition.get(member).and_then(Value::as_str);
    let list = |member: &str| condition.get(member).and_then(Value::as_array);
    let join = |parts: &[Value], word: &str| {
        let joined = parts.iter().map(|part| words(part, true)).collect::<Vec<_>>().join(word);
        if nested { format!("({joined})") } else { joined }
    };
    if let Some(parts) = list("and") {
        join(parts, " and ")
    } else if let Some(parts) = list("or") {
        join(parts, " or ")
    } else if let Some(part) = condition.get("not") {
        format!("not {}", words(part, true))
    } else if let (Some(key), Some(operator)) = (text("key"), text("operator")) {
        format!("{key} {operator} {}", values(list("values")))
    } else if let Some(patterns) = list("resource_in") {
        format!("the resource is in {}", values(Some(patterns)))
    } else if let Some(name) = text("session_name") {
        format!("the session is named {name}")
    } else if let Some(fact) = text("missing") {
        format!("[not loaded: {fact}]")
    } else {
        condition.to_string()
    }
}

fn values(values: Option<&Vec<Value>>) -> String {
    let texts = values.into_iter().flatten();
    texts.map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned)).collect::<Vec<_>>().join(" | ")
}
