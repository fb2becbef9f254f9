//! The snapshot as Python holds it: loading and asking.

use crate::edge::{run, watched};
use crate::table::Table;
use ciem_core::{LoadOptions, load_paths, wire};
use pyo3::prelude::*;
use std::path::PathBuf;

/// A loaded snapshot that answers wire requests; `ciem.Snapshot` wraps it.
#[pyclass(frozen, module = "ciem._core")]
#[derive(Debug)]
pub(crate) struct Snapshot(ciem_core::Snapshot);

#[pymethods]
impl Snapshot {
    /// Reads files and folders.
    #[staticmethod]
    #[pyo3(signature = (paths, *, on_error, max_bytes=None, catalog=None, report=None))]
    fn load(
        py: Python<'_>,
        paths: Vec<PathBuf>,
        on_error: String,
        max_bytes: Option<u64>,
        catalog: Option<String>,
        report: Option<Py<PyAny>>,
    ) -> PyResult<Snapshot> {
        watched(py, report, move |progress| {
            let mut options = LoadOptions::default().on_error(on_error.parse()?).progress(progress.clone());
            if let Some(limit) = max_bytes {
                options = options.max_bytes(limit);
            }
            if let Some(catalog) = catalog {
                options = options.catalog(catalog);
            }
            load_paths(&paths, &options).map(Snapshot)
        })
    }

    /// Answers the wire request of a verb.
    fn call(&self, py: Python<'_>, verb: String, request: String) -> PyResult<String> {
        run(py, || wire::call(&self.0, &verb, &request))
    }

    /// Answers the wire request of a verb with rows.
    #[pyo3(signature = (verb, request, report=None))]
    fn table(
        &self,
        py: Python<'_>,
        verb: String,
        request: String,
        report: Option<Py<PyAny>>,
    ) -> PyResult<Table> {
        let snapshot = self.0.clone();
        let work = move |progress: &_| wire::table(&snapshot, &verb, &request, progress).map(Table);
        watched(py, report, work)
    }
}

/// Decides the simulation given in wire form.
#[pyfunction]
pub(crate) fn simulate(py: Python<'_>, simulation: String) -> PyResult<String> {
    run(py, || wire::simulate(&simulation))
}
