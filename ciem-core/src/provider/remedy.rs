//! What exchanging policies for smaller ones needs of a provider.

use crate::model::{Change, PrincipalKind};
use serde_json::Value;

/// How the policies of a provider are cut down and exchanged.
pub(crate) struct RemedySpec {
    /// The usual limits, by name.
    pub(crate) limits: &'static [(&'static str, u64)],
    /// Why nothing of a principal's policies can be changed, if it cannot: by id.
    pub(crate) refusal: fn(&str) -> Option<&'static str>,
    /// Whether a policy of this name has an id of its own, so that several can hold it.
    pub(crate) is_policy_id: fn(&str) -> bool,
    /// Whether a name is that of one policy alone, whoever holds it.
    pub(crate) named_once: bool,
    /// Whether somebody can let go of a group; else what a group holds is changed for all of its members, or not at all.
    pub(crate) leaves_groups: bool,
    /// Whether patterns of permissions have one star, at an end of whole segments.
    pub(crate) one_star: bool,
    /// The forms that new policies can have, the usual one first, and whether each is made of sets of permissions that the
    /// provider has ready.
    pub(crate) forms: &'static [(&'static str, bool)],
    /// A statement that allows what such a set has, within the old statement.
    pub(crate) ready: fn(&Value, &str) -> Value,
    /// The statements of a document as they are written, by position; or why they cannot be taken over.
    pub(crate) statements: fn(&str) -> Result<Vec<Value>, &'static str>,
    /// The statements of a document that was made here, by position.
    pub(crate) statements_in: fn(&Value) -> &[Value],
    /// The resources of a statement as they are written, and whether it means all others.
    pub(crate) resources: fn(&Value) -> (bool, Vec<String>),
    /// A statement that allows less.
    pub(crate) narrowed: fn(&Value, &Narrowing<'_>) -> Value,
    /// Whether all conditions of the second statement are conditions of the first one.
    pub(crate) conditions_include: fn(&Value, &Value) -> bool,
    /// Characters of a document that count towards limits.
    pub(crate) size: fn(&Value) -> u64,
    /// A document of these statements.
    pub(crate) document: fn(Vec<Value>) -> Value,
    /// Who holds the new documents and which calls are made, given what is replaced.
    pub(crate) plan: fn(&mut Exchange<'_>) -> Plan,
    /// Names of principals of whom nothing is taken, with wildcards.
    pub(crate) protected: &'static [&'static str],
    pub(crate) companions: &'static [Companion],
    /// Context keys that may become conditions, the operator, and the one value that may be fixed if not every value may.
    pub(crate) condition_keys: &'static [(&'static str, &'static str, Option<&'static str>)],
}

/// Permissions that are needed along with others.
#[derive(Debug)]
pub(crate) struct Companion {
    /// When one of these was used, with wildcards,
    pub(crate) of: &'static [&'static str],
    /// these stay.
    pub(crate) keep: &'static [&'static str],
    /// Only those of the same service.
    pub(crate) same_service: bool,
}

/// What is left of a statement.
#[derive(Debug)]
pub(crate) struct Narrowing<'a> {
    pub(crate) permissions: &'a [String],
    /// `None`: as they are.
    pub(crate) resources: Option<&'a [String]>,
    /// Key, operator, value.
    pub(crate) conditions: &'a [(String, &'static str, String)],
}

/// A policy of a principal, as it is held.
#[derive(Clone, Debug)]
pub(crate) struct HeldPolicy {
    /// Its id, or its name where it has none.
    pub(crate) policy: String,
    /// The group through which it is held.
    pub(crate) via: Option<String>,
    /// Whether it has an id of its own, so that others can hold it too.
    pub(crate) managed: bool,
    /// Its text.
    pub(crate) text: Option<String>,
    pub(crate) replaced: bool,
}

/// Policies to be exchanged for others.
pub(crate) struct Exchange<'a> {
    /// The full id of who holds them: a principal, or a bundle that is assigned.
    pub(crate) holder: &'a str,
    pub(crate) kind: Option<PrincipalKind>,
    pub(crate) held: &'a [HeldPolicy],
    pub(crate) statements: Vec<Value>,
    pub(crate) name: &'a str,
    /// Whether shorter lists of the same permissions can be had: then a plan that does not fit need not be whole.
    pub(crate) can_shrink: bool,
    pub(crate) limit: &'a dyn Fn(&str) -> u64,
    /// How much of what a limit counts there is.
    pub(crate) in_use: &'a dyn Fn(&str) -> u64,
}

/// The exchange.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) policies: Vec<Planned>,
    pub(crate) changes: Vec<Change>,
    pub(crate) fits: bool,
    pub(crate) warnings: Vec<&'static str>,
}

/// A new policy.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) name: String,
    /// How it is held.
    pub(crate) kind: &'static str,
    pub(crate) document: Value,
    pub(crate) characters: u64,
    pub(crate) limit: Option<u64>,
}
