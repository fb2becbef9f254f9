//! What is wrong with an input that the fast reader refused: read again, slowly, with the path at hand.

use super::Pages;
use crate::error::{Error, Place};
use crate::provider::aws::document::json::{Node, pointer_step};
use serde::Deserialize;
use serde_path_to_error::{Path, Segment};

/// Members that tell an export of AWS, and what marks the objects in them; without marks the name is enough.
const MARKS: &[(&str, &[&str])] = &[
    ("UserDetailList", &[]),
    ("GroupDetailList", &[]),
    ("RoleDetailList", &[]),
    ("OrganizationalUnits", &[]),
    ("VpcEndpoints", &[]),
    ("PublicAccessBlockConfiguration", &[]),
    ("resource_arn", &[]),
    ("AccountAssignments", &["PermissionSetArn", "PrincipalType"]),
    ("GroupMemberships", &["MembershipId", "MemberId"]),
    ("PermissionSet", &["PermissionSetArn"]),
    ("Users", &["IdentityStoreId"]),
    ("Groups", &["IdentityStoreId"]),
    ("PermissionSetArn", &[]),
    ("ServicesLastAccessed", &[]),
    ("AccessKeyMetadata", &[]),
    ("AccessKeyLastUsed", &[]),
    ("MFADevices", &[]),
    ("VirtualMFADevices", &[]),
    ("ReportFormat", &[]),
    ("ResourceTagMappingList", &[]),
    ("DomainStatus", &["AccessPolicies"]),
    ("DomainStatusList", &["AccessPolicies"]),
    ("resourceShareAssociations", &[]),
    ("DelegatedAdministrators", &[]),
    ("InstanceProfiles", &[]),
    ("Policies", &["PolicyName", "PolicyVersionList", "Arn"]),
    ("Organization", &["MasterAccountId", "MasterAccountArn"]),
    ("Root", &["OrganizationalUnits", "Accounts"]),
    ("Roots", &["Arn"]),
    ("Accounts", &["Arn"]),
    ("Targets", &["TargetId"]),
    ("Policy", &["PolicySummary"]),
    ("Attributes", &["QueueArn", "TopicArn"]),
    ("ResourcePolicy", &[]),
];

/// The error of an input that could not be read; `Ok(false)` if it is no export of AWS at all.
pub(super) fn explain(name: &str, text: &str) -> Result<bool, Error> {
    let mut rest = text;
    let mut before = 0_u64;
    let mut index = 0_usize;
    while !rest.trim_start().is_empty() {
        let mut reader = serde_json::Deserializer::from_str(rest);
        let result: Result<Pages<'_>, _> = serde_path_to_error::deserialize(&mut reader);
        if let Err(error) = result {
            return explain_part(name, rest, (index, before), &error);
        }
        // What one part took is known only to a stream.
        let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<serde::de::IgnoredAny>();
        stream.next();
        let (part, more) = rest.split_at_checked(stream.byte_offset()).unwrap_or((rest, ""));
        if part.is_empty() {
            break;
        }
        before += lines(part);
        rest = more;
        index += 1;
    }
    Err(Error::Internal { reason: "two readers of one input disagree".to_owned() })
}

fn explain_part(
    name: &str,
    part: &str,
    (index, lines_before): (usize, u64),
    error: &serde_path_to_error::Error<serde_json::Error>,
) -> Result<bool, Error> {
    let inner = error.inner();
    let wrong_type = inner.is_data();
    if wrong_type && index == 0 && !is_of_aws(part) {
        return Ok(false);
    }
    let place = Place::source(name).line(lines_before + inner.line() as u64);
    let pointer = pointer(error.path());
    let place = if wrong_type && !pointer.is_empty() { place.at(pointer) } else { place };
    let text = inner.to_string();
    let what = text.split(" at line ").next().unwrap_or_default();
    let what = what
        .replace("a sequence", "a list")
        .replace("type: sequence", "type: list")
        .replace("type: map", "type: object");
    let reason = if inner.is_eof() {
        "the input ends in the middle of a value; export it again".to_owned()
    } else if wrong_type {
        format!("{what}; export it again, or correct the value")
    } else {
        format!("not JSON: {what}; export it again")
    };
    Err(Error::malformed(reason, place))
}

fn lines(text: &str) -> u64 {
    text.bytes().filter(|&b| b == b'\n').count() as u64
}

fn is_of_aws(part: &str) -> bool {
    let mut reader = serde_json::Deserializer::from_str(part);
    let Ok(node) = Node::deserialize(&mut reader) else { return false };
    node.items().first().is_some_and(|page| {
        MARKS.iter().any(|(name, marks)| {
            page.member(name).is_some_and(|value| {
                let first = value.items().first();
                marks.is_empty()
                    || first.is_some_and(|item| marks.iter().any(|mark| item.member(mark).is_some()))
            })
        })
    })
}

pub(super) fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path.iter() {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => pointer.push_str(&format!("/{}", pointer_step(key))),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}
