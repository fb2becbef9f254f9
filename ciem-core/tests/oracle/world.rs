//! A world: accounts, an organisation, resources and endpoints, and how it is written as native exports.

use super::people::People;
use serde_json::{Value, json};

#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) accounts: Vec<Account>,
    pub(crate) organization: Option<Organization>,
    pub(crate) resources: Vec<Resource>,
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) people: Option<People>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) users: Vec<User>,
    pub(crate) groups: Vec<Group>,
    pub(crate) roles: Vec<Role>,
    /// Managed policies that are in the export; an attachment may name one that is not here.
    pub(crate) policies: Vec<Managed>,
}

/// What users, groups and roles have in common.
#[derive(Clone, Debug, Default)]
pub(crate) struct Holder {
    pub(crate) inline: Vec<Inline>,
    pub(crate) attached: Vec<String>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Inline {
    pub(crate) name: String,
    pub(crate) document: Value,
    /// The holder is exported twice, once without this policy: nobody knows which record is right.
    pub(crate) doubtful: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Entity {
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) boundary: Option<String>,
    pub(crate) policies: Holder,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct User {
    pub(crate) entity: Entity,
    pub(crate) groups: Vec<String>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) policies: Holder,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Role {
    pub(crate) entity: Entity,
    pub(crate) trust: Value,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Managed {
    pub(crate) arn: String,
    pub(crate) document: Value,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Organization {
    pub(crate) id: String,
    pub(crate) management: String,
    pub(crate) root: Node,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Node {
    pub(crate) id: String,
    pub(crate) policies: Vec<Guardrail>,
    pub(crate) units: Vec<Node>,
    pub(crate) accounts: Vec<Member>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Member {
    pub(crate) account: String,
    pub(crate) policies: Vec<Guardrail>,
}

/// A service or resource control policy; without content it is attached but not exported.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guardrail {
    pub(crate) id: String,
    pub(crate) resource_side: bool,
    pub(crate) content: Option<Value>,
}

/// In which command's output the policy of a resource is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Shape {
    Bucket,
    Key,
    Queue,
    Topic,
    Function,
    Secret,
    #[default]
    Row,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Resource {
    pub(crate) arn: String,
    pub(crate) account: String,
    pub(crate) shape: Shape,
    pub(crate) policy: Value,
    /// Of a key: whom they let use it, and for which operations.
    pub(crate) grants: Vec<(String, Vec<String>)>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Endpoint {
    pub(crate) id: String,
    pub(crate) owner: String,
    pub(crate) policy: Value,
}

/// One question. `context` values are text, or lists of text for keys with several values.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) principal: String,
    pub(crate) action: String,
    pub(crate) resource: String,
    pub(crate) context: Vec<(String, Value)>,
    pub(crate) session_name: Option<String>,
    pub(crate) session_policies: Vec<Value>,
    pub(crate) session_tags: Vec<(String, String)>,
    pub(crate) at: Option<String>,
    pub(crate) unknown_is_absent: bool,
}

impl Request {
    pub(crate) fn has_session(&self) -> bool {
        self.session_name.is_some() || !self.session_policies.is_empty() || !self.session_tags.is_empty()
    }

    /// The request in wire form.
    pub(crate) fn to_json(&self) -> Value {
        let mut wire = json!({"principal": self.principal, "action": self.action, "resource": self.resource});
        let context: serde_json::Map<String, Value> = self.context.iter().cloned().collect();
        wire["context"] = Value::Object(context);
        if self.has_session() {
            let tags: serde_json::Map<String, Value> =
                self.session_tags.iter().map(|(k, v)| (k.clone(), json!(v))).collect();
            let policies: Vec<Value> = self
                .session_policies
                .iter()
                .map(|document| json!({"name": "session", "document": document}))
                .collect();
            let mut session = json!({"policies": policies, "tags": tags});
            if let Some(name) = &self.session_name {
                session["name"] = json!(name);
            }
            wire["session"] = session;
        }
        if let Some(at) = &self.at {
            wire["at"] = json!(at);
        }
        if self.unknown_is_absent {
            wire["unknown_context"] = json!("absent");
        }
        wire
    }
}

/// Stable letters for the provider's unique ids, made from the name.
fn unique_id(prefix: &str, text: &str) -> String {
    let letters: String =
        text.to_ascii_uppercase().chars().filter(char::is_ascii_alphanumeric).rev().collect();
    format!("{prefix}{letters:X<17.17}")
}

fn path_of(arn: &str) -> &str {
    let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
    let start = resource.find('/').unwrap_or(0);
    let end = resource.rfind('/').unwrap_or(0);
    &resource[start..=end]
}

fn attached(arns: &[String]) -> Value {
    arns.iter().map(|arn| json!({"PolicyName": arn.rsplit('/').next(), "PolicyArn": arn})).collect()
}

fn inline(policies: &[Inline], with_doubtful: bool) -> Value {
    policies
        .iter()
        .filter(|policy| with_doubtful || !policy.doubtful)
        .map(|policy| json!({"PolicyName": policy.name, "PolicyDocument": policy.document}))
        .collect()
}

const CREATED: &str = "2025-01-02T03:04:05+00:00";

fn entity(entity: &Entity, kind: &str, id_prefix: &str, doubtful: bool) -> Value {
    let tags: Vec<Value> = entity.tags.iter().map(|(k, v)| json!({"Key": k, "Value": v})).collect();
    let mut record = json!({
        "Path": path_of(&entity.arn), "Arn": entity.arn, "CreateDate": CREATED, "Tags": tags,
        "AttachedManagedPolicies": attached(&entity.policies.attached),
    });
    record[format!("{kind}Name")] = json!(entity.name);
    record[format!("{kind}Id")] = json!(unique_id(id_prefix, &entity.arn));
    record[format!("{kind}PolicyList")] = inline(&entity.policies.inline, doubtful);
    if let Some(boundary) = &entity.boundary {
        record["PermissionsBoundary"] =
            json!({"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": boundary});
    }
    record
}

fn is_doubtful(entity: &Entity) -> bool {
    entity.policies.inline.iter().any(|policy| policy.doubtful)
}

impl Account {
    fn user(user: &User, doubtful: bool) -> Value {
        let mut record = entity(&user.entity, "User", "AIDA", doubtful);
        record["GroupList"] = json!(user.groups);
        record
    }

    fn role(role: &Role, doubtful: bool) -> Value {
        let mut record = entity(&role.entity, "Role", "AROA", doubtful);
        record["AssumeRolePolicyDocument"] = role.trust.clone();
        record["InstanceProfileList"] = json!([]);
        record["RoleLastUsed"] = json!({});
        record
    }

    /// The account's export, and a second one for records of which two versions are in circulation.
    fn exports(&self) -> Vec<(String, Value)> {
        let users: Vec<Value> = self.users.iter().map(|user| Self::user(user, true)).collect();
        let roles: Vec<Value> = self.roles.iter().map(|role| Self::role(role, true)).collect();
        let groups: Vec<Value> = self
            .groups
            .iter()
            .map(|group| {
                let arn = format!("arn:aws:iam::{}:group/{}", self.id, group.name);
                json!({
                    "Path": "/", "GroupName": group.name, "GroupId": unique_id("AGPA", &arn), "Arn": arn,
                    "CreateDate": CREATED, "GroupPolicyList": inline(&group.policies.inline, true),
                    "AttachedManagedPolicies": attached(&group.policies.attached),
                })
            })
            .collect();
        let policies: Vec<Value> = self
            .policies
            .iter()
            .map(|policy| {
                json!({
                    "PolicyName": policy.arn.rsplit('/').next(), "PolicyId": unique_id("ANPA", &policy.arn),
                    "Arn": policy.arn, "Path": "/", "DefaultVersionId": "v1", "AttachmentCount": 1,
                    "PermissionsBoundaryUsageCount": 0, "IsAttachable": true, "CreateDate": CREATED,
                    "UpdateDate": CREATED,
                    "PolicyVersionList": [{"Document": policy.document, "VersionId": "v1",
                        "IsDefaultVersion": true, "CreateDate": CREATED}],
                })
            })
            .collect();
        let details = |users: Vec<Value>, groups: Vec<Value>, roles: Vec<Value>, policies: Vec<Value>| json!({"UserDetailList": users, "GroupDetailList": groups, "RoleDetailList": roles, "Policies": policies});
        let other_users: Vec<Value> = self
            .users
            .iter()
            .filter(|user| is_doubtful(&user.entity))
            .map(|user| Self::user(user, false))
            .collect();
        let other_roles: Vec<Value> = self
            .roles
            .iter()
            .filter(|role| is_doubtful(&role.entity))
            .map(|role| Self::role(role, false))
            .collect();
        let doubtful = !other_users.is_empty() || !other_roles.is_empty();
        let mut files = vec![(format!("{}/details.json", self.id), details(users, groups, roles, policies))];
        if doubtful {
            files.push((
                format!("{}/details-again.json", self.id),
                details(other_users, Vec::new(), other_roles, Vec::new()),
            ));
        }
        files
    }
}

fn guardrails(policies: &[Guardrail]) -> Value {
    policies
        .iter()
        .map(|policy| {
            let kind = if policy.resource_side { "RESOURCE_CONTROL_POLICY" } else { "SERVICE_CONTROL_POLICY" };
            let mut record = json!({
                "Id": policy.id, "Name": policy.id, "Type": kind, "AwsManaged": false,
                "Arn": format!("arn:aws:organizations::999900001111:policy/o-oracle/{}/{}", kind.to_lowercase(), policy.id),
            });
            if let Some(content) = &policy.content {
                record["Content"] = json!(content.to_string());
            }
            record
        })
        .collect()
}

impl Node {
    fn to_json(&self) -> Value {
        let accounts: Vec<Value> = self
            .accounts
            .iter()
            .map(|m| json!({"Id": m.account, "Name": m.account, "Policies": guardrails(&m.policies)}))
            .collect();
        let units: Vec<Value> = self.units.iter().map(Node::to_json).collect();
        json!({"Id": self.id, "Name": self.id, "Policies": guardrails(&self.policies),
            "OrganizationalUnits": units, "Accounts": accounts})
    }
}

impl Resource {
    fn export_grants(&self) -> Value {
        let grants = self.grants.iter().enumerate().map(|(at, (grantee, operations))| {
            json!({"KeyId": self.arn, "GrantId": format!("g{at}"), "GranteePrincipal": grantee,
                "Operations": operations, "IssuingAccount": format!("arn:aws:iam::{}:root", self.account)})
        });
        json!({"Grants": grants.collect::<Vec<_>>(), "Truncated": false})
    }

    fn export(&self) -> Value {
        let last = self.arn.rsplit(':').next().unwrap_or_default();
        let policy = self.policy.to_string();
        match self.shape {
            Shape::Bucket => json!({"Bucket": last, "Policy": policy, "AccountId": self.account}),
            Shape::Key => json!({"KeyId": self.arn, "PolicyName": "default", "Policy": policy}),
            Shape::Queue => json!({"Attributes": {"QueueArn": self.arn, "Policy": policy}}),
            Shape::Topic => {
                json!({"Attributes": {"TopicArn": self.arn, "Owner": self.account, "Policy": policy}})
            }
            Shape::Function => {
                json!({"Policy": policy, "RevisionId": "7c0b5b5e-0000-4000-8000-000000000000"})
            }
            Shape::Secret => json!({"ARN": self.arn, "Name": last, "ResourcePolicy": policy}),
            Shape::Row => {
                json!({"resource_arn": self.arn, "account_id": self.account, "policy": self.policy})
            }
        }
    }
}

impl World {
    /// Every file of the world: name and bytes.
    pub(crate) fn files(&self) -> Vec<(String, Vec<u8>)> {
        let mut files: Vec<(String, Value)> = self.accounts.iter().flat_map(Account::exports).collect();
        if let Some(organization) = &self.organization {
            files.push((
                "organization.json".to_owned(),
                json!({
                    "Root": organization.root.to_json(),
                    "Organization": {"Id": organization.id, "MasterAccountId": organization.management},
                }),
            ));
        }
        for (index, resource) in self.resources.iter().enumerate() {
            files.push((format!("resource-{index}.json"), resource.export()));
            if !resource.grants.is_empty() {
                files.push((format!("grants-{index}.json"), resource.export_grants()));
            }
        }
        if !self.endpoints.is_empty() {
            let endpoints: Vec<Value> = self
                .endpoints
                .iter()
                .map(|endpoint| {
                    json!({"VpcEndpointId": endpoint.id, "OwnerId": endpoint.owner, "VpcEndpointType": "Gateway",
                        "State": "available", "PolicyDocument": endpoint.policy.to_string()})
                })
                .collect();
            files.push(("endpoints.json".to_owned(), json!({"VpcEndpoints": endpoints})));
        }
        files.extend(self.people.iter().map(|people| ("identity-center.json".to_owned(), people.export())));
        files.into_iter().map(|(name, value)| (name, value.to_string().into_bytes())).collect()
    }

    pub(crate) fn account(&self, id: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.id == id)
    }

    pub(crate) fn managed(&self, arn: &str) -> Option<&Managed> {
        self.accounts.iter().flat_map(|account| &account.policies).find(|policy| policy.arn == arn)
    }

    pub(crate) fn role(&self, arn: &str) -> Option<&Role> {
        self.accounts.iter().flat_map(|account| &account.roles).find(|role| role.entity.arn == arn)
    }

    /// Every policy document of the world.
    pub(crate) fn documents(&self) -> Vec<&Value> {
        fn guarded<'w>(node: &'w Node, found: &mut Vec<&'w Value>) {
            let members = node.accounts.iter().flat_map(|member| &member.policies);
            found.extend(node.policies.iter().chain(members).filter_map(|policy| policy.content.as_ref()));
            node.units.iter().for_each(|unit| guarded(unit, found));
        }
        let mut found: Vec<&Value> = Vec::new();
        for account in &self.accounts {
            let holders = account
                .users
                .iter()
                .map(|user| &user.entity.policies)
                .chain(account.groups.iter().map(|group| &group.policies))
                .chain(account.roles.iter().map(|role| &role.entity.policies));
            found.extend(holders.flat_map(|holder| &holder.inline).map(|policy| &policy.document));
            found.extend(account.roles.iter().map(|role| &role.trust));
            found.extend(account.policies.iter().map(|policy| &policy.document));
        }
        if let Some(organization) = &self.organization {
            guarded(&organization.root, &mut found);
        }
        found.extend(self.resources.iter().map(|resource| &resource.policy));
        found.extend(self.endpoints.iter().map(|endpoint| &endpoint.policy));
        found
    }
}
