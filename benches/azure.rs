//! Role assignments: 100,000 of them over 10,000 principals and a catalogue of 20,000 operations. Load, `who_can` on one
//! resource and anywhere, and rows of the matrix, by (grant x block). `docs/benchmarks.md` has the method and the figures.

#[expect(dead_code, reason = "other benches compare with peers")]
mod figures;
#[expect(dead_code, reason = "other generators draw more")]
#[path = "generator/random.rs"]
mod random;
#[path = "azure/tenant.rs"]
mod tenant;

use ciem_core::{Error, Match, Query, Snapshot, SnapshotBuilder};
use criterion::{Criterion, SamplingMode};
use figures::Figures;
use std::collections::HashSet;
use std::hint::black_box;
use std::time::Duration;
use tenant::Tenant;

const SEED: u64 = 1;
const PRINCIPALS: usize = 10_000;
const ASSIGNMENTS: usize = 100_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut criterion = Criterion::default().configure_from_args();
    let mut figures = Figures::default();
    let tenant = tenant::generate(SEED, PRINCIPALS, ASSIGNMENTS);
    let bytes: usize = tenant.files.iter().map(|(_, bytes)| bytes.len()).sum();
    figures.note(format!(
        "{PRINCIPALS} principals, {ASSIGNMENTS} assignments, {} operations, {:.1} MB of JSON; {} (grant x block) and {} (grant x interval of operations), through groups too",
        tenant.operations,
        bytes as f64 / 1e6,
        tenant.blocks,
        tenant.intervals
    ));
    let mut group = criterion.benchmark_group("azure");
    group.sample_size(10).sampling_mode(SamplingMode::Flat).warm_up_time(Duration::from_millis(100));
    load(&tenant)?;
    figures.measure(&mut group, "azure/load", 1, || {
        black_box(load(&tenant).is_ok());
    });
    let snapshot = load(&tenant)?;
    let mut anywhere = Query::who(&tenant.operation, "*");
    anywhere.matching = Match::Any;
    for (name, query) in [
        ("azure/who_can on a resource", Query::who(&tenant.operation, &tenant.resource)),
        ("azure/who_can anywhere", anywhere),
    ] {
        let holders = snapshot.who_can(&query)?;
        figures.note(format!(
            "{name}: {} holders, {} under a condition",
            holders.count(),
            holders.conditional()
        ));
        figures.measure(&mut group, name, 1, || {
            black_box(snapshot.who_can(&query).is_ok_and(|holders| holders.count() > 0));
        });
        figures.time(name, None);
    }
    // The same people have rows in the universe of the directory, which are no work of assignments: those of a tenant
    // without assignments are taken off.
    let unassigned = load(&Tenant {
        files: tenant.files.iter().filter(|(name, _)| name != "role-assignments.json").cloned().collect(),
        ..tenant.clone()
    })?;
    for (name, alone, query) in [
        (
            "azure/matrix on a resource",
            "azure/matrix on a resource, no assignments",
            Query::default().on(&tenant.resource),
        ),
        ("azure/matrix anywhere", "azure/matrix anywhere, no assignments", Query::default().on("*")),
    ] {
        let rows = snapshot.matrix(&query)?.len();
        figures.measure(&mut group, name, 1, || {
            black_box(snapshot.matrix(&query).is_ok());
        });
        figures.measure(&mut group, alone, 1, || {
            black_box(unassigned.matrix(&query).is_ok());
        });
        figures.time(name, None);
        figures.time(alone, None);
        let Some((whole, alone)) = figures.median(name).zip(figures.median(alone)) else { continue };
        let holders: HashSet<String> =
            snapshot.matrix(&query)?.principals().map(|(id, ..)| id.to_owned()).collect();
        let others = unassigned.matrix(&query)?.len();
        let seconds = whole - alone;
        figures.note(format!(
            "{name}: {rows} rows for {} principals, {others} rows without assignments; {:.2} us for each principal, \
             {:.1} ns per (grant x block), {:.1} ns per (grant x interval)",
            holders.len(),
            seconds / holders.len() as f64 * 1e6,
            seconds / tenant.blocks as f64 * 1e9,
            seconds / tenant.intervals as f64 * 1e9
        ));
    }
    figures.time("azure/load", None);
    group.finish();
    figures.print()?;
    criterion.final_summary();
    Ok(())
}

fn load(tenant: &Tenant) -> Result<Snapshot, Error> {
    let mut builder = SnapshotBuilder::new();
    for (name, bytes) in &tenant.files {
        builder.add(name, bytes)?;
    }
    builder.finish()
}
