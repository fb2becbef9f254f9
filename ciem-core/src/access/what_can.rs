//! `what_can`: one caller's access as rows of permissions on resource patterns.

use super::caller::find_callers;
use super::decide::Verdict;
use super::everybody::{assumed, everybody};
use super::matrix::Held;
use super::question::Setting;
use super::study::Finding;
use super::tiers::Tiers;
use crate::base::Text;
use crate::error::Error;
use crate::model::{PrincipalKind, Query};
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
    /// `active`; `eligible` where it has to be activated first; `latent` where it is one step of self-service away.
    pub tier: &'static str,
    /// The policies and groups through which it comes.
    pub via: Vec<String>,
    /// What some of the permissions lead to beside what they say, such as data by way of keys.
    pub leads_to: Vec<String>,
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

impl Snapshot {
    /// What can `query.principal` do, on anything or on `query.resource`?
    ///
    /// ```
    /// # use ciem_core::SnapshotBuilder;
    /// # let mut builder = SnapshotBuilder::new();
    /// # builder.add("account.json", include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.json")))?;
    /// # let snapshot = builder.finish()?;
    /// use ciem_core::Query;
    ///
    /// let access = snapshot.what_can(&Query::what("app"))?;
    /// let row = access.rows().iter().find(|row| row.resources == ["arn:aws:s3:::pay/*"]).unwrap();
    /// assert!(row.permissions.contains(&"s3:GetObject".to_owned()));
    /// # Ok::<(), ciem_core::Error>(())
    /// ```
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
        let mut rows = Vec::new();
        let each = &mut |estate: &Estate, finding: &Finding| rows.push(row(estate, finding));
        let assumptions = self.findings_of(query, progress, each)?;
        Ok(Access { rows, assumptions })
    }

    /// Hands the rows of `query.principal` on as they are found; answers what they take for granted.
    pub(super) fn findings_of(
        &self,
        query: &Query,
        progress: &Progress,
        each: &mut dyn FnMut(&Estate, &Finding),
    ) -> Result<Vec<String>, Error> {
        let Some(principal) = &query.principal else {
            return Err(Error::invalid(
                "principal",
                "`what_can` needs a principal: `what_can_each` asks about all",
            ));
        };
        progress.poll("asking", 0, None)?;
        let mut assumptions = BTreeSet::new();
        for (estate, _) in self.estates_for(query)? {
            let callers = find_callers(estate, principal, query.session.as_ref())?;
            let mut setting = Setting::asked(estate, query, query.session.as_ref(), None)?;
            let mut tiers = Tiers::new(estate, query)?;
            // A person has the access of each assignment, in rows of its own.
            for caller in callers {
                caller.bind(estate, &mut setting, query.session.as_ref());
                let found = tiers.about(&caller, &setting, progress)?;
                found.iter().flat_map(|findings| &**findings).for_each(|finding| each(estate, finding));
                assumptions.extend(assumed(estate, &caller, query));
            }
        }
        Ok(assumptions.into_iter().collect())
    }

    /// What can everybody do? Hands `visit` each row of [`Snapshot::what_can`] with the full id of whose it is, principal
    /// by principal in the order of the accounts, and answers what the rows take for granted. Principals together cost
    /// far less than one by one. [`crate::wire::table`] keeps such rows as columns.
    ///
    /// ```
    /// # use ciem_core::{Progress, Query, SnapshotBuilder};
    /// let snapshot = SnapshotBuilder::new().finish()?;
    /// let mut rows = 0;
    /// snapshot.what_can_each(&Query::default(), &Progress::none(), |_principal, _row| rows += 1)?;
    /// assert_eq!(rows, 0);
    /// # Ok::<(), ciem_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `invalid_request` if the query has a principal or a session; `cancelled`.
    pub fn what_can_each(
        &self,
        query: &Query,
        progress: &Progress,
        mut visit: impl FnMut(&str, AccessRow),
    ) -> Result<Vec<String>, Error> {
        everybody(self, query, progress, &mut |cells| {
            visit(cells.principal, cells.spelled_out());
            Ok(())
        })
    }
}

/// A row of everybody's access, before anything is spelled out.
pub(crate) struct AccessCells<'a> {
    pub(crate) principal: &'a str,
    pub(crate) principal_kind: PrincipalKind,
    pub(crate) provider: &'static str,
    pub(crate) account: &'a str,
    pub(crate) permissions: Held<'a>,
    pub(crate) resources: [&'a str; 1],
    pub(crate) except: &'a [String],
    pub(crate) verdict: Verdict,
    pub(crate) condition: Option<&'a str>,
    pub(crate) tier: &'static str,
    pub(crate) via: Names<'a>,
    pub(crate) leads_to: Vec<String>,
}

impl AccessCells<'_> {
    fn spelled_out(&self) -> AccessRow {
        AccessRow {
            permissions: self.permissions.names().map(str::to_owned).collect(),
            resources: self.resources.map(str::to_owned).to_vec(),
            except: self.except.to_vec(),
            verdict: self.verdict,
            condition: self.condition.map(str::to_owned),
            tier: self.tier,
            via: self.via.iter().map(str::to_owned).collect(),
            leads_to: self.leads_to.clone(),
        }
    }
}

/// Names of policies and groups.
pub(crate) struct Names<'a> {
    estate: &'a Estate,
    names: &'a [Text],
}

impl<'a> Names<'a> {
    pub(super) fn of(estate: &'a Estate, names: &'a [Text]) -> Self {
        Names { estate, names }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &'a str> {
        let estate = self.estate;
        self.names.iter().map(move |&name| estate.text(name))
    }
}

fn row(estate: &Estate, finding: &Finding) -> AccessRow {
    let ids = finding.permissions.iter().flat_map(|&(start, end)| start..end);
    AccessRow {
        permissions: ids.map(|id| estate.universe.name(id).to_owned()).collect(),
        resources: vec![(*finding.pattern).to_owned()],
        except: finding.found.except.clone(),
        verdict: finding.found.verdict,
        condition: finding.found.condition.as_deref().map(str::to_owned),
        tier: finding.tier.as_str(),
        via: finding.via.iter().map(|&name| estate.text(name).to_owned()).collect(),
        leads_to: estate.universe.leads(&finding.permissions),
    }
}
