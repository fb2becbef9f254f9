//! Matrices small enough to try everything, and constraints as laws.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails, and reads files"
)]

mod bounds;
mod nine_sets;
mod of_snapshot;

use ciem_core::{
    Assignments, Budget, Cancel, ExistingRole, MiningOptions, Objective, Progress, RoleMining, mine_roles,
    mine_roles_with,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

type Pairs = BTreeSet<(u8, u8)>;

fn user(number: u8) -> String {
    format!("u{number}")
}

fn permission(number: u8) -> String {
    format!("p{number}")
}

fn assignments(pairs: &Pairs) -> Assignments {
    let mut all = Assignments::new();
    for &(u, p) in pairs {
        all.add(&user(u), &permission(p)).unwrap();
    }
    all
}

/// The fewest roles by trying: all sets of users, each with what all of them have, then all choices of these.
fn fewest_by_trying(pairs: &Pairs, apart: &[(u8, u8)]) -> usize {
    let users: Vec<u8> = pairs.iter().map(|pair| pair.0).collect::<BTreeSet<_>>().into_iter().collect();
    let permissions: Vec<u8> = pairs.iter().map(|pair| pair.1).collect::<BTreeSet<_>>().into_iter().collect();
    let number: BTreeMap<(u8, u8), u32> = pairs.iter().copied().zip(0..).collect();
    let mut roles = BTreeSet::new();
    for chosen in 1u32..1 << permissions.len() {
        let rights: Vec<u8> =
            (0..permissions.len()).filter(|at| chosen >> at & 1 == 1).map(|at| permissions[at]).collect();
        if apart.iter().any(|(one, other)| rights.contains(one) && rights.contains(other)) {
            continue;
        }
        let mut covered = 0u64;
        for &u in &users {
            if rights.iter().all(|&p| pairs.contains(&(u, p))) {
                rights.iter().for_each(|&p| covered |= 1 << number[&(u, p)]);
            }
        }
        roles.insert(covered);
    }
    let largest: Vec<u64> =
        roles.iter().copied().filter(|&a| a != 0 && !roles.iter().any(|&b| a != b && a & b == a)).collect();
    fn search(roles: &[u64], left: u64, used: usize, best: &mut usize) {
        if left == 0 {
            *best = (*best).min(used);
        } else if used + 1 < *best {
            let lowest = left & left.wrapping_neg();
            for role in roles.iter().filter(|role| *role & lowest != 0) {
                search(roles, left & !role, used + 1, best);
            }
        }
    }
    let mut best = pairs.len() + 1;
    search(&largest, (1u64 << pairs.len()) - 1, 0, &mut best);
    best
}

/// What the roles give, by naive loops.
fn given(mined: &RoleMining) -> BTreeSet<(String, String)> {
    let mut given = BTreeSet::new();
    for role in mined.roles() {
        for u in role.users() {
            given.extend(role.permissions().map(|p| (u.to_owned(), p.to_owned())));
        }
    }
    given
}

fn wanted(pairs: &Pairs) -> BTreeSet<(String, String)> {
    pairs.iter().map(|&(u, p)| (user(u), permission(p))).collect()
}

fn mine(pairs: &Pairs, options: &MiningOptions) -> RoleMining {
    mine_roles_with(&assignments(pairs), options, &Progress::none()).unwrap()
}

/// Sparse, dense and everything between, up to 6 by 6.
fn matrices(side: u8) -> impl Strategy<Value = Pairs> {
    (1..=side, 1..=side, 1u8..100).prop_flat_map(|(users, permissions, density)| {
        let cells: Vec<(u8, u8)> = (0..users).flat_map(|u| (0..permissions).map(move |p| (u, p))).collect();
        prop::collection::vec(0u8..100, cells.len()).prop_map(move |dice| {
            cells.iter().copied().zip(dice).filter(|(_, die)| *die < density).map(|(cell, _)| cell).collect()
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_fewest_roles_are_those_that_trying_everything_finds(pairs in matrices(6)) {
        let mined = mine(&pairs, &MiningOptions::default());
        prop_assert_eq!(mined.roles().len(), fewest_by_trying(&pairs, &[]));
        prop_assert!(mined.optimal());
        prop_assert_eq!(given(&mined), wanted(&pairs));
    }

    #[test]
    fn separate_permissions_do_not_cost_the_proof(
        pairs in matrices(5),
        apart in prop::collection::vec((0u8..5, 0u8..5), 0..4),
    ) {
        let apart: Vec<_> = apart.into_iter().filter(|(one, other)| one != other).collect();
        let options = apart.iter().fold(MiningOptions::default(), |options, &(one, other)| {
            options.separate(permission(one), permission(other))
        });
        let mined = mine(&pairs, &options);
        prop_assert_eq!(mined.roles().len(), fewest_by_trying(&pairs, &apart));
        prop_assert!(mined.optimal());
        prop_assert_eq!(given(&mined), wanted(&pairs));
        for role in mined.roles() {
            let rights: BTreeSet<_> = role.permissions().collect();
            prop_assert!(!apart.iter().any(|(a, b)| rights.contains(&*permission(*a)) && rights.contains(&*permission(*b))));
        }
        let both = |(a, b): &(u8, u8)| (0..5).any(|u| pairs.contains(&(u, *a)) && pairs.contains(&(u, *b)));
        prop_assert_eq!(mined.conflicts().len() > 0, apart.iter().any(both));
    }
}

#[derive(Clone, Debug)]
struct Asked {
    objective: Objective,
    max_permissions: Option<u64>,
    max_roles: Option<u64>,
    max_missing: u64,
    apart: Vec<(u8, u8)>,
    existing: Vec<Vec<u8>>,
    budget: Budget,
}

fn asked() -> impl Strategy<Value = Asked> {
    let budgets = prop_oneof![
        Just(Budget::default()),
        (0u64..200).prop_map(|steps| Budget::default().steps(steps).nodes(steps))
    ];
    let objectives = prop_oneof![Just(Objective::Roles), Just(Objective::Assignments)];
    let apart = prop::collection::vec((0u8..8, 0u8..8), 0..3);
    let existing = prop::collection::vec(prop::collection::vec(0u8..9, 0..5), 0..5);
    let numbers = (prop::option::of(1u64..5), prop::option::of(1u64..5), prop_oneof![Just(0), 0u64..6]);
    (objectives, numbers, apart, existing, budgets).prop_map(
        |(objective, numbers, apart, existing, budget)| Asked {
            objective,
            max_permissions: numbers.0,
            max_roles: numbers.1,
            max_missing: numbers.2,
            apart: apart.into_iter().filter(|(one, other)| one != other).collect(),
            existing,
            budget,
        },
    )
}

impl Asked {
    fn options(&self) -> MiningOptions {
        let mut options = MiningOptions::default()
            .budget(self.budget)
            .objective(self.objective)
            .max_missing(self.max_missing);
        if let Some(most) = self.max_permissions {
            options = options.max_permissions_per_role(most);
        }
        if let Some(most) = self.max_roles {
            options = options.max_roles_per_user(most);
        }
        for &(one, other) in &self.apart {
            options = options.separate(permission(one), permission(other));
        }
        for (number, rights) in self.existing.iter().enumerate() {
            let rights = rights.iter().map(|&p| permission(p));
            options = options.existing(ExistingRole::new(format!("e{number}"), rights, [user(0)]));
        }
        options
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_constraint_holds(pairs in matrices(8), asked in asked()) {
        let mined = mine_roles_with(&assignments(&pairs), &asked.options(), &Progress::none());
        let mined = match mined {
            Ok(mined) => mined,
            Err(error) => {
                prop_assert_eq!(error.code(), "invalid_request");
                prop_assert!(asked.max_roles.is_some() && (asked.max_permissions.is_some() || !asked.apart.is_empty()));
                return Ok(());
            }
        };
        let (given, wanted) = (given(&mined), wanted(&pairs));
        prop_assert!(given.is_subset(&wanted));
        let missing: BTreeSet<_> = mined.missing().map(|(u, p)| (u.to_owned(), p.to_owned())).collect();
        prop_assert_eq!(&missing, &wanted.difference(&given).cloned().collect::<BTreeSet<_>>());
        prop_assert!(missing.len() as u64 <= asked.max_missing);
        let mut roles_of = BTreeMap::new();
        for role in mined.roles() {
            let rights: BTreeSet<_> = role.permissions().collect();
            prop_assert!(asked.max_permissions.is_none_or(|most| rights.len() as u64 <= most));
            prop_assert!(!asked.apart.iter().any(|(a, b)| rights.contains(&*permission(*a)) && rights.contains(&*permission(*b))));
            prop_assert!(role.users().len() > 0 && !rights.is_empty());
            prop_assert!(role.only_here() <= role.pairs());
            for u in role.users() {
                *roles_of.entry(u).or_insert(0u64) += 1;
            }
        }
        prop_assert!(asked.max_roles.is_none_or(|most| roles_of.values().all(|&count| count <= most)));
        prop_assert!(mined.lower_bound() <= mined.value());
        // The bound must not be above what another way reaches.
        if asked.objective == Objective::Roles && asked.max_roles.is_none() && asked.max_permissions.is_none() && pairs.len() < 40 {
            let fewest = fewest_by_trying(&pairs, &asked.apart) as u64;
            prop_assert!(mined.lower_bound() <= fewest);
            if asked.max_missing == 0 && asked.budget == Budget::default() {
                prop_assert_eq!(mined.value(), fewest, "preferring existing roles costs none");
            }
        }
        let again = mine_roles_with(&assignments(&pairs), &asked.options(), &Progress::none()).unwrap();
        prop_assert_eq!(serde_json::to_string(&mined).unwrap(), serde_json::to_string(&again).unwrap());
    }

    #[test]
    fn neither_order_nor_repetition_matters(pairs in matrices(8), seed in any::<u64>()) {
        let mut shuffled: Vec<_> = pairs.iter().chain(&pairs).copied().collect();
        shuffled.sort_by_key(|&(u, p)| (u64::from(u) * 31 + u64::from(p) * 17 + 1).wrapping_mul(seed | 1));
        let mut all = Assignments::new();
        for (u, p) in shuffled {
            all.add(&user(u), &permission(p)).unwrap();
        }
        let mined = mine_roles(&all, &Budget::default()).unwrap();
        prop_assert_eq!(
            serde_json::to_string(&mined).unwrap(),
            serde_json::to_string(&mine(&pairs, &MiningOptions::default())).unwrap()
        );
    }

    #[test]
    fn missing_pairs_cost_no_bound(pairs in matrices(4), missing in 0u64..4) {
        // The fewest roles when any pairs of that number may be left out, by trying all of them.
        let cells: Vec<_> = pairs.iter().copied().collect();
        let mut fewest = usize::MAX;
        for left_out in (0u32..1 << cells.len()).filter(|bits| u64::from(bits.count_ones()) <= missing) {
            // A role may give what was left out, so leaving out is covering less, not having less.
            let must: u64 = (0..cells.len()).filter(|at| left_out >> at & 1 == 0).map(|at| 1u64 << at).sum();
            fewest = fewest.min(fewest_covering(&pairs, must));
        }
        let mined = mine(&pairs, &MiningOptions::default().max_missing(missing));
        prop_assert!(mined.lower_bound() <= fewest as u64);
        prop_assert!(mined.value() >= fewest as u64);
    }
}

/// The fewest roles that cover the pairs whose bits are set.
fn fewest_covering(pairs: &Pairs, must: u64) -> usize {
    let cells: Vec<_> = pairs.iter().copied().collect();
    let mut roles = BTreeSet::new();
    for chosen in 1u8..16 {
        let mut covered = 0u64;
        for u in 0..4 {
            if (0..4).filter(|p| chosen >> p & 1 == 1).all(|p| pairs.contains(&(u, p))) {
                let of_user =
                    cells.iter().enumerate().filter(|(_, cell)| cell.0 == u && chosen >> cell.1 & 1 == 1);
                of_user.for_each(|(at, _)| covered |= 1 << at);
            }
        }
        roles.insert(covered);
    }
    fn search(roles: &BTreeSet<u64>, left: u64, used: usize, best: &mut usize) {
        if left == 0 {
            *best = (*best).min(used);
        } else if used + 1 < *best {
            let lowest = left & left.wrapping_neg();
            for role in roles.iter().filter(|role| *role & lowest != 0) {
                search(roles, left & !role, used + 1, best);
            }
        }
    }
    let mut best = 17;
    search(&roles, must, 0, &mut best);
    best
}

#[test]
fn nothing_comes_of_nothing() {
    let mined = mine_roles(&Assignments::new(), &Budget::default()).unwrap();
    assert_eq!((mined.roles().len(), mined.lower_bound(), mined.optimal()), (0, 0, true));
    let empty = Assignments::from_pairs([("", "")]).unwrap();
    assert_eq!(mine_roles(&empty, &Budget::default()).unwrap().roles().len(), 1, "empty texts are texts");
}

#[test]
fn without_a_budget_the_bound_stays_honest() {
    let pairs: Pairs = (0u8..30)
        .flat_map(|u| {
            (0u8..30)
                .filter(move |&p| {
                    (u32::from(u) * 7 + u32::from(p) * 13 + u32::from(u) * u32::from(p)) % 5 < 2
                })
                .map(move |p| (u, p))
        })
        .collect();
    for budget in [
        Budget::default().steps(0).nodes(0),
        Budget::default().nodes(0),
        Budget::default().steps(30_000),
        Budget::default().nodes(20_000),
    ] {
        let mined = mine(&pairs, &MiningOptions::default().budget(budget));
        assert_eq!(given(&mined), wanted(&pairs));
        assert!(mined.roles().len() <= 30 && mined.lower_bound() <= mined.value());
        assert!(mined.lower_bound() > 0 || budget.steps == 0, "{budget:?}: {}", mined.lower_bound());
    }
}

#[test]
fn existing_roles_are_preferred_and_told() {
    let pairs = Assignments::from_pairs([
        ("ana", "a"),
        ("ana", "b"),
        ("ana", "c"),
        ("bob", "a"),
        ("bob", "b"),
        ("cleo", "c"),
    ])
    .unwrap();
    let options = MiningOptions::default()
        .existing(ExistingRole::new("readers", ["c"], ["ana", "cleo"]))
        .existing(ExistingRole::new("too much", ["a", "z"], ["bob"]));
    let mined = mine_roles_with(&pairs, &options, &Progress::none()).unwrap();
    let role = mined.roles().find(|role| role.permissions().eq(["c"])).unwrap();
    assert_eq!(role.name(), Some("readers"));
    let closest = role.closest().unwrap();
    assert_eq!((closest.permissions, closest.users), (1.0, Some(1.0)));
    let other = mined.roles().find(|role| role.permissions().eq(["a", "b"])).unwrap();
    assert_eq!(other.name(), None);
    assert_eq!(other.closest().unwrap().name, "too much");
    assert!((other.closest().unwrap().permissions - 1.0 / 3.0).abs() < 1e-9);
}

#[test]
fn what_cannot_be_met_is_said() {
    let pairs = Assignments::from_pairs([("ana", "a"), ("ana", "b"), ("ana", "c")]).unwrap();
    let tight = MiningOptions::default().max_permissions_per_role(1).max_roles_per_user(2);
    let error = mine_roles_with(&pairs, &tight, &Progress::none()).unwrap_err();
    assert_eq!(error.to_string(), "invalid max_roles_per_user: `ana` needs 3 roles of 1 permissions");
    for options in [
        MiningOptions::default().max_roles_per_user(0),
        MiningOptions::default().max_permissions_per_role(0),
        MiningOptions::default().separate("a", "a"),
    ] {
        assert_eq!(
            mine_roles_with(&pairs, &options, &Progress::none()).unwrap_err().code(),
            "invalid_request"
        );
    }
}

#[test]
fn it_stops_when_asked_and_says_how_far_it_is() {
    let pairs: Pairs =
        (0..40).flat_map(|u| (0..40).map(move |p| (u, p))).filter(|(u, p)| (u ^ p) % 3 > 0).collect();
    let cancel = Cancel::new();
    cancel.cancel();
    let progress = Progress::none().with_cancel(cancel);
    assert_eq!(
        mine_roles_with(&assignments(&pairs), &MiningOptions::default(), &progress).unwrap_err().code(),
        "cancelled"
    );
    let seen = std::sync::Arc::new(std::sync::Mutex::new(BTreeSet::new()));
    let told = std::sync::Arc::clone(&seen);
    let progress = Progress::none().on_step(move |step| {
        told.lock().unwrap().insert(step.phase);
    });
    let options = MiningOptions::default().budget(Budget::default().nodes(1_000));
    mine_roles_with(&assignments(&pairs), &options, &progress).unwrap();
    assert!(seen.lock().unwrap().is_superset(&["sorting pairs", "reducing", "searching", "checking"].into()));
}

/// Every poll is a place where the work can end: whichever it is, it does.
#[test]
fn it_stops_at_every_poll() {
    let pairs: Pairs =
        (0..50).flat_map(|u| (0..50).map(move |p| (u, p))).filter(|(u, p)| (u ^ p) % 5 > 1).collect();
    let all = assignments(&pairs);
    let options = MiningOptions::default()
        .budget(Budget::default().nodes(1_000))
        .max_roles_per_user(20)
        .separate(permission(1), permission(2))
        .existing(ExistingRole::new("some", [permission(3), permission(4)], [user(0)]));
    let mut phases = BTreeSet::new();
    for stop_at in 1.. {
        let (cancel, polls) = (Cancel::new(), std::sync::Arc::new(std::sync::Mutex::new((0, ""))));
        let (asked, told) = (cancel.clone(), std::sync::Arc::clone(&polls));
        let progress = Progress::none().with_cancel(cancel).on_step(move |step| {
            let mut polls = told.lock().unwrap();
            *polls = (polls.0 + 1, step.phase);
            if polls.0 == stop_at {
                asked.cancel();
            }
        });
        let outcome = mine_roles_with(&all, &options, &progress);
        let (count, phase) = *polls.lock().unwrap();
        phases.insert(phase);
        match outcome {
            Err(error) => assert_eq!(error.code(), "cancelled"),
            Ok(_) => {
                assert!(count <= stop_at, "it was asked to stop before its last poll");
                break;
            }
        }
        assert_eq!(count, stop_at, "nothing is told after {phase}");
    }
    for phase in ["sorting pairs", "merging", "reducing", "splitting", "covering", "searching", "bounding"] {
        assert!(phases.contains(phase), "{phase} is not told");
    }
    for phase in ["preferring", "fitting", "checking"] {
        assert!(phases.contains(phase), "{phase} is not told");
    }
}

/// So many pairs that the budget ends in every phase in turn; the roles stay exact, the bound honest, and the same again.
#[test]
fn any_budget_gives_an_exact_answer_with_a_bound() {
    let pairs: Pairs = (0..120u8)
        .flat_map(|u| (0..90u8).map(move |p| (u, p)))
        .filter(|&(u, p)| (u32::from(u) * 31 + u32::from(p) * 17 + u32::from(u) * u32::from(p) * 7) % 11 < 6)
        .collect();
    let (mut best, mut most) = (usize::MAX, 0);
    for steps in [0, 1_000, 10_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000, 100_000_000] {
        let mined =
            mine(&pairs, &MiningOptions::default().budget(Budget::default().steps(steps).nodes(1_000)));
        assert_eq!(given(&mined), wanted(&pairs), "{steps}");
        assert!(mined.roles().len() <= 90, "{steps}: a role for each permission is always there");
        best = best.min(mined.roles().len());
        most = most.max(mined.lower_bound());
    }
    assert!(most <= best as u64 && most > 0, "a bound of one budget holds for the roles of another");
}
