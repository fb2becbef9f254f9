//! The tree of guardrails, frozen: for each account its chain of nodes, root first.

use super::estate::{Account, AccountId, Scope, ScopeId};
use super::freeze::Resolver;
use crate::base::{IdSet, IdVec, Text};
use crate::condition::MissingFact;
use crate::model::{Facts, LayerId, PolicyUse, Rejected, ScopeRecord, SourceId};
use crate::provider::Binding;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use std::collections::BTreeMap;

pub(crate) struct Scopes {
    pub(crate) scopes: IdVec<ScopeId, Scope>,
    pub(crate) layers_given: Vec<LayerId>,
    pub(crate) organisation: Option<Text>,
}

/// More levels than any provider has; a longer chain is a cycle.
const DEEPEST: usize = 64;

pub(crate) fn gather(
    resolver: &mut Resolver<'_>,
    facts: &mut Facts,
    accounts: &mut IdVec<AccountId, Account>,
    account_ids: &HashMap<Text, AccountId, RandomState>,
) -> Scopes {
    let records = std::mem::take(&mut facts.scopes).into_sorted(&resolver.builder.library.texts);
    let mut out = Scopes { scopes: IdVec::default(), layers_given: Vec::new(), organisation: None };
    if let Some(organisation) = &facts.organisation {
        out.organisation = Some(organisation.id);
        if let Some(management) = organisation.management_account.and_then(|id| account_ids.get(&id)) {
            accounts[*management].management = true;
            accounts[*management].member = true;
        }
    }
    if records.is_empty() {
        return out;
    }
    let layers: Vec<LayerId> = resolver
        .provider
        .layers
        .iter()
        .filter(|spec| matches!(spec.binding, Binding::PrincipalScope | Binding::ResourceScope))
        .map(|spec| spec.id)
        .filter(|layer| {
            let of_layer = |r: &ScopeRecord| {
                r.layers_given.contains(layer) || r.policies.iter().any(|used| used.layer == *layer)
            };
            records.iter().flat_map(|(_, variants)| variants).any(of_layer)
        })
        .collect();
    out.layers_given.clone_from(&layers);

    let mut ids: BTreeMap<Text, ScopeId> = BTreeMap::new();
    let mut parents: BTreeMap<Text, Option<Text>> = BTreeMap::new();
    let mut roots: Vec<Text> = Vec::new();
    for (id, variants) in &records {
        let uses: Vec<(&[PolicyUse], SourceId)> =
            variants.iter().map(|r| (r.policies.as_slice(), r.source)).collect();
        let mut policies = resolver.resolve_variants(*id, &uses);
        for &layer in &layers {
            if !variants.iter().any(|r| r.layers_given.contains(&layer)) {
                policies.push(unknown_level(resolver, layer, *id));
            }
        }
        let scope = Scope { id: *id, policies, principals: IdSet::default() };
        ids.insert(*id, out.scopes.push(scope));
        if variants.iter().any(|r| r.is_root) {
            roots.push(*id);
        }
        let mut known: Vec<Text> = variants.iter().filter_map(|r| r.parent).collect();
        known.sort_unstable();
        known.dedup();
        // Two parents contradict each other: the chain ends here, and is reported as broken below.
        let parent = if known.len() > 1 { None } else { known.first().copied() };
        parents.insert(*id, parent);
    }
    for (id, variants) in &records {
        let Some(&account) = account_ids.get(id).filter(|_| variants.iter().any(|r| r.is_account)) else {
            continue;
        };
        accounts[account].member = true;
        let mut chain = vec![*id];
        while let Some(&parent) = chain.last().and_then(|last| parents.get(last)).and_then(Option::as_ref) {
            if chain.contains(&parent) || chain.len() > DEEPEST {
                break;
            }
            chain.push(parent);
        }
        let whole = chain.last().is_some_and(|top| roots.contains(top));
        chain.reverse();
        let above = chain.split_last().map_or(&[][..], |(_, above)| above);
        if let Some(organisation) = out.organisation.filter(|_| whole) {
            let nodes = [organisation].into_iter().chain(above.iter().copied());
            let path: String = nodes.map(|node| format!("{}/", resolver.text(node))).collect();
            accounts[account].path = Some(resolver.builder.library.texts.text(&path));
        }
        let mut nodes: Vec<ScopeId> = chain.iter().filter_map(|id| ids.get(id).copied()).collect();
        if !whole {
            let subject = resolver.text(*id).to_owned();
            let source = variants
                .first()
                .and_then(|record| resolver.coverage.files.get(record.source.0 as usize))
                .map(|file| file.name.clone())
                .unwrap_or_default();
            let reason = "no single chain of parents leads from this account to the organisation's root \
                          (a node is missing, has two parents, or the tree has a cycle); give list-roots, \
                          list-organizational-units-for-parent and list-accounts-for-parent for every node";
            resolver.coverage.rejected.insert(Rejected {
                policy: subject,
                pointer: String::new(),
                reason: reason.to_owned(),
                source,
            });
            let policies = layers.iter().map(|&layer| unknown_level(resolver, layer, *id)).collect();
            nodes.insert(0, out.scopes.push(Scope { id: *id, policies, principals: IdSet::default() }));
        }
        for &node in &nodes {
            out.scopes[node].principals.insert_range(accounts[account].principals.clone());
        }
        accounts[account].chain = nodes;
    }
    out
}

fn unknown_level(resolver: &mut Resolver<'_>, layer: LayerId, scope: Text) -> super::estate::PolicyId {
    let spec = resolver.provider.layer(layer);
    let (fact, how) = spec.map_or(("", ""), |spec| spec.missing);
    let subject = resolver.text(scope).to_owned();
    let fact = MissingFact { fact: fact.to_owned(), subject, how: how.to_owned() };
    resolver.unknown(layer, scope, fact)
}
