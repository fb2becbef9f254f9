//! Sign-ins and audit records of the directory, as Graph gives them under `auditLogs/signIns` and
//! `auditLogs/directoryAudits` (<https://learn.microsoft.com/graph/api/resources/signin>,
//! <https://learn.microsoft.com/graph/api/resources/directoryaudit>). A sign-in proves that somebody is alive, not which
//! permission was used. Which permission an audited activity needed no document says: `ACTIVITIES` has those of which the
//! names of activity and permission tell
//! (<https://learn.microsoft.com/entra/identity/monitoring-health/reference-audit-activities>,
//! <https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference>); others count under
//! their own name, and coverage lists them.

use crate::condition::parse_instant;
use crate::error::Error;
use crate::model::{
    Ended, LogReader, LogRecord, Logged, Network, Plane, Reading, TakeRecord, UseEvent, whole_record,
};
use crate::provider::{LogSpec, UsageSpec};
use serde_json::Value;
use std::borrow::Cow;

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
const ACTIVITIES: &[(&str, &str)] = &[
    (
        "Add app role assignment grant to user",
        "microsoft.directory/servicePrincipals/appRoleAssignedTo/update",
    ),
    (
        "Add app role assignment to service principal",
        "microsoft.directory/servicePrincipals/appRoleAssignedTo/update",
    ),
    ("Add application", "microsoft.directory/applications/create"),
    ("Add device", "microsoft.directory/devices/create"),
    ("Add group", "microsoft.directory/groups/create"),
    ("Add member to group", "microsoft.directory/groups/members/update"),
    ("Add owner to application", "microsoft.directory/applications/owners/update"),
    ("Add owner to group", "microsoft.directory/groups/owners/update"),
    ("Add owner to service principal", "microsoft.directory/servicePrincipals/owners/update"),
    ("Add service principal", "microsoft.directory/servicePrincipals/create"),
    ("Add service principal credentials", "microsoft.directory/servicePrincipals/credentials/update"),
    ("Add user", "microsoft.directory/users/create"),
    ("Delete application", "microsoft.directory/applications/delete"),
    ("Delete device", "microsoft.directory/devices/delete"),
    ("Delete group", "microsoft.directory/groups/delete"),
    ("Delete user", "microsoft.directory/users/delete"),
    ("Disable account", "microsoft.directory/users/disable"),
    ("Enable account", "microsoft.directory/users/enable"),
    ("Invite external user", "microsoft.directory/users/inviteGuest"),
    ("Remove member from group", "microsoft.directory/groups/members/update"),
    ("Remove owner from application", "microsoft.directory/applications/owners/update"),
    ("Remove owner from group", "microsoft.directory/groups/owners/update"),
    ("Remove owner from service principal", "microsoft.directory/servicePrincipals/owners/update"),
    ("Remove service principal", "microsoft.directory/servicePrincipals/delete"),
    ("Remove service principal credentials", "microsoft.directory/servicePrincipals/credentials/update"),
    ("Reset user password", "microsoft.directory/users/password/update"),
    ("Restore user", "microsoft.directory/users/restore"),
    (
        "Update application \u{2013} Certificates and secrets management ",
        "microsoft.directory/applications/credentials/update",
    ),
];

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
    let known =
        ACTIVITIES.iter().find(|(name, _)| name.trim() == activity.trim()).map(|(_, permission)| *permission);
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
