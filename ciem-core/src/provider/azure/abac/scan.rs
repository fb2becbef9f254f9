//! Cuts the text of a condition into words, texts, attributes and signs.

use super::parse::Fault;
use super::syntax::Source;

/// A piece of the text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Token<'a> {
    And,
    Or,
    Not,
    Open,
    Close,
    OpenSet,
    CloseSet,
    Comma,
    /// `@Source[name]`, the name without space around it.
    Attribute(Source, &'a str),
    /// What stands between two `'`.
    Text(&'a str),
    /// Letters, digits and `_-.:`.
    Word(&'a str),
}

/// A token, and the byte it begins at.
pub(super) type Placed<'a> = (Token<'a>, usize);

/// All tokens of the text.
pub(super) fn scan(text: &str) -> Result<Vec<Placed<'_>>, Fault> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let at = text.len() - rest.len();
        let (token, after) = token(rest, first).ok_or_else(|| Fault::syntax(text, at, expected(first)))?;
        tokens.push((token, at));
        rest = after.trim_start();
    }
    Ok(tokens)
}

fn expected(first: char) -> &'static str {
    match first {
        '\'' => "the end of the text that begins here with `'`",
        '@' => {
            "an attribute such as `@Resource[name]`; the sources are Request, Resource, Principal and Environment"
        }
        _ => "a condition",
    }
}

fn token(rest: &str, first: char) -> Option<(Token<'_>, &str)> {
    let signs = [
        ("&&", Token::And),
        ("||", Token::Or),
        ("!", Token::Not),
        ("(", Token::Open),
        (")", Token::Close),
        ("{", Token::OpenSet),
        ("}", Token::CloseSet),
        (",", Token::Comma),
    ];
    for (sign, token) in signs {
        if let Some(after) = rest.strip_prefix(sign) {
            return Some((token, after));
        }
    }
    match first {
        '\'' => rest.strip_prefix('\'')?.split_once('\'').map(|(text, after)| (Token::Text(text), after)),
        '@' => attribute(rest.strip_prefix('@')?),
        _ => word(rest),
    }
}

fn attribute(rest: &str) -> Option<(Token<'_>, &str)> {
    let (source, rest) = rest.split_once('[')?;
    let source =
        Source::ALL.into_iter().find(|known| known.name().eq_ignore_ascii_case(source.trim_end()))?;
    let (name, after) = rest.split_once(']')?;
    let name = name.trim();
    (!name.is_empty() && !name.contains(['\'', '[', '@', '{', '}']))
        .then_some((Token::Attribute(source, name), after))
}

fn word(rest: &str) -> Option<(Token<'_>, &str)> {
    let part_of = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
    let end = rest.find(|c| !part_of(c)).unwrap_or(rest.len());
    let (word, after) = rest.split_at_checked(end).filter(|(word, _)| !word.is_empty())?;
    let token = match word {
        _ if word.eq_ignore_ascii_case("and") => Token::And,
        _ if word.eq_ignore_ascii_case("or") => Token::Or,
        _ if word.eq_ignore_ascii_case("not") => Token::Not,
        _ => Token::Word(word),
    };
    Some((token, after))
}
