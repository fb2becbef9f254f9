//! Everything that an assessment says, as data.

use crate::outsiders::{self, Opening};
use crate::reach::{self, Administrator, Identity};
use crate::stories::Stories;
use crate::undecided::{Undecided, undecided};
use ciem_core::{Coverage, Error, Progress, Snapshot, Usage, UsageCoverage};
use jiff::Timestamp;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(crate) struct Assessment {
    pub(crate) v: u8,
    pub(crate) coverage: Coverage,
    /// Which part of what happened the logs hold.
    pub(crate) logs: UsageCoverage,
    pub(crate) administrators: Vec<Administrator>,
    /// Users and roles that refer to something that was not read.
    pub(crate) undecided: Vec<Undecided>,
    /// By resource: who comes in from outside of the loaded accounts, and to do what.
    pub(crate) outside_access: Vec<Opening>,
    /// Every user and role, the widest first.
    pub(crate) identities: Vec<Identity>,
    /// What should have ended by a date, and who can read what on it.
    pub(crate) stories: Stories,
    /// How many permissions there are.
    pub(crate) permissions: usize,
}

impl Assessment {
    pub(crate) fn of(
        snapshot: &Snapshot,
        usage: &Usage,
        at: Timestamp,
        progress: &Progress,
    ) -> Result<Assessment, Error> {
        let (administrators, identities) = reach::survey(snapshot, progress)?;
        Ok(Assessment {
            v: 1,
            coverage: snapshot.coverage(),
            logs: usage.coverage(),
            administrators,
            undecided: undecided(snapshot)?,
            outside_access: outsiders::openings(snapshot, progress)?,
            identities,
            stories: Stories::of(snapshot, usage, at, progress)?,
            permissions: snapshot.permissions().filter(|row| row.provider == reach::PROVIDER).count(),
        })
    }
}
