//! What holds for every explanation.

use ciem_core::{Snapshot, wire};
use serde_json::Value;

use super::engine::{call, gist};
use super::world::Request;

/// How much an explanation had to say.
#[derive(Default)]
pub(crate) struct Said {
    pub(crate) near: usize,
    pub(crate) states: Vec<String>,
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

/// What tells one statement from another.
fn place(statement: &Value) -> [&Value; 5] {
    ["layer", "policy", "index", "effect", "via"].map(|name| &statement[name])
}

pub(crate) fn explanation_law(snapshot: &Snapshot, request: &Request) -> Result<Said, String> {
    let wire_form =
        wire::call(snapshot, "explain", &request.to_json().to_string()).map_err(|e| e.to_string())?;
    let explanation: Value = serde_json::from_str(&wire_form).map_err(|error| error.to_string())?;
    let decision = &explanation["decision"];
    let asked = call(snapshot, "can", &request.to_json())?;
    let same = |name: &str| asked[name] == decision[name];
    if gist(&asked) != gist(decision) || !same("denial") || !same("blocked_by") {
        return Err(format!("`can` says {asked}, explained is {decision}"));
    }
    let text = wire::explanation_text(&wire_form).map_err(|error| error.to_string())?;
    let html = wire::explanation_html(&wire_form).map_err(|error| error.to_string())?;
    if html.matches("<details").count() < list(&explanation, "layers").len() {
        return Err(format!("layers are missing in {html}"));
    }
    let statements = list(decision, "statements");
    let mut said = Said::default();
    for layer in list(&explanation, "layers") {
        let (state, stops) = (layer["state"].as_str().unwrap_or(""), layer["stops"].as_str().unwrap_or(""));
        let own = || list(layer, "statements").iter().filter_map(|at| statements.get(at.as_u64()? as usize));
        let fails = match (state, stops) {
            ("allows" | "passes" | "delegates" | "not_asked", "yes") => true,
            ("denies", _) => {
                !matches!(layer["layer"].as_str(), Some("s3_block_public_access" | "fixed_rule"))
                    && !own().any(|statement| statement["effect"] == "deny")
            }
            ("allows" | "delegates", _) => !own().any(|statement| statement["effect"] == "allow"),
            _ => false,
        };
        if fails {
            return Err(format!("the state does not fit: {layer} of {explanation}"));
        }
        let near = list(layer, "near_misses");
        if near.len() > 8 || layer["left_out"].as_u64().is_some_and(|count| count > 0 && near.is_empty()) {
            return Err(format!("too many or too few near misses: {layer}"));
        }
        for miss in near {
            let reason = miss["reason"].as_str().unwrap_or("");
            let wanted = if decision["verdict"] == "allow" { "deny" } else { "allow" };
            let one_way = matches!(decision["verdict"].as_str(), Some("allow" | "deny"));
            let sound = (1..=2).contains(&failing(miss))
                && !list(miss, "failed").is_empty()
                && (!one_way || miss["effect"] == wanted)
                && text.contains(reason)
                && !statements.iter().any(|statement| place(statement) == place(miss));
            if !sound {
                return Err(format!("no near miss: {miss} of {explanation}"));
            }
        }
        said.near += near.len();
        said.states.push(state.to_owned());
    }
    Ok(said)
}

fn failing(miss: &Value) -> usize {
    let elements = ["principal", "action", "resource", "condition"];
    elements.iter().filter(|name| miss["elements"][**name] == "fails").count()
}
