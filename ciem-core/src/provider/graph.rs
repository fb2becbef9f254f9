//! People, groups and service principals of a Graph directory, who is in which group and who owns what: what every
//! provider of that family needs of it.

use crate::error::{Error, Place};
use crate::model::assignment::KnownPrincipal;
use crate::model::{Facts, PrincipalKind, SourceId};
use crate::provider::InputSpec;
use crate::provider::input::{Input, Item, Object, Page};
use serde::Deserialize;

pub(crate) const USERS: InputSpec = input("users", "az ad user list");
pub(crate) const GROUPS: InputSpec = input("groups", "az ad group list");
pub(crate) const MEMBERS: InputSpec = input("group_members", "az ad group member list, for each group");
pub(crate) const SERVICE_PRINCIPALS: InputSpec = input("service_principals", "az ad sp list --all");

/// An input that is given once for the whole directory, and the command that gives it.
pub(crate) const fn input(name: &'static str, how: &'static str) -> InputSpec {
    InputSpec { name, of_organisation: true, how }
}

/// Notes that an input of the directory was given, also where it holds nothing; or a part of it.
pub(crate) fn note(facts: &mut Facts, input: &'static str, whole: bool) {
    *facts.coverage.given.entry((String::new(), input)).or_insert(true) &= whole;
}

/// Notes that the directory's records of a kind were given.
pub(crate) fn note_records(facts: &mut Facts, kind: PrincipalKind, whole: bool) {
    let (kinds, input): (&[PrincipalKind], _) = match kind {
        PrincipalKind::User => (&[PrincipalKind::User], USERS),
        PrincipalKind::Group => (&[PrincipalKind::Group], GROUPS),
        _ => (&[PrincipalKind::ServicePrincipal, PrincipalKind::ManagedIdentity], SERVICE_PRINCIPALS),
    };
    for &kind in kinds {
        *facts.assignments.directory.entry(kind).or_insert(true) &= whole;
    }
    note(facts, input.name, whole);
}

/// A record of the directory.
pub(crate) struct Entry {
    id: String,
    kind: PrincipalKind,
    name: Option<String>,
    /// The directory's own record, and not a mention of it.
    recorded: bool,
}

/// What a list beside the id of an object is of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Of {
    Members,
    Owners,
    /// Members of an administrative unit.
    Unit,
}

impl Of {
    /// The member of a page that has the object's id.
    pub(crate) fn page_key(self) -> &'static str {
        match self {
            Of::Members => "groupId",
            Of::Owners => "ownersOf",
            Of::Unit => "administrativeUnitId",
        }
    }

    /// What a page is a list of, where an id stands beside the list.
    pub(crate) fn page(page: &Object<'_>) -> Option<Of> {
        let all = [Of::Members, Of::Owners, Of::Unit];
        let has_list = page.has("value") || page.has("members");
        all.into_iter().find(|of| has_list && page.has(of.page_key()))
    }
}

/// Direct members of a group or unit, or owners of an object.
pub(crate) struct MemberList {
    of: Of,
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
    owners: Option<Vec<RawEntry>>,
    #[serde(rename = "owners@odata.nextLink")]
    more_owners: Option<String>,
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

/// A record, and the lists that it holds; `kind` where the record's place tells it.
pub(crate) fn entry(
    input: &Input<'_>,
    item: &Item<'_>,
    kind: PrincipalKind,
) -> Result<(Entry, Vec<MemberList>), Error> {
    let mut raw: RawEntry = input.read(item)?;
    let kind = if kind == PrincipalKind::ServicePrincipal { raw.service_principal() } else { kind };
    let members = raw.members.take().filter(|_| kind == PrincipalKind::Group);
    let lists = [
        (Of::Members, members, raw.more_members.is_none()),
        (Of::Owners, raw.owners.take(), raw.more_owners.is_none()),
    ];
    let lists =
        lists.into_iter().filter_map(|(of, list, complete)| Some(expanded(of, &raw.id, list?, complete)));
    let lists = lists.collect();
    Ok((raw.entry(Some(kind), true), lists))
}

/// The lists that a record of another kind holds.
pub(crate) fn lists(input: &Input<'_>, item: &Item<'_>, members: Of) -> Result<Vec<MemberList>, Error> {
    let mut raw: RawEntry = input.read(item)?;
    let found = [
        (members, raw.members.take(), raw.more_members.is_none()),
        (Of::Owners, raw.owners.take(), raw.more_owners.is_none()),
    ];
    let found =
        found.into_iter().filter_map(|(of, list, complete)| Some(expanded(of, &raw.id, list?, complete)));
    Ok(found.collect())
}

fn expanded(of: Of, id: &str, list: Vec<RawEntry>, complete: bool) -> MemberList {
    MemberList {
        of,
        group: id.to_owned(),
        complete: complete && list.len() < EXPANDED,
        members: list.into_iter().map(|member| member.entry(None, false)).collect(),
    }
}

/// The members or owners of one object, in a list beside the object's id.
pub(crate) fn member_page(
    input: &Input<'_>,
    number: usize,
    page: &Page<'_>,
    of: Of,
) -> Result<MemberList, Error> {
    let key = of.page_key();
    let Some(group) = page.members.text(key) else {
        let reason = format!("the list stands beside `{key}`, a text");
        return Err(Error::malformed(reason, Place::default()));
    };
    let members =
        input.of_page(number).iter().map(|item| Ok(input.read::<RawEntry>(item)?.entry(None, false)));
    Ok(MemberList {
        of,
        group: group.into_owned(),
        members: members.collect::<Result<_, Error>>()?,
        complete: !page.is_cut,
    })
}

pub(crate) fn keep(facts: &mut Facts, source: SourceId, entry: Entry) {
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

pub(crate) fn keep_members(facts: &mut Facts, source: SourceId, list: MemberList) {
    let group = facts.text(&list.group.to_ascii_lowercase());
    if list.of == Of::Members {
        let known = KnownPrincipal {
            kind: Some(PrincipalKind::Group),
            source: Some(source),
            ..KnownPrincipal::default()
        };
        facts.assignments.know(group, known);
    }
    let ids: Vec<_> = list.members.iter().map(|member| facts.text(&member.id.to_ascii_lowercase())).collect();
    let lists = match list.of {
        Of::Members => &mut facts.assignments.members,
        Of::Owners => &mut facts.assignments.owners,
        Of::Unit => &mut facts.assignments.units,
    };
    let members = lists.entry(group).or_default();
    members.ids.extend(ids);
    members.complete |= list.complete;
    list.members.into_iter().for_each(|member| keep(facts, source, member));
}
