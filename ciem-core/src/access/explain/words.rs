//! Near misses in words.

use super::differ::Compared;
use crate::access::answer::Difference;

/// Longer texts are cut.
const LONGEST: usize = 200;
/// So many values are named.
const MOST_VALUES: usize = 3;

/// `text` made safe to print, in one line, and cut where it is long.
pub(super) fn plain(text: &str) -> String {
    match text.char_indices().nth(LONGEST).and_then(|(at, _)| text.get(..at)) {
        Some(cut) => format!("{}…", visible(cut)),
        None => visible(text),
    }
}

/// What is not seen, or turns the order of what is seen, is escaped.
pub(super) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_invisible(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// Control characters, marks that turn the direction of writing, and spaces without width.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

pub(super) fn quoted(text: &str) -> String {
    format!("`{}`", plain(text))
}

/// Why a statement does not apply, in one sentence.
pub(super) fn reason(compared: &Compared) -> String {
    let elements = &compared.elements;
    let states = [
        ("principal", elements.principal),
        ("action", Some(elements.action)),
        ("resource", Some(elements.resource)),
        ("condition", elements.condition),
    ];
    let mut parts: Vec<String> = Vec::new();
    for (name, state) in states {
        match state {
            Some("matches") => parts.push(format!("{name} matches")),
            Some("depends") => parts.push(format!("{name} depends")),
            _ => {}
        }
    }
    parts.extend(compared.failed.iter().map(failed));
    parts.join(", ")
}

fn failed(found: &Difference) -> String {
    let given = list(&found.given, 0);
    let wanted = list(&found.wanted, found.wanted_left_out);
    let mut text = match (found.element, found.except) {
        ("principal", true) => {
            format!("principal does not: everybody except {wanted} is meant, the caller is {given}")
        }
        ("principal", false) => format!("principal does not: names {wanted}, the caller is {given}"),
        ("action", _) => format!("action does not: speaks of {wanted}"),
        ("resource", true) => {
            format!("resource does not: everything except {wanted} is meant, asked is {given}")
        }
        ("resource", false) => format!("resource does not: needs {wanted}, asked is {given}"),
        _ => condition(found, &wanted, &given),
    };
    match found.segments.as_slice() {
        [] => {}
        [one] => text.push_str(&format!(" (only segment {one} differs)")),
        several => {
            let numbers: Vec<String> = several.iter().map(ToString::to_string).collect();
            text.push_str(&format!(" (segments {} differ)", numbers.join(", ")));
        }
    }
    if let Some(hint) = &found.hint {
        text.push_str(": ");
        text.push_str(hint);
    }
    text
}

fn condition(found: &Difference, wanted: &str, given: &str) -> String {
    let key = found.key.as_deref().map(quoted).unwrap_or_default();
    let operator = found.operator.as_deref().filter(|operator| !speaks_for_itself(operator));
    let operator = operator.map(|operator| format!("{} ", plain(operator))).unwrap_or_default();
    let has = match found.known {
        "absent" => "the request does not have it".to_owned(),
        "unknown" => "what the request has is not known".to_owned(),
        _ => format!("the request has {given}"),
    };
    let needs = if found.except { "must not be" } else { "needs" };
    format!("condition {key} does not: {needs} {operator}{wanted}, {has}")
}

/// Whether a list of values is understood without the operator.
fn speaks_for_itself(operator: &str) -> bool {
    let plain = ["StringEquals", "StringLike", "ArnEquals", "ArnLike", "IpAddress", "Bool", "NumericEquals"];
    plain.iter().any(|known| operator.eq_ignore_ascii_case(known))
}

/// The first values, and how many more there are.
fn list(values: &[String], left_out: usize) -> String {
    let shown: Vec<String> = values.iter().take(MOST_VALUES).map(|value| quoted(value)).collect();
    let more = values.len().saturating_sub(MOST_VALUES) + left_out;
    match (shown.as_slice(), more) {
        ([], _) => "nothing".to_owned(),
        (_, 0) => shown.join(", "),
        _ => format!("{} and {more} more", shown.join(", ")),
    }
}
