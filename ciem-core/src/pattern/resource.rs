//! Patterns over resource ids, which are cut into segments.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use super::glob::{Glob, Written};
use super::intersection::MAX_MEMBERS;

/// How a provider's resource ids are cut.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Syntax {
    /// The character between segments.
    pub(crate) separator: char,
    /// Number of segments; the last is the rest of the id and may hold separators itself.
    pub(crate) segments: u8,
}

impl Syntax {
    /// Cuts `text` into the segments of this syntax; `None` if there are too few.
    pub(super) fn cut<'a>(&self, text: &'a str) -> Option<Vec<&'a str>> {
        let parts: Vec<&str> = text.splitn(self.segments.into(), self.separator).collect();
        (parts.len() == usize::from(self.segments)).then_some(parts)
    }
}

/// A pattern over resource ids: one glob per segment, or the universal pattern `*`. Wildcards never cross a separator
/// except in the last segment.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Pattern {
    /// One glob per segment; none for the universal pattern. Shared, because conditions are made of patterns that stand
    /// in many of them.
    segments: Arc<[Glob]>,
    separator: char,
    /// Whether nothing can match, because a segment that ids cut at separators holds one.
    void: bool,
}

/// How a pattern lies to the pattern that is asked about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Relation {
    /// Every id of the asked pattern matches.
    Contains,
    /// Some id matches both, and it is not true that every asked one does.
    Overlaps,
    /// No id matches both.
    Disjoint,
}

impl Pattern {
    /// The pattern written `*`: it matches every text, also those that are no id of any syntax.
    pub(crate) fn any() -> Pattern {
        Pattern { segments: Arc::default(), separator: DEFAULT_SEPARATOR, void: false }
    }

    /// The pattern written as `text`; `None` if it has fewer segments than the syntax wants.
    pub(crate) fn parse(text: &str, syntax: Syntax) -> Option<Pattern> {
        if !text.is_empty() && text.bytes().all(|byte| byte == b'*') {
            return Some(Pattern::any());
        }
        let segments = syntax.cut(text)?.into_iter().map(Glob::parse).collect();
        Some(Pattern::with_separator(segments, syntax.separator))
    }

    /// The pattern with these segments, separated by `:`. A separator inside a segment other than the last makes a
    /// pattern that matches nothing.
    pub(crate) fn from_segments(segments: Vec<Glob>) -> Pattern {
        Pattern::with_separator(segments, DEFAULT_SEPARATOR)
    }

    pub(super) fn with_separator(segments: Vec<Glob>, separator: char) -> Pattern {
        // In a syntax of one segment `*` is the universal pattern.
        if let [only] = segments.as_slice()
            && only.is_any()
        {
            return Pattern::any();
        }
        let leading = segments.split_last().map_or(&[][..], |(_, leading)| leading);
        let void = leading.iter().any(|segment| segment.has_literal(separator));
        Pattern { segments: segments.into(), separator, void }
    }

    /// As `to_string`, into a text that need not grow.
    pub(crate) fn to_text(&self) -> String {
        let length = self.segments.iter().map(|segment| segment.length() + 1).sum();
        let mut text = String::with_capacity(length);
        // INVARIANT: writing to a text does not fail.
        let _ = write!(text, "{self}");
        text
    }

    /// Whether this is the universal pattern.
    pub(crate) fn is_any(&self) -> bool {
        self.segments.is_empty()
    }

    /// Whether nothing can match.
    pub(crate) fn is_void(&self) -> bool {
        self.void
    }

    /// Whether the pattern has no wildcard.
    pub(crate) fn is_literal(&self) -> bool {
        !self.is_any() && self.segments.iter().all(|segment| segment.as_literal().is_some())
    }

    /// The globs of the segments; empty for the universal pattern.
    pub(crate) fn segments(&self) -> &[Glob] {
        &self.segments
    }

    /// Whether the concrete `id` matches.
    pub(crate) fn matches(&self, id: &str, syntax: Syntax) -> bool {
        let Some((last, leading)) = self.segments.split_last() else {
            return true;
        };
        let mut rest = id;
        for segment in leading {
            // The usual segment is literal, and comparing it is cheaper than looking for where it ends.
            let tail = match segment.as_literal() {
                // ARNs leave segments empty. An empty boxed text points nowhere, and comparing even no bytes through
                // such a pointer was measured at 76 ns instead of 1.
                Some("") => rest.strip_prefix(syntax.separator),
                Some(text) => rest.strip_prefix(text).and_then(|rest| rest.strip_prefix(syntax.separator)),
                None => rest
                    .split_once(syntax.separator)
                    .filter(|(part, _)| segment.matches(part))
                    .map(|(_, tail)| tail),
            };
            let Some(tail) = tail else {
                return false;
            };
            rest = tail;
        }
        !self.void && last.matches(rest)
    }

    /// How this pattern lies to the `asked` one.
    pub(crate) fn relation(&self, asked: &Pattern) -> Relation {
        if self.is_any() {
            return Relation::Contains;
        }
        if asked.is_any() {
            return if self.void { Relation::Disjoint } else { Relation::Overlaps };
        }
        if self.segments.len() != asked.segments.len() || self.void || asked.void {
            return Relation::Disjoint;
        }
        let pairs = || self.segments.iter().zip(&*asked.segments);
        if pairs().all(|(own, asked)| own.includes(asked)) {
            Relation::Contains
        } else if pairs().all(|(own, asked)| own.overlaps(asked)) {
            Relation::Overlaps
        } else {
            Relation::Disjoint
        }
    }

    /// An id that matches, with a character in place of each wildcard that no policy has: what does not match it does not
    /// match all of this.
    pub(crate) fn unlike_others(&self) -> Pattern {
        Pattern {
            segments: self.segments.iter().map(Glob::unlike_others).collect(),
            separator: self.separator,
            void: self.void,
        }
    }

    /// Whether some id matches both.
    pub(crate) fn overlaps(&self, other: &Pattern) -> bool {
        match (self.is_any(), other.is_any()) {
            (true, _) => true,
            (false, true) => !self.void,
            (false, false) => {
                let alike = self.segments.len() == other.segments.len() && !self.void && !other.void;
                // Ids differ most at their ends, so that is where most pairs part.
                alike
                    && self
                        .segments
                        .iter()
                        .zip(&*other.segments)
                        .rev()
                        .all(|(own, other)| own.overlaps(other))
            }
        }
    }

    /// Whether some id matches both this pattern and the one that is written as these segments, without variables.
    pub(crate) fn overlaps_segments(&self, segments: &[Written<'_>]) -> bool {
        let alike = self.segments.len() == segments.len() && !self.void;
        let mut pairs = self.segments.iter().zip(segments).rev();
        self.is_any() || alike && pairs.all(|(own, written)| own.overlaps_written(written))
    }

    /// The ids that match both, as a union of patterns: sorted, none included in another. `None` when that would take
    /// more than 16 patterns or too much work.
    pub(crate) fn intersect(&self, other: &Pattern) -> Option<Vec<Pattern>> {
        match (self.relation(other), other.relation(self)) {
            (Relation::Disjoint, _) => return Some(Vec::new()),
            (Relation::Contains, _) => return Some(vec![other.clone()]),
            (_, Relation::Contains) => return Some(vec![self.clone()]),
            _ => {}
        }
        let mut products: Vec<Vec<Glob>> = vec![Vec::new()];
        for (own, other) in self.segments.iter().zip(&*other.segments) {
            let members = own.intersect(other)?;
            if products.len() * members.len() > MAX_MEMBERS {
                return None;
            }
            let longer = products.iter().flat_map(|product| {
                members.iter().map(|member| {
                    let mut longer = product.clone();
                    longer.push(member.clone());
                    longer
                })
            });
            products = longer.collect();
        }
        let separator = self.separator;
        let mut patterns: Vec<Pattern> =
            products.into_iter().map(|segments| Pattern::with_separator(segments, separator)).collect();
        patterns.sort();
        Some(patterns)
    }
}

const DEFAULT_SEPARATOR: char = ':';

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((first, others)) = self.segments.split_first() else {
            return f.write_str("*");
        };
        fmt::Display::fmt(first, f)?;
        others.iter().try_for_each(|segment| {
            f.write_char(self.separator)?;
            fmt::Display::fmt(segment, f)
        })
    }
}
