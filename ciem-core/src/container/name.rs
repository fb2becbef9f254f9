//! Names of what was found inside an input. They are shown and never followed: no name leads to a file.

/// The name of an archive's entry: `archive!entry`, safe to print.
pub(super) fn of_entry(archive: &str, entry: &[u8]) -> String {
    format!("{archive}!{}", printable(&String::from_utf8_lossy(entry)))
}

/// A name as it may be printed: characters that steer a terminal, or that change the order in which text is shown, are
/// written as escapes.
pub(crate) fn printable(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        let reorders =
            matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || reorders {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}
