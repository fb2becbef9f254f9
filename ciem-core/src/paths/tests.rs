//! What worlds of the conformance tests do not show: sessions, long ways, equal answers however a question is asked.

use crate::model::{ContextValue, Query, Session};
use crate::paths::BecomeRow;
use crate::snapshot::Snapshot;
use crate::snapshot::builder::SnapshotBuilder;
use serde_json::{Value, json};

fn role_arn(name: &str) -> String {
    format!("arn:aws:iam::111122223333:role/{name}")
}

fn document(statements: &Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn role(name: &str, trusted: &Value, own: &Value) -> Value {
    let trust = json!([{"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}]);
    json!({
        "Arn": role_arn(name), "RoleName": name, "Path": "/", "RoleId": format!("AROA{name}"),
        "AssumeRolePolicyDocument": document(&trust),
        "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": document(own)}],
    })
}

fn snapshot(roles: &[Value]) -> Snapshot {
    let export =
        json!({"UserDetailList": [], "RoleDetailList": roles, "GroupDetailList": [], "Policies": []});
    let mut builder = SnapshotBuilder::new();
    builder.add("account.json", export.to_string().as_bytes()).unwrap();
    builder.finish().unwrap()
}

fn rows(snapshot: &Snapshot, query: &Query) -> Vec<BecomeRow> {
    snapshot.can_become(query).unwrap().rows().collect()
}

fn gist(rows: &[BecomeRow]) -> Vec<(&str, &str, &str)> {
    rows.iter().map(|row| (row.kind, row.to.as_str(), row.verdict.as_str())).collect()
}

fn nothing() -> Value {
    json!([])
}

#[test]
fn a_long_way_has_all_its_steps() {
    const STEPS: usize = 300;
    let trusted = |at: usize| match at {
        0 => json!({"Service": "ec2.amazonaws.com"}),
        _ => json!({"AWS": role_arn(&format!("r{:03}", at - 1))}),
    };
    let roles: Vec<Value> =
        (0..=STEPS).map(|at| role(&format!("r{at:03}"), &trusted(at), &nothing())).collect();
    let rows = rows(&snapshot(&roles), &Query::what("r000"));
    assert_eq!(rows.len(), STEPS);
    let last = rows.last().unwrap();
    assert_eq!((last.hops, last.to.as_str()), (STEPS as u64, role_arn("r300").as_str()));
    assert_eq!(last.through.len(), STEPS - 1);
    assert_eq!(last.through[0], role_arn("r001"));
    assert!(rows.iter().all(|row| !row.mutual));
}

#[test]
fn a_session_takes_the_first_step_only() {
    let session = "arn:aws:sts::111122223333:assumed-role/start/ana";
    let roles = [
        role("start", &json!({"Service": "ec2.amazonaws.com"}), &nothing()),
        role("next", &json!({"AWS": session}), &nothing()),
        role("last", &json!({"AWS": role_arn("next")}), &nothing()),
    ];
    let snapshot = snapshot(&roles);
    let (next, last) = (role_arn("next"), role_arn("last"));
    let of = |query: &Query| rows(&snapshot, query);
    assert_eq!(
        gist(&of(&Query::what("start"))),
        [("assume_role", last.as_str(), "conditional"), ("assume_role", next.as_str(), "conditional")]
    );
    let sure = [("assume_role", last.as_str(), "allow"), ("assume_role", next.as_str(), "allow")];
    assert_eq!(gist(&of(&Query::what(session))), sure);
    assert_eq!(gist(&of(&Query::what(session.replace("ana", "bo")))), []);
    let mut named = Query::what("start");
    named.session = Some(Session { name: Some("ana".to_owned()), ..Session::default() });
    assert_eq!(gist(&of(&named)), sure);
    named.session = Some(Session { name: Some("bo".to_owned()), ..Session::default() });
    assert_eq!(gist(&of(&named)), []);
}

#[test]
fn session_policies_limit_whoever_has_them() {
    let take = json!([{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}]);
    let roles = [
        role("start", &json!({"Service": "ec2.amazonaws.com"}), &take),
        role("next", &json!({"AWS": "111122223333"}), &take),
        role("last", &json!({"AWS": "111122223333"}), &nothing()),
    ];
    let snapshot = snapshot(&roles);
    let mut query = Query::what("start");
    let (next, last) = (role_arn("next"), role_arn("last"));
    let both = [("assume_role", last.as_str(), "allow"), ("assume_role", next.as_str(), "allow")];
    assert_eq!(gist(&rows(&snapshot, &query)), both);
    let policy = |resource: &str| {
        document(&json!([{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": resource}]))
    };
    query.session = Some(Session { policies: Some(vec![policy(&next)]), ..Session::default() });
    let limited = rows(&snapshot, &query);
    assert_eq!(gist(&limited), both);
    assert_eq!((limited[0].hops, limited[0].through.as_slice()), (2, [next.clone()].as_slice()));
    query.session =
        Some(Session { policies: Some(vec![policy("arn:aws:iam::*:role/none")]), ..Session::default() });
    assert_eq!(gist(&rows(&snapshot, &query)), []);
}

#[test]
fn a_role_is_passed_to_the_service_of_its_row() {
    let pass = json!([{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*",
        "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}}]);
    let services = json!({"Service": ["ecs-tasks.amazonaws.com", "ec2.amazonaws.com"]});
    let roles = [role("boss", &json!({"AWS": role_arn("x")}), &pass), role("task", &services, &nothing())];
    let snapshot = snapshot(&roles);
    let mut query = Query::what("boss");
    let found = rows(&snapshot, &query);
    assert_eq!(gist(&found), [("pass_role", role_arn("task").as_str(), "allow")]);
    assert_eq!(found[0].through, ["ecs-tasks.amazonaws.com"]);
    // Each row's own service counts, whatever the query says of it.
    let other = ContextValue::One("ec2.amazonaws.com".to_owned());
    query.context.insert("IAM:PassedToService".to_owned(), other);
    assert_eq!(rows(&snapshot, &query), found);
}

#[test]
fn nobody_becomes_what_they_are() {
    let everything = json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}]);
    let own = json!({"AWS": role_arn("own"), "Service": "ec2.amazonaws.com"});
    let found = rows(&snapshot(&[role("own", &own, &everything)]), &Query::default());
    assert_eq!(gist(&found), [("service_role", role_arn("own").as_str(), "allow")]);
}
