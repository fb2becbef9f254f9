//! Through which policies and groups access comes, one holder at a time.
//!
//! What a resource's own policy says is found by whom it names: a question about many resources then costs each holder
//! no more than the statements that name it.

use super::caller::{Caller, Name};
use super::decide::{Case, is_closed};
use super::memo::{LeafMemo, Memo, PartMarks};
use super::question::{Part, Plan, Setting};
use super::scalar::ScalarEvaluator;
use crate::base::Text;
use crate::condition::Tri;
use crate::model::{CondId, Effect, LayerId, WhoEntry};
use crate::snapshot::estate::{Estate, PolicyId};
use crate::snapshot::library::{PatternKind, StatementId, Stmt};
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use std::collections::BTreeSet;

/// A statement of a resource's own policy that allows the permission.
#[derive(Clone, Copy, Debug)]
struct Grant {
    part: usize,
    policy: PolicyId,
    statement: StatementId,
}

/// Leaves that were worked out before, and what names those of each part.
type Memory<'a> = (&'a LeafMemo, &'a [PartMarks]);

/// The statements of all parts, by whom they name.
#[derive(Debug)]
pub(crate) struct Routes<'a> {
    estate: &'a Estate,
    parts: Vec<&'a Part>,
    plan: &'a Plan,
    /// Holder by holder to be looked at: they name anyone, a session, or all but some.
    open: Vec<Grant>,
    /// By account id or full id.
    named: HashMap<Text, Vec<Grant>, RandomState>,
}

impl<'a> Routes<'a> {
    pub(crate) fn new(estate: &'a Estate, plan: &'a Plan) -> Self {
        let parts = Case::all_parts(plan).collect();
        let (open, named) = (Vec::new(), HashMap::default());
        let mut routes = Routes { estate, parts, plan, open, named };
        for (part, resource) in Case::all_parts(plan).enumerate().filter_map(|(i, p)| Some((i, p.resource?)))
        {
            for &policy in &estate.resources[resource].policies {
                let spec = estate.provider.layer(estate.policies[policy].layer);
                if spec.is_some_and(|spec| spec.grants) {
                    routes.add(part, policy);
                }
            }
        }
        routes
    }

    fn add(&mut self, part: usize, policy: PolicyId) {
        let library = &self.estate.library;
        for (statement, says) in library.statements_of(self.estate.policies[policy].document) {
            if says.effect == Effect::Deny || !library.speaks_of(says, self.plan.permission) {
                continue;
            }
            let grant = Grant { part, policy, statement };
            let who = says.who.map(|who| &library.whos[who]);
            let single = who.filter(|who| !who.negated).and_then(|who| {
                let ids = who.entries.iter().map(|entry| match entry {
                    WhoEntry::Account(id) | WhoEntry::Principal(id) => Some(*id),
                    _ => None,
                });
                ids.collect::<Option<Vec<Text>>>()
            });
            match single {
                Some(ids) => ids.into_iter().for_each(|id| self.named.entry(id).or_default().push(grant)),
                None => self.open.push(grant),
            }
        }
    }

    /// Names of the policies of resources through which the caller has access. `setting` need not be bound to the
    /// caller, but must be of the same question; so must `memory`.
    pub(crate) fn of_resources(
        &self,
        caller: &Caller,
        setting: &mut Setting,
        memory: Option<Memory<'_>>,
    ) -> Vec<Text> {
        let estate = self.estate;
        let mut holder = self.holder(caller, setting, memory);
        let mut names: Vec<Text> = Vec::new();
        let library = &estate.library;
        let known = [&caller.account_id, &caller.id].map(Name::known);
        let named = known.iter().flatten().filter_map(|text| self.named.get(text)).flatten();
        for grant in self.open.iter().chain(named) {
            let policy = &estate.policies[grant.policy];
            if !names.contains(&policy.name)
                && holder.applies(
                    policy.layer,
                    grant.part,
                    grant.statement,
                    &library.statements[grant.statement],
                )
            {
                names.push(policy.name);
            }
        }
        names
    }

    /// Whether the caller has access through a policy that it holds. Of `setting` and `memory`, as for resources.
    pub(crate) fn is_granted_by(
        &self,
        policy: PolicyId,
        caller: &Caller,
        setting: &mut Setting,
        memory: Option<Memory<'_>>,
    ) -> bool {
        self.holder(caller, setting, memory).is_granted_by(self.estate.policies[policy].layer, policy)
    }

    /// Names of all policies, groups and assignments through which the caller has access, sorted.
    pub(crate) fn all(&self, caller: &Caller, setting: &mut Setting) -> Vec<String> {
        let estate = self.estate;
        let mut names = self.of_resources(caller, setting, None);
        let holder = caller.principal.filter(|_| !caller.unloaded);
        for held in estate
            .provider
            .own_grants(setting.tier)
            .flat_map(|spec| holder.map_or(&[][..], |id| estate.held(spec.id, id)))
        {
            if self.is_granted_by(held.policy, caller, setting, None) {
                names.push(estate.policies[held.policy].name);
                names.extend(held.via);
            }
        }
        let names = names.into_iter().map(|name| estate.text(name)).chain(caller.through(estate));
        names.map(str::to_owned).collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn holder<'h>(
        &'h self,
        caller: &'h Caller,
        setting: &'h mut Setting,
        memory: Option<Memory<'h>>,
    ) -> Holder<'h, 'a> {
        let specials = self.plan.special.len();
        // Where all there is has parts of its own, there is no rest to be granted.
        let closed = specials > 0 && is_closed(self.estate, caller, self.plan);
        let parts = if closed { specials } else { self.parts.len() };
        Holder { routes: self, parts, caller, setting, memory, bound: false, at: Vec::new() }
    }
}

/// One holder, with the settings that its statements turned out to need.
struct Holder<'h, 'a> {
    routes: &'h Routes<'a>,
    parts: usize,
    caller: &'h Caller,
    setting: &'h mut Setting,
    memory: Option<Memory<'h>>,
    bound: bool,
    /// By part.
    at: Vec<(usize, Setting)>,
}

impl Holder<'_, '_> {
    fn is_granted_by(&mut self, layer: LayerId, policy: PolicyId) -> bool {
        let (estate, parts) = (self.routes.estate, self.parts);
        let document = estate.policies[policy].document;
        // The rest comes last among the parts, and nearly all that grants somewhere grants there.
        estate.library.statements_of(document).any(|(id, statement)| {
            statement.effect == Effect::Allow
                && estate.library.speaks_of(statement, self.routes.plan.permission)
                && (0..parts).rev().any(|part| self.applies(layer, part, id, statement))
        })
    }

    fn applies(&mut self, layer: LayerId, index: usize, id: StatementId, statement: &Stmt) -> bool {
        let Some(&part) = self.routes.parts.get(index) else { return false };
        let estate = self.routes.estate;
        let items = &estate.library.resource_sets[statement.resources].items;
        let filled_in = |&item| estate.library.patterns[item].kind == PatternKind::Template;
        let needs_keys = statement.condition != CondId::ALWAYS || items.iter().any(filled_in);
        let (caller, permission) = (self.caller, self.routes.plan.permission);
        let memory = self.memory;
        let setting = if needs_keys { self.bound_to(index, part) } else { &*self.setting };
        let mut evaluator = ScalarEvaluator::new(estate, caller, permission, part, setting);
        evaluator.memo = memory.and_then(|(leaves, marks)| Some(Memo { leaves, marks: *marks.get(index)? }));
        let scene = evaluator.scene(false);
        evaluator.may_name(statement.who)
            && evaluator.statement::<Tri>(&scene, layer, None, id, statement) != Tri::No
    }

    /// The setting with everything that the caller and the part determine.
    fn bound_to(&mut self, index: usize, part: &Part) -> &Setting {
        if !self.bound {
            self.caller.bind(self.routes.estate, self.setting, None);
            self.bound = true;
        }
        if !self.setting.states.has_resource_keys() {
            return self.setting;
        }
        let known = self.at.iter().position(|(at, _)| *at == index);
        let position = known.unwrap_or_else(|| {
            let mut bound = self.setting.clone();
            bound.bind_part(self.routes.estate, self.caller.account, part);
            self.at.push((index, bound));
            self.at.len() - 1
        });
        self.at.get(position).map_or(&*self.setting, |(_, bound)| bound)
    }
}
