//! Loose policies: one question, or many with the documents prepared once.

use super::answer::Decision;
use super::can::Bound;
use super::prepared::{Prepared, PreparedRequest};
use super::question::{Compiled, Given, compiled};
use crate::error::{Error, Place};
use crate::model::{Facts, Request};
use crate::progress::Progress;
use crate::provider::{Fit, Provider, Simulated, SimulationSpec, TABLE};
use crate::snapshot::freeze::freeze;
use crate::snapshot::known::Known;
use crate::snapshot::universe::Universe;
use crate::snapshot::{Inner, Snapshot};
use serde_json::Value;
use std::sync::{Arc, OnceLock};

/// Evaluates loose policies: a `simulate` document, as `docs` describes it.
///
/// ```
/// use ciem_core::{Verdict, simulate};
///
/// let decision = simulate(r#"{
///   "v": 1, "provider": "aws", "principal": "arn:aws:iam::111122223333:user/ana",
///   "action": "s3:GetObject", "resource": "arn:aws:s3:::pay/report.csv", "resource_account": "111122223333",
///   "identity_policies": [{"name": "own", "document": {"Version": "2012-10-17", "Statement": [
///     {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}}]
/// }"#)?;
/// assert_eq!(decision.verdict, Verdict::Allow);
/// # Ok::<(), ciem_core::Error>(())
/// ```
///
/// # Errors
/// `rejected_policy` with the place in the policy; `invalid_request`, `malformed`, `unknown_action`.
pub fn simulate(simulation: &str) -> Result<Decision, Error> {
    let simulator = Simulator::new(simulation)?;
    simulator.decide(simulator.request())
}

/// The policies of a `simulate` document, prepared once for many questions.
///
/// The principal, the policies and the resource that `resource_policy` belongs to are those of the document. Action,
/// resource, context, session and time may differ from question to question: change them in a copy of
/// [`Simulator::request`].
///
/// ```
/// use ciem_core::{Scratch, Simulator, Verdict};
///
/// let simulator = Simulator::new(r#"{
///   "principal": "arn:aws:iam::111122223333:user/ana", "action": "s3:GetObject", "resource": "arn:aws:s3:::pay/a.csv",
///   "identity_policies": [{"document": {"Version": "2012-10-17", "Statement": [
///     {"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::pay/*"}]}}]
/// }"#)?;
/// let mut asked = simulator.request().clone();
/// asked.action = "s3:PutObject".to_owned();
/// assert_eq!(simulator.decide(simulator.request())?.verdict, Verdict::Allow);
/// assert_eq!(simulator.decide(&asked)?.verdict, Verdict::Deny);
///
/// // Where the verdict is all that is wanted, this is many times faster.
/// let (prepared, mut scratch) = (simulator.prepare(), Scratch::default());
/// let ready = simulator.ready(&prepared, &asked)?;
/// assert_eq!(prepared.verdict(&ready, &mut scratch), Verdict::Deny);
/// # Ok::<(), ciem_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Simulator {
    fit: fn(&Simulated, &Request) -> Fit,
    snapshot: Snapshot,
    simulated: Simulated,
    /// The session policies of the document.
    compiled: Option<Compiled>,
    /// What holds of the document's question whatever permission is asked for: for permissions that act on resources, and
    /// for the others.
    bound: [OnceLock<Bound>; 2],
}

impl Simulator {
    /// Reads and checks the document.
    ///
    /// # Errors
    /// As [`simulate`].
    pub fn new(simulation: &str) -> Result<Simulator, Error> {
        let named: Value = serde_json::from_str(simulation).map_err(|error| {
            let line = u64::try_from(error.line()).unwrap_or(u64::MAX);
            Error::malformed(format!("the simulation is not JSON: {error}"), Place::default().line(line))
        })?;
        let provider = match named.get("provider") {
            None => TABLE.first(),
            Some(name) => TABLE.iter().find(|p| name.as_str() == Some(p.name)),
        };
        let Some(&provider) = provider else { return Err(Error::invalid("provider", "no such provider")) };
        let mut facts = Facts::default();
        let Some(spec) = &provider.simulation else {
            return Err(Error::invalid("provider", "no loose policies of this provider are evaluated"));
        };
        let simulated = (spec.build)(simulation, &mut facts)?;
        let universe = Universe::of_facts(Known::built_in(provider), &facts)?;
        Simulator::freeze(provider, spec, universe, facts, simulated)
    }

    fn freeze(
        provider: &'static Provider,
        spec: &'static SimulationSpec,
        universe: Universe,
        facts: Facts,
        simulated: Simulated,
    ) -> Result<Simulator, Error> {
        let (estate, coverage) = freeze(provider, universe, facts, &Progress::none())?;
        let policies = simulated.request.session.as_ref().and_then(|session| session.policies.as_deref());
        let compiled = policies.map(|policies| compiled(&estate, policies)).transpose()?;
        let inner = Inner { estates: vec![estate], coverages: vec![coverage], unrecognised: Vec::new() };
        let bound = [OnceLock::new(), OnceLock::new()];
        Ok(Simulator { fit: spec.fit, snapshot: Snapshot(Arc::new(inner)), simulated, compiled, bound })
    }

    /// The question of the document.
    pub fn request(&self) -> &Request {
        &self.simulated.request
    }

    /// The answer to a question.
    ///
    /// # Errors
    /// `unknown_action`, `unknown_principal`, `invalid_request`.
    pub fn decide(&self, request: &Request) -> Result<Decision, Error> {
        if self.differs_in_action_only(request) {
            let (estate, permission) = self.snapshot.find_permission(&request.action)?;
            let [on_resources, on_nothing] = &self.bound;
            let acts = !estate.universe.is_without_resource(permission);
            let bound = if acts { on_resources } else { on_nothing };
            let bound = match bound.get() {
                Some(bound) => bound,
                None => {
                    let fit = (self.fit)(&self.simulated, request);
                    let given = self.given(request, &fit);
                    let callers = self.snapshot.callers_of(estate, request, given.session)?;
                    let found = Bound::new(estate, permission, callers, request, &given)?;
                    bound.get_or_init(|| found)
                }
            };
            return bound.decide(estate, permission, request);
        }
        let fit = (self.fit)(&self.simulated, request);
        self.snapshot.can_given(request, &self.given(request, &fit))
    }

    /// Whether who asks, on what and in which context is as in the document.
    fn differs_in_action_only(&self, request: &Request) -> bool {
        let own = &self.simulated.request;
        if std::ptr::eq(request, own) {
            return true;
        }
        let Request { principal, action: _, resource, context, unknown_context, session, at, missing_layer } =
            request;
        (principal, resource, at) == (&own.principal, &own.resource, &own.at)
            && (unknown_context, missing_layer) == (&own.unknown_context, &own.missing_layer)
            && context == &own.context
            && session == &own.session
    }

    /// Makes the policies ready for many verdicts.
    pub fn prepare(&self) -> Prepared<'_> {
        self.snapshot.prepare()
    }

    /// Makes a question ready for [`Prepared::verdict`] of what [`Simulator::prepare`] gave.
    ///
    /// # Errors
    /// As [`Simulator::decide`].
    pub fn ready(&self, prepared: &Prepared<'_>, request: &Request) -> Result<PreparedRequest, Error> {
        let fit = (self.fit)(&self.simulated, request);
        prepared.given(request, &self.given(request, &fit))
    }

    fn given<'a>(&'a self, request: &'a Request, fit: &'a Fit) -> Given<'a> {
        let mut given = Given::from(request);
        given.context = fit.context.as_ref().unwrap_or(given.context);
        given.session = fit.session.as_ref().or(given.session);
        given.compiled = self.compiled.as_ref();
        given
    }
}
