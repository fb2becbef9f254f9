//! Requests for proposals.

use super::columns::Collector;
use super::table::Table;
use super::text;
use crate::error::Error;
use crate::progress::Progress;
use crate::rightsize::options::RightsizeOptions;
use crate::rightsize::proposal::Proposal;
use crate::snapshot::Snapshot;
use crate::usage::value::Usage;
use serde::Deserialize;

/// Principals, and the options beside them.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct Request<P> {
    #[serde(default)]
    v: Option<u64>,
    #[serde(flatten)]
    who: P,
    #[serde(flatten)]
    options: RightsizeOptions,
}

impl<P> Request<P> {
    fn parts(self) -> Result<(P, RightsizeOptions), Error> {
        if self.v.is_some_and(|v| v != 1) {
            return Err(Error::invalid("v", "this version reads `1`"));
        }
        Ok((self.who, self.options))
    }
}

#[derive(Deserialize)]
pub(super) struct One {
    principal: String,
}

#[derive(Deserialize)]
pub(super) struct Many {
    #[serde(default)]
    principals: Option<Vec<String>>,
}

pub(super) fn answer(snapshot: &Snapshot, usage: &Usage, request: Request<One>) -> Result<Proposal, Error> {
    let (One { principal }, options) = request.parts()?;
    snapshot.rightsize(&principal, usage, &options)
}

/// What a proposal comes to, and the proposal as JSON text; of one that could not be made the code of the error.
pub(super) struct ProposalRow {
    pub(super) principal: String,
    pub(super) principal_kind: Option<&'static str>,
    pub(super) provider: Option<&'static str>,
    pub(super) account: Option<String>,
    pub(super) error: Option<&'static str>,
    pub(super) refused: Option<&'static str>,
    pub(super) outcome: Option<&'static str>,
    pub(super) granted: u64,
    pub(super) kept: u64,
    pub(super) used_not_granted: u64,
    pub(super) changes: u64,
    pub(super) fits: bool,
    pub(super) would_fail: u64,
    pub(super) unobservable: u64,
    pub(super) warnings: Vec<&'static str>,
    pub(super) proposal: Option<String>,
}

impl ProposalRow {
    fn of(name: &str, made: Result<Proposal, Error>) -> Result<ProposalRow, Error> {
        let made = match made {
            Ok(made) => made,
            Err(error) => {
                return Ok(ProposalRow {
                    principal: name.to_owned(),
                    principal_kind: None,
                    provider: None,
                    account: None,
                    error: Some(error.code()),
                    refused: None,
                    outcome: None,
                    granted: 0,
                    kept: 0,
                    used_not_granted: 0,
                    changes: 0,
                    fits: false,
                    would_fail: 0,
                    unobservable: 0,
                    warnings: Vec::new(),
                    proposal: None,
                });
            }
        };
        let proposal = Some(text(&made)?);
        Ok(ProposalRow {
            principal: made.principal,
            principal_kind: Some(made.principal_kind.as_str()),
            provider: Some(made.provider),
            account: Some(made.account),
            error: None,
            refused: made.refused,
            outcome: Some(made.outcome),
            granted: u64::from(made.granted),
            kept: u64::from(made.kept),
            used_not_granted: made.used_not_granted.len() as u64,
            changes: made.remedy.changes.len() as u64,
            fits: made.fits,
            would_fail: made.certificate.replay.would_fail,
            unobservable: u64::from(made.certificate.unobservable),
            warnings: made.warnings,
            proposal,
        })
    }
}

/// A row for each principal, in the order asked; for everybody where none is named.
pub(super) fn each(
    snapshot: &Snapshot,
    usage: &Usage,
    request: Request<Many>,
    progress: &Progress,
) -> Result<Table, Error> {
    let (Many { principals }, options) = request.parts()?;
    let rightsizer = snapshot.rightsizer(usage, &options);
    let mut rows = Collector::new::<ProposalRow>();
    let mut failed = Ok(());
    let row = |name: &str, made: Result<Proposal, Error>| {
        if failed.is_ok() {
            failed = ProposalRow::of(name, made).and_then(|row| rows.add(&row));
        }
    };
    match &principals {
        Some(principals) => rightsizer.propose_each(principals, progress, row)?,
        None => rightsizer.propose_everybody(progress, row)?,
    }
    failed.map(|()| rows.finish(&[]))
}
