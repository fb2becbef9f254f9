use super::*;
use serde_json::json;

mod laws;

const NONE: &str = "{}";

fn policy(statements: Value) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

fn allow(action: &str, resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

fn deny(action: &str, resource: &str) -> Value {
    json!({"Effect": "Deny", "Action": action, "Resource": resource})
}

fn with(mut statement: Value, name: &str, value: Value) -> Value {
    statement[name] = value;
    statement
}

fn compare(new: &str, old: &str) -> AccessCheck {
    check_no_new_access(new, old, &CheckOptions::default()).unwrap()
}

#[track_caller]
fn passes(new: Value, old: Value) {
    let check = compare(&policy(new), &policy(old));
    assert_eq!(check.result, CheckResult::Pass, "{check:?}");
}

#[track_caller]
fn fails(new: Value, old: Value) -> Witness {
    let check = compare(&policy(new), &policy(old));
    assert_eq!(check.result, CheckResult::Fail, "{check:?}");
    check.witness.unwrap()
}

#[track_caller]
fn is_open(new: Value, old: Value) {
    let check = compare(&policy(new), &policy(old));
    assert_eq!(check.result, CheckResult::Unknown, "{check:?}");
    assert!(!check.reasons.is_empty());
}

#[test]
fn part_of_what_was_allowed_is_nothing_new() {
    passes(
        json!([allow("s3:GetObject", "arn:aws:s3:::pay/in/*")]),
        json!([allow("s3:Get*", "arn:aws:s3:::pay/*")]),
    );
    passes(json!([]), json!([]));
    assert_eq!(compare(NONE, NONE).result, CheckResult::Pass);
}

#[test]
fn a_wider_resource_is_new() {
    let witness = fails(
        json!([allow("s3:GetObject", "arn:aws:s3:::pay/*")]),
        json!([allow("s3:Get*", "arn:aws:s3:::pay/in/*")]),
    );
    assert_eq!(witness.action, "s3:GetObject");
    assert!(witness.resource.starts_with("arn:aws:s3:::pay/"), "{witness:?}");
    assert!(!witness.resource.starts_with("arn:aws:s3:::pay/in/"), "{witness:?}");
}

#[test]
fn patterns_cover_each_other_together() {
    let resources = json!(["arn:aws:s3:::pay/a*", "arn:aws:s3:::pay/b*"]);
    let both = with(allow("s3:GetObject", "*"), "Resource", resources);
    passes(
        json!([both.clone()]),
        json!([allow("s3:GetObject", "arn:aws:s3:::pay/a*"), allow("s3:GetObject", "arn:aws:s3:::pay/b*")]),
    );
    // What the one takes away the other gives.
    passes(
        json!([allow("s3:GetObject", "arn:aws:s3:::pay/*")]),
        json!([
            with(
                json!({"Effect": "Allow", "Action": "s3:GetObject"}),
                "NotResource",
                json!("arn:aws:s3:::pay/a*")
            ),
            allow("s3:GetObject", "arn:aws:s3:::*/a*"),
        ]),
    );
}

#[test]
fn a_denial_counts_on_both_sides() {
    let all = allow("s3:*", "*");
    let denied = deny("s3:GetObject", "arn:aws:s3:::pay/secret/*");
    passes(json!([all, denied]), json!([all]));
    let witness = fails(json!([all]), json!([all, denied]));
    assert!(witness.resource.starts_with("arn:aws:s3:::pay/secret/"), "{witness:?}");
    passes(json!([all, deny("s3:*", "arn:aws:s3:::pay/*")]), json!([all, denied]));
}

#[test]
fn permissions_without_resources_are_asked_on_everything() {
    passes(json!([allow("s3:ListAllMyBuckets", "arn:aws:s3:::pay")]), json!([]));
    let witness = fails(json!([allow("s3:ListAllMyBuckets", "*")]), json!([]));
    assert_eq!(witness.resource, "*");
    assert_eq!(
        compare(&policy(json!([allow("sts:GetCallerIdentity", "*")])), NONE).result,
        CheckResult::Pass
    );
}

#[test]
fn unknown_services_count() {
    let witness = fails(json!([allow("acme:*", "*")]), json!([allow("s3:*", "*")]));
    assert!(witness.action.starts_with("acme:"));
    let witness = fails(
        json!([allow("acme:Open", "arn:aws:acme:::box/*")]),
        json!([allow("acme:*", "arn:aws:acme:::box/a*")]),
    );
    assert!(witness.resource.starts_with("arn:aws:acme:::box/"), "{witness:?}");
    passes(
        json!([allow("acme:Open", "arn:aws:acme:::box/1")]),
        json!([allow("acme:*", "arn:aws:acme:::box/*")]),
    );
}

#[test]
fn a_condition_less_is_new() {
    let office =
        |ip: &str| with(allow("s3:GetObject", "*"), "Condition", json!({"IpAddress": {"aws:SourceIp": ip}}));
    passes(json!([office("10.1.0.0/16")]), json!([office("10.0.0.0/8")]));
    let witness = fails(json!([office("10.0.0.0/8")]), json!([office("10.1.0.0/16")]));
    let context = witness.context.unwrap();
    let ContextValue::One(address) = &context["aws:SourceIp"] else { panic!("{context:?}") };
    assert!(address.starts_with("10.") && !address.starts_with("10.1."), "{address}");
    passes(json!([office("10.0.0.0/8")]), json!([allow("s3:GetObject", "*")]));
    fails(json!([allow("s3:GetObject", "*")]), json!([office("10.0.0.0/8")]));
}

#[test]
fn conditions_are_compared_as_what_they_mean() {
    let with_condition = |condition: Value| with(allow("s3:GetObject", "*"), "Condition", condition);
    let like = |value: Value| with_condition(json!({"StringLike": {"aws:PrincipalTag/team": value}}));
    passes(json!([like(json!("pay-*"))]), json!([like(json!(["pay*", "x"]))]));
    fails(json!([like(json!("pay*"))]), json!([like(json!("pay-*"))]));
    // Three patterns of which two at a time can match, but not all: only a walk tells.
    passes(
        json!([with_condition(
            json!({"StringLike": {"aws:PrincipalTag/team": "a*"}, "StringNotLike": {"aws:PrincipalTag/team": ["ab*", "a?"]}})
        )]),
        json!([with_condition(json!({"StringLike": {"aws:PrincipalTag/team": "*"}}))]),
    );
    let denied = with(
        deny("s3:GetObject", "*"),
        "Condition",
        json!({"Bool": {"aws:MultiFactorAuthPresent": "false"}}),
    );
    let mfa = with_condition(json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}));
    passes(json!([mfa]), json!([allow("s3:GetObject", "*"), denied]));
    // Without the key the denial does not hold.
    let witness = fails(json!([allow("s3:GetObject", "*"), denied]), json!([mfa]));
    assert_eq!(witness.context.unwrap().len(), 0);
}

#[test]
fn callers_of_other_accounts_are_thought_of() {
    let own = |operator: &str| {
        with(
            allow("s3:GetObject", "arn:aws:s3:::pay/*"),
            "Condition",
            json!({operator: {"aws:PrincipalAccount": "111122223333"}}),
        )
    };
    let witness = fails(json!([allow("s3:GetObject", "arn:aws:s3:::pay/*")]), json!([own("StringEquals")]));
    assert!(!witness.principal.unwrap().contains("111122223333"));
    fails(json!([own("StringEquals")]), json!([own("StringNotEquals")]));
}

#[test]
fn keys_with_several_values_have_sets() {
    let tags = |operator: &str, values: Value| {
        with(allow("ec2:CreateTags", "*"), "Condition", json!({operator: {"aws:TagKeys": values}}))
    };
    passes(
        json!([tags("ForAllValues:StringEquals", json!("a"))]),
        json!([tags("ForAllValues:StringEquals", json!(["a", "b"]))]),
    );
    let witness = fails(
        json!([tags("ForAnyValue:StringEquals", json!("a"))]),
        json!([tags("ForAllValues:StringEquals", json!("a"))]),
    );
    assert!(
        matches!(&witness.context.unwrap()["aws:TagKeys"], ContextValue::Many(values) if values.len() == 2)
    );
}

#[test]
fn equal_variables_are_equal() {
    let home = |text: &str| allow("s3:GetObject", text);
    passes(
        json!([home("arn:aws:s3:::pay/${aws:username}/*")]),
        json!([home("arn:aws:s3:::pay/${aws:username}/*")]),
    );
    passes(
        json!([home("arn:aws:s3:::pay/${aws:username}/in/*")]),
        json!([home("arn:aws:s3:::pay/${aws:username}/*")]),
    );
    passes(json!([home("arn:aws:s3:::pay/${aws:username}/*")]), json!([home("arn:aws:s3:::pay/*")]));
    let witness =
        fails(json!([home("arn:aws:s3:::pay/*")]), json!([home("arn:aws:s3:::pay/${aws:username}/*")]));
    assert!(witness.resource.starts_with("arn:aws:s3:::pay/"));
    let witness = fails(json!([home("arn:aws:s3:::pay/${aws:username}/*")]), json!([]));
    assert!(witness.resource.starts_with("arn:aws:s3:::pay/"), "{witness:?}");
    let witness =
        fails(json!([home("arn:aws:s3:::pay/${aws:username}/*")]), json!([home("arn:aws:s3:::pay/bob/*")]));
    assert!(!witness.resource.starts_with("arn:aws:s3:::pay/bob/"), "{witness:?}");
}

#[test]
fn different_variables_are_not_compared() {
    let tag = |value: &str| {
        with(
            allow("s3:GetObject", "*"),
            "Condition",
            json!({"StringEquals": {"aws:ResourceTag/owner": value}}),
        )
    };
    passes(json!([tag("${aws:username}")]), json!([tag("${aws:username}")]));
    fails(json!([tag("${aws:PrincipalTag/a}")]), json!([tag("${aws:PrincipalTag/b}")]));
    is_open(
        json!([allow("s3:GetObject", "arn:aws:s3:::pay/${aws:username}/a")]),
        json!([allow("s3:GetObject", "arn:aws:s3:::pay/${aws:username}/?")]),
    );
}

#[test]
fn too_intricate_patterns_are_not_decided() {
    let letters = "abcdefghijklmnopqrst".chars();
    let resources: Vec<String> = letters.map(|c| format!("arn:aws:s3:::pay/*{c}?????????????")).collect();
    let old = with(allow("s3:GetObject", "*"), "Resource", json!(resources));
    is_open(json!([allow("s3:GetObject", "arn:aws:s3:::pay/*")]), json!([old]));
}

fn bucket(principal: Value, more: Value) -> Value {
    let mut statement = json!({"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::pay/*"});
    for (name, value) in more.as_object().unwrap() {
        statement[name] = value.clone();
    }
    statement
}

#[test]
fn another_principal_is_new() {
    let ana = json!({"AWS": "arn:aws:iam::111122223333:user/ana"});
    let account = json!({"AWS": "111122223333"});
    let star = json!("*");
    passes(json!([bucket(ana.clone(), json!({}))]), json!([bucket(star.clone(), json!({}))]));
    passes(json!([bucket(account.clone(), json!({}))]), json!([bucket(star.clone(), json!({}))]));
    let witness = fails(json!([bucket(star, json!({}))]), json!([bucket(account.clone(), json!({}))]));
    assert_eq!(witness.principal.as_deref(), Some("anonymous"));
    // Within the account the user then needs no policy of its own.
    let witness = fails(json!([bucket(ana.clone(), json!({}))]), json!([bucket(account.clone(), json!({}))]));
    assert_eq!(witness.principal.as_deref(), Some("arn:aws:iam::111122223333:user/ana"));
    assert_eq!(witness.resource_account.as_deref(), Some("111122223333"));
    // In a bucket of another account it needs one either way.
    let elsewhere = CheckOptions::default().resource_account("444455556666");
    let (new, old) = (policy(json!([bucket(ana, json!({}))])), policy(json!([bucket(account, json!({}))])));
    assert_eq!(check_no_new_access(&new, &old, &elsewhere).unwrap().result, CheckResult::Pass);
}

#[test]
fn sessions_services_and_providers_are_callers() {
    let role = json!({"AWS": "arn:aws:iam::111122223333:role/dev"});
    let session = json!({"AWS": "arn:aws:sts::111122223333:assumed-role/dev/ana"});
    // A session that is named passes the limits of the role.
    fails(json!([bucket(session.clone(), json!({}))]), json!([bucket(role, json!({}))]));
    passes(json!([bucket(session.clone(), json!({}))]), json!([bucket(session, json!({}))]));
    let service = |name: &str| bucket(json!({"Service": name}), json!({}));
    let witness = fails(json!([service("logs.amazonaws.com")]), json!([service("config.amazonaws.com")]));
    assert_eq!(witness.principal.as_deref(), Some("logs.amazonaws.com"));
}

#[test]
fn trust_policies_are_compared() {
    let trust = |principal: &str| json!({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"});
    let (account, other) = ("arn:aws:iam::111122223333:root", "arn:aws:iam::444455556666:root");
    passes(json!([trust(account)]), json!([trust(account), trust(other)]));
    let witness = fails(json!([trust(account), trust(other)]), json!([trust(account)]));
    assert!(witness.principal.unwrap().contains("444455556666"));
    assert_eq!(witness.action, "sts:AssumeRole");
}

#[test]
fn not_principal_of_an_account_is_not_decided() {
    let excepted =
        json!({"Effect": "Deny", "NotPrincipal": {"AWS": "111122223333"}, "Action": "s3:*", "Resource": "*"});
    let star = bucket(json!({"AWS": "arn:aws:iam::111122223333:user/ana"}), json!({}));
    is_open(json!([star.clone()]), json!([star, excepted]));
}

#[test]
fn what_is_not_granted_passes() {
    let none = CheckOptions::default();
    let read =
        policy(json!([allow("s3:Get*", "arn:aws:s3:::pay/*"), deny("s3:*", "arn:aws:s3:::pay/secret/*")]));
    let check = |actions: &[&str], resources: &[&str]| {
        check_access_not_granted(&read, actions, resources, &none).unwrap()
    };
    assert_eq!(check(&["s3:Put*"], &[]).result, CheckResult::Pass);
    assert_eq!(check(&["s3:*"], &["arn:aws:s3:::pay/secret/*"]).result, CheckResult::Pass);
    assert_eq!(check(&["s3:*"], &["arn:aws:s3:::lake/*"]).result, CheckResult::Pass);
    let found = check(&["s3:PutObject", "s3:GetObject"], &["arn:aws:s3:::*/report"]);
    assert_eq!(found.result, CheckResult::Fail);
    assert_eq!(found.witness.unwrap().resource, "arn:aws:s3:::pay/report");
    assert_eq!(found.statements[0].pointer, "/Statement/0");
    assert_eq!(check(&[], &[]).result, CheckResult::Fail);
    let all = policy(json!([allow("acme:*", "*")]));
    assert_eq!(check_access_not_granted(&all, &["acme:Open"], &[], &none).unwrap().result, CheckResult::Fail);
    let contradictory = with(
        with(allow("s3:GetObject", "*"), "Condition", json!({"StringEquals": {"aws:PrincipalTag/a": "x"}})),
        "Sid",
        json!("Never"),
    );
    let contradictory = with(
        contradictory,
        "Condition",
        json!({"StringEquals": {"aws:PrincipalTag/a": "x"}, "StringLike": {"aws:PrincipalTag/a": "y*"}}),
    );
    assert_eq!(
        check_access_not_granted(&policy(json!([contradictory])), &[], &[], &none).unwrap().result,
        CheckResult::Pass
    );
}

#[test]
fn the_public_is_anonymous_and_unrelated_accounts() {
    let check =
        |statements: Value| check_no_public_access(&policy(statements), &CheckOptions::default()).unwrap();
    let star = || json!("*");
    assert_eq!(check(json!([bucket(star(), json!({}))])).result, CheckResult::Fail);
    assert_eq!(check(json!([bucket(json!({"AWS": "111122223333"}), json!({}))])).result, CheckResult::Pass);
    let inside = json!({"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}});
    assert_eq!(check(json!([bucket(star(), inside)])).result, CheckResult::Pass);
    let users = json!({"Condition": {"StringEquals": {"aws:PrincipalType": "User"}}});
    let found = check(json!([bucket(star(), users)]));
    assert_eq!(found.result, CheckResult::Fail, "{found:?}");
    assert!(found.witness.unwrap().principal.unwrap().contains(":user/"));
    let denied = json!({"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"});
    let closed = check(json!([bucket(star(), json!({})), denied]));
    assert_eq!(closed.result, CheckResult::Pass);
    assert_eq!(closed.reasons.len(), 2);
}

#[test]
fn errors_name_the_place() {
    let bad = policy(json!([{"Effect": "Permit", "Action": "s3:*", "Resource": "*"}]));
    let error = check_no_new_access(NONE, &bad, &CheckOptions::default()).unwrap_err();
    assert_eq!(error.code(), "rejected_policy");
    assert_eq!(error.place().unwrap().pointer.as_deref(), Some("/old/Statement/0/Effect"));
    let (identity, resource) =
        (policy(json!([allow("s3:*", "*")])), policy(json!([bucket(json!("*"), json!({}))])));
    assert_eq!(
        check_no_new_access(&identity, &resource, &CheckOptions::default()).unwrap_err().code(),
        "invalid_request"
    );
    assert_eq!(
        check_no_public_access(&identity, &CheckOptions::default()).unwrap_err().code(),
        "invalid_request"
    );
    assert_eq!(
        check_access_not_granted(&identity, &["s3"], &[], &CheckOptions::default()).unwrap_err().code(),
        "invalid_request"
    );
    assert_eq!(
        check_access_not_granted(&identity, &[], &["pay"], &CheckOptions::default()).unwrap_err().code(),
        "invalid_request"
    );
    let large = " ".repeat(MAX_BYTES + 1);
    assert_eq!(check_no_new_access(&large, NONE, &CheckOptions::default()).unwrap_err().code(), "too_large");
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    assert_eq!(check_no_new_access(&deep, NONE, &CheckOptions::default()).unwrap_err().code(), "too_deep");
    let text = Value::String(identity).to_string();
    assert_eq!(
        check_no_new_access(&text, &text, &CheckOptions::default()).unwrap().result,
        CheckResult::Pass
    );
}
