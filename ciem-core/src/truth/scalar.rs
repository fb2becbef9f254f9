//! The three algebras over one (principal, permission, resource): verdict, trace, residual condition.

use super::{Mark, Truth};
use crate::base::id_type;
use crate::condition::{Expr, Tri};

id_type!(
    /// A statement as it is in force: of one policy, in one layer.
    StatementRef
);

/// A scalar algebra: how it takes up a statement that may apply.
pub(crate) trait Scalar: Truth {
    /// Whether the deciding statements are wanted, so that nothing may be skipped.
    const TRACES: bool;
    /// A statement that applies to this degree; `expr` and its `mark` are called only where that is open.
    fn leaf(
        degree: Tri,
        statement: Option<StatementRef>,
        expr: impl FnOnce() -> Expr,
        mark: impl FnOnce() -> Mark,
    ) -> Self;
}

impl Truth for Tri {
    fn never() -> Self {
        Tri::No
    }

    fn always() -> Self {
        Tri::Yes
    }

    #[inline]
    fn and(&self, other: &Self) -> Self {
        *self.min(other)
    }

    #[inline]
    fn or(&self, other: &Self) -> Self {
        *self.max(other)
    }

    #[inline]
    fn minus(&self, other: &Self) -> Self {
        let not = match other {
            Tri::No => Tri::Yes,
            Tri::Maybe => Tri::Maybe,
            Tri::Yes => Tri::No,
        };
        *self.min(&not)
    }

    #[inline]
    fn is_never(&self) -> bool {
        *self == Tri::No
    }
}

impl Scalar for Tri {
    const TRACES: bool = false;

    #[inline]
    fn leaf(
        degree: Tri,
        _: Option<StatementRef>,
        _: impl FnOnce() -> Expr,
        _: impl FnOnce() -> Mark,
    ) -> Self {
        degree
    }
}

/// A verdict with the statements that took part in it; it never stops early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Traced {
    pub(crate) degree: Tri,
    /// Sorted, without repetition.
    pub(crate) by: Vec<StatementRef>,
}

impl Traced {
    fn join(&self, other: &Self, degree: Tri) -> Self {
        let mut by = self.by.clone();
        by.extend_from_slice(&other.by);
        by.sort_unstable();
        by.dedup();
        Traced { degree, by }
    }
}

impl Truth for Traced {
    fn never() -> Self {
        Traced { degree: Tri::No, by: Vec::new() }
    }

    fn always() -> Self {
        Traced { degree: Tri::Yes, by: Vec::new() }
    }

    fn and(&self, other: &Self) -> Self {
        let degree = Truth::and(&self.degree, &other.degree);
        self.join(other, degree)
    }

    fn or(&self, other: &Self) -> Self {
        let degree = Truth::or(&self.degree, &other.degree);
        self.join(other, degree)
    }

    fn minus(&self, other: &Self) -> Self {
        let degree = Truth::minus(&self.degree, &other.degree);
        self.join(other, degree)
    }

    /// Always false: every layer is to be heard.
    fn is_never(&self) -> bool {
        false
    }
}

impl Scalar for Traced {
    const TRACES: bool = true;

    fn leaf(
        degree: Tri,
        statement: Option<StatementRef>,
        _: impl FnOnce() -> Expr,
        _: impl FnOnce() -> Mark,
    ) -> Self {
        let by = if degree == Tri::No { Vec::new() } else { statement.into_iter().collect() };
        Traced { degree, by }
    }
}

/// The condition under which access exists.
#[derive(Clone, Debug)]
pub(crate) struct Residual(pub(crate) Expr);

impl Truth for Residual {
    fn never() -> Self {
        Residual(Expr::Never)
    }

    fn always() -> Self {
        Residual(Expr::Always)
    }

    fn and(&self, other: &Self) -> Self {
        Residual(self.0.clone().and(other.0.clone()))
    }

    fn or(&self, other: &Self) -> Self {
        Residual(self.0.clone().or(other.0.clone()))
    }

    fn minus(&self, other: &Self) -> Self {
        Residual(self.0.clone().minus(other.0.clone()))
    }

    fn is_never(&self) -> bool {
        self.0 == Expr::Never
    }
}

impl Scalar for Residual {
    const TRACES: bool = false;

    fn leaf(
        degree: Tri,
        _: Option<StatementRef>,
        expr: impl FnOnce() -> Expr,
        _: impl FnOnce() -> Mark,
    ) -> Self {
        Residual(match degree {
            Tri::No => Expr::Never,
            Tri::Yes => Expr::Always,
            Tri::Maybe => expr(),
        })
    }
}
