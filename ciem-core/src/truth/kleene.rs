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
    /// Kept only where leaves tell.
    varying: Option<Box<Varying<B>>>,
}

/// What is known of values that hang on something: the residual is no contradiction, or no tautology. Both are lower
/// bounds; what is sure or impossible need not be in them.
#[derive(Clone, Debug)]
pub(crate) struct Varying<B> {
    /// True in some case; within what is possible.
    pub(crate) open: B,
    /// False in some case.
    pub(crate) partly: B,
}

impl<B: Bits> Kleene<B> {
    pub(crate) fn exact(bits: B) -> Self {
        Kleene { poss: bits, sure: None, varying: None }
    }

    /// `sure` must be within `poss`.
    pub(crate) fn between(sure: B, poss: B) -> Self {
        Kleene { poss, sure: Some(sure), varying: None }
    }

    /// Possible everywhere in `poss`, sure nowhere.
    pub(crate) fn maybe(poss: B) -> Self {
        Self::between(B::none(), poss)
    }

    /// The same value, of which this much is known beside.
    pub(crate) fn varying(self, open: B, partly: B) -> Self {
        let varying = (!open.is_none() || !partly.is_none()).then(|| Box::new(Varying { open, partly }));
        Kleene { varying, ..self }
    }

    pub(crate) fn poss(&self) -> &B {
        &self.poss
    }

    pub(crate) fn sure(&self) -> &B {
        self.sure.as_ref().unwrap_or(&self.poss)
    }

    /// Known to be true in some case.
    pub(crate) fn open(&self) -> Option<&B> {
        self.varying.as_ref().map(|varying| &varying.open)
    }

    /// Known to be false in some case.
    pub(crate) fn partly(&self) -> Option<&B> {
        self.varying.as_ref().map(|varying| &varying.partly)
    }

    pub(crate) fn is_exact(&self) -> bool {
        self.sure.is_none()
    }

    /// With what is known of the values that this was made of, if anything is.
    fn knowing(
        mut self,
        one: &Self,
        other: &Self,
        open: impl FnOnce() -> B,
        partly: impl FnOnce() -> B,
    ) -> Self {
        if one.varying.is_some() || other.varying.is_some() {
            self = self.varying(open(), partly());
        }
        self
    }
}

fn common<B: Bits>(one: Option<&B>, other: &B) -> B {
    one.map_or_else(B::none, |one| {
        let mut common = one.clone();
        common.and(other);
        common
    })
}

fn without<B: Bits>(one: Option<&B>, other: &B) -> B {
    one.map_or_else(B::none, |one| {
        let mut rest = one.clone();
        rest.minus(other);
        rest
    })
}

fn either<B: Bits>(mut one: B, other: &B) -> B {
    if !other.is_none() {
        one.or(other);
    }
    one
}

fn joined<B: Bits>(one: Option<&B>, other: Option<&B>) -> B {
    match (one, other) {
        (Some(one), Some(other)) => either(one.clone(), other),
        (one, other) => one.or(other).cloned().unwrap_or_else(B::none),
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
        // Two open values may contradict each other; with a sure one an open one stays open.
        Kleene { poss, sure, varying: None }.knowing(
            self,
            other,
            || either(common(self.open(), other.sure()), &common(other.open(), self.sure())),
            || joined(self.partly(), other.partly()),
        )
    }

    fn or(&self, other: &Self) -> Self {
        let mut poss = self.poss.clone();
        poss.or(&other.poss);
        let sure = (!self.is_exact() || !other.is_exact()).then(|| {
            let mut sure = self.sure().clone();
            sure.or(other.sure());
            sure
        });
        // Two values may make up for each other; beside an impossible one a value stays what it is.
        Kleene { poss, sure, varying: None }.knowing(
            self,
            other,
            || joined(self.open(), other.open()),
            || either(without(self.partly(), &other.poss), &without(other.partly(), &self.poss)),
        )
    }

    fn minus(&self, other: &Self) -> Self {
        let mut poss = self.poss.clone();
        poss.minus(other.sure());
        let sure = (!self.is_exact() || !other.is_exact()).then(|| {
            let mut sure = self.sure().clone();
            sure.minus(&other.poss);
            sure
        });
        // Of what is sure, something is left where the other is false in some case.
        Kleene { poss, sure, varying: None }.knowing(
            self,
            other,
            || either(without(self.open(), &other.poss), &common(other.partly(), self.sure())),
            || joined(self.partly(), other.open()),
        )
    }

    fn is_never(&self) -> bool {
        self.poss.is_none()
    }
}
