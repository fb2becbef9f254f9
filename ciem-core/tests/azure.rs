//! Laws of Azure: random tenants against a naive evaluator, and real role definitions where they lie beside the project.
//!
//! `CIEM_LAWS_WORLDS` and `CIEM_LAWS_SEED` choose how many tenants are made and where they start.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unreachable,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, takes settings from the environment and reads files"
)]

#[path = "azure/naive.rs"]
mod naive;
#[path = "oracle/random.rs"]
mod random;
#[path = "azure/real.rs"]
mod real;
#[path = "azure/rightsizing.rs"]
mod rightsizing;
#[path = "azure/tenant.rs"]
mod tenant;

use ciem_core::{Snapshot, SnapshotBuilder, wire};
use naive::{Question, Verdict};
use random::Random;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tenant::{KEY, Stock, Tenant};

const REQUESTS: usize = 50;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Runs a law over all tenants on two threads; a failure names the seed.
fn over_tenants(law: impl Fn(u64, &Stock) -> Result<(), String> + Sync) {
    let (worlds, first) = (setting("CIEM_LAWS_WORLDS", 2_000), setting("CIEM_LAWS_SEED", 1));
    let stock = real::stock().unwrap_or_else(tenant::own_stock);
    let half =
        |offset: u64| (first + offset..first + worlds).step_by(2).try_for_each(|seed| law(seed, &stock));
    let results = std::thread::scope(|scope| {
        let other = scope.spawn(|| half(1));
        [half(0), other.join().expect("a law panicked")]
    });
    for result in results {
        result.unwrap_or_else(|message| panic!("{message}"));
    }
}

fn load(files: &[(String, Vec<u8>)]) -> Result<Snapshot, String> {
    let mut builder = SnapshotBuilder::new();
    for (name, bytes) in files {
        builder.add(name, bytes).map_err(|error| format!("{name}: {error}"))?;
    }
    builder.finish().map_err(|error| error.to_string())
}

fn call(snapshot: &Snapshot, verb: &str, request: &Value) -> Result<Value, String> {
    let answer =
        wire::call(snapshot, verb, &request.to_string()).map_err(|e| format!("{verb} {request}: {e}"))?;
    serde_json::from_str(&answer).map_err(|error| error.to_string())
}

fn action((name, data): &(String, bool)) -> String {
    if *data { format!("data:{name}") } else { name.clone() }
}

/// Those who can be asked about: users, and groups of which the members are not given.
fn askable(tenant: &Tenant) -> Vec<&str> {
    let open = tenant.groups.iter().filter(|group| !tenant.members.contains_key(*group));
    tenant.users.iter().chain(open).map(String::as_str).collect()
}

fn context(key: Option<&str>) -> Value {
    key.map_or(json!({}), |key| json!({ KEY: key }))
}

fn law(seed: u64, stock: &Stock) -> Result<(), String> {
    let mut random = Random::new(seed);
    let tenant = Tenant::new(&mut random, stock);
    let files = tenant.files(&mut random);
    let about = |message: String| format!("seed {seed}: {message}\n{tenant:#?}");
    let snapshot = load(&files).map_err(about)?;
    let askable = askable(&tenant);
    for _ in 0..REQUESTS {
        let resource = tenant::resource(&mut random);
        let operation = random.pick(&tenant.operations);
        let principal = *random.pick(&askable);
        let key = *random.pick(&[None, None, Some("a"), Some("c")]);
        let question = Question { principal, operation, resource: &resource, eligible: false, key };
        let expected = tenant.verdict(&question);
        let request = json!({"principal": principal, "action": action(operation), "resource": resource, "context": context(key)});
        let decision = call(&snapshot, "can", &request).map_err(about)?;
        if decision["verdict"] != expected.name() {
            return Err(about(format!("{request}: {decision}, expected {}", expected.name())));
        }
    }
    tables(&tenant, &snapshot, &mut random).map_err(about)?;
    reordered(&tenant, &snapshot, files, &mut random).map_err(about)
}

/// Who can, what can and the matrix say of each what `can` says.
fn tables(tenant: &Tenant, snapshot: &Snapshot, random: &mut Random) -> Result<(), String> {
    let askable = askable(tenant);
    let resource = tenant::resource(random);
    let of = |principal: &str, operation: &(String, bool), eligible| {
        let question = Question { principal, operation, resource: &resource, eligible, key: None };
        tenant.verdict(&question)
    };
    for _ in 0..5 {
        let operation = random.pick(&tenant.operations);
        let request =
            json!({"action": action(operation), "resource": resource, "tiers": ["active", "eligible"]});
        let answer = call(snapshot, "who_can", &request)?;
        let mut found: BTreeMap<(String, String), String> = BTreeMap::new();
        for row in answer["rows"].as_array().into_iter().flatten() {
            let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
            found.insert((text("tier"), text("principal")), text("verdict"));
        }
        let mut expected = BTreeMap::new();
        let mut same = BTreeSet::new();
        for principal in &askable {
            let (active, eligible) = (of(principal, operation, false), of(principal, operation, true));
            if active != Verdict::Deny {
                expected.insert(("active".to_owned(), (*principal).to_owned()), active.name().to_owned());
            }
            let key = ("eligible".to_owned(), (*principal).to_owned());
            match (active, eligible) {
                (_, Verdict::Deny) | (Verdict::Allow, _) => {}
                // The condition may be another one, or not.
                (one, other) if one == other => {
                    same.insert(key);
                }
                (_, other) => {
                    expected.insert(key, other.name().to_owned());
                }
            }
        }
        found.retain(|key, _| !same.contains(key));
        if found != expected {
            return Err(format!("who_can {request}: {found:?}, expected {expected:?}"));
        }
    }
    let principal = *random.pick(&askable);
    let answer = call(snapshot, "what_can", &json!({"principal": principal, "resource": resource}))?;
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for row in answer["rows"].as_array().into_iter().flatten() {
        for permission in row["permissions"].as_array().into_iter().flatten() {
            let permission = permission.as_str().unwrap_or_default().to_owned();
            found.insert(permission, row["verdict"].as_str().unwrap_or_default().to_owned());
        }
    }
    let matrix = call(snapshot, "matrix", &json!({"principal": principal, "resource": resource}))?;
    let held = |name: &str| -> BTreeSet<String> {
        let list = matrix["rows"][0][name].as_array();
        list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let (surely, possibly) = (held("surely"), held("possibly"));
    for operation in &tenant.operations {
        let (verdict, name) = (of(principal, operation, false), action(operation));
        let listed = found.get(&name).map_or("deny", String::as_str);
        let bounds = match verdict {
            Verdict::Allow => surely.contains(&name),
            Verdict::Deny => !surely.contains(&name),
            _ => possibly.contains(&name) && !surely.contains(&name),
        };
        if listed != verdict.name() || !bounds {
            return Err(format!(
                "{principal} {name} {resource}: what_can {listed}, expected {}",
                verdict.name()
            ));
        }
    }
    Ok(())
}

/// Neither the order of inputs nor another grant or denial changes an answer the wrong way.
fn reordered(
    tenant: &Tenant,
    snapshot: &Snapshot,
    mut files: Vec<(String, Vec<u8>)>,
    random: &mut Random,
) -> Result<(), String> {
    random.shuffle(&mut files);
    let other = load(&files)?;
    let (mut more, mut less) = (tenant.clone(), tenant.clone());
    more.denials.clear();
    less.assignments.truncate(less.assignments.len() / 2);
    let (more, less) = (load(&more.files(random))?, load(&less.files(random))?);
    let askable = askable(tenant);
    for _ in 0..5 {
        let (resource, operation) = (tenant::resource(random), random.pick(&tenant.operations));
        let request = json!({"principal": random.pick(&askable), "action": action(operation), "resource": resource.to_uppercase()});
        let of = |snapshot: &Snapshot| call(snapshot, "can", &request);
        let (one, two) = (of(snapshot)?, of(&other)?);
        if one != two {
            return Err(format!("{request}: order changes {one} into {two}"));
        }
        let verdict = |answer: Value| answer["verdict"].as_str().unwrap_or_default().to_owned();
        let (one, more, less) = (verdict(one), verdict(of(&more)?), verdict(of(&less)?));
        // Without denials nothing is taken away; with fewer grants nothing is added.
        if one == "allow" && more != "allow" || one == "deny" && less != "deny" {
            return Err(format!("{request}: {one}, without denials {more}, with fewer grants {less}"));
        }
    }
    Ok(())
}

#[test]
fn answers_are_those_of_the_naive_evaluator() {
    over_tenants(law);
}

#[test]
fn proposals_keep_what_was_used_and_give_nothing() {
    let exchanged = std::sync::atomic::AtomicUsize::new(0);
    over_tenants(|seed, stock| {
        // A proposal for everybody costs more than the questions of a world.
        if seed.is_multiple_of(5) {
            let made = rightsizing::law(seed, stock)?;
            exchanged.fetch_add(made, std::sync::atomic::Ordering::Relaxed);
        }
        Ok(())
    });
    let (exchanged, worlds) = (exchanged.into_inner() as u64, setting("CIEM_LAWS_WORLDS", 2_000) / 5);
    println!("{exchanged} exchanges in {worlds} tenants");
    assert!(exchanged > worlds / 4, "{exchanged} exchanges in {worlds} tenants");
}

/// A snapshot in which somebody of the role's own name has each of the real roles.
fn real_roles() -> Option<(Vec<Value>, Snapshot)> {
    let definitions = real::definitions()?;
    let scope = tenant::SUBSCRIPTIONS[0];
    let assignment = |role: &Value| {
        json!({"id": format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{}", role["name"].as_str().unwrap()),
            "type": "Microsoft.Authorization/roleAssignments", "scope": scope, "principalId": role["roleName"], "principalType": "User",
            "roleDefinitionId": format!("/providers/Microsoft.Authorization/roleDefinitions/{}", role["name"].as_str().unwrap())})
    };
    let assignments: Vec<Value> = definitions.iter().map(assignment).collect();
    let mut operations: Vec<Value> = Vec::new();
    for (_, operation, _) in real::ARGUED {
        let (data, name) = (operation.starts_with("data:"), operation.trim_start_matches("data:"));
        operations.push(json!({"name": name, "isDataAction": data}));
    }
    let operations =
        json!([{"name": "all", "displayName": "all", "operations": operations, "resourceTypes": []}]);
    let mut builder = SnapshotBuilder::new();
    builder.add("roles.json.gz", &real::bytes()?).unwrap();
    builder.add("assignments.json", Value::from(assignments).to_string().as_bytes()).unwrap();
    builder.add("operations.json", operations.to_string().as_bytes()).unwrap();
    Some((definitions, builder.finish().unwrap()))
}

#[test]
fn every_real_role_is_read() {
    let Some((definitions, snapshot)) = real_roles() else { return };
    assert_eq!(definitions.len(), 928);
    let coverage = call(&snapshot, "coverage", &json!({})).unwrap();
    assert_eq!(coverage["rejected"], json!([]));
    assert_eq!(coverage["files"][0]["records"], 928);
    // Nothing is missing: no role is unknown, and every condition is read.
    for role in &definitions {
        let principal = role["roleName"].as_str().unwrap().to_lowercase();
        let request = json!({"principal": principal, "action": real::ARGUED[0].1, "resource": tenant::SUBSCRIPTIONS[0]});
        let decision = call(&snapshot, "can", &request).unwrap();
        assert_eq!(decision["missing"], Value::Null, "{principal}: {decision}");
    }
}

#[test]
fn real_roles_allow_what_their_definitions_say() {
    let Some((_, snapshot)) = real_roles() else { return };
    for (role, operation, allowed) in real::ARGUED {
        let resource = format!("{}/resourceGroups/rg", tenant::SUBSCRIPTIONS[0]);
        let request = json!({"principal": role.to_lowercase(), "action": operation, "resource": resource});
        let decision = call(&snapshot, "can", &request).unwrap();
        let expected = if *allowed { "allow" } else { "deny" };
        assert_eq!(decision["verdict"], expected, "{role} {operation}: {decision}");
    }
}

#[test]
fn real_roles_are_exchanged_for_smaller_ones() {
    let Some((_, snapshot)) = real_roles() else { return };
    let told = rightsizing::real(&snapshot).unwrap();
    println!("{told}");
}
