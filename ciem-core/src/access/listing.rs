//! What is there: coverage, principals, permissions, resources.

use super::usage::{Summary, summary};
use crate::base::Text;
use crate::model::{AccessLevel, FileReport, PrincipalKind, Rejected};
use crate::provider::Binding;
use crate::snapshot::Snapshot;
use crate::snapshot::estate::{Estate, Person};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// How much of one layer of one account was given.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[non_exhaustive]
pub struct LayerCoverage {
    /// The provider.
    pub provider: &'static str,
    /// The account.
    pub account: String,
    /// The layer.
    pub layer: &'static str,
    /// `given`, `partial` or `not_given`.
    pub state: &'static str,
    /// Why it is partial.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How much of an input that is no layer's was given.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[non_exhaustive]
pub struct InputCoverage {
    /// The provider.
    pub provider: &'static str,
    /// The account; empty where the input is the whole organisation's.
    pub account: String,
    /// The input.
    pub input: &'static str,
    /// `given`, `partial` (or as far as can be told, such as for one region) or `not_given`.
    pub state: &'static str,
    /// How to get it.
    pub how: &'static str,
}

/// What was read, and what was not.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct Coverage {
    /// Version of the wire form.
    pub v: u8,
    /// The inputs, in the order in which they were added; those that were not read come last.
    pub files: Vec<FileReport>,
    /// Distinct records by kind.
    pub counts: BTreeMap<&'static str, u64>,
    /// Layers by account.
    pub layers: Vec<LayerCoverage>,
    /// Further inputs by account.
    pub inputs: Vec<InputCoverage>,
    /// Policies and records that are not taken as they stand.
    pub rejected: Vec<Rejected>,
    /// Action names that no catalogue knows.
    pub unknown_actions: Vec<String>,
    /// Catalogue versions by provider.
    pub catalogs: BTreeMap<&'static str, String>,
    /// What answers take for granted because nothing was given.
    pub assumptions: Vec<String>,
}

/// A row of `principals`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct PrincipalRow {
    /// Full id.
    pub principal: String,
    /// Its kind.
    pub principal_kind: PrincipalKind,
    /// Name without path.
    pub name: String,
    /// The provider.
    pub provider: &'static str,
    /// The account; empty for services, anonymous callers and people of a directory.
    pub account: String,
    /// Whether its identity side was read.
    pub loaded: bool,
    /// Policies it holds, through groups too.
    pub policies: u64,
    /// Tags; of a person what the directory says.
    pub tags: BTreeMap<String, String>,
    /// The last use that the exports tell of, RFC 3339; absent where they tell none.
    pub last_used: Option<String>,
    /// Whether there is a password for the console: `enabled` or `none`; absent where the exports do not tell.
    pub password: Option<String>,
    /// Whether there is a second factor: `active` or `none`; absent where the exports do not tell.
    pub mfa: Option<String>,
    /// The access keys that can be used, as `credentials` names them.
    pub active_keys: Vec<String>,
    /// When the oldest of these was made, RFC 3339.
    pub oldest_key: Option<String>,
}

/// A row of `permissions`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct PermissionRow {
    /// Name, in the catalogue's spelling.
    pub permission: String,
    /// The provider.
    pub provider: &'static str,
    /// Access level.
    pub access_level: AccessLevel,
    /// The resource types it acts on, as `service:type`.
    pub resource_types: Vec<String>,
    /// Whether the catalogue knows it; otherwise it was only seen in a document.
    pub known: bool,
}

/// A row of `resources`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct ResourceRow {
    /// Full id.
    pub resource: String,
    /// Its kind in the provider's words.
    pub resource_kind: String,
    /// The provider.
    pub provider: &'static str,
    /// The account, empty if not known.
    pub account: String,
    /// Names of its own policies.
    pub policies: Vec<String>,
    /// Tags, as far as they were given.
    pub tags: BTreeMap<String, String>,
    /// With whom it is shared beside its policies (accounts, units, principals), sorted.
    pub shared_with: Vec<String>,
}

impl Snapshot {
    /// What was read and what was not.
    ///
    /// ```
    /// # use ciem_core::SnapshotBuilder;
    /// # let mut builder = SnapshotBuilder::new();
    /// # builder.add("account.json", include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.json")))?;
    /// # let snapshot = builder.finish()?;
    /// let coverage = snapshot.coverage();
    /// assert_eq!(coverage.counts["users"], 1);
    /// let scps = coverage.layers.iter().find(|layer| layer.layer == "scp").unwrap();
    /// assert_eq!(scps.state, "not_given");
    /// # Ok::<(), ciem_core::Error>(())
    /// ```
    pub fn coverage(&self) -> Coverage {
        let mut coverage = Coverage {
            v: 1,
            files: Vec::new(),
            counts: BTreeMap::new(),
            layers: Vec::new(),
            inputs: Vec::new(),
            rejected: Vec::new(),
            unknown_actions: Vec::new(),
            catalogs: BTreeMap::new(),
            assumptions: Vec::new(),
        };
        let mut assumptions = BTreeSet::new();
        let mut kin: Vec<(&str, &str)> = Vec::new();
        let mut counts = BTreeMap::new();
        for (estate, read) in self.estates().iter().zip(&self.0.coverages) {
            // An input that several providers of a family read is one input.
            let known: BTreeSet<&str> =
                kin.iter().filter(|(of, _)| *of == estate.provider.family).map(|(_, name)| *name).collect();
            let own = read.files.iter().filter(|file| !known.contains(file.name.as_str()));
            coverage.files.extend(own.cloned());
            kin.extend(read.files.iter().map(|file| (estate.provider.family, file.name.as_str())));
            coverage.rejected.extend(read.rejected.iter().cloned());
            assumptions.extend(read.assumptions.iter().cloned());
            for (&kind, &count) in &estate.counts {
                // Who is a principal of several providers of a family is counted once.
                let most = counts.entry((estate.provider.family, kind)).or_insert(0);
                *most = count.max(*most);
            }
            coverage.unknown_actions.extend(estate.universe.unknown().map(str::to_owned));
            // A provider of which nothing was read has nothing to say here.
            if !estate.universe.catalog().is_empty() || !estate.sources.is_empty() {
                coverage
                    .catalogs
                    .insert(estate.provider.name, estate.universe.catalog().version().to_owned());
            }
            layers(estate, read, &mut coverage.layers, &mut assumptions);
            inputs(estate, read, &mut coverage.inputs);
        }
        for ((_, kind), count) in counts {
            *coverage.counts.entry(kind).or_insert(0) += count;
        }
        coverage.files.extend(self.0.unrecognised.iter().cloned());
        coverage.layers.sort();
        coverage.inputs.sort();
        coverage.rejected.sort();
        coverage.assumptions = assumptions.into_iter().collect();
        coverage
    }

    /// Every principal: users and roles of the loaded accounts, callers that policies name, people of directories.
    ///
    /// ```
    /// # use ciem_core::SnapshotBuilder;
    /// # let mut builder = SnapshotBuilder::new();
    /// # builder.add("account.json", include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.json")))?;
    /// # let snapshot = builder.finish()?;
    /// let ana = snapshot.principals().find(|row| row.name == "ana").unwrap();
    /// assert_eq!(ana.tags["team"], "pay");
    /// # Ok::<(), ciem_core::Error>(())
    /// ```
    pub fn principals(&self) -> impl Iterator<Item = PrincipalRow> + '_ {
        self.estates().iter().flat_map(|estate| {
            let named = estate.names_anyone();
            let listed = estate
                .principals
                .entries()
                .filter(move |(_, p)| p.acting.is_none() && (named || p.kind != PrincipalKind::Anonymous));
            let people = estate.people.iter().map(move |person| person_row(estate, person));
            let records = listed.map(move |(id, principal)| {
                let held: usize = estate.held.iter().map(|(_, csr)| csr.row(id).len()).sum();
                let tags = estate.tags.row(id).iter();
                let Summary { last_used, password, mfa, active_keys, oldest_key } =
                    summary(estate, principal.id);
                PrincipalRow {
                    principal: estate.text(principal.id).to_owned(),
                    principal_kind: principal.kind,
                    name: estate.text(principal.name).to_owned(),
                    provider: estate.provider.name,
                    account: estate.account_text(principal.account).to_owned(),
                    loaded: matches!(principal.kind, PrincipalKind::User | PrincipalKind::Role),
                    policies: held as u64,
                    tags: tags
                        .map(|&(k, v)| (estate.text(k).to_owned(), estate.text(v).to_owned()))
                        .collect(),
                    last_used,
                    password,
                    mfa,
                    active_keys,
                    oldest_key,
                }
            });
            records.chain(people)
        })
    }

    /// Every permission of the catalogues, and those only seen in documents.
    ///
    /// ```
    /// # use ciem_core::SnapshotBuilder;
    /// # let mut builder = SnapshotBuilder::new();
    /// # builder.add("account.json", include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.json")))?;
    /// # let snapshot = builder.finish()?;
    /// use ciem_core::AccessLevel;
    ///
    /// let put = snapshot.permissions().find(|row| row.permission == "s3:PutObject").unwrap();
    /// assert_eq!(put.access_level, AccessLevel::Write);
    /// # Ok::<(), ciem_core::Error>(())
    /// ```
    pub fn permissions(&self) -> impl Iterator<Item = PermissionRow> + '_ {
        self.estates().iter().flat_map(|estate| {
            let universe = &estate.universe;
            (0..universe.len()).map(move |id| {
                let info = universe.catalog().info(id);
                let mut types: Vec<String> = info
                    .iter()
                    .flat_map(|info| info.resource_types)
                    .filter_map(|&kind| universe.catalog().resource_type(kind))
                    .map(|kind| format!("{}:{}", kind.service, kind.name))
                    .collect();
                // A type has an entry for each form of its ids.
                types.sort_unstable();
                types.dedup();
                PermissionRow {
                    permission: universe.name(id).to_owned(),
                    provider: estate.provider.name,
                    access_level: universe.access(id),
                    resource_types: types,
                    known: info.is_some(),
                }
            })
        })
    }

    /// Every resource that has a policy or facts of its own.
    ///
    /// ```
    /// # use ciem_core::SnapshotBuilder;
    /// # let mut builder = SnapshotBuilder::new();
    /// # builder.add("account.json", include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.json")))?;
    /// # let snapshot = builder.finish()?;
    /// let kinds: Vec<String> = snapshot.resources().map(|row| row.resource_kind).collect();
    /// assert_eq!(kinds, ["iam:role", "s3:bucket"]);
    /// # Ok::<(), ciem_core::Error>(())
    /// ```
    pub fn resources(&self) -> impl Iterator<Item = ResourceRow> + '_ {
        self.estates().iter().flat_map(|estate| {
            let shared = shared(estate);
            estate.resources.iter().map(move |resource| {
                let names =
                    resource.policies.iter().map(|&p| estate.text(estate.policies[p].name).to_owned());
                let mut policies: Vec<String> = names.collect();
                policies.sort_unstable();
                policies.dedup();
                ResourceRow {
                    resource: (estate.provider.shown)(estate.text(resource.id)).to_owned(),
                    resource_kind: estate.text(resource.kind).to_owned(),
                    provider: estate.provider.name,
                    account: resource.account.map_or("", |a| estate.account_text(a)).to_owned(),
                    policies,
                    tags: resource
                        .tags
                        .iter()
                        .map(|&(key, value)| (estate.text(key).to_owned(), estate.text(value).to_owned()))
                        .collect(),
                    shared_with: shared.get(&resource.id).cloned().unwrap_or_default(),
                }
            })
        })
    }
}

/// With whom resources are shared, by id.
fn shared(estate: &Estate) -> BTreeMap<Text, Vec<String>> {
    let mut found: BTreeMap<Text, BTreeSet<String>> = BTreeMap::new();
    for share in estate.relations.shares.values() {
        for &resource in &share.resources {
            let with = share.with.iter().map(|&who| estate.text(who).to_owned());
            found.entry(resource).or_default().extend(with);
        }
    }
    found.into_iter().map(|(resource, with)| (resource, with.into_iter().collect())).collect()
}

/// A person's row: in no account, with what the directory says of them as tags.
fn person_row(estate: &Estate, person: &Person) -> PrincipalRow {
    let text = |text| estate.text(text).to_owned();
    let held = |layer: &(_, crate::base::Csr<_, _>)| {
        person.principals.iter().map(|&id| layer.1.row(id).len()).sum::<usize>()
    };
    PrincipalRow {
        principal: text(person.id),
        principal_kind: person.kind,
        name: text(person.name.unwrap_or(person.unique_id)),
        provider: estate.provider.name,
        account: String::new(),
        loaded: true,
        policies: estate.held.iter().map(held).sum::<usize>() as u64,
        tags: person.attributes.iter().map(|&(key, value)| (text(key), text(value))).collect(),
        last_used: None,
        password: None,
        mfa: None,
        active_keys: Vec::new(),
        oldest_key: None,
    }
}

fn given_state(whole: Option<bool>) -> &'static str {
    match whole {
        Some(true) => "given",
        Some(false) => "partial",
        None => "not_given",
    }
}

fn inputs(estate: &Estate, read: &crate::model::Coverage, found: &mut Vec<InputCoverage>) {
    let loaded =
        estate.accounts.iter().filter(|account| account.loaded).map(|a| estate.text(a.id).to_owned());
    let loaded: Vec<String> = loaded.collect();
    for spec in estate.provider.inputs {
        let of = |account: &str| read.given.get(&(account.to_owned(), spec.name)).copied();
        let whole = spec.of_organisation;
        let accounts: Vec<&str> = if whole { vec![""] } else { loaded.iter().map(String::as_str).collect() };
        for account in accounts.into_iter().filter(|_| !loaded.is_empty() || of("").is_some()) {
            found.push(InputCoverage {
                provider: estate.provider.name,
                account: account.to_owned(),
                input: spec.name,
                state: given_state(of(account)),
                how: spec.how,
            });
        }
    }
}

fn layers(
    estate: &Estate,
    read: &crate::model::Coverage,
    layers: &mut Vec<LayerCoverage>,
    assumptions: &mut BTreeSet<String>,
) {
    for (id, account) in estate.accounts.entries() {
        if !account.loaded && account.chain.is_empty() {
            continue;
        }
        let name = estate.account_text(id).to_owned();
        for spec in estate.provider.layers {
            let mut absent = Vec::new();
            let why = read.partial.get(&(name.clone(), spec.name.to_owned())).cloned();
            let told = read.given.get(&(name.clone(), spec.name)).copied();
            let state = match spec.binding {
                _ if spec.missing.1.is_empty() => continue,
                // Exports of its own give it, or none does.
                _ if spec.optional && account.loaded && estate.lacks(spec) => "not_given",
                Binding::Rule if spec.optional && account.loaded => "given",
                Binding::Principal if !account.loaded => "not_given",
                Binding::Principal => {
                    let part = spec.grants && estate.partial_kinds.iter().any(|(a, _)| *a == id);
                    absent = absent_policies(estate, account, spec.id);
                    if part || why.is_some() || !absent.is_empty() { "partial" } else { "given" }
                }
                Binding::Resource if spec.required_for.is_some() && account.loaded => {
                    // Such a policy is part of the account's own export.
                    if estate.partial_kinds.iter().any(|(a, _)| *a == id) { "partial" } else { "given" }
                }
                Binding::PrincipalScope | Binding::ResourceScope => {
                    let given = estate.layers_given.contains(&spec.id) && !account.chain.is_empty();
                    if !given {
                        "not_given"
                    } else if missing_level(estate, account, spec.id) {
                        "partial"
                    } else {
                        "given"
                    }
                }
                Binding::Resource => {
                    let any = estate.resources.iter().any(|resource| {
                        resource.account == Some(id)
                            && resource.policies.iter().any(|&p| estate.policies[p].layer == spec.id)
                    });
                    // Only the resources whose policies were exported are known.
                    if any { "partial" } else { given_state(told) }
                }
                Binding::Context(_) | Binding::Rule if account.loaded => given_state(told),
                Binding::Request | Binding::Context(_) | Binding::Rule => continue,
            };
            if state == "not_given" {
                assumptions.insert(format!(
                    "account {name}: the layer `{}` ({}) was not given, answers leave it out; export it with {}",
                    spec.name, spec.missing.0, spec.missing.1
                ));
            }
            let filtered = || {
                "an export shows no user or no role at all: it may have been filtered or cut short".to_owned()
            };
            let reason = match (state, spec.binding) {
                ("partial", Binding::Principal) if !absent.is_empty() => Some(format!(
                    "referenced and not given, or not taken as they stand: {}",
                    absent.join(", ")
                )),
                ("partial", Binding::Principal) => Some(why.unwrap_or_else(filtered)),
                ("partial", Binding::Resource) if spec.required_for.is_some() => Some(filtered()),
                ("partial", Binding::Resource) => Some(
                    "known for the resources whose policy was given; whether others have one is not"
                        .to_owned(),
                ),
                ("partial", Binding::Context(_) | Binding::Rule) => {
                    Some("known for what was given; of the rest of the account it is not".to_owned())
                }
                ("partial", _) => Some("a level has policies whose content was not given".to_owned()),
                _ => None,
            };
            layers.push(LayerCoverage {
                provider: estate.provider.name,
                account: name.clone(),
                layer: spec.name,
                state,
                reason,
            });
        }
    }
}

/// Policies and groups that principals of the account refer to and of which the content is not known.
fn absent_policies(
    estate: &Estate,
    account: &crate::snapshot::estate::Account,
    layer: crate::model::LayerId,
) -> Vec<String> {
    let mut names = BTreeSet::new();
    for id in account.principals.clone().map(crate::truth::PrincipalId) {
        for held in estate.held(layer, id) {
            let policy = &estate.policies[held.policy];
            let mut statements = estate.library.statements_of(policy.document);
            if statements.any(|(_, s)| estate.library.has_missing(s.condition)) {
                names.insert(estate.text(policy.name).to_owned());
            }
        }
    }
    names.into_iter().collect()
}

fn missing_level(
    estate: &Estate,
    account: &crate::snapshot::estate::Account,
    layer: crate::model::LayerId,
) -> bool {
    account.chain.iter().flat_map(|&scope| &estate.scopes[scope].policies).any(|&policy| {
        let policy = &estate.policies[policy];
        policy.layer == layer
            && estate
                .library
                .statements_of(policy.document)
                .any(|(_, s)| estate.library.has_missing(s.condition))
    })
}
