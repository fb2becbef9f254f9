//! Texts that are kept and seldom read: packed in blocks, so that they cost a fraction of their length.

use lz4_flex::block::{compress, decompress};

/// Texts are packed when this much has come together: a block is unpacked to read one of its texts.
const BLOCK: usize = 1 << 16;

/// What is less than this when the last text has come stays as it is.
const SMALL: usize = 1 << 13;

/// Texts by the order in which they were added.
#[derive(Clone, Debug, Default)]
pub(crate) struct Archive {
    /// Where each text ends, all texts in a row.
    ends: Vec<u64>,
    /// Where each packed block ends in that row, and its bytes.
    blocks: Vec<(u64, Box<[u8]>)>,
    /// What is not packed yet.
    open: Vec<u8>,
}

impl Archive {
    /// Adds a text, and gives its number: how many there were before.
    pub(crate) fn push(&mut self, text: &str) -> u32 {
        let number = self.ends.len() as u32;
        self.open.extend_from_slice(text.as_bytes());
        self.ends.push(self.packed() + self.open.len() as u64);
        if self.open.len() >= BLOCK {
            self.pack();
        }
        number
    }

    /// Packs what is open, and gives back what growing left over.
    pub(crate) fn finish(&mut self) {
        if self.open.len() >= SMALL {
            self.pack();
        }
        self.open.shrink_to_fit();
        self.ends.shrink_to_fit();
        self.blocks.shrink_to_fit();
    }

    /// The text of this number.
    pub(crate) fn get(&self, number: usize) -> Option<String> {
        let end = *self.ends.get(number)?;
        let start = number.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        // INVARIANT: a text lies in one block, since blocks end where texts do.
        let block = self.blocks.partition_point(|(block_end, _)| *block_end < end);
        let from = block.checked_sub(1).and_then(|before| self.blocks.get(before)).map_or(0, |(end, _)| *end);
        let cut = usize::try_from(start - from).ok()?..usize::try_from(end - from).ok()?;
        match self.blocks.get(block) {
            None => String::from_utf8(self.open.get(cut)?.to_vec()).ok(),
            Some((block_end, packed)) => {
                let bytes = decompress(packed, usize::try_from(block_end - from).ok()?).ok()?;
                String::from_utf8(bytes.get(cut)?.to_vec()).ok()
            }
        }
    }

    fn packed(&self) -> u64 {
        self.blocks.last().map_or(0, |(end, _)| *end)
    }

    fn pack(&mut self) {
        let end = self.packed() + self.open.len() as u64;
        self.blocks.push((end, compress(&self.open).into_boxed_slice()));
        self.open.clear();
    }
}
