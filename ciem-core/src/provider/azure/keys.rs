//! Where the attributes of conditions get their values from, as far as facts and the question tell.

use super::abac;
use super::scope::last;
use crate::provider::{KeyScope, KeyValue, ResourceView};

/// The time of the request: what windows of assignments are tested against.
pub(super) const TIME: &str = "@Environment[UtcNow]";

/// The id of the resource that is asked about, which no condition of Azure names: denials take single scopes out of wider
/// grants by it.
pub(super) const RESOURCE: &str = "@Resource[id]";

pub(super) const CONTAINER: &str =
    "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name]";
const QUEUE: &str = "@Resource[Microsoft.Storage/storageAccounts/queueServices/queues:name]";
const ACCOUNT: &str = "@Resource[Microsoft.Storage/storageAccounts:name]";

pub(super) fn key_scope(key: &str) -> KeyScope {
    abac::key_scope(key).unwrap_or(KeyScope::Request)
}

pub(super) fn resource_key<'a>(scope: &KeyScope, view: &ResourceView<'a>) -> KeyValue<'a> {
    let KeyScope::Resource(fact) = scope else { return KeyValue::Open };
    if fact.number == abac::RESOURCE_NUMBER {
        let one = view.id.filter(|id| !id.contains(['*', '?']));
        return one.map_or(KeyValue::Open, |id| KeyValue::One(super::scope::canonical(id)));
    }
    abac::key_value(fact, view.at).unwrap_or(KeyValue::Open)
}

/// The names of containers, queues and storage accounts stand in the ids of what is in them.
/// <https://learn.microsoft.com/azure/storage/blobs/storage-auth-abac-attributes>
pub(super) fn resource_context(id: &str) -> Option<(&'static str, &str)> {
    let mut before: [&str; 2] = ["", ""];
    let mut account = None;
    for part in id.split('/') {
        if before[1].eq_ignore_ascii_case("containers") && is_in(before[0], id, "blobServices") {
            return literal(part).map(|name| (CONTAINER, name));
        }
        if before[1].eq_ignore_ascii_case("queues") && is_in(before[0], id, "queueServices") {
            return literal(part).map(|name| (QUEUE, name));
        }
        if before[1].eq_ignore_ascii_case("storageAccounts") {
            account = literal(part);
        }
        before = [before[1], part];
    }
    account.map(|name| (ACCOUNT, name))
}

fn is_in(service: &str, id: &str, kind: &str) -> bool {
    service.eq_ignore_ascii_case("default") && id.to_ascii_lowercase().contains(&kind.to_ascii_lowercase())
}

fn literal(part: &str) -> Option<&str> {
    (!part.is_empty() && !part.contains(['*', '?'])).then(|| last(part))
}
