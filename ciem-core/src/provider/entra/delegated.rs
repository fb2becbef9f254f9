//! What permissions of Microsoft Graph let an application do in the directory (EN-R4, EN-R5).
//!
//! Names of permissions are data of each tenant's exports. What they cover in terms of directory actions no export tells:
//! this table has what the names say, and of the rest only what it is about.

/// The application id of Microsoft Graph.
pub(super) const GRAPH: &str = "00000003-0000-0000-c000-000000000000";

/// Directory actions that a permission surely covers, and those that it may cover besides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Covered {
    pub(super) surely: Vec<String>,
    pub(super) perhaps: Vec<String>,
}

/// By the first part of a name: the entities that it is about.
const ENTITIES: &[(&str, &[&str])] = &[
    ("AdministrativeUnit", &["administrativeUnits"]),
    ("Application", &["applications", "servicePrincipals"]),
    ("AppRoleAssignment", &["servicePrincipals"]),
    ("DelegatedPermissionGrant", &["oAuth2PermissionGrants"]),
    ("Device", &["devices"]),
    ("Directory", &["*"]),
    ("Domain", &["domains"]),
    ("Group", &["groups", "groups.*"]),
    ("GroupMember", &["groups", "groups.*"]),
    ("Organization", &["organization"]),
    ("Policy", &["*"]),
    ("RoleManagement", &["roleAssignments", "roleDefinitions"]),
    ("ServicePrincipalEndpoint", &["servicePrincipals"]),
    ("User", &["users"]),
    ("UserAuthenticationMethod", &["users"]),
];

/// Name of a permission, and what it surely covers below `microsoft.directory/`.
const SURE: &[(&str, &[&str])] = &[
    ("Application.Read.All", &["applications/standard/read", "servicePrincipals/standard/read"]),
    (
        "Application.ReadWrite.All",
        &[
            "applications/basic/update",
            "applications/create",
            "applications/credentials/update",
            "applications/owners/update",
            "applications/standard/read",
            "servicePrincipals/basic/update",
            "servicePrincipals/create",
            "servicePrincipals/credentials/update",
            "servicePrincipals/owners/update",
            "servicePrincipals/standard/read",
        ],
    ),
    ("AppRoleAssignment.ReadWrite.All", &["servicePrincipals/appRoleAssignedTo/update"]),
    ("Directory.Read.All", &["groups/members/read", "groups/standard/read", "users/standard/read"]),
    (
        "Directory.ReadWrite.All",
        &[
            "groups/basic/update",
            "groups/members/read",
            "groups/members/update",
            "groups/standard/read",
            "users/basic/update",
            "users/standard/read",
        ],
    ),
    ("Group.Read.All", &["groups/members/read", "groups/standard/read"]),
    (
        "Group.ReadWrite.All",
        &[
            "groups/basic/update",
            "groups/create",
            "groups/members/read",
            "groups/members/update",
            "groups/owners/update",
            "groups/standard/read",
        ],
    ),
    ("GroupMember.Read.All", &["groups/members/read"]),
    ("GroupMember.ReadWrite.All", &["groups/members/read", "groups/members/update"]),
    ("RoleManagement.Read.Directory", &["roleAssignments/standard/read", "roleDefinitions/standard/read"]),
    (
        "RoleManagement.ReadWrite.Directory",
        &["roleAssignments/allProperties/allTasks", "roleDefinitions/allProperties/allTasks"],
    ),
    ("User.Read.All", &["users/standard/read"]),
    ("User.ReadWrite.All", &["users/basic/update", "users/standard/read"]),
];

/// Who has it besides may change the members of groups to which roles can be assigned.
/// <https://learn.microsoft.com/en-us/graph/api/group-post-members>
pub(super) const MANAGES_ROLES: &str = "RoleManagement.ReadWrite.Directory";

/// Covers whatever the user may do.
const AS_THE_USER: &str = "Directory.AccessAsUser.All";
const DIRECTORY: &str = "microsoft.directory/";

/// What a permission of this name lets do in the directory; a name that is about something else, nothing.
pub(super) fn covered(permission: &str) -> Covered {
    if permission.eq_ignore_ascii_case(AS_THE_USER) {
        return Covered { surely: vec!["*".to_owned()], perhaps: Vec::new() };
    }
    let mut parts = permission.split('.');
    let (subject, operation) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let entities =
        ENTITIES.iter().find(|(known, _)| known.eq_ignore_ascii_case(subject)).map(|(_, list)| *list);
    let reads =
        operation.to_ascii_lowercase().starts_with("read") && !operation.eq_ignore_ascii_case("ReadWrite");
    let tail = if reads { "/read" } else { "" };
    let perhaps = entities.unwrap_or_default().iter().map(|entity| format!("{DIRECTORY}{entity}/*{tail}"));
    let sure = SURE.iter().find(|(known, _)| known.eq_ignore_ascii_case(permission));
    let surely = sure.map_or(&[][..], |(_, list)| *list).iter();
    let surely =
        surely.flat_map(|action| crate::provider::directory::expanded(&format!("{DIRECTORY}{action}")));
    Covered { surely: surely.collect(), perhaps: perhaps.collect() }
}
