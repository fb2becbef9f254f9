//! Conditions about the resource, judged by the resources that there can be.

use super::expr::{Atom, Expr};
use super::fold;
use super::simplify::{Apart, Simplified, constant_where, simplify};
use crate::pattern::{Pattern, Relation};
use foldhash::fast::RandomState;
use hashbrown::HashSet;

/// Of longer conditions, and of more kinds of resource, it is not worked out: they stay as they are.
const MANY: usize = 8;

/// The resources that there can be, as patterns.
#[derive(Debug)]
pub(crate) struct Among {
    patterns: Vec<Pattern>,
    /// Of each pattern a resource like no other.
    unlike: Vec<Pattern>,
}

impl Among {
    /// `None` where there are none, or too many.
    pub(crate) fn new(patterns: Vec<Pattern>) -> Option<Among> {
        let unlike = patterns.iter().map(Pattern::unlike_others).collect();
        (1..=MANY).contains(&patterns.len()).then_some(Among { patterns, unlike })
    }
}

/// The simplest expression that is equivalent among these resources, if they are known.
pub(crate) fn simplify_among<'a>(expr: &Expr, among: impl FnOnce() -> Option<&'a Among>) -> Simplified {
    let constant =
        |holds| Simplified { expr: if holds { Expr::Always } else { Expr::Never }, canonical: true };
    if let Some(apart) = Apart::of(expr) {
        let found = among().and_then(|among| constant_apart(&apart, among));
        return found.map_or_else(|| apart.simplified(expr), constant);
    }
    let simplified = simplify(expr);
    if !tells_resources_apart(&simplified.expr) {
        return simplified;
    }
    match among().and_then(|among| constant_among(&simplified.expr, among)) {
        Some(holds) => constant(holds),
        None => simplified,
    }
}

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
pub(crate) fn constant_among(expr: &Expr, among: &Among) -> Option<bool> {
    match Apart::of(expr) {
        Some(apart) => constant_apart(&apart, among),
        None => by_table(expr, &among.patterns),
    }
}

fn constant_apart(expr: &Apart<'_>, among: &Among) -> Option<bool> {
    // Where one pattern alone does not cover what there is, several may; not if a resource like no other is left out.
    let covers = |there: &Pattern| expr.patterns.iter().any(|own| own.relation(there) == Relation::Contains);
    let nowhere = || expr.patterns.iter().all(|own| among.patterns.iter().all(|there| !own.overlaps(there)));
    match among.patterns.iter().all(covers) {
        true => Some(expr.holds),
        false if nowhere() => Some(!expr.holds),
        false if !among.unlike.iter().all(covers) => None,
        false => by_table(&expr.written(), &among.patterns),
    }
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
            let table = by_table(&expr, &among);
            prop_assert_eq!(constant_among(&expr, &Among::new(among).unwrap()), table);
        }
    }
}
