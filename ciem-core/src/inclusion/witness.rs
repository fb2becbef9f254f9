//! Requests that show a difference, tried with the ordinary evaluation before anybody is told of them.

use super::Witness;
use super::callers::Caller;
use super::policies::{Policies, Values};
use crate::access::decide::Verdict;
use crate::access::simulator::simulate;
use crate::condition::{Atom, Example, Expr, Key, KeyState, Test, Tri, examples};
use crate::model::{ContextValue, given_value};
use crate::provider::Trial;
use serde_json::Value;
use std::collections::BTreeMap;

/// Requests that are tried in one check.
const MOST_TRIALS: usize = 64;
/// Requests that are tried for one difference.
const MOST_CONTEXTS: usize = 4;
/// Partial contexts that are looked at for one difference.
const MOST_NODES: usize = 1 << 13;

/// Where the policies differ.
pub(super) struct Difference<'a> {
    pub(super) caller: &'a Caller,
    pub(super) rank: u8,
    pub(super) foreign: bool,
    pub(super) action: &'a str,
    pub(super) resource: &'a str,
    /// Whether variables decide which patterns match.
    pub(super) open: bool,
    /// Under which condition the one policy allows and the other does not.
    pub(super) condition: &'a Expr,
}

impl Witness {
    /// Whether the context may meet the condition.
    pub(super) fn meets(&self, condition: &Expr) -> bool {
        let context = self.context.iter().flatten();
        let context: Vec<(&String, Example)> = context
            .map(|(key, value)| match value {
                ContextValue::Absent => (key, Example::Absent),
                ContextValue::One(value) => (key, Example::One(value.clone())),
                ContextValue::Many(values) => {
                    (key, Example::Many(values.iter().map(|value| value.as_str().into()).collect()))
                }
            })
            .collect();
        let truth = condition.eval(&mut |atom| {
            let Atom::Key { key, test } = atom else { return Tri::Maybe };
            let given = context.iter().find(|(name, _)| name.eq_ignore_ascii_case(&key.name));
            test.eval(given.map_or(KeyState::Absent, |(_, example)| example.state()))
        });
        truth != Tri::No
    }
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
    /// Values of variables that requests are to have.
    values: &'a Values,
    trials: usize,
}

impl<'a> Witnesses<'a> {
    pub(super) fn new(policies: &'a Policies, resource_account: Option<&'a str>, values: &'a Values) -> Self {
        Witnesses { policies, resource_account, values, trials: 0 }
    }

    pub(super) fn find(&mut self, difference: &Difference<'_>) -> Tried {
        let mut confirmed = None;
        let mut contexts = 0;
        let open = difference.open || has_open(difference.condition);
        let values = self.values;
        let complete = !open
            && solutions(difference.condition, values, &mut |context| {
                contexts += 1;
                confirmed = self.confirm(difference, context);
                confirmed.is_some() || contexts >= MOST_CONTEXTS
            });
        if let Some(witness) = confirmed {
            return Tried::Confirmed(witness);
        }
        if complete && contexts == 0 {
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
        } else if open {
            "it depends on the values of policy variables"
        } else if difference.condition.has_missing() {
            "whether an account in `NotPrincipal` covers its principals is not documented"
        } else {
            "no request was found that meets the condition, and none was ruled out"
        };
        let reason = format!("{} on {}: {reason}", difference.action, difference.resource);
        Tried::Open(witness, reason)
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
            unknown_action: self.policies.universe.catalog().permission(difference.action).is_none(),
            resource: difference.resource,
            resource_account: self.resource_account,
            context,
        };
        let trials = self.policies.inclusion.trials;
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
    fixed: &Values,
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
                keys.push((key, vec![value.clone().map_or(Example::Absent, Example::One)]));
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
            if let Some(value) = value
                && given_value(&context, key).is_none()
            {
                context.insert(key.clone(), ContextValue::One(value.clone()));
            }
        }
        visit(&context)
    });
    complete && !stopped && assignment.nodes <= MOST_NODES
}

/// Is shown a state for every key; whether to stop.
type Visit<'e, 'v> = dyn FnMut(&[(&'e Key, &Example)]) -> bool + 'v;

impl<'e> Assignment<'e> {
    /// Tries all states of the keys that are not chosen yet; whether to stop.
    fn extend(&mut self, visit: &mut Visit<'e, '_>) -> bool {
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

/// Whether the values of variables decide a part of the condition.
fn has_open(expr: &Expr) -> bool {
    expr.atoms().iter().any(|atom| matches!(atom, Atom::Open { .. }))
}
