//! Roles that there are already: which can be used, in place of mined ones or before them, and which are like them.

use super::answer::{Note, Overlap};
use super::assignments::Relation;
use super::limits::Limits;
use super::lists::is_within;
use super::meter::Meter;
use super::options::ExistingRole;
use super::roles::{Coverage, Role};
use crate::error::Error;

/// The existing roles by numbers; what is not in the assignments is left out, and remembered by its count.
#[derive(Debug, Default)]
pub(super) struct Existing {
    roles: Vec<Known>,
    /// Their members, for those that keep them.
    pub(super) members: Vec<Vec<u32>>,
}

#[derive(Debug)]
struct Known {
    name: String,
    rights: Vec<u32>,
    /// Distinct rights and members, those that are not in the assignments included.
    all_rights: usize,
    all_users: usize,
}

impl Existing {
    pub(super) fn of(relation: &Relation, given: &[ExistingRole]) -> Self {
        let mut existing = Existing::default();
        for role in given {
            let (rights, all_rights) = numbers(&role.permissions, |text| relation.permissions.find(text));
            let (users, all_users) = numbers(&role.users, |text| relation.users.find(text));
            existing.roles.push(Known { name: role.name.clone(), rights, all_rights, all_users });
            existing.members.push(users);
        }
        existing
    }

    pub(super) fn is_empty(&self) -> bool {
        self.roles.is_empty()
    }

    /// The roles that somebody can have without getting more than it has, with all such users.
    pub(super) fn usable(
        &self,
        relation: &Relation,
        limits: &Limits,
        meter: &mut Meter<'_>,
    ) -> Result<Vec<Role>, Error> {
        let holders = relation.held.inverted(relation.permissions.len(), meter)?;
        let mut usable = Vec::new();
        for (at, known) in self.roles.iter().enumerate() {
            // One that gives something that nobody has would give its members more.
            if known.rights.len() < known.all_rights || !limits.allows(&known.rights) {
                continue;
            }
            let Some(&rarest) = known.rights.iter().min_by_key(|&&right| holders.range(right).len()) else {
                continue;
            };
            let mut users = holders.get(rarest).to_vec();
            meter.step((users.len() * known.rights.len()) as u64)?;
            users.retain(|&user| is_within(&known.rights, relation.held.get(user)));
            if !users.is_empty() {
                usable.push(Role { users, rights: known.rights.clone(), existing: Some(at) });
            }
        }
        Ok(usable)
    }

    /// Puts existing roles in the place of mined ones wherever everything stays covered.
    pub(super) fn substitute(
        relation: &Relation,
        usable: &[Role],
        roles: &mut [Role],
        meter: &mut Meter<'_>,
    ) -> Result<(), Error> {
        let mut coverage = Coverage::of(relation, roles, meter)?;
        let rights: u64 = roles.iter().map(|role| role.rights.len() as u64).sum();
        for known in usable {
            if meter.is_spent() {
                return Ok(());
            }
            meter.step(4 * rights)?;
            let shared = |role: &Role| {
                role.rights.iter().filter(|right| known.rights.binary_search(right).is_ok()).count()
            };
            let mut order: Vec<(usize, usize)> = roles
                .iter()
                .enumerate()
                .filter(|(_, role)| role.existing.is_none())
                .map(|(at, role)| (shared(role), at))
                .filter(|(shared, _)| *shared > 0)
                .collect();
            order.sort_by_key(|&(shared, at)| (std::cmp::Reverse(shared), at));
            for (_, at) in order {
                if meter.is_spent() {
                    return Ok(());
                }
                meter.step(roles[at].pairs())?;
                if can_stand_for(&coverage, known, &roles[at]) {
                    coverage.remove(&roles[at].users, &roles[at].rights);
                    coverage.add(known, meter)?;
                    roles[at] = known.clone();
                    break;
                }
            }
        }
        Ok(())
    }

    /// What is to be said of each role: how like an existing one it is.
    pub(super) fn notes(
        &self,
        relation: &Relation,
        roles: &[Role],
        meter: &mut Meter<'_>,
    ) -> Result<Vec<Note>, Error> {
        let overlap = |role: &Role, known: &Known, members: &[u32]| {
            let rights = jaccard(&role.rights, &known.rights, known.all_rights);
            let users = (known.all_users > 0).then(|| jaccard(&role.users, members, known.all_users));
            Overlap { name: known.name.clone(), permissions: rights, users }
        };
        let mut having: Vec<Vec<u32>> =
            vec![Vec::new(); if self.is_empty() { 0 } else { relation.permissions.len() }];
        for (at, known) in (0u32..).zip(&self.roles) {
            known.rights.iter().for_each(|&right| having[right as usize].push(at));
        }
        let mut notes = Vec::with_capacity(roles.len());
        for role in roles {
            let mut candidates: Vec<u32> = role
                .rights
                .iter()
                .filter_map(|&right| having.get(right as usize))
                .flatten()
                .copied()
                .collect();
            meter.step(4 * (role.rights.len() + candidates.len()) as u64)?;
            candidates.sort_unstable();
            candidates.dedup();
            let overlaps = candidates.iter().map(|&at| {
                let at = at as usize;
                (role.existing == Some(at), overlap(role, &self.roles[at], &self.members[at]))
            });
            // The first of the most alike: `max_by` would take the last.
            let closest = overlaps.fold(None, |best: Option<(bool, Overlap)>, next| match best {
                Some(best) if likeness(&best) >= likeness(&next) => Some(best),
                _ => Some(next),
            });
            let name = closest.as_ref().filter(|(used, _)| *used).map(|(_, overlap)| overlap.name.clone());
            notes.push(Note { closest: closest.map(|(_, overlap)| overlap), name, ..Note::default() });
        }
        Ok(notes)
    }
}

fn likeness((used, overlap): &(bool, Overlap)) -> (bool, f64, f64) {
    (*used, overlap.permissions, overlap.users.unwrap_or(0.0))
}

/// Whether `known` accounts for everything that only `role` accounts for.
fn can_stand_for(coverage: &Coverage<'_>, known: &Role, role: &Role) -> bool {
    let foreign: Vec<u32> =
        role.rights.iter().copied().filter(|right| known.rights.binary_search(right).is_err()).collect();
    role.users.iter().all(|&user| {
        if known.users.binary_search(&user).is_ok() {
            coverage.is_spare(user, &foreign)
        } else {
            coverage.is_spare(user, &role.rights)
        }
    })
}

/// The numbers of distinct texts that have one, sorted, and how many distinct texts there are.
fn numbers(texts: &[String], find: impl Fn(&str) -> Option<u32>) -> (Vec<u32>, usize) {
    let mut distinct: Vec<&String> = texts.iter().collect();
    distinct.sort_unstable();
    distinct.dedup();
    // Numbers are in the order of the texts.
    (distinct.iter().filter_map(|text| find(text)).collect(), distinct.len())
}

/// Items of both as a share of items of either; `all` counts those of `b` that have no number, too.
fn jaccard(a: &[u32], b: &[u32], all: usize) -> f64 {
    let both = a.iter().filter(|item| b.binary_search(item).is_ok()).count();
    let either = a.len() + all - both;
    if either == 0 { 0.0 } else { both as f64 / either as f64 }
}
