//! The patterns that can be part of a shortest list, and what each of them matches.

use super::names::{around, free, free_at};
use super::search::{Bits, Problem, solve};
use super::{Cost, Cover, Mark, NameSet, Nodes};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Kind {
    Name,
    Head,
    Tail,
    Middle,
}

/// A pattern by a name that it matches, and the part of that name which it has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    kind: Kind,
    name: usize,
    start: usize,
    end: usize,
}

impl NameSet {
    /// The shortest list with names, heads, tails and middles.
    pub(super) fn any(&self, marks: &[Mark], surcharge: usize, nodes: &mut Nodes) -> Cover {
        let wanted: Vec<usize> = (0..self.len()).filter(|at| marks.get(*at) == Some(&Mark::Wanted)).collect();
        if wanted.is_empty() {
            return Cover { patterns: Vec::new(), optimal: true };
        }
        // By name: its number among the wanted ones.
        let mut number = vec![usize::MAX; self.len()];
        for (index, &name) in wanted.iter().enumerate() {
            if let Some(number) = number.get_mut(name) {
                *number = index;
            }
        }
        let mut collector = Collector {
            set: self,
            marks,
            number,
            wanted: &wanted,
            surcharge,
            single: Vec::new(),
            problem: Problem::new(wanted.len()),
            kept: Vec::new(),
        };
        collector.names();
        collector.heads();
        collector.tails();
        collector.middles();
        let Collector { problem, kept, .. } = collector.finished();
        let solution = solve(&problem, nodes);
        let chosen = solution.chosen.iter().filter_map(|&at| kept.get(at));
        Cover { patterns: chosen.map(|candidate| self.text(*candidate)).collect(), optimal: solution.optimal }
    }

    fn text(&self, candidate: Candidate) -> String {
        let part = self.name(candidate.name).get(candidate.start..candidate.end).unwrap_or("");
        match candidate.kind {
            Kind::Name => part.to_owned(),
            Kind::Head => format!("{part}*"),
            Kind::Tail => format!("*{part}"),
            Kind::Middle => format!("*{part}*"),
        }
    }
}

struct Collector<'a> {
    set: &'a NameSet,
    marks: &'a [Mark],
    number: Vec<usize>,
    wanted: &'a [usize],
    surcharge: usize,
    /// By wanted name: the cheapest pattern that matches no other one.
    single: Vec<(Cost, Candidate)>,
    problem: Problem,
    kept: Vec<Candidate>,
}

impl Collector<'_> {
    fn is(&self, name: usize, mark: Mark) -> bool {
        self.marks.get(name).copied().unwrap_or_default() == mark
    }

    fn number(&self, name: usize) -> Option<usize> {
        self.number.get(name).copied().filter(|&number| number != usize::MAX)
    }

    fn cost(&self, candidate: Candidate) -> Cost {
        let stars = match candidate.kind {
            Kind::Name => 0,
            Kind::Head | Kind::Tail => 1,
            Kind::Middle => 2,
        };
        Cost::of(candidate.end - candidate.start + stars + self.surcharge)
    }

    /// Adds a pattern unless the names that it matches are cheaper alone.
    fn add(&mut self, candidate: Candidate, matched: impl Iterator<Item = usize> + Clone) {
        let cost = self.cost(candidate);
        let mut numbers = matched.clone().filter_map(|name| self.number(name));
        let Some(first) = numbers.next() else { return };
        if numbers.all(|number| number == first) {
            if let Some(best) = self.single.get_mut(first).filter(|(known, _)| cost < *known) {
                *best = (cost, candidate);
            }
            return;
        }
        let mut bits = Bits::none(self.wanted.len());
        let mut alone = Cost::default();
        for number in matched.filter_map(|name| self.number(name)) {
            if bits.insert(number) {
                let (known, _) = self.single.get(number).copied().unwrap_or((Cost::default(), candidate));
                alone = alone.plus(known);
            }
        }
        if alone > cost {
            self.problem.add(cost, bits);
            self.kept.push(candidate);
        }
    }

    /// Names alone are what all else is held against.
    fn names(&mut self) {
        for &name in self.wanted {
            let candidate = Candidate { kind: Kind::Name, name, start: 0, end: self.set.name(name).len() };
            self.single.push((self.cost(candidate), candidate));
        }
    }

    fn finished(mut self) -> Self {
        for (number, (cost, candidate)) in std::mem::take(&mut self.single).into_iter().enumerate() {
            let mut bits = Bits::none(self.wanted.len());
            bits.insert(number);
            self.problem.add(cost, bits);
            self.kept.push(candidate);
        }
        self
    }

    fn heads(&mut self) {
        let free = self.set.free_heads(self.marks);
        let mut done = 0;
        for &name in self.wanted {
            let end = free.get(name).copied().unwrap_or(usize::MAX);
            if name < done || self.set.name(name).get(..end).is_none() {
                continue;
            }
            let group = self.set.beginning_with(name, end);
            done = group.end;
            self.add(Candidate { kind: Kind::Head, name, start: 0, end }, group);
        }
    }

    fn tails(&mut self) {
        let order = self.set.tails();
        let name_at = |at: usize| order.parts.get(at).map_or(usize::MAX, |part| usize::from(part.0));
        let free = free(&order.shared, |at| self.is(name_at(at), Mark::Forbidden));
        let mut done = 0;
        for (at, length) in free.into_iter().enumerate() {
            let name = name_at(at);
            let end = self.set.name(name).len();
            let Some(start) = end.checked_sub(length) else { continue };
            if at < done || length == 0 || self.number(name).is_none() {
                continue;
            }
            let group = around(&order.shared, at, length);
            done = group.end;
            self.add(Candidate { kind: Kind::Tail, name, start, end }, group.map(name_at));
        }
    }

    fn middles(&mut self) {
        let order = self.set.middles();
        let name_at = |at: usize| order.parts.get(at).map_or(usize::MAX, |part| usize::from(part.0));
        let forbidden = |at: usize| self.is(name_at(at), Mark::Forbidden);
        // Few wanted names: only what stands around their parts is looked at.
        let places: Vec<(usize, usize)> = if self.wanted.len() * 3 < self.set.len() {
            let mut places: Vec<usize> = self.wanted.iter().flat_map(|&name| self.set.places(name)).collect();
            places.sort_unstable();
            places.into_iter().map(|at| (at, free_at(&order.shared, at, forbidden))).collect()
        } else {
            free(&order.shared, forbidden).into_iter().enumerate().collect()
        };
        let mut done = 0;
        for (at, length) in places {
            if at < done {
                continue;
            }
            let Some(&(name, start)) = order.parts.get(at) else { continue };
            let (name, start) = (usize::from(name), usize::from(start));
            let end = start.saturating_add(length);
            if length == 0 || end > self.set.name(name).len() || self.number(name).is_none() {
                continue;
            }
            let group = around(&order.shared, at, length);
            done = group.end;
            self.add(Candidate { kind: Kind::Middle, name, start, end }, group.map(name_at));
        }
    }
}
