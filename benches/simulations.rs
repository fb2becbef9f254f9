//! Loose policies, for the comparison with other programs that `benches/peers/run.py` makes:
//! `cargo run --release -p ciem-benches --example simulations -- FOLDER COUNT` writes random requests of the worlds on which
//! the laws of ciem-core are tested, each as a `simulate` document with the engine's decision (`simulations.jsonl`), and
//! what the answers cost (`simulator.json`), in nanoseconds of this thread's processor time. With `--answer` in place of the
//! arguments it reads simulations line by line and writes the decisions.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::iter_over_hash_type,
    clippy::disallowed_methods,
    reason = "the naive evaluator is test code"
)]

#[allow(dead_code, reason = "only its worlds are used here")]
#[path = "../ciem-core/tests/oracle/mod.rs"]
mod oracle;

use ciem_core::{Scratch, Simulator, simulate};
use oracle::simulated;
use serde_json::{Value, json};
use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::io::{BufRead, Write};
use std::path::PathBuf;

/// Requests tried in one world; about half of them can be asked without exports.
const PER_WORLD: usize = 30;
/// Simulators held at once: together they are more than the caches hold, as the policies of a real estate would be.
const HELD: usize = 500;
/// How often a request is asked in a row where that is measured, and of how many: as `iam_simulate_full.mjs` does it.
const IN_A_ROW: (u32, usize) = (10, 2_000);
/// The clock is brought up to date at every tick of the scheduler only: work is repeated until it has taken this long.
const LEAST: u64 = 100_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |what: &'static str| arguments.next().ok_or(what);
    let folder = next("which folder to write to?")?;
    if folder == "--answer" {
        return answer();
    }
    let (folder, count) = (PathBuf::from(folder), next("how many requests?")?.parse::<usize>()?);
    let mut lines = String::new();
    let mut texts = Vec::new();
    let mut worlds = 0_u64;
    while texts.len() < count {
        worlds += 1;
        let asked = simulated::of_world(worlds, PER_WORLD)?;
        for (simulation, decision) in asked.into_iter().take(count - texts.len()) {
            lines.push_str(&json!({"simulation": simulation, "decision": gist(&decision)}).to_string());
            lines.push('\n');
            texts.push(simulation.to_string());
        }
    }
    fs::write(folder.join("simulations.jsonl"), lines)?;
    let some = texts.get(..IN_A_ROW.1).unwrap_or(&texts);
    let figures = json!({"worlds": worlds, "once": cost(&texts, 1)?, "in a row": cost(some, IN_A_ROW.0)?});
    Ok(fs::write(folder.join("simulator.json"), figures.to_string())?)
}

/// What is compared of a decision.
fn gist(decision: &Value) -> Value {
    json!({"verdict": decision["verdict"], "denial": decision["denial"], "blocked_by": decision["blocked_by"]})
}

fn answer() -> Result<(), Box<dyn Error>> {
    let (input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
    for line in input.lines() {
        let said = match simulate(&line?) {
            Ok(decision) => gist(&serde_json::to_value(&decision)?),
            Err(error) => json!({"verdict": format!("error: {error}")}),
        };
        writeln!(output, "{said}")?;
        output.flush()?;
    }
    Ok(())
}

/// Means over simulations: reading the documents, a whole decision, a request made ready with its verdict, and the verdict
/// alone; each request asked so many times in a row before the next documents' turn comes.
fn cost(texts: &[String], in_a_row: u32) -> Result<Value, Box<dyn Error>> {
    let mut sums = [0.0; 4];
    for chunk in texts.chunks(HELD) {
        let mut simulators = Vec::new();
        sums[0] += timed(|| {
            simulators = chunk.iter().filter_map(|text| Simulator::new(text).ok()).collect::<Vec<_>>();
        })?;
        if simulators.len() != chunk.len() {
            return Err("a simulation is refused".into());
        }
        sums[1] += timed(|| {
            for simulator in &simulators {
                for _ in 0..in_a_row {
                    black_box(simulator.decide(simulator.request()).is_ok());
                }
            }
        })?;
        let prepared: Vec<_> = simulators.iter().map(|one| (one, one.prepare())).collect();
        let mut scratch = Scratch::default();
        sums[2] += timed(|| {
            for (simulator, prepared) in &prepared {
                for _ in 0..in_a_row {
                    let ready = simulator.ready(prepared, simulator.request());
                    black_box(ready.map(|ready| prepared.verdict(&ready, &mut scratch)).ok());
                }
            }
        })?;
        let ready = prepared.iter().map(|(one, prepared)| one.ready(prepared, one.request()));
        let ready = ready.collect::<Result<Vec<_>, _>>()?;
        sums[3] += timed(|| {
            for ((_, prepared), ready) in prepared.iter().zip(&ready) {
                for _ in 0..in_a_row {
                    black_box(prepared.verdict(ready, &mut scratch));
                }
            }
        })?;
    }
    let [documents, asked @ ..] = sums.map(|sum| sum / texts.len() as f64);
    let [decide, ready, verdict] = asked.map(|sum| sum / f64::from(in_a_row));
    Ok(json!({"documents": documents, "decide": decide, "ready_and_verdict": ready, "verdict": verdict}))
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
