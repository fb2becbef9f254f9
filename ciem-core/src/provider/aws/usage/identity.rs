//! Who made a call: the principal that holds the grants, and the person or workload behind its session.

use super::cloudtrail::Lazy;
use super::record::{Additional, Object, Record, UserIdentity};
use std::borrow::Cow;

/// Who made a call.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Caller<'a> {
    /// Full id: of a session the role's.
    pub(super) principal: Cow<'a, str>,
    /// Behind a session: source identity, person of a directory, or the session's name.
    pub(super) actor: Option<Cow<'a, str>>,
}

/// The caller of a record; none where the log does not tell.
pub(super) fn caller<'a>(identity: &'a UserIdentity<'_>, parameters: &'a Lazy<'_>) -> Option<Caller<'a>> {
    let arn = identity.arn.get();
    let session = &identity.session_context.0;
    let issuer = session.session_issuer.0.arn.get();
    let plain = |principal: &'a str| Some(Caller { principal: Cow::Borrowed(principal), actor: None });
    match identity.kind.get() {
        Some("AssumedRole" | "Role") | None if arn.is_some_and(|arn| arn.contains(":assumed-role/")) => {
            let arn = arn?;
            let name = arn.rsplit('/').next();
            let actor = session.source_identity.get().or(identity.on_behalf_of.0.user_id.get()).or(name);
            let principal =
                issuer.map_or_else(|| role_of(arn).map(Cow::Owned), |issuer| Some(Cow::Borrowed(issuer)))?;
            Some(Caller { principal, actor: actor.map(Cow::Borrowed) })
        }
        // A session that a user made for somebody has at most the user's permissions.
        Some("FederatedUser") => {
            let actor = arn.and_then(|arn| arn.rsplit('/').next()).map(Cow::Borrowed);
            issuer.map(|issuer| Caller { principal: Cow::Borrowed(issuer), actor })
        }
        Some("AWSService") => identity.invoked_by.get().and_then(plain),
        Some("SAMLUser" | "WebIdentityUser") => {
            let named = parameters.get().get("principalArn").filter(|arn| arn.starts_with("arn:"));
            let provider = named.or(identity.identity_provider.get())?;
            let actor = identity.user_name.get().map(Cow::Borrowed);
            Some(Caller { principal: Cow::Borrowed(provider), actor })
        }
        Some("Root") => match arn {
            Some(arn) => plain(arn),
            None => {
                let account = identity.account_id.get()?;
                Some(Caller { principal: Cow::Owned(format!("arn:aws:iam::{account}:root")), actor: None })
            }
        },
        _ => arn.or(issuer).filter(|arn| arn.starts_with("arn:")).and_then(plain),
    }
}

/// The role of a session whose issuer is not told. The path of the role is not in the session's name.
fn role_of(session: &str) -> Option<String> {
    let mut segments = session.splitn(6, ':');
    let (partition, account) = (segments.nth(1)?, segments.nth(2)?);
    let role = segments.next()?.strip_prefix("assumed-role/")?.split('/').next()?;
    Some(format!("arn:{partition}:iam::{account}:role/{role}"))
}

/// The long-term credential of a call: keys of sessions are made for each session.
pub(super) fn credential<'a>(identity: &'a UserIdentity<'_>) -> Option<Cow<'a, str>> {
    identity.access_key_id.get().filter(|key| key.starts_with("AKIA")).map(Cow::Borrowed)
}

/// Whether the caller had shown a second factor, as far as the record tells.
pub(super) fn mfa(record: &Record<'_>) -> Option<bool> {
    let yes = |told: &str| told.eq_ignore_ascii_case("true") || told.eq_ignore_ascii_case("yes");
    if let Some(told) = record.user_identity.0.session_context.0.attributes.0.mfa_authenticated.get() {
        return Some(yes(told));
    }
    if !record.event_type.is("AwsConsoleSignIn") {
        return None;
    }
    let more: Object<Additional<'_>> = record.additional_event_data.read();
    more.0.mfa_used.get().map(yes)
}
