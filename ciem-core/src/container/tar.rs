//! Tar archives. Headers that describe the next entry are read here, within limits of their own: the names that they carry
//! may be of any length.

use super::meter::{Failure, Meter};
use super::{Entries, HEAD, damaged};
use crate::error::{Error, Place};
use std::cell::Cell;
use std::io::Read;
use tar::{Archive, Entry, EntryType, Header, PaxExtensions};

const WHAT: &str = "tar archive";
/// The most bytes of a name, or of the attributes of an entry.
const MAX_DESCRIPTION: u64 = 1 << 16;
/// The most headers that describe one entry; each takes a block of the stream and could go on for ever.
const MAX_HEADERS: u32 = 8;

/// Whether these bytes start with the header of an entry: its checksum holds. Archives older than the mark `ustar` are
/// recognised too.
pub(super) fn starts(bytes: &[u8]) -> bool {
    let Some(head) = bytes.get(..HEAD).and_then(|head| <&[u8; HEAD]>::try_from(head).ok()) else {
        return false;
    };
    let mut header = Header::new_old();
    header.as_mut_bytes().copy_from_slice(head);
    let field = 148..156;
    let bytes = head.iter().enumerate();
    let sum: u32 =
        bytes.map(|(at, &byte)| if field.contains(&at) { u32::from(b' ') } else { u32::from(byte) }).sum();
    head.first() != Some(&0) && header.cksum().is_ok_and(|told| told == sum)
}

/// A stream that remembers how far it came.
struct Watched<'w, R> {
    reader: R,
    ended: &'w Cell<bool>,
    /// Something other than zeros was read last.
    filled: &'w Cell<bool>,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.ended.set(self.ended.get() || count == 0 && !buffer.is_empty());
        self.filled.set(buffer.iter().take(count).any(|&byte| byte != 0));
        Ok(count)
    }
}

pub(super) fn each(reader: impl Read, entries: &mut Entries<'_, '_, '_>) -> Result<(), Error> {
    let (ended, filled) = (Cell::new(false), Cell::new(false));
    let mut archive = Archive::new(Watched { reader, ended: &ended, filled: &filled });
    let archive_name = entries.archive;
    let whole = |error: std::io::Error| damaged(WHAT, archive_name, &error);
    let mut buffer = Vec::new();
    let mut next = Description::default();
    for entry in archive.entries().map_err(whole)?.raw(true) {
        let mut entry = entry.map_err(whole)?;
        let name = match &next.name {
            Some(name) => entries.name(name),
            None => entries.name(&entry.path_bytes()),
        };
        let size = entry.size();
        let kind = entry.header().entry_type();
        if describes_next(kind) {
            next.read(&mut entries.meter, &mut entry, kind, &name)?;
            continue;
        }
        entries.meter.entry(&name)?;
        let Description { size: stated, sparse, .. } = std::mem::take(&mut next);
        if stated.is_some_and(|stated| stated != size) {
            // Two readers of such an archive would see different entries.
            let reason = "the entry states two sizes";
            entries.meter.declared(&name, stated.unwrap_or(size)).map_err(Failure::into_error)?;
            return Err(damaged(WHAT, &name, &reason));
        }
        if sparse || kind == EntryType::GNUSparse {
            let reason = "the entry is a sparse file, which is not read; pack it without `--sparse`";
            entries.meter.skipped(&name, size).map_err(Failure::into_error)?;
            entries.give(&name, Err(Failure::Entry(Error::malformed(reason, Place::source(&name)))))?;
        } else if kind.is_file() || kind.is_contiguous() {
            buffer.clear();
            let read = content(&mut entries.meter, &mut entry, &name, &mut buffer);
            entries.give(&name, read.map(|()| buffer.as_slice()))?;
        } else {
            entries.meter.skipped(&name, size).map_err(Failure::into_error)?;
        }
    }
    if ended.get() {
        return Err(damaged(WHAT, archive_name, &"it ends without its end mark; it may be cut off"));
    }
    finish(archive.into_inner(), entries, &filled)
}

/// What follows the end mark is padding; where the archive is packed, reading it also checks the packing's end.
fn finish(mut rest: impl Read, entries: &mut Entries<'_, '_, '_>, filled: &Cell<bool>) -> Result<(), Error> {
    let mut padding = [0_u8; 8192];
    let name = entries.archive;
    loop {
        match rest.read(&mut padding) {
            Ok(0) => return Ok(()),
            Ok(count) => {
                entries.meter.skipped(name, count as u64).map_err(Failure::into_error)?;
                if filled.get() {
                    return Err(damaged(WHAT, name, &"something follows its end mark"));
                }
            }
            Err(error) => return Err(damaged(WHAT, name, &error)),
        }
    }
}

/// The bytes of an entry. A stream that fails in the middle of one is lost.
fn content<R: Read>(
    meter: &mut Meter<'_>,
    entry: &mut Entry<'_, R>,
    name: &str,
    buffer: &mut Vec<u8>,
) -> Result<(), Failure> {
    let size = entry.size();
    meter.declared(name, size)?;
    let read = meter.read(name, entry, size, buffer, |error| damaged(WHAT, name, &error));
    match read {
        Err(failure) => Err(Failure::Archive(failure.into_error())),
        Ok(()) if buffer.len() as u64 != size => {
            Err(Failure::Archive(damaged(WHAT, name, &"it ends in the middle of an entry")))
        }
        Ok(()) => Ok(()),
    }
}

fn describes_next(kind: EntryType) -> bool {
    kind.is_gnu_longname() || kind.is_pax_local_extensions()
}

/// What headers say of the entry that follows them.
#[derive(Default)]
struct Description {
    name: Option<Vec<u8>>,
    size: Option<u64>,
    sparse: bool,
    headers: u32,
}

impl Description {
    fn read<R: Read>(
        &mut self,
        meter: &mut Meter<'_>,
        entry: &mut Entry<'_, R>,
        kind: EntryType,
        name: &str,
    ) -> Result<(), Error> {
        self.headers += 1;
        if self.headers > MAX_HEADERS {
            return Err(damaged(WHAT, name, &"too many headers describe one entry"));
        }
        if entry.size() > MAX_DESCRIPTION {
            let what = "size in bytes of an entry's name".to_owned();
            return Err(Error::TooLarge { what, limit: MAX_DESCRIPTION, place: Place::source(name) });
        }
        let mut bytes = Vec::new();
        content(meter, entry, name, &mut bytes).map_err(Failure::into_error)?;
        if kind.is_gnu_longname() {
            let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
            bytes.truncate(end);
            self.name = Some(bytes);
            return Ok(());
        }
        for extension in PaxExtensions::new(&bytes) {
            let extension = extension.map_err(|error| damaged(WHAT, name, &error))?;
            match extension.key_bytes() {
                b"path" => self.name = Some(extension.value_bytes().to_vec()),
                b"size" => {
                    let size = extension.value().ok().and_then(|size| size.parse().ok());
                    let size = size.ok_or_else(|| damaged(WHAT, name, &"a size is not a number"))?;
                    self.size = Some(size);
                }
                key => self.sparse |= key.starts_with(b"GNU.sparse."),
            }
        }
        Ok(())
    }
}
