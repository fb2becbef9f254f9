//! Conditions about the resource, judged by the resources that there can be.

use super::expr::{Atom, Expr};
use super::fold;
use super::simplify::{apart, constant_where};
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
    if let Some((patterns, holds)) = apart(expr) {
        // Where one pattern alone does not cover what there is, several may; not if a resource like no other is left out.
        let covers = |there: &Pattern| patterns.iter().any(|own| own.relation(there) == Relation::Contains);
        let nowhere = || patterns.iter().all(|own| among.iter().all(|there| !own.overlaps(there)));
        match among.iter().all(covers) {
            true => return Some(holds),
            false if nowhere() => return Some(!holds),
            false if !among.iter().all(|there| covers(&there.unlike_others())) => return None,
            false => {}
        }
    }
    by_table(expr, among)
}

fn by_table(expr: &Expr, among: &[Pattern]) -> Option<bool> {
    let there = Expr::atom(Atom::ResourceIn(among.to_vec()));
    constant_where(&narrowed(expr, among)?, &there)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::test::ARN;
    use proptest::prelude::*;

    const PATTERNS: &str = "arn:aws:s3:[u*]::(\\*|a\\*|[ab*?]{1,3})";

    proptest! {
        #[test]
        fn patterns_that_lie_apart_are_constant_where_the_table_says_so(
            own in prop::collection::vec(PATTERNS, 1..5),
            among in prop::collection::vec(PATTERNS, 1..4),
            holds: bool,
        ) {
            let parsed = |texts: &[String]| texts.iter().map(|text| Pattern::parse(text, ARN).unwrap()).collect::<Vec<_>>();
            let union = Expr::atom(Atom::ResourceIn(parsed(&own)));
            let (expr, among) = (if holds { union } else { union.not() }, parsed(&among));
            prop_assert_eq!(constant_among(&expr, &among), by_table(&expr, &among));
        }
    }
}
