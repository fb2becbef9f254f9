//! IAM Identity Center: permission sets, who is assigned them in which account, and the people and groups of the
//! identity store. <https://docs.aws.amazon.com/singlesignon/latest/APIReference/> and
//! <https://docs.aws.amazon.com/singlesignon/latest/IdentityStoreAPIReference/> give the shapes.

use super::Page;
use super::attributes::{self, Address, Extensions, FullName};
use super::text::{AccountId, Arn};
use crate::base::Text;
use crate::model::directory::{Assignment, Limit, PersonRecord};
use crate::model::{Facts, PrincipalKind, SourceId};
use crate::provider::aws::document::json::Str;
use crate::provider::aws::document::{Dialect, intern};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct PermissionSet<'a> {
    #[serde(borrow, rename = "PermissionSetArn")]
    arn: Option<Arn<'a>>,
    #[serde(borrow, rename = "Name")]
    name: Option<Str<'a>>,
}

impl PermissionSet<'_> {
    pub(super) fn is_one(&self) -> bool {
        self.arn.is_some()
    }
}

/// A managed policy of a permission set.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct ManagedPolicy<'a> {
    #[serde(borrow, rename = "Arn")]
    arn: Option<Arn<'a>>,
}

/// A policy that every account has under the same path and name.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct Reference<'a> {
    #[serde(borrow, rename = "Name")]
    name: Str<'a>,
    #[serde(borrow, rename = "Path")]
    path: Option<Str<'a>>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct SetBoundary<'a> {
    #[serde(borrow, rename = "ManagedPolicyArn")]
    managed: Option<Arn<'a>>,
    #[serde(borrow, rename = "CustomerManagedPolicyReference")]
    local: Option<Reference<'a>>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct AccountAssignment<'a> {
    #[serde(borrow, rename = "AccountId")]
    account: AccountId<'a>,
    #[serde(borrow, rename = "PermissionSetArn")]
    set: Arn<'a>,
    #[serde(borrow, rename = "PrincipalId")]
    holder: Str<'a>,
    #[serde(rename = "PrincipalType")]
    kind: HolderKind,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
enum HolderKind {
    #[serde(rename = "USER")]
    User,
    #[serde(rename = "GROUP")]
    Group,
}

/// One of `identitystore list-users`; `iam list-users` has the same member, with ARNs in it.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct StoreUser<'a> {
    #[serde(borrow, rename = "IdentityStoreId")]
    store: Option<Str<'a>>,
    #[serde(borrow, rename = "UserId")]
    id: Option<Str<'a>>,
    #[serde(borrow, rename = "UserName")]
    pub(super) name: Option<Str<'a>>,
    #[serde(borrow, rename = "DisplayName")]
    pub(super) display: Option<Str<'a>>,
    #[serde(borrow, rename = "Title")]
    pub(super) title: Option<Str<'a>>,
    #[serde(borrow, rename = "UserType")]
    pub(super) user_type: Option<Str<'a>>,
    /// `ENABLED` or `DISABLED`: <https://docs.aws.amazon.com/singlesignon/latest/IdentityStoreAPIReference/API_User.html>
    #[serde(borrow, rename = "UserStatus")]
    status: Option<Str<'a>>,
    #[serde(borrow, rename = "Emails")]
    pub(super) emails: Option<Vec<Contact<'a>>>,
    #[serde(borrow, rename = "Name")]
    pub(super) names: Option<FullName<'a>>,
    #[serde(borrow, rename = "NickName")]
    pub(super) nick: Option<Str<'a>>,
    #[serde(borrow, rename = "Locale")]
    pub(super) locale: Option<Str<'a>>,
    #[serde(borrow, rename = "Timezone")]
    pub(super) timezone: Option<Str<'a>>,
    #[serde(borrow, rename = "PhoneNumbers")]
    pub(super) phones: Option<Vec<Contact<'a>>>,
    #[serde(borrow, rename = "Addresses")]
    pub(super) addresses: Option<Vec<Address<'a>>>,
    #[serde(borrow, rename = "Extensions")]
    pub(super) extensions: Option<Extensions<'a>>,
}

/// An address of mail, or a telephone number.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct Contact<'a> {
    #[serde(borrow, rename = "Value")]
    pub(super) value: Option<Str<'a>>,
    #[serde(borrow, rename = "Type")]
    pub(super) kind: Option<Str<'a>>,
    #[serde(rename = "Primary")]
    pub(super) primary: Option<bool>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct StoreGroup<'a> {
    #[serde(borrow, rename = "IdentityStoreId")]
    store: Option<Str<'a>>,
    #[serde(borrow, rename = "GroupId")]
    id: Option<Str<'a>>,
    #[serde(borrow, rename = "DisplayName")]
    name: Option<Str<'a>>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct Membership<'a> {
    #[serde(borrow, rename = "GroupId")]
    group: Str<'a>,
    #[serde(borrow, rename = "MemberId")]
    member: Member<'a>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct Member<'a> {
    #[serde(borrow, rename = "UserId")]
    user: Option<Str<'a>>,
}

/// Whether the page is an answer of Identity Center or of its identity store.
pub(super) fn is_one(page: &Page<'_>) -> bool {
    let of_store = |store: Option<&Str<'_>>| store.is_some_and(|id| id.starts_with("d-"));
    page.permission_set.as_ref().is_some_and(PermissionSet::is_one)
        || subject(page).is_some() && parts(page)
        || page.assignments.is_some()
        || page.session_tags.is_some()
        || page.memberships.is_some()
        || page.store_users.as_ref().is_some_and(|all| {
            all.iter().all(|user| of_store(user.store.as_ref())) && (!all.is_empty() || !page.is_of_iam())
        })
        || page.store_groups.as_ref().is_some_and(|all| {
            all.iter().all(|group| of_store(group.store.as_ref())) && (!all.is_empty() || !page.is_of_iam())
        })
}

/// The permission set that a page is about.
fn subject<'p>(page: &'p Page<'_>) -> Option<&'p Arn<'p>> {
    page.permission_set.as_ref().and_then(|set| set.arn.as_ref()).or(page.permission_set_arn.as_ref())
}

fn parts(page: &Page<'_>) -> bool {
    page.inline_policy.is_some()
        || page.attached.is_some()
        || page.references.is_some()
        || page.set_boundary.is_some()
}

pub(super) fn records(page: &Page<'_>) -> usize {
    fn length<T>(list: Option<&Vec<T>>) -> usize {
        list.map_or(0, Vec::len)
    }
    usize::from(subject(page).is_some())
        + attributes::records(page)
        + length(page.assignments.as_ref())
        + length(page.memberships.as_ref())
        + length(page.store_users.as_ref())
        + length(page.store_groups.as_ref())
}

pub(super) fn keep(facts: &mut Facts, source: SourceId, page: &Page<'_>) {
    if let Some(arn) = subject(page) {
        keep_set(facts, arn, page);
    }
    attributes::keep(facts, page);
    for assignment in page.assignments.iter().flatten() {
        let found = Assignment {
            account: facts.text(assignment.account.as_str()),
            bundle: facts.text(assignment.set.as_str()),
            holder: facts.text(&assignment.holder),
            to_group: assignment.kind == HolderKind::Group,
        };
        facts.directory.assignments.entry(found).or_insert(source);
    }
    for membership in page.memberships.iter().flatten() {
        let Some(user) = &membership.member.user else { continue };
        let (group, user) = (facts.text(&membership.group), facts.text(user));
        facts.directory.members.entry(group).or_default().insert(user);
    }
    for user in page.store_users.iter().flatten() {
        keep_user(facts, source, user);
    }
    for group in page.store_groups.iter().flatten() {
        let Some(id) = &group.id else { continue };
        let (id, name) = (facts.text(id), group.name.as_ref().map(|name| facts.text(name)));
        let known = facts.directory.groups.entry(id).or_default();
        *known = known.or(name);
    }
}

fn keep_set(facts: &mut Facts, arn: &Arn<'_>, page: &Page<'_>) {
    let arn = facts.text(arn.as_str());
    let name = page.permission_set.as_ref().and_then(|set| set.name.as_ref()).map(|name| facts.text(name));
    let inline = page.inline_policy.filter(|policy| !matches!(policy.get(), "null" | "\"\""));
    let inline = inline.map(|policy| intern(facts, policy, Dialect::Identity));
    let managed: Vec<Text> = page
        .attached
        .iter()
        .flatten()
        .filter_map(|policy| policy.arn.as_ref())
        .map(|arn| facts.text(arn.as_str()))
        .collect();
    let mut local = |reference: &Reference<'_>| {
        let path = reference.path.as_deref().unwrap_or("/");
        (facts.text(path), facts.text(&reference.name))
    };
    let references: Vec<(Text, Text)> = page.references.iter().flatten().map(&mut local).collect();
    let boundary =
        page.set_boundary.as_ref().and_then(|boundary| match (&boundary.managed, &boundary.local) {
            (Some(arn), _) => Some(Limit::Managed(facts.text(arn.as_str()))),
            (None, Some(reference)) => {
                let path = reference.path.as_deref().unwrap_or("/");
                Some(Limit::Local(facts.text(path), facts.text(&reference.name)))
            }
            (None, None) => None,
        });
    let bundle = facts.directory.bundles.entry(arn).or_default();
    bundle.name = bundle.name.or(name);
    bundle.inline.extend(inline);
    bundle.managed.extend(managed);
    bundle.local.extend(references);
    bundle.boundary.extend(boundary);
    let whole = page.next_token.is_none();
    bundle.given.inline |= page.inline_policy.is_some();
    bundle.given.managed |= page.attached.is_some() && whole;
    bundle.given.local |= page.references.is_some() && whole;
}

fn keep_user(facts: &mut Facts, source: SourceId, user: &StoreUser<'_>) {
    let Some(id) = &user.id else { return };
    let emails = user.emails.as_deref().unwrap_or_default();
    let email = emails.iter().find(|email| email.primary == Some(true)).or(emails.first());
    let said = [
        ("DisplayName", user.display.as_ref()),
        ("Email", email.and_then(|email| email.value.as_ref())),
        ("Title", user.title.as_ref()),
        ("UserStatus", user.status.as_ref()),
        ("UserType", user.user_type.as_ref()),
    ];
    let attributes =
        said.into_iter().filter_map(|(key, value)| Some((facts.text(key), facts.text(value?)))).collect();
    let unique_id = facts.text(id);
    let tag_sources = attributes::sources(facts, user);
    let record = PersonRecord {
        // The full id follows once the partition is known.
        id: unique_id,
        kind: PrincipalKind::Person,
        name: user.name.as_ref().map(|name| facts.text(name)),
        unique_id,
        attributes,
        tag_sources,
        enabled: user.status.as_deref() != Some("DISABLED"),
        source,
    };
    let known = facts.directory.people.entry(unique_id).or_default();
    if !known.contains(&record) {
        known.push(record);
    }
}
