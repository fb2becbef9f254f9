//! Whether a bucket's policy is public in the sense of S3 Block Public Access (AWS-42).
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>, "The meaning
//! of public": a policy is public unless every Allow names fixed principals, or tests one of certain keys
//! against fixed values.

use crate::condition::{Operator, Prefix};
use crate::model::{Clause, CondId, CondNode, Document, Effect, Facts, Statement, WhoEntry};

/// Keys that bind a request to somebody or somewhere, in lower case.
const LIMITING: &[&str] = &[
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
];

pub(crate) fn is_public(facts: &Facts, document: &Document) -> bool {
    document.statements.iter().any(|statement| makes_public(facts, statement))
}

/// Whether the statement alone makes its policy public.
pub(crate) fn makes_public(facts: &Facts, statement: &Statement) -> bool {
    let open =
        statement.who.as_ref().is_some_and(|who| who.negated || who.entries.contains(&WhoEntry::Anyone));
    statement.effect == Effect::Allow && open && !limits(facts, statement.condition)
}

fn limits(facts: &Facts, condition: CondId) -> bool {
    match facts.conditions.get(condition) {
        CondNode::And(parts) => parts.iter().any(|&part| limits(facts, part)),
        CondNode::Clause(id) => clause_limits(facts.conditions.clause(*id)),
        CondNode::Always | CondNode::Or(_) | CondNode::Not(_) | CondNode::Missing(_) => false,
    }
}

fn clause_limits(clause: &Clause) -> bool {
    let positive = matches!(
        clause.test.operator(),
        Operator::StringEquals
            | Operator::StringEqualsIgnoreCase
            | Operator::StringLike
            | Operator::ArnEquals
            | Operator::ArnLike
            | Operator::IpAddress
    );
    // A test that also holds without the key limits nobody.
    let binding =
        clause.test.prefix() != Prefix::All && !clause.operator.to_ascii_lowercase().ends_with("ifexists");
    let key = clause.key.name.to_ascii_lowercase();
    let fixed = |value: &str| !value.contains(['*', '?', '$']) && !matches!(value, "0.0.0.0/0" | "::/0");
    positive && binding && LIMITING.contains(&key.as_str()) && clause.values.iter().all(|value| fixed(value))
}
