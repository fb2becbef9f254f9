//! Credentials and their use: the credential report, access keys, MFA devices, and service last accessed details.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html> has the columns of the
//! report; <https://docs.aws.amazon.com/IAM/latest/APIReference/> the answers.

use super::Page;
use super::text::{Arn, When};
use crate::base::Text;
use crate::condition::parse_base64;
use crate::error::{Error, Place};
use crate::model::usage::{AccessedRecord, CredentialKind, CredentialRecord, Used};
use crate::model::{Facts, FileReport, SourceId};
use crate::provider::aws::document::is_account;
use crate::provider::aws::document::json::Str;
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct AccessKey<'a> {
    #[serde(borrow, rename = "UserName")]
    user: Option<Str<'a>>,
    #[serde(borrow, rename = "AccessKeyId")]
    id: Str<'a>,
    #[serde(borrow, rename = "Status")]
    status: Option<Str<'a>>,
    #[serde(rename = "CreateDate", default)]
    created: When,
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct KeyUse<'a> {
    #[serde(rename = "LastUsedDate", default)]
    at: When,
    #[serde(borrow, rename = "Region")]
    region: Option<Str<'a>>,
    #[serde(borrow, rename = "ServiceName")]
    service: Option<Str<'a>>,
}

/// A device, virtual or not; the list of virtual ones names the user by ARN.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct Device<'a> {
    #[serde(borrow, rename = "SerialNumber")]
    serial: Str<'a>,
    #[serde(borrow, rename = "UserName")]
    user: Option<Str<'a>>,
    #[serde(borrow, rename = "User")]
    owner: Option<DeviceOwner<'a>>,
    #[serde(rename = "EnableDate", default)]
    enabled: When,
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct DeviceOwner<'a> {
    #[serde(borrow, rename = "Arn")]
    arn: Option<Arn<'a>>,
}

/// One of `get-service-last-accessed-details`.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct Service<'a> {
    #[serde(borrow, rename = "ServiceNamespace")]
    namespace: Str<'a>,
    #[serde(rename = "LastAuthenticated", default)]
    at: When,
    #[serde(borrow, rename = "LastAuthenticatedRegion")]
    region: Option<Str<'a>>,
    #[serde(borrow, rename = "TrackedActionsLastAccessed")]
    actions: Option<Vec<Action<'a>>>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct Action<'a> {
    #[serde(borrow, rename = "ActionName")]
    name: Str<'a>,
    #[serde(rename = "LastAccessedTime", default)]
    at: When,
    #[serde(borrow, rename = "LastAccessedRegion")]
    region: Option<Str<'a>>,
}

pub(super) fn is_report(page: &Page<'_>) -> bool {
    page.report.is_some() && page.report_format.as_deref().is_none_or(|format| format == "text/csv")
}

pub(super) fn is_credentials(page: &Page<'_>) -> bool {
    page.access_keys.is_some()
        || page.key_use.is_some()
        || page.devices.is_some()
        || page.virtual_devices.is_some()
}

pub(super) fn records(page: &Page<'_>) -> usize {
    let services = page.services.iter().flatten().map(|s| 1 + s.actions.as_ref().map_or(0, Vec::len));
    page.access_keys.as_ref().map_or(0, Vec::len)
        + usize::from(page.key_use.is_some())
        + page.devices.as_ref().map_or(0, Vec::len)
        + page.virtual_devices.as_ref().map_or(0, Vec::len)
        + services.sum::<usize>()
}

/// What must be known of a page before anything of it is kept.
pub(super) fn check(page: &Page<'_>, place: &Place) -> Result<(), Error> {
    if page.services.is_some() && page.arn.is_none() {
        let reason = "the answer does not say whose use it is about; put `Arn`, as given to \
                      generate-service-last-accessed-details, beside it";
        return Err(Error::malformed(reason, place.clone()));
    }
    if page.services.is_some() && page.job_status.as_deref().is_some_and(|status| status != "COMPLETED") {
        let reason = "the report was not finished when it was fetched; ask for it again";
        return Err(Error::malformed(reason, place.clone()));
    }
    if page.key_use.is_some() && page.access_key_id.is_none() {
        let reason = "the answer does not say which key it is about; put `AccessKeyId` beside it";
        return Err(Error::malformed(reason, place.clone()));
    }
    Ok(())
}

pub(super) fn keep(facts: &mut Facts, source: SourceId, page: &Page<'_>) {
    let account = page.account_id.as_ref().map(|account| facts.text(account.as_str()));
    for key in page.access_keys.iter().flatten() {
        let Some(user) = &key.user else { continue };
        let active = key.status.as_ref().map(|status| &**status == "Active");
        let (id, user) = (Some(facts.text(&key.id)), facts.text(user));
        let (kind, changed, used) = (CredentialKind::AccessKey, key.created.0, Used::default());
        let record = CredentialRecord { principal: user, kind, id, active, changed, used, source };
        facts.usage.by_name.push((account, user, record));
    }
    if let (Some(usage), Some(id)) = (&page.key_use, &page.access_key_id) {
        let text = |facts: &mut Facts, text: &Option<Str<'_>>| {
            text.as_deref().filter(|text| *text != "N/A").map(|text| facts.text(text))
        };
        let (region, service) = (text(facts, &usage.region), text(facts, &usage.service));
        let id = facts.text(id);
        let known = facts.usage.by_key.entry(id).or_default();
        *known = known.latest(Used { at: usage.at.0, region, service });
    }
    for device in page.devices.iter().chain(&page.virtual_devices).flatten() {
        let id = Some(facts.text(&device.serial));
        let owner =
            device.owner.as_ref().and_then(|owner| owner.arn.as_ref()).map(|arn| facts.text(arn.as_str()));
        let Some(user) = owner.or_else(|| device.user.as_ref().map(|user| facts.text(user))) else {
            continue;
        };
        let (kind, changed, used) = (CredentialKind::Mfa, device.enabled.0, Used::default());
        let record =
            CredentialRecord { principal: user, kind, id, active: Some(true), changed, used, source };
        if owner.is_some() {
            facts.usage.credentials.push(record);
            continue;
        }
        // The serial number of a virtual device is an ARN, which tells the account.
        let of_serial = device.serial.split(':').nth(4).filter(|account| is_account(account));
        let account = of_serial.map(|account| facts.text(account)).or(account);
        facts.usage.by_name.push((account, user, record));
    }
}

pub(super) fn keep_accessed(facts: &mut Facts, source: SourceId, page: &Page<'_>) {
    let Some(arn) = &page.arn else { return };
    let principal = facts.text(arn.as_str());
    let as_of = page.job_created.0;
    for service in page.services.iter().flatten() {
        let namespace = facts.text(&service.namespace);
        let region = service.region.as_ref().map(|region| facts.text(region));
        let at = service.at.0;
        let permission = None;
        facts.usage.accessed.push(AccessedRecord {
            principal,
            service: namespace,
            permission,
            at,
            region,
            as_of,
            source,
        });
        if at.is_some() {
            facts.usage.used(principal, Used { at, region, service: Some(namespace) });
        }
        for action in service.actions.iter().flatten() {
            let name = match action.name.contains(':') {
                true => Cow::Borrowed(&*action.name),
                false => Cow::Owned(format!("{}:{}", &*service.namespace, &*action.name)),
            };
            let permission = Some(facts.text(&name));
            let region = action.region.as_ref().map(|region| facts.text(region));
            facts.usage.accessed.push(AccessedRecord {
                principal,
                service: namespace,
                permission,
                at: action.at.0,
                region,
                as_of,
                source,
            });
        }
    }
}

const HEADER: &str = "user,arn,user_creation_time,";

/// Whether a text is a credential report.
pub(super) fn is_csv(text: &str) -> bool {
    text.starts_with(HEADER)
}

/// The text of the report inside an answer: base64 as the CLI writes it, or decoded by a tool.
pub(super) fn report_text<'p>(page: &'p Page<'_>, place: &Place) -> Result<Cow<'p, str>, Error> {
    let content = page.report.as_deref().unwrap_or_default();
    if is_csv(content) {
        return Ok(Cow::Borrowed(content));
    }
    let bytes: Option<Vec<u8>> = parse_base64(&content.split_whitespace().collect::<String>());
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.filter(|text| is_csv(text)).map(Cow::Owned).ok_or_else(|| {
        let reason =
            "`Content` is no credential report in base64; fetch it again with aws iam get-credential-report";
        Error::malformed(reason, place.clone().at("/Content"))
    })
}

/// One row of the report: its cells by column.
type Row = BTreeMap<String, String>;

/// The rows of a report, all of which can be read.
pub(super) fn rows(text: &str, place: &Place) -> Result<Vec<Row>, Error> {
    let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
    let failure = |error: csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        let place = place.clone().line(line);
        Error::malformed(format!("not a credential report: {error}; fetch it again"), place)
    };
    let columns: Vec<String> = reader.headers().map_err(failure)?.iter().map(str::to_owned).collect();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(failure)?;
        let line = record.position().map_or(1, csv::Position::line);
        let row: Row = columns.iter().cloned().zip(record.iter().map(str::to_owned)).collect();
        if row.get("arn").and_then(|arn| Arn::new(Str(Cow::Borrowed(arn)))).is_none() {
            let place = place.clone().line(line);
            return Err(Error::malformed("the row has no ARN in the column `arn`; fetch it again", place));
        }
        rows.push(row);
    }
    Ok(rows)
}

/// Keeps a report that came as CSV.
pub(super) fn keep_csv(facts: &mut Facts, name: &str, text: &str) -> Result<(), Error> {
    let rows = rows(text, &Place::source(name))?;
    let kind = "aws.credential_report".to_owned();
    let report = FileReport { name: name.to_owned(), kind, records: rows.len() as u64, errors: Vec::new() };
    let source = facts.source(report);
    keep_rows(facts, source, &rows);
    Ok(())
}

pub(super) fn keep_rows(facts: &mut Facts, source: SourceId, rows: &[Row]) {
    for row in rows {
        keep_row(facts, source, row);
    }
}

fn keep_row(facts: &mut Facts, source: SourceId, row: &Row) {
    // Cells without a value hold one of these words.
    let cell = |name: &str| {
        let text = row.get(name).map(String::as_str)?;
        (!matches!(text, "" | "N/A" | "no_information" | "not_supported")).then_some(text)
    };
    let flag = |name: &str| cell(name).map(|text| text.eq_ignore_ascii_case("true"));
    let when = |name: &str| cell(name).and_then(|text| When::parse(text).0);
    let Some(arn) = row.get("arn") else { return };
    let principal = facts.text(arn);
    let add = |facts: &mut Facts, kind, id: Option<&str>, active, changed, used: Used| {
        let id: Option<Text> = id.map(|id| facts.text(id));
        if used.at.is_some() {
            facts.usage.used(principal, used);
        }
        facts.usage.credentials.push(CredentialRecord { principal, kind, id, active, changed, used, source });
    };
    // The root user always has a password; of its use the report tells.
    let root = row.get("password_enabled").is_some_and(|text| text == "not_supported");
    let password = Used { at: when("password_last_used"), ..Used::default() };
    let enabled = flag("password_enabled").or(root.then_some(true));
    if enabled == Some(true) || password.at.is_some() {
        let changed = when("password_last_changed");
        add(facts, CredentialKind::Password, None, enabled, changed, password);
    }
    if flag("mfa_active") == Some(true) {
        add(facts, CredentialKind::Mfa, None, Some(true), None, Used::default());
    }
    for (kind, prefix) in [
        (CredentialKind::AccessKey, "access_key_1"),
        (CredentialKind::AccessKey, "access_key_2"),
        (CredentialKind::SigningCertificate, "cert_1"),
        (CredentialKind::SigningCertificate, "cert_2"),
    ] {
        let column = |name: &str| format!("{prefix}_{name}");
        let changed = when(&column("last_rotated"));
        let active = flag(&column("active"));
        if changed.is_none() && active != Some(true) {
            continue;
        }
        let region = cell(&column("last_used_region")).map(|text| facts.text(text));
        let service = cell(&column("last_used_service")).map(|text| facts.text(text));
        let used = Used { at: when(&column("last_used_date")), region, service };
        add(facts, kind, Some(prefix), active, changed, used);
    }
    facts.usage.reported.insert(principal);
}

#[cfg(test)]
mod tests;
