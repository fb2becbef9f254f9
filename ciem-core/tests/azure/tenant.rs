//! Random tenants, as data of the test's own and as exports.

use crate::random::Random;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) const EVERYONE: &str = "00000000-0000-0000-0000-000000000000";

#[derive(Clone, Debug, Default)]
pub(crate) struct Block {
    pub(crate) actions: Vec<String>,
    pub(crate) not_actions: Vec<String>,
    pub(crate) data_actions: Vec<String>,
    pub(crate) not_data_actions: Vec<String>,
    /// A value of the request's key that the block asks for.
    pub(crate) condition: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Role {
    pub(crate) blocks: Vec<Block>,
    pub(crate) given: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Assignment {
    pub(crate) principal: String,
    pub(crate) role: usize,
    pub(crate) scope: String,
    pub(crate) eligible: bool,
    pub(crate) condition: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Denial {
    pub(crate) scope: String,
    pub(crate) only_here: bool,
    pub(crate) audit: bool,
    pub(crate) everyone: bool,
    pub(crate) whom: Vec<String>,
    pub(crate) except: Vec<String>,
    pub(crate) block: Block,
}

#[derive(Clone, Debug)]
pub(crate) struct Tenant {
    pub(crate) users: Vec<String>,
    pub(crate) groups: Vec<String>,
    /// By group: direct members; no entry where they are not given.
    pub(crate) members: BTreeMap<String, BTreeSet<String>>,
    pub(crate) roles: Vec<Role>,
    pub(crate) assignments: Vec<Assignment>,
    pub(crate) denials: Vec<Denial>,
    /// By management group: what lies in it; no entry where it is not listed.
    pub(crate) tree: BTreeMap<String, Vec<String>>,
    pub(crate) operations: Vec<(String, bool)>,
}

pub(crate) const SUBSCRIPTIONS: [&str; 3] = [
    "/subscriptions/aaaaaaaa-0000-0000-0000-000000000001",
    "/subscriptions/aaaaaaaa-0000-0000-0000-000000000002",
    "/subscriptions/aaaaaaaa-0000-0000-0000-000000000003",
];
pub(crate) const GROUPS: [&str; 3] = ["corp", "Prod", "test"];

pub(crate) fn group_id(name: &str) -> String {
    format!("/providers/Microsoft.Management/managementGroups/{name}")
}

/// What roles and questions of a tenant are made of.
pub(crate) struct Stock {
    pub(crate) operations: Vec<(String, bool)>,
    pub(crate) roles: Vec<Vec<Block>>,
}

/// A small stock for those who have no real definitions.
pub(crate) fn own_stock() -> Stock {
    let mut operations = Vec::new();
    for kind in ["Compute/virtualMachines", "Compute/disks", "Storage/storageAccounts", "Web/sites"] {
        for verb in ["read", "write", "delete", "listKeys/action"] {
            operations.push((format!("Microsoft.{kind}/{verb}"), false));
        }
        operations.push((format!("Microsoft.{kind}/read"), true));
        operations.push((format!("Microsoft.{kind}/items/write"), true));
    }
    operations.push(("Microsoft.Authorization/roleAssignments/write".to_owned(), false));
    Stock { operations, roles: Vec::new() }
}

fn pattern(random: &mut Random, operations: &[(String, bool)], data: bool) -> String {
    let names: Vec<&String> = operations.iter().filter(|(_, of)| *of == data).map(|(name, _)| name).collect();
    let Some(name) = names.get(random.below(names.len())) else { return "*".to_owned() };
    let parts: Vec<&str> = name.split('/').collect();
    match random.below(7) {
        0 => "*".to_owned(),
        1 => format!("*/{}", parts.last().unwrap()),
        2 => format!("{}/*", parts[0]),
        3 => format!("{}/*/{}", parts[0], parts.last().unwrap()),
        4 => format!("{}/{}/*", parts[0], parts[1]),
        5 => name.to_uppercase(),
        _ => (*name).clone(),
    }
}

fn some(random: &mut Random, most: usize, mut make: impl FnMut(&mut Random) -> String) -> Vec<String> {
    (0..random.below(most + 1)).map(|_| make(random)).collect()
}

fn block(random: &mut Random, operations: &[(String, bool)]) -> Block {
    let mut list = |most, data| some(random, most, |random| pattern(random, operations, data));
    Block {
        actions: list(2, false),
        not_actions: list(2, false),
        data_actions: list(1, true),
        not_data_actions: list(1, true),
        condition: None,
    }
}

pub(crate) fn scope(random: &mut Random) -> String {
    let subscription = *random.pick(&SUBSCRIPTIONS);
    let group = *random.pick(&["rg1", "rg10", "RG2"]);
    match random.below(8) {
        0 => "/".to_owned(),
        1 | 2 => group_id(random.pick::<&str>(&GROUPS)),
        3 | 4 => subscription.to_owned(),
        5 | 6 => format!("{subscription}/resourceGroups/{group}"),
        _ => resource(random),
    }
}

pub(crate) fn resource(random: &mut Random) -> String {
    let subscription = *random.pick(&SUBSCRIPTIONS);
    let group = *random.pick(&["rg1", "rg10", "rg2"]);
    let inside =
        *random.pick(&["", "/blobServices/default/containers/c1", "/providers/Microsoft.Insights/x/y"]);
    match random.below(10) {
        0 => subscription.to_owned(),
        1 => group_id(random.pick::<&str>(&GROUPS)),
        2 => format!("{subscription}/resourceGroups/{group}"),
        _ => format!(
            "{subscription}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/st{}{inside}",
            random.below(2)
        ),
    }
}

impl Tenant {
    pub(crate) fn new(random: &mut Random, stock: &Stock) -> Tenant {
        let users: Vec<String> = (0..4).map(|n| format!("u-{n}")).collect();
        let groups: Vec<String> = (0..3).map(|n| format!("g-{n}")).collect();
        let mut operations = stock.operations.clone();
        random.shuffle(&mut operations);
        operations.truncate(40);
        let mut members = BTreeMap::new();
        for group in &groups {
            if random.percent(80) {
                let everybody = users.iter().chain(&groups);
                members.insert(group.clone(), everybody.filter(|_| random.percent(35)).cloned().collect());
            }
        }
        let role = |random: &mut Random| {
            let mut blocks = match stock.roles.is_empty() || random.percent(40) {
                true => (0..1 + random.below(2)).map(|_| block(random, &operations)).collect(),
                false => random.pick(&stock.roles).clone(),
            };
            if random.percent(15)
                && let Some(first) = blocks.first_mut()
            {
                first.condition = Some(random.pick(&["a", "b"]).to_string());
            }
            Role { blocks, given: random.percent(90) }
        };
        let roles: Vec<Role> = (0..4).map(|_| role(random)).collect();
        let someone = |random: &mut Random| match random.percent(35) {
            true => random.pick(&groups).clone(),
            false => random.pick(&users).clone(),
        };
        let assignments: Vec<Assignment> = (0..1 + random.below(7))
            .map(|_| Assignment {
                principal: someone(random),
                role: random.below(roles.len()),
                scope: scope(random),
                eligible: random.percent(20),
                condition: random.percent(15).then(|| random.pick(&["a", "b"]).to_string()),
            })
            .collect();
        let denials = (0..random.below(3))
            .map(|_| {
                let everyone = random.percent(50);
                Denial {
                    scope: scope(random),
                    only_here: random.percent(15),
                    audit: random.percent(15),
                    everyone,
                    whom: if everyone { Vec::new() } else { some(random, 2, someone) },
                    except: some(random, 1, someone),
                    block: block(random, &operations),
                }
            })
            .collect();
        let mut tree = BTreeMap::new();
        if random.percent(70) {
            // test lies in corp or beside it, and a subscription may be nowhere.
            let mut places: BTreeMap<&str, Vec<String>> = BTreeMap::new();
            places.entry("corp").or_default().push(group_id("Prod"));
            places.entry(*random.pick(&["corp", "Prod"])).or_default().push(group_id("test"));
            for subscription in SUBSCRIPTIONS {
                if random.percent(80) {
                    places.entry(*random.pick(&GROUPS)).or_default().push(subscription.to_owned());
                }
            }
            for group in GROUPS {
                if random.percent(90) {
                    tree.insert(group_id(group), places.remove(group).unwrap_or_default());
                }
            }
        }
        let mut tenant = Tenant { users, groups, members, roles, assignments, denials, tree, operations };
        // The same role at the same scope is assigned once to somebody.
        let mut seen = BTreeSet::new();
        tenant.assignments.retain(|one| {
            seen.insert((one.principal.clone(), one.role, one.scope.to_lowercase(), one.eligible))
        });
        tenant
    }

    /// The exports, one object after the other where `nested` in the API's form.
    pub(crate) fn files(&self, random: &mut Random) -> Vec<(String, Vec<u8>)> {
        let nested = random.percent(50);
        let wrap = |id: String, kind: &str, body: Value| {
            let mut head = json!({"id": id, "type": format!("Microsoft.Authorization/{kind}")});
            match nested {
                true => head["properties"] = body,
                false => {
                    let Value::Object(body) = body else { unreachable!() };
                    head.as_object_mut().unwrap().extend(body);
                }
            }
            head
        };
        let text = |value: &Option<String>| value.as_ref().map(|value| condition_text(value));
        let blocks = |blocks: &[Block]| -> Vec<Value> {
            let one = |block: &Block| {
                json!({"actions": block.actions, "notActions": block.not_actions, "dataActions": block.data_actions,
                    "notDataActions": block.not_data_actions, "condition": text(&block.condition)})
            };
            blocks.iter().map(one).collect()
        };
        let kind = |id: &str| if id.starts_with("g-") { "Group" } else { "User" };
        let given = self.roles.iter().enumerate().filter(|(_, role)| role.given);
        let roles: Vec<Value> = given
            .map(|(number, role)| {
                let body = json!({"roleName": format!("role {number}"), "roleType": if number < 3 { "BuiltInRole" } else { "CustomRole" }, "assignableScopes": ["/"], "permissions": blocks(&role.blocks)});
                wrap(format!("/providers/Microsoft.Authorization/roleDefinitions/r-{number}"), "roleDefinitions", body)
            })
            .collect();
        let assignment = |(number, one): (usize, &Assignment)| {
            let body = json!({"scope": one.scope, "principalId": one.principal.to_uppercase(), "principalType": kind(&one.principal),
                "roleDefinitionId": format!("{}/providers/Microsoft.Authorization/roleDefinitions/R-{}", SUBSCRIPTIONS[0], one.role),
                "condition": text(&one.condition)});
            let kind = if one.eligible { "roleEligibilityScheduleInstances" } else { "roleAssignments" };
            let at = if one.scope == "/" { "" } else { &one.scope };
            wrap(format!("{at}/providers/Microsoft.Authorization/{kind}/a-{number}"), kind, body)
        };
        let numbered = || self.assignments.iter().enumerate();
        let active: Vec<Value> = numbered().filter(|(_, one)| !one.eligible).map(assignment).collect();
        let eligible: Vec<Value> = numbered().filter(|(_, one)| one.eligible).map(assignment).collect();
        let named =
            |ids: &[String]| ids.iter().map(|id| json!({"id": id, "type": kind(id)})).collect::<Vec<_>>();
        let denials: Vec<Value> = self
            .denials
            .iter()
            .enumerate()
            .map(|(number, one)| {
                let whom = match one.everyone {
                    true => vec![json!({"id": EVERYONE, "type": "SystemDefined"})],
                    false => named(&one.whom),
                };
                let effect = if one.audit { "audit" } else { "enforced" };
                let body = json!({"denyAssignmentName": format!("deny {number}"), "scope": one.scope, "doNotApplyToChildScopes": one.only_here,
                    "denyAssignmentEffect": effect, "permissions": blocks(std::slice::from_ref(&one.block)), "principals": whom,
                    "excludePrincipals": named(&one.except)});
                wrap(format!("denial {number}"), "denyAssignments", body)
            })
            .collect();
        let users: Vec<Value> = self
            .users
            .iter()
            .map(|id| json!({"id": id, "userPrincipalName": format!("{id}@example.com")}))
            .collect();
        let groups: Vec<Value> = self
            .groups
            .iter()
            .map(|id| json!({"id": id, "displayName": id, "securityEnabled": true}))
            .collect();
        let mut files: Vec<(String, Value)> = vec![
            ("roles".to_owned(), json!({"type": "Microsoft.Authorization/roleDefinitions", "value": roles})),
            (
                "active".to_owned(),
                json!({"type": "Microsoft.Authorization/roleAssignments", "value": active}),
            ),
            (
                "eligible".to_owned(),
                json!({"type": "Microsoft.Authorization/roleEligibilityScheduleInstances", "value": eligible}),
            ),
            (
                "denials".to_owned(),
                json!({"type": "Microsoft.Authorization/denyAssignments", "value": denials}),
            ),
            ("users".to_owned(), json!({"@odata.context": "x#users", "value": users})),
            ("groups".to_owned(), json!({"@odata.context": "x#groups", "value": groups})),
        ];
        for (group, members) in &self.members {
            let kind = |id: &String| if id.starts_with("g-") { "group" } else { "user" };
            let of = |id: &String| json!({"id": id, "@odata.type": format!("#microsoft.graph.{}", kind(id))});
            let members: Vec<Value> = members.iter().map(of).collect();
            files.push((format!("members of {group}"), json!({"groupId": group, "value": members})));
        }
        for (group, children) in &self.tree {
            let child = |id: &String| json!({"id": id, "name": id.rsplit('/').next()});
            let children: Vec<Value> = children.iter().map(child).collect();
            let node = json!({"id": group.to_uppercase(), "type": "Microsoft.Management/managementGroups", "children": children});
            files.push((format!("tree of {}", group.rsplit('/').next().unwrap()), node));
        }
        let operation = |(name, data): &(String, bool)| json!({"name": name, "isDataAction": data});
        let operations: Vec<Value> = self.operations.iter().map(operation).collect();
        files.push((
            "operations".to_owned(),
            json!([{"name": "all", "displayName": "all", "operations": operations, "resourceTypes": []}]),
        ));
        random.shuffle(&mut files);
        files.into_iter().map(|(name, value)| (name, value.to_string().into_bytes())).collect()
    }
}

pub(crate) const KEY: &str = "@Request[Microsoft.Authorization/roleAssignments:PrincipalType]";

/// The value that a condition of these asks for.
pub(crate) fn condition_of(text: &str) -> &str {
    text.split('\'').nth(1).unwrap()
}

fn condition_text(value: &str) -> String {
    format!("{KEY} StringEquals '{value}'")
}
