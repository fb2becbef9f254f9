//! The context keys that attributes become: their names, words, kinds, and what facts say of them.
//!
//! A key is named as the attribute is written: `@Request[Microsoft.Authorization/roleAssignments:PrincipalType]`.

use crate::condition::{KeyNature, KeyWords, Operator};
use crate::provider::{KeyFact, KeyScope, KeyValue};
use std::borrow::Cow;

/// Attributes that are known to have one value: a list in a condition is then a list to choose from.
const SINGLE: &[&str] = &["Microsoft.Authorization/roleAssignments:", "id]"];

/// The time of the request.
const NOW: &str = "@Environment[UtcNow]";
/// Its number among the keys that facts determine.
const NOW_NUMBER: u8 = u8::MAX;
/// The id of the resource itself, and its number.
const RESOURCE: &str = "@Resource[id]";
pub(crate) const RESOURCE_NUMBER: u8 = u8::MAX - 1;

/// Attributes of which more is known: key, what its value is, its type.
const KNOWN: &[(&str, &str, Option<Operator>)] = &[
    ("@Environment[UtcNow]", "the time", Some(Operator::DateEquals)),
    (RESOURCE, "the id of the resource", Some(Operator::StringLike)),
    ("@Environment[isPrivateLink]", "whether the request comes over a private link", Some(Operator::Bool)),
    ("@Environment[Microsoft.Network/privateEndpoints]", "the private endpoint", None),
    ("@Environment[Microsoft.Network/virtualNetworks/subnets]", "the subnet", None),
    ("@Request[subOperation]", "the suboperation", None),
    (
        "@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId]",
        "the role that is to be assigned",
        None,
    ),
    (
        "@Request[Microsoft.Authorization/roleAssignments:PrincipalId]",
        "the principal that is to be given a role",
        None,
    ),
    (
        "@Request[Microsoft.Authorization/roleAssignments:PrincipalType]",
        "the kind of principal that is to be given a role",
        None,
    ),
    (
        "@Resource[Microsoft.Authorization/roleAssignments:RoleDefinitionId]",
        "the role of the assignment",
        None,
    ),
    (
        "@Resource[Microsoft.Authorization/roleAssignments:PrincipalId]",
        "the principal of the assignment",
        None,
    ),
    (
        "@Resource[Microsoft.Authorization/roleAssignments:PrincipalType]",
        "the kind of the assignment's principal",
        None,
    ),
];

fn known(name: &str) -> Option<&'static (&'static str, &'static str, Option<Operator>)> {
    KNOWN.iter().find(|(known, ..)| known.eq_ignore_ascii_case(name))
}

/// The part in brackets of a key that is an attribute.
fn attribute(name: &str) -> Option<&str> {
    name.strip_prefix('@')?.split_once('[').map(|(_, rest)| rest)
}

/// Whether an attribute can have several values.
pub(super) fn may_have_several(name: &str) -> bool {
    let starts = |attribute: &str, known: &str| {
        attribute.get(..known.len()).is_some_and(|start| start.eq_ignore_ascii_case(known))
    };
    !attribute(name).is_some_and(|attribute| SINGLE.iter().any(|known| starts(attribute, known)))
}

/// How a key is spoken of; none for a key that is no attribute.
pub(crate) fn key_words(name: &str) -> Option<KeyWords> {
    attribute(name)?;
    let noun = known(name).map_or(String::new(), |(_, noun, _)| (*noun).to_owned());
    Some(KeyWords {
        noun,
        moment: name.eq_ignore_ascii_case(NOW),
        many: known(name).is_none_or(|_| name.contains("subOperation")) && may_have_several(name),
        ..KeyWords::default()
    })
}

/// What is known of the values of a key; nothing of one that only a condition names.
pub(crate) fn key_nature(name: &str) -> Option<KeyNature> {
    let (_, _, typical) = known(name)?;
    Some(KeyNature { many: may_have_several(name), typical: *typical })
}

/// Who determines a key that is an attribute: the time of the request is told, its resource is asked about, all else only
/// the request knows.
pub(crate) fn key_scope(name: &str) -> Option<KeyScope> {
    attribute(name)?;
    let told = |number, yields| KeyScope::Resource(KeyFact { number, rest: "".into(), yields });
    Some(match name {
        _ if name.eq_ignore_ascii_case(NOW) => told(NOW_NUMBER, true),
        _ if name.eq_ignore_ascii_case(RESOURCE) => told(RESOURCE_NUMBER, false),
        _ => KeyScope::Request,
    })
}

/// The value of a key that the time determines; `at` in seconds since 1970.
pub(crate) fn key_value(fact: &KeyFact, at: Option<i64>) -> Option<KeyValue<'static>> {
    (fact.number == NOW_NUMBER).then(|| match at {
        Some(at) => KeyValue::One(Cow::Owned(at.to_string())),
        None => KeyValue::Open,
    })
}
