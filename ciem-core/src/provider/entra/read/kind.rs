//! What an object or a page of Graph is.

use crate::model::{PrincipalKind, Tier};
use crate::provider::directory;
use crate::provider::graph::Of;
use crate::provider::input::{Item, Object};
use crate::provider::schedule;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// A person, group or service principal.
    Record(PrincipalKind),
    Application,
    Unit,
    Role,
    /// A role with its members, as the older part of Graph shows it.
    ActivatedRole,
    Assignment(Tier),
    AppRole,
    Grant,
    Credential,
    /// A membership of a group for a time.
    Timed(Tier),
    /// A request for a schedule: it gives nothing itself.
    Request,
    /// Members or owners of one object.
    List(Of),
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Record(PrincipalKind::User) => "entra.users",
            Kind::Record(PrincipalKind::Group) => "entra.groups",
            Kind::Record(_) => "entra.service_principals",
            Kind::Application => "entra.applications",
            Kind::Unit => "entra.administrative_units",
            Kind::Role => "entra.directory_roles",
            Kind::ActivatedRole => "entra.activated_roles",
            Kind::Assignment(Tier::Active) => "entra.role_assignments",
            Kind::Assignment(_) => "entra.role_eligibilities",
            Kind::AppRole => "entra.app_role_assignments",
            Kind::Grant => "entra.delegated_permissions",
            Kind::Credential => "entra.federated_credentials",
            Kind::Timed(_) => "entra.group_schedules",
            Kind::Request => "entra.schedule_requests",
            Kind::List(Of::Members) => "entra.group_members",
            Kind::List(Of::Owners) => "entra.owners",
            Kind::List(Of::Unit) => "entra.administrative_unit_members",
        }
    }
}

impl From<directory::Kind> for Kind {
    fn from(kind: directory::Kind) -> Kind {
        match kind {
            directory::Kind::Role => Kind::Role,
            directory::Kind::Activated => Kind::ActivatedRole,
            directory::Kind::Assignment(tier) => Kind::Assignment(tier),
            directory::Kind::Request => Kind::Request,
        }
    }
}

/// By what the context of a page names last; what it is part of aside.
static CONTEXTS: &[(&str, Kind)] = &[
    ("users", Kind::Record(PrincipalKind::User)),
    ("groups", Kind::Record(PrincipalKind::Group)),
    ("serviceprincipals", Kind::Record(PrincipalKind::ServicePrincipal)),
    ("applications", Kind::Application),
    ("administrativeunits", Kind::Unit),
    ("directoryroles", Kind::ActivatedRole),
    ("approleassignedto", Kind::AppRole),
    ("approleassignments", Kind::AppRole),
    ("oauth2permissiongrants", Kind::Grant),
    ("federatedidentitycredentials", Kind::Credential),
];

/// By what stands in the context of lists of `privilegedAccess`.
static GROUPS: &[(&str, Kind)] = &[
    ("group/assignmentschedule", Kind::Timed(Tier::Active)),
    ("group/eligibilityschedule", Kind::Timed(Tier::Eligible)),
];

/// What all objects of a page are, where the page tells.
pub(super) fn of_page(members: &Object<'_>) -> Option<Kind> {
    if let Some(of) = Of::page(members) {
        return Some(Kind::List(of));
    }
    let context = members.text("@odata.context")?.to_ascii_lowercase();
    let (_, entity) = context.split_once('#')?;
    if let Some(kind) = directory::Kind::of_context(entity) {
        return Some(kind.into());
    }
    if let Some((_, kind)) = GROUPS.iter().find(|(part, _)| entity.contains(part)) {
        return Some(*kind);
    }
    // `users(id,displayName)`, `servicePrincipals('x')/appRoleAssignedTo`
    let last = entity.rsplit('/').next().unwrap_or_default();
    let name = last.split('(').next().unwrap_or_default();
    CONTEXTS.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
}

/// By the type that Graph gives.
static TYPES: &[(&str, Kind)] = &[
    ("#microsoft.graph.user", Kind::Record(PrincipalKind::User)),
    ("#microsoft.graph.group", Kind::Record(PrincipalKind::Group)),
    ("#microsoft.graph.serviceprincipal", Kind::Record(PrincipalKind::ServicePrincipal)),
    ("#microsoft.graph.application", Kind::Application),
    ("#microsoft.graph.administrativeunit", Kind::Unit),
    ("#microsoft.graph.directoryrole", Kind::ActivatedRole),
];

pub(super) fn of_item(item: &Item<'_>, page: Option<Kind>) -> Option<Kind> {
    let members = &item.members;
    if let Some(told) = members.text("@odata.type") {
        let told = told.to_ascii_lowercase();
        return TYPES.iter().find(|(name, _)| *name == told).map(|(_, kind)| *kind);
    }
    let has = |name| members.has(name);
    let tier = page.and_then(|page| if let Kind::Assignment(tier) = page { Some(tier) } else { None });
    if let Some(kind) = directory::Kind::of_object(members, tier) {
        return Some(kind.into());
    }
    if has("appRoleId") && has("principalId") && has("resourceId") {
        return Some(Kind::AppRole);
    }
    if has("consentType") && has("clientId") {
        return Some(Kind::Grant);
    }
    if item.body.has("issuer") && item.body.has("audiences") {
        return Some(Kind::Credential);
    }
    if has("accessId") && has("groupId") && has("principalId") {
        if schedule::is_request(members) {
            return Some(Kind::Request);
        }
        let assigned = page == Some(Kind::Timed(Tier::Active)) || schedule::is_assignment(members);
        return Some(Kind::Timed(if assigned { Tier::Active } else { Tier::Eligible }));
    }
    if has("servicePrincipalType") {
        return Some(Kind::Record(PrincipalKind::ServicePrincipal));
    }
    if has("appId") && (has("signInAudience") || has("requiredResourceAccess") || has("identifierUris")) {
        return Some(Kind::Application);
    }
    if has("isMemberManagementRestricted") {
        return Some(Kind::Unit);
    }
    if has("userPrincipalName") {
        return Some(Kind::Record(PrincipalKind::User));
    }
    (has("securityEnabled") || has("groupTypes")).then_some(Kind::Record(PrincipalKind::Group))
}
