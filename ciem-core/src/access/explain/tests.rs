//! Each kind of element that can fail, and the forms of an explanation.

use super::near::Budget;
use crate::{
    ContextValue, Explanation, NearMiss, Request, Session, Snapshot, SnapshotBuilder, Verdict, wire,
};
use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";
const OBJECT: &str = "arn:aws:s3:::pay/2026/report.csv";

fn allow(resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource})
}

fn snapshot(statements: &Value, others: &[Value]) -> Snapshot {
    let document = |statements: &Value| json!({"Version": "2012-10-17", "Statement": statements});
    let policies = json!([{"PolicyName": "own", "PolicyDocument": document(statements)}]);
    let arn = |name: &str| format!("arn:aws:iam::{ACCOUNT}:{name}");
    let account = json!({
        "UserDetailList": [{"UserName": "ana", "Path": "/", "UserId": "AIDAEXAMPLEEXAMPLEEX1", "Arn": arn("user/ana"),
            "GroupList": [], "AttachedManagedPolicies": [], "UserPolicyList": policies}],
        "RoleDetailList": [{"RoleName": "dev", "Path": "/team/", "RoleId": "AROAEXAMPLEEXAMPLEEX1",
            "Arn": arn("role/team/dev"), "AttachedManagedPolicies": [], "InstanceProfileList": [],
            "AssumeRolePolicyDocument": document(&json!([])), "RolePolicyList": policies}],
        "GroupDetailList": [], "Policies": []
    });
    let mut builder = SnapshotBuilder::new();
    builder.add("account.json", account.to_string().as_bytes()).unwrap();
    for (number, other) in others.iter().enumerate() {
        builder.add(&format!("other{number}.json"), other.to_string().as_bytes()).unwrap();
    }
    builder.finish().unwrap()
}

fn bucket(statement: &Value) -> Value {
    let policy = json!({"Version": "2012-10-17", "Statement": [statement]});
    json!({"Bucket": "pay", "AccountId": ACCOUNT, "Policy": policy.to_string()})
}

fn explained(statements: &Value, change: impl FnOnce(&mut Request)) -> Explanation {
    let mut request = Request::new("ana", "s3:GetObject", OBJECT);
    change(&mut request);
    snapshot(statements, &[]).explain(&request).unwrap()
}

/// The only near miss of the first layer.
fn only(explanation: &Explanation) -> &NearMiss {
    let near = &explanation.layers[0].near_misses;
    assert_eq!(near.len(), 1, "{}", explanation.text());
    &near[0]
}

fn resource_miss(resource: &str) -> NearMiss {
    only(&explained(&json!([allow(resource)]), |_| {})).clone()
}

fn with(condition: &Value, context: &[(&str, ContextValue)]) -> NearMiss {
    let mut statement = allow("arn:aws:s3:::pay/*");
    statement["Condition"] = condition.clone();
    let explanation = explained(&json!([statement]), |request| {
        request.context = context.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    });
    assert_eq!(explanation.decision.verdict, Verdict::Deny);
    only(&explanation).clone()
}

fn one(value: &str) -> ContextValue {
    ContextValue::One(value.to_owned())
}

#[test]
fn a_condition_says_what_it_needs_and_what_the_request_has() {
    let condition = json!({"IpAddress": {"aws:SourceIp": ["10.0.0.0/8"]}});
    let near = with(&condition, &[("aws:SourceIp", one("192.0.2.1"))]);
    let failed = &near.failed[0];
    assert_eq!(
        (failed.element, failed.known, failed.key.as_deref()),
        ("condition", "given", Some("aws:SourceIp"))
    );
    assert_eq!(failed.operator.as_deref(), Some("IpAddress"));
    assert_eq!(
        (&failed.wanted[..], &failed.given[..]),
        (&["10.0.0.0/8".to_owned()][..], &["192.0.2.1".to_owned()][..])
    );
    let elements = &near.elements;
    assert_eq!((elements.principal, elements.action, elements.resource), (None, "matches", "matches"));
    assert_eq!(elements.condition, Some("fails"));
    assert_eq!(
        near.reason,
        "action matches, resource matches, condition `aws:SourceIp` does not: needs `10.0.0.0/8`, the request has `192.0.2.1`"
    );
    let absent = with(&condition, &[("aws:SourceIp", ContextValue::Absent)]);
    assert_eq!(absent.failed[0].known, "absent");
    assert!(absent.reason.ends_with("needs `10.0.0.0/8`, the request does not have it"));
}

#[test]
fn several_tests_fail_or_stay_open_each_on_its_own() {
    let condition = json!({
        "NumericLessThan": {"s3:max-keys": "10"}, "StringEquals": {"aws:SourceVpc": "vpc-1"}, "Bool": {"aws:SecureTransport": "true"}
    });
    let near = with(&condition, &[("s3:max-keys", one("11")), ("aws:SecureTransport", one("true"))]);
    assert_eq!(near.failed.len(), 1);
    assert!(near.reason.contains("needs NumericLessThan `10`, the request has `11`"), "{}", near.reason);
    assert_eq!((near.open[0].key.as_deref(), near.open[0].known), (Some("aws:SourceVpc"), "unknown"));
}

#[test]
fn conditions_that_look_right_are_explained() {
    let hint = |near: &NearMiss| near.failed[0].hint.clone().unwrap_or_default();
    let many = ContextValue::Many(vec!["a".to_owned(), "b".to_owned()]);
    let several = with(&json!({"StringEquals": {"aws:TagKeys": "a"}}), &[("aws:TagKeys", many)]);
    assert!(hint(&several).contains("never matches several values"), "{several:?}");
    let wildcard =
        with(&json!({"StringEquals": {"aws:SourceVpc": "vpc-*"}}), &[("aws:SourceVpc", one("vpc-1"))]);
    assert!(hint(&wildcard).contains("`StringLike` would match"));
    let case = with(&json!({"StringLike": {"aws:SourceVpc": "VPC-1"}}), &[("aws:SourceVpc", one("vpc-1"))]);
    assert_eq!(hint(&case), "only upper and lower case differ");
    let variable = json!({"StringEquals": {"aws:SourceVpc": "${aws:PrincipalTag/team}"}});
    let variable = with(&variable, &[("aws:SourceVpc", one("vpc-1"))]);
    assert_eq!(hint(&variable), "`${aws:PrincipalTag/team}` has no value here");
}

#[test]
fn a_role_is_told_where_a_condition_names_its_session_or_leaves_out_its_path() {
    for (wanted, hint) in [
        (
            format!("arn:aws:sts::{ACCOUNT}:assumed-role/dev/*"),
            "of a session the key holds the ARN of its role",
        ),
        (format!("arn:aws:iam::{ACCOUNT}:role/dev"), "the key holds the ARN with its path"),
    ] {
        let mut statement = allow("*");
        statement["Condition"] = json!({"ArnLike": {"aws:PrincipalArn": wanted}});
        let explanation = explained(&json!([statement]), |request| request.principal = "dev".to_owned());
        assert_eq!(only(&explanation).failed[0].hint.as_deref(), Some(hint));
    }
}

#[test]
fn a_resource_says_where_the_closest_pattern_differs() {
    let near = resource_miss("arn:aws:s3:::pay/2025/*");
    let failed = &near.failed[0];
    assert_eq!((failed.element, &failed.segments[..]), ("resource", &[6][..]));
    assert_eq!((&failed.wanted[0][..], &failed.given[0][..]), ("arn:aws:s3:::pay/2025/*", OBJECT));
    assert!(near.reason.ends_with("(only segment 6 differs)"), "{}", near.reason);
    let list = json!([{"Effect": "Allow", "Action": "s3:GetObject",
        "Resource": ["arn:aws:s3:::other/*", "arn:aws:s3:::pay/2026/q*", "arn:aws:sqs:eu-west-1:111122223333:q"]}]);
    let failed = only(&explained(&list, |_| {})).failed[0].clone();
    assert_eq!(
        (&failed.wanted[..], failed.wanted_left_out),
        (&["arn:aws:s3:::pay/2026/q*".to_owned()][..], 2)
    );
}

#[test]
fn resources_that_look_right_are_explained() {
    let hint = |resource: &str| resource_miss(resource).failed[0].hint.clone().unwrap_or_default();
    assert_eq!(hint("arn:aws:s3:::pay"), "`arn:aws:s3:::pay` does not match what lies in it");
    assert_eq!(hint("arn:aws:s3:::PAY/*"), "only upper and lower case differ");
    assert_eq!(
        hint("arn:aws:s3:::pay/${aws:PrincipalTag/team}/*"),
        "`${aws:PrincipalTag/team}` has no value here"
    );
    let list = json!([{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::pay/*"}]);
    let inside = explained(&list, |request| {
        request.action = "s3:ListBucket".to_owned();
        request.resource = "arn:aws:s3:::pay".to_owned();
    });
    let hint = only(&inside).failed[0].hint.clone().unwrap();
    assert_eq!(hint, "it matches what lies in `arn:aws:s3:::pay`, not that itself");
}

#[test]
fn a_permission_without_resource_wants_a_star() {
    let list = json!([{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "arn:aws:s3:::*"}]);
    let explanation = explained(&list, |request| request.action = "s3:ListAllMyBuckets".to_owned());
    let hint = only(&explanation).failed[0].hint.clone().unwrap();
    assert_eq!(hint, "`s3:ListAllMyBuckets` acts on no particular resource: only `*` matches");
}

#[test]
fn an_exception_says_what_it_excepts() {
    let statement = json!([{"Effect": "Allow", "Action": "s3:*", "NotResource": ["arn:aws:s3:::x/*", "arn:aws:s3:::pay/*"]}]);
    let explanation = explained(&statement, |_| {});
    let near = only(&explanation);
    assert!(near.failed[0].except && near.failed[0].wanted == ["arn:aws:s3:::pay/*"]);
    assert!(
        near.reason.contains("everything except `arn:aws:s3:::pay/*` and 1 more is meant"),
        "{}",
        near.reason
    );
}

#[test]
fn an_action_says_what_the_statement_speaks_of() {
    let statement = json!([{"Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObjectTagging"], "Resource": "arn:aws:s3:::pay/*"}]);
    let explanation = explained(&statement, |_| {});
    let near = only(&explanation);
    assert_eq!((near.elements.action, near.elements.resource), ("fails", "matches"));
    assert_eq!(near.failed[0].wanted, ["s3:GetObjectTagging", "s3:PutObject"]);
    // On everything, or of another service: about something else.
    for far in [
        json!([{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}]),
        json!([{"Effect": "Allow", "Action": "sqs:*", "Resource": "arn:aws:s3:::pay/*"}]),
        json!([{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:sqs:eu-west-1:111122223333:pay"}]),
    ] {
        assert!(explained(&far, |_| {}).layers[0].near_misses.is_empty(), "{far}");
    }
}

#[test]
fn a_policy_of_the_resource_says_whom_it_names() {
    let arn = |name: &str| format!("arn:aws:iam::{ACCOUNT}:{name}");
    let session = |name: &str| format!("arn:aws:sts::{ACCOUNT}:assumed-role/{name}");
    for (principal, named, hint) in [
        ("ana", json!({"AWS": arn("user/bob")}), None),
        ("dev", json!({"AWS": arn("role/dev")}), Some("the name is the same, the path is another")),
        (
            "dev",
            json!({"AWS": session("team/dev/eve")}),
            Some("the id of a session has the role's name without its path"),
        ),
        ("dev", json!({"AWS": session("dev/bob")}), Some("it names another session of the role")),
        ("ana", json!({"Service": "lambda.amazonaws.com"}), None),
    ] {
        let statement = json!({"Effect": "Allow", "Principal": named, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::pay/*"});
        let snapshot = snapshot(&json!([]), &[bucket(&statement)]);
        let mut request = Request::new(principal, "s3:GetObject", OBJECT);
        request.session = Some(Session { name: Some("eve".to_owned()), ..Session::default() });
        let explanation = snapshot.explain(&request).unwrap();
        let layer = &explanation.layers[1];
        assert_eq!((layer.layer, layer.state), ("resource", "does_not_allow"), "{named}");
        let near = &layer.near_misses[0];
        assert_eq!((near.elements.principal, near.failed[0].element), (Some("fails"), "principal"));
        assert_eq!(near.failed[0].hint.as_deref(), hint, "{named}");
        assert!(near.reason.contains("principal does not: names `"), "{}", near.reason);
        // A statement that names somebody else is no part of the answer.
        assert!(explanation.decision.statements.is_empty(), "{named}");
    }
}

#[test]
fn a_policy_that_names_only_the_account_delegates() {
    let statement = json!({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::pay/*"});
    let explanation = snapshot(&json!([]), &[bucket(&statement)])
        .explain(&Request::new("ana", "s3:GetObject", OBJECT))
        .unwrap();
    assert_eq!(explanation.decision.verdict, Verdict::Deny);
    assert_eq!(explanation.layers[1].state, "delegates");
    assert!(explanation.text().contains("resource: delegates: not in the way"));
}

#[test]
fn denials_that_nearly_match_are_shown_where_access_is_allowed() {
    let deny = json!({"Sid": "Office", "Effect": "Deny", "Action": "s3:*", "Resource": "*",
        "Condition": {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}});
    let statements = json!([allow("*"), deny, allow("arn:aws:s3:::other/*")]);
    let from = |address: &str| {
        explained(&statements, |request| {
            drop(request.context.insert("aws:SourceIp".to_owned(), one(address)))
        })
    };
    let inside = from("10.1.2.3");
    assert_eq!((inside.decision.verdict, inside.layers[0].state), (Verdict::Allow, "allows"));
    assert_eq!(inside.deciding.len(), 1);
    let near = only(&inside);
    assert_eq!((near.statement.effect, near.statement.sid.as_deref()), ("deny", Some("Office")));
    let outside = from("192.0.2.1");
    assert_eq!((outside.decision.verdict, outside.layers[0].state), (Verdict::Deny, "denies"));
    assert_eq!(outside.decision.statements[outside.deciding[0]].sid.as_deref(), Some("Office"));
    assert!(outside.layers[0].near_misses.iter().all(|near| near.statement.effect == "allow"));
}

#[test]
fn the_closest_come_first_and_the_rest_is_counted() {
    let mut statements: Vec<Value> = (0..6).map(|n| allow(&format!("arn:aws:s3:::other{n}/*"))).collect();
    statements.push(allow("arn:aws:s3:::pay/2025/*"));
    statements.push(json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}));
    let explain = |statements: &Value| {
        explained(statements, |request| {
            drop(request.context.insert("aws:MultiFactorAuthPresent".to_owned(), one("false")))
        })
    };
    let explanation = explain(&json!(statements));
    let layer = &explanation.layers[0];
    let order: Vec<u16> = layer.near_misses.iter().map(|near| near.statement.index).collect();
    assert_eq!(order, [7, 6, 0, 1, 2]);
    assert_eq!((layer.left_out, layer.incomplete), (3, false));
    assert!(explanation.text().contains("3 more come less close"));
    assert_eq!(explain(&json!(statements)), explanation);
}

#[test]
fn what_fails_in_more_than_two_elements_is_about_something_else() {
    let statement = json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:user/bob"}, "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::pay/2025/*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}});
    let snapshot = snapshot(&json!([]), &[bucket(&statement)]);
    let mut request = Request::new("ana", "s3:GetObject", OBJECT);
    let near = |request: &Request| snapshot.explain(request).unwrap().layers[1].near_misses.len();
    assert_eq!(near(&request), 1, "two fail");
    request.context.insert("aws:SecureTransport".to_owned(), one("false"));
    assert_eq!(near(&request), 0, "three fail");
}

#[test]
fn a_session_policy_is_a_layer_too() {
    let mut request = Request::new("dev", "s3:GetObject", OBJECT);
    let policy = json!({"Version": "2012-10-17", "Statement": [allow("arn:aws:s3:::pay/2025/*")]});
    request.session = Some(Session { policies: Some(vec![policy]), ..Session::default() });
    let explanation = snapshot(&json!([allow("*")]), &[]).explain(&request).unwrap();
    let layer = explanation.layers.iter().find(|layer| layer.stops == "yes").unwrap();
    assert_eq!((layer.layer, layer.state), ("session_policy", "does_not_allow"));
    assert_eq!(layer.near_misses[0].failed[0].segments, [6]);
}

#[test]
fn a_limit_says_what_it_leaves() {
    let mut request = Request::new("dev", "s3:GetObject", OBJECT);
    let limit = json!({"Effect": "Allow", "Action": ["s3:PutObject", "s3:ListAllMyBuckets", "sqs:*"], "Resource": "*"});
    let policy = json!({"Version": "2012-10-17", "Statement": [limit]});
    request.session = Some(Session { policies: Some(vec![policy]), ..Session::default() });
    let explanation = snapshot(&json!([allow("*")]), &[]).explain(&request).unwrap();
    let layer = explanation.layers.iter().find(|layer| layer.stops == "yes").unwrap();
    assert_eq!(layer.near_misses[0].failed[0].wanted, ["s3:PutObject"]);
}

#[test]
fn a_pattern_is_explained_where_it_is_asked_about() {
    let near = |resource: &str| {
        only(&explained(&json!([allow(resource)]), |request| {
            request.resource = "arn:aws:s3:::pay/2026/*".to_owned()
        }))
        .clone()
    };
    assert_eq!(near("arn:aws:s3:::pay/2025/*").failed[0].segments, [6]);
    assert!(near("arn:aws:s3:::pay").failed[0].hint.is_some());
}

#[test]
fn names_cannot_forge_lines_or_markup() {
    let nasty = "<script>alert('x')</script>&\"`\n\u{202e}\u{1b}[31m\u{200b}";
    let mut statement = allow(&format!("arn:aws:s3:::{nasty}"));
    statement["Sid"] = json!(nasty);
    statement["Condition"] = json!({"StringEquals": {"aws:SourceVpc": nasty, "aws:PrincipalTag/x": nasty}});
    let explanation = explained(&json!([statement]), |request| {
        request.resource = format!("arn:aws:s3:::a{nasty}");
        request
            .context
            .insert("aws:SourceVpc".to_owned(), ContextValue::Many(vec![nasty.to_owned(), nasty.to_owned()]));
    });
    let (text, html) = (explanation.text(), explanation.html());
    let near = only(&explanation);
    for shown in [&text, &html, &near.reason] {
        assert!(!shown.contains(['\u{202e}', '\u{1b}', '\u{200b}']), "{shown}");
        assert!(shown.contains("\\u{202e}") && shown.contains("script"));
    }
    assert!(!html.contains("<script") && !html.contains("'x'") && !near.reason.contains('\n'));
    assert!(text.lines().all(|line| !line.starts_with('\u{1b}')));
    assert_eq!(text.lines().filter(|line| line.contains("nearly")).count(), 1);
}

#[test]
fn long_names_are_cut() {
    let long = "x".repeat(5_000);
    let explanation = explained(&json!([allow(&format!("arn:aws:s3:::{long}"))]), |request| {
        request.resource = format!("arn:aws:s3:::y{long}");
    });
    assert!(explanation.text().len() < 4_000 && explanation.html().len() < 10_000);
}

#[test]
fn text_and_html_are_made_from_the_wire_form() {
    let explanation = explained(&json!([allow("arn:aws:s3:::pay")]), |_| {});
    let wire = serde_json::to_string(&explanation).unwrap();
    assert_eq!(wire::explanation_text(&wire).unwrap(), explanation.text());
    assert_eq!(wire::explanation_html(&wire).unwrap(), explanation.html());
    assert_eq!(wire::explanation_text("[").unwrap_err().code(), "malformed");
    assert_eq!(wire::explanation_html(r#"{"layers": 1}"#).unwrap_err().code(), "malformed");
    // Fields may be missing, places may lie outside.
    let odd = r#"{"v": 1, "deciding": [7], "layers": [{"layer": "a\nb", "statements": [9]}], "new": {}}"#;
    assert!(wire::explanation_text(odd).unwrap().contains("a\\u{a}b"));
    assert!(wire::explanation_html(odd).is_ok());
    let deep =
        format!(r#"{{"decision": {{"condition": {}{}}}}}"#, r#"{"not": "#.repeat(2_000), "}".repeat(2_000));
    assert_eq!(wire::explanation_text(&deep).unwrap_err().code(), "malformed");
    let wide = vec![r#"{"missing": "x"}"#; 5_000].join(",");
    let wide =
        wire::explanation_text(&format!(r#"{{"decision": {{"condition": {{"or": [{wide}]}}}}}}"#)).unwrap();
    assert!(wide.contains('…') && wide.len() < 2_000);
}

#[test]
fn a_budget_is_spent_once() {
    let mut budget = Budget::default();
    assert!(budget.spend(150_000) && !budget.spend(100_000) && !budget.spend(1));
}
