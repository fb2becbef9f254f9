//! The one door from JavaScript into the core.

use ciem_core::{Error, wire};
use napi::bindgen_prelude::Either;
use napi_derive::napi;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// An error as a value in wire form; `index.js` throws it, so that it has the same shape in sync and async calls.
#[napi(object)]
#[derive(Debug)]
pub struct Failure {
    /// The error in wire form.
    pub failure: String,
}

/// Runs `work`. An error becomes a failure; a panic stops here.
pub(crate) fn run<R>(work: impl FnOnce() -> Result<R, Error>) -> Either<R, Failure> {
    let defect = |_| Err(Error::Internal { reason: "the core panicked".to_owned() });
    match catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(defect) {
        Ok(answer) => Either::A(answer),
        Err(error) => Either::B(Failure { failure: wire::error_json(&error) }),
    }
}
