//! Patterns around the ids that were used, by stated rules (`docs/rightsizing.md`), never outside the old pattern.

use super::holdings::Grant;
use crate::model::AccessLevel;
use crate::pattern::{Glob, Pattern, Relation, Syntax, Template};
use crate::snapshot::estate::Estate;
use std::collections::BTreeSet;

/// An id that was used, or a pattern of ids where the log was too long to keep each.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Seen {
    pub(super) id: String,
    pub(super) exact: bool,
}

impl Seen {
    /// As policies write it: wildcards in an id are plain text.
    fn written(&self) -> String {
        if self.exact { escaped(&self.id) } else { self.id.clone() }
    }

    fn pattern(&self, syntax: Syntax) -> Option<Pattern> {
        if self.exact {
            Template::parse(&escaped(&self.id)).open_pattern(syntax)
        } else {
            Pattern::parse(&self.id, syntax)
        }
    }
}

fn escaped(id: &str) -> String {
    let mut out = String::with_capacity(id.len());
    for character in id.chars() {
        match character {
            '*' | '?' => out.extend(["${", character.encode_utf8(&mut [0; 4]), "}"]),
            '$' => out.push_str("${$}"),
            other => out.push(other),
        }
    }
    out
}

/// Narrows statements to what was used.
pub(super) struct Narrower<'a> {
    estate: &'a Estate,
    most: usize,
}

/// How ids are turned into patterns, the narrowest first.
const STEPS: usize = 4;

impl<'a> Narrower<'a> {
    pub(super) fn new(estate: &'a Estate, most: usize) -> Self {
        Narrower { estate, most: most.max(1) }
    }

    fn syntax(&self) -> Syntax {
        self.estate.provider.syntax
    }

    /// Whether a statement grants on what was seen, as far as ids tell.
    pub(super) fn matches(&self, grant: &Grant<'_>, seen: &Seen) -> bool {
        if grant.everything {
            return true;
        }
        let Some(pattern) = seen.pattern(self.syntax()) else { return false };
        let overlaps = |old: &String| self.open(old).is_none_or(|old| old.overlaps(&pattern));
        let contains =
            |old: &String| self.open(old).is_some_and(|old| old.relation(&pattern) == Relation::Contains);
        if grant.negated {
            !grant.resources.iter().any(contains)
        } else {
            grant.resources.iter().any(overlaps)
        }
    }

    /// An old pattern with any text in the place of variables.
    fn open(&self, old: &str) -> Option<Pattern> {
        if old.contains("${") {
            Template::parse(old).open_pattern(self.syntax())
        } else {
            Pattern::parse(old, self.syntax())
        }
    }

    /// The patterns to which a statement narrows for a permission that was used on these; `None` if it stays as it is.
    pub(super) fn narrow(
        &self,
        grant: &Grant<'_>,
        permission: u16,
        seen: &BTreeSet<Seen>,
    ) -> Option<Vec<String>> {
        // Where a variable has no value, a statement on all but such a pattern grants nothing at all (AWS-38).
        let hangs_on_caller = grant.negated && grant.resources.iter().any(|old| old.contains("${"));
        if hangs_on_caller || !seen.iter().all(|one| self.is_acted_on(permission, one)) {
            return None;
        }
        for step in 0..STEPS {
            let mut patterns: BTreeSet<String> = BTreeSet::new();
            for one in seen {
                patterns.extend(self.inside(grant, one, &self.generalised(permission, one, step))?);
            }
            patterns.extend(self.other_types(grant, permission, seen)?);
            let patterns = self.least(patterns);
            if patterns.len() <= self.most {
                return (!patterns.is_empty()).then_some(patterns);
            }
        }
        None
    }

    /// Whether the permission is checked on what was seen, as far as the catalogue tells. Logs name other things, too; and
    /// a permission without resources is granted on everything or not at all.
    fn is_acted_on(&self, permission: u16, seen: &Seen) -> bool {
        let Some(pattern) = seen.pattern(self.syntax()) else { return false };
        let types = self.estate.universe.resource_patterns(permission);
        types.is_some_and(|mut types| types.any(|kind| kind.overlaps(&pattern)))
    }

    /// What of a pattern around something that was seen lies in the old patterns; `None` if the old ones have to stay.
    fn inside(&self, grant: &Grant<'_>, seen: &Seen, around: &str) -> Option<Vec<String>> {
        let wide = self.open(around)?;
        let exact = seen.pattern(self.syntax())?;
        if grant.everything {
            return Some(vec![around.to_owned()]);
        }
        if grant.negated {
            let free = |pattern: &Pattern| {
                grant.resources.iter().all(|old| self.open(old).is_some_and(|old| !old.overlaps(pattern)))
            };
            return if free(&wide) {
                Some(vec![around.to_owned()])
            } else {
                free(&exact).then(|| vec![seen.written()])
            };
        }
        let mut found = Vec::new();
        for old in &grant.resources {
            let pattern = self.open(old)?;
            if !pattern.overlaps(&exact) {
                continue;
            }
            // With variables it is who asks that tells what matches.
            if old.contains("${") {
                found.push(old.clone());
            } else if pattern.relation(&wide) == Relation::Contains {
                found.push(around.to_owned());
            } else if pattern.relation(&exact) == Relation::Contains {
                found.push(seen.written());
            } else {
                found.push(old.clone());
            }
        }
        Some(found)
    }

    /// A call that changes things may have been checked on resources of several types, of which logs need not name each:
    /// what was never seen of a type stays as it was.
    fn other_types(&self, grant: &Grant<'_>, permission: u16, seen: &BTreeSet<Seen>) -> Option<Vec<String>> {
        let universe = &self.estate.universe;
        let Some(patterns) = universe.resource_patterns(permission) else { return Some(Vec::new()) };
        let changes = !matches!(universe.access(permission), AccessLevel::List | AccessLevel::Read);
        let types: BTreeSet<String> = patterns.clone().map(ToString::to_string).collect();
        if !changes || types.len() < 2 {
            return Some(Vec::new());
        }
        let seen: Vec<Pattern> = seen.iter().filter_map(|one| one.pattern(self.syntax())).collect();
        let mut found = Vec::new();
        for kind in patterns.filter(|kind| !seen.iter().any(|seen| kind.overlaps(seen))) {
            if grant.everything {
                found.push(kind.to_string());
            } else if grant.negated {
                return None;
            }
            for old in grant.resources.iter().filter(|_| !grant.everything) {
                let open = self.open(old)?;
                if open.overlaps(kind) {
                    found.push(old.clone());
                }
            }
        }
        Some(found)
    }

    /// Patterns without those that lie in another one.
    fn least(&self, patterns: BTreeSet<String>) -> Vec<String> {
        let parsed: Vec<(String, Option<Pattern>)> = patterns
            .into_iter()
            .map(|text| (text.clone(), if text.contains("${") { None } else { self.open(&text) }))
            .collect();
        let inside = |at: usize, one: &Option<Pattern>| {
            let one = one.as_ref();
            parsed.iter().enumerate().any(|(other, (_, pattern))| {
                other != at
                    && pattern
                        .as_ref()
                        .zip(one)
                        .is_some_and(|(pattern, one)| pattern.relation(one) == Relation::Contains)
            })
        };
        let kept = parsed.iter().enumerate().filter(|(at, (_, pattern))| !inside(*at, pattern));
        kept.map(|(_, (text, _))| text.clone()).collect()
    }

    /// The pattern around an id at a step: 0, what is in a container as such (an object in its bucket) stands for all
    /// that is in it; 1, the last part of the id is open; 2, all of the id but its type; 3, the region too.
    fn generalised(&self, permission: u16, seen: &Seen, step: usize) -> String {
        let syntax = self.syntax();
        let count = usize::from(syntax.segments);
        let segments: Vec<&str> = seen.id.splitn(count, syntax.separator).collect();
        let Some((&last, leading)) = segments.split_last().filter(|_| segments.len() == count) else {
            return seen.written();
        };
        let keep = |text: &str| if seen.exact { escaped(text) } else { text.to_owned() };
        let open_end = |head: &str| format!("{}*", keep(head));
        let own_type = self.type_of(permission, &seen.id);
        let last = match step {
            0 => match own_type.as_ref().and_then(|glob| container(glob, last)) {
                Some(head) => open_end(head),
                None => keep(last),
            },
            1 => match last.rfind(['/', ':']).and_then(|at| last.get(..=at)) {
                Some(head) if head.len() < last.len() => open_end(head),
                _ => keep(last),
            },
            _ => {
                let head = own_type.as_ref().map_or("", |glob| glob.literal_prefix());
                open_end(last.get(..head.len()).filter(|start| *start == head).unwrap_or(""))
            }
        };
        let account = self.estate.provider.key_segments.map(|[_, account]| account);
        let mut out: Vec<String> = leading.iter().map(|part| keep(part)).collect();
        // The region stands before the account.
        if let Some(region) =
            account.and_then(|at| at.checked_sub(1)).filter(|_| step >= 3).and_then(|at| out.get_mut(at))
            && !region.is_empty()
        {
            *region = "*".to_owned();
        }
        out.push(last);
        out.join(syntax.separator.encode_utf8(&mut [0; 4]))
    }

    /// The last segment of the most specific type of the permission that has the id.
    fn type_of(&self, permission: u16, id: &str) -> Option<Glob> {
        let patterns = self.estate.universe.resource_patterns(permission)?;
        let own =
            patterns.filter(|kind| kind.matches(id, self.syntax())).filter_map(|kind| kind.segments().last());
        own.max_by_key(|glob| glob.to_string().len()).cloned()
    }
}

/// The part of an id up to what is in a container, by the type's last segment: two free parts and more, of which the
/// last one ends the id.
fn container<'i>(glob: &Glob, id: &'i str) -> Option<&'i str> {
    let text = glob.to_string();
    let parts: Vec<&str> = text.split('*').collect();
    let (last, fixed) = parts.split_last()?;
    if !last.is_empty() || fixed.len() < 2 || text.contains('?') {
        return None;
    }
    let mut at = 0;
    for part in fixed {
        at += id.get(at..)?.find(part)? + part.len();
    }
    id.get(..at)
}
