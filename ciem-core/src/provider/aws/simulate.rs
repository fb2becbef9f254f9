//! `simulate`: loose policies and one question, as facts of a snapshot of their own.

mod caller;
mod guardrails;
mod input;
#[cfg(test)]
mod tests;

use super::document::{Dialect, for_request, intern, is_public};
use super::keys::resource_context;
use super::read::{finish, kind_of};
use super::{BOUNDARY, ENDPOINT, IDENTITY, PUBLIC_POLICY, RESOURCE, RESTRICTS_PUBLIC, SESSION, TRUST};
use crate::error::{Error, Place};
use crate::model::{
    ContextValue, Facts, FileReport, LayerId, PolicyRef, PolicyUse, PrincipalRecord, Request, ResourceRecord,
    Session, SourceId, UnknownContext, given_value,
};
use crate::provider::{Fit, Fixed, Simulated};
use caller::{Caller, Kind};
use input::{Policy, Simulation};

const ENDPOINT_KEY: &str = "aws:SourceVpce";
const TAG_PREFIX: &str = "aws:principaltag/";

/// The facts that a simulation states, and its question.
pub(crate) fn build(text: &str, facts: &mut Facts) -> Result<Simulated, Error> {
    let simulation = input::parse(text)?;
    let caller = caller::of(&simulation)?;
    reject_layers(&simulation, &caller)?;
    let source = facts.source(FileReport { name: "simulation".to_owned(), ..FileReport::default() });
    let mut builder = Builder { facts, source };
    builder.principal(&simulation, &caller)?;
    builder.resource(&simulation)?;
    let endpoint = builder.endpoint(&simulation)?;
    builder.guardrails(&simulation, &caller)?;
    let session = builder.session(&simulation)?;
    finish(facts);
    let request = Request {
        principal: simulation.principal,
        action: simulation.action,
        resource: simulation.resource,
        context: simulation.context,
        session,
        at: simulation.at,
        unknown_context: simulation.unknown_context,
        missing_layer: simulation.missing_layer,
    };
    Ok(Simulated { request, endpoint, bucket_tags: simulation.s3.bucket_abac })
}

/// A question as it must be asked of the facts that a simulation states.
pub(crate) fn fit(simulated: &Simulated, request: &Request) -> Fit {
    let mut fit = Fit::default();
    if let Some(id) = &simulated.endpoint
        && given_value(&request.context, ENDPOINT_KEY).is_none()
    {
        let context = fit.context.get_or_insert_with(|| request.context.clone());
        context.insert(ENDPOINT_KEY.to_owned(), ContextValue::One(id.clone()));
    }
    // One request is simulated, so that what it does not say is not in it, whatever a pattern ranges over.
    let (key, fixed) = resource_context(&request.resource);
    if fixed == Fixed::Differently
        && request.unknown_context == UnknownContext::Absent
        && given_value(&request.context, key).is_none()
    {
        let context = fit.context.get_or_insert_with(|| request.context.clone());
        context.insert(key.to_owned(), ContextValue::Absent);
    }
    if !simulated.bucket_tags
        && request.resource.split(':').nth(2) == Some("s3")
        && request.context.keys().any(|key| is_bucket_tag(key))
    {
        let context = fit.context.get_or_insert_with(|| request.context.clone());
        for (_, value) in context.iter_mut().filter(|(key, _)| is_bucket_tag(key)) {
            *value = ContextValue::Absent;
        }
    }
    // Facts decide the tags of principals; here the context is what states them.
    let tags = request.context.iter().filter_map(|(key, value)| {
        let prefix = key.get(..TAG_PREFIX.len()).filter(|prefix| prefix.eq_ignore_ascii_case(TAG_PREFIX))?;
        let ContextValue::One(value) = value else { return None };
        Some((key.get(prefix.len()..)?.to_owned(), value.clone()))
    });
    let tags: Vec<(String, String)> = tags.collect();
    if !tags.is_empty() {
        let own = request.session.as_ref();
        let session = fit.session.insert(own.map(Session::without_policies).unwrap_or_default());
        for (key, value) in tags {
            session.tags.entry(key).or_insert(value);
        }
    }
    fit
}

/// Layers that a caller of this kind does not have (AWS-17, AWS-19, AWS-20).
fn reject_layers(simulation: &Simulation, caller: &Caller) -> Result<(), Error> {
    let refuse = |field: &str, reason: &str| Err(Error::invalid(field, reason));
    if caller.kind == Kind::User && !simulation.session_policies.is_empty() {
        return refuse(
            "session_policies",
            "an IAM user acts without a session; ask about a role or federated user",
        );
    }
    let outside = match caller.kind {
        Kind::Anonymous => "an anonymous caller has none",
        Kind::Service => "a service that acts for itself has none",
        Kind::Federated => "an identity of an external provider has none before it takes on a role",
        Kind::User | Kind::Role | Kind::Session | Kind::Root | Kind::FederatedUser => return Ok(()),
    };
    let identity = [
        ("identity_policies", simulation.identity_policies.is_empty()),
        ("permissions_boundaries", simulation.permissions_boundaries.is_empty()),
        ("session_policies", simulation.session_policies.is_empty()),
    ];
    if let Some((field, _)) = identity.iter().find(|(_, empty)| !empty) {
        return refuse(field, outside);
    }
    if caller.kind == Kind::Anonymous && !simulation.service_control_policies.is_empty() {
        return refuse("service_control_policies", outside);
    }
    Ok(())
}

/// Tags of a bucket count only where attribute-based access is enabled for it (AWS-43).
fn is_bucket_tag(key: &str) -> bool {
    ["aws:resourcetag/", "s3:buckettag/"]
        .iter()
        .any(|prefix| key.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix)))
}

struct Builder<'f> {
    facts: &'f mut Facts,
    source: SourceId,
}

impl Builder<'_> {
    /// A policy of the simulation; `field` leads to it in the error, should AWS reject it.
    fn policy(
        &mut self,
        policy: &Policy,
        layer: LayerId,
        dialect: Dialect,
        field: &str,
    ) -> Result<PolicyUse, Error> {
        let name = policy.name.as_deref().unwrap_or(field);
        // The empty object stands for a policy without statements.
        let empty = policy.document.get().trim_start_matches(['{', ' ', '\n', '\t', '\r']) == "}";
        let document = if empty {
            for_request(self.facts, layer, r#"{"Statement":[]}"#)?
        } else {
            intern(self.facts, &policy.document, dialect)
        };
        let reasons = self.facts.rejected_documents.get(&document);
        if let Some((pointer, reason)) = reasons.and_then(|all| all.first()) {
            return Err(Error::RejectedPolicy {
                policy: name.to_owned(),
                reason: reason.clone(),
                place: Place::default().at(format!("/{field}/document{pointer}")),
            });
        }
        Ok(PolicyUse { layer, policy: PolicyRef::Inline { name: self.facts.text(name), document } })
    }

    fn policies(
        &mut self,
        policies: &[Policy],
        layer: LayerId,
        field: &str,
    ) -> Result<Vec<PolicyUse>, Error> {
        let dialect = Dialect::of(layer);
        let one = |(index, policy)| self.policy(policy, layer, dialect, &format!("{field}/{index}"));
        policies.iter().enumerate().map(one).collect()
    }

    fn principal(&mut self, simulation: &Simulation, caller: &Caller) -> Result<(), Error> {
        let Some(record) = &caller.record else { return Ok(()) };
        let mut policies = self.policies(&simulation.identity_policies, IDENTITY, "identity_policies")?;
        policies.extend(self.policies(
            &simulation.permissions_boundaries,
            BOUNDARY,
            "permissions_boundaries",
        )?);
        let account = self.facts.text(&record.account);
        let principal = PrincipalRecord {
            id: self.facts.text(&record.id),
            kind: record.kind,
            account,
            name: self.facts.text(&record.name),
            unique_id: None,
            tags: Vec::new(),
            flags: record.flags,
            policies,
            groups: Vec::new(),
            source: self.source,
        };
        self.facts.principals.insert(principal);
        let seen = self.facts.accounts.entry(account).or_default();
        (seen.users, seen.roles, seen.groups, seen.policies, seen.complete) = (true, true, true, true, true);
        Ok(())
    }

    fn session(&mut self, simulation: &Simulation) -> Result<Option<Session>, Error> {
        // Compiled here only to reject what AWS would; the question carries them on.
        self.policies(&simulation.session_policies, SESSION, "session_policies")?;
        let mut session = simulation.session.clone();
        if !simulation.session_policies.is_empty() {
            let values = simulation.session_policies.iter().map(|policy| {
                serde_json::from_str(policy.document.get()).map_err(|error| {
                    Error::malformed(error.to_string(), Place::default().at("/session_policies"))
                })
            });
            session.get_or_insert_default().policies = Some(values.collect::<Result<Vec<_>, _>>()?);
        }
        Ok(session)
    }

    fn resource(&mut self, simulation: &Simulation) -> Result<(), Error> {
        let block = simulation.s3.block_public_access;
        if simulation.resource_policy.is_none() && simulation.resource_account.is_none() && !block {
            return Ok(());
        }
        let carrier = carrier(&simulation.resource);
        if carrier.contains(['*', '?']) || !carrier.starts_with("arn:") {
            return match simulation.resource_policy {
                Some(_) => Err(Error::invalid(
                    "resource",
                    "a resource policy needs the ARN of its resource, without wildcards",
                )),
                None => Ok(()),
            };
        }
        let (kind, _) = kind_of(carrier);
        let trust = simulation.action.to_ascii_lowercase().starts_with("sts:") && kind == "iam:role";
        let (layer, dialect) = if trust {
            (TRUST, Dialect::Trust)
        } else if kind.starts_with("ecr:") {
            (RESOURCE, Dialect::OwnResource)
        } else {
            (RESOURCE, Dialect::Resource)
        };
        let mut flags = if block { RESTRICTS_PUBLIC } else { 0 };
        let mut policies = Vec::new();
        if let Some(policy) = &simulation.resource_policy {
            let used = self.policy(policy, layer, dialect, "resource_policy")?;
            if let PolicyRef::Inline { document, .. } = used.policy
                && is_public(self.facts, &self.facts.documents[document])
            {
                flags |= PUBLIC_POLICY;
            }
            policies.push(used);
        }
        let own = carrier.split(':').nth(4).filter(|account| !account.is_empty()).map(str::to_owned);
        let account = simulation.resource_account.clone().or(own);
        let record = ResourceRecord {
            id: self.facts.text(carrier),
            kind: self.facts.text(&kind),
            account: account.map(|account| self.facts.text(&account)),
            tags: Vec::new(),
            flags,
            policies,
            told: true,
            source: self.source,
        };
        self.facts.add_resource(record);
        Ok(())
    }

    /// Endpoint policies hang on the endpoint that the request comes through: its id.
    fn endpoint(&mut self, simulation: &Simulation) -> Result<Option<String>, Error> {
        if simulation.vpc_endpoint_policies.is_empty() {
            return Ok(None);
        }
        let id = match given_value(&simulation.context, ENDPOINT_KEY) {
            Some(ContextValue::One(id)) => id.clone(),
            Some(_) => {
                return Err(Error::invalid(
                    "context",
                    "`aws:SourceVpce` is one endpoint id where endpoint policies are given",
                ));
            }
            None => "vpce-simulated".to_owned(),
        };
        let policies = self.policies(&simulation.vpc_endpoint_policies, ENDPOINT, "vpc_endpoint_policies")?;
        let record = ResourceRecord {
            id: self.facts.text(&id),
            kind: self.facts.text("ec2:vpc-endpoint"),
            account: None,
            tags: Vec::new(),
            flags: 0,
            policies,
            told: true,
            source: self.source,
        };
        self.facts.add_resource(record);
        Ok(Some(id))
    }
}

/// The resource whose policy speaks for `arn`: the bucket of an object.
fn carrier(arn: &str) -> &str {
    match arn.split(':').nth(2) {
        Some("s3") => arn.split('/').next().unwrap_or(arn),
        _ => arn,
    }
}
