//! The permissions a provider knows, with their access levels, resource types and condition keys.
//!
//! Permissions are sorted by the **pair** (lower-case service, lower-case name), not by the text
//! `service:name`, in which `-` would sort before `:`. So a service and `service:Prefix*` are one range of ids
//! each. A built-in catalogue borrows static tables: making and cloning it allocates next to nothing.
//!
//! # JSON form
//!
//! [`Catalog::from_json`] and [`Catalog::extend`] read
//!
//! ```json
//! {
//!   "version": "2026-01", "provider": "aws",
//!   "permissions": [{"name": "acme:ReadBox", "access": "read", "resource_types": ["box"], "condition_keys": ["acme:Lid"]}],
//!   "resource_types": [{"service": "acme", "name": "box", "pattern": "arn:${Partition}:acme:::${Box}"}],
//!   "condition_keys": [{"name": "acme:Lid", "type": "ArrayOfString", "global": false}],
//!   "rcp_services": ["acme"]
//! }
//! ```
//!
//! `version` and `provider` are required, as are the names, `pattern` and `type`. `access` is `list`, `read`,
//! `write`, `permissions_management`, `tagging` or `unknown` (the default). A resource type is one of the
//! permission's own service unless it is written `service:type`; several entries of one type are alternative
//! forms. `${...}` in a pattern or key is a free part. What a permission names must be in the document or in the
//! catalogue that is extended. Unknown fields are an error.

mod entry;
mod json;
mod spell;
pub(crate) mod tables;
#[cfg(test)]
mod tests;

pub use entry::{AccessLevel, KeyInfo, KeyType, PermissionInfo, ResourceTypeInfo};
pub(crate) use spell::{Covers, NameSets};
pub use spell::{Speller, Spelling, SpellingMode};

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::ops::Range;
use tables::{GLOBAL, Lists, MANY, Tables, Texts, around_free_part, split_service};

/// A catalogue of permissions; see the module text for its order and its JSON form.
#[derive(Clone)]
pub struct Catalog {
    provider: Cow<'static, str>,
    version: String,
    tables: Tables,
    built_in: bool,
}

impl Catalog {
    /// A catalogue over tables made at build time.
    pub(crate) fn from_tables(provider: &'static str, version: &str, tables: Tables) -> Self {
        Catalog { provider: Cow::Borrowed(provider), version: version.to_owned(), tables, built_in: true }
    }

    /// A catalogue without any permission: what a provider has whose permissions only its exports list.
    pub(crate) fn empty(provider: &'static str) -> Self {
        Catalog::from_tables(provider, "none", Tables::default())
    }

    /// Whether both are the catalogue that the library itself has of one provider.
    pub(crate) fn is_same_built_in(&self, other: &Catalog) -> bool {
        self.built_in && other.built_in && self.provider == other.provider
    }

    /// The provider whose permissions these are, such as `aws`.
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// The version of the source. An extended catalogue names all of its sources, joined by `+`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Number of permissions; their ids are `0..len`.
    pub fn len(&self) -> usize {
        self.tables.names.len()
    }

    /// Whether there is no permission.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The id of a permission, without regard to case.
    pub fn permission(&self, name: &str) -> Option<u16> {
        let (service, rest) = split_service(name);
        self.permission_of(service, rest)
    }

    /// The id of the permission of a service, without regard to case.
    pub(crate) fn permission_of(&self, service: &str, rest: &str) -> Option<u16> {
        let range = self.service_range(service);
        let id = self.first_from(&range, service, |local| compare(local, rest) == Ordering::Less);
        (range.contains(&id) && compare(self.local_name(id, service), rest) == Ordering::Equal).then_some(id)
    }

    /// What is known about a permission.
    pub fn info(&self, id: u16) -> Option<PermissionInfo<'_>> {
        let index = usize::from(id);
        Some(PermissionInfo {
            id,
            name: self.tables.names.get(index)?,
            access: AccessLevel::from_code(*self.tables.access.get(index)?),
            resource_types: self.tables.type_lists.get(*self.tables.types_of.get(index)?),
            condition_keys: self.tables.key_lists.get(*self.tables.keys_of.get(index)?),
        })
    }

    /// All permissions in their order.
    pub fn permissions(&self) -> impl Iterator<Item = PermissionInfo<'_>> {
        ids(self.len()).filter_map(|id| self.info(id))
    }

    /// All services in lower case, sorted, with the ids of their permissions.
    pub fn services(&self) -> impl Iterator<Item = (&str, Range<u16>)> {
        (0..self.tables.services.len())
            .filter_map(|index| Some((self.tables.services.get(index)?, self.range_at(index))))
    }

    /// The ids of a service's permissions, without regard to case; empty if it has none.
    pub fn service_range(&self, service: &str) -> Range<u16> {
        match self.tables.services.search(service) {
            Some(index) => self.range_at(index),
            None => 0..0,
        }
    }

    /// The ids of the permissions of a service whose name (after the service) begins with `prefix`, without
    /// regard to case; empty if there is none.
    pub fn prefix_range(&self, service: &str, prefix: &str) -> Range<u16> {
        let range = self.service_range(service);
        let start = self.first_from(&range, service, |local| compare_head(local, prefix) == Ordering::Less);
        let end = self.first_from(&(start..range.end), service, |local| begins_with(local, prefix));
        start..end
    }

    /// A form of a resource type.
    pub fn resource_type(&self, id: u16) -> Option<ResourceTypeInfo<'_>> {
        let index = usize::from(id);
        let (service, name) = split_service(self.tables.type_names.get(index)?);
        let template = self.tables.templates.get(index)?;
        Some(ResourceTypeInfo { id, service, name, template, pattern: self.tables.patterns.get(index)? })
    }

    /// All forms of all resource types, sorted by service, type and template.
    pub fn resource_types(&self) -> impl Iterator<Item = ResourceTypeInfo<'_>> {
        ids(self.tables.type_names.len()).filter_map(|id| self.resource_type(id))
    }

    /// What is known about a condition key, without regard to case. A key such as `aws:RequestTag/team` is
    /// found through the family with the longest fixed text, here `aws:RequestTag/${TagKey}`.
    pub fn key(&self, name: &str) -> Option<KeyInfo<'_>> {
        if let Some(index) = self.tables.keys.search(name) {
            return u16::try_from(index).ok().and_then(|id| self.condition_key(id));
        }
        let mut best: Option<(usize, KeyInfo<'_>)> = None;
        for (id, start) in self.tables.open_keys.iter().zip(self.tables.open_key_starts.iter()) {
            let Some(family) = self.tables.keys.get(usize::from(*id)) else { continue };
            // The length of the fixed beginning is stored, because most families fail right here.
            if !begins_with(name, family.get(..usize::from(*start)).unwrap_or(family)) {
                continue;
            }
            let Some((before, behind)) = around_free_part(family) else { continue };
            let fixed = before.len() + behind.len();
            let better = best.is_none_or(|(length, _)| fixed > length);
            if better && name.len() > fixed && ends_with(name, behind) {
                best = self.condition_key(*id).map(|info| (fixed, info)).or(best);
            }
        }
        best.map(|(_, info)| info)
    }

    /// The condition key with this id.
    pub fn condition_key(&self, id: u16) -> Option<KeyInfo<'_>> {
        let name = self.tables.keys.get(usize::from(id))?;
        let code = *self.tables.key_types.get(usize::from(id))?;
        let (many, global) = (code & MANY != 0, code & GLOBAL != 0);
        Some(KeyInfo { id, name, kind: KeyType::from_code(code), many, global })
    }

    /// All condition keys, sorted without regard to case.
    pub fn condition_keys(&self) -> impl Iterator<Item = KeyInfo<'_>> {
        ids(self.tables.keys.len()).filter_map(|id| self.condition_key(id))
    }

    /// Whether policies on resources set by the organisation (AWS: resource control policies) affect a service.
    pub fn supports_rcp(&self, service: &str) -> bool {
        self.tables.rcp_services.search(service).is_some()
    }

    /// The services of [`Catalog::supports_rcp`], sorted.
    pub fn rcp_services(&self) -> impl Iterator<Item = &str> {
        (0..self.tables.rcp_services.len()).filter_map(|index| self.tables.rcp_services.get(index))
    }

    fn range_at(&self, index: usize) -> Range<u16> {
        let end = |index: usize| self.tables.service_ends.get(index).copied().unwrap_or(0);
        index.checked_sub(1).map_or(0, end)..end(index)
    }

    /// The canonical spelling of a permission.
    pub(crate) fn name(&self, id: u16) -> Option<&str> {
        self.tables.names.get(usize::from(id))
    }

    /// The name after the service, which is the permission's own in any case.
    pub(crate) fn local_name(&self, id: u16, service: &str) -> &str {
        let name = self.tables.names.get(usize::from(id)).unwrap_or("");
        // Case does not change the length of a service.
        if service.is_empty() { split_service(name).1 } else { name.get(service.len() + 1..).unwrap_or("") }
    }

    /// The first id of a service's range for whose name `before` does not hold; the end if it holds for all.
    fn first_from(&self, range: &Range<u16>, service: &str, before: impl Fn(&str) -> bool) -> u16 {
        let first = partition_point(usize::from(range.start)..usize::from(range.end), |index| {
            before(u16::try_from(index).map_or("", |id| self.local_name(id, service)))
        });
        u16::try_from(first).unwrap_or(range.end)
    }
}

impl fmt::Debug for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Catalog")
            .field("provider", &self.provider)
            .field("version", &self.version)
            .field("permissions", &self.len())
            .finish_non_exhaustive()
    }
}

impl Texts {
    fn len(&self) -> usize {
        self.ends.len()
    }

    fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.blob.get(start as usize..end as usize)
    }

    /// Where a text stands, without regard to case, if the texts are sorted by their lower-case form.
    fn search(&self, text: &str) -> Option<usize> {
        let at = |index| self.get(index).unwrap_or("");
        let first = partition_point(0..self.len(), |index| compare(at(index), text) == Ordering::Less);
        (first < self.len() && compare(at(first), text) == Ordering::Equal).then_some(first)
    }
}

impl Lists {
    fn get(&self, number: u16) -> &[u16] {
        let end = |index: usize| self.ends.get(index).map_or(0, |end| *end as usize);
        let start = usize::from(number).checked_sub(1).map_or(0, end);
        self.items.get(start..end(usize::from(number))).unwrap_or(&[])
    }
}

fn ids(count: usize) -> impl Iterator<Item = u16> {
    (0..count).filter_map(|index| u16::try_from(index).ok())
}

fn partition_point(range: Range<usize>, before: impl Fn(usize) -> bool) -> usize {
    let Range { mut start, mut end } = range;
    while start < end {
        let middle = start + (end - start) / 2;
        if before(middle) {
            start = middle + 1;
        } else {
            end = middle;
        }
    }
    start
}

fn compare(a: &str, b: &str) -> Ordering {
    compare_bytes(a.as_bytes(), b.as_bytes())
}

/// As [`compare`], but only the beginning of `text` that is as long as `head`.
fn compare_head(text: &str, head: &str) -> Ordering {
    let text = text.as_bytes();
    compare_bytes(text.get(..head.len()).unwrap_or(text), head.as_bytes())
}

fn compare_bytes(a: &[u8], b: &[u8]) -> Ordering {
    let folded = |(a, b): (&u8, &u8)| a.to_ascii_lowercase().cmp(&b.to_ascii_lowercase());
    let mut pairs = a.iter().zip(b).filter(|(a, b)| a != b);
    pairs.find_map(|pair| Some(folded(pair)).filter(|order| order.is_ne())).unwrap_or(a.len().cmp(&b.len()))
}

fn begins_with(text: &str, head: &str) -> bool {
    text.as_bytes().get(..head.len()).is_some_and(|start| start.eq_ignore_ascii_case(head.as_bytes()))
}

fn ends_with(text: &str, tail: &str) -> bool {
    let end = text.len().checked_sub(tail.len()).and_then(|start| text.as_bytes().get(start..));
    end.is_some_and(|end| end.eq_ignore_ascii_case(tail.as_bytes()))
}
