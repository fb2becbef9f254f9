//! Objects of Graph beyond people and groups.

use super::super::documents::access;
use crate::error::Error;
use crate::model::assignment::{Block, RoleRecord};
use crate::model::{Facts, Tier};
use crate::provider::directory::{Role, id_of, note_role};
use crate::provider::input::{Input, Item, Object};
use crate::provider::schedule::{Outcome, instant, outcome};
use serde::Deserialize;

pub(super) fn keep_role(facts: &mut Facts, role: Role) {
    let ids = note_role(facts, &role);
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
    let record = RoleRecord { name, blocks };
    for id in ids {
        let known = facts.assignments.roles.entry(id).or_default();
        if !known.contains(&record) {
            known.push(record.clone());
        }
    }
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
