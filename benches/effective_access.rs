//! Effective access at 1k, 10k and 100k principals: verdicts, rows, holders and loading, each against its peer in the
//! same run. `docs/benchmarks.md` has the method and the figures.

mod engine;
mod figures;
mod generator;
#[expect(dead_code, reason = "the peer parses into the fields and does not look at them")]
mod typed_export;

use ciem_core::{Error, Request, Scratch, Snapshot};
use criterion::{Criterion, SamplingMode};
use figures::Figures;
use generator::Estate;
use std::hint::black_box;
use std::time::Duration;

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];
const SEED: u64 = 1;
const REQUESTS: usize = 10_000;
const ROWS: usize = 200;
/// The size at which sets are compared with a scan.
const MANY: usize = 100_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut criterion = Criterion::default().configure_from_args();
    let mut figures = Figures::default();
    for size in SIZES {
        let estate = Estate::generate(SEED, size);
        loading(&mut criterion, &mut figures, size, &estate)?;
        let snapshot = engine::load(&estate.files)?;
        verdicts(&mut criterion, &mut figures, size, &estate, &snapshot);
        rows(&mut criterion, &mut figures, size, &estate, &snapshot)?;
        if size == MANY {
            holders(&mut criterion, &mut figures, &estate, &snapshot)?;
        }
    }
    criterion.final_summary();
    figures.print()?;
    Ok(())
}

/// Load and index against typed parsing of the same bytes.
fn loading(
    criterion: &mut Criterion,
    figures: &mut Figures,
    size: usize,
    estate: &Estate,
) -> Result<(), Error> {
    let mut group = criterion.benchmark_group("load");
    group.sample_size(10).sampling_mode(SamplingMode::Flat).warm_up_time(Duration::from_millis(100));
    let (own, peer) = (format!("load/{size}"), format!("load/{size} typed serde_json"));
    // Errors show before the clock runs; inside it the answer is only kept from being optimised away.
    engine::load(&estate.files)?;
    figures.measure(&mut group, &own, 1, || {
        black_box(engine::load(&estate.files).is_ok());
    });
    figures.measure(&mut group, &peer, 1, || {
        black_box(estate.files.iter().all(|(_, bytes)| typed_export::parses(bytes)));
    });
    figures.note(format!(
        "{size} principals: {:.1} MB of JSON, typed parse reads all of it: {}",
        estate.size() as f64 / 1e6,
        estate.files.iter().all(|(_, bytes)| typed_export::parses(bytes)),
    ));
    figures.faster(&own, &peer, 0.15);
    Ok(())
}

/// `Prepared::verdict` over random requests: with all keys given, and with none, where many answers depend.
fn verdicts(
    criterion: &mut Criterion,
    figures: &mut Figures,
    size: usize,
    estate: &Estate,
    snapshot: &Snapshot,
) {
    let prepared = engine::prepare(snapshot);
    let mut scratch = Scratch::default();
    let mut group = criterion.benchmark_group("verdict");
    let questions = estate.requests(SEED, REQUESTS);
    for (known, what) in [(true, "all keys given"), (false, "no key given")] {
        let requests: Vec<Request> =
            questions.iter().map(|question| engine::request(question, known)).collect();
        let open = |request: &&Request, scratch: &mut Scratch| {
            engine::depends(engine::verdict(&prepared, request, scratch))
        };
        let dependent: Vec<&Request> =
            requests.iter().filter(|request| open(request, &mut scratch)).collect();
        let name = format!("verdict/{size} {what}");
        figures.measure(&mut group, &name, requests.len(), || {
            for request in &requests {
                black_box(engine::verdict(&prepared, request, &mut scratch));
            }
        });
        figures.time(&name, (known && size == 1_000).then_some(1e-6));
        let share = 100.0 * dependent.len() as f64 / requests.len() as f64;
        figures.note(format!("{name}: {share:.2} % of the verdicts depend"));
        if !dependent.is_empty() {
            let name = format!("{name}, those that depend");
            figures.measure(&mut group, &name, dependent.len(), || {
                for request in &dependent {
                    black_box(engine::verdict(&prepared, request, &mut scratch));
                }
            });
            figures.time(&name, None);
        }
    }
}

/// One principal against all permissions: intervals poured into a dense row, and the same algebra on roaring bitmaps.
fn rows(
    criterion: &mut Criterion,
    figures: &mut Figures,
    size: usize,
    estate: &Estate,
    snapshot: &Snapshot,
) -> Result<(), Error> {
    let mut group = criterion.benchmark_group("row");
    let step = (estate.principals().len() / ROWS).max(1);
    let principals: Vec<&str> = estate.principals().step_by(step).collect();
    let mut held = 0;
    for principal in &principals {
        let dense = engine::row(snapshot, principal)?;
        if dense != engine::roaring_row(snapshot, principal)? {
            figures.note(format!("row/{size}: the peer DISAGREES on {principal}"));
        }
        held += dense.1;
    }
    let (own, peer) = (format!("row/{size}"), format!("row/{size} roaring"));
    figures.measure(&mut group, &own, principals.len(), || {
        for principal in &principals {
            black_box(engine::row(snapshot, principal).is_ok());
        }
    });
    figures.measure(&mut group, &peer, principals.len(), || {
        for principal in &principals {
            black_box(engine::roaring_row(snapshot, principal).is_ok());
        }
    });
    figures
        .note(format!("row/{size}: {} possibly held permissions on average", held / principals.len().max(1)));
    figures.faster(&own, &peer, 3.0);
    Ok(())
}

/// `who_can` set at a time against asking about every principal.
fn holders(
    criterion: &mut Criterion,
    figures: &mut Figures,
    estate: &Estate,
    snapshot: &Snapshot,
) -> Result<(), Error> {
    let mut group = criterion.benchmark_group("who_can");
    group.sample_size(20);
    let prepared = engine::prepare(snapshot);
    let mut scratch = Scratch::default();
    let Some(mut question) = estate.requests(SEED, 1).pop() else { return Ok(()) };
    question.action = "s3:GetObject".to_owned();
    let cases = [
        ("resource with policy", estate.object_with_policy().unwrap_or_default(), 20.0),
        ("resource without policy", "arn:aws:s3:::a-bucket-of-nobody/part.json", 20.0),
        ("any resource", "*", 80.0),
    ];
    for (what, resource, bar) in cases {
        resource.clone_into(&mut question.resource);
        let query = engine::query(&engine::request(&question, true));
        let requests: Vec<Request> = estate
            .principals()
            .map(|principal| {
                principal.clone_into(&mut question.principal);
                engine::request(&question, true)
            })
            .collect();
        let answer = engine::holders(snapshot, &query)?;
        // Services, other accounts and everybody are holders too, but no scan over principals can find them.
        let found = engine::scan(&prepared, &requests, &mut scratch);
        figures
            .note(format!("who_can {what}: {answer} holders, the scan finds {found} of {}", requests.len()));
        let names = ["sets", "scan", "rows"].map(|form| format!("who_can/{what}, {form}"));
        let [sets, scan, rows] = &names;
        figures.measure(&mut group, sets, 1, || {
            black_box(engine::holders(snapshot, &query).is_ok());
        });
        figures.measure(&mut group, scan, 1, || {
            black_box(engine::scan(&prepared, &requests, &mut scratch));
        });
        figures.measure(&mut group, rows, answer, || {
            black_box(engine::holder_rows(snapshot, &query).is_ok());
        });
        figures.faster(sets, scan, bar);
        figures.time(rows, Some(2e-6));
    }
    Ok(())
}
