//! The three algebras over one (principal, permission, resource): verdict, trace, residual condition.

use super::{Mark, Truth};
use crate::condition::{Expr, Tri};

/// A scalar algebra: how it takes up a statement that may apply.
pub(crate) trait Scalar: Truth {
    /// Whether the statements that take part are noted.
    const TRACES: bool;
    /// A statement that applies to this degree; `expr` and its `mark` are called only where that is open.
    fn leaf(degree: Tri, expr: impl FnOnce() -> Expr, mark: impl FnOnce() -> Mark) -> Self;
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
    fn leaf(degree: Tri, _: impl FnOnce() -> Expr, _: impl FnOnce() -> Mark) -> Self {
        degree
    }
}

/// A verdict for which every layer is heard, so that the evaluator notes each statement that takes part in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Traced(pub(crate) Tri);

impl Truth for Traced {
    fn never() -> Self {
        Traced(Tri::No)
    }

    fn always() -> Self {
        Traced(Tri::Yes)
    }

    #[inline]
    fn and(&self, other: &Self) -> Self {
        Traced(Truth::and(&self.0, &other.0))
    }

    #[inline]
    fn or(&self, other: &Self) -> Self {
        Traced(Truth::or(&self.0, &other.0))
    }

    #[inline]
    fn minus(&self, other: &Self) -> Self {
        Traced(Truth::minus(&self.0, &other.0))
    }

    /// Always false: every layer is to be heard.
    fn is_never(&self) -> bool {
        false
    }
}

impl Scalar for Traced {
    const TRACES: bool = true;

    fn leaf(degree: Tri, _: impl FnOnce() -> Expr, _: impl FnOnce() -> Mark) -> Self {
        Traced(degree)
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

    fn leaf(degree: Tri, expr: impl FnOnce() -> Expr, _: impl FnOnce() -> Mark) -> Self {
        Residual(match degree {
            Tri::No => Expr::Never,
            Tri::Yes => Expr::Always,
            Tri::Maybe => expr(),
        })
    }
}
