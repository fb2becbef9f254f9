//! Readers of Azure exports: recognised by content, read completely before anything is kept.
//!
//! Each export is a list of objects, from the command line (flat) or from the API (nested under `properties`). What an
//! object is follows from its `type`, and where it has none from its members.

mod estate;
mod kind;
mod pim;
pub(super) mod roles;
mod tree;

use crate::error::Error;
use crate::model::{Facts, LayerId, PrincipalKind, SourceId, Tier};
use crate::provider::InputSpec;
use crate::provider::graph::{self, Of, input};
use crate::provider::input::Input;
use crate::provider::{applications, directory};
use kind::Kind;
pub(super) use roles::CLASSIC;
pub(super) use tree::access;

/// Every input beside those of layers, and the command that gives it.
pub(crate) static INPUTS: &[InputSpec] = &[
    input("role_definitions", "az role definition list"),
    graph::USERS,
    graph::GROUPS,
    graph::MEMBERS,
    graph::SERVICE_PRINCIPALS,
    input("operations", "az provider operation list"),
];

/// Facts that can be missing beside those of layers.
pub(crate) static FACTS: &[&str] = &[
    "role definition",
    "condition of a role assignment",
    "valid condition",
    super::documents::PATTERN,
    super::left::CUT,
    graph::REST,
    directory::RULE,
];

/// Something read from one object, to be kept once everything was read.
enum Found {
    Role(roles::Definition),
    Assignment(roles::Assignment),
    Denial(roles::Denial),
    Node(tree::Node),
    Directory(graph::Entry),
    Service(applications::Service),
    Application(applications::Application),
    Group(directory::Group),
    DirectoryRole(directory::Role),
    Holder(directory::Assignment),
    Members(graph::MemberList),
    Operations(Vec<(String, bool)>),
    Resource(estate::Resource),
    Membership(estate::Membership),
}

/// Reads one input. `false` if it is none of Azure's.
pub(crate) fn read(facts: &mut Facts, name: &str, text: &str) -> Result<bool, Error> {
    let Some(input) = Input::cut(name, text)? else { return Ok(false) };
    let pages: Vec<Option<Kind>> = input.pages.iter().map(|page| kind::of_page(&page.members)).collect();
    let kinds: Vec<Option<Kind>> = input
        .items
        .iter()
        .map(|item| match pages.get(item.page).copied().flatten() {
            // They are mentioned there, and need not be all there are.
            Some(members @ Kind::Members(_)) => Some(members),
            page => kind::of_item(item, page).or(page),
        })
        .collect();
    let Some(first) = kinds.iter().chain(&pages).flatten().next() else { return Ok(false) };
    let mut found: Vec<Found> = Vec::new();
    for (item, kind) in input.items.iter().zip(&kinds) {
        match kind {
            Some(Kind::RoleDefinition) => found.push(Found::Role(roles::definition(&input, item)?)),
            Some(Kind::RoleAssignment) => found.push(Found::Assignment(roles::assignment(&input, item)?)),
            Some(Kind::Schedule(tier)) => {
                found.extend(pim::schedule(&input, item, *tier)?.map(Found::Assignment));
            }
            Some(Kind::DenyAssignment) => found.push(Found::Denial(roles::denial(&input, item)?)),
            Some(Kind::ClassicAdministrator) => {
                found.extend(roles::classic(&input, item)?.into_iter().map(Found::Assignment));
            }
            Some(Kind::ManagementGroup) => {
                found.extend(tree::group(&input, item)?.into_iter().map(Found::Node));
            }
            Some(Kind::Subscription) => found.push(Found::Node(tree::subscription(&input, item)?)),
            Some(Kind::Record(kind)) => {
                let (entry, lists) = graph::entry(&input, item, *kind)?;
                found.push(Found::Directory(entry));
                found.extend(lists.into_iter().map(Found::Members));
                match kind {
                    PrincipalKind::ServicePrincipal => {
                        found.push(Found::Service(applications::service(item)));
                    }
                    PrincipalKind::Group => found.push(Found::Group(directory::group(item))),
                    _ => {}
                }
            }
            Some(Kind::Application) => {
                found.push(Found::Application(input.read(item)?));
                found.extend(graph::lists(&input, item, Of::Members)?.into_iter().map(Found::Members));
            }
            Some(Kind::Operations) => found.push(Found::Operations(tree::operations(&input, item)?)),
            Some(Kind::Resource) => found.push(Found::Resource(estate::resource(&input, item)?)),
            Some(Kind::Delegation) => {
                found.extend(estate::delegation(&input, item)?.into_iter().map(Found::Assignment));
            }
            Some(Kind::GroupSchedule(tier)) => {
                found.extend(estate::membership(&input, item, *tier)?.map(Found::Membership));
            }
            Some(Kind::DirectoryRole) => found.push(Found::DirectoryRole(input.read(item)?)),
            Some(Kind::ActivatedRole) => {
                found.extend(directory::activated(&input, item)?.into_iter().map(Found::Holder));
            }
            Some(Kind::DirectoryAssignment(tier)) => {
                found.extend(directory::assignment(&input, item, *tier)?.map(Found::Holder));
            }
            Some(Kind::Members(_) | Kind::Request) | None => {}
        }
    }
    for (number, (page, kind)) in input.pages.iter().zip(&pages).enumerate() {
        if let Some(Kind::Members(of)) = *kind {
            found.push(Found::Members(graph::member_page(&input, number, page, of)?));
        }
    }
    let strangers = kinds.iter().filter(|kind| kind.is_none()).count();
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
    for found in found {
        keep(facts, source, found);
    }
    Ok(true)
}

/// Notes what an input was about, also where it holds nothing.
fn note(facts: &mut Facts, kind: Kind, name: &str, whole: bool) {
    let layer: Option<LayerId> = match kind {
        Kind::Schedule(Tier::Eligible) | Kind::GroupSchedule(Tier::Eligible) => Some(super::ELIGIBLE),
        Kind::DenyAssignment => Some(super::DENY),
        Kind::ManagementGroup => Some(super::TREE),
        _ => None,
    };
    facts.told.extend(layer);
    let layer = match kind {
        Kind::GroupSchedule(Tier::Eligible) => Some(super::MEMBERSHIP),
        Kind::RoleAssignment
        | Kind::Schedule(Tier::Active)
        | Kind::ClassicAdministrator
        | Kind::Delegation => Some(super::ROLE),
        _ => layer,
    };
    if let Some(layer) = layer.filter(|_| !whole) {
        facts.assignments.cut.entry(layer).or_default().insert(name.to_owned());
    }
    match kind {
        Kind::Members(Of::Members) => graph::note(facts, graph::MEMBERS.name, whole),
        Kind::RoleDefinition => graph::note(facts, "role_definitions", whole),
        Kind::Operations => graph::note(facts, "operations", whole),
        _ => {}
    }
}

fn keep(facts: &mut Facts, source: SourceId, found: Found) {
    match found {
        Found::Role(role) => roles::keep_definition(facts, role),
        Found::Assignment(assignment) => roles::keep_assignment(facts, source, assignment),
        Found::Denial(denial) => roles::keep_denial(facts, source, denial),
        Found::Node(node) => tree::keep(facts, node),
        Found::Directory(entry) => graph::keep(facts, source, entry),
        Found::Service(service) => applications::keep_service(facts, service),
        Found::Application(application) => applications::keep_application(facts, application),
        Found::Group(group) => directory::note_group(facts, &group),
        Found::DirectoryRole(role) => drop(directory::note_role(facts, &role)),
        Found::Holder(one) => directory::note_holder(facts, &one),
        Found::Members(members) => graph::keep_members(facts, source, members),
        Found::Resource(resource) => estate::keep_resource(facts, source, resource),
        Found::Membership(one) => estate::keep_membership(facts, source, &one),
        Found::Operations(operations) => tree::keep_operations(facts, operations),
    }
}
