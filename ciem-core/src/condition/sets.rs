//! Keys with several values: functions of the set of kinds that the values lie in.

use super::describe::{self, Leaf};
use super::expr::Expr;
use super::fold;
use super::key::Key;
use super::operator::Prefix;
use super::render::{null, test};
use super::table::{Cube, Table, all_states};
use super::variable::Variable;

/// Whether something holds, for every set of kinds; the empty set is absence.
pub(super) struct SetFunction<'a> {
    pub(super) variable: &'a Variable<'a>,
    pub(super) key: &'a Key,
    /// The classes of each kind.
    pub(super) kinds: &'a [Vec<usize>],
    pub(super) holds: Vec<bool>,
}

/// Kinds that the function does not tell apart, as bits.
type Block = usize;

impl SetFunction<'_> {
    /// `None` if some part cannot be written as tests of the whole set.
    pub(super) fn render(&self) -> Option<Expr> {
        let everything: usize = (1 << self.kinds.len()) - 1;
        let holds = |set: usize| self.holds.get(set).copied().unwrap_or(false);
        let absent = holds(0);
        let inside: usize = (0..self.kinds.len()).map(|kind| 1 << kind).filter(|set| holds(*set)).sum();
        let sets = 1..=everything;
        if inside == everything && sets.clone().all(holds) {
            return if absent { Some(Expr::Always) } else { null(self.key, false) };
        }
        if inside == 0 && !sets.clone().any(holds) {
            return if absent { null(self.key, true) } else { Some(Expr::Never) };
        }
        if sets.clone().all(|set| holds(set) == (set & inside != 0)) {
            return self.some_of(inside, absent);
        }
        if sets.clone().all(|set| holds(set) == (set & !inside == 0)) {
            let all = self.none_of(everything & !inside)?;
            return if absent { Some(all) } else { Some(fold::all(vec![all, null(self.key, false)?])) };
        }
        let (blocks, table) = self.merge_kinds();
        let primes = table.primes()?;
        let cover = table.cover(primes, |cube| self.cube(cube, &blocks, everything));
        // `Any a or any b` is `any a or b`: one test.
        let (lone, others): (Vec<Cube>, Vec<Cube>) = cover.into_iter().partition(is_lone);
        let lone: usize = lone.iter().map(|cube| parts(cube, &blocks).0.into_iter().sum::<usize>()).sum();
        let mut any: Vec<Expr> =
            others.iter().map(|cube| self.cube(cube, &blocks, everything)).collect::<Option<_>>()?;
        if lone != 0 {
            any.push(self.some_of(lone, false)?);
        }
        Some(fold::any(any))
    }

    /// Merges kinds that the function does not tell apart, and tabulates it over what remains.
    fn merge_kinds(&self) -> (Vec<Block>, Table) {
        let holds = |set: usize| self.holds.get(set).copied().unwrap_or(false);
        let alike = |left: usize, right: usize| {
            (0..self.holds.len()).filter(|set| set & left != 0 && set & right == 0).all(|set| {
                let without = set & !left;
                holds(set) == holds(without | right) && holds(set) == holds(set | right)
            })
        };
        let mut blocks: Vec<(usize, Block)> = Vec::new();
        for kind in (0..self.kinds.len()).map(|kind| 1usize << kind) {
            match blocks.iter_mut().find(|(first, _)| alike(*first, kind)) {
                Some((_, block)) => *block |= kind,
                None => blocks.push((kind, kind)),
            }
        }
        let size = blocks.len();
        let set_of = |place: usize| {
            let chosen = blocks.iter().enumerate().filter(|(index, _)| place >> (size - 1 - index) & 1 == 1);
            chosen.map(|(_, (first, _))| *first).sum()
        };
        let bits = (0..1usize << size).map(|place| holds(set_of(place))).collect();
        (blocks.into_iter().map(|(_, block)| block).collect(), Table { dims: vec![2; size], bits })
    }

    fn cube(&self, cube: &Cube, blocks: &[Block], everything: usize) -> Option<Expr> {
        let (some, none) = parts(cube, blocks);
        let none: usize = none.into_iter().sum();
        let mut all = Vec::with_capacity(some.len() + 1);
        for block in some {
            all.push(if block == everything { null(self.key, false)? } else { self.some_of(block, false)? });
        }
        if none != 0 {
            all.push(if none == everything { null(self.key, true)? } else { self.none_of(none)? });
        }
        Some(fold::all(all))
    }

    /// Some value lies in these kinds; or, if `absent`, there is no value.
    fn some_of(&self, kinds: usize, absent: bool) -> Option<Expr> {
        let chosen = self.classes(kinds, true);
        if !self.variable.has_invalid(&chosen)
            && let Some(leaves) = self.single_leaves(&chosen, true)
        {
            let tests = leaves.into_iter().map(|leaf| test(self.key, Prefix::Any, leaf, absent));
            return Some(fold::any(tests.collect::<Option<_>>()?));
        }
        let some = self.every_value(&self.classes(kinds, false))?.not();
        if absent { Some(fold::any(vec![some, null(self.key, true)?])) } else { Some(some) }
    }

    /// No value lies in these kinds.
    fn none_of(&self, kinds: usize) -> Option<Expr> {
        match self.every_value(&self.classes(kinds, false)) {
            Some(expr) => Some(expr),
            None => {
                let chosen = self.classes(kinds, true);
                let leaves =
                    self.single_leaves(&chosen, true).filter(|_| !self.variable.has_invalid(&chosen))?;
                let tests = leaves.into_iter().map(|leaf| test(self.key, Prefix::Any, leaf, false));
                Some(fold::any(tests.collect::<Option<_>>()?).not())
            }
        }
    }

    /// Every value lies in the chosen classes.
    fn every_value(&self, chosen: &[bool]) -> Option<Expr> {
        if self.variable.has_invalid(chosen) {
            return None;
        }
        let leaves = self.single_leaves(chosen, false)?;
        let tests = leaves.into_iter().map(|leaf| test(self.key, Prefix::All, leaf, false));
        Some(fold::all(tests.collect::<Option<_>>()?))
    }

    /// Leaves of which any (else all) must accept a value: only so does a test of the whole set follow from tests of
    /// each value.
    fn single_leaves(&self, chosen: &[bool], any: bool) -> Option<Vec<Leaf>> {
        let mut leaves = describe::describe(&self.variable.space, &self.variable.classes, chosen)?;
        if any {
            leaves.iter().all(|all| all.len() == 1).then(|| leaves.into_iter().flatten().collect())
        } else if leaves.len() == 1 {
            leaves.pop()
        } else {
            None
        }
    }

    /// The classes inside the kinds, or those outside.
    fn classes(&self, kinds: usize, inside: bool) -> Vec<bool> {
        let mut chosen = vec![!inside; self.variable.classes.len()];
        for (_, classes) in self.kinds.iter().enumerate().filter(|(kind, _)| kinds >> kind & 1 == 1) {
            for class in classes {
                if let Some(place) = chosen.get_mut(*class) {
                    *place = inside;
                }
            }
        }
        chosen
    }
}

/// The blocks that must occur and those that must not.
fn parts(cube: &Cube, blocks: &[Block]) -> (Vec<Block>, Vec<Block>) {
    let with = |states: u128| {
        cube.iter().zip(blocks).filter(move |(own, _)| **own == states).map(|(_, block)| *block).collect()
    };
    (with(0b10), with(0b01))
}

/// Whether the cube asks for one block and for nothing else.
fn is_lone(cube: &Cube) -> bool {
    cube.iter().filter(|states| **states == 0b10).count() == 1
        && !cube.contains(&0b01)
        && cube.iter().all(|states| *states == 0b10 || *states == all_states(2))
}
