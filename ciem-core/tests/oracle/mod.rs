//! The naive evaluator: separate code that answers the same questions by nested loops over the documents, and the
//! random worlds it is compared on.

#[path = "../approval/mod.rs"]
mod approval;
pub(crate) mod approved;
pub(crate) mod caller;
pub(crate) mod catalog;
pub(crate) mod chains;
#[cfg(test)]
mod checks;
pub(crate) mod complete;
pub(crate) mod conditions;
pub(crate) mod engine;
pub(crate) mod evaluate;
pub(crate) mod explanations;
pub(crate) mod generate;
pub(crate) mod glob;
#[path = "../hostile/mod.rs"]
pub(crate) mod hostile;
mod keys;
pub(crate) mod people;
pub(crate) mod random;
pub(crate) mod requests;
pub(crate) mod residual;
pub(crate) mod rows;
pub(crate) mod settling;
pub(crate) mod shrink;
pub(crate) mod simulated;
#[cfg(test)]
mod small_laws;
pub(crate) mod statements;
pub(crate) mod typed;
pub(crate) mod witness;
pub(crate) mod world;
