//! The roles that were found, and what is to be said of them.

use super::assignments::Names;
use super::lists::Lists;
use super::options::Objective;
use serde::Serialize;
use serde::ser::{SerializeMap, SerializeStruct, Serializer};
use serde_json::Value;

/// The answer of [`crate::mine_roles`]: roles that together give every user exactly what it has. It was held against the
/// pairs before it was handed out.
///
/// In wire form `{"v": 1, "roles": [{"users", "permissions", "pairs", …}], "lower_bound", "optimal", …}`.
#[derive(Clone, Debug)]
pub struct RoleMining {
    pub(super) users: Names,
    pub(super) permissions: Names,
    pub(super) members: Lists,
    pub(super) rights: Lists,
    pub(super) notes: Vec<Note>,
    pub(super) objective: Objective,
    pub(super) lower_bound: u64,
    pub(super) pairs: u64,
    pub(super) missing: Vec<(u32, u32)>,
    pub(super) conflicts: Vec<(u32, u32, Vec<u32>)>,
    pub(super) assumptions: Vec<String>,
    pub(super) over_limits: Vec<String>,
}

/// What is known of a role beside its members and rights.
#[derive(Clone, Debug, Default)]
pub(super) struct Note {
    pub(super) only_here: u64,
    pub(super) closest: Option<Overlap>,
    pub(super) name: Option<String>,
    pub(super) native: Vec<Value>,
}

/// The existing role that is most like a mined one.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[non_exhaustive]
pub struct Overlap {
    /// The existing role.
    pub name: String,
    /// Permissions of both, as a share of the permissions of either: 1 if they are the same.
    pub permissions: f64,
    /// The same of users; absent where the existing role's users were not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub users: Option<f64>,
}

/// Two permissions that are to be separate, and who has both.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct Conflict<'a> {
    /// The two.
    pub permissions: [&'a str; 2],
    /// Those who have both today, sorted.
    pub users: Vec<&'a str>,
}

/// One mined role, borrowed from its [`RoleMining`].
#[derive(Clone, Copy, Debug)]
pub struct MinedRole<'a> {
    mining: &'a RoleMining,
    number: u32,
}

impl RoleMining {
    /// The roles, those that account for the most pairs first.
    pub fn roles(&self) -> impl ExactSizeIterator<Item = MinedRole<'_>> {
        (0..self.members.len()).map(|number| MinedRole { mining: self, number: number as u32 })
    }

    /// What was to be as little as possible.
    pub fn objective(&self) -> Objective {
        self.objective
    }

    /// How much of it there is: roles, or users of roles and permissions of roles.
    pub fn value(&self) -> u64 {
        match self.objective {
            Objective::Roles => self.members.len() as u64,
            Objective::Assignments => self.assignments(),
        }
    }

    /// Less than this no solution has that meets the constraints.
    pub fn lower_bound(&self) -> u64 {
        self.lower_bound
    }

    /// Whether there is provably nothing better: the value is the bound.
    pub fn optimal(&self) -> bool {
        self.value() == self.lower_bound
    }

    /// Users of roles and permissions of roles, added up over all roles.
    pub fn assignments(&self) -> u64 {
        (self.members.items.len() + self.rights.items.len()) as u64
    }

    /// Distinct pairs that were mined.
    pub fn pairs(&self) -> u64 {
        self.pairs
    }

    /// Pairs that no role accounts for, sorted: none unless they were allowed.
    pub fn missing(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.missing
            .iter()
            .map(|&(user, permission)| (self.users.get(user), self.permissions.get(permission)))
    }

    /// What the access that was mined takes for granted.
    pub fn assumptions(&self) -> &[String] {
        &self.assumptions
    }

    /// Limits of the provider that all roles in their native form together exceed, in words.
    pub fn over_limits(&self) -> &[String] {
        &self.over_limits
    }

    /// Permissions that are to be separate and that users have both of today.
    pub fn conflicts(&self) -> impl ExactSizeIterator<Item = Conflict<'_>> {
        self.conflicts.iter().map(|(one, other, users)| Conflict {
            permissions: [self.permissions.get(*one), self.permissions.get(*other)],
            users: users.iter().map(|&user| self.users.get(user)).collect(),
        })
    }
}

impl<'a> MinedRole<'a> {
    /// Its members, sorted.
    pub fn users(&self) -> impl ExactSizeIterator<Item = &'a str> + use<'a> {
        let mining = self.mining;
        mining.members.get(self.number).iter().map(|&user| mining.users.get(user))
    }

    /// What it gives them, sorted.
    pub fn permissions(&self) -> impl ExactSizeIterator<Item = &'a str> + use<'a> {
        let mining = self.mining;
        mining.rights.get(self.number).iter().map(|&permission| mining.permissions.get(permission))
    }

    /// The pairs that it accounts for: users by permissions.
    pub fn pairs(&self) -> u64 {
        self.users().len() as u64 * self.permissions().len() as u64
    }

    /// Those of them that no other role accounts for.
    pub fn only_here(&self) -> u64 {
        self.note().map_or(0, |note| note.only_here)
    }

    /// The existing role that is most like it, if one shares a permission.
    pub fn closest(&self) -> Option<&'a Overlap> {
        self.note()?.closest.as_ref()
    }

    /// A name that suggests itself: that of an existing role with the same permissions, unless it is a UUID, or what the
    /// members' tags say.
    pub fn name(&self) -> Option<&'a str> {
        self.note()?.name.as_deref()
    }

    /// The role as the provider has it: `form`, `provider`, `account` where each account has its own, `name`, `definition`,
    /// `over_limits` and `not_written`. Empty where no form was asked for.
    pub fn native(&self) -> &'a [Value] {
        self.note().map_or(&[], |note| &note.native)
    }

    /// The numbers under which its permissions were added to the assignments.
    pub(super) fn permission_sources(&self) -> impl Iterator<Item = usize> + use<'a> {
        let mining = self.mining;
        mining.rights.get(self.number).iter().filter_map(|&permission| mining.permissions.source(permission))
    }

    fn note(&self) -> Option<&'a Note> {
        self.mining.notes.get(self.number as usize)
    }
}

/// An iterator that is written out as a list.
struct Listed<F>(F);

impl<F: Fn() -> I, I: Iterator<Item: Serialize>> Serialize for Listed<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

impl Serialize for MinedRole<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_map(None)?;
        if let Some(name) = self.name() {
            out.serialize_entry("name", name)?;
        }
        out.serialize_entry("users", &Listed(|| self.users()))?;
        out.serialize_entry("permissions", &Listed(|| self.permissions()))?;
        out.serialize_entry("pairs", &self.pairs())?;
        out.serialize_entry("only_here", &self.only_here())?;
        if let Some(closest) = self.closest() {
            out.serialize_entry("closest", closest)?;
        }
        if !self.native().is_empty() {
            out.serialize_entry("native", self.native())?;
        }
        out.end()
    }
}

impl Serialize for RoleMining {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("RoleMining", 12)?;
        out.serialize_field("v", &1)?;
        out.serialize_field("roles", &Listed(|| self.roles()))?;
        out.serialize_field("objective", self.objective.name())?;
        out.serialize_field("value", &self.value())?;
        out.serialize_field("lower_bound", &self.lower_bound)?;
        out.serialize_field("optimal", &self.optimal())?;
        out.serialize_field("pairs", &self.pairs)?;
        out.serialize_field("assignments", &self.assignments())?;
        out.serialize_field("missing", &Listed(|| self.missing()))?;
        out.serialize_field("conflicts", &Listed(|| self.conflicts()))?;
        out.serialize_field("assumptions", &self.assumptions)?;
        out.serialize_field("over_limits", &self.over_limits)?;
        out.end()
    }
}
