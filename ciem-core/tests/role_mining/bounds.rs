//! Bounds under every constraint and for both objectives, held against the best of all solutions of tiny matrices.

use super::{Pairs, assignments, permission};
use ciem_core::{MiningOptions, Objective, Progress, mine_roles_with};
use proptest::prelude::*;

/// Three users, three permissions.
const SIDE: u8 = 3;

#[derive(Clone, Debug)]
struct Case {
    /// Bit by bit, user by user.
    cells: u16,
    objective: Objective,
    max_permissions: Option<u64>,
    max_roles: Option<u64>,
    max_missing: u64,
    apart: Option<(u8, u8)>,
}

fn cases() -> impl Strategy<Value = Case> {
    let objectives = prop_oneof![Just(Objective::Roles), Just(Objective::Assignments)];
    let apart = prop::option::of(prop_oneof![Just((0u8, 1u8)), Just((1, 2)), Just((0, 2))]);
    let limits = (prop::option::of(1u64..3), prop::option::of(1u64..4), prop_oneof![Just(0), 0u64..4]);
    (1u16..512, objectives, limits, apart).prop_map(|(cells, objective, limits, apart)| Case {
        cells,
        objective,
        max_permissions: limits.0,
        max_roles: limits.1,
        max_missing: limits.2,
        apart,
    })
}

impl Case {
    fn pairs(&self) -> Pairs {
        let all = (0..SIDE).flat_map(|u| (0..SIDE).map(move |p| (u, p)));
        all.filter(|(u, p)| self.cells >> (u * SIDE + p) & 1 == 1).collect()
    }

    fn options(&self) -> MiningOptions {
        let mut options = MiningOptions::default().objective(self.objective).max_missing(self.max_missing);
        if let Some(most) = self.max_permissions {
            options = options.max_permissions_per_role(most);
        }
        if let Some(most) = self.max_roles {
            options = options.max_roles_per_user(most);
        }
        if let Some((one, other)) = self.apart {
            options = options.separate(permission(one), permission(other));
        }
        options
    }

    /// All roles that give nobody more than it has and that the rules allow: users, rights and what they cost.
    fn roles(&self) -> Vec<(u16, u16, usize)> {
        let mut roles = Vec::new();
        for (users, rights) in (1u16..8).flat_map(|users| (1u16..8).map(move |rights| (users, rights))) {
            let mut given = 0;
            (0..SIDE).filter(|u| users >> u & 1 == 1).for_each(|u| given |= rights << (u * SIDE));
            let too_many = self.max_permissions.is_some_and(|most| u64::from(rights.count_ones()) > most);
            let together = self.apart.is_some_and(|(a, b)| rights >> a & 1 == 1 && rights >> b & 1 == 1);
            if given & !self.cells == 0 && !too_many && !together {
                let size = (users.count_ones() + rights.count_ones()) as usize;
                roles.push((users, given, if self.objective == Objective::Roles { 1 } else { size }));
            }
        }
        roles
    }

    /// The least cost over all sets of roles: what is covered, and in how many roles each user is, from cheap to dear.
    fn best(&self) -> Option<u64> {
        let roles = self.roles();
        let most = self.max_roles.unwrap_or(u64::MAX);
        let mut by_cost: Vec<Vec<(u16, [u8; 3])>> = vec![vec![(0, [0; 3])]];
        let mut seen = std::collections::HashSet::new();
        let mut cost = 0;
        while cost < by_cost.len() {
            for (covered, counts) in std::mem::take(&mut by_cost[cost]) {
                if u64::from((self.cells & !covered).count_ones()) <= self.max_missing {
                    return Some(cost as u64);
                }
                if !seen.insert((covered, counts)) {
                    continue;
                }
                for &(users, given, price) in roles.iter().filter(|(_, given, _)| given & !covered != 0) {
                    let mut counts = counts;
                    // How many roles only matters where that is limited.
                    if self.max_roles.is_some() {
                        (0..3).filter(|u| users >> u & 1 == 1).for_each(|u| counts[u] += 1);
                    }
                    if counts.iter().all(|&count| u64::from(count) <= most) {
                        by_cost.resize_with(by_cost.len().max(cost + price + 1), Vec::new);
                        by_cost[cost + price].push((covered | given, counts));
                    }
                }
            }
            cost += 1;
        }
        None
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bound_is_above_the_best_and_no_answer_below(case in cases()) {
        let best = case.best();
        match mine_roles_with(&assignments(&case.pairs()), &case.options(), &Progress::none()) {
            Ok(mined) => {
                let best = best.expect("there is an answer");
                prop_assert!(mined.lower_bound() <= best, "{} {best}", mined.lower_bound());
                prop_assert!(mined.value() >= best, "{} {best}", mined.value());
            }
            Err(error) => {
                prop_assert_eq!(error.code(), "invalid_request");
                prop_assert!(case.max_roles.is_some());
            }
        }
    }
}
