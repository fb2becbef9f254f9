"""Larkfield's Entra tenant: the people who also come in to AWS, guests, applications, directory roles, as Graph shows them."""

from people import DISABLED, PEOPLE, digest

CONTEXT = "https://graph.microsoft.com/v1.0/$metadata#"


def guid(what):
    told = digest(f"microsoft:{what}")
    return "-".join([told[:8], told[8:12], "4" + told[13:16], "8" + told[17:20], told[20:32]])


TENANT = guid("tenant")
GRAPH = "00000003-0000-0000-c000-000000000000"

# Only in the tenant: name, what is shown, title.
MEMBERS = [("breakglass.one", "Break glass one", "Emergency access"), ("lena.fischer", "Lena Fischer", "Workplace engineer"),
           ("omar.haddad", "Omar Haddad", "Store systems engineer"), ("sofia.conti", "Sofia Conti", "Loyalty product owner")]
# Name: home directory, company.
GUESTS = {"marta.ruiz": ("agency.example.net", "Marketing agency"), "tom.baker": ("audit.example.org", "Audit firm"),
          "yuki.tanaka": ("agency.example.net", "Marketing agency")}
SERVICES = {name: guid(f"service:{name}") for name in ("Microsoft Graph", "deploy-shop", "hr-sync", "invoice-export")}
MANAGED = {name: guid(f"identity:{name}") for name in ("id-loyalty", "vm-till-sync")}

# Name: whether roles of the directory can be assigned to it, further members, owners.
GROUPS = {
    "customer-care": (False, [], []), "data": (False, [], []), "engineering": (False, [], ["adam.wolff"]),
    "finance": (False, [], []), "platform": (True, [], []), "security": (True, [], []), "shop-support": (False, ["omar.haddad"], []),
    # Its owner adds whom she likes, herself too.
    "till-operators": (False, ["omar.haddad"], ["sofia.conti"]),
}
# In a group as a group.
NESTED = {"till-operators": ["shop-support"]}

# Name: id and actions.
ROLES = {
    "Global Administrator": ("62e90394-69f5-4237-9190-012177145e10", [
        "applications/allProperties/allTasks", "groups/allProperties/allTasks", "roleAssignments/allProperties/allTasks",
        "servicePrincipals/allProperties/allTasks", "users/allProperties/allTasks"]),
    "Privileged Role Administrator": ("e8611ab8-c189-46e8-94e1-60213ab1f814", [
        "roleAssignments/allProperties/allTasks", "roleDefinitions/allProperties/allTasks"]),
    "Application Administrator": ("9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", [
        "applications/basic/update", "applications/credentials/update", "servicePrincipals/credentials/update"]),
    "User Administrator": ("fe930be7-5e62-47db-91af-98c3a49a38b1", [
        "groups/members/update", "users/basic/update", "users/password/update"]),
    "Helpdesk Administrator": ("729827e3-9c14-49f7-bb1b-9608f156bbb8", ["users/password/update"]),
    "Security Reader": ("5d6b6bb7-de71-4623-b4af-96380a352509", ["users/standard/read", "roleAssignments/standard/read"]),
}
STORES = guid("unit:stores")
# Role, who, scope.
ASSIGNED = [("Global Administrator", "breakglass.one", "/"), ("Application Administrator", "leon.barth", "/"),
            ("Helpdesk Administrator", "karin.vogel", f"/administrativeUnits/{STORES}"), ("Security Reader", "claudia.ferri", "/")]
ELIGIBLE = [("Global Administrator", "adam.wolff", "/"), ("Privileged Role Administrator", "mira.stein", "/")]
APP_ROLES = {"Directory.Read.All": "7ab1d382-f21e-4acd-a863-ba3e13f7da61",
             "RoleManagement.ReadWrite.Directory": "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8"}
GIVEN = [("hr-sync", "RoleManagement.ReadWrite.Directory"), ("invoice-export", "Directory.Read.All")]


def user_id(name):
    return guid(f"user:{name}")


def group_id(name):
    return guid(f"group:{name}")


def page(context, value, **more):
    return {"@odata.context": CONTEXT + context, **more, "value": value}


def users():
    def user(name, shown, title, guest):
        home, company = GUESTS[name] if guest else ("example.com", None)
        principal = f"{name}_{home}#EXT#@larkfield.example.com" if guest else f"{name}@example.com"
        return {"id": user_id(name), "userPrincipalName": principal, "displayName": shown, "mail": f"{name}@{home}",
                "jobTitle": title, "companyName": company, "accountEnabled": name not in DISABLED,
                "userType": "Guest" if guest else "Member", "createdDateTime": "2025-02-03T08:00:00Z"}

    out = [user(name, shown, title, False) for name, shown, _, title, _ in PEOPLE]
    out += [user(name, shown, title, False) for name, shown, title in MEMBERS]
    out += [user(name, name.replace(".", " ").title(), None, True) for name in GUESTS]
    return page("users", out)


def groups():
    return page("groups", [{
        "id": group_id(name), "displayName": name, "securityEnabled": True, "mailEnabled": False, "groupTypes": [],
        "membershipRule": None, "isAssignableToRole": assignable or None} for name, (assignable, _, _) in GROUPS.items()])


def reference(kind, number):
    return {"@odata.type": f"#microsoft.graph.{kind}", "id": number}


def members():
    out = []
    for name, (_, further, _) in GROUPS.items():
        who = [person for person, _, _, _, of in PEOPLE if name in of] + further
        listed = [reference("user", user_id(one)) for one in who]
        listed += [reference("group", group_id(one)) for one in NESTED.get(name, [])]
        out.append(page("directoryObjects", listed, groupId=group_id(name)))
    return out


def owners():
    owned = [(group_id(name), list_of) for name, (_, _, list_of) in GROUPS.items()]
    owned.append((guid("application:deploy-shop"), ["nadia.rossi"]))
    return [page("directoryObjects", [reference("user", user_id(one)) for one in who], ownersOf=number)
            for number, who in owned if who]


def service_principals():
    def service(name, number, kind, application, roles):
        return {"id": number, "appId": application, "displayName": name, "servicePrincipalType": kind, "accountEnabled": True,
                "appRoles": [{"id": one, "value": value, "allowedMemberTypes": ["Application"], "isEnabled": True}
                             for value, one in roles.items()]}

    out = [service(name, number, "Application", GRAPH if name == "Microsoft Graph" else guid(f"client:{name}"),
                   APP_ROLES if name == "Microsoft Graph" else {}) for name, number in SERVICES.items()]
    out += [service(name, number, "ManagedIdentity", guid(f"client:{name}"), {}) for name, number in MANAGED.items()]
    return page("servicePrincipals", out)


def applications():
    return page("applications", [{
        "id": guid(f"application:{name}"), "appId": guid(f"client:{name}"), "displayName": name,
        "signInAudience": "AzureADMyOrg"} for name in ("deploy-shop", "hr-sync", "invoice-export")])


def federated():
    number = guid("application:deploy-shop")
    return page(f"applications('{number}')/federatedIdentityCredentials", [{
        "id": guid("federated:deploy-shop"), "name": "main", "issuer": "https://token.actions.githubusercontent.com",
        "subject": "repo:larkfield/shop:ref:refs/heads/main", "audiences": ["api://AzureADTokenExchange"]}])


def app_role_assignments():
    number = SERVICES["Microsoft Graph"]
    return page(f"servicePrincipals('{number}')/appRoleAssignedTo", [{
        "id": guid(f"given:{name}"), "appRoleId": APP_ROLES[permission], "principalId": SERVICES[name],
        "principalType": "ServicePrincipal", "principalDisplayName": name, "resourceId": number,
        "resourceDisplayName": "Microsoft Graph", "createdDateTime": "2026-02-03T08:00:00Z"} for name, permission in GIVEN])


def consents():
    return page("oauth2PermissionGrants", [{
        "id": guid("consent:hr-sync"), "clientId": SERVICES["hr-sync"], "consentType": "AllPrincipals", "principalId": None,
        "resourceId": SERVICES["Microsoft Graph"], "scope": "User.Read.All"}])


def role_definitions():
    return page("roleManagement/directory/roleDefinitions", [{
        "id": number, "templateId": number, "displayName": name, "isBuiltIn": True, "isEnabled": True, "resourceScopes": ["/"],
        "rolePermissions": [{"allowedResourceActions": [f"microsoft.directory/{one}" for one in actions], "condition": None}],
    } for name, (number, actions) in ROLES.items()])


def role_assignments(listed, context, **more):
    return page(f"roleManagement/directory/{context}", [{
        "id": guid(f"{context}:{role}:{name}"), "principalId": user_id(name), "roleDefinitionId": ROLES[role][0],
        "directoryScopeId": scope, **more} for role, name, scope in listed])


def units():
    return page("directory/administrativeUnits", [{
        "id": STORES, "displayName": "Stores", "description": None, "isMemberManagementRestricted": False}])


def unit_members():
    listed = [reference("user", user_id(name)) for name in ("jan.dekker", "oscar.lima", "omar.haddad")]
    return page("directoryObjects", listed, administrativeUnitId=STORES)


def exports():
    """File name to content."""
    eligible = role_assignments(ELIGIBLE, "roleEligibilityScheduleInstances", memberType="Direct", appScopeId=None,
                                startDateTime="2026-02-03T08:00:00Z", endDateTime=None)
    return {
        "entra.administrative-unit-members.json": unit_members(),
        "entra.administrative-units.json": units(),
        "entra.app-role-assignments.json": app_role_assignments(),
        "entra.applications.json": applications(),
        "entra.consents.json": consents(),
        "entra.eligible-roles.json": eligible,
        "entra.federated-credentials.json": federated(),
        "entra.group-members.jsonl": members(),
        "entra.groups.json": groups(),
        "entra.owners.jsonl": owners(),
        "entra.role-assignments.json": role_assignments(ASSIGNED, "roleAssignments", appScopeId=None),
        "entra.role-definitions.json": role_definitions(),
        "entra.service-principals.json": service_principals(),
        "entra.users.json": users(),
    }
