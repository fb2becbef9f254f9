//! Where a file of the layout lies and what it holds: the path says whose it is.

use super::check;
use crate::error::Error;

/// Between two parts of a name; an archive's entry is `archive!entry`.
const SEPARATORS: [char; 3] = ['/', '\\', '!'];

/// Whose folder it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Subject<'n> {
    User,
    Role,
    Group,
    Policy,
    Bucket(&'n str),
    Endpoint(&'n str),
    Resource,
    /// What the Resource Access Manager shares of a region: a file for each resource.
    Shares,
    /// What holds for the account as a whole.
    Account,
    Organization,
    /// A policy of the organisation: the kind as the API names it, and its id.
    Guardrail(&'static str, &'n str),
}

/// A folder of the layout.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Folder<'n> {
    pub(super) partition: &'n str,
    /// Account or organisation.
    pub(super) owner: &'n str,
    pub(super) subject: Subject<'n>,
}

/// Checks the text of a file.
pub(super) type Check = fn(&str, &str) -> Result<(), Error>;

/// What a file is to the folder that it lies in.
pub(in crate::provider::aws::read) enum Part {
    /// It tells something that is used.
    Used(Check),
    /// It tells nothing of access, or what other files tell too.
    Unused,
}

/// The folder and the file of a name.
pub(super) fn split(name: &str) -> Option<(&str, &str)> {
    name.rsplit_once(SEPARATORS)
}

/// What a folder of this name is for.
pub(super) fn folder(name: &str) -> Option<Folder<'_>> {
    let (partition, kind, owner, path) = parts(name)?;
    let subject = match (kind, path.as_slice()) {
        ("accounts", ["iam", "user", _]) => Subject::User,
        ("accounts", ["iam", "role", _]) => Subject::Role,
        ("accounts", ["iam", "group", _]) => Subject::Group,
        ("accounts", ["iam", "policy", _] | ["iam", "aws", "policy", _]) => Subject::Policy,
        ("accounts", ["s3", bucket]) => Subject::Bucket(bucket),
        ("accounts", ["ec2", _, "vpc-endpoint", id]) => Subject::Endpoint(id),
        ("accounts", [service, _, _, _]) if !matches!(*service, "iam" | "ram") => Subject::Resource,
        ("accounts", ["ram", _]) => Subject::Shares,
        ("accounts", []) => Subject::Account,
        ("organizations", []) => Subject::Organization,
        ("organizations", ["scps", id]) => Subject::Guardrail("SERVICE_CONTROL_POLICY", id),
        ("organizations", ["rcps", id]) => Subject::Guardrail("RESOURCE_CONTROL_POLICY", id),
        _ => return None,
    };
    Some(Folder { partition, owner, subject })
}

/// The parts of a folder's name: partition, `accounts` or `organizations`, whose, and the rest.
fn parts(name: &str) -> Option<(&str, &str, &str, Vec<&str>)> {
    let all: Vec<&str> = name.split(SEPARATORS).collect();
    all.windows(4).enumerate().find_map(|(at, window)| {
        let [top, partition, kind, owner] = window else { return None };
        let owned = match *kind {
            "accounts" => crate::provider::aws::document::is_account(owner),
            "organizations" => owner.starts_with("o-"),
            _ => false,
        };
        let is_layout = *top == "aws" && partition.starts_with("aws") && owned;
        is_layout.then(|| (*partition, *kind, *owner, all.iter().skip(at + 4).copied().collect()))
    })
}

/// What a file of this name is in the layout, if it is of the layout.
pub(in crate::provider::aws::read) fn part(name: &str) -> Option<Part> {
    let (above, file) = split(name)?;
    let Some(Folder { subject, .. }) = folder(above) else { return besides(above, file) };
    let document = Part::Used(check::document);
    Some(match (subject, file) {
        (Subject::Organization, "ous.json" | "accounts.json") => Part::Used(check::nodes),
        (Subject::Organization, "metadata.json" | "structure.json") => Part::Unused,
        (Subject::Account, "s3-bpa.json") => Part::Used(check::public_access),
        (Subject::Account, "metadata.json" | "organization.json") => Part::Unused,
        (Subject::Shares, file) if file.ends_with(".json") => Part::Used(check::shared),
        (Subject::Account | Subject::Shares, _) => return None,
        (_, "metadata.json") => Part::Used(check::metadata),
        (Subject::User | Subject::Role | Subject::Group, "inline-policies.json") => Part::Used(check::inline),
        (Subject::User | Subject::Role | Subject::Group, "managed-policies.json")
        | (Subject::User, "groups.json") => Part::Used(check::names),
        (Subject::User | Subject::Role, "tags.json") => Part::Used(check::tags),
        (Subject::Role, "trust-policy.json") | (Subject::Policy, "current-policy.json") => document,
        (Subject::Bucket(_) | Subject::Resource | Subject::Guardrail(..), "policy.json") => document,
        (Subject::Endpoint(_), "endpoint-policy.json") => document,
        (Subject::Bucket(_), "bpa.json") => Part::Used(check::public_access),
        (Subject::Role, "instance-profiles.json") | (Subject::Bucket(_), "encryption.json") => Part::Unused,
        (_, "tags.json") => Part::Unused,
        _ => return None,
    })
}

/// Files beside the folders that are read.
fn besides(folder: &str, file: &str) -> Option<Part> {
    if let Some((_, kind, _, path)) = parts(folder) {
        let of_unit = kind == "organizations" && matches!(path.as_slice(), ["ous", _]);
        let unused = of_unit && matches!(file, "metadata.json" | "tags.json");
        return unused.then_some(Part::Unused);
    }
    let mut above = folder.rsplit(SEPARATORS);
    let (indexes, partition, top) = (above.next()?, above.next()?, above.next()?);
    let is_index =
        indexes == "indexes" && partition.starts_with("aws") && top == "aws" && file.ends_with(".json");
    is_index.then_some(Part::Unused)
}
