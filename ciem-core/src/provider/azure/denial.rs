//! Deny assignments: whom they bind, as far as memberships tell (AZ-R6).

use super::DENY;
use super::documents::{Said, contradiction, document, statements};
use super::finish::Finish;
use super::scope::shown;
use crate::base::Text;
use crate::condition::MissingFact;
use crate::model::assignment::DenialRecord;
use crate::model::{DocId, Effect, PolicyRecord, PolicyRef, PrincipalKind};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl Finish<'_> {
    pub(super) fn deny(&mut self) {
        let mut denials: Vec<(Text, Vec<DenialRecord>)> =
            std::mem::take(&mut self.all.denials).into_iter().collect();
        denials.sort_by(|a, b| self.text(a.0).cmp(self.text(b.0)));
        for (id, records) in denials {
            let several = records.len() > 1;
            for (record, number) in records.iter().zip(1..) {
                if record.audit {
                    self.note_audit(id, record);
                    continue;
                }
                let doubt = several.then(|| Arc::new(contradiction(self.text(id), number)));
                self.deny_one(id, record, doubt);
            }
        }
    }

    fn note_audit(&mut self, id: Text, record: &DenialRecord) {
        let note = format!(
            "the deny assignment {} at {} is in audit: it takes nothing away, and would if it were enforced",
            self.text(id),
            shown(self.text(record.scope))
        );
        self.facts.coverage.assumptions.insert(note);
    }

    fn deny_one(&mut self, id: Text, record: &DenialRecord, doubt: Option<Arc<MissingFact>>) {
        let sure = self.denial(id, record, doubt.clone());
        if doubt.is_none() {
            let policy = PolicyRecord { id, name: id, account: None, document: sure, source: record.source };
            self.facts.policies.insert(policy);
        }
        // Somebody may be in a group of which not all members are known, and so be meant, or be excepted.
        let meets = |groups: &BTreeSet<Text>, ids: &BTreeSet<Text>| groups.intersection(ids).next().is_some();
        let open = |finish: &Self, ids: &BTreeSet<Text>| {
            let open = finish.groups.open().iter().copied();
            open.into_iter().find(|&group| meets(&finish.groups.above(group), ids))
        };
        let perhaps_meant = if record.everyone { None } else { open(self, &record.whom) };
        let perhaps_excepted = open(self, &record.except);
        let mut doubtful: BTreeMap<Text, DocId> = BTreeMap::new();
        for (whom, kind) in self.everybody() {
            let groups = self.groups.above(whom);
            let meant = record.everyone || meets(&groups, &record.whom);
            let unclear = if meant { perhaps_excepted } else { perhaps_meant };
            let unclear = unclear.filter(|_| kind != PrincipalKind::Group);
            if meets(&groups, &record.except) || !meant && unclear.is_none() {
                continue;
            }
            let policy = match (unclear, &doubt) {
                (None, None) => PolicyRef::Managed(id),
                (None, Some(_)) => PolicyRef::Told { name: id, document: sure, source: record.source },
                (Some(group), _) => {
                    let document = match doubtful.get(&group) {
                        Some(&known) => known,
                        None => {
                            let fact = doubt.clone().unwrap_or_else(|| self.members_of(group));
                            self.denial(id, record, Some(fact))
                        }
                    };
                    doubtful.insert(group, document);
                    PolicyRef::Told { name: id, document, source: record.source }
                }
            };
            self.hold(whom, DENY, policy);
        }
    }

    fn denial(&mut self, id: Text, record: &DenialRecord, doubt: Option<Arc<MissingFact>>) -> DocId {
        let reach = self.reach(record.scope);
        let (subject, scope) = (self.text(id).to_owned(), self.text(record.scope).to_owned());
        let key = format!("deny {subject}\n{record:?}\n{doubt:?}");
        document(self.facts, &key, |facts| {
            statements(
                facts,
                &Said {
                    effect: Effect::Deny,
                    name: None,
                    blocks: &record.blocks,
                    reach: &reach,
                    only: record.only_here.then_some(scope.as_str()),
                    condition: record.condition,
                    window: (None, None),
                    subject: &subject,
                    doubt,
                },
            )
        })
    }
}
