//! The answers' shapes: wire forms of `docs` and `API`, the same in every language.

use super::decide::Verdict;
use serde::Serialize;
use serde_json::Value;

/// Whether a denial is written down or follows from the absence of an allow.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Denial {
    /// A statement denies it.
    Explicit,
    /// No statement allows it.
    Implicit,
}

/// A fact that an answer needs and the exports do not hold.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[non_exhaustive]
pub struct Missing {
    /// What kind of fact.
    pub fact: String,
    /// Of what.
    pub subject: String,
    /// How to get it.
    pub how: String,
}

/// A statement that took part in a decision.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct StatementView {
    /// ARN or name of the policy.
    pub policy: String,
    /// The layer it stands in.
    pub layer: &'static str,
    /// Position in the document.
    pub index: u16,
    /// Statement id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// `allow` or `deny`.
    pub effect: &'static str,
    /// Groups through which the principal holds the policy.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub via: Vec<String>,
    /// JSON pointer inside the policy's document.
    pub pointer: String,
    /// The input that holds the policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// The answer of `can` and `simulate`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct Decision {
    /// Version of the wire form.
    pub v: u8,
    /// The answer.
    pub verdict: Verdict,
    /// Of a denial: what kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub denial: Option<Denial>,
    /// Of a denial: the layers each of which stands in the way.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blocked_by: Vec<&'static str>,
    /// What the access depends on, as a tree of `and`, `or`, `not` and atoms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<Value>,
    /// The condition in words; absent where it is too large for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition_text: Option<String>,
    /// Whether equal conditions have equal text; `false` for very large ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canonical: Option<bool>,
    /// Facts that would settle the answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Missing>,
    /// The statements behind the answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub statements: Vec<StatementView>,
    /// What was taken for granted because nothing was given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub assumptions: Vec<String>,
}

/// What one layer says in an explanation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct LayerView {
    /// The layer.
    pub layer: &'static str,
    /// Whether it stands in the way: `yes`, `no`, or `depends`.
    pub stops: &'static str,
    /// Indices into the decision's statements.
    pub statements: Vec<usize>,
}

/// The answer of `explain`: the decision, every statement that applies, and what each layer makes of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct Explanation {
    /// Version of the wire form.
    pub v: u8,
    /// The decision, with every statement that applies to the request.
    pub decision: Decision,
    /// The layers in their order.
    pub layers: Vec<LayerView>,
}
