//! `what_can`: one caller's access as rows of permissions on resource patterns.

use super::caller::{Caller, find_callers};
use super::can::general_assumptions;
use super::decide::Verdict;
use super::question::{Plan, Setting};
use super::study::{Finding, Study};
use crate::error::Error;
use crate::model::Query;
use crate::progress::Progress;
use crate::snapshot::Snapshot;
use crate::snapshot::estate::Estate;
use serde::Serialize;
use std::collections::BTreeSet;

/// One row of `what_can`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct AccessRow {
    /// The permissions, sorted as the catalogue is.
    pub permissions: Vec<String>,
    /// The resource pattern.
    pub resources: Vec<String>,
    /// Patterns inside it to which the access does not extend.
    pub except: Vec<String>,
    /// The verdict of `can` on the pattern.
    pub verdict: Verdict,
    /// What it depends on, as canonical JSON text.
    pub condition: Option<String>,
    /// `active`: the access needs no activation first.
    pub tier: &'static str,
    /// The policies and groups through which it comes.
    pub via: Vec<String>,
}

/// The answer of `what_can`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct Access {
    rows: Vec<AccessRow>,
    assumptions: Vec<String>,
}

impl Access {
    /// The rows, by resource pattern and first permission; those of a person by assignment first.
    pub fn rows(&self) -> &[AccessRow] {
        &self.rows
    }

    /// What the answer takes for granted.
    pub fn assumptions(&self) -> &[String] {
        &self.assumptions
    }
}

/// Nothing that is loaded needs to be activated.
const TIER: &str = "active";

impl Snapshot {
    /// What can `query.principal` do, on anything or on `query.resource`?
    ///
    /// # Errors
    /// `unknown_principal`, `ambiguous_principal`, `invalid_request`.
    pub fn what_can(&self, query: &Query) -> Result<Access, Error> {
        self.what_can_with(query, &Progress::none())
    }

    /// As [`Snapshot::what_can`], polling for cancellation.
    ///
    /// # Errors
    /// As `what_can`, and `cancelled`.
    pub fn what_can_with(&self, query: &Query, progress: &Progress) -> Result<Access, Error> {
        let Some(principal) = &query.principal else {
            return Err(Error::invalid("principal", "`what_can` needs a principal"));
        };
        progress.poll("asking", 0, None)?;
        let (estate, _) = self.estate_for(query)?;
        let callers = find_callers(estate, principal, query.session.as_ref())?;
        let mut setting = Setting::asked(estate, query, query.session.as_ref())?;
        let mut study = Study::new(estate, query)?;
        let mut rows = Vec::new();
        let mut assumptions = BTreeSet::new();
        // A person has the access of each assignment, in rows of its own.
        for caller in callers {
            caller.bind(estate, &mut setting, query.session.as_ref());
            let found = study.about(&caller, &setting, progress)?;
            rows.extend(found.iter().flat_map(|findings| &**findings).map(|finding| row(estate, finding)));
            assumptions.extend(assumed(estate, &caller, query));
        }
        Ok(Access { rows, assumptions: assumptions.into_iter().collect() })
    }
}

fn assumed(estate: &Estate, caller: &Caller, query: &Query) -> Vec<String> {
    let plan = Plan { permission: 0, generic: None, special: Vec::new(), further: false, own_scope: true };
    general_assumptions(estate, Some(caller), &plan, query.missing_layer)
}

fn row(estate: &Estate, finding: &Finding) -> AccessRow {
    AccessRow {
        permissions: finding.permissions.iter().map(|&id| estate.universe.name(id).to_owned()).collect(),
        resources: vec![(*finding.pattern).to_owned()],
        except: finding.found.except.clone(),
        verdict: finding.found.verdict,
        condition: finding.found.condition.clone(),
        tier: TIER,
        via: finding.via.iter().map(|&name| estate.text(name).to_owned()).collect(),
    }
}
