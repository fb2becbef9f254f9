//! Indexes of the layers that only take away: who is bound by which documents.

use super::estate::{Account, AccountId, Held, Policy, PolicyId, Scope, ScopeId};
use crate::base::{Csr, Id, IdSet, IdVec};
use crate::model::{DocId, LayerId};
use crate::truth::PrincipalId;
use std::collections::BTreeMap;

/// Whom the policies of a layer bind, level by level: boundaries, which principals hold, have one; guardrails, which
/// bind principals through their accounts, have those of the organisation.
#[derive(Debug)]
pub(crate) struct LimitIndex {
    pub(crate) layer: LayerId,
    pub(crate) levels: Vec<Vec<Limited>>,
}

/// Principals on whom the same documents are in force, on one level.
#[derive(Debug)]
pub(crate) struct Limited {
    pub(crate) documents: Box<[DocId]>,
    pub(crate) members: IdSet<PrincipalId>,
}

#[derive(Default)]
struct Level(BTreeMap<Box<[DocId]>, IdSet<PrincipalId>>);

impl Level {
    fn of(&mut self, mut documents: Vec<DocId>) -> &mut IdSet<PrincipalId> {
        documents.sort_unstable();
        documents.dedup();
        self.0.entry(documents.into()).or_default()
    }

    fn frozen(self) -> Vec<Limited> {
        let members = self.0.into_iter().map(|(documents, mut members)| {
            members.optimise();
            Limited { documents, members }
        });
        members.collect()
    }
}

impl LimitIndex {
    pub(crate) fn of_principals(
        layer: LayerId,
        policies: &IdVec<PolicyId, Policy>,
        held: &Csr<PrincipalId, Held>,
    ) -> Self {
        let mut level = Level::default();
        for principal in (0..held.rows()).map(PrincipalId::new) {
            let held = held.row(principal);
            if !held.is_empty() {
                level.of(held.iter().map(|held| policies[held.policy].document).collect()).insert(principal);
            }
        }
        LimitIndex { layer, levels: vec![level.frozen()] }
    }

    pub(crate) fn of_scopes(
        layer: LayerId,
        policies: &IdVec<PolicyId, Policy>,
        accounts: &IdVec<AccountId, Account>,
        scopes: &IdVec<ScopeId, Scope>,
    ) -> Self {
        let mut levels: Vec<Level> = Vec::new();
        for account in accounts.iter().filter(|account| !account.principals.is_empty()) {
            levels.resize_with(levels.len().max(account.chain.len()), Level::default);
            for (level, &scope) in levels.iter_mut().zip(&account.chain) {
                let of_layer = scopes[scope].policies.iter().map(|&id| &policies[id]);
                let of_layer = of_layer.filter(|policy| policy.layer == layer);
                let members = level.of(of_layer.map(|policy| policy.document).collect());
                members.insert_range(account.principals.clone());
            }
        }
        LimitIndex { layer, levels: levels.into_iter().map(Level::frozen).collect() }
    }
}
