//! Who has what: the pairs that are mined.

use super::lists::{Lists, sort};
use super::meter::Meter;
use crate::base::{Interner, Text};
use crate::error::{Error, Place};
use std::sync::Arc;

/// Bytes of distinct texts, and pairs, that one set of assignments holds at most: what 32 bits can number.
const MOST_TEXT: usize = u32::MAX as usize;
const MOST_PAIRS: usize = u32::MAX as usize;

/// Steps that it takes to find a text.
pub(super) const FOUND: u64 = 64;

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
    pub(super) fn relation(&self, meter: &mut Meter<'_>) -> Result<Relation, Error> {
        meter.begin("sorting pairs", self.pairs.len(), 100)?;
        let (users, user_number) = Names::sorted(&self.users, meter)?;
        let (permissions, permission_number) = Names::sorted(&self.permissions, meter)?;
        let number = |pair: &(u32, u32)| (user_number[pair.0 as usize], permission_number[pair.1 as usize]);
        let mut held = Lists::grouped(users.len(), self.pairs.iter().map(number), meter)?;
        meter.done(self.pairs.len() / 2);
        held.sort_and_dedup(meter)?;
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
    fn sorted(texts: &Arc<Interner>, meter: &mut Meter<'_>) -> Result<(Names, Vec<u32>), Error> {
        let count = u32::try_from(texts.len()).unwrap_or(u32::MAX);
        let mut shared = texts.get(Text(0));
        for text in (0..count).map(|text| texts.get(Text(text))) {
            let same = shared.bytes().zip(text.bytes()).take_while(|(a, b)| a == b).count();
            shared = shared.get(..same).or_else(|| shared.get(..0)).unwrap_or("");
            meter.step(1)?;
        }
        // What stands behind that decides nearly always, and is at hand where the texts are not.
        let key = |text: u32| {
            let rest = texts.get(Text(text)).as_bytes().get(shared.len()..).unwrap_or(&[]);
            let mut bytes = [0; 8];
            bytes.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            (u64::from_be_bytes(bytes), text)
        };
        let text = |of: &(u64, u32)| texts.get(Text(of.1));
        let keys: Vec<(u64, u32)> = (0..count).map(key).collect();
        let keys = sort(keys, |a, b| a.0.cmp(&b.0).then_with(|| text(a).cmp(text(b))), meter)?;
        let mut numbers = vec![0; keys.len()];
        for (number, (_, text)) in (0u32..).zip(&keys) {
            numbers[*text as usize] = number;
        }
        let order = keys.iter().map(|&(_, text)| Text(text)).collect();
        Ok((Names { texts: Arc::clone(texts), order }, numbers))
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
