use super::{Cover, Mark, NameSet, Nodes, Shape, cheapest};
use crate::pattern::Glob;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn cover(names: &[(&str, Mark)], shape: Shape) -> Cover {
    let set = NameSet::new(names.iter().map(|(name, _)| *name));
    let mut marks = vec![Mark::Forbidden; set.len()];
    for (name, mark) in names {
        marks[set.find(name).unwrap()] = *mark;
    }
    set.cover(&marks, shape, 0, &mut Nodes(10_000))
}

fn marked(wanted: &[&'static str], forbidden: &[&'static str]) -> Vec<(&'static str, Mark)> {
    let wanted = wanted.iter().map(|name| (*name, Mark::Wanted));
    wanted.chain(forbidden.iter().map(|name| (*name, Mark::Forbidden))).collect()
}

fn heads(names: &[(&str, Mark)]) -> Cover {
    let set = NameSet::new(names.iter().map(|(name, _)| *name));
    let mut marks = vec![Mark::Forbidden; set.len()];
    names.iter().for_each(|(name, mark)| marks[set.find(name).unwrap()] = *mark);
    let mut patterns = set.heads(&marks, false);
    patterns.sort_unstable();
    Cover { patterns, optimal: true }
}

#[test]
fn the_shortest_free_head_stands_for_its_group() {
    let names = marked(&["GetObject", "GetObjectAcl", "GetBucket"], &["PutObject", "Generate"]);
    assert_eq!(heads(&names).patterns, ["Get*"]);
    assert_eq!(cover(&names, Shape::Names).patterns, ["GetBucket", "GetObject", "GetObjectAcl"]);
}

#[test]
fn a_middle_or_a_tail_may_be_shorter() {
    let names = marked(&["CreateTags", "DeleteTags", "DescribeTags"], &["CreateVpc", "DeleteVpc", "TagsAll"]);
    assert_eq!(cover(&names, Shape::Any).patterns, ["*s"]);
    let names = marked(&["GetTagSet", "PutTagOf"], &["GetVpc", "PutVpc"]);
    assert_eq!(cover(&names, Shape::Any).patterns, ["*a*"]);
}

#[test]
fn words_end_where_words_end() {
    let names = marked(&["GetObject", "GetObjectAcl", "ListAll"], &["GenerateKey", "PutObject"]);
    assert_eq!(cover(&names, Shape::Words).patterns, ["Get*", "ListAll"]);
    let names = marked(&["GetObject", "GetObjectAcl"], &["GetObjective"]);
    assert_eq!(cover(&names, Shape::Words).patterns, ["GetObject", "GetObjectAcl"]);
}

#[test]
fn what_is_spelled_is_under_no_star() {
    let names = [
        ("GetA", Mark::Wanted),
        ("GetB", Mark::Wanted),
        ("GetSecret", Mark::Spelled),
        ("Put", Mark::Forbidden),
    ];
    for shape in [Shape::Words, Shape::Any] {
        let patterns = cover(&names, shape).patterns;
        assert!(patterns.contains(&"GetSecret".to_owned()), "{patterns:?}");
        let star = patterns.iter().find(|p| p.contains('*') && Glob::parse(p).matches("GetSecret"));
        assert_eq!(star, None);
    }
}

#[test]
fn foreign_letters_are_spelled_or_begun() {
    let names = marked(&["Bébé", "Bébête"], &["Bé", "Beta"]);
    for shape in [Shape::Words, Shape::Any] {
        holds(&names, &cover(&names, shape));
    }
}

#[test]
fn nothing_wanted_needs_nothing() {
    assert_eq!(cover(&marked(&[], &["a"]), Shape::Any), Cover { patterns: vec![], optimal: true });
    assert_eq!(cover(&marked(&["ab", "cd"], &[]), Shape::Any).patterns, ["*"]);
    assert_eq!(cover(&marked(&["ab"], &[]), Shape::Any).patterns, ["*"]);
    assert_eq!(cover(&marked(&["a"], &[]), Shape::Any).patterns, ["a"]);
}

/// Every wanted name is matched and no forbidden one.
fn holds(names: &[(&str, Mark)], cover: &Cover) {
    let globs: Vec<Glob> = cover.patterns.iter().map(|pattern| Glob::parse(pattern)).collect();
    for (name, mark) in names {
        let matched = globs.iter().any(|glob| glob.matches_ignore_ascii_case(name));
        match mark {
            Mark::Wanted | Mark::Spelled => assert!(matched, "{name} in {cover:?}"),
            Mark::Forbidden => assert!(!matched, "{name} in {cover:?}"),
        }
    }
}

/// All lists of patterns there are, tried one after the other.
fn brute_force(names: &[(String, Mark)], any: bool) -> (usize, usize) {
    let mut patterns: BTreeSet<String> = BTreeSet::new();
    for (name, _) in names {
        patterns.insert(name.clone());
        for start in 0..=name.len() {
            for end in start..=name.len() {
                let part = &name[start..end];
                if start == 0 {
                    patterns.insert(format!("{part}*"));
                }
                if any {
                    if end == name.len() {
                        patterns.insert(format!("*{part}"));
                    }
                    patterns.insert(format!("*{part}*"));
                }
            }
        }
    }
    best_of(names, &patterns)
}

/// The best list of these patterns: its characters, and how many they are.
fn best_of(names: &[(String, Mark)], patterns: &BTreeSet<String>) -> (usize, usize) {
    let wanted: Vec<&String> =
        names.iter().filter(|(_, mark)| *mark == Mark::Wanted).map(|(n, _)| n).collect();
    let mut best = vec![(usize::MAX, usize::MAX); 1 << wanted.len()];
    best[0] = (0, 0);
    for pattern in patterns {
        let glob = Glob::parse(pattern);
        if names.iter().any(|(name, mark)| *mark == Mark::Forbidden && glob.matches(name)) {
            continue;
        }
        let has: usize =
            wanted.iter().enumerate().map(|(at, name)| usize::from(glob.matches(name)) << at).sum();
        for covered in 0..best.len() {
            let (characters, count) = best[covered];
            if characters != usize::MAX {
                let to = &mut best[covered | has];
                *to = (*to).min((characters + pattern.len(), count + 1));
            }
        }
    }
    best[best.len() - 1]
}

fn small_names() -> impl Strategy<Value = Vec<(String, Mark)>> {
    let mark = prop_oneof![Just(Mark::Wanted), Just(Mark::Wanted), Just(Mark::Forbidden)];
    proptest::collection::btree_map("[ab]{1,5}|[abc]{1,3}", mark, 1..9)
        .prop_map(|names| names.into_iter().collect())
}

/// Names, and heads and tails at a `/` that match several wanted ones.
fn whole_segments(names: &[(String, Mark)]) -> BTreeSet<String> {
    let mut patterns: BTreeSet<String> = names.iter().map(|(name, _)| name.clone()).collect();
    for (name, _) in names {
        for (at, _) in name.match_indices('/') {
            for pattern in [format!("{}*", &name[..=at]), format!("*{}", &name[at..])] {
                let glob = Glob::parse(&pattern);
                if names.iter().filter(|(name, mark)| *mark == Mark::Wanted && glob.matches(name)).count() > 1
                {
                    patterns.insert(pattern);
                }
            }
        }
    }
    patterns
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn covers_are_as_short_as_brute_force(names in small_names()) {
        let borrowed: Vec<(&str, Mark)> = names.iter().map(|(name, mark)| (name.as_str(), *mark)).collect();
        for any in [false, true] {
            let found = if any { cover(&borrowed, Shape::Any) } else { heads(&borrowed) };
            holds(&borrowed, &found);
            let length = (found.patterns.iter().map(String::len).sum::<usize>(), found.patterns.len());
            prop_assert!(found.optimal);
            prop_assert_eq!(length, brute_force(&names, any), "{:?}", found);
        }
    }

    #[test]
    fn without_a_budget_it_is_still_a_cover(names in small_names()) {
        let borrowed: Vec<(&str, Mark)> = names.iter().map(|(name, mark)| (name.as_str(), *mark)).collect();
        let set = NameSet::new(borrowed.iter().map(|(name, _)| *name));
        let mut marks = vec![Mark::Forbidden; set.len()];
        borrowed.iter().for_each(|(name, mark)| marks[set.find(name).unwrap()] = *mark);
        let found = set.cover(&marks, Shape::Any, 3, &mut Nodes(0));
        holds(&borrowed, &found);
        holds(&borrowed, &set.cover(&marks, Shape::Words, 0, &mut Nodes(0)));
    }

    #[test]
    fn covers_of_whole_segments_are_as_short_as_brute_force(
        names in proptest::collection::btree_map("[ab]{1,2}(/[ab]{1,2}){0,3}", prop_oneof![Just(Mark::Wanted), Just(Mark::Wanted), Just(Mark::Forbidden)], 1..10)
    ) {
        let names: Vec<(String, Mark)> = names.into_iter().collect();
        let borrowed: Vec<(&str, Mark)> = names.iter().map(|(name, mark)| (name.as_str(), *mark)).collect();
        let found = cover(&borrowed, Shape::Segments);
        holds(&borrowed, &found);
        let length = (found.patterns.iter().map(String::len).sum::<usize>(), found.patterns.len());
        prop_assert!(found.optimal);
        prop_assert_eq!(length, best_of(&names, &whole_segments(&names)), "{:?}", found);
        // What is to be spelled stands by its name alone.
        let spelled: Vec<(&str, Mark)> = borrowed.iter().map(|&(name, mark)| {
            (name, if mark == Mark::Wanted && name.starts_with('a') { Mark::Spelled } else { mark })
        }).collect();
        let found = cover(&spelled, Shape::Segments);
        holds(&spelled, &found);
        for (name, _) in spelled.iter().filter(|(_, mark)| *mark == Mark::Spelled) {
            let own = found.patterns.iter().filter(|pattern| Glob::parse(pattern).matches(name));
            prop_assert_eq!(own.collect::<Vec<_>>(), [name]);
        }
    }

    #[test]
    fn the_cheapest_choice_is_that_of_brute_force(
        sets in proptest::collection::vec((0..4_u32, proptest::collection::btree_set(0..6_usize, 1..4)), 1..8)
    ) {
        let sets: Vec<(u32, Vec<usize>)> =
            sets.into_iter().map(|(cost, set)| (cost, set.into_iter().collect())).collect();
        let all: Vec<usize> = (0..1_usize << sets.len()).collect();
        let of = |choice: &usize| {
            let chosen: Vec<usize> = (0..sets.len()).filter(|at| choice >> at & 1 == 1).collect();
            let covered: BTreeSet<usize> = chosen.iter().flat_map(|at| sets[*at].1.clone()).collect();
            let cost: u32 = chosen.iter().map(|at| sets[*at].0).sum();
            (covered.len() == 6).then_some((cost, chosen.len()))
        };
        let best = all.iter().filter_map(of).min();
        let fewest = all.iter().filter_map(of).map(|(_, count)| count).min();
        let found = cheapest(6, &sets, &mut Nodes(10_000));
        prop_assert_eq!(found.is_some(), best.is_some());
        if let Some(found) = found {
            let cost: u32 = found.chosen.iter().map(|at| sets[*at].0).sum();
            prop_assert!(found.optimal);
            prop_assert_eq!((Some((cost, found.chosen.len())), Some(found.lower_bound)), (best, fewest));
            let hasty = cheapest(6, &sets, &mut Nodes(0)).unwrap();
            prop_assert!(hasty.lower_bound <= found.lower_bound);
        }
    }
}
