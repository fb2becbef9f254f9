//! Values of one key that answer its tests in every way in which values can.

use super::key::KeyState;
use super::operator::{Family, Prefix};
use super::test::{ARN, EVERY_ARN, Operands, Test};
use super::tri::Tri;
use super::values::{self, Address, Point};
use crate::pattern::{Budget, Glob, Members, Pattern, PatternCells, glob_cells};
use std::net::{Ipv4Addr, Ipv6Addr};

/// A concrete state of a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Example {
    Absent,
    One(String),
    Many(Vec<Box<str>>),
}

impl Example {
    pub(crate) fn state(&self) -> KeyState<'_> {
        match self {
            Example::Absent => KeyState::Absent,
            Example::One(value) => KeyState::One(value),
            Example::Many(values) => KeyState::Many(values),
        }
    }
}

/// Examples of which no two answer all tests alike.
#[derive(Clone, Debug)]
pub(crate) struct Examples {
    pub(crate) examples: Vec<Example>,
    /// Whether every state of the key answers like one of them.
    pub(crate) complete: bool,
}

/// States that one walk over the globs of a key may visit.
const MOST_STATES: usize = 1 << 13;
/// Up to so many kinds of values every set of them is an example.
const MOST_KINDS: usize = 6;
/// A value that is of no type but text.
const NO_TYPE: &str = "x";

/// Examples for a key with these tests; `many` if it can hold several values.
pub(crate) fn examples(many: bool, tests: &[&Test]) -> Examples {
    let (mut values, mut complete) = single_values(tests);
    let mut seen: Vec<Vec<bool>> = Vec::new();
    values.retain(|value| {
        let answers: Vec<bool> = tests.iter().map(|test| test.accepts(value)).collect();
        let new = !seen.contains(&answers);
        if new {
            seen.push(answers);
        }
        new
    });
    let mut examples = vec![Example::Absent];
    examples.extend(values.iter().map(|value| Example::One(value.clone())));
    if many {
        let list = |values: &mut dyn Iterator<Item = &String>| {
            Example::Many(values.map(|value| Box::from(value.as_str())).collect())
        };
        if values.len() <= MOST_KINDS {
            for set in (1usize..1 << values.len()).filter(|set| !set.is_power_of_two()) {
                let chosen = &mut values.iter().enumerate().filter(|(at, _)| set >> at & 1 == 1);
                examples.push(list(&mut chosen.map(|(_, value)| value)));
            }
        } else {
            for (at, first) in values.iter().enumerate() {
                let pairs = values.iter().skip(at + 1);
                examples.extend(pairs.map(|second| list(&mut [first, second].into_iter())));
            }
            examples.push(list(&mut values.iter()));
            complete = false;
        }
        // Two values that no test tells apart are not among them.
        complete &= tests.iter().all(|test| test.prefix() != Prefix::None);
    }
    let mut answers: Vec<Vec<Tri>> = Vec::new();
    examples.retain(|example| {
        let own: Vec<Tri> = tests.iter().map(|test| test.eval(example.state())).collect();
        let new = !answers.contains(&own);
        if new {
            answers.push(own);
        }
        new
    });
    Examples { examples, complete }
}

/// Values for every way in which one value can answer, and whether surely none is missing.
fn single_values(tests: &[&Test]) -> (Vec<String>, bool) {
    let has = |wanted: &[Family]| tests.iter().any(|test| wanted.contains(&test.operator().family()));
    let mut values = Vec::new();
    let (mut complete, mut kinds) = (true, 0);
    if has(&[Family::Text, Family::Glob, Family::FoldedText, Family::FoldedGlob]) {
        kinds += 1;
        complete &= texts(tests, &mut values);
    }
    if has(&[Family::Arn]) {
        kinds += 1;
        complete &= arns(tests, &mut values);
    }
    for family in [Family::Number, Family::Date] {
        if has(&[family]) {
            kinds += 1;
            complete &= line(tests, family, &mut values);
        }
    }
    if has(&[Family::Bool]) {
        kinds += 1;
        values.extend(["true".to_owned(), "false".to_owned()]);
    }
    if has(&[Family::Address]) {
        kinds += 1;
        addresses(tests, &mut values);
    }
    if has(&[Family::Binary]) {
        kinds += 1;
        let lists = tests.iter().filter_map(|test| match test.operands() {
            Operands::Bytes(list) => Some(list),
            _ => None,
        });
        values.extend(lists.flatten().map(|bytes| values::base64_text(bytes)));
    }
    values.push(NO_TYPE.to_owned());
    (values, complete && kinds < 2)
}

fn texts(tests: &[&Test], values: &mut Vec<String>) -> bool {
    let (mut globs, mut folded) = (Vec::new(), false);
    for test in tests {
        match test.operands() {
            Operands::Texts(list) => globs.extend(list.iter().map(|text| Glob::literal(text))),
            Operands::Globs(list) => globs.extend(list.iter().cloned()),
            Operands::FoldedGlobs(list) => {
                folded = true;
                globs.extend(list.iter().cloned());
            }
            Operands::FoldedTexts(list) => {
                folded = true;
                values.extend(list.iter().flat_map(|text| [text.to_string(), text.to_uppercase()]));
            }
            _ => {}
        }
    }
    globs.sort_unstable();
    globs.dedup();
    values.extend(globs.iter().filter_map(|glob| glob.as_literal().map(str::to_owned)));
    let walked = glob_cells(&globs.iter().collect::<Vec<_>>(), &[], None, &mut Budget::new(MOST_STATES));
    // Texts that differ in case alone are no matter of globs.
    let complete = walked.is_some() && (!folded || globs.is_empty());
    // An empty value is hardly what anybody means.
    let (empty, others): (Vec<_>, Vec<_>) =
        walked.into_iter().flatten().map(|cell| cell.text).partition(String::is_empty);
    values.extend(others);
    values.push("other".to_owned());
    values.extend(empty);
    complete
}

fn arns(tests: &[&Test], values: &mut Vec<String>) -> bool {
    let lists = tests.iter().filter_map(|test| match test.operands() {
        Operands::Arns { patterns, .. } => Some(patterns),
        _ => None,
    });
    let mut patterns: Vec<Pattern> = Pattern::parse(EVERY_ARN, ARN).into_iter().collect();
    patterns.extend(lists.flatten().cloned());
    let mut every = Members::default();
    every.insert(0);
    let needed = [every];
    let cells = PatternCells { patterns: &patterns, needed: &needed, syntax: ARN, usual: &[] };
    let found = cells.all(&mut Budget::new(MOST_STATES));
    let complete = found.is_some();
    values.extend(found.into_iter().flatten().map(|cell| cell.text));
    complete
}

/// Points, and a value in every gap between them.
fn line(tests: &[&Test], family: Family, values: &mut Vec<String>) -> bool {
    let lists = tests.iter().filter_map(|test| match test.operands() {
        Operands::Points(list) if test.operator().family() == family => Some(list),
        _ => None,
    });
    let mut points: Vec<Point> = lists.flatten().copied().collect();
    points.sort_unstable();
    points.dedup();
    let text = |point: Point| match family {
        Family::Date => values::instant_text(point),
        _ => values::number_text(point),
    };
    let parse = |text: &str| match family {
        Family::Date => values::parse_instant(text),
        _ => values::parse_number(text),
    };
    let before = |point: Point| match family {
        Family::Date => point - 1_000_000_000,
        _ => plus(point, -1.0),
    };
    let after = |point: Point| match family {
        Family::Date => point + 1_000_000_000,
        _ => plus(point, 1.0),
    };
    let mut complete = true;
    values.extend(points.iter().map(|&point| text(point)));
    for pair in points.windows(2) {
        let &[low, high] = pair else { continue };
        let near = after(low);
        let middle = if low < near && near < high { near } else { low + (high - low) / 2 };
        let middle = text(middle);
        complete &= high - low < 2 || parse(&middle).is_some_and(|point| low < point && point < high);
        values.push(middle);
    }
    let ends = points
        .first()
        .zip(points.last())
        .map(|(&first, &last)| [(first, before(first)), (last, after(last))]);
    for (end, beyond) in ends.into_iter().flatten() {
        let value = text(beyond);
        complete &= parse(&value).is_some_and(|point| point != end);
        values.push(value);
    }
    complete
}

/// The number that is `by` more, as a point.
fn plus(point: Point, by: f64) -> Point {
    let number: f64 = values::number_text(point).parse().unwrap_or_default();
    values::parse_number(&(number + by).to_string()).unwrap_or(point)
}

/// An address of every range between the ends of networks.
fn addresses(tests: &[&Test], values: &mut Vec<String>) {
    let mut starts = vec![Address::V4(0), Address::V6(0)];
    for test in tests {
        if let Operands::Networks(networks) = test.operands() {
            starts.extend(networks.iter().map(|network| network.low));
            starts.extend(networks.iter().filter_map(|network| network.high.next()));
        }
    }
    starts.sort_unstable();
    starts.dedup();
    for start in &starts {
        // The first address of a network is nobody's.
        let second = start.next().filter(|second| starts.binary_search(second).is_err());
        values.push(match second.unwrap_or(*start) {
            Address::V4(bits) => Ipv4Addr::from_bits(bits).to_string(),
            Address::V6(bits) => Ipv6Addr::from_bits(bits).to_string(),
        });
    }
}

#[cfg(test)]
mod tests;
