//! Conditions against the documentation's examples, the built-in roles, and a naive evaluation.

mod laws;
mod naive;
mod parsing;
mod real;

use super::Guard;
use crate::condition::{Atom, Expr, KeyState, Tri};
use crate::model::{CondId, CondNode, Facts};
use std::collections::BTreeMap;

/// What the attributes of a request are, by name; absent where the list is empty, unknown where there is none.
pub(super) type Attributes = BTreeMap<String, Vec<Box<str>>>;

pub(super) fn state<'a>(attributes: &'a Attributes, name: &str) -> KeyState<'a> {
    match attributes.get(name).map(Vec::as_slice) {
        None => KeyState::Unknown,
        Some([]) => KeyState::Absent,
        Some([one]) => KeyState::One(one),
        Some(several) => KeyState::Many(several),
    }
}

/// What is left of a condition.
pub(super) fn residual(facts: &Facts, id: CondId, known: &Attributes) -> Expr {
    match facts.conditions.get(id) {
        CondNode::Always => Expr::Always,
        CondNode::And(parts) => {
            parts.iter().fold(Expr::Always, |all, &part| all.and(residual(facts, part, known)))
        }
        CondNode::Or(parts) => {
            parts.iter().fold(Expr::Never, |any, &part| any.or(residual(facts, part, known)))
        }
        CondNode::Not(part) => residual(facts, *part, known).not(),
        CondNode::Missing(_) => panic!("nothing is missing"),
        CondNode::Clause(clause) => {
            let clause = facts.conditions.clause(*clause);
            let left = state(known, &clause.key.name);
            if let Some(cross) = &clause.cross {
                // Two comparisons of one key are two things that are not known.
                let open = || Atom::Open {
                    key: clause.key.clone(),
                    operator: cross.comparison.operator_text(),
                    values: vec![cross.right.name.to_string()],
                };
                return cross
                    .tested(&clause.key, left, state(known, &cross.right.name))
                    .unwrap_or_else(|| Expr::atom(open()));
            }
            match clause.test.eval(left) {
                Tri::Yes => Expr::Always,
                Tri::No => Expr::Never,
                Tri::Maybe => Expr::atom(Atom::Key { key: clause.key.clone(), test: (*clause.test).clone() }),
            }
        }
    }
}

/// Whether what is left holds for these attributes.
pub(super) fn holds(expr: &Expr, attributes: &Attributes) -> Tri {
    expr.eval(&mut |atom| match atom {
        Atom::Key { key, test } => test.eval(state(attributes, &key.name)),
        _ => Tri::Maybe,
    })
}

/// The condition for an action; never where no guard speaks of it.
pub(super) fn condition_of(guards: &[Guard], action: &str) -> CondId {
    let speaks = |guard: &&Guard| {
        guard.matched.iter().all(|pattern| naive::action_matches(pattern, action))
            && !guard.unmatched.iter().any(|pattern| naive::action_matches(pattern, action))
    };
    let mut found = guards.iter().filter(speaks);
    let condition = found.next().map_or(CondId::NEVER, |guard| guard.condition);
    assert!(found.next().is_none(), "guards are disjoint: {action} {guards:?}");
    condition
}
