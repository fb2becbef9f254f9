//! Simplification of residual conditions.
//!
//! Atoms that depend on one thing (a key, the session name, the resource) become one variable whose states are all
//! combinations of truths that its atoms can have together. The expression is then a table over the states of its
//! variables. From the table alone, hence in the same way for equivalent expressions, follow the states that need no
//! telling apart, all prime implicants, and a cover. What is too large for a table is simplified by its shape.

use super::expr::{Atom, Expr};
use super::fold;
use super::table::{Cube, Table, all_states, literals};
use super::variable::{Subject, Variable};
use crate::pattern::Pattern;
use foldhash::fast::RandomState;
use hashbrown::HashSet;
use std::sync::Arc;

/// A simplified expression.
#[derive(Clone, Debug)]
pub(crate) struct Simplified {
    /// Equivalent to the expression that was given.
    pub(crate) expr: Expr,
    /// Whether equivalent expressions give this very same one.
    pub(crate) canonical: bool,
}

/// Of more patterns it is not asked whether they lie apart.
const FEW: usize = 8;
/// More distinct atoms than this are not tabulated.
const MAX_ATOMS: usize = 64;
/// Combinations of states in a table: enough for twelve independent atoms.
const MAX_COMBINATIONS: usize = 1 << 12;

/// The simplest equivalent expression. Up to 12 distinct atoms the result does not depend on how the expression was
/// written (`canonical`), except where patterns of different kinds meet on one key.
pub(crate) fn simplify(expr: &Expr) -> Simplified {
    match expr {
        Expr::Always | Expr::Never => Simplified { expr: expr.clone(), canonical: true },
        _ => match Apart::of(expr) {
            // Most answers about many resources are a few patterns, or all but these.
            Some(apart) => apart.simplified(expr),
            None => exact(expr).unwrap_or_else(|| {
                let expr = by_shape(expr);
                Simplified { canonical: matches!(expr, Expr::Always | Expr::Never), expr }
            }),
        },
    }
}

/// An expression about nothing but patterns of which no two have a resource in common.
pub(super) struct Apart<'a> {
    /// Sorted.
    pub(super) patterns: Vec<&'a Pattern>,
    /// Whether one of them must match, or none.
    pub(super) holds: bool,
}

impl<'a> Apart<'a> {
    pub(super) fn of(expr: &'a Expr) -> Option<Apart<'a>> {
        let (inner, holds) = match expr {
            Expr::Not(inner) => (&**inner, false),
            other => (other, true),
        };
        let mut patterns: Vec<&Pattern> = Vec::new();
        for part in if let Expr::Or(parts) = inner { parts } else { std::slice::from_ref(inner) } {
            let Expr::Atom(atom) = part else { return None };
            match &**atom {
                Atom::ResourceIn(list) if patterns.len() + list.len() <= FEW => patterns.extend(list),
                _ => return None,
            }
        }
        patterns.sort_unstable();
        patterns.dedup();
        let usual = patterns.iter().all(|pattern| !pattern.is_any() && !pattern.is_void());
        let mut pairs = patterns.iter().enumerate().flat_map(|(i, one)| {
            let others = patterns.iter().skip(i + 1);
            others.map(move |other| (one, other))
        });
        let apart = usual && !patterns.is_empty() && pairs.all(|(one, other)| !one.overlaps(other));
        apart.then_some(Apart { patterns, holds })
    }

    /// As one list.
    pub(super) fn written(&self) -> Expr {
        let list =
            Expr::atom(Atom::ResourceIn(self.patterns.iter().map(|&pattern| pattern.clone()).collect()));
        if self.holds { list } else { list.not() }
    }

    /// `expr` must be what this was made of.
    pub(super) fn simplified(&self, expr: &Expr) -> Simplified {
        // One pattern is written as it stands, and shared, unless it stands there twice.
        let single = |expr: &Expr| match expr {
            Expr::Atom(atom) => matches!(&**atom, Atom::ResourceIn(list) if list.len() == 1),
            _ => false,
        };
        let as_it_is = match expr {
            Expr::Not(inner) => single(inner),
            expr => single(expr),
        };
        Simplified { expr: if as_it_is { expr.clone() } else { self.written() }, canonical: true }
    }
}

/// Parts are simplified exactly where they fit into a table.
fn by_shape(expr: &Expr) -> Expr {
    let part = |part: &Expr| exact(part).map_or_else(|| by_shape(part), |simplified| simplified.expr);
    match expr {
        Expr::And(parts) => fold::all(parts.iter().map(part).collect()),
        Expr::Or(parts) => fold::any(parts.iter().map(part).collect()),
        Expr::Not(inner) => part(inner).not(),
        other => other.clone(),
    }
}

/// Where an atom is found: its variable and its bit there.
struct Place<'a> {
    atom: &'a Arc<Atom>,
    variable: usize,
    bit: u64,
}

/// Whether an expression holds in all states in which another one does, or in none of them.
pub(super) fn constant_where(expr: &Expr, there: &Expr) -> Option<bool> {
    let tabulation = Tabulation::of(&[expr, there])?;
    let mut inside =
        tabulation.expr(there).into_iter().zip(tabulation.expr(expr)).filter(|(inside, _)| *inside);
    let (_, first) = inside.next()?;
    inside.all(|(_, holds)| holds == first).then_some(first)
}

fn exact(expr: &Expr) -> Option<Simplified> {
    let tabulation = Tabulation::of(&[expr])?;
    let bits = tabulation.expr(expr);
    let Tabulation { variables, dims, .. } = tabulation;
    let table = Table { dims, bits };
    if let Some(constant) = table.constant() {
        let expr = if constant { Expr::Always } else { Expr::Never };
        return Some(Simplified { expr, canonical: true });
    }
    let (table, became) = table.merge_states();
    Writer { variables: &variables, became }.write(&table)
}

fn variables<'a>(mut atoms: Vec<&'a Arc<Atom>>) -> Option<(Vec<Variable<'a>>, Vec<Place<'a>>)> {
    atoms.sort_by(|a, b| Subject::of(a).cmp(&Subject::of(b)).then_with(|| a.cmp(b)));
    let mut variables = Vec::new();
    let mut places = Vec::with_capacity(atoms.len());
    for same in atoms.chunk_by(|a, b| Subject::of(a) == Subject::of(b)) {
        let Some(first) = same.first() else { continue };
        for (index, atom) in same.iter().enumerate() {
            places.push(Place { atom, variable: variables.len(), bit: 1 << (index & 63) });
        }
        variables.push(Variable::new(Subject::of(first), same.to_vec())?);
    }
    Some((variables, places))
}

/// Evaluates expressions for all combinations of states at once.
struct Tabulation<'a> {
    variables: Vec<Variable<'a>>,
    places: Vec<Place<'a>>,
    dims: Vec<usize>,
    size: usize,
}

impl<'a> Tabulation<'a> {
    /// Of these expressions, unless they are too large.
    fn of(exprs: &[&'a Expr]) -> Option<Tabulation<'a>> {
        let mut distinct: Vec<&Arc<Atom>> = Vec::new();
        let mut known: HashSet<&Arc<Atom>, RandomState> = HashSet::default();
        for expr in exprs {
            expr.visit(&mut |atom| {
                if distinct.len() <= MAX_ATOMS && known.insert(atom) {
                    distinct.push(atom);
                }
            });
        }
        if distinct.len() > MAX_ATOMS {
            return None;
        }
        let (variables, places) = variables(distinct)?;
        let dims: Vec<usize> = variables.iter().map(|variable| variable.states.len()).collect();
        let size = dims.iter().try_fold(1usize, |size, dim| size.checked_mul(*dim))?;
        (size <= MAX_COMBINATIONS).then_some(Tabulation { variables, places, dims, size })
    }

    fn expr(&self, expr: &Expr) -> Vec<bool> {
        let combine = |parts: &[Expr], start: bool, join: fn(bool, bool) -> bool| {
            parts.iter().fold(vec![start; self.size], |mut all, part| {
                all.iter_mut().zip(self.expr(part)).for_each(|(all, part)| *all = join(*all, part));
                all
            })
        };
        match expr {
            Expr::Always => vec![true; self.size],
            Expr::Never => vec![false; self.size],
            Expr::And(parts) => combine(parts, true, |a, b| a && b),
            Expr::Or(parts) => combine(parts, false, |a, b| a || b),
            Expr::Not(inner) => self.expr(inner).into_iter().map(|bit| !bit).collect(),
            Expr::Atom(atom) => self.atom(atom),
        }
    }

    fn atom(&self, atom: &Arc<Atom>) -> Vec<bool> {
        let found = self.places.iter().find(|place| Arc::ptr_eq(place.atom, atom) || place.atom == atom);
        let Some((place, variable)) = found.and_then(|p| self.variables.get(p.variable).map(|v| (p, v)))
        else {
            // INVARIANT: every atom of the expression has a place.
            return vec![false; self.size];
        };
        let stride: usize = self.dims.iter().skip(place.variable + 1).product();
        let block: Vec<bool> = variable
            .states
            .iter()
            .flat_map(|state| std::iter::repeat_n(state.truths & place.bit != 0, stride))
            .collect();
        block.iter().copied().cycle().take(self.size).collect()
    }
}

/// Writes a table as an expression.
struct Writer<'a> {
    variables: &'a [Variable<'a>],
    /// For every variable, the merged state of each of its states.
    became: Vec<Vec<usize>>,
}

impl Writer<'_> {
    /// A disjunction of conjunctions, or the other way round if that is shorter.
    fn write(&self, table: &Table) -> Option<Simplified> {
        let cover = self.cover(table)?;
        let length = |cover: &[Cube]| cover.iter().map(|cube| literals(cube, &table.dims)).sum::<usize>();
        let mut canonical = true;
        if length(&cover) > cover.len() && cover.len() > 1 {
            let complement = table.complement();
            let others = self.cover(&complement)?;
            if length(&others) < length(&cover) {
                let all =
                    others.iter().map(|cube| fold::any(self.literals(cube, table, true, &mut canonical)));
                return Some(Simplified { expr: fold::all(all.collect()), canonical });
            }
        }
        let any = cover.iter().map(|cube| fold::all(self.literals(cube, table, false, &mut canonical)));
        Some(Simplified { expr: fold::any(any.collect()), canonical })
    }

    fn cover(&self, table: &Table) -> Option<Vec<Cube>> {
        let primes = table.primes()?;
        Some(table.cover(primes, |cube| fold::all(self.literals(cube, table, false, &mut true))))
    }

    /// The restrictions of a cube, or the opposite of each.
    fn literals(&self, cube: &Cube, table: &Table, opposite: bool, canonical: &mut bool) -> Vec<Expr> {
        let mut written = Vec::new();
        for (((states, dim), variable), became) in
            cube.iter().zip(&table.dims).zip(self.variables).zip(&self.became)
        {
            if *states == all_states(*dim) {
                continue;
            }
            let chosen: Vec<bool> =
                became.iter().map(|state| (states >> state & 1 == 1) != opposite).collect();
            let (expr, exact) = variable.render(&chosen);
            *canonical &= exact;
            written.push(expr);
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::test::ARN;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn patterns_that_lie_apart_are_what_the_table_gives(
            texts in prop::collection::vec("arn:aws:[sd*?]:[u*]:[1*?]{0,2}:(\\*|a\\*|[abc*?/]{1,4})", 1..6),
            cuts in prop::collection::vec(any::<bool>(), 6),
            holds: bool,
        ) {
            let mut lists = vec![Vec::new()];
            for (text, cut) in texts.iter().zip(cuts) {
                if cut {
                    lists.push(Vec::new());
                }
                lists.last_mut().unwrap().push(Pattern::parse(text, ARN).unwrap());
            }
            lists.retain(|list| !list.is_empty());
            let union = fold::any(lists.into_iter().map(|list| Expr::atom(Atom::ResourceIn(list))).collect());
            let expr = if holds { union } else { union.not() };
            if Apart::of(&expr).is_some() {
                let (short, exact) = (simplify(&expr), exact(&expr).unwrap());
                prop_assert_eq!((short.expr, short.canonical), (exact.expr, exact.canonical));
            }
        }
    }
}
