//! Indexes from permissions to those who hold statements about them.
//!
//! A statement on every resource sits in a segment tree over the permission axis: each of its intervals goes to
//! its canonical nodes, and a question unions the nodes on the way from its permission to the root.

use super::estate::{Held, Policy, PolicyId};
use super::library::{ActionSetId, Library, PatternId, Place, Somewhere, StatementId};
use crate::base::{Csr, Id, IdSet, IdVec, Intervals, SparseRows, Text, id_type};
use crate::model::{CondId, DocId, Effect};
use crate::truth::PrincipalId;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use std::ops::Range;

id_type!(
    /// A node of the segment tree; the root is 1, the children of n are 2n and 2n + 1.
    Node
);

id_type!(
    /// A set of holders in the index of their layer.
    HoldersId
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
    pub(crate) holders: HoldersId,
}

/// Who holds what, for one layer that binds principals.
#[derive(Debug)]
pub(crate) struct HolderIndex {
    pub(crate) layer: crate::model::LayerId,
    leaves: u32,
    pub(crate) sets: HolderSets,
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
        let mut sets = SetMaker {
            carriers: &carriers,
            holders: &holders,
            crowds: &crowds,
            known: HashMap::default(),
            sets: HolderSets::default(),
        };
        let rows = [sets.guarded(everything), sets.guarded(particular)];
        let (sets, [everything, particular]) = sets.finish(rows);
        HolderIndex {
            layer,
            leaves,
            sets,
            everything,
            particular,
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

    fn guarded(self, holders: HoldersId) -> Guarded {
        let effect = if self.0 >> 65 & 1 == 1 { Effect::Deny } else { Effect::Allow };
        let condition = CondId((self.0 >> 33) as u32);
        Guarded { effect, condition, certain: self.0 >> 32 & 1 == 1, holders }
    }
}

/// Sets of holders. Most have a member or two: these stand one after the other, and only large ones are bitmaps.
#[derive(Debug, Default)]
pub(crate) struct HolderSets {
    few: Csr<HoldersId, PrincipalId>,
    /// Numbered after the small ones.
    many: Vec<IdSet<PrincipalId>>,
}

impl HolderSets {
    /// A small set, ascending, or a large one.
    fn get(&self, id: HoldersId) -> Result<&[PrincipalId], &IdSet<PrincipalId>> {
        match id.index().checked_sub(self.few.rows()).and_then(|at| self.many.get(at)) {
            Some(many) => Err(many),
            None => Ok(self.few.row(id)),
        }
    }

    /// All members of many sets.
    pub(crate) fn union(&self, ids: impl Iterator<Item = HoldersId>) -> IdSet<PrincipalId> {
        let (mut few, mut many) = (Vec::new(), Vec::new());
        for id in ids {
            match self.get(id) {
                Ok(members) => few.extend_from_slice(members),
                Err(set) => many.push(set),
            }
        }
        few.sort_unstable();
        few.dedup();
        let mut union = IdSet::ascending(few.into_iter());
        union.union_with_all(many.into_iter());
        union
    }

    /// The members that are among others.
    pub(crate) fn common(&self, id: HoldersId, others: &IdSet<PrincipalId>) -> IdSet<PrincipalId> {
        match self.get(id) {
            Ok(members) => members.iter().copied().filter(|&member| others.contains(member)).collect(),
            Err(set) => set.common(others),
        }
    }
}

/// Makes the sets of holders; the nodes of one statement, and of statements that stand together, share one.
struct SetMaker<'a> {
    carriers: &'a Csr<DocId, PolicyId>,
    holders: &'a Csr<PolicyId, PrincipalId>,
    crowds: &'a HashMap<PolicyId, IdSet<PrincipalId>, RandomState>,
    known: HashMap<Box<[DocId]>, HoldersId, RandomState>,
    sets: HolderSets,
}

/// Marks large sets until it is known how many small ones there are.
const LARGE: u32 = 1 << 31;

impl SetMaker<'_> {
    fn guarded(&mut self, mut entries: Vec<Guard>) -> Vec<(Node, Guarded)> {
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
        sets.collect()
    }

    fn of(&mut self, documents: &[DocId]) -> HoldersId {
        if let Some(&set) = self.known.get(documents) {
            return set;
        }
        let (mut few, mut many) = (Vec::new(), Vec::new());
        for &policy in documents.iter().flat_map(|&document| self.carriers.row(document)) {
            match self.crowds.get(&policy) {
                Some(crowd) => many.push(crowd),
                None => few.extend_from_slice(self.holders.row(policy)),
            }
        }
        few.sort_unstable();
        few.dedup();
        let id = if many.is_empty() && few.len() < CROWD {
            self.sets.few.push_row(few)
        } else {
            let mut holders = IdSet::ascending(few.into_iter());
            holders.union_with_all(many.into_iter());
            holders.optimise();
            self.sets.many.push(holders);
            HoldersId(LARGE | (self.sets.many.len() - 1) as u32)
        };
        self.known.insert(documents.into(), id);
        id
    }

    /// The sets and the rows, with final numbers.
    fn finish(self, rows: [Vec<(Node, Guarded)>; 2]) -> (HolderSets, [SparseRows<Node, Guarded>; 2]) {
        let mut sets = self.sets;
        sets.few.shrink();
        sets.many.shrink_to_fit();
        let few = sets.few.rows() as u32;
        let rows = rows.map(|mut rows| {
            for (_, Guarded { holders, .. }) in &mut rows {
                if holders.0 & LARGE != 0 {
                    holders.0 = few + (holders.0 & !LARGE);
                }
            }
            SparseRows::from_sorted(rows)
        });
        (sets, rows)
    }
}
