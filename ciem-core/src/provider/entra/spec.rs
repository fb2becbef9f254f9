//! What Entra declares of itself: layers, callers, names of permissions.

use super::finish::finish;
use super::keys::{CLIENT, key_nature, key_scope, key_words, principal_key, resource_key};
use super::rule::{OWNS, rule};
use super::{
    ADD_CREDENTIALS, ADD_TO_APPLICATION, APPLICATION, DELEGATED, ELEVATE, ELIGIBLE, FEDERATION, LATENT,
    OWNER, ROLE, SYNTAX,
};
use crate::error::Error;
use crate::model::{Catalog, LayerId, Plane, PrincipalKind, Tier, WhoEntry};
use crate::provider::{
    BecomingSpec, Binding, LayerSpec, Provider, RuleTable, UsageSpec, WaySpec, rule_table,
};
use crate::truth::{Evaluator, Outcome, Truth};
use std::borrow::Cow;

/// No log is read yet: what is used is not known.
static USAGE: UsageSpec = UsageSpec {
    logs: &[],
    service_of: |permission| permission.split('/').next().unwrap_or_default(),
    plane: |_| Plane::Management,
    looks_back: 0,
    home_region: |_| None,
};

pub(crate) static PROVIDER: Provider = Provider {
    name: "entra",
    family: "microsoft",
    syntax: SYNTAX,
    key_segments: None,
    canonical,
    shown: |id| id,
    statements_at: "/rolePermissions",
    names_permission: |text| text.contains('/'),
    layers: LAYERS,
    facts: &[],
    rules: rule_table!(rule),
    acts_on_listed: false,
    leads_to: None,
    catalog: || Catalog::empty("entra"),
    read: super::read::read,
    finish,
    simulation: None,
    inclusion: None,
    document: |_, _, _| Err(Error::invalid("session", "sessions of this provider carry no policies")),
    missing_policy: ("directory role", "az rest, roleManagement/directory/roleDefinitions"),
    missing_group: super::finish::GROUP,
    inputs: super::read::INPUTS,
    strength: |entry, _| {
        matches!(entry, WhoEntry::Anyone | WhoEntry::Principal(_) | WhoEntry::Federated(_)).then_some(OWNS)
    },
    principal_facts: |_| 0,
    permission_facts: |_, _| 0,
    resource_facts: |_| 0,
    becoming: BecomingSpec { assigned: "assigned", ways: WAYS, passing: None },
    covered: |id| vec![id.to_owned()],
    carrier: |_| None,
    key_scope,
    principal_key,
    resource_key,
    caller: |_| None,
    is_guardrail: |_| false,
    can_have_policy: |_| false,
    asked_facts: |_| 0,
    resource_context: |_| ("", crate::provider::Fixed::Nothing),
    complete_context: |_, _, _| {},
    never_has: |_| &[],
    role_forms: &[],
    usage: &USAGE,
    remedy: None,
    delegating: None,
    account_of: |_| None,
    assumed_resource: |_, id| Some(format!("no owners of {id} were given: it is taken to have none")),
    hint: |_, _, _| None,
    key_words,
    key_nature,
    further_facts: super::finish::FACTS,
};

/// Collections under which Graph shows objects; ids of objects are unique without them.
const COLLECTIONS: &[&str] =
    &["users/", "groups/", "serviceprincipals/", "applications/", "devices/", "directoryobjects/"];

/// The one form of an object's id: lower case, without the collection and the `/` before it. The tenant is `/`.
pub(crate) fn canonical(id: &str) -> Cow<'_, str> {
    if id == "/" {
        return Cow::Borrowed(id);
    }
    let lower = id.to_ascii_lowercase();
    let text = lower.trim_matches('/');
    let text = COLLECTIONS.iter().find_map(|collection| text.strip_prefix(collection)).unwrap_or(text);
    if text == id { Cow::Borrowed(id) } else { Cow::Owned(text.to_owned()) }
}

static WAYS: &[WaySpec] = &[
    WaySpec { permission: ADD_CREDENTIALS, kind: |kind, _| known(kind).then_some("add_credentials") },
    WaySpec { permission: ADD_TO_APPLICATION, kind: |kind, _| known(kind).then_some("add_credentials") },
    WaySpec {
        permission: FEDERATION,
        kind: |kind, _| (kind == PrincipalKind::Federated).then_some("federated_credential"),
    },
    WaySpec { permission: ELEVATE, kind: |kind, _| known(kind).then_some("elevate_access") },
];

fn known(kind: PrincipalKind) -> bool {
    !matches!(kind, PrincipalKind::Federated | PrincipalKind::Anonymous)
}

const fn layer(
    id: LayerId,
    name: &'static str,
    binding: Binding,
    tier: Tier,
    missing: (&'static str, &'static str),
) -> LayerSpec {
    LayerSpec { id, name, binding, grants: true, required_for: None, tier, optional: true, missing }
}

static LAYERS: &[LayerSpec] = &[
    layer(
        ROLE,
        "directory_role",
        Binding::Principal,
        Tier::Active,
        ("assignments of directory roles", "az rest, roleManagement/directory/roleAssignments"),
    ),
    layer(
        ELIGIBLE,
        "eligible_directory_role",
        Binding::Principal,
        Tier::Eligible,
        ("eligible directory roles", "az rest, roleManagement/directory/roleEligibilityScheduleInstances"),
    ),
    layer(
        APPLICATION,
        "application_permission",
        Binding::Principal,
        Tier::Active,
        ("application permissions", "az rest, appRoleAssignedTo of each service principal"),
    ),
    LayerSpec {
        optional: false,
        ..layer(
            OWNER,
            "owner",
            Binding::Resource,
            Tier::Active,
            ("owners", "az rest, owners of groups, applications and service principals"),
        )
    },
    LayerSpec {
        optional: false,
        ..layer(
            LATENT,
            "owned",
            Binding::Principal,
            Tier::Latent,
            ("owners", "az rest, owners of groups, applications and service principals"),
        )
    },
    LayerSpec {
        grants: false,
        optional: false,
        ..layer(
            DELEGATED,
            "delegated_permission",
            Binding::Context(CLIENT),
            Tier::Active,
            ("delegated permissions", "az rest, oauth2PermissionGrants"),
        )
    },
];
