//! Conditions as `Condition` blocks of policy statements: for every alternative one block, in which operators, keys and
//! values say exactly what the alternative says.
//!
//! A negated test is written with the operator of the opposite sense only if both mean the same for every value and
//! for an absent key. That is not read off a list: candidates are held against the original by simplification, which
//! decides over all values. Where the provider knows the type of a key, values of that type and absence are all there is.

use super::expr::{Atom, Expr};
use super::key::Key;
use super::operator::{Family, Operator, Prefix};
use super::simplify::simplify;
use super::test::{EVERY_ARN, Test};
use super::told::{Told, ToldAtom, ToldTest};
use super::words::plain;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// More alternatives are not written as blocks.
pub(crate) const MOST_BLOCKS: usize = 16;
/// More tests in one alternative are not written as a block.
const MOST_TESTS: usize = 64;
/// Longer lists of values are not compared with others.
const MOST_COMPARED: usize = 64;
/// More opposites are not looked for.
const MOST_COMPARISONS: u32 = 256;

/// What a provider knows of a key's values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct KeyNature {
    /// Whether it can have several.
    pub(crate) many: bool,
    /// An operator of the type that every value has.
    pub(crate) typical: Option<Operator>,
}

/// Blocks, any of which allows; or why there are none.
pub(crate) type Blocks = Result<Vec<Value>, String>;

/// Operators with values by key, as a block has them.
type Block = BTreeMap<String, BTreeMap<String, Vec<String>>>;

impl Told {
    /// The condition as blocks, one for each alternative. None: it never holds. One that is empty: it always does.
    pub(crate) fn to_blocks(&self, nature: &dyn Fn(&str) -> Option<KeyNature>) -> Blocks {
        let mut blocks: Vec<Value> = Vec::new();
        let mut comparisons = MOST_COMPARISONS;
        for alternative in alternatives(self)? {
            let block = json!(write(&alternative, nature, &mut comparisons)?);
            if !blocks.contains(&block) {
                blocks.push(block);
            }
        }
        Ok(blocks)
    }
}

/// A test, and whether its opposite is meant.
type Literal<'a> = (&'a ToldTest, bool);

/// The condition as an `or` of `and`s.
fn alternatives(told: &Told) -> Result<Vec<Vec<Literal<'_>>>, String> {
    match told {
        Told::Atom { negated, atom } => Ok(vec![vec![(key_test(atom)?, *negated)]]),
        Told::Any(parts) => {
            let mut all = Vec::new();
            for part in parts {
                all.extend(alternatives(part)?);
                if all.len() > MOST_BLOCKS {
                    return Err(too_many());
                }
            }
            Ok(all)
        }
        Told::All(parts) => {
            let mut all: Vec<Vec<Literal<'_>>> = vec![Vec::new()];
            for part in parts {
                let here = alternatives(part)?;
                if all.len().saturating_mul(here.len()) > MOST_BLOCKS {
                    return Err(too_many());
                }
                let pairs = all.iter().flat_map(|left| here.iter().map(move |right| (left, right)));
                all = pairs.map(|(left, right)| left.iter().chain(right).copied().collect()).collect();
                if all.first().is_some_and(|first| first.len() > MOST_TESTS) {
                    return Err("more tests than one block is written with".to_owned());
                }
            }
            Ok(all)
        }
    }
}

fn too_many() -> String {
    format!("more than {MOST_BLOCKS} alternatives")
}

fn key_test(atom: &ToldAtom) -> Result<&ToldTest, String> {
    Err(match atom {
        ToldAtom::Key(test) => return Ok(test),
        ToldAtom::Compared(_) => "a condition block cannot compare two keys like this".to_owned(),
        ToldAtom::Session(_) => "a condition block cannot test the session's name".to_owned(),
        ToldAtom::Resources(_) => {
            "a condition block cannot name resources: put them into `Resource` or `NotResource`".to_owned()
        }
        ToldAtom::Missing(_) => "it depends on a fact that the exports do not hold".to_owned(),
    })
}

/// One alternative as a block.
fn write(
    literals: &[Literal<'_>],
    nature: &dyn Fn(&str) -> Option<KeyNature>,
    comparisons: &mut u32,
) -> Result<Block, String> {
    let mut by_key: BTreeMap<String, Vec<Literal<'_>>> = BTreeMap::new();
    for literal in literals {
        let same = by_key.entry(literal.0.key.to_ascii_lowercase()).or_default();
        if !same.contains(literal) {
            same.push(*literal);
        }
    }
    let mut block = Block::new();
    for same in by_key.values() {
        let Some((first, _)) = same.first() else { continue };
        let nature = nature(&first.key);
        let mut writer = KeyWriter {
            // A list that nobody knows of is the case in which fewest tests mean the same.
            key: Key {
                id: 0,
                name: first.key.as_str().into(),
                many: nature.is_none_or(|nature| nature.many),
                clock: false,
            },
            typical: nature.filter(|nature| !nature.many).and_then(|nature| nature.typical),
            tests: BTreeMap::new(),
            comparisons,
        };
        for (test, negated) in same {
            writer.add(test, *negated)?;
        }
        for (operator, values) in writer.tests {
            block.entry(operator).or_default().insert(first.key.clone(), values);
        }
    }
    Ok(block)
}

/// Writes all tests of one key.
struct KeyWriter<'a> {
    key: Key,
    typical: Option<Operator>,
    tests: BTreeMap<String, Vec<String>>,
    /// How many more there may be for the whole condition.
    comparisons: &'a mut u32,
}

impl KeyWriter<'_> {
    fn add(&mut self, told: &ToldTest, negated: bool) -> Result<(), String> {
        if told.values.is_empty() {
            return Err(format!("a test of `{}` has no values", self.named()));
        }
        if !told.operator.is_of_blocks() {
            return Err(format!("`Condition` blocks do not know `{}`", operator_text(told)));
        }
        if !negated {
            return self.put(told.clone());
        }
        if has_variable(told) {
            return Err(format!(
                "the opposite of `{}` on `{}` is not known where a variable stands in its values",
                operator_text(told),
                self.named()
            ));
        }
        let wanted = self.expr(told)?.not();
        for opposite in opposites(told) {
            let Ok(found) = self.expr(&opposite) else { continue };
            if self.same(&wanted, &found)? {
                return self.put(opposite);
            }
            let present = self.presence();
            if self.same(&wanted, &found.and(self.expr(&present)?))? {
                self.put(opposite)?;
                return self.put(present);
            }
        }
        Err(format!(
            "no operator says the opposite of `{}` on `{}` exactly",
            operator_text(told),
            self.named()
        ))
    }

    /// The key as it is shown.
    fn named(&self) -> String {
        plain(&self.key.name)
    }

    /// Adds a test to those that stand there, which must hold together with it.
    fn put(&mut self, told: ToldTest) -> Result<(), String> {
        let operator = operator_text(&told);
        let Some(known) = self.tests.get_mut(&operator) else {
            self.tests.insert(operator, told.values);
            return Ok(());
        };
        if *known == told.values {
            return Ok(());
        }
        // None of these and none of those is none of all; so it is, too, if that goes for every value.
        if told.operator.is_negated() && told.prefix != Prefix::Any {
            known.extend(told.values);
            known.sort_unstable();
            known.dedup();
            return Ok(());
        }
        // The first test demands that the key is there, and the second may then let it be absent.
        let other = ToldTest { if_exists: true, ..told.clone() };
        let (free, demanding) = (operator_text(&other), told.prefix != Prefix::All && !told.if_exists);
        if demanding && told.operator != Operator::Null && !self.tests.contains_key(&free) {
            self.tests.insert(free, told.values);
            return Ok(());
        }
        Err(format!("two tests of `{}` with `{operator}` cannot stand in one block", self.named()))
    }

    fn presence(&self) -> ToldTest {
        ToldTest {
            key: String::new(),
            prefix: Prefix::None,
            operator: Operator::Null,
            if_exists: false,
            values: vec!["false".to_owned()],
        }
    }

    fn expr(&self, told: &ToldTest) -> Result<Expr, String> {
        if told.values.len() > MOST_COMPARED {
            return Err(format!("a test of `{}` has too many values to find its opposite", self.named()));
        }
        let values = told.values.iter().map(|value| Box::from(value.as_str())).collect();
        let test = Test::build(told.prefix, told.operator, told.if_exists, values)?;
        Ok(Expr::atom(Atom::Key { key: self.key.clone(), test }))
    }

    /// Whether both hold for the same values of the key.
    fn same(&mut self, one: &Expr, other: &Expr) -> Result<bool, String> {
        let left = self.comparisons.checked_sub(1);
        *self.comparisons = left.ok_or_else(|| "it has too many tests to find their opposites".to_owned())?;
        let differ = one.clone().minus(other.clone()).or(other.clone().minus(one.clone()));
        let differ = match self.possible() {
            Some(possible) => differ.and(possible),
            None => differ,
        };
        Ok(simplify(&differ).expr == Expr::Never)
    }

    /// That the key is absent or has a value of its type.
    fn possible(&self) -> Option<Expr> {
        let any = |operator, values: &[&str]| {
            let values = values.iter().map(|value| (*value).to_owned()).collect();
            let told =
                ToldTest { key: String::new(), prefix: Prefix::None, operator, if_exists: true, values };
            self.expr(&told).ok()
        };
        match self.typical?.family() {
            Family::Bool => any(Operator::Bool, &["true", "false"]),
            Family::Address => any(Operator::IpAddress, &["0.0.0.0/0", "::/0"]),
            Family::Arn => any(Operator::ArnLike, &[EVERY_ARN]),
            Family::Number => {
                let below = any(Operator::NumericLessThan, &["0"])?;
                Some(below.or(any(Operator::NumericGreaterThanEquals, &["0"])?))
            }
            Family::Date => {
                let before = any(Operator::DateLessThan, &["0"])?;
                Some(before.or(any(Operator::DateGreaterThanEquals, &["0"])?))
            }
            _ => None,
        }
    }
}

/// Tests that may say the opposite, the simplest first.
fn opposites(told: &ToldTest) -> Vec<ToldTest> {
    let flipped = |value: &String| (!value.eq_ignore_ascii_case("true")).to_string();
    let (operator, values) = match told.operator {
        Operator::Bool | Operator::Null => (told.operator, told.values.iter().map(flipped).collect()),
        operator => match operator.opposite() {
            Some(opposite) => (opposite, told.values.clone()),
            None => return Vec::new(),
        },
    };
    let prefix = match told.prefix {
        Prefix::None => Prefix::None,
        Prefix::Any => Prefix::All,
        Prefix::All => Prefix::Any,
    };
    let with =
        |if_exists| ToldTest { key: told.key.clone(), prefix, operator, if_exists, values: values.clone() };
    if operator == Operator::Null { vec![with(false)] } else { vec![with(false), with(true)] }
}

fn operator_text(told: &ToldTest) -> String {
    super::test::operator_text(told.prefix, told.operator, told.if_exists)
}

/// Whether a value holds a variable, other than the escapes of single characters.
fn has_variable(told: &ToldTest) -> bool {
    told.values.iter().any(|value| {
        value.match_indices("${").any(|(at, _)| {
            let rest = value.get(at..).unwrap_or_default();
            !["${*}", "${?}", "${$}"].iter().any(|escape| rest.starts_with(escape))
        })
    })
}
