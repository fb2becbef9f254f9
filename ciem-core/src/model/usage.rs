//! What exports say of credentials, and of when something was last used. Instants are seconds since 1970.

use super::SourceId;
use crate::base::Text;
use std::collections::{BTreeMap, BTreeSet};

/// A way to prove who one is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CredentialKind {
    /// A password for the console.
    Password,
    /// A pair of keys for programs.
    AccessKey,
    /// A device for a second factor.
    Mfa,
    /// A certificate that signs requests.
    SigningCertificate,
}

impl CredentialKind {
    /// The wire form: `password`, `access_key`, `mfa` or `signing_certificate`.
    pub fn as_str(self) -> &'static str {
        match self {
            CredentialKind::Password => "password",
            CredentialKind::AccessKey => "access_key",
            CredentialKind::Mfa => "mfa",
            CredentialKind::SigningCertificate => "signing_certificate",
        }
    }
}

/// When and where something was used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Used {
    pub(crate) at: Option<i64>,
    pub(crate) region: Option<Text>,
    pub(crate) service: Option<Text>,
}

impl Used {
    /// The later of both.
    pub(crate) fn latest(self, other: Used) -> Used {
        if other.at > self.at { other } else { self }
    }
}

/// A credential as the exports have it; what one does not tell another may.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CredentialRecord {
    /// Full id of whose it is.
    pub(crate) principal: Text,
    pub(crate) kind: CredentialKind,
    /// The provider's id of the credential; a list of a user's credentials may number them instead.
    pub(crate) id: Option<Text>,
    pub(crate) active: Option<bool>,
    /// When it was made or last changed.
    pub(crate) changed: Option<i64>,
    pub(crate) used: Used,
    pub(crate) source: SourceId,
}

/// The last use of a service, or of one permission of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AccessedRecord {
    pub(crate) principal: Text,
    pub(crate) service: Text,
    pub(crate) permission: Option<Text>,
    /// `None` where it was not used as far back as the provider looked.
    pub(crate) at: Option<i64>,
    pub(crate) region: Option<Text>,
    /// When the provider made the list.
    pub(crate) as_of: Option<i64>,
    pub(crate) source: SourceId,
}

/// Credentials and usage, as far as account exports tell; logs are another matter.
#[derive(Clone, Debug, Default)]
pub(crate) struct UsageFacts {
    pub(crate) credentials: Vec<CredentialRecord>,
    pub(crate) accessed: Vec<AccessedRecord>,
    /// By full id of the principal: the last use of all, where the exports tell it of the principal as such.
    pub(crate) last_used: BTreeMap<Text, Used>,
    /// Credentials of which an input names the user alone: account if told, user's name, the rest.
    pub(crate) by_name: Vec<(Option<Text>, Text, CredentialRecord)>,
    /// Principals of whose credentials a complete list was read.
    pub(crate) reported: BTreeSet<Text>,
    /// When principals were made, and the versions of policies that are in force: by full id, the day counted from
    /// 1970-01-01. Sorted by id once every input was read.
    pub(crate) made: Vec<(Text, u32)>,
    /// Uses of keys of which an input tells the id alone.
    pub(crate) by_key: BTreeMap<Text, Used>,
}

impl UsageFacts {
    /// Notes when something was made, in seconds since 1970.
    pub(crate) fn made(&mut self, id: Text, at: Option<i64>) {
        let day = at.and_then(|at| u32::try_from(at.div_euclid(86_400)).ok());
        self.made.extend(day.map(|day| (id, day)));
    }

    /// The day on which something was made.
    pub(crate) fn day_made(&self, id: Text) -> Option<u32> {
        let at = self.made.binary_search_by_key(&id, |(known, _)| *known).ok()?;
        self.made.get(at).map(|(_, day)| *day)
    }

    pub(crate) fn used(&mut self, principal: Text, used: Used) {
        let known = self.last_used.entry(principal).or_default();
        *known = known.latest(used);
    }
}
