//! The conditions of the built-in roles, where the data set is at hand.
#![expect(clippy::disallowed_methods, reason = "a test reads files")]

use super::super::guards;
use super::super::parse::parse;
use super::{Attributes, condition_of, holds, residual};
use crate::condition::{Tri, simplify};
use crate::model::{CondId, Facts};
use serde_json::Value;
use std::io::Read;

const ROLE_ASSIGNMENTS: &str = "Microsoft.Authorization/roleAssignments";

/// Role name and condition of every block that has one.
fn conditions() -> Vec<(String, String)> {
    let path =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/azure-roles/built-in-roles-raw.json.gz");
    let Ok(packed) = std::fs::read(path) else { return Vec::new() };
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed.as_slice()).read_to_string(&mut text).unwrap();
    let roles: Vec<Value> = serde_json::from_str(&text).unwrap();
    let mut found = Vec::new();
    for role in &roles {
        let role = role.get("properties").unwrap_or(role);
        for block in role["permissions"].as_array().unwrap() {
            if let Some(condition) = block["condition"].as_str() {
                found.push((role["roleName"].as_str().unwrap().to_owned(), condition.to_owned()));
            }
        }
    }
    found
}

#[test]
fn every_condition_of_the_built_in_roles_is_read() {
    let all = conditions();
    assert!(all.is_empty() || all.len() == 31, "{}", all.len());
    for (role, text) in all {
        let condition = parse(&text).unwrap_or_else(|fault| panic!("{role}: {fault}"));
        assert_eq!(parse(&condition.to_string()), Ok(condition), "{role}");
        let mut facts = Facts::default();
        let guards = guards::read(&mut facts, &[&text]).unwrap();
        assert!(guards.len() <= 3, "{role}: {guards:?}");
        // Nothing but what is guarded depends on anything, except where the whole block is guarded.
        let other = condition_of(&guards, "Microsoft.Compute/virtualMachines/read");
        assert_eq!(other == CondId::ALWAYS, text.contains("ActionMatches"), "{role}");
        for action in ["write", "delete"] {
            let id = condition_of(&guards, &format!("{ROLE_ASSIGNMENTS}/{action}"));
            let source = if action == "write" { "Request" } else { "Resource" };
            let key = format!("@{source}[{ROLE_ASSIGNMENTS}:RoleDefinitionId]");
            let of = |role: &str| -> Attributes {
                let kind = format!("@Request[{ROLE_ASSIGNMENTS}:PrincipalType]");
                Attributes::from([
                    (key.clone(), vec![Box::from(role)]),
                    (kind, vec!["ServicePrincipal".into()]),
                    ("@Resource[HasObotoken]".to_owned(), vec!["true".into()]),
                ])
            };
            // Owner is a role that no guarded block lets anybody assign.
            let owner = of("8e3af657-a8ff-443c-a75c-2fe8c4bcb635");
            let found = holds(&residual(&facts, id, &owner), &owner);
            if text.contains(&format!("@{source}[{ROLE_ASSIGNMENTS}:RoleDefinitionId]")) {
                assert_eq!(found, Tri::No, "{role} {action}");
                let simple = simplify(&residual(&facts, id, &Attributes::new()));
                assert_eq!(holds(&simple.expr, &owner), Tri::No, "{role} {action} {:?}", simple.expr);
            }
        }
    }
}

/// One of them, argued by hand.
#[test]
fn the_key_vault_data_access_administrator_assigns_data_roles_only() {
    let Some((_, text)) =
        conditions().into_iter().find(|(role, _)| role == "Key Vault Data Access Administrator")
    else {
        return;
    };
    let mut facts = Facts::default();
    let guards = guards::read(&mut facts, &[&text]).unwrap();
    let id = condition_of(&guards, "Microsoft.Authorization/roleAssignments/write");
    let left = simplify(&residual(&facts, id, &Attributes::new()));
    let told = left.expr.to_json();
    assert_eq!(told["key"], "@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId]");
    assert_eq!(told["operator"], "StringEqualsIgnoreCase");
    let values = told["values"].as_array().unwrap();
    assert_eq!(values.len(), 8);
    assert!(values.contains(&"00482a5a-887f-4fb3-b363-3b7fe8e74483".into()));
}
