//! Damaged exports: every file of the conformance worlds and of the sample estate is mutated, as bytes and as JSON, loaded, and asked
//! about. And hostile policies: patterns, variables, operators and values made of what grammars treat in a special way. Nothing may
//! panic; every error has a code, and a message without control characters.
//!
//! `CIEM_MUTATIONS` and `CIEM_MUTATION_SEED` set how many and which; a failure prints the seed of its one case.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test reads files and fails"
)]

mod hostile;
#[path = "oracle/random.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod random;

use ciem_core::{Error, LoadOptions, OnError, SnapshotBuilder, wire};
use hostile::{TOKENS, hostile, numbers, policy};
use random::Random;
use serde_json::Value;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// A case costs a fraction of a millisecond.
const MUTATIONS: u64 = 20_000;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn hostile_policies_never_panic() {
    let (count, seed) = (number("CIEM_MUTATIONS", MUTATIONS) / 10, number("CIEM_MUTATION_SEED", 1));
    let mut answers = std::collections::BTreeMap::<String, u64>::new();
    for case in seed..seed + count {
        let document = hostile(&mut numbers(case)).to_string();
        let answer = catch_unwind(AssertUnwindSafe(|| match wire::simulate(&document) {
            Ok(decision) => {
                let decision: Value = serde_json::from_str(&decision).unwrap();
                decision["verdict"].as_str().unwrap().to_owned()
            }
            Err(error) => {
                check(&error);
                error.code().to_owned()
            }
        }));
        match answer {
            Ok(answer) => *answers.entry(answer).or_default() += 1,
            Err(_) => panic!("panicked: CIEM_MUTATION_SEED={case} CIEM_MUTATIONS=10"),
        }
    }
    println!("{count} hostile policies from seed {seed}: {answers:?}");
}

#[test]
fn hostile_policies_are_compared_without_panic() {
    let (count, seed) = (number("CIEM_MUTATIONS", MUTATIONS) / 50, number("CIEM_MUTATION_SEED", 1));
    let mut answers = std::collections::BTreeMap::<String, u64>::new();
    for case in seed..seed + count {
        let mut random = numbers(case);
        let (new, old) = (policy(&mut random), policy(&mut random));
        let request = serde_json::json!({"new": new, "old": old}).to_string();
        let answer = catch_unwind(AssertUnwindSafe(|| match wire::check("check_no_new_access", &request) {
            Ok(check) => {
                let check: Value = serde_json::from_str(&check).unwrap();
                check["result"].as_str().unwrap().to_owned()
            }
            Err(error) => {
                check(&error);
                error.code().to_owned()
            }
        }));
        match answer {
            Ok(answer) => *answers.entry(answer).or_default() += 1,
            Err(_) => panic!("panicked: CIEM_MUTATION_SEED={case} CIEM_MUTATIONS=50"),
        }
    }
    println!("{count} pairs of hostile policies from seed {seed}: {answers:?}");
}

#[test]
fn damaged_exports_never_panic() {
    let (count, seed) = (number("CIEM_MUTATIONS", MUTATIONS), number("CIEM_MUTATION_SEED", 1));
    let corpus = corpus();
    assert!(corpus.len() > 100, "only {} files", corpus.len());
    let (mut loaded, mut refused) = (0_u64, std::collections::BTreeMap::<&str, u64>::new());
    for case in seed..seed + count {
        let mut random = numbers(case);
        let files = mutated(&corpus, &mut random);
        match catch_unwind(AssertUnwindSafe(|| load_and_ask(&files, &mut random))) {
            Ok(Ok(())) => loaded += 1,
            Ok(Err(error)) => *refused.entry(error.code()).or_default() += 1,
            Err(_) => panic!("panicked: CIEM_MUTATION_SEED={case} CIEM_MUTATIONS=1"),
        }
    }
    println!("{count} mutations from seed {seed}: {loaded} loaded, refused {refused:?}");
}

/// Groups of files that belong together.
fn corpus() -> Vec<Vec<(String, Vec<u8>)>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let list = |folder: &str| {
        let mut paths: Vec<_> =
            root.join(folder).read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| path.is_file());
        paths.sort();
        paths
    };
    let mut groups = Vec::new();
    for path in list("testdata/conformance") {
        let Ok(world) = serde_json::from_slice::<Value>(&std::fs::read(&path).unwrap()) else { continue };
        let files = world["files"].as_array().into_iter().flatten();
        let text = |file: &Value| match (file.get("json"), file["text"].as_str()) {
            (Some(json), _) => Some(json.to_string().into_bytes()),
            (None, text) => text.map(|text| text.as_bytes().to_vec()),
        };
        let group: Vec<(String, Vec<u8>)> =
            files.filter_map(|file| Some((file["name"].as_str()?.to_owned(), text(file)?))).collect();
        if !group.is_empty() {
            groups.push(group);
        }
    }
    let estate: Vec<(String, Vec<u8>)> = list("../examples/estate")
        .iter()
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(path).unwrap()))
        .collect();
    groups.extend(estate.into_iter().map(|file| vec![file]));
    groups
}

fn mutated(corpus: &[Vec<(String, Vec<u8>)>], random: &mut Random) -> Vec<(String, Vec<u8>)> {
    let mut files = random.pick(corpus).clone();
    for _ in 0..1 + random.below(3) {
        let at = random.below(files.len());
        let group = random.pick(corpus);
        let other = random.pick(group).1.clone();
        let bytes = &mut files[at].1;
        match serde_json::from_slice::<Value>(bytes) {
            Ok(mut value) if random.below(3) > 0 => {
                change(&mut value, serde_json::from_slice(&other).ok().as_ref(), random);
                *bytes = value.to_string().into_bytes();
            }
            _ => damage(bytes, &other, random),
        }
    }
    files
}

/// Changes bytes without regard to what they mean.
fn damage(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    let start = random.below(bytes.len() + 1);
    let end = (start + random.below(64)).min(bytes.len());
    match random.below(7) {
        0 => bytes.truncate(start),
        1 => drop(bytes.drain(start..end)),
        2 => {
            let again = bytes[start..end].to_vec();
            bytes.splice(end..end, again);
        }
        3 => drop(bytes.splice(start..end, random.pick(TOKENS).bytes())),
        4 => {
            let from = random.below(other.len() + 1);
            let to = (from + random.below(256)).min(other.len());
            bytes.splice(start..start, other[from..to].iter().copied());
        }
        5 => bytes.splice(start..start, "[".repeat(random.below(400)).bytes()).for_each(drop),
        _ => {
            if let Some(byte) = bytes.get_mut(start) {
                *byte ^= 1 << random.below(8);
            }
        }
    }
}

/// Changes one value somewhere in the tree.
fn change(value: &mut Value, other: Option<&Value>, random: &mut Random) {
    let descend = random.below(6) > 0;
    match value {
        Value::Array(items) if descend && !items.is_empty() => {
            let at = random.below(items.len());
            return change(&mut items[at], other, random);
        }
        Value::Object(members) if descend && !members.is_empty() => {
            let at = random.below(members.len());
            let key = members.keys().nth(at).unwrap().clone();
            if random.below(8) == 0 {
                let member = members.remove(&key).unwrap();
                members.insert(text_with(&key, random), member);
                return;
            }
            return change(members.get_mut(&key).unwrap(), other, random);
        }
        _ => {}
    }
    *value = match (random.below(8), &*value) {
        (0, _) => Value::Null,
        (1, _) => Value::Array(vec![value.clone(), value.clone()]),
        (2, _) => Value::Object([((*random.pick(TOKENS)).to_owned(), value.clone())].into_iter().collect()),
        (3, _) => Value::from(random.next() as i64),
        (4, _) => other.map_or(Value::Bool(true), |other| part(other, random).clone()),
        (_, Value::String(text)) => Value::String(text_with(text, random)),
        (5, _) => Value::Array(Vec::new()),
        _ => Value::String((*random.pick(TOKENS)).to_owned()),
    };
}

fn part<'a>(value: &'a Value, random: &mut Random) -> &'a Value {
    let inside = match value {
        Value::Array(items) => items.get(random.below(items.len())),
        Value::Object(members) => members.values().nth(random.below(members.len())),
        _ => None,
    };
    match inside {
        Some(inside) if random.below(5) > 0 => part(inside, random),
        _ => value,
    }
}

/// The text with something put in, taken out or both. A document inside the text is changed as a document.
fn text_with(text: &str, random: &mut Random) -> String {
    if let Ok(mut document @ Value::Object(_)) = serde_json::from_str::<Value>(text) {
        change(&mut document, None, random);
        return document.to_string();
    }
    let characters: Vec<char> = text.chars().collect();
    let start = random.below(characters.len() + 1);
    let end = if random.below(2) == 0 { start } else { (start + random.below(8)).min(characters.len()) };
    let token = if random.below(20) == 0 {
        random.pick(TOKENS).repeat(300)
    } else {
        (*random.pick(TOKENS)).to_owned()
    };
    characters[..start]
        .iter()
        .copied()
        .chain(token.chars())
        .chain(characters[end..].iter().copied())
        .collect()
}

fn load_and_ask(files: &[(String, Vec<u8>)], random: &mut Random) -> Result<(), Error> {
    let mut builder = SnapshotBuilder::with_options(&LoadOptions::default().on_error(OnError::Skip));
    for (name, bytes) in files {
        if let Err(error) = builder.add(name, bytes) {
            check(&error);
            builder.skipped(name, &error);
        }
    }
    let snapshot = builder.finish().inspect_err(check)?;
    let coverage = wire::call(&snapshot, "coverage", "{}").inspect_err(check)?;
    assert!(serde_json::from_str::<Value>(&coverage).is_ok());
    let principals: Vec<String> = snapshot.principals().map(|row| row.principal).collect();
    let resources: Vec<String> = snapshot.resources().map(|row| row.resource).collect();
    for _ in 0..2 {
        let principal = if principals.is_empty() { "anonymous" } else { random.pick(&principals) };
        let resource =
            if resources.is_empty() || random.below(2) == 0 { "*" } else { random.pick(&resources) };
        let action = *random.pick(&[
            "s3:GetObject",
            "sts:AssumeRole",
            "iam:PassRole",
            "kms:Decrypt",
            "sqs:SendMessage",
        ]);
        let question =
            serde_json::json!({"principal": principal, "action": action, "resource": resource}).to_string();
        for verb in ["can", "explain", "who_can", "what_can"] {
            if let Err(error) = wire::call(&snapshot, verb, &question) {
                check(&error);
            }
        }
    }
    Ok(())
}

fn check(error: &Error) {
    assert!(!error.code().is_empty());
    assert_ne!(error.code(), "internal", "{error}");
    let text = error.to_string();
    assert!(!text.chars().any(char::is_control), "control characters in {text:?}");
    assert!(!text.contains("AKIAIOSFODNN7EXAMPLE"), "a whole key id in {text}");
    assert!(serde_json::from_str::<Value>(&wire::error_json(error)).is_ok());
}
