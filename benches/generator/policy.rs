//! Identity policies in the proportions of the synthetic organisation: five statements of one to six action patterns.

use super::arn;
use super::catalogue::{Action, Catalogue, action_of};
use super::random::Random;
use serde_json::{Map, Value, json};

const STATEMENTS: usize = 5;

/// Something a statement speaks about, kept so that random requests can aim at it.
#[derive(Clone, Debug)]
pub(crate) struct Aim {
    pub(crate) action: Action,
    pub(crate) resource: String,
}

/// A document and the aims of its Allow statements.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) document: Value,
    pub(crate) aims: Vec<Aim>,
}

/// A policy of an account; AWS-managed policies (`account` is `*`) name no account and almost no single resource.
pub(crate) fn identity_policy(random: &mut Random, catalogue: &Catalogue, account: &str) -> Policy {
    let mut aims = Vec::new();
    let statements: Vec<Value> = (0..STATEMENTS)
        .map(|number| {
            let (statement, aim) = statement(random, catalogue, account, number);
            aims.extend(aim);
            statement
        })
        .collect();
    Policy { document: json!({"Version": "2012-10-17", "Statement": statements}), aims }
}

/// A boundary: whole services, wide enough that some of what the policies grant passes.
pub(crate) fn boundary(random: &mut Random, catalogue: &Catalogue) -> Value {
    let mut services: Vec<String> =
        (0..18).map(|_| format!("{}:*", catalogue.subject(random)[0].service)).collect();
    services.sort();
    services.dedup();
    json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Services", "Effect": "Allow", "Action": services, "Resource": "*"},
        {"Sid": "KeepBoundary", "Effect": "Deny", "Action": "iam:Delete*PermissionsBoundary", "Resource": "*"},
    ]})
}

fn statement(
    random: &mut Random,
    catalogue: &Catalogue,
    account: &str,
    number: usize,
) -> (Value, Option<Aim>) {
    let subject = catalogue.subject(random);
    let denies = random.chance(8);
    let chosen: Vec<Action> = (0..random.few(6)).map(|_| action_of(random, subject)).collect();
    let mut patterns: Vec<String> = chosen.iter().map(|&action| catalogue.pattern(random, action)).collect();
    patterns.sort();
    patterns.dedup();
    let action = chosen[0];
    let mut aimed = arn::resource(random, catalogue, action, account);
    // Actions without resource types ask for `*` too: together 40 % of the statements.
    let resources = if random.chance(19) {
        json!("*")
    } else {
        let concrete: Vec<String> = (0..random.few(3))
            .map(|at| arn::resource(random, catalogue, chosen[at % chosen.len()], account))
            .collect();
        aimed.clone_from(&concrete[0]);
        match concrete.iter().any(|text| text == "*") {
            true => json!("*"),
            false => one_or_many(concrete.iter().map(|text| arn::resource_pattern(random, text)).collect()),
        }
    };
    let mut members = Map::new();
    if random.chance(20) {
        members.insert("Sid".to_owned(), json!(format!("Statement{number}")));
    }
    members.insert("Effect".to_owned(), json!(if denies { "Deny" } else { "Allow" }));
    members.insert("Action".to_owned(), one_or_many(patterns));
    members.insert("Resource".to_owned(), resources);
    if random.chance(15) {
        members.insert("Condition".to_owned(), condition(random, denies));
    }
    // A policy for all accounts has no account of its own that a request could be about.
    let aim = (!denies && account != "*").then_some(Aim { action, resource: aimed });
    (Value::Object(members), aim)
}

/// Conditions over the keys that `requests` gives. A Deny states the opposite of what an Allow would ask for.
fn condition(random: &mut Random, denies: bool) -> Value {
    let region = random.pick(&arn::REGIONS);
    let team = random.pick(&arn::TEAMS);
    let network = format!("10.{}.0.0/16", random.below(64));
    match (random.below(8), denies) {
        (0, false) => json!({"IpAddress": {"aws:SourceIp": [network, "192.0.2.0/24"]}}),
        (0, true) => json!({"NotIpAddress": {"aws:SourceIp": [network, "10.0.0.0/9"]}}),
        (1, false) => json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
        (1, true) => json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}),
        (2, _) => json!({"StringEquals": {"aws:PrincipalTag/team": team}}),
        (3, false) => json!({"StringEquals": {"aws:PrincipalOrgID": arn::organisation_id()}}),
        (3, true) => json!({"StringNotEquals": {"aws:PrincipalOrgID": arn::organisation_id()}}),
        (4, false) => json!({"StringEquals": {"aws:RequestedRegion": [region, "eu-west-1"]}}),
        (4, true) => json!({"StringNotLike": {"aws:RequestedRegion": ["eu-*", region]}}),
        (5, _) => json!({"Bool": {"aws:SecureTransport": if denies { "false" } else { "true" }}}),
        (6, _) => {
            json!({"StringEquals": {"aws:ResourceTag/team": team}, "Bool": {"aws:MultiFactorAuthPresent": "true"}})
        }
        _ => {
            json!({"DateLessThan": {"aws:CurrentTime": format!("20{}-06-30T00:00:00Z", random.between(24, 30))}})
        }
    }
}

fn one_or_many(mut texts: Vec<String>) -> Value {
    match texts.pop() {
        Some(only) if texts.is_empty() => json!(only),
        Some(last) => {
            texts.push(last);
            json!(texts)
        }
        None => json!([]),
    }
}
