//! Matching straight from the pattern's text: hundreds of thousands of resource patterns stay interned text,
//! and a concrete question is matched against the few that an index proposes.

use super::Syntax;

/// Whether `id` matches the segment-wise pattern `text` (`*` and `?`; no variables, no escapes).
pub(crate) fn matches_text(text: &str, id: &str, syntax: Syntax) -> bool {
    if !text.is_empty() && text.bytes().all(|byte| byte == b'*') {
        return true;
    }
    let (mut pattern, mut rest) = (text, id);
    for _ in 1..syntax.segments {
        match (pattern.split_once(syntax.separator), rest.split_once(syntax.separator)) {
            (Some((p, more_pattern)), Some((r, more_rest))) => {
                if !(p == "*" || p == r || glob_text(p, r)) {
                    return false;
                }
                (pattern, rest) = (more_pattern, more_rest);
            }
            // Fewer segments than an id has: such a text is no id, and only the same text matches.
            _ => return text == id,
        }
    }
    pattern == "*" || glob_text(pattern, rest)
}

/// Greedy matching that returns to the last `*` only: at most `pattern × text` steps, no allocation.
pub(crate) fn glob_text(pattern: &str, text: &str) -> bool {
    let (p, t) = (pattern.as_bytes(), text.as_bytes());
    let (mut i, mut j) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(&byte) = t.get(j) {
        match p.get(i) {
            Some(b'*') => {
                star = Some((i, j));
                i += 1;
            }
            Some(b'?') => {
                i += 1;
                j += char_len(byte);
            }
            Some(&literal) if literal == byte => {
                i += 1;
                j += 1;
            }
            _ => {
                let Some((at, from)) = star else { return false };
                let next = from + t.get(from).map_or(1, |&b| char_len(b));
                star = Some((at, next));
                (i, j) = (at + 1, next);
            }
        }
    }
    p.get(i..).is_some_and(|rest| rest.iter().all(|&b| b == b'*'))
}

fn char_len(first: u8) -> usize {
    match first {
        0xF0.. => 4,
        0xE0.. => 3,
        0xC0.. => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Glob, Pattern};
    use super::*;
    use proptest::prelude::*;

    const ARN: Syntax = Syntax { separator: ':', segments: 6 };

    proptest! {
        #[test]
        fn text_and_compiled_globs_agree(pattern in "[ab*?é]{0,8}", text in "[abé]{0,8}") {
            prop_assert_eq!(glob_text(&pattern, &text), Glob::parse(&pattern).matches(&text));
        }

        #[test]
        fn stars_match_whatever_the_universal_pattern_matches(pattern in "\\*{1,3}", id in "(arn:a:s3::1:)?[ab:/]{0,3}") {
            let compiled = Pattern::parse(&pattern, ARN).unwrap();
            prop_assert_eq!(matches_text(&pattern, &id, ARN), compiled.matches(&id, ARN));
        }

        #[test]
        fn text_and_compiled_patterns_agree(pattern in "arn:(a|\\*):s[3?]:\\*?:[0-9*]{0,3}:[ab:*/]{0,6}", id in "arn:a:s3::[0-9]{0,3}:[ab:/]{0,6}") {
            let compiled = Pattern::parse(&pattern, ARN).unwrap();
            prop_assert_eq!(matches_text(&pattern, &id, ARN), compiled.matches(&id, ARN));
        }
    }
}
