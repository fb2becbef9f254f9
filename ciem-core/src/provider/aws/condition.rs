//! `Condition` blocks.

use super::catalog;
use super::document::json::{Members, Node, duplicates, pointer_step};
use crate::condition::Test;
use crate::model::{Catalog, Clause, CondId, CondNode, Facts};
use crate::pattern::Template;
use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

/// Which keys hold several values is a fact of the service that sends them, whatever catalogue answers use.
pub(super) static KEYS: LazyLock<Catalog> = LazyLock::new(catalog::builtin);

/// Reads a block. Each problem is a JSON pointer below the block and a reason; with any of them the condition is not
/// to be relied on.
pub(crate) fn read(
    facts: &mut Facts,
    block: &Node<'_>,
    variables: bool,
    problems: &mut Vec<(String, String)>,
) -> CondId {
    let Node::Map(operators) = block else {
        problems.push((String::new(), format!("a condition is an object, not {}", block.kind())));
        return CondId::ALWAYS;
    };
    let mut parts = Vec::new();
    report_duplicates(operators, "", problems);
    for (operator, keys) in operators {
        let at = format!("/{}", pointer_step(operator));
        let Node::Map(keys) = keys else {
            problems.push((at, format!("expected an object of context keys, not {}", keys.kind())));
            continue;
        };
        report_duplicates(keys, &at, problems);
        if keys.is_empty()
            && let Err(reason) = Test::compile(operator, &[])
        {
            problems.push((at.clone(), reason));
        }
        for (key, values) in keys {
            match clause(facts, operator, key, values, variables) {
                Ok(clause) => parts.push(facts.conditions.node(CondNode::Clause(clause))),
                Err(reason) => problems.push((format!("{at}/{}", pointer_step(key)), reason)),
            }
        }
    }
    facts.conditions.all(parts)
}

fn clause(
    facts: &mut Facts,
    operator: &str,
    key: &str,
    values: &Node<'_>,
    variables: bool,
) -> Result<crate::model::ClauseId, String> {
    if !key.contains(':') || key.trim() != key {
        return Err("a context key has a prefix, such as `aws:SourceIp`".to_owned());
    }
    let values = values.items().iter().map(value).collect::<Result<Vec<_>, _>>()?;
    let texts: Vec<&str> = values.iter().map(Cow::as_ref).collect();
    let test = Test::compile(operator, &texts)?;
    let set_prefix = operator.contains(':');
    let many = KEYS.key(key).map_or(set_prefix, |known| known.many);
    let key = facts.conditions.key(key, many);
    let templates = if variables && texts.iter().any(|text| text.contains("${")) {
        texts.iter().map(|text| Template::parse(text)).collect()
    } else {
        Box::default()
    };
    let values = texts.iter().map(|&text| Box::from(text)).collect();
    Ok(facts.conditions.clause_id(Clause {
        key,
        operator: operator.into(),
        values,
        test: Arc::new(test),
        templates,
        cross: None,
    }))
}

fn value<'a>(node: &'a Node<'_>) -> Result<Cow<'a, str>, String> {
    match node {
        Node::Text(text) => Ok(Cow::Borrowed(text)),
        Node::Number(text) => Ok(Cow::Borrowed(text)),
        Node::Bool(value) => Ok(Cow::Borrowed(if *value { "true" } else { "false" })),
        other => Err(format!("a condition value is a text, a number or a boolean, not {}", other.kind())),
    }
}

fn report_duplicates(members: &Members<'_>, at: &str, problems: &mut Vec<(String, String)>) {
    for name in duplicates(members) {
        problems.push((format!("{at}/{}", pointer_step(name)), "the key stands here twice".to_owned()));
    }
}
