//! Where records stand in a file: in a list, in a list within an object, or one after the other.

use super::stream::{More, Source};
use crate::error::{Error, Place};
use crate::model::{LogReader, Reading, TakeRecord};
use crate::provider::{LogSpec, Provider, TABLE};
use std::collections::BTreeMap;
use std::io::Read;

/// Members of an object that are lists of records.
const LISTS: &[&str] = &["Records", "records", "value", "Events", "events", "QueryResultRows"];
/// Members that may stand before them.
const LEADING: &[&str] = &[
    "@odata.context",
    "@odata.count",
    "@odata.nextLink",
    "NextToken",
    "QueryStatistics",
    "QueryStatus",
    "nextLink",
];

/// Faults of one file that are told one by one.
const MOST_FAULTS: usize = 20;
/// How long the first key of an object may be to be looked at.
const KEY_ROOM: usize = 256;

/// A kind of log, and the reader of one input.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) provider: &'static Provider,
    pub(super) spec: &'static LogSpec,
    reader: Box<dyn LogReader>,
}

impl Reader {
    /// One of each kind.
    pub(super) fn all() -> Vec<Reader> {
        let logs = TABLE
            .iter()
            .copied()
            .flat_map(|provider| provider.usage.logs.iter().map(move |spec| (provider, spec)));
        logs.map(|(provider, spec)| Reader { provider, spec, reader: (spec.reader)() }).collect()
    }
}

/// What became of one input.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Records that were read, by kind of log.
    pub(super) records: BTreeMap<&'static str, u64>,
    /// Records of something else.
    pub(super) foreign: u64,
    /// Whether it does not even begin like a log.
    pub(super) unlike: bool,
    /// Whether there was a list of records, or a record.
    pub(super) framed: bool,
    pub(super) faults: Vec<Error>,
    pub(super) more_faults: u64,
}

/// Takes a record, and of which provider it is.
pub(super) type Take<'t> =
    dyn FnMut(&'static Provider, crate::model::LogRecord<'_>) -> Result<(), Error> + 't;

/// Whether to go on with an input.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    On,
    Stop,
}

pub(super) struct Frame<'a, 's, R> {
    pub(super) name: &'a str,
    pub(super) source: Source<'s, R>,
    pub(super) readers: &'a mut [Reader],
    /// The reader of the last record.
    pub(super) current: usize,
    pub(super) outcome: Outcome,
}

impl<R: Read> Frame<'_, '_, R> {
    /// Reads the whole input. What cannot be read is noted, and what comes behind it read where its begin can be told.
    ///
    /// # Errors
    /// `cancelled`, `too_large` beyond the limits, and what `take` returns.
    pub(super) fn run(&mut self, take: &mut Take<'_>) -> Result<(), Error> {
        self.peek()?;
        if self.source.text().starts_with('\u{feff}') {
            self.source.advance('\u{feff}'.len_utf8());
        }
        while let Some(byte) = self.peek()? {
            let step = match byte {
                b'[' => {
                    self.source.advance(1);
                    self.list(take)?
                }
                b'{' if self.is_wrapper()? => {
                    self.source.advance(1);
                    self.members(take)?
                }
                b'{' => self.record(take, true)?,
                // What separates records in some files.
                b',' | b'\x1e' => {
                    self.source.advance(1);
                    Step::On
                }
                _ if self.outcome.framed => {
                    self.fault("expected a JSON object or a list of them");
                    self.next_line()?
                }
                // The first row of a table names its columns.
                b'"' | b'a'..=b'z' | b'A'..=b'Z' => self.table(take)?,
                _ => {
                    self.outcome.unlike = true;
                    Step::Stop
                }
            };
            if step == Step::Stop {
                break;
            }
        }
        if let Some(failure) = self.source.failure() {
            self.note(failure);
        }
        if let Some(byte) = self.source.garbled() {
            let place = Place::source(self.name).byte(byte);
            self.note(Error::malformed("bytes that are not UTF-8 text were replaced", place));
        }
        Ok(())
    }

    /// The next byte that is no white space.
    pub(super) fn peek(&mut self) -> Result<Option<u8>, Error> {
        loop {
            let bytes = self.source.bytes();
            match bytes.iter().position(|byte| !byte.is_ascii_whitespace()) {
                Some(at) => {
                    let byte = bytes.get(at).copied();
                    self.source.advance(at);
                    return Ok(byte);
                }
                None => {
                    self.source.advance(bytes.len());
                    if self.source.more()? != More::Some {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// The key of the member that begins with the next byte, which is a quote, as far as the bytes at hand tell.
    fn key(&mut self) -> Result<Option<String>, Error> {
        loop {
            let bytes = self.source.bytes();
            let rest = bytes.get(1..).unwrap_or(&[]);
            if let Some(end) = rest.iter().take(KEY_ROOM).position(|byte| *byte == b'"') {
                return Ok(rest.get(..end).and_then(|key| std::str::from_utf8(key).ok()).map(str::to_owned));
            }
            if rest.len() >= KEY_ROOM || self.source.more()? != More::Some {
                return Ok(None);
            }
        }
    }

    /// Whether the object that begins here holds a list of records, as its first key tells.
    fn is_wrapper(&mut self) -> Result<bool, Error> {
        loop {
            let bytes = self.source.bytes();
            let inner = bytes.get(1..).unwrap_or(&[]);
            let begin = inner.iter().position(|byte| !byte.is_ascii_whitespace());
            let key = begin.and_then(|begin| inner.get(begin..)).filter(|rest| rest.first() == Some(&b'"'));
            match (begin, key) {
                (Some(_), None) => return Ok(false),
                (Some(_), Some(key)) => {
                    let key = key.get(1..).unwrap_or(&[]);
                    if let Some(end) = key.iter().take(KEY_ROOM).position(|byte| *byte == b'"') {
                        let key = key.get(..end).unwrap_or(&[]);
                        return Ok(LISTS.iter().chain(LEADING).any(|known| known.as_bytes() == key));
                    }
                    if key.len() >= KEY_ROOM {
                        return Ok(false);
                    }
                }
                _ => {}
            }
            if self.source.more()? != More::Some {
                return Ok(false);
            }
        }
    }

    /// The members of an object that holds a list of records, behind its brace.
    fn members(&mut self, take: &mut Take<'_>) -> Result<Step, Error> {
        self.outcome.framed = true;
        loop {
            match self.peek()? {
                Some(b'}') => {
                    self.source.advance(1);
                    return Ok(Step::On);
                }
                Some(b',') => self.source.advance(1),
                Some(b'"') => {
                    let key = self.key()?;
                    if self.skip()? == Step::Stop || self.peek()? != Some(b':') {
                        return Ok(self.cut());
                    }
                    self.source.advance(1);
                    let list = key.is_some_and(|key| LISTS.contains(&key.as_str()));
                    let step = match self.peek()? {
                        Some(b'[') if list => {
                            self.source.advance(1);
                            self.list(take)?
                        }
                        Some(_) => self.skip()?,
                        None => Step::Stop,
                    };
                    if step == Step::Stop {
                        return Ok(self.cut());
                    }
                }
                _ => return Ok(self.cut()),
            }
        }
    }

    /// The records of a list, behind its bracket.
    fn list(&mut self, take: &mut Take<'_>) -> Result<Step, Error> {
        self.outcome.framed = true;
        loop {
            let step = match self.peek()? {
                Some(b']') => {
                    self.source.advance(1);
                    return Ok(Step::On);
                }
                Some(b',') => {
                    self.source.advance(1);
                    Step::On
                }
                Some(b'{') => self.record(take, false)?,
                Some(b'[') => self.row(take)?,
                Some(_) => {
                    self.fault("expected an object");
                    self.skip()?
                }
                None => return Ok(self.cut()),
            };
            if step == Step::Stop {
                return Ok(self.cut());
            }
        }
    }

    /// The object that begins here.
    fn record(&mut self, take: &mut Take<'_>, alone: bool) -> Result<Step, Error> {
        loop {
            match self.read(take)? {
                Reading::Read(length) => {
                    self.outcome.framed = true;
                    self.source.advance(length);
                    return Ok(Step::On);
                }
                Reading::Foreign(length) => {
                    self.outcome.foreign += 1;
                    self.source.advance(length);
                    return Ok(Step::On);
                }
                Reading::Cut => match self.source.more()? {
                    More::Some => {}
                    More::End => return Ok(self.cut()),
                    More::Full => {
                        let limit = self.source.bytes().len() as u64;
                        let place = self.place();
                        self.note(Error::TooLarge {
                            what: "size of one record in bytes".to_owned(),
                            limit,
                            place,
                        });
                        return self.skip();
                    }
                },
                Reading::Bad(reason) => {
                    self.fault(&format!("a record is not what it should be ({reason})"));
                    return if alone { self.next_line() } else { self.skip() };
                }
            }
        }
    }

    /// Asks the reader of the last record first, then the others.
    fn read(&mut self, take: &mut Take<'_>) -> Result<Reading, Error> {
        let count = self.readers.len();
        let mut foreign = Reading::Cut;
        for turn in 0..count {
            let at = (self.current + turn) % count;
            let Some(Reader { provider, spec, reader }) = self.readers.get_mut(at) else { continue };
            let provider: &'static Provider = provider;
            let take: &mut TakeRecord<'_> = &mut |record| take(provider, record);
            let reading = reader.read(self.source.text(), take)?;
            match reading {
                Reading::Foreign(_) => foreign = reading,
                Reading::Read(_) => {
                    self.current = at;
                    *self.outcome.records.entry(spec.name).or_default() += 1;
                    return Ok(reading);
                }
                other => return Ok(other),
            }
        }
        Ok(foreign)
    }

    /// A row of a query: a list of objects with one member each, which are brought together.
    fn row(&mut self, take: &mut Take<'_>) -> Result<Step, Error> {
        loop {
            let mut rows = serde_json::Deserializer::from_str(self.source.text())
                .into_iter::<Vec<serde_json::Map<String, serde_json::Value>>>();
            let error = match rows.next() {
                Some(Ok(row)) => {
                    let length = rows.byte_offset();
                    let whole: serde_json::Map<_, _> = row.into_iter().flatten().collect();
                    let text = serde_json::Value::Object(whole).to_string();
                    self.one(&text, take)?;
                    self.source.advance(length);
                    return Ok(Step::On);
                }
                Some(Err(error)) => error,
                None => return Ok(self.cut()),
            };
            if !error.is_eof() {
                self.fault(&format!("a row is not what it should be ({error})"));
                return self.skip();
            }
            match self.source.more()? {
                More::Some => {}
                More::End => return Ok(self.cut()),
                More::Full => {
                    self.fault("a row is too long");
                    return self.skip();
                }
            }
        }
    }

    /// A record that was put together.
    pub(super) fn one(&mut self, text: &str, take: &mut Take<'_>) -> Result<(), Error> {
        for Reader { provider, spec, reader } in self.readers.iter_mut() {
            let provider: &'static Provider = provider;
            match reader.read(text, &mut |record| take(provider, record))? {
                Reading::Read(_) => {
                    *self.outcome.records.entry(spec.name).or_default() += 1;
                    return Ok(());
                }
                Reading::Bad(reason) => {
                    self.fault(&format!("a record is not what it should be ({reason})"));
                    return Ok(());
                }
                Reading::Foreign(_) | Reading::Cut => {}
            }
        }
        self.outcome.foreign += 1;
        Ok(())
    }

    /// Passes over the value that begins here, however long it is.
    fn skip(&mut self) -> Result<Step, Error> {
        let (mut depth, mut in_text, mut escaped, mut begun) = (0_u64, false, false, false);
        loop {
            let bytes = self.source.bytes();
            for (at, byte) in bytes.iter().enumerate() {
                let mut done = false;
                if in_text {
                    match byte {
                        _ if escaped => escaped = false,
                        b'\\' => escaped = true,
                        b'"' => {
                            in_text = false;
                            done = depth == 0;
                        }
                        _ => {}
                    }
                } else {
                    match byte {
                        b'"' => in_text = true,
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' | b',' if depth == 0 && begun => {
                            // Behind a number or a word: not part of it.
                            self.source.advance(at);
                            return Ok(Step::On);
                        }
                        b'}' | b']' => {
                            depth = depth.saturating_sub(1);
                            done = depth == 0;
                        }
                        _ => {}
                    }
                }
                begun = true;
                if done {
                    self.source.advance(at + 1);
                    return Ok(Step::On);
                }
            }
            let held = bytes.len();
            self.source.advance(held);
            if self.source.more()? != More::Some {
                return Ok(Step::Stop);
            }
        }
    }

    pub(super) fn next_line(&mut self) -> Result<Step, Error> {
        loop {
            let bytes = self.source.bytes();
            if let Some(at) = bytes.iter().position(|byte| *byte == b'\n') {
                self.source.advance(at + 1);
                return Ok(Step::On);
            }
            let held = bytes.len();
            self.source.advance(held);
            if self.source.more()? != More::Some {
                return Ok(Step::Stop);
            }
        }
    }

    /// The input ends where it should not, or goes on as it should not.
    pub(super) fn cut(&mut self) -> Step {
        match self.source.failure() {
            Some(failure) => self.note(failure),
            None if self.outcome.faults.is_empty() => {
                self.fault("the input ends within a list or a record; what is missing was not read");
            }
            None => {}
        }
        Step::Stop
    }

    pub(super) fn fault(&mut self, reason: &str) {
        let place = self.place();
        self.note(Error::malformed(reason, place));
    }

    fn place(&self) -> Place {
        Place::source(self.name).byte(self.source.offset())
    }

    fn note(&mut self, error: Error) {
        if self.outcome.faults.len() < MOST_FAULTS {
            self.outcome.faults.push(error);
        } else {
            self.outcome.more_faults += 1;
        }
    }
}
