//! Random requests about a random world.

use serde_json::{Value, json};

use super::catalog;
use super::generate::document;
use super::glob;
use super::people::is_of_set;
use super::random::Random;
use super::statements::{Names, SERVICES, SESSIONS, UNLOADED, role_session};
use super::world::Request;

fn context_value(random: &mut Random, key: &str) -> Value {
    let choices: &[Value] = &match key {
        "aws:RequestedRegion" => {
            vec![json!("eu-west-1"), json!("EU-WEST-1"), json!("us-east-1"), json!("us-west-2")]
        }
        "s3:prefix" => vec![json!("home/ana/x"), json!("secret/x"), json!("tmp"), json!("home/")],
        "aws:SecureTransport" | "aws:MultiFactorAuthPresent" => vec![json!("true"), json!("false")],
        "aws:MultiFactorAuthAge" => vec![json!("60"), json!("900"), json!("3600"), json!("10abc")],
        "s3:max-keys" => vec![json!("10"), json!("20"), json!("100.5")],
        "aws:SourceIp" => {
            vec![json!("10.1.2.3"), json!("10.200.0.1"), json!("192.0.2.7"), json!("2001:db8::5")]
        }
        "aws:SourceArn" => vec![json!("arn:aws:sns:eu-west-1:111122223333:jobs"), json!("no arn")],
        "aws:TagKeys" => vec![json!(["team"]), json!(["team", "cost"]), json!(["team", "env"]), json!([])],
        "aws:CalledVia" => {
            vec![json!(["athena.amazonaws.com", "glue.amazonaws.com"]), json!([]), json!(["x.amazonaws.com"])]
        }
        "aws:ViaAWSService" => vec![json!("false"), json!("true")],
        "example:Groups" => vec![json!(["admins"]), json!(["b", "c"]), json!(["admins", "b"])],
        "sts:ExternalId" => vec![json!("x1"), json!("x2")],
        _ => vec![json!("vpce-1"), json!("vpce-2"), json!("vpce-0")],
    };
    random.pick(choices).clone()
}

const KEYS: [&str; 13] = [
    "aws:CalledVia",
    "aws:ViaAWSService",
    "aws:RequestedRegion",
    "s3:prefix",
    "aws:SecureTransport",
    "aws:MultiFactorAuthPresent",
    "aws:MultiFactorAuthAge",
    "s3:max-keys",
    "aws:SourceIp",
    "aws:SourceArn",
    "aws:TagKeys",
    "example:Groups",
    "sts:ExternalId",
];

fn has_open_tags(principal: &str) -> bool {
    is_of_set(principal) || principal.contains(":assumed-role/AWSReservedSSO_") || is_person(principal)
}

fn is_person(principal: &str) -> bool {
    principal.contains(":identitystore:")
}

fn has_sessions(principal: &str) -> bool {
    principal.contains(":assumed-role/") || is_person(principal)
}

impl Names {
    fn caller(&self, random: &mut Random) -> String {
        if !self.people.is_empty() && random.percent(25) {
            return random.pick(&self.people).clone();
        }
        match random.below(50) {
            0..=15 => random.pick(&self.users).clone(),
            16..=31 => random.pick(&self.roles).clone(),
            32..=37 => role_session(random.pick::<String>(&self.roles), random.pick::<&str>(&SESSIONS)),
            38 | 39 => format!("arn:aws:iam::{}:root", random.pick(&self.accounts)),
            40..=42 => (*random.pick(&SERVICES)).to_owned(),
            43..=45 => "anonymous".to_owned(),
            46 => random.pick(&self.providers).clone(),
            47 | 48 => format!("arn:aws:iam::{}:user/eve", random.pick(&UNLOADED)),
            _ => format!("arn:aws:iam::{}:role/far", random.pick(&UNLOADED)),
        }
    }

    fn resource(&self, random: &mut Random, action: &catalog::Action, of_account: bool) -> String {
        let fits = |arn: &&String| {
            action.templates.iter().any(|template| glob::arn_tokens_match(&glob::tokens(template), arn))
        };
        let fitting: Vec<&String> = self.resources.iter().filter(fits).collect();
        let Some(concrete) = (!fitting.is_empty()).then(|| (*random.pick(&fitting)).clone()) else {
            return "*".to_owned();
        };
        let assumes = catalog::assumes_role(action.name);
        match random.below(100) {
            // What an unknown role means in a wildcard question about trust is decided elsewhere.
            0..=3 if !assumes => "*".to_owned(),
            4..=7 if !assumes => {
                let cut = concrete.rfind(['/', ':']).map_or(concrete.len(), |at| at + 1);
                format!("{}*", &concrete[..cut])
            }
            8 | 9 if !assumes => format!("{}*", &concrete[..concrete.len() - 2]),
            10..=15 if of_account || !assumes => {
                let end = concrete.len() - 1;
                format!("{}-other", &concrete[..end])
            }
            _ => concrete,
        }
    }

    pub(crate) fn request(&self, random: &mut Random) -> Request {
        let principal = self.caller(random);
        let of_account = principal.starts_with("arn:") && !principal.contains("-provider/");
        let action = match random.below(100) {
            _ if principal.contains("-provider/") => {
                *random.pick(&["sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"])
            }
            0..=9 => "sts:AssumeRole",
            10..=24 => *random.pick(&["s3:GetObject", "s3:PutObject", "s3:ListBucket"]),
            25..=29 => *random.pick(&["kms:Decrypt", "kms:DescribeKey"]),
            _ => loop {
                let action = random.pick(&catalog::ACTIONS);
                // Always allowed: one in many is enough to see that it is.
                if action.name != "sts:GetCallerIdentity" || random.percent(20) {
                    break action.name;
                }
            },
        };
        let mut resource = self.resource(random, catalog::find(action), of_account);
        // Which tags such a session has is open, and what a variable stands for then is not among the witnesses.
        for _ in 0..20 {
            if !has_open_tags(&principal) || !resource.contains('*') {
                break;
            }
            resource = self.resource(random, catalog::find(action), of_account);
        }
        let mut request = Request { principal, action: action.to_owned(), resource, ..Request::default() };
        for key in KEYS {
            match random.below(10) {
                0 | 1 => request.context.push((key.to_owned(), context_value(random, key))),
                2 => request.context.push((key.to_owned(), Value::Null)),
                _ => {}
            }
        }
        match random.below(10) {
            0 | 1 => {
                request.context.push(("aws:SourceVpce".to_owned(), context_value(random, "aws:SourceVpce")))
            }
            2..=5 => request.context.push(("aws:SourceVpce".to_owned(), Value::Null)),
            _ => {}
        }
        if random.percent(60) {
            request.at = Some((*random.pick(&["2026-03-01T12:00:00Z", "2025-12-31T23:59:59Z"])).to_owned());
        }
        request.unknown_is_absent = random.percent(10);
        if request.principal.contains(":role/") && self.roles.contains(&request.principal) {
            if random.percent(40) {
                request.session_name = Some((*random.pick(&SESSIONS)).to_owned());
            }
            if random.percent(30) {
                self.session(random, &mut request);
            }
        } else if has_sessions(&request.principal) && random.percent(30) {
            self.session(random, &mut request);
        }
        request
    }

    fn session(&self, random: &mut Random, request: &mut Request) {
        for _ in 0..random.below(3) {
            let effect = if random.percent(25) { "Deny" } else { "Allow" };
            let first = self.statement(random, effect, 20);
            let second = self.statement(random, "Allow", 20);
            request.session_policies.push(document(vec![first, second]));
        }
        if random.percent(40) {
            request.session_tags.push(("team".to_owned(), (*random.pick(&["pay", "other"])).to_owned()));
        }
    }
}
