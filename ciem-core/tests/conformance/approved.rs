//! What explanations say, as it was approved: every `can` of the worlds is explained in words and as HTML and compared
//! with `testdata/explained/<world>.txt`. A change of wording shows as a difference to read; `CIEM_APPROVE=1` writes the
//! files anew.

use super::approval::fnv;
use super::{load, worlds};
use ciem_core::{Snapshot, condition_text, wire};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::Path;

#[test]
fn explanations_are_those_that_were_approved() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/explained");
    let approve = std::env::var_os("CIEM_APPROVE").is_some();
    if approve {
        std::fs::create_dir_all(&folder).unwrap();
    }
    let mut failures = Vec::new();
    for (file, world) in &worlds() {
        let Ok(snapshot) = load(world) else { continue };
        let found = explained(&snapshot, world);
        let path = folder.join(file).with_extension("txt");
        if approve && !found.is_empty() {
            std::fs::write(&path, &found).unwrap();
        }
        let approved = std::fs::read_to_string(&path).unwrap_or_default();
        if approved != found {
            let same = approved.lines().zip(found.lines()).take_while(|(one, other)| one == other).count();
            let line = |text: &str| text.lines().nth(same).unwrap_or_default().to_owned();
            failures.push(format!(
                "{file}, line {}: approved `{}`, found `{}`",
                same + 1,
                line(&approved),
                line(&found)
            ));
        }
    }
    assert!(failures.is_empty(), "{} differ\n{}", failures.len(), failures.join("\n"));
}

fn explained(snapshot: &Snapshot, world: &Value) -> String {
    let mut found = String::new();
    for ask in world["ask"].as_array().into_iter().flatten() {
        if !["can", "explain"].contains(&ask["verb"].as_str().unwrap_or_default()) {
            continue;
        }
        let request = ask["request"].to_string();
        let Ok(answer) = wire::call(snapshot, "explain", &request) else { continue };
        let words = wire::explanation_text(&answer).unwrap();
        let html = wire::explanation_html(&answer).unwrap();
        writeln!(found, "# {request}").unwrap();
        // Layers of which there is nothing to say stand in the page, too.
        let says_nothing =
            |line: &&str| ["not asked", "not given", "no policy"].iter().any(|end| line.ends_with(end));
        words.lines().filter(|line| !says_nothing(line)).for_each(|line| writeln!(found, "{line}").unwrap());
        let told: Value = serde_json::from_str(&answer).unwrap();
        if let Some(condition) = told.get("condition").filter(|condition| !condition.is_null()) {
            let condition = condition.to_string();
            writeln!(found, "condition {condition}").unwrap();
            writeln!(found, "in words {}", condition_text(&condition).unwrap_or_default()).unwrap();
        }
        // Of the page only that it is the same: it says what the words say.
        writeln!(found, "html {} bytes, {:016x}\n", html.len(), fnv(html.as_bytes())).unwrap();
    }
    found
}
