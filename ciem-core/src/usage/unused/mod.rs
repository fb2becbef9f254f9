//! What was granted and not used: identities, credentials, groups, policies, statements, permissions, resources and
//! trusts.

mod grants;
mod grouped;
mod lookup;
mod standing;
#[cfg(test)]
mod tests;
mod trusts;

use super::value::{Usage, UseState};
use super::window::Window;
use crate::error::Error;
use crate::progress::Progress;
use crate::snapshot::Snapshot;
use lookup::Lookup;
use serde::{Deserialize, Serialize};

/// What kind of thing was not used.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum UnusedKind {
    /// A user, a role or a person of which nothing was seen.
    Principal,
    /// A password, key or certificate that works and was not used.
    Credential,
    /// A group of which no member used anything that it gives.
    Group,
    /// A policy of which no holder used anything that it allows.
    Policy,
    /// A statement of a policy, likewise: of those that name resources, uses on these count.
    Statement,
    /// Permissions of one principal.
    Permission,
    /// A resource on which nothing was seen.
    Resource,
    /// Somebody who may take on a role and did not.
    Trust,
}

impl UnusedKind {
    /// The wire form, such as `principal`.
    pub fn as_str(self) -> &'static str {
        match self {
            UnusedKind::Principal => "principal",
            UnusedKind::Credential => "credential",
            UnusedKind::Group => "group",
            UnusedKind::Policy => "policy",
            UnusedKind::Statement => "statement",
            UnusedKind::Permission => "permission",
            UnusedKind::Resource => "resource",
            UnusedKind::Trust => "trust",
        }
    }
}

/// What rows are brought together by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GroupBy {
    /// The provider.
    Provider,
    /// The account.
    Account,
    /// The tag for the environment.
    Environment,
    /// The tag for the team.
    Team,
}

/// Which rows of [`Snapshot::unused`] are wanted, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct UnusedOptions {
    /// Kinds of thing; all without it.
    pub of: Vec<UnusedKind>,
    /// Only of this account.
    pub account: Option<String>,
    /// Only of this environment.
    pub environment: Option<String>,
    /// Only of this team.
    pub team: Option<String>,
    /// One row for each group, kind and state instead of one for each thing.
    pub by: Option<GroupBy>,
    /// Keys of the tags that name the environment, without regard to case; the first that is there counts.
    pub environment_tags: Vec<String>,
    /// Keys of the tags that name the team.
    pub team_tags: Vec<String>,
}

impl Default for UnusedOptions {
    fn default() -> Self {
        let keys = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect();
        UnusedOptions {
            of: Vec::new(),
            account: None,
            environment: None,
            team: None,
            by: None,
            environment_tags: keys(&["environment", "env", "stage"]),
            team_tags: keys(&["team", "owner"]),
        }
    }
}

impl UnusedOptions {
    /// Only this kind of thing, beside those named before.
    #[must_use]
    pub fn of(mut self, kind: UnusedKind) -> Self {
        self.of.push(kind);
        self
    }

    /// Only of this environment.
    #[must_use]
    pub fn environment(mut self, environment: impl Into<String>) -> Self {
        self.environment = Some(environment.into());
        self
    }

    /// One row for each group, kind and state.
    #[must_use]
    pub fn by(mut self, by: GroupBy) -> Self {
        self.by = Some(by);
        self
    }

    fn wants(&self, kind: UnusedKind) -> bool {
        self.of.is_empty() || self.of.contains(&kind)
    }

    fn keeps(&self, row: &UnusedRow) -> bool {
        let is = |wanted: &Option<String>, known: &Option<String>| wanted.is_none() || wanted == known;
        is(&self.account, &row.account)
            && is(&self.environment, &row.environment)
            && is(&self.team, &row.team)
    }
}

/// Something that was granted and is not known to have been used. Instants are RFC 3339 in UTC.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct UnusedRow {
    /// What kind of thing it is.
    pub kind: UnusedKind,
    /// Its id: of permissions that of the principal, of a statement the policy's with `#` and its place, of a trust the
    /// role's. Of a group of rows the value that they share.
    pub id: Option<String>,
    /// Of a credential whose it is, of a trust who may take on the role.
    pub principal: Option<String>,
    /// The provider.
    pub provider: String,
    /// The account.
    pub account: Option<String>,
    /// The environment, as tags of the principal or the resource name it.
    pub environment: Option<String>,
    /// The team, likewise.
    pub team: Option<String>,
    /// `unused` where the logs would have shown a use, `unobservable` where they would not; `denied` and `attempted` of
    /// permissions of which calls were refused or failed.
    pub state: UseState,
    /// The permissions, where it is about permissions: of a group those that nobody of it used and somebody holds.
    pub permissions: Vec<String>,
    /// How many there are: permissions of a principal; of a group of rows the sum of theirs; else one.
    pub count: u64,
    /// The last use, where one before the window is known.
    pub last_used: Option<String>,
    /// Days of the window that the logs do not cover; of permissions, of the one that they cover least.
    pub uncovered_days: u64,
    /// Policies and groups that it comes through.
    pub via: Vec<String>,
}

/// The answer of [`Snapshot::unused`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unused {
    rows: Vec<UnusedRow>,
    assumptions: Vec<String>,
}

impl Unused {
    /// The rows, sorted by kind, id, principal and state.
    pub fn rows(&self) -> &[UnusedRow] {
        &self.rows
    }

    /// What the rows take for granted.
    pub fn assumptions(&self) -> &[String] {
        &self.assumptions
    }
}

impl Snapshot {
    /// What was granted and not used in the window, as far as `usage` and the exports of this snapshot show.
    ///
    /// Whoever is granted a permission on something is in the rows of its kind `permission`, whatever guards the
    /// something itself; what guardrails and boundaries take away is not granted.
    ///
    /// ```
    /// # use ciem_core::{SnapshotBuilder, Usage, UnusedKind, UseState, Window};
    /// # let mut builder = SnapshotBuilder::new();
    /// # builder.add("account.json", include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.json")))?;
    /// # let snapshot = builder.finish()?;
    /// // Without a log nothing is known to be unused, save for what the exports themselves tell.
    /// let window = Window::ending("90d", "2026-11-01T00:00:00Z")?;
    /// let unused = snapshot.unused(&Usage::default(), &window)?;
    /// assert!(unused.rows().iter().any(|row| row.state == UseState::Unobservable));
    /// # Ok::<(), ciem_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Snapshot::matrix`].
    pub fn unused(&self, usage: &Usage, window: &Window) -> Result<Unused, Error> {
        self.unused_with(usage, window, &UnusedOptions::default(), &Progress::none())
    }

    /// As [`Snapshot::unused`], of certain kinds and groups, polling for cancellation.
    ///
    /// ```
    /// # use ciem_core::{GroupBy, Progress, SnapshotBuilder, UnusedKind, UnusedOptions, Usage, Window};
    /// # let mut builder = SnapshotBuilder::new();
    /// # builder.add("account.json", include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.json")))?;
    /// # let snapshot = builder.finish()?;
    /// let window = Window::ending("90d", "2026-11-01T00:00:00Z")?;
    /// let options = UnusedOptions::default().of(UnusedKind::Permission).by(GroupBy::Environment);
    /// let unused = snapshot.unused_with(&Usage::default(), &window, &options, &Progress::none())?;
    /// for row in unused.rows() {
    ///     println!("{:?}: {} permissions are {}", row.environment, row.count, row.state.as_str());
    /// }
    /// # Ok::<(), ciem_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As `unused`, and `cancelled`.
    pub fn unused_with(
        &self,
        usage: &Usage,
        window: &Window,
        options: &UnusedOptions,
        progress: &Progress,
    ) -> Result<Unused, Error> {
        let usage = usage.merge(&self.exported_usage());
        let mut lookups: Vec<Lookup<'_>> = Vec::new();
        for estate in self.estates() {
            lookups.push(Lookup::new(estate, &usage, window, options));
        }
        let mut rows = Vec::new();
        let wanted = |row: &UnusedRow| options.wants(row.kind) && options.keeps(row);
        let mut add = |row: UnusedRow| {
            if wanted(&row) {
                rows.push(row);
            }
        };
        grants::rows(self, &mut lookups, options, progress, &mut add)?;
        for lookup in &mut lookups {
            standing::rows(lookup, options, progress, &mut add)?;
        }
        if options.wants(UnusedKind::Trust) {
            trusts::rows(self, &lookups, progress, &mut add)?;
        }
        if let Some(by) = options.by {
            let used = grants::used_by_group(&lookups, by);
            rows = grouped::rows(rows, by, &used);
        }
        rows.sort_by(|a, b| {
            let key = |row: &UnusedRow| (row.kind, row.id.clone(), row.principal.clone(), row.state);
            key(a).cmp(&key(b))
        });
        Ok(Unused { rows, assumptions: assumptions(&usage) })
    }
}

fn assumptions(usage: &Usage) -> Vec<String> {
    let mut told = Vec::new();
    if usage.0.coverage.accounts.is_empty() {
        told.push("no log was given: only what the provider itself tells of last use is known".to_owned());
    } else {
        told.push(
            "an account's log holds all of its management calls on each day of which it has any, in every region"
                .to_owned(),
        );
    }
    if usage.0.coverage.accounts.values().any(|log| !log.data.is_empty()) {
        told.push(
            "where a log has calls on the data of a service, it has those on all of the account's resources"
                .to_owned(),
        );
    }
    told
}
