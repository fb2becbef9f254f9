//! People, groups and service principals of a Graph directory, who is in which group and who owns what: what every
//! provider of that family needs of it.

use crate::base::Text;
use crate::condition::MissingFact;
use crate::error::{Error, Place};
use crate::model::assignment::{Assignments, KnownPrincipal};
use crate::model::{Facts, LayerId, PrincipalKind, SourceId};
use crate::provider::input::{Input, Item, Object, Page};
use crate::provider::{InputSpec, LayerSpec};
use serde::Deserialize;
use std::collections::BTreeSet;

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

/// How much of the directory's list of a kind some records are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Extent {
    Whole,
    /// More pages of the list follow.
    Cut,
    /// Records that were asked for one by one, or as members of something: nobody said that there are no others.
    Some,
}

/// How much of their list the records of a page are: `kind` is what they are taken for, `own` what the page itself says
/// that they are, `kinds` what each of all objects is.
pub(crate) fn extent<K: Copy + PartialEq>(
    input: &Input<'_>,
    number: usize,
    kind: K,
    own: Option<K>,
    kinds: &[Option<K>],
) -> Extent {
    let Some(page) = input.pages.get(number) else { return Extent::Some };
    let told = own == Some(kind);
    let alike = kinds.get(input.places_of_page(number)).unwrap_or_default();
    let alike = alike.iter().all(|other| *other == Some(kind));
    // Graph tells the type of each object only where a list has objects of several: members, owners.
    let of_several = !told
        && (page.members.has("@odata.context")
            || input.of_page(number).iter().any(|item| item.members.has("@odata.type")));
    match (page.is_cut, !page.is_alone && alike && !of_several) {
        (_, false) => Extent::Some,
        (true, true) => Extent::Cut,
        (false, true) => Extent::Whole,
    }
}

/// Notes that the directory's records of a kind were given.
pub(crate) fn note_records(facts: &mut Facts, kind: PrincipalKind, extent: Extent) {
    let (kinds, input): (&[PrincipalKind], _) = match kind {
        PrincipalKind::User => (&[PrincipalKind::User], USERS),
        PrincipalKind::Group => (&[PrincipalKind::Group], GROUPS),
        _ => (&[PrincipalKind::ServicePrincipal, PrincipalKind::ManagedIdentity], SERVICE_PRINCIPALS),
    };
    if extent == Extent::Some {
        facts.assignments.in_part.insert(input.name);
        return;
    }
    let whole = extent == Extent::Whole;
    for &kind in kinds {
        *facts.assignments.directory.entry(kind).or_insert(true) &= whole;
    }
    note(facts, input.name, whole);
}

/// Notes the inputs of which only some records were given, once all inputs were read.
pub(crate) fn note_parts(facts: &mut Facts, all: &Assignments) {
    for &input in &all.in_part {
        facts.coverage.given.entry((String::new(), input)).or_insert(false);
    }
}

/// Principals that are named somewhere and that the directory, of which all was read, does not have.
pub(crate) fn deleted(all: &Assignments) -> BTreeSet<Text> {
    let read = |kind: PrincipalKind| all.directory.get(&kind).copied().unwrap_or_default();
    let gone = |kind: Option<PrincipalKind>| match kind {
        Some(kind) => read(kind),
        None => {
            [PrincipalKind::User, PrincipalKind::Group, PrincipalKind::ServicePrincipal].into_iter().all(read)
        }
    };
    let named = all.principals.iter().filter(|(_, known)| !known.recorded && !known.foreign);
    named.filter(|(_, known)| gone(known.kind)).map(|(&id, _)| id).collect()
}

/// What is missing where a list ends though more of it follows.
pub(crate) const REST: &str = "rest of a list";

/// What is missing of a layer: for each input that ends where more of its list follows, its name and the fact.
pub(crate) fn rest(all: &Assignments, layers: &[LayerSpec], layer: LayerId) -> Vec<MissingFact> {
    let Some(spec) = layers.iter().find(|spec| spec.id == layer) else { return Vec::new() };
    let (what, how) = spec.missing;
    let fact = |page: &String| MissingFact {
        fact: REST.to_owned(),
        subject: format!("{what} that follow {page}"),
        how: how.to_owned(),
    };
    all.cut.get(&layer).into_iter().flatten().map(fact).collect()
}

/// Notes in the coverage which layers are known in part, because lists were cut.
pub(crate) fn note_cut(facts: &mut Facts, all: &Assignments, layers: &[LayerSpec], account: &str) {
    for (layer, pages) in &all.cut {
        let Some(spec) = layers.iter().find(|spec| spec.id == *layer) else { continue };
        let pages: Vec<&str> = pages.iter().map(String::as_str).collect();
        let why = format!("{} says that more follow, which were not given", pages.join(", "));
        facts.coverage.partial.insert((account.to_owned(), spec.name.to_owned()), why);
    }
}

/// The kind of principal that a type of Graph names.
pub(crate) fn kind_of_type(text: &str) -> Option<PrincipalKind> {
    let types = [
        ("#microsoft.graph.user", PrincipalKind::User),
        ("#microsoft.graph.group", PrincipalKind::Group),
        ("#microsoft.graph.servicePrincipal", PrincipalKind::ServicePrincipal),
    ];
    types.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, kind)| kind)
}

/// The kind that an assignment tells, and whether the principal is of another directory.
pub(crate) fn principal_kind(text: Option<&str>) -> (Option<PrincipalKind>, bool) {
    match text.map(str::to_ascii_lowercase).as_deref() {
        Some("user") => (Some(PrincipalKind::User), false),
        Some("group") => (Some(PrincipalKind::Group), false),
        Some("serviceprincipal" | "msi") => (Some(PrincipalKind::ServicePrincipal), false),
        Some("foreigngroup") => (Some(PrincipalKind::Group), true),
        _ => (None, false),
    }
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
        match self.odata_type.as_deref().and_then(kind_of_type) {
            Some(PrincipalKind::ServicePrincipal) => Some(self.service_principal()),
            Some(kind) => Some(kind),
            _ if self.user_principal_name.is_some() => Some(PrincipalKind::User),
            _ if self.service_principal_type.is_some() => Some(self.service_principal()),
            _ => None,
        }
    }

    fn service_principal(&self) -> PrincipalKind {
        let told = self.service_principal_type.as_deref();
        match told.is_some_and(|kind| kind.eq_ignore_ascii_case("ManagedIdentity")) {
            true => PrincipalKind::ManagedIdentity,
            false => PrincipalKind::ServicePrincipal,
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
