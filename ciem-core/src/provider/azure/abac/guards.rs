//! Which condition holds for which actions: a condition may be about one action only.

use super::lower::{Lowering, action_glob};
use super::parse::{Fault, parse};
use super::syntax::Condition;
use crate::model::{CondId, Facts};
use crate::pattern::Glob;

/// More sets of actions that are told apart are refused.
const MOST_CASES: usize = 64;

/// What a condition asks for where an action matches all patterns of one list and none of another. The guards of a
/// condition are disjoint. Where none speaks of an action, the condition never holds for it.
///
/// Patterns are those of roles: in any case, `*` for any run of characters, matched with the name of an action on
/// either plane.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Guard {
    pub(crate) matched: Vec<Box<str>>,
    pub(crate) unmatched: Vec<Box<str>>,
    pub(crate) condition: CondId,
}

/// Reads conditions that must all hold, such as those of a role's block and of its assignment.
///
/// # Errors
/// The fault of the first text that is none. It then says nothing of what is granted.
pub(crate) fn read(facts: &mut Facts, texts: &[&str]) -> Result<Vec<Guard>, Fault> {
    let conditions = texts.iter().map(|text| parse(text)).collect::<Result<Vec<_>, _>>()?;
    let mut patterns: Vec<Box<str>> = Vec::new();
    for condition in &conditions {
        add_patterns(condition, &mut patterns);
    }
    let mut guards = Vec::new();
    for case in cases(&patterns)? {
        let matches =
            |pattern: &str| case.matched.iter().any(|(known, _)| known.eq_ignore_ascii_case(pattern));
        let mut lowering = Lowering { facts, matches: &matches };
        let parts = conditions.iter().map(|part| lowering.condition(part)).collect::<Result<Vec<_>, _>>()?;
        let condition = facts.conditions.all(parts);
        if condition != CondId::NEVER {
            let names = |list: Vec<Placed>| list.into_iter().map(|(name, _)| name).collect();
            guards.push(Guard { matched: names(case.matched), unmatched: names(case.unmatched), condition });
        }
    }
    Ok(guards)
}

/// The patterns of actions, each once, in order of appearance.
fn add_patterns(condition: &Condition, patterns: &mut Vec<Box<str>>) {
    match condition {
        Condition::And(parts) | Condition::Or(parts) => {
            parts.iter().for_each(|part| add_patterns(part, patterns));
        }
        Condition::Not(inner) => add_patterns(inner, patterns),
        Condition::Action(pattern) => {
            if !patterns.iter().any(|known| known.eq_ignore_ascii_case(pattern)) {
                patterns.push(pattern.clone());
            }
        }
        Condition::SubOperation(_) | Condition::Exists(_) | Condition::Compare(_) => {}
    }
}

/// A pattern as written, and what it matches.
type Placed = (Box<str>, Glob);

/// Actions that match these patterns and not those.
#[derive(Clone, Default)]
struct Case {
    matched: Vec<Placed>,
    unmatched: Vec<Placed>,
}

/// All sets of actions that the patterns tell apart, without those that are surely empty.
fn cases(patterns: &[Box<str>]) -> Result<Vec<Case>, Fault> {
    let mut cases = vec![Case::default()];
    for pattern in patterns {
        let glob = action_glob(pattern);
        let mut next = Vec::with_capacity(cases.len() + 1);
        for case in cases {
            let apart = case.matched.iter().any(|(_, known)| !known.overlaps(&glob))
                || case.unmatched.iter().any(|(_, known)| known.includes(&glob));
            if apart {
                next.push(case);
                continue;
            }
            let inside = case.matched.iter().any(|(_, known)| glob.includes(known));
            if !inside {
                let mut without = case.clone();
                without.unmatched.push((pattern.clone(), glob.clone()));
                next.push(without);
            }
            let mut with = case;
            with.matched.push((pattern.clone(), glob.clone()));
            next.push(with);
        }
        if next.len() > MOST_CASES {
            let reason = format!("its `ActionMatches` tell more than {MOST_CASES} sets of actions apart");
            return Err(Fault::TooComplex { reason });
        }
        cases = next;
    }
    Ok(cases)
}
