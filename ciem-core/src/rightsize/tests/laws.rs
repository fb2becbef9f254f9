//! Laws of proposals, on random policies and random logs.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

const ACTIONS: &[&str] = &[
    "*",
    "s3:*",
    "s3:Get*",
    "s3:GetObject",
    "s3:PutObject",
    "s3:*Tagging",
    "sqs:*",
    "sqs:SendMessage",
    "iam:GetRole",
    "iam:*Role",
    "dynamodb:*Item",
    "ec2:Describe*",
    "ec2:RunInstances",
    "acme:Do",
];
const RESOURCES: &[&str] = &[
    "*",
    "arn:aws:s3:::pay/*",
    "arn:aws:s3:::pay",
    "arn:aws:s3:::*",
    "arn:aws:s3:::pay/in/*",
    "arn:aws:sqs:*:111122223333:q*",
    "arn:aws:sqs:eu-west-1:111122223333:queue",
    "arn:aws:dynamodb:*:*:table/${aws:username}",
    "arn:aws:iam::111122223333:role/app/*",
    "arn:aws:ec2:*:*:instance/*",
];
const EVENTS: &[(&str, Option<&str>)] = &[
    ("s3:GetObject", Some("arn:aws:s3:::pay/in/a.csv")),
    ("s3:GetObject", Some("arn:aws:s3:::other/x")),
    ("s3:PutObject", Some("arn:aws:s3:::pay/out/b")),
    ("s3:ListBucket", Some("arn:aws:s3:::pay")),
    ("s3:GetBucketTagging", Some("arn:aws:s3:::pay")),
    ("sqs:SendMessage", Some("arn:aws:sqs:eu-west-1:111122223333:queue")),
    ("sqs:ReceiveMessage", None),
    ("iam:GetRole", Some("arn:aws:iam::111122223333:role/app/x")),
    ("iam:DeleteRole", None),
    ("dynamodb:GetItem", Some("arn:aws:dynamodb:eu-west-1:111122223333:table/t")),
    ("ec2:DescribeInstances", None),
    ("ec2:RunInstances", Some("arn:aws:ec2:eu-west-1:111122223333:instance/i-1")),
    ("acme:Do", None),
];
const DAYS: &[&str] = &["2026-10-30", "2026-09-30", "2026-06-30", "2026-03-31", "2026-10-02"];

fn statement() -> impl Strategy<Value = Value> {
    let actions = proptest::sample::subsequence(ACTIONS, 1..4);
    let resources = proptest::sample::subsequence(RESOURCES, 1..3);
    (actions, resources, 0..8_u8).prop_map(|(actions, resources, kind)| match kind {
        0 => json!({"Effect": "Deny", "Action": actions, "Resource": resources}),
        1 => json!({"Effect": "Allow", "Action": actions, "NotResource": resources}),
        2 => json!({"Effect": "Allow", "NotAction": actions, "Resource": resources}),
        3 => json!({"Effect": "Allow", "Action": actions, "Resource": resources,
                    "Condition": {"StringEquals": {"aws:RequestedRegion": ["eu-west-1", "us-east-1"]}}}),
        _ => json!({"Effect": "Allow", "Action": actions, "Resource": resources}),
    })
}

type Event = (usize, usize, bool);

fn logs(events: &[Event]) -> Usage {
    let window = Window::ending("400d", AT).unwrap();
    let mut builder = UsageBuilder::new();
    builder.cover(&Cover::management("aws", "111122223333", &window));
    builder.cover(&Cover::data("aws", "111122223333", "s3", &window));
    for &(what, day, region) in events {
        let (permission, resource) = EVENTS[what];
        let mut event = UseEvent::new(JOB, permission, &format!("{}T00:00:00Z", DAYS[day])).unwrap();
        event = event.context("aws:RequestedRegion", if region { "eu-west-1" } else { "us-east-1" });
        if let Some(resource) = resource {
            event = event.resource(resource);
        }
        builder.add_event(&event).unwrap();
    }
    builder.finish()
}

fn options() -> impl Strategy<Value = RightsizeOptions> {
    let level = prop_oneof![Just(Level::Permissions), Just(Level::Resources), Just(Level::Conditions)];
    let mode = prop_oneof![Just(SpellingMode::Exact), Just(SpellingMode::Safe), Just(SpellingMode::Compact)];
    (level, mode, any::<bool>()).prop_map(|(level, mode, unobservable)| {
        RightsizeOptions::new(AT).level(level).mode(mode).unobservable(unobservable)
    })
}

fn removed(proposal: &Proposal) -> BTreeSet<&str> {
    proposal.remove.iter().flat_map(|one| one.permissions.iter().map(String::as_str)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn used_within_proposal_within_granted(
        statements in proptest::collection::vec(statement(), 1..4),
        events in proptest::collection::vec((0..EVENTS.len(), 0..DAYS.len(), any::<bool>()), 0..10),
        more in proptest::collection::vec((0..EVENTS.len(), 0..DAYS.len(), any::<bool>()), 0..4),
        options in options(),
    ) {
        let snapshot = role_with(json!(statements));
        let usage = logs(&events);
        let proposal = snapshot.rightsize("job", &usage, &options).unwrap();
        let certificate = &proposal.certificate;
        if proposal.fits {
            prop_assert_eq!((certificate.within_granted.as_str(), certificate.covers_kept.as_str()), ("proved", "proved"));
            prop_assert_eq!(certificate.replay.would_fail, 0, "{:?}\n{:#?}", certificate.replay, proposal.policies);
            for policy in &proposal.policies {
                prop_assert!(policy.limit.is_some_and(|limit| policy.characters <= limit));
            }
        }
        let mut state = proposal.remedy.starting_state();
        let before = state.clone();
        proposal.remedy.apply(&mut state).unwrap();
        proposal.rollback.apply(&mut state).unwrap();
        prop_assert_eq!(state, before);
        // The order of events does not matter, nor does splitting them.
        let (first, second) = events.split_at(events.len() / 2);
        let again = snapshot.rightsize("job", &logs(second).merge(&logs(first)), &options).unwrap();
        prop_assert_eq!((&again.keep, &again.policies, &again.remedy), (&proposal.keep, &proposal.policies, &proposal.remedy));
        // More evidence never removes more.
        let most: Vec<Event> = events.iter().chain(&more).copied().collect();
        let with_more = snapshot.rightsize("job", &logs(&most), &options).unwrap();
        prop_assert!(removed(&with_more).is_subset(&removed(&proposal)));
    }
}

fn kept(proposal: &Proposal) -> BTreeSet<&str> {
    proposal.keep.iter().flat_map(|one| one.permissions.iter().map(String::as_str)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rendered_and_loaded_again_it_grants_what_stays(
        statements in proptest::collection::vec(statement(), 1..4),
        events in proptest::collection::vec((0..EVENTS.len(), 0..DAYS.len(), any::<bool>()), 0..10),
        options in options(),
    ) {
        let proposal = role_with(json!(statements)).rightsize("job", &logs(&events), &options).unwrap();
        let all = |document: &Value| document["Statement"].as_array().unwrap().clone();
        let rendered: Vec<Value> = proposal.policies.iter().flat_map(|policy| all(&policy.document)).collect();
        if !rendered.is_empty() {
            // Without logs nothing goes, so that what stays is what is granted.
            let loaded = role_with(json!(rendered));
            let granted = loaded.rightsize("job", &Usage::default(), &RightsizeOptions::new(AT)).unwrap();
            prop_assert_eq!(granted.granted, granted.kept);
            prop_assert_eq!(kept(&granted), kept(&proposal));
        }
    }
}

proptest! {
    // The general comparison costs more.
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_exact_comparison_agrees(
        statements in proptest::collection::vec(statement(), 1..3),
        events in proptest::collection::vec((0..EVENTS.len(), 0..DAYS.len(), any::<bool>()), 0..8),
        options in options(),
    ) {
        let snapshot = role_with(json!(statements));
        let proposal = snapshot.rightsize("job", &logs(&events), &options.prove(true)).unwrap();
        if proposal.fits && !proposal.remedy.changes.is_empty() {
            let compared = proposal.certificate.compared.as_deref();
            prop_assert!(compared == Some("pass") || compared == Some("unknown"), "{:?} {:#?}", compared, proposal.policies);
        }
    }
}
