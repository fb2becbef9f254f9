//! What Azure declares of itself: layers, callers, names of permissions.

use super::abac::{key_nature, key_words};
use super::finish::{GROUP, finish};
use super::keys::{CONTAINER, key_scope, principal_key, resource_context, resource_key};
use super::rule::rule;
use super::scope::{canonical, shown};
use super::{DATA, DENY, ELIGIBLE, ROLE, SYNTAX, TREE};
use crate::error::Error;
use crate::model::{Catalog, LayerId, Plane, Tier};
use crate::provider::{BecomingSpec, Binding, Fixed, LayerSpec, Provider, RuleTable, UsageSpec, rule_table};
use crate::truth::{Evaluator, Outcome, Truth};

/// No log is read yet: what is used is not known.
static USAGE: UsageSpec = UsageSpec {
    logs: &[],
    service_of: |permission| permission.split('/').next().unwrap_or_default(),
    plane: |permission| if permission.starts_with("data:") { Plane::Data } else { Plane::Management },
    looks_back: 0,
    home_region: |_| None,
};

pub(crate) static PROVIDER: Provider = Provider {
    name: "azure",
    family: "microsoft",
    syntax: SYNTAX,
    key_segments: None,
    canonical,
    shown,
    statements_at: "/permissions",
    names_permission: |text| text.strip_prefix(DATA).unwrap_or(text).contains('/'),
    layers: LAYERS,
    facts: &[],
    rules: rule_table!(rule),
    acts_on_listed: false,
    catalog: || Catalog::empty("azure"),
    read: super::read::read,
    finish,
    simulation: None,
    inclusion: None,
    document: |_, _, _| Err(Error::invalid("session", "sessions of this provider carry no policies")),
    missing_policy: ("deny assignment", "az role deny-assignment list"),
    missing_group: GROUP,
    inputs: super::read::INPUTS,
    strength: |_, _| None,
    principal_facts: |_| 0,
    permission_facts: |_, _| 0,
    resource_facts: |_| 0,
    leads_to: Some(super::leads::leads_to),
    becoming: BecomingSpec { assigned: "assigned", ways: &[], passing: None },
    covered: |id| vec![id.to_owned()],
    carrier: |_| None,
    key_scope,
    principal_key,
    resource_key,
    caller: |_| None,
    is_guardrail: |_| false,
    can_have_policy: |_| false,
    asked_facts: |_| 0,
    resource_context: |id| {
        resource_context(id).map_or((CONTAINER, Fixed::Nothing), |(key, name)| (key, Fixed::Value(name)))
    },
    complete_context: |_, _, _| {},
    never_has: |_| &[],
    delegating: None,
    account_of: |_| None,
    assumed_resource: |_, _| None,
    hint: |_, _, _| None,
    key_words,
    key_nature,
    further_facts: super::read::FACTS,
    role_forms: &[],
    usage: &USAGE,
    remedy: None,
};

const fn layer(
    id: LayerId,
    name: &'static str,
    binding: Binding,
    grants: bool,
    missing: (&'static str, &'static str),
) -> LayerSpec {
    LayerSpec { id, name, binding, grants, required_for: None, tier: Tier::Active, optional: true, missing }
}

static LAYERS: &[LayerSpec] = &[
    LayerSpec {
        optional: false,
        ..layer(
            ROLE,
            "role_assignment",
            Binding::Principal,
            true,
            ("role assignments", "az role assignment list --all, in each subscription"),
        )
    },
    LayerSpec {
        tier: Tier::Eligible,
        ..layer(
            ELIGIBLE,
            "eligible_assignment",
            Binding::Principal,
            true,
            ("eligible assignments", "az rest, roleEligibilityScheduleInstances of each subscription"),
        )
    },
    layer(
        DENY,
        "deny_assignment",
        Binding::Principal,
        false,
        ("deny assignments", "az role deny-assignment list, in each subscription"),
    ),
    layer(
        TREE,
        "management_groups",
        Binding::Rule,
        false,
        ("management groups", "az account management-group show --expand --recurse, of the root group"),
    ),
];
