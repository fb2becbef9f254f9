use super::*;
use proptest::prelude::*;

fn check(tests: &[(&str, &[&str])]) -> Examples {
    let tests: Vec<Test> = tests.iter().map(|(op, values)| Test::compile(op, values).unwrap()).collect();
    examples(false, &tests.iter().collect::<Vec<_>>())
}

#[test]
fn texts_have_a_value_in_every_overlap() {
    let found = check(&[("StringLike", &["a*"]), ("StringLike", &["*b"]), ("StringEquals", &["ab"])]);
    assert!(found.complete);
    // Absent (as whatever matches nothing), `ab` itself, another of both globs, one of each.
    assert_eq!(found.examples.len(), 5, "{:?}", found.examples);
}

#[test]
fn numbers_and_dates_have_values_in_gaps() {
    let found = check(&[("NumericLessThan", &["10"]), ("NumericGreaterThan", &["5"])]);
    assert!(found.complete);
    assert_eq!(found.examples.len(), 4, "{:?}", found.examples);
    let found =
        check(&[("DateLessThan", &["2026-01-02T00:00:00Z"]), ("DateGreaterThan", &["2026-01-01T00:00:00Z"])]);
    assert!(found.complete);
    assert_eq!(found.examples.len(), 4, "{:?}", found.examples);
}

#[test]
fn addresses_lie_inside_and_outside() {
    let found = check(&[("IpAddress", &["10.0.0.0/8"]), ("NotIpAddress", &["10.0.0.0/8"])]);
    assert!(found.complete);
    assert!(found.examples.contains(&Example::One("10.0.0.1".to_owned())), "{:?}", found.examples);
}

#[test]
fn sets_of_values_are_examples_of_keys_with_several() {
    let any = Test::compile("ForAnyValue:StringEquals", &["a"]).unwrap();
    let all = Test::compile("ForAllValues:StringEquals", &["a"]).unwrap();
    let found = examples(true, &[&any, &all]);
    assert!(found.complete);
    // Absent or neither: all and not any, both, any and not all, neither.
    assert_eq!(found.examples.len(), 4, "{:?}", found.examples);
}

proptest! {
    #[test]
    fn whatever_a_value_answers_some_example_answers(
        tests in proptest::collection::vec((0usize..4, "[ab?*]{1,3}"), 1..4), value in "[abc]{0,5}",
    ) {
        let operators = ["StringLike", "StringNotLike", "StringEquals", "StringLikeIfExists"];
        let tests: Vec<Test> =
            tests.iter().map(|(op, text)| Test::compile(operators[*op], &[text]).unwrap()).collect();
        let tests: Vec<&Test> = tests.iter().collect();
        let found = examples(false, &tests);
        prop_assert!(found.complete);
        for state in [KeyState::Absent, KeyState::One(&value)] {
            let answers: Vec<Tri> = tests.iter().map(|test| test.eval(state)).collect();
            let like = |example: &Example| tests.iter().map(|test| test.eval(example.state())).eq(answers.iter().copied());
            prop_assert!(found.examples.iter().any(like));
        }
    }
}
