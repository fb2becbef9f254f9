//! Conditions of statements: trees of clauses, kept once each.

use crate::base::{Id, IdVec, id_type};
use crate::condition::{Key, Test};
use crate::pattern::Template;
use hashbrown::HashMap;
use std::sync::Arc;

id_type!(
    /// A condition of a statement.
    CondId,
    /// One test of one context key.
    ClauseId,
);

impl CondId {
    /// The condition that always holds; every table has it first.
    pub(crate) const ALWAYS: CondId = CondId(0);
}

/// One test of a context key, as written in a policy.
#[derive(Clone, Debug)]
pub(crate) struct Clause {
    pub(crate) key: Key,
    /// Operator as written, with set prefix and `IfExists`.
    pub(crate) operator: Box<str>,
    pub(crate) values: Box<[Box<str>]>,
    /// The compiled test; for a clause with variables it is compiled from its values as they stand, to check
    /// the operator, and is not used for evaluation.
    pub(crate) test: Arc<Test>,
    /// The values as templates where at least one has a variable or an escape, else empty.
    pub(crate) templates: Box<[Template]>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum CondNode {
    Always,
    And(Box<[CondId]>),
    Clause(ClauseId),
    /// Open as long as a fact is missing, by its number in the frozen library.
    Missing(u32),
}

type ClauseKey = (u32, Box<str>, Box<[Box<str>]>, bool);

/// Every condition of a snapshot; equal conditions have one id.
#[derive(Clone, Debug)]
pub(crate) struct Conditions {
    keys: Vec<Key>,
    by_name: HashMap<Box<str>, u32, foldhash::fast::RandomState>,
    clauses: IdVec<ClauseId, Clause>,
    clause_ids: HashMap<ClauseKey, ClauseId, foldhash::fast::RandomState>,
    nodes: IdVec<CondId, CondNode>,
    node_ids: HashMap<CondNode, CondId, foldhash::fast::RandomState>,
}

impl Default for Conditions {
    fn default() -> Self {
        let mut conditions = Conditions {
            keys: Vec::new(),
            by_name: HashMap::default(),
            clauses: IdVec::default(),
            clause_ids: HashMap::default(),
            nodes: IdVec::default(),
            node_ids: HashMap::default(),
        };
        conditions.node(CondNode::Always);
        conditions
    }
}

impl Conditions {
    /// The key of this name (compared without case). `many` is what the caller knows of a key not seen before;
    /// a key once known to hold several values stays so.
    pub(crate) fn key(&mut self, name: &str, many: bool) -> Key {
        let lower = name.to_ascii_lowercase();
        if let Some(&id) = self.by_name.get(lower.as_str())
            && let Some(key) = self.keys.get_mut(id as usize)
        {
            key.many |= many;
            // Of several spellings the first in order counts, not the first read.
            if *name < *key.name {
                key.name = name.into();
            }
            return key.clone();
        }
        let id = u32::try_from(self.keys.len()).unwrap_or(u32::MAX);
        let key = Key { id, name: name.into(), many };
        self.keys.push(key.clone());
        self.by_name.insert(lower.into(), id);
        key
    }

    pub(crate) fn find_key(&self, name: &str) -> Option<&Key> {
        // Names of keys are short: each question looks up many.
        let mut short = [0; 64];
        let id = match short.get_mut(..name.len()) {
            Some(lower) => {
                lower.copy_from_slice(name.as_bytes());
                lower.make_ascii_lowercase();
                self.by_name.get(std::str::from_utf8(lower).ok()?)?
            }
            None => self.by_name.get(name.to_ascii_lowercase().as_str())?,
        };
        self.keys.get(*id as usize)
    }

    pub(crate) fn keys(&self) -> &[Key] {
        &self.keys
    }

    pub(crate) fn clause_id(&mut self, clause: Clause) -> ClauseId {
        let key =
            (clause.key.id, clause.operator.clone(), clause.values.clone(), !clause.templates.is_empty());
        if let Some(&id) = self.clause_ids.get(&key) {
            return id;
        }
        let id = self.clauses.push(clause);
        self.clause_ids.insert(key, id);
        id
    }

    pub(crate) fn node(&mut self, node: CondNode) -> CondId {
        if let Some(&id) = self.node_ids.get(&node) {
            return id;
        }
        let id = self.nodes.push(node.clone());
        self.node_ids.insert(node, id);
        id
    }

    /// All of `parts`; the empty list always holds.
    pub(crate) fn all(&mut self, mut parts: Vec<CondId>) -> CondId {
        parts.retain(|&part| part != CondId::ALWAYS);
        parts.sort_unstable();
        parts.dedup();
        match parts.as_slice() {
            [] => CondId::ALWAYS,
            [one] => *one,
            _ => self.node(CondNode::And(parts.into())),
        }
    }

    pub(crate) fn get(&self, id: CondId) -> &CondNode {
        &self.nodes[id]
    }

    pub(crate) fn clause(&self, id: ClauseId) -> &Clause {
        &self.clauses[id]
    }

    pub(crate) fn clauses(&self) -> impl Iterator<Item = (ClauseId, &Clause)> {
        self.clauses.entries()
    }

    /// Drops what is needed only while documents are read, and gives every clause the final kind of its key.
    pub(crate) fn freeze(&mut self) {
        self.clause_ids = HashMap::default();
        self.node_ids = HashMap::default();
        for index in 0..self.clauses.len() {
            let clause = &mut self.clauses[ClauseId::new(index)];
            if let Some(key) = self.keys.get(clause.key.id as usize) {
                clause.key = key.clone();
            }
        }
        self.clauses.shrink();
        self.nodes.shrink();
    }
}
