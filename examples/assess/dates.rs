//! Dates in tags and on the command line.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::time::{SystemTime, UNIX_EPOCH};

/// The instant of an RFC 3339 text; of a date its first moment in UTC.
pub(crate) fn start(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| midnight(text.parse().ok()?))
}

/// The instant of an RFC 3339 text; of a date, which counts in full, its last moment in UTC.
pub(crate) fn end(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| midnight(text.parse::<Date>().ok()?.tomorrow().ok()?))
}

fn midnight(date: Date) -> Option<Timestamp> {
    Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

pub(crate) fn now() -> Option<Timestamp> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    Timestamp::from_second(i64::try_from(since.as_secs()).ok()?).ok()
}
