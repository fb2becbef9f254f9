//! What a condition about the resource comes to among the resources that a permission can act on: a Deny of every object
//! leaves nothing of an Allow of every bucket and object, if the permission acts on objects alone.

use super::question::{Asked, Plan};
use crate::condition::{Among, Expr, Simplified, simplify_among};
use crate::pattern::Pattern;
use crate::snapshot::estate::Estate;
use std::cell::OnceCell;

/// The resources among those asked about on which a permission can act. `None`: it is not known, or they are too many.
pub(super) fn acted_on(estate: &Estate, permission: u16, asked: &Pattern) -> Option<Among> {
    let mut all = Vec::new();
    for kind in estate.universe.resource_patterns(permission)? {
        all.extend(kind.intersect(asked)?);
    }
    all.sort();
    all.dedup();
    Among::new(all)
}

/// What the answers to one question are simplified by.
#[derive(Debug)]
pub(super) struct Simplifying<'a> {
    estate: &'a Estate,
    plan: &'a Plan,
    /// Where the question is about a pattern: the resources that there can be.
    among: OnceCell<Option<Among>>,
}

impl<'a> Simplifying<'a> {
    pub(super) fn new(estate: &'a Estate, plan: &'a Plan) -> Simplifying<'a> {
        Simplifying { estate, plan, among: OnceCell::new() }
    }

    /// `simplify`, of an answer.
    pub(super) fn simplified(&self, raw: &Expr) -> Simplified {
        simplify_among(raw, || {
            let among = self.among.get_or_init(|| match self.plan.generic.as_ref().map(|part| &part.asked) {
                Some(Asked::Pattern(asked)) => acted_on(self.estate, self.plan.permission, asked),
                _ => None,
            });
            among.as_ref()
        })
    }
}

/// The same, of one answer.
pub(super) fn simplified(estate: &Estate, plan: &Plan, raw: &Expr) -> Simplified {
    Simplifying::new(estate, plan).simplified(raw)
}
