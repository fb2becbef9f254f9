//! Conditions as answers tell them: the wire form, read back within limits, so that texts and blocks can be made of a
//! decision's `condition` and of the text in a column alike.

use super::cross::Comparison;
use super::operator::{Operator, Prefix};
use super::test::parse_operator;
use crate::error::{Error, Place};
use serde_json::{Map, Value};

/// More levels than this are refused.
const MOST_DEPTH: u64 = 64;
/// More groups, atoms and values than this are refused.
const MOST_NODES: usize = 200_000;

/// A condition with `not` driven down to its atoms.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Told {
    /// All of them hold.
    All(Vec<Told>),
    /// At least one holds.
    Any(Vec<Told>),
    /// The atom holds, or it does not.
    Atom {
        /// Whether it is the opposite that is told.
        negated: bool,
        /// What is tested.
        atom: ToldAtom,
    },
}

/// The smallest thing that a condition tells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum ToldAtom {
    /// A test of a context key.
    Key(ToldTest),
    /// A comparison of two context keys.
    Compared(ToldComparison),
    /// The session has this name; `*` and `?` are wildcards.
    Session(String),
    /// The resource matches one of the patterns.
    Resources(Vec<String>),
    /// A fact that the exports do not hold.
    Missing(String),
}

/// A test of a context key, as it is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ToldTest {
    pub(crate) key: String,
    pub(crate) prefix: Prefix,
    pub(crate) operator: Operator,
    pub(crate) if_exists: bool,
    pub(crate) values: Vec<String>,
}

/// A comparison of two context keys, which holds only where both are present.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ToldComparison {
    pub(crate) left: String,
    pub(crate) comparison: Comparison,
    pub(crate) right: String,
}

impl Told {
    /// Reads the text of a condition.
    pub(crate) fn parse(text: &str) -> Result<Told, Error> {
        let value = serde_json::from_str(text).map_err(|error| {
            let line = u64::try_from(error.line()).unwrap_or(u64::MAX);
            Error::malformed(format!("the condition is not JSON: {error}"), Place::default().line(line))
        })?;
        Told::read(&value)
    }

    /// Reads a condition in wire form. Members that it does not know are ignored.
    pub(crate) fn read(value: &Value) -> Result<Told, Error> {
        Reader { left: MOST_NODES }.read(value, false, 0)
    }
}

struct Reader {
    left: usize,
}

impl Reader {
    fn read(&mut self, value: &Value, negated: bool, depth: u64) -> Result<Told, Error> {
        if depth > MOST_DEPTH {
            return Err(Error::TooDeep { limit: MOST_DEPTH, place: Place::default() });
        }
        self.take(1)?;
        let Value::Object(map) = value else { return Err(invalid("a condition is an object")) };
        for (name, conjunction) in [("and", true), ("or", false)] {
            if let Some(parts) = map.get(name) {
                let parts = parts.as_array().ok_or_else(|| invalid("`and` and `or` hold lists"))?;
                let parts = parts.iter().map(|part| self.read(part, negated, depth + 1));
                let parts = parts.collect::<Result<Vec<Told>, Error>>()?;
                return Ok(if conjunction != negated { Told::All(parts) } else { Told::Any(parts) });
            }
        }
        match map.get("not") {
            Some(inner) => self.read(inner, !negated, depth + 1),
            None => Ok(Told::Atom { negated, atom: self.atom(map)? }),
        }
    }

    fn atom(&mut self, map: &Map<String, Value>) -> Result<ToldAtom, Error> {
        if let Some(key) = map.get("key") {
            let operator = map.get("operator").and_then(Value::as_str);
            let operator = operator.ok_or_else(|| invalid("a test of a key has an `operator`"))?;
            let values = self.texts(map.get("values").unwrap_or(&Value::Null))?;
            let right = match values.as_slice() {
                [other] => other.strip_prefix("${").and_then(|other| other.strip_suffix('}')),
                _ => None,
            };
            let (prefix, operator, if_exists) = match (parse_operator(operator), right) {
                (Ok(read), _) => read,
                (Err(reason), right) => {
                    let compared = Comparison::parse(operator).zip(right);
                    let Some((comparison, right)) = compared else {
                        return Err(Error::invalid("condition", reason));
                    };
                    let (left, right) = (text(key)?, right.to_owned());
                    return Ok(ToldAtom::Compared(ToldComparison { left, comparison, right }));
                }
            };
            return Ok(ToldAtom::Key(ToldTest { key: text(key)?, prefix, operator, if_exists, values }));
        }
        if let Some(name) = map.get("session_name") {
            return Ok(ToldAtom::Session(text(name)?));
        }
        if let Some(patterns) = map.get("resource_in") {
            return Ok(ToldAtom::Resources(self.texts(patterns)?));
        }
        match map.get("missing") {
            Some(fact) => Ok(ToldAtom::Missing(text(fact)?)),
            None => Err(invalid(
                "expected `and`, `or`, `not`, `key`, `session_name`, `resource_in` or `missing`; see the field \
                 `condition` of a decision",
            )),
        }
    }

    fn texts(&mut self, value: &Value) -> Result<Vec<String>, Error> {
        let list = value.as_array().ok_or_else(|| invalid("values and patterns are lists of texts"))?;
        self.take(list.len())?;
        list.iter().map(text).collect()
    }

    fn take(&mut self, nodes: usize) -> Result<(), Error> {
        let what = || Error::TooComplex { what: "the condition".to_owned(), place: Place::default() };
        self.left = self.left.checked_sub(nodes).ok_or_else(what)?;
        Ok(())
    }
}

fn text(value: &Value) -> Result<String, Error> {
    value.as_str().map(str::to_owned).ok_or_else(|| invalid("expected a text"))
}

fn invalid(reason: &str) -> Error {
    Error::invalid("condition", reason)
}
