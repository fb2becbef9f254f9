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

#[derive(Clone, Debug, Default)]
pub(crate) struct Relations {
    /// Roles by the profile through which machines take them on.
    pub(crate) profiles: BTreeMap<Text, BTreeSet<Text>>,
    /// By a resource through which another one is reached: that other one.
    pub(crate) behind: BTreeMap<Text, Text>,
    /// By the share's id.
    pub(crate) shares: BTreeMap<Text, Share>,
    /// Accounts that administer services for the organisation, and which services.
    pub(crate) delegated: BTreeMap<Text, BTreeSet<Text>>,
}
