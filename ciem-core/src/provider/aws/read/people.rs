//! People of IAM Identity Center, once every input was read: each assignment makes one caller, who acts as the role
//! that the permission set has in the account, in a session that carries the person's name.
//!
//! <https://docs.aws.amazon.com/singlesignon/latest/userguide/permissionsetsconcept.html>: in each account the
//! permission set becomes a role below `aws-reserved/sso.amazonaws.com/`, named `AWSReservedSSO_<set>_<suffix>`.

use super::attributes;
use crate::base::Text;
use crate::condition::MissingFact;
use crate::model::directory::{ActingRecord, Assignment, Bundle, Directory, Given, Limit, PersonRecord};
use crate::model::{Facts, PolicyRef, PolicyUse, PrincipalKind, PrincipalRecord, SourceId, WhoEntry};
use crate::provider::aws::document::{Dialect, is_account, unknown};
use crate::provider::aws::{BOUNDARY, IDENTITY, IDENTITY_CENTER_ROLES};
use std::collections::{BTreeMap, BTreeSet};

const PREFIX: &str = "AWSReservedSSO_";

/// Account and permission set's name of a role that Identity Center made.
fn reserved(arn: &str) -> Option<(&str, &str)> {
    let mut segments = arn.splitn(6, ':');
    let account = segments.nth(4).filter(|account| is_account(account))?;
    let name =
        segments.next()?.strip_prefix(IDENTITY_CENTER_ROLES)?.rsplit('/').next()?.strip_prefix(PREFIX)?;
    let (set, suffix) = name.rsplit_once('_')?;
    (suffix.len() == 16 && suffix.bytes().all(|b| b.is_ascii_hexdigit())).then_some((account, set))
}

/// Makes the callers and the list of people.
pub(super) fn finish(facts: &mut Facts) {
    let directory = std::mem::take(&mut facts.directory);
    let partition = partition(facts, &directory);
    let mut people: BTreeMap<Text, PersonRecord> = BTreeMap::new();
    for (&id, variants) in &directory.people {
        if let Some(person) = one_person(facts, &partition, variants) {
            people.insert(id, person);
        }
    }
    let roles = Roles::find(facts);
    for ((account, set, holder), found) in grouped(facts, &directory, &mut people, &partition) {
        let Some(person) = people.get(&holder).filter(|person| person.enabled) else { continue };
        let tags = attributes::tags_of(&directory.session_tags, person);
        let (id, session) = (person.id, person.name.filter(|_| person.kind == PrincipalKind::Person));
        let bundle = directory.bundles.get(&set);
        let mut variants = roles.of(facts, account, set, bundle, found.source);
        // Tags of the role give way to those of the session.
        for role in &mut variants {
            let own = |key: Text| facts.texts.get(key);
            let mapped =
                |key| directory.session_tags.keys().any(|&to| own(to).eq_ignore_ascii_case(own(key)));
            role.tags.retain(|&(key, _)| !mapped(key));
            role.tags.extend_from_slice(&tags);
        }
        let Some(first) = variants.first() else { continue };
        let role = first.id;
        let mut through = found.groups;
        through.push(set);
        if !facts.texts.get(role).ends_with('*') {
            through.push(role);
        }
        facts.acting.push(ActingRecord { person: id, session, bundle: set, through, variants });
    }
    let mut all: Vec<PersonRecord> = people.into_values().collect();
    all.sort_by_cached_key(|person| facts.texts.get(person.id).to_owned());
    facts.people = all;
}

fn partition(facts: &Facts, directory: &Directory) -> String {
    let sets = directory.bundles.keys().chain(directory.assignments.keys().map(|one| &one.bundle));
    let first = sets.map(|&set| facts.texts.get(set)).min();
    first.and_then(|arn| arn.split(':').nth(1)).unwrap_or("aws").to_owned()
}

/// One record of a person; inputs that differ tell of different days, and the names of sessions stay open.
fn one_person(facts: &mut Facts, partition: &str, variants: &[PersonRecord]) -> Option<PersonRecord> {
    let first = variants.first()?;
    let mut person = first.clone();
    person.id = full_id(facts, partition, "user", first.unique_id);
    if variants.iter().any(|other| other.name != first.name) {
        person.name = None;
    }
    if variants.iter().any(|other| other.tag_sources != first.tag_sources) {
        person.tag_sources.clear();
    }
    person.enabled = variants.iter().any(|other| other.enabled);
    if variants.len() > 1 {
        let id = facts.texts.get(person.id).to_owned();
        let reason =
            "the inputs hold records of this person that differ; give the newest export only".to_owned();
        let rejected =
            crate::model::Rejected { policy: id, pointer: String::new(), reason, source: String::new() };
        facts.coverage.rejected.insert(rejected);
    }
    Some(person)
}

fn full_id(facts: &mut Facts, partition: &str, kind: &str, id: Text) -> Text {
    let arn = format!("arn:{partition}:identitystore:::{kind}/{}", facts.texts.get(id));
    facts.text(&arn)
}

struct Found {
    groups: Vec<Text>,
    source: SourceId,
}

/// Who holds which set in which account, and through which groups. Somebody of whom only an id is known, and a
/// group without known members, stand for themselves.
fn grouped(
    facts: &mut Facts,
    directory: &Directory,
    people: &mut BTreeMap<Text, PersonRecord>,
    partition: &str,
) -> BTreeMap<(Text, Text, Text), Found> {
    let mut found: BTreeMap<(Text, Text, Text), Found> = BTreeMap::new();
    for (&Assignment { account, bundle, holder, to_group }, &source) in &directory.assignments {
        let members = directory.members.get(&holder).filter(|_| to_group);
        let group = to_group.then(|| full_id(facts, partition, "group", holder));
        let holders: Vec<Text> = match (to_group, members) {
            (true, Some(members)) => members.iter().copied().collect(),
            _ => vec![holder],
        };
        for one in holders {
            people.entry(one).or_insert_with(|| {
                let alone = to_group && members.is_none();
                let kind = if alone { "group" } else { "user" };
                PersonRecord {
                    id: full_id(facts, partition, kind, one),
                    kind: if alone { PrincipalKind::Group } else { PrincipalKind::Person },
                    name: directory.groups.get(&one).copied().flatten().filter(|_| alone),
                    unique_id: one,
                    attributes: Vec::new(),
                    tag_sources: Vec::new(),
                    enabled: true,
                    source,
                }
            });
            let entry =
                found.entry((account, bundle, one)).or_insert_with(|| Found { groups: Vec::new(), source });
            entry.groups.extend(group.filter(|_| members.is_some()));
        }
        if to_group && members.is_none() {
            let group = facts.texts.get(holder).to_owned();
            facts.coverage.assumptions.insert(format!(
                "the members of the group {group} were not given: its assignments stand under the group; export \
                 them with aws identitystore list-group-memberships"
            ));
        }
    }
    for one in found.values_mut() {
        one.groups.sort_by_cached_key(|&group| facts.texts.get(group).to_owned());
        one.groups.dedup();
    }
    found
}

/// The roles of permission sets: ids by account and set's name, those that only policies name included.
struct Roles {
    by_set: BTreeMap<(String, String), BTreeSet<Text>>,
}

impl Roles {
    fn find(facts: &Facts) -> Roles {
        let named = facts.documents.iter().flat_map(|document| &document.statements);
        let named = named.filter_map(|statement| statement.who.as_ref()).flat_map(|who| &who.entries);
        let named = named.filter_map(|entry| match entry {
            WhoEntry::Principal(id) => Some(*id),
            _ => None,
        });
        let mut by_set: BTreeMap<(String, String), BTreeSet<Text>> = BTreeMap::new();
        let mut loaded = BTreeSet::new();
        for id in facts.principals.ids() {
            if let Some((account, set)) = reserved(facts.texts.get(id)) {
                let key = (account.to_owned(), set.to_owned());
                by_set.entry(key.clone()).or_default().insert(id);
                loaded.insert(key);
            }
        }
        for id in named {
            if let Some((account, set)) = reserved(facts.texts.get(id)) {
                let key = (account.to_owned(), set.to_owned());
                // Where the role itself is there, other ids of the same set are leftovers of deleted roles.
                if !loaded.contains(&key) {
                    by_set.entry(key).or_default().insert(id);
                }
            }
        }
        Roles { by_set }
    }

    /// What the holder of a set acts as: the role's own records where they were given, else what the set says.
    fn of(
        &self,
        facts: &mut Facts,
        account: Text,
        set: Text,
        bundle: Option<&Bundle>,
        source: SourceId,
    ) -> Vec<PrincipalRecord> {
        let name = bundle.and_then(|bundle| bundle.name);
        let key = name.map(|name| (facts.texts.get(account).to_owned(), facts.texts.get(name).to_owned()));
        let ids: Vec<Text> =
            key.and_then(|key| self.by_set.get(&key)).into_iter().flatten().copied().collect();
        let records: Vec<PrincipalRecord> =
            ids.iter().flat_map(|&id| facts.principals.get(id).iter().cloned()).collect();
        if !records.is_empty() {
            return records;
        }
        let arn = facts.texts.get(set).to_owned();
        let partition = arn.split(':').nth(1).unwrap_or("aws").to_owned();
        let account_text = facts.texts.get(account).to_owned();
        let set_name = name.map_or(arn.rsplit('/').next().unwrap_or_default(), |name| facts.texts.get(name));
        let role_name = format!("{PREFIX}{set_name}_*");
        let id = match ids.as_slice() {
            [one] => *one,
            // The suffix is not known, and with it the role's ARN.
            _ => {
                facts.text(&format!("arn:{partition}:iam::{account_text}:{IDENTITY_CENTER_ROLES}{role_name}"))
            }
        };
        let name = facts.texts.get(id).rsplit('/').next().unwrap_or_default().to_owned();
        let policies = policies(facts, &partition, &account_text, set, bundle);
        let name = facts.text(&name);
        vec![PrincipalRecord {
            id,
            kind: PrincipalKind::Role,
            account,
            name,
            unique_id: None,
            tags: Vec::new(),
            flags: 0,
            policies,
            groups: Vec::new(),
            source,
        }]
    }
}

/// The policies that a permission set gives its role in an account; what was not given may say anything.
fn policies(
    facts: &mut Facts,
    partition: &str,
    account: &str,
    set: Text,
    bundle: Option<&Bundle>,
) -> Vec<PolicyUse> {
    let nothing = Bundle::default();
    let bundle = bundle.unwrap_or(&nothing);
    let mut policies = Vec::new();
    let local = |facts: &mut Facts, path: Text, name: Text| {
        let (path, name) = (facts.texts.get(path).to_owned(), facts.texts.get(name).to_owned());
        facts.text(&format!("arn:{partition}:iam::{account}:policy{path}{name}"))
    };
    let name = facts.text("inline policy");
    for &document in &bundle.inline {
        policies.push(PolicyUse { layer: IDENTITY, policy: PolicyRef::Inline { name, document } });
    }
    let mut managed: Vec<Text> = bundle.managed.iter().copied().collect();
    for &(path, name) in &bundle.local {
        managed.push(local(facts, path, name));
    }
    managed.sort_by_cached_key(|&id| facts.texts.get(id).to_owned());
    managed.dedup();
    let in_layer = |layer| move |id| PolicyUse { layer, policy: PolicyRef::Managed(id) };
    policies.extend(managed.into_iter().map(in_layer(IDENTITY)));
    for &limit in &bundle.boundary {
        let id = match limit {
            Limit::Managed(id) => id,
            Limit::Local(path, name) => local(facts, path, name),
        };
        policies.push(in_layer(BOUNDARY)(id));
    }
    let Given { inline, managed, local } = bundle.given;
    let lacking = [
        (inline, "get-inline-policy-for-permission-set"),
        (managed, "list-managed-policies-in-permission-set"),
        (local, "list-customer-managed-policy-references-in-permission-set"),
    ];
    let commands: Vec<&str> = lacking.into_iter().filter(|(given, _)| !given).map(|(_, how)| how).collect();
    if !commands.is_empty() {
        let fact = MissingFact {
            fact: "policies of the permission set".to_owned(),
            subject: facts.texts.get(set).to_owned(),
            how: format!("aws sso-admin {}", commands.join(", ")),
        };
        let document = unknown(facts, Dialect::Identity, fact);
        policies.push(PolicyUse { layer: IDENTITY, policy: PolicyRef::Inline { name: set, document } });
    }
    policies
}

#[cfg(test)]
mod tests;
