//! A condition as it is written.

use super::operator::Operator;
use crate::condition::Over;

/// A condition. Groups have at least two parts and are nested as their parentheses are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    /// The action that is asked for matches the pattern.
    Action(Box<str>),
    /// So does the suboperation.
    SubOperation(Box<str>),
    Exists(Attribute),
    Compare(Compare),
}

/// `left operator right`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Compare {
    pub(super) left: Operand,
    /// The cross-product prefix, by side.
    pub(super) over: Option<[Over; 2]>,
    pub(super) operator: Operator,
    pub(super) right: Operand,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Operand {
    Attribute(Attribute),
    One(Literal),
    /// At least one value.
    Set(Vec<Literal>),
}

/// Where an attribute is found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Source {
    Request,
    Resource,
    Principal,
    Environment,
}

impl Source {
    pub(super) const ALL: [Source; 4] =
        [Source::Request, Source::Resource, Source::Principal, Source::Environment];
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Attribute {
    pub(super) source: Source,
    /// What stands in the brackets.
    pub(super) name: Box<str>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Literal {
    Text(Box<str>),
    Integer(i64),
    Truth(bool),
    /// In lower case and with dashes.
    Guid(Box<str>),
}
