//! The answer of `rightsize`.

use super::options::Level;
use crate::model::{PrincipalKind, Remedy, SpellingMode};
use serde::Serialize;
use serde_json::Value;

/// Why a permission stays or goes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// Stays: a call was carried out in the window.
    Used,
    /// Stays: calls failed in the window, not for want of the permission; whether it was needed is not known.
    Attempted,
    /// Stays: it comes again in a rhythm, and the last time is at most two periods ago.
    Periodic,
    /// Stays: the caller's calendar has a job that needs it.
    Calendar,
    /// Stays: the caller or the provider's list protects it, or the principal.
    Protected,
    /// Stays: it goes along with something that was used.
    Companion,
    /// Stays: peers with like grants used it.
    Peer,
    /// Stays: the grant or the principal is too young to tell.
    NewGrant,
    /// Stays: the logs cannot show it, or do not cover the window.
    Unobservable,
    /// Goes: the logs cover the window and have no call.
    Unused,
    /// Goes: the logs cannot show it, and the options do not keep such.
    UnobservableDropped,
    /// Goes: calls were refused, and none was carried out.
    Denied,
}

impl Reason {
    /// All reasons to stay, in the order in which they count, then those to go.
    pub const ALL: [Reason; 12] = [
        Reason::Used,
        Reason::Attempted,
        Reason::Periodic,
        Reason::Calendar,
        Reason::Protected,
        Reason::Companion,
        Reason::Peer,
        Reason::NewGrant,
        Reason::Unobservable,
        Reason::Unused,
        Reason::UnobservableDropped,
        Reason::Denied,
    ];
}

/// Permissions with the same reasons.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct Reasoned {
    /// Why, the weightiest reason first.
    pub reasons: Vec<Reason>,
    /// The permissions, sorted as the catalogue is.
    pub permissions: Vec<String>,
}

/// A policy of the proposal.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[non_exhaustive]
pub struct ProposedPolicy {
    /// Its name.
    pub name: String,
    /// How it is held: `inline`, `managed`, or as a `custom_role` or `built_in_role` that is assigned.
    pub kind: &'static str,
    /// The provider's own document.
    pub document: Value,
    /// Characters that count towards the limit.
    pub characters: u64,
    /// The limit, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

/// A policy that stays as it is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[non_exhaustive]
pub struct Untouched {
    /// Its id or name.
    pub policy: String,
    /// Why: `all_needed`, `shared` (others hold it through the group that holds it), `new_grant`, `document_missing`, `not_readable`,
    /// `variables_inert`, `eligible` (it gives nothing until it is activated), `activated` (it ends by itself), `conditional_role` (its
    /// role has conditions of its own), `classic_administrator`, `no_assignment_id`.
    pub reason: &'static str,
}

/// Days of the window by what they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Calendar {
    /// Days of the window.
    pub days: u32,
    /// Those that the logs of the account cover.
    pub covered: u32,
    /// Covered days by weekday, Monday first.
    pub weekdays: [u32; 7],
    /// Last days of a month that are covered.
    pub month_ends: u32,
    /// Last days of a quarter that are covered.
    pub quarter_ends: u32,
}

/// The logged events, decided anew.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Replay {
    /// Events in the window that were carried out; an upper bound where deliveries of logs overlapped.
    pub events: u64,
    /// Requests that differ in permission, resource or logged context: each was decided once.
    pub requests: u64,
    /// Of these, requests that the old policies allow and the proposal does not.
    pub would_fail: u64,
    /// The first 100 of them.
    pub failures: Vec<Failure>,
    /// Requests that the old policies do not allow either: something else gave the access, or the grant is gone.
    pub not_allowed_before: u64,
    /// Requests on ids with a wildcard in them, which cannot be asked about.
    pub undecided: u64,
    /// Events before the window, and how many requests of them would fail today.
    pub earlier_events: u64,
    /// Requests of them that would fail.
    pub earlier_would_fail: u64,
}

/// A request that would fail.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Failure {
    /// The permission.
    pub permission: String,
    /// What it was used on; `*` where the log names nothing.
    pub resource: String,
    /// How often.
    pub events: u64,
}

/// What is known of needs that were not seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Unseen {
    /// Days that the logs cover: the units of observation.
    pub units: u32,
    /// Upper bound, with 95 % confidence, on how often a permission that was never used is needed in a day: 3 / units
    /// (the rule of three).
    pub upper_bound_95: Option<f64>,
    /// What the bound takes for granted.
    pub assumption: &'static str,
    /// Share of the events that were the only one of their permission: the Good-Turing estimate of how likely the next
    /// event needs a permission that was not used yet.
    pub good_turing: Option<f64>,
}

/// What a proposal rests on.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Certificate {
    /// Whether the proposal lies within what the old policies grant: `proved`, or what stands against it.
    pub within_granted: String,
    /// Whether all that stays is granted by the documents as they are read again: `proved`, or what is missing.
    pub covers_kept: String,
    /// The exact comparison of policies, where it was asked for: `pass`, `fail` or `unknown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compared: Option<String>,
    /// The logged events, decided anew.
    pub replay: Replay,
    /// What days the logs cover.
    pub calendar: Calendar,
    /// Granted permissions that the logs cannot show.
    pub unobservable: u32,
    /// Their share of the granted ones.
    pub unobservable_share: f64,
    /// Permissions that stay although they were not used.
    pub kept_unused: u32,
    /// What is known of needs that were not seen.
    pub unseen: Unseen,
    /// The catalogue that wildcards were read with.
    pub catalog: String,
    /// SHA-256 of the rollback document, as compact JSON.
    pub rollback_sha256: String,
}

/// A proposal for one principal.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Proposal {
    /// Version of the wire form.
    pub v: u8,
    /// Full id of the principal.
    pub principal: String,
    /// Its kind.
    pub principal_kind: PrincipalKind,
    /// The provider.
    pub provider: &'static str,
    /// Its account.
    pub account: String,
    /// Who else is changed by it: those who hold the same bundle. What any of them needs stays.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<String>,
    /// First instant of the window, RFC 3339.
    pub from: String,
    /// Its end.
    pub to: String,
    /// How far it narrows.
    pub level: Level,
    /// How permissions are written: as asked, or shorter where a limit wants it.
    pub mode: SpellingMode,
    /// Why nothing can be changed, where that is so: `service_linked`, `provider_managed`, `no_policies`, `members_unknown` (of a
    /// group, so that nobody knows what they use).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<&'static str>,
    /// What it comes to: `exchange`, `nothing_to_change`, `refused`, or `over_limit` where the provider would not take it.
    pub outcome: &'static str,
    /// Permissions that the principal's policies grant, counted.
    pub granted: u32,
    /// Of these, how many stay.
    pub kept: u32,
    /// What stays, by reason.
    pub keep: Vec<Reasoned>,
    /// What goes, by reason.
    pub remove: Vec<Reasoned>,
    /// Permissions that were used in the window and that these policies do not grant.
    pub used_not_granted: Vec<String>,
    /// The new policies.
    pub policies: Vec<ProposedPolicy>,
    /// Policies that stay as they are.
    pub untouched: Vec<Untouched>,
    /// Characters of the policies that are replaced, and of those that replace them.
    pub characters: [u64; 2],
    /// Whether no shorter list of patterns is possible for the permissions of each statement.
    pub optimal: bool,
    /// Where new grants are sets of permissions that the provider has ready: with fewer of them it cannot be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lower_bound: Option<u32>,
    /// Whether the new policies are within the provider's limits. Where they are not, `remedy` is empty.
    pub fits: bool,
    /// What to know before it is applied, as codes: `rightsized_policy_over_limit`, `window_shorter_than_a_quarter`,
    /// `window_misses_a_quarter_end`, `logs_do_not_cover_window`, `attached_over_limit_meanwhile`, `custom_role_at_root`,
    /// `data_actions_at_management_group`, `built_in_roles_do_not_cover`.
    pub warnings: Vec<&'static str>,
    /// What is to be done.
    pub remedy: Remedy,
    /// What takes it back.
    pub rollback: Remedy,
    /// What it rests on.
    pub certificate: Certificate,
}
