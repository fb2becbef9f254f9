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

/// What of a statement matches the question: `matches`, `fails` or `depends`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct Elements {
    /// Whom it names; absent where the policy binds whoever holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<&'static str>,
    /// What it lets do.
    pub action: &'static str,
    /// On what.
    pub resource: &'static str,
    /// When; absent where it has no condition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<&'static str>,
}

/// What a statement wants and the question does not have, or may not have.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct Difference {
    /// `principal`, `action`, `resource` or `condition`.
    pub element: &'static str,
    /// Of a condition: the context key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Of a condition: the operator as written, with set prefix and `IfExists`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// Whether the statement is about everything except `wanted`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub except: bool,
    /// What the statement wants, the closest first.
    pub wanted: Vec<String>,
    /// How much more of that it lists.
    #[serde(skip_serializing_if = "is_zero")]
    pub wanted_left_out: usize,
    /// What is known of the question: `given`, `absent` or `unknown`.
    pub known: &'static str,
    /// What the question has, where it is known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub given: Vec<String>,
    /// Of a resource: which segments of the closest pattern differ, counted from 1.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<usize>,
    /// Why that is, where there is more to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// A statement that speaks of what is asked and does not apply, because one or two of its elements do not match.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct NearMiss {
    /// The statement.
    #[serde(flatten)]
    pub statement: StatementView,
    /// Of a guardrail: the node that it hangs on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// What of it matches.
    pub elements: Elements,
    /// Why it does not apply.
    pub failed: Vec<Difference>,
    /// What would remain open.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<Difference>,
    /// The same in words, with control characters escaped.
    pub reason: String,
}

/// What one layer says in an explanation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct LayerView {
    /// The layer.
    pub layer: &'static str,
    /// Whether it stands in the way: `yes`, `no`, or `depends`.
    pub stops: &'static str,
    /// What it says: `allows`, `delegates` (it names only the caller's account), `denies`, `does_not_allow`, `passes`
    /// (it does not allow and is not in the way), `depends`, `unknown`, `no_policy`, `not_given` or `not_asked`.
    pub state: &'static str,
    /// Indices into the decision's statements.
    pub statements: Vec<usize>,
    /// Statements that nearly apply, the closest first: allows unless the answer is `allow`, denials unless it is `deny`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub near_misses: Vec<NearMiss>,
    /// How many further ones there are.
    #[serde(skip_serializing_if = "is_zero")]
    pub left_out: usize,
    /// Whether there were so many statements that some were not looked at.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub incomplete: bool,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// What was asked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct Asking {
    /// The principal as it was given.
    pub principal: String,
    /// The permission as it was given.
    pub action: String,
    /// The resource, or `*`.
    pub resource: String,
}

/// The answer of `explain`: the decision, every statement that applies, and what each layer makes of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct Explanation {
    /// Version of the wire form.
    pub v: u8,
    /// What was asked.
    pub question: Asking,
    /// The decision, with every statement that applies to the request.
    pub decision: Decision,
    /// The statements that decide, as indices into the decision's: what allows or what denies; all of them where the
    /// answer is open.
    pub deciding: Vec<usize>,
    /// The layers in their order.
    pub layers: Vec<LayerView>,
}
