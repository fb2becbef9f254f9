//! One provider's part of a snapshot: frozen records and their indexes.

use super::governed::Governed;
use super::index::HolderIndex;
use super::library::Library;
use super::limits::LimitIndex;
use super::resource_index::ResourceIndex;
use super::spoken::{Spoken, SpokenId};
use super::universe::Universe;
use crate::base::{Csr, IdSet, IdVec, Text, id_type};
use crate::model::relation::Relations;
use crate::model::usage::UsageFacts;
use crate::model::{Clause, DocId, LayerId, PrincipalKind, SourceId, WhoEntry};
use crate::provider::{LayerSpec, Provider};
use crate::truth::PrincipalId;
use hashbrown::HashMap;
use std::ops::Range;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

id_type!(
    /// An account, subscription or project.
    AccountId,
    /// A node that guardrails hang on.
    ScopeId,
    /// A resource with facts of its own.
    ResourceId,
    /// A policy in force somewhere: its document under one name, in one layer.
    PolicyId,
    /// Somebody of a directory.
    PersonId,
);

#[derive(Clone, Debug)]
pub(crate) struct Principal {
    pub(crate) id: Text,
    pub(crate) kind: PrincipalKind,
    pub(crate) account: AccountId,
    pub(crate) name: Text,
    pub(crate) unique_id: Option<Text>,
    /// Bits by fact id of the provider's rule.
    pub(crate) facts: u32,
    /// Set where a person acts as another principal, whose id, name and policies these are.
    pub(crate) acting: Option<Box<Acting>>,
}

/// A person acting as another principal, in a session of their own name.
#[derive(Clone, Debug)]
pub(crate) struct Acting {
    pub(crate) person: PersonId,
    pub(crate) session: Option<Text>,
    /// The bundle that was assigned, whose policies they are.
    pub(crate) bundle: Text,
    /// What the access comes through: groups, bundle, role.
    pub(crate) through: Vec<Text>,
}

/// Somebody of a directory, who acts through assignments only.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) id: Text,
    pub(crate) kind: PrincipalKind,
    pub(crate) name: Option<Text>,
    pub(crate) unique_id: Text,
    pub(crate) attributes: Vec<(Text, Text)>,
    /// One for each assignment.
    pub(crate) principals: Vec<PrincipalId>,
}

#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) id: Text,
    /// Whether identities of the account were read.
    pub(crate) loaded: bool,
    /// Its principals are one range.
    pub(crate) principals: Range<u32>,
    /// Root first; empty if no organisation is known that has the account.
    pub(crate) chain: Vec<ScopeId>,
    /// The organisation and the nodes above the account, root first, if all are known.
    pub(crate) path: Option<Text>,
    pub(crate) management: bool,
    /// Whether the account is in the loaded organisation.
    pub(crate) member: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) layer: LayerId,
    pub(crate) name: Text,
    pub(crate) document: DocId,
    pub(crate) source: Option<SourceId>,
}

/// A principal's policy and the group it comes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Held {
    pub(crate) policy: PolicyId,
    pub(crate) via: Option<Text>,
}

#[derive(Clone, Debug)]
pub(crate) struct Scope {
    pub(crate) id: Text,
    pub(crate) policies: Vec<PolicyId>,
    /// The accounts below, and through them the principals.
    pub(crate) principals: IdSet<PrincipalId>,
}

#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) id: Text,
    pub(crate) kind: Text,
    pub(crate) account: Option<AccountId>,
    pub(crate) facts: u32,
    /// As the provider's readers set them.
    pub(crate) flags: u8,
    pub(crate) tags: Vec<(Text, Text)>,
    /// Whether an input was about its own policy, also where it has none.
    pub(crate) told: bool,
    pub(crate) policies: Vec<PolicyId>,
    pub(crate) spoken: SpokenId,
    /// Whether the own policy can be asked about (endpoints and the like cannot).
    pub(crate) askable: bool,
}

/// Everything of one provider.
#[derive(Debug)]
pub(crate) struct Estate {
    pub(crate) provider: &'static Provider,
    pub(crate) universe: Universe,
    pub(crate) library: Library,
    pub(crate) accounts: IdVec<AccountId, Account>,
    pub(crate) account_ids: HashMap<Text, AccountId, foldhash::fast::RandomState>,
    pub(crate) principals: IdVec<PrincipalId, Principal>,
    pub(crate) tags: Csr<PrincipalId, (Text, Text)>,
    /// By full id.
    pub(crate) by_id: HashMap<Text, PrincipalId, foldhash::fast::RandomState>,
    /// By the provider's unique id.
    pub(crate) by_unique_id: HashMap<Text, PrincipalId, foldhash::fast::RandomState>,
    /// By name without path, sorted; several principals may share one.
    pub(crate) by_name: Box<[(Text, PrincipalId)]>,
    pub(crate) people: IdVec<PersonId, Person>,
    /// People by full id, short id and name.
    pub(crate) people_by_key: HashMap<Text, Vec<PersonId>, foldhash::fast::RandomState>,
    /// By the id of what they act as: those who do.
    pub(crate) acting_as: HashMap<Text, IdSet<PrincipalId>, foldhash::fast::RandomState>,
    pub(crate) usage: UsageFacts,
    pub(crate) relations: Relations,
    pub(crate) policies: IdVec<PolicyId, Policy>,
    /// By layer that binds principals: who holds what.
    pub(crate) held: Vec<(LayerId, Csr<PrincipalId, Held>)>,
    pub(crate) scopes: IdVec<ScopeId, Scope>,
    /// Layers of which the exports gave something, by layer id.
    pub(crate) layers_given: Vec<LayerId>,
    /// Optional layers of which they did.
    pub(crate) told: std::collections::BTreeSet<LayerId>,
    pub(crate) resources: IdVec<ResourceId, Resource>,
    pub(crate) resource_ids: HashMap<Text, ResourceId, foldhash::fast::RandomState>,
    /// Principals and the resources that act as them, sorted by their ids.
    pub(crate) acting_resources: Box<[(PrincipalId, ResourceId)]>,
    pub(crate) organisation: Option<Text>,
    pub(crate) spoken: Spoken,
    /// By layer that grants to principals.
    pub(crate) holders: Vec<HolderIndex>,
    /// By layer that limits principals, or binds them through their accounts.
    pub(crate) limits: Vec<LimitIndex>,
    pub(crate) resource_index: ResourceIndex,
    /// Principals by fact id.
    pub(crate) with_fact: Vec<IdSet<PrincipalId>>,
    /// Principals whose identity side was not loaded.
    pub(crate) unloaded: IdSet<PrincipalId>,
    pub(crate) everybody: IdSet<PrincipalId>,
    /// (account, kind of record) that the exports may hold only in part.
    pub(crate) partial_kinds: Vec<(AccountId, PrincipalKind)>,
    /// Names of the inputs, by source id.
    pub(crate) sources: Vec<String>,
    /// Distinct records by kind.
    pub(crate) counts: std::collections::BTreeMap<&'static str, u64>,
    pub(crate) by_kind: Vec<(PrincipalKind, IdSet<PrincipalId>)>,
    pub(crate) clause_sets: ClauseSets,
    /// See [`Estate::governed`].
    pub(crate) governed: OnceLock<Governed>,
}

/// Principals for whom a test of their own facts holds, and those of whom the facts tell nothing: computed when
/// first asked for, and true for the life of the snapshot.
#[derive(Debug, Default)]
pub(crate) struct ClauseSets {
    sets: RwLock<ClauseMap>,
}

type ClauseMap =
    HashMap<ClauseKey, Arc<(IdSet<PrincipalId>, IdSet<PrincipalId>)>, foldhash::fast::RandomState>;
type ClauseKey = (u32, Box<str>, Box<[Box<str>]>);

impl ClauseSets {
    pub(crate) fn get_or_compute(
        &self,
        clause: &Clause,
        compute: impl FnOnce() -> (IdSet<PrincipalId>, IdSet<PrincipalId>),
    ) -> Arc<(IdSet<PrincipalId>, IdSet<PrincipalId>)> {
        let key = (clause.key.id, clause.operator.clone(), clause.values.clone());
        // A poisoned lock only means that another thread failed while computing; the map is whole.
        let known = self.sets.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        known.unwrap_or_else(|| {
            let computed = Arc::new(compute());
            let mut sets = self.sets.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(sets.entry(key).or_insert(computed))
        })
    }
}

impl Estate {
    /// Whether exports of its own would give the layer, and none did.
    #[inline]
    pub(crate) fn lacks(&self, spec: &LayerSpec) -> bool {
        spec.optional && !self.told.contains(&spec.id)
    }

    /// What the policies of resources speak for, and whom they name.
    pub(crate) fn governed(&self) -> &Governed {
        self.governed.get_or_init(|| Governed::index(self))
    }

    /// Whether some layer counts for the permission only where the resource has a policy of its own.
    pub(crate) fn requires_policy(&self, permission: u16) -> bool {
        let facts = self.universe.facts(permission);
        let mut required = self.provider.layers.iter().filter_map(|spec| spec.required_for);
        required.any(|fact| facts >> fact.0 & 1 == 1)
    }

    /// Whether some policy names everybody, so that somebody who shows no identity is one of the principals.
    pub(crate) fn names_anyone(&self) -> bool {
        self.library.whos.iter().any(|who| who.negated || who.entries.contains(&WhoEntry::Anyone))
    }

    pub(crate) fn source_name(&self, source: SourceId) -> Option<String> {
        self.sources.get(source.0 as usize).cloned()
    }

    /// The kinds of principal there are, with their members.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = (PrincipalKind, &IdSet<PrincipalId>)> {
        self.by_kind.iter().map(|(kind, members)| (*kind, members))
    }

    pub(crate) fn of_kind(&self, kind: PrincipalKind) -> &IdSet<PrincipalId> {
        static NONE: std::sync::LazyLock<IdSet<PrincipalId>> = std::sync::LazyLock::new(IdSet::default);
        self.by_kind.iter().find(|(k, _)| *k == kind).map_or(&*NONE, |(_, members)| members)
    }

    /// Principals of this name without path.
    pub(crate) fn named(&self, name: Text) -> impl ExactSizeIterator<Item = PrincipalId> + '_ {
        let start = self.by_name.partition_point(|&(known, _)| known < name);
        let rest = self.by_name.get(start..).unwrap_or(&[]);
        let end = rest.partition_point(|&(known, _)| known == name);
        rest.get(..end).unwrap_or(&[]).iter().map(|&(_, id)| id)
    }

    pub(crate) fn text(&self, text: Text) -> &str {
        self.library.texts.get(text)
    }

    pub(crate) fn held(&self, layer: LayerId, principal: PrincipalId) -> &[Held] {
        self.held.iter().find(|(l, _)| *l == layer).map_or(&[], |(_, csr)| csr.row(principal))
    }

    /// The id and kind that answers show: those of the person who acts, where there is one.
    pub(crate) fn shown(&self, id: PrincipalId) -> (Text, PrincipalKind) {
        let principal = &self.principals[id];
        match &principal.acting {
            Some(acting) => (self.people[acting.person].id, self.people[acting.person].kind),
            None => (principal.id, principal.kind),
        }
    }

    /// The principal of a full id and those who act as it.
    pub(crate) fn everyone_of(&self, id: Text) -> IdSet<PrincipalId> {
        let mut found = self.by_id.get(&id).copied().map(IdSet::one).unwrap_or_default();
        if let Some(acting) = self.acting_as.get(&id) {
            found.union_with(acting);
        }
        found
    }

    pub(crate) fn account(&self, id: &str) -> Option<AccountId> {
        self.account_ids.get(&self.library.texts.find(id)?).copied()
    }

    pub(crate) fn account_text(&self, id: AccountId) -> &str {
        self.text(self.accounts[id].id)
    }

    pub(crate) fn tag(&self, principal: PrincipalId, key: &str) -> Option<&str> {
        let tags = self.tags.row(principal);
        tags.iter().find(|(k, _)| self.text(*k).eq_ignore_ascii_case(key)).map(|(_, value)| self.text(*value))
    }

    pub(crate) fn resource_tag(&self, resource: &Resource, key: &str) -> Option<&str> {
        let mut tags = resource.tags.iter();
        tags.find(|(k, _)| self.text(*k).eq_ignore_ascii_case(key)).map(|(_, value)| self.text(*value))
    }

    pub(crate) fn organisation_of(&self, account: AccountId) -> Option<&str> {
        self.organisation.filter(|_| self.accounts[account].member).map(|id| self.text(id))
    }

    pub(crate) fn organisation_path(&self, account: AccountId) -> Option<&str> {
        self.accounts[account].path.map(|path| self.text(path))
    }

    pub(crate) fn resource_policies(
        &self,
        resource: ResourceId,
        layer: LayerId,
    ) -> impl Iterator<Item = PolicyId> + '_ {
        self.resources[resource].policies.iter().copied().filter(move |&id| self.policies[id].layer == layer)
    }
}
