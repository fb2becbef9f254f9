//! Ids, interning, and the two kinds of set: roaring on the sparse axes, dense rows on the permission axis.

pub(crate) mod archive;
pub(crate) mod csr;
pub(crate) mod dense;
pub(crate) mod id;
pub(crate) mod idset;
pub(crate) mod idvec;
pub(crate) mod intern;
pub(crate) mod interval;
#[cfg(test)]
mod tests;

pub(crate) use archive::Archive;
pub(crate) use csr::{Csr, SparseRows};
pub(crate) use dense::{Dense, RowList, RowNumber};
pub(crate) use id::{Id, id_type};
pub(crate) use idset::{IdSet, Window};
pub(crate) use idvec::IdVec;
pub(crate) use intern::{Interner, Text, fingerprint};
pub(crate) use interval::{Intervals, Row};

/// How many pieces of work are handed out together: so many for each thread, or one where there are no threads.
pub(crate) fn at_once(for_each_thread: usize) -> usize {
    #[cfg(feature = "rayon")]
    return for_each_thread * rayon::current_num_threads();
    #[cfg(not(feature = "rayon"))]
    return for_each_thread.min(1);
}
