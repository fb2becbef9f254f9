//! Inputs that are lists of objects: cut into objects, told apart by their members, and read one by one. Shared by the
//! providers whose exports are such lists.

use super::graph::Of;
use super::hound;
use crate::error::{Error, Place};
use crate::model::FileReport;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_path_to_error::Segment;
use std::borrow::Cow;
use std::fmt;

/// Deepest nesting that is read.
pub(crate) const MAX_DEPTH: u64 = 64;

/// Whether `text` nests deeper than [`MAX_DEPTH`]; it need not be valid JSON.
pub(crate) fn too_deep(text: &str) -> bool {
    let mut depth = 0_u64;
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'{' | b'[' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return true;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => skip_text(&mut bytes),
            _ => {}
        }
    }
    false
}

fn skip_text(bytes: &mut std::str::Bytes<'_>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => {
                bytes.next();
            }
            _ => {}
        }
    }
}

/// A member name as a step of a JSON pointer (RFC 6901).
pub(crate) fn pointer_step(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Members of an object, in the order of the text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Object<'de>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some(Name(name)) = map.next_key()? {
            members.push((name, map.next_value()?));
        }
        Ok(Object(members))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor)
    }
}

struct Name<'a>(Cow<'a, str>);

struct NameVisitor;

impl<'de> Visitor<'de> for NameVisitor {
    type Value = Name<'de>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Name<'de>, E> {
        Ok(Name(Cow::Borrowed(text)))
    }
    fn visit_str<E>(self, text: &str) -> Result<Name<'de>, E> {
        Ok(Name(Cow::Owned(text.to_owned())))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(NameVisitor)
    }
}

impl<'a> Object<'a> {
    /// Names and values, in the order of the text.
    pub(super) fn members(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(name, value)| (&**name, *value))
    }

    /// The member of this name, whatever its case: some tools write names with a capital.
    pub(crate) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }

    /// Whether the member is there and not `null`.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.get() != "null")
    }

    /// The member, if it is a text.
    pub(crate) fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        let Name(text) = serde_json::from_str(self.get(name)?.get()).ok()?;
        Some(text)
    }

    /// The member, if it is an object.
    pub(crate) fn object(&self, name: &str) -> Option<Object<'a>> {
        object(self.get(name)?)
    }
}

pub(super) fn object(value: &RawValue) -> Option<Object<'_>> {
    value.get().starts_with('{').then(|| serde_json::from_str(value.get()).ok()).flatten()
}

pub(super) fn list(value: &RawValue) -> Option<Vec<&RawValue>> {
    value.get().starts_with('[').then(|| serde_json::from_str(value.get()).ok()).flatten()
}

/// One object of an input.
#[derive(Debug)]
pub(crate) struct Item<'a> {
    pub(crate) members: Object<'a>,
    /// What it says of itself: the object, or what it keeps in a member `properties`.
    pub(crate) body: Object<'a>,
    raw: &'a RawValue,
    inner: Option<&'static str>,
    /// Whether the tool that wrote it leaves out conditions.
    pub(crate) without_conditions: bool,
    /// Where it stands, as a JSON pointer.
    pointer: String,
    /// The page that it is of, by number.
    pub(crate) page: usize,
}

/// A list of objects, and what is said of the whole list.
#[derive(Debug, Default)]
pub(crate) struct Page<'a> {
    pub(crate) members: Object<'a>,
    /// Another page follows that was not given.
    pub(crate) is_cut: bool,
    /// No list: one object, as it was asked for.
    pub(crate) is_alone: bool,
}

/// An input, cut into its objects.
#[derive(Debug)]
pub(crate) struct Input<'a> {
    name: &'a str,
    pub(crate) pages: Vec<Page<'a>>,
    pub(crate) items: Vec<Item<'a>>,
}

/// Members under which pages keep their objects.
const LISTS: &[&str] = &["value", "members", "data"];
/// Members that name the page that follows.
const NEXT: &[&str] = &["@odata.nextLink", "nextLink"];

impl<'a> Input<'a> {
    /// Cuts an input into its objects: one object, a list, pages with a list under `value`, or several of these one
    /// after another. `None` if it is nothing of the kind.
    ///
    /// # Errors
    /// `malformed` if it is not JSON, `too_deep`.
    pub(crate) fn cut(name: &'a str, text: &'a str) -> Result<Option<Input<'a>>, Error> {
        let text = text.trim_start_matches('\u{feff}');
        if !text.trim_start().starts_with(['{', '[']) {
            return Ok(None);
        }
        if too_deep(text) {
            return Err(Error::TooDeep { limit: MAX_DEPTH, place: Place::source(name) });
        }
        let mut input = Input { name, pages: Vec::new(), items: Vec::new() };
        let mut parts: Vec<&RawValue> = Vec::new();
        for part in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
            match part {
                Ok(part) => parts.push(part),
                Err(error) => {
                    let what = if error.is_eof() {
                        "the input ends in the middle of a value; export it again".to_owned()
                    } else {
                        format!("not JSON: {}; export it again", first_words(&error))
                    };
                    return Err(Error::malformed(what, Place::source(name).line(error.line() as u64)));
                }
            }
        }
        let alone = parts.len() == 1;
        for (number, part) in parts.into_iter().enumerate() {
            let at = if alone { String::new() } else { format!("/{number}") };
            input.add_part(part, at);
        }
        Ok(Some(input))
    }

    fn add_part(&mut self, part: &'a RawValue, at: String) {
        if let Some(items) = list(part) {
            self.add_page(Object::default(), items, &at);
            return;
        }
        let Some(members) = object(part) else { return };
        // Members of a group stand under that name beside the group's id, else in the group's own record.
        let lists = LISTS.iter().filter(|name| **name != "members" || members.has("groupId"));
        let found = lists.into_iter().find_map(|name| Some((name, list(members.get(name)?)?)));
        match found {
            Some((name, items)) => self.add_page(members, items, &format!("{at}/{name}")),
            None => {
                self.pages.push(Page { is_alone: true, ..Page::default() });
                self.add_item(part, members, at);
            }
        }
    }

    fn add_page(&mut self, members: Object<'a>, items: Vec<&'a RawValue>, at: &str) {
        let is_cut = NEXT.iter().any(|name| members.has(name));
        self.pages.push(Page { members, is_cut, is_alone: false });
        for (number, item) in items.into_iter().enumerate() {
            self.add_item(item, object(item).unwrap_or_default(), format!("{at}/{number}"));
        }
    }

    fn add_item(&mut self, raw: &'a RawValue, members: Object<'a>, pointer: String) {
        match members.get("data").filter(|_| hound::is_wrapped(&members)) {
            Some(data) => self.add_wrapped(data, &format!("{pointer}/data")),
            None => self.add_plain(raw, members, pointer, false),
        }
    }

    /// Whatever stands in an object of AzureHound, each on a page of its own: objects of many kinds follow each other.
    fn add_wrapped(&mut self, data: &'a RawValue, at: &str) {
        let members = object(data).unwrap_or_default();
        let is_alone = self.pages.last().is_some_and(|page| page.is_alone);
        let Some(found) = hound::unwrap(&members) else {
            self.pages.push(Page { is_alone, ..Page::default() });
            return self.add_plain(data, members, at.to_owned(), true);
        };
        for (raw, inside) in found.records {
            self.pages.push(Page::default());
            self.add_plain(raw, object(raw).unwrap_or_default(), format!("{at}/{inside}"), true);
        }
        for listed in found.lists {
            let list = ("members".into(), data);
            let members = Object(vec![(listed.of.page_key().into(), listed.id), list]);
            self.pages.push(Page { members, ..Page::default() });
            let step = if listed.of == Of::Owners { "owner" } else { "member" };
            for (number, raw) in listed.entries.into_iter().enumerate() {
                let pointer = format!("{at}/{}/{number}/{step}", listed.name);
                self.add_plain(raw, object(raw).unwrap_or_default(), pointer, true);
            }
        }
    }

    fn add_plain(
        &mut self,
        raw: &'a RawValue,
        members: Object<'a>,
        pointer: String,
        without_conditions: bool,
    ) {
        let page = self.pages.len().saturating_sub(1);
        // The members are looked up in both, so both are kept.
        let (inner, body) = match members.object("properties") {
            Some(body) => (Some("properties"), body),
            None => (None, members.clone()),
        };
        self.items.push(Item { members, body, raw, inner, without_conditions, pointer, page });
    }

    /// The objects of one page, by its number.
    pub(crate) fn of_page(&self, number: usize) -> &[Item<'a>] {
        self.items.get(self.places_of_page(number)).unwrap_or_default()
    }

    /// Where the objects of a page stand among all.
    pub(crate) fn places_of_page(&self, number: usize) -> std::ops::Range<usize> {
        // INVARIANT: objects stand in the order of their pages.
        let before = |number| self.items.partition_point(|item| item.page < number);
        before(number)..before(number.saturating_add(1))
    }

    /// What each page is about: what it says itself, or what the first of its objects is of which that is known.
    pub(crate) fn kinds_of_pages<K: Copy>(
        &self,
        own: &[Option<K>],
        of_items: &[Option<K>],
    ) -> Vec<Option<K>> {
        let mut found = own.to_vec();
        for (item, kind) in self.items.iter().zip(of_items) {
            if let Some(page @ None) = found.get_mut(item.page) {
                *page = *kind;
            }
        }
        found
    }

    /// The report of an input of which some objects are of no kind that is read.
    pub(crate) fn report(&self, kind: &str, strangers: usize) -> FileReport {
        let errors = match strangers {
            0 => Vec::new(),
            _ => vec![format!("{strangers} objects are of no kind that is read")],
        };
        let records = self.items.len().saturating_sub(strangers) as u64;
        FileReport { name: self.name.to_owned(), kind: kind.to_owned(), records, errors }
    }

    /// What an object says of itself, in the form of its kind.
    ///
    /// # Errors
    /// `malformed`, with the place.
    pub(crate) fn read<T: Deserialize<'a>>(&self, item: &Item<'a>) -> Result<T, Error> {
        match item.inner.and_then(|name| Some((name, item.members.get(name)?))) {
            Some((name, inner)) => self.typed(inner, format!("{}/{name}", item.pointer)),
            None => self.typed(item.raw, item.pointer.clone()),
        }
    }

    /// What a member of an object says, in the form of its kind.
    ///
    /// # Errors
    /// `malformed`, with the place.
    pub(crate) fn read_member<T: Deserialize<'a>>(
        &self,
        item: &Item<'a>,
        name: &str,
    ) -> Result<Option<T>, Error> {
        let Some(value) = item.members.get(name).filter(|value| value.get() != "null") else {
            return Ok(None);
        };
        self.typed(value, format!("{}/{}", item.pointer, pointer_step(name))).map(Some)
    }

    fn typed<T: Deserialize<'a>>(&self, raw: &'a RawValue, at: String) -> Result<T, Error> {
        serde_json::from_str(raw.get()).or_else(|_| {
            let mut reader = serde_json::Deserializer::from_str(raw.get());
            serde_path_to_error::deserialize(&mut reader).map_err(|error| {
                let pointer = at + &pointer(error.path());
                let reason = format!("{}; export it again, or correct the value", first_words(error.inner()));
                Error::malformed(reason, Place::source(self.name).at(pointer))
            })
        })
    }

    /// An error at an object.
    pub(crate) fn malformed(&self, item: &Item<'_>, reason: impl Into<String>) -> Error {
        Error::malformed(reason, Place::source(self.name).at(item.pointer.clone()))
    }
}

fn first_words(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or_default();
    what.replace("a sequence", "a list")
        .replace("type: sequence", "type: list")
        .replace("type: map", "type: object")
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    let mut pointer = String::new();
    for segment in path.iter() {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => pointer.push_str(&format!("/{}", pointer_step(key))),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}
