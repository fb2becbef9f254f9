//! Effective access at 1k, 10k and 100k principals: verdicts, rows, holders and loading, each against its peer in the
//! same run. `docs/benchmarks.md` has the method and the figures.

mod engine;
mod figures;
mod generator;
mod roaring_rows;
#[expect(dead_code, reason = "the peer parses into the fields and does not look at them")]
mod typed_export;

use ciem_core::{Error, PreparedRequest, Request, Scratch, Snapshot};
use criterion::{Criterion, SamplingMode};
use figures::Figures;
use generator::Estate;
use std::hint::black_box;
use std::time::Duration;

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];
const SEED: u64 = 1;
const REQUESTS: usize = 10_000;
/// Up to this size all rows of the matrix are made.
const MOST_ROWS: usize = 10_000;
/// The size at which sets are compared with a scan.
const MANY: usize = 100_000;
/// Requests of a scan that are prepared at a time.
const PORTION: usize = 10_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut criterion = Criterion::default().configure_from_args();
    let mut figures = Figures::default();
    for size in SIZES {
        let estate = Estate::generate(SEED, size);
        loading(&mut criterion, &mut figures, size, &estate)?;
        figures.print()?;
        let snapshot = engine::load(&estate.files)?;
        verdicts(&mut criterion, &mut figures, size, &estate, &snapshot)?;
        figures.print()?;
        if size <= MOST_ROWS {
            rows(&mut criterion, &mut figures, size, &estate, &snapshot)?;
            figures.print()?;
        }
        if size == MANY {
            holders(&mut criterion, &mut figures, &estate, &snapshot)?;
        }
    }
    criterion.final_summary();
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
) -> Result<(), Error> {
    let prepared = snapshot.prepare();
    let mut scratch = Scratch::default();
    let mut group = criterion.benchmark_group("verdict");
    let questions = estate.requests(SEED, REQUESTS);
    for (known, what) in [(true, "all keys given"), (false, "no key given")] {
        let asked = questions.iter().map(|question| engine::request(question, known));
        let requests = engine::requests(&prepared, asked)?;
        let (dependent, settled): (Vec<&PreparedRequest>, Vec<&PreparedRequest>) =
            requests.iter().partition(|request| engine::depends(prepared.verdict(request, &mut scratch)));
        let name = format!("verdict/{size} {what}");
        let all: Vec<&PreparedRequest> = requests.iter().collect();
        let share = 100.0 * dependent.len() as f64 / requests.len() as f64;
        figures.note(format!("{name}: {share:.2} % of the verdicts depend"));
        for (part, list) in
            [("", &all), (", those that depend", &dependent), (", those that do not", &settled)]
        {
            if list.is_empty() {
                continue;
            }
            let name = format!("{name}{part}");
            figures.measure(&mut group, &name, list.len(), || {
                for request in list {
                    black_box(prepared.verdict(request, &mut scratch));
                }
            });
            figures.time(&name, (known && size == 1_000 && part.is_empty()).then_some(1e-6));
        }
    }
    Ok(())
}

/// All principals against all permissions: intervals poured into dense rows, and the same algebra on roaring bitmaps.
fn rows(
    criterion: &mut Criterion,
    figures: &mut Figures,
    size: usize,
    estate: &Estate,
    snapshot: &Snapshot,
) -> Result<(), Error> {
    let mut group = criterion.benchmark_group("row");
    group.sample_size(20);
    let peer = roaring_rows::Compiled::new(&estate.files);
    let (mut compared, mut different, mut held) = (0, 0, 0);
    for (principal, surely, possibly) in engine::rows(snapshot)? {
        let Some(row) = peer.row(&principal) else { continue };
        compared += 1;
        held += possibly;
        different += usize::from(row != (surely as u64, possibly as u64));
    }
    let name = format!("row/{size}");
    let average = held / compared.max(1);
    figures.note(format!(
        "{name}: {average} possibly held permissions on average; the peer differs in {different} of {compared} rows"
    ));
    let other = format!("row/{size} roaring");
    figures.measure(&mut group, &name, engine::row_count(snapshot)?, || {
        black_box(engine::row_count(snapshot).is_ok());
    });
    figures.measure(&mut group, &other, peer.len(), || {
        black_box(peer.rows());
    });
    figures.faster(&name, &other, 3.0);
    let intervals = peer.intervals();
    if let Some(seconds) = figures.median(&name) {
        let held = intervals as f64 / peer.len().max(1) as f64;
        let each = seconds * 1e9 / held.max(1.0);
        figures.note(format!("{name}: {held:.0} (statement x interval) of a principal, {each:.1} ns each"));
    }
    Ok(())
}

/// `who_can` set at a time against asking about every principal.
fn holders(
    criterion: &mut Criterion,
    figures: &mut Figures,
    estate: &Estate,
    snapshot: &Snapshot,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut group = criterion.benchmark_group("who_can");
    group.sample_size(10);
    let prepared = snapshot.prepare();
    let mut scratch = Scratch::default();
    let Some(mut question) = estate.requests(SEED, 1).pop() else { return Ok(()) };
    let object = estate.object_with_policy().unwrap_or_default();
    // Where many resources have policies a request is large, and so is an answer: a part of the principals is scanned,
    // and rows are made once.
    let cases = [
        ("resource with policy", "s3:GetObject", object, 1, 20.0),
        ("resource without policy", "s3:GetObject", "arn:aws:s3:::a-bucket-of-nobody/part.json", 1, 20.0),
        ("any resource, none with policy", "dynamodb:GetItem", "*", 1, 80.0),
        ("any resource, some with policy", "s3:GetObject", "*", 50, 80.0),
    ];
    for (what, action, resource, part, bar) in cases {
        action.clone_into(&mut question.action);
        resource.clone_into(&mut question.resource);
        let query = engine::query(&engine::request(&question, true));
        let answer = engine::holders(snapshot, &query)?;
        let names = ["sets", "scan", "rows"].map(|form| format!("who_can/{what}, {form}"));
        let [sets, scan, rows] = &names;
        figures.measure(&mut group, sets, 1, || {
            black_box(engine::holders(snapshot, &query).is_ok());
        });
        let principals: Vec<&str> = estate.principals().step_by(part).collect();
        let mut found = 0;
        for portion in principals.chunks(PORTION) {
            let asked: Vec<Request> = portion
                .iter()
                .map(|principal| {
                    (*principal).clone_into(&mut question.principal);
                    engine::request(&question, true)
                })
                .collect();
            let requests = engine::requests(&prepared, asked.into_iter())?;
            found += figures.once(scan, || engine::scan(&prepared, &requests, &mut scratch));
        }
        figures.faster_in_all(sets, scan, part, bar);
        let conditional = engine::conditional(snapshot, &query)?;
        if part == 1 {
            figures.measure(&mut group, rows, answer, || {
                black_box(engine::holder_rows(snapshot, &query).is_ok());
            });
        } else {
            figures.once_per(rows, answer, || engine::holder_rows(snapshot, &query))?;
        }
        figures.time(rows, Some(2e-6));
        // Services, other accounts and everybody are holders too, but no scan over principals can find them.
        figures.note(format!(
            "who_can {what}: {answer} holders, {conditional} of them under a condition; the scan finds {found} of {}",
            principals.len()
        ));
        figures.print()?;
    }
    Ok(())
}
