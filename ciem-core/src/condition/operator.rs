//! Condition operators: their names, families and polarity.

use std::cmp::Ordering;

/// How a test treats a key with several values.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Prefix {
    /// No set prefix: the request must have exactly one value.
    None,
    /// `ForAnyValue:`
    Any,
    /// `ForAllValues:`
    All,
}

/// What kind of values an operator compares.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Family {
    Text,
    FoldedText,
    Glob,
    FoldedGlob,
    Number,
    Date,
    Bool,
    Binary,
    Address,
    Arn,
    Presence,
}

macro_rules! operators {
    ($($name:ident $family:ident $negated:literal $doc:literal),* $(,)?) => {
        /// A condition operator without set prefix and `IfExists`.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub(crate) enum Operator {
            $(#[doc = $doc] $name),*
        }

        impl Operator {
            const ALL: &'static [Operator] = &[$(Operator::$name),*];

            /// The canonical spelling.
            pub(crate) fn name(self) -> &'static str {
                match self { $(Operator::$name => stringify!($name)),* }
            }

            pub(super) fn family(self) -> Family {
                match self { $(Operator::$name => Family::$family),* }
            }

            /// Whether the operator holds when none of its values matches.
            pub(crate) fn is_negated(self) -> bool {
                match self { $(Operator::$name => $negated),* }
            }
        }
    };
}

operators! {
    StringEquals Text false "Exact text.",
    StringNotEquals Text true "None of the texts.",
    StringEqualsIgnoreCase FoldedText false "Text, ignoring case.",
    StringNotEqualsIgnoreCase FoldedText true "None of the texts, ignoring case.",
    StringLike Glob false "Text with wildcards.",
    StringNotLike Glob true "None of the texts with wildcards.",
    StringLikeIgnoreCase FoldedGlob false "Text with wildcards, ignoring case.",
    StringNotLikeIgnoreCase FoldedGlob true "None of the texts with wildcards, ignoring case.",
    NumericEquals Number false "Equal number.",
    NumericNotEquals Number true "A number equal to none.",
    NumericLessThan Number false "Smaller number.",
    NumericLessThanEquals Number false "Smaller or equal number.",
    NumericGreaterThan Number false "Greater number.",
    NumericGreaterThanEquals Number false "Greater or equal number.",
    DateEquals Date false "The same instant.",
    DateNotEquals Date true "A date that is none of the instants.",
    DateLessThan Date false "Before.",
    DateLessThanEquals Date false "Before or at.",
    DateGreaterThan Date false "After.",
    DateGreaterThanEquals Date false "After or at.",
    Bool Bool false "`true` or `false`.",
    BinaryEquals Binary false "The same bytes, written in base64.",
    IpAddress Address false "An address inside a network.",
    NotIpAddress Address true "An address outside every network.",
    ArnEquals Arn false "An ARN matching segment by segment; the same as `ArnLike`.",
    ArnNotEquals Arn true "An ARN matching none; the same as `ArnNotLike`.",
    ArnLike Arn false "An ARN matching segment by segment.",
    ArnNotLike Arn true "An ARN matching none segment by segment.",
    Null Presence false "Whether the key is absent.",
}

impl Operator {
    /// Finds an operator by its name in any case.
    pub(super) fn find(name: &str) -> Option<Operator> {
        Operator::ALL.iter().copied().find(|operator| operator.name().eq_ignore_ascii_case(name))
    }

    /// Whether `Condition` blocks of policy documents know the operator; the others come from languages of their own.
    pub(super) fn is_of_blocks(self) -> bool {
        self.family() != Family::FoldedGlob
    }

    /// The operator that accepts what this one rejects, among values of its type.
    pub(super) fn opposite(self) -> Option<Operator> {
        const PAIRS: &[[Operator; 2]] = &[
            [Operator::StringEquals, Operator::StringNotEquals],
            [Operator::StringEqualsIgnoreCase, Operator::StringNotEqualsIgnoreCase],
            [Operator::StringLike, Operator::StringNotLike],
            [Operator::StringLikeIgnoreCase, Operator::StringNotLikeIgnoreCase],
            [Operator::NumericEquals, Operator::NumericNotEquals],
            [Operator::NumericLessThan, Operator::NumericGreaterThanEquals],
            [Operator::NumericGreaterThan, Operator::NumericLessThanEquals],
            [Operator::DateEquals, Operator::DateNotEquals],
            [Operator::DateLessThan, Operator::DateGreaterThanEquals],
            [Operator::DateGreaterThan, Operator::DateLessThanEquals],
            [Operator::IpAddress, Operator::NotIpAddress],
            [Operator::ArnEquals, Operator::ArnNotEquals],
            [Operator::ArnLike, Operator::ArnNotLike],
        ];
        PAIRS.iter().find_map(|[one, other]| match self {
            found if found == *one => Some(*other),
            found if found == *other => Some(*one),
            _ => None,
        })
    }

    /// For numbers and dates: whether a value that compares so to one operand matches it. Negated operators
    /// answer for their positive twin.
    pub(super) fn matches_order(self, value_to_operand: Ordering) -> bool {
        match self {
            Operator::NumericLessThan | Operator::DateLessThan => value_to_operand.is_lt(),
            Operator::NumericLessThanEquals | Operator::DateLessThanEquals => value_to_operand.is_le(),
            Operator::NumericGreaterThan | Operator::DateGreaterThan => value_to_operand.is_gt(),
            Operator::NumericGreaterThanEquals | Operator::DateGreaterThanEquals => value_to_operand.is_ge(),
            _ => value_to_operand.is_eq(),
        }
    }
}
