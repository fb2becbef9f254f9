use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

const ARN: Syntax = Syntax { separator: ':', segments: 3 };

fn numbers(members: &Members) -> Vec<usize> {
    members.iter().collect()
}

fn texts(alphabet: &[char], longest: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut last = all.clone();
    for _ in 0..longest {
        last = last.iter().flat_map(|text| alphabet.iter().map(move |c| format!("{text}{c}"))).collect();
        all.extend(last.clone());
    }
    all
}

#[test]
fn a_walk_finds_the_overlap_and_both_rests() {
    let globs = [Glob::parse("a*"), Glob::parse("*b")];
    let mut cells = glob_cells(&globs.iter().collect::<Vec<_>>(), &[], None, &mut Budget::new(1000)).unwrap();
    cells.sort_by(|a, b| a.matching.cmp(&b.matching));
    let found: Vec<(Vec<usize>, &str)> =
        cells.iter().map(|cell| (numbers(&cell.matching), cell.text.as_str())).collect();
    assert_eq!(found.len(), 4);
    assert!(found.contains(&(vec![0, 1], "ab")));
    assert!(found.contains(&(vec![0], "a")));
    assert!(found.contains(&(vec![1], "b")));
}

#[test]
fn a_walk_gives_up_when_its_budget_is_spent() {
    let globs: Vec<Glob> =
        (0..20).map(|n| Glob::parse(&format!("*{}?????????", char::from(b'a' + n)))).collect();
    assert_eq!(glob_cells(&globs.iter().collect::<Vec<_>>(), &[], None, &mut Budget::new(2000)), None);
}

#[test]
fn usual_texts_are_preferred() {
    let patterns = [Pattern::parse("*:b:*", ARN).unwrap()];
    let usual: [&[&str]; 3] = [&["arn"], &[], &["q"]];
    let cells = PatternCells { patterns: &patterns, needed: &[Members::all(1)], syntax: ARN, usual: &usual };
    let cells = cells.all(&mut Budget::new(100)).unwrap();
    assert_eq!(cells.len(), 1);
    assert_eq!(cells[0].text, "arn:b:q");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn cells_are_those_of_all_short_texts(globs in proptest::collection::vec("[ab?*]{0,4}", 1..4)) {
        let globs: Vec<Glob> = globs.iter().map(|glob| Glob::parse(glob)).collect();
        let cells = glob_cells(&globs.iter().collect::<Vec<_>>(), &[], None, &mut Budget::new(100_000)).unwrap();
        let of = |text: &str| {
            globs.iter().enumerate().filter(|(_, g)| g.matches(text)).map(|(at, _)| at).collect::<Vec<_>>()
        };
        for cell in &cells {
            prop_assert_eq!(of(&cell.text), numbers(&cell.matching), "{}", &cell.text);
        }
        let found: BTreeSet<Vec<usize>> = cells.iter().map(|cell| numbers(&cell.matching)).collect();
        prop_assert_eq!(found.len(), cells.len());
        let naive: BTreeSet<Vec<usize>> = texts(&['a', 'b', 'c'], 7).iter().map(|text| of(text)).collect();
        // Seven characters suffice for most combinations, not for all.
        prop_assert!(naive.is_subset(&found), "{naive:?} {found:?}");
        for cell in cells.iter().filter(|cell| cell.text.chars().count() <= 7) {
            prop_assert!(naive.contains(&numbers(&cell.matching)));
        }
    }

    #[test]
    fn cells_of_ids_are_those_of_all_short_ids(patterns in proptest::collection::vec("([ab?*]{0,2}:[a*]{0,2}:[ab:?*]{0,3}|\\*)", 1..4)) {
        let patterns: Vec<Pattern> = patterns.iter().map(|text| Pattern::parse(text, ARN).unwrap()).collect();
        let mut needed = Members::default();
        needed.insert(0);
        let groups = [needed];
        let cells = PatternCells { patterns: &patterns, needed: &groups, syntax: ARN, usual: &[] };
        let cells = cells.all(&mut Budget::new(100_000)).unwrap();
        let of = |text: &str| {
            let matching = patterns.iter().enumerate().filter(|(_, p)| p.matches(text, ARN));
            matching.map(|(at, _)| at).collect::<Vec<_>>()
        };
        for cell in &cells {
            prop_assert_eq!(of(&cell.text), numbers(&cell.matching), "{}", &cell.text);
        }
        let found: BTreeSet<Vec<usize>> = cells.iter().map(|cell| numbers(&cell.matching)).collect();
        prop_assert_eq!(found.len(), cells.len());
        let segments = texts(&['a', 'b', 'c'], 2);
        for first in &segments {
            for second in &segments {
                for third in texts(&['a', 'b', ':'], 3) {
                    let all = of(&format!("{first}:{second}:{third}"));
                    prop_assert!(!all.contains(&0) || found.contains(&all), "{first}:{second}:{third}");
                }
            }
        }
    }
}
