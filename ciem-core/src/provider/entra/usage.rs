//! Sign-ins and audit records of the directory, as Graph gives them under `auditLogs/signIns` and
//! `auditLogs/directoryAudits` (<https://learn.microsoft.com/graph/api/resources/signin>,
//! <https://learn.microsoft.com/graph/api/resources/directoryaudit>). A sign-in proves that somebody is alive, not which
//! permission was used. Which permission an audited activity needed no document says: `catalog/entra/` has those of which
//! the names of activity and permission tell, with their sources; others count under their own name, and coverage lists
//! them.

use crate::condition::parse_instant;
use crate::error::Error;
use crate::model::{
    Ended, LogReader, LogRecord, Logged, Network, Plane, Reading, TakeRecord, UseEvent, whole_record,
};
use crate::provider::{LogSpec, UsageSpec};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

const SIGN_INS: &str = "sign_ins";
const AUDIT: &str = "directory_audit";
/// Activities without a permission of another name.
const UNNAMED: &str = "activity/";

pub(super) static USAGE: UsageSpec = UsageSpec {
    logs: &[
        LogSpec { name: SIGN_INS, reader: || Box::new(Directory { record: sign_in }) },
        LogSpec { name: AUDIT, reader: || Box::new(Directory { record: audit }) },
    ],
    // What only reads is audited nowhere.
    plane: |permission| if permission.ends_with("/read") { Plane::Unlogged } else { Plane::Management },
    ..UsageSpec::NONE
};

/// By activity: the permission that it needs.
static ACTIVITIES: LazyLock<BTreeMap<&'static str, &'static str>> = LazyLock::new(|| {
    let lines = include_str!("../../../catalog/entra/audit-activities.txt").lines();
    lines.filter_map(|line| line.split_once('\t')).collect()
});

/// Reads the records of one of the two logs.
#[derive(Debug)]
struct Directory {
    record: for<'v> fn(&'v Value) -> Found<'v>,
}

/// What a record turned out to be.
enum Found<'v> {
    Record(LogRecord<'v>),
    Foreign,
    /// It has no time.
    Timeless,
}

impl LogReader for Directory {
    fn read(&mut self, text: &str, take: &mut TakeRecord<'_>) -> Result<Reading, Error> {
        let (record, length) = match whole_record(text) {
            Ok(found) => found,
            Err(reading) => return Ok(reading),
        };
        match (self.record)(&record) {
            Found::Record(found) => take(found).map(|()| Reading::Read(length)),
            Found::Foreign => Ok(Reading::Foreign(length)),
            Found::Timeless => Ok(Reading::Bad("the time of a record is no instant".to_owned())),
        }
    }
}

fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer)?.as_str().filter(|text| !text.is_empty())
}

fn instant(text: &str) -> Option<i64> {
    i64::try_from(parse_instant(text)?.div_euclid(1_000_000_000)).ok()
}

fn record<'v>(value: &'v Value, at: i64, what: Logged<'v>) -> LogRecord<'v> {
    LogRecord {
        id: text(value, "/id").map(Cow::Borrowed),
        at,
        // The directory is not named.
        account: None,
        region: None,
        plane: Plane::Management,
        service: Cow::Borrowed("microsoft.directory"),
        what,
    }
}

fn sign_in(value: &Value) -> Found<'_> {
    let (Some(time), true, true) =
        (text(value, "/createdDateTime"), value.get("appId").is_some(), value.get("status").is_some())
    else {
        return Found::Foreign;
    };
    let Some(at) = instant(time) else { return Found::Timeless };
    // A service principal's own; a person's name the application that they used beside.
    let person = text(value, "/userId").filter(|id| !id.trim_matches(['0', '-']).is_empty());
    let principal = person.or_else(|| text(value, "/servicePrincipalId"));
    let succeeded = value.pointer("/status/errorCode").and_then(Value::as_i64) == Some(0);
    let key = text(value, "/servicePrincipalCredentialKeyId").filter(|_| person.is_none());
    let what = match principal {
        None => Logged::Unattributed,
        Some(_) if !succeeded => Logged::Notice,
        Some(principal) => Logged::SignIn(
            Cow::Owned(principal.to_ascii_lowercase()),
            Cow::Borrowed(key.unwrap_or("sign_in")),
        ),
    };
    Found::Record(record(value, at, what))
}

fn audit(value: &Value) -> Found<'_> {
    let (Some(time), Some(activity)) =
        (text(value, "/activityDateTime"), text(value, "/activityDisplayName"))
    else {
        return Found::Foreign;
    };
    let Some(at) = instant(time) else { return Found::Timeless };
    let by = |pointer: &str| text(value, pointer);
    let principal = by("/initiatedBy/user/id").or_else(|| by("/initiatedBy/app/servicePrincipalId"));
    let ended = match by("/result") {
        Some("success") => Ended::Succeeded,
        Some("failure") => Ended::Failed,
        _ => return Found::Record(record(value, at, Logged::Notice)),
    };
    let Some(principal) = principal else { return Found::Record(record(value, at, Logged::Unattributed)) };
    let known = ACTIVITIES.get(activity.trim()).copied();
    let permission = known.map_or_else(|| Cow::Owned(format!("{UNNAMED}{activity}")), Cow::Borrowed);
    let mut event = UseEvent::at(principal.to_ascii_lowercase(), permission, at).ended(ended);
    event.plane = Some(Plane::Management);
    let targets = value.get("targetResources").and_then(Value::as_array).into_iter().flatten();
    event
        .resources
        .extend(targets.filter_map(|one| Some(Cow::Owned(text(one, "/id")?.to_ascii_lowercase()))));
    event.network = by("/initiatedBy/user/ipAddress").and_then(Network::of);
    event.actor = by("/initiatedBy/user/userPrincipalName").map(Cow::Borrowed);
    event.log = AUDIT;
    let unknown = known.is_none().then_some(Cow::Borrowed(activity));
    Found::Record(record(value, at, Logged::Use(vec![event], unknown)))
}

#[cfg(test)]
mod tests;
