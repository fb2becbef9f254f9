//! The form that simplified conditions take.

use super::super::{Atom, Expr, Key, Test, simplify};
use super::{compact, missing, on};
use crate::pattern::{Pattern, Syntax};

/// The simplified form, as `{"key"…}` texts shortened to `key Operator values`.
fn short(expr: &Expr) -> String {
    match expr {
        Expr::Always => "always".into(),
        Expr::Never => "never".into(),
        Expr::And(parts) => format!("({})", parts.iter().map(short).collect::<Vec<_>>().join(" & ")),
        Expr::Or(parts) => format!("({})", parts.iter().map(short).collect::<Vec<_>>().join(" | ")),
        Expr::Not(inner) => format!("!{}", short(inner)),
        Expr::Atom(atom) => match &**atom {
            Atom::Key { key, test } => {
                format!("{} {} {}", key.name, test.operator_text(), test.values().join(","))
            }
            other => serde_json::to_string(other).unwrap(),
        },
    }
}

#[track_caller]
fn gives(expr: Expr, wanted: &str) {
    let simplified = simplify(&expr);
    assert!(simplified.canonical, "{}", compact(&simplified.expr));
    assert_eq!(short(&simplified.expr), wanted);
}

fn one(operator: &str, values: &[&str]) -> Expr {
    on("k", false, operator, values)
}

fn set(operator: &str, values: &[&str]) -> Expr {
    on("m", true, operator, values)
}

#[test]
fn there_always_is_a_time() {
    let clock = |operator: &str| {
        let key = Key { id: 0, name: "now".into(), many: false, clock: true };
        let test = Test::compile(operator, &["2026-01-01T00:00:00Z"]).unwrap();
        Expr::atom(Atom::Key { key, test })
    };
    let (before, after) = (clock("DateLessThan"), clock("DateGreaterThanEquals"));
    let or = |one: &Expr, other: &str| one.clone().or(clock(other));
    gives(or(&before, "DateGreaterThanEquals"), "always");
    gives(before.clone().and(after), "never");
    gives(or(&before, "DateGreaterThan"), "now DateNotEquals 2026-01-01T00:00:00Z");
    gives(before.not(), "now DateGreaterThanEquals 2026-01-01T00:00:00Z");
    // A key that may be absent, or no date, is neither before nor after: what is left says that it is a date.
    let perhaps = |operator: &str| one(operator, &["2026-01-01T00:00:00Z"]);
    gives(
        perhaps("DateLessThan").or(perhaps("DateGreaterThanEquals")),
        "(k DateLessThan 1970-01-01T00:00:00Z | k DateGreaterThanEquals 1970-01-01T00:00:00Z)",
    );
}

#[test]
fn texts() {
    gives(one("StringEquals", &["b", "a", "b"]), "k StringEquals a,b");
    gives(one("StringEquals", &["a"]).or(one("StringEquals", &["b"])), "k StringEquals a,b");
    gives(one("StringEquals", &["a", "b"]).and(one("StringNotEquals", &["b"])), "k StringEquals a");
    gives(one("StringEquals", &["a"]).not(), "k StringNotEquals a");
    gives(one("StringNotEquals", &["a"]).not(), "k StringEquals a");
    gives(one("StringEquals", &["a"]).or(one("Null", &["true"])), "k StringEqualsIfExists a");
    gives(
        one("StringNotEquals", &["a"]).and(one("Null", &["false"])),
        "(k StringNotEquals a & k Null false)",
    );
    gives(one("StringLike", &["a"]), "k StringEquals a");
    gives(one("StringLike", &["*"]), "k Null false");
    gives(one("StringLikeIfExists", &["*"]), "always");
    gives(one("StringEquals", &["a"]).and(one("StringEquals", &["b"])), "never");
    gives(
        one("StringEqualsIgnoreCase", &["AB"]).or(one("StringEquals", &["ab"])),
        "k StringEqualsIgnoreCase ab",
    );
    gives(one("ForAllValues:StringEquals", &["a"]), "k StringEqualsIfExists a");
    gives(one("ArnLike", &["*"]), "k ArnLike arn:*:*:*:*:*");
    // What is written is read as the same.
    gives(one("ArnLike", &["arn:*:*:*:*:*"]).and(one("Null", &["false"])), "k ArnLike arn:*:*:*:*:*");
    gives(one("ArnLike", &["*"]).or(one("ArnLike", &["arn:*:*:*:*:*"]).not()), "always");
    gives(one("ForAnyValue:StringEquals", &["a"]), "k StringEquals a");
    gives(one("StringEquals", &[]), "never");
}

#[test]
fn globs_are_ordered_by_inclusion() {
    gives(one("StringLike", &["a*"]).or(one("StringLike", &["ab*"])), "k StringLike a*");
    gives(one("StringLike", &["a*"]).and(one("StringLike", &["ab*"])), "k StringLike ab*");
    gives(one("StringLike", &["a*"]).and(one("StringLike", &["b*"])), "never");
    gives(one("StringLike", &["a*"]).or(one("StringLike", &["b*"])), "k StringLike a*,b*");
    gives(one("StringLike", &["b*", "a*", "ab*"]), "k StringLike a*,b*");
    gives(one("StringLike", &["a*"]).or(one("StringEquals", &["a1", "x*"])), "k StringLike a*,x${*}");
    gives(one("StringLike", &["a*"]).and(one("StringEquals", &["a1", "b1"])), "k StringEquals a1");
    gives(
        one("StringLike", &["a*"]).and(one("StringNotLike", &["ab*"])),
        "(k StringLike a* & k StringNotLike ab*)",
    );
    gives(
        one("StringLike", &["a*"]).and(one("StringNotEquals", &["a1"])),
        "(k StringNotEquals a1 & k StringLike a*)",
    );
    gives(one("StringLike", &["a*"]).not(), "k StringNotLike a*");
    gives(one("StringLike", &["a*"]).and(one("StringLike", &["*z"])), "(k StringLike *z & k StringLike a*)");
}

#[test]
fn numbers_and_dates() {
    gives(one("NumericEquals", &["10.0", "1e1"]), "k NumericEquals 10");
    gives(
        one("NumericLessThan", &["5"]).or(one("NumericGreaterThanEquals", &["5"])),
        "(k NumericLessThan 0 | k NumericGreaterThanEquals 0)",
    );
    gives(
        one("NumericLessThan", &["9"]).and(one("NumericGreaterThan", &["1", "3"])),
        "(k NumericLessThan 9 & k NumericGreaterThan 1)",
    );
    gives(one("NumericLessThan", &["5"]).and(one("NumericLessThan", &["3"])), "k NumericLessThan 3");
    gives(one("NumericLessThan", &["5"]).or(one("NumericEquals", &["5"])), "k NumericLessThanEquals 5");
    gives(one("NumericLessThan", &["5"]).not(), "!k NumericLessThan 5");
    gives(one("NumericLessThanIfExists", &["5"]).not(), "!k NumericLessThanIfExists 5");
    gives(one("NumericNotEquals", &["2", "1"]), "k NumericNotEquals 1,2");
    gives(one("NumericLessThan", &["1"]).and(one("NumericGreaterThan", &["1"])), "never");
    gives(one("DateLessThan", &["1577836800"]), "k DateLessThan 2020-01-01T00:00:00Z");
    gives(
        one("DateGreaterThanIfExists", &["2020-01-01"]).and(one("DateLessThanIfExists", &["2021-01-01"])),
        "(k DateLessThanIfExists 2021-01-01T00:00:00Z & k DateGreaterThanIfExists 2020-01-01T00:00:00Z)",
    );
}

#[test]
fn addresses_truths_bytes() {
    gives(one("IpAddress", &["10.0.0.0/9", "10.128.0.0/9", "10.1.0.0/16"]), "k IpAddress 10.0.0.0/8");
    gives(
        one("IpAddress", &["10.0.0.1/8"]).and(one("IpAddress", &["10.1.0.0/16"])),
        "k IpAddress 10.1.0.0/16",
    );
    gives(one("IpAddress", &["10.0.0.1"]).and(one("IpAddress", &["::/0"])), "never");
    gives(one("NotIpAddress", &["10.0.0.0/8"]), "k NotIpAddress 10.0.0.0/8");
    gives(one("IpAddress", &["10.0.0.0/8"]).not(), "!k IpAddress 10.0.0.0/8");
    gives(one("IpAddress", &["2001:0DB8:0::/32"]), "k IpAddress 2001:db8::/32");
    gives(one("Bool", &["TRUE"]), "k Bool true");
    gives(one("Bool", &["true"]).and(one("Bool", &["false"])), "never");
    gives(one("Bool", &["true"]).not(), "!k Bool true");
    gives(one("BoolIfExists", &["false"]), "k BoolIfExists false");
    gives(one("BinaryEquals", &["AQ"]), "k BinaryEquals AQ==");
    gives(one("Null", &["true", "false"]), "always");
    gives(one("Null", &["true"]).not(), "k Null false");
}

#[test]
fn arns() {
    gives(one("ArnEquals", &["arn:aws:iam::1:role/*"]), "k ArnLike arn:aws:iam::1:role/*");
    gives(one("ArnLike", &["arn:aws:iam::1:role/x"]), "k ArnEquals arn:aws:iam::1:role/x");
    gives(
        one("ArnLike", &["arn:aws:iam::*:*"]).or(one("ArnLike", &["arn:aws:iam::1:*"])),
        "k ArnLike arn:aws:iam::*:*",
    );
    gives(one("ArnNotLike", &["arn:aws:iam::1:*"]).not(), "!k ArnNotLike arn:aws:iam::1:*");
    gives(
        one("ArnLike", &["arn:aws:iam::1:*"]).or(one("ArnNotLike", &["arn:aws:iam::1:*"])),
        "k ArnLikeIfExists arn:*:*:*:*:*",
    );
}

#[test]
fn sets() {
    gives(set("ForAnyValue:StringEquals", &["b", "a"]), "m ForAnyValue:StringEquals a,b");
    gives(
        set("ForAnyValue:StringEquals", &["a"]).or(set("ForAnyValue:StringEquals", &["b"])),
        "m ForAnyValue:StringEquals a,b",
    );
    gives(
        set("ForAnyValue:StringEquals", &["a"]).and(set("ForAnyValue:StringEquals", &["b"])),
        "(m ForAnyValue:StringEquals a & m ForAnyValue:StringEquals b)",
    );
    gives(set("ForAnyValue:StringEquals", &["a"]).not(), "m ForAllValues:StringNotEquals a");
    gives(set("ForAllValues:StringEquals", &["a"]).not(), "m ForAnyValue:StringNotEquals a");
    gives(
        set("ForAllValues:StringEquals", &["a", "b"]).and(set("ForAllValues:StringEquals", &["b", "c"])),
        "m ForAllValues:StringEquals b",
    );
    gives(
        set("ForAllValues:StringEquals", &["a"]).and(set("Null", &["false"])),
        "(m ForAllValues:StringEquals a & m Null false)",
    );
    gives(set("ForAnyValue:StringEqualsIfExists", &["a"]), "m ForAnyValue:StringEqualsIfExists a");
    gives(set("ForAnyValue:StringLike", &["a*"]).and(set("Null", &["true"])), "never");
    gives(set("ForAnyValue:StringLike", &["*"]), "m Null false");
    gives(set("ForAllValues:NumericLessThan", &["5"]), "m ForAllValues:NumericLessThan 5");
    gives(set("ForAllValues:NumericLessThan", &["5"]).not(), "!m ForAllValues:NumericLessThan 5");
    gives(set("ForAnyValue:NumericLessThan", &["5"]).not(), "!m ForAnyValue:NumericLessThan 5");
    // Without set prefix several values never match.
    gives(set("StringEquals", &["a"]).not(), "!m StringEquals a");
    gives(set("StringNotEquals", &["a"]), "m StringNotEquals a");
}

#[test]
fn other_atoms() {
    let session = |name: &str| Expr::atom(Atom::SessionName(name.into()));
    gives(session("a*").or(session("ab")), r#"{"session_name":"a*"}"#);
    gives(session("a").and(session("b")), "never");
    gives(session("a").not(), r#"!{"session_name":"a"}"#);
    let syntax = Syntax { separator: ':', segments: 6 };
    let resource = |texts: &[&str]| {
        let mut list: Vec<Pattern> = texts.iter().map(|text| Pattern::parse(text, syntax).unwrap()).collect();
        list.sort();
        Expr::atom(Atom::ResourceIn(list))
    };
    gives(resource(&["*"]), "always");
    gives(
        resource(&["arn:aws:s3:::a", "arn:aws:s3:::b"]).and(resource(&["arn:aws:s3:::b", "arn:aws:s3:::c"])),
        r#"{"resource_in":["arn:aws:s3:::b"]}"#,
    );
    gives(
        resource(&["arn:aws:s3:::a/*"])
            .or(resource(&["arn:aws:s3:::a/b/*"]))
            .or(resource(&["arn:aws:s3:::c"])),
        r#"{"resource_in":["arn:aws:s3:::a/*","arn:aws:s3:::c"]}"#,
    );
    gives(missing("x").and(missing("x").not()), "never");
    gives(
        missing("x").or(missing("x").not().and(missing("y"))),
        r#"({"missing":"policy x"} | {"missing":"policy y"})"#,
    );
}

#[test]
fn combinations_over_several_keys() {
    let (a, b, c) = (on("a", false, "Bool", &["true"]), on("b", false, "Bool", &["true"]), missing("c"));
    // (a & b) | (!a & c) | (b & c): the last term follows from the others.
    let wanted = r#"((a Bool true & b Bool true) | ({"missing":"policy c"} & !a Bool true))"#;
    let first = a.clone().and(b.clone()).or(a.clone().not().and(c.clone()));
    gives(first.clone().or(b.clone().and(c.clone())), wanted);
    gives(first, wanted);
    let product = |left: [Expr; 2], right: [Expr; 2]| {
        let or = |[x, y]: [Expr; 2]| x.or(y);
        or(left).and(or(right))
    };
    gives(
        product([a.clone(), missing("d")], [b.clone(), c.clone()]),
        r#"((a Bool true | {"missing":"policy d"}) & (b Bool true | {"missing":"policy c"}))"#,
    );
}

#[test]
fn what_is_too_large_stays_equivalent_and_says_so() {
    let facts: Vec<Expr> = (0..40).map(|index| missing(&index.to_string())).collect();
    let large = facts.chunks(2).fold(Expr::Never, |any, pair| any.or(pair[0].clone().and(pair[1].clone())));
    let simplified = simplify(&large.clone().and(large.clone()));
    assert!(!simplified.canonical);
    assert_eq!(simplified.expr.atoms().len(), 40);
    let never = simplify(&large.clone().and(large.not()));
    assert_eq!(never.expr, Expr::Never);
    let globs: Vec<String> = (0..30).map(|index| format!("*{index}*")).collect();
    let many = globs.iter().fold(Expr::Always, |all, glob| all.and(one("StringLike", &[glob])));
    assert!(!simplify(&many).canonical);
}
