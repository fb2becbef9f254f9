//! The calls that change who holds what, as `aws <service> <call> --cli-input-json` takes them.

use crate::model::{Change, PrincipalKind};
use serde_json::{Value, json};

/// Names of policies have at most this many characters.
const LONGEST_NAME: usize = 128;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    User,
    Role,
    PermissionSet,
}

/// Who holds the policies.
pub(super) struct Holder<'a> {
    id: &'a str,
    kind: Kind,
}

impl<'a> Holder<'a> {
    pub(super) fn new(id: &'a str, kind: Option<PrincipalKind>) -> Self {
        let kind = match kind {
            Some(PrincipalKind::User) => Kind::User,
            Some(_) => Kind::Role,
            None => Kind::PermissionSet,
        };
        Holder { id, kind }
    }

    fn name(&self) -> &'a str {
        self.id.rsplit('/').next().unwrap_or(self.id)
    }

    /// Segments of the ARN: partition 1, account 4.
    fn segment(&self, number: usize) -> &'a str {
        self.id.split(':').nth(number).unwrap_or_default()
    }

    pub(super) fn inline_limit(&self) -> &'static str {
        match self.kind {
            Kind::User => "user_inline",
            Kind::Role => "role_inline",
            Kind::PermissionSet => "permission_set_inline",
        }
    }

    /// A permission set takes policies of each account by name: making them there is more than a change of the set.
    pub(super) fn can_attach_new(&self) -> bool {
        self.kind != Kind::PermissionSet
    }

    pub(super) fn policy_name(&self, name: &str, number: usize) -> String {
        let end = format!("-{}-{number}", self.name());
        let room = LONGEST_NAME.saturating_sub(end.len());
        let start: String = name.chars().take(room).collect();
        format!("{start}{end}").chars().take(LONGEST_NAME).collect()
    }

    /// A call about the holder; `{}` in its name is `User` or `Role`.
    fn call(&self, name: &str, parameters: &[(&str, Value)]) -> Value {
        let (service, word, own) = match self.kind {
            Kind::User => ("iam", "User", ("UserName", self.name().to_owned())),
            Kind::Role => ("iam", "Role", ("RoleName", self.name().to_owned())),
            Kind::PermissionSet => ("sso-admin", "", ("PermissionSetArn", self.id.to_owned())),
        };
        let mut all = serde_json::Map::new();
        if self.kind == Kind::PermissionSet {
            // arn:aws:sso:::permissionSet/<instance>/<set>
            let instance = self.id.split('/').nth(1).unwrap_or_default();
            let instance = format!("arn:{}:sso:::instance/{instance}", self.segment(1));
            all.insert("InstanceArn".to_owned(), json!(instance));
        }
        all.insert(own.0.to_owned(), json!(own.1));
        all.extend(parameters.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
        json!({"service": service, "action": name.replace("{}", word), "parameters": all})
    }

    fn put(&self, name: &str, document: &Value) -> Value {
        match self.kind {
            Kind::PermissionSet => {
                self.call("PutInlinePolicyToPermissionSet", &[("InlinePolicy", json!(document.to_string()))])
            }
            _ => self.call(
                "Put{}Policy",
                &[("PolicyName", json!(name)), ("PolicyDocument", json!(document.to_string()))],
            ),
        }
    }

    fn delete(&self, name: &str) -> Value {
        match self.kind {
            Kind::PermissionSet => self.call("DeleteInlinePolicyFromPermissionSet", &[]),
            _ => self.call("Delete{}Policy", &[("PolicyName", json!(name))]),
        }
    }

    pub(super) fn put_inline(&self, name: &str, old: Option<Value>, new: &Value) -> Change {
        let undo = old.as_ref().map_or_else(|| self.delete(name), |old| self.put(name, old));
        let calls = [self.put(name, new), undo];
        Change::new(
            "put_inline_policy",
            self.id,
            format!("inline_policy/{name}"),
            [old, Some(new.clone())],
            calls,
        )
    }

    pub(super) fn delete_inline(&self, name: &str, old: Value) -> Change {
        let calls = [self.delete(name), self.put(name, &old)];
        Change::new(
            "delete_inline_policy",
            self.id,
            format!("inline_policy/{name}"),
            [Some(old), None],
            calls,
        )
    }

    fn attach_call(&self, policy: &str, attach: bool) -> Value {
        match (self.kind, attach) {
            (Kind::PermissionSet, true) => {
                self.call("AttachManagedPolicyToPermissionSet", &[("ManagedPolicyArn", json!(policy))])
            }
            (Kind::PermissionSet, false) => {
                self.call("DetachManagedPolicyFromPermissionSet", &[("ManagedPolicyArn", json!(policy))])
            }
            (_, true) => self.call("Attach{}Policy", &[("PolicyArn", json!(policy))]),
            (_, false) => self.call("Detach{}Policy", &[("PolicyArn", json!(policy))]),
        }
    }

    pub(super) fn detach(&self, policy: &str) -> Change {
        let calls = [self.attach_call(policy, false), self.attach_call(policy, true)];
        let slot = format!("attached_policy/{policy}");
        Change::new("detach_policy", self.id, slot, [Some(json!(true)), None], calls)
    }

    pub(super) fn create_and_attach(&self, name: &str, document: &Value) -> [Change; 2] {
        let policy = format!("arn:{}:iam::{}:policy/{name}", self.segment(1), self.segment(4));
        let call = |action: &str, parameters: Value| json!({"service": "iam", "action": action, "parameters": parameters});
        let create =
            call("CreatePolicy", json!({"PolicyName": name, "PolicyDocument": document.to_string()}));
        let delete = call("DeletePolicy", json!({"PolicyArn": policy}));
        let created = [None, Some(document.clone())];
        let attach = [self.attach_call(&policy, true), self.attach_call(&policy, false)];
        let slot = format!("attached_policy/{policy}");
        [
            Change::new("create_policy", &policy, "document".to_owned(), created, [create, delete]),
            Change::new("attach_policy", self.id, slot, [None, Some(json!(true))], attach),
        ]
    }

    /// Only users are in groups.
    pub(super) fn leave(&self, group: &str) -> Option<Change> {
        let name = json!(group.rsplit('/').next().unwrap_or(group));
        let call = |action: &str| {
            let parameters = json!({"GroupName": name, "UserName": self.name()});
            json!({"service": "iam", "action": action, "parameters": parameters})
        };
        let calls = [call("RemoveUserFromGroup"), call("AddUserToGroup")];
        (self.kind == Kind::User).then(|| {
            Change::new("leave_group", self.id, format!("group/{group}"), [Some(json!(true)), None], calls)
        })
    }
}
