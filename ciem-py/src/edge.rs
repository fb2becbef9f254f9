//! The one door from Python into the core.

use ciem_core::{Error, wire};
use pyo3::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `work` without the interpreter lock. An error becomes the exception of its code; a panic stops here.
pub(crate) fn run<R: Send>(py: Python<'_>, work: impl FnOnce() -> Result<R, Error> + Send) -> PyResult<R> {
    let outcome = py.detach(|| catch_unwind(AssertUnwindSafe(work)));
    let defect = |_| Err(Error::Internal { reason: "the core panicked".to_owned() });
    outcome.unwrap_or_else(defect).map_err(|error| raise(py, &error))
}

/// The exception that `ciem.errors` makes of an error in wire form.
fn raise(py: Python<'_>, error: &Error) -> PyErr {
    let make = || py.import("ciem.errors")?.call_method1("from_wire", (wire::error_json(error),));
    make().map_or_else(|failure| failure, PyErr::from_value)
}
