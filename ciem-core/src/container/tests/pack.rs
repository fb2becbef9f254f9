//! Archives written byte by byte, so that tests can make such as no tool would.

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use std::io::Write;

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// One entry of a zip archive, and what its headers say of it.
#[derive(Clone)]
pub(crate) struct ZipEntry {
    pub(crate) name: Vec<u8>,
    pub(crate) content: Vec<u8>,
    pub(crate) method: u16,
    pub(crate) flags: u16,
    /// Size after unpacking; `None` tells the truth.
    pub(crate) states_size: Option<u32>,
    pub(crate) mode: u32,
}

impl ZipEntry {
    pub(crate) fn new(name: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Self {
        let (name, content) = (name.as_ref().to_vec(), content.as_ref().to_vec());
        ZipEntry { name, content, method: 8, flags: 0x800, states_size: None, mode: 0o100_644 }
    }

    fn packed(&self) -> Vec<u8> {
        if self.method != 8 {
            return self.content.clone();
        }
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&self.content).unwrap();
        encoder.finish().unwrap()
    }

    /// What both headers have in common.
    fn header(&self, packed: usize) -> Vec<u8> {
        let mut crc = flate2::Crc::new();
        crc.update(&self.content);
        let mut out = Vec::new();
        for short in [20, self.flags, self.method, 0, 0x21] {
            out.extend(short.to_le_bytes());
        }
        let size = self.states_size.unwrap_or(self.content.len() as u32);
        for long in [crc.sum(), packed as u32, size] {
            out.extend(long.to_le_bytes());
        }
        out.extend((self.name.len() as u16).to_le_bytes());
        out.extend(0_u16.to_le_bytes());
        out
    }
}

/// A zip archive whose directory lists the first entry `times` times more, sharing its bytes.
pub(crate) fn zip_shared(entries: &[ZipEntry], times: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    let mut count = 0_u64;
    for (index, entry) in entries.iter().enumerate() {
        let (offset, packed) = (out.len() as u32, entry.packed());
        let header = entry.header(packed.len());
        out.extend(b"PK\x03\x04");
        out.extend(&header);
        out.extend(&entry.name);
        out.extend(&packed);
        for _ in 0..if index == 0 { 1 + times } else { 1 } {
            directory.extend(b"PK\x01\x02\x14\x03");
            directory.extend(&header);
            directory.extend([0; 6]);
            directory.extend((entry.mode << 16).to_le_bytes());
            directory.extend(offset.to_le_bytes());
            directory.extend(&entry.name);
            count += 1;
        }
    }
    let start = out.len() as u64;
    let size = directory.len() as u64;
    out.extend(&directory);
    if count > 0xffff {
        let record = out.len() as u64;
        out.extend(b"PK\x06\x06");
        out.extend(44_u64.to_le_bytes());
        out.extend([45, 3, 45, 0]);
        out.extend([0; 8]);
        for long in [count, count, size, start] {
            out.extend(long.to_le_bytes());
        }
        out.extend(b"PK\x06\x07");
        out.extend([0; 4]);
        out.extend(record.to_le_bytes());
        out.extend(1_u32.to_le_bytes());
    }
    out.extend(b"PK\x05\x06");
    out.extend([0; 4]);
    let short = count.min(0xffff) as u16;
    out.extend(short.to_le_bytes());
    out.extend(short.to_le_bytes());
    out.extend((size as u32).to_le_bytes());
    out.extend((start as u32).to_le_bytes());
    out.extend([0; 2]);
    out
}

pub(crate) fn zip(entries: &[ZipEntry]) -> Vec<u8> {
    zip_shared(entries, 0)
}

/// A zip archive of plain files.
pub(crate) fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    zip(&files.iter().map(|(name, content)| ZipEntry::new(name, content)).collect::<Vec<_>>())
}

/// One header of a tar archive and its content; `kind` is the type flag.
pub(crate) fn tar_block(name: &[u8], kind: u8, content: &[u8]) -> Vec<u8> {
    let mut header = ::tar::Header::new_gnu();
    header.as_mut_bytes()[..name.len()].copy_from_slice(name);
    header.set_entry_type(tar::EntryType::new(kind));
    header.set_mode(0o644);
    header.set_size(content.len() as u64);
    header.set_cksum();
    let mut out = header.as_bytes().to_vec();
    out.extend(content);
    out.resize(out.len().next_multiple_of(512), 0);
    out
}

/// A tar archive of blocks.
pub(crate) fn tar(blocks: &[Vec<u8>]) -> Vec<u8> {
    let mut out = blocks.concat();
    out.extend([0; 1024]);
    out
}

/// A tar archive of plain files.
pub(crate) fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    tar(&files.iter().map(|(name, content)| tar_block(name.as_bytes(), b'0', content)).collect::<Vec<_>>())
}
