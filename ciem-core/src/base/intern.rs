//! Text interning: every distinct text once, in one buffer.

use super::id::id_type;
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use std::hash::BuildHasher;

id_type!(
    /// An interned text.
    Text
);

/// Distinct texts in one buffer. The hash is seeded per process: the texts are foreign.
#[derive(Clone, Default)]
pub(crate) struct Interner {
    bytes: String,
    ends: Vec<u32>,
    /// Half of each hash beside its id: it stands for all of it, so that growing never touches the texts.
    table: HashTable<(u32, u32)>,
    /// The ids alone, once nothing is added any more; `table` is empty then.
    settled: HashTable<u32>,
    seed: RandomState,
}

impl std::fmt::Debug for Interner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Interner({} texts, {} bytes)", self.ends.len(), self.bytes.len())
    }
}

impl Interner {
    pub(crate) fn text(&mut self, text: &str) -> Text {
        if !self.settled.is_empty() {
            self.unsettle();
        }
        let tag = self.tag(text);
        let (bytes, ends) = (&self.bytes, &self.ends);
        if let Some(&(_, id)) =
            self.table.find(spread(tag), |&(t, id)| t == tag && slice(bytes, ends, id) == text)
        {
            return Text(id);
        }
        let id = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
        self.bytes.push_str(text);
        self.ends.push(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
        self.table.insert_unique(spread(tag), (tag, id), |&(tag, _)| spread(tag));
        Text(id)
    }

    fn tag(&self, text: &str) -> u32 {
        (self.seed.hash_one(text) >> 32) as u32
    }

    pub(crate) fn find(&self, text: &str) -> Option<Text> {
        let tag = self.tag(text);
        let is = |id| slice(&self.bytes, &self.ends, id) == text;
        let found = match self.settled.is_empty() {
            true => self.table.find(spread(tag), |&(t, id)| t == tag && is(id)).map(|&(_, id)| id),
            false => self.settled.find(spread(tag), |&id| is(id)).copied(),
        };
        found.map(Text)
    }

    pub(crate) fn get(&self, id: Text) -> &str {
        slice(&self.bytes, &self.ends, id.0)
    }

    /// How many texts there are: their ids are the numbers below.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Bytes of text held, against the 4 GiB that `u32` offsets can address.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Gives back what only adding needs. One of the two tables is empty at any time.
    pub(crate) fn settle(&mut self) {
        self.bytes.shrink_to_fit();
        self.ends.shrink_to_fit();
        let table = std::mem::take(&mut self.table);
        self.settled.reserve(table.len(), |_| 0);
        for (tag, id) in table {
            self.settled.insert_unique(spread(tag), id, |_| 0);
        }
    }

    fn unsettle(&mut self) {
        for id in std::mem::take(&mut self.settled) {
            let tag = self.tag(slice(&self.bytes, &self.ends, id));
            self.table.insert_unique(spread(tag), (tag, id), |&(tag, _)| spread(tag));
        }
    }
}

/// The table looks at the uppermost bits as well as at the lowest.
fn spread(tag: u32) -> u64 {
    u64::from(tag).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

fn slice<'a>(bytes: &'a str, ends: &[u32], id: u32) -> &'a str {
    let start = id.checked_sub(1).and_then(|i| ends.get(i as usize)).map_or(0, |&e| e as usize);
    let end = ends.get(id as usize).map_or(start, |&e| e as usize);
    bytes.get(start..end).unwrap_or("")
}

/// Two independently seeded 64-bit hashes: names a text inside one process where keeping the text would cost
/// as much as the input itself.
pub(crate) fn fingerprint(seeds: &[RandomState; 2], text: &str) -> u128 {
    let [a, b] = seeds;
    (u128::from(a.hash_one(text)) << 64) | u128::from(b.hash_one(text))
}
