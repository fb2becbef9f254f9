//! A tenant of Entra and what hangs on it in Azure: who rules the directory, who gives access to subscriptions, who reaches
//! the customers' data and how, and who can act as the identities of machines and apps.

use crate::readers::SYSTEM;
use crate::stories::Asking;
use ciem_core::{Error, PrincipalKind, Query, Tier, Verdict};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const DIRECTORY: &str = "entra";
const CLOUD: &str = "azure";
/// Permissions of the directory that lead to others, and what they are for.
const RULES: [(&str, &str); 3] = [
    ("microsoft.directory/roleAssignments/allProperties/allTasks", "give roles"),
    ("microsoft.directory/applications/credentials/update", "become applications"),
    ("microsoft.directory/users/password/update", "set passwords"),
];
const GIVES: &str = "Microsoft.Authorization/roleAssignments/write";
/// By kind of resource: reading what is in it, where that is, and what leads there past the roles for data.
const READING: [(&str, &str, &str, &str); 1] = [(
    "Microsoft.Storage/storageAccounts",
    "data:Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
    "/blobServices/default/containers/*",
    "Microsoft.Storage/storageAccounts/listKeys/action",
)];

#[derive(Debug, Serialize)]
pub(crate) struct Tenant {
    /// Who can do what leads to other roles and identities of the directory.
    pub(crate) directory: Vec<Holder>,
    /// Who can give access to subscriptions, or to what is in them.
    pub(crate) subscriptions: Vec<Holder>,
    /// Who reaches the customers' data, and how.
    pub(crate) data: Vec<Holder>,
    /// Who can act as the identity of a machine or an app.
    pub(crate) identities: Vec<Acting>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Holder {
    pub(crate) principal: String,
    pub(crate) name: String,
    pub(crate) kind: PrincipalKind,
    /// Of another directory.
    pub(crate) guest: bool,
    pub(crate) tier: &'static str,
    pub(crate) can: &'static str,
    pub(crate) verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) condition: Option<Value>,
    pub(crate) resources: Vec<String>,
    /// The same, by name where one is known.
    pub(crate) places: Vec<String>,
    pub(crate) via: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Acting {
    pub(crate) name: String,
    pub(crate) identity: String,
    pub(crate) kind: &'static str,
    pub(crate) verdict: Verdict,
    pub(crate) through: Vec<String>,
}

/// Nothing where no tenant was read.
pub(crate) fn tenant(asking: &Asking<'_>) -> Result<Option<Tenant>, Error> {
    let snapshot = asking.snapshot;
    let known: BTreeSet<String> = snapshot
        .permissions()
        .filter(|row| [DIRECTORY, CLOUD].contains(&row.provider))
        .map(|row| row.permission)
        .collect();
    if known.is_empty() {
        return Ok(None);
    }
    let people = People::of(asking);
    let ask = |can: &'static str, action: &str, resource: &str| -> Result<Vec<Holder>, Error> {
        if !known.contains(action) {
            return Ok(Vec::new());
        }
        let mut query = Query::who(action, resource);
        query.at = Some(asking.at.to_string());
        query.tiers = vec![Tier::Active, Tier::Eligible, Tier::Latent];
        let holders = snapshot.who_can_with(&query, asking.progress)?;
        let rows = holders.rows().filter(|row| row.verdict != Verdict::Deny);
        Ok(rows
            .map(|row| Holder {
                name: people.name(&row.principal),
                guest: people.guests.contains(&row.principal),
                principal: row.principal,
                kind: row.principal_kind,
                tier: row.tier,
                can,
                verdict: row.verdict,
                condition: row.condition.and_then(|text| serde_json::from_str(&text).ok()),
                places: row.resources.iter().map(|id| people.name(id)).collect(),
                resources: row.resources.to_vec(),
                via: row.via.to_vec(),
            })
            .collect())
    };
    let mut directory = Vec::new();
    for (action, can) in RULES {
        directory.extend(ask(can, action, "*")?);
    }
    let mut data = Vec::new();
    for row in snapshot.resources().filter(|row| row.tags.get("system").is_some_and(|of| of == SYSTEM)) {
        let reading = READING.iter().find(|(kind, ..)| *kind == row.resource_kind);
        let Some((_, action, part, leading)) = reading else { continue };
        data.extend(ask("read", action, &format!("{}{part}", row.resource))?);
        data.extend(ask("read with its keys", leading, &row.resource)?);
    }
    let mut identities = Vec::new();
    let mut query = Query::default();
    query.at = Some(asking.at.to_string());
    query.transitive = false;
    let turned = snapshot.can_become_with(&query, asking.progress)?;
    for row in turned.rows().filter(|row| row.provider == CLOUD) {
        identities.push(Acting {
            name: people.name(&row.from),
            identity: people.name(&row.to),
            kind: row.kind,
            verdict: row.verdict,
            through: row.through,
        });
    }
    let subscriptions = ask("give access", GIVES, "/subscriptions/*")?;
    Ok(Some(Tenant { directory, subscriptions, data, identities }))
}

/// Names of principals, and those who are guests.
struct People {
    names: BTreeMap<String, String>,
    guests: BTreeSet<String>,
}

impl People {
    fn of(asking: &Asking<'_>) -> People {
        let (mut names, mut guests) = (BTreeMap::new(), BTreeSet::new());
        for who in asking.snapshot.principals() {
            if who.tags.get("userType").is_some_and(|kind| kind == "Guest") {
                guests.insert(who.principal.clone());
            }
            names.insert(who.principal, who.name);
        }
        People { names, guests }
    }

    fn name(&self, principal: &str) -> String {
        self.names.get(principal).map_or(principal, String::as_str).to_owned()
    }
}
