//! Resources with policies of their own, as rows `{resource_arn, account_id, policy}`.

use super::arn;
use super::random::Random;
use serde_json::{Value, json};

/// Service of the resource, how its ARN ends, and the actions that its policy grants.
const KINDS: [(&str, &[&str]); 5] = [
    ("s3", &["s3:GetObject", "s3:ListBucket", "s3:PutObject"]),
    ("kms", &["kms:Decrypt", "kms:GenerateDataKey*", "kms:DescribeKey"]),
    ("sqs", &["sqs:SendMessage", "sqs:ReceiveMessage"]),
    ("sns", &["sns:Publish", "sns:Subscribe"]),
    ("secretsmanager", &["secretsmanager:GetSecretValue"]),
];
const EACH: usize = 4;

/// A resource with a policy, remembered for requests: an ARN that can be asked about and an action that fits it.
#[derive(Clone, Debug)]
pub(crate) struct Guarded {
    pub(crate) arn: String,
    pub(crate) action: &'static str,
}

/// The rows of one account. `identities` are principals of it, `others` accounts of the same organisation.
pub(crate) fn rows(
    random: &mut Random,
    account: &str,
    identities: &[&str],
    others: &[String],
) -> (Vec<Value>, Vec<Guarded>) {
    let mut rows = Vec::new();
    let mut guarded = Vec::new();
    for (service, actions) in KINDS {
        for _ in 0..EACH {
            let arn = resource_arn(random, service, account);
            let statements = statements(random, service, &arn, account, actions, identities, others);
            let policy = json!({"Version": "2012-10-17", "Statement": statements});
            let asked = if service == "s3" { format!("{arn}/report/part.json") } else { arn.clone() };
            guarded.push(Guarded { arn: asked, action: actions[0].trim_end_matches('*') });
            rows.push(json!({"resource_arn": arn, "account_id": account, "policy": policy}));
        }
    }
    (rows, guarded)
}

fn resource_arn(random: &mut Random, service: &str, account: &str) -> String {
    // Bucket names are unique in the world, hence the account in them.
    let name = arn::name(random);
    let region = random.pick(&arn::REGIONS);
    match service {
        "s3" => format!("arn:aws:s3:::{name}-{account}"),
        "kms" => format!(
            "arn:aws:kms:{region}:{account}:key/{:08x}-1111-4222-8333-{:012x}",
            random.below(1 << 32),
            random.below(1 << 40)
        ),
        "secretsmanager" => format!("arn:aws:secretsmanager:{region}:{account}:secret:{name}-Ab3dEf"),
        _ => format!("arn:aws:{service}:{region}:{account}:{name}"),
    }
}

fn statements(
    random: &mut Random,
    service: &str,
    arn: &str,
    account: &str,
    actions: &[&str],
    identities: &[&str],
    others: &[String],
) -> Vec<Value> {
    let on = match service {
        "s3" => json!([arn, format!("{arn}/*")]),
        "kms" => json!("*"),
        _ => json!(arn),
    };
    let allow = |sid: &str, principal: Value, actions: Value| json!({"Sid": sid, "Effect": "Allow", "Principal": principal, "Action": actions, "Resource": on});
    let root = |account: &str| json!({"AWS": format!("arn:aws:iam::{account}:root")});
    let mut statements = Vec::new();
    if service == "kms" || random.chance(30) {
        statements.push(allow("Owner", root(account), json!([format!("{service}:*")])));
    }
    if !identities.is_empty() && random.chance(60) {
        let named: Vec<&str> = (0..random.between(1, 3)).map(|_| random.pick(identities)).collect();
        statements.push(allow("Named", json!({"AWS": named}), json!(actions)));
    }
    if !others.is_empty() && random.chance(40) {
        let other = &others[random.below(others.len())];
        statements.push(allow("OtherAccount", root(other), json!(actions[0])));
    }
    if random.chance(25) {
        let mut open = allow("Organisation", json!("*"), json!(actions[0]));
        open["Condition"] = json!({"StringEquals": {"aws:PrincipalOrgID": arn::organisation_id()}});
        statements.push(open);
    }
    if random.chance(30) {
        let caller = random.pick(&["events", "s3", "cloudwatch", "delivery.logs"]);
        let mut service =
            allow("Service", json!({"Service": format!("{caller}.amazonaws.com")}), json!(actions[0]));
        service["Condition"] = json!({"StringEquals": {"aws:SourceAccount": account}});
        statements.push(service);
    }
    if random.chance(30) {
        let team = random.pick(&arn::TEAMS);
        statements.push(json!({
            "Sid": "OwnTeam", "Effect": "Deny", "Principal": "*", "Action": format!("{service}:*"), "Resource": on,
            "Condition": {"StringNotEquals": {"aws:PrincipalTag/team": [team, "ops", "infra"]}, "Bool": {"aws:PrincipalIsAWSService": "false"}},
        }));
    }
    if statements.is_empty() {
        statements.push(allow("Owner", root(account), json!(actions)));
    }
    statements
}
