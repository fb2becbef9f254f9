//! Laws that every answer obeys, on random worlds and against a naive evaluator.
//!
//! `CIEM_LAWS_WORLDS` and `CIEM_LAWS_SEED` choose how many worlds are made and where they start.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::iter_over_hash_type,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, takes settings from the environment and runs on two threads"
)]

mod oracle;

use std::collections::BTreeMap;

use ciem_core::Snapshot;
use oracle::approved;
use oracle::chains::{chains_law, people_law, steps_law};
use oracle::complete::{Verdict, WorldIndex, answer};
use oracle::engine::{self, Shares, asked_by, gist};
use oracle::evaluate::{Case, LAYERS};
use oracle::explanations::{Said, explanation_law};
use oracle::people::sorted;
use oracle::random::Random;
use oracle::rows::{Together, matrix_law, strict_law, together_law, what_can_law, what_people_can_law};
use oracle::settling::settling_law;
use oracle::statements::{Names, SERVICES};
use oracle::typed::typed_law;
use oracle::world::{Request, World};
use oracle::{catalog, generate, shrink};
use serde_json::{Value, json};

const REQUESTS: usize = 50;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// The world of a seed, its names and its requests.
fn case(seed: u64) -> (World, Names, Vec<Request>) {
    let (world, names) = generate::world(seed);
    let mut random = Random::new(seed ^ 0x5EED);
    let requests = (0..REQUESTS).map(|_| names.request(&mut random)).collect();
    (world, names, requests)
}

/// Runs `law` over so many worlds of the chosen seeds; a failure names the seed.
fn over_worlds<T: Send>(worlds: u64, law: impl Fn(u64) -> Result<T, String> + Sync) -> Vec<T> {
    over_worlds_from(setting("CIEM_LAWS_SEED", 1), worlds, law)
}

/// As `over_worlds`, of these seeds; on two threads, so that one half of the results comes before the other.
fn over_worlds_from<T: Send>(
    first: u64,
    worlds: u64,
    law: impl Fn(u64) -> Result<T, String> + Sync,
) -> Vec<T> {
    let half = |offset: u64| -> Result<Vec<T>, String> {
        (first + offset..first + worlds).step_by(2).map(&law).collect()
    };
    let results = std::thread::scope(|scope| {
        let other = scope.spawn(|| half(1));
        let own = half(0);
        [own, other.join().expect("a law panicked")]
    });
    results.into_iter().flat_map(|result| result.unwrap_or_else(|message| panic!("{message}"))).collect()
}

fn worlds() -> u64 {
    setting("CIEM_LAWS_WORLDS", 2_000)
}

/// `Ok(None)`: too many completions to enumerate.
fn against_oracle(world: &World, snapshot: &Snapshot, request: &Request) -> Result<Option<Value>, String> {
    let index = WorldIndex::new(world);
    let cases = Case::all(world, &index, request);
    let Some(expected) = answer(&cases) else { return Ok(None) };
    let decision = engine::can(snapshot, request)?;
    engine::compare(&cases, &expected, &decision)
        .map_err(|message| format!("{message}\ndecision {decision}"))?;
    Ok(Some(decision))
}

fn minimal_report(world: World, request: Request, seed: u64) -> String {
    let fails = |world: &World, request: &Request| match engine::snapshot(&world.files()) {
        Ok(snapshot) => against_oracle(world, &snapshot, request).err(),
        Err(message) => Some(message),
    };
    let (world, request) = shrink::shrink(world, request, &|world, request| fails(world, request).is_some());
    let message = fails(&world, &request).unwrap_or_default();
    engine::report(&world, &request, seed, &message)
}

#[test]
fn can_equals_the_oracle() {
    let shares = over_worlds(worlds(), |seed| {
        let (world, _, requests) = case(seed);
        let snapshot =
            engine::snapshot(&world.files()).map_err(|message| format!("seed {seed}: {message}"))?;
        let mut shares = Shares::default();
        for request in requests {
            shares.requests += 1;
            let sessions = world.sessions_of(&request.principal).map_or(0, |sessions| sessions.len());
            shares.of_people[sessions.min(2)] += usize::from(request.principal.contains(":identitystore:"));
            match against_oracle(&world, &snapshot, &request) {
                Ok(Some(decision)) => shares.count(&decision),
                Ok(None) => shares.skipped += 1,
                Err(_) => return Err(minimal_report(world, request, seed)),
            }
        }
        Ok(shares)
    });
    let mut total = Shares::default();
    shares.into_iter().for_each(|part| total.merge(part));
    println!("{} requests, {} with too many completions", total.requests, total.skipped);
    let [none, one, several] = total.of_people;
    println!("of people with no session {none}, with one {one}, with several {several}");
    for (name, count) in &total.counts {
        println!("{name:30} {count:8} {:5.1} %", total.percent(name));
    }
    if total.requests >= 10_000 {
        let layers = LAYERS.iter().map(|(_, layer)| format!("deny by {layer}"));
        let others = ["allow", "conditional", "unknown", "deny explicitly"].map(str::to_owned);
        for name in layers.chain(others) {
            assert!(total.percent(&name) >= 3.0, "{name}: {:.2} % of the requests", total.percent(&name));
        }
        assert!(total.of_people.iter().all(|&count| count * 1_000 > total.requests), "hardly any people");
        assert!(total.skipped * 50 < total.requests, "{} requests were not compared", total.skipped);
    }
}

#[test]
fn explanations_explain_the_decision() {
    let found = over_worlds(worlds().div_ceil(4), |seed| {
        let (world, _, requests) = case(seed);
        let snapshot =
            engine::snapshot(&world.files()).map_err(|message| format!("seed {seed}: {message}"))?;
        let mut said = Said::default();
        for request in requests {
            let one = explanation_law(&snapshot, &request).map_err(|why| format!("seed {seed}: {why}"))?;
            said.near += one.near;
            said.states.extend(one.states);
        }
        Ok(said)
    });
    let near: usize = found.iter().map(|said| said.near).sum();
    let mut states: BTreeMap<String, usize> = BTreeMap::new();
    found.into_iter().flat_map(|said| said.states).for_each(|state| *states.entry(state).or_default() += 1);
    println!("{near} near misses; {states:?}");
    assert!(near > 0 && states.len() >= 9, "{near} near misses, states {states:?}");
}

/// A decision without the places of its statements.
fn full_gist(decision: &Value) -> Value {
    json!([gist(decision), decision["denial"], decision["blocked_by"]])
}

fn who_can_law(world: &World, snapshot: &Snapshot, names: &Names, request: &Request) -> Result<(), String> {
    let mut wire = asked_by(request, "").to_json();
    wire.as_object_mut().expect("a request is an object").remove("principal");
    let rows = engine::rows(snapshot, "who_can", &wire)?;
    wire["match"] = json!("all");
    let sure = engine::rows(snapshot, "who_can", &wire)?;
    let row_of = |rows: &[Value], principal: &str| -> Option<Value> {
        rows.iter().find(|row| row["principal"] == principal).map(gist)
    };
    let known = names.users.iter().chain(&names.roles).map(String::as_str).chain(["anonymous"]);
    for principal in known {
        let decision = engine::can(snapshot, &asked_by(request, principal))?;
        let expected = (decision["verdict"] != "deny").then(|| gist(&decision));
        let wholly = expected.clone().filter(|gist| !engine::mentions(gist, "resource_in"));
        for (rows, expected, kind) in [(&rows, expected, "any"), (&sure, wholly, "all")] {
            let found = row_of(rows, principal);
            if found != expected {
                return Err(format!(
                    "who_can match {kind}: {principal} has {found:?}, can says {expected:?}"
                ));
            }
        }
    }
    for person in &names.people {
        let sessions = world.sessions_of(person).unwrap_or_default();
        let mut expected = Vec::new();
        for session in &sessions {
            let decision = engine::can(snapshot, &asked_by(request, session))?;
            expected.extend((decision["verdict"] != "deny").then(|| gist(&decision)));
        }
        let found = rows.iter().filter(|row| row["principal"] == person.as_str()).map(gist);
        let (found, expected) = (sorted(found), sorted(expected));
        if found != expected {
            return Err(format!("who_can: {person} has {found:?}, can says {expected:?}"));
        }
        let decision = engine::can(snapshot, &asked_by(request, person))?;
        let agrees = match expected.as_slice() {
            [] => decision["verdict"] == "deny",
            [_] => sorted([gist(&decision)]) == expected,
            _ => decision["verdict"] != "deny",
        };
        if !agrees {
            return Err(format!("who_can: {person} has {expected:?}, can says {decision}"));
        }
    }
    for service in SERVICES {
        let decision = engine::can(snapshot, &asked_by(request, service))?;
        if let Some(found) = row_of(&rows, service).filter(|found| *found != gist(&decision)) {
            return Err(format!("who_can: {service} has {found}, can says {decision}"));
        }
    }
    Ok(())
}

#[test]
fn who_can_rows_are_all_can() {
    over_worlds(worlds(), |seed| {
        let (world, names, requests) = case(seed);
        let snapshot = engine::snapshot(&world.files())?;
        for request in requests.iter().filter(|r| r.action != "sts:GetCallerIdentity").take(3) {
            who_can_law(&world, &snapshot, &names, request)
                .map_err(|message| engine::report(&world, request, seed, &message))?;
        }
        Ok(())
    });
}

#[test]
fn what_would_settle_it_counts_the_rows() {
    let counts = over_worlds(worlds().div_ceil(4), |seed| {
        let (world, _, requests) = case(seed);
        let snapshot = engine::snapshot(&world.files())?;
        let mut things = 0;
        for request in requests.iter().filter(|r| r.action != "sts:GetCallerIdentity").take(4) {
            things += settling_law(&snapshot, request)
                .map_err(|message| engine::report(&world, request, seed, &message))?;
        }
        Ok(things)
    });
    assert!(worlds() < 100 || counts.iter().sum::<usize>() > 0, "nothing was ever open");
}

#[test]
fn strict_questions_only_add_doubt() {
    over_worlds(worlds().div_ceil(4), |seed| {
        let (world, names, requests) = case(seed);
        let snapshot = engine::snapshot(&world.files())?;
        for request in requests.iter().filter(|r| r.action != "sts:GetCallerIdentity").take(4) {
            strict_law(&snapshot, &names, request)
                .map_err(|message| engine::report(&world, request, seed, &message))?;
        }
        Ok(())
    });
}

#[test]
fn typed_answers_are_those_of_the_wire() {
    over_worlds(worlds().div_ceil(8), |seed| {
        let (world, _, requests) = case(seed);
        let snapshot = engine::snapshot(&world.files())?;
        for request in requests.iter().take(3) {
            typed_law(&snapshot, request)
                .map_err(|message| engine::report(&world, request, seed, &message))?;
        }
        Ok(())
    });
}

#[test]
fn what_everybody_can_is_what_each_can() {
    // Each principal of a world is asked alone as well: the dearest of the laws.
    over_worlds(worlds().div_ceil(8), |seed| {
        let (world, _, requests) = case(seed);
        let snapshot = engine::snapshot(&world.files())?;
        for request in requests.iter().take(2) {
            together_law(&snapshot, request)
                .map_err(|message| engine::report(&world, request, seed, &message))?;
        }
        Ok(())
    });
}

#[test]
fn what_can_rows_are_all_can() {
    over_worlds(worlds(), |seed| {
        let (world, names, requests) = case(seed);
        let snapshot = engine::snapshot(&world.files())?;
        let mut random = Random::new(seed);
        for request in requests.iter().take(2) {
            let law = match world.sessions_of(&request.principal) {
                Some(sessions) => what_people_can_law(&snapshot, &names, &mut random, request, sessions),
                None => what_can_law(&snapshot, &names, &mut random, request),
            };
            law.map_err(|message| engine::report(&world, request, seed, &message))?;
        }
        Ok(())
    });
}

#[test]
fn the_matrix_bounds_the_residual() {
    let counts = over_worlds(worlds(), |seed| {
        let (world, names, requests) = case(seed);
        let snapshot = engine::snapshot(&world.files())?;
        let mut random = Random::new(seed);
        let mut together: Together = [0, 0];
        let known = |request: &&Request| {
            [&names.users, &names.roles, &names.people].iter().any(|all| all.contains(&request.principal))
        };
        for request in requests.iter().filter(known).take(2) {
            let [asked, side] = matrix_law(&snapshot, &mut random, request)
                .map_err(|message| engine::report(&world, request, seed, &message))?;
            together = [together[0] + asked, together[1] + side];
        }
        Ok(together)
    });
    let sum = |of: fn(&Together) -> usize| counts.iter().map(of).sum::<usize>();
    let [asked, side] = [sum(|[asked, _]| *asked), sum(|[_, side]| *side)];
    println!("rows made together and alone: {asked} on the asked resource, {side} of the caller's side");
    assert!(worlds() < 100 || asked > 0 && side > 0, "no row was made together");
}

#[test]
fn who_becomes_whom_follows_from_can() {
    over_worlds(worlds().div_ceil(20), |seed| {
        let (world, names, requests) = case(seed);
        let snapshot = engine::snapshot(&world.files())?;
        for request in requests.iter().take(2) {
            let mut wire = asked_by(request, "").to_json();
            let query = wire.as_object_mut().expect("a request is an object");
            query.retain(|field, _| !["principal", "action", "resource"].contains(&field.as_str()));
            let law = || {
                let rows = engine::rows(&snapshot, "can_become", &wire)?;
                let mut single = wire.clone();
                single["transitive"] = json!(false);
                let steps = engine::rows(&snapshot, "can_become", &single)?;
                steps_law(&snapshot, &names, request, &steps)?;
                chains_law(&steps, &rows)?;
                people_law(&world, &snapshot, &names, request, [&steps, &rows])?;
                for from in names.users.iter().chain(&names.roles).take(4) {
                    let mut own = wire.clone();
                    own["principal"] = json!(from);
                    let own = engine::rows(&snapshot, "can_become", &own)?;
                    if own.iter().ne(rows.iter().filter(|row| row["from"] == *from)) {
                        return Err(format!("can_become of {from}: {own:?} are not its rows among all"));
                    }
                }
                Ok(())
            };
            law().map_err(|message: String| engine::report(&world, request, seed, &message))?;
        }
        Ok(())
    });
}

#[test]
fn order_of_files_and_records_does_not_matter() {
    over_worlds(worlds(), |seed| {
        let (world, _, requests) = case(seed);
        let mut random = Random::new(seed);
        let mut other = world.clone();
        for account in &mut other.accounts {
            random.shuffle(&mut account.users);
            random.shuffle(&mut account.groups);
            random.shuffle(&mut account.roles);
            random.shuffle(&mut account.policies);
        }
        let mut files = other.files();
        random.shuffle(&mut files);
        let (first, second) = (engine::snapshot(&world.files())?, engine::snapshot(&files)?);
        for request in requests.iter().take(20) {
            let (one, two) = (engine::can(&first, request)?, engine::can(&second, request)?);
            if full_gist(&one) != full_gist(&two) {
                let message = format!("order matters: {one} and {two}");
                return Err(engine::report(&world, request, seed, &message));
            }
        }
        Ok(())
    });
}

fn rank(decision: &Value) -> u8 {
    match engine::verdict(decision) {
        Some(Verdict::Deny) | None => 0,
        Some(Verdict::Conditional | Verdict::Unknown) => 1,
        Some(Verdict::Allow) => 2,
    }
}

/// Whether one more statement may be added: guardrails on resources hold denials only.
fn takes(document: &Value, effect: &str) -> bool {
    let Some(first) = document["Statement"].as_array().and_then(|all| all.first()) else { return false };
    effect == "Deny" || first["Effect"] == "Allow" || first.get("Principal") != Some(&json!("*"))
}

/// The world with one more statement of this effect in a random document that has a list of statements.
fn with_statement(world: &World, names: &Names, random: &mut Random, effect: &str) -> World {
    let mut changed = world.clone();
    let mut count = 0;
    shrink::each_document(&mut changed, &mut |document| count += usize::from(takes(document, effect)));
    let (chosen, mut at) = (random.below(count), 0);
    shrink::each_document(&mut changed, &mut |document| {
        if !takes(document, effect) {
            return;
        }
        let Some(statements) = document["Statement"].as_array_mut() else { return };
        let first = statements.first().cloned().unwrap_or_default();
        let on_resource = first.get("Principal").or(first.get("NotPrincipal")).is_some();
        if at == chosen {
            let mut added = names.statement(random, effect, 40);
            if let Some(members) = added.as_object_mut().filter(|_| on_resource) {
                members.insert("Principal".to_owned(), json!("*"));
                // A trust policy names no resource; other policies go on naming their own.
                members.remove("Resource");
                members.remove("NotResource");
                if let Some(resource) = first.get("Resource") {
                    members.insert("Resource".to_owned(), resource.clone());
                }
            }
            if on_resource {
                generate::plain_actions(&mut added);
            }
            statements.push(added);
        }
        at += 1;
    });
    changed
}

#[test]
fn a_deny_never_widens_and_an_allow_never_removes() {
    over_worlds(worlds(), |seed| {
        let (world, names, requests) = case(seed);
        let mut random = Random::new(seed);
        let before = engine::snapshot(&world.files())?;
        for effect in ["Deny", "Allow"] {
            let changed = with_statement(&world, &names, &mut random, effect);
            let after = engine::snapshot(&changed.files())?;
            if engine::rejected(&after)? > engine::rejected(&before)? {
                // Several accounts hold the changed policy: its copies now contradict each other.
                continue;
            }
            for request in &requests {
                let (old, new) = (engine::can(&before, request)?, engine::can(&after, request)?);
                let broken = if effect == "Deny" { rank(&new) > rank(&old) } else { rank(&new) < rank(&old) };
                if broken {
                    let message = format!("one more {effect}: {old} became {new}");
                    return Err(engine::report(&changed, request, seed, &message));
                }
            }
        }
        Ok(())
    });
}

/// Whatever the seed of the other laws: the approved answers are those about these worlds, from which and how many.
const APPROVED: (u64, u64) = (20_261_101, 100);

#[test]
fn answers_are_those_that_were_approved() {
    let (first, worlds) = APPROVED;
    let mut found = over_worlds_from(first, worlds, |seed| {
        let (world, names, requests) = case(seed);
        Ok((seed, approved::lines(&world, &names, &requests[..12], seed)))
    });
    found.sort();
    let mut found: String = found.into_iter().map(|(_, lines)| lines).collect();
    found.push_str(&approved::loose(10_000, 3_000));
    approved::compare(&found);
}

#[test]
fn every_action_of_the_worlds_is_in_the_catalogue() {
    let (world, _, _) = case(1);
    let snapshot = engine::snapshot(&world.files()).unwrap();
    let rows = engine::rows(&snapshot, "permissions", &json!({})).unwrap();
    for action in &catalog::ACTIONS {
        let row = rows.iter().find(|row| row["permission"] == action.name);
        let row = row.unwrap_or_else(|| panic!("{} is not in the catalogue", action.name));
        let types = row["resource_types"].as_array().map_or(0, Vec::len);
        assert_eq!(types, action.templates.len(), "resource types of {}", action.name);
    }
}
