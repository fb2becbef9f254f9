mod laws;
mod operators;
mod rendering;
mod told;
mod values;

use super::test::parse_operator;
use super::{Atom, Expr, Key, KeyState, MissingFact, Test, Tri};
use std::sync::Arc;

/// A test of the key `name` written as in an answer.
fn on(name: &str, many: bool, operator: &str, values: &[&str]) -> Expr {
    let key = Key { id: 0, name: name.into(), many, clock: false };
    let (prefix, operator, if_exists) = parse_operator(operator).unwrap();
    let values = values.iter().map(|value| Box::from(*value)).collect();
    Expr::atom(Atom::Key { key, test: Test::build(prefix, operator, if_exists, values).unwrap() })
}

fn missing(subject: &str) -> Expr {
    let fact = MissingFact { fact: "policy".into(), subject: subject.into(), how: String::new() };
    Expr::atom(Atom::Missing(Arc::new(fact)))
}

fn compact(expr: &Expr) -> String {
    expr.to_json().to_string()
}

#[test]
fn kleene_logic() {
    assert_eq!(Tri::Maybe.and(Tri::No), Tri::No);
    assert_eq!(Tri::Maybe.or(Tri::No), Tri::Maybe);
    assert_eq!(Tri::Maybe.not(), Tri::Maybe);
    assert_eq!(Tri::Yes.not(), Tri::No);
}

#[test]
fn keys_ignore_case() {
    let key = |name: &str| Key { id: name.len() as u32, name: name.into(), many: false, clock: false };
    assert_eq!(key("aws:SourceIp"), key("AWS:sourceip"));
    assert!(key("aws:A") < key("aws:b"));
}

#[test]
fn constants_fold_and_nothing_else() {
    let (a, b) = (missing("a"), missing("b"));
    assert_eq!(a.clone().and(Expr::Never), Expr::Never);
    assert_eq!(a.clone().or(Expr::Never), a);
    assert_eq!(Expr::Always.minus(a.clone()), a.clone().not());
    assert_eq!(a.clone().minus(Expr::Always), Expr::Never);
    assert_eq!(a.clone().not().not(), a);
    assert_eq!(a.clone().or(b.clone()).or(a.clone()).atoms().len(), 3);
    assert!(on("k", false, "Null", &["true"]).or(a).has_missing());
    assert_eq!(compact(&Expr::Always), r#"{"and":[]}"#);
    assert_eq!(compact(&Expr::Never), r#"{"or":[]}"#);
}

#[test]
fn unknown_keys_depend_unless_all_values_agree() {
    let unknown =
        |operator: &str, values: &[&str]| Test::compile(operator, values).unwrap().eval(KeyState::Unknown);
    assert_eq!(unknown("StringEquals", &["a"]), Tri::Maybe);
    assert_eq!(unknown("StringEquals", &[]), Tri::No);
    assert_eq!(unknown("Null", &["true", "false"]), Tri::Yes);
    assert_eq!(unknown("ForAllValues:StringLike", &["*"]), Tri::Yes);
    assert_eq!(unknown("ForAnyValue:StringNotLike", &["*"]), Tri::No);
    // Of several values without set prefix the answer is no.
    assert_eq!(unknown("StringLikeIfExists", &["*"]), Tri::Maybe);
}
