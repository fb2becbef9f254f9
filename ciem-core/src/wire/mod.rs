//! The language-neutral face: a verb and a JSON request in, a JSON answer out. Both bindings use it as it is.

#[cfg(feature = "arrow")]
mod arrow;
#[cfg(feature = "arrow")]
mod arrow_check;
#[cfg(feature = "arrow")]
mod arrow_pairs;
mod check;
mod columns;
mod mining;
mod rightsize;
mod rows;
mod table;
#[cfg(test)]
mod tests;
mod usage;
mod writing;

#[cfg(feature = "arrow")]
pub use arrow::Batches;
#[cfg(feature = "arrow")]
pub use arrow_pairs::add_arrow;
pub use mining::{add_pair, add_pairs, mine_roles};
pub use table::{Cell, ColumnKind, Pairs, Table, Texts};
pub use usage::{table_with_usage, usage_call, usage_options, usage_table};

use crate::access::condition;
use crate::access::everybody::everybody;
use crate::access::explain;
use crate::access::simulator;
use crate::access::what_can::AccessCells;
use crate::error::Error;
use crate::model::{Query, Request};
use crate::progress::Progress;
use crate::snapshot::Snapshot;
use crate::usage::value::Usage;
use columns::{Collector, collect};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

/// Asks `snapshot` and answers in JSON.
///
/// Verbs: `can`, `explain`, `who_can`, `what_can`, `matrix`, `can_become`, `what_would_settle_it`, `coverage`,
/// `principals`, `permissions`, `resources`, `credentials`, `last_accessed`, `assignments`, `mine_roles`. Tables have the form `{"v": 1, "rows": [...], "assumptions": [...]}`.
///
/// ```
/// # use ciem_core::{SnapshotBuilder, wire};
/// let snapshot = SnapshotBuilder::new().finish()?;
/// let answer = wire::call(&snapshot, "principals", "{}")?;
/// assert!(answer.starts_with(r#"{"v":1,"rows":["#));
/// # Ok::<(), ciem_core::Error>(())
/// ```
///
/// # Errors
/// `invalid_request` if the verb or the request is not known; else as the verb.
pub fn call(snapshot: &Snapshot, verb: &str, request: &str) -> Result<String, Error> {
    call_with(snapshot, verb, request, &Progress::none())
}

/// As [`call`], polling for cancellation.
///
/// # Errors
/// As `call`, and `cancelled`.
pub fn call_with(
    snapshot: &Snapshot,
    verb: &str,
    request: &str,
    progress: &Progress,
) -> Result<String, Error> {
    match verb {
        "can" => text(&snapshot.can(&parse::<Request>(request)?)?),
        "explain" => text(&snapshot.explain(&parse::<Request>(request)?)?),
        "coverage" => text(&snapshot.coverage()),
        "mine_roles" => mining::of_snapshot(snapshot, None, request, progress),
        _ => table(snapshot, verb, request, progress)?.to_json_with(progress),
    }
}

/// Asks `snapshot` a question that is answered with rows, kept as columns; [`Table::to_json`] is the answer of [`call`].
///
/// Verbs: `who_can`, `what_can`, `assignments`, `matrix`, `can_become`, `what_would_settle_it`, `principals`, `permissions`, `resources`,
/// `credentials`, `last_accessed`. `what_can`, `matrix` and `can_become` are about everybody where the request names no principal.
/// `progress` is polled while rows are computed and while they are collected.
///
/// # Errors
/// As [`call_with`]; `too_large` if the distinct texts of the answer exceed 2 GiB.
pub fn table(snapshot: &Snapshot, verb: &str, request: &str, progress: &Progress) -> Result<Table, Error> {
    match verb {
        "who_can" => {
            let holders = snapshot.who_can_with(&parse::<Query>(request)?, progress)?;
            let count = usize::try_from(holders.count()).ok();
            collect(holders.rows(), count, holders.assumptions(), progress)
        }
        "what_can" => {
            let query = parse::<Query>(request)?;
            if query.principal.is_none() {
                let mut collector = Collector::new::<AccessCells<'_>>();
                let add = &mut |row: &AccessCells<'_>| collector.add(row);
                let assumptions = everybody(snapshot, &query, progress, add)?;
                return Ok(collector.finish(&assumptions));
            }
            let access = snapshot.what_can_with(&query, progress)?;
            collect(access.rows().iter(), Some(access.rows().len()), access.assumptions(), progress)
        }
        "assignments" => {
            let pairs = snapshot.assignments(&parse(request)?, progress)?;
            collect(pairs.iter(), Some(pairs.len()), &[], progress)
        }
        "matrix" => {
            let matrix = snapshot.matrix_with(&parse::<Query>(request)?, progress)?;
            collect(matrix.cells(), Some(matrix.len()), &[], progress)
        }
        "can_become" => {
            let becoming = snapshot.can_become_with(&parse::<Query>(request)?, progress)?;
            collect(becoming.rows(), None, becoming.assumptions(), progress)
        }
        "what_would_settle_it" => {
            let settling = snapshot.what_would_settle_it_with(&parse::<Query>(request)?, progress)?;
            collect(settling.rows().iter(), None, settling.assumptions(), progress)
        }
        "principals" => collect(snapshot.principals(), None, &[], progress),
        "permissions" => collect(snapshot.permissions(), None, &[], progress),
        "resources" => collect(snapshot.resources(), None, &[], progress),
        "credentials" => collect(snapshot.credentials(), None, &[], progress),
        "last_accessed" => collect(snapshot.last_accessed(), None, &[], progress),
        _ => Err(Error::invalid("verb", "no such question")),
    }
}

/// Asks `snapshot` a question about `usage` and answers in JSON; without usage as [`call_with`].
///
/// Verbs: `rightsize`, a [`crate::Proposal`] for `principal`, where the other fields of the request are those of
/// [`crate::RightsizeOptions`]; `mine_roles`, as [`call`] answers it, of what was used in the window that `window`, `at` and `gaps`
/// say, as [`table_with_usage`] reads them; and those of [`table_with_usage`].
///
/// ```
/// # use ciem_core::{Progress, SnapshotBuilder, UsageBuilder, wire};
/// # let mut builder = SnapshotBuilder::new();
/// # builder.add("account.json", include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.json")))?;
/// # let snapshot = builder.finish()?;
/// let usage = UsageBuilder::new().finish();
/// let request = r#"{"principal": "app", "at": "2026-11-01T00:00:00Z", "mode": "exact", "level": "permissions"}"#;
/// let answer = wire::call_with_usage(&snapshot, Some(&usage), "rightsize", request, &Progress::none())?;
/// assert!(answer.starts_with(r#"{"v":1,"principal":"arn:aws:iam::111122223333:role/app""#));
/// # Ok::<(), ciem_core::Error>(())
/// ```
///
/// # Errors
/// As the verb; `invalid_request` if the verb or the request is not known; `cancelled`.
pub fn call_with_usage(
    snapshot: &Snapshot,
    usage: Option<&Usage>,
    verb: &str,
    request: &str,
    progress: &Progress,
) -> Result<String, Error> {
    let Some(usage) = usage else { return call_with(snapshot, verb, request, progress) };
    progress.poll("asking", 0, None)?;
    match verb {
        "rightsize" => text(&rightsize::answer(snapshot, usage, parse(request)?)?),
        "mine_roles" => mining::of_snapshot(snapshot, Some(usage), request, progress),
        _ => table_with_usage(snapshot, Some(usage), verb, request, progress)?.to_json_with(progress),
    }
}

/// Evaluates loose policies: the `simulate` document in, a decision out.
///
/// # Errors
/// `rejected_policy` with the place in the policy; `invalid_request`, `malformed`, `unknown_action`.
pub fn simulate(simulation: &str) -> Result<String, Error> {
    text(&simulator::simulate(simulation)?)
}

/// The answer of `explain` as text of several lines, as [`crate::Explanation::text`] gives it.
///
/// ```
/// # use ciem_core::{SnapshotBuilder, wire};
/// # let mut builder = SnapshotBuilder::new();
/// # builder.add("account.json", include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.json")))?;
/// # let snapshot = builder.finish()?;
/// let answer = wire::call(&snapshot, "explain", r#"{"principal": "ana", "action": "s3:PutObject", "resource": "arn:aws:s3:::pay/x"}"#)?;
/// assert!(wire::explanation_text(&answer)?.starts_with("deny: "));
/// assert!(wire::explanation_html(&answer)?.starts_with("<style>"));
/// # Ok::<(), ciem_core::Error>(())
/// ```
///
/// # Errors
/// `malformed` if the text is no explanation.
pub fn explanation_text(explanation: &str) -> Result<String, Error> {
    explain::text_of(explanation)
}

/// The answer of `explain` as an HTML fragment, as [`crate::Explanation::html`] gives it.
///
/// # Errors
/// `malformed` if the text is no explanation.
pub fn explanation_html(explanation: &str) -> Result<String, Error> {
    explain::html_of(explanation)
}

/// A condition as `Condition` blocks: the JSON text of a condition in, `{"v": 1, "blocks"}` or `{"v": 1, "reason"}` out.
///
/// # Errors
/// As [`crate::condition_blocks`].
pub fn condition_blocks(condition: &str) -> Result<String, Error> {
    text(&condition::condition_blocks(condition)?)
}

/// Compares loose policies: a document such as `{"v": 1, "new": {…}, "old": {…}}` in, an [`crate::AccessCheck`] out.
///
/// Verbs: `check_no_new_access` (`new`, `old`), `check_access_not_granted` (`policy`, `actions`, `resources`),
/// `check_no_public_access` (`policy`); all take `kind`, `resource_account` and `provider`.
///
/// ```
/// use ciem_core::wire;
///
/// let answer = wire::check("check_no_new_access", r#"{"new": {"Statement": []}, "old": {"Statement": []}}"#)?;
/// assert!(answer.starts_with(r#"{"v":1,"result":"pass""#));
/// # Ok::<(), ciem_core::Error>(())
/// ```
///
/// # Errors
/// As the verb; `invalid_request` if the verb or the request is not known.
pub fn check(verb: &str, request: &str) -> Result<String, Error> {
    text(&check::answer(verb, &parse(request)?)?)
}

/// An error in its wire form: `{"v": 1, "code", "message", "place"}`.
pub fn error_json(error: &Error) -> String {
    let mut value = json!({ "v": 1, "code": error.code(), "message": error.to_string() });
    if let (Some(place), Some(map)) = (error.place(), value.as_object_mut()) {
        map.insert("place".to_owned(), json!(place));
    }
    value.to_string()
}

fn parse<T: DeserializeOwned>(request: &str) -> Result<T, Error> {
    serde_json::from_str(request).map_err(|error| Error::invalid("request", error.to_string()))
}

fn text<T: Serialize>(answer: &T) -> Result<String, Error> {
    serde_json::to_string(answer).map_err(|error| Error::Internal { reason: error.to_string() })
}
