//! What is asked to find edges: who may use a permission that makes one, on each principal that can be turned into.

use crate::access::asking::{Asking, Found};
use crate::access::caller::Caller;
use crate::access::question::{Given, Plan, Setting};
use crate::access::who_can::sure_and_open;
use crate::base::IdSet;
use crate::error::Error;
use crate::model::{ContextValue, PrincipalKind, Query};
use crate::progress::Progress;
use crate::provider::{PassingSpec, WaySpec};
use crate::snapshot::estate::{Estate, Resource, ResourceId};
use crate::truth::PrincipalId;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A question about one principal as a resource, or about a resource that acts as one, answered for everybody at once.
#[derive(Debug)]
pub(super) struct Inquiry {
    pub(super) plan: Plan,
    /// Into whom the permission turns.
    pub(super) target: PrincipalId,
    /// The resource that acts as it, where the permission is one on that.
    pub(super) on: Option<ResourceId>,
    /// Which of [`Settings`].
    pub(super) setting: usize,
    sure: IdSet<PrincipalId>,
    open: IdSet<PrincipalId>,
}

impl Inquiry {
    fn new(
        estate: &Estate,
        permission: u16,
        (target, on): (PrincipalId, Option<ResourceId>),
        (setting, asked): (usize, &Setting),
        progress: &Progress,
    ) -> Result<Self, Error> {
        let resource = match on {
            Some(resource) => estate.resources[resource].id,
            None => estate.principals[target].id,
        };
        let resource = estate.text(resource);
        let plan = Plan::new(estate, permission, resource, false)?;
        let (sure, open) = sure_and_open(estate, &plan, asked, progress)?;
        Ok(Inquiry { plan, target, on, setting, sure, open })
    }

    /// What the access of `callers` depends on; those who have none are left out.
    pub(super) fn among(
        &self,
        estate: &Estate,
        setting: &Setting,
        callers: &IdSet<PrincipalId>,
        mut found: impl FnMut(PrincipalId, Option<&Found>),
    ) {
        let (mut sure, mut open) = (self.sure.clone(), self.open.clone());
        sure.intersect_with(callers);
        open.intersect_with(callers);
        sure.iter().for_each(|id| found(id, None));
        if open.is_empty() {
            return;
        }
        let mut asking = Asking::new(estate, &self.plan, setting, &[]);
        for id in open.iter() {
            found(id, Some(&asking.found(id)));
        }
    }

    /// The same of a caller that is no record, or acts in a session of which something is known.
    pub(super) fn of(
        &self,
        estate: &Estate,
        setting: &Setting,
        caller: &Caller,
        query: &Query,
    ) -> Arc<Found> {
        Asking::new(estate, &self.plan, setting, &[]).residual_in(caller, query.session.as_ref())
    }

    /// Services that may, surely or not.
    fn services(&self, estate: &Estate) -> IdSet<PrincipalId> {
        let mut services = self.sure.clone();
        services.union_with(&self.open);
        services.intersect_with(estate.of_kind(PrincipalKind::Service));
        services
    }
}

/// A request's settings, one for each service that something is passed to, and one for all else.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) all: Vec<Setting>,
    /// The same for the first step, where the query says something of the session.
    pub(super) in_session: Vec<Setting>,
    by_service: BTreeMap<PrincipalId, usize>,
}

impl Settings {
    pub(super) fn new(estate: &Estate, query: &Query) -> Result<Self, Error> {
        let mut settings = Settings { all: Vec::new(), in_session: Vec::new(), by_service: BTreeMap::new() };
        settings.add(estate, query, None)?;
        Ok(settings)
    }

    fn add(&mut self, estate: &Estate, query: &Query, told: Option<(&str, &str)>) -> Result<usize, Error> {
        let mut context = query.context.clone();
        if let Some((key, value)) = told {
            context.retain(|known, _| !known.eq_ignore_ascii_case(key));
            context.insert(key.to_owned(), ContextValue::One(value.to_owned()));
        }
        let alone = Given {
            context: &context,
            session: None,
            policies: None,
            compiled: None,
            resource: None,
            at: query.at.as_deref(),
            unknown: query.unknown_context,
            missing: query.missing_layer,
        };
        self.all.push(Setting::new(estate, &alone, None)?);
        if let Some(session) = &query.session {
            let in_session = Given { session: Some(session), policies: session.policies.as_deref(), ..alone };
            self.in_session.push(Setting::new(estate, &in_session, None)?);
        }
        Ok(self.all.len() - 1)
    }

    fn for_service(
        &mut self,
        estate: &Estate,
        query: &Query,
        passing: &PassingSpec,
        service: PrincipalId,
    ) -> Result<usize, Error> {
        if let Some(&known) = self.by_service.get(&service) {
            return Ok(known);
        }
        let name = estate.text(estate.principals[service].id);
        let index = self.add(estate, query, Some((passing.to, name)))?;
        self.by_service.insert(service, index);
        Ok(index)
    }

    /// As the caller of the query asks.
    pub(super) fn first(&self, index: usize) -> &Setting {
        // INVARIANT: an index comes from `add`.
        self.in_session.get(index).unwrap_or(&self.all[index])
    }
}

/// A way to turn into another principal, asked about.
#[derive(Debug)]
pub(super) struct Taking {
    pub(super) way: &'static WaySpec,
    pub(super) inquiry: Inquiry,
    /// What is needed besides, on the same resource.
    pub(super) also: Vec<Inquiry>,
}

/// Whether a principal may be passed to a service that can turn into it.
#[derive(Debug)]
pub(super) struct Passed {
    pub(super) service: PrincipalId,
    /// By number: how the service turns into it.
    pub(super) taking: usize,
    pub(super) inquiry: Inquiry,
}

/// Every principal whose own policy can make a difference to a permission that turns into it, and every one that resources
/// act as.
pub(super) fn takings(
    estate: &Estate,
    settings: &Settings,
    progress: &Progress,
) -> Result<Vec<Taking>, Error> {
    let mut found = Vec::new();
    let count = estate.resources.len();
    for (done, resource) in estate.resources.iter().enumerate() {
        progress.tick("asking", done, Some(count))?;
        let Some(&target) = estate.by_id.get(&resource.id).filter(|_| resource.askable) else { continue };
        if estate.text(resource.id).contains(['*', '?']) {
            continue;
        }
        for way in estate.provider.becoming.ways.iter().filter(|way| way.on.is_none()) {
            let permission = estate.universe.find(way.permission);
            let Some(permission) = permission.filter(|&id| is_spoken_of(estate, resource, id)) else {
                continue;
            };
            let (turned, asked) = ((target, None), (0, &settings.all[0]));
            let inquiry = Inquiry::new(estate, permission, turned, asked, progress)?;
            found.push(Taking { way, inquiry, also: Vec::new() });
        }
    }
    let count = estate.acting_resources.len();
    for (done, &(target, on)) in estate.acting_resources.iter().enumerate() {
        progress.tick("asking", done, Some(count))?;
        let kind = estate.text(estate.resources[on].kind);
        let is_on = |way: &&WaySpec| way.on.is_some_and(|wanted| wanted.eq_ignore_ascii_case(kind));
        for way in estate.provider.becoming.ways.iter().filter(is_on) {
            let needed = || [way.permission].into_iter().chain(way.also.iter().copied());
            if let Some(mut all) = inquiries(estate, settings, (target, on), needed(), progress)? {
                let also = all.split_off(1);
                found.extend(all.pop().map(|inquiry| Taking { way, inquiry, also }));
            }
        }
    }
    Ok(found)
}

/// Whether a policy of the resource speaks of the permission, even to nobody.
fn is_spoken_of(estate: &Estate, resource: &Resource, permission: u16) -> bool {
    let library = &estate.library;
    let documents = resource.policies.iter().map(|&policy| estate.policies[policy].document);
    let mut statements = documents.flat_map(|document| library.statements_of(document));
    statements.any(|(_, statement)| library.speaks_of(statement, permission))
}

/// Who may use each of these permissions on a resource; `None` where nobody can, since there is no such permission.
fn inquiries(
    estate: &Estate,
    settings: &Settings,
    (target, on): (PrincipalId, ResourceId),
    permissions: impl Iterator<Item = &'static str>,
    progress: &Progress,
) -> Result<Option<Vec<Inquiry>>, Error> {
    let mut found = Vec::new();
    for permission in permissions {
        let Some(permission) = estate.universe.find(permission) else { return Ok(None) };
        let (turned, asked) = ((target, Some(on)), (0, &settings.all[0]));
        found.push(Inquiry::new(estate, permission, turned, asked, progress)?);
    }
    Ok(Some(found))
}

/// Where somebody could make a workload: what is needed there, resource by resource.
pub(super) fn workloads(
    estate: &Estate,
    settings: &Settings,
    target: PrincipalId,
    progress: &Progress,
) -> Result<Vec<Vec<Inquiry>>, Error> {
    let mut found = Vec::new();
    let count = estate.resources.len();
    for (done, (id, resource)) in estate.resources.entries().enumerate() {
        progress.tick("asking", done, Some(count))?;
        let kind = estate.text(resource.kind);
        for made in
            estate.provider.becoming.workloads.iter().filter(|made| made.on.eq_ignore_ascii_case(kind))
        {
            let permissions = made.permissions.iter().copied();
            found.extend(inquiries(estate, settings, (target, id), permissions, progress)?);
        }
    }
    Ok(found)
}

/// Who may pass on what services can turn into.
pub(super) fn passings(
    estate: &Estate,
    query: &Query,
    takings: &[Taking],
    settings: &mut Settings,
    progress: &Progress,
) -> Result<Vec<Passed>, Error> {
    let mut found = Vec::new();
    let Some(passing) = &estate.provider.becoming.passing else { return Ok(found) };
    let Some(permission) = estate.universe.find(passing.permission) else { return Ok(found) };
    for (number, taking) in takings.iter().enumerate() {
        progress.tick("asking", number, Some(takings.len()))?;
        for service in taking.inquiry.services(estate).iter() {
            let name = estate.text(estate.principals[service].id);
            if (taking.way.kind)(PrincipalKind::Service, name).is_none() {
                continue;
            }
            let index = settings.for_service(estate, query, passing, service)?;
            let asked = (index, &settings.all[index]);
            let turned = (taking.inquiry.target, None);
            let inquiry = Inquiry::new(estate, permission, turned, asked, progress)?;
            found.push(Passed { service, taking: number, inquiry });
        }
    }
    Ok(found)
}
