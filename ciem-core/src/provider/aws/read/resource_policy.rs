//! Policies of resources: the answers of `get-…-policy` commands, VPC endpoints, and rows for any other service.

use super::access_points::access_point_of;
use super::organization::DescribedPolicy;
use super::text::Arn;
use super::{Kind, Page};
use crate::error::{Error, Place};
use crate::model::{Facts, PolicyRef, PolicyUse, ResourceRecord, SourceId};
use crate::provider::aws::document::json::{Node, Str};
use crate::provider::aws::document::{Dialect, intern, is_public, text_of};
use crate::provider::aws::{
    ACCESS_POINT, BLOCK_TOLD, ENDPOINT, PUBLIC_POLICY, RESOURCE, RESTRICTS_PUBLIC, TRUST,
};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error as _};
use serde_json::value::RawValue;
use std::collections::BTreeSet;

/// `Policy` is the document of a resource (text, or an object where a tool decoded it) or, in the answer of
/// `organizations describe-policy`, a description.
pub(super) enum PolicyField<'a> {
    Document(&'a RawValue),
    Described(DescribedPolicy<'a>),
    Other,
}

impl<'de: 'a, 'a> Deserialize<'de> for PolicyField<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        if raw.get().starts_with('"') {
            return Ok(PolicyField::Document(raw));
        }
        let Ok(node) = serde_json::from_str::<Node<'_>>(raw.get()) else { return Ok(PolicyField::Other) };
        if node.member("PolicySummary").is_some() {
            serde_json::from_str(raw.get()).map(PolicyField::Described).map_err(D::Error::custom)
        } else if node.member("Statement").is_some() {
            Ok(PolicyField::Document(raw))
        } else {
            Ok(PolicyField::Other)
        }
    }
}

/// Attributes of an SQS queue or an SNS topic. Other things have attributes too, of any shape.
#[derive(Default)]
pub(super) struct Attributes<'a> {
    queue: Option<Arn<'a>>,
    topic: Option<Arn<'a>>,
    policy: Option<&'a RawValue>,
}

impl Attributes<'_> {
    pub(super) fn owner(&self) -> Option<&str> {
        self.queue.as_ref().or(self.topic.as_ref()).map(Arn::as_str)
    }

    pub(super) fn tells_policy(&self) -> bool {
        self.owner().is_some() || self.policy.is_some()
    }
}

#[derive(serde::Deserialize)]
#[serde(expecting = "an object")]
struct AttributeTexts<'a> {
    #[serde(borrow, rename = "QueueArn")]
    queue: Option<Arn<'a>>,
    #[serde(borrow, rename = "TopicArn")]
    topic: Option<Arn<'a>>,
    #[serde(borrow, rename = "Policy")]
    policy: Option<&'a RawValue>,
}

struct AttributesVisitor;

impl<'de> serde::de::Visitor<'de> for AttributesVisitor {
    type Value = Attributes<'de>;
    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object of attributes")
    }
    fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Attributes<'de>, A::Error> {
        let AttributeTexts { queue, topic, policy } =
            AttributeTexts::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Attributes { queue, topic, policy })
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Attributes<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(AttributesVisitor)
    }
}

/// One of `ec2 describe-vpc-endpoints`.
#[derive(serde::Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct Endpoint<'a> {
    #[serde(borrow, rename = "VpcEndpointId")]
    id: Str<'a>,
    #[serde(borrow, rename = "OwnerId")]
    account: Option<Str<'a>>,
    #[serde(borrow, rename = "PolicyDocument")]
    policy: Option<&'a RawValue>,
}

#[derive(serde::Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct PublicAccess {
    #[serde(rename = "RestrictPublicBuckets", default)]
    restrict: bool,
}

impl PublicAccess {
    pub(super) fn restricts(&self) -> bool {
        self.restrict
    }
}

/// Which resource a page speaks of.
pub(super) struct Owner {
    pub(super) arn: String,
    pub(super) account: Option<String>,
}

impl Owner {
    /// The resource of an ARN that names its account.
    pub(super) fn of(arn: String) -> Owner {
        let account = arn.split(':').nth(4).filter(|account| !account.is_empty()).map(str::to_owned);
        Owner { arn, account }
    }
}

/// The resource of each page that speaks of one.
pub(super) fn owners(pages: &[Page<'_>], name: &str) -> Result<Vec<Option<Owner>>, Error> {
    let single = pages.len() == 1;
    let owner = |(index, page): (usize, &Page<'_>)| {
        let whole_account = page.kind() == Some(Kind::PublicAccess) && page.bucket.is_none();
        if !matches!(page.kind(), Some(Kind::ResourcePolicy | Kind::PublicAccess))
            || whole_account && page.account_id.is_some()
        {
            return Ok(None);
        }
        owner(page).map(Some).map_err(|reason| {
            let place = Place::source(name);
            Error::malformed(reason, if single { place } else { place.at(format!("/{index}")) })
        })
    };
    pages.iter().enumerate().map(owner).collect()
}

fn owner(page: &Page<'_>) -> Result<Owner, &'static str> {
    let given = page.account_id.as_ref().or(page.row_account.as_ref()).map(|account| account.as_str());
    let named = page.row_resource.as_ref().or(page.resource_arn.as_ref()).or(page.secret.as_ref());
    let of_bus = page.arn.as_ref().filter(|_| page.policy.is_some());
    let named = named.or(page.vault.as_ref()).or(of_bus).map(Arn::as_str);
    let arn = match (named.or(page.attributes.as_ref().and_then(Attributes::owner)), &page.policy) {
        (Some(arn), _) => arn.to_owned(),
        (None, Some(PolicyField::Document(policy))) => {
            let stated = stated_resource(policy.get());
            if let Some(bucket) = &page.bucket {
                bucket_arn(bucket, stated.as_deref())
            } else if let Some(key) = &page.key_id {
                if !key.starts_with("arn:") {
                    return Err("`KeyId` does not tell the region and account of the key; put its ARN there");
                }
                key.to_string()
            } else {
                stated.ok_or(
                    "the answer does not say whose policy it is; put `ResourceArn` (or `Bucket`, or `KeyId` with the \
                     key's ARN) beside `Policy`",
                )?
            }
        }
        (None, _) => match (&page.bucket, page.attributes.as_ref().and_then(|a| a.policy)) {
            (Some(bucket), _) => bucket_arn(bucket, None),
            (None, Some(policy)) => stated_resource(policy.get())
                .ok_or("the answer does not say whose policy it is; export the attribute `QueueArn` too")?,
            (None, None) => {
                return Err(
                    "the answer does not say what it is about; put `Bucket`, or `AccountId` where it is about a \
                     whole account, beside it",
                );
            }
        },
    };
    let own = arn.split(':').nth(4).filter(|account| !account.is_empty()).map(str::to_owned);
    Ok(Owner { arn, account: own.or_else(|| given.map(str::to_owned)) })
}

/// Buckets are given by name; the partition is that of the resources in the policy.
pub(super) fn bucket_arn(bucket: &str, stated: Option<&str>) -> String {
    if bucket.starts_with("arn:") {
        return bucket.to_owned();
    }
    let partition = stated.and_then(|arn| arn.split(':').nth(1)).unwrap_or("aws");
    format!("arn:{partition}:s3:::{bucket}")
}

/// The one resource that all statements speak of: a bucket for its objects, a function for its versions.
pub(super) fn stated_resource(policy: &str) -> Option<String> {
    let text = text_of(policy).ok()?;
    let document: Node<'_> = serde_json::from_str(&text).ok()?;
    let mut found = BTreeSet::new();
    for statement in document.member("Statement")?.items() {
        for resource in statement.member("Resource")?.items() {
            let resource = resource.as_text()?;
            if resource == "*" {
                continue;
            }
            let carrier = match resource.split(':').nth(2)? {
                "s3" => access_point_of(resource).or(resource.split('/').next())?.to_owned(),
                "lambda" => resource.split(':').take(7).collect::<Vec<_>>().join(":"),
                "execute-api" => resource.split('/').next()?.to_owned(),
                "es" | "dynamodb" => resource.split('/').take(2).collect::<Vec<_>>().join("/"),
                _ => resource.to_owned(),
            };
            found.insert(carrier);
        }
    }
    let only = found.pop_first()?;
    (found.is_empty() && !only.contains(['*', '?', '$']) && only.split(':').count() >= 6).then_some(only)
}

/// Service and type of a resource, and what its own policy is called.
pub(crate) fn kind_of(arn: &str) -> (String, &'static str) {
    let mut segments = arn.splitn(6, ':');
    let service = segments.nth(2).unwrap_or_default();
    let resource = segments.nth(2).unwrap_or_default();
    let (kind, policy) = match service {
        "s3" if access_point_of(arn) == Some(arn) => ("accesspoint", "access point policy"),
        "s3" => (if resource.contains('/') { "object" } else { "bucket" }, "bucket policy"),
        "kms" => (if resource.starts_with("alias/") { "alias" } else { "key" }, "key policy"),
        "sqs" => ("queue", "queue policy"),
        "sns" => ("topic", "topic policy"),
        "lambda" => ("function", "function policy"),
        "secretsmanager" => ("secret", "secret policy"),
        "iam" if resource.starts_with("role/") => ("role", "trust policy"),
        "ecr" => ("repository", "repository policy"),
        "execute-api" => ("api", "API policy"),
        "elasticfilesystem" => ("file-system", "file system policy"),
        "es" => ("domain", "access policy"),
        "events" if resource.starts_with("event-bus/") => ("event-bus", "event bus policy"),
        "backup" => ("backup-vault", "vault policy"),
        "dynamodb" if resource.starts_with("table/") => ("table", "table policy"),
        "glue" if resource == "catalog" => ("catalog", "catalog policy"),
        _ => (resource.split(['/', ':']).next().unwrap_or_default(), "resource policy"),
    };
    (format!("{service}:{kind}"), policy)
}

pub(super) fn keep(facts: &mut Facts, source: SourceId, page: &Page<'_>, owner: Owner) {
    let policy = match &page.policy {
        Some(PolicyField::Document(policy)) => Some(*policy),
        _ => page.row_policy.or(page.resource_policy).or(page.attributes.as_ref().and_then(|a| a.policy)),
    };
    let (kind, name) = kind_of(&owner.arn);
    let trust = kind == "iam:role";
    let mut flags = 0;
    let policies = policy.filter(|policy| policy.get() != "null").map(|policy| {
        let dialect = match kind.as_str() {
            "iam:role" => Dialect::Trust,
            kind if kind.starts_with("ecr:") => Dialect::OwnResource,
            _ => Dialect::Resource,
        };
        let document = intern(facts, policy, dialect);
        if matches!(kind.as_str(), "s3:bucket" | "s3:accesspoint")
            && is_public(facts, &facts.documents[document])
        {
            flags |= PUBLIC_POLICY;
        }
        let layer = if trust { TRUST } else { RESOURCE };
        PolicyUse { layer, policy: PolicyRef::Inline { name: facts.text(name), document } }
    });
    if let Some(block) = &page.public_access {
        flags |= BLOCK_TOLD | if block.restrict { RESTRICTS_PUBLIC } else { 0 };
    }
    if kind == "s3:accesspoint" {
        flags |= ACCESS_POINT;
    }
    let record = ResourceRecord {
        id: facts.text(&owner.arn),
        kind: facts.text(&kind),
        account: owner.account.map(|account| facts.text(&account)),
        tags: Vec::new(),
        flags,
        told: page.public_access.is_none(),
        policies: policies.into_iter().collect(),
        source,
    };
    facts.add_resource(record);
}

pub(super) fn keep_endpoints(facts: &mut Facts, source: SourceId, page: &Page<'_>) {
    for endpoint in page.endpoints.iter().flatten() {
        let policies = endpoint.policy.filter(|policy| policy.get() != "null").map(|policy| {
            let document = intern(facts, policy, Dialect::Endpoint);
            let name = facts.text("endpoint policy");
            PolicyUse { layer: ENDPOINT, policy: PolicyRef::Inline { name, document } }
        });
        let record = ResourceRecord {
            id: facts.text(&endpoint.id),
            kind: facts.text("ec2:vpc-endpoint"),
            account: endpoint.account.as_ref().map(|account| facts.text(account)),
            tags: Vec::new(),
            flags: 0,
            told: true,
            policies: policies.into_iter().collect(),
            source,
        };
        facts.add_resource(record);
    }
}

/// Block Public Access of a whole account.
pub(super) fn keep_account_block(facts: &mut Facts, page: &Page<'_>) {
    let Some(account) = &page.account_id else { return };
    let restricts = page.public_access.as_ref().is_some_and(|block| block.restrict);
    let key = (facts.text(account.as_str()), facts.text("s3:bucket"));
    *facts.account_flags.entry(key).or_default() |= if restricts { RESTRICTS_PUBLIC } else { 0 };
}
