//! The snapshot as Node holds it: loading and asking.

use crate::edge::{Failure, run};
use ciem_core::{LoadOptions, load_paths, wire};
use napi::bindgen_prelude::{AsyncTask, Either};
use napi::{Env, Result, Task};
use napi_derive::napi;
use std::path::PathBuf;

/// A loaded snapshot that answers wire requests; `Snapshot` of `index.js` wraps it.
#[napi]
#[derive(Debug)]
pub struct NativeSnapshot(ciem_core::Snapshot);

#[napi]
impl NativeSnapshot {
    /// Reads files and folders on the thread pool.
    #[napi]
    pub fn load(
        paths: Vec<String>,
        on_error: String,
        max_bytes: Option<f64>,
        catalog: Option<String>,
    ) -> AsyncTask<Load> {
        AsyncTask::new(Load {
            paths: paths.into_iter().map(PathBuf::from).collect(),
            on_error,
            max_bytes,
            catalog,
        })
    }

    /// Answers the wire request of a verb.
    #[napi]
    pub fn call(&self, verb: String, request: String) -> Either<String, Failure> {
        run(|| wire::call(&self.0, &verb, &request))
    }

    /// Answers the wire request of a verb on the thread pool.
    #[napi]
    pub fn call_async(&self, verb: String, request: String) -> AsyncTask<Call> {
        AsyncTask::new(Call { snapshot: self.0.clone(), verb, request })
    }
}

/// Decides the simulation given in wire form.
#[napi]
pub fn simulate(simulation: String) -> Either<String, Failure> {
    run(|| wire::simulate(&simulation))
}

/// Loading, off the event loop.
#[derive(Debug)]
pub struct Load {
    paths: Vec<PathBuf>,
    on_error: String,
    max_bytes: Option<f64>,
    catalog: Option<String>,
}

impl Task for Load {
    type Output = Either<NativeSnapshot, Failure>;
    type JsValue = Either<NativeSnapshot, Failure>;

    fn compute(&mut self) -> Result<Self::Output> {
        Ok(run(|| {
            let mut options = LoadOptions::default().on_error(self.on_error.parse()?);
            if let Some(limit) = self.max_bytes {
                options = options.max_bytes(limit as u64);
            }
            if let Some(catalog) = self.catalog.take() {
                options = options.catalog(catalog);
            }
            load_paths(&self.paths, &options).map(NativeSnapshot)
        }))
    }

    fn resolve(&mut self, _: Env, output: Self::Output) -> Result<Self::JsValue> {
        Ok(output)
    }
}

/// One question, off the event loop.
#[derive(Debug)]
pub struct Call {
    snapshot: ciem_core::Snapshot,
    verb: String,
    request: String,
}

impl Task for Call {
    type Output = Either<String, Failure>;
    type JsValue = Either<String, Failure>;

    fn compute(&mut self) -> Result<Self::Output> {
        Ok(run(|| wire::call(&self.snapshot, &self.verb, &self.request)))
    }

    fn resolve(&mut self, _: Env, output: Self::Output) -> Result<Self::JsValue> {
        Ok(output)
    }
}
