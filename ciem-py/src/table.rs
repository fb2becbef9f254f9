//! Tables as Python holds them: cells as objects when they are read, Arrow without any.

use crate::edge::run;
use arrow_array::ffi::FFI_ArrowSchema;
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use ciem_core::wire::{self, Cell};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict, PyList, PyString};

/// Rows kept as columns; `ciem.Table` wraps it.
#[pyclass(frozen, module = "ciem._core")]
#[derive(Debug)]
pub(crate) struct Table(pub(crate) wire::Table);

#[pymethods]
impl Table {
    fn __len__(&self) -> usize {
        self.0.len()
    }

    /// Names of the columns.
    fn columns(&self) -> Vec<&'static str> {
        self.0.columns().map(|(name, _)| name).collect()
    }

    /// What the rows take for granted.
    fn assumptions(&self) -> Vec<String> {
        self.0.assumptions().to_vec()
    }

    /// The rows from `start` up to `stop` as dicts.
    fn rows<'py>(&self, py: Python<'py>, start: usize, stop: usize) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let names: Vec<_> = self.0.columns().map(|(name, _)| PyString::intern(py, name)).collect();
        let part = self.0.slice(start..stop);
        let row = |row| {
            let dict = PyDict::new(py);
            for (column, name) in names.iter().enumerate() {
                dict.set_item(name, object(py, part.cell(row, column))?)?;
            }
            Ok(dict.into_any())
        };
        (0..part.len()).map(row).collect()
    }

    /// All cells of the column at a position.
    fn column<'py>(&self, py: Python<'py>, column: usize) -> PyResult<Vec<Bound<'py, PyAny>>> {
        // Neighbours are often equal: one object serves all of them.
        let mut last: Option<(*const str, Bound<'py, PyAny>)> = None;
        let mut values = Vec::with_capacity(self.0.len());
        for row in 0..self.0.len() {
            let cell = self.0.cell(row, column);
            let at = if let Some(Cell::Text(text)) = &cell { Some(std::ptr::from_ref(*text)) } else { None };
            let known = last.as_ref().filter(|(text, _)| at.is_some_and(|at| std::ptr::eq(at, *text)));
            let value = match known {
                Some((_, value)) => value.clone(),
                None => object(py, cell)?,
            };
            values.push(value.clone());
            last = at.map(|at| (at, value));
        }
        Ok(values)
    }

    /// The rows from `start` up to `stop`, sharing the cells.
    fn slice(&self, start: usize, stop: usize) -> Table {
        Table(self.0.slice(start..stop))
    }

    /// The wire document.
    fn to_json(&self, py: Python<'_>) -> PyResult<String> {
        run(py, || Ok(self.0.to_json()))
    }

    /// An Arrow IPC stream.
    fn to_arrow_ipc(&self, py: Python<'_>) -> PyResult<Vec<u8>> {
        run(py, || self.0.to_arrow_ipc())
    }

    /// A capsule with an Arrow C schema.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let schema = FFI_ArrowSchema::try_from(self.0.arrow_schema());
        let schema = schema.map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(PyCapsule::new_with_value(py, schema, c"arrow_schema")?.into_any())
    }

    /// A capsule with an Arrow C stream; batches are made while the consumer pulls them.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        // The protocol lets a producer answer with its own schema; the consumer casts.
        drop(requested_schema);
        let stream = FFI_ArrowArrayStream::new(Box::new(self.0.batches()));
        Ok(PyCapsule::new_with_value(py, stream, c"arrow_array_stream")?.into_any())
    }
}

fn object<'py>(py: Python<'py>, cell: Option<Cell<'_>>) -> PyResult<Bound<'py, PyAny>> {
    Ok(match cell {
        Some(Cell::Text(text)) => PyString::new(py, text).into_any(),
        Some(Cell::Texts(texts)) => PyList::new(py, texts)?.into_any(),
        Some(Cell::Pairs(pairs)) => {
            let dict = PyDict::new(py);
            for (name, value) in pairs {
                dict.set_item(name, value)?;
            }
            dict.into_any()
        }
        Some(Cell::Flag(flag)) => flag.into_pyobject(py)?.to_owned().into_any(),
        Some(Cell::Number(number)) => number.into_pyobject(py)?.into_any(),
        _ => py.None().into_bound(py),
    })
}
