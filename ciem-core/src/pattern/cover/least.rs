//! Sets of a given stock that together have all that is wanted.

use super::search::{Bits, Problem, solve};
use super::{Cost, Nodes};

/// What a choice of sets comes to.
#[derive(Debug)]
pub(crate) struct Choice {
    /// Numbers of the sets.
    pub(crate) chosen: Vec<usize>,
    /// Whether there is provably no cheaper one.
    pub(crate) optimal: bool,
    /// Fewer sets do not suffice, whatever they cost.
    pub(crate) lower_bound: usize,
}

/// The cheapest sets that together have all elements, and of these the fewest; sets come with their cost. `None` where an
/// element is in no set.
pub(crate) fn cheapest(elements: usize, sets: &[(u32, Vec<usize>)], nodes: &mut Nodes) -> Option<Choice> {
    let (mut dear, mut alike) = (Problem::new(elements), Problem::new(elements));
    let mut of: Vec<Vec<usize>> = vec![Vec::new(); elements];
    for (number, (cost, list)) in sets.iter().enumerate() {
        let mut bits = Bits::none(elements);
        for &element in list {
            bits.insert(element);
            of.get_mut(element)?.push(number);
        }
        alike.add(Cost(Cost::ONE_PATTERN), bits.clone());
        dear.add(Cost::of(*cost as usize), bits);
    }
    if of.iter().any(Vec::is_empty) {
        return None;
    }
    let solution = solve(&dear, nodes);
    let fewest = solve(&alike, nodes);
    let lower_bound = if fewest.optimal { fewest.chosen.len() } else { apart(&of, sets.len()) };
    Some(Choice { chosen: solution.chosen, optimal: solution.optimal, lower_bound })
}

/// How many elements there are no two of which share a set: each needs one of its own.
fn apart(of: &[Vec<usize>], sets: usize) -> usize {
    let mut order: Vec<&Vec<usize>> = of.iter().collect();
    order.sort_by_key(|own| own.len());
    let mut met = vec![false; sets];
    let mut count = 0;
    for own in order {
        if own.iter().all(|set| met.get(*set) == Some(&false)) {
            count += 1;
            for &set in own {
                met.get_mut(set).into_iter().for_each(|met| *met = true);
            }
        }
    }
    count
}
