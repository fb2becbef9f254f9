//! Rows over the permission axis: the algebra of `what_can` and the matrix.

use super::kleene::{Bits, Kleene};
use crate::base::Row;

/// Surely / possibly, over all permissions at once.
pub(crate) type PermissionSet = Kleene<Row>;

impl Bits for Row {
    fn none() -> Self {
        Row::None
    }

    fn all() -> Self {
        Row::All
    }

    fn and(&mut self, other: &Self) {
        Row::and(self, other);
    }

    fn or(&mut self, other: &Self) {
        Row::or(self, other);
    }

    fn minus(&mut self, other: &Self) {
        Row::minus(self, other);
    }

    fn is_none(&self) -> bool {
        Row::is_none(self)
    }
}
