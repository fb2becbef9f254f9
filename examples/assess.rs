//! Assesses cloud accounts from their exports: what was read and what was not, who is an administrator, who
//! comes in from outside, and which identities can change the most.

#[path = "assess/conditions.rs"]
mod conditions;
#[path = "assess/findings.rs"]
mod findings;
#[path = "assess/outsiders.rs"]
mod outsiders;
#[path = "assess/print.rs"]
mod print;
#[path = "assess/reach.rs"]
mod reach;
#[path = "assess/table.rs"]
mod table;
#[cfg(test)]
#[path = "assess/tests.rs"]
mod tests;
#[path = "assess/undecided.rs"]
mod undecided;

use ciem_core::{Error, LoadOptions, OnError, load_paths};
use clap::Parser;
use findings::Assessment;
use std::fs::{self, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Assesses cloud accounts from their exports: coverage, administrators, outside access, widest identities.
#[derive(Parser)]
#[command(name = "assess")]
struct Options {
    /// Export files, plain or gzip, and folders of them; the sample estate without any
    paths: Vec<PathBuf>,
    /// Write everything as JSON to this file, readable by its owner only
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Load what can be read and list the rest instead of stopping at the first bad file
    #[arg(long)]
    skip_bad_files: bool,
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
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Ciem(error) => write!(f, "{}: {error}", error.code()),
            Failure::Output(path, error) => write!(f, "io: cannot write `{}`: {error}", path.display()),
            Failure::Print(error) => write!(f, "io: cannot print: {error}"),
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
    let assessment = Assessment::of(&snapshot, &print::progress())?;
    print::end_progress();
    if let Some(path) = &options.json {
        write_json(path, &assessment).map_err(|error| Failure::Output(path.clone(), error))?;
    }
    match print::print(out, &assessment) {
        // A reader that has seen enough, such as `head`, is no failure.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed.map_err(Failure::Print),
    }
}

fn sample_estate() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("estate")
}

/// What is found is nobody else's business: the file is its owner's alone, also where it was there before.
fn write_json(path: &Path, assessment: &Assessment) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    file.set_permissions(<fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o600))?;
    let mut file = BufWriter::new(file);
    serde_json::to_writer_pretty(&mut file, assessment)?;
    writeln!(file)?;
    file.flush()
}
