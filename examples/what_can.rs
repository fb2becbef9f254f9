//! What can this identity do?
//!
//! `cargo run -p ciem-examples --example what_can -- [FOLDER [PRINCIPAL]]`

use ciem_core::{LoadOptions, Query, load_paths};

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/estate");
const SHOWN: usize = 4;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap_or_else(|| SAMPLE.to_owned());
    let snapshot = load_paths(&[folder.into()], &LoadOptions::default())?;
    // Somebody with more than one policy has a story.
    let telling = || snapshot.principals().filter(|row| row.loaded).max_by_key(|row| row.policies);
    let wanted = arguments.next().or_else(|| telling().map(|row| row.principal));
    let principal = wanted.ok_or("no identity was loaded")?;

    println!("{principal}");
    for row in snapshot.what_can(&Query::what(principal))?.rows() {
        let (shown, left) = row.permissions.split_at(row.permissions.len().min(SHOWN));
        let more = if left.is_empty() { String::new() } else { format!(" and {} more", left.len()) };
        println!("  {:<12} {}{more}", row.verdict.as_str(), shown.join(", "));
        println!("  {:>12} {}", "on", row.resources.join(", "));
        if !row.except.is_empty() {
            println!("  {:>12} {}", "except", row.except.join(", "));
        }
        if let Some(condition) = &row.condition {
            println!("  {:>12} {condition}", "if");
        }
    }
    Ok(())
}
