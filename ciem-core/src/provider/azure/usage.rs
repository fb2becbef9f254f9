//! The activity log: calls of the resource manager, as the REST interface and the command line give them, and as
//! diagnostic settings write them to storage and event hubs
//! (<https://learn.microsoft.com/azure/azure-monitor/essentials/activity-log-schema>, whose last section has the second
//! form). Reads and calls on data are not in it.

use super::scope::{canonical, management_group, shown, subscription};
use crate::condition::parse_instant;
use crate::error::Error;
use crate::model::{
    Ended, LogReader, LogRecord, Logged, Network, Plane, Reading, TakeRecord, UseEvent, whole_record,
};
use crate::provider::{LogSpec, UsageSpec};
use serde_json::Value;
use std::borrow::Cow;

const LOG: &str = "activity_log";

pub(super) static USAGE: UsageSpec = UsageSpec {
    logs: &[LogSpec { name: LOG, reader: || Box::new(ActivityLog) }],
    plane,
    evidence: EVIDENCE,
    log_of: Some(log_of),
    ..UsageSpec::NONE
};

/// Reads are in no log; nor are the checks on what a call links to, such as the subnet that an interface joins or the identity
/// that a machine is given: the log has the call alone.
fn is_unlogged(permission: &str) -> bool {
    let mut parts = permission.rsplit('/');
    let (last, before) = (parts.next(), parts.next().unwrap_or_default());
    last == Some("read")
        || last == Some("action") && (before.starts_with("join") || matches!(before, "assign" | "exempt"))
}

/// The subscription or management group whose log tells of what a pattern matches.
fn log_of(pattern: &str) -> Option<&str> {
    subscription(pattern).or_else(|| management_group(pattern))
}

fn plane(permission: &str) -> Plane {
    if permission.starts_with(super::DATA) {
        Plane::Data
    } else if is_unlogged(&permission.to_ascii_lowercase()) {
        Plane::Unlogged
    } else {
        Plane::Management
    }
}

/// Claims of the caller's token.
const OBJECT_ID: &str = "http://schemas.microsoft.com/identity/claims/objectidentifier";
const METHODS: &str = "http://schemas.microsoft.com/claims/authnmethodsreferences";

/// What of the evidence is kept: which assignment of which role allowed the call.
const EVIDENCE: &[&str] = &["roleAssignmentId", "roleAssignmentScope", "roleDefinitionId"];

#[derive(Debug)]
struct ActivityLog;

impl LogReader for ActivityLog {
    fn read(&mut self, text: &str, take: &mut TakeRecord<'_>) -> Result<Reading, Error> {
        let (record, length) = match whole_record(text) {
            Ok(found) => found,
            Err(reading) => return Ok(reading),
        };
        let Some(entry) = Entry::of(&record) else { return Ok(Reading::Foreign(length)) };
        let Some(at) = instant(entry.time) else {
            return Ok(Reading::Bad("the time of a record is no instant".to_owned()));
        };
        take(entry.record(at))?;
        Ok(Reading::Read(length))
    }
}

/// Seconds since 1970.
fn instant(text: &str) -> Option<i64> {
    i64::try_from(parse_instant(text)?.div_euclid(1_000_000_000)).ok()
}

fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    let found = value.pointer(pointer)?;
    // What the interface gives as an object with a name in the user's language is a text in files.
    found.as_str().or_else(|| found.get("value")?.as_str()).filter(|text| !text.is_empty())
}

/// A record in either form.
struct Entry<'v> {
    whole: &'v Value,
    authorization: Option<&'v Value>,
    claims: Option<&'v Value>,
    time: &'v str,
    operation: &'v str,
    ended: &'v str,
    why: &'v str,
    address: Option<&'v str>,
}

impl<'v> Entry<'v> {
    fn of(whole: &'v Value) -> Option<Entry<'v>> {
        let operation = text(whole, "/operationName")?;
        let given = |pointer: &str| text(whole, pointer).unwrap_or_default();
        if let Some(time) = text(whole, "/eventTimestamp") {
            return Some(Entry {
                whole,
                authorization: whole.get("authorization"),
                claims: whole.get("claims"),
                time,
                operation,
                ended: given("/status"),
                why: text(whole, "/subStatus").or(text(whole, "/properties/statusCode")).unwrap_or_default(),
                address: text(whole, "/httpRequest/clientIpAddress").or(text(whole, "/claims/ipaddr")),
            });
        }
        // Others write records of this form to storage, too: those of the activity log have a category of its own.
        let category = text(whole, "/category")?;
        if !CATEGORIES.iter().any(|known| known.eq_ignore_ascii_case(category))
            || whole.get("resultType").is_none()
        {
            return None;
        }
        Some(Entry {
            whole,
            authorization: whole.pointer("/identity/authorization"),
            claims: whole.pointer("/identity/claims"),
            time: text(whole, "/time")?,
            operation,
            ended: given("/resultType"),
            why: text(whole, "/resultSignature")
                .or(text(whole, "/properties/statusCode"))
                .unwrap_or_default(),
            address: text(whole, "/callerIpAddress"),
        })
    }

    fn record(&self, at: i64) -> LogRecord<'v> {
        let resource = text(self.whole, "/resourceId")
            .or_else(|| text(self.authorization?, "/scope"))
            .map(|id| shown(&canonical(id)).to_owned());
        let account = resource
            .as_deref()
            .and_then(|id| log_of(&canonical(id)).map(str::to_owned))
            .or_else(|| text(self.whole, "/subscriptionId").map(str::to_ascii_lowercase));
        let permission =
            self.authorization.and_then(|given| text(given, "/action")).unwrap_or(self.operation);
        let what = self.what(at, permission, resource);
        // A call has a record when it begins, when it is accepted and when it ends: carried out, it is one use.
        let id = match (&what, text(self.whole, "/correlationId")) {
            (Logged::Use(uses, _), Some(correlation)) => {
                let ended = uses.first().map(|one| one.ended).unwrap_or_default();
                Some(Cow::Owned(format!("{correlation}/{permission}/{ended:?}").to_ascii_lowercase()))
            }
            _ => None,
        };
        LogRecord {
            id,
            at,
            account: account.map(Cow::Owned),
            region: None,
            plane: Plane::Management,
            service: Cow::Borrowed((USAGE.service_of)(permission)),
            what,
        }
    }

    fn what(&self, at: i64, permission: &'v str, resource: Option<String>) -> Logged<'v> {
        let category = text(self.whole, "/category").unwrap_or("Administrative");
        let ended = match self.ended {
            _ if !CALLS.iter().any(|known| known.eq_ignore_ascii_case(category)) => None,
            "Succeeded" | "Success" | "Accepted" | "Accept" => Some(Ended::Succeeded),
            "Failed" | "Failure" if REFUSALS.iter().any(|known| self.why.contains(known)) => {
                Some(Ended::Denied)
            }
            "Failed" | "Failure" => Some(Ended::Failed),
            // It began; how it ended is another record.
            _ => None,
        };
        let Some(ended) = ended else { return Logged::Notice };
        let claim = |name: &str| self.claims.and_then(|claims| claims.get(name)?.as_str());
        let evidence = self.authorization.and_then(|given| given.get("evidence"));
        // An assignment to a group names the group.
        let assigned = evidence.filter(|one| text(one, "/principalType") != Some("Group"));
        let caller = text(self.whole, "/caller");
        let principal = claim(OBJECT_ID).or_else(|| text(assigned?, "/principalId")).or(caller);
        let Some(principal) = principal else { return Logged::Unattributed };
        let mut event = UseEvent::at(principal.to_ascii_lowercase(), permission, at).ended(ended);
        event.plane = Some(Plane::Management);
        event.resources.extend(resource.map(Cow::Owned));
        for key in EVIDENCE {
            if let Some(value) = evidence.and_then(|one| one.get(*key)?.as_str()) {
                event = event.context(key, value.to_ascii_lowercase());
            }
        }
        event.network = self.address.and_then(Network::of);
        event.mfa = claim(METHODS).map(|methods| methods.split(',').any(|method| method.trim() == "mfa"));
        event.actor = caller.filter(|caller| !caller.eq_ignore_ascii_case(principal)).map(Cow::Borrowed);
        event.log = LOG;
        Logged::Use(vec![event], None)
    }
}

/// Categories of the log.
const CATEGORIES: &[&str] = &[
    "Administrative",
    "Write",
    "Delete",
    "Action",
    "Policy",
    "Security",
    "ServiceHealth",
    "ResourceHealth",
    "Alert",
    "Autoscale",
    "Recommendation",
];

/// Those of calls; the last three are what files had before.
const CALLS: &[&str] = &["Administrative", "Write", "Delete", "Action"];

/// Codes of calls that were refused for want of a permission.
const REFUSALS: &[&str] = &["Forbidden", "AuthorizationFailed", "LinkedAuthorizationFailed", "Unauthorized"];

#[cfg(test)]
mod tests;
