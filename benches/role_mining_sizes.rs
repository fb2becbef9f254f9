//! Roles, bound, time and memory by set: `cargo run --release -p ciem-benches --example role_mining_sizes -- [PAIRS...]`.
//! Numbers of pairs ask for planted sets of that size in place of the sets of HP Labs.

#[path = "assignments.rs"]
mod assignments;
mod counting;

use ciem_core::{Assignments, Budget, mine_roles};
use counting::{LIVE, PEAK};
use std::error::Error;
use std::io::Write;
use std::sync::atomic::Ordering;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let asked: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    writeln!(
        std::io::stdout(),
        "| set | pairs | roles | at least | seconds | most memory, MB |\n|---|---|---|---|---|---|"
    )?;
    let mut all = 0.0;
    if asked.is_empty() {
        for (name, _) in assignments::SETS {
            let before = LIVE.load(Ordering::Relaxed);
            all += assignments::set(name).map_or(Ok(0.0), |pairs| row(name, pairs, before))?;
        }
    }
    for count in asked {
        for stray in [0, 20, 1_000] {
            let before = LIVE.load(Ordering::Relaxed);
            all += row(&format!("planted, {stray} ‰ stray"), assignments::planted(count, stray), before)?;
        }
    }
    writeln!(std::io::stdout(), "together {all:.2} s")?;
    Ok(())
}

/// `before`: what was in use before the pairs were made, which count.
fn row(name: &str, pairs: Assignments, before: usize) -> Result<f64, Box<dyn Error>> {
    PEAK.store(LIVE.load(Ordering::Relaxed), Ordering::Relaxed);
    let started = Instant::now();
    let mined = mine_roles(&pairs, &Budget::default())?;
    let seconds = started.elapsed().as_secs_f64();
    let peak = PEAK.load(Ordering::Relaxed).saturating_sub(before);
    writeln!(
        std::io::stdout(),
        "| {name} | {} | {} | {} | {seconds:.3} | {:.1} |",
        mined.pairs(),
        mined.roles().len(),
        mined.lower_bound(),
        peak as f64 / 1e6,
    )?;
    Ok(seconds)
}
