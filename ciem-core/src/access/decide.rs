//! Parts put together: the verdict of one caller on one question, and the condition it depends on.

use super::among;
use super::caller::Caller;
use super::memo::{LeafMemo, Memo, PartMarks};
use super::question::{Owner, Part, Plan, Setting};
use super::scalar::{InForce, ScalarEvaluator};
use crate::condition::{Atom, Expr, Simplified, Tri, simplify, tells_resources_apart};
use crate::model::PrincipalKind;
use crate::snapshot::estate::Estate;
use crate::truth::{Degrees, Mark, Outcome, Residual, Truth};
use serde::Serialize;
use std::borrow::{Borrow, Cow};

/// The answer to "may this principal do this?".
///
/// ```
/// # use ciem_core::Verdict;
/// assert_eq!(serde_json::to_string(&Verdict::Allow).unwrap(), "\"allow\"");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// On every asked resource, whatever the rest of the request.
    Allow,
    /// Never.
    Deny,
    /// Under a condition on the request or the resource.
    Conditional,
    /// It depends on facts that the exports do not hold.
    Unknown,
}

impl Verdict {
    /// The wire form: `allow`, `deny`, `conditional` or `unknown`.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Allow => "allow",
            Verdict::Deny => "deny",
            Verdict::Conditional => "conditional",
            Verdict::Unknown => "unknown",
        }
    }
}

/// How a part of the question counts for one caller.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Role {
    /// Resources without a policy of their own.
    Generic,
    /// A resource of the accounts that are asked about.
    Own,
    /// A resource of another account: what it grants adds to the caller's own.
    Foreign,
}

/// To look first whether so many parts matter at all costs less than to ask about them.
const MANY: usize = 8;

/// One caller's question.
pub(crate) struct Case<'a> {
    pub(crate) estate: &'a Estate,
    pub(crate) caller: &'a Caller,
    pub(crate) plan: &'a Plan,
    pub(crate) setting: &'a Setting,
    /// Settings of parts whose owner determines context keys; empty where none is referenced.
    pub(crate) bound: Cow<'a, [(usize, Setting)]>,
    /// Where leaves are remembered, and what those of each part depend on.
    pub(crate) memo: Option<(&'a LeafMemo, &'a [PartMarks])>,
    /// Where it is known: the special parts at which the caller may be allowed anything.
    pub(crate) reached: Option<&'a [bool]>,
}

/// A part as one caller meets it.
struct Met<'c> {
    index: usize,
    role: Role,
    part: &'c Part,
    setting: &'c Setting,
}

impl<'a> Case<'a> {
    /// `setting` must be bound to the caller.
    pub(crate) fn new(estate: &'a Estate, caller: &'a Caller, plan: &'a Plan, setting: &'a Setting) -> Self {
        Case::reaching(estate, caller, plan, setting, None)
    }

    /// As `new`, where parts are known at which nothing is allowed.
    pub(crate) fn reaching(
        estate: &'a Estate,
        caller: &'a Caller,
        plan: &'a Plan,
        setting: &'a Setting,
        reached: Option<&'a [bool]>,
    ) -> Self {
        let mut case = Case { estate, caller, plan, setting, bound: Cow::Borrowed(&[]), memo: None, reached };
        let brought = setting.brought.as_ref().is_some_and(|b| b.states.has_resource_keys());
        if setting.states.has_resource_keys() || brought {
            for (index, part) in case.numbered() {
                if !case.is_reached(index) {
                    continue;
                }
                let mut bound = setting.clone();
                bound.bind_part(estate, caller.account, part);
                case.bound.to_mut().push((index, bound));
            }
        }
        case
    }

    fn is_reached(&self, index: usize) -> bool {
        self.reached.and_then(|reached| reached.get(index)) != Some(&false)
    }

    /// Special parts first, the rest last.
    pub(crate) fn all_parts(plan: &Plan) -> impl Iterator<Item = &Part> {
        plan.special.iter().chain(&plan.generic).map(|part| &**part)
    }

    fn numbered(&self) -> impl Iterator<Item = (usize, &'a Part)> + use<'a> {
        Case::all_parts(self.plan).enumerate()
    }

    /// The parts in their order, with the settings they are asked in.
    pub(crate) fn settings(&self) -> impl Iterator<Item = (&'a Part, &Setting)> {
        self.numbered().map(|(index, part)| (part, self.setting_of(index)))
    }

    fn setting_of(&self, index: usize) -> &Setting {
        let known = self.bound.binary_search_by_key(&index, |(at, _)| *at);
        known.ok().and_then(|at| self.bound.get(at)).map_or(self.setting, |(_, bound)| bound)
    }

    fn parts(&self) -> impl Iterator<Item = Met<'_>> {
        let specials = self.plan.special.len();
        self.numbered().filter_map(move |(index, part)| {
            let role = if index >= specials {
                Role::Generic
            } else if self.plan.own_scope && !self.owns(&part.owner) {
                Role::Foreign
            } else {
                Role::Own
            };
            // Every role of a loaded account is a part of its own: there is no other resource of that kind.
            if role == Role::Generic
                && (specials > 0 || self.plan.further)
                && is_closed(self.estate, self.caller, self.plan)
            {
                return None;
            }
            Some(Met { index, role, part, setting: self.setting_of(index) })
        })
    }

    fn owns(&self, owner: &Owner) -> bool {
        match owner {
            Owner::Caller => true,
            Owner::Account(account) => self.caller.account == Some(*account),
            Owner::Elsewhere(_) => false,
        }
    }

    fn evaluator<'b>(&'b self, met: &Met<'b>) -> ScalarEvaluator<'b> {
        let Met { index, part, setting, .. } = *met;
        let mut evaluator =
            ScalarEvaluator::new(self.estate, self.caller, self.plan.permission, part, setting);
        evaluator.memo =
            self.memo.and_then(|(leaves, marks)| Some(Memo { leaves, marks: *marks.get(index)? }));
        evaluator
    }

    /// The fast answer; `Maybe` is decided by [`Case::residual`].
    pub(crate) fn tri(&self) -> Tri {
        let rule = self.estate.provider.rules.tri;
        together(self.parts().map(|met| (met.role, rule(&mut self.evaluator(&met)).allow)))
    }

    /// The condition under which access exists, not simplified.
    pub(crate) fn residual_expr(&self) -> Expr {
        let rule = self.estate.provider.rules.residual;
        let mut own = Expr::Never;
        let mut elsewhere = Expr::Always;
        let mut generic = Expr::Never;
        let mut abroad = Vec::new();
        let residual = |met: &Met<'_>| match self.is_reached(met.index) {
            true => rule(&mut self.evaluator(met)).allow.0,
            false => Expr::Never,
        };
        for met in self.parts() {
            match met.role {
                Role::Generic => generic = residual(&met),
                Role::Own => {
                    let here = &met.part.here;
                    own = own.or(here.clone().and(residual(&met)));
                    elsewhere = elsewhere.minus(here.clone());
                }
                Role::Foreign => abroad.push(met),
            }
        }
        // What other accounts grant adds to the answer; it takes nothing from an answer that is whole without it.
        let alone = own.clone().or(elsewhere.clone().and(generic.clone()));
        let is_whole = || simplify(&alone).expr == Expr::Always;
        let many = abroad.len() > MANY;
        if alone == Expr::Always || many && is_whole() {
            return Expr::Always;
        }
        let foreign =
            abroad.iter().map(|met| (met, residual(met))).filter(|(_, found)| *found != Expr::Never);
        let foreign: Vec<(Expr, Expr)> = foreign.map(|(met, found)| (met.part.here.clone(), found)).collect();
        if foreign.is_empty() {
            return alone;
        }
        if !many && is_whole() {
            return Expr::Always;
        }
        let mut added = Expr::Never;
        for (here, residual) in foreign {
            elsewhere = elsewhere.minus(here.clone());
            added = added.or(here.and(residual));
        }
        own.or(elsewhere.and(generic)).or(added)
    }

    /// Names the condition that [`Case::residual_expr`] gives, without building it.
    pub(crate) fn mark(&self) -> Mark {
        let rule = self.estate.provider.rules.mark;
        self.parts().fold(Mark::never(), |all, met| {
            let allow = rule(&mut self.evaluator(&met)).allow;
            // What another account does not grant takes nothing from the rest.
            if allow.is_never() && met.role == Role::Foreign {
                return all;
            }
            let here = Mark::of(&(met.role, &met.part.covered));
            Mark::of(&(all, here, allow))
        })
    }

    /// What the rule asks of each part, in their order, and the resources that the part is about.
    pub(crate) fn evaluators(&self) -> impl Iterator<Item = (Expr, ScalarEvaluator<'_>)> {
        self.parts().map(|met| (self.about(&met), self.evaluator(&met)))
    }

    /// The rest is about no resource that is a part of its own: what a statement says of that one says nothing here.
    fn about(&self, met: &Met<'_>) -> Expr {
        let special = match met.role {
            Role::Generic => self.plan.special.as_slice(),
            Role::Own | Role::Foreign => &[],
        };
        let mut patterns: Vec<_> = special.iter().filter_map(|part| part.covered.clone()).collect();
        patterns.sort();
        patterns.dedup();
        if patterns.is_empty() { Expr::Always } else { Expr::atom(Atom::ResourceIn(patterns)).not() }
    }

    /// Asks every layer.
    pub(crate) fn heard(&self) -> Heard {
        let rule = self.estate.provider.rules.traced;
        let (mut stops, mut trace) = (Vec::new(), Vec::new());
        let heard = |met: Met<'_>| {
            let mut evaluator = self.evaluator(&met);
            evaluator.trace = std::mem::take(&mut trace);
            let outcome = rule(&mut evaluator);
            stops.push(outcome.degrees(|stop| stop.0));
            trace = evaluator.trace;
            (met.role, outcome.allow.0)
        };
        let allow = together(self.parts().map(heard));
        Heard { allow, stops, trace }
    }

    /// The same of layers where degrees leave something open: conditions decide what these can.
    pub(crate) fn stops(&self) -> Vec<Degrees> {
        let rule = self.estate.provider.rules.residual_full;
        self.evaluators().map(|(about, mut evaluator)| self.degrees(&rule(&mut evaluator), &about)).collect()
    }

    /// How far each layer stands in the way, by what the rule says of a part that is about these resources.
    pub(crate) fn degrees(&self, outcome: &Outcome<Residual>, about: &Expr) -> Degrees {
        let simplified = |expr: &Expr| among::simplified(self.estate, self.plan, expr).expr;
        outcome.degrees(|residual| match simplified(&residual.0) {
            Expr::Always => Tri::Yes,
            Expr::Never => Tri::No,
            open if tells_resources_apart(&open) && *about != Expr::Always => {
                // Where the rest is nothing at all, whatever is said of it stays open.
                let stops = simplified(&about.clone().and(open.clone())) != Expr::Never;
                let passes = simplified(&about.clone().minus(open)) != Expr::Never;
                match (stops, passes) {
                    (true, false) => Tri::Yes,
                    (false, true) => Tri::No,
                    _ => Tri::Maybe,
                }
            }
            _ => Tri::Maybe,
        })
    }
}

/// What every layer says to one caller.
pub(crate) struct Heard {
    /// As [`Case::tri`].
    pub(crate) allow: Tri,
    /// How far each layer stands in the way, of each part.
    pub(crate) stops: Vec<Degrees>,
    /// The statements that apply.
    pub(crate) trace: Vec<InForce>,
}

/// The answer on all parts.
fn together(parts: impl Iterator<Item = (Role, Tri)>) -> Tri {
    let (mut all, mut any) = (Tri::Yes, Tri::No);
    let mut own = false;
    for (role, allow) in parts {
        any = Tri::or(any, allow);
        if role != Role::Foreign {
            own = true;
            all = Tri::and(all, allow);
        }
    }
    match (own && all == Tri::Yes, any) {
        (true, _) => Tri::Yes,
        (_, Tri::No) => Tri::No,
        _ => Tri::Maybe,
    }
}

/// Whether one of several ways of asking is allowed.
pub(crate) fn any<'a>(cases: impl Iterator<Item = impl Borrow<Case<'a>>>) -> Tri {
    let mut found = Tri::No;
    for case in cases {
        found = Tri::or(found, case.borrow().tri());
        if found == Tri::Yes {
            break;
        }
    }
    found
}

/// The condition under which one of several ways of asking is allowed, not simplified.
pub(crate) fn any_expr<'a>(cases: impl Iterator<Item = impl Borrow<Case<'a>>>) -> Expr {
    cases.fold(Expr::Never, |all, case| all.or(case.borrow().residual_expr()))
}

/// The simplified condition of one of several ways of asking, of which the fast answer is known.
pub(crate) fn residual(cases: &[Case<'_>], fast: Tri) -> Simplified {
    match fast {
        Tri::Yes => Simplified { expr: Expr::Always, canonical: true },
        Tri::No => Simplified { expr: Expr::Never, canonical: true },
        Tri::Maybe => match cases.first() {
            Some(case) => among::simplified(case.estate, case.plan, &any_expr(cases.iter())),
            None => simplify(&Expr::Never),
        },
    }
}

/// Whether the exports list every resource that the permission can act on: it needs a policy of the
/// resource, and the account was loaded whole.
pub(crate) fn is_closed(estate: &Estate, caller: &Caller, plan: &Plan) -> bool {
    let account = match plan.generic.as_ref().map(|part| &part.owner) {
        Some(Owner::Account(account)) => Some(*account),
        Some(Owner::Caller) => caller.account,
        _ => None,
    };
    let whole = |account| {
        estate.accounts[account].loaded && !estate.partial_kinds.contains(&(account, PrincipalKind::Role))
    };
    estate.requires_policy(plan.permission) && account.is_some_and(whole)
}

/// The verdict that a simplified condition means.
pub(crate) fn verdict(expr: &Expr) -> Verdict {
    match expr {
        Expr::Always => Verdict::Allow,
        Expr::Never => Verdict::Deny,
        expr if expr.has_missing() => Verdict::Unknown,
        _ => Verdict::Conditional,
    }
}
