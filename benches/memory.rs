//! Memory of a loaded snapshot against the bytes of its JSON: `cargo bench -p ciem-benches --bench memory`. Numbers of
//! principals after `--` take the place of the usual sizes (a million needs about 5 GB and some minutes).

mod counting;
#[expect(dead_code, reason = "asks no questions")]
mod engine;
#[expect(dead_code, reason = "asks no questions")]
mod generator;

use counting::{LIVE, PEAK};
use std::io::Write;
use std::sync::atomic::Ordering;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let asked: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if asked.is_empty() { vec![1_000, 10_000, 100_000] } else { asked };
    // What follows from the built-in catalogue is made once in a process and belongs to no snapshot.
    let before = LIVE.load(Ordering::Relaxed);
    drop(engine::load(&[])?);
    let shared = LIVE.load(Ordering::Relaxed) - before;
    writeln!(
        std::io::stdout(),
        "tables of the catalogue, once in a process, not in the figures below: {:.2} MB",
        shared as f64 / 1e6,
    )?;
    for principals in sizes {
        let files = generator::Estate::generate(1, principals).files;
        let json: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
        let before = LIVE.load(Ordering::Relaxed);
        PEAK.store(before, Ordering::Relaxed);
        let started = Instant::now();
        let snapshot = engine::load(&files)?;
        let seconds = started.elapsed().as_secs_f64();
        let held = LIVE.load(Ordering::Relaxed) - before;
        let peak = PEAK.load(Ordering::Relaxed) - before;
        let ratio = |bytes: usize| bytes as f64 / json as f64;
        writeln!(
            std::io::stdout(),
            "{principals} principals: {:.1} MB of JSON, snapshot and indexes {:.1} MB = {:.2}x (bar: at most 1.5x), \
             peak while loading {:.1} MB = {:.2}x, {seconds:.2} s",
            json as f64 / 1e6,
            held as f64 / 1e6,
            ratio(held),
            peak as f64 / 1e6,
            ratio(peak),
        )?;
        drop(snapshot);
    }
    Ok(())
}
