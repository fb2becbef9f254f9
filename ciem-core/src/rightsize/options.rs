//! What a proposal may do, and what it must leave alone.

use crate::model::SpellingMode;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How far a proposal narrows; each level does what those before it do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Level {
    /// Permissions that are not needed go.
    Permissions,
    /// Resources narrow to patterns around those that were used.
    #[default]
    Resources,
    /// Conditions are added that held in every use.
    Conditions,
}

/// What becomes of policies that others hold, too.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Shared {
    /// The principal lets go of them and gets a policy of its own; for the others nothing changes.
    #[default]
    Replace,
    /// They stay as they are; only what is the principal's alone is changed.
    Keep,
}

/// A job that is known to come again: what it needs stays.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CalendarEntry {
    /// Which principals run it: ids or names, with `*` and `?`.
    pub principals: Vec<String>,
    /// Which permissions it needs, with `*` and `?`.
    pub permissions: Vec<String>,
    /// What it is, for the answer.
    #[serde(default)]
    pub name: String,
}

impl CalendarEntry {
    /// A job of these principals that needs these permissions.
    pub fn new<P: Into<String>, Q: Into<String>>(
        principals: impl IntoIterator<Item = P>,
        permissions: impl IntoIterator<Item = Q>,
    ) -> Self {
        CalendarEntry {
            principals: principals.into_iter().map(Into::into).collect(),
            permissions: permissions.into_iter().map(Into::into).collect(),
            name: String::new(),
        }
    }
}

/// How a principal is rightsized.
///
/// ```
/// use ciem_core::{Level, RightsizeOptions, SpellingMode};
///
/// let options = RightsizeOptions::new("2026-11-01T00:00:00Z").window("180d").level(Level::Permissions).mode(SpellingMode::Compact);
/// assert_eq!(options.window, "180d");
/// ```
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(default, expecting = "an object")]
#[non_exhaustive]
pub struct RightsizeOptions {
    /// The stretch of time whose use counts, such as `90d`; it ends at `at`.
    pub window: String,
    /// RFC 3339; without it the end of the last day that the logs have.
    pub at: Option<String>,
    /// How far the proposal narrows.
    pub level: Level,
    /// How permissions are written.
    pub mode: SpellingMode,
    /// What becomes of policies that others hold, too.
    pub shared: Shared,
    /// Days of the window that may be missing in the logs before a permission counts as unobservable.
    pub gaps: u32,
    /// Principals of whom nothing is taken: ids or names, with `*` and `?`. Instead of the provider's own list, which
    /// has emergency, backup and recovery identities.
    pub protected_principals: Option<Vec<String>>,
    /// Permissions that stay, with `*` and `?`.
    pub protected_permissions: Vec<String>,
    /// Grants and principals younger than this many days stay as they are.
    pub new_grant_days: u32,
    /// Keep what peers use: the least share of the peers that must have used a permission, as the lower bound of its
    /// 95 % Wilson interval. 0 keeps what any peer used; above 1 peers do not count.
    pub peer_share: f64,
    /// How alike the grants of two principals must be for them to be peers (Jaccard index of their permissions), unless
    /// they hold the same managed policies and are in the same groups.
    pub peer_likeness: f64,
    /// Keep what is used along with what was used (decryption beside stores, tags beside what is created).
    pub companions: bool,
    /// Keep what came again in a rhythm, if it last came at most two periods ago.
    pub periodic: bool,
    /// Keep what the logs cannot show.
    pub unobservable: bool,
    /// Keep calls that failed for another reason than a missing permission.
    pub attempted: bool,
    /// Jobs that are known to come again.
    pub calendar: Vec<CalendarEntry>,
    /// Whether the exact comparison of policies proves the containment again, beside the proof by construction.
    pub prove: bool,
    /// The provider's limits that differ from the usual ones, by name.
    pub limits: BTreeMap<String, u64>,
    /// Observed ids that are listed one by one; of more, a common pattern is made.
    pub most_ids: usize,
    /// The name of policies that are made.
    pub policy_name: String,
    /// As what new grants are written, where the provider knows several forms: such as `custom_role` or `built_in_role`. Without
    /// it the provider's usual one.
    pub form: Option<String>,
}

impl Default for RightsizeOptions {
    fn default() -> Self {
        RightsizeOptions {
            window: "90d".to_owned(),
            at: None,
            level: Level::default(),
            mode: SpellingMode::default(),
            shared: Shared::default(),
            gaps: 0,
            protected_principals: None,
            protected_permissions: Vec::new(),
            new_grant_days: 14,
            peer_share: 0.0,
            peer_likeness: 0.8,
            companions: true,
            periodic: true,
            unobservable: true,
            attempted: true,
            calendar: Vec::new(),
            prove: false,
            limits: BTreeMap::new(),
            most_ids: 5,
            policy_name: "rightsized".to_owned(),
            form: None,
        }
    }
}

macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $type:ty),+ $(,)?) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name(mut self, $name: $type) -> Self {
            self.$name = $name;
            self
        }
    )+};
}

impl RightsizeOptions {
    /// The usual options, for a window that ends at `at` (RFC 3339).
    pub fn new(at: impl Into<String>) -> Self {
        RightsizeOptions { at: Some(at.into()), ..RightsizeOptions::default() }
    }

    /// The same with a window of this length.
    #[must_use]
    pub fn window(mut self, window: impl Into<String>) -> Self {
        self.window = window.into();
        self
    }

    /// The same with new grants written in this form.
    #[must_use]
    pub fn form(mut self, form: impl Into<String>) -> Self {
        self.form = Some(form.into());
        self
    }

    /// The same with a limit of the provider, by name.
    #[must_use]
    pub fn limit(mut self, name: impl Into<String>, limit: u64) -> Self {
        self.limits.insert(name.into(), limit);
        self
    }

    setters! {
        /// The same at this level.
        level: Level,
        /// The same with permissions written so.
        mode: SpellingMode,
        /// The same for shared policies.
        shared: Shared,
        /// The same with days that may be missing in the logs.
        gaps: u32,
        /// The same with permissions that stay.
        protected_permissions: Vec<String>,
        /// The same with another age of new grants.
        new_grant_days: u32,
        /// The same with another share of peers.
        peer_share: f64,
        /// The same with or without companions.
        companions: bool,
        /// The same with or without periodic use.
        periodic: bool,
        /// The same with or without what logs cannot show.
        unobservable: bool,
        /// The same with known jobs.
        calendar: Vec<CalendarEntry>,
        /// The same with or without the second proof.
        prove: bool,
    }
}
