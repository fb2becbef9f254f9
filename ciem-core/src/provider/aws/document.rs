//! Policy documents: from JSON (plain, as text, or percent-encoded) to statements.
//!
//! A document that AWS would reject never grants. Its statements are kept in doubt, so that every answer which
//! they could change says so: with their own actions and resources as far as these can be read.

pub(crate) mod json;
mod principal;
mod public;
mod resource;
mod statement;
#[cfg(test)]
mod tests;

pub(crate) use principal::is_account;
pub(crate) use public::{is_public, makes_public};

use super::{BOUNDARY, ENDPOINT, IDENTITY, RCP, RESOURCE, SCP, SESSION, TRUST};
use crate::condition::MissingFact;
use crate::error::{Error, Place};
use crate::model::{DocId, Document, Effect, Facts, LayerId, Patterns, Statement, Who, WhoEntry};
use json::{MAX_DEPTH, Members, Node, Str, duplicates, pointer_step, too_deep};
use percent_encoding::percent_decode_str;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The grammar a document is written in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Dialect {
    /// Identity policies, permissions boundaries, session policies.
    Identity,
    Scp,
    Rcp,
    Resource,
    /// Policies of resources whose statements need not name the resource (ECR repositories).
    OwnResource,
    Trust,
    Endpoint,
}

impl Dialect {
    pub(crate) fn of(layer: LayerId) -> Dialect {
        match layer {
            SCP => Dialect::Scp,
            RCP => Dialect::Rcp,
            RESOURCE => Dialect::Resource,
            TRUST => Dialect::Trust,
            ENDPOINT => Dialect::Endpoint,
            IDENTITY | BOUNDARY | SESSION | LayerId(_) => Dialect::Identity,
        }
    }

    /// Whether statements say whom they are about.
    fn names_principals(self) -> bool {
        matches!(self, Dialect::Resource | Dialect::OwnResource | Dialect::Trust | Dialect::Endpoint)
    }
}

/// JSON pointer inside the document, and why AWS would reject it.
pub(crate) type Rejection = (String, String);

/// The document behind a JSON value: an object, or a text that holds it.
pub(crate) fn intern(facts: &mut Facts, raw: &RawValue, dialect: Dialect) -> DocId {
    intern_text(facts, raw.get(), dialect)
}

/// As `intern`, from the JSON text.
pub(crate) fn intern_text(facts: &mut Facts, raw: &str, dialect: Dialect) -> DocId {
    facts.document(raw, dialect as u8, |facts| match text_of(raw) {
        Ok(text) => parse(facts, &text, dialect),
        Err(reason) => unreadable(dialect, "", reason),
    })
}

/// A document that comes with a request; one that AWS would reject is an error.
pub(crate) fn for_request(facts: &mut Facts, layer: LayerId, text: &str) -> Result<DocId, Error> {
    let dialect = Dialect::of(layer);
    let id = facts.document(text, dialect as u8, |facts| match text_of(text) {
        Ok(text) => parse(facts, &text, dialect),
        Err(reason) => unreadable(dialect, "", reason),
    });
    match facts.rejected_documents.get(&id).and_then(|all| all.first()) {
        None => Ok(id),
        Some((pointer, reason)) => Err(Error::RejectedPolicy {
            policy: "policy of the request".to_owned(),
            reason: reason.clone(),
            place: Place::default().at(pointer.clone()),
        }),
    }
}

/// A document of which nothing is known but why.
pub(crate) fn doubtful(facts: &mut Facts, dialect: Dialect, at: &str, reason: &str) -> DocId {
    facts.document(reason, dialect as u8, |_| unreadable(dialect, at, reason.to_owned()))
}

/// A document of which nothing is known, because a fact is missing.
pub(crate) fn unknown(facts: &mut Facts, dialect: Dialect, fact: MissingFact) -> DocId {
    let key = format!("{} {} {}", fact.fact, fact.subject, fact.how);
    facts.document(&key, dialect as u8, |_| {
        let doubt = Arc::new(fact);
        let mut statements = anything(dialect, 0, false);
        statements.iter_mut().for_each(|statement| statement.doubt = Some(Arc::clone(&doubt)));
        (Document { statements }, Vec::new())
    })
}

/// The JSON text of a document: the value itself, or what the text in it holds, percent-decoded where the API
/// encoded it.
pub(crate) fn text_of(raw: &str) -> Result<Cow<'_, str>, String> {
    if !raw.trim_start().starts_with('"') {
        return Ok(Cow::Borrowed(raw));
    }
    let text = serde_json::from_str::<Str<'_>>(raw).map_err(|e| reason_of(&e))?.0;
    let trimmed = text.trim_start();
    if !trimmed.starts_with('%') && !trimmed.starts_with("{%") {
        return Ok(text);
    }
    let decoded = percent_decode_str(&text).decode_utf8();
    decoded
        .map(|t| Cow::Owned(t.into_owned()))
        .map_err(|_| "the percent-encoded text is not UTF-8".to_owned())
}

/// The statements of a document, and everything AWS would reject in it.
pub(crate) fn parse(facts: &mut Facts, text: &str, dialect: Dialect) -> (Document, Vec<Rejection>) {
    if too_deep(text) {
        return unreadable(dialect, "", format!("nested deeper than {MAX_DEPTH} levels"));
    }
    match serde_json::from_str::<Node<'_>>(text) {
        Ok(Node::Map(members)) => {
            Reader { facts, dialect, variables: false, misread: false, rejected: Vec::new() }.read(&members)
        }
        Ok(other) => unreadable(dialect, "", format!("a policy is an object, not {}", other.kind())),
        Err(e) => unreadable(dialect, "", format!("not JSON: {}", reason_of(&e))),
    }
}

fn reason_of(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}

fn unreadable(dialect: Dialect, at: &str, reason: String) -> (Document, Vec<Rejection>) {
    let rejected = vec![(at.to_owned(), reason)];
    let document = Document { statements: in_doubt(anything(dialect, 0, false), &rejected) };
    (document, rejected)
}

/// What a statement may be that cannot be read at all: an Allow or a Deny of everything.
fn anything(dialect: Dialect, index: u16, alone: bool) -> Vec<Statement> {
    let who = dialect.names_principals().then(|| Who { negated: false, entries: vec![WhoEntry::Anyone] });
    let statement = |effect| Statement {
        effect,
        sid: None,
        index,
        alone,
        who: who.clone(),
        actions: Patterns::everything(),
        narrowed: Vec::new(),
        resources: Patterns::everything(),
        condition: crate::model::CondId::ALWAYS,
        doubt: None,
    };
    vec![statement(Effect::Allow), statement(Effect::Deny)]
}

/// The subject is filled in by `finish`, which knows every policy that carries the document.
fn in_doubt(mut statements: Vec<Statement>, rejected: &[Rejection]) -> Vec<Statement> {
    let Some((pointer, reason)) = rejected.first() else { return statements };
    let place = if pointer.is_empty() { String::new() } else { format!(" at {pointer}") };
    let doubt = Arc::new(MissingFact {
        fact: "valid policy document".to_owned(),
        subject: String::new(),
        how: format!("correct the policy{place}: {reason}"),
    });
    for statement in &mut statements {
        statement.doubt = Some(Arc::clone(&doubt));
    }
    statements
}

/// Which statement: its JSON pointer is written only where something is wrong with it.
#[derive(Clone, Copy)]
enum At {
    Alone,
    Listed(usize),
}

impl std::fmt::Display for At {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            At::Alone => f.write_str("/Statement"),
            At::Listed(index) => write!(f, "/Statement/{index}"),
        }
    }
}

struct Reader<'f> {
    facts: &'f mut Facts,
    dialect: Dialect,
    /// Whether `${…}` is a policy variable: only in documents of version 2012-10-17 (AWS-38).
    variables: bool,
    /// Whether the document outside its statements has a mistake: its version, and with it what `${…}` means,
    /// is then not known.
    misread: bool,
    rejected: Vec<Rejection>,
}

impl Reader<'_> {
    fn read(mut self, members: &Members<'_>) -> (Document, Vec<Rejection>) {
        self.envelope(members);
        self.misread = !self.rejected.is_empty();
        let mut statements = Vec::new();
        let mut ids: BTreeSet<&str> = BTreeSet::new();
        match members.iter().find(|(name, _)| name == "Statement").map(|(_, value)| value) {
            None => {
                self.reject("/Statement".to_owned(), "`Statement` is missing");
                statements = anything(self.dialect, 0, false);
            }
            Some(Node::List(items)) => {
                for (index, item) in items.iter().enumerate() {
                    let at = At::Listed(index);
                    let Ok(number) = u16::try_from(index) else {
                        self.reject(at.to_string(), "more statements than any policy can hold");
                        statements.extend(anything(self.dialect, u16::MAX, false));
                        break;
                    };
                    self.unique_id(item, at, &mut ids);
                    statements.extend(self.statement(item, at, number, false));
                }
            }
            Some(item) => statements = self.statement(item, At::Alone, 0, true),
        }
        let statements = in_doubt(statements, &self.rejected);
        (Document { statements }, self.rejected)
    }

    fn envelope(&mut self, members: &Members<'_>) {
        for name in duplicates(members) {
            self.reject(format!("/{}", pointer_step(name)), "the element stands here twice");
        }
        for (name, value) in members {
            match (name.as_ref(), value) {
                ("Version", Node::Text(version)) if version == "2012-10-17" => self.variables = true,
                ("Version", Node::Text(version)) if version == "2008-10-17" => {}
                ("Version", _) => {
                    self.reject("/Version".to_owned(), "the version is `2012-10-17` or `2008-10-17`");
                }
                ("Id", Node::Text(_)) | ("Statement", _) => {}
                ("Id", other) => {
                    self.reject("/Id".to_owned(), format!("`Id` is a text, not {}", other.kind()));
                }
                (other, _) => self.reject(
                    format!("/{}", pointer_step(other)),
                    "unknown element; a policy has `Version`, `Id` and `Statement`",
                ),
            }
        }
    }

    /// Statement ids are unique where AWS says so: in policies of identities and organisations.
    fn unique_id<'n>(&mut self, item: &'n Node<'_>, at: At, ids: &mut BTreeSet<&'n str>) {
        if !matches!(self.dialect, Dialect::Identity | Dialect::Scp | Dialect::Rcp) {
            return;
        }
        if let Some(id) = item.member("Sid").and_then(Node::as_text)
            && !id.is_empty()
            && !ids.insert(id)
        {
            self.reject(format!("{at}/Sid"), "another statement has the same `Sid`");
        }
    }

    fn reject(&mut self, pointer: String, reason: impl Into<String>) {
        self.rejected.push((pointer, reason.into()));
    }
}
