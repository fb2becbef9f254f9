//! Conditions of statements: trees of clauses, kept once each.

use crate::base::{Id, IdVec, id_type};
use crate::condition::{Atom, Comparison, Cross, Expr, Key, Test};
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
    /// The condition that never holds; every table has it second.
    pub(crate) const NEVER: CondId = CondId(1);
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
    /// Where the key is compared with another key: how. The one template is then the other key, as a variable.
    pub(crate) cross: Option<Arc<Cross>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum CondNode {
    Always,
    And(Box<[CondId]>),
    /// None of it never holds.
    Or(Box<[CondId]>),
    Not(CondId),
    Clause(ClauseId),
    /// Open as long as a fact is missing, by its number in the frozen library.
    Missing(u32),
}

type ClauseKey = (u32, Box<str>, Box<[Box<str>]>, bool);

/// Every condition of a snapshot; equal conditions have one id.
#[derive(Clone, Debug)]
pub(crate) struct Conditions {
    keys: Vec<Key>,
    /// In small letters, and as each was first spelled.
    by_name: HashMap<Box<str>, u32, foldhash::fast::RandomState>,
    /// The shapes of their names, one bit each: most keys of a request stand in no policy.
    shapes: u64,
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
            shapes: 0,
            clauses: IdVec::default(),
            clause_ids: HashMap::default(),
            nodes: IdVec::default(),
            node_ids: HashMap::default(),
        };
        conditions.node(CondNode::Always);
        conditions.node(CondNode::Or(Box::default()));
        conditions
    }
}

/// A bit that names share which differ in case only, and few others.
fn shape(name: &str) -> u64 {
    let last = name.as_bytes().last().map_or(0, u8::to_ascii_lowercase);
    1 << ((name.len() + 5 * usize::from(last)) & 63)
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
        let key = Key { id, name: name.into(), many, clock: false };
        self.keys.push(key.clone());
        self.shapes |= shape(name);
        self.by_name.insert(lower.into(), id);
        self.by_name.insert(name.into(), id);
        key
    }

    /// The key of this name, which is the time of the request: there is always one.
    pub(crate) fn clock(&mut self, name: &str) -> Key {
        let id = self.key(name, false).id;
        match self.keys.get_mut(id as usize) {
            Some(key) => {
                key.clock = true;
                key.clone()
            }
            None => self.key(name, false),
        }
    }

    pub(crate) fn find_key(&self, name: &str) -> Option<&Key> {
        if self.shapes & shape(name) == 0 {
            return None;
        }
        // Contexts mostly spell a key as policies do, and names are short: each question looks up many.
        if let Some(id) = self.by_name.get(name) {
            return self.keys.get(*id as usize);
        }
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
            _ if parts.contains(&CondId::NEVER) => CondId::NEVER,
            [] => CondId::ALWAYS,
            [one] => *one,
            _ => self.node(CondNode::And(parts.into())),
        }
    }

    /// At least one of `parts`; the empty list never holds.
    pub(crate) fn any(&mut self, mut parts: Vec<CondId>) -> CondId {
        parts.retain(|&part| part != CondId::NEVER);
        parts.sort_unstable();
        parts.dedup();
        match parts.as_slice() {
            _ if parts.contains(&CondId::ALWAYS) => CondId::ALWAYS,
            [one] => *one,
            _ => self.node(CondNode::Or(parts.into())),
        }
    }

    /// The opposite.
    pub(crate) fn not(&mut self, part: CondId) -> CondId {
        match (part, self.get(part)) {
            (CondId::ALWAYS, _) => CondId::NEVER,
            (CondId::NEVER, _) => CondId::ALWAYS,
            (_, CondNode::Not(inner)) => *inner,
            _ => self.node(CondNode::Not(part)),
        }
    }

    /// The condition of tests with fixed values. What an expression can hold beside them, no condition can.
    pub(crate) fn of_tests(&mut self, expr: &Expr) -> CondId {
        match expr {
            Expr::Always => CondId::ALWAYS,
            Expr::And(parts) => {
                let parts = parts.iter().map(|part| self.of_tests(part)).collect();
                self.all(parts)
            }
            Expr::Or(parts) => {
                let parts = parts.iter().map(|part| self.of_tests(part)).collect();
                self.any(parts)
            }
            Expr::Not(inner) => {
                let inner = self.of_tests(inner);
                self.not(inner)
            }
            Expr::Atom(atom) => match &**atom {
                Atom::Key { key, test } => self.test(key, test.clone()),
                _ => CondId::NEVER,
            },
            Expr::Never => CondId::NEVER,
        }
    }

    /// One test with fixed values.
    fn test(&mut self, key: &Key, test: Test) -> CondId {
        let clause = self.clause_id(Clause {
            key: key.clone(),
            operator: test.operator_text().into(),
            values: test.values().into(),
            test: Arc::new(test),
            templates: Box::default(),
            cross: None,
        });
        self.node(CondNode::Clause(clause))
    }

    /// One key compared with another.
    pub(crate) fn compare(
        &mut self,
        left: Key,
        comparison: Comparison,
        right: Key,
    ) -> Result<CondId, String> {
        let clause = self.clause_id(crossing(left, comparison, right)?);
        Ok(self.node(CondNode::Clause(clause)))
    }

    /// The condition as text that does not hang on the numbers of its parts.
    pub(crate) fn text(&self, id: CondId, missing: &dyn Fn(u32) -> String) -> String {
        let several = |parts: &[CondId]| {
            let mut texts: Vec<String> = parts.iter().map(|&part| self.text(part, missing)).collect();
            texts.sort_unstable();
            format!("{texts:?}")
        };
        match self.get(id) {
            CondNode::Always => String::new(),
            CondNode::And(parts) => several(parts),
            CondNode::Or(parts) => format!("or{}", several(parts)),
            CondNode::Not(part) => format!("not{}", several(&[*part])),
            CondNode::Clause(clause) => {
                let clause = self.clause(*clause);
                format!("{} {} {:?}", clause.key.name.to_ascii_lowercase(), clause.operator, clause.values)
            }
            CondNode::Missing(fact) => missing(*fact),
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
            // The other key may have become another one too.
            if let Some(cross) = clause.cross.as_deref()
                && let Some(right) = self.keys.get(cross.right.id as usize)
                && let Ok(renewed) = crossing(clause.key.clone(), cross.comparison, right.clone())
            {
                *clause = renewed;
            }
        }
        self.clauses.shrink();
        self.nodes.shrink();
    }
}

/// A clause that compares two keys.
fn crossing(key: Key, comparison: Comparison, right: Key) -> Result<Clause, String> {
    let variable = format!("${{{}}}", right.name);
    Ok(Clause {
        key,
        operator: comparison.operator_text().into(),
        values: Box::new([variable.as_str().into()]),
        test: Arc::new(Test::compile("StringEquals", &[&variable])?),
        templates: Box::new([Template::variable(&right.name)]),
        cross: Some(Arc::new(Cross { comparison, right })),
    })
}
