//! Feature `arrow`: tables as Arrow record batches, made one at a time while they are read, and as IPC streams.
//!
//! Texts become `Utf8` and lists `List<Utf8>`, which every reader of Arrow knows; pairs become a list of structs with
//! the fields `name` and `value`, counts `UInt64`. Only texts can be null.

use super::table::{Cell, ColumnKind, Table};
use crate::error::{Error, Place};
use arrow_array::builder::{ArrayBuilder, ListBuilder, StringBuilder, StructBuilder};
use arrow_array::{ArrayRef, BooleanArray, RecordBatch, RecordBatchReader, UInt64Array};
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema, SchemaRef};
use std::ops::Range;
use std::sync::Arc;

/// Rows of a batch, and texts in one of its columns of lists: small enough to stay in a processor's cache for the
/// most part, and far from the 2 GiB that the offsets of one array can address.
const MOST_ROWS: usize = 1 << 16;
const MOST_MEMBERS: usize = 1 << 20;

/// The record batches of a table, in order; an empty table has none. Made by [`Table::batches`].
#[derive(Debug)]
pub struct Batches {
    table: Table,
    schema: SchemaRef,
    next: usize,
    most_rows: usize,
    most_members: usize,
}

impl Table {
    /// The columns as an Arrow schema.
    pub fn arrow_schema(&self) -> Schema {
        let field = |(name, kind)| Field::new(name, data_type(kind), kind == ColumnKind::Text);
        Schema::new(self.columns().map(field).collect::<Vec<_>>())
    }

    /// The rows as Arrow record batches. They share nothing with the table, which stays as it is.
    pub fn batches(&self) -> Batches {
        self.batches_of(MOST_ROWS, MOST_MEMBERS)
    }

    pub(super) fn batches_of(&self, most_rows: usize, most_members: usize) -> Batches {
        Batches {
            table: self.clone(),
            schema: Arc::new(self.arrow_schema()),
            next: 0,
            most_rows,
            most_members,
        }
    }

    /// The rows as one Arrow IPC stream, without compression.
    ///
    /// # Errors
    /// `too_large` if one row holds more than 2 GiB of text; `internal`.
    pub fn to_arrow_ipc(&self) -> Result<Vec<u8>, Error> {
        let mut out = Vec::new();
        let mut writer =
            arrow_ipc::writer::StreamWriter::try_new(&mut out, &self.arrow_schema()).map_err(failure)?;
        for batch in self.batches() {
            writer.write(&batch.map_err(failure)?).map_err(failure)?;
        }
        writer.finish().map_err(failure)?;
        drop(writer);
        Ok(out)
    }

    fn array(&self, column: usize, kind: ColumnKind, rows: Range<usize>) -> Result<ArrayRef, ArrowError> {
        let cells = rows.clone().filter_map(|row| self.cell(row, column));
        Ok(match kind {
            ColumnKind::Text => {
                let mut texts = StringBuilder::with_capacity(rows.len(), 0);
                for cell in cells {
                    match cell {
                        Cell::Text(text) => push(&mut texts, text)?,
                        _ => texts.append_null(),
                    }
                }
                Arc::new(texts.finish())
            }
            ColumnKind::Texts => {
                let mut lists = ListBuilder::new(StringBuilder::new()).with_field(item());
                for cell in cells {
                    if let Cell::Texts(texts) = cell {
                        for text in texts {
                            push(lists.values(), text)?;
                        }
                    }
                    lists.append(true);
                }
                Arc::new(lists.finish())
            }
            ColumnKind::Pairs => {
                let fields: [Box<dyn ArrayBuilder>; 2] =
                    [Box::<StringBuilder>::default(), Box::<StringBuilder>::default()];
                let pairs = StructBuilder::new(pair(), fields.into());
                let mut lists = ListBuilder::new(pairs).with_field(pair_item());
                for cell in cells {
                    if let Cell::Pairs(pairs) = cell {
                        for (name, value) in pairs {
                            let fields = lists.values();
                            for (at, text) in [name, value].into_iter().enumerate() {
                                if let Some(texts) = fields.field_builder::<StringBuilder>(at) {
                                    push(texts, text)?;
                                }
                            }
                            fields.append(true);
                        }
                    }
                    lists.append(true);
                }
                Arc::new(lists.finish())
            }
            ColumnKind::Flag => {
                Arc::new(cells.map(|cell| Some(matches!(cell, Cell::Flag(true)))).collect::<BooleanArray>())
            }
            ColumnKind::Number => {
                let numbers = cells.map(|cell| if let Cell::Number(number) = cell { number } else { 0 });
                Arc::new(UInt64Array::from_iter_values(numbers))
            }
        })
    }
}

impl Batches {
    /// The end of the batch that begins at `next`: one row at least.
    fn end(&self) -> usize {
        let end = self.table.len().min(self.next.saturating_add(self.most_rows));
        let mut members = vec![0usize; self.table.columns().len()];
        for row in self.next..end {
            for (column, count) in members.iter_mut().enumerate() {
                *count += match self.table.cell(row, column) {
                    Some(Cell::Texts(texts)) => texts.len(),
                    Some(Cell::Pairs(pairs)) => pairs.len(),
                    _ => 0,
                };
            }
            if row > self.next && members.iter().any(|&count| count > self.most_members) {
                return row;
            }
        }
        end
    }
}

impl Iterator for Batches {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.table.len() {
            return None;
        }
        let rows = self.next..self.end();
        self.next = rows.end;
        let columns = self.table.columns().enumerate();
        let arrays = columns.map(|(column, (_, kind))| self.table.array(column, kind, rows.clone()));
        let arrays: Result<Vec<_>, _> = arrays.collect();
        Some(arrays.and_then(|arrays| RecordBatch::try_new(Arc::clone(&self.schema), arrays)))
    }
}

impl RecordBatchReader for Batches {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

/// Appends `text`, unless the array would outgrow its offsets: the builder itself would panic.
fn push(texts: &mut StringBuilder, text: &str) -> Result<(), ArrowError> {
    if texts.values_slice().len().saturating_add(text.len()) > i32::MAX as usize {
        return Err(ArrowError::OffsetOverflowError(texts.values_slice().len()));
    }
    texts.append_value(text);
    Ok(())
}

fn item() -> Field {
    Field::new("item", DataType::Utf8, false)
}

fn pair() -> Fields {
    Fields::from(vec![Field::new("name", DataType::Utf8, false), Field::new("value", DataType::Utf8, false)])
}

fn pair_item() -> Field {
    Field::new("item", DataType::Struct(pair()), false)
}

fn data_type(kind: ColumnKind) -> DataType {
    match kind {
        ColumnKind::Text => DataType::Utf8,
        ColumnKind::Texts => DataType::List(Arc::new(item())),
        ColumnKind::Pairs => DataType::List(Arc::new(pair_item())),
        ColumnKind::Flag => DataType::Boolean,
        ColumnKind::Number => DataType::UInt64,
    }
}

fn failure(error: ArrowError) -> Error {
    match error {
        ArrowError::OffsetOverflowError(_) => Error::TooLarge {
            what: "the text of one column of one batch of rows".to_owned(),
            limit: i32::MAX as u64,
            place: Place::default(),
        },
        other => Error::Internal { reason: other.to_string() },
    }
}
