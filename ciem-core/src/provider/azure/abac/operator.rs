//! The operators of the language.

use crate::condition::{Kind, Relation};

/// What an operator compares and how.
#[derive(Debug)]
struct Spec {
    name: &'static str,
    kind: Kind,
    relation: Relation,
    negated: bool,
    guid: bool,
}

/// An operator without its prefix.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Operator(u8);

macro_rules! operators {
    ($($name:ident $kind:ident $relation:ident $negated:literal $guid:literal),* $(,)?) => {
        const ALL: &[Spec] = &[$(Spec {
            name: stringify!($name),
            kind: Kind::$kind,
            relation: Relation::$relation,
            negated: $negated,
            guid: $guid,
        }),*];
    };
}

operators! {
    StringEquals Text Equals false false,
    StringNotEquals Text Equals true false,
    StringStartsWith Text Starts false false,
    StringNotStartsWith Text Starts true false,
    StringLike Text Like false false,
    StringNotLike Text Like true false,
    StringEqualsIgnoreCase FoldedText Equals false false,
    StringNotEqualsIgnoreCase FoldedText Equals true false,
    StringStartsWithIgnoreCase FoldedText Starts false false,
    StringNotStartsWithIgnoreCase FoldedText Starts true false,
    StringLikeIgnoreCase FoldedText Like false false,
    StringNotLikeIgnoreCase FoldedText Like true false,
    NumericEquals Number Equals false false,
    NumericNotEquals Number Equals true false,
    NumericLessThan Number Less false false,
    NumericLessThanEquals Number LessEquals false false,
    NumericGreaterThan Number Greater false false,
    NumericGreaterThanEquals Number GreaterEquals false false,
    DateTimeEquals Date Equals false false,
    DateTimeNotEquals Date Equals true false,
    DateTimeLessThan Date Less false false,
    DateTimeLessThanEquals Date LessEquals false false,
    DateTimeGreaterThan Date Greater false false,
    DateTimeGreaterThanEquals Date GreaterEquals false false,
    BoolEquals Truth Equals false false,
    BoolNotEquals Truth Equals true false,
    GuidEquals FoldedText Equals false true,
    GuidNotEquals FoldedText Equals true true,
}

impl Operator {
    /// Finds an operator by its name in any case: built-in roles write `boolequals`.
    pub(super) fn find(name: &str) -> Option<Operator> {
        let place = ALL.iter().position(|spec| spec.name.eq_ignore_ascii_case(name))?;
        u8::try_from(place).ok().map(Operator)
    }

    /// Every operator.
    #[cfg(test)]
    pub(super) fn all() -> impl Iterator<Item = Operator> {
        (0..ALL.len() as u8).map(Operator)
    }

    fn spec(self) -> &'static Spec {
        // INVARIANT: an operator is a place in the list.
        ALL.get(usize::from(self.0)).unwrap_or(&FIRST)
    }

    pub(super) fn name(self) -> &'static str {
        self.spec().name
    }

    pub(super) fn kind(self) -> Kind {
        self.spec().kind
    }

    pub(super) fn relation(self) -> Relation {
        self.spec().relation
    }

    pub(super) fn is_negated(self) -> bool {
        self.spec().negated
    }

    /// Whether it stands behind a prefix: the page lists texts but for their beginnings, numbers and GUIDs.
    pub(super) fn takes_several(self) -> bool {
        let spec = self.spec();
        !matches!(spec.kind, Kind::Date | Kind::Truth) && spec.relation != Relation::Starts
    }

    /// Whether both sides are GUIDs.
    pub(super) fn is_of_guids(self) -> bool {
        self.spec().guid
    }
}

const FIRST: Spec =
    Spec { name: "StringEquals", kind: Kind::Text, relation: Relation::Equals, negated: false, guid: false };

impl std::fmt::Debug for Operator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
