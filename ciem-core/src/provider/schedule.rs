//! Schedules of access for a time, as Graph and the resource manager write them.

use crate::error::Error;
use crate::provider::input::{Input, Item};
use serde::Deserialize;

/// The plan of a schedule. An instance of one has no plan, and its times beside the rest.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScheduleInfo {
    start_date_time: Option<String>,
    expiration: Option<Expiration>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Expiration {
    end_date_time: Option<String>,
}

/// When a plan begins and ends.
pub(crate) fn planned(info: Option<ScheduleInfo>) -> (Option<String>, Option<String>) {
    match info {
        Some(info) => (info.start_date_time, info.expiration.and_then(|one| one.end_date_time)),
        None => (None, None),
    }
}

/// An instant in seconds since 1970.
///
/// # Errors
/// `malformed`, at the object.
pub(crate) fn instant(
    input: &Input<'_>,
    item: &Item<'_>,
    text: Option<String>,
) -> Result<Option<i64>, Error> {
    let Some(text) = text else { return Ok(None) };
    match text.parse::<jiff::Timestamp>() {
        Ok(at) => Ok(Some(at.as_second())),
        Err(_) => Err(input.malformed(item, "a time is RFC 3339, such as 2026-01-31T12:00:00Z")),
    }
}
