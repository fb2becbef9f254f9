//! What a caller can ask of role mining.

use serde::Deserialize;

/// How much work role mining may do before it answers with a bound instead of a proof. Counted, not timed: the same input
/// gives the same answer on every machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Budget {
    /// Nodes of the exact search. 1,000,000 without a choice, which takes some seconds.
    pub nodes: u64,
    /// Steps of everything else, each about as long as it takes to look at a number. 10,000,000,000 without a choice,
    /// which takes less than a minute.
    pub steps: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Budget { nodes: 1_000_000, steps: 10_000_000_000 }
    }
}

impl Budget {
    /// At most so many nodes of the exact search.
    #[must_use]
    pub fn nodes(mut self, nodes: u64) -> Self {
        self.nodes = nodes;
        self
    }

    /// At most so many steps of everything else.
    #[must_use]
    pub fn steps(mut self, steps: u64) -> Self {
        self.steps = steps;
        self
    }
}

/// Of what there should be as little as possible.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Objective {
    /// Roles.
    #[default]
    Roles,
    /// Users of roles and permissions of roles, added up over all roles: what an administrator has to write down.
    Assignments,
}

impl Objective {
    /// Its name in the wire form.
    pub fn name(self) -> &'static str {
        match self {
            Objective::Roles => "roles",
            Objective::Assignments => "assignments",
        }
    }
}

/// A role or group that there is already.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(expecting = "an object with `name` and `permissions`")]
#[non_exhaustive]
pub struct ExistingRole {
    /// Its id or name.
    pub name: String,
    /// What it gives, in the texts of the assignments.
    pub permissions: Vec<String>,
    /// Who is in it, in the texts of the assignments; only they decide the overlap that is told, not whether it is used.
    #[serde(default)]
    pub users: Vec<String>,
}

impl ExistingRole {
    /// A role of this name with these permissions.
    pub fn new(
        name: impl Into<String>,
        permissions: impl IntoIterator<Item = impl Into<String>>,
        users: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        ExistingRole {
            name: name.into(),
            permissions: permissions.into_iter().map(Into::into).collect(),
            users: users.into_iter().map(Into::into).collect(),
        }
    }
}

/// What the roles must fulfil, and of what there should be as little as possible.
///
/// Nothing of it ever lets a role give a user what it does not have.
///
/// ```
/// use ciem_core::{Assignments, MiningOptions, Progress, mine_roles_with};
///
/// let pairs = Assignments::from_pairs([("ana", "approve"), ("ana", "pay"), ("ana", "read"), ("bob", "read")])?;
/// let options = MiningOptions::default().separate("approve", "pay").max_permissions_per_role(2);
/// let mined = mine_roles_with(&pairs, &options, &Progress::none())?;
/// for role in mined.roles() {
///     assert!(!role.permissions().eq(["approve", "pay"]));
/// }
/// // Ana keeps both, by two roles: that she can do both is for her manager to see.
/// assert_eq!(mined.conflicts().next().unwrap().users, ["ana"]);
/// # Ok::<(), ciem_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct MiningOptions {
    pub(super) budget: Budget,
    pub(super) objective: Objective,
    pub(super) max_permissions: Option<u64>,
    pub(super) max_roles: Option<u64>,
    pub(super) max_missing: u64,
    pub(super) separate: Vec<(String, String)>,
    pub(super) existing: Vec<ExistingRole>,
}

impl MiningOptions {
    /// How much work may be done.
    #[must_use]
    pub fn budget(mut self, budget: Budget) -> Self {
        self.budget = budget;
        self
    }

    /// Of what there should be as little as possible; roles without a choice.
    #[must_use]
    pub fn objective(mut self, objective: Objective) -> Self {
        self.objective = objective;
        self
    }

    /// At most so many permissions in a role.
    #[must_use]
    pub fn max_permissions_per_role(mut self, most: u64) -> Self {
        self.max_permissions = Some(most);
        self
    }

    /// At most so many roles for each user.
    #[must_use]
    pub fn max_roles_per_user(mut self, most: u64) -> Self {
        self.max_roles = Some(most);
        self
    }

    /// No role has both permissions. Who has both today keeps both, by two roles, and is told among the conflicts.
    #[must_use]
    pub fn separate(mut self, one: impl Into<String>, other: impl Into<String>) -> Self {
        self.separate.push((one.into(), other.into()));
        self
    }

    /// So many pairs may be left out, for fewer roles. They are told; their users lose the permission.
    #[must_use]
    pub fn max_missing(mut self, pairs: u64) -> Self {
        self.max_missing = pairs;
        self
    }

    /// A role that there is already: one like it is preferred among solutions that are otherwise equally good.
    #[must_use]
    pub fn existing(mut self, role: ExistingRole) -> Self {
        self.existing.push(role);
        self
    }
}
