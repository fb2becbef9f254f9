//! What the bytes of an input hold: plain text, gzip, or an archive of entries. Told by content, never by name;
//! works on bytes that it is given, within limits; names of entries are labels, never paths.

mod meter;
mod name;
mod tar;
#[cfg(test)]
mod tests;
mod zip;

#[cfg(feature = "fs")]
pub(crate) use name::printable;

use crate::error::{Error, Place};
use crate::progress::Progress;
use flate2::read::MultiGzDecoder;
use meter::{Failure, Meter};
use std::borrow::Cow;
use std::io::Read;

/// How far an input may unfold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Bytes of one input once it is unpacked: of an archive, all entries together.
    pub(crate) max_bytes: u64,
    /// Entries of one archive, those included that are not read.
    pub(crate) max_entries: u64,
    /// Unpacked bytes for each packed byte.
    pub(crate) max_ratio: u64,
}

/// One input, as it came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Input<'a> {
    pub(crate) name: &'a str,
    pub(crate) bytes: &'a [u8],
    pub(crate) limits: Limits,
    pub(crate) progress: &'a Progress,
}

/// What an input turned out to hold.
#[derive(Debug)]
pub(crate) enum Content<'a> {
    /// One text, unpacked.
    Text(Cow<'a, [u8]>),
    Archive(Archive<'a>),
}

/// An archive whose entries were not read yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Archive<'a> {
    input: Input<'a>,
    form: Form,
}

/// Takes the entries of an archive: the name to show, and the bytes or why there are none. An error ends the walk.
pub(crate) type Visit<'v> = dyn FnMut(&str, Result<&[u8], Error>) -> Result<(), Error> + 'v;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    Plain,
    Gzip,
    Zip,
    Tar,
    TarGzip,
}

/// How many bytes tell the form of the rest: one tar header.
const HEAD: usize = 512;

fn form(bytes: &[u8]) -> Form {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        Form::Gzip
    } else if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        Form::Zip
    } else if tar::starts(bytes) {
        Form::Tar
    } else {
        Form::Plain
    }
}

/// Looks into an input and unpacks it, or leaves the entries to [`Archive::each`].
///
/// # Errors
/// `too_large`, `malformed`, `cancelled`; `too_deep` for what is packed twice.
pub(crate) fn open(input: Input<'_>) -> Result<Content<'_>, Error> {
    let form = match form(input.bytes) {
        Form::Plain => {
            let size = input.bytes.len() as u64;
            Meter::new(&input).declared(input.name, size).map_err(Failure::into_error)?;
            return Ok(Content::Text(Cow::Borrowed(input.bytes)));
        }
        Form::Gzip if gzip_head_is_tar(&input)? => Form::TarGzip,
        Form::Gzip => {
            let text = gunzip(&mut Meter::new(&input), input.name, input.bytes);
            return Ok(Content::Text(Cow::Owned(text.map_err(Failure::into_error)?)));
        }
        other => other,
    };
    Ok(Content::Archive(Archive { input, form }))
}

/// All that a stream gives, packed or not, within the limit on bytes; `expected` is its size, if that is known.
///
/// # Errors
/// `io` if the stream fails; `too_large`, `cancelled`.
pub(crate) fn receive(
    name: &str,
    reader: impl Read,
    expected: u64,
    limits: Limits,
    progress: &Progress,
) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    // Room made at once is made once. Where there is not that much, reading fails or ends earlier.
    let room = usize::try_from(expected.min(limits.max_bytes)).unwrap_or(0);
    bytes.try_reserve_exact(room).unwrap_or_default();
    let failed = |error: std::io::Error| Error::Io { reason: error.to_string(), place: Place::source(name) };
    let mut meter = Meter::of_stream(limits, progress);
    meter.read(name, reader, u64::MAX, &mut bytes, failed).map_err(Failure::into_error)?;
    Ok(bytes)
}

fn gzip_head_is_tar(input: &Input<'_>) -> Result<bool, Error> {
    let mut head = Vec::with_capacity(HEAD);
    let decoder = MultiGzDecoder::new(input.bytes);
    decoder
        .take(HEAD as u64)
        .read_to_end(&mut head)
        .map_err(|error| damaged("gzip data", input.name, &error))?;
    match form(&head) {
        Form::Plain => Ok(false),
        Form::Tar => Ok(true),
        _ => Err(nested(input.name)),
    }
}

/// One gzip file, which may have several members.
fn gunzip(meter: &mut Meter<'_>, name: &str, bytes: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    let (decoder, packed) = (MultiGzDecoder::new(bytes), bytes.len() as u64);
    meter.read(name, decoder, packed, &mut text, |error| damaged("gzip data", name, &error))?;
    Ok(text)
}

impl<'a> Archive<'a> {
    /// The same archive, read with another progress.
    pub(crate) fn with_progress(mut self, progress: &'a Progress) -> Self {
        self.input.progress = progress;
        self
    }

    /// Unpacks one entry after another and gives each to `visit`: regular files only, in the archive's order.
    ///
    /// # Errors
    /// What `visit` returns; `malformed` or `too_large` where the archive as a whole cannot be read on;
    /// `cancelled`. An entry that is bad by itself goes to `visit`.
    pub(crate) fn each(&self, visit: &mut Visit<'_>) -> Result<(), Error> {
        let mut entries = Entries { meter: Meter::new(&self.input), archive: self.input.name, visit };
        match self.form {
            Form::Zip => zip::each(self.input.bytes, &mut entries),
            Form::TarGzip => tar::each(MultiGzDecoder::new(self.input.bytes), &mut entries),
            _ => tar::each(self.input.bytes, &mut entries),
        }
    }
}

/// The way of an entry from its archive to the one who takes it.
struct Entries<'a, 'v, 'w> {
    meter: Meter<'a>,
    archive: &'a str,
    visit: &'v mut Visit<'w>,
}

impl Entries<'_, '_, '_> {
    /// The name to show for an entry.
    fn name(&self, entry: &[u8]) -> String {
        name::of_entry(self.archive, entry)
    }

    /// Gives an entry to the visitor: as it is, or unpacked once more where it is gzip.
    fn give(&mut self, name: &str, bytes: Result<&[u8], Failure>) -> Result<(), Error> {
        let unpacked;
        let bytes = match bytes {
            Ok(bytes) => match form(bytes) {
                Form::Plain => Ok(bytes),
                Form::Gzip => match gunzip(&mut self.meter, name, bytes) {
                    Ok(text) if form(&text) == Form::Plain => {
                        unpacked = text;
                        Ok(unpacked.as_slice())
                    }
                    Ok(_) => Err(Failure::Entry(nested(name))),
                    Err(failure) => Err(failure),
                },
                _ => Err(Failure::Entry(nested(name))),
            },
            Err(failure) => Err(failure),
        };
        match bytes {
            Ok(bytes) => (self.visit)(name, Ok(bytes)),
            Err(Failure::Entry(error)) => (self.visit)(name, Err(error)),
            Err(Failure::Archive(error)) => Err(error),
        }
    }
}

fn damaged(what: &str, name: &str, error: &dyn std::fmt::Display) -> Error {
    Error::malformed(format!("the {what} is damaged ({error}); pack or fetch it again"), Place::source(name))
}

/// An archive is opened, and gzip around it or around its entries; nothing deeper, since such inputs are built
/// to exhaust the reader.
fn nested(name: &str) -> Error {
    Error::TooDeep { limit: 1, place: Place::source(name) }
}
