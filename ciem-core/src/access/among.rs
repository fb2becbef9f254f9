//! What a condition about the resource comes to among the resources that a permission can act on: a Deny of every object
//! leaves nothing of an Allow of every bucket and object, if the permission acts on objects alone.

use super::question::{Asked, Plan};
use crate::condition::{Expr, Simplified, constant_among, simplify, tells_resources_apart};
use crate::pattern::Pattern;
use crate::snapshot::estate::Estate;

/// The resources among those asked about on which a permission can act. `None`: it is not known, or they are too many.
pub(super) fn acted_on(estate: &Estate, permission: u16, asked: &Pattern) -> Option<Vec<Pattern>> {
    let mut all = Vec::new();
    for kind in estate.universe.resource_patterns(permission)? {
        all.extend(kind.intersect(asked)?);
    }
    all.sort();
    all.dedup();
    Some(all)
}

/// `simplify`, of the answer to a question.
pub(super) fn simplified(estate: &Estate, plan: &Plan, raw: &Expr) -> Simplified {
    let simplified = simplify(raw);
    let asked = match plan.generic.as_ref().map(|part| &part.asked) {
        Some(Asked::Pattern(asked)) if tells_resources_apart(&simplified.expr) => asked,
        _ => return simplified,
    };
    let among = acted_on(estate, plan.permission, asked);
    match among.and_then(|among| constant_among(&simplified.expr, &among)) {
        Some(true) => Simplified { expr: Expr::Always, canonical: true },
        Some(false) => Simplified { expr: Expr::Never, canonical: true },
        None => simplified,
    }
}
