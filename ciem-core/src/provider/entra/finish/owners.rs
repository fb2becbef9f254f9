//! What owners can do with what they own, and what they can have by it (EN-R6).

use super::super::documents::{Said, document, statement, test, window};
use super::super::keys::{AUDIENCE, SUBJECT};
use super::super::{
    ADD_CREDENTIALS, ADD_TO_APPLICATION, APPLICATION, ELEVATE, ELEVATED, ELIGIBLE, FEDERATION, LATENT, OWNER,
    ROLE,
};
use super::Finish;
use crate::base::Text;
use crate::condition::MissingFact;
use crate::model::application::Federation;
use crate::model::assignment::Span;
use crate::model::{
    DocId, Facts, LayerId, PolicyRef, PolicyUse, PrincipalKind, ResourceRecord, SourceId, Statement, Tier,
    Who, WhoEntry,
};
use crate::provider::applications::services_of;
use crate::provider::directory::{Joiner, joiners};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the owner of a group can do with it, below `microsoft.directory/`; so further down.
const OF_GROUP: &[&str] = &[
    "groups/appRoleAssignments/update",
    "groups/basic/update",
    "groups/delete",
    "groups/dynamicMembershipRule/update",
    "groups/members/update",
    "groups/owners/update",
    "groups/restore",
    "groups/settings/update",
];
const OF_APPLICATION: &[&str] = &[
    "applications/audience/update",
    "applications/authentication/update",
    "applications/basic/update",
    "applications/credentials/update",
    "applications/delete",
    "applications/owners/update",
    "applications/permissions/update",
    "applications/policies/update",
    "applications/restore",
];
const OF_SERVICE: &[&str] = &[
    "servicePrincipals/appRoleAssignedTo/update",
    "servicePrincipals/appRoleAssignments/update",
    "servicePrincipals/audience/update",
    "servicePrincipals/authentication/update",
    "servicePrincipals/basic/update",
    "servicePrincipals/credentials/update",
    "servicePrincipals/delete",
    "servicePrincipals/owners/update",
    "servicePrincipals/permissions/update",
    "servicePrincipals/policies/update",
];

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

/// One statement of an object's own: to whom it gives which actions.
type Own = (Who, Vec<String>, Option<Federation>);

impl Finish<'_> {
    pub(super) fn own(&mut self) {
        let mut objects: Vec<(Text, Vec<Own>, &str)> = Vec::new();
        for (&object, owners) in &self.all.owners {
            if self.apps.applications.contains_key(&object) {
                objects.push((
                    object,
                    vec![own(&owners.ids.iter().copied().collect::<Vec<_>>(), OF_APPLICATION)],
                    "application",
                ));
            } else if self.is_group(object) {
                objects.push((
                    object,
                    vec![own(&owners.ids.iter().copied().collect::<Vec<_>>(), OF_GROUP)],
                    "group",
                ));
            }
        }
        for (service, _) in self.services() {
            objects.push((service, self.of_service(service), "servicePrincipal"));
        }
        if self.elevates {
            let id = self.facts.text(ELEVATED);
            objects.push((id, vec![(nobody(), vec![ELEVATE.to_owned()], None)], "role"));
        }
        for (object, statements, kind) in objects {
            self.add(object, &statements, kind);
        }
        self.take();
    }

    /// Every service principal and managed identity.
    fn services(&self) -> Vec<(Text, PrincipalKind)> {
        use PrincipalKind::{ManagedIdentity, ServicePrincipal};
        let all = self.everybody().into_iter();
        all.filter(|(_, kind)| matches!(kind, ServicePrincipal | ManagedIdentity)).collect()
    }

    /// The applications that a service principal is the identity of.
    fn applications_of(&self, service: Text) -> Vec<Text> {
        let Some(id) = self.apps.services.get(&service).and_then(|service| service.application) else {
            return Vec::new();
        };
        self.objects.get(&id).cloned().unwrap_or_default()
    }

    fn owners_of(&self, object: Text) -> Vec<Text> {
        self.all.owners.get(&object).into_iter().flat_map(|owners| &owners.ids).copied().collect()
    }

    fn of_service(&self, service: Text) -> Vec<Own> {
        let mut found = Vec::new();
        let owners = self.owners_of(service);
        if !owners.is_empty() {
            found.push(own(&owners, OF_SERVICE));
        }
        let mut objects = self.applications_of(service);
        let theirs: Vec<Text> = objects.iter().flat_map(|&object| self.owners_of(object)).collect();
        if !theirs.is_empty() {
            found.push((whom(&theirs), vec![ADD_TO_APPLICATION.to_owned()], None));
        }
        objects.push(service);
        objects.extend(self.apps.services.get(&service).and_then(|service| service.resource));
        for federation in self.apps.federations.iter().filter(|one| objects.contains(&one.object)) {
            let who = Who { negated: false, entries: vec![WhoEntry::Federated(federation.issuer)] };
            found.push((who, vec![FEDERATION.to_owned()], Some(federation.clone())));
        }
        // Whether somebody can add credentials is asked of every identity, whoever else names it.
        let ways = [ADD_CREDENTIALS, ADD_TO_APPLICATION].map(str::to_owned);
        found.push((nobody(), ways.to_vec(), None));
        found
    }

    fn add(&mut self, object: Text, statements: &[Own], kind: &str) {
        let id = self.text(object).to_owned();
        let apart = Arc::clone(&self.apart);
        let document = document(self.facts, &format!("owners\n{id}"), |facts| {
            let numbered = statements.iter().enumerate();
            let all: Vec<Statement> =
                numbered.map(|(index, own)| own_statement(facts, index, &id, own)).collect();
            all.into_iter().flat_map(|one| apart.credentials(facts, one)).collect()
        });
        let (kind, name) = (self.facts.text(&format!("entra:{kind}")), self.facts.text("owners"));
        self.facts.add_resource(ResourceRecord {
            id: object,
            kind,
            account: None,
            tags: Vec::new(),
            flags: 0,
            policies: vec![PolicyUse { layer: OWNER, policy: PolicyRef::Inline { name, document } }],
            told: true,
            source: SourceId(0),
        });
    }

    /// What is one step of self-service away: owners of groups can add themselves, owners of applications can sign in as
    /// them; and memberships that can be activated.
    fn take(&mut self) {
        let mut steps = Vec::new();
        let surely =
            |whom, what, layer, until| Step { whom, what, layer, window: (None, until), doubt: None };
        for (&object, owners) in &self.all.owners {
            let gives = match self.apps.applications.contains_key(&object) {
                true => services_of(&self.apps, object),
                false => vec![object],
            };
            let pairs = owners.ids.iter().flat_map(|&owner| gives.iter().map(move |&what| (owner, what)));
            steps.extend(pairs.map(|(owner, what)| surely(owner, what, LATENT, None)));
        }
        for one in self.apps.timed.iter().filter(|one| one.tier != Tier::Active) {
            let layer = if one.owner { LATENT } else { ELIGIBLE };
            steps.push(surely(one.principal, one.group, layer, one.until));
        }
        for Joiner { whom, group, window, doubt } in joiners(&self.apps, &self.facts.texts) {
            let step =
                |whom| Step { whom, what: group, layer: LATENT, window, doubt: Some(Arc::clone(&doubt)) };
            steps.extend(self.users(whom).into_iter().map(step));
        }
        // Of steps of one key that are in doubt, all are for the same reason.
        let key = |step: &Step| (step.whom, step.what, step.layer, step.window, step.doubt.is_some());
        steps.sort_unstable_by_key(key);
        steps.dedup_by_key(|step| key(step));
        let mut taken = Vec::new();
        for Step { whom, what, layer, window, doubt } in steps {
            let has = if self.is_group(what) {
                self.held.get(&what).cloned().unwrap_or_default()
            } else {
                self.all_of(what)
            };
            // What has to be activated first is had by the same step.
            for (_, name, document) in
                has.into_iter().filter(|of| [ROLE, ELIGIBLE, APPLICATION].contains(&of.0))
            {
                let through = format!("{} of {}", self.text(name), self.text(what));
                let name = self.facts.text(&through);
                taken.push((whom, layer, name, self.within(document, window, doubt.as_ref())));
            }
        }
        taken.extend(self.end_memberships());
        // One step each: what somebody has by a step is not taken from it by another.
        for (whom, layer, name, document) in taken {
            self.hold(whom, layer, name, document);
        }
    }

    /// The users whom a holder of a role is: of a group, its direct members.
    fn users(&self, holder: Text) -> Vec<Text> {
        let members = self.all.members.get(&holder).filter(|_| self.is_group(holder));
        let people = members.map_or_else(|| vec![holder], |members| members.ids.iter().copied().collect());
        people.into_iter().filter(|&id| self.all.may_be_user(id)).collect()
    }

    /// Who is a member of a group for a time only has what the group has until then, though lists of members name it.
    fn end_memberships(&mut self) -> Vec<(Text, LayerId, Text, DocId)> {
        let mut ends: BTreeMap<(Text, Text), Option<i64>> = BTreeMap::new();
        for one in self.apps.timed.iter().filter(|one| one.tier == Tier::Active && !one.owner) {
            let end = ends.entry((one.principal, one.group)).or_insert(one.until);
            // Of several schedules the last end counts.
            *end = end.zip(one.until).map(|(one, other)| one.max(other));
        }
        let mut taken = Vec::new();
        for ((member, group), until) in ends.into_iter().filter(|(_, until)| until.is_some()) {
            let groups = self.groups.get_mut(&member);
            let place = groups.as_ref().and_then(|groups| groups.iter().position(|&of| of == group));
            let (Some(groups), Some(place)) = (groups, place) else { continue };
            groups.remove(place);
            for (layer, name, document) in self.held.get(&group).cloned().unwrap_or_default() {
                taken.push((member, layer, name, self.within(document, (None, until), None)));
            }
        }
        taken
    }

    /// What a document says, for a time only, and in doubt if that is.
    fn within(&mut self, of: DocId, span: Span, doubt: Option<&Arc<MissingFact>>) -> DocId {
        if span == (None, None) && doubt.is_none() {
            return of;
        }
        document(self.facts, &format!("{of:?} within {span:?}\n{doubt:?}"), |facts| {
            let in_force = window(facts, span);
            let all = facts.documents[of].statements.clone();
            let limited = |one: Statement| Statement {
                condition: facts.conditions.all(vec![in_force, one.condition]),
                doubt: one.doubt.or_else(|| doubt.cloned()),
                ..one
            };
            all.into_iter().map(limited).collect()
        })
    }
}

fn own(owners: &[Text], actions: &[&str]) -> Own {
    let actions = actions.iter().map(|action| format!("microsoft.directory/{action}"));
    (whom(owners), actions.collect(), None)
}

fn whom(owners: &[Text]) -> Who {
    Who { negated: false, entries: owners.iter().map(|&owner| WhoEntry::Principal(owner)).collect() }
}

fn nobody() -> Who {
    Who { negated: false, entries: vec![WhoEntry::Nobody] }
}

fn own_statement(
    facts: &mut Facts,
    index: usize,
    object: &str,
    (who, actions, federation): &Own,
) -> Statement {
    let resources = vec![object.to_owned()];
    let mut said = Said { resources, who: Some(who.clone()), ..Said::new(None, actions.clone()) };
    if let Some(federation) = federation {
        let text = |text: Text, facts: &Facts| facts.texts.get(text).to_owned();
        let audiences: Vec<String> = federation.audiences.iter().map(|&one| text(one, facts)).collect();
        let audiences: Vec<&str> = audiences.iter().map(String::as_str).collect();
        let mut parts = vec![test(facts, AUDIENCE, "StringEquals", &audiences)];
        match federation.subject {
            Some(subject) => {
                let subject = text(subject, facts);
                parts.push(test(facts, SUBJECT, "StringEquals", &[&subject]));
            }
            None => {
                said.doubt = Some(Arc::new(MissingFact {
                    fact: "claims of a federated credential".to_owned(),
                    subject: object.to_owned(),
                    how: "expressions over claims are not evaluated".to_owned(),
                }));
            }
        }
        said.condition = facts.conditions.all(parts);
    }
    statement(facts, index, &said)
}
