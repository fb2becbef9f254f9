//! Usage is the same however the logs were split, ordered and merged; what cannot be read is told and the rest stays.

mod bad;
mod laws;

use crate::model::{Ended, UseEvent};
use crate::usage::builder::UsageBuilder;
use crate::usage::coverage::Cover;
use crate::usage::value::{Usage, UseState};
use crate::usage::window::Window;
use serde_json::{Value, json};

pub(super) const ANA: &str = "arn:aws:iam::111122223333:user/ana";

/// A record of S3, of the user ana.
pub(super) fn record(id: &str, at: &str, source: &str, name: &str) -> Value {
    json!({
        "eventVersion": "1.08", "eventTime": at, "eventSource": source, "eventName": name, "awsRegion": "us-east-1",
        "sourceIPAddress": "203.0.113.7", "eventID": id, "eventType": "AwsApiCall", "eventCategory": "Management",
        "recipientAccountId": "111122223333", "managementEvent": true, "readOnly": true,
        "userIdentity": {"type": "IAMUser", "arn": ANA, "accountId": "111122223333", "accessKeyId": "AKIAEXAMPLEEXAMPLE01"},
    })
}

pub(super) fn read(bytes: &[u8]) -> Usage {
    let mut builder = UsageBuilder::new();
    builder.add("log.json", bytes).unwrap();
    builder.finish()
}

fn window() -> Window {
    Window::ending("30d", "2026-02-01T00:00:00Z").unwrap()
}

#[test]
fn denied_and_failed_calls_are_no_uses() {
    let mut denied = record("a", "2026-01-10T00:00:00Z", "s3.amazonaws.com", "ListBuckets");
    denied["errorCode"] = json!("AccessDenied");
    let mut throttled = record("b", "2026-01-10T00:00:00Z", "ec2.amazonaws.com", "DescribeInstances");
    throttled["errorCode"] = json!("Client.RequestLimitExceeded");
    let log = json!({"Records": [denied, throttled]}).to_string();
    let mut builder = UsageBuilder::new();
    builder.add("log.json", log.as_bytes()).unwrap();
    builder.cover(&Cover::management("aws", "111122223333", &window()));
    let usage = builder.finish();
    let one = usage.get(ANA, "s3:ListAllMyBuckets").unwrap();
    assert_eq!((one.used().count(), one.denied().count(), one.failed().count()), (0, 1, 0));
    assert_eq!(usage.state(ANA, "s3:ListAllMyBuckets", &window()), UseState::Denied);
    assert_eq!(usage.state(ANA, "ec2:DescribeInstances", &window()), UseState::Attempted);
    assert_eq!(usage.state(ANA, "ec2:RunInstances", &window()), UseState::Unused);
    assert_eq!(usage.state(ANA, "iam:PassRole", &window()), UseState::Unobservable);
    assert_eq!(usage.state(ANA, "s3:GetObject", &window()), UseState::Unobservable);
    let earlier = Window::ending("30d", "2026-01-01T00:00:00Z").unwrap();
    assert_eq!(usage.state(ANA, "ec2:RunInstances", &earlier), UseState::Unobservable);
}

#[test]
fn a_day_without_an_event_is_a_gap() {
    let mut builder = UsageBuilder::new();
    for day in (2..32).filter(|day| *day != 20) {
        let at = format!("2026-01-{day:02}T12:00:00Z");
        builder.add_event(&UseEvent::new(ANA, "s3:CreateBucket", &at).unwrap()).unwrap();
    }
    let usage = builder.finish();
    let window = Window::ending("30d", "2026-02-01T00:00:00Z").unwrap();
    assert_eq!(usage.uncovered_days(ANA, "ec2:RunInstances", &window), 1);
    assert_eq!(usage.state(ANA, "ec2:RunInstances", &window), UseState::Unobservable);
    assert_eq!(usage.state(ANA, "ec2:RunInstances", &window.gaps(1)), UseState::Unused);
    assert_eq!(usage.coverage().logs[0].gaps, [["2026-01-20".to_owned(), "2026-01-20".to_owned()]]);
}

#[test]
fn global_services_are_logged_in_their_region() {
    let mut builder = UsageBuilder::new();
    for day in 1..32 {
        let at = format!("2026-01-{day:02}T12:00:00Z");
        let event = UseEvent::new(ANA, "s3:CreateBucket", &at).unwrap().region("eu-west-1");
        builder.add_event(&event).unwrap();
    }
    let usage = builder.finish();
    assert_eq!(usage.state(ANA, "ec2:RunInstances", &window()), UseState::Unused);
    assert_eq!(usage.state(ANA, "iam:CreateUser", &window()), UseState::Unobservable);
}

#[test]
fn the_window_ends_before_its_end() {
    let mut builder = UsageBuilder::new();
    builder.add_event(&UseEvent::new(ANA, "s3:CreateBucket", "2026-02-01T00:00:00Z").unwrap()).unwrap();
    builder.cover(&Cover::management("aws", "111122223333", &window()));
    assert_eq!(builder.finish().state(ANA, "s3:CreateBucket", &window()), UseState::Unused);
}

#[test]
fn a_role_is_credited_and_whoever_is_behind_its_session_named() {
    let mut one = record("a", "2026-01-10T00:00:00Z", "s3.amazonaws.com", "CreateBucket");
    one["userIdentity"] = json!({
        "type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/dev/session-1", "accountId": "111122223333",
        "accessKeyId": "ASIAEXAMPLEEXAMPLE01", "sessionContext": {
            "sessionIssuer": {"type": "Role", "arn": "arn:aws:iam::111122223333:role/path/dev"},
            "attributes": {"mfaAuthenticated": "true"}, "sourceIdentity": "ana"},
    });
    let usage = read(json!([one]).to_string().as_bytes());
    let role = "arn:aws:iam::111122223333:role/path/dev";
    let used = usage.get(role, "s3:CreateBucket").unwrap();
    assert_eq!(used.mfa(), (true, false));
    assert_eq!(used.networks().map(|one| one.as_str()).collect::<Vec<_>>(), ["public"]);
    assert_eq!(usage.actors(role).map(|(name, _)| name).collect::<Vec<_>>(), ["ana"]);
    assert_eq!(usage.credentials(role).count(), 0);
    let seen = used.observed().next().unwrap();
    let context: Vec<(&str, &str)> = seen.context().collect();
    assert!(context.contains(&("aws:SourceIp", "203.0.113.7")), "{context:?}");
    assert!(context.contains(&("aws:MultiFactorAuthPresent", "true")));
}

#[test]
fn tables_of_query_engines_are_the_same_log() {
    let mut one = record("a", "2026-01-10T00:00:00Z", "sqs.amazonaws.com", "CreateQueue");
    one["requestParameters"] = json!({"queueName": "jobs"});
    let straight = read(json!({"Records": [one]}).to_string().as_bytes());
    let lower = json!({
        "eventtime": "2026-01-10T00:00:00Z", "eventsource": "sqs.amazonaws.com", "eventname": "CreateQueue",
        "awsregion": "us-east-1", "sourceipaddress": "203.0.113.7", "eventid": "a", "eventtype": "AwsApiCall",
        "recipientaccountid": "111122223333", "managementevent": "true", "requestparameters": "{\"queueName\":\"jobs\"}",
        "useridentity": format!("{{type=IAMUser, arn={ANA}, accountid=111122223333, accesskeyid=AKIAEXAMPLEEXAMPLE01, sessioncontext=null}}"),
    });
    let row: Vec<Value> =
        lower.as_object().unwrap().iter().map(|(name, value)| json!({ name.as_str(): value })).collect();
    let lake = json!({"QueryStatus": "FINISHED", "QueryResultRows": [row]});
    let events = json!({"Events": [{"EventId": "a", "CloudTrailEvent": one.to_string()}]});
    for text in [lower.to_string(), lake.to_string(), events.to_string()] {
        let other = read(text.as_bytes());
        assert_eq!(other.0.principals, straight.0.principals, "{text}");
    }
    let used = straight.get(ANA, "sqs:CreateQueue").unwrap();
    assert_eq!(used.observed().next().unwrap().resource, Some("arn:aws:sqs:us-east-1:111122223333:jobs"));
}

#[test]
fn names_of_calls_and_of_permissions() {
    let cases = [
        ("s3.amazonaws.com", "ListBuckets", "s3:ListAllMyBuckets"),
        ("lambda.amazonaws.com", "CreateFunction20150331", "lambda:CreateFunction"),
        ("lambda.amazonaws.com", "GetFunction20150331v2", "lambda:GetFunction"),
        ("monitoring.amazonaws.com", "DescribeAlarms", "cloudwatch:DescribeAlarms"),
        ("cloudfront.amazonaws.com", "CreateDistribution2020_05_31", "cloudfront:CreateDistribution"),
        ("tagging.amazonaws.com", "GetResources", "tag:GetResources"),
        ("streams.dynamodb.amazonaws.com", "GetRecords", "dynamodb:GetRecords"),
        ("s3.amazonaws.com", "HeadObject", "s3:GetObject"),
        ("acme.amazonaws.com", "DoIt", "acme:DoIt"),
    ];
    for (source, call, permission) in cases {
        let usage = read(record("a", "2026-01-10T00:00:00Z", source, call).to_string().as_bytes());
        assert!(usage.get(ANA, permission).is_some(), "{call}: {:?}", usage.0.principals);
    }
    let usage =
        read(record("a", "2026-01-10T00:00:00Z", "acme.amazonaws.com", "DoIt").to_string().as_bytes());
    assert_eq!(usage.coverage().unknown.into_iter().collect::<Vec<_>>(), [("acme:DoIt".to_owned(), 1)]);
}

#[test]
fn observations_are_bounded_and_stay_true() {
    let mut builder = UsageBuilder::new();
    for number in 0..1000 {
        let event = UseEvent::new(ANA, "s3:GetObject", "2026-01-10T00:00:00Z")
            .unwrap()
            .resource(format!("arn:aws:s3:::pay/{}/{number}", number % 3))
            .context("aws:SourceIp", format!("10.0.{}.{}", number % 4, number % 250));
        builder.add_event(&event).unwrap();
    }
    let usage = builder.finish();
    let used = usage.get(ANA, "s3:GetObject").unwrap();
    let seen: Vec<_> = used.observed().collect();
    assert!(seen.len() <= 64);
    assert_eq!(seen.iter().map(|one| one.count).sum::<u64>(), 1000);
    let resources: Vec<&str> = seen.iter().filter_map(|one| one.resource).collect();
    assert_eq!(resources, ["arn:aws:s3:::pay/0/*", "arn:aws:s3:::pay/1/*", "arn:aws:s3:::pay/2/*"]);
    assert!(seen.iter().all(|one| !one.exact));
}

#[test]
fn failed_calls_may_count() {
    let event = UseEvent::new(ANA, "s3:CreateBucket", "2026-01-10T00:00:00Z").unwrap().ended(Ended::Failed);
    let options = crate::usage::options::UsageOptions::default().failed_is_used(true);
    let mut builder = UsageBuilder::with_options(&options);
    builder.add_event(&event).unwrap();
    assert_eq!(builder.finish().state(ANA, "s3:CreateBucket", &window()), UseState::Used);
}
