//! Reads the text of a condition.

use super::operator::Operator;
use super::scan::{Placed, Token, scan};
use super::syntax::{Attribute, Compare, Condition, Literal, Operand};
use crate::condition::{Kind, Over, parse_instant};

/// Azure accepts no longer condition.
pub(super) const MOST_BYTES: usize = 8 * 1024;
/// Deeper nesting is refused.
const MOST_DEPTH: usize = 64;
/// Numbers beyond are not compared exactly.
const MOST_NUMBER: u64 = 1 << 53;

/// Why a text is no condition that can be relied on. The message names the place, counted in characters from 1.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// The language has no order of precedence between the two.
    #[error("character {at}: `AND` and `OR` side by side; parentheses have to say which goes first")]
    Mixed {
        /// Where the second of them stands.
        at: usize,
    },
    #[error("character {at}: expected {expected}")]
    Syntax { at: usize, expected: String },
    /// It is well-formed, and what it means is not known or cannot be told.
    #[error("character {at}: {reason}")]
    Unsupported { at: usize, reason: String },
    #[error("a condition has at most {MOST_BYTES} bytes")]
    TooLarge,
    #[error("character {at}: nesting is deeper than {MOST_DEPTH} levels")]
    TooDeep { at: usize },
    /// With all that it says of actions and values there would be too many cases.
    #[error("the condition is too complex: {reason}")]
    TooComplex { reason: String },
}

impl Fault {
    pub(super) fn syntax(text: &str, at: usize, expected: impl Into<String>) -> Fault {
        Fault::Syntax { at: character(text, at), expected: expected.into() }
    }

    fn unsupported(text: &str, at: usize, reason: impl Into<String>) -> Fault {
        Fault::Unsupported { at: character(text, at), reason: reason.into() }
    }
}

fn character(text: &str, at: usize) -> usize {
    text.get(..at).map_or(0, |before| before.chars().count()) + 1
}

/// Reads a whole condition.
pub(super) fn parse(text: &str) -> Result<Condition, Fault> {
    if text.len() > MOST_BYTES {
        return Err(Fault::TooLarge);
    }
    let tokens = scan(text)?;
    let mut parser = Parser { text, tokens: &tokens, next: 0 };
    let condition = parser.group(0)?;
    match parser.peek() {
        None => Ok(condition),
        Some(_) => Err(parser.expected("`AND`, `OR` or the end")),
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: &'a [Placed<'a>],
    next: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Token<'a>> {
        self.tokens.get(self.next).map(|(token, _)| token)
    }

    fn at(&self) -> usize {
        self.tokens.get(self.next).map_or(self.text.len(), |(_, at)| *at)
    }

    fn take(&mut self, wanted: &Token<'_>) -> bool {
        let found = self.peek() == Some(wanted);
        self.next += usize::from(found);
        found
    }

    fn expected(&self, what: &str) -> Fault {
        Fault::syntax(self.text, self.at(), what)
    }

    fn need(&mut self, wanted: &Token<'_>, name: &str) -> Result<(), Fault> {
        if self.take(wanted) { Ok(()) } else { Err(self.expected(name)) }
    }

    /// Parts joined by one word.
    fn group(&mut self, depth: usize) -> Result<Condition, Fault> {
        let first = self.part(depth)?;
        let word = match self.peek() {
            Some(word @ (Token::And | Token::Or)) => word,
            _ => return Ok(first),
        };
        let mut parts = vec![first];
        while self.take(word) {
            parts.push(self.part(depth)?);
        }
        match self.peek() {
            Some(Token::And | Token::Or) => Err(Fault::Mixed { at: character(self.text, self.at()) }),
            _ if *word == Token::And => Ok(Condition::And(parts)),
            _ => Ok(Condition::Or(parts)),
        }
    }

    fn part(&mut self, depth: usize) -> Result<Condition, Fault> {
        if depth > MOST_DEPTH {
            return Err(Fault::TooDeep { at: character(self.text, self.at()) });
        }
        if self.take(&Token::Not) {
            return Ok(Condition::Not(Box::new(self.part(depth + 1)?)));
        }
        if self.take(&Token::Open) {
            let inner = self.group(depth + 1)?;
            self.need(&Token::Close, "`)`")?;
            return Ok(inner);
        }
        self.test()
    }

    fn test(&mut self) -> Result<Condition, Fault> {
        if let Some(Token::Word(word)) = self.peek() {
            let function: Option<fn(Box<str>) -> Condition> = match word {
                _ if word.eq_ignore_ascii_case("ActionMatches") => Some(Condition::Action),
                _ if word.eq_ignore_ascii_case("SubOperationMatches") => Some(Condition::SubOperation),
                _ => None,
            };
            if let Some(function) = function {
                self.next += 1;
                return self.pattern().map(function);
            }
            if word.eq_ignore_ascii_case("Exists") {
                self.next += 1;
                return self.attribute().map(Condition::Exists).ok_or_else(|| self.expected("an attribute"));
            }
        }
        self.compare()
    }

    /// `{'pattern'}`
    fn pattern(&mut self) -> Result<Box<str>, Fault> {
        self.need(&Token::OpenSet, "`{`")?;
        let Some(Token::Text(pattern)) = self.peek() else { return Err(self.expected("a text in `'`")) };
        if pattern.is_empty() {
            return Err(self.expected("a name"));
        }
        self.next += 1;
        self.need(&Token::CloseSet, "`}` after one name")?;
        Ok((*pattern).into())
    }

    fn attribute(&mut self) -> Option<Attribute> {
        let Some(Token::Attribute(source, name)) = self.peek() else { return None };
        self.next += 1;
        Some(Attribute { source: *source, name: (*name).into() })
    }

    fn compare(&mut self) -> Result<Condition, Fault> {
        let start = self.next;
        self.operand(None)?;
        let (over, operator) = self.operator()?;
        let end = self.next;
        // What a value may be follows from the operator behind it.
        self.next = start;
        let left = self.operand(Some(operator))?;
        self.next = end;
        let right_at = self.at();
        let right = self.operand(Some(operator))?;
        let several = |operand: &Operand| matches!(operand, Operand::Set(list) if list.len() > 1);
        if over.is_none() && (several(&left) || several(&right)) {
            let reason = match operator.takes_several() {
                true => format!(
                    "several values need a prefix such as `ForAnyOfAnyValues:` before `{}`",
                    operator.name()
                ),
                false => format!("`{}` compares one value with one", operator.name()),
            };
            return Err(Fault::unsupported(self.text, right_at, reason));
        }
        if matches!(right, Operand::Attribute(_)) && operator.relation() == crate::condition::Relation::Like {
            return Err(Fault::unsupported(self.text, right_at, "the pattern is the value of an attribute"));
        }
        Ok(Condition::Compare(Compare { left, over, operator, right }))
    }

    fn operator(&mut self) -> Result<(Option<[Over; 2]>, Operator), Fault> {
        let Some(Token::Word(word)) = self.peek() else { return Err(self.expected("an operator")) };
        let (over, name) = match word.split_once(':') {
            None => (None, *word),
            Some((prefix, name)) => (Some(over(prefix).ok_or_else(|| self.expected(PREFIXES))?), name),
        };
        let operator =
            Operator::find(name).ok_or_else(|| self.expected("an operator such as `StringEquals`"))?;
        if over.is_some() && !operator.takes_several() {
            let reason = format!("`{}` has no form with a prefix", operator.name());
            return Err(Fault::unsupported(self.text, self.at(), reason));
        }
        self.next += 1;
        Ok((over, operator))
    }

    fn operand(&mut self, of: Option<Operator>) -> Result<Operand, Fault> {
        if let Some(attribute) = self.attribute() {
            return Ok(Operand::Attribute(attribute));
        }
        if !self.take(&Token::OpenSet) {
            return self.literal(of).map(Operand::One);
        }
        let mut list = vec![self.literal(of)?];
        while self.take(&Token::Comma) {
            list.push(self.literal(of)?);
        }
        self.need(&Token::CloseSet, "`,` or `}`")?;
        Ok(Operand::Set(list))
    }

    /// A value; of the operator's type, where the operator is known.
    fn literal(&mut self, of: Option<Operator>) -> Result<Literal, Fault> {
        let literal = match self.peek() {
            Some(Token::Text(text)) => Some(Literal::Text((*text).into())),
            Some(Token::Word(word)) => literal(word),
            _ => None,
        };
        let literal = literal.ok_or_else(|| self.expected("an attribute or a value"))?;
        let literal = match of {
            None => literal,
            Some(operator) => typed(literal, operator)
                .ok_or_else(|| self.expected(&format!("a value that `{}` can compare", operator.name())))?,
        };
        self.next += 1;
        Ok(literal)
    }
}

const PREFIXES: &str =
    "`ForAnyOfAnyValues:`, `ForAllOfAnyValues:`, `ForAnyOfAllValues:` or `ForAllOfAllValues:`";

fn over(prefix: &str) -> Option<[Over; 2]> {
    [[Over::Any, Over::Any], [Over::All, Over::Any], [Over::Any, Over::All], [Over::All, Over::All]]
        .into_iter()
        .find(|[left, right]| format!("For{left:?}Of{right:?}Values").eq_ignore_ascii_case(prefix))
}

/// A value without quotes.
fn literal(word: &str) -> Option<Literal> {
    if let Some(guid) = guid(word) {
        return Some(Literal::Guid(guid));
    }
    match word {
        _ if word.eq_ignore_ascii_case("true") => Some(Literal::Truth(true)),
        _ if word.eq_ignore_ascii_case("false") => Some(Literal::Truth(false)),
        _ => word
            .parse()
            .ok()
            .filter(|number: &i64| number.unsigned_abs() <= MOST_NUMBER)
            .map(Literal::Integer),
    }
}

/// A GUID, with or without dashes, in lower case and with dashes.
pub(super) fn guid(text: &str) -> Option<Box<str>> {
    let parts = [8, 4, 4, 4, 12];
    let digits: String = text.chars().filter(|c| *c != '-').map(|c| c.to_ascii_lowercase()).collect();
    if digits.len() != 32 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut rest = digits.as_str();
    let mut cut: Vec<&str> = Vec::with_capacity(parts.len());
    for length in parts {
        let (part, after) = rest.split_at_checked(length)?;
        cut.push(part);
        rest = after;
    }
    let dashed = cut.join("-");
    (text.len() == digits.len() || text.eq_ignore_ascii_case(&dashed)).then(|| dashed.into())
}

/// The value as the operator compares it.
fn typed(literal: Literal, operator: Operator) -> Option<Literal> {
    match (operator.kind(), literal) {
        (_, Literal::Guid(guid)) if operator.is_of_guids() => Some(Literal::Guid(guid)),
        (_, Literal::Text(text)) if operator.is_of_guids() => guid(&text).map(Literal::Guid),
        _ if operator.is_of_guids() => None,
        (Kind::Text | Kind::FoldedText, literal @ Literal::Text(_))
        | (Kind::Number, literal @ Literal::Integer(_))
        | (Kind::Truth, literal @ Literal::Truth(_)) => Some(literal),
        (Kind::Date, Literal::Text(text)) => parse_instant(&text).map(|_| Literal::Text(text)),
        _ => None,
    }
}
