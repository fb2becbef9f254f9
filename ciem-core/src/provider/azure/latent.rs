//! What is one step of self-service away: owners of a group can add themselves to it, owners of an application or a service
//! principal can sign in as it (EN-R6).

use super::finish::Finish;
use super::{LATENT, ROLE};
use crate::base::Text;
use crate::model::{DocId, PolicyRef, SourceId};
use crate::provider::applications::services_of;

/// What a role assignment says, and where it was read.
type Assigned = (DocId, SourceId);

impl Finish<'_> {
    pub(super) fn own(&mut self) {
        let mut taken: Vec<(Text, String, Assigned)> = Vec::new();
        for (&object, owners) in &self.all.owners {
            let gives = match self.apps.applications.contains_key(&object) {
                true => services_of(&self.apps, object),
                false => vec![object],
            };
            for (name, policy) in gives.into_iter().flat_map(|what| self.active(what)) {
                taken.extend(owners.ids.iter().map(|&owner| (owner, name.clone(), policy)));
            }
        }
        // In whatever order the inputs came.
        taken.sort_by(|a, b| (self.text(a.0), &a.1).cmp(&(self.text(b.0), &b.1)));
        for (owner, name, (document, source)) in taken {
            let name = self.facts.text(&name);
            self.hold(owner, LATENT, PolicyRef::Told { name, document, source });
        }
    }

    /// The role assignments that somebody has, or that members of a group have, directly and through groups.
    fn active(&self, what: Text) -> Vec<(String, Assigned)> {
        let groups = self.groups.above(what).into_iter();
        let held = groups.flat_map(|id| self.held_by(id)).filter(|used| used.layer == ROLE);
        let told = held.filter_map(|used| match used.policy {
            PolicyRef::Told { name, document, source } => Some((name, (document, source))),
            PolicyRef::Managed(_) | PolicyRef::Inline { .. } => None,
        });
        told.map(|(name, policy)| (format!("{} of {}", self.text(name), self.text(what)), policy)).collect()
    }
}
