//! A directory of people beside the accounts: who is in it, and which bundles of policies were assigned to whom,
//! in which account. A provider's `finish` turns the assignments into principals that act as roles.

use super::{DocId, PrincipalKind, PrincipalRecord, SourceId};
use crate::base::Text;
use std::collections::{BTreeMap, BTreeSet};

/// Somebody of the directory: a person, or a group of which the members are not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PersonRecord {
    /// Full id.
    pub(crate) id: Text,
    pub(crate) kind: PrincipalKind,
    /// The name that sessions carry; `None` if the directory's own record was not given.
    pub(crate) name: Option<Text>,
    /// The directory's short id.
    pub(crate) unique_id: Text,
    /// What the directory says of the person, sorted.
    pub(crate) attributes: Vec<(Text, Text)>,
    /// Values that sessions may carry as tags, by where the directory keeps them.
    pub(crate) tag_sources: Vec<(Text, Text)>,
    /// `false` for somebody who can no longer sign in.
    pub(crate) enabled: bool,
    pub(crate) source: SourceId,
}

/// Whoever acts as another principal under a name of their own.
#[derive(Clone, Debug)]
pub(crate) struct ActingRecord {
    /// Who is behind it, by full id.
    pub(crate) person: Text,
    /// The name of the session, where it is known.
    pub(crate) session: Option<Text>,
    /// The bundle that was assigned, whose policies they are.
    pub(crate) bundle: Text,
    /// What it comes through, by full ids: the groups, the bundle, the role.
    pub(crate) through: Vec<Text>,
    /// What the person acts as; several records where inputs contradict each other.
    pub(crate) variants: Vec<PrincipalRecord>,
}

/// Something assigned to somebody in an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Assignment {
    pub(crate) account: Text,
    pub(crate) bundle: Text,
    pub(crate) holder: Text,
    pub(crate) to_group: bool,
}

/// A set of policies that is assigned as one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bundle {
    pub(crate) name: Option<Text>,
    /// Own documents; one unless inputs contradict each other.
    pub(crate) inline: BTreeSet<DocId>,
    /// Ids of managed policies.
    pub(crate) managed: BTreeSet<Text>,
    /// Path and name of policies that every account has under that name.
    pub(crate) local: BTreeSet<(Text, Text)>,
    /// A managed policy as the limit, or one that every account has under that path and name.
    pub(crate) boundary: BTreeSet<Limit>,
    pub(crate) given: Given,
}

/// Which lists of a bundle were read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) inline: bool,
    pub(crate) managed: bool,
    pub(crate) local: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Limit {
    Managed(Text),
    Local(Text, Text),
}

/// What was read of a directory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Directory {
    /// By short id.
    pub(crate) people: BTreeMap<Text, Vec<PersonRecord>>,
    /// Short ids of groups, and the names known of them.
    pub(crate) groups: BTreeMap<Text, Option<Text>>,
    /// Members by group, by short ids.
    pub(crate) members: BTreeMap<Text, BTreeSet<Text>>,
    /// Where each assignment was read first.
    pub(crate) assignments: BTreeMap<Assignment, SourceId>,
    /// Which tags sessions carry, and where in a person's record their values are.
    pub(crate) session_tags: BTreeMap<Text, BTreeSet<Text>>,
    /// By full id.
    pub(crate) bundles: BTreeMap<Text, Bundle>,
}
