//! Feature `arrow`: pairs from an Arrow IPC stream.

use crate::error::{Error, Place};
use crate::mining::assignments::Assignments;
use crate::progress::Progress;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_ipc::reader::StreamReader;
use arrow_ipc::root_as_message;
use arrow_schema::{ArrowError, DataType, Schema};

/// Adds the pairs of an Arrow IPC stream, as [`super::Table::to_arrow_ipc`] and other programs write it: its columns
/// `user` and `permission`, or else its first two, of texts or dictionaries of texts. Other columns are not read.
///
/// # Errors
/// `malformed` if the bytes are no such stream; `invalid_request` if there are no two columns of texts without nulls; as
/// [`Assignments::add`]; `cancelled`.
pub fn add_arrow(assignments: &mut Assignments, stream: &[u8], progress: &Progress) -> Result<(), Error> {
    check_lengths(stream)?;
    let places = places(&StreamReader::try_new(stream, None).map_err(malformed)?.schema())?;
    for batch in StreamReader::try_new(stream, Some(places.to_vec())).map_err(malformed)? {
        add_batch(assignments, &batch.map_err(malformed)?, progress)?;
    }
    Ok(())
}

/// Rows of one batch beyond which something else than a table is at hand.
const MOST_ROWS: i64 = i32::MAX as i64;

/// Walks over the messages and looks whether what their headers promise is there: the reader takes them at their word.
fn check_lengths(stream: &[u8]) -> Result<(), Error> {
    let lying = || malformed(ArrowError::IpcError("lengths that do not fit".to_owned()));
    let mut rest = stream;
    // A stream may end without its mark.
    while !rest.is_empty() {
        let mut size = number(&mut rest).ok_or_else(lying)?;
        if size == u32::MAX {
            size = number(&mut rest).ok_or_else(lying)?;
        }
        if size == 0 {
            return Ok(());
        }
        let header = split(&mut rest, u64::from(size)).ok_or_else(lying)?;
        let message =
            root_as_message(header).map_err(|error| malformed(ArrowError::ParseError(error.to_string())))?;
        let body = split(&mut rest, u64::try_from(message.bodyLength()).map_err(|_| lying())?);
        let most = body.ok_or_else(lying)?.len() as u64;
        let of_dictionary = message.header_as_dictionary_batch().and_then(|dictionary| dictionary.data());
        let Some(batch) = message.header_as_record_batch().or(of_dictionary) else { continue };
        let is_inside = |offset: i64, length: i64| {
            let (offset, length) = (u64::try_from(offset).ok()?, u64::try_from(length).ok()?);
            (offset.checked_add(length)? <= most).then_some(())
        };
        for buffer in batch.buffers().into_iter().flatten() {
            is_inside(buffer.offset(), buffer.length()).ok_or_else(lying)?;
        }
        let counts = batch.nodes().into_iter().flatten().map(|node| (node.null_count(), node.length()));
        if !counts.chain([(0, batch.length())]).all(|(few, all)| 0 <= few && few <= all && all <= MOST_ROWS) {
            return Err(lying());
        }
    }
    Ok(())
}

fn split<'a>(rest: &mut &'a [u8], length: u64) -> Option<&'a [u8]> {
    let (first, others) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    *rest = others;
    Some(first)
}

fn number(rest: &mut &[u8]) -> Option<u32> {
    split(rest, 4)?.try_into().ok().map(u32::from_le_bytes)
}

/// Where the users and the permissions are.
fn places(schema: &Schema) -> Result<[usize; 2], Error> {
    let named = |name: &str| schema.fields().iter().position(|field| field.name() == name);
    match (named("user"), named("permission")) {
        (Some(user), Some(permission)) => Ok([user, permission]),
        _ if schema.fields().len() >= 2 => Ok([0, 1]),
        _ => Err(refused()),
    }
}

fn add_batch(assignments: &mut Assignments, batch: &RecordBatch, progress: &Progress) -> Result<(), Error> {
    let [users, permissions] = batch.columns() else { return Err(refused()) };
    let (users, permissions) = (texts(users)?, texts(permissions)?);
    for row in 0..batch.num_rows() {
        progress.tick("reading pairs", row, Some(batch.num_rows()))?;
        assignments.add(users.get(row)?, permissions.get(row)?)?;
    }
    Ok(())
}

fn refused() -> Error {
    Error::invalid("pairs", "two columns of texts are needed: `user` and `permission`")
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

fn texts(column: &ArrayRef) -> Result<Column<'_>, Error> {
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
