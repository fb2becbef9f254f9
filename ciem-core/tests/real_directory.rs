//! Samples of other people's tools, and the permissions of Microsoft Graph, where they are at hand.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test reads files, says what it skips, and fails"
)]

use ciem_core::{Request, Snapshot, SnapshotBuilder, Verdict};
use serde_json::{Value, json};
use std::io::Read;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data");
const TENANT: &str = "11111111-2222-3333-4444-555555555555";
const GRAPH: &str = "graph-0001";

/// A file of samples; none, with a word about it, where it is not there.
fn sample(name: &str) -> Option<Value> {
    let Ok(bytes) = std::fs::read(format!("{FOLDER}/{name}")) else {
        eprintln!("skipped: {name} is not at hand");
        return None;
    };
    let mut text = Vec::new();
    if flate2::read::GzDecoder::new(bytes.as_slice()).read_to_end(&mut text).is_err() {
        text = bytes;
    }
    Some(serde_json::from_slice(&text).unwrap())
}

fn load(inputs: &[&Value]) -> Snapshot {
    let mut builder = SnapshotBuilder::new();
    for (number, input) in inputs.iter().enumerate() {
        builder.add(&format!("{number}.json"), input.to_string().as_bytes()).unwrap();
    }
    builder.finish().unwrap()
}

fn verdict(snapshot: &Snapshot, principal: &str, action: &str, resource: &str) -> Verdict {
    snapshot.can(&Request::new(principal, action, resource)).unwrap().verdict
}

/// Assignments nested as the API has them, without ids and types.
#[test]
fn assignments_without_ids_are_read() {
    let Some(assignments) = sample("api-shapes/cloudfox/azure-role-assignments.json") else { return };
    let definitions = sample("api-shapes/cloudfox/azure-role-definitions.json").unwrap();
    let operations = json!([{"name": "Microsoft.Compute", "displayName": "Microsoft.Compute", "operations": [], "resourceTypes": [{
        "name": "virtualMachines", "displayName": "virtualMachines", "operations": [
            {"name": "Microsoft.Compute/virtualMachines/read", "isDataAction": false},
            {"name": "Microsoft.Compute/virtualMachines/write", "isDataAction": false},
        ],
    }]}]);
    let groups = json!({"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#groups", "value": []});
    let definitions = &definitions["roleDefinitions"];
    let snapshot = load(&[&assignments, definitions, &operations, &groups]);
    let machine = |subscription: &str| {
        format!(
            "/subscriptions/{subscription}/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm"
        )
    };
    let (here, there) =
        (machine("AAAAAAAA-AAAA-AAAA-AAAA-AAAAAAAA"), machine("BBBBBBBB-BBBB-BBBB-BBBB-BBBBBBBB"));
    let (reader, contributor) =
        ("8da340e3-5e2e-4f55-a3f7-4ea20d6755be", "d994d51b-d939-469e-ac73-bd81030cecf0");
    let (read, write) = ("Microsoft.Compute/virtualMachines/read", "Microsoft.Compute/virtualMachines/write");
    assert_eq!(verdict(&snapshot, contributor, write, &here), Verdict::Allow);
    assert_eq!(verdict(&snapshot, contributor, write, &there), Verdict::Deny);
    assert_eq!(verdict(&snapshot, reader, read, &here), Verdict::Allow);
    assert_eq!(verdict(&snapshot, reader, write, &here), Verdict::Deny);
    // There it has a role of another provider.
    assert_eq!(verdict(&snapshot, reader, read, &there), Verdict::Deny);
    // The assignments do not say what their principals are: without the groups, others may be in one of these.
    let alone = load(&[&assignments, definitions, &operations]);
    assert_eq!(verdict(&alone, contributor, write, &here), Verdict::Allow);
    assert_eq!(verdict(&alone, reader, write, &here), Verdict::Unknown);
}

/// An assignment at a management group reaches a subscription two levels below, as the tree tells.
#[test]
fn a_tree_of_management_groups_is_followed() {
    let Some(samples) = sample("api-shapes/cartography/azure-management_groups.json") else { return };
    let tree = &samples["EXPANDED_PARENT_MANAGEMENT_GROUP"];
    let role = "/providers/Microsoft.Authorization/roleDefinitions/r1";
    let definition = json!({
        "id": role, "name": "r1", "type": "Microsoft.Authorization/roleDefinitions", "roleName": "Reader", "roleType": "CustomRole",
        "assignableScopes": ["/"], "permissions": [{"actions": ["Microsoft.Compute/virtualMachines/read"], "notActions": []}],
    });
    let assignment = |group: &str, who: &str| {
        let scope = format!("/providers/Microsoft.Management/managementGroups/{group}");
        json!({
            "id": format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{who}"), "scope": scope, "principalId": who,
            "principalType": "User", "roleDefinitionId": role, "type": "Microsoft.Authorization/roleAssignments",
        })
    };
    let assignments = json!([assignment("test-management-group", "ann"), assignment("other", "bob")]);
    let snapshot = load(&[tree, &definition, &assignments]);
    let inside = "/subscriptions/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
    let read = "Microsoft.Compute/virtualMachines/read";
    assert_eq!(verdict(&snapshot, "ann", read, inside), Verdict::Allow);
    // Where `other` lies is not known, but the place of the subscription is only as far as its own branch tells.
    assert_ne!(verdict(&snapshot, "bob", read, inside), Verdict::Allow);
}

fn service(id: &str, app: &str, roles: &[Value], scopes: &[Value]) -> Value {
    json!({
        "id": id, "appId": app, "displayName": id, "servicePrincipalType": "Application", "appOwnerOrganizationId": TENANT,
        "appRoles": roles, "oauth2PermissionScopes": scopes,
    })
}

/// Each of the real permissions of an application is one that it has, by name, and no other.
#[test]
fn every_application_permission_of_graph_is_had_by_name() {
    let Some(roles) = sample("entra/GraphAppRoles.json.gz") else { return };
    let roles: Vec<(&str, &str)> = roles
        .as_array()
        .unwrap()
        .iter()
        .map(|role| (role["Id"].as_str().unwrap(), role["Value"].as_str().unwrap()))
        .collect();
    let declared: Vec<Value> = roles
        .iter()
        .map(|(id, value)| json!({"id": id, "value": value, "isEnabled": true, "allowedMemberTypes": ["Application"], "displayName": value}))
        .collect();
    let mut services = vec![service(GRAPH, "00000003-0000-0000-c000-000000000000", &declared, &[])];
    let mut given = Vec::new();
    for (number, (id, _)) in roles.iter().enumerate() {
        let client = format!("client-{number}");
        services.push(service(&client, &format!("app-{number}"), &[], &[]));
        given.push(json!({
            "id": format!("given-{number}"), "appRoleId": id, "principalId": client, "principalType": "ServicePrincipal", "resourceId": GRAPH,
        }));
    }
    let services = json!({"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#servicePrincipals", "value": services});
    let snapshot = load(&[&services, &Value::from(given)]);
    let named = |value: &str| format!("microsoft.graph/{value}");
    for (number, (_, value)) in roles.iter().enumerate() {
        let client = format!("client-{number}");
        assert_eq!(verdict(&snapshot, &client, &named(value), "/"), Verdict::Allow, "{value}");
        let (_, other) = roles[(number + 1) % roles.len()];
        assert_eq!(verdict(&snapshot, &client, &named(other), "/"), Verdict::Deny, "{other} for {value}");
    }
}
