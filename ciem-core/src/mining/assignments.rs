//! Who has what: the pairs that are mined.

use crate::base::{Interner, Text};
use crate::error::{Error, Place};
use crate::progress::Progress;
use std::sync::Arc;

/// Bytes of distinct texts, and pairs, that one set of assignments holds at most: what 32 bits can number.
const MOST_TEXT: usize = u32::MAX as usize;
const MOST_PAIRS: usize = u32::MAX as usize;

/// Pairs of a user and a permission. A text stands for either: an id, a name, `service:Action on pattern`; equal texts
/// are one user, or one permission. A pair costs 8 bytes, and each distinct text is kept once.
///
/// ```
/// use ciem_core::Assignments;
///
/// let mut assignments = Assignments::new();
/// assignments.add("ana", "s3:GetObject")?;
/// assignments.add("bob", "s3:GetObject")?;
/// assignments.add("bob", "s3:GetObject")?;
/// assert_eq!(assignments.len(), 3, "repeated pairs count once when they are mined");
/// # Ok::<(), ciem_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Assignments {
    users: Arc<Interner>,
    permissions: Arc<Interner>,
    pairs: Vec<(u32, u32)>,
}

impl Assignments {
    /// No pairs.
    pub fn new() -> Self {
        Assignments::default()
    }

    /// From pairs in any order.
    ///
    /// # Errors
    /// As [`Assignments::add`].
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, Error> {
        let mut all = Assignments::new();
        for (user, permission) in pairs {
            all.add(user, permission)?;
        }
        Ok(all)
    }

    /// Adds a pair.
    ///
    /// # Errors
    /// `too_large` after 4,294,967,295 pairs or 4 GiB of distinct texts.
    pub fn add(&mut self, user: &str, permission: &str) -> Result<(), Error> {
        let (user, permission) = (self.user(user)?, self.permission(permission)?);
        self.pair(user, permission)
    }

    /// The number of a user; numbers follow the order in which they are first asked for.
    pub(super) fn user(&mut self, user: &str) -> Result<u32, Error> {
        intern(&mut self.users, user)
    }

    /// As `user`, of a permission.
    pub(super) fn permission(&mut self, permission: &str) -> Result<u32, Error> {
        intern(&mut self.permissions, permission)
    }

    pub(super) fn permission_text(&self, permission: u32) -> &str {
        self.permissions.get(Text(permission))
    }

    pub(super) fn pair(&mut self, user: u32, permission: u32) -> Result<(), Error> {
        if self.pairs.len() >= MOST_PAIRS {
            return Err(too_large("the number of pairs", MOST_PAIRS));
        }
        self.pairs.push((user, permission));
        Ok(())
    }

    /// The pairs as they were added.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = PairRow<'_>> {
        self.pairs.iter().map(|&(user, permission)| PairRow {
            user: self.users.get(Text(user)),
            permission: self.permissions.get(Text(permission)),
        })
    }

    /// How many pairs were added, repeated ones included.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The same pairs numbered in the order of the texts, so that the order in which they came does not matter.
    pub(super) fn relation(&self, progress: &Progress) -> Result<Relation, Error> {
        progress.poll(PHASE, 0, Some(self.pairs.len()))?;
        let (users, user_number) = Names::sorted(&self.users);
        let (permissions, permission_number) = Names::sorted(&self.permissions);
        let number = |pair: &(u32, u32)| (user_number[pair.0 as usize], permission_number[pair.1 as usize]);
        let mut held = Lists::grouped(users.len(), self.pairs.iter().map(number));
        progress.poll(PHASE, self.pairs.len() / 2, Some(self.pairs.len()))?;
        held.sort_and_dedup();
        progress.poll(PHASE, self.pairs.len(), Some(self.pairs.len()))?;
        Ok(Relation { users, permissions, held })
    }
}

/// A pair of [`Assignments`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub struct PairRow<'a> {
    /// Who.
    pub user: &'a str,
    /// Has what.
    pub permission: &'a str,
}

/// What the caller's callback is told while pairs are numbered.
const PHASE: &str = "sorting pairs";

fn too_large(what: &str, limit: usize) -> Error {
    Error::TooLarge { what: what.to_owned(), limit: limit as u64, place: Place::default() }
}

fn intern(texts: &mut Arc<Interner>, text: &str) -> Result<u32, Error> {
    if let Some(known) = texts.find(text) {
        return Ok(known.0);
    }
    if texts.bytes().saturating_add(text.len()) > MOST_TEXT {
        return Err(too_large("the text of users or permissions", MOST_TEXT));
    }
    Ok(Arc::make_mut(texts).text(text).0)
}

/// Texts by number, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    texts: Arc<Interner>,
    order: Arc<[Text]>,
}

impl Names {
    /// The texts in order, and the number of each by its id.
    fn sorted(texts: &Arc<Interner>) -> (Names, Vec<u32>) {
        let count = u32::try_from(texts.len()).unwrap_or(u32::MAX);
        let mut order: Vec<Text> = (0..count).map(Text).collect();
        order.sort_unstable_by_key(|&text| texts.get(text));
        let mut numbers = vec![0; order.len()];
        for (number, text) in (0u32..).zip(&order) {
            numbers[text.0 as usize] = number;
        }
        (Names { texts: Arc::clone(texts), order: order.into() }, numbers)
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    pub(super) fn get(&self, number: u32) -> &str {
        self.order.get(number as usize).map_or("", |&text| self.texts.get(text))
    }

    /// The number under which the text was added.
    pub(super) fn source(&self, number: u32) -> Option<usize> {
        self.order.get(number as usize).map(|text| text.0 as usize)
    }

    pub(super) fn find(&self, text: &str) -> Option<u32> {
        let found = self.order.binary_search_by_key(&text, |&at| self.texts.get(at)).ok()?;
        u32::try_from(found).ok()
    }
}

/// Distinct pairs by number.
#[derive(Debug)]
pub(super) struct Relation {
    pub(super) users: Names,
    pub(super) permissions: Names,
    /// The permissions of each user, sorted.
    pub(super) held: Lists,
}

/// Lists of numbers in two arrays.
#[derive(Clone, Debug)]
pub(super) struct Lists {
    /// Where each list starts, and the end of the last.
    pub(super) starts: Vec<u32>,
    pub(super) items: Vec<u32>,
}

impl Default for Lists {
    fn default() -> Self {
        Lists { starts: vec![0], items: Vec::new() }
    }
}

impl Lists {
    /// From (list, item) pairs in any order; the items of a list keep their order.
    pub(super) fn grouped(count: usize, pairs: impl Iterator<Item = (u32, u32)> + Clone) -> Self {
        let mut starts = vec![0u32; count + 1];
        for (list, _) in pairs.clone() {
            starts[list as usize + 1] += 1;
        }
        for list in 0..count {
            starts[list + 1] += starts[list];
        }
        let mut items = vec![0; starts[count] as usize];
        let mut next = starts.clone();
        for (list, item) in pairs {
            let at = &mut next[list as usize];
            items[*at as usize] = item;
            *at += 1;
        }
        Lists { starts, items }
    }

    pub(super) fn push(&mut self, list: impl IntoIterator<Item = u32>) {
        self.items.extend(list);
        self.starts.push(u32::try_from(self.items.len()).unwrap_or(u32::MAX));
    }

    pub(super) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Where list `list` stands in `items`.
    pub(super) fn range(&self, list: u32) -> std::ops::Range<usize> {
        self.starts[list as usize] as usize..self.starts[list as usize + 1] as usize
    }

    pub(super) fn get(&self, list: u32) -> &[u32] {
        &self.items[self.range(list)]
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[u32]> {
        self.starts.windows(2).map(|ends| &self.items[ends[0] as usize..ends[1] as usize])
    }

    /// Every (list, item).
    pub(super) fn pairs(&self) -> impl Iterator<Item = (u32, u32)> + Clone {
        (0u32..).zip(self.starts.windows(2)).flat_map(|(list, ends)| {
            self.items[ends[0] as usize..ends[1] as usize].iter().map(move |&item| (list, item))
        })
    }

    /// Turned round: for each item below `count` the lists that have it, sorted.
    pub(super) fn inverted(&self, count: usize) -> Lists {
        Lists::grouped(count, self.pairs().map(|(list, item)| (item, list)))
    }

    fn sort_and_dedup(&mut self) {
        let mut kept = 0;
        let mut start = 0;
        for list in 0..self.len() {
            let end = self.starts[list + 1] as usize;
            self.items[start..end].sort_unstable();
            let first = kept;
            for at in start..end {
                if kept == first || self.items[kept - 1] != self.items[at] {
                    self.items[kept] = self.items[at];
                    kept += 1;
                }
            }
            start = end;
            self.starts[list + 1] = kept as u32;
        }
        self.items.truncate(kept);
    }
}
