//! Turns the text catalogues in `catalog/` into static tables, so that nothing is parsed at start-up.
#![expect(
    clippy::disallowed_methods,
    reason = "a build script reads the catalogue and writes where cargo says"
)]

// One packing code for built-in and run-time catalogues: the two cannot differ.
#[path = "src/model/catalog/tables.rs"]
mod tables;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};
use tables::{
    Draft, GLOBAL, KeyDraft, Lists, Pair, PermissionDraft, Tables, Texts, TypeDraft, access_code, key_code,
    pair_of,
};

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    println!("cargo::rerun-if-changed=catalog/aws");
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("catalog/aws");
    let tables = read(&folder)?.pack().map_err(|error| format!("{}: {error:?}", folder.display()))?;
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("aws_catalog.rs"), render(&tables)?)?;
    Ok(())
}

fn read(folder: &Path) -> Result<Draft, Failure> {
    let mut draft = Draft::default();
    for [service] in rows(folder, "rcp-services.txt")? {
        draft.rcp_services.insert(service);
    }
    for [name, kind, scope] in rows(folder, "condition-keys.txt")? {
        let code = key_code(&kind).ok_or_else(|| format!("{name}: unknown type {kind}"))?;
        let code = if scope == "global" { code | GLOBAL } else { code };
        draft.condition_keys.insert(name.to_ascii_lowercase(), KeyDraft { name, code });
    }
    let mut keys_of_type: BTreeMap<Pair, BTreeSet<String>> = BTreeMap::new();
    for [service, kind, template, keys] in rows(folder, "resource-types.txt")? {
        let name = format!("{service}:{kind}");
        let pair = pair_of(&name);
        keys_of_type.entry(pair.clone()).or_default().extend(list(&keys));
        let entry = draft.resource_types.entry(pair);
        entry.or_insert_with(|| TypeDraft { name, templates: BTreeSet::new() }).templates.insert(template);
    }
    for [name, level, types, keys] in rows(folder, "actions.txt")? {
        let access = access_code(&level).ok_or_else(|| format!("{name}: unknown access level {level}"))?;
        let pair = pair_of(&name);
        let resource_types: BTreeSet<Pair> = list(&types).map(|kind| (pair.0.clone(), kind)).collect();
        let mut condition_keys: BTreeSet<String> = list(&keys).collect();
        for kind in &resource_types {
            condition_keys.extend(keys_of_type.get(kind).into_iter().flatten().cloned());
        }
        let permission = PermissionDraft { name, access, resource_types, condition_keys };
        if let Some(twice) = draft.permissions.insert(pair, permission) {
            return Err(format!("{} is there twice", twice.name).into());
        }
    }
    Ok(draft)
}

fn rows<const FIELDS: usize>(folder: &Path, file: &str) -> Result<Vec<[String; FIELDS]>, Failure> {
    let text = fs::read_to_string(folder.join(file))?;
    let row = |(index, line): (usize, &str)| {
        let fields: Vec<String> = line.split('\t').map(str::to_owned).collect();
        let found = fields.len();
        let wrong = format!("{file} line {}: {found} fields instead of {FIELDS}", index + 1);
        <[String; FIELDS]>::try_from(fields).map_err(|_| Failure::from(wrong))
    };
    text.lines().enumerate().map(row).collect()
}

/// The lower-case members of a list field.
fn list(field: &str) -> impl Iterator<Item = String> {
    field.split(',').filter(|text| *text != "-").map(str::to_ascii_lowercase)
}

/// A Rust expression that borrows everything.
fn render(tables: &Tables) -> Result<String, Failure> {
    // Exhaustive, so that a new table cannot be forgotten here.
    let Tables {
        names,
        access,
        types_of,
        keys_of,
        type_lists,
        key_lists,
        services,
        service_ends,
        type_names,
        templates,
        patterns,
        keys,
        key_types,
        open_keys,
        open_key_starts,
        rcp_services,
    } = tables;
    let mut out = String::from("Tables {\n");
    for (field, value) in [
        ("names", texts(names)),
        ("access", numbers(access)),
        ("types_of", numbers(types_of)),
        ("keys_of", numbers(keys_of)),
        ("type_lists", lists(type_lists)),
        ("key_lists", lists(key_lists)),
        ("services", texts(services)),
        ("service_ends", numbers(service_ends)),
        ("type_names", texts(type_names)),
        ("templates", texts(templates)),
        ("patterns", texts(patterns)),
        ("keys", texts(keys)),
        ("key_types", numbers(key_types)),
        ("open_keys", numbers(open_keys)),
        ("open_key_starts", numbers(open_key_starts)),
        ("rcp_services", texts(rcp_services)),
    ] {
        writeln!(out, "{field}: {value},")?;
    }
    out.push_str("}\n");
    Ok(out)
}

fn texts(texts: &Texts) -> String {
    format!("Texts {{ blob: Cow::Borrowed({:?}), ends: {} }}", texts.blob, numbers(&texts.ends))
}

fn lists(lists: &Lists) -> String {
    format!("Lists {{ items: {}, ends: {} }}", numbers(&lists.items), numbers(&lists.ends))
}

fn numbers<T: std::fmt::Debug>(numbers: &[T]) -> String {
    format!("Cow::Borrowed(&{numbers:?})")
}
