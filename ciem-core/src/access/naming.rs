//! Whom the policies of resources name, as sets: part of the evaluator of `who_can`.

use super::sets::{Ids, SetEvaluator, constant, exactly};
use crate::base::IdSet;
use crate::condition::Tri;
use crate::model::{Effect, PrincipalKind, WhoEntry};
use crate::snapshot::estate::PolicyId;
use crate::snapshot::library::WhoId;
use crate::truth::{Grants, PrincipalId, PrincipalSet, Truth};

impl SetEvaluator<'_> {
    fn entry(&self, entry: WhoEntry) -> PrincipalSet {
        let estate = self.estate;
        let one = |id: Option<PrincipalId>| exactly(id.map(IdSet::one).unwrap_or_default());
        let of_kind = |text, kind| {
            one(estate.by_id.get(&text).copied().filter(|&id| estate.principals[id].kind == kind))
        };
        match entry {
            WhoEntry::Anyone => PrincipalSet::always(),
            WhoEntry::Account(account) => {
                let range =
                    estate.account_ids.get(&account).map(|&id| estate.accounts[id].principals.clone());
                let mut members = range.map(IdSet::range).unwrap_or_default();
                for kind in [PrincipalKind::Anonymous, PrincipalKind::Federated, PrincipalKind::Service] {
                    members.subtract(estate.of_kind(kind));
                }
                exactly(members)
            }
            WhoEntry::Principal(id) => {
                let outside = [PrincipalKind::Service, PrincipalKind::Federated, PrincipalKind::Anonymous];
                let mut found = estate.everyone_of(id);
                outside.iter().for_each(|&kind| found.subtract(estate.of_kind(kind)));
                exactly(found)
            }
            WhoEntry::UniqueId(id) => {
                let known = estate.by_unique_id.get(&id).map(|&id| estate.principals[id].id);
                exactly(known.map(|id| estate.everyone_of(id)).unwrap_or_default())
            }
            WhoEntry::Service(name) => of_kind(name, PrincipalKind::Service),
            WhoEntry::Federated(name) => of_kind(name, PrincipalKind::Federated),
            WhoEntry::Session { account, role, session } => {
                let Some(&account) = estate.account_ids.get(&account) else { return PrincipalSet::never() };
                let role = estate.text(role);
                let same = |id: &PrincipalId| {
                    let p = &estate.principals[*id];
                    p.kind == PrincipalKind::Role && estate.text(p.name).eq_ignore_ascii_case(role)
                };
                let (mut sure, mut open) = (Ids::default(), Ids::default());
                for id in estate.accounts[account].principals.clone().map(PrincipalId).filter(same) {
                    let own = estate.principals[id].acting.as_ref().and_then(|acting| acting.session);
                    match own {
                        None => _ = open.insert(id),
                        Some(own) if own == session => _ = sure.insert(id),
                        Some(_) => {}
                    }
                }
                exactly(sure).or(&exactly(open).and(&constant(Tri::Maybe)))
            }
            WhoEntry::Nobody => PrincipalSet::never(),
        }
    }

    fn excepted(&self, who: WhoId) -> PrincipalSet {
        let entries = &self.estate.library.whos[who].entries;
        entries.iter().fold(PrincipalSet::never(), |all, &entry| {
            let found = self.entry(entry);
            let account = matches!(entry, WhoEntry::Account(_));
            all.or(&if account { found.and(&constant(Tri::Maybe)) } else { found })
        })
    }

    pub(super) fn add_grants(&mut self, policy: PolicyId, within: &Ids, grants: &mut Grants<PrincipalSet>) {
        let estate = self.estate;
        for (_, statement) in estate.library.statements_of(estate.policies[policy].document) {
            let says = self.statement(statement, within);
            if says.is_never() {
                continue;
            }
            let Some(who) = statement.who else {
                match statement.effect {
                    Effect::Deny => grants.deny = grants.deny.or(&says),
                    Effect::Allow => grants.by_strength.iter_mut().for_each(|slot| *slot = slot.or(&says)),
                }
                continue;
            };
            let named = &estate.library.whos[who];
            match (named.negated, statement.effect) {
                (true, Effect::Deny) => {
                    let excepted = self.excepted(who);
                    grants.deny = grants.deny.or(&says.minus(&excepted));
                    grants.deny_excepted = grants.deny_excepted.or(&says.and(&excepted));
                }
                (true, Effect::Allow) => {
                    let says = says.minus(&self.excepted(who));
                    self.grant(WhoEntry::Anyone, &says, grants);
                }
                (false, effect) => {
                    for &entry in &named.entries {
                        let says = says.and(&self.entry(entry));
                        match effect {
                            Effect::Allow => self.grant(entry, &says, grants),
                            Effect::Deny => grants.deny = grants.deny.or(&says),
                        }
                    }
                }
            }
        }
    }

    fn grant(&self, entry: WhoEntry, says: &PrincipalSet, grants: &mut Grants<PrincipalSet>) {
        if says.is_never() {
            return;
        }
        for (kind, members) in self.estate.kinds() {
            let strength = (self.estate.provider.strength)(entry, kind);
            if let Some(slot) = strength.and_then(|s| grants.by_strength.get_mut(usize::from(s.0))) {
                let of_kind = says.and(&exactly(members.clone()));
                if !of_kind.is_never() {
                    *slot = slot.or(&of_kind);
                }
            }
        }
    }
}
