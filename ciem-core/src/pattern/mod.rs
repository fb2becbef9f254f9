//! Texts with wildcards: globs over one text, patterns over resource ids that are cut into segments, and templates
//! whose variables are filled in per request. Nothing here backtracks beyond the last star.

mod cells;
mod cover;
mod glob;
mod intersection;
mod relation;
mod resource;
mod template;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use cells::{Budget, Cell, Members, PatternCells, glob_cells};
pub(crate) use cover::{Choice, Cover, Mark, NameSet, Nodes, Shape, cheapest};
pub(crate) use glob::{Glob, Piece, Written};
pub(crate) use resource::{Pattern, Relation, Syntax};
pub(crate) use template::Template;
pub(crate) use text::matches_text;
