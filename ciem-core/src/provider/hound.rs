//! Objects of AzureHound files: each stands in `data` beside its kind; members, owners and assignments stand one level
//! deeper, in lists of pairs beside the id of what they are of.
//!
//! What is in a pair is taken by the name of its members, whatever the list is called, since kinds of resources have lists
//! of their own.

use super::graph::Of;
use super::input::{Object, list, object};
use serde_json::value::RawValue;

/// What stands in one object of such a file.
#[derive(Debug, Default)]
pub(super) struct Unwrapped<'a> {
    /// Role assignments, as they come from the API but for their conditions, and what else stands in pairs, which counts as
    /// not read; and how to get to each of them.
    pub(super) records: Vec<(&'a RawValue, String)>,
    /// Members or owners of one object.
    pub(super) lists: Vec<Listed<'a>>,
}

/// Members or owners of one object.
#[derive(Debug)]
pub(super) struct Listed<'a> {
    pub(super) of: Of,
    /// The id of the object.
    pub(super) id: &'a RawValue,
    pub(super) entries: Vec<&'a RawValue>,
    pub(super) name: String,
}

/// Ids of what has owners; an application is named by its client id.
const OWNED: &[&str] = &["groupId", "servicePrincipalId", "appId"];

/// The kind of an object, if it is one of such a file.
pub(super) fn is_wrapped(members: &Object<'_>) -> bool {
    members.text("kind").is_some_and(|kind| kind.starts_with("AZ")) && members.object("data").is_some()
}

/// The lists of an object; `None` if it has none, and is a record.
pub(super) fn unwrap<'a>(data: &Object<'a>) -> Option<Unwrapped<'a>> {
    let mut found = Unwrapped::default();
    let mut is_list = false;
    for (name, value) in data.members() {
        // With the place of each: what is no object is no pair, and still counts.
        let all = list(value).into_iter().flatten().enumerate();
        let pairs: Vec<_> = all.filter_map(|(number, raw)| Some((number, raw, object(raw)?))).collect();
        let mut taken = Vec::new();
        for (of, step, ids) in [(Of::Members, "member", &["groupId"][..]), (Of::Owners, "owner", OWNED)] {
            let entries: Vec<_> = pairs.iter().filter_map(|(_, _, pair)| pair.get(step)).collect();
            is_list |= !entries.is_empty();
            let id = ids.iter().find_map(|id| data.get(id)).filter(|_| !entries.is_empty());
            if let Some(id) = id {
                taken.push(step);
                found.lists.push(Listed { of, id, entries, name: name.to_owned() });
            }
        }
        for (number, raw, pair) in &pairs {
            if is_assignment(pair) {
                is_list = true;
                found.records.push((*raw, format!("{name}/{number}")));
                continue;
            }
            for (step, inner) in pair.members().filter(|(step, _)| !taken.contains(step)) {
                let Some(members) = object(inner) else { continue };
                // Records have ids of their own, and lists of their own that are none of pairs.
                is_list |= step == "roleAssignment" || is_assignment(&members) || !data.has("id");
                found.records.push((inner, format!("{name}/{number}/{step}")));
            }
        }
    }
    is_list.then_some(found)
}

/// Whether that is a role assignment, flat or as the API has it.
fn is_assignment(members: &Object<'_>) -> bool {
    let is = |members: &Object<'_>| members.has("principalId") && members.has("roleDefinitionId");
    is(members) || members.object("properties").is_some_and(|inner| is(&inner))
}
