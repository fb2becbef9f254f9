//! Typed answers count and name what their rows list, and rows are those of the wire form.

use ciem_core::{Query, Snapshot, Verdict};
use serde_json::{Value, json};

use super::engine;
use super::world::Request;

fn texts<'a>(rows: &'a [Value], column: &str) -> Vec<&'a str> {
    rows.iter().map(|row| row[column].as_str().unwrap_or_default()).collect()
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, typed: T, rows: T) -> Result<(), String> {
    if typed == rows { Ok(()) } else { Err(format!("{what}: typed {typed:?}, of the rows {rows:?}")) }
}

/// The question without some of its members, as a typed query and in its wire form.
fn asked(request: &Request, without: &[&str]) -> Result<(Query, Value), String> {
    let mut wire = request.to_json();
    let members = wire.as_object_mut().ok_or("a request is an object")?;
    without.iter().for_each(|name| drop(members.remove(*name)));
    let query = serde_json::from_value(wire.clone()).map_err(|error| error.to_string())?;
    Ok((query, wire))
}

fn holders(snapshot: &Snapshot, request: &Request) -> Result<(), String> {
    let (query, wire) = asked(request, &["principal", "session"])?;
    let answer = engine::call(snapshot, "who_can", &wire)?;
    let rows = answer["rows"].as_array().map(Vec::as_slice).unwrap_or_default();
    let holders = snapshot.who_can(&query).map_err(|error| error.to_string())?;
    let open = rows.iter().filter(|row| row["verdict"] != "allow").count();
    same("count", holders.count(), rows.len() as u64)?;
    same("conditional", holders.conditional(), open)?;
    same("ids", holders.ids().collect(), texts(rows, "principal"))?;
    same("contains", holders.ids().all(|id| holders.contains(id)), true)?;
    same("contains the asked", holders.contains(&request.principal), {
        texts(rows, "principal").contains(&request.principal.as_str())
    })?;
    same("assumptions", json!(holders.assumptions()), answer["assumptions"].clone())?;
    same("allowed", holders.rows().filter(|row| row.verdict == Verdict::Allow).count(), rows.len() - open)
}

fn access(snapshot: &Snapshot, request: &Request) -> Result<(), String> {
    let (query, wire) = asked(request, &["action", "resource"])?;
    let answer = engine::call(snapshot, "what_can", &wire)?;
    let access = snapshot.what_can(&query).map_err(|error| error.to_string())?;
    same("access rows", access.rows().len(), answer["rows"].as_array().map_or(0, Vec::len))?;
    same("assumptions of access", json!(access.assumptions()), answer["assumptions"].clone())
}

fn matrix(snapshot: &Snapshot, request: &Request) -> Result<(), String> {
    let (query, wire) = asked(request, &["principal", "session", "action"])?;
    let rows = engine::rows(snapshot, "matrix", &wire)?;
    let matrix = snapshot.matrix(&query).map_err(|error| error.to_string())?;
    let held = |row: &Value, prefix: &str| {
        let names = row["surely"].as_array().into_iter().flatten().filter_map(Value::as_str);
        names.filter(|name| name.starts_with(prefix)).count()
    };
    same("length", (matrix.len(), matrix.is_empty()), (rows.len(), rows.is_empty()))?;
    same("resource", matrix.resource(), &request.resource)?;
    same("principals", matrix.principals().map(|row| row.0).collect(), texts(&rows, "principal"))?;
    same("accounts", matrix.principals().map(|row| row.2).collect(), texts(&rows, "account"))?;
    for prefix in ["", "s3:"] {
        let counts = rows.iter().map(|row| held(row, prefix)).collect();
        same("surely", matrix.surely_counts(|_, name| name.starts_with(prefix)), counts)?;
    }
    Ok(())
}

/// The typed answers about one request.
pub(crate) fn typed_law(snapshot: &Snapshot, request: &Request) -> Result<(), String> {
    holders(snapshot, request)?;
    access(snapshot, request)?;
    matrix(snapshot, request)
}
