//! What it costs to read logs: `cargo run --release -p ciem-benches --example usage_logs -- [rounds]`. The records of the sample
//! estate's logs are written over and over, each time with ids of their own, into one gzip file; `gunzip -c` unpacks it, and the
//! library makes a value of it. Processor time of either, in the same run; and what memory the second takes for a file of
//! a tenth.

use ciem_core::UsageBuilder;
use flate2::read::MultiGzDecoder;
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Kernels count the time of children in ticks of a hundredth of a second.
const TICKS: f64 = 100.0;

fn main() -> Result<(), Box<dyn Error>> {
    let rounds = std::env::args().nth(1).map_or(Ok(40), |text| text.parse())?;
    let mut out = std::io::stdout().lock();
    let records = records()?;
    let folder = std::env::temp_dir().join(format!("ciem-usage-logs-{}", std::process::id()));
    std::fs::create_dir(&folder)?;
    for rounds in [(rounds / 10).max(1), rounds] {
        let path = folder.join("log.json.gz");
        let unpacked = write(&path, &records, rounds)?;
        let packed = std::fs::metadata(&path)?.len();
        let before = of_children()?;
        let done = Command::new("gunzip").arg("-c").arg(&path).stdout(Stdio::null()).status()?;
        let theirs = of_children()? - before;
        if !done.success() {
            return Err("gunzip failed".into());
        }
        let before = on_processor()?;
        let mut builder = UsageBuilder::new();
        builder.add_reader("log.json.gz", File::open(&path)?)?;
        let usage = builder.finish();
        let ours = (on_processor()? - before) as f64 / 1e9;
        writeln!(
            out,
            "{} records, {:.1} MB, {:.1} MB packed: gunzip -c {theirs:.2} s, usage of {} principals {ours:.2} s, {:.2}x; {} MB at most",
            records.len() * rounds,
            unpacked as f64 / 1e6,
            packed as f64 / 1e6,
            usage.principals().len(),
            theirs / ours,
            most_memory()? / 1_000,
        )?;
    }
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

fn records() -> Result<Vec<Value>, Box<dyn Error>> {
    let logs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/estate_logs");
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(logs)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    paths.sort();
    let mut records = Vec::new();
    for path in paths {
        let mut text = String::new();
        MultiGzDecoder::new(File::open(path)?).read_to_string(&mut text)?;
        let mut whole: Value = serde_json::from_str(&text)?;
        records.extend(whole["Records"].as_array_mut().into_iter().flat_map(std::mem::take));
    }
    Ok(records)
}

/// The unpacked size.
fn write(path: &Path, records: &[Value], rounds: usize) -> Result<u64, Box<dyn Error>> {
    let mut out = BufWriter::new(GzEncoder::new(File::create(path)?, Compression::default()));
    let mut size = 0;
    let mut put = |text: &str| {
        size += text.len() as u64;
        out.write_all(text.as_bytes())
    };
    put("{\"Records\":[")?;
    for round in 0..rounds {
        for (at, record) in records.iter().enumerate() {
            let mut record = record.clone();
            // As random as ids are.
            let id = (round * records.len() + at) as u64;
            let mixed = id.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            record["eventID"] = json!(format!("{:016x}-{:016x}", mixed, mixed.rotate_left(29) ^ id));
            let comma = if round + at == 0 { "" } else { "," };
            put(&format!("{comma}{record}"))?;
        }
    }
    put("]}")?;
    out.into_inner().map_err(|error| error.into_error())?.finish()?;
    Ok(size)
}

/// Nanoseconds that this thread spent on a processor.
fn on_processor() -> Result<u64, Box<dyn Error>> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(text.split_whitespace().next().ok_or("no schedstat")?.parse()?)
}

/// Seconds that ended children spent on a processor.
fn of_children() -> Result<f64, Box<dyn Error>> {
    let text = std::fs::read_to_string("/proc/self/stat")?;
    // Behind the name in brackets: the 14th and 15th of what follows.
    let rest = text.rsplit(')').next().ok_or("no stat")?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks = |at: usize| -> Result<f64, Box<dyn Error>> { Ok(fields.get(at).ok_or("no stat")?.parse()?) };
    Ok((ticks(13)? + ticks(14)?) / TICKS)
}

/// The most memory that the process ever had, in kB.
fn most_memory() -> Result<u64, Box<dyn Error>> {
    let text = std::fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no status")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
