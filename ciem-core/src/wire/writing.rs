//! Large answers as JSON text, written so that it can be watched and stopped.

use crate::error::Error;
use crate::progress::Progress;
use serde::Serialize;
use std::io;

/// Bytes between two polls: some milliseconds of writing.
const PULSE: usize = 1 << 20;

/// The answer as JSON text, polling while it is written.
pub(super) fn long_text<T: Serialize>(answer: &T, progress: &Progress) -> Result<String, Error> {
    let mut out = Polled { written: Vec::new(), next_poll: PULSE, progress, stopped: None };
    let outcome = serde_json::to_writer(&mut out, answer);
    if let Some(stopped) = out.stopped {
        return Err(stopped);
    }
    outcome.map_err(|error| Error::Internal { reason: error.to_string() })?;
    String::from_utf8(out.written).map_err(|error| Error::Internal { reason: error.to_string() })
}

struct Polled<'a> {
    written: Vec<u8>,
    next_poll: usize,
    progress: &'a Progress,
    stopped: Option<Error>,
}

impl io::Write for Polled<'_> {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        self.written.extend_from_slice(part);
        if self.written.len() >= self.next_poll {
            self.next_poll = self.written.len() + PULSE;
            if let Err(error) = self.progress.poll("writing", self.written.len(), None) {
                self.stopped = Some(error);
                return Err(io::Error::other("stopped"));
            }
        }
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
