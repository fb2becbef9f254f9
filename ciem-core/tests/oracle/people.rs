//! People of Identity Center: who is assigned which permission set in which account. Its roles are ordinary roles of
//! the accounts' exports; the sets themselves carry names only.

use serde_json::{Value, json};

use super::caller::account_of;
use super::random::Random;
use super::statements::{Names, SESSIONS, role_session};
use super::world::{Account, Entity, Role, World};

const PATH: &str = "/aws-reserved/sso.amazonaws.com/";
const STORE: &str = "d-9067012345";
const SETS: [&str; 2] = ["Read", "Admin_All"];

#[derive(Clone, Debug, Default)]
pub(crate) struct People {
    /// Short ids; sessions are called like one of [`SESSIONS`].
    pub(crate) users: Vec<String>,
    /// Short ids of groups, and of their members.
    pub(crate) groups: Vec<(String, Vec<String>)>,
    pub(crate) assignments: Vec<Assignment>,
}

#[derive(Clone, Debug)]
pub(crate) struct Assignment {
    /// The ARN of the set's role in the account.
    pub(crate) role: String,
    pub(crate) set: usize,
    /// Short id of a user or group.
    pub(crate) holder: String,
}

fn full_id(user: &str) -> String {
    format!("arn:aws:identitystore:::user/{user}")
}

fn session_name(user: &str) -> &'static str {
    let at = user.rsplit('-').next().and_then(|number| number.parse::<usize>().ok()).unwrap_or_default();
    SESSIONS[at % SESSIONS.len()]
}

/// Whether Identity Center made the role.
pub(crate) fn is_of_set(role: &str) -> bool {
    role.contains(":role/aws-reserved/sso.amazonaws.com/")
}

impl People {
    /// People for accounts whose roles have names, but no policies yet; adds the roles of the permission sets.
    pub(crate) fn random(random: &mut Random, accounts: &mut [Account], names: &mut Names) -> People {
        let users: Vec<String> = (1..=2 + random.below(2)).map(|at| format!("u-{at}")).collect();
        let mut people = People { users, ..People::default() };
        let members = people.users.iter().filter(|_| random.percent(60)).cloned().collect();
        people.groups.push(("g-1".to_owned(), members));
        for account in accounts {
            for (set, name) in SETS.iter().enumerate() {
                if random.percent(45) {
                    continue;
                }
                let name = format!("AWSReservedSSO_{name}_0123456789abcdef");
                let arn = format!("arn:aws:iam::{}:role{PATH}{name}", account.id);
                let entity = Entity { name, arn: arn.clone(), ..Entity::default() };
                account.roles.push(Role { entity, trust: Value::Null });
                names.roles.push(arn.clone());
                let holders = people.users.iter().chain(people.groups.iter().map(|(id, _)| id));
                let holders: Vec<String> = holders.filter(|_| random.percent(50)).cloned().collect();
                let assigned = |holder| Assignment { role: arn.clone(), set, holder };
                people.assignments.extend(holders.into_iter().map(assigned));
            }
        }
        names.people = people.users.iter().map(|user| full_id(user)).collect();
        people
    }

    fn holds(&self, holder: &str, user: &str) -> bool {
        let of_group =
            |(id, members): &(String, Vec<String>)| id == holder && members.iter().any(|m| m == user);
        holder == user || self.groups.iter().any(of_group)
    }

    /// The answers of `sso-admin` and `identitystore`.
    pub(crate) fn export(&self) -> Value {
        let set_arn = |set: usize| format!("arn:aws:sso:::permissionSet/ssoins-7223aaaaaaaaaaaa/ps-{set}");
        let sets = SETS
            .iter()
            .enumerate()
            .map(|(at, name)| json!({"PermissionSet": {"PermissionSetArn": set_arn(at), "Name": name}}));
        let users: Vec<Value> = self.users.iter().map(
            |id| json!({"IdentityStoreId": STORE, "UserId": id, "UserName": session_name(id), "UserStatus": "ENABLED"}),
        ).collect();
        let groups: Vec<Value> = self
            .groups
            .iter()
            .map(|(id, _)| json!({"IdentityStoreId": STORE, "GroupId": id, "DisplayName": id}))
            .collect();
        let memberships: Vec<Value> = self
            .groups
            .iter()
            .flat_map(|(group, members)| {
                members.iter().map(move |user| json!({"GroupId": group, "MemberId": {"UserId": user}}))
            })
            .collect();
        let assignments: Vec<Value> = self
            .assignments
            .iter()
            .map(|one| {
                let kind = if one.holder.starts_with("g-") { "GROUP" } else { "USER" };
                json!({"AccountId": account_of(&one.role), "PermissionSetArn": set_arn(one.set),
                "PrincipalId": one.holder, "PrincipalType": kind})
            })
            .collect();
        let mut pages: Vec<Value> = sets.collect();
        pages.push(json!({"Users": users}));
        pages.push(json!({"Groups": groups}));
        pages.push(json!({"GroupMemberships": memberships}));
        pages.push(json!({"AccountAssignments": assignments}));
        Value::Array(pages)
    }
}

impl World {
    /// The sessions in which a person acts, one for each role; `None` for whoever is no person.
    pub(crate) fn sessions_of(&self, principal: &str) -> Option<Vec<String>> {
        let people = self.people.as_ref()?;
        let user = people.users.iter().find(|user| full_id(user) == principal)?;
        let own = people.assignments.iter().filter(|one| people.holds(&one.holder, user));
        let mut sessions: Vec<String> = own.map(|one| role_session(&one.role, session_name(user))).collect();
        sessions.sort();
        sessions.dedup();
        Some(sessions)
    }

    /// The ARN of the role behind a session.
    pub(crate) fn role_of_session(&self, session: &str) -> Option<&str> {
        let mut roles = self.accounts.iter().flat_map(|account| &account.roles).map(|role| &role.entity.arn);
        let of = |role: &&String| session.starts_with(&role_session(role, ""));
        roles.find(of).map(String::as_str)
    }

    /// Whether every role that somebody is assigned is there.
    pub(crate) fn has_roles_of_people(&self) -> bool {
        let assigned = self.people.iter().flat_map(|people| &people.assignments);
        assigned.map(|one| one.role.as_str()).all(|role| self.role(role).is_some())
    }
}

/// The texts of a JSON list, sorted.
pub(crate) fn sorted(values: impl IntoIterator<Item = Value>) -> Vec<String> {
    let mut texts: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
    texts.sort();
    texts
}
