//! Credentials, and the last use of services and permissions, as the exports tell them.

use crate::base::Text;
use crate::model::usage::{CredentialKind, Used};
use crate::snapshot::Snapshot;
use crate::snapshot::estate::Estate;
use serde::Serialize;

/// A row of `credentials`. Instants are RFC 3339 in UTC.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct CredentialRow {
    /// Full id of whose it is.
    pub principal: String,
    /// The provider.
    pub provider: &'static str,
    /// The account.
    pub account: String,
    /// What it is.
    pub credential_kind: CredentialKind,
    /// Its id; where only a report was given that numbers a user's credentials, `access_key_1` and the like.
    pub credential: Option<String>,
    /// `active` or `inactive`; absent where the exports do not tell.
    pub status: Option<String>,
    /// When it was made or last changed.
    pub changed: Option<String>,
    /// Its last use, as far as the provider tells.
    pub last_used: Option<String>,
    /// The service that it was last used with.
    pub last_used_service: Option<String>,
    /// The region that it was last used in.
    pub last_used_region: Option<String>,
}

/// A row of `last_accessed`: the last use of a service by a principal, or of one permission of the service.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct AccessedRow {
    /// Full id of the principal (or group or policy) that the list was made for.
    pub principal: String,
    /// The provider.
    pub provider: &'static str,
    /// The account.
    pub account: String,
    /// The service, as in permissions (`s3`).
    pub service: String,
    /// The permission; absent where the row is about the whole service.
    pub permission: Option<String>,
    /// RFC 3339 in UTC; absent where it was not used as far back as the provider looked.
    pub last_accessed: Option<String>,
    /// The region of the last use.
    pub region: Option<String>,
    /// When the provider made the list.
    pub as_of: Option<String>,
}

/// What is known of one principal's credentials and use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) last_used: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) mfa: Option<String>,
    pub(crate) active_keys: Vec<String>,
    pub(crate) oldest_key: Option<String>,
}

/// RFC 3339 in UTC.
fn instant(at: Option<i64>) -> Option<String> {
    at.and_then(|at| jiff::Timestamp::from_second(at).ok()).map(|at| at.to_string())
}

impl Snapshot {
    /// Passwords, access keys, MFA devices and certificates, sorted by principal, kind and id.
    ///
    /// ```
    /// # use ciem_core::SnapshotBuilder;
    /// # let mut builder = SnapshotBuilder::new();
    /// # builder.add("account.json", include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.json")))?;
    /// # let snapshot = builder.finish()?;
    /// let key = snapshot.credentials().next().unwrap();
    /// assert_eq!(key.status.as_deref(), Some("active"));
    /// # Ok::<(), ciem_core::Error>(())
    /// ```
    pub fn credentials(&self) -> impl Iterator<Item = CredentialRow> + '_ {
        self.estates().iter().flat_map(|estate| {
            estate.usage.credentials.iter().map(move |one| {
                let text = |text: Option<Text>| text.map(|text| estate.text(text).to_owned());
                let Used { at, region, service } = one.used;
                CredentialRow {
                    principal: estate.text(one.principal).to_owned(),
                    provider: estate.provider.name,
                    account: account(estate, one.principal),
                    credential_kind: one.kind,
                    credential: text(one.id),
                    status: one.active.map(|yes| if yes { "active" } else { "inactive" }.to_owned()),
                    changed: instant(one.changed),
                    last_used: instant(at),
                    last_used_service: text(service),
                    last_used_region: text(region),
                }
            })
        })
    }

    /// The last use of services and permissions, sorted by principal, service and permission.
    ///
    /// ```
    /// # use ciem_core::SnapshotBuilder;
    /// # let mut builder = SnapshotBuilder::new();
    /// # builder.add("account.json", include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.json")))?;
    /// # let snapshot = builder.finish()?;
    /// let used = snapshot.last_accessed().next().unwrap();
    /// assert_eq!((used.service.as_str(), used.last_accessed.as_deref()), ("s3", Some("2026-01-03T10:00:00Z")));
    /// # Ok::<(), ciem_core::Error>(())
    /// ```
    pub fn last_accessed(&self) -> impl Iterator<Item = AccessedRow> + '_ {
        self.estates().iter().flat_map(|estate| {
            estate.usage.accessed.iter().map(move |one| AccessedRow {
                principal: estate.text(one.principal).to_owned(),
                provider: estate.provider.name,
                account: account(estate, one.principal),
                service: estate.text(one.service).to_owned(),
                permission: one.permission.map(|permission| {
                    let name = estate.text(permission);
                    // In the catalogue's spelling, where it knows the permission.
                    estate.universe.find(name).map_or(name, |id| estate.universe.name(id)).to_owned()
                }),
                last_accessed: instant(one.at),
                region: one.region.map(|region| estate.text(region).to_owned()),
                as_of: instant(one.as_of),
            })
        })
    }
}

fn account(estate: &Estate, principal: Text) -> String {
    (estate.provider.account_of)(estate.text(principal)).unwrap_or_default()
}

/// What the exports tell of one principal; what they do not tell is absent.
pub(crate) fn summary(estate: &Estate, principal: Text) -> Summary {
    let usage = &estate.usage;
    let id = |text: Text| estate.text(text);
    let start = usage.credentials.partition_point(|one| id(one.principal) < id(principal));
    let own =
        usage.credentials.get(start..).unwrap_or(&[]).iter().take_while(|one| one.principal == principal);
    let of = |kind| own.clone().filter(move |one| one.kind == kind);
    // Without a complete list only presence is known.
    let complete = usage.reported.contains(&principal);
    let presence =
        |found: bool, word: &str| (found || complete).then(|| if found { word } else { "none" }.to_owned());
    let keys = || of(CredentialKind::AccessKey).filter(|one| one.active != Some(false));
    let last_used = usage.last_used.get(&principal);
    Summary {
        last_used: last_used.and_then(|used| instant(used.at)),
        password: presence(of(CredentialKind::Password).any(|one| one.active == Some(true)), "enabled"),
        mfa: presence(of(CredentialKind::Mfa).next().is_some(), "active"),
        active_keys: keys().filter_map(|one| one.id).map(|key| id(key).to_owned()).collect(),
        oldest_key: instant(keys().filter_map(|one| one.changed).min()),
    }
}
