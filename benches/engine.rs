//! The only file of the benches that knows how the engine is called.

use crate::generator::requests::Question;
use ciem_core::{ContextValue, Error, Prepared, Query, Request, Scratch, Snapshot, SnapshotBuilder, Verdict};

/// Reads, freezes and indexes these exports.
pub(crate) fn load(files: &[(String, Vec<u8>)]) -> Result<Snapshot, Error> {
    let mut builder = SnapshotBuilder::new();
    for (name, bytes) in files {
        builder.add(name, bytes)?;
    }
    builder.finish()
}

/// The question with all its context keys; without them if `known` is false.
pub(crate) fn request(question: &Question, known: bool) -> Request {
    let mut request = Request::new(&question.principal, &question.action, &question.resource);
    if known {
        request.at = Some(question.at.to_owned());
        for (key, value) in &question.context {
            request = request.context(*key, ContextValue::One(value.clone()));
        }
    }
    request
}

pub(crate) fn prepare(snapshot: &Snapshot) -> Prepared<'_> {
    Prepared::new(snapshot)
}

pub(crate) fn verdict(prepared: &Prepared<'_>, request: &Request, scratch: &mut Scratch) -> Verdict {
    prepared.verdict(request, scratch)
}

/// A verdict that hangs on something the request does not say.
pub(crate) fn depends(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Conditional | Verdict::Unknown)
}

/// How many principals hold the permission, by asking about each: what the set form is compared with.
pub(crate) fn scan(prepared: &Prepared<'_>, requests: &[Request], scratch: &mut Scratch) -> usize {
    requests.iter().filter(|request| verdict(prepared, request, scratch) != Verdict::Deny).count()
}

/// How many principals hold the permission, set at a time.
pub(crate) fn holders(snapshot: &Snapshot, query: &Query) -> Result<usize, Error> {
    Ok(snapshot.who_can(query)?.count())
}

/// The same with every row written out.
pub(crate) fn holder_rows(snapshot: &Snapshot, query: &Query) -> Result<usize, Error> {
    Ok(snapshot.who_can(query)?.rows().count())
}

/// The question about everybody that matches one principal's request.
pub(crate) fn query(request: &Request) -> Query {
    let mut query = Query::who(&request.action, &request.resource);
    query.context.clone_from(&request.context);
    query.at.clone_from(&request.at);
    query
}

/// Surely and possibly held permissions of a principal among all of the catalogue, on any resource.
pub(crate) fn row(snapshot: &Snapshot, principal: &str) -> Result<(usize, usize), Error> {
    let row = snapshot.permission_row(principal)?;
    Ok((row.surely(), row.possibly()))
}

/// The same two figures by the same rule over the same leaves, with a roaring bitmap where `row` has a dense row.
pub(crate) fn roaring_row(snapshot: &Snapshot, principal: &str) -> Result<(usize, usize), Error> {
    let row = snapshot.permission_row_in::<roaring::RoaringBitmap>(principal)?;
    Ok((row.surely(), row.possibly()))
}
