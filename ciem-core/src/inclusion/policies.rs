//! The documents as rules over numbered resource patterns.

use crate::access::leaf::plain;
use crate::base::{Intervals, Text};
use crate::condition::{Atom, Expr, Test};
use crate::error::Error;
use crate::model::{
    Clause, CondId, CondNode, Conditions, DocId, Effect, Facts, PatternItem, Patterns, PolicyKind, Who,
};
use crate::pattern::{Glob, Pattern, Template};
use crate::provider::{InclusionSpec, Provider};
use crate::snapshot::known::Known;
use crate::snapshot::universe::Universe;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Values of policy variables by key in lower case; none for keys that are absent.
pub(super) type Values = BTreeMap<String, Option<String>>;

/// A document as read, and as it was given.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) document: DocId,
    pub(super) value: Value,
}

/// A statement.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    /// Whether it is one of the first document, which is checked; else of the one that it is compared with.
    pub(super) checked: bool,
    pub(super) effect: Effect,
    pub(super) who: Option<Who>,
    pub(super) actions: Intervals,
    /// Numbers of items.
    pub(super) resources: Patterns<usize>,
    pub(super) condition: Expr,
    /// Whether it makes its policy public.
    pub(super) public: bool,
    pub(super) index: u16,
    pub(super) alone: bool,
    pub(super) sid: Option<String>,
}

/// A resource pattern.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// With variables standing for any text.
    pub(super) pattern: Pattern,
    /// Whether it is `*`, which alone speaks of permissions without resources.
    pub(super) any: bool,
    /// Present where variables decide what is matched.
    pub(super) template: Option<Template>,
    /// The resource types that it can name a resource of, sorted.
    pub(super) types: Vec<u16>,
}

pub(super) struct Policies {
    pub(super) provider: &'static Provider,
    pub(super) inclusion: &'static InclusionSpec,
    pub(super) kind: PolicyKind,
    pub(super) universe: Universe,
    pub(super) facts: Arc<Facts>,
    pub(super) given: Arc<[Given]>,
    pub(super) rules: Vec<Rule>,
    pub(super) items: Vec<Item>,
    /// Pairs of items with variables of which the first matches nothing that the second does not.
    pub(super) inside: Vec<(usize, usize)>,
}

impl Policies {
    pub(super) fn new(
        (provider, inclusion): (&'static Provider, &'static InclusionSpec),
        kind: PolicyKind,
        mut facts: Facts,
        given: Vec<Given>,
        asked: &[&str],
    ) -> Result<Policies, Error> {
        facts.conditions.freeze();
        let known = Known::built_in(provider);
        let mut universe = Universe::of_facts(known.clone(), &facts)?;
        // A pattern that means no known permission would else mean nothing at all.
        let strangers = strangers(&universe, &facts, asked);
        if !strangers.is_empty() {
            universe = Universe::of_facts_and(known, &facts, &strangers)?;
        }
        let mut policies = Policies {
            provider,
            inclusion,
            kind,
            universe,
            facts: Arc::new(facts),
            given: given.into(),
            rules: Vec::new(),
            items: Vec::new(),
            inside: Vec::new(),
        };
        policies.read();
        policies.note_inside();
        Ok(policies)
    }

    fn read(&mut self) {
        let mut numbers: BTreeMap<PatternItem, usize> = BTreeMap::new();
        let mut expanded: BTreeMap<Text, Vec<(u16, u16)>> = BTreeMap::new();
        let ids: Vec<DocId> = self.given.iter().map(|given| given.document).collect();
        for (place, id) in ids.into_iter().enumerate() {
            let document = self.facts.documents[id].clone();
            for statement in document.statements {
                let public = (self.inclusion.makes_public)(&self.facts, &statement);
                let mut actions = Intervals::all(self.universe.len());
                for list in [&statement.actions].into_iter().chain(&statement.narrowed) {
                    let mut ranges = Vec::new();
                    for &action in &list.items {
                        let found = expanded.entry(action).or_insert_with(|| {
                            self.universe.expand(self.facts.texts.get(action)).ranges().to_vec()
                        });
                        ranges.extend_from_slice(found);
                    }
                    let listed = Intervals::from_ranges(ranges);
                    let listed = if list.negated { listed.complement(self.universe.len()) } else { listed };
                    actions = actions.intersect(&listed);
                }
                let items = statement.resources.items.iter();
                let items = items.map(|&item| match numbers.get(&item) {
                    Some(&number) => number,
                    None => {
                        let number = self.add_item(item);
                        numbers.insert(item, number);
                        number
                    }
                });
                let mut items: Vec<usize> = items.collect();
                items.sort_unstable();
                items.dedup();
                let rule = Rule {
                    checked: place == 0,
                    effect: statement.effect,
                    who: statement.who,
                    actions,
                    resources: Patterns { negated: statement.resources.negated, items },
                    condition: expr(&self.facts.conditions, statement.condition),
                    public,
                    index: statement.index,
                    alone: statement.alone,
                    sid: statement.sid.map(|sid| self.facts.texts.get(sid).to_owned()),
                };
                self.rules.push(rule);
            }
        }
    }

    fn add_item(&mut self, item: PatternItem) -> usize {
        let text = self.facts.texts.get(item.text);
        let syntax = self.provider.syntax;
        let template = (item.variables && text.contains("${")).then(|| Template::parse(text));
        let pattern = match &template {
            Some(template) => template.open_pattern(syntax),
            None => Pattern::parse(text, syntax),
        };
        let template = template.filter(|template| template.variables().next().is_some());
        let any = text == "*";
        // Too few segments to be an id: it matches nothing.
        let pattern = pattern.unwrap_or_else(nothing);
        let types = match any {
            true => Vec::new(),
            false => self.universe.types_of_pattern(&pattern, self.provider.service_segment()),
        };
        self.items.push(Item { pattern, any, template, types });
        self.items.len() - 1
    }

    /// A variable that stands for the same text on both sides is a character that nothing else names. That is sound as
    /// long as the wider pattern has no `?`, which would take one character of a longer value.
    fn note_inside(&mut self) {
        let mut symbols: BTreeMap<String, String> = BTreeMap::new();
        let closed: Vec<(usize, Pattern, bool)> = self
            .items
            .iter()
            .enumerate()
            .filter_map(|(number, item)| {
                let template = item.template.as_ref()?;
                // A default is a second value, for requests without the key.
                let names: Vec<String> = template
                    .variables()
                    .map(|(key, default)| format!("{} {default:?}", key.to_lowercase()))
                    .collect();
                let keys = template.variables().map(|(key, _)| key.to_lowercase());
                let keys: BTreeSet<String> = keys.collect();
                let distinct: BTreeSet<&String> = names.iter().collect();
                if distinct.len() != keys.len() {
                    return None;
                }
                for name in names {
                    let next = char::from_u32(0xf_0000 + symbols.len() as u32)?;
                    symbols.entry(name).or_insert_with(|| next.to_string());
                }
                let defaults: BTreeMap<String, Option<String>> = template
                    .variables()
                    .map(|(key, default)| (key.to_owned(), default.map(str::to_owned)))
                    .collect();
                let mut symbol = |key: &str| {
                    let default = defaults.get(key)?;
                    symbols.get(&format!("{} {:?}", key.to_lowercase(), default.as_deref())).cloned()
                };
                let pattern = template.to_pattern(self.provider.syntax, &mut symbol)?;
                let ones = pattern.to_string().contains('?');
                Some((number, pattern, ones))
            })
            .collect();
        for (inner, narrow, _) in &closed {
            for (outer, wide, ones) in &closed {
                let inside = wide.relation(narrow) == crate::pattern::Relation::Contains;
                if inner != outer && !ones && inside {
                    self.inside.push((*inner, *outer));
                }
            }
        }
    }

    /// The same policies for requests in which the variables have these values.
    pub(super) fn with_values(&self, values: &Values) -> Policies {
        let mut value = |key: &str| values.get(&key.to_ascii_lowercase()).cloned().flatten();
        let syntax = self.provider.syntax;
        let mut unresolved = BTreeSet::new();
        let items = self.items.iter().enumerate().map(|(number, item)| {
            let Some(template) = &item.template else { return item.clone() };
            let pattern = template.to_pattern(syntax, &mut value).unwrap_or_else(|| {
                unresolved.insert(number);
                nothing()
            });
            Item { pattern, template: None, ..item.clone() }
        });
        let items = items.collect();
        let rules = self.rules.iter().map(|rule| {
            let mut rule = Rule { condition: filled(&rule.condition, values), ..rule.clone() };
            // What is excepted is then not known, so the statement does not apply.
            if rule.resources.negated && rule.resources.items.iter().any(|item| unresolved.contains(item)) {
                rule.resources = Patterns { negated: false, items: Vec::new() };
            }
            rule
        });
        Policies {
            provider: self.provider,
            inclusion: self.inclusion,
            kind: self.kind,
            universe: self.universe.clone(),
            facts: Arc::clone(&self.facts),
            given: Arc::clone(&self.given),
            rules: rules.collect(),
            items,
            inside: Vec::new(),
        }
    }

    /// The keys of all variables, in lower case.
    pub(super) fn variables(&self) -> BTreeSet<String> {
        let mut keys = BTreeSet::new();
        let mut add = |template: &Template| {
            keys.extend(template.variables().map(|(key, _)| key.to_ascii_lowercase()));
        };
        self.items.iter().filter_map(|item| item.template.as_ref()).for_each(&mut add);
        for atom in self.rules.iter().flat_map(|rule| rule.condition.atoms()) {
            if let Atom::Open { values, .. } = atom {
                values.iter().for_each(|value| add(&Template::parse(value)));
            }
        }
        keys
    }

    /// The permissions that action patterns mean; all of them without any.
    pub(super) fn permissions(&self, actions: &[&str]) -> Intervals {
        if actions.is_empty() {
            return Intervals::all(self.universe.len());
        }
        let ranges = actions.iter().flat_map(|action| self.universe.expand(action).ranges().to_vec());
        Intervals::from_ranges(ranges.collect())
    }

    /// The patterns that resources are limited to; none if to nothing.
    pub(super) fn limit(&self, resources: &[&str]) -> Result<Vec<Pattern>, Error> {
        if resources.contains(&"*") {
            return Ok(Vec::new());
        }
        let parse = |(index, text): (usize, &&str)| {
            Pattern::parse(text, self.provider.syntax).ok_or_else(|| {
                Error::invalid(format!("/resources/{index}"), "expected `*`, an id or a pattern of ids")
            })
        };
        resources.iter().enumerate().map(parse).collect()
    }
}

/// A pattern with too few segments to match an id.
fn nothing() -> Pattern {
    Pattern::from_segments(vec![Glob::literal(""); 2])
}

/// For every action that means no permission one that it would mean.
fn strangers(universe: &Universe, facts: &Facts, asked: &[&str]) -> Vec<String> {
    let items = facts.documents.iter().flat_map(|d| &d.statements).flat_map(|s| &s.actions.items);
    let mut texts: Vec<&str> =
        items.map(|&text| facts.texts.get(text)).chain(asked.iter().copied()).collect();
    texts.sort_unstable();
    texts.dedup();
    texts.retain(|text| text.contains(':') && universe.expand(text).is_empty());
    texts.iter().map(|text| text.replace('*', "Some").replace('?', "x")).collect()
}

fn expr(conditions: &Conditions, id: CondId) -> Expr {
    match conditions.get(id) {
        CondNode::Always => Expr::Always,
        CondNode::And(parts) => parts.iter().fold(Expr::Always, |all, &part| all.and(expr(conditions, part))),
        CondNode::Or(parts) => parts.iter().fold(Expr::Never, |any, &part| any.or(expr(conditions, part))),
        CondNode::Not(part) => expr(conditions, *part).not(),
        CondNode::Clause(clause) => atom(conditions.clause(*clause)),
        // Documents in doubt are not compared.
        CondNode::Missing(_) => Expr::Never,
    }
}

fn atom(clause: &Clause) -> Expr {
    let key = clause.key.clone();
    let open = || {
        let values = clause.values.iter().map(|value| value.to_string()).collect();
        Expr::atom(Atom::Open { key: clause.key.clone(), operator: clause.operator.to_string(), values })
    };
    if clause.templates.is_empty() {
        return Expr::atom(Atom::Key { key, test: (*clause.test).clone() });
    }
    match closed(&clause.operator, &clause.test, &clause.templates, &mut |_| None) {
        Some(test) => Expr::atom(Atom::Key { key, test }),
        None => open(),
    }
}

/// The condition with variables filled in. A test of which no value can be filled in is left as it is.
fn filled(expr: &Expr, values: &Values) -> Expr {
    let list = |parts: &[Expr]| parts.iter().map(|part| filled(part, values)).collect::<Vec<_>>();
    match expr {
        Expr::And(parts) => list(parts).into_iter().fold(Expr::Always, Expr::and),
        Expr::Or(parts) => list(parts).into_iter().fold(Expr::Never, Expr::or),
        Expr::Not(inner) => filled(inner, values).not(),
        Expr::Atom(atom) => match &**atom {
            Atom::Open { key, operator, values: texts } => {
                let templates: Vec<Template> = texts.iter().map(|text| Template::parse(text)).collect();
                let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                let mut value = |name: &str| values.get(&name.to_ascii_lowercase()).cloned().flatten();
                let test = Test::compile(operator, &texts).ok();
                let test = test.and_then(|test| closed(operator, &test, &templates, &mut value));
                test.map_or_else(|| expr.clone(), |test| Expr::atom(Atom::Key { key: key.clone(), test }))
            }
            _ => expr.clone(),
        },
        Expr::Always | Expr::Never => expr.clone(),
    }
}

/// The test with its variables filled in, if all have a value.
fn closed(
    operator: &str,
    test: &Test,
    templates: &[Template],
    value: &mut dyn FnMut(&str) -> Option<String>,
) -> Option<Test> {
    let mut texts = Vec::with_capacity(templates.len());
    for template in templates {
        // A default counts only where the key is absent, which a comparison cannot take for granted.
        if template.variables().any(|(key, _)| value(key).is_none()) {
            return None;
        }
        texts.push(plain(test, template.to_glob(value)?.to_string()));
    }
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    Test::compile(operator, &texts).ok()
}
