//! The snapshot as Node holds it: loading and asking.

use crate::edge::{CancelToken, Failure, OnStep, free, progress, run};
use crate::table::NativeTable;
use crate::usage::NativeUsage;
use ciem_core::{Assignments, Error, LoadOptions, Progress, load_paths, wire};
use napi::bindgen_prelude::{AsyncTask, Either, ObjectFinalize, Uint8Array};
use napi::{Env, Result, Task};
use napi_derive::napi;
use std::path::PathBuf;

/// A loaded snapshot that answers wire requests; `Snapshot` of `index.js` wraps it.
#[napi(custom_finalize)]
#[derive(Debug)]
pub struct NativeSnapshot(ciem_core::Snapshot);

#[napi]
impl NativeSnapshot {
    /// Reads files and folders on the thread pool.
    #[napi(ts_return_type = "Promise<NativeSnapshot | Failure>")]
    pub fn load(
        paths: Vec<String>,
        on_error: String,
        max_bytes: Option<f64>,
        catalog: Option<String>,
        token: &CancelToken,
        #[napi(ts_arg_type = "((step: Step) => void) | undefined | null")] on_step: Option<OnStep>,
    ) -> AsyncTask<Load> {
        AsyncTask::new(Load {
            paths: paths.into_iter().map(PathBuf::from).collect(),
            on_error,
            max_bytes,
            catalog,
            progress: progress(token, on_step),
        })
    }

    /// Answers the wire request of a verb.
    #[napi]
    pub fn call(&self, verb: String, request: String) -> Either<String, Failure> {
        run(|| wire::call(&self.0, &verb, &request))
    }

    /// Answers the wire request of a verb whose answer is rows.
    #[napi]
    pub fn table(&self, verb: String, request: String) -> Either<NativeTable, Failure> {
        run(|| wire::table(&self.0, &verb, &request, &Progress::none()).map(NativeTable))
    }

    /// Answers the wire request of a verb that takes long, on the thread pool.
    #[napi(ts_return_type = "Promise<string | Failure>")]
    pub fn ask(
        &self,
        verb: String,
        request: String,
        token: &CancelToken,
        #[napi(ts_arg_type = "((step: Step) => void) | undefined | null")] on_step: Option<OnStep>,
    ) -> AsyncTask<Answer> {
        let (snapshot, progress) = (self.0.clone(), progress(token, on_step));
        AsyncTask::new(Answer(Some(Box::new(move || wire::call_with(&snapshot, &verb, &request, &progress)))))
    }

    /// Answers the wire request of a verb whose answer is rows, on the thread pool.
    #[napi(ts_return_type = "Promise<NativeTable | Failure>")]
    pub fn table_async(
        &self,
        verb: String,
        request: String,
        token: &CancelToken,
        #[napi(ts_arg_type = "((step: Step) => void) | undefined | null")] on_step: Option<OnStep>,
    ) -> AsyncTask<Ask> {
        let snapshot = Some(self.0.clone());
        AsyncTask::new(Ask { snapshot, usage: None, verb, request, progress: progress(token, on_step) })
    }

    /// Answers the wire request of a verb about usage whose answer is rows, on the thread pool.
    #[napi(ts_return_type = "Promise<NativeTable | Failure>")]
    pub fn table_with_usage_async(
        &self,
        usage: &NativeUsage,
        verb: String,
        request: String,
        token: &CancelToken,
        #[napi(ts_arg_type = "((step: Step) => void) | undefined | null")] on_step: Option<OnStep>,
    ) -> AsyncTask<Ask> {
        let (snapshot, usage) = (Some(self.0.clone()), Some(usage.0.clone()));
        AsyncTask::new(Ask { snapshot, usage, verb, request, progress: progress(token, on_step) })
    }

    /// Answers the wire request of a verb about usage, on the thread pool.
    #[napi(ts_return_type = "Promise<string | Failure>")]
    pub fn call_with_usage_async(
        &self,
        usage: &NativeUsage,
        verb: String,
        request: String,
        token: &CancelToken,
        #[napi(ts_arg_type = "((step: Step) => void) | undefined | null")] on_step: Option<OnStep>,
    ) -> AsyncTask<Answer> {
        let (snapshot, usage, progress) = (self.0.clone(), usage.0.clone(), progress(token, on_step));
        AsyncTask::new(Answer(Some(Box::new(move || {
            wire::call_with_usage(&snapshot, Some(&usage), &verb, &request, &progress)
        }))))
    }
}

impl ObjectFinalize for NativeSnapshot {
    fn finalize(self, env: Env) -> Result<()> {
        free(env, self);
        Ok(())
    }
}

/// Says a condition in words; takes its JSON text.
#[napi]
pub fn condition_text(condition: String) -> Either<String, Failure> {
    run(|| ciem_core::condition_text(&condition))
}

/// Writes a condition as blocks of policy statements; takes and gives JSON text.
#[napi]
pub fn condition_blocks(condition: String) -> Either<String, Failure> {
    run(|| wire::condition_blocks(&condition))
}

/// Answers the wire request of a check of loose policies.
#[napi]
pub fn check(verb: String, request: String) -> Either<String, Failure> {
    run(|| wire::check(&verb, &request))
}

/// Decides the simulation given in wire form.
#[napi]
pub fn simulate(simulation: String) -> Either<String, Failure> {
    run(|| wire::simulate(&simulation))
}

/// The wire answer of `explain` as text of several lines.
#[napi]
pub fn explanation_text(explanation: String) -> Either<String, Failure> {
    run(|| wire::explanation_text(&explanation))
}

/// The wire answer of `explain` as an HTML fragment.
#[napi]
pub fn explanation_html(explanation: String) -> Either<String, Failure> {
    run(|| wire::explanation_html(&explanation))
}

/// Pairs of users and permissions in the making, and the roles that are mined from them.
#[napi]
#[derive(Debug, Default)]
pub struct NativeAssignments {
    pairs: Assignments,
    streams: Vec<Vec<u8>>,
}

#[napi]
impl NativeAssignments {
    /// No pairs yet.
    #[napi(constructor)]
    pub fn new() -> Self {
        NativeAssignments::default()
    }

    /// Adds pairs given as JSON text.
    #[napi]
    pub fn add(&mut self, pairs: String) -> Either<(), Failure> {
        run(|| wire::add_pairs(&mut self.pairs, &pairs, &Progress::none()))
    }

    /// Adds the pairs of an Arrow IPC stream, which is read when roles are mined.
    #[napi]
    pub fn add_arrow(&mut self, stream: Uint8Array) {
        self.streams.push(stream.to_vec());
    }

    /// Mines roles on the thread pool, and has no pairs any more.
    #[napi(ts_return_type = "Promise<string | Failure>")]
    pub fn mine(
        &mut self,
        options: String,
        token: &CancelToken,
        #[napi(ts_arg_type = "((step: Step) => void) | undefined | null")] on_step: Option<OnStep>,
    ) -> AsyncTask<Answer> {
        let NativeAssignments { mut pairs, streams } = std::mem::take(self);
        let progress = progress(token, on_step);
        AsyncTask::new(Answer(Some(Box::new(move || {
            for stream in streams {
                wire::add_arrow(&mut pairs, &stream, &progress)?;
            }
            wire::mine_roles(&pairs, &options, &progress)
        }))))
    }
}

type Work = Box<dyn FnOnce() -> std::result::Result<String, Error> + Send>;

/// One answer as text, off the event loop.
pub struct Answer(Option<Work>);

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Answer")
    }
}

impl Task for Answer {
    type Output = Either<String, Failure>;
    type JsValue = Either<String, Failure>;

    fn compute(&mut self) -> Result<Self::Output> {
        let work = self.0.take();
        Ok(run(|| work.ok_or_else(|| Error::Internal { reason: "asked twice".to_owned() })?()))
    }

    fn resolve(&mut self, _: Env, output: Self::Output) -> Result<Self::JsValue> {
        Ok(output)
    }
}

/// Loading, off the event loop.
#[derive(Debug)]
pub struct Load {
    paths: Vec<PathBuf>,
    on_error: String,
    max_bytes: Option<f64>,
    catalog: Option<String>,
    progress: Progress,
}

impl Task for Load {
    type Output = Either<NativeSnapshot, Failure>;
    type JsValue = Either<NativeSnapshot, Failure>;

    fn compute(&mut self) -> Result<Self::Output> {
        Ok(run(|| {
            let options = LoadOptions::default().on_error(self.on_error.parse()?);
            let mut options = options.progress(std::mem::take(&mut self.progress));
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
pub struct Ask {
    /// Taken when the work begins, so that the last one that holds a snapshot never lets go of it on the event loop.
    snapshot: Option<ciem_core::Snapshot>,
    /// For questions that take usage into account.
    usage: Option<ciem_core::Usage>,
    verb: String,
    request: String,
    progress: Progress,
}

impl Task for Ask {
    type Output = Either<NativeTable, Failure>;
    type JsValue = Either<NativeTable, Failure>;

    fn compute(&mut self) -> Result<Self::Output> {
        let (snapshot, usage) = (self.snapshot.take(), self.usage.take());
        let (verb, request, progress) = (&self.verb, &self.request, &self.progress);
        Ok(run(|| {
            let snapshot = snapshot.ok_or_else(|| Error::Internal { reason: "asked twice".to_owned() })?;
            wire::table_with_usage(&snapshot, usage.as_ref(), verb, request, progress).map(NativeTable)
        }))
    }

    fn resolve(&mut self, _: Env, output: Self::Output) -> Result<Self::JsValue> {
        Ok(output)
    }
}
