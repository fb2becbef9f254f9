//! `what_can`: one caller's access as rows of permissions on resource patterns.

use super::alike;
use super::caller::{Caller, find_callers};
use super::can::{general_assumptions, missing};
use super::decide::{Case, Verdict, verdict};
use super::question::{Asked, Part, Plan, Setting, asked_parts};
use super::row_plan::RowPlan;
use super::scalar::ScalarEvaluator;
use super::who_can::{condition, except};
use crate::base::{Intervals, Row};
use crate::condition::{Expr, Tri, simplify};
use crate::error::Error;
use crate::model::{Effect, Query};
use crate::pattern::{Pattern, Relation, Template};
use crate::progress::Progress;
use crate::provider::{Binding, ResourceView};
use crate::snapshot::Snapshot;
use crate::snapshot::estate::{Estate, PolicyId};
use crate::snapshot::library::{PatternEntry, PatternKind};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// One row of `what_can`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct AccessRow {
    /// The permissions, sorted as the catalogue is.
    pub permissions: Vec<String>,
    /// The resource pattern.
    pub resources: Vec<String>,
    /// Patterns inside it to which the access does not extend.
    pub except: Vec<String>,
    /// The verdict of `can` on the pattern.
    pub verdict: Verdict,
    /// What it depends on, as canonical JSON text.
    pub condition: Option<String>,
    /// `active`: the access needs no activation first.
    pub tier: &'static str,
    /// The policies and groups through which it comes.
    pub via: Vec<String>,
}

/// The answer of `what_can`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct Access {
    rows: Vec<AccessRow>,
    assumptions: Vec<String>,
}

impl Access {
    /// The rows, by resource pattern and first permission; those of a person by assignment first.
    pub fn rows(&self) -> &[AccessRow] {
        &self.rows
    }

    /// What the answer takes for granted.
    pub fn assumptions(&self) -> &[String] {
        &self.assumptions
    }
}

/// Where permissions on a pattern come from: the names for `via`, and the permissions.
struct Source {
    names: Vec<String>,
    actions: Intervals,
}

impl Snapshot {
    /// What can `query.principal` do, on anything or on `query.resource`?
    ///
    /// ```
    /// # use ciem_core::SnapshotBuilder;
    /// # let mut builder = SnapshotBuilder::new();
    /// # builder.add("account.json", include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.json")))?;
    /// # let snapshot = builder.finish()?;
    /// use ciem_core::Query;
    ///
    /// let access = snapshot.what_can(&Query::what("app"))?;
    /// let row = access.rows().iter().find(|row| row.resources == ["arn:aws:s3:::pay/*"]).unwrap();
    /// assert!(row.permissions.contains(&"s3:GetObject".to_owned()));
    /// # Ok::<(), ciem_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `unknown_principal`, `ambiguous_principal`, `invalid_request`.
    pub fn what_can(&self, query: &Query) -> Result<Access, Error> {
        self.what_can_with(query, &Progress::none())
    }

    /// As [`Snapshot::what_can`], polling for cancellation.
    ///
    /// # Errors
    /// As `what_can`, and `cancelled`.
    pub fn what_can_with(&self, query: &Query, progress: &Progress) -> Result<Access, Error> {
        let Some(principal) = &query.principal else {
            return Err(Error::invalid("principal", "`what_can` needs a principal"));
        };
        progress.poll("asking", 0, None)?;
        let (estate, _) = self.estate_for(query)?;
        let callers = find_callers(estate, principal, query.session.as_ref())?;
        let mut setting = Setting::asked(estate, query, query.session.as_ref())?;
        let wanted = query.action.as_ref().map(|action| estate.universe.expand(action));
        let plan = Plan { permission: 0, generic: None, special: Vec::new(), own_scope: true };
        let mut rows = Vec::new();
        let mut assumptions = BTreeSet::new();
        // A person has the access of each assignment, in rows of its own.
        for caller in callers {
            caller.bind(estate, &mut setting, query.session.as_ref());
            let inquiry =
                Inquiry { estate, caller: &caller, setting: &setting, caller_side: query.caller_side_only };
            let patterns = match &query.resource {
                Some(resource) => BTreeMap::from([(resource.clone(), Intervals::all(estate.universe.len()))]),
                None => inquiry.patterns(),
            };
            let count = patterns.len();
            for (done, (pattern, mut actions)) in patterns.into_iter().enumerate() {
                progress.poll("asking", done, Some(count))?;
                if let Some(wanted) = &wanted {
                    actions = actions.intersect(wanted);
                }
                inquiry.rows(&pattern, &actions, query.resource.is_some(), progress, &mut rows)?;
            }
            assumptions.extend(general_assumptions(estate, Some(&caller), &plan, query.missing_layer));
        }
        Ok(Access { rows, assumptions: assumptions.into_iter().collect() })
    }
}

struct Inquiry<'a> {
    estate: &'a Estate,
    caller: &'a Caller,
    setting: &'a Setting,
    caller_side: bool,
}

impl Inquiry<'_> {
    /// The distinct patterns that grants speak of, with the permissions that they grant there.
    fn patterns(&self) -> BTreeMap<String, Intervals> {
        let estate = self.estate;
        let mut found: BTreeMap<String, Vec<(u16, u16)>> = BTreeMap::new();
        found.entry("*".to_owned()).or_default();
        for spec in estate.provider.layers.iter().filter(|s| s.grants && s.binding == Binding::Principal) {
            let held = self.caller.principal.map_or(&[][..], |id| estate.held(spec.id, id));
            for held in held {
                let document = estate.policies[held.policy].document;
                for (_, statement) in estate.library.statements_of(document) {
                    let actions = &estate.library.action_sets[statement.actions];
                    if statement.effect == Effect::Deny || actions.is_empty() {
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
            }
        }
        let granted: Vec<(u16, u16)> = found.values().flatten().copied().collect();
        found.entry("*".to_owned()).or_default().extend(self.free(Intervals::from_ranges(granted)));
        if !self.caller_side {
            self.named_by_resources(&mut found);
        }
        found.into_iter().map(|(text, ranges)| (text, Intervals::from_ranges(ranges))).collect()
    }

    /// What the rule allows beyond the grants: always allowed permissions, and everything to an owner.
    fn free(&self, granted: Intervals) -> Vec<(u16, u16)> {
        let estate = self.estate;
        let len = estate.universe.len();
        let Ok(plan) = RowPlan::new(estate, "*", true) else { return Vec::new() };
        // Of a caller whose own side is not loaded anything is possible: only what is sure is worth a row.
        let row = plan.row(estate, self.caller, self.setting);
        let mut free = if self.caller.unloaded { row.sure() } else { row.poss() }.clone();
        // Permissions without resource have no other row than that of `*`, whatever pattern grants them.
        let elsewhere = granted.intersect(&estate.universe.without_resource().complement(len));
        free.minus(&Row::from_intervals(&elsewhere, len));
        free.ids(len).map(|id| (id, id + 1)).collect()
    }

    /// Policies of resources that name the caller.
    fn named_by_resources(&self, found: &mut BTreeMap<String, Vec<(u16, u16)>>) {
        let estate = self.estate;
        let part = Part {
            asked: Asked::Nothing,
            owner: super::question::Owner::Caller,
            resource: None,
            covered: None,
        };
        let scalar = ScalarEvaluator::new(estate, self.caller, 0, &part, self.setting);
        for id in estate.resources.ids() {
            let resource = &estate.resources[id];
            if !resource.askable {
                continue;
            }
            for &policy in &resource.policies {
                let policy = &estate.policies[policy];
                for (_, statement) in estate.library.statements_of(policy.document) {
                    if statement.effect == Effect::Deny || !scalar.may_name(statement.who) {
                        continue;
                    }
                    let actions = &estate.library.action_sets[statement.actions];
                    let set = &estate.library.resource_sets[statement.resources];
                    for (_, covered) in asked_parts(estate, id, &Pattern::any()) {
                        let mut texts = Vec::new();
                        if set.negated {
                            texts.push(covered.to_string());
                        }
                        for &item in set.items.iter().filter(|_| !set.negated) {
                            let text = self.resolved(estate.library.patterns[item]);
                            let pattern = text.and_then(|t| Pattern::parse(&t, estate.provider.syntax));
                            let common = pattern.and_then(|p| match p.relation(&covered) {
                                Relation::Disjoint => None,
                                Relation::Contains => Some(vec![covered.clone()]),
                                Relation::Overlaps => p.intersect(&covered).or(Some(vec![covered.clone()])),
                            });
                            texts.extend(common.into_iter().flatten().map(|p| p.to_string()));
                        }
                        for text in texts {
                            let acting = self.acting(&text, actions);
                            found.entry(text).or_default().extend_from_slice(acting.ranges());
                        }
                    }
                }
            }
        }
    }

    /// The permissions among `actions` that can act on what the pattern names.
    fn acting(&self, text: &str, actions: &Intervals) -> Intervals {
        let provider = self.estate.provider;
        let Some(pattern) = Pattern::parse(text, provider.syntax) else { return actions.clone() };
        let service = pattern.segments().get(provider.key_segments[0]).and_then(|s| s.as_literal());
        let types = self.estate.universe.types_of_pattern(&pattern, service);
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
        let mut value = |name: &str| {
            let key = self.estate.library.conditions.find_key(name)?;
            match self.setting.states.state(key.id) {
                crate::condition::KeyState::One(value) => Some(value.to_owned()),
                _ => None,
            }
        };
        let known = template.to_pattern(syntax, &mut value);
        known.or_else(|| template.open_pattern(syntax)).map(|pattern| pattern.to_string())
    }

    fn rows(
        &self,
        pattern: &str,
        actions: &Intervals,
        exactly_asked: bool,
        progress: &Progress,
        rows: &mut Vec<AccessRow>,
    ) -> Result<(), Error> {
        let estate = self.estate;
        let universe = &estate.universe;
        let plan = RowPlan::new(estate, pattern, self.caller_side)?;
        let set = plan.row(estate, self.caller, self.setting);
        let mut candidates = set.poss().clone();
        candidates.and(&Row::from_intervals(actions, universe.len()));
        if pattern != "*" && !exactly_asked {
            // Permissions without resource belong to the row of `*`.
            candidates.minus(&Row::from_intervals(universe.without_resource(), universe.len()));
        }
        let sources = self.sources(pattern, &plan);
        let len = universe.len();
        let sure = {
            let mut sure = candidates.clone();
            sure.and(set.sure());
            sure
        };
        candidates.minus(&sure);
        let (sure, doubtful): (Vec<u16>, Vec<u16>) = (sure.ids(len).collect(), candidates.ids(len).collect());
        let by_source = || sources.iter().map(|source| &source.actions);
        let mut groups: BTreeMap<(Expr, Vec<u16>), Vec<u16>> = BTreeMap::new();
        let mut group = |expr: Expr, ids: &[u16], first: u16| {
            let via = sources.iter().zip(0..).filter(|(source, _)| source.actions.contains(first));
            groups.entry((expr, via.map(|(_, at)| at).collect())).or_default().extend_from_slice(ids);
        };
        for ids in alike::by_sets(&sure, by_source()) {
            let Some(&first) = ids.first() else { continue };
            group(Expr::Always, &ids, first);
        }
        let question = alike::Question {
            estate,
            caller: self.caller,
            setting: self.setting,
            parts: plan.parts().collect(),
        };
        let mut simplified: BTreeMap<Expr, Expr> = BTreeMap::new();
        let classes = question.classes(&doubtful, plan.masks().iter().chain(by_source()));
        for (done, ids) in classes.iter().enumerate() {
            progress.tick("asking", done, None)?;
            let Some(&first) = ids.first() else { continue };
            let plan = Plan::new(estate, first, pattern, self.caller_side)?;
            let raw = Case::new(estate, self.caller, &plan, self.setting).residual_expr();
            let expr = simplified.entry(raw).or_insert_with_key(|raw| simplify(raw).expr).clone();
            if expr != Expr::Never {
                group(expr, ids, first);
            }
        }
        let mut found: Vec<(Vec<u16>, AccessRow)> = Vec::new();
        for ((expr, via), mut ids) in groups {
            ids.sort_unstable();
            let mut names: Vec<String> = via
                .iter()
                .filter_map(|&at| sources.get(usize::from(at)))
                .flat_map(|source| source.names.iter().cloned())
                .chain(self.caller.through(estate).map(str::to_owned))
                .collect();
            names.sort_unstable();
            names.dedup();
            let row = AccessRow {
                permissions: ids.iter().map(|&id| universe.name(id).to_owned()).collect(),
                resources: vec![pattern.to_owned()],
                except: except(&expr),
                verdict: verdict(&expr),
                condition: condition(&expr),
                tier: "active",
                via: names,
            };
            debug_assert!(row.verdict != Verdict::Unknown || !missing(&expr).is_empty());
            found.push((ids, row));
        }
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        rows.extend(found.into_iter().map(|(_, row)| row));
        Ok(())
    }

    /// The grants that touch the pattern, for `via`.
    fn sources(&self, pattern: &str, plan: &RowPlan) -> Vec<Source> {
        let estate = self.estate;
        let asked = match Pattern::parse(pattern, estate.provider.syntax) {
            Some(parsed) if pattern.contains(['*', '?']) => Asked::Pattern(parsed),
            _ => Asked::Id(pattern.to_owned()),
        };
        let mut sources = Vec::new();
        // The time is the same whatever is asked about: what it rules out gives nothing anywhere.
        let mut states = self.setting.states.clone();
        let anything = ResourceView {
            kind: None,
            flags: 0,
            tag: &|_| None,
            account: None,
            organisation: None,
            at: self.setting.at,
        };
        states.bind_resource(estate.provider, &estate.library, &anything);
        let scene = super::leaf::Scene {
            provider: estate.provider,
            library: &estate.library,
            states: &states,
            asked: &asked,
            permission: None,
            own_account: None,
            memo: None,
            brought: false,
        };
        let mut add = |policy: PolicyId,
                       via: Option<crate::base::Text>,
                       who: &dyn Fn(Option<_>) -> bool,
                       among: &Intervals| {
            for (_, statement) in estate.library.statements_of(estate.policies[policy].document) {
                let applies = statement.effect == Effect::Allow
                    && who(statement.who)
                    && scene.resources(statement.resources) != Tri::No
                    && scene.condition_tri(statement.condition) != Tri::No;
                if applies {
                    let mut names = vec![estate.text(estate.policies[policy].name).to_owned()];
                    names.extend(via.map(|via| estate.text(via).to_owned()));
                    let actions = estate.library.action_sets[statement.actions].intersect(among);
                    sources.push(Source { names, actions });
                }
            }
        };
        let all = Intervals::all(estate.universe.len());
        for spec in estate.provider.layers.iter().filter(|s| s.grants && s.binding == Binding::Principal) {
            let held = self.caller.principal.map_or(&[][..], |id| estate.held(spec.id, id));
            for held in held {
                add(held.policy, held.via, &|_| true, &all);
            }
        }
        let part = Part {
            asked: asked.clone(),
            owner: super::question::Owner::Caller,
            resource: None,
            covered: None,
        };
        let scalar = ScalarEvaluator::new(estate, self.caller, 0, &part, self.setting);
        for (id, actions) in plan.own_policies(estate) {
            for &policy in &estate.resources[id].policies {
                add(policy, None, &|who| scalar.may_name(who), &actions);
            }
        }
        sources
    }
}
