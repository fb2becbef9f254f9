//! Changes as data: what is, what shall be, and how to get back.

use crate::error::Error;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// One change of one thing. Its precondition is that the thing is as `before` says: whoever carries it out looks first,
/// and stops where something else is found.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Change {
    /// What is done, such as `put_inline_policy`.
    pub operation: String,
    /// Full id of what is changed: a principal, a policy, a permission set.
    pub target: String,
    /// What of it is changed, such as `inline_policy/read` or `attached_policy/<id>`.
    pub slot: String,
    /// What is there; absent if nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What is there afterwards; absent if nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
    /// The provider's own call that does it, with its parameters.
    pub call: Value,
    /// The call that takes it back.
    pub undo: Value,
}

impl Change {
    /// A change, given all of it.
    pub(crate) fn new(
        operation: &str,
        target: &str,
        slot: String,
        states: [Option<Value>; 2],
        calls: [Value; 2],
    ) -> Change {
        let ([before, after], [call, undo]) = (states, calls);
        Change { operation: operation.to_owned(), target: target.to_owned(), slot, before, after, call, undo }
    }

    fn inverse(&self) -> Change {
        Change {
            operation: match self.operation.strip_prefix("undo_") {
                Some(done) => done.to_owned(),
                None => format!("undo_{}", self.operation),
            },
            target: self.target.clone(),
            slot: self.slot.clone(),
            before: self.after.clone(),
            after: self.before.clone(),
            call: self.undo.clone(),
            undo: self.call.clone(),
        }
    }
}

/// What is there, by target and slot.
pub type RemedyState = BTreeMap<String, BTreeMap<String, Value>>;

/// A list of changes, in the order in which they are made: each of them leaves a state in which what is needed works.
///
/// ```
/// use ciem_core::{Remedy, RemedyState};
///
/// let remedy: Remedy = serde_json::from_str(r#"{"v": 1, "provider": "aws", "changes": [{
///   "operation": "detach_policy", "target": "arn:aws:iam::111122223333:user/ana", "slot": "attached_policy/p",
///   "before": true, "call": {"Action": "DetachUserPolicy"}, "undo": {"Action": "AttachUserPolicy"}}]}"#)?;
/// let mut state: RemedyState = remedy.starting_state();
/// let before = state.clone();
/// remedy.apply(&mut state)?;
/// assert!(state.is_empty());
/// remedy.inverse().apply(&mut state)?;
/// assert_eq!(state, before);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Remedy {
    /// Version of the wire form.
    pub v: u8,
    /// The provider.
    pub provider: String,
    /// What is done, in this order.
    pub changes: Vec<Change>,
}

impl Remedy {
    pub(crate) fn new(provider: &str, changes: Vec<Change>) -> Remedy {
        Remedy { v: 1, provider: provider.to_owned(), changes }
    }

    /// What takes all of it back, in the opposite order.
    #[must_use]
    pub fn inverse(&self) -> Remedy {
        Remedy::new(&self.provider, self.changes.iter().rev().map(Change::inverse).collect())
    }

    /// What has to be there before the first change, as far as the changes tell.
    pub fn starting_state(&self) -> RemedyState {
        let mut known = BTreeMap::new();
        for change in &self.changes {
            known.entry((&change.target, &change.slot)).or_insert(&change.before);
        }
        let mut state = RemedyState::new();
        for ((target, slot), before) in known {
            if let Some(before) = before {
                state.entry(target.clone()).or_default().insert(slot.clone(), before.clone());
            }
        }
        state
    }

    /// Makes the changes on `state`; on an error it is left as it was.
    ///
    /// # Errors
    /// `invalid_request` if something is not as a change expects it.
    pub fn apply(&self, state: &mut RemedyState) -> Result<(), Error> {
        let mut next = state.clone();
        for (number, change) in self.changes.iter().enumerate() {
            let slots = next.entry(change.target.clone()).or_default();
            if slots.get(&change.slot) != change.before.as_ref() {
                let reason =
                    format!("`{}` of `{}` is not what the change expects", change.slot, change.target);
                return Err(Error::invalid(format!("/changes/{number}"), reason));
            }
            match &change.after {
                Some(after) => drop(slots.insert(change.slot.clone(), after.clone())),
                None => drop(slots.remove(&change.slot)),
            }
            if slots.is_empty() {
                next.remove(&change.target);
            }
        }
        *state = next;
        Ok(())
    }
}
