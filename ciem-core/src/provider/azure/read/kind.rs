//! What an object or a page is.

use crate::model::{PrincipalKind, Tier};
use crate::provider::directory;
use crate::provider::graph::Of;
use crate::provider::input::{Item, Object};
use crate::provider::schedule;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    RoleDefinition,
    RoleAssignment,
    /// A schedule or an instance of one, of Privileged Identity Management.
    Schedule(Tier),
    /// A request for one: it gives nothing itself.
    Request,
    DenyAssignment,
    ClassicAdministrator,
    ManagementGroup,
    Subscription,
    /// A record of the directory.
    Record(PrincipalKind),
    Application,
    /// Members or owners of one object.
    Members(Of),
    Operations,
    /// A resource or a resource group.
    Resource,
    /// A delegation of Azure Lighthouse.
    Delegation,
    /// Roles of the directory and who holds them: what is one step beyond them is here.
    DirectoryRole,
    ActivatedRole,
    DirectoryAssignment(Tier),
    /// Membership of a group, or owning it, for a time; or that it can be activated.
    GroupSchedule(Tier),
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::RoleDefinition => "azure.role_definitions",
            Kind::RoleAssignment => "azure.role_assignments",
            Kind::Schedule(Tier::Active) => "azure.assignment_schedules",
            Kind::Schedule(_) => "azure.eligibility_schedules",
            Kind::Request => "azure.schedule_requests",
            Kind::DenyAssignment => "azure.deny_assignments",
            Kind::ClassicAdministrator => "azure.classic_administrators",
            Kind::ManagementGroup => "azure.management_groups",
            Kind::Subscription => "azure.subscriptions",
            Kind::Record(PrincipalKind::User) => "azure.users",
            Kind::Record(PrincipalKind::Group) => "azure.groups",
            Kind::Record(_) => "azure.service_principals",
            Kind::Application => "azure.applications",
            Kind::Members(Of::Owners) => "azure.owners",
            Kind::Members(_) => "azure.group_members",
            Kind::Operations => "azure.operations",
            Kind::Resource => "azure.resources",
            Kind::Delegation => "azure.delegations",
            Kind::DirectoryRole | Kind::ActivatedRole => "azure.directory_roles",
            Kind::DirectoryAssignment(_) => "azure.directory_role_assignments",
            Kind::GroupSchedule(Tier::Active) => "azure.group_schedules",
            Kind::GroupSchedule(_) => "azure.group_eligibility",
        }
    }
}

impl From<directory::Kind> for Kind {
    fn from(kind: directory::Kind) -> Kind {
        match kind {
            directory::Kind::Role => Kind::DirectoryRole,
            directory::Kind::Activated => Kind::ActivatedRole,
            directory::Kind::Assignment(tier) => Kind::DirectoryAssignment(tier),
            directory::Kind::Request => Kind::Request,
        }
    }
}

/// By the end of `type`, in lower case.
static TYPES: &[(&str, Kind)] = &[
    ("/roledefinitions", Kind::RoleDefinition),
    ("/roleassignments", Kind::RoleAssignment),
    ("/roleeligibilityschedules", Kind::Schedule(Tier::Eligible)),
    ("/roleeligibilityscheduleinstances", Kind::Schedule(Tier::Eligible)),
    ("/roleassignmentschedules", Kind::Schedule(Tier::Active)),
    ("/roleassignmentscheduleinstances", Kind::Schedule(Tier::Active)),
    ("/roleeligibilityschedulerequests", Kind::Request),
    ("/roleassignmentschedulerequests", Kind::Request),
    ("/denyassignments", Kind::DenyAssignment),
    ("/classicadministrators", Kind::ClassicAdministrator),
    ("/managementgroups", Kind::ManagementGroup),
    ("/registrationassignments", Kind::Delegation),
];

/// Types of subscriptions; what other providers call so is something else (a topic of a service bus has some, too).
static SUBSCRIPTIONS: &[&str] = &[
    "/subscriptions",
    "microsoft.resources/subscriptions",
    "microsoft.management/managementgroups/subscriptions",
];

/// By the type that Graph gives.
static GRAPH: &[(&str, Kind)] = &[
    ("#microsoft.graph.application", Kind::Application),
    ("#microsoft.graph.user", Kind::Record(PrincipalKind::User)),
    ("#microsoft.graph.group", Kind::Record(PrincipalKind::Group)),
    ("#microsoft.graph.serviceprincipal", Kind::Record(PrincipalKind::ServicePrincipal)),
    ("#microsoft.graph.directoryrole", Kind::ActivatedRole),
];

/// By what the context of a Graph page names.
static CONTEXTS: &[(&str, Kind)] = &[
    ("#applications", Kind::Application),
    ("#users", Kind::Record(PrincipalKind::User)),
    ("#groups", Kind::Record(PrincipalKind::Group)),
    ("#serviceprincipals", Kind::Record(PrincipalKind::ServicePrincipal)),
    ("#directoryroles", Kind::ActivatedRole),
];

fn by_end(text: &str, table: &[(&str, Kind)]) -> Option<Kind> {
    let text = text.to_ascii_lowercase();
    table.iter().find(|(end, _)| text.ends_with(end)).map(|(_, kind)| *kind)
}

fn by_type(text: &str) -> Option<Kind> {
    let is_subscription = SUBSCRIPTIONS.iter().any(|known| known.eq_ignore_ascii_case(text));
    if is_subscription { Some(Kind::Subscription) } else { by_end(text, TYPES) }
}

/// Where an object that tells no type lies among others tells it: `…/roleEligibilitySchedules/x`.
fn by_id(id: &str) -> Option<Kind> {
    by_end(id.rsplit_once('/')?.0, TYPES).filter(|kind| matches!(kind, Kind::Schedule(_) | Kind::Request))
}

/// What all objects of a page are, where the page tells.
pub(super) fn of_page(members: &Object<'_>) -> Option<Kind> {
    if let Some(of) = Of::page(members) {
        return Some(Kind::Members(of));
    }
    if let Some(kind) = members.text("type").and_then(|text| by_type(&text)) {
        return Some(kind);
    }
    let context = members.text("@odata.context")?.to_ascii_lowercase();
    let (_, entity) = context.split_once('#')?;
    if let Some(kind) = directory::Kind::of_context(entity) {
        return Some(kind.into());
    }
    // What is part of something is not that: `applications('x')/federatedIdentityCredentials`.
    let last = entity.rsplit('/').next().unwrap_or_default();
    let entity = format!("#{}", last.split('(').next().unwrap_or_default());
    by_end(&entity, CONTEXTS)
}

pub(super) fn of_item(item: &Item<'_>, page: Option<Kind>) -> Option<Kind> {
    let (members, body) = (&item.members, &item.body);
    if let Some(kind) = members.text("@odata.type") {
        return by_end(&kind, GRAPH);
    }
    let told = members.text("type").and_then(|text| by_type(&text));
    let told = told.or_else(|| by_id(&members.text("id")?));
    if told.is_some() {
        return told;
    }
    let has = |name| body.has(name);
    if has("roleDefinitionId") && has("principalId") && has("scope") {
        let eligible = has("roleEligibilityScheduleId") || has("eligibilityScheduleId");
        return Some(match schedule::is_assignment(body) {
            _ if schedule::is_request(body) => Kind::Request,
            true => Kind::Schedule(Tier::Active),
            false if eligible || schedule::is_schedule(body) => Kind::Schedule(Tier::Eligible),
            false => Kind::RoleAssignment,
        });
    }
    let tier =
        page.and_then(|page| if let Kind::DirectoryAssignment(tier) = page { Some(tier) } else { None });
    if let Some(kind) = directory::Kind::of_object(members, tier) {
        return Some(kind.into());
    }
    if has("denyAssignmentName") || has("principals") && has("permissions") {
        return Some(Kind::DenyAssignment);
    }
    if has("assignableScopes") && (has("permissions") || has("actions")) {
        return Some(Kind::RoleDefinition);
    }
    if has("emailAddress") && has("role") {
        return Some(Kind::ClassicAdministrator);
    }
    if members.has("operations") && (members.has("resourceTypes") || members.has("displayName")) {
        return Some(Kind::Operations);
    }
    if has("subscriptionId") && members.has("displayName")
        || members.has("isDefault") && members.has("tenantId")
    {
        return Some(Kind::Subscription);
    }
    if has("groupId") && has("principalId") && has("accessId") {
        return Some(match schedule::is_assignment(body) {
            _ if schedule::is_request(body) => Kind::Request,
            true => Kind::GroupSchedule(Tier::Active),
            false => Kind::GroupSchedule(Tier::Eligible),
        });
    }
    let of_subscription = |id: &str| id.to_ascii_lowercase().starts_with("/subscriptions/");
    if members.has("type") && members.text("id").is_some_and(|id| of_subscription(&id)) {
        return Some(Kind::Resource);
    }
    if has("userPrincipalName") {
        return Some(Kind::Record(PrincipalKind::User));
    }
    if has("appId") && (has("signInAudience") || has("requiredResourceAccess") || has("identifierUris")) {
        return Some(Kind::Application);
    }
    if has("servicePrincipalType") {
        return Some(Kind::Record(PrincipalKind::ServicePrincipal));
    }
    if has("securityEnabled") || has("groupTypes") {
        return Some(Kind::Record(PrincipalKind::Group));
    }
    None
}
