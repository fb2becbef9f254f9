//! The search for a request that the checked policy allows and the other does not.

use super::callers::{Caller, callers};
use super::classes::{Class, classes};
use super::policies::{Policies, Rule};
use super::witness::{Difference, Tried, Witnesses};
use super::{AccessCheck, CheckResult, GrantingStatement, Witness};
use crate::base::Intervals;
use crate::condition::{Expr, simplify};
use crate::model::{Effect, PolicyKind};
use crate::pattern::{Budget, Cell, Glob, Members, Pattern, PatternCells, Relation};
use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};
use std::collections::BTreeSet;

/// States that all walks of one check may visit.
const MOST_STATES: usize = 1 << 17;
/// Differences that are looked into.
const MOST_DIFFERENCES: usize = 1 << 14;
/// Patterns with variables in one cell: each may match or not.
const MOST_OPEN: usize = 6;

/// Which requests are looked for.
#[derive(Debug)]
pub(super) struct Scope {
    pub(super) permissions: Intervals,
    /// Only resources that one of these matches; all without any.
    pub(super) resources: Vec<Pattern>,
    /// Whether it counts that somebody is named, and not how strongly.
    pub(super) any_naming: bool,
    /// Whether only the public counts, and of the rules that allow only those that make a policy public.
    pub(super) public: bool,
}

/// A piece of the resources of a class of permissions.
struct Piece {
    text: String,
    /// Rules of the class that are about it.
    matched: Vec<usize>,
    /// Accounts of callers, by their number, of which the resource is; and whether it is of none that its id tells.
    accounts: Members,
    unowned: bool,
    /// Patterns with variables, and whether they are taken to match.
    open: Vec<(usize, bool)>,
}

enum Found {
    Nothing,
    /// What is not certain to be nothing.
    Doubt(Option<Witness>, String),
    Witness(Box<Witness>, Vec<usize>),
}

pub(super) struct Search<'a> {
    policies: &'a Policies,
    scope: Scope,
    resource_account: Option<&'a str>,
    callers: Vec<Caller>,
    /// Accounts that callers are of, as patterns over ids, and the one of ids without account.
    accounts: Vec<(String, Pattern)>,
    unowned: Option<Pattern>,
    /// Rules as callers see them: what is decided by who asks is decided.
    conditions: HashMap<(usize, usize), Option<(u8, Expr)>, RandomState>,
    /// Combinations of rules, caller and rank in which nothing is found.
    settled: HashSet<(Vec<usize>, usize, u8), RandomState>,
    budget: Budget,
    differences: usize,
    witnesses: Witnesses<'a>,
}

impl<'a> Search<'a> {
    pub(super) fn new(policies: &'a Policies, scope: Scope, resource_account: Option<&'a str>) -> Self {
        let mut callers = callers(policies);
        if scope.public {
            callers.retain(Caller::is_public);
        }
        let numbers: BTreeSet<&String> =
            callers.iter().filter_map(|caller| caller.account.as_ref()).collect();
        let pattern = |account: &str| {
            let text = (policies.provider.inclusion.of_account)(account);
            Pattern::parse(&text, policies.provider.syntax)
        };
        let accounts =
            numbers.iter().filter_map(|account| Some(((*account).clone(), pattern(account)?))).collect();
        let unowned = (policies.kind != PolicyKind::Identity).then(|| pattern("")).flatten();
        Search {
            policies,
            scope,
            resource_account,
            callers,
            accounts,
            unowned,
            conditions: HashMap::default(),
            settled: HashSet::default(),
            budget: Budget::new(MOST_STATES),
            differences: 0,
            witnesses: Witnesses::new(policies, resource_account),
        }
    }

    pub(super) fn run(mut self) -> AccessCheck {
        let policies = self.policies;
        let mut doubts: Vec<(Option<Witness>, String)> = Vec::new();
        let inclusion = policies.provider.inclusion;
        let classes = classes(policies, &self.scope.permissions, |permission| {
            let has = |fact: crate::truth::FactId| policies.universe.facts(permission) >> fact.0 & 1 == 1;
            match policies.kind {
                _ if has(inclusion.free) => false,
                PolicyKind::Identity => true,
                PolicyKind::Trust => has(inclusion.trusting),
                PolicyKind::Resource => {
                    !has(inclusion.trusting) && !policies.universe.is_without_resource(permission)
                }
            }
        });
        for class in &classes {
            if self.is_covered(class) {
                continue;
            }
            match self.class(class) {
                Found::Nothing => {}
                Found::Doubt(witness, reason) => doubts.push((witness, reason)),
                Found::Witness(witness, rules) => return self.failed(*witness, &rules),
            }
        }
        self.ended(doubts)
    }

    fn failed(&self, witness: Witness, rules: &[usize]) -> AccessCheck {
        let rules = rules.iter().filter_map(|&rule| self.policies.rules.get(rule));
        let granting = rules.filter(|rule| rule.checked && rule.effect == Effect::Allow);
        let mut statements: Vec<GrantingStatement> = granting
            .map(|rule| GrantingStatement {
                index: rule.index,
                sid: rule.sid.clone(),
                pointer: if rule.alone {
                    "/Statement".to_owned()
                } else {
                    format!("/Statement/{}", rule.index)
                },
            })
            .collect();
        statements.sort();
        statements.dedup();
        let reason = match self.policies.given.len() {
            2 => "the new policy allows the request and the old one does not",
            _ => "the policy allows the request",
        };
        let reasons = vec![reason.to_owned()];
        AccessCheck { v: 1, result: CheckResult::Fail, witness: Some(witness), statements, reasons }
    }

    fn ended(&self, mut doubts: Vec<(Option<Witness>, String)>) -> AccessCheck {
        let statements = Vec::new();
        if doubts.is_empty() {
            let mut reasons = vec![match self.policies.given.len() {
                2 => "every request that the new policy allows is allowed by the old one".to_owned(),
                _ => "the policy allows no such request".to_owned(),
            }];
            if self.scope.public && self.policies.rules.iter().any(|rule| rule.public) {
                reasons.push("a statement makes the policy public as its provider defines it, but no request of the public passes".to_owned());
            }
            return AccessCheck { v: 1, result: CheckResult::Pass, witness: None, statements, reasons };
        }
        let witness = doubts.iter_mut().find_map(|(witness, _)| witness.take());
        let mut reasons: Vec<String> = doubts.into_iter().map(|(_, reason)| reason).collect();
        reasons.sort();
        reasons.dedup();
        reasons.truncate(16);
        AccessCheck { v: 1, result: CheckResult::Unknown, witness, statements, reasons }
    }

    /// Whether each rule that allows lies in one of the other policy that allows, and each that denies there denies
    /// here too. That is how most pairs of policies are written, and needs no walk.
    fn is_covered(&self, class: &Class) -> bool {
        let rules = || class.rules.iter().filter_map(|&rule| self.policies.rules.get(rule));
        let of =
            |checked, effect| rules().filter(move |rule| rule.checked == checked && rule.effect == effect);
        of(true, Effect::Allow).all(|new| of(false, Effect::Allow).any(|old| self.lies_in(new, old)))
            && of(false, Effect::Deny).all(|old| {
                of(true, Effect::Deny).any(|new| {
                    new.resources == old.resources && new.condition == old.condition && new.who == old.who
                })
            })
    }

    fn lies_in(&self, new: &Rule, old: &Rule) -> bool {
        if new.who != old.who || old.condition != Expr::Always && old.condition != new.condition {
            return false;
        }
        if new.resources == old.resources || old.resources.negated && old.resources.items.is_empty() {
            return true;
        }
        let item = |number: usize| self.policies.items.get(number);
        let inside = |narrow: usize, wide: usize| {
            let (Some(inner), Some(outer)) = (item(narrow), item(wide)) else { return false };
            narrow == wide
                || outer.template.is_none()
                    && !inner.any
                    && outer.pattern.relation(&inner.pattern) == Relation::Contains
                || outer.any
        };
        !new.resources.negated
            && !old.resources.negated
            && new
                .resources
                .items
                .iter()
                .all(|&narrow| old.resources.items.iter().any(|&wide| inside(narrow, wide)))
    }

    fn class(&mut self, class: &Class) -> Found {
        let policies = self.policies;
        let mut found = Found::Nothing;
        let shapes: Option<Vec<Pattern>> =
            policies.universe.resource_patterns(class.permission).map(|all| all.map(inhabited).collect());
        // Of an unknown permission it is not known either whether it acts on resources.
        let unknown = policies.universe.catalog().info(class.permission).is_none();
        if shapes.is_none() && policies.kind == PolicyKind::Identity && self.scope.resources.is_empty() {
            let piece = Piece {
                text: "*".to_owned(),
                matched: self.matched(class, |item| policies.items.get(item).is_some_and(|item| item.any)),
                accounts: Members::default(),
                unowned: true,
                open: Vec::new(),
            };
            found = self.piece(class, &piece);
        }
        if matches!(found, Found::Witness(..)) || shapes.is_none() && !unknown {
            return found;
        }
        let shapes = shapes.unwrap_or_else(|| {
            let segments = usize::from(policies.provider.syntax.segments);
            vec![inhabited(&Pattern::from_segments(vec![Glob::any(); segments]))]
        });
        match self.walk(class, &shapes) {
            None => worse(found, Found::Doubt(None, self.too_complex(class))),
            Some(pieces) => {
                for piece in &pieces {
                    found = worse(found, self.piece(class, piece));
                    if matches!(found, Found::Witness(..)) {
                        break;
                    }
                }
                found
            }
        }
    }

    fn too_complex(&self, class: &Class) -> String {
        let name = self.policies.universe.name(class.permission);
        format!("the resource patterns of {name} are too many, or too intricate, to be compared")
    }

    /// The rules of the class that are about a resource, by which items match it.
    fn matched(&self, class: &Class, matches: impl Fn(usize) -> bool) -> Vec<usize> {
        let about = |rule: &usize| {
            let resources = self.policies.rules.get(*rule).map(|rule| &rule.resources);
            resources.is_some_and(|all| all.items.iter().any(|&item| matches(item)) != all.negated)
        };
        class.rules.iter().copied().filter(about).collect()
    }

    /// The pieces of the resources that the class acts on, as far as the checked policy may allow something there.
    fn walk(&mut self, class: &Class, shapes: &[Pattern]) -> Option<Vec<Piece>> {
        let policies = self.policies;
        let items: BTreeSet<usize> = class
            .rules
            .iter()
            .filter_map(|&rule| policies.rules.get(rule))
            .flat_map(|rule| rule.resources.items.iter().copied())
            .collect();
        let types = policies.universe.catalog().info(class.permission).map(|info| info.resource_types);
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
        let mut needed = vec![group(add(&mut shapes.iter().cloned()))];
        if !self.scope.resources.is_empty() {
            needed.push(group(add(&mut self.scope.resources.iter().cloned())));
        }
        let accounts = add(&mut self.accounts.iter().map(|(_, pattern)| pattern.clone())).start;
        let unowned = add(&mut self.unowned.iter().cloned()).start;
        needed.extend(self.allowed(class, &relevant));
        let cells = PatternCells {
            patterns: &patterns,
            needed: &needed,
            syntax: policies.provider.syntax,
            usual: policies.provider.inclusion.usual,
        };
        let cells = cells.all(&mut self.budget)?;
        let mut pieces = Vec::new();
        let mut seen: HashSet<(Vec<usize>, Members, bool, Vec<(usize, bool)>), RandomState> =
            HashSet::default();
        for cell in &cells {
            let mut of = Members::default();
            (0..self.accounts.len())
                .filter(|at| cell.matching.contains(accounts + at))
                .for_each(|at| of.insert(at));
            let unowned = self.unowned.is_some() && cell.matching.contains(unowned);
            for (matched, open) in self.variants(class, cell, &relevant)? {
                if seen.insert((matched.clone(), of.clone(), unowned, open.clone())) {
                    let text = cell.text.clone();
                    pieces.push(Piece { text, matched, accounts: of.clone(), unowned, open });
                }
            }
        }
        // What is certain comes before what variables decide.
        pieces.sort_by_key(|piece| piece.open.len());
        Some(pieces)
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

    /// The rules about the resources of a cell; several lists where variables decide whether patterns match.
    fn variants(
        &self,
        class: &Class,
        cell: &Cell,
        relevant: &[usize],
    ) -> Option<Vec<(Vec<usize>, Vec<(usize, bool)>)>> {
        let item = |number: usize| self.policies.items.get(number);
        let alive =
            |number: usize| relevant.binary_search(&number).is_ok_and(|at| cell.matching.contains(at));
        let open: Vec<usize> = relevant
            .iter()
            .copied()
            .filter(|&number| alive(number) && item(number).is_some_and(|item| item.template.is_some()))
            .collect();
        if open.len() > MOST_OPEN {
            return None;
        }
        let mut variants = Vec::new();
        for choice in 0u32..1 << open.len() {
            let chosen = |number: usize| {
                open.iter().position(|&known| known == number).map(|at| choice >> at & 1 == 1)
            };
            let apart = |&(inner, outer): &(usize, usize)| {
                chosen(inner) == Some(true) && chosen(outer) == Some(false)
            };
            // Where the wider pattern does not even match with its variables open, the narrower cannot match.
            let lost = |&(inner, outer): &(usize, usize)| {
                chosen(inner) == Some(true) && relevant.binary_search(&outer).is_ok() && !alive(outer)
            };
            if self.policies.inside.iter().any(|pair| apart(pair) || lost(pair)) {
                continue;
            }
            let matched = self.matched(class, |number| {
                item(number).is_some_and(|item| item.any) || chosen(number).unwrap_or_else(|| alive(number))
            });
            variants
                .push((matched, open.iter().filter_map(|&number| Some((number, chosen(number)?))).collect()));
        }
        Some(variants)
    }

    fn piece(&mut self, class: &Class, piece: &Piece) -> Found {
        let policies = self.policies;
        let grants = |rule: &usize| {
            let rule = policies.rules.get(*rule);
            rule.is_some_and(|rule| {
                rule.checked && rule.effect == Effect::Allow && (!self.scope.public || rule.public)
            })
        };
        if !piece.matched.iter().any(grants) {
            return Found::Nothing;
        }
        let mut found = Found::Nothing;
        for number in 0..self.callers.len() {
            for &(rank, foreign) in self.ranks(class, piece, number) {
                found = worse(found, self.ask(class, piece, number, rank, foreign));
                if matches!(found, Found::Witness(..)) {
                    return found;
                }
            }
        }
        found
    }

    /// How strongly the caller may be named to make a difference, and whether the resource is of another account.
    fn ranks(&self, class: &Class, piece: &Piece, number: usize) -> &'static [(u8, bool)] {
        let policies = self.policies;
        let Some(caller) = self.callers.get(number) else { return &[] };
        let owner = if piece.unowned { self.resource_account } else { None };
        let same = match &caller.account {
            Some(account) => {
                let at = self.accounts.iter().position(|(known, _)| known == account);
                let of = at.is_some_and(|at| piece.accounts.contains(at));
                match (piece.unowned, owner) {
                    (true, None) => None,
                    (true, Some(owner)) => Some(owner == account),
                    (false, _) => Some(of),
                }
            }
            // Whose account is not named may be of the resource's, but the public is not.
            None if caller.is_elsewhere() && self.scope.public => Some(false),
            None => None,
        };
        let delegating = policies
            .provider
            .delegating
            .is_some_and(|fact| policies.universe.facts(class.permission) >> fact.0 & 1 == 1);
        let all = (policies.provider.inclusion.ranks)(policies.kind, caller.is_outsider(), same, delegating);
        // Whoever is named more strongly is named more weakly too.
        let any = if same == Some(true) { &[(1, false)] } else { &[(1, true)] };
        if self.scope.any_naming && !caller.is_outsider() && policies.kind != PolicyKind::Identity {
            any
        } else {
            all
        }
    }

    fn ask(&mut self, class: &Class, piece: &Piece, number: usize, rank: u8, foreign: bool) -> Found {
        let key = (piece.matched.clone(), number, rank);
        if self.settled.contains(&key) {
            return Found::Nothing;
        }
        self.differences += 1;
        if self.differences > MOST_DIFFERENCES {
            return Found::Doubt(None, "the policies differ in too many ways to be compared".to_owned());
        }
        let new = self.formula(&piece.matched, true, number, rank);
        let difference = match new {
            Expr::Never => Expr::Never,
            new => new.minus(self.formula(&piece.matched, false, number, rank)),
        };
        let simplified = simplify(&difference);
        if simplified.expr == Expr::Never {
            self.settled.insert(key);
            return Found::Nothing;
        }
        let Some(caller) = self.callers.get(number) else { return Found::Nothing };
        let difference = Difference {
            caller,
            rank,
            foreign,
            action: self.policies.universe.name(class.permission),
            resource: &piece.text,
            open: &piece.open,
            condition: &simplified.expr,
        };
        match self.witnesses.find(&difference) {
            Tried::Impossible => {
                self.settled.insert(key);
                Found::Nothing
            }
            Tried::Open(witness, reason) => Found::Doubt(Some(witness), reason),
            Tried::Confirmed(witness) => Found::Witness(Box::new(witness), piece.matched.clone()),
        }
    }

    /// Under which condition one of the policies lets the caller do it, named at least as strongly as `rank`.
    fn formula(&mut self, matched: &[usize], checked: bool, caller: usize, rank: u8) -> Expr {
        let (mut allow, mut deny) = (Expr::Never, Expr::Never);
        let policies = self.policies;
        for &number in matched {
            let Some(rule) = policies.rules.get(number).filter(|rule| rule.checked == checked) else {
                continue;
            };
            let Some((strength, condition)) = self.condition(number, rule, caller) else { continue };
            match rule.effect {
                Effect::Allow if strength < rank || self.scope.public && !rule.public => {}
                Effect::Allow => allow = allow.or(condition),
                Effect::Deny => deny = deny.or(condition),
            }
        }
        allow.minus(deny)
    }

    fn condition(&mut self, number: usize, rule: &Rule, caller: usize) -> Option<(u8, Expr)> {
        let (policies, callers) = (self.policies, &self.callers);
        self.conditions
            .entry((number, caller))
            .or_insert_with(|| {
                let caller = callers.get(caller)?;
                let (strength, named) = policies.naming(rule, caller)?;
                Some((strength, policies.known_of(caller, &rule.condition).and(named)))
            })
            .clone()
    }
}

/// The resource type's pattern for ids whose names are not empty.
fn inhabited(shape: &Pattern) -> Pattern {
    let mut segments = shape.segments().to_vec();
    if let Some(last) = segments.last_mut() {
        *last = Glob::parse(&last.to_string().replace('*', "?*"));
    }
    Pattern::from_segments(segments)
}

/// Of two findings the one that says more.
fn worse(one: Found, other: Found) -> Found {
    match (&one, &other) {
        (Found::Witness(..), _) | (_, Found::Nothing) => one,
        (_, Found::Witness(..)) | (Found::Nothing, _) => other,
        (Found::Doubt(Some(_), _), _) => one,
        _ => other,
    }
}
