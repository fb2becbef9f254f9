//! One account as `aws iam get-account-authorization-details` prints it.

use super::arn;
use super::catalogue::Catalogue;
use super::policy::{self, Aim, Policy};
use super::random::Random;
use serde_json::{Map, Value, json};

const OWN_POLICIES: usize = 40;
const BOUNDARIES: usize = 4;
const GROUPS: usize = 10;
const CREATED: &str = "2024-03-01T09:30:00+00:00";

/// An AWS-managed policy, the same in every account.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) name: String,
    pub(crate) policy: Policy,
}

/// A principal and something that one of its policies speaks about.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) arn: String,
    pub(crate) aim: Option<Aim>,
}

/// The export of an account and what the generator remembers of it.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) details: Value,
    pub(crate) identities: Vec<Identity>,
}

/// A managed policy that principals of this account can be attached to.
struct Attachable<'a> {
    arn: String,
    name: String,
    policy: &'a Policy,
    attachments: usize,
}

pub(crate) fn shared_policies(random: &mut Random, catalogue: &Catalogue, count: usize) -> Vec<Shared> {
    (0..count)
        .map(|number| Shared {
            name: format!("{}Access{number:02}", arn::name(random).replace('-', "")),
            policy: policy::identity_policy(random, catalogue, "*"),
        })
        .collect()
}

pub(crate) fn account(
    random: &mut Random,
    catalogue: &Catalogue,
    id: &str,
    principals: usize,
    shared: &[Shared],
    other_account: &str,
) -> Account {
    let own: Vec<Policy> =
        (0..OWN_POLICIES).map(|_| policy::identity_policy(random, catalogue, id)).collect();
    let mut attachable: Vec<Attachable<'_>> = own
        .iter()
        .enumerate()
        .map(|(number, policy)| {
            let name = format!("{}-{number:02}", arn::name(random));
            Attachable { arn: format!("arn:aws:iam::{id}:policy/{name}"), name, policy, attachments: 0 }
        })
        .collect();
    let shared = shared.iter().map(|Shared { name, policy }| Attachable {
        arn: format!("arn:aws:iam::aws:policy/{name}"),
        name: name.clone(),
        policy,
        attachments: 0,
    });
    attachable.extend(shared);

    let mut writer =
        Writer { random, catalogue, id, attachable, boundary_uses: [0; BOUNDARIES], other_account };
    let groups: Vec<Value> = (0..GROUPS).map(|number| writer.group(number)).collect();
    let (mut users, mut roles, mut identities) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..principals {
        let is_user = number % 2 == 0;
        let (record, identity) = if is_user { writer.user(number) } else { writer.role(number) };
        if is_user {
            users.push(record)
        } else {
            roles.push(record)
        }
        identities.push(identity);
    }
    let policies = writer.policies();
    let details = json!({
        "UserDetailList": users, "GroupDetailList": groups, "RoleDetailList": roles, "Policies": policies,
    });
    Account { details, identities }
}

struct Writer<'a> {
    random: &'a mut Random,
    catalogue: &'a Catalogue,
    id: &'a str,
    attachable: Vec<Attachable<'a>>,
    boundary_uses: [usize; BOUNDARIES],
    other_account: &'a str,
}

impl Writer<'_> {
    fn user(&mut self, number: usize) -> (Value, Identity) {
        let name = format!("{}.{number:04}", arn::name(self.random));
        let arn = format!("arn:aws:iam::{}:user/{name}", self.id);
        let (mut record, aim) = self.grants("UserPolicyList");
        record.insert("Path".to_owned(), json!("/"));
        record.insert("UserName".to_owned(), json!(name));
        record.insert("UserId".to_owned(), json!(self.random.unique_id("AIDA", 17)));
        record.insert("Arn".to_owned(), json!(arn));
        record.insert("CreateDate".to_owned(), json!(CREATED));
        let member = self.random.chance(20);
        let groups: Vec<String> = member.then(|| group_name(self.random.below(GROUPS))).into_iter().collect();
        record.insert("GroupList".to_owned(), json!(groups));
        (self.finish(record), Identity { arn, aim })
    }

    fn role(&mut self, number: usize) -> (Value, Identity) {
        let name = format!("{}-{number:04}", arn::name(self.random));
        let path = if self.random.chance(15) { "/service-role/" } else { "/" };
        let arn = format!("arn:aws:iam::{}:role{path}{name}", self.id);
        let (mut record, aim) = self.grants("RolePolicyList");
        record.insert("Path".to_owned(), json!(path));
        record.insert("RoleName".to_owned(), json!(name));
        record.insert("RoleId".to_owned(), json!(self.random.unique_id("AROA", 17)));
        record.insert("Arn".to_owned(), json!(arn));
        record.insert("CreateDate".to_owned(), json!(CREATED));
        record.insert("InstanceProfileList".to_owned(), json!([]));
        record.insert("AssumeRolePolicyDocument".to_owned(), self.trust());
        let last_used = if self.random.chance(60) {
            json!({"LastUsedDate": "2026-05-04T12:00:00+00:00", "Region": self.random.pick(&arn::REGIONS)})
        } else {
            json!({})
        };
        record.insert("RoleLastUsed".to_owned(), last_used);
        (self.finish(record), Identity { arn, aim })
    }

    fn group(&mut self, number: usize) -> Value {
        let (mut record, _) = self.grants("GroupPolicyList");
        let name = group_name(number);
        record.insert("Arn".to_owned(), json!(format!("arn:aws:iam::{}:group/{name}", self.id)));
        record.insert("GroupName".to_owned(), json!(name));
        record.insert("GroupId".to_owned(), json!(self.random.unique_id("AGPA", 17)));
        record.insert("Path".to_owned(), json!("/"));
        record.insert("CreateDate".to_owned(), json!(CREATED));
        Value::Object(record)
    }

    /// None to two managed policies, an inline one for every second, and something that they speak about.
    fn grants(&mut self, inline_member: &str) -> (Map<String, Value>, Option<Aim>) {
        let mut aims: Vec<Aim> = Vec::new();
        let mut inline = Vec::new();
        if self.random.chance(50) {
            let policy = policy::identity_policy(self.random, self.catalogue, self.id);
            inline.push(json!({"PolicyName": "inline", "PolicyDocument": policy.document}));
            aims.extend(policy.aims);
        }
        let mut chosen: Vec<usize> = (0..self.random.between(0, 2)).map(|_| self.attach()).collect();
        chosen.sort_unstable();
        chosen.dedup();
        let mut managed = Vec::new();
        for at in chosen {
            let attachable = &mut self.attachable[at];
            attachable.attachments += 1;
            managed.push(json!({"PolicyName": attachable.name, "PolicyArn": attachable.arn}));
            aims.extend(attachable.policy.aims.iter().cloned());
        }
        let mut record = Map::new();
        record.insert(inline_member.to_owned(), json!(inline));
        record.insert("AttachedManagedPolicies".to_owned(), json!(managed));
        let aim = (!aims.is_empty()).then(|| aims.swap_remove(self.random.below(aims.len())));
        (record, aim)
    }

    /// The number of a managed policy: the account's own ones come first in `attachable`.
    fn attach(&mut self) -> usize {
        if self.random.chance(50) {
            self.random.skewed(OWN_POLICIES)
        } else {
            OWN_POLICIES + self.random.skewed(self.attachable.len() - OWN_POLICIES)
        }
    }

    fn finish(&mut self, mut record: Map<String, Value>) -> Value {
        if self.random.chance(10) {
            let number = self.random.skewed(BOUNDARIES);
            self.boundary_uses[number] += 1;
            let boundary = json!({
                "PermissionsBoundaryType": "Policy",
                "PermissionsBoundaryArn": self.boundary_arn(number),
            });
            record.insert("PermissionsBoundary".to_owned(), boundary);
        }
        let mut tags = Vec::new();
        if self.random.chance(50) {
            tags.push(json!({"Key": "team", "Value": self.random.pick(&arn::TEAMS)}));
        }
        record.insert("Tags".to_owned(), json!(tags));
        Value::Object(record)
    }

    fn trust(&mut self) -> Value {
        let statement = match self.random.below(10) {
            0..6 => {
                let service = self.random.pick(&["lambda", "ec2", "ecs-tasks", "states"]);
                json!({"Effect": "Allow", "Principal": {"Service": format!("{service}.amazonaws.com")}, "Action": "sts:AssumeRole"})
            }
            6..8 => {
                let root = format!("arn:aws:iam::{}:root", self.id);
                json!({"Effect": "Allow", "Principal": {"AWS": root}, "Action": "sts:AssumeRole"})
            }
            8 => {
                let root = format!("arn:aws:iam::{}:root", self.other_account);
                json!({"Effect": "Allow", "Principal": {"AWS": root}, "Action": "sts:AssumeRole",
                    "Condition": {"StringEquals": {"sts:ExternalId": "shared-secret"}}})
            }
            _ => {
                let issuer = "token.actions.githubusercontent.com";
                let provider = format!("arn:aws:iam::{}:oidc-provider/{issuer}", self.id);
                json!({"Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity",
                    "Condition": {"StringLike": {format!("{issuer}:sub"): "repo:example/*"}}})
            }
        };
        json!({"Version": "2012-10-17", "Statement": [statement]})
    }

    fn boundary_arn(&self, number: usize) -> String {
        format!("arn:aws:iam::{}:policy/boundary-{number}", self.id)
    }

    fn policies(&mut self) -> Vec<Value> {
        let attachable = std::mem::take(&mut self.attachable);
        let mut policies: Vec<Value> = attachable
            .iter()
            .filter(|attachable| attachable.attachments > 0)
            .map(|attachable| {
                self.policy(&attachable.arn, &attachable.policy.document, attachable.attachments, 0)
            })
            .collect();
        for number in 0..BOUNDARIES {
            let document = policy::boundary(self.random, self.catalogue);
            let arn = self.boundary_arn(number);
            policies.push(self.policy(&arn, &document, 0, self.boundary_uses[number]));
        }
        policies
    }

    fn policy(&mut self, arn: &str, document: &Value, attachments: usize, boundary_uses: usize) -> Value {
        json!({
            "PolicyName": arn.rsplit('/').next(), "PolicyId": policy_id(arn), "Arn": arn, "Path": "/",
            "DefaultVersionId": "v1", "AttachmentCount": attachments, "PermissionsBoundaryUsageCount": boundary_uses,
            "IsAttachable": true, "CreateDate": CREATED, "UpdateDate": CREATED,
            "PolicyVersionList": [
                {"Document": document, "VersionId": "v1", "IsDefaultVersion": true, "CreateDate": CREATED},
            ],
        })
    }
}

fn group_name(number: usize) -> String {
    format!("group-{number}")
}

/// The same for one ARN in every account, as for the policies that AWS manages.
fn policy_id(arn: &str) -> String {
    let seed =
        arn.bytes().fold(0u64, |sum, byte| sum.wrapping_mul(1_099_511_628_211).wrapping_add(u64::from(byte)));
    Random::new(seed).unique_id("ANPA", 17)
}
