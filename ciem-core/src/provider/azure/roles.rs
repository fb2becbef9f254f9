//! Roles of Azure as data: custom role definitions and their assignments.
//!
//! Limits and rules: Microsoft Learn, "Azure custom roles" (properties, limits) and "Understand Azure role definitions"
//! (AssignableScopes): 5,000 custom roles in a tenant, names of 512 characters, 2,000 assignable scopes of which one may be a
//! management group, none the root and none below a resource group, no data actions at management groups; "Troubleshoot Azure
//! RBAC limits": 4,000 role assignments in a subscription, 500 at a management group.

use super::DATA;
use super::scope::{
    GROUPS, ROOT, SUBSCRIPTIONS, canonical, is_management_group, is_scope, shown, subscription,
};
use crate::provider::{RoleDraft, RoleForm, WrittenRole};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const NAME: usize = 512;
const SCOPES: usize = 2_000;
const ROLES: usize = 5_000;
const IN_SUBSCRIPTION: usize = 4_000;
const AT_GROUP: usize = 500;

pub(super) const FORMS: &[RoleForm] =
    &[RoleForm { name: "custom_role", per_account: false, longest_name: NAME, write: custom_role, totals }];

/// As `az role definition create` and `az role assignment create` take it. A definition allows all of its actions wherever it is
/// assigned, so what is allowed on different scopes is in different definitions.
fn custom_role(draft: &RoleDraft<'_>) -> WrittenRole {
    let mut not_written = Vec::new();
    let mut by_scopes: BTreeMap<BTreeSet<String>, BTreeSet<&str>> = BTreeMap::new();
    for grant in draft.grants {
        let mut refuse = |resources: &[&str], reason: &str| {
            not_written
                .push(json!({ "permissions": grant.actions, "resources": resources, "reason": reason }));
        };
        if grant.condition.is_some() {
            refuse(&grant.resources, "a custom role has no conditions: its assignments can have them");
            continue;
        }
        let mut scopes = BTreeSet::new();
        for &resource in &grant.resources {
            let scope = canonical(resource.strip_suffix('*').unwrap_or(resource)).into_owned();
            match shown(&scope) {
                "" | ROOT => refuse(&[resource], "a custom role cannot be assigned at the root"),
                scope if is_scope(scope) => drop(scopes.insert(scope.to_owned())),
                _ => refuse(&[resource], "a role is assigned at a scope, not at a pattern"),
            }
        }
        if !scopes.is_empty() {
            by_scopes.entry(scopes).or_default().extend(&grant.actions);
        }
    }
    let several = by_scopes.len() > 1;
    // Azure wants one.
    let description = format!("What {} principals are allowed", draft.members.len());
    let mut over_limits = Vec::new();
    let (mut definitions, mut assignments) = (Vec::new(), Vec::new());
    for (number, (scopes, actions)) in by_scopes.into_iter().enumerate() {
        let suffix = if several { format!("-{}", number + 1) } else { String::new() };
        let mut name: String = draft.name.chars().take(NAME - suffix.len()).collect();
        name.push_str(&suffix);
        let (data, control): (Vec<&str>, Vec<&str>) =
            actions.into_iter().partition(|action| action.starts_with(DATA));
        let data: Vec<&str> = data.iter().filter_map(|action| action.strip_prefix(DATA)).collect();
        let assignable: BTreeSet<&str> = scopes.iter().map(|scope| assignable(scope)).collect();
        let groups = assignable.iter().filter(|scope| is_management_group(scope)).count();
        if groups > 1 {
            over_limits.push(format!("{groups} management groups, a custom role can be assigned at one"));
        }
        if groups > 0 && !data.is_empty() {
            over_limits
                .push("a custom role with data actions cannot be assigned at a management group".to_owned());
        }
        if assignable.len() > SCOPES {
            over_limits.push(format!("{} assignable scopes, {SCOPES} are allowed", assignable.len()));
        }
        assignments.extend(draft.members.iter().flat_map(|member| {
            let assigned = |scope| json!({ "RoleName": name, "PrincipalId": member, "Scope": scope });
            scopes.iter().map(assigned).collect::<Vec<_>>()
        }));
        definitions.push(json!({
            "Name": name, "IsCustom": true, "Description": description, "Actions": control, "NotActions": [],
            "DataActions": data, "NotDataActions": [], "AssignableScopes": assignable,
        }));
    }
    let definition = json!({ "RoleDefinitions": definitions, "RoleAssignments": assignments });
    WrittenRole { definition, over_limits, not_written }
}

/// The scope to name as assignable: a management group, a subscription or a resource group that is or holds this one.
pub(super) fn assignable(scope: &str) -> &str {
    let depth = match scope.strip_prefix(SUBSCRIPTIONS) {
        Some(rest) if rest.split('/').nth(1) == Some("resourcegroups") => 4,
        Some(_) => 2,
        None if scope.starts_with(GROUPS) => 4,
        None => return scope,
    };
    let end = scope.match_indices('/').nth(depth).map_or(scope.len(), |(at, _)| at);
    scope.get(..end).unwrap_or(scope)
}

/// What all roles together exceed.
fn totals(written: &[(&str, &Value)]) -> Vec<String> {
    let list = |key: &str| {
        let lists = written.iter().filter_map(|(_, definition)| definition.get(key)?.as_array());
        lists.flatten().collect::<Vec<&Value>>()
    };
    let mut over = Vec::new();
    let definitions = list("RoleDefinitions").len();
    if definitions > ROLES {
        over.push(format!("{definitions} custom roles, a tenant can have {ROLES}"));
    }
    let mut by_holder: BTreeMap<&str, usize> = BTreeMap::new();
    for scope in list("RoleAssignments").iter().filter_map(|assignment| assignment.get("Scope")?.as_str()) {
        *by_holder.entry(subscription(scope).unwrap_or(scope)).or_default() += 1;
    }
    for (holder, count) in by_holder {
        let most = if is_management_group(holder) { AT_GROUP } else { IN_SUBSCRIPTION };
        if count > most {
            over.push(format!("{count} role assignments in {holder}, {most} are allowed"));
        }
    }
    over
}
