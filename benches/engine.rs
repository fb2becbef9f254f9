//! The only file of the benches that knows how the engine is called.

use crate::generator::requests::Question;
use ciem_core::{
    ContextValue, Error, Prepared, PreparedRequest, Query, Request, Scratch, Snapshot, SnapshotBuilder,
    Verdict,
};

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

/// The questions, resolved.
pub(crate) fn requests(
    prepared: &Prepared<'_>,
    questions: impl Iterator<Item = Request>,
) -> Result<Vec<PreparedRequest>, Error> {
    questions.map(|request| prepared.request(&request)).collect()
}

/// A verdict that hangs on something the request does not say.
pub(crate) fn depends(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Conditional | Verdict::Unknown)
}

/// How many principals hold the permission, by asking about each: what the set form is compared with.
pub(crate) fn scan(prepared: &Prepared<'_>, requests: &[PreparedRequest], scratch: &mut Scratch) -> usize {
    requests.iter().filter(|request| prepared.verdict(request, scratch) != Verdict::Deny).count()
}

/// How many principals hold the permission, set at a time.
pub(crate) fn holders(snapshot: &Snapshot, query: &Query) -> Result<usize, Error> {
    Ok(snapshot.who_can(query)?.count() as usize)
}

/// How many of them hold it under a condition only.
pub(crate) fn conditional(snapshot: &Snapshot, query: &Query) -> Result<usize, Error> {
    Ok(snapshot.who_can(query)?.conditional())
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

/// Every principal against all permissions, on any resource, the resources' own policies aside: by principal how many
/// permissions are surely and how many are possibly held.
pub(crate) fn rows(snapshot: &Snapshot) -> Result<Vec<(String, usize, usize)>, Error> {
    let matrix = snapshot.matrix(&caller_side())?;
    Ok(matrix.rows().map(|row| (row.principal, row.surely.len(), row.possibly.len())).collect())
}

/// The same, of which only the number of rows is looked at.
pub(crate) fn row_count(snapshot: &Snapshot) -> Result<usize, Error> {
    Ok(snapshot.matrix(&caller_side())?.len())
}

fn caller_side() -> Query {
    let mut query = Query::default().on("*");
    query.caller_side_only = true;
    query
}
