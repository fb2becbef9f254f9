//! What one statement says of all permissions at once: how far it applies, and to which of them.

use super::leaf::Scene;
use super::question::{Asked, Part};
use crate::base::{Intervals, Text};
use crate::condition::Tri;
use crate::snapshot::estate::Estate;
use crate::snapshot::library::{PatternEntry, Place, Stmt};

/// How far a statement applies, and to which of its permissions: a pattern that only overlaps the asked one
/// speaks of the permissions that can act on what it matches. `condition` tells how far its condition holds.
pub(super) fn speak(
    estate: &Estate,
    part: &Part,
    scene: &Scene<'_>,
    statement: &Stmt,
    condition: impl FnOnce() -> Tri,
    mut found: impl FnMut(Tri, &Intervals),
) {
    let universal = matches!(&part.asked, Asked::Pattern(pattern) if pattern.is_any());
    // Documents of the request were not compared with the resources that are known.
    let everywhere = universal && std::ptr::eq(scene.library, &estate.library);
    let elsewhere = |account: Text| match scene.own_account {
        Some((_, own)) => scene.library.texts.get(account) != own,
        None => false,
    };
    if let (true, Some(somewhere)) = (everywhere, statement.somewhere) {
        // The set of the whole statement holds these: it need not be looked at.
        let actions = &scene.library.action_sets[somewhere.actions];
        let speaks = !somewhere.account.is_some_and(elsewhere) && !actions.is_empty();
        if speaks && condition() != Tri::No {
            found(Tri::Maybe, actions);
        }
        return;
    }
    let actions = &scene.library.action_sets[statement.actions];
    if actions.is_empty() {
        return;
    }
    let set = &scene.library.resource_sets[statement.resources];
    if everywhere {
        let patterns = || set.items.iter().map(|&item| scene.library.patterns[item]);
        if !set.negated && patterns().all(|entry| entry.place != Place::Open) {
            // Each has its place: none of them needs to be compared with what is asked.
            if condition() != Tri::No {
                let ours = |entry: &PatternEntry| !matches!(entry.place, Place::Account(id) if elsewhere(id));
                for entry in patterns().filter(ours) {
                    found(Tri::Maybe, &actions.intersect(&scene.library.action_sets[entry.applicable]));
                }
            }
            return;
        }
    }
    let condition = condition();
    if condition == Tri::No {
        return;
    }
    let everything = set.is_everything();
    // Permissions without resource are asked on `*`: only `*`, or a list of exceptions, speaks of them.
    let star = if everything || set.negated && !set.items.is_empty() { Tri::Yes } else { Tri::No };
    if everything {
        found(condition, actions);
        return;
    }
    if star == Tri::Yes {
        let on_nothing = actions.intersect(estate.universe.without_resource());
        if !on_nothing.is_empty() {
            found(condition, &on_nothing);
        }
    }
    let acting = actions.intersect(estate.universe.with_resource());
    if acting.is_empty() || part.asked == Asked::Nothing {
        return;
    }
    let wild = matches!(part.asked, Asked::Pattern(_));
    if !wild || set.negated {
        // The degree does not hang on the permission, but for patterns it cannot act on, which only narrow.
        let degree = match (set.negated, wild) {
            (true, true) => Tri::Maybe.max(unnarrowed(scene, statement)),
            _ => scene.resources(statement.resources),
        };
        if degree != Tri::No {
            found(Tri::and(degree, condition), &acting);
        }
        return;
    }
    for &item in &set.items {
        let entry = scene.library.patterns[item];
        let applicable = acting.intersect(&scene.library.action_sets[entry.applicable]);
        let degree = scene.item_degree(entry);
        match degree {
            Tri::No => {}
            // A pattern that contains the asked one holds for all of them.
            Tri::Yes => found(condition, &acting),
            Tri::Maybe if universal || !applicable.is_empty() => {
                found(Tri::and(Tri::Maybe, condition), &applicable);
            }
            Tri::Maybe => {}
        }
    }
}

/// Whether an exclusion surely leaves all of the asked pattern; its patterns are not narrowed to what the
/// permission can act on, which would only make it surer.
fn unnarrowed(scene: &Scene<'_>, statement: &Stmt) -> Tri {
    let set = &scene.library.resource_sets[statement.resources];
    let disjoint = set.items.iter().all(|&item| scene.item_degree(scene.library.patterns[item]) == Tri::No);
    if disjoint { Tri::Yes } else { Tri::Maybe }
}
