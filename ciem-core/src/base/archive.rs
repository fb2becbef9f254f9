//! Texts that are kept and seldom read: what is known of their words is left out, the rest packed in blocks, so that they
//! cost a fraction of their length.

use super::id::Id;
use super::intern::{Interner, Text};
use lz4_flex::block::{compress, decompress};

/// Texts are packed when this much has come together: a block is unpacked to read one of its texts.
const BLOCK: usize = 1 << 16;

/// What is less than this when the last text has come stays as it is.
const SMALL: usize = 1 << 13;

/// Stands before the id of an interned text; no UTF-8 has this byte.
const WORD: u8 = 0xFF;

/// Ids take up to five bytes, in most cases two or three, and the mark before them one.
const SHORT: usize = 5;

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
    /// Adds a text, and gives its number: how many there were before. What stands in quotes and is one of the `known` texts
    /// is kept as its id: names and patterns differ from text to text and would not pack well.
    pub(crate) fn push(&mut self, text: &str, known: &Interner) -> u32 {
        let number = self.ends.len() as u32;
        for (place, piece) in text.split('"').enumerate() {
            if place > 0 {
                self.open.push(b'"');
            }
            // JSON in a JSON text has a backslash before its quotes.
            let word = piece.strip_suffix('\\').unwrap_or(piece);
            match (word.len() > SHORT).then(|| known.find(word)).flatten() {
                None => self.open.extend_from_slice(piece.as_bytes()),
                Some(id) => {
                    self.open.push(WORD);
                    push_number(&mut self.open, id.index());
                    self.open.extend_from_slice(&piece.as_bytes()[word.len()..]);
                }
            }
        }
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

    /// The text of this number, given the texts that were known when it was added.
    pub(crate) fn get(&self, number: usize, known: &Interner) -> Option<String> {
        let end = *self.ends.get(number)?;
        let start = number.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        // INVARIANT: a text lies in one block, since blocks end where texts do.
        let block = self.blocks.partition_point(|(block_end, _)| *block_end < end);
        let from = block.checked_sub(1).and_then(|before| self.blocks.get(before)).map_or(0, |(end, _)| *end);
        let cut = usize::try_from(start - from).ok()?..usize::try_from(end - from).ok()?;
        match self.blocks.get(block) {
            None => spelled(self.open.get(cut)?, known),
            Some((block_end, packed)) => {
                let bytes = decompress(packed, usize::try_from(block_end - from).ok()?).ok()?;
                spelled(bytes.get(cut)?, known)
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

/// Seven bits a byte, the lowest first; all but the last have the uppermost bit.
fn push_number(bytes: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// A text with its words in place of their ids.
fn spelled(mut bytes: &[u8], known: &Interner) -> Option<String> {
    let mut text = Vec::with_capacity(bytes.len() * 2);
    while let Some(mark) = bytes.iter().position(|&byte| byte == WORD) {
        let (plain, rest) = bytes.split_at(mark);
        text.extend_from_slice(plain);
        let last = rest.iter().skip(1).position(|&byte| byte < 0x80)?;
        let id = rest.get(1..=last + 1)?;
        let id = id.iter().rev().fold(0, |number, &byte| number << 7 | usize::from(byte & 0x7F));
        text.extend_from_slice(known.get(Text::new(id)).as_bytes());
        bytes = rest.get(last + 2..)?;
    }
    text.extend_from_slice(bytes);
    String::from_utf8(text).ok()
}
