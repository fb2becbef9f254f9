//! The one door from JavaScript into the core: failures, progress and cancellation.

use ciem_core::{Cancel, Error, Progress, wire};
use napi::bindgen_prelude::Either;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Result, Status, Task};
use napi_derive::napi;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// An error as a value in wire form; `index.js` throws it, so that it has the same shape in sync and async calls.
#[napi(object)]
#[derive(Debug)]
pub struct Failure {
    /// The error in wire form.
    pub failure: String,
}

/// Runs `work`. An error becomes a failure; a panic stops here.
pub(crate) fn run<R>(work: impl FnOnce() -> std::result::Result<R, Error>) -> Either<R, Failure> {
    let defect = |_| Err(Error::Internal { reason: "the core panicked".to_owned() });
    match catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(defect) {
        Ok(answer) => Either::A(answer),
        Err(error) => Either::B(Failure { failure: wire::error_json(&error) }),
    }
}

/// Stops the work that it was handed to. `index.js` connects it with the caller's signal: the one that napi offers
/// misses a signal that has fired already and overwrites the caller's own `onabort`.
#[napi]
#[derive(Debug, Default)]
pub struct CancelToken(Cancel);

#[napi]
impl CancelToken {
    /// A token that stops nothing yet.
    #[napi(constructor)]
    pub fn new() -> Self {
        CancelToken::default()
    }

    /// Asks the work to stop at its next poll.
    #[napi]
    pub fn cancel(&self) {
        self.0.cancel();
    }
}

/// What long work says of itself.
#[napi(object)]
#[derive(Debug)]
pub struct Step {
    /// What is being done.
    pub phase: String,
    /// Units done in this phase.
    pub done: f64,
    /// Units in all, where known.
    pub total: Option<f64>,
}

/// The caller's progress callback. At most one step waits for the event loop and those in between are left out, so
/// that reports can neither pile up nor keep the loop busy; nor do they keep the process alive.
pub(crate) type OnStep = ThreadsafeFunction<Step, (), Step, Status, false, true, 1>;

/// How the core reports to `on_step` and asks `token`.
pub(crate) fn progress(token: &CancelToken, on_step: Option<OnStep>) -> Progress {
    let progress = Progress::none().with_cancel(token.0.clone());
    let Some(on_step) = on_step else { return progress };
    progress.on_step(move |step| {
        let total = step.total.map(|total| total as f64);
        let step = Step { phase: step.phase.to_owned(), done: step.done as f64, total };
        on_step.call(step, ThreadsafeFunctionCallMode::NonBlocking);
    })
}

/// Frees `value` on the thread pool. The garbage collector frees on the event loop, which a large value would block
/// for as long as that takes.
pub(crate) fn free<T: Send + 'static>(env: Env, value: T) {
    // An environment that is being torn down takes no more work: then the value is freed here.
    drop(env.spawn(Free(Some(value))));
}

struct Free<T>(Option<T>);

impl<T: Send> Task for Free<T> {
    type Output = ();
    type JsValue = ();

    fn compute(&mut self) -> Result<()> {
        drop(self.0.take());
        Ok(())
    }

    fn resolve(&mut self, _: Env, _: ()) -> Result<()> {
        Ok(())
    }
}
