//! Reading within limits: how much an input has unfolded so far, and when to stop.

use super::{Input, Limits};
use crate::error::{Error, Place};
use crate::progress::Progress;
use std::io::Read;

/// Between two looks at the limits and the cancel flag.
const STEP: u64 = 1 << 20;
/// Unpacked sizes that no ratio makes dangerous: a few repeated lines pack very well.
const HARMLESS: u64 = 16 << 20;

/// Why an entry gives no bytes.
#[derive(Debug)]
pub(super) enum Failure {
    /// The entry is bad; the others are not touched by it.
    Entry(Error),
    /// Nothing after this can be read, or may be.
    Archive(Error),
}

impl Failure {
    pub(super) fn into_error(self) -> Error {
        match self {
            Failure::Entry(error) | Failure::Archive(error) => error,
        }
    }
}

/// What one input has unfolded to.
pub(super) struct Meter<'a> {
    limits: Limits,
    progress: &'a Progress,
    packed: u64,
    unpacked: u64,
    entries: u64,
}

impl<'a> Meter<'a> {
    pub(super) fn new(input: &Input<'a>) -> Self {
        let packed = input.bytes.len() as u64;
        Meter { limits: input.limits, progress: input.progress, packed, unpacked: 0, entries: 0 }
    }

    /// For a stream, which is received as it is.
    pub(super) fn of_stream(limits: Limits, progress: &'a Progress) -> Self {
        Meter { limits, progress, packed: u64::MAX, unpacked: 0, entries: 0 }
    }

    /// Counts one more entry.
    pub(super) fn entry(&mut self, name: &str) -> Result<(), Error> {
        self.entries += 1;
        self.entries_within(self.entries, name)?;
        self.poll()
    }

    /// Refuses a number of entries that an archive says it has.
    pub(super) fn entries_within(&self, entries: u64, name: &str) -> Result<(), Error> {
        if entries > self.limits.max_entries {
            return Err(too_large("number of entries", self.limits.max_entries, name));
        }
        Ok(())
    }

    /// Refuses a size that an entry says it has.
    pub(super) fn declared(&self, name: &str, size: u64) -> Result<(), Failure> {
        if size > self.left() {
            return Err(Failure::Archive(too_large("size in bytes", self.limits.max_bytes, name)));
        }
        Ok(())
    }

    /// Counts bytes that are passed over.
    pub(super) fn skipped(&mut self, name: &str, size: u64) -> Result<(), Failure> {
        self.declared(name, size)?;
        self.unpacked = self.unpacked.saturating_add(size);
        Ok(())
    }

    /// All that `reader` gives, appended to `out`. It unpacks `packed` bytes; `explain` says what it means when
    /// it fails, which is taken for the entry's fault.
    pub(super) fn read(
        &mut self,
        name: &str,
        mut reader: impl Read,
        packed: u64,
        out: &mut Vec<u8>,
        explain: impl Fn(std::io::Error) -> Error,
    ) -> Result<(), Failure> {
        let mut size = 0_u64;
        loop {
            // One byte more than may come tells the end from too much.
            let step = STEP.min(self.left().saturating_add(1));
            let more = reader.by_ref().take(step).read_to_end(out).map_err(|e| Failure::Entry(explain(e)))?;
            let more = more as u64;
            if more > self.left() {
                return Err(Failure::Archive(too_large("size in bytes", self.limits.max_bytes, name)));
            }
            size += more;
            self.unpacked += more;
            if self.unfolds_too_far(size, packed) {
                return Err(Failure::Entry(too_large("decompression ratio", self.limits.max_ratio, name)));
            }
            // Entries may share packed bytes, so that each looks harmless.
            if self.unfolds_too_far(self.unpacked, self.packed) {
                return Err(Failure::Archive(too_large("decompression ratio", self.limits.max_ratio, name)));
            }
            self.poll().map_err(Failure::Archive)?;
            if more < step {
                return Ok(());
            }
        }
    }

    fn left(&self) -> u64 {
        self.limits.max_bytes.saturating_sub(self.unpacked)
    }

    fn unfolds_too_far(&self, unpacked: u64, packed: u64) -> bool {
        unpacked > HARMLESS && unpacked > packed.saturating_mul(self.limits.max_ratio)
    }

    fn poll(&self) -> Result<(), Error> {
        self.progress.poll("reading bytes", usize::try_from(self.unpacked).unwrap_or(usize::MAX), None)
    }
}

fn too_large(what: &str, limit: u64, name: &str) -> Error {
    Error::TooLarge { what: what.to_owned(), limit, place: Place::source(name) }
}
