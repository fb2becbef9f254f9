//! Readers of AWS exports: recognised by content, read completely before anything is kept.

mod about;
mod access_points;
mod attributes;
mod authorization;
mod collected;
mod credentials;
mod failure;
mod finish;
mod grants;
mod identity_center;
mod inputs;
mod organization;
mod people;
mod resource_policy;
mod service_policy;
mod text;
mod usage;
mod vouched;

pub(super) use access_points::access_point_of;
pub(crate) use finish::finish;
pub(super) use grants::PAST_BOUNDARY;
pub(crate) use inputs::INPUTS;
pub(crate) use resource_policy::kind_of;
pub(super) use vouched::PROVIDER_ELSEWHERE;

use super::document::json::{self, Str};
use crate::error::{Error, Place};
use crate::model::{Facts, FileReport};
use about::{DelegatedAdministrator, DelegatedService, InstanceProfile, ShareAssociation, Tag, Tagged};
use access_points::AccessPoint;
use authorization::{Group, Role, User};
use credentials::{AccessKey, Device, KeyUse, Service};
use grants::Grant;
use identity_center::{
    AccountAssignment, ManagedPolicy, Membership, PermissionSet, Reference, SetBoundary, StoreGroup,
    StoreUser,
};
use organization::{Account, Child, Organization, PolicyEntry, Target, TreeNode, Unit};
use resource_policy::{Attributes, Endpoint, PolicyField, PublicAccess};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use service_policy::{Domain, GluePolicy, RestApi};
use std::fmt;
use text::{AccountId, Arn, When};

/// One answer of the API or CLI. Every export that is read is one of these; what it is follows from the members
/// it has. Members that a caller merges in beside the raw answer are marked as such.
#[derive(serde::Deserialize, Default)]
#[serde(default)]
#[serde(expecting = "an object")]
struct Page<'a> {
    // iam get-account-authorization-details
    #[serde(borrow, rename = "UserDetailList")]
    users: Option<Vec<User<'a>>>,
    #[serde(borrow, rename = "GroupDetailList")]
    groups: Option<Vec<Group<'a>>>,
    #[serde(borrow, rename = "RoleDetailList")]
    roles: Option<Vec<Role<'a>>>,
    #[serde(rename = "IsTruncated")]
    is_truncated: Option<bool>,
    /// Managed policies of IAM, or policies of the organisation.
    #[serde(borrow, rename = "Policies")]
    policies: Option<Vec<PolicyEntry<'a>>>,

    // organizations
    #[serde(borrow, rename = "Organization")]
    organization: Option<Organization<'a>>,
    #[serde(borrow, rename = "Roots")]
    roots: Option<Vec<Unit<'a>>>,
    #[serde(borrow, rename = "OrganizationalUnits")]
    units: Option<Vec<Unit<'a>>>,
    #[serde(borrow, rename = "Accounts")]
    accounts: Option<Vec<Account<'a>>>,
    #[serde(borrow, rename = "Children")]
    children: Option<Vec<Child<'a>>>,
    #[serde(borrow, rename = "Parents")]
    parents: Option<Vec<Child<'a>>>,
    #[serde(borrow, rename = "Targets")]
    targets: Option<Vec<Target<'a>>>,
    /// The organisation as one tree.
    #[serde(borrow, rename = "Root")]
    tree: Option<TreeNode<'a>>,
    #[serde(rename = "NextToken")]
    next_token: Option<serde::de::IgnoredAny>,
    /// Merged in: the subject of the command.
    #[serde(borrow, rename = "ParentId")]
    parent_id: Option<Str<'a>>,
    #[serde(borrow, rename = "ChildId")]
    child_id: Option<Str<'a>>,
    #[serde(borrow, rename = "TargetId")]
    target_id: Option<Str<'a>>,
    #[serde(borrow, rename = "PolicyId")]
    policy_id: Option<Str<'a>>,
    #[serde(borrow, rename = "Filter")]
    filter: Option<Str<'a>>,

    // sso-admin and identitystore
    #[serde(borrow, rename = "PermissionSet")]
    permission_set: Option<PermissionSet<'a>>,
    #[serde(borrow, rename = "InlinePolicy")]
    inline_policy: Option<&'a RawValue>,
    #[serde(borrow, rename = "AttachedManagedPolicies")]
    attached: Option<Vec<ManagedPolicy<'a>>>,
    #[serde(borrow, rename = "CustomerManagedPolicyReferences")]
    references: Option<Vec<Reference<'a>>>,
    #[serde(borrow, rename = "PermissionsBoundary")]
    set_boundary: Option<SetBoundary<'a>>,
    #[serde(borrow, rename = "AccountAssignments")]
    assignments: Option<Vec<AccountAssignment<'a>>>,
    #[serde(borrow, rename = "Users")]
    store_users: Option<Vec<StoreUser<'a>>>,
    #[serde(borrow, rename = "Groups")]
    store_groups: Option<Vec<StoreGroup<'a>>>,
    #[serde(borrow, rename = "GroupMemberships")]
    memberships: Option<Vec<Membership<'a>>>,
    #[serde(borrow, rename = "InstanceAccessControlAttributeConfiguration")]
    session_tags: Option<attributes::Configuration<'a>>,
    #[serde(borrow, rename = "Status")]
    status: Option<&'a RawValue>,
    /// Merged in: the subject of the command.
    #[serde(borrow, rename = "PermissionSetArn")]
    permission_set_arn: Option<Arn<'a>>,

    // iam, credentials and their use
    #[serde(borrow, rename = "Content")]
    report: Option<Str<'a>>,
    #[serde(borrow, rename = "ReportFormat")]
    report_format: Option<Str<'a>>,
    #[serde(borrow, rename = "AccessKeyMetadata")]
    access_keys: Option<Vec<AccessKey<'a>>>,
    #[serde(borrow, rename = "AccessKeyLastUsed")]
    key_use: Option<KeyUse<'a>>,
    #[serde(borrow, rename = "MFADevices")]
    devices: Option<Vec<Device<'a>>>,
    #[serde(borrow, rename = "VirtualMFADevices")]
    virtual_devices: Option<Vec<Device<'a>>>,
    #[serde(borrow, rename = "ServicesLastAccessed")]
    services: Option<Vec<Service<'a>>>,
    #[serde(borrow, rename = "JobStatus")]
    job_status: Option<Str<'a>>,
    #[serde(rename = "JobCreationDate")]
    job_created: When,
    /// Merged in: the subject of the command.
    #[serde(borrow, rename = "Arn")]
    arn: Option<Arn<'a>>,
    #[serde(borrow, rename = "AccessKeyId")]
    access_key_id: Option<Str<'a>>,

    // policies of resources
    #[serde(borrow, rename = "Policy")]
    policy: Option<PolicyField<'a>>,
    #[serde(borrow, rename = "Attributes")]
    attributes: Option<Attributes<'a>>,
    #[serde(borrow, rename = "ResourcePolicy")]
    resource_policy: Option<&'a RawValue>,
    #[serde(borrow, rename = "ARN")]
    secret: Option<Arn<'a>>,
    #[serde(rename = "CreatedDate")]
    created: Option<serde::de::IgnoredAny>,
    /// Of a key. An access control list has members of that name too.
    #[serde(borrow, rename = "Grants")]
    grants: Option<Vec<Grant<'a>>>,
    #[serde(rename = "Truncated")]
    cut_off: Option<bool>,
    #[serde(borrow, rename = "VpcEndpoints")]
    endpoints: Option<Vec<Endpoint<'a>>>,
    #[serde(borrow, rename = "AccessPointList")]
    access_points: Option<Vec<AccessPoint<'a>>>,
    #[serde(borrow, rename = "NetworkOrigin")]
    network_origin: Option<Str<'a>>,
    #[serde(borrow, rename = "VpcConfiguration")]
    vpc: Option<access_points::Vpc<'a>>,
    #[serde(borrow, rename = "AccessPointArn")]
    access_point: Option<Arn<'a>>,
    #[serde(borrow, rename = "BucketAccountId")]
    bucket_account: Option<AccountId<'a>>,
    #[serde(rename = "PublicAccessBlockConfiguration")]
    public_access: Option<PublicAccess>,
    /// Merged in: the subject of the command.
    #[serde(borrow, rename = "Bucket")]
    bucket: Option<Str<'a>>,
    #[serde(borrow, rename = "KeyId")]
    key_id: Option<Str<'a>>,
    #[serde(borrow, rename = "AccountId", alias = "ExpectedBucketOwner")]
    account_id: Option<AccountId<'a>>,
    /// Merged in: the subject of the command, for any service.
    #[serde(borrow, rename = "ResourceArn")]
    resource_arn: Option<Arn<'a>>,
    #[serde(borrow, rename = "Region")]
    region: Option<Str<'a>>,
    #[serde(borrow, rename = "BackupVaultArn")]
    vault: Option<Arn<'a>>,
    #[serde(borrow, rename = "policyText")]
    policy_text: Option<&'a RawValue>,
    #[serde(borrow, rename = "repositoryName")]
    repository_name: Option<Str<'a>>,
    #[serde(borrow, rename = "registryId")]
    registry_id: Option<Str<'a>>,
    #[serde(borrow, rename = "DomainStatus")]
    domain: Option<Domain<'a>>,
    #[serde(borrow, rename = "DomainStatusList")]
    domains: Option<Vec<Domain<'a>>>,
    #[serde(borrow, rename = "PolicyInJson")]
    glue_policy: Option<&'a RawValue>,
    #[serde(borrow, rename = "GetResourcePoliciesResponseList")]
    glue_policies: Option<Vec<GluePolicy<'a>>>,
    #[serde(borrow)]
    items: Option<Vec<RestApi<'a>>>,
    #[serde(borrow, rename = "id")]
    rest_api_id: Option<&'a RawValue>,
    #[serde(borrow, rename = "apiKeySource")]
    api_key_source: Option<&'a RawValue>,

    // what is said of resources and accounts beside policies
    #[serde(borrow, rename = "ResourceTagMappingList")]
    tagged: Option<Vec<Tagged<'a>>>,
    #[serde(borrow, rename = "TagSet")]
    tag_set: Option<Vec<Tag<'a>>>,
    #[serde(borrow, rename = "AbacStatus")]
    abac: Option<&'a RawValue>,
    #[serde(borrow, rename = "InstanceProfiles")]
    profiles: Option<Vec<InstanceProfile<'a>>>,
    #[serde(rename = "resourceShares")]
    shares: Option<Vec<serde::de::IgnoredAny>>,
    #[serde(borrow, rename = "resourceShareAssociations")]
    share_associations: Option<Vec<ShareAssociation<'a>>>,
    #[serde(borrow, rename = "DelegatedAdministrators")]
    delegated: Option<Vec<DelegatedAdministrator<'a>>>,
    #[serde(borrow, rename = "DelegatedServices")]
    delegated_services: Option<Vec<DelegatedService<'a>>>,

    // rows for any other service
    #[serde(borrow, rename = "resource_arn")]
    row_resource: Option<Arn<'a>>,
    #[serde(borrow, rename = "account_id")]
    row_account: Option<AccountId<'a>>,
    #[serde(borrow, rename = "policy")]
    row_policy: Option<&'a RawValue>,
}

/// What a page is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Authorization,
    Organization,
    ResourcePolicy,
    AccessPoints,
    Endpoints,
    Grants,
    PublicAccess,
    IdentityCenter,
    Report,
    Credentials,
    Accessed,
    ServicePolicy,
    Tags,
    Relations,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Authorization => "aws.authorization_details",
            Kind::Organization => "aws.organization",
            Kind::ResourcePolicy | Kind::ServicePolicy => "aws.resource_policy",
            Kind::Tags => "aws.tags",
            Kind::Relations => "aws.relations",
            Kind::AccessPoints => "aws.access_points",
            Kind::Endpoints => "aws.vpc_endpoints",
            Kind::Grants => "aws.kms_grants",
            Kind::PublicAccess => "aws.public_access_block",
            Kind::IdentityCenter => "aws.identity_center",
            Kind::Report => "aws.credential_report",
            Kind::Credentials => "aws.credentials",
            Kind::Accessed => "aws.last_accessed",
        }
    }
}

impl Page<'_> {
    fn kind(&self) -> Option<Kind> {
        let organization = self.organization.as_ref().is_some_and(|o| !o.id.is_empty())
            || self.roots.is_some()
            || self.units.is_some()
            || self.accounts.is_some()
            || self.children.is_some() && self.parent_id.is_some()
            || self.parents.is_some() && self.child_id.is_some()
            || self.targets.is_some() && self.policy_id.is_some()
            || self.tree.is_some()
            || matches!(self.policy, Some(PolicyField::Described(_)))
            || self.target_id.is_some() && self.policies.is_some();
        let own_policies = self.policies.as_deref().unwrap_or_default();
        if self.users.is_some() || self.groups.is_some() || self.roles.is_some() {
            Some(Kind::Authorization)
        } else if organization || own_policies.iter().any(PolicyEntry::is_of_organization) {
            Some(Kind::Organization)
        } else if own_policies.iter().any(|policy| policy.versions.is_some()) {
            Some(Kind::Authorization)
        } else if self.policies.as_ref().is_some_and(Vec::is_empty) {
            Some(if self.filter.is_some() { Kind::Organization } else { Kind::Authorization })
        } else if identity_center::is_one(self) {
            Some(Kind::IdentityCenter)
        } else if self.services.is_some() {
            Some(Kind::Accessed)
        } else if credentials::is_credentials(self) {
            Some(Kind::Credentials)
        } else if credentials::is_report(self) {
            Some(Kind::Report)
        } else if access_points::is_one(self) {
            Some(Kind::AccessPoints)
        } else if self.public_access.is_some() {
            Some(Kind::PublicAccess)
        } else if self.endpoints.is_some() {
            Some(Kind::Endpoints)
        } else if grants::is_one(self) {
            Some(Kind::Grants)
        } else if service_policy::is_one(self) {
            Some(Kind::ServicePolicy)
        } else if about::is_tags(self) {
            Some(Kind::Tags)
        } else if about::is_facts(self) {
            Some(Kind::Relations)
        } else {
            self.has_resource_policy().then_some(Kind::ResourcePolicy)
        }
    }

    /// Whether an empty list can only be one of IAM's, which marks its pages.
    fn is_of_iam(&self) -> bool {
        self.is_truncated.is_some()
    }

    fn has_resource_policy(&self) -> bool {
        matches!(self.policy, Some(PolicyField::Document(_)))
            || self.row_resource.is_some() && (self.row_policy.is_some() || self.row_account.is_some())
            || self.is_answer_for_secret()
            || self.attributes.as_ref().is_some_and(Attributes::tells_policy)
    }

    /// `secretsmanager get-resource-policy` gives no more than the name where the secret has no policy; other
    /// commands about secrets tell dates.
    fn is_answer_for_secret(&self) -> bool {
        let secret = self.secret.as_ref().is_some_and(|arn| arn.service() == "secretsmanager");
        secret && (self.resource_policy.is_some() || self.created.is_none())
    }
}

/// A page, or a list of pages.
struct Pages<'a>(Vec<Page<'a>>);

struct PagesVisitor;

impl<'de> Visitor<'de> for PagesVisitor {
    type Value = Pages<'de>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an export (an object) or a list of them")
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Pages<'de>, A::Error> {
        Page::deserialize(MapAccessDeserializer::new(map)).map(|page| Pages(vec![page]))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Pages<'de>, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list)).map(Pages)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Pages<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PagesVisitor)
    }
}

/// Reads one input: an answer, a list of answers, or answers one after another. `false` if it is none of AWS's.
pub(crate) fn read(facts: &mut Facts, name: &str, text: &str) -> Result<bool, Error> {
    let text = text.trim_start_matches('\u{feff}');
    if credentials::is_csv(text) {
        return credentials::keep_csv(facts, name, text).map(|()| true);
    }
    if let Some(part) = collected::part(name) {
        return collected::set_aside(facts, name, text, &part);
    }
    if !text.trim_start().starts_with(['{', '[']) {
        return Ok(false);
    }
    if json::too_deep(text) {
        return Err(Error::TooDeep { limit: json::MAX_DEPTH, place: Place::source(name) });
    }
    let mut pages = Vec::new();
    for part in serde_json::Deserializer::from_str(text).into_iter::<Pages<'_>>() {
        match part {
            Ok(Pages(more)) => pages.extend(more),
            Err(_) => return failure::explain(name, text),
        }
    }
    let Some(first) = pages.iter().find_map(Page::kind) else { return Ok(false) };
    if let Some(strange) = pages.iter().position(|page| page.kind().is_none()) {
        let reason = "this part of the input is no export that is read, unlike the others; remove it";
        return Err(Error::malformed(reason, Place::source(name).at(format!("/{strange}"))));
    }
    let owners = resource_policy::owners(&pages, name)?;
    let (mut reports, mut policies) = (Vec::new(), Vec::new());
    for (index, page) in pages.iter().enumerate() {
        let place = Place::source(name);
        let place = if pages.len() == 1 { place } else { place.at(format!("/{index}")) };
        policies.push(service_policy::found(page, &place)?);
        credentials::check(page, &place)?;
        grants::check(page, &place)?;
        reports.push(match page.kind() {
            Some(Kind::Report) => credentials::rows(&credentials::report_text(page, &place)?, &place)?,
            _ => Vec::new(),
        });
    }

    let records = pages.iter().zip(&owners).map(|(page, owner)| records(page, owner.is_some())).sum::<u64>()
        + reports.iter().map(|rows| rows.len() as u64).sum::<u64>()
        + policies.iter().map(|found| found.len() as u64).sum::<u64>();
    let report =
        FileReport { name: name.to_owned(), kind: first.name().to_owned(), records, errors: Vec::new() };
    let source = facts.source(report);
    authorization::keep(facts, source, &pages);
    for rows in &reports {
        credentials::keep_rows(facts, source, rows);
    }
    for found in policies {
        service_policy::keep(facts, source, found);
    }
    for (page, owner) in pages.iter().zip(owners) {
        match (page.kind(), owner) {
            (Some(Kind::Organization), _) => organization::keep(facts, source, page),
            (Some(Kind::Credentials), _) => credentials::keep(facts, source, page),
            (Some(Kind::Accessed), _) => credentials::keep_accessed(facts, source, page),
            (Some(Kind::IdentityCenter), _) => identity_center::keep(facts, source, page),
            (_, Some(owner)) => resource_policy::keep(facts, source, page, owner),
            (Some(Kind::PublicAccess), None) => resource_policy::keep_account_block(facts, page),
            (Some(Kind::Tags), _) => about::keep_tags(facts, source, page),
            (Some(Kind::Relations), _) => about::keep_facts(facts, source, page),
            (Some(Kind::AccessPoints), _) => access_points::keep(facts, source, page),
            (Some(Kind::Grants), _) => grants::keep(facts, source, page),
            (Some(Kind::Endpoints), None) => resource_policy::keep_endpoints(facts, source, page),
            _ => {}
        }
    }
    Ok(true)
}

fn records(page: &Page<'_>, resource: bool) -> u64 {
    fn length<T>(list: Option<&Vec<T>>) -> usize {
        list.map_or(0, Vec::len)
    }
    let identities = length(page.users.as_ref()) + length(page.groups.as_ref()) + length(page.roles.as_ref());
    let nodes = length(page.roots.as_ref()) + length(page.units.as_ref()) + length(page.accounts.as_ref());
    let links =
        length(page.children.as_ref()) + length(page.parents.as_ref()) + length(page.targets.as_ref());
    let single = usize::from(resource)
        + usize::from(page.organization.is_some())
        + usize::from(matches!(page.policy, Some(PolicyField::Described(_))));
    let tree = page.tree.as_ref().map_or(0, TreeNode::size);
    let policies = length(page.policies.as_ref()) + length(page.endpoints.as_ref());
    let directory =
        if page.kind() == Some(Kind::IdentityCenter) { identity_center::records(page) } else { 0 };
    let credentials = credentials::records(page)
        + about::records(page)
        + grants::records(page)
        + access_points::records(page);
    (credentials + directory + identities + nodes + links + single + tree + policies) as u64
}

#[cfg(test)]
mod tests;
