//! Columns as they are written: from rows of the engine, without a document in between.

use super::table::{ColumnKind, Data, Table};
use crate::access::decide::Verdict;
use crate::access::matrix::Held;
use crate::access::what_can::Names;
use crate::base::Interner;
use crate::error::{Error, Place};
use crate::model::{AccessLevel, CredentialKind, Plane, PrincipalKind};
use crate::progress::Progress;
use crate::usage::unused::UnusedKind;
use crate::usage::value::UseState;
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::sync::Arc;

/// Distinct texts of one table, in bytes; offsets are 32 bits wide, and one row adds far less than the other half.
const MOST_TEXT: usize = 1 << 31;

/// The cells of one column.
pub(super) enum Column {
    /// Numbers of texts, or `Writer::NULL`.
    Text(Vec<u32>),
    /// Numbers of lists.
    Texts(Vec<u32>),
    /// Numbers of lists in which names and texts alternate.
    Pairs(Vec<u32>),
    Flag(Vec<bool>),
    Number(Vec<u64>),
}

impl Column {
    fn new(kind: ColumnKind) -> Self {
        match kind {
            ColumnKind::Text => Column::Text(Vec::new()),
            ColumnKind::Texts => Column::Texts(Vec::new()),
            ColumnKind::Pairs => Column::Pairs(Vec::new()),
            ColumnKind::Flag => Column::Flag(Vec::new()),
            ColumnKind::Number => Column::Number(Vec::new()),
        }
    }

    pub(super) fn kind(&self) -> ColumnKind {
        match self {
            Column::Text(_) => ColumnKind::Text,
            Column::Texts(_) => ColumnKind::Texts,
            Column::Pairs(_) => ColumnKind::Pairs,
            Column::Flag(_) => ColumnKind::Flag,
            Column::Number(_) => ColumnKind::Number,
        }
    }
}

/// Numbers of texts that follow each other: the first, and the end.
pub(super) type Run = (u32, u32);

/// Distinct lists of text numbers, one behind the other. They are kept as runs, because permissions of a service are
/// mostly granted together: a list of thousands is a few dozen runs.
#[derive(Default)]
pub(super) struct Lists {
    runs: Vec<Run>,
    ends: Vec<usize>,
    table: HashTable<(u32, u32)>,
    seed: RandomState,
}

impl Lists {
    fn number(&mut self, list: &[Run]) -> u32 {
        let hash = self.seed.hash_one(list);
        let tag = (hash >> 32) as u32;
        let found = self.table.find(hash, |&(t, number)| t == tag && self.get(number) == list);
        if let Some(&(_, number)) = found {
            return number;
        }
        let number = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
        self.runs.extend_from_slice(list);
        self.ends.push(self.runs.len());
        let (runs, ends, seed) = (&self.runs, &self.ends, &self.seed);
        let again = |&(_, number): &(u32, u32)| seed.hash_one(slice(runs, ends, number));
        self.table.insert_unique(hash, (tag, number), again);
        number
    }

    pub(super) fn get(&self, number: u32) -> &[Run] {
        slice(&self.runs, &self.ends, number)
    }
}

fn slice<'a>(runs: &'a [Run], ends: &[usize], number: u32) -> &'a [Run] {
    let number = number as usize;
    let start = number.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(0);
    ends.get(number).and_then(|&end| runs.get(start..end)).unwrap_or_default()
}

/// Takes the cells of a row, from left to right.
pub(super) struct Writer {
    columns: Vec<Column>,
    next: usize,
    texts: Interner,
    lists: Lists,
    list: Vec<Run>,
    permissions: Permissions,
}

/// Numbers of the names of all permissions of the provider that was met last.
#[derive(Default)]
struct Permissions {
    /// Address of its universe.
    universe: usize,
    /// By permission.
    codes: Vec<u32>,
    /// Whether each is one more than the one before, which only a text that is the name of a permission and stands in
    /// an earlier cell prevents.
    in_order: bool,
}

impl Writer {
    /// The number that stands for no text.
    pub(super) const NULL: u32 = u32::MAX;

    fn new(kinds: Vec<ColumnKind>) -> Self {
        Writer {
            columns: kinds.into_iter().map(Column::new).collect(),
            next: 0,
            texts: Interner::default(),
            lists: Lists::default(),
            list: Vec::new(),
            permissions: Permissions::default(),
        }
    }

    pub(super) fn put(&mut self, cell: &impl Cells) {
        cell.write(self);
        self.next += 1;
    }

    fn text(&mut self, text: Option<&str>) {
        let code = text.map_or(Writer::NULL, |text| self.texts.text(text).0);
        if let Some(Column::Text(codes)) = self.columns.get_mut(self.next) {
            codes.push(code);
        }
    }

    fn list<'a>(&mut self, texts: impl Iterator<Item = &'a str>) {
        self.list.clear();
        for text in texts {
            let code = self.texts.text(text).0;
            append(&mut self.list, (code, code + 1));
        }
        self.end_list();
    }

    fn held(&mut self, held: &Held<'_>) {
        let universe = std::ptr::from_ref(held.universe).addr();
        if self.permissions.universe != universe {
            let names = (0..held.universe.len()).map(|id| self.texts.text(held.universe.name(id)).0);
            let codes: Vec<u32> = names.collect();
            let in_order = codes.iter().zip(codes.iter().skip(1)).all(|(code, next)| code + 1 == *next);
            self.permissions = Permissions { universe, codes, in_order };
        }
        self.list.clear();
        for (start, end) in held.runs() {
            let codes = self.permissions.codes.get(usize::from(start)..usize::from(end)).unwrap_or_default();
            match (codes.first(), codes.last()) {
                (Some(first), Some(last)) if self.permissions.in_order => {
                    append(&mut self.list, (*first, last + 1));
                }
                _ => codes.iter().for_each(|&code| append(&mut self.list, (code, code + 1))),
            }
        }
        self.end_list();
    }

    fn end_list(&mut self) {
        let number = self.lists.number(&self.list);
        if let Some(Column::Texts(lists) | Column::Pairs(lists)) = self.columns.get_mut(self.next) {
            lists.push(number);
        }
    }
}

fn append(list: &mut Vec<Run>, run: Run) {
    match list.last_mut() {
        Some(last) if last.1 == run.0 => last.1 = run.1,
        _ => list.push(run),
    }
}

/// What can stand in a cell.
pub(super) trait Cells {
    const KIND: ColumnKind;
    fn write(&self, writer: &mut Writer);
}

impl Cells for String {
    const KIND: ColumnKind = ColumnKind::Text;
    fn write(&self, writer: &mut Writer) {
        writer.text(Some(self));
    }
}

impl<C: Cells + ?Sized> Cells for &C {
    const KIND: ColumnKind = C::KIND;
    fn write(&self, writer: &mut Writer) {
        C::write(self, writer);
    }
}

impl<C: Cells + ?Sized> Cells for Arc<C> {
    const KIND: ColumnKind = C::KIND;
    fn write(&self, writer: &mut Writer) {
        C::write(self, writer);
    }
}

impl Cells for str {
    const KIND: ColumnKind = ColumnKind::Text;
    fn write(&self, writer: &mut Writer) {
        writer.text(Some(self));
    }
}

impl Cells for Option<String> {
    const KIND: ColumnKind = ColumnKind::Text;
    fn write(&self, writer: &mut Writer) {
        writer.text(self.as_deref());
    }
}

impl Cells for Option<&str> {
    const KIND: ColumnKind = ColumnKind::Text;
    fn write(&self, writer: &mut Writer) {
        writer.text(*self);
    }
}

impl Cells for Option<Arc<str>> {
    const KIND: ColumnKind = ColumnKind::Text;
    fn write(&self, writer: &mut Writer) {
        writer.text(self.as_deref());
    }
}

impl Cells for Verdict {
    const KIND: ColumnKind = ColumnKind::Text;
    fn write(&self, writer: &mut Writer) {
        writer.text(Some(self.as_str()));
    }
}

impl Cells for PrincipalKind {
    const KIND: ColumnKind = ColumnKind::Text;
    fn write(&self, writer: &mut Writer) {
        writer.text(Some(self.as_str()));
    }
}

impl Cells for CredentialKind {
    const KIND: ColumnKind = ColumnKind::Text;
    fn write(&self, writer: &mut Writer) {
        writer.text(Some(self.as_str()));
    }
}

impl Cells for Plane {
    const KIND: ColumnKind = ColumnKind::Text;
    fn write(&self, writer: &mut Writer) {
        writer.text(Some(self.as_str()));
    }
}

impl Cells for UnusedKind {
    const KIND: ColumnKind = ColumnKind::Text;
    fn write(&self, writer: &mut Writer) {
        writer.text(Some(self.as_str()));
    }
}

impl Cells for UseState {
    const KIND: ColumnKind = ColumnKind::Text;
    fn write(&self, writer: &mut Writer) {
        writer.text(Some(self.as_str()));
    }
}

impl Cells for AccessLevel {
    const KIND: ColumnKind = ColumnKind::Text;
    fn write(&self, writer: &mut Writer) {
        writer.text(Some(self.as_str()));
    }
}

impl Cells for Vec<String> {
    const KIND: ColumnKind = ColumnKind::Texts;
    fn write(&self, writer: &mut Writer) {
        writer.list(self.iter().map(String::as_str));
    }
}

impl Cells for [&str; 1] {
    const KIND: ColumnKind = ColumnKind::Texts;
    fn write(&self, writer: &mut Writer) {
        writer.list(self.iter().copied());
    }
}

impl Cells for [String] {
    const KIND: ColumnKind = ColumnKind::Texts;
    fn write(&self, writer: &mut Writer) {
        writer.list(self.iter().map(String::as_str));
    }
}

impl Cells for Vec<&str> {
    const KIND: ColumnKind = ColumnKind::Texts;
    fn write(&self, writer: &mut Writer) {
        writer.list(self.iter().copied());
    }
}

impl Cells for Names<'_> {
    const KIND: ColumnKind = ColumnKind::Texts;
    fn write(&self, writer: &mut Writer) {
        writer.list(self.iter());
    }
}

impl Cells for Held<'_> {
    const KIND: ColumnKind = ColumnKind::Texts;
    fn write(&self, writer: &mut Writer) {
        writer.held(self);
    }
}

impl Cells for BTreeMap<String, String> {
    const KIND: ColumnKind = ColumnKind::Pairs;
    fn write(&self, writer: &mut Writer) {
        writer.list(self.iter().flat_map(|(name, text)| [name.as_str(), text.as_str()]));
    }
}

impl Cells for bool {
    const KIND: ColumnKind = ColumnKind::Flag;
    fn write(&self, writer: &mut Writer) {
        if let Some(Column::Flag(flags)) = writer.columns.get_mut(writer.next) {
            flags.push(*self);
        }
    }
}

impl Cells for u64 {
    const KIND: ColumnKind = ColumnKind::Number;
    fn write(&self, writer: &mut Writer) {
        if let Some(Column::Number(numbers)) = writer.columns.get_mut(writer.next) {
            numbers.push(*self);
        }
    }
}

/// A row that knows its columns; see `record!`.
pub(super) trait Record {
    fn columns() -> Vec<(&'static str, ColumnKind)>;
    fn write(&self, writer: &mut Writer);
}

impl<R: Record> Record for &R {
    fn columns() -> Vec<(&'static str, ColumnKind)> {
        R::columns()
    }

    fn write(&self, writer: &mut Writer) {
        R::write(self, writer);
    }
}

/// Says that a row type is a record with these columns, in this order: all of its fields, which the compiler checks.
/// The kind of a column follows from the type of the field.
macro_rules! record {
    ($row:ident $(<$life:lifetime>)? { $($field:ident),+ $(,)? }) => {
        impl $(<$life>)? crate::wire::columns::Record for $row $(<$life>)? {
            fn columns() -> Vec<(&'static str, crate::wire::table::ColumnKind)> {
                fn kind<R, C: crate::wire::columns::Cells>(_: fn(&R) -> &C) -> crate::wire::table::ColumnKind {
                    C::KIND
                }
                vec![$((stringify!($field), kind(|row: &Self| &row.$field))),+]
            }

            fn write(&self, writer: &mut crate::wire::columns::Writer) {
                let $row { $($field),+ } = self;
                $(writer.put($field);)+
            }
        }
    };
}
pub(super) use record;

/// Takes row after row.
pub(super) struct Collector {
    names: Vec<&'static str>,
    writer: Writer,
    len: usize,
}

impl Collector {
    /// For rows of one kind.
    pub(super) fn new<R: Record>() -> Self {
        let (names, kinds): (Vec<_>, Vec<_>) = R::columns().into_iter().unzip();
        Collector { names, writer: Writer::new(kinds), len: 0 }
    }

    pub(super) fn add<R: Record>(&mut self, row: &R) -> Result<(), Error> {
        self.writer.next = 0;
        row.write(&mut self.writer);
        self.len += 1;
        if self.writer.texts.bytes() > MOST_TEXT || self.len >= Writer::NULL as usize {
            let (what, limit) = ("the text of the answer".to_owned(), MOST_TEXT as u64);
            return Err(Error::TooLarge { what, limit, place: Place::default() });
        }
        Ok(())
    }

    pub(super) fn finish(self, assumptions: &[String]) -> Table {
        let Writer { columns, texts, lists, .. } = self.writer;
        let (names, assumptions) = (self.names, assumptions.to_vec());
        Table::new(Data { names, columns, texts, lists, assumptions }, self.len)
    }
}

/// Columns of `rows`. `total` is their number, where it is known before.
pub(super) fn collect<R: Record>(
    rows: impl Iterator<Item = R>,
    total: Option<usize>,
    assumptions: &[String],
    progress: &Progress,
) -> Result<Table, Error> {
    let mut collector = Collector::new::<R>();
    for row in rows {
        progress.tick("collecting", collector.len, total)?;
        collector.add(&row)?;
    }
    Ok(collector.finish(assumptions))
}
