//! Reads source files as the architecture test needs them: code without comments and text, the words in it,
//! the modules that it names. A reader of tokens, not a parser: enough for rules that have no exceptions.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// One source file; `code` has no comments, and each string literal is an empty one.
pub(crate) struct Source {
    /// Path below the folder that was scanned, with `/`.
    pub(crate) path: String,
    code: String,
    literals: Vec<String>,
    lines: usize,
}

/// The root of the repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A text file of the repository.
pub(crate) fn read(path: &str) -> String {
    std::fs::read_to_string(repository().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The sources below `folder` with these extensions, sorted by path.
pub(crate) fn sources(folder: &str, extensions: &[&str]) -> Vec<Source> {
    let root = repository().join(folder);
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.retain(|file| file.extension().is_some_and(|e| extensions.iter().any(|wanted| e == *wanted)));
    files.sort();
    files.iter().map(|file| Source::read(&root, file)).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in folder.read_dir().unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "node_modules" && name != "target") {
                collect(&path, files);
            }
        } else {
            files.push(path);
        }
    }
}

impl Source {
    fn read(root: &Path, file: &Path) -> Source {
        let path = file.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
        Source::of(path, &std::fs::read_to_string(file).unwrap())
    }

    fn of(path: String, text: &str) -> Source {
        let own = text.find("#[cfg(test)]\nmod tests {").map_or(text, |start| &text[..start]);
        let (code, literals) = match path.rsplit('.').next() {
            Some("py" | "pyi") => strip(own, "#", None, &["\"\"\"", "\"", "'"]),
            Some("rs") => strip(own, "//", Some(("/*", "*/")), &["\""]),
            _ => strip(own, "//", Some(("/*", "*/")), &["\"", "'", "`"]),
        };
        Source { path, code, literals, lines: own.lines().count() }
    }

    /// A file compiled for tests only.
    pub(crate) fn is_test(&self) -> bool {
        self.path.split('/').any(|part| matches!(part, "tests" | "tests.rs"))
    }

    /// Lines without the test module.
    pub(crate) fn lines(&self) -> usize {
        self.lines
    }

    /// The top-level module that the file belongs to.
    pub(crate) fn module(&self) -> &str {
        self.path.split('/').next().unwrap().trim_end_matches(".rs")
    }

    /// The contents of the string literals.
    pub(crate) fn literals(&self) -> &[String] {
        &self.literals
    }

    /// All identifiers, in order.
    pub(crate) fn identifiers(&self) -> Vec<String> {
        words(&self.code).map(str::to_owned).collect()
    }

    /// Whether the code has this text at the start of a word.
    pub(crate) fn has_word(&self, text: &str) -> bool {
        let starts = |at: usize| !self.code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let ends =
            |at: usize| !self.code[at + text.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
        self.code
            .match_indices(text)
            .any(|(at, _)| starts(at) && (ends(at) || !text.ends_with(char::is_alphanumeric)))
    }

    /// Whether code or literals have `name` as a word, alone or as a part of a compound (`aws_rule`, `AwsRule`).
    pub(crate) fn names(&self, name: &str) -> bool {
        let texts = std::iter::once(&self.code).chain(&self.literals);
        texts.flat_map(|text| words(text)).flat_map(parts).any(|part| part.eq_ignore_ascii_case(name))
    }

    /// Top-level modules of the crate named by `crate::` or by enough `super::`.
    pub(crate) fn modules_named(&self) -> BTreeSet<String> {
        let mut named: BTreeSet<String> = self.items_under("crate").into_iter().collect();
        let up = vec!["super"; self.depth()].join("::");
        named.extend(self.items_under(&up));
        named
    }

    /// How many `super` lead from this file's module to the crate.
    fn depth(&self) -> usize {
        let own_name = !self.path.ends_with("/mod.rs");
        self.path.split('/').count() - usize::from(!own_name)
    }

    /// Whether the file names something below `path`, and nothing but these.
    pub(crate) fn names_only(&self, path: &str, allowed: &[&str]) -> bool {
        let items = self.items_under(path);
        !items.is_empty() && items.iter().all(|item| allowed.contains(&item.as_str()))
    }

    /// The names directly below `path` wherever it stands: in `path::a::b` and in `use path::{a, b::{c, d}}`.
    pub(crate) fn items_under(&self, path: &str) -> Vec<String> {
        let prefix = format!("{path}::");
        let mut items = Vec::new();
        for (at, _) in self.code.match_indices(&prefix) {
            if self.code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            let rest = self.code[at + prefix.len()..].trim_start();
            match rest.strip_prefix('{') {
                Some(group) => items.extend(group_heads(group)),
                None => items.extend(head(rest)),
            }
        }
        items
    }
}

/// The first names of the comma-separated entries of a `use` group, up to its closing brace.
fn group_heads(group: &str) -> Vec<String> {
    let (mut depth, mut start, mut heads) = (0_usize, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                heads.extend(head(group[start..at].trim_start()));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    heads
}

fn head(text: &str) -> Option<String> {
    words(text).next().filter(|word| text.starts_with(word)).map(str::to_owned)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// The parts of a compound word: cut at underscores and before capitals that follow a small letter.
fn parts(word: &str) -> Vec<&str> {
    let mut cuts = vec![0];
    let pairs = word.char_indices().zip(word.char_indices().skip(1));
    cuts.extend(pairs.filter(|((_, a), (_, b))| a.is_lowercase() && b.is_uppercase()).map(|(_, (at, _))| at));
    cuts.push(word.len());
    cuts.windows(2).flat_map(|cut| word[cut[0]..cut[1]].split('_')).collect()
}

/// Takes comments away and string literals out.
fn strip(text: &str, line: &str, block: Option<(&str, &str)>, quotes: &[&str]) -> (String, Vec<String>) {
    let (mut code, mut literals, mut rest) = (String::with_capacity(text.len()), Vec::new(), text);
    while let Some(c) = rest.chars().next() {
        let quote = quotes.iter().find(|quote| rest.starts_with(**quote));
        if rest.starts_with(line) {
            rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
        } else if let Some((_, close)) = block.filter(|(open, _)| rest.starts_with(open)) {
            rest = rest.find(close).map_or("", |end| &rest[end + close.len()..]);
        } else if let Some(length) = character_literal(rest, quotes) {
            rest = &rest[length..];
        } else if let Some(quote) = quote {
            let hashes = raw_hashes(&code);
            let (literal, after) = literal(&rest[quote.len()..], quote, hashes);
            // A string that stands alone on its line is documentation in the languages that have such.
            let statement =
                *quote == "\"\"\"" && code.lines().last().is_none_or(|before| before.trim().is_empty());
            if !statement {
                literals.push(literal.to_owned());
            }
            code.push_str("\"\"");
            rest = after;
        } else {
            code.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    (code, literals)
}

/// The length of a Rust character literal, so that its quotes open no string; a lifetime is none.
fn character_literal(rest: &str, quotes: &[&str]) -> Option<usize> {
    if quotes.contains(&"'") || !rest.starts_with('\'') {
        return None;
    }
    let body = rest[1..].strip_prefix('\\');
    let from = if body.is_some() { 3 } else { 1 + rest[1..].chars().next()?.len_utf8() };
    let end = rest.get(from..)?.find('\'')?;
    (end == 0 || body.is_some() && end < 8).then_some(from + end + 1)
}

/// The number of `#` of a raw string whose opening stands at the end of `code`; none for an ordinary one.
fn raw_hashes(code: &str) -> Option<usize> {
    let bare = code.trim_end_matches('#');
    let before = bare.strip_suffix('r')?.trim_end_matches(['b', 'c']);
    (!before.ends_with(|c: char| c.is_alphanumeric() || c == '_')).then_some(code.len() - bare.len())
}

/// The literal that `text` begins with and what stands behind it.
fn literal<'t>(text: &'t str, quote: &str, raw: Option<usize>) -> (&'t str, &'t str) {
    let close = format!("{quote}{}", "#".repeat(raw.unwrap_or(0)));
    let mut from = 0;
    while let Some(found) = text[from..].find(&close) {
        let end = from + found;
        let slashes = text[..end].len() - text[..end].trim_end_matches('\\').len();
        if raw.is_some() || slashes.is_multiple_of(2) {
            return (&text[..end], &text[end + close.len()..]);
        }
        from = end + 1;
    }
    (text, "")
}

#[test]
fn a_source_is_read_as_its_compiler_would() {
    let text = r##"
        //! crate::comment and "text"
        use crate::{access, model::{Facts, x}, truth};
        use super::super::wire::call; /* crate::block */
        fn f<'a>(s: &'a str) -> char { if s == "crate::text \" aws" { '"' } else { '\'' } }
        const RAW: &str = r#"crate::raw "aws" "#; static S: crate::base::Id = 1; fn aws_rule() {}
#[cfg(test)]
mod tests { use crate::report; }"##;
    let source = Source::of("snapshot/builder.rs".to_owned(), text);
    let modules: Vec<_> = source.modules_named().into_iter().collect();
    assert_eq!(modules, ["access", "base", "model", "truth", "wire"]);
    assert_eq!(source.literals(), ["crate::text \\\" aws", "crate::raw \"aws\" "]);
    assert!(
        source.names("aws") && !source.names("comment") && source.has_word("call") && !source.has_word("cal")
    );
}
