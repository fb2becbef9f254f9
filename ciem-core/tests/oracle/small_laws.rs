//! Small laws with shrinking: one operator, one pattern, a few statements, asked through `simulate`.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::conditions::{Held, Operand, Operator};
use super::glob;

fn simulate(request: &Value) -> Value {
    let answer =
        ciem_core::wire::simulate(&request.to_string()).unwrap_or_else(|error| panic!("{error}: {request}"));
    serde_json::from_str(&answer).expect("an answer is JSON")
}

fn request(statements: Value, resource: &str) -> Value {
    json!({
        "v": 1, "provider": "aws", "principal": "arn:aws:iam::111122223333:user/ana", "action": "s3:GetObject",
        "resource": resource, "resource_account": "111122223333", "context": {},
        "identity_policies": [{"name": "p", "document": {"Version": "2012-10-17", "Statement": statements}}],
    })
}

fn allowed(request: &Value) -> bool {
    match simulate(request)["verdict"].as_str() {
        Some("allow") => true,
        Some("deny") => false,
        other => panic!("{other:?} with everything known: {request}"),
    }
}

fn tested(operator: &str, values: &[String], held: &Held) -> (bool, bool) {
    let test = json!({operator: {"example:key": values}});
    let allow = json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": test});
    let mut asked = request(json!([allow]), "arn:aws:s3:::pay/x");
    asked["context"]["example:key"] = match held {
        Held::Absent => Value::Null,
        Held::One(value) => json!(value),
        Held::Many(values) => json!(values),
    };
    let operands: Vec<Operand> = values.iter().map(|value| Some(glob::tokens(value))).collect();
    (allowed(&asked), Operator::parse(operator).holds(&operands, held))
}

fn held(value: impl Strategy<Value = String> + Clone + 'static) -> impl Strategy<Value = Held> {
    prop_oneof![
        1 => Just(Held::Absent),
        6 => value.clone().prop_map(Held::One),
        2 => prop::collection::vec(value, 2..4).prop_map(Held::Many),
    ]
}

fn prefixed(bases: &'static [&'static str]) -> impl Strategy<Value = String> {
    let prefix = prop::sample::select(vec!["", "", "ForAnyValue:", "ForAllValues:"]);
    (prefix, prop::sample::select(bases), prop::bool::weighted(0.2)).prop_map(|(prefix, base, exists)| {
        // A set prefix already says what a missing key means; the two together are not documented.
        format!("{prefix}{base}{}", if exists && prefix.is_empty() { "IfExists" } else { "" })
    })
}

const STRINGS: &[&str] = &[
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
];
const NUMBERS: &[&str] = &[
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
];
const DATES: &[&str] = &[
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
];

fn instant_text() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "2026-01-01T00:00:00Z",
        "1767225600",
        "2026-01-01",
        "2025-12-31T23:59:59Z",
        "1767225599.5",
        "2026-01-01T00:00:00.500Z",
    ])
    .prop_map(str::to_owned)
}

fn address_text() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "10.0.0.1",
        "10.1.0.1",
        "192.0.2.7",
        "2001:db8::1",
        "2001:DB8:0:0::1",
        "10.0.0",
    ])
    .prop_map(str::to_owned)
}

fn network_text() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "10.0.0.0/8",
        "10.1.0.0/16",
        "192.0.2.7",
        "2001:db8::/32",
        "2001:db8::1",
        "10.0.0.1/32",
    ])
    .prop_map(str::to_owned)
}

fn arn_pattern() -> impl Strategy<Value = String> {
    let segment = prop::sample::select(vec!["", "*", "eu-*", "eu-west-1", "1*", "111122223333", "?u-west-1"]);
    (segment.clone(), segment, "[ab/:*?]{0,5}")
        .prop_map(|(region, account, rest)| format!("arn:aws:sqs:{region}:{account}:{rest}"))
}

fn arn_text() -> impl Strategy<Value = String> {
    let region = prop::sample::select(vec!["eu-west-1", "us-east-1", ""]);
    (region, prop::sample::select(vec!["111122223333", ""]), "[ab/:]{0,5}")
        .prop_map(|(region, account, rest)| format!("arn:aws:sqs:{region}:{account}:{rest}"))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn string_operators(
        operator in prefixed(STRINGS), values in prop::collection::vec("[aAb*?]{0,4}", 1..3), held in held("[aAb]{0,4}".boxed()),
    ) {
        let (found, expected) = tested(&operator, &values, &held);
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn numeric_operators(
        operator in prefixed(NUMBERS), values in prop::collection::vec("-?[0-2](\\.5|\\.0)?", 1..3),
        held in held("-?[0-2](\\.5|\\.0|x)?".boxed()),
    ) {
        let (found, expected) = tested(&operator, &values, &held);
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn date_operators(
        operator in prefixed(DATES), values in prop::collection::vec(instant_text(), 1..3),
        held in held(instant_text().boxed()),
    ) {
        let (found, expected) = tested(&operator, &values, &held);
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn address_operators(
        operator in prefixed(&["IpAddress", "NotIpAddress"]), values in prop::collection::vec(network_text(), 1..3),
        held in held(address_text().boxed()),
    ) {
        let (found, expected) = tested(&operator, &values, &held);
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn arn_operators(
        operator in prefixed(&["ArnLike", "ArnEquals", "ArnNotLike", "ArnNotEquals"]),
        values in prop::collection::vec(arn_pattern(), 1..3),
        held in held(prop_oneof![5 => arn_text(), 1 => Just("no arn".to_owned())].boxed()),
    ) {
        let (found, expected) = tested(&operator, &values, &held);
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn resource_patterns(rest in "[ab/*?]{0,6}", bucket in "[ab*?]{1,3}", key in "[ab/]{1,6}", name in "[ab]{1,3}") {
        let pattern = format!("arn:aws:s3:::{bucket}/{rest}");
        let resource = format!("arn:aws:s3:::{name}/{key}");
        let allow = json!({"Effect": "Allow", "Action": "s3:Get*", "Resource": pattern});
        let expected = glob::resource_matches(&glob::tokens(&pattern), &resource);
        prop_assert_eq!(allowed(&request(json!([allow]), &resource)), expected);
    }

    #[test]
    fn the_order_of_statements_does_not_matter(
        effects in prop::collection::vec((any::<bool>(), "[ab*]{1,3}"), 1..5), key in "[ab]{1,3}",
    ) {
        let mut statements: Vec<Value> = effects.iter().map(|(allow, pattern)| json!({
            "Effect": if *allow { "Allow" } else { "Deny" }, "Action": "s3:*",
            "Resource": format!("arn:aws:s3:::pay/{pattern}"),
        })).collect();
        let resource = format!("arn:aws:s3:::pay/{key}");
        let first = allowed(&request(Value::Array(statements.clone()), &resource));
        statements.reverse();
        prop_assert_eq!(first, allowed(&request(Value::Array(statements), &resource)));
        let granted = effects.iter().any(|(allow, pattern)| *allow && glob::matches(pattern, &key));
        let denied = effects.iter().any(|(allow, pattern)| !*allow && glob::matches(pattern, &key));
        prop_assert_eq!(first, granted && !denied);
    }
}
