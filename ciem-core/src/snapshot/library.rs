//! Policy documents, frozen: statements over interned sets of permissions, resources and conditions.

use super::hanging::Hangs;
pub(crate) use super::place::{PatternEntry, PatternKind, Place, Somewhere};
use super::universe::Universe;
use crate::base::{Id, IdVec, Interner, Intervals, Text, id_type};
use crate::condition::MissingFact;
use crate::model::{
    self, CondId, CondNode, Conditions, DocId, Document, Effect, Facts, PatternItem, Patterns, Who, WhoEntry,
};
use crate::pattern::{Pattern, Syntax, Template, Written};
use crate::provider::{KeyScope, Provider};
use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet, HashTable};
use std::hash::BuildHasher;
use std::ops::Range;
use std::sync::Arc;

id_type!(
    /// A statement of a document.
    StatementId,
    /// A set of permissions.
    ActionSetId,
    /// A list of resource patterns.
    ResourceSetId,
    /// A resource pattern.
    PatternId,
    /// A list of named principals.
    WhoId,
);

#[derive(Clone, Debug)]
pub(crate) struct Stmt {
    pub(crate) effect: Effect,
    pub(crate) alone: bool,
    pub(crate) hangs: Hangs,
    pub(crate) index: u16,
    /// From the first to the last of its permissions: most statements say nothing of a permission, and this tells
    /// without a look at the set.
    pub(crate) span: (u16, u16),
    pub(crate) actions: ActionSetId,
    pub(crate) resources: ResourceSetId,
    pub(crate) somewhere: Option<Somewhere>,
    /// Includes the doubt of the document, as a `Missing` node.
    pub(crate) condition: CondId,
    pub(crate) who: Option<WhoId>,
    pub(crate) sid: Option<Text>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ResourceSet {
    pub(crate) negated: bool,
    pub(crate) items: Box<[PatternId]>,
}

impl ResourceSet {
    /// Every resource, and the `*` of permissions without resource.
    pub(crate) fn is_everything(&self) -> bool {
        self.negated && self.items.is_empty()
    }
}

/// Documents in their frozen form. The snapshot has one for all it loaded; a request that carries documents
/// (session policies) has a small one of its own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Library {
    pub(crate) texts: Interner,
    pub(crate) conditions: Conditions,
    pub(crate) missing: Vec<Arc<MissingFact>>,
    pub(crate) documents: IdVec<DocId, Range<u32>>,
    /// What policies looked like in their inputs.
    pub(crate) written: model::Written,
    pub(crate) statements: IdVec<StatementId, Stmt>,
    pub(crate) action_sets: IdVec<ActionSetId, Intervals>,
    pub(crate) resource_sets: IdVec<ResourceSetId, ResourceSet>,
    pub(crate) patterns: IdVec<PatternId, PatternEntry>,
    pub(crate) whos: IdVec<WhoId, Who>,
    /// By key id: who determines the key.
    pub(crate) key_scopes: Vec<KeyScope>,
    /// Ids of the keys that principals determine, and of those that resources determine.
    pub(crate) principal_keys: Arc<[u32]>,
    pub(crate) resource_keys: Arc<[u32]>,
}

impl Library {
    pub(crate) fn statements_of(&self, document: DocId) -> impl Iterator<Item = (StatementId, &Stmt)> {
        self.documents[document].clone().map(|index| {
            let id = StatementId(index);
            (id, &self.statements[id])
        })
    }

    /// Whether a statement speaks of a permission.
    #[inline]
    pub(crate) fn speaks_of(&self, statement: &Stmt, permission: u16) -> bool {
        let (first, end) = statement.span;
        first <= permission && permission < end && self.action_sets[statement.actions].contains(permission)
    }

    /// Whether a statement says nothing to anybody.
    pub(crate) fn names_nobody(&self, statement: &Stmt) -> bool {
        let who = statement.who.map(|who| &self.whos[who]);
        who.is_some_and(|who| !who.negated && who.entries.iter().all(|entry| *entry == WhoEntry::Nobody))
    }

    pub(crate) fn pattern_text(&self, id: PatternId) -> &str {
        self.texts.get(self.patterns[id].text)
    }

    /// Whether a condition hangs on a missing fact.
    pub(crate) fn has_missing(&self, id: CondId) -> bool {
        match self.conditions.get(id) {
            CondNode::Always | CondNode::Clause(_) => false,
            CondNode::And(parts) | CondNode::Or(parts) => parts.iter().any(|&part| self.has_missing(part)),
            CondNode::Not(part) => self.has_missing(*part),
            CondNode::Missing(_) => true,
        }
    }

    pub(crate) fn missing_fact(&self, index: u32) -> Option<&Arc<MissingFact>> {
        self.missing.get(index as usize)
    }
}

/// Turns the documents of facts into a library; memoises whatever repeats.
pub(crate) struct LibraryBuilder<'a> {
    provider: &'static Provider,
    universe: &'a Universe,
    /// Resources that have records.
    resources: HashSet<Text, RandomState>,
    pub(crate) library: Library,
    expanded: HashMap<Text, ActionSetId, RandomState>,
    seed: RandomState,
    action_ids: HashTable<ActionSetId>,
    actions_of: HashMap<Patterns<Text>, ActionSetId, RandomState>,
    resource_ids: HashTable<ResourceSetId>,
    pattern_ids: HashMap<PatternItem, PatternId, RandomState>,
    applicable: HashMap<Box<[u16]>, ActionSetId, RandomState>,
    /// What two sets of permissions have in common.
    common: HashMap<(ActionSetId, ActionSetId), ActionSetId, RandomState>,
    /// Resource types of the pattern at hand.
    types: Vec<u16>,
    who_ids: HashMap<Who, WhoId, RandomState>,
    missing_ids: HashMap<(String, String), u32, RandomState>,
    absent: HashMap<u32, DocId, RandomState>,
    doubtful: HashMap<(DocId, u32), DocId, RandomState>,
}

impl<'a> LibraryBuilder<'a> {
    /// Takes texts, conditions and documents out of `facts`.
    pub(crate) fn new(provider: &'static Provider, universe: &'a Universe, facts: &mut Facts) -> Self {
        let library = Library {
            texts: std::mem::take(&mut facts.texts),
            conditions: std::mem::take(&mut facts.conditions),
            written: std::mem::take(&mut facts.written),
            ..Library::default()
        };
        let mut builder = LibraryBuilder {
            provider,
            universe,
            resources: facts.resources.ids().collect(),
            library,
            expanded: HashMap::default(),
            seed: RandomState::default(),
            action_ids: HashTable::new(),
            actions_of: HashMap::default(),
            resource_ids: HashTable::new(),
            types: Vec::new(),
            pattern_ids: HashMap::default(),
            applicable: HashMap::default(),
            common: HashMap::default(),
            who_ids: HashMap::default(),
            missing_ids: HashMap::default(),
            absent: HashMap::default(),
            doubtful: HashMap::default(),
        };
        // Each document is dropped as soon as it is frozen: both forms of all of them together are the peak of loading.
        for document in facts.take_documents() {
            builder.document(document);
        }
        builder
    }

    fn document(&mut self, document: Document) -> DocId {
        let start = self.library.statements.len() as u32;
        for statement in document.statements {
            let mut actions = self.actions(statement.actions);
            for narrower in statement.narrowed {
                let narrower = self.actions(narrower);
                actions = self.common(actions, narrower);
            }
            let resources = self.resources(&statement.resources);
            let who = statement.who.as_ref().map(|who| self.who(who));
            let condition = match &statement.doubt {
                None => statement.condition,
                Some(doubt) => {
                    let missing = self.missing(&per_effect(doubt, statement.effect));
                    self.doubted(statement.condition, missing)
                }
            };
            let somewhere = self.somewhere(actions, resources);
            self.library.statements.push(Stmt {
                effect: statement.effect,
                alone: statement.alone,
                hangs: Hangs::No,
                index: statement.index,
                span: self.library.action_sets[actions].span(),
                actions,
                resources,
                somewhere,
                condition,
                who,
                sid: statement.sid,
            });
        }
        self.library.documents.push(start..self.library.statements.len() as u32)
    }

    fn doubted(&mut self, condition: CondId, missing: u32) -> CondId {
        let doubt = self.library.conditions.node(CondNode::Missing(missing));
        self.library.conditions.all(vec![condition, doubt])
    }

    pub(crate) fn missing(&mut self, fact: &Arc<MissingFact>) -> u32 {
        let missing = &mut self.library.missing;
        *self.missing_ids.entry((fact.fact.clone(), fact.subject.clone())).or_insert_with(|| {
            missing.push(Arc::clone(fact));
            (missing.len() - 1) as u32
        })
    }

    /// A document that may say anything: it was referenced, and is not there.
    pub(crate) fn absent(&mut self, fact: &Arc<MissingFact>) -> DocId {
        let missing = self.missing(fact);
        if let Some(&id) = self.absent.get(&missing) {
            return id;
        }
        let everything = self.actions(Patterns::everything());
        let anything = self.resources(&Patterns::everything());
        let start = self.library.statements.len() as u32;
        for effect in [Effect::Allow, Effect::Deny] {
            let missing = self.missing(&per_effect(fact, effect));
            let condition = self.doubted(CondId::ALWAYS, missing);
            self.library.statements.push(Stmt {
                effect,
                alone: true,
                hangs: Hangs::No,
                index: 0,
                span: self.library.action_sets[everything].span(),
                actions: everything,
                resources: anything,
                somewhere: None,
                condition,
                who: None,
                sid: None,
            });
        }
        let id = self.library.documents.push(start..self.library.statements.len() as u32);
        self.absent.insert(missing, id);
        id
    }

    /// The same document, of which it is not known whether it is in force.
    pub(crate) fn doubtful(&mut self, document: DocId, fact: &Arc<MissingFact>) -> DocId {
        let missing = self.missing(fact);
        if let Some(&id) = self.doubtful.get(&(document, missing)) {
            return id;
        }
        let start = self.library.statements.len() as u32;
        for index in self.library.documents[document].clone() {
            let mut statement = self.library.statements[StatementId(index)].clone();
            statement.condition = self.doubted(statement.condition, missing);
            self.library.statements.push(statement);
        }
        let id = self.library.documents.push(start..self.library.statements.len() as u32);
        self.doubtful.insert((document, missing), id);
        id
    }

    /// The document as text that does not depend on the order in which inputs were read.
    pub(crate) fn rendered(&self, document: DocId) -> String {
        let library = &self.library;
        let mut out = String::new();
        for (_, s) in library.statements_of(document) {
            let resources = &library.resource_sets[s.resources];
            let mut patterns: Vec<&str> =
                resources.items.iter().map(|&item| library.pattern_text(item)).collect();
            patterns.sort_unstable();
            out.push_str(&format!("{:?} {} {patterns:?}", s.effect, resources.negated));
            out.push_str(&format!(" {:?} ", library.action_sets[s.actions].ranges()));
            self.render_condition(s.condition, &mut out);
            if let Some(who) = s.who {
                let who = &library.whos[who];
                let mut entries: Vec<String> = who.entries.iter().map(|&e| self.render_entry(e)).collect();
                entries.sort_unstable();
                out.push_str(&format!(" {} {entries:?}", who.negated));
            }
            out.push('\n');
        }
        out
    }

    fn render_entry(&self, entry: WhoEntry) -> String {
        let text = |text| self.library.texts.get(text);
        match entry {
            WhoEntry::Anyone => "*".to_owned(),
            WhoEntry::Nobody => String::new(),
            WhoEntry::Session { account, role, session } => {
                format!("{}/{}/{}", text(account), text(role), text(session))
            }
            WhoEntry::Account(id)
            | WhoEntry::Principal(id)
            | WhoEntry::UniqueId(id)
            | WhoEntry::Service(id)
            | WhoEntry::Federated(id) => text(id).to_owned(),
        }
    }

    fn render_condition(&self, id: CondId, out: &mut String) {
        let missing = |fact: u32| {
            let fact = self.library.missing_fact(fact);
            fact.map(|fact| format!("{} {}", fact.fact, fact.subject)).unwrap_or_default()
        };
        out.push_str(&self.library.conditions.text(id, &missing));
    }

    fn who(&mut self, who: &Who) -> WhoId {
        if let Some(&id) = self.who_ids.get(who) {
            return id;
        }
        let id = self.library.whos.push(who.clone());
        self.who_ids.insert(who.clone(), id);
        id
    }

    fn action_set(&mut self, intervals: Intervals) -> ActionSetId {
        let hash = self.seed.hash_one(&intervals);
        let sets = &self.library.action_sets;
        if let Some(&id) = self.action_ids.find(hash, |&id| sets[id] == intervals) {
            return id;
        }
        let id = self.library.action_sets.push(intervals);
        let (sets, seed) = (&self.library.action_sets, &self.seed);
        self.action_ids.insert_unique(hash, id, |&id| seed.hash_one(&sets[id]));
        id
    }

    fn expanded(&mut self, text: Text) -> ActionSetId {
        if let Some(&id) = self.expanded.get(&text) {
            return id;
        }
        let id = self.action_set(self.universe.expand(self.library.texts.get(text)));
        self.expanded.insert(text, id);
        id
    }

    fn actions(&mut self, patterns: Patterns<Text>) -> ActionSetId {
        if let (false, &[one]) = (patterns.negated, patterns.items.as_slice()) {
            return self.expanded(one);
        }
        if let Some(&id) = self.actions_of.get(&patterns) {
            return id;
        }
        let mut ranges = Vec::new();
        for &text in &patterns.items {
            let expanded = self.expanded(text);
            ranges.extend_from_slice(self.library.action_sets[expanded].ranges());
        }
        let mut intervals = Intervals::from_ranges(ranges);
        if patterns.negated {
            intervals = intervals.complement(self.universe.len());
        }
        let id = self.action_set(intervals);
        self.actions_of.insert(patterns, id);
        id
    }

    fn resources(&mut self, patterns: &Patterns<PatternItem>) -> ResourceSetId {
        let mut items: Vec<PatternId> = patterns.items.iter().map(|&item| self.pattern(item)).collect();
        items.sort_unstable();
        items.dedup();
        let any = items.iter().any(|&id| self.library.patterns[id].kind == PatternKind::Any);
        let set = match any {
            // `*` swallows its neighbours: everything, or with NotResource nothing.
            true if patterns.negated => ResourceSet { negated: false, items: Box::default() },
            true => ResourceSet { negated: true, items: Box::default() },
            false => ResourceSet { negated: patterns.negated, items: items.into() },
        };
        let hash = self.seed.hash_one(&set);
        let sets = &self.library.resource_sets;
        if let Some(&id) = self.resource_ids.find(hash, |&id| sets[id] == set) {
            return id;
        }
        let id = self.library.resource_sets.push(set);
        let (sets, seed) = (&self.library.resource_sets, &self.seed);
        self.resource_ids.insert_unique(hash, id, |&id| seed.hash_one(&sets[id]));
        id
    }

    fn somewhere(&mut self, actions: ActionSetId, resources: ResourceSetId) -> Option<Somewhere> {
        let library = &self.library;
        let set = &library.resource_sets[resources];
        let place = library.patterns[*set.items.first()?].place;
        let account = match place {
            Place::Open => return None,
            Place::Anywhere => None,
            Place::Account(account) => Some(account),
        };
        if set.negated || set.items.iter().any(|&item| library.patterns[item].place != place) {
            return None;
        }
        let mut applicable: Vec<ActionSetId> =
            set.items.iter().map(|&item| library.patterns[item].applicable).collect();
        applicable.sort_unstable();
        applicable.dedup();
        let parts: Vec<ActionSetId> = applicable.into_iter().map(|set| self.common(actions, set)).collect();
        if let &[one] = parts.as_slice() {
            return Some(Somewhere { actions: one, account });
        }
        let sets = &self.library.action_sets;
        let all =
            Intervals::from_ranges(parts.iter().flat_map(|&part| sets[part].ranges()).copied().collect());
        Some(Somewhere { actions: self.action_set(all), account })
    }

    fn common(&mut self, one: ActionSetId, other: ActionSetId) -> ActionSetId {
        if let Some(&known) = self.common.get(&(one, other)) {
            return known;
        }
        let sets = &self.library.action_sets;
        let common = sets[one].intersect(&sets[other]);
        let id = self.action_set(common);
        self.common.insert((one, other), id);
        id
    }

    fn pattern(&mut self, item: PatternItem) -> PatternId {
        if let Some(&id) = self.pattern_ids.get(&item) {
            return id;
        }
        let text = self.library.texts.get(item.text);
        let wild = text.bytes().any(|byte| matches!(byte, b'*' | b'?'));
        let (kind, (place, applicable)) = if text == "*" {
            (PatternKind::Any, (Place::Open, self.applicable(None)))
        } else if item.variables && text.contains("${") {
            let template = Template::parse(text);
            self.note_variables(&template);
            let pattern = template.open_pattern(self.provider.syntax);
            (PatternKind::Template, (Place::Open, self.applicable(pattern)))
        } else {
            (if wild { PatternKind::Wild } else { PatternKind::Literal }, self.plain(item.text))
        };
        let id = self.library.patterns.push(PatternEntry { text: item.text, kind, place, applicable });
        self.pattern_ids.insert(item, id);
        id
    }

    /// Where the resources lie that a pattern without variables matches, and the permissions that can act there.
    fn plain(&mut self, id: Text) -> (Place, ActionSetId) {
        let Syntax { separator, segments } = self.provider.syntax;
        let texts = &self.library.texts;
        let text = texts.get(id);
        let parts: Vec<Written<'_>> =
            text.splitn(usize::from(segments), separator).map(Written::new).collect();
        if parts.len() < usize::from(segments) {
            // No id of the provider's, or every text there is.
            return (Place::Open, self.applicable(Pattern::parse(text, self.provider.syntax)));
        }
        let (service, account) = (self.provider.service_segment(), self.provider.account_segment());
        let mut types = std::mem::take(&mut self.types);
        self.universe.types_of_segments(&parts, service, &mut types);
        // Part of a question about many resources is left to what is known of these.
        let mut ids =
            [Some(id), (self.provider.carrier)(text).and_then(|id| texts.find(&id))].into_iter().flatten();
        let account = account
            .and_then(|at| parts.get(at))
            .and_then(Written::as_literal)
            .filter(|account| !account.is_empty());
        let place = if ids.any(|id| self.resources.contains(&id)) {
            Place::Open
        } else if let Some(account) = account {
            let account = texts.find(account).ok_or_else(|| account.to_owned());
            Place::Account(account.unwrap_or_else(|new| self.library.texts.text(&new)))
        } else {
            Place::Anywhere
        };
        let applicable = self.of_types(&types);
        self.types = types;
        (place, applicable)
    }

    /// Variables are context keys too, also where no condition tests them.
    fn note_variables(&mut self, template: &Template) {
        for (name, _) in template.variables() {
            let many = self.universe.catalog().key(name).is_some_and(|key| key.many);
            self.library.conditions.key(name, many);
        }
    }

    /// Which permissions can act on what the pattern matches; variables stand for any text.
    fn applicable(&mut self, pattern: Option<Pattern>) -> ActionSetId {
        let Some(pattern) = pattern else {
            return self.action_set(Intervals::all(self.universe.len()));
        };
        let types = self.universe.types_of_pattern(&pattern, self.provider.service_segment());
        self.of_types(&types)
    }

    fn of_types(&mut self, types: &[u16]) -> ActionSetId {
        if let Some(&id) = self.applicable.get(types) {
            return id;
        }
        let id = self.action_set(self.universe.permissions_on(types));
        self.applicable.insert(types.into(), id);
        id
    }

    pub(crate) fn finish(mut self) -> Library {
        let clauses = self.library.conditions.clauses();
        let templates: Vec<Template> =
            clauses.flat_map(|(_, clause)| clause.templates.iter().cloned()).collect();
        templates.iter().for_each(|template| self.note_variables(template));
        let library = &mut self.library;
        library.conditions.freeze();
        library.key_scopes =
            library.conditions.keys().iter().map(|key| (self.provider.key_scope)(&key.name)).collect();
        let of = |wanted: fn(&KeyScope) -> bool| {
            let scopes = (0..).zip(&library.key_scopes);
            scopes.filter(|(_, scope)| wanted(scope)).map(|(id, _)| id).collect::<Arc<[u32]>>()
        };
        (library.principal_keys, library.resource_keys) = (
            of(|scope| matches!(scope, KeyScope::Principal(_))),
            of(|scope| matches!(scope, KeyScope::Resource(_))),
        );
        library.note_what_hangs();
        library.statements.shrink();
        library.documents.shrink();
        library.action_sets.shrink();
        library.resource_sets.shrink();
        library.patterns.shrink();
        library.texts.settle();
        library.written.finish();
        self.library
    }
}

/// What an unknown document allows and what it denies are two unknowns: as one, `allow and not deny` would be a
/// contradiction, and the answer a false denial.
pub(crate) fn per_effect(fact: &Arc<MissingFact>, effect: Effect) -> Arc<MissingFact> {
    match effect {
        Effect::Allow => Arc::clone(fact),
        Effect::Deny => {
            Arc::new(MissingFact { fact: format!("{} (denials)", fact.fact), ..(**fact).clone() })
        }
    }
}

impl Library {
    pub(crate) fn document_ids(&self) -> impl Iterator<Item = DocId> {
        (0..self.documents.len()).map(DocId::new)
    }
}
