//! What a simulation becomes.

use super::{build, fit};
use crate::error::Error;
use crate::model::{ContextValue, Facts, Request, Session, UnknownContext};
use crate::provider::Fit;
use crate::provider::aws::{ENDPOINT, PUBLIC_POLICY, RCP, RESTRICTS_PUBLIC, SCP, SERVICE_LINKED, TRUST};
use serde_json::{Value, json};

fn allow(action: &str) -> Value {
    json!({"document": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}})
}

fn simulate(changes: Value) -> Result<(Facts, Request), Error> {
    let mut simulation = json!({
        "v": 1, "provider": "aws", "principal": "arn:aws:iam::111122223333:user/ana",
        "action": "s3:GetObject", "resource": "arn:aws:s3:::pay/report.csv",
    });
    for (key, value) in changes.as_object().unwrap() {
        simulation[key] = value.clone();
    }
    let mut facts = Facts::default();
    build(&simulation.to_string(), &mut facts).map(|simulated| {
        let mut request = simulated.request.clone();
        let Fit { context, session } = fit(&simulated, &request);
        request.context = context.unwrap_or(request.context);
        if let Some(session) = session {
            let policies = request.session.and_then(|own| own.policies);
            request.session = Some(Session { policies, ..session });
        }
        (facts, request)
    })
}

fn code(changes: Value) -> &'static str {
    simulate(changes).map(|_| ()).unwrap_err().code()
}

#[test]
fn a_session_acts_for_the_role_with_its_path() {
    let (facts, request) = simulate(json!({
        "principal": "arn:aws:sts::111122223333:assumed-role/dev/ana",
        "role_arn": "arn:aws:iam::111122223333:role/team/dev",
        "identity_policies": [allow("s3:*")], "permissions_boundaries": [allow("s3:*")],
        "session_policies": [allow("s3:Get*")],
        "context": {"aws:PrincipalTag/team": "pay", "aws:MultiFactorAuthPresent": null},
    }))
    .unwrap();
    let role = &facts.principals.get(facts.texts.find("arn:aws:iam::111122223333:role/team/dev").unwrap())[0];
    assert_eq!((role.policies.len(), role.tags.len()), (2, 0));
    assert_eq!(request.principal, "arn:aws:sts::111122223333:assumed-role/dev/ana");
    let session = request.session.unwrap();
    assert_eq!((session.policies.unwrap().len(), &*session.tags["team"]), (1, "pay"));
    assert_eq!(request.unknown_context, UnknownContext::Absent);
    assert_eq!(request.context["aws:MultiFactorAuthPresent"], ContextValue::Absent);
    assert_eq!(
        code(json!({"principal": "arn:aws:sts::111122223333:assumed-role/dev/ana",
            "role_arn": "arn:aws:iam::111122223333:role/other"})),
        "invalid_request"
    );
    let linked = "arn:aws:iam::111122223333:role/aws-service-role/x/y";
    let (facts, _) = simulate(json!({"principal": linked})).unwrap();
    assert_eq!(facts.principals.get(facts.texts.find(linked).unwrap())[0].flags, SERVICE_LINKED);
}

#[test]
fn layers_a_caller_does_not_have_are_refused() {
    assert_eq!(code(json!({"session_policies": [allow("*")]})), "invalid_request");
    for field in ["identity_policies", "permissions_boundaries", "session_policies"] {
        assert_eq!(code(json!({"principal": "anonymous", field: [allow("*")]})), "invalid_request");
        assert_eq!(
            code(json!({"principal": "lambda.amazonaws.com", field: [allow("*")]})),
            "invalid_request"
        );
    }
    let levels = json!([{"target": "r-root", "policies": []}]);
    assert_eq!(
        code(json!({"principal": "anonymous", "service_control_policies": levels})),
        "invalid_request"
    );
    assert!(simulate(json!({"principal": "anonymous"})).is_ok());
    assert_eq!(code(json!({"principal": "bob"})), "invalid_request");
    assert_eq!(code(json!({"v": 2})), "invalid_request");
    assert_eq!(code(json!({"action": 5})), "invalid_request");
    assert_eq!(build("{", &mut Facts::default()).unwrap_err().code(), "malformed");
}

#[test]
fn a_policy_aws_would_reject_is_an_error_with_its_place() {
    let bad = json!([allow("*"), {"name": "bad", "document": {"Statement": [{"Effect": "allow"}]}}]);
    let error = simulate(json!({"identity_policies": bad})).map(|_| ()).unwrap_err();
    assert_eq!(error.code(), "rejected_policy");
    let pointer = error.place().unwrap().pointer.clone().unwrap();
    assert_eq!(pointer, "/identity_policies/1/document/Statement/0/Effect");
    assert_eq!(
        code(json!({"principal": "arn:aws:iam::111122223333:role/r", "session_policies":
        [{"document": {"Statement": 5}}]})),
        "rejected_policy"
    );
    assert!(simulate(json!({"resource_policy": {"name": "bucket", "document": {}}})).is_ok());
}

#[test]
fn guardrails_are_one_chain_where_the_accounts_are_the_same() {
    let levels = |action: &str| json!([{"target": "r-root", "policies": [allow(action)]}, {"target": "111122223333", "policies": []}]);
    let deny = json!({"document": {"Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}}});
    let (facts, _) = simulate(json!({
        "service_control_policies": levels("*"), "resource_account": "111122223333",
        "resource_control_policies": [{"target": "r-root", "policies": [deny.clone()]}, {"target": "ou-1", "policies": []}],
    }))
    .unwrap();
    let scope = |facts: &Facts, id: &str| facts.scopes.get(facts.texts.find(id).unwrap())[0].clone();
    let root = scope(&facts, "r-root");
    assert_eq!(root.policies.iter().map(|p| p.layer).collect::<Vec<_>>(), [SCP, RCP]);
    assert!(root.is_root);
    // A node of the other list lets everything through.
    assert_eq!(scope(&facts, "ou-1").policies.len(), 1);
    let account = scope(&facts, "111122223333");
    assert_eq!(
        (account.is_account, account.policies.len(), account.parent),
        (true, 0, facts.texts.find("ou-1"))
    );

    let (facts, _) = simulate(json!({
        "service_control_policies": levels("*"), "resource_account": "444455556666",
        "resource_control_policies": [{"target": "r-root", "policies": [deny]}],
    }))
    .unwrap();
    assert_eq!(facts.scopes.len(), 4);
    assert!(scope(&facts, "444455556666").is_account);
}

#[test]
fn resource_endpoint_and_bucket_settings() {
    let open = json!({"document": {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}}});
    let (facts, request) = simulate(json!({
        "resource_policy": open.clone(), "resource_account": "444455556666",
        "vpc_endpoint_policies": [open.clone()], "s3": {"block_public_access": true},
        "context": {"aws:ResourceTag/a": "1", "s3:BucketTag/a": "1", "s3:prefix": "x"},
    }))
    .unwrap();
    let bucket = &facts.resources.get(facts.texts.find("arn:aws:s3:::pay").unwrap())[0];
    assert_eq!(bucket.flags, RESTRICTS_PUBLIC | PUBLIC_POLICY);
    assert_eq!(request.context["aws:SourceVpce"], ContextValue::One("vpce-simulated".to_owned()));
    let endpoint = &facts.resources.get(facts.texts.find("vpce-simulated").unwrap())[0];
    assert_eq!(endpoint.policies[0].layer, ENDPOINT);
    assert_eq!(request.context["aws:ResourceTag/a"], ContextValue::Absent);
    assert_eq!(request.context["s3:BucketTag/a"], ContextValue::Absent);
    assert_eq!(request.context["s3:prefix"], ContextValue::One("x".to_owned()));
    let (_, request) =
        simulate(json!({"s3": {"bucket_abac": true}, "context": {"aws:ResourceTag/a": "1"}})).unwrap();
    assert_eq!(request.context["aws:ResourceTag/a"], ContextValue::One("1".to_owned()));

    let trust =
        json!({"document": {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}}});
    let role = "arn:aws:iam::444455556666:role/x";
    let (facts, _) =
        simulate(json!({"action": "sts:AssumeRole", "resource": role, "resource_policy": trust})).unwrap();
    assert_eq!(facts.resources.get(facts.texts.find(role).unwrap())[0].policies[0].layer, TRUST);
    assert_eq!(code(json!({"resource": "*", "resource_policy": open})), "invalid_request");
}
