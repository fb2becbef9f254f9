//! One statement against the question: which of its elements match, and what those that do not match want.

use super::closest;
use super::near::Budget;
use crate::access::answer::{Difference, Elements};
use crate::access::leaf::Scene;
use crate::access::question::Asked;
use crate::access::scalar::ScalarEvaluator;
use crate::base::Intervals;
use crate::condition::{KeyState, Operator, Prefix, Test, Tri};
use crate::model::{Clause, CondId, CondNode, Effect, PrincipalKind, Who, WhoEntry};
use crate::pattern::Template;
use crate::provider::{Binding, LayerSpec};
use crate::snapshot::library::{PatternKind, Stmt};

/// So many wanted values are listed.
const MOST_WANTED: usize = 20;
/// So many permissions of a statement are named.
const MOST_PERMISSIONS: usize = 3;
/// Of the permissions next to the asked one so many are compared.
const MOST_COMPARED: usize = 64;
/// With more elements that fail a statement is about something else.
const MOST_FAILING: usize = 2;

/// How far apart a failing element is: what is easily mended is close.
mod distance {
    pub(super) const CLAUSE: usize = 3;
    pub(super) const HINTED: usize = 4;
    pub(super) const SAME_ACCOUNT: usize = 12;
    pub(super) const OTHERS: usize = 18;
    pub(super) const ACTION: usize = 20;
}

/// How a statement lies to the question.
pub(super) enum Lies {
    /// It applies, perhaps on a condition.
    Applies,
    Far,
    Near(Compared),
}

/// A statement that nearly applies.
pub(super) struct Compared {
    pub(super) elements: Elements,
    pub(super) failed: Vec<Difference>,
    pub(super) open: Vec<Difference>,
    /// Number of elements that fail, and how far apart they are.
    pub(super) rank: (usize, usize),
}

/// A difference without more to say.
pub(super) fn difference(element: &'static str) -> Difference {
    Difference {
        element,
        key: None,
        operator: None,
        except: false,
        wanted: Vec::new(),
        wanted_left_out: 0,
        known: "given",
        given: Vec::new(),
        segments: Vec::new(),
        hint: None,
    }
}

fn word(degree: Tri) -> &'static str {
    match degree {
        Tri::Yes => "matches",
        Tri::Maybe => "depends",
        Tri::No => "fails",
    }
}

/// One statement as an evaluator meets it in a layer.
pub(super) struct Meeting<'a, 'b> {
    pub(super) evaluator: &'b ScalarEvaluator<'a>,
    pub(super) scene: &'b Scene<'a>,
    pub(super) spec: &'static LayerSpec,
    pub(super) statement: &'b Stmt,
}

impl Meeting<'_, '_> {
    pub(super) fn compare(&self, budget: &mut Budget) -> Lies {
        let (scene, statement) = (self.scene, self.statement);
        let set = &scene.library.resource_sets[statement.resources];
        if !budget.spend(1 + set.items.len()) {
            return Lies::Far;
        }
        let speaks = scene.library.speaks_of(statement, self.evaluator.permission);
        // A statement on everything that is about other permissions is no near miss, and most statements are such.
        if !speaks && !self.is_particular() {
            return Lies::Far;
        }
        let resource = scene.resources(statement.resources);
        if !speaks && resource == Tri::No {
            return Lies::Far;
        }
        let condition = scene.condition_tri(statement.condition);
        let principal = self.principal();
        let degrees = [principal.unwrap_or(Tri::Yes), Tri::from(speaks), resource, condition];
        let failing = degrees.iter().filter(|degree| **degree == Tri::No).count();
        match failing {
            0 => return Lies::Applies,
            1 => {}
            // What speaks of other permissions and would not apply anyway is about something else.
            2..=MOST_FAILING if speaks => {}
            _ => return Lies::Far,
        }
        let mut near = Compared {
            elements: Elements {
                principal: principal.map(word),
                action: word(Tri::from(speaks)),
                resource: word(resource),
                condition: (statement.condition != CondId::ALWAYS).then(|| word(condition)),
            },
            failed: Vec::new(),
            open: Vec::new(),
            rank: (failing, 0),
        };
        if principal == Some(Tri::No) {
            self.principal_differs(&mut near);
        }
        if !speaks && !self.action_differs(&mut near) {
            return Lies::Far;
        }
        if resource == Tri::No && !closest::resource_differs(self, &mut near) {
            return Lies::Far;
        }
        self.conditions_differ(statement.condition, &mut near);
        Lies::Near(near)
    }

    /// Whether the statement is about particular resources, or about the one that carries it; in a layer that limits
    /// each counts, for what it leaves out.
    fn is_particular(&self) -> bool {
        let set = &self.scene.library.resource_sets[self.statement.resources];
        let named = |&item| self.scene.library.patterns[item].kind != PatternKind::Any;
        let limits = !self.spec.grants && self.statement.effect == Effect::Allow;
        limits
            || matches!(self.spec.binding, Binding::Resource | Binding::Context(_))
            || !set.negated && set.items.iter().all(named)
    }

    fn who(&self) -> Option<&Who> {
        let who = self.statement.who?;
        let binds = matches!(self.spec.binding, Binding::Resource | Binding::Context(_));
        binds.then(|| &self.evaluator.estate.library.whos[who])
    }

    fn principal(&self) -> Option<Tri> {
        let who = self.who()?;
        if who.negated {
            return Some(self.evaluator.excepted_degree(self.statement.who).not());
        }
        let provider = self.evaluator.estate.provider;
        let names = |&entry: &WhoEntry| {
            let counts = self.statement.effect == Effect::Deny
                || (provider.strength)(entry, self.evaluator.caller.kind).is_some();
            if counts { self.evaluator.names_degree(entry) } else { Tri::No }
        };
        Some(who.entries.iter().map(names).fold(Tri::No, Tri::or))
    }

    fn principal_differs(&self, near: &mut Compared) {
        let Some(who) = self.who() else { return };
        let estate = self.evaluator.estate;
        let mut entries: Vec<(usize, String, Option<String>)> = Vec::new();
        for &entry in &who.entries {
            let text = self.entry_text(entry);
            if who.negated {
                let excepts = self.evaluator.names_degree(entry) != Tri::No;
                entries.push((usize::from(!excepts), text, None));
                continue;
            }
            let hint = self.entry_hint(entry);
            let same_account = text.contains(self.evaluator.caller.account_id.text(estate));
            let far = match (&hint, same_account) {
                (Some(_), _) => distance::HINTED,
                (_, true) => distance::SAME_ACCOUNT,
                _ => distance::OTHERS,
            };
            entries.push((far, text, hint));
        }
        entries.sort();
        near.rank.1 += match entries.first() {
            Some((far, ..)) if !who.negated => *far,
            _ => distance::SAME_ACCOUNT,
        };
        let caller = self.evaluator.caller;
        let id = caller.id.text(estate);
        let given = match &caller.session_name {
            Some(session) => format!("{id} (session {})", session.text(estate)),
            None => id.to_owned(),
        };
        let mut found = Difference { except: who.negated, given: vec![given], ..difference("principal") };
        found.hint = entries.first().and_then(|(.., hint)| hint.clone());
        found.wanted_left_out = entries.len().saturating_sub(MOST_WANTED);
        found.wanted = entries.into_iter().take(MOST_WANTED).map(|(_, text, _)| text).collect();
        near.failed.push(found);
    }

    fn entry_text(&self, entry: WhoEntry) -> String {
        let text = |text| self.evaluator.estate.text(text);
        match entry {
            WhoEntry::Anyone => "*".to_owned(),
            WhoEntry::Account(id) => format!("account {}", text(id)),
            WhoEntry::Session { account, role, session } => {
                format!("session {} of role {} of account {}", text(session), text(role), text(account))
            }
            WhoEntry::Nobody => "an id that is nobody's".to_owned(),
            WhoEntry::Principal(id)
            | WhoEntry::UniqueId(id)
            | WhoEntry::Service(id)
            | WhoEntry::Federated(id) => text(id).to_owned(),
        }
    }

    /// Why an entry that looks like the caller is not the caller.
    fn entry_hint(&self, entry: WhoEntry) -> Option<String> {
        let (estate, caller) = (self.evaluator.estate, self.evaluator.caller);
        let (id, name) = (caller.id.text(estate), caller.name.text(estate));
        let of_account = |account| caller.account_id.is(account);
        let says = |text: &str| Some(text.to_owned());
        match entry {
            WhoEntry::Anyone => says("`*` is not about callers of this kind"),
            WhoEntry::Principal(named) => {
                let named = estate.text(named);
                if named.eq_ignore_ascii_case(id) {
                    return says("only upper and lower case differ");
                }
                let ends = |text: &'_ str| {
                    Some((text.split_once('/')?.0.to_owned(), text.rsplit_once('/')?.1.to_owned()))
                };
                (ends(named).is_some() && ends(named) == ends(id))
                    .then(|| "the name is the same, the path is another".to_owned())
            }
            WhoEntry::Session { account, role, session } if of_account(account) => {
                if caller.kind == PrincipalKind::Role && estate.text(role).eq_ignore_ascii_case(name) {
                    return says("it names another session of the role");
                }
                // What follows the role's name is the session's: a path makes another role of it (AWS-12).
                let path = estate.text(session).rsplit('/').nth(1);
                let found = path.is_some_and(|last| last.eq_ignore_ascii_case(name));
                found.then(|| "the id of a session has the role's name without its path".to_owned())
            }
            _ => None,
        }
    }

    /// Names the closest permissions of which the statement speaks; `false` if none of the service can act on what is
    /// asked about.
    fn action_differs(&self, near: &mut Compared) -> bool {
        let universe = &self.evaluator.estate.universe;
        let asked = self.evaluator.permission;
        let name = universe.name(asked);
        let service = name.split(':').next().unwrap_or(name);
        let actions = &self.scene.library.action_sets[self.statement.actions];
        let mut closest = nearest(actions, asked);
        closest.retain(|&id| {
            let same_service = universe.name(id).split(':').next().is_some_and(|of| of == service);
            let acts = self.evaluator.part.can_be_acted_on(self.evaluator.estate, id);
            same_service && acts && !universe.is_without_resource(id)
        });
        closest.truncate(MOST_PERMISSIONS);
        if closest.is_empty() {
            return false;
        }
        let all: usize = actions.ranges().iter().map(|(start, end)| usize::from(end - start)).sum();
        let wanted: Vec<String> = closest.iter().map(|&id| universe.name(id).to_owned()).collect();
        near.rank.1 += distance::ACTION;
        near.failed.push(Difference {
            wanted_left_out: all.saturating_sub(wanted.len()),
            wanted,
            given: vec![name.to_owned()],
            ..difference("action")
        });
        true
    }

    fn conditions_differ(&self, id: CondId, near: &mut Compared) {
        match self.scene.library.conditions.get(id) {
            CondNode::Always => {}
            CondNode::And(parts) => parts.iter().for_each(|&part| self.conditions_differ(part, near)),
            // What is closest of what would do.
            CondNode::Or(parts) if self.scene.condition_tri(id) != Tri::Yes => {
                let mut alternatives: Vec<Compared> = Vec::with_capacity(parts.len());
                for &part in parts {
                    let mut alternative = Compared {
                        elements: near.elements.clone(),
                        failed: Vec::new(),
                        open: Vec::new(),
                        rank: near.rank,
                    };
                    self.conditions_differ(part, &mut alternative);
                    alternatives.push(alternative);
                }
                if let Some(closest) = alternatives.into_iter().min_by_key(|found| found.rank) {
                    near.rank = closest.rank;
                    near.failed.extend(closest.failed);
                    near.open.extend(closest.open);
                }
            }
            CondNode::Or(_) => {}
            CondNode::Not(part) => {
                match (self.scene.condition_tri(id), self.scene.library.conditions.get(*part)) {
                    (Tri::Yes, _) => {}
                    (degree, CondNode::Clause(clause)) => {
                        let clause = self.scene.library.conditions.clause(*clause);
                        let found = Difference { except: true, ..self.clause_differs(clause) };
                        if degree == Tri::No {
                            near.rank.1 += distance::CLAUSE;
                            near.failed.push(found);
                        } else {
                            near.open.push(found);
                        }
                    }
                    (degree, _) => {
                        let told = |hint: &str| Difference {
                            hint: Some(hint.to_owned()),
                            ..difference("condition")
                        };
                        if degree == Tri::No {
                            near.failed.push(told("what must not hold together holds"));
                        } else {
                            let open = told("what must not hold together may hold");
                            near.open.push(Difference { known: "unknown", ..open });
                        }
                    }
                }
            }
            CondNode::Clause(clause) => {
                let clause = self.scene.library.conditions.clause(*clause);
                match self.scene.clause(clause, false).degree {
                    Tri::Yes => {}
                    Tri::No => {
                        near.rank.1 += distance::CLAUSE;
                        near.failed.push(self.clause_differs(clause));
                    }
                    Tri::Maybe => near.open.push(self.clause_differs(clause)),
                }
            }
            CondNode::Missing(fact) => {
                let Some(fact) = self.scene.library.missing_fact(*fact) else { return };
                let hint = Some(format!("{} of {} is missing", fact.fact, fact.subject));
                near.open.push(Difference { hint, known: "unknown", ..difference("condition") });
            }
        }
    }

    fn clause_differs(&self, clause: &Clause) -> Difference {
        let (known, given) = match self.scene.states.state(clause.key.id) {
            KeyState::Unknown => ("unknown", Vec::new()),
            KeyState::Absent | KeyState::Many([]) => ("absent", Vec::new()),
            KeyState::One(value) => ("given", vec![value.to_owned()]),
            KeyState::Many(values) => ("given", values.iter().map(|value| value.to_string()).collect()),
        };
        let hints: Vec<String> = [
            self.without_value(&clause.templates),
            self.of_several(clause),
            self.of_text(clause),
            given.first().and_then(|given| {
                let hint = self.evaluator.estate.provider.hint;
                clause.values.iter().find_map(|wanted| hint(&clause.key.name, wanted, given))
            }),
        ]
        .into_iter()
        .flatten()
        .collect();
        Difference {
            key: Some(clause.key.name.to_string()),
            operator: Some(clause.operator.to_string()),
            wanted: clause.values.iter().take(MOST_WANTED).map(|value| value.to_string()).collect(),
            wanted_left_out: clause.values.len().saturating_sub(MOST_WANTED),
            known,
            given,
            hint: (!hints.is_empty()).then(|| hints.join("; ")),
            ..difference("condition")
        }
    }

    /// Which variables have no value in this request (AWS-38).
    pub(super) fn without_value(&self, templates: &[Template]) -> Option<String> {
        let mut names: Vec<&str> = Vec::new();
        for (name, default) in templates.iter().flat_map(Template::variables) {
            let key = self.scene.library.conditions.find_key(name);
            let state = key.map(|key| self.scene.states.state(key.id));
            let none = !matches!(state, Some(KeyState::One(_) | KeyState::Unknown));
            if none && default.is_none() && !names.contains(&name) {
                names.push(name);
            }
        }
        let names: Vec<String> =
            names.iter().map(|name| super::words::quoted(&format!("${{{name}}}"))).collect();
        match names.as_slice() {
            [] => None,
            [one] => Some(format!("{one} has no value here")),
            several => Some(format!("{} have no value here", several.join(" and "))),
        }
    }

    /// A key with several values never matches an operator for one (AWS-32).
    fn of_several(&self, clause: &Clause) -> Option<String> {
        let several = matches!(self.scene.states.state(clause.key.id), KeyState::Many([_, _, ..]));
        (several && clause.test.prefix() == Prefix::None && clause.test.operator() != Operator::Null).then(
            || {
                "an operator without `ForAnyValue:` or `ForAllValues:` never matches several values"
                    .to_owned()
            },
        )
    }

    /// Whether another way of comparing texts would match.
    fn of_text(&self, clause: &Clause) -> Option<String> {
        let state = self.scene.states.state(clause.key.id);
        if !matches!(state, KeyState::One(_)) || clause.test.prefix() != Prefix::None {
            return None;
        }
        let values: Vec<&str> = clause.values.iter().map(|value| &**value).collect();
        let holds = |operator: &str| Some(Test::compile(operator, &values).ok()?.eval(state) == Tri::Yes);
        let plain = matches!(clause.test.operator(), Operator::StringEquals | Operator::StringLike);
        if plain && holds("StringEqualsIgnoreCase")? {
            return Some("only upper and lower case differ".to_owned());
        }
        if clause.test.operator() == Operator::StringEquals && holds("StringLike")? {
            return Some(
                "`*` and `?` are no wildcards under `StringEquals`; `StringLike` would match".to_owned(),
            );
        }
        None
    }

    pub(super) fn asked(&self) -> String {
        match &self.evaluator.part.asked {
            Asked::Nothing => "*".to_owned(),
            Asked::Id(id) => id.clone(),
            Asked::Pattern(pattern) => pattern.to_string(),
        }
    }
}

/// The permissions of a set that stand next to one in the universe's order, which is by service and name.
fn nearest(actions: &Intervals, asked: u16) -> Vec<u16> {
    let mut found: Vec<(u16, u16)> = Vec::new();
    for &(start, end) in actions.ranges() {
        let few = MOST_COMPARED as u16;
        let below = start.max(end.saturating_sub(few))..end;
        let above = start..end.min(start.saturating_add(few));
        let ids = if end <= asked { below } else { above };
        found.extend(ids.map(|id| (id.abs_diff(asked), id)));
    }
    found.sort_unstable();
    found.truncate(MOST_COMPARED);
    found.into_iter().map(|(_, id)| id).collect()
}
