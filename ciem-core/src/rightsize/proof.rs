//! That a proposal lies within the old policies and grants what stays: read again from the documents, not from how they
//! were made. `inclusion` does the same for any two policies; here it is known which statement comes from which.

use super::holdings::{Grant, Holdings};
use super::need::{Asked, Need};
use crate::base::Intervals;
use crate::model::{DocId, Effect};
use crate::pattern::{Pattern, Relation, Syntax, Template};
use crate::provider::RemedySpec;
use crate::snapshot::estate::Estate;
use crate::snapshot::library::Library;
use serde_json::Value;

/// An Allow statement as it is read again: what it means, and how it is written.
pub(super) type Again<'d> = (Intervals, &'d Value);

/// The Allow statements of these documents, which a library has read.
pub(super) fn read_again<'d>(
    spec: &RemedySpec,
    library: &Library,
    documents: impl Iterator<Item = (DocId, &'d Value)>,
) -> Vec<Again<'d>> {
    let mut found = Vec::new();
    for (id, document) in documents {
        let written = (spec.statements_in)(document);
        for (_, statement) in library.statements_of(id) {
            let Some(written) = written.get(usize::from(statement.index)) else { continue };
            if statement.effect == Effect::Allow {
                found.push((library.action_sets[statement.actions].clone(), written));
            }
        }
    }
    found
}

/// `proved`, or what lies outside the old policies.
pub(super) fn within_granted(asked: &Asked<'_>, holdings: &Holdings<'_>, new: &[Again<'_>]) -> String {
    let Asked { estate, spec, .. } = asked;
    for (actions, written) in new {
        let (negated, resources) = (spec.resources)(written);
        let mut left = actions.clone();
        for grant in &holdings.grants {
            let same = grant.negated == negated && grant.resources == resources;
            if (same || includes(estate, grant, negated, &resources))
                && (spec.conditions_include)(written, &grant.written)
            {
                let old = &estate.library.action_sets[grant.statement.actions];
                left = left.intersect(&old.complement(estate.universe.len()));
            }
        }
        if let Some(&(first, _)) = left.ranges().first() {
            return format!("`{}` is granted beyond the old policies", estate.universe.name(first));
        }
    }
    "proved".to_owned()
}

/// Whether each resource lies in one of an old statement.
fn includes(estate: &Estate, grant: &Grant<'_>, negated: bool, resources: &[String]) -> bool {
    if grant.everything || negated {
        return grant.everything;
    }
    let syntax = estate.provider.syntax;
    resources.iter().all(|new| {
        if !grant.negated && grant.resources.contains(new) {
            return true;
        }
        // An escape is plain text; any other variable hangs on who asks.
        let fixed = Template::parse(new).variables().next().is_none();
        let Some(new) = open(new, syntax).filter(|_| fixed) else { return false };
        if grant.negated {
            // Without a value for a variable such a statement grants nothing.
            if grant.resources.iter().any(|old| Template::parse(old).variables().next().is_some()) {
                return false;
            }
            return grant
                .resources
                .iter()
                .all(|old| open(old, syntax).is_some_and(|old| !old.overlaps(&new)));
        }
        let plain = grant.resources.iter().filter(|old| Template::parse(old).variables().next().is_none());
        plain.filter_map(|old| open(old, syntax)).any(|old| old.relation(&new) == Relation::Contains)
    })
}

fn open(text: &str, syntax: Syntax) -> Option<Pattern> {
    if text.contains("${") {
        Template::parse(text).open_pattern(syntax)
    } else {
        Pattern::parse(text, syntax)
    }
}

/// `proved`, or the first permission that should stay and is in none of the statements.
pub(super) fn covers_kept(
    asked: &Asked<'_>,
    holdings: &Holdings<'_>,
    need: &Need<'_>,
    new: &[Again<'_>],
) -> String {
    let Asked { estate, .. } = asked;
    let stay = holdings.grants.iter().filter(|grant| !holdings.is_replaced(grant.policy));
    let mut ranges: Vec<(u16, u16)> = new.iter().flat_map(|(set, _)| set.ranges()).copied().collect();
    ranges.extend(stay.flat_map(|grant| estate.library.action_sets[grant.statement.actions].ranges()));
    let granted = Intervals::from_ranges(ranges);
    let missing = need.kept().intersect(&granted.complement(estate.universe.len()));
    match missing.ranges().first() {
        Some(&(first, _)) => format!("`{}` is not granted any more", estate.universe.name(first)),
        None => "proved".to_owned(),
    }
}

/// What is exchanged, as one document.
pub(super) fn old_document(holdings: &Holdings<'_>, spec: &RemedySpec) -> Value {
    let grants = holdings.grants.iter().map(|grant| (grant.policy, &grant.written));
    let denials = holdings.denials.iter().map(|(at, written)| (*at, written));
    let exchanged = grants.chain(denials).filter(|(at, _)| holdings.is_replaced(*at));
    (spec.document)(exchanged.map(|(_, written)| written.clone()).collect())
}
