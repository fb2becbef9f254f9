//! Roles in the making: what they cover, and what of them is not needed.

use super::assignments::Relation;
use super::lists::{Lists, places};
use super::meter::Meter;
use crate::error::Error;

/// A role by numbers, sorted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Role {
    pub(super) users: Vec<u32>,
    pub(super) rights: Vec<u32>,
    /// The existing role that it is: its rights stay as they are.
    pub(super) existing: Option<usize>,
}

impl Role {
    pub(super) fn new(users: Vec<u32>, rights: Vec<u32>) -> Self {
        Role { users, rights, existing: None }
    }

    pub(super) fn pairs(&self) -> u64 {
        self.users.len() as u64 * self.rights.len() as u64
    }

    pub(super) fn size(&self) -> u64 {
        (self.users.len() + self.rights.len()) as u64
    }
}

/// How many roles account for each pair.
#[derive(Debug)]
pub(super) struct Coverage<'a> {
    pub(super) relation: &'a Relation,
    pub(super) times: Vec<u32>,
}

impl<'a> Coverage<'a> {
    pub(super) fn of(relation: &'a Relation, roles: &[Role], meter: &mut Meter<'_>) -> Result<Self, Error> {
        let mut coverage = Coverage { relation, times: vec![0; relation.held.items.len()] };
        for role in roles {
            coverage.add(role, meter)?;
        }
        Ok(coverage)
    }

    /// The places of a user's pairs with these rights.
    pub(super) fn places<'b>(&'b self, user: u32, rights: &'b [u32]) -> impl Iterator<Item = usize> + 'b {
        let range = self.relation.held.range(user);
        let start = range.start;
        places(&self.relation.held.items[range], rights).flatten().map(move |place| start + place)
    }

    pub(super) fn add(&mut self, role: &Role, meter: &mut Meter<'_>) -> Result<(), Error> {
        for &user in &role.users {
            self.change(user, &role.rights, |times| times + 1);
            meter.step(role.rights.len() as u64)?;
        }
        Ok(())
    }

    pub(super) fn remove(&mut self, users: &[u32], rights: &[u32]) {
        for &user in users {
            self.change(user, rights, |times| times.saturating_sub(1));
        }
    }

    fn change(&mut self, user: u32, rights: &[u32], change: impl Fn(u32) -> u32) {
        let range = self.relation.held.range(user);
        let start = range.start;
        let times = &mut self.times;
        for place in places(&self.relation.held.items[range], rights).flatten() {
            times[start + place] = change(times[start + place]);
        }
    }

    /// Whether the user has all these rights by other roles, too.
    pub(super) fn is_spare(&self, user: u32, rights: &[u32]) -> bool {
        self.places(user, rights).all(|place| self.times[place] > 1)
    }

    /// How many of the role's pairs no other role accounts for.
    pub(super) fn only_here(&self, role: &Role, meter: &mut Meter<'_>) -> Result<u64, Error> {
        let mut alone = 0;
        for &user in &role.users {
            alone += self.places(user, &role.rights).filter(|&place| self.times[place] == 1).count() as u64;
            meter.step(role.rights.len() as u64)?;
        }
        Ok(alone)
    }

    /// Pairs that no role accounts for.
    pub(super) fn missing(&self) -> Vec<(u32, u32)> {
        let pairs = self.relation.held.pairs().zip(&self.times);
        pairs.filter(|(_, times)| **times == 0).map(|(pair, _)| pair).collect()
    }
}

/// Leaves out members and rights that other roles account for, and roles of which nothing is left. Small roles give way to
/// large ones, and mined roles to existing ones, which keep their rights and those of their members who are in `members`.
pub(super) fn tighten(
    relation: &Relation,
    roles: &mut Vec<Role>,
    members: &[Vec<u32>],
    meter: &mut Meter<'_>,
) -> Result<(), Error> {
    let mut coverage = Coverage::of(relation, roles, meter)?;
    let mut order: Vec<usize> = (0..roles.len()).collect();
    order.sort_by_key(|&at| (roles[at].existing.is_some(), roles[at].pairs(), at));
    for at in order {
        if meter.is_spent() {
            break;
        }
        let role = &mut roles[at];
        meter.step(role.pairs())?;
        let stay: &[u32] = role.existing.and_then(|at| members.get(at)).map_or(&[], Vec::as_slice);
        if role.existing.is_some() && role.users.iter().all(|&user| coverage.is_spare(user, &role.rights)) {
            coverage.remove(&role.users, &role.rights);
            role.users.clear();
        }
        let mut kept = Vec::with_capacity(role.users.len());
        for &user in &role.users {
            meter.step(role.rights.len() as u64)?;
            if stay.binary_search(&user).is_err() && coverage.is_spare(user, &role.rights) {
                coverage.remove(&[user], &role.rights);
            } else {
                kept.push(user);
            }
        }
        role.users = kept;
        if role.existing.is_none() {
            let mut kept = Vec::with_capacity(role.rights.len());
            for &right in &role.rights {
                meter.step(role.users.len() as u64)?;
                if role.users.iter().all(|&user| coverage.is_spare(user, &[right])) {
                    coverage.remove(&role.users, &[right]);
                } else {
                    kept.push(right);
                }
            }
            role.rights = kept;
        }
    }
    roles.retain(|role| role.pairs() > 0);
    Ok(())
}

/// The roles of each user.
pub(super) fn roles_of(users: usize, roles: &[Role], meter: &mut Meter<'_>) -> Result<Lists, Error> {
    let pairs =
        (0u32..).zip(roles).flat_map(|(number, role)| role.users.iter().map(move |&user| (user, number)));
    Lists::grouped(users, pairs, meter)
}
