//! The vocabulary every provider is reduced to: plain data, no logic of any provider.
//!
//! A provider's readers turn bytes into [`Facts`]; `snapshot` freezes them. Texts are interned, policy
//! documents are kept once however many principals carry the same text.

pub(crate) mod application;
pub(crate) mod assignment;
pub(crate) mod catalog;
pub(crate) mod condition;
pub(crate) mod directory;
pub(crate) mod document;
pub(crate) mod event;
pub(crate) mod facts;
pub(crate) mod record;
pub(crate) mod relation;
pub(crate) mod remedy;
pub(crate) mod request;
#[cfg(test)]
mod tests;
pub(crate) mod usage;

pub use catalog::{
    AccessLevel, Catalog, KeyInfo, KeyType, PermissionInfo, ResourceTypeInfo, Speller, Spelling, SpellingMode,
};
pub(crate) use catalog::{Covers, NameSets};
pub(crate) use condition::{Clause, ClauseId, CondId, CondNode, Conditions};
pub(crate) use document::{DocId, Document, Effect, PatternItem, Patterns, Statement, Who, WhoEntry};
pub use event::{Ended, Network, Plane, UseEvent};
pub(crate) use event::{LogReader, LogRecord, Logged, Reading, TakeRecord, whole_record};
pub(crate) use facts::{Coverage, Facts, Records, Written};
pub use facts::{FileReport, Rejected};
pub(crate) use record::{
    GroupRecord, PolicyRecord, PolicyRef, PolicyUse, PrincipalRecord, ResourceRecord, ScopeRecord, SourceId,
};
pub use remedy::{Change, Remedy, RemedyState};
pub use request::{ContextValue, Match, MissingLayer, Query, Request, Session, Tier, UnknownContext};
pub(crate) use request::{given_value, instant};
pub use usage::CredentialKind;

/// What kind of caller a principal is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PrincipalKind {
    /// A person or workload with credentials of its own (an IAM user).
    User,
    /// An identity that others take on (an IAM role); asking about it asks about any of its sessions.
    Role,
    /// A person of a directory (IAM Identity Center), acting as the role that an assignment gives in an account.
    Person,
    /// A group of a directory whose members were not given: whoever is in it.
    Group,
    /// The owner of a whole account (the AWS root user).
    Root,
    /// An application's identity in a directory: its credentials are the application's.
    ServicePrincipal,
    /// An identity that the provider keeps the credentials of, and that workloads act as.
    ManagedIdentity,
    /// A cloud service acting on its own behalf.
    Service,
    /// Identities that an external provider vouches for (SAML, OIDC).
    Federated,
    /// Callers without credentials.
    Anonymous,
    /// Everybody in one account that is not in the snapshot.
    Account,
    /// One named principal of an account that is not in the snapshot.
    External,
    /// A principal of which policies keep only the unique id that no loaded principal has: as a rule, one that was
    /// deleted.
    Deleted,
}

impl PrincipalKind {
    /// The wire form: `user`, `role`, `person`, `group`, `root`, `service_principal`, `managed_identity`,
    /// `service`, `federated`, `anonymous`, `account`,
    /// `external` or `deleted`.
    pub fn as_str(self) -> &'static str {
        match self {
            PrincipalKind::User => "user",
            PrincipalKind::Role => "role",
            PrincipalKind::Person => "person",
            PrincipalKind::Group => "group",
            PrincipalKind::Root => "root",
            PrincipalKind::ServicePrincipal => "service_principal",
            PrincipalKind::ManagedIdentity => "managed_identity",
            PrincipalKind::Service => "service",
            PrincipalKind::Federated => "federated",
            PrincipalKind::Anonymous => "anonymous",
            PrincipalKind::Account => "account",
            PrincipalKind::External => "external",
            PrincipalKind::Deleted => "deleted",
        }
    }
}

/// What a loose policy is a policy of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PolicyKind {
    /// Of whoever carries it: its statements name no principal.
    Identity,
    /// Of a resource: its statements name principals.
    Resource,
    /// Of a role: who may take it on.
    Trust,
}

/// A layer of a provider's decision rule; the number indexes the provider's layer table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct LayerId(pub(crate) u8);
