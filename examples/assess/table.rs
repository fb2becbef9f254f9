//! Text that fits a page: aligned columns, wrapped where they end.

use std::io::{self, Write};

/// Width of the page in characters.
pub(crate) const WIDTH: usize = 100;
/// The last column wraps and needs no more room than this, and less where the page is too narrow.
const LAST: usize = 40;
const NARROW: usize = 20;

/// Prints rows in columns as wide as their widest cell, or narrower where the page ends. Cells of `numbers` columns
/// are aligned to the right; a last column of text continues on further lines. Headings without rows say nothing.
pub(crate) fn table(
    out: &mut impl Write,
    headings: &[&str],
    numbers: &[usize],
    rows: &[Vec<String>],
) -> io::Result<()> {
    if rows.is_empty() {
        return writeln!(out, "  None.");
    }
    let heading: Vec<String> = headings.iter().map(|heading| (*heading).to_owned()).collect();
    let rows: Vec<Vec<String>> = std::iter::once(&heading)
        .chain(rows)
        .map(|row| row.iter().map(|cell| clean(cell)).collect())
        .collect();
    let widths = widths(&rows, numbers);
    for row in &rows {
        let mut line = String::new();
        for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
            line.push_str("  ");
            if numbers.contains(&column) {
                line.push_str(&format!("{cell:>width$}"));
            } else if column + 1 == row.len() {
                end_with(out, &mut line, cell)?;
            } else {
                line.push_str(&format!("{:<width$}", cut(cell, width)));
            }
        }
        if !line.is_empty() {
            writeln!(out, "{}", line.trim_end())?;
        }
    }
    Ok(())
}

fn widths(rows: &[Vec<String>], numbers: &[usize]) -> Vec<usize> {
    let columns = rows.first().map_or(0, Vec::len);
    let widest = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| len(cell)).max();
    let mut widths: Vec<usize> = (0..columns).map(|column| widest(column).unwrap_or(0)).collect();
    let over = |widths: &[usize]| widths.iter().map(|width| width + 2).sum::<usize>().saturating_sub(WIDTH);
    let wraps = columns > 1 && !numbers.contains(&(columns - 1));
    if let Some(last) = widths.last_mut().filter(|_| wraps) {
        *last = (*last).min(LAST);
    }
    let missing = over(&widths);
    if let Some(last) = widths.last_mut().filter(|_| wraps) {
        *last -= missing.min(last.saturating_sub(NARROW));
    }
    // The names stand first; they are cut if that is not enough.
    let missing = over(&widths);
    let mut text = widths.iter_mut().enumerate().filter(|(column, _)| !numbers.contains(column));
    if let Some((_, first)) = text.next() {
        *first -= missing.min(*first);
    }
    widths
}

/// The text with its middle left out, since names often differ only at their end.
fn cut(text: &str, width: usize) -> String {
    let characters: Vec<char> = text.chars().collect();
    if characters.len() <= width {
        return text.to_owned();
    }
    let kept = width.saturating_sub(1);
    let head = characters.iter().take(kept.div_ceil(2));
    let tail = characters.iter().skip(characters.len() - kept / 2);
    head.chain(['…'].iter()).chain(tail).collect()
}

/// Prints the last cell of a line, which starts where the line ends, and empties the line.
fn end_with(out: &mut impl Write, line: &mut String, cell: &str) -> io::Result<()> {
    let start = len(line);
    for part in wrap(cell, WIDTH.saturating_sub(start).max(1)) {
        writeln!(out, "{}", format!("{line}{part}").trim_end())?;
        *line = " ".repeat(start);
    }
    line.clear();
    Ok(())
}

/// Prints text that starts after `first` and continues below its start.
pub(crate) fn paragraph(out: &mut impl Write, first: &str, text: &str) -> io::Result<()> {
    end_with(out, &mut format!("{first} "), &clean(text))
}

/// Lines of at most `width` characters, broken at spaces; words that are longer are cut.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ').flat_map(|word| pieces(word, width)) {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(&word),
            Some(line) if len(line) + 1 + len(&word) <= width => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

fn pieces(word: &str, width: usize) -> Vec<String> {
    let characters: Vec<char> = word.chars().collect();
    characters.chunks(width).map(|piece| piece.iter().collect()).collect()
}

fn len(text: &str) -> usize {
    text.chars().count()
}

/// Names come from inputs: control characters must not reach the terminal.
fn clean(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}
