//! Why was it denied?
//!
//! `cargo run -p ciem-examples --example why_denied -- [FOLDER [PRINCIPAL ACTION RESOURCE]]`

use ciem_core::{Denial, Error, LoadOptions, Request, Snapshot, Verdict, load_paths};

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/estate");
/// Whose permissions the wishes are; principals of another provider are nobody there.
const PROVIDER: &str = "aws";
/// Things that people ask for and are told that they may not.
const WISHES: [&str; 4] =
    ["cloudtrail:StopLogging", "iam:CreateUser", "ec2:TerminateInstances", "s3:DeleteBucket"];

/// A question of somebody who holds the permission and is stopped all the same, if there is one.
fn a_denial(snapshot: &Snapshot) -> Result<Option<Request>, Error> {
    let people: Vec<String> = snapshot
        .principals()
        .filter(|row| row.loaded && row.provider == PROVIDER)
        .map(|row| row.principal)
        .collect();
    let mut implicit = None;
    for (action, person) in WISHES.iter().flat_map(|action| people.iter().map(move |person| (action, person)))
    {
        let request = Request::new(person, *action, "*");
        let decision = snapshot.can(&request)?;
        match (decision.verdict, decision.denial) {
            (Verdict::Deny, Some(Denial::Explicit)) => return Ok(Some(request)),
            (Verdict::Deny, _) => implicit = implicit.or(Some(request)),
            _ => {}
        }
    }
    Ok(implicit)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = arguments.first().map_or(SAMPLE, String::as_str);
    let snapshot = load_paths(&[folder.into()], &LoadOptions::default())?;
    let request = match arguments.get(1..) {
        Some([principal, action, resource]) => Request::new(principal, action, resource),
        _ => a_denial(&snapshot)?.ok_or("nobody is denied anything")?,
    };
    let explanation = snapshot.explain(&request)?;
    let decision = &explanation.decision;

    println!("{} {} {}", request.principal, request.action, request.resource);
    let denial = match decision.denial {
        Some(Denial::Explicit) => ", explicit",
        Some(_) => ", implicit",
        None => "",
    };
    println!("  {}{denial}, by {}", decision.verdict.as_str(), decision.blocked_by.join(", "));
    for layer in &explanation.layers {
        if layer.stops != "no" || !layer.statements.is_empty() {
            println!("  {}, stops it: {}", layer.layer, layer.stops);
        }
        for statement in layer.statements.iter().filter_map(|&place| decision.statements.get(place)) {
            println!("      {} in {} {}", statement.effect, statement.policy, statement.pointer);
        }
        for near in layer.near_misses.iter().filter(|_| layer.stops != "no") {
            println!("      nearly, in {}: {}", near.statement.policy, near.reason);
        }
    }
    for fact in &decision.missing {
        println!("  not known: {} of {}: {}", fact.fact, fact.subject, fact.how);
    }
    Ok(())
}
