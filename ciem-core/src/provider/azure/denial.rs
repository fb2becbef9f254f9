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

/// A deny assignment in force.
pub(super) struct Denial {
    id: Text,
    record: DenialRecord,
    is_doubted: bool,
    sure: DocId,
    /// Groups of which not all members are known, by which somebody may be meant, or be excepted.
    perhaps_meant: Option<Text>,
    perhaps_excepted: Option<Text>,
    /// By such a group: the denial, in doubt.
    unclear: BTreeMap<Text, DocId>,
}

fn meets(groups: &BTreeSet<Text>, ids: &BTreeSet<Text>) -> bool {
    groups.intersection(ids).next().is_some()
}

impl Finish<'_> {
    pub(super) fn deny(&mut self) {
        let mut denials: Vec<(Text, Vec<DenialRecord>)> =
            std::mem::take(&mut self.all.denials).into_iter().collect();
        denials.sort_by(|a, b| self.text(a.0).cmp(self.text(b.0)));
        for (id, records) in denials {
            let several = records.len() > 1;
            for (record, number) in records.into_iter().zip(1..) {
                if record.audit {
                    self.note_audit(id, &record);
                    continue;
                }
                let doubt = several.then(|| Arc::new(contradiction(self.text(id), number)));
                self.prepare(id, record, doubt);
            }
        }
        for (record, fact) in self.rest_of_denials() {
            let id = self.facts.text(&fact.subject);
            self.prepare(id, record, Some(fact));
        }
        if self.denials.is_empty() {
            return;
        }
        for (whom, kind) in self.everybody() {
            for (policy, _) in self.denied(&self.groups.above(whom), kind) {
                self.hold(whom, DENY, policy);
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

    fn prepare(&mut self, id: Text, record: DenialRecord, doubt: Option<Arc<MissingFact>>) {
        let sure = self.denial(id, &record, doubt.clone());
        if doubt.is_none() {
            let policy = PolicyRecord { id, name: id, account: None, document: sure, source: record.source };
            self.facts.policies.insert(policy);
        }
        // Somebody may be in a group of which not all members are known, and so be meant, or be excepted. A group by which
        // both would be so means nobody.
        let open: Vec<Text> = self.groups.open().to_vec();
        let leads_to = |group: &Text, ids: &BTreeSet<Text>| meets(&self.groups.above(*group), ids);
        let excepted = |group: &&Text| leads_to(group, &record.except);
        let meant = |group: &&Text| !record.everyone && leads_to(group, &record.whom) && !excepted(group);
        let (perhaps_meant, perhaps_excepted) =
            (open.iter().find(meant).copied(), open.iter().find(excepted).copied());
        let unclear = perhaps_meant.into_iter().chain(perhaps_excepted).collect::<BTreeSet<Text>>();
        let unclear = unclear.into_iter().map(|group| {
            let fact = doubt.clone().unwrap_or_else(|| self.members_of(group));
            (group, self.denial(id, &record, Some(fact)))
        });
        let unclear = unclear.collect();
        self.denials.push(Denial {
            id,
            record,
            is_doubted: doubt.is_some(),
            sure,
            perhaps_meant,
            perhaps_excepted,
            unclear,
        });
    }

    /// The denials that bind somebody of this kind who is these and in these, with their documents.
    pub(super) fn denied(&self, groups: &BTreeSet<Text>, kind: PrincipalKind) -> Vec<(PolicyRef, DocId)> {
        let mut found = Vec::new();
        for Denial { id, record, is_doubted, sure, perhaps_meant, perhaps_excepted, unclear } in &self.denials
        {
            let meant = record.everyone || meets(groups, &record.whom);
            let open = if meant { perhaps_excepted } else { perhaps_meant };
            let open = open.filter(|_| kind != PrincipalKind::Group);
            if meets(groups, &record.except) || !meant && open.is_none() {
                continue;
            }
            let document = open.and_then(|group| unclear.get(&group)).unwrap_or(sure);
            let policy = match open.is_none() && !is_doubted {
                true => PolicyRef::Managed(*id),
                false => PolicyRef::Told { name: *id, document: *document, source: record.source },
            };
            found.push((policy, *document));
        }
        found
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
