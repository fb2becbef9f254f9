//! Usage as Python holds it: loading, merging and asking.

use crate::edge::{run, watched};
use crate::table::Table;
use ciem_core::{UsageOptions, load_usage, wire};
use pyo3::prelude::*;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Usage that answers wire requests; `ciem.Usage` wraps it.
#[pyclass(frozen, module = "ciem._core")]
#[derive(Debug)]
pub(crate) struct Usage(pub(crate) ciem_core::Usage);

#[pymethods]
impl Usage {
    /// Reads files and folders. `limits` has those of `max_bytes`, `max_entries`, `max_ratio` and `max_depth` that
    /// differ from the usual ones.
    #[staticmethod]
    #[pyo3(signature = (paths, *, on_error, limits, as_of=None, failed_is_used=false, report=None))]
    fn load(
        py: Python<'_>,
        paths: Vec<PathBuf>,
        on_error: String,
        limits: BTreeMap<String, u64>,
        as_of: Option<String>,
        failed_is_used: bool,
        report: Option<Py<PyAny>>,
    ) -> PyResult<Usage> {
        watched(py, report, move |progress| {
            let options = UsageOptions::default().on_error(on_error.parse()?).progress(progress.clone());
            let mut options = options.failed_is_used(failed_is_used);
            if let Some(at) = as_of {
                options = options.as_of_text(&at)?;
            }
            for (name, limit) in limits {
                options = match name.as_str() {
                    "max_bytes" => options.max_bytes(limit),
                    "max_entries" => options.max_entries(limit),
                    "max_ratio" => options.max_ratio(limit),
                    "max_depth" => options.max_depth(usize::try_from(limit).unwrap_or(usize::MAX)),
                    _ => options,
                };
            }
            load_usage(&paths, &options).map(Usage)
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
