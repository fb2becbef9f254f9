//! The matrix: for each principal, all permissions at once on one resource or pattern.

use super::crowd::Crowd;
use super::question::{Asked, Caller, Given, Owner, Part, Setting, asked_parts, find_caller, owner_of};
use super::rows::RowEvaluator;
use crate::base::{Intervals, Row};
use crate::error::Error;
use crate::model::{PrincipalKind, Query};
use crate::pattern::Pattern;
use crate::progress::Progress;
use crate::snapshot::Snapshot;
use crate::snapshot::estate::Estate;
use crate::truth::{Kleene, PermissionSet, Truth};
use serde::Serialize;

/// The parts of a question about every permission.
pub(crate) struct RowPlan {
    generic: Option<Part>,
    special: Vec<(Part, Row)>,
    own_scope: bool,
    /// Permissions without resource are asked on `*` of the caller's own account, whatever is asked.
    apart: Option<Part>,
    /// Permissions of which a loaded account lists every resource that they can act on.
    closed: Row,
}

impl RowPlan {
    pub(crate) fn new(estate: &Estate, resource: &str, caller_side_only: bool) -> Result<RowPlan, Error> {
        let provider = estate.provider;
        let owner = owner_of(estate, resource);
        let own_scope = owner == Owner::Caller;
        let apart = Part { asked: Asked::Nothing, owner: Owner::Caller, resource: None, covered: None };
        if !resource.contains(['*', '?']) {
            let generic = super::question::concrete(estate, resource, owner, caller_side_only);
            return Ok(RowPlan {
                generic: Some(generic),
                special: Vec::new(),
                own_scope: true,
                apart: Some(apart),
                closed: Row::None,
            });
        }
        let asked = Pattern::parse(resource, provider.syntax).ok_or_else(|| {
            Error::invalid("resource", "a resource pattern is `*` or has all segments of a resource id")
        })?;
        if let Some(mut inside) = super::question::inside_one(estate, resource, &asked) {
            inside.resource = inside.resource.filter(|_| !caller_side_only);
            let generic = Some(inside);
            return Ok(RowPlan {
                generic,
                special: Vec::new(),
                own_scope: true,
                apart: Some(apart),
                closed: Row::None,
            });
        }
        let mut special = Vec::new();
        if !caller_side_only {
            for id in estate.resources.ids() {
                if !estate.resources[id].askable {
                    continue;
                }
                let spoken = &estate.resources[id].spoken;
                for (part, covered) in asked_parts(estate, id, &asked) {
                    let service =
                        covered.segments().get(provider.key_segments[0]).and_then(|s| s.as_literal());
                    let types = estate.universe.types_of_pattern(&covered, service);
                    let acting = spoken.intersect(&estate.universe.permissions_on(&types));
                    if !acting.is_empty() {
                        let mask = Row::from_intervals(&acting, estate.universe.len());
                        special.push((part, mask));
                    }
                }
            }
        }
        let generic = Part { asked: Asked::Pattern(asked), owner, resource: None, covered: None };
        let mut closed = Row::None;
        if !special.is_empty() {
            let required = provider.layers.iter().filter_map(|spec| spec.required_for);
            for row in required.filter_map(|fact| estate.universe.row(fact)) {
                closed.or(row);
            }
            // Only permissions of which some special part speaks have another place to be allowed.
            let mut told = Row::None;
            special.iter().for_each(|(_, mask)| told.or(mask));
            closed.and(&told);
        }
        let apart = (resource != "*").then_some(apart);
        Ok(RowPlan { generic: Some(generic), special, own_scope, apart, closed })
    }

    /// Surely on every resource asked about; possibly on some.
    pub(crate) fn row(&self, estate: &Estate, caller: &Caller, setting: &Setting) -> PermissionSet {
        self.row_of_parts(estate, caller, &mut |_, part| one_part(estate, caller, setting, part))
    }

    /// The parts, in the order in which `row_of_parts` numbers them.
    fn parts(&self) -> impl Iterator<Item = &Part> {
        self.special.iter().map(|(part, _)| part).chain(&self.generic).chain(&self.apart)
    }

    /// The row, of what holds for each of the numbered parts.
    fn row_of_parts(
        &self,
        estate: &Estate,
        caller: &Caller,
        one: &mut dyn FnMut(usize, &Part) -> PermissionSet,
    ) -> PermissionSet {
        let on_resources = self.on_resources(estate, caller, one);
        let Some(part) = &self.apart else { return on_resources };
        let without = Row::from_intervals(estate.universe.without_resource(), estate.universe.len());
        let without = Kleene::exact(without);
        let number = self.special.len() + usize::from(self.generic.is_some());
        on_resources.minus(&without).or(&without.and(&one(number, part)))
    }

    fn on_resources(
        &self,
        estate: &Estate,
        caller: &Caller,
        one: &mut dyn FnMut(usize, &Part) -> PermissionSet,
    ) -> PermissionSet {
        let number = self.special.len();
        let generic = self.generic.as_ref().map_or_else(PermissionSet::never, |part| one(number, part));
        if self.special.is_empty() {
            return generic;
        }
        let closed = if self.is_whole(estate, caller) { self.closed.clone() } else { Row::None };
        let (mut sure, mut poss) = (generic.sure().clone(), generic.poss().clone());
        poss.minus(&closed);
        // Of closed permissions everything depends on the special parts.
        let mut own_told = Row::None;
        sure.or(&closed);
        for (number, (part, mask)) in self.special.iter().enumerate() {
            let here = one(number, part).and(&Kleene::exact(mask.clone()));
            poss.or(here.poss());
            let own = match &part.owner {
                Owner::Account(account) => !self.own_scope || caller.account == Some(*account),
                Owner::Caller => true,
                Owner::Elsewhere(_) => !self.own_scope,
            };
            if own {
                own_told.or(mask);
                let mut kept_out = mask.clone();
                kept_out.minus(here.sure());
                sure.minus(&kept_out);
            }
        }
        let mut untold = closed;
        untold.minus(&own_told);
        sure.minus(&untold);
        sure.and(&poss);
        Kleene::between(sure, poss)
    }

    fn is_whole(&self, estate: &Estate, caller: &Caller) -> bool {
        let account = match self.generic.as_ref().map(|part| &part.owner) {
            Some(Owner::Account(account)) => Some(*account),
            Some(Owner::Caller) => caller.account,
            _ => None,
        };
        account.is_some_and(|account| {
            estate.accounts[account].loaded && !estate.partial_kinds.contains(&(account, PrincipalKind::Role))
        })
    }
}

fn one_part(estate: &Estate, caller: &Caller, setting: &Setting, part: &Part) -> PermissionSet {
    let rule = estate.provider.rules.permissions;
    if !setting.states.has_resource_keys() {
        return rule(&mut RowEvaluator::new(estate, caller, part, setting)).allow;
    }
    let mut bound = setting.clone();
    bound.bind_part(estate, caller.account, part);
    rule(&mut RowEvaluator::new(estate, caller, part, &bound)).allow
}

/// One row of the matrix.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct MatrixRow {
    /// Full id.
    pub principal: String,
    /// Its kind.
    pub principal_kind: PrincipalKind,
    /// The provider.
    pub provider: &'static str,
    /// Its account.
    pub account: String,
    /// Permissions allowed on every resource that the pattern names.
    pub surely: Vec<String>,
    /// These, and further permissions that are allowed on some of the resources or under a condition.
    pub possibly: Vec<String>,
}

/// The answer of `matrix`: rows are kept as bits and spelled out when read.
#[derive(Debug)]
pub struct Matrix {
    snapshot: Snapshot,
    estate: usize,
    rows: Vec<(Caller, PermissionSet)>,
    wanted: Row,
    resource: String,
}

impl Snapshot {
    /// What everybody (or `query.principal`) can do on `query.resource`, all permissions at once.
    ///
    /// # Errors
    /// As [`Snapshot::what_can`].
    pub fn matrix(&self, query: &Query) -> Result<Matrix, Error> {
        self.matrix_with(query, &Progress::none())
    }

    /// As [`Snapshot::matrix`], polling for cancellation.
    ///
    /// # Errors
    /// As `matrix`, and `cancelled`.
    pub fn matrix_with(&self, query: &Query, progress: &Progress) -> Result<Matrix, Error> {
        progress.poll("asking", 0, None)?;
        let (estate, index) = self.estate_for(query)?;
        let resource = query.resource.clone().unwrap_or_else(|| "*".to_owned());
        let given = Given {
            context: &query.context,
            session: query.session.as_ref(),
            at: query.at.as_deref(),
            unknown: query.unknown_context,
            missing: query.missing_layer,
        };
        let mut setting = Setting::new(estate, &given)?;
        setting.own_policies = !query.caller_side_only;
        let plan = RowPlan::new(estate, &resource, query.caller_side_only)?;
        let wanted = match &query.action {
            Some(action) => Row::from_intervals(&estate.universe.expand(action), estate.universe.len()),
            None => Row::All,
        };
        let mut rows = Vec::new();
        if let Some(principal) = &query.principal {
            let caller = find_caller(estate, principal, query.session.as_ref())?;
            caller.bind(estate, &mut setting, query.session.as_ref());
            let row = plan.row(estate, &caller, &setting);
            rows.push((caller, row));
        } else {
            let parts: Vec<&Part> = plan.parts().collect();
            let mut crowds: Vec<Option<Crowd<'_>>> =
                parts.iter().map(|part| Crowd::new(estate, part, &setting)).collect();
            let follows = setting.states.has_resource_keys();
            let mut bound = None;
            for (done, id) in estate.principals.ids().enumerate() {
                progress.tick("asking", done, Some(estate.principals.len()))?;
                let caller = Caller::of(estate, id, None);
                caller.bind(estate, &mut setting, None);
                let row = plan.row_of_parts(estate, &caller, &mut |number, part| {
                    if follows && bound != Some((number, caller.account)) {
                        setting.bind_part(estate, caller.account, part);
                        bound = Some((number, caller.account));
                    }
                    let crowd = crowds.get_mut(number).and_then(Option::as_mut);
                    let row = crowd.and_then(|crowd| crowd.row(&caller, &setting));
                    row.unwrap_or_else(|| one_part(estate, &caller, &setting, part))
                });
                rows.push((caller, row));
            }
        }
        Ok(Matrix { snapshot: self.clone(), estate: index, rows, wanted, resource })
    }

    /// The provider that a query about a principal is for.
    pub(crate) fn estate_for(&self, query: &Query) -> Result<(&Estate, usize), Error> {
        let mut first = None;
        for (index, estate) in self.estates().iter().enumerate() {
            let Some(principal) = &query.principal else { return Ok((estate, index)) };
            match find_caller(estate, principal, query.session.as_ref()) {
                Ok(_) => return Ok((estate, index)),
                Err(error) => first = first.or(Some(error)),
            }
        }
        Err(first.unwrap_or_else(|| Error::invalid("principal", "no provider is loaded")))
    }
}

impl Matrix {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The resource or pattern asked about.
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// For each row, how many permissions are surely held among those that `count` accepts.
    pub fn surely_counts(&self, count: impl Fn(crate::model::AccessLevel, &str) -> bool) -> Vec<usize> {
        let universe = &self.home().universe;
        let mut wanted = Vec::new();
        for id in 0..universe.len() {
            if count(universe.access(id), universe.name(id)) {
                wanted.push((id, id + 1));
            }
        }
        let wanted = Row::from_intervals(&Intervals::from_ranges(wanted), universe.len());
        let counts = self.rows.iter().map(|(_, row)| {
            let mut sure = row.sure().clone();
            sure.and(&wanted);
            sure.and(&self.wanted);
            sure.count(universe.len()) as usize
        });
        counts.collect()
    }

    /// The rows, spelled out one by one.
    pub fn rows(&self) -> impl Iterator<Item = MatrixRow> + '_ {
        let estate = self.home();
        let universe = &estate.universe;
        let names = |row: &Row| row.ids(universe.len()).map(|id| universe.name(id).to_owned()).collect();
        self.rows.iter().map(move |(caller, set)| {
            let mut sure = set.sure().clone();
            let mut poss = set.poss().clone();
            sure.and(&self.wanted);
            poss.and(&self.wanted);
            MatrixRow {
                principal: caller.id.clone(),
                principal_kind: caller.kind,
                provider: estate.provider.name,
                account: caller.account_text.clone(),
                surely: names(&sure),
                possibly: names(&poss),
            }
        })
    }

    fn home(&self) -> &Estate {
        // INVARIANT: `estate` is an index into the estates of the snapshot that this value holds.
        &self.snapshot.estates()[self.estate]
    }
}
