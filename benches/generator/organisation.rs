//! The organisation: units two to four levels deep over the accounts, with control policies at the levels.

use super::arn;
use super::random::Random;
use serde_json::{Value, json};

const FULL_ACCESS: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// The tree as one document: root, units and accounts, each with the policies attached to it.
pub(crate) fn tree(random: &mut Random, accounts: &[String]) -> Value {
    let mut writer = Writer { random, units: 0, policies: 0 };
    let mut root_policies = writer.full_access();
    root_policies.push(writer.keep_organisation());
    root_policies.push(writer.perimeter());
    let quarter = accounts.len().div_ceil(4).max(1);
    let units: Vec<Value> = accounts.chunks(quarter).map(|part| writer.unit(part, 2)).collect();
    let management = json!({
        "Id": arn::management_account(), "Name": "management", "Policies": writer.full_access(),
    });
    json!({
        "Root": {
            "Id": "r-synt", "Name": "Root", "Policies": root_policies,
            "OrganizationalUnits": units, "Accounts": [management],
        },
        "Organization": {"Id": arn::organisation_id(), "MasterAccountId": arn::management_account()},
    })
}

struct Writer<'a> {
    random: &'a mut Random,
    units: usize,
    policies: usize,
}

impl Writer<'_> {
    /// A unit `depth` levels under the root (which is level 1) with its accounts, some of them in units below it.
    fn unit(&mut self, accounts: &[String], depth: usize) -> Value {
        self.units += 1;
        let number = self.units;
        let mut policies = self.full_access();
        match number % 4 {
            1 => policies.push(self.regions()),
            2 => policies.push(self.protect_roles()),
            3 => policies.push(self.no_services()),
            _ => policies.push(self.secure_transport()),
        }
        let splits = depth < 4 && accounts.len() > 4;
        let (direct, below) = accounts.split_at(if splits { accounts.len() / 3 } else { accounts.len() });
        let half = below.len().div_ceil(2).max(1);
        let units: Vec<Value> = below.chunks(half).map(|part| self.unit(part, depth + 1)).collect();
        let accounts: Vec<Value> = direct
            .iter()
            .map(|id| {
                let mut policies = self.full_access();
                if self.random.chance(20) {
                    policies.push(self.no_services());
                }
                json!({"Id": id, "Name": format!("account-{id}"), "Policies": policies})
            })
            .collect();
        json!({
            "Id": format!("ou-synt-{number:08}"), "Name": format!("unit-{number}"), "Policies": policies,
            "OrganizationalUnits": units, "Accounts": accounts,
        })
    }

    fn full_access(&self) -> Vec<Value> {
        let managed = |id: &str, name: &str, kind: &str, folder: &str| {
            json!({
                "Id": id, "Arn": format!("arn:aws:organizations::aws:policy/{folder}/{id}"), "Name": name,
                "Type": kind, "AwsManaged": true, "Content": FULL_ACCESS,
            })
        };
        vec![
            managed("p-FullAWSAccess", "FullAWSAccess", "SERVICE_CONTROL_POLICY", "service_control_policy"),
            managed(
                "p-RCPFullAWSAccess",
                "RCPFullAWSAccess",
                "RESOURCE_CONTROL_POLICY",
                "resource_control_policy",
            ),
        ]
    }

    fn control(&mut self, kind: &str, name: &str, statements: &Value) -> Value {
        self.policies += 1;
        let id = format!("p-{:08}", self.policies);
        let organisation = format!("{}:organization/{}", arn::management_account(), arn::organisation_id());
        let content = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        json!({
            "Id": id, "Arn": format!("arn:aws:organizations::{organisation}/{}/{id}", kind.to_lowercase()), "Name": name,
            "Type": kind, "AwsManaged": false, "Content": content,
        })
    }

    fn keep_organisation(&mut self) -> Value {
        let statements = json!([
            {"Effect": "Deny", "Action": "organizations:LeaveOrganization", "Resource": "*"},
        ]);
        self.control("SERVICE_CONTROL_POLICY", "keep-organisation", &statements)
    }

    fn regions(&mut self) -> Value {
        let allowed = ["eu-west-1", self.random.pick(&arn::REGIONS)];
        let statements = json!([{
            "Sid": "Regions", "Effect": "Deny", "Resource": "*",
            "NotAction": ["iam:*", "sts:*", "organizations:*", "route53:*", "cloudfront:*", "support:*"],
            "Condition": {
                "StringNotEquals": {"aws:RequestedRegion": allowed},
                "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/infra-*"},
            },
        }]);
        self.control("SERVICE_CONTROL_POLICY", "regions", &statements)
    }

    fn protect_roles(&mut self) -> Value {
        let statements = json!([{
            "Effect": "Deny", "Resource": "arn:aws:iam::*:role/infra-*",
            "Action": ["iam:AttachRolePolicy", "iam:PutRolePolicy", "iam:DeleteRole*", "iam:UpdateAssumeRolePolicy"],
            "Condition": {"StringNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/ops-*"}},
        }]);
        self.control("SERVICE_CONTROL_POLICY", "protect-roles", &statements)
    }

    fn no_services(&mut self) -> Value {
        let service = self.random.pick(&["lightsail", "gamelift", "sagemaker", "redshift", "workspaces"]);
        let statements = json!([{"Effect": "Deny", "Action": [format!("{service}:*")], "Resource": "*"}]);
        self.control("SERVICE_CONTROL_POLICY", &format!("no-{service}"), &statements)
    }

    fn secure_transport(&mut self) -> Value {
        let statements = json!([{
            "Effect": "Deny", "Principal": "*", "Action": ["s3:*", "sqs:*"], "Resource": "*",
            "Condition": {"BoolIfExists": {"aws:SecureTransport": "false"}},
        }]);
        self.control("RESOURCE_CONTROL_POLICY", "secure-transport", &statements)
    }

    fn perimeter(&mut self) -> Value {
        let statements = json!([{
            "Effect": "Deny", "Principal": "*", "Action": ["s3:*", "kms:*", "secretsmanager:*", "sqs:*"], "Resource": "*",
            "Condition": {
                "StringNotEqualsIfExists": {"aws:PrincipalOrgID": arn::organisation_id()},
                "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
            },
        }]);
        self.control("RESOURCE_CONTROL_POLICY", "perimeter", &statements)
    }
}
