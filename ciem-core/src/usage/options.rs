//! How logs are read.

use crate::container::Limits;
use crate::progress::Progress;
use crate::snapshot::options::OnError;

/// How logs are read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UsageOptions {
    pub(crate) on_error: OnError,
    pub(crate) limits: Limits,
    pub(crate) max_depth: usize,
    pub(crate) progress: Progress,
    pub(crate) as_of: Option<i64>,
    pub(crate) failed_is_used: bool,
}

impl Default for UsageOptions {
    fn default() -> Self {
        UsageOptions {
            on_error: OnError::Raise,
            limits: Limits { max_bytes: u64::MAX, max_entries: 1_000_000, max_ratio: 200 },
            max_depth: 64,
            progress: Progress::none(),
            as_of: None,
            failed_is_used: false,
        }
    }
}

impl UsageOptions {
    /// What to do with an input of which nothing can be read. Whatever is told here, of an input that can be read in part
    /// that part stays, and `coverage` lists what could not be read, with file and offset.
    #[must_use]
    pub fn on_error(mut self, on_error: OnError) -> Self {
        self.on_error = on_error;
        self
    }

    /// The most bytes one input may have once it is unpacked. Any number without it: logs are read as a stream.
    #[must_use]
    pub fn max_bytes(mut self, max_bytes: u64) -> Self {
        self.limits.max_bytes = max_bytes;
        self
    }

    /// The most files one folder may have with all its folders. A million without it.
    #[must_use]
    pub fn max_entries(mut self, max_entries: u64) -> Self {
        self.limits.max_entries = max_entries;
        self
    }

    /// How many bytes one packed byte may unfold to, in inputs of more than 16 MiB. 200 without it.
    #[must_use]
    pub fn max_ratio(mut self, max_ratio: u64) -> Self {
        self.limits.max_ratio = max_ratio;
        self
    }

    /// How many levels of folders are entered below a folder that was named (feature `fs`). 64 without it.
    #[must_use]
    pub fn max_depth(mut self, max_depth: usize) -> Self {
        self.max_depth = max_depth;
        self
    }

    /// Reports progress and polls for cancellation.
    #[must_use]
    pub fn progress(mut self, progress: Progress) -> Self {
        self.progress = progress;
        self
    }

    /// When the logs were fetched, in seconds since 1970: events that are more than a quarter of an hour later have a
    /// wrong clock and are counted as such, not used.
    #[must_use]
    pub fn as_of(mut self, at: i64) -> Self {
        self.as_of = Some(at);
        self
    }

    /// Counts calls that failed for another reason than want of a permission as uses. Without it they are attempts.
    #[must_use]
    pub fn failed_is_used(mut self, yes: bool) -> Self {
        self.failed_is_used = yes;
        self
    }
}
