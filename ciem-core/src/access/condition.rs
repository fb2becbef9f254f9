//! What answers depend on, told in other forms than their own: in words, and as blocks of policy statements.

use crate::condition::{Told, Vocabulary};
use crate::error::Error;
use crate::provider::{fact_names, key_nature, key_words};
use serde::Serialize;
use serde_json::Value;

/// A condition in words, such as `only with MFA and from 10.0.0.0/8`. It takes the JSON text of a decision's
/// `condition` or of the column `condition` of rows.
///
/// The text says when access exists, an absent key included. The same condition gives the same text; long lists
/// are cut with a count.
///
/// ```
/// let condition = r#"{"and": [
///   {"key": "aws:SourceIp", "operator": "IpAddress", "values": ["10.0.0.0/8"]},
///   {"key": "aws:PrincipalTag/team", "operator": "StringNotEquals", "values": ["pay"]}]}"#;
/// let text = ciem_core::condition_text(condition)?;
/// assert_eq!(text, r#"only from 10.0.0.0/8 and if the principal's tag "team" is not "pay""#);
/// # Ok::<(), ciem_core::Error>(())
/// ```
///
/// # Errors
/// `malformed` for text that is not JSON, `invalid_request` for what is no condition, `too_deep`, `too_complex`.
pub fn condition_text(condition: &str) -> Result<String, Error> {
    Ok(words(&Told::parse(condition)?))
}

/// The words of a condition in its wire form; none where it is too large to be read.
pub(crate) fn text_of(condition: &Value) -> Option<String> {
    Told::read(condition).ok().map(|told| words(&told))
}

fn words(told: &Told) -> String {
    told.to_text(&Vocabulary { key: &key_words, facts: &fact_names() })
}

/// A condition as `Condition` blocks of policy statements, or why it has none.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct ConditionBlocks {
    /// Version of the wire form.
    pub v: u8,
    /// One block for each alternative: the access exists if any of them holds, so each is the `Condition` of a
    /// statement of its own. Empty: never. A block that is empty: always.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocks: Option<Vec<Value>>,
    /// Why the condition cannot be written so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A condition as `Condition` blocks of policy statements (Version `2012-10-17`), where they can say exactly the same.
///
/// Session names, resources and missing facts cannot stand in a block, and more than 16 alternatives are not written.
/// Where the catalogue knows the type of a key, its values are taken to be of that type.
///
/// ```
/// let condition = r#"{"not": {"key": "aws:MultiFactorAuthPresent", "operator": "BoolIfExists", "values": ["false"]}}"#;
/// let found = ciem_core::condition_blocks(condition)?;
/// let blocks = found.blocks.unwrap();
/// assert_eq!(blocks[0].to_string(), r#"{"Bool":{"aws:MultiFactorAuthPresent":["true"]}}"#);
///
/// let found = ciem_core::condition_blocks(r#"{"session_name": "ci-*"}"#)?;
/// assert_eq!(found.blocks, None);
/// assert_eq!(found.reason.unwrap(), "a condition block cannot test the session's name");
/// # Ok::<(), ciem_core::Error>(())
/// ```
///
/// # Errors
/// As [`condition_text`].
pub fn condition_blocks(condition: &str) -> Result<ConditionBlocks, Error> {
    let (blocks, reason) = match Told::parse(condition)?.to_blocks(&key_nature) {
        Ok(blocks) => (Some(blocks), None),
        Err(reason) => (None, Some(reason)),
    };
    Ok(ConditionBlocks { v: 1, blocks, reason })
}
