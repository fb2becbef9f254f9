//! Laws over random conditions.

use super::super::guards;
use super::super::operator::Operator;
use super::super::parse::{Fault, parse};
use super::super::syntax::{Attribute, Compare, Condition, Literal, Operand, Source};
use super::{Attributes, condition_of, holds, naive, residual};
use crate::condition::{Kind, Over, Relation, Tri, simplify};
use crate::model::Facts;
use proptest::prelude::*;

const PATTERNS: &[&str] =
    &["A.B/c/read", "A.B/c/write", "A.B/c/*", "a.b/*/read", "*", "A.B/c/Read", "A.B/?/read"];
const ACTIONS: &[&str] = &["A.B/c/read", "a.b/C/WRITE", "A.B/d/read", "A.B/c/d/read", "X.Y/z/action"];
const SUB_OPERATIONS: &[&str] = &["Blob.List", "blob.*", "Blob.Read.WithTagConditions"];
const TEXTS: &[&str] =
    &["a", "ab", "AB", "b", "", "a*", "a?b", "*b", r"a\*", r"\?", r"a\b", "ßa", "${*}", "$"];
const NUMBERS: &[i64] = &[-1, 0, 1, 2, 10];
const DATES: &[&str] = &["2022-06-01T00:00:00.0Z", "2022-06-01T00:00:00.1234567Z", "2023-01-01T00:00:00.0Z"];
const GUIDS: &[&str] =
    &["acdd72a7-3385-48ef-bd42-f606fba81ae7", "b24988ac-6180-42a0-ab88-20f7382dd24c", "not-a-guid"];
/// The last can have one value only.
const NAMES: &[(Source, &str)] = &[
    (Source::Resource, "N.S/t:x"),
    (Source::Request, "N.S/t:y"),
    (Source::Principal, "N.S/t/tags:k<$key_case_sensitive$>"),
    (Source::Environment, "z"),
    (Source::Request, "Microsoft.Authorization/roleAssignments:PrincipalType"),
];

fn attribute() -> impl Strategy<Value = Attribute> {
    prop::sample::select(NAMES).prop_map(|(source, name)| Attribute { source, name: name.into() })
}

fn literal(operator: Operator) -> BoxedStrategy<Literal> {
    match operator.kind() {
        _ if operator.is_of_guids() => {
            prop::sample::select(&GUIDS[..2]).prop_map(|guid| Literal::Guid(guid.into())).boxed()
        }
        Kind::Text | Kind::FoldedText => {
            prop::sample::select(TEXTS).prop_map(|text| Literal::Text(text.into())).boxed()
        }
        Kind::Number => prop::sample::select(NUMBERS).prop_map(Literal::Integer).boxed(),
        Kind::Date => prop::sample::select(DATES).prop_map(|text| Literal::Text(text.into())).boxed(),
        Kind::Truth => any::<bool>().prop_map(Literal::Truth).boxed(),
    }
}

fn operand(operator: Operator, several: bool, key: bool) -> BoxedStrategy<Operand> {
    let most = if several { 4 } else { 2 };
    let set = prop::collection::vec(literal(operator), 1..most).prop_map(Operand::Set);
    let one = literal(operator).prop_map(Operand::One);
    match key {
        true => prop_oneof![6 => attribute().prop_map(Operand::Attribute), 1 => set, 1 => one].boxed(),
        false => prop_oneof![2 => set, 1 => one].boxed(),
    }
}

fn compare() -> impl Strategy<Value = Condition> {
    let operators: Vec<Operator> = Operator::all().collect();
    let over = prop_oneof![Just(Over::Any), Just(Over::All)];
    let over = prop::option::weighted(0.7, [over.clone(), over]);
    (prop::sample::select(operators), over, any::<[bool; 2]>()).prop_flat_map(
        |(operator, over, [left, right])| {
            let over = over.filter(|_| operator.takes_several());
            let several = over.is_some();
            // A pattern is no attribute's value.
            let right = right && operator.relation() != Relation::Like;
            (operand(operator, several, left), operand(operator, several, right))
                .prop_map(move |(left, right)| Condition::Compare(Compare { left, over, operator, right }))
        },
    )
}

fn condition() -> impl Strategy<Value = Condition> {
    let leaf = prop_oneof![
        3 => prop::sample::select(PATTERNS).prop_map(|pattern| Condition::Action(pattern.into())),
        1 => prop::sample::select(SUB_OPERATIONS).prop_map(|name| Condition::SubOperation(name.into())),
        1 => attribute().prop_map(Condition::Exists),
        6 => compare(),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let parts = prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            2 => parts.clone().prop_map(Condition::And),
            2 => parts.prop_map(Condition::Or),
            1 => inner.prop_map(|inner| Condition::Not(Box::new(inner))),
        ]
    })
}

/// Values of all attributes; none is unknown.
fn attributes() -> impl Strategy<Value = Attributes> {
    let values: Vec<&str> = TEXTS
        .iter()
        .chain(DATES)
        .chain(GUIDS)
        .chain(&[
            "-1",
            "0",
            "1",
            "2",
            "10",
            "true",
            "false",
            "x",
            "abb",
            "ACDD72A7-3385-48ef-bd42-f606fba81ae7",
        ])
        .copied()
        .collect();
    let list = prop::collection::vec(prop::sample::select(values), 0..3);
    let sub = prop::collection::vec(prop::sample::select(SUB_OPERATIONS), 0..3);
    (prop::collection::vec(list, NAMES.len()), sub).prop_map(|(mut lists, sub)| {
        if let Some(last) = lists.last_mut() {
            last.truncate(1);
        }
        let boxed = |list: &[&str]| {
            let mut list: Vec<Box<str>> = list.iter().map(|value| Box::from(*value)).collect();
            list.sort();
            list.dedup();
            list
        };
        let named = NAMES.iter().zip(&lists).map(|((source, name), list)| {
            (Attribute { source: *source, name: (*name).into() }.to_string(), boxed(list))
        });
        named.chain([("@Request[subOperation]".to_owned(), boxed(&sub))]).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read(condition in condition()) {
        let text = condition.to_string();
        prop_assert_eq!(parse(&text), Ok(condition.clone()), "{}", text);
        let spaced = text.replace(' ', "\n  ").replace('(', "( ");
        prop_assert_eq!(parse(&spaced), Ok(condition.clone()), "{}", spaced);
        let signs = text.replace(" AND ", "&&").replace(" OR ", "||").replace("!(", "NOT (");
        prop_assert_eq!(parse(&signs), Ok(condition), "{}", signs);
    }

    /// With everything known the condition holds where the naive evaluation says so; with less known, what is left of it
    /// does, simplified or not.
    #[test]
    fn it_means_what_the_naive_evaluation_says(
        conditions in prop::collection::vec(condition(), 1..3),
        attributes in attributes(),
        forgotten: u8,
    ) {
        let texts: Vec<String> = conditions.iter().map(ToString::to_string).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let mut facts = Facts::default();
        let guards = match guards::read(&mut facts, &texts) {
            Ok(guards) => guards,
            Err(Fault::TooComplex { .. }) => return Ok(()),
            Err(fault) => return Err(TestCaseError::fail(format!("{fault}: {texts:?}"))),
        };
        facts.conditions.freeze();
        // No condition asks for several values of these.
        let mut attributes = attributes;
        for key in facts.conditions.keys().iter().filter(|key| !key.many) {
            attributes.entry(key.name.to_string()).and_modify(|values| values.truncate(1));
        }
        let mut known = attributes.clone();
        let mut place = 0;
        known.retain(|_, _| { place += 1; forgotten >> place & 1 == 1 });
        for action in ACTIONS {
            let wanted = conditions.iter().all(|condition| naive::holds(condition, action, &attributes));
            let id = condition_of(&guards, action);
            let all = holds(&residual(&facts, id, &attributes), &attributes);
            prop_assert_eq!(all, Tri::from(wanted), "{} {:?} {:?}", action, texts, attributes);
            let left = residual(&facts, id, &known);
            let found = holds(&left, &attributes);
            prop_assert!(found == Tri::Maybe || found == Tri::from(wanted), "{} {:?} {:?} {:?}", action, texts, attributes, left);
            let simple = simplify(&left).expr;
            let found = holds(&simple, &attributes);
            prop_assert!(found == Tri::Maybe || found == Tri::from(wanted), "{} {:?} {:?} {:?}", action, texts, attributes, simple);
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "[@!&|(){}'\\[\\]<>$,:. *\\\\?A-Za-z0-9-]{0,60}", any in ".{0,80}") {
        let mut facts = Facts::default();
        for text in [text.as_str(), any.as_str()] {
            let found = guards::read(&mut facts, &[text]);
            prop_assert_eq!(found.is_ok(), parse(text).is_ok() && found.is_ok());
        }
    }

    /// A text cut or changed anywhere is read or refused.
    #[test]
    fn no_change_makes_it_panic(condition in condition(), at: prop::sample::Index, sign in "[ -~ß]{0,3}") {
        let text = condition.to_string();
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        let (head, tail) = text.split_at(*at.get(&places));
        for changed in [head.to_owned(), tail.to_owned(), format!("{head}{sign}{tail}")] {
            let _ = guards::read(&mut Facts::default(), &[&changed]);
        }
    }
}
