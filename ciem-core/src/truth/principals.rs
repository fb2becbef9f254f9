//! Sets of principals, also "all but these": the algebra of `who_can`.

use super::kleene::{Bits, Kleene};
use crate::base::{IdSet, id_type};

id_type!(
    /// A principal of one snapshot; ids are sorted by account, then by full id.
    PrincipalId
);

/// Finite, or everybody but a finite set.
#[derive(Clone, Debug)]
pub(crate) struct Principals {
    negated: bool,
    set: IdSet<PrincipalId>,
}

/// Surely / possibly.
pub(crate) type PrincipalSet = Kleene<Principals>;

impl PrincipalSet {
    /// Surely everybody.
    pub(crate) fn is_everybody(&self) -> bool {
        let sure = self.sure();
        sure.negated && sure.set.is_empty()
    }
}

impl Principals {
    pub(crate) fn these(set: IdSet<PrincipalId>) -> Self {
        Principals { negated: false, set }
    }

    /// All members of several.
    pub(crate) fn union<'a>(sets: impl Iterator<Item = &'a Principals>) -> Self {
        let (negated, finite): (Vec<_>, Vec<_>) = sets.partition(|set| set.negated);
        let mut union = IdSet::default();
        union.union_with_all(finite.into_iter().map(|one| &one.set));
        negated.into_iter().fold(Principals::these(union), |mut all, one| {
            all.or(one);
            all
        })
    }

    /// The members among `known`: "everybody" ends where the snapshot ends.
    pub(crate) fn among(&self, known: &IdSet<PrincipalId>) -> IdSet<PrincipalId> {
        if self.negated {
            let mut rest = known.clone();
            rest.subtract(&self.set);
            return rest;
        }
        self.set.common(known)
    }

    #[cfg(test)]
    pub(crate) fn contains(&self, id: PrincipalId) -> bool {
        self.set.contains(id) != self.negated
    }
}

impl Bits for Principals {
    fn none() -> Self {
        Principals { negated: false, set: IdSet::default() }
    }

    fn all() -> Self {
        Principals { negated: true, set: IdSet::default() }
    }

    fn and(&mut self, other: &Self) {
        match (self.negated, other.negated) {
            (false, false) => self.set.intersect_with(&other.set),
            (false, true) => self.set.subtract(&other.set),
            (true, true) => self.set.union_with(&other.set),
            (true, false) => {
                let mut set = other.set.clone();
                set.subtract(&self.set);
                *self = Principals::these(set);
            }
        }
    }

    fn or(&mut self, other: &Self) {
        match (self.negated, other.negated) {
            (false, false) => self.set.union_with(&other.set),
            (true, true) => self.set.intersect_with(&other.set),
            (true, false) => self.set.subtract(&other.set),
            (false, true) => {
                let mut set = other.set.clone();
                set.subtract(&self.set);
                *self = Principals { negated: true, set };
            }
        }
    }

    fn minus(&mut self, other: &Self) {
        match (self.negated, other.negated) {
            (false, false) => self.set.subtract(&other.set),
            (false, true) => self.set.intersect_with(&other.set),
            (true, false) => self.set.union_with(&other.set),
            (true, true) => {
                let mut set = other.set.clone();
                set.subtract(&self.set);
                *self = Principals::these(set);
            }
        }
    }

    fn is_none(&self) -> bool {
        !self.negated && self.set.is_empty()
    }
}
