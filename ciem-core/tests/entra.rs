//! Random directories: what the library says of Entra against an evaluation of its own, with nested loops over the exports.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use ciem_core::{ContextValue, Query, Request, Snapshot, SnapshotBuilder, Tier, Verdict};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const USERS: usize = 4;
const GROUPS: usize = 3;
const SERVICES: usize = 2;
const ACTIONS: &[&str] = &[
    "microsoft.directory/users/basic/update",
    "microsoft.directory/users/password/update",
    "microsoft.directory/groups/members/update",
    "microsoft.directory/servicePrincipals/credentials/update",
    "microsoft.directory/users/standard/read",
    "microsoft.directory/groups/members/read",
];
/// What roles list; the last sum up others.
const LISTED: &[&str] = &[
    "microsoft.directory/users/basic/update",
    "microsoft.directory/users/password/update",
    "microsoft.directory/groups/members/update",
    "microsoft.directory/servicePrincipals/credentials/update",
    "microsoft.directory/users/standard/read",
    "microsoft.directory/users/allProperties/allTasks",
    "microsoft.directory/users/allProperties/update",
    "microsoft.directory/groups/members/read",
    "microsoft.directory/groups/allProperties/update",
    "microsoft.directory/groupsAssignableToRoles/allProperties/update",
];
/// Consents, and what they let do; of what is not listed nothing is known where the name is about the entity.
const CONSENTS: &[&str] =
    &["User.ReadWrite.All", "User.Read.All", "Directory.AccessAsUser.All", "openid", "Mail.Read"];

#[derive(Clone, Debug)]
struct Tenant {
    /// Members of each group: principals by number (users, then services).
    members: Vec<BTreeSet<usize>>,
    complete: Vec<bool>,
    /// By role: what it lists.
    roles: Vec<BTreeSet<usize>>,
    /// Principal or group (after the principals), role, scope, eligible.
    assignments: Vec<(usize, usize, Scope, bool)>,
    /// Members of the one unit.
    unit: BTreeSet<usize>,
    /// Owners of groups and of services.
    owners: Vec<BTreeSet<usize>>,
    /// Owners of the application of the first service.
    of_application: BTreeSet<usize>,
    /// User, group, whether it becomes an owner of it by activation.
    activations: Vec<(usize, usize, bool)>,
    /// Client (service), user or everybody, consent.
    consents: Vec<(usize, Option<usize>, usize)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Tenant,
    Unit,
    Object(usize),
}

fn name(principal: usize) -> String {
    match principal {
        user if user < USERS => format!("u{user}"),
        service if service < USERS + SERVICES => format!("sp{}", service - USERS),
        group => format!("g{}", group - USERS - SERVICES),
    }
}

const PRINCIPALS: usize = USERS + SERVICES;
/// To the last group roles can be assigned, and the last service is a managed identity.
const ASSIGNABLE: usize = PRINCIPALS + GROUPS - 1;
const MANAGED: usize = PRINCIPALS - 1;

fn tenant() -> impl Strategy<Value = Tenant> {
    let set = |most: usize, of: usize| prop::collection::btree_set(0..of, 0..most);
    let scope = prop_oneof![
        3 => Just(Scope::Tenant),
        1 => Just(Scope::Unit),
        1 => (0..PRINCIPALS + GROUPS).prop_map(Scope::Object),
    ];
    let assignment = (0..PRINCIPALS + GROUPS, 0..4usize, scope, prop::bool::weighted(0.2));
    (
        prop::collection::vec(set(3, PRINCIPALS), GROUPS),
        prop::collection::vec(prop::bool::weighted(0.8), GROUPS),
        prop::collection::vec(prop::collection::btree_set(0..LISTED.len(), 1..3), 3),
        prop::collection::vec(assignment, 0..6),
        set(4, PRINCIPALS + GROUPS),
        prop::collection::vec(set(2, PRINCIPALS), GROUPS + SERVICES),
        (set(2, USERS), prop::collection::vec((0..USERS, 0..GROUPS, prop::bool::weighted(0.3)), 0..3)),
        prop::collection::vec((0..SERVICES, prop::option::of(0..USERS), 0..CONSENTS.len()), 0..4),
    )
        .prop_map(
            |(
                members,
                complete,
                roles,
                assignments,
                unit,
                owners,
                (of_application, activations),
                consents,
            )| Tenant {
                members,
                complete,
                roles,
                assignments,
                unit,
                owners,
                of_application,
                activations,
                consents,
            },
        )
}

impl Tenant {
    fn exports(&self) -> Vec<Value> {
        let mention = |principal: &usize| {
            let kind = if *principal < USERS { "user" } else { "servicePrincipal" };
            let kind = if *principal >= PRINCIPALS { "group" } else { kind };
            json!({"@odata.type": format!("#microsoft.graph.{kind}"), "id": name(*principal)})
        };
        let page = |context: &str, items: Vec<Value>| json!({"@odata.context": format!("x#{context}"), "value": items});
        let users = (0..USERS)
            .map(|user| json!({"id": name(user), "userPrincipalName": format!("{user}@example.com")}));
        let services = (0..SERVICES).map(|service| {
            let kind = if USERS + service == MANAGED { "ManagedIdentity" } else { "Application" };
            json!({"id": name(USERS + service), "appId": format!("app{service}"), "servicePrincipalType": kind})
        });
        let graph = json!({"id": "graph", "appId": "00000003-0000-0000-c000-000000000000", "servicePrincipalType": "Application"});
        let groups = (0..GROUPS).map(|group| {
            let assignable = PRINCIPALS + group == ASSIGNABLE;
            json!({"id": name(PRINCIPALS + group), "securityEnabled": true, "isAssignableToRole": assignable})
        });
        let roles = self.roles.iter().enumerate().map(|(role, listed)| {
            let listed: Vec<&str> = listed.iter().map(|&action| LISTED[action]).collect();
            json!({"id": format!("r{role}"), "rolePermissions": [{"allowedResourceActions": listed}]})
        });
        // So that every action has a name that can be asked.
        let all = json!({"id": "all", "rolePermissions": [{"allowedResourceActions": ACTIONS}]});
        let assigned = |eligible: bool| {
            let of = self.assignments.iter().filter(move |one| one.3 == eligible);
            of.map(|(principal, role, scope, _)| {
                let scope = match scope {
                    Scope::Tenant => "/".to_owned(),
                    Scope::Unit => "/administrativeUnits/unit".to_owned(),
                    Scope::Object(object) => format!("/{}", name(*object)),
                };
                json!({"principalId": name(*principal), "roleDefinitionId": format!("r{role}"), "directoryScopeId": scope})
            })
            .collect::<Vec<_>>()
        };
        let mut files = vec![
            page("users", users.collect()),
            page("servicePrincipals", services.chain([graph]).collect()),
            page("groups", groups.collect()),
            page("roleManagement/directory/roleDefinitions", roles.chain([all]).collect()),
            page("roleManagement/directory/roleAssignments", assigned(false)),
            page("roleManagement/directory/roleEligibilityScheduleInstances", assigned(true)),
            json!({"administrativeUnitId": "unit", "value": self.unit.iter().map(mention).collect::<Vec<_>>()}),
        ];
        for (group, members) in self.members.iter().enumerate() {
            let mut file = json!({"groupId": name(PRINCIPALS + group), "value": members.iter().map(mention).collect::<Vec<_>>()});
            if !self.complete[group] {
                file["@odata.nextLink"] = "more".into();
            }
            files.push(file);
        }
        let application = json!({"id": "object", "appId": "app0", "signInAudience": "AzureADMyOrg"});
        files.push(page("applications", vec![application]));
        files.push(json!({"ownersOf": "object", "value": self.of_application.iter().map(mention).collect::<Vec<_>>()}));
        for (user, group, owner) in &self.activations {
            let access = if *owner { "owner" } else { "member" };
            files.push(page("identityGovernance/privilegedAccess/group/eligibilityScheduleInstances", vec![
                json!({"principalId": name(*user), "groupId": name(PRINCIPALS + group), "accessId": access}),
            ]));
        }
        for (place, owners) in self.owners.iter().enumerate() {
            files.push(json!({"ownersOf": self.owned(place), "value": owners.iter().map(mention).collect::<Vec<_>>()}));
        }
        let consents = self.consents.iter().map(|(client, user, consent)| {
            json!({"clientId": name(USERS + client), "consentType": if user.is_some() { "Principal" } else { "AllPrincipals" },
                   "principalId": user.map(name), "resourceId": "graph", "scope": CONSENTS[*consent]})
        });
        files.push(page("oauth2PermissionGrants", consents.collect()));
        files
    }

    fn owned(&self, place: usize) -> String {
        if place < GROUPS { name(PRINCIPALS + place) } else { name(USERS + place - GROUPS) }
    }

    fn load(&self, backwards: bool) -> Snapshot {
        let mut builder = SnapshotBuilder::new();
        let mut files = self.exports();
        if backwards {
            files.reverse();
        }
        for (number, file) in files.iter().enumerate() {
            builder.add(&format!("{number}.json"), file.to_string().as_bytes()).unwrap();
        }
        builder.finish().unwrap()
    }

    /// Whether a role gives the action on the object. Groups to which roles can be assigned are changed by what is about
    /// them alone, and read like the others.
    fn lists(&self, role: usize, action: &str, object: usize) -> Option<bool> {
        let listed = self.roles.get(role)?;
        let changes_group = action.starts_with("microsoft.directory/groups/") && action.ends_with("/update");
        Some(listed.iter().any(|&place| match LISTED[place] {
            "microsoft.directory/groupsAssignableToRoles/allProperties/update" => {
                changes_group && object == ASSIGNABLE
            }
            _ if changes_group && object == ASSIGNABLE => false,
            "microsoft.directory/groups/allProperties/update" => changes_group,
            "microsoft.directory/users/allProperties/allTasks" => {
                action.starts_with("microsoft.directory/users/")
            }
            "microsoft.directory/users/allProperties/update" => {
                action.starts_with("microsoft.directory/users/") && action.ends_with("/update")
            }
            other => other == action,
        }))
    }

    /// What a principal or group has by assignment: yes, no, or not known.
    fn assigned(&self, whom: usize, action: &str, object: usize, eligible: bool) -> Verdict {
        let mut found = Verdict::Deny;
        for (principal, role, scope, only_eligible) in &self.assignments {
            let reaches = match scope {
                Scope::Tenant => true,
                Scope::Unit => self.unit.contains(&object),
                Scope::Object(one) => *one == object,
            };
            if *principal == whom && *only_eligible == eligible && reaches {
                found = match self.lists(*role, action, object) {
                    Some(true) => Verdict::Allow,
                    Some(false) => found,
                    None => or(found, Verdict::Unknown),
                };
                if found == Verdict::Allow {
                    return found;
                }
            }
        }
        found
    }

    fn by_role(&self, whom: usize, action: &str, object: usize, eligible: bool) -> Verdict {
        let mut found = self.assigned(whom, action, object, eligible);
        for (group, members) in self.members.iter().enumerate() {
            let theirs = self.assigned(PRINCIPALS + group, action, object, eligible);
            if members.contains(&whom) {
                found = or(found, theirs);
            } else if !self.complete[group] && theirs != Verdict::Deny {
                found = or(found, Verdict::Unknown);
            }
        }
        doubted(found, action, object)
    }

    fn by_ownership(&self, whom: usize, action: &str, object: usize) -> Verdict {
        let owns = |place: usize| self.owned(place) == name(object) && self.owners[place].contains(&whom);
        let gives = |place: usize| match action {
            "microsoft.directory/groups/members/update" => place < GROUPS,
            "microsoft.directory/servicePrincipals/credentials/update" => place >= GROUPS,
            _ => false,
        };
        let found = (0..self.owners.len()).any(|place| owns(place) && gives(place));
        doubted(if found { Verdict::Allow } else { Verdict::Deny }, action, object)
    }

    /// What somebody has after a step of its own: of groups it activates, owns or may own, and of services that it owns.
    fn after_a_step(&self, whom: usize, action: &str, object: usize, latent: bool) -> Verdict {
        let of = |what: usize, grown: bool| match grown {
            // Of a group that is joined nothing else is had; a service has what its groups have.
            true => {
                let given = [false, true].map(|eligible| self.assigned(what, action, object, eligible));
                doubted(or(given[0], given[1]), action, object)
            }
            false => or(self.by_role(what, action, object, false), self.by_role(what, action, object, true)),
        };
        let mut found = Verdict::Deny;
        for (user, group, owner) in &self.activations {
            if *user == whom && (latent || !owner) {
                found = or(found, of(PRINCIPALS + group, true));
            }
        }
        if latent {
            for place in (0..self.owners.len()).filter(|&place| self.owners[place].contains(&whom)) {
                let of_group = place < GROUPS;
                found = or(
                    found,
                    of(if of_group { PRINCIPALS + place } else { USERS + place - GROUPS }, of_group),
                );
            }
            if self.of_application.contains(&whom) {
                found = or(found, of(USERS, false));
            }
        }
        found
    }

    /// Who becomes which service by adding a credential to it or to its application.
    fn becomes(&self, whom: usize, service: usize) -> Verdict {
        let owns = service == USERS && self.of_application.contains(&whom);
        let by_owning = if owns { Verdict::Allow } else { Verdict::Deny };
        or(by_owning, self.active(whom, "microsoft.directory/servicePrincipals/credentials/update", service))
    }

    fn active(&self, whom: usize, action: &str, object: usize) -> Verdict {
        or(self.by_role(whom, action, object, false), self.by_ownership(whom, action, object))
    }

    fn consents(&self, client: usize, whom: usize, action: &str) -> Verdict {
        let mut found = Verdict::Deny;
        for (of, user, consent) in &self.consents {
            if *of != client || user.is_some_and(|user| user != whom) {
                continue;
            }
            let about_users = action.starts_with("microsoft.directory/users/");
            found = or(
                found,
                match CONSENTS[*consent] {
                    "Directory.AccessAsUser.All" => Verdict::Allow,
                    "User.ReadWrite.All"
                        if action.ends_with("basic/update") || action.ends_with("standard/read") =>
                    {
                        Verdict::Allow
                    }
                    "User.ReadWrite.All" if about_users => Verdict::Unknown,
                    "User.Read.All" if action.ends_with("standard/read") => Verdict::Allow,
                    _ => Verdict::Deny,
                },
            );
        }
        found
    }
}

/// Whether managed identities take credentials nobody says.
fn doubted(found: Verdict, action: &str, object: usize) -> Verdict {
    let credentials = action == "microsoft.directory/servicePrincipals/credentials/update";
    if credentials && object == MANAGED { and(found, Verdict::Unknown) } else { found }
}

fn or(one: Verdict, other: Verdict) -> Verdict {
    match (one, other) {
        (Verdict::Allow, _) | (_, Verdict::Allow) => Verdict::Allow,
        (Verdict::Unknown, _) | (_, Verdict::Unknown) => Verdict::Unknown,
        _ => Verdict::Deny,
    }
}

fn and(one: Verdict, other: Verdict) -> Verdict {
    match (one, other) {
        (Verdict::Deny, _) | (_, Verdict::Deny) => Verdict::Deny,
        (Verdict::Unknown, _) | (_, Verdict::Unknown) => Verdict::Unknown,
        _ => Verdict::Allow,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_answer_is_that_of_the_naive_evaluation(tenant in tenant(), backwards: bool) {
        let snapshot = tenant.load(backwards);
        for action in ACTIONS {
            for object in 0..PRINCIPALS + GROUPS {
                let mut holders = BTreeSet::new();
                let mut eligible = BTreeSet::new();
                let (mut latent, mut more_latent) = (BTreeSet::new(), BTreeSet::new());
                for whom in 0..PRINCIPALS {
                    let wanted = tenant.active(whom, action, object);
                    let request = Request::new(name(whom), *action, name(object));
                    let found = snapshot.can(&request).unwrap().verdict;
                    prop_assert_eq!(found, wanted, "{} {} {}", name(whom), action, name(object));
                    for client in 0..SERVICES {
                        let wanted = and(wanted, tenant.consents(client, whom, action));
                        let request = request.clone().context("entra:ClientId", ContextValue::One(format!("app{client}")));
                        let found = snapshot.can(&request).unwrap().verdict;
                        prop_assert_eq!(found, wanted, "{} {} {} by {}", name(whom), action, name(object), client);
                    }
                    if wanted != Verdict::Deny {
                        holders.insert((name(whom), wanted));
                    }
                    let more = or(wanted, tenant.by_role(whom, action, object, true));
                    let more = or(more, tenant.after_a_step(whom, action, object, false));
                    if more != Verdict::Deny {
                        eligible.insert(name(whom));
                    }
                    let most = or(more, tenant.after_a_step(whom, action, object, true));
                    if most != Verdict::Deny {
                        latent.insert(name(whom));
                    }
                    if most != more {
                        more_latent.insert((name(whom), most));
                    }
                }
                let mut query = Query::who(*action, name(object));
                let rows = |query: &Query| -> Vec<(String, Verdict)> {
                    let rows = snapshot.who_can(query).unwrap().rows().collect::<Vec<_>>();
                    let of_principals = rows.into_iter().filter(|row| row.principal_kind.as_str() != "group" && row.principal != "graph");
                    of_principals.map(|row| (row.principal.to_string(), row.verdict)).collect()
                };
                prop_assert_eq!(rows(&query).into_iter().collect::<BTreeSet<_>>(), holders, "{} {}", action, name(object));
                query.tiers = vec![Tier::Active, Tier::Eligible];
                let found: BTreeSet<String> = rows(&query).into_iter().map(|(who, _)| who).collect();
                prop_assert_eq!(found, eligible, "{} {}", action, name(object));
                query.tiers = vec![Tier::Active, Tier::Eligible, Tier::Latent];
                let found: BTreeSet<String> = rows(&query).into_iter().map(|(who, _)| who).collect();
                prop_assert_eq!(found, latent, "latent {} {}", action, name(object));
                // Each tier alone says what those below do not.
                query.tiers = vec![Tier::Latent];
                let found: BTreeSet<(String, Verdict)> = rows(&query).into_iter().collect();
                prop_assert!(found.is_superset(&more_latent), "{:?} {:?}: {} {}", found, more_latent, action, name(object));
            }
        }
        let mut query = Query::default();
        query.transitive = false;
        for whom in 0..PRINCIPALS {
            query.principal = Some(name(whom));
            // Adding to the service and adding to its application are edges of their own.
            let mut found: BTreeMap<String, Verdict> = BTreeMap::new();
            for row in snapshot.can_become(&query).unwrap().rows().filter(|row| row.to != "graph") {
                prop_assert_eq!(row.kind, "add_credentials");
                let known = found.entry(row.to).or_insert(Verdict::Deny);
                *known = or(*known, row.verdict);
            }
            let services = (USERS..PRINCIPALS).filter(|&service| service != whom);
            let edges = services.map(|service| (name(service), tenant.becomes(whom, service)));
            let wanted: BTreeMap<_, _> = edges.filter(|(_, verdict)| *verdict != Verdict::Deny).collect();
            prop_assert_eq!(found, wanted, "{}", name(whom));
        }
    }
}
