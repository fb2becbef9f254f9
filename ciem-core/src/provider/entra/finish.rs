//! Completes the facts once every input was read: what was assigned, given and owned becomes policies.

mod applications;
mod owners;
mod roles;

use super::apart::{Apart, CREDENTIALS};
use super::documents::{Said, document, statement};
use super::spec::PROVIDER;
use super::{APPLICATION, ELIGIBLE, ROLE};
use crate::base::Text;
use crate::condition::MissingFact;
use crate::model::application::Applications;
use crate::model::assignment::Assignments;
use crate::model::facts::Seen;
use crate::model::{
    DocId, Facts, GroupRecord, LayerId, PolicyRef, PolicyUse, PrincipalKind, PrincipalRecord, SourceId,
    Statement,
};
use crate::provider::applications::join_owners;
use crate::provider::directory::RULE;
use crate::provider::graph;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(super) const GROUP: (&str, &str) = ("group members", "az ad group member list --group, for each group");
pub(super) const ROLE_DEFINITION: &str = "directory role definition";
pub(super) const CONDITION: &str = "condition of a directory role";
pub(super) const PERMISSION: &str = "application permission";
pub(super) const COVERED: &str = "what the permission covers";

/// Facts that can be missing beside those of layers.
pub(super) static FACTS: &[&str] = &[
    ROLE_DEFINITION,
    CONDITION,
    PERMISSION,
    COVERED,
    super::reach::MEMBERS.0,
    graph::REST,
    RULE,
    CREDENTIALS,
    "claims of a federated credential",
];

/// What those share who may be in groups of which not all members are known.
const PERHAPS: &str = "what groups have whose members are not all known";

pub(crate) fn finish(facts: &mut Facts) {
    let mut all = std::mem::take(&mut facts.assignments);
    let mut apps = std::mem::take(&mut facts.applications);
    if all.is_empty() && apps.is_empty() {
        return;
    }
    join_owners(&mut apps, &mut all.owners);
    graph::note_parts(facts, &all);
    let deleted = graph::deleted(&all);
    let (mut groups, mut objects): (Lists, Lists) = (BTreeMap::new(), BTreeMap::new());
    for (&group, members) in &all.members {
        members.ids.iter().for_each(|&member| groups.entry(member).or_default().push(group));
    }
    for (&object, known) in &apps.applications {
        known.application.into_iter().for_each(|id| objects.entry(id).or_default().push(object));
    }
    let (held, elevates) = (BTreeMap::new(), false);
    let apart = Arc::new(apart(facts, &all, &apps));
    let mut finish = Finish { facts, all, apps, groups, objects, deleted, held, elevates, apart };
    finish.assign();
    finish.give();
    finish.own();
    finish.consent();
    finish.perhaps();
    finish.allow_rest();
    finish.keep();
}

type Lists = BTreeMap<Text, Vec<Text>>;

struct Finish<'f> {
    facts: &'f mut Facts,
    all: Assignments,
    apps: Applications,
    /// By member: the groups that it is directly in.
    groups: Lists,
    /// By the id of an application: the objects that describe it.
    objects: Lists,
    deleted: BTreeSet<Text>,
    /// By principal or group: what it has itself.
    held: BTreeMap<Text, Vec<(LayerId, Text, DocId)>>,
    /// Whether somebody can give itself access to all resources.
    elevates: bool,
    apart: Arc<Apart>,
}

fn apart(facts: &Facts, all: &Assignments, apps: &Applications) -> Apart {
    let managed =
        all.principals.iter().filter(|(_, known)| known.kind == Some(PrincipalKind::ManagedIdentity));
    let mut apart = Apart {
        assignable: apps.assignable.iter().copied().collect(),
        managed: managed.map(|(&id, _)| id).collect(),
    };
    for list in [&mut apart.assignable, &mut apart.managed] {
        list.sort_unstable_by_key(|&id| facts.texts.get(id));
    }
    apart
}

impl Finish<'_> {
    fn text(&self, text: Text) -> &str {
        self.facts.texts.get(text)
    }

    fn hold(&mut self, whom: Text, layer: LayerId, name: Text, document: DocId) {
        let held = self.held.entry(whom).or_default();
        if !held.contains(&(layer, name, document)) {
            held.push((layer, name, document));
        }
    }

    fn kind(&self, id: Text) -> Option<PrincipalKind> {
        self.all.principals.get(&id)?.kind
    }

    fn is_group(&self, id: Text) -> bool {
        self.kind(id) == Some(PrincipalKind::Group) || self.all.members.contains_key(&id)
    }

    /// Whether it is a group, or may be one for all that is known.
    fn may_be_group(&self, id: Text) -> bool {
        self.is_group(id) || self.all.may_be_group(id)
    }

    /// Roles and permissions of a group reach direct members (EN-R1, EN-R6).
    fn groups_of(&self, id: Text) -> &[Text] {
        self.groups.get(&id).map_or(&[], Vec::as_slice)
    }

    /// What somebody has, directly and through groups.
    fn all_of(&self, id: Text) -> Vec<(LayerId, Text, DocId)> {
        let own = self.held.get(&id).into_iter().flatten();
        let theirs = self.groups_of(id).iter().filter_map(|group| self.held.get(group)).flatten();
        own.chain(theirs).copied().collect()
    }

    /// Everybody who can hold something, sorted by id.
    fn everybody(&self) -> Vec<(Text, PrincipalKind)> {
        let known = self.all.principals.iter().filter(|(id, _)| !self.deleted.contains(id));
        let mut found: Vec<(Text, PrincipalKind)> = known
            .map(|(&id, known)| (id, known.kind.unwrap_or(PrincipalKind::External)))
            .filter(|(id, _)| !self.is_group(*id) || self.is_open(*id))
            .collect();
        found.sort_unstable_by_key(|&(id, _)| self.text(id));
        found
    }

    /// Whether not all members of a group are known.
    fn is_open(&self, group: Text) -> bool {
        self.all.members.get(&group).is_none_or(|members| !members.complete)
    }

    /// Whoever may be in a group of which not all members are known may have what the group has.
    fn perhaps(&mut self) {
        let mut open: Vec<Text> =
            self.held.keys().copied().filter(|&id| self.may_be_group(id) && self.is_open(id)).collect();
        open.sort_unstable_by_key(|&id| self.text(id));
        for layer in [ROLE, ELIGIBLE, APPLICATION] {
            let mut found: Vec<Statement> = Vec::new();
            let mut key = format!("{PERHAPS}\n{layer:?}");
            for &group in &open {
                let subject = self.text(group).to_owned();
                let how = format!("az ad group member list --group {subject}");
                let fact = Arc::new(MissingFact { fact: GROUP.0.to_owned(), subject, how });
                let held = self.held.get(&group).into_iter().flatten();
                for &(_, _, document) in held.filter(|(of, _, _)| *of == layer) {
                    key.push_str(&format!("\n{} {}", group.0, document.0));
                    for statement in &self.facts.documents[document].statements {
                        let doubt = statement.doubt.clone().unwrap_or_else(|| Arc::clone(&fact));
                        found.push(Statement { doubt: Some(doubt), ..statement.clone() });
                    }
                }
            }
            if found.is_empty() {
                continue;
            }
            let document = document(self.facts, &key, |_| found);
            let name = self.facts.text(PERHAPS);
            let everybody = self.everybody();
            for (id, _) in everybody.into_iter().filter(|(_, kind)| *kind != PrincipalKind::Group) {
                self.hold(id, layer, name, document);
            }
        }
    }

    /// Anybody may have anything by what stands in the rest of a list that was not given.
    fn allow_rest(&mut self) {
        for layer in [ROLE, ELIGIBLE, APPLICATION] {
            for fact in graph::rest(&self.all, PROVIDER.layers, layer) {
                let name = self.facts.text(&fact.subject);
                let key = format!("rest of {layer:?}\n{}", fact.subject);
                let doubt = Some(Arc::new(fact));
                let document = document(self.facts, &key, |facts| {
                    vec![statement(facts, 0, &Said { doubt, ..Said::new(None, vec!["*".to_owned()]) })]
                });
                for (id, _) in self.everybody() {
                    self.hold(id, layer, name, document);
                }
            }
        }
    }

    fn keep(self) {
        let tenant = self.all.directory_id;
        let account = tenant.unwrap_or_else(|| self.facts.text(""));
        let name = self.facts.texts.get(account).to_owned();
        graph::note_cut(self.facts, &self.all, PROVIDER.layers, &name);
        let seen =
            Seen { users: true, roles: true, groups: true, policies: true, truncated: false, complete: true };
        self.facts.accounts.insert(account, seen);
        let given = &mut self.facts.coverage.given;
        let tenant = self.facts.texts.get(account).to_owned();
        if let Some(&whole) = given.get(&(String::new(), "consents")) {
            given.insert((tenant.clone(), "delegated_permission"), whole);
        }
        if !self.all.owners.is_empty() {
            given.insert((tenant, "owner"), false);
        }
        let uses = |held: Option<&Vec<(LayerId, Text, DocId)>>| -> Vec<PolicyUse> {
            let all = held.into_iter().flatten();
            all.map(|&(layer, name, document)| PolicyUse {
                layer,
                policy: PolicyRef::Inline { name, document },
            })
            .collect()
        };
        let guest = (self.facts.text("userType"), self.facts.text("Guest"));
        for (id, kind) in self.everybody() {
            let known = self.all.principals.get(&id);
            self.facts.principals.insert(PrincipalRecord {
                id,
                kind,
                account,
                name: self.all.name_of(id, &self.facts.texts).unwrap_or(id),
                unique_id: None,
                tags: if self.apps.guests.contains(&id) { vec![guest] } else { Vec::new() },
                flags: 0,
                policies: uses(self.held.get(&id)),
                groups: self.groups_of(id).to_vec(),
                source: known.and_then(|known| known.source).unwrap_or(SourceId(0)),
            });
        }
        let groups: Vec<Text> = self.all.principals.keys().copied().filter(|&id| self.is_group(id)).collect();
        for id in groups.into_iter().filter(|id| !self.deleted.contains(id)) {
            let known = self.all.principals.get(&id);
            self.facts.groups.insert(GroupRecord {
                id,
                account,
                name: self.all.name_of(id, &self.facts.texts).unwrap_or(id),
                policies: uses(self.held.get(&id)),
                // Nothing that a group has here reaches members of its members.
                groups: Vec::new(),
                source: known.and_then(|known| known.source).unwrap_or(SourceId(0)),
            });
        }
        if self.elevates {
            let id = self.facts.text(super::ELEVATED);
            self.facts.principals.insert(PrincipalRecord {
                id,
                kind: PrincipalKind::Role,
                account,
                name: id,
                unique_id: None,
                tags: Vec::new(),
                flags: 0,
                policies: Vec::new(),
                groups: Vec::new(),
                source: SourceId(0),
            });
        }
    }
}
