//! Pairs from usage: of what is granted, what was used.

use crate::access::what_can::AccessCells;
use crate::pattern::matches_text;
use crate::snapshot::Snapshot;
use crate::usage::value::{Usage, UseState};
use crate::usage::window::Window;

/// Whose use counts, and when.
#[derive(Clone, Debug)]
pub(super) struct UsedIn {
    pub(super) usage: Usage,
    pub(super) window: Window,
}

/// Tells what was used, and counts what it cannot tell.
#[derive(Debug)]
pub(super) struct Observer<'a> {
    used: &'a UsedIn,
    keep_unobservable: bool,
    unobservable: u64,
}

impl<'a> Observer<'a> {
    pub(super) fn new(used: &'a UsedIn, keep_unobservable: bool) -> Self {
        Observer { used, keep_unobservable, unobservable: 0 }
    }

    /// Whether the principal of the row used the permission on what the row is about. A call counts whose log does not tell on
    /// what it acted; one that failed but was not refused counts, too, because it may have been needed.
    pub(super) fn keeps(&mut self, snapshot: &Snapshot, row: &AccessCells<'_>, permission: &str) -> bool {
        match self.used.usage.state(row.principal, permission, &self.used.window) {
            UseState::Used => self.is_on(snapshot, row, permission),
            UseState::Attempted => true,
            UseState::Unobservable => {
                self.unobservable += 1;
                self.keep_unobservable
            }
            UseState::Denied | UseState::Unused => false,
        }
    }

    fn is_on(&self, snapshot: &Snapshot, row: &AccessCells<'_>, permission: &str) -> bool {
        let Some(of) = self.used.usage.get(row.principal, permission) else { return true };
        let estate = snapshot.estates().iter().find(|estate| estate.provider.name == row.provider);
        let (Some(estate), [resource]) = (estate, row.resources) else { return true };
        let window = &self.used.window;
        let mut in_window = of
            .observed()
            .filter(|seen| seen.first_seen < window.to() && seen.last_seen >= window.from())
            .peekable();
        let syntax = estate.provider.syntax;
        // Where nothing in the window is told apart, every resource may have been the one.
        in_window.peek().is_none()
            || in_window.any(|seen| match seen.resource {
                Some(id) if seen.exact => {
                    matches_text(resource, id, syntax)
                        && !row.except.iter().any(|except| matches_text(except, id, syntax))
                }
                _ => true,
            })
    }

    /// What is to be said of pairs whose use the logs cannot show.
    pub(super) fn assumption(&self) -> Option<String> {
        let what = if self.keep_unobservable { "mined as if they were used" } else { "not mined" };
        (self.unobservable > 0)
            .then(|| format!("{} pairs of which the logs cannot show the use are {what}", self.unobservable))
    }
}
