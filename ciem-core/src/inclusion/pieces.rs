//! The pieces into which the statements cut the resources of a class of permissions.

use super::classes::Class;
use super::policies::Policies;
use super::search::Search;
use crate::model::Effect;
use crate::pattern::{Cell, Glob, Members, Pattern, PatternCells, Syntax, Template};
use foldhash::fast::RandomState;
use hashbrown::HashSet;
use std::collections::BTreeSet;

/// Patterns with variables in one piece: each may match or not.
const MOST_OPEN: usize = 6;

/// A piece of the resources of a class of permissions.
pub(super) struct Piece {
    pub(super) text: String,
    /// Rules of the class that are about it.
    pub(super) matched: Vec<usize>,
    /// Accounts of callers, by their number, of which the resource is; and whether it is of none that its id tells.
    pub(super) accounts: Members,
    pub(super) unowned: bool,
    /// Patterns with variables, and whether they are taken to match.
    pub(super) open: Vec<(usize, bool)>,
    /// Keys of variables on which a whole statement hangs, and whether they are taken to be absent.
    pub(super) keys: Vec<(String, bool)>,
}

/// Rules that are about a resource, and what of its variables is taken for granted.
type Variant = (Vec<usize>, Vec<(usize, bool)>, Vec<(String, bool)>);

impl Search<'_> {
    /// The rules of the class that are about a resource, by which items match it.
    fn matched(&self, class: &Class, matches: impl Fn(usize) -> bool) -> Vec<usize> {
        let about = |rule: &usize| {
            let resources = self.policies.rules.get(*rule).map(|rule| &rule.resources);
            resources.is_some_and(|all| all.items.iter().any(|&item| matches(item)) != all.negated)
        };
        class.rules.iter().copied().filter(about).collect()
    }

    /// The pieces for permissions that act on no resource: what is not `*` says nothing of them.
    pub(super) fn on_nothing(&self, class: &Class) -> Option<Vec<Piece>> {
        let cell = Cell { matching: Members::default(), text: "*".to_owned() };
        let variants = self.variants(class, &cell, &[])?.into_iter();
        let piece = |(matched, open, keys)| Piece {
            text: cell.text.clone(),
            matched,
            accounts: Members::default(),
            unowned: true,
            open,
            keys,
        };
        Some(variants.map(piece).collect())
    }

    /// The pieces of the resources that the class acts on, as far as the checked policy may allow something there; and
    /// whether these are all.
    pub(super) fn walk(&mut self, class: &Class, shapes: &[Pattern]) -> (Vec<Piece>, bool) {
        let policies = self.policies;
        let items: BTreeSet<usize> = class
            .rules
            .iter()
            .filter_map(|&rule| policies.rules.get(rule))
            .flat_map(|rule| rule.resources.items.iter().copied())
            .collect();
        let types = types_of(policies, class.permission);
        let relevant: Vec<usize> = items
            .into_iter()
            .filter(|&item| {
                let Some(item) = policies.items.get(item) else { return false };
                let acts = |kind: &u16| types.is_none_or(|types| types.contains(kind));
                !item.any && (types.is_none() || item.types.iter().any(acts))
            })
            .collect();
        let mut patterns: Vec<Pattern> = relevant
            .iter()
            .filter_map(|&item| policies.items.get(item))
            .map(|item| item.pattern.clone())
            .collect();
        let mut add = |more: &mut dyn Iterator<Item = Pattern>| {
            let start = patterns.len();
            patterns.extend(more);
            start..patterns.len()
        };
        let group = |range: std::ops::Range<usize>| {
            let mut members = Members::default();
            range.for_each(|member| members.insert(member));
            members
        };
        let mut needed = Vec::new();
        if !self.scope.resources.is_empty() {
            needed.push(group(add(&mut self.scope.resources.iter().cloned())));
        }
        let accounts = add(&mut self.accounts.iter().map(|(_, pattern)| pattern.clone())).start;
        let unowned = add(&mut self.unowned.iter().cloned()).start;
        needed.extend(self.allowed(class, &relevant));
        let (mut pieces, mut complete) = (Vec::new(), true);
        let mut seen: HashSet<(Variant, Members, bool), RandomState> = HashSet::default();
        // One type after the other: which of several types an id belongs to makes no difference, and the product of their
        // patterns would be large.
        let plain = self.matched(class, |item| policies.items.get(item).is_some_and(|item| item.any));
        let plain = self.keys_of(class).is_empty() && self.gives_nothing(&plain);
        for shape in shapes {
            self.work += relevant.len();
            let mut near = relevant.iter().filter_map(|&item| policies.items.get(item));
            // Where no pattern is about the type's resources, all of them are one piece.
            if plain && !near.any(|item| item.pattern.overlaps(shape)) {
                continue;
            }
            patterns.push(shape.clone());
            needed.push(group(patterns.len() - 1..patterns.len()));
            let cells = PatternCells {
                patterns: &patterns,
                needed: &needed,
                syntax: policies.provider.syntax,
                usual: policies.inclusion.usual,
            };
            let cells = cells.all(&mut self.budget);
            patterns.pop();
            needed.pop();
            complete &= cells.is_some();
            for cell in cells.iter().flatten() {
                let spent = self.budget.take(1 + class.rules.len() / 8);
                let variants = spent.and_then(|()| self.variants(class, cell, &relevant));
                complete &= variants.is_some();
                let mut of = Members::default();
                (0..self.accounts.len())
                    .filter(|at| cell.matching.contains(accounts + at))
                    .for_each(|at| of.insert(at));
                let unowned = self.unowned.is_some() && cell.matching.contains(unowned);
                for variant in variants.into_iter().flatten() {
                    if seen.insert((variant.clone(), of.clone(), unowned)) {
                        let (matched, open, keys) = variant;
                        let text = cell.text.clone();
                        pieces.push(Piece { text, matched, accounts: of.clone(), unowned, open, keys });
                    }
                }
            }
        }
        // What is certain comes before what variables decide.
        pieces.sort_by_key(|piece| piece.open.len());
        (pieces, complete)
    }

    /// The patterns of which one must match wherever the checked policy allows something, if there are such.
    fn allowed(&self, class: &Class, relevant: &[usize]) -> Option<Members> {
        let mut members = Members::default();
        for &rule in &class.rules {
            let rule = self.policies.rules.get(rule)?;
            if !rule.checked || rule.effect == Effect::Deny {
                continue;
            }
            if rule.resources.negated
                || rule.resources.items.iter().any(|&i| self.policies.items.get(i).is_some_and(|i| i.any))
            {
                return None;
            }
            for item in &rule.resources.items {
                relevant.binary_search(item).into_iter().for_each(|at| members.insert(at));
            }
        }
        Some(members)
    }

    /// The patterns with variables that a rule excepts. If one has a variable without value, the whole statement applies
    /// to nothing.
    fn excepting(&self, rule: usize) -> impl Iterator<Item = &Template> {
        let resources = self.policies.rules.get(rule).map(|rule| &rule.resources);
        let items = resources.filter(|all| all.negated).into_iter().flat_map(|all| &all.items);
        items.filter_map(|&number| self.policies.items.get(number)?.template.as_ref())
    }

    /// The keys on whose presence whole statements hang.
    fn keys_of(&self, class: &Class) -> Vec<String> {
        let templates = class.rules.iter().flat_map(|&rule| self.excepting(rule));
        let keys: BTreeSet<String> = templates.flat_map(hanging).collect();
        keys.into_iter().collect()
    }

    /// The rules about the resources of a cell; several lists where variables decide whether patterns match.
    fn variants(&self, class: &Class, cell: &Cell, relevant: &[usize]) -> Option<Vec<Variant>> {
        let item = |number: usize| self.policies.items.get(number);
        let alive =
            |number: usize| relevant.binary_search(&number).is_ok_and(|at| cell.matching.contains(at));
        let open: Vec<usize> = relevant
            .iter()
            .copied()
            .filter(|&number| alive(number) && item(number).is_some_and(|item| item.template.is_some()))
            .collect();
        let keys = self.keys_of(class);
        if open.len() + keys.len() > MOST_OPEN {
            return None;
        }
        let mut variants = Vec::new();
        for choice in 0u32..1 << (open.len() + keys.len()) {
            let is_absent = |key: &String| {
                let at = keys.iter().position(|known| known == key);
                at.is_some_and(|at| choice >> (open.len() + at) & 1 == 1)
            };
            let unresolved = |template: &Template| hanging(template).iter().any(is_absent);
            let chosen = |number: usize| {
                open.iter().position(|&known| known == number).map(|at| choice >> at & 1 == 1)
            };
            let contradicts = |&number: &usize| {
                chosen(number) == Some(true)
                    && item(number).and_then(|item| item.template.as_ref()).is_some_and(unresolved)
            };
            // What matches the narrower pattern matches the wider one, which is alive then.
            let apart = |&(inner, outer): &(usize, usize)| {
                chosen(inner) == Some(true)
                    && relevant.binary_search(&outer).is_ok()
                    && chosen(outer) != Some(true)
            };
            if self.policies.inside.iter().any(apart) || open.iter().any(contradicts) {
                continue;
            }
            let mut matched = self.matched(class, |number| {
                item(number).is_some_and(|item| item.any) || chosen(number).unwrap_or_else(|| alive(number))
            });
            matched.retain(|&rule| !self.excepting(rule).any(unresolved));
            let open = open.iter().filter_map(|&number| Some((number, chosen(number)?))).collect();
            let keys = keys.iter().map(|key| (key.clone(), is_absent(key))).collect();
            variants.push((matched, open, keys));
        }
        Some(variants)
    }
}

/// The keys of variables without default, in lower case.
fn hanging(template: &Template) -> Vec<String> {
    let bare = template.variables().filter(|(_, default)| default.is_none());
    bare.map(|(key, _)| key.to_ascii_lowercase()).collect()
}

/// The resource types of a permission, if any are known.
pub(super) fn types_of(policies: &Policies, permission: u16) -> Option<&[u16]> {
    let info = policies.universe.catalog().info(permission)?;
    (!info.resource_types.is_empty()).then_some(info.resource_types)
}

/// The ids of resources of which nothing is known: they have a name, and may lack a region or an account.
pub(super) fn any_id(syntax: Syntax) -> Pattern {
    let mut segments = vec![Glob::any(); usize::from(syntax.segments)];
    if let Some(last) = segments.last_mut() {
        *last = Glob::parse("?*");
    }
    Pattern::from_segments(segments)
}

/// The resource type's pattern for ids whose free parts are not empty: an id that has an account has one.
pub(super) fn inhabited(shape: &Pattern) -> Pattern {
    let segment = |segment: &Glob| Glob::parse(&segment.to_string().replace('*', "?*"));
    Pattern::from_segments(shape.segments().iter().map(segment).collect())
}
