//! Indexes from permissions and resources to those who hold statements about them.
//!
//! A statement on every resource sits in a segment tree over the permission axis: each of its intervals goes to
//! its canonical nodes, and a question unions the nodes on the way from its permission to the root. Statements
//! on particular resources are found through the text of their patterns.

use super::estate::{Held, Policy, PolicyId};
use super::library::{ActionSetId, Library, PatternId, PatternKind, Place, Somewhere, StatementId};
use crate::base::{Csr, Id, IdSet, IdVec, Intervals, SparseRows, Text, id_type};
use crate::model::{CondId, DocId, Effect};
use crate::pattern::Pattern;
use crate::truth::PrincipalId;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use std::ops::Range;
use std::sync::Arc;

id_type!(
    /// A node of the segment tree; the root is 1, the children of n are 2n and 2n + 1.
    Node
);

/// The canonical nodes of intervals over `0..leaves`.
fn canonical_nodes(intervals: &Intervals, leaves: u32, mut visit: impl FnMut(u32)) {
    for &(start, end) in intervals.ranges() {
        let (mut low, mut high) = (u32::from(start) + leaves, u32::from(end) + leaves);
        while low < high {
            if low & 1 == 1 {
                visit(low);
                low += 1;
            }
            if high & 1 == 1 {
                high -= 1;
                visit(high);
            }
            low >>= 1;
            high >>= 1;
        }
    }
}

/// The nodes whose intervals contain a permission: from its leaf to the root.
fn path(permission: u16, leaves: u32) -> impl Iterator<Item = Node> {
    let leaf = u32::from(permission) + leaves;
    std::iter::successors(Some(leaf), |&node| (node > 1).then_some(node >> 1)).map(Node)
}

/// Holders of statements of one effect under one condition.
#[derive(Clone, Debug)]
pub(crate) struct Guarded {
    pub(crate) effect: Effect,
    pub(crate) condition: CondId,
    /// Whether each holder has resources of its own account in the statements' reach, whatever else is known.
    pub(crate) certain: bool,
    /// Nodes over the same documents share it.
    pub(crate) holders: Arc<IdSet<PrincipalId>>,
}

/// Who holds what, for one layer that binds principals.
#[derive(Debug)]
pub(crate) struct HolderIndex {
    pub(crate) layer: crate::model::LayerId,
    leaves: u32,
    everything: SparseRows<Node, Guarded>,
    /// Statements on particular resources, for questions about any resource; only what can act there.
    particular: SparseRows<Node, Guarded>,
    /// Statements on all but some resources.
    excluding: SparseRows<Node, StatementId>,
    by_pattern: Csr<PatternId, StatementId>,
    /// The policies of this layer that carry a document.
    carriers: Csr<DocId, PolicyId>,
    document_of: IdVec<StatementId, DocId>,
    holders: Csr<PolicyId, PrincipalId>,
    /// Holders of policies that many hold, ready made.
    crowds: HashMap<PolicyId, IdSet<PrincipalId>, RandomState>,
}

/// Whether ascending ids all lie in a range.
fn within(ids: &[PrincipalId], range: &Range<u32>) -> bool {
    let inside = |id: Option<&PrincipalId>| id.is_none_or(|id| range.contains(&id.0));
    inside(ids.first()) && inside(ids.last())
}

/// From this many holders on, a policy keeps a ready-made set.
const CROWD: usize = 64;

impl HolderIndex {
    pub(crate) fn build(
        layer: crate::model::LayerId,
        library: &Library,
        policies: &IdVec<PolicyId, Policy>,
        held: &Csr<PrincipalId, Held>,
        range: impl Fn(Text) -> Option<Range<u32>>,
        permissions: u16,
    ) -> Self {
        let leaves = u32::from(permissions).max(1).next_power_of_two();
        // What a principal holds several times, through several groups, stands together in its row.
        let pairs: Vec<(PolicyId, PrincipalId)> = (0..held.rows())
            .map(PrincipalId::new)
            .flat_map(|p| held.row(p).chunk_by(|a, b| a.policy == b.policy).map(move |same| (same, p)))
            .filter_map(|(same, p)| Some((same.first()?.policy, p)))
            .collect();
        let holders: Csr<PolicyId, PrincipalId> = Csr::grouped(policies.len(), &pairs);
        let mut crowds = HashMap::default();
        let mut carriers: Vec<(DocId, PolicyId)> = Vec::new();
        for policy in policies.ids() {
            let row = holders.row(policy);
            if row.is_empty() {
                continue;
            }
            carriers.push((policies[policy].document, policy));
            if row.len() >= CROWD {
                crowds.insert(policy, IdSet::ascending(row.iter().copied()));
            }
        }
        let carriers = Csr::grouped(library.documents.len(), &carriers);

        let mut document_of: IdVec<StatementId, DocId> = vec![DocId::new(0); library.statements.len()].into();
        let (mut everything, mut particular) = (Vec::new(), Vec::new());
        let (mut excluding, mut by_pattern) = (Vec::new(), Vec::new());
        for document in library.document_ids() {
            for (id, _) in library.statements_of(document) {
                document_of[id] = document;
            }
            if carriers.row(document).is_empty() {
                continue;
            }
            for (id, statement) in library.statements_of(document) {
                let actions = &library.action_sets[statement.actions];
                let resources = &library.resource_sets[statement.resources];
                let guard = |certain| Guard::new(statement.effect, statement.condition, certain, document);
                if resources.is_everything() {
                    canonical_nodes(actions, leaves, |node| everything.push(guard(true).at(node)));
                } else if resources.negated {
                    canonical_nodes(actions, leaves, |node| excluding.push((Node(node), id)));
                } else {
                    by_pattern.extend(resources.items.iter().map(|&pattern| (pattern, id)));
                    let mut push = |actions: &Intervals, certain: bool| {
                        canonical_nodes(actions, leaves, |node| particular.push(guard(certain).at(node)));
                    };
                    let mut places: Vec<(Place, ActionSetId)> = match statement.somewhere {
                        // Worked out before, for all of the resources at once.
                        Some(Somewhere { actions, account }) => {
                            vec![(account.map_or(Place::Anywhere, Place::Account), actions)]
                        }
                        None => resources.items.iter().map(|&p| library.patterns[p].reach()).collect(),
                    };
                    places.sort_unstable();
                    places.dedup();
                    let rows = carriers.row(document).iter().map(|&policy| holders.row(policy));
                    for (place, applicable) in places {
                        let certain = match place {
                            Place::Open => false,
                            Place::Anywhere => true,
                            Place::Account(account) => range(account)
                                .is_some_and(|range| rows.clone().all(|row| within(row, &range))),
                        };
                        let applicable = &library.action_sets[applicable];
                        match statement.somewhere {
                            Some(_) => push(applicable, certain),
                            None => push(&actions.intersect(applicable), certain),
                        }
                    }
                }
            }
        }
        excluding.sort_unstable();
        let mut sets =
            HolderSets { carriers: &carriers, holders: &holders, crowds: &crowds, known: HashMap::default() };
        HolderIndex {
            layer,
            leaves,
            everything: sets.guarded(everything),
            particular: sets.guarded(particular),
            excluding: SparseRows::from_sorted(excluding),
            by_pattern: Csr::grouped(library.patterns.len(), &by_pattern),
            carriers,
            document_of,
            holders,
            crowds,
        }
    }

    /// Holders of statements about the permission on every resource.
    pub(crate) fn on_everything(&self, permission: u16) -> impl Iterator<Item = &Guarded> {
        path(permission, self.leaves).flat_map(|node| self.everything.row(node))
    }

    /// Holders of statements about the permission on some particular resource that it can act on.
    pub(crate) fn on_something(&self, permission: u16) -> impl Iterator<Item = &Guarded> {
        path(permission, self.leaves).flat_map(|node| self.particular.row(node))
    }

    /// Statements about the permission on all but some resources.
    pub(crate) fn excluding(&self, permission: u16) -> impl Iterator<Item = StatementId> + '_ {
        path(permission, self.leaves).flat_map(|node| self.excluding.row(node)).copied()
    }

    pub(crate) fn with_pattern(&self, pattern: PatternId) -> &[StatementId] {
        self.by_pattern.row(pattern)
    }

    /// Adds the holders of a statement to `set`.
    pub(crate) fn add_holders(&self, statement: StatementId, set: &mut IdSet<PrincipalId>) {
        for &policy in self.carriers.row(self.document_of[statement]) {
            match self.crowds.get(&policy) {
                Some(crowd) => set.union_with(crowd),
                None => self.holders.row(policy).iter().for_each(|&p| {
                    set.insert(p);
                }),
            }
        }
    }
}

/// Node, effect, condition, certainty and document of an entry in one number, which sorts several times as fast as
/// the five of them in the same order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Guard(u128);

impl Guard {
    fn new(effect: Effect, condition: CondId, certain: bool, document: DocId) -> Self {
        let effect = u128::from(effect == Effect::Deny) << 65;
        let condition = u128::from(condition.0) << 33;
        Guard(effect | condition | u128::from(certain) << 32 | u128::from(document.0))
    }

    fn at(self, node: u32) -> Self {
        Guard(self.0 | u128::from(node) << 66)
    }

    fn without_document(self) -> u128 {
        self.0 >> 32
    }

    fn document(self) -> DocId {
        DocId(self.0 as u32)
    }

    fn node(self) -> Node {
        Node((self.0 >> 66) as u32)
    }

    fn guarded(self, holders: Arc<IdSet<PrincipalId>>) -> Guarded {
        let effect = if self.0 >> 65 & 1 == 1 { Effect::Deny } else { Effect::Allow };
        let condition = CondId((self.0 >> 33) as u32);
        Guarded { effect, condition, certain: self.0 >> 32 & 1 == 1, holders }
    }
}

/// Makes the sets of holders; the nodes of one statement, and of statements that stand together, share one.
struct HolderSets<'a> {
    carriers: &'a Csr<DocId, PolicyId>,
    holders: &'a Csr<PolicyId, PrincipalId>,
    crowds: &'a HashMap<PolicyId, IdSet<PrincipalId>, RandomState>,
    known: HashMap<Box<[DocId]>, Arc<IdSet<PrincipalId>>, RandomState>,
}

impl HolderSets<'_> {
    fn guarded(&mut self, mut entries: Vec<Guard>) -> SparseRows<Node, Guarded> {
        entries.sort_unstable();
        entries.dedup();
        let mut documents: Vec<DocId> = Vec::new();
        let sets = entries.chunk_by(|one, next| one.without_document() == next.without_document());
        let sets = sets.filter_map(|group| {
            let first = group.first()?;
            documents.clear();
            documents.extend(group.iter().map(|guard| guard.document()));
            Some((first.node(), first.guarded(self.of(&documents))))
        });
        SparseRows::from_sorted(sets)
    }

    fn of(&mut self, documents: &[DocId]) -> Arc<IdSet<PrincipalId>> {
        if let Some(set) = self.known.get(documents) {
            return Arc::clone(set);
        }
        let mut holders = IdSet::default();
        let mut few = Vec::new();
        for &policy in documents.iter().flat_map(|&document| self.carriers.row(document)) {
            match self.crowds.get(&policy) {
                Some(crowd) => holders.union_with(crowd),
                None => few.extend_from_slice(self.holders.row(policy)),
            }
        }
        few.sort_unstable();
        few.dedup();
        holders.union_with(&IdSet::ascending(few.into_iter()));
        holders.optimise();
        let set = Arc::new(holders);
        self.known.insert(documents.into(), Arc::clone(&set));
        set
    }
}

/// Service and account of a pattern, where they are literal.
type GroupKey = (Option<Box<str>>, Option<Box<str>>);

/// Patterns of resources, found by concrete id or by overlap with another pattern.
#[derive(Debug, Default)]
pub(crate) struct ResourceIndex {
    separator: char,
    segments: usize,
    keys: [usize; 2],
    /// By (service, account) where they are literal: entries sorted by the literal start of the last segment.
    groups: HashMap<GroupKey, Vec<Entry>, RandomState>,
    /// Patterns that are no ids of the provider's syntax: only the same text matches.
    odd: Vec<PatternId>,
}

#[derive(Debug)]
struct Entry {
    start: Box<str>,
    pattern: PatternId,
    /// The nearest entry before this one whose start is a prefix of this one's.
    parent: Option<u32>,
}

impl ResourceIndex {
    pub(crate) fn build(
        library: &Library,
        provider: &crate::provider::Provider,
        used: impl Iterator<Item = PatternId>,
    ) -> Self {
        let mut index = ResourceIndex {
            separator: provider.syntax.separator,
            segments: usize::from(provider.syntax.segments),
            keys: provider.key_segments,
            ..ResourceIndex::default()
        };
        for pattern in used {
            let text = library.pattern_text(pattern);
            let open = library.patterns[pattern].kind == PatternKind::Template;
            match index.key(text, open) {
                Some((key, start)) => {
                    let entry = Entry { start: start.into(), pattern, parent: None };
                    index.groups.entry(key).or_default().push(entry);
                }
                None => index.odd.push(pattern),
            }
        }
        for entries in index.groups.values_mut() {
            entries.sort_unstable_by(|a, b| (&a.start, a.pattern).cmp(&(&b.start, b.pattern)));
            let mut open: Vec<u32> = Vec::new();
            for at in 0..entries.len() {
                let (before, rest) = entries.split_at_mut(at);
                let Some(entry) = rest.first_mut() else { continue };
                let holds =
                    |i: u32| before.get(i as usize).is_some_and(|e| entry.start.starts_with(&*e.start));
                while open.last().is_some_and(|&i| !holds(i)) {
                    open.pop();
                }
                entry.parent = open.last().copied();
                open.push(at as u32);
            }
            entries.shrink_to_fit();
        }
        index
    }

    /// Service and account where literal, and the literal start of the last segment.
    fn key<'t>(&self, text: &'t str, template: bool) -> Option<(GroupKey, &'t str)> {
        let segments: Vec<&str> = text.splitn(self.segments, self.separator).collect();
        let wild = |c: char| c == '*' || c == '?' || template && c == '$';
        let literal = |at: usize| segments.get(at).filter(|s| !s.contains(wild)).map(|&s| Box::from(s));
        if segments.len() < self.segments {
            return None;
        }
        // A variable's name has colons: a template with a variable before the last segment is not cut.
        let early = template && segments.iter().take(self.segments - 1).any(|s| s.contains("${"));
        if early {
            return Some(((None, None), ""));
        }
        let [service, account] = self.keys;
        let last = segments.last().copied().unwrap_or("");
        let start = last.find(wild).and_then(|end| last.get(..end)).unwrap_or(last);
        Some(((literal(service), literal(account)), start))
    }

    fn lists(&self, service: &str, account: &str) -> impl Iterator<Item = &[Entry]> {
        let keys = [
            (Some(service.into()), Some(account.into())),
            (Some(service.into()), None),
            (None, Some(account.into())),
            (None, None),
        ];
        keys.into_iter().filter_map(|key| self.groups.get(&key).map(Vec::as_slice))
    }

    /// Patterns that may match the concrete id; the caller matches them.
    pub(crate) fn candidates(&self, id: &str, mut visit: impl FnMut(PatternId)) {
        let segments: Vec<&str> = id.splitn(self.segments, self.separator).collect();
        self.odd.iter().for_each(|&pattern| visit(pattern));
        let [service, account] = self.keys;
        let (Some(service), Some(account)) = (segments.get(service), segments.get(account)) else { return };
        let last = segments.get(self.segments - 1).copied().unwrap_or("");
        for entries in self.lists(service, account) {
            // Whatever is a prefix of `last` is an ancestor of the last entry that does not sort after it.
            let after = entries.partition_point(|e| *e.start <= *last);
            let mut next = after.checked_sub(1);
            while let Some(entry) = next.and_then(|at| entries.get(at)) {
                if last.starts_with(&*entry.start) {
                    visit(entry.pattern);
                }
                next = entry.parent.map(|at| at as usize);
            }
        }
    }

    /// Patterns that may overlap the asked pattern; the caller compares them.
    pub(crate) fn overlapping(&self, asked: &Pattern, mut visit: impl FnMut(PatternId)) {
        self.odd.iter().for_each(|&pattern| visit(pattern));
        let literal = |at: usize| asked.segments().get(at).and_then(|s| s.as_literal());
        let [service, account] = self.keys.map(literal);
        let start = asked.segments().last().map_or("", |s| s.literal_prefix());
        let fits = |key: &Option<Box<str>>, asked: Option<&str>| match (key, asked) {
            (Some(key), Some(asked)) => **key == *asked,
            _ => true,
        };
        let mut lists: Vec<_> =
            self.groups.iter().filter(|((s, a), _)| fits(s, service) && fits(a, account)).collect();
        lists.sort_unstable_by_key(|(key, _)| *key);
        for (_, entries) in lists {
            let from = entries.partition_point(|e| *e.start < *start);
            let extensions = entries.get(from..).unwrap_or(&[]);
            extensions.iter().take_while(|e| e.start.starts_with(start)).for_each(|e| visit(e.pattern));
            let mut next = from.checked_sub(1);
            while let Some(entry) = next.and_then(|at| entries.get(at)) {
                if start.starts_with(&*entry.start) {
                    visit(entry.pattern);
                }
                next = entry.parent.map(|at| at as usize);
            }
        }
    }
}
