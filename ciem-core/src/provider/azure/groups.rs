//! Which groups lie in which (AZ-R8).

use crate::base::{Interner, Text};
use crate::model::PrincipalKind;
use crate::model::assignment::Assignments;
use std::collections::{BTreeMap, BTreeSet};

pub(super) struct Groups {
    /// By member: the groups that it is directly in.
    of: BTreeMap<Text, BTreeSet<Text>>,
    all: BTreeSet<Text>,
    /// Groups of which not all members are known, and whatever may be one, sorted by id.
    open: Vec<Text>,
    /// Of which nothing tells whether they are groups.
    perhaps: BTreeSet<Text>,
}

impl Groups {
    pub(super) fn new(facts: &Assignments, texts: &Interner) -> Groups {
        let kinds = facts.principals.iter().filter(|(_, known)| known.kind == Some(PrincipalKind::Group));
        let all: BTreeSet<Text> = kinds.map(|(&id, _)| id).chain(facts.members.keys().copied()).collect();
        let mut of: BTreeMap<Text, BTreeSet<Text>> = BTreeMap::new();
        for (&group, members) in &facts.members {
            for &member in &members.ids {
                of.entry(member).or_default().insert(group);
            }
        }
        let open = |group: &&Text| facts.members.get(group).is_none_or(|known| !known.complete);
        let perhaps: BTreeSet<Text> =
            facts.principals.keys().copied().filter(|&id| facts.may_be_group(id)).collect();
        let mut open: Vec<Text> = all.iter().filter(open).chain(&perhaps).copied().collect();
        open.sort_unstable_by_key(|&id| texts.get(id));
        Groups { of, all, open, perhaps }
    }

    pub(super) fn all(&self) -> &BTreeSet<Text> {
        &self.all
    }

    /// Groups of which not all members are known, and whatever may be one, sorted by id.
    pub(super) fn open(&self) -> &[Text] {
        &self.open
    }

    pub(super) fn is_group(&self, id: Text) -> bool {
        self.all.contains(&id)
    }

    /// Whether it is a group, or may be one for all that is known.
    pub(super) fn may_be_group(&self, id: Text) -> bool {
        self.is_group(id) || self.perhaps.contains(&id)
    }

    pub(super) fn is_open(&self, id: Text) -> bool {
        self.open.contains(&id)
    }

    /// The groups that somebody is directly in.
    pub(super) fn directly(&self, id: Text) -> impl Iterator<Item = Text> + '_ {
        self.of.get(&id).into_iter().flatten().copied()
    }

    /// Takes somebody out of a group; `false` if it is not directly in it.
    pub(super) fn leave(&mut self, member: Text, group: Text) -> bool {
        self.of.get_mut(&member).is_some_and(|groups| groups.remove(&group))
    }

    /// Everything that somebody is in, itself included.
    pub(super) fn above(&self, id: Text) -> BTreeSet<Text> {
        let mut found = BTreeSet::new();
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            if found.insert(id) {
                open.extend(self.directly(id));
            }
        }
        found
    }
}
