//! What Azure declares of itself: layers, callers, names of permissions.

use super::abac::{key_nature, key_words};
use super::becoming::BECOMING;
use super::finish::{GROUP, finish};
use super::keys::{CONTAINER, key_scope, resource_context, resource_key};
use super::rule::rule;
use super::scope::{canonical, shown};
use super::usage::USAGE;
use super::{DATA, DENY, ELIGIBLE, LATENT, MEMBERSHIP, ROLE, SYNTAX, TREE};
use crate::model::{Catalog, Tier};
use crate::provider::{Binding, Fixed, LayerSpec, Provider, RuleTable, rule_table};
use crate::truth::{Evaluator, Outcome, Truth};

pub(crate) static PROVIDER: Provider = Provider {
    family: "microsoft",
    canonical,
    shown,
    statements_at: "/permissions",
    names_permission: |text| text.strip_prefix(DATA).unwrap_or(text).contains('/'),
    catalog: || Catalog::empty("azure"),
    missing_policy: ("deny assignment", "az role deny-assignment list"),
    missing_group: GROUP,
    inputs: super::read::INPUTS,
    leads_to: Some(super::leads::leads_to),
    becoming: BECOMING,
    key_scope,
    resource_key,
    resource_context: |id| {
        resource_context(id).map_or((CONTAINER, Fixed::Nothing), |(key, name)| (key, Fixed::Value(name)))
    },
    key_words,
    key_nature,
    further_facts: super::read::FACTS,
    document: super::remedy::for_request,
    remedy: Some(&super::remedy::REMEDY),
    role_forms: super::roles::FORMS,
    usage: &USAGE,
    ..Provider::plain("azure", SYNTAX, LAYERS, rule_table!(rule), super::read::read, finish)
};

static LAYERS: &[LayerSpec] = &[
    LayerSpec {
        optional: false,
        ..LayerSpec::granting(
            ROLE,
            "role_assignment",
            Binding::Principal,
            ("role assignments", "az role assignment list --all, in each subscription"),
        )
    },
    LayerSpec {
        tier: Tier::Eligible,
        ..LayerSpec::granting(
            ELIGIBLE,
            "eligible_assignment",
            Binding::Principal,
            ("eligible assignments", "az rest, roleEligibilityScheduleInstances of each subscription"),
        )
    },
    LayerSpec {
        grants: false,
        ..LayerSpec::granting(
            DENY,
            "deny_assignment",
            Binding::Principal,
            ("deny assignments", "az role deny-assignment list, in each subscription"),
        )
    },
    LayerSpec {
        grants: false,
        ..LayerSpec::granting(
            TREE,
            "management_groups",
            Binding::Rule,
            ("management groups", "az account management-group show --expand --recurse, of the root group"),
        )
    },
    LayerSpec::owned(LATENT),
    LayerSpec {
        tier: Tier::Eligible,
        ..LayerSpec::granting(
            MEMBERSHIP,
            "eligible_membership",
            Binding::Principal,
            (
                "eligible memberships of groups",
                "az rest, identityGovernance/privilegedAccess/group/eligibilityScheduleInstances of each group",
            ),
        )
    },
];
