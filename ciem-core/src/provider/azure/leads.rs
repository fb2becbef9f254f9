//! Operations of the resource manager that lead to data or to an identity, without a data operation (AZ-R13): whoever has
//! the keys of a storage account reads what is in it, whatever roles say of its data.

use crate::pattern::Glob;

/// Operation, in lower case, and what it leads to.
static LEADS: &[(&str, &str)] = &[
    ("microsoft.storage/storageaccounts/listkeys/action", "data of the storage account, by its keys"),
    ("microsoft.storage/storageaccounts/regeneratekey/action", "data of the storage account, by its keys"),
    (
        "microsoft.storage/storageaccounts/listaccountsas/action",
        "data of the storage account, by a signature",
    ),
    (
        "microsoft.storage/storageaccounts/listservicesas/action",
        "data of the storage account, by a signature",
    ),
    ("microsoft.keyvault/vaults/accesspolicies/write", "data of the key vault, by an access policy"),
    ("microsoft.keyvault/vaults/write", "data of the key vault, by an access policy"),
    ("microsoft.compute/virtualmachines/runcommand/action", "the machine, and the identities that it has"),
    ("microsoft.compute/virtualmachines/runcommands/write", "the machine, and the identities that it has"),
    ("microsoft.compute/virtualmachines/extensions/write", "the machine, and the identities that it has"),
    (
        "microsoft.compute/virtualmachinescalesets/extensions/write",
        "the machines, and the identities that they have",
    ),
    (
        "microsoft.compute/virtualmachinescalesets/virtualmachines/runcommands/write",
        "the machine, and the identities that it has",
    ),
    (
        "microsoft.compute/virtualmachinescalesets/virtualmachines/extensions/write",
        "the machine, and the identities that it has",
    ),
    ("microsoft.hybridcompute/machines/runcommands/write", "the machine, and the identities that it has"),
    ("microsoft.hybridcompute/machines/extensions/write", "the machine, and the identities that it has"),
    (
        "microsoft.containerinstance/containergroups/containers/exec/action",
        "the container, and the identities that it has",
    ),
    (
        "microsoft.compute/virtualmachinescalesets/virtualmachines/runcommand/action",
        "the machine, and the identities that it has",
    ),
    ("microsoft.compute/disks/begingetaccess/action", "data of the disk, by a copy"),
    ("microsoft.compute/snapshots/begingetaccess/action", "data of the disk, by a copy"),
    (
        "microsoft.containerservice/managedclusters/listclusteradmincredential/action",
        "the cluster, as its administrator",
    ),
    ("microsoft.containerservice/managedclusters/runcommand/action", "the cluster, as its administrator"),
    (
        "microsoft.automation/automationaccounts/*/write",
        "the identities of the automation account, by a runbook",
    ),
    ("microsoft.documentdb/databaseaccounts/listkeys/action", "data of the database account, by its keys"),
    (
        "microsoft.documentdb/databaseaccounts/listconnectionstrings/action",
        "data of the database account, by its keys",
    ),
    (
        "microsoft.web/sites/publishxml/action",
        "the app, and the identities that it has, by its publishing profile",
    ),
    ("microsoft.web/sites/publish/action", "the app, and the identities that it has, by its code"),
    (
        "microsoft.web/sites/slots/publishxml/action",
        "the app, and the identities that it has, by its publishing profile",
    ),
    ("microsoft.web/sites/slots/publish/action", "the app, and the identities that it has, by its code"),
    ("microsoft.web/sites/config/list/action", "the secrets in the settings of the app"),
    ("microsoft.web/sites/slots/config/list/action", "the secrets in the settings of the app"),
    ("microsoft.logic/workflows/write", "the identities of the workflow, by what it does"),
    (
        "microsoft.containerregistry/registries/listcredentials/action",
        "images of the registry, by its password",
    ),
    ("microsoft.search/searchservices/listadminkeys/action", "data of the search service, by its keys"),
    (
        "microsoft.documentdb/databaseaccounts/readonlykeys/action",
        "data of the database account, by its keys",
    ),
    ("microsoft.authorization/roleassignments/write", "any access at the scope, by a role assignment"),
    (
        "microsoft.authorization/roledefinitions/write",
        "any access where custom roles are assigned, by what is added to one",
    ),
    (
        "microsoft.authorization/elevateaccess/action",
        "any access in the tenant, by a role assignment at its root",
    ),
    (
        "microsoft.managedidentity/userassignedidentities/federatedidentitycredentials/write",
        "the identity, by a federated credential",
    ),
    (
        "microsoft.managedidentity/userassignedidentities/assign/action",
        "the identity, by assigning it to a workload",
    ),
    // Others list keys under the same last step.
    ("*/listkeys/action", "data of the resource, by its keys"),
];

/// What an operation leads to.
pub(super) fn leads_to(name: &str) -> Option<&'static str> {
    if name.starts_with(super::DATA) {
        return None;
    }
    let lower = name.to_ascii_lowercase();
    let matches = |pattern: &str| match pattern.contains('*') {
        true => Glob::parse(pattern).matches(&lower),
        false => pattern == lower,
    };
    LEADS.iter().find(|(pattern, _)| matches(pattern)).map(|(_, what)| *what)
}
