//! What proposals cost: `cargo run --release -p ciem-benches --example rightsizing`. One principal with 5,000 granted
//! permissions, and everybody of an estate with 10,000 principals, each on 90 days of logs, and what is unused there; processor time of the
//! thread, for everybody on all cores by the clock. With `many` the second alone.

#[expect(dead_code, reason = "asks no questions")]
mod generator;

use ciem_core::{
    Cover, Level, Progress, RightsizeOptions, SnapshotBuilder, SpellingMode, UsageBuilder, UseEvent, Window,
};
use serde_json::json;
use std::error::Error;
use std::io::Write;
use std::time::Instant;

const AT: &str = "2026-11-01T00:00:00Z";
const ROUNDS: usize = 200;

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    let only = std::env::args().nth(1);
    if only.as_deref() != Some("many") {
        one(&mut out)?;
    }
    many(&mut out)
}

fn one(out: &mut dyn Write) -> Result<(), Box<dyn Error>> {
    let names: Vec<String> = {
        let mut builder = SnapshotBuilder::new();
        builder.add(
            "none.json",
            br#"{"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}"#,
        )?;
        builder.finish()?.permissions().map(|row| row.permission.to_owned()).collect()
    };
    let services: Vec<&str> = {
        let mut all: Vec<&str> = names.iter().filter_map(|name| name.split(':').next()).collect();
        all.dedup();
        all
    };
    let (mut granted, mut taken) = (0, Vec::new());
    for service in services.iter().step_by(2) {
        let of = names.iter().filter(|name| name.starts_with(&format!("{service}:"))).count();
        if granted + of <= 5_000 {
            granted += of;
            taken.push(format!("{service}:*"));
        }
    }
    let document = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": taken, "Resource": "*"}]});
    let export = json!({"UserDetailList": [], "GroupDetailList": [], "Policies": [], "RoleDetailList": [{
        "Path": "/", "RoleName": "job", "RoleId": "AROAAAAAAAAAAAAAAAAAA", "Arn": "arn:aws:iam::111122223333:role/job",
        "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": document}]}]});
    let mut builder = SnapshotBuilder::new();
    builder.add("account.json", export.to_string().as_bytes())?;
    let snapshot = builder.finish()?;
    let window = Window::ending("90d", AT)?;
    let mut logs = UsageBuilder::new();
    logs.cover(&Cover::management("aws", "111122223333", &window));
    let wanted = |name: &&String| taken.iter().any(|service| name.starts_with(service.trim_end_matches('*')));
    for name in names.iter().filter(wanted).step_by(60) {
        for (day, resource) in [("2026-10-01", "a"), ("2026-10-20", "b")] {
            let service = name.split(':').next().unwrap_or_default();
            let id = format!("arn:aws:{service}:eu-west-1:111122223333:thing/{resource}");
            logs.add_event(
                &UseEvent::new(
                    "arn:aws:iam::111122223333:role/job",
                    name.as_str(),
                    &format!("{day}T00:00:00Z"),
                )?
                .resource(id),
            )?;
        }
    }
    let usage = logs.finish();
    for (level, mode) in [
        (Level::Permissions, SpellingMode::Exact),
        (Level::Resources, SpellingMode::Safe),
        (Level::Conditions, SpellingMode::Compact),
    ] {
        let options = RightsizeOptions::new(AT).level(level).mode(mode).unobservable(false);
        // The kernel counts a thread's time in ticks: many rounds together tell what one of them costs.
        let mut kept = 0;
        let before = on_processor()?;
        for _ in 0..ROUNDS {
            let proposal = snapshot.rightsize("job", &usage, &options)?;
            kept = proposal.kept;
            assert_eq!(proposal.certificate.replay.would_fail, 0);
        }
        let took = (on_processor()? - before) as f64 / 1e6 / ROUNDS as f64;
        writeln!(out, "one principal, {granted} granted, {kept} kept, {level:?} {mode:?}: {took:.2} ms")?;
    }
    Ok(())
}

fn many(out: &mut dyn Write) -> Result<(), Box<dyn Error>> {
    let estate = generator::Estate::generate(1, 10_000);
    let mut builder = SnapshotBuilder::new();
    for (name, bytes) in &estate.files {
        builder.add(name, bytes)?;
    }
    let snapshot = builder.finish()?;
    let window = Window::ending("90d", AT)?;
    let rows: Vec<_> = snapshot.principals().filter(|row| row.loaded).collect();
    let mut logs = UsageBuilder::new();
    for account in rows.iter().map(|row| &row.account) {
        logs.cover(&Cover::management("aws", account, &window));
    }
    // What each may do tells what it may have done: twenty uses, half of them of what it has.
    let names: Vec<String> = snapshot.permissions().map(|row| row.permission.to_owned()).collect();
    for (number, row) in rows.iter().enumerate() {
        for at in 0..20 {
            let name = &names[(number * 7919 + at * 104_729) % names.len()];
            logs.add_event(&UseEvent::new(row.principal.as_str(), name.as_str(), "2026-10-01T00:00:00Z")?)?;
        }
    }
    let usage = logs.finish();
    let before = on_processor()?;
    let unused = snapshot.unused(&usage, &window)?;
    let seconds = (on_processor()? - before) as f64 / 1e9;
    writeln!(out, "unused, of all kinds: {} rows in {seconds:.1} s", unused.rows().len())?;
    let options = RightsizeOptions::new(AT);
    let rightsizer = snapshot.rightsizer(&usage, &options);
    let (mut done, mut changed, mut refused) = (0, 0, 0);
    let (mut granted, mut kept, mut over) = (0, 0, 0);
    let everybody: Vec<&str> = rows.iter().map(|row| row.principal.as_str()).collect();
    let started = Instant::now();
    rightsizer.propose_each(&everybody, &Progress::none(), |_, proposal| match proposal {
        Ok(proposal) => {
            done += 1;
            changed += usize::from(!proposal.remedy.changes.is_empty());
            over += usize::from(!proposal.fits);
            granted += proposal.granted as usize;
            kept += proposal.kept as usize;
            assert_eq!(proposal.certificate.within_granted, "proved");
        }
        Err(_) => refused += 1,
    })?;
    let elapsed = started.elapsed().as_secs_f64();
    writeln!(
        out,
        "{done} proposals, {changed} with changes, {over} over the limits, {refused} errors, on average {} of {} permissions kept: \
         {elapsed:.1} s by the clock, {:.2} ms each",
        kept / done,
        granted / done,
        elapsed * 1e3 / done as f64
    )?;
    Ok(())
}

/// Nanoseconds that this thread spent on a processor.
fn on_processor() -> Result<u64, Box<dyn Error>> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(text.split_whitespace().next().ok_or("no schedstat")?.parse()?)
}
