//! `Resource` entries: which texts are ARN patterns, and what short ones mean (AWS-27).

use super::Dialect;
use std::borrow::Cow;

/// What an entry of `Resource` or `NotResource` stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entry<'a> {
    Pattern(Cow<'a, str>),
    /// The entry is accepted, but no resource can match it.
    Nothing,
    Rejected(&'static str),
}

const SEGMENTS: usize = 6;

pub(super) fn entry(text: &str, dialect: Dialect) -> Entry<'_> {
    if text == "*" {
        return Entry::Pattern(Cow::Borrowed(text));
    }
    // The policy of an interface may leave out which interface it belongs to.
    if let (Dialect::Resource | Dialect::OwnResource, Some(path)) =
        (dialect, text.strip_prefix("execute-api:/"))
    {
        return Entry::Pattern(Cow::Owned(format!("arn:*:execute-api:*:*:*/{path}")));
    }
    let (segments, first) = segments(text);
    if first != "arn" && !first.contains(['*', '?']) {
        return Entry::Rejected("a resource is `*` or an ARN");
    }
    if segments >= SEGMENTS {
        return Entry::Pattern(Cow::Borrowed(text));
    }
    let filled = match dialect {
        Dialect::Identity => true,
        Dialect::Scp => text.ends_with('*'),
        Dialect::Resource | Dialect::OwnResource | Dialect::Endpoint => text.contains('*'),
        Dialect::Rcp => return Entry::Rejected("a resource of this policy is `*` or an ARN of six segments"),
        Dialect::Trust => false,
    };
    if filled {
        Entry::Pattern(Cow::Owned(format!("{text}{}", ":*".repeat(SEGMENTS - segments))))
    } else {
        Entry::Nothing
    }
}

/// Number of segments and the first one; a colon inside `${…}` belongs to a variable's name.
fn segments(text: &str) -> (usize, &str) {
    let mut count = 1;
    let mut first = text;
    let mut inside = false;
    let mut previous = ' ';
    for (at, c) in text.char_indices() {
        match c {
            '{' if previous == '$' => inside = true,
            '}' => inside = false,
            ':' if !inside => {
                if count == 1 {
                    first = text.get(..at).unwrap_or(text);
                }
                count += 1;
            }
            _ => {}
        }
        previous = c;
    }
    (count, first)
}
