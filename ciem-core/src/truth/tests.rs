use super::*;
use crate::base::{Id, IdSet, Intervals, Row};
use proptest::prelude::*;

const LEN: u16 = 130;

/// Kleene pairs of every algebra agree, point by point, with scalar Kleene logic.
#[derive(Clone, Debug)]
enum Term {
    Leaf(usize),
    And(Box<Term>, Box<Term>),
    Or(Box<Term>, Box<Term>),
    Minus(Box<Term>, Box<Term>),
}

fn term() -> impl Strategy<Value = Term> {
    let leaf = (0usize..6).prop_map(Term::Leaf);
    leaf.prop_recursive(4, 24, 2, |inner| {
        let two = (inner.clone(), inner).prop_map(|(a, b)| (Box::new(a), Box::new(b)));
        (0..3, two).prop_map(|(op, (a, b))| match op {
            0 => Term::And(a, b),
            1 => Term::Or(a, b),
            _ => Term::Minus(a, b),
        })
    })
}

fn eval<T: Truth>(term: &Term, leaves: &[T]) -> T {
    match term {
        Term::Leaf(i) => leaves[*i].clone(),
        Term::And(a, b) => eval(a, leaves).and(&eval(b, leaves)),
        Term::Or(a, b) => eval(a, leaves).or(&eval(b, leaves)),
        Term::Minus(a, b) => eval(a, leaves).minus(&eval(b, leaves)),
    }
}

use crate::condition::Tri;

fn degree(sure: bool, poss: bool) -> Tri {
    match (sure, poss) {
        (true, _) => Tri::Yes,
        (_, true) => Tri::Maybe,
        _ => Tri::No,
    }
}

proptest! {
    #[test]
    fn sets_and_rows_are_kleene_logic_at_every_point(
        term in term(),
        degrees in prop::collection::vec(prop::collection::vec(0u8..3, usize::from(LEN)), 4),
    ) {
        let tri = |leaf: usize, point: usize| match leaf {
            4 => Tri::No,
            5 => Tri::Yes,
            _ => [Tri::No, Tri::Maybe, Tri::Yes][usize::from(degrees[leaf][point])],
        };
        let points = 0..usize::from(LEN);
        let at_least = |leaf: usize, least: Tri| points.clone().filter(move |&p| tri(leaf, p) >= least);
        let set = |leaf, least| -> Principals {
            Principals::these(at_least(leaf, least).map(PrincipalId::new).collect::<IdSet<_>>())
        };
        let row = |leaf, least| {
            let ranges = at_least(leaf, least).map(|p| (p as u16, p as u16 + 1)).collect();
            Row::from_intervals(&Intervals::from_ranges(ranges), LEN)
        };
        let mut sets: Vec<PrincipalSet> =
            (0..4).map(|l| Kleene::between(set(l, Tri::Yes), set(l, Tri::Maybe))).collect();
        let mut rows: Vec<PermissionSet> =
            (0..4).map(|l| Kleene::between(row(l, Tri::Yes), row(l, Tri::Maybe))).collect();
        sets.extend([PrincipalSet::never(), PrincipalSet::always()]);
        rows.extend([PermissionSet::never(), PermissionSet::always()]);
        let (set, row) = (eval(&term, &sets), eval(&term, &rows));
        for point in 0..usize::from(LEN) {
            let leaves: Vec<Tri> = (0..6).map(|leaf| tri(leaf, point)).collect();
            let want = eval(&term, &leaves);
            let id = PrincipalId::new(point);
            prop_assert_eq!(degree(set.sure().contains(id), set.poss().contains(id)), want);
            let id = point as u16;
            prop_assert_eq!(degree(row.sure().contains(id), row.poss().contains(id)), want);
        }
    }
}

/// What a point's truth is in each of eight cases, as bits: the residual that the bounds are bounds of.
fn residual(term: &Term, leaves: &[u8]) -> u8 {
    match term {
        Term::Leaf(i) => leaves[*i],
        Term::And(a, b) => residual(a, leaves) & residual(b, leaves),
        Term::Or(a, b) => residual(a, leaves) | residual(b, leaves),
        Term::Minus(a, b) => residual(a, leaves) & !residual(b, leaves),
    }
}

proptest! {
    #[test]
    fn what_is_sure_possible_and_varying_bounds_the_residual(
        term in term(),
        // By leaf and point: its truth in eight cases, and how much of it the leaf tells.
        leaves in prop::collection::vec(prop::collection::vec((any::<u8>(), 0u8..8), usize::from(LEN)), 4),
    ) {
        let truth = |leaf: usize, point: usize| match leaf {
            4 => 0,
            5 => u8::MAX,
            // A third of the points is certain.
            _ => match leaves[leaf][point] { (_, 0) => 0, (_, 1) => u8::MAX, (cases, _) => cases },
        };
        let told = |leaf: usize, point: usize| leaves.get(leaf).map_or(7, |told| told[point].1);
        let row = |holds: &dyn Fn(usize) -> bool| {
            let ranges = (0..usize::from(LEN)).filter(|&p| holds(p)).map(|p| (p as u16, p as u16 + 1)).collect();
            Row::from_intervals(&Intervals::from_ranges(ranges), LEN)
        };
        let values: Vec<PermissionSet> = (0..6)
            .map(|leaf| {
                let sure = |p: usize| truth(leaf, p) == u8::MAX && told(leaf, p) != 2;
                let poss = |p: usize| truth(leaf, p) != 0 || told(leaf, p) == 3;
                let open = |p: usize| truth(leaf, p) != 0 && told(leaf, p) >= 5;
                let partly = |p: usize| truth(leaf, p) != u8::MAX && told(leaf, p) % 2 == 0;
                let value = Kleene::between(row(&sure), row(&poss));
                if leaf < 3 { value.varying(row(&open), row(&partly)) } else { value }
            })
            .collect();
        let found = eval(&term, &values);
        for point in 0..usize::from(LEN) {
            let cases: Vec<u8> = (0..6).map(|leaf| truth(leaf, point)).collect();
            let want = residual(&term, &cases);
            let id = point as u16;
            let (sure, poss) = (found.sure().contains(id), found.poss().contains(id));
            let open = found.open().is_some_and(|open| open.contains(id));
            prop_assert!(!sure || want == u8::MAX, "sure, and the residual is not always");
            prop_assert!(want == 0 || poss, "the residual is not never, and yet not possible");
            let partly = found.partly().is_some_and(|partly| partly.contains(id));
            prop_assert!(!open || want != 0, "open, and the residual is never");
            prop_assert!(!partly || want != u8::MAX, "false in some case, and the residual is always");
            prop_assert!(poss || !sure && !open, "sure and open are within possible");
        }
    }
}
