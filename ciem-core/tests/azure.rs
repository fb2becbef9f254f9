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

#[path = "azure/decisions.rs"]
mod decisions;
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
use naive::{Question, Tier, Verdict};
use random::Random;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tenant::{KEY, Stock, Tenant};

const REQUESTS: usize = 50;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Runs a law over all tenants on two threads; a failure names the seed.
fn over_tenants<T: Send>(law: impl Fn(u64, &Stock) -> Result<T, String> + Sync) -> Vec<T> {
    let (worlds, first) = (setting("CIEM_LAWS_WORLDS", 2_000), setting("CIEM_LAWS_SEED", 1));
    let stock = real::stock().unwrap_or_else(tenant::own_stock);
    let half = |offset: u64| -> Result<Vec<T>, String> {
        (first + offset..first + worlds).step_by(2).map(|seed| law(seed, &stock)).collect()
    };
    let results = std::thread::scope(|scope| {
        let other = scope.spawn(|| half(1));
        [half(0), other.join().expect("a law panicked")]
    });
    results.into_iter().flat_map(|result| result.unwrap_or_else(|message| panic!("{message}"))).collect()
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

/// Those who can be asked about: users, services, and groups of which the members are not given.
fn askable(tenant: &Tenant) -> Vec<&str> {
    let open = tenant.groups.iter().filter(|group| !tenant.members.contains_key(*group));
    tenant.users.iter().chain(&tenant.services).chain(open).map(String::as_str).collect()
}

fn context(key: Option<&str>) -> Value {
    key.map_or(json!({}), |key| json!({ KEY: key }))
}

/// How often each answer was given, by what was asked.
#[derive(Default)]
struct Shares(BTreeMap<(&'static str, String), usize>);

impl Shares {
    fn count(&mut self, of: &'static str, answer: impl Into<String>) {
        *self.0.entry((of, answer.into())).or_default() += 1;
    }

    fn merge(&mut self, other: Shares) {
        other.0.into_iter().for_each(|(key, count)| *self.0.entry(key).or_default() += count);
    }

    fn of(&self, kind: &str) -> usize {
        self.0.iter().filter(|((of, _), _)| *of == kind).map(|(_, count)| count).sum()
    }

    fn percent(&self, kind: &'static str, answer: &str) -> f64 {
        let count = self.0.get(&(kind, answer.to_owned())).copied().unwrap_or_default();
        100.0 * count as f64 / self.of(kind).max(1) as f64
    }
}

fn law(seed: u64, stock: &Stock) -> Result<Shares, String> {
    let mut random = Random::new(seed);
    let tenant = Tenant::new(&mut random, stock);
    let files = tenant.files(&mut random);
    let about = |message: String| format!("seed {seed}: {message}\n{tenant:#?}");
    let snapshot = load(&files).map_err(about)?;
    let askable = askable(&tenant);
    let mut shares = Shares::default();
    for _ in 0..REQUESTS {
        let resource = tenant::resource(&mut random);
        let operation = random.pick(&tenant.operations);
        let principal = *random.pick(&askable);
        let key = *random.pick(&[None, None, Some("a"), Some("c")]);
        let question = Question { principal, operation, resource: &resource, tier: Tier::Active, key };
        let Some(expected) = tenant.verdict(&question) else {
            shares.count("can", "not compared");
            continue;
        };
        let request = json!({"principal": principal, "action": action(operation), "resource": resource, "context": context(key)});
        let decision = call(&snapshot, "can", &request).map_err(about)?;
        if decision["verdict"] != expected.name() {
            return Err(about(format!("{request}: {decision}, expected {}", expected.name())));
        }
        shares.count("can", expected.name());
        decisions::denial(&tenant, &question, &decision).map_err(|why| about(format!("{request}: {why}")))?;
        decisions::explained(&tenant, &snapshot, &question, &request, &decision).map_err(about)?;
        if decisions::left(&snapshot, &request, &decision).map_err(about)? {
            shares.count("conditions", "hold for what allows");
        }
    }
    let (operation, resource) = (random.pick(&tenant.operations), tenant::resource(&mut random));
    let doubted = decisions::strict(&snapshot, &askable, operation, &resource).map_err(about)?;
    shares.count("strict", if doubted > 0 { "doubts more" } else { "doubts nothing more" });
    tables(&tenant, &snapshot, &mut random, &mut shares).map_err(about)?;
    edges(&tenant, &snapshot, &mut random, &mut shares).map_err(about)?;
    reordered(&tenant, &snapshot, files, &mut random).map_err(about)?;
    Ok(shares)
}

/// What a table has to say of somebody at a tier.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Row {
    None,
    Says(Verdict),
    /// As the tier below: whether the row is there hangs on whether the condition is the same.
    Same(Verdict),
}

/// What each tier adds for one principal; `None` where there are too many completions.
fn tiers(tenant: &Tenant, question: &Question<'_>) -> Option<[Row; 3]> {
    let mut below = Verdict::Deny;
    let mut rows = [Row::None; 3];
    for ((tier, _), row) in Tier::ALL.into_iter().zip(&mut rows) {
        let here = tenant.verdict(&Question { tier, ..question.clone() })?;
        *row = match (below, here) {
            (Verdict::Allow, _) | (_, Verdict::Deny) => Row::None,
            (one, other) if one == other => Row::Same(one),
            (_, other) => Row::Says(other),
        };
        below = here;
    }
    Some(rows)
}

/// Compares what a table says of one thing, tier by tier, with what it has to say.
fn compare(
    found: &BTreeMap<(String, String), String>,
    name: &str,
    expected: [Row; 3],
    shares: &mut Shares,
    kind: &'static str,
) -> bool {
    let mut same = true;
    for ((_, tier), row) in Tier::ALL.into_iter().zip(expected) {
        let said = found.get(&(tier.to_owned(), name.to_owned())).map(String::as_str);
        same &= match row {
            Row::None => said.is_none(),
            Row::Says(verdict) => said == Some(verdict.name()),
            Row::Same(verdict) => said.is_none_or(|said| said == verdict.name()),
        };
        if let Row::Says(verdict) = row {
            shares.count(kind, format!("{tier} {}", verdict.name()));
        }
    }
    same
}

const TIERS: [&str; 3] = ["active", "eligible", "latent"];

/// Who can, what can and the matrix say of each what the naive evaluator says.
fn tables(
    tenant: &Tenant,
    snapshot: &Snapshot,
    random: &mut Random,
    shares: &mut Shares,
) -> Result<(), String> {
    let askable = askable(tenant);
    let resource = tenant::resource(random);
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    for _ in 0..5 {
        let operation = random.pick(&tenant.operations);
        let request = json!({"action": action(operation), "resource": resource, "tiers": TIERS});
        let answer = call(snapshot, "who_can", &request)?;
        let mut found: BTreeMap<(String, String), String> = BTreeMap::new();
        for row in answer["rows"].as_array().into_iter().flatten() {
            found.insert((text(row, "tier"), text(row, "principal")), text(row, "verdict"));
        }
        for principal in &askable {
            let question =
                Question { principal, operation, resource: &resource, tier: Tier::Active, key: None };
            let Some(expected) = tiers(tenant, &question) else { continue };
            if !compare(&found, principal, expected, shares, "who_can") {
                return Err(format!("who_can {request}: {principal} {found:?}, expected {expected:?}"));
            }
        }
        let others = found.keys().find(|(_, principal)| !askable.contains(&principal.as_str()));
        if let Some((tier, principal)) = others {
            return Err(format!("who_can {request}: {principal} {tier}"));
        }
    }
    let principal = *random.pick(&askable);
    let request = json!({"principal": principal, "resource": resource, "tiers": TIERS});
    let answer = call(snapshot, "what_can", &request)?;
    let mut found: BTreeMap<(String, String), String> = BTreeMap::new();
    for row in answer["rows"].as_array().into_iter().flatten() {
        for permission in row["permissions"].as_array().into_iter().flatten() {
            let permission = permission.as_str().unwrap_or_default().to_owned();
            found.insert((text(row, "tier"), permission), text(row, "verdict"));
        }
    }
    let matrix = call(snapshot, "matrix", &json!({"principal": principal, "resource": resource}))?;
    let held = |name: &str| -> BTreeSet<String> {
        let list = matrix["rows"][0][name].as_array();
        list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let (surely, possibly) = (held("surely"), held("possibly"));
    for operation in &tenant.operations {
        let question = Question { principal, operation, resource: &resource, tier: Tier::Active, key: None };
        let name = action(operation);
        let (Some(verdict), Some(expected)) = (tenant.verdict(&question), tiers(tenant, &question)) else {
            continue;
        };
        let bounds = match verdict {
            Verdict::Allow => surely.contains(&name),
            Verdict::Deny => !surely.contains(&name),
            _ => possibly.contains(&name) && !surely.contains(&name),
        };
        if !compare(&found, &name, expected, shares, "what_can") || !bounds {
            let said: Vec<_> = found.iter().filter(|((_, of), _)| *of == name).collect();
            return Err(format!("{principal} {name} {resource}: what_can {said:?}, expected {expected:?}"));
        }
    }
    Ok(())
}

/// Who becomes whom by ruling what an identity is attached to, edge by edge, and over several edges.
fn edges(
    tenant: &Tenant,
    snapshot: &Snapshot,
    random: &mut Random,
    shares: &mut Shares,
) -> Result<(), String> {
    let askable = askable(tenant);
    let Some(by_ruling) = tenant.edges(&askable) else { return Ok(()) };
    let by_owning = tenant.credentials();
    let expected: BTreeSet<_> = by_ruling.union(&by_owning).cloned().collect();
    let ask = |request: &Value| -> Result<Vec<Value>, String> {
        let answer = call(snapshot, "can_become", request)?;
        Ok(answer["rows"].as_array().cloned().unwrap_or_default())
    };
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let mut found = BTreeSet::new();
    for row in ask(&json!({"transitive": false}))? {
        let on: Vec<&str> =
            row["through"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let on = on.join(" ");
        found.insert(((text(&row, "from"), text(&row, "to"), text(&row, "kind"), on), text(&row, "verdict")));
    }
    let named: BTreeSet<_> =
        expected.iter().map(|(edge, verdict)| (edge.clone(), (*verdict).to_owned())).collect();
    if found != named {
        let (more, fewer): (Vec<_>, Vec<_>) =
            (found.difference(&named).collect(), named.difference(&found).collect());
        return Err(format!("can_become: {more:?} is said, {fewer:?} is not"));
    }
    expected
        .iter()
        .for_each(|((_, _, kind, _), verdict)| shares.count("can_become", format!("{kind} {verdict}")));
    let from = *random.pick(&askable);
    let mut reached = BTreeSet::new();
    // Chains are of one kind: what an identity can do in the directory, and what with resources, are answered apart.
    for edges in [&by_ruling, &by_owning] {
        let mut here = BTreeSet::from([from.to_owned()]);
        for _ in &askable {
            let more = edges.iter().filter(|((from, ..), _)| here.contains(from));
            let more: Vec<String> = more.map(|((_, to, ..), _)| to.clone()).collect();
            here.extend(more);
        }
        reached.extend(here);
    }
    reached.remove(from);
    let said: BTreeSet<String> =
        ask(&json!({"principal": from}))?.iter().map(|row| text(row, "to")).collect();
    if said != reached {
        return Err(format!("can_become of {from}: {said:?}, expected {reached:?}"));
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
    let mut shares = Shares::default();
    over_tenants(law).into_iter().for_each(|part| shares.merge(part));
    for ((kind, answer), count) in &shares.0 {
        println!("{kind:10} {answer:30} {count:9} {:5.1} %", shares.percent(kind, answer));
    }
    if shares.of("can") >= 10_000 {
        assert!(shares.percent("strict", "doubts more") >= 3.0, "strict questions hardly doubt");
        assert!(shares.of("conditions") * 200 > shares.of("can"), "hardly any conditions");
        for tier in TIERS {
            for verdict in ["allow", "conditional", "unknown"] {
                let (who, what) =
                    (format!("{tier} {verdict}"), shares.percent("what_can", &format!("{tier} {verdict}")));
                assert!(shares.percent("who_can", &who) >= 1.0 && what >= 1.0, "hardly any rows: {who}");
            }
        }
        assert!(shares.percent("can_become", "add_credentials allow") >= 1.0, "hardly any edges of owners");
        for how in ["run_command", "deploy_code", "federated_credential", "assign_identity"] {
            let all = ["allow", "conditional", "unknown"].map(|verdict| format!("{how} {verdict}"));
            assert!(
                all.iter().all(|name| shares.percent("can_become", name) >= 1.0),
                "hardly any edges: {how}"
            );
        }
        assert!(shares.percent("can", "not compared") < 2.0, "too many completions");
    }
}

#[test]
fn proposals_keep_what_was_used_and_give_nothing() {
    let exchanged = std::sync::atomic::AtomicUsize::new(0);
    let _ = over_tenants(|seed, stock| {
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
    let roles: std::collections::BTreeSet<_> = real::ARGUED.iter().map(|(role, ..)| role).collect();
    assert!(roles.len() >= 30, "only {} roles are argued", roles.len());
}

#[test]
fn real_roles_are_exchanged_for_smaller_ones() {
    let Some((_, snapshot)) = real_roles() else { return };
    let told = rightsizing::real(&snapshot).unwrap();
    println!("{told}");
}
