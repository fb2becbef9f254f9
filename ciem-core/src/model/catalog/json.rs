//! Catalogues given by the caller at run time.

use super::tables::{
    Draft, GLOBAL, KeyDraft, MOST_IDS, PackError, Pair, PermissionDraft, Tables, TypeDraft, access_code,
    key_code, pair_of, split_service,
};
use super::{AccessLevel, Catalog, ids};
use crate::error::{Error, Place, quoted};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: String,
    provider: String,
    #[serde(default)]
    permissions: Vec<Permission>,
    #[serde(default)]
    resource_types: Vec<ResourceType>,
    #[serde(default)]
    condition_keys: Vec<ConditionKey>,
    #[serde(default)]
    rcp_services: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Permission {
    name: String,
    access: Option<String>,
    #[serde(default)]
    resource_types: Vec<String>,
    #[serde(default)]
    condition_keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResourceType {
    service: String,
    name: String,
    pattern: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConditionKey {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    global: bool,
}

impl Catalog {
    /// Reads a catalogue from its JSON form.
    ///
    /// # Errors
    /// `malformed` if the bytes are not that form, with the JSON pointer or the line; `too_large` beyond 65,535
    /// permissions, resource types or condition keys.
    pub fn from_json(bytes: &[u8]) -> Result<Catalog, Error> {
        let document = parse(bytes)?;
        let mut draft = Draft::default();
        merge(&mut draft, &document)?;
        let tables = pack(&draft)?;
        Ok(Catalog {
            provider: Cow::Owned(document.provider),
            version: document.version,
            tables,
            built_in: false,
        })
    }

    /// The provider that a catalogue in its JSON form is for.
    pub(crate) fn from_json_provider(bytes: &[u8]) -> Result<String, Error> {
        Ok(parse(bytes)?.provider)
    }

    /// Adds a catalogue in its JSON form; what has the name of something known replaces it. Ids change. The
    /// version becomes `old+new`.
    ///
    /// # Errors
    /// As [`Catalog::from_json`], and `malformed` for another provider; the catalogue is then unchanged.
    pub fn extend(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let document = parse(bytes)?;
        if document.provider != self.provider {
            let given = quoted(&document.provider);
            let reason = format!("a catalogue of {given} cannot extend one of {}", quoted(&self.provider));
            return Err(malformed(reason, "/provider"));
        }
        let mut draft = unpack(self);
        merge(&mut draft, &document)?;
        self.tables = pack(&draft)?;
        self.built_in = false;
        self.version = format!("{}+{}", self.version, document.version);
        Ok(())
    }
}

impl Catalog {
    /// Adds permissions that exports list; those that are known stay as they are.
    ///
    /// # Errors
    /// `too_large` beyond 65,535 permissions; the catalogue is then unchanged.
    pub(crate) fn add_listed(&mut self, listed: &BTreeMap<Box<str>, AccessLevel>) -> Result<(), Error> {
        if listed.is_empty() {
            return Ok(());
        }
        let mut draft = unpack(self);
        for (name, access) in listed {
            draft.permissions.entry(pair_of(name)).or_insert_with(|| PermissionDraft {
                name: name.to_string(),
                access: access_code(access.as_str()).unwrap_or_default(),
                resource_types: BTreeSet::new(),
                condition_keys: BTreeSet::new(),
            });
        }
        self.tables = pack(&draft)?;
        self.built_in = false;
        self.version = match self.version.as_str() {
            "none" => "exported".to_owned(),
            version => format!("{version}+exported"),
        };
        Ok(())
    }
}

fn parse(bytes: &[u8]) -> Result<Document, Error> {
    serde_json::from_slice(bytes).map_err(|error| {
        let line = u64::try_from(error.line()).unwrap_or(u64::MAX);
        Error::malformed(format!("not a catalogue: {error}"), Place::default().line(line))
    })
}

fn pack(draft: &Draft) -> Result<Tables, Error> {
    draft.pack().map_err(|error| match error {
        PackError::TooMany(what) => {
            let limit = u64::try_from(MOST_IDS).unwrap_or(u64::MAX);
            Error::TooLarge { what: format!("{what} of the catalogue"), limit, place: Place::default() }
        }
        PackError::Unresolved { permission, what, name } => {
            let (permission, name) = (quoted(&permission), quoted(&name));
            let reason = format!("permission {permission} names the unknown {what} {name}; declare it");
            Error::malformed(reason, Place::default())
        }
        PackError::FreeParts(name) => {
            let reason =
                format!("condition key {} must have one free part `${{...}}` at most", quoted(&name));
            Error::malformed(reason, Place::default())
        }
    })
}

fn unpack(catalog: &Catalog) -> Draft {
    let mut draft = Draft::default();
    draft.rcp_services.extend(catalog.rcp_services().map(str::to_owned));
    for (id, code) in ids(catalog.tables.keys.len()).zip(catalog.tables.key_types.iter()) {
        if let Some(key) = catalog.condition_key(id) {
            let key = KeyDraft { name: key.name.to_owned(), code: *code };
            draft.condition_keys.insert(key.name.to_ascii_lowercase(), key);
        }
    }
    for kind in catalog.resource_types() {
        add_type(&mut draft, kind.service, kind.name, kind.template);
    }
    let type_pair = |id: &u16| catalog.tables.type_names.get(usize::from(*id)).map(pair_of);
    let key_name = |id: &u16| catalog.tables.keys.get(usize::from(*id)).map(str::to_ascii_lowercase);
    for (permission, access) in catalog.permissions().zip(catalog.tables.access.iter()) {
        let unpacked = PermissionDraft {
            name: permission.name.to_owned(),
            access: *access,
            resource_types: permission.resource_types.iter().filter_map(type_pair).collect(),
            condition_keys: permission.condition_keys.iter().filter_map(key_name).collect(),
        };
        draft.permissions.insert(pair_of(permission.name), unpacked);
    }
    draft
}

fn merge(draft: &mut Draft, document: &Document) -> Result<(), Error> {
    for (index, service) in document.rcp_services.iter().enumerate() {
        require_name(service, || format!("/rcp_services/{index}"))?;
        draft.rcp_services.insert(service.to_ascii_lowercase());
    }
    merge_keys(draft, &document.condition_keys)?;
    merge_types(draft, &document.resource_types)?;
    merge_permissions(draft, &document.permissions)
}

fn merge_keys(draft: &mut Draft, keys: &[ConditionKey]) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    for (index, key) in keys.iter().enumerate() {
        let at = |field: &str| format!("/condition_keys/{index}/{field}");
        require_name(&key.name, || at("name"))?;
        let lower = key.name.to_ascii_lowercase();
        if !seen.insert(lower.clone()) {
            return Err(malformed(format!("{} is declared twice", quoted(&key.name)), at("name")));
        }
        let code = key_code(&key.kind).ok_or_else(|| {
            let reason =
                format!("unknown type {}; write `String`, `ArrayOfARN` and so on", quoted(&key.kind));
            malformed(reason, at("type"))
        })?;
        let code = if key.global { code | GLOBAL } else { code };
        draft.condition_keys.insert(lower, KeyDraft { name: key.name.clone(), code });
    }
    Ok(())
}

fn merge_types(draft: &mut Draft, types: &[ResourceType]) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    for (index, kind) in types.iter().enumerate() {
        let at = |field: &str| format!("/resource_types/{index}/{field}");
        require_name(&kind.name, || at("name"))?;
        require_name(&kind.pattern, || at("pattern"))?;
        for (field, text) in [("service", &kind.service), ("name", &kind.name)] {
            if text.contains(':') {
                return Err(malformed(format!("{} must not contain a colon", quoted(text)), at(field)));
            }
        }
        // Alternative forms inside one document add up; the first one replaces what was known before.
        let pair = pair_of(&format!("{}:{}", kind.service, kind.name));
        if seen.insert(pair.clone()) {
            draft.resource_types.remove(&pair);
        }
        add_type(draft, &kind.service, &kind.name, &kind.pattern);
    }
    Ok(())
}

fn add_type(draft: &mut Draft, service: &str, name: &str, template: &str) {
    let full = format!("{service}:{name}");
    let entry = draft.resource_types.entry(pair_of(&full));
    let kind = entry.or_insert_with(|| TypeDraft { name: full, templates: BTreeSet::new() });
    kind.templates.insert(template.to_owned());
}

fn merge_permissions(draft: &mut Draft, permissions: &[Permission]) -> Result<(), Error> {
    let mut seen: BTreeSet<Pair> = BTreeSet::new();
    for (index, permission) in permissions.iter().enumerate() {
        let at = |field: &str| format!("/permissions/{index}/{field}");
        require_name(&permission.name, || at("name"))?;
        if permission.name.contains(['*', '?']) {
            let reason = format!("{} is a pattern; a catalogue lists full names", quoted(&permission.name));
            return Err(malformed(reason, at("name")));
        }
        let pair = pair_of(&permission.name);
        if !seen.insert(pair.clone()) {
            return Err(malformed(format!("{} is listed twice", quoted(&permission.name)), at("name")));
        }
        let level = permission.access.as_deref().unwrap_or("unknown");
        let access = access_code(level).ok_or_else(|| {
            let reason = format!("unknown access level {}; write `list`, `read` and so on", quoted(level));
            malformed(reason, at("access"))
        })?;
        let service = split_service(&permission.name).0;
        let type_pair = |name: &String| {
            if name.contains(':') { pair_of(name) } else { pair_of(&format!("{service}:{name}")) }
        };
        let merged = PermissionDraft {
            name: permission.name.clone(),
            access,
            resource_types: permission.resource_types.iter().map(type_pair).collect(),
            condition_keys: permission.condition_keys.iter().map(|key| key.to_ascii_lowercase()).collect(),
        };
        draft.permissions.insert(pair, merged);
    }
    Ok(())
}

fn require_name(text: &str, pointer: impl FnOnce() -> String) -> Result<(), Error> {
    if text.is_empty() { Err(malformed("must not be empty", pointer())) } else { Ok(()) }
}

fn malformed(reason: impl Into<String>, pointer: impl Into<String>) -> Error {
    Error::malformed(reason, Place::default().at(pointer))
}
