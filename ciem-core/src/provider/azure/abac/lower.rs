//! Turns conditions into conditions of statements: attributes become context keys.

use super::super::keys::TIME;
use super::keys;
use super::parse::Fault;
use super::syntax::{Attribute, Compare, Condition, Literal, Operand, Source};
use crate::condition::{Comparison, Expr, Key, Kind, Over, Relation, Side};
use crate::model::{CondId, Facts};
use crate::pattern::{Glob, Piece};

/// The suboperation of a request, as the language itself once wrote it.
pub(super) const SUB_OPERATION: &str = "subOperation";

/// Builds the condition for one set of actions.
pub(super) struct Lowering<'a> {
    pub(super) facts: &'a mut Facts,
    /// Whether an action of the set matches a pattern.
    pub(super) matches: &'a dyn Fn(&str) -> bool,
}

impl Lowering<'_> {
    pub(super) fn condition(&mut self, condition: &Condition) -> Result<CondId, Fault> {
        Ok(match condition {
            Condition::And(parts) => {
                let parts = self.parts(parts)?;
                self.facts.conditions.all(parts)
            }
            Condition::Or(parts) => {
                let parts = self.parts(parts)?;
                self.facts.conditions.any(parts)
            }
            Condition::Not(inner) => {
                let inner = self.condition(inner)?;
                self.facts.conditions.not(inner)
            }
            Condition::Action(pattern) => match (self.matches)(pattern) {
                true => CondId::ALWAYS,
                false => CondId::NEVER,
            },
            Condition::SubOperation(pattern) => self.sub_operation(pattern)?,
            Condition::Exists(attribute) => self.exists(attribute)?,
            Condition::Compare(compare) => self.compare(compare)?,
        })
    }

    fn parts(&mut self, parts: &[Condition]) -> Result<Vec<CondId>, Fault> {
        parts.iter().map(|part| self.condition(part)).collect()
    }

    fn key(&mut self, attribute: &Attribute, several: bool) -> Key {
        let name = attribute.to_string();
        if name.eq_ignore_ascii_case(TIME) {
            return self.facts.conditions.clock(TIME);
        }
        let many = several && keys::may_have_several(&name);
        self.facts.conditions.key(&name, many)
    }

    fn sub_operation(&mut self, pattern: &str) -> Result<CondId, Fault> {
        let attribute = Attribute { source: Source::Request, name: SUB_OPERATION.into() };
        let key = self.key(&attribute, true);
        let like = Comparison {
            kind: Kind::FoldedText,
            relation: Relation::Like,
            negated: false,
            over: Some([Over::Any, Over::Any]),
        };
        let glob = action_glob(pattern);
        match glob.as_literal() {
            Some(name) => {
                self.tested(Comparison { relation: Relation::Equals, ..like }, &key, Side::Left, &[name])
            }
            None => self.tested(like, &key, Side::Left, &[&glob.to_string()]),
        }
    }

    fn exists(&mut self, attribute: &Attribute) -> Result<CondId, Fault> {
        let key = self.key(attribute, false);
        let test = crate::condition::Test::compile("Null", &["false"]).map_err(complex)?;
        let atom = crate::condition::Atom::Key { key, test };
        Ok(self.facts.conditions.of_tests(&Expr::atom(atom)))
    }

    fn compare(&mut self, compare: &Compare) -> Result<CondId, Fault> {
        let Compare { left, over, operator, right } = compare;
        let comparison = Comparison {
            kind: operator.kind(),
            relation: operator.relation(),
            negated: operator.is_negated(),
            over: *over,
        };
        let several = over.is_some();
        match (left, right) {
            (Operand::Attribute(left), Operand::Attribute(right)) => {
                let (left, right) = (self.key(left, several), self.key(right, several));
                self.facts.conditions.compare(left, comparison, right).map_err(complex)
            }
            (Operand::Attribute(left), right) => {
                let key = self.key(left, several);
                let values = values(right, comparison.relation);
                self.tested(comparison, &key, Side::Left, &texts(&values))
            }
            (left, Operand::Attribute(right)) => {
                let key = self.key(right, several);
                let values = values(left, Relation::Equals);
                self.tested(comparison, &key, Side::Right, &texts(&values))
            }
            (left, right) => {
                let (left, right) = (values(left, Relation::Equals), values(right, comparison.relation));
                let holds = comparison.holds(&texts(&left), &texts(&right)).map_err(complex)?;
                Ok(if holds { CondId::ALWAYS } else { CondId::NEVER })
            }
        }
    }

    fn tested(
        &mut self,
        comparison: Comparison,
        key: &Key,
        side: Side,
        values: &[&str],
    ) -> Result<CondId, Fault> {
        let expr = comparison.tested(key, side, values).map_err(complex)?;
        Ok(self.facts.conditions.of_tests(&expr))
    }
}

fn complex(reason: String) -> Fault {
    Fault::TooComplex { reason }
}

fn texts(values: &[String]) -> Vec<&str> {
    values.iter().map(String::as_str).collect()
}

/// The values of an operand; patterns as the core writes them.
fn values(operand: &Operand, relation: Relation) -> Vec<String> {
    let list = match operand {
        Operand::One(literal) => std::slice::from_ref(literal),
        Operand::Set(list) => list.as_slice(),
        Operand::Attribute(_) => &[],
    };
    let text = |literal: &Literal| match literal {
        Literal::Text(text) if relation == Relation::Like => like_glob(text).to_string(),
        Literal::Text(text) | Literal::Guid(text) => text.to_string(),
        Literal::Integer(number) => number.to_string(),
        Literal::Truth(truth) => truth.to_string(),
    };
    list.iter().map(text).collect()
}

/// A pattern of `StringLike`: `*` is any run of characters, `?` one, and a backslash takes either literally.
fn like_glob(text: &str) -> Glob {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((head, tail)) = rest.find(['*', '?', '\\']).and_then(|at| rest.split_at_checked(at)) {
        let (piece, length) = match tail.as_bytes() {
            [b'\\', b'*', ..] => (Piece::Text("*"), 2),
            [b'\\', b'?', ..] => (Piece::Text("?"), 2),
            [b'*', ..] => (Piece::Any, 1),
            [b'?', ..] => (Piece::One, 1),
            _ => (Piece::Text("\\"), 1),
        };
        pieces.extend([Piece::Text(head), piece]);
        rest = tail.get(length..).unwrap_or_default();
    }
    pieces.push(Piece::Text(rest));
    Glob::from_pieces(pieces)
}

/// A pattern of actions in lower case: only `*` is a wildcard.
pub(super) fn action_glob(pattern: &str) -> Glob {
    let lower = pattern.to_ascii_lowercase();
    let mut pieces = Vec::new();
    for (place, part) in lower.split('*').enumerate() {
        if place > 0 {
            pieces.push(Piece::Any);
        }
        pieces.push(Piece::Text(part));
    }
    Glob::from_pieces(pieces)
}
