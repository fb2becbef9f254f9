//! The worlds of Azure and Entra in the other shapes of the same exports: what the command line writes flat, the API nests
//! under `properties`; a list stands alone, in a page, or with a record on each line. Answers must not differ.

use super::{run, worlds};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What the command line writes flat and the API nested, by the end of its type. Of the rest there is one form.
const NESTED: [&str; 4] = ["/roleassignments", "/roledefinitions", "/denyassignments", "/managementgroups"];
/// What stands beside `properties`.
const OUTSIDE: [&str; 3] = ["id", "name", "type"];

type Counts = BTreeMap<String, usize>;

#[test]
fn azure_worlds_have_the_same_answers_in_every_shape() {
    let mut failures = Vec::new();
    let (mut counts, mut told) = (Counts::new(), 0);
    let all = worlds();
    let of_azure = |name: &str| name.starts_with("azure-") || name.starts_with("entra-");
    for (name, world) in all.iter().filter(|(name, _)| of_azure(name)) {
        // Where in a file something stands is another place in another shape.
        if world.to_string().contains(r#""pointer":"/"#) {
            continue;
        }
        for shape in [shaped, on_lines] {
            let mut other = world.clone();
            for file in other["files"].as_array_mut().into_iter().flatten() {
                shape(file, &mut counts);
            }
            if other == *world {
                continue;
            }
            told += 1;
            failures.extend(run(&other).into_iter().map(|failure| format!("{name}: {failure}")));
        }
    }
    println!("{told} worlds in another shape: {counts:?}");
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
    let flat = NESTED.iter().map(|kind| format!("flat {kind}"));
    let lists = ["alone", "in a page", "on lines"].map(str::to_owned);
    let lacking: Vec<_> = flat.chain(lists).filter(|kind| !counts.contains_key(kind)).collect();
    assert!(lacking.is_empty(), "no world has this for another shape: {lacking:?}; {counts:?}");
}

fn count(counts: &mut Counts, what: impl Into<String>) {
    *counts.entry(what.into()).or_default() += 1;
}

/// A file with its records in the other form, and its list in another container.
fn shaped(file: &mut Value, counts: &mut Counts) {
    let Some(content) = file.get_mut("json") else { return };
    match content {
        Value::Array(items) => {
            items.iter_mut().for_each(|item| turn(item, counts));
            if !items.is_empty() && items.iter().all(Value::is_object) {
                count(counts, "in a page");
                *content = json!({ "value": items });
            }
        }
        Value::Object(page) => match page.get_mut("value").and_then(Value::as_array_mut) {
            Some(items) => {
                items.iter_mut().for_each(|item| turn(item, counts));
                if page.len() == 1 {
                    count(counts, "alone");
                    *content = page.remove("value").unwrap();
                }
            }
            None => turn(content, counts),
        },
        _ => {}
    }
}

/// A list of records with one of them on each line.
fn on_lines(file: &mut Value, counts: &mut Counts) {
    let Some(items) = file["json"].as_array() else { return };
    if items.len() < 2 || !items.iter().all(Value::is_object) {
        return;
    }
    count(counts, "on lines");
    let lines: Vec<String> = items.iter().map(Value::to_string).collect();
    *file = json!({ "name": file["name"], "text": lines.join("\n") });
}

/// Between the flat form and the nested one.
fn turn(item: &mut Value, counts: &mut Counts) {
    let Some(record) = item.as_object_mut() else { return };
    let kind = record.get("type").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    let Some(kind) = NESTED.iter().find(|end| kind.ends_with(**end)) else { return };
    if let Some(Value::Object(inner)) = record.remove("properties") {
        count(counts, format!("nested {kind}"));
        for (name, value) in inner {
            // The type of a role has another name where it stands beside that of the record.
            let name = if name == "type" { "roleType".to_owned() } else { name };
            record.entry(name).or_insert(value);
        }
    } else {
        count(counts, format!("flat {kind}"));
        let all = std::mem::take(record);
        let (outside, inner): (Map<_, _>, Map<_, _>) =
            all.into_iter().partition(|(name, _)| OUTSIDE.contains(&name.as_str()));
        let inner: Map<String, Value> = inner
            .into_iter()
            .map(|(name, value)| (if name == "roleType" { "type".to_owned() } else { name }, value))
            .collect();
        *record = outside;
        record.insert("properties".to_owned(), Value::Object(inner));
    }
}
