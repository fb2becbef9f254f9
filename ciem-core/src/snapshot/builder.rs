//! Bytes in, a snapshot out.

use super::estate::Estate;
use super::freeze::freeze;
use super::known::Known;
use super::options::{LoadOptions, OnError};
use super::universe::Universe;
use super::{Inner, Snapshot};
use crate::container;
use crate::error::Error;
use crate::model::{Catalog, Facts, FileReport};
use crate::provider::{Provider, TABLE};
use std::io::Read;
use std::sync::Arc;

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
    pub(super) facts: Vec<(&'static Provider, Facts, Catalog)>,
    pub(super) unrecognised: Vec<FileReport>,
    pub(super) options: LoadOptions,
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
    /// ```
    /// use ciem_core::SnapshotBuilder;
    ///
    /// let mut builder = SnapshotBuilder::new();
    /// builder.extend_catalog(
    ///     br#"{"version": "mine", "provider": "aws", "permissions": [{"name": "s3:NewAction", "access": "read"}]}"#,
    /// )?;
    /// let snapshot = builder.finish()?;
    /// assert!(snapshot.permissions().any(|row| row.permission == "s3:NewAction"));
    /// # Ok::<(), ciem_core::Error>(())
    /// ```
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

    /// Reads one input: exports as JSON, plain or gzip, or a zip or tar archive of such (tar also in gzip). What it
    /// is, is told by its content; `name` is for messages, and an archive's entries are called `name!entry`. If
    /// it fails, nothing of it is kept, and nothing that was added before is lost.
    ///
    /// Entries of an archive that no reader recognises are listed in `coverage`. Entries may be gzip; an archive
    /// within an archive is `too_deep`.
    ///
    /// ```
    /// use ciem_core::SnapshotBuilder;
    ///
    /// let mut builder = SnapshotBuilder::new();
    /// builder.add("roots.json", br#"{"Roots": [{"Id": "r-1"}]}"#)?;
    /// assert_eq!(builder.add("notes.txt", b"hello").unwrap_err().code(), "unrecognised");
    /// let snapshot = builder.finish()?;
    /// # Ok::<(), ciem_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `malformed`, `too_deep` or `too_large` with the place; `unrecognised` if no reader knows it, or nothing in
    /// it; `cancelled`. With [`OnError::Skip`] the failure is listed in `coverage` instead, and of an archive only
    /// the entry that failed is lost.
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        match self.take_whole(name, bytes) {
            Ok(()) => Ok(()),
            Err(error) => self.failed(name, error),
        }
    }

    /// As [`SnapshotBuilder::add`], from a stream. At most `max_bytes` of it are held, and one entry of what it
    /// holds.
    ///
    /// ```
    /// use ciem_core::SnapshotBuilder;
    ///
    /// let stream: &[u8] = br#"{"Roots": [{"Id": "r-1"}]}"#;
    /// let mut builder = SnapshotBuilder::new();
    /// builder.add_reader("roots.json", stream)?;
    /// # Ok::<(), ciem_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As `add`; `io` if the stream fails.
    pub fn add_reader(&mut self, name: &str, reader: impl Read) -> Result<(), Error> {
        match self.receive(name, reader, 0) {
            Ok(bytes) => self.add(name, &bytes),
            Err(error) => self.failed(name, error),
        }
    }

    /// The bytes of a stream, within the limit; `expected` is its size, if that is known.
    pub(crate) fn receive(&self, name: &str, reader: impl Read, expected: u64) -> Result<Vec<u8>, Error> {
        container::receive(name, reader, expected, self.options.limits, &self.options.progress)
    }

    /// An input that failed: an error, or a line in `coverage`.
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
        for (provider, mut facts, mut catalog) in self.facts {
            (provider.finish)(&mut facts);
            catalog.add_listed(&facts.listed)?;
            let universe = Universe::of_facts(Known::of(provider, catalog), &facts)?;
            let (estate, coverage) = freeze(provider, universe, facts, &self.options.progress)?;
            estates.push(estate);
            coverages.push(coverage);
        }
        Ok(Snapshot(Arc::new(Inner { estates, coverages, unrecognised: self.unrecognised })))
    }
}
