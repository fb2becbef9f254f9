//! `what_would_settle_it`: which missing facts and unknown keys stand between a question and a definite answer.

use super::everybody::each_finding;
use super::study::Finding;
use crate::condition::{Atom, Expr};
use crate::error::Error;
use crate::model::Query;
use crate::pattern::Template;
use crate::progress::Progress;
use crate::snapshot::Snapshot;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use serde::Serialize;
use std::collections::BTreeMap;

/// One row of `what_would_settle_it`: something that answers depend on and that could be known.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct SettlingRow {
    /// `fact` (the exports do not hold it), `key` (of the request's context), `session_name`, or `resource` (which
    /// of those that a pattern stands for).
    pub kind: &'static str,
    /// The kind of fact, or the key.
    pub name: String,
    /// Of a fact: whose.
    pub subject: Option<String>,
    /// How to supply it.
    pub how: String,
    /// How many open answers mention it.
    pub answers: u64,
    /// How many depend on nothing else.
    pub alone: u64,
    /// How many answers to the question are open in all.
    pub open: u64,
}

/// The answer of `what_would_settle_it`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct Settling {
    rows: Vec<SettlingRow>,
    assumptions: Vec<String>,
}

impl Settling {
    /// The rows: what decides the most answers alone first, then what most answers mention, then by name.
    pub fn rows(&self) -> &[SettlingRow] {
        &self.rows
    }

    /// What the answer takes for granted.
    pub fn assumptions(&self) -> &[String] {
        &self.assumptions
    }
}

impl Snapshot {
    /// Of the answers to a question that are conditional or unknown: which missing facts and unknown keys would settle how many?
    ///
    /// With `query.principal` the question is that of [`Snapshot::what_can`]; without it that of
    /// [`Snapshot::who_can`] if `query.action` is one permission, else what everybody can do. An answer is
    /// the verdict on one principal, one permission and one resource or pattern.
    ///
    /// ```
    /// # use ciem_core::SnapshotBuilder;
    /// # let mut builder = SnapshotBuilder::new();
    /// # builder.add("account.json", include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.json")))?;
    /// # let snapshot = builder.finish()?;
    /// use ciem_core::Query;
    ///
    /// let query = Query::who("s3:GetObject", "arn:aws:s3:::pay/report.csv");
    /// let settling = snapshot.what_would_settle_it(&query)?;
    /// let first = &settling.rows()[0];
    /// assert_eq!((first.kind, &*first.name, first.alone), ("key", "aws:MultiFactorAuthPresent", 1));
    /// # Ok::<(), ciem_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of the question: `unknown_principal`, `ambiguous_principal`, `unknown_action`, `invalid_request`.
    pub fn what_would_settle_it(&self, query: &Query) -> Result<Settling, Error> {
        self.what_would_settle_it_with(query, &Progress::none())
    }

    /// As [`Snapshot::what_would_settle_it`], polling for cancellation.
    ///
    /// # Errors
    /// As `what_would_settle_it`, and `cancelled`.
    pub fn what_would_settle_it_with(&self, query: &Query, progress: &Progress) -> Result<Settling, Error> {
        let mut tally = Tally::default();
        let one_permission = query.action.as_ref().is_some_and(|action| !action.contains(['*', '?']));
        let assumptions = if query.principal.is_some() {
            self.findings_of(query, progress, &mut |_, finding| tally.add_finding(finding))?
        } else if one_permission {
            let holders = self.who_can_with(query, progress)?;
            holders.each_open(progress, &mut |expr| tally.add(expr, 1))?;
            holders.assumptions().to_vec()
        } else {
            each_finding(self, query, progress, &mut |_, _, found| {
                found.iter().flat_map(|findings| &**findings).for_each(|finding| tally.add_finding(finding));
                Ok(())
            })?
        };
        Ok(Settling { rows: tally.into_rows(), assumptions })
    }
}

/// What is counted together: kind, name without regard to case, and subject.
type Thing = (&'static str, String, Option<String>);

struct Count {
    name: String,
    how: String,
    answers: u64,
    alone: u64,
}

/// Counts what open answers mention.
#[derive(Default)]
struct Tally {
    open: u64,
    places: BTreeMap<Thing, usize>,
    counts: Vec<Count>,
    /// By condition: places of what it mentions.
    known: HashMap<Expr, Box<[usize]>, RandomState>,
}

impl Tally {
    /// Each permission on the pattern is an answer.
    fn add_finding(&mut self, finding: &Finding) {
        let permissions = finding.permissions.iter().map(|&(start, end)| u64::from(end - start)).sum();
        self.add(&finding.found.expr, permissions);
    }

    fn add(&mut self, expr: &Expr, answers: u64) {
        if matches!(expr, Expr::Always | Expr::Never) {
            return;
        }
        if !self.known.contains_key(expr) {
            let places = self.mentioned(expr);
            self.known.insert(expr.clone(), places);
        }
        let places = self.known.get(expr).map(|places| &**places).unwrap_or_default();
        self.open += answers;
        for &place in places {
            if let Some(count) = self.counts.get_mut(place) {
                count.answers += answers;
                count.alone += if places.len() == 1 { answers } else { 0 };
            }
        }
    }

    fn mentioned(&mut self, expr: &Expr) -> Box<[usize]> {
        let mut places = Vec::new();
        for atom in expr.atoms() {
            match atom {
                Atom::Key { key, .. } => places.push(self.key(&key.name)),
                Atom::Open { key, values, .. } => {
                    places.push(self.key(&key.name));
                    for value in values {
                        let template = Template::parse(value);
                        places.extend(template.variables().map(|(key, _)| self.key(key)));
                    }
                }
                Atom::SessionName(_) => {
                    let how = || "give `name` in `session`".to_owned();
                    places.push(self.place("session_name", "session_name", None, how));
                }
                Atom::ResourceIn(_) => {
                    let how = || "ask about one resource".to_owned();
                    places.push(self.place("resource", "resource", None, how));
                }
                Atom::Missing(fact) => {
                    let how = || fact.how.clone();
                    places.push(self.place("fact", fact.name(), Some(&fact.subject), how));
                }
            }
        }
        places.sort_unstable();
        places.dedup();
        places.into()
    }

    fn key(&mut self, name: &str) -> usize {
        self.place("key", name, None, || format!("give `{name}` in `context`"))
    }

    fn place(
        &mut self,
        kind: &'static str,
        name: &str,
        subject: Option<&str>,
        how: impl FnOnce() -> String,
    ) -> usize {
        let next = self.counts.len();
        let thing = (kind, name.to_ascii_lowercase(), subject.map(str::to_owned));
        let place = *self.places.entry(thing).or_insert(next);
        if place == next {
            self.counts.push(Count { name: name.to_owned(), how: how(), answers: 0, alone: 0 });
        }
        place
    }

    fn into_rows(self) -> Vec<SettlingRow> {
        let Tally { open, places, mut counts, .. } = self;
        let mut rows = Vec::with_capacity(counts.len());
        for ((kind, _, subject), place) in places {
            let Some(Count { name, how, answers, alone }) = counts.get_mut(place) else { continue };
            let (name, how) = (std::mem::take(name), std::mem::take(how));
            rows.push(SettlingRow { kind, name, subject, how, answers: *answers, alone: *alone, open });
        }
        rows.sort_by(|a, b| {
            let rank = |row: &SettlingRow| std::cmp::Reverse((row.alone, row.answers));
            (rank(a), &a.name, &a.subject, a.kind).cmp(&(rank(b), &b.name, &b.subject, b.kind))
        });
        rows
    }
}
