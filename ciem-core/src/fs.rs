//! Feature `fs`: exports from files and folders. The rest of the core never touches the file system.
#![expect(clippy::disallowed_methods, reason = "the one module whose work is reading files")]

use crate::error::{Error, Place};
use crate::snapshot::Snapshot;
use crate::snapshot::builder::{LoadOptions, SnapshotBuilder};
use std::path::{Path, PathBuf};

/// Loads files, and the files directly inside folders, into one snapshot.
///
/// A file that no reader recognises is the error `unrecognised` when it was named, and only listed in
/// `coverage` when it was found in a folder. Links inside folders are not followed.
///
/// # Errors
/// `io` if something cannot be read; else as `SnapshotBuilder::add` and `finish`.
pub fn load_paths(paths: &[PathBuf], options: &LoadOptions) -> Result<Snapshot, Error> {
    let mut builder = SnapshotBuilder::with_options(options);
    let mut files: Vec<(PathBuf, bool)> = Vec::new();
    for path in paths {
        let found = std::fs::metadata(path).map_err(|error| failure(path, &error));
        match found {
            Ok(meta) if meta.is_dir() => {
                files.extend(inside(path)?.into_iter().map(|file| (file, false)));
            }
            Ok(_) => files.push((path.clone(), true)),
            Err(error) => builder.failed(&path.to_string_lossy(), error)?,
        }
    }
    for (done, (path, named)) in files.iter().enumerate() {
        options.progress.poll("reading", done, Some(files.len()))?;
        let name = path.to_string_lossy();
        let bytes = match std::fs::File::open(path) {
            Ok(file) => builder.read_stream(&name, file),
            Err(error) => Err(failure(path, &error)),
        };
        let result = bytes.and_then(|bytes| builder.add_found(&name, &bytes, *named));
        if let Err(error) = result {
            builder.failed(&name, error)?;
        }
    }
    builder.finish()
}

/// Regular files of a folder, sorted by name.
fn inside(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| failure(folder, &error))? {
        let entry = entry.map_err(|error| failure(folder, &error))?;
        let kind = entry.file_type().map_err(|error| failure(&entry.path(), &error))?;
        if kind.is_file() {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

fn failure(path: &Path, error: &std::io::Error) -> Error {
    Error::Io { reason: error.to_string(), place: Place::source(&path.to_string_lossy()) }
}
