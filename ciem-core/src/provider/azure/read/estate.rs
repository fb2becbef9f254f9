//! Resources and resource groups with the identities that they have, delegations to other tenants, and access to groups
//! that can be activated.

use super::super::runs::CLUSTER;
use super::super::scope::{canonical, subscription};
use super::roles::Assignment;
use crate::error::Error;
use crate::model::assignment::{KnownPrincipal, Span};
use crate::model::{Facts, PrincipalKind, ResourceRecord, SourceId, Tier};
use crate::provider::input::{Input, Item};
use crate::provider::schedule::{Outcome, ScheduleInfo, instant, outcome, planned};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Something that lies in a subscription.
pub(super) struct Resource {
    id: String,
    kind: String,
    name: Option<String>,
    tags: BTreeMap<String, String>,
    /// Its own identity, and those that it shares with others.
    own: Option<String>,
    shared: Vec<String>,
    /// Of a cluster: the identity of its nodes.
    nodes: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawIdentity {
    principal_id: Option<String>,
    user_assigned_identities: Option<BTreeMap<String, Option<RawShared>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawShared {
    principal_id: Option<String>,
}

/// What runs in a cluster reaches the identity of its nodes, and not that of its control plane.
/// <https://learn.microsoft.com/azure/aks/use-managed-identity>
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawCluster {
    identity_profile: Option<BTreeMap<String, RawNodes>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawNodes {
    object_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawUserAssigned {
    principal_id: Option<String>,
}

pub(super) fn resource(input: &Input<'_>, item: &Item<'_>) -> Result<Resource, Error> {
    let text = |name| item.members.text(name).map(|text| text.into_owned());
    let (Some(id), Some(kind)) = (text("id"), text("type")) else {
        return Err(input.malformed(item, "a resource has an `id` and a `type`"));
    };
    let identity: Option<RawIdentity> = input.read_member(item, "identity")?;
    let tags: Option<BTreeMap<String, Option<String>>> = input.read_member(item, "tags")?;
    let tags = tags.into_iter().flatten().filter_map(|(key, value)| Some((key, value?)));
    let (mut own, mut shared) = (None, Vec::new());
    if let Some(identity) = identity {
        own = identity.principal_id;
        let assigned = identity.user_assigned_identities.into_iter().flatten();
        shared.extend(assigned.filter_map(|(_, one)| one?.principal_id));
    }
    if kind.eq_ignore_ascii_case("Microsoft.ManagedIdentity/userAssignedIdentities") {
        own = input.read::<RawUserAssigned>(item)?.principal_id;
    }
    let mut nodes = None;
    if kind.eq_ignore_ascii_case(CLUSTER) {
        let profiles = input.read::<RawCluster>(item)?.identity_profile.into_iter().flatten();
        nodes = profiles
            .filter(|(name, _)| name.eq_ignore_ascii_case("kubeletidentity"))
            .find_map(|(_, one)| one.object_id);
    }
    Ok(Resource {
        id: canonical(&id).into_owned(),
        kind,
        name: text("name"),
        tags: tags.collect(),
        own,
        shared,
        nodes,
    })
}

pub(super) fn keep_resource(facts: &mut Facts, source: SourceId, resource: Resource) {
    let id = facts.text(&resource.id);
    let account = subscription(&resource.id).map(str::to_owned).map(|account| facts.text(&account));
    let tags = resource.tags.iter().map(|(key, value)| (facts.text(key), facts.text(value)));
    let tags = tags.collect();
    let kind = facts.text(&resource.kind);
    let name = resource.name.map(|name| facts.text(&name));
    let is_cluster = resource.kind.eq_ignore_ascii_case(CLUSTER);
    let shared = resource.shared.iter().map(|id| (id, false, !is_cluster));
    let own = resource.own.iter().map(|id| (id, true, !is_cluster));
    for (identity, own, acts) in own.chain(shared).chain(resource.nodes.iter().map(|id| (id, false, true))) {
        let identity = facts.text(&identity.to_ascii_lowercase());
        let known = KnownPrincipal {
            kind: Some(PrincipalKind::ManagedIdentity),
            name: name.filter(|_| own),
            source: Some(source),
            ..KnownPrincipal::default()
        };
        facts.assignments.know(identity, known);
        facts.assignments.attached.entry(identity).or_default().insert(id);
        if acts {
            facts.assignments.acting.entry(identity).or_default().insert(id);
        }
    }
    facts.add_resource(ResourceRecord {
        id,
        kind,
        account,
        tags,
        flags: 0,
        policies: Vec::new(),
        told: false,
        source,
    });
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawDelegation {
    registration_definition: Option<RawDefinition>,
}

#[derive(Deserialize)]
struct RawDefinition {
    properties: Option<RawAuthorizations>,
    #[serde(flatten)]
    own: RawAuthorizations,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct RawAuthorizations {
    #[serde(default)]
    authorizations: Option<Vec<Authorization>>,
    #[serde(default)]
    eligible_authorizations: Option<Vec<Authorization>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Authorization {
    principal_id: String,
    principal_id_display_name: Option<String>,
    role_definition_id: String,
}

const DELEGATION: &str = "/providers/microsoft.managedservices/registrationassignments/";

/// Azure Lighthouse: principals of another tenant have roles at a subscription or resource group.
/// <https://learn.microsoft.com/azure/lighthouse/concepts/architecture>
pub(super) fn delegation(input: &Input<'_>, item: &Item<'_>) -> Result<Vec<Assignment>, Error> {
    let raw: RawDelegation = input.read(item)?;
    let id = item.members.text("id").unwrap_or_default();
    let at = id.to_ascii_lowercase().find(DELEGATION);
    let Some(scope) = at.and_then(|at| id.get(..at)).filter(|scope| !scope.is_empty()) else {
        return Err(input.malformed(item, "a delegation has an `id` that begins with its scope"));
    };
    let Some(definition) = raw.registration_definition else {
        return Err(input.malformed(item, "export delegations with `--include-definition true`"));
    };
    let RawAuthorizations { authorizations, eligible_authorizations } =
        definition.properties.unwrap_or(definition.own);
    let active = authorizations.into_iter().flatten().map(|one| (one, Tier::Active));
    let eligible = eligible_authorizations.into_iter().flatten().map(|one| (one, Tier::Eligible));
    let scope = canonical(scope).into_owned();
    let assignment = |(one, tier): (Authorization, Tier)| Assignment {
        id: Some(id.clone().into_owned()),
        principal: one.principal_id,
        kind: None,
        foreign: true,
        name: one.principal_id_display_name,
        role: one.role_definition_id,
        scope: scope.clone(),
        tier,
        condition: Ok(None),
        window: (None, None),
        scheduled: false,
        itself: None,
        further: None,
        made: None,
    };
    Ok(active.chain(eligible).map(assignment).collect())
}

/// Somebody who can activate membership of a group, or owning it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawMembership {
    principal_id: String,
    group_id: String,
    access_id: String,
    status: Option<String>,
    start_date_time: Option<String>,
    end_date_time: Option<String>,
    schedule_info: Option<ScheduleInfo>,
}

/// Membership of a group, or owning it, for a time; or that it can be activated.
pub(super) struct Membership {
    member: String,
    group: String,
    owner: bool,
    tier: Tier,
    window: Span,
}

pub(super) fn membership(
    input: &Input<'_>,
    item: &Item<'_>,
    tier: Tier,
) -> Result<Option<Membership>, Error> {
    let raw: RawMembership = input.read(item)?;
    // What began in the past has begun; only plans begin later.
    let (from, planned) = planned(input, item, raw.schedule_info)?;
    let until = instant(input, item, raw.end_date_time.or(planned))?;
    instant(input, item, raw.start_date_time)?;
    Ok((outcome(raw.status.as_deref()) != Outcome::Ended).then_some(Membership {
        member: raw.principal_id,
        group: raw.group_id,
        owner: raw.access_id.eq_ignore_ascii_case("owner"),
        tier,
        window: (instant(input, item, from)?, until),
    }))
}

pub(super) fn keep_membership(facts: &mut Facts, source: SourceId, one: &Membership) {
    let member = facts.text(&one.member.to_ascii_lowercase());
    let group = facts.text(&one.group.to_ascii_lowercase());
    let known = |kind| KnownPrincipal { kind, source: Some(source), ..KnownPrincipal::default() };
    facts.assignments.know(member, known(None));
    facts.assignments.know(group, known(Some(PrincipalKind::Group)));
    let all = &mut facts.assignments;
    let by_group = match one.tier {
        // Owners who are so now stand among the owners.
        Tier::Active if one.owner => return,
        Tier::Active => &mut all.timed_members,
        _ if one.owner => {
            all.owners.entry(group).or_default().ids.insert(member);
            return;
        }
        _ => &mut all.eligible_members,
    };
    let window = by_group.entry(group).or_default().entry(member).or_insert(one.window);
    // Of several schedules the widest span counts; none begins later than `None`, and none ends later.
    window.0 = window.0.zip(one.window.0).map(|(one, other)| one.min(other));
    window.1 = window.1.zip(one.window.1).map(|(one, other)| one.max(other));
}
