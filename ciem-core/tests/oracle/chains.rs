//! Who becomes whom: steps are what `can` says, and chains are made of steps.

use std::collections::HashSet;

use ciem_core::Snapshot;
use serde_json::{Value, json};

use super::engine::{self, asked_by, gist};
use super::statements::{Names, SERVICES};
use super::world::{Request, World};

/// Single steps are what `can` says of the permissions behind them.
pub(crate) fn steps_law(
    snapshot: &Snapshot,
    names: &Names,
    request: &Request,
    steps: &[Value],
) -> Result<(), String> {
    let can = |principal: &str, action: &str, role: &str, service: Option<&str>| -> Result<Value, String> {
        let mut wire = asked_by(request, principal).to_json();
        wire["action"] = json!(action);
        wire["resource"] = json!(role);
        if let Some(service) = service {
            wire["context"]["iam:PassedToService"] = json!(service);
        }
        engine::call(snapshot, "can", &wire)
    };
    let known = names.users.iter().chain(&names.roles).map(String::as_str).chain(["anonymous"]);
    for from in known.chain(SERVICES) {
        for role in names.roles.iter().filter(|role| *role != from) {
            let of_pair = |row: &&Value| row["from"] == from && row["to"] == *role;
            let found = steps
                .iter()
                .filter(of_pair)
                .find(|row| row["kind"] == "assume_role" || row["kind"] == "service_role");
            let decision = can(from, "sts:AssumeRole", role, None)?;
            let expected = (decision["verdict"] != "deny").then(|| gist(&decision));
            // A service that no policy names is no record.
            let listed = found.is_some() || !SERVICES.contains(&from);
            if listed && found.map(gist) != expected {
                return Err(format!("can_become: {from} to {role} is {found:?}, can says {expected:?}"));
            }
            for service in SERVICES {
                let named = |row: &&Value| row["kind"] == "pass_role" && row["through"] == json!([service]);
                let found = steps.iter().filter(of_pair).find(named).map(|row| &row["verdict"]);
                let taken = steps.iter().find(|row| row["from"] == service && row["to"] == *role);
                let pass = can(from, "iam:PassRole", role, Some(service))?;
                let both = taken.filter(|_| pass["verdict"] != "deny").map(|taken| worse(taken, &pass));
                if found != both {
                    return Err(format!(
                        "can_become: {from} passes {role} to {service}: {found:?}, not {both:?}"
                    ));
                }
            }
        }
    }
    Ok(())
}

const DOUBT: [&str; 3] = ["allow", "conditional", "unknown"];

fn doubt(answer: &Value) -> usize {
    DOUBT.iter().position(|verdict| answer["verdict"] == *verdict).unwrap_or(DOUBT.len())
}

fn worse<'a>(one: &'a Value, other: &'a Value) -> &'a Value {
    if doubt(one) >= doubt(other) { &one["verdict"] } else { &other["verdict"] }
}

/// Whom a principal reaches over steps of no more doubt, by trying every step until nothing is added.
fn reached<'a>(steps: &'a [Value], from: &'a Value, most: usize) -> HashSet<&'a Value> {
    let mut found = HashSet::from([from]);
    loop {
        let before = found.len();
        let usable = |row: &&Value| row["kind"] != "pass_role" && doubt(row) <= most;
        for row in steps.iter().filter(usable) {
            if found.contains(&row["from"]) {
                found.insert(&row["to"]);
            }
        }
        if found.len() == before {
            found.remove(from);
            return found;
        }
    }
}

/// Everything that steps reach has a row, with the least doubt there is; chains are made of steps.
pub(crate) fn chains_law(steps: &[Value], rows: &[Value]) -> Result<(), String> {
    let step = |from: &Value, to: &Value| {
        let between = |row: &&Value| row["from"] == *from && row["to"] == *to && row["kind"] != "pass_role";
        steps.iter().filter(between).map(doubt).min()
    };
    // What a person's session may do is no step of its own: `people_law` looks at it.
    for row in rows.iter().filter(|row| row["kind"] != "pass_role" && row["from_kind"] != "person") {
        let through = row["through"].as_array().into_iter().flatten();
        let chain: Vec<&Value> = [&row["from"]].into_iter().chain(through).chain([&row["to"]]).collect();
        let worst = chain.windows(2).map(|pair| step(pair[0], pair[1])).collect::<Option<Vec<_>>>();
        let worst = worst.and_then(|steps| steps.into_iter().max());
        let short = row["hops"] == chain.len() - 1;
        if !short || row["hops"] != 1 && worst != Some(doubt(row)) {
            return Err(format!("can_become: {row} is no chain of steps, or not as doubtful as they are"));
        }
    }
    let sources = steps.iter().filter(|row| row["from_kind"] != "person");
    let sources: HashSet<&Value> = sources.map(|row| &row["from"]).collect();
    for from in sources {
        for most in 0..DOUBT.len() {
            let listed = rows
                .iter()
                .filter(|row| row["from"] == *from && row["kind"] != "pass_role" && doubt(row) <= most);
            let listed: HashSet<&Value> = listed.map(|row| &row["to"]).collect();
            let expected = reached(steps, from, most);
            if listed != expected {
                return Err(format!("can_become: {from} is listed for {listed:?}, reaches {expected:?}"));
            }
        }
        let mutual = |row: &&Value| row["from"] == *from && row["kind"] != "pass_role";
        for row in rows.iter().filter(mutual) {
            let back = reached(steps, &row["to"], DOUBT.len()).contains(from);
            if row["mutual"] != back {
                return Err(format!("can_become: {row}, the way back is {back}"));
            }
        }
    }
    Ok(())
}

/// A person reaches the roles of the assignments, what the sessions there may take on, and whatever that reaches.
pub(crate) fn people_law(
    world: &World,
    snapshot: &Snapshot,
    names: &Names,
    request: &Request,
    [steps, rows]: [&[Value]; 2],
) -> Result<(), String> {
    for person in &names.people {
        let mut expected = HashSet::new();
        for session in world.sessions_of(person).unwrap_or_default() {
            let own = world.role_of_session(&session).unwrap_or_default();
            expected.insert(own.to_owned());
            for role in names.roles.iter().filter(|role| **role != own) {
                let mut wire = asked_by(request, &session).to_json();
                wire["action"] = json!("sts:AssumeRole");
                wire["resource"] = json!(role);
                if engine::call(snapshot, "can", &wire)?["verdict"] == "deny" {
                    continue;
                }
                let role = json!(role);
                let further = reached(steps, &role, DOUBT.len());
                let all = further.into_iter().chain([&role]).filter_map(Value::as_str);
                expected.extend(all.map(str::to_owned));
            }
        }
        let own = rows.iter().filter(|row| row["from"] == person.as_str() && row["kind"] != "pass_role");
        let listed: HashSet<String> = own.filter_map(|row| Some(row["to"].as_str()?.to_owned())).collect();
        if listed != expected {
            return Err(format!("can_become: {person} is listed for {listed:?}, reaches {expected:?}"));
        }
    }
    Ok(())
}
