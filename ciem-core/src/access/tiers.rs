//! What callers can do, tier by tier: a row of a higher tier is one that the tiers below do not give.

use super::caller::Caller;
use super::question::Setting;
use super::row_plan::RowPlan;
use super::study::{Finding, Findings, Study};
use crate::base::{Intervals, Row};
use crate::error::Error;
use crate::model::{Query, Tier};
use crate::progress::Progress;
use crate::snapshot::estate::Estate;

/// One question to many callers, at every tier that is asked about and at those below.
pub(super) struct Tiers<'a> {
    estate: &'a Estate,
    query: &'a Query,
    asked: Vec<Tier>,
    studies: Vec<(Tier, Study<'a>)>,
}

impl<'a> Tiers<'a> {
    pub(super) fn new(estate: &'a Estate, query: &'a Query) -> Result<Self, Error> {
        let asked = query.tiers()?;
        let tiers = estate.provider.tiers(asked.last().copied().unwrap_or_default());
        let studies = tiers.map(|tier| Ok((tier, Study::new(estate, query, tier)?)));
        Ok(Tiers { estate, query, asked, studies: studies.collect::<Result<_, Error>>()? })
    }

    /// As [`Study::about`].
    pub(super) fn about(
        &mut self,
        caller: &Caller,
        setting: &Setting,
        progress: &Progress,
    ) -> Result<Vec<Findings>, Error> {
        if let ([(tier, only)], true) = (self.studies.as_mut_slice(), self.asked == [Tier::Active]) {
            debug_assert!(*tier == setting.tier);
            return only.about(caller, setting, progress);
        }
        let mut all = Vec::new();
        let mut lower: Option<(Setting, Vec<Findings>)> = None;
        for (tier, study) in &mut self.studies {
            let setting = Setting { tier: *tier, ..setting.clone() };
            let found = study.about(caller, &setting, progress)?;
            if self.asked.contains(tier) {
                match &lower {
                    None => all.extend(found.iter().cloned()),
                    Some(below) => {
                        for finding in found.iter().flat_map(|findings| findings.iter()) {
                            let more = beyond(self.estate, self.query, caller, finding, below)?;
                            all.extend(more.map(|more| Findings::from([more])));
                        }
                    }
                }
            }
            lower = Some((setting, found));
        }
        Ok(all)
    }
}

/// What of a finding the tier below does not give.
fn beyond(
    estate: &Estate,
    query: &Query,
    caller: &Caller,
    finding: &Finding,
    (setting, below): &(Setting, Vec<Findings>),
) -> Result<Option<Finding>, Error> {
    let len = estate.universe.len();
    let row = RowPlan::new(estate, &finding.pattern, query.caller_side_only)?.row(estate, caller, setting);
    let own = Intervals::from_ranges(finding.permissions.to_vec());
    let mut more = Row::from_intervals(&own, len);
    more.minus(row.sure());
    let same = |known: &&Finding| known.pattern == finding.pattern && known.found.expr == finding.found.expr;
    for known in below.iter().flat_map(|findings| findings.iter()).filter(same) {
        more.minus(&Row::from_intervals(&Intervals::from_ranges(known.permissions.to_vec()), len));
    }
    let ids = more.ids(len).map(|id| (id, id + 1)).collect();
    let permissions = Intervals::from_ranges(ids);
    Ok((!permissions.is_empty())
        .then(|| Finding { permissions: permissions.ranges().into(), ..finding.clone() }))
}
