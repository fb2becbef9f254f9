//! Real role definitions, where they lie beside the project.

use crate::tenant::{Block, Stock};
use serde_json::Value;
use std::io::Read;
use std::path::Path;

const FILE: &str = "../../shared/data/azure-roles/built-in-roles-raw.json.gz";

pub(crate) fn bytes() -> Option<Vec<u8>> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE)).ok()
}

pub(crate) fn definitions() -> Option<Vec<Value>> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes()?.as_slice()).read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Roles without conditions, and the operations that they name.
pub(crate) fn stock() -> Option<Stock> {
    let definitions = definitions()?;
    let (mut operations, mut roles) = (Vec::new(), Vec::new());
    for definition in &definitions {
        let permissions = definition["permissions"].as_array().unwrap();
        let texts = |block: &Value, name: &str| -> Vec<String> {
            let list = block[name].as_array().into_iter().flatten();
            list.filter_map(Value::as_str).map(|text| text.trim().to_owned()).collect()
        };
        for (name, data) in [("actions", false), ("dataActions", true)] {
            for block in permissions {
                let literal = texts(block, name).into_iter().filter(|text| !text.contains('*'));
                operations.extend(literal.map(|text| (text, data)));
            }
        }
        if permissions.iter().all(|block| block["condition"].is_null()) {
            let block = |block: &Value| Block {
                actions: texts(block, "actions"),
                not_actions: texts(block, "notActions"),
                data_actions: texts(block, "dataActions"),
                not_data_actions: texts(block, "notDataActions"),
                condition: None,
            };
            roles.push(permissions.iter().map(block).collect());
        }
    }
    operations.sort_by_key(|(name, data)| (name.to_lowercase(), *data));
    operations.dedup_by(|a, b| a.1 == b.1 && a.0.eq_ignore_ascii_case(&b.0));
    Some(Stock { operations, roles })
}

/// Role, operation, whether the role allows it. Argued from the definition's own lists.
pub(crate) static ARGUED: &[(&str, &str, bool)] = &[
    // `*` in actions is all of the resource manager, and no data.
    ("Owner", "Microsoft.Authorization/roleAssignments/write", true),
    ("Owner", "data:Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read", false),
    ("Owner", "Microsoft.Storage/storageAccounts/listKeys/action", true),
    // Its notActions are about access, not about keys.
    ("Contributor", "Microsoft.Authorization/roleAssignments/write", false),
    ("Contributor", "Microsoft.Authorization/elevateAccess/Action", false),
    ("Contributor", "Microsoft.Storage/storageAccounts/listKeys/action", true),
    ("Contributor", "Microsoft.Authorization/roleAssignments/read", true),
    ("Contributor", "Microsoft.Compute/virtualMachines/runCommand/action", true),
    // `*/read` is every read, at any depth, and no action.
    ("Reader", "Microsoft.Compute/virtualMachines/read", true),
    ("Reader", "Microsoft.Storage/storageAccounts/blobServices/containers/read", true),
    ("Reader", "Microsoft.Storage/storageAccounts/listKeys/action", false),
    ("Reader", "data:Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read", false),
    // `Microsoft.Authorization/*` is all of that provider.
    ("User Access Administrator", "Microsoft.Authorization/roleAssignments/write", true),
    ("User Access Administrator", "Microsoft.Compute/virtualMachines/write", false),
    ("User Access Administrator", "Microsoft.Compute/virtualMachines/read", true),
    // Container and blob are different planes.
    (
        "Storage Blob Data Reader",
        "data:Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
        true,
    ),
    (
        "Storage Blob Data Reader",
        "data:Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write",
        false,
    ),
    ("Storage Blob Data Reader", "Microsoft.Storage/storageAccounts/blobServices/containers/read", true),
    ("Storage Blob Data Reader", "Microsoft.Storage/storageAccounts/blobServices/containers/delete", false),
    // `listkeys` and `listKeys` are one operation.
    ("Storage Account Key Operator Service Role", "Microsoft.Storage/storageAccounts/listKeys/action", true),
    (
        "Storage Account Contributor",
        "data:Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
        false,
    ),
    ("Key Vault Administrator", "data:Microsoft.KeyVault/vaults/secrets/getSecret/action", true),
    ("Key Vault Administrator", "Microsoft.KeyVault/vaults/write", false),
    // Data is not in it, the access policy that leads to data is.
    ("Key Vault Contributor", "data:Microsoft.KeyVault/vaults/secrets/getSecret/action", false),
    ("Key Vault Contributor", "Microsoft.KeyVault/vaults/accessPolicies/write", true),
    // Left out by notActions, although `Microsoft.KeyVault/*` is listed.
    ("Key Vault Contributor", "Microsoft.KeyVault/locations/deletedVaults/purge/action", false),
    ("Key Vault Reader", "data:Microsoft.KeyVault/vaults/secrets/getSecret/action", false),
    ("Key Vault Reader", "data:Microsoft.KeyVault/vaults/secrets/readMetadata/action", true),
    ("Virtual Machine Contributor", "Microsoft.Compute/virtualMachines/runCommand/action", true),
    ("Virtual Machine User Login", "data:Microsoft.Compute/virtualMachines/login/action", true),
    ("Virtual Machine User Login", "Microsoft.Compute/virtualMachines/write", false),
    (
        "Azure Kubernetes Service RBAC Cluster Admin",
        "data:Microsoft.ContainerService/managedClusters/configmaps/read",
        true,
    ),
    (
        "Azure Kubernetes Service Cluster Admin Role",
        "data:Microsoft.ContainerService/managedClusters/configmaps/read",
        false,
    ),
    ("Reader and Data Access", "Microsoft.Storage/storageAccounts/listKeys/action", true),
    ("Reader and Data Access", "Microsoft.Storage/storageAccounts/delete", false),
    // Pulling images is a permission of the resource manager here; pushing is another.
    ("AcrPull", "Microsoft.ContainerRegistry/registries/pull/read", true),
    ("AcrPull", "Microsoft.ContainerRegistry/registries/push/write", false),
    // `*/read` and one provider's every action; a key is no read.
    ("Monitoring Reader", "Microsoft.Compute/virtualMachines/read", true),
    ("Monitoring Reader", "Microsoft.Support/supportTickets/write", true),
    ("Monitoring Reader", "Microsoft.Storage/storageAccounts/listKeys/action", false),
    ("Network Contributor", "Microsoft.Network/virtualNetworks/subnets/join/action", true),
    ("Network Contributor", "Microsoft.Authorization/roleAssignments/read", true),
    ("Network Contributor", "Microsoft.Authorization/roleAssignments/write", false),
    // Auditing is left out of `servers/databases/*`.
    ("SQL DB Contributor", "Microsoft.Sql/servers/databases/read", true),
    ("SQL DB Contributor", "Microsoft.Sql/servers/databases/auditingSettings/write", false),
    ("SQL DB Contributor", "Microsoft.Sql/servers/write", false),
    ("SQL Security Manager", "Microsoft.Sql/managedInstances/advancedThreatProtectionSettings/write", true),
    ("SQL Security Manager", "Microsoft.Sql/servers/databases/write", false),
    // Queues by the resource manager, messages by the data plane.
    ("Storage Queue Data Contributor", "Microsoft.Storage/storageAccounts/queueServices/queues/write", true),
    (
        "Storage Queue Data Contributor",
        "data:Microsoft.Storage/storageAccounts/queueServices/queues/messages/process/action",
        true,
    ),
    (
        "Storage Queue Data Contributor",
        "data:Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
        false,
    ),
    (
        "Storage Blob Data Owner",
        "data:Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
        true,
    ),
    ("Storage Blob Data Owner", "Microsoft.Storage/storageAccounts/blobServices/containers/delete", true),
    ("Storage Blob Data Owner", "Microsoft.Storage/storageAccounts/listKeys/action", false),
    (
        "Storage Blob Delegator",
        "Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action",
        true,
    ),
    (
        "Storage Blob Delegator",
        "data:Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
        false,
    ),
    // Makes identities and their federated credentials, and assigns nothing.
    (
        "Managed Identity Contributor",
        "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write",
        true,
    ),
    ("Managed Identity Contributor", "Microsoft.Compute/virtualMachines/write", false),
    // Keys for reading only, beside every read of the provider.
    ("Cosmos DB Account Reader Role", "Microsoft.DocumentDB/databaseAccounts/readonlykeys/action", true),
    ("Cosmos DB Account Reader Role", "Microsoft.DocumentDB/databaseAccounts/read", true),
    ("Cosmos DB Account Reader Role", "Microsoft.DocumentDB/databaseAccounts/listKeys/action", false),
    ("Website Contributor", "Microsoft.Web/sites/publishxml/Action", true),
    ("Website Contributor", "Microsoft.Web/serverFarms/join/action", true),
    ("Website Contributor", "Microsoft.Web/serverFarms/write", false),
    ("DNS Zone Contributor", "Microsoft.Network/dnsZones/write", true),
    ("DNS Zone Contributor", "Microsoft.Network/virtualNetworks/read", false),
    // Data only: the vault itself is not to be seen.
    ("Key Vault Secrets User", "data:Microsoft.KeyVault/vaults/secrets/getSecret/action", true),
    ("Key Vault Secrets User", "data:Microsoft.KeyVault/vaults/secrets/setSecret/action", false),
    ("Key Vault Secrets User", "Microsoft.KeyVault/vaults/read", false),
    ("Billing Reader", "Microsoft.Management/managementGroups/read", true),
    ("Billing Reader", "Microsoft.Compute/virtualMachines/read", false),
    ("Logic App Operator", "Microsoft.Logic/workflows/disable/action", true),
    ("Logic App Operator", "Microsoft.Logic/workflows/write", false),
    ("Automation Operator", "Microsoft.Automation/automationAccounts/jobs/write", true),
    ("Automation Operator", "Microsoft.Automation/automationAccounts/runbooks/read", true),
    ("Automation Operator", "Microsoft.Automation/automationAccounts/runbooks/write", false),
    // Shares names with a data role, and has none.
    ("Disk Snapshot Contributor", "Microsoft.Compute/disks/beginGetAccess/action", true),
    ("Disk Snapshot Contributor", "Microsoft.Storage/storageAccounts/listKeys/action", true),
    ("Disk Snapshot Contributor", "Microsoft.Compute/disks/write", false),
    // `*/read` but for one read.
    ("Log Analytics Reader", "Microsoft.OperationalInsights/workspaces/read", true),
    ("Log Analytics Reader", "Microsoft.OperationalInsights/workspaces/sharedKeys/read", false),
    (
        "Virtual Machine Administrator Login",
        "data:Microsoft.Compute/virtualMachines/loginAsAdmin/action",
        true,
    ),
    ("Virtual Machine Administrator Login", "Microsoft.Compute/virtualMachines/runCommand/action", false),
];
