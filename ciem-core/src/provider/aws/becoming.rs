//! How AWS principals turn into others: the three ways to take on a role, assignments, and passing a role on.

use crate::model::PrincipalKind;
use crate::provider::{BecomingSpec, PassingSpec, WaySpec};

pub(super) const BECOMING: BecomingSpec = BecomingSpec {
    assigned: "identity_center",
    ways: &[
        WaySpec { permission: "sts:AssumeRole", kind: by_credentials, ..WaySpec::PLAIN },
        WaySpec { permission: "sts:AssumeRoleWithSAML", kind: by_assertion, ..WaySpec::PLAIN },
        WaySpec { permission: "sts:AssumeRoleWithWebIdentity", kind: by_token, ..WaySpec::PLAIN },
    ],
    passing: Some(PassingSpec { permission: "iam:PassRole", kind: "pass_role", to: "iam:PassedToService" }),
    workloads: &[],
};

/// Whoever signs requests; those for whom a provider vouches cannot yet.
fn by_credentials(kind: PrincipalKind, _: &str) -> Option<&'static str> {
    match kind {
        PrincipalKind::Federated => None,
        PrincipalKind::Service => Some("service_role"),
        _ => Some("assume_role"),
    }
}

fn is_saml(id: &str) -> bool {
    id.contains(":saml-provider/")
}

fn by_assertion(kind: PrincipalKind, id: &str) -> Option<&'static str> {
    (kind == PrincipalKind::Federated && is_saml(id)).then_some("saml")
}

/// Providers of the account, and those that AWS knows by name (`accounts.google.com`).
fn by_token(kind: PrincipalKind, id: &str) -> Option<&'static str> {
    (kind == PrincipalKind::Federated && !is_saml(id)).then_some("oidc")
}
