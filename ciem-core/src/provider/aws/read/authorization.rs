//! `aws iam get-account-authorization-details`: users, groups, roles, managed policies.

use super::about::{Tag, tags};
use super::organization::PolicyEntry;
use super::text::{Arn, When};
use super::{Kind, Page};
use crate::base::Text;
use crate::model::usage::Used;
use crate::model::{
    DocId, Facts, GroupRecord, PolicyRecord, PolicyRef, PolicyUse, PrincipalKind, PrincipalRecord,
    ResourceRecord, SourceId,
};
use crate::provider::aws::document::json::Str;
use crate::provider::aws::document::{Dialect, doubtful, intern};
use crate::provider::aws::{BOUNDARY, IDENTITY, SERVICE_LINKED, TAGS_KNOWN, TRUST};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeSet;

#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct User<'a> {
    #[serde(borrow, rename = "Arn")]
    arn: Arn<'a>,
    /// Read for its type only; the ARN has the name.
    #[serde(borrow, rename = "UserName")]
    _name: Option<Str<'a>>,
    #[serde(borrow, rename = "UserId")]
    id: Option<Str<'a>>,
    #[serde(rename = "CreateDate", default)]
    made: When,
    #[serde(borrow, rename = "UserPolicyList")]
    inline: Option<Vec<Inline<'a>>>,
    #[serde(borrow, rename = "AttachedManagedPolicies")]
    attached: Option<Vec<Attached<'a>>>,
    #[serde(borrow, rename = "PermissionsBoundary")]
    boundary: Option<Boundary<'a>>,
    #[serde(borrow, rename = "GroupList")]
    groups: Option<Vec<Str<'a>>>,
    #[serde(borrow, rename = "Tags")]
    tags: Option<Vec<Tag<'a>>>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct Group<'a> {
    #[serde(borrow, rename = "Arn")]
    arn: Arn<'a>,
    /// Read for its type only; the ARN has the name.
    #[serde(borrow, rename = "GroupName")]
    _name: Option<Str<'a>>,
    #[serde(borrow, rename = "GroupPolicyList")]
    inline: Option<Vec<Inline<'a>>>,
    #[serde(borrow, rename = "AttachedManagedPolicies")]
    attached: Option<Vec<Attached<'a>>>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct Role<'a> {
    #[serde(borrow, rename = "Arn")]
    arn: Arn<'a>,
    /// Read for its type only; the ARN has the name.
    #[serde(borrow, rename = "RoleName")]
    _name: Option<Str<'a>>,
    #[serde(borrow, rename = "RoleId")]
    id: Option<Str<'a>>,
    #[serde(rename = "CreateDate", default)]
    made: When,
    #[serde(borrow, rename = "AssumeRolePolicyDocument")]
    trust: Option<&'a RawValue>,
    #[serde(borrow, rename = "RolePolicyList")]
    inline: Option<Vec<Inline<'a>>>,
    #[serde(borrow, rename = "AttachedManagedPolicies")]
    attached: Option<Vec<Attached<'a>>>,
    #[serde(borrow, rename = "PermissionsBoundary")]
    boundary: Option<Boundary<'a>>,
    #[serde(borrow, rename = "Tags")]
    tags: Option<Vec<Tag<'a>>>,
    #[serde(borrow, rename = "RoleLastUsed")]
    last_used: Option<LastUsed<'a>>,
}

/// Empty where the role was not used as far back as AWS looks.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct LastUsed<'a> {
    #[serde(rename = "LastUsedDate", default)]
    at: When,
    #[serde(borrow, rename = "Region")]
    region: Option<Str<'a>>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct Inline<'a> {
    #[serde(borrow, rename = "PolicyName")]
    name: Str<'a>,
    #[serde(borrow, rename = "PolicyDocument")]
    document: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct Attached<'a> {
    #[serde(borrow, rename = "PolicyArn")]
    arn: Arn<'a>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct Boundary<'a> {
    #[serde(borrow, rename = "PermissionsBoundaryArn")]
    arn: Option<Arn<'a>>,
}

/// One version of a managed policy.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct Version<'a> {
    #[serde(borrow, rename = "Document")]
    document: Option<&'a RawValue>,
    #[serde(borrow, rename = "VersionId")]
    id: Option<Str<'a>>,
    #[serde(rename = "IsDefaultVersion")]
    is_default: Option<bool>,
    #[serde(rename = "CreateDate", default)]
    made: When,
}

/// Keeps the pages of one input that are authorization details.
pub(super) fn keep(facts: &mut Facts, source: SourceId, pages: &[Page<'_>]) {
    let mut keeper = Keeper { facts, source, accounts: BTreeSet::new(), strings: Strings::default() };
    let mut more = None;
    for page in pages.iter().filter(|page| page.kind() == Some(Kind::Authorization)) {
        page.users.iter().flatten().for_each(|user| keeper.user(user));
        page.groups.iter().flatten().for_each(|group| keeper.group(group));
        page.roles.iter().flatten().for_each(|role| keeper.role(role));
        page.policies.iter().flatten().for_each(|policy| keeper.policy(policy));
        // The pages of one input follow each other: its last page tells whether it is whole.
        more = Some(page.is_truncated == Some(true));
    }
    let Keeper { facts, accounts, .. } = keeper;
    if let Some(more) = more {
        for account in accounts {
            let seen = facts.accounts.entry(account).or_default();
            seen.truncated |= more;
            seen.complete |= !more;
        }
    }
}

/// Texts that every record needs.
#[derive(Default)]
struct Strings {
    role_kind: Option<Text>,
    trust_policy: Option<Text>,
}

struct Keeper<'f> {
    facts: &'f mut Facts,
    source: SourceId,
    accounts: BTreeSet<Text>,
    strings: Strings,
}

impl Keeper<'_> {
    fn account(&mut self, arn: &Arn<'_>) -> Text {
        let account = self.facts.text(arn.account());
        self.accounts.insert(account);
        account
    }

    fn user(&mut self, user: &User<'_>) {
        let account = self.account(&user.arn);
        self.facts.accounts.entry(account).or_default().users = true;
        // The list has names; which path a group has is known when every group is (see `finish`).
        let groups = user.groups.as_deref().unwrap_or_default();
        let mut groups: Vec<&str> = groups.iter().map(|group| &**group).collect();
        groups.sort_unstable();
        let prefix = format!("arn:{}:iam::{}:group/", user.arn.partition(), user.arn.account());
        let groups = groups.iter().map(|name| self.facts.text(&format!("{prefix}{name}"))).collect();
        let id = self.facts.text(user.arn.as_str());
        let record = PrincipalRecord {
            id,
            kind: PrincipalKind::User,
            account,
            name: self.facts.text(user.arn.name()),
            unique_id: user.id.as_ref().map(|id| self.facts.text(id)),
            tags: tags(self.facts, user.tags.as_deref()),
            flags: 0,
            policies: self.policies(
                id,
                user.inline.as_deref(),
                user.attached.as_deref(),
                user.boundary.as_ref(),
            ),
            groups,
            source: self.source,
        };
        self.facts.usage.made(record.id, user.made.0);
        self.facts.principals.insert(record);
    }

    fn group(&mut self, group: &Group<'_>) {
        let account = self.account(&group.arn);
        self.facts.accounts.entry(account).or_default().groups = true;
        let id = self.facts.text(group.arn.as_str());
        let record = GroupRecord {
            id,
            account,
            name: self.facts.text(group.arn.name()),
            policies: self.policies(id, group.inline.as_deref(), group.attached.as_deref(), None),
            groups: Vec::new(),
            source: self.source,
        };
        self.facts.groups.insert(record);
    }

    fn role(&mut self, role: &Role<'_>) {
        let account = self.account(&role.arn);
        self.facts.accounts.entry(account).or_default().roles = true;
        let id = self.facts.text(role.arn.as_str());
        let tags = tags(self.facts, role.tags.as_deref());
        let linked = role.arn.resource().starts_with("role/aws-service-role/");
        let record = PrincipalRecord {
            id,
            kind: PrincipalKind::Role,
            account,
            name: self.facts.text(role.arn.name()),
            unique_id: role.id.as_ref().map(|id| self.facts.text(id)),
            tags: tags.clone(),
            flags: if linked { SERVICE_LINKED } else { 0 },
            policies: self.policies(
                id,
                role.inline.as_deref(),
                role.attached.as_deref(),
                role.boundary.as_ref(),
            ),
            groups: Vec::new(),
            source: self.source,
        };
        self.facts.principals.insert(record);
        self.facts.usage.made(id, role.made.0);
        if let Some(LastUsed { at: When(at @ Some(_)), region }) = &role.last_used {
            let region = region.as_ref().map(|region| self.facts.text(region));
            self.facts.usage.used(id, Used { at: *at, region, service: None });
        }
        let Some(trust) = role.trust else { return };
        let document = intern(self.facts, trust, Dialect::Trust);
        let name = *self.strings.trust_policy.get_or_insert_with(|| self.facts.texts.text("trust policy"));
        let kind = *self.strings.role_kind.get_or_insert_with(|| self.facts.texts.text("iam:role"));
        self.facts.add_resource(ResourceRecord {
            id,
            kind,
            account: Some(account),
            tags,
            flags: TAGS_KNOWN,
            told: true,
            policies: vec![PolicyUse { layer: TRUST, policy: PolicyRef::Inline { name, document } }],
            source: self.source,
        });
    }

    fn policy(&mut self, policy: &PolicyEntry<'_>) {
        let Some(arn) = &policy.arn else { return };
        let account = match arn.account() {
            "aws" => None,
            _ => {
                let account = self.account(arn);
                self.facts.accounts.entry(account).or_default().policies = true;
                Some(account)
            }
        };
        let id = self.facts.text(arn.as_str());
        let document = default_document(self.facts, policy);
        self.facts.note_owner(id, id);
        let record =
            PolicyRecord { id, name: self.facts.text(arn.name()), account, document, source: self.source };
        let versions = policy.versions.as_deref().unwrap_or_default().iter();
        let newest = versions
            .filter(|version| version.is_default != Some(false))
            .filter_map(|version| version.made.0)
            .max();
        self.facts.usage.made(record.id, newest);
        self.facts.policies.insert(record);
    }

    /// The policies in an order that does not depend on the export's.
    fn policies(
        &mut self,
        owner: Text,
        inline: Option<&[Inline<'_>]>,
        attached: Option<&[Attached<'_>]>,
        boundary: Option<&Boundary<'_>>,
    ) -> Vec<PolicyUse> {
        let mut inline: Vec<&Inline<'_>> = inline.unwrap_or_default().iter().collect();
        inline.sort_by(|a, b| a.name.cmp(&b.name));
        let mut attached: Vec<&str> =
            attached.unwrap_or_default().iter().map(|policy| policy.arn.as_str()).collect();
        attached.sort_unstable();
        attached.dedup();
        let mut policies = Vec::with_capacity(inline.len() + attached.len() + 1);
        for policy in inline {
            let document = intern(self.facts, policy.document, Dialect::Identity);
            let name = self.facts.text(&policy.name);
            self.facts.note_owner(owner, name);
            policies.push(PolicyUse { layer: IDENTITY, policy: PolicyRef::Inline { name, document } });
        }
        for arn in attached {
            policies.push(PolicyUse { layer: IDENTITY, policy: PolicyRef::Managed(self.facts.text(arn)) });
        }
        if let Some(arn) = boundary.and_then(|boundary| boundary.arn.as_ref()) {
            let policy = PolicyRef::Managed(self.facts.text(arn.as_str()));
            policies.push(PolicyUse { layer: BOUNDARY, policy });
        }
        policies
    }
}

/// The document of the version in force. Where the record does not say clearly which one that is, nothing of the
/// policy is sure.
fn default_document(facts: &mut Facts, policy: &PolicyEntry<'_>) -> DocId {
    let versions = policy.versions.as_deref().unwrap_or_default();
    let flagged: Vec<&Version<'_>> = versions.iter().filter(|v| v.is_default == Some(true)).collect();
    let told = versions.iter().any(|v| v.is_default.is_some());
    let named = policy.default_version.as_ref().map(|id| versions.iter().find(|v| v.id.as_ref() == Some(id)));
    let chosen = match (flagged.as_slice(), named) {
        ([], _) if told => Err("no version is marked as the default"),
        ([_, _, ..], _) => Err("several versions are marked as the default"),
        (_, Some(None)) => Err("the default version is not in the list of versions"),
        ([one], Some(Some(named))) if !std::ptr::eq(*one, named) => {
            Err("`DefaultVersionId` and `IsDefaultVersion` name different versions")
        }
        (_, Some(Some(named))) => Ok(named),
        ([one], None) => Ok(*one),
        ([], None) => match versions {
            [only] => Ok(only),
            _ => Err("nothing tells which version is the default"),
        },
    };
    match chosen.map(|version| version.document) {
        Ok(Some(document)) => intern(facts, document, Dialect::Identity),
        Ok(None) => {
            doubtful(facts, Dialect::Identity, "/PolicyVersionList", "the default version has no document")
        }
        Err(reason) => doubtful(facts, Dialect::Identity, "/PolicyVersionList", reason),
    }
}
