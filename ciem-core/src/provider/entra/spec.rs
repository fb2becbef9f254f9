//! What Entra declares of itself: layers, callers, names of permissions.

use super::finish::finish;
use super::keys::{CLIENT, key_nature, key_scope, key_words, resource_key};
use super::rule::{OWNS, rule};
use super::usage::USAGE;
use super::{
    ADD_CREDENTIALS, ADD_TO_APPLICATION, APPLICATION, DELEGATED, ELEVATE, ELIGIBLE, FEDERATION, LATENT,
    OWNER, ROLE, SYNTAX,
};
use crate::model::{Catalog, PrincipalKind, Tier, WhoEntry};
use crate::provider::directory::canonical;
use crate::provider::plain::OWNERS;
use crate::provider::{BecomingSpec, Binding, LayerSpec, Provider, RuleTable, WaySpec, rule_table};
use crate::truth::{Evaluator, Outcome, Truth};

pub(crate) static PROVIDER: Provider = Provider {
    family: "microsoft",
    canonical,
    statements_at: "/rolePermissions",
    catalog: || Catalog::empty("entra"),
    missing_policy: ("directory role", "az rest, roleManagement/directory/roleDefinitions"),
    missing_group: super::finish::GROUP,
    inputs: super::read::INPUTS,
    strength: |entry, _| {
        matches!(entry, WhoEntry::Anyone | WhoEntry::Principal(_) | WhoEntry::Federated(_)).then_some(OWNS)
    },
    becoming: BecomingSpec { assigned: "assigned", ways: WAYS, passing: None, workloads: &[] },
    key_scope,
    resource_key,
    assumed_resource: |_, id| Some(format!("no owners of {id} were given: it is taken to have none")),
    key_words,
    key_nature,
    further_facts: super::finish::FACTS,
    usage: &USAGE,
    ..Provider::plain("entra", SYNTAX, LAYERS, rule_table!(rule), super::read::read, finish)
};

static WAYS: &[WaySpec] = &[
    WaySpec {
        permission: ADD_CREDENTIALS,
        kind: |kind, _| known(kind).then_some("add_credentials"),
        ..WaySpec::PLAIN
    },
    WaySpec {
        permission: ADD_TO_APPLICATION,
        kind: |kind, _| known(kind).then_some("add_credentials"),
        ..WaySpec::PLAIN
    },
    WaySpec {
        permission: FEDERATION,
        kind: |kind, _| (kind == PrincipalKind::Federated).then_some("federated_credential"),
        ..WaySpec::PLAIN
    },
    WaySpec {
        permission: ELEVATE,
        kind: |kind, _| known(kind).then_some("elevate_access"),
        ..WaySpec::PLAIN
    },
];

fn known(kind: PrincipalKind) -> bool {
    !matches!(kind, PrincipalKind::Federated | PrincipalKind::Anonymous)
}

static LAYERS: &[LayerSpec] = &[
    LayerSpec::granting(
        ROLE,
        "directory_role",
        Binding::Principal,
        ("assignments of directory roles", "az rest, roleManagement/directory/roleAssignments"),
    ),
    LayerSpec {
        tier: Tier::Eligible,
        ..LayerSpec::granting(
            ELIGIBLE,
            "eligible_directory_role",
            Binding::Principal,
            (
                "eligible directory roles",
                "az rest, roleManagement/directory/roleEligibilityScheduleInstances",
            ),
        )
    },
    LayerSpec::granting(
        APPLICATION,
        "application_permission",
        Binding::Principal,
        ("application permissions", "az rest, appRoleAssignedTo of each service principal"),
    ),
    LayerSpec { optional: false, ..LayerSpec::granting(OWNER, "owner", Binding::Resource, OWNERS) },
    LayerSpec::owned(LATENT),
    LayerSpec {
        grants: false,
        optional: false,
        ..LayerSpec::granting(
            DELEGATED,
            "delegated_permission",
            Binding::Context(CLIENT),
            ("delegated permissions", "az rest, oauth2PermissionGrants"),
        )
    },
];
