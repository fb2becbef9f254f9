//! What AWS declares of itself: layers, facts, callers, and where context keys come from.

use super::becoming::BECOMING;
use super::rule::{self, rule};
use super::{
    ABAC_DISABLED, ABAC_ENABLED, ARN, BOUNDARY, ENDPOINT, IDENTITY, IDENTITY_CENTER_ROLES, PUBLIC_BLOCK,
    PUBLIC_POLICY, RCP, RESOURCE, RESTRICTS_PUBLIC, SCP, SERVICE_LINKED, SESSION, TAGS_KNOWN, TRUST,
};
use crate::model::{Catalog, ContextValue, LayerId, PrincipalKind, Session, WhoEntry};
use crate::provider::{
    Binding, Caller, FactSpec, KeyScope, KeyValue, LayerSpec, PrincipalTraits, PrincipalView, Provider,
    ResourceTraits, ResourceView, RuleTable, rule_table,
};
use crate::truth::{Evaluator, FactId, Outcome, StrengthId, Truth};
use std::borrow::Cow;
use std::collections::BTreeMap;

pub(crate) static PROVIDER: Provider = Provider {
    name: "aws",
    syntax: ARN,
    key_segments: [2, 4],
    layers: LAYERS,
    facts: FACTS,
    rules: rule_table!(rule),
    catalog: super::catalog::builtin,
    read: super::read::read,
    finish: super::read::finish,
    simulate: super::simulate::build,
    inclusion: &super::inclusion::INCLUSION,
    document: super::document::for_request,
    missing_policy: ("policy document", "aws iam get-account-authorization-details, or get-policy-version"),
    missing_group: ("group", "aws iam get-account-authorization-details, without a filter"),
    inputs: super::read::INPUTS,
    strength,
    principal_facts,
    permission_facts,
    resource_facts,
    becoming: BECOMING,
    covered,
    carrier,
    key_scope,
    principal_key,
    resource_key,
    caller,
    can_have_policy,
    is_guardrail: |id| !id.starts_with("arn:"),
    session_context,
    delegating: Some(rule::DELEGATING),
    account_of,
    assumed_resource,
};

const fn layer(
    id: LayerId,
    name: &'static str,
    binding: Binding,
    grants: bool,
    missing: (&'static str, &'static str),
) -> LayerSpec {
    LayerSpec { id, name, binding, grants, required_for: None, missing }
}

static LAYERS: &[LayerSpec] = &[
    layer(
        IDENTITY,
        "identity",
        Binding::Principal,
        true,
        ("identity policies", "aws iam get-account-authorization-details, in the account of the principal"),
    ),
    layer(
        RESOURCE,
        "resource",
        Binding::Resource,
        true,
        ("resource policy", "the get-…-policy command of the service, such as aws s3api get-bucket-policy"),
    ),
    LayerSpec {
        id: TRUST,
        name: "trust",
        binding: Binding::Resource,
        grants: true,
        required_for: Some(rule::TRUSTING),
        missing: ("trust policy", "aws iam get-account-authorization-details, in the account of the role"),
    },
    layer(
        BOUNDARY,
        "permissions_boundary",
        Binding::Principal,
        false,
        ("permissions boundary", "aws iam get-account-authorization-details"),
    ),
    layer(SESSION, "session_policy", Binding::Request, false, ("session policy", "give it in `session`")),
    layer(
        SCP,
        "scp",
        Binding::PrincipalScope,
        false,
        ("service control policies", "aws organizations list-policies-for-target, for each node of the tree"),
    ),
    layer(
        RCP,
        "rcp",
        Binding::ResourceScope,
        false,
        (
            "resource control policies",
            "aws organizations list-policies-for-target, for each node of the tree",
        ),
    ),
    layer(
        ENDPOINT,
        "vpc_endpoint",
        Binding::Context("aws:SourceVpce"),
        false,
        ("VPC endpoint policy", "aws ec2 describe-vpc-endpoints"),
    ),
    layer(
        PUBLIC_BLOCK,
        "s3_block_public_access",
        Binding::Rule,
        false,
        ("public access block", "aws s3api get-public-access-block"),
    ),
];

/// By [`FactId`], as `rule.rs` numbers them.
static FACTS: &[FactSpec] = &[
    FactSpec::SameAccount,
    FactSpec::Permission,
    FactSpec::Permission,
    FactSpec::Permission,
    FactSpec::Permission,
    FactSpec::Principal,
    FactSpec::Principal,
    FactSpec::Principal,
    FactSpec::Resource,
    FactSpec::Principal,
    FactSpec::Principal,
    FactSpec::Principal,
    FactSpec::Resource,
];

fn bit(fact: FactId) -> u32 {
    1 << fact.0
}

fn bits(facts: &[(FactId, bool)]) -> u32 {
    facts.iter().filter(|(_, holds)| *holds).fold(0, |all, (fact, _)| all | bit(*fact))
}

fn principal_facts(p: &PrincipalTraits) -> u32 {
    let outsider =
        matches!(p.kind, PrincipalKind::Service | PrincipalKind::Anonymous | PrincipalKind::Federated);
    let linked = p.flags & SERVICE_LINKED != 0;
    bits(&[
        (rule::OUTSIDER, outsider),
        (rule::SCP_EXEMPT, outsider || linked || p.management_account),
        (rule::RCP_EXEMPT_CALLER, linked),
        (rule::ROOT, p.kind == PrincipalKind::Root),
        (rule::BOUNDED, p.bounded),
        (rule::SERVICE_CALLER, p.kind == PrincipalKind::Service),
    ])
}

fn permission_facts(catalog: &Catalog, name: &str) -> u32 {
    let name = name.to_ascii_lowercase();
    let (service, action) = name.split_once(':').unwrap_or((&name, ""));
    let trusting = service == "sts"
        && (action.starts_with("assumerole") || action == "tagsession" || action == "setsourceidentity");
    bits(&[
        (rule::FREE, service == "sts" && action == "getcalleridentity"),
        (rule::TRUSTING, trusting),
        (rule::DELEGATING, trusting || service == "kms"),
        (rule::RCP_SERVICE, catalog.supports_rcp(service)),
    ])
}

fn resource_facts(r: &ResourceTraits) -> u32 {
    let restricted = RESTRICTS_PUBLIC | PUBLIC_POLICY;
    bits(&[
        (rule::RCP_EXEMPT_RESOURCE, r.management_account),
        (rule::PUBLIC_RESTRICTED, r.flags & restricted == restricted),
    ])
}

fn strength(entry: WhoEntry, kind: PrincipalKind) -> Option<StrengthId> {
    match entry {
        WhoEntry::Anyone if kind == PrincipalKind::Federated => None,
        WhoEntry::Anyone => Some(rule::STAR),
        WhoEntry::Account(_) => Some(rule::ACCOUNT),
        WhoEntry::Session { .. } => Some(rule::ROLE_SESSION),
        WhoEntry::Principal(_) | WhoEntry::UniqueId(_) => Some(match kind {
            PrincipalKind::User => rule::USER,
            PrincipalKind::Root => rule::ACCOUNT,
            _ => rule::ROLE,
        }),
        WhoEntry::Service(_) => Some(rule::SERVICE),
        WhoEntry::Federated(_) => Some(rule::FEDERATED),
        WhoEntry::Nobody => None,
    }
}

/// A bucket's policy speaks for its objects too (AWS-28).
fn covered(id: &str) -> Vec<String> {
    let mut patterns = vec![id.to_owned()];
    match (service_of(id), id.splitn(6, ':').nth(5)) {
        (Some("s3"), _) if !id.contains('/') => patterns.push(format!("{id}/*")),
        (Some("execute-api"), Some(api)) if !api.contains('/') => patterns.push(format!("{id}/*")),
        (Some("es"), Some(domain)) if domain.split('/').count() == 2 => patterns.push(format!("{id}/*")),
        (Some("dynamodb"), Some(table)) if table.split('/').count() == 2 => {
            patterns.push(format!("{id}/index/*"));
        }
        // The policy of the catalog speaks for all databases and tables of account and region.
        (Some("glue"), Some("catalog")) => {
            patterns = id.strip_suffix("catalog").map(|all| format!("{all}*")).into_iter().collect();
        }
        _ => {}
    }
    patterns
}

/// The resource whose policy speaks for `id`: the bucket of an object, the function of a version or alias.
fn carrier(id: &str) -> Option<Cow<'_, str>> {
    // Everything up to the n-th slash, where more follows.
    let upto =
        |count: usize| id.match_indices('/').nth(count).and_then(|(at, _)| id.get(..at)).map(Cow::Borrowed);
    match service_of(id)? {
        "s3" | "execute-api" => upto(0),
        "es" => upto(1),
        "dynamodb" if id.contains("/index/") => upto(1),
        "lambda" => {
            let (function, _) = id.rsplit_once(':')?;
            (function.split(':').count() == 7).then_some(Cow::Borrowed(function))
        }
        "glue" => {
            let at = id.match_indices(':').nth(4).map(|(at, _)| at)?;
            id.get(..=at).map(|all| Cow::Owned(format!("{all}catalog")))
        }
        _ => None,
    }
}

fn service_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(2)
}

fn account_of(arn: &str) -> Option<String> {
    let account = arn.split(':').nth(4)?;
    (!account.is_empty() && !account.contains(['*', '?'])).then(|| account.to_owned())
}

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
];

fn key_scope(key: &str) -> KeyScope {
    let lower = key.to_ascii_lowercase();
    let find = |keys: &[&str]| {
        let matches = |known: &&str| lower == **known || known.ends_with('/') && lower.starts_with(*known);
        let at = keys.iter().position(matches)?;
        let rest = keys.get(at).and_then(|k| key.get(k.len()..)).unwrap_or("");
        Some((u8::try_from(at).unwrap_or(u8::MAX), Box::from(rest)))
    };
    if let Some((number, rest)) = find(PRINCIPAL_KEYS) {
        KeyScope::Principal(number, rest)
    } else if let Some((number, rest)) = find(RESOURCE_KEYS) {
        KeyScope::Resource(number, rest)
    } else {
        KeyScope::Request
    }
}

fn principal_key<'a>(scope: &KeyScope, p: &PrincipalView<'a>) -> KeyValue<'a> {
    use PrincipalKind::{Account, Anonymous, Deleted, External, Federated, Role, Root, Service, User};
    let KeyScope::Principal(number, rest) = scope else { return KeyValue::Open };
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
        ("aws:principaltype", Anonymous) => KeyValue::One("Anonymous".into()),
        // Whoever an identity provider vouches for is no AWS principal before the role is taken on.
        (_, Service | Anonymous | Federated) => KeyValue::Absent,
        ("aws:principalaccount" | "kms:calleraccount", _) => one(p.account),
        ("aws:principalorgid", _) => p.organisation.map_or(KeyValue::Open, one),
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

fn resource_key<'a>(scope: &KeyScope, r: &ResourceView<'a>) -> KeyValue<'a> {
    let KeyScope::Resource(number, rest) = scope else { return KeyValue::Open };
    let one = |text: Option<&'a str>| text.map_or(KeyValue::Open, |t| KeyValue::One(Cow::Borrowed(t)));
    match RESOURCE_KEYS.get(usize::from(*number)).copied().unwrap_or("") {
        "aws:resourceaccount" => one(r.account),
        "aws:resourceorgid" => one(r.organisation),
        "aws:currenttime" => {
            r.at.and_then(|at| jiff::Timestamp::from_second(at).ok())
                .map_or(KeyValue::Open, |at| KeyValue::One(Cow::Owned(at.to_string())))
        }
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

fn caller(text: &str) -> Option<Caller> {
    let plain = |kind| Some(Caller { kind, account: None, session_of: None });
    if text == "anonymous" {
        return plain(PrincipalKind::Anonymous);
    }
    let Some(rest) = text.strip_prefix("arn:") else {
        let service =
            [".amazonaws.com", ".amazonaws.com.cn", ".amazon.com"].iter().any(|s| text.ends_with(s));
        return if service { plain(PrincipalKind::Service) } else { None };
    };
    let mut segments = rest.splitn(5, ':');
    let (service, account, name) = (segments.nth(1)?, segments.nth(1)?, segments.next()?);
    let account = (!account.is_empty()).then(|| account.to_owned());
    let of = |kind| Some(Caller { kind, account: account.clone(), session_of: None });
    match (service, name.split_once('/')) {
        ("sts", Some(("assumed-role", session))) => {
            let (role, session) = session.split_once('/')?;
            let session_of = Some((role.to_owned(), session.to_owned()));
            Some(Caller { kind: PrincipalKind::Role, account, session_of })
        }
        ("iam", None) if name == "root" => of(PrincipalKind::Root),
        ("iam", Some(("saml-provider" | "oidc-provider", _))) => of(PrincipalKind::Federated),
        ("iam" | "sts", Some(_)) => of(PrincipalKind::External),
        _ => None,
    }
}

/// Services whose resources carry policies of their own, by the service segment of their ARNs (AWS services that
/// work with IAM, column "resource-based policies").
static WITH_POLICIES: &[&str] = &[
    "acm-pca",
    "aoss",
    "apigateway",
    "backup",
    "backup-storage",
    "bedrock",
    "cloudtrail",
    "codeartifact",
    "codebuild",
    "dynamodb",
    "ecr",
    "elasticfilesystem",
    "es",
    "events",
    "execute-api",
    "glacier",
    "glue",
    "kafka",
    "kinesis",
    "kms",
    "lambda",
    "lex",
    "logs",
    "mediastore",
    "network-firewall",
    "opensearch",
    "rds",
    "redshift-serverless",
    "resource-groups",
    "s3",
    "s3-object-lambda",
    "s3-outposts",
    "s3express",
    "schemas",
    "secretsmanager",
    "serverlessrepo",
    "ses",
    "signer",
    "sns",
    "sqs",
    "ssm",
    "ssm-contacts",
    "ssm-incidents",
    "vpc-lattice",
];

fn can_have_policy(arn: &str) -> bool {
    match service_of(arn) {
        Some("iam") => arn.contains(":role/"),
        Some(service) => service.contains(['*', '?']) || WITH_POLICIES.binary_search(&service).is_ok(),
        None => true,
    }
}

/// User or role, and its name without path.
fn kind_and_name(arn: &str) -> Option<(PrincipalKind, &str)> {
    let (kind, path) = arn.split(':').nth(5)?.split_once('/')?;
    let kind = match kind {
        "user" => PrincipalKind::User,
        "role" | "assumed-role" => PrincipalKind::Role,
        _ => return None,
    };
    Some((kind, path.rsplit('/').next().unwrap_or(path)))
}

/// What a session fixes of the request's context, unless the context says it already.
fn session_context(session: &Session, context: &mut BTreeMap<String, ContextValue>) {
    let given = [
        ("aws:MultiFactorAuthPresent", session.mfa.map(|mfa| mfa.to_string())),
        ("aws:SourceIdentity", session.source_identity.clone()),
        ("aws:FederatedProvider", session.federated_provider.clone()),
    ];
    for (key, value) in given {
        let known = context.keys().any(|name| name.eq_ignore_ascii_case(key));
        if let (Some(value), false) = (value, known) {
            context.insert(key.to_owned(), ContextValue::One(value));
        }
    }
}

/// A key without its policy: AWS would decide by it, so the answer rests on an assumption.
fn assumed_resource(permission: &str, resource: &str) -> Option<String> {
    (permission.starts_with("kms:") && resource.contains(":key/")).then(|| {
        format!("the key policy of {resource} was not given: it is taken to delegate to its account")
    })
}
