//! Roles of a Graph directory, and what lies one step of self-service beyond them: who holds which role, who can join a group
//! by its rule (EN-R6), who can give itself the resources of the cloud (AZ-R10).

use crate::base::{Interner, Text};
use crate::condition::MissingFact;
use crate::error::Error;
use crate::model::application::{Applications, Holder};
use crate::model::assignment::Span;
use crate::model::{Facts, PrincipalKind, Tier};
use crate::pattern::Glob;
use crate::provider::graph::kind_of_type;
use crate::provider::input::{Input, Item, Object};
use crate::provider::schedule::{
    Outcome, ScheduleInfo, instant, is_assignment, is_request, is_schedule, outcome, planned,
};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The template of the role that gives itself the resources of the cloud.
pub(crate) const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";
/// What is missing of groups whose members follow from a rule.
pub(crate) const RULE: &str = "whether somebody can come to fulfil the membership rule of a group";
/// The scope that is the whole tenant.
pub(crate) const TENANT: &str = "/";
/// Before the id of a unit, in canonical form.
pub(crate) const UNITS: &str = "administrativeunits/";

/// Collections under which Graph shows objects; ids of objects are unique without them.
const COLLECTIONS: &[&str] =
    &["users/", "groups/", "serviceprincipals/", "applications/", "devices/", "directoryobjects/"];

/// The one form of an object's id: lower case, without the collection and the `/` before it. The tenant is `/`.
pub(crate) fn canonical(id: &str) -> Cow<'_, str> {
    if id == "/" {
        return Cow::Borrowed(id);
    }
    let lower = id.to_ascii_lowercase();
    let text = lower.trim_matches('/');
    let text = COLLECTIONS.iter().find_map(|collection| text.strip_prefix(collection)).unwrap_or(text);
    if text == id { Cow::Borrowed(id) } else { Cow::Owned(text.to_owned()) }
}

/// What an object or a page is, of those about roles.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Role,
    /// A role with its members, as the older part of Graph shows it.
    Activated,
    Assignment(Tier),
    /// A request for a schedule: it gives nothing itself.
    Request,
}

/// By what stands in the context of lists of `roleManagement`.
static CONTEXTS: &[(&str, Kind)] = &[
    ("directory/roledefinitions", Kind::Role),
    ("schedulerequests", Kind::Request),
    ("directory/roleassignments", Kind::Assignment(Tier::Active)),
    ("directory/roleassignmentschedule", Kind::Assignment(Tier::Active)),
    ("directory/roleeligibilityschedule", Kind::Assignment(Tier::Eligible)),
];

impl Kind {
    /// Of a page, by what its context names, in lower case.
    pub(crate) fn of_context(entity: &str) -> Option<Kind> {
        CONTEXTS.iter().find(|(part, _)| entity.contains(part)).map(|(_, kind)| *kind)
    }

    /// Of an object, on a page of assignments of this tier.
    pub(crate) fn of_object(members: &Object<'_>, page: Option<Tier>) -> Option<Kind> {
        let has = |name| members.has(name);
        if has("rolePermissions") {
            return Some(Kind::Role);
        }
        if has("roleDefinitionId") && has("principalId") && (has("directoryScopeId") || has("appScopeId")) {
            if is_request(members) {
                return Some(Kind::Request);
            }
            // Without a page that tells: an assignment has no times, and a schedule of one says of what type it is.
            let assigned = page == Some(Tier::Active) || is_assignment(members);
            let eligible = page == Some(Tier::Eligible)
                || has("roleEligibilityScheduleId")
                || is_schedule(members) && !assigned;
            return Some(Kind::Assignment(if eligible { Tier::Eligible } else { Tier::Active }));
        }
        has("roleTemplateId").then_some(Kind::Activated)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Role {
    pub(crate) id: String,
    pub(crate) template_id: Option<String>,
    pub(crate) display_name: Option<String>,
    pub(crate) is_enabled: Option<bool>,
    pub(crate) role_permissions: Vec<RolePermission>,
}

impl Role {
    /// What it allows, wherever; a role that is switched off gives nothing.
    fn actions(&self) -> impl Iterator<Item = &str> {
        let all = self.role_permissions.iter().filter(|_| self.is_enabled != Some(false));
        all.flat_map(|one| one.allowed_resource_actions.iter().flatten()).map(String::as_str)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RolePermission {
    pub(crate) allowed_resource_actions: Option<Vec<String>>,
    pub(crate) condition: Option<String>,
}

/// A role given to somebody.
pub(crate) struct Assignment {
    pub(crate) id: Option<String>,
    pub(crate) principal: String,
    /// Where the input tells.
    pub(crate) kind: Option<PrincipalKind>,
    pub(crate) role: String,
    /// In canonical form.
    pub(crate) scope: String,
    pub(crate) tier: Tier,
    /// Whether its request is not decided yet.
    pub(crate) open: bool,
    pub(crate) from: Option<i64>,
    pub(crate) until: Option<i64>,
    /// Whether a schedule tells of it.
    pub(crate) scheduled: bool,
    /// The id of the assignment itself.
    pub(crate) itself: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawAssignment {
    id: Option<String>,
    principal_id: String,
    /// The principal itself, where it was asked for.
    principal: Option<RawMember>,
    role_definition_id: String,
    directory_scope_id: Option<String>,
    app_scope_id: Option<String>,
    member_type: Option<String>,
    start_date_time: Option<String>,
    end_date_time: Option<String>,
    schedule_info: Option<ScheduleInfo>,
    status: Option<String>,
    role_assignment_origin_id: Option<String>,
}

/// An assignment, perhaps for a time, unless it never came about or was taken back. What somebody has through a group
/// stands with the group, too.
pub(crate) fn assignment(
    input: &Input<'_>,
    item: &Item<'_>,
    tier: Tier,
) -> Result<Option<Assignment>, Error> {
    let raw: RawAssignment = input.read(item)?;
    if raw.member_type.as_deref().is_some_and(|text| text.eq_ignore_ascii_case("Group")) {
        return Ok(None);
    }
    let outcome = outcome(raw.status.as_deref());
    if outcome == Outcome::Ended {
        return Ok(None);
    }
    let scope = raw.directory_scope_id.or(raw.app_scope_id).unwrap_or_default();
    // What began in the past has begun, whenever the question is about; only plans begin later.
    let is_plan = raw.schedule_info.is_some();
    let (from, until) = planned(input, item, raw.schedule_info)?;
    let until = if is_plan { until } else { raw.end_date_time };
    instant(input, item, raw.start_date_time)?;
    let scheduled = is_schedule(&item.members);
    Ok(Some(Assignment {
        itself: if scheduled { raw.role_assignment_origin_id } else { raw.id.clone() },
        scheduled,
        id: raw.id,
        principal: raw.principal_id,
        kind: raw.principal.and_then(|principal| principal.kind()),
        role: raw.role_definition_id,
        scope: canonical(&scope).into_owned(),
        tier,
        open: outcome == Outcome::Open,
        from: instant(input, item, from)?,
        until: instant(input, item, until)?,
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawActivated {
    role_template_id: String,
    members: Option<Vec<RawMember>>,
}

#[derive(Deserialize)]
struct RawMember {
    id: String,
    #[serde(rename = "@odata.type")]
    odata_type: Option<String>,
}

impl RawMember {
    fn kind(&self) -> Option<PrincipalKind> {
        kind_of_type(self.odata_type.as_deref()?)
    }
}

/// The members of an activated role have it for the whole tenant.
pub(crate) fn activated(input: &Input<'_>, item: &Item<'_>) -> Result<Vec<Assignment>, Error> {
    let raw: RawActivated = input.read(item)?;
    let of = |member: RawMember| Assignment {
        id: None,
        kind: member.kind(),
        principal: member.id,
        role: raw.role_template_id.clone(),
        scope: TENANT.to_owned(),
        tier: Tier::Active,
        open: false,
        from: None,
        until: None,
        scheduled: false,
        itself: None,
    };
    Ok(raw.members.unwrap_or_default().into_iter().map(of).collect())
}

/// What a group is beside its entry in the directory.
pub(crate) struct Group {
    id: String,
    assignable: bool,
    /// Whether its members follow from a rule.
    dynamic: bool,
    rule: Option<String>,
}

pub(crate) fn group(item: &Item<'_>) -> Group {
    let is = |name: &str| item.members.get(name).is_some_and(|raw| raw.get() == "true");
    let text = |name: &str| item.members.text(name).map(|text| text.into_owned());
    let rule = text("membershipRule");
    let typed = item.members.get("groupTypes").is_some_and(|raw| raw.get().contains("DynamicMembership"));
    let paused =
        text("membershipRuleProcessingState").is_some_and(|state| state.eq_ignore_ascii_case("Paused"));
    Group {
        id: id_of(&item.members),
        assignable: is("isAssignableToRole"),
        dynamic: (typed || rule.is_some()) && !paused,
        rule,
    }
}

pub(crate) fn id_of(members: &Object<'_>) -> String {
    members.text("id").map(|text| text.into_owned()).unwrap_or_default()
}

/// Of the role's definition, what later steps ask: its template, and what it allows. Its ids are its own and the
/// template's.
pub(crate) fn note_role(facts: &mut Facts, role: &Role) -> Vec<Text> {
    let id = facts.text(&role.id.to_ascii_lowercase());
    let template = role.template_id.as_ref().map(|text| facts.text(&text.to_ascii_lowercase()));
    let actions: Vec<Text> = role.actions().map(|text| facts.text(text)).collect();
    let ids: Vec<Text> =
        [Some(id), template.filter(|template| *template != id)].into_iter().flatten().collect();
    for &id in &ids {
        facts.applications.templates.insert(id, template.unwrap_or(id));
        facts.applications.role_actions.entry(id).or_default().extend(&actions);
    }
    ids
}

/// Who holds a role now, or during a time. What has to be activated first is more than one step away.
pub(crate) fn note_holder(facts: &mut Facts, one: &Assignment) {
    if one.tier != Tier::Active {
        return;
    }
    let holder = Holder {
        principal: facts.text(&one.principal.to_ascii_lowercase()),
        kind: one.kind,
        role: facts.text(&one.role.to_ascii_lowercase()),
        scope: facts.text(&one.scope),
        window: (one.from, one.until),
        open: one.open,
    };
    facts.applications.holders.insert(holder);
}

pub(crate) fn note_group(facts: &mut Facts, one: &Group) {
    let id = facts.text(&one.id.to_ascii_lowercase());
    if one.assignable {
        facts.applications.assignable.insert(id);
    }
    if one.dynamic {
        let rule = one.rule.as_ref().map(|rule| facts.text(rule));
        facts.applications.dynamic.entry(id).or_default().extend(rule);
    }
}

/// Who gives itself access to all resources, and when.
pub(crate) fn elevating<'a>(apps: &'a Applications, texts: &'a Interner) -> impl Iterator<Item = &'a Holder> {
    apps.holders.iter().filter(|one| {
        let template = apps.templates.get(&one.role).copied().unwrap_or(one.role);
        texts.get(template) == GLOBAL_ADMINISTRATOR && texts.get(one.scope) == TENANT
    })
}

/// Somebody who may come to be in a group, or a group of such people.
pub(crate) struct Joiner {
    pub(crate) whom: Text,
    pub(crate) group: Text,
    pub(crate) window: Span,
    pub(crate) doubt: Arc<MissingFact>,
}

/// Who can change an attribute of users that the rule of a group is about. Whether that is enough is not known: it hangs on
/// the other attributes, and those of users from another directory cannot be changed here.
pub(crate) fn joiners(apps: &Applications, texts: &Interner) -> Vec<Joiner> {
    let mut found = Vec::new();
    if apps.dynamic.is_empty() {
        return found;
    }
    let roles: BTreeMap<Text, BTreeSet<&str>> =
        apps.role_actions.iter().map(|(&role, actions)| (role, changed_by(actions, texts))).collect();
    for (&group, rules) in &apps.dynamic {
        let needed: BTreeSet<&str> = match rules.is_empty() {
            true => ATTRIBUTES.iter().map(|(_, permission)| *permission).collect(),
            false => rules.iter().flat_map(|&rule| permissions(texts.get(rule))).collect(),
        };
        let doubt = Arc::new(MissingFact {
            fact: RULE.to_owned(),
            subject: texts.get(group).to_owned(),
            how: "compare the rule with the users' attributes, and see which of them the role can change"
                .to_owned(),
        });
        for one in &apps.holders {
            // A unit may hold whoever has the role in it.
            let scope = texts.get(one.scope);
            let about_itself = scope == TENANT || scope.starts_with(UNITS) || one.scope == one.principal;
            // A role of which nothing was given may allow anything.
            let changes = roles.get(&one.role).map_or(!needed.is_empty(), |able| !able.is_disjoint(&needed));
            if about_itself && changes {
                let doubt = Arc::clone(&doubt);
                found.push(Joiner { whom: one.principal, group, window: one.window, doubt });
            }
        }
    }
    found
}

/// The permissions on attributes of users that a role's actions cover.
fn changed_by(actions: &BTreeSet<Text>, texts: &Interner) -> BTreeSet<&'static str> {
    let patterns: Vec<Glob> = actions
        .iter()
        .flat_map(|&action| expanded(texts.get(action)))
        .map(|pattern| Glob::parse(&pattern))
        .collect();
    let covered = |permission: &&str| patterns.iter().any(|of| of.matches_ignore_ascii_case(permission));
    ATTRIBUTES.iter().map(|&(_, permission)| permission).filter(covered).collect()
}

const BASIC: &str = "microsoft.directory/users/basic/update";
const MANAGER: &str = "microsoft.directory/users/manager/update";

/// Attributes of users that a role's holder can change, and by which permission ("Microsoft Entra built-in roles" says what
/// permissions are about; which attribute is basic is not listed). Of the rest the directory itself decides.
static ATTRIBUTES: &[(&str, &str)] = &[
    ("city", BASIC),
    ("companyname", BASIC),
    ("country", BASIC),
    ("department", BASIC),
    ("displayname", BASIC),
    ("employeeid", BASIC),
    ("facsimiletelephonenumber", BASIC),
    ("givenname", BASIC),
    ("jobtitle", BASIC),
    ("mailnickname", BASIC),
    ("mobile", BASIC),
    ("othermails", BASIC),
    ("physicaldeliveryofficename", BASIC),
    ("postalcode", BASIC),
    ("preferredlanguage", BASIC),
    ("state", BASIC),
    ("streetaddress", BASIC),
    ("surname", BASIC),
    ("telephonenumber", BASIC),
    ("usertype", BASIC),
    ("accountenabled", "microsoft.directory/users/enable"),
    ("accountenabled", "microsoft.directory/users/disable"),
    ("assignedplans", "microsoft.directory/users/assignLicense"),
    ("manager", MANAGER),
    ("usagelocation", "microsoft.directory/users/usageLocation/update"),
    ("userprincipalname", "microsoft.directory/users/userPrincipalName/update"),
];

/// The permissions that change what a rule is about.
fn permissions(rule: &str) -> BTreeSet<&'static str> {
    let rule = rule.to_ascii_lowercase();
    let mut found = BTreeSet::new();
    if rule.contains("direct reports for") {
        found.insert(MANAGER);
    }
    // What stands between quotes is a value.
    for part in rule.split(['"', '\'']).step_by(2) {
        for (at, start) in part.match_indices("user.") {
            if part[..at].ends_with(|letter: char| letter.is_ascii_alphanumeric()) {
                continue;
            }
            let rest = &part[at + start.len()..];
            let end = rest.find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
            let name = &rest[..end.unwrap_or(rest.len())];
            let extension = name.starts_with("extension");
            found.extend(extension.then_some(BASIC));
            found.extend(ATTRIBUTES.iter().filter(|(known, _)| *known == name).map(|(_, by)| *by));
        }
    }
    found
}

/// The permissions that an action of a role is about: itself, and what it sums up.
pub(crate) fn expanded(action: &str) -> Vec<String> {
    let mut found = vec![action.to_owned()];
    let (mut segments, mut sums) = (Vec::new(), false);
    for segment in action.split('/') {
        let all = ["allEntities", "allProperties", "allTasks"]
            .iter()
            .any(|word| word.eq_ignore_ascii_case(segment));
        sums |= all;
        if !all {
            segments.push(segment);
        } else if segments.last() != Some(&"*") {
            segments.push("*");
        }
    }
    if sums {
        found.push(segments.join("/"));
    }
    found
}

#[cfg(test)]
#[test]
fn actions_that_sum_up_are_patterns() {
    let found = |action: &str| expanded(action).pop().unwrap();
    assert_eq!(
        found("microsoft.directory/users/password/update"),
        "microsoft.directory/users/password/update"
    );
    assert_eq!(found("microsoft.directory/users/allProperties/allTasks"), "microsoft.directory/users/*");
    assert_eq!(found("microsoft.directory/users/allProperties/read"), "microsoft.directory/users/*/read");
    assert_eq!(found("microsoft.office365.x/allEntities/allProperties/allTasks"), "microsoft.office365.x/*");
}

#[cfg(test)]
#[test]
fn rules_name_attributes_outside_of_quotes() {
    let of = |rule: &str| permissions(rule).into_iter().collect::<Vec<_>>();
    assert_eq!(of(r#"(user.department -eq "user.city") -and (user.accountEnabled -eq true)"#).len(), 3);
    assert_eq!(of(r#"user.extensionAttribute1 -eq "x""#), [BASIC]);
    assert!(of(r#"device.deviceOwnership -eq "Company""#).is_empty());
    assert!(of("user.objectId -ne null").is_empty());
    assert_eq!(of(r#"Direct Reports for "62e19b97""#), ["microsoft.directory/users/manager/update"]);
}
