use super::input::{Input, Item};
use crate::{Query, SnapshotBuilder};
use std::collections::BTreeSet;

/// Users one by one, and after every third a list of members: of two, of one, of none.
fn lines(users: usize) -> String {
    let mut text = String::new();
    for number in 0..users {
        text.push_str(&format!(r#"{{"id": "u{number}", "userPrincipalName": "u{number}@example.com"}}"#));
        text.push('\n');
        if number % 3 == 2 {
            let from = number + 1 - [2, 1, 0][number / 3 % 3];
            let members: Vec<String> =
                (from..=number).map(|member| format!(r#"{{"id": "u{member}"}}"#)).collect();
            let group = number / 3;
            text.push_str(&format!("{{\"groupId\": \"g{group}\", \"value\": [{}]}}\n", members.join(",")));
        }
    }
    text
}

#[test]
fn objects_of_a_page_are_those_with_its_number() {
    let text = lines(100);
    let input = Input::cut("users.ndjson", &text).unwrap().unwrap();
    assert_eq!(input.pages.len(), 133);
    for number in 0..input.pages.len() + 2 {
        let ids = |item: &Item<'_>| item.members.text("id").map(|id| id.into_owned());
        let found: Vec<_> = input.of_page(number).iter().map(ids).collect();
        let expected: Vec<_> = input.items.iter().filter(|item| item.page == number).map(ids).collect();
        assert_eq!(found, expected, "{number}");
    }
    // A page is what it says, else what the first object of it is that is anything.
    let of_items: Vec<Option<usize>> =
        (0..input.items.len()).map(|number| (number % 2 == 1).then_some(number)).collect();
    let own: Vec<Option<usize>> = (0..input.pages.len()).map(|page| (page == 5).then_some(1000)).collect();
    let kinds = input.kinds_of_pages(&own, &of_items);
    for (number, kind) in kinds.into_iter().enumerate() {
        let of_page = input.items.iter().zip(&of_items).filter(|(item, _)| item.page == number);
        let first = of_page.filter_map(|(_, kind)| *kind).next();
        assert_eq!(kind, if number == 5 { Some(1000) } else { first }, "{number}");
    }
}

#[test]
fn lines_of_users_and_of_members_are_read_each_as_its_own() {
    let mut builder = SnapshotBuilder::new();
    builder.add("users.ndjson", lines(3000).as_bytes()).unwrap();
    let assignment = |group: usize| {
        format!(
            r#"{{"type": "Microsoft.Authorization/roleAssignments", "scope": "/subscriptions/s",
            "roleDefinitionId": "r", "principalId": "g{group}", "principalType": "Group"}}"#
        )
    };
    let all: Vec<String> = (0..1000).map(assignment).collect();
    builder.add("assignments.json", format!("[{}]", all.join(",")).as_bytes()).unwrap();
    let role = r#"{"id": "r", "roleName": "Reader", "roleType": "CustomRole", "assignableScopes": ["/"],
        "permissions": [{"actions": ["Microsoft.Compute/disks/read"]}]}"#;
    builder.add("roles.json", role.as_bytes()).unwrap();
    let snapshot = builder.finish().unwrap();
    let coverage = snapshot.coverage();
    assert_eq!((coverage.counts["users"], coverage.counts["groups"]), (3000, 1000));
    let question = Query::who("Microsoft.Compute/disks/read", "/subscriptions/s/disks/d");
    let holders = snapshot.who_can(&question).unwrap();
    let found: BTreeSet<String> = holders.rows().map(|row| row.principal.to_string()).collect();
    let expected = (0..3000).filter(|user| matches!(user % 9, 1 | 2 | 5));
    let expected: BTreeSet<String> = expected.map(|user| format!("u{user}")).collect();
    assert_eq!(found, expected);
}
