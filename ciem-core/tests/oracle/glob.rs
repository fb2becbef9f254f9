//! A naive matcher of wildcard texts: one recursion over characters, no index, no fast path.

/// One element of a pattern. A substituted policy variable contributes only `Char`s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    Char(char),
    Any,
    One,
}

/// The tokens of a text in which `*` and `?` are wildcards.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    text.chars()
        .map(|c| match c {
            '*' => Token::Any,
            '?' => Token::One,
            other => Token::Char(other),
        })
        .collect()
}

fn same(a: char, b: char, ignore_case: bool) -> bool {
    a == b || (ignore_case && a.eq_ignore_ascii_case(&b))
}

fn rest_matches(pattern: &[Token], text: &[char], ignore_case: bool) -> bool {
    let Some((first, others)) = pattern.split_first() else { return text.is_empty() };
    match first {
        Token::Any => (0..=text.len()).any(|skip| rest_matches(others, &text[skip..], ignore_case)),
        Token::One => !text.is_empty() && rest_matches(others, &text[1..], ignore_case),
        Token::Char(c) => {
            text.first().is_some_and(|t| same(*c, *t, ignore_case))
                && rest_matches(others, &text[1..], ignore_case)
        }
    }
}

pub(crate) fn tokens_match(pattern: &[Token], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    rest_matches(pattern, &text, false)
}

pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    tokens_match(&tokens(pattern), text)
}

pub(crate) fn matches_ignore_case(pattern: &str, text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    rest_matches(&tokens(pattern), &text, true)
}

/// Cut at the first five colons: the six segments of an ARN, or nothing if there are fewer.
fn pattern_segments(pattern: &[Token]) -> Option<Vec<&[Token]>> {
    let segments: Vec<&[Token]> = pattern.splitn(6, |token| *token == Token::Char(':')).collect();
    (segments.len() == 6).then_some(segments)
}

/// Segment by segment; wildcards cross colons only in the sixth segment.
pub(crate) fn arn_tokens_match(pattern: &[Token], arn: &str) -> bool {
    let Some(wanted) = pattern_segments(pattern) else { return false };
    let found: Vec<&str> = arn.splitn(6, ':').collect();
    found.len() == 6 && wanted.iter().zip(&found).all(|(p, text)| tokens_match(p, text))
}

/// What `Resource` entries and `resource_in` patterns mean: `*` is everything, the rest are ARN patterns.
pub(crate) fn resource_matches(pattern: &[Token], arn: &str) -> bool {
    pattern == [Token::Any] || arn_tokens_match(pattern, arn)
}

/// The shortest text that both patterns match: breadth-first search over pairs of positions.
pub(crate) fn common_text(left: &[Token], right: &[Token]) -> Option<String> {
    let width = right.len() + 1;
    let mut seen = vec![false; (left.len() + 1) * width];
    let mut queue = std::collections::VecDeque::from([(0, 0, String::new())]);
    while let Some((i, j, text)) = queue.pop_front() {
        if std::mem::replace(&mut seen[i * width + j], true) {
            continue;
        }
        let (l, r) = (left.get(i), right.get(j));
        if l.is_none() && r.is_none() {
            return Some(text);
        }
        if l == Some(&Token::Any) {
            queue.push_front((i + 1, j, text.clone()));
        }
        if r == Some(&Token::Any) {
            queue.push_front((i, j + 1, text.clone()));
        }
        let (Some(l), Some(r)) = (l, r) else { continue };
        let next = match (l, r) {
            (Token::Char(a), Token::Char(b)) if a != b => continue,
            (Token::Char(a), _) | (_, Token::Char(a)) => *a,
            _ => 'w',
        };
        let step = |token: &Token, at: usize| if *token == Token::Any { at } else { at + 1 };
        queue.push_back((step(l, i), step(r, j), format!("{text}{next}")));
    }
    None
}

/// A concrete ARN that both patterns match (`*` stands for any ARN), or nothing if they are disjoint.
pub(crate) fn common_arn(left: &[Token], right: &[Token]) -> Option<String> {
    let everything = tokens("*:*:*:*:*:*");
    let widen =
        |pattern: &[Token]| if pattern == [Token::Any] { everything.clone() } else { pattern.to_vec() };
    let (left, right) = (widen(left), widen(right));
    let (left, right) = (pattern_segments(&left)?, pattern_segments(&right)?);
    let parts: Option<Vec<String>> = left.iter().zip(&right).map(|(l, r)| common_text(l, r)).collect();
    parts.map(|parts| parts.join(":"))
}

/// The pattern with every `*` replaced by `fill` and every `?` by one letter.
pub(crate) fn filled(pattern: &[Token], fill: &str) -> String {
    let mut text = String::new();
    for token in pattern {
        match token {
            Token::Char(c) => text.push(*c),
            Token::Any => text.push_str(fill),
            Token::One => text.push('q'),
        }
    }
    text
}
