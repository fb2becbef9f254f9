//! The engine's side of `peers/cover.py`: `cover <catalogue.json> <statements.json>` writes permissions as short lists of
//! patterns and says what that took. The lists go to the standard output as JSON.

use ciem_core::{Catalog, Speller, SpellingMode};
use serde_json::{Value, json};
use std::error::Error;
use std::hint::black_box;

/// Rounds of which the median counts, after a first one that also finds out about the names of each service.
const ROUNDS: usize = 9;
/// How often a round goes over all lists: the clock of a process moves in steps of up to 4 ms.
const PASSES: usize = 25;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(catalog), Some(statements)) = (arguments.next(), arguments.next()) else {
        return Err("needed: a catalogue and a list of lists of actions, both in JSON".into());
    };
    let catalog = Catalog::from_json(&std::fs::read(catalog)?)?;
    let statements: Vec<Vec<String>> = serde_json::from_slice(&std::fs::read(statements)?)?;
    let statements: Vec<Vec<&str>> =
        statements.iter().map(|actions| actions.iter().map(String::as_str).collect()).collect();
    let mut answer = serde_json::Map::new();
    // The peer knows names in lower case: there are no words in them for `safe` to end at.
    for (name, nodes) in [("compact", Speller::NODES), ("compact_heads", 0)] {
        let speller = Speller::new(&catalog).with_nodes(nodes);
        let mode = SpellingMode::Compact;
        let mut seconds = Vec::new();
        let round = |passes: usize| -> Result<f64, Box<dyn Error>> {
            let before = on_processor()?;
            for statement in statements.iter().cycle().take(passes * statements.len()) {
                black_box(speller.spell(black_box(statement), mode));
            }
            Ok((on_processor()? - before) as f64 / 1e9 / passes as f64)
        };
        let first = round(1)?;
        for _ in 0..ROUNDS {
            seconds.push(round(PASSES)?);
        }
        seconds.sort_by(f64::total_cmp);
        let spelled: Vec<Value> = statements.iter().map(|one| json!(speller.spell(one, mode))).collect();
        let median = seconds.get(ROUNDS / 2);
        answer.insert(name.to_owned(), json!({"first": first, "median": median, "statements": spelled}));
    }
    serde_json::to_writer(std::io::stdout(), &answer)?;
    Ok(())
}

/// Nanoseconds that this process spent on a processor.
fn on_processor() -> Result<u64, Box<dyn Error>> {
    let text = std::fs::read_to_string("/proc/self/schedstat")?;
    Ok(text.split_whitespace().next().ok_or("no schedstat")?.parse()?)
}
