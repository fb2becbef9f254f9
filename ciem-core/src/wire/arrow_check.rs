//! Feature `arrow`: looks whether what the headers of an Arrow IPC stream promise is there. The library's reader takes lengths
//! at their word, and stops the program where they lie.

use crate::error::{Error, Place};
use arrow_ipc::convert::try_fb_to_schema;
use arrow_ipc::{MessageHeader, RecordBatch, root_as_message};
use arrow_schema::{DataType, Fields, Schema, UnionMode};

/// Rows of one batch beyond which something else than a table is at hand.
const MOST_ROWS: i64 = i32::MAX as i64;

/// The messages of a stream that two of its columns need, and which columns these are.
pub(super) struct Checked {
    pub(super) stream: Vec<u8>,
    pub(super) columns: [usize; 2],
}

/// A column that is read, and the number of its dictionary.
struct Column {
    place: usize,
    kind: DataType,
    dictionary: Option<i64>,
}

/// Leaves what is not needed out of a stream, and fails where the rest is not what it says.
pub(super) fn checked(stream: &[u8]) -> Result<Checked, Error> {
    let (mut kept, mut known) = (Vec::with_capacity(stream.len()), None);
    let mut rest = stream;
    // A stream may end without its mark.
    while !rest.is_empty() {
        let whole = rest;
        let mut size = number(&mut rest).ok_or_else(lying)?;
        if size == u32::MAX {
            size = number(&mut rest).ok_or_else(lying)?;
        }
        if size == 0 {
            break;
        }
        let header = split(&mut rest, u64::from(size)).ok_or_else(lying)?;
        let message = root_as_message(header).map_err(|error| malformed(&error.to_string()))?;
        let body = u64::try_from(message.bodyLength()).ok().and_then(|length| split(&mut rest, length));
        let body = body.ok_or_else(lying)?.len() as u64;
        let is_needed = match (message.header_type(), &known) {
            (MessageHeader::Schema, None) => {
                let schema = message.header_as_schema().ok_or_else(lying)?;
                let ids: Vec<Option<i64>> = schema
                    .fields()
                    .into_iter()
                    .flatten()
                    .map(|field| field.dictionary().map(|dictionary| dictionary.id()))
                    .collect();
                let schema = try_fb_to_schema(schema).map_err(|error| malformed(&error.to_string()))?;
                let columns = columns(&schema, &ids)?;
                known = Some((schema, columns));
                true
            }
            (MessageHeader::DictionaryBatch, Some((_, columns))) => {
                let batch = message.header_as_dictionary_batch().ok_or_else(lying)?;
                let of = columns.iter().find(|column| column.dictionary == Some(batch.id()));
                if let (Some(Column { kind: DataType::Dictionary(_, texts), .. }), Some(data)) =
                    (of, batch.data())
                {
                    check(data, body, &[(0, texts)])?;
                }
                of.is_some()
            }
            (MessageHeader::RecordBatch, Some((schema, columns))) => {
                let batch = message.header_as_record_batch().ok_or_else(lying)?;
                let firsts = first_buffers(schema, &batch).ok_or_else(lying)?;
                let texts = columns
                    .iter()
                    .filter_map(|column| Some((*firsts.get(column.place)?, &column.kind)))
                    .collect::<Vec<_>>();
                check(batch, body, &texts)?;
                true
            }
            _ => return Err(malformed("a message of another kind, or out of order")),
        };
        if is_needed {
            kept.extend_from_slice(whole.get(..whole.len() - rest.len()).unwrap_or(whole));
        }
    }
    let (_, columns) = known.ok_or_else(|| malformed("no schema"))?;
    Ok(Checked { stream: kept, columns: columns.map(|column| column.place) })
}

/// `user` and `permission`, or else the first two.
fn columns(schema: &Schema, ids: &[Option<i64>]) -> Result<[Column; 2], Error> {
    let named = |name: &str| schema.fields().iter().position(|field| field.name() == name);
    let places = match (named("user"), named("permission")) {
        (Some(user), Some(permission)) => [user, permission],
        _ => [0, 1],
    };
    let column = |place: usize| {
        let kind = schema.fields().get(place)?.data_type();
        let texts = if let DataType::Dictionary(_, texts) = kind { texts } else { kind };
        let is_text = matches!(texts, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
        let dictionary = ids.get(place).copied().flatten();
        is_text.then(|| Column { place, kind: kind.clone(), dictionary })
    };
    match places.map(column) {
        [Some(user), Some(permission)] => Ok([user, permission]),
        _ => Err(Error::invalid("pairs", "two columns of texts are needed: `user` and `permission`")),
    }
}

/// Whether all parts lie in the body, and hold whole offsets, views or keys; `texts` are first buffers and types of columns.
fn check(batch: RecordBatch<'_>, body: u64, texts: &[(usize, &DataType)]) -> Result<(), Error> {
    if batch.compression().is_some() {
        return Err(malformed("compressed batches are not read"));
    }
    let mut lengths = Vec::new();
    for buffer in batch.buffers().into_iter().flatten() {
        let (offset, length) = (u64::try_from(buffer.offset()).ok(), u64::try_from(buffer.length()).ok());
        let length = length.filter(|length| {
            offset.and_then(|offset| offset.checked_add(*length)).is_some_and(|end| end <= body)
        });
        lengths.push(length.ok_or_else(lying)?);
    }
    let counts = batch.nodes().into_iter().flatten().map(|node| (node.null_count(), node.length()));
    if !counts.chain([(0, batch.length())]).all(|(few, all)| 0 <= few && few <= all && all <= MOST_ROWS) {
        return Err(lying());
    }
    for (first, kind) in texts {
        let width = match kind {
            DataType::Utf8 => 4,
            DataType::LargeUtf8 => 8,
            DataType::Utf8View => 16,
            DataType::Dictionary(key, _) => key.primitive_width().unwrap_or(1) as u64,
            _ => 1,
        };
        // The first says which are null.
        if !lengths.get(first + 1).is_some_and(|length| length.is_multiple_of(width)) {
            return Err(lying());
        }
    }
    Ok(())
}

/// The number of the first buffer of each column.
fn first_buffers(schema: &Schema, batch: &RecordBatch<'_>) -> Option<Vec<usize>> {
    let mut further = batch.variadicBufferCounts().into_iter().flatten();
    let mut next = 0usize;
    let mut firsts = Vec::new();
    for field in schema.fields() {
        firsts.push(next);
        next = next.checked_add(buffers(field.data_type(), &mut further)?)?;
    }
    Some(firsts)
}

/// How many buffers a column has; `further` are the numbers of those that views point into.
fn buffers(kind: &DataType, further: &mut impl Iterator<Item = i64>) -> Option<usize> {
    let mut of = |fields: &Fields| -> Option<usize> {
        fields.iter().try_fold(0usize, |sum, field| sum.checked_add(buffers(field.data_type(), further)?))
    };
    Some(match kind {
        DataType::Null => 0,
        DataType::Utf8 | DataType::Binary | DataType::LargeUtf8 | DataType::LargeBinary => 3,
        DataType::Utf8View | DataType::BinaryView => usize::try_from(further.next()?).ok()?.checked_add(2)?,
        DataType::List(child) | DataType::LargeList(child) | DataType::Map(child, _) => {
            2 + buffers(child.data_type(), further)?
        }
        DataType::ListView(child) | DataType::LargeListView(child) => {
            3 + buffers(child.data_type(), further)?
        }
        DataType::FixedSizeList(child, _) => 1 + buffers(child.data_type(), further)?,
        DataType::Struct(fields) => 1 + of(fields)?,
        DataType::RunEndEncoded(ends, values) => {
            buffers(ends.data_type(), further)? + buffers(values.data_type(), further)?
        }
        DataType::Union(fields, mode) => {
            let own = if *mode == UnionMode::Dense { 2 } else { 1 };
            fields.iter().try_fold(own, |sum: usize, (_, field)| {
                sum.checked_add(buffers(field.data_type(), further)?)
            })?
        }
        _ => 2,
    })
}

fn split<'a>(rest: &mut &'a [u8], length: u64) -> Option<&'a [u8]> {
    let (first, others) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    *rest = others;
    Some(first)
}

fn number(rest: &mut &[u8]) -> Option<u32> {
    split(rest, 4)?.try_into().ok().map(u32::from_le_bytes)
}

fn lying() -> Error {
    malformed("lengths that do not fit")
}

pub(super) fn malformed(reason: &str) -> Error {
    Error::malformed(format!("not an Arrow IPC stream: {reason}"), Place::default())
}
