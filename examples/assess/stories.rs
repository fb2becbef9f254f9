//! Questions with a date, over what the exports tell: tags of identities and resources, and what was used.
//!
//! Of identities the tags `contract_end`, `employment`, `elevation_end`, `elevation_policy`, `elevation_ticket` and
//! `env` count, of resources `system`. Other estates have other tags: these are the names to change.

use crate::changes::{self, Changes};
use crate::dates;
use crate::departed::{self, Departed};
use crate::elevations::{self, Elevation};
use crate::readers::{self, Readers};
use crate::tenant::{self, Tenant};
use crate::unused::{self, Unused};
use ciem_core::{Access, Error, PrincipalRow, Progress, Query, Snapshot, Usage};
use jiff::Timestamp;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(crate) struct Stories {
    /// The moment that all is asked for.
    pub(crate) at: String,
    /// Identities whose contract is over, by employment.
    pub(crate) departed: Vec<Departed>,
    /// Elevations that are over and still give something.
    pub(crate) elevations: Vec<Elevation>,
    /// What identities in development hold and did not use.
    pub(crate) unused: Unused,
    /// What can be taken from whom, most first.
    pub(crate) changes: Changes,
    /// Who can read the customers' data.
    pub(crate) readers: Vec<Readers>,
    /// A tenant of Entra and what hangs on it, where one was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tenant: Option<Tenant>,
    /// Dates in tags that are none, and so take no part in any of this.
    pub(crate) unreadable: Vec<BadDate>,
}

#[derive(Debug, Serialize)]
pub(crate) struct BadDate {
    pub(crate) principal: String,
    pub(crate) tag: &'static str,
    pub(crate) value: String,
}

impl Stories {
    pub(crate) fn of(
        snapshot: &Snapshot,
        usage: &Usage,
        at: Timestamp,
        progress: &Progress,
    ) -> Result<Stories, Error> {
        let asking = Asking { snapshot, usage, at, progress };
        Ok(Stories {
            at: at.to_string(),
            departed: departed::departed(&asking)?,
            elevations: elevations::elevations(&asking)?,
            unused: unused::unused(&asking)?,
            changes: changes::changes(&asking),
            readers: readers::readers(&asking)?,
            tenant: tenant::tenant(&asking)?,
            unreadable: unreadable(snapshot),
        })
    }
}

/// What every story asks with.
pub(crate) struct Asking<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) usage: &'a Usage,
    pub(crate) at: Timestamp,
    pub(crate) progress: &'a Progress,
}

impl Asking<'_> {
    /// Identities with a date in a tag that is over by then, with the date.
    pub(crate) fn over(&self, tag: &str) -> Vec<(PrincipalRow, String)> {
        let dated = self.snapshot.principals().filter_map(|who| {
            let text = who.tags.get(tag)?.clone();
            let over = dates::end(&text).is_some_and(|end| end <= self.at);
            over.then_some((who, text))
        });
        dated.collect()
    }

    pub(crate) fn what_can(&self, principal: &str, resource: Option<&str>) -> Result<Access, Error> {
        let mut query = Query::what(principal);
        query.resource = resource.map(str::to_owned);
        query.at = Some(self.at.to_string());
        self.snapshot.what_can_with(&query, self.progress)
    }

    /// What the identity's own policies give, whatever policies of resources say.
    pub(crate) fn what_is_held(&self, principal: &str) -> Result<Access, Error> {
        let mut query = Query::what(principal);
        query.at = Some(self.at.to_string());
        query.caller_side_only = true;
        self.snapshot.what_can_with(&query, self.progress)
    }
}

fn unreadable(snapshot: &Snapshot) -> Vec<BadDate> {
    let mut found = Vec::new();
    for who in snapshot.principals() {
        for tag in ["contract_end", "elevation_end"] {
            if let Some(value) = who.tags.get(tag).filter(|value| dates::end(value).is_none()) {
                found.push(BadDate { principal: who.principal.clone(), tag, value: value.clone() });
            }
        }
    }
    found
}
