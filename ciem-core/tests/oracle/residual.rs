//! A returned condition, read under one completion.

use serde_json::Value;

use super::complete::{Leaf, Point};
use super::conditions::{Held, Operand, Operator};
use super::evaluate::{Case, Target, condition_values};
use super::glob;

/// Is the condition true under the completion? `None`: that depends on a fact nobody has.
pub(crate) fn holds(case: &Case<'_>, leaf: &Leaf, target: &Target<'_>, condition: &Value) -> Option<bool> {
    let members = condition.as_object()?;
    let parts = |value: &Value| -> Vec<Option<bool>> {
        value.as_array().into_iter().flatten().map(|part| holds(case, leaf, target, part)).collect()
    };
    // Kleene: one false part decides a conjunction, one true part a disjunction.
    let combined = |parts: Vec<Option<bool>>, deciding: bool| {
        if parts.contains(&Some(deciding)) {
            return Some(deciding);
        }
        if parts.contains(&None) { None } else { Some(!deciding) }
    };
    if let Some(all) = members.get("and") {
        return combined(parts(all), false);
    }
    if let Some(any) = members.get("or") {
        return combined(parts(any), true);
    }
    if let Some(inner) = members.get("not") {
        return holds(case, leaf, target, inner).map(|value| !value);
    }
    if let Some(patterns) = members.get("resource_in") {
        // A `$` that opens no variable is written as an escape.
        let tokens = |pattern: &str| glob::tokens(&pattern.replace("${$}", "$"));
        let inside = |pattern: &str| glob::resource_matches(&tokens(pattern), &target.text);
        return Some(super::caller::list(patterns).into_iter().any(inside));
    }
    if let Some(name) = members.get("session_name").and_then(Value::as_str) {
        let picked = leaf.picks.iter().find(|(point, _)| *point == Point::SessionName);
        let chosen = picked.map_or("some-other-session", |(_, at)| case.index.session_names[*at].as_str());
        return Some(glob::matches(name, chosen));
    }
    let (key, operator) = (members.get("key")?.as_str()?, members.get("operator")?.as_str()?);
    let value_of = |key: &str| held(case, leaf, target, &key.to_ascii_lowercase());
    let operands: Vec<Operand> = condition_values(members.get("values")?)
        .iter()
        .map(|text| case.substituted(text, true, &value_of))
        .collect();
    // The resource is tested, and the key is the variable in the pattern.
    if operator == "ResourceLike" {
        let matched =
            |pattern: &Operand| pattern.as_ref().is_some_and(|p| glob::resource_matches(p, &target.text));
        return Some(operands.iter().any(matched));
    }
    Some(Operator::parse(operator).holds(&operands, &value_of(key)))
}

/// A key the decision did not look at cannot matter: any value will do, absence is one.
fn held(case: &Case<'_>, leaf: &Leaf, target: &Target<'_>, key: &str) -> Held {
    let picked = leaf.picks.iter().find(|(point, _)| *point == Point::Key(key.to_owned()));
    match picked {
        Some((_, at)) => case.domain(key, target)[*at].held.clone(),
        None => case.known(key, target).unwrap_or(Held::Absent),
    }
}
