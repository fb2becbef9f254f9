//! The context keys of requests to the directory.

use crate::condition::{KeyNature, KeyWords, Operator};
use crate::provider::{KeyFact, KeyScope, KeyValue, ResourceView};
use std::borrow::Cow;

/// The time of the request: what windows of assignments are tested against.
pub(crate) const TIME: &str = "entra:CurrentTime";
/// The client id of the application through which a user acts; without it the user acts alone.
pub(crate) const CLIENT: &str = "entra:ClientId";
/// Claims of a token that comes from outside (federated credentials).
pub(crate) const SUBJECT: &str = "token:sub";
pub(crate) const AUDIENCE: &str = "token:aud";

pub(super) fn key_scope(key: &str) -> KeyScope {
    if key.eq_ignore_ascii_case(TIME) {
        return KeyScope::Resource(KeyFact { number: 0, rest: "".into(), yields: false });
    }
    KeyScope::Request
}

pub(super) fn resource_key<'a>(scope: &KeyScope, view: &ResourceView<'a>) -> KeyValue<'a> {
    let KeyScope::Resource(_) = scope else { return KeyValue::Open };
    let stamp = view.at.and_then(|at| jiff::Timestamp::from_second(at).ok());
    stamp.map_or(KeyValue::Open, |stamp| KeyValue::One(Cow::Owned(stamp.to_string())))
}

pub(super) fn key_words(key: &str) -> Option<KeyWords> {
    let noun = |noun: &str| Some(KeyWords { noun: noun.to_owned(), ..KeyWords::default() });
    match key {
        _ if key.eq_ignore_ascii_case(TIME) => {
            Some(KeyWords { noun: "the time".to_owned(), moment: true, ..KeyWords::default() })
        }
        _ if key.eq_ignore_ascii_case(CLIENT) => noun("the application"),
        _ if key.eq_ignore_ascii_case(SUBJECT) => noun("the token's subject"),
        _ if key.eq_ignore_ascii_case(AUDIENCE) => noun("the token's audience"),
        _ => None,
    }
}

pub(super) fn key_nature(key: &str) -> Option<KeyNature> {
    key.eq_ignore_ascii_case(TIME).then_some(KeyNature { many: false, typical: Some(Operator::DateEquals) })
}
