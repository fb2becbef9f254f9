//! Completes the facts once every input was read: assignments become policies of those whom they reach.

use super::becoming::WAYS;
use super::denial::Denial;
use super::documents::{Said, anything, contradiction, document, statements};
use super::groups::Groups;
use super::read::{CLASSIC, access};
use super::remedy::{CUSTOM_ROLES, HeldRole, counted_at, is_assignment, ready_role};
use super::runs::MADE;
use super::scope::{is_management_group, shown};
use super::spec::PROVIDER;
use super::tree::{Reach, Tree};
use super::{DENY, ELIGIBLE, LATENT, ROLE, TREE, elevate};
use crate::base::Text;
use crate::condition::MissingFact;
use crate::model::application::Applications;
use crate::model::assignment::{AssignmentRecord, Assignments, Block, RoleRecord, Untold, without_shadows};
use crate::model::facts::Seen;
use crate::model::relation::ReadyRole;
use crate::model::{
    DocId, Effect, Facts, GroupRecord, LayerId, PolicyRef, PolicyUse, PrincipalKind, PrincipalRecord,
    Rejected, SourceId, Tier,
};
use crate::provider::WaySpec;
use crate::provider::applications::join_owners;
use crate::provider::graph;
use crate::provider::schedule::undecided;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(super) const GROUP: (&str, &str) = ("group members", "az ad group member list --group, for each group");
pub(super) const ROLE_DEFINITION: &str = "role definition";
const CONDITION: &str = "condition of a role assignment";
const ASSIGNMENT: &str = "role assignment of which inputs say different things";
/// What those share who may be in groups of which not all members are known.
const PERHAPS: &str = "assignments to groups whose members are not all known";

pub(crate) fn finish(facts: &mut Facts) {
    facts.join_resource_parts();
    let mut all = std::mem::take(&mut facts.assignments);
    if all.is_empty() {
        return;
    }
    name_classic_administrators(facts, &mut all);
    elevate::know(facts, &facts.applications, &mut all);
    let tree = Tree::new(&all, &facts.texts);
    let groups = Groups::new(&all, &facts.texts);
    graph::note_parts(facts, &all);
    // AZ-R14
    let deleted = graph::deleted(&all);
    // Of a tree that is known in part, strict questions take nothing for told.
    if all.cut.contains_key(&TREE) {
        facts.told.remove(&TREE);
    }
    let (held, of_groups, reaches) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let mut apps = std::mem::take(&mut facts.applications);
    join_owners(&mut apps, &mut all.owners);
    let denials = Vec::new();
    let mut finish = Finish { facts, all, apps, tree, groups, deleted, held, of_groups, denials, reaches };
    finish.ready();
    finish.assign();
    finish.elevate();
    finish.deny();
    finish.perhaps();
    finish.allow_rest();
    finish.take();
    // Denials of the groups were handed out before, and stay.
    finish.stay();
    finish.act();
    finish.keep();
}

/// What was assigned to a group.
#[derive(Clone, Copy)]
struct Assigned {
    layer: LayerId,
    document: DocId,
    source: SourceId,
}

pub(super) struct Finish<'f> {
    pub(super) facts: &'f mut Facts,
    pub(super) all: Assignments,
    pub(super) apps: Applications,
    tree: Tree,
    pub(super) groups: Groups,
    deleted: BTreeSet<Text>,
    /// By principal or group.
    held: BTreeMap<Text, Vec<PolicyUse>>,
    /// By group: the documents of what was assigned to it.
    of_groups: BTreeMap<Text, Vec<Assigned>>,
    pub(super) denials: Vec<Denial>,
    reaches: BTreeMap<Text, Arc<Reach>>,
}

/// Classic administrators are known by mail address (AZ-R12): where the directory has it, they are that user.
fn name_classic_administrators(facts: &mut Facts, all: &mut Assignments) {
    let role = facts.text(CLASSIC);
    if !all.assignments.iter().any(|one| one.role == role) {
        return;
    }
    let listed = vec![facts.text(":*")];
    let name = Some(facts.text("classic administrator"));
    let blocks = vec![Block { listed, ..Block::default() }];
    all.roles.insert(role, vec![RoleRecord { name, blocks }]);
    let texts = &facts.texts;
    let lower = |text: Text| texts.get(text).to_ascii_lowercase();
    let recorded = all.principals.iter().filter(|(_, known)| known.recorded);
    let mut by_name: BTreeMap<String, Text> =
        recorded.filter_map(|(&id, _)| Some((lower(all.name_of(id, texts)?), id))).collect();
    let guests: Vec<(String, Text)> =
        by_name.iter().filter_map(|(name, &id)| Some((mail_of_guest(name)?, id))).collect();
    for (mail, id) in guests {
        by_name.entry(mail).or_insert(id);
    }
    let mut mails = BTreeSet::new();
    for one in all.assignments.iter_mut().filter(|one| one.role == role) {
        if let Some(&user) = by_name.get(texts.get(one.principal)) {
            mails.insert(one.principal);
            one.principal = user;
        }
    }
    all.principals.retain(|id, _| !mails.contains(id));
}

/// A guest's user principal name is the mail address with `_` for its `@`, and a mark; no domain has a `_` in it.
fn mail_of_guest(name: &str) -> Option<String> {
    let (user, domain) = name.split_once("#ext#@")?.0.rsplit_once('_')?;
    Some(format!("{user}@{domain}"))
}

impl Finish<'_> {
    pub(super) fn text(&self, text: Text) -> &str {
        self.facts.texts.get(text)
    }

    pub(super) fn reach(&mut self, scope: Text) -> Arc<Reach> {
        if let Some(known) = self.reaches.get(&scope) {
            return Arc::clone(known);
        }
        let reach = Arc::new(self.tree.reach(self.facts.texts.get(scope)));
        self.reaches.insert(scope, Arc::clone(&reach));
        reach
    }

    pub(super) fn hold(&mut self, whom: Text, layer: LayerId, policy: PolicyRef) {
        self.held.entry(whom).or_default().push(PolicyUse { layer, policy });
    }

    /// Whether it is not in the directory any more.
    pub(super) fn is_deleted(&self, id: Text) -> bool {
        self.deleted.contains(&id)
    }

    /// What somebody holds directly.
    pub(super) fn held_by(&self, whom: Text) -> &[PolicyUse] {
        self.held.get(&whom).map_or(&[], Vec::as_slice)
    }

    /// The missing fact that not all members of a group are known.
    pub(super) fn members_of(&self, group: Text) -> Arc<MissingFact> {
        let subject = self.text(group).to_owned();
        let how = format!("az ad group member list --group {subject}");
        Arc::new(MissingFact { fact: GROUP.0.to_owned(), subject, how })
    }

    /// Everybody who can hold something, sorted by id: no group whose members are all known.
    pub(super) fn everybody(&self) -> Vec<(Text, PrincipalKind)> {
        let known = self.all.principals.iter().filter(|(id, _)| !self.deleted.contains(id));
        let mut found: Vec<(Text, PrincipalKind)> = known
            .map(|(&id, known)| (id, known.kind.unwrap_or(PrincipalKind::External)))
            .filter(|(id, _)| !self.groups.is_group(*id) || self.groups.is_open(*id))
            .collect();
        found.sort_unstable_by_key(|&(id, _)| self.text(id));
        found
    }

    /// Roles that the provider has ready, and how many were made by hand.
    fn ready(&mut self) {
        let (ready, own) = (std::mem::take(&mut self.all.ready), std::mem::take(&mut self.all.own));
        self.facts.relations.in_use.insert(CUSTOM_ROLES.to_owned(), own.len() as u64);
        let mut ready: Vec<Text> = ready.into_iter().collect();
        ready.sort_unstable_by_key(|id| self.text(*id));
        for id in ready {
            // Of contradictory records none counts, nor one that is not read as it is or has conditions.
            let Some([record]) = self.all.roles.get(&id).map(Vec::as_slice) else { continue };
            if record.blocks.iter().any(|block| block.condition.is_some() || block.unread.is_some()) {
                continue;
            }
            let written = ready_role(&self.facts.texts, id, record);
            let blocks = record.blocks.iter().map(|block| (block.listed.clone(), block.left_out.clone()));
            let role = ReadyRole { written, blocks: blocks.collect() };
            self.facts.relations.ready_roles.push(role);
        }
    }

    /// Of what inputs say differently of one assignment none is taken for true.
    fn doubt_contradictions(&self, assignments: &mut [AssignmentRecord]) {
        let mut by_id: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, one) in assignments.iter().enumerate().filter(|(_, one)| one.condition.is_ok()) {
            // A delegation gives several roles under one id.
            let id = one.id.map(|id| self.text(id).to_ascii_lowercase()).filter(|id| is_assignment(id));
            if let Some(id) = id {
                by_id.entry(id).or_default().push(at);
            }
        }
        let says = |one: &AssignmentRecord| (one.principal, one.role, one.scope, one.condition);
        for copies in by_id.into_values() {
            let mut told = copies.iter().filter_map(|&at| assignments.get(at)).map(says);
            let first = told.next();
            if told.any(|other| Some(other) != first) {
                for at in copies {
                    if let Some(one) = assignments.get_mut(at) {
                        one.condition = Err(Untold::Agreement);
                    }
                }
            }
        }
    }

    /// Role assignments, of which the same may have come in several inputs.
    fn assign(&mut self) {
        let mut assignments = std::mem::take(&mut self.all.assignments);
        self.doubt_contradictions(&mut assignments);
        let texts = &self.facts.texts;
        let text = |text: Option<Text>| text.map(|text| texts.get(text));
        let key = |one: &AssignmentRecord| {
            (texts.get(one.principal), texts.get(one.role), texts.get(one.scope), one.tier)
        };
        // What tells more comes first.
        let detail = |one: &AssignmentRecord| {
            let condition = one.condition.map(text);
            (condition.err(), condition.ok(), one.window == (None, None), one.window, one.further.is_none())
        };
        let id = |one: &AssignmentRecord| (one.id.is_none(), text(one.id));
        assignments.sort_by(|a, b| (key(a), detail(a), id(a)).cmp(&(key(b), detail(b), id(b))));
        let key = |one: &AssignmentRecord| (one.principal, one.role, one.scope, one.tier);
        for alike in assignments.chunk_by(|a, b| key(a) == key(b)) {
            let Some(first) = alike.first() else { continue };
            if self.deleted.contains(&first.principal) {
                self.orphan(first);
                continue;
            }
            // An input that leaves something open says nothing beside one that does not.
            let open =
                |one: &AssignmentRecord| one.condition.is_err_and(|untold| untold != Untold::Agreement);
            let mut told: Vec<&AssignmentRecord> =
                alike.iter().filter(|one| !open(one) || first.condition.is_err()).collect();
            without_shadows(&mut told, &self.facts.texts);
            told.dedup_by(|a, b| a.condition == b.condition && a.window == b.window);
            for one in told {
                self.assign_one(one);
            }
        }
    }

    fn assign_one(&mut self, one: &AssignmentRecord) {
        let layer = if one.tier == Tier::Active { ROLE } else { ELIGIBLE };
        let reach = self.reach(one.scope);
        let records = self.all.roles.get(&one.role).cloned().unwrap_or_default();
        let (role, scope) = (self.text(one.role).to_owned(), self.text(one.scope).to_owned());
        let name = records.iter().find_map(|record| record.name);
        let id = one.id.unwrap_or_else(|| {
            let title = name.map_or(role.as_str(), |name| self.facts.texts.get(name)).to_owned();
            self.facts.text(&format!("{title} at {}", shown(&scope)))
        });
        // What is doubted of one assignment is not shared with others.
        let subject = self.text(id).to_owned();
        let own = if one.condition == Ok(None) { "" } else { &subject };
        let text = |text: Option<Text>| text.map(|text| self.text(text).to_owned());
        let held = HeldRole {
            role: &role,
            scope: shown(&scope),
            // What lies in a management group stands in no id.
            within: is_management_group(&scope).then_some(reach.patterns.as_slice()),
            condition: one.condition.ok().and_then(text),
            window: (one.window != (None, None)).then_some(one.window),
            further: text(one.further),
            blocks: records.first().map_or(0, |record| record.blocks.len()),
            guarded: records.iter().flat_map(|record| &record.blocks).any(|block| block.condition.is_some()),
            nameless: !is_assignment(&subject),
            of: own,
        };
        let key = held.text();
        let doubt = one.condition.err().map(|untold| {
            let how = "az role assignment list --all".to_owned();
            Arc::new(match untold {
                Untold::Condition => {
                    MissingFact { fact: CONDITION.to_owned(), subject: subject.clone(), how }
                }
                Untold::Outcome => undecided(subject.clone()),
                Untold::Agreement => {
                    MissingFact { fact: ASSIGNMENT.to_owned(), subject: subject.clone(), how }
                }
            })
        });
        let document = document(self.facts, &key, |facts| {
            let said = Said {
                effect: Effect::Allow,
                name,
                blocks: &[],
                reach: &reach,
                only: None,
                condition: one.condition.unwrap_or_default(),
                window: one.window,
                subject: &subject,
                doubt,
            };
            by_role(facts, &role, &records, &said)
        });
        self.facts.note_owner(id, id);
        *self.facts.relations.in_use.entry(counted_at(&scope)).or_default() +=
            u64::from(one.tier == Tier::Active);
        if self.groups.is_group(one.principal) {
            self.facts.relations.of_groups.insert(id, one.principal);
        }
        self.give(one.principal, id, layer, document, one.source);
    }

    /// Gives a document to somebody, or to a group and whoever may be in it.
    pub(super) fn give(&mut self, whom: Text, name: Text, layer: LayerId, document: DocId, source: SourceId) {
        if self.groups.may_be_group(whom) {
            self.of_groups.entry(whom).or_default().push(Assigned { layer, document, source });
        }
        self.hold(whom, layer, PolicyRef::Told { name, document, source });
    }

    fn orphan(&mut self, one: &AssignmentRecord) {
        let id = one.id.unwrap_or(one.role);
        let reason = format!(
            "an orphan: its principal {} is not in the directory any more; it grants nothing and can be removed",
            self.text(one.principal)
        );
        let file = self.facts.coverage.files.get(one.source.0 as usize);
        let rejected = Rejected {
            policy: self.text(id).to_owned(),
            pointer: String::new(),
            reason,
            source: file.map(|file| file.name.clone()).unwrap_or_default(),
        };
        self.facts.coverage.rejected.insert(rejected);
    }

    /// Whoever may be in a group of which not all members are known may have what the group has.
    fn perhaps(&mut self) {
        for layer in [ROLE, ELIGIBLE, LATENT, DENY] {
            let (mut found, mut sources) = (Vec::new(), Vec::new());
            let mut key = format!("{PERHAPS}\n{layer:?}");
            for open in self.groups.open().to_vec() {
                let fact = self.members_of(open);
                let mut above: Vec<Text> = self.groups.above(open).into_iter().collect();
                above.sort_unstable_by_key(|&group| self.text(group));
                for group in above {
                    let documents = self.of_groups.get(&group).into_iter().flatten();
                    for &Assigned { document, source, .. } in documents.filter(|of| of.layer == layer) {
                        sources.push(source);
                        key.push_str(&format!("\n{} {}", open.0, document.0));
                        for statement in &self.facts.documents[document].statements {
                            let doubt = statement.doubt.clone().unwrap_or_else(|| Arc::clone(&fact));
                            found.push(crate::model::Statement { doubt: Some(doubt), ..statement.clone() });
                        }
                    }
                }
            }
            if found.is_empty() {
                continue;
            }
            let document = document(self.facts, &key, |_| found);
            let name = self.facts.text(PERHAPS);
            // Of several inputs the first by name, in whatever order they came.
            let file = |source: &SourceId| {
                self.facts.coverage.files.get(source.0 as usize).map(|file| file.name.as_str())
            };
            let source = sources.into_iter().min_by_key(file).unwrap_or(SourceId(0));
            for (id, kind) in self.everybody() {
                if kind != PrincipalKind::Group {
                    self.hold(id, layer, PolicyRef::Told { name, document, source });
                }
            }
        }
    }

    /// The resources that act as identities. What makes them do something can be asked about, whatever roles name.
    fn act(&mut self) {
        self.facts.acting_resources.clone_from(&self.all.acting);
        let resources: BTreeSet<Text> = self.all.acting.values().flatten().copied().collect();
        for resource in resources {
            let kinds =
                self.facts.resources.get(resource).iter().map(|record| self.facts.texts.get(record.kind));
            let kinds: Vec<String> = kinds.map(str::to_owned).collect();
            let is_on = |way: &&WaySpec| {
                kinds.iter().any(|kind| way.on.is_some_and(|on| on.eq_ignore_ascii_case(kind)))
            };
            let mut needed: Vec<&'static str> = Vec::new();
            for way in WAYS.iter().filter(is_on) {
                needed.push(way.permission);
                needed.extend(way.also);
                if way.in_workload {
                    needed.extend(MADE.iter().flat_map(|made| made.permissions));
                }
            }
            for permission in needed {
                self.facts.listed.entry(permission.into()).or_insert_with(|| access(permission));
            }
        }
    }

    /// What an identity is attached to, as a tag.
    fn attachments(&mut self, id: Text) -> Vec<(Text, Text)> {
        let Some(resources) = self.all.attached.get(&id) else { return Vec::new() };
        let mut names: Vec<&str> = resources.iter().map(|&id| shown(self.text(id))).collect();
        names.sort_unstable();
        let names = names.join(", ");
        vec![(self.facts.text("attached_to"), self.facts.text(&names))]
    }

    fn keep(mut self) {
        let usage = &mut self.facts.usage;
        // Of several dates the last one counts: what was made anew is new.
        usage.made.sort_unstable_by_key(|&(id, day)| (id, std::cmp::Reverse(day)));
        usage.made.dedup_by_key(|(id, _)| *id);
        let tenant = self.all.directory_id;
        let account = tenant.unwrap_or_else(|| self.facts.text(""));
        let seen =
            Seen { users: true, roles: true, groups: true, policies: true, truncated: false, complete: true };
        self.facts.accounts.insert(account, seen);
        let tenant = self.text(account).to_owned();
        graph::note_cut(self.facts, &self.all, PROVIDER.layers, &tenant);
        for (id, kind) in self.everybody() {
            let tags = self.attachments(id);
            let known = self.all.principals.get(&id);
            let groups = self.groups.directly(id).collect();
            let policies = self.held.get(&id).cloned().unwrap_or_default();
            self.facts.principals.insert(PrincipalRecord {
                id,
                kind,
                account,
                name: self.all.name_of(id, &self.facts.texts).unwrap_or(id),
                unique_id: None,
                tags,
                flags: 0,
                policies,
                groups,
                source: known.and_then(|known| known.source).unwrap_or(SourceId(0)),
            });
        }
        for &id in self.groups.all().iter().filter(|id| !self.deleted.contains(id)) {
            let known = self.all.principals.get(&id);
            self.facts.groups.insert(GroupRecord {
                id,
                account,
                name: self.all.name_of(id, &self.facts.texts).unwrap_or(id),
                policies: self.held.remove(&id).unwrap_or_default(),
                groups: self.groups.directly(id).collect(),
                source: known.and_then(|known| known.source).unwrap_or(SourceId(0)),
            });
        }
    }
}

/// The statements of an assignment of a role; of one that is not known, that it may allow anything.
fn by_role(
    facts: &mut Facts,
    role: &str,
    records: &[RoleRecord],
    said: &Said<'_>,
) -> Vec<crate::model::Statement> {
    match records {
        [] => {
            let how = format!("az role definition list --name {role}");
            let missing = MissingFact { fact: ROLE_DEFINITION.to_owned(), subject: role.to_owned(), how };
            let blocks = [anything(facts)];
            statements(facts, &Said { blocks: &blocks, doubt: Some(Arc::new(missing)), ..said.clone() })
        }
        [one] => statements(facts, &Said { blocks: &one.blocks, ..said.clone() }),
        several => {
            let numbered = several.iter().zip(1..);
            let of = |(record, number): (&RoleRecord, usize)| {
                let doubt = Some(Arc::new(contradiction(role, number)));
                statements(facts, &Said { blocks: &record.blocks, doubt, ..said.clone() })
            };
            numbered.flat_map(of).collect()
        }
    }
}
