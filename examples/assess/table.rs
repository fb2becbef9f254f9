//! Text that fits a page: aligned columns, wrapped where they end.

use std::io::{self, Write};

/// Width of the page in characters.
pub(crate) const WIDTH: usize = 100;

/// Prints rows in columns as wide as their widest cell. Cells of `numbers` columns are aligned to the right; the
/// last column takes what is left of the page and continues on further lines.
pub(crate) fn table(
    out: &mut impl Write,
    headings: &[&str],
    numbers: &[usize],
    rows: &[Vec<String>],
) -> io::Result<()> {
    let heading: Vec<String> = headings.iter().map(|heading| (*heading).to_owned()).collect();
    let rows: Vec<Vec<String>> =
        std::iter::once(&heading).chain(rows).map(|row| row.iter().map(|cell| clean(cell)).collect()).collect();
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| len(cell)).max();
    let widths: Vec<usize> = (0..headings.len()).map(|column| width(column).unwrap_or(0)).collect();
    for row in &rows {
        let mut line = String::from(" ");
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let fill = " ".repeat(width.saturating_sub(len(cell)));
            if column + 1 == row.len() && !numbers.contains(&column) {
                end_with(out, &mut line, cell)?;
            } else if numbers.contains(&column) {
                line.extend([" ", &fill, cell, " "]);
            } else {
                line.extend([" ", cell, &fill, " "]);
            }
        }
        if !line.trim().is_empty() {
            writeln!(out, "{}", line.trim_end())?;
        }
    }
    Ok(())
}

/// Prints the last cell of a line, which starts where the line ends, and empties the line.
fn end_with(out: &mut impl Write, line: &mut String, cell: &str) -> io::Result<()> {
    line.push(' ');
    let start = len(line);
    for part in wrap(cell, WIDTH.saturating_sub(start).max(20)) {
        writeln!(out, "{}", format!("{line}{part}").trim_end())?;
        *line = " ".repeat(start);
    }
    line.clear();
    Ok(())
}

/// Prints text that starts after `first` and continues below its start.
pub(crate) fn paragraph(out: &mut impl Write, first: &str, text: &str) -> io::Result<()> {
    end_with(out, &mut first.to_owned(), &clean(text))
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
pub(crate) fn clean(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}
