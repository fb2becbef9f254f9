//! Permissions that one question cannot tell apart: a single evaluation serves all of them.
//!
//! An evaluation sees a permission through its facts, the statements that list it, and what it can act on. Where
//! all of these agree, so do the answers. An administrator under a condition has 22,000 doubtful permissions and
//! a handful of such classes.

use super::caller::Caller;
use super::question::{Owner, Part, Setting};
use crate::base::Intervals;
use crate::model::DocId;
use crate::snapshot::estate::{AccountId, Estate, PolicyId};
use crate::snapshot::library::Library;
use hashbrown::{HashMap, HashSet};

/// The classes of some permissions, refined set by set.
struct Classes<'a> {
    /// Ascending.
    ids: &'a [u16],
    /// By position in `ids`.
    class_of: Vec<u32>,
    count: u32,
}

impl Classes<'_> {
    /// Keeps apart what is in the set and what is not.
    fn split(&mut self, set: &Intervals) {
        let mut inside: HashMap<u32, u32, foldhash::fast::RandomState> = HashMap::default();
        let mut last = None;
        for &(start, end) in set.ranges() {
            let from = self.ids.partition_point(|&id| id < start);
            let to = self.ids.partition_point(|&id| id < end);
            for class in self.class_of.get_mut(from..to).unwrap_or_default() {
                *class = match last {
                    Some((old, new)) if old == *class => new,
                    _ => {
                        let old = *class;
                        let new = *inside.entry(old).or_insert_with(|| {
                            self.count += 1;
                            self.count - 1
                        });
                        last = Some((old, new));
                        new
                    }
                };
            }
        }
    }

    /// In the order of their first members.
    fn members(&self) -> Vec<Vec<u16>> {
        let mut places: HashMap<u32, usize, foldhash::fast::RandomState> = HashMap::default();
        let mut members: Vec<Vec<u16>> = Vec::new();
        for (&id, class) in self.ids.iter().zip(&self.class_of) {
            let place = *places.entry(*class).or_insert(members.len());
            match members.get_mut(place) {
                Some(list) => list.push(id),
                None => members.push(vec![id]),
            }
        }
        members
    }
}

/// The classes that `sets` make of `ids`, which are ascending.
pub(super) fn by_sets<'s>(ids: &[u16], sets: impl Iterator<Item = &'s Intervals>) -> Vec<Vec<u16>> {
    let mut classes = Classes { ids, class_of: vec![0; ids.len()], count: 1 };
    sets.for_each(|set| classes.split(set));
    classes.members()
}

/// Classes of all permissions that neither guardrails nor the policies of resources can tell apart.
pub(super) fn common_classes(estate: &Estate) -> &[u32] {
    let governed = estate.governed();
    governed.classes.get_or_init(|| {
        let ids: Vec<u16> = (0..estate.universe.len()).collect();
        let mut classes = keyed(estate, &ids);
        let mut masks: Vec<&Intervals> = governed.grounds().iter().map(|g| &g.mask.intervals).collect();
        masks.sort_unstable();
        masks.dedup();
        masks.into_iter().for_each(|mask| classes.split(mask));
        let of_scopes = estate.scopes.ids().flat_map(|scope| &estate.scopes[scope].policies);
        let of_resources = estate.resources.ids().flat_map(|id| &estate.resources[id].policies);
        let documents: Vec<DocId> =
            of_scopes.chain(of_resources).map(|&policy| estate.policies[policy].document).collect();
        split(&mut classes, &estate.library, documents.into_iter());
        classes.class_of.into()
    })
}

fn keyed<'i>(estate: &Estate, ids: &'i [u16]) -> Classes<'i> {
    let mut classes = Classes { ids, class_of: Vec::with_capacity(ids.len()), count: 0 };
    let mut known = HashMap::<_, u32, foldhash::fast::RandomState>::default();
    for &id in ids {
        let class = *known.entry(key(estate, id)).or_insert_with(|| {
            classes.count += 1;
            classes.count - 1
        });
        classes.class_of.push(class);
    }
    classes
}

/// What an evaluation asks of a permission itself.
fn key(estate: &Estate, id: u16) -> (u32, bool, Option<&[u16]>) {
    let facts = estate.universe.facts(id);
    // Where a layer is required, its absence matters to what the permission can act on.
    let types = estate.requires_policy(id).then(|| {
        let info = estate.universe.catalog().info(id);
        info.map_or(&[][..], |info| info.resource_types)
    });
    (facts, estate.universe.is_without_resource(id), types)
}

fn split(classes: &mut Classes<'_>, library: &Library, documents: impl Iterator<Item = DocId>) {
    let mut seen: HashSet<_, foldhash::fast::RandomState> = HashSet::default();
    for (_, statement) in documents.flat_map(|document| library.statements_of(document)) {
        let actions = &library.action_sets[statement.actions];
        if seen.insert((statement.actions, None)) {
            classes.split(actions);
        }
        for &item in &library.resource_sets[statement.resources].items {
            let applicable = library.patterns[item].applicable;
            if seen.insert((statement.actions, Some(applicable))) {
                classes.split(&actions.intersect(&library.action_sets[applicable]));
            }
        }
    }
}

/// A question about many permissions at once.
pub(super) struct Question<'a> {
    pub(super) estate: &'a Estate,
    pub(super) caller: &'a Caller,
    pub(super) setting: &'a Setting,
    /// Every part that the question has for some permission.
    pub(super) parts: Vec<&'a Part>,
}

impl Question<'_> {
    /// The classes of `ids`, which are ascending. `sets` hold what a part is about, and whatever else the asker
    /// wants kept apart.
    pub(super) fn classes<'s>(
        &self,
        ids: &[u16],
        sets: impl Iterator<Item = &'s Intervals>,
    ) -> Vec<Vec<u16>> {
        let mut classes = keyed(self.estate, ids);
        sets.for_each(|set| classes.split(set));
        split(&mut classes, &self.estate.library, self.documents().into_iter());
        self.split_by_brought(&mut classes);
        classes.members()
    }

    /// As `classes`, for a question about everything.
    pub(super) fn classes_of_all(&self, ids: &[u16]) -> Vec<Vec<u16>> {
        let common = common_classes(self.estate);
        let of = |&id: &u16| common.get(usize::from(id)).copied().unwrap_or_default();
        let count = common.iter().max().map_or(1, |most| most + 1);
        let mut classes = Classes { ids, class_of: ids.iter().map(of).collect(), count };
        // `parts` are those of the question that the classes of all take for granted.
        split(&mut classes, &self.estate.library, self.documents().into_iter());
        self.split_by_brought(&mut classes);
        classes.members()
    }

    fn split_by_brought(&self, classes: &mut Classes<'_>) {
        if let Some(brought) = &self.setting.brought {
            let documents = brought.documents.iter().map(|(_, document)| *document);
            split(classes, &brought.library, documents);
        }
    }

    /// Every loaded document that an evaluation may look at, whatever its layer.
    fn documents(&self) -> Vec<DocId> {
        let estate = self.estate;
        let mut policies: Vec<PolicyId> = Vec::new();
        if let Some(principal) = self.caller.principal {
            let held = estate.provider.layers.iter().flat_map(|spec| estate.held(spec.id, principal));
            policies.extend(held.map(|held| held.policy));
        }
        let owners = self.parts.iter().filter_map(|part| match &part.owner {
            Owner::Account(account) => Some(*account),
            Owner::Caller | Owner::Elsewhere(_) => None,
        });
        let mut accounts: Vec<AccountId> = owners.chain(self.caller.account).collect();
        accounts.sort_unstable();
        accounts.dedup();
        for scope in accounts.iter().flat_map(|&account| &estate.accounts[account].chain) {
            policies.extend_from_slice(&estate.scopes[*scope].policies);
        }
        let named = self.setting.named.iter().map(|(_, resource)| *resource);
        for resource in self.parts.iter().filter_map(|part| part.resource).chain(named) {
            policies.extend_from_slice(&estate.resources[resource].policies);
        }
        let mut documents: Vec<DocId> =
            policies.iter().map(|&policy| estate.policies[policy].document).collect();
        documents.sort_unstable();
        documents.dedup();
        documents
    }
}
