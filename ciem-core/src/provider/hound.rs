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
    /// Role assignments, as they come from the API but for their conditions, and how to get to each of them.
    pub(super) assignments: Vec<(&'a RawValue, String)>,
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

/// Ids of what has owners. An application is named by its client id, which is no id of an object: its owners are not read.
const OWNED: &[&str] = &["groupId", "servicePrincipalId"];

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
        let each = |name: &str| -> Vec<&'a RawValue> {
            pairs.iter().filter_map(|(_, _, pair)| pair.get(name)).collect()
        };
        let listed = |of, entries: Vec<&'a RawValue>, ids: &[&str]| {
            let id = ids.iter().find_map(|id| data.get(id))?;
            (!entries.is_empty()).then(|| Listed { of, id, entries, name: name.to_owned() })
        };
        let (members, owners) = (each("member"), each("owner"));
        is_list |= !members.is_empty() || !owners.is_empty();
        found.lists.extend(listed(Of::Members, members, &["groupId"]));
        found.lists.extend(listed(Of::Owners, owners, OWNED));
        for (number, raw, pair) in &pairs {
            let inner =
                pair.get("roleAssignment").map(|inner| (inner, format!("{name}/{number}/roleAssignment")));
            let is_own = pair.has("principalId") && pair.has("roleDefinitionId");
            if let Some(one) = inner.or_else(|| is_own.then(|| (*raw, format!("{name}/{number}")))) {
                is_list = true;
                found.assignments.push(one);
            }
        }
    }
    is_list.then_some(found)
}
