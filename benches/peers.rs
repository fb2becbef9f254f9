//! The engine's side of the comparison with other programs, which `benches/peers/run.py` makes:
//! `cargo run --release -p ciem-benches --example peers -- FOLDER PRINCIPALS REQUESTS`.
//!
//! Writes into the folder the exports of an organisation (`estate/`), random questions to it with the engine's answers
//! (`questions.json`), questions about everybody with theirs (`holders.json`), and what the answers cost
//! (`figures.json`), in nanoseconds of this thread's processor time.

#[expect(dead_code, reason = "only some of the questions are asked here")]
mod engine;
mod generator;

use ciem_core::{Prepared, PreparedRequest, Query, Request, Scratch, Snapshot, Verdict};
use generator::Estate;
use generator::requests::Question;
use serde_json::{Value, json};
use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};

const SEED: u64 = 1;
/// Work is repeated until it has taken this long: the clock is brought up to date at every tick of the scheduler only.
const LEAST: u64 = 1_000_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |what: &'static str| arguments.next().ok_or(what);
    let folder = PathBuf::from(next("which folder to write to?")?);
    let principals = next("how many principals?")?.parse::<usize>()?;
    let requests = next("how many requests?")?.parse::<usize>()?;

    let estate = Estate::generate(SEED, principals);
    let exports = folder.join("estate");
    fs::create_dir_all(&exports)?;
    for (name, bytes) in &estate.files {
        fs::write(exports.join(name), bytes)?;
    }

    let snapshot = engine::load(&estate.files)?;
    let load = timed(|| {
        black_box(engine::load(&estate.files).is_ok());
    })?;
    engine::row_count(&snapshot)?;
    let matrix = timed(|| {
        black_box(engine::row_count(&snapshot).is_ok());
    })?;
    let questions = estate.requests(SEED, requests);
    let (answers, decision) = verdicts(&snapshot, &questions)?;
    write(&folder, "questions.json", &answers)?;
    let (holders, cost) = holders(&snapshot, &estate, questions.first().ok_or("no request")?)?;
    write(&folder, "holders.json", &holders)?;
    let figures = json!({
        "principals": principals, "requests": requests, "bytes": estate.size(),
        "load": load, "matrix": matrix, "decision": decision, "who_can": cost,
    });
    write(&folder, "figures.json", &figures)
}

/// The questions with their answers, and what one of them costs: a verdict, the same with nothing remembered from
/// earlier rounds of the questions, and making a request ready.
fn verdicts(snapshot: &Snapshot, questions: &[Question]) -> Result<(Value, Value), Box<dyn Error>> {
    let prepared = snapshot.prepare();
    let mut scratch = Scratch::default();
    let asked: Vec<Request> = questions.iter().map(|question| engine::request(question, true)).collect();
    let requests = engine::requests(&prepared, asked.iter().cloned())?;
    let mut answers = Vec::new();
    for ((question, request), asked) in questions.iter().zip(&requests).zip(&asked) {
        let verdict = prepared.verdict(request, &mut scratch);
        let decision = snapshot.can(asked)?;
        let context: serde_json::Map<String, Value> =
            question.context.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
        answers.push(json!({
            "principal": question.principal, "action": question.action, "resource": question.resource,
            "context": context, "at": question.at, "verdict": verdict.as_str(),
            "blocked_by": decision.blocked_by, "assumptions": decision.assumptions,
        }));
    }
    let count = questions.len() as f64;
    let verdict = timed(|| {
        black_box(ask(&prepared, &requests, &mut scratch));
    })?;
    let first = timed(|| {
        black_box(ask(&prepared, &requests, &mut Scratch::default()));
    })?;
    let prepare = timed(|| {
        black_box(engine::requests(&prepared, asked.iter().cloned()).is_ok());
    })?;
    let cost = json!({"verdict": verdict / count, "first": first / count, "prepare": prepare / count});
    Ok((Value::Array(answers), cost))
}

fn ask(prepared: &Prepared<'_>, requests: &[PreparedRequest], scratch: &mut Scratch) -> usize {
    requests.iter().filter(|request| prepared.verdict(request, scratch) == Verdict::Allow).count()
}

/// Questions about everybody, each with who holds the permission and what it costs to find out, without and with rows.
fn holders(
    snapshot: &Snapshot,
    estate: &Estate,
    template: &Question,
) -> Result<(Value, Value), Box<dyn Error>> {
    let object = estate.object_with_policy().ok_or("no bucket with a policy")?;
    let account = estate.principals().next().and_then(|arn| arn.split(':').nth(4)).ok_or("no principal")?;
    let table = format!("arn:aws:dynamodb:eu-west-1:{account}:table/orders");
    let cases = [
        ("object in a bucket with a policy", "s3:GetObject", object),
        ("object in a bucket without a policy", "s3:GetObject", "arn:aws:s3:::a-bucket-of-nobody/part.json"),
        ("table", "dynamodb:GetItem", &table),
    ];
    let (mut answers, mut costs) = (Vec::new(), Vec::new());
    for (name, action, resource) in cases {
        let question =
            Question { action: action.to_owned(), resource: resource.to_owned(), ..template.clone() };
        let query: Query = engine::query(&engine::request(&question, true));
        let found = snapshot.who_can(&query)?;
        let rows: Vec<Value> = found.rows().map(|row| json!([row.principal, row.verdict.as_str()])).collect();
        let sets = timed(|| {
            black_box(engine::holders(snapshot, &query).is_ok());
        })?;
        let all = timed(|| {
            black_box(engine::holder_rows(snapshot, &query).is_ok());
        })?;
        let context: serde_json::Map<String, Value> =
            question.context.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
        answers.push(json!({
            "name": name, "action": action, "resource": resource, "context": context, "at": question.at,
            "holders": rows,
        }));
        costs.push(json!({"name": name, "holders": found.count(), "sets": sets, "rows": all}));
    }
    Ok((Value::Array(answers), Value::Array(costs)))
}

/// Nanoseconds that one run of `work` takes.
fn timed(mut work: impl FnMut()) -> Result<f64, Box<dyn Error>> {
    let (started, mut runs) = (processor_time()?, 0_u32);
    loop {
        work();
        runs += 1;
        let spent = processor_time()? - started;
        if spent >= LEAST {
            return Ok(spent as f64 / f64::from(runs));
        }
    }
}

/// Nanoseconds that this thread has run. Linux says so; elsewhere the comparison does not run.
fn processor_time() -> Result<u64, Box<dyn Error>> {
    let text = fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(text.split_whitespace().next().ok_or("no figure in schedstat")?.parse()?)
}

fn write(folder: &Path, name: &str, value: &Value) -> Result<(), Box<dyn Error>> {
    Ok(fs::write(folder.join(name), value.to_string())?)
}
