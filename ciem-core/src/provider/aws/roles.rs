//! Roles of AWS as data: a group with policies, or a permission set of Identity Center.
//!
//! Limits: IAM and STS quotas (managed policy 6,144 characters without white space, 10 managed policies per group) and IAM
//! Identity Center quotas (inline policy of a permission set 10,240 characters, 10 managed policies, name 32 characters).

use crate::provider::{Grant, RoleDraft, RoleForm};
use serde_json::{Value, json};

/// Characters of a managed policy, white space not counted.
const MANAGED: usize = 6_144;
/// Policies that can be attached.
const ATTACHED: usize = 10;
/// Characters of the inline policy of a permission set.
const INLINE: usize = 10_240;
/// Characters of a permission set's name, and of a group's.
const SET_NAME: usize = 32;
const GROUP_NAME: usize = 128;

pub(super) const FORMS: &[RoleForm] =
    &[RoleForm { name: "group", write: group }, RoleForm { name: "permission_set", write: permission_set }];

/// As `aws iam create-group`, `create-policy`, `attach-group-policy` and `add-user-to-group` take it.
fn group(draft: &RoleDraft<'_>) -> (Value, Vec<String>) {
    let name = cut(draft.name, GROUP_NAME);
    let (policies, mut over) = managed(&name, draft.grants);
    let (users, others): (Vec<&str>, Vec<&str>) =
        draft.members.iter().partition(|member| member.contains(":user/"));
    if !others.is_empty() {
        over.push(format!("{} members are no users of IAM, and no group can have them", others.len()));
    }
    let names: Vec<&str> = users.iter().map(|user| user.rsplit('/').next().unwrap_or(user)).collect();
    (json!({ "GroupName": name, "Policies": policies, "UserNames": names }), over)
}

/// As `aws sso-admin create-permission-set`, `put-inline-policy-to-permission-set` and `create-account-assignment` take it.
fn permission_set(draft: &RoleDraft<'_>) -> (Value, Vec<String>) {
    let name = cut(draft.name, SET_NAME);
    let document = document(draft.grants.iter().map(statement).collect());
    let mut set = json!({ "Name": name, "TargetId": draft.account, "TargetType": "AWS_ACCOUNT", "Principals": draft.members });
    let mut over = Vec::new();
    let (key, value) = if size(&document) <= INLINE {
        ("InlinePolicy", document)
    } else {
        let (policies, exceeded) = managed(&name, draft.grants);
        over = exceeded;
        ("CustomerManagedPolicies", Value::from(policies))
    };
    if let Some(set) = set.as_object_mut() {
        set.insert(key.to_owned(), value);
    }
    (set, over)
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

fn cut(name: &str, most: usize) -> String {
    name.chars().take(most).collect()
}
