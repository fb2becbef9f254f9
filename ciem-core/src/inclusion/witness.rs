//! Requests that show a difference, tried with the ordinary evaluation before anybody is told of them.

use super::Witness;
use super::callers::Caller;
use super::policies::{Policies, closed};
use crate::access::can::simulate;
use crate::access::decide::Verdict;
use crate::condition::{Atom, Example, Expr, Key, Test, Tri, examples};
use crate::model::ContextValue;
use crate::pattern::Template;
use crate::provider::Trial;
use serde_json::Value;
use std::collections::BTreeMap;

/// Requests that are tried in one check.
const MOST_TRIALS: usize = 48;
/// Requests that are tried for one difference.
const MOST_CONTEXTS: usize = 4;
/// Partial contexts that are looked at for one difference.
const MOST_NODES: usize = 1 << 13;
/// Values of variables, for which any will do.
const WORDS: &[&str] = &["alpha", "beta", "gamma", "delta", "epsilon", "zeta"];

/// Where the policies differ.
pub(super) struct Difference<'a> {
    pub(super) caller: &'a Caller,
    pub(super) rank: u8,
    pub(super) foreign: bool,
    pub(super) action: &'a str,
    pub(super) resource: &'a str,
    /// Patterns with variables, and whether they are to match.
    pub(super) open: &'a [(usize, bool)],
    /// Under which condition the one policy allows and the other does not.
    pub(super) condition: &'a Expr,
}

pub(super) enum Tried {
    Confirmed(Witness),
    /// No request meets the condition.
    Impossible,
    Open(Witness, String),
}

pub(super) struct Witnesses<'a> {
    policies: &'a Policies,
    resource_account: Option<&'a str>,
    trials: usize,
}

impl<'a> Witnesses<'a> {
    pub(super) fn new(policies: &'a Policies, resource_account: Option<&'a str>) -> Self {
        Witnesses { policies, resource_account, trials: 0 }
    }

    pub(super) fn find(&mut self, difference: &Difference<'_>) -> Tried {
        let fixed = self.variables(difference);
        let mut confirmed = None;
        let mut contexts = 0;
        let condition = filled(difference.condition, &fixed);
        let complete = solutions(&condition, &fixed, &mut |context| {
            contexts += 1;
            confirmed = self.confirm(difference, context);
            confirmed.is_some() || contexts >= MOST_CONTEXTS
        });
        if let Some(witness) = confirmed {
            return Tried::Confirmed(witness);
        }
        if complete && contexts == 0 && fixed.is_empty() {
            return Tried::Impossible;
        }
        let always = *difference.condition == Expr::Always;
        let witness = Witness {
            principal: difference.caller.principal.clone(),
            action: difference.action.to_owned(),
            resource: difference.resource.to_owned(),
            resource_account: None,
            context: None,
            condition: (!always).then(|| difference.condition.to_json()),
        };
        let reason = if self.trials >= MOST_TRIALS {
            "too many requests would have to be tried"
        } else if !fixed.is_empty() {
            "it depends on the values of policy variables"
        } else if difference.condition.has_missing() {
            "whether an account in `NotPrincipal` covers its principals is not documented"
        } else {
            "no request was found that meets the condition, and none was ruled out"
        };
        let reason = format!("{} on {}: {reason}", difference.action, difference.resource);
        Tried::Open(witness, reason)
    }

    /// Values for variables: such that patterns match which are to match, any other word elsewhere.
    fn variables(&self, difference: &Difference<'_>) -> BTreeMap<String, String> {
        let templates = difference.open.iter().filter_map(|&(number, wanted)| {
            let template = self.policies.items.get(number)?.template.as_ref()?;
            Some((template, wanted))
        });
        let templates: Vec<(&Template, bool)> = templates.collect();
        let mut keys: Vec<String> = Vec::new();
        let of =
            |template: &Template| template.variables().map(|(key, _)| key.to_owned()).collect::<Vec<_>>();
        keys.extend(templates.iter().flat_map(|(template, _)| of(template)));
        for atom in difference.condition.atoms() {
            if let Atom::Open { values, .. } = atom {
                keys.extend(values.iter().flat_map(|value| of(&Template::parse(value))));
            }
        }
        let lower = |key: &str| key.to_ascii_lowercase();
        let mut words = WORDS.iter().map(|word| (*word).to_owned());
        let mut fixed: BTreeMap<String, String> = BTreeMap::new();
        for key in keys {
            if !fixed.contains_key(&lower(&key)) {
                fixed.extend(words.next().map(|word| (lower(&key), word)));
            }
        }
        let syntax = self.policies.provider.syntax;
        for (template, _) in templates.iter().filter(|(_, wanted)| *wanted) {
            for key in of(template) {
                let mut value = |name: &str| fixed.get(&lower(name)).cloned();
                let found = template.captures_in_id(syntax, &key, difference.resource, &mut value);
                let others = |value: &&String| {
                    // A value under which a pattern matches that is not to match is of no use.
                    let mut with = |name: &str| {
                        if name.eq_ignore_ascii_case(&key) {
                            Some((*value).clone())
                        } else {
                            fixed.get(&lower(name)).cloned()
                        }
                    };
                    !value.is_empty()
                        && templates.iter().all(|(template, wanted)| {
                            *wanted
                                || template
                                    .to_pattern(syntax, &mut with)
                                    .is_none_or(|p| !p.matches(difference.resource, syntax))
                        })
                };
                let best = found.as_ref().and_then(|found| found.iter().find(others));
                if let Some(best) = best.cloned() {
                    fixed.insert(lower(&key), best);
                }
            }
        }
        fixed
    }

    /// The request, if the checked policy allows it and the other one does not.
    fn confirm(
        &mut self,
        difference: &Difference<'_>,
        context: &BTreeMap<String, ContextValue>,
    ) -> Option<Witness> {
        let caller = difference.caller;
        let trial = Trial {
            kind: self.policies.kind,
            caller: caller.kind,
            principal: caller.principal.as_deref(),
            account: caller.account.as_deref(),
            not_of: &caller.not_of,
            rank: difference.rank,
            foreign: difference.foreign,
            action: difference.action,
            resource: difference.resource,
            resource_account: self.resource_account,
            context,
        };
        let trials = self.policies.provider.inclusion.trials;
        let mut given = self.policies.given.iter().map(|given| trials(&trial, &given.value));
        let new = given.next()?;
        let old = given.next();
        for (at, request) in new.iter().enumerate() {
            self.trials += 1;
            if self.trials > MOST_TRIALS {
                return None;
            }
            let decided =
                |request: &Value| simulate(&request.to_string()).map(|decision| decision.verdict).ok();
            if decided(request) != Some(Verdict::Allow) {
                continue;
            }
            if let Some(old) = &old
                && old.get(at).and_then(decided) != Some(Verdict::Deny)
            {
                continue;
            }
            let text = |field: &str| request.get(field).and_then(Value::as_str).map(str::to_owned);
            return Some(Witness {
                principal: text("principal"),
                action: difference.action.to_owned(),
                resource: difference.resource.to_owned(),
                resource_account: text("resource_account"),
                context: Some(context.clone()),
                condition: None,
            });
        }
        None
    }
}

/// The condition with variables filled in.
fn filled(expr: &Expr, fixed: &BTreeMap<String, String>) -> Expr {
    let list = |parts: &[Expr]| parts.iter().map(|part| filled(part, fixed)).collect::<Vec<_>>();
    match expr {
        Expr::And(parts) => list(parts).into_iter().fold(Expr::Always, Expr::and),
        Expr::Or(parts) => list(parts).into_iter().fold(Expr::Never, Expr::or),
        Expr::Not(inner) => filled(inner, fixed).not(),
        Expr::Atom(atom) => match &**atom {
            Atom::Open { key, operator, values } => {
                let texts: Vec<&str> = values.iter().map(String::as_str).collect();
                let templates: Vec<Template> = values.iter().map(|value| Template::parse(value)).collect();
                let mut value = |name: &str| fixed.get(&name.to_ascii_lowercase()).cloned();
                let test = Test::compile(operator, &texts).ok();
                let test = test.and_then(|test| closed(operator, &test, &templates, &mut value));
                test.map_or_else(|| expr.clone(), |test| Expr::atom(Atom::Key { key: key.clone(), test }))
            }
            _ => expr.clone(),
        },
        Expr::Always | Expr::Never => expr.clone(),
    }
}

/// The keys that a condition tests, with a state each.
struct Assignment<'e> {
    expr: &'e Expr,
    keys: Vec<(&'e Key, Vec<Example>)>,
    chosen: Vec<usize>,
    nodes: usize,
}

/// Visits contexts that meet the condition, until `visit` says stop. Whether all kinds of contexts were looked at.
fn solutions(
    expr: &Expr,
    fixed: &BTreeMap<String, String>,
    visit: &mut dyn FnMut(&BTreeMap<String, ContextValue>) -> bool,
) -> bool {
    let mut tests: BTreeMap<&Key, Vec<&Test>> = BTreeMap::new();
    let mut complete = true;
    for atom in expr.atoms() {
        match atom {
            Atom::Key { key, test } => {
                let known = tests.entry(key).or_default();
                if !known.contains(&test) {
                    known.push(test);
                }
            }
            _ => complete = false,
        }
    }
    let mut keys = Vec::with_capacity(tests.len());
    for (key, tests) in tests {
        match fixed.get(&key.name.to_ascii_lowercase()) {
            Some(value) => {
                complete = false;
                keys.push((key, vec![Example::One(value.clone())]));
            }
            None => {
                let found = examples(key.many, &tests);
                complete &= found.complete;
                keys.push((key, found.examples));
            }
        }
    }
    let mut assignment = Assignment { expr, keys, chosen: Vec::new(), nodes: 0 };
    let stopped = assignment.extend(&mut |chosen| {
        let mut context = BTreeMap::new();
        for (key, example) in chosen {
            let value = match example {
                Example::Absent => continue,
                Example::One(value) => ContextValue::One(value.clone()),
                Example::Many(values) => ContextValue::Many(values.iter().map(|v| v.to_string()).collect()),
            };
            context.insert(key.name.to_string(), value);
        }
        for (key, value) in fixed {
            if !context.keys().any(|known| known.eq_ignore_ascii_case(key)) {
                context.insert(key.clone(), ContextValue::One(value.clone()));
            }
        }
        visit(&context)
    });
    complete && !stopped && assignment.nodes <= MOST_NODES
}

impl<'e> Assignment<'e> {
    /// Tries all states of the keys that are not chosen yet; whether to stop.
    fn extend(&mut self, visit: &mut dyn FnMut(&[(&'e Key, &Example)]) -> bool) -> bool {
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            return true;
        }
        let truth = self.truth();
        if truth == Tri::No {
            return false;
        }
        let Some((_, examples)) = self.keys.get(self.chosen.len()) else {
            if truth != Tri::Yes {
                return false;
            }
            let chosen: Vec<(&Key, &Example)> = self
                .keys
                .iter()
                .zip(&self.chosen)
                .filter_map(|((key, examples), &at)| Some((*key, examples.get(at)?)))
                .collect();
            return visit(&chosen);
        };
        for at in 0..examples.len() {
            self.chosen.push(at);
            let stop = self.extend(visit);
            self.chosen.pop();
            if stop {
                return true;
            }
        }
        false
    }

    fn truth(&self) -> Tri {
        self.expr.eval(&mut |atom| {
            let Atom::Key { key, test } = atom else { return Tri::Maybe };
            let chosen = self.keys.iter().zip(&self.chosen).find(|((known, _), _)| *known == key);
            let example = chosen.and_then(|((_, examples), &at)| examples.get(at));
            example.map_or(Tri::Maybe, |example| test.eval(example.state()))
        })
    }
}
