//! What only the inside shows: the same answers whether or not the matrix is kept as bits, and lists that are sorted in runs.

use super::assignments::Assignments;
use super::lists::{keep_common, sort};
use super::matrix::{Matrix, symmetric};
use super::meter::Meter;
use super::{cover, dominate};
use crate::progress::Progress;
use proptest::prelude::*;

fn matrix(pairs: &[(u8, u8)], apart: &[(u32, u32)], with_bits: bool) -> (Matrix, Progress) {
    let progress = Progress::none();
    let mut meter = Meter::new(&progress, u64::MAX, 100_000);
    let mut all = Assignments::new();
    for (user, permission) in pairs {
        all.add(&format!("u{user}"), &format!("p{permission}")).unwrap();
    }
    let relation = all.relation(&mut meter).unwrap();
    let count = relation.permissions.len();
    let known: Vec<_> =
        apart.iter().copied().filter(|&(one, other)| one != other && one.max(other) < count as u32).collect();
    let apart = symmetric(count, &known, &mut meter).unwrap();
    let mut matrix = Matrix::new(&relation.held, count, &apart, &mut meter).unwrap();
    if !with_bits {
        matrix.forget_bits();
    }
    (matrix, progress)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bits_change_nothing(
        pairs in prop::collection::vec((0u8..14, 0u8..14), 0..150),
        apart in prop::collection::vec((0u32..14, 0u32..14), 0..3),
    ) {
        let found = [true, false].map(|with_bits| {
            let (matrix, progress) = matrix(&pairs, &apart, with_bits);
            let mut meter = Meter::new(&progress, u64::MAX, 100_000);
            let cells: Vec<u32> = (0..matrix.cells() as u32).collect();
            let left = dominate::dominate(&matrix, &cells, &mut meter).unwrap().remaining;
            let (solution, roles) = cover(&matrix, &cells, &mut meter).unwrap();
            (left, solution.roles, solution.lower_bound, roles)
        });
        prop_assert_eq!(&found[0], &found[1]);
    }

    /// What is left out is dominated, by the definition, and nothing that remains is.
    #[test]
    fn what_remains_dominates_nothing(
        pairs in prop::collection::vec((0u8..9, 0u8..9), 0..60),
        apart in prop::collection::vec((0u32..9, 0u32..9), 0..3),
    ) {
        let (matrix, progress) = matrix(&pairs, &apart, true);
        let mut meter = Meter::new(&progress, u64::MAX, 100_000);
        let cells: Vec<u32> = (0..matrix.cells() as u32).collect();
        let left = dominate::dominate(&matrix, &cells, &mut meter).unwrap().remaining;
        let compatible = |one: u32, other: u32| one == other || matrix.compatible(one, other);
        let near: Vec<Vec<u32>> =
            left.iter().map(|&one| left.iter().copied().filter(|&other| compatible(one, other)).collect()).collect();
        for (f, of_f) in left.iter().zip(&near) {
            for (e, of_e) in left.iter().zip(&near) {
                prop_assert!(e == f || !of_f.iter().all(|cell| of_e.contains(cell)), "{} dominates {}", f, e);
            }
        }
    }

    #[test]
    fn common_items_are_found(a in prop::collection::btree_set(0u32..60, 0..40), b in prop::collection::btree_set(0u32..60, 0..40)) {
        let mut part: Vec<u32> = a.iter().copied().collect();
        keep_common(&mut part, &b.iter().copied().collect::<Vec<_>>());
        prop_assert_eq!(part, a.intersection(&b).copied().collect::<Vec<_>>());
    }
}

#[test]
fn runs_are_merged() {
    let progress = Progress::none();
    let mut meter = Meter::new(&progress, u64::MAX, 0);
    let mixed: Vec<u64> = (0..300_000u64).map(|at| at.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40).collect();
    let mut wanted = mixed.clone();
    wanted.sort_unstable();
    assert_eq!(sort(mixed, u64::cmp, &mut meter).unwrap(), wanted);
}
