//! The search for a request that the checked policy allows and the other does not.

use super::callers::{Caller, callers};
use super::classes::{Class, classes};
use super::pieces::{Piece, any_id, inhabited, types_of};
use super::policies::{Policies, Rule, Values};
use super::witness::{Difference, Tried, Witnesses};
use super::{AccessCheck, CheckResult, GrantingStatement, Witness};
use crate::base::Intervals;
use crate::condition::{Expr, simplify};
use crate::model::{Effect, PolicyKind};
use crate::pattern::{Budget, Pattern, Relation};
use crate::provider::Naming;
use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};
use std::collections::BTreeSet;

/// States that all walks of one check may visit.
const MOST_STATES: usize = 1 << 17;
/// Steps of one check beside those of walks: pairs of rules, rules of pieces, and what simplification may cost.
const MOST_WORK: usize = 1 << 20;
/// Values of variables that are tried.
const MOST_GUESSES: usize = 4;
/// Values of variables, for which any will do.
const WORDS: &[&str] = &["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"];

/// Looks for a request. What variables leave open is looked at again with values for them: a request that is found then
/// is one, and where none is found nothing follows.
pub(super) fn search(policies: &Policies, scope: &Scope, resource_account: Option<&str>) -> AccessCheck {
    let none = Values::new();
    let mut open = Search::new(policies, scope, resource_account, &none);
    let check = open.run();
    if check.result != CheckResult::Unknown {
        return check;
    }
    let variables = policies.variables();
    let mut guesses = Vec::new();
    if !variables.is_empty() && variables.len() <= WORDS.len() {
        let words = WORDS.iter().map(|word| Some((*word).to_owned()));
        guesses.push(variables.iter().cloned().zip(words).collect());
        guesses.extend(std::mem::take(&mut open.guesses));
        guesses.push(variables.into_iter().map(|key| (key, None)).collect());
    }
    let closed = guesses.into_iter().map(|values: Values| {
        let policies = policies.with_values(&values);
        Search::new(&policies, scope, resource_account, &values).run()
    });
    let mut closed = closed.filter(|check| check.result == CheckResult::Fail);
    closed.next().unwrap_or(check)
}

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

enum Found {
    Nothing,
    /// What is not certain to be nothing.
    Doubt(Option<Witness>, String),
    Witness(Box<Witness>, Vec<usize>),
}

const TOO_DIFFERENT: &str = "the policies differ in too many ways to be compared";

pub(super) struct Search<'a> {
    pub(super) policies: &'a Policies,
    pub(super) scope: &'a Scope,
    resource_account: Option<&'a str>,
    callers: Vec<Caller>,
    /// Accounts that callers are of, as patterns over ids, and the one of ids without account.
    pub(super) accounts: Vec<(String, Pattern)>,
    pub(super) unowned: Option<Pattern>,
    /// Rules as callers see them: what is decided by who asks is decided.
    conditions: HashMap<(usize, usize), Option<(u8, Expr)>, RandomState>,
    /// Combinations of rules, caller and rank in which nothing is found.
    settled: HashSet<(Vec<usize>, usize, u8), RandomState>,
    pub(super) budget: Budget,
    pub(super) work: usize,
    /// Every rank at which naming can make a difference.
    ranks: BTreeSet<u8>,
    /// Conditions that were simplified before.
    simplified: HashMap<Expr, Expr, RandomState>,
    witnesses: Witnesses<'a>,
    /// Values of variables with which undecided pieces should be looked at.
    guesses: BTreeSet<Values>,
}

impl<'a> Search<'a> {
    fn new(
        policies: &'a Policies,
        scope: &'a Scope,
        resource_account: Option<&'a str>,
        values: &'a Values,
    ) -> Self {
        let mut callers = callers(policies);
        if scope.public {
            callers.retain(Caller::is_public);
        }
        let numbers: BTreeSet<&String> =
            callers.iter().filter_map(|caller| caller.account.as_ref()).collect();
        let pattern = |account: &str| {
            let text = (policies.inclusion.of_account)(account);
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
            work: 0,
            ranks: all_ranks(policies, scope),
            simplified: HashMap::default(),
            witnesses: Witnesses::new(policies, resource_account, values),
            guesses: BTreeSet::new(),
        }
    }

    fn run(&mut self) -> AccessCheck {
        let policies = self.policies;
        let mut doubts: Vec<(Option<Witness>, String)> = Vec::new();
        let inclusion = policies.inclusion;
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
            if self.is_spent() {
                doubts.push((None, TOO_DIFFERENT.to_owned()));
                break;
            }
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

    fn is_spent(&self) -> bool {
        self.work > MOST_WORK
    }

    fn failed(&self, witness: Witness, rules: &[usize]) -> AccessCheck {
        let rules = rules.iter().filter_map(|&rule| self.policies.rules.get(rule));
        let mut statements: Vec<GrantingStatement> = rules
            .map(|rule| GrantingStatement {
                index: rule.index,
                sid: rule.sid.clone(),
                pointer: match (self.policies.provider.statements_at, rule.alone) {
                    (at, true) => at.to_owned(),
                    (at, false) => format!("{at}/{}", rule.index),
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
    fn is_covered(&mut self, class: &Class) -> bool {
        self.work += class.rules.len() * class.rules.len() / 8;
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
        let shapes: Vec<Pattern> = policies
            .universe
            .resource_patterns(class.permission)
            .map(|all| all.map(inhabited).collect())
            .unwrap_or_default();
        // Of a permission that is not known it is not known either whether it acts on resources.
        let on_nothing = types_of(policies, class.permission).is_none();
        if on_nothing && policies.kind == PolicyKind::Identity && self.scope.resources.is_empty() {
            match self.on_nothing(class) {
                None => found = Found::Doubt(None, self.too_complex(class)),
                Some(pieces) => {
                    for piece in &pieces {
                        found = worse(found, self.piece(class, piece));
                    }
                }
            }
        }
        let without = policies.universe.is_without_resource(class.permission);
        if without || matches!(found, Found::Witness(..)) {
            return found;
        }
        // A type whose ids are not known may have any.
        let known = types_of(policies, class.permission).is_some_and(|types| types.len() == shapes.len());
        let shapes = if known { shapes } else { vec![any_id(policies.provider.syntax)] };
        let (pieces, complete) = self.walk(class, &maximal(shapes));
        for piece in &pieces {
            found = worse(found, self.piece(class, piece));
            if matches!(found, Found::Witness(..)) {
                return found;
            }
        }
        if complete { found } else { worse(found, Found::Doubt(None, self.too_complex(class))) }
    }

    fn too_complex(&self, class: &Class) -> String {
        let name = self.policies.universe.name(class.permission);
        format!("the resource patterns of {name} are too many, or too intricate, to be compared")
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
            if self.is_spent() {
                return worse(found, Found::Doubt(None, TOO_DIFFERENT.to_owned()));
            }
            for &(rank, foreign) in self.ranks(class, piece, number) {
                found = worse(found, self.ask(class, piece, number, rank, foreign));
                if matches!(found, Found::Witness(..)) {
                    return found;
                }
            }
        }
        found
    }

    /// Whether the rules, where all of them apply, give nobody anything.
    pub(super) fn gives_nothing(&mut self, matched: &[usize]) -> bool {
        let ranks: Vec<u8> = self.ranks.iter().copied().collect();
        (0..self.callers.len()).all(|caller| {
            ranks.iter().all(|&rank| {
                let key = (matched.to_vec(), caller, rank);
                self.work += 1 + matched.len();
                if self.settled.contains(&key) {
                    return true;
                }
                let never = self.difference(matched, caller, rank) == Expr::Never;
                if never {
                    self.settled.insert(key);
                }
                never
            })
        })
    }

    /// Under which condition the caller may do what it could not, simplified.
    fn difference(&mut self, matched: &[usize], caller: usize, rank: u8) -> Expr {
        match self.formula(matched, true, caller, rank) {
            Expr::Never => Expr::Never,
            new => {
                let difference = new.minus(self.formula(matched, false, caller, rank));
                self.simplified(difference)
            }
        }
    }

    /// How strongly the caller may be named to make a difference, and whether the resource is of another account.
    fn ranks(&self, class: &Class, piece: &Piece, number: usize) -> &'static [Naming] {
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
        let all = (policies.inclusion.ranks)(policies.kind, caller.is_outsider(), same, delegating);
        // Whoever is named more strongly is named more weakly too.
        let any = if same == Some(true) { &[(1, false)] } else { &[(1, true)] };
        if self.scope.any_naming && !caller.is_outsider() && policies.kind != PolicyKind::Identity {
            any
        } else {
            all
        }
    }

    fn ask(&mut self, class: &Class, piece: &Piece, number: usize, rank: u8, foreign: bool) -> Found {
        self.work += 1 + piece.matched.len();
        let key = (piece.matched.clone(), number, rank);
        if self.settled.contains(&key) {
            return Found::Nothing;
        }
        let simplified = self.difference(&piece.matched, number, rank);
        if simplified == Expr::Never {
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
            open: !piece.open.is_empty() || !piece.keys.is_empty(),
            condition: &simplified,
        };
        match self.witnesses.find(&difference) {
            Tried::Impossible => {
                self.settled.insert(key);
                Found::Nothing
            }
            Tried::Open(witness, reason) => {
                self.guess(piece);
                Found::Doubt(Some(witness), reason)
            }
            Tried::Confirmed(witness) => {
                let granting = self.granting(piece, number, rank, &witness);
                Found::Witness(Box::new(witness), granting)
            }
        }
    }

    /// The rules that allow the witness.
    fn granting(&mut self, piece: &Piece, caller: usize, rank: u8, witness: &Witness) -> Vec<usize> {
        let policies = self.policies;
        let mut granting = piece.matched.clone();
        granting.retain(|&number| {
            let Some(rule) = policies.rules.get(number) else { return false };
            let allows = rule.checked && rule.effect == Effect::Allow && (rule.public || !self.scope.public);
            let named = self.condition(number, rule, caller).filter(|(strength, _)| *strength >= rank);
            allows && named.is_some_and(|(_, condition)| witness.meets(&condition))
        });
        granting
    }

    /// Values of variables that make the patterns of a piece match as it was taken for granted.
    fn guess(&mut self, piece: &Piece) {
        if self.guesses.len() >= MOST_GUESSES {
            return;
        }
        let syntax = self.policies.provider.syntax;
        let lower = |key: &str| key.to_ascii_lowercase();
        let keys = self.policies.variables();
        let mut values: Values =
            keys.into_iter().zip(WORDS).map(|(key, word)| (key, Some((*word).to_owned()))).collect();
        for (key, _) in piece.keys.iter().filter(|(_, absent)| *absent) {
            values.insert(key.clone(), None);
        }
        for (number, _) in piece.open.iter().filter(|(_, wanted)| *wanted) {
            let template = self.policies.items.get(*number).and_then(|item| item.template.as_ref());
            let Some(template) = template else { continue };
            for (key, _) in template.variables() {
                let mut value = |name: &str| values.get(&lower(name)).cloned().flatten();
                let found = template.captures_in_id(syntax, key, &piece.text, &mut value);
                if let Some(found) = found.into_iter().flatten().find(|found| !found.is_empty()) {
                    values.insert(lower(key), Some(found));
                }
            }
        }
        self.guesses.insert(values);
    }

    fn simplified(&mut self, expr: Expr) -> Expr {
        if let Some(known) = self.simplified.get(&expr) {
            return known.clone();
        }
        let atoms = expr.atoms().len();
        self.work += 4 * atoms * atoms;
        let simplified = simplify(&expr).expr;
        self.simplified.insert(expr, simplified.clone());
        simplified
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

fn all_ranks(policies: &Policies, scope: &Scope) -> BTreeSet<u8> {
    if scope.any_naming {
        return BTreeSet::from([1]);
    }
    let mut ranks = BTreeSet::new();
    for outsider in [false, true] {
        for same in [None, Some(false), Some(true)] {
            for delegating in [false, true] {
                let all = (policies.inclusion.ranks)(policies.kind, outsider, same, delegating);
                ranks.extend(all.iter().map(|(rank, _)| *rank));
            }
        }
    }
    ranks
}

/// The patterns without those that lie in another.
fn maximal(mut patterns: Vec<Pattern>) -> Vec<Pattern> {
    patterns.sort();
    patterns.dedup();
    let all = patterns.clone();
    let inside = |inner: &Pattern, outer: &Pattern| outer.relation(inner) == Relation::Contains;
    // Of two that lie in each other the first stays.
    patterns.retain(|one| {
        !all.iter().any(|other| one != other && inside(one, other) && (!inside(other, one) || other < one))
    });
    patterns
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
