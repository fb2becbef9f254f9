//! What was not read, and what do answers take for granted because of it?
//!
//! `cargo run -p ciem-examples --example not_read -- [FOLDER]`

use ciem_core::{Error, LoadOptions, OnError, load_paths};

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/estate");

fn main() -> Result<(), Error> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| SAMPLE.to_owned());
    // A file that is damaged is one of the things to report.
    let options = LoadOptions::default().on_error(OnError::Skip);
    let coverage = load_paths(&[folder.into()], &options)?.coverage();

    for layer in coverage.layers.iter().filter(|layer| layer.state != "given") {
        println!("account {}: {} {}", layer.account, layer.layer, layer.state.replace('_', " "));
        if let Some(reason) = &layer.reason {
            println!("    {reason}");
        }
    }
    for file in &coverage.files {
        for error in &file.errors {
            println!("{}: {error}", file.name);
        }
    }
    for policy in &coverage.rejected {
        println!("rejected: {} {}: {}", policy.policy, policy.pointer, policy.reason);
    }
    for action in &coverage.unknown_actions {
        println!("no such action in the catalogue: {action}");
    }
    for assumption in &coverage.assumptions {
        println!("assumed: {assumption}");
    }
    Ok(())
}
