//! Comparing policies as large as identity policies may be: that answers hold, and how long they take.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test prints times and fails"
)]

use ciem_core::{CheckOptions, CheckResult, check_access_not_granted, check_no_new_access};
use serde_json::{Value, json};
use std::time::Instant;

/// A policy of about six kilobytes: a team's tables, buckets, queues and functions.
fn team(name: impl Fn(usize) -> String, actions: [&str; 4]) -> String {
    let statement = |number: usize| -> Value {
        let name = name(number);
        let resources = match number % 4 {
            0 => vec![format!("arn:aws:s3:::{name}"), format!("arn:aws:s3:::{name}/*")],
            1 => vec![
                format!("arn:aws:dynamodb:eu-west-1:111122223333:table/{name}"),
                format!("arn:aws:dynamodb:eu-west-1:111122223333:table/{name}/index/*"),
            ],
            2 => vec![format!("arn:aws:sqs:eu-west-1:111122223333:{name}*")],
            _ => vec![format!("arn:aws:lambda:*:111122223333:function:{name}-*")],
        };
        let mut made = json!({"Sid": format!("S{number}"), "Effect": "Allow", "Action": actions[number % 4], "Resource": resources});
        if number.is_multiple_of(5) {
            made["Condition"] = json!({"StringEquals": {"aws:ResourceTag/team": "pay"}, "Bool": {"aws:SecureTransport": "true"}});
        }
        made
    };
    let mut statements: Vec<Value> = (0..30).map(statement).collect();
    statements
        .push(json!({"Effect": "Deny", "Action": ["s3:Delete*", "dynamodb:DeleteTable"], "Resource": "*"}));
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

const WIDE: [&str; 4] = ["s3:*", "dynamodb:*", "sqs:*", "lambda:*"];
const NARROW: [&str; 4] = ["s3:Get*", "dynamodb:*Item", "sqs:SendMessage", "lambda:InvokeFunction"];

fn table(number: usize) -> String {
    format!("payments-production-{}", number * 7919 % 1000)
}

/// The same in other words, so that no pattern lies in one other pattern.
fn halves(policy: &str) -> String {
    let mut policy: Value = serde_json::from_str(policy).unwrap();
    for statement in policy["Statement"].as_array_mut().unwrap() {
        if let Value::Array(resources) = &mut statement["Resource"] {
            let split = |text: &Value| -> Vec<Value> {
                match text.as_str().unwrap().strip_suffix('*') {
                    Some(head) => vec![json!(head), json!(format!("{head}?")), json!(format!("{head}??*"))],
                    None => vec![text.clone()],
                }
            };
            *resources = resources.iter().flat_map(split).collect();
        }
    }
    policy.to_string()
}

#[test]
fn large_policies_are_compared() {
    let none = CheckOptions::default();
    let (new, old) = (team(table, NARROW), team(table, WIDE));
    assert_eq!(check_no_new_access(&new, &old, &none).unwrap().result, CheckResult::Pass);
    assert_eq!(check_no_new_access(&new, &halves(&old), &none).unwrap().result, CheckResult::Pass);
    assert_eq!(check_no_new_access(&halves(&new), &old, &none).unwrap().result, CheckResult::Pass);
    let other = team(|number| format!("{}x", table(number)), NARROW);
    assert_eq!(check_no_new_access(&old, &new, &none).unwrap().result, CheckResult::Fail);
    assert_eq!(check_no_new_access(&new, &other, &none).unwrap().result, CheckResult::Fail);
    let deleting = check_access_not_granted(&old, &["s3:Delete*"], &[], &none).unwrap();
    assert_eq!(deleting.result, CheckResult::Pass);
}

/// Prints times; run it alone, with `--release` and `--ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn large_policies_take_milliseconds() {
    let none = CheckOptions::default();
    let (new, old) = (team(table, NARROW), team(table, WIDE));
    let admin = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}]}).to_string();
    let other = team(|number| format!("{}x", table(number)), NARROW);
    println!("sizes in bytes: {} {} {}", new.len(), old.len(), halves(&old).len());
    let pairs = [
        ("covered one by one", &new, &old),
        ("covered by several together", &new, &halves(&old)),
        ("split, covered one by one", &halves(&new), &old),
        ("wider", &old, &new),
        ("other resources", &new, &other),
        ("administrator against a team", &admin, &old),
        ("a team against an administrator", &old, &admin),
        ("administrator against itself", &admin, &admin),
    ];
    for (name, new, old) in pairs {
        let mut times: Vec<_> = (0..50)
            .map(|_| {
                let start = Instant::now();
                check_no_new_access(new, old, &none).unwrap();
                start.elapsed()
            })
            .collect();
        times.sort();
        let result = check_no_new_access(new, old, &none).unwrap().result;
        println!("{name}: {result:?}, median {:?}, best {:?}", times[25], times[0]);
    }
}
