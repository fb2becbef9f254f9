//! What a catalogue knows about one permission, resource type or condition key.

use super::tables::{ACCESS_LEVELS, GLOBAL, KEY_TYPES, MANY};
use serde::Serialize;

/// What a permission lets its holder do, in the provider's own classification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessLevel {
    /// Names what is there.
    List,
    /// Reads content.
    Read,
    /// Creates, changes or deletes.
    Write,
    /// Changes who may do what.
    PermissionsManagement,
    /// Changes tags only.
    Tagging,
    /// The catalogue does not say.
    Unknown,
}

impl AccessLevel {
    /// All levels, in the order of their codes.
    pub const ALL: [AccessLevel; 6] = [
        AccessLevel::List,
        AccessLevel::Read,
        AccessLevel::Write,
        AccessLevel::PermissionsManagement,
        AccessLevel::Tagging,
        AccessLevel::Unknown,
    ];

    /// The wire form: `list`, `read`, `write`, `permissions_management`, `tagging` or `unknown`.
    pub fn as_str(self) -> &'static str {
        ACCESS_LEVELS.get(self as usize).copied().unwrap_or("unknown")
    }

    pub(super) fn from_code(code: u8) -> Self {
        Self::ALL.get(usize::from(code)).copied().unwrap_or(AccessLevel::Unknown)
    }
}

/// The type of a condition key's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyType {
    /// Text.
    String,
    /// A resource name.
    Arn,
    /// `true` or `false`.
    Bool,
    /// An integer or decimal number.
    Numeric,
    /// A point in time.
    Date,
    /// An address or a range of addresses.
    IpAddress,
    /// Base64 text.
    Binary,
}

impl KeyType {
    /// All types, in the order of their codes.
    pub const ALL: [KeyType; 7] = [
        KeyType::String,
        KeyType::Arn,
        KeyType::Bool,
        KeyType::Numeric,
        KeyType::Date,
        KeyType::IpAddress,
        KeyType::Binary,
    ];

    /// As catalogues write it: `String`, `ARN`, `Bool`, `Numeric`, `Date`, `IPAddress` or `Binary`.
    pub fn as_str(self) -> &'static str {
        KEY_TYPES.get(self as usize).copied().unwrap_or("String")
    }

    pub(super) fn from_code(code: u8) -> Self {
        Self::ALL.get(usize::from(code & !(MANY | GLOBAL))).copied().unwrap_or(KeyType::String)
    }
}

/// One permission of a catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PermissionInfo<'a> {
    /// Position in the catalogue's order.
    pub id: u16,
    /// Canonical spelling, such as `s3:GetObject`.
    pub name: &'a str,
    /// Access level.
    pub access: AccessLevel,
    /// Ids of its resource types, ascending; empty if it can only be granted on everything.
    pub resource_types: &'a [u16],
    /// Ids of the condition keys it and its resource types list, ascending; global keys come on top.
    pub condition_keys: &'a [u16],
}

/// One form of a resource type. A type whose names have several forms has one entry for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResourceTypeInfo<'a> {
    /// Position in the catalogue's order.
    pub id: u16,
    /// Service, such as `s3`.
    pub service: &'a str,
    /// Type within the service, such as `object`.
    pub name: &'a str,
    /// Name template, such as `arn:${Partition}:s3:::${BucketName}/${ObjectName}`.
    pub template: &'a str,
    /// The template with `*` for each free part, such as `arn:*:s3:::*/*`.
    pub pattern: &'a str,
}

/// One condition key, or a family of keys with a free part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyInfo<'a> {
    /// Position in the catalogue's order.
    pub id: u16,
    /// Canonical spelling; a free part is written `${...}`, as in `aws:RequestTag/${TagKey}`.
    pub name: &'a str,
    /// Type of its values.
    pub kind: KeyType,
    /// Whether the key has a set of values rather than one.
    pub many: bool,
    /// Whether the key is defined for every permission.
    pub global: bool,
}
