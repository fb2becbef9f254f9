//! What inclusion must be, whatever the policies: held against requests that the ordinary evaluation decides.

use super::*;
use crate::{Verdict, simulate};
use proptest::prelude::*;

const ACTIONS: &[&str] =
    &["s3:GetObject", "s3:PutObject", "s3:Get*", "s3:*", "s3:ListBucket", "sqs:SendMessage", "*"];
const RESOURCES: &[&str] = &[
    "*",
    "arn:aws:s3:::a/*",
    "arn:aws:s3:::a/b*",
    "arn:aws:s3:::*/b?",
    "arn:aws:s3:::a/*c",
    "arn:aws:s3:::a",
    "arn:aws:sqs:*:*:q*",
    "arn:aws:s3:::a/${aws:PrincipalTag/t}/*",
];
const CONDITIONS: &[&str] = &[
    r#"{"StringEquals": {"aws:PrincipalTag/t": "x"}}"#,
    r#"{"StringNotEquals": {"aws:PrincipalTag/t": ["x", "y"]}}"#,
    r#"{"StringLike": {"aws:PrincipalTag/t": "x*"}}"#,
    r#"{"Bool": {"aws:MultiFactorAuthPresent": "true"}}"#,
    r#"{"Null": {"aws:PrincipalTag/t": "true"}}"#,
    r#"{"StringEquals": {"aws:RequestTag/o": "${aws:PrincipalTag/t}"}}"#,
];
const ASKED: &[(&str, &[&str])] = &[
    (
        "s3:GetObject",
        &[
            "arn:aws:s3:::a/b",
            "arn:aws:s3:::a/bc",
            "arn:aws:s3:::a/x/c",
            "arn:aws:s3:::d/b1",
            "arn:aws:s3:::d/z",
        ],
    ),
    ("s3:PutObject", &["arn:aws:s3:::a/b", "arn:aws:s3:::a/y/c"]),
    ("s3:ListBucket", &["arn:aws:s3:::a", "arn:aws:s3:::d"]),
    ("sqs:SendMessage", &["arn:aws:sqs:us-east-1:111122223333:q1", "arn:aws:sqs:us-east-1:111122223333:r"]),
];
const CONTEXTS: &[&str] = &[
    r#"{}"#,
    r#"{"aws:PrincipalTag/t": "x", "aws:RequestTag/o": "x"}"#,
    r#"{"aws:PrincipalTag/t": "xy", "aws:MultiFactorAuthPresent": "true"}"#,
    r#"{"aws:PrincipalTag/t": "z", "aws:RequestTag/o": "x"}"#,
];

#[derive(Clone, Debug)]
struct Made(Vec<Value>);

impl Made {
    fn text(&self) -> String {
        policy(Value::Array(self.0.clone()))
    }

    fn and(&self, more: &Value) -> Made {
        Made(self.0.iter().chain([more]).cloned().collect())
    }
}

fn statement(denies: bool) -> impl Strategy<Value = Value> {
    let parts = (
        0..ACTIONS.len(),
        proptest::collection::vec(0..RESOURCES.len(), 1..3),
        proptest::option::weighted(0.4, 0..CONDITIONS.len()),
        proptest::bool::weighted(0.15),
        proptest::bool::weighted(0.1),
    );
    parts.prop_map(move |(action, resources, condition, not_resource, not_action)| {
        let mut made = json!({"Effect": if denies { "Deny" } else { "Allow" }});
        made[if not_action { "NotAction" } else { "Action" }] = json!(ACTIONS[action]);
        let resources: Vec<&str> = resources.into_iter().map(|at| RESOURCES[at]).collect();
        made[if not_resource { "NotResource" } else { "Resource" }] = json!(resources);
        if let Some(condition) = condition {
            made["Condition"] = serde_json::from_str(CONDITIONS[condition]).unwrap();
        }
        made
    })
}

fn made() -> impl Strategy<Value = Made> {
    let allows = proptest::collection::vec(statement(false), 0..3);
    let denies = proptest::collection::vec(statement(true), 0..2);
    (allows, denies).prop_map(|(mut all, denies)| {
        all.extend(denies);
        Made(all)
    })
}

fn allows(document: &str, principal: &str, action: &str, resource: &str, context: &Value) -> bool {
    let document: Value = serde_json::from_str(document).unwrap();
    let mut question = json!({
        "principal": principal, "action": action, "resource": resource, "context": context,
        "identity_policies": [{"document": document}],
    });
    if resource != "*" {
        question["resource_account"] = json!("111122223333");
    }
    simulate(&question.to_string()).unwrap().verdict == Verdict::Allow
}

const CALLER: &str = "arn:aws:iam::111122223333:role/dev";

/// The answer holds for every sampled request.
fn holds(new: &Made, old: &Made) -> Result<CheckResult, TestCaseError> {
    let (new, old) = (new.text(), old.text());
    let check = compare(&new, &old);
    match check.result {
        CheckResult::Pass => {
            for (action, resources) in ASKED {
                for resource in *resources {
                    for context in CONTEXTS {
                        let context: Value = serde_json::from_str(context).unwrap();
                        let ask = |policy| allows(policy, CALLER, action, resource, &context);
                        prop_assert!(!ask(&new) || ask(&old), "{action} {resource} {context}\n{new}\n{old}");
                    }
                }
            }
        }
        CheckResult::Fail => {
            let witness = check.witness.unwrap();
            let context = json!(witness.context.unwrap());
            let mut asked = json!({"principal": witness.principal, "action": witness.action, "resource": witness.resource, "context": context, "s3": {"bucket_abac": true}});
            if let Some(account) = &witness.resource_account {
                asked["resource_account"] = json!(account);
            }
            let verdict = |document: &str| {
                let mut asked = asked.clone();
                asked["identity_policies"] =
                    json!([{"document": serde_json::from_str::<Value>(document).unwrap()}]);
                let own = witness.principal.clone().unwrap();
                let account = own.split(':').nth(4).unwrap();
                if witness.resource_account.as_deref().is_some_and(|of| of != account) {
                    asked["resource_policy"] = json!({"document": {"Statement": {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "*", "Resource": "*"}}});
                }
                simulate(&asked.to_string()).unwrap().verdict
            };
            // The witness of a trust policy needs more than this; no action here takes on roles but `*`.
            if !witness.action.starts_with("sts:") {
                prop_assert_eq!(verdict(&new), Verdict::Allow);
                prop_assert_eq!(verdict(&old), Verdict::Deny);
            }
        }
        CheckResult::Unknown => {}
    }
    Ok(check.result)
}

#[expect(clippy::disallowed_methods, reason = "how long laws are tested is the tester's choice")]
fn cases() -> u32 {
    std::env::var("CIEM_LAWS_WORLDS").ok().and_then(|count| count.parse().ok()).unwrap_or(200)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn answers_hold_for_requests(new in made(), old in made()) {
        holds(&new, &old)?;
    }

    #[test]
    fn every_policy_includes_itself(own in made()) {
        prop_assert_eq!(compare(&own.text(), &own.text()).result, CheckResult::Pass);
    }

    #[test]
    fn more_allowed_before_or_denied_now_is_nothing_new(
        new in made(), old in made(), more in statement(false), less in statement(true),
    ) {
        prop_assume!(holds(&new, &old)? == CheckResult::Pass);
        for (new, old) in [(new.clone(), old.and(&more)), (new.and(&less), old.clone())] {
            // A variable may then be in the way of a decision, but nothing can be new.
            prop_assert_ne!(holds(&new, &old)?, CheckResult::Fail);
        }
    }

    #[test]
    fn inclusion_is_transitive(one in made(), two in made(), three in made()) {
        let smaller = Made(two.0.iter().filter(|s| s["Effect"] == "Deny").chain(one.0.iter().take(1)).cloned().collect());
        for (a, b, c) in [(&one, &two, &three), (&smaller, &one, &three)] {
            if holds(a, b)? == CheckResult::Pass && holds(b, c)? == CheckResult::Pass {
                prop_assert_ne!(holds(a, c)?, CheckResult::Fail);
            }
        }
    }

    #[test]
    fn a_statement_taken_out_is_found(own in made(), more in statement(false)) {
        // Whatever the result: it must hold.
        holds(&own.and(&more), &own)?;
    }
}

const PRINCIPALS: &[&str] = &[
    r#""*""#,
    r#"{"AWS": "111122223333"}"#,
    r#"{"AWS": "arn:aws:iam::111122223333:user/ana"}"#,
    r#"{"AWS": "arn:aws:iam::111122223333:role/dev"}"#,
    r#"{"AWS": ["arn:aws:iam::444455556666:user/eve", "arn:aws:iam::111122223333:role/dev"]}"#,
    r#"{"Service": "logs.amazonaws.com"}"#,
];
const OF_CALLERS: &[&str] = &[
    r#"{"StringEquals": {"aws:PrincipalAccount": "111122223333"}}"#,
    r#"{"StringNotEquals": {"aws:PrincipalType": "User"}}"#,
    r#"{"Bool": {"aws:PrincipalIsAWSService": "false"}}"#,
    r#"{"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}"#,
];
const CALLERS: &[&str] = &[
    "anonymous",
    "logs.amazonaws.com",
    "arn:aws:iam::111122223333:user/ana",
    "arn:aws:iam::111122223333:user/ben",
    "arn:aws:iam::111122223333:role/dev",
    "arn:aws:iam::444455556666:user/eve",
    "arn:aws:iam::444455556666:role/ops",
];

fn of_resource(denies: bool) -> impl Strategy<Value = Value> {
    let parts = (
        0..PRINCIPALS.len(),
        proptest::option::weighted(0.3, 0..OF_CALLERS.len()),
        prop_oneof![Just("s3:GetObject"), Just("s3:*")],
        prop_oneof![Just("arn:aws:s3:::a/*"), Just("arn:aws:s3:::a/b")],
        proptest::bool::weighted(0.2),
    );
    parts.prop_map(move |(principal, condition, action, resource, except)| {
        let mut made =
            json!({"Effect": if denies { "Deny" } else { "Allow" }, "Action": action, "Resource": resource});
        let principal: Value = serde_json::from_str(PRINCIPALS[principal]).unwrap();
        // Whether an account is excepted with its principals is not known.
        let except = except && denies && principal.is_object() && principal != json!({"AWS": "111122223333"});
        made[if except { "NotPrincipal" } else { "Principal" }] = principal;
        if let Some(condition) = condition {
            made["Condition"] = serde_json::from_str(OF_CALLERS[condition]).unwrap();
        }
        made
    })
}

fn made_of_resource() -> impl Strategy<Value = Made> {
    let allows = proptest::collection::vec(of_resource(false), 1..4);
    let denies = proptest::collection::vec(of_resource(true), 0..2);
    (allows, denies).prop_map(|(mut all, denies)| {
        all.extend(denies);
        Made(all)
    })
}

/// Every request that the policy may decide, with what else the caller may have.
fn requests_on_a_bucket() -> Vec<Value> {
    let everything =
        json!([{"document": {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}}]);
    let mut all = Vec::new();
    for caller in CALLERS {
        let outsider = !caller.starts_with("arn:");
        for owner in ["111122223333", "444455556666"] {
            for (own, bounded) in [(false, false), (true, false), (false, true)] {
                for context in [json!({}), json!({"aws:SourceIp": "10.1.1.1"})] {
                    let mut asked = json!({
                        "principal": caller, "action": "s3:GetObject", "resource": "arn:aws:s3:::a/b",
                        "resource_account": owner, "context": context,
                    });
                    if own && !outsider {
                        asked["identity_policies"] = everything.clone();
                    }
                    if bounded && !outsider {
                        asked["permissions_boundaries"] = json!([{"document": {}}]);
                    }
                    all.push(asked);
                }
            }
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases().div_ceil(4)))]

    #[test]
    fn answers_hold_for_callers(new in made_of_resource(), old in made_of_resource(), related in any::<bool>()) {
        let old = if related { Made(new.0.iter().skip(1).chain(&old.0).cloned().collect()) } else { old };
        let check = compare(&new.text(), &old.text());
        // A boundary also brings `NotPrincipal` to bear on those whom it excepts, in both policies or in one.
        let excepts = |made: &Made| made.0.iter().any(|statement| statement.get("NotPrincipal").is_some());
        let excepting = excepts(&new) || excepts(&old);
        if check.result == CheckResult::Pass {
            for asked in requests_on_a_bucket() {
                let bounded = asked.get("permissions_boundaries").is_some();
                let verdict = |made: &Made| {
                    let mut asked = asked.clone();
                    asked["resource_policy"] = json!({"document": serde_json::from_str::<Value>(&made.text()).unwrap()});
                    simulate(&asked.to_string()).unwrap().verdict
                };
                // What an identity's own policies allow is none of the new policy's doing.
                let named = asked.get("identity_policies").is_none()
                    || asked["principal"].as_str().unwrap().split(':').nth(4) != asked["resource_account"].as_str();
                if named && !(bounded && excepting) && verdict(&new) == Verdict::Allow {
                    prop_assert_eq!(verdict(&old), Verdict::Allow, "{}\n{}\n{}", asked, new.text(), old.text());
                }
            }
        }
    }

    #[test]
    fn what_is_granted_is_found(own in made(), action in 0..ASKED.len()) {
        let (action, resources) = ASKED[action];
        let check = check_access_not_granted(&own.text(), &[action], &[], &CheckOptions::default()).unwrap();
        if check.result == CheckResult::Pass {
            for resource in resources {
                for context in CONTEXTS {
                    let context: Value = serde_json::from_str(context).unwrap();
                    prop_assert!(!allows(&own.text(), CALLER, action, resource, &context));
                }
            }
        }
    }
}
