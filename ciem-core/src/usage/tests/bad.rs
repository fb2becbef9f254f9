//! Bad input: what was read stays, what was not is told with its offset, nothing panics and memory is bounded.

use super::{ANA, read, record};
use crate::error::Error;
use crate::usage::builder::UsageBuilder;
use crate::usage::options::UsageOptions;
use crate::usage::value::Usage;
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::io::{Read, Write};

fn records(count: usize) -> Vec<Value> {
    let one = |number: usize| {
        record(&format!("e{number}"), "2026-01-10T00:00:00Z", "s3.amazonaws.com", "CreateBucket")
    };
    (0..count).map(one).collect()
}

fn pack(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn count(usage: &Usage) -> u64 {
    usage.get(ANA, "s3:CreateBucket").map_or(0, |one| one.used().count())
}

#[test]
fn of_a_cut_off_gzip_the_beginning_stays() {
    let text = json!({"Records": records(5000)}).to_string();
    let packed = pack(&text);
    let usage = read(&packed[..packed.len() / 2]);
    let file = &usage.coverage().files[0];
    assert!(count(&usage) > 100 && count(&usage) < 5000);
    assert_eq!(count(&usage), file.records);
    assert!(file.errors[0].starts_with("malformed: the gzip data is cut off"), "{:?}", file.errors);
    assert!(file.errors[0].contains("in `log.json` at byte "), "{:?}", file.errors);
}

#[test]
fn several_forms_in_one_file() {
    let records = records(4);
    let text = format!(
        "{}\n{}\n{}",
        json!({"Records": [records[0]]}),
        json!([records[1], {"kind": "something else"}]),
        records[2]
    );
    let usage = read(text.as_bytes());
    assert_eq!(count(&usage), 3);
    assert_eq!(usage.coverage().counts.unread, 1);
    assert_eq!(usage.coverage().files[0].errors, ["unrecognised: 1 records of something else"]);
}

#[test]
fn a_bad_record_is_passed_over() {
    let records = records(2);
    for bad in [
        r#"{"eventTime": tru}"#,
        "5",
        r#"{"eventSource": "a", "eventName": "b", "eventTime": "yesterday"}"#,
        "[1]",
    ] {
        let text = format!(r#"{{"Records": [{}, {bad}, {}]}}"#, records[0], records[1]);
        let usage = read(text.as_bytes());
        assert_eq!(count(&usage), 2, "{bad}");
        assert_eq!(usage.coverage().files[0].errors.len(), 1, "{bad}");
    }
    let lines = format!("{}\n{{\"eventTime\": \n{}\n", records[0], records[1]);
    assert!(count(&read(lines.as_bytes())) >= 1);
}

#[test]
fn duplicates_and_the_future_do_not_count() {
    let mut records = records(3);
    records.extend(records.clone());
    records.push(record("later", "2027-01-10T00:00:00Z", "s3.amazonaws.com", "CreateBucket"));
    let now = crate::model::instant("2026-02-01T00:00:00Z").unwrap();
    let mut builder = UsageBuilder::with_options(&UsageOptions::default().as_of(now));
    builder.add("log.json", json!({"Records": records}).to_string().as_bytes()).unwrap();
    let usage = builder.finish();
    let counts = usage.coverage().counts;
    assert_eq!((count(&usage), counts.duplicates, counts.future), (3, 3, 1));
}

/// A list of records of which one goes on for a gigabyte, made while it is read.
struct Endless {
    before: std::io::Cursor<Vec<u8>>,
    left: u64,
    after: std::io::Cursor<Vec<u8>>,
}

impl Read for Endless {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let read = self.before.read(out)?;
        if read > 0 {
            return Ok(read);
        }
        if self.left > 0 {
            let length = out.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
            out[..length].fill(b'x');
            self.left -= length as u64;
            return Ok(length);
        }
        self.after.read(out)
    }
}

#[test]
fn a_record_without_end_is_too_large_and_the_next_is_read() {
    let records = records(2);
    let reader = Endless {
        before: std::io::Cursor::new(format!(r#"{{"Records": [{}, {{"a": ""#, records[0]).into_bytes()),
        left: 20 << 20,
        after: std::io::Cursor::new(format!(r#""}}, {}]}}"#, records[1]).into_bytes()),
    };
    let mut builder = UsageBuilder::new();
    builder.add_reader("log.json", reader).unwrap();
    let usage = builder.finish();
    assert_eq!(count(&usage), 2);
    assert!(usage.coverage().files[0].errors[0].starts_with("too_large: size of one record"));
}

#[test]
fn what_is_no_log_is_refused() {
    let code = |bytes: &[u8]| UsageBuilder::new().add("x", bytes).unwrap_err().code();
    assert_eq!(code(b"hello"), "unrecognised");
    assert_eq!(code(br#"{"UserDetailList": []}"#), "unrecognised");
    assert_eq!(code(b""), "unrecognised");
    assert_eq!(code(&[0x1f, 0x8b, 1, 2, 3]), "malformed");
    let mut skipping = UsageBuilder::with_options(
        &UsageOptions::default().on_error(crate::snapshot::options::OnError::Skip),
    );
    skipping.add("x", b"hello").unwrap();
    assert_eq!(skipping.finish().coverage().files[0].kind, "unrecognised");
}

#[test]
fn a_bomb_is_refused() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(b"[").unwrap();
    for _ in 0..40 {
        encoder.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    let error = UsageBuilder::new().add("bomb.gz", &encoder.finish().unwrap()).unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error}");
}

#[test]
fn bytes_that_are_no_text_are_replaced() {
    let mut bytes = json!({"Records": records(2)}).to_string().into_bytes();
    let at = bytes.windows(11).position(|text| text == b"203.0.113.7").unwrap();
    bytes[at] = 0xff;
    let usage = read(&bytes);
    assert_eq!(count(&usage), 2);
    assert!(usage.coverage().files[0].errors[0].contains("not UTF-8"));
}

/// A reader that gives a few bytes at a time.
struct Drops<'a>(&'a [u8], usize);

impl Read for Drops<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let length = self.1.min(out.len()).min(self.0.len());
        let (now, later) = self.0.split_at(length);
        out[..length].copy_from_slice(now);
        self.0 = later;
        Ok(length)
    }
}

#[test]
fn a_record_without_the_name_of_its_call_is_none() {
    let mut record = records(1).remove(0);
    record.as_object_mut().unwrap().remove("eventName");
    let within = json!({"CloudTrailEvent": json!({"CloudTrailEvent": record.to_string()}).to_string()});
    for record in [record, within] {
        let text = json!({"Records": [records(2)[1], record]}).to_string();
        assert_eq!(count(&read(text.as_bytes())), 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn damage_never_panics(cut in 0_usize..4000, at in 0_usize..4000, byte: u8, packed: bool) {
        let text = json!({"Records": records(6)}).to_string();
        let mut bytes = if packed { pack(&text) } else { text.into_bytes() };
        let length = bytes.len();
        bytes[at % length] = byte;
        bytes.truncate(length - cut % length);
        let mut builder = UsageBuilder::new();
        let _ = builder.add("log", &bytes);
        prop_assert!(count(&builder.finish()) <= 6);
    }

    #[test]
    fn how_bytes_arrive_does_not_matter(step in 1_usize..700) {
        let text = format!("{}\n{}", json!({"Records": records(4)}), records(6)[5]);
        let mut builder = UsageBuilder::new();
        builder.add_reader("log.json", Drops(text.as_bytes(), step)).unwrap();
        prop_assert_eq!(builder.finish(), read(text.as_bytes()));
    }
}
