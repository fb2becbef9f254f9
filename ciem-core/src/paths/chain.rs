//! What a principal becomes over several steps: for each one reached the surest chain, and of these the shortest.

use super::graph::{Edge, Node};
use crate::access::decide::Verdict;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use petgraph::graph::{DiGraph, EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Unknown steps, steps under a condition, steps.
type Cost = (u64, u64, u64);

/// What is known of a principal: the cost of the best chain so far, and its last step.
type Best = HashMap<NodeIndex, (Cost, EdgeIndex), RandomState>;

/// The steps from `source` to each principal that is best reached over more than one.
pub(super) fn chains(graph: &DiGraph<Node, Edge>, source: NodeIndex) -> Vec<Vec<EdgeIndex>> {
    let best = search(graph, source);
    let mut found: Vec<Vec<EdgeIndex>> =
        best.iter().filter(|(_, (cost, _))| cost.2 > 1).map(|(&to, _)| steps_to(graph, &best, to)).collect();
    found.sort_unstable();
    found
}

fn search(graph: &DiGraph<Node, Edge>, source: NodeIndex) -> Best {
    let mut best = Best::default();
    // Of equal chains the one over the first principals counts, whatever else was asked about.
    let mut open = BinaryHeap::from([Reverse(((0, 0, 0), graph[source], source))]);
    while let Some(Reverse((cost, _, from))) = open.pop() {
        if best.get(&from).is_some_and(|&(known, _)| known < cost) {
            continue;
        }
        for edge in graph.edges(from).filter(|edge| edge.weight().is_step()) {
            let to = edge.target();
            let cost = after(cost, edge.weight().needs.verdict);
            if to != source && best.get(&to).is_none_or(|&(known, _)| cost < known) {
                best.insert(to, (cost, edge.id()));
                open.push(Reverse((cost, graph[to], to)));
            }
        }
    }
    best
}

fn after((unknown, conditional, steps): Cost, verdict: Verdict) -> Cost {
    match verdict {
        Verdict::Allow => (unknown, conditional, steps + 1),
        Verdict::Conditional => (unknown, conditional + 1, steps + 1),
        Verdict::Unknown | Verdict::Deny => (unknown + 1, conditional, steps + 1),
    }
}

fn steps_to(graph: &DiGraph<Node, Edge>, best: &Best, to: NodeIndex) -> Vec<EdgeIndex> {
    let mut steps = Vec::new();
    let mut at = to;
    while let Some(&(_, step)) = best.get(&at) {
        steps.push(step);
        let Some((from, _)) = graph.edge_endpoints(step) else { break };
        at = from;
    }
    steps.reverse();
    steps
}
