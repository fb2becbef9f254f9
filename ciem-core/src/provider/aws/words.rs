//! How AWS's context keys are spoken of, and what values they have.

use super::condition::KEYS;
use crate::condition::{KeyNature, KeyWords, Operator, quoted};
use crate::model::KeyType;

/// Facts that can be missing beside those that layers and policies declare.
pub(super) static FACTS: &[&str] = &[
    "valid policy document",
    "policies of the permission set",
    "bucket of the access point",
    "bucket policy",
    "what a variable of the bucket policy stands for",
    super::read::PAST_BOUNDARY,
    super::read::PROVIDER_ELSEWHERE,
];

/// What is known of a key's values; nothing of a key that is not in the catalogue.
pub(super) fn key_nature(name: &str) -> Option<KeyNature> {
    let known = KEYS.key(name)?;
    let typical = match known.kind {
        KeyType::Arn => Some(Operator::ArnLike),
        KeyType::Bool => Some(Operator::Bool),
        KeyType::Numeric => Some(Operator::NumericEquals),
        KeyType::Date => Some(Operator::DateEquals),
        KeyType::IpAddress => Some(Operator::IpAddress),
        KeyType::String | KeyType::Binary => None,
    };
    Some(KeyNature { many: known.many, typical })
}

/// Families of keys whose last part is a tag's name.
const TAGS: &[(&str, &str)] = &[
    ("aws:principaltag/", "the principal's tag"),
    ("aws:resourcetag/", "the resource's tag"),
    ("aws:requesttag/", "the request's tag"),
    ("ec2:resourcetag/", "the resource's tag"),
    ("iam:resourcetag/", "the resource's tag"),
    ("s3:buckettag/", "the bucket's tag"),
    ("s3:existingobjecttag/", "the object's tag"),
    ("s3:requestobjecttag/", "the request's object tag"),
];

/// Key, what its value is, what stands before a value that the request has.
const KNOWN: &[(&str, &str, &str)] = &[
    ("aws:calledvia", "the chain of services that call", ""),
    ("aws:ec2instancesourcevpc", "the VPC of the instance", "from an instance in VPC"),
    ("aws:multifactorauthage", "the age of the MFA sign-in in seconds", ""),
    ("aws:principalaccount", "the principal's account", "by principals of account"),
    ("aws:principalarn", "the principal's ARN", ""),
    ("aws:principalorgid", "the principal's organisation", "by principals of organisation"),
    ("aws:principalorgpaths", "the principal's place in the organisation", ""),
    ("aws:principaltype", "the principal's type", ""),
    ("aws:referer", "the referer", "with referer"),
    ("aws:requestedregion", "the region", "in region"),
    ("aws:resourceaccount", "the resource's account", "on resources of account"),
    ("aws:resourceorgid", "the resource's organisation", "on resources of organisation"),
    ("aws:resourceorgpaths", "the resource's place in the organisation", ""),
    ("aws:sourceaccount", "the account that a service acts for", "on behalf of account"),
    ("aws:sourcearn", "the resource that a service acts for", "on behalf of"),
    ("aws:sourceidentity", "the source identity", "with source identity"),
    ("aws:sourceip", "the source address", "from"),
    ("aws:sourceorgid", "the organisation that a service acts for", "on behalf of organisation"),
    ("aws:sourcevpc", "the source VPC", "from VPC"),
    ("aws:sourcevpce", "the VPC endpoint", "through VPC endpoint"),
    ("aws:tagkeys", "the list of the request's tags", ""),
    ("aws:useragent", "the user agent", "with user agent"),
    ("aws:userid", "the caller's id", ""),
    ("aws:username", "the user's name", ""),
    ("aws:vpcsourceip", "the source address in the VPC", "from VPC address"),
    ("iam:passedtoservice", "the service that it is passed to", "passed to"),
    ("kms:viaservice", "the service that calls", "through"),
    ("s3:prefix", "the listed prefix", "with prefix"),
    ("sts:externalid", "the external id", "with external id"),
    ("sts:rolesessionname", "the session's name", "with session name"),
];

/// Key, what a request is called in which it is true, and one in which it is not.
const SIGNS: &[(&str, [&str; 2])] = &[
    ("aws:multifactorauthpresent", ["with MFA", "without MFA"]),
    ("aws:principalisawsservice", ["by a service of AWS", "not by a service of AWS"]),
    ("aws:securetransport", ["over TLS", "without TLS"]),
    ("aws:viaawsservice", ["through a service of AWS", "not through a service of AWS"]),
];

/// The words for a key; `None` for one of which nobody knows anything.
pub(super) fn key_words(name: &str) -> Option<KeyWords> {
    let lower = name.to_ascii_lowercase();
    let many = key_nature(name).is_some_and(|nature| nature.many);
    let words = KeyWords { many, ..KeyWords::default() };
    if let Some((_, noun, before)) = KNOWN.iter().find(|(key, ..)| *key == lower) {
        let before = Some(*before).filter(|before| !before.is_empty());
        return Some(KeyWords { noun: (*noun).to_owned(), before, ..words });
    }
    if let Some((_, sign)) = SIGNS.iter().find(|(key, _)| *key == lower) {
        return Some(KeyWords { sign: Some(*sign), ..words });
    }
    if matches!(lower.as_str(), "aws:currenttime" | "aws:epochtime") {
        return Some(KeyWords { noun: "the time".to_owned(), moment: true, ..words });
    }
    let tag = TAGS.iter().find_map(|(family, noun)| {
        let tag = name.get(family.len()..).filter(|tag| !tag.is_empty() && lower.starts_with(family))?;
        Some(format!("{noun} {}", quoted(tag)))
    });
    match tag {
        Some(noun) => Some(KeyWords { noun, ..words }),
        None => key_nature(name).map(|_| words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_with_words_is_in_the_catalogue() {
        let families = TAGS.iter().map(|(family, _)| format!("{family}team"));
        let known = KNOWN.iter().map(|(key, ..)| (*key).to_owned());
        let signs = SIGNS.iter().map(|(key, _)| (*key).to_owned());
        for key in known.chain(signs).chain(families) {
            assert!(KEYS.key(&key).is_some(), "{key}");
        }
    }
}
