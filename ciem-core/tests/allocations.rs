//! A warm verdict allocates nothing: shown by counting, over every `can` of the conformance worlds, with the context
//! they give, with none, and with every layer that was not given taken for unknown.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test reads files and fails"
)]

use ciem_core::{
    LoadOptions, MissingLayer, Prepared, Request, Scratch, Snapshot, SnapshotBuilder, UnknownContext, Verdict,
};
use serde_json::Value;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::path::Path;

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

#[expect(
    unsafe_code,
    reason = "counting what the program allocates has no safe form; every call goes on to the system"
)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_warm_verdict_allocates_nothing_and_is_that_of_can() {
    let (mut asked, mut depending) = (0, 0);
    let mut failures = Vec::new();
    for (name, world) in worlds() {
        let Some(snapshot) = load(&world) else { continue };
        let prepared = snapshot.prepare();
        let mut scratch = Scratch::default();
        for request in world["ask"].as_array().into_iter().flatten().flat_map(requests) {
            let Some((verdict, allocations)) = warm(&prepared, &request, &mut scratch) else { continue };
            asked += 1;
            depending += usize::from(matches!(verdict, Verdict::Conditional | Verdict::Unknown));
            let expected = snapshot.can(&request).unwrap().verdict;
            if allocations > 0 || verdict != expected {
                failures.push(format!(
                    "{name}: {allocations} allocations, {verdict:?}, `can` says {expected:?}: {request:?}"
                ));
            }
        }
    }
    assert!(asked >= 300 && depending >= 100, "{asked} requests, {depending} of them depend: too few");
    assert!(failures.is_empty(), "{} of {asked}\n{}", failures.len(), failures.join("\n"));
}

/// The verdict, and what the second asking allocates.
fn warm(prepared: &Prepared<'_>, request: &Request, scratch: &mut Scratch) -> Option<(Verdict, usize)> {
    let request = prepared.request(request).ok()?;
    prepared.verdict(&request, scratch);
    let before = ALLOCATIONS.get();
    let verdict = prepared.verdict(&request, scratch);
    Some((verdict, ALLOCATIONS.get() - before))
}

/// As asked, with nothing known of the context, and strictly.
fn requests(ask: &Value) -> Vec<Request> {
    let asks = matches!(ask["verb"].as_str(), Some("can" | "explain"));
    let request = asks.then(|| serde_json::from_value::<Request>(ask["request"].clone()).ok()).flatten();
    let Some(given) = request else { return Vec::new() };
    let mut open = given.clone();
    open.context.clear();
    open.unknown_context = UnknownContext::Unknown;
    let mut strict = open.clone();
    strict.missing_layer = MissingLayer::Unknown;
    vec![given, open, strict]
}

fn load(world: &Value) -> Option<Snapshot> {
    let mut options =
        LoadOptions::default().on_error(world["on_error"].as_str().unwrap_or("raise").parse().ok()?);
    if let Some(catalog) = world.get("catalog") {
        options = options.catalog(catalog.to_string());
    }
    let mut builder = SnapshotBuilder::with_options(&options);
    for file in world["files"].as_array()? {
        // Inputs that are not JSON are about reading, not about verdicts.
        builder.add(file["name"].as_str()?, file.get("json")?.to_string().as_bytes()).ok()?;
    }
    builder.finish().ok()
}

fn worlds() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/conformance");
    let mut files: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let read = |path: &Path| serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    files.iter().map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), read(path))).collect()
}
