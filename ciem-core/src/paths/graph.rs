//! Principals and the edges between them, as far as they can be reached from whom the query is about.

use super::inquiry::{Inquiry, Passed, Settings, Taking, passings, takings, workloads};
use super::needs::Needs;
use crate::access::caller::{Caller, find_callers};
use crate::access::decide::Verdict;
use crate::access::question::Setting;
use crate::base::IdSet;
use crate::error::Error;
use crate::model::{PrincipalKind, Query};
use crate::progress::Progress;
use crate::snapshot::estate::{Estate, PersonId, ResourceId};
use crate::truth::PrincipalId;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, EdgeIndex, NodeIndex};
use petgraph::visit::EdgeFiltered;
use std::sync::Arc;

/// Somebody who becomes or is become.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Node {
    Principal(PrincipalId),
    Person(PersonId),
    /// A caller of the query that is no record or acts in a session of which something is known, by number.
    Asked(usize),
}

/// What shows that an edge is there.
#[derive(Clone, Copy, Debug)]
pub(super) enum Proof {
    Assigned,
    /// The taking of this number.
    Taken(usize),
    /// The passing of this number: a fact, and no step by itself, since somebody has to make the service work.
    Passed(usize),
}

#[derive(Clone, Debug)]
pub(super) struct Edge {
    pub(super) kind: &'static str,
    pub(super) needs: Needs,
    pub(super) proof: Proof,
    /// The workload of this number, where one is needed.
    pub(super) workload: Option<usize>,
}

impl Edge {
    pub(super) fn is_step(&self) -> bool {
        !matches!(self.proof, Proof::Passed(_))
    }
}

#[derive(Debug)]
pub(super) struct Paths {
    pub(super) graph: DiGraph<Node, Edge>,
    /// Whom the query is about, sorted by id.
    pub(super) sources: Vec<NodeIndex>,
    pub(super) asked: Vec<Caller>,
    pub(super) settings: Settings,
    pub(super) takings: Vec<Taking>,
    /// Where workloads can be made; empty until somebody is found who may give a principal to one.
    pub(super) workloads: Vec<Vec<Inquiry>>,
    pub(super) passed: Vec<Passed>,
    /// By node: its strongly connected component, numbered.
    components: Vec<usize>,
}

impl Paths {
    pub(super) fn find(estate: &Estate, query: &Query, progress: &Progress) -> Result<Self, Error> {
        let callers = match &query.principal {
            Some(principal) => Some(find_callers(estate, principal, query.session.as_ref())?),
            None => None,
        };
        let mut settings = Settings::new(estate, query)?;
        let takings = takings(estate, &settings, progress)?;
        let passed = passings(estate, query, &takings, &mut settings, progress)?;
        let (graph, asked, components) = (DiGraph::new(), Vec::new(), Vec::new());
        let (sources, workloads) = (Vec::new(), Vec::new());
        let paths = Paths { graph, sources, asked, settings, takings, workloads, passed, components };
        let mut build = Build {
            estate,
            query,
            paths,
            nodes: HashMap::default(),
            texts: HashMap::default(),
            places: HashMap::default(),
        };
        let first = match callers {
            Some(callers) => build.start(callers),
            None => build.start_everywhere(),
        };
        build.pass(&first, progress)?;
        build.steps(first, progress)?;
        Ok(build.finish())
    }

    pub(super) fn id<'a>(&'a self, estate: &'a Estate, node: NodeIndex) -> &'a str {
        match self.graph[node] {
            Node::Principal(id) => estate.text(estate.principals[id].id),
            Node::Person(id) => estate.text(estate.people[id].id),
            Node::Asked(number) => self.asked[number].id.text(estate),
        }
    }

    pub(super) fn kind(&self, estate: &Estate, node: NodeIndex) -> PrincipalKind {
        match self.graph[node] {
            Node::Principal(id) => estate.principals[id].kind,
            Node::Person(id) => estate.people[id].kind,
            Node::Asked(number) => self.asked[number].kind,
        }
    }

    /// The resource on which the permission is used that makes a step.
    pub(super) fn on<'a>(&self, estate: &'a Estate, step: EdgeIndex) -> Vec<&'a str> {
        let edge = &self.graph[step];
        let Proof::Taken(number) = edge.proof else { return Vec::new() };
        let on = self.takings.get(number).and_then(|taking| taking.inquiry.on);
        let workload = edge.workload.and_then(|number| self.workloads.get(number)?.first()?.on);
        let shown = |on: ResourceId| (estate.provider.shown)(estate.text(estate.resources[on].id));
        on.into_iter().chain(workload).map(shown).collect()
    }

    /// Whether both can become each other.
    pub(super) fn are_mutual(&self, one: NodeIndex, other: NodeIndex) -> bool {
        self.components.get(one.index()) == self.components.get(other.index())
    }
}

struct Build<'a> {
    estate: &'a Estate,
    query: &'a Query,
    paths: Paths,
    nodes: HashMap<Node, NodeIndex, RandomState>,
    /// Conditions, kept once.
    texts: HashMap<Arc<str>, Arc<str>, RandomState>,
    /// Where each can make a workload, as far as it was asked.
    places: HashMap<Node, Option<(usize, Needs)>, RandomState>,
}

/// What is needed beside the permission of a way, and the workload by number.
type Besides = (Vec<Needs>, Option<usize>);

/// Whose edges are to be found: records, and callers of the query by number.
struct First {
    records: IdSet<PrincipalId>,
    asked: Vec<usize>,
}

impl Build<'_> {
    fn node(&mut self, node: Node) -> NodeIndex {
        let graph = &mut self.paths.graph;
        *self.nodes.entry(node).or_insert_with(|| graph.add_node(node))
    }

    /// Nobody has to become what they are, and what is denied is no edge.
    fn edge(
        &mut self,
        [from, to]: [Node; 2],
        kind: &'static str,
        needs: Needs,
        proof: Proof,
    ) -> Option<EdgeIndex> {
        if needs.verdict == Verdict::Deny || self.kind_and_id(from).1 == self.kind_and_id(to).1 {
            return None;
        }
        let once = |text: Arc<str>| Arc::clone(self.texts.entry(text).or_insert_with_key(Arc::clone));
        let needs = Needs { condition: needs.condition.map(once), ..needs };
        let (from, to) = (self.node(from), self.node(to));
        Some(self.paths.graph.add_edge(from, to, Edge { kind, needs, proof, workload: None }))
    }

    /// What somebody needs beside the permission of a way, and where; `None` if it has not got it.
    fn besides(
        &mut self,
        Taking { way, inquiry, also }: &Taking,
        from: Node,
        progress: &Progress,
    ) -> Result<Option<Besides>, Error> {
        let mut needs = Vec::new();
        for inquiry in also {
            match self.needs(inquiry, from) {
                Some(one) => needs.push(one),
                None => return Ok(None),
            }
        }
        if !way.in_workload {
            return Ok(Some((needs, None)));
        }
        if self.paths.workloads.is_empty() {
            self.paths.workloads = workloads(self.estate, &self.paths.settings, inquiry.target, progress)?;
        }
        if !self.places.contains_key(&from) {
            let place = self.place(from);
            self.places.insert(from, place);
        }
        let Some(Some((number, one))) = self.places.get(&from) else { return Ok(None) };
        needs.push(one.clone());
        Ok(Some((needs, Some(*number))))
    }

    /// Where somebody can make a workload most surely.
    fn place(&self, from: Node) -> Option<(usize, Needs)> {
        let mut best: Option<(usize, Needs)> = None;
        for (number, inquiries) in self.paths.workloads.iter().enumerate() {
            let all: Option<Vec<Needs>> = inquiries.iter().map(|inquiry| self.needs(inquiry, from)).collect();
            let Some(needs) = all.map(|all| Needs::all(all.iter())) else { continue };
            if best.as_ref().is_none_or(|(_, known)| needs.is_surer(known)) {
                let is_sure = needs.verdict == Verdict::Allow;
                best = Some((number, needs));
                if is_sure {
                    break;
                }
            }
        }
        best
    }

    /// What the access of one of them depends on, if there is any.
    fn needs(&self, inquiry: &Inquiry, from: Node) -> Option<Needs> {
        let only = match from {
            Node::Principal(id) => First { records: IdSet::one(id), asked: Vec::new() },
            Node::Asked(number) => First { records: IdSet::default(), asked: vec![number] },
            Node::Person(_) => return None,
        };
        let found = self.found(inquiry, &only).pop().map(|(_, needs)| needs);
        found.filter(|needs| needs.verdict != Verdict::Deny)
    }

    fn assign(&mut self, person: PersonId, actor: Node) {
        let kind = self.estate.provider.becoming.assigned;
        self.edge([Node::Person(person), actor], kind, Needs::nothing(), Proof::Assigned);
    }

    /// The callers of the query; a person's are what assignments make of them.
    fn start(&mut self, callers: Vec<Caller>) -> First {
        let mut first = First { records: IdSet::default(), asked: Vec::new() };
        for caller in callers {
            let acting = caller.principal.and_then(|id| self.estate.principals[id].acting.as_deref());
            let plain = self.query.session.is_none() && (acting.is_some() || caller.session_name.is_none());
            let actor = match caller.principal.filter(|_| plain) {
                Some(id) => {
                    first.records.insert(id);
                    Node::Principal(id)
                }
                None => {
                    first.asked.push(self.paths.asked.len());
                    self.paths.asked.push(caller);
                    Node::Asked(self.paths.asked.len() - 1)
                }
            };
            let source = match acting {
                Some(acting) => {
                    self.assign(acting.person, actor);
                    Node::Person(acting.person)
                }
                None => actor,
            };
            let source = self.node(source);
            if !self.paths.sources.contains(&source) {
                self.paths.sources.push(source);
            }
        }
        first
    }

    fn start_everywhere(&mut self) -> First {
        let estate = self.estate;
        for (id, principal) in estate.principals.entries() {
            let actor = Node::Principal(id);
            match &principal.acting {
                Some(acting) => self.assign(acting.person, actor),
                None => {
                    let source = self.node(actor);
                    self.paths.sources.push(source);
                }
            }
        }
        for person in estate.people.ids() {
            let source = self.node(Node::Person(person));
            self.paths.sources.push(source);
        }
        First { records: estate.everybody.clone(), asked: Vec::new() }
    }

    /// Who of the first callers may pass what to a service.
    fn pass(&mut self, first: &First, progress: &Progress) -> Result<(), Error> {
        let estate = self.estate;
        let Some(passing) = &estate.provider.becoming.passing else { return Ok(()) };
        let passed = std::mem::take(&mut self.paths.passed);
        let takings = std::mem::take(&mut self.paths.takings);
        for (number, Passed { service, taking, inquiry }) in passed.iter().enumerate() {
            progress.tick("asking", number, Some(passed.len()))?;
            let Some(taking) = takings.get(*taking) else { continue };
            // What the service needs to turn into it counts beside what the caller needs to pass it on.
            let mut needs = None;
            let service = IdSet::one(*service);
            let setting = self.setting(&taking.inquiry);
            taking.inquiry.among(estate, setting, &service, |_, found| needs = Some(Needs::of(found)));
            let Some(needs) = needs.filter(|needs| needs.verdict != Verdict::Deny) else { continue };
            for (from, may) in self.found(inquiry, first) {
                if may.verdict != Verdict::Deny {
                    let both = Needs::all([&may, &needs].into_iter());
                    let ends = [from, Node::Principal(inquiry.target)];
                    self.edge(ends, passing.kind, both, Proof::Passed(number));
                }
            }
        }
        self.paths.passed = passed;
        self.paths.takings = takings;
        Ok(())
    }

    /// Everything that is reached, round by round: each round asks about all whom the one before reached.
    fn steps(&mut self, mut first: First, progress: &Progress) -> Result<(), Error> {
        let takings = std::mem::take(&mut self.paths.takings);
        let mut seen = first.records.clone();
        while !(first.records.is_empty() && first.asked.is_empty()) {
            let mut next = First { records: IdSet::default(), asked: Vec::new() };
            for (number, taking) in takings.iter().enumerate() {
                let Taking { way, inquiry, .. } = taking;
                progress.tick("asking", number, Some(takings.len()))?;
                for (from, needs) in self.found(inquiry, &first) {
                    let (kind, id) = self.kind_and_id(from);
                    let Some(kind) = (way.kind)(kind, id) else { continue };
                    let Some((mut all, workload)) = self.besides(taking, from, progress)? else { continue };
                    all.insert(0, needs);
                    let needs = Needs::all(all.iter());
                    let ends = [from, Node::Principal(inquiry.target)];
                    if let Some(edge) = self.edge(ends, kind, needs, Proof::Taken(number)) {
                        self.paths.graph[edge].workload = workload;
                        if seen.insert(inquiry.target) {
                            next.records.insert(inquiry.target);
                        }
                    }
                }
            }
            first = next;
        }
        self.paths.takings = takings;
        Ok(())
    }

    fn setting(&self, inquiry: &Inquiry) -> &Setting {
        &self.paths.settings.all[inquiry.setting]
    }

    fn found(&self, inquiry: &Inquiry, first: &First) -> Vec<(Node, Needs)> {
        let mut all = Vec::new();
        inquiry.among(self.estate, self.setting(inquiry), &first.records, |id, found| {
            all.push((Node::Principal(id), Needs::of(found)));
        });
        let setting = self.paths.settings.first(inquiry.setting);
        for &number in &first.asked {
            if let Some(caller) = self.paths.asked.get(number) {
                let found = inquiry.of(self.estate, setting, caller, self.query);
                all.push((Node::Asked(number), Needs::of(Some(&found))));
            }
        }
        all
    }

    fn kind_and_id(&self, node: Node) -> (PrincipalKind, &str) {
        match node {
            Node::Principal(id) => {
                let principal = &self.estate.principals[id];
                (principal.kind, self.estate.text(principal.id))
            }
            Node::Person(id) => (self.estate.people[id].kind, self.estate.text(self.estate.people[id].id)),
            Node::Asked(number) => {
                let caller = &self.paths.asked[number];
                (caller.kind, caller.id.text(self.estate))
            }
        }
    }

    fn finish(self) -> Paths {
        let (estate, mut paths) = (self.estate, self.paths);
        let mut sources = std::mem::take(&mut paths.sources);
        sources.sort_by(|&a, &b| paths.id(estate, a).cmp(paths.id(estate, b)));
        paths.sources = sources;
        let mut components = vec![0; paths.graph.node_count()];
        let steps = EdgeFiltered::from_fn(&paths.graph, |edge| edge.weight().is_step());
        for (number, component) in tarjan_scc(&steps).into_iter().enumerate() {
            component.into_iter().for_each(|node| components[node.index()] = number);
        }
        paths.components = components;
        paths
    }
}
