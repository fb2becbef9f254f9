//! Laws of what answers depend on, over random policies: rewritten policies leave the same condition and the same words,
//! and exported blocks allow what the condition allows.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails"
)]

use ciem_core::{Decision, Verdict, condition_blocks, condition_text, simulate};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};
use std::cell::Cell;

/// Operators of a key with operands, and values that a request may have: no key has values that are not of its type.
struct Sample {
    key: &'static str,
    operators: &'static [&'static str],
    operands: &'static [&'static str],
    values: &'static [&'static str],
}

const SAMPLES: &[Sample] = &[
    Sample {
        key: "aws:SourceVpc",
        operators: &[
            "StringEquals",
            "StringNotEquals",
            "StringEqualsIfExists",
            "StringLike",
            "StringNotLike",
        ],
        operands: &["vpc-1", "vpc-2", "vpc-?", "vpc-*1", "*2", "*"],
        values: &["vpc-1", "vpc-2", "vpc-11", "x", "x2"],
    },
    Sample {
        key: "aws:RequestTag/team",
        operators: &["StringEquals", "StringNotEqualsIfExists", "StringEqualsIgnoreCase", "StringNotLike"],
        operands: &["pay", "log", "p*"],
        values: &["pay", "PAY", "log", "x"],
    },
    Sample {
        key: "aws:MultiFactorAuthPresent",
        operators: &["Bool", "BoolIfExists"],
        operands: &["true", "false"],
        values: &["true", "false"],
    },
    Sample {
        key: "aws:MultiFactorAuthAge",
        operators: &["NumericLessThan", "NumericGreaterThanEqualsIfExists", "NumericNotEquals"],
        operands: &["60", "3600"],
        values: &["1", "60", "100", "3600", "9999"],
    },
    Sample {
        key: "aws:SourceIp",
        operators: &["IpAddress", "NotIpAddress", "IpAddressIfExists"],
        operands: &["10.0.0.0/8", "10.1.0.0/16", "192.168.1.1", "2001:db8::/32"],
        values: &["10.0.0.1", "10.1.0.1", "192.168.1.1", "8.8.8.8", "2001:db8::1"],
    },
    Sample {
        key: "aws:TagKeys",
        operators: &[
            "ForAnyValue:StringEquals",
            "ForAllValues:StringEquals",
            "ForAllValues:StringNotLike",
            "StringEquals",
        ],
        operands: &["a", "b", "a*"],
        values: &["a", "b", "ab", "c"],
    },
];

const MANY: &str = "aws:TagKeys";

/// `exact`: without case-blind tests, for which no one form is promised.
fn clause(exact: bool) -> impl Strategy<Value = (String, String, Vec<String>)> {
    prop::sample::select((0..SAMPLES.len()).collect::<Vec<_>>()).prop_flat_map(move |index| {
        let sample = &SAMPLES[index];
        let operands = prop::collection::vec(prop::sample::select(sample.operands), 1..3);
        let wide = |operator: &&&str| operator.contains("IgnoreCase");
        let operators: Vec<&str> =
            sample.operators.iter().filter(|operator| !(exact && wide(operator))).copied().collect();
        let test = (prop::sample::select(operators), operands);
        let presence = any::<bool>().prop_map(|absent| ("Null".to_owned(), vec![absent.to_string()]));
        let test = test.prop_map(|(operator, operands)| {
            (operator.to_owned(), operands.into_iter().map(str::to_owned).collect())
        });
        prop_oneof![6 => test, 1 => presence].prop_map(move |(operator, values): (String, Vec<String>)| {
            (sample.key.to_owned(), operator, values)
        })
    })
}

/// An effect and up to two tests.
fn statement(exact: bool) -> impl Strategy<Value = Value> {
    (any::<bool>(), prop::collection::vec(clause(exact), 1..3)).prop_map(|(deny, clauses)| {
        let mut condition = Map::new();
        for (key, operator, values) in clauses {
            let keys = condition.entry(operator).or_insert_with(|| json!({}));
            keys[key] = json!(values);
        }
        let effect = if deny { "Deny" } else { "Allow" };
        json!({"Effect": effect, "Action": ["s3:GetObject"], "Resource": ["*"], "Condition": condition})
    })
}

fn policy(exact: bool) -> impl Strategy<Value = Vec<Value>> {
    (clause(exact), prop::collection::vec(statement(exact), 1..4)).prop_map(|((key, operator, values), mut statements)| {
        let condition = json!({operator: {key: values}});
        statements.push(json!({"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["*"], "Condition": condition}));
        statements
    })
}

fn decide(statements: &[Value], context: &Map<String, Value>, unknown: &str) -> Decision {
    let request = json!({
        "v": 1, "provider": "aws", "principal": "arn:aws:iam::111122223333:user/ana", "action": "s3:GetObject",
        "resource": "arn:aws:s3:::pay/report.csv", "resource_account": "111122223333",
        "context": context, "unknown_context": unknown,
        "identity_policies": [{"name": "own", "document": {"Version": "2012-10-17", "Statement": statements}}],
    });
    simulate(&request.to_string()).unwrap()
}

/// Numbers that a seed gives.
fn generator(mut state: u64) -> impl FnMut(usize) -> usize {
    move |limit| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % limit
    }
}

fn context(random: &mut impl FnMut(usize) -> usize) -> Map<String, Value> {
    let mut context = Map::new();
    for sample in SAMPLES {
        let mut pick = || sample.values[random(sample.values.len())];
        let (one, other) = (pick(), pick());
        match (random(4), sample.key == MANY) {
            (0, _) => {}
            (1, true) => drop(context.insert(sample.key.to_owned(), json!([one, other]))),
            (_, true) => drop(context.insert(sample.key.to_owned(), json!([one]))),
            (_, false) => drop(context.insert(sample.key.to_owned(), json!(one))),
        }
    }
    context
}

/// The same policy, written differently.
fn rewrite(statements: &[Value], random: &mut impl FnMut(usize) -> usize) -> Vec<Value> {
    let mut written: Vec<Value> = statements.to_vec();
    for _ in 0..3 {
        let at = random(written.len());
        let mut other = written[at].clone();
        match random(5) {
            0 => written.push(other),
            1 => {
                let turn = random(written.len());
                written.rotate_left(turn);
            }
            2 => {
                other["Action"] = json!(["s3:GetObject", "s3:PutObject"]);
                written[at] = other;
            }
            // Values the other way round, and one of them twice.
            3 => {
                for keys in other["Condition"].as_object_mut().unwrap().values_mut() {
                    for values in keys.as_object_mut().unwrap().values_mut() {
                        let list = values.as_array_mut().unwrap();
                        list.reverse();
                        list.push(list[0].clone());
                    }
                }
                written[at] = other;
            }
            // One statement for each value of a test that holds if any of them matches.
            _ => {
                let condition = other["Condition"].as_object().unwrap().clone();
                let split = condition.iter().find_map(|(operator, keys)| {
                    let (key, values) = keys.as_object().unwrap().iter().next()?;
                    let any =
                        !operator.contains("Not") && !operator.starts_with("ForAll") && operator != "Null";
                    let several = values.as_array().unwrap().len() > 1;
                    (any && several)
                        .then(|| (operator.clone(), key.clone(), values.as_array().unwrap().clone()))
                });
                if let Some((operator, key, values)) = split {
                    written.remove(at);
                    for value in values {
                        other["Condition"][&operator][&key] = json!([value]);
                        written.insert(random(written.len() + 1), other.clone());
                    }
                }
            }
        }
    }
    written
}

/// A condition without the places of statements, which are no part of its form.
fn without_sources(condition: Value) -> Value {
    match condition {
        Value::Object(map) => map
            .into_iter()
            .filter(|(name, _)| name != "source")
            .map(|(name, v)| (name, without_sources(v)))
            .collect(),
        Value::Array(items) => items.into_iter().map(without_sources).collect(),
        other => other,
    }
}

const CASES: u32 = 1200;

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rewritten_policies_leave_the_same_condition(statements in policy(true), seed: u64) {
        let nothing = Map::new();
        let first = decide(&statements, &nothing, "unknown");
        let second = decide(&rewrite(&statements, &mut generator(seed)), &nothing, "unknown");
        prop_assert_eq!(first.verdict, second.verdict);
        if first.canonical.is_none() && second.canonical.is_none() {
            prop_assert_eq!(first.condition.map(without_sources), second.condition.map(without_sources));
            prop_assert_eq!(first.condition_text, second.condition_text);
        }
    }
}

fn check_export(statements: &[Value], seed: u64, counts: [&Cell<u32>; 2]) -> Result<(), TestCaseError> {
    let found = decide(statements, &Map::new(), "unknown");
    let Some(condition) = found.condition else { return Ok(()) };
    let condition = condition.to_string();
    prop_assert_eq!(Some(condition_text(&condition).unwrap()), found.condition_text);
    let [open, written] = counts;
    open.set(open.get() + 1);
    let exported = condition_blocks(&condition).unwrap();
    let Some(blocks) = exported.blocks else {
        prop_assert!(exported.reason.is_some());
        return Ok(());
    };
    written.set(written.get() + 1);
    let allow = |block: &Value| json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": block});
    let policy: Vec<Value> = blocks.iter().map(allow).collect();
    let mut random = generator(seed);
    for _ in 0..40 {
        let context = context(&mut random);
        let (wanted, got) = (decide(statements, &context, "absent"), decide(&policy, &context, "absent"));
        prop_assert_eq!(
            wanted.verdict == Verdict::Allow,
            got.verdict == Verdict::Allow,
            "{}\n{}\n{}",
            condition,
            json!(blocks),
            json!(context)
        );
    }
    Ok(())
}

#[test]
fn exported_blocks_allow_what_the_condition_allows() {
    let (open, written) = (Cell::new(0), Cell::new(0));
    let config = ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() };
    let check = |(statements, seed): (Vec<Value>, u64)| check_export(&statements, seed, [&open, &written]);
    TestRunner::new(config).run(&(policy(false), any::<u64>()), check).unwrap();
    println!("{} of {} open answers of {CASES} were written as blocks", written.get(), open.get());
    assert!(written.get() > CASES / 4, "only {} of {}", written.get(), open.get());
}

/// Values of one statement, or of several: the same condition, also where a Deny takes away from some of them only.
#[test]
fn wildcards_of_one_statement_and_of_several_leave_the_same_condition() {
    let statement = |effect: &str, operator: &str, values: Value| json!({"Effect": effect, "Action": "s3:GetObject", "Resource": "*", "Condition": {operator: {"aws:SourceVpc": values}}});
    let allow = |values: Value| statement("Allow", "StringLike", values);
    let deny = |values: Value| statement("Deny", "StringLike", values);
    let policies = [
        vec![allow(json!(["a*", "*b"])), deny(json!("*x"))],
        vec![allow(json!("a*")), allow(json!("*b")), deny(json!("*x"))],
        vec![allow(json!("*b")), allow(json!(["aa*", "a*"])), deny(json!(["*x", "bx"]))],
    ];
    for statements in policies {
        let found = decide(&statements, &Map::new(), "unknown");
        assert_eq!(found.canonical, None);
        let test = |operator: &str, values: Value| json!({"key": "aws:SourceVpc", "operator": operator, "values": values});
        let wanted =
            json!({"and": [test("StringLike", json!(["*b", "a*"])), test("StringNotLike", json!(["*x"]))]});
        assert_eq!(found.condition.map(without_sources), Some(wanted), "{statements:?}");
    }
}

/// What a Deny takes away can also be left out of the Allow.
#[test]
fn a_deny_and_a_narrower_allow_leave_the_same_condition() {
    let statement = |effect: &str, condition: Value| json!({"Effect": effect, "Action": "s3:GetObject", "Resource": "*", "Condition": condition});
    let (vpc, mfa) = (json!({"aws:SourceVpc": ["vpc-1"]}), json!({"aws:MultiFactorAuthPresent": "true"}));
    let pairs = [
        (
            vec![statement("Allow", json!({"Bool": mfa})), statement("Deny", json!({"StringEquals": vpc}))],
            vec![statement("Allow", json!({"Bool": mfa, "StringNotEquals": vpc}))],
            r#"only with MFA and not from VPC vpc-1"#,
        ),
        (
            vec![statement("Allow", json!({})), statement("Deny", json!({"StringNotEquals": vpc}))],
            vec![statement("Allow", json!({"StringEquals": vpc}))],
            "only from VPC vpc-1",
        ),
        (
            vec![
                statement("Allow", json!({})),
                statement(
                    "Deny",
                    json!({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/9"}, "Null": {"aws:SourceIp": "false"}}),
                ),
                statement("Deny", json!({"Null": {"aws:SourceIp": "true"}})),
            ],
            vec![statement("Allow", json!({"IpAddress": {"aws:SourceIp": ["10.0.0.0/10", "10.64.0.0/10"]}}))],
            "only from 10.0.0.0/9",
        ),
    ];
    for (first, second, text) in pairs {
        let [first, second] = [first, second].map(|statements| decide(&statements, &Map::new(), "unknown"));
        assert_eq!(second.condition_text.as_deref(), Some(text));
        if first.condition.clone().map(without_sources) != second.condition.clone().map(without_sources) {
            // A value that is no address is what tells them apart.
            assert!(text.contains("10.0.0.0/9"), "{first:?}\n{second:?}");
        }
    }
}
