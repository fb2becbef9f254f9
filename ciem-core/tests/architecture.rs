//! Holds the shape of the house by reading the sources: which module may see which, what the core must not
//! touch, what the bindings must not name, how long a file may be, that versions and licences agree.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test reads files and fails"
)]

mod source;

use serde_json::Value;
use source::{Source, read, repository, sources};
use std::collections::{BTreeMap, BTreeSet};

/// Arrows of the core: a module and those that it may name besides itself and `EVERYWHERE`.
const ARROWS: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("progress", &[]),
    ("base", &[]),
    ("container", &[]),
    ("pattern", &["base"]),
    ("condition", &["base", "pattern"]),
    ("model", &["base", "pattern", "condition"]),
    ("truth", &["base", "pattern", "condition", "model"]),
    ("provider", &["base", "pattern", "condition", "model", "truth"]),
    ("snapshot", &["base", "container", "pattern", "condition", "model", "truth", "provider"]),
    ("access", &["base", "pattern", "condition", "model", "truth", "provider", "snapshot"]),
    ("usage", &["base", "container", "pattern", "model", "truth", "provider", "snapshot", "access"]),
    ("paths", &["base", "condition", "model", "truth", "provider", "snapshot", "access"]),
    // Reads documents as snapshots do, and holds what it finds against the evaluation.
    ("inclusion", &["base", "pattern", "condition", "model", "truth", "provider", "snapshot", "access"]),
    ("mining", &["base", "pattern", "model", "provider", "snapshot", "access", "usage"]),
    (
        "rightsize",
        &["base", "pattern", "model", "truth", "provider", "snapshot", "access", "usage", "inclusion"],
    ),
    (
        "wire",
        &[
            "base",
            "pattern",
            "condition",
            "model",
            "truth",
            "provider",
            "snapshot",
            "access",
            "paths",
            "inclusion",
            "mining",
            "usage",
            "rightsize",
        ],
    ),
    ("fs", &["container", "snapshot", "usage"]),
];

/// What every module may name: errors and progress are the ground that all stand on.
const EVERYWHERE: &[&str] = &["error", "progress"];

/// The one file that reads files, behind the feature `fs`.
const FILE_READER: &str = "fs.rs";

/// Values of `std::net` that open no connection.
const ADDRESSES: &[&str] = &["IpAddr", "Ipv4Addr", "Ipv6Addr"];

/// Files over `MOST_LINES` lines and why they are one file.
const LONG_FILES: &[(&str, &str)] = &[("index.d.ts", "a package has one file of declarations")];
const MOST_LINES: usize = 600;

/// Words that would make a binding know what an answer means: verdicts and layers, as whole string literals.
const ANSWER_WORDS: &[&str] = &[
    "allow",
    "deny",
    "conditional",
    "unknown",
    "explicit",
    "implicit",
    "identity",
    "trust",
    "scp",
    "rcp",
    "permissions_boundary",
    "session_policy",
    "vpc_endpoint",
    "s3_block_public_access",
    "fixed_rule",
    "deny_assignment",
    "deny_policy",
    "principal_access_boundary",
];

fn core_sources() -> Vec<Source> {
    sources("ciem-core/src", &["rs"]).into_iter().filter(|source| !source.is_test()).collect()
}

fn providers() -> Vec<String> {
    let folder = repository().join("ciem-core/src/provider");
    let entries = folder.read_dir().unwrap().map(|entry| entry.unwrap());
    let folders = entries.filter(|entry| entry.file_type().unwrap().is_dir());
    folders.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

fn assert_none(failures: &[String], rule: &str) {
    assert!(failures.is_empty(), "{rule}:\n{}", failures.join("\n"));
}

#[test]
fn arrows_between_modules_point_one_way() {
    let arrows: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let mut failures = Vec::new();
    for source in core_sources().iter().filter(|source| source.path != "lib.rs") {
        let module = source.module();
        let Some(allowed) = arrows.get(module) else {
            failures.push(format!("{}: `{module}` has no row in ARROWS", source.path));
            continue;
        };
        for named in source.modules_named() {
            if named != module && !allowed.contains(&named.as_str()) && !EVERYWHERE.contains(&named.as_str())
            {
                failures.push(format!("{}: `{module}` names `crate::{named}`", source.path));
            }
        }
    }
    assert_none(
        &failures,
        "a module names one that it must not see (name modules, not re-exports of the crate)",
    );
}

#[test]
fn the_crate_root_holds_no_logic() {
    let root = core_sources().into_iter().find(|source| source.path == "lib.rs").expect("lib.rs");
    let logic = ["fn", "impl", "struct", "enum", "trait", "macro_rules"];
    let found: Vec<_> =
        root.identifiers().into_iter().filter(|word| logic.contains(&word.as_str())).collect();
    assert_none(&found, "lib.rs is crate documentation, `mod` and `pub use`");
}

#[test]
fn the_core_is_pure() {
    let modules = ["fs", "env", "net", "process", "thread", "path", "os"];
    let calls = [
        "now(",
        "stdin(",
        "stdout(",
        "stderr(",
        "println!",
        "print!",
        "eprintln!",
        "eprint!",
        "dbg!",
        "SystemTime",
        "Instant",
    ];
    let mut failures = Vec::new();
    for source in core_sources().iter().filter(|source| source.path != FILE_READER) {
        let named = source.items_under("std").into_iter().filter(|item| modules.contains(&item.as_str()));
        let named = named.filter(|item| item != "net" || !source.names_only("std::net", ADDRESSES));
        failures.extend(named.map(|item| format!("{}: std::{item}", source.path)));
        let called = calls.iter().filter(|call| source.has_word(call));
        failures.extend(called.map(|call| format!("{}: {call}", source.path)));
    }
    assert_none(&failures, "the core touches no file, environment, network, process, thread, path or clock");
    let gate = read("ciem-core/src/lib.rs");
    let gated = gate.lines().zip(gate.lines().skip(1)).any(|(before, line)| {
        before.trim() == "#[cfg(feature = \"fs\")]" && line.trim_end().ends_with("mod fs;")
    });
    assert!(gated, "`mod fs` stands behind the feature `fs`");
}

#[test]
fn one_file_names_the_bitmap_library() {
    let naming = |source: &Source| source.path != "base/idset.rs" && source.has_word("roaring");
    let failures: Vec<_> = core_sources().into_iter().filter(naming).map(|source| source.path).collect();
    assert_none(&failures, "only base/idset.rs names `roaring`");
}

#[test]
fn one_file_names_the_providers() {
    let providers = providers();
    let mut failures = Vec::new();
    for source in core_sources().iter().filter(|source| source.path != "provider/mod.rs") {
        let own =
            source.path.strip_prefix("provider/").and_then(|rest| rest.split('/').next()).unwrap_or_default();
        for provider in providers.iter().filter(|provider| *provider != own) {
            if source.names(provider) {
                failures.push(format!("{}: {provider}", source.path));
            }
        }
    }
    assert_none(&failures, "only provider/mod.rs names providers outside their folders");
}

#[test]
fn bindings_name_no_provider_verdict_or_layer() {
    let providers = providers();
    let mut failures = Vec::new();
    for source in binding_sources() {
        let named = providers.iter().filter(|provider| source.names(provider));
        failures.extend(named.map(|provider| format!("{}: {provider}", source.path)));
        let literals = source.literals();
        let words = ANSWER_WORDS.iter().filter(|word| literals.iter().any(|literal| literal == *word));
        failures.extend(words.map(|word| format!("{}: \"{word}\"", source.path)));
    }
    assert_none(&failures, "a binding converts and calls; what an answer means is the core's");
}

#[test]
fn bindings_have_the_same_files() {
    let names =
        |folder| sources(folder, &["rs"]).into_iter().map(|source| source.path).collect::<BTreeSet<_>>();
    assert_eq!(names("ciem-py/src"), names("ciem-node/src"), "one learns the tree once");
}

#[test]
fn files_stay_readable() {
    let all = core_sources().into_iter().chain(binding_sources());
    let long = all.filter(|source| source.lines() > MOST_LINES);
    let unexplained = long.filter(|source| !LONG_FILES.iter().any(|(path, _)| *path == source.path));
    let failures: Vec<_> = unexplained.map(|source| format!("{}: {}", source.path, source.lines())).collect();
    assert_none(&failures, "over 600 lines without a reason in LONG_FILES");
}

fn binding_sources() -> Vec<Source> {
    let mut all = sources("ciem-py/src", &["rs"]);
    all.extend(sources("ciem-py/python", &["py", "pyi"]));
    all.extend(sources("ciem-node/src", &["rs"]));
    // native.* is written by the build tool from the Rust sources that are read above.
    let own = sources("ciem-node", &["js", "mjs", "ts"]).into_iter();
    all.extend(own.filter(|source| !source.path.contains('/') && !source.path.starts_with("native.")));
    all
}

#[test]
fn one_version_for_crate_wheel_and_npm_package() {
    let version = env!("CARGO_PKG_VERSION");
    let json = |path: &str| serde_json::from_str::<Value>(&read(path)).unwrap();
    let lock = json("ciem-node/package-lock.json");
    assert_eq!(json("ciem-node/package.json")["version"], version);
    assert_eq!(lock["version"], version);
    assert_eq!(lock["packages"][""]["version"], version);
    assert!(
        read("ciem-py/pyproject.toml").contains("dynamic = [\"version\"]"),
        "the wheel takes the crate's version"
    );
    assert!(
        read("Cargo.toml")
            .contains(&format!("ciem-core = {{ path = \"ciem-core\", version = \"{version}\" }}"))
    );
    for member in ["ciem-core", "ciem-py", "ciem-node"] {
        let manifest = read(&format!("{member}/Cargo.toml"));
        assert!(manifest.contains("version.workspace = true"), "{member} has the version of the workspace");
    }
}

#[test]
fn every_package_ships_the_licences() {
    let licence = read("LICENSE");
    let notices = read("ciem-core/THIRD-PARTY-NOTICES.md");
    for package in ["ciem-core", "ciem-py", "ciem-node"] {
        assert_eq!(read(&format!("{package}/LICENSE")), licence, "{package}/LICENSE");
        assert_eq!(
            read(&format!("{package}/THIRD-PARTY-NOTICES.md")),
            notices,
            "{package}/THIRD-PARTY-NOTICES.md"
        );
    }
}

#[test]
fn the_lock_files_name_no_registry_mirror() {
    assert!(
        !read("ciem-node/package-lock.json").contains("\"resolved\""),
        "package-lock.json names packages, not hosts"
    );
    let lock = read("Cargo.lock");
    let foreign = lock.lines().filter(|line| {
        line.starts_with("source = ") && !line.contains("github.com/rust-lang/crates.io-index")
    });
    assert_eq!(foreign.count(), 0, "Cargo.lock has only packages of crates.io");
}
