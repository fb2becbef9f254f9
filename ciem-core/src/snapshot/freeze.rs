//! Facts into an estate: references resolved, hierarchies closed, doubts written down, indexes built.

use super::estate::{ClauseSets, Estate, Held, Policy, PolicyId, Principal, Resource};
use super::index::HolderIndex;
use super::library::{Library, LibraryBuilder, PatternId};
use super::limits::LimitIndex;
use super::people::{self, People};
use super::resource_index::ResourceIndex;
use super::scopes::{self, Scopes};
use super::spoken::{Spoken, SpokenId};
use super::universe::Universe;
use crate::base::{Csr, IdSet, IdVec, Text};
use crate::condition::MissingFact;
use crate::error::Error;
use crate::model::{
    Coverage, DocId, Facts, LayerId, PolicyRecord, PolicyRef, PolicyUse, PrincipalKind, Rejected, SourceId,
};
use crate::progress::Progress;
use crate::provider::{Binding, FactSpec, Provider, ResourceTraits};
use crate::truth::PrincipalId;
use hashbrown::HashMap;
use std::sync::Arc;

/// Turns policy uses into policies; the one place that decides what an absent or contradictory policy means.
pub(crate) struct Resolver<'a> {
    pub(crate) provider: &'static Provider,
    pub(crate) builder: LibraryBuilder<'a>,
    records: crate::model::Records<PolicyRecord>,
    pub(crate) policies: IdVec<PolicyId, Policy>,
    managed: HashMap<(LayerId, Text), Vec<PolicyId>, foldhash::fast::RandomState>,
    pub(crate) coverage: Coverage,
}

impl Resolver<'_> {
    pub(crate) fn text(&self, text: Text) -> &str {
        self.builder.library.texts.get(text)
    }

    /// The policies that a use means: several where records contradict each other.
    pub(crate) fn resolve(&mut self, used: &PolicyUse, source: SourceId) -> Vec<PolicyId> {
        match used.policy {
            PolicyRef::Inline { name, document } => {
                let policy = Policy { layer: used.layer, name, document, source: Some(source) };
                vec![self.policies.push(policy)]
            }
            PolicyRef::Told { name, document, source } => {
                let policy = Policy { layer: used.layer, name, document, source: Some(source) };
                vec![self.policies.push(policy)]
            }
            PolicyRef::Managed(id) => self.managed(used.layer, id),
        }
    }

    fn managed(&mut self, layer: LayerId, id: Text) -> Vec<PolicyId> {
        if let Some(known) = self.managed.get(&(layer, id)) {
            return known.clone();
        }
        let subject = self.text(id).to_owned();
        let variants: Vec<(DocId, Option<SourceId>)> =
            self.records.get(id).iter().map(|record| (record.document, Some(record.source))).collect();
        let documents = match variants.as_slice() {
            [] => {
                let (fact, how) = self.provider.missing_policy;
                let fact = MissingFact { fact: fact.to_owned(), subject, how: how.to_owned() };
                vec![(self.builder.absent(&Arc::new(fact)), None)]
            }
            [one] => vec![*one],
            several => {
                let mut several = several.to_vec();
                several.sort_by_cached_key(|&(document, _)| self.builder.rendered(document));
                let numbered = several.into_iter().enumerate();
                numbered
                    .map(|(number, (document, source))| {
                        let fact = Arc::new(contradiction(&subject, number));
                        (self.builder.doubtful(document, &fact), source)
                    })
                    .collect()
            }
        };
        let ids: Vec<PolicyId> = documents
            .into_iter()
            .map(|(document, source)| self.policies.push(Policy { layer, name: id, document, source }))
            .collect();
        self.managed.insert((layer, id), ids.clone());
        ids
    }

    /// The policies of a record of which several variants were read: what all of them say holds, the rest may.
    pub(crate) fn resolve_variants(
        &mut self,
        subject: Text,
        variants: &[(&[PolicyUse], SourceId)],
    ) -> Vec<PolicyId> {
        let [(first, source), others @ ..] = variants else { return Vec::new() };
        let mut out = Vec::new();
        let in_all = |used: &PolicyUse| others.iter().all(|(list, _)| list.contains(used));
        for used in first.iter().filter(|used| in_all(used)) {
            out.extend(self.resolve(used, *source));
        }
        if others.is_empty() {
            return out;
        }
        let subject = self.text(subject).to_owned();
        let mut seen: Vec<&PolicyUse> = first.iter().filter(|used| in_all(used)).collect();
        let mut differing: Vec<(String, Policy)> = Vec::new();
        for (list, source) in variants {
            for used in *list {
                if seen.contains(&used) {
                    continue;
                }
                seen.push(used);
                for id in self.resolve(used, *source) {
                    let policy = self.policies[id].clone();
                    let text =
                        format!("{} {}", self.text(policy.name), self.builder.rendered(policy.document));
                    differing.push((text, policy));
                }
            }
        }
        differing.sort_by(|(a, p), (b, q)| (p.layer, a).cmp(&(q.layer, b)));
        for (number, (_, policy)) in differing.into_iter().enumerate() {
            // One atom per document: whether one is in force says nothing of the others.
            let fact = Arc::new(contradiction(&subject, number));
            let document = self.builder.doubtful(policy.document, &fact);
            out.push(self.policies.push(Policy { document, ..policy }));
        }
        out
    }

    /// A resource's own policies have no name that tells them apart: they are named after the resource.
    fn name_after(&mut self, policies: &[PolicyId], resource: Text) {
        for &id in policies {
            let name = format!("{} of {}", self.text(self.policies[id].name), self.text(resource));
            self.policies[id].name = self.builder.library.texts.text(&name);
        }
    }

    /// A policy that may say anything, because a fact is missing.
    pub(crate) fn unknown(&mut self, layer: LayerId, name: Text, fact: MissingFact) -> PolicyId {
        let document = self.builder.absent(&Arc::new(fact));
        self.policies.push(Policy { layer, name, document, source: None })
    }

    pub(crate) fn contradicted(&mut self, id: Text, what: &str, sources: impl Iterator<Item = SourceId>) {
        let mut names: Vec<&str> = sources
            .filter_map(|source| self.coverage.files.get(source.0 as usize))
            .map(|file| file.name.as_str())
            .collect();
        names.sort_unstable();
        names.dedup();
        let source = names.join(", ");
        let policy = self.text(id).to_owned();
        let reason = format!(
            "the inputs describe this {what} in ways that contradict each other; answers that depend on the \
             difference are unknown: give the newest export only"
        );
        let rejected = Rejected { policy, pointer: String::new(), reason, source };
        self.coverage.rejected.insert(rejected);
    }
}

/// The doubt about one of several records that contradict each other.
pub(crate) fn contradiction(subject: &str, number: usize) -> MissingFact {
    MissingFact {
        fact: format!("which of the contradictory records holds ({})", number + 1),
        subject: subject.to_owned(),
        how: "give the newest export of it only".to_owned(),
    }
}

/// Freezes what the readers gathered. Documents that come with a request are frozen over the permissions of the
/// snapshot they ask, so that ids mean the same in both.
pub(crate) fn freeze(
    provider: &'static Provider,
    universe: Universe,
    mut facts: Facts,
    progress: &Progress,
) -> Result<(Estate, Coverage), Error> {
    progress.poll("indexing", 0, None)?;
    let usage = std::mem::take(&mut facts.usage);
    let relations = std::mem::take(&mut facts.relations);
    let mut resolver = Resolver {
        provider,
        builder: LibraryBuilder::new(provider, &universe, &mut facts),
        records: std::mem::take(&mut facts.policies),
        policies: IdVec::default(),
        managed: HashMap::default(),
        coverage: std::mem::take(&mut facts.coverage),
    };
    let mut counts = std::collections::BTreeMap::new();
    for (name, count) in [("credentials", usage.credentials.len()), ("last_accessed", usage.accessed.len())] {
        if count > 0 {
            counts.insert(name, count as u64);
        }
    }
    for (id, _) in resolver.records.sorted(&resolver.builder.library.texts) {
        let guardrail = (provider.is_guardrail)(resolver.text(id));
        *counts.entry(if guardrail { "guardrails" } else { "policies" }).or_insert(0) += 1;
    }
    counts.insert("groups", facts.groups.len() as u64);
    counts.insert("resources", facts.resources.len() as u64);
    counts.insert("scopes", facts.scopes.len() as u64);
    counts.insert("accounts", facts.accounts.len() as u64);
    let contradicted: Vec<(Text, Vec<SourceId>)> = {
        let sorted = resolver.records.sorted(&resolver.builder.library.texts);
        sorted
            .into_iter()
            .filter(|(_, variants)| variants.len() > 1)
            .map(|(id, variants)| (id, variants.iter().map(|record| record.source).collect()))
            .collect()
    };
    for (id, sources) in contradicted {
        resolver.contradicted(id, "policy", sources.into_iter());
    }
    progress.poll("indexing", 1, None)?;
    let resources = std::mem::take(&mut facts.resources).into_sorted(&resolver.builder.library.texts);
    let People { accounts, account_ids, principals, people, tags, held, partial_kinds } =
        people::gather(&mut resolver, &mut facts, &resources, progress)?;
    let mut accounts = accounts;
    let Scopes { scopes, layers_given, organisation } =
        scopes::gather(&mut resolver, &mut facts, &mut accounts, &account_ids);

    // Resources, with the facts of the rule that hang on them.
    let mut frozen: IdVec<super::estate::ResourceId, Resource> = IdVec::default();
    let mut resource_ids = HashMap::default();
    for (id, variants) in resources {
        let uses: Vec<(&[PolicyUse], SourceId)> =
            variants.iter().map(|r| (r.policies.as_slice(), r.source)).collect();
        let mut policies = resolver.resolve_variants(id, &uses);
        for (used, source) in facts.resource_additions.remove(&id).into_iter().flatten() {
            policies.extend(resolver.resolve(&used, source));
        }
        resolver.name_after(&policies, id);
        if variants.len() > 1 {
            resolver.contradicted(id, "resource", variants.iter().map(|r| r.source));
        }
        let account = variants.iter().find_map(|r| r.account).and_then(|a| account_ids.get(&a).copied());
        let flags = variants.iter().fold(0, |all, r| all | r.flags);
        let management_account = account.is_some_and(|a| accounts[a].management);
        let context = |layer: LayerId| {
            let spec = provider.layer(layer);
            spec.is_some_and(|spec| matches!(spec.binding, Binding::Context(_)))
        };
        let askable = !policies.iter().any(|&p| context(resolver.policies[p].layer));
        let Some(kind) = variants.first().map(|r| r.kind) else { continue };
        let facts = (provider.resource_facts)(&ResourceTraits { flags, management_account });
        let tags = variants.first().map(|r| r.tags.clone()).unwrap_or_default();
        let told = variants.iter().any(|r| r.told);
        let resource =
            Resource { id, kind, account, facts, flags, tags, told, policies, spoken: SpokenId(0), askable };
        resource_ids.insert(id, frozen.push(resource));
    }
    progress.poll("indexing", 2, None)?;

    let Resolver { builder, mut policies, coverage, .. } = resolver;
    policies.shrink();
    frozen.shrink();
    let library = builder.finish();
    let mut principals = principals;
    people::settle_facts(provider, &mut principals, &accounts, &held);
    let range = |account: Text| account_ids.get(&account).map(|&id| accounts[id].principals.clone());
    let grants = |layer: LayerId| provider.layer(layer).is_some_and(|spec| spec.grants);
    let (granting, limiting): (Vec<_>, Vec<_>) = held.iter().partition(|(layer, _)| grants(*layer));
    let holders: Vec<HolderIndex> = granting
        .into_iter()
        .map(|(layer, csr)| HolderIndex::build(*layer, &library, &policies, csr, range, universe.len()))
        .collect();
    let limits = limiting.into_iter().map(|(layer, csr)| LimitIndex::of_principals(*layer, &policies, csr));
    let guardrails = layers_given.iter();
    let guardrails = guardrails.map(|&layer| LimitIndex::of_scopes(layer, &policies, &accounts, &scopes));
    let limits = limits.chain(guardrails).collect();
    progress.poll("indexing", 3, None)?;
    let resource_index = ResourceIndex::build(&library, provider, used_patterns(&library));
    let with_fact = provider
        .facts
        .iter()
        .enumerate()
        .map(|(fact, spec)| match spec {
            FactSpec::Principal => {
                principals.entries().filter(|(_, p)| p.facts >> fact & 1 == 1).map(|(id, _)| id).collect()
            }
            _ => IdSet::default(),
        })
        .collect();
    let unloaded = unloaded(&principals, &accounts);
    let everybody = IdSet::range(0..principals.len() as u32);
    let own = || principals.entries().filter(|(_, principal)| principal.acting.is_none());
    let mut by_name: Box<[(Text, PrincipalId)]> = own().map(|(id, p)| (p.name, id)).collect();
    by_name.sort_unstable();
    let mut by_kind: std::collections::BTreeMap<_, IdSet<PrincipalId>> = std::collections::BTreeMap::new();
    for (id, principal) in principals.entries() {
        by_kind.entry(principal.kind).or_default().insert(id);
    }
    for (name, kind) in [("users", PrincipalKind::User), ("roles", PrincipalKind::Role)] {
        counts.insert(name, own().filter(|(_, p)| p.kind == kind).count() as u64);
    }
    let assignments = principals.iter().filter(|p| p.acting.is_some()).count() as u64;
    for (name, count) in [("people", people.len() as u64), ("assignments", assignments)] {
        if count > 0 {
            counts.insert(name, count);
        }
    }
    for name in ["policies", "guardrails"] {
        counts.entry(name).or_insert(0);
    }
    let by_id: HashMap<Text, PrincipalId, foldhash::fast::RandomState> =
        own().map(|(id, p)| (p.id, id)).collect();
    let acting = std::mem::take(&mut facts.acting_resources);
    let pairs = acting.into_iter().flat_map(|(who, all)| all.into_iter().map(move |what| (who, what)));
    let mut acting_resources: Box<[(PrincipalId, super::estate::ResourceId)]> =
        pairs.filter_map(|(who, what)| Some((*by_id.get(&who)?, *resource_ids.get(&what)?))).collect();
    acting_resources.sort_unstable();
    let spoken = Spoken::index(provider, &universe, &mut frozen, &policies, &library);
    let estate = Estate {
        provider,
        by_id,
        by_unique_id: own().filter_map(|(id, p)| Some((p.unique_id?, id))).collect(),
        people_by_key: people::by_key(&people),
        acting_as: people::acting_as(&principals),
        people,
        usage,
        relations,
        by_name,
        universe,
        library,
        accounts,
        account_ids,
        principals,
        tags,
        policies,
        held,
        scopes,
        layers_given,
        told: std::mem::take(&mut facts.told),
        resources: frozen,
        resource_ids,
        acting_resources,
        organisation,
        spoken,
        holders,
        limits,
        resource_index,
        with_fact,
        unloaded,
        everybody,
        partial_kinds,
        counts,
        by_kind: by_kind.into_iter().collect(),
        clause_sets: ClauseSets::default(),
        governed: std::sync::OnceLock::new(),
        sources: coverage.files.iter().map(|file| file.name.clone()).collect(),
    };
    Ok((estate, coverage))
}

fn used_patterns(library: &Library) -> impl Iterator<Item = PatternId> + '_ {
    let mut used: Vec<PatternId> = library
        .resource_sets
        .iter()
        .filter(|set| !set.negated)
        .flat_map(|set| set.items.iter().copied())
        .collect();
    used.sort_unstable();
    used.dedup();
    used.into_iter()
}

fn unloaded(
    principals: &IdVec<PrincipalId, Principal>,
    accounts: &IdVec<super::estate::AccountId, super::estate::Account>,
) -> IdSet<PrincipalId> {
    let outside = |p: &Principal| people::is_outside(p.kind) && !accounts[p.account].loaded;
    principals.entries().filter(|(_, p)| outside(p)).map(|(id, _)| id).collect()
}

/// Rows of held policies, sorted and without repetition.
pub(crate) fn held_rows(mut rows: Vec<(PrincipalId, Held)>, count: usize) -> Csr<PrincipalId, Held> {
    rows.sort_unstable();
    rows.dedup();
    Csr::from_sorted(count, rows)
}
