//! Records as CloudTrail Lake, Athena and `aws cloudtrail lookup-events` give them: names in lower case or with `_`, objects
//! as text, the whole record as text within another.

use serde_json::{Map, Value};

/// Names of members as S3 has them.
const NAMES: &[&str] = &[
    "additionalEventData",
    "accessKeyId",
    "accountId",
    "arn",
    "attributes",
    "awsRegion",
    "errorCode",
    "eventCategory",
    "eventID",
    "eventName",
    "eventSource",
    "eventTime",
    "eventType",
    "identityProvider",
    "invokedBy",
    "managementEvent",
    "mfaAuthenticated",
    "onBehalfOf",
    "recipientAccountId",
    "requestParameters",
    "resources",
    "responseElements",
    "sessionContext",
    "sessionIssuer",
    "sharedEventID",
    "sourceIdentity",
    "sourceIPAddress",
    "tlsDetails",
    "type",
    "userId",
    "userIdentity",
    "userName",
    "vpcEndpointId",
];

/// The record in the form that S3 has, as text; none if it is no record of CloudTrail.
pub(super) fn canonical(text: &str) -> Option<String> {
    let Ok(Value::Object(members)) = serde_json::from_str(text) else { return None };
    if let Some(Value::String(whole)) = members.get("CloudTrailEvent") {
        return Some(whole.clone());
    }
    let renamed = rename(members);
    renamed.contains_key("eventSource").then(|| Value::Object(renamed).to_string())
}

fn rename(members: Map<String, Value>) -> Map<String, Value> {
    let one = |(name, value): (String, Value)| {
        let bare = name.replace('_', "");
        let known = NAMES.iter().find(|known| known.eq_ignore_ascii_case(&bare));
        let value = match (known, value) {
            // Their members are the request's and the answer's own.
            (Some(&"requestParameters" | &"responseElements"), value) => value,
            (Some(&"resources"), Value::Array(items)) => {
                Value::Array(items.into_iter().map(resource).collect())
            }
            (Some(&"resources"), Value::String(text)) => {
                let read = serde_json::from_str(&text).ok().or_else(|| super::printed::list(&text));
                Value::Array(read.unwrap_or_default().into_iter().map(resource).collect())
            }
            (Some(&"additionalEventData"), value) => value,
            (Some(_), Value::Object(members)) => Value::Object(rename(members)),
            (Some(_), Value::String(text)) => object(text),
            (_, value) => value,
        };
        (known.map_or(name, |known| (*known).to_owned()), value)
    };
    members.into_iter().map(one).collect()
}

/// Objects that are written as text.
fn object(text: String) -> Value {
    if !text.starts_with('{') {
        return Value::String(text);
    }
    let read = serde_json::from_str(&text).ok();
    let read = read.or_else(|| serde_json::from_str(&super::printed::to_json(&text)?).ok());
    match read {
        Some(Value::Object(members)) => Value::Object(rename(members)),
        _ => Value::String(text),
    }
}

fn resource(value: Value) -> Value {
    let Value::Object(members) = value else { return value };
    let name = |name: String| if name.eq_ignore_ascii_case("arn") { "ARN".to_owned() } else { name };
    Value::Object(members.into_iter().map(|(key, value)| (name(key), value)).collect())
}
