//! Comparisons of two lists: of a key with fixed values, or of two keys.
//!
//! Each side says whether some or all of its values count; the left side's word is the outer one. An absent key satisfies
//! no comparison, nor does a value that is not of the type. A comparison with fixed values is an expression of tests of
//! the one key; whatever is known of one of two keys makes it an expression of tests of the other.

use super::expr::{Atom, Expr};
use super::key::{Key, KeyState};
use super::operator::{Operator, Prefix};
use super::test::{Test, glob};
use super::tri::Tri;
use super::values::{self, Point};
use crate::pattern::{Glob, Piece};
use std::cmp::Ordering;

/// What of a side counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Over {
    Any,
    All,
}

/// How two values are compared, read from left to right.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Relation {
    Equals,
    /// The left text starts with the right one.
    Starts,
    /// The left text matches the right one, a pattern with `*` and `?`, where `${*}`, `${?}` and `${$}` stand for the
    /// character itself.
    Like,
    Less,
    LessEquals,
    Greater,
    GreaterEquals,
}

/// The type that both values have.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Kind {
    Text,
    FoldedText,
    Number,
    Date,
    Truth,
}

/// Which side of a comparison a key stands on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Side {
    Left,
    Right,
}

/// A comparison without its sides.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Comparison {
    pub(crate) kind: Kind,
    pub(crate) relation: Relation,
    /// Whether two values are wanted for which the relation does not hold.
    pub(crate) negated: bool,
    /// What counts, on the left and on the right; without it each side has one value.
    pub(crate) over: Option<[Over; 2]>,
}

/// A key compared with another one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Cross {
    pub(crate) comparison: Comparison,
    pub(crate) right: Key,
}

/// Operator and values of a test.
type Written = (Operator, Box<[Box<str>]>);

/// Longer texts are not compared with all that they may start with.
const MOST_PREFIXES: usize = 1024;

impl Comparison {
    /// The comparison as an expression of tests of `key`, which stands on `side`; `values` stand on the other. The error
    /// says what cannot be told so.
    pub(crate) fn tested(self, key: &Key, side: Side, values: &[&str]) -> Result<Expr, String> {
        let [own, others] = match (self.over, side) {
            (None, _) if values.len() != 1 => return Ok(Expr::Never),
            (None, _) => [Over::Any, Over::Any],
            (Some(over), Side::Left) => over,
            (Some([left, right]), Side::Right) => [right, left],
        };
        // A value that is not of the type is met by nothing.
        let typed: Vec<&str> = values.iter().copied().filter(|value| self.is_typed(value)).collect();
        if typed.is_empty() || others == Over::All && typed.len() < values.len() {
            return Ok(Expr::Never);
        }
        let values = typed.as_slice();
        if self.over.is_none() {
            return self.leaf(key, side, Prefix::None, values);
        }
        let prefix = match (own, key.many) {
            (_, false) => Prefix::None,
            (Over::Any, true) => Prefix::Any,
            (Over::All, true) => Prefix::All,
        };
        let one_by_one = |join: fn(Expr, Expr) -> Expr, start: Expr| {
            values.iter().try_fold(start, |all, value| Ok(join(all, self.leaf(key, side, prefix, &[value])?)))
        };
        match (own, others, self.negated) {
            // One test takes a list: one of the values, or none of them.
            (Over::Any, Over::Any, false) | (Over::All, Over::All, true) => {
                self.leaf(key, side, prefix, values)
            }
            (Over::Any, Over::Any, true) => one_by_one(Expr::or, Expr::Never),
            (Over::All, Over::All, false) => one_by_one(Expr::and, Expr::Always),
            // The values of the key are chosen first.
            (Over::Any, Over::All, true) | (Over::All, Over::Any, false) if side == Side::Left => {
                self.leaf(key, side, prefix, values)
            }
            (Over::Any, Over::All, false) | (Over::All, Over::Any, true) if side == Side::Left => {
                let met = self.meet(values)?;
                self.leaf(key, side, prefix, &met.iter().map(String::as_str).collect::<Vec<_>>())
            }
            // The others are.
            (Over::Any, Over::All, _) => one_by_one(Expr::and, Expr::Always),
            (Over::All, Over::Any, _) => one_by_one(Expr::or, Expr::Never),
        }
    }

    /// Whether the comparison of fixed values holds.
    pub(crate) fn holds(self, left: &[&str], right: &[&str]) -> Result<bool, String> {
        let key = Key { id: 0, name: "".into(), many: self.over.is_some(), clock: false };
        let left: Vec<Box<str>> = left.iter().map(|value| Box::from(*value)).collect();
        self.holds_for(&key, KeyState::Many(&left), right)
    }

    fn holds_for(self, key: &Key, left: KeyState<'_>, right: &[&str]) -> Result<bool, String> {
        let expr = self.tested(key, Side::Left, right)?;
        let holds = expr.eval(&mut |atom| match atom {
            Atom::Key { test, .. } => test.eval(left),
            _ => Tri::Maybe,
        });
        Ok(holds == Tri::Yes)
    }

    /// One test, which an absent key does not satisfy: some value of the list is met, or none is.
    fn leaf(self, key: &Key, side: Side, prefix: Prefix, values: &[&str]) -> Result<Expr, String> {
        let (operator, values) = self.written(side, values)?;
        if values.is_empty() && !self.negated {
            return Ok(Expr::Never);
        }
        let atom = |test| Expr::atom(Atom::Key { key: key.clone(), test });
        let test = atom(Test::build(prefix, operator, false, values)?);
        if prefix == Prefix::All || operator.is_negated() && prefix == Prefix::None {
            let present = Test::build(Prefix::None, Operator::Null, false, Box::new(["false".into()]))?;
            return Ok(atom(present).and(test));
        }
        Ok(test)
    }

    /// Operator and values of the test of a key on that side.
    fn written(self, side: Side, values: &[&str]) -> Result<Written, String> {
        use Relation::{Equals, Greater, GreaterEquals, Less, LessEquals, Like, Starts};
        let relation = match (self.relation, side) {
            (relation, Side::Left) => relation,
            (Less, Side::Right) => Greater,
            (LessEquals, Side::Right) => GreaterEquals,
            (Greater, Side::Right) => Less,
            (GreaterEquals, Side::Right) => LessEquals,
            (Like, Side::Right) => return Err("a pattern comes from the request".to_owned()),
            (Starts, Side::Right) => {
                let equals = Comparison { relation: Equals, ..self };
                let beginnings = self.beginnings(values)?;
                return equals
                    .written(Side::Left, &beginnings.iter().map(String::as_str).collect::<Vec<_>>());
            }
            (Equals, Side::Right) => Equals,
        };
        let number = matches!(self.kind, Kind::Number);
        let operator = match (self.kind, relation, self.negated) {
            (Kind::Truth, ..) => Operator::Bool,
            (Kind::Text, Equals, false) => Operator::StringEquals,
            (Kind::Text, Equals, true) => Operator::StringNotEquals,
            (Kind::Text, _, false) => Operator::StringLike,
            (Kind::Text, _, true) => Operator::StringNotLike,
            (Kind::FoldedText, Equals, false) => Operator::StringEqualsIgnoreCase,
            (Kind::FoldedText, Equals, true) => Operator::StringNotEqualsIgnoreCase,
            (Kind::FoldedText, _, false) => Operator::StringLikeIgnoreCase,
            (Kind::FoldedText, _, true) => Operator::StringNotLikeIgnoreCase,
            (_, Less, _) if number => Operator::NumericLessThan,
            (_, LessEquals, _) if number => Operator::NumericLessThanEquals,
            (_, Greater, _) if number => Operator::NumericGreaterThan,
            (_, GreaterEquals, _) if number => Operator::NumericGreaterThanEquals,
            (_, _, false) if number => Operator::NumericEquals,
            (_, _, true) if number => Operator::NumericNotEquals,
            (_, Less, _) => Operator::DateLessThan,
            (_, LessEquals, _) => Operator::DateLessThanEquals,
            (_, Greater, _) => Operator::DateGreaterThan,
            (_, GreaterEquals, _) => Operator::DateGreaterThanEquals,
            (_, _, false) => Operator::DateEquals,
            (_, _, true) => Operator::DateNotEquals,
        };
        let values = match (self.kind, relation) {
            (Kind::Truth, _) => ["false", "true"]
                .into_iter()
                .filter(|truth| values.iter().any(|value| value.eq_ignore_ascii_case(truth)) != self.negated)
                .map(Box::from)
                .collect(),
            (_, Starts) => values
                .iter()
                .map(|value| Glob::from_pieces([Piece::Text(value), Piece::Any]).to_string().into())
                .collect(),
            _ => values.iter().map(|value| Box::from(*value)).collect(),
        };
        Ok((operator, values))
    }

    fn is_typed(self, value: &str) -> bool {
        match self.kind {
            Kind::Number | Kind::Date => self.point(value).is_some(),
            Kind::Truth => value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false"),
            Kind::Text | Kind::FoldedText => true,
        }
    }

    fn point(self, value: &str) -> Option<Point> {
        if self.kind == Kind::Date { values::parse_instant(value) } else { values::parse_number(value) }
    }

    fn folded(self, value: &str) -> String {
        if self.kind == Kind::FoldedText { value.to_lowercase() } else { value.to_owned() }
    }

    /// Values such that who meets one of them meets all of `list`.
    fn meet(self, list: &[&str]) -> Result<Vec<String>, String> {
        let by_point = |wanted: Ordering| {
            list.iter().copied().reduce(|one, other| {
                if self.point(other).cmp(&self.point(one)) == wanted { other } else { one }
            })
        };
        let same = |one: &str, other: &str| match self.kind {
            Kind::Number | Kind::Date => self.point(one) == self.point(other),
            Kind::Truth => one.eq_ignore_ascii_case(other),
            Kind::Text | Kind::FoldedText => self.folded(one) == self.folded(other),
        };
        let found = match self.relation {
            Relation::Less | Relation::LessEquals => by_point(Ordering::Less),
            Relation::Greater | Relation::GreaterEquals => by_point(Ordering::Greater),
            Relation::Equals => list.first().copied().filter(|first| list.iter().all(|one| same(first, one))),
            Relation::Starts => {
                let longest = list.iter().copied().max_by_key(|text| self.folded(text).len());
                let starts =
                    |text: &&str| list.iter().all(|start| self.folded(text).starts_with(&self.folded(start)));
                longest.filter(starts)
            }
            Relation::Like => return self.meet_patterns(list),
        };
        Ok(found.map(str::to_owned).into_iter().collect())
    }

    fn meet_patterns(self, list: &[&str]) -> Result<Vec<String>, String> {
        let mut met = vec![Glob::any()];
        for pattern in list {
            let pattern = glob(&self.folded(pattern));
            let mut next = Vec::new();
            for one in &met {
                next.extend(one.intersect(&pattern).ok_or("the patterns have too many texts in common")?);
            }
            met = next;
        }
        Ok(met.iter().map(Glob::to_string).collect())
    }

    /// Everything that one of the texts starts with.
    fn beginnings(self, list: &[&str]) -> Result<Vec<String>, String> {
        let mut found = Vec::new();
        for text in list {
            let text = self.folded(text);
            let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            found.extend(ends.filter_map(|end| text.get(..end).map(str::to_owned)));
            if found.len() > MOST_PREFIXES {
                return Err("a text starts with too many others".to_owned());
            }
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// As it is shown, such as `ForAnyOfAnyValues:StringEquals`.
    pub(crate) fn operator_text(self) -> String {
        let over = self.over.map_or(String::new(), |[left, right]| format!("For{left:?}Of{right:?}Values:"));
        let kind = match self.kind {
            Kind::Text | Kind::FoldedText => "String",
            Kind::Number => "Numeric",
            Kind::Date => "DateTime",
            Kind::Truth => "Bool",
        };
        let not = if self.negated { "Not" } else { "" };
        let relation = match self.relation {
            Relation::Equals => "Equals",
            Relation::Starts => "StartsWith",
            Relation::Like => "Like",
            Relation::Less => "LessThan",
            Relation::LessEquals => "LessThanEquals",
            Relation::Greater => "GreaterThan",
            Relation::GreaterEquals => "GreaterThanEquals",
        };
        let case = if self.kind == Kind::FoldedText { "IgnoreCase" } else { "" };
        format!("{over}{kind}{not}{relation}{case}")
    }

    /// Reads what [`Self::operator_text`] writes.
    pub(crate) fn parse(text: &str) -> Option<Comparison> {
        let side = |text: &str| match text {
            "Any" => Some(Over::Any),
            "All" => Some(Over::All),
            _ => None,
        };
        let (over, rest) = match text.strip_prefix("For") {
            Some(text) => {
                let (over, rest) = text.split_once("Values:")?;
                let (left, right) = over.split_once("Of")?;
                (Some([side(left)?, side(right)?]), rest)
            }
            None => (None, text),
        };
        let kinds = [
            ("String", Kind::Text),
            ("Numeric", Kind::Number),
            ("DateTime", Kind::Date),
            ("Bool", Kind::Truth),
        ];
        let (kind, rest) = kinds.iter().find_map(|(name, kind)| Some((*kind, rest.strip_prefix(name)?)))?;
        let (kind, rest) = match (kind, rest.strip_suffix("IgnoreCase")) {
            (Kind::Text, Some(rest)) => (Kind::FoldedText, rest),
            _ => (kind, rest),
        };
        let (negated, rest) = rest.strip_prefix("Not").map_or((false, rest), |rest| (true, rest));
        let relation = match rest {
            "Equals" => Relation::Equals,
            "StartsWith" => Relation::Starts,
            "Like" => Relation::Like,
            "LessThan" => Relation::Less,
            "LessThanEquals" => Relation::LessEquals,
            "GreaterThan" => Relation::Greater,
            "GreaterThanEquals" => Relation::GreaterEquals,
            _ => return None,
        };
        Some(Comparison { kind, relation, negated, over })
    }
}

impl Cross {
    /// What is left of the comparison where `left` and the other key are known so far; none if both are open.
    pub(crate) fn tested(&self, left: &Key, of_left: KeyState<'_>, of_right: KeyState<'_>) -> Option<Expr> {
        match (listed(of_left), listed(of_right)) {
            (Some(values), _) | (_, Some(values)) if values.is_empty() => Some(Expr::Never),
            (Some(_), Some(values)) => {
                let holds = self.comparison.holds_for(left, of_left, &values).ok()?;
                Some(if holds { Expr::Always } else { Expr::Never })
            }
            (None, Some(values)) => self.comparison.tested(left, Side::Left, &values).ok(),
            (Some(values), None) => self.comparison.tested(&self.right, Side::Right, &values).ok(),
            (None, None) => None,
        }
    }
}

/// The values of a key of which everything is known.
fn listed<'a>(state: KeyState<'a>) -> Option<Vec<&'a str>> {
    match state {
        KeyState::Unknown => None,
        KeyState::Absent => Some(Vec::new()),
        KeyState::One(value) => Some(vec![value]),
        KeyState::Many(list) => Some(list.iter().map(|value| &**value).collect()),
    }
}
