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
    /// Applications' service principals and managed identities.
    pub(crate) services: Vec<String>,
    /// By object (group, service principal, application): who owns it.
    pub(crate) owners: BTreeMap<String, BTreeSet<String>>,
    /// By group: users who can activate membership of it, and whether they become its owners by that.
    pub(crate) activations: BTreeMap<String, BTreeSet<(String, bool)>>,
    /// Resources that have identities: kind, id, and whose.
    pub(crate) acting: Vec<Acting>,
}

#[derive(Clone, Debug)]
pub(crate) struct Acting {
    pub(crate) kind: &'static str,
    pub(crate) id: String,
    /// Its own identity.
    pub(crate) own: Option<String>,
    /// Those that it shares with others.
    pub(crate) shared: Vec<String>,
}

/// Application object, and the service principal that is its identity.
pub(crate) const APPLICATIONS: [(&str, &str); 2] = [("ao-0", "sp-0"), ("ao-1", "sp-1")];

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

/// The first more often than others, so that what is asked about and what is assigned meet.
fn subscription(random: &mut Random) -> &'static str {
    if random.percent(50) { SUBSCRIPTIONS[0] } else { random.pick::<&str>(&SUBSCRIPTIONS) }
}

pub(crate) fn scope(random: &mut Random) -> String {
    let subscription = subscription(random);
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
    let subscription = subscription(random);
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
        let services: Vec<String> = ["sp-0", "sp-1", "mi-0", "mi-1"].map(str::to_owned).into();
        let mut operations = stock.operations.clone();
        random.shuffle(&mut operations);
        operations.truncate(20);
        let known = |operations: &[(String, bool)], name: &str| {
            operations.iter().any(|(one, data)| !data && one.eq_ignore_ascii_case(name))
        };
        for name in WAYS.iter().map(|(_, name, _)| name).chain(WORKLOADS.iter().flat_map(|(_, all)| all)) {
            if !known(&operations, name) {
                operations.push(((*name).to_owned(), false));
            }
        }
        let mut members = BTreeMap::new();
        for group in &groups {
            if random.percent(90) {
                let everybody = users.iter().chain(&groups).chain(&services);
                members.insert(group.clone(), everybody.filter(|_| random.percent(35)).cloned().collect());
            }
        }
        let role = |random: &mut Random| {
            let mut blocks = match stock.roles.is_empty() || random.percent(75) {
                true => (0..1 + random.below(2)).map(|_| block(random, &operations)).collect(),
                false => random.pick(&stock.roles).clone(),
            };
            if random.percent(30)
                && let Some(first) = blocks.first_mut()
            {
                first.condition = Some(random.pick(&["a", "b"]).to_string());
            }
            Role { blocks, given: random.percent(96) }
        };
        let roles: Vec<Role> = (0..4).map(|_| role(random)).collect();
        let someone = |random: &mut Random| match random.below(100) {
            0..35 => random.pick(&groups).clone(),
            35..60 => random.pick(&services).clone(),
            _ => random.pick(&users).clone(),
        };
        let assignments: Vec<Assignment> = (0..4 + random.below(8))
            .map(|_| Assignment {
                principal: someone(random),
                role: random.below(roles.len()),
                scope: scope(random),
                eligible: random.percent(30),
                condition: random.percent(30).then(|| random.pick(&["a", "b"]).to_string()),
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
        if random.percent(85) {
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
        let (mut owners, mut activations) = (BTreeMap::new(), BTreeMap::new());
        let objects = groups.iter().chain(&services).map(String::as_str);
        for object in objects.chain(APPLICATIONS.map(|(object, _)| object)) {
            if random.percent(40) {
                let mut of: BTreeSet<String> = BTreeSet::new();
                for _ in 0..=random.below(2) {
                    let among = if random.percent(80) { &users } else { &services };
                    of.insert(random.pick(among).clone());
                }
                owners.insert(object.to_owned(), of);
            }
        }
        for group in &groups {
            if random.percent(30) {
                let one = (random.pick(&users).clone(), random.percent(30));
                activations.insert(group.clone(), BTreeSet::from([one]));
            }
        }
        let acting = acting(random);
        let mut tenant = Tenant {
            users,
            groups,
            members,
            roles,
            assignments,
            denials,
            tree,
            operations,
            services,
            owners,
            activations,
            acting,
        };
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
        let kind = |id: &str| match id.split('-').next() {
            Some("g") => "Group",
            Some("u") => "User",
            _ => "ServicePrincipal",
        };
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
        files.extend(self.ownership());
        let of = |id: &String| {
            let kind = match kind(id) {
                "Group" => "group",
                "User" => "user",
                _ => "servicePrincipal",
            };
            json!({"id": id, "@odata.type": format!("#microsoft.graph.{kind}")})
        };
        for (object, owners) in &self.owners {
            let owners: Vec<Value> = owners.iter().map(of).collect();
            files.push((format!("owners of {object}"), json!({"ownersOf": object, "value": owners})));
        }
        for (group, members) in &self.members {
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

impl Tenant {
    /// What the directory and the resource manager have of services, applications and resources with identities.
    fn ownership(&self) -> Vec<(String, Value)> {
        let service = |id: &String| {
            let application = APPLICATIONS.iter().find(|(_, of)| of == id);
            let application = application.map_or(id.clone(), |(object, _)| object.replace("ao", "app"));
            let kind = if id.starts_with("mi") { "ManagedIdentity" } else { "Application" };
            json!({"id": id, "appId": application, "displayName": id, "servicePrincipalType": kind})
        };
        let services: Vec<Value> = self.services.iter().map(service).collect();
        let application = |(object, _): (&str, &str)| json!({"id": object, "appId": object.replace("ao", "app"), "signInAudience": "AzureADMyOrg"});
        let resource = |one: &Acting| {
            let shared: serde_json::Map<String, Value> = one
                .shared
                .iter()
                .map(|id| (format!("/subscriptions/x/{id}"), json!({"principalId": id, "clientId": "c"})))
                .collect();
            let mut body =
                json!({"id": one.id, "name": one.id.rsplit('/').next(), "type": one.kind, "location": "x"});
            match one.kind {
                IDENTITY => body["properties"] = json!({"principalId": one.own}),
                _ => {
                    body["identity"] =
                        json!({"type": "x", "principalId": one.own, "userAssignedIdentities": shared})
                }
            }
            body
        };
        let activation = |group: &String, (who, owner): &(String, bool)| {
            let access = if *owner { "owner" } else { "member" };
            json!({"id": format!("{group}_{access}_{who}"), "principalId": who, "groupId": group, "accessId": access})
        };
        let activations = self
            .activations
            .iter()
            .flat_map(|(group, all)| all.iter().map(move |one| activation(group, one)));
        let mut files = vec![
            ("services".to_owned(), json!({"@odata.context": "x#servicePrincipals", "value": services})),
            (
                "applications".to_owned(),
                json!({"@odata.context": "x#applications", "value": APPLICATIONS.map(application)}),
            ),
            ("resources".to_owned(), self.acting.iter().map(resource).collect()),
        ];
        // A list of nothing says nothing of what it is a list of.
        if !self.activations.is_empty() {
            files.push(("activations".to_owned(), json!({"value": activations.collect::<Vec<_>>()})));
        }
        files
    }
}

const MACHINE: &str = "Microsoft.Compute/virtualMachines";
const SITE: &str = "Microsoft.Web/sites";
const IDENTITY: &str = "Microsoft.ManagedIdentity/userAssignedIdentities";

/// On which kind of resource an operation makes whoever may use it an identity of the resource, and how that is called.
pub(crate) static WAYS: &[(&str, &str, &str)] = &[
    (MACHINE, "Microsoft.Compute/virtualMachines/runCommand/action", "run_command"),
    (MACHINE, "Microsoft.Compute/virtualMachines/runCommands/write", "run_command"),
    (MACHINE, "Microsoft.Compute/virtualMachines/extensions/write", "run_command"),
    (SITE, "Microsoft.Web/sites/publishxml/action", "deploy_code"),
    (SITE, "Microsoft.Web/sites/config/list/action", "deploy_code"),
    (SITE, "Microsoft.Web/sites/publish/action", "deploy_code"),
    (SITE, "Microsoft.Web/sites/extensions/write", "deploy_code"),
    (IDENTITY, "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action", ASSIGN),
    // The name with the star is a permission of its own, whatever it looks like.
    (IDENTITY, "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action", ASSIGN),
    (
        IDENTITY,
        "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write",
        "federated_credential",
    ),
];

/// What makes whoever may use it an identity, if they can make a workload too: all operations of either list on such a
/// resource.
pub(crate) const ASSIGN: &str = "assign_identity";
pub(crate) static WORKLOADS: &[(&str, [&str; 2])] = &[
    (
        MACHINE,
        ["Microsoft.Compute/virtualMachines/write", "Microsoft.Compute/virtualMachines/runCommand/action"],
    ),
    (SITE, ["Microsoft.Web/sites/write", "Microsoft.Web/sites/publish/action"]),
];

/// A machine, a site and the resource of an identity that others share.
fn acting(random: &mut Random) -> Vec<Acting> {
    let place = |random: &mut Random, kind: &str, name: &str| {
        format!("{}/resourceGroups/rg1/providers/{kind}/{name}", subscription(random))
    };
    let shared = |random: &mut Random| if random.percent(50) { vec!["mi-1".to_owned()] } else { Vec::new() };
    let own = |random: &mut Random| random.percent(60).then(|| "mi-0".to_owned());
    vec![
        Acting { kind: MACHINE, id: place(random, MACHINE, "vm"), own: own(random), shared: shared(random) },
        Acting { kind: SITE, id: place(random, SITE, "site"), own: None, shared: shared(random) },
        Acting {
            kind: IDENTITY,
            id: place(random, IDENTITY, "id"),
            own: Some("mi-1".to_owned()),
            shared: Vec::new(),
        },
    ]
}

pub(crate) const KEY: &str = "@Request[Microsoft.Authorization/roleAssignments:PrincipalType]";

/// The value that a condition of these asks for.
pub(crate) fn condition_of(text: &str) -> &str {
    text.split('\'').nth(1).unwrap()
}

fn condition_text(value: &str) -> String {
    format!("{KEY} StringEquals '{value}'")
}
