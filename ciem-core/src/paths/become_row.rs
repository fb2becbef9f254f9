//! `can_become`: the answer, and its rows.

use super::chain::chains;
use super::graph::{Edge, Node, Paths, Proof};
use super::inquiry::Inquiry;
use super::needs::Needs;
use crate::access::caller::Caller;
use crate::access::can::general_assumptions;
use crate::access::decide::Verdict;
use crate::access::question::{Plan, Setting};
use crate::access::via::Routes;
use crate::error::Error;
use crate::model::{PrincipalKind, Query};
use crate::progress::Progress;
use crate::snapshot::Snapshot;
use crate::snapshot::estate::Estate;
use petgraph::graph::{EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;
use serde::Serialize;

/// One row of `can_become`: somebody who can turn into a principal, in one step or over others.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct BecomeRow {
    /// Full id of who turns into another: a principal, a person, a service, an identity provider, or
    /// `account <id> (not in the snapshot)`.
    pub from: String,
    /// Its kind.
    pub from_kind: PrincipalKind,
    /// Full id of the principal it turns into.
    pub to: String,
    /// How the last step is made: `assume_role`, `service_role` (a service takes on the role), `saml`, `oidc`,
    /// `identity_center` (an assignment), `add_credentials`, `federated_credential`, `elevate_access`, `run_command` and
    /// `deploy_code` (on a resource that acts as `to`), `assign_identity` (to a workload of one's own), or `pass_role`: `from`
    /// may pass `to` to a service that can take it on.
    pub kind: &'static str,
    /// The provider.
    pub provider: &'static str,
    /// The verdict of `can` on the step; of several, `allow` if all are, `unknown` if any is.
    pub verdict: Verdict,
    /// What the step depends on, as canonical JSON text; of several steps an `and` of what each depends on, not
    /// simplified, since each is a request of its own.
    pub condition: Option<String>,
    /// The number of steps, 1 for an edge. A `pass_role` row is one fact, and nothing is reached over it.
    pub hops: u64,
    /// Full ids of the principals in between, in order; the service of a `pass_role` row; the resource that acts as a
    /// principal before that principal, where ruling the resource is the step, and after it the one on which a workload is
    /// made, or the resource group, where one is needed.
    pub through: Vec<String>,
    /// Whether `to` can become `from`, too.
    pub mutual: bool,
    /// The policies, groups and assignments that all steps come through, sorted.
    pub via: Vec<String>,
}

/// The answer of `can_become`. Rows are made when they are read.
#[derive(Debug)]
pub struct Becoming {
    snapshot: Snapshot,
    /// By estate.
    /// By number of the estate.
    paths: Vec<(usize, Paths)>,
    transitive: bool,
    assumptions: Vec<String>,
}

impl Snapshot {
    /// Into whom can `query.principal` turn, or everybody without it?
    ///
    /// Single steps are what `can` says of the permission to take on a role (its trust and the caller's own side),
    /// and assignments. With `query.transitive` each principal that is best reached over several steps has a row for
    /// the surest chain (the fewest unknown
    /// steps, then the fewest conditional ones), and of these the shortest.
    ///
    /// ```
    /// # use ciem_core::{Query, SnapshotBuilder};
    /// let snapshot = SnapshotBuilder::new().finish()?;
    /// assert_eq!(snapshot.can_become(&Query::default())?.rows().count(), 0);
    /// # Ok::<(), ciem_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `unknown_principal`, `ambiguous_principal`, `invalid_request`.
    pub fn can_become(&self, query: &Query) -> Result<Becoming, Error> {
        self.can_become_with(query, &Progress::none())
    }

    /// As [`Snapshot::can_become`], polling for cancellation.
    ///
    /// # Errors
    /// As `can_become`, and `cancelled`.
    pub fn can_become_with(&self, query: &Query, progress: &Progress) -> Result<Becoming, Error> {
        progress.poll("asking", 0, None)?;
        let mut paths = Vec::with_capacity(self.estates().len());
        let mut assumptions = Vec::new();
        let mut refused = None;
        for (number, estate) in self.estates_in_use() {
            let found = match Paths::find(estate, query, progress) {
                Ok(found) => found,
                // Who is nobody for one provider may be somebody for another.
                Err(error @ Error::UnknownPrincipal { .. }) => {
                    refused = refused.or(Some(error));
                    continue;
                }
                Err(error) => return Err(error),
            };
            let plan =
                Plan { permission: 0, generic: None, special: Vec::new(), further: false, own_scope: true };
            let caller = query.principal.as_ref().and(found.asked.first());
            assumptions.extend(general_assumptions(estate, caller, &plan, query.missing_layer));
            paths.push((number, found));
        }
        if let Some(error) = refused.filter(|_| paths.is_empty()) {
            return Err(error);
        }
        Ok(Becoming { snapshot: self.clone(), paths, transitive: query.transitive, assumptions })
    }
}

impl Becoming {
    /// What the answer takes for granted.
    pub fn assumptions(&self) -> &[String] {
        &self.assumptions
    }

    /// The rows, sorted by `from`, `to`, steps and kind; made for one `from` after the other.
    pub fn rows(&self) -> impl Iterator<Item = BecomeRow> + '_ {
        let estates = self.snapshot.estates();
        let known = self.paths.iter().filter_map(|(number, paths)| Some((estates.get(*number)?, paths)));
        known.flat_map(move |(estate, paths)| {
            let mut writer = Writer { estate, paths, settings: paths.settings.all.clone() };
            paths.sources.iter().flat_map(move |&source| writer.rows(source, self.transitive))
        })
    }
}

struct Writer<'a> {
    estate: &'a Estate,
    paths: &'a Paths,
    /// Bound to whoever is written about.
    settings: Vec<Setting>,
}

impl Writer<'_> {
    fn rows(&mut self, source: NodeIndex, transitive: bool) -> Vec<BecomeRow> {
        let graph = &self.paths.graph;
        let mut found: Vec<Vec<EdgeIndex>> = graph.edges(source).map(|edge| vec![edge.id()]).collect();
        // What a person may pass on, they pass on as what an assignment makes of them.
        for assigned in graph.edges(source).filter(|edge| matches!(edge.weight().proof, Proof::Assigned)) {
            let passing = graph.edges(assigned.target()).filter(|edge| !edge.weight().is_step());
            found.extend(passing.map(|edge| vec![assigned.id(), edge.id()]));
        }
        if transitive {
            found.extend(chains(graph, source));
        }
        let mut rows: Vec<BecomeRow> = found.iter().filter_map(|steps| self.row(source, steps)).collect();
        rows.sort_by(|a, b| {
            (&a.to, a.hops, a.kind, &a.through, &a.condition, &a.via).cmp(&(
                &b.to,
                b.hops,
                b.kind,
                &b.through,
                &b.condition,
                &b.via,
            ))
        });
        // The same step can be made by several permissions.
        rows.dedup();
        rows
    }

    fn row(&mut self, source: NodeIndex, steps: &[EdgeIndex]) -> Option<BecomeRow> {
        let (estate, paths) = (self.estate, self.paths);
        let &last = steps.last()?;
        let (_, to) = paths.graph.edge_endpoints(last)?;
        let needs = Needs::all(steps.iter().map(|&step| &paths.graph[step].needs));
        let mut through: Vec<String> = Vec::new();
        for &step in steps {
            through.extend(paths.on(estate, step).into_iter().map(str::to_owned));
            let end = paths.graph.edge_endpoints(step).filter(|_| step != last);
            through.extend(end.map(|(_, to)| paths.id(estate, to).to_owned()));
        }
        if let Proof::Passed(number) = paths.graph[last].proof {
            let service = paths.passed.get(number)?.service;
            through.push(estate.text(estate.principals[service].id).to_owned());
        }
        let mut via = Vec::new();
        steps.iter().for_each(|&step| self.proofs(step, &mut via));
        via.sort_unstable();
        via.dedup();
        Some(BecomeRow {
            from: paths.id(estate, source).to_owned(),
            from_kind: paths.kind(estate, source),
            to: paths.id(estate, to).to_owned(),
            kind: paths.graph[last].kind,
            provider: estate.provider.name,
            verdict: needs.verdict,
            condition: needs.condition.as_deref().map(str::to_owned),
            hops: steps.len() as u64,
            through,
            mutual: paths.are_mutual(source, to),
            via,
        })
    }

    /// What shows that a step can be made.
    fn proofs(&mut self, step: EdgeIndex, via: &mut Vec<String>) {
        let (estate, paths) = (self.estate, self.paths);
        let Some((from, to)) = paths.graph.edge_endpoints(step) else { return };
        let Edge { proof, workload, .. } = &paths.graph[step];
        match *proof {
            Proof::Assigned => {
                let actor = self.caller(to);
                via.extend(actor.iter().flat_map(|actor| actor.through(estate)).map(str::to_owned));
            }
            Proof::Taken(number) => {
                let Some(taking) = paths.takings.get(number) else { return };
                let workload = workload.and_then(|number| paths.workloads.get(number));
                if let Some(caller) = self.caller(from) {
                    via.extend(self.routes(&taking.inquiry, &caller));
                    for inquiry in taking.also.iter().chain(workload.into_iter().flatten()) {
                        via.extend(self.routes(inquiry, &caller));
                    }
                }
            }
            Proof::Passed(number) => {
                let Some(passed) = paths.passed.get(number) else { return };
                if let Some(caller) = self.caller(from) {
                    via.extend(self.routes(&passed.inquiry, &caller));
                }
                if let Some(taking) = paths.takings.get(passed.taking) {
                    via.extend(self.routes(&taking.inquiry, &Caller::of(estate, passed.service, None)));
                }
            }
        }
    }

    fn caller(&self, node: NodeIndex) -> Option<Caller> {
        match self.paths.graph[node] {
            Node::Principal(id) => Some(Caller::of(self.estate, id, None)),
            Node::Asked(number) => self.paths.asked.get(number).cloned(),
            Node::Person(_) => None,
        }
    }

    fn routes(&mut self, inquiry: &Inquiry, caller: &Caller) -> Vec<String> {
        let Some(setting) = self.settings.get_mut(inquiry.setting) else { return Vec::new() };
        Routes::new(self.estate, &inquiry.plan).all(caller, setting)
    }
}
