//! Which permission makes which kind of resource run what its holder likes: data, each with the page that says so.

use crate::provider::WorkloadSpec;

/// A permission on a kind of resource, with what is needed besides on the same resource, the kind of the edge, and the page.
pub(super) struct Run {
    pub(super) on: &'static str,
    pub(super) permission: &'static str,
    pub(super) also: &'static [&'static str],
    pub(super) kind: &'static str,
    /// On learn.microsoft.com.
    #[cfg_attr(not(test), expect(dead_code, reason = "for those who check the table"))]
    pub(super) page: &'static str,
}

const fn run(
    on: &'static str,
    permission: &'static str,
    also: &'static [&'static str],
    kind: &'static str,
    page: &'static str,
) -> Run {
    Run { on, permission, also, kind, page }
}

const MACHINE: &str = "Microsoft.Compute/virtualMachines";
const MACHINES: &str = "Microsoft.Compute/virtualMachineScaleSets";
const ARC: &str = "Microsoft.HybridCompute/machines";
const APP: &str = "Microsoft.Web/sites";
const SLOT: &str = "Microsoft.Web/sites/slots";
const AUTOMATION: &str = "Microsoft.Automation/automationAccounts";
const CONTAINERS: &str = "Microsoft.ContainerInstance/containerGroups";
const CONTAINER_APP: &str = "Microsoft.App/containerApps";
const WORKFLOW: &str = "Microsoft.Logic/workflows";
const FACTORY: &str = "Microsoft.DataFactory/factories";
const SCRIPT: &str = "Microsoft.Resources/deploymentScripts";
/// Nodes of a cluster run as its kubelet's identity; the identity of its control plane is out of reach of what runs in it.
pub(super) const CLUSTER: &str = "Microsoft.ContainerService/managedClusters";
const IDENTITY: &str = "Microsoft.ManagedIdentity/userAssignedIdentities";
const GROUP: &str = "Microsoft.Resources/resourceGroups";

const COMMAND: &str = "run_command";
const CODE: &str = "deploy_code";

const RUN_COMMAND: &str = "azure/virtual-machines/run-command-overview";
const EXTENSION: &str = "azure/virtual-machines/extensions/overview";
const PUBLISHING: &str = "azure/app-service/deploy-configure-credentials";
const KUDU: &str = "azure/app-service/resources-kudu";
const RUNBOOK: &str = "azure/automation/enable-managed-identity-for-automation";
const START_RUNBOOK: &str = "Microsoft.Automation/automationAccounts/jobs/write";

#[rustfmt::skip]
pub(super) const RUNS: [Run; 28] = [
    run(MACHINE, "Microsoft.Compute/virtualMachines/runCommand/action", &[], COMMAND, RUN_COMMAND),
    run(MACHINE, "Microsoft.Compute/virtualMachines/runCommands/write", &[], COMMAND, RUN_COMMAND),
    run(MACHINE, "Microsoft.Compute/virtualMachines/extensions/write", &[], COMMAND, EXTENSION),
    run(MACHINES, "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/runCommand/action", &[], COMMAND, RUN_COMMAND),
    run(MACHINES, "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/runCommands/write", &[], COMMAND, "rest/api/compute/virtual-machine-scale-set-vm-run-commands/create-or-update"),
    run(MACHINES, "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/extensions/write", &[], COMMAND, EXTENSION),
    run(MACHINES, "Microsoft.Compute/virtualMachineScaleSets/extensions/write", &[], COMMAND, EXTENSION),
    run(ARC, "Microsoft.HybridCompute/machines/runCommands/write", &[], COMMAND, "azure/azure-arc/servers/run-command"),
    run(ARC, "Microsoft.HybridCompute/machines/extensions/write", &[], COMMAND, "azure/azure-arc/servers/manage-vm-extensions"),
    run(APP, "Microsoft.Web/sites/publishxml/action", &[], CODE, PUBLISHING),
    run(APP, "Microsoft.Web/sites/config/list/action", &[], CODE, PUBLISHING),
    run(APP, "Microsoft.Web/sites/publish/action", &[], CODE, KUDU),
    run(APP, "Microsoft.Web/sites/extensions/write", &[], CODE, "rest/api/appservice/web-apps/create-ms-deploy-operation"),
    run(SLOT, "Microsoft.Web/sites/slots/publishxml/action", &[], CODE, PUBLISHING),
    run(SLOT, "Microsoft.Web/sites/slots/config/list/action", &[], CODE, PUBLISHING),
    run(SLOT, "Microsoft.Web/sites/slots/publish/action", &[], CODE, KUDU),
    run(AUTOMATION, "Microsoft.Automation/automationAccounts/runbooks/write", &[START_RUNBOOK], CODE, RUNBOOK),
    run(CONTAINERS, "Microsoft.ContainerInstance/containerGroups/containers/exec/action", &[], COMMAND, "azure/container-instances/container-instances-exec"),
    run(CONTAINERS, "Microsoft.ContainerInstance/containerGroups/write", &[], CODE, "azure/container-instances/container-instances-managed-identity"),
    run(CONTAINER_APP, "Microsoft.App/containerApps/write", &[], CODE, "azure/container-apps/managed-identity"),
    run(WORKFLOW, "Microsoft.Logic/workflows/write", &[], CODE, "azure/logic-apps/authenticate-with-managed-identity"),
    run(FACTORY, "Microsoft.DataFactory/factories/pipelines/write", &["Microsoft.DataFactory/factories/pipelines/createrun/action"], CODE, "azure/data-factory/data-factory-service-identity"),
    run(SCRIPT, "Microsoft.Resources/deploymentScripts/write", &[], CODE, "azure/azure-resource-manager/templates/deployment-script-template"),
    run(CLUSTER, "Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action", &[], COMMAND, "azure/aks/concepts-identity"),
    run(CLUSTER, "Microsoft.ContainerService/managedClusters/runcommand/action", &[], COMMAND, "azure/aks/access-private-cluster"),
    run(IDENTITY, "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write", &[], "federated_credential", "azure/active-directory/workload-identities/workload-identity-federation-create-trust-user-assigned-managed-identity"),
    // Roles name it with a star, errors and audits without.
    run(IDENTITY, "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action", &[], "assign_identity", "azure/role-based-access-control/built-in-roles/identity"),
    run(IDENTITY, "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action", &[], "assign_identity", "azure/active-directory/managed-identities-azure-resources/how-to-assign-managed-identity-via-azure-portal"),
];

/// What is needed to make a workload run as an identity that one may assign: on a resource that there is, to write it and to
/// make it run something; in a resource group, to make one whose very definition is what it runs.
pub(super) static MADE: &[WorkloadSpec] = &[
    WorkloadSpec {
        on: MACHINE,
        permissions: &[
            "Microsoft.Compute/virtualMachines/write",
            "Microsoft.Compute/virtualMachines/runCommand/action",
        ],
    },
    WorkloadSpec {
        on: MACHINES,
        permissions: &[
            "Microsoft.Compute/virtualMachineScaleSets/write",
            "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/runCommand/action",
        ],
    },
    WorkloadSpec {
        on: APP,
        permissions: &["Microsoft.Web/sites/write", "Microsoft.Web/sites/publish/action"],
    },
    WorkloadSpec {
        on: AUTOMATION,
        permissions: &[
            "Microsoft.Automation/automationAccounts/write",
            "Microsoft.Automation/automationAccounts/runbooks/write",
            START_RUNBOOK,
        ],
    },
    WorkloadSpec { on: GROUP, permissions: &["Microsoft.ContainerInstance/containerGroups/write"] },
    WorkloadSpec { on: GROUP, permissions: &["Microsoft.Logic/workflows/write"] },
    WorkloadSpec { on: GROUP, permissions: &["Microsoft.Resources/deploymentScripts/write"] },
];
