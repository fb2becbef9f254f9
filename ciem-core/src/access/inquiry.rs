//! What one caller can do on one pattern, and on which patterns a caller can do anything.

use super::alike;
use super::caller::Caller;
use super::decide::Case;
use super::leaf::Scene;
use super::question::{Asked, Part, Plan, Setting};
use super::row_plan::RowPlan;
use super::scalar::ScalarEvaluator;
use crate::base::{Intervals, Row, Text};
use crate::condition::{Expr, Tri};
use crate::error::Error;
use crate::model::Effect;
use crate::pattern::{Pattern, Relation, Template};
use crate::progress::Progress;
use crate::provider::ResourceView;
use crate::snapshot::estate::{Estate, PolicyId, ResourceId};
use crate::snapshot::governed::Grant;
use crate::snapshot::library::{PatternEntry, PatternKind, StatementId, Stmt};
use crate::truth::PermissionSet;
use std::collections::BTreeMap;

/// Patterns, with permissions that are granted there.
pub(super) type Granted = BTreeMap<String, Vec<(u16, u16)>>;

/// Where permissions on a pattern come from.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) policy: PolicyId,
    pub(super) statement: StatementId,
    pub(super) via: Option<Text>,
    pub(super) actions: Intervals,
}

/// Permissions that are held alike: the condition, and the sources by number.
pub(super) type Groups = BTreeMap<(Expr, Vec<u16>), Vec<u16>>;

/// One caller's question. `setting` is bound to the caller.
#[derive(Clone, Copy)]
pub(super) struct Inquiry<'a> {
    pub(super) estate: &'a Estate,
    pub(super) caller: &'a Caller,
    pub(super) setting: &'a Setting,
    pub(super) caller_side: bool,
}

impl<'a> Inquiry<'a> {
    /// Statements of what the caller holds that allow something.
    pub(super) fn allows(&self) -> impl Iterator<Item = &'a Stmt> + use<'a> {
        let (estate, principal) = (self.estate, self.caller.principal);
        let held = estate
            .provider
            .own_grants(self.setting.tier)
            .flat_map(move |spec| principal.map_or(&[][..], |id| estate.held(spec.id, id)));
        let all = held.flat_map(|held| estate.library.statements_of(estate.policies[held.policy].document));
        all.map(|(_, statement)| statement).filter(|statement| statement.effect == Effect::Allow)
    }

    /// The distinct patterns that the caller's grants speak of, with the permissions that they grant there. `whole` is
    /// what the caller's side gives on `*`.
    pub(super) fn own_patterns(&self, whole: &PermissionSet) -> Granted {
        let estate = self.estate;
        let mut found = Granted::new();
        found.entry("*".to_owned()).or_default();
        for statement in self.allows() {
            let actions = &estate.library.action_sets[statement.actions];
            if actions.is_empty() {
                continue;
            }
            let set = &estate.library.resource_sets[statement.resources];
            if set.negated {
                found.entry("*".to_owned()).or_default().extend_from_slice(actions.ranges());
                continue;
            }
            for &item in &set.items {
                if let Some(text) = self.resolved(estate.library.patterns[item]) {
                    found.entry(text).or_default().extend_from_slice(actions.ranges());
                }
            }
        }
        let granted: Vec<(u16, u16)> = found.values().flatten().copied().collect();
        let free = self.free(whole, &Intervals::from_ranges(granted));
        found.entry("*".to_owned()).or_default().extend(free);
        found
    }

    /// What the rule allows beyond the grants: always allowed permissions, and everything to an owner.
    fn free(&self, whole: &PermissionSet, granted: &Intervals) -> Vec<(u16, u16)> {
        let estate = self.estate;
        let len = estate.universe.len();
        // Of a caller whose own side is not loaded anything is possible: only what is sure is worth a row.
        let mut free = if self.caller.unloaded { whole.sure() } else { whole.poss() }.clone();
        // Permissions without resource have no other row than that of `*`, whatever pattern grants them.
        let elsewhere = granted.intersect(estate.universe.with_resource());
        free.minus(&Row::from_intervals(&elsewhere, len));
        free.ids(len).map(|id| (id, id + 1)).collect()
    }

    /// Where a resource's policy grants something, and what of it can act there.
    pub(super) fn texts_of(&self, grant: &Grant) -> Vec<(String, Intervals)> {
        let estate = self.estate;
        let statement = &estate.library.statements[grant.statement];
        let actions = &estate.library.action_sets[statement.actions];
        let set = &estate.library.resource_sets[statement.resources];
        let mut found = Vec::new();
        for covered in estate.governed().of(grant.resource).iter().map(|ground| &ground.pattern) {
            let mut texts = Vec::new();
            if set.negated {
                texts.push(covered.to_string());
            }
            for &item in set.items.iter().filter(|_| !set.negated) {
                let text = self.resolved(estate.library.patterns[item]);
                let pattern = text.and_then(|t| Pattern::parse(&t, estate.provider.syntax));
                let common = pattern.and_then(|p| match p.relation(covered) {
                    Relation::Disjoint => None,
                    Relation::Contains => Some(vec![covered.clone()]),
                    Relation::Overlaps => p.intersect(covered).or(Some(vec![covered.clone()])),
                });
                texts.extend(common.into_iter().flatten().map(|p| p.to_string()));
            }
            for text in texts {
                let acting = self.acting(&text, actions);
                found.push((text, acting));
            }
        }
        found
    }

    /// The permissions among `actions` that can act on what the pattern names.
    fn acting(&self, text: &str, actions: &Intervals) -> Intervals {
        let provider = self.estate.provider;
        let Some(pattern) = Pattern::parse(text, provider.syntax) else { return actions.clone() };
        let types = self.estate.universe.types_of_pattern(&pattern, provider.service_segment());
        actions.intersect(&self.estate.universe.permissions_on(&types))
    }

    /// The text of a pattern with the caller's variables filled in; open ones stand for any text.
    fn resolved(&self, entry: PatternEntry) -> Option<String> {
        let text = self.estate.library.texts.get(entry.text);
        if entry.kind != PatternKind::Template {
            return Some(text.to_owned());
        }
        let template = Template::parse(text);
        let syntax = self.estate.provider.syntax;
        let mut value = |name: &str| self.setting.states.value(&self.estate.library, name);
        let known = template.to_pattern(syntax, &mut value);
        known.or_else(|| template.open_pattern(syntax)).map(|pattern| pattern.to_string())
    }

    /// What of `actions` is allowed on a pattern, `sources` telling where it comes from; `simplify` works out what an
    /// expression means.
    pub(super) fn groups(
        &self,
        (pattern, plan): (&str, &RowPlan),
        actions: &Intervals,
        only_with_resource: bool,
        sources: &[Source],
        simplify: &mut dyn FnMut(Expr) -> Expr,
        progress: &Progress,
    ) -> Result<Groups, Error> {
        let estate = self.estate;
        let universe = &estate.universe;
        let set = plan.row(estate, self.caller, self.setting);
        let (sure, doubtful) = self.split(&set, actions, only_with_resource);
        let by_source = || sources.iter().map(|source| &source.actions);
        let mut groups = Groups::new();
        let mut group = |expr: Expr, ids: &[u16], first: u16| {
            let via = sources.iter().zip(0..).filter(|(source, _)| source.actions.contains(first));
            groups.entry((expr, via.map(|(_, at)| at).collect())).or_default().extend_from_slice(ids);
        };
        for ids in alike::by_sets(&sure, by_source()) {
            if let Some(&first) = ids.first() {
                group(Expr::Always, &ids, first);
            }
        }
        if doubtful.is_empty() {
            return Ok(groups);
        }
        let question = alike::Question {
            estate,
            caller: self.caller,
            setting: self.setting,
            parts: plan.parts().collect(),
        };
        let classes = question.classes(&doubtful, plan.masks().chain(by_source()));
        for (done, ids) in classes.iter().enumerate() {
            progress.tick("asking", done, None)?;
            let Some(&first) = ids.first() else { continue };
            debug_assert!(universe.len() > first);
            let plan = Plan::new(estate, first, pattern, self.caller_side)?;
            let expr = simplify(Case::new(estate, self.caller, &plan, self.setting).residual_expr());
            if expr != Expr::Never {
                group(expr, ids, first);
            }
        }
        Ok(groups)
    }

    /// What of `actions` is surely held, and what perhaps.
    pub(super) fn split(
        &self,
        set: &PermissionSet,
        actions: &Intervals,
        only_with_resource: bool,
    ) -> (Vec<u16>, Vec<u16>) {
        let universe = &self.estate.universe;
        let len = universe.len();
        let mut candidates = Row::from_intervals(actions, len);
        candidates.and(set.poss());
        if only_with_resource {
            // Permissions without resource belong to the row of `*`.
            candidates.minus(&Row::from_intervals(universe.without_resource(), len));
        }
        if set.is_exact() {
            return (candidates.ids(len).collect(), Vec::new());
        }
        let mut sure = candidates.clone();
        sure.and(set.sure());
        candidates.minus(&sure);
        (sure.ids(len).collect(), candidates.ids(len).collect())
    }

    /// The grants that touch the pattern. `policies` are those of resources, with the permissions of which they speak.
    pub(super) fn sources(&self, pattern: &str, policies: &BTreeMap<ResourceId, Intervals>) -> Vec<Source> {
        let estate = self.estate;
        let mut sources = Vec::new();
        self.on(pattern, |scene| {
            for spec in estate.provider.own_grants(self.setting.tier) {
                for held in self.caller.principal.map_or(&[][..], |id| estate.held(spec.id, id)) {
                    let document = estate.policies[held.policy].document;
                    let statements = estate.library.statements_of(document);
                    for (id, statement) in statements.filter(|(_, s)| applies(scene, s)) {
                        let actions = estate.library.action_sets[statement.actions].clone();
                        sources.push(Source { policy: held.policy, statement: id, via: held.via, actions });
                    }
                }
            }
        });
        sources.extend(self.sources_of_resources(pattern, policies));
        sources
    }

    /// Those of resources only.
    fn sources_of_resources(&self, pattern: &str, policies: &BTreeMap<ResourceId, Intervals>) -> Vec<Source> {
        let estate = self.estate;
        let mut sources = Vec::new();
        if policies.is_empty() {
            return sources;
        }
        let part = Part::nothing();
        let scalar = ScalarEvaluator::new(estate, self.caller, 0, &part, self.setting);
        self.on(pattern, |scene| {
            for (&resource, among) in policies {
                for &policy in &estate.resources[resource].policies {
                    let document = estate.policies[policy].document;
                    let statements = estate.library.statements_of(document);
                    let named = statements.filter(|(_, s)| scalar.may_name(s.who));
                    for (id, statement) in named.filter(|(_, s)| applies(scene, s)) {
                        let actions = estate.library.action_sets[statement.actions].intersect(among);
                        sources.push(Source { policy, statement: id, via: None, actions });
                    }
                }
            }
        });
        sources
    }

    /// Those of some grants on everything, as far as they are about `among`; the grants name the caller.
    pub(super) fn sources_of<'g>(
        &self,
        grants: impl Iterator<Item = &'g Grant>,
        among: &Intervals,
    ) -> Vec<Source> {
        let estate = self.estate;
        let mut sources = Vec::new();
        self.on("*", |scene| {
            for &Grant { policy, statement, .. } in grants {
                if applies(scene, &estate.library.statements[statement]) {
                    sources.push(Source { policy, statement, via: None, actions: among.clone() });
                }
            }
        });
        sources
    }

    /// Looks at statements that may be about the pattern.
    fn on(&self, pattern: &str, look: impl FnOnce(&Scene<'_>)) {
        let estate = self.estate;
        let asked = match Pattern::parse(pattern, estate.provider.syntax) {
            Some(parsed) if pattern.contains(['*', '?']) => Asked::Pattern(parsed),
            _ => Asked::Id(pattern.to_owned()),
        };
        // The time is the same whatever is asked about: what it rules out gives nothing anywhere.
        let mut states = std::borrow::Cow::Borrowed(&self.setting.states);
        if states.has_resource_keys() {
            let anything = ResourceView {
                id: None,
                kind: None,
                flags: 0,
                tag: &|_| None,
                account: None,
                organisation: None,
                organisation_path: None,
                at: self.setting.at,
            };
            states.to_mut().bind_resource(estate.provider, &estate.library, &anything);
        }
        look(&Scene {
            provider: estate.provider,
            library: &estate.library,
            states: &states,
            asked: &asked,
            permission: None,
            own_account: None,
            memo: None,
            brought: false,
        });
    }

    /// What these sources are called, and whatever all of the caller's access comes through, sorted.
    pub(super) fn names<'s>(&self, sources: impl Iterator<Item = &'s Source>) -> Vec<Text> {
        let estate = self.estate;
        let acting = self.caller.principal.and_then(|id| estate.principals[id].acting.as_deref());
        let mut names: Vec<Text> = acting.map_or_else(Vec::new, |acting| acting.through.clone());
        for source in sources {
            names.push(estate.policies[source.policy].name);
            names.extend(source.via);
        }
        // Equal texts have one number.
        names.sort_unstable();
        names.dedup();
        names.sort_unstable_by_key(|&name| estate.text(name));
        names
    }
}

fn applies(scene: &Scene<'_>, statement: &Stmt) -> bool {
    statement.effect == Effect::Allow
        && scene.condition_tri(statement.condition) != Tri::No
        && scene.resources(statement.resources) != Tri::No
}
