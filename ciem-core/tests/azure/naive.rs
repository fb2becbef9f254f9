//! A naive evaluator: nested loops over a tenant, every completion of what is not known, its own matcher.

use crate::tenant::{Block, Denial, Tenant, group_id};
use std::collections::BTreeSet;

/// What an answer can depend on.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Open {
    /// The request's key has this value.
    Key(String),
    /// Somebody is in a group of which the members are not given; once for grants and once for denials.
    Member(String, bool),
    /// Something lies in a management group.
    Inside(String, bool),
    /// A role allows the operation.
    Role(usize),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    Allow,
    Deny,
    Conditional,
    Unknown,
}

impl Verdict {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Verdict::Allow => "allow",
            Verdict::Deny => "deny",
            Verdict::Conditional => "conditional",
            Verdict::Unknown => "unknown",
        }
    }
}

pub(crate) struct Question<'a> {
    pub(crate) principal: &'a str,
    pub(crate) operation: &'a (String, bool),
    pub(crate) resource: &'a str,
    pub(crate) eligible: bool,
    /// The value of the request's key, if it is known.
    pub(crate) key: Option<&'a str>,
}

/// Conditions that must all hold.
type Term = BTreeSet<Open>;

fn matches(pattern: &str, name: &str) -> bool {
    fn rest(pattern: &[u8], text: &[u8]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some((b'*', more)) => (0..=text.len()).any(|skip| rest(more, &text[skip..])),
            Some((byte, more)) => text
                .split_first()
                .is_some_and(|(first, text)| byte.eq_ignore_ascii_case(first) && rest(more, text)),
        }
    }
    rest(pattern.as_bytes(), name.as_bytes())
}

fn block_allows(block: &Block, (name, data): &(String, bool)) -> bool {
    let (listed, left_out) = match data {
        true => (&block.data_actions, &block.not_data_actions),
        false => (&block.actions, &block.not_actions),
    };
    listed.iter().any(|one| matches(one, name)) && !left_out.iter().any(|one| matches(one, name))
}

fn parts(id: &str) -> Vec<String> {
    id.split('/').filter(|part| !part.is_empty()).map(str::to_lowercase).collect()
}

impl Tenant {
    fn children(&self, group: &str) -> Option<&Vec<String>> {
        self.tree.iter().find(|(id, _)| id.eq_ignore_ascii_case(group)).map(|(_, children)| children)
    }

    /// All that surely lies in a management group, itself included, and whether that is all.
    fn inside(&self, group: &str) -> (BTreeSet<String>, bool) {
        let (mut found, mut whole) = (BTreeSet::from([group.to_lowercase()]), true);
        match self.children(group) {
            None => whole = false,
            Some(children) => {
                for child in children {
                    if child.to_lowercase().starts_with("/subscriptions") {
                        found.insert(child.to_lowercase());
                        continue;
                    }
                    let (below, all) = self.inside(child);
                    found.extend(below);
                    whole &= all;
                }
            }
        }
        (found, whole)
    }

    /// Whether a scope covers a resource: no, or on what that depends.
    fn covers(&self, scope: &str, resource: &str, denial: bool) -> Option<Term> {
        let below = |scope: &str| parts(resource).starts_with(&parts(scope));
        if !scope.to_lowercase().starts_with(&group_id("").to_lowercase()) {
            return below(scope).then(Term::new);
        }
        let (inside, whole) = self.inside(scope);
        if inside.iter().any(|id| below(id)) {
            return Some(Term::new());
        }
        (!whole).then(|| Term::from([Open::Inside(scope.to_lowercase(), denial)]))
    }

    /// Whether somebody is among these, itself or through groups: no, or on what that depends, way by way.
    fn is_among(&self, principal: &str, ids: &[String], denial: bool) -> Vec<Term> {
        let mut sure = BTreeSet::from([principal.to_owned()]);
        let above = |of: &BTreeSet<String>| -> BTreeSet<String> {
            let holding =
                self.members.iter().filter(|(_, members)| members.iter().any(|one| of.contains(one)));
            of.iter().cloned().chain(holding.map(|(group, _)| group.clone())).collect()
        };
        loop {
            let more = above(&sure);
            if more == sure {
                break;
            }
            sure = more;
        }
        if ids.iter().any(|id| sure.contains(id)) {
            return vec![Term::new()];
        }
        let mut ways = Vec::new();
        for open in self.groups.iter().filter(|group| !self.members.contains_key(*group)) {
            let mut through = BTreeSet::from([open.clone()]);
            for _ in &self.groups {
                through = above(&through);
            }
            if !principal.starts_with("g-") && ids.iter().any(|id| through.contains(id)) {
                ways.push(Term::from([Open::Member(open.clone(), denial)]));
            }
        }
        ways
    }

    fn grants(&self, question: &Question<'_>) -> Vec<Term> {
        let mut found = Vec::new();
        for one in self.assignments.iter().filter(|one| !one.eligible || question.eligible) {
            let Some(place) = self.covers(&one.scope, question.resource, false) else { continue };
            let who = self.is_among(question.principal, std::slice::from_ref(&one.principal), false);
            let role = &self.roles[one.role];
            let allowing: Vec<Term> = match role.given {
                false => vec![Term::from([Open::Role(one.role)])],
                true => {
                    let blocks = role.blocks.iter().filter(|block| block_allows(block, question.operation));
                    blocks
                        .map(|block| block.condition.iter().map(|v| Open::Key(v.clone())).collect())
                        .collect()
                }
            };
            for who in &who {
                for allowing in &allowing {
                    let own = one.condition.iter().map(|value| Open::Key(value.clone()));
                    found.push(place.iter().chain(who).chain(allowing).cloned().chain(own).collect());
                }
            }
        }
        found
    }

    /// On what each denial depends: all of the first, and none of the second.
    fn denials(&self, question: &Question<'_>) -> Vec<(Term, Vec<Term>)> {
        let mut found = Vec::new();
        for one in self.denials.iter().filter(|one| !one.audit) {
            let Denial { scope, only_here, everyone, whom, except, block, .. } = one;
            let place = match only_here {
                true => (parts(scope) == parts(question.resource)).then(Term::new),
                false => self.covers(scope, question.resource, true),
            };
            let Some(place) = place.filter(|_| block_allows(block, question.operation)) else { continue };
            let meant =
                if *everyone { vec![Term::new()] } else { self.is_among(question.principal, whom, true) };
            let spared = self.is_among(question.principal, except, true);
            for meant in meant {
                found.push((place.iter().chain(&meant).cloned().collect(), spared.clone()));
            }
        }
        found
    }

    pub(crate) fn verdict(&self, question: &Question<'_>) -> Verdict {
        let (grants, denials) = (self.grants(question), self.denials(question));
        let spared = denials.iter().flat_map(|(_, spared)| spared).flatten();
        let all = grants.iter().flatten().chain(denials.iter().flat_map(|(meant, _)| meant)).chain(spared);
        let open: Vec<Open> = all.cloned().collect::<BTreeSet<_>>().into_iter().collect();
        let mut outcomes = Vec::with_capacity(1 << open.len());
        for bits in 0..1_u32 << open.len() {
            let holds = |one: &Open| {
                let at = open.iter().position(|known| known == one).unwrap();
                match one {
                    Open::Key(value) => question.key.map_or(bits >> at & 1 == 1, |key| key == value),
                    _ => bits >> at & 1 == 1,
                }
            };
            // The key has one value at most.
            let keys = open.iter().filter(|one| matches!(one, Open::Key(_)) && holds(one)).count();
            if keys > 1 {
                outcomes.push(None);
                continue;
            }
            let term = |term: &Term| term.iter().all(&holds);
            let denied = denials.iter().any(|(meant, spared)| term(meant) && !spared.iter().any(&term));
            outcomes.push(Some(grants.iter().any(&term) && !denied));
        }
        let known = || outcomes.iter().flatten();
        if known().all(|allowed| *allowed) {
            return Verdict::Allow;
        }
        if known().all(|allowed| !*allowed) {
            return Verdict::Deny;
        }
        // A fact is missing if some completion hangs on it.
        let hangs = open.iter().enumerate().filter(|(_, one)| !matches!(one, Open::Key(_))).any(|(at, _)| {
            (0..outcomes.len()).any(|bits| {
                let other = outcomes[bits ^ 1 << at];
                outcomes[bits].is_some() && other.is_some() && outcomes[bits] != other
            })
        });
        if hangs { Verdict::Unknown } else { Verdict::Conditional }
    }
}
