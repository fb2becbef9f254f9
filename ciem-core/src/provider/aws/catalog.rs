//! The built-in catalogue of AWS actions.

#[cfg(test)]
mod tests;

use crate::model::catalog::Catalog;
use crate::model::catalog::tables::{Lists, Tables, Texts};
use std::borrow::Cow;

const VERSION: &str = include_str!("../../../catalog/aws/VERSION");

/// The catalogue of `catalog/aws`; it borrows tables made at build time.
pub(crate) fn builtin() -> Catalog {
    let tables = include!(concat!(env!("OUT_DIR"), "/aws_catalog.rs"));
    Catalog::from_tables("aws", VERSION.trim_end(), tables)
}
