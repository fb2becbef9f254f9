//! What identities of the development environment hold, beside what they used of it in ninety days.

use crate::stories::Asking;
use ciem_core::{Error, GroupBy, UnusedKind, UnusedOptions, UseState, Verdict, Window};
use serde::Serialize;
use std::collections::BTreeSet;

/// The environment that is asked about, as the tag `env` of identities names it.
pub(crate) const ENVIRONMENT: &str = "dev";
/// How far back use counts.
pub(crate) const WINDOW: &str = "90d";

#[derive(Debug, Serialize)]
pub(crate) struct Unused {
    pub(crate) environment: &'static str,
    pub(crate) window: &'static str,
    /// Permissions that somebody holds and nobody used, where the use of all holders would show.
    pub(crate) by_nobody: Vec<String>,
    pub(crate) identities: Vec<Holding>,
    /// Names of identities of whose use nothing would show.
    pub(crate) not_told: Vec<String>,
    /// Whom, what they hold aside, nobody needed in any environment: by kind, what was not used.
    pub(crate) standing: Vec<Standing>,
}

impl Unused {
    /// Permissions held and not used, counted for each identity.
    pub(crate) fn count(&self) -> usize {
        self.identities.iter().map(|one| one.unused.len()).sum()
    }
}

/// What one identity holds.
#[derive(Debug, Serialize)]
pub(crate) struct Holding {
    pub(crate) principal: String,
    pub(crate) name: String,
    pub(crate) held: usize,
    pub(crate) used: usize,
    /// Shown by logs or by the provider's list of used actions.
    pub(crate) unused: Vec<String>,
    /// Held permissions whose use would not show, such as reading an object.
    pub(crate) unobservable: usize,
}

/// Things of one kind that nobody used.
#[derive(Debug, Serialize)]
pub(crate) struct Standing {
    pub(crate) kind: UnusedKind,
    pub(crate) ids: Vec<String>,
}

pub(crate) fn unused(asking: &Asking<'_>) -> Result<Unused, Error> {
    let window = Window::before(WINDOW, asking.at.as_second())?;
    let options = UnusedOptions::default().of(UnusedKind::Permission).environment(ENVIRONMENT);
    let ask = |options: &UnusedOptions| {
        asking.snapshot.unused_with(asking.usage, &window, options, asking.progress)
    };
    let together = ask(&options.by(GroupBy::Environment))?;
    let by_nobody = together.rows().iter().find(|row| row.state == UseState::Unused);
    let mut found = Unused {
        environment: ENVIRONMENT,
        window: WINDOW,
        by_nobody: by_nobody.map(|row| row.permissions.clone()).unwrap_or_default(),
        identities: Vec::new(),
        not_told: Vec::new(),
        standing: Vec::new(),
    };
    let usage = asking.usage.merge(&asking.snapshot.exported_usage());
    for who in asking.snapshot.principals() {
        if who.tags.get("env").is_none_or(|env| env != ENVIRONMENT) {
            continue;
        }
        let access = asking.what_can(&who.principal, None)?;
        let given = access.rows().iter().filter(|row| row.verdict != Verdict::Deny && !row.via.is_empty());
        let held: BTreeSet<&str> = given.flat_map(|row| &row.permissions).map(String::as_str).collect();
        let principal = who.principal.clone();
        let mut holding = Holding {
            principal,
            name: who.name,
            held: held.len(),
            used: 0,
            unused: Vec::new(),
            unobservable: 0,
        };
        for permission in held {
            match usage.state(&who.principal, permission, &window) {
                UseState::Used => holding.used += 1,
                UseState::Unused | UseState::Denied => holding.unused.push(permission.to_owned()),
                UseState::Attempted | UseState::Unobservable => holding.unobservable += 1,
            }
        }
        if holding.held > 0 && holding.held == holding.unobservable {
            found.not_told.push(holding.name);
        } else {
            found.identities.push(holding);
        }
    }
    for kind in [UnusedKind::Principal, UnusedKind::Credential, UnusedKind::Trust] {
        let unused = ask(&UnusedOptions::default().of(kind))?;
        let rows = unused.rows().iter().filter(|row| row.state == UseState::Unused);
        let name = |row: &ciem_core::UnusedRow| match (&row.id, &row.principal) {
            (Some(id), Some(principal)) => format!("{id} of {principal}"),
            (id, _) => id.clone().unwrap_or_default(),
        };
        found.standing.push(Standing { kind, ids: rows.map(name).collect() });
    }
    Ok(found)
}
