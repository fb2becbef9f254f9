//! Every operator against values it must accept and values it must not.

use super::super::{KeyState, Test, Tri};

fn one(operator: &str, values: &[&str], value: &str) -> bool {
    eval(operator, values, KeyState::One(value))
}

fn list(operator: &str, values: &[&str], given: &[&str]) -> bool {
    let given: Vec<Box<str>> = given.iter().map(|value| Box::from(*value)).collect();
    eval(operator, values, KeyState::Many(&given))
}

fn absent(operator: &str, values: &[&str]) -> bool {
    let empty = list(operator, values, &[]);
    let absent = eval(operator, values, KeyState::Absent);
    assert_eq!(empty, absent, "an empty list is absence: {operator}");
    absent
}

fn eval(operator: &str, values: &[&str], state: KeyState<'_>) -> bool {
    match Test::compile(operator, values).unwrap().eval(state) {
        Tri::Yes => true,
        Tri::No => false,
        Tri::Maybe => panic!("a known value gives a sure answer"),
    }
}

/// Operator, its values, accepted values, refused values.
type Row = (&'static str, &'static [&'static str], &'static [&'static str], &'static [&'static str]);

const POSITIVE: &[Row] = &[
    ("StringEquals", &["a", "B*"], &["a", "B*"], &["A", "Bx", ""]),
    ("StringEqualsIgnoreCase", &["Abc", "Ä"], &["abc", "ABC", "ä"], &["abcd"]),
    ("StringLike", &["a*c", "?x"], &["ac", "a:/c", "éx"], &["acd", "x", "AC"]),
    ("StringLike", &["${*}${?}${$}{*"], &["*?${", "*?${z"], &["xy${"]),
    ("NumericEquals", &["10", "-0"], &["10", "10.0", "1e1", "+10", "0"], &["10abc", " 10", "11", "", "NaN"]),
    ("NumericLessThan", &["10"], &["9.99", "-1e300"], &["10", "11", "x", "-inf"]),
    ("NumericLessThanEquals", &["10"], &["9", "10"], &["10.01", "x"]),
    ("NumericGreaterThan", &["10"], &["10.01"], &["10", "9", "x", "inf"]),
    ("NumericGreaterThanEquals", &["10"], &["10", "1e3"], &["9.999", "ten"]),
    (
        "DateEquals",
        &["2020-01-01T00:00:00Z"],
        &["2020-01-01T00:00:00Z", "2020-01-01", "1577836800", "1577836800.000", "2020-01-01T02:00:00+02:00"],
        &["2020-01-02", "1577836801", "1577836800.5", "tomorrow", ""],
    ),
    ("DateLessThan", &["1577836800"], &["2019-12-31T23:59:59.999Z", "0"], &["2020-01-01", "x"]),
    ("DateLessThanEquals", &["2020-01-01"], &["1577836800"], &["1577836800.001", "x"]),
    ("DateGreaterThan", &["2020-01-01"], &["1577836800.001"], &["1577836800", "x"]),
    ("DateGreaterThanEquals", &["2020-01-01"], &["1577836800"], &["1577836799.999", "x"]),
    ("Bool", &["True"], &["true", "TRUE"], &["false", "yes", "1", ""]),
    ("Bool", &["yes"], &[], &["yes", "true", "false"]),
    ("BinaryEquals", &["QmluYXJ5", "AQ=="], &["QmluYXJ5", "AQ", "AR=="], &["Ag==", "*", "AQ="]),
    (
        "IpAddress",
        &["10.0.0.0/8", "203.0.113.5", "2001:DB8::/32"],
        &["10.1.2.3", "203.0.113.5", "2001:0db8:0000::1", "2001:DB8::A"],
        &["11.0.0.1", "203.0.113.6", "2001:db9::", "::ffff:10.0.0.1", "10.0.0", "10.0.0.0/8", "x"],
    ),
    ("IpAddress", &["0.0.0.0/0"], &["1.2.3.4"], &["::1", "x"]),
    (
        "ArnLike",
        &["arn:aws:iam::*:role/a*", "arn:aws:s3"],
        &["arn:aws:iam::1:role/a", "arn:aws:iam:::role/a/b:c"],
        &["arn:aws:iam:x:y:z:role/a", "arn:aws:s3", "arn:aws:s3:::x", "role/a"],
    ),
    ("ArnEquals", &["arn:aws:*::1:x"], &["arn:aws:iam::1:x"], &["arn:aws:iam:eu::1:x"]),
    ("ArnLike", &["*"], &["arn:aws:s3:::b"], &["b", "arn:aws:s3"]),
];

#[test]
fn positive_operators_and_their_negation() {
    for (operator, values, accepted, refused) in POSITIVE {
        for value in *accepted {
            assert!(one(operator, values, value), "{operator} {values:?} accepts {value}");
        }
        for value in *refused {
            assert!(!one(operator, values, value), "{operator} {values:?} refuses {value}");
        }
        assert!(!absent(operator, values));
        assert!(absent(&format!("{operator}IfExists"), values));
        assert!(absent(&format!("ForAllValues:{operator}"), values));
        assert!(!absent(&format!("ForAnyValue:{operator}"), values));
    }
}

const NEGATED: &[Row] = &[
    ("StringNotEquals", &["a", "b"], &["c", "A"], &["a", "b"]),
    ("StringNotEqualsIgnoreCase", &["Abc"], &["abd"], &["aBC"]),
    ("StringNotLike", &["a*", "*z"], &["b"], &["ab", "bz"]),
    ("NumericNotEquals", &["1", "2"], &["3"], &["1.0", "2", "x", "2x"]),
    ("DateNotEquals", &["2020-01-01"], &["2020-01-02"], &["1577836800", "x"]),
    (
        "NotIpAddress",
        &["10.0.0.0/8", "192.168.0.0/16"],
        &["11.0.0.1", "2001:db8::1"],
        &["10.0.0.1", "192.168.1.1", "x", "10.0.0.0/8"],
    ),
    (
        "ArnNotLike",
        &["arn:aws:iam::1:*", "arn:aws:iam::2:*"],
        &["arn:aws:iam::3:user/x"],
        &["arn:aws:iam::2:user/x", "not an arn"],
    ),
    ("ArnNotEquals", &["bad"], &[], &["arn:aws:iam::3:user/x", "bad"]),
];

#[test]
fn negated_operators_need_all_values_to_differ() {
    for (operator, values, accepted, refused) in NEGATED {
        for value in *accepted {
            assert!(one(operator, values, value), "{operator} {values:?} accepts {value}");
        }
        for value in *refused {
            assert!(!one(operator, values, value), "{operator} {values:?} refuses {value}");
        }
        assert!(absent(operator, values));
        assert!(absent(&format!("{operator}IfExists"), values));
        assert!(absent(&format!("ForAllValues:{operator}"), values));
        assert!(!absent(&format!("ForAnyValue:{operator}"), values), "AWS-30");
    }
}

#[test]
fn several_values() {
    let values = ["a", "b"];
    for operator in ["StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIfExists"]
    {
        assert!(!list(operator, &values, &["a", "c"]), "{operator} without prefix takes one value");
    }
    assert!(list("StringEquals", &values, &["a"]));
    assert!(list("ForAnyValue:StringEquals", &values, &["a", "c"]));
    assert!(!list("ForAnyValue:StringEquals", &values, &["c", "d"]));
    assert!(list("ForAnyValue:StringNotEquals", &values, &["a", "c"]));
    assert!(!list("ForAnyValue:StringNotEquals", &values, &["a", "b"]));
    assert!(list("ForAllValues:StringEquals", &values, &["a", "b"]));
    assert!(!list("ForAllValues:StringEquals", &values, &["a", "c"]));
    assert!(list("ForAllValues:StringNotEquals", &values, &["c", "d"]));
    assert!(!list("ForAllValues:StringNotEquals", &values, &["c", "a"]));
    assert!(one("ForAnyValue:StringEquals", &values, "a"));
    assert!(!one("ForAllValues:StringEquals", &values, "c"));
}

#[test]
fn null_tests_presence() {
    assert!(absent("Null", &["true"]) && absent("null", &["TRUE"]) && !absent("Null", &["False"]));
    assert!(one("Null", &["false"], "x") && !one("Null", &["true"], ""));
    assert!(list("Null", &["false"], &["x", "y"]));
}

#[test]
fn names_are_read_in_any_case_and_written_in_one() {
    let text = |operator: &str| Test::compile(operator, &["1"]).map(|test| test.operator_text());
    assert_eq!(text("foranyvalue:stringlikeifexists").as_deref(), Ok("ForAnyValue:StringLikeIfExists"));
    assert_eq!(text("FORALLVALUES:NUMERICEQUALS").as_deref(), Ok("ForAllValues:NumericEquals"));
    assert_eq!(text("bool").as_deref(), Ok("Bool"));
}

#[test]
fn what_the_provider_rejects_is_an_error() {
    let rejected: &[(&str, &str)] = &[
        ("StringMatches", "a"),
        ("ForSomeValue:StringEquals", "a"),
        ("NullIfExists", "true"),
        ("ForAnyValue:Null", "true"),
        ("Null", "maybe"),
        ("NumericEquals", "10abc"),
        ("DateEquals", "tomorrow"),
        ("IpAddress", "10.0.0.0/33"),
        ("NotIpAddress", "x"),
        ("BinaryEquals", "*"),
        ("IfExists", "a"),
        ("", "a"),
        ("Strinéquals", "a"),
    ];
    for (operator, value) in rejected {
        assert!(Test::compile(operator, &[value]).is_err(), "{operator} {value}");
    }
}

#[test]
fn operators_of_other_languages_are_none_of_a_block() {
    for operator in ["StringLikeIgnoreCase", "ForAnyValue:StringNotLikeIgnoreCase"] {
        assert_eq!(Test::compile(operator, &["a*"]).unwrap_err(), "unknown condition operator");
    }
    let told =
        super::super::Told::parse(r#"{"key": "k", "operator": "StringLikeIgnoreCase", "values": ["A*"]}"#);
    let blocks = told.unwrap().to_blocks(&|_| None);
    assert_eq!(blocks.unwrap_err(), "`Condition` blocks do not know `StringLikeIgnoreCase`");
}
