//! Tables: rows of one shape kept as columns, so that a million of them are a few flat arrays.

use super::columns::{Column, Lists, Run, Writer};
use crate::base::{Interner, Text};
use crate::error::Error;
use crate::progress::Progress;
use serde_json::json;
use std::ops::Range;
use std::sync::Arc;

/// What all cells of a column are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ColumnKind {
    /// Text, or nothing.
    Text,
    /// A list of texts.
    Texts,
    /// Texts by name.
    Pairs,
    /// Yes or no.
    Flag,
    /// A count.
    Number,
}

/// One cell, borrowed from its table.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Cell<'a> {
    /// Nothing, in a column of texts.
    Null,
    /// Text.
    Text(&'a str),
    /// A list of texts.
    Texts(Texts<'a>),
    /// Names and texts, sorted by name.
    Pairs(Pairs<'a>),
    /// Yes or no.
    Flag(bool),
    /// A count.
    Number(u64),
}

/// The texts of a cell, in order.
#[derive(Clone, Debug)]
pub struct Texts<'a> {
    texts: &'a Interner,
    runs: std::slice::Iter<'a, Run>,
    run: Range<u32>,
    left: usize,
}

impl<'a> Texts<'a> {
    fn new(texts: &'a Interner, runs: &'a [Run]) -> Self {
        let left = runs.iter().map(|&(first, end)| (end - first) as usize).sum();
        Texts { texts, runs: runs.iter(), run: 0..0, left }
    }
}

impl<'a> Iterator for Texts<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        while self.run.is_empty() {
            let &(first, end) = self.runs.next()?;
            self.run = first..end;
        }
        self.left = self.left.saturating_sub(1);
        self.run.next().map(|code| self.texts.get(Text(code)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Texts<'_> {}

/// The names and texts of a cell, sorted by name.
#[derive(Clone, Debug)]
pub struct Pairs<'a>(Texts<'a>);

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        Some((self.0.next()?, self.0.next()?))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let count = self.0.len() / 2;
        (count, Some(count))
    }
}

impl ExactSizeIterator for Pairs<'_> {}

/// Rows in a stable order, kept as columns of one type each. Equal texts and equal lists are kept once; clones and
/// slices share all of it.
///
/// ```
/// # use ciem_core::{Progress, SnapshotBuilder, wire};
/// let snapshot = SnapshotBuilder::new().finish()?;
/// let table = wire::table(&snapshot, "permissions", "{}", &Progress::none())?;
/// assert_eq!(table.columns().next(), Some(("permission", wire::ColumnKind::Text)));
/// let first = table.slice(0..1);
/// assert_eq!(first.len(), 1);
/// assert!(first.to_json().starts_with(r#"{"v":1,"rows":[{"permission":"#));
/// # Ok::<(), ciem_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Table {
    data: Arc<Data>,
    rows: Range<usize>,
}

pub(super) struct Data {
    pub(super) names: Vec<&'static str>,
    pub(super) columns: Vec<Column>,
    pub(super) texts: Interner,
    pub(super) lists: Lists,
    pub(super) assumptions: Vec<String>,
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table").field("len", &self.len()).field("columns", &self.data.names).finish()
    }
}

impl Table {
    pub(super) fn new(data: Data, len: usize) -> Self {
        Table { data: Arc::new(data), rows: 0..len }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Names and kinds of the columns, in their order.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = (&'static str, ColumnKind)> + '_ {
        self.data.names.iter().zip(&self.data.columns).map(|(&name, column)| (name, column.kind()))
    }

    /// What the rows take for granted.
    pub fn assumptions(&self) -> &[String] {
        &self.data.assumptions
    }

    /// One cell; none where there is no such row or column. Both are counted from 0.
    pub fn cell(&self, row: usize, column: usize) -> Option<Cell<'_>> {
        let row = self.rows.start.checked_add(row).filter(|row| self.rows.contains(row))?;
        let list = |number: u32| Texts::new(&self.data.texts, self.data.lists.get(number));
        Some(match self.data.columns.get(column)? {
            Column::Text(codes) => match *codes.get(row)? {
                Writer::NULL => Cell::Null,
                code => Cell::Text(self.data.texts.get(Text(code))),
            },
            Column::Texts(lists) => Cell::Texts(list(*lists.get(row)?)),
            Column::Pairs(lists) => Cell::Pairs(Pairs(list(*lists.get(row)?))),
            Column::Flag(flags) => Cell::Flag(*flags.get(row)?),
            Column::Number(numbers) => Cell::Number(*numbers.get(row)?),
        })
    }

    /// The rows of `range`, sharing the cells; what of the range lies beyond the end is left out.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Table {
        let end = self.rows.start.saturating_add(range.end).min(self.rows.end);
        let start = self.rows.start.saturating_add(range.start).min(end);
        Table { data: Arc::clone(&self.data), rows: start..end }
    }

    /// A row as a JSON object; none where there is no such row.
    pub fn row_json(&self, row: usize) -> Option<String> {
        let mut out = String::new();
        (row < self.len()).then(|| self.write_row(row, &mut out))?;
        Some(out)
    }

    /// The rows as a JSON array of objects.
    pub fn rows_json(&self) -> String {
        let mut out = String::from("[");
        (0..self.len()).for_each(|row| self.write_next(row, &mut out));
        out.push(']');
        out
    }

    /// The wire document: `{"v": 1, "rows": [...], "assumptions": [...]}`.
    pub fn to_json(&self) -> String {
        self.document(&self.rows_json())
    }

    /// As `to_json`, polling.
    pub(super) fn to_json_with(&self, progress: &Progress) -> Result<String, Error> {
        let mut rows = String::from("[");
        for row in 0..self.len() {
            progress.tick("writing", row, Some(self.len()))?;
            self.write_next(row, &mut rows);
        }
        rows.push(']');
        Ok(self.document(&rows))
    }

    fn document(&self, rows: &str) -> String {
        format!(r#"{{"v":1,"rows":{rows},"assumptions":{}}}"#, json!(self.data.assumptions))
    }

    fn write_next(&self, row: usize, out: &mut String) {
        if row > 0 {
            out.push(',');
        }
        self.write_row(row, out);
    }

    fn write_row(&self, row: usize, out: &mut String) {
        out.push('{');
        for (column, name) in self.data.names.iter().enumerate() {
            if column > 0 {
                out.push(',');
            }
            write_text(name, out);
            out.push(':');
            match self.cell(row, column) {
                None | Some(Cell::Null) => out.push_str("null"),
                Some(Cell::Text(text)) => write_text(text, out),
                Some(Cell::Texts(texts)) => write_all(texts, out, ['[', ']'], write_text),
                Some(Cell::Pairs(pairs)) => write_all(pairs, out, ['{', '}'], |(name, text), out| {
                    write_text(name, out);
                    out.push(':');
                    write_text(text, out);
                }),
                Some(Cell::Flag(flag)) => out.push_str(if flag { "true" } else { "false" }),
                Some(Cell::Number(number)) => out.push_str(&number.to_string()),
            }
        }
        out.push('}');
    }
}

fn write_all<T>(
    items: impl Iterator<Item = T>,
    out: &mut String,
    [open, close]: [char; 2],
    write: impl Fn(T, &mut String),
) {
    out.push(open);
    for (at, item) in items.enumerate() {
        if at > 0 {
            out.push(',');
        }
        write(item, out);
    }
    out.push(close);
}

/// As serde_json writes a string: the texts of most columns need no escape and are copied whole.
fn write_text(text: &str, out: &mut String) {
    if text.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        out.push_str(&json!(text).to_string());
    } else {
        out.push('"');
        out.push_str(text);
        out.push('"');
    }
}
