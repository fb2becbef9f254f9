//! At which resources' policies a caller has to look in a question about everything: those of its own account, and
//! of the many others the few that let it in.

use super::inquiry::Inquiry;
use super::kin::Ways;
use super::question::Part;
use super::row_plan::RowPlan;
use super::scalar::ScalarEvaluator;
use crate::base::Intervals;
use crate::error::Error;
use crate::model::Effect;
use crate::snapshot::estate::{Estate, ResourceId};
use crate::snapshot::governed::Grant;
use crate::snapshot::library::ActionSetId;
use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};
use std::sync::Arc;

/// The question about everything.
pub(super) struct Star {
    pub(super) plan: RowPlan,
    /// By number of what a policy speaks for: the part.
    at_ground: HashMap<usize, usize, RandomState>,
    /// Permissions for which the policies of some resource can make a difference, and all others.
    pub(super) told: Intervals,
    pub(super) untold: Intervals,
    /// Parts that may let in whom no policy names.
    unruly: HashSet<ResourceId, RandomState>,
}

/// At which resources' policies a caller has to look.
pub(super) struct Reach {
    /// The grants that name it, and those of them that it may use, ascending.
    pub(super) named: Vec<u32>,
    pub(super) grants: Vec<u32>,
    /// Special parts of the question about everything; all without it.
    parts: Option<Vec<usize>>,
    /// The permissions for which that holds for all parts.
    everywhere: Arc<Intervals>,
}

impl Star {
    pub(super) fn new(estate: &Estate, caller_side: bool) -> Result<Star, Error> {
        let plan = RowPlan::new(estate, "*", caller_side)?;
        let at_ground = plan.specials().enumerate().map(|(at, (ground, ..))| (ground, at)).collect();
        let mut masks: Vec<&Intervals> = plan.masks().collect();
        masks.sort_unstable();
        masks.dedup();
        let told: Vec<(u16, u16)> = masks.into_iter().flat_map(Intervals::ranges).copied().collect();
        let told = Intervals::from_ranges(told);
        let untold = told.complement(estate.universe.len());
        let mut unruly = HashSet::default();
        let required: Vec<_> = estate.provider.layers.iter().filter(|s| s.required_for.is_some()).collect();
        for (_, part, mask) in plan.specials() {
            let Some(id) = part.resource else { continue };
            let lacks = required.iter().any(|spec| {
                let needing = spec.required_for.map(|fact| estate.universe.holding(fact));
                estate.resource_policies(id, spec.id).next().is_none()
                    && needing.is_some_and(|needing| needing.overlaps(&mask.intervals))
            });
            if lacks {
                unruly.insert(id);
            }
        }
        Ok(Star { plan, at_ground, told, untold, unruly })
    }

    /// The numbers of the parts at these grounds.
    pub(super) fn at(&self, grounds: impl Iterator<Item = usize>) -> impl Iterator<Item = usize> {
        grounds.filter_map(|ground| self.at_ground.get(&ground).copied())
    }

    /// Whether the policies of the resource can make a difference to the permission on some of what they speak for.
    pub(super) fn speaks(&self, estate: &Estate, resource: ResourceId, permission: u16) -> bool {
        estate.governed().of(resource).iter().any(|ground| ground.mask.intervals.contains(permission))
    }
}

impl Reach {
    /// `one_sided` asks for the permissions with which resources of other accounts let in others than whom both sides let:
    /// with any other, most are out of reach.
    pub(super) fn of(
        inquiry: &Inquiry<'_>,
        star: &Star,
        one_sided: impl FnOnce() -> Arc<Intervals>,
    ) -> Reach {
        let &Inquiry { estate, caller, setting, .. } = inquiry;
        let whole = |grants: Vec<u32>| {
            let named = grants.clone();
            Reach { named, grants, parts: None, everywhere: Arc::default() }
        };
        if inquiry.caller_side {
            return whole(Vec::new());
        }
        let governed = estate.governed();
        let ids = [caller.account_id.known(), caller.id.known(), caller.unique_id];
        let part = Part::nothing();
        let scalar = ScalarEvaluator::new(estate, caller, 0, &part, setting);
        let mut grants = governed.grants_to(ids.into_iter().flatten());
        let who = |grant: &Grant| scalar.may_name(estate.library.statements[grant.statement].who);
        grants.retain(|&number| governed.grant(number).is_some_and(who));
        let known = !caller.unloaded && caller.principal.is_some() && !setting.strict;
        if !known {
            return whole(grants);
        }
        let everywhere = one_sided();
        let named = grants.clone();
        let mut own = Own { inquiry, about: HashMap::default() };
        let home = |resource: ResourceId| {
            let account = estate.resources[resource].account;
            account.is_none() || account == caller.account
        };
        let mut abroad: Vec<ResourceId> = star.unruly.iter().copied().collect();
        grants.retain(|&number| {
            let Some(grant) = governed.grant(number) else { return false };
            if home(grant.resource) {
                return true;
            }
            let may = own.may(grant);
            if may {
                abroad.push(grant.resource);
            }
            let actions = estate.library.statements[grant.statement].actions;
            may || star.unruly.contains(&grant.resource)
                || estate.library.action_sets[actions].overlaps(&everywhere)
        });
        let at_home = [None, caller.account].into_iter().flat_map(|account| governed.in_account(account));
        let elsewhere = abroad.iter().filter_map(|&id| governed.numbers_of(id)).flatten();
        let mut parts: Vec<usize> = star.at(at_home.copied().chain(elsewhere)).collect();
        parts.sort_unstable();
        parts.dedup();
        Reach { named, grants, parts: Some(parts), everywhere }
    }

    /// The numbers of the special parts at which the caller may be allowed the permission; all without it.
    pub(super) fn parts(&self, permission: u16) -> Option<&[usize]> {
        self.parts.as_deref().filter(|_| !self.everywhere.contains(permission))
    }
}

/// What the caller's own side allows, set of permissions by set.
struct Own<'i, 'a> {
    inquiry: &'i Inquiry<'a>,
    about: HashMap<ActionSetId, Vec<Ways>, RandomState>,
}

impl Own<'_, '_> {
    /// Whether it allows something of what the grant does; what is too hard to tell is taken for so.
    fn may(&mut self, grant: &Grant) -> bool {
        let estate = self.inquiry.estate;
        let inquiry = self.inquiry;
        let statement = &estate.library.statements[grant.statement];
        debug_assert!(statement.effect == Effect::Allow);
        let ways = self.about.entry(statement.actions).or_insert_with(|| {
            let actions = &estate.library.action_sets[statement.actions];
            let about = |id: ActionSetId| estate.library.action_sets[id].overlaps(actions);
            let sets = inquiry.allows().filter(|own| about(own.actions)).map(|own| own.resources);
            sets.map(|id| Ways::of(estate, id)).collect()
        });
        let grounds = estate.governed().of(grant.resource);
        ways.iter().any(|way| grounds.iter().any(|ground| way.may_meet(&ground.pattern)))
    }
}
