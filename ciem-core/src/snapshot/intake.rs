//! One input on its way into the facts: unpacked, handed to the reader that knows it, kept whole or not at all.

use super::builder::SnapshotBuilder;
use super::options::OnError;
use crate::container::{self, Archive, Content, Input};
use crate::error::{Error, Place};
use crate::model::Facts;
use crate::progress::{Cancel, Progress};
use crate::provider::{Provider, TABLE};

/// How an input came: the caller named it, or it was found in a folder or an archive, where other things may lie too.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Origin {
    Named,
    Found,
}

impl SnapshotBuilder {
    /// Reads an input that the caller named; after a failure the builder is as it was before.
    pub(super) fn take_whole(&mut self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let progress = self.options.progress.clone();
        let archive = match self.open(name, bytes, &progress)? {
            Content::Text(text) => return self.read(name, &text, Origin::Named),
            Content::Archive(archive) => archive,
        };
        if self.options.on_error == OnError::Skip {
            return self.read_archive(name, &archive);
        }
        if self.is_empty() {
            return self.read_archive(name, &archive).inspect_err(|_| self.clear());
        }
        // Facts cannot be taken back one by one, and a copy of all would cost more with every archive. So the archive is
        // read twice: into the void first. After that it cannot fail, and must not be stopped half way.
        self.rehearse(name, &archive)?;
        let to_the_end = progress.clone().with_cancel(Cancel::new());
        self.read_archive(name, &archive.with_progress(&to_the_end))
    }

    /// Reads an input for a load that gives up at the first failure; what was kept of an archive until then stays.
    #[cfg(feature = "fs")]
    pub(crate) fn take_in(&mut self, name: &str, bytes: &[u8], origin: Origin) -> Result<(), Error> {
        let progress = self.options.progress.clone();
        let taken = match self.open(name, bytes, &progress)? {
            Content::Text(text) => self.read(name, &text, origin),
            Content::Archive(archive) => self.read_archive(name, &archive),
        };
        match taken {
            Err(error @ Error::Unrecognised { .. }) if origin == Origin::Found => {
                self.skipped(name, &error);
                Ok(())
            }
            other => other,
        }
    }

    fn open<'a>(&self, name: &'a str, bytes: &'a [u8], progress: &'a Progress) -> Result<Content<'a>, Error> {
        container::open(Input { name, bytes, limits: self.options.limits, progress })
    }

    fn is_empty(&self) -> bool {
        self.unrecognised.is_empty() && self.facts.iter().all(|(_, facts, _)| facts.is_empty())
    }

    fn clear(&mut self) {
        self.unrecognised.clear();
        self.facts.iter_mut().for_each(|(_, facts, _)| *facts = Facts::default());
    }

    fn read_archive(&mut self, name: &str, archive: &Archive<'_>) -> Result<(), Error> {
        let listed = self.unrecognised.len();
        let mut known = false;
        archive.each(&mut |entry, bytes| {
            match bytes.and_then(|bytes| self.read(entry, bytes, Origin::Found)) {
                Ok(()) => known = true,
                Err(error @ Error::Unrecognised { .. }) => self.skipped(entry, &error),
                Err(error) => {
                    self.failed(entry, error)?;
                    known = true;
                }
            }
            Ok(())
        })?;
        if known {
            return Ok(());
        }
        // One line for the archive says it all.
        self.unrecognised.truncate(listed);
        Err(Error::Unrecognised { place: Place::source(name) })
    }

    /// Fails where reading the archive would.
    fn rehearse(&self, name: &str, archive: &Archive<'_>) -> Result<(), Error> {
        let mut known = false;
        let mut size = 0_u64;
        archive.each(&mut |entry, bytes| {
            let bytes = bytes?;
            let text = match decode(entry, bytes, Origin::Found) {
                Err(Error::Unrecognised { .. }) => return Ok(()),
                text => text?,
            };
            let recognised =
                offer(TABLE.iter().copied(), |provider| (provider.read)(&mut Facts::default(), entry, text))?;
            if recognised {
                known = true;
                size += text.len() as u64;
            }
            Ok(())
        })?;
        for (_, facts, _) in &self.facts {
            room_for(facts, name, size)?;
        }
        if known { Ok(()) } else { Err(Error::Unrecognised { place: Place::source(name) }) }
    }

    fn read(&mut self, name: &str, bytes: &[u8], origin: Origin) -> Result<(), Error> {
        let text = decode(name, bytes, origin)?;
        for (_, facts, _) in &self.facts {
            room_for(facts, name, text.len() as u64)?;
        }
        let mut facts = self.facts.iter_mut();
        let providers = TABLE.iter().copied();
        let recognised =
            offer(providers, |provider| match facts.find(|(of, _, _)| of.name == provider.name) {
                Some((provider, facts, _)) => (provider.read)(facts, name, text),
                None => Ok(false),
            })?;
        if recognised { Ok(()) } else { Err(Error::Unrecognised { place: Place::source(name) }) }
    }
}

/// Shows an input to one provider after the other, until one recognises it; from then on only to others of its family.
/// INVARIANT: readers of a family accept and refuse the same inputs, so that one of them is never left half read.
fn offer(
    providers: impl Iterator<Item = &'static Provider>,
    mut read: impl FnMut(&'static Provider) -> Result<bool, Error>,
) -> Result<bool, Error> {
    let mut family = None;
    for provider in providers {
        if family.is_none_or(|family| family == provider.family) && read(provider)? {
            family = Some(provider.family);
        }
    }
    Ok(family.is_some())
}

/// Interned text is addressed by 32 bits; refuses before an id could overflow.
fn room_for(facts: &Facts, name: &str, size: u64) -> Result<(), Error> {
    let limit = u64::from(u32::MAX);
    if facts.text_bytes().saturating_add(size) > limit {
        let what = "size in bytes of all inputs together".to_owned();
        return Err(Error::TooLarge { what, limit, place: Place::source(name) });
    }
    Ok(())
}

/// The text of an input.
fn decode<'b>(name: &str, bytes: &'b [u8], origin: Origin) -> Result<&'b str, Error> {
    let utf16 = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        // Pictures and programs lie about in folders. What starts like an export should have been one.
        let like_export =
            utf16 || bytes.trim_ascii_start().starts_with(b"{") || bytes.trim_ascii_start().starts_with(b"[");
        if origin == Origin::Found && !like_export {
            return Error::Unrecognised { place: Place::source(name) };
        }
        let line = bytes.iter().take(error.valid_up_to()).filter(|b| **b == b'\n').count() as u64 + 1;
        Error::malformed("the input is not UTF-8 text", Place::source(name).line(line))
    })
}
