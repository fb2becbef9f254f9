//! The compact form of a catalogue, and how it is packed.
//!
//! The build script compiles this file too, so that built-in and run-time catalogues are packed by the same
//! code: nothing but the standard library may be used here.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Most entries of one kind: ids are `u16`, and the end of a range must fit as well.
pub(crate) const MOST_IDS: usize = 65_535;

/// Access levels as written in text and JSON; the position is the code.
pub(crate) const ACCESS_LEVELS: [&str; 6] =
    ["list", "read", "write", "permissions_management", "tagging", "unknown"];

/// Condition key types as written in text and JSON; the position is the code.
pub(crate) const KEY_TYPES: [&str; 7] = ["String", "ARN", "Bool", "Numeric", "Date", "IPAddress", "Binary"];

/// Added to the code of a key type: the key has several values.
pub(crate) const MANY: u8 = 0x80;

/// Added to the code of a key type: the key is in the request of every permission.
pub(crate) const GLOBAL: u8 = 0x40;

/// Many short texts in one allocation, or in none.
#[derive(Clone, Default)]
pub(crate) struct Texts {
    pub(crate) blob: Cow<'static, str>,
    pub(crate) ends: Cow<'static, [u32]>,
}

/// Many lists of ids, end to end.
#[derive(Clone, Default)]
pub(crate) struct Lists {
    pub(crate) items: Cow<'static, [u16]>,
    pub(crate) ends: Cow<'static, [u32]>,
}

/// A packed catalogue. Everything is sorted: permissions and resource types by the pair (lower-case service,
/// lower-case name), keys by their lower-case text.
#[derive(Clone, Default)]
pub(crate) struct Tables {
    pub(crate) names: Texts,
    pub(crate) access: Cow<'static, [u8]>,
    /// Per permission the number of its list in `type_lists` and `key_lists`.
    pub(crate) types_of: Cow<'static, [u16]>,
    pub(crate) keys_of: Cow<'static, [u16]>,
    pub(crate) type_lists: Lists,
    pub(crate) key_lists: Lists,
    /// Lower-case services, and where the permissions of each end.
    pub(crate) services: Texts,
    pub(crate) service_ends: Cow<'static, [u16]>,
    /// `service:type`; a type with several ARN forms has several entries.
    pub(crate) type_names: Texts,
    pub(crate) templates: Texts,
    pub(crate) patterns: Texts,
    pub(crate) keys: Texts,
    /// Code of the type, with `MANY` and `GLOBAL`.
    pub(crate) key_types: Cow<'static, [u8]>,
    /// Keys with a free part, and how long the text before it is.
    pub(crate) open_keys: Cow<'static, [u16]>,
    pub(crate) open_key_starts: Cow<'static, [u16]>,
    pub(crate) rcp_services: Texts,
}

/// Lower-case service and lower-case name.
pub(crate) type Pair = (String, String);

/// A permission before packing.
pub(crate) struct PermissionDraft {
    pub(crate) name: String,
    pub(crate) access: u8,
    pub(crate) resource_types: BTreeSet<Pair>,
    pub(crate) condition_keys: BTreeSet<String>,
}

/// A resource type before packing.
pub(crate) struct TypeDraft {
    /// `service:type` in canonical spelling.
    pub(crate) name: String,
    pub(crate) templates: BTreeSet<String>,
}

/// A condition key before packing.
pub(crate) struct KeyDraft {
    pub(crate) name: String,
    pub(crate) code: u8,
}

/// A catalogue before packing.
#[derive(Default)]
pub(crate) struct Draft {
    pub(crate) permissions: BTreeMap<Pair, PermissionDraft>,
    pub(crate) resource_types: BTreeMap<Pair, TypeDraft>,
    pub(crate) condition_keys: BTreeMap<String, KeyDraft>,
    pub(crate) rcp_services: BTreeSet<String>,
}

/// Why a draft cannot be packed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PackError {
    /// More entries than ids, or more text than offsets.
    TooMany(&'static str),
    /// A permission names a resource type or key that does not exist.
    Unresolved { permission: String, what: &'static str, name: String },
    /// A condition key with more than one free part, or an unfinished one.
    FreeParts(String),
}

/// The text before the first colon, and the rest; a name without a colon has the empty service.
pub(crate) fn split_service(name: &str) -> (&str, &str) {
    name.split_once(':').unwrap_or(("", name))
}

/// The pair a name is sorted by.
pub(crate) fn pair_of(name: &str) -> Pair {
    let (service, rest) = split_service(name);
    (service.to_ascii_lowercase(), rest.to_ascii_lowercase())
}

/// Code of an access level.
pub(crate) fn access_code(text: &str) -> Option<u8> {
    let position = ACCESS_LEVELS.iter().position(|level| *level == text)?;
    u8::try_from(position).ok()
}

/// Code of a key type, `ArrayOf...` included.
pub(crate) fn key_code(text: &str) -> Option<u8> {
    let (single, many) = text.strip_prefix("ArrayOf").map_or((text, 0), |single| (single, MANY));
    let position = KEY_TYPES.iter().position(|kind| *kind == single)?;
    u8::try_from(position).ok().map(|code| code | many)
}

/// A template as a wildcard pattern: each `${...}` becomes `*`.
pub(crate) fn pattern_of(template: &str) -> String {
    let mut pattern = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((_, behind)) = after.split_once('}') else { break };
        pattern.push_str(before);
        if !pattern.ends_with('*') {
            pattern.push('*');
        }
        // `*` beside a free part says nothing more than the free part.
        rest = behind.trim_start_matches('*');
    }
    pattern.push_str(rest);
    pattern
}

/// The literal texts around the free part of a key.
pub(crate) fn around_free_part(key: &str) -> Option<(&str, &str)> {
    let (before, after) = key.split_once("${")?;
    let (_, behind) = after.split_once('}')?;
    Some((before, behind))
}

impl Draft {
    /// Sorts, numbers and packs. The same draft always gives the same tables.
    pub(crate) fn pack(&self) -> Result<Tables, PackError> {
        let mut tables = Tables {
            rcp_services: texts(self.rcp_services.iter().map(String::as_str))?,
            ..Tables::default()
        };
        let key_ids = self.pack_keys(&mut tables)?;
        let type_ids = self.pack_types(&mut tables)?;
        self.pack_permissions(&mut tables, &key_ids, &type_ids)?;
        Ok(tables)
    }

    fn pack_keys(&self, tables: &mut Tables) -> Result<BTreeMap<&str, u16>, PackError> {
        let mut ids = BTreeMap::new();
        for (lower, key) in &self.condition_keys {
            let id = next_id(ids.len(), "the number of condition keys")?;
            ids.insert(lower.as_str(), id);
            tables.key_types.to_mut().push(key.code);
            if !key.name.contains("${") {
                continue;
            }
            let start = around_free_part(&key.name).filter(|(_, behind)| !behind.contains("${"));
            let start = start.and_then(|(before, _)| u16::try_from(before.len()).ok());
            let start = start.ok_or_else(|| PackError::FreeParts(key.name.clone()))?;
            tables.open_keys.to_mut().push(id);
            tables.open_key_starts.to_mut().push(start);
        }
        tables.keys = texts(self.condition_keys.values().map(|key| key.name.as_str()))?;
        Ok(ids)
    }

    fn pack_types(&self, tables: &mut Tables) -> Result<BTreeMap<&Pair, Vec<u16>>, PackError> {
        let mut ids: BTreeMap<&Pair, Vec<u16>> = BTreeMap::new();
        let mut rows = Vec::new();
        for (pair, kind) in &self.resource_types {
            for template in &kind.templates {
                ids.entry(pair).or_default().push(next_id(rows.len(), "the number of resource types")?);
                rows.push((kind.name.as_str(), template.as_str()));
            }
        }
        tables.type_names = texts(rows.iter().map(|(name, _)| *name))?;
        tables.templates = texts(rows.iter().map(|(_, template)| *template))?;
        let patterns: Vec<String> = rows.iter().map(|(_, template)| pattern_of(template)).collect();
        tables.patterns = texts(patterns.iter().map(String::as_str))?;
        Ok(ids)
    }

    fn pack_permissions(
        &self,
        tables: &mut Tables,
        key_ids: &BTreeMap<&str, u16>,
        type_ids: &BTreeMap<&Pair, Vec<u16>>,
    ) -> Result<(), PackError> {
        let mut type_lists = ListPool::default();
        let mut key_lists = ListPool::default();
        let mut services: Vec<&str> = Vec::new();
        let mut service_ends: Vec<u16> = Vec::new();
        for (position, ((service, _), permission)) in self.permissions.iter().enumerate() {
            let id = next_id(position, "the number of permissions")?;
            if services.last() != Some(&service.as_str()) {
                services.push(service);
                service_ends.push(id);
            }
            // An id is below 65,535, so its successor fits.
            if let Some(end) = service_ends.last_mut() {
                *end = id.saturating_add(1);
            }
            let unresolved = |what, name: String| PackError::Unresolved {
                permission: permission.name.clone(),
                what,
                name,
            };
            let mut types = Vec::new();
            for pair in &permission.resource_types {
                let ids = type_ids.get(pair);
                let ids = ids.ok_or_else(|| unresolved("resource type", format!("{}:{}", pair.0, pair.1)))?;
                types.extend_from_slice(ids);
            }
            let mut keys = Vec::new();
            for key in &permission.condition_keys {
                let id = key_ids.get(key.as_str());
                keys.push(*id.ok_or_else(|| unresolved("condition key", key.clone()))?);
            }
            tables.access.to_mut().push(permission.access);
            tables.types_of.to_mut().push(type_lists.add(types)?);
            tables.keys_of.to_mut().push(key_lists.add(keys)?);
        }
        tables.names = texts(self.permissions.values().map(|permission| permission.name.as_str()))?;
        tables.services = texts(services.into_iter())?;
        tables.service_ends = Cow::Owned(service_ends);
        tables.type_lists = type_lists.lists;
        tables.key_lists = key_lists.lists;
        Ok(())
    }
}

fn next_id(count: usize, what: &'static str) -> Result<u16, PackError> {
    match u16::try_from(count) {
        Ok(id) if count < MOST_IDS => Ok(id),
        _ => Err(PackError::TooMany(what)),
    }
}

fn texts<'a>(all: impl Iterator<Item = &'a str>) -> Result<Texts, PackError> {
    let mut packed = Texts::default();
    for text in all {
        packed.blob.to_mut().push_str(text);
        let end = u32::try_from(packed.blob.len()).map_err(|_| PackError::TooMany("the text"))?;
        packed.ends.to_mut().push(end);
    }
    Ok(packed)
}

/// Permissions share their lists: 22,000 AWS actions have about 1,100 different lists of keys.
#[derive(Default)]
struct ListPool {
    numbers: BTreeMap<Vec<u16>, u16>,
    lists: Lists,
}

impl ListPool {
    fn add(&mut self, list: Vec<u16>) -> Result<u16, PackError> {
        if let Some(number) = self.numbers.get(&list) {
            return Ok(*number);
        }
        let number = next_id(self.numbers.len(), "the number of lists")?;
        self.lists.items.to_mut().extend_from_slice(&list);
        let end = u32::try_from(self.lists.items.len()).map_err(|_| PackError::TooMany("the lists"))?;
        self.lists.ends.to_mut().push(end);
        self.numbers.insert(list, number);
        Ok(number)
    }
}
