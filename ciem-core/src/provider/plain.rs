//! What a provider declares that has nothing to say: each states only where it differs.

use super::{BecomingSpec, Binding, Fixed, KeyScope, KeyValue, LayerSpec, Provider, RuleTable, UsageSpec};
use crate::error::Error;
use crate::model::{Catalog, Facts, LayerId, Plane, Tier};
use crate::pattern::Syntax;
use std::borrow::Cow;

impl Provider {
    /// A provider of which these things alone are known; the rest is that there is no such thing.
    pub(crate) const fn plain(
        name: &'static str,
        syntax: Syntax,
        layers: &'static [LayerSpec],
        rules: RuleTable,
        read: fn(&mut Facts, &str, &str) -> Result<bool, Error>,
        finish: fn(&mut Facts),
    ) -> Provider {
        Provider {
            name,
            family: name,
            syntax,
            key_segments: None,
            canonical: |id| Cow::Borrowed(id),
            shown: |id| id,
            statements_at: "",
            names_permission: |text| text.contains('/'),
            layers,
            facts: &[],
            rules,
            acts_on_listed: false,
            catalog: || Catalog::empty(""),
            read,
            finish,
            simulation: None,
            inclusion: None,
            document: |_, _, _| Err(Error::invalid("session", "sessions of this provider carry no policies")),
            missing_policy: ("", ""),
            missing_group: ("", ""),
            inputs: &[],
            strength: |_, _| None,
            principal_facts: |_| 0,
            permission_facts: |_, _| 0,
            resource_facts: |_| 0,
            leads_to: None,
            becoming: BecomingSpec { assigned: "assigned", ways: &[], passing: None, workloads: &[] },
            covered: |id| vec![id.to_owned()],
            carrier: |_| None,
            key_scope: |_| KeyScope::Request,
            principal_key: |_, _| KeyValue::Open,
            resource_key: |_, _| KeyValue::Open,
            caller: |_| None,
            is_guardrail: |_| false,
            can_have_policy: |_| false,
            asked_facts: |_| 0,
            resource_context: |_| ("", Fixed::Nothing),
            complete_context: |_, _, _| {},
            never_has: |_| &[],
            delegating: None,
            account_of: |_| None,
            assumed_resource: |_, _| None,
            hint: |_, _, _| None,
            key_words: |_| None,
            key_nature: |_| None,
            usage: &UsageSpec::NONE,
            remedy: None,
            further_facts: &[],
            role_forms: &[],
        }
    }
}

impl UsageSpec {
    /// No log is read: what is used is not known. Services are the first part of a permission's name.
    pub(crate) const NONE: UsageSpec = UsageSpec {
        logs: &[],
        service_of: |permission| permission.split('/').next().unwrap_or_default(),
        plane: |_| Plane::Management,
        looks_back: 0,
        evidence: &[],
        log_of: None,
        home_region: |_| None,
    };
}

/// What tells who owns groups, applications and service principals.
pub(crate) const OWNERS: (&str, &str) =
    ("owners", "az rest, owners of groups, applications and service principals");

impl LayerSpec {
    /// What owners can take: latent access, of which no export of its own tells.
    pub(crate) const fn owned(id: LayerId) -> LayerSpec {
        LayerSpec {
            tier: Tier::Latent,
            optional: false,
            ..LayerSpec::granting(id, "owned", Binding::Principal, OWNERS)
        }
    }

    /// A layer that gives active access and comes with exports of its own.
    pub(crate) const fn granting(
        id: LayerId,
        name: &'static str,
        binding: Binding,
        missing: (&'static str, &'static str),
    ) -> LayerSpec {
        LayerSpec {
            id,
            name,
            binding,
            grants: true,
            required_for: None,
            tier: Tier::Active,
            optional: true,
            apart: None,
            missing,
        }
    }
}
