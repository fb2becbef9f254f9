//! Leaves: whether a statement's resources and conditions apply, as truth and as what that depends on.

use super::caller::Caller;
use super::context::States;
use super::memo::{Answer, Leaf, LeafMemo, Memo};
use super::question::{Asked, Part, Setting, find_resource};
use crate::condition::{Atom, Cross, Expr, KeyState, Operator, Prefix, Test, Tri};
use crate::model::{Clause, ClauseId, CondId, CondNode};
use crate::pattern::{Pattern, Relation, Template, matches_text};
use crate::provider::Provider;
use crate::snapshot::estate::Estate;
use crate::snapshot::library::{Library, PatternEntry, PatternId, PatternKind, ResourceSetId};
use crate::truth::{Mark, Truth};

/// What a leaf is evaluated against.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) provider: &'static Provider,
    pub(crate) library: &'a Library,
    pub(crate) states: &'a States,
    pub(crate) asked: &'a Asked,
    /// `None` asks about all permissions at once: patterns are then not narrowed to what one can act on.
    pub(crate) permission: Option<u16>,
    /// Where the question is about the caller's own account: that account. What lies in others is no part of it.
    pub(crate) own_account: Option<(&'a Estate, &'a str)>,
    /// Where answers are remembered; without it they are worked out each time.
    pub(crate) memo: Option<Memo<'a>>,
    /// Whether the library is that of documents which came with the request.
    pub(crate) brought: bool,
}

impl<'a> Scene<'a> {
    /// A part of a question about every permission.
    pub(super) fn of_part(
        estate: &'a Estate,
        part: &'a Part,
        caller: &'a Caller,
        setting: &'a Setting,
    ) -> Scene<'a> {
        Scene {
            provider: estate.provider,
            library: &estate.library,
            states: &setting.states,
            asked: &part.asked,
            permission: None,
            own_account: part.own_account(estate, caller),
            memo: None,
            brought: false,
        }
    }
}

/// A degree, and how it depends on what is open.
pub(crate) struct Open {
    pub(crate) degree: Tri,
    pub(crate) expr: Option<Expr>,
}

impl Open {
    pub(crate) fn known(degree: Tri) -> Open {
        Open { degree, expr: None }
    }

    fn maybe(atom: Atom) -> Open {
        Open { degree: Tri::Maybe, expr: Some(Expr::atom(atom)) }
    }

    pub(crate) fn into_expr(self) -> Expr {
        match (self.degree, self.expr) {
            (Tri::No, _) => Expr::Never,
            (Tri::Yes, _) => Expr::Always,
            (Tri::Maybe, expr) => expr.unwrap_or(Expr::Never),
        }
    }
}

impl Scene<'_> {
    /// Whether the resource list covers what is asked.
    pub(crate) fn resources(&self, id: ResourceSetId) -> Tri {
        let set = &self.library.resource_sets[id];
        if set.is_everything() {
            return Tri::Yes;
        }
        let mut covered = Tri::No;
        for &item in &set.items {
            covered = covered.or(self.covers(item, false).degree);
            if covered == Tri::Yes {
                break;
            }
        }
        if set.negated { self.unless(set, covered) } else { covered }
    }

    /// A variable without value in NotResource makes the whole statement match nothing (AWS-38).
    fn unless(&self, set: &crate::snapshot::library::ResourceSet, covered: Tri) -> Tri {
        let unresolved = |item: PatternId| {
            let entry = self.library.patterns[item];
            entry.kind == PatternKind::Template
                && Tri::Yes
                    == self
                        .remembered(Leaf::Unresolvable(item), || {
                            let template = Template::parse(self.library.texts.get(entry.text));
                            matches!(self.values(&template), Values::Unresolvable).into()
                        })
                        .degree
        };
        if set.items.iter().any(|&item| unresolved(item)) {
            return Tri::No;
        }
        covered.not()
    }

    /// The answer to a leaf that depends on values of context keys.
    fn remembered(&self, leaf: Leaf, compute: impl FnOnce() -> Answer) -> Answer {
        match &self.memo {
            Some(memo) => {
                let context = if self.brought { memo.marks.brought } else { memo.marks.whole };
                memo.leaves.answer(leaf, context, compute)
            }
            None => compute(),
        }
    }

    /// Where it is remembered how far a pattern covers what is asked, and what names that on which it depends.
    fn memory_of(&self, entry: PatternEntry) -> Option<(&LeafMemo, Mark)> {
        let memo = self.memo.as_ref()?;
        let known = match (entry.kind, self.asked) {
            (PatternKind::Template, _) => memo.marks.whole,
            (PatternKind::Literal | PatternKind::Wild, Asked::Pattern(_)) => memo.marks.asked,
            _ => return None,
        };
        Some((memo.leaves, if self.brought { memo.marks.brought } else { known }))
    }

    /// How far one pattern covers what is asked; what that depends on only if it is `named`.
    fn covers(&self, item: PatternId, named: bool) -> Answer {
        let entry = self.library.patterns[item];
        match self.memory_of(entry) {
            Some((leaves, context)) => leaves.opened(Leaf::Pattern(item), context, || self.item(entry, true)),
            None => self.item(entry, named).into(),
        }
    }

    /// As `covers`, with what it depends on.
    fn covers_expr(&self, item: PatternId) -> Expr {
        let entry = self.library.patterns[item];
        let kept =
            self.memory_of(entry).and_then(|(leaves, context)| leaves.kept(Leaf::Pattern(item), context));
        kept.unwrap_or_else(|| self.item(entry, true).into_expr())
    }

    /// As `resources`, by name.
    pub(crate) fn resources_mark(&self, id: ResourceSetId) -> Mark {
        match self.resources(id) {
            Tri::No => return Mark::never(),
            Tri::Yes => return Mark::always(),
            Tri::Maybe => {}
        }
        let set = &self.library.resource_sets[id];
        let covered =
            set.items.iter().fold(Mark::never(), |all, &item| all.or(&self.covers(item, true).mark()));
        if set.negated { covered.not() } else { covered }
    }

    /// As `resources`, with what it depends on.
    pub(crate) fn resources_expr(&self, id: ResourceSetId) -> Expr {
        match self.resources(id) {
            Tri::No => return Expr::Never,
            Tri::Yes => return Expr::Always,
            Tri::Maybe => {}
        }
        let set = &self.library.resource_sets[id];
        let covered = match *set.items {
            [item] => self.covers_expr(item),
            _ => self.any_covers(&set.items),
        };
        if set.negated { covered.not() } else { covered }
    }

    fn any_covers(&self, items: &[PatternId]) -> Expr {
        let mut patterns: Vec<Pattern> = Vec::new();
        let mut covered = Expr::Never;
        for &item in items {
            let found = self.covers_expr(item);
            // One atom for all plain patterns: shorter, and equal for lists in any order.
            if let Expr::Atom(atom) = &found
                && let Atom::ResourceIn(list) = &**atom
            {
                patterns.extend_from_slice(list);
            } else {
                covered = covered.or(found);
            }
        }
        if !patterns.is_empty() {
            patterns.sort();
            patterns.dedup();
            covered = covered.or(Expr::atom(Atom::ResourceIn(patterns)));
        }
        covered
    }

    /// How far one pattern covers what is asked, before narrowing to what a permission can act on.
    pub(crate) fn item_degree(&self, entry: PatternEntry) -> Tri {
        self.item(entry, false).degree
    }

    fn item(&self, entry: PatternEntry, wants_expr: bool) -> Open {
        let text = self.library.texts.get(entry.text);
        match (entry.kind, self.asked) {
            (PatternKind::Any, _) => Open::known(Tri::Yes),
            // A permission without resource is asked on `*`, which only `*` matches (AWS-23).
            (_, Asked::Nothing) => Open::known(Tri::No),
            (PatternKind::Literal, Asked::Id(id)) => Open::known(Tri::from(text == id)),
            (PatternKind::Wild, Asked::Id(id)) => {
                Open::known(Tri::from(matches_text(text, id, self.provider.syntax)))
            }
            (PatternKind::Literal | PatternKind::Wild, Asked::Pattern(asked)) => {
                match Pattern::parse(text, self.provider.syntax) {
                    Some(pattern) => self.related(entry, &pattern, asked, wants_expr),
                    None => Open::known(Tri::No),
                }
            }
            (PatternKind::Template, _) => self.template(entry, text, wants_expr),
        }
    }

    fn related(&self, entry: PatternEntry, pattern: &Pattern, asked: &Pattern, wants_expr: bool) -> Open {
        if self.is_elsewhere(pattern) {
            return Open::known(Tri::No);
        }
        match pattern.relation(asked) {
            Relation::Contains => Open::known(Tri::Yes),
            Relation::Disjoint => Open::known(Tri::No),
            // What the permission cannot act on is no part of the question.
            Relation::Overlaps if !self.can_act(entry) => Open::known(Tri::No),
            Relation::Overlaps if wants_expr => {
                let common = pattern.intersect(asked).filter(|list| list.len() == 1);
                Open::maybe(Atom::ResourceIn(common.unwrap_or_else(|| vec![pattern.clone()])))
            }
            Relation::Overlaps => Open { degree: Tri::Maybe, expr: None },
        }
    }

    fn is_elsewhere(&self, pattern: &Pattern) -> bool {
        let Some((estate, own)) = self.own_account else { return false };
        let Some(account) = self.provider.account_segment() else { return false };
        let named = pattern.segments().get(account).and_then(|segment| segment.as_literal());
        match named {
            Some("") => {
                let known = find_resource(estate, &pattern.to_string());
                let owner = known.and_then(|id| estate.resources[id].account);
                owner.is_some_and(|owner| estate.account_text(owner) != own)
            }
            named => named.is_some_and(|named| named != own),
        }
    }

    fn can_act(&self, entry: PatternEntry) -> bool {
        self.permission.is_none_or(|id| self.library.action_sets[entry.applicable].contains(id))
    }

    fn template(&self, entry: PatternEntry, text: &str, wants_expr: bool) -> Open {
        let template = Template::parse(text);
        let syntax = self.provider.syntax;
        match self.values(&template) {
            Values::Unresolvable => Open::known(Tri::No),
            Values::Known => {
                let Some(pattern) = template.to_pattern(syntax, &mut |key| self.value(key)) else {
                    return Open::known(Tri::No);
                };
                match self.asked {
                    Asked::Nothing => Open::known(Tri::No),
                    Asked::Id(id) => Open::known(Tri::from(pattern.matches(id, syntax))),
                    Asked::Pattern(asked) => self.related(entry, &pattern, asked, wants_expr),
                }
            }
            Values::Open(keys) => {
                let Some(pattern) = template.open_pattern(syntax) else { return Open::known(Tri::No) };
                if let (Asked::Id(id), [key]) = (self.asked, keys.as_slice()) {
                    let mut value = |name: &str| self.value(name);
                    if let Some(found) = template.captures_in_id(syntax, key, id, &mut value) {
                        return self.one_of(key, found);
                    }
                }
                let possible = match self.asked {
                    Asked::Nothing => false,
                    Asked::Id(id) => pattern.matches(id, syntax),
                    Asked::Pattern(asked) => {
                        pattern.relation(asked) != Relation::Disjoint
                            && !self.is_elsewhere(&pattern)
                            && self.can_act(entry)
                    }
                };
                if possible { self.opaque(&keys, "ResourceLike", &[text]) } else { Open::known(Tri::No) }
            }
        }
    }

    /// The key has one of these values.
    fn one_of(&self, key: &str, values: Vec<String>) -> Open {
        let texts: Vec<&str> = values.iter().map(String::as_str).collect();
        let known = self.library.conditions.find_key(key);
        match (known, Test::compile("StringEquals", &texts)) {
            (Some(key), Ok(test)) if !texts.is_empty() => Open::maybe(Atom::Key { key: key.clone(), test }),
            _ => Open::known(Tri::No),
        }
    }

    fn opaque(&self, keys: &[String], operator: &str, values: &[&str]) -> Open {
        let key = keys.first().and_then(|key| self.library.conditions.find_key(key));
        match key {
            Some(key) => Open::maybe(Atom::Open {
                key: key.clone(),
                operator: operator.to_owned(),
                values: values.iter().map(|&v| v.to_owned()).collect(),
            }),
            None => Open::known(Tri::No),
        }
    }

    /// The value that a variable takes in this request.
    pub(super) fn value(&self, name: &str) -> Option<String> {
        self.states.value(self.library, name)
    }

    fn values(&self, template: &Template) -> Values {
        let mut open: Vec<String> = Vec::new();
        for (name, default) in template.variables() {
            let key = self.library.conditions.find_key(name);
            match key.map(|key| self.states.state(key.id)) {
                Some(KeyState::Unknown) => open.push(name.to_ascii_lowercase()),
                Some(KeyState::One(_)) => {}
                _ if default.is_none() => return Values::Unresolvable,
                _ => {}
            }
        }
        open.sort_unstable();
        open.dedup();
        if open.is_empty() { Values::Known } else { Values::Open(open) }
    }

    /// A condition in any algebra; `leaf` gives the truth of a clause or of a missing fact.
    pub(crate) fn condition<T: Truth>(&self, id: CondId, leaf: &mut dyn FnMut(&Self, CondLeaf) -> T) -> T {
        match self.library.conditions.get(id) {
            CondNode::Always => T::always(),
            CondNode::And(parts) => {
                let mut all = T::always();
                for &part in parts {
                    all = all.and(&self.condition(part, leaf));
                    if all.is_never() {
                        break;
                    }
                }
                all
            }
            CondNode::Or(parts) => {
                parts.iter().fold(T::never(), |any, &part| any.or(&self.condition(part, leaf)))
            }
            CondNode::Not(part) => T::always().minus(&self.condition(*part, leaf)),
            CondNode::Clause(clause) => leaf(self, CondLeaf::Clause(*clause)),
            CondNode::Missing(fact) => leaf(self, CondLeaf::Missing(*fact)),
        }
    }

    pub(crate) fn condition_tri(&self, id: CondId) -> Tri {
        if id == CondId::ALWAYS {
            return Tri::Yes;
        }
        self.condition(id, &mut |scene, leaf| match leaf {
            CondLeaf::Clause(clause) => scene.clause_degree(clause),
            CondLeaf::Missing(_) => Tri::Maybe,
        })
    }

    /// As `condition_tri`, by name.
    pub(crate) fn condition_mark(&self, id: CondId) -> Mark {
        self.condition(id, &mut |scene: &Self, leaf| match leaf {
            CondLeaf::Clause(clause) => scene.clause_mark(clause),
            CondLeaf::Missing(fact) => Mark::of(&("missing", scene.documents(), fact)),
        })
    }

    /// Names the library in which ids are looked up, below one snapshot.
    fn documents(&self) -> Option<Mark> {
        self.memo.as_ref().filter(|_| self.brought).map(|memo| memo.marks.brought)
    }

    fn clause_degree(&self, id: ClauseId) -> Tri {
        let clause = self.library.conditions.clause(id);
        if !clause.templates.is_empty() {
            return self
                .remembered(Leaf::Clause(id), || self.clause(clause, self.memo.is_some()).into())
                .degree;
        }
        let state = self.states.state(clause.key.id);
        let degree = || clause.test.eval(state);
        let Some(memo) = self.memo.filter(|_| clause.test.reads_values()) else { return degree() };
        let value = match state {
            KeyState::One(value) => Mark::of(&(self.documents(), value)),
            KeyState::Many(values) => Mark::of(&(self.documents(), values)),
            KeyState::Unknown | KeyState::Absent => return degree(),
        };
        // The value is known: the test holds or does not.
        memo.leaves.answer(Leaf::Clause(id), value, || Answer::of(degree(), Mark::never)).degree
    }

    fn clause_mark(&self, id: ClauseId) -> Mark {
        let clause = self.library.conditions.clause(id);
        if clause.templates.is_empty() {
            return Answer::of(self.clause_degree(id), || Mark::of(&("clause", self.documents(), id))).mark();
        }
        self.remembered(Leaf::Clause(id), || self.clause(clause, true).into()).mark()
    }

    pub(crate) fn condition_expr(&self, id: CondId) -> Expr {
        self.condition(id, &mut |scene: &Self, leaf| {
            crate::truth::Residual(match leaf {
                CondLeaf::Clause(clause) => {
                    scene.clause(scene.library.conditions.clause(clause), true).into_expr()
                }
                CondLeaf::Missing(fact) => match scene.library.missing_fact(fact) {
                    Some(fact) => Expr::atom(Atom::Missing(fact.clone())),
                    None => Expr::Never,
                },
            })
        })
        .0
    }

    /// One test of one key.
    pub(crate) fn clause(&self, clause: &Clause, wants_expr: bool) -> Open {
        if let Some(cross) = &clause.cross {
            return self.crossed(clause, cross);
        }
        let state = self.states.state(clause.key.id);
        let open = |test: &Test| {
            let degree = test.eval(state);
            let atom = || Expr::atom(Atom::Key { key: clause.key.clone(), test: test.clone() });
            Open { degree, expr: (wants_expr && degree == Tri::Maybe).then(atom) }
        };
        if clause.templates.is_empty() || matches!(state, KeyState::Absent) {
            return open(&clause.test);
        }
        let mut unknown: Vec<String> = Vec::new();
        let mut texts: Vec<String> = Vec::new();
        for template in &clause.templates {
            match self.values(template) {
                Values::Unresolvable => {}
                Values::Open(keys) => unknown.extend(keys),
                Values::Known => {
                    let glob = template.to_glob(&mut |key| self.value(key));
                    texts.extend(glob.map(|glob| plain(&clause.test, glob.to_string())));
                }
            }
        }
        let compile = |texts: &[String]| {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            Test::compile(&clause.operator, &texts).ok()
        };
        unknown.sort_unstable();
        unknown.dedup();
        if unknown.is_empty() {
            // No value left: nothing equals it, everything differs from it.
            let Some(test) = compile(&texts) else { return Open::known(Tri::from(is_negated(clause))) };
            return open(&test);
        }
        self.turned(clause, &unknown, state, &texts).unwrap_or_else(|| {
            let values: Vec<&str> = clause.values.iter().map(|v| &**v).collect();
            Open::maybe(Atom::Open {
                key: clause.key.clone(),
                operator: clause.operator.to_string(),
                values: values.into_iter().map(str::to_owned).collect(),
            })
        })
    }

    /// One key compared with another: where one is known, the test is one of the other.
    fn crossed(&self, clause: &Clause, cross: &Cross) -> Open {
        let state = |id: u32| self.states.state(id);
        match cross.tested(&clause.key, state(clause.key.id), state(cross.right.id)) {
            Some(Expr::Never) => Open::known(Tri::No),
            Some(Expr::Always) => Open::known(Tri::Yes),
            Some(expr) => Open { degree: Tri::Maybe, expr: Some(expr) },
            None => Open::maybe(Atom::Open {
                key: clause.key.clone(),
                operator: clause.operator.to_string(),
                values: clause.values.iter().map(|value| value.to_string()).collect(),
            }),
        }
    }

    /// Where the key's value is known and one variable is not, the test is one of the variable: it must have a
    /// value that makes the known text match.
    fn turned(
        &self,
        clause: &Clause,
        unknown: &[String],
        state: KeyState<'_>,
        known: &[String],
    ) -> Option<Open> {
        use Operator::{StringEquals, StringLike, StringNotEquals, StringNotLike};
        let operator = clause.test.operator();
        let texts = matches!(operator, StringEquals | StringLike | StringNotEquals | StringNotLike);
        let (KeyState::One(value), [key], true) = (state, unknown, texts) else { return None };
        if clause.test.prefix() != Prefix::None {
            return None;
        }
        let mut candidates: Vec<String> = Vec::new();
        for template in &clause.templates {
            if matches!(self.values(template), Values::Open(_)) {
                let mut lookup = |name: &str| self.value(name);
                candidates.extend(template.captures(key, value, &mut lookup)?);
            }
        }
        candidates.sort_unstable();
        candidates.dedup();
        let fixed = if known.is_empty() {
            Tri::No
        } else {
            let texts: Vec<&str> = known.iter().map(String::as_str).collect();
            let positive =
                if matches!(operator, StringEquals | StringNotEquals) { StringEquals } else { StringLike };
            Test::compile(positive.name(), &texts).ok()?.eval(state)
        };
        let hit = if fixed == Tri::Yes { Open::known(Tri::Yes) } else { self.one_of(key, candidates) };
        if !is_negated(clause) {
            return Some(hit);
        }
        Some(Open { degree: hit.degree.not(), expr: hit.expr.map(Expr::not) })
    }
}

/// A leaf of a condition tree.
pub(crate) enum CondLeaf {
    Clause(ClauseId),
    Missing(u32),
}

enum Values {
    Known,
    /// Variables whose value is not known, in lower case.
    Open(Vec<String>),
    /// A variable has neither value nor default.
    Unresolvable,
}

fn is_negated(clause: &Clause) -> bool {
    clause.test.operator().is_negated()
}

/// Operators without wildcards take the text as it is.
pub(crate) fn plain(test: &Test, text: String) -> String {
    use Operator::{ArnEquals, ArnLike, ArnNotEquals, ArnNotLike, StringLike, StringNotLike};
    let operator = test.operator();
    if matches!(operator, StringLike | StringNotLike | ArnLike | ArnNotLike | ArnEquals | ArnNotEquals) {
        return text;
    }
    text.replace("${*}", "*").replace("${?}", "?").replace("${$}", "$")
}
