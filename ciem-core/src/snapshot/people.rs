//! Principals, accounts and memberships, frozen; and the callers that only policies name.

use super::estate::{Account, AccountId, Acting, Held, Person, PersonId, PolicyId, Principal};
use super::freeze::{Resolver, contradiction, held_rows};
use crate::base::{Csr, Id, IdSet, IdVec, Text};
use crate::error::Error;
use crate::model::directory::{ActingRecord, PersonRecord};
use crate::model::{
    Facts, GroupRecord, LayerId, PolicyUse, PrincipalKind, PrincipalRecord, ResourceRecord, SourceId,
    WhoEntry,
};
use crate::progress::Progress;
use crate::provider::{Binding, PrincipalTraits, Provider};
use crate::truth::PrincipalId;
use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};
use petgraph::graph::{DiGraph, NodeIndex};
use std::collections::BTreeMap;

/// What `gather` finds.
pub(crate) struct People {
    pub(crate) accounts: IdVec<AccountId, Account>,
    pub(crate) account_ids: HashMap<Text, AccountId, RandomState>,
    pub(crate) principals: IdVec<PrincipalId, Principal>,
    pub(crate) people: IdVec<PersonId, Person>,
    pub(crate) tags: Csr<PrincipalId, (Text, Text)>,
    pub(crate) held: Vec<(LayerId, Csr<PrincipalId, Held>)>,
    pub(crate) partial_kinds: Vec<(AccountId, PrincipalKind)>,
}

/// Kinds of principal whose identity side lies outside the snapshot.
pub(crate) fn is_outside(kind: PrincipalKind) -> bool {
    use PrincipalKind::{Account, Deleted, External, Root};
    matches!(kind, Account | Deleted | External | Root)
}

struct Draft {
    id: Text,
    kind: PrincipalKind,
    account: Text,
    name: Text,
    unique_id: Option<Text>,
    flags: u8,
    variants: Vec<PrincipalRecord>,
    acting: Option<Acting>,
}

pub(crate) fn gather(
    resolver: &mut Resolver<'_>,
    facts: &mut Facts,
    resources: &[(Text, Vec<ResourceRecord>)],
    progress: &Progress,
) -> Result<People, Error> {
    let records = std::mem::take(&mut facts.principals).into_sorted(&resolver.builder.library.texts);
    let groups = Groups::close(
        resolver,
        std::mem::take(&mut facts.groups).into_sorted(&resolver.builder.library.texts),
    );
    let mut drafts: Vec<Draft> = records
        .into_iter()
        .filter_map(|(id, variants)| {
            let first = variants.first()?;
            Some(Draft {
                id,
                kind: first.kind,
                account: first.account,
                name: first.name,
                unique_id: first.unique_id,
                flags: first.flags,
                variants,
                acting: None,
            })
        })
        .collect();

    // Accounts: loaded ones, those in the tree, those of resources, and those that policies name.
    let mut account_texts: HashSet<Text, RandomState> = facts.accounts.keys().copied().collect();
    account_texts.extend(drafts.iter().map(|d| d.account));
    let resource_accounts = resources.iter().flat_map(|(_, variants)| variants).filter_map(|r| r.account);
    account_texts.extend(resource_accounts);
    let scopes = facts.scopes.sorted(&resolver.builder.library.texts);
    let in_tree = scopes.iter().flat_map(|(_, variants)| *variants).filter(|s| s.is_account);
    account_texts.extend(in_tree.map(|s| s.id));
    account_texts.extend(facts.organisation.iter().filter_map(|o| o.management_account));
    let loaded: HashSet<Text, RandomState> =
        facts.accounts.keys().copied().chain(drafts.iter().map(|d| d.account)).collect();
    let mut people = people_of(facts);
    // Assignments tell of an account, and do not load it.
    drafts.extend(acting_drafts(std::mem::take(&mut facts.acting), &people));
    drafts.extend(named_callers(resolver, &drafts, &loaded));
    account_texts.extend(drafts.iter().map(|d| d.account));

    let texts = &resolver.builder.library.texts;
    let mut sorted: Vec<Text> = account_texts.into_iter().collect();
    sorted.sort_unstable_by_key(|&text| texts.get(text));
    let order: HashMap<Text, u32, RandomState> =
        sorted.iter().enumerate().map(|(i, &text)| (text, i as u32)).collect();
    drafts.sort_by_cached_key(|d| {
        let person = d.acting.as_ref().map(|acting| acting.person);
        (order.get(&d.account).copied().unwrap_or(u32::MAX), texts.get(d.id), person)
    });
    let mut accounts: IdVec<AccountId, Account> = IdVec::default();
    for &id in &sorted {
        let start = drafts.partition_point(|d| order.get(&d.account) < order.get(&id)) as u32;
        let end = drafts.partition_point(|d| order.get(&d.account) <= order.get(&id)) as u32;
        let loaded = loaded.contains(&id);
        let (chain, principals) = (Vec::new(), start..end);
        accounts.push(Account {
            id,
            loaded,
            principals,
            chain,
            path: None,
            management: false,
            member: false,
        });
    }
    let account_ids: HashMap<Text, AccountId, RandomState> =
        sorted.iter().enumerate().map(|(i, &text)| (text, AccountId::new(i))).collect();

    let layers: Vec<LayerId> = resolver
        .provider
        .layers
        .iter()
        .filter(|spec| spec.binding == Binding::Principal)
        .map(|spec| spec.id)
        .collect();
    let mut rows: Vec<Vec<(PrincipalId, Held)>> = vec![Vec::new(); layers.len()];
    let mut principals: IdVec<PrincipalId, Principal> = IdVec::default();
    let mut tags: Csr<PrincipalId, (Text, Text)> = Csr::default();
    let count = drafts.len();
    for (done, draft) in drafts.into_iter().enumerate() {
        progress.tick("indexing", done, Some(count))?;
        let account = account_ids.get(&draft.account).copied().unwrap_or(AccountId::new(0));
        let principal = principals.push(Principal {
            id: draft.id,
            kind: draft.kind,
            account,
            name: draft.name,
            unique_id: draft.unique_id,
            // The flags wait here until the boundaries are known.
            facts: u32::from(draft.flags),
            acting: draft.acting.clone().map(Box::new),
        });
        if let Some(acting) = &draft.acting {
            people[acting.person].principals.push(principal);
        }
        tags.push_row(draft.variants.first().map_or(&[][..], |r| r.tags.as_slice()).iter().copied());
        let mut held = holdings(resolver, &groups, &draft, &layers);
        // The rows of all principals together are then sorted already.
        held.sort_unstable();
        for held in held {
            let layer = resolver.policies[held.policy].layer;
            let row = layers.iter().position(|&l| l == layer).and_then(|at| rows.get_mut(at));
            if let Some(row) = row {
                row.push((principal, held));
            }
        }
    }
    let held = layers
        .into_iter()
        .zip(rows)
        .map(|(layer, rows)| (layer, held_rows(rows, principals.len())))
        .collect();
    tags.shrink();
    principals.shrink();
    let partial_kinds = partial_kinds(facts, &account_ids);
    Ok(People { accounts, account_ids, principals, people, tags, held, partial_kinds })
}

fn people_of(facts: &mut Facts) -> IdVec<PersonId, Person> {
    let mut people = IdVec::default();
    for PersonRecord { id, kind, name, unique_id, attributes, .. } in std::mem::take(&mut facts.people) {
        people.push(Person { id, kind, name, unique_id, attributes, principals: Vec::new() });
    }
    people
}

/// Who acts as what through an assignment: a draft for each.
fn acting_drafts(records: Vec<ActingRecord>, people: &IdVec<PersonId, Person>) -> Vec<Draft> {
    let ids: HashMap<Text, PersonId, RandomState> = people.entries().map(|(id, p)| (p.id, id)).collect();
    let draft = |record: ActingRecord| {
        let ActingRecord { person, session, bundle, through, variants } = record;
        let first = variants.first()?;
        Some(Draft {
            id: first.id,
            kind: first.kind,
            account: first.account,
            name: first.name,
            unique_id: first.unique_id,
            flags: first.flags,
            acting: Some(Acting { person: *ids.get(&person)?, session, bundle, through }),
            variants,
        })
    };
    records.into_iter().filter_map(draft).collect()
}

/// People by full id, short id and name.
pub(crate) fn by_key(people: &IdVec<PersonId, Person>) -> HashMap<Text, Vec<PersonId>, RandomState> {
    let mut found: HashMap<Text, Vec<PersonId>, RandomState> = HashMap::default();
    for (id, person) in people.entries() {
        for key in [Some(person.id), Some(person.unique_id), person.name].into_iter().flatten() {
            let known = found.entry(key).or_default();
            if !known.contains(&id) {
                known.push(id);
            }
        }
    }
    found
}

/// By the id of what they act as: those who do.
pub(crate) fn acting_as(
    principals: &IdVec<PrincipalId, Principal>,
) -> HashMap<Text, IdSet<PrincipalId>, RandomState> {
    let mut found: HashMap<Text, IdSet<PrincipalId>, RandomState> = HashMap::default();
    for (id, principal) in principals.entries().filter(|(_, principal)| principal.acting.is_some()) {
        found.entry(principal.id).or_default().insert(id);
    }
    found
}

/// The policies of one principal, its groups' included.
fn holdings(resolver: &mut Resolver<'_>, groups: &Groups, draft: &Draft, layers: &[LayerId]) -> Vec<Held> {
    let uses: Vec<(&[PolicyUse], SourceId)> =
        draft.variants.iter().map(|r| (r.policies.as_slice(), r.source)).collect();
    let own = resolver.resolve_variants(draft.id, &uses);
    let mut held: Vec<Held> = own.into_iter().map(|policy| Held { policy, via: None }).collect();
    let Some((first, others)) = draft.variants.split_first() else { return held };
    if !others.is_empty() {
        resolver.contradicted(draft.id, "principal", draft.variants.iter().map(|r| r.source));
        // A difference in tags or memberships may change any condition or grant.
        let same = |r: &PrincipalRecord| r.tags == first.tags && r.groups == first.groups;
        if !others.iter().all(same) {
            let fact = contradiction(resolver.text(draft.id), 0);
            for &layer in layers.iter().take(1) {
                let policy = resolver.unknown(layer, draft.id, fact.clone());
                held.push(Held { policy, via: None });
            }
        }
    }
    for &group in &first.groups {
        match groups.policies.get(&group) {
            Some(policies) => held.extend(policies.iter().map(|&policy| Held { policy, via: Some(group) })),
            None => {
                let (fact, how) = resolver.provider.missing_group;
                let subject = resolver.text(group).to_owned();
                let fact =
                    crate::condition::MissingFact { fact: fact.to_owned(), subject, how: how.to_owned() };
                for &layer in layers.iter().take(1) {
                    let policy = resolver.unknown(layer, group, fact.clone());
                    held.push(Held { policy, via: Some(group) });
                }
            }
        }
    }
    held
}

/// Groups with the policies of every group they are in themselves.
struct Groups {
    policies: BTreeMap<Text, Vec<PolicyId>>,
}

impl Groups {
    /// Nested groups are closed over strongly connected components: members of a cycle share everything.
    fn close(resolver: &mut Resolver<'_>, records: Vec<(Text, Vec<GroupRecord>)>) -> Groups {
        let mut graph: DiGraph<Vec<PolicyId>, ()> = DiGraph::new();
        let mut nodes: BTreeMap<Text, NodeIndex> = BTreeMap::new();
        for (id, variants) in &records {
            let uses: Vec<(&[PolicyUse], SourceId)> =
                variants.iter().map(|r| (r.policies.as_slice(), r.source)).collect();
            let policies = resolver.resolve_variants(*id, &uses);
            if variants.len() > 1 {
                resolver.contradicted(*id, "group", variants.iter().map(|r| r.source));
            }
            nodes.insert(*id, graph.add_node(policies));
        }
        for (id, variants) in &records {
            for parent in variants.iter().flat_map(|r| &r.groups) {
                if let (Some(&from), Some(&to)) = (nodes.get(id), nodes.get(parent)) {
                    graph.add_edge(from, to, ());
                }
            }
        }
        // Components come in an order in which whatever a group is in comes before it.
        let mut closed: HashMap<NodeIndex, Vec<PolicyId>, RandomState> = HashMap::default();
        for component in petgraph::algo::tarjan_scc(&graph) {
            let mut all: Vec<PolicyId> = Vec::new();
            for &node in &component {
                all.extend(graph.node_weight(node).into_iter().flatten());
                let parents = graph.neighbors(node).filter_map(|parent| closed.get(&parent));
                let inherited: Vec<PolicyId> = parents.flatten().copied().collect();
                all.extend(inherited);
            }
            all.sort_unstable();
            all.dedup();
            for node in component {
                closed.insert(node, all.clone());
            }
        }
        let policies =
            nodes.into_iter().map(|(id, node)| (id, closed.remove(&node).unwrap_or_default())).collect();
        Groups { policies }
    }
}

/// Callers that only the policies of resources name: services, providers, principals of other accounts.
fn named_callers(
    resolver: &mut Resolver<'_>,
    known: &[Draft],
    loaded: &HashSet<Text, RandomState>,
) -> Vec<Draft> {
    let ids: HashSet<Text, RandomState> = known.iter().map(|d| d.id).collect();
    let unique: HashSet<Text, RandomState> = known.iter().filter_map(|d| d.unique_id).collect();
    let entries: Vec<WhoEntry> =
        resolver.builder.library.whos.iter().flat_map(|who| who.entries.iter().copied()).collect();
    let nobody = resolver.builder.library.texts.text("");
    let mut found: BTreeMap<Text, (PrincipalKind, Text)> = BTreeMap::new();
    if resolver.provider.has_resource_policies() {
        let anonymous = resolver.builder.library.texts.text("anonymous");
        found.insert(anonymous, (PrincipalKind::Anonymous, nobody));
    }
    for entry in entries {
        match entry {
            WhoEntry::Service(name) => {
                found.insert(name, (PrincipalKind::Service, nobody));
            }
            WhoEntry::Federated(name) => {
                let account = (resolver.provider.account_of)(resolver.text(name));
                let account = account.map_or(nobody, |account| resolver.builder.library.texts.text(&account));
                found.insert(name, (PrincipalKind::Federated, account));
            }
            WhoEntry::Account(account) if !loaded.contains(&account) => {
                let id = format!("account {} (not in the snapshot)", resolver.text(account));
                let id = resolver.builder.library.texts.text(&id);
                found.insert(id, (PrincipalKind::Account, account));
            }
            WhoEntry::Principal(id) if !ids.contains(&id) => {
                let Some(account) = (resolver.provider.account_of)(resolver.text(id)) else { continue };
                let account = resolver.builder.library.texts.text(&account);
                if !loaded.contains(&account) {
                    found.insert(id, (PrincipalKind::External, account));
                }
            }
            WhoEntry::UniqueId(id) if !unique.contains(&id) => {
                let text = resolver.text(id).to_owned();
                resolver.coverage.assumptions.insert(format!(
                    "policies of resources name `{text}`, the unique id of no loaded principal: as a rule it was \
                     deleted, and the entry can be removed"
                ));
                found.insert(id, (PrincipalKind::Deleted, nobody));
            }
            _ => {}
        }
    }
    found
        .into_iter()
        .map(|(id, (kind, account))| Draft {
            id,
            kind,
            account,
            name: id,
            unique_id: (kind == PrincipalKind::Deleted).then_some(id),
            flags: 0,
            variants: Vec::new(),
            acting: None,
        })
        .collect()
}

/// The facts of the rule that hang on principals, once boundaries and management accounts are known.
pub(crate) fn settle_facts(
    provider: &Provider,
    principals: &mut IdVec<PrincipalId, Principal>,
    accounts: &IdVec<AccountId, Account>,
    held: &[(LayerId, Csr<PrincipalId, Held>)],
) {
    let limits: Vec<&Csr<PrincipalId, Held>> = held
        .iter()
        .filter(|(layer, _)| provider.layers.iter().any(|spec| spec.id == *layer && !spec.grants))
        .map(|(_, csr)| csr)
        .collect();
    for id in principals.ids() {
        let principal = &principals[id];
        let traits = PrincipalTraits {
            kind: principal.kind,
            flags: principal.facts as u8,
            management_account: accounts[principal.account].management,
            bounded: limits.iter().any(|csr| !csr.row(id).is_empty()),
        };
        principals[id].facts = (provider.principal_facts)(&traits);
    }
}

fn partial_kinds(
    facts: &Facts,
    account_ids: &HashMap<Text, AccountId, RandomState>,
) -> Vec<(AccountId, PrincipalKind)> {
    let mut partial = Vec::new();
    for (account, seen) in &facts.accounts {
        let Some(&id) = account_ids.get(account) else { continue };
        for (there, kind) in [(seen.users, PrincipalKind::User), (seen.roles, PrincipalKind::Role)] {
            if !there || seen.truncated {
                partial.push((id, kind));
            }
        }
    }
    partial.sort_unstable();
    partial
}
