//! Progress and cancellation, polled by every long loop.

use crate::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that stops long work; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// A flag that is not set.
    pub fn new() -> Self {
        Cancel::default()
    }

    /// Asks the work that polls this flag to stop; it returns [`Error::Cancelled`].
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the flag is set.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a long piece of work says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// What is being done, a few words that do not change ("reading", "indexing", "asking").
    pub phase: &'static str,
    /// Units done in this phase.
    pub done: u64,
    /// Units in all, where known.
    pub total: Option<u64>,
}

type Report = dyn Fn(Step) + Send + Sync;

/// A progress callback and a cancel flag, handed to long work together.
///
/// ```
/// use ciem_core::{Cancel, Progress, Query, SnapshotBuilder};
///
/// let cancel = Cancel::new();
/// let progress = Progress::none()
///     .with_cancel(cancel.clone())
///     .on_step(|step| eprintln!("{} {} of {:?}", step.phase, step.done, step.total));
/// cancel.cancel(); // as another thread would
/// let snapshot = SnapshotBuilder::new().finish()?;
/// let error = snapshot.matrix_with(&Query::default(), &progress).unwrap_err();
/// assert_eq!(error.code(), "cancelled");
/// # Ok::<(), ciem_core::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Progress {
    cancel: Cancel,
    report: Option<Arc<Report>>,
}

impl std::fmt::Debug for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Progress")
            .field("cancel", &self.cancel)
            .field("report", &self.report.is_some())
            .finish()
    }
}

impl Progress {
    /// No callback, no cancellation.
    pub fn none() -> Self {
        Progress::default()
    }

    /// Calls `report` about every thousand units of work, on the working thread.
    #[must_use]
    pub fn on_step(mut self, report: impl Fn(Step) + Send + Sync + 'static) -> Self {
        self.report = Some(Arc::new(report));
        self
    }

    /// Stops when `cancel` is set.
    #[must_use]
    pub fn with_cancel(mut self, cancel: Cancel) -> Self {
        self.cancel = cancel;
        self
    }

    /// The same without reports, for work inside work that reports.
    pub(crate) fn quiet(&self) -> Progress {
        Progress { cancel: self.cancel.clone(), report: None }
    }

    /// Polls: call it in every loop; it acts every 1,024 units.
    pub(crate) fn tick(&self, phase: &'static str, done: usize, total: Option<usize>) -> Result<(), Error> {
        if done.is_multiple_of(1024) { self.poll(phase, done, total) } else { Ok(()) }
    }

    /// Polls now, for loops whose rounds are long.
    pub(crate) fn poll(&self, phase: &'static str, done: usize, total: Option<usize>) -> Result<(), Error> {
        if self.cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        if let Some(report) = &self.report {
            report(Step { phase, done: done as u64, total: total.map(|t| t as u64) });
        }
        Ok(())
    }
}
