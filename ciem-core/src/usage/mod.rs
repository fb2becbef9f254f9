//! What was used: logs made into a value that is merged and asked.

pub(crate) mod builder;
pub(crate) mod coverage;
mod csv;
pub(crate) mod days;
mod exported;
mod frame;
mod gathered;
pub(crate) mod observed;
pub(crate) mod options;
pub(crate) mod permission_use;
mod repeats;
mod stream;
#[cfg(test)]
mod tests;
pub(crate) mod told;
pub(crate) mod unused;
pub(crate) mod uses;
pub(crate) mod value;
pub(crate) mod window;
