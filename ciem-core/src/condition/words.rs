//! Conditions in words: `only with MFA and from 10.0.0.0/8`.
//!
//! Words follow what a test means, an absent key included; only values that are not of the operator's type (a source
//! address that is no address) are left out of them. Lists and groups among others stand in brackets, so that a text can be
//! read in one way. Whatever comes from documents is escaped and cut.

use super::cross::{Comparison, Kind, Over, Relation};
use super::operator::{Family, Operator, Prefix};
use super::told::{Told, ToldAtom, ToldComparison, ToldTest};
use std::collections::BTreeSet;

/// More values of one test are counted and not shown.
const MOST_VALUES: usize = 8;
/// More parts of one group are counted and not shown.
const MOST_PARTS: usize = 16;
/// More characters of one value are cut.
const MOST_CHARACTERS: usize = 200;

/// What marks the atom of what a document denies, between fact and subject.
const DENIALS: &str = " (denials) ";

/// How a provider speaks of a key.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyWords {
    /// What the value is, as in `the source address`; empty where the name of the key has to do.
    pub(crate) noun: String,
    /// What stands before a value that the request has, as in `from 10.0.0.0/8`.
    pub(crate) before: Option<&'static str>,
    /// What a request is called that has the value `true`, and one that has not.
    pub(crate) sign: Option<[&'static str; 2]>,
    /// Whether the value is the time of the request.
    pub(crate) moment: bool,
    /// Whether the key can have several values.
    pub(crate) many: bool,
}

/// The words of those who know keys and facts.
pub(crate) struct Vocabulary<'a> {
    /// Of a key.
    pub(crate) key: &'a dyn Fn(&str) -> KeyWords,
    /// Names of the facts that can be missing.
    pub(crate) facts: &'a [&'static str],
}

/// A part of a sentence, such as `with MFA`.
struct Phrase {
    text: String,
    /// What must not be so, as it follows `unless`; none where nothing is ruled out.
    barred: Option<String>,
}

impl Phrase {
    fn plain(text: String) -> Phrase {
        Phrase { text, barred: None }
    }

    /// `if it is not so`, which is also `unless it is so`.
    fn unless(text: String, barred: String) -> Phrase {
        Phrase { text, barred: Some(barred) }
    }
}

impl Told {
    /// The condition as text that says when access exists.
    pub(crate) fn to_text(&self, vocabulary: &Vocabulary<'_>) -> String {
        let parts = match self {
            Told::All(parts) => conjunction(parts),
            other => vec![other],
        };
        if parts.is_empty() {
            return "always".to_owned();
        }
        if matches!(self, Told::Any(parts) if parts.is_empty()) {
            return "never".to_owned();
        }
        let writer = Writer { vocabulary, alone: parts.len() == 1 };
        let phrases: Vec<Phrase> =
            parts.iter().take(MOST_PARTS).map(|part| writer.part(part, true)).collect();
        let further = parts.len() - phrases.len();
        let on_resources =
            |part: &&Told| matches!(part, Told::Atom { atom: ToldAtom::Resources(_), negated: true });
        let barred: Option<Vec<String>> = phrases.iter().map(|phrase| phrase.barred.clone()).collect();
        match barred {
            Some(barred) if further == 0 => {
                let word = if parts.iter().all(on_resources) { "except" } else { "unless" };
                format!("{word} {}", barred.join(" or "))
            }
            _ => {
                let texts = phrases.into_iter().map(|phrase| phrase.text).collect();
                format!("only {}", join(texts, further, "and"))
            }
        }
    }
}

/// The parts of a group, and of groups of the same kind in it.
fn flat(parts: &[Told], conjunction: bool) -> Vec<&Told> {
    let mut all = Vec::with_capacity(parts.len());
    for part in parts {
        match part {
            Told::All(inner) if conjunction => all.extend(flat(inner, true)),
            Told::Any(inner) if !conjunction => all.extend(flat(inner, false)),
            other => all.push(other),
        }
    }
    all
}

/// The parts of an `and`. That an unknown document allows something and does not deny it is said once.
fn conjunction(parts: &[Told]) -> Vec<&Told> {
    let mut all = flat(parts, true);
    let allowed: BTreeSet<&str> = all
        .iter()
        .filter_map(|part| match part {
            Told::Atom { negated: false, atom: ToldAtom::Missing(fact) } => Some(fact.as_str()),
            _ => None,
        })
        .collect();
    let is_said = |part: &Told| match part {
        Told::Atom { negated: true, atom: ToldAtom::Missing(text) } => {
            let parts = text.split_once(DENIALS);
            parts.is_some_and(|(fact, subject)| allowed.contains(format!("{fact} {subject}").as_str()))
        }
        _ => false,
    };
    let said: Vec<bool> = all.iter().map(|part| is_said(part)).collect();
    let mut said = said.into_iter();
    all.retain(|_| !said.next().unwrap_or(false));
    all
}

fn join(mut texts: Vec<String>, further: usize, word: &str) -> String {
    if further > 0 {
        texts.push(match word {
            "and" => format!("{further} further conditions"),
            _ => format!("under one of {further} further conditions"),
        });
    }
    texts.join(&format!(" {word} "))
}

struct Writer<'a> {
    vocabulary: &'a Vocabulary<'a>,
    /// Whether the phrase is the whole sentence, so that its lists need no brackets.
    alone: bool,
}

impl Writer<'_> {
    fn part(&self, told: &Told, top: bool) -> Phrase {
        let (parts, word) = match told {
            Told::Atom { negated, atom } => return self.atom(atom, *negated),
            Told::All(parts) => (conjunction(parts), "and"),
            Told::Any(parts) => (flat(parts, false), "or"),
        };
        match parts.as_slice() {
            [] => return Phrase::plain(if word == "and" { "always" } else { "never" }.to_owned()),
            [only] => return self.part(only, top),
            _ => {}
        }
        let inner = Writer { vocabulary: self.vocabulary, alone: false };
        let texts = parts.iter().take(MOST_PARTS).map(|part| inner.part(part, false).text).collect();
        let text = join(texts, parts.len().saturating_sub(MOST_PARTS), word);
        Phrase::plain(if top && self.alone { text } else { format!("({text})") })
    }

    fn atom(&self, atom: &ToldAtom, negated: bool) -> Phrase {
        match atom {
            ToldAtom::Key(test) => self.test(test, negated),
            ToldAtom::Compared(comparison) => self.compared(comparison, negated),
            ToldAtom::Session(name) => {
                let like = if name.contains(['*', '?']) { "like " } else { "" };
                let positive = format!("in a session named {like}{}", quoted(name));
                match negated {
                    true => Phrase::unless(format!("not {positive}"), positive),
                    false => Phrase::plain(positive),
                }
            }
            ToldAtom::Resources(patterns) => {
                let names: Vec<String> = patterns.iter().map(|pattern| plain(pattern)).collect();
                self.adverb("on", &names, negated)
            }
            ToldAtom::Missing(fact) => self.missing(fact, negated),
        }
    }

    /// `A starts with B`; of lists, whose values have to do so.
    fn compared(&self, told: &ToldComparison, negated: bool) -> Phrase {
        let noun = |key: &str| match (self.vocabulary.key)(key).noun {
            noun if noun.is_empty() => plain(key),
            noun => noun,
        };
        let (left, right) = (noun(&told.left), noun(&told.right));
        let comparison = told.comparison;
        let verb = comparison_verb(comparison);
        let case = if comparison.kind == Kind::FoldedText { " (ignoring case)" } else { "" };
        let which = |over: Over| if over == Over::Any { "some" } else { "every" };
        let claim = match comparison.over {
            None => format!("{left} {verb} {right}{case}"),
            Some([first, second]) => {
                let (first, second) = (which(first), which(second));
                format!(
                    "for {first} value of {left} and {second} value of {right}, the one {verb} the other{case}"
                )
            }
        };
        match negated {
            false => Phrase::plain(format!("if {}", self.bracketed(claim))),
            true => Phrase::unless(format!("if it is not so that ({claim})"), self.bracketed(claim)),
        }
    }

    /// `from A or B`, and its opposite.
    fn adverb(&self, before: &str, names: &[String], negated: bool) -> Phrase {
        let positive = format!("{before} {}", self.any_of(names));
        match (negated, names) {
            (false, _) => Phrase::plain(positive),
            (true, [_]) => Phrase::unless(format!("not {positive}"), positive),
            (true, _) => Phrase::unless(format!("{before} {}", none_of(names)), positive),
        }
    }

    fn missing(&self, text: &str, negated: bool) -> Phrase {
        let known = self.vocabulary.facts.iter().filter_map(|fact| {
            let rest = text.strip_prefix(fact)?.strip_prefix(' ')?;
            Some((*fact, rest))
        });
        // What an unknown document allows and what it denies are two unknowns.
        let (fact, subject, denies) = match text.split_once(DENIALS) {
            Some((fact, subject)) => (fact, subject, true),
            None => {
                known.max_by_key(|(fact, _)| fact.len()).map_or((text, "", false), |(f, s)| (f, s, false))
            }
        };
        let mut what = format!("the {}", escaped(fact));
        if fact.starts_with("wh") {
            what = format!("what is not known, {},", escaped(fact));
        }
        if !subject.is_empty() {
            what = format!("{what} of {}", plain(subject));
        }
        let plural = fact.ends_with('s') && !fact.starts_with("wh");
        let verb = match (denies, plural) {
            (true, true) => "deny",
            (true, false) => "denies",
            (false, true) => "allow",
            (false, false) => "allows",
        };
        let positive = format!("{what} {verb} it (not in the exports)");
        if !negated {
            return Phrase::plain(format!("if {positive}"));
        }
        let (does, verb) = (if plural { "do" } else { "does" }, if denies { "deny" } else { "allow" });
        Phrase::unless(format!("if {what} {does} not {verb} it (not in the exports)"), positive)
    }

    fn test(&self, test: &ToldTest, negated: bool) -> Phrase {
        let mut words = (self.vocabulary.key)(&test.key);
        if words.noun.is_empty() {
            words.noun = plain(&test.key);
        }
        let noun = &words.noun;
        match (test.prefix, test.operator) {
            (_, Operator::Null) => presence(noun, test, negated),
            (Prefix::None, Operator::Bool) if !words.many => self.truth(&words, test, negated),
            (Prefix::None, _) if !words.many => self.value(&words, test, negated),
            (Prefix::None, _) => {
                let alone = Writer { vocabulary: self.vocabulary, alone: false };
                let is = alone.is(&alternatives(test), test.operator.is_negated());
                let absent = test.if_exists || test.operator.is_negated();
                let or_absent = if absent { "is absent or " } else { "" };
                let claim = format!("{noun} {or_absent}has one value and that {is}");
                match negated {
                    false => Phrase::plain(format!("if {}", self.bracketed(claim))),
                    true => Phrase::unless(format!("if it is not so that ({claim})"), self.bracketed(claim)),
                }
            }
            (prefix, operator) => {
                // Every value is one of these: there is none that is not.
                let all = prefix == Prefix::All;
                let is = self.is(&alternatives(test), operator.is_negated() != all);
                let (some, none) = (format!("has a value that {is}"), format!("has no value that {is}"));
                let absent = test.if_exists && !all;
                match (all != negated, absent) {
                    (false, false) => Phrase::plain(format!("if {noun} {some}")),
                    (true, false) => Phrase::unless(format!("if {noun} {none}"), format!("{noun} {some}")),
                    (false, true) => {
                        Phrase::plain(format!("if {}", self.bracketed(format!("{noun} is absent or {some}"))))
                    }
                    (true, true) => Phrase::plain(format!(
                        "if {}",
                        self.bracketed(format!("{noun} is present and {none}"))
                    )),
                }
            }
        }
    }

    /// A truth value, where absence is a third.
    fn truth(&self, words: &KeyWords, test: &ToldTest, negated: bool) -> Phrase {
        let has =
            |wanted: &str| test.values.iter().any(|value| value.eq_ignore_ascii_case(wanted)) != negated;
        let noun = &words.noun;
        match (test.if_exists != negated, has("true"), has("false"), words.sign) {
            (false, true, false, Some([with, _])) => Phrase::plain(with.to_owned()),
            (false, true, false, None) => Phrase::plain(format!("if {noun} is true")),
            (true, false, true, Some([with, without])) => Phrase::unless(without.to_owned(), with.to_owned()),
            (true, false, true, None) => {
                Phrase::unless(format!("if {noun} is not true"), format!("{noun} is true"))
            }
            (false, false, true, _) => Phrase::plain(format!("if {noun} is false")),
            (true, true, false, _) => {
                Phrase::unless(format!("if {noun} is not false"), format!("{noun} is false"))
            }
            (true, false, false, _) => Phrase::plain(format!("if {noun} is absent")),
            (false, true, true, _) => Phrase::plain(format!("if {noun} is present")),
            (true, true, true, _) => Phrase::plain("always".to_owned()),
            (false, false, false, _) => Phrase::plain("never".to_owned()),
        }
    }

    /// One value, or absence.
    fn value(&self, words: &KeyWords, test: &ToldTest, negated: bool) -> Phrase {
        let KeyWords { noun, before, moment, .. } = words;
        // Whether the value is to be none of those that are written.
        let none = test.operator.is_negated() != negated;
        let absent = (test.if_exists || test.operator.is_negated()) != negated;
        if let Some(before) = before
            && absent == none
            && is_equality(test)
            && !test.values.is_empty()
        {
            let names: Vec<String> = test.values.iter().map(|value| plain(value)).collect();
            return self.adverb(before, &names, none);
        }
        let mut list = alternatives(test);
        if *moment && absent == none && test.operator.family() == Family::Date {
            let positive = self.any_of(&list);
            return match (none, list.as_slice()) {
                (false, _) => Phrase::plain(positive),
                (true, [_]) => Phrase::unless(format!("not {positive}"), positive),
                (true, _) => Phrase::unless(none_of(&list), positive),
            };
        }
        if absent != none {
            list.insert(0, "absent".to_owned());
        }
        let is = |opposite| format!("{noun} {}", self.is(&list, opposite));
        match none {
            false => Phrase::plain(format!("if {}", is(false))),
            true => Phrase::unless(format!("if {}", is(true)), is(false)),
        }
    }

    /// `is A or B`, or `is neither A nor B`.
    fn is(&self, list: &[String], opposite: bool) -> String {
        match opposite {
            true => format!("is {}", none_of(list)),
            false => format!("is {}", self.any_of(list)),
        }
    }

    /// `A, B or C`, in brackets among other phrases.
    fn any_of(&self, list: &[String]) -> String {
        let shown = shown(list);
        match shown.split_last() {
            None => "one of no values".to_owned(),
            Some((only, [])) => only.clone(),
            Some((last, before)) => {
                let text = format!("{} or {last}", before.join(", "));
                if self.alone { text } else { format!("({text})") }
            }
        }
    }

    fn bracketed(&self, claim: String) -> String {
        if self.alone { claim } else { format!("({claim})") }
    }
}

fn presence(noun: &str, test: &ToldTest, negated: bool) -> Phrase {
    let has = |wanted: &str| test.values.iter().any(|value| value.eq_ignore_ascii_case(wanted)) != negated;
    Phrase::plain(match (has("true"), has("false")) {
        (true, false) => format!("if {noun} is absent"),
        (false, true) => format!("if {noun} is present"),
        (true, true) => "always".to_owned(),
        (false, false) => "never".to_owned(),
    })
}

fn comparison_verb(comparison: Comparison) -> String {
    let date = comparison.kind == Kind::Date;
    let after_is = match comparison.relation {
        Relation::Starts if comparison.negated => return "does not start with".to_owned(),
        Relation::Starts => return "starts with".to_owned(),
        Relation::Equals => "",
        Relation::Like => "like",
        Relation::Less if date => "before",
        Relation::Less => "less than",
        Relation::LessEquals if date => "at or before",
        Relation::LessEquals => "at most",
        Relation::Greater if date => "after",
        Relation::Greater => "more than",
        Relation::GreaterEquals if date => "at or after",
        Relation::GreaterEquals => "at least",
    };
    let is = if comparison.negated { "is not" } else { "is" };
    format!("{is} {after_is}").trim_end().to_owned()
}

/// `not A`, or `neither A nor B`.
fn none_of(list: &[String]) -> String {
    let shown = shown(list);
    match shown.as_slice() {
        [] => "none of no values".to_owned(),
        [only] => format!("not {only}"),
        several => format!("neither {}", several.join(" nor ")),
    }
}

fn shown(list: &[String]) -> Vec<String> {
    let mut shown: Vec<String> = list.iter().take(MOST_VALUES).cloned().collect();
    if list.len() > shown.len() {
        shown.push(format!("any of {} more", list.len() - shown.len()));
    }
    shown
}

/// Whether what is written is what the value is to be.
fn is_equality(test: &ToldTest) -> bool {
    let wild = || test.values.iter().any(|value| value.contains(['*', '?']));
    match test.operator.family() {
        Family::Text | Family::Address => true,
        Family::Glob | Family::Arn => !wild(),
        _ => false,
    }
}

/// The values of a test as they follow `is`.
fn alternatives(test: &ToldTest) -> Vec<String> {
    let one = |value: &String| {
        let wild = value.contains(['*', '?']);
        match test.operator.family() {
            Family::Text => quoted(value),
            Family::FoldedText => format!("{} (ignoring case)", quoted(value)),
            Family::Glob if wild => format!("like {}", quoted(value)),
            Family::FoldedGlob => format!("like {} (ignoring case)", quoted(value)),
            Family::Glob => quoted(value),
            Family::Number | Family::Date => format!("{}{}", order(test.operator), plain(value)),
            Family::Address if value.contains('/') => format!("in {}", plain(value)),
            Family::Arn if wild => format!("like {}", plain(value)),
            Family::Binary => format!("the bytes {} in base64", plain(value)),
            Family::Address | Family::Arn | Family::Bool | Family::Presence => plain(value),
        }
    };
    // No more than can be shown are written; the others are counted.
    let mut list: Vec<String> = test.values.iter().take(MOST_VALUES + 1).map(one).collect();
    list.resize(test.values.len(), String::new());
    list
}

fn order(operator: Operator) -> &'static str {
    match operator {
        Operator::NumericLessThan => "less than ",
        Operator::NumericLessThanEquals => "at most ",
        Operator::NumericGreaterThan => "more than ",
        Operator::NumericGreaterThanEquals => "at least ",
        Operator::DateEquals | Operator::DateNotEquals => "at ",
        Operator::DateLessThan => "before ",
        Operator::DateLessThanEquals => "at or before ",
        Operator::DateGreaterThan => "after ",
        Operator::DateGreaterThanEquals => "at or after ",
        _ => "",
    }
}

/// The text as it is where nobody can mistake where it ends; else in quotes.
pub(super) fn plain(text: &str) -> String {
    let unclear = |c: char| c.is_whitespace() || matches!(c, '"' | ',' | '(' | ')' | '\\') || is_hidden(c);
    if text.is_empty() || text.contains(unclear) { quoted(text) } else { cut(text, str::to_owned) }
}

/// The text in quotes, with whatever cannot be seen escaped.
pub(crate) fn quoted(text: &str) -> String {
    cut(text, |text| format!("\"{}\"", escaped(text)))
}

fn cut(text: &str, write: impl Fn(&str) -> String) -> String {
    match text.char_indices().nth(MOST_CHARACTERS) {
        None => write(text),
        Some((end, _)) => {
            let (head, tail) = text.split_at(end);
            format!("{}… ({} more characters)", write(head), tail.chars().count())
        }
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if is_hidden(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// Control characters, and those that change how others are shown.
fn is_hidden(c: char) -> bool {
    c.is_control() || !matches!(c, '\'' | '"' | '\\') && c.escape_debug().len() > 1
}
