//! What else of a decision has to fit: why something is denied, what is explained, what is left to fulfil, and what a strict
//! question doubts.

use crate::naive::{Question, Verdict};
use crate::tenant::{KEY, Tenant};
use crate::{action, call};
use ciem_core::{Snapshot, wire};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The values that conditions of tenants compare the key with, and one that none does.
const VALUES: [&str; 4] = ["a", "b", "c", "none of them"];

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The layers that a denial has to name, may name, and whether it is explicit where that is sure.
pub(crate) fn denial(tenant: &Tenant, question: &Question<'_>, decision: &Value) -> Result<(), String> {
    if decision["verdict"] != "deny" {
        return Ok(());
    }
    let grounds = tenant.grounds(question);
    let found = texts(&decision["blocked_by"]);
    let has = |layer: &str| found.contains(&layer);
    let known = found.iter().all(|layer| ["role_assignment", "deny_assignment"].contains(layer));
    let fits = known
        && !found.is_empty()
        && (grounds.granted || has("role_assignment"))
        && (!grounds.surely_denied || has("deny_assignment"))
        && (grounds.denied || !has("deny_assignment"));
    let explicit = decision["denial"] == "explicit";
    if !fits || explicit != has("deny_assignment") {
        return Err(format!("{decision}, but {grounds:?}"));
    }
    Ok(())
}

/// An explanation is of the same decision, in words and as a page, and names what the tenant has.
pub(crate) fn explained(
    tenant: &Tenant,
    snapshot: &Snapshot,
    question: &Question<'_>,
    request: &Value,
    decision: &Value,
) -> Result<(), String> {
    let answer = wire::call(snapshot, "explain", &request.to_string()).map_err(|error| error.to_string())?;
    let explanation: Value = serde_json::from_str(&answer).map_err(|error| error.to_string())?;
    let told = &explanation["decision"];
    for name in ["verdict", "denial", "blocked_by", "missing"] {
        if told[name] != decision[name] {
            return Err(format!("{request}: `{name}` of {decision} is explained as {}", told[name]));
        }
    }
    let words = wire::explanation_text(&answer).map_err(|error| error.to_string())?;
    let page = wire::explanation_html(&answer).map_err(|error| error.to_string())?;
    let verdict = decision["verdict"].as_str().unwrap_or_default();
    if !words.starts_with(verdict) || !page.contains("<details") {
        return Err(format!("{request}: {verdict} is explained as {words}"));
    }
    let deciding: Vec<&Value> = told["statements"].as_array().into_iter().flatten().collect();
    let of = |effect: &str| deciding.iter().any(|one| one["effect"] == effect);
    let fits = match verdict {
        "allow" => of("allow") && !of("deny"),
        // A denial that only may be in force is told, and blocks nothing for sure.
        "deny" if texts(&decision["blocked_by"]).contains(&"deny_assignment") => of("deny"),
        "deny" => !of("deny") || tenant.grounds(question).denied,
        _ => !deciding.is_empty(),
    };
    let places = tenant.assignments.len() + tenant.denials.len();
    if !fits || places == 0 && !deciding.is_empty() {
        return Err(format!("{request}: {verdict} is decided by {deciding:?}"));
    }
    Ok(())
}

/// The condition of a conditional answer holds for just those values of the key for which the answer is to allow.
pub(crate) fn left(snapshot: &Snapshot, request: &Value, decision: &Value) -> Result<bool, String> {
    if decision["verdict"] != "conditional" {
        return Ok(false);
    }
    for value in VALUES {
        let mut given = request.clone();
        given["context"] = json!({ KEY: value });
        let there = call(snapshot, "can", &given)?;
        let held = holds(&decision["condition"], value)
            .ok_or_else(|| format!("{request}: not read: {}", decision["condition"]))?;
        if there["verdict"] != if held { "allow" } else { "deny" } {
            return Err(format!(
                "{request}: {} is {held} for {value}, but then {there}",
                decision["condition"]
            ));
        }
    }
    Ok(true)
}

/// A condition under a value of the key; `None` where it is of another kind.
fn holds(condition: &Value, value: &str) -> Option<bool> {
    let each = |list: &Value| -> Option<Vec<bool>> {
        list.as_array()?.iter().map(|part| holds(part, value)).collect()
    };
    if let Some(constant) = condition.as_bool() {
        return Some(constant);
    }
    if let Some(all) = condition.get("and") {
        return Some(each(all)?.into_iter().all(|one| one));
    }
    if let Some(any) = condition.get("or") {
        return Some(each(any)?.into_iter().any(|one| one));
    }
    if let Some(one) = condition.get("not") {
        return Some(!holds(one, value)?);
    }
    if !condition["key"].as_str()?.eq_ignore_ascii_case(KEY) {
        return None;
    }
    let listed = condition["values"].as_array()?.iter().any(|known| known == value);
    match condition["operator"].as_str()? {
        "StringEquals" => Some(listed),
        "StringNotEquals" => Some(!listed),
        "Null" => Some(condition["values"].as_array()?.iter().any(|known| known == "false")),
        _ => None,
    }
}

/// A strict question doubts more and decides nothing else; rows of `who_can` say the same as `can`, strict or not.
pub(crate) fn strict(
    snapshot: &Snapshot,
    people: &[&str],
    operation: &(String, bool),
    resource: &str,
) -> Result<usize, String> {
    let request = json!({"action": action(operation), "resource": resource});
    let rows = |asked: &Value| -> Result<BTreeMap<String, String>, String> {
        let answer = call(snapshot, "who_can", asked)?;
        let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let rows = answer["rows"].as_array().into_iter().flatten();
        let found: BTreeMap<String, String> =
            rows.map(|row| (text(row, "principal"), text(row, "verdict"))).collect();
        for person in people {
            let mut alone = asked.clone();
            alone["principal"] = json!(person);
            let decision = call(snapshot, "can", &alone)?;
            let said = found.get(*person).map_or("deny", String::as_str);
            if decision["verdict"] != said {
                return Err(format!("{alone}: {decision}, its row {said}"));
            }
        }
        let open = found.values().any(|verdict| verdict == "unknown" || verdict == "conditional");
        let settling = call(snapshot, "what_would_settle_it", asked)?;
        let things = settling["rows"].as_array().map_or(0, Vec::len);
        if open != (things > 0) {
            return Err(format!("{asked}: {found:?} is settled by {settling}"));
        }
        Ok(found)
    };
    let mut doubting = request.clone();
    doubting["missing_layer"] = json!("unknown");
    let (usual, strict) = (rows(&request)?, rows(&doubting)?);
    let mut doubted = 0;
    for person in people {
        let of = |found: &BTreeMap<String, String>| {
            found.get(*person).cloned().unwrap_or_else(|| Verdict::Deny.name().to_owned())
        };
        let (one, other) = (of(&usual), of(&strict));
        if one != other && other != "unknown" {
            return Err(format!("{request}: {person} {one}, strict {other}"));
        }
        doubted += usize::from(one != other);
    }
    Ok(doubted)
}
