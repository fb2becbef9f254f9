//! Management groups: what lies in them, as far as the exports tell. The management group of a subscription is in no id
//! (AZ-R2).

use super::scope::{GROUPS, ROOT, SUBSCRIPTIONS, is_management_group, last, pattern, shown};
use crate::base::{Interner, Text};
use crate::condition::MissingFact;
use crate::model::assignment::{Assignments, TreeNode};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// More levels than management groups can have; a longer chain is a cycle.
const DEEPEST: usize = 64;

/// The tree, as far as it is known.
pub(super) struct Tree {
    nodes: BTreeMap<String, Node>,
    /// Nodes by what they lie in.
    children: BTreeMap<String, Vec<String>>,
    /// What several inputs put in several parents, with these.
    contested: BTreeMap<String, Vec<String>>,
}

struct Node {
    parent: Option<String>,
    is_root: bool,
    is_listed: bool,
}

/// What a scope covers.
pub(super) struct Reach {
    /// Patterns of what surely lies in it.
    pub(super) patterns: Vec<String>,
    /// What may lie in it: all but these patterns, as long as the fact is missing.
    pub(super) doubt: Option<(Vec<String>, Arc<MissingFact>)>,
}

impl Tree {
    pub(super) fn new(facts: &Assignments, texts: &Interner) -> Tree {
        let tenant = facts.directory_id.map(|id| format!("{GROUPS}{}/", texts.get(id)));
        let text = |id: Text| texts.get(id).to_owned();
        let mut nodes = BTreeMap::new();
        let mut children: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut contested = BTreeMap::new();
        for (&id, node) in &facts.tree {
            let TreeNode { parents, is_root, is_listed, .. } = node;
            let id = text(id);
            // Two parents contradict each other: then it is not known where the node lies, but it may in either.
            let parent = parents.first().filter(|_| parents.len() == 1).map(|&parent| text(parent));
            if parents.len() > 1 {
                contested.insert(id.clone(), parents.iter().map(|&parent| text(parent)).collect());
            }
            if let Some(parent) = &parent {
                children.entry(parent.clone()).or_default().push(id.clone());
            }
            // The root group of a tenant has the tenant's id as its name.
            let is_root = parents.is_empty() && (*is_root || tenant.as_ref() == Some(&id));
            nodes.insert(id, Node { parent, is_root, is_listed: *is_listed });
        }
        if let Some(tenant) = tenant {
            nodes.entry(tenant).or_insert(Node { parent: None, is_root: true, is_listed: false });
        }
        Tree { nodes, children, contested }
    }

    /// What a canonical scope covers.
    pub(super) fn reach(&self, scope: &str) -> Reach {
        if scope == ROOT || !is_management_group(scope) {
            return Reach { patterns: vec![pattern(scope)], doubt: None };
        }
        if self.nodes.get(scope).is_some_and(|node| node.is_root) {
            // Whatever subscription or management group there is lies in the root.
            let patterns = vec![format!("{SUBSCRIPTIONS}*"), format!("{GROUPS}*")];
            return Reach { patterns, doubt: None };
        }
        let mut inside: BTreeSet<&str> = BTreeSet::new();
        let mut listed = true;
        let mut open = vec![scope];
        while !open.is_empty() {
            while let Some(id) = open.pop() {
                if inside.insert(id) {
                    listed &=
                        !is_management_group(id) || self.nodes.get(id).is_some_and(|node| node.is_listed);
                    open.extend(self.children.get(id).into_iter().flatten().map(String::as_str));
                }
            }
            // Whichever of its parents it lies in, it lies in here.
            let here = |parents: &[String]| parents.iter().all(|parent| inside.contains(parent.as_str()));
            let surely = self.contested.iter().filter(|(_, parents)| here(parents));
            open.extend(surely.map(|(id, _)| id.as_str()).filter(|id| !inside.contains(id)));
        }
        listed &= !self.contested.iter().any(|(id, parents)| {
            !inside.contains(id.as_str()) && parents.iter().any(|parent| inside.contains(parent.as_str()))
        });
        let patterns: Vec<String> = inside.iter().map(|id| pattern(id)).collect();
        if listed {
            return Reach { patterns, doubt: None };
        }
        let elsewhere = self.nodes.keys().filter(|id| !inside.contains(id.as_str()) && self.is_settled(id));
        let known = patterns.iter().cloned().chain(elsewhere.map(|id| pattern(id)));
        let fact = MissingFact {
            fact: "management groups".to_owned(),
            subject: shown(scope).to_owned(),
            how: format!("az account management-group show --name {} --expand --recurse", last(scope)),
        };
        Reach { doubt: Some((known.collect(), Arc::new(fact))), patterns }
    }

    /// Whether everything above a node is known.
    fn is_settled(&self, id: &str) -> bool {
        let mut at = id;
        for _ in 0..DEEPEST {
            match self.nodes.get(at) {
                Some(Node { is_root: true, .. }) => return true,
                Some(Node { parent: Some(parent), .. }) => at = parent,
                _ => return false,
            }
        }
        false
    }
}
