//! Least privilege: the smallest policies that keep what was used and what has to be protected, with what proves them and
//! what takes them back. `docs/rightsizing.md` says what is done in which order, and what the answer does not know.

mod certificate;
mod draft;
mod holdings;
mod many;
mod memory;
mod need;
mod observed;
pub(crate) mod options;
mod peers;
mod periodic;
mod proof;
pub(crate) mod proposal;
#[cfg(test)]
pub(crate) mod tests;

use crate::error::Error;
use crate::inclusion::{CheckOptions, check_no_new_access};
use crate::model::{PolicyKind, Remedy, SpellingMode};
use crate::provider::{Exchange, Plan, RemedySpec};
use crate::snapshot::Snapshot;
use crate::snapshot::estate::Estate;
use crate::usage::days::DAY;
use crate::usage::value::Usage;
use crate::usage::window::Window;
use draft::{Draft, Drafted};
use holdings::{Holdings, Unit};
use memory::Memory;
use need::{Asked, Need};
use options::RightsizeOptions;
use proposal::{Certificate, Proposal, ProposedPolicy, Reason};
use serde_json::Value;

impl Snapshot {
    /// The smallest policies for a principal (full id, provider's id or unique name) that keep what it used and what the
    /// options protect, never more than it has.
    ///
    /// ```
    /// # use ciem_core::SnapshotBuilder;
    /// # let mut builder = SnapshotBuilder::new();
    /// # builder.add("account.json", include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.json")))?;
    /// # let snapshot = builder.finish()?;
    /// use ciem_core::{Cover, RightsizeOptions, UsageBuilder, UseEvent, Window};
    ///
    /// let (app, at) = ("arn:aws:iam::111122223333:role/app", "2026-11-01T00:00:00Z");
    /// let window = Window::ending("90d", at)?;
    /// let mut logs = UsageBuilder::new();
    /// logs.cover(&Cover::management("aws", "111122223333", &window));
    /// logs.cover(&Cover::data("aws", "111122223333", "s3", &window));
    /// logs.add_event(&UseEvent::new(app, "s3:GetObject", "2026-10-03T10:00:00Z")?.resource("arn:aws:s3:::pay/in/a.csv"))?;
    ///
    /// let proposal = snapshot.rightsize("app", &logs.finish(), &RightsizeOptions::new(at))?;
    /// assert!(proposal.kept < proposal.granted);
    /// assert_eq!(proposal.certificate.within_granted, "proved");
    /// assert_eq!(proposal.certificate.replay.would_fail, 0);
    /// # Ok::<(), ciem_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `unknown_principal`, `ambiguous_principal`; `invalid_request` for options that are none, or a provider whose
    /// policies the library cannot write.
    pub fn rightsize(
        &self,
        principal: &str,
        usage: &Usage,
        options: &RightsizeOptions,
    ) -> Result<Proposal, Error> {
        self.rightsizer(usage, options).propose(principal)
    }

    /// Proposals for many principals: what they have in common is found once.
    ///
    /// ```
    /// # use ciem_core::{RightsizeOptions, SnapshotBuilder, UsageBuilder};
    /// # let mut builder = SnapshotBuilder::new();
    /// # builder.add("account.json", include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.json")))?;
    /// # let snapshot = builder.finish()?;
    /// let usage = UsageBuilder::new().finish();
    /// let options = RightsizeOptions::new("2026-11-01T00:00:00Z");
    /// let rightsizer = snapshot.rightsizer(&usage, &options);
    /// // Without logs nothing can be observed, so nothing goes.
    /// let proposal = rightsizer.propose("app")?;
    /// assert_eq!((proposal.kept, proposal.remedy.changes.len()), (proposal.granted, 0));
    /// # Ok::<(), ciem_core::Error>(())
    /// ```
    pub fn rightsizer<'a>(&'a self, usage: &'a Usage, options: &'a RightsizeOptions) -> Rightsizer<'a> {
        let memories =
            self.estates().iter().map(|estate| Memory::new(estate, options.peer_likeness)).collect();
        Rightsizer { snapshot: self, usage, options, memories }
    }
}

/// Makes proposals for principals of one snapshot.
pub struct Rightsizer<'a> {
    snapshot: &'a Snapshot,
    usage: &'a Usage,
    options: &'a RightsizeOptions,
    memories: Vec<Memory>,
}

impl std::fmt::Debug for Rightsizer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rightsizer").field("options", self.options).finish_non_exhaustive()
    }
}

impl Rightsizer<'_> {
    /// The proposal for a principal.
    ///
    /// # Errors
    /// As [`Snapshot::rightsize`].
    pub fn propose(&self, principal: &str) -> Result<Proposal, Error> {
        let mut first = None;
        for (estate, memory) in self.snapshot.estates().iter().zip(&self.memories) {
            match Unit::find(estate, principal) {
                Ok(unit) => return self.of_unit(estate, memory, &unit),
                Err(error) => first = first.or(Some(error)),
            }
        }
        Err(first.unwrap_or_else(|| Error::invalid("principal", "no provider is loaded")))
    }

    fn of_unit(&self, estate: &Estate, memory: &Memory, unit: &Unit) -> Result<Proposal, Error> {
        let (usage, options) = (self.usage, self.options);
        let Some(spec) = estate.provider.remedy else {
            let reason = format!("policies of {} cannot be written", estate.provider.name);
            return Err(Error::invalid("principal", reason));
        };
        if !(0.0..=1.0).contains(&options.peer_likeness) || options.peer_share.is_nan() {
            return Err(Error::invalid("peer_likeness", "shares are between 0 and 1"));
        }
        let window = window(usage, estate, unit, options)?;
        let asked = Asked { estate, usage, window, options, spec, memory };
        let end = window.days().end;
        let new_since = (options.new_grant_days > 0).then(|| end.saturating_sub(options.new_grant_days));
        let mut holdings = Holdings::of(estate, unit, spec, options.shared, new_since);
        let granted = holdings.granted(estate);
        let need = Need::of(&asked, unit, &holdings, &granted);
        let holder = &estate.principals[unit.first()];
        let refused = match unit.bundle {
            None => (spec.refusal)(estate.text(holder.id)),
            Some(_) => None,
        };
        let refused = refused.or(unit.is_open(estate).then_some("members_unknown"));
        let refused = refused.or(holdings.policies.is_empty().then_some("no_policies"));

        let draft = Draft::new(&asked, &holdings, &need);
        draft.leave_whole(&asked, &mut holdings);
        if refused.is_some() {
            holdings.policies.iter_mut().for_each(|policy| policy.replaced = false);
        }
        let Exchanged { plan, mode, optimal, lower_bound } =
            exchange(&asked, unit, &holdings, &draft, form(spec, options)?);
        let proposed: Vec<&Value> = plan.policies.iter().map(|policy| &policy.document).collect();
        let after = certificate::After::of(&asked, unit, &holdings, &proposed)?;
        let again = after.again(&asked, &proposed);
        let outcome = match &refused {
            Some(_) => "refused",
            None if !plan.fits => "over_limit",
            None if plan.changes.is_empty() => "nothing_to_change",
            None => "exchange",
        };
        let remedy = Remedy::new(estate.provider.name, plan.changes);
        let rollback = remedy.inverse();
        let certificate =
            self.certificate(&asked, unit, &holdings, &need, &proposed, &after, &again, &rollback)?;
        let old = proof::old_document(&holdings, spec);
        let kept = need.reasons.iter().filter(|(_, reasons)| reasons.stays()).count() as u32;
        let mut warnings = plan.warnings;
        warnings.extend(calendar_warnings(&certificate));
        let characters = [
            if holdings.any_replaced() { (spec.size)(&old) } else { 0 },
            plan.policies.iter().map(|policy| policy.characters).sum(),
        ];
        let (_, kind) = estate.shown(unit.first());
        Ok(Proposal {
            v: 1,
            principal: estate.text(unit.name(estate)).to_owned(),
            principal_kind: kind,
            provider: estate.provider.name,
            account: estate.account_text(holder.account).to_owned(),
            members: members(estate, unit),
            from: instant(window.from()),
            to: instant(window.to()),
            level: options.level,
            mode,
            refused,
            outcome,
            granted: need.reasons.len() as u32,
            kept,
            keep: need.reasoned(&asked, true),
            remove: need.reasoned(&asked, false),
            used_not_granted: need.used_not_granted.clone(),
            policies: plan
                .policies
                .into_iter()
                .map(|policy| ProposedPolicy {
                    name: policy.name,
                    kind: policy.kind,
                    document: policy.document,
                    characters: policy.characters,
                    limit: policy.limit,
                })
                .collect(),
            untouched: std::mem::take(&mut holdings.untouched),
            characters,
            optimal,
            lower_bound,
            fits: plan.fits,
            warnings,
            remedy,
            rollback,
            certificate,
        })
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one answer")]
    fn certificate(
        &self,
        asked: &Asked<'_>,
        unit: &Unit,
        holdings: &Holdings<'_>,
        need: &Need<'_>,
        proposed: &[&Value],
        after: &certificate::After,
        again: &[proof::Again<'_>],
        rollback: &Remedy,
    ) -> Result<Certificate, Error> {
        let Asked { estate, spec, options, .. } = asked;
        let replay = if holdings.any_replaced() {
            certificate::replay(self.snapshot, asked, unit, after)?
        } else {
            // Nothing changes: whatever was decided before is decided the same way.
            certificate::counted(asked, unit)
        };
        let compared = match options.prove && holdings.any_replaced() {
            true if estate.provider.inclusion.is_none() => Some("unknown".to_owned()),
            true => {
                Some(compare(spec, &proof::old_document(holdings, spec), proposed, estate.provider.name)?)
            }
            false => None,
        };
        let calendar = certificate::calendar(asked, unit, holdings);
        let unobservable = need.count(Reason::Unobservable) + need.count(Reason::UnobservableDropped);
        let granted = need.reasons.len().max(1);
        Ok(Certificate {
            within_granted: proof::within_granted(asked, holdings, again),
            covers_kept: proof::covers_kept(asked, holdings, need, again),
            compared,
            replay,
            unseen: certificate::unseen(asked, need, &calendar),
            calendar,
            unobservable,
            unobservable_share: f64::from(unobservable) / granted as f64,
            kept_unused: need.reasons.iter().filter(|(_, r)| r.stays() && !r.has(Reason::Used)).count()
                as u32,
            catalog: estate.universe.catalog().version().to_owned(),
            rollback_sha256: certificate::hash(rollback)?,
        })
    }
}

/// The exchange in the first mode of which the documents are within the limits: as asked, then shorter.
struct Exchanged {
    plan: Plan,
    mode: SpellingMode,
    optimal: bool,
    lower_bound: Option<u32>,
}

/// Whether new grants are made of what the provider has ready.
fn form(spec: &RemedySpec, options: &RightsizeOptions) -> Result<bool, Error> {
    let mut known = spec.forms.iter();
    let found = match &options.form {
        None => known.next(),
        Some(name) => known.find(|(known, _)| known == name),
    };
    found.map(|(_, ready)| *ready).ok_or_else(|| {
        let names: Vec<&str> = spec.forms.iter().map(|(name, _)| *name).collect();
        Error::invalid("form", format!("the provider knows {}", names.join(", ")))
    })
}

fn exchange(
    asked: &Asked<'_>,
    unit: &Unit,
    holdings: &Holdings<'_>,
    draft: &Draft,
    ready: bool,
) -> Exchanged {
    let Asked { estate, spec, options, .. } = asked;
    let limit = |name: &str| {
        let usual = spec.limits.iter().find(|(known, _)| *known == name).map_or(0, |(_, limit)| *limit);
        options.limits.get(name).copied().unwrap_or(usual)
    };
    if !holdings.any_replaced() {
        let plan = Plan { fits: true, ..Plan::default() };
        return Exchanged { plan, mode: options.mode, optimal: true, lower_bound: None };
    }
    let holder = unit.bundle.unwrap_or(estate.principals[unit.first()].id);
    let modes = [SpellingMode::Exact, SpellingMode::Safe, SpellingMode::Compact];
    let mut last = None;
    for mode in modes.into_iter().filter(|mode| *mode >= options.mode) {
        let Drafted { statements, optimal, lower_bound, warnings } =
            draft.statements(asked, holdings, mode, ready);
        let mut plan = (spec.plan)(&mut Exchange {
            holder: estate.text(holder),
            kind: holdings::kind(estate, unit),
            held: &holdings.policies,
            statements,
            name: &options.policy_name,
            can_shrink: mode < SpellingMode::Compact,
            limit: &limit,
            in_use: &|name| estate.relations.in_use.get(name).copied().unwrap_or(0),
        });
        plan.warnings.extend(warnings);
        let fits = plan.fits;
        last = Some(Exchanged { plan, mode, optimal, lower_bound });
        if fits {
            break;
        }
    }
    last.unwrap_or(Exchanged { plan: Plan::default(), mode: options.mode, optimal: false, lower_bound: None })
}

/// The comparison of any two policies, on these.
/// The proposed documents are compared as one: a denial of one of them holds for what the others allow.
fn compare(spec: &RemedySpec, old: &Value, proposed: &[&Value], provider: &str) -> Result<String, Error> {
    let statements = proposed.iter().flat_map(|document| (spec.statements_in)(document)).cloned();
    let statements: Vec<Value> = statements.collect();
    if statements.is_empty() {
        return Ok("pass".to_owned());
    }
    let new = (spec.document)(statements);
    let options = CheckOptions::default().kind(PolicyKind::Identity).provider(provider);
    let check = check_no_new_access(&new.to_string(), &old.to_string(), &options)?;
    let result = serde_json::to_value(check.result).ok();
    Ok(result.as_ref().and_then(Value::as_str).unwrap_or("unknown").to_owned())
}

/// The window as asked for; without a time it ends with the last day that the logs of the account have.
fn window(usage: &Usage, estate: &Estate, unit: &Unit, options: &RightsizeOptions) -> Result<Window, Error> {
    let window = match &options.at {
        Some(at) => Window::ending(&options.window, at)?,
        None => {
            let account = estate.account_text(estate.principals[unit.first()].account);
            let last = match estate.provider.usage.log_of {
                None => usage.last_day(estate.provider.name, account),
                Some(_) => {
                    usage.end().and_then(|end| u32::try_from(end.div_euclid(DAY)).ok()?.checked_sub(1))
                }
            };
            let last = last
                .ok_or_else(|| Error::invalid("at", "there are no logs of the account: a time is needed"))?;
            Window::before(&options.window, (i64::from(last) + 1) * DAY)?
        }
    };
    Ok(window.gaps(options.gaps))
}

fn members(estate: &Estate, unit: &Unit) -> Vec<String> {
    if unit.bundle.is_none() {
        return Vec::new();
    }
    let mut names: Vec<String> =
        unit.members.iter().map(|&id| estate.text(estate.shown(id).0).to_owned()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn calendar_warnings(certificate: &Certificate) -> Vec<&'static str> {
    let calendar = &certificate.calendar;
    let mut warnings = Vec::new();
    if calendar.covered < calendar.days {
        warnings.push("logs_do_not_cover_window");
    }
    if calendar.days < 92 {
        warnings.push("window_shorter_than_a_quarter");
    }
    if calendar.quarter_ends == 0 {
        warnings.push("window_misses_a_quarter_end");
    }
    warnings
}

fn instant(at: i64) -> String {
    jiff::Timestamp::from_second(at).unwrap_or_default().to_string()
}
