//! Usage as Node holds it: loading, merging and asking.

use crate::edge::{CancelToken, Failure, OnStep, free, progress, run};
use crate::table::NativeTable;
use ciem_core::{Progress, load_usage, wire};
use napi::bindgen_prelude::{AsyncTask, Either, ObjectFinalize};
use napi::{Env, Result, Task};
use napi_derive::napi;
use std::path::PathBuf;

/// Usage that answers wire requests; `Usage` of `index.js` wraps it.
#[napi(custom_finalize)]
#[derive(Debug)]
pub struct NativeUsage(pub(crate) ciem_core::Usage);

#[napi]
impl NativeUsage {
    /// Reads files and folders on the thread pool; takes the wire form of the options.
    #[napi(ts_return_type = "Promise<NativeUsage | Failure>")]
    pub fn load(
        paths: Vec<String>,
        options: String,
        token: &CancelToken,
        #[napi(ts_arg_type = "((step: Step) => void) | undefined | null")] on_step: Option<OnStep>,
    ) -> AsyncTask<LoadUsage> {
        let paths = paths.into_iter().map(PathBuf::from).collect();
        AsyncTask::new(LoadUsage { paths, options, progress: progress(token, on_step) })
    }

    /// What this and the other know together.
    #[napi]
    pub fn merge(&self, other: &NativeUsage) -> Either<NativeUsage, Failure> {
        run(|| Ok(NativeUsage(self.0.merge(&other.0))))
    }

    /// Answers the wire request of a verb.
    #[napi]
    pub fn call(&self, verb: String, request: String) -> Either<String, Failure> {
        run(|| wire::usage_call(&self.0, &verb, &request))
    }

    /// Answers the wire request of a verb whose answer is rows.
    #[napi]
    pub fn table(&self, verb: String, request: String) -> Either<NativeTable, Failure> {
        run(|| wire::usage_table(&self.0, &verb, &request, &Progress::none()).map(NativeTable))
    }
}

impl ObjectFinalize for NativeUsage {
    fn finalize(self, env: Env) -> Result<()> {
        free(env, self);
        Ok(())
    }
}

/// Loading logs, off the event loop.
#[derive(Debug)]
pub struct LoadUsage {
    paths: Vec<PathBuf>,
    options: String,
    progress: Progress,
}

impl Task for LoadUsage {
    type Output = Either<NativeUsage, Failure>;
    type JsValue = Either<NativeUsage, Failure>;

    fn compute(&mut self) -> Result<Self::Output> {
        Ok(run(|| {
            let options = wire::usage_options(&self.options)?.progress(std::mem::take(&mut self.progress));
            load_usage(&self.paths, &options).map(NativeUsage)
        }))
    }

    fn resolve(&mut self, _: Env, output: Self::Output) -> Result<Self::JsValue> {
        Ok(output)
    }
}
