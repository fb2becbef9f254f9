//! Objects of Graph beyond people and groups.

use super::super::documents::access;
use super::super::spec::canonical;
use crate::error::Error;
use crate::model::assignment::{Block, RoleRecord};
use crate::model::{Facts, PrincipalKind, Tier};
use crate::provider::graph::kind_of_type;
use crate::provider::input::{Input, Item, Object};
use crate::provider::schedule::{Outcome, ScheduleInfo, instant, outcome, planned};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Role {
    id: String,
    template_id: Option<String>,
    display_name: Option<String>,
    is_enabled: Option<bool>,
    role_permissions: Vec<RolePermission>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RolePermission {
    allowed_resource_actions: Option<Vec<String>>,
    condition: Option<String>,
}

pub(super) fn keep_role(facts: &mut Facts, role: Role) {
    let id = facts.text(&role.id.to_ascii_lowercase());
    let name = role.display_name.map(|name| facts.text(&name));
    let mut blocks = Vec::with_capacity(role.role_permissions.len());
    // A role that is switched off gives nothing.
    for permission in role.role_permissions.into_iter().filter(|_| role.is_enabled != Some(false)) {
        let actions = permission.allowed_resource_actions.unwrap_or_default();
        for action in actions.iter().filter(|text| text.contains('/') && !text.contains(['*', '?'])) {
            facts.listed.insert(action.as_str().into(), access(action));
        }
        let listed = actions.iter().map(|text| facts.text(text)).collect();
        let condition = permission.condition.filter(|text| !text.trim().is_empty());
        let condition = condition.map(|text| facts.text(&text));
        blocks.push(Block { listed, condition, ..Block::default() });
    }
    let template = role.template_id.map(|text| facts.text(&text.to_ascii_lowercase()));
    let record = RoleRecord { name, blocks };
    let own = template.filter(|template| *template != id);
    for id in [Some(id), own].into_iter().flatten() {
        let known = facts.assignments.roles.entry(id).or_default();
        if !known.contains(&record) {
            known.push(record.clone());
        }
        facts.applications.templates.insert(id, template.unwrap_or(id));
    }
}

/// A role given to somebody.
pub(super) struct Assignment {
    pub(super) id: Option<String>,
    pub(super) principal: String,
    /// Where the input tells.
    pub(super) kind: Option<PrincipalKind>,
    pub(super) role: String,
    /// In canonical form.
    pub(super) scope: String,
    pub(super) tier: Tier,
    /// Whether its request is not decided yet.
    pub(super) open: bool,
    pub(super) from: Option<i64>,
    pub(super) until: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawAssignment {
    id: Option<String>,
    principal_id: String,
    /// The principal itself, where it was asked for.
    principal: Option<RawMember>,
    role_definition_id: String,
    directory_scope_id: Option<String>,
    app_scope_id: Option<String>,
    member_type: Option<String>,
    start_date_time: Option<String>,
    end_date_time: Option<String>,
    schedule_info: Option<ScheduleInfo>,
    status: Option<String>,
}

/// An assignment, perhaps for a time, unless it never came about or was taken back. What somebody has through a group
/// stands with the group, too.
pub(super) fn assignment(
    input: &Input<'_>,
    item: &Item<'_>,
    tier: Tier,
) -> Result<Option<Assignment>, Error> {
    let raw: RawAssignment = input.read(item)?;
    if raw.member_type.as_deref().is_some_and(|text| text.eq_ignore_ascii_case("Group")) {
        return Ok(None);
    }
    let outcome = outcome(raw.status.as_deref());
    if outcome == Outcome::Ended {
        return Ok(None);
    }
    let scope = raw.directory_scope_id.or(raw.app_scope_id).unwrap_or_default();
    // What began in the past has begun, whenever the question is about; only plans begin later.
    let is_plan = raw.schedule_info.is_some();
    let (from, until) = planned(raw.schedule_info);
    let until = if is_plan { until } else { raw.end_date_time };
    instant(input, item, raw.start_date_time)?;
    Ok(Some(Assignment {
        id: raw.id,
        principal: raw.principal_id,
        kind: raw.principal.and_then(|principal| principal.kind()),
        role: raw.role_definition_id,
        scope: canonical(&scope).into_owned(),
        tier,
        open: outcome == Outcome::Open,
        from: instant(input, item, from)?,
        until: instant(input, item, until)?,
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawActivated {
    role_template_id: String,
    members: Option<Vec<RawMember>>,
}

#[derive(Deserialize)]
struct RawMember {
    id: String,
    #[serde(rename = "@odata.type")]
    odata_type: Option<String>,
}

impl RawMember {
    fn kind(&self) -> Option<PrincipalKind> {
        kind_of_type(self.odata_type.as_deref()?)
    }
}

/// The members of an activated role have it for the whole tenant.
pub(super) fn activated(input: &Input<'_>, item: &Item<'_>) -> Result<Vec<Assignment>, Error> {
    let raw: RawActivated = input.read(item)?;
    let of = |member: RawMember| Assignment {
        id: None,
        kind: member.kind(),
        principal: member.id,
        role: raw.role_template_id.clone(),
        scope: "/".to_owned(),
        tier: Tier::Active,
        open: false,
        from: None,
        until: None,
    };
    Ok(raw.members.unwrap_or_default().into_iter().map(of).collect())
}

/// What a group is beside its entry in the directory.
pub(super) struct Group {
    pub(super) id: String,
    pub(super) assignable: bool,
    pub(super) dynamic: bool,
}

pub(super) fn group(item: &Item<'_>) -> Group {
    let is = |name: &str| item.members.get(name).is_some_and(|raw| raw.get() == "true");
    let rule = item.members.has("membershipRule");
    Group {
        id: id_of(&item.members),
        assignable: is("isAssignableToRole"),
        dynamic: rule
            || item.members.get("groupTypes").is_some_and(|raw| raw.get().contains("DynamicMembership")),
    }
}

fn id_of(members: &Object<'_>) -> String {
    members.text("id").map(|text| text.into_owned()).unwrap_or_default()
}

/// The id of a user who is a guest.
pub(super) fn guest(item: &Item<'_>) -> Option<String> {
    let kind = item.members.text("userType")?;
    kind.eq_ignore_ascii_case("Guest").then(|| id_of(&item.members))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AppRole {
    pub(super) principal_id: String,
    pub(super) principal_type: Option<String>,
    pub(super) resource_id: String,
    pub(super) app_role_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Grant {
    pub(super) client_id: String,
    pub(super) consent_type: String,
    pub(super) principal_id: Option<String>,
    pub(super) resource_id: String,
    pub(super) scope: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawCredential {
    issuer: String,
    subject: Option<String>,
    audiences: Vec<String>,
}

pub(super) struct Credential {
    pub(super) object: String,
    pub(super) issuer: String,
    pub(super) subject: Option<String>,
    pub(super) audiences: Vec<String>,
}

/// A credential stands in a page of its application, beside the application's id, or below the resource that a managed
/// identity is; `None` where nothing tells whose it is.
pub(super) fn credential(input: &Input<'_>, item: &Item<'_>) -> Result<Option<Credential>, Error> {
    let raw: RawCredential = input.read(item)?;
    let page = input.pages.get(item.page).map(|page| &page.members);
    let beside = |members: &Object<'_>| {
        let told = members.text("applicationId").or_else(|| members.text("servicePrincipalId"));
        let context = members.text("@odata.context");
        let quoted = context.as_ref().and_then(|text| text.split('\'').nth(1)).map(str::to_owned);
        told.map(|text| text.into_owned()).or(quoted)
    };
    let below = || {
        let id = item.members.text("id")?.to_ascii_lowercase();
        id.split_once("/federatedidentitycredentials/").map(|(resource, _)| resource.to_owned())
    };
    let object = beside(&item.members).or_else(|| beside(page?)).or_else(below);
    Ok(object.map(|object| Credential {
        object,
        issuer: raw.issuer,
        subject: raw.subject.filter(|text| !text.is_empty()),
        audiences: raw.audiences,
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawTimed {
    group_id: String,
    principal_id: String,
    access_id: String,
    member_type: Option<String>,
    end_date_time: Option<String>,
    status: Option<String>,
}

/// A membership of a group that can be activated, or was.
pub(super) struct Timed {
    pub(super) group: String,
    pub(super) principal: String,
    pub(super) owner: bool,
    pub(super) tier: Tier,
    pub(super) until: Option<i64>,
}

pub(super) fn timed(input: &Input<'_>, item: &Item<'_>, tier: Tier) -> Result<Option<Timed>, Error> {
    let raw: RawTimed = input.read(item)?;
    let until = instant(input, item, raw.end_date_time)?;
    let through_group = raw.member_type.as_deref().is_some_and(|text| text.eq_ignore_ascii_case("Group"));
    let ended = outcome(raw.status.as_deref()) == Outcome::Ended;
    Ok((!through_group && !ended).then(|| Timed {
        group: raw.group_id,
        principal: raw.principal_id,
        owner: raw.access_id.eq_ignore_ascii_case("owner"),
        tier,
        until,
    }))
}
