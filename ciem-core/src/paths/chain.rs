//! What a principal becomes over several steps: for each one reached the surest chain, and of these the shortest.

use super::graph::{Edge, Node};
use super::needs::rank;
use crate::access::decide::Verdict;
use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};
use petgraph::graph::{DiGraph, EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;
use std::collections::VecDeque;

/// The steps from `source` to each principal that is best reached over more than one, by the order of discovery.
pub(super) fn chains(graph: &DiGraph<Node, Edge>, source: NodeIndex) -> Vec<Vec<EdgeIndex>> {
    let mut done: HashSet<NodeIndex, RandomState> = HashSet::from_iter([source]);
    let mut found = Vec::new();
    // What sure steps reach needs no others; a doubtful step is looked at only for what is left.
    for most in [Verdict::Allow, Verdict::Conditional, Verdict::Unknown] {
        let (last, order) = search(graph, source, most);
        for to in order {
            if done.insert(to) {
                let steps = steps_to(graph, &last, to);
                if steps.len() > 1 {
                    found.push(steps);
                }
            }
        }
    }
    found
}

type LastSteps = HashMap<NodeIndex, EdgeIndex, RandomState>;

/// Breadth first over steps that are no worse than `most`: the last step to whatever is reached, nearest first.
fn search(graph: &DiGraph<Node, Edge>, source: NodeIndex, most: Verdict) -> (LastSteps, Vec<NodeIndex>) {
    let mut last = LastSteps::default();
    let mut order = Vec::new();
    let mut open = VecDeque::from([source]);
    while let Some(from) = open.pop_front() {
        let usable = |edge: &Edge| edge.is_step() && rank(edge.needs.verdict) <= rank(most);
        // Edges come newest first; the oldest of equals shall count.
        let mut edges: Vec<_> = graph.edges(from).filter(|edge| usable(edge.weight())).collect();
        edges.reverse();
        edges.sort_by_key(|edge| rank(edge.weight().needs.verdict));
        for edge in edges {
            let to = edge.target();
            if to != source && !last.contains_key(&to) {
                last.insert(to, edge.id());
                order.push(to);
                open.push_back(to);
            }
        }
    }
    (last, order)
}

fn steps_to(graph: &DiGraph<Node, Edge>, last: &LastSteps, to: NodeIndex) -> Vec<EdgeIndex> {
    let mut steps = Vec::new();
    let mut at = to;
    while let Some(&step) = last.get(&at) {
        steps.push(step);
        let Some((from, _)) = graph.edge_endpoints(step) else { break };
        at = from;
    }
    steps.reverse();
    steps
}
