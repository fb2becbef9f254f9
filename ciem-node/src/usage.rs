//! Usage as Node holds it: loading, merging and asking.

use crate::edge::{CancelToken, Failure, OnStep, free, progress, run};
use crate::table::NativeTable;
use ciem_core::{Progress, UsageOptions, load_usage, wire};
use napi::bindgen_prelude::{AsyncTask, Either, ObjectFinalize};
use napi::{Env, Result, Task};
use napi_derive::napi;
use std::path::PathBuf;

/// Usage that answers wire requests; `Usage` of `index.js` wraps it.
#[napi(custom_finalize)]
#[derive(Debug)]
pub struct NativeUsage(pub(crate) ciem_core::Usage);

/// How logs are read.
#[napi(object)]
#[derive(Debug)]
pub struct UsageLoading {
    /// What to do with an input of which nothing can be read.
    pub on_error: String,
    /// The most bytes one input may unpack to.
    pub max_bytes: Option<f64>,
    /// When the logs were fetched, RFC 3339.
    pub as_of: Option<String>,
    /// Whether calls that failed count as uses.
    pub failed_is_used: Option<bool>,
}

#[napi]
impl NativeUsage {
    /// Reads files and folders on the thread pool.
    #[napi(ts_return_type = "Promise<NativeUsage | Failure>")]
    pub fn load(
        paths: Vec<String>,
        options: UsageLoading,
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
    options: UsageLoading,
    progress: Progress,
}

impl Task for LoadUsage {
    type Output = Either<NativeUsage, Failure>;
    type JsValue = Either<NativeUsage, Failure>;

    fn compute(&mut self) -> Result<Self::Output> {
        Ok(run(|| {
            let given = &self.options;
            let options = UsageOptions::default().on_error(given.on_error.parse()?);
            let mut options = options.progress(std::mem::take(&mut self.progress));
            options = options.failed_is_used(given.failed_is_used.unwrap_or(false));
            if let Some(limit) = given.max_bytes {
                options = options.max_bytes(limit as u64);
            }
            if let Some(at) = &given.as_of {
                options = options.as_of_text(at)?;
            }
            load_usage(&self.paths, &options).map(NativeUsage)
        }))
    }

    fn resolve(&mut self, _: Env, output: Self::Output) -> Result<Self::JsValue> {
        Ok(output)
    }
}
