//! The matrix: for each principal, all permissions at once on one resource or pattern.

use super::caller::{Caller, find_callers};
use super::crowd::Crowd;
use super::question::{Part, Setting};
use super::row_plan::{RowPlan, one_part};
use crate::base::{Row, RowList, RowNumber};
use crate::error::Error;
use crate::model::{AccessLevel, PrincipalKind, Query};
use crate::progress::Progress;
use crate::snapshot::Snapshot;
use crate::snapshot::estate::Estate;
use crate::snapshot::universe::Universe;
use crate::truth::{PermissionSet, PrincipalId};
use serde::Serialize;

/// One row of the matrix.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct MatrixRow {
    /// Full id.
    pub principal: String,
    /// Its kind.
    pub principal_kind: PrincipalKind,
    /// The provider.
    pub provider: &'static str,
    /// Its account.
    pub account: String,
    /// Permissions allowed on every resource that the pattern names.
    pub surely: Vec<String>,
    /// These, and further permissions that are allowed on some of the resources or under a condition.
    pub possibly: Vec<String>,
}

/// As [`MatrixRow`], before its permissions are spelled out.
pub(crate) struct MatrixCells<'a> {
    pub(crate) principal: &'a str,
    pub(crate) principal_kind: PrincipalKind,
    pub(crate) provider: &'static str,
    pub(crate) account: &'a str,
    pub(crate) surely: Held<'a>,
    pub(crate) possibly: Held<'a>,
}

/// Permissions of one row.
pub(crate) struct Held<'a> {
    pub(crate) universe: &'a Universe,
    ranges: &'a [(u16, u16)],
    wanted: &'a Row,
}

impl<'a> Held<'a> {
    pub(crate) fn of(universe: &'a Universe, ranges: &'a [(u16, u16)]) -> Self {
        Held { universe, ranges, wanted: &Row::All }
    }

    /// First number and end of each run of permissions, sorted.
    pub(crate) fn runs(&self) -> impl Iterator<Item = (u16, u16)> + 'a {
        let wanted = self.wanted;
        let whole = matches!(wanted, Row::All);
        self.ranges.iter().flat_map(move |&(start, end)| {
            let run = whole.then_some((start, end));
            let each = if whole { 0..0 } else { start..end };
            run.into_iter().chain(each.filter(|&id| wanted.contains(id)).map(|id| (id, id + 1)))
        })
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'a str> + 'a {
        let universe = self.universe;
        self.runs().flat_map(move |(start, end)| (start..end).map(|id| universe.name(id)))
    }
}

/// The answer of `matrix`: rows are kept as intervals of permissions and spelled out when read.
#[derive(Debug)]
pub struct Matrix {
    snapshot: Snapshot,
    blocks: Vec<Block>,
    resource: String,
}

/// The rows of one provider.
#[derive(Debug)]
struct Block {
    estate: usize,
    rows: Vec<Entry>,
    list: RowList,
    wanted: Row,
}

#[derive(Debug)]
struct Entry {
    who: Who,
    sure: RowNumber,
    poss: RowNumber,
}

#[derive(Debug)]
enum Who {
    Record(PrincipalId),
    /// A caller that is no record, or a session of one.
    Named(Box<Caller>),
}

impl Block {
    /// `len` is the number of permissions that there are.
    fn add(&mut self, who: Who, row: &PermissionSet, len: u16) {
        let poss = self.list.push(row.poss(), len);
        let sure = if row.is_exact() { poss } else { self.list.push(row.sure(), len) };
        self.rows.push(Entry { who, sure, poss });
    }
}

impl Snapshot {
    /// What everybody (or `query.principal`) can do on `query.resource`, all permissions at once. Rows are in the order
    /// of [`Snapshot::principals`].
    ///
    /// ```
    /// # use ciem_core::SnapshotBuilder;
    /// # let mut builder = SnapshotBuilder::new();
    /// # builder.add("account.json", include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.json")))?;
    /// # let snapshot = builder.finish()?;
    /// use ciem_core::Query;
    ///
    /// let matrix = snapshot.matrix(&Query::default().on("arn:aws:s3:::pay/report.csv"))?;
    /// for row in matrix.rows() {
    ///     println!("{}: {} permissions, {} of them surely", row.principal, row.possibly.len(), row.surely.len());
    /// }
    /// # Ok::<(), ciem_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Snapshot::what_can`].
    pub fn matrix(&self, query: &Query) -> Result<Matrix, Error> {
        self.matrix_with(query, &Progress::none())
    }

    /// As [`Snapshot::matrix`], polling for cancellation.
    ///
    /// # Errors
    /// As `matrix`, and `cancelled`.
    pub fn matrix_with(&self, query: &Query, progress: &Progress) -> Result<Matrix, Error> {
        progress.poll("asking", 0, None)?;
        let resource = query.resource.clone().unwrap_or_else(|| "*".to_owned());
        let mut blocks = Vec::new();
        if query.principal.is_some() {
            let (estate, index) = self.estate_for(query)?;
            blocks.push(block(estate, index, &resource, query, progress)?);
        } else {
            let mut refused = None;
            for (index, estate) in self.estates().iter().enumerate() {
                match block(estate, index, &resource, query, progress) {
                    Ok(block) => blocks.push(block),
                    // What is no resource for one provider may be one for another.
                    Err(error @ Error::InvalidRequest { .. }) => refused = refused.or(Some(error)),
                    Err(error) => return Err(error),
                }
            }
            if blocks.is_empty() {
                return Err(refused.unwrap_or_else(nothing_loaded));
            }
        }
        Ok(Matrix { snapshot: self.clone(), blocks, resource })
    }

    /// The provider that a query about a principal is for.
    pub(crate) fn estate_for(&self, query: &Query) -> Result<(&Estate, usize), Error> {
        let mut first = None;
        for (index, estate) in self.estates().iter().enumerate() {
            let Some(principal) = &query.principal else { return Ok((estate, index)) };
            match find_callers(estate, principal, query.session.as_ref()) {
                Ok(_) => return Ok((estate, index)),
                Err(error) => first = first.or(Some(error)),
            }
        }
        Err(first.unwrap_or_else(nothing_loaded))
    }
}

fn nothing_loaded() -> Error {
    Error::invalid("principal", "no provider is loaded")
}

fn block(
    estate: &Estate,
    index: usize,
    resource: &str,
    query: &Query,
    progress: &Progress,
) -> Result<Block, Error> {
    let mut setting = Setting::asked(estate, query, query.session.as_ref(), None)?;
    let plan = RowPlan::new(estate, resource, query.caller_side_only)?;
    let wanted = match &query.action {
        Some(action) => Row::from_intervals(&estate.universe.expand(action), estate.universe.len()),
        None => Row::All,
    };
    let mut block = Block { estate: index, rows: Vec::new(), list: RowList::default(), wanted };
    if let Some(principal) = &query.principal {
        for caller in find_callers(estate, principal, query.session.as_ref())? {
            caller.bind(estate, &mut setting, query.session.as_ref());
            let row = plan.row(estate, &caller, &setting);
            block.add(Who::Named(Box::new(caller)), &row, estate.universe.len());
        }
    } else {
        everybody(estate, &plan, &mut setting, progress, &mut block)?;
    }
    Ok(block)
}

fn everybody(
    estate: &Estate,
    plan: &RowPlan,
    setting: &mut Setting,
    progress: &Progress,
    block: &mut Block,
) -> Result<(), Error> {
    let len = estate.universe.len();
    let count = estate.principals.len();
    block.rows.reserve(count);
    let mut maker = Maker::new(estate, plan, setting);
    let follows = setting.states.has_resource_keys();
    let mut bound = None;
    for (done, id) in estate.principals.ids().enumerate() {
        progress.tick("asking", done, Some(count))?;
        let caller = &Caller::of(estate, id, None);
        let mut known = false;
        let mut to_caller = |setting: &mut Setting| {
            if !known {
                caller.bind(estate, setting, None);
                known = true;
            }
        };
        let mut to_part = |setting: &mut Setting, number: usize, part: &Part| {
            if follows && bound != Some((number, caller.account)) {
                setting.bind_part(estate, caller.account, part);
                bound = Some((number, caller.account));
            }
        };
        let row = match &mut maker {
            Maker::Whole(part, crowd) => {
                to_part(setting, 0, part);
                let list = &mut block.list;
                let known = crowd.row(caller, setting, &mut to_caller, |row| {
                    let poss = list.push_dense(row.poss);
                    (row.sure.map_or(poss, |sure| list.push_dense(sure)), poss)
                });
                if let Some((sure, poss)) = known {
                    block.rows.push(Entry { who: Who::Record(id), sure, poss });
                    continue;
                }
                to_caller(setting);
                one_part(estate, caller, setting, part)
            }
            Maker::Parts(crowds) => plan.row_of_parts(estate, caller, &mut |number, part| {
                to_part(setting, number, part);
                let crowd = crowds.get_mut(number).and_then(Option::as_mut);
                let row =
                    crowd.and_then(|crowd| crowd.row(caller, setting, &mut to_caller, |row| row.set(len)));
                row.unwrap_or_else(|| {
                    to_caller(setting);
                    one_part(estate, caller, setting, part)
                })
            }),
        };
        block.add(Who::Record(id), &row, len);
    }
    Ok(())
}

/// How the rows of everybody come about.
enum Maker<'a> {
    /// The question has one part: its rows go straight into the list.
    Whole(&'a Part, Box<Crowd<'a, (RowNumber, RowNumber)>>),
    /// By number of the part.
    Parts(Vec<Option<Crowd<'a, PermissionSet>>>),
}

impl<'a> Maker<'a> {
    fn new(estate: &'a Estate, plan: &'a RowPlan, setting: &Setting) -> Self {
        let whole = plan
            .only_part()
            .and_then(|part| Some(Maker::Whole(part, Box::new(Crowd::new(estate, part, setting)?))));
        whole.unwrap_or_else(|| {
            Maker::Parts(plan.parts().map(|part| Crowd::new(estate, part, setting)).collect())
        })
    }
}

impl Matrix {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.blocks.iter().map(|block| block.rows.len()).sum()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The resource or pattern asked about.
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// For each row whose it is: full id, kind and account. A person of a directory has a row for each assignment.
    pub fn principals(&self) -> impl Iterator<Item = (&str, PrincipalKind, &str)> {
        self.cells().map(|cells| (cells.principal, cells.principal_kind, cells.account))
    }

    /// For each row, how many permissions are surely held among those that `count` accepts.
    pub fn surely_counts(&self, count: impl Fn(AccessLevel, &str) -> bool) -> Vec<usize> {
        let mut counts = Vec::with_capacity(self.len());
        for block in &self.blocks {
            let universe = &self.home(block).universe;
            // By permission: how many of the wanted ones lie before it.
            let mut before = vec![0];
            let mut sum: usize = 0;
            for id in 0..universe.len() {
                let wanted = block.wanted.contains(id) && count(universe.access(id), universe.name(id));
                sum += usize::from(wanted);
                before.push(sum);
            }
            let at = |id: u16| before.get(usize::from(id)).copied().unwrap_or(sum);
            let held = |entry: &Entry| {
                let ranges = block.list.ranges(entry.sure).iter();
                ranges.map(|&(start, end)| at(end).saturating_sub(at(start))).sum::<usize>()
            };
            counts.extend(block.rows.iter().map(held));
        }
        counts
    }

    /// The rows, spelled out one by one.
    pub fn rows(&self) -> impl Iterator<Item = MatrixRow> + '_ {
        self.cells().map(|cells| MatrixRow {
            principal: cells.principal.to_owned(),
            principal_kind: cells.principal_kind,
            provider: cells.provider,
            account: cells.account.to_owned(),
            surely: cells.surely.names().map(str::to_owned).collect(),
            possibly: cells.possibly.names().map(str::to_owned).collect(),
        })
    }

    /// The rows, not spelled out.
    pub(crate) fn cells(&self) -> impl Iterator<Item = MatrixCells<'_>> {
        self.blocks.iter().flat_map(move |block| {
            let estate = self.home(block);
            let held = move |row| Held {
                universe: &estate.universe,
                ranges: block.list.ranges(row),
                wanted: &block.wanted,
            };
            block.rows.iter().map(move |entry| {
                let (principal, principal_kind, account) = match &entry.who {
                    Who::Named(caller) => {
                        (caller.shown_id(estate), caller.shown_kind(estate), caller.account_id.text(estate))
                    }
                    Who::Record(id) => {
                        let (shown, kind) = estate.shown(*id);
                        (estate.text(shown), kind, estate.account_text(estate.principals[*id].account))
                    }
                };
                let (surely, possibly) = (held(entry.sure), held(entry.poss));
                MatrixCells {
                    principal,
                    principal_kind,
                    provider: estate.provider.name,
                    account,
                    surely,
                    possibly,
                }
            })
        })
    }

    fn home(&self, block: &Block) -> &Estate {
        // INVARIANT: `estate` is an index into the estates of the snapshot that this value holds.
        &self.snapshot.estates()[block.estate]
    }
}
