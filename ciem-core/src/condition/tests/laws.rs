//! Laws over random expressions: equivalence, canonical form, constants.

use super::super::{Atom, Expr, KeyNature, KeyState, KeyWords, Operator, Told, Tri, Vocabulary, simplify};
use super::{compact, missing, on};
use crate::pattern::{Pattern, Syntax};
use proptest::prelude::*;
use std::collections::BTreeMap;

const SYNTAX: Syntax = Syntax { separator: ':', segments: 6 };

/// What a key of the tests can be asked, and values that reach every class these questions make.
#[derive(Debug)]
struct Sample {
    name: &'static str,
    many: bool,
    operators: &'static [&'static str],
    operands: &'static [&'static str],
    values: &'static [&'static str],
}

const TEXT: Sample = Sample {
    name: "text",
    many: false,
    operators: &["StringEquals", "StringNotEquals", "StringEqualsIfExists", "ForAllValues:StringEquals"],
    operands: &["a", "b", "c"],
    values: &["a", "b", "c", "other"],
};
const GLOB: Sample = Sample {
    name: "glob",
    many: false,
    operators: &[
        "StringLike",
        "StringNotLike",
        "StringEquals",
        "StringEqualsIgnoreCase",
        "StringLikeIfExists",
        "StringLikeIgnoreCase",
        "StringNotLikeIgnoreCase",
    ],
    operands: &["a*", "ab*", "*b", "a?c", "b", "ab", "AB", "A*", "*"],
    values: &["a", "ab", "abb", "abc", "ac", "axc", "b", "xb", "AB", "aB", "x", "axb", "abxb"],
};
const NUMBER: Sample = Sample {
    name: "number",
    many: false,
    operators: &[
        "NumericEquals",
        "NumericNotEquals",
        "NumericLessThan",
        "NumericLessThanEqualsIfExists",
        "NumericGreaterThan",
        "NumericGreaterThanEquals",
    ],
    operands: &["1", "2", "3"],
    values: &["0", "1", "1.5", "2.0", "2.5", "3", "4", "x"],
};
const DATE: Sample = Sample {
    name: "date",
    many: false,
    operators: &["DateEquals", "DateNotEquals", "DateLessThan", "DateGreaterThanEqualsIfExists"],
    operands: &["2020-01-01", "1577836801"],
    values: &[
        "1577836799",
        "2020-01-01T00:00:00Z",
        "1577836800.5",
        "2020-01-01T00:00:01Z",
        "2021-01-01",
        "x",
    ],
};
const ADDRESS: Sample = Sample {
    name: "address",
    many: false,
    operators: &["IpAddress", "NotIpAddress", "IpAddressIfExists"],
    operands: &["10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9", "10.1.1.1", "2001:db8::/32", "0.0.0.0/0", "::/0"],
    values: &["9.255.255.255", "10.1.1.1", "10.1.1.2", "10.200.0.1", "2001:db8::1", "::1", "x"],
};
const TRUTH: Sample = Sample {
    name: "truth",
    many: false,
    operators: &["Bool", "BoolIfExists"],
    operands: &["true", "false"],
    values: &["true", "FALSE", "x"],
};
const ARN: Sample = Sample {
    name: "arn",
    many: false,
    operators: &["ArnLike", "ArnNotLike", "ArnEqualsIfExists"],
    operands: &[
        "arn:aws:iam::1:*",
        "arn:aws:iam::*:role/a",
        "arn:aws:iam::1:role/a",
        "arn:aws:iam::2:role/a",
        "x",
    ],
    values: &[
        "arn:aws:iam::1:role/a",
        "arn:aws:iam::1:x",
        "arn:aws:iam::2:role/a",
        "arn:aws:iam::3:role/a",
        "arn:aws:s3:::b",
        "x",
    ],
};
const MANY: Sample = Sample {
    name: "many",
    many: true,
    operators: &[
        "ForAnyValue:StringEquals",
        "ForAnyValue:StringNotEquals",
        "ForAllValues:StringEquals",
        "ForAllValues:StringNotEquals",
        "ForAnyValue:StringEqualsIfExists",
    ],
    operands: &["a", "b", "c"],
    values: &["a", "b", "c", "other"],
};
const MANY_NUMBERS: Sample = Sample {
    name: "numbers",
    many: true,
    operators: &[
        "ForAnyValue:NumericLessThan",
        "ForAllValues:NumericGreaterThan",
        "NumericEquals",
        "ForAllValues:NumericNotEquals",
    ],
    operands: &["1", "2"],
    values: &["0", "1", "1.5", "2", "3", "x"],
};
const MANY_PLAIN: Sample = Sample {
    name: "plain",
    many: true,
    operators: &["StringEquals", "StringNotEquals", "StringEqualsIfExists", "StringNotLike"],
    operands: &["a", "b", "c"],
    values: &["a", "b", "c", "other"],
};
const MANY_PLAIN_TEXT: Sample =
    Sample { operators: &["StringEquals", "StringNotEquals", "StringEqualsIfExists"], ..MANY_PLAIN };
const MIXED: Sample = Sample {
    name: "mixed",
    many: false,
    operators: &[
        "StringEquals",
        "NumericLessThan",
        "DateGreaterThan",
        "NumericNotEquals",
        "StringNotLikeIfExists",
    ],
    operands: &["1", "2", "3"],
    values: &["0", "1", "1.5", "2", "2020-01-01", "3", "4", "x", "1.0"],
};
const SAMPLES: &[&Sample] =
    &[&TEXT, &GLOB, &NUMBER, &DATE, &ADDRESS, &TRUTH, &ARN, &MANY, &MANY_NUMBERS, &MANY_PLAIN, &MIXED];
/// Families whose form depends on nothing but the accepted values.
const EXACT: &[&Sample] = &[&TEXT, &NUMBER, &DATE, &ADDRESS, &TRUTH, &MANY, &MANY_PLAIN_TEXT];
const SESSIONS: &[&str] = &["a*", "ab", "*b", "x"];
const SESSION_VALUES: &[&str] = &["a", "ab", "axb", "xb", "x", "y"];
const RESOURCES: &[&str] =
    &["arn:aws:s3:::a", "arn:aws:s3:::a*", "arn:aws:s3:::*b", "arn:aws:sqs:*:1:q", "*"];
const RESOURCE_VALUES: &[&str] =
    &["arn:aws:s3:::a", "arn:aws:s3:::ax", "arn:aws:s3:::ab", "arn:aws:s3:::b", "arn:aws:sqs:eu:1:q", "z"];

/// What the keys, the session, the resource and the missing facts are in one request.
#[derive(Debug)]
struct Completion {
    keys: BTreeMap<&'static str, Vec<Box<str>>>,
    session: &'static str,
    resource: &'static str,
    facts: usize,
}

impl Completion {
    /// A completion that the numbers choose.
    fn choose(seed: &mut impl FnMut(usize) -> usize) -> Completion {
        let mut keys = BTreeMap::new();
        for sample in SAMPLES {
            let length = if sample.many { seed(4) } else { seed(6).min(1) };
            let values = (0..length).map(|_| sample.values[seed(sample.values.len())].into()).collect();
            keys.insert(sample.name, values);
        }
        Completion {
            keys,
            session: SESSION_VALUES[seed(SESSION_VALUES.len())],
            resource: RESOURCE_VALUES[seed(RESOURCE_VALUES.len())],
            facts: seed(1 << 20),
        }
    }

    fn holds(&self, atom: &Atom) -> Tri {
        match atom {
            Atom::Key { key, test } => {
                let mut values = self.keys[&*key.name].clone();
                values.sort();
                values.dedup();
                match (&values[..], key.many) {
                    ([], _) => test.eval(KeyState::Absent),
                    ([only], false) => test.eval(KeyState::One(only)),
                    (list, _) => test.eval(KeyState::Many(list)),
                }
            }
            Atom::SessionName(name) => crate::pattern::Glob::parse(name).matches(self.session).into(),
            Atom::ResourceIn(list) => {
                list.iter().any(|pattern| pattern.matches(self.resource, SYNTAX)).into()
            }
            Atom::Missing(fact) => (self.facts >> fact.subject.parse::<usize>().unwrap() & 1 == 1).into(),
            Atom::Open { .. } => Tri::Maybe,
        }
    }

    fn eval(&self, expr: &Expr) -> bool {
        match expr.eval(&mut |atom| self.holds(atom)) {
            Tri::Yes => true,
            Tri::No => false,
            Tri::Maybe => panic!("complete"),
        }
    }
}

fn key_test(sample: &'static Sample) -> impl Strategy<Value = Expr> {
    let operands = prop::collection::vec(prop::sample::select(sample.operands), 1..3);
    let operator = prop::sample::select(sample.operators);
    let test =
        (operator, operands).prop_map(|(operator, values)| on(sample.name, sample.many, operator, &values));
    prop_oneof![5 => test, 1 => any::<bool>().prop_map(|absent| on(sample.name, sample.many, "Null", &[&absent.to_string()]))]
}

fn other_atom(facts: usize) -> impl Strategy<Value = Expr> {
    let resources = prop::collection::vec(prop::sample::select(RESOURCES), 1..3);
    let resource = resources.prop_map(|texts| {
        let mut list: Vec<Pattern> = texts.iter().map(|text| Pattern::parse(text, SYNTAX).unwrap()).collect();
        list.sort();
        Expr::atom(Atom::ResourceIn(list))
    });
    prop_oneof![
        (0..facts).prop_map(|index| missing(&index.to_string())),
        prop::sample::select(SESSIONS).prop_map(|name| Expr::atom(Atom::SessionName(name.into()))),
        resource,
    ]
}

/// Two levels of `and` and `or` over up to `width` times `width` atoms or their opposites.
fn tree(leaf: impl Strategy<Value = Expr> + 'static, width: usize) -> impl Strategy<Value = Expr> {
    let group =
        |conjunction: bool, parts: Vec<Expr>| if conjunction { Expr::And(parts) } else { Expr::Or(parts) };
    let literal = (leaf, any::<bool>()).prop_map(|(atom, opposite)| if opposite { atom.not() } else { atom });
    let inner = (any::<bool>(), prop::collection::vec(literal, 1..=width))
        .prop_map(move |(conjunction, parts)| group(conjunction, parts));
    let outer = (any::<bool>(), any::<bool>(), prop::collection::vec(inner, 1..=width));
    outer.prop_map(move |(conjunction, opposite, parts)| {
        let whole = group(conjunction, parts);
        if opposite { whole.not() } else { whole }
    })
}

/// Expressions over one key.
fn narrow() -> impl Strategy<Value = Expr> {
    prop::sample::select(SAMPLES).prop_flat_map(|sample| tree(key_test(sample), 3))
}

/// Expressions over two samples and the other atoms.
fn wide(size: usize) -> impl Strategy<Value = Expr> {
    let samples = (prop::sample::select(SAMPLES), prop::sample::select(SAMPLES));
    samples.prop_flat_map(move |(first, second)| {
        tree(prop_oneof![2 => key_test(first), 2 => key_test(second), 2 => other_atom(2 * size)], size)
    })
}

fn generator(mut state: u64) -> impl FnMut(usize) -> usize {
    move |limit| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % limit
    }
}

fn check_equivalence(expr: &Expr, seed: u64) -> Result<(), TestCaseError> {
    let simplified = simplify(expr);
    let mut random = generator(seed);
    for _ in 0..300 {
        let completion = Completion::choose(&mut random);
        let (wanted, got) = (completion.eval(expr), completion.eval(&simplified.expr));
        prop_assert_eq!(wanted, got, "{}\n{}\n{:?}", compact(expr), compact(&simplified.expr), completion);
    }
    let again = simplify(&simplified.expr);
    if simplified.canonical {
        prop_assert_eq!(compact(&again.expr), compact(&simplified.expr), "idempotent");
    }
    Ok(())
}

/// An equivalent expression, written differently.
fn rewrite(expr: &Expr, random: &mut impl FnMut(usize) -> usize) -> Expr {
    let written = match expr {
        Expr::And(parts) | Expr::Or(parts) => {
            let conjunction = matches!(expr, Expr::And(_));
            let mut parts: Vec<Expr> = parts.iter().map(|part| rewrite(part, random)).collect();
            let turn = random(parts.len());
            parts.rotate_left(turn);
            match random(4) {
                0 => parts.extend(parts.first().cloned()),
                1 => {
                    let opposite = parts.into_iter().map(Expr::not).collect();
                    let whole = if conjunction { Expr::Or(opposite) } else { Expr::And(opposite) };
                    return Expr::Not(Box::new(whole));
                }
                _ => {}
            }
            if conjunction { Expr::And(parts) } else { Expr::Or(parts) }
        }
        Expr::Not(inner) => Expr::Not(Box::new(rewrite(inner, random))),
        other => other.clone(),
    };
    match random(5) {
        0 => Expr::Or(vec![written.clone(), Expr::And(vec![written, missing("2")])]),
        1 => Expr::And(vec![Expr::Or(vec![written.clone(), missing("1")]), written]),
        _ => written,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn simplified_means_the_same(expr in wide(3), seed: u64) {
        check_equivalence(&expr, seed)?;
    }

    #[test]
    fn simplified_means_the_same_over_one_key(expr in narrow(), seed: u64) {
        check_equivalence(&expr, seed)?;
    }

    #[test]
    fn the_form_does_not_depend_on_the_writing(expr in wide(3), seed: u64) {
        let simplified = simplify(&expr);
        let other = simplify(&rewrite(&expr, &mut generator(seed)));
        if simplified.canonical && other.canonical {
            prop_assert_eq!(compact(&simplified.expr), compact(&other.expr), "{}", compact(&expr));
        }
    }
}

/// Keys of one type have no other values where `typed`; of the others only is known whether they can have several.
fn nature(name: &str, typed: bool) -> Option<KeyNature> {
    let sample = SAMPLES.iter().find(|sample| sample.name == name)?;
    let typical = match name {
        "number" => Some(Operator::NumericEquals),
        "date" => Some(Operator::DateEquals),
        "address" => Some(Operator::IpAddress),
        "truth" => Some(Operator::Bool),
        "arn" => Some(Operator::ArnLike),
        _ => None,
    };
    Some(KeyNature { many: sample.many, typical: typical.filter(|_| typed) })
}

fn check_blocks(expr: &Expr, typed: bool, seed: u64) -> Result<(), TestCaseError> {
    let told = Told::read(&expr.to_json()).unwrap();
    let Ok(blocks) = told.to_blocks(&|name| nature(name, typed)) else { return Ok(()) };
    let mut random = generator(seed);
    for _ in 0..200 {
        let mut completion = Completion::choose(&mut random);
        if typed {
            for (name, values) in &mut completion.keys {
                let fits = nature(name, true).is_some_and(|nature| nature.typical.is_none());
                values.retain(|value| fits || **value != *"x");
            }
        }
        let holds = |block: &serde_json::Value| {
            block.as_object().unwrap().iter().all(|(operator, keys)| {
                keys.as_object().unwrap().iter().all(|(key, values)| {
                    let values: Vec<&str> =
                        values.as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
                    let many = nature(key, typed).unwrap().many;
                    completion.eval(&on(key, many, operator, &values))
                })
            })
        };
        let (wanted, got) = (completion.eval(expr), blocks.iter().any(holds));
        prop_assert_eq!(wanted, got, "{}\n{:?}\n{:?}", compact(expr), blocks, completion);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is written as blocks means the same, simplified or not.
    #[test]
    fn blocks_mean_the_same(expr in narrow(), typed: bool, seed: u64) {
        check_blocks(&expr, typed, seed)?;
        check_blocks(&simplify(&expr).expr, typed, seed)?;
    }

    /// Words can be found for everything, and they are those of the form.
    #[test]
    fn words_follow_the_form(expr in wide(3)) {
        let vocabulary = Vocabulary { key: &|_| KeyWords::default(), facts: &["policy"] };
        let text = Told::read(&expr.to_json()).unwrap().to_text(&vocabulary);
        prop_assert!(text.starts_with("only ") || text.starts_with("unless ") || text.starts_with("except "), "{}", text);
        let depth = text.chars().try_fold(0u32, |depth, c| match c {
            '(' => Some(depth + 1),
            ')' => depth.checked_sub(1),
            _ => Some(depth),
        });
        prop_assert_eq!(depth, Some(0), "{}", text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn large_expressions_mean_the_same(expr in wide(7), seed: u64) {
        check_equivalence(&expr, seed)?;
    }

    /// Expressions that agree on every value have one form, over families where that is promised.
    #[test]
    fn equal_functions_have_one_form(
        (index, expressions) in (0..EXACT.len()).prop_flat_map(|index| {
            let sample = EXACT[index];
            let fact = (0..2usize).prop_map(|index| missing(&index.to_string()));
            let tree = tree(prop_oneof![4 => key_test(sample), 1 => fact], 3);
            (Just(index), prop::collection::vec(tree, 60))
        })
    ) {
        let sample = EXACT[index];
        let mut forms: BTreeMap<Vec<bool>, (String, String)> = BTreeMap::new();
        let sets = if sample.many { 1usize << sample.values.len() } else { sample.values.len() + 1 };
        let completions: Vec<Completion> = (0..sets * 4).map(|place| {
            let (set, facts) = (place / 4, place % 4);
            let mut completion = Completion::choose(&mut |_| 0);
            let values = if sample.many {
                (0..sample.values.len()).filter(|bit| set >> bit & 1 == 1).map(|bit| sample.values[bit].into()).collect()
            } else {
                sample.values.get(set).map(|value| Box::from(*value)).into_iter().collect()
            };
            completion.keys.insert(sample.name, values);
            completion.facts = facts;
            completion
        }).collect();
        for expr in expressions {
            let function: Vec<bool> = completions.iter().map(|completion| completion.eval(&expr)).collect();
            let simplified = simplify(&expr);
            prop_assert_eq!(!function.contains(&false), simplified.expr == Expr::Always);
            prop_assert_eq!(!function.contains(&true), simplified.expr == Expr::Never);
            prop_assert!(simplified.canonical);
            let form = compact(&simplified.expr);
            let (known, from) = forms.entry(function).or_insert_with(|| (form.clone(), compact(&expr)));
            prop_assert_eq!(&*known, &form, "{} and {}", from, compact(&expr));
        }
    }
}
