//! Laws of rows: what they list is what `can` says, and what is asked of everybody together is what each gets alone.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use ciem_core::Snapshot;
use serde_json::{Value, json};

use super::complete::Verdict;
use super::engine::{self, asked_by, gist};
use super::people::sorted;
use super::random::Random;
use super::statements::Names;
use super::world::Request;
use super::{caller, catalog, glob};

/// How many rows were made for everybody together and held against the same row made alone: on the asked resource, and
/// on any resource of the callers' side.
pub(crate) type Together = [usize; 2];

/// Rows of the matrix: the permissions a principal surely and possibly has on the asked resource.
pub(crate) fn matrix_law(
    snapshot: &Snapshot,
    random: &mut Random,
    request: &Request,
) -> Result<Together, String> {
    let mut wire = request.to_json();
    wire.as_object_mut().expect("a request is an object").remove("action");
    let rows = engine::rows(snapshot, "matrix", &wire)?;
    let of = |rows: &[Value], principal: &Value| -> Vec<Value> {
        rows.iter().filter(|row| row["principal"] == *principal).cloned().collect()
    };
    let asked = json!(request.principal);
    let own = of(&rows, &asked);
    let mut together = [0, 0];
    if wire.get("session").is_none_or(Value::is_null) {
        // Rows of everybody are made together: they must be what each of them gets alone.
        let mut everybody = wire.clone();
        everybody.as_object_mut().expect("a request is an object").remove("principal");
        let all = engine::rows(snapshot, "matrix", &everybody)?;
        let among = of(&all, &asked);
        if !own.is_empty() && among != own {
            return Err(format!("matrix: alone {own:?}, among all {among:?}"));
        }
        everybody["resource"] = json!("*");
        everybody["caller_side_only"] = json!(true);
        let all = engine::rows(snapshot, "matrix", &everybody)?;
        for rows in all.chunk_by(|one, next| one["principal"] == next["principal"]) {
            let principal = &rows[0]["principal"];
            let mut alone = everybody.clone();
            alone["principal"] = principal.clone();
            let alone = engine::rows(snapshot, "matrix", &alone)?;
            let among = of(&all, principal);
            if alone != among {
                return Err(format!("matrix of the caller's side: alone {alone:?}, among all {among:?}"));
            }
        }
        // Where the request names an endpoint, each row is made by itself.
        let named = wire["context"]
            .as_object()
            .is_some_and(|context| context.keys().any(|key| key.eq_ignore_ascii_case("aws:SourceVpce")));
        if !named {
            together = [own.len(), all.len()];
        }
    }
    let has = |half: &str, action: &str| own.iter().any(|row| texts(&row[half]).contains(&action));
    for _ in 0..12 {
        let action = random.pick(&catalog::ACTIONS).name;
        let decision = engine::can(snapshot, &Request { action: action.to_owned(), ..request.clone() })?;
        let verdict = engine::verdict(&decision);
        let broken_below = has("surely", action) && verdict != Some(Verdict::Allow);
        let broken_above = !has("possibly", action) && verdict != Some(Verdict::Deny);
        if broken_below || broken_above {
            return Err(format!(
                "matrix: {action} is {:?}, can says {decision}",
                (has("surely", action), has("possibly", action))
            ));
        }
    }
    Ok(together)
}

fn texts(value: &Value) -> Vec<&str> {
    caller::list(value)
}

fn covers(patterns: &Value, resource: &str) -> bool {
    texts(patterns).into_iter().any(|pattern| match resource {
        "*" => pattern == "*",
        arn => glob::resource_matches(&glob::tokens(pattern), arn),
    })
}

/// The permissions of a row: thousands of names, and seldom a pattern.
struct Granted<'a> {
    names: HashSet<String>,
    patterns: Vec<&'a str>,
}

impl<'a> Granted<'a> {
    fn new(row: &'a Value) -> Granted<'a> {
        let (patterns, names): (Vec<&str>, Vec<&str>) =
            texts(&row["permissions"]).into_iter().partition(|entry| entry.contains(['*', '?']));
        Granted { names: names.into_iter().map(str::to_ascii_lowercase).collect(), patterns }
    }

    fn holds(&self, action: &str) -> bool {
        self.names.contains(&action.to_ascii_lowercase())
            || self.patterns.iter().any(|pattern| glob::matches_ignore_case(pattern, action))
    }
}

pub(crate) fn what_can_law(
    snapshot: &Snapshot,
    names: &Names,
    random: &mut Random,
    request: &Request,
) -> Result<(), String> {
    let mut wire = request.to_json();
    let members = wire.as_object_mut().expect("a request is an object");
    members.remove("action");
    members.remove("resource");
    let rows = engine::rows(snapshot, "what_can", &wire)?;
    let granted: Vec<Granted<'_>> = rows.iter().map(Granted::new).collect();
    for (row, granted) in rows.iter().zip(&granted) {
        let excepted = row["except"].as_array().is_some_and(|except| !except.is_empty());
        let held: Vec<&str> =
            catalog::ACTIONS.iter().map(|action| action.name).filter(|name| granted.holds(name)).collect();
        if excepted || held.is_empty() {
            continue;
        }
        for pattern in texts(&row["resources"]).into_iter().take(3) {
            let action = (*random.pick(&held)).to_owned();
            let asked = Request { action, resource: pattern.to_owned(), ..request.clone() };
            let decision = engine::can(snapshot, &asked)?;
            if gist(row) != gist(&decision) {
                return Err(format!(
                    "what_can row {row}, can on ({}, {pattern}) says {decision}",
                    asked.action
                ));
            }
        }
    }
    for _ in 0..20 {
        let action = random.pick(&catalog::ACTIONS);
        let fits = |arn: &&String| action.templates.iter().any(|template| glob::matches(template, arn));
        let fitting: Vec<&String> = names.resources.iter().filter(fits).collect();
        let resource = if fitting.is_empty() { "*".to_owned() } else { (*random.pick(&fitting)).clone() };
        let asked = Request { action: action.name.to_owned(), resource, ..request.clone() };
        let decision = engine::can(snapshot, &asked)?;
        let covered = rows.iter().zip(&granted).any(|(row, granted)| {
            granted.holds(action.name)
                && covers(&row["resources"], &asked.resource)
                && !covers(&row["except"], &asked.resource)
        });
        // What an account that is not loaded allows on its own is told by the decision, not listed.
        let own_side = |fact: &Value| fact["subject"].as_str().is_some_and(|s| s.starts_with("account "));
        let not_listed = decision["missing"].as_array().is_some_and(|all| all.iter().any(own_side));
        if decision["verdict"] != "deny" && !covered && !not_listed {
            return Err(format!("no what_can row for {} on {}: {decision}", action.name, asked.resource));
        }
    }
    Ok(())
}

/// A person has the rows of every session, and no others.
pub(crate) fn what_people_can_law(
    snapshot: &Snapshot,
    names: &Names,
    random: &mut Random,
    request: &Request,
    sessions: Vec<String>,
) -> Result<(), String> {
    let rows = |principal: &str| {
        let mut wire = Request { principal: principal.to_owned(), ..request.clone() }.to_json();
        let members = wire.as_object_mut().expect("a request is an object");
        members.remove("action");
        members.remove("resource");
        engine::rows(snapshot, "what_can", &wire)
    };
    let mut expected = Vec::new();
    for session in sessions {
        expected.extend(rows(&session)?);
        what_can_law(snapshot, names, random, &Request { principal: session, ..request.clone() })?;
    }
    let (found, expected) = (sorted(rows(&request.principal)?), sorted(expected));
    if found != expected {
        return Err(format!("what_can: the person has {found:?}, the sessions {expected:?}"));
    }
    Ok(())
}

/// Everybody's rows are those of each principal asked about alone.
pub(crate) fn together_law(snapshot: &Snapshot, request: &Request) -> Result<usize, String> {
    let mut wire = request.to_json();
    let members = wire.as_object_mut().expect("a request is an object");
    for name in ["action", "resource", "session", "principal"] {
        members.remove(name);
    }
    let mut together: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for mut row in engine::rows(snapshot, "what_can", &wire)? {
        let members = row.as_object_mut().expect("a row is an object");
        let [principal, ..] =
            ["principal", "principal_kind", "provider", "account"].map(|name| members.remove(name));
        let principal = principal.as_ref().and_then(Value::as_str).expect("a principal has an id");
        together.entry(principal.to_owned()).or_default().push(row);
    }
    let mut held = 0;
    let everybody: BTreeSet<String> = snapshot.principals().map(|row| row.principal).collect();
    for principal in everybody {
        wire["principal"] = principal.as_str().into();
        let alone = engine::rows(snapshot, "what_can", &wire)?;
        let rows = together.remove(&principal).unwrap_or_default();
        if rows != alone {
            return Err(format!("what_can of {principal}: together {rows:?}, alone {alone:?}"));
        }
        held += rows.len();
    }
    if together.is_empty() { Ok(held) } else { Err(format!("rows of nobody: {together:?}")) }
}

/// Where layers that were not given may say anything, a verdict stays or becomes unknown, and rows agree with it.
pub(crate) fn strict_law(snapshot: &Snapshot, names: &Names, request: &Request) -> Result<(), String> {
    let strict = |verb: &str, mut wire: Value| {
        wire["missing_layer"] = json!("unknown");
        engine::call(snapshot, verb, &wire)
    };
    let without = |mut wire: Value, member: &str| {
        wire.as_object_mut().expect("a request is an object").remove(member);
        wire
    };
    let (given, doubted) = (engine::can(snapshot, request)?, strict("can", request.to_json())?);
    if doubted["verdict"] != "unknown" && doubted["verdict"] != given["verdict"] {
        return Err(format!("strictly {doubted}, else {given}"));
    }
    let matrix = strict("matrix", without(request.to_json(), "action"))?;
    let has = |half: &str| {
        let mut rows = matrix["rows"].as_array().into_iter().flatten();
        rows.any(|row| texts(&row[half]).contains(&request.action.as_str()))
    };
    if has("surely") && doubted["verdict"] != "allow" || !has("possibly") && doubted["verdict"] != "deny" {
        return Err(format!("strict matrix {:?}, can {doubted}", (has("surely"), has("possibly"))));
    }
    let who = strict("who_can", without(asked_by(request, "").to_json(), "principal"))?;
    for principal in names.users.iter().chain(&names.roles) {
        let decision = strict("can", asked_by(request, principal).to_json())?;
        let expected = (decision["verdict"] != "deny").then(|| gist(&decision));
        let mut rows = who["rows"].as_array().into_iter().flatten();
        let found = rows.find(|row| row["principal"] == principal.as_str()).map(gist);
        if found != expected {
            return Err(format!("strict who_can: {principal} has {found:?}, can says {expected:?}"));
        }
    }
    Ok(())
}
