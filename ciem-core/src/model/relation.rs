//! Relations between resources and accounts that no policy document states.

use crate::base::Text;
use std::collections::{BTreeMap, BTreeSet};

/// A share of resources with principals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) resources: BTreeSet<Text>,
    /// Accounts, units, organisations or principals.
    pub(crate) with: BTreeSet<Text>,
}

/// A set of permissions that the provider has ready.
#[derive(Clone, Debug)]
pub(crate) struct ReadyRole {
    /// As the provider's remedy reads it.
    pub(crate) written: String,
    /// By block: what is listed, but for what is left out.
    pub(crate) blocks: Vec<(Vec<Text>, Vec<Text>)>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Relations {
    /// Roles by the profile through which machines take them on.
    pub(crate) profiles: BTreeMap<Text, BTreeSet<Text>>,
    /// By a resource through which another one is reached: that other one.
    pub(crate) behind: BTreeMap<Text, Text>,
    /// By the share's id.
    pub(crate) shares: BTreeMap<Text, Share>,
    /// By name of a policy that a group holds, where nobody can let go of it alone: the group.
    pub(crate) of_groups: BTreeMap<Text, Text>,
    /// Sets of permissions that are there to be assigned, sorted by id.
    pub(crate) ready_roles: Vec<ReadyRole>,
    /// How much of the provider's limits is used, by what they count.
    pub(crate) in_use: BTreeMap<String, u64>,
    /// Accounts that administer services for the organisation, and which services.
    pub(crate) delegated: BTreeMap<Text, BTreeSet<Text>>,
}
