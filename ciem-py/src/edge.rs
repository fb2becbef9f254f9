//! The doors from Python into the core.

use ciem_core::{Cancel, Error, Progress, Step, wire};
use pyo3::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How often a waiting thread looks for signals, and at most how often a phase reports.
const PULSE: Duration = Duration::from_millis(50);

/// As much as the main thread usually has.
const STACK: usize = 8 << 20;

type Outcome<R> = Result<R, Error>;

enum Message<R> {
    Step(Step),
    Done(Outcome<R>),
}

/// Runs short `work` without the interpreter lock. An error becomes the exception of its code; a panic stops here.
pub(crate) fn run<R: Send>(py: Python<'_>, work: impl FnOnce() -> Outcome<R> + Send) -> PyResult<R> {
    py.detach(|| caught(work)).map_err(|error| raise(py, &error))
}

/// Runs long `work` in a thread of its own while this one waits for signals and calls `report(phase, done, total)`.
///
/// Ctrl-C and an exception of `report` are raised at once; the work ends by itself at its next poll. This is also why
/// it does not run here: between two polls nobody would look for signals.
pub(crate) fn watched<R: Send + 'static>(
    py: Python<'_>,
    report: Option<Py<PyAny>>,
    work: impl FnOnce(&Progress) -> Outcome<R> + Send + 'static,
) -> PyResult<R> {
    let cancel = Cancel::new();
    let (sender, receiver) = channel();
    let mut progress = Progress::none().with_cancel(cancel.clone());
    if report.is_some() {
        let steps = sender.clone();
        let last = Mutex::new(None);
        progress = progress.on_step(move |step| {
            if is_due(&last, step) {
                // Nobody listens any more when the call was interrupted.
                let _ = steps.send(Message::Step(step));
            }
        });
    }
    let task = move || {
        let _ = sender.send(Message::Done(caught(|| work(&progress))));
    };
    std::thread::Builder::new().name("ciem".to_owned()).stack_size(STACK).spawn(task)?;
    let outcome = py.detach(|| wait(receiver, report));
    match outcome {
        Ok(done) => done.map_err(|error| raise(py, &error)),
        Err(interrupted) => {
            cancel.cancel();
            Err(interrupted)
        }
    }
}

/// Waits without the interpreter lock, which is taken for signals and reports only.
fn wait<R>(receiver: Receiver<Message<R>>, report: Option<Py<PyAny>>) -> PyResult<Outcome<R>> {
    loop {
        match receiver.recv_timeout(PULSE) {
            Ok(Message::Done(outcome)) => return Ok(outcome),
            Ok(Message::Step(step)) => Python::attach(|py| {
                let Some(report) = &report else { return Ok(()) };
                report.call1(py, (step.phase, step.done, step.total))?;
                py.check_signals()
            })?,
            Err(RecvTimeoutError::Timeout) => Python::attach(|py| py.check_signals())?,
            Err(RecvTimeoutError::Disconnected) => {
                return Ok(Err(Error::Internal { reason: "the working thread ended".to_owned() }));
            }
        }
    }
}

/// Whether a step is worth a report: the first and the last of a phase, and one in each pulse.
fn is_due(last: &Mutex<Option<(&'static str, Instant)>>, step: Step) -> bool {
    let Ok(mut last) = last.lock() else { return false };
    let recent = last.is_some_and(|(phase, at)| phase == step.phase && at.elapsed() < PULSE);
    let due = !recent || step.total == Some(step.done);
    if due {
        *last = Some((step.phase, Instant::now()));
    }
    due
}

fn caught<R>(work: impl FnOnce() -> Outcome<R>) -> Outcome<R> {
    let defect = |_| Err(Error::Internal { reason: "the core panicked".to_owned() });
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(defect)
}

/// The exception that `ciem.errors` makes of an error in wire form.
pub(crate) fn raise(py: Python<'_>, error: &Error) -> PyErr {
    let make = || py.import("ciem.errors")?.call_method1("from_wire", (wire::error_json(error),));
    make().map_or_else(|failure| failure, PyErr::from_value)
}
