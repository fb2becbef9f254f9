//! Conditions read back from their wire form: limits, words, blocks.

use super::super::block::KeyNature;
use super::super::words::{KeyWords, Vocabulary};
use super::super::{Operator, Told};
use crate::error::Error;
use serde_json::{Value, json};

fn words(name: &str) -> KeyWords {
    let before = (name == "ip").then_some("from");
    let sign = (name == "mfa").then_some(["with MFA", "without MFA"]);
    let noun = if name == "time" { "the time" } else { "" };
    KeyWords { noun: noun.to_owned(), before, sign, moment: name == "time", many: name == "many" }
}

fn text(condition: &Value) -> String {
    let vocabulary = Vocabulary { key: &words, facts: &["policy document", "service control policies"] };
    Told::read(condition).unwrap().to_text(&vocabulary)
}

fn test(key: &str, operator: &str, values: &[&str]) -> Value {
    json!({"key": key, "operator": operator, "values": values, "source": 3})
}

#[track_caller]
fn says(condition: Value, wanted: &str) {
    assert_eq!(text(&condition), wanted);
}

#[test]
fn conjunctions() {
    let (mfa, ip) = (test("mfa", "Bool", &["true"]), test("ip", "IpAddress", &["10.0.0.0/8"]));
    says(mfa.clone(), "only with MFA");
    says(json!({"and": [mfa, ip]}), "only with MFA and from 10.0.0.0/8");
    says(json!({"or": [mfa, ip]}), "only with MFA or from 10.0.0.0/8");
    says(
        json!({"and": [mfa, {"resource_in": ["arn:aws:s3:::pay/*"]}]}),
        "only with MFA and on arn:aws:s3:::pay/*",
    );
    says(
        json!({"and": [ip, {"or": [mfa, {"and": [test("k", "StringEquals", &["a"]), {"session_name": "ci"}]}]}]}),
        "only from 10.0.0.0/8 and (with MFA or (if k is \"a\" and in a session named \"ci\"))",
    );
    says(json!({"and": [mfa, {"not": ip}]}), "only with MFA and not from 10.0.0.0/8");
    says(
        json!({"not": {"or": [ip, test("k", "StringEquals", &["a"])]}}),
        "unless from 10.0.0.0/8 or k is \"a\"",
    );
    says(json!({"not": {"and": [mfa, ip]}}), "only without MFA or not from 10.0.0.0/8");
    says(json!({"and": []}), "always");
    says(json!({"or": []}), "never");
    says(json!({"or": [{"and": []}, mfa]}), "only always or with MFA");
}

#[test]
fn comparisons_of_two_keys() {
    let compared = |operator: &str| test("a", operator, &["${b}"]);
    says(compared("StringStartsWith"), "only if a starts with b");
    says(compared("StringNotStartsWithIgnoreCase"), "only if a does not start with b (ignoring case)");
    says(compared("DateTimeLessThanEquals"), "only if a is at or before b");
    says(json!({"not": compared("BoolEquals")}), "unless a is b");
    says(json!({"not": compared("DateTimeGreaterThan")}), "unless a is after b");
    says(
        json!({"and": [compared("ForAllOfAnyValues:StringNotEquals"), {"not": compared("ForAnyOfAllValues:NumericLessThan")}]}),
        "only if (for every value of a and some value of b, the one is not the other) and if it is not so that (for \
         some value of a and every value of b, the one is less than the other)",
    );
    for refused in
        ["StringMeets", "ForAnyOfNoneValues:StringEquals", "ForAnyValues:StringEquals", "BoolIgnoreCase"]
    {
        let error = Told::read(&compared(refused)).unwrap_err();
        assert!(matches!(error, Error::InvalidRequest { .. }), "{error:?}");
    }
    // Another key is compared, not a text.
    assert!(Told::read(&test("a", "StringStartsWith", &["b"])).is_err());
}

#[test]
fn operators_of_comparisons_are_read_again() {
    use super::super::cross::{Comparison, Kind, Over, Relation};
    let overs = [Over::Any, Over::All].map(|left| [[left, Over::Any], [left, Over::All]]);
    let overs = [None].into_iter().chain(overs.into_iter().flatten().map(Some));
    let kinds = [Kind::Text, Kind::FoldedText, Kind::Number, Kind::Date, Kind::Truth];
    let relations = [
        Relation::Equals,
        Relation::Starts,
        Relation::Like,
        Relation::Less,
        Relation::LessEquals,
        Relation::Greater,
        Relation::GreaterEquals,
    ];
    for over in overs {
        for (kind, relation) in kinds.iter().flat_map(|kind| relations.map(|relation| (*kind, relation))) {
            for negated in [false, true] {
                let comparison = Comparison { kind, relation, negated, over };
                assert_eq!(Comparison::parse(&comparison.operator_text()), Some(comparison));
            }
        }
    }
}

#[test]
fn lists_among_other_phrases_stand_in_brackets() {
    let ip = test("ip", "IpAddress", &["10.0.0.0/8", "192.168.0.0/16", "::1"]);
    says(ip.clone(), "only from 10.0.0.0/8, 192.168.0.0/16 or ::1");
    says(
        json!({"and": [ip, test("mfa", "Bool", &["true"])]}),
        "only from (10.0.0.0/8, 192.168.0.0/16 or ::1) and with MFA",
    );
    says(
        json!({"and": [{"not": ip}, test("mfa", "Bool", &["true"])]}),
        "only from neither 10.0.0.0/8 nor 192.168.0.0/16 nor ::1 and with MFA",
    );
    says(json!({"not": ip}), "unless from 10.0.0.0/8, 192.168.0.0/16 or ::1");
}

#[test]
fn absent_keys_are_said() {
    says(test("k", "StringEquals", &["a"]), "only if k is \"a\"");
    says(test("k", "StringNotEquals", &["a"]), "unless k is \"a\"");
    says(test("k", "StringNotEqualsIfExists", &["a", "b"]), "unless k is \"a\" or \"b\"");
    says(test("k", "StringEqualsIfExists", &["a"]), "only if k is absent or \"a\"");
    says(json!({"not": test("k", "StringEqualsIfExists", &["a"])}), "unless k is absent or \"a\"");
    says(
        json!({"and": [test("k", "StringNotEquals", &["a"]), test("k", "Null", &["false"])]}),
        "only if k is not \"a\" and if k is present",
    );
    says(test("k", "Null", &["true"]), "only if k is absent");
    says(json!({"not": test("k", "Null", &["true"])}), "only if k is present");
    says(test("ip", "IpAddressIfExists", &["10.0.0.0/8"]), "only if ip is absent or in 10.0.0.0/8");
    // The usual guard: deny where it is not true, which an absent key is not.
    says(json!({"not": test("mfa", "BoolIfExists", &["false"])}), "only with MFA");
    says(json!({"not": test("mfa", "Bool", &["true"])}), "unless with MFA");
    says(test("mfa", "BoolIfExists", &["true"]), "unless mfa is false");
    says(test("mfa", "Bool", &["false"]), "only if mfa is false");
    says(test("flag", "Bool", &["true"]), "only if flag is true");
}

#[test]
fn operators_have_words() {
    says(test("k", "StringLike", &["a*", "b"]), "only if k is like \"a*\" or \"b\"");
    says(test("k", "StringEqualsIgnoreCase", &["a"]), "only if k is \"a\" (ignoring case)");
    says(test("k", "NumericLessThan", &["3600"]), "only if k is less than 3600");
    says(test("k", "NumericGreaterThanEqualsIfExists", &["1"]), "only if k is absent or at least 1");
    says(test("time", "DateLessThan", &["2026-01-01T00:00:00Z"]), "only before 2026-01-01T00:00:00Z");
    says(
        json!({"not": test("time", "DateGreaterThan", &["2026-01-01T00:00:00Z"])}),
        "unless after 2026-01-01T00:00:00Z",
    );
    says(test("k", "DateEquals", &["2026-01-01T00:00:00Z"]), "only if k is at 2026-01-01T00:00:00Z");
    says(test("k", "BinaryEquals", &["AQ=="]), "only if k is the bytes AQ== in base64");
    says(test("k", "ArnLike", &["arn:aws:iam::*:role/a"]), "only if k is like arn:aws:iam::*:role/a");
    says(test("k", "StringEquals", &[]), "only if k is one of no values");
}

#[test]
fn sets_have_words() {
    says(
        test("many", "ForAnyValue:StringEquals", &["a", "b"]),
        "only if many has a value that is \"a\" or \"b\"",
    );
    says(
        json!({"not": test("many", "ForAnyValue:StringEquals", &["a"])}),
        "unless many has a value that is \"a\"",
    );
    says(
        json!({"and": [test("mfa", "Bool", &["true"]), test("many", "ForAllValues:StringEquals", &["a", "b"])]}),
        "only with MFA and if many has no value that is neither \"a\" nor \"b\"",
    );
    says(test("many", "ForAllValues:StringNotEquals", &["a"]), "unless many has a value that is \"a\"");
    says(
        test("many", "ForAnyValue:StringEqualsIfExists", &["a"]),
        "only if many is absent or has a value that is \"a\"",
    );
    says(test("many", "StringEquals", &["a"]), "only if many has one value and that is \"a\"");
    says(
        test("many", "StringNotEquals", &["a"]),
        "only if many is absent or has one value and that is not \"a\"",
    );
}

#[test]
fn facts_sessions_and_resources() {
    says(
        json!({"missing": "policy document arn:aws:iam::aws:policy/X"}),
        "only if the policy document of arn:aws:iam::aws:policy/X allows it (not in the exports)",
    );
    says(
        json!({"not": {"missing": "service control policies (denials) account 1"}}),
        "unless the service control policies of \"account 1\" deny it (not in the exports)",
    );
    says(
        json!({"missing": "which of the contradictory records holds (2) arn:x"}),
        "only if what is not known, which of the contradictory records holds (2) arn:x, allows it (not in the exports)",
    );
    says(
        json!({"and": [{"missing": "policy document p"}, {"not": {"missing": "policy document (denials) p"}}]}),
        "only if the policy document of p allows it (not in the exports)",
    );
    says(
        json!({"and": [{"missing": "policy document p"}, {"not": {"missing": "policy document (denials) q"}}]}),
        "only if the policy document of p allows it (not in the exports) and if the policy document of q does not deny \
         it (not in the exports)",
    );
    says(json!({"session_name": "ci-*"}), "only in a session named like \"ci-*\"");
    says(json!({"not": {"resource_in": ["a", "b"]}}), "except on a or b");
    says(
        json!({"and": [{"resource_in": ["a*"]}, {"not": {"resource_in": ["ab"]}}]}),
        "only on a* and not on ab",
    );
}

#[test]
fn hostile_texts_are_escaped_and_cut() {
    says(test("k", "StringEquals", &["a\n\"b\"\u{202e}"]), "only if k is \"a\\u{a}\\\"b\\\"\\u{202e}\"");
    says(json!({"resource_in": ["a or on b"]}), "only on \"a or on b\"");
    says(test("k or from 1.1.1.1", "StringEquals", &["x"]), "only if \"k or from 1.1.1.1\" is \"x\"");
    let long = text(&test("k", "StringEquals", &["x".repeat(5000).as_str()]));
    assert!(long.ends_with("xx\"… (4800 more characters)") && long.len() < 300, "{long}");
    let many: Vec<String> = (0..20).map(|n| n.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    says(test("ip", "StringEquals", &many), "only from 0, 1, 2, 3, 4, 5, 6, 7 or any of 12 more");
    let parts: Vec<Value> = (0..20).map(|n| test(&format!("k{n}"), "Bool", &["true"])).collect();
    assert!(text(&json!({"and": parts})).ends_with(" and if k15 is true and 4 further conditions"));
    assert!(text(&json!({"or": parts})).ends_with(" or under one of 4 further conditions"));
}

#[test]
fn what_is_no_condition_is_refused() {
    let code = |text: &str| Told::parse(text).map_err(|error| error.code()).unwrap_err();
    assert_eq!(code("{"), "malformed");
    for text in [
        "[]",
        "{}",
        r#"{"and": 1}"#,
        r#"{"key": "k"}"#,
        r#"{"key": "k", "operator": "Nonsense", "values": []}"#,
        r#"{"key": "k", "operator": "Bool", "values": [true]}"#,
        r#"{"resource_in": "x"}"#,
    ] {
        assert_eq!(code(text), "invalid_request", "{text}");
    }
    let deep = format!("{}{}{}", "{\"not\":".repeat(100), r#"{"missing":"x"}"#, "}".repeat(100));
    assert_eq!(code(&deep), "too_deep");
    let wide = json!({"resource_in": vec!["x"; 300_000]});
    assert!(matches!(Told::read(&wide), Err(Error::TooComplex { .. })));
}

/// `mfa` is a truth value and `ip` an address; `many` has several values, and of `foreign` nothing is known.
fn nature(name: &str) -> Option<KeyNature> {
    let typical = match name {
        "mfa" => Some(Operator::Bool),
        "ip" => Some(Operator::IpAddress),
        "n" => Some(Operator::NumericEquals),
        "time" => Some(Operator::DateEquals),
        _ => None,
    };
    (name != "foreign").then_some(KeyNature { many: name == "many", typical })
}

fn blocks(condition: &Value) -> Result<Vec<Value>, String> {
    Told::read(condition).unwrap().to_blocks(&nature)
}

#[track_caller]
fn exports(condition: Value, wanted: Value) {
    assert_eq!(json!(blocks(&condition).unwrap()), wanted);
}

#[test]
fn conjunctions_are_one_block() {
    let (mfa, ip) = (test("mfa", "Bool", &["true"]), test("ip", "IpAddress", &["10.0.0.0/8"]));
    exports(
        json!({"and": [mfa, ip, test("K", "StringLike", &["a*"]), test("k", "StringNotLike", &["ab*"])]}),
        json!([{"Bool": {"mfa": ["true"]}, "IpAddress": {"ip": ["10.0.0.0/8"]},
                "StringLike": {"K": ["a*"]}, "StringNotLike": {"K": ["ab*"]}}]),
    );
    exports(json!({"and": []}), json!([{}]));
    exports(json!({"or": []}), json!([]));
    exports(
        json!({"or": [mfa, ip]}),
        json!([{"Bool": {"mfa": ["true"]}}, {"IpAddress": {"ip": ["10.0.0.0/8"]}}]),
    );
}

#[test]
fn opposites_are_exact_or_refused() {
    let not = |inner: Value| json!({ "not": inner });
    exports(not(test("k", "StringEquals", &["a"])), json!([{"StringNotEquals": {"k": ["a"]}}]));
    exports(not(test("k", "StringNotLike", &["a*"])), json!([{"StringLike": {"k": ["a*"]}}]));
    exports(
        not(test("k", "StringEqualsIfExists", &["a"])),
        json!([{"Null": {"k": ["false"]}, "StringNotEquals": {"k": ["a"]}}]),
    );
    exports(not(test("mfa", "BoolIfExists", &["false"])), json!([{"Bool": {"mfa": ["true"]}}]));
    exports(not(test("mfa", "Bool", &["true"])), json!([{"BoolIfExists": {"mfa": ["false"]}}]));
    exports(
        not(test("n", "NumericLessThan", &["5"])),
        json!([{"NumericGreaterThanEqualsIfExists": {"n": ["5"]}}]),
    );
    exports(not(test("ip", "NotIpAddress", &["10.0.0.0/8"])), json!([{"IpAddress": {"ip": ["10.0.0.0/8"]}}]));
    exports(not(test("k", "Null", &["true"])), json!([{"Null": {"k": ["false"]}}]));
    exports(
        not(test("many", "ForAnyValue:StringEquals", &["a", "b"])),
        json!([{"ForAllValues:StringNotEquals": {"many": ["a", "b"]}}]),
    );
    exports(
        not(test("many", "ForAllValues:StringEquals", &["a"])),
        json!([{"ForAnyValue:StringNotEquals": {"many": ["a"]}}]),
    );
    // Several values fail both, and so does what is no truth value or number where the type is not known.
    for (key, operator, value) in [
        ("many", "StringEquals", "a"),
        ("foreign", "StringEquals", "a"),
        ("k", "NumericLessThan", "5"),
        ("k", "BoolIfExists", "false"),
        ("k", "BinaryEquals", "AQ=="),
        ("k", "StringEquals", "${aws:username}"),
    ] {
        assert!(blocks(&not(test(key, operator, &[value]))).is_err(), "{key} {operator}");
    }
    exports(
        test("k", "StringEquals", &["${aws:username}"]),
        json!([{"StringEquals": {"k": ["${aws:username}"]}}]),
    );
}

#[test]
fn tests_that_share_an_operator() {
    let both = |key: &str, operator: &str| json!({"and": [test(key, operator, &["a*"]), test(key, operator, &["*b"])]});
    exports(both("k", "StringNotLike"), json!([{"StringNotLike": {"k": ["*b", "a*"]}}]));
    exports(
        both("k", "StringLike"),
        json!([{"StringLike": {"k": ["a*"]}, "StringLikeIfExists": {"k": ["*b"]}}]),
    );
    exports(
        both("many", "ForAllValues:StringNotLike"),
        json!([{"ForAllValues:StringNotLike": {"many": ["*b", "a*"]}}]),
    );
    let reason = blocks(&both("many", "ForAllValues:StringLike")).unwrap_err();
    assert_eq!(reason, "two tests of `many` with `ForAllValues:StringLike` cannot stand in one block");
    assert!(blocks(&both("k", "StringLikeIfExists")).is_err());
}

#[test]
fn what_no_block_can_say() {
    for (atom, reason) in [
        (json!({"session_name": "x"}), "session"),
        (json!({"resource_in": ["x"]}), "`Resource`"),
        (json!({"missing": "x"}), "exports"),
        (test("k", "StringEquals", &[]), "no values"),
    ] {
        let found = blocks(&json!({"and": [test("mfa", "Bool", &["true"]), atom]})).unwrap_err();
        assert!(found.contains(reason), "{found}");
    }
    let pair = |n: usize| json!({"or": [test(&format!("a{n}"), "Null", &["true"]), test(&format!("b{n}"), "Null", &["true"])]});
    assert_eq!(blocks(&json!({"and": (0..4).map(pair).collect::<Vec<_>>()})).unwrap().len(), 16);
    assert!(blocks(&json!({"and": (0..5).map(pair).collect::<Vec<_>>()})).is_err());
}
