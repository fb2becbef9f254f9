//! The sixth algebra: a residual condition by name, without building it.

use super::{Scalar, Truth};
use crate::condition::{Expr, Tri};
use foldhash::fast::RandomState;
use std::hash::{BuildHasher, Hash};
use std::sync::LazyLock;

/// Names what a truth hangs on: two seeded 64-bit hashes over its leaves and how they are joined. Equal marks mean the
/// same residual condition; constants are folded exactly as [`Expr`] folds them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Mark(u64, u64);

/// The texts behind leaves are foreign, so that the hashes are seeded.
static SEEDS: LazyLock<[RandomState; 2]> = LazyLock::new(|| [RandomState::default(), RandomState::default()]);

const NEVER: Mark = Mark(0, 0);
const ALWAYS: Mark = Mark(u64::MAX, 0);

impl Mark {
    /// The mark of a leaf with this content, which must tell it from every other leaf.
    pub(crate) fn of(content: &impl Hash) -> Mark {
        let [a, b] = &*SEEDS;
        Mark(a.hash_one(content), b.hash_one(content))
    }

    /// The mark of a residual condition.
    pub(crate) fn of_expr(expr: &Expr) -> Mark {
        match expr {
            Expr::Never => NEVER,
            Expr::Always => ALWAYS,
            open => Mark::of(open),
        }
    }

    fn join(self, how: u64, other: Mark) -> Mark {
        // Leaves are seeded hashes already: what is left is to keep order and operator apart.
        let mix = |a: u64, b: u64| {
            let wide = u128::from(a ^ 0x9E37_79B9_7F4A_7C15) * u128::from(b ^ how);
            (wide as u64) ^ ((wide >> 64) as u64)
        };
        Mark(mix(self.0, mix(other.0, self.1)), mix(self.1, mix(other.1, self.0.rotate_left(23))))
    }
}

impl Truth for Mark {
    fn never() -> Self {
        NEVER
    }

    fn always() -> Self {
        ALWAYS
    }

    fn and(&self, other: &Self) -> Self {
        match (*self, *other) {
            (NEVER, _) | (_, NEVER) => NEVER,
            (ALWAYS, rest) | (rest, ALWAYS) => rest,
            (a, b) => a.join(0xA076_1D64_78BD_642F, b),
        }
    }

    fn or(&self, other: &Self) -> Self {
        match (*self, *other) {
            (ALWAYS, _) | (_, ALWAYS) => ALWAYS,
            (NEVER, rest) | (rest, NEVER) => rest,
            (a, b) => a.join(0xE703_7ED1_A0B4_28DB, b),
        }
    }

    fn minus(&self, other: &Self) -> Self {
        match (*self, *other) {
            (NEVER, _) | (_, ALWAYS) => NEVER,
            (all, NEVER) => all,
            (a, b) => a.join(0x8EBC_6AF0_9C88_C6E3, b),
        }
    }

    fn is_never(&self) -> bool {
        *self == NEVER
    }
}

impl Scalar for Mark {
    const TRACES: bool = false;

    fn leaf(degree: Tri, _: impl FnOnce() -> Expr, mark: impl FnOnce() -> Mark) -> Self {
        match degree {
            Tri::No => NEVER,
            Tri::Yes => ALWAYS,
            Tri::Maybe => mark(),
        }
    }
}
