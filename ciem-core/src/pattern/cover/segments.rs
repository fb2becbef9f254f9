//! The shortest list of names, and of heads and tails of whole segments: patterns with one star, before or behind a `/`.
//!
//! Of the heads of a name that no other name has the shortest one matches all that a longer one matches, and so it is with
//! tails. So a name has at most one head and one tail that can be of use, and names that have the same two are one element
//! of a weighted set cover, which `search` solves.

use super::search::{Bits, Problem, solve};
use super::{Cost, Cover, Mark, NameSet, Nodes};
use foldhash::fast::RandomState;
use hashbrown::HashSet;
use std::collections::BTreeMap;

/// The beginning or the end of a name, in lower case.
type End<'a> = (bool, &'a [u8]);

impl NameSet {
    pub(super) fn segments(&self, marks: &[Mark], surcharge: usize, nodes: &mut Nodes) -> Cover {
        let is_wanted = |name: &usize| marks.get(*name) == Some(&Mark::Wanted);
        let mut taken: HashSet<End<'_>, RandomState> = HashSet::default();
        for name in (0..self.len()).filter(|name| !is_wanted(name)) {
            taken.extend(heads(self.lower(name)).chain(tails(self.lower(name))));
        }
        // Names by the head and the tail that each has for itself.
        let mut groups: BTreeMap<[Option<End<'_>>; 2], Vec<usize>> = BTreeMap::new();
        for name in (0..self.len()).filter(is_wanted) {
            let lower = self.lower(name);
            let free = |end: &End<'_>| !taken.contains(end);
            let ends = [heads(lower).find(free), tails(lower).find(free)];
            groups.entry(ends).or_default().push(name);
        }
        let mut problem = Problem::new(groups.len());
        let mut patterns: Vec<Vec<String>> = Vec::new();
        let firsts: Vec<usize> = groups.values().filter_map(|names| names.first().copied()).collect();
        let mut by_end: BTreeMap<End<'_>, (Vec<usize>, usize)> = BTreeMap::new();
        for (element, (ends, names)) in groups.iter().enumerate() {
            for end in ends.iter().flatten() {
                let (elements, count) = by_end.entry(*end).or_default();
                elements.push(element);
                *count += names.len();
            }
            let mut bits = Bits::none(groups.len());
            bits.insert(element);
            let cost = |name: &usize| Cost::of(self.name(*name).len() + surcharge);
            problem.add(names.iter().map(cost).fold(Cost::default(), Cost::plus), bits);
            patterns.push(names.iter().map(|name| self.name(*name).to_owned()).collect());
        }
        // A single name with a star is a right to whatever comes to be like it.
        for (end, (elements, _)) in by_end.into_iter().filter(|(_, (_, count))| *count > 1) {
            let (is_tail, text) = end;
            let mut bits = Bits::none(groups.len());
            let one = elements.first().and_then(|element| firsts.get(*element));
            for &element in &elements {
                bits.insert(element);
            }
            let whole = one.map_or("", |name| self.name(*name));
            let written = if is_tail {
                whole.len().checked_sub(text.len()).and_then(|start| whole.get(start..))
            } else {
                whole.get(..text.len())
            };
            let Some(written) = written else { continue };
            problem.add(Cost::of(written.len() + 1 + surcharge), bits);
            patterns.push(vec![if is_tail { format!("*{written}") } else { format!("{written}*") }]);
        }
        let solution = solve(&problem, nodes);
        let chosen = solution.chosen.iter().filter_map(|&at| patterns.get(at)).flatten().cloned();
        Cover { patterns: chosen.collect(), optimal: solution.optimal }
    }
}

/// Beginnings that end with a `/`, the shortest first.
fn heads(name: &[u8]) -> impl Iterator<Item = End<'_>> {
    let slashes = name.iter().enumerate().filter(|(_, byte)| **byte == b'/');
    slashes.filter_map(|(at, _)| Some((false, name.get(..=at)?)))
}

/// Ends that begin with a `/`, the shortest first.
fn tails(name: &[u8]) -> impl Iterator<Item = End<'_>> {
    let slashes = name.iter().enumerate().rev().filter(|(_, byte)| **byte == b'/');
    slashes.filter_map(|(at, _)| Some((true, name.get(at..)?)))
}
