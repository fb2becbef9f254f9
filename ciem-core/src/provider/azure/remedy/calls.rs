//! The calls that change who is assigned what, as the resource manager's REST interface takes them; a role definition stands in
//! the proposal as `az role definition create` takes it.

use super::super::roles::{NAME, assignable};
use super::super::scope::{ROOT, SUBSCRIPTIONS, canonical, is_management_group, shown};
use super::written_scope;
use crate::model::Change;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// <https://learn.microsoft.com/rest/api/authorization/role-assignments/create>
const VERSION: &str = "2022-04-01";
const ROLES: &str = "providers/Microsoft.Authorization/roleDefinitions";
const ASSIGNMENTS: &str = "providers/Microsoft.Authorization/roleAssignments";

/// A GUID that follows from these texts: version 8 of RFC 9562, made of SHA-256.
fn guid(of: &[&str]) -> String {
    let digest = Sha256::digest(of.join("\n").as_bytes());
    let mut bytes = [0_u8; 16];
    bytes.iter_mut().zip(digest.iter()).for_each(|(to, from)| *to = *from);
    let number = u128::from_be_bytes(bytes);
    let number = number & !(0xF << 76) | 0x8 << 76;
    let number = number & !(0x3 << 62) | 0x2 << 62;
    let hex = format!("{number:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

fn call(method: &str, id: &str, body: Option<Value>) -> Value {
    let path = format!("{id}?api-version={VERSION}");
    match body {
        Some(body) => json!({ "method": method, "path": path, "body": body }),
        None => json!({ "method": method, "path": path }),
    }
}

fn under(scope: &str, what: &str, name: &str) -> String {
    format!("{}/{what}/{name}", scope.trim_end_matches('/'))
}

/// The id of a role as an assignment at a scope names it.
fn role_id(scope: &str, role: &str) -> String {
    let of = canonical(scope);
    let subscription = of.strip_prefix(SUBSCRIPTIONS).and_then(|rest| rest.split('/').next());
    match subscription {
        Some(name) => format!("{SUBSCRIPTIONS}{name}/{ROLES}/{role}"),
        None => format!("/{ROLES}/{role}"),
    }
}

/// A new role.
pub(super) struct Definition<'a> {
    id: String,
    guid: String,
    scope: String,
    name: String,
    holder: &'a str,
    permissions: Map<String, Value>,
}

impl<'a> Definition<'a> {
    pub(super) fn new(name: &str, holder: &'a str, statement: &Value) -> Self {
        let at = canonical(written_scope(statement)).into_owned();
        let scope = shown(assignable(&at)).to_owned();
        let list = statement.pointer("/permissions/0").and_then(Value::as_object).cloned();
        let permissions = list.unwrap_or_default();
        let condition = statement.get("condition").map(Value::to_string).unwrap_or_default();
        let text = Value::Object(permissions.clone()).to_string();
        let guid = guid(&["role", written_scope(statement), holder, &condition, &text]);
        let end = format!("-{holder}-{}", guid.get(..8).unwrap_or_default());
        let room = NAME.saturating_sub(end.chars().count());
        let name: String = name.chars().take(room).chain(end.chars()).collect();
        Definition { id: under(&scope, ROLES, &guid), guid, scope, name, holder, permissions }
    }

    fn list(&self, name: &str) -> Value {
        self.permissions.get(name).cloned().unwrap_or_else(|| json!([]))
    }

    /// Why Azure would not take it at a scope.
    pub(super) fn refusal(&self, scope: &str) -> Option<&'static str> {
        let has_data = self.list("dataActions").as_array().is_some_and(|all| !all.is_empty());
        if scope == ROOT || scope.is_empty() {
            Some("custom_role_at_root")
        } else if has_data && is_management_group(&canonical(scope)) {
            Some("data_actions_at_management_group")
        } else {
            None
        }
    }

    fn description(&self) -> String {
        format!("What {} used and what is kept for it.", self.holder)
    }

    /// As `az role definition create --role-definition` takes it.
    pub(super) fn written(&self) -> Value {
        json!({
            "Name": self.name, "IsCustom": true, "Description": self.description(),
            "Actions": self.list("actions"), "NotActions": self.list("notActions"),
            "DataActions": self.list("dataActions"), "NotDataActions": self.list("notDataActions"),
            "AssignableScopes": [self.scope],
        })
    }

    pub(super) fn create(&self) -> Change {
        let body = json!({ "properties": {
            "roleName": self.name, "type": "CustomRole", "description": self.description(),
            "assignableScopes": [self.scope], "permissions": [self.permissions],
        }});
        let calls = [call("PUT", &self.id, Some(body)), call("DELETE", &self.id, None)];
        let states = [None, Some(self.written())];
        Change::new("create_role_definition", &self.id, "definition".to_owned(), states, calls)
    }
}

/// A new assignment.
pub(super) struct Assignment<'a> {
    pub(super) scope: &'a str,
    holder: &'a str,
    kind: &'static str,
    statement: &'a Value,
}

impl<'a> Assignment<'a> {
    pub(super) fn new(holder: &'a str, kind: &'static str, statement: &'a Value) -> Self {
        Assignment { scope: written_scope(statement), holder, kind, statement }
    }

    /// Whether an assignment that is held is this one.
    pub(super) fn is(&self, held: &Value) -> bool {
        let role = self.statement.pointer("/role/id").filter(|role| !role.is_null());
        role.is_some()
            && role == held.get("role")
            && self.statement.get("scope") == held.get("scope")
            && self.statement.get("condition") == held.get("condition")
    }

    /// The assignment as the proposal shows it, and the role's name.
    pub(super) fn document(&self, definition: Option<&Definition<'_>>) -> (Value, String) {
        let given = |pointer: &str| self.statement.pointer(pointer).cloned();
        let text = |pointer: &str| given(pointer).and_then(|text| text.as_str().map(str::to_owned));
        let mut full = Map::new();
        full.insert("scope".to_owned(), json!(self.scope));
        full.insert("principalId".to_owned(), json!(self.holder));
        full.insert("principalType".to_owned(), json!(self.kind));
        for name in ["within", "condition"] {
            full.extend(given(&format!("/{name}")).map(|value| (name.to_owned(), value)));
        }
        let name = match definition {
            Some(definition) => {
                full.insert("roleDefinitionId".to_owned(), json!(role_id(self.scope, &definition.guid)));
                full.insert("roleDefinition".to_owned(), definition.written());
                definition.name.clone()
            }
            None => {
                let id = text("/role/id").unwrap_or_default();
                full.insert("roleDefinitionId".to_owned(), json!(role_id(self.scope, &id)));
                full.extend(given("/permissions").map(|value| ("permissions".to_owned(), value)));
                text("/role/name").unwrap_or(id)
            }
        };
        full.insert("roleName".to_owned(), json!(name));
        (Value::Object(full), name)
    }

    pub(super) fn create(&self, full: &Value) -> Change {
        let role = full.get("roleDefinitionId").and_then(Value::as_str).unwrap_or_default();
        let name = guid(&["assignment", self.scope, self.holder, role]);
        let id = under(self.scope, ASSIGNMENTS, &name);
        let properties = properties(role, self.holder, self.kind, full.get("condition"), None);
        let calls = [call("PUT", &id, Some(json!({ "properties": properties }))), call("DELETE", &id, None)];
        let states = [None, Some(properties)];
        Change::new("create_role_assignment", &id, "assignment".to_owned(), states, calls)
    }
}

fn properties(
    role: &str,
    holder: &str,
    kind: &str,
    condition: Option<&Value>,
    further: Option<&Value>,
) -> Value {
    let mut all = Map::new();
    let further = further.and_then(Value::as_str).and_then(|text| serde_json::from_str(text).ok());
    all.extend::<Map<String, Value>>(further.unwrap_or_default());
    all.insert("roleDefinitionId".to_owned(), json!(role));
    all.insert("principalId".to_owned(), json!(holder));
    all.insert("principalType".to_owned(), json!(kind));
    if let Some(condition) = condition.filter(|text| !text.is_null()) {
        all.insert("condition".to_owned(), condition.clone());
        all.insert("conditionVersion".to_owned(), json!("2.0"));
    }
    Value::Object(all)
}

/// The old assignment goes.
pub(super) fn delete(id: &str, holder: &str, kind: &str, old: &Value) -> Change {
    let text = |name: &str| old.get(name).and_then(Value::as_str).unwrap_or_default();
    let role = role_id(text("scope"), text("role"));
    let properties = properties(&role, holder, kind, old.get("condition"), old.get("further"));
    let calls = [call("DELETE", id, None), call("PUT", id, Some(json!({ "properties": properties })))];
    let states = [Some(properties), None];
    Change::new("delete_role_assignment", id, "assignment".to_owned(), states, calls)
}
