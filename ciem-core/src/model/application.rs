//! Applications of a directory: their identities, what they were given, who vouches for them.

use super::assignment::Span;
use super::{PrincipalKind, Tier};
use crate::base::Text;
use std::collections::{BTreeMap, BTreeSet};

/// The identity of an application in a directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ServiceRecord {
    /// The application's own id, under which tokens name it.
    pub(crate) application: Option<Text>,
    pub(crate) name: Option<Text>,
    /// The permissions that it offers to others: id, name.
    pub(crate) offers: BTreeMap<Text, Text>,
    /// Of a managed identity: the resource that it is, by its id in lower case.
    pub(crate) resource: Option<Text>,
}

/// An application as its owners see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ApplicationRecord {
    pub(crate) application: Option<Text>,
}

/// A permission of one application given to somebody.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Given {
    pub(crate) principal: Text,
    /// The identity of the application that offers it.
    pub(crate) of: Text,
    /// The permission's id.
    pub(crate) permission: Text,
}

/// What an application may do for its users.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Consent {
    pub(crate) client: Text,
    /// For everybody, or for one user.
    pub(crate) principal: Option<Text>,
    pub(crate) of: Text,
    /// Names of permissions.
    pub(crate) permissions: Vec<Text>,
}

/// Whoever shows a token of this issuer signs in as the application.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Federation {
    /// The application or its identity, or the resource that a managed identity is.
    pub(crate) object: Text,
    pub(crate) issuer: Text,
    /// `None` where an expression over claims stands in place of it.
    pub(crate) subject: Option<Text>,
    pub(crate) audiences: Vec<Text>,
}

/// A membership or ownership of a group that is in force for a time, or can be activated.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TimedMember {
    pub(crate) group: Text,
    pub(crate) principal: Text,
    pub(crate) owner: bool,
    pub(crate) tier: Tier,
    pub(crate) until: Option<i64>,
}

/// Somebody who holds a role of the directory, now or during a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Holder {
    pub(crate) principal: Text,
    /// Where the input tells.
    pub(crate) kind: Option<PrincipalKind>,
    pub(crate) role: Text,
    /// In lower case; `/`, or what it is in without the slashes around it.
    pub(crate) scope: Text,
    pub(crate) window: Span,
    /// Whether its request is not decided yet.
    pub(crate) open: bool,
}

/// What was read of applications, and of groups beside their members.
#[derive(Clone, Debug, Default)]
pub(crate) struct Applications {
    pub(crate) services: BTreeMap<Text, ServiceRecord>,
    pub(crate) applications: BTreeMap<Text, ApplicationRecord>,
    pub(crate) given: BTreeSet<Given>,
    pub(crate) consents: BTreeSet<Consent>,
    pub(crate) federations: BTreeSet<Federation>,
    pub(crate) timed: BTreeSet<TimedMember>,
    /// Groups to which roles can be assigned.
    pub(crate) assignable: BTreeSet<Text>,
    /// Groups whose members follow from a rule, and what inputs say it is.
    pub(crate) dynamic: BTreeMap<Text, BTreeSet<Text>>,
    /// Who holds which role of the directory.
    pub(crate) holders: BTreeSet<Holder>,
    /// By role of the directory: what it allows.
    pub(crate) role_actions: BTreeMap<Text, BTreeSet<Text>>,
    /// People of other directories.
    pub(crate) guests: BTreeSet<Text>,
    /// By role: the template that it is made of.
    pub(crate) templates: BTreeMap<Text, Text>,
}

impl Applications {
    pub(crate) fn is_empty(&self) -> bool {
        self.services.is_empty()
            && self.applications.is_empty()
            && self.given.is_empty()
            && self.consents.is_empty()
    }
}
