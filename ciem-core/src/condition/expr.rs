//! The condition expression: what an answer still depends on.

use super::key::Key;
use super::test::Test;
use super::tri::Tri;
use crate::pattern::Pattern;
use serde_json::Value;
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A fact that the exports do not hold although they refer to it.
#[derive(Clone, Debug)]
pub(crate) struct MissingFact {
    /// What kind of fact, such as `policy document`.
    pub(crate) fact: String,
    /// Of whom or what.
    pub(crate) subject: String,
    /// How the caller can get it.
    pub(crate) how: String,
}

impl MissingFact {
    /// What kind of fact, whatever it is unknown for: what a document allows and what it denies are two unknowns
    /// for one missing fact.
    pub(crate) fn name(&self) -> &str {
        self.fact.split(" (").next().unwrap_or(&self.fact)
    }

    fn identity(&self) -> (&str, &str) {
        (&self.fact, &self.subject)
    }
}

impl PartialEq for MissingFact {
    fn eq(&self, other: &MissingFact) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for MissingFact {}

impl PartialOrd for MissingFact {
    fn partial_cmp(&self, other: &MissingFact) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for MissingFact {
    fn cmp(&self, other: &MissingFact) -> Ordering {
        self.identity().cmp(&other.identity())
    }
}

impl Hash for MissingFact {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
    }
}

/// The smallest thing an answer can depend on.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Atom {
    /// A test of a context key.
    Key {
        /// The key.
        key: Key,
        /// The test.
        test: Test,
    },
    /// A test whose values still hold variables without value: nothing is known of it but its text.
    Open {
        /// The key.
        key: Key,
        /// Operator as it is to be shown, with prefix and `IfExists`.
        operator: String,
        /// Values with their `${...}`.
        values: Vec<String>,
    },
    /// The session has this name; `*` and `?` are wildcards.
    SessionName(String),
    /// The resource matches one of the patterns.
    ResourceIn(Vec<Pattern>),
    /// The fact, which is not known, would make the difference.
    Missing(Arc<MissingFact>),
}

/// A Boolean expression over atoms. The order of the variants is the order of parts in a simplified expression.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Expr {
    /// Holds whatever the atoms are.
    Always,
    /// Never holds.
    Never,
    /// The atom holds.
    Atom(Arc<Atom>),
    /// It does not hold.
    Not(Box<Expr>),
    /// All of them hold.
    And(Vec<Expr>),
    /// At least one holds.
    Or(Vec<Expr>),
}

impl Expr {
    /// The expression of one atom.
    pub(crate) fn atom(atom: Atom) -> Expr {
        Expr::Atom(Arc::new(atom))
    }

    /// Both hold. Constants are folded, nothing else is simplified.
    #[must_use]
    pub(crate) fn and(self, other: Expr) -> Expr {
        match (self, other) {
            (Expr::Never, _) | (_, Expr::Never) => Expr::Never,
            (Expr::Always, rest) | (rest, Expr::Always) => rest,
            (Expr::And(mut left), Expr::And(right)) => {
                left.extend(right);
                Expr::And(left)
            }
            (Expr::And(mut list), one) | (one, Expr::And(mut list)) => {
                list.push(one);
                Expr::And(list)
            }
            (left, right) => Expr::And(vec![left, right]),
        }
    }

    /// At least one holds. Constants are folded, nothing else is simplified.
    #[must_use]
    pub(crate) fn or(self, other: Expr) -> Expr {
        match (self, other) {
            (Expr::Always, _) | (_, Expr::Always) => Expr::Always,
            (Expr::Never, rest) | (rest, Expr::Never) => rest,
            (Expr::Or(mut left), Expr::Or(right)) => {
                left.extend(right);
                Expr::Or(left)
            }
            (Expr::Or(mut list), one) | (one, Expr::Or(mut list)) => {
                list.push(one);
                Expr::Or(list)
            }
            (left, right) => Expr::Or(vec![left, right]),
        }
    }

    /// The opposite.
    #[must_use]
    pub(crate) fn not(self) -> Expr {
        match self {
            Expr::Always => Expr::Never,
            Expr::Never => Expr::Always,
            Expr::Not(inner) => *inner,
            other => Expr::Not(Box::new(other)),
        }
    }

    /// This one holds and the other does not.
    #[must_use]
    pub(crate) fn minus(self, other: Expr) -> Expr {
        match (&self, &other) {
            (Expr::Never, _) => Expr::Never,
            (_, Expr::Never) => self,
            _ => self.and(other.not()),
        }
    }

    /// The `condition` form of API.md; always is `{"and": []}`, never is `{"or": []}`.
    pub(crate) fn to_json(&self) -> Value {
        // INVARIANT: maps have texts as keys, so there is always a value.
        serde_json::to_value(self).unwrap_or_default()
    }

    /// The same as text.
    pub(crate) fn to_json_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Every atom as often as it occurs, from left to right.
    pub(crate) fn atoms(&self) -> Vec<&Atom> {
        let mut atoms = Vec::new();
        self.visit(&mut |atom| atoms.push(&**atom));
        atoms
    }

    /// Whether an atom is a missing fact.
    pub(crate) fn has_missing(&self) -> bool {
        let mut found = false;
        self.visit(&mut |atom| found |= matches!(**atom, Atom::Missing(_)));
        found
    }

    pub(super) fn visit<'a>(&'a self, leaf: &mut dyn FnMut(&'a Arc<Atom>)) {
        match self {
            Expr::Always | Expr::Never => {}
            Expr::And(parts) | Expr::Or(parts) => parts.iter().for_each(|part| part.visit(leaf)),
            Expr::Not(inner) => inner.visit(leaf),
            Expr::Atom(atom) => leaf(atom),
        }
    }

    /// Kleene evaluation, with the truth of each atom as the caller knows it.
    pub(crate) fn eval(&self, leaf: &mut dyn FnMut(&Atom) -> Tri) -> Tri {
        match self {
            Expr::Always => Tri::Yes,
            Expr::Never => Tri::No,
            Expr::And(parts) => {
                let mut all = Tri::Yes;
                for part in parts {
                    all = all.and(part.eval(leaf));
                    if all == Tri::No {
                        break;
                    }
                }
                all
            }
            Expr::Or(parts) => {
                let mut any = Tri::No;
                for part in parts {
                    any = any.or(part.eval(leaf));
                    if any == Tri::Yes {
                        break;
                    }
                }
                any
            }
            Expr::Not(inner) => inner.eval(leaf).not(),
            Expr::Atom(atom) => leaf(atom),
        }
    }
}
