//! Conditions about the resource, judged by the resources that there can be.

use super::expr::{Atom, Expr};
use super::fold;
use super::simplify::{one_pattern, simplify};
use crate::pattern::{Pattern, Relation};
use foldhash::fast::RandomState;
use hashbrown::HashSet;

/// Of longer conditions, and of more kinds of resource, it is not worked out: they stay as they are.
const MANY: usize = 8;

/// Whether a simplified condition is about the resource, and short enough for [`constant_among`].
pub(crate) fn tells_resources_apart(expr: &Expr) -> bool {
    let mut patterns: HashSet<&Pattern, RandomState> = HashSet::default();
    expr.visit(&mut |atom| {
        if let Atom::ResourceIn(list) = &**atom {
            patterns.extend(list);
        }
    });
    (1..=MANY).contains(&patterns.len())
}

/// Whether a simplified condition holds of all resources that match one of the patterns, or of none of them: what else
/// it tells apart does not exist.
pub(crate) fn constant_among(expr: &Expr, among: &[Pattern]) -> Option<bool> {
    if among.is_empty() || among.len() > MANY {
        return None;
    }
    if let Some((pattern, holds)) = one_pattern(expr) {
        let inside = |one: &Pattern| pattern.relation(one) == Relation::Contains;
        return among.iter().all(inside).then_some(holds);
    }
    let narrow = narrowed(expr, among)?;
    let there = Expr::atom(Atom::ResourceIn(among.to_vec()));
    if simplify(&narrow.clone().and(there.clone())).expr == Expr::Never {
        return Some(false);
    }
    (simplify(&narrow.or(there.not())).expr == Expr::Always).then_some(true)
}

/// The same among these: every pattern is cut down to what it has in common with them, so that patterns which differ only
/// elsewhere become equal.
fn narrowed(expr: &Expr, among: &[Pattern]) -> Option<Expr> {
    let all = |parts: &[Expr]| parts.iter().map(|part| narrowed(part, among)).collect::<Option<Vec<Expr>>>();
    Some(match expr {
        Expr::And(parts) => fold::all(all(parts)?),
        Expr::Or(parts) => fold::any(all(parts)?),
        Expr::Not(inner) => narrowed(inner, among)?.not(),
        Expr::Atom(atom) => match &**atom {
            Atom::ResourceIn(list) => {
                let pairs = list.iter().flat_map(|own| among.iter().map(move |one| own.intersect(one)));
                let mut common = pairs.collect::<Option<Vec<_>>>()?.concat();
                common.sort();
                common.dedup();
                match common.is_empty() {
                    true => Expr::Never,
                    false => Expr::atom(Atom::ResourceIn(common)),
                }
            }
            _ => expr.clone(),
        },
        constant => constant.clone(),
    })
}
