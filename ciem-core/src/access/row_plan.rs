//! A question about every permission, split into parts on which the same policies hold.

use super::caller::Caller;
use super::question::{Asked, Owner, Part, Setting, common_parts, owner_of};
use super::rows::RowEvaluator;
use crate::base::{Intervals, Row};
use crate::error::Error;
use crate::model::PrincipalKind;
use crate::pattern::Pattern;
use crate::snapshot::estate::{Estate, ResourceId};
use crate::snapshot::governed::Mask;
use crate::truth::{Kleene, PermissionSet, Truth};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The parts of a question about every permission.
pub(crate) struct RowPlan {
    generic: Option<Arc<Part>>,
    special: Vec<Special>,
    own_scope: bool,
    /// Permissions without resource are asked on `*` of the caller's own account, whatever is asked.
    apart: Option<Part>,
    /// Permissions of which a loaded account lists every resource that they can act on.
    closed: Row,
}

/// A part with policies of its own.
struct Special {
    /// The number of what its policies speak for.
    ground: usize,
    part: Arc<Part>,
    /// The permissions that it is about.
    mask: Arc<Mask>,
}

impl RowPlan {
    pub(crate) fn new(estate: &Estate, resource: &str, caller_side_only: bool) -> Result<RowPlan, Error> {
        let provider = estate.provider;
        let resource = &*(provider.canonical)(resource);
        let owner = owner_of(estate, resource);
        let own_scope = owner == Owner::Caller;
        let apart = Part::nothing();
        if !resource.contains(['*', '?']) {
            let generic = super::question::concrete(estate, resource, owner, caller_side_only);
            return Ok(RowPlan {
                generic: Some(Arc::new(generic)),
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
            let generic = Some(Arc::new(inside));
            return Ok(RowPlan {
                generic,
                special: Vec::new(),
                own_scope: true,
                apart: Some(apart),
                closed: Row::None,
            });
        }
        let mut special: Vec<Special> = Vec::new();
        if !caller_side_only {
            let governed = estate.governed();
            for number in governed.near(resource) {
                let Some(ground) = governed.grounds().get(number) else { continue };
                if !ground.mask.intervals.is_empty() {
                    let parts = common_parts(estate, ground, &asked);
                    special.extend(parts.map(|part| Special {
                        ground: number,
                        part: Arc::new(part),
                        mask: Arc::clone(&ground.mask),
                    }));
                }
            }
        }
        let generic = Part::new(Asked::Pattern(asked), owner, None, None);
        let mut closed = Row::None;
        if !special.is_empty() {
            let required = provider.layers.iter().filter_map(|spec| spec.required_for);
            for row in required.filter_map(|fact| estate.universe.row(fact)) {
                closed.or(row);
            }
            // Only permissions of which some special part speaks have another place to be allowed.
            let mut told = Row::None;
            let mut masks: Vec<&Arc<Mask>> = special.iter().map(|special| &special.mask).collect();
            masks.sort_by_key(|mask| Arc::as_ptr(mask));
            masks.dedup_by_key(|mask| Arc::as_ptr(mask));
            masks.iter().for_each(|mask| told.or(&mask.row));
            closed.and(&told);
        }
        let apart = (resource != "*").then_some(apart);
        Ok(RowPlan { generic: Some(Arc::new(generic)), special, own_scope, apart, closed })
    }

    /// Surely on every resource asked about; possibly on some.
    pub(crate) fn row(&self, estate: &Estate, caller: &Caller, setting: &Setting) -> PermissionSet {
        self.row_of_parts(estate, caller, &mut |_, part| one_part(estate, caller, setting, part))
    }

    /// The resources with policies of their own that are asked about; `None` if there are very many.
    pub(super) fn few_resources(&self) -> Option<Vec<ResourceId>> {
        const FEW: usize = 8;
        let all = self.parts().filter_map(|part| part.resource);
        (self.special.len() <= FEW).then(|| all.collect())
    }

    /// The parts with policies of their own: what their policies speak for, the part, its permissions.
    pub(super) fn specials(&self) -> impl Iterator<Item = (usize, &Part, &Mask)> {
        self.special.iter().map(|special| (special.ground, &*special.part, &*special.mask))
    }

    /// The part without policies of its own.
    pub(super) fn generic(&self) -> Option<&Arc<Part>> {
        self.generic.as_ref()
    }

    pub(super) fn special(&self, number: usize) -> Option<(&Arc<Part>, &Mask)> {
        self.special.get(number).map(|special| (&special.part, &*special.mask))
    }

    /// The parts, in the order in which `row_of_parts` numbers them.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &Part> {
        self.special.iter().map(|special| &*special.part).chain(self.generic.as_deref()).chain(&self.apart)
    }

    /// The part that is the whole question, if there is such.
    pub(super) fn only_part(&self) -> Option<&Part> {
        self.generic.as_deref().filter(|_| self.special.is_empty() && self.apart.is_none())
    }

    pub(super) fn masks(&self) -> impl Iterator<Item = &Intervals> {
        self.special.iter().map(|special| &special.mask.intervals)
    }

    /// The resources whose own policies speak in it, with the permissions of which they do.
    pub(super) fn own_policies(&self, estate: &Estate) -> BTreeMap<ResourceId, Intervals> {
        let mut found: BTreeMap<ResourceId, Vec<(u16, u16)>> = BTreeMap::new();
        for Special { part, mask, .. } in &self.special {
            if let Some(id) = part.resource {
                found.entry(id).or_default().extend_from_slice(mask.intervals.ranges());
            }
        }
        if let Some(id) = self.generic.as_ref().and_then(|part| part.resource) {
            found.entry(id).or_default().push((0, estate.universe.len()));
        }
        found.into_iter().map(|(id, ranges)| (id, Intervals::from_ranges(ranges))).collect()
    }

    /// The row, of what holds for each of the numbered parts.
    pub(crate) fn row_of_parts(
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
        for (number, Special { part, mask, .. }) in self.special.iter().enumerate() {
            let mask = &mask.row;
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

pub(crate) fn one_part(estate: &Estate, caller: &Caller, setting: &Setting, part: &Part) -> PermissionSet {
    let rule = estate.provider.rules.permissions;
    if !setting.states.has_resource_keys() {
        return rule(&mut RowEvaluator::new(estate, caller, part, setting)).allow;
    }
    let mut bound = setting.clone();
    bound.bind_part(estate, caller.account, part);
    rule(&mut RowEvaluator::new(estate, caller, part, &bound)).allow
}
