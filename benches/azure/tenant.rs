//! A seeded Azure tenant in the shapes that `az` prints: a catalogue of operations, roles, people, groups and applications, and
//! role assignments at management groups, subscriptions, resource groups and resources.

use super::random::Random;
use serde_json::{Value, json};

const PROVIDERS: usize = 200;
const TYPES: usize = 20;
const SUBSCRIPTIONS: usize = 200;
const GROUPS_OF_RESOURCES: usize = 20;
const ROLES: usize = 400;
const VERBS: [&str; 4] = ["read", "write", "delete", "act/action"];

/// What is made.
#[derive(Clone)]
pub(crate) struct Tenant {
    pub(crate) files: Vec<(String, Vec<u8>)>,
    pub(crate) operations: usize,
    /// How many (grant x block) all principals have, through groups too.
    pub(crate) blocks: usize,
    /// How many (grant x interval of operations that a block matches).
    pub(crate) intervals: usize,
    /// An operation on one resource, and that resource.
    pub(crate) operation: String,
    pub(crate) resource: String,
}

fn operation(provider: usize, kind: usize, verb: &str) -> String {
    format!("Microsoft.Provider{provider}/type{kind}/{verb}")
}

fn subscription(number: usize) -> String {
    format!("/subscriptions/00000000-0000-4000-8000-{number:012}")
}

/// As `principals` people, groups and applications with so many assignments.
pub(crate) fn generate(seed: u64, principals: usize, assignments: usize) -> Tenant {
    let mut random = Random::fork(seed, 1);
    let (users, groups) = (principals * 8 / 10, principals / 20);
    let services = principals - users - groups;
    let roles: Vec<Vec<Value>> = (0..ROLES).map(|number| blocks(number, &mut random)).collect();
    let of_group = |user: usize, group: usize| (user * 31 + group * 17) % (groups.max(1) * 7) < 12;
    let members: Vec<Vec<usize>> =
        (0..groups).map(|group| (0..users).filter(|&user| of_group(user, group)).collect()).collect();
    let names = Names::new();
    let matched: Vec<usize> =
        roles.iter().map(|blocks| blocks.iter().map(|block| names.intervals(block)).sum()).collect();
    let mut held = vec![(0_usize, 0_usize); principals];
    let mut rows = Vec::with_capacity(assignments);
    for number in 0..assignments {
        let (who, role) = (random.below(principals), random.skewed(ROLES));
        let scope = scope(&mut random);
        held[who].0 += roles[role].len();
        held[who].1 += matched[role];
        let kind = match who {
            who if who < users => "User",
            who if who < users + groups => "Group",
            _ => "ServicePrincipal",
        };
        let condition = random.chance(3).then_some(
            "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'one'",
        );
        rows.push(json!({
            "id": format!("{scope}/providers/Microsoft.Authorization/roleAssignments/a{number}"), "name": format!("a{number}"),
            "type": "Microsoft.Authorization/roleAssignments", "scope": scope, "principalId": format!("p{who}"),
            "roleDefinitionId": format!("/providers/Microsoft.Authorization/roleDefinitions/r{role}"),
            "principalType": kind, "condition": condition, "conditionVersion": condition.map(|_| "2.0"),
        }));
    }
    let times = |group: usize| members.get(group).map_or(0, Vec::len);
    // A group's are its members'.
    let weight = |who: usize| match who.checked_sub(users) {
        Some(group) if group < groups => times(group),
        _ => 1,
    };
    let weighted = held
        .iter()
        .enumerate()
        .map(|(who, (blocks, intervals))| (weight(who) * blocks, weight(who) * intervals));
    let (held_blocks, held_intervals) = weighted.fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
    let definitions: Vec<Value> = roles
        .into_iter()
        .enumerate()
        .map(|(number, permissions)| {
            json!({
                "id": format!("/providers/Microsoft.Authorization/roleDefinitions/r{number}"), "name": format!("r{number}"),
                "type": "Microsoft.Authorization/roleDefinitions", "roleName": format!("Role {number}"),
                "roleType": "CustomRole", "assignableScopes": ["/"], "permissions": permissions,
            })
        })
        .collect();
    let people: Vec<Value> = (0..users)
        .map(|user| json!({"id": format!("p{user}"), "userPrincipalName": format!("p{user}@example.com"), "displayName": "A person"}))
        .collect();
    let applications: Vec<Value> = (0..services)
        .map(|number| json!({"id": format!("p{}", users + groups + number), "servicePrincipalType": "Application", "displayName": "An application"}))
        .collect();
    let lists: String = members
        .iter()
        .enumerate()
        .map(|(group, members)| {
            let ids: Vec<Value> = members
                .iter()
                .map(|user| json!({"@odata.type": "#microsoft.graph.user", "id": format!("p{user}")}))
                .collect();
            json!({"groupId": format!("p{}", users + group), "value": ids}).to_string() + "\n"
        })
        .collect();
    let file = |name: &str, value: Value| (name.to_owned(), value.to_string().into_bytes());
    let catalogue = catalogue();
    Tenant {
        operations: PROVIDERS * TYPES * 5,
        blocks: held_blocks,
        intervals: held_intervals,
        operation: operation(7, 3, "write"),
        resource: format!("{}/resourceGroups/rg3/providers/Microsoft.Provider7/type3/one", subscription(5)),
        files: vec![
            file("operations.json", catalogue),
            file("role-definitions.json", definitions.into()),
            file("role-assignments.json", rows.into()),
            file("users.json", people.into()),
            file("service-principals.json", applications.into()),
            ("members.jsonl".to_owned(), lists.into_bytes()),
            file("management-groups.json", tree()),
            file("deny-assignments.json", denials(users, &mut random)),
        ],
    }
}

/// The names of all operations, sorted: those of the control plane, and those of the data plane.
struct Names([Vec<String>; 2]);

impl Names {
    fn new() -> Self {
        let all = |data: bool| {
            let verbs: &[&str] = if data { &["items/read"] } else { &VERBS };
            let of = |provider| {
                (0..TYPES).flat_map(move |kind| verbs.iter().map(move |verb| operation(provider, kind, verb)))
            };
            let mut names: Vec<String> = (0..PROVIDERS).flat_map(of).collect();
            names.sort_unstable();
            names
        };
        Names([all(false), all(true)])
    }

    /// How many runs of neighbours a block matches.
    fn intervals(&self, block: &Value) -> usize {
        let list = |key: &str| -> Vec<&str> {
            block[key].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
        };
        let keys = [("actions", "notActions"), ("dataActions", "notDataActions")];
        let of = |(names, (granted, but)): (&Vec<String>, (&str, &str))| {
            let (granted, but) = (list(granted), list(but));
            let is_in = |list: &[&str], name: &str| list.iter().any(|pattern| matches(pattern, name));
            let is_matched = |name: &String| is_in(&granted, name) && !is_in(&but, name);
            names
                .chunk_by(|one, other| is_matched(one) == is_matched(other))
                .filter(|run| is_matched(&run[0]))
                .count()
        };
        self.0.iter().zip(keys).map(of).sum()
    }
}

/// Whether a pattern with one star at most matches.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((head, tail)) => {
            name.len() >= head.len() + tail.len() && name.starts_with(head) && name.ends_with(tail)
        }
    }
}

/// A role: the three that everybody knows, roles of one provider, and roles of single operations, some in two blocks.
fn blocks(number: usize, random: &mut Random) -> Vec<Value> {
    let block = |actions: Vec<String>, but: Vec<String>, data: Vec<String>| json!({"actions": actions, "notActions": but, "dataActions": data, "notDataActions": []});
    let text = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    match number {
        0 => return vec![block(text(&["*/read"]), Vec::new(), Vec::new())],
        1 => {
            return vec![block(
                text(&["*"]),
                text(&["Microsoft.Provider0/*/write", "Microsoft.Provider0/*/delete"]),
                Vec::new(),
            )];
        }
        2 => return vec![block(text(&["*"]), Vec::new(), Vec::new())],
        _ => {}
    }
    let provider = random.below(PROVIDERS);
    let mut made = Vec::new();
    for _ in 0..if random.chance(10) { 2 } else { 1 } {
        if random.chance(30) {
            let all = format!("Microsoft.Provider{provider}/*");
            let but = format!("Microsoft.Provider{provider}/*/delete");
            made.push(block(
                vec![all.clone()],
                vec![but],
                if random.chance(30) { vec![all] } else { Vec::new() },
            ));
            continue;
        }
        let single = |random: &mut Random| {
            let verb = random.pick(&["read", "write", "delete", "act/action", "*"]);
            operation(provider, random.below(TYPES), verb)
        };
        made.push(block(
            (0..random.between(2, 12)).map(|_| single(random)).collect(),
            Vec::new(),
            Vec::new(),
        ));
    }
    made
}

fn scope(random: &mut Random) -> String {
    let subscription = subscription(random.below(SUBSCRIPTIONS));
    let group = format!("{subscription}/resourceGroups/rg{}", random.below(GROUPS_OF_RESOURCES));
    match random.below(100) {
        0 => format!("/providers/Microsoft.Management/managementGroups/mg{}", random.below(5)),
        1..=20 => subscription,
        21..=80 => group,
        _ => {
            let (provider, kind) = (random.below(PROVIDERS), random.below(TYPES));
            format!("{group}/providers/Microsoft.Provider{provider}/type{kind}/r{}", random.below(100))
        }
    }
}

fn catalogue() -> Value {
    let of = |provider: usize| -> Value {
        let one = |kind: usize, verb: &str, data: bool| json!({"name": operation(provider, kind, verb), "isDataAction": data});
        let all = (0..TYPES).flat_map(|kind| {
            let control = VERBS.map(|verb| one(kind, verb, false));
            control.into_iter().chain([one(kind, "items/read", true)])
        });
        json!({"name": format!("Microsoft.Provider{provider}"), "displayName": "A provider",
               "operations": all.collect::<Vec<_>>(), "resourceTypes": []})
    };
    (0..PROVIDERS).map(of).collect()
}

fn tree() -> Value {
    let group = |name: String, children: Value| {
        json!({"id": format!("/providers/Microsoft.Management/managementGroups/{name}"), "name": name,
               "type": "Microsoft.Management/managementGroups", "displayName": "A group", "children": children})
    };
    let below = |number: usize| -> Value {
        let own = (0..SUBSCRIPTIONS).filter(|subscription| subscription % 5 == number);
        own.map(|number| json!({"id": subscription(number), "name": "s", "type": "/subscriptions"})).collect()
    };
    let all: Vec<Value> = (0..5).map(|number| group(format!("mg{number}"), below(number))).collect();
    let mut root = group("root".to_owned(), all.into());
    root["tenantId"] = json!("root");
    root
}

fn denials(users: usize, random: &mut Random) -> Value {
    let one = |number: usize| {
        let scope = format!("{}/resourceGroups/rg0", subscription(number));
        json!({
            "id": format!("{scope}/providers/Microsoft.Authorization/denyAssignments/d{number}"), "scope": scope,
            "type": "Microsoft.Authorization/denyAssignments", "denyAssignmentName": format!("d{number}"),
            "permissions": [{"actions": ["*/delete"], "notActions": [], "dataActions": [], "notDataActions": []}],
            "principals": [{"id": "00000000-0000-0000-0000-000000000000", "type": "SystemDefined"}],
            "excludePrincipals": [{"id": format!("p{}", random.below(users)), "type": "User"}],
        })
    };
    let mut one = one;
    (0..20).map(&mut one).collect()
}
