//! Readers of Graph exports: recognised by content, read completely before anything is kept.

mod kind;
mod objects;

use super::{ELIGIBLE, ROLE};
use crate::error::Error;
use crate::model::application::{Consent, Federation, Given, TimedMember};
use crate::model::assignment::{AssignmentRecord, KnownPrincipal, Untold};
use crate::model::{Facts, PrincipalKind, SourceId, Tier};
use crate::provider::InputSpec;
use crate::provider::graph::{self, Of, input};
use crate::provider::input::{Input, Item};
use crate::provider::{applications, directory};
use kind::Kind;

/// Every input beside those of layers, and the command that gives it.
pub(crate) static INPUTS: &[InputSpec] = &[
    input("directory_roles", "az rest, roleManagement/directory/roleDefinitions"),
    graph::USERS,
    graph::GROUPS,
    graph::MEMBERS,
    input("administrative_units", "az rest, directory/administrativeUnits"),
    graph::SERVICE_PRINCIPALS,
    input("applications", "az ad app list --all"),
    input("consents", "az rest, oauth2PermissionGrants"),
];

/// Something read from one object, to be kept once everything was read.
enum Found {
    Directory(graph::Entry),
    Members(graph::MemberList),
    Role(directory::Role),
    Assignment(directory::Assignment),
    Service(applications::Service),
    Application(applications::Application),
    Group(directory::Group),
    Guest(String),
    Given(objects::AppRole),
    Consent(objects::Grant),
    Federation(objects::Credential),
    Timed(objects::Timed),
}

/// Reads one input. `false` if it is none of the directory's.
pub(crate) fn read(facts: &mut Facts, name: &str, text: &str) -> Result<bool, Error> {
    let Some(input) = Input::cut(name, text)? else { return Ok(false) };
    let pages: Vec<Option<Kind>> = input.pages.iter().map(|page| kind::of_page(&page.members)).collect();
    let of_page = |item: &Item<'_>| pages.get(item.page).copied().flatten();
    let kinds: Vec<Option<Kind>> = input
        .items
        .iter()
        .map(|item| match of_page(item) {
            // They are mentioned there, and need not be all there are.
            Some(list @ Kind::List(_)) => Some(list),
            page => kind::of_item(item, page).or(page),
        })
        .collect();
    let Some(first) = kinds.iter().chain(&pages).flatten().next() else { return Ok(false) };
    let mut found: Vec<Found> = Vec::new();
    for (item, kind) in input.items.iter().zip(&kinds) {
        if let Some(kind) = kind {
            object(&input, item, *kind, &mut found)?;
        }
    }
    for (number, (page, kind)) in input.pages.iter().zip(&pages).enumerate() {
        if let Some(Kind::List(of)) = kind {
            found.push(Found::Members(graph::member_page(&input, number, page, *of)?));
        }
    }
    let count = |kind| kinds.iter().filter(|known| **known == kind).count();
    // A credential of nobody knows whom is of no use.
    let placed = found.iter().filter(|found| matches!(found, Found::Federation(_))).count();
    let strangers = count(None) + count(Some(Kind::Credential)).saturating_sub(placed);
    let source = facts.source(input.report(first.name(), strangers));
    let all = input.kinds_of_pages(&pages, &kinds).into_iter().zip(&pages);
    for (number, ((kind, own), page)) in all.zip(&input.pages).enumerate() {
        match kind {
            Some(kind @ Kind::Record(of)) => {
                graph::note_records(facts, of, graph::extent(&input, number, kind, *own, &kinds));
            }
            Some(kind) => note(facts, kind, name, !page.is_cut),
            None => {}
        }
    }
    found.into_iter().for_each(|found| keep(facts, source, found));
    Ok(true)
}

fn object(input: &Input<'_>, item: &Item<'_>, kind: Kind, found: &mut Vec<Found>) -> Result<(), Error> {
    let lists = |found: &mut Vec<Found>, of| -> Result<(), Error> {
        found.extend(graph::lists(input, item, of)?.into_iter().map(Found::Members));
        Ok(())
    };
    if let Kind::Record(kind) = kind {
        let (entry, members) = graph::entry(input, item, kind)?;
        found.push(Found::Directory(entry));
        found.extend(members.into_iter().map(Found::Members));
    }
    match kind {
        Kind::Record(PrincipalKind::User) => found.extend(objects::guest(item).map(Found::Guest)),
        Kind::Record(PrincipalKind::Group) => found.push(Found::Group(directory::group(item))),
        Kind::Record(_) => found.push(Found::Service(applications::service(item))),
        Kind::Application => {
            found.push(Found::Application(input.read(item)?));
            lists(found, Of::Members)?;
        }
        Kind::Unit => lists(found, Of::Unit)?,
        Kind::Role => found.push(Found::Role(input.read(item)?)),
        Kind::ActivatedRole => {
            found.extend(directory::activated(input, item)?.into_iter().map(Found::Assignment))
        }
        Kind::Assignment(tier) => {
            found.extend(directory::assignment(input, item, tier)?.map(Found::Assignment))
        }
        Kind::AppRole => found.push(Found::Given(input.read(item)?)),
        Kind::Grant => found.push(Found::Consent(input.read(item)?)),
        Kind::Credential => {
            found.extend(objects::credential(input, item)?.map(Found::Federation));
        }
        Kind::Timed(tier) => found.extend(objects::timed(input, item, tier)?.map(Found::Timed)),
        Kind::List(_) | Kind::Request => {}
    }
    Ok(())
}

/// Notes what an input was about, also where it holds nothing.
fn note(facts: &mut Facts, kind: Kind, name: &str, whole: bool) {
    let layer = match kind {
        Kind::Assignment(Tier::Active) | Kind::ActivatedRole => Some(ROLE),
        Kind::Assignment(_) => Some(ELIGIBLE),
        Kind::AppRole => Some(super::APPLICATION),
        _ => None,
    };
    facts.told.extend(layer);
    let layer = if kind == Kind::Grant { Some(super::DELEGATED) } else { layer };
    if let Some(layer) = layer.filter(|_| !whole) {
        facts.assignments.cut.entry(layer).or_default().insert(name.to_owned());
    }
    let input = match kind {
        Kind::List(Of::Members) => graph::MEMBERS.name,
        Kind::Role => "directory_roles",
        Kind::Unit | Kind::List(Of::Unit) => "administrative_units",
        Kind::Application => "applications",
        Kind::Grant => "consents",
        _ => return,
    };
    graph::note(facts, input, whole);
}

fn keep(facts: &mut Facts, source: SourceId, found: Found) {
    let id = |facts: &mut Facts, text: &str| facts.text(&text.to_ascii_lowercase());
    match found {
        Found::Directory(entry) => graph::keep(facts, source, entry),
        Found::Members(list) => graph::keep_members(facts, source, list),
        Found::Role(role) => objects::keep_role(facts, role),
        Found::Assignment(one) => {
            directory::note_holder(facts, &one);
            let (principal, role) = (id(facts, &one.principal), id(facts, &one.role));
            let scope = facts.text(&one.scope);
            let known = KnownPrincipal { kind: one.kind, ..KnownPrincipal::default() };
            facts.assignments.know(principal, known);
            let record = AssignmentRecord {
                id: one.id.map(|text| facts.text(&text)),
                principal,
                role,
                scope,
                tier: one.tier,
                condition: if one.open { Err(Untold::Outcome) } else { Ok(None) },
                window: (one.from, one.until),
                scheduled: one.scheduled,
                itself: one.itself.map(|text| facts.text(&text)),
                further: None,
                source,
            };
            facts.assignments.assignments.push(record);
        }
        Found::Service(one) => applications::keep_service(facts, one),
        Found::Application(one) => applications::keep_application(facts, one),
        Found::Group(one) => directory::note_group(facts, &one),
        Found::Guest(user) => {
            let user = id(facts, &user);
            facts.applications.guests.insert(user);
        }
        Found::Given(one) => {
            let given = Given {
                principal: id(facts, &one.principal_id),
                of: id(facts, &one.resource_id),
                permission: id(facts, &one.app_role_id),
            };
            let (kind, _) = graph::principal_kind(one.principal_type.as_deref());
            facts.assignments.know(given.principal, KnownPrincipal { kind, ..KnownPrincipal::default() });
            facts.applications.given.insert(given);
        }
        Found::Consent(one) => {
            let mut permissions: Vec<_> = one.scope.iter().flat_map(|text| text.split_whitespace()).collect();
            permissions.sort_unstable();
            permissions.dedup();
            let permissions = permissions.into_iter().map(|text| facts.text(text)).collect();
            let everybody = one.consent_type.eq_ignore_ascii_case("AllPrincipals");
            let consent = Consent {
                client: id(facts, &one.client_id),
                principal: one.principal_id.filter(|_| !everybody).map(|text| id(facts, &text)),
                of: id(facts, &one.resource_id),
                permissions,
            };
            facts.applications.consents.insert(consent);
        }
        Found::Federation(one) => {
            let federation = Federation {
                object: id(facts, &one.object),
                issuer: facts.text(&one.issuer),
                subject: one.subject.map(|text| facts.text(&text)),
                audiences: one.audiences.iter().map(|text| facts.text(text)).collect(),
            };
            facts.applications.federations.insert(federation);
        }
        Found::Timed(one) => {
            let timed = TimedMember {
                group: id(facts, &one.group),
                principal: id(facts, &one.principal),
                owner: one.owner,
                tier: one.tier,
                until: one.until,
            };
            facts.assignments.know(timed.principal, Default::default());
            facts.applications.timed.insert(timed);
        }
    }
}
