//! What the policies of resources speak for, and whom they name: for questions about many resources, made when the
//! first such question is asked and true for the life of the snapshot.

use super::estate::{AccountId, Estate, PolicyId, ResourceId};
use super::library::StatementId;
use crate::base::{Intervals, Row, Text};
use crate::model::{Effect, WhoEntry};
use crate::pattern::Pattern;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// Permissions, in both forms.
#[derive(Debug)]
pub(crate) struct Mask {
    pub(crate) intervals: Intervals,
    pub(crate) row: Row,
}

/// A pattern that the policies of one resource speak for.
#[derive(Debug)]
pub(crate) struct Ground {
    pub(crate) resource: ResourceId,
    pub(crate) pattern: Pattern,
    /// The permissions for which they can make a difference there.
    pub(crate) mask: Arc<Mask>,
}

/// An Allow of a resource's policy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grant {
    pub(crate) resource: ResourceId,
    pub(crate) policy: PolicyId,
    pub(crate) statement: StatementId,
}

/// The resources that can be asked about.
#[derive(Debug, Default)]
pub(crate) struct Governed {
    /// By resource.
    grounds: Vec<Ground>,
    of: HashMap<ResourceId, Range<usize>, RandomState>,
    /// Text before the first wildcard, with the numbers of the grounds.
    prefixes: Vec<(Box<str>, u32)>,
    by_account: HashMap<Option<AccountId>, Vec<usize>, RandomState>,
    grants: Vec<Grant>,
    /// Grants that are to be looked at for each caller, and those by account id, full id or unique id that they name.
    open: Vec<u32>,
    named: HashMap<Text, Vec<u32>, RandomState>,
    /// Statements that tell principals of one account apart, by the id that they name.
    singling: HashMap<Text, Vec<(Option<ResourceId>, StatementId)>, RandomState>,
    /// The same, where they name sessions.
    sessions: Vec<(Option<ResourceId>, StatementId)>,
    /// Classes of permissions that neither these policies nor guardrails can tell apart.
    pub(crate) classes: OnceLock<Box<[u32]>>,
}

impl Governed {
    pub(crate) fn index(estate: &Estate) -> Governed {
        let mut governed = Governed::default();
        let provider = estate.provider;
        let mut masks: HashMap<Intervals, Arc<Mask>, RandomState> = HashMap::default();
        for (id, resource) in estate.resources.entries() {
            for &policy in &resource.policies {
                governed.single_out(estate, Some(id), policy);
            }
            if !resource.askable {
                continue;
            }
            let start = governed.grounds.len();
            let spoken = estate.spoken.of(resource);
            for text in (provider.covered)(estate.text(resource.id)) {
                let Some(pattern) = Pattern::parse(&text, provider.syntax) else { continue };
                let types = estate.universe.types_of_pattern(&pattern, provider.service_segment());
                let acting = spoken.intersect(&estate.universe.permissions_on(&types));
                let mask = masks.entry(acting).or_insert_with_key(|intervals| {
                    let row = Row::from_intervals(intervals, estate.universe.len());
                    Arc::new(Mask { intervals: intervals.clone(), row })
                });
                let number = governed.grounds.len();
                governed.prefixes.push((prefix(&pattern.to_string()).into(), number as u32));
                governed.by_account.entry(resource.account).or_default().push(number);
                governed.grounds.push(Ground { resource: id, pattern, mask: Arc::clone(mask) });
            }
            governed.of.insert(id, start..governed.grounds.len());
            for &policy in &resource.policies {
                governed.add_grants(estate, id, policy);
            }
        }
        for scope in estate.scopes.ids() {
            for &policy in &estate.scopes[scope].policies {
                governed.single_out(estate, None, policy);
            }
        }
        governed.prefixes.sort_unstable();
        governed
    }

    fn add_grants(&mut self, estate: &Estate, resource: ResourceId, policy: PolicyId) {
        let library = &estate.library;
        for (statement, says) in library.statements_of(estate.policies[policy].document) {
            if says.effect == Effect::Deny {
                continue;
            }
            let number = self.grants.len() as u32;
            self.grants.push(Grant { resource, policy, statement });
            let who = says.who.map(|who| &library.whos[who]).filter(|who| !who.negated);
            let Some(who) = who else {
                self.open.push(number);
                continue;
            };
            for entry in &who.entries {
                match *entry {
                    WhoEntry::Anyone => self.open.push(number),
                    WhoEntry::Account(id)
                    | WhoEntry::Principal(id)
                    | WhoEntry::UniqueId(id)
                    | WhoEntry::Service(id)
                    | WhoEntry::Federated(id)
                    | WhoEntry::Session { account: id, .. } => self.named.entry(id).or_default().push(number),
                    WhoEntry::Nobody => {}
                }
            }
        }
    }

    fn single_out(&mut self, estate: &Estate, resource: Option<ResourceId>, policy: PolicyId) {
        let library = &estate.library;
        for (statement, says) in library.statements_of(estate.policies[policy].document) {
            for entry in says.who.map_or(&[][..], |who| &library.whos[who].entries) {
                match *entry {
                    WhoEntry::Principal(id) | WhoEntry::UniqueId(id) => {
                        self.singling.entry(id).or_default().push((resource, statement));
                    }
                    WhoEntry::Session { .. } => self.sessions.push((resource, statement)),
                    // These name all principals of an account alike, or callers that are asked about one by one.
                    WhoEntry::Anyone
                    | WhoEntry::Account(_)
                    | WhoEntry::Service(_)
                    | WhoEntry::Federated(_)
                    | WhoEntry::Nobody => {}
                }
            }
        }
    }

    pub(crate) fn grounds(&self) -> &[Ground] {
        &self.grounds
    }

    pub(crate) fn of(&self, resource: ResourceId) -> &[Ground] {
        self.numbers_of(resource).and_then(|range| self.grounds.get(range)).unwrap_or_default()
    }

    pub(crate) fn numbers_of(&self, resource: ResourceId) -> Option<Range<usize>> {
        self.of.get(&resource).cloned()
    }

    /// The grounds of resources of one account, or of those that tell none.
    pub(crate) fn in_account(&self, account: Option<AccountId>) -> &[usize] {
        self.by_account.get(&account).map_or(&[], Vec::as_slice)
    }

    /// Ascending numbers of all grounds that a pattern may overlap, and of some that it does not.
    pub(crate) fn near(&self, asked: &str) -> Vec<usize> {
        let start = prefix(asked);
        let at = self.prefixes.partition_point(|(known, _)| **known < *start);
        let rest = self.prefixes.get(at..).unwrap_or_default();
        let longer = rest.iter().take_while(|(known, _)| known.starts_with(start));
        let mut found: Vec<usize> = longer.map(|&(_, number)| number as usize).collect();
        for shorter in start.char_indices().filter_map(|(at, _)| start.get(..at)) {
            let at = self.prefixes.partition_point(|(known, _)| **known < *shorter);
            let rest = self.prefixes.get(at..).unwrap_or_default();
            let same = rest.iter().take_while(|(known, _)| **known == *shorter);
            found.extend(same.map(|&(_, number)| number as usize));
        }
        found.sort_unstable();
        found
    }

    pub(crate) fn grant(&self, number: u32) -> Option<&Grant> {
        self.grants.get(number as usize)
    }

    /// Numbers of the grants that may name somebody of these ids, ascending.
    pub(crate) fn grants_to(&self, ids: impl Iterator<Item = Text>) -> Vec<u32> {
        let named = ids.filter_map(|id| self.named.get(&id)).flatten();
        let mut found: Vec<u32> = self.open.iter().chain(named).copied().collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The statements that may tell whoever has one of these ids apart from others of the account.
    pub(crate) fn singling(
        &self,
        ids: impl Iterator<Item = Text>,
    ) -> impl Iterator<Item = (Option<ResourceId>, StatementId)> {
        ids.filter_map(|id| self.singling.get(&id)).flatten().copied()
    }

    pub(crate) fn sessions(&self) -> &[(Option<ResourceId>, StatementId)] {
        &self.sessions
    }
}

/// What every match begins with: up to the first wildcard or what may be an escape.
fn prefix(pattern: &str) -> &str {
    let end = pattern.find(['*', '?', '$']).unwrap_or(pattern.len());
    pattern.get(..end).unwrap_or_default()
}
