//! Zip archives. Every record of the central directory is an entry, so that two of one name are both seen.

use super::Entries;
use super::damaged;
use super::meter::Failure;
use crate::error::{Error, Place};
use flate2::bufread::DeflateDecoder;
use rawzip::{CompressionMethod, ZipArchive, ZipFileHeaderRecord, ZipSliceArchive};

const WHAT: &str = "zip archive";

pub(super) fn each(bytes: &[u8], entries: &mut Entries<'_, '_, '_>) -> Result<(), Error> {
    let archive = ZipArchive::from_slice(bytes).map_err(|error| damaged(WHAT, entries.archive, &error))?;
    entries.meter.entries_within(archive.entries_hint(), entries.archive)?;
    let mut records = archive.entries();
    let mut count = 0_u64;
    let mut buffer = Vec::new();
    loop {
        let record = records.next_entry().map_err(|error| damaged(WHAT, entries.archive, &error))?;
        let Some(record) = record else { break };
        let name = entries.name(record.file_path().as_ref());
        count += 1;
        entries.meter.entry(&name)?;
        if record.is_dir() || record.mode().is_symlink() {
            continue;
        }
        buffer.clear();
        let read = unpack(&archive, &record, &name, entries, &mut buffer);
        entries.give(&name, read.map(|()| buffer.as_slice()))?;
    }
    // Archives of more entries than the field holds without the zip64 record keep the lower 16 bits of their number.
    if count % 0x1_0000 != archive.entries_hint() % 0x1_0000 {
        return Err(damaged(
            WHAT,
            entries.archive,
            &"its directory does not list as many entries as it says",
        ));
    }
    Ok(())
}

fn unpack(
    archive: &ZipSliceArchive<&[u8]>,
    record: &ZipFileHeaderRecord<'_>,
    name: &str,
    entries: &mut Entries<'_, '_, '_>,
    buffer: &mut Vec<u8>,
) -> Result<(), Failure> {
    let refuse = |reason: String| Failure::Entry(Error::malformed(reason, Place::source(name)));
    let flags = record.flags();
    if flags.is_encrypted() || flags.has_strong_encryption() || flags.is_masked() {
        return Err(refuse(
            "the entry is encrypted; decrypt it, and pack or load it without password".to_owned(),
        ));
    }
    entries.meter.declared(name, record.uncompressed_size_hint())?;
    let entry = archive.get_entry(record.wayfinder());
    let entry = entry.map_err(|error| Failure::Entry(damaged(WHAT, name, &error)))?;
    let (data, explain) = (entry.data(), |error: std::io::Error| damaged(WHAT, name, &error));
    let packed = data.len() as u64;
    match record.compression_method() {
        CompressionMethod::STORE => {
            entries.meter.read(name, entry.verifying_reader(data), packed, buffer, explain)
        }
        CompressionMethod::DEFLATE => {
            let reader = entry.verifying_reader(DeflateDecoder::new(data));
            entries.meter.read(name, reader, packed, buffer, explain)
        }
        other => Err(refuse(format!(
            "the entry is compressed by {other}, which is not read; pack it with deflate"
        ))),
    }
}
