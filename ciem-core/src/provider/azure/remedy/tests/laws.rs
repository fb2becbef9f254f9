//! The laws of proposals, on random tenants and random logs.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

const RG2: &str = "/subscriptions/s2/resourceGroups/rg2";
const SCOPES: &[&str] = &[SUB, RG, RG2, "/subscriptions/s2", "/", DISK];
const CONDITION: &str = "@Resource[Microsoft.Storage/storageAccounts:name] StringEquals 'pay'";
const EVENTS: &[(&str, &str)] = &[
    ("Microsoft.Compute/disks/write", DISK),
    ("Microsoft.Compute/disks/delete", DISK),
    (
        "Microsoft.Compute/disks/write",
        "/subscriptions/s2/resourceGroups/rg2/providers/Microsoft.Compute/disks/e",
    ),
    ("Microsoft.Compute/virtualMachines/write", "/subscriptions/s1/resourceGroups/rg1"),
    (
        "Microsoft.Storage/storageAccounts/listKeys/action",
        "/subscriptions/s1/resourceGroups/rg3/providers/Microsoft.Storage/storageAccounts/pay",
    ),
    (
        "Microsoft.Storage/storageAccounts/delete",
        "/subscriptions/s2/resourceGroups/rg2/providers/Microsoft.Storage/storageAccounts/pay",
    ),
    (
        "data:Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
        "/subscriptions/s1/resourceGroups/rg1/providers/Microsoft.Storage/storageAccounts/pay",
    ),
    ("Microsoft.Acme/things/write", "/subscriptions/s1/resourceGroups/rg1"),
];

/// Who holds which role where, and whether under a condition.
type Given = (usize, u8, usize, bool);

const WHO: &[(&str, &str)] = &[(ANN, "User"), (BOB, "User"), (TEAM, "Group"), (ALL, "Group")];

fn made(given: &[Given]) -> Snapshot {
    let one = |(number, &(who, role, scope, bound)): (usize, &Given)| {
        let ((principal, kind), condition) = (WHO[who], bound.then_some(CONDITION));
        assignment(&format!("a{number}"), principal, kind, role, SCOPES[scope], condition)
    };
    // The same role at the same scope is assigned once.
    let mut seen = BTreeSet::new();
    let given: Vec<Given> =
        given.iter().copied().filter(|(who, role, scope, _)| seen.insert((*who, *role, *scope))).collect();
    let all: Vec<Value> = given.iter().enumerate().map(one).collect();
    let denial = json!({"value": [{"id": format!("{RG}/providers/Microsoft.Authorization/denyAssignments/d"), "name": "d",
        "type": "Microsoft.Authorization/denyAssignments", "denyAssignmentName": "d", "scope": RG,
        "permissions": [{"actions": ["*/delete"], "notActions": [], "dataActions": [], "notDataActions": []}],
        "principals": [{"id": "00000000-0000-0000-0000-000000000000", "type": "SystemDefined"}], "excludePrincipals": []}]});
    let more = [group(TEAM, &[(ANN, "user")]), group(ALL, &[(TEAM, "group"), (BOB, "user")]), denial];
    tenant(json!(all), &more)
}

type Event = (usize, usize);

fn logs(events: &[Event]) -> Usage {
    let all: Vec<(&str, &str, &str)> =
        events.iter().map(|&(who, what)| (WHO[who].0, EVENTS[what].0, EVENTS[what].1)).collect();
    usage(&all)
}

fn wanted() -> impl Strategy<Value = RightsizeOptions> {
    let level = prop_oneof![Just(Level::Permissions), Just(Level::Resources)];
    let mode = prop_oneof![Just(SpellingMode::Exact), Just(SpellingMode::Safe), Just(SpellingMode::Compact)];
    let form = prop_oneof![Just("custom_role"), Just("built_in_role")];
    (level, mode, any::<bool>(), form).prop_map(|(level, mode, unobservable, form)| {
        RightsizeOptions::new(AT).level(level).mode(mode).unobservable(unobservable).form(form)
    })
}

fn removed(proposal: &Proposal) -> BTreeSet<&str> {
    proposal.remove.iter().flat_map(|one| one.permissions.iter().map(String::as_str)).collect()
}

fn kept(proposal: &Proposal) -> BTreeSet<&str> {
    proposal.keep.iter().flat_map(|one| one.permissions.iter().map(String::as_str)).collect()
}

/// The tenant as it is once the changes are made, as far as one principal's own assignments go.
fn after(proposal: &Proposal) -> Snapshot {
    let mut all = Vec::new();
    let mut definitions = Vec::new();
    for (number, policy) in proposal.policies.iter().enumerate() {
        let one = &policy.document["assignments"][0];
        let id = one["roleDefinitionId"].as_str().unwrap().rsplit('/').next().unwrap();
        if let Some(role) = one["roleDefinition"].as_object() {
            definitions.push(json!({"id": one["roleDefinitionId"], "name": id, "type": "Microsoft.Authorization/roleDefinitions",
                "roleName": role["Name"], "roleType": "CustomRole", "assignableScopes": role["AssignableScopes"],
                "permissions": [{"actions": role["Actions"], "notActions": role["NotActions"], "dataActions": role["DataActions"],
                    "notDataActions": role["NotDataActions"]}]}));
        }
        let scope = one["scope"].as_str().unwrap();
        all.push(json!({"id": format!("{scope}/providers/Microsoft.Authorization/roleAssignments/n{number}"), "name": format!("n{number}"),
            "type": "Microsoft.Authorization/roleAssignments", "scope": scope, "principalId": one["principalId"],
            "principalType": one["principalType"], "roleDefinitionId": one["roleDefinitionId"], "condition": one["condition"],
            "createdOn": "2026-01-01T00:00:00Z"}));
    }
    let more: Vec<Value> = (!definitions.is_empty()).then(|| json!(definitions)).into_iter().collect();
    tenant(json!(all), &more)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn used_within_proposal_within_granted(
        given in proptest::collection::vec((0..WHO.len(), 1..8_u8, 0..SCOPES.len(), any::<bool>()), 1..5),
        events in proptest::collection::vec((0..2_usize, 0..EVENTS.len()), 0..8),
        more in proptest::collection::vec((0..2_usize, 0..EVENTS.len()), 0..4),
        options in wanted(),
    ) {
        let snapshot = made(&given);
        let usage = logs(&events);
        let (first, second) = events.split_at(events.len() / 2);
        let split = logs(second).merge(&logs(first));
        let most: Vec<Event> = events.iter().chain(&more).copied().collect();
        let with_more = logs(&most);
        let mut all = Vec::new();
        let rightsizer = snapshot.rightsizer(&usage, &options);
        rightsizer.propose_everybody(&Progress::none(), |name, made| all.push((name.to_owned(), made.unwrap()))).unwrap();
        prop_assert!(!all.is_empty());
        for (name, proposal) in &all {
            let certificate = &proposal.certificate;
            if proposal.fits {
                prop_assert_eq!((certificate.within_granted.as_str(), certificate.covers_kept.as_str()), ("proved", "proved"));
                prop_assert_eq!(certificate.replay.would_fail, 0, "{:?}\n{:#?}", certificate.replay, proposal.policies);
            }
            let mut state = proposal.remedy.starting_state();
            let before = state.clone();
            proposal.remedy.apply(&mut state).unwrap();
            proposal.rollback.apply(&mut state).unwrap();
            prop_assert_eq!(state, before);
            prop_assert_eq!(proposal.outcome == "exchange", !proposal.remedy.changes.is_empty());
            for change in &proposal.remedy.changes {
                // Nothing but roles that are new and assignments of this principal.
                let own = [&change.before, &change.after].into_iter().flatten().all(|state| {
                    state.get("IsCustom").is_some() || state["principalId"].as_str() == Some(name)
                });
                prop_assert!(own, "{:#?}", change);
            }
            for policy in &proposal.policies {
                let role = &policy.document["assignments"][0]["roleDefinition"];
                let lists = ["Actions", "DataActions"].into_iter().flat_map(|list| role[list].as_array().into_iter().flatten());
                for pattern in lists {
                    prop_assert!(pattern.as_str().unwrap().matches('*').count() <= 1);
                }
            }
            let again = snapshot.rightsize(name, &split, &options).unwrap();
            prop_assert_eq!((&again.keep, &again.policies, &again.remedy), (&proposal.keep, &proposal.policies, &proposal.remedy));
            let of_more = snapshot.rightsize(name, &with_more, &options).unwrap();
            prop_assert!(removed(&of_more).is_subset(&removed(proposal)));
        }
    }

    #[test]
    fn rendered_and_loaded_again_it_grants_what_stays(
        given in proptest::collection::vec((0..1_usize, 1..8_u8, 0..SCOPES.len(), any::<bool>()), 1..4),
        events in proptest::collection::vec((0..1_usize, 0..EVENTS.len()), 0..8),
        options in wanted(),
    ) {
        let proposal = made(&given).rightsize(ANN, &logs(&events), &options).unwrap();
        let all_replaced = proposal.untouched.is_empty() && proposal.fits && !proposal.policies.is_empty();
        if all_replaced {
            // Without logs nothing goes, so that what stays is what is granted.
            let granted = after(&proposal).rightsize(ANN, &Usage::default(), &RightsizeOptions::new(AT)).unwrap();
            prop_assert_eq!(granted.granted, granted.kept);
            let (now, then) = (kept(&granted), kept(&proposal));
            if proposal.policies.iter().all(|policy| policy.kind == "custom_role") {
                prop_assert_eq!(now, then);
            } else {
                prop_assert!(then.is_subset(&now));
                let old = made(&given).rightsize(ANN, &Usage::default(), &RightsizeOptions::new(AT)).unwrap();
                prop_assert!(now.is_subset(&kept(&old)));
            }
        }
    }
}
