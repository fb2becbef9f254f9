//! Sets of values written as operators with values: an `or` of `and`s of leaves that accept exactly the set.

use super::domain::{Class, Region, Space};
use super::operator::Operator;
use super::test::EVERY_ARN;
use super::text::{Predicate, TextSpace, maximal};
use super::values::{self, AddressRange};
use crate::pattern::{Glob, Pattern};

/// One operator with its values.
pub(super) type Leaf = (Operator, Vec<Box<str>>);
/// A text leaf before it is written: whether it is negated, and its predicates.
pub(super) type TextLeaf = (bool, Vec<Predicate>);

/// Leaves that accept exactly the chosen classes, none of which is invalid. `None` if the space has no such form.
pub(super) fn describe(space: &Space, classes: &[Class], chosen: &[bool]) -> Option<Vec<Vec<Leaf>>> {
    let regions = || classes.iter().zip(chosen).map(|(class, chosen)| (class.region, *chosen));
    match space {
        Space::Text(space) => Some(write_texts(describe_text(space, classes, chosen), text_leaves)),
        Space::Arn(space) => Some(write_texts(describe_text(space, classes, chosen), arn_leaves)),
        Space::Line { date, points } => {
            let place = |(region, chosen)| matches!(region, Region::Place(_)).then_some(chosen);
            let places: Vec<bool> = regions().filter_map(place).collect();
            Some(describe_line(*date, points, &places))
        }
        Space::Addresses => Some(vec![vec![describe_addresses(regions())]]),
        Space::Bytes(list) => {
            let index = |(region, chosen)| match region {
                Region::Single(index) if chosen => list.get(index),
                _ => None,
            };
            let texts = regions().filter_map(index).map(|bytes| values::base64_text(bytes).into()).collect();
            Some(vec![vec![(Operator::BinaryEquals, texts)]])
        }
        Space::Truths => {
            let truth = |(region, chosen)| match region {
                Region::Truth(truth) if chosen => Some(truth.to_string().into()),
                _ => None,
            };
            let mut texts: Vec<Box<str>> = regions().filter_map(truth).collect();
            texts.sort_unstable();
            Some(vec![vec![(Operator::Bool, texts)]])
        }
        Space::Session(_) | Space::Resource(_) | Space::Mixed => None,
    }
}

/// Text leaves that accept exactly the chosen classes, as an `or` of `and`s.
pub(super) fn describe_text(space: &TextSpace, classes: &[Class], chosen: &[bool]) -> Vec<Vec<TextLeaf>> {
    let valid = |class: &Class| class.region != Region::Invalid;
    if classes.iter().zip(chosen).all(|(class, chosen)| *chosen || !valid(class)) {
        return vec![vec![(false, vec![Predicate::Glob(Glob::any())])]];
    }
    let (space, classes) = &needed(space, classes, chosen);
    if let Some(list) = positive(space, classes, chosen) {
        return vec![vec![(false, list)]];
    }
    let others: Vec<bool> =
        classes.iter().zip(chosen).map(|(class, chosen)| !chosen && valid(class)).collect();
    match positive(space, classes, &others) {
        Some(list) => vec![vec![(true, list)]],
        None => combination(space, classes, chosen),
    }
}

/// The same with the groups that the choice depends on, and those joined of which it only counts whether any holds. They
/// follow from the choice, however its questions grouped the predicates.
fn needed(space: &TextSpace, classes: &[Class], chosen: &[bool]) -> (TextSpace, Vec<Class>) {
    let rest: Vec<(u64, bool)> = classes
        .iter()
        .zip(chosen)
        .filter(|(class, _)| class.region == Region::Rest)
        .map(|(class, chosen)| (class.holds, *chosen))
        .collect();
    let joined = |groups: &[u64], holds: u64| {
        let any = groups.iter().enumerate().filter(|(_, bits)| holds & **bits != 0);
        any.fold(0u64, |all, (group, _)| all | 1 << group)
    };
    let suffices = |groups: &[u64]| {
        let mut seen: Vec<(u64, bool)> = rest.iter().map(|(holds, c)| (joined(groups, *holds), *c)).collect();
        seen.sort_unstable();
        seen.dedup();
        seen.windows(2).all(|pair| !matches!(pair, [(one, _), (other, _)] if one == other))
    };
    let mut groups: Vec<u64> = (0..space.groups.len()).map(|group| 1 << group).collect();
    for at in (0..groups.len()).rev() {
        let bits = groups.remove(at);
        if !suffices(&groups) {
            groups.insert(at, bits);
        }
    }
    let mut at = 1;
    while let Some(&bits) = groups.get(at) {
        let with = |place: usize| {
            let mut fewer = groups.clone();
            fewer.remove(at);
            if let Some(into) = fewer.get_mut(place) {
                *into |= bits;
            }
            fewer
        };
        match (0..at).map(with).find(|fewer| suffices(fewer)) {
            Some(fewer) => groups = fewer,
            None => at += 1,
        }
    }
    let predicates = |bits: &u64| {
        let own = space.groups.iter().enumerate().filter(|(group, _)| bits >> group & 1 == 1);
        let mut own: Vec<Predicate> = own.flat_map(|(_, predicates)| predicates.iter().cloned()).collect();
        own.sort_unstable();
        own
    };
    let classes =
        classes.iter().map(|class| Class { holds: joined(&groups, class.holds), ..*class }).collect();
    let groups = groups.iter().map(predicates).collect();
    (TextSpace { singles: space.singles.clone(), groups, coarse: space.coarse }, classes)
}

/// The predicates whose union is exactly the chosen classes, if there are such.
fn positive(space: &TextSpace, classes: &[Class], chosen: &[bool]) -> Option<Vec<Predicate>> {
    let outside =
        classes.iter().zip(chosen).filter(|(_, chosen)| !**chosen).fold(0, |all, (c, _)| all | c.holds);
    let rest = || {
        let inside =
            classes.iter().zip(chosen).filter(|(class, chosen)| **chosen && class.region == Region::Rest);
        inside.map(|(class, _)| class.holds)
    };
    let mut groups = rest().fold(0, |all, holds| all | holds) & !outside;
    if rest().any(|holds| holds & groups == 0) {
        return None;
    }
    for group in 0..space.groups.len() {
        let without = groups & !(1 << group);
        if rest().all(|holds| holds & without != 0) {
            groups = without;
        }
    }
    let wide = space.groups.iter().enumerate().filter(|(group, _)| groups >> group & 1 == 1);
    let wide = wide.flat_map(|(_, predicates)| predicates.iter().cloned());
    let single = |(class, chosen): (&Class, &bool)| match class.region {
        Region::Single(index) if *chosen && class.holds & groups == 0 => space.singles.get(index).cloned(),
        _ => None,
    };
    Some(maximal(wide.chain(classes.iter().zip(chosen).filter_map(single)).collect()))
}

/// Properties that must hold and properties that must not, as bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Terms {
    pub(super) with: u64,
    pub(super) without: u64,
}

impl Terms {
    fn admits(self, holds: u64) -> bool {
        holds & self.with == self.with && holds & self.without == 0
    }
}

/// The general form: combinations of groups, with single texts added or taken out.
fn combination(space: &TextSpace, classes: &[Class], chosen: &[bool]) -> Vec<Vec<TextLeaf>> {
    let rest = |wanted: bool| {
        let same =
            classes.iter().zip(chosen).filter(|(class, c)| class.region == Region::Rest && **c == wanted);
        same.map(|(class, _)| class.holds).collect::<Vec<u64>>()
    };
    let (inside, outside) = (rest(true), rest(false));
    let terms = combine_terms(&inside, &outside, space.groups.len());
    let single = |class: &Class| match class.region {
        Region::Single(index) => space.singles.get(index).cloned().map(|single| (single, class.holds)),
        _ => None,
    };
    let singles = |wanted: bool| {
        let same = classes.iter().zip(chosen).filter(move |(_, chosen)| **chosen == wanted);
        same.filter_map(|(class, _)| single(class)).collect::<Vec<_>>()
    };
    let union = |groups: u64| {
        let inside = space.groups.iter().enumerate().filter(move |(group, _)| groups >> group & 1 == 1);
        inside.flat_map(|(_, predicates)| predicates.iter().cloned()).collect::<Vec<_>>()
    };
    let excluded = singles(false);
    let mut plain: Vec<Predicate> = singles(true)
        .into_iter()
        .filter(|(_, holds)| !terms.iter().any(|terms| terms.admits(*holds)))
        .map(|(single, _)| single)
        .collect();
    let mut leaves: Vec<Vec<TextLeaf>> = Vec::new();
    for terms in terms {
        let mut not: Vec<Predicate> = union(terms.without);
        not.extend(
            excluded.iter().filter(|(_, holds)| terms.admits(*holds)).map(|(single, _)| single.clone()),
        );
        if not.is_empty() && terms.with.is_power_of_two() {
            plain.extend(union(terms.with));
            continue;
        }
        let with = (0..space.groups.len()).filter(|group| terms.with >> group & 1 == 1);
        let mut all: Vec<TextLeaf> = with.map(|group| (false, maximal(union(1 << group)))).collect();
        if !not.is_empty() {
            all.push((true, maximal(not)));
        }
        leaves.push(all);
    }
    if !plain.is_empty() {
        leaves.push(vec![(false, maximal(plain))]);
    }
    leaves
}

/// Combinations of `width` properties that admit everything inside and nothing outside, none of them redundant.
pub(super) fn combine_terms(inside: &[u64], outside: &[u64], width: usize) -> Vec<Terms> {
    let everything = (0..width).fold(0, |all, bit| all | 1u64 << bit);
    let start = |holds: &u64| Terms { with: *holds & everything, without: everything & !holds };
    let mut terms: Vec<Terms> = inside.iter().map(|holds| widen(start(holds), width, outside)).collect();
    terms.sort_unstable();
    terms.dedup();
    for index in (0..terms.len()).rev() {
        let others =
            || terms.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, terms)| *terms);
        if inside.iter().all(|holds| others().any(|terms| terms.admits(*holds))) {
            terms.remove(index);
        }
    }
    terms
}

/// Takes out what is not needed to keep the outside out.
fn widen(mut terms: Terms, width: usize, outside: &[u64]) -> Terms {
    for bit in (0..width).map(|bit| 1u64 << bit) {
        let wider = Terms { with: terms.with & !bit, without: terms.without & !bit };
        if !outside.iter().any(|holds| wider.admits(*holds)) {
            terms = wider;
        }
    }
    terms
}

/// Writes text leaves as operators. A leaf can need two operators, because `StringEqualsIgnoreCase` has no wildcards:
/// any of them for a positive leaf, all of them for a negated one.
fn write_texts(
    leaves: Vec<Vec<TextLeaf>>,
    write: impl Fn(bool, Vec<Predicate>) -> Vec<Leaf>,
) -> Vec<Vec<Leaf>> {
    let mut written = Vec::with_capacity(leaves.len());
    for all in leaves {
        let mut products: Vec<Vec<Leaf>> = vec![Vec::new()];
        for (negated, predicates) in all {
            let operators = write(negated, predicates);
            if negated {
                products.iter_mut().for_each(|product| product.extend(operators.iter().cloned()));
            } else {
                let extended = |product: &Vec<Leaf>, leaf: &Leaf| {
                    product.iter().chain([leaf]).cloned().collect::<Vec<Leaf>>()
                };
                products = products
                    .iter()
                    .flat_map(|product| operators.iter().map(move |leaf| extended(product, leaf)))
                    .collect();
            }
        }
        written.extend(products);
    }
    written
}

fn text_leaves(negated: bool, predicates: Vec<Predicate>) -> Vec<Leaf> {
    let wild = predicates.iter().any(|predicate| matches!(predicate, Predicate::Glob(_)));
    let (mut folded, mut folded_globs, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    for predicate in predicates {
        match predicate {
            Predicate::Folded(text) => folded.push(text),
            Predicate::Text(text) if wild => texts.push(Glob::literal(&text).to_string().into()),
            Predicate::Text(text) => texts.push(text),
            Predicate::Glob(glob) => texts.push(glob.to_string().into()),
            Predicate::FoldedGlob(glob) => folded_globs.push(glob.to_string().into()),
            Predicate::Pattern(pattern) => texts.push(pattern.to_string().into()),
        }
    }
    let equals = match (wild, negated) {
        (true, false) => Operator::StringLike,
        (true, true) => Operator::StringNotLike,
        (false, false) => Operator::StringEquals,
        (false, true) => Operator::StringNotEquals,
    };
    let ignoring_case = match negated {
        false => Operator::StringEqualsIgnoreCase,
        true => Operator::StringNotEqualsIgnoreCase,
    };
    let like_ignoring_case = match negated {
        false => Operator::StringLikeIgnoreCase,
        true => Operator::StringNotLikeIgnoreCase,
    };
    [(equals, texts), (ignoring_case, folded), (like_ignoring_case, folded_globs)]
        .into_iter()
        .filter(|(_, values)| !values.is_empty())
        .map(|(operator, values)| (operator, sorted(values)))
        .collect()
}

fn arn_leaves(negated: bool, predicates: Vec<Predicate>) -> Vec<Leaf> {
    let pattern = |predicate| match predicate {
        Predicate::Pattern(pattern) => pattern,
        Predicate::Text(text) => Pattern::from_segments(vec![Glob::literal(&text)]),
        Predicate::Folded(_) | Predicate::Glob(_) | Predicate::FoldedGlob(_) => Pattern::any(),
    };
    let patterns: Vec<Pattern> = predicates.into_iter().map(pattern).collect();
    let operator = match (patterns.iter().all(Pattern::is_literal), negated) {
        (true, false) => Operator::ArnEquals,
        (true, true) => Operator::ArnNotEquals,
        (false, false) => Operator::ArnLike,
        (false, true) => Operator::ArnNotLike,
    };
    // A lone `*` has not the six segments that the operator compares: every ARN is written so that all readers agree.
    let text = |pattern: &Pattern| match pattern.is_any() {
        true => EVERY_ARN.into(),
        false => pattern.to_string().into(),
    };
    vec![(operator, sorted(patterns.iter().map(text).collect()))]
}

fn sorted(mut values: Vec<Box<str>>) -> Vec<Box<str>> {
    values.sort_unstable();
    values.dedup();
    values
}

/// Points, intervals, or everything but some points.
fn describe_line(date: bool, points: &[values::Point], chosen: &[bool]) -> Vec<Vec<Leaf>> {
    let number = |number, instant| if date { instant } else { number };
    let equal = number(Operator::NumericEquals, Operator::DateEquals);
    let not_equal = number(Operator::NumericNotEquals, Operator::DateNotEquals);
    let less = number(Operator::NumericLessThan, Operator::DateLessThan);
    let at_most = number(Operator::NumericLessThanEquals, Operator::DateLessThanEquals);
    let greater = number(Operator::NumericGreaterThan, Operator::DateGreaterThan);
    let at_least = number(Operator::NumericGreaterThanEquals, Operator::DateGreaterThanEquals);
    let text = |point: values::Point| -> Box<str> {
        if date { values::instant_text(point).into() } else { values::number_text(point).into() }
    };
    let point = |place: usize| text(points.get(place / 2).copied().unwrap_or_default());
    let missing: Vec<usize> =
        (0..chosen.len()).filter(|place| !chosen.get(*place).copied().unwrap_or(true)).collect();
    if missing.is_empty() {
        let (below, above) = ((less, vec![text(0)]), (at_least, vec![text(0)]));
        return vec![vec![below], vec![above]];
    }
    if missing.iter().all(|place| place % 2 == 1) {
        return vec![vec![(not_equal, missing.into_iter().map(point).collect())]];
    }
    let mut written = Vec::new();
    let mut single: Vec<Box<str>> = Vec::new();
    let mut place = 0;
    while place < chosen.len() {
        let length = chosen.iter().skip(place).take_while(|chosen| **chosen).count();
        let last = place + length.saturating_sub(1);
        if length == 1 && place % 2 == 1 {
            single.push(point(place));
        } else if length > 0 {
            let mut bounds = Vec::with_capacity(2);
            if place > 0 {
                let (operator, bound) = if place % 2 == 1 { (at_least, place) } else { (greater, place - 1) };
                bounds.push((operator, vec![point(bound)]));
            }
            if last + 1 < chosen.len() {
                let (operator, bound) = if last % 2 == 1 { (at_most, last) } else { (less, last + 1) };
                bounds.push((operator, vec![point(bound)]));
            }
            written.push(bounds);
        }
        place += length.max(1);
    }
    if !single.is_empty() {
        written.push(vec![(equal, single)]);
    }
    written
}

/// The networks inside, or those outside if they are fewer.
fn describe_addresses(regions: impl Iterator<Item = (Region, bool)>) -> Leaf {
    let (mut inside, mut outside): (Vec<AddressRange>, Vec<AddressRange>) = (Vec::new(), Vec::new());
    for (region, chosen) in regions {
        let Region::Addresses(range) = region else { continue };
        let list = if chosen { &mut inside } else { &mut outside };
        match list.last_mut() {
            Some(last) if last.high.next() == Some(range.low) => last.high = range.high,
            _ => list.push(range),
        }
    }
    let networks = |list: Vec<AddressRange>| -> Vec<Box<str>> {
        list.iter().flat_map(AddressRange::networks).map(String::into).collect()
    };
    let (inside, outside) = (networks(inside), networks(outside));
    match outside.is_empty() || inside.len() <= outside.len() {
        true => (Operator::IpAddress, inside),
        false => (Operator::NotIpAddress, outside),
    }
}
