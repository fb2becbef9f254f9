//! A naive evaluator: nested loops over a tenant, every completion of what is not known, its own matcher.

use crate::tenant::{APPLICATIONS, ASSIGN, Acting, Block, Denial, Tenant, WAYS, WORKLOADS, group_id};
use std::collections::BTreeSet;

/// What an answer can depend on.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Open {
    /// The request's key has this value.
    Key(String),
    /// Somebody is in a group of which the members are not given; once for grants and once for denials.
    Member(String, String, bool),
    /// Something lies in a management group.
    Inside(String, bool),
    /// A role allows the operation.
    Role(usize),
    /// Somebody can add a credential to a managed identity.
    Credential(String),
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

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Tier {
    Active,
    /// What somebody has to activate: assignments, and membership of a group.
    Eligible,
    /// What somebody can take who owns a group, an application or a service principal.
    Latent,
}

impl Tier {
    pub(crate) const ALL: [(Tier, &str); 3] =
        [(Tier::Active, "active"), (Tier::Eligible, "eligible"), (Tier::Latent, "latent")];
}

/// As whom somebody acts: as itself or as another, and as a member of one group more.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Guise<'a> {
    who: &'a str,
    joined: Option<&'a str>,
}

/// An edge between principals: from whom, to whom, how, on which resource.
pub(crate) type Edge = (String, String, String, String);

#[derive(Clone)]
pub(crate) struct Question<'a> {
    pub(crate) principal: &'a str,
    pub(crate) operation: &'a (String, bool),
    pub(crate) resource: &'a str,
    pub(crate) tier: Tier,
    /// The value of the request's key, if it is known.
    pub(crate) key: Option<&'a str>,
}

/// Whether a role may give it, and whether a denial may or surely does take it away.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grounds {
    pub(crate) granted: bool,
    pub(crate) denied: bool,
    pub(crate) surely_denied: bool,
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
    fn is_among(&self, guise: &Guise<'_>, ids: &[String], denial: bool) -> Vec<Term> {
        let mut sure = BTreeSet::from([guise.who.to_owned()]);
        sure.extend(guise.joined.map(str::to_owned));
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
            if !guise.who.starts_with("g-") && ids.iter().any(|id| through.contains(id)) {
                ways.push(Term::from([Open::Member(guise.who.to_owned(), open.clone(), denial)]));
            }
        }
        ways
    }

    /// As whom somebody can act by a step of its own at most.
    fn guises<'a>(&'a self, question: &Question<'a>) -> BTreeSet<Guise<'a>> {
        let who = question.principal;
        let mut found = BTreeSet::from([Guise { who, joined: None }]);
        let is_user = |id: &str| !id.starts_with("g-");
        if question.tier >= Tier::Eligible {
            for (group, all) in &self.activations {
                for (of, owner) in all {
                    if of == who && (!owner || question.tier == Tier::Latent) {
                        found.insert(Guise { who, joined: Some(group) });
                    }
                }
            }
        }
        if question.tier == Tier::Latent && is_user(who) {
            for (object, _) in self.owners.iter().filter(|(_, owners)| owners.contains(who)) {
                let service = APPLICATIONS
                    .iter()
                    .find(|(of, _)| of == object)
                    .map_or(object.as_str(), |(_, service)| service);
                match service.split('-').next() {
                    Some("g") => found.insert(Guise { who, joined: Some(service) }),
                    _ => found.insert(Guise { who: service, joined: None }),
                };
            }
        }
        found
    }

    fn grants(&self, question: &Question<'_>, guise: &Guise<'_>) -> Vec<Term> {
        let mut found = Vec::new();
        let counts = |eligible: bool| !eligible || question.tier >= Tier::Eligible;
        for one in self.assignments.iter().filter(|one| counts(one.eligible)) {
            let Some(place) = self.covers(&one.scope, question.resource, false) else { continue };
            let who = self.is_among(guise, std::slice::from_ref(&one.principal), false);
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
            let takes = (guise.who != question.principal && guise.who.starts_with("mi-"))
                .then(|| Open::Credential(guise.who.to_owned()));
            for who in &who {
                for allowing in &allowing {
                    let own = one.condition.iter().map(|value| Open::Key(value.clone()));
                    let own = own.chain(takes.clone());
                    found.push(place.iter().chain(who).chain(allowing).cloned().chain(own).collect());
                }
            }
        }
        found
    }

    /// On what each denial depends: all of the first, and none of the second.
    fn denials(&self, question: &Question<'_>, guise: &Guise<'_>) -> Vec<(Term, Vec<Term>)> {
        let mut found = Vec::new();
        for one in self.denials.iter().filter(|one| !one.audit) {
            let Denial { scope, only_here, everyone, whom, except, block, .. } = one;
            let place = match only_here {
                true => (parts(scope) == parts(question.resource)).then(Term::new),
                false => self.covers(scope, question.resource, true),
            };
            let Some(place) = place.filter(|_| block_allows(block, question.operation)) else { continue };
            let meant = if *everyone { vec![Term::new()] } else { self.is_among(guise, whom, true) };
            let spared = self.is_among(guise, except, true);
            for meant in meant {
                found.push((place.iter().chain(&meant).cloned().collect(), spared.clone()));
            }
        }
        found
    }

    /// Why somebody is denied, at the active tier.
    pub(crate) fn grounds(&self, question: &Question<'_>) -> Grounds {
        let mut grounds = Grounds { granted: false, denied: false, surely_denied: false };
        for guise in self.guises(question) {
            // What asks for another value of the key than the given one is no grant.
            let open = |term: &Term| {
                term.iter().all(|one| match (one, question.key) {
                    (Open::Key(value), Some(key)) => value == key,
                    _ => true,
                })
            };
            grounds.granted |= self.grants(question, &guise).iter().any(open);
            for (meant, spared) in self.denials(question, &guise) {
                grounds.denied |= !spared.iter().any(Term::is_empty);
                grounds.surely_denied |= meant.is_empty() && spared.is_empty();
            }
        }
        grounds
    }

    /// `None` where there are too many completions.
    pub(crate) fn verdict(&self, question: &Question<'_>) -> Option<Verdict> {
        let of = |guise: &Guise<'_>| (self.grants(question, guise), self.denials(question, guise));
        let ways: Vec<_> = self.guises(question).iter().map(of).collect();
        let mut all: BTreeSet<Open> = BTreeSet::new();
        for (grants, denials) in ways.iter().filter(|(grants, _)| !grants.is_empty()) {
            let spared = denials.iter().flat_map(|(_, spared)| spared).flatten();
            let meant = denials.iter().flat_map(|(meant, _)| meant);
            all.extend(grants.iter().flatten().chain(meant).chain(spared).cloned());
        }
        let open: Vec<Open> = all.into_iter().collect();
        if open.len() > MOST_OPEN {
            return None;
        }
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
            let allowed = ways.iter().filter(|(grants, _)| !grants.is_empty()).any(|(grants, denials)| {
                let denied = denials.iter().any(|(meant, spared)| term(meant) && !spared.iter().any(&term));
                grants.iter().any(&term) && !denied
            });
            outcomes.push(Some(allowed));
        }
        let known = || outcomes.iter().flatten();
        if known().all(|allowed| *allowed) {
            return Some(Verdict::Allow);
        }
        if known().all(|allowed| !*allowed) {
            return Some(Verdict::Deny);
        }
        // A fact is missing if some completion hangs on it.
        let hangs = open.iter().enumerate().filter(|(_, one)| !matches!(one, Open::Key(_))).any(|(at, _)| {
            (0..outcomes.len()).any(|bits| {
                let other = outcomes[bits ^ 1 << at];
                outcomes[bits].is_some() && other.is_some() && outcomes[bits] != other
            })
        });
        Some(if hangs { Verdict::Unknown } else { Verdict::Conditional })
    }

    /// Who becomes an identity in one step, by ruling what the identity is attached to.
    pub(crate) fn edges(&self, principals: &[&str]) -> Option<BTreeSet<(Edge, &'static str)>> {
        let mut found = BTreeSet::new();
        for Acting { kind, id, own, shared } in &self.acting {
            for (_, name, how) in WAYS.iter().filter(|(of, ..)| of == kind) {
                for principal in principals {
                    let mut verdict = self.active(principal, name, id)?;
                    let mut on = id.to_lowercase();
                    if *how == ASSIGN {
                        let Some((there, place)) = self.workload(principal)? else { continue };
                        verdict = worse(verdict, there);
                        on = format!("{on} {}", place.to_lowercase());
                    }
                    let others =
                        own.iter().chain(shared).filter(|to| verdict != Verdict::Deny && to != principal);
                    for to in others {
                        let edge = ((*principal).to_owned(), to.clone(), (*how).to_owned(), on.clone());
                        found.insert((edge, verdict.name()));
                    }
                }
            }
        }
        Some(found)
    }

    fn active(&self, principal: &str, name: &str, resource: &str) -> Option<Verdict> {
        let operation = (name.to_owned(), false);
        self.verdict(&Question { principal, operation: &operation, resource, tier: Tier::Active, key: None })
    }

    /// Where somebody can most surely make a workload that runs what it likes; of several the first by id.
    fn workload(&self, principal: &str) -> Option<Option<(Verdict, &str)>> {
        let mut best: Option<(Verdict, &str)> = None;
        let mut places: Vec<&Acting> = self.acting.iter().collect();
        places.sort_by_key(|one| one.id.to_lowercase());
        for Acting { kind, id, .. } in places {
            for (_, needed) in WORKLOADS.iter().filter(|(of, _)| of == kind) {
                let [one, other] = needed.map(|name| self.active(principal, name, id));
                let verdict = worse(one?, other?);
                if verdict != Verdict::Deny && best.is_none_or(|(known, _)| worse(known, verdict) != verdict)
                {
                    best = Some((verdict, id));
                }
            }
        }
        Some(best)
    }

    /// Who becomes a service principal by adding a credential to it, or to its application.
    pub(crate) fn credentials(&self) -> BTreeSet<(Edge, &'static str)> {
        let mut found = BTreeSet::new();
        for (object, owners) in self.owners.iter().filter(|(object, _)| !object.starts_with("g-")) {
            let application = APPLICATIONS.iter().find(|(of, _)| of == object);
            let to = application.map_or(object.as_str(), |(_, service)| service);
            let verdict = if to.starts_with("mi-") { Verdict::Unknown } else { Verdict::Allow };
            for owner in owners.iter().filter(|owner| *owner != to) {
                let edge = (owner.clone(), to.to_owned(), "add_credentials".to_owned(), String::new());
                found.insert((edge, verdict.name()));
            }
        }
        found
    }
}

/// The less sure of two.
fn worse(one: Verdict, other: Verdict) -> Verdict {
    let order = [Verdict::Allow, Verdict::Conditional, Verdict::Unknown, Verdict::Deny];
    let place = |of: Verdict| order.iter().position(|known| *known == of);
    if place(one) >= place(other) { one } else { other }
}

const MOST_OPEN: usize = 8;
