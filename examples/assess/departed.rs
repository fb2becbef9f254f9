//! Whose contract is over, and which systems they still reach.

use crate::stories::Asking;
use ciem_core::{Error, PrincipalKind, PrincipalRow, Verdict};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Everybody of one employment whose contract is over.
#[derive(Debug, Serialize)]
pub(crate) struct Departed {
    /// As the tag says; empty without it.
    pub(crate) employment: String,
    /// How many there are.
    pub(crate) identities: usize,
    /// Names of those that reach nothing any more.
    pub(crate) shut_out: Vec<String>,
    pub(crate) systems: Vec<SystemReach>,
}

/// Who still reaches one system.
#[derive(Debug, Serialize)]
pub(crate) struct SystemReach {
    pub(crate) system: String,
    pub(crate) identities: Vec<Reach>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Reach {
    pub(crate) principal: String,
    pub(crate) name: String,
    pub(crate) contract_end: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_used: Option<String>,
    pub(crate) access: Vec<ResourceReach>,
}

#[derive(Debug, Serialize)]
pub(crate) struct ResourceReach {
    pub(crate) resource: String,
    pub(crate) permissions: Vec<String>,
    pub(crate) verdict: Verdict,
    pub(crate) via: Vec<String>,
}

pub(crate) fn departed(asking: &Asking<'_>) -> Result<Vec<Departed>, Error> {
    let systems = systems(asking)?;
    let mut by_employment: BTreeMap<String, Group> = BTreeMap::new();
    for (who, contract_end) in asking.over("contract_end") {
        let group = by_employment.entry(who.tags.get("employment").cloned().unwrap_or_default()).or_default();
        group.identities += 1;
        let mut reached = false;
        for (system, access) in reach(asking, &who, &systems)? {
            reached = true;
            group.systems.entry(system).or_default().push(Reach {
                principal: who.principal.clone(),
                name: who.name.clone(),
                contract_end: contract_end.clone(),
                last_used: who.last_used.clone(),
                access,
            });
        }
        if !reached {
            group.shut_out.push(who.name);
        }
    }
    Ok(by_employment.into_iter().map(|(employment, group)| group.told(employment)).collect())
}

#[derive(Default)]
struct Group {
    identities: usize,
    shut_out: Vec<String>,
    systems: BTreeMap<String, Vec<Reach>>,
}

impl Group {
    fn told(self, employment: String) -> Departed {
        let systems = self.systems.into_iter();
        Departed {
            employment,
            identities: self.identities,
            shut_out: self.shut_out,
            systems: systems.map(|(system, identities)| SystemReach { system, identities }).collect(),
        }
    }
}

/// A resource of a system, or what lies in one: objects of a bucket, indexes of a table.
struct Part {
    provider: &'static str,
    system: String,
    resource: String,
    /// Permissions of other services say nothing about the resource, though some hold on anything.
    service: String,
    /// What anybody at all can do is no access of theirs.
    public: BTreeSet<String>,
}

fn systems(asking: &Asking<'_>) -> Result<Vec<Part>, Error> {
    let anybody = asking.snapshot.principals().find(|who| who.principal_kind == PrincipalKind::Anonymous);
    let mut parts = Vec::new();
    for row in asking.snapshot.resources() {
        let Some(system) = row.tags.get("system") else { continue };
        let service = row.resource_kind.split(':').next().unwrap_or_default();
        for resource in [row.resource.clone(), format!("{}/*", row.resource)] {
            let mut public = BTreeSet::new();
            if let Some(anybody) = anybody.as_ref().filter(|who| who.provider == row.provider) {
                let access = asking.what_can(&anybody.principal, Some(&resource))?;
                let sure = access.rows().iter().filter(|row| row.verdict == Verdict::Allow);
                public.extend(sure.flat_map(|row| row.permissions.clone()));
            }
            parts.push(Part {
                provider: row.provider,
                system: system.clone(),
                resource,
                service: service.to_owned(),
                public,
            });
        }
    }
    Ok(parts)
}

/// By system: what one identity reaches of it.
fn reach(
    asking: &Asking<'_>,
    who: &PrincipalRow,
    parts: &[Part],
) -> Result<BTreeMap<String, Vec<ResourceReach>>, Error> {
    let mut found: BTreeMap<String, Vec<ResourceReach>> = BTreeMap::new();
    for part in parts.iter().filter(|part| part.provider == who.provider) {
        let access = asking.what_can(&who.principal, Some(&part.resource))?;
        for row in access.rows().iter().filter(|row| row.verdict != Verdict::Deny) {
            let own = |permission: &&String| {
                permission.split(':').next() == Some(&part.service) && !part.public.contains(*permission)
            };
            let permissions: Vec<String> = row.permissions.iter().filter(own).cloned().collect();
            if permissions.is_empty() {
                continue;
            }
            found.entry(part.system.clone()).or_default().push(ResourceReach {
                resource: row.resources.join(", "),
                permissions,
                verdict: row.verdict,
                via: row.via.clone(),
            });
        }
    }
    Ok(found)
}
