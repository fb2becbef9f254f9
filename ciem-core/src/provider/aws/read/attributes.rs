//! Attributes for access control: what Identity Center puts into the sessions of people as tags.
//!
//! <https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_InstanceAccessControlAttributeConfiguration.html>
//! maps a tag to an attribute of the identity store, whose value replaces one that comes in a SAML assertion;
//! <https://docs.aws.amazon.com/singlesignon/latest/userguide/attributemappingsconcept.html> lists the attributes.
//! Assertions may carry further tags, of which no export tells.

use super::Page;
use super::identity_center::{Contact, StoreUser};
use crate::base::Text;
use crate::model::Facts;
use crate::model::directory::PersonRecord;
use crate::provider::aws::document::json::{Node, Str};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};

/// The configuration in `describe-instance-access-control-attribute-configuration`.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct Configuration<'a> {
    #[serde(borrow, rename = "AccessControlAttributes")]
    attributes: Vec<Attribute<'a>>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct Attribute<'a> {
    #[serde(borrow, rename = "Key")]
    key: Str<'a>,
    #[serde(borrow, rename = "Value")]
    value: Sources<'a>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct Sources<'a> {
    #[serde(borrow, rename = "Source")]
    source: Vec<Str<'a>>,
}

/// The parts of a person's name.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct FullName<'a> {
    #[serde(borrow, rename = "FamilyName")]
    family: Option<Str<'a>>,
    #[serde(borrow, rename = "GivenName")]
    given: Option<Str<'a>>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct Address<'a> {
    #[serde(borrow, rename = "Type")]
    kind: Option<Str<'a>>,
    #[serde(borrow, rename = "StreetAddress")]
    street: Option<Str<'a>>,
    #[serde(borrow, rename = "Locality")]
    locality: Option<Str<'a>>,
    #[serde(borrow, rename = "Region")]
    region: Option<Str<'a>>,
    #[serde(borrow, rename = "PostalCode")]
    postal_code: Option<Str<'a>>,
    #[serde(borrow, rename = "Country")]
    country: Option<Str<'a>>,
    #[serde(borrow, rename = "Formatted")]
    formatted: Option<Str<'a>>,
}

/// What `list-users --extensions aws:identitystore:enterprise` adds; the API calls it a document of any shape.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct Extensions<'a> {
    #[serde(borrow, rename = "aws:identitystore:enterprise")]
    enterprise: Option<&'a RawValue>,
}

/// Members of the enterprise extension (RFC 7643, section 4.3) that can be mapped.
const ENTERPRISE: [&str; 6] =
    ["costCenter", "department", "division", "employeeNumber", "manager", "organization"];

/// Keeps which tags sessions carry, where the configuration is in force.
pub(super) fn keep(facts: &mut Facts, page: &Page<'_>) {
    let status = page.status.map(RawValue::get);
    let Some(found) = page.session_tags.as_ref().filter(|_| status.is_none_or(|all| all == "\"ENABLED\""))
    else {
        return;
    };
    for Attribute { key, value } in &found.attributes {
        let key = facts.text(key);
        for source in &value.source {
            let path = source.strip_prefix("${path:").and_then(|path| path.strip_suffix('}'));
            // Any other source is one that the identity store does not tell.
            let path = facts.text(&path.unwrap_or_default().to_ascii_lowercase());
            facts.directory.session_tags.entry(key).or_default().insert(path);
        }
    }
}

pub(super) fn records(page: &Page<'_>) -> usize {
    page.session_tags.as_ref().map_or(0, |found| found.attributes.len())
}

/// What the identity store says of a person, by the path that a mapping names it with, in lower case.
pub(super) fn sources(facts: &mut Facts, user: &StoreUser<'_>) -> Vec<(Text, Text)> {
    let names = user.names.as_ref();
    let emails = user.emails.as_deref().unwrap_or_default();
    let email = emails.iter().find(|email| email.primary == Some(true));
    let at_work = |kind: Option<&Str<'_>>| kind.is_some_and(|kind| kind.eq_ignore_ascii_case("work"));
    let phones = user.phones.as_deref().unwrap_or_default();
    let phone = phones.iter().find(|phone| at_work(phone.kind.as_ref()));
    let addresses = user.addresses.as_deref().unwrap_or_default();
    let address = addresses.iter().find(|address| at_work(address.kind.as_ref()));
    let plain = [
        ("username", user.name.as_deref()),
        ("name.familyname", names.and_then(|names| names.family.as_deref())),
        ("name.givenname", names.and_then(|names| names.given.as_deref())),
        ("displayname", user.display.as_deref()),
        ("nickname", user.nick.as_deref()),
        ("emails[primary eq true].value", email.and_then(value_of)),
        (r#"phonenumbers[type eq "work"].value"#, phone.and_then(value_of)),
        ("usertype", user.user_type.as_deref()),
        ("title", user.title.as_deref()),
        ("locale", user.locale.as_deref()),
        ("timezone", user.timezone.as_deref()),
    ];
    let mut found: Vec<(Text, Text)> = Vec::new();
    let mut add = |path: &str, value: Option<&str>| {
        // An empty attribute makes no tag, or is filled by the assertion: nothing is known then.
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            found.push((facts.text(path), facts.text(value)));
        }
    };
    plain.into_iter().for_each(|(path, value)| add(path, value));
    if let Some(address) = address {
        let parts = [
            ("streetaddress", &address.street),
            ("locality", &address.locality),
            ("region", &address.region),
            ("postalcode", &address.postal_code),
            ("country", &address.country),
            ("formatted", &address.formatted),
        ];
        for (part, value) in parts {
            add(&format!(r#"addresses[type eq "work"].{part}"#), value.as_deref());
        }
    }
    let enterprise = user.extensions.as_ref().and_then(|all| all.enterprise);
    if let Some(Node::Map(members)) = enterprise.and_then(|raw| serde_json::from_str(raw.get()).ok()) {
        for name in ENTERPRISE {
            let value =
                members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
            let inner = value.and_then(|value| value.member("value").or_else(|| value.member("Value")));
            let path = if name == "manager" { "manager.value" } else { name };
            let text = inner.or(value).and_then(Node::as_text);
            add(&format!("enterprise.{}", path.to_ascii_lowercase()), text);
        }
    }
    found.sort_unstable();
    found
}

fn value_of<'c>(contact: &'c Contact<'_>) -> Option<&'c str> {
    contact.value.as_deref()
}

/// The tags that a person's sessions surely carry.
pub(super) fn tags_of(mappings: &BTreeMap<Text, BTreeSet<Text>>, person: &PersonRecord) -> Vec<(Text, Text)> {
    let value = |path: Text| person.tag_sources.iter().find(|(known, _)| *known == path).map(|one| one.1);
    let one = |(&key, paths): (&Text, &BTreeSet<Text>)| {
        // Inputs that map a tag to different attributes were made on different days.
        let only = paths.first().filter(|_| paths.len() == 1);
        Some((key, value(*only?)?))
    };
    mappings.iter().filter_map(one).collect()
}
