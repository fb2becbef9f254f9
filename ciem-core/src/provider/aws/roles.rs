//! Roles of AWS as data: a group with policies, or a permission set of Identity Center.
//!
//! Limits: "IAM and AWS STS quotas" (managed policy 6,144 characters without white space, 10 managed policies per group, 10 groups
//! per user, 300 groups per account) and "Quotas and limits in IAM Identity Center" (inline policy of a permission set 10,240
//! characters without white space; 20 managed policies, of which the roles made of it take 10 until that quota is raised; 500
//! permission sets provisioned in an account); names of 128 and of 32 characters (`CreateGroup`, `CreatePermissionSet`).

use crate::provider::{Grant, RoleDraft, RoleForm, WrittenRole};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Characters of a managed policy, white space not counted.
const MANAGED: usize = 6_144;
/// Policies that can be attached.
const ATTACHED: usize = 10;
/// Characters of the inline policy of a permission set.
const INLINE: usize = 10_240;
/// Characters of a permission set's name, and of a group's.
const SET_NAME: usize = 32;
const GROUP_NAME: usize = 128;
/// Groups that an account can have and that a user can be in; permission sets that an account can have.
const GROUPS: usize = 300;
const GROUPS_OF_USER: usize = 10;
const SETS: usize = 500;

pub(super) const FORMS: &[RoleForm] = &[
    RoleForm { name: "group", per_account: true, longest_name: GROUP_NAME, write: group, totals: groups },
    RoleForm {
        name: "permission_set",
        per_account: true,
        longest_name: SET_NAME,
        write: permission_set,
        totals: sets,
    },
];

/// As `aws iam create-group`, `create-policy`, `attach-group-policy` and `add-user-to-group` take it.
fn group(draft: &RoleDraft<'_>) -> WrittenRole {
    let name = draft.name;
    let (policies, mut over) = managed(name, draft.grants);
    let (users, others): (Vec<&str>, Vec<&str>) =
        draft.members.iter().partition(|member| member.contains(":user/"));
    if !others.is_empty() {
        over.push(format!("{} members are no users of IAM, and no group can have them", others.len()));
    }
    let names: Vec<&str> = users.iter().map(|user| user.rsplit('/').next().unwrap_or(user)).collect();
    let definition = json!({ "GroupName": name, "Policies": policies, "UserNames": names });
    WrittenRole { definition, over_limits: over, not_written: Vec::new() }
}

/// What all groups together exceed.
fn groups(written: &[(&str, &Value)]) -> Vec<String> {
    let mut over = too_many(written, GROUPS, "groups");
    let mut of_user: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (account, definition) in written {
        let users = definition.get("UserNames").and_then(Value::as_array);
        for user in users.into_iter().flatten().filter_map(Value::as_str) {
            *of_user.entry((account, user)).or_default() += 1;
        }
    }
    for ((account, user), count) in of_user.into_iter().filter(|(_, count)| *count > GROUPS_OF_USER) {
        over.push(format!("{user} of {account} is in {count} groups, {GROUPS_OF_USER} are allowed"));
    }
    over
}

/// What all permission sets together exceed.
fn sets(written: &[(&str, &Value)]) -> Vec<String> {
    too_many(written, SETS, "permission sets")
}

fn too_many(written: &[(&str, &Value)], most: usize, what: &str) -> Vec<String> {
    let mut of_account: BTreeMap<&str, usize> = BTreeMap::new();
    written.iter().for_each(|(account, _)| *of_account.entry(account).or_default() += 1);
    let over = of_account.into_iter().filter(|(_, count)| *count > most);
    over.map(|(account, count)| format!("{count} {what} in {account}, {most} are allowed")).collect()
}

/// As `aws sso-admin create-permission-set`, `put-inline-policy-to-permission-set` and `create-account-assignment` take it.
fn permission_set(draft: &RoleDraft<'_>) -> WrittenRole {
    let name = draft.name;
    let document = document(draft.grants.iter().map(statement).collect());
    let mut set = json!({ "Name": name, "TargetId": draft.account, "TargetType": "AWS_ACCOUNT", "Principals": draft.members });
    let mut over = Vec::new();
    let (key, value) = if size(&document) <= INLINE {
        ("InlinePolicy", document)
    } else {
        let (policies, exceeded) = managed(name, draft.grants);
        over = exceeded;
        ("CustomerManagedPolicies", Value::from(policies))
    };
    if let Some(set) = set.as_object_mut() {
        set.insert(key.to_owned(), value);
    }
    WrittenRole { definition: set, over_limits: over, not_written: Vec::new() }
}

/// The grants as managed policies that keep to the limit of each, and which limit of all is exceeded.
fn managed(name: &str, grants: &[Grant<'_>]) -> (Vec<Value>, Vec<String>) {
    let mut documents: Vec<Vec<Value>> = Vec::new();
    let frame = size(&document(Vec::new()));
    let mut room = 0;
    let mut over = Vec::new();
    for grant in grants {
        for statement in pieces(grant, MANAGED - frame) {
            let needed = size(&statement) + 1;
            if needed > MANAGED - frame + 1 {
                over.push(format!("a statement has {needed} characters, a managed policy {MANAGED}"));
            }
            match documents.last_mut().filter(|_| needed <= room) {
                Some(last) => last.push(statement),
                None => {
                    documents.push(vec![statement]);
                    room = MANAGED - frame + 1;
                }
            }
            room = room.saturating_sub(needed);
        }
    }
    if documents.len() > ATTACHED {
        over.push(format!("{} managed policies are needed, {ATTACHED} can be attached", documents.len()));
    }
    let several = documents.len() > 1;
    let policy = |(number, statements)| {
        let name = if several { format!("{name}-{}", number + 1) } else { name.to_owned() };
        json!({ "PolicyName": name, "PolicyDocument": document(statements) })
    };
    (documents.into_iter().enumerate().map(policy).collect(), over)
}

/// A grant as statements of at most so many characters, as long as its lists can be cut.
fn pieces(grant: &Grant<'_>, most: usize) -> Vec<Value> {
    let mut waiting = vec![grant.clone()];
    let mut done = Vec::new();
    while let Some(grant) = waiting.pop() {
        let statement = statement(&grant);
        let by_actions = grant.actions.len() >= grant.resources.len();
        let list = if by_actions { &grant.actions } else { &grant.resources };
        if size(&statement) <= most || list.len() < 2 {
            done.push(statement);
            continue;
        }
        let (first, rest) = list.split_at(list.len() / 2);
        // Last in, first out: the first half is looked at next.
        for half in [rest, first] {
            let mut part = grant.clone();
            *if by_actions { &mut part.actions } else { &mut part.resources } = half.to_vec();
            waiting.push(part);
        }
    }
    done
}

fn statement(grant: &Grant<'_>) -> Value {
    let mut statement = json!({ "Effect": "Allow", "Action": grant.actions, "Resource": grant.resources });
    if let (Some(statement), Some(condition)) = (statement.as_object_mut(), &grant.condition) {
        statement.insert("Condition".to_owned(), condition.clone());
    }
    statement
}

fn document(statements: Vec<Value>) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// Characters without white space.
fn size(value: &Value) -> usize {
    value.to_string().chars().filter(|c| !c.is_whitespace()).count()
}
