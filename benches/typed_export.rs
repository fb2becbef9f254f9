//! The peer of loading: the same bytes through `serde_json` into typed, borrowing structs, documents included, and
//! nothing else. String-or-list members have visitors of their own, because untagged enums would buffer and make the
//! peer slow.

use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};
use std::borrow::Cow;
use std::fmt;

/// Parses the file as whichever of the three kinds it is, and drops the result.
pub(crate) fn parses(bytes: &[u8]) -> bool {
    match bytes.get(..7) {
        Some(b"{\"Group") => serde_json::from_slice::<AccountDetails<'_>>(bytes).is_ok(),
        Some(b"{\"Organ") => serde_json::from_slice::<OrganisationTree<'_>>(bytes).is_ok(),
        _ => serde_json::from_slice::<Vec<ResourcePolicy<'_>>>(bytes).is_ok(),
    }
}

/// Borrowed from the input unless it holds escapes.
#[derive(Debug, Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", bound(deserialize = "'de: 'a"))]
struct AccountDetails<'a> {
    user_detail_list: Vec<User<'a>>,
    group_detail_list: Vec<Group<'a>>,
    role_detail_list: Vec<Role<'a>>,
    policies: Vec<ManagedPolicy<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", bound(deserialize = "'de: 'a"))]
struct User<'a> {
    arn: Text<'a>,
    user_name: Text<'a>,
    user_id: Text<'a>,
    path: Text<'a>,
    create_date: Text<'a>,
    group_list: Vec<Text<'a>>,
    user_policy_list: Vec<InlinePolicy<'a>>,
    attached_managed_policies: Vec<Attachment<'a>>,
    permissions_boundary: Option<Boundary<'a>>,
    tags: Vec<Tag<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", bound(deserialize = "'de: 'a"))]
struct Group<'a> {
    arn: Text<'a>,
    group_name: Text<'a>,
    group_id: Text<'a>,
    path: Text<'a>,
    create_date: Text<'a>,
    group_policy_list: Vec<InlinePolicy<'a>>,
    attached_managed_policies: Vec<Attachment<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", bound(deserialize = "'de: 'a"))]
struct Role<'a> {
    arn: Text<'a>,
    role_name: Text<'a>,
    role_id: Text<'a>,
    path: Text<'a>,
    create_date: Text<'a>,
    assume_role_policy_document: Document<'a>,
    role_policy_list: Vec<InlinePolicy<'a>>,
    attached_managed_policies: Vec<Attachment<'a>>,
    permissions_boundary: Option<Boundary<'a>>,
    tags: Vec<Tag<'a>>,
    role_last_used: LastUsed<'a>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", bound(deserialize = "'de: 'a"))]
struct ManagedPolicy<'a> {
    arn: Text<'a>,
    policy_name: Text<'a>,
    policy_id: Text<'a>,
    path: Text<'a>,
    default_version_id: Text<'a>,
    attachment_count: u64,
    permissions_boundary_usage_count: u64,
    is_attachable: bool,
    create_date: Text<'a>,
    update_date: Text<'a>,
    policy_version_list: Vec<PolicyVersion<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", bound(deserialize = "'de: 'a"))]
struct PolicyVersion<'a> {
    document: Document<'a>,
    version_id: Text<'a>,
    is_default_version: bool,
    create_date: Text<'a>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", bound(deserialize = "'de: 'a"))]
struct InlinePolicy<'a> {
    policy_name: Text<'a>,
    policy_document: Document<'a>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", bound(deserialize = "'de: 'a"))]
struct Attachment<'a> {
    policy_name: Text<'a>,
    policy_arn: Text<'a>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", bound(deserialize = "'de: 'a"))]
struct Boundary<'a> {
    permissions_boundary_type: Text<'a>,
    permissions_boundary_arn: Text<'a>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", bound(deserialize = "'de: 'a"))]
struct Tag<'a> {
    key: Text<'a>,
    value: Text<'a>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", bound(deserialize = "'de: 'a"))]
struct LastUsed<'a> {
    last_used_date: Option<Text<'a>>,
    region: Option<Text<'a>>,
}

/// A row of the resource policies.
#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
struct ResourcePolicy<'a> {
    resource_arn: Text<'a>,
    account_id: Text<'a>,
    policy: Document<'a>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", bound(deserialize = "'de: 'a"))]
struct OrganisationTree<'a> {
    root: Node<'a>,
    organization: Organisation<'a>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", bound(deserialize = "'de: 'a"))]
struct Organisation<'a> {
    id: Text<'a>,
    master_account_id: Text<'a>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", bound(deserialize = "'de: 'a"))]
struct Node<'a> {
    id: Text<'a>,
    name: Text<'a>,
    policies: Vec<ControlPolicy<'a>>,
    #[serde(default)]
    organizational_units: Vec<Node<'a>>,
    #[serde(default)]
    accounts: Vec<Node<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", bound(deserialize = "'de: 'a"))]
struct ControlPolicy<'a> {
    id: Text<'a>,
    arn: Text<'a>,
    name: Text<'a>,
    r#type: Text<'a>,
    aws_managed: bool,
    content: Text<'a>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", bound(deserialize = "'de: 'a"))]
struct Document<'a> {
    version: Option<Text<'a>>,
    statement: Vec<Statement<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", bound(deserialize = "'de: 'a"))]
struct Statement<'a> {
    sid: Option<Text<'a>>,
    effect: Text<'a>,
    principal: Option<Principal<'a>>,
    action: Option<Texts<'a>>,
    not_action: Option<Texts<'a>>,
    resource: Option<Texts<'a>>,
    not_resource: Option<Texts<'a>>,
    condition: Option<Pairs<'a, Pairs<'a, Texts<'a>>>>,
}

/// A text, or a list of texts.
#[derive(Debug)]
struct Texts<'a>(Vec<Cow<'a, str>>);

impl<'de: 'a, 'a> Deserialize<'de> for Texts<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;
        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Vec<Cow<'de, str>>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a text or a list of texts")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(vec![Cow::Borrowed(text)])
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(vec![Cow::Owned(text.to_owned())])
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut texts = Vec::new();
                while let Some(Text(text)) = list.next_element::<Text<'de>>()? {
                    texts.push(text);
                }
                Ok(texts)
            }
        }
        deserializer.deserialize_any(OneOrMany).map(Texts)
    }
}

/// Who a statement speaks of: `*`, or texts by kind.
#[derive(Debug)]
enum Principal<'a> {
    Everyone,
    Kinds(Pairs<'a, Texts<'a>>),
}

impl<'de: 'a, 'a> Deserialize<'de> for Principal<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StarOrMap;
        impl<'de> Visitor<'de> for StarOrMap {
            type Value = Principal<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("`*` or an object")
            }

            fn visit_str<E: de::Error>(self, _: &str) -> Result<Self::Value, E> {
                Ok(Principal::Everyone)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                pairs(map).map(Principal::Kinds)
            }
        }
        deserializer.deserialize_any(StarOrMap)
    }
}

/// An object as a list of its members.
#[derive(Debug)]
struct Pairs<'a, T>(Vec<(Text<'a>, T)>);

impl<'de: 'a, 'a, T: Deserialize<'de>> Deserialize<'de> for Pairs<'a, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Pairs<'de, T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                pairs(map)
            }
        }
        deserializer.deserialize_map(Members(std::marker::PhantomData))
    }
}

fn pairs<'de, T: Deserialize<'de>, A: MapAccess<'de>>(mut map: A) -> Result<Pairs<'de, T>, A::Error> {
    let mut members = Vec::new();
    while let Some(member) = map.next_entry()? {
        members.push(member);
    }
    Ok(Pairs(members))
}
