//! Management groups and subscriptions; the list of operations.

use super::super::scope::{GROUPS, SUBSCRIPTIONS, canonical};
use crate::error::Error;
use crate::model::{AccessLevel, Facts};
use crate::provider::input::{Input, Item};
use serde::Deserialize;

/// A management group or a subscription, as one input has it.
pub(super) struct Node {
    id: String,
    name: Option<String>,
    parent: Option<String>,
    is_root: bool,
    is_listed: bool,
    tenant: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawGroup {
    display_name: Option<String>,
    tenant_id: Option<String>,
    details: Option<Details>,
    /// Of `entities list`.
    parent: Option<Parent>,
    children: Option<Vec<Child>>,
}

#[derive(Deserialize)]
struct Details {
    parent: Option<Parent>,
}

#[derive(Deserialize)]
struct Parent {
    id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Child {
    id: String,
    display_name: Option<String>,
    children: Option<Vec<Child>>,
}

/// A group and all that is listed below it.
pub(super) fn group(input: &Input<'_>, item: &Item<'_>) -> Result<Vec<Node>, Error> {
    let raw: RawGroup = input.read(item)?;
    let Some(id) = item.members.text("id") else {
        return Err(input.malformed(item, "a management group has an `id`"));
    };
    let id = canonical(&id).into_owned();
    let parent =
        raw.details.as_ref().map(|details| &details.parent).or(raw.parent.is_some().then_some(&raw.parent));
    let told = parent.map(|parent| parent.as_ref().and_then(|parent| parent.id.as_deref()));
    let tenant = raw.tenant_id.or_else(|| item.members.text("tenantId").map(|id| id.into_owned()));
    let mut nodes = vec![Node {
        id: id.clone(),
        name: raw.display_name,
        parent: told.flatten().map(|parent| canonical(parent).into_owned()),
        // Details without a parent are those of the root.
        is_root: raw.details.is_some() && told.flatten().is_none() && raw.children.is_some(),
        is_listed: raw.children.is_some(),
        tenant,
    }];
    // Below the first level only a recursive list tells what lies in a group: it then does so for all.
    let children = raw.children.unwrap_or_default();
    let recursive = children.iter().any(|child| child.children.is_some());
    below(&mut nodes, &id, children, recursive);
    Ok(nodes)
}

fn below(nodes: &mut Vec<Node>, parent: &str, children: Vec<Child>, recursive: bool) {
    for child in children {
        let id = canonical(&child.id).into_owned();
        nodes.push(Node {
            id: id.clone(),
            name: child.display_name,
            parent: Some(parent.to_owned()),
            is_root: false,
            is_listed: recursive || child.children.is_some(),
            tenant: None,
        });
        below(nodes, &id, child.children.unwrap_or_default(), recursive);
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawSubscription {
    subscription_id: Option<String>,
    display_name: Option<String>,
    name: Option<String>,
    tenant_id: Option<String>,
    parent: Option<Parent>,
}

pub(super) fn subscription(input: &Input<'_>, item: &Item<'_>) -> Result<Node, Error> {
    let raw: RawSubscription = input.read(item)?;
    let id = raw.subscription_id.or_else(|| item.members.text("id").map(|id| id.into_owned()));
    let Some(id) = id else { return Err(input.malformed(item, "a subscription has an `id`")) };
    let id = if id.contains('/') { id } else { format!("{SUBSCRIPTIONS}{id}") };
    Ok(Node {
        id: canonical(&id).into_owned(),
        name: raw.display_name.or(raw.name),
        parent: raw.parent.and_then(|parent| parent.id).map(|parent| canonical(&parent).into_owned()),
        is_root: false,
        is_listed: false,
        tenant: raw.tenant_id,
    })
}

pub(super) fn keep(facts: &mut Facts, node: Node) {
    let (id, name) = (facts.text(&node.id), node.name.map(|name| facts.text(&name)));
    let parent = node.parent.map(|parent| facts.text(&parent));
    if let Some(tenant) = node.tenant {
        let tenant = facts.text(&tenant.to_ascii_lowercase());
        facts.assignments.directory_id.get_or_insert(tenant);
    }
    let known = facts.assignments.node(id);
    known.name = known.name.or(name);
    known.parents.extend(parent);
    known.is_root |= node.is_root;
    known.is_listed |= node.is_listed;
    known.is_account |= !node.id.starts_with(GROUPS);
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawOperations {
    #[serde(default)]
    operations: Option<Vec<RawOperation>>,
    #[serde(default)]
    resource_types: Option<Vec<RawType>>,
}

#[derive(Deserialize)]
struct RawType {
    #[serde(default)]
    operations: Option<Vec<RawOperation>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawOperation {
    name: Option<String>,
    is_data_action: Option<bool>,
}

/// The operations of one provider of resources, and whether each is one on data.
pub(super) fn operations(input: &Input<'_>, item: &Item<'_>) -> Result<Vec<(String, bool)>, Error> {
    let raw: RawOperations = input.read(item)?;
    let of_types = raw.resource_types.into_iter().flatten().filter_map(|kind| kind.operations);
    let all = raw.operations.into_iter().chain(of_types).flatten();
    let named = all.filter_map(|one| Some((one.name?, one.is_data_action.unwrap_or_default())));
    let is_name = |name: &str, is_data| {
        name.contains('/') && !name.contains(['*', '?', ' ']) && (is_data || !name.contains(':'))
    };
    Ok(named.filter(|(name, is_data)| is_name(name, *is_data)).collect())
}

pub(super) fn keep_operations(facts: &mut Facts, operations: Vec<(String, bool)>) {
    for (name, is_data) in operations {
        let access = access(&name);
        let name = if is_data { format!("{}{name}", super::super::DATA) } else { name };
        facts.listed.insert(name.into(), access);
    }
}

/// What an operation does, by the last part of its name.
pub(in crate::provider::azure) fn access(name: &str) -> AccessLevel {
    let lower = name.to_ascii_lowercase();
    let ends = |end: &str| lower.ends_with(end);
    let authorization = lower.starts_with("microsoft.authorization/");
    if ends("/read") {
        AccessLevel::Read
    } else if authorization && (ends("/write") || ends("/delete") || ends("/action")) {
        AccessLevel::PermissionsManagement
    } else if ends("/write") || ends("/delete") {
        AccessLevel::Write
    } else {
        AccessLevel::Unknown
    }
}
