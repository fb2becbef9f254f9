//! Texts as conditions divide them: single texts, and wider predicates (globs, case-blind texts, patterns).

use super::domain::{Class, Region};
use super::operator::Family;
use super::test::{Operands, Test};
use crate::pattern::{Glob, Pattern, Relation};

/// A set of texts that a test names.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Predicate {
    Text(Box<str>),
    /// Lower-case text, matched in any case.
    Folded(Box<str>),
    Glob(Glob),
    /// In lower case, matched in any case.
    FoldedGlob(Glob),
    Pattern(Pattern),
}

impl Predicate {
    pub(super) fn of_glob(glob: Glob) -> Predicate {
        match glob.as_literal() {
            Some(text) => Predicate::Text(text.into()),
            None => Predicate::Glob(glob),
        }
    }

    /// Of a glob in lower case that is matched in any case.
    fn of_folded_glob(glob: &Glob) -> Predicate {
        match glob.as_literal() {
            Some(text) => Predicate::of_folded(text),
            // Nothing in it has another case.
            None if lower(glob).is_some()
                && !glob.to_string().contains(|c: char| c.is_ascii_alphabetic()) =>
            {
                Predicate::Glob(glob.clone())
            }
            None => Predicate::FoldedGlob(glob.clone()),
        }
    }

    fn of_folded(text: &str) -> Predicate {
        if text.to_uppercase() == text {
            Predicate::Text(text.into())
        } else {
            Predicate::Folded(text.into())
        }
    }

    /// Whether exactly one text satisfies the predicate.
    fn is_single(&self) -> bool {
        match self {
            Predicate::Text(_) => true,
            Predicate::Folded(_) | Predicate::Glob(_) | Predicate::FoldedGlob(_) => false,
            Predicate::Pattern(pattern) => pattern.is_literal(),
        }
    }

    fn is_any(&self) -> bool {
        match self {
            Predicate::Text(_) | Predicate::Folded(_) => false,
            Predicate::Glob(glob) | Predicate::FoldedGlob(glob) => glob.is_any(),
            Predicate::Pattern(pattern) => pattern.is_any(),
        }
    }

    /// Whether every text of `other` surely satisfies this predicate.
    pub(super) fn includes(&self, other: &Predicate) -> bool {
        match (self, other) {
            (Predicate::Glob(outer), Predicate::Glob(inner)) => outer.includes(inner),
            (Predicate::Glob(glob), Predicate::Text(text)) => glob.matches(text),
            (Predicate::Folded(folded), Predicate::Text(text)) => text.to_lowercase() == **folded,
            (Predicate::FoldedGlob(glob), Predicate::Text(text)) => glob.matches(&text.to_lowercase()),
            (Predicate::FoldedGlob(glob), Predicate::Folded(folded)) => glob.matches(folded),
            (Predicate::FoldedGlob(outer), Predicate::FoldedGlob(inner)) => outer.includes(inner),
            (Predicate::FoldedGlob(outer), Predicate::Glob(inner)) => {
                lower(inner).is_some_and(|inner| outer.includes(&inner))
            }
            (Predicate::Pattern(outer), Predicate::Pattern(inner)) => {
                outer.relation(inner) == Relation::Contains
            }
            _ => self == other || self.is_any(),
        }
    }

    /// Whether surely no text satisfies both.
    fn is_apart(&self, other: &Predicate) -> bool {
        match (self, other) {
            (Predicate::Text(_), _) => !other.includes(self),
            (_, Predicate::Text(_)) => !self.includes(other),
            (Predicate::Glob(left), Predicate::Glob(right)) => !left.overlaps(right),
            (Predicate::Folded(left), Predicate::Folded(right)) => left != right,
            (Predicate::Glob(glob), Predicate::Folded(text))
            | (Predicate::Folded(text), Predicate::Glob(glob)) => {
                text.is_ascii() && !glob.matches_ignore_ascii_case(text)
            }
            (Predicate::FoldedGlob(left), Predicate::FoldedGlob(right)) => !left.overlaps(right),
            (Predicate::FoldedGlob(folded), Predicate::Glob(glob))
            | (Predicate::Glob(glob), Predicate::FoldedGlob(folded)) => {
                lower(glob).is_some_and(|glob| !folded.overlaps(&glob))
            }
            (Predicate::FoldedGlob(glob), Predicate::Folded(text))
            | (Predicate::Folded(text), Predicate::FoldedGlob(glob)) => !glob.matches(text),
            (Predicate::Pattern(left), Predicate::Pattern(right)) => {
                left.relation(right) == Relation::Disjoint
            }
            _ => false,
        }
    }

    /// The one text that satisfies a single predicate.
    pub(super) fn single_text(&self) -> Option<String> {
        match self {
            Predicate::Text(text) => Some(text.to_string()),
            Predicate::Pattern(pattern) => {
                let segments: Option<Vec<&str>> = pattern.segments().iter().map(Glob::as_literal).collect();
                segments.map(|segments| segments.join(":"))
            }
            _ => None,
        }
    }
}

/// The glob in lower case, such that it matches the lower case of what the glob matches; where that is so simple.
fn lower(glob: &Glob) -> Option<Glob> {
    let text = glob.to_string();
    // One character can be several in lower case.
    (text.is_ascii() && !text.contains('?')).then(|| super::test::glob(&text.to_ascii_lowercase()))
}

/// What a test asks of a text: to satisfy some of the predicates, or none of them.
#[derive(Debug)]
pub(super) struct Question {
    /// Place of the test among the tests of its key.
    pub(super) bit: u64,
    pub(super) predicates: Vec<Predicate>,
    pub(super) negated: bool,
    /// Accepts nothing, whatever the predicates.
    pub(super) void: bool,
}

impl Question {
    /// The question of a test over texts or ARNs.
    pub(super) fn of(test: &Test, bit: u64) -> Question {
        let negated = test.operator().is_negated();
        let (predicates, invalid) = match test.operands() {
            Operands::Texts(list) => (list.iter().cloned().map(Predicate::Text).collect(), false),
            Operands::FoldedTexts(list) => {
                (list.iter().map(|text| Predicate::of_folded(text)).collect(), false)
            }
            Operands::Globs(list) => (list.iter().cloned().map(Predicate::of_glob).collect(), false),
            Operands::FoldedGlobs(list) => (list.iter().map(Predicate::of_folded_glob).collect(), false),
            Operands::Arns { patterns, invalid } => {
                (patterns.iter().cloned().map(Predicate::Pattern).collect(), *invalid)
            }
            _ => (Vec::new(), false),
        };
        let void = invalid && negated && test.operator().family() == Family::Arn;
        Question { bit, predicates, negated, void }
    }
}

/// The single texts and the groups of wider predicates that a list of questions names. Each predicate is a group of its
/// own, so that it does not matter which questions name it together with which others; where that gives too many classes,
/// predicates named by the same questions form one group, because no question can tell them apart.
#[derive(Debug, Default)]
pub(super) struct TextSpace {
    pub(super) singles: Vec<Predicate>,
    pub(super) groups: Vec<Vec<Predicate>>,
    /// Whether some group is more than one predicate, beside other groups.
    pub(super) coarse: bool,
}

/// More groups than this give too many combinations.
const MAX_GROUPS: usize = 16;
/// With more classes than this, predicates are not told apart that no question does.
const MAX_FINE: usize = 1024;
const MAX_CLASSES: usize = 4096;
/// Lists longer than this are not compared pair by pair; they count as overlapping.
const MAX_PAIRS: usize = 4096;

impl TextSpace {
    /// Whether patterns in any case stand beside others: how the two lie to each other is not always known.
    pub(super) fn mixes_case(&self) -> bool {
        let folded = |predicate: &&Predicate| matches!(predicate, Predicate::FoldedGlob(_));
        let all = || self.groups.iter().flatten();
        let blind = all().filter(folded).count();
        blind > 0 && blind < all().count()
    }

    /// Divides all texts into classes whose members answer every question alike; `None` if there are too many.
    pub(super) fn divide(questions: Vec<Question>) -> Option<(TextSpace, Vec<Class>)> {
        let asked: Vec<(u64, bool, bool)> = questions.iter().map(|q| (q.bit, q.negated, q.void)).collect();
        let accepts = |named: u64| {
            asked
                .iter()
                .filter(|(bit, negated, void)| !void && (named & bit != 0) != *negated)
                .fold(0, |all, (bit, ..)| all | bit)
        };
        let mut named: Vec<(Predicate, u64)> =
            questions.into_iter().flat_map(|q| q.predicates.into_iter().map(move |p| (p, q.bit))).collect();
        named.sort_unstable();
        named.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            kept.1 |= if same { later.1 } else { 0 };
            same
        });
        let (singles, wide): (Vec<_>, Vec<_>) = named.into_iter().partition(|(p, _)| p.is_single());
        let fine = if wide.len() > MAX_GROUPS { None } else { Some(each_alone(&wide)) };
        let fine = fine.and_then(|(groups, bits)| Some((combinations(&groups, MAX_FINE)?, groups, bits)));
        let (combined, groups, group_bits) = match fine {
            Some(fine) => fine,
            None => {
                let (groups, bits) = group(wide);
                if groups.len() > MAX_GROUPS {
                    return None;
                }
                (combinations(&groups, MAX_CLASSES)?, groups, bits)
            }
        };
        let coarse = groups.len() > 1 && groups.iter().any(|group| group.len() > 1);
        let bits_of = |holds: u64| {
            group_bits
                .iter()
                .enumerate()
                .filter(|(g, _)| holds >> g & 1 == 1)
                .fold(0, |all, (_, bits)| all | bits)
        };
        let mut classes = Vec::with_capacity(singles.len() + 2);
        for (index, (single, bits)) in singles.iter().enumerate() {
            let holds = mask(&groups, |group| group.iter().any(|predicate| predicate.includes(single)));
            classes.push(Class {
                region: Region::Single(index),
                holds,
                accepts: accepts(bits | bits_of(holds)),
            });
        }
        for holds in combined {
            classes.push(Class { region: Region::Rest, holds, accepts: accepts(bits_of(holds)) });
        }
        Some((
            TextSpace { singles: singles.into_iter().map(|(single, _)| single).collect(), groups, coarse },
            classes,
        ))
    }
}

fn mask(groups: &[Vec<Predicate>], mut holds: impl FnMut(&[Predicate]) -> bool) -> u64 {
    groups.iter().enumerate().filter(|(_, group)| holds(group)).fold(0, |all, (index, _)| all | 1 << index)
}

/// Groups in the order of their predicates, each with the questions that name it.
fn group(mut wide: Vec<(Predicate, u64)>) -> (Vec<Vec<Predicate>>, Vec<u64>) {
    wide.sort_by_key(|(_, bits)| *bits);
    let mut groups: Vec<(Vec<Predicate>, u64)> = Vec::new();
    for (predicate, bits) in wide {
        match groups.last_mut() {
            Some((group, last)) if *last == bits => group.push(predicate),
            _ => groups.push((vec![predicate], bits)),
        }
    }
    groups.sort_unstable();
    groups.into_iter().unzip()
}

/// Each predicate as a group, with the questions that name it.
fn each_alone(wide: &[(Predicate, u64)]) -> (Vec<Vec<Predicate>>, Vec<u64>) {
    wide.iter().map(|(predicate, bits)| (vec![predicate.clone()], *bits)).unzip()
}

/// Which groups can hold together for texts that no question names singly; `None` if there are more than `most`.
fn combinations(groups: &[Vec<Predicate>], most: usize) -> Option<Vec<u64>> {
    let comparable = |a: &[Predicate], b: &[Predicate]| a.len() * b.len() <= MAX_PAIRS;
    let mut found = vec![0u64];
    for (index, group) in groups.iter().enumerate() {
        let earlier = groups.get(..index).unwrap_or_default();
        let always = group.iter().any(Predicate::is_any);
        let apart = mask(earlier, |other| {
            comparable(group, other) && group.iter().all(|p| other.iter().all(|q| p.is_apart(q)))
        });
        let outer = mask(earlier, |other| comparable(group, other) && is_inside(group, other));
        let inner = mask(earlier, |other| comparable(group, other) && is_inside(other, group));
        let mut next = Vec::with_capacity(found.len() * 2);
        for holds in found {
            if !always && holds & inner == 0 {
                next.push(holds);
            }
            if holds & apart == 0 && holds & outer == outer {
                next.push(holds | 1 << index);
            }
        }
        if next.len() > most {
            return None;
        }
        found = next;
    }
    Some(found)
}

fn is_inside(inner: &[Predicate], outer: &[Predicate]) -> bool {
    inner.iter().all(|p| outer.iter().any(|q| q.includes(p)))
}

/// The list without those that another of the list includes, sorted.
pub(super) fn maximal(mut list: Vec<Predicate>) -> Vec<Predicate> {
    list.sort_unstable();
    list.dedup();
    let wide: Vec<Predicate> = list.iter().filter(|predicate| !predicate.is_single()).cloned().collect();
    if wide.len() < 2 && wide.len() == list.len() || wide.len() * list.len() > 4 * MAX_PAIRS {
        return list;
    }
    // Of two predicates that include each other the first stays.
    list.retain(|p| !wide.iter().any(|q| p != q && q.includes(p) && (!p.includes(q) || q < p)));
    list
}
