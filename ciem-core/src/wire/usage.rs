//! Questions about usage, alone and together with a snapshot.

use super::columns::collect;
use super::table::Table;
use super::{parse, rightsize, table, text};
use crate::error::Error;
use crate::mining::granted::AssignmentQuery;
use crate::model::instant;
use crate::progress::Progress;
use crate::snapshot::Snapshot;
use crate::usage::options::UsageOptions;
use crate::usage::unused::UnusedOptions;
use crate::usage::value::Usage;
use crate::usage::window::Window;
use serde::Deserialize;

/// The window of a question.
#[derive(Debug, Deserialize)]
#[serde(default)]
struct Asked {
    window: String,
    at: Option<String>,
    gaps: u32,
}

impl Default for Asked {
    fn default() -> Self {
        Asked { window: "90d".to_owned(), at: None, gaps: 0 }
    }
}

/// How logs are read, as bindings are told: members that are absent have their usual values.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Loading {
    on_error: Option<String>,
    as_of: Option<String>,
    failed_is_used: bool,
    max_bytes: Option<u64>,
    max_entries: Option<u64>,
    max_ratio: Option<u64>,
    max_depth: Option<usize>,
}

/// Options for reading logs from their JSON form, whose members are named as the methods of [`UsageOptions`]; `as_of` is RFC
/// 3339, `on_error` is `raise` or `skip`.
///
/// ```
/// use ciem_core::wire;
///
/// let options = wire::usage_options(r#"{"as_of": "2026-11-01T00:00:00Z", "on_error": "skip"}"#)?;
/// assert!(wire::usage_options(r#"{"on_error": "pray"}"#).is_err());
/// # Ok::<(), ciem_core::Error>(())
/// ```
///
/// # Errors
/// `invalid_request` for a value that is not one of these.
pub fn usage_options(options: &str) -> Result<UsageOptions, Error> {
    let given: Loading = parse(options)?;
    let mut options = UsageOptions::default().failed_is_used(given.failed_is_used);
    if let Some(on_error) = given.on_error {
        options = options.on_error(on_error.parse()?);
    }
    if let Some(at) = given.as_of {
        options = options.as_of(instant(&at)?);
    }
    if let Some(limit) = given.max_bytes {
        options = options.max_bytes(limit);
    }
    if let Some(limit) = given.max_entries {
        options = options.max_entries(limit);
    }
    if let Some(limit) = given.max_ratio {
        options = options.max_ratio(limit);
    }
    if let Some(limit) = given.max_depth {
        options = options.max_depth(limit);
    }
    Ok(options)
}

/// Asks `usage` and answers in JSON. The verb is `coverage`, or one of [`usage_table`].
///
/// # Errors
/// `invalid_request` if the verb or the request is not known.
pub fn usage_call(usage: &Usage, verb: &str, request: &str) -> Result<String, Error> {
    match verb {
        "coverage" => text(&usage.coverage()),
        _ => usage_table(usage, verb, request, &Progress::none()).map(|table| table.to_json()),
    }
}

/// Asks `usage` a question that is answered with rows: `uses`, all that is known of each permission of each principal.
///
/// ```
/// # use ciem_core::{Progress, Usage, wire};
/// let table = wire::usage_table(&Usage::default(), "uses", "{}", &Progress::none())?;
/// assert!(table.is_empty());
/// # Ok::<(), ciem_core::Error>(())
/// ```
///
/// # Errors
/// `invalid_request` if the verb is not known; `cancelled`.
pub fn usage_table(usage: &Usage, verb: &str, request: &str, progress: &Progress) -> Result<Table, Error> {
    parse::<serde_json::Map<String, serde_json::Value>>(request)?;
    match verb {
        "uses" => collect(usage.uses(), None, &[], progress),
        _ => Err(Error::invalid("verb", "no such question")),
    }
}

/// Asks `snapshot` a question that takes usage into account; without usage as [`super::table`]. The request has `window` (`90d`
/// without it), `at` (RFC 3339; when the logs end without it), `gaps` (days of the window that may lack in the logs) and the
/// fields of the verb: for `unused` those of [`UnusedOptions`], for `assignments` those of [`AssignmentQuery`], for `rightsize_each`
/// those of [`crate::RightsizeOptions`] and `principals`, everybody without it.
///
/// ```
/// # use ciem_core::{Progress, SnapshotBuilder, Usage, wire};
/// # let mut builder = SnapshotBuilder::new();
/// # builder.add("account.json", include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.json")))?;
/// # let snapshot = builder.finish()?;
/// let request = r#"{"window": "90d", "at": "2026-11-01T00:00:00Z", "of": ["credential"]}"#;
/// let table = wire::table_with_usage(&snapshot, Some(&Usage::default()), "unused", request, &Progress::none())?;
/// assert!(table.to_json().contains(r#""kind":"credential""#));
/// # Ok::<(), ciem_core::Error>(())
/// ```
///
/// # Errors
/// `invalid_request` if the verb or the request is not known, or if neither `at` nor a log tells the time; else as
/// the verb.
pub fn table_with_usage(
    snapshot: &Snapshot,
    usage: Option<&Usage>,
    verb: &str,
    request: &str,
    progress: &Progress,
) -> Result<Table, Error> {
    let Some(usage) = usage else { return table(snapshot, verb, request, progress) };
    match verb {
        "unused" => {
            let window = window(usage, request)?;
            let unused = snapshot.unused_with(usage, &window, &parse::<UnusedOptions>(request)?, progress)?;
            collect(unused.rows().iter(), Some(unused.rows().len()), unused.assumptions(), progress)
        }
        "assignments" => {
            let query = parse::<AssignmentQuery>(request)?.used(usage, &window(usage, request)?);
            let pairs = snapshot.assignments(&query, progress)?;
            collect(pairs.iter(), Some(pairs.len()), &[], progress)
        }
        "rightsize_each" => rightsize::each(snapshot, usage, parse(request)?, progress),
        _ => Err(Error::invalid("verb", "no such question")),
    }
}

/// The window that a request about usage names; it ends with the logs where the request does not say when.
pub(super) fn window(usage: &Usage, request: &str) -> Result<Window, Error> {
    let asked: Asked = parse(request)?;
    let at = match &asked.at {
        Some(at) => instant(at)?,
        None => usage.end().ok_or_else(|| {
            Error::invalid(
                "at",
                "no log tells the time; give the end of the window, such as 2026-01-31T12:00:00Z",
            )
        })?,
    };
    Ok(Window::before(&asked.window, at)?.gaps(asked.gaps))
}
