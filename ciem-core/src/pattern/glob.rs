//! A glob: literal text with `*` (any run of characters) and `?` (one character).

use std::fmt;
use std::hash::{Hash, Hasher};

use super::intersection;
use super::relation::{self, Token};

/// Piece of a glob.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Piece<'a> {
    /// Literal text, in which `*` and `?` have no special meaning.
    Text(&'a str),
    /// `*`: any run of characters, the empty one included.
    Any,
    /// `?`: exactly one character.
    One,
}

/// A glob in canonical form: a run of wildcards is written as its `?` followed by at most one `*`, so that two globs
/// are equal exactly when they match the same texts. Ordered by text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Glob {
    /// The literal text with wildcards in place. One text and two offsets keep a glob at 32 bytes and let the usual
    /// rejection be a single comparison of bytes.
    text: Box<str>,
    /// Bytes before the first wildcard. Offsets are 32 bits wide: readers refuse documents far smaller than that.
    prefix: u32,
    /// Bytes after the last wildcard; zero if there is none.
    suffix: u32,
    /// Offsets of `*` and `?` that are literal characters, ascending; almost no glob has one.
    #[expect(clippy::box_collection, reason = "a rare list must not cost every glob a fat pointer")]
    escaped: Option<Box<Vec<u32>>>,
}

/// A glob as it is written, looked at once to be compared with many.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written<'a> {
    text: &'a str,
    /// The literal texts before the first and after the last wildcard, if there is one.
    ends: Option<(&'a str, &'a str)>,
    /// Whether there is a `?`.
    ones: bool,
}

impl<'a> Written<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        let wild = |byte: &u8| matches!(byte, b'*' | b'?');
        let ends = bytes.iter().position(wild).zip(bytes.iter().rposition(wild)).map(|(first, last)| {
            (text.get(..first).unwrap_or_default(), text.get(last + 1..).unwrap_or_default())
        });
        Written { text, ends, ones: ends.is_some() && bytes.contains(&b'?') }
    }

    /// The text, if it has no wildcard.
    pub(crate) fn as_literal(&self) -> Option<&'a str> {
        self.ends.is_none().then_some(self.text)
    }
}

impl Glob {
    /// The glob written as `text`: `*` and `?` are wildcards, everything else is literal.
    pub(crate) fn parse(text: &str) -> Glob {
        Glob::as_written(text).unwrap_or_else(|| Glob::put_together(text))
    }

    /// The usual text is canonical as it is: no two wildcards stand side by side.
    fn as_written(text: &str) -> Option<Glob> {
        let bytes = text.as_bytes();
        let wild = |byte: &u8| matches!(byte, b'*' | b'?');
        let (prefix, suffix) = match bytes.iter().position(wild) {
            None => (bytes.len(), 0),
            Some(first) => {
                let last = bytes.iter().rposition(wild)?;
                let side_by_side = |pair: &[u8]| pair.iter().all(wild);
                if bytes.get(first..=last)?.windows(2).any(side_by_side) {
                    return None;
                }
                (first, bytes.len() - last - 1)
            }
        };
        Some(Glob { text: text.into(), prefix: offset(prefix), suffix: offset(suffix), escaped: None })
    }

    fn put_together(text: &str) -> Glob {
        let mut builder = Builder::default();
        builder.push_pattern(text);
        builder.finish()
    }

    /// The glob that matches `text` alone.
    pub(crate) fn literal(text: &str) -> Glob {
        Glob::from_pieces([Piece::Text(text)])
    }

    /// The glob made of `pieces`.
    pub(crate) fn from_pieces<'a>(pieces: impl IntoIterator<Item = Piece<'a>>) -> Glob {
        let mut builder = Builder::default();
        for piece in pieces {
            match piece {
                Piece::Text(text) => builder.push_text(text),
                Piece::Any => builder.star = true,
                Piece::One => builder.ones += 1,
            }
        }
        builder.finish()
    }

    /// The glob made of single tokens.
    pub(super) fn from_tokens(tokens: &[Token]) -> Glob {
        let mut builder = Builder::default();
        let mut buffer = [0; 4];
        for token in tokens {
            match token {
                Token::Char(character) => builder.push_text(character.encode_utf8(&mut buffer)),
                Token::One => builder.ones += 1,
                Token::Any => builder.star = true,
            }
        }
        builder.finish()
    }

    /// The glob `*`.
    pub(crate) fn any() -> Glob {
        Glob::from_pieces([Piece::Any])
    }

    /// Whether this is `*`.
    pub(crate) fn is_any(&self) -> bool {
        self.prefix == 0 && &*self.text == "*" && self.escaped.is_none()
    }

    /// The only text that matches, if there are no wildcards.
    pub(crate) fn as_literal(&self) -> Option<&str> {
        (self.prefix as usize == self.text.len()).then_some(&*self.text)
    }

    /// Bytes of the text, before anything is escaped.
    pub(super) fn length(&self) -> usize {
        self.text.len()
    }

    /// The text every match begins with.
    pub(crate) fn literal_prefix(&self) -> &str {
        self.text.get(..self.prefix as usize).unwrap_or_default()
    }

    /// The text every match ends with, as far as it follows a wildcard.
    fn literal_suffix(&self) -> &str {
        self.text.get(self.text.len().saturating_sub(self.suffix as usize)..).unwrap_or_default()
    }

    /// A text that matches, with a character in place of each wildcard that is in no usual text.
    pub(super) fn unlike_others(&self) -> Glob {
        match self.as_literal() {
            Some(_) => self.clone(),
            None => {
                let unlike = |token| match token {
                    Token::Any | Token::One => Token::Char('\u{10FFFD}'),
                    character => character,
                };
                Glob::from_tokens(&self.tokens_iter().map(unlike).collect::<Vec<Token>>())
            }
        }
    }

    /// Whether `text` matches.
    pub(crate) fn matches(&self, text: &str) -> bool {
        self.run::<false>(text.as_bytes())
    }

    /// Whether `text` matches when ASCII letters are compared without case.
    pub(crate) fn matches_ignore_ascii_case(&self, text: &str) -> bool {
        self.run::<true>(text.as_bytes())
    }

    #[inline]
    fn run<const FOLD: bool>(&self, subject: &[u8]) -> bool {
        let glob = self.text.as_bytes();
        let (prefix, suffix) = (self.prefix as usize, self.suffix as usize);
        let (Some((head, rest)), Some((start, subject))) =
            (glob.split_at_checked(prefix), subject.split_at_checked(prefix))
        else {
            return false;
        };
        if !same::<FOLD>(head, start) {
            return false;
        }
        match rest {
            [] => return subject.is_empty(),
            [b'*'] => return true,
            _ => {}
        }
        // The literal tail is anchored at the end of the subject, so it is compared before anything is searched.
        let (Some((middle, tail)), Some((subject, end))) = (
            rest.split_at_checked(rest.len().saturating_sub(suffix)),
            subject.len().checked_sub(suffix).and_then(|cut| subject.split_at_checked(cut)),
        ) else {
            return false;
        };
        same::<FOLD>(tail, end) && (middle == b"*" || self.search::<FOLD>(middle, prefix, subject))
    }

    /// Matches the part of the glob from its first to its last wildcard, which begins `offset` bytes into the glob.
    /// On a mismatch only the last star is widened: whatever an earlier star could take instead, it could take too.
    fn search<const FOLD: bool>(&self, glob: &[u8], offset: usize, subject: &[u8]) -> bool {
        let wild = |at: usize| !self.is_escaped(offset + at);
        let (mut at, mut pos) = (0, 0);
        let mut retry = None;
        loop {
            match (glob.get(at), subject.get(pos)) {
                (Some(b'*'), _) if wild(at) => {
                    at += 1;
                    if at == glob.len() {
                        return true;
                    }
                    retry = Some((at, pos));
                    continue;
                }
                (None, None) => return true,
                (Some(_), None) => return false,
                (Some(b'?'), Some(&byte)) if wild(at) => {
                    at += 1;
                    pos += character_width(byte);
                    continue;
                }
                (Some(&expected), Some(&byte)) if same_byte::<FOLD>(expected, byte) => {
                    at += 1;
                    pos += 1;
                    continue;
                }
                _ => {}
            }
            let Some((after_star, taken)) = retry else {
                return false;
            };
            let Some(&byte) = subject.get(taken) else {
                return false;
            };
            let mut next = taken + character_width(byte);
            // After a star the next literal byte can be looked for directly. It begins a character, so it is never
            // found inside one.
            if let Some(&expected) = glob.get(after_star)
                && !(expected == b'?' && wild(after_star))
            {
                let Some(skip) = subject
                    .get(next..)
                    .and_then(|rest| rest.iter().position(|&byte| same_byte::<FOLD>(expected, byte)))
                else {
                    return false;
                };
                next += skip;
            }
            retry = Some((after_star, next));
            (at, pos) = (after_star, next);
        }
    }

    fn is_escaped(&self, offset: usize) -> bool {
        self.escaped
            .as_ref()
            .is_some_and(|escaped| escaped.binary_search_by(|&known| (known as usize).cmp(&offset)).is_ok())
    }

    /// Whether every text that matches `other` matches this glob too.
    pub(crate) fn includes(&self, other: &Glob) -> bool {
        if let Some(text) = other.as_literal() {
            return self.matches(text);
        }
        if self.as_literal().is_some()
            || !other.literal_prefix().starts_with(self.literal_prefix())
            || !other.literal_suffix().ends_with(self.literal_suffix())
        {
            return false;
        }
        self.is_prefix_only() || self == other || relation::includes(&self.tokens(), &other.tokens())
    }

    /// Whether some text matches both globs.
    pub(crate) fn overlaps(&self, other: &Glob) -> bool {
        if let Some(text) = other.as_literal() {
            return self.matches(text);
        }
        if let Some(text) = self.as_literal() {
            return other.matches(text);
        }
        let (left, right) = (self.literal_prefix(), other.literal_prefix());
        if !left.starts_with(right) && !right.starts_with(left) {
            return false;
        }
        // Where both stretch, only their ends can disagree; without `?` these are plain text.
        if !self.text.contains('?') && !other.text.contains('?') {
            let (left, right) = (self.literal_suffix(), other.literal_suffix());
            return left.ends_with(right) || right.ends_with(left);
        }
        (self.is_prefix_only() && left.len() <= right.len())
            || (other.is_prefix_only() && right.len() <= left.len())
            || relation::overlaps(&self.tokens(), &other.tokens())
    }

    /// Whether some text matches both this glob and the written one; the usual cases without parsing it.
    pub(crate) fn overlaps_written(&self, written: &Written<'_>) -> bool {
        // Most types of a service differ from what is written in their first letter.
        if let (Some(own), Some(first)) = (self.text.as_bytes().first(), written.text.as_bytes().first())
            && self.prefix > 0
            && !matches!(first, b'*' | b'?')
            && own != first
        {
            return false;
        }
        let Some((start, end)) = written.ends else { return self.matches(written.text) };
        if self.is_any() {
            return true;
        }
        let own = self.literal_prefix();
        if !own.starts_with(start) && (self.as_literal().is_some() || !start.starts_with(own)) {
            return false;
        }
        if self.as_literal().is_some() || written.ones || self.text.contains('?') {
            return self.overlaps(&Glob::parse(written.text));
        }
        let own = self.literal_suffix();
        own.ends_with(end) || end.ends_with(own)
    }

    /// The texts that match both, as a union of globs: sorted, none included in another. `None` when that would take
    /// more than 16 globs or too much work.
    pub(crate) fn intersect(&self, other: &Glob) -> Option<Vec<Glob>> {
        if self.includes(other) {
            return Some(vec![other.clone()]);
        }
        if other.includes(self) {
            return Some(vec![self.clone()]);
        }
        if !self.overlaps(other) {
            return Some(Vec::new());
        }
        intersection::intersect(&self.tokens(), &other.tokens())
    }

    /// Whether the glob is a literal prefix followed by `*`.
    fn is_prefix_only(&self) -> bool {
        self.prefix as usize + 1 == self.text.len() && self.text.ends_with('*')
    }

    /// Whether a literal character of the glob is `wanted`.
    pub(super) fn has_literal(&self, wanted: char) -> bool {
        self.tokens_iter().any(|token| token == Token::Char(wanted))
    }

    /// The glob as single characters and wildcards.
    pub(super) fn tokens(&self) -> Vec<Token> {
        self.tokens_iter().collect()
    }

    fn tokens_iter(&self) -> impl Iterator<Item = Token> {
        self.text.char_indices().map(|(at, character)| match character {
            '*' if !self.is_escaped(at) => Token::Any,
            '?' if !self.is_escaped(at) => Token::One,
            _ => Token::Char(character),
        })
    }
}

impl Hash for Glob {
    /// By text alone: globs that differ in nothing but what is escaped are rare.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl fmt::Display for Glob {
    /// Literal `*` and `?` print as `${*}` and `${?}`, and `$` as `${$}` where it would open such an escape, so that
    /// the printed text read as a template is this glob again.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.escaped.is_none() && !self.text.as_bytes().contains(&b'$') {
            return f.write_str(&self.text);
        }
        let mut tokens = self.tokens_iter().peekable();
        while let Some(token) = tokens.next() {
            match token {
                Token::Any => f.write_str("*")?,
                Token::One => f.write_str("?")?,
                Token::Char(character @ ('*' | '?')) => write!(f, "${{{character}}}")?,
                Token::Char('$') if tokens.peek() == Some(&Token::Char('{')) => f.write_str("${$}")?,
                Token::Char(character) => write!(f, "{character}")?,
            }
        }
        Ok(())
    }
}

/// Collects pieces into canonical form: wildcards wait until text follows or the glob ends.
#[derive(Default)]
struct Builder {
    text: String,
    escaped: Vec<u32>,
    first_wildcard: Option<usize>,
    after_last_wildcard: usize,
    ones: usize,
    star: bool,
}

impl Builder {
    fn push_pattern(&mut self, pattern: &str) {
        let mut rest = pattern;
        while let Some((text, wildcard)) = rest.find(['*', '?']).and_then(|at| rest.split_at_checked(at)) {
            self.push_text(text);
            if wildcard.starts_with('*') {
                self.star = true;
            } else {
                self.ones += 1;
            }
            rest = wildcard.get(1..).unwrap_or_default();
        }
        self.push_text(rest);
    }

    fn push_text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.flush_wildcards();
        let start = self.text.len();
        self.escaped.extend(text.match_indices(['*', '?']).map(|(at, _)| offset(start + at)));
        self.text.push_str(text);
    }

    fn flush_wildcards(&mut self) {
        if self.ones == 0 && !self.star {
            return;
        }
        self.first_wildcard.get_or_insert(self.text.len());
        self.text.extend(std::iter::repeat_n('?', self.ones));
        if self.star {
            self.text.push('*');
        }
        self.after_last_wildcard = self.text.len();
        (self.ones, self.star) = (0, false);
    }

    fn finish(mut self) -> Glob {
        self.flush_wildcards();
        let length = self.text.len();
        Glob {
            prefix: offset(self.first_wildcard.unwrap_or(length)),
            suffix: self.first_wildcard.map_or(0, |_| offset(length - self.after_last_wildcard)),
            escaped: (!self.escaped.is_empty()).then(|| Box::new(self.escaped)),
            text: self.text.into_boxed_str(),
        }
    }
}

fn offset(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

#[inline]
fn same<const FOLD: bool>(left: &[u8], right: &[u8]) -> bool {
    // Nothing is read through the pointer of an empty text: it may point nowhere, which is slow to find out.
    if left.is_empty() || right.is_empty() {
        left.len() == right.len()
    } else if FOLD {
        left.eq_ignore_ascii_case(right)
    } else {
        left == right
    }
}

#[inline]
fn same_byte<const FOLD: bool>(left: u8, right: u8) -> bool {
    if FOLD { left.eq_ignore_ascii_case(&right) } else { left == right }
}

/// Bytes of the UTF-8 character that begins with `first`.
#[inline]
fn character_width(first: u8) -> usize {
    match first {
        0..0xC0 => 1,
        0xC0..0xE0 => 2,
        0xE0..0xF0 => 3,
        _ => 4,
    }
}
