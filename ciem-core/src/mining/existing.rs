//! Roles that there are already: which can be used, in place of mined ones or before them, and which are like them.

use super::answer::{Note, Overlap};
use super::assignments::{FOUND, Names, Relation};
use super::limits::Limits;
use super::lists::{is_within, places};
use super::meter::Meter;
use super::options::ExistingRole;
use super::roles::{Coverage, Role};
use crate::error::Error;
use std::collections::HashSet;

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
    pub(super) fn of(
        relation: &Relation,
        given: &[ExistingRole],
        meter: &mut Meter<'_>,
    ) -> Result<Self, Error> {
        let mut existing = Existing::default();
        for role in given {
            let (rights, all_rights) = numbers(&role.permissions, &relation.permissions, meter)?;
            let (users, all_users) = numbers(&role.users, &relation.users, meter)?;
            existing.roles.push(Known { name: role.name.clone(), rights, all_rights, all_users });
            existing.members.push(users);
        }
        Ok(existing)
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
            if meter.is_spent() {
                break;
            }
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
        let mut having: Vec<Vec<u32>> =
            vec![Vec::new(); if self.is_empty() { 0 } else { relation.permissions.len() }];
        for (at, known) in (0u32..).zip(&self.roles) {
            known.rights.iter().for_each(|&right| having[right as usize].push(at));
            meter.step(2 * known.rights.len() as u64)?;
        }
        // Of the role in question: how many rights it shares with each existing one.
        let mut shared = vec![0usize; self.roles.len()];
        let mut alike: Vec<usize> = Vec::new();
        let mut notes = Vec::with_capacity(roles.len());
        for role in roles {
            for of_right in role.rights.iter().filter_map(|&right| having.get(right as usize)) {
                for &at in of_right {
                    if shared[at as usize] == 0 {
                        alike.push(at as usize);
                    }
                    shared[at as usize] += 1;
                }
                meter.step(1 + of_right.len() as u64)?;
            }
            alike.sort_unstable();
            notes.push(self.note(role, &alike, &shared, meter)?);
            alike.drain(..).for_each(|at| shared[at] = 0);
        }
        Ok(notes)
    }

    /// Tells which of those that share rights is most alike by permissions, and by users where several are.
    fn note(
        &self,
        role: &Role,
        sharing: &[usize],
        shared: &[usize],
        meter: &mut Meter<'_>,
    ) -> Result<Note, Error> {
        meter.step(8 * sharing.len() as u64)?;
        let alike = |at: usize| {
            let rights = jaccard(shared[at], role.rights.len(), self.roles[at].all_rights);
            (role.existing == Some(at), rights)
        };
        let candidates = || sharing.iter().map(|&at| (at, alike(at)));
        let most = candidates().map(|(_, alike)| alike).reduce(|a, b| if b > a { b } else { a });
        let mut best: Option<(f64, Overlap)> = None;
        for (at, alike) in candidates().filter(|(_, alike)| Some(*alike) == most) {
            let (known, members) = (&self.roles[at], &self.members[at]);
            meter.step(4 * role.users.len().min(members.len()) as u64)?;
            let users = (known.all_users > 0)
                .then(|| jaccard(common(&role.users, members), role.users.len(), known.all_users));
            let likeness = users.unwrap_or(0.0);
            if best.as_ref().is_none_or(|(most, _)| likeness > *most) {
                best = Some((likeness, Overlap { name: known.name.clone(), permissions: alike.1, users }));
            }
        }
        let closest = best.map(|(_, overlap)| overlap);
        let name = closest.as_ref().filter(|_| role.existing.is_some()).map(|overlap| overlap.name.clone());
        Ok(Note { closest, name, ..Note::default() })
    }
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
fn numbers(texts: &[String], names: &Names, meter: &mut Meter<'_>) -> Result<(Vec<u32>, usize), Error> {
    let mut known = Vec::with_capacity(texts.len());
    let mut unknown: HashSet<&str> = HashSet::new();
    for text in texts {
        meter.step(FOUND)?;
        match names.find(text) {
            Some(number) => known.push(number),
            None => {
                unknown.insert(text);
            }
        }
    }
    known.sort_unstable();
    known.dedup();
    let all = known.len() + unknown.len();
    Ok((known, all))
}

/// How many items both have; they are sorted.
fn common(a: &[u32], b: &[u32]) -> usize {
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    places(long, short).flatten().count()
}

/// Items of both as a share of items of either.
fn jaccard(both: usize, a: usize, b: usize) -> f64 {
    let either = a + b - both;
    if either == 0 { 0.0 } else { both as f64 / either as f64 }
}
