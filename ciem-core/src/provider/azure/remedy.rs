//! How role assignments are cut down and exchanged: new role first, then its assignment, then the old assignment goes. Roles are
//! never edited, since others may hold them. `NOTES.md` has the limits and where they are stated.

mod calls;
#[cfg(test)]
mod tests;

use super::documents::{Said, statements as said};
use super::read::roles::{CLASSIC, Permissions};
use super::scope::{ROOT, canonical, is_management_group, management_group, pattern, shown, subscription};
use super::tree::Reach;
use super::{DATA, ROLE};
use crate::base::{Interner, Text};
use crate::error::Error;
use crate::model::assignment::{Block, RoleRecord};
use crate::model::{DocId, Document, Effect, Facts, LayerId, PrincipalKind};
use crate::provider::{Exchange, HeldPolicy, Narrowing, Plan, Planned, RemedySpec};
use calls::{Assignment, Definition};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

pub(super) const CUSTOM_ROLES: &str = "custom_roles";
const IN_SUBSCRIPTION: &str = "role_assignments_in_subscription";
const AT_GROUP: &str = "role_assignments_at_management_group";

pub(super) static REMEDY: RemedySpec = RemedySpec {
    limits: &[(CUSTOM_ROLES, 5_000), (IN_SUBSCRIPTION, 4_000), (AT_GROUP, 500)],
    refusal: |_| None,
    is_policy_id: |_| false,
    named_once: true,
    // Whoever leaves a group of the directory leaves what else it gives: applications, roles of the directory, licences.
    leaves_groups: false,
    one_star: true,
    forms: &[("custom_role", false), ("built_in_role", true)],
    ready,
    statements,
    statements_in: |document| {
        document.get("assignments").and_then(Value::as_array).map_or(&[], Vec::as_slice)
    },
    resources: |statement| (false, within(statement)),
    narrowed,
    conditions_include: |new, old| {
        let condition = |of: &Value| of.get("condition").cloned().filter(|text| !text.is_null());
        condition(old).is_none_or(|old| condition(new) == Some(old))
    },
    size: |document| document.to_string().chars().count() as u64,
    document: |statements| json!({ "assignments": statements }),
    plan,
    protected: &["*break*glass*", "*emergency*", "*disaster*recovery*", "*backup*"],
    // What goes along with a call is read, which is always kept, or joined, which no log shows.
    companions: &[],
    condition_keys: &[],
};

/// An assignment as it is held: what its document says, and what it takes to make it again.
#[derive(Serialize)]
pub(super) struct HeldRole<'a> {
    /// By the id under which roles are compared.
    pub(super) role: &'a str,
    pub(super) scope: &'a str,
    /// What lies in it, where its id does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) within: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) condition: Option<String>,
    /// Of activated access.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) window: Option<(Option<i64>, Option<i64>)>,
    /// Members that making it again needs, as a JSON object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) further: Option<String>,
    pub(super) blocks: usize,
    /// Whether the role has conditions of its own.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) guarded: bool,
    /// Whether it has no id by which it can be changed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) nameless: bool,
    /// Whose condition it is: what is doubted of one assignment is not shared with others.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) of: &'a str,
}

impl HeldRole<'_> {
    pub(super) fn text(&self) -> String {
        // Texts, numbers and lists of them can always be written.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Whether an id is that of a role assignment.
pub(super) fn is_assignment(id: &str) -> bool {
    id.to_ascii_lowercase().contains("/providers/microsoft.authorization/roleassignments/")
}

/// What assignments at a scope count towards.
pub(super) fn counted_at(scope: &str) -> String {
    format!("role_assignments {}", subscription(scope).or_else(|| management_group(scope)).unwrap_or(ROOT))
}

/// A role that is there for everybody, as `ready` takes it.
pub(super) fn ready_role(texts: &Interner, id: Text, record: &RoleRecord) -> String {
    let permissions: Vec<Value> = record.blocks.iter().map(|block| permissions_of(texts, block)).collect();
    let name = record.name.map(|name| texts.get(name));
    json!({ "id": texts.get(id), "name": name, "permissions": permissions }).to_string()
}

fn permissions_of(texts: &Interner, block: &Block) -> Value {
    let lists = |all: &[Text]| planes(all.iter().map(|text| texts.get(*text)));
    let ((actions, data), (not_actions, not_data)) = (lists(&block.listed), lists(&block.left_out));
    json!({ "actions": actions, "notActions": not_actions, "dataActions": data, "notDataActions": not_data })
}

/// Patterns as the library has them, as actions and data actions.
fn planes<'a>(patterns: impl Iterator<Item = &'a str>) -> (Vec<&'a str>, Vec<&'a str>) {
    let (mut control, mut data) = (Vec::new(), Vec::new());
    for pattern in patterns {
        match pattern.strip_prefix(DATA) {
            Some(operation) => data.push(operation),
            None if pattern == "*" => {
                control.push("*");
                data.push("*");
            }
            // In front of a colon stands the service, of which operations on the control plane have none.
            None => control.push(pattern.strip_prefix(':').unwrap_or(pattern)),
        }
    }
    (control, data)
}

fn statements(text: &str) -> Result<Vec<Value>, &'static str> {
    let held: Value = serde_json::from_str(text).map_err(|_| "not_readable")?;
    let flag = |name: &str| held.get(name) == Some(&Value::Bool(true));
    if held.get("role").and_then(Value::as_str) == Some(CLASSIC) {
        return Err("classic_administrator");
    }
    // It ends by itself, and its activation is governed elsewhere.
    if held.get("window").is_some() {
        return Err("activated");
    }
    if flag("guarded") {
        return Err("conditional_role");
    }
    if flag("nameless") {
        return Err("no_assignment_id");
    }
    let blocks = held.get("blocks").and_then(Value::as_u64).ok_or("not_readable")?;
    let statement = part(&held, &["scope", "within", "condition"]);
    Ok((0..blocks).map(|_| Value::Object(statement.clone())).collect())
}

/// Some members of an object.
fn part(of: &Value, members: &[&str]) -> Map<String, Value> {
    let there = members.iter().filter_map(|name| Some(((*name).to_owned(), of.get(name)?.clone())));
    there.collect()
}

fn within(statement: &Value) -> Vec<String> {
    match statement.get("within").and_then(Value::as_array) {
        Some(patterns) => patterns.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        None => {
            let scope = statement.get("scope").and_then(Value::as_str).unwrap_or_default();
            vec![pattern(&canonical(scope))]
        }
    }
}

fn narrowed(statement: &Value, to: &Narrowing<'_>) -> Value {
    let mut new = part(statement, &["scope", "within", "condition"]);
    let (actions, data) = planes(to.permissions.iter().map(String::as_str));
    let permissions =
        json!([{ "actions": actions, "notActions": [], "dataActions": data, "notDataActions": [] }]);
    new.insert("permissions".to_owned(), permissions);
    Value::Object(new)
}

fn ready(statement: &Value, role: &str) -> Value {
    let mut new = part(statement, &["scope", "within", "condition"]);
    let role: Value = serde_json::from_str(role).unwrap_or_default();
    new.extend(part(&role, &["permissions"]));
    new.insert("role".to_owned(), Value::Object(part(&role, &["id", "name"])));
    Value::Object(new)
}

fn kind_of(kind: Option<PrincipalKind>) -> &'static str {
    match kind {
        Some(PrincipalKind::User) => "User",
        Some(PrincipalKind::Group) => "Group",
        _ => "ServicePrincipal",
    }
}

fn plan(exchange: &mut Exchange<'_>) -> Plan {
    let mut plan = Plan { fits: true, ..Plan::default() };
    let mut deleted: Vec<&HeldPolicy> = Vec::new();
    for policy in exchange.held.iter().filter(|policy| policy.replaced) {
        if !deleted.iter().any(|known| known.policy == policy.policy) {
            deleted.push(policy);
        }
    }
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let mut roles = 0;
    for statement in &exchange.statements {
        let assignment = Assignment::new(exchange.holder, kind_of(exchange.kind), statement);
        let definition = match statement.get("role") {
            Some(_) => None,
            None => Some(Definition::new(exchange.name, exchange.holder, statement)),
        };
        if let Some(definition) = &definition {
            roles += 1;
            if let Some(reason) = definition.refusal(assignment.scope) {
                plan.warnings.push(reason);
                plan.fits = false;
            }
            plan.changes.push(definition.create());
        }
        let (full, name) = assignment.document(definition.as_ref());
        // What is assigned already cannot be assigned again.
        let there = deleted.iter().position(|old| held(old).is_some_and(|old| assignment.is(&old)));
        match there {
            Some(at) => drop(deleted.remove(at)),
            None => {
                plan.changes.push(assignment.create(&full));
                *counts.entry(counted_at(&canonical(assignment.scope))).or_default() += 1;
            }
        }
        let document = json!({ "assignments": [full] });
        plan.policies.push(Planned {
            name,
            kind: if definition.is_some() { "custom_role" } else { "built_in_role" },
            characters: (REMEDY.size)(&document),
            document,
            limit: None,
        });
    }
    let olds: Vec<Value> = deleted.iter().filter_map(|policy| held(policy)).collect();
    for (at, count) in counts {
        let of = |old: &&Value| {
            old.get("scope").and_then(Value::as_str).map(|scope| counted_at(&canonical(scope)))
                == Some(at.clone())
        };
        let gone = olds.iter().filter(of).count() as u64;
        let name = at.strip_prefix("role_assignments ").unwrap_or_default();
        let most = match name {
            ROOT => continue,
            _ if exchange.statements.iter().any(|one| is_at_group(one, name)) => (exchange.limit)(AT_GROUP),
            _ => (exchange.limit)(IN_SUBSCRIPTION),
        };
        let meanwhile = (exchange.in_use)(&at) + count;
        if meanwhile.saturating_sub(gone) > most {
            plan.fits = false;
            plan.warnings.push("rightsized_policy_over_limit");
        } else if meanwhile > most {
            plan.warnings.push("attached_over_limit_meanwhile");
        }
    }
    if roles > 0 && (exchange.in_use)(CUSTOM_ROLES) + roles > (exchange.limit)(CUSTOM_ROLES) {
        plan.fits = false;
        plan.warnings.push("rightsized_policy_over_limit");
    }
    plan.warnings.sort_unstable();
    plan.warnings.dedup();
    if !plan.fits {
        plan.changes.clear();
        return plan;
    }
    for policy in deleted {
        plan.changes.extend(
            held(policy)
                .map(|old| calls::delete(&policy.policy, exchange.holder, kind_of(exchange.kind), &old)),
        );
    }
    plan
}

fn is_at_group(statement: &Value, name: &str) -> bool {
    let scope = statement.get("scope").and_then(Value::as_str).map(|scope| canonical(scope).into_owned());
    scope.is_some_and(|scope| is_management_group(&scope) && management_group(&scope) == Some(name))
}

fn held(policy: &HeldPolicy) -> Option<Value> {
    serde_json::from_str(policy.text.as_deref()?).ok()
}

/// Assignments as proposals have them, as a document.
pub(super) fn for_request(facts: &mut Facts, layer: LayerId, text: &str) -> Result<DocId, Error> {
    if layer != ROLE {
        return Err(Error::invalid("session", "sessions of this provider carry no policies"));
    }
    let wrong = |_| Error::invalid("assignments", "not a list of role assignments");
    let whole: Value = serde_json::from_str(text).map_err(wrong)?;
    let mut assignments = Vec::new();
    for one in (REMEDY.statements_in)(&whole) {
        // A custom role as the command line takes it has one list of permissions, a ready one several.
        let blocks = match (one.get("roleDefinition"), one.get("permissions")) {
            (Some(definition), _) => vec![serde_json::from_value(definition.clone()).map_err(wrong)?],
            (None, Some(list)) => serde_json::from_value::<Vec<Permissions>>(list.clone()).map_err(wrong)?,
            (None, None) => Vec::new(),
        };
        assignments.push((within(one), one.get("condition").and_then(Value::as_str), blocks));
    }
    Ok(facts.document(text, 1, |facts| {
        let mut statements = Vec::new();
        for (index, (patterns, condition, blocks)) in assignments.into_iter().enumerate() {
            let blocks: Vec<Block> = blocks.into_iter().map(|block| block.block(facts)).collect();
            let condition = condition.map(|text| facts.text(text));
            let found = said(
                facts,
                &Said {
                    effect: Effect::Allow,
                    name: None,
                    blocks: &blocks,
                    reach: &Reach { patterns, doubt: None },
                    only: None,
                    condition,
                    window: (None, None),
                    subject: "the proposal",
                    doubt: None,
                },
            );
            let index = u16::try_from(index).unwrap_or(u16::MAX);
            statements.extend(found.into_iter().map(|one| crate::model::Statement { index, ..one }));
        }
        (Document { statements }, Vec::new())
    }))
}

/// The scope as it is shown and written.
fn written_scope(statement: &Value) -> &str {
    shown(statement.get("scope").and_then(Value::as_str).unwrap_or_default())
}
