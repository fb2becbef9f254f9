//! Assignments and denials as documents: a statement for each block of permissions (AZ-R3).

use super::keys::TIME;
use super::tree::Reach;
use super::{DATA, abac};
use crate::base::Text;
use crate::condition::{MissingFact, Test};
use crate::model::assignment::Block;
use crate::model::{
    Clause, CondId, CondNode, Document, Effect, Facts, PatternItem, Patterns, Rejected, Statement,
};
use std::sync::Arc;

/// What is missing where a pattern of control operations is not read.
pub(super) const PATTERN: &str = "pattern of operations without a colon";

/// A condition, and further lists that permissions must be in.
type Case = (CondId, Vec<Patterns<Text>>);

/// What an assignment or a denial says, but for whom it is about.
#[derive(Clone)]
pub(super) struct Said<'a> {
    pub(super) effect: Effect,
    pub(super) name: Option<Text>,
    pub(super) blocks: &'a [Block],
    pub(super) reach: &'a Reach,
    /// Where it holds of the scope alone: that scope.
    pub(super) only: Option<&'a str>,
    pub(super) condition: Option<Text>,
    pub(super) window: (Option<i64>, Option<i64>),
    /// Of whom the condition is, for messages.
    pub(super) subject: &'a str,
    /// Why it is not known whether it is in force.
    pub(super) doubt: Option<Arc<MissingFact>>,
}

/// The statements of an assignment or a denial.
pub(super) fn statements(facts: &mut Facts, said: &Said<'_>) -> Vec<Statement> {
    let mut found = Vec::new();
    let window = window(facts, said.window);
    let here = match said.only {
        Some(scope) => vec![scope.to_owned()],
        None => said.reach.patterns.clone(),
    };
    let here = patterns(facts, false, &here);
    let perhaps = said.only.is_none().then_some(said.reach.doubt.as_ref()).flatten();
    let perhaps = perhaps.map(|(known, fact)| (patterns(facts, true, known), Arc::clone(fact)));
    for (index, block) in said.blocks.iter().enumerate() {
        let (cases, unread) = cases(facts, said, block);
        for (condition, narrowed) in cases {
            let condition = facts.conditions.all(vec![window, condition]);
            for (listed, within, fact) in readings(facts, block) {
                let doubt = said.doubt.clone().or_else(|| unread.clone()).or(fact);
                let statement = Statement {
                    effect: said.effect,
                    sid: said.name,
                    index: u16::try_from(index).unwrap_or(u16::MAX),
                    alone: false,
                    who: None,
                    actions: Patterns { negated: false, items: listed },
                    narrowed: narrowed.iter().cloned().chain(within).collect(),
                    resources: here.clone(),
                    condition,
                    doubt,
                };
                if let Some((resources, fact)) = &perhaps {
                    let doubt = statement.doubt.clone().unwrap_or_else(|| Arc::clone(fact));
                    found.push(Statement {
                        resources: resources.clone(),
                        doubt: Some(doubt),
                        ..statement.clone()
                    });
                }
                found.push(statement);
            }
        }
    }
    found
}

/// What a block lists, within which lists, and why that is in doubt.
type Reading = (Vec<Text>, Vec<Patterns<Text>>, Option<Arc<MissingFact>>);

/// How a block can be read: what it says for sure, and where one of its patterns is not read, what that one may add or
/// may not leave out.
fn readings(facts: &Facts, block: &Block) -> Vec<Reading> {
    let but =
        |items: Vec<Text>| if items.is_empty() { None } else { Some(Patterns { negated: true, items }) };
    let sure = but([block.left_out.as_slice(), &block.perhaps_left_out].concat());
    let mut found = vec![(block.listed.clone(), sure.into_iter().collect::<Vec<_>>(), None)];
    let Some(pattern) = block.unread else { return found };
    let fact = Some(Arc::new(MissingFact {
        fact: PATTERN.to_owned(),
        subject: facts.texts.get(pattern).to_owned(),
        how: "write the pattern without the colon, or with `*` in its place, and export it again".to_owned(),
    }));
    let left_out: Vec<_> = but(block.left_out.clone()).into_iter().collect();
    if !block.perhaps_listed.is_empty() {
        found.push((block.perhaps_listed.clone(), left_out.clone(), fact.clone()));
    }
    if !block.perhaps_left_out.is_empty() {
        let within = Patterns { negated: false, items: block.perhaps_left_out.clone() };
        found.push((block.listed.clone(), left_out.into_iter().chain([within]).collect(), fact));
    }
    found
}

/// Under which conditions a block is in force, and for which of its permissions (AZ-R7); or why that is not known.
fn cases(facts: &mut Facts, said: &Said<'_>, block: &Block) -> (Vec<Case>, Option<Arc<MissingFact>>) {
    let texts = [said.condition, block.condition].into_iter().flatten();
    let texts: Vec<String> = texts.map(|text| facts.texts.get(text).to_owned()).collect();
    if texts.is_empty() {
        return (vec![(CondId::ALWAYS, Vec::new())], None);
    }
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let is_data = |&name: &Text| facts.texts.get(name).starts_with(DATA);
    let listed = || block.listed.iter().chain(&block.perhaps_listed);
    let (data, control) = (listed().any(is_data), !listed().all(is_data));
    let planes: Vec<&str> = [(control, ""), (data, DATA)]
        .into_iter()
        .filter(|(there, _)| *there)
        .map(|(_, plane)| plane)
        .collect();
    match abac::read(facts, &texts) {
        Ok(guards) => {
            let case = |guard: abac::Guard| {
                let matched = guard.matched.iter().map(|one| (false, one));
                let lists = matched.chain(guard.unmatched.iter().map(|one| (true, one)));
                let narrowed = lists.map(|(negated, one)| {
                    // A condition names an operation on either plane; the block may be of one.
                    let mut names: Vec<String> = planes.iter().map(|plane| on_plane(one, plane)).collect();
                    // Of an operation that the catalogue has on the other plane alone, there is none on this.
                    if names.iter().any(|name| facts.listed.contains_key(name.as_str())) {
                        names.retain(|name| facts.listed.contains_key(name.as_str()));
                    }
                    let names = names.into_iter();
                    Patterns { negated, items: names.map(|name| facts.text(&name)).collect() }
                });
                (guard.condition, narrowed.collect())
            };
            (guards.into_iter().map(case).collect(), None)
        }
        Err(fault) => (vec![(CondId::ALWAYS, Vec::new())], Some(Arc::new(unread(facts, said, &fault)))),
    }
}

/// A condition that cannot be read says nothing of what is granted.
fn unread(facts: &mut Facts, said: &Said<'_>, fault: &abac::Fault) -> MissingFact {
    let subject = said.subject.to_owned();
    facts.coverage.rejected.insert(Rejected {
        policy: subject.clone(),
        pointer: "/condition".to_owned(),
        reason: fault.to_string(),
        source: String::new(),
    });
    let how = "correct the condition and export it again".to_owned();
    MissingFact { fact: "valid condition".to_owned(), subject, how }
}

/// A pattern of operations on one plane. Alone, `*` would mean both planes.
pub(super) fn on_plane(text: &str, plane: &str) -> String {
    if text == "*" && plane.is_empty() { ":*".to_owned() } else { format!("{plane}{text}") }
}

/// What a role says of which the definition was not given: it may allow anything.
pub(super) fn anything(facts: &mut Facts) -> Block {
    let listed = vec![facts.text(":*"), facts.text("data:*")];
    Block { listed, ..Block::default() }
}

/// The doubt about one of several records that contradict each other.
pub(super) fn contradiction(subject: &str, number: usize) -> MissingFact {
    MissingFact {
        fact: format!("which of the contradictory records holds ({number})"),
        subject: subject.to_owned(),
        how: "give the newest export of it only".to_owned(),
    }
}

fn patterns(facts: &mut Facts, negated: bool, texts: &[String]) -> Patterns<PatternItem> {
    let items = texts.iter().map(|text| PatternItem { text: facts.text(text), variables: false });
    Patterns { negated, items: items.collect() }
}

/// In force from one instant, and before another.
pub(super) fn window(facts: &mut Facts, (from, until): (Option<i64>, Option<i64>)) -> CondId {
    let mut parts = Vec::new();
    for (operator, at) in [("DateGreaterThanEquals", from), ("DateLessThan", until)] {
        let stamp = at.and_then(|at| jiff::Timestamp::from_second(at).ok()).map(|at| at.to_string());
        let Some(stamp) = stamp else { continue };
        let Ok(test) = Test::compile(operator, &[&stamp]) else { continue };
        let key = facts.conditions.clock(TIME);
        let clause = facts.conditions.clause_id(Clause {
            key,
            operator: operator.into(),
            values: [stamp.into()].into(),
            test: Arc::new(test),
            templates: Box::default(),
            cross: None,
        });
        parts.push(facts.conditions.node(CondNode::Clause(clause)));
    }
    facts.conditions.all(parts)
}

/// A document of these statements; the same key means the same statements.
pub(super) fn document(
    facts: &mut Facts,
    key: &str,
    make: impl FnOnce(&mut Facts) -> Vec<Statement>,
) -> crate::model::DocId {
    facts.document(key, 0, |facts| (Document { statements: make(facts) }, Vec::new()))
}
