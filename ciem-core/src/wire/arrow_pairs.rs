//! Feature `arrow`: pairs from an Arrow IPC stream.

use crate::error::{Error, Place};
use crate::mining::assignments::Assignments;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_ipc::reader::StreamDecoder;
use arrow_schema::{ArrowError, DataType};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Adds the pairs of an Arrow IPC stream, as [`super::Table::to_arrow_ipc`] and other programs write it: its columns
/// `user` and `permission`, or else its first two, of texts or dictionaries of texts.
///
/// # Errors
/// `malformed` if the bytes are no such stream; `invalid_request` if there are no two columns of texts without nulls; as
/// [`Assignments::add`].
pub fn add_arrow(assignments: &mut Assignments, stream: &[u8]) -> Result<(), Error> {
    // The decoder keeps what has arrived and never makes room for what a header promises.
    let mut decoder = StreamDecoder::new();
    let mut rest = stream.to_vec().into();
    while let Some(batch) = caught(|| decoder.decode(&mut rest))? {
        add_batch(assignments, &batch)?;
    }
    caught(|| decoder.finish())
}

/// The decoder takes lengths in the stream at their word and panics where they lie.
fn caught<R>(decode: impl FnOnce() -> Result<R, ArrowError>) -> Result<R, Error> {
    let lying = |_| Err(ArrowError::IpcError("lengths that do not fit".to_owned()));
    catch_unwind(AssertUnwindSafe(decode)).unwrap_or_else(lying).map_err(malformed)
}

fn add_batch(assignments: &mut Assignments, batch: &RecordBatch) -> Result<(), Error> {
    let column = |name: &str, place: usize| batch.column_by_name(name).or_else(|| batch.columns().get(place));
    let (users, permissions) = (texts(column("user", 0))?, texts(column("permission", 1))?);
    for row in 0..batch.num_rows() {
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

fn texts(column: Option<&ArrayRef>) -> Result<Column<'_>, Error> {
    let refused = || Error::invalid("pairs", "two columns of texts are needed: `user` and `permission`");
    let column = column.ok_or_else(refused)?;
    let dictionary = column.as_any_dictionary_opt();
    let texts = dictionary.map_or(column, |dictionary| dictionary.values());
    if !matches!(texts.data_type(), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View) {
        return Err(refused());
    }
    // Keys of a dictionary without values are all null, and cannot be made numbers.
    let keys = dictionary.map(|given| if texts.is_empty() { Vec::new() } else { given.normalized_keys() });
    Ok(Column { texts, keys, nulls: column })
}

fn malformed(error: ArrowError) -> Error {
    Error::malformed(format!("not an Arrow IPC stream: {error}"), Place::default())
}
