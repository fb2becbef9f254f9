//! Merging is commutative and associative, and idempotent save for counts; order and split never matter.

use super::super::builder::UsageBuilder;
use super::super::permission_use::PermissionUse;
use super::super::value::Usage;
use super::super::window::Window;
use crate::model::{Ended, UseEvent};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug)]
struct Call {
    id: u32,
    user: u8,
    permission: u8,
    at: i64,
    ended: Ended,
    resource: Option<u16>,
    address: u8,
    actor: u16,
}

const START: i64 = 1_767_225_600;
const PERMISSIONS: [&str; 4] = ["s3:GetObject", "s3:CreateBucket", "ec2:RunInstances", "iam:CreateUser"];

fn call() -> impl Strategy<Value = Call> {
    let ended = prop_oneof![4 => Just(Ended::Succeeded), 1 => Just(Ended::Denied), 1 => Just(Ended::Failed)];
    (
        0..60_u32,
        0..3_u8,
        0..4_u8,
        0..10 * 86_400_i64,
        ended,
        proptest::option::of(0..200_u16),
        0..4_u8,
        0..400_u16,
    )
        .prop_map(|(id, user, permission, at, ended, resource, address, actor)| Call {
            id,
            user,
            permission,
            at: START + at,
            ended,
            resource,
            address,
            actor,
        })
}

/// The same event has the same id, and says the same.
fn calls() -> impl Strategy<Value = Vec<Call>> {
    proptest::collection::vec(call(), 0..120).prop_map(|calls| {
        let mut by_id: BTreeMap<u32, Call> = BTreeMap::new();
        calls.into_iter().map(|call| by_id.entry(call.id).or_insert(call).clone()).collect()
    })
}

fn event(call: &Call) -> UseEvent<'static> {
    let principal = format!("arn:aws:iam::111122223333:user/u{}", call.user);
    let mut event = UseEvent::at(principal, PERMISSIONS[usize::from(call.permission)], call.at)
        .ended(call.ended)
        .id(format!("e{}", call.id))
        .region(if call.user == 0 { "us-east-1" } else { "eu-west-1" })
        .actor(format!("actor{}", call.actor))
        .context("aws:SourceIp", format!("10.0.{}.{}", call.address, call.id));
    if let Some(number) = call.resource {
        event = event.resource(format!("arn:aws:s3:::b{}/{}/{number}", number % 5, number % 50));
    }
    event
}

fn of(calls: &[Call]) -> Usage {
    let mut builder = UsageBuilder::new();
    for call in calls {
        builder.add_event(&event(call)).unwrap();
    }
    builder.finish()
}

/// What merging the same twice must not change: all but counts.
fn shape(usage: &Usage) -> Vec<String> {
    let one = |principal: &str, one: &PermissionUse| {
        let tally = |of: &super::super::permission_use::Tally| {
            (of.first_seen(), of.last_seen(), of.days().to_strings())
        };
        let seen: Vec<_> = one
            .observed()
            .map(|seen| {
                (
                    seen.resource.map(str::to_owned),
                    format!("{:?}", seen.context().collect::<Vec<_>>()),
                    seen.first_seen,
                    seen.last_seen,
                )
            })
            .collect();
        format!(
            "{principal} {} {:?} {:?} {:?} {seen:?}",
            one.permission(),
            tally(one.used()),
            tally(one.denied()),
            tally(one.failed())
        )
    };
    let mut told: Vec<String> = usage
        .principals()
        .flat_map(|principal| usage.of(principal).map(move |found| one(principal, found)))
        .collect();
    told.extend(
        usage.principals().flat_map(|principal| usage.actors(principal).map(|(name, _)| name.to_owned())),
    );
    told.push(format!("{:?}", usage.coverage().logs));
    told
}

fn window(days: u8) -> Window {
    Window::before(&format!("{}d", days + 1), START + 9 * 86_400).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn merging_is_commutative_and_associative(a in calls(), b in calls(), c in calls()) {
        let (a, b, c) = (of(&a), of(&b), of(&c));
        prop_assert_eq!(a.merge(&b), b.merge(&a));
        prop_assert_eq!(a.merge(&b).merge(&c), a.merge(&b.merge(&c)));
        prop_assert_eq!(a.merge(&Usage::default()), a);
    }

    #[test]
    fn merging_the_same_changes_counts_only(a in calls(), b in calls()) {
        let both = of(&a).merge(&of(&b));
        prop_assert_eq!(shape(&both.merge(&of(&a))), shape(&both));
        for principal in both.principals() {
            for one in both.of(principal) {
                let again = both.merge(&both);
                let twice = again.get(principal, one.permission()).unwrap();
                prop_assert!(one.used().is_empty() || twice.used().is_at_most());
            }
        }
    }

    #[test]
    fn order_and_split_do_not_matter(calls in calls(), cut in 0_usize..120, turn in 0_usize..120) {
        let whole = of(&calls);
        let mut turned = calls.clone();
        turned.rotate_left(turn % calls.len().max(1));
        turned.reverse();
        prop_assert_eq!(&of(&turned), &whole);
        let (first, second) = calls.split_at(cut.min(calls.len()));
        prop_assert_eq!(shape(&of(first).merge(&of(second))), shape(&whole));
    }

    #[test]
    fn more_evidence_never_makes_anything_less_used(a in calls(), b in calls(), days in 0..9_u8) {
        let (usage, more) = (of(&a), of(&a).merge(&of(&b)));
        let window = window(days);
        for user in 0..3 {
            let principal = format!("arn:aws:iam::111122223333:user/u{user}");
            for permission in PERMISSIONS {
                if usage.state(&principal, permission, &window) == super::UseState::Used {
                    prop_assert_eq!(more.state(&principal, permission, &window), super::UseState::Used);
                }
            }
        }
    }

    /// Against counting by hand.
    #[test]
    fn used_days_and_counts_are_those_of_the_log(calls in calls()) {
        let usage = of(&calls);
        let distinct: BTreeMap<u32, &Call> = calls.iter().map(|call| (call.id, call)).collect();
        for user in 0..3_u8 {
            for (number, permission) in PERMISSIONS.iter().enumerate() {
                let own: Vec<&&Call> = distinct
                    .values()
                    .filter(|call| call.user == user && usize::from(call.permission) == number && call.ended == Ended::Succeeded)
                    .collect();
                let found = usage.get(&format!("arn:aws:iam::111122223333:user/u{user}"), permission);
                let days: BTreeSet<u32> = own.iter().map(|call| u32::try_from(call.at / 86_400).unwrap()).collect();
                let known: BTreeSet<u32> = found.map(|one| one.used().days().iter().collect()).unwrap_or_default();
                prop_assert_eq!(known, days);
                prop_assert_eq!(found.map_or(0, |one| one.used().count()), own.len() as u64);
                prop_assert_eq!(found.and_then(|one| one.used().last_seen()), own.iter().map(|call| call.at).max());
            }
        }
    }
}
