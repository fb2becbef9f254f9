//! What is left of a grant once denials are taken from it. A denial binds whom it names, so what somebody can take as
//! another, or as a member of one group more, is cut by the denials that bind there, and not by its own (AZ-R6).

use super::finish::Finish;
use super::keys::RESOURCE;
use crate::base::Text;
use crate::condition::{MissingFact, Test};
use crate::model::assignment::Span;
use crate::model::{Clause, CondId, CondNode, DocId, Facts, PatternItem, Patterns, Statement};
use std::sync::Arc;

/// What is missing where denials cut a grant into too many pieces.
pub(super) const CUT: &str = "what many deny assignments leave of a grant";
const MOST: usize = 256;

impl Finish<'_> {
    /// The document without what these take away; in doubt as a whole, if `doubt` says so.
    pub(super) fn left(
        &mut self,
        document: DocId,
        denials: &[DocId],
        doubt: Option<&Arc<MissingFact>>,
    ) -> DocId {
        if denials.is_empty() && doubt.is_none() {
            return document;
        }
        let key = format!("left of {document:?} by {denials:?}\n{doubt:?}");
        super::documents::document(self.facts, &key, |facts| {
            let denied: Vec<Statement> =
                denials.iter().flat_map(|&id| facts.documents[id].statements.clone()).collect();
            let granted = facts.documents[document].statements.clone();
            let all = granted.into_iter().flat_map(|one| pieces(facts, one, &denied)).collect::<Vec<_>>();
            let doubted = |one: Statement| match doubt {
                Some(fact) => Statement { doubt: one.doubt.or_else(|| Some(Arc::clone(fact))), ..one },
                None => one,
            };
            all.into_iter().map(doubted).collect()
        })
    }

    /// What a document says, for a time only.
    pub(super) fn within(&mut self, document: DocId, window: Span) -> DocId {
        if window == (None, None) {
            return document;
        }
        super::documents::document(self.facts, &format!("{document:?} within {window:?}"), |facts| {
            let in_force = super::documents::window(facts, window);
            let all = facts.documents[document].statements.clone();
            let timed = |one: Statement| {
                let condition = facts.conditions.all(vec![in_force, one.condition]);
                Statement { condition, ..one }
            };
            all.into_iter().map(timed).collect()
        })
    }
}

fn pieces(facts: &mut Facts, granted: Statement, denied: &[Statement]) -> Vec<Statement> {
    let mut left = vec![granted.clone()];
    for denial in denied {
        let mut next: Vec<Statement> = Vec::new();
        for piece in left {
            for part in without(facts, piece, denial) {
                if !next.contains(&part) {
                    next.push(part);
                }
            }
        }
        if next.len() > MOST {
            let how = "combine the deny assignments, or ask about active access".to_owned();
            let subject = granted.sid.map_or(String::new(), |name| facts.texts.get(name).to_owned());
            let fact = MissingFact { fact: CUT.to_owned(), subject, how };
            return vec![Statement { doubt: granted.doubt.clone().or(Some(Arc::new(fact))), ..granted }];
        }
        left = next;
    }
    left
}

/// What a denial leaves of a grant: other permissions, other resources, other circumstances. The parts may overlap.
fn without(facts: &mut Facts, piece: Statement, denial: &Statement) -> Vec<Statement> {
    let is_apart = piece.narrowed.iter().any(|list| *list == but(&denial.actions))
        || denial.narrowed.iter().any(|list| piece.narrowed.contains(&but(list)))
        || !meet(facts, &piece.resources, &denial.resources);
    if is_apart {
        return vec![piece];
    }
    let narrowed = |by: Patterns<Text>| Statement {
        narrowed: piece.narrowed.iter().cloned().chain([by]).collect(),
        ..piece.clone()
    };
    let mut left = vec![narrowed(but(&denial.actions))];
    left.extend(denial.narrowed.iter().map(|list| narrowed(but(list))));
    let there = lies_in(facts, &piece.resources, &denial.resources);
    let denied = facts.conditions.all(vec![there, denial.condition]);
    let elsewhere = facts.conditions.not(denied);
    if elsewhere != CondId::NEVER {
        let condition = facts.conditions.all(vec![piece.condition, elsewhere]);
        left.push(Statement { condition, ..piece.clone() });
    }
    if let Some(fact) = &denial.doubt {
        let doubt = piece.doubt.clone().or_else(|| Some(Arc::clone(fact)));
        left.push(Statement { doubt, ..piece });
    }
    left
}

fn but(list: &Patterns<Text>) -> Patterns<Text> {
    Patterns { negated: !list.negated, items: list.items.clone() }
}

/// Patterns of ids are ids, or end with the only wildcard that they have.
fn beginning(pattern: &str) -> (&str, bool) {
    pattern.strip_suffix('*').map_or((pattern, false), |beginning| (beginning, true))
}

fn texts(facts: &Facts, list: &Patterns<PatternItem>) -> Vec<String> {
    list.items.iter().map(|item| facts.texts.get(item.text).to_owned()).collect()
}

/// Whether something may lie in both.
fn meet(facts: &Facts, one: &Patterns<PatternItem>, other: &Patterns<PatternItem>) -> bool {
    if one.negated || other.negated {
        return true;
    }
    let others = texts(facts, other);
    texts(facts, one).iter().any(|one| {
        let (one, wide) = beginning(one);
        others.iter().map(|text| beginning(text)).any(|(other, other_wide)| {
            one == other || wide && other.starts_with(one) || other_wide && one.starts_with(other)
        })
    })
}

/// Whether what lies in the one list lies in the other: always, or as a test of the resource's id.
fn lies_in(facts: &mut Facts, one: &Patterns<PatternItem>, other: &Patterns<PatternItem>) -> CondId {
    let wanted = texts(facts, other);
    let within = |text: &String| {
        let (one, wide) = beginning(text);
        wanted.iter().map(|text| beginning(text)).any(|(other, other_wide)| match other_wide {
            true => one.starts_with(other),
            false => one == other && !wide,
        })
    };
    let everything = wanted.iter().any(|text| text == "*");
    if !other.negated && (everything || !one.negated && texts(facts, one).iter().all(within)) {
        return CondId::ALWAYS;
    }
    let values: Vec<&str> = wanted.iter().map(String::as_str).collect();
    let Ok(test) = Test::compile("StringLike", &values) else { return CondId::ALWAYS };
    let key = facts.conditions.key(RESOURCE, false);
    let clause = facts.conditions.clause_id(Clause {
        key,
        operator: "StringLike".into(),
        values: wanted.iter().map(|text| text.as_str().into()).collect(),
        test: Arc::new(test),
        templates: Box::default(),
        cross: None,
    });
    let inside = facts.conditions.node(CondNode::Clause(clause));
    if other.negated { facts.conditions.not(inside) } else { inside }
}
