//! Sets of states of a variable written as the shortest natural expression.

use super::describe::{self, Leaf, TextLeaf};
use super::domain::{Region, Space};
use super::expr::{Atom, Expr};
use super::fold;
use super::key::Key;
use super::operator::{Operator, Prefix};
use super::sets::SetFunction;
use super::test::Test;
use super::text::{Predicate, TextSpace};
use super::variable::{Member, Shape, Subject, Variable};
use crate::pattern::Glob;

/// An expression, and whether every equal set of values gives this very one.
pub(super) type Rendered = (Expr, bool);

impl Variable<'_> {
    /// The expression that holds in exactly the chosen states.
    pub(super) fn render(&self, chosen: &[bool]) -> Rendered {
        let members = || {
            let states = self.states.iter().zip(chosen).filter(|(_, chosen)| **chosen);
            states.flat_map(|(state, _)| state.members.iter().copied())
        };
        let expr = match (self.subject, &self.shape) {
            (Subject::Fact(_), _) | (_, Shape::Fact | Shape::Mixture) => None,
            (Subject::Key(key), Shape::Scalar) => {
                let (absent, classes) = self.split(members());
                self.scalar(key, absent, &classes)
            }
            (Subject::Key(key), Shape::Sets { kinds }) => {
                let mut holds = vec![false; 1 << kinds.len()];
                for member in members() {
                    let set = if let Member::Kinds(set) = member { set } else { 0 };
                    if let Some(place) = holds.get_mut(set) {
                        *place = true;
                    }
                }
                SetFunction { variable: self, key, kinds, holds }.render()
            }
            (Subject::Session | Subject::Resource, _) => {
                let (_, classes) = self.split(members());
                self.names(&classes)
            }
        };
        match expr {
            Some(expr) => (expr, self.is_canonical()),
            None => (self.by_atoms(chosen), matches!(self.shape, Shape::Fact)),
        }
    }

    fn split(&self, members: impl Iterator<Item = Member>) -> (bool, Vec<bool>) {
        let mut absent = false;
        let mut classes = vec![false; self.classes.len()];
        for member in members {
            match member {
                Member::Class(index) => {
                    classes.iter_mut().skip(index).take(1).for_each(|chosen| *chosen = true)
                }
                _ => absent = true,
            }
        }
        (absent, classes)
    }

    /// Whether the chosen classes hold values that no operator accepts.
    pub(super) fn has_invalid(&self, chosen: &[bool]) -> bool {
        self.classes.iter().zip(chosen).any(|(class, chosen)| *chosen && class.region == Region::Invalid)
    }

    /// A key with one value: the chosen classes, and absence if `absent`. What a key of which there always is a value
    /// does without one is all the same: the shorter form is told.
    fn scalar(&self, key: &Key, absent: bool, chosen: &[bool]) -> Option<Expr> {
        if key.clock && chosen.contains(&false) != chosen.contains(&true) {
            return Some(if chosen.contains(&true) { Expr::Always } else { Expr::Never });
        }
        if !chosen.contains(&false) {
            return if absent { Some(Expr::Always) } else { null(key, false) };
        }
        if !chosen.contains(&true) {
            return if absent { null(key, true) } else { Some(Expr::Never) };
        }
        if self.has_invalid(chosen) {
            let others: Vec<bool> = chosen.iter().map(|chosen| !chosen).collect();
            return self.scalar(key, !absent, &others).map(Expr::not);
        }
        let mut any = Vec::new();
        for leaves in describe::describe(&self.space, &self.classes, chosen)? {
            let mut all = Vec::with_capacity(leaves.len() + 1);
            if !absent && !key.clock && leaves.iter().all(|(operator, _)| operator.is_negated()) {
                all.push(null(key, false)?);
            }
            for leaf in leaves {
                let if_exists = absent && !leaf.0.is_negated();
                all.push(test(key, Prefix::None, leaf, if_exists)?);
            }
            any.push(fold::all(all));
        }
        Some(fold::any(any))
    }

    /// Session names or resources.
    fn names(&self, chosen: &[bool]) -> Option<Expr> {
        match (chosen.contains(&true), chosen.contains(&false)) {
            (_, false) => return Some(Expr::Always),
            (false, _) => return Some(Expr::Never),
            _ => {}
        }
        let (space, write): (&TextSpace, fn(TextLeaf) -> Expr) = match &self.space {
            Space::Session(space) => (space, session_leaf),
            Space::Resource(space) => (space, resource_leaf),
            _ => return None,
        };
        let any = describe::describe_text(space, &self.classes, chosen);
        Some(fold::any(any.into_iter().map(|all| fold::all(all.into_iter().map(write).collect())).collect()))
    }

    /// The chosen states as combinations of the atoms themselves, for what has no form of its own.
    fn by_atoms(&self, chosen: &[bool]) -> Expr {
        let truths = |wanted: bool| {
            let same = self.states.iter().zip(chosen).filter(move |(_, chosen)| **chosen == wanted);
            same.map(|(state, _)| state.truths).collect::<Vec<u64>>()
        };
        let (inside, outside) = (truths(true), truths(false));
        let terms = describe::combine_terms(&inside, &outside, self.atoms.len());
        let pick = |bits: u64| {
            let atoms = self.atoms.iter().enumerate().filter(move |(index, _)| bits >> index & 1 == 1);
            atoms.map(|(_, atom)| Expr::Atom((*atom).clone()))
        };
        let term =
            |with: u64, without: u64| fold::all(pick(with).chain(pick(without).map(Expr::not)).collect());
        fold::any(terms.into_iter().map(|terms| term(terms.with, terms.without)).collect())
    }
}

/// A test of a key as an expression.
pub(super) fn test(key: &Key, prefix: Prefix, (operator, values): Leaf, if_exists: bool) -> Option<Expr> {
    let test = Test::build(prefix, operator, if_exists, values.into()).ok()?;
    Some(Expr::atom(Atom::Key { key: key.clone(), test }))
}

/// The test for absence or presence.
pub(super) fn null(key: &Key, absent: bool) -> Option<Expr> {
    test(key, Prefix::None, (Operator::Null, vec![absent.to_string().into()]), false)
}

fn session_leaf((negated, names): TextLeaf) -> Expr {
    let name = |predicate| match predicate {
        Predicate::Glob(glob) | Predicate::FoldedGlob(glob) => glob.to_string(),
        Predicate::Text(text) | Predicate::Folded(text) => Glob::literal(&text).to_string(),
        Predicate::Pattern(pattern) => pattern.to_string(),
    };
    let any = fold::any(names.into_iter().map(|p| Expr::atom(Atom::SessionName(name(p)))).collect());
    if negated { any.not() } else { any }
}

fn resource_leaf((negated, resources): TextLeaf) -> Expr {
    let pattern = |predicate| match predicate {
        Predicate::Pattern(pattern) => Some(pattern),
        _ => None,
    };
    let any = Expr::atom(Atom::ResourceIn(resources.into_iter().filter_map(pattern).collect()));
    if negated { any.not() } else { any }
}
