//! What is a step of self-service away: owners of a group can add themselves to it, owners of an application or a service
//! principal can sign in as it (EN-R6), and who can activate membership of a group joins it (AZ-R9).

use super::finish::Finish;
use super::{ELIGIBLE, LATENT, MEMBERSHIP, ROLE};
use crate::base::Text;
use crate::condition::MissingFact;
use crate::model::{DocId, LayerId, PolicyRef, PolicyUse, PrincipalKind};
use crate::provider::applications::{CREDENTIALS, services_of};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Somebody who can act as somebody else, or join a group, and the tier of what that gives.
struct Step {
    whom: Text,
    what: Text,
    layer: LayerId,
}

/// What binds those who act so, by who or what they are.
type Bound = (BTreeSet<Text>, PrincipalKind);

impl Finish<'_> {
    pub(super) fn take(&mut self) {
        let mut steps = Vec::new();
        for (&object, owners) in &self.all.owners {
            let gives = match self.apps.applications.contains_key(&object) {
                true => services_of(&self.apps, object),
                false => vec![object],
            };
            let pairs = gives.iter().flat_map(|&what| owners.ids.iter().map(move |&whom| (whom, what)));
            steps.extend(pairs.map(|(whom, what)| Step { whom, what, layer: LATENT }));
        }
        for (&group, members) in &self.all.eligible_members {
            for &member in members {
                let whom = match self.groups.is_group(member) {
                    true => self.below(member),
                    false => vec![member],
                };
                let steps_of = |whom| Step { whom, what: group, layer: MEMBERSHIP };
                steps.extend(whom.into_iter().map(steps_of));
            }
        }
        // In whatever order the inputs came.
        steps.sort_by_key(|step| {
            (self.text(step.whom).to_owned(), step.layer, self.text(step.what).to_owned())
        });
        let mut bound = BTreeMap::new();
        for step in steps {
            self.step(&step, &mut bound);
        }
    }

    /// Those who are in a group, through others too.
    fn below(&self, group: Text) -> Vec<Text> {
        let all = self.everybody().into_iter().map(|(id, _)| id);
        all.filter(|&id| self.groups.above(id).contains(&group)).collect()
    }

    fn step(&mut self, step: &Step, known: &mut BTreeMap<Bound, Vec<DocId>>) {
        let &Step { whom, what, layer } = step;
        let joins = self.groups.is_group(what);
        let own = self.groups.above(whom);
        let mut among = self.groups.above(what);
        let given = self.given(&among);
        if joins {
            among.extend(&own);
        }
        let kind = |finish: &Self, id| finish.all.principals.get(&id).and_then(|known| known.kind);
        let actor = kind(self, if joins { whom } else { what }).unwrap_or(PrincipalKind::External);
        let denials = self.binding(among, actor, known);
        // Nobody is sure that a credential can be added to a managed identity.
        let doubt = (actor == PrincipalKind::ManagedIdentity && !joins).then(|| {
            let subject = self.text(what).to_owned();
            let how = "the provider does not document it: who rules the resource can become its identity";
            Arc::new(MissingFact { fact: CREDENTIALS.to_owned(), subject, how: how.to_owned() })
        });
        for used in given {
            let PolicyRef::Told { name, document, source } = used.policy else { continue };
            let document = self.left(document, &denials, doubt.as_ref());
            let name = match layer {
                LATENT => {
                    let title = format!("{} of {}", self.text(name), self.text(what));
                    self.facts.text(&title)
                }
                _ => name,
            };
            self.hold(whom, layer, PolicyRef::Told { name, document, source });
        }
        // A group can be excepted from a denial: who joins it then has what the denial took away.
        if !joins {
            return;
        }
        let before = self.binding(own.clone(), actor, known);
        if before.iter().any(|denial| !denials.contains(denial)) {
            for used in self.given(&own) {
                let PolicyRef::Told { name, document, source } = used.policy else { continue };
                let document = self.left(document, &denials, None);
                self.hold(whom, layer, PolicyRef::Told { name, document, source });
            }
        }
    }

    /// The role assignments that these have themselves.
    fn given(&self, ids: &BTreeSet<Text>) -> Vec<PolicyUse> {
        let mut ids: Vec<Text> = ids.iter().copied().collect();
        ids.sort_unstable_by_key(|&id| self.text(id));
        let held = ids.into_iter().flat_map(|id| self.held_by(id));
        held.filter(|used| used.layer == ROLE || used.layer == ELIGIBLE).cloned().collect()
    }

    /// The documents of the denials that bind who is and is in these.
    fn binding(
        &mut self,
        ids: BTreeSet<Text>,
        kind: PrincipalKind,
        known: &mut BTreeMap<Bound, Vec<DocId>>,
    ) -> Vec<DocId> {
        let bound = (ids, kind);
        if let Some(found) = known.get(&bound) {
            return found.clone();
        }
        let found: Vec<DocId> =
            self.denied(&bound.0, kind).into_iter().map(|(_, document)| document).collect();
        known.insert(bound, found.clone());
        found
    }
}
