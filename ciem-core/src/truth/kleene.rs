//! Pairs of a Boolean algebra as Kleene logic: what is surely so, and what is possibly so.

use super::Truth;

/// A plain Boolean algebra. No universe is needed: `all` is a value of its own.
pub(crate) trait Bits: Clone {
    fn none() -> Self;
    fn all() -> Self;
    fn and(&mut self, other: &Self);
    fn or(&mut self, other: &Self);
    fn minus(&mut self, other: &Self);
    fn is_none(&self) -> bool;
}

/// `sure` implies `poss`. Without doubt both are the same value and `sure` is absent: one operation, not two.
#[derive(Clone, Debug)]
pub(crate) struct Kleene<B> {
    poss: B,
    sure: Option<B>,
}

impl<B: Bits> Kleene<B> {
    pub(crate) fn exact(bits: B) -> Self {
        Kleene { poss: bits, sure: None }
    }

    /// `sure` must be within `poss`.
    pub(crate) fn between(sure: B, poss: B) -> Self {
        Kleene { poss, sure: Some(sure) }
    }

    /// Possible everywhere in `poss`, sure nowhere.
    pub(crate) fn maybe(poss: B) -> Self {
        Kleene { poss, sure: Some(B::none()) }
    }

    pub(crate) fn poss(&self) -> &B {
        &self.poss
    }

    pub(crate) fn sure(&self) -> &B {
        self.sure.as_ref().unwrap_or(&self.poss)
    }

    pub(crate) fn is_exact(&self) -> bool {
        self.sure.is_none()
    }
}

impl<B: Bits> Truth for Kleene<B> {
    fn never() -> Self {
        Kleene::exact(B::none())
    }

    fn always() -> Self {
        Kleene::exact(B::all())
    }

    fn and(&self, other: &Self) -> Self {
        let mut poss = self.poss.clone();
        poss.and(&other.poss);
        let sure = (!self.is_exact() || !other.is_exact()).then(|| {
            let mut sure = self.sure().clone();
            sure.and(other.sure());
            sure
        });
        Kleene { poss, sure }
    }

    fn or(&self, other: &Self) -> Self {
        let mut poss = self.poss.clone();
        poss.or(&other.poss);
        let sure = (!self.is_exact() || !other.is_exact()).then(|| {
            let mut sure = self.sure().clone();
            sure.or(other.sure());
            sure
        });
        Kleene { poss, sure }
    }

    fn minus(&self, other: &Self) -> Self {
        let mut poss = self.poss.clone();
        poss.minus(other.sure());
        let sure = (!self.is_exact() || !other.is_exact()).then(|| {
            let mut sure = self.sure().clone();
            sure.minus(&other.poss);
            sure
        });
        Kleene { poss, sure }
    }

    fn is_never(&self) -> bool {
        self.poss.is_none()
    }
}
