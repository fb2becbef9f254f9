//! Verdicts at speed: everything that can be looked up is looked up once.

use super::among;
use super::caller::Caller;
use super::can::assert_session;
use super::decide::{Case, Verdict, any, any_expr, verdict};
use super::memo::{LeafMemo, PartMarks};
use super::question::{Given, Plan, Setting};
use crate::condition::{Expr, Tri};
use crate::error::Error;
use crate::model::Request;
use crate::snapshot::estate::Estate;
use crate::snapshot::{Inner, Snapshot};
use crate::truth::Mark;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use std::sync::{Arc, Weak};

/// A snapshot made ready for many verdicts.
///
/// ```
/// use ciem_core::{Request, Scratch, SnapshotBuilder, Verdict};
///
/// let export = br#"{"UserDetailList": [{"Arn": "arn:aws:iam::111122223333:user/ana", "UserPolicyList": []}],
///     "GroupDetailList": [], "RoleDetailList": [], "Policies": []}"#;
/// let mut builder = SnapshotBuilder::new();
/// builder.add("account.json", export)?;
/// let snapshot = builder.finish()?;
/// let prepared = snapshot.prepare();
/// let request = prepared.request(&Request::new("ana", "s3:GetObject", "arn:aws:s3:::pay/report.csv"))?;
/// let mut scratch = Scratch::default();
/// assert_eq!(prepared.verdict(&request, &mut scratch), Verdict::Deny);
/// # Ok::<(), ciem_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Prepared<'a> {
    snapshot: &'a Snapshot,
}

/// A request whose principal, permission, resource and context are resolved against one snapshot.
#[derive(Debug)]
pub struct PreparedRequest {
    estate: usize,
    plan: Plan,
    /// One, but for a person of a directory: one for each assignment.
    ways: Vec<Way>,
}

/// One way of asking.
#[derive(Debug)]
struct Way {
    caller: Caller,
    setting: Setting,
    bound: Vec<(usize, Setting)>,
    /// By part: names what its leaves depend on.
    marks: Vec<PartMarks>,
}

impl Way {
    fn case<'a>(&'a self, estate: &'a Estate, plan: &'a Plan, memory: &'a LeafMemo) -> Case<'a> {
        Case {
            estate,
            caller: &self.caller,
            plan,
            setting: &self.setting,
            bound: (&self.bound).into(),
            memo: Some((memory, self.marks.as_slice())),
            reached: None,
        }
    }
}

/// Memory that verdicts share: what leaves and conditions were found to mean before. What is remembered is true of one
/// snapshot; used with another, it starts anew.
#[derive(Debug, Default)]
pub struct Scratch {
    of: Weak<Inner>,
    /// By estate: ids mean something in one of them.
    estates: Vec<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    leaves: LeafMemo,
    verdicts: HashMap<Mark, Verdict, RandomState>,
}

impl Scratch {
    fn turn_to(&mut self, snapshot: &Snapshot, estate: usize) -> Option<&mut Memory> {
        // The weak reference keeps the address from being given to another snapshot.
        if !std::ptr::eq(self.of.as_ptr(), Arc::as_ptr(&snapshot.0)) {
            self.of = Arc::downgrade(&snapshot.0);
            self.estates.clear();
            self.estates.resize_with(snapshot.estates().len(), Memory::default);
        }
        self.estates.get_mut(estate)
    }
}

/// More remembered conditions than this are dropped and started anew.
const REMEMBERED: usize = 1 << 16;

impl Snapshot {
    /// Makes the snapshot ready for many verdicts.
    ///
    /// ```
    /// # use ciem_core::SnapshotBuilder;
    /// # let mut builder = SnapshotBuilder::new();
    /// # builder.add("account.json", include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.json")))?;
    /// # let snapshot = builder.finish()?;
    /// use ciem_core::{Request, Scratch, Verdict};
    ///
    /// let prepared = snapshot.prepare();
    /// let mut scratch = Scratch::default();
    /// let request = prepared.request(&Request::new("app", "s3:GetObject", "arn:aws:s3:::pay/report.csv"))?;
    /// assert_eq!(prepared.verdict(&request, &mut scratch), Verdict::Allow);
    /// # Ok::<(), ciem_core::Error>(())
    /// ```
    pub fn prepare(&self) -> Prepared<'_> {
        Prepared { snapshot: self }
    }
}

impl Prepared<'_> {
    /// Resolves a request.
    ///
    /// # Errors
    /// As [`Snapshot::can`].
    pub fn request(&self, request: &Request) -> Result<PreparedRequest, Error> {
        self.given(request, &Given::from(request))
    }

    /// The same where something else is given than the request itself says.
    pub(crate) fn given(&self, request: &Request, given: &Given<'_>) -> Result<PreparedRequest, Error> {
        let (estate, permission) = self.snapshot.find_permission(&request.action)?;
        let callers = self.snapshot.callers_of(estate, request, given.session)?;
        let plan = Plan::new(estate, permission, &request.resource, false)?;
        self.planned(estate, callers, plan, request, given)
    }

    /// The same of callers that are known, with the parts of the resource.
    pub(crate) fn planned(
        &self,
        estate: &Estate,
        callers: Vec<Caller>,
        plan: Plan,
        request: &Request,
        given: &Given<'_>,
    ) -> Result<PreparedRequest, Error> {
        let (index, permission) = (self.snapshot.number_of(estate), plan.permission);
        let mut ways = Vec::with_capacity(callers.len());
        for caller in callers {
            assert_session(&caller, request)?;
            let mut setting = Setting::new(estate, given, Some(permission))?;
            caller.bind(estate, &mut setting, given.session);
            let case = Case::new(estate, &caller, &plan, &setting);
            let marks = case.settings();
            let marks = marks.map(|(part, set)| PartMarks::new(&caller, permission, part, set));
            let marks = marks.collect();
            let mut bound = case.bound.into_owned();
            // A question of one part is asked in one setting.
            if bound.len() == 1
                && let Some((_, only)) = bound.pop()
            {
                setting = only;
            }
            ways.push(Way { caller, setting, bound, marks });
        }
        Ok(PreparedRequest { estate: index, plan, ways })
    }

    /// The condition of a verdict, simplified.
    pub(crate) fn condition(&self, request: &PreparedRequest) -> Expr {
        let Some(estate) = self.snapshot.estates().get(request.estate) else { return Expr::Never };
        let memory = LeafMemo::default();
        let cases = request.ways.iter().map(|way| way.case(estate, &request.plan, &memory));
        among::simplified(estate, &request.plan, &any_expr(cases)).expr
    }

    /// The verdict of [`Snapshot::can`], without what explains it.
    pub fn verdict(&self, request: &PreparedRequest, scratch: &mut Scratch) -> Verdict {
        let (Some(estate), Some(memory)): (Option<&Estate>, _) =
            (self.snapshot.estates().get(request.estate), scratch.turn_to(self.snapshot, request.estate))
        else {
            return Verdict::Unknown;
        };
        // Somebody who is several callers may do whatever one of them is allowed.
        let cases = || request.ways.iter().map(|way| way.case(estate, &request.plan, &memory.leaves));
        match any(cases()) {
            Tri::Yes => Verdict::Allow,
            Tri::No => Verdict::Deny,
            Tri::Maybe => {
                let mark = cases().fold(Mark::of(&()), |all, case| Mark::of(&(all, case.mark())));
                if let Some(&known) = memory.verdicts.get(&mark) {
                    return known;
                }
                let found = verdict(&among::simplified(estate, &request.plan, &any_expr(cases())).expr);
                if memory.verdicts.len() >= REMEMBERED {
                    memory.verdicts.clear();
                }
                memory.verdicts.insert(mark, found);
                found
            }
        }
    }
}
