//! Lists that end though more of them follows: what stands in the rest may give anything, or take anything away.

use super::documents::{Said, anything, document, statements};
use super::finish::Finish;
use super::scope::ROOT;
use super::spec::PROVIDER;
use super::{DENY, ELIGIBLE, MEMBERSHIP, ROLE};
use crate::condition::MissingFact;
use crate::model::assignment::DenialRecord;
use crate::model::{Effect, PolicyRef, SourceId};
use crate::provider::graph::rest;
use std::collections::BTreeSet;
use std::sync::Arc;

impl Finish<'_> {
    /// Anybody may have anything by an assignment that was not given.
    pub(super) fn allow_rest(&mut self) {
        for layer in [ROLE, ELIGIBLE, MEMBERSHIP] {
            for fact in rest(&self.all, PROVIDER.layers, layer) {
                let (name, source) = (self.facts.text(&fact.subject), self.source_of(layer));
                let key = format!("rest of {layer:?}\n{}", fact.subject);
                let root = self.facts.text(ROOT);
                let (reach, subject) = (self.reach(root), fact.subject.clone());
                let document = document(self.facts, &key, |facts| {
                    let blocks = [anything(facts)];
                    let said = Said {
                        effect: Effect::Allow,
                        name: None,
                        blocks: &blocks,
                        reach: &reach,
                        only: None,
                        condition: None,
                        window: (None, None),
                        subject: &subject,
                        doubt: Some(Arc::new(fact)),
                    };
                    statements(facts, &said)
                });
                for (id, _) in self.everybody() {
                    self.hold(id, layer, PolicyRef::Told { name, document, source });
                }
            }
        }
    }

    /// Deny assignments that were not given, which may take anything from anybody, and why that is not known.
    pub(super) fn rest_of_denials(&mut self) -> Vec<(DenialRecord, Arc<MissingFact>)> {
        let mut found = Vec::new();
        for fact in rest(&self.all, PROVIDER.layers, DENY) {
            let record = DenialRecord {
                scope: self.facts.text(ROOT),
                only_here: false,
                blocks: vec![anything(self.facts)],
                condition: None,
                everyone: true,
                whom: BTreeSet::new(),
                except: BTreeSet::new(),
                audit: false,
                source: self.source_of(DENY),
            };
            found.push((record, Arc::new(fact)));
        }
        found
    }

    /// The first input of a layer that ends where more follows.
    fn source_of(&self, layer: crate::model::LayerId) -> SourceId {
        let name = self.all.cut.get(&layer).and_then(|names| names.first());
        let files = &self.facts.coverage.files;
        let at = files.iter().position(|file| Some(&file.name) == name);
        SourceId(at.and_then(|at| u32::try_from(at).ok()).unwrap_or_default())
    }
}
