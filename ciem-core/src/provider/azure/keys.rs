//! Where the attributes of conditions get their values from.

use crate::condition::{KeyNature, KeyWords};
use crate::provider::{KeyFact, KeyScope, KeyValue, PrincipalView, ResourceView};
use std::borrow::Cow;

/// The time of the request: what windows of assignments are tested against.
pub(crate) const TIME: &str = "azure:CurrentTime";
const TIME_NUMBER: u8 = 0;

pub(super) fn key_scope(key: &str) -> KeyScope {
    if key.eq_ignore_ascii_case(TIME) {
        return KeyScope::Resource(KeyFact { number: TIME_NUMBER, rest: "".into(), yields: false });
    }
    KeyScope::Request
}

pub(super) fn principal_key<'a>(_: &KeyScope, _: &PrincipalView<'a>) -> KeyValue<'a> {
    KeyValue::Open
}

pub(super) fn resource_key<'a>(scope: &KeyScope, view: &ResourceView<'a>) -> KeyValue<'a> {
    let KeyScope::Resource(fact) = scope else { return KeyValue::Open };
    let time = view.at.filter(|_| fact.number == TIME_NUMBER);
    let stamp = time.and_then(|at| jiff::Timestamp::from_second(at).ok());
    stamp.map_or(KeyValue::Open, |stamp| KeyValue::One(Cow::Owned(stamp.to_string())))
}

pub(super) fn key_words(_: &str) -> Option<KeyWords> {
    None
}

pub(super) fn key_nature(_: &str) -> Option<KeyNature> {
    None
}
