//! Runs the worlds of `testdata/conformance`; the README there says how they are written and compared.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test reads files and fails"
)]

use ciem_core::{
    Assignments, Error, LoadOptions, Progress, Snapshot, SnapshotBuilder, Usage, UsageBuilder, wire,
};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

mod approval;
#[path = "conformance/approved.rs"]
mod approved;
#[path = "conformance/forms.rs"]
mod forms;

/// Fewer worlds than this means that some were lost.
const LEAST_WORLDS: usize = 213;

#[test]
fn every_world_gives_the_expected_answers() {
    let worlds = worlds();
    assert!(worlds.len() >= LEAST_WORLDS, "only {} worlds, {LEAST_WORLDS} are wanted", worlds.len());
    let mut names = BTreeMap::new();
    let mut failures = Vec::new();
    for (file, world) in &worlds {
        let name = world["name"].as_str().unwrap_or_else(|| panic!("{file}: no name"));
        if let Some(other) = names.insert(name, file) {
            failures.push(format!("{file}: the name `{name}` is also that of {other}"));
        }
        failures.extend(run(world).into_iter().map(|failure| format!("{file}: {failure}")));
    }
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

/// The rules that the notes of a provider list each have worlds in which the rule lets something happen, and in which
/// it does not.
#[test]
fn every_rule_is_shown_from_both_sides() {
    let mut rules = Vec::new();
    for (provider, prefix) in
        [("aws", "AWS-"), ("azure", "AZ-R"), ("azure", "EN-R"), ("entra", "EN-R"), ("entra", "AZ-R")]
    {
        let notes = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/provider/{provider}/NOTES.md"));
        let notes = std::fs::read_to_string(notes).unwrap();
        let lines =
            notes.lines().filter_map(|line| line.strip_prefix("| ")).filter(|line| line.starts_with(prefix));
        let ids = lines.filter_map(|line| line.split('|').next()).flat_map(|column| column.split(", "));
        rules.extend(ids.map(|id| id.trim().to_owned()));
    }
    assert!(rules.len() > 50, "the notes list the rules");
    let worlds = worlds();
    let mut lacking = Vec::new();
    for rule in rules {
        let id = Value::from(rule.as_str());
        let about = |world: &&Value| world["rules"].as_array().is_some_and(|rules| rules.contains(&id));
        let of_rule = worlds.iter().map(|(_, world)| world).filter(about);
        let answers: String = of_rule.map(|world| world["ask"].to_string()).collect();
        let allows = answers.contains(r#""verdict":"allow""#);
        let other = [
            r#""verdict":"deny""#,
            r#""verdict":"conditional""#,
            r#""verdict":"unknown""#,
            r#""error":"#,
            r#""$length":0"#,
        ];
        if !allows || !other.iter().any(|text| answers.contains(text)) {
            lacking.push(rule);
        }
    }
    assert!(lacking.is_empty(), "rules without a world for either side: {lacking:?}");
}

fn worlds() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/conformance");
    let mut files: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let read = |path: &Path| serde_json::from_slice(&std::fs::read(path).unwrap());
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    files
        .iter()
        .map(|path| (name(path), read(path).unwrap_or_else(|e| panic!("{}: {e}", name(path)))))
        .collect()
}

fn run(world: &Value) -> Vec<String> {
    let expected = world.get("load_error");
    let snapshot = match (load(world), expected) {
        (Ok(_), Some(expected)) => return vec![format!("loads, expected {expected}")],
        (Ok(snapshot), None) => snapshot,
        (Err(error), None) => return vec![format!("does not load: {}", wire::error_json(&error))],
        (Err(error), Some(expected)) => return load_failure(&error, expected),
    };
    let asks = world["ask"].as_array().map(Vec::as_slice).unwrap_or_default();
    let usage = match logs(world) {
        Ok(usage) => usage,
        Err(error) => return vec![format!("logs are not read: {}", wire::error_json(&error))],
    };
    let failure = |(i, ask)| ask_one(&snapshot, &usage, ask).err().map(|why| format!("ask {i}: {why}"));
    asks.iter().enumerate().filter_map(failure).collect()
}

fn load(world: &Value) -> Result<Snapshot, Error> {
    let mut options = LoadOptions::default().on_error(world["on_error"].as_str().unwrap_or("raise").parse()?);
    if let Some(catalog) = world.get("catalog") {
        options = options.catalog(catalog.to_string());
    }
    let mut builder = SnapshotBuilder::with_options(&options);
    for file in world["files"].as_array().expect("`files` is a list") {
        builder.add(file["name"].as_str().expect("a file has a name"), &bytes(file))?;
    }
    builder.finish()
}

fn logs(world: &Value) -> Result<Usage, Error> {
    let mut builder = UsageBuilder::new();
    for file in world["logs"].as_array().into_iter().flatten() {
        builder.add(file["name"].as_str().expect("a file has a name"), &bytes(file))?;
    }
    Ok(builder.finish())
}

fn bytes(file: &Value) -> Vec<u8> {
    match (file.get("json"), file["text"].as_str(), file["base64"].as_str()) {
        (Some(json), None, None) => json.to_string().into_bytes(),
        (None, Some(text), None) => text.as_bytes().to_vec(),
        (None, None, Some(base64)) => decode_base64(base64),
        _ => panic!("{}: exactly one of json, text, base64", file["name"]),
    }
}

fn decode_base64(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut out, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for byte in text.bytes().filter(|byte| *byte != b'=') {
        bits = bits << 6 | ALPHABET.iter().position(|letter| *letter == byte).expect("base64") as u32;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    out
}

fn load_failure(error: &Error, expected: &Value) -> Vec<String> {
    let place = serde_json::to_value(error.place()).unwrap();
    let given = |key: &str| expected.get(key).is_none_or(|value| *value == place[key]);
    if expected["code"] == error.code() && given("pointer") && given("source") {
        return Vec::new();
    }
    vec![format!("loading fails with {}, expected {expected}", wire::error_json(error))]
}

fn ask_one(snapshot: &Snapshot, usage: &Usage, ask: &Value) -> Result<(), String> {
    let verb = ask["verb"].as_str().expect("an ask has a verb");
    let request = ask.get("request").map_or_else(|| "{}".to_owned(), Value::to_string);
    let condition = || ask["request"]["condition"].to_string();
    // Verbs that need no usage take it where the request says when.
    let of_used = ask["request"]["window"].is_string() && ["assignments", "mine_roles"].contains(&verb);
    let answer = match verb {
        "simulate" => wire::simulate(&request),
        "condition_text" => ciem_core::condition_text(&condition()).map(|text| Value::from(text).to_string()),
        "condition_blocks" => wire::condition_blocks(&condition()),
        "mine_roles" if ask["request"]["pairs"].is_array() => {
            mine_roles_of_pairs(&ask["request"]["pairs"], &request)
        }
        "uses" => wire::usage_call(usage, verb, &request),
        "usage_coverage" => wire::usage_call(usage, "coverage", &request),
        "rightsize" | "rightsize_each" => {
            wire::call_with_usage(snapshot, Some(usage), verb, &request, &Progress::none())
        }
        "mine_roles" if of_used => {
            wire::call_with_usage(snapshot, Some(usage), verb, &request, &Progress::none())
        }
        _ if verb == "unused" || of_used => {
            let table = wire::table_with_usage(snapshot, Some(usage), verb, &request, &Progress::none());
            table.map(|table| table.to_json())
        }
        _ if verb.starts_with("check_") => wire::check(verb, &request),
        _ => wire::call(snapshot, verb, &request),
    };
    let about = format!("{verb} {request}");
    match (answer, ask.get("expect"), ask["error"].as_str()) {
        (Ok(text), Some(expected), None) => {
            let answer: Value = serde_json::from_str(&text).map_err(|e| format!("{about}: not JSON: {e}"))?;
            matches(expected, &answer, "").map_err(|why| format!("{about}: {why}; answer {text}"))?;
            in_words(ask, &text)
        }
        (Err(error), None, Some(code)) if error.code() == code => Ok(()),
        (Err(error), ..) => Err(format!("{about}: {}", wire::error_json(&error))),
        (Ok(text), _, code) => Err(format!("{about}: expected error {code:?}, answer {text}")),
    }
}

fn mine_roles_of_pairs(pairs: &Value, options: &str) -> Result<String, Error> {
    let mut assignments = Assignments::new();
    wire::add_pairs(&mut assignments, &pairs.to_string(), &Progress::none())?;
    wire::mine_roles(&assignments, options, &Progress::none())
}

/// Whether the answer of `explain` in words has the lines of `text`.
fn in_words(ask: &Value, answer: &str) -> Result<(), String> {
    let Some(lines) = ask["text"].as_array() else { return Ok(()) };
    let words = wire::explanation_text(answer).map_err(|error| wire::error_json(&error))?;
    let has = |line: &&Value| !words.lines().any(|found| Some(found.trim_start()) == line.as_str());
    lines.iter().find(has).map_or(Ok(()), |line| Err(format!("no line {line} in\n{words}")))
}

/// Whether `expected` describes a part of `actual`; `at` is the JSON pointer for the message.
fn matches(expected: &Value, actual: &Value, at: &str) -> Result<(), String> {
    match (expected, actual) {
        (Value::Object(checks), Value::Array(items)) if checks.keys().any(|key| key.starts_with('$')) => {
            checks.iter().try_for_each(|(check, operand)| array_check(check, operand, items, at))
        }
        (Value::Object(expected), Value::Object(actual)) => expected.iter().try_for_each(|(key, value)| {
            let at = format!("{at}/{key}");
            match actual.get(key) {
                None | Some(Value::Null) if value["$absent"] == true => Ok(()),
                None => Err(format!("{at} is absent")),
                Some(found) if value["$absent"] == true => Err(format!("{at} is {found}, expected absent")),
                Some(found) => matches(value, found, &at),
            }
        }),
        (Value::Array(expected), Value::Array(actual)) if expected.len() == actual.len() => {
            let mut pairs = expected.iter().zip(actual).enumerate();
            pairs.try_for_each(|(i, (expected, actual))| matches(expected, actual, &format!("{at}/{i}")))
        }
        // Columns hold conditions as JSON text.
        (Value::Object(_), Value::String(text)) => match serde_json::from_str(text) {
            Ok(parsed) => matches(expected, &parsed, at),
            Err(_) => Err(format!("`{at}` is no JSON text: {text}")),
        },
        _ if expected == actual => Ok(()),
        _ => Err(format!("`{at}` is {actual}, expected {expected}")),
    }
}

fn array_check(check: &str, operand: &Value, items: &[Value], at: &str) -> Result<(), String> {
    let listed = operand.as_array().map(Vec::as_slice).unwrap_or_default();
    let found = |wanted: &Value| items.iter().any(|item| matches(wanted, item, at).is_ok());
    let holds = match check {
        "$contains" => listed.iter().all(found),
        "$none" => !listed.iter().any(found),
        "$length" => *operand == items.len(),
        _ => return Err(format!("{at}: unknown check `{check}`")),
    };
    if holds { Ok(()) } else { Err(format!("`{at}`: {check} {operand} does not hold")) }
}
