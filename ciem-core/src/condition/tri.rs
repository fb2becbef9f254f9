//! Three-valued truth (Kleene): what is certain either way, and what depends on something not known.

/// No, perhaps, yes; ordered, so that `and` is the minimum and `or` the maximum.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Tri {
    /// Certainly not.
    No,
    /// It depends on something that is not known.
    Maybe,
    /// Certainly.
    Yes,
}

impl Tri {
    /// Both hold.
    #[must_use]
    pub(crate) fn and(self, other: Tri) -> Tri {
        self.min(other)
    }

    /// At least one holds.
    #[must_use]
    pub(crate) fn or(self, other: Tri) -> Tri {
        self.max(other)
    }

    /// The opposite; `Maybe` stays.
    #[must_use]
    pub(crate) fn not(self) -> Tri {
        match self {
            Tri::No => Tri::Yes,
            Tri::Maybe => Tri::Maybe,
            Tri::Yes => Tri::No,
        }
    }
}

impl From<bool> for Tri {
    fn from(known: bool) -> Tri {
        if known { Tri::Yes } else { Tri::No }
    }
}
