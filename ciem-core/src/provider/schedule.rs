//! Schedules of access for a time, as Graph and the resource manager write them.

use crate::condition::MissingFact;
use crate::error::Error;
use crate::provider::input::{Input, Item, Object};
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
    duration: Option<String>,
}

/// Whether an object asks for a schedule (`unifiedRoleEligibilityScheduleRequest` and its like). What comes of it stands
/// among the schedules.
pub(crate) fn is_request(members: &Object<'_>) -> bool {
    ["action", "requestType", "isValidationOnly", "targetScheduleId"].iter().any(|name| members.has(name))
}

/// Whether an object is a schedule or an instance of one, of either tier.
pub(crate) fn is_schedule(members: &Object<'_>) -> bool {
    let names = ["scheduleInfo", "memberType", "startDateTime", "endDateTime", "createdUsing", "status"];
    names.iter().any(|name| members.has(name))
}

/// Whether a schedule is of access that is active: what can be activated has no type of assignment.
pub(crate) fn is_assignment(members: &Object<'_>) -> bool {
    let names =
        ["assignmentType", "assignmentScheduleId", "roleAssignmentScheduleId", "roleAssignmentOriginId"];
    names.iter().any(|name| members.has(name))
}

/// When a plan begins and ends. A plan that tells how long it lasts (`afterDuration` of `expirationPattern` in Graph)
/// ends that long after it begins.
pub(crate) fn planned(
    input: &Input<'_>,
    item: &Item<'_>,
    info: Option<ScheduleInfo>,
) -> Result<(Option<String>, Option<String>), Error> {
    let Some(ScheduleInfo { start_date_time: from, expiration }) = info else { return Ok((None, None)) };
    let until = match expiration {
        Some(Expiration { end_date_time: None, duration: Some(duration) }) => {
            let lasts = duration.parse::<jiff::Span>().map_err(|_| {
                input.malformed(item, "how long a schedule lasts is an ISO 8601 duration, such as PT8H")
            })?;
            let from =
                instant(input, item, from.clone())?.and_then(|at| jiff::Timestamp::from_second(at).ok());
            from.and_then(|from| from.to_zoned(jiff::tz::TimeZone::UTC).checked_add(lasts).ok())
                .map(|end| end.timestamp().to_string())
        }
        Some(expiration) => expiration.end_date_time,
        None => None,
    };
    Ok((from, until))
}

/// What became of the access that a schedule is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    Given,
    /// Refused, failed, or taken back: it gives nothing.
    Ended,
    /// Asked for and not decided, or in a state that no page lists.
    Open,
}

/// By the status of a schedule or of an instance of one (`unifiedRoleScheduleBase` and `privilegedAccessSchedule` in
/// Microsoft Graph, `RoleManagementScheduleStatus` of the resource manager). The pages list the names without saying
/// more of them: what has ended is read from the names.
pub(crate) fn outcome(status: Option<&str>) -> Outcome {
    const GIVEN: &[&str] = &["Accepted", "AdminApproved", "Granted", "Provisioned", "ScheduleCreated"];
    const ENDED: &[&str] = &[
        "AdminDenied",
        "Canceled",
        "Denied",
        "Failed",
        "FailedAsResourceIsLocked",
        "Invalid",
        "Revoked",
        "TimedOut",
    ];
    let Some(status) = status.filter(|text| !text.is_empty()) else { return Outcome::Given };
    let is_in = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(status));
    match (is_in(GIVEN), is_in(ENDED)) {
        (true, _) => Outcome::Given,
        (_, true) => Outcome::Ended,
        _ => Outcome::Open,
    }
}

/// What is missing of a schedule whose request is not decided.
pub(crate) fn undecided(subject: String) -> MissingFact {
    let how = "give the schedule again once its request is decided".to_owned();
    MissingFact { fact: "outcome of a request for access".to_owned(), subject, how }
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
