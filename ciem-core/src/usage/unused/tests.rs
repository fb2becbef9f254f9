//! What was granted and not used, of a small account with logs.

use super::{GroupBy, UnusedKind, UnusedOptions, UnusedRow};
use crate::model::UseEvent;
use crate::progress::Progress;
use crate::snapshot::Snapshot;
use crate::snapshot::builder::SnapshotBuilder;
use crate::usage::builder::UsageBuilder;
use crate::usage::coverage::Cover;
use crate::usage::value::{Usage, UseState};
use crate::usage::window::Window;
use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";

fn arn(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:{name}")
}

fn allow(actions: Value, resources: Value) -> Value {
    json!({"Effect": "Allow", "Action": actions, "Resource": resources})
}

fn snapshot() -> Snapshot {
    let document = |statements: Value| json!({"Version": "2012-10-17", "Statement": statements});
    let inline =
        |name: &str, statements: Value| json!([{"PolicyName": name, "PolicyDocument": document(statements)}]);
    let tags = json!([{"Key": "env", "Value": "dev"}, {"Key": "Team", "Value": "pay"}]);
    let user = |name: &str, groups: Value, policies: Value| {
        json!({
            "Arn": arn(&format!("user/{name}")), "UserName": name, "Path": "/", "UserId": format!("AIDA{name}"),
            "GroupList": groups, "UserPolicyList": policies, "Tags": tags,
        })
    };
    let statements = json!([
        allow(json!(["sqs:CreateQueue", "sqs:DeleteQueue"]), json!("*")),
        allow(json!("sns:CreateTopic"), json!("arn:aws:sns:*:*:orders")),
    ]);
    let trust =
        |who: Value| document(json!([{"Effect": "Allow", "Principal": who, "Action": "sts:AssumeRole"}]));
    let export = json!({
        "UserDetailList": [
            user("ana", json!(["makers"]), json!([])),
            user("bo", json!(["makers"]), inline("own", json!([allow(json!("s3:GetObject"), json!("*"))]))),
            user("cy", json!(["idle"]), json!([])),
        ],
        "GroupDetailList": [
            {"Arn": arn("group/makers"), "GroupName": "makers", "Path": "/", "GroupId": "AGPA1",
             "GroupPolicyList": inline("make", statements)},
            {"Arn": arn("group/idle"), "GroupName": "idle", "Path": "/", "GroupId": "AGPA2",
             "GroupPolicyList": inline("rest", json!([allow(json!("ec2:RunInstances"), json!("*"))]))},
        ],
        "RoleDetailList": [
            {"Arn": arn("role/app"), "RoleName": "app", "Path": "/", "RoleId": "AROA1", "RolePolicyList": [],
             "AssumeRolePolicyDocument": trust(json!({"AWS": [arn("user/ana"), arn("user/bo")]}))},
        ],
        "Policies": [],
    });
    let mut builder = SnapshotBuilder::new();
    builder.add("account.json", export.to_string().as_bytes()).unwrap();
    builder.finish().unwrap()
}

fn window() -> Window {
    Window::ending("90d", "2026-11-01T00:00:00Z").unwrap()
}

fn usage() -> Usage {
    let mut builder = UsageBuilder::new();
    builder.cover(&Cover::management("aws", ACCOUNT, &window()));
    let at = "2026-10-10T10:00:00Z";
    for event in [
        UseEvent::new(arn("user/ana"), "sqs:CreateQueue", at).unwrap(),
        UseEvent::new(arn("user/ana"), "sns:CreateTopic", at)
            .unwrap()
            .resource("arn:aws:sns:eu-west-1:111122223333:other"),
        UseEvent::new(arn("user/ana"), "sts:AssumeRole", at).unwrap().resource(arn("role/app")),
    ] {
        builder.add_event(&event).unwrap();
    }
    builder.finish()
}

fn rows(options: &UnusedOptions) -> Vec<UnusedRow> {
    let unused = snapshot().unused_with(&usage(), &window(), options, &Progress::none()).unwrap();
    unused.rows().to_vec()
}

fn ids(kind: UnusedKind) -> Vec<(String, UseState)> {
    let rows = rows(&UnusedOptions::default().of(kind));
    rows.into_iter().map(|row| (row.id.unwrap_or_default(), row.state)).collect()
}

#[test]
fn permissions_are_compared_one_by_one() {
    let all = rows(&UnusedOptions::default().of(UnusedKind::Permission));
    let of = |name: &str, state: UseState| {
        all.iter()
            .find(|row| row.id == Some(arn(name)) && row.state == state)
            .map(|row| row.permissions.clone())
    };
    assert_eq!(of("user/ana", UseState::Unused).unwrap(), ["sqs:DeleteQueue"]);
    assert_eq!(
        of("user/bo", UseState::Unused).unwrap(),
        ["sns:CreateTopic", "sqs:CreateQueue", "sqs:DeleteQueue"]
    );
    assert_eq!(of("user/bo", UseState::Unobservable).unwrap(), ["s3:GetObject"]);
}

#[test]
fn one_call_counts_for_an_environment() {
    let options = UnusedOptions::default().of(UnusedKind::Permission).by(GroupBy::Environment);
    let all = rows(&options);
    let dev = all.iter().find(|row| row.id.is_some() && row.state == UseState::Unused).unwrap();
    assert_eq!(
        (dev.id.as_deref(), dev.environment.as_deref(), dev.team.as_deref()),
        (Some("dev"), Some("dev"), Some("pay"))
    );
    // One of ana, three of bo, one of cy; of these two that nobody used.
    assert_eq!(dev.count, 5);
    assert_eq!(dev.permissions, ["ec2:RunInstances", "sqs:DeleteQueue"]);
    assert!(rows(&options.environment("production")).is_empty());
}

#[test]
fn identities_groups_and_policies() {
    let unused = UseState::Unused;
    let principals = ids(UnusedKind::Principal);
    assert_eq!(principals, [(arn("role/app"), unused), (arn("user/bo"), unused), (arn("user/cy"), unused)]);
    assert_eq!(ids(UnusedKind::Group), [(arn("group/idle"), unused)]);
    let policies = ids(UnusedKind::Policy);
    assert_eq!(policies.len(), 2, "{policies:?}");
    assert!(policies.iter().any(|(id, state)| id.contains("rest") && *state == unused));
    assert!(policies.iter().any(|(id, state)| id.contains("own") && *state == UseState::Unobservable));
}

#[test]
fn a_statement_is_used_on_its_own_resources_only() {
    let statements = ids(UnusedKind::Statement);
    assert!(
        statements.iter().any(|(id, state)| id.ends_with("make#1") && *state == UseState::Unused),
        "{statements:?}"
    );
    assert!(!statements.iter().any(|(id, _)| id.ends_with("make#0")), "{statements:?}");
}

#[test]
fn a_trust_that_nobody_takes() {
    let rows = rows(&UnusedOptions::default().of(UnusedKind::Trust));
    let who: Vec<_> =
        rows.iter().map(|row| (row.id.clone().unwrap(), row.principal.clone().unwrap())).collect();
    assert!(who.contains(&(arn("role/app"), arn("user/bo"))), "{who:?}");
    assert!(!who.contains(&(arn("role/app"), arn("user/ana"))), "{who:?}");
}
