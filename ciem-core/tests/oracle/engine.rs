//! The library as the laws see it: files in, JSON questions and answers.

use std::collections::BTreeMap;

use ciem_core::{Snapshot, SnapshotBuilder, wire};
use serde_json::{Value, json};

use super::complete::{Answer, Leaf, Verdict};
use super::evaluate::Case;
use super::residual;
use super::world::{Request, World};

pub(crate) fn snapshot(files: &[(String, Vec<u8>)]) -> Result<Snapshot, String> {
    let mut builder = SnapshotBuilder::new();
    for (name, bytes) in files {
        builder.add(name, bytes).map_err(|error| format!("{name}: {error}"))?;
    }
    builder.finish().map_err(|error| error.to_string())
}

pub(crate) fn call(snapshot: &Snapshot, verb: &str, request: &Value) -> Result<Value, String> {
    let answer =
        wire::call(snapshot, verb, &request.to_string()).map_err(|error| format!("{verb}: {error}"))?;
    serde_json::from_str(&answer).map_err(|error| format!("{verb}: {error}"))
}

pub(crate) fn can(snapshot: &Snapshot, request: &Request) -> Result<Value, String> {
    call(snapshot, "can", &request.to_json())
}

pub(crate) fn rows(snapshot: &Snapshot, verb: &str, request: &Value) -> Result<Vec<Value>, String> {
    let answer = call(snapshot, verb, request)?;
    answer["rows"].as_array().cloned().ok_or_else(|| format!("{verb}: no rows in {answer}"))
}

/// How many policies and records are not taken as they stand.
pub(crate) fn rejected(snapshot: &Snapshot) -> Result<usize, String> {
    let coverage = call(snapshot, "coverage", &serde_json::json!({}))?;
    Ok(coverage["rejected"].as_array().map_or(0, Vec::len))
}

pub(crate) fn verdict(decision: &Value) -> Option<Verdict> {
    match decision["verdict"].as_str()? {
        "allow" => Some(Verdict::Allow),
        "deny" => Some(Verdict::Deny),
        "conditional" => Some(Verdict::Conditional),
        "unknown" => Some(Verdict::Unknown),
        _ => None,
    }
}

/// The condition of a decision or row in one form: rows hold JSON text, decisions add the statement of each atom.
pub(crate) fn condition(answer: &Value) -> Value {
    fn without_sources(value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(without_sources),
            Value::Object(members) => {
                members.remove("source");
                members.values_mut().for_each(without_sources);
            }
            _ => {}
        }
    }
    let mut condition = match &answer["condition"] {
        Value::String(text) => serde_json::from_str(text).unwrap_or(Value::Null),
        other => other.clone(),
    };
    without_sources(&mut condition);
    condition
}

/// Does the text of a condition mention such an atom?
pub(crate) fn mentions(condition: &Value, atom: &str) -> bool {
    match condition {
        Value::Array(items) => items.iter().any(|item| mentions(item, atom)),
        Value::Object(members) => {
            members.contains_key(atom) || members.values().any(|member| mentions(member, atom))
        }
        _ => false,
    }
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Verdict and condition, the part of an answer that rows and decisions share.
pub(crate) fn gist(answer: &Value) -> Value {
    json!([answer["verdict"], condition(answer)])
}

/// The request of another principal, without a session.
pub(crate) fn asked_by(request: &Request, principal: &str) -> Request {
    Request {
        principal: principal.to_owned(),
        session_name: None,
        session_policies: Vec::new(),
        session_tags: Vec::new(),
        ..request.clone()
    }
}

/// Holds the oracle's answer against the library's decision.
pub(crate) fn compare(cases: &[Case<'_>], expected: &Answer<'_>, decision: &Value) -> Result<(), String> {
    let Some(found) = verdict(decision) else { return Err(format!("no verdict in {decision}")) };
    if !expected.verdicts.contains(&found) {
        return Err(format!("verdict {found:?}, the oracle says {:?}", expected.verdicts));
    }
    match found {
        Verdict::Deny => compare_denial(expected, decision),
        Verdict::Allow => Ok(()),
        Verdict::Unknown if decision["missing"].as_array().is_none_or(Vec::is_empty) => {
            Err("unknown without a missing fact".to_owned())
        }
        Verdict::Unknown | Verdict::Conditional => {
            // What is still open is open to every caller alike.
            cases.iter().take(1).try_for_each(|case| compare_condition(case, expected, decision))
        }
    }
}

fn compare_denial(expected: &Answer<'_>, decision: &Value) -> Result<(), String> {
    let found = texts(&decision["blocked_by"]);
    let may = |layer: &&str| expected.possibly.contains(layer);
    // Where a layer's stop is only possible, or resources differ, the library may be less sharp than enumeration.
    let concrete = expected.witnesses.len() == 1;
    let exactly = found.len() == expected.surely.len() || expected.surely.is_empty();
    let all_named = !concrete || exactly && expected.surely.iter().all(|layer| found.contains(layer));
    if found.is_empty() || !found.iter().all(may) || !all_named {
        return Err(format!(
            "blocked_by {found:?}, the oracle says surely {:?}, possibly {:?}",
            expected.surely, expected.possibly
        ));
    }
    let (surely, possibly) = expected.explicit;
    let explicit = decision["denial"] == "explicit";
    if concrete && surely == possibly && explicit != surely {
        return Err(format!("denial {}, the oracle says explicit is {surely}", decision["denial"]));
    }
    Ok(())
}

/// Every completion put into the condition gives the decision under that completion.
fn compare_condition(case: &Case<'_>, expected: &Answer<'_>, decision: &Value) -> Result<(), String> {
    let condition = condition(decision);
    if condition.is_null() {
        return Err("no condition".to_owned());
    }
    let open = mentions(&condition, "missing");
    let ranged = |leaf: &&Leaf| !leaf.fringe && expected.owned[leaf.witness];
    for leaf in expected.leaves.iter().filter(ranged) {
        let value = residual::holds(case, leaf, &expected.witnesses[leaf.witness], &condition);
        if value.map_or(!open, |value| value != leaf.allowed) {
            return Err(format!(
                "condition {condition} is {value:?} on {} under {:?}, the decision there is {}",
                expected.witnesses[leaf.witness].text,
                leaf.named_picks(case, &expected.witnesses[leaf.witness]),
                leaf.allowed
            ));
        }
    }
    Ok(())
}

/// Counts of what the answers were.
#[derive(Debug, Default)]
pub(crate) struct Shares {
    pub(crate) counts: BTreeMap<String, usize>,
    pub(crate) requests: usize,
    pub(crate) skipped: usize,
    /// Requests of people with no session, one, and several.
    pub(crate) of_people: [usize; 3],
}

impl Shares {
    pub(crate) fn count(&mut self, decision: &Value) {
        let mut one_more = |name: String| *self.counts.entry(name).or_default() += 1;
        let verdict = decision["verdict"].as_str().unwrap_or_default();
        one_more(verdict.to_owned());
        if verdict == "deny" {
            texts(&decision["blocked_by"]).iter().for_each(|layer| one_more(format!("deny by {layer}")));
            if decision["denial"] == "explicit" {
                one_more("deny explicitly".to_owned());
            }
        }
    }

    pub(crate) fn merge(&mut self, other: Shares) {
        for (name, count) in other.counts {
            *self.counts.entry(name).or_default() += count;
        }
        self.requests += other.requests;
        self.skipped += other.skipped;
        self.of_people.iter_mut().zip(other.of_people).for_each(|(sum, count)| *sum += count);
    }

    pub(crate) fn percent(&self, name: &str) -> f64 {
        self.counts.get(name).copied().unwrap_or_default() as f64 * 100.0 / self.requests.max(1) as f64
    }
}

/// A failing case as a reader wants it: the files and the request.
pub(crate) fn report(world: &World, request: &Request, seed: u64, message: &str) -> String {
    let mut text = format!("seed {seed}: {message}\nrequest {}\n", request.to_json());
    for (name, bytes) in world.files() {
        text.push_str(&format!("--- {name}\n{}\n", String::from_utf8_lossy(&bytes)));
    }
    text
}
