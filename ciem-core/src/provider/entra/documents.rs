//! Statements about the directory.

use super::ADD_TO_APPLICATION;
use super::keys::TIME;
use super::reach::Reach;
use crate::base::Text;
use crate::condition::{Atom, Expr, MissingFact, Test};
use crate::model::{AccessLevel, CondId, Document, Effect, Facts, PatternItem, Patterns, Statement, Who};
use std::sync::Arc;

/// What a grant says, but for whom it is about.
#[derive(Clone)]
pub(super) struct Said {
    pub(super) name: Option<Text>,
    pub(super) actions: Vec<String>,
    /// Ids of objects, or `*`.
    pub(super) resources: Vec<String>,
    /// Everything but these.
    pub(super) except: bool,
    pub(super) who: Option<Who>,
    pub(super) condition: CondId,
    /// Why it is not known whether it is in force.
    pub(super) doubt: Option<Arc<MissingFact>>,
}

impl Said {
    /// These actions on everything.
    pub(super) fn new(name: Option<Text>, actions: Vec<String>) -> Said {
        let resources = vec!["*".to_owned()];
        Said { name, actions, resources, except: false, who: None, condition: CondId::ALWAYS, doubt: None }
    }
}

/// What an action does, by its name.
pub(super) fn access(action: &str) -> AccessLevel {
    match action.to_ascii_lowercase().ends_with("/read") {
        true => AccessLevel::Read,
        false => AccessLevel::Write,
    }
}

pub(super) fn statement(facts: &mut Facts, index: usize, said: &Said) -> Statement {
    let items = said.resources.iter().map(|text| PatternItem { text: facts.text(text), variables: false });
    let resources = Patterns { negated: said.except, items: items.collect() };
    // What stands here is documented or was read: these are permissions, whatever roles were given.
    for action in said.actions.iter().filter(|text| text.contains('/') && !text.contains(['*', '?'])) {
        facts.listed.entry(action.as_str().into()).or_insert_with(|| access(action));
    }
    let items = said.actions.iter().map(|text| facts.text(text)).collect();
    Statement {
        effect: Effect::Allow,
        sid: said.name,
        index: u16::try_from(index).unwrap_or(u16::MAX),
        alone: false,
        who: said.who.clone(),
        actions: Patterns { negated: false, items },
        narrowed: Vec::new(),
        resources,
        condition: said.condition,
        doubt: said.doubt.clone(),
    }
}

/// A statement on what a scope reaches, one on what signs in with the credentials of what it reaches, and one on what it
/// perhaps reaches.
pub(super) fn reaching(facts: &mut Facts, index: usize, said: &Said, reach: &Reach) -> Vec<Statement> {
    let here = Said { resources: reach.ids.clone(), except: false, ..said.clone() };
    let mut found = vec![statement(facts, index, &here)];
    if !reach.services.is_empty() {
        let theirs = Said { resources: reach.services.clone(), ..here.clone() };
        let items = vec![facts.text(ADD_TO_APPLICATION)];
        let mut theirs = statement(facts, index, &theirs);
        theirs.narrowed.push(Patterns { negated: false, items });
        found.push(theirs);
    }
    if let Some(fact) = &reach.doubt {
        let doubt = said.doubt.clone().unwrap_or_else(|| Arc::clone(fact));
        found.push(statement(facts, index, &Said { except: true, doubt: Some(doubt), ..here }));
    }
    found
}

/// A document of these statements; the same key means the same statements.
pub(super) fn document(
    facts: &mut Facts,
    key: &str,
    make: impl FnOnce(&mut Facts) -> Vec<Statement>,
) -> crate::model::DocId {
    facts.document(key, 0, |facts| (Document { statements: make(facts) }, Vec::new()))
}

/// A test of a key of the request.
pub(super) fn test(facts: &mut Facts, key: &str, operator: &str, values: &[&str]) -> CondId {
    let key = if key == TIME { facts.conditions.clock(key) } else { facts.conditions.key(key, false) };
    match Test::compile(operator, values) {
        Ok(test) => facts.conditions.of_tests(&Expr::atom(Atom::Key { key, test })),
        // INVARIANT: operators are written here, and values are texts or instants.
        Err(_) => CondId::NEVER,
    }
}

/// In force from one instant, and before another.
pub(super) fn window(facts: &mut Facts, (from, until): (Option<i64>, Option<i64>)) -> CondId {
    let mut parts = Vec::new();
    for (operator, at) in [("DateGreaterThanEquals", from), ("DateLessThan", until)] {
        let stamp = at.and_then(|at| jiff::Timestamp::from_second(at).ok()).map(|at| at.to_string());
        parts.extend(stamp.map(|stamp| test(facts, TIME, operator, &[&stamp])));
    }
    facts.conditions.all(parts)
}
