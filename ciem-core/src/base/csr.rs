//! Compressed sparse rows: a list of lists in two arrays.

use super::id::Id;
use std::marker::PhantomData;

#[derive(Clone)]
pub(crate) struct Csr<I, T> {
    ends: Vec<u32>,
    items: Vec<T>,
    id: PhantomData<fn(I) -> I>,
}

impl<I, T> std::fmt::Debug for Csr<I, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Csr({} rows, {} items)", self.ends.len(), self.items.len())
    }
}

impl<I, T> Default for Csr<I, T> {
    fn default() -> Self {
        Csr { ends: Vec::new(), items: Vec::new(), id: PhantomData }
    }
}

impl<I: Id, T> Csr<I, T> {
    /// Appends the next row.
    pub(crate) fn push_row(&mut self, row: impl IntoIterator<Item = T>) -> I {
        self.items.extend(row);
        self.ends.push(u32::try_from(self.items.len()).unwrap_or(u32::MAX));
        I::new(self.ends.len() - 1)
    }

    /// From (row, item) pairs sorted by row.
    pub(crate) fn from_sorted(rows: usize, pairs: impl IntoIterator<Item = (I, T)>) -> Self {
        let mut csr = Csr::default();
        for (row, item) in pairs {
            let end = csr.items.len() as u32;
            csr.ends.resize(row.index().max(csr.ends.len()), end);
            csr.items.push(item);
        }
        let end = csr.items.len() as u32;
        csr.ends.resize(rows, end);
        csr.shrink();
        csr
    }

    /// From (row, item) pairs with rows below `rows` in any order; the items of a row keep their order.
    pub(crate) fn grouped(rows: usize, pairs: &[(I, T)]) -> Self
    where
        T: Copy,
    {
        let Some(&(_, filler)) = pairs.first() else { return Csr::from_sorted(rows, []) };
        let mut ends = vec![0; rows];
        for (row, _) in pairs {
            if let Some(count) = ends.get_mut(row.index()) {
                *count += 1;
            }
        }
        let mut start = 0;
        for end in &mut ends {
            (*end, start) = (start, start + *end);
        }
        // Each row begins where it ends so far, and has ended when all its items are in place.
        let mut items = vec![filler; start as usize];
        for &(row, item) in pairs {
            if let Some(end) = ends.get_mut(row.index())
                && let Some(place) = items.get_mut(*end as usize)
            {
                *place = item;
                *end += 1;
            }
        }
        Csr { ends, items, id: PhantomData }
    }

    #[inline]
    pub(crate) fn row(&self, id: I) -> &[T] {
        let row = id.index();
        let start = row.checked_sub(1).and_then(|i| self.ends.get(i)).map_or(0, |&e| e as usize);
        let end = self.ends.get(row).map_or(start, |&e| e as usize);
        self.items.get(start..end).unwrap_or(&[])
    }

    pub(crate) fn rows(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn shrink(&mut self) {
        self.ends.shrink_to_fit();
        self.items.shrink_to_fit();
    }
}

/// As [`Csr`], for id spaces of which few have a row: an empty row costs nothing.
pub(crate) struct SparseRows<I, T> {
    ids: Vec<I>,
    rows: Csr<I, T>,
}

impl<I, T> std::fmt::Debug for SparseRows<I, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.rows.fmt(f)
    }
}

impl<I: Id, T> SparseRows<I, T> {
    /// From (row, item) pairs sorted by row.
    pub(crate) fn from_sorted(pairs: impl IntoIterator<Item = (I, T)>) -> Self {
        let (mut ids, mut rows): (Vec<I>, Csr<I, T>) = (Vec::new(), Csr::default());
        for (row, item) in pairs {
            rows.items.push(item);
            let end = rows.items.len() as u32;
            match rows.ends.last_mut() {
                Some(last) if ids.last() == Some(&row) => *last = end,
                _ => {
                    ids.push(row);
                    rows.ends.push(end);
                }
            }
        }
        ids.shrink_to_fit();
        rows.shrink();
        SparseRows { ids, rows }
    }

    pub(crate) fn row(&self, id: I) -> &[T] {
        self.ids.binary_search(&id).map_or(&[], |at| self.rows.row(I::new(at)))
    }
}
