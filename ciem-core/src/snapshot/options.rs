//! How exports are loaded.

use crate::container::Limits;
use crate::error::Error;
use crate::progress::Progress;

/// What to do with an input that cannot be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnError {
    /// Fail.
    #[default]
    Raise,
    /// List it in `coverage`, and go on.
    Skip,
}

impl std::str::FromStr for OnError {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "raise" => Ok(OnError::Raise),
            "skip" => Ok(OnError::Skip),
            _ => Err(Error::invalid("on_error", "expected `raise` or `skip`")),
        }
    }
}

/// How exports are loaded.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LoadOptions {
    pub(crate) on_error: OnError,
    pub(crate) limits: Limits,
    pub(crate) max_depth: usize,
    pub(crate) progress: Progress,
    pub(crate) catalog: Option<String>,
}

impl Default for LoadOptions {
    fn default() -> Self {
        LoadOptions {
            on_error: OnError::Raise,
            limits: Limits { max_bytes: 2 << 30, max_entries: 1_000_000, max_ratio: 200 },
            max_depth: 64,
            progress: Progress::none(),
            catalog: None,
        }
    }
}

impl LoadOptions {
    /// What to do with an input that cannot be read.
    #[must_use]
    pub fn on_error(mut self, on_error: OnError) -> Self {
        self.on_error = on_error;
        self
    }

    /// The most bytes one input may have once it is unpacked: of an archive, all entries together. 2 GiB
    /// without it.
    #[must_use]
    pub fn max_bytes(mut self, max_bytes: u64) -> Self {
        self.limits.max_bytes = max_bytes;
        self
    }

    /// The most entries one archive may have, or one folder with all its folders. A million without it.
    #[must_use]
    pub fn max_entries(mut self, max_entries: u64) -> Self {
        self.limits.max_entries = max_entries;
        self
    }

    /// How many bytes one packed byte may unfold to, in one entry and in the input as a whole, where these are
    /// more than 16 MiB. 200 without it: exports pack 10 to 50 times smaller.
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

    /// A catalogue in its JSON form that is added to the built-in one of its provider.
    #[must_use]
    pub fn catalog(mut self, json: String) -> Self {
        self.catalog = Some(json);
        self
    }
}
