//! What is read, what is refused and where, from the documentation.

use super::super::parse::{Fault, MOST_BYTES, parse};
use super::super::{guards, keys};
use super::{Attributes, condition_of, holds, residual};
use crate::condition::Tri;
use crate::model::{CondId, Facts};

fn constant(text: &str) -> bool {
    let guards = guards::read(&mut Facts::default(), &[text]).unwrap();
    match guards.as_slice() {
        [] => false,
        [guard] if guard.condition == CondId::ALWAYS => true,
        other => panic!("{other:?}"),
    }
}

/// The table of operator examples.
#[test]
fn the_documentations_examples_hold() {
    for (text, wanted) in [
        ("{'red', 'blue'} ForAnyOfAnyValues:StringEquals {'blue', 'green'}", true),
        ("{'red', 'blue'} ForAnyOfAnyValues:StringEquals {'orange', 'green'}", false),
        ("{'red', 'blue'} ForAllOfAnyValues:StringEquals {'orange', 'red', 'blue'}", true),
        ("{'red', 'blue'} ForAllOfAnyValues:StringEquals {'red', 'green'}", false),
        ("{10, 20} ForAnyOfAllValues:NumericLessThan {15, 18}", true),
        ("{10, 20} ForAllOfAllValues:NumericLessThan {5, 15, 18}", false),
        ("{10, 20} ForAllOfAllValues:NumericLessThan {25, 30}", true),
        ("{10, 20} ForAllOfAllValues:NumericLessThan {15, 25, 30}", false),
        ("{2, 9} ForAllOfAnyValues:NumericLessThan {5, 10}", true),
        ("'abcd' StringLike 'a*c?'", true),
        ("'abcd' StringLike 'A*C?'", false),
        ("'abcd' StringLike 'a*c'", false),
        ("'abcd' StringLikeIgnoreCase 'A*C?'", true),
        (r"'a*' StringLike 'a\*'", true),
        (r"'ab' StringLike 'a\*'", false),
        ("acdd72a7338548efbd42f606fba81ae7 GuidEquals 'ACDD72A7-3385-48ef-bd42-f606fba81ae7'", true),
        ("'2022-06-01T00:00:00.0000001Z' DateTimeGreaterThan '2022-06-01T00:00:00.0Z'", true),
        ("NOT true BoolEquals TRUE", false),
    ] {
        assert_eq!(constant(text), wanted, "{text}");
    }
}

#[test]
fn a_condition_guards_one_action_only() {
    let text = "(!(ActionMatches{'A/b/read'} AND NOT SubOperationMatches{'Blob.List'})) \
                OR (@Resource[A/b:name] StringEquals 'x')";
    let mut facts = Facts::default();
    let guards = guards::read(&mut facts, &[text]).unwrap();
    assert_eq!(condition_of(&guards, "A/b/write"), CondId::ALWAYS);
    let id = condition_of(&guards, "a/B/READ");
    let with = |list: &[(&str, &str)]| -> Tri {
        let known: Attributes =
            list.iter().map(|(name, value)| ((*name).to_owned(), vec![Box::from(*value)])).collect();
        holds(&residual(&facts, id, &known), &known)
    };
    assert_eq!(with(&[("@Request[subOperation]", "blob.list")]), Tri::Yes);
    assert_eq!(with(&[("@Request[subOperation]", "Blob.Read")]), Tri::Maybe);
    assert_eq!(with(&[("@Resource[A/b:name]", "x")]), Tri::Yes);
    assert_eq!(with(&[("@Resource[A/b:name]", "y"), ("@Request[subOperation]", "Blob.Read")]), Tri::No);
}

/// A missing attribute satisfies no comparison, whichever sense it has.
#[test]
fn what_is_absent_is_compared_with_nothing() {
    for (text, wanted) in [
        ("@Resource[x] StringEquals 'a'", Tri::No),
        ("@Resource[x] StringNotEquals 'a'", Tri::No),
        ("@Resource[x] ForAllOfAnyValues:StringEquals {'a'}", Tri::No),
        ("@Resource[x] ForAllOfAllValues:StringNotEquals {'a'}", Tri::No),
        ("!(@Resource[x] StringEquals 'a')", Tri::Yes),
        ("Exists @Resource[x]", Tri::No),
        ("NOT Exists @Resource[x]", Tri::Yes),
        ("@Resource[x] StringNotEquals @Request[y]", Tri::No),
    ] {
        let mut facts = Facts::default();
        let guards = guards::read(&mut facts, &[text]).unwrap();
        let absent = Attributes::from([("@Resource[x]".to_owned(), Vec::new())]);
        let found = holds(&residual(&facts, condition_of(&guards, "a"), &absent), &absent);
        assert_eq!(found, wanted, "{text}");
    }
}

#[test]
fn faults_name_their_place() {
    for (text, wanted) in [
        (
            "Exists @Resource[a] AND Exists @Resource[b] OR Exists @Resource[c]",
            "character 45: `AND` and `OR` side by side; parentheses have to say which goes first",
        ),
        (
            "(Exists @Resource[a] || Exists @Resource[b] && Exists @Resource[c])",
            "character 45: `AND` and `OR` side by side; parentheses have to say which goes first",
        ),
        ("", "character 1: expected an attribute or a value"),
        ("(Exists @Resource[a]", "character 21: expected `)`"),
        ("Exists @Resource[a] Exists", "character 21: expected `AND`, `OR` or the end"),
        ("@Resource[a] StringIs 'x'", "character 14: expected an operator such as `StringEquals`"),
        ("@Resource[a] NumericEquals 1.5", "character 28: expected an attribute or a value"),
        ("@Resource[a] NumericEquals '1'", "character 28: expected a value that `NumericEquals` can compare"),
        ("@Resource[a] GuidEquals {1}", "character 26: expected a value that `GuidEquals` can compare"),
        (
            "@Resource[ß] StringEquals 'x",
            "character 27: expected the end of the text that begins here with `'`",
        ),
        ("ActionMatches{}", "character 15: expected a text in `'`"),
        ("ActionMatches{'a', 'b'}", "character 18: expected `}` after one name"),
        ("{} ForAnyOfAnyValues:StringEquals {'a'}", "character 2: expected an attribute or a value"),
        (
            "@Resource[x] ForAnyOfAllValues:StringStartsWith {'a', 'b'}",
            "character 14: `StringStartsWith` has no form with a prefix",
        ),
        (
            "@Resource[x] StringStartsWith {'a', 'b'}",
            "character 31: `StringStartsWith` compares one value with one",
        ),
        (
            "@Resource[a] StringEquals {'a', 'b'}",
            "character 27: several values need a prefix such as `ForAnyOfAnyValues:` before `StringEquals`",
        ),
        ("@Resource[a] StringLike @Request[b]", "character 25: the pattern is the value of an attribute"),
        (
            "@Nothing[a] StringEquals 'a'",
            "character 1: expected an attribute such as `@Resource[name]`; the sources are Request, Resource, \
             Principal and Environment",
        ),
    ] {
        assert_eq!(parse(text).unwrap_err().to_string(), wanted, "{text}");
    }
}

#[test]
fn limits_hold() {
    let test = "Exists @Resource[a]";
    assert_eq!(parse(&format!("{test}{}", " ".repeat(MOST_BYTES))), Err(Fault::TooLarge));
    assert!(parse(&format!("{test}{}", " ".repeat(MOST_BYTES - test.len()))).is_ok());
    let nested = |depth: usize| format!("{}{test}{}", "(".repeat(depth), ")".repeat(depth));
    assert!(parse(&nested(64)).is_ok());
    assert_eq!(parse(&nested(65)), Err(Fault::TooDeep { at: 66 }));
    assert_eq!(parse(&format!("{}{test}", "!".repeat(65))), Err(Fault::TooDeep { at: 66 }));
    let literals: Vec<String> = (0..63).map(|n| format!("ActionMatches{{'A/{n}'}}")).collect();
    assert_eq!(guards::read(&mut Facts::default(), &[&literals.join(" OR ")]).unwrap().len(), 63);
    let overlapping: Vec<String> = (0..7).map(|n| format!("ActionMatches{{'*{n}*'}}")).collect();
    let fault = guards::read(&mut Facts::default(), &[&overlapping.join(" OR ")]).unwrap_err();
    assert!(matches!(fault, Fault::TooComplex { .. }), "{fault}");
}

#[test]
fn keys_are_named_as_attributes_are_written() {
    let mut facts = Facts::default();
    let text = "@request[ A/b/tags:Key<$key_case_sensitive$> ] ForAnyOfAnyValues:StringEquals {'a'} \
                AND @Environment[UtcNow] DateTimeLessThan '2030-01-01T00:00:00.0Z'";
    guards::read(&mut facts, &[text]).unwrap();
    let names: Vec<(&str, bool)> = facts.conditions.keys().iter().map(|key| (&*key.name, key.many)).collect();
    assert_eq!(
        names,
        [("@Request[A/b/tags:Key<$key_case_sensitive$>]", true), ("@Environment[UtcNow]", false)]
    );
    assert!(keys::key_words("aws:SourceIp").is_none() && keys::key_scope("aws:SourceIp").is_none());
    assert!(keys::key_words("@Environment[UtcNow]").unwrap().moment);
}

/// What a later condition tells of an attribute holds in earlier ones, also where it stands on the right.
#[test]
fn keys_are_the_same_on_both_sides_of_a_comparison() {
    let mut facts = Facts::default();
    let first = "@Request[A.B/c:z] StringEquals @Resource[a.b/c:x]";
    let later = "@Resource[A.B/C:X] ForAnyOfAnyValues:StringEquals {'a'}";
    guards::read(&mut facts, &[first, later]).unwrap();
    facts.conditions.freeze();
    let crossing = facts.conditions.clauses().find_map(|(_, clause)| Some((clause, clause.cross.as_ref()?)));
    let (clause, cross) = crossing.unwrap();
    assert_eq!((&*cross.right.name, cross.right.many), ("@Resource[A.B/C:X]", true));
    assert_eq!(&*clause.values[0], "${@Resource[A.B/C:X]}");
    assert!(!clause.key.many);
}
