//! Context keys: which of them facts decide, and what is known of a request without asking.

use super::read::access_point_of;
use super::spec::service_of;
use super::{
    ABAC_DISABLED, ABAC_ENABLED, ACCESS_POINT, FROM_INTERNET, FROM_VPC, IDENTITY_CENTER_ROLES, TAGS_KNOWN,
};
use crate::model::{ContextValue, PrincipalKind, Session, given_value};
use crate::provider::{Fixed, KeyFact, KeyScope, KeyValue, PrincipalView, ResourceView};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Keys of AWS requests in lower case; a trailing `/` marks a prefix key.
static PRINCIPAL_KEYS: &[&str] = &[
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:principaltype",
    "aws:principaltag/",
    "aws:username",
    "aws:userid",
    "aws:principalisawsservice",
    "aws:principalservicename",
    "kms:calleraccount",
    "aws:principalorgpaths",
    "aws:principalservicenameslist",
    "aws:sourcearn",
    "aws:sourceaccount",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
];
/// Keys that are in a request only where a service calls on behalf of a resource: what a request's context says of
/// them goes before that, since who asks about such a request may know better.
static OF_SERVICES: &[&str] = &[
    "aws:principalservicenameslist",
    "aws:sourcearn",
    "aws:sourceaccount",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
];
static RESOURCE_KEYS: &[&str] = &[
    "aws:resourceaccount",
    "aws:resourceorgid",
    "aws:currenttime",
    "aws:epochtime",
    "aws:resourcetag/",
    "s3:buckettag/",
    "ec2:resourcetag/",
    "iam:resourcetag/",
    "secretsmanager:resourcetag/",
    "ssm:resourcetag/",
    "aws:resourceorgpaths",
    "s3:dataaccesspointarn",
    "s3:dataaccesspointaccount",
    "s3:accesspointnetworkorigin",
];

pub(super) fn key_scope(key: &str) -> KeyScope {
    let lower = key.to_ascii_lowercase();
    let find = |keys: &[&str]| {
        let matches = |known: &&str| lower == **known || known.ends_with('/') && lower.starts_with(*known);
        let at = keys.iter().position(matches)?;
        let known = keys.get(at).copied().unwrap_or("");
        let rest = Box::from(key.get(known.len()..).unwrap_or(""));
        let number = u8::try_from(at).unwrap_or(u8::MAX);
        Some(KeyFact { number, rest, yields: OF_SERVICES.contains(&known) })
    };
    let principal = find(PRINCIPAL_KEYS).map(KeyScope::Principal);
    principal.or_else(|| find(RESOURCE_KEYS).map(KeyScope::Resource)).unwrap_or(KeyScope::Request)
}

pub(super) fn principal_key<'a>(scope: &KeyScope, p: &PrincipalView<'a>) -> KeyValue<'a> {
    use PrincipalKind::{Account, Anonymous, Deleted, External, Federated, Role, Root, Service, User};
    let KeyScope::Principal(KeyFact { number, rest, .. }) = scope else { return KeyValue::Open };
    let name = PRINCIPAL_KEYS.get(usize::from(*number)).copied().unwrap_or("");
    let one = |text: &'a str| KeyValue::One(Cow::Borrowed(text));
    // Callers without an AWS identity have none of the keys; of an account that is not loaded only the account
    // (and the ARN of a named principal) is known.
    match (name, p.kind) {
        (_, Deleted) => KeyValue::Open,
        ("aws:principalisawsservice", Account | External) => KeyValue::One("false".into()),
        ("aws:principalisawsservice", kind) => {
            KeyValue::One(if kind == Service { "true" } else { "false" }.into())
        }
        ("aws:principalservicename", Service) => one(p.id),
        ("aws:principalservicename", _) => KeyValue::Absent,
        (name, kind) if OF_SERVICES.contains(&name) => match kind {
            Service => KeyValue::Open,
            _ => KeyValue::Absent,
        },
        ("aws:principaltype", Anonymous) => KeyValue::One("Anonymous".into()),
        // Whoever an identity provider vouches for is no AWS principal before the role is taken on.
        (_, Service | Anonymous | Federated) => KeyValue::Absent,
        ("aws:principalaccount" | "kms:calleraccount", _) => one(p.account),
        ("aws:principalorgid", _) => p.organisation.map_or(KeyValue::Open, one),
        ("aws:principalorgpaths", _) => p.organisation_path.map_or(KeyValue::Open, KeyValue::Listed),
        ("aws:principalarn", External) => one(p.id),
        // A user's or role's ARN tells what it is, wherever it lives.
        ("aws:principaltype" | "aws:username", External) => match kind_and_name(p.id) {
            Some((User, user)) if name == "aws:username" => one(user),
            Some((Role, _)) if name == "aws:username" => KeyValue::Absent,
            Some((User, _)) => KeyValue::One("User".into()),
            Some(_) => KeyValue::One("AssumedRole".into()),
            None => KeyValue::Open,
        },
        // The role of an assignment, of which only the beginning of the name is known.
        ("aws:principalarn", Role) if p.id.ends_with('*') => KeyValue::Open,
        (_, Account | External) => KeyValue::Open,
        ("aws:principalarn", _) => one(p.id),
        ("aws:principaltype", kind) => KeyValue::One(
            match kind {
                Role => "AssumedRole",
                Root => "Account",
                _ => "User",
            }
            .into(),
        ),
        ("aws:principaltag/", _) => {
            let session = p.session.and_then(|s| {
                s.tags.iter().find(|(key, _)| key.eq_ignore_ascii_case(rest)).map(|(_, value)| value.as_str())
            });
            let known = session.or_else(|| (p.tag)(rest)).map(one);
            known.unwrap_or(if is_identity_centers(p.id) { KeyValue::Open } else { KeyValue::Absent })
        }
        ("aws:username", User) => one(p.name),
        ("aws:username", _) => KeyValue::Absent,
        ("aws:userid", Root) => one(p.account),
        ("aws:userid", Role) => match (p.unique_id, p.session.and_then(|s| s.name.as_deref())) {
            (Some(id), Some(session)) => KeyValue::One(Cow::Owned(format!("{id}:{session}"))),
            _ => KeyValue::Open,
        },
        ("aws:userid", _) => p.unique_id.map_or(KeyValue::Open, one),
        _ => KeyValue::Open,
    }
}

/// Whether Identity Center made the role: its sessions may carry tags of which no export tells.
/// <https://docs.aws.amazon.com/singlesignon/latest/userguide/abac.html>
fn is_identity_centers(role: &str) -> bool {
    role.split(':').nth(5).is_some_and(|name| name.starts_with(IDENTITY_CENTER_ROLES))
}

pub(super) fn resource_key<'a>(scope: &KeyScope, r: &ResourceView<'a>) -> KeyValue<'a> {
    let KeyScope::Resource(KeyFact { number, rest, .. }) = scope else { return KeyValue::Open };
    let one = |text: Option<&'a str>| text.map_or(KeyValue::Open, |t| KeyValue::One(Cow::Borrowed(t)));
    match RESOURCE_KEYS.get(usize::from(*number)).copied().unwrap_or("") {
        "aws:resourceaccount" => one(r.account),
        "aws:resourceorgid" => one(r.organisation),
        "aws:resourceorgpaths" => r.organisation_path.map_or(KeyValue::Open, KeyValue::Listed),
        "aws:currenttime" => {
            r.at.and_then(|at| jiff::Timestamp::from_second(at).ok())
                .map_or(KeyValue::Open, |at| KeyValue::One(Cow::Owned(at.to_string())))
        }
        name if name.starts_with("s3:") && name.contains("accesspoint") => of_access_point(name, r),
        name if name.ends_with("tag/") => {
            let bucket = r.kind == Some("s3:bucket");
            // AWS-43: a bucket's tags count where attribute-based access is enabled for it.
            let counts = !bucket || r.flags & ABAC_ENABLED != 0;
            if bucket && r.flags & ABAC_DISABLED != 0 {
                KeyValue::Absent
            } else if counts && r.flags & TAGS_KNOWN != 0 {
                (r.tag)(rest).map_or(KeyValue::Absent, |value| KeyValue::One(Cow::Borrowed(value)))
            } else {
                KeyValue::Open
            }
        }
        "aws:epochtime" => r.at.map_or(KeyValue::Open, |at| KeyValue::One(Cow::Owned(at.to_string()))),
        _ => KeyValue::Open,
    }
}

/// Requests for buckets themselves have none of these keys.
fn of_access_point<'a>(name: &str, r: &ResourceView<'a>) -> KeyValue<'a> {
    let Some(asked) = r.id else { return KeyValue::Open };
    let origin = |flag| r.flags & (ACCESS_POINT | flag) == ACCESS_POINT | flag;
    match (access_point_of(asked), name) {
        (None, _) => KeyValue::Absent,
        (Some(point), "s3:dataaccesspointarn") => KeyValue::One(Cow::Borrowed(point)),
        (Some(point), "s3:dataaccesspointaccount") => {
            KeyValue::One(Cow::Borrowed(point.split(':').nth(4).unwrap_or_default()))
        }
        (Some(_), "s3:accesspointnetworkorigin") if origin(FROM_INTERNET) => {
            KeyValue::One(Cow::Borrowed("Internet"))
        }
        (Some(_), "s3:accesspointnetworkorigin") if origin(FROM_VPC) => KeyValue::One(Cow::Borrowed("VPC")),
        _ => KeyValue::Open,
    }
}

/// User or role, and its name without path.
pub(super) fn kind_and_name(arn: &str) -> Option<(PrincipalKind, &str)> {
    let (kind, path) = arn.split(':').nth(5)?.split_once('/')?;
    let kind = match kind {
        "user" => PrincipalKind::User,
        "role" | "assumed-role" => PrincipalKind::Role,
        _ => return None,
    };
    Some((kind, path.rsplit('/').next().unwrap_or(path)))
}

pub(super) const REGION: &str = "aws:RequestedRegion";

/// A resource with a region is asked for in that region. Not so with models of Bedrock: cross-region inference asks in
/// one region for a model in another.
/// <https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-prereq.html>
pub(super) fn resource_context(resource: &str) -> (&'static str, Fixed<'_>) {
    let region = resource.split(':').nth(3);
    let open = |text: &str| text.contains(['*', '?', '$']);
    let fixed = match region {
        _ if service_of(resource) == Some("bedrock") => Fixed::Nothing,
        Some("") => Fixed::Nothing,
        Some(region) if !open(region) && resource.starts_with("arn:") => Fixed::Value(region),
        _ if open(resource) => Fixed::Differently,
        _ => Fixed::Nothing,
    };
    (REGION, fixed)
}

/// Only a call with credentials of an IAM identity comes with MFA, or by way of other services.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
static OF_IDENTITIES: &[&str] =
    &["aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge", CALLED_VIA, CALLED_VIA_FIRST, CALLED_VIA_LAST];
const CALLED_VIA: &str = "aws:CalledVia";
const CALLED_VIA_FIRST: &str = "aws:CalledViaFirst";
const CALLED_VIA_LAST: &str = "aws:CalledViaLast";
const VIA_SERVICE: &str = "aws:ViaAWSService";

pub(super) fn never_has(kind: PrincipalKind) -> &'static [&'static str] {
    match kind {
        PrincipalKind::Service | PrincipalKind::Anonymous | PrincipalKind::Federated => OF_IDENTITIES,
        _ => &[],
    }
}

/// What the session and the context fix of the rest of the request's context, unless the context says it already.
pub(super) fn complete_context(
    session: Option<&Session>,
    context: &BTreeMap<String, ContextValue>,
    told: &mut BTreeMap<String, ContextValue>,
) {
    if let Some(session) = session {
        session_context(session, told);
    }
    called_via(context, told);
}

/// The keys about services that call with the caller's credentials say the same thing in several ways.
fn called_via(context: &BTreeMap<String, ContextValue>, told: &mut BTreeMap<String, ContextValue>) {
    let one = |value: &str| ContextValue::One(value.to_owned());
    let chain = match given_value(context, CALLED_VIA) {
        Some(ContextValue::Many(chain)) => chain.clone(),
        Some(ContextValue::One(service)) => vec![service.clone()],
        Some(ContextValue::Absent) => Vec::new(),
        None => {
            let direct = given_value(context, VIA_SERVICE);
            match direct {
                Some(ContextValue::One(via)) if via.eq_ignore_ascii_case("false") => Vec::new(),
                _ => return,
            }
        }
    };
    let known = match (chain.first(), chain.last()) {
        (Some(first), Some(last)) => {
            vec![(CALLED_VIA_FIRST, one(first)), (CALLED_VIA_LAST, one(last)), (VIA_SERVICE, one("true"))]
        }
        _ => [CALLED_VIA, CALLED_VIA_FIRST, CALLED_VIA_LAST].map(|key| (key, ContextValue::Absent)).into(),
    };
    told.extend(known.into_iter().map(|(key, value)| (key.to_owned(), value)));
}

fn session_context(session: &Session, context: &mut BTreeMap<String, ContextValue>) {
    let fixed = [
        ("aws:MultiFactorAuthPresent", session.mfa.map(|mfa| mfa.to_string())),
        ("aws:SourceIdentity", session.source_identity.clone()),
        ("aws:FederatedProvider", session.federated_provider.clone()),
    ];
    let without_mfa = (session.mfa == Some(false)).then_some(ContextValue::Absent);
    let fixed = fixed.map(|(key, value)| (key, value.map(ContextValue::One)));
    for (key, value) in fixed.into_iter().chain([("aws:MultiFactorAuthAge", without_mfa)]) {
        if let (Some(value), None) = (value, given_value(context, key)) {
            context.insert(key.to_owned(), value);
        }
    }
}
