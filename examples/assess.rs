//! Assesses cloud accounts from their exports: what was read and what was not, who is an administrator, who
//! comes in from outside, which identities can change the most, and what should have ended by a date.

#[path = "assess/changes.rs"]
mod changes;
#[path = "assess/conditions.rs"]
mod conditions;
#[path = "assess/dates.rs"]
mod dates;
#[path = "assess/departed.rs"]
mod departed;
#[path = "assess/elevations.rs"]
mod elevations;
#[path = "assess/findings.rs"]
mod findings;
#[path = "assess/outsiders.rs"]
mod outsiders;
#[path = "assess/page.rs"]
mod page;
#[path = "assess/print.rs"]
mod print;
#[path = "assess/reach.rs"]
mod reach;
#[path = "assess/readers.rs"]
mod readers;
#[path = "assess/stories.rs"]
mod stories;
#[cfg(test)]
#[path = "assess/stories_tests.rs"]
mod stories_tests;
#[path = "assess/table.rs"]
mod table;
#[path = "assess/telling.rs"]
mod telling;
#[path = "assess/tenant.rs"]
mod tenant;
#[path = "assess/tenant_text.rs"]
mod tenant_text;
#[cfg(test)]
#[path = "assess/tests.rs"]
mod tests;
#[path = "assess/undecided.rs"]
mod undecided;
#[path = "assess/unused.rs"]
mod unused;

use ciem_core::{Error, LoadOptions, OnError, UsageOptions, load_paths, load_usage};
use clap::Parser;
use findings::Assessment;
use jiff::Timestamp;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The date of the sample estate, whose contracts and elevations end before it or after it.
const SAMPLE_AT: &str = "2026-11-01T00:00:00Z";

/// Assesses cloud accounts from their exports: coverage, administrators, outside access, widest identities, and what
/// should have ended by a date.
#[derive(Parser)]
#[command(name = "assess")]
struct Options {
    /// Export files, plain or gzip, and folders of them; the sample estate without any
    paths: Vec<PathBuf>,
    /// CloudTrail logs, plain or gzip, and folders of them; those of the sample estate without any paths
    #[arg(long, value_name = "PATH")]
    logs: Vec<PathBuf>,
    /// Write everything as JSON to this file, readable by its owner only
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write a page for browsers to this file, readable by its owner only
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// The date (or RFC 3339 instant) that is asked for; now without it, 2026-11-01 for the sample estate
    #[arg(long, value_name = "DATE", value_parser = date)]
    at: Option<Timestamp>,
    /// Load what can be read and list the rest instead of stopping at the first bad file
    #[arg(long)]
    skip_bad_files: bool,
}

fn date(text: &str) -> Result<Timestamp, &'static str> {
    dates::start(text).ok_or("expected a date such as 2026-01-31, or an instant such as 2026-01-31T12:00:00Z")
}

fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options, &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

/// Why there is no assessment, as `code: message`.
#[derive(Debug)]
enum Failure {
    Ciem(Error),
    Output(PathBuf, io::Error),
    Print(io::Error),
    Clock,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Ciem(error) => write!(f, "{}: {error}", error.code()),
            Failure::Output(path, error) => write!(f, "io: cannot write `{}`: {error}", path.display()),
            Failure::Print(error) => write!(f, "io: cannot print: {error}"),
            Failure::Clock => write!(f, "clock: the time of this machine is no date; give one with --at"),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Ciem(error)
    }
}

fn run(options: &Options, out: &mut impl Write) -> Result<(), Failure> {
    let paths = if options.paths.is_empty() { vec![sample_estate()] } else { options.paths.clone() };
    let on_error = if options.skip_bad_files { OnError::Skip } else { OnError::Raise };
    let load = LoadOptions::default().on_error(on_error).progress(print::progress());
    let snapshot = load_paths(&paths, &load)?;
    let usual = if options.paths.is_empty() { dates::start(SAMPLE_AT) } else { dates::now() };
    let at = options.at.or(usual).ok_or(Failure::Clock)?;
    let logs = match (options.logs.is_empty(), options.paths.is_empty()) {
        (false, _) => options.logs.clone(),
        (true, true) => vec![sample_logs()],
        (true, false) => Vec::new(),
    };
    let usage = load_usage(&logs, &UsageOptions::default().on_error(on_error).progress(print::progress()))?;
    let assessment = Assessment::of(&snapshot, &usage, at, &print::progress())?;
    print::end_progress();
    if let Some(path) = &options.json {
        let json = |file: &mut BufWriter<File>| {
            serde_json::to_writer_pretty(&mut *file, &assessment)?;
            writeln!(file)
        };
        write_private(path, json).map_err(|error| Failure::Output(path.clone(), error))?;
    }
    if let Some(path) = &options.html {
        let html = |file: &mut BufWriter<File>| file.write_all(page::html(&assessment).as_bytes());
        write_private(path, html).map_err(|error| Failure::Output(path.clone(), error))?;
    }
    match print::print(out, &assessment) {
        // A reader that has seen enough, such as `head`, is no failure.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed.map_err(Failure::Print),
    }
}

fn sample_logs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("estate_logs")
}

fn sample_estate() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("estate")
}

/// What is found is nobody else's business: the file is its owner's alone, also where it was there before.
fn write_private(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    file.set_permissions(<fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o600))?;
    let mut file = BufWriter::new(file);
    write(&mut file)?;
    file.flush()
}
