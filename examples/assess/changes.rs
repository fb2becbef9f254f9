//! The changes that matter: smaller policies for whom most can be taken, each proven and decided anew on the logs.

use crate::stories::Asking;
use crate::unused::WINDOW;
use ciem_core::{AccessLevel, Remedy, RightsizeOptions};
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// How many changes are told.
const MOST: usize = 10;

#[derive(Debug, Serialize)]
pub(crate) struct Changes {
    pub(crate) window: &'static str,
    /// How many identities and bundles could be changed.
    pub(crate) possible: usize,
    /// Those that take most away: rights to give rights count before rights to write, and these before others.
    pub(crate) first: Vec<Smaller>,
}

/// A change of one identity, or of a bundle that several people have.
#[derive(Debug, Serialize)]
pub(crate) struct Smaller {
    pub(crate) principal: String,
    pub(crate) account: String,
    pub(crate) granted: u32,
    pub(crate) kept: u32,
    /// What goes, counted: to manage permissions, to write, in all.
    pub(crate) permissions_management: usize,
    pub(crate) write: usize,
    pub(crate) removed: usize,
    /// Logged calls that were decided anew; none of them would fail.
    pub(crate) replayed: u64,
    pub(crate) warnings: Vec<&'static str>,
    pub(crate) remedy: Remedy,
    pub(crate) rollback: Remedy,
}

pub(crate) fn changes(asking: &Asking<'_>) -> Changes {
    let snapshot = asking.snapshot;
    let options = RightsizeOptions::new(asking.at.to_string()).window(WINDOW);
    let levels: BTreeMap<String, AccessLevel> =
        snapshot.permissions().map(|row| (row.permission, row.access_level)).collect();
    let rightsizer = snapshot.rightsizer(asking.usage, &options);
    let mut told = BTreeSet::new();
    let mut found = Vec::new();
    for who in snapshot.principals().filter(|row| row.loaded) {
        // Whose policies cannot be written, and who has none of its own.
        let Ok(proposal) = rightsizer.propose(&who.principal) else { continue };
        let certificate = &proposal.certificate;
        let sound = certificate.within_granted == "proved"
            && certificate.covers_kept == "proved"
            && certificate.replay.would_fail == 0;
        // People with the same permission set have one proposal.
        // Some are exchanged for what says the same in fewer words: that takes nothing away.
        let takes = !proposal.remove.is_empty() && !proposal.remedy.changes.is_empty();
        if !takes || !sound || !told.insert(proposal.principal.clone()) {
            continue;
        }
        let removed: Vec<&String> = proposal.remove.iter().flat_map(|one| &one.permissions).collect();
        let count = |level: AccessLevel| {
            removed.iter().filter(|name| levels.get(name.as_str()) == Some(&level)).count()
        };
        found.push(Smaller {
            permissions_management: count(AccessLevel::PermissionsManagement),
            write: count(AccessLevel::Write),
            removed: removed.len(),
            replayed: certificate.replay.events,
            principal: proposal.principal,
            account: proposal.account,
            granted: proposal.granted,
            kept: proposal.kept,
            warnings: proposal.warnings,
            remedy: proposal.remedy,
            rollback: proposal.rollback,
        });
    }
    let weight = |one: &Smaller| (one.permissions_management, one.write, one.removed);
    found.sort_by(|a, b| (Reverse(weight(a)), &a.principal).cmp(&(Reverse(weight(b)), &b.principal)));
    let possible = found.len();
    found.truncate(MOST);
    Changes { window: WINDOW, possible, first: found }
}
