//! The directory layout of iam-collect. What belongs to one user, role or bucket lies in several files of one folder,
//! so files are set aside, and put together as answers of the API once every input was read.

mod check;
mod layout;
#[cfg(test)]
mod tests;

pub(super) use layout::part;

use crate::error::Error;
use crate::model::{Facts, FileReport};
use check::{Inline, Metadata, Node, Nodes, Shared, Tags};
use layout::{Folder, Part, Subject};
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};

/// Keeps a file of the layout for `assemble`.
pub(super) fn set_aside(facts: &mut Facts, name: &str, text: &str, part: &Part) -> Result<bool, Error> {
    if let Part::Used(check) = part {
        check(name, text)?;
        facts.set_aside(name, text);
    }
    Ok(true)
}

/// The files of one folder, by their names.
type Files<'t> = BTreeMap<&'t str, &'t str>;

/// Reads what was set aside; call it once, after the last input.
pub(super) fn assemble(facts: &mut Facts) {
    let texts = std::mem::take(&mut facts.set_aside);
    let twice = std::mem::take(&mut facts.set_aside_twice);
    let mut folders: BTreeMap<&str, Files<'_>> = BTreeMap::new();
    for (name, text) in &texts {
        if let Some((folder, file)) = layout::split(name) {
            folders.entry(folder).or_default().insert(file, text);
        }
    }
    let differing: BTreeSet<&str> = twice.iter().filter_map(|name| Some(layout::split(name)?.0)).collect();
    let mut accounts = BTreeSet::new();
    let folders = folders.iter().filter_map(|(&name, files)| Some((layout::folder(name)?, name, files)));
    // What a share permits counts only where the resource itself told of no policy, so shares come last.
    let (shares, others): (Vec<_>, Vec<_>) =
        folders.partition(|(folder, ..)| folder.subject == Subject::Shares);
    for (folder, name, files) in others.into_iter().chain(shares) {
        let read = if differing.contains(name) {
            Err("a file of this folder was given twice, and differs; load one collection".to_owned())
        } else {
            pages(facts, &folder, files).and_then(|pages| match super::read(facts, name, &pages) {
                Ok(true) => Ok(()),
                Ok(false) => Err("nothing in this folder is of use".to_owned()),
                Err(error) => Err(error.to_string()),
            })
        };
        if let Err(reason) = read {
            let (name, kind) = (name.to_owned(), "unrecognised".to_owned());
            facts.coverage.files.push(FileReport { name, kind, records: 0, errors: vec![reason] });
        }
        if matches!(folder.subject, Subject::User | Subject::Role | Subject::Group | Subject::Policy) {
            accounts.insert(folder.owner);
        }
    }
    // An account is collected whole: it has no users where there is no folder of one.
    for account in accounts {
        let account = facts.text(account);
        let seen = facts.accounts.entry(account).or_default();
        (seen.users, seen.roles, seen.groups, seen.policies, seen.complete) = (true, true, true, true, true);
    }
}

/// What the files of a folder say, as answers of the API one after another.
fn pages(facts: &mut Facts, folder: &Folder<'_>, files: &Files<'_>) -> Result<String, String> {
    let metadata: Metadata = get(files, "metadata.json").unwrap_or_default();
    let document = |file: &str| get::<Box<RawValue>>(files, file).map(|document| document.get().to_owned());
    let arn = || metadata.arn.as_deref().ok_or("`metadata.json` with the ARN is missing; collect it again");
    Ok(match folder.subject {
        Subject::User => principal("User", arn()?, &metadata, files),
        Subject::Role => principal("Role", arn()?, &metadata, files),
        Subject::Group => principal("Group", arn()?, &metadata, files),
        Subject::Policy => {
            let version = [
                ("VersionId", Some(json("v1"))),
                ("IsDefaultVersion", Some(json(&true))),
                ("Document", document("current-policy.json")),
            ];
            let policy = [("Arn", Some(json(arn()?))), ("PolicyVersionList", Some(list([object(version)])))];
            object([("Policies", Some(list([object(policy)])))])
        }
        Subject::Bucket(bucket) => {
            let name = metadata.name.unwrap_or_else(|| decoded(bucket));
            let arn = format!("arn:{}:s3:::{name}", folder.partition);
            let blocked = public_access(files, "bpa.json", ("Bucket", &arn)).unwrap_or_default();
            resource(&arn, folder, document("policy.json")) + "\n" + &blocked
        }
        Subject::Endpoint(id) => {
            let endpoint = [
                ("VpcEndpointId", Some(json(&decoded(id)))),
                ("OwnerId", Some(json(folder.owner))),
                ("PolicyDocument", document("endpoint-policy.json")),
            ];
            object([("VpcEndpoints", Some(list([object(endpoint)])))])
        }
        Subject::Account => {
            public_access(files, "s3-bpa.json", ("AccountId", folder.owner)).unwrap_or_default()
        }
        Subject::Shares => shares(facts, folder, files),
        Subject::Resource => resource(arn()?, folder, document("policy.json")),
        Subject::Organization => organization(folder.owner, files),
        Subject::Guardrail(kind, id) => {
            let id = guardrail_id(&decoded(id));
            let name = metadata.name.unwrap_or_else(|| id.clone());
            let summary = [("Id", Some(json(&id))), ("Name", Some(json(&name))), ("Type", Some(json(kind)))];
            let content = document("policy.json");
            object([(
                "Policy",
                Some(object([("PolicySummary", Some(object(summary))), ("Content", content)])),
            )])
        }
    })
}

fn principal(kind: &str, arn: &str, metadata: &Metadata, files: &Files<'_>) -> String {
    let attached = get::<Vec<String>>(files, "managed-policies.json").unwrap_or_default();
    let attached = attached.iter().map(|arn| object([("PolicyArn", Some(json(arn)))]));
    let groups = get::<Vec<String>>(files, "groups.json");
    let groups = groups.map(|all| {
        let names = all.iter().map(|group| group.rsplit('/').next().unwrap_or_default());
        json(&names.collect::<Vec<_>>())
    });
    let tags: Option<Tags> = get(files, "tags.json");
    let tags = tags.map(|tags| {
        list(tags.iter().map(|(key, value)| object([("Key", Some(json(key))), ("Value", Some(json(value)))])))
    });
    let trust: Option<Box<RawValue>> = get(files, "trust-policy.json");
    let boundary = metadata.boundary.as_ref();
    let inline: Option<Vec<Inline>> = get(files, "inline-policies.json");
    let members = [
        ("Arn", Some(json(arn))),
        (&format!("{kind}Name"), metadata.name.as_ref().map(json)),
        (&format!("{kind}Id"), metadata.id.as_ref().map(json)),
        ("AssumeRolePolicyDocument", trust.map(|document| document.get().to_owned())),
        (&format!("{kind}PolicyList"), inline.map(|inline| json(&inline))),
        ("AttachedManagedPolicies", Some(list(attached))),
        ("PermissionsBoundary", boundary.map(|arn| object([("PermissionsBoundaryArn", Some(json(arn)))]))),
        ("GroupList", groups),
        ("Tags", tags),
    ];
    object([(format!("{kind}DetailList"), Some(list([object(members)])))])
}

fn resource(arn: &str, folder: &Folder<'_>, policy: Option<String>) -> String {
    let account = Some(json(folder.owner));
    object([("resource_arn", Some(json(arn))), ("account_id", account), ("policy", policy)])
}

/// The answer of `get-public-access-block` about a bucket or an account.
fn public_access(files: &Files<'_>, file: &str, (key, whose): (&str, &str)) -> Option<String> {
    let flags: BTreeMap<String, bool> = get(files, file)?;
    let block = object([("RestrictPublicBuckets", Some(json(&check::restricts_public(&flags)?)))]);
    Some(object([(key, Some(json(whose))), ("PublicAccessBlockConfiguration", Some(block))]))
}

/// The shares of a region's resources, and the policies made for them. With whom they are shared, only the policies
/// tell. A policy of the resource's own contains what shares permit, where the service keeps both in one.
fn shares(facts: &mut Facts, folder: &Folder<'_>, files: &Files<'_>) -> String {
    let mut pages = Vec::new();
    for file in files.keys() {
        let Some(Shared { arn, shares, policy }) = get(files, file) else { continue };
        let associations = shares.iter().map(|share| {
            object([
                ("resourceShareArn", Some(json(share))),
                ("associatedEntity", Some(json(&arn))),
                ("associationType", Some(json("RESOURCE"))),
            ])
        });
        pages.push(object([("resourceShareAssociations", Some(list(associations)))]));
        let id = facts.text(&arn);
        let has_own = facts.resources.get(id).iter().any(|known| !known.policies.is_empty());
        if let Some(policy) = policy.filter(|policy| !has_own && policy.get() != "null") {
            pages.push(resource(&arn, folder, Some(policy.get().to_owned())));
        }
    }
    pages.join("\n")
}

fn organization(id: &str, files: &Files<'_>) -> String {
    let mut pages = vec![object([("Organization", Some(object([("Id", Some(json(id)))])))])];
    let mut roots = BTreeSet::new();
    let nodes = ["ous.json", "accounts.json"].into_iter().filter_map(|file| get::<Nodes>(files, file));
    let nodes: Vec<(String, Node)> = nodes.flatten().collect();
    for (id, node) in &nodes {
        roots.extend(node.parent.iter().chain([id]).filter(|id| id.starts_with("r-")));
        if let Some(parent) = &node.parent {
            let parents = list([object([("Id", Some(json(parent)))])]);
            pages.push(object([("ChildId", Some(json(id))), ("Parents", Some(parents))]));
        }
        for (kind, policies) in
            [("SERVICE_CONTROL_POLICY", &node.scps), ("RESOURCE_CONTROL_POLICY", &node.rcps)]
        {
            // Where a kind is in use, every node has a policy of it; none means that nothing was collected.
            if policies.is_empty() {
                continue;
            }
            let policies = policies.iter().map(|policy| {
                let id = Some(json(&guardrail_id(policy)));
                object([("Id", id.clone()), ("Name", id), ("Type", Some(json(kind)))])
            });
            let members = [
                ("TargetId", Some(json(id))),
                ("Filter", Some(json(kind))),
                ("Policies", Some(list(policies))),
            ];
            pages.push(object(members));
        }
    }
    let roots = roots.into_iter().map(|root| object([("Id", Some(json(root)))]));
    pages.push(object([("Roots", Some(list(roots)))]));
    list(pages)
}

/// The id of a policy of the organisation, from it or from its ARN. Paths are lower case, which ids are too but for those
/// of the policies that AWS attaches itself.
fn guardrail_id(text: &str) -> String {
    let id = text.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    match id.as_str() {
        "p-fullawsaccess" => "p-FullAWSAccess".to_owned(),
        "p-rcpfullawsaccess" => "p-RCPFullAWSAccess".to_owned(),
        _ => id,
    }
}

/// A part of a path as it was before it became one.
fn decoded(part: &str) -> String {
    percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned()
}

/// A file that was checked when it was set aside.
fn get<T: serde::de::DeserializeOwned>(files: &Files<'_>, file: &str) -> Option<T> {
    files.get(file).and_then(|text| check::parse(file, text).ok())
}

fn json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// An object of JSON texts, without the members that have none.
fn object<N: AsRef<str>>(members: impl IntoIterator<Item = (N, Option<String>)>) -> String {
    let members = members.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let members = members.map(|(name, value)| format!("{}:{value}", json(name.as_ref())));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

fn list(items: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", items.into_iter().collect::<Vec<_>>().join(","))
}
