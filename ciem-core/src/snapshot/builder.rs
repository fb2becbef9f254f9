//! Bytes in, a snapshot out.

use super::estate::Estate;
use super::freeze::freeze;
use super::known::Known;
use super::universe::Universe;
use super::{Inner, Snapshot};
use crate::error::{Error, Place};
use crate::model::{Catalog, Facts, FileReport};
use crate::progress::Progress;
use crate::provider::{Provider, TABLE};
use std::io::Read;
use std::sync::Arc;

/// The most bytes one input may have once it is unpacked, unless the caller says otherwise: 4 GiB of text is
/// what one snapshot can address.
const DEFAULT_MAX_BYTES: u64 = 2 << 30;
/// A gzip member never yields more than about 1,032 bytes per byte; beyond this ratio the input is a bomb.
const MAX_RATIO: u64 = 2_000;

/// Gathers exports, in any order, and freezes them into a [`Snapshot`].
///
/// ```
/// use ciem_core::{Request, SnapshotBuilder, Verdict};
///
/// let export = br#"{"UserDetailList": [{"Arn": "arn:aws:iam::111122223333:user/ana", "UserName": "ana",
///     "UserId": "AIDAEXAMPLE", "Path": "/", "UserPolicyList": [{"PolicyName": "read", "PolicyDocument":
///     {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}}}]}],
///     "GroupDetailList": [], "RoleDetailList": [], "Policies": []}"#;
/// let mut builder = SnapshotBuilder::new();
/// builder.add("account.json", export)?;
/// let snapshot = builder.finish()?;
/// let request = Request::new("ana", "s3:GetObject", "arn:aws:s3:::reports/q1.csv");
/// assert_eq!(snapshot.can(&request)?.verdict, Verdict::Allow);
/// # Ok::<(), ciem_core::Error>(())
/// ```
#[derive(Debug)]
pub struct SnapshotBuilder {
    facts: Vec<(&'static Provider, Facts, Catalog)>,
    unrecognised: Vec<FileReport>,
    options: LoadOptions,
}

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
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct LoadOptions {
    pub(crate) on_error: OnError,
    pub(crate) max_bytes: Option<u64>,
    pub(crate) progress: Progress,
    pub(crate) catalog: Option<String>,
}

impl LoadOptions {
    /// What to do with an input that cannot be read.
    #[must_use]
    pub fn on_error(mut self, on_error: OnError) -> Self {
        self.on_error = on_error;
        self
    }

    /// The most bytes one input may have, unpacked; 2 GiB without it.
    #[must_use]
    pub fn max_bytes(mut self, max_bytes: u64) -> Self {
        self.max_bytes = Some(max_bytes);
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

impl Default for SnapshotBuilder {
    fn default() -> Self {
        SnapshotBuilder::new()
    }
}

impl SnapshotBuilder {
    /// An empty builder with the built-in catalogues.
    pub fn new() -> Self {
        let facts = TABLE.iter().map(|p| (*p, Facts::default(), (p.catalog)())).collect();
        SnapshotBuilder { facts, unrecognised: Vec::new(), options: LoadOptions::default() }
    }

    /// An empty builder that keeps to `options`.
    pub fn with_options(options: &LoadOptions) -> Self {
        SnapshotBuilder { options: options.clone(), ..SnapshotBuilder::new() }
    }

    fn max_bytes(&self) -> u64 {
        self.options.max_bytes.unwrap_or(DEFAULT_MAX_BYTES)
    }

    /// Replaces the catalogue of its provider; [`Catalog::extend`] adds to one.
    ///
    /// # Errors
    /// `invalid_request` if no provider has that name.
    pub fn catalog(&mut self, catalog: Catalog) -> Result<(), Error> {
        let entry = self.facts.iter_mut().find(|(p, _, _)| p.name == catalog.provider());
        let Some((_, _, old)) = entry else {
            return Err(Error::invalid("catalog", "no provider of that name"));
        };
        *old = catalog;
        Ok(())
    }

    /// Adds a catalogue in its JSON form to the built-in one of its provider.
    ///
    /// # Errors
    /// As [`Catalog::extend`]; nothing is changed then.
    pub fn extend_catalog(&mut self, json: &[u8]) -> Result<(), Error> {
        let provider = Catalog::from_json_provider(json)?;
        match self.facts.iter_mut().find(|(p, _, _)| p.name == provider) {
            Some((_, _, catalog)) => catalog.extend(json),
            None => Err(Error::invalid("catalog", "no provider of that name")),
        }
    }

    /// Reads one export: JSON, plain or gzip. What it is, is told by its content; `name` is for messages.
    /// If it fails, nothing of it is kept, and nothing that was added before is lost.
    ///
    /// # Errors
    /// `malformed`, `too_deep` or `too_large` with the place; `unrecognised` if no reader knows it. With
    /// [`OnError::Skip`] the failure is listed in `coverage` instead.
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        match self.read(name, bytes) {
            Err(error) if self.options.on_error == OnError::Skip => {
                self.skipped(name, &error);
                Ok(())
            }
            result => result,
        }
    }

    fn read(&mut self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let unpacked;
        let bytes = if bytes.starts_with(&[0x1f, 0x8b]) {
            let limit = self.max_bytes().min((bytes.len() as u64).saturating_mul(MAX_RATIO));
            unpacked = read_all(name, flate2::read::MultiGzDecoder::new(bytes), limit)?;
            unpacked.as_slice()
        } else {
            bytes
        };
        if bytes.len() as u64 > self.max_bytes() {
            return Err(too_large(name, self.max_bytes()));
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let line = bytes.iter().take(error.valid_up_to()).filter(|b| **b == b'\n').count() as u64 + 1;
            Error::malformed("the input is not UTF-8 text", Place::source(name).line(line))
        })?;
        for (provider, facts, _) in &mut self.facts {
            // Interned text is addressed by 32 bits; refuse before an id could overflow.
            if facts.texts.bytes() as u64 + text.len() as u64 > u64::from(u32::MAX) {
                return Err(too_large(name, u64::from(u32::MAX)));
            }
            if (provider.read)(facts, name, text)? {
                return Ok(());
            }
        }
        Err(Error::Unrecognised { place: Place::source(name) })
    }

    /// As [`SnapshotBuilder::add`], from a stream.
    ///
    /// # Errors
    /// As `add`; `io` if the stream fails.
    pub fn add_reader(&mut self, name: &str, reader: impl Read) -> Result<(), Error> {
        let bytes = read_all(name, reader, self.max_bytes())?;
        self.add(name, &bytes)
    }

    /// The bytes of a stream, within the limit.
    #[cfg(feature = "fs")]
    pub(crate) fn read_stream(&self, name: &str, reader: impl Read) -> Result<Vec<u8>, Error> {
        read_all(name, reader, self.max_bytes())
    }

    /// As `add`; what was only found, not named, may be none of ours.
    #[cfg(feature = "fs")]
    pub(crate) fn add_found(&mut self, name: &str, bytes: &[u8], named: bool) -> Result<(), Error> {
        match self.read(name, bytes) {
            Err(error @ Error::Unrecognised { .. }) if !named => {
                self.skipped(name, &error);
                Ok(())
            }
            result => result,
        }
    }

    /// An input that failed: an error, or a line in `coverage`.
    #[cfg(feature = "fs")]
    pub(crate) fn failed(&mut self, name: &str, error: Error) -> Result<(), Error> {
        if self.options.on_error == OnError::Raise || matches!(error, Error::Cancelled) {
            return Err(error);
        }
        self.skipped(name, &error);
        Ok(())
    }

    /// Lists an input that was not read, with the reason, in `coverage`.
    pub fn skipped(&mut self, name: &str, reason: &Error) {
        self.unrecognised.push(FileReport {
            name: name.to_owned(),
            kind: "unrecognised".to_owned(),
            records: 0,
            errors: vec![reason.to_string()],
        });
    }

    /// Resolves references, closes hierarchies and builds the indexes.
    ///
    /// # Errors
    /// `too_large` beyond 65,535 distinct permissions; `cancelled`.
    pub fn finish(mut self) -> Result<Snapshot, Error> {
        if let Some(json) = self.options.catalog.take() {
            self.extend_catalog(json.as_bytes())?;
        }
        let mut estates: Vec<Estate> = Vec::new();
        let mut coverages = Vec::new();
        for (provider, mut facts, catalog) in self.facts {
            (provider.finish)(&mut facts);
            let universe = Universe::of_facts(Known::of(provider, catalog), &facts)?;
            let (estate, coverage) = freeze(provider, universe, facts, &self.options.progress)?;
            estates.push(estate);
            coverages.push(coverage);
        }
        Ok(Snapshot(Arc::new(Inner { estates, coverages, unrecognised: self.unrecognised })))
    }
}

fn too_large(name: &str, limit: u64) -> Error {
    Error::TooLarge { what: "size in bytes".to_owned(), limit, place: Place::source(name) }
}

fn read_all(name: &str, reader: impl Read, limit: u64) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    reader.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| match error.kind() {
        std::io::ErrorKind::InvalidInput
        | std::io::ErrorKind::InvalidData
        | std::io::ErrorKind::UnexpectedEof => {
            Error::malformed(format!("the gzip data is damaged ({error})"), Place::source(name))
        }
        _ => Error::Io { reason: error.to_string(), place: Place::source(name) },
    })?;
    if bytes.len() as u64 > limit { Err(too_large(name, limit)) } else { Ok(bytes) }
}
