//! Policies of resources in answers that have shapes of their own: ECR, OpenSearch, API Gateway, Glue.

use super::Page;
use super::resource_policy::{Owner, kind_of, stated_resource};
use super::text::Arn;
use crate::error::{Error, Place};
use crate::model::{Facts, PolicyRef, PolicyUse, ResourceRecord, SourceId};
use crate::provider::aws::RESOURCE;
use crate::provider::aws::document::json::Str;
use crate::provider::aws::document::{Dialect, intern_text};
use serde::Deserialize;
use serde_json::value::RawValue;

/// A search domain; its status carries the policy.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct Domain<'a> {
    #[serde(borrow, rename = "ARN")]
    arn: Option<Arn<'a>>,
    #[serde(borrow, rename = "AccessPolicies")]
    policy: Option<&'a RawValue>,
}

/// One of `apigateway get-rest-apis`; other services have items of any shape.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct RestApi<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    policy: Option<&'a RawValue>,
    #[serde(borrow, rename = "apiKeySource")]
    key_source: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct GluePolicy<'a> {
    #[serde(borrow, rename = "PolicyInJson")]
    policy: Option<&'a RawValue>,
}

/// A resource and its own policy, as text; without one it is known to have none.
pub(super) struct Found {
    owner: Owner,
    policy: Option<String>,
}

pub(super) fn is_one(page: &Page<'_>) -> bool {
    page.policy_text.is_some()
        || page.domain.as_ref().is_some_and(|domain| domain.arn.is_some())
        || page.domains.as_ref().is_some_and(|all| all.iter().any(|domain| domain.arn.is_some()))
        || page.glue_policy.is_some()
        || page.glue_policies.is_some()
        || is_rest_api(page)
        || page.items.as_ref().is_some_and(|all| all.iter().any(|api| api.key_source.is_some()))
}

/// `get-rest-api`: one API, its members beside each other.
fn is_rest_api(page: &Page<'_>) -> bool {
    page.rest_api_id.is_some() && page.api_key_source.is_some()
}

/// The policies of a page, each with the resource it belongs to.
pub(super) fn found(page: &Page<'_>, place: &Place) -> Result<Vec<Found>, Error> {
    let failure = |reason: &str| Error::malformed(reason, place.clone());
    let given = || page.resource_arn.as_ref().map(|arn| arn.as_str().to_owned());
    let mut found = Vec::new();
    if let Some(policy) = page.policy_text {
        let arn = given().or_else(|| repository(page)).ok_or_else(|| {
            failure("the answer does not say in which region the repository is; put `ResourceArn` or `Region` beside it")
        })?;
        found.push(Found { owner: Owner::of(arn), policy: text(policy) });
    }
    for domain in page.domain.iter().chain(page.domains.iter().flatten()) {
        let Some(arn) = &domain.arn else { continue };
        found.push(Found { owner: Owner::of(arn.as_str().to_owned()), policy: domain.policy.and_then(text) });
    }
    let one = RestApi { id: page.rest_api_id, policy: page.row_policy, key_source: page.api_key_source };
    let single = is_rest_api(page).then_some(&one);
    for api in single.into_iter().chain(page.items.iter().flatten()) {
        let Some(id) = api.id.and_then(|id| text(id)) else { continue };
        let policy = api.policy.and_then(text).map(|policy| unescaped(&policy));
        let stated = policy.as_deref().and_then(stated_in);
        let arn =
            given().filter(|_| single.is_some()).or_else(|| in_region(page, "execute-api", &id)).or(stated);
        match arn {
            Some(arn) => found.push(Found { owner: Owner::of(arn), policy }),
            // An API without a policy, of which nothing else would be known.
            None if policy.is_none() => {}
            None => {
                return Err(failure(
                    "the answer does not say where the API is; put `Region` and `AccountId` beside it",
                ));
            }
        }
    }
    let listed = page.glue_policies.iter().flatten().filter_map(|one| one.policy);
    for policy in page.glue_policy.into_iter().chain(listed) {
        let Some(policy) = text(policy) else { continue };
        let catalog = given().or_else(|| in_region(page, "glue", "catalog")).or_else(|| catalog_of(&policy));
        let arn = catalog.ok_or_else(|| {
            failure(
                "the answer does not say which catalog it is about; put `Region` and `AccountId` beside it",
            )
        })?;
        found.push(Found { owner: Owner::of(arn), policy: Some(policy) });
    }
    Ok(found)
}

/// The text inside a JSON text, or the JSON itself; nothing where it is empty or null.
fn text(raw: &RawValue) -> Option<String> {
    let text = match serde_json::from_str::<Str<'_>>(raw.get()) {
        Ok(text) => text.0.into_owned(),
        Err(_) => raw.get().to_owned(),
    };
    (!text.is_empty() && text != "null").then_some(text)
}

/// API Gateway gives the policy with its quotes escaped once more.
fn unescaped(policy: &str) -> String {
    if !policy.starts_with("{\\\"") && !policy.contains("\\\"") {
        return policy.to_owned();
    }
    serde_json::from_str::<String>(&format!("\"{policy}\"")).unwrap_or_else(|_| policy.to_owned())
}

fn repository(page: &Page<'_>) -> Option<String> {
    let (registry, name) = (page.registry_id.as_ref()?, page.repository_name.as_ref()?);
    let region = page.region.as_ref()?;
    Some(format!("arn:{}:ecr:{}:{}:repository/{}", partition(region), &**region, &**registry, &**name))
}

fn in_region(page: &Page<'_>, service: &str, resource: &str) -> Option<String> {
    let (region, account) = (page.region.as_ref()?, page.account_id.as_ref()?);
    Some(format!("arn:{}:{service}:{}:{}:{resource}", partition(region), &**region, account.as_str()))
}

/// <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>
fn partition(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "aws-cn"
    } else if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else {
        "aws"
    }
}

fn stated_in(policy: &str) -> Option<String> {
    stated_resource(policy).filter(|arn| arn.contains(":execute-api:"))
}

/// The catalog of the region and account that all statements speak of.
fn catalog_of(policy: &str) -> Option<String> {
    let node: crate::provider::aws::document::json::Node<'_> = serde_json::from_str(policy).ok()?;
    let mut found = std::collections::BTreeSet::new();
    for statement in node.member("Statement")?.items() {
        for resource in statement.member("Resource")?.items() {
            let segments: Vec<&str> = resource.as_text()?.splitn(6, ':').collect();
            if let [arn, partition, service @ "glue", region, account, _] = segments.as_slice() {
                found.insert(format!("{arn}:{partition}:{service}:{region}:{account}:catalog"));
            }
        }
    }
    let only = found.pop_first()?;
    (found.is_empty() && !only.contains('*')).then_some(only)
}

pub(super) fn keep(facts: &mut Facts, source: SourceId, found: Vec<Found>) {
    for Found { owner, policy } in found {
        let (kind, name) = kind_of(&owner.arn);
        let dialect = if kind.starts_with("ecr:") { Dialect::OwnResource } else { Dialect::Resource };
        let policies = policy.map(|policy| {
            let document = intern_text(facts, &policy, dialect);
            PolicyUse { layer: RESOURCE, policy: PolicyRef::Inline { name: facts.text(name), document } }
        });
        let record = ResourceRecord {
            id: facts.text(&owner.arn),
            kind: facts.text(&kind),
            account: owner.account.map(|account| facts.text(&account)),
            tags: Vec::new(),
            flags: 0,
            policies: policies.into_iter().collect(),
            told: true,
            source,
        };
        facts.add_resource(record);
    }
}
