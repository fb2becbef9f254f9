//! `Principal` and `NotPrincipal`.

use super::json::{Node, pointer_step};
use crate::base::Interner;
use crate::error::quoted;
use crate::model::{Who, WhoEntry};

/// What is wrong, and the pointer below the element.
type Problem = (String, String);

/// Whom the element names; every entry that cannot be read is a problem.
pub(super) fn read(
    texts: &mut Interner,
    element: &Node<'_>,
    negated: bool,
    problems: &mut Vec<Problem>,
) -> Who {
    let mut entries = Vec::new();
    match element {
        Node::Text(text) if text == "*" => entries.push(WhoEntry::Anyone),
        Node::Map(kinds) => {
            for (kind, values) in kinds {
                let at = format!("/{}", pointer_step(kind));
                for (index, value) in values.items().iter().enumerate() {
                    let found = match value {
                        Node::Text(text) => entry(texts, kind, text),
                        other => Err(format!("a principal is a text, not {}", other.kind())),
                    };
                    match found {
                        Ok(entry) => entries.push(entry),
                        Err(reason) => {
                            let list = matches!(values, Node::List(_));
                            let at = if list { format!("{at}/{index}") } else { at.clone() };
                            problems.push((at, reason));
                        }
                    }
                }
            }
        }
        other => problems.push((
            String::new(),
            format!("expected `*` or an object of principal types, not {}", other.kind()),
        )),
    }
    entries.sort_unstable();
    entries.dedup();
    Who { negated, entries }
}

fn entry(texts: &mut Interner, kind: &str, text: &str) -> Result<WhoEntry, String> {
    match kind {
        "AWS" => aws(texts, text)
            .ok_or_else(|| format!("{} is no principal; write an account id, an ARN or `*`", quoted(text))),
        "Service" if text.contains('.') && !text.contains(['*', '?']) => {
            Ok(WhoEntry::Service(texts.text(text)))
        }
        "Service" => {
            Err(format!("{} is no service; write its name, such as `ec2.amazonaws.com`", quoted(text)))
        }
        "Federated" if !text.is_empty() => Ok(WhoEntry::Federated(texts.text(text))),
        "Federated" => Err("the name of the identity provider is empty".to_owned()),
        "CanonicalUser" => Ok(WhoEntry::Nobody),
        other => Err(format!(
            "{} is no type of principal; use `AWS`, `Service`, `Federated` or `CanonicalUser`",
            quoted(other)
        )),
    }
}

fn aws(texts: &mut Interner, text: &str) -> Option<WhoEntry> {
    if text == "*" {
        return Some(WhoEntry::Anyone);
    }
    if is_account(text) {
        return Some(WhoEntry::Account(texts.text(text)));
    }
    let Some(arn) = text.strip_prefix("arn:") else {
        return is_unique_id(text).then(|| WhoEntry::UniqueId(texts.text(text)));
    };
    if arn.contains(['*', '?']) {
        return None;
    }
    let mut segments = arn.splitn(5, ':');
    let (_, service, region) = (segments.next()?, segments.next()?, segments.next()?);
    let (account, name) = (segments.next()?, segments.next()?);
    if !region.is_empty() || account.is_empty() {
        return None;
    }
    match (service, name.split_once('/')) {
        ("iam", None) if name == "root" => Some(WhoEntry::Account(texts.text(account))),
        ("iam", Some(("user" | "role", _))) | ("sts", Some(("federated-user", _))) => {
            Some(WhoEntry::Principal(texts.text(text)))
        }
        ("sts", Some(("assumed-role", rest))) => {
            let (role, session) = rest.split_once('/')?;
            let (account, role, session) = (texts.text(account), texts.text(role), texts.text(session));
            Some(WhoEntry::Session { account, role, session })
        }
        _ => None,
    }
}

/// Whether `text` is an account id.
pub(crate) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// A unique id stands in place of the ARN of a principal that was deleted.
fn is_unique_id(text: &str) -> bool {
    text.len() >= 16
        && text.starts_with('A')
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}
