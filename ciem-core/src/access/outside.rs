//! What callers of other accounts need to be let in, found by asking the rule itself.

use super::caller::Caller;
use super::question::fact_spec;
use super::rows::constant;
use crate::base::{Intervals, Row};
use crate::condition::Tri;
use crate::model::LayerId;
use crate::provider::{Binding, FactSpec};
use crate::snapshot::estate::Estate;
use crate::truth::{Effects, Evaluator, FactId, Grants, Kleene, PermissionSet, Truth};

/// The permissions with which the caller may be let in at resources of other accounts though the resource's policy does
/// not name it, or its own side allows nothing. What limits callers or resources only takes away, so it is left out.
pub(super) fn one_sided(estate: &Estate, caller: &Caller) -> Intervals {
    let cases = [(true, false, true), (true, false, false), (false, true, true)];
    let mut all = Row::None;
    for (own, named, policy) in cases {
        let mut outside = Outside { estate, caller, own, named, policy };
        all.or((estate.provider.rules.permissions)(&mut outside).allow.poss());
    }
    let len = estate.universe.len();
    all.and(&Row::from_intervals(estate.universe.with_resource(), len));
    Intervals::from_ranges(all.ids(len).map(|id| (id, id + 1)).collect())
}

struct Outside<'a> {
    estate: &'a Estate,
    caller: &'a Caller,
    /// The own side allows everything, or nothing.
    own: bool,
    /// Policies of the resource name the caller for everything, or for nothing.
    named: bool,
    /// The resource has a policy.
    policy: bool,
}

impl Evaluator<PermissionSet> for Outside<'_> {
    fn levels(&mut self, _: LayerId) -> usize {
        0
    }

    fn layer(&mut self, layer: LayerId, _: usize, _: &PermissionSet) -> Effects<PermissionSet> {
        let spec = self.estate.provider.layer(layer);
        let own = spec.is_some_and(|spec| spec.grants && spec.binding == Binding::Principal);
        Effects { allow: constant(Tri::from(!own || self.own)), deny: PermissionSet::never() }
    }

    fn grants(&mut self, _: LayerId, _: &PermissionSet) -> Option<Grants<PermissionSet>> {
        let mut grants = Grants::none();
        grants.by_strength.iter_mut().for_each(|slot| *slot = constant(Tri::from(self.named)));
        self.policy.then_some(grants)
    }

    fn fact(&mut self, fact: FactId) -> PermissionSet {
        match fact_spec(self.estate, fact) {
            FactSpec::Principal => constant(Tri::from(self.caller.has(fact))),
            FactSpec::Permission => {
                Kleene::exact(self.estate.universe.row(fact).cloned().unwrap_or(Row::None))
            }
            FactSpec::Resource | FactSpec::Asked => constant(Tri::Maybe),
            FactSpec::SameAccount => PermissionSet::never(),
        }
    }
}
