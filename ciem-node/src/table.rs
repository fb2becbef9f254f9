//! Tables as Node holds them: rows leave the core in the pieces that are read.

use crate::edge::{Failure, free, run};
use ciem_core::wire;
use napi::bindgen_prelude::{Either, ObjectFinalize, Uint8Array};
use napi::{Env, Result};
use napi_derive::napi;

/// Tables of more rows are freed off the event loop; for smaller ones the detour costs more than it saves.
const SMALL: usize = 1_000;

/// Rows kept as columns; `Table` of `index.js` wraps it.
#[napi(custom_finalize)]
#[derive(Debug)]
pub struct NativeTable(pub(crate) wire::Table);

#[napi]
impl NativeTable {
    /// Number of rows.
    #[napi(getter)]
    pub fn length(&self) -> f64 {
        self.0.len() as f64
    }

    /// What the rows take for granted.
    #[napi(getter)]
    pub fn assumptions(&self) -> Vec<String> {
        self.0.assumptions().to_vec()
    }

    /// The rows from `start` up to but not including `end` as a JSON array.
    #[napi]
    pub fn rows(&self, start: f64, end: f64) -> Either<String, Failure> {
        run(|| Ok(self.0.slice(start as usize..end as usize).rows_json()))
    }

    /// All rows as an Arrow IPC stream.
    #[napi]
    pub fn to_arrow_ipc(&self) -> Either<Uint8Array, Failure> {
        run(|| self.0.to_arrow_ipc().map(Uint8Array::from))
    }
}

impl ObjectFinalize for NativeTable {
    fn finalize(self, env: Env) -> Result<()> {
        if self.0.len() > SMALL {
            free(env, self);
        }
        Ok(())
    }
}
