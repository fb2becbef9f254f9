//! People, groups and service principals of the directory, as far as memberships need them.

use super::kind::Kind;
use crate::error::{Error, Place};
use crate::model::assignment::KnownPrincipal;
use crate::model::{Facts, PrincipalKind, SourceId};
use crate::provider::input::{Input, Item, Page};
use serde::Deserialize;

/// A record of the directory.
pub(super) struct Entry {
    id: String,
    kind: PrincipalKind,
    name: Option<String>,
    /// The directory's own record, and not a mention of it.
    recorded: bool,
}

/// Direct members of a group.
pub(super) struct MemberList {
    group: String,
    members: Vec<Entry>,
    complete: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawEntry {
    id: String,
    #[serde(rename = "@odata.type")]
    odata_type: Option<String>,
    user_principal_name: Option<String>,
    display_name: Option<String>,
    service_principal_type: Option<String>,
    members: Option<Vec<RawEntry>>,
    #[serde(rename = "members@odata.nextLink")]
    more_members: Option<String>,
}

impl RawEntry {
    fn kind(&self) -> Option<PrincipalKind> {
        match self.odata_type.as_deref() {
            Some("#microsoft.graph.user") => Some(PrincipalKind::User),
            Some("#microsoft.graph.group") => Some(PrincipalKind::Group),
            Some("#microsoft.graph.servicePrincipal") => Some(self.service_principal()),
            _ if self.user_principal_name.is_some() => Some(PrincipalKind::User),
            _ if self.service_principal_type.is_some() => Some(self.service_principal()),
            _ => None,
        }
    }

    fn service_principal(&self) -> PrincipalKind {
        match self.service_principal_type.as_deref() {
            Some("ManagedIdentity") => PrincipalKind::ManagedIdentity,
            _ => PrincipalKind::ServicePrincipal,
        }
    }

    fn entry(self, kind: Option<PrincipalKind>, recorded: bool) -> Entry {
        let kind = kind.or(self.kind()).unwrap_or(PrincipalKind::External);
        Entry { id: self.id, kind, name: self.user_principal_name.or(self.display_name), recorded }
    }
}

/// Most members that an expanded list can hold: a list of so many may have been cut short.
const EXPANDED: usize = 20;

pub(super) fn entry(
    input: &Input<'_>,
    item: &Item<'_>,
    kind: Option<Kind>,
) -> Result<(Entry, Option<MemberList>), Error> {
    let mut raw: RawEntry = input.read(item)?;
    let kind = match kind {
        Some(Kind::User) => PrincipalKind::User,
        Some(Kind::Group) => PrincipalKind::Group,
        _ => raw.service_principal(),
    };
    let complete = raw.more_members.is_none();
    let members = raw.members.take().filter(|_| kind == PrincipalKind::Group).map(|members| MemberList {
        group: raw.id.clone(),
        complete: complete && members.len() < EXPANDED,
        members: members.into_iter().map(|member| member.entry(None, false)).collect(),
    });
    Ok((raw.entry(Some(kind), true), members))
}

/// The members of one group, in a list beside the group's id.
pub(super) fn member_page(input: &Input<'_>, number: usize, page: &Page<'_>) -> Result<MemberList, Error> {
    let Some(group) = page.members.text("groupId") else {
        return Err(Error::malformed("a list of members stands beside a `groupId`", Place::default()));
    };
    let items = input.items.iter().filter(|item| item.page == number);
    let members = items.map(|item| Ok(input.read::<RawEntry>(item)?.entry(None, false)));
    Ok(MemberList {
        group: group.into_owned(),
        members: members.collect::<Result<_, Error>>()?,
        complete: !page.is_cut,
    })
}

pub(super) fn keep(facts: &mut Facts, source: SourceId, entry: Entry) {
    let id = facts.text(&entry.id.to_ascii_lowercase());
    let known = KnownPrincipal {
        kind: Some(entry.kind).filter(|kind| *kind != PrincipalKind::External),
        name: entry.name.map(|name| facts.text(&name)),
        recorded: entry.recorded,
        foreign: false,
        source: Some(source),
    };
    facts.assignments.know(id, known);
}

pub(super) fn keep_members(facts: &mut Facts, source: SourceId, list: MemberList) {
    let group = facts.text(&list.group.to_ascii_lowercase());
    let known = KnownPrincipal {
        kind: Some(PrincipalKind::Group),
        source: Some(source),
        ..KnownPrincipal::default()
    };
    facts.assignments.know(group, known);
    let ids: Vec<_> = list.members.iter().map(|member| facts.text(&member.id.to_ascii_lowercase())).collect();
    let members = facts.assignments.members.entry(group).or_default();
    members.ids.extend(ids);
    members.complete |= list.complete;
    list.members.into_iter().for_each(|member| keep(facts, source, member));
}
