//! Nobody in too many roles: users whose roles are too many keep those that bring the most, and get the rest together.

use super::assignments::Relation;
use super::limits::Limits;
use super::lists::{Lists, places};
use super::meter::Meter;
use super::roles::{Role, roles_of};
use crate::error::Error;
use std::cmp::Reverse;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

/// What becomes of a user: the roles that it stays in, and the rights of the roles that it joins.
#[derive(Debug)]
struct Settled {
    stays: Vec<u32>,
    joins: Vec<Vec<u32>>,
}

impl Limits {
    /// Takes users out of roles until nobody has too many: what they lose they get by roles that have all of it.
    pub(super) fn limit_memberships(
        &self,
        relation: &Relation,
        roles: &mut Vec<Role>,
        meter: &mut Meter<'_>,
    ) -> Result<(), Error> {
        let memberships = roles_of(relation.users.len(), roles, meter)?;
        // Users with the same permissions and roles get the same new ones.
        let mut settled: BTreeMap<(&[u32], &[u32]), Settled> = BTreeMap::new();
        let mut leaves: Vec<(u32, u32)> = Vec::new();
        let mut joins: Vec<(u32, u32)> = Vec::new();
        let mut by_rights: HashMap<Vec<u32>, u32> = HashMap::new();
        for (at, role) in (0u32..).zip(&*roles) {
            by_rights.entry(role.rights.clone()).or_insert(at);
        }
        for user in 0..relation.users.len() as u32 {
            let (own, held) = (memberships.get(user), relation.held.get(user));
            if own.len() <= self.max_roles {
                continue;
            }
            meter.step((held.len() + 8 * own.len()) as u64)?;
            let chosen = match settled.entry((own, held)) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(place) => place.insert(self.choose(relation, user, own, roles, meter)?),
            };
            let left = own.iter().filter(|role| chosen.stays.binary_search(role).is_err());
            leaves.extend(left.map(|&role| (role, user)));
            for rights in &chosen.joins {
                let at = match by_rights.get(rights) {
                    Some(&at) => at,
                    None => {
                        let at = roles.len() as u32;
                        by_rights.insert(rights.clone(), at);
                        roles.push(Role::new(Vec::new(), rights.clone()));
                        at
                    }
                };
                joins.push((at, user));
            }
        }
        drop(settled);
        let left = Lists::grouped(roles.len(), leaves.iter().copied(), meter)?;
        for (role, left) in roles.iter_mut().zip(left.iter()) {
            meter.step(2 * role.users.len() as u64)?;
            role.users.retain(|user| left.binary_search(user).is_err());
        }
        let joined = Lists::grouped(roles.len(), joins.iter().copied(), meter)?;
        for (role, joined) in roles.iter_mut().zip(joined.iter()) {
            meter.step(4 * joined.len() as u64)?;
            role.users.extend(joined);
            role.users.sort_unstable();
            role.users.dedup();
        }
        roles.retain(|role| role.pairs() > 0);
        Ok(())
    }

    /// Those of the user's roles that bring the most, and the rest together. When the steps are used up, all of it together.
    fn choose(
        &self,
        relation: &Relation,
        user: u32,
        own: &[u32],
        roles: &[Role],
        meter: &mut Meter<'_>,
    ) -> Result<Settled, Error> {
        let held = relation.held.get(user);
        // How many roles were taken when a permission came, and how many permissions were left after so many roles.
        let mut taken_with = vec![usize::MAX; held.len()];
        let mut left = vec![held.len()];
        let mut taken: Vec<u32> = Vec::new();
        let mut best: BinaryHeap<(usize, Reverse<u32>)> =
            own.iter().map(|&role| (roles[role as usize].rights.len(), Reverse(role))).collect();
        while let Some((known, Reverse(role))) = best.pop() {
            if taken.len() == self.max_roles || left.last() == Some(&0) || meter.is_spent() {
                break;
            }
            let rights = &roles[role as usize].rights;
            meter.step(2 * rights.len() as u64)?;
            let brought: Vec<usize> =
                places(held, rights).flatten().filter(|&place| taken_with[place] == usize::MAX).collect();
            // Taking one makes others bring only less.
            if brought.len() < known {
                best.push((brought.len(), Reverse(role)));
                continue;
            }
            if brought.is_empty() {
                break;
            }
            left.extend(left.last().map(|left| left - brought.len()));
            brought.into_iter().for_each(|place| taken_with[place] = taken.len());
            taken.push(role);
        }
        for (count, &left) in left.iter().enumerate().rev() {
            if count + left.div_ceil(self.max_rights) > self.max_roles {
                continue;
            }
            let rest: Vec<u32> = held
                .iter()
                .zip(&taken_with)
                .filter(|(_, with)| **with >= count)
                .map(|(&right, _)| right)
                .collect();
            let joins = self.pieces(&rest, meter)?;
            if count + joins.len() <= self.max_roles {
                taken.truncate(count);
                taken.sort_unstable();
                return Ok(Settled { stays: taken, joins });
            }
        }
        Err(self.impossible(relation, user))
    }

    fn impossible(&self, relation: &Relation, user: u32) -> Error {
        let name = crate::error::quoted(relation.users.get(user));
        let (held, most) = (relation.held.range(user).len(), self.max_roles);
        Error::invalid(
            "max_roles_per_user",
            format!("no way was found to give {name} its {held} permissions in {most} roles; allow more"),
        )
    }
}
