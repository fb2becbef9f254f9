//! What AWS declares of itself: layers, facts, callers, and where context keys come from.

use super::becoming::BECOMING;
use super::keys::{
    complete_context, key_scope, kind_and_name, never_has, principal_key, resource_context, resource_key,
};
use super::read::access_point_of;
use super::rule::{self, rule};
use super::{
    ACCESS_POINT, ARN, BOUNDARY, BUCKET, BUCKET_ELSEWHERE, ENDPOINT, FIXED, GRANT, IDENTITY, PUBLIC_BLOCK,
    PUBLIC_POLICY, RCP, RESOURCE, RESTRICTS_PUBLIC, SCP, SERVICE_LINKED, SESSION, TRUST,
};
use crate::model::{Catalog, LayerId, PrincipalKind, Tier, WhoEntry};
use crate::provider::{
    Binding, Caller, FactSpec, LayerSpec, PrincipalTraits, Provider, ResourceTraits, RuleTable,
    SimulationSpec, rule_table,
};
use crate::truth::{Evaluator, FactId, Outcome, StrengthId, Truth};
use std::borrow::Cow;

pub(crate) static PROVIDER: Provider = Provider {
    name: "aws",
    family: "aws",
    syntax: ARN,
    key_segments: Some([2, 4]),
    canonical: |id| Cow::Borrowed(id),
    shown: |id| id,
    statements_at: "/Statement",
    names_permission: |text| text.contains(':') && !text.contains([' ', ',']),
    layers: LAYERS,
    facts: FACTS,
    rules: rule_table!(rule),
    acts_on_listed: true,
    catalog: super::catalog::builtin,
    read: super::read::read,
    finish: super::read::finish,
    simulation: Some(SimulationSpec { build: super::simulate::build, fit: super::simulate::fit }),
    inclusion: Some(&super::inclusion::INCLUSION),
    document: super::document::for_request,
    missing_policy: ("policy document", "aws iam get-account-authorization-details, or get-policy-version"),
    missing_group: ("group", "aws iam get-account-authorization-details, without a filter"),
    inputs: super::read::INPUTS,
    strength,
    principal_facts,
    permission_facts,
    resource_facts,
    leads_to: None,
    becoming: BECOMING,
    covered,
    carrier,
    key_scope,
    principal_key,
    resource_key,
    caller,
    can_have_policy,
    is_guardrail: |id| !id.starts_with("arn:"),
    complete_context,
    never_has,
    resource_context,
    asked_facts,
    delegating: Some(rule::DELEGATING),
    account_of,
    assumed_resource,
    hint,
    key_words: super::words::key_words,
    key_nature: super::words::key_nature,
    remedy: Some(&super::remedy::REMEDY),
    usage: &super::usage::USAGE,
    further_facts: super::words::FACTS,
    role_forms: super::roles::FORMS,
};

const fn layer(
    id: LayerId,
    name: &'static str,
    binding: Binding,
    grants: bool,
    missing: (&'static str, &'static str),
) -> LayerSpec {
    LayerSpec {
        id,
        name,
        binding,
        grants,
        required_for: None,
        tier: Tier::Active,
        optional: false,
        apart: None,
        missing,
    }
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
        tier: Tier::Active,
        optional: false,
        apart: None,
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
    layer(FIXED, "fixed_rule", Binding::Rule, false, ("fixed rule", "")),
    LayerSpec {
        id: GRANT,
        name: "grant",
        binding: Binding::Resource,
        grants: true,
        required_for: None,
        tier: Tier::Active,
        optional: false,
        apart: Some(can_have_grants),
        missing: ("grants of the key", "aws kms list-grants, for each key"),
    },
    layer(
        BUCKET,
        "access_point_bucket",
        Binding::Resource,
        true,
        ("policy of the bucket behind", "aws s3control get-access-point and aws s3api get-bucket-policy"),
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
    FactSpec::Permission,
    FactSpec::Permission,
    FactSpec::Asked,
    FactSpec::Asked,
    FactSpec::Permission,
    FactSpec::Asked,
    FactSpec::Permission,
    FactSpec::Resource,
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
        (rule::CHANGES_POLICY, service == "iam" && CHANGES_TO_POLICIES.contains(&action)),
        (rule::CHANGES_ROLE, service == "iam" && CHANGES_TO_ROLES.contains(&action)),
        (rule::DATA_OF_BUCKET, service == "s3" && reaches_buckets(catalog, &name)),
        (rule::CHANGES_ALIAS, service == "kms" && CHANGES_TO_ALIASES.contains(&action)),
    ])
}

/// AWS-22: permissions that change what a managed policy says, and those that the IAM API refuses with
/// `UnmodifiableEntity` on a role which belongs to a service.
static CHANGES_TO_POLICIES: &[&str] =
    &["createpolicyversion", "deletepolicy", "deletepolicyversion", "setdefaultpolicyversion"];
static CHANGES_TO_ROLES: &[&str] = &[
    "attachrolepolicy",
    "deleterole",
    "deleterolepermissionsboundary",
    "deleterolepolicy",
    "detachrolepolicy",
    "putrolepermissionsboundary",
    "putrolepolicy",
    "updateassumerolepolicy",
];

/// AWS-28a: what can be asked of an access point as of its bucket: operations on its objects, and those on both alike.
fn reaches_buckets(catalog: &Catalog, name: &str) -> bool {
    let Some(info) = catalog.permission(name).and_then(|id| catalog.info(id)) else { return false };
    let types = info.resource_types.iter().filter_map(|&id| catalog.resource_type(id)).map(|kind| kind.name);
    let types: std::collections::BTreeSet<&str> = types.collect();
    types.contains("accesspointobject") || types.iter().eq(&["accesspoint", "bucket"])
}

/// AWS-4b: aliases that begin with `alias/aws/` are those of keys that AWS manages.
static CHANGES_TO_ALIASES: &[&str] = &["createalias", "deletealias", "updatealias"];

fn asked_facts(literal: &str) -> u32 {
    let mut segments = literal.splitn(6, ':').skip(2);
    let (service, account) = (segments.next(), segments.nth(1));
    let last = segments.next().unwrap_or_default();
    let name = if service == Some("iam") { last } else { "" };
    bits(&[
        (rule::POLICY_OF_AWS, account == Some("aws") && name.starts_with("policy/")),
        (rule::ROLE_OF_SERVICE, name.starts_with("role/aws-service-role/")),
        (rule::ALIAS_OF_AWS, service == Some("kms") && last.starts_with("alias/aws/")),
    ])
}

fn resource_facts(r: &ResourceTraits) -> u32 {
    let restricted = RESTRICTS_PUBLIC | PUBLIC_POLICY;
    bits(&[
        (rule::RCP_EXEMPT_RESOURCE, r.management_account),
        (rule::THROUGH_ACCESS_POINT, r.flags & ACCESS_POINT != 0),
        (rule::BUCKET_OF_OTHERS, r.flags & BUCKET_ELSEWHERE != 0),
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
        (Some("s3"), _) if access_point_of(id) == Some(id) => patterns.push(format!("{id}/object/*")),
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
        "s3" if access_point_of(id).is_some() => upto(1),
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

pub(super) fn service_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(2)
}

fn account_of(arn: &str) -> Option<String> {
    // What AWS itself provides (`arn:aws:iam::aws:policy/…`) is used as if it were the caller's own.
    let account = arn.split(':').nth(4).filter(|account| *account != "aws")?;
    (!account.is_empty() && !account.contains(['*', '?'])).then(|| account.to_owned())
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

/// AWS-4a: only keys have grants. `kms get-key-policy` does not tell them.
fn can_have_grants(arn: &str) -> bool {
    let is_key = |resource: &str| {
        resource.starts_with("key/") || resource.starts_with(['*', '?', 'k']) && resource.contains(['*', '?'])
    };
    match (service_of(arn), arn.splitn(6, ':').nth(5)) {
        (Some(service), Some(resource)) => {
            (service == "kms" || service.contains(['*', '?'])) && is_key(resource)
        }
        _ => arn == "*",
    }
}

/// A key without its policy: AWS would decide by it, so the answer rests on an assumption.
fn assumed_resource(permission: &str, resource: &str) -> Option<String> {
    (permission.starts_with("kms:") && resource.contains(":key/")).then(|| {
        format!("the key policy of {resource} was not given: it is taken to delegate to its account")
    })
}

/// The key of a session's principal holds the ARN of the role, with its path; policies often name the session instead
/// (AWS-13), or leave the path out.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn>
fn hint(key: &str, wanted: &str, given: &str) -> Option<String> {
    if !key.eq_ignore_ascii_case("aws:PrincipalArn") {
        return None;
    }
    let (Some((kind, name)), false) = (kind_and_name(given), wanted == given) else { return None };
    let (wanted_kind, wanted_name) = kind_and_name(wanted)?;
    match kind == PrincipalKind::Role && service_of(wanted) == Some("sts") && wanted_kind == kind {
        true => Some("of a session the key holds the ARN of its role".to_owned()),
        false => (wanted_name == name).then(|| "the key holds the ARN with its path".to_owned()),
    }
}
