//! What statements give to principals, while they are gathered.

use super::sets::Ids;
use crate::model::Effect;
use crate::truth::{Effects, Kleene, PrincipalSet, Principals};

/// Allowed and denied principals while statements are gathered.
#[derive(Default)]
pub(super) struct Gathered {
    allow: Found,
    deny: Found,
}

#[derive(Default)]
pub(super) struct Found {
    pub(super) sure: Ids,
    /// Whoever may be one; those of `sure` need not be in it.
    pub(super) perhaps: Ids,
    pub(super) open: Ids,
    /// Of `perhaps`, those for whom the answer is known to be no in some case.
    pub(super) partly: Ids,
}

impl Gathered {
    pub(super) fn side(&mut self, effect: Effect) -> &mut Found {
        match effect {
            Effect::Allow => &mut self.allow,
            Effect::Deny => &mut self.deny,
        }
    }

    pub(super) fn add(&mut self, effect: Effect, found: &PrincipalSet, among: &Ids) {
        let side = self.side(effect);
        side.sure.union_with(&found.sure().among(among));
        if !found.is_exact() {
            let perhaps = found.poss().among(among);
            side.partly.subtract(&perhaps);
            side.perhaps.union_with(&perhaps);
        }
        if let Some(open) = found.open() {
            side.open.union_with(&open.among(among));
        }
    }

    pub(super) fn effects(self) -> Effects<PrincipalSet> {
        let set = |Found { sure, mut perhaps, open, mut partly }: Found| {
            if perhaps.is_empty() {
                return Kleene::exact(Principals::these(sure));
            }
            perhaps.union_with(&sure);
            partly.subtract(&sure);
            Kleene::between(Principals::these(sure), Principals::these(perhaps))
                .varying(Principals::these(open), Principals::these(partly))
        };
        Effects { allow: set(self.allow), deny: set(self.deny) }
    }
}
