"""The Azure half of Larkfield: management groups, subscriptions, roles and who has them, as `az` and `az rest` print them."""

from entra import GUESTS, MANAGED, SERVICES, TENANT, group_id, guid, user_id

ROOT = f"/providers/Microsoft.Management/managementGroups/{TENANT}"
PRODUCTION = "/providers/Microsoft.Management/managementGroups/lf-production"
WORKPLACE = "/providers/Microsoft.Management/managementGroups/lf-workplace"
SUBSCRIPTIONS = {"shop": guid("subscription:shop"), "analytics": guid("subscription:analytics"),
                 "workplace": guid("subscription:workplace")}
SHOP, ANALYTICS, OFFICE = (f"/subscriptions/{SUBSCRIPTIONS[name]}" for name in ("shop", "analytics", "workplace"))
AUTHORIZATION = "/providers/Microsoft.Authorization"
CUSTOMERS = f"{SHOP}/resourceGroups/rg-customers"
TILLS = f"{SHOP}/resourceGroups/rg-tills"
LAKE = f"{ANALYTICS}/resourceGroups/rg-lake"
CUSTOMER_DATA = f"{CUSTOMERS}/providers/Microsoft.Storage/storageAccounts/lfcustomerdata"
LAKE_DATA = f"{LAKE}/providers/Microsoft.Storage/storageAccounts/lflake"
BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers"

# Name of a role: its id, whether it is Azure's own, actions, notActions, dataActions, notDataActions.
ROLES = {
    "Owner": ("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", True, ["*"], [], [], []),
    "Contributor": ("b24988ac-6180-42a0-ab88-20f7382dd24c", True, ["*"], [
        "Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write",
        "Microsoft.Authorization/elevateAccess/Action"], [], []),
    "Reader": ("acdd72a7-3385-48ef-bd42-f606fba81ae7", True, ["*/read"], [], [], []),
    "User Access Administrator": ("18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", True, [
        "*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"], [], [], []),
    "Storage Account Contributor": ("17d1049b-9a84-46fb-8f53-869881c3d3ab", True, [
        "Microsoft.Authorization/*/read", "Microsoft.Resources/subscriptions/resourceGroups/read",
        "Microsoft.Storage/storageAccounts/*"], [], [], []),
    "Storage Blob Data Contributor": ("ba92f5b4-2d11-453d-a403-e96b0029c9fe", True, [f"{BLOBS}/read", f"{BLOBS}/write"], [], [
        f"{BLOBS}/blobs/delete", f"{BLOBS}/blobs/read", f"{BLOBS}/blobs/write"], []),
    "Storage Blob Data Reader": ("2a2b9908-6ea1-4ae2-8e65-a410df84e7d1", True, [f"{BLOBS}/read"], [], [f"{BLOBS}/blobs/read"], []),
    "Virtual Machine Contributor": ("9980e02c-c2be-4d73-94e8-173b1dc7cf3c", True, [
        "Microsoft.Authorization/*/read", "Microsoft.Compute/virtualMachines/*", "Microsoft.Network/networkInterfaces/*"],
        [], [], []),
    "Key Vault Secrets User": ("4633458b-17de-408a-b874-0445c86b69e6", True, [], [], [
        "Microsoft.KeyVault/vaults/secrets/getSecret/action", "Microsoft.KeyVault/vaults/secrets/readMetadata/action"], []),
    "Website Contributor": ("de139f84-1756-47ae-9be6-808fbbe84772", True, [
        "Microsoft.Authorization/*/read", "Microsoft.Web/sites/*"], [], [], []),
    "Larkfield Operator": (guid("role:operator"), False, [
        "*/read", "Microsoft.Compute/virtualMachines/*", "Microsoft.Web/sites/*"], [
        "Microsoft.Compute/*/delete", "Microsoft.Compute/virtualMachines/runCommand/action",
        "Microsoft.Compute/virtualMachines/runCommands/write", "Microsoft.Compute/virtualMachines/extensions/write",
        "Microsoft.Web/sites/delete", "Microsoft.Web/sites/config/list/action", "Microsoft.Web/sites/publishxml/action"], [], []),
}

# By provider of resources: operations, those on data behind a star.
OPERATIONS = {
    "Microsoft.Authorization": ["denyAssignments/read", "elevateAccess/action", "roleAssignments/delete", "roleAssignments/read",
                                "roleAssignments/write", "roleDefinitions/read", "roleDefinitions/write"],
    "Microsoft.Compute": ["disks/beginGetAccess/action", "disks/delete", "disks/read", "virtualMachines/delete",
                          "virtualMachines/extensions/write", "virtualMachines/read", "virtualMachines/restart/action",
                          "virtualMachines/runCommand/action", "virtualMachines/runCommands/write",
                          "virtualMachines/start/action", "virtualMachines/write"],
    "Microsoft.KeyVault": ["vaults/accessPolicies/write", "vaults/delete", "vaults/read", "vaults/write",
                           "*vaults/secrets/getSecret/action", "*vaults/secrets/readMetadata/action",
                           "*vaults/secrets/setSecret/action"],
    "Microsoft.ManagedIdentity": ["userAssignedIdentities/federatedIdentityCredentials/write", "userAssignedIdentities/read",
                                  "userAssignedIdentities/write"],
    "Microsoft.Network": ["networkInterfaces/read", "networkInterfaces/write", "virtualNetworks/read", "virtualNetworks/write"],
    "Microsoft.Resources": ["subscriptions/resourceGroups/delete", "subscriptions/resourceGroups/read",
                            "subscriptions/resourceGroups/write"],
    "Microsoft.Storage": ["storageAccounts/blobServices/containers/read", "storageAccounts/blobServices/containers/write",
                          "storageAccounts/delete", "storageAccounts/listAccountSas/action", "storageAccounts/listKeys/action",
                          "storageAccounts/read", "storageAccounts/write", "*storageAccounts/blobServices/containers/blobs/delete",
                          "*storageAccounts/blobServices/containers/blobs/read",
                          "*storageAccounts/blobServices/containers/blobs/write"],
    "Microsoft.Support": ["supportTickets/read", "supportTickets/write"],
    "Microsoft.Web": ["sites/config/list/action", "sites/delete", "sites/publishxml/action", "sites/read",
                      "sites/restart/Action", "sites/write"],
}

ONE_CONTAINER = (
    "((!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'})) OR "
    "(@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'campaign-exports'))")

# Role, scope, kind and name of who has it, condition.
ASSIGNMENTS = [
    # Given by elevating access, and left behind.
    ("User Access Administrator", "/", "User", "adam.wolff", None),
    ("Reader", ROOT, "Group", "security", None),
    ("Reader", PRODUCTION, "Group", "platform", None),
    ("Contributor", OFFICE, "Group", "engineering", None),
    ("Larkfield Operator", SHOP, "Group", "shop-support", None),
    ("Virtual Machine Contributor", TILLS, "Group", "till-operators", None),
    ("Contributor", SHOP, "ServicePrincipal", "deploy-shop", None),
    ("Storage Blob Data Reader", CUSTOMER_DATA, "Group", "customer-care", None),
    ("Storage Blob Data Contributor", LAKE_DATA, "Group", "data", None),
    # A test that nobody took back: the keys of the account are part of it.
    ("Contributor", LAKE, "User", "chen.wei", None),
    ("Website Contributor", CUSTOMERS, "User", "tara.singh", None),
    ("Reader", PRODUCTION, "User", "georg.maier", None),
    ("Storage Blob Data Reader", CUSTOMER_DATA, "User", "marta.ruiz", ONE_CONTAINER),
    ("Storage Blob Data Reader", CUSTOMER_DATA, "User", "tom.baker", None),
    ("Storage Account Contributor", CUSTOMERS, "User", "yuki.tanaka", None),
    ("Storage Blob Data Reader", CUSTOMER_DATA, "ServicePrincipal", "vm-till-sync", None),
    ("Storage Blob Data Contributor", CUSTOMER_DATA, "ServicePrincipal", "id-loyalty", None),
    ("Key Vault Secrets User", CUSTOMERS, "ServicePrincipal", "invoice-export", None),
]
# The same, to be activated; and activated until an instant.
ELIGIBLE = [("Owner", PRODUCTION, "Group", "platform"), ("Storage Blob Data Reader", CUSTOMER_DATA, "User", "mira.stein")]
ACTIVATED = [("Owner", SHOP, "User", "agnes.keller", "2026-11-01T04:00:00Z")]


def holder(kind, name):
    if kind == "Group":
        return group_id(name)
    return SERVICES.get(name) or MANAGED.get(name) or user_id(name)


def role_id(name):
    return f"{AUTHORIZATION}/roleDefinitions/{ROLES[name][0]}"


def below(scope):
    return "" if scope == "/" else scope


def role_definitions():
    return [{
        "id": role_id(name), "name": number, "type": "Microsoft.Authorization/roleDefinitions", "roleName": name,
        "roleType": "BuiltInRole" if own else "CustomRole", "description": "",
        "assignableScopes": ["/"] if own else [PRODUCTION],
        "permissions": [{"actions": actions, "notActions": but, "dataActions": data, "notDataActions": not_data,
                         "condition": None, "conditionVersion": None}],
    } for name, (number, own, actions, but, data, not_data) in ROLES.items()]


def role_assignments():
    out = []
    for role, scope, kind, name, condition in ASSIGNMENTS:
        number = guid(f"assignment:{role}:{scope}:{name}")
        out.append({
            "id": f"{below(scope)}{AUTHORIZATION}/roleAssignments/{number}", "name": number,
            "type": "Microsoft.Authorization/roleAssignments", "scope": scope, "roleDefinitionId": role_id(role),
            "roleDefinitionName": role, "principalId": holder(kind, name), "principalType": kind,
            "principalName": f"{name}@example.com" if kind == "User" and name not in GUESTS else name,
            "condition": condition, "conditionVersion": "2.0" if condition else None, "description": None,
            "createdOn": "2026-02-03T08:00:00+00:00", "updatedOn": "2026-02-03T08:00:00+00:00",
            "delegatedManagedIdentityResourceId": None})
    return out


def schedule(kind, role, scope, holder_kind, name, more):
    number = guid(f"{kind}:{role}:{scope}:{name}")
    return {"id": f"{scope}{AUTHORIZATION}/{kind}/{number}", "name": number, "type": f"Microsoft.Authorization/{kind}",
            "properties": {"scope": scope, "roleDefinitionId": role_id(role), "principalId": holder(holder_kind, name),
                           "principalType": holder_kind, "status": "Provisioned", "memberType": "Direct",
                           "startDateTime": "2026-02-03T08:00:00Z", "condition": None, "conditionVersion": None, **more}}


def eligible():
    return {"value": [schedule("roleEligibilityScheduleInstances", *one, {"endDateTime": None}) for one in ELIGIBLE]}


def activated():
    return {"value": [schedule("roleAssignmentScheduleInstances", *one, {
        "assignmentType": "Activated", "startDateTime": "2026-10-31T20:00:00Z", "endDateTime": until})
        for *one, until in ACTIVATED]}


def deny_assignments():
    number = guid("deny:customers")
    return {"type": "Microsoft.Authorization/denyAssignments", "value": [{
        "id": f"{CUSTOMERS}{AUTHORIZATION}/denyAssignments/{number}", "name": number,
        "type": "Microsoft.Authorization/denyAssignments", "denyAssignmentName": "Customer data is deployed, not deleted",
        "scope": CUSTOMERS, "doNotApplyToChildScopes": False, "isSystemProtected": True, "denyAssignmentEffect": "enforced",
        "condition": None, "conditionVersion": None,
        "permissions": [{"actions": ["*/delete"], "notActions": [], "dataActions": [], "notDataActions": []}],
        "principals": [{"id": "00000000-0000-0000-0000-000000000000", "type": "SystemDefined"}],
        "excludePrincipals": [{"id": SERVICES["deploy-shop"], "type": "ServicePrincipal"}]}]}


def management_groups():
    def group(scope, shown, children):
        return {"type": "/managementGroups", "id": scope, "name": scope.rsplit("/", 1)[1], "displayName": shown,
                "children": children}

    def subscription(name):
        return {"type": "/subscriptions", "id": f"/subscriptions/{SUBSCRIPTIONS[name]}", "name": SUBSCRIPTIONS[name],
                "displayName": f"lf-{name}", "children": None}

    return {**group(ROOT, "Tenant Root Group", [
        group(PRODUCTION, "Production", [subscription("shop"), subscription("analytics")]),
        group(WORKPLACE, "Workplace", [subscription("workplace")])]),
        "type": "Microsoft.Management/managementGroups", "tenantId": TENANT}


def subscriptions():
    return [{"id": number, "name": f"lf-{name}", "state": "Enabled", "isDefault": name == "shop", "tenantId": TENANT,
             "homeTenantId": TENANT, "cloudName": "AzureCloud", "managedByTenants": []} for name, number in SUBSCRIPTIONS.items()]


def resources():
    def resource(group, kind, name, tags=None, identity=None, properties=None):
        return {"id": f"{group}/providers/{kind}/{name}", "name": name, "type": kind, "location": "westeurope",
                "resourceGroup": group.rsplit("/", 1)[1], "tags": tags, "identity": identity, "properties": properties}

    loyalty = f"{CUSTOMERS}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-loyalty"
    attached = {"type": "UserAssigned", "userAssignedIdentities": {
        loyalty: {"principalId": MANAGED["id-loyalty"], "clientId": guid("client:id-loyalty")}}}
    own = {"type": "SystemAssigned", "tenantId": TENANT, "principalId": MANAGED["vm-till-sync"]}
    customers = {"system": "customer-data"}
    return [
        {"id": group, "name": group.rsplit("/", 1)[1], "type": "Microsoft.Resources/resourceGroups", "location": "westeurope",
         "tags": None, "managedBy": None, "properties": {"provisioningState": "Succeeded"}}
        for group in (CUSTOMERS, TILLS, LAKE)
    ] + [
        resource(CUSTOMERS, "Microsoft.Storage/storageAccounts", "lfcustomerdata", customers),
        resource(CUSTOMERS, "Microsoft.KeyVault/vaults", "lf-customer-keys", customers),
        resource(CUSTOMERS, "Microsoft.Web/sites", "func-loyalty", {"system": "loyalty"}, attached),
        resource(CUSTOMERS, "Microsoft.ManagedIdentity/userAssignedIdentities", "id-loyalty", None, None,
                 {"principalId": MANAGED["id-loyalty"], "clientId": guid("client:id-loyalty"), "tenantId": TENANT}),
        resource(TILLS, "Microsoft.Compute/virtualMachines", "vm-till-sync", {"system": "tills"}, own),
        resource(LAKE, "Microsoft.Storage/storageAccounts", "lflake", {"system": "lake"}),
    ]


def operations():
    def one(provider, text):
        name = f"{provider}/{text.lstrip('*')}"
        return {"name": name, "displayName": name, "description": "", "origin": "user,system",
                "isDataAction": text.startswith("*"), "properties": None}

    return [{"id": f"/providers/Microsoft.Authorization/providerOperations/{provider}", "name": provider,
             "type": "Microsoft.Authorization/providerOperations", "displayName": provider,
             "operations": [one(provider, text) for text in texts], "resourceTypes": []}
            for provider, texts in OPERATIONS.items()]


def exports():
    """File name to content."""
    return {
        "azure.activated-assignments.json": activated(),
        "azure.deny-assignments.json": deny_assignments(),
        "azure.eligible-assignments.json": eligible(),
        "azure.management-groups.json": management_groups(),
        "azure.operations.json": operations(),
        "azure.resources.json": resources(),
        "azure.role-assignments.json": role_assignments(),
        "azure.role-definitions.json": role_definitions(),
        "azure.subscriptions.json": subscriptions(),
    }
