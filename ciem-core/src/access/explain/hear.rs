//! What each layer says: the rule is run once more and its questions are listened to, so that nothing here knows layers.

use crate::access::decide::Case;
use crate::access::question::Asked;
use crate::access::scalar::ScalarEvaluator;
use crate::condition::{Expr, Tri, simplify};
use crate::model::{LayerId, WhoEntry};
use crate::provider::{Binding, LayerSpec};
use crate::snapshot::estate::{Estate, PolicyId};
use crate::truth::{Degrees, Effects, Evaluator, FactId, Grants, Residual, Truth};

/// What was said about one part of the question.
pub(super) struct Heard {
    answers: Vec<(LayerId, Answer)>,
    /// How far each layer stands in the way.
    degrees: Degrees,
    /// Whether inputs spoke of the policies of the part's resource.
    told: bool,
    /// Whether nothing of the caller's own side is loaded.
    unloaded: bool,
    /// Layers whose policies are named by the request.
    named: Vec<LayerId>,
}

enum Answer {
    /// The layer has so many levels.
    Levels(usize),
    Says(Box<Says>),
    /// The resource has no policy there.
    NoPolicy,
}

struct Says {
    allow: Residual,
    deny: Residual,
    /// Whether there is a document at all.
    documents: bool,
    account_only: bool,
}

/// Passes the rule's questions on and notes the answers.
struct Listener<'a> {
    inner: ScalarEvaluator<'a>,
    answers: Vec<(LayerId, Answer)>,
}

impl Evaluator<Residual> for Listener<'_> {
    fn levels(&mut self, layer: LayerId) -> usize {
        let levels = Evaluator::<Residual>::levels(&mut self.inner, layer);
        self.answers.push((layer, Answer::Levels(levels)));
        levels
    }

    fn layer(&mut self, layer: LayerId, level: usize, within: &Residual) -> Effects<Residual> {
        let effects = self.inner.layer(layer, level, within);
        let (allow, deny) = (effects.allow.clone(), effects.deny.clone());
        let documents = self.has_documents(layer, level);
        let says = Says { allow, deny, documents, account_only: false };
        self.answers.push((layer, Answer::Says(Box::new(says))));
        effects
    }

    fn grants(&mut self, layer: LayerId, within: &Residual) -> Option<Grants<Residual>> {
        let found = self.inner.grants(layer, within);
        let answer = match &found {
            None => Answer::NoPolicy,
            Some(grants) => Answer::Says(Box::new(Says {
                allow: grants.by_strength.iter().fold(Residual::never(), |all, one| all.or(one)),
                deny: grants.deny.clone(),
                documents: true,
                account_only: self.names_account_only(layer),
            })),
        };
        self.answers.push((layer, answer));
        found
    }

    fn fact(&mut self, fact: FactId) -> Residual {
        self.inner.fact(fact)
    }
}

impl Listener<'_> {
    fn has_documents(&self, layer: LayerId, level: usize) -> bool {
        let inner = &self.inner;
        let Some(spec) = inner.estate.provider.layer(layer) else { return false };
        match spec.binding {
            Binding::Principal => {
                let held = |id| !inner.estate.held(layer, id).is_empty();
                // Of whom nothing is loaded the rule takes no limit for granted, but what grants is missing.
                inner.caller.unloaded && spec.grants || inner.caller.principal.is_some_and(held)
            }
            Binding::Request => {
                let brought = inner.setting.brought.as_ref();
                brought.is_some_and(|brought| brought.documents.iter().any(|(of, _)| *of == layer))
            }
            Binding::Context(_) => inner.named_policies(layer).next().is_some(),
            Binding::PrincipalScope | Binding::ResourceScope => {
                let of_layer = |id: &PolicyId| inner.estate.policies[*id].layer == layer;
                let scope = inner.scope(spec, level);
                scope.is_none_or(|scope| inner.estate.scopes[scope].policies.iter().any(of_layer))
            }
            Binding::Resource | Binding::Rule => true,
        }
    }

    /// Whether the allows that may apply name the caller's account and not the caller.
    fn names_account_only(&self, layer: LayerId) -> bool {
        let inner = &self.inner;
        let (estate, scene) = (inner.estate, inner.scene(false));
        let mut found = false;
        let resource = inner.part.resource.into_iter();
        for policy in resource.flat_map(|id| estate.resource_policies(id, layer)) {
            for (_, statement) in estate.library.statements_of(estate.policies[policy].document) {
                let speaks = statement.effect == crate::model::Effect::Allow
                    && estate.library.speaks_of(statement, inner.permission)
                    && scene.resources(statement.resources) != Tri::No
                    && scene.condition_tri(statement.condition) != Tri::No;
                let Some(who) = statement.who.filter(|_| speaks) else { continue };
                let named = &estate.library.whos[who];
                if named.negated {
                    return false;
                }
                for &entry in named.entries.iter().filter(|entry| inner.names_degree(**entry) != Tri::No) {
                    if !matches!(entry, WhoEntry::Account(_)) {
                        return false;
                    }
                    found = true;
                }
            }
        }
        found
    }
}

/// Runs the rule over each part of a question.
pub(super) fn listen(case: &Case<'_>) -> Vec<Heard> {
    let rule = case.estate.provider.rules.residual_full;
    let parts = case.evaluators().map(|(about, inner)| {
        let told = match (&inner.part.asked, inner.part.resource) {
            (Asked::Nothing, _) => true,
            (_, resource) => resource.is_some_and(|id| inner.estate.resources[id].told),
        };
        let unloaded = inner.caller.unloaded;
        let named = inner.setting.named.iter().map(|(layer, _)| *layer).collect();
        let mut listener = Listener { inner, answers: Vec::new() };
        let degrees = case.degrees(&rule(&mut listener), &about);
        Heard { answers: listener.answers, degrees, told, unloaded, named }
    });
    parts.collect()
}

impl Heard {
    /// How far the layer stands in the way.
    pub(super) fn stop(&self, layer: LayerId) -> Tri {
        self.degrees.stops.get(usize::from(layer.0)).copied().unwrap_or(Tri::No)
    }

    /// What the layer says, in a word.
    pub(super) fn state(&self, estate: &Estate, spec: &LayerSpec) -> &'static str {
        let answers = || self.answers.iter().filter(|(layer, _)| *layer == spec.id).map(|(_, answer)| answer);
        let scoped = matches!(spec.binding, Binding::PrincipalScope | Binding::ResourceScope);
        let mut levels = Vec::new();
        let mut known_levels = None;
        let mut documents = false;
        for answer in answers() {
            match answer {
                Answer::Levels(count) => known_levels = Some(*count),
                Answer::NoPolicy => {
                    let told = self.told && spec.apart.is_none();
                    levels.push(if told { "no_policy" } else { "not_given" });
                }
                // A level of guardrails without a policy may still stop everything.
                Answer::Says(said) if !said.documents && !scoped => levels.push(match spec.binding {
                    Binding::Context(_) if !self.named.contains(&spec.id) => "not_asked",
                    Binding::Principal if self.unloaded => "not_given",
                    _ => "no_policy",
                }),
                Answer::Says(said) => {
                    documents |= said.documents;
                    levels.push(match in_a_word(&said.allow, &said.deny) {
                        "allows" if said.account_only => "delegates",
                        other => other,
                    });
                }
            }
        }
        let stop = self.stop(spec.id);
        let Some(worst) = ORDER.iter().copied().find(|state| levels.contains(state)) else {
            return match (known_levels, spec.binding, stop) {
                (Some(0), ..) => "not_given",
                (_, Binding::Rule, Tri::Yes) => "denies",
                (_, Binding::Rule, Tri::Maybe) => "depends",
                _ => "not_asked",
            };
        };
        match worst {
            // A denial of everybody but some holds for some of these too (AWS-9): only the rule knows.
            "allows" | "delegates" if stop == Tri::Yes => "denies",
            "unknown" if scoped && !estate.layers_given.contains(&spec.id) => "not_given",
            // The rule passes over a limit, or takes full access for implied.
            "does_not_allow" if !spec.grants && stop == Tri::No && documents => "passes",
            "does_not_allow" if !spec.grants && stop == Tri::No => "no_policy",
            other => other,
        }
    }
}

/// Of several levels the one that says least decides.
const ORDER: &[&str] = &[
    "denies",
    "does_not_allow",
    "unknown",
    "depends",
    "delegates",
    "allows",
    "no_policy",
    "not_given",
    "not_asked",
];

fn in_a_word(allow: &Residual, deny: &Residual) -> &'static str {
    let (allow, deny) = (simplify(&allow.0).expr, simplify(&deny.0).expr);
    match (&allow, &deny) {
        (_, Expr::Always) => "denies",
        (Expr::Never, Expr::Never) => "does_not_allow",
        (Expr::Always, Expr::Never) => "allows",
        _ if allow.has_missing() || deny.has_missing() => "unknown",
        (Expr::Never, _) => "does_not_allow",
        _ => "depends",
    }
}

/// One word for all parts; where they differ it depends on the part.
pub(super) fn common_state(states: impl Iterator<Item = &'static str>) -> &'static str {
    let mut all: Vec<&'static str> = states.collect();
    all.sort_unstable();
    all.dedup();
    let silent = |state: &str| matches!(state, "no_policy" | "not_given" | "not_asked");
    let telling: Vec<&'static str> = all.iter().copied().filter(|state| !silent(state)).collect();
    match (telling.as_slice(), all.as_slice()) {
        ([one], _) | ([], [one, ..]) => one,
        ([], []) => "not_asked",
        (several, _) if several.contains(&"unknown") => "unknown",
        _ => "depends",
    }
}
