//! Usage as Python holds it: loading, merging and asking.

use crate::edge::{run, watched};
use crate::table::Table;
use ciem_core::{load_usage, wire};
use pyo3::prelude::*;
use std::path::PathBuf;

/// Usage that answers wire requests; `ciem.Usage` wraps it.
#[pyclass(frozen, module = "ciem._core")]
#[derive(Debug)]
pub(crate) struct Usage(pub(crate) ciem_core::Usage);

#[pymethods]
impl Usage {
    /// Reads files and folders; takes the wire form of the options.
    #[staticmethod]
    #[pyo3(signature = (paths, options, report=None))]
    fn load(
        py: Python<'_>,
        paths: Vec<PathBuf>,
        options: String,
        report: Option<Py<PyAny>>,
    ) -> PyResult<Usage> {
        watched(py, report, move |progress| {
            load_usage(&paths, &wire::usage_options(&options)?.progress(progress.clone())).map(Usage)
        })
    }

    /// What this and the other know together.
    fn merge(&self, py: Python<'_>, other: &Usage) -> PyResult<Usage> {
        run(py, || Ok(Usage(self.0.merge(&other.0))))
    }

    /// Answers the wire request of a verb.
    fn call(&self, py: Python<'_>, verb: String, request: String) -> PyResult<String> {
        run(py, || wire::usage_call(&self.0, &verb, &request))
    }

    /// Answers the wire request of a verb with rows.
    fn table(&self, py: Python<'_>, verb: String, request: String) -> PyResult<Table> {
        let usage = self.0.clone();
        watched(py, None, move |progress| wire::usage_table(&usage, &verb, &request, progress).map(Table))
    }
}
