//! Role definitions, role assignments, deny assignments, classic administrators.

use super::super::DATA;
use super::super::documents::on_plane;
use super::super::scope::{canonical, is_scope, last};
use crate::condition::parse_instant;
use crate::error::Error;
use crate::model::assignment::{AssignmentRecord, Block, DenialRecord, KnownPrincipal, RoleRecord, Untold};
use crate::model::{Facts, PrincipalKind, SourceId, Tier};
use crate::provider::graph::principal_kind;
use crate::provider::input::{Input, Item};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// A list of permissions as a role definition or a deny assignment has it.
#[derive(Deserialize, Default, Debug)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::provider::azure) struct Permissions {
    #[serde(alias = "Actions")]
    actions: Option<Vec<String>>,
    #[serde(alias = "NotActions")]
    not_actions: Option<Vec<String>>,
    #[serde(alias = "DataActions")]
    data_actions: Option<Vec<String>>,
    #[serde(alias = "NotDataActions")]
    not_data_actions: Option<Vec<String>>,
    #[serde(alias = "Condition")]
    condition: Option<String>,
}

impl Permissions {
    pub(in crate::provider::azure) fn block(self, facts: &mut Facts) -> Block {
        let mut names = |control: &Option<Vec<String>>, data: &Option<Vec<String>>| {
            let control = control.iter().flatten().filter_map(|text| pattern(text, ""));
            let data = data.iter().flatten().filter_map(|text| pattern(text, DATA));
            control.chain(data).map(|text| facts.text(&text)).collect()
        };
        let listed = names(&self.actions, &self.data_actions);
        let left_out = names(&self.not_actions, &self.not_data_actions);
        let unread = |list: &Option<Vec<String>>| -> Vec<String> {
            list.iter().flatten().filter(|text| is_unread(text)).cloned().collect()
        };
        let (more, less) = (unread(&self.actions), unread(&self.not_actions));
        let mut wide =
            |list: &[String]| list.iter().map(|text| facts.text(&text.replace(':', "*"))).collect();
        Block {
            listed,
            left_out,
            perhaps_listed: wide(&more),
            perhaps_left_out: wide(&less),
            unread: more.iter().chain(&less).next().map(|text| facts.text(text)),
            condition: condition(self.condition).map(|text| facts.text(&text)),
        }
    }
}

/// A pattern of operations, as documents write it. No operation has a `?` in its name, which is no wildcard here (AZ-R5).
fn pattern(text: &str, plane: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() || text.contains('?') || plane.is_empty() && is_unread(text) {
        return None;
    }
    Some(on_plane(text, plane))
}

/// A colon would part a control operation from a service; only operations on data have some.
fn is_unread(text: &str) -> bool {
    text.contains(':') && !text.contains('?')
}

fn condition(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

pub(super) struct Definition {
    id: String,
    name: Option<String>,
    permissions: Vec<Permissions>,
    built_in: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawDefinition {
    role_name: Option<String>,
    role_type: Option<String>,
    /// The same, where it stands among properties; beside them it is the type of the record.
    #[serde(rename = "type")]
    kind: Option<String>,
    permissions: Option<Vec<Permissions>>,
    #[serde(rename = "IsCustom")]
    is_custom: Option<bool>,
    // Of PowerShell, with one list of permissions.
    #[serde(rename = "Name")]
    powershell_name: Option<String>,
    #[serde(flatten)]
    own: Permissions,
}

pub(super) fn definition(input: &Input<'_>, item: &Item<'_>) -> Result<Definition, Error> {
    let raw: RawDefinition = input.read(item)?;
    let named = ["name", "id"].iter().find_map(|name| item.members.text(name).filter(|id| is_guid(last(id))));
    let id = named.or_else(|| item.members.text("id")).or_else(|| item.members.text("name"));
    let Some(id) = id else { return Err(input.malformed(item, "a role definition has an `id`")) };
    let kind = raw.role_type.or(raw.kind).and_then(|kind| match kind.as_str() {
        "BuiltInRole" => Some(true),
        "CustomRole" => Some(false),
        _ => None,
    });
    Ok(Definition {
        id: last(&id).to_ascii_lowercase(),
        name: raw.role_name.or(raw.powershell_name),
        permissions: raw.permissions.unwrap_or_else(|| vec![raw.own]),
        built_in: kind.or(raw.is_custom.map(|own| !own)),
    })
}

fn is_guid(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

pub(super) fn keep_definition(facts: &mut Facts, role: Definition) {
    let id = facts.text(&role.id);
    match role.built_in {
        Some(true) => drop(facts.assignments.ready.insert(id)),
        Some(false) => drop(facts.assignments.own.insert(id)),
        None => {}
    }
    let name = role.name.map(|name| facts.text(&name));
    let blocks = role.permissions.into_iter().map(|block| block.block(facts)).collect();
    let record = RoleRecord { name, blocks };
    let known = facts.assignments.roles.entry(id).or_default();
    if !known.contains(&record) {
        known.push(record);
    }
}

/// A role given to somebody.
pub(super) struct Assignment {
    pub(super) id: Option<String>,
    pub(super) principal: String,
    pub(super) kind: Option<PrincipalKind>,
    pub(super) foreign: bool,
    pub(super) name: Option<String>,
    pub(super) role: String,
    pub(super) scope: String,
    pub(super) tier: Tier,
    pub(super) condition: Result<Option<String>, Untold>,
    pub(super) window: (Option<i64>, Option<i64>),
    /// Whether a schedule tells of it.
    pub(super) scheduled: bool,
    /// The id of the assignment itself, where a schedule tells of it.
    pub(super) itself: Option<String>,
    /// What else making it again needs, as JSON.
    pub(super) further: Option<String>,
    /// When it was made, in seconds since 1970.
    pub(super) made: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawAssignment {
    scope: String,
    role_definition_id: String,
    principal_id: String,
    principal_type: Option<String>,
    principal_name: Option<String>,
    condition: Option<String>,
    description: Option<String>,
    delegated_managed_identity_resource_id: Option<String>,
    created_on: Option<String>,
}

pub(super) fn assignment(input: &Input<'_>, item: &Item<'_>) -> Result<Assignment, Error> {
    let raw: RawAssignment = input.read(item)?;
    let (kind, foreign) = principal_kind(raw.principal_type.as_deref());
    Ok(Assignment {
        id: item.members.text("id").map(|id| id.into_owned()),
        principal: raw.principal_id,
        kind,
        foreign,
        name: raw.principal_name.filter(|name| !name.is_empty()),
        role: raw.role_definition_id,
        scope: scope(input, item, &raw.scope)?,
        tier: Tier::Active,
        condition: match condition(raw.condition) {
            None if item.without_conditions => Err(Untold::Condition),
            told => Ok(told),
        },
        window: (None, None),
        scheduled: false,
        itself: None,
        further: further([
            ("delegatedManagedIdentityResourceId", raw.delegated_managed_identity_resource_id),
            ("description", raw.description),
        ]),
        made: raw.created_on.as_deref().and_then(parse_instant).map(|at| (at / 1_000_000_000) as i64),
    })
}

/// Members that are there, as the text of a JSON object.
fn further(members: [(&str, Option<String>); 2]) -> Option<String> {
    let there = members.into_iter().filter_map(|(name, text)| {
        Some((name.to_owned(), Value::from(text.filter(|text| !text.is_empty())?)))
    });
    let there: Map<String, Value> = there.collect();
    (!there.is_empty()).then(|| Value::Object(there).to_string())
}

/// A scope in canonical form.
pub(super) fn scope(input: &Input<'_>, item: &Item<'_>, text: &str) -> Result<String, Error> {
    let scope = canonical(text);
    match is_scope(&scope) {
        true => Ok(scope.into_owned()),
        false => Err(input.malformed(item, "a scope is `/` or the id of what it is, without wildcards")),
    }
}

pub(super) fn keep_assignment(facts: &mut Facts, source: SourceId, one: Assignment) {
    let principal = facts.text(&one.principal.to_ascii_lowercase());
    let name = one.name.map(|name| facts.text(&name));
    let known =
        KnownPrincipal { kind: one.kind, name, recorded: false, foreign: one.foreign, source: Some(source) };
    facts.assignments.know(principal, known);
    let id = one.id.map(|id| facts.text(&id));
    let record = AssignmentRecord {
        id,
        principal,
        role: facts.text(&last(&one.role).to_ascii_lowercase()),
        scope: facts.text(&one.scope),
        tier: one.tier,
        condition: one.condition.map(|text| text.map(|text| facts.text(&text))),
        window: one.window,
        scheduled: one.scheduled,
        itself: if one.scheduled { one.itself.map(|id| facts.text(&id)) } else { id },
        further: one.further.map(|text| facts.text(&text)),
        source,
    };
    if let Some(id) = record.id {
        facts.usage.made(id, one.made);
    }
    facts.assignments.assignments.push(record);
}

/// Permissions taken away.
pub(super) struct Denial {
    id: String,
    scope: String,
    only_here: bool,
    permissions: Vec<Permissions>,
    condition: Option<String>,
    everyone: bool,
    whom: Vec<(String, Option<PrincipalKind>)>,
    except: Vec<(String, Option<PrincipalKind>)>,
    audit: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawDenial {
    deny_assignment_name: Option<String>,
    scope: Option<String>,
    do_not_apply_to_child_scopes: Option<bool>,
    deny_assignment_effect: Option<String>,
    condition: Option<String>,
    permissions: Vec<Permissions>,
    principals: Vec<RawPrincipal>,
    exclude_principals: Option<Vec<RawPrincipal>>,
}

#[derive(Deserialize)]
struct RawPrincipal {
    id: String,
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// Stands for everybody in deny assignments, with the type `SystemDefined`.
const EVERYONE: &str = "00000000-0000-0000-0000-000000000000";

pub(super) fn denial(input: &Input<'_>, item: &Item<'_>) -> Result<Denial, Error> {
    let raw: RawDenial = input.read(item)?;
    let id = item.members.text("id").map(|id| id.into_owned());
    let of_id = id.as_deref().and_then(|id| {
        let at = id.to_ascii_lowercase().find("/providers/microsoft.authorization/denyassignments/")?;
        id.get(..at).map(str::to_owned)
    });
    // Assigned at the root, the id has nothing before its own provider.
    let of_id = of_id.map(|scope| if scope.is_empty() { "/".to_owned() } else { scope });
    let Some(at) = raw.scope.or(of_id) else {
        return Err(input.malformed(item, "a deny assignment has a `scope`"));
    };
    let Some(id) = id.or(raw.deny_assignment_name) else {
        return Err(input.malformed(item, "a deny assignment has an `id` or a name"));
    };
    let everyone = |one: &RawPrincipal| one.id == EVERYONE;
    let named = |list: Vec<RawPrincipal>| {
        let list = list.into_iter().filter(|one| one.id != EVERYONE);
        list.map(|one| (one.id, principal_kind(one.kind.as_deref()).0)).collect()
    };
    Ok(Denial {
        id,
        scope: scope(input, item, &at)?,
        only_here: raw.do_not_apply_to_child_scopes.unwrap_or_default(),
        permissions: raw.permissions,
        condition: condition(raw.condition),
        everyone: raw.principals.iter().any(everyone),
        whom: named(raw.principals),
        except: named(raw.exclude_principals.unwrap_or_default()),
        audit: raw.deny_assignment_effect.is_some_and(|effect| effect.eq_ignore_ascii_case("audit")),
    })
}

pub(super) fn keep_denial(facts: &mut Facts, source: SourceId, denial: Denial) {
    let ids = |facts: &mut Facts, list: Vec<(String, Option<PrincipalKind>)>| -> BTreeSet<_> {
        let ids = list.into_iter().map(|(id, kind)| {
            let id = facts.text(&id.to_ascii_lowercase());
            facts
                .assignments
                .know(id, KnownPrincipal { kind, source: Some(source), ..KnownPrincipal::default() });
            id
        });
        ids.collect()
    };
    let (whom, except) = (ids(facts, denial.whom), ids(facts, denial.except));
    let record = DenialRecord {
        scope: facts.text(&denial.scope),
        only_here: denial.only_here,
        blocks: denial.permissions.into_iter().map(|block| block.block(facts)).collect(),
        condition: denial.condition.map(|text| facts.text(&text)),
        everyone: denial.everyone,
        whom,
        except,
        audit: denial.audit,
        source,
    };
    let id = facts.text(&denial.id);
    let known = facts.assignments.denials.entry(id).or_default();
    if !known.iter().any(|one| DenialRecord { source, ..one.clone() } == record) {
        known.push(record);
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawClassic {
    email_address: String,
    role: String,
}

/// What classic administrators had: everything of the resource manager in their subscription (AZ-R12).
pub(in crate::provider::azure) const CLASSIC: &str = "classic-administrator";

pub(super) fn classic(input: &Input<'_>, item: &Item<'_>) -> Result<Vec<Assignment>, Error> {
    let raw: RawClassic = input.read(item)?;
    let id = item.members.text("id").map(|id| canonical(&id).into_owned());
    let subscription = id.as_deref().and_then(super::super::scope::subscription);
    let Some(subscription) = subscription else {
        return Err(input.malformed(item, "a classic administrator has an `id` that names the subscription"));
    };
    // Owning the account gives no access.
    let administers = raw.role.split(';').map(str::trim).any(|role| {
        ["ServiceAdministrator", "CoAdministrator"].iter().any(|known| known.eq_ignore_ascii_case(role))
    });
    let assignment = Assignment {
        id: item.members.text("id").map(|id| id.into_owned()),
        principal: raw.email_address.clone(),
        kind: Some(PrincipalKind::User),
        foreign: true,
        name: Some(raw.email_address),
        role: CLASSIC.to_owned(),
        scope: format!("/subscriptions/{subscription}/"),
        tier: Tier::Active,
        condition: Ok(None),
        window: (None, None),
        scheduled: false,
        itself: None,
        further: None,
        made: None,
    };
    Ok(administers.then_some(assignment).into_iter().collect())
}
