//! Roles, and who was assigned them where: for providers that give access by assigning roles at scopes. A provider's
//! `finish` turns them into policies.

use super::{LayerId, PrincipalKind, SourceId, Tier};
use crate::base::{Interner, Text};
use std::collections::{BTreeMap, BTreeSet};

/// Permissions that a role allows or a denial takes away: those that it lists, but for those that it leaves out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) listed: Vec<Text>,
    pub(crate) left_out: Vec<Text>,
    /// As written.
    pub(crate) condition: Option<Text>,
    /// What it perhaps lists and perhaps leaves out besides: wide patterns in place of one that is not read, as written.
    pub(crate) perhaps_listed: Vec<Text>,
    pub(crate) perhaps_left_out: Vec<Text>,
    pub(crate) unread: Option<Text>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RoleRecord {
    pub(crate) name: Option<Text>,
    pub(crate) blocks: Vec<Block>,
}

/// From when to when something is in force, in seconds since 1970.
pub(crate) type Span = (Option<i64>, Option<i64>);

/// A role given to somebody at a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AssignmentRecord {
    /// What the provider calls it; not every input tells.
    pub(crate) id: Option<Text>,
    pub(crate) principal: Text,
    /// By the id under which roles are compared.
    pub(crate) role: Text,
    /// In canonical form.
    pub(crate) scope: Text,
    pub(crate) tier: Tier,
    /// As written; `Err` where the input leaves open whether the assignment holds as it stands.
    pub(crate) condition: Result<Option<Text>, Untold>,
    /// From when to when it is in force, in seconds since 1970.
    pub(crate) window: (Option<i64>, Option<i64>),
    /// Whether a schedule tells of it.
    pub(crate) scheduled: bool,
    /// The assignment itself: what is told, or what the schedule that tells of it is about.
    pub(crate) itself: Option<Text>,
    /// What else is needed to make it again, as JSON.
    pub(crate) further: Option<Text>,
    pub(crate) source: SourceId,
}

impl AssignmentRecord {
    /// Whether this is perhaps what `other`, which ends, is about: activated access stands among the assignments too,
    /// without its end.
    pub(crate) fn may_be(&self, other: &Self, texts: &Interner) -> bool {
        match (self.itself, other.itself) {
            (Some(one), Some(other)) => texts.get(one).eq_ignore_ascii_case(texts.get(other)),
            _ => !self.scheduled,
        }
    }
}

/// Of assignments to one principal of one role at one scope, those that say something beside the others.
pub(crate) fn without_shadows(told: &mut Vec<&AssignmentRecord>, texts: &Interner) {
    let ending: Vec<&AssignmentRecord> = told.iter().copied().filter(|one| one.window.1.is_some()).collect();
    told.retain(|one| one.window != (None, None) || !ending.iter().any(|other| one.may_be(other, texts)));
}

/// What an input does not tell of an assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Untold {
    /// Whether it has a condition, and which.
    Condition,
    /// Whether it came about: its request is not decided yet.
    Outcome,
    /// What it says: inputs contradict each other.
    Agreement,
}

/// Permissions taken away from somebody at a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DenialRecord {
    pub(crate) scope: Text,
    /// Not below the scope.
    pub(crate) only_here: bool,
    pub(crate) blocks: Vec<Block>,
    pub(crate) condition: Option<Text>,
    /// Whom it binds: principals and groups; everybody where `everyone`.
    pub(crate) everyone: bool,
    pub(crate) whom: BTreeSet<Text>,
    pub(crate) except: BTreeSet<Text>,
    /// Only watched: it takes nothing away.
    pub(crate) audit: bool,
    pub(crate) source: SourceId,
}

/// A node of a tree of scopes whose ids do not tell what they lie in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TreeNode {
    pub(crate) name: Option<Text>,
    /// Where inputs contradict each other, several.
    pub(crate) parents: BTreeSet<Text>,
    /// Nothing is above it.
    pub(crate) is_root: bool,
    /// All that lies directly in it was listed.
    pub(crate) is_listed: bool,
    pub(crate) is_account: bool,
}

/// What is known of somebody, or of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct KnownPrincipal {
    /// A group is [`PrincipalKind::Group`].
    pub(crate) kind: Option<PrincipalKind>,
    /// As this input has it.
    pub(crate) name: Option<Text>,
    /// The directory's own record was read.
    pub(crate) recorded: bool,
    /// It is of another directory.
    pub(crate) foreign: bool,
    pub(crate) source: Option<SourceId>,
}

/// Direct members of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Members {
    pub(crate) ids: BTreeSet<Text>,
    /// Whether these are all.
    pub(crate) complete: bool,
}

/// All that was read of roles, assignments and whom they reach.
#[derive(Clone, Debug, Default)]
pub(crate) struct Assignments {
    /// By the id under which roles are compared; several records where inputs contradict each other.
    pub(crate) roles: BTreeMap<Text, Vec<RoleRecord>>,
    /// Those that the provider has ready for everybody.
    pub(crate) ready: BTreeSet<Text>,
    /// Those that were made by hand.
    pub(crate) own: BTreeSet<Text>,
    pub(crate) assignments: Vec<AssignmentRecord>,
    pub(crate) denials: BTreeMap<Text, Vec<DenialRecord>>,
    pub(crate) tree: BTreeMap<Text, TreeNode>,
    pub(crate) principals: BTreeMap<Text, KnownPrincipal>,
    pub(crate) members: BTreeMap<Text, Members>,
    /// By principal: its names, and whether each is not the directory's own.
    names: BTreeMap<Text, BTreeSet<(bool, Text)>>,
    /// By group: those who can activate membership of it, and those of its members who are so for a time only.
    pub(crate) eligible_members: BTreeMap<Text, BTreeMap<Text, Span>>,
    pub(crate) timed_members: BTreeMap<Text, BTreeMap<Text, Span>>,
    /// By identity: what it is attached to, and of that, where what runs can act as it.
    pub(crate) attached: BTreeMap<Text, BTreeSet<Text>>,
    pub(crate) acting: BTreeMap<Text, BTreeSet<Text>>,
    /// By object: who owns it.
    pub(crate) owners: BTreeMap<Text, Members>,
    /// By administrative unit: what is directly in it.
    pub(crate) units: BTreeMap<Text, Members>,
    /// Kinds of principal of which the directory's list was read, and whether that was all of them.
    pub(crate) directory: BTreeMap<PrincipalKind, bool>,
    /// Inputs of the directory of which some records were given that are no list of all there are.
    pub(crate) in_part: BTreeSet<&'static str>,
    /// By layer: the inputs that end where more of their list follows.
    pub(crate) cut: BTreeMap<LayerId, BTreeSet<String>>,
    /// The directory's own id.
    pub(crate) directory_id: Option<Text>,
}

impl Assignments {
    pub(crate) fn is_empty(&self) -> bool {
        self.assignments.is_empty() && self.principals.is_empty() && self.denials.is_empty()
    }

    /// Whether it is a user, or may be one for all that is known.
    pub(crate) fn may_be_user(&self, id: Text) -> bool {
        let kind = self.principals.get(&id).and_then(|known| known.kind);
        kind.is_none_or(|kind| kind == PrincipalKind::User)
    }

    /// Notes what one input says of a principal; the order of inputs does not count.
    pub(crate) fn know(&mut self, id: Text, known: KnownPrincipal) {
        self.names.entry(id).or_default().extend(known.name.map(|name| (!known.recorded, name)));
        let entry = self.principals.entry(id).or_default();
        // What the directory itself says goes before what others say; that an identity is a managed one, only some tell.
        let rank =
            |of: &KnownPrincipal| (of.recorded, of.kind == Some(PrincipalKind::ManagedIdentity), of.kind);
        if rank(&known) > rank(entry) {
            entry.kind = known.kind.or(entry.kind);
        }
        entry.recorded |= known.recorded;
        entry.foreign |= known.foreign;
        entry.source = entry.source.or(known.source);
    }

    /// The name of a principal: that of the directory, else of several the first in order.
    pub(crate) fn name_of(&self, id: Text, texts: &Interner) -> Option<Text> {
        let names = self.names.get(&id)?.iter();
        names.min_by_key(|(other, name)| (*other, texts.get(*name))).map(|(_, name)| *name)
    }

    /// Whether an id may be that of a group: no input tells what it is, and the list of all groups was not given.
    pub(crate) fn may_be_group(&self, id: Text) -> bool {
        let untold = |known: &KnownPrincipal| known.kind.is_none() && !known.recorded && !known.foreign;
        let all_groups = self.directory.get(&PrincipalKind::Group).copied().unwrap_or_default();
        !all_groups && !self.members.contains_key(&id) && self.principals.get(&id).is_some_and(untold)
    }

    /// The node of this id.
    pub(crate) fn node(&mut self, id: Text) -> &mut TreeNode {
        self.tree.entry(id).or_default()
    }
}
