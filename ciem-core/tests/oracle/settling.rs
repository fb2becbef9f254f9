//! `what_would_settle_it` is a count over the rows of the question: which open rows mention what, and which nothing else.

use std::collections::{BTreeMap, BTreeSet};

use ciem_core::Snapshot;
use serde_json::Value;

use super::engine;
use super::world::Request;

/// Kind and lower-case name, of a fact with its subject.
type Thing = (&'static str, String);

/// The keys of policy variables such as `${aws:username, 'none'}`; `${*}`, `${?}` and `${$}` stand for characters.
fn variables(text: &str) -> impl Iterator<Item = Thing> + '_ {
    let inner = text.split("${").skip(1).filter_map(|rest| rest.split_once('}').map(|(inner, _)| inner));
    let names = inner.map(|inner| inner.split(',').next().unwrap_or_default().trim().to_ascii_lowercase());
    names.filter(|name| !matches!(name.as_str(), "*" | "?" | "$")).map(|name| ("key", name))
}

fn mentioned(condition: &Value, found: &mut BTreeSet<Thing>) {
    let Some(members) = condition.as_object() else {
        condition.as_array().into_iter().flatten().for_each(|part| mentioned(part, found));
        return;
    };
    let text = |name: &str| members.get(name).and_then(Value::as_str).map(str::to_ascii_lowercase);
    if let Some(key) = text("key") {
        found.insert(("key", key));
        let values = members.get("values").and_then(Value::as_array).into_iter().flatten();
        found.extend(values.filter_map(Value::as_str).flat_map(variables));
    } else if let Some(fact) = text("missing") {
        // What a document may allow and what it may deny are two atoms and one thing to supply; so are the numbered
        // readings of contradictory records. The parenthesis tells them apart.
        let thing = match fact.split_once(" (").map(|(name, rest)| (name, rest.split_once(") "))) {
            Some((name, Some((_, subject)))) => format!("{name} {subject}"),
            _ => fact,
        };
        found.insert(("fact", thing));
    } else if members.contains_key("session_name") {
        found.insert(("session_name", "session_name".to_owned()));
    } else if members.contains_key("resource_in") {
        found.insert(("resource", "resource".to_owned()));
    } else {
        members.values().for_each(|inner| mentioned(inner, found));
    }
}

/// Every row that is not certain counts once for what its condition mentions, and that is all there is.
pub(crate) fn settling_law(snapshot: &Snapshot, request: &Request) -> Result<usize, String> {
    let mut wire = engine::asked_by(request, "").to_json();
    wire.as_object_mut().ok_or("a request is an object")?.remove("principal");
    let mut expected: BTreeMap<Thing, [u64; 2]> = BTreeMap::new();
    let mut open = 0;
    for row in engine::rows(snapshot, "who_can", &wire)? {
        if row["verdict"] == "allow" {
            continue;
        }
        let mut things = BTreeSet::new();
        mentioned(&engine::condition(&row), &mut things);
        open += 1;
        let alone = u64::from(things.len() == 1);
        for thing in things {
            let [answers, lonely] = expected.entry(thing).or_default();
            (*answers, *lonely) = (*answers + 1, *lonely + alone);
        }
    }
    let rows = engine::rows(snapshot, "what_would_settle_it", &wire)?;
    let mut found = BTreeMap::new();
    let mut order = Vec::new();
    for row in &rows {
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_ascii_lowercase();
        let number = |name: &str| row[name].as_u64().unwrap_or_default();
        let kinds = ["key", "fact", "session_name", "resource"];
        let kind = kinds.into_iter().find(|kind| row["kind"] == *kind).ok_or("an unknown kind")?;
        let name =
            if kind == "fact" { format!("{} {}", text("name"), text("subject")) } else { text("name") };
        found.insert((kind, name), [number("answers"), number("alone")]);
        order.push([number("alone"), number("answers")]);
        if number("open") != open {
            return Err(format!("{open} rows are open, {row} says otherwise"));
        }
    }
    if found != expected || found.len() != rows.len() {
        return Err(format!("what would settle it: {rows:?}, by the rows {expected:?}"));
    }
    if !order.is_sorted_by(|one, next| one >= next) {
        return Err(format!("the most useful is not first: {rows:?}"));
    }
    Ok(rows.len())
}
