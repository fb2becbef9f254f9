//! What was used: logs made into a value that is merged and asked.

pub(crate) mod builder;
pub(crate) mod coverage;
pub(crate) mod days;
pub(crate) mod observed;
pub(crate) mod permission_use;
mod told;
pub(crate) mod value;
pub(crate) mod window;
