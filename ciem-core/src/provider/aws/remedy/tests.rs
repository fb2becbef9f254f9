use super::*;
use crate::model::PrincipalKind;

fn plan_of(held: &[HeldPolicy], statements: &[Value], kind: Option<PrincipalKind>) -> Plan {
    let limit = |name: &str| REMEDY.limits.iter().find(|(known, _)| *known == name).unwrap().1;
    let holder = match kind {
        Some(PrincipalKind::User) => "arn:aws:iam::111122223333:user/team/ana",
        Some(_) => "arn:aws:iam::111122223333:role/job",
        None => "arn:aws:sso:::permissionSet/ssoins-1/ps-1",
    };
    let statements = statements.to_vec();
    plan(&mut Exchange {
        holder,
        kind,
        held,
        statements,
        name: "rightsized",
        can_shrink: false,
        limit: &limit,
        in_use: &|_| 0,
    })
}

fn held(policy: &str, via: Option<&str>, managed: bool, replaced: bool) -> HeldPolicy {
    let text = Some(
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#
            .to_owned(),
    );
    HeldPolicy { policy: policy.to_owned(), via: via.map(str::to_owned), managed, text, replaced }
}

fn allow(actions: usize) -> Value {
    let actions: Vec<String> = (0..actions).map(|number| format!("service:SomeAction{number:04}")).collect();
    json!({"Effect": "Allow", "Action": actions, "Resource": "*"})
}

#[test]
fn the_new_policy_comes_before_the_old_ones_go() {
    let held = [
        held("own", None, false, true),
        held("arn:aws:iam::aws:policy/PowerUserAccess", None, true, true),
        held("g", Some("arn:aws:iam::111122223333:group/devs"), false, true),
        held("arn:aws:iam::aws:policy/x", Some("arn:aws:iam::111122223333:group/devs"), true, true),
    ];
    let plan = plan_of(&held, &[allow(3)], Some(PrincipalKind::User));
    let operations: Vec<&str> = plan.changes.iter().map(|change| change.operation.as_str()).collect();
    assert_eq!(operations, ["put_inline_policy", "detach_policy", "leave_group"]);
    assert_eq!(plan.changes[0].slot, "inline_policy/own");
    assert_eq!(plan.changes[2].call["parameters"], json!({"GroupName": "devs", "UserName": "ana"}));
}

#[test]
fn what_is_too_long_for_one_policy_is_split() {
    let plan = plan_of(&[], &[allow(500)], Some(PrincipalKind::Role));
    assert!(plan.fits);
    assert!(
        plan.policies.len() > 1
            && plan.policies.iter().all(|p| p.kind == MANAGED && Some(p.characters) <= p.limit)
    );
    let actions: usize = plan
        .policies
        .iter()
        .flat_map(|p| p.document["Statement"].as_array().unwrap())
        .map(|s| s["Action"].as_array().unwrap().len())
        .sum();
    assert_eq!(actions, 500);
    assert_eq!(plan.policies[0].name, "rightsized-job-1");
}

#[test]
fn what_fits_nowhere_is_said() {
    let plan = plan_of(&[], &[allow(5_000)], Some(PrincipalKind::User));
    assert!(!plan.fits && plan.changes.is_empty());
    assert_eq!(plan.warnings, ["rightsized_policy_over_limit"]);
}

#[test]
fn a_permission_set_is_changed_itself() {
    let plan = plan_of(&[held("arn:aws:iam::aws:policy/x", None, true, true)], &[allow(2)], None);
    assert_eq!(plan.changes[0].call["action"], "PutInlinePolicyToPermissionSet");
    assert_eq!(plan.changes[0].call["parameters"]["InstanceArn"], "arn:aws:sso:::instance/ssoins-1");
    assert_eq!(plan.changes[1].undo["action"], "AttachManagedPolicyToPermissionSet");
}

#[test]
fn variables_that_were_text_stay_where_they_are() {
    let old =
        r#"{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::a/${aws:username}"}]}"#;
    assert_eq!(statements(old), Err("variables_inert"));
    assert_eq!(statements(&old.replace("{\"S", "{\"Version\":\"2012-10-17\",\"S")).unwrap().len(), 1);
}

#[test]
fn names_of_statements_stay_unique() {
    let deny = |action: &str| json!({"Sid": "No", "Effect": "Deny", "Action": action, "Resource": "*"});
    let document = document(vec![deny("s3:DeleteBucket"), deny("sqs:DeleteQueue")]);
    assert_eq!(document["Statement"][0]["Sid"], "No");
    assert_eq!(document["Statement"][1].get("Sid"), None);
}

#[test]
fn sizes_are_those_of_the_documents() {
    let named = |actions: usize, name: &str| {
        let mut statement = allow(actions);
        statement["Sid"] = json!(name);
        statement
    };
    // The second of two statements with one name loses it.
    let statements = [
        named(30, "Read"),
        named(90, "Read"),
        allow(400),
        json!({"Effect": "Deny", "Action": "s3:*", "Resource": "*"}),
    ];
    let plan = plan_of(&[], &statements, Some(PrincipalKind::Role));
    assert!(plan.fits && plan.policies.len() > 1);
    for policy in &plan.policies {
        assert_eq!(policy.characters, size(&policy.document));
        let text = policy.document.to_string();
        assert_eq!(policy.characters, text.chars().filter(|c| !c.is_whitespace()).count() as u64);
        assert!(policy.limit.is_some_and(|limit| policy.characters <= limit));
    }
}

#[test]
fn characters_are_counted_as_they_are_written() {
    let one = json!({"a b": ["\u{e9}\u{a0}\"\\", "tab\there", {}, [], [1, -2.5, true, null]], "plain": {"s3:Get*": "arn:aws:s3:::pay/*"}});
    assert_eq!(size(&one), one.to_string().chars().filter(|c| !c.is_whitespace()).count() as u64);
}

#[test]
fn resources_are_split_where_one_action_is_too_long_with_them() {
    let resources: Vec<String> =
        (0..400).map(|number| format!("arn:aws:s3:::bucket-{number:04}/*")).collect();
    let one = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": resources});
    let plan = plan_of(&[], &[one], Some(PrincipalKind::User));
    assert!(plan.fits);
    let found: usize =
        plan.policies.iter().map(|p| p.document["Statement"][0]["Resource"].as_array().unwrap().len()).sum();
    assert_eq!(found, 400);
}
