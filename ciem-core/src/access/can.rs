//! `can` and `explain`.

use super::answer::{Decision, Denial, Explanation, Missing, StatementView};
use super::caller::{Caller, find_callers};
use super::condition::text_of;
use super::decide::{Case, Heard, Verdict, residual, verdict};
use super::explain::explain;
use super::question::{Asked, Given, Owner, Part, Plan, Setting};
use super::scalar::InForce;
use crate::condition::{Atom, Expr, Tri};
use crate::error::{Error, quoted};
use crate::model::{CondId, CondNode, Effect, LayerId, MissingLayer, Request, Session, Tier};
use crate::provider::{Binding, LayerSpec};
use crate::snapshot::Snapshot;
use crate::snapshot::estate::Estate;
use crate::snapshot::library::{Library, StatementId};
use crate::truth::Degrees;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

impl Snapshot {
    /// May the principal do this on that resource, and on what does it depend?
    ///
    /// ```
    /// # use ciem_core::SnapshotBuilder;
    /// # let mut builder = SnapshotBuilder::new();
    /// # builder.add("account.json", include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.json")))?;
    /// # let snapshot = builder.finish()?;
    /// use ciem_core::{Request, Verdict};
    ///
    /// let decision = snapshot.can(&Request::new("ana", "s3:GetObject", "arn:aws:s3:::pay/report.csv"))?;
    /// assert_eq!(decision.verdict, Verdict::Conditional);
    /// assert_eq!(decision.condition.unwrap()["key"], "aws:MultiFactorAuthPresent");
    /// # Ok::<(), ciem_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `unknown_principal`, `ambiguous_principal`, `unknown_action`, `invalid_request`; `rejected_policy` for a
    /// session policy that the provider would reject.
    pub fn can(&self, request: &Request) -> Result<Decision, Error> {
        self.can_given(request, &Given::from(request))
    }

    /// The same where something else is given than the request itself says.
    pub(crate) fn can_given(&self, request: &Request, given: &Given<'_>) -> Result<Decision, Error> {
        self.with_cases(request, given, |asked| decision(asked, request.missing_layer, false))
    }

    /// Why, or why not: the decision with every statement that applies, layer by layer, and the statements that nearly
    /// apply, with what of them does not match.
    ///
    /// ```
    /// # use ciem_core::SnapshotBuilder;
    /// # let mut builder = SnapshotBuilder::new();
    /// # builder.add("account.json", include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.json")))?;
    /// # let snapshot = builder.finish()?;
    /// use ciem_core::Request;
    ///
    /// let explanation = snapshot.explain(&Request::new("app", "s3:PutObject", "arn:aws:s3:::pay/closed/x"))?;
    /// assert_eq!(explanation.decision.blocked_by, ["resource"]);
    /// let statement = &explanation.decision.statements[0];
    /// println!("{} in {} at {}", statement.effect, statement.policy, statement.pointer);
    ///
    /// let explanation = snapshot.explain(&Request::new("ana", "s3:GetObject", "arn:aws:s3:::private/x"))?;
    /// let identity = &explanation.layers[0];
    /// assert_eq!(identity.state, "does_not_allow");
    /// assert_eq!(identity.near_misses[0].failed[0].element, "resource");
    /// # Ok::<(), ciem_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Snapshot::can`].
    pub fn explain(&self, request: &Request) -> Result<Explanation, Error> {
        self.with_cases(request, &Given::from(request), |asked| {
            let decision = decision(asked, request.missing_layer, true);
            explain(asked, request, decision)
        })
    }

    /// Asks as the caller, or as each of the callers that a person can be.
    fn with_cases<R>(
        &self,
        request: &Request,
        given: &Given<'_>,
        ask: impl FnOnce(&Question<'_>) -> R,
    ) -> Result<R, Error> {
        let (estate, permission) = self.find_permission(&request.action)?;
        let callers = self.callers_of(estate, request, given.session)?;
        let bound = Bound::new(estate, permission, callers, request, given)?;
        let plan = Plan::new(estate, permission, &request.resource, false)?;
        Ok(ask(&Question { estate, plan: &plan, cases: bound.cases(estate, &plan) }))
    }

    /// Whom the principal of a request stands for in the provider that knows the permission.
    pub(super) fn callers_of(
        &self,
        estate: &Estate,
        request: &Request,
        session: Option<&Session>,
    ) -> Result<Vec<Caller>, Error> {
        let principal = &request.principal;
        find_callers(estate, principal, session).map_err(|error| {
            let is_record = |other: &&Estate| {
                let found = find_callers(other, principal, None);
                found.is_ok_and(|callers| callers.iter().any(|caller| caller.principal.is_some()))
            };
            let nobody = matches!(error, Error::UnknownPrincipal { .. });
            match self.estates().iter().find(|other| nobody && is_record(other)) {
                Some(other) => {
                    let (theirs, asked) = (other.provider.name, estate.provider.name);
                    let what = format!("principal {}", quoted(principal));
                    let reason =
                        format!("it is one of {theirs}, and {} a permission of {asked}", request.action);
                    Error::invalid(what, reason)
                }
                None => error,
            }
        })
    }

    /// The provider that knows the permission.
    pub(crate) fn find_permission(&self, action: &str) -> Result<(&Estate, u16), Error> {
        self.estates()
            .iter()
            .find_map(|estate| Some((estate, estate.universe.find(action)?)))
            .ok_or_else(|| Error::UnknownAction { action: action.to_owned() })
    }
}

/// Who asks a question, and what each of them knows of the request. It holds for every permission that acts on resources, or
/// for every one that does not.
#[derive(Debug)]
pub(crate) struct Bound {
    callers: Vec<Caller>,
    settings: Vec<Setting>,
    /// The one part of a question about one resource, found with the first permission.
    part: OnceLock<Arc<Part>>,
}

impl Bound {
    pub(crate) fn new(
        estate: &Estate,
        permission: u16,
        callers: Vec<Caller>,
        request: &Request,
        given: &Given<'_>,
    ) -> Result<Bound, Error> {
        let mut settings = Vec::with_capacity(callers.len());
        for caller in &callers {
            assert_session(caller, request)?;
            let mut setting = Setting::new(estate, given, Some(permission))?;
            caller.bind(estate, &mut setting, given.session);
            settings.push(setting);
        }
        Ok(Bound { callers, settings, part: OnceLock::new() })
    }

    /// As [`Snapshot::can`], of a request that this was made for.
    pub(crate) fn decide(
        &self,
        estate: &Estate,
        permission: u16,
        request: &Request,
    ) -> Result<Decision, Error> {
        let plan = match self.part.get() {
            Some(part) => Plan::of_one(permission, Arc::clone(part)),
            None => Plan::new(estate, permission, &request.resource, false)?,
        };
        if let Some(part) = plan.generic.as_ref().filter(|part| matches!(part.asked, Asked::Id(_))) {
            self.part.get_or_init(|| Arc::clone(part));
        }
        let asked = Question { estate, plan: &plan, cases: self.cases(estate, &plan) };
        Ok(decision(&asked, request.missing_layer, false))
    }

    fn cases<'a>(&'a self, estate: &'a Estate, plan: &'a Plan) -> Vec<Case<'a>> {
        let asking = self.callers.iter().zip(&self.settings);
        asking.map(|(caller, setting)| Case::new(estate, caller, plan, setting)).collect()
    }
}

/// What is asked, by everybody whom the principal of the request stands for.
pub(super) struct Question<'a> {
    pub(super) estate: &'a Estate,
    plan: &'a Plan,
    pub(super) cases: Vec<Case<'a>>,
}

/// Session policies are for callers that act in sessions.
pub(crate) fn assert_session(caller: &Caller, request: &Request) -> Result<(), Error> {
    if !caller.has_sessions() && request.session.as_ref().is_some_and(|s| s.policies.is_some()) {
        return Err(Error::invalid("session", "a caller of this kind acts without a session policy"));
    }
    Ok(())
}

fn decision(asked: &Question<'_>, missing_layer: MissingLayer, all_statements: bool) -> Decision {
    let heard: Vec<Heard> = asked.cases.iter().map(Case::heard).collect();
    let fast = heard.iter().fold(Tri::No, |any, heard| Tri::or(any, heard.allow));
    let residual = residual(&asked.cases, fast);
    let verdict = verdict(&residual.expr);
    let open = !matches!(residual.expr, Expr::Always | Expr::Never);
    let mut blocked_by = Vec::new();
    let mut denial = None;
    if verdict == Verdict::Deny {
        let stops = asked.cases.iter().zip(&heard).map(|(case, heard)| {
            let known = heard.stops.iter().all(Degrees::are_known);
            if known { heard.stops.clone() } else { case.stops() }
        });
        let stops: Vec<Vec<Degrees>> = stops.collect();
        blocked_by = stopping(asked, &stops);
        let mut all = stops.iter().flatten().peekable();
        let explicit = all.peek().is_some() && all.all(|degrees| degrees.explicit_deny == Tri::Yes);
        denial = Some(if explicit { Denial::Explicit } else { Denial::Implicit });
    }
    let wanted = |effect: Effect| match verdict {
        _ if all_statements => true,
        Verdict::Allow => effect == Effect::Allow,
        Verdict::Deny => denial == Some(Denial::Explicit) && effect == Effect::Deny,
        Verdict::Conditional | Verdict::Unknown => true,
    };
    let (mut statements, mut sources) = (Vec::new(), BTreeMap::new());
    for (case, heard) in asked.cases.iter().zip(heard) {
        for (entry, view) in statements_in_force(case, heard.trace, wanted) {
            if open {
                note_keys(case, &entry, statements.len(), &mut sources);
            }
            statements.push(view);
        }
    }
    let condition = open.then(|| residual.expr.to_json());
    Decision {
        v: 1,
        verdict,
        denial,
        blocked_by,
        condition_text: condition.as_ref().and_then(text_of),
        condition: condition.map(|condition| with_sources(condition, &sources)),
        canonical: (open && !residual.canonical).then_some(false),
        missing: missing(&residual.expr),
        statements,
        assumptions: assumptions(asked, missing_layer),
    }
}

/// The layers that stand in the way of everybody whom the principal stands for; if there is none, those of any.
fn stopping(asked: &Question<'_>, stops: &[Vec<Degrees>]) -> Vec<&'static str> {
    let ways: Vec<Vec<&'static str>> = stops.iter().map(|parts| stopping_one(asked.estate, parts)).collect();
    let Some(first) = ways.first() else {
        // Nobody to ask as: no layer gives this principal anything.
        return asked.estate.provider.own_grants(Tier::Active).map(|spec| spec.name).collect();
    };
    let in_all = |name: &&'static str| ways.iter().all(|way| way.contains(name));
    let common: Vec<&'static str> = first.iter().copied().filter(in_all).collect();
    if !common.is_empty() {
        return common;
    }
    let layers = asked.estate.provider.layers.iter();
    layers.map(|spec| spec.name).filter(|name| ways.iter().any(|way| way.contains(name))).collect()
}

/// The layers that surely stop; if there is none, those that may.
fn stopping_one(estate: &Estate, parts: &[Degrees]) -> Vec<&'static str> {
    let mut sure = Vec::new();
    let mut possible = Vec::new();
    for spec in estate.provider.layers {
        let stops = parts.iter().filter_map(|degrees| degrees.stops.get(usize::from(spec.id.0)));
        let (mut all, mut any) = (!parts.is_empty(), false);
        for stop in stops {
            all &= *stop == Tri::Yes;
            any |= *stop != Tri::No;
        }
        if all {
            sure.push(spec.name);
        }
        if any {
            possible.push(spec.name);
        }
    }
    if sure.is_empty() { possible } else { sure }
}

pub(crate) fn missing(expr: &Expr) -> Vec<Missing> {
    let mut found = BTreeSet::new();
    for atom in expr.atoms() {
        if let Atom::Missing(fact) = atom {
            found.insert(Missing {
                fact: fact.name().to_owned(),
                subject: fact.subject.clone(),
                how: fact.how.clone(),
            });
        }
    }
    found.into_iter().collect()
}

/// The statements that apply and are of a wanted effect, each once, in layer order.
fn statements_in_force(
    case: &Case<'_>,
    trace: Vec<InForce>,
    wanted: impl Fn(Effect) -> bool,
) -> Vec<(InForce, StatementView)> {
    let mut entries = trace;
    let effect = |e: &InForce| library(case.estate, case.setting, e).statements[e.statement].effect;
    entries.retain(|entry| wanted(effect(entry)));
    let order = |e: &InForce| (e.layer, e.policy, e.via, e.statement);
    entries.sort_by_key(order);
    entries.dedup_by_key(|e| order(e));
    let mut views: Vec<(InForce, StatementView)> =
        entries.into_iter().filter_map(|entry| Some((entry.clone(), view(case, &entry)?))).collect();
    views.sort_by(|(a, av), (b, bv)| {
        (a.layer, &av.policy, av.index, &av.via).cmp(&(b.layer, &bv.policy, bv.index, &bv.via))
    });
    views
}

fn library<'a>(estate: &'a Estate, setting: &'a Setting, entry: &InForce) -> &'a Library {
    match (&setting.brought, entry.policy) {
        (Some(brought), None) => &brought.library,
        _ => &estate.library,
    }
}

pub(super) fn view(case: &Case<'_>, entry: &InForce) -> Option<StatementView> {
    let estate = case.estate;
    let library = library(estate, case.setting, entry);
    let statement = &library.statements[entry.statement];
    let policy = entry.policy.map(|policy| &estate.policies[policy]);
    let spec = estate.provider.layer(entry.layer)?;
    let (name, source) = match policy {
        Some(policy) => (estate.text(policy.name).to_owned(), policy.source),
        None => (spec.name.to_owned(), None),
    };
    let at = estate.provider.statements_at;
    let pointer = if statement.alone { at.to_owned() } else { format!("{at}/{}", statement.index) };
    Some(StatementView {
        policy: name,
        layer: spec.name,
        index: statement.index,
        sid: statement.sid.map(|sid| library.texts.get(sid).to_owned()),
        effect: match statement.effect {
            Effect::Allow => "allow",
            Effect::Deny => "deny",
        },
        via: via(case, spec, entry),
        pointer,
        source: source.and_then(|source| estate.source_name(source)),
    })
}

/// The group of a policy that the caller holds, and what a person holds it through.
fn via(case: &Case<'_>, spec: &LayerSpec, entry: &InForce) -> Vec<String> {
    let group = entry.via.map(|via| case.estate.text(via));
    let held = spec.binding == Binding::Principal;
    let through = case.caller.through(case.estate).filter(|_| held);
    through.chain(group).map(str::to_owned).collect()
}

/// Which statement first tests a key: the `source` of atoms.
fn note_keys(case: &Case<'_>, entry: &InForce, index: usize, sources: &mut BTreeMap<String, usize>) {
    let library = library(case.estate, case.setting, entry);
    keys_of(library, entry.statement, &mut |key| {
        sources.entry(key.to_ascii_lowercase()).or_insert(index);
    });
}

fn keys_of(library: &Library, statement: StatementId, visit: &mut dyn FnMut(&str)) {
    fn walk(library: &Library, id: CondId, visit: &mut dyn FnMut(&str)) {
        match library.conditions.get(id) {
            CondNode::And(parts) | CondNode::Or(parts) => parts.iter().for_each(|&p| walk(library, p, visit)),
            CondNode::Not(part) => walk(library, *part, visit),
            CondNode::Clause(clause) => visit(&library.conditions.clause(*clause).key.name),
            CondNode::Always | CondNode::Missing(_) => {}
        }
    }
    walk(library, library.statements[statement].condition, visit);
}

fn with_sources(condition: Value, sources: &BTreeMap<String, usize>) -> Value {
    match condition {
        Value::Object(mut map) => {
            let key = map.get("key").and_then(Value::as_str).map(str::to_ascii_lowercase);
            if let Some(&source) = key.and_then(|key| sources.get(&key)) {
                map.insert("source".to_owned(), source.into());
                return Value::Object(map);
            }
            Value::Object(map.into_iter().map(|(k, v)| (k, with_sources(v, sources))).collect())
        }
        Value::Array(items) => items.into_iter().map(|item| with_sources(item, sources)).collect(),
        other => other,
    }
}

/// What the answer takes for granted, because no export spoke of it.
fn assumptions(asked: &Question<'_>, missing_layer: MissingLayer) -> Vec<String> {
    let of =
        |case: &Case<'_>| general_assumptions(asked.estate, Some(case.caller), asked.plan, missing_layer);
    let found: BTreeSet<String> = asked.cases.iter().flat_map(of).collect();
    found.into_iter().collect()
}

pub(crate) fn general_assumptions(
    estate: &Estate,
    caller: Option<&Caller>,
    plan: &Plan,
    missing_layer: MissingLayer,
) -> Vec<String> {
    let mut found = BTreeSet::new();
    let strict = missing_layer == MissingLayer::Unknown;
    let given = |layer: LayerId| estate.layers_given.contains(&layer);
    for spec in estate.provider.layers {
        let scoped = matches!(spec.binding, Binding::PrincipalScope | Binding::ResourceScope);
        let absent = scoped && !given(spec.id) || spec.tier == Tier::Active && estate.lacks(spec);
        if absent && !strict {
            found.insert(format!("no {} were given: none is taken to apply", spec.missing.0));
        }
    }
    if let Some(account) = caller.and_then(|c| c.account)
        && !estate.account_text(account).is_empty()
        && !estate.layers_given.is_empty()
        && estate.accounts[account].chain.is_empty()
        && !strict
    {
        let id = estate.account_text(account);
        found.insert(format!(
            "account {id} is not in the loaded organisation: no guardrail is taken to apply"
        ));
    }
    let provider = estate.provider;
    if let Some(part) = &plan.generic
        && let Asked::Id(id) = &part.asked
        && part.resource.is_none_or(|id| !estate.resources[id].told)
    {
        let permission = estate.universe.name(plan.permission);
        if part.owner == Owner::Caller && provider.tells_accounts_apart() {
            found.insert(format!("the account of {id} is not known: it is taken to be the caller's own"));
        }
        match (estate.provider.assumed_resource)(permission, id) {
            Some(text) if !strict => {
                found.insert(text);
            }
            _ if !strict && provider.has_resource_policies() => {
                found.insert(format!("no policy of {id} was given: it is taken to have none"));
            }
            _ => {}
        }
    }
    if let Some(part) = &plan.generic
        && let Asked::Id(id) = &part.asked
        && !strict
    {
        let given = |spec: &LayerSpec| {
            part.resource.is_some_and(|id| estate.resource_policies(id, spec.id).next().is_some())
        };
        let lacking = |spec: &&LayerSpec| spec.apart.is_some_and(|can_have| can_have(id)) && !given(spec);
        for spec in provider.layers.iter().filter(lacking) {
            found.insert(format!("no {} {id} were given: none is taken to apply", spec.missing.0));
        }
    }
    found.into_iter().collect()
}
