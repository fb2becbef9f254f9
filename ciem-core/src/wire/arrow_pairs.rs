//! Feature `arrow`: pairs from an Arrow IPC stream.

use super::arrow_check::{Checked, checked, malformed};
use crate::error::Error;
use crate::mining::assignments::Assignments;
use crate::progress::Progress;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_ipc::reader::StreamReader;
use arrow_schema::{ArrowError, DataType};

/// Adds the pairs of an Arrow IPC stream, as [`super::Table::to_arrow_ipc`] and other programs write it: its columns
/// `user` and `permission`, or else its first two, of texts or dictionaries of texts. Other columns are not read, compressed
/// batches neither.
///
/// # Errors
/// `malformed` if the bytes are no such stream; `invalid_request` if there are no two columns of texts without nulls; as
/// [`Assignments::add`]; `cancelled`.
pub fn add_arrow(assignments: &mut Assignments, stream: &[u8], progress: &Progress) -> Result<(), Error> {
    let refused = |error: ArrowError| malformed(&error.to_string());
    let Checked { stream, columns } = checked(stream)?;
    for batch in StreamReader::try_new(&*stream, Some(columns.to_vec())).map_err(refused)? {
        add_batch(assignments, &batch.map_err(refused)?, progress)?;
    }
    Ok(())
}

fn add_batch(assignments: &mut Assignments, batch: &RecordBatch, progress: &Progress) -> Result<(), Error> {
    let [users, permissions] = batch.columns() else { return Err(malformed("a column is lacking")) };
    let (users, permissions) = (Column::of(users), Column::of(permissions));
    for row in 0..batch.num_rows() {
        progress.tick("reading pairs", row, Some(batch.num_rows()))?;
        assignments.add(users.get(row)?, permissions.get(row)?)?;
    }
    Ok(())
}

/// The texts of a column, and which of them each row has where it is a dictionary.
struct Column<'a> {
    texts: &'a ArrayRef,
    keys: Option<Vec<usize>>,
    nulls: &'a dyn Array,
}

impl<'a> Column<'a> {
    fn of(column: &'a ArrayRef) -> Self {
        let dictionary = column.as_any_dictionary_opt();
        let texts = dictionary.map_or(column, |dictionary| dictionary.values());
        // Keys of a dictionary without values are all null, and cannot be made numbers.
        let keys =
            dictionary.map(|given| if texts.is_empty() { Vec::new() } else { given.normalized_keys() });
        Column { texts, keys, nulls: column }
    }

    fn get(&self, row: usize) -> Result<&'a str, Error> {
        let at = self.keys.as_ref().map_or(Some(row), |keys| keys.get(row).copied());
        let at =
            at.filter(|&at| !self.nulls.is_null(row) && at < self.texts.len() && !self.texts.is_null(at));
        let at = at.ok_or_else(|| Error::invalid("pairs", "neither a user nor a permission may be null"))?;
        Ok(match self.texts.data_type() {
            DataType::Utf8 => self.texts.as_string::<i32>().value(at),
            DataType::LargeUtf8 => self.texts.as_string::<i64>().value(at),
            _ => self.texts.as_string_view().value(at),
        })
    }
}
