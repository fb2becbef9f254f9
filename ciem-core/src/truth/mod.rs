//! The truth algebras that a provider's rule is instantiated at, and what the rule asks of an evaluator.
//!
//! A rule is written once, generic over [`Truth`]. With [`Tri`] it gives a verdict, with [`Traced`] the
//! evaluator notes the statements behind it, with [`Residual`] the condition under which access exists, with [`PrincipalSet`] all
//! principals at once, with [`PermissionSet`] all permissions at once. [`Mark`] names
//! a residual without building it, so that one that was met before is not simplified again. `docs/design.md` has the reasons.

mod kleene;
mod mark;
mod principals;
mod rows;
mod scalar;
#[cfg(test)]
mod tests;

pub(crate) use kleene::{Bits, Kleene};
pub(crate) use mark::Mark;
pub(crate) use principals::{PrincipalId, PrincipalSet, Principals};
pub(crate) use rows::PermissionSet;
pub(crate) use scalar::{Residual, Scalar, Traced};

use crate::condition::Tri;
use crate::model::LayerId;

/// A truth value of some algebra. `minus` (a and not b) is the only negation, so that no universe is built.
pub(crate) trait Truth: Clone {
    fn never() -> Self;
    fn always() -> Self;
    fn and(&self, other: &Self) -> Self;
    fn or(&self, other: &Self) -> Self;
    fn minus(&self, other: &Self) -> Self;
    fn is_never(&self) -> bool;

    fn not(&self) -> Self {
        Self::always().minus(self)
    }
}

/// A fact that a provider's rule asks for, an index into its fact table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct FactId(pub(crate) u8);

/// How a resource's policy names the caller, declared by the provider, at most [`STRENGTHS`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct StrengthId(pub(crate) u8);

pub(crate) const STRENGTHS: usize = 8;
pub(crate) const LAYERS: usize = 12;

/// What a layer allows and explicitly denies.
#[derive(Clone, Debug)]
pub(crate) struct Effects<T> {
    pub(crate) allow: T,
    pub(crate) deny: T,
}

/// What a resource's own policy says of the caller.
#[derive(Clone, Debug)]
pub(crate) struct Grants<T> {
    pub(crate) by_strength: [T; STRENGTHS],
    pub(crate) deny: T,
    /// Denials by "everybody but" statements that except the caller.
    pub(crate) deny_excepted: T,
    /// Whether there is such a policy: not for permissions that act on no resource.
    pub(crate) there: T,
}

impl<T: Truth> Grants<T> {
    /// A policy that says nothing.
    pub(crate) fn none() -> Self {
        Grants {
            by_strength: std::array::from_fn(|_| T::never()),
            deny: T::never(),
            deny_excepted: T::never(),
            there: T::always(),
        }
    }

    /// Whether a statement names the caller with this strength.
    pub(crate) fn named(&self, strength: StrengthId) -> T {
        self.by_strength.get(usize::from(strength.0)).cloned().unwrap_or_else(T::never)
    }
}

/// The leaves of a rule. `within` is what can still be allowed: leaves may answer anything outside it.
pub(crate) trait Evaluator<T: Truth> {
    /// How many levels the layer has for this question (1 for layers without levels).
    fn levels(&mut self, layer: LayerId) -> usize;
    /// A layer that binds the caller, the caller's scope, the resource's scope or the request.
    fn layer(&mut self, layer: LayerId, level: usize, within: &T) -> Effects<T>;
    /// A layer that hangs on the resource; `None` if the resource has no policy there.
    fn grants(&mut self, layer: LayerId, within: &T) -> Option<Grants<T>>;
    fn fact(&mut self, fact: FactId) -> T;
}

/// What a rule finds.
#[derive(Clone, Debug)]
pub(crate) struct Outcome<T> {
    pub(crate) allow: T,
    /// Only in a full evaluation.
    pub(crate) explicit_deny: T,
    /// By layer, only in a full evaluation: whether it stands in the way of an allow.
    pub(crate) stops: [T; LAYERS],
}

/// The layers of an outcome, by degree.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Degrees {
    pub(crate) explicit_deny: Tri,
    pub(crate) stops: [Tri; LAYERS],
}

impl Degrees {
    pub(crate) fn are_known(&self) -> bool {
        self.explicit_deny != Tri::Maybe && !self.stops.contains(&Tri::Maybe)
    }
}

impl<T: Truth> Outcome<T> {
    pub(crate) fn allowing(allow: T) -> Self {
        Outcome { allow, explicit_deny: T::never(), stops: std::array::from_fn(|_| T::never()) }
    }

    /// How far each layer stands in the way, and whether one of them denies explicitly.
    pub(crate) fn degrees(&self, degree: impl Fn(&T) -> Tri) -> Degrees {
        Degrees { explicit_deny: degree(&self.explicit_deny), stops: self.stops.each_ref().map(degree) }
    }

    pub(crate) fn stop(&mut self, layer: LayerId, by: &T) {
        if let Some(stop) = self.stops.get_mut(usize::from(layer.0)) {
            *stop = stop.or(by);
        }
    }
}
