//! Texts with variables that are filled in per request.

use std::collections::BTreeSet;

use super::glob::Glob;
use super::relation::Token;
use super::resource::{Pattern, Syntax};

/// Values of a variable that are listed for one text; beyond that a caller tests values one by one.
const MAX_CAPTURES: usize = 256;

/// A text with `${key}` and `${key, 'default'}` variables, the escapes `${*}`, `${?}`, `${$}`, and the wildcards `*`
/// and `?`. Values and defaults are inserted as literal text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(crate) struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Part {
    Text(String),
    Any,
    One,
    Variable { key: Box<str>, default: Option<Box<str>> },
}

impl Template {
    /// Reads `text`; a `${` that opens neither a variable nor an escape is literal text.
    pub(crate) fn parse(text: &str) -> Template {
        let mut template = Template::default();
        let mut rest = text;
        while let Some((literal, special)) =
            rest.find(['*', '?', '$']).and_then(|at| rest.split_at_checked(at))
        {
            template.push_text(literal);
            let (part, after) = read_special(special);
            template.push(part);
            rest = after;
        }
        template.push_text(rest);
        template
    }

    /// The value of `key` and nothing else.
    pub(crate) fn variable(key: &str) -> Template {
        Template { parts: vec![Part::Variable { key: key.into(), default: None }] }
    }

    /// Keys and defaults of the variables, in order of appearance.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.parts.iter().filter_map(|part| match part {
            Part::Variable { key, default } => Some((&**key, default.as_deref())),
            _ => None,
        })
    }

    /// The glob with every variable replaced by its value, else its default; `None` when one has neither.
    pub(crate) fn to_glob(&self, value: &mut dyn FnMut(&str) -> Option<String>) -> Option<Glob> {
        let mut groups = self.groups(None, value)?;
        groups.pop().map(|tokens| Glob::from_tokens(&tokens))
    }

    /// The resource pattern with every variable replaced. Segments are cut before that, so a separator inside a value
    /// or a key cuts nothing. `None` when a variable has neither value nor default, or there are too few segments.
    pub(crate) fn to_pattern(
        &self,
        syntax: Syntax,
        value: &mut dyn FnMut(&str) -> Option<String>,
    ) -> Option<Pattern> {
        if self.parts == [Part::Any] {
            return Some(Pattern::any());
        }
        let segments =
            self.cut(syntax)?.iter().map(|segment| segment.to_glob(value)).collect::<Option<_>>()?;
        Some(Pattern::with_separator(segments, syntax.separator))
    }

    /// The pattern in which every variable may stand for any text.
    pub(crate) fn open_pattern(&self, syntax: Syntax) -> Option<Pattern> {
        let mut template = Template::default();
        for part in &self.parts {
            template.push(if matches!(part, Part::Variable { .. }) { Part::Any } else { part.clone() });
        }
        template.to_pattern(syntax, &mut |_| None)
    }

    /// Every value of the variable `key` with which the template matches `text`, sorted. `None` if `key` does not occur
    /// (the values would be none or all), if another variable has neither value nor default, or if over 256 values
    /// would have to be considered.
    pub(crate) fn captures(
        &self,
        key: &str,
        text: &str,
        value: &mut dyn FnMut(&str) -> Option<String>,
    ) -> Option<Vec<String>> {
        let groups = self.groups(Some(key), value)?;
        let (head, others) = groups.split_first()?;
        if others.is_empty() {
            return None;
        }
        let candidates = candidates(head, &others.join(&Token::Any), text)?;
        let confirmed = candidates.into_iter().filter(|candidate| {
            let inserted: Vec<Token> = candidate.chars().map(Token::Char).collect();
            others.len() == 1 || Glob::from_tokens(&groups.join(inserted.as_slice())).matches(text)
        });
        Some(confirmed.map(str::to_owned).collect())
    }

    /// Like `captures`, for the pattern over resource ids that the template stands for.
    pub(crate) fn captures_in_id(
        &self,
        syntax: Syntax,
        key: &str,
        id: &str,
        value: &mut dyn FnMut(&str) -> Option<String>,
    ) -> Option<Vec<String>> {
        if !self.holds(key) {
            return None;
        }
        let segments = self.cut(syntax)?;
        let Some(texts) = syntax.cut(id) else {
            return Some(Vec::new());
        };
        let mut common: Option<Vec<String>> = None;
        for (segment, text) in segments.iter().zip(texts) {
            if !segment.holds(key) {
                if !segment.to_glob(value)?.matches(text) {
                    return Some(Vec::new());
                }
                continue;
            }
            let found = segment.captures(key, text, value)?;
            common = Some(match common {
                None => found,
                Some(known) => known.into_iter().filter(|candidate| found.contains(candidate)).collect(),
            });
        }
        common
    }

    fn holds(&self, key: &str) -> bool {
        self.variables().any(|(known, _)| known.eq_ignore_ascii_case(key))
    }

    /// The tokens between the occurrences of the variable `open`, every other variable replaced.
    fn groups(
        &self,
        open: Option<&str>,
        value: &mut dyn FnMut(&str) -> Option<String>,
    ) -> Option<Vec<Vec<Token>>> {
        let mut groups = Vec::new();
        let mut tokens = Vec::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => tokens.extend(text.chars().map(Token::Char)),
                Part::Any => tokens.push(Token::Any),
                Part::One => tokens.push(Token::One),
                Part::Variable { key, .. } if open.is_some_and(|open| open.eq_ignore_ascii_case(key)) => {
                    groups.push(std::mem::take(&mut tokens));
                }
                Part::Variable { key, default } => {
                    let inserted = value(key).or_else(|| default.as_deref().map(str::to_owned))?;
                    tokens.extend(inserted.chars().map(Token::Char));
                }
            }
        }
        groups.push(tokens);
        Some(groups)
    }

    /// The templates of the segments; separators inside variables do not count.
    fn cut(&self, syntax: Syntax) -> Option<Vec<Template>> {
        let wanted = usize::from(syntax.segments);
        let mut segments = Vec::with_capacity(wanted);
        let mut current = Template::default();
        for part in &self.parts {
            let Part::Text(text) = part else {
                current.push(part.clone());
                continue;
            };
            let mut rest = text.as_str();
            while segments.len() + 1 < wanted {
                let Some((before, after)) = rest.split_once(syntax.separator) else { break };
                current.push_text(before);
                segments.push(std::mem::take(&mut current));
                rest = after;
            }
            current.push_text(rest);
        }
        segments.push(current);
        (segments.len() == wanted).then_some(segments)
    }

    fn push(&mut self, part: Part) {
        match part {
            Part::Text(text) => self.push_text(&text),
            // A run of stars is one star, so that a template made of stars only is known as `*`.
            Part::Any if self.parts.last() == Some(&Part::Any) => {}
            other => self.parts.push(other),
        }
    }

    fn push_text(&mut self, text: &str) {
        match self.parts.last_mut() {
            _ if text.is_empty() => {}
            Some(Part::Text(known)) => known.push_str(text),
            _ => self.parts.push(Part::Text(text.to_owned())),
        }
    }
}

/// The part that `special`, which begins with `*`, `?` or `$`, begins with, and the text behind it.
fn read_special(special: &str) -> (Part, &str) {
    let mut characters = special.chars();
    let part = match characters.next() {
        Some('*') => Part::Any,
        Some('?') => Part::One,
        _ => match special.strip_prefix("${").and_then(read_braces) {
            Some(read) => return read,
            None => Part::Text("$".to_owned()),
        },
    };
    (part, characters.as_str())
}

/// Reads what follows `${`. A key ends at the first character that no key has, so text without a closing brace is not
/// scanned again for every `${` in it.
fn read_braces(inner: &str) -> Option<(Part, &str)> {
    for escape in ["*", "?", "$"] {
        if let Some(rest) = inner.strip_prefix(escape).and_then(|rest| rest.strip_prefix('}')) {
            return Some((Part::Text(escape.to_owned()), rest));
        }
    }
    let (key, rest) = inner.split_at_checked(inner.find(['}', ',', '{', '$', '*', '?', '\''])?)?;
    let key = key.trim();
    if key.is_empty() {
        return None;
    }
    let (default, rest) = match rest.strip_prefix(',') {
        None => (None, rest),
        Some(rest) => {
            let (default, rest) = rest.trim_start().strip_prefix('\'')?.split_once('\'')?;
            (Some(default.into()), rest.trim_start())
        }
    };
    Some((Part::Variable { key: key.into(), default }, rest.strip_prefix('}')?))
}

/// The distinct parts of `text` with `head` before and `tail` behind them.
fn candidates<'a>(head: &[Token], tail: &[Token], text: &'a str) -> Option<BTreeSet<&'a str>> {
    let mut characters: Vec<char> = text.chars().collect();
    let starts = reach(head.iter(), &characters);
    characters.reverse();
    let mut ends = reach(tail.iter().rev(), &characters);
    ends.reverse();
    let offsets: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let at = |reached: &[bool]| -> Vec<usize> {
        reached.iter().zip(&offsets).filter(|(reached, _)| **reached).map(|(_, at)| *at).collect()
    };
    let (starts, ends) = (at(&starts), at(&ends));
    let mut found = BTreeSet::new();
    for start in starts {
        for end in ends.iter().filter(|end| **end >= start) {
            found.insert(text.get(start..*end)?);
            if found.len() > MAX_CAPTURES {
                return None;
            }
        }
    }
    Some(found)
}

/// For each number of leading characters whether they match all `tokens`.
fn reach<'a>(tokens: impl Iterator<Item = &'a Token>, characters: &[char]) -> Vec<bool> {
    let mut reached = vec![false; characters.len() + 1];
    if let Some(start) = reached.first_mut() {
        *start = true;
    }
    for token in tokens {
        if *token == Token::Any {
            let first = reached.iter().position(|reached| *reached).unwrap_or(reached.len());
            reached.iter_mut().skip(first).for_each(|reached| *reached = true);
        } else {
            let fits = |character: &char| *token == Token::One || *token == Token::Char(*character);
            let moved = reached.iter().zip(characters).map(|(before, next)| *before && fits(next));
            reached = std::iter::once(false).chain(moved).collect();
        }
    }
    reached
}
