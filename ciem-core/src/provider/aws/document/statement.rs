//! One statement.

use super::json::{Members, Node, duplicates, pointer_step};
use super::resource::{Entry, entry};
use super::{At, Dialect, Reader, anything, principal};
use crate::base::Text;
use crate::error::quoted;
use crate::model::{CondId, Effect, PatternItem, Patterns, Statement, Who, WhoEntry};
use crate::provider::aws::condition;

const ELEMENTS: &[&str] = &[
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

impl Reader<'_> {
    /// The statement; two of them where its effect cannot be read.
    pub(super) fn statement(&mut self, node: &Node<'_>, at: At, index: u16, alone: bool) -> Vec<Statement> {
        let Node::Map(members) = node else {
            self.reject(at.to_string(), format!("a statement is an object, not {}", node.kind()));
            return anything(self.dialect, index, alone);
        };
        if !self.elements(members, at) {
            return anything(self.dialect, index, alone);
        }
        let find = |name: &str| members.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        let sid = self.sid(find("Sid"), at);
        let effects = self.effect(find("Effect"), at);
        let who = self.who(find("Principal"), find("NotPrincipal"), at);
        let actions = self.actions(find("Action"), find("NotAction"), at);
        let resources = self.resources(find("Resource"), find("NotResource"), at);
        let condition = find("Condition").map_or(CondId::ALWAYS, |block| self.condition(block, at));
        if self.dialect == Dialect::Rcp {
            self.restrictions(effects, members, &actions, at);
        }
        let effect = effects.first().copied().unwrap_or(Effect::Allow);
        let statement = Statement {
            effect,
            sid,
            index,
            alone,
            who,
            actions,
            narrowed: Vec::new(),
            resources,
            condition,
            doubt: None,
        };
        match effects {
            [_, other] => vec![statement.clone(), Statement { effect: *other, ..statement }],
            _ => vec![statement],
        }
    }

    /// Whether every element stands once, so that it is known which one to read.
    fn elements(&mut self, members: &Members<'_>, at: At) -> bool {
        let again = duplicates(members);
        for name in &again {
            self.reject(format!("{at}/{}", pointer_step(name)), "the element stands here twice");
        }
        for (name, _) in members {
            if !ELEMENTS.contains(&name.as_ref()) {
                let reason = format!("{} is no element of a statement", quoted(name));
                self.reject(format!("{at}/{}", pointer_step(name)), reason);
            }
        }
        again.is_empty()
    }

    fn sid(&mut self, value: Option<&Node<'_>>, at: At) -> Option<Text> {
        match value? {
            Node::Text(sid) => {
                let plain = sid.bytes().all(|b| b.is_ascii_alphanumeric());
                if self.dialect == Dialect::Identity && !plain {
                    self.reject(format!("{at}/Sid"), "a `Sid` has only letters and digits");
                }
                (!sid.is_empty()).then(|| self.facts.text(sid))
            }
            other => {
                self.reject(format!("{at}/Sid"), format!("a `Sid` is a text, not {}", other.kind()));
                None
            }
        }
    }

    fn effect(&mut self, value: Option<&Node<'_>>, at: At) -> &'static [Effect] {
        match value.and_then(Node::as_text) {
            Some("Allow") => &[Effect::Allow],
            Some("Deny") => &[Effect::Deny],
            _ => {
                self.reject(format!("{at}/Effect"), "the effect is `Allow` or `Deny`, in this spelling");
                &[Effect::Allow, Effect::Deny]
            }
        }
    }

    fn who(&mut self, named: Option<&Node<'_>>, excluded: Option<&Node<'_>>, at: At) -> Option<Who> {
        if matches!(self.dialect, Dialect::Identity | Dialect::Scp) {
            for (name, value) in [("Principal", named), ("NotPrincipal", excluded)] {
                if value.is_some() {
                    self.reject(
                        format!("{at}/{name}"),
                        "the policy binds whoever carries it and names no principal",
                    );
                }
            }
            return None;
        }
        if self.dialect == Dialect::Rcp {
            if named.and_then(Node::as_text) != Some("*") {
                self.reject(format!("{at}/Principal"), "the principal of a resource control policy is `*`");
            }
            return None;
        }
        let anyone = || Some(Who { negated: false, entries: vec![WhoEntry::Anyone] });
        let (element, negated, name) = match (named, excluded) {
            (Some(_), Some(_)) => {
                self.reject(
                    format!("{at}/NotPrincipal"),
                    "a statement has `Principal` or `NotPrincipal`, not both",
                );
                return anyone();
            }
            (Some(element), None) => (element, false, "Principal"),
            (None, Some(element)) => (element, true, "NotPrincipal"),
            // Names nobody (AWS-11).
            (None, None) => return Some(Who { negated: false, entries: Vec::new() }),
        };
        let mut problems = Vec::new();
        let who = principal::read(&mut self.facts.texts, element, negated, &mut problems);
        if problems.is_empty() {
            return Some(who);
        }
        for (below, reason) in problems {
            self.reject(format!("{at}/{name}{below}"), reason);
        }
        anyone()
    }

    fn actions(&mut self, listed: Option<&Node<'_>>, excluded: Option<&Node<'_>>, at: At) -> Patterns<Text> {
        let (element, negated, name) = match (listed, excluded) {
            (Some(element), None) => (element, false, "Action"),
            (None, Some(element)) => (element, true, "NotAction"),
            (Some(_), Some(_)) => {
                self.reject(format!("{at}/NotAction"), "a statement has `Action` or `NotAction`, not both");
                return Patterns::everything();
            }
            (None, None) => {
                self.reject(format!("{at}/Action"), "`Action` or `NotAction` is missing");
                return Patterns::everything();
            }
        };
        let mut items = Vec::with_capacity(element.items().len());
        let mut readable = true;
        for (index, value) in element.items().iter().enumerate() {
            match value {
                // White space around an action makes the entry match nothing (AWS-25).
                Node::Text(text) if is_action(text.trim()) => {
                    if text.trim().len() == text.len() {
                        items.push(self.facts.text(text));
                    }
                }
                other => {
                    readable = false;
                    let reason = match other {
                        Node::Text(text) => {
                            format!("{} is no action; write `*` or `service:Action`", quoted(text))
                        }
                        other => format!("an action is a text, not {}", other.kind()),
                    };
                    self.reject(pointer(at, name, element, index), reason);
                }
            }
        }
        if readable { Patterns { negated, items } } else { Patterns::everything() }
    }

    fn resources(
        &mut self,
        listed: Option<&Node<'_>>,
        excluded: Option<&Node<'_>>,
        at: At,
    ) -> Patterns<PatternItem> {
        if self.dialect == Dialect::Trust {
            for (name, value) in [("Resource", listed), ("NotResource", excluded)] {
                if value.is_some() {
                    self.reject(format!("{at}/{name}"), "a trust policy names no resource");
                }
            }
            return Patterns::everything();
        }
        let (element, negated, name) = match (listed, excluded) {
            (Some(element), None) => (element, false, "Resource"),
            (None, Some(element)) => (element, true, "NotResource"),
            (Some(_), Some(_)) => {
                self.reject(
                    format!("{at}/NotResource"),
                    "a statement has `Resource` or `NotResource`, not both",
                );
                return Patterns::everything();
            }
            (None, None) if self.dialect == Dialect::OwnResource => return Patterns::everything(),
            (None, None) => {
                self.reject(format!("{at}/Resource"), "`Resource` or `NotResource` is missing");
                return Patterns::everything();
            }
        };
        let mut items = Vec::with_capacity(element.items().len());
        let (mut readable, mut void) = (true, false);
        for (index, value) in element.items().iter().enumerate() {
            let reason = match value {
                Node::Text(text) => match entry(text, self.dialect) {
                    Entry::Pattern(text) => {
                        let variables = self.variables && text.contains("${");
                        items.push(PatternItem { text: self.facts.text(&text), variables });
                        continue;
                    }
                    Entry::Nothing => {
                        void = true;
                        continue;
                    }
                    Entry::Rejected(reason) => format!("{}: {reason}", quoted(text)),
                },
                other => format!("a resource is a text, not {}", other.kind()),
            };
            readable = false;
            self.reject(pointer(at, name, element, index), reason);
        }
        match (readable, void && negated) {
            (false, _) => Patterns::everything(),
            // An entry that is no ARN must not turn `NotResource` into a match of everything (AWS-27).
            (true, true) => Patterns { negated: false, items: Vec::new() },
            (true, false) => Patterns { negated, items },
        }
    }

    fn condition(&mut self, block: &Node<'_>, at: At) -> CondId {
        let mut problems = Vec::new();
        let condition = condition::read(self.facts, block, self.variables, &mut problems);
        // Of what may be misread nothing is kept: without its condition a statement in doubt is in doubt wherever
        // it could apply.
        let readable = problems.is_empty() && !self.misread;
        for (below, reason) in problems {
            self.reject(format!("{at}/Condition{below}"), reason);
        }
        if readable { condition } else { CondId::ALWAYS }
    }

    /// Resource control policies only deny; the full access that AWS attaches is the one Allow.
    fn restrictions(&mut self, effects: &[Effect], members: &Members<'_>, actions: &Patterns<Text>, at: At) {
        for (name, _) in members {
            if name == "NotAction" || name == "NotPrincipal" {
                self.reject(format!("{at}/{name}"), "a resource control policy does not have this element");
            }
        }
        let everything = match actions.items.as_slice() {
            [one] => !actions.negated && self.facts.texts.get(*one) == "*",
            _ => false,
        };
        if effects == [Effect::Allow] && !everything {
            self.reject(format!("{at}/Effect"), "a resource control policy can only deny");
        }
    }
}

fn is_action(text: &str) -> bool {
    text.split_once(':').is_some_and(|(service, name)| !service.is_empty() && !name.is_empty())
        || !text.is_empty() && text.bytes().all(|b| b == b'*')
}

fn pointer(at: At, name: &str, element: &Node<'_>, index: usize) -> String {
    if matches!(element, Node::List(_)) { format!("{at}/{name}/{index}") } else { format!("{at}/{name}") }
}
