//! Feature `fs`: exports from files, folders and patterns. The rest of the core never touches the file system.
#![expect(clippy::disallowed_methods, reason = "the one module whose work is reading files")]

use crate::container::printable;
use crate::error::{Error, Place};
use crate::progress::Progress;
use crate::snapshot::Snapshot;
use crate::snapshot::builder::SnapshotBuilder;
use crate::snapshot::intake::Origin;
use crate::snapshot::options::LoadOptions;
use crate::usage::builder::UsageBuilder;
use crate::usage::options::UsageOptions;
use crate::usage::value::Usage;
use glob::{MatchOptions, Pattern};
use std::collections::BTreeSet;
use std::fs::{DirEntry, File};
use std::path::{Component, Path, PathBuf};

/// As shells match: a star does not match a leading dot.
const AS_SHELLS_DO: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// Loads files, folders and what matches patterns into one snapshot.
///
/// A folder stands for the files in it and in its folders, in the order of their names. A path that is not there and
/// has `*`, `?` or `[` in it is a pattern; `**` stands for any folders. Links are followed where they are named, never
/// where they are found. Files may be packed as [`SnapshotBuilder::add`] says.
///
/// A file that no reader recognises is the error `unrecognised` when it was named, and only listed in
/// `coverage` when it was found in a folder or by a pattern.
///
/// ```
/// use ciem_core::{LoadOptions, load_paths};
///
/// let snapshot = load_paths(&["doc/*.json".into()], &LoadOptions::default())?;
/// assert_eq!(snapshot.coverage().counts["users"], 1);
/// # Ok::<(), ciem_core::Error>(())
/// ```
///
/// # Errors
/// `io` if something cannot be read or nothing matches a pattern; `too_large` or `too_deep` for folders beyond the
/// limits of the options; else as `SnapshotBuilder::add` and `finish`.
pub fn load_paths(paths: &[PathBuf], options: &LoadOptions) -> Result<Snapshot, Error> {
    let mut builder = SnapshotBuilder::with_options(options);
    let reach =
        Reach { most: options.limits.max_entries, depth: options.max_depth, progress: &options.progress };
    reach.read(paths, &mut builder, SnapshotBuilder::failed, |builder, name, file, expected, origin| {
        let bytes = builder.receive(name, file, expected)?;
        builder.take_in(name, &bytes, origin)
    })?;
    builder.finish()
}

/// Loads logs: files, folders and what matches patterns, as [`load_paths`] finds them. Archives other than gzip are not
/// opened.
///
/// A file that is no log is the error `unrecognised` when it was named, and only listed in `coverage` when it was found in a
/// folder or by a pattern.
///
/// ```
/// use ciem_core::{UsageOptions, load_usage};
///
/// let usage = load_usage(&["doc/log*.json".into()], &UsageOptions::default())?;
/// assert_eq!(usage.coverage().counts.records, 2);
/// # Ok::<(), ciem_core::Error>(())
/// ```
///
/// # Errors
/// `io` if something cannot be read or nothing matches a pattern; else as [`UsageBuilder::add_reader`].
pub fn load_usage(paths: &[PathBuf], options: &UsageOptions) -> Result<Usage, Error> {
    let mut builder = UsageBuilder::with_options(options);
    let reach =
        Reach { most: options.limits.max_entries, depth: options.max_depth, progress: &options.progress };
    reach.read(paths, &mut builder, UsageBuilder::failed, |builder, name, file, _, origin| match builder
        .read(name, file)
    {
        Err(error @ Error::Unrecognised { .. }) if origin == Origin::Found => {
            builder.skipped(name, &error);
            Ok(())
        }
        other => other,
    })?;
    Ok(builder.finish())
}

/// How far a search goes.
struct Reach<'o> {
    /// Entries of one folder with all its folders.
    most: u64,
    /// Levels of folders.
    depth: usize,
    progress: &'o Progress,
}

/// Files, and the places where the search could not go on.
type Found = Vec<(PathBuf, Result<Origin, Error>)>;

impl Reach<'_> {
    /// Hands every file to a builder, with its name, its length, and how it was found; and whatever fails, too.
    fn read<B>(
        &self,
        paths: &[PathBuf],
        builder: &mut B,
        failed: impl Fn(&mut B, &str, Error) -> Result<(), Error>,
        take: impl Fn(&mut B, &str, File, u64, Origin) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let files = self.files(paths)?;
        let total = Some(files.len());
        for (done, (path, found)) in files.into_iter().enumerate() {
            self.progress.poll("reading", done, total)?;
            let name = printable(&path.to_string_lossy());
            let taken = found.and_then(|origin| {
                let file = File::open(&path).map_err(|error| failure(&path, &error))?;
                let expected = file.metadata().map_or(0, |meta| meta.len());
                take(builder, &name, file, expected, origin)
            });
            if let Err(error) = taken {
                failed(builder, &name, error)?;
            }
        }
        Ok(())
    }

    fn files(&self, paths: &[PathBuf]) -> Result<Found, Error> {
        let mut files = Vec::new();
        for path in paths {
            let mut search = Search { reach: self, seen: 0, found: Vec::new() };
            search.start(path)?;
            files.extend(search.found);
        }
        Ok(files)
    }
}

/// Looks for files below one path that the caller gave.
struct Search<'o> {
    reach: &'o Reach<'o>,
    /// Entries of folders seen so far.
    seen: u64,
    found: Found,
}

impl Search<'_> {
    /// # Errors
    /// `cancelled`; everything else is found in its place.
    fn start(&mut self, path: &Path) -> Result<(), Error> {
        match std::fs::metadata(path) {
            Ok(meta) if meta.is_dir() => self.folder(path, 0),
            Ok(_) => {
                self.found.push((path.to_owned(), Ok(Origin::Named)));
                Ok(())
            }
            Err(error) => match split_pattern(path) {
                Some((base, parts)) => self.pattern(path, &base, &parts),
                None => self.failed(path, failure(path, &error)),
            },
        }
    }

    fn failed(&mut self, path: &Path, error: Error) -> Result<(), Error> {
        if matches!(error, Error::Cancelled) {
            return Err(error);
        }
        self.found.push((path.to_owned(), Err(error)));
        Ok(())
    }

    /// Files of a folder and of those in it, sorted by name.
    fn folder(&mut self, folder: &Path, depth: usize) -> Result<(), Error> {
        let entries = match self.entries(folder, depth) {
            Ok(entries) => entries,
            Err(error) => return self.failed(folder, error),
        };
        for (path, kind) in entries {
            match kind {
                Kind::File => self.found.push((path, Ok(Origin::Found))),
                Kind::Folder => self.folder(&path, depth + 1)?,
            }
        }
        Ok(())
    }

    /// Files, and folders with all that is in them, that match a pattern below `base`.
    fn pattern(&mut self, pattern: &Path, base: &Path, parts: &[Part]) -> Result<(), Error> {
        let mut matches = BTreeSet::new();
        let before = self.found.len();
        self.matching(base, parts, 0, &mut matches)?;
        if matches.is_empty() && self.found.len() == before {
            let reason = "no such file, and nothing matches it as a pattern".to_owned();
            return self.failed(pattern, Error::Io { reason, place: place(pattern) });
        }
        for (path, kind) in matches {
            match kind {
                Kind::File => self.found.push((path, Ok(Origin::Found))),
                Kind::Folder => self.folder(&path, 0)?,
            }
        }
        Ok(())
    }

    fn matching(
        &mut self,
        folder: &Path,
        parts: &[Part],
        depth: usize,
        matches: &mut BTreeSet<(PathBuf, Kind)>,
    ) -> Result<(), Error> {
        let Some((part, rest)) = parts.split_first() else { return Ok(()) };
        if matches!(part, Part::AnyFolders) {
            self.matching(folder, rest, depth, matches)?;
        }
        let entries = match self.entries(folder, depth) {
            Ok(entries) => entries,
            Err(error) => return self.failed(folder, error),
        };
        for (path, kind) in entries {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            match (part, kind, rest) {
                (Part::AnyFolders, Kind::Folder, _) if !name.starts_with('.') => {
                    self.matching(&path, parts, depth + 1, matches)?;
                }
                // At the end of a pattern, any folders hold any files.
                (Part::AnyFolders, Kind::File, []) if !name.starts_with('.') => {
                    matches.insert((path, kind));
                }
                (Part::Name(pattern), _, []) if pattern.matches_with(name, AS_SHELLS_DO) => {
                    matches.insert((path, kind));
                }
                (Part::Name(pattern), Kind::Folder, _) if pattern.matches_with(name, AS_SHELLS_DO) => {
                    self.matching(&path, rest, depth + 1, matches)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Files and folders directly in a folder, sorted by name. Links, which may lead anywhere and in circles, and
    /// what is no file are left out.
    fn entries(&mut self, folder: &Path, depth: usize) -> Result<Vec<(PathBuf, Kind)>, Error> {
        if depth > self.reach.depth {
            return Err(Error::TooDeep { limit: self.reach.depth as u64, place: place(folder) });
        }
        self.reach.progress.poll("finding files", self.found.len(), None)?;
        let mut entries = Vec::new();
        let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        for entry in std::fs::read_dir(here).map_err(|error| failure(folder, &error))? {
            self.seen += 1;
            let limit = self.reach.most;
            if self.seen > limit {
                let what = "number of entries".to_owned();
                return Err(Error::TooLarge { what, limit, place: place(folder) });
            }
            let entry = entry.map_err(|error| failure(folder, &error))?;
            entries.extend(Kind::of(&entry)?.map(|kind| (folder.join(entry.file_name()), kind)));
        }
        entries.sort_unstable();
        Ok(entries)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    File,
    Folder,
}

impl Kind {
    fn of(entry: &DirEntry) -> Result<Option<Kind>, Error> {
        let kind = entry.file_type().map_err(|error| failure(&entry.path(), &error))?;
        Ok(match (kind.is_file(), kind.is_dir()) {
            (true, _) => Some(Kind::File),
            (_, true) => Some(Kind::Folder),
            _ => None,
        })
    }
}

/// One part of a pattern, between two separators.
enum Part {
    /// `**`
    AnyFolders,
    Name(Pattern),
}

/// A path with wildcards: the folder before the first one, and the parts from there on.
fn split_pattern(path: &Path) -> Option<(PathBuf, Vec<Part>)> {
    let mut base = PathBuf::new();
    let mut parts = Vec::new();
    for component in path.components() {
        let wild = match component {
            Component::Normal(name) => name.to_str()?.contains(['*', '?', '[']),
            _ => false,
        };
        if parts.is_empty() && !wild {
            base.push(component);
            continue;
        }
        // `..` behind a wildcard has no folder that it surely leads to.
        let Component::Normal(name) = component else { return None };
        parts.push(match name.to_str()? {
            "**" => Part::AnyFolders,
            name => Part::Name(Pattern::new(name).ok()?),
        });
    }
    parts.dedup_by(|a, b| matches!((a, b), (Part::AnyFolders, Part::AnyFolders)));
    (!parts.is_empty()).then_some((base, parts))
}

fn failure(path: &Path, error: &std::io::Error) -> Error {
    Error::Io { reason: error.to_string(), place: place(path) }
}

fn place(path: &Path) -> Place {
    Place::source(&printable(&path.to_string_lossy()))
}
