//! The snapshot as Python holds it: loading and asking.

use crate::edge::{raise, run, watched};
use crate::table::Table;
use crate::usage::Usage;
use ciem_core::{Assignments, LoadOptions, load_paths, wire};
use pyo3::prelude::*;
use pyo3::pybacked::{PyBackedBytes, PyBackedStr};
use pyo3::types::PyBytes;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A loaded snapshot that answers wire requests; `ciem.Snapshot` wraps it.
#[pyclass(frozen, module = "ciem._core")]
#[derive(Debug)]
pub(crate) struct Snapshot(ciem_core::Snapshot);

#[pymethods]
impl Snapshot {
    /// Reads files and folders. `limits` has those of `max_bytes`, `max_entries`, `max_ratio` and `max_depth` that
    /// differ from the usual ones.
    #[staticmethod]
    #[pyo3(signature = (paths, *, on_error, limits, catalog=None, report=None))]
    fn load(
        py: Python<'_>,
        paths: Vec<PathBuf>,
        on_error: String,
        limits: BTreeMap<String, u64>,
        catalog: Option<String>,
        report: Option<Py<PyAny>>,
    ) -> PyResult<Snapshot> {
        watched(py, report, move |progress| {
            let mut options = LoadOptions::default().on_error(on_error.parse()?).progress(progress.clone());
            for (name, limit) in limits {
                options = match name.as_str() {
                    "max_bytes" => options.max_bytes(limit),
                    "max_entries" => options.max_entries(limit),
                    "max_ratio" => options.max_ratio(limit),
                    "max_depth" => options.max_depth(usize::try_from(limit).unwrap_or(usize::MAX)),
                    _ => options,
                };
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

    /// Answers the wire request of a verb that takes long; some verbs take usage into account.
    #[pyo3(signature = (verb, request, report=None, usage=None))]
    fn ask(
        &self,
        py: Python<'_>,
        verb: String,
        request: String,
        report: Option<Py<PyAny>>,
        usage: Option<&Usage>,
    ) -> PyResult<String> {
        let (snapshot, usage) = (self.0.clone(), usage.map(|usage| usage.0.clone()));
        let work =
            move |progress: &_| wire::call_with_usage(&snapshot, usage.as_ref(), &verb, &request, progress);
        watched(py, report, work)
    }

    /// Answers the wire request of a verb with rows; some verbs take usage into account.
    #[pyo3(signature = (verb, request, report=None, usage=None))]
    fn table(
        &self,
        py: Python<'_>,
        verb: String,
        request: String,
        report: Option<Py<PyAny>>,
        usage: Option<&Usage>,
    ) -> PyResult<Table> {
        let (snapshot, usage) = (self.0.clone(), usage.map(|usage| usage.0.clone()));
        let work = move |progress: &_| {
            wire::table_with_usage(&snapshot, usage.as_ref(), &verb, &request, progress).map(Table)
        };
        watched(py, report, work)
    }
}

/// Says a condition in words; takes its JSON text.
#[pyfunction]
pub(crate) fn condition_text(py: Python<'_>, condition: String) -> PyResult<String> {
    run(py, || ciem_core::condition_text(&condition))
}

/// Writes a condition as blocks of policy statements; takes and gives JSON text.
#[pyfunction]
pub(crate) fn condition_blocks(py: Python<'_>, condition: String) -> PyResult<String> {
    run(py, || wire::condition_blocks(&condition))
}

/// Answers the wire request of a check of loose policies.
#[pyfunction]
pub(crate) fn check(py: Python<'_>, verb: String, request: String) -> PyResult<String> {
    run(py, || wire::check(&verb, &request))
}

/// Mines roles. `pairs` are pairs of texts, and Arrow IPC streams of such as bytes; `options` and the answer are wire forms.
#[pyfunction]
#[pyo3(signature = (pairs, options, report=None))]
pub(crate) fn mine_roles(
    py: Python<'_>,
    pairs: Bound<'_, PyAny>,
    options: String,
    report: Option<Py<PyAny>>,
) -> PyResult<String> {
    let mut all = Assignments::new();
    for (count, item) in pairs.try_iter()?.enumerate() {
        if count.is_multiple_of(4096) {
            py.check_signals()?;
            if let Some(report) = &report {
                report.call1(py, ("reading pairs", count, None::<usize>))?;
            }
        }
        let item = item?;
        if item.is_instance_of::<PyBytes>() {
            let (stream, mut so_far): (PyBackedBytes, _) = (item.extract()?, std::mem::take(&mut all));
            let report = report.as_ref().map(|report| report.clone_ref(py));
            let add = move |progress: &_| wire::add_arrow(&mut so_far, &stream, progress).map(|()| so_far);
            all = watched(py, report, add)?;
            continue;
        }
        // Two texts, not a text of two letters.
        let pair: Vec<PyBackedStr> = item.extract()?;
        wire::add_pair(&mut all, &pair).map_err(|error| raise(py, &error))?;
    }
    watched(py, report, move |progress| wire::mine_roles(&all, &options, progress))
}

/// Decides the simulation given in wire form.
#[pyfunction]
pub(crate) fn simulate(py: Python<'_>, simulation: String) -> PyResult<String> {
    run(py, || wire::simulate(&simulation))
}

/// The wire answer of `explain` as text of several lines.
#[pyfunction]
pub(crate) fn explanation_text(py: Python<'_>, explanation: String) -> PyResult<String> {
    run(py, || wire::explanation_text(&explanation))
}

/// The wire answer of `explain` as an HTML fragment.
#[pyfunction]
pub(crate) fn explanation_html(py: Python<'_>, explanation: String) -> PyResult<String> {
    run(py, || wire::explanation_html(&explanation))
}
