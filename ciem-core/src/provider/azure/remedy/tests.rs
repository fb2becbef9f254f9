mod laws;

use crate::model::{SpellingMode, UseEvent};
use crate::progress::Progress;
use crate::rightsize::options::{Level, RightsizeOptions};
use crate::rightsize::proposal::Proposal;
use crate::rightsize::tests::sound;
use crate::snapshot::Snapshot;
use crate::snapshot::builder::SnapshotBuilder;
use crate::usage::builder::UsageBuilder;
use crate::usage::coverage::Cover;
use crate::usage::value::Usage;
use crate::usage::window::Window;
use serde_json::{Value, json};

const AT: &str = "2026-11-01T00:00:00Z";
const ANN: &str = "aaaaaaaa-0000-0000-0000-000000000001";
const BOB: &str = "aaaaaaaa-0000-0000-0000-000000000002";
const TEAM: &str = "bbbbbbbb-0000-0000-0000-000000000001";
const ALL: &str = "bbbbbbbb-0000-0000-0000-000000000002";
const SUB: &str = "/subscriptions/s1";
const RG: &str = "/subscriptions/s1/resourceGroups/rg1";

/// A GUID of a role by its number.
fn role_id(number: u8) -> String {
    format!("cccccccc-0000-0000-0000-0000000000{number:02}")
}

fn role(number: u8, kind: &str, actions: &[&str], not_actions: &[&str], data: &[&str]) -> Value {
    json!({"id": format!("/providers/Microsoft.Authorization/roleDefinitions/{}", role_id(number)), "name": role_id(number),
        "type": "Microsoft.Authorization/roleDefinitions", "roleName": format!("Role {number}"), "roleType": kind, "assignableScopes": ["/"],
        "permissions": [{"actions": actions, "notActions": not_actions, "dataActions": data, "notDataActions": []}]})
}

fn assignment(
    name: &str,
    principal: &str,
    kind: &str,
    role: u8,
    scope: &str,
    condition: Option<&str>,
) -> Value {
    json!({"id": format!("{}/providers/Microsoft.Authorization/roleAssignments/{name}", if scope == "/" { "" } else { scope }),
        "name": name, "type": "Microsoft.Authorization/roleAssignments", "scope": scope, "principalId": principal, "principalType": kind,
        "roleDefinitionId": format!("/providers/Microsoft.Authorization/roleDefinitions/{}", role_id(role)),
        "condition": condition, "description": "by hand", "createdOn": "2026-01-01T00:00:00Z"})
}

fn operations() -> Value {
    let mut all = Vec::new();
    for kind in
        ["Microsoft.Compute/disks", "Microsoft.Compute/virtualMachines", "Microsoft.Storage/storageAccounts"]
    {
        for verb in ["read", "write", "delete"] {
            all.push(json!({"name": format!("{kind}/{verb}"), "isDataAction": false}));
        }
    }
    all.push(json!({"name": "Microsoft.Storage/storageAccounts/listKeys/action", "isDataAction": false}));
    for verb in ["read", "write"] {
        let name = format!("Microsoft.Storage/storageAccounts/blobServices/containers/blobs/{verb}");
        all.push(json!({"name": name, "isDataAction": true}));
    }
    json!([{"id": "/providers/Microsoft.Authorization/providerOperations/All", "name": "All",
        "type": "Microsoft.Authorization/providerOperations", "displayName": "All", "operations": all, "resourceTypes": []}])
}

fn roles() -> Value {
    json!([
        role(1, "BuiltInRole", &["*"], &["Microsoft.Storage/*/delete"], &[]),
        role(2, "BuiltInRole", &["*/read"], &[], &[]),
        role(
            3,
            "BuiltInRole",
            &["Microsoft.Compute/*"],
            &[],
            &["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*"]
        ),
        role(4, "BuiltInRole", &["Microsoft.Compute/disks/*"], &[], &[]),
        role(5, "CustomRole", &["Microsoft.Compute/disks/write"], &[], &[]),
        role(
            6,
            "BuiltInRole",
            &["Microsoft.Compute/disks/write", "Microsoft.Compute/virtualMachines/write"],
            &[],
            &[]
        ),
        role(7, "CustomRole", &["Microsoft.Compute/disks/write", "Microsoft.Compute/disks/delete"], &[], &[]),
    ])
}

fn tenant(assignments: Value, more: &[Value]) -> Snapshot {
    let user = |id: &str, name: &str| json!({"@odata.type": "#microsoft.graph.user", "id": id, "userPrincipalName": name, "displayName": name});
    let mut builder = SnapshotBuilder::new();
    let users = json!({"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users", "value": [user(ANN, "ann@example.com"), user(BOB, "bob@example.com")]});
    let files = [operations(), roles(), users, assignments];
    for (number, file) in files.iter().chain(more).enumerate() {
        builder.add(&format!("{number}.json"), file.to_string().as_bytes()).unwrap();
    }
    builder.finish().unwrap()
}

/// A group with these members.
fn group(id: &str, members: &[(&str, &str)]) -> Value {
    let members: Vec<Value> = members
        .iter()
        .map(|(id, kind)| json!({"@odata.type": format!("#microsoft.graph.{kind}"), "id": id}))
        .collect();
    json!({"@odata.context": format!("https://graph.microsoft.com/v1.0/$metadata#groups/{id}"), "id": id, "displayName": id,
        "@odata.type": "#microsoft.graph.group", "securityEnabled": true, "members": members})
}

fn usage(events: &[(&str, &str, &str)]) -> Usage {
    let window = Window::ending("90d", AT).unwrap();
    let mut logs = UsageBuilder::new();
    for account in ["s1", "s2"] {
        logs.cover(&Cover::management("azure", account, &window));
    }
    for (principal, permission, resource) in events {
        let event = UseEvent::new(*principal, *permission, "2026-10-01T10:00:00Z").unwrap();
        logs.add_event(&event.resource(*resource)).unwrap();
    }
    logs.finish()
}

fn options() -> RightsizeOptions {
    RightsizeOptions::new(AT).level(Level::Resources)
}

fn operations_of(proposal: &Proposal) -> Vec<&str> {
    proposal.remedy.changes.iter().map(|change| change.operation.as_str()).collect()
}

const DISK: &str = "/subscriptions/s1/resourceGroups/rg1/providers/Microsoft.Compute/disks/d";

#[test]
fn an_assignment_is_exchanged_for_a_smaller_role() {
    let snapshot = tenant(json!([assignment("one", ANN, "User", 1, SUB, None)]), &[]);
    let usage = usage(&[(ANN, "Microsoft.Compute/disks/write", DISK)]);
    let proposal = snapshot.rightsize(ANN, &usage, &options()).unwrap();
    sound(&proposal);
    let [policy] = proposal.policies.as_slice() else { panic!("one role") };
    let role = &policy.document["assignments"][0]["roleDefinition"];
    // Reads are in no log: they stay, in one pattern.
    assert_eq!(role["Actions"], json!(["*/read", "Microsoft.Compute/disks/write"]));
    assert_eq!((&role["DataActions"], &role["AssignableScopes"]), (&json!([]), &json!([SUB])));
    assert_eq!(
        operations_of(&proposal),
        ["create_role_definition", "create_role_assignment", "delete_role_assignment"]
    );
    let [create, assign, delete] = proposal.remedy.changes.as_slice() else { panic!("three changes") };
    assert_eq!(create.call["body"]["properties"]["permissions"][0]["actions"], role["Actions"]);
    assert_eq!(assign.call["body"]["properties"]["principalId"], ANN);
    let of_role = assign.call["body"]["properties"]["roleDefinitionId"].as_str().unwrap();
    assert!(create.target.ends_with(of_role.rsplit('/').next().unwrap()));
    assert_eq!(delete.target, "/subscriptions/s1/providers/Microsoft.Authorization/roleAssignments/one");
    assert_eq!(delete.undo["body"]["properties"]["description"], "by hand");
    assert_eq!(proposal, snapshot.rightsize("ann@example.com", &usage, &options()).unwrap());
}

#[test]
fn names_alone_where_nothing_is_to_come_along() {
    let snapshot = tenant(json!([assignment("one", ANN, "User", 1, RG, None)]), &[]);
    let usage = usage(&[(ANN, "Microsoft.Compute/disks/write", DISK)]);
    let exact = options().mode(SpellingMode::Exact);
    let proposal = snapshot.rightsize(ANN, &usage, &exact).unwrap();
    sound(&proposal);
    let actions = &proposal.policies[0].document["assignments"][0]["roleDefinition"]["Actions"];
    assert_eq!(actions.as_array().unwrap().len(), 4);
    assert!(!actions.to_string().contains('*'));
}

#[test]
fn conditions_are_carried_over() {
    let condition = "@Resource[Microsoft.Storage/storageAccounts:name] StringEquals 'pay'";
    let snapshot = tenant(json!([assignment("one", ANN, "User", 3, RG, Some(condition))]), &[]);
    let usage = usage(&[(ANN, "Microsoft.Compute/disks/write", DISK)]);
    let proposal = snapshot.rightsize(ANN, &usage, &options()).unwrap();
    sound(&proposal);
    let one = &proposal.policies[0].document["assignments"][0];
    assert_eq!(one["condition"], condition);
    // No log shows calls on data.
    assert_eq!(one["roleDefinition"]["DataActions"].as_array().unwrap().len(), 2, "{one:#}");
    let properties = &proposal.remedy.changes[1].call["body"]["properties"];
    assert_eq!(
        (&properties["condition"], &properties["conditionVersion"]),
        (&json!(condition), &json!("2.0"))
    );
}

#[test]
fn a_group_is_mended_for_all_of_its_members_or_not_at_all() {
    let more = [group(TEAM, &[(ANN, "user")]), group(ALL, &[(TEAM, "group"), (BOB, "user")])];
    let snapshot = tenant(json!([assignment("one", ALL, "Group", 1, SUB, None)]), &more);
    let usage =
        usage(&[(ANN, "Microsoft.Compute/disks/write", DISK), (BOB, "Microsoft.Compute/disks/delete", DISK)]);
    let of_member = snapshot.rightsize(ANN, &usage, &options()).unwrap();
    assert!(of_member.remedy.changes.is_empty());
    assert_eq!(of_member.untouched[0].reason, "shared");
    let of_group = snapshot.rightsize(ALL, &usage, &options()).unwrap();
    sound(&of_group);
    assert_eq!((of_group.principal.as_str(), of_group.members.len()), (ALL, 2));
    let actions = &of_group.policies[0].document["assignments"][0]["roleDefinition"]["Actions"];
    assert_eq!(
        actions,
        &json!(["*/read", "Microsoft.Compute/disks/delete", "Microsoft.Compute/disks/write"])
    );
    assert_eq!(of_group.remedy.changes[1].call["body"]["properties"]["principalType"], "Group");
    let mut names = Vec::new();
    let wanted = options();
    let rightsizer = snapshot.rightsizer(&usage, &wanted);
    rightsizer
        .propose_everybody(&Progress::none(), |name, made| names.push((name.to_owned(), made.unwrap().kept)))
        .unwrap();
    assert_eq!(names.len(), 3, "{names:?}");
}

#[test]
fn a_group_whose_members_are_not_known_is_left_alone() {
    let snapshot = tenant(json!([assignment("one", TEAM, "Group", 1, SUB, None)]), &[]);
    let proposal = snapshot.rightsize(TEAM, &usage(&[]), &options()).unwrap();
    assert_eq!((proposal.refused, proposal.remedy.changes.len()), (Some("members_unknown"), 0));
}

#[test]
fn the_fewest_built_in_roles_that_lie_within() {
    let snapshot = tenant(json!([assignment("one", ANN, "User", 1, SUB, None)]), &[]);
    let usage = usage(&[
        (ANN, "Microsoft.Compute/disks/write", DISK),
        (
            ANN,
            "Microsoft.Compute/virtualMachines/write",
            "/subscriptions/s1/resourceGroups/rg1/providers/Microsoft.Compute/virtualMachines/v",
        ),
    ]);
    let proposal = snapshot.rightsize(ANN, &usage, &options().form("built_in_role")).unwrap();
    sound(&proposal);
    // All reads and two writes: the readers' role, and the one that has both writes.
    let names: Vec<&str> = proposal.policies.iter().map(|policy| policy.name.as_str()).collect();
    assert_eq!(names, ["Role 2", "Role 6"]);
    assert_eq!((proposal.lower_bound, proposal.optimal), (Some(2), true));
    assert_eq!(
        operations_of(&proposal),
        ["create_role_assignment", "create_role_assignment", "delete_role_assignment"]
    );
    assert_eq!(
        snapshot.rightsize(ANN, &usage, &options().form("poem")).unwrap_err().code(),
        "invalid_request"
    );
    // All that can be had with less than the old role is the old role: nothing is to be done.
    let account = "/subscriptions/s1/resourceGroups/rg1/providers/Microsoft.Storage/storageAccounts/a";
    let keys = self::usage(&[(ANN, "Microsoft.Storage/storageAccounts/listKeys/action", account)]);
    let proposal = snapshot.rightsize(ANN, &keys, &options().form("built_in_role")).unwrap();
    sound(&proposal);
    assert_eq!((proposal.outcome, proposal.policies[0].name.as_str()), ("nothing_to_change", "Role 1"));
    // No built-in role lies within what this one gives: a custom one stands in.
    let small = tenant(json!([assignment("one", ANN, "User", 7, SUB, None)]), &[]);
    let used = self::usage(&[(ANN, "Microsoft.Compute/disks/write", DISK)]);
    let proposal = small.rightsize(ANN, &used, &options().form("built_in_role")).unwrap();
    sound(&proposal);
    assert_eq!(proposal.policies[0].kind, "custom_role");
    assert!(proposal.warnings.contains(&"built_in_roles_do_not_cover"));
}

#[test]
fn what_cannot_be_exchanged_stays_and_says_why() {
    let eligible = json!({"value": [{"id": format!("{SUB}/providers/Microsoft.Authorization/roleEligibilityScheduleInstances/e"),
        "name": "e", "type": "Microsoft.Authorization/roleEligibilityScheduleInstances", "properties": {"scope": SUB,
        "roleDefinitionId": format!("/providers/Microsoft.Authorization/roleDefinitions/{}", role_id(1)), "principalId": ANN,
        "principalType": "User", "status": "Provisioned", "memberType": "Direct", "startDateTime": "2026-02-03T08:00:00Z"}}]});
    let snapshot = tenant(json!([assignment("one", ANN, "User", 4, SUB, None)]), &[eligible]);
    let proposal = snapshot.rightsize(ANN, &usage(&[]), &options()).unwrap();
    sound(&proposal);
    let reasons: Vec<&str> = proposal.untouched.iter().map(|one| one.reason).collect();
    assert_eq!(reasons, ["eligible"]);
    assert_eq!(proposal.kept, 1, "what reads");
    // Without logs nothing is known, and nothing goes.
    let quiet = snapshot.rightsize(ANN, &Usage::default(), &options()).unwrap();
    assert_eq!((quiet.kept, quiet.remedy.changes.len()), (quiet.granted, 0));
}

#[test]
fn limits_of_azure_hold() {
    let snapshot = tenant(json!([assignment("one", ANN, "User", 1, SUB, None)]), &[]);
    let used = usage(&[(ANN, "Microsoft.Compute/disks/write", DISK)]);
    let full = snapshot.rightsize(ANN, &used, &options().limit("custom_roles", 1)).unwrap();
    assert_eq!((full.fits, full.remedy.changes.len()), (false, 0));
    assert!(full.warnings.contains(&"rightsized_policy_over_limit"));
    let tight =
        snapshot.rightsize(ANN, &used, &options().limit("role_assignments_in_subscription", 1)).unwrap();
    assert!(tight.fits && tight.warnings.contains(&"attached_over_limit_meanwhile"));
    let at_root = tenant(json!([assignment("one", ANN, "User", 1, "/", None)]), &[]);
    let proposal = at_root.rightsize(ANN, &used, &options()).unwrap();
    // What happens in all of a tenant no log tells.
    assert_eq!(proposal.remedy.changes.len(), 0);
}
