//! The independent quantities of an expression and the states that its atoms can tell apart.

use super::domain::{self, Class, Region, Space};
use super::expr::Atom;
use super::key::Key;
use super::operator::{Operator, Prefix};
use super::test::Test;
use super::text::{Predicate, Question, TextSpace};
use crate::pattern::Glob;
use std::sync::Arc;

/// What a variable stands for; the order is that of variables in a table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Subject<'a> {
    Key(&'a Key),
    Session,
    Resource,
    /// An atom that is true or false on its own.
    Fact(&'a Atom),
}

impl<'a> Subject<'a> {
    pub(super) fn of(atom: &'a Atom) -> Subject<'a> {
        match atom {
            Atom::Key { key, .. } => Subject::Key(key),
            Atom::SessionName(_) => Subject::Session,
            Atom::ResourceIn(_) => Subject::Resource,
            Atom::Open { .. } | Atom::Missing(_) => Subject::Fact(atom),
        }
    }
}

/// One way a variable can be.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Member {
    /// The key is absent.
    Absent,
    /// The value lies in the class.
    Class(usize),
    /// The values lie in these kinds, one bit each, and in no other.
    Kinds(usize),
    /// The fact.
    Truth(bool),
    /// One value of the kind, on a key that can also have several.
    Alone(usize),
}

/// Members that give every atom the same truth.
#[derive(Debug)]
pub(super) struct State {
    /// The atoms that hold, one bit each.
    pub(super) truths: u64,
    pub(super) members: Vec<Member>,
}

/// How the members of a variable are made.
#[derive(Debug)]
pub(super) enum Shape {
    /// One value, or absent.
    Scalar,
    /// Any set of kinds; each kind is a list of classes. The empty set is absence.
    Sets {
        kinds: Vec<Vec<usize>>,
    },
    /// Tests with and without set prefix on one key.
    Mixture,
    Fact,
}

/// An independent quantity with its states.
#[derive(Debug)]
pub(super) struct Variable<'a> {
    pub(super) subject: Subject<'a>,
    /// The atoms of this variable.
    pub(super) atoms: Vec<&'a Arc<Atom>>,
    pub(super) space: Space,
    pub(super) classes: Vec<Class>,
    pub(super) shape: Shape,
    pub(super) states: Vec<State>,
}

/// With more kinds there are too many sets of them.
const MAX_KINDS: usize = 13;
/// Truths are kept in 64 bits.
const MAX_ATOMS: usize = 64;

impl<'a> Variable<'a> {
    /// The variable of atoms that share a subject; `None` if its values cannot be divided within limits.
    pub(super) fn new(subject: Subject<'a>, atoms: Vec<&'a Arc<Atom>>) -> Option<Variable<'a>> {
        if atoms.len() > MAX_ATOMS {
            return None;
        }
        let (space, classes, shape, members) = match subject {
            Subject::Key(_) => of_key(&atoms)?,
            Subject::Session | Subject::Resource => of_text(&atoms)?,
            Subject::Fact(_) => {
                let members = vec![(0, Member::Truth(false)), (1, Member::Truth(true))];
                (Space::Truths, Vec::new(), Shape::Fact, members)
            }
        };
        Some(Variable { subject, atoms, space, classes, shape, states: states(members) })
    }

    /// Whether equal sets of states are always written alike.
    pub(super) fn is_canonical(&self) -> bool {
        let apart = match &self.space {
            Space::Text(space) => !space.mixes_case() && !space.coarse,
            Space::Arn(space) | Space::Session(space) | Space::Resource(space) => !space.coarse,
            other => !matches!(other, Space::Mixed),
        };
        apart && !matches!(self.shape, Shape::Mixture)
    }
}

type Parts = (Space, Vec<Class>, Shape, Vec<(u64, Member)>);

fn states(mut members: Vec<(u64, Member)>) -> Vec<State> {
    members.sort_unstable();
    let mut states: Vec<State> = Vec::new();
    for (truths, member) in members {
        match states.last_mut() {
            Some(last) if last.truths == truths => last.members.push(member),
            _ => states.push(State { truths, members: vec![member] }),
        }
    }
    states
}

fn of_text(atoms: &[&Arc<Atom>]) -> Option<Parts> {
    let mut is_session = false;
    let questions = atoms
        .iter()
        .enumerate()
        .map(|(index, atom)| {
            let predicates = match &***atom {
                Atom::SessionName(name) => {
                    is_session = true;
                    vec![Predicate::of_glob(Glob::parse(name))]
                }
                Atom::ResourceIn(patterns) => patterns.iter().cloned().map(Predicate::Pattern).collect(),
                _ => Vec::new(),
            };
            Question { bit: 1 << index, predicates, negated: false, void: false }
        })
        .collect();
    let (space, classes) = TextSpace::divide(questions)?;
    let members = class_members(&classes);
    Some((
        if is_session { Space::Session(space) } else { Space::Resource(space) },
        classes,
        Shape::Scalar,
        members,
    ))
}

fn class_members(classes: &[Class]) -> Vec<(u64, Member)> {
    classes.iter().enumerate().map(|(index, class)| (class.accepts, Member::Class(index))).collect()
}

fn of_key(atoms: &[&Arc<Atom>]) -> Option<Parts> {
    let (mut many, mut clock) = (false, false);
    let mut tests: Vec<&Test> = Vec::with_capacity(atoms.len());
    for atom in atoms {
        if let Atom::Key { key, test } = &***atom {
            many |= key.many;
            clock |= key.clock;
            tests.push(test);
        }
    }
    let (space, mut classes) = domain::divide(&tests)?;
    if clock {
        // Each request has a time, and it is one.
        classes.retain(|class| class.region != Region::Invalid);
        let members = class_members(&classes);
        return Some((space, classes, Shape::Scalar, members));
    }
    let bits = |holds: &dyn Fn(&Test) -> bool| {
        tests
            .iter()
            .enumerate()
            .filter(|(_, test)| holds(test))
            .fold(0u64, |all, (index, _)| all | 1 << index)
    };
    let absent = (bits(&Test::holds_absent), Member::Absent);
    let several = bits(&Test::holds_several);
    let with_prefix =
        |prefix: Prefix| bits(&|test| test.operator() != Operator::Null && test.prefix() == prefix);
    let (plain, any, all) = (with_prefix(Prefix::None), with_prefix(Prefix::Any), with_prefix(Prefix::All));
    if !many || any | all == 0 {
        if many && plain != 0 && !classes.iter().any(|class| class.region == Region::Invalid) {
            classes.push(Class { region: Region::Invalid, holds: 0, accepts: several });
        }
        let mut members = class_members(&classes);
        members.push(absent);
        return Some((space, classes, Shape::Scalar, members));
    }
    let (kinds, accepts) = kinds(&classes);
    if kinds.len() > MAX_KINDS {
        return None;
    }
    let mut members = vec![absent];
    for set in 1usize..1 << kinds.len() {
        let mut inside =
            accepts.iter().enumerate().filter(|(kind, _)| set >> kind & 1 == 1).map(|(_, bits)| *bits);
        let first = inside.next().unwrap_or(0);
        let (some, every) = inside.fold((first, first), |(some, every), bits| (some | bits, every & bits));
        let by_set = several | (some & any) | (every & all);
        members.push((by_set, Member::Kinds(set)));
        if plain != 0 && set.is_power_of_two() {
            members.push((by_set | (first & plain), Member::Alone(set)));
        }
    }
    let shape = if plain == 0 { Shape::Sets { kinds } } else { Shape::Mixture };
    Some((space, classes, shape, members))
}

/// Classes that every test treats alike form one kind. Also gives the tests that accept each kind.
fn kinds(classes: &[Class]) -> (Vec<Vec<usize>>, Vec<u64>) {
    let mut order: Vec<usize> = (0..classes.len()).collect();
    let accepts = |index: &usize| classes.get(*index).map_or(0, |class| class.accepts);
    order.sort_by_key(accepts);
    let mut kinds: Vec<Vec<usize>> = Vec::new();
    let mut tests: Vec<u64> = Vec::new();
    for index in order {
        match (tests.last(), kinds.last_mut()) {
            (Some(last), Some(kind)) if *last == accepts(&index) => kind.push(index),
            _ => {
                tests.push(accepts(&index));
                kinds.push(vec![index]);
            }
        }
    }
    (kinds, tests)
}
