//! What identities of the development environment hold, beside what they used of it.

use crate::stories::Asking;
use ciem_core::{AccessedRow, Error, Verdict};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The environment that is asked about, as the tag `env` of identities names it.
pub(crate) const ENVIRONMENT: &str = "dev";

#[derive(Debug, Serialize)]
pub(crate) struct Unused {
    pub(crate) environment: &'static str,
    /// Permissions that somebody holds and nobody used, where the use of all holders was told.
    pub(crate) by_nobody: Vec<String>,
    pub(crate) identities: Vec<Holding>,
    /// Names of identities without a list of used actions.
    pub(crate) not_told: Vec<String>,
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
    /// Shown by the list of used actions.
    pub(crate) unused: Vec<String>,
    /// Held permissions whose use is not told action by action, such as reading an object.
    pub(crate) unobservable: usize,
}

pub(crate) fn unused(asking: &Asking<'_>) -> Result<Unused, Error> {
    let mut told: BTreeMap<String, Vec<AccessedRow>> = BTreeMap::new();
    for row in asking.snapshot.last_accessed().filter(|row| row.permission.is_some()) {
        told.entry(row.principal.clone()).or_default().push(row);
    }
    let mut found = Unused {
        environment: ENVIRONMENT,
        by_nobody: Vec::new(),
        identities: Vec::new(),
        not_told: Vec::new(),
    };
    // Permissions of which it is not shown that nobody used them.
    let mut kept: BTreeSet<String> = BTreeSet::new();
    for who in asking.snapshot.principals() {
        if who.tags.get("env").is_none_or(|env| env != ENVIRONMENT) {
            continue;
        }
        let access = asking.what_can(&who.principal, None)?;
        let given = access.rows().iter().filter(|row| row.verdict != Verdict::Deny && !row.via.is_empty());
        let held: BTreeSet<&str> = given.flat_map(|row| &row.permissions).map(String::as_str).collect();
        let Some(rows) = told.get(&who.principal) else {
            kept.extend(held.into_iter().map(str::to_owned));
            found.not_told.push(who.name);
            continue;
        };
        let use_of: BTreeMap<&str, bool> = rows
            .iter()
            .filter_map(|row| Some((row.permission.as_deref()?, row.last_accessed.is_some())))
            .collect();
        let mut holding = Holding {
            principal: who.principal,
            name: who.name,
            held: held.len(),
            used: 0,
            unused: Vec::new(),
            unobservable: 0,
        };
        for permission in held {
            match use_of.get(permission) {
                Some(false) => {
                    holding.unused.push(permission.to_owned());
                    continue;
                }
                Some(true) => holding.used += 1,
                None => holding.unobservable += 1,
            }
            kept.insert(permission.to_owned());
        }
        found.identities.push(holding);
    }
    let candidates: BTreeSet<&String> = found.identities.iter().flat_map(|one| &one.unused).collect();
    found.by_nobody = candidates.into_iter().filter(|one| !kept.contains(*one)).cloned().collect();
    Ok(found)
}
