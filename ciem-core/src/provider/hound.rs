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
    /// What else stands in pairs, and how to get there.
    pub(super) others: Vec<(&'a RawValue, String)>,
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
        let each = |name: &str| -> Vec<&'a RawValue> {
            pairs.iter().filter_map(|(_, _, pair)| pair.get(name)).collect()
        };
        let listed = |of, entries: Vec<&'a RawValue>, ids: &[&str]| {
            let id = ids.iter().find_map(|id| data.get(id))?;
            (!entries.is_empty()).then(|| Listed { of, id, entries, name: name.to_owned() })
        };
        let (members, owners) = (each("member"), each("owner"));
        is_list |= !members.is_empty() || !owners.is_empty();
        let lists = [listed(Of::Members, members, &["groupId"]), listed(Of::Owners, owners, OWNED)];
        let taken: Vec<&str> = ["member", "owner"]
            .into_iter()
            .zip(&lists)
            .filter_map(|(step, list)| list.as_ref().map(|_| step))
            .collect();
        found.lists.extend(lists.into_iter().flatten());
        for (number, raw, pair) in &pairs {
            if is_assignment(pair) {
                is_list = true;
                found.assignments.push((*raw, format!("{name}/{number}")));
                continue;
            }
            for (step, inner) in pair.members().filter(|(step, _)| !taken.contains(step)) {
                let Some(members) = object(inner) else { continue };
                let place = format!("{name}/{number}/{step}");
                if step == "roleAssignment" || is_assignment(&members) {
                    is_list = true;
                    found.assignments.push((inner, place));
                } else {
                    found.others.push((inner, place));
                }
            }
        }
    }
    // Records have ids of their own, and lists of their own that are none of pairs.
    is_list |= !found.others.is_empty() && !data.has("id");
    is_list.then_some(found)
}

/// Whether that is a role assignment, flat or as the API has it.
fn is_assignment(members: &Object<'_>) -> bool {
    let is = |members: &Object<'_>| members.has("principalId") && members.has("roleDefinitionId");
    is(members) || members.object("properties").is_some_and(|inner| is(&inner))
}
