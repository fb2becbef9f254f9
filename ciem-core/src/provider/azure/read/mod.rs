//! Readers of Azure exports: recognised by content, read completely before anything is kept.
//!
//! Each export is a list of objects, from the command line (flat) or from the API (nested under `properties`). What an
//! object is follows from its `type`, and where it has none from its members.

mod estate;
mod kind;
mod pim;
mod roles;
mod tree;

use crate::error::Error;
use crate::model::{Facts, FileReport, LayerId, PrincipalKind, SourceId};
use crate::provider::InputSpec;
use crate::provider::graph;
use crate::provider::input::{Input, Item};
use kind::Kind;
pub(super) use roles::CLASSIC;

/// Every input beside those of layers, and the command that gives it.
pub(crate) static INPUTS: &[InputSpec] = &[
    input("role_definitions", "az role definition list"),
    input("users", "az ad user list"),
    input("groups", "az ad group list"),
    input("group_members", "az ad group member list, for each group"),
    input("service_principals", "az ad sp list --all"),
    input("operations", "az provider operation list"),
];

/// Facts that can be missing beside those of layers.
pub(crate) static FACTS: &[&str] = &["role definition", "condition of a role assignment", "valid condition"];

const fn input(name: &'static str, how: &'static str) -> InputSpec {
    InputSpec { name, of_organisation: true, how }
}

/// Something read from one object, to be kept once everything was read.
enum Found {
    Role(roles::Definition),
    Assignment(roles::Assignment),
    Denial(roles::Denial),
    Node(tree::Node),
    Directory(graph::Entry),
    Members(graph::MemberList),
    Operations(Vec<(String, bool)>),
    Resource(estate::Resource),
    Eligibility(estate::GroupEligibility),
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
            page => kind::of_item(item).or(page),
        })
        .collect();
    let Some(first) = kinds.iter().chain(&pages).flatten().next() else { return Ok(false) };
    let mut found: Vec<Found> = Vec::new();
    let mut strangers = 0_u64;
    for (item, kind) in input.items.iter().zip(&kinds) {
        match kind {
            None => strangers += 1,
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
            Some(Kind::User) => directory(&input, item, PrincipalKind::User, &mut found)?,
            Some(Kind::Group) => directory(&input, item, PrincipalKind::Group, &mut found)?,
            Some(Kind::ServicePrincipal) => {
                directory(&input, item, PrincipalKind::ServicePrincipal, &mut found)?;
            }
            Some(Kind::Operations) => found.push(Found::Operations(tree::operations(&input, item)?)),
            Some(Kind::Resource) => found.push(Found::Resource(estate::resource(&input, item)?)),
            Some(Kind::Delegation) => {
                found.extend(estate::delegation(&input, item)?.into_iter().map(Found::Assignment));
            }
            Some(Kind::GroupEligibility) => {
                found.push(Found::Eligibility(estate::group_eligibility(&input, item)?));
            }
            Some(Kind::Members(_)) => {}
        }
    }
    for (number, (page, kind)) in input.pages.iter().zip(&pages).enumerate() {
        if let Some(Kind::Members(of)) = *kind {
            found.push(Found::Members(graph::member_page(&input, number, page, of)?));
        }
    }
    let errors = match strangers {
        0 => Vec::new(),
        _ => vec![format!("{strangers} objects are of no kind that is read")],
    };
    let records = input.items.len() as u64 - strangers;
    let report = FileReport { name: name.to_owned(), kind: first.name().to_owned(), records, errors };
    let source = facts.source(report);
    for (page, kind) in input.pages.iter().zip(&pages) {
        let of_items = input.items.iter().zip(&kinds);
        let first = of_items.filter(|(item, _)| std::ptr::eq(&input.pages[item.page], page));
        let kind = kind.or_else(|| first.filter_map(|(_, kind)| *kind).next());
        if let Some(kind) = kind {
            note(facts, kind, !page.is_cut);
        }
    }
    for found in found {
        keep(facts, source, found);
    }
    Ok(true)
}

fn directory(
    input: &Input<'_>,
    item: &Item<'_>,
    kind: PrincipalKind,
    found: &mut Vec<Found>,
) -> Result<(), Error> {
    let (entry, lists) = graph::entry(input, item, kind)?;
    found.push(Found::Directory(entry));
    found.extend(lists.into_iter().map(Found::Members));
    Ok(())
}

/// Notes what an input was about, also where it holds nothing.
fn note(facts: &mut Facts, kind: Kind, whole: bool) {
    let layer: Option<LayerId> = match kind {
        Kind::Schedule(crate::model::Tier::Eligible) | Kind::GroupEligibility => Some(super::ELIGIBLE),
        Kind::DenyAssignment => Some(super::DENY),
        Kind::ManagementGroup => Some(super::TREE),
        _ => None,
    };
    facts.told.extend(layer);
    let kinds: &[PrincipalKind] = match kind {
        Kind::User => &[PrincipalKind::User],
        Kind::Group => &[PrincipalKind::Group],
        Kind::ServicePrincipal => &[PrincipalKind::ServicePrincipal, PrincipalKind::ManagedIdentity],
        _ => &[],
    };
    for &kind in kinds {
        *facts.assignments.directory.entry(kind).or_insert(true) &= whole;
    }
    let input = match kind {
        Kind::RoleDefinition => "role_definitions",
        Kind::User => "users",
        Kind::Group => "groups",
        Kind::Members(graph::Of::Members) => "group_members",
        Kind::ServicePrincipal => "service_principals",
        Kind::Operations => "operations",
        _ => return,
    };
    *facts.coverage.given.entry((String::new(), input)).or_insert(true) &= whole;
}

fn keep(facts: &mut Facts, source: SourceId, found: Found) {
    match found {
        Found::Role(role) => roles::keep_definition(facts, role),
        Found::Assignment(assignment) => roles::keep_assignment(facts, source, assignment),
        Found::Denial(denial) => roles::keep_denial(facts, source, denial),
        Found::Node(node) => tree::keep(facts, node),
        Found::Directory(entry) => graph::keep(facts, source, entry),
        Found::Members(members) => graph::keep_members(facts, source, members),
        Found::Resource(resource) => estate::keep_resource(facts, source, resource),
        Found::Eligibility(one) => estate::keep_eligibility(facts, source, &one),
        Found::Operations(operations) => tree::keep_operations(facts, operations),
    }
}
