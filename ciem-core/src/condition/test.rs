//! One condition test: an operator with its values, applied to what is known of one key.

use super::key::KeyState;
use super::operator::{Family, Operator, Prefix};
use super::tri::Tri;
use super::values::{self, Address, AddressRange, Point};
use crate::pattern::{Glob, Pattern, Piece, Syntax};
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

/// How ARNs are cut for the Arn operators.
pub(super) const ARN: Syntax = Syntax { separator: ':', segments: 6 };

const UNKNOWN: &str = "unknown condition operator";

/// An operator with set prefix, `IfExists` and values. Two tests are equal when their texts are.
#[derive(Clone, Debug)]
pub(crate) struct Test {
    prefix: Prefix,
    operator: Operator,
    if_exists: bool,
    values: Box<[Box<str>]>,
    operands: Operands,
}

/// The values, read by the operator's family. Lists are sorted.
#[derive(Clone, Debug)]
pub(super) enum Operands {
    Texts(Vec<Box<str>>),
    FoldedTexts(Vec<Box<str>>),
    Globs(Vec<Glob>),
    /// In lower case.
    FoldedGlobs(Vec<Glob>),
    Points(Vec<Point>),
    /// Which truth values match.
    Truths {
        yes: bool,
        no: bool,
    },
    Bytes(Vec<Vec<u8>>),
    Networks(Vec<AddressRange>),
    /// `invalid`: some value is no ARN pattern, so the negated operators never hold.
    Arns {
        patterns: Vec<Pattern>,
        invalid: bool,
    },
    /// Whether the test holds for an absent and for a present key.
    Presence {
        absent: bool,
        present: bool,
    },
}

impl Test {
    /// Reads an operator of a `Condition` block, such as `ForAnyValue:StringLikeIfExists` (any case), and its values. In operators with
    /// wildcards `${*}`, `${?}` and `${$}` stand for the character itself. The error says why the provider would
    /// reject the test.
    pub(crate) fn compile(operator: &str, values: &[&str]) -> Result<Test, String> {
        let (prefix, operator, if_exists) = parse_operator(operator)?;
        if !operator.is_of_blocks() {
            return Err(UNKNOWN.to_owned());
        }
        Test::build(prefix, operator, if_exists, values.iter().map(|value| Box::from(*value)).collect())
    }

    /// The same of parts. Every operator has a form here, of whichever language it is.
    pub(crate) fn build(
        prefix: Prefix,
        operator: Operator,
        if_exists: bool,
        values: Box<[Box<str>]>,
    ) -> Result<Test, String> {
        let operands = Operands::read(operator.family(), &values)?;
        Ok(Test { prefix, operator, if_exists, values, operands })
    }

    /// The canonical spelling of the operator with prefix and `IfExists`.
    pub(crate) fn operator_text(&self) -> String {
        operator_text(self.prefix, self.operator, self.if_exists)
    }

    /// The values as they were given.
    pub(crate) fn values(&self) -> &[Box<str>] {
        &self.values
    }

    /// The operator without prefix and `IfExists`.
    pub(crate) fn operator(&self) -> Operator {
        self.operator
    }

    /// The set prefix.
    pub(crate) fn prefix(&self) -> Prefix {
        self.prefix
    }

    pub(super) fn operands(&self) -> &Operands {
        &self.operands
    }

    /// Whether a value has to be read or rewritten before it can be compared: answers are worth remembering.
    pub(crate) fn reads_values(&self) -> bool {
        matches!(
            self.operator.family(),
            Family::Binary | Family::Date | Family::FoldedText | Family::FoldedGlob
        )
    }

    /// Whether the test holds for what is known of the key. An unknown key gives `Maybe` unless every value and
    /// absence agree.
    pub(crate) fn eval(&self, state: KeyState<'_>) -> Tri {
        match state {
            KeyState::Unknown => self.eval_unknown(),
            KeyState::Absent | KeyState::Many([]) => self.holds_absent().into(),
            KeyState::One(value) => self.accepts(value).into(),
            KeyState::Many(list) => match self.prefix {
                Prefix::None => match list {
                    [value] => self.accepts(value),
                    _ => self.holds_several(),
                },
                Prefix::Any => list.iter().any(|value| self.accepts(value)),
                Prefix::All => list.iter().all(|value| self.accepts(value)),
            }
            .into(),
        }
    }

    /// The answer for an absent key.
    pub(super) fn holds_absent(&self) -> bool {
        match self.operands {
            Operands::Presence { absent, .. } => absent,
            _ if self.if_exists => true,
            _ => match self.prefix {
                Prefix::None => self.operator.is_negated(),
                Prefix::Any => false,
                Prefix::All => true,
            },
        }
    }

    /// The answer of a test without set prefix for a key that has several values: only presence can be told.
    pub(super) fn holds_several(&self) -> bool {
        matches!(self.operands, Operands::Presence { present: true, .. })
    }

    fn eval_unknown(&self) -> Tri {
        let present = match &self.operands {
            Operands::Presence { present, .. } => Tri::from(*present),
            _ => match (self.accepts_alike(), self.prefix) {
                // Without prefix a key with several values never matches, so a sure yes would be too much.
                (Tri::Yes, Prefix::None) => Tri::Maybe,
                (alike, _) => alike,
            },
        };
        if present == Tri::from(self.holds_absent()) { present } else { Tri::Maybe }
    }

    /// Whether all values are accepted, or none.
    fn accepts_alike(&self) -> Tri {
        let (nothing, everything) = match &self.operands {
            Operands::Globs(globs) | Operands::FoldedGlobs(globs) => {
                (globs.is_empty(), globs.iter().any(Glob::is_any))
            }
            Operands::Texts(list) | Operands::FoldedTexts(list) => (list.is_empty(), false),
            Operands::Points(list) => (list.is_empty() && !self.operator.is_negated(), false),
            Operands::Truths { yes, no } => (!yes && !no, false),
            _ => (false, false),
        };
        match (nothing, everything) {
            (true, _) => Tri::from(self.operator.is_negated()),
            (_, true) => Tri::from(!self.operator.is_negated()),
            _ => Tri::Maybe,
        }
    }

    /// Whether one value satisfies the operator; a value that is not of the operator's type never does.
    pub(super) fn accepts(&self, value: &str) -> bool {
        let negated = self.operator.is_negated();
        match &self.operands {
            Operands::Texts(list) => {
                list.binary_search_by(|text| text.as_ref().cmp(value)).is_ok() != negated
            }
            Operands::FoldedTexts(list) => {
                let folded = value.to_lowercase();
                list.iter().any(|text| **text == *folded) != negated
            }
            Operands::Globs(globs) => globs.iter().any(|glob| glob.matches(value)) != negated,
            Operands::FoldedGlobs(globs) => {
                let folded = value.to_lowercase();
                globs.iter().any(|glob| glob.matches(&folded)) != negated
            }
            Operands::Points(_) => {
                self.parse_point(value).is_some_and(|point| self.accepts_order(|operand| point.cmp(operand)))
            }
            Operands::Truths { yes, no } => {
                (*yes && value.eq_ignore_ascii_case("true")) || (*no && value.eq_ignore_ascii_case("false"))
            }
            Operands::Bytes(list) => values::parse_base64(value).is_some_and(|bytes| list.contains(&bytes)),
            Operands::Networks(_) => {
                Address::parse(value).is_some_and(|address| self.accepts_address(address))
            }
            Operands::Arns { patterns, invalid } => {
                is_arn(value)
                    && match negated {
                        false => patterns.iter().any(|pattern| pattern.matches(value, ARN)),
                        true => !invalid && !patterns.iter().any(|pattern| pattern.matches(value, ARN)),
                    }
            }
            Operands::Presence { present, .. } => *present,
        }
    }

    fn parse_point(&self, value: &str) -> Option<Point> {
        match self.operator.family() {
            Family::Date => values::parse_instant(value),
            _ => values::parse_number(value),
        }
    }

    /// For numbers and dates: whether a value is accepted that compares so to each operand.
    pub(super) fn accepts_order(&self, mut compare: impl FnMut(&Point) -> Ordering) -> bool {
        let Operands::Points(operands) = &self.operands else { return false };
        operands.iter().any(|operand| self.operator.matches_order(compare(operand)))
            != self.operator.is_negated()
    }

    /// For networks: whether the address is accepted.
    pub(super) fn accepts_address(&self, address: Address) -> bool {
        let Operands::Networks(networks) = &self.operands else { return false };
        networks.iter().any(|network| network.contains(address)) != self.operator.is_negated()
    }

    fn identity(&self) -> (Operator, Prefix, bool, &[Box<str>]) {
        (self.operator, self.prefix, self.if_exists, &self.values)
    }
}

impl PartialEq for Test {
    fn eq(&self, other: &Test) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for Test {}

impl PartialOrd for Test {
    fn partial_cmp(&self, other: &Test) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Test {
    fn cmp(&self, other: &Test) -> Ordering {
        self.identity().cmp(&other.identity())
    }
}

impl Hash for Test {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
    }
}

/// The canonical spelling of an operator with prefix and `IfExists`.
pub(super) fn operator_text(prefix: Prefix, operator: Operator, if_exists: bool) -> String {
    let prefix = match prefix {
        Prefix::None => "",
        Prefix::Any => "ForAnyValue:",
        Prefix::All => "ForAllValues:",
    };
    format!("{prefix}{}{}", operator.name(), if if_exists { "IfExists" } else { "" })
}

/// Prefix, operator and `IfExists` of a name such as `ForAnyValue:StringLikeIfExists`, in any case.
pub(super) fn parse_operator(operator: &str) -> Result<(Prefix, Operator, bool), String> {
    let (prefix, rest) = split_prefix(operator)?;
    let (operator, if_exists) = match Operator::find(rest) {
        Some(found) => (found, false),
        None => {
            let base = rest.len().checked_sub("IfExists".len()).and_then(|cut| rest.split_at_checked(cut));
            let found = base
                .filter(|(_, suffix)| suffix.eq_ignore_ascii_case("IfExists"))
                .and_then(|(name, _)| Operator::find(name))
                .ok_or_else(|| UNKNOWN.to_owned())?;
            (found, true)
        }
    };
    if operator == Operator::Null && (if_exists || prefix != Prefix::None) {
        return Err("`Null` takes neither a set prefix nor `IfExists`".to_owned());
    }
    Ok((prefix, operator, if_exists))
}

fn split_prefix(operator: &str) -> Result<(Prefix, &str), String> {
    match operator.split_once(':') {
        None => Ok((Prefix::None, operator)),
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case("ForAnyValue") => Ok((Prefix::Any, rest)),
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case("ForAllValues") => Ok((Prefix::All, rest)),
        Some(_) => Err("unknown set prefix; `ForAnyValue:` and `ForAllValues:` exist".to_owned()),
    }
}

impl Operands {
    fn read(family: Family, values: &[Box<str>]) -> Result<Operands, String> {
        Ok(match family {
            Family::Text => Operands::Texts(sorted(values.to_vec())),
            Family::FoldedText => Operands::FoldedTexts(sorted(
                values.iter().map(|value| value.to_lowercase().into()).collect(),
            )),
            Family::Glob => Operands::Globs(sorted(values.iter().map(|value| glob(value)).collect())),
            Family::FoldedGlob => Operands::FoldedGlobs(sorted(
                values.iter().map(|value| glob(&value.to_lowercase())).collect(),
            )),
            Family::Number => Operands::Points(typed(values, values::parse_number, "a number")?),
            Family::Date => {
                Operands::Points(typed(values, values::parse_instant, "an ISO 8601 date or epoch seconds")?)
            }
            Family::Binary => Operands::Bytes(typed(values, values::parse_base64, "base64 text")?),
            Family::Address => Operands::Networks(typed(
                values,
                AddressRange::parse,
                "an IP address or network in CIDR form",
            )?),
            // Another text than these two is accepted in a policy and matches nothing.
            Family::Bool => Operands::Truths { yes: has(values, "true"), no: has(values, "false") },
            Family::Arn => {
                let patterns: Vec<Option<Pattern>> = values.iter().map(|value| arn_pattern(value)).collect();
                let invalid = patterns.iter().any(Option::is_none);
                Operands::Arns { patterns: sorted(patterns.into_iter().flatten().collect()), invalid }
            }
            Family::Presence => match values.iter().find(|value| !is_truth(value)) {
                Some(_) => return Err("the value of `Null` is not `true` or `false`".to_owned()),
                None => Operands::Presence { absent: has(values, "true"), present: has(values, "false") },
            },
        })
    }
}

fn has(values: &[Box<str>], wanted: &str) -> bool {
    values.iter().any(|value| value.eq_ignore_ascii_case(wanted))
}

fn is_truth(value: &str) -> bool {
    value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false")
}

fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort_unstable();
    list.dedup();
    list
}

fn typed<T: Ord>(
    values: &[Box<str>],
    parse: impl Fn(&str) -> Option<T>,
    wanted: &str,
) -> Result<Vec<T>, String> {
    let parsed: Option<Vec<T>> = values.iter().map(|value| parse(value)).collect();
    parsed.map(sorted).ok_or_else(|| format!("a condition value is not {wanted}"))
}

/// A text with wildcards in which `${*}`, `${?}` and `${$}` stand for the character itself.
pub(super) fn glob(text: &str) -> Glob {
    if !text.contains("${") {
        return Glob::parse(text);
    }
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(special) = rest.find(['*', '?', '$']) {
        let (head, tail) = rest.split_at(special);
        let escaped = ["${*}", "${?}", "${$}"].iter().find(|escape| tail.starts_with(**escape));
        let (piece, length) = match (escaped, tail.starts_with('*'), tail.starts_with('?')) {
            (Some(escape), ..) => (Piece::Text(escape.get(2..3).unwrap_or_default()), escape.len()),
            (None, true, _) => (Piece::Any, 1),
            (None, _, true) => (Piece::One, 1),
            _ => (Piece::Text("$"), 1),
        };
        pieces.extend([Piece::Text(head), piece]);
        rest = tail.get(length..).unwrap_or_default();
    }
    pieces.push(Piece::Text(rest));
    Glob::from_pieces(pieces)
}

/// How the pattern of every ARN is written.
pub(super) const EVERY_ARN: &str = "arn:*:*:*:*:*";

/// The pattern of an Arn operator; none if the text can match no ARN.
fn arn_pattern(text: &str) -> Option<Pattern> {
    // What is compared is always an ARN: both mean the same, and must be one pattern to be told equal.
    if text == "*" || text == EVERY_ARN {
        return Some(Pattern::any());
    }
    let segments: Vec<Glob> = text.splitn(usize::from(ARN.segments), ARN.separator).map(glob).collect();
    (segments.len() == usize::from(ARN.segments)).then(|| Pattern::from_segments(segments))
}

fn is_arn(value: &str) -> bool {
    value.starts_with("arn:") && value.splitn(usize::from(ARN.segments), ARN.separator).count() == 6
}
