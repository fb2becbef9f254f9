//! Proposals for many principals: what they have in common is found once, and several are made at a time.

use super::Rightsizer;
use super::holdings::{Unit, bundle_of};
use super::proposal::Proposal;
use crate::base::{Text, at_once};
use crate::error::Error;
use crate::model::Tier;
use crate::progress::Progress;
use crate::truth::PrincipalId;
#[cfg(feature = "rayon")]
use rayon::prelude::*;
use std::collections::BTreeSet;

impl Rightsizer<'_> {
    /// The proposals for these principals, in order; with the feature `rayon` several at a time. One that cannot be made is
    /// handed on as its error, and the others are made.
    ///
    /// ```
    /// # use ciem_core::{RightsizeOptions, SnapshotBuilder, UsageBuilder};
    /// # let mut builder = SnapshotBuilder::new();
    /// # builder.add("account.json", include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.json")))?;
    /// # let snapshot = builder.finish()?;
    /// use ciem_core::Progress;
    ///
    /// let usage = UsageBuilder::new().finish();
    /// let options = RightsizeOptions::new("2026-11-01T00:00:00Z");
    /// let mut made = 0;
    /// snapshot.rightsizer(&usage, &options).propose_each(&["app", "ana"], &Progress::none(), |_, proposal| {
    ///     made += usize::from(proposal.is_ok());
    /// })?;
    /// assert_eq!(made, 2);
    /// # Ok::<(), ciem_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `cancelled`.
    pub fn propose_each<P: AsRef<str> + Sync>(
        &self,
        principals: &[P],
        progress: &Progress,
        mut each: impl FnMut(&str, Result<Proposal, Error>),
    ) -> Result<(), Error> {
        let one = |name: &P| self.propose(name.as_ref());
        in_order(principals, progress, one, |name, proposal| each(name.as_ref(), proposal))
    }

    /// The proposals for everybody who holds policies that can be written, in the order of the providers and of their
    /// principals; those who act through one bundle have one proposal together, under its name.
    ///
    /// ```
    /// # use ciem_core::{RightsizeOptions, SnapshotBuilder, UsageBuilder};
    /// # let mut builder = SnapshotBuilder::new();
    /// # builder.add("account.json", include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.json")))?;
    /// # let snapshot = builder.finish()?;
    /// use ciem_core::Progress;
    ///
    /// let usage = UsageBuilder::new().finish();
    /// let options = RightsizeOptions::new("2026-11-01T00:00:00Z");
    /// let mut names = Vec::new();
    /// snapshot.rightsizer(&usage, &options).propose_everybody(&Progress::none(), |name, _| names.push(name.to_owned()))?;
    /// assert!(names.contains(&"arn:aws:iam::111122223333:role/app".to_owned()));
    /// # Ok::<(), ciem_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `cancelled`.
    pub fn propose_everybody(
        &self,
        progress: &Progress,
        mut each: impl FnMut(&str, Result<Proposal, Error>),
    ) -> Result<(), Error> {
        let units = self.units();
        let known: Vec<_> = self.snapshot.estates().iter().zip(&self.memories).collect();
        let one = |(at, unit): &(usize, Unit)| match known.get(*at) {
            Some((estate, memory)) => self.of_unit(estate, memory, unit),
            None => Err(Error::Internal { reason: "a provider is gone".to_owned() }),
        };
        in_order(&units, progress, one, |(at, unit), proposal| {
            let name = known.get(*at).map(|(estate, _)| estate.text(unit.name(estate)));
            each(name.unwrap_or_default(), proposal);
        })
    }

    /// Who is rightsized together, by the place of their provider.
    fn units(&self) -> Vec<(usize, Unit)> {
        let mut units = Vec::new();
        for (at, estate) in self.snapshot.estates().iter().enumerate() {
            if estate.provider.remedy.is_none() {
                continue;
            }
            units.extend(Unit::groups(estate, None).into_iter().map(|unit| (at, unit)));
            let mut bundles: BTreeSet<Text> = BTreeSet::new();
            let layers: Vec<_> = estate.provider.own_grants(Tier::Active).map(|spec| spec.id).collect();
            let holds = |id: &PrincipalId| layers.iter().any(|layer| !estate.held(*layer, *id).is_empty());
            for id in estate.principals.ids().filter(holds) {
                if bundle_of(estate, id).is_none_or(|bundle| bundles.insert(bundle)) {
                    units.push((at, Unit::of(estate, id)));
                }
            }
        }
        units
    }
}

/// Makes one of each, several at a time where threads are to be had, and hands them on in order.
fn in_order<T: Sync>(
    all: &[T],
    progress: &Progress,
    one: impl Fn(&T) -> Result<Proposal, Error> + Sync,
    mut each: impl FnMut(&T, Result<Proposal, Error>),
) -> Result<(), Error> {
    let together = at_once(32);
    for (number, some) in all.chunks(together).enumerate() {
        progress.poll("rightsizing", number * together, Some(all.len()))?;
        #[cfg(feature = "rayon")]
        let items = some.par_iter();
        #[cfg(not(feature = "rayon"))]
        let items = some.iter();
        let made: Vec<_> = items.map(&one).collect();
        for (item, proposal) in some.iter().zip(made) {
            each(item, proposal);
        }
    }
    progress.poll("rightsizing", all.len(), Some(all.len()))
}
