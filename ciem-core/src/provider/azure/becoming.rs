//! How Azure principals turn into others: whoever makes a resource run what they like acts as the identities that it has
//! (EN-R7), and whoever adds a federated credential to an identity signs in as it (AZ-R13).

use crate::model::PrincipalKind;
use crate::provider::{BecomingSpec, WaySpec};

pub(super) const BECOMING: BecomingSpec = BecomingSpec { assigned: "assigned", ways: WAYS, passing: None };

const fn way(
    on: &'static str,
    permission: &'static str,
    kind: fn(PrincipalKind, &str) -> Option<&'static str>,
) -> WaySpec {
    WaySpec { permission, on: Some(on), kind }
}

const MACHINE: &str = "Microsoft.Compute/virtualMachines";
const MACHINES: &str = "Microsoft.Compute/virtualMachineScaleSets";
const APP: &str = "Microsoft.Web/sites";
const IDENTITY: &str = "Microsoft.ManagedIdentity/userAssignedIdentities";

/// <https://learn.microsoft.com/azure/virtual-machines/run-command-overview>,
/// <https://learn.microsoft.com/azure/app-service/deploy-configure-credentials>,
/// <https://learn.microsoft.com/entra/workload-id/workload-identity-federation-create-trust-user-assigned-managed-identity>
pub(super) static WAYS: &[WaySpec] = &[
    way(MACHINE, "Microsoft.Compute/virtualMachines/runCommand/action", command),
    way(MACHINE, "Microsoft.Compute/virtualMachines/runCommands/write", command),
    way(MACHINE, "Microsoft.Compute/virtualMachines/extensions/write", command),
    way(MACHINES, "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/runCommand/action", command),
    way(MACHINES, "Microsoft.Compute/virtualMachineScaleSets/extensions/write", command),
    way(APP, "Microsoft.Web/sites/publishxml/action", code),
    way(APP, "Microsoft.Web/sites/config/list/action", code),
    way(
        IDENTITY,
        "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write",
        credential,
    ),
];

fn command(_: PrincipalKind, _: &str) -> Option<&'static str> {
    Some("run_command")
}

/// With the credentials for publishing that these operations show.
fn code(_: PrincipalKind, _: &str) -> Option<&'static str> {
    Some("deploy_code")
}

fn credential(_: PrincipalKind, _: &str) -> Option<&'static str> {
    Some("federated_credential")
}
