//! Real logs, where they are there: what is read of them is what a reading of every record as JSON gives.
#![cfg(feature = "fs")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test reads files and fails"
)]

use ciem_core::{UsageBuilder, UsageOptions, UseState, Window, load_usage};
use flate2::read::GzDecoder;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::PathBuf;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/aws-cloudtrail");
const LOGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/estate_logs");

fn files(folder: &str) -> Option<Vec<PathBuf>> {
    let entries = std::fs::read_dir(format!("{FOLDER}/{folder}")).ok()?;
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    Some(files)
}

fn records(files: &[PathBuf]) -> Vec<Value> {
    let mut all = Vec::new();
    for path in files {
        let mut text = String::new();
        GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
        let whole: Value = serde_json::from_str(&text).unwrap();
        all.extend(whole["Records"].as_array().unwrap().iter().cloned());
    }
    all
}

#[test]
fn an_hour_of_a_real_account() {
    let Some(files) = files("invictus") else { return };
    let usage = load_usage(&files, &UsageOptions::default()).unwrap();
    let counts = usage.coverage().counts;
    assert_eq!((counts.records, counts.unread, counts.duplicates), (2900, 0, 0));
    assert!(usage.coverage().files.iter().all(|file| file.errors.is_empty()));

    // By hand: distinct calls of users that ended well and those that were refused, by name of the call.
    let mut good: BTreeMap<String, u64> = BTreeMap::new();
    let mut refused: BTreeMap<String, u64> = BTreeMap::new();
    for record in records(&files) {
        if record["userIdentity"]["type"] != "IAMUser" || record["eventType"] != "AwsApiCall" {
            continue;
        }
        let source = record["eventSource"].as_str().unwrap().split('.').next().unwrap().to_owned();
        let key = format!(
            "{} {source}:{}",
            record["userIdentity"]["arn"].as_str().unwrap(),
            record["eventName"].as_str().unwrap()
        );
        match record.get("errorCode").and_then(Value::as_str) {
            None => *good.entry(key).or_default() += 1,
            Some("AccessDenied" | "Client.UnauthorizedOperation") => *refused.entry(key).or_default() += 1,
            _ => {}
        }
    }
    let mut compared = 0;
    for principal in usage.principals().filter(|id| id.contains(":user/")) {
        for one in usage.of(principal) {
            let key = format!("{principal} {}", one.permission());
            // Names that differ are compared below.
            let differing = ["s3:", "lambda:", "cloudwatch:", "servicecatalog:"];
            if differing.iter().any(|service| one.permission().starts_with(service)) {
                continue;
            }
            assert_eq!(one.used().count(), good.get(&key).copied().unwrap_or(0), "{key}");
            assert_eq!(one.denied().count(), refused.get(&key).copied().unwrap_or(0), "{key}");
            compared += 1;
        }
    }
    assert!(compared > 150, "{compared}");
    let one = usage.get("arn:aws:iam::123837392027:user/bert-jan", "s3:ListAllMyBuckets");
    assert!(one.is_some_and(|one| one.used().count() > 0));
    // One hour is no baseline: nothing is unused in a window of days.
    let window = Window::ending("30d", "2023-07-11T00:00:00Z").unwrap();
    let state = usage.state("arn:aws:iam::123837392027:user/bert-jan", "ec2:CreateKeyPair", &window);
    assert_eq!(state, UseState::Unobservable);
}

#[test]
fn order_and_split_of_real_files_do_not_matter() {
    let Some(mut files) = files("invictus") else { return };
    let whole = load_usage(&files, &UsageOptions::default()).unwrap();
    files.reverse();
    assert_eq!(load_usage(&files, &UsageOptions::default()).unwrap(), whole);
    let (first, second) = files.split_at(files.len() / 3);
    let of = |files: &[PathBuf]| load_usage(files, &UsageOptions::default()).unwrap();
    let merged = of(second).merge(&of(first));
    for principal in whole.principals() {
        for one in whole.of(principal) {
            let other = merged.get(principal, one.permission()).unwrap();
            assert_eq!(
                (one.used().days(), one.used().first_seen(), one.used().last_seen(), one.used().count()),
                (
                    other.used().days(),
                    other.used().first_seen(),
                    other.used().last_seen(),
                    other.used().count()
                )
            );
        }
    }
}

#[test]
fn techniques_of_attackers_as_bare_lists() {
    let Some(files) = files("stratus") else { return };
    let usage = load_usage(&files, &UsageOptions::default()).unwrap();
    assert!(usage.coverage().files.iter().all(|file| file.kind == "cloudtrail" && file.errors.is_empty()));
    assert!(usage.coverage().counts.uses > 150);
}

#[test]
fn the_sample_logs_cover_each_day_of_each_account() {
    let usage = load_usage(&[LOGS.into()], &UsageOptions::default()).unwrap();
    let coverage = usage.coverage();
    assert_eq!(coverage.counts.unread + coverage.counts.duplicates, 0);
    assert!(coverage.unknown.is_empty(), "{:?}", coverage.unknown);
    let accounts: BTreeSet<&str> = coverage.logs.iter().map(|log| log.account.as_str()).collect();
    assert_eq!(accounts.len(), 6);
    for log in coverage.logs {
        assert_eq!(
            (log.first.as_str(), log.last.as_str(), log.days),
            ("2026-07-04", "2026-10-31", 120),
            "{}",
            log.account
        );
    }
    // The job at the end of each quarter: within 120 days twice, within 60 once.
    let hugo = "arn:aws:iam::111122223333:user/hugo.brandt";
    let job = usage.get(hugo, "dynamodb:ExportTableToPointInTime").unwrap();
    assert_eq!(job.used().days().to_strings(), ["2026-07-06", "2026-09-30", "2026-10-01"]);
    assert_eq!(
        job.observed().next().unwrap().resource,
        Some("arn:aws:dynamodb:eu-west-1:111122223333:table/payments-ledger")
    );
}

#[test]
fn memory_does_not_grow_with_the_log() {
    // A log of a hundred megabytes that is made while it is read: what is kept of it is the same as of a short one.
    struct Repeated {
        record: Vec<u8>,
        left: usize,
        at: usize,
    }
    impl Read for Repeated {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            if self.left == 0 {
                return Ok(0);
            }
            let rest = &self.record[self.at..];
            let length = rest.len().min(out.len());
            out[..length].copy_from_slice(&rest[..length]);
            self.at += length;
            if self.at == self.record.len() {
                self.at = 0;
                self.left -= 1;
            }
            Ok(length)
        }
    }
    let record = br#"{"eventTime":"2026-01-03T10:00:00Z","eventSource":"s3.amazonaws.com","eventName":"ListBuckets","awsRegion":"us-east-1","recipientAccountId":"111122223333","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/ana"}}
"#;
    let read = |times: usize| {
        let mut builder = UsageBuilder::new();
        builder.add_reader("log", Repeated { record: record.to_vec(), left: times, at: 0 }).unwrap();
        builder.finish()
    };
    let long = read(100_000);
    let one = long.get("arn:aws:iam::111122223333:user/ana", "s3:ListAllMyBuckets").unwrap();
    assert_eq!((one.used().count(), one.observed().len()), (100_000, 1));
}
