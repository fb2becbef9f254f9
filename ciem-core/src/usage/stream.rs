//! Bytes of a log as they come: unpacked, in one buffer that a record has to fit into.

use crate::container::Limits;
use crate::error::{Error, Place};
use crate::progress::Progress;
use flate2::bufread::MultiGzDecoder;
use std::io::{BufReader, Chain, Cursor, ErrorKind, Read};

/// Bytes that are held for as long as records are short.
const USUAL: usize = 512 << 10;
/// The longest record. Parameters of calls are cut by the provider long before.
const LONGEST: usize = 16 << 20;
/// Unpacked sizes that no ratio makes dangerous.
const HARMLESS: u64 = 16 << 20;

/// The stream, with the bytes that were looked at to tell what it is put back.
type Whole<R> = Counted<Chain<Cursor<Vec<u8>>, R>>;

enum Unpacking<R> {
    Plain(Whole<R>),
    Gzip(Box<MultiGzDecoder<BufReader<Whole<R>>>>),
}

struct Counted<R> {
    inner: R,
    count: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(out)?;
        self.count += read as u64;
        Ok(read)
    }
}

/// What came of an attempt to get more bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum More {
    Some,
    /// There is nothing more, or it cannot be read.
    End,
    /// What is held is as long as a record may be.
    Full,
}

pub(super) struct Source<'a, R> {
    name: &'a str,
    input: Unpacking<R>,
    limits: Limits,
    progress: &'a Progress,
    /// What is held, and where what is left of it begins.
    text: String,
    start: usize,
    /// As it comes: begins with the bytes of a character that was cut in two.
    raw: Vec<u8>,
    cut: usize,
    /// Bytes before the text.
    passed: u64,
    failure: Option<Error>,
    /// Where the first bytes stand that are no text.
    garbled: Option<u64>,
}

impl<'a, R: Read> Source<'a, R> {
    /// # Errors
    /// `io` where not even the first bytes can be read.
    pub(super) fn new(
        name: &'a str,
        mut reader: R,
        limits: Limits,
        progress: &'a Progress,
    ) -> Result<Self, Error> {
        let mut head = Vec::with_capacity(2);
        let failed =
            |error: std::io::Error| Error::Io { reason: error.to_string(), place: Place::source(name) };
        reader.by_ref().take(2).read_to_end(&mut head).map_err(failed)?;
        let packed = head == [0x1f, 0x8b];
        let whole = Counted { inner: Cursor::new(head).chain(reader), count: 0 };
        let input = if packed {
            Unpacking::Gzip(Box::new(MultiGzDecoder::new(BufReader::with_capacity(64 << 10, whole))))
        } else {
            Unpacking::Plain(whole)
        };
        let raw = vec![0; USUAL];
        let text = String::with_capacity(2 * USUAL);
        let (passed, failure, garbled) = (0, None, None);
        Ok(Source { name, input, limits, progress, text, start: 0, raw, cut: 0, passed, failure, garbled })
    }

    /// The text that is held.
    pub(super) fn text(&self) -> &str {
        self.text.get(self.start..).unwrap_or("")
    }

    /// The same as bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        self.text().as_bytes()
    }

    /// Passes over bytes.
    pub(super) fn advance(&mut self, bytes: usize) {
        self.start = self.start.saturating_add(bytes).min(self.text.len());
    }

    /// Where in the unpacked input the text begins.
    pub(super) fn offset(&self) -> u64 {
        self.passed + self.start as u64
    }

    /// Why the input ended before its end.
    pub(super) fn failure(&mut self) -> Option<Error> {
        self.failure.take()
    }

    /// Where there were bytes that are no text; they were replaced.
    pub(super) fn garbled(&self) -> Option<u64> {
        self.garbled
    }

    /// Gets more text behind what is held.
    ///
    /// # Errors
    /// `too_large`, `cancelled`.
    pub(super) fn more(&mut self) -> Result<More, Error> {
        if self.failure.is_some() {
            return Ok(More::End);
        }
        if self.start > 0 {
            self.passed += self.start as u64;
            self.text.drain(..self.start);
            self.start = 0;
        }
        if self.text.len() >= LONGEST {
            return Ok(More::Full);
        }
        self.progress.poll("reading bytes", usize::try_from(self.unpacked()).unwrap_or(usize::MAX), None)?;
        let room = self.raw.get_mut(self.cut..).unwrap_or(&mut []);
        let read = loop {
            let read = match &mut self.input {
                Unpacking::Plain(reader) => reader.read(room),
                Unpacking::Gzip(reader) => reader.read(room),
            };
            match read {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        match read {
            Ok(0) => Ok(More::End),
            Ok(bytes) => {
                self.take(self.cut + bytes);
                self.within_limits()?;
                Ok(More::Some)
            }
            Err(error) => {
                self.failure = Some(self.explain(&error));
                Ok(More::End)
            }
        }
    }

    /// Appends so many raw bytes to the text. Bytes that are no text are replaced: the record in which they stand can
    /// still be read.
    fn take(&mut self, bytes: usize) {
        let mut done = 0;
        loop {
            let rest = self.raw.get(done..bytes).unwrap_or(&[]);
            match std::str::from_utf8(rest) {
                Ok(text) => {
                    self.text.push_str(text);
                    self.cut = 0;
                    return;
                }
                Err(error) => {
                    let (good, bad) = rest.split_at_checked(error.valid_up_to()).unwrap_or((rest, &[]));
                    self.text.push_str(std::str::from_utf8(good).unwrap_or(""));
                    done += good.len();
                    match error.error_len() {
                        Some(length) => {
                            self.garbled = self.garbled.or(Some(self.unpacked()));
                            self.text.push(char::REPLACEMENT_CHARACTER);
                            done += length;
                        }
                        None => {
                            self.cut = bad.len();
                            self.raw.copy_within(done..bytes, 0);
                            return;
                        }
                    }
                }
            }
        }
    }

    fn unpacked(&self) -> u64 {
        self.passed + self.text.len() as u64
    }

    fn within_limits(&self) -> Result<(), Error> {
        let unpacked = self.unpacked();
        let too_large = |what: &str, limit: u64| {
            let (what, place) = (what.to_owned(), Place::source(self.name));
            Err(Error::TooLarge { what, limit, place })
        };
        if unpacked > self.limits.max_bytes {
            return too_large("size in bytes", self.limits.max_bytes);
        }
        if let Unpacking::Gzip(reader) = &self.input {
            let packed = reader.get_ref().get_ref().count;
            if unpacked > HARMLESS && unpacked > packed.saturating_mul(self.limits.max_ratio) {
                return too_large("decompression ratio", self.limits.max_ratio);
            }
        }
        Ok(())
    }

    fn explain(&self, error: &std::io::Error) -> Error {
        let place = Place::source(self.name).byte(self.unpacked());
        match (&self.input, error.kind()) {
            (Unpacking::Gzip(_), ErrorKind::UnexpectedEof) => {
                Error::malformed("the gzip data is cut off; what comes after was not read", place)
            }
            (Unpacking::Gzip(_), ErrorKind::InvalidInput | ErrorKind::InvalidData) => Error::malformed(
                format!("the gzip data is damaged ({error}); what comes after was not read"),
                place,
            ),
            _ => Error::Io { reason: error.to_string(), place },
        }
    }
}
