//! Weighted set cover: reductions that lose nothing, then branch and bound on each independent part.

use super::{Cost, Nodes};

/// A set of elements. Most problems have few: the first 64 need no memory of their own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Bits {
    first: u64,
    rest: Vec<u64>,
}

impl Bits {
    pub(super) fn none(len: usize) -> Bits {
        Bits { first: 0, rest: vec![0; len.div_ceil(64).saturating_sub(1)] }
    }

    fn word(&mut self, at: usize) -> Option<&mut u64> {
        match (at / 64).checked_sub(1) {
            None => Some(&mut self.first),
            Some(word) => self.rest.get_mut(word),
        }
    }

    fn words(&self) -> impl Iterator<Item = u64> + '_ {
        std::iter::once(self.first).chain(self.rest.iter().copied())
    }

    /// Whether it is new.
    pub(super) fn insert(&mut self, at: usize) -> bool {
        let Some(word) = self.word(at) else { return false };
        let bit = 1 << (at % 64);
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    fn contains(&self, at: usize) -> bool {
        let word = match (at / 64).checked_sub(1) {
            None => self.first,
            Some(word) => self.rest.get(word).copied().unwrap_or(0),
        };
        word >> (at % 64) & 1 == 1
    }

    fn remove(&mut self, at: usize) {
        if let Some(word) = self.word(at) {
            *word &= !(1 << (at % 64));
        }
    }

    fn minus(&mut self, other: &Bits) {
        self.first &= !other.first;
        self.rest.iter_mut().zip(&other.rest).for_each(|(a, b)| *a &= !b);
    }

    fn and(&mut self, other: &Bits) {
        self.first &= other.first;
        self.rest.iter_mut().zip(&other.rest).for_each(|(a, b)| *a &= b);
    }

    /// Whether what both have in common with `within` is more in `self` or the same.
    fn includes_within(&self, other: &Bits, within: &Bits) -> bool {
        self.words().zip(other.words()).zip(within.words()).all(|((a, b), within)| b & within & !a == 0)
    }

    fn common(&self, other: &Bits) -> usize {
        self.words().zip(other.words()).map(|(a, b)| (a & b).count_ones() as usize).sum()
    }

    fn is_empty(&self) -> bool {
        self.words().all(|word| word == 0)
    }

    fn ones(&self) -> impl Iterator<Item = usize> + '_ {
        self.words().enumerate().flat_map(|(at, word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros() as usize)?;
                rest &= rest - 1;
                Some(at * 64 + bit)
            })
        })
    }
}

/// Elements, each of them in at least one set, and sets with a cost.
#[derive(Debug)]
pub(super) struct Problem {
    elements: usize,
    sets: Vec<(Cost, Bits)>,
}

#[derive(Debug)]
pub(super) struct Solution {
    /// Numbers of sets.
    pub(super) chosen: Vec<usize>,
    pub(super) optimal: bool,
}

impl Problem {
    pub(super) fn new(elements: usize) -> Problem {
        Problem { elements, sets: Vec::new() }
    }

    pub(super) fn add(&mut self, cost: Cost, set: Bits) {
        self.sets.push((cost, set));
    }
}

/// The cheapest sets that together have all elements, proven within the budget of nodes.
pub(super) fn solve(problem: &Problem, nodes: &mut Nodes) -> Solution {
    let mut work = Work::new(problem);
    work.reduce();
    let mut solution = Solution { chosen: std::mem::take(&mut work.chosen), optimal: true };
    for part in work.parts() {
        let mut search = Search::new(problem, &work, part);
        search.run(nodes);
        solution.optimal &= search.complete;
        solution.chosen.extend(search.best);
    }
    solution.chosen.sort_unstable();
    solution
}

/// What is left to decide.
struct Work<'a> {
    problem: &'a Problem,
    /// By element: the live sets that have it.
    of: Vec<Vec<usize>>,
    live: Vec<bool>,
    /// Elements that no chosen set has, and that are not had along with others.
    open: Bits,
    chosen: Vec<usize>,
}

impl<'a> Work<'a> {
    fn new(problem: &'a Problem) -> Self {
        let mut of = vec![Vec::new(); problem.elements];
        let mut open = Bits::none(problem.elements);
        for (number, (_, set)) in problem.sets.iter().enumerate() {
            for element in set.ones() {
                open.insert(element);
                if let Some(list) = of.get_mut(element) {
                    list.push(number);
                }
            }
        }
        Work { problem, of, live: vec![true; problem.sets.len()], open, chosen: Vec::new() }
    }

    fn set(&self, number: usize) -> (Cost, &'a Bits) {
        static NOTHING: Bits = Bits { first: 0, rest: Vec::new() };
        self.problem.sets.get(number).map_or((Cost::default(), &NOTHING), |(cost, set)| (*cost, set))
    }

    fn list(&self, element: usize) -> impl Iterator<Item = usize> + '_ {
        let live = |number: &usize| self.live.get(*number).copied().unwrap_or(false);
        self.of.get(element).into_iter().flatten().copied().filter(live)
    }

    fn choose(&mut self, number: usize) {
        self.chosen.push(number);
        self.open.minus(self.set(number).1);
    }

    fn reduce(&mut self) {
        // Each round makes what the next one looks at smaller; what little a further round would find, the search does.
        for _ in 0..4 {
            let changed = self.drop_sets() | self.drop_elements() | self.take_forced();
            if !changed {
                break;
            }
        }
    }

    /// Sets that another one replaces at no higher cost.
    fn drop_sets(&mut self) -> bool {
        let mut changed = false;
        for number in 0..self.problem.sets.len() {
            if self.live.get(number) != Some(&true) {
                continue;
            }
            let (cost, set) = self.set(number);
            let mut left = set.clone();
            left.and(&self.open);
            // Whatever replaces it has its rarest element too.
            let rarest = left.ones().min_by_key(|&element| self.of.get(element).map_or(0, Vec::len));
            let replaced = rarest.is_none_or(|rarest| {
                self.list(rarest).any(|other| {
                    let (other_cost, other_set) = self.set(other);
                    other != number
                        && (other_cost, other) < (cost, number)
                        && other_set.includes_within(set, &self.open)
                })
            });
            if replaced && let Some(live) = self.live.get_mut(number) {
                *live = false;
                changed = true;
            }
        }
        changed
    }

    /// Elements that come along with another one, whichever set has that.
    fn drop_elements(&mut self) -> bool {
        let mut changed = false;
        for element in 0..self.problem.elements {
            if !self.open.contains(element) {
                continue;
            }
            let mut along = self.open.clone();
            self.list(element).for_each(|number| along.and(self.set(number).1));
            along.remove(element);
            if !along.is_empty() {
                self.open.minus(&along);
                changed = true;
            }
        }
        changed
    }

    /// Sets that alone have an element.
    fn take_forced(&mut self) -> bool {
        let mut changed = false;
        for element in 0..self.problem.elements {
            if !self.open.contains(element) {
                continue;
            }
            let mut list = self.list(element);
            if let (Some(only), None) = (list.next(), list.next()) {
                drop(list);
                self.choose(only);
                changed = true;
            }
        }
        changed
    }

    /// Open elements in groups that no live set joins.
    fn parts(&self) -> Vec<Vec<usize>> {
        let mut rest = self.open.clone();
        let mut parts = Vec::new();
        for first in self.open.ones() {
            if !rest.contains(first) {
                continue;
            }
            rest.remove(first);
            let mut part = vec![first];
            let mut at = 0;
            while let Some(&element) = part.get(at) {
                at += 1;
                for number in self.list(element) {
                    let mut joined = self.set(number).1.clone();
                    joined.and(&rest);
                    rest.minus(&joined);
                    part.extend(joined.ones());
                }
            }
            part.sort_unstable();
            parts.push(part);
        }
        parts
    }
}

/// Branch and bound on one part.
struct Search<'w, 'a> {
    work: &'w Work<'a>,
    /// Sets of the part.
    sets: Vec<usize>,
    all: Bits,
    banned: Vec<bool>,
    taken: Vec<usize>,
    best: Vec<usize>,
    best_cost: Cost,
    complete: bool,
    /// What is left of each set's cost while a bound is computed.
    left: Vec<u64>,
}

impl<'w, 'a> Search<'w, 'a> {
    fn new(problem: &Problem, work: &'w Work<'a>, part: Vec<usize>) -> Self {
        let mut all = Bits::none(problem.elements);
        let mut sets: Vec<usize> = Vec::new();
        for &element in &part {
            all.insert(element);
            sets.extend(work.list(element));
        }
        sets.sort_unstable();
        sets.dedup();
        Search {
            work,
            sets,
            all,
            banned: vec![false; problem.sets.len()],
            taken: Vec::new(),
            best: Vec::new(),
            best_cost: Cost(u64::MAX),
            complete: true,
            left: vec![0; problem.sets.len()],
        }
    }

    fn run(&mut self, nodes: &mut Nodes) {
        self.greedy();
        let all = self.all.clone();
        self.descend(&all, Cost::default(), nodes);
    }

    fn list(&self, element: usize) -> impl Iterator<Item = usize> + '_ {
        self.work.list(element).filter(|&number| self.banned.get(number) == Some(&false))
    }

    /// The best bargain again and again, without what turns out not to be needed.
    fn greedy(&mut self) {
        let mut open = self.all.clone();
        let mut chosen: Vec<usize> = Vec::new();
        while !open.is_empty() {
            let bargain = |&number: &usize| {
                let (cost, set) = self.work.set(number);
                let gain = set.common(&open) as u64;
                // Cost for each element, rounded down; without gain it is no bargain at all.
                (cost.0.checked_div(gain).unwrap_or(u64::MAX), cost, number)
            };
            let Some(best) = self.sets.iter().copied().min_by_key(bargain) else { break };
            let set = self.work.set(best).1;
            if set.common(&open) == 0 {
                break;
            }
            open.minus(set);
            chosen.push(best);
        }
        chosen.sort_by_key(|&number| std::cmp::Reverse((self.work.set(number).0, number)));
        let mut kept: Vec<usize> = chosen.clone();
        for number in chosen {
            let mut rest = self.all.clone();
            kept.iter()
                .filter(|&&other| other != number)
                .for_each(|&other| rest.minus(self.work.set(other).1));
            if rest.is_empty() {
                kept.retain(|&other| other != number);
            }
        }
        self.best_cost = kept.iter().fold(Cost::default(), |sum, &number| sum.plus(self.work.set(number).0));
        self.best = kept;
    }

    /// What the open elements cost at least: each pays what is left of the cheapest set that has it.
    fn bound(&mut self, open: &Bits) -> Cost {
        for &number in &self.sets {
            if let Some(left) = self.left.get_mut(number) {
                *left = self.work.set(number).0.0;
            }
        }
        let mut order: Vec<(usize, usize)> =
            open.ones().map(|element| (self.list(element).count(), element)).collect();
        order.sort_unstable();
        let mut bound = 0_u64;
        for (_, element) in order {
            let left = |number: usize| self.left.get(number).copied().unwrap_or(0);
            let Some(pays) = self.list(element).map(left).min() else { return Cost(u64::MAX) };
            bound = bound.saturating_add(pays);
            let paid: Vec<usize> = self.list(element).collect();
            for number in paid {
                if let Some(left) = self.left.get_mut(number) {
                    *left -= pays;
                }
            }
        }
        Cost(bound)
    }

    fn descend(&mut self, open: &Bits, cost: Cost, nodes: &mut Nodes) {
        if open.is_empty() {
            if cost < self.best_cost {
                self.best_cost = cost;
                self.best.clone_from(&self.taken);
            }
            return;
        }
        if cost.plus(self.bound(open)) >= self.best_cost {
            return;
        }
        if nodes.0 == 0 {
            self.complete = false;
            return;
        }
        nodes.0 -= 1;
        let rarest = open.ones().min_by_key(|&element| (self.list(element).count(), element));
        let Some(rarest) = rarest else { return };
        let mut tried: Vec<usize> = self.list(rarest).collect();
        tried.sort_by_key(|&number| {
            let (cost, set) = self.work.set(number);
            (cost.0.checked_div(set.common(open) as u64).unwrap_or(u64::MAX), number)
        });
        for &number in &tried {
            let (price, set) = self.work.set(number);
            let mut rest = open.clone();
            rest.minus(set);
            self.taken.push(number);
            self.descend(&rest, cost.plus(price), nodes);
            self.taken.pop();
            // From here on: solutions without it.
            if let Some(banned) = self.banned.get_mut(number) {
                *banned = true;
            }
        }
        for number in tried {
            if let Some(banned) = self.banned.get_mut(number) {
                *banned = false;
            }
        }
    }
}
