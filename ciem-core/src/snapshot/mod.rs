//! Building snapshots, and what they hold.

pub(crate) mod builder;
pub(crate) mod estate;
pub(crate) mod freeze;
pub(crate) mod governed;
pub(crate) mod hanging;
pub(crate) mod index;
pub(crate) mod intake;
pub(crate) mod known;
pub(crate) mod library;
pub(crate) mod limits;
pub(crate) mod options;
pub(crate) mod people;
pub(crate) mod place;
pub(crate) mod resource_index;
pub(crate) mod scopes;
pub(crate) mod spoken;
pub(crate) mod universe;

use crate::model::{Coverage, FileReport};
use estate::Estate;
use std::sync::Arc;

/// Everything that was loaded, frozen: cheap to clone, safe to share between threads, never changed.
#[derive(Clone, Debug)]
pub struct Snapshot(pub(crate) Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) estates: Vec<Estate>,
    pub(crate) coverages: Vec<Coverage>,
    pub(crate) unrecognised: Vec<FileReport>,
}

impl Snapshot {
    pub(crate) fn estates(&self) -> &[Estate] {
        &self.0.estates
    }

    /// Those of which an input was read, with their numbers; the first where none was.
    pub(crate) fn estates_in_use(&self) -> impl Iterator<Item = (usize, &Estate)> {
        let used = |estate: &Estate| !estate.sources.is_empty();
        let none = !self.estates().iter().any(used);
        let numbered = self.estates().iter().enumerate();
        numbered.filter(move |(number, estate)| used(estate) || none && *number == 0)
    }

    /// Which of them this one is.
    pub(crate) fn number_of(&self, estate: &Estate) -> usize {
        // INVARIANT: whoever asks has the estate from this snapshot.
        self.estates().iter().position(|one| std::ptr::eq(one, estate)).unwrap_or(0)
    }
}
