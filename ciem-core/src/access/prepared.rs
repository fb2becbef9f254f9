//! Verdicts at speed: everything that can be looked up is looked up once.

use super::can::assert_session;
use super::decide::{Case, Verdict, any, any_expr, verdict};
use super::question::{Caller, Given, Plan, Setting, find_callers};
use crate::condition::{Expr, Tri, simplify};
use crate::error::Error;
use crate::model::Request;
use crate::snapshot::Snapshot;
use crate::snapshot::estate::Estate;
use foldhash::fast::RandomState;
use hashbrown::HashMap;

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
}

impl Way {
    fn case<'a>(&'a self, estate: &'a Estate, plan: &'a Plan) -> Case<'a> {
        Case { estate, caller: &self.caller, plan, setting: &self.setting, bound: (&self.bound).into() }
    }
}

/// Memory that verdicts share: conditions that were simplified before.
#[derive(Debug, Default)]
pub struct Scratch {
    simplified: HashMap<Expr, Verdict, RandomState>,
}

/// More remembered conditions than this are dropped and started anew.
const REMEMBERED: usize = 1 << 16;

impl Snapshot {
    /// Makes the snapshot ready for many verdicts.
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
        let (estate, permission) = self.snapshot.find_permission(&request.action)?;
        let callers = find_callers(estate, &request.principal, request.session.as_ref())?;
        let index = self.snapshot.estates().iter().position(|e| std::ptr::eq(e, estate)).unwrap_or(0);
        let given = Given {
            context: &request.context,
            session: request.session.as_ref(),
            at: request.at.as_deref(),
            unknown: request.unknown_context,
            missing: request.missing_layer,
        };
        let plan = Plan::new(estate, permission, &request.resource, false)?;
        let mut ways = Vec::with_capacity(callers.len());
        for caller in callers {
            assert_session(&caller, request)?;
            let mut setting = Setting::new(estate, &given)?;
            caller.bind(estate, &mut setting, request.session.as_ref());
            let bound = Case::new(estate, &caller, &plan, &setting).bound.into_owned();
            ways.push(Way { caller, setting, bound });
        }
        Ok(PreparedRequest { estate: index, plan, ways })
    }

    /// The verdict of [`Snapshot::can`], without what explains it.
    pub fn verdict(&self, request: &PreparedRequest, scratch: &mut Scratch) -> Verdict {
        let Some(estate): Option<&Estate> = self.snapshot.estates().get(request.estate) else {
            return Verdict::Unknown;
        };
        let cases = || request.ways.iter().map(|way| way.case(estate, &request.plan));
        match any(cases()) {
            Tri::Yes => Verdict::Allow,
            Tri::No => Verdict::Deny,
            Tri::Maybe => {
                let raw = any_expr(cases());
                if let Some(&known) = scratch.simplified.get(&raw) {
                    return known;
                }
                if scratch.simplified.len() >= REMEMBERED {
                    scratch.simplified.clear();
                }
                let found = verdict(&simplify(&raw).expr);
                scratch.simplified.insert(raw, found);
                found
            }
        }
    }
}
