//! Access points of S3 buckets. A request through one must be permitted by the policies of both, so the bucket's policy
//! is kept at the access point too, with its resources as they are called there.

use super::resource_policy::bucket_arn;
use super::text::Arn;
use super::{AccountId, Kind, Page};
use crate::base::Text;
use crate::condition::MissingFact;
use crate::model::{
    DocId, Document, Facts, PatternItem, PolicyRef, PolicyUse, ResourceRecord, SourceId, Statement,
};
use crate::provider::aws::document::json::Str;
use crate::provider::aws::document::{Dialect, intern_text, unknown};
use crate::provider::aws::{
    ACCESS_POINT, ARN, BUCKET, BUCKET_ELSEWHERE, FROM_INTERNET, FROM_VPC, RESOURCE, RESTRICTS_PUBLIC,
};
use serde_json::{Value, json};

/// One of `s3control list-access-points`.
#[derive(serde::Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct AccessPoint<'a> {
    #[serde(borrow, rename = "AccessPointArn")]
    arn: Arn<'a>,
    #[serde(borrow, rename = "Bucket")]
    bucket: Str<'a>,
    #[serde(borrow, rename = "BucketAccountId")]
    bucket_account: Option<AccountId<'a>>,
    #[serde(borrow, rename = "NetworkOrigin")]
    network_origin: Option<Str<'a>>,
    #[serde(borrow, rename = "VpcConfiguration")]
    vpc: Option<Vpc<'a>>,
}

/// The VPC from which an access point is reached.
#[derive(serde::Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct Vpc<'a> {
    #[serde(borrow, rename = "VpcId")]
    id: Option<Str<'a>>,
}

/// From where an access point is reached.
struct Origin<'a> {
    named: Option<&'a str>,
    vpc: Option<&'a str>,
}

impl<'a> Origin<'a> {
    fn of(named: Option<&'a Str<'_>>, vpc: Option<&'a Vpc<'_>>) -> Origin<'a> {
        Origin { named: named.map(|name| &**name), vpc: vpc.and_then(|vpc| vpc.id.as_deref()) }
    }

    fn flags(&self) -> u8 {
        match self.named {
            Some("Internet") => FROM_INTERNET,
            Some("VPC") => FROM_VPC,
            _ => 0,
        }
    }
}

pub(super) fn is_one(page: &Page<'_>) -> bool {
    page.access_points.is_some() || page.access_point.is_some() && page.bucket.is_some()
}

pub(super) fn records(page: &Page<'_>) -> usize {
    if page.kind() != Some(Kind::AccessPoints) {
        return 0;
    }
    page.access_points.as_ref().map_or(1, Vec::len)
}

pub(super) fn keep(facts: &mut Facts, source: SourceId, page: &Page<'_>) {
    for point in page.access_points.iter().flatten() {
        let origin = Origin::of(point.network_origin.as_ref(), point.vpc.as_ref());
        add(facts, source, point.arn.as_str(), &point.bucket, point.bucket_account.as_ref(), 0, &origin);
    }
    if let (Some(arn), Some(bucket)) = (&page.access_point, &page.bucket) {
        let restricts = page.public_access.as_ref().is_some_and(|block| block.restricts());
        let flags = if restricts { RESTRICTS_PUBLIC } else { 0 };
        let origin = Origin::of(page.network_origin.as_ref(), page.vpc.as_ref());
        add(facts, source, arn.as_str(), bucket, page.bucket_account.as_ref(), flags, &origin);
    }
}

fn add(
    facts: &mut Facts,
    source: SourceId,
    arn: &str,
    bucket: &str,
    bucket_account: Option<&AccountId<'_>>,
    flags: u8,
    origin: &Origin<'_>,
) {
    let own = arn.split(':').nth(4).unwrap_or_default();
    let elsewhere = bucket_account.is_some_and(|account| account.as_str() != own);
    let bucket = facts.text(&bucket_arn(bucket, Some(arn)));
    let flags = flags | if elsewhere { BUCKET_ELSEWHERE } else { 0 };
    let id = facts.text(arn);
    let record =
        ResourceRecord { flags: flags | origin.flags() | ACCESS_POINT, ..record_of(facts, source, id) };
    facts.add_resource(record);
    facts.relations.behind.insert(id, bucket);
    if let Some(vpc) = origin.vpc {
        let document = intern_text(facts, &only_from(vpc).to_string(), Dialect::Resource);
        let name = facts.text("network origin of the access point");
        let added = PolicyUse { layer: BUCKET, policy: PolicyRef::Inline { name, document } };
        let record = record_of(facts, source, id);
        facts.add_to_resource(record, added);
    }
}

/// "Amazon S3 rejects any request made to the access point that doesn't originate from that VPC."
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-vpc.html>
fn only_from(vpc: &str) -> Value {
    let elsewhere = json!({"StringNotEquals": {"aws:SourceVpc": vpc}});
    let statement = json!({
        "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": elsewhere,
    });
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

/// An access point of which no policy is told.
fn record_of(facts: &mut Facts, source: SourceId, id: Text) -> ResourceRecord {
    let account = facts.texts.get(id).split(':').nth(4).unwrap_or_default().to_owned();
    ResourceRecord {
        id,
        kind: facts.text("s3:accesspoint"),
        account: (!account.is_empty()).then(|| facts.text(&account)),
        tags: Vec::new(),
        flags: 0,
        told: false,
        policies: Vec::new(),
        source,
    }
}

/// Whether the ARN is that of an access point or of something in one, and the access point's.
pub(in crate::provider::aws) fn access_point_of(arn: &str) -> Option<&str> {
    let name = arn.splitn(6, ':').nth(5).filter(|_| arn.split(':').nth(2) == Some("s3"))?;
    if !name.starts_with("accesspoint/") {
        return None;
    }
    let end = arn.match_indices('/').nth(1).map_or(arn.len(), |(at, _)| at);
    arn.get(..end)
}

/// Gives every access point what the policy of its bucket says of requests through it.
pub(super) fn finish(facts: &mut Facts) {
    let is_point = |texts: &crate::base::Interner, id: Text| {
        let arn = texts.get(id);
        access_point_of(arn) == Some(arn)
    };
    let points: Vec<Text> = facts.resources.ids().filter(|id| is_point(&facts.texts, *id)).collect();
    for point in points {
        let behind = facts.relations.behind.get(&point).copied();
        let told_by =
            [behind, Some(point)].into_iter().flatten().find_map(|id| facts.resources.get(id).first());
        let Some(source) = told_by.map(|record| record.source) else { continue };
        let documents = match behind {
            None => Err(missing(
                "bucket of the access point",
                facts.texts.get(point),
                "aws s3control get-access-point",
            )),
            Some(bucket) => policies_of(facts, bucket).and_then(|policies| {
                policies.into_iter().map(|document| seen_through(facts, document, point, bucket)).collect()
            }),
        };
        let documents: Vec<DocId> = match documents {
            Ok(documents) => documents,
            Err(fact) => vec![unknown(facts, Dialect::Resource, fact)],
        };
        for document in documents {
            let name = facts.text("underlying bucket policy");
            let added = PolicyUse { layer: BUCKET, policy: PolicyRef::Inline { name, document } };
            let record = record_of(facts, source, point);
            facts.add_to_resource(record, added);
        }
    }
}

fn missing(fact: &'static str, subject: &str, how: &'static str) -> MissingFact {
    MissingFact { fact: fact.to_owned(), subject: subject.to_owned(), how: how.to_owned() }
}

/// The documents of a bucket's own policy, where it is known whether it has one.
fn policies_of(facts: &Facts, bucket: Text) -> Result<Vec<DocId>, MissingFact> {
    let variants = facts.resources.get(bucket);
    let untold = || missing("bucket policy", facts.texts.get(bucket), "aws s3api get-bucket-policy");
    let [record] = variants else { return Err(untold()) };
    if !record.told {
        return Err(untold());
    }
    let own = record.policies.iter().filter(|used| used.layer == RESOURCE);
    Ok(own
        .filter_map(|used| match used.policy {
            PolicyRef::Inline { document, .. } | PolicyRef::Told { document, .. } => Some(document),
            PolicyRef::Managed(_) => None,
        })
        .collect())
}

/// The bucket's document with the bucket and its objects called as they are through the access point.
fn seen_through(facts: &mut Facts, id: DocId, point: Text, bucket: Text) -> Result<DocId, MissingFact> {
    let (point, bucket) = (facts.texts.get(point).to_owned(), facts.texts.get(bucket).to_owned());
    let document = facts.documents[id].clone();
    let mut statements = Vec::with_capacity(document.statements.len());
    for statement in document.statements {
        let mut items = Vec::new();
        for item in &statement.resources.items {
            let text = facts.texts.get(item.text).to_owned();
            let Some(called) = called_through(&text, &bucket, &point) else {
                let how = "ask about the bucket itself";
                return Err(missing("what a variable of the bucket policy stands for", &bucket, how));
            };
            for text in called {
                items.push(PatternItem { text: facts.text(&text), variables: item.variables });
            }
        }
        let resources = crate::model::Patterns { negated: statement.resources.negated, items };
        statements.push(Statement { resources, ..statement });
    }
    let rejected = facts.rejected_documents.get(&id).cloned().unwrap_or_default();
    let key = format!("{point} {bucket} {}", id.0);
    Ok(facts.document(&key, Dialect::Resource as u8, |_| (Document { statements }, rejected)))
}

/// The patterns of what a pattern on the bucket or its objects means through the access point; `None` where that
/// hangs on a variable.
fn called_through(pattern: &str, bucket: &str, point: &str) -> Option<Vec<String>> {
    if pattern == "*" {
        return Some(vec![pattern.to_owned()]);
    }
    let wanted: Vec<&str> = pattern.splitn(usize::from(ARN.segments), ARN.separator).collect();
    let own: Vec<&str> = bucket.splitn(usize::from(ARN.segments), ARN.separator).collect();
    let (Some((path, heads)), Some((name, own_heads))) = (wanted.split_last(), own.split_last()) else {
        return Some(Vec::new());
    };
    for (head, own) in heads.iter().zip(own_heads) {
        if !after(head, own)?.iter().any(|rest| rest.chars().all(|c| c == '*')) {
            return Some(Vec::new());
        }
    }
    let rests = after(path, name)?;
    let mut called = Vec::new();
    if rests.iter().any(|rest| rest.chars().all(|c| c == '*')) {
        called.push(point.to_owned());
    }
    for rest in rests {
        called.extend(after(&rest, "/")?.iter().map(|key| format!("{point}/object/{key}")));
    }
    Some(called)
}

/// What is left of a glob once it has matched a text, in every way it can; `None` where a variable comes before the
/// end of the text.
fn after(glob: &str, text: &str) -> Option<Vec<String>> {
    let mut rests = vec![glob.to_owned()];
    for c in text.chars() {
        let mut next: Vec<String> = Vec::new();
        for rest in &rests {
            let mut at = rest.as_str();
            // A star can match nothing, or this character and go on.
            while let Some(behind) = at.strip_prefix('*') {
                next.push(at.to_owned());
                at = behind;
            }
            match at.chars().next() {
                Some('$') if at.starts_with("${") => return None,
                Some(first) if first == c || first == '?' => {
                    next.push(at.get(first.len_utf8()..).unwrap_or_default().to_owned());
                }
                _ => {}
            }
        }
        next.sort_unstable();
        next.dedup();
        rests = next;
    }
    Some(rests)
}

#[cfg(test)]
mod tests {
    use super::{access_point_of, after, called_through};

    #[test]
    fn what_is_left_of_a_glob() {
        assert_eq!(after("pay/*", "pay/").unwrap(), ["*"]);
        assert_eq!(after("*/public/*", "pay/").unwrap(), ["*/public/*", "public/*"]);
        assert_eq!(after("p?y", "pay").unwrap(), [""]);
        assert!(after("q*", "pay").unwrap().is_empty());
        assert!(after("${aws:username}", "pay").is_none());
        assert_eq!(after("pay/${aws:username}/*", "pay/").unwrap(), ["${aws:username}/*"]);
    }

    #[test]
    fn objects_of_a_bucket_seen_through_an_access_point() {
        let point = "arn:aws:s3:eu-west-1:111122223333:accesspoint/team";
        let called = |pattern| called_through(pattern, "arn:aws:s3:::pay", point).unwrap();
        assert_eq!(called("arn:aws:s3:::pay"), [point]);
        assert_eq!(called("arn:aws:s3:::pay/a/*"), [format!("{point}/object/a/*")]);
        assert_eq!(called("arn:*:s3:::p*"), [point.to_owned(), format!("{point}/object/*")]);
        assert!(called("arn:aws:s3:::payroll/*").is_empty());
        assert_eq!(called("*"), ["*"]);
        assert_eq!(access_point_of(&format!("{point}/object/a/b")), Some(point));
        assert_eq!(access_point_of("arn:aws:s3:::accesspoint/x"), Some("arn:aws:s3:::accesspoint/x"));
    }
}
