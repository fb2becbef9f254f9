//! The values of one key, divided into classes whose members answer every test of an expression alike.

use super::operator::Family;
use super::test::{Operands, Test};
use super::text::{Question, TextSpace};
use super::values::{Address, AddressRange, Point};

/// What the classes of a key are made of.
#[derive(Debug)]
pub(super) enum Space {
    Text(TextSpace),
    Arn(TextSpace),
    Session(TextSpace),
    Resource(TextSpace),
    Line {
        date: bool,
        points: Vec<Point>,
    },
    Addresses,
    Bytes(Vec<Vec<u8>>),
    Truths,
    /// Tests of several kinds on one key: classes of each kind are combined, so some may be empty.
    Mixed,
}

/// The part of the values that a class holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Region {
    /// The single text (or bytes) of this index.
    Single(usize),
    /// Every other text of the space for which exactly the groups in `holds` hold.
    Rest,
    /// A place on a line with points: `2i + 1` is point `i`, `2i` is the gap before it.
    Place(usize),
    Addresses(AddressRange),
    Truth(bool),
    /// Every value that is not of the type, and several values where exactly one is wanted.
    Invalid,
    /// A class of a mixed space.
    Mixed,
}

/// Values that answer every test alike.
#[derive(Clone, Copy, Debug)]
pub(super) struct Class {
    pub(super) region: Region,
    /// The predicate groups that hold.
    pub(super) holds: u64,
    /// The tests that accept the values, one bit each.
    pub(super) accepts: u64,
}

/// More classes than this are not tabulated.
const MAX_CLASSES: usize = 4096;

impl Class {
    fn new(region: Region, accepts: u64) -> Class {
        Class { region, holds: 0, accepts }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Text,
    Arn,
    Number,
    Date,
    Bool,
    Binary,
    Address,
}

fn kind(test: &Test) -> Option<Kind> {
    Some(match test.operator().family() {
        Family::Text | Family::FoldedText | Family::Glob | Family::FoldedGlob => Kind::Text,
        Family::Arn => Kind::Arn,
        Family::Number => Kind::Number,
        Family::Date => Kind::Date,
        Family::Bool => Kind::Bool,
        Family::Binary => Kind::Binary,
        Family::Address => Kind::Address,
        Family::Presence => return None,
    })
}

/// Divides the values of a key by its tests; test `i` owns bit `i`. `None` if there are too many classes.
pub(super) fn divide(tests: &[&Test]) -> Option<(Space, Vec<Class>)> {
    let mut kinds: Vec<Kind> = tests.iter().filter_map(|test| kind(test)).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let (space, mut classes) = match kinds.as_slice() {
        [] => divide_kind(tests, Kind::Text)?,
        [only] => divide_kind(tests, *only)?,
        several => (Space::Mixed, combine(tests, several)?),
    };
    let present = tests
        .iter()
        .enumerate()
        .filter(|(_, test)| matches!(test.operands(), Operands::Presence { present: true, .. }))
        .fold(0, |all, (index, _)| all | 1 << index);
    classes.iter_mut().for_each(|class| class.accepts |= present);
    Some((space, classes))
}

fn divide_kind(tests: &[&Test], wanted: Kind) -> Option<(Space, Vec<Class>)> {
    let mine: Vec<(u64, &Test)> = tests
        .iter()
        .enumerate()
        .filter(|(_, test)| kind(test) == Some(wanted))
        .map(|(index, test)| (1 << index, *test))
        .collect();
    let questions = || mine.iter().map(|(bit, test)| Question::of(test, *bit)).collect();
    let invalid = Class::new(Region::Invalid, 0);
    Some(match wanted {
        Kind::Text => {
            let (space, classes) = TextSpace::divide(questions())?;
            (Space::Text(space), classes)
        }
        Kind::Arn => {
            let (space, mut classes) = TextSpace::divide(questions())?;
            classes.push(invalid);
            (Space::Arn(space), classes)
        }
        Kind::Number | Kind::Date => {
            let (points, mut classes) = line(&mine);
            classes.push(invalid);
            (Space::Line { date: wanted == Kind::Date, points }, classes)
        }
        Kind::Address => {
            let mut classes = addresses(&mine);
            classes.push(invalid);
            (Space::Addresses, classes)
        }
        Kind::Bool => {
            let truth = |text: &str| accepted(&mine, |test| test.accepts(text));
            let (yes, no) = (truth("true"), truth("false"));
            let classes =
                vec![Class::new(Region::Truth(true), yes), Class::new(Region::Truth(false), no), invalid];
            (Space::Truths, classes)
        }
        Kind::Binary => {
            let mut list: Vec<Vec<u8>> = mine.iter().flat_map(|(_, test)| bytes(test)).cloned().collect();
            list.sort_unstable();
            list.dedup();
            let single = |(index, value): (usize, &Vec<u8>)| {
                Class::new(Region::Single(index), accepted(&mine, |test| bytes(test).contains(value)))
            };
            // No operator tells other bytes from texts that are no base64.
            let classes = list.iter().enumerate().map(single).chain([invalid]).collect();
            (Space::Bytes(list), classes)
        }
    })
}

fn accepted(tests: &[(u64, &Test)], mut accepts: impl FnMut(&Test) -> bool) -> u64 {
    tests.iter().filter(|(_, test)| accepts(test)).fold(0, |all, (bit, _)| all | bit)
}

fn bytes(test: &Test) -> &[Vec<u8>] {
    match test.operands() {
        Operands::Bytes(list) => list,
        _ => &[],
    }
}

/// The points that tests of numbers or dates name, and the gaps between them.
fn line(tests: &[(u64, &Test)]) -> (Vec<Point>, Vec<Class>) {
    let mut points: Vec<Point> = tests
        .iter()
        .flat_map(|(_, test)| match test.operands() {
            Operands::Points(list) => list.as_slice(),
            _ => &[],
        })
        .copied()
        .collect();
    points.sort_unstable();
    points.dedup();
    let place = |operand: &Point| match points.binary_search(operand) {
        Ok(index) => 2 * index + 1,
        Err(index) => 2 * index,
    };
    let classes = (0..=2 * points.len())
        .map(|own| {
            let accepts = accepted(tests, |test| test.accepts_order(|operand| own.cmp(&place(operand))));
            Class::new(Region::Place(own), accepts)
        })
        .collect();
    (points, classes)
}

/// The ranges between the ends of all networks, for both families.
fn addresses(tests: &[(u64, &Test)]) -> Vec<Class> {
    let (first_v4, first_v6) = (Address::V4(0), Address::V6(0));
    let mut starts = vec![first_v4, first_v6];
    for (_, test) in tests {
        if let Operands::Networks(networks) = test.operands() {
            starts.extend(networks.iter().map(|network| network.low));
            starts.extend(networks.iter().filter_map(|network| network.high.next()));
        }
    }
    starts.sort_unstable();
    starts.dedup();
    let ends = starts.iter().skip(1).map(|next| next.previous().unwrap_or(Address::V4(u32::MAX)));
    let ends: Vec<Address> = ends.chain([Address::V6(u128::MAX)]).collect();
    let range = |(low, high): (Address, Address)| {
        let accepts = accepted(tests, |test| test.accepts_address(low));
        Class::new(Region::Addresses(AddressRange { low, high }), accepts)
    };
    starts.into_iter().zip(ends).map(range).collect()
}

/// Classes of a key whose tests are of several kinds: single texts exactly, the others as every combination.
fn combine(tests: &[&Test], kinds: &[Kind]) -> Option<Vec<Class>> {
    let mut texts: Vec<String> = Vec::new();
    let mut combined = vec![0u64];
    for kind in kinds {
        let (space, classes) = divide_kind(tests, *kind)?;
        if let Space::Text(space) | Space::Arn(space) = &space {
            texts.extend(space.singles.iter().filter_map(|single| single.single_text()));
        }
        let is_text = matches!(space, Space::Text(_) | Space::Arn(_));
        let mut own: Vec<u64> = classes
            .iter()
            .filter(|class| !(is_text && matches!(class.region, Region::Single(_))))
            .map(|class| class.accepts)
            .collect();
        own.sort_unstable();
        own.dedup();
        if combined.len() * own.len() > MAX_CLASSES {
            return None;
        }
        combined = combined.iter().flat_map(|left| own.iter().map(move |right| left | right)).collect();
    }
    let single = |text: &String| {
        let accepts = tests.iter().enumerate().filter(|(_, test)| test.accepts(text));
        accepts.fold(0, |all, (index, _)| all | 1 << index)
    };
    combined.extend(texts.iter().map(single));
    Some(combined.into_iter().map(|accepts| Class::new(Region::Mixed, accepts)).collect())
}
