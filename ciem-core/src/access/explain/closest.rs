//! Of a statement's resource patterns the one that comes closest to what is asked.

use super::differ::{Compared, Meeting, difference};
use super::words::quoted;
use crate::access::answer::Difference;
use crate::access::question::Asked;
use crate::condition::Tri;
use crate::pattern::{Glob, Pattern, Relation, Syntax, Template};
use crate::snapshot::library::{PatternId, PatternKind};
use std::cmp::Reverse;

const HINTED: usize = 4;
const NO_VALUE: usize = 6;
const EXCEPTED: usize = 10;
const SEGMENT: usize = 10;
const NO_ID: usize = 30;
/// Of longer lists so many patterns are compared.
const MOST_COMPARED: usize = 500;

/// A pattern, and how it differs.
struct Candidate {
    far: usize,
    /// How long it agrees, so that of patterns of one kind the one that differs latest is named.
    shared: Reverse<usize>,
    text: String,
    segments: Vec<usize>,
    hint: Option<String>,
}

/// Notes how the resources differ; `false` if they have nothing to do with what is asked.
pub(super) fn resource_differs(meeting: &Meeting<'_, '_>, near: &mut Compared) -> bool {
    let library = meeting.scene.library;
    let set = &library.resource_sets[meeting.statement.resources];
    let asked = meeting.asked();
    let mut found = Difference { except: set.negated, given: vec![asked.clone()], ..difference("resource") };
    let text = |&item: &PatternId| library.pattern_text(item).to_owned();
    if set.negated {
        let excepts = |item: &&PatternId| {
            meeting.scene.item_degree(library.patterns[**item]) != Tri::No
                || meeting.without_value(&[Template::parse(library.pattern_text(**item))]).is_some()
        };
        let Some(item) = set.items.iter().find(excepts).or(set.items.first()) else { return false };
        found.wanted = vec![text(item)];
        found.wanted_left_out = set.items.len() - 1;
        found.hint = match library.patterns[*item].kind {
            PatternKind::Template => meeting.without_value(&[Template::parse(library.pattern_text(*item))]),
            _ => None,
        };
        near.rank.1 += EXCEPTED;
        near.failed.push(found);
        return true;
    }
    if matches!(meeting.evaluator.part.asked, Asked::Nothing) {
        // AWS-23.
        let mut wanted: Vec<String> = set.items.iter().map(text).collect();
        wanted.sort_unstable();
        found.wanted_left_out = wanted.len().saturating_sub(1);
        wanted.truncate(1);
        found.wanted = wanted;
        let permission = meeting.evaluator.estate.universe.name(meeting.evaluator.permission);
        found.hint = Some(format!("{} acts on no particular resource: only `*` matches", quoted(permission)));
        near.rank.1 += HINTED;
        near.failed.push(found);
        return true;
    }
    let candidates =
        set.items.iter().take(MOST_COMPARED).filter_map(|&item| candidate(meeting, item, &asked));
    let closest = candidates.min_by(|a, b| (a.far, a.shared, &a.text).cmp(&(b.far, b.shared, &b.text)));
    let Some(closest) = closest else { return false };
    near.rank.1 += closest.far;
    found.wanted = vec![closest.text];
    found.wanted_left_out = set.items.len() - 1;
    found.segments = closest.segments;
    found.hint = closest.hint;
    near.failed.push(found);
    true
}

fn candidate(meeting: &Meeting<'_, '_>, item: PatternId, asked: &str) -> Option<Candidate> {
    let scene = meeting.scene;
    let entry = scene.library.patterns[item];
    let text = scene.library.texts.get(entry.text);
    let provider = meeting.evaluator.estate.provider;
    let syntax = provider.syntax;
    let made = |far, shared, segments, hint| Candidate {
        far,
        shared: Reverse(shared),
        text: text.to_owned(),
        segments,
        hint,
    };
    let mut without_value = None;
    let pattern = match entry.kind {
        PatternKind::Template => {
            let template = Template::parse(text);
            let known = template.to_pattern(syntax, &mut |name| scene.value(name));
            without_value = meeting.without_value(std::slice::from_ref(&template));
            known.or_else(|| template.open_pattern(syntax))
        }
        _ => Pattern::parse(text, syntax),
    };
    let Some(pattern) = pattern else {
        let hint = format!("{} is no whole resource id", quoted(text));
        return Some(made(NO_ID, 0, Vec::new(), Some(hint)));
    };
    if let Some(hint) = holds_or_lies_in(meeting, &pattern, asked) {
        return Some(made(HINTED, asked.len(), Vec::new(), Some(hint)));
    }
    let cut = cut(asked, &meeting.evaluator.part.asked, syntax);
    let Some(cut) = cut else { return Some(made(NO_ID, 0, Vec::new(), without_value)) };
    let mut segments = Vec::new();
    let (mut shared, mut tenths, mut only_case) = (0, 0, true);
    for (at, (own, asked)) in pattern.segments().iter().zip(&cut).enumerate() {
        if own.overlaps(asked) {
            continue;
        }
        segments.push(at + 1);
        let text = asked.as_literal().unwrap_or_else(|| asked.literal_prefix());
        shared = own.literal_prefix().chars().zip(text.chars()).take_while(|(a, b)| a == b).count();
        tenths = 9 * shared / text.chars().count().max(1);
        only_case &= asked.as_literal().is_some_and(|text| own.matches_ignore_ascii_case(text));
    }
    // Patterns of another service are about something else, and so are those that the permission cannot act on.
    let acts = scene.library.action_sets[entry.applicable].contains(meeting.evaluator.permission);
    let service = provider.service_segment().map(|at| at + 1);
    if !acts || service.is_some_and(|at| segments.contains(&at)) {
        return None;
    }
    Some(match (without_value, segments.is_empty(), only_case) {
        (Some(hint), true, _) => made(NO_VALUE, asked.len(), segments, Some(hint)),
        // The later the last one differs, the closer it is.
        (hint, false, false) => made(SEGMENT * segments.len() - tenths, shared, segments, hint),
        (_, false, true) => {
            made(HINTED, shared, segments, Some("only upper and lower case differ".to_owned()))
        }
        // All segments match, and the whole does not: it lies in another account.
        (None, true, _) => {
            made(SEGMENT, shared, segments, Some("what it names lies in another account".to_owned()))
        }
    })
}

/// The pattern names what holds the asked resource, or what lies in it (AWS-28).
fn holds_or_lies_in(meeting: &Meeting<'_, '_>, pattern: &Pattern, asked: &str) -> Option<String> {
    let provider = meeting.evaluator.estate.provider;
    let syntax = provider.syntax;
    if let Some(holder) = (provider.carrier)(asked)
        && pattern.matches(&holder, syntax)
    {
        return Some(format!("{} does not match what lies in it", quoted(&pattern.to_string())));
    }
    let inside = (provider.covered)(asked);
    let lies_in = inside.iter().filter(|text| *text != asked).any(|text| {
        Pattern::parse(text, syntax).is_some_and(|inside| pattern.relation(&inside) != Relation::Disjoint)
    });
    lies_in.then(|| format!("it matches what lies in {}, not that itself", quoted(asked)))
}

fn cut(text: &str, asked: &Asked, syntax: Syntax) -> Option<Vec<Glob>> {
    if let Asked::Pattern(pattern) = asked {
        return Some(pattern.segments().to_vec());
    }
    let parts: Vec<&str> = text.splitn(syntax.segments.into(), syntax.separator).collect();
    let whole = parts.len() == usize::from(syntax.segments);
    whole.then(|| parts.into_iter().map(Glob::literal).collect())
}
