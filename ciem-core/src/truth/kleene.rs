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
    /// Known to be true in some case: the residual is not a contradiction. A lower bound within `poss`, kept only
    /// where leaves tell; what is also sure is so anyway.
    open: Option<B>,
}

impl<B: Bits> Kleene<B> {
    pub(crate) fn exact(bits: B) -> Self {
        Kleene { poss: bits, sure: None, open: None }
    }

    /// `sure` must be within `poss`.
    pub(crate) fn between(sure: B, poss: B) -> Self {
        Kleene { poss, sure: Some(sure), open: None }
    }

    /// Possible everywhere in `poss`, sure nowhere.
    pub(crate) fn maybe(poss: B) -> Self {
        Self::between(B::none(), poss)
    }

    /// The same value, of which `open`, within `poss`, is true in some case.
    pub(crate) fn with_open(self, open: Option<B>) -> Self {
        Kleene { open, ..self }
    }

    pub(crate) fn poss(&self) -> &B {
        &self.poss
    }

    pub(crate) fn sure(&self) -> &B {
        self.sure.as_ref().unwrap_or(&self.poss)
    }

    pub(crate) fn open(&self) -> Option<&B> {
        self.open.as_ref()
    }

    pub(crate) fn is_exact(&self) -> bool {
        self.sure.is_none()
    }
}

/// All that either has.
fn joined<B: Bits>(a: Option<B>, b: Option<B>) -> Option<B> {
    match (a, b) {
        (Some(mut a), Some(b)) => {
            a.or(&b);
            Some(a)
        }
        (a, b) => a.or(b),
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
        let beside = |open: &Option<B>, sure: &B| {
            open.clone().map(|mut open| {
                open.and(sure);
                open
            })
        };
        let open = joined(beside(&self.open, other.sure()), beside(&other.open, self.sure()));
        Kleene { poss, sure, open }
    }

    fn or(&self, other: &Self) -> Self {
        let mut poss = self.poss.clone();
        poss.or(&other.poss);
        let sure = (!self.is_exact() || !other.is_exact()).then(|| {
            let mut sure = self.sure().clone();
            sure.or(other.sure());
            sure
        });
        Kleene { poss, sure, open: joined(self.open.clone(), other.open.clone()) }
    }

    fn minus(&self, other: &Self) -> Self {
        let mut poss = self.poss.clone();
        poss.minus(other.sure());
        let sure = (!self.is_exact() || !other.is_exact()).then(|| {
            let mut sure = self.sure().clone();
            sure.minus(&other.poss);
            sure
        });
        let open = self.open.clone().map(|mut open| {
            open.minus(&other.poss);
            open
        });
        Kleene { poss, sure, open }
    }

    fn is_never(&self) -> bool {
        self.poss.is_none()
    }
}
