//! What is a step of self-service away: owners of a group can add themselves to it, owners of an application or a service
//! principal can sign in as it, who can change what the rule of a group is about may come to be in it (EN-R6), and who can
//! activate membership of a group joins it (AZ-R9).

use super::finish::Finish;
use super::{ELIGIBLE, LATENT, MEMBERSHIP, ROLE};
use crate::base::Text;
use crate::condition::MissingFact;
use crate::model::assignment::Span;
use crate::model::{DocId, LayerId, PolicyRef, PolicyUse, PrincipalKind};
use crate::provider::applications::{CREDENTIALS, services_of};
use crate::provider::directory::joiners;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Somebody who can act as somebody else, or join a group, and the tier of what that gives.
struct Step {
    whom: Text,
    what: Text,
    layer: LayerId,
    /// When the step can be taken.
    window: Span,
    /// Why it is not known whether it can be.
    doubt: Option<Arc<MissingFact>>,
}

const ALWAYS: Span = (None, None);

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
            steps.extend(pairs.map(|(whom, what)| Step {
                whom,
                what,
                layer: LATENT,
                window: ALWAYS,
                doubt: None,
            }));
        }
        for (&group, members) in &self.all.eligible_members {
            for (&member, &window) in members {
                let steps_of = |whom| Step { whom, what: group, layer: MEMBERSHIP, window, doubt: None };
                steps.extend(self.whom(member).into_iter().map(steps_of));
            }
        }
        for one in joiners(&self.apps, &self.facts.texts) {
            let people = self.whom(one.whom).into_iter().filter(|&id| self.all.may_be_user(id));
            let step = |whom| Step {
                whom,
                what: one.group,
                layer: LATENT,
                window: one.window,
                doubt: Some(Arc::clone(&one.doubt)),
            };
            steps.extend(people.map(step));
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

    /// What members have of a group for as long as they are in it, through the groups on the way for as long as all last.
    pub(super) fn stay(&mut self) {
        let mut of: BTreeMap<Text, Vec<(Text, Span)>> = BTreeMap::new();
        for (group, members) in std::mem::take(&mut self.all.timed_members) {
            for (member, span) in members.into_iter().filter(|(_, span)| *span != ALWAYS) {
                if self.groups.leave(member, group) {
                    of.entry(member).or_default().push((group, span));
                }
            }
        }
        if of.is_empty() {
            return;
        }
        for (whom, _) in self.everybody() {
            for (group, span) in self.for_a_time(whom, &of) {
                for used in self.given(&BTreeSet::from([group])) {
                    let PolicyRef::Told { name, document, source } = used.policy else { continue };
                    let document = self.within(document, span);
                    self.hold(whom, used.layer, PolicyRef::Told { name, document, source });
                }
            }
        }
    }

    /// The groups that somebody is in for a time only, and when; `of` are those by member that end.
    fn for_a_time(&self, whom: Text, of: &BTreeMap<Text, Vec<(Text, Span)>>) -> Vec<(Text, Span)> {
        let lasting = self.groups.above(whom);
        let ending = |id: Text| of.get(&id).into_iter().flatten().copied();
        let mut open: Vec<(Text, Span)> = lasting.iter().flat_map(|&id| ending(id)).collect();
        let mut found = BTreeSet::new();
        while let Some((group, span)) = open.pop() {
            if lasting.contains(&group) || !found.insert((group, span)) {
                continue;
            }
            open.extend(self.groups.directly(group).map(|above| (above, span)));
            open.extend(ending(group).map(|(above, other)| {
                let until = [span.1, other.1].into_iter().flatten().min();
                (above, (span.0.max(other.0), until))
            }));
        }
        let mut found: Vec<_> = found.into_iter().collect();
        found.sort_by_key(|&(group, span)| (self.text(group), span));
        found
    }

    /// Who that is: of a group, who is in it.
    fn whom(&self, member: Text) -> Vec<Text> {
        if self.groups.is_group(member) { self.below(member) } else { vec![member] }
    }

    /// Those who are in a group, through others too.
    fn below(&self, group: Text) -> Vec<Text> {
        let all = self.everybody().into_iter().map(|(id, _)| id);
        all.filter(|&id| self.groups.above(id).contains(&group)).collect()
    }

    fn step(&mut self, step: &Step, known: &mut BTreeMap<Bound, Vec<DocId>>) {
        let &Step { whom, what, layer, window, .. } = step;
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
        let doubt = step.doubt.clone().or(doubt);
        for used in given {
            let PolicyRef::Told { name, document, source } = used.policy else { continue };
            let document = self.left(document, &denials, doubt.as_ref());
            let document = self.within(document, window);
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
                let document = self.left(document, &denials, doubt.as_ref());
                let document = self.within(document, window);
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
