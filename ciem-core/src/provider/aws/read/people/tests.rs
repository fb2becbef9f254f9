//! People and their assignments, whole and in part.

use crate::model::{Facts, PolicyRef, PrincipalKind};
use crate::provider::aws::read::{finish, read};

const SET: &str = "arn:aws-us-gov:sso:::permissionSet/ssoins-1/ps-1";

fn load(files: &[&str]) -> Facts {
    let mut facts = Facts::default();
    for (index, text) in files.iter().enumerate() {
        assert!(read(&mut facts, &format!("{index}.json"), text).unwrap(), "{text} was not recognised");
    }
    finish(&mut facts);
    facts
}

fn assignment(kind: &str, id: &str) -> String {
    format!(
        r#"{{"AccountAssignments": [{{"AccountId": "111122223333", "PermissionSetArn": "{SET}", "PrincipalType": "{kind}",
            "PrincipalId": "{id}"}}]}}"#
    )
}

fn set() -> String {
    format!(
        r#"{{"PermissionSet": {{"PermissionSetArn": "{SET}", "Name": "Read_Only"}}, "InlinePolicy": "",
            "AttachedManagedPolicies": [{{"Arn": "arn:aws-us-gov:iam::aws:policy/ReadOnlyAccess"}}],
            "CustomerManagedPolicyReferences": [{{"Name": "own", "Path": "/team/"}}]}}"#
    )
}

#[test]
fn ids_are_of_the_partition_and_policies_of_the_account() {
    let facts = load(&[&assignment("USER", "u-1"), &set()]);
    let [acting] = facts.acting.as_slice() else { panic!("one caller") };
    assert_eq!(facts.texts.get(acting.person), "arn:aws-us-gov:identitystore:::user/u-1");
    let ids: Vec<&str> = acting.variants[0]
        .policies
        .iter()
        .filter_map(|used| match used.policy {
            PolicyRef::Managed(id) => Some(facts.texts.get(id)),
            PolicyRef::Inline { .. } | PolicyRef::Told { .. } => None,
        })
        .collect();
    let own = "arn:aws-us-gov:iam::111122223333:policy/team/own";
    assert_eq!(ids, [own, "arn:aws-us-gov:iam::aws:policy/ReadOnlyAccess"]);
    assert!(facts.texts.get(acting.variants[0].id).ends_with("AWSReservedSSO_Read_Only_*"));
}

#[test]
fn a_group_without_members_stands_for_itself_and_an_empty_one_for_nobody() {
    let alone = load(&[&assignment("GROUP", "g-1"), &set()]);
    assert_eq!(alone.people[0].kind, PrincipalKind::Group);
    assert_eq!(alone.acting.len(), 1);
    let member =
        r#"{"GroupMemberships": [{"GroupId": "g-1", "MembershipId": "m", "MemberId": {"UserId": "u-1"}}]}"#;
    let known = load(&[&assignment("GROUP", "g-1"), &set(), member]);
    assert_eq!(known.people.len(), 1);
    assert_eq!(known.people[0].kind, PrincipalKind::Person);
    assert_eq!(known.acting[0].through.len(), 2, "group and set");
}

#[test]
fn the_role_of_a_set_is_found_by_its_name_whatever_region_its_path_has() {
    let name = "AWSReservedSSO_Read_Only_0123456789abcdef";
    for path in ["aws-reserved/sso.amazonaws.com/", "aws-reserved/sso.amazonaws.com/us-gov-west-1/"] {
        let id = format!("arn:aws-us-gov:iam::111122223333:role/{path}{name}");
        let role = format!(r#"{{"RoleDetailList": [{{"Arn": "{id}", "RoleName": "{name}"}}]}}"#);
        let facts = load(&[&role, &assignment("USER", "u-1"), &set()]);
        assert_eq!(facts.texts.get(facts.acting[0].variants[0].id), id);
        assert!(facts.acting[0].variants[0].policies.is_empty(), "the role's own record goes first");
    }
    let other = r#"{"RoleDetailList": [{"Arn": "arn:aws-us-gov:iam::111122223333:role/AWSReservedSSO_Read_Only_0123456789abcdef"}]}"#;
    let facts = load(&[other, &assignment("USER", "u-1"), &set()]);
    assert!(facts.texts.get(facts.acting[0].variants[0].id).ends_with('*'), "outside the reserved path");
}

#[test]
fn users_and_groups_of_iam_are_not_those_of_an_identity_store() {
    let mut facts = Facts::default();
    for text in [
        r#"{"Users": [{"Arn": "arn:aws:iam::111122223333:user/ana", "UserName": "ana", "UserId": "AIDA"}]}"#,
        r#"{"Groups": [{"Arn": "arn:aws:iam::111122223333:group/g", "GroupName": "g"}], "IsTruncated": false}"#,
        r#"{"Users": [{"id": 7}]}"#,
        r#"{"Users": "everybody"}"#,
    ] {
        assert!(!read(&mut facts, "x.json", text).unwrap(), "{text}");
    }
    let wrong = r#"{"Users": [{"IdentityStoreId": "d-1", "UserId": 7}]}"#;
    assert_eq!(read(&mut facts, "x.json", wrong).unwrap_err().code(), "malformed");
}
