//! Levels of service and resource control policies, as a tree of nodes.
//!
//! Each list of levels leads to one account: that of the principal, or that of the resource. Where both are the
//! same account the two lists become one chain.

use super::Builder;
use super::caller::Caller;
use super::input::{Level, Simulation};
use crate::error::Error;
use crate::model::{LayerId, PolicyRecord, PolicyRef, PolicyUse, ScopeRecord};
use crate::provider::aws::document::for_request;
use crate::provider::aws::{RCP, SCP};

/// What a node that has no service control policies of its own lets through.
const FULL_ACCESS: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// A node of a chain before its policies are read.
struct Step<'s> {
    id: String,
    scp: Option<(usize, &'s Level)>,
    rcp: Option<(usize, &'s Level)>,
}

impl Builder<'_> {
    pub(super) fn guardrails(&mut self, simulation: &Simulation, caller: &Caller) -> Result<(), Error> {
        let scps = caller
            .record
            .as_ref()
            .map(|_| simulation.service_control_policies.as_slice())
            .unwrap_or_default();
        let rcps = simulation.resource_control_policies.as_slice();
        let mut layers = Vec::new();
        layers.extend((!scps.is_empty()).then_some(SCP));
        layers.extend((!rcps.is_empty()).then_some(RCP));
        let own = caller.record.as_ref().map(|record| record.account.clone());
        let in_arn =
            simulation.resource.split(':').nth(4).filter(|a| !a.is_empty() && !a.contains(['*', '?']));
        let other = simulation.resource_account.clone().or(in_arn.map(str::to_owned)).or(own.clone());
        if own.is_some() && own == other {
            let mut chain: Vec<Step<'_>> = Vec::new();
            for entry in scps.iter().enumerate() {
                chain.push(Step { id: entry.1.target.clone(), scp: Some(entry), rcp: None });
            }
            for entry in rcps.iter().enumerate() {
                match chain.iter_mut().find(|step| step.id == entry.1.target && step.rcp.is_none()) {
                    Some(step) => step.rcp = Some(entry),
                    None => chain.push(Step { id: entry.1.target.clone(), scp: None, rcp: Some(entry) }),
                }
            }
            return self.chain(chain, own.as_deref().unwrap_or_default(), &layers);
        }
        if let Some(account) = own {
            let steps = scps.iter().enumerate();
            let steps = steps.map(|entry| Step { id: entry.1.target.clone(), scp: Some(entry), rcp: None });
            self.chain(steps.collect(), &account, &layers)?;
        }
        if rcps.is_empty() {
            return Ok(());
        }
        let account = other.ok_or_else(|| {
            Error::invalid(
                "resource_account",
                "resource control policies bind the resource's account: give it",
            )
        })?;
        // The two accounts may name the same nodes; each list is a chain of its own.
        let id =
            |target: &str| if target == account { target.to_owned() } else { format!("{target} (resource)") };
        let steps = rcps.iter().enumerate();
        let steps = steps.map(|entry| Step { id: id(&entry.1.target), scp: None, rcp: Some(entry) });
        self.chain(steps.collect(), &account, &layers)
    }

    /// Hangs the nodes under each other, the account last.
    fn chain(&mut self, mut steps: Vec<Step<'_>>, account: &str, layers: &[LayerId]) -> Result<(), Error> {
        if steps.is_empty() {
            return Ok(());
        }
        if let Some(at) = steps.iter().position(|step| step.id == account) {
            let last = steps.remove(at);
            steps.push(last);
        } else {
            steps.push(Step { id: account.to_owned(), scp: None, rcp: None });
        }
        let mut parent = None;
        for step in steps {
            let mut policies = self.level(step.scp, SCP, "service_control_policies")?;
            policies.extend(self.level(step.rcp, RCP, "resource_control_policies")?);
            if step.scp.is_none() && layers.contains(&SCP) {
                policies.push(self.full_access()?);
            }
            let id = self.facts.text(&step.id);
            self.facts.add_scope(ScopeRecord {
                id,
                name: None,
                parent,
                is_root: parent.is_none(),
                is_account: step.id == account,
                policies,
                layers_given: layers.to_vec(),
                source: self.source,
            });
            parent = Some(id);
        }
        Ok(())
    }

    fn level(
        &mut self,
        level: Option<(usize, &Level)>,
        layer: LayerId,
        field: &str,
    ) -> Result<Vec<PolicyUse>, Error> {
        let Some((index, level)) = level else { return Ok(Vec::new()) };
        self.policies(&level.policies, layer, &format!("{field}/{index}/policies"))
    }

    fn full_access(&mut self) -> Result<PolicyUse, Error> {
        let document = for_request(self.facts, SCP, FULL_ACCESS)?;
        let id = self.facts.text("p-FullAWSAccess");
        let source = self.source;
        self.facts.policies.insert(PolicyRecord { id, name: id, account: None, document, source });
        Ok(PolicyUse { layer: SCP, policy: PolicyRef::Managed(id) })
    }
}
