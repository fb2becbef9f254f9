//! Random statements: actions, resources, principals and conditions over the names a world uses.

use serde_json::{Map, Value, json};

use super::catalog;
use super::random::Random;

pub(crate) const LOADED: [&str; 4] = ["111122223333", "444455556666", "777788889999", "999900001111"];
pub(crate) const UNLOADED: [&str; 2] = ["123456789012", "210987654321"];
pub(crate) const ORGANIZATION: &str = "o-oracle";
pub(crate) const SERVICES: [&str; 3] = ["lambda.amazonaws.com", "ec2.amazonaws.com", "sns.amazonaws.com"];
pub(crate) const SESSIONS: [&str; 3] = ["ana", "ci-run", "night"];

/// Texts from which statements of one world are made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    pub(crate) accounts: Vec<String>,
    pub(crate) users: Vec<String>,
    /// Role ARNs of loaded accounts.
    pub(crate) roles: Vec<String>,
    /// Ids of people; empty in worlds without.
    pub(crate) people: Vec<String>,
    /// Concrete resource ARNs, with or without a policy of their own.
    pub(crate) resources: Vec<String>,
    pub(crate) providers: Vec<String>,
}

fn one_or_list(mut items: Vec<Value>) -> Value {
    if items.len() == 1 { items.remove(0) } else { Value::Array(items) }
}

fn action_entry(random: &mut Random, wide: bool) -> String {
    let name = random.pick(&catalog::ACTIONS).name;
    let service = catalog::service(name);
    let verb = &name[service.len() + 1..];
    let word = verb[1..].find(|c: char| c.is_uppercase()).map_or(verb.len(), |at| at + 1);
    match random.below(if wide { 14 } else { 10 }) {
        0..=3 => name.to_owned(),
        4 => name.to_ascii_lowercase(),
        5 | 6 => format!("{service}:{}*", &verb[..word]),
        7 => format!("{service}:*{}", &verb[word.min(verb.len() - 1)..]),
        8 | 9 => format!("{service}:*"),
        _ => "*".to_owned(),
    }
}

pub(crate) fn role_session(role: &str, session: &str) -> String {
    let account = super::caller::account_of(role).unwrap_or_default();
    let name = role.rsplit('/').next().unwrap_or_default();
    format!("arn:aws:sts::{account}:assumed-role/{name}/{session}")
}

impl Names {
    fn actions(&self, random: &mut Random, wide: bool) -> Value {
        let count = 1 + random.below(3);
        one_or_list((0..count).map(|_| json!(action_entry(random, wide))).collect())
    }

    fn resource_entry(&self, random: &mut Random) -> String {
        let account = random.pick(&self.accounts).clone();
        let resource = random.pick(&self.resources).clone();
        match random.below(18) {
            0..=5 => "*".to_owned(),
            6 | 7 => resource,
            8 | 9 => format!("{}*", &resource[..resource.len() - 1 - random.below(3)]),
            10 => {
                let service = resource.split(':').nth(2).unwrap_or("s3");
                let count = if matches!(service, "s3" | "iam") { "" } else { "*" };
                let account = if service == "s3" { "" } else { &account };
                format!("arn:aws:{service}:{count}:{account}:*")
            }
            11 => "arn:aws:s3:::*".to_owned(),
            12 => format!("arn:aws:s3:::{}/*", random.pick(&["pay", "logs", "p*", "*"])),
            13 => "arn:aws:s3:::pay/${aws:username}/*".to_owned(),
            14 => "arn:aws:s3:::${aws:PrincipalTag/team}/*".to_owned(),
            15 => format!("arn:aws:iam::{account}:role/*"),
            16 => format!("arn:aws:iam::*:role/{}", random.pick(&["dev", "team/*", "op?"])),
            _ => format!("arn:aws:sqs:*:{account}:{}", random.pick(&["jobs", "j*", "*"])),
        }
    }

    fn resource_list(&self, random: &mut Random) -> Value {
        let count = 1 + random.below(2);
        one_or_list((0..count).map(|_| json!(self.resource_entry(random))).collect())
    }

    /// One statement without principal: identity policies, boundaries, session policies, guardrails.
    pub(crate) fn statement(&self, random: &mut Random, effect: &str, conditions: usize) -> Value {
        let mut statement = Map::new();
        statement.insert("Effect".to_owned(), json!(effect));
        let allow = effect == "Allow";
        let (key, actions) = match random.below(12) {
            0 => ("NotAction", self.actions(random, false)),
            _ => ("Action", self.actions(random, allow)),
        };
        statement.insert(key.to_owned(), actions);
        let (key, resources) = match random.below(14) {
            // Variables stay out of NotResource: what an unresolved one means there is not documented.
            0 => ("NotResource", json!(random.pick(&self.resources))),
            _ => ("Resource", self.resource_list(random)),
        };
        statement.insert(key.to_owned(), resources);
        self.guard(random, &mut statement, conditions, true);
        Value::Object(statement)
    }

    pub(crate) fn guard(
        &self,
        random: &mut Random,
        statement: &mut Map<String, Value>,
        chance: usize,
        plain: bool,
    ) {
        if !random.percent(chance) {
            return;
        }
        let mut condition = Map::new();
        for _ in 0..=random.below(2) {
            let (operator, key, values) = self.condition(random, plain);
            let tests = condition.entry(operator).or_insert_with(|| json!({}));
            tests[key] = values;
        }
        statement.insert("Condition".to_owned(), Value::Object(condition));
    }

    /// Operator, key and values. `plain` = the policy of a principal, so that the caller is surely one.
    fn condition(&self, random: &mut Random, plain: bool) -> (String, String, Value) {
        let account = random.pick(&self.accounts).clone();
        let test = |operator: &str, key: &str, values: Value| (operator.to_owned(), key.to_owned(), values);
        let choices = if plain { 46 } else { 43 };
        match random.below(choices) {
            0 => test("StringEquals", "aws:RequestedRegion", json!("eu-west-1")),
            1 => test("StringEquals", "aws:requestedregion", json!(["eu-west-1", "us-east-1"])),
            2 => test("StringNotEquals", "aws:RequestedRegion", json!(["us-east-1", "eu-west-1"])),
            3 => test("StringEqualsIgnoreCase", "aws:RequestedRegion", json!("EU-west-1")),
            4 => test("StringNotEqualsIfExists", "aws:RequestedRegion", json!("us-east-1")),
            5 => test("StringLike", "s3:prefix", json!(["home/*", "tmp"])),
            6 => test("StringLike", "s3:prefix", json!("home/${aws:username}/*")),
            7 => test("StringNotLike", "s3:prefix", json!("secret*")),
            8 => test("StringLikeIfExists", "s3:prefix", json!("home/?*")),
            9 => test("Bool", "aws:SecureTransport", json!("true")),
            10 => test("Bool", "aws:SecureTransport", json!(false)),
            11 => test("BoolIfExists", "aws:MultiFactorAuthPresent", json!("true")),
            12 => test("Null", "aws:MultiFactorAuthPresent", json!("true")),
            13 => test("Bool", "aws:MultiFactorAuthPresent", json!("false")),
            14 => test("NumericLessThan", "aws:MultiFactorAuthAge", json!("3600")),
            15 => test("NumericGreaterThanEquals", "aws:MultiFactorAuthAge", json!(900)),
            16 => test("NumericLessThanEqualsIfExists", "s3:max-keys", json!("100")),
            17 => test("NumericEquals", "s3:max-keys", json!(["10", "20.0"])),
            18 => test("NumericNotEquals", "s3:max-keys", json!("10")),
            19 => test("IpAddress", "aws:SourceIp", json!("10.0.0.0/8")),
            20 => test("IpAddress", "aws:SourceIp", json!(["10.1.0.0/16", "192.0.2.7", "2001:db8::/32"])),
            21 => test("NotIpAddress", "aws:SourceIp", json!(["10.0.0.0/8", "192.0.2.0/24"])),
            22 => test("DateLessThan", "aws:CurrentTime", json!("2026-06-01T00:00:00Z")),
            23 => test("DateGreaterThan", "aws:CurrentTime", json!("1767225600")),
            24 => test("ArnLike", "aws:SourceArn", json!(format!("arn:aws:sns:*:{account}:*"))),
            25 => test("ArnNotLike", "aws:SourceArn", json!(format!("arn:aws:sns:*:{account}:jobs"))),
            26 => test("ArnLike", "aws:PrincipalArn", json!("arn:aws:iam::*:role/*")),
            27 => test("ArnNotEquals", "aws:PrincipalArn", json!(random.pick(&self.roles))),
            28 => test("StringEquals", "aws:PrincipalOrgID", json!(ORGANIZATION)),
            29 => test("ForAnyValue:StringEquals", "aws:TagKeys", json!(["team", "env"])),
            30 => test("ForAllValues:StringEquals", "aws:TagKeys", json!(["team", "env"])),
            31 => test("ForAnyValue:StringNotEquals", "aws:TagKeys", json!("team")),
            32 => test("ForAllValues:StringLike", "example:Groups", json!("a*")),
            33 => test("ForAnyValue:StringLike", "example:Groups", json!(["a*", "b"])),
            34 => test("StringEquals", "aws:SourceVpce", json!("vpce-1")),
            35 => test("StringEquals", "aws:PrincipalAccount", json!(account)),
            36 => test("StringEquals", "aws:ResourceAccount", json!(account)),
            37 => {
                let path = json!(format!("{ORGANIZATION}/r-root/ou-*"));
                test("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", path)
            }
            38 => {
                let path = json!(format!("{ORGANIZATION}/*"));
                test("ForAllValues:StringLike", "aws:ResourceOrgPaths", path)
            }
            39 => test("StringEquals", "aws:SourceAccount", json!(account)),
            40 => test("ForAnyValue:StringEquals", "aws:CalledVia", json!("athena.amazonaws.com")),
            41 => test("StringEquals", "aws:CalledViaFirst", json!("athena.amazonaws.com")),
            42 => test("BoolIfExists", "aws:ViaAWSService", json!("false")),
            43 => test("StringEquals", "aws:PrincipalTag/team", json!(["pay", "logs"])),
            44 => test("StringNotEquals", "aws:PrincipalTag/team", json!("pay")),
            _ => test("StringEquals", "aws:PrincipalType", json!("User")),
        }
    }

    /// Whom a grant of a key names: somebody, never everybody.
    pub(crate) fn grantee(&self, random: &mut Random) -> String {
        if random.percent(10) {
            return (*random.pick(&SERVICES)).to_owned();
        }
        loop {
            match self.principal_entry(random).as_str() {
                Some(entry) if entry.starts_with("arn:") => break entry.to_owned(),
                _ => {}
            }
        }
    }

    fn principal_entry(&self, random: &mut Random) -> Value {
        let account = match random.below(8) {
            0 => *random.pick(&UNLOADED),
            _ => random.pick(&self.accounts).as_str(),
        };
        match random.below(16) {
            0 | 1 => json!(format!("arn:aws:iam::{account}:root")),
            2 => json!(account),
            3..=6 => json!(random.pick(&self.users)),
            7..=10 => json!(random.pick(&self.roles)),
            11 | 12 => {
                json!(role_session(random.pick::<String>(&self.roles), random.pick::<&str>(&SESSIONS)))
            }
            13 => json!(format!("arn:aws:iam::{account}:user/eve")),
            _ => json!("*"),
        }
    }

    fn principal(&self, random: &mut Random, trust: bool) -> Value {
        if trust && random.percent(10) {
            return json!({"Federated": random.pick(&self.providers)});
        }
        match random.below(9) {
            0 => json!("*"),
            1 => json!({"Service": random.pick(&SERVICES)}),
            2 => json!({"Service": random.pick(&SERVICES), "AWS": [self.principal_entry(random)]}),
            3 | 4 => json!({"AWS": [self.principal_entry(random), self.principal_entry(random)]}),
            _ => json!({"AWS": self.principal_entry(random)}),
        }
    }

    /// One statement of a policy that sits on a resource; `resources` = what it may name.
    pub(crate) fn resource_statement(
        &self,
        random: &mut Random,
        effect: &str,
        service: &str,
        resources: &Value,
    ) -> Value {
        let trust = service == "sts";
        let mut statement = Map::new();
        statement.insert("Effect".to_owned(), json!(effect));
        if effect == "Deny" && random.percent(35) {
            let entry = match random.below(4) {
                0 => json!(format!("arn:aws:iam::{}:root", random.pick(&self.accounts))),
                1 => json!([random.pick(&self.users), random.pick(&self.roles)]),
                2 => json!(random.pick(&self.users)),
                _ => json!(random.pick(&self.roles)),
            };
            statement.insert("NotPrincipal".to_owned(), json!({"AWS": entry}));
        } else {
            statement.insert("Principal".to_owned(), self.principal(random, trust));
        }
        let of_service: Vec<&str> = catalog::ACTIONS
            .iter()
            .map(|action| action.name)
            .filter(
                |name| if trust { catalog::assumes_role(name) } else { catalog::service(name) == service },
            )
            .collect();
        let action = match random.below(6) {
            0 | 1 => json!(format!("{service}:*")),
            2 if trust => json!("sts:AssumeRole*"),
            2 => json!([random.pick(&of_service), random.pick(&of_service)]),
            3 if trust => json!("sts:AssumeRole"),
            _ => json!(random.pick(&of_service)),
        };
        statement.insert("Action".to_owned(), action);
        if !trust {
            statement.insert("Resource".to_owned(), resources.clone());
        }
        self.guard(random, &mut statement, 35, false);
        if trust && random.percent(8) {
            statement.insert("Condition".to_owned(), json!({"StringEquals": {"sts:ExternalId": "x1"}}));
        }
        Value::Object(statement)
    }
}
