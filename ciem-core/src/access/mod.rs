//! Questions on a snapshot: who can, what can, why.

mod alike;
pub(crate) mod answer;
pub(crate) mod caller;
pub(crate) mod can;
pub(crate) mod context;
pub(crate) mod crowd;
pub(crate) mod decide;
mod gathered;
pub(crate) mod leaf;
mod likeness;
pub(crate) mod listing;
pub(crate) mod matrix;
pub(crate) mod memo;
pub(crate) mod naming;
mod own_keys;
pub(crate) mod prepared;
pub(crate) mod question;
pub(crate) mod row_plan;
pub(crate) mod rows;
pub(crate) mod scalar;
pub(crate) mod sets;
mod shared_sets;
pub(crate) mod spoken;
pub(crate) mod usage;
pub(crate) mod via;
pub(crate) mod what_can;
pub(crate) mod who_can;
