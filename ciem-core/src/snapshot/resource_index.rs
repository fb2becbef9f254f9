//! Patterns of resources, found by the text of a resource id or by overlap with another pattern.

use super::library::{Library, PatternId, PatternKind};
use crate::pattern::Pattern;
use foldhash::fast::RandomState;
use hashbrown::HashMap;

/// Service and account of a pattern, where they are literal.
type GroupKey = [Option<Box<str>>; 2];

/// Patterns of resources, found by concrete id or by overlap with another pattern.
#[derive(Debug, Default)]
pub(crate) struct ResourceIndex {
    separator: char,
    segments: usize,
    keys: Option<[usize; 2]>,
    /// By (service, account) where they are literal: entries sorted by the literal start of the last segment.
    groups: HashMap<GroupKey, Vec<Entry>, RandomState>,
    /// Patterns that are no ids of the provider's syntax: only the same text matches.
    odd: Vec<PatternId>,
}

/// The key of a pattern's text, and from where to where the literal start of its last segment lies.
type Place<'t> = ([Option<&'t str>; 2], (usize, usize));

#[derive(Debug)]
struct Entry {
    pattern: PatternId,
    /// Where the literal start of the last segment lies in the pattern's text.
    from: u32,
    to: u32,
    /// The nearest entry before this one whose start is a prefix of this one's, or `NONE`.
    parent: u32,
}

const NONE: u32 = u32::MAX;

impl Entry {
    fn start<'l>(&self, library: &'l Library) -> &'l str {
        library.pattern_text(self.pattern).get(self.from as usize..self.to as usize).unwrap_or("")
    }

    fn parent(&self) -> Option<usize> {
        (self.parent != NONE).then_some(self.parent as usize)
    }
}

impl ResourceIndex {
    pub(crate) fn build(
        library: &Library,
        provider: &crate::provider::Provider,
        used: impl Iterator<Item = PatternId>,
    ) -> Self {
        let mut index = ResourceIndex {
            separator: provider.syntax.separator,
            segments: usize::from(provider.syntax.segments),
            keys: provider.key_segments,
            ..ResourceIndex::default()
        };
        let mut groups: HashMap<[Option<&str>; 2], Vec<Entry>, RandomState> = HashMap::default();
        for pattern in used {
            let text = library.pattern_text(pattern);
            let open = library.patterns[pattern].kind == PatternKind::Template;
            match index.place(text, open) {
                Some((key, (from, to))) => {
                    // A text ends where 32 bits do.
                    let entry = Entry { pattern, from: from as u32, to: to as u32, parent: NONE };
                    groups.entry(key).or_default().push(entry);
                }
                None => index.odd.push(pattern),
            }
        }
        for (key, mut entries) in groups {
            entries.sort_unstable_by_key(|entry| (entry.start(library), entry.pattern));
            let mut open: Vec<u32> = Vec::new();
            for at in 0..entries.len() {
                let (before, rest) = entries.split_at_mut(at);
                let Some(entry) = rest.first_mut() else { continue };
                let start = entry.start(library);
                let holds =
                    |i: u32| before.get(i as usize).is_some_and(|e| start.starts_with(e.start(library)));
                while open.last().is_some_and(|&i| !holds(i)) {
                    open.pop();
                }
                entry.parent = open.last().copied().unwrap_or(NONE);
                open.push(at as u32);
            }
            entries.shrink_to_fit();
            index.groups.insert(key.map(|part| part.map(Box::from)), entries);
        }
        index
    }

    /// Service and account where literal, and where the literal start of the last segment lies.
    fn place<'t>(&self, text: &'t str, template: bool) -> Option<Place<'t>> {
        let wild = |c: char| c == '*' || c == '?' || template && c == '$';
        if text.matches(self.separator).count() + 1 < self.segments {
            return None;
        }
        let (mut key, mut from) = ([None, None], 0);
        for at in 0..self.segments.saturating_sub(1) {
            let length = text.get(from..)?.find(self.separator)?;
            let segment = text.get(from..from + length)?;
            // A variable's name has colons: a template with a variable before the last segment is not cut.
            if template && segment.contains("${") {
                return Some(([None, None], (0, 0)));
            }
            let slot = self.keys.and_then(|keys| keys.iter().position(|&key| key == at));
            if let Some(slot) = slot.and_then(|slot| key.get_mut(slot)) {
                *slot = (!segment.contains(wild)).then_some(segment);
            }
            from += length + self.separator.len_utf8();
        }
        let last = text.get(from..)?;
        Some((key, (from, from + last.find(wild).unwrap_or(last.len()))))
    }

    /// The lists that may have a pattern of an id with this service and account; without either there is one list.
    fn lists(&self, key: Option<(&str, &str)>) -> impl Iterator<Item = &[Entry]> {
        let keyed = key.into_iter().flat_map(|(service, account)| {
            [
                [Some(service.into()), Some(account.into())],
                [Some(service.into()), None],
                [None, Some(account.into())],
            ]
        });
        keyed.chain([[None, None]]).filter_map(|key| self.groups.get(&key).map(Vec::as_slice))
    }

    /// Patterns that may match the concrete id; the caller matches them.
    pub(crate) fn candidates(&self, library: &Library, id: &str, mut visit: impl FnMut(PatternId)) {
        let segments: Vec<&str> = id.splitn(self.segments, self.separator).collect();
        self.odd.iter().for_each(|&pattern| visit(pattern));
        let key = match self.keys {
            None => None,
            Some([service, account]) => match (segments.get(service), segments.get(account)) {
                (Some(&service), Some(&account)) => Some((service, account)),
                _ => return,
            },
        };
        let last = segments.get(self.segments - 1).copied().unwrap_or("");
        for entries in self.lists(key) {
            // Whatever is a prefix of `last` is an ancestor of the last entry that does not sort after it.
            let after = entries.partition_point(|e| e.start(library) <= last);
            let mut next = after.checked_sub(1);
            while let Some(entry) = next.and_then(|at| entries.get(at)) {
                if last.starts_with(entry.start(library)) {
                    visit(entry.pattern);
                }
                next = entry.parent();
            }
        }
    }

    /// Patterns that may overlap the asked pattern; the caller compares them.
    pub(crate) fn overlapping(&self, library: &Library, asked: &Pattern, mut visit: impl FnMut(PatternId)) {
        self.odd.iter().for_each(|&pattern| visit(pattern));
        let literal = |at: usize| asked.segments().get(at).and_then(|s| s.as_literal());
        let [service, account] = self.keys.map_or([None; 2], |keys| keys.map(literal));
        let start = asked.segments().last().map_or("", |s| s.literal_prefix());
        let fits = |key: &Option<Box<str>>, asked: Option<&str>| match (key, asked) {
            (Some(key), Some(asked)) => **key == *asked,
            _ => true,
        };
        let mut lists: Vec<_> =
            self.groups.iter().filter(|([s, a], _)| fits(s, service) && fits(a, account)).collect();
        lists.sort_unstable_by_key(|(key, _)| *key);
        for (_, entries) in lists {
            let from = entries.partition_point(|e| e.start(library) < start);
            let extensions = entries.get(from..).unwrap_or(&[]);
            extensions
                .iter()
                .take_while(|e| e.start(library).starts_with(start))
                .for_each(|e| visit(e.pattern));
            let mut next = from.checked_sub(1);
            while let Some(entry) = next.and_then(|at| entries.get(at)) {
                if start.starts_with(entry.start(library)) {
                    visit(entry.pattern);
                }
                next = entry.parent();
            }
        }
    }
}
