//! Objects as query engines print them: `{type=IAMUser, sessioncontext={attributes={mfaauthenticated=true}}, arn=null}`.

use serde_json::{Map, Value};

/// Levels of objects within objects.
const DEEPEST: usize = 16;

/// The same as JSON text; none where it is not printed like that. Values are texts.
pub(super) fn to_json(text: &str) -> Option<String> {
    let (value, rest) = value(text.trim(), 0)?;
    (rest.is_empty() && value.is_object()).then(|| value.to_string())
}

/// A list of them.
pub(super) fn list(text: &str) -> Option<Vec<Value>> {
    match value(text.trim(), 0)? {
        (Value::Array(items), "") => Some(items),
        _ => None,
    }
}

fn value(text: &str, depth: usize) -> Option<(Value, &str)> {
    let (open, close) = match text.chars().next() {
        Some('{') if depth < DEEPEST => ('{', '}'),
        Some('[') if depth < DEEPEST => ('[', ']'),
        _ => return word(text),
    };
    let mut rest = text.strip_prefix(open)?;
    let (mut members, mut items) = (Map::new(), Vec::new());
    loop {
        rest = rest.trim_start();
        if let Some(rest) = rest.strip_prefix(close) {
            let whole = if open == '{' { Value::Object(members) } else { Value::Array(items) };
            return Some((whole, rest));
        }
        let before = rest.len();
        rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
        if open == '{' {
            let (name, behind) = rest.split_once('=')?;
            let (found, behind) = value(behind, depth + 1)?;
            members.insert(name.to_owned(), found);
            rest = behind;
        } else {
            let (found, behind) = value(rest, depth + 1)?;
            items.push(found);
            rest = behind;
        }
        // A bracket of another kind, where a value should be.
        if rest.len() == before {
            return None;
        }
    }
}

/// A value goes to the next comma or closing bracket: nothing is quoted.
fn word(text: &str) -> Option<(Value, &str)> {
    let end = text.find([',', '}', ']']).unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(end)?;
    let word = word.trim();
    Some((if word.is_empty() || word == "null" { Value::Null } else { Value::String(word.to_owned()) }, rest))
}
