//! How AWS principals turn into others: the three ways to take on a role, assignments, and passing a role on.

use crate::model::PrincipalKind;
use crate::provider::{BecomingSpec, PassingSpec, WaySpec};

pub(super) const BECOMING: BecomingSpec = BecomingSpec {
    assigned: "identity_center",
    ways: &[
        WaySpec { permission: "sts:AssumeRole", on: None, kind: by_credentials },
        WaySpec { permission: "sts:AssumeRoleWithSAML", on: None, kind: by_assertion },
        WaySpec { permission: "sts:AssumeRoleWithWebIdentity", on: None, kind: by_token },
    ],
    passing: Some(PassingSpec { permission: "iam:PassRole", kind: "pass_role", to: "iam:PassedToService" }),
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
