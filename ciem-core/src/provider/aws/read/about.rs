//! What is said of resources and accounts beside policies: tags, bucket settings, instance profiles, shares,
//! delegated administrators.

use super::Page;
use super::resource_policy::{bucket_arn, kind_of};
use super::text::{AccountId, Arn};
use crate::base::Text;
use crate::model::{Facts, ResourceRecord, SourceId};
use crate::provider::aws::document::json::{Node, Str};
use crate::provider::aws::{ABAC_DISABLED, ABAC_ENABLED, TAGS_KNOWN};
use serde::Deserialize;
use serde_json::value::RawValue;

/// One of `resourcegroupstaggingapi get-resources`.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct Tagged<'a> {
    #[serde(borrow, rename = "ResourceARN")]
    arn: Arn<'a>,
    #[serde(borrow, rename = "Tags")]
    tags: Option<Vec<Tag<'a>>>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct Tag<'a> {
    #[serde(borrow, rename = "Key")]
    key: Str<'a>,
    #[serde(borrow, rename = "Value")]
    value: Option<Str<'a>>,
}

/// One of `iam list-instance-profiles`.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct InstanceProfile<'a> {
    #[serde(borrow, rename = "Arn")]
    arn: Arn<'a>,
    #[serde(borrow, rename = "Roles")]
    roles: Option<Vec<ProfileRole<'a>>>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct ProfileRole<'a> {
    #[serde(borrow, rename = "Arn")]
    arn: Option<Arn<'a>>,
}

/// One of `ram get-resource-share-associations`.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct ShareAssociation<'a> {
    #[serde(borrow, rename = "resourceShareArn")]
    share: Arn<'a>,
    #[serde(borrow, rename = "associatedEntity")]
    entity: Option<Str<'a>>,
    #[serde(borrow, rename = "associationType")]
    kind: Option<Str<'a>>,
    #[serde(borrow)]
    status: Option<Str<'a>>,
}

/// One of `organizations list-delegated-administrators`.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct DelegatedAdministrator<'a> {
    #[serde(borrow, rename = "Id")]
    id: AccountId<'a>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct DelegatedService<'a> {
    #[serde(borrow, rename = "ServicePrincipal")]
    service: Str<'a>,
}

pub(super) fn is_tags(page: &Page<'_>) -> bool {
    page.tagged.is_some() || page.bucket.is_some() && (page.tag_set.is_some() || abac(page).is_some())
}

pub(super) fn is_facts(page: &Page<'_>) -> bool {
    let shares = page.share_associations.is_some() || page.shares.is_some();
    let delegated =
        page.delegated.is_some() || page.delegated_services.is_some() && page.account_id.is_some();
    page.profiles.is_some() || shares || delegated
}

pub(super) fn records(page: &Page<'_>) -> usize {
    fn length<T>(list: Option<&Vec<T>>) -> usize {
        list.map_or(0, Vec::len)
    }
    length(page.tagged.as_ref())
        + usize::from(page.tagged.is_none() && is_tags(page))
        + length(page.profiles.as_ref())
        + length(page.share_associations.as_ref())
        + length(page.delegated.as_ref())
        + length(page.delegated_services.as_ref())
}

/// Whether the tags of a bucket count in conditions, where the page tells: `{"AbacStatus": {"Status": "Enabled"}}`.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbacStatus.html>
fn abac(page: &Page<'_>) -> Option<bool> {
    let status: Node<'_> = serde_json::from_str(page.abac.map(RawValue::get)?).ok()?;
    match status.member("Status")?.as_text()? {
        "Enabled" => Some(true),
        "Disabled" => Some(false),
        _ => None,
    }
}

/// Tags in an order that does not depend on the export's.
pub(super) fn tags(facts: &mut Facts, tags: Option<&[Tag<'_>]>) -> Vec<(Text, Text)> {
    let mut tags: Vec<(&str, &str)> = tags
        .unwrap_or_default()
        .iter()
        .map(|tag| (&*tag.key, tag.value.as_deref().unwrap_or_default()))
        .collect();
    tags.sort_unstable();
    tags.iter().map(|(key, value)| (facts.text(key), facts.text(value))).collect()
}

fn add(
    facts: &mut Facts,
    source: SourceId,
    arn: &str,
    account: Option<&str>,
    tags: Vec<(Text, Text)>,
    flags: u8,
) {
    let (kind, _) = kind_of(arn);
    let own = arn.split(':').nth(4).filter(|account| !account.is_empty());
    let record = ResourceRecord {
        id: facts.text(arn),
        kind: facts.text(&kind),
        account: own.or(account).map(|account| facts.text(account)),
        tags,
        flags,
        policies: Vec::new(),
        told: false,
        source,
    };
    facts.add_resource(record);
}

pub(super) fn keep_tags(facts: &mut Facts, source: SourceId, page: &Page<'_>) {
    let account = page.account_id.as_ref().map(AccountId::as_str);
    for resource in page.tagged.iter().flatten() {
        let tags = tags(facts, resource.tags.as_deref());
        add(facts, source, resource.arn.as_str(), account, tags, TAGS_KNOWN);
    }
    let Some(bucket) = page.bucket.as_ref().filter(|_| page.tagged.is_none()) else { return };
    let arn = bucket_arn(bucket, None);
    let mut flags = match abac(page) {
        Some(true) => ABAC_ENABLED,
        Some(false) => ABAC_DISABLED,
        None => 0,
    };
    if page.tag_set.is_some() {
        flags |= TAGS_KNOWN;
    }
    let tags = tags(facts, page.tag_set.as_deref());
    add(facts, source, &arn, account, tags, flags);
}

pub(super) fn keep_facts(facts: &mut Facts, source: SourceId, page: &Page<'_>) {
    for profile in page.profiles.iter().flatten() {
        let id = facts.text(profile.arn.as_str());
        for role in profile.roles.iter().flatten().filter_map(|role| role.arn.as_ref()) {
            let role = facts.text(role.as_str());
            facts.relations.profiles.entry(id).or_default().insert(role);
        }
    }
    for association in page.share_associations.iter().flatten() {
        let over =
            |status: &Str<'_>| matches!(&**status, "DISASSOCIATED" | "FAILED" | "RESTORED_DISASSOCIATED");
        if association.status.as_ref().is_some_and(over) {
            continue;
        }
        let Some(entity) = &association.entity else { continue };
        let (share, entity) = (facts.text(association.share.as_str()), facts.text(entity));
        let share = facts.relations.shares.entry(share).or_default();
        match association.kind.as_deref() {
            Some("PRINCIPAL") => share.with.insert(entity),
            Some("RESOURCE") => share.resources.insert(entity),
            _ => false,
        };
        let arn = facts.texts.get(entity).to_owned();
        if association.kind.as_deref() == Some("RESOURCE") && arn.starts_with("arn:") {
            add(facts, source, &arn, None, Vec::new(), 0);
        }
    }
    for administrator in page.delegated.iter().flatten() {
        let account = facts.text(administrator.id.as_str());
        facts.relations.delegated.entry(account).or_default();
    }
    let account = page.account_id.as_ref().map(|account| facts.text(account.as_str()));
    if let (Some(account), Some(services)) = (account, &page.delegated_services) {
        let services: Vec<Text> = services.iter().map(|one| facts.text(&one.service)).collect();
        facts.relations.delegated.entry(account).or_default().extend(services);
    }
}
