//! Roles made to meet limits: rights of a role, roles of a user, pairs that may be left out.

use super::assignments::Relation;
use super::lists::Lists;
use super::matrix::symmetric;
use super::meter::Meter;
use super::options::MiningOptions;
use super::roles::{Coverage, Role, roles_of};
use crate::error::Error;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// By roles and permissions of users: the rights of the roles that they shall have.
type Settled<'a> = BTreeMap<(&'a [u32], &'a [u32]), Vec<Vec<u32>>>;

/// What roles must keep to.
#[derive(Debug)]
pub(super) struct Limits {
    pub(super) max_rights: usize,
    pub(super) max_roles: usize,
    pub(super) max_missing: u64,
    /// For each permission those that no role may have beside it, sorted.
    pub(super) apart: Lists,
}

impl Limits {
    /// Fails if no roles at all can keep to them.
    pub(super) fn of(
        relation: &Relation,
        options: &MiningOptions,
        meter: &mut Meter<'_>,
    ) -> Result<Self, Error> {
        let limit = |name: &str, limit: Option<u64>| match limit {
            Some(0) => Err(Error::invalid(name, "at least one is needed")),
            limit => Ok(limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX)),
        };
        let separate = known_pairs(relation, &options.separate)?;
        let limits = Limits {
            max_rights: limit("max_permissions_per_role", options.max_permissions)?,
            max_roles: limit("max_roles_per_user", options.max_roles)?,
            max_missing: options.max_missing,
            apart: symmetric(relation.permissions.len(), &separate, meter)?,
        };
        for user in 0..relation.users.len() as u32 {
            let least = relation.held.range(user).len().div_ceil(limits.max_rights);
            if least > limits.max_roles && limits.max_missing == 0 {
                let name = crate::error::quoted(relation.users.get(user));
                let reason = format!("{name} needs {least} roles of {} permissions", limits.max_rights);
                return Err(Error::invalid("max_roles_per_user", reason));
            }
        }
        Ok(limits)
    }

    /// Permissions that are to be separate, and who has both.
    pub(super) fn conflicts(
        &self,
        relation: &Relation,
        meter: &mut Meter<'_>,
    ) -> Result<Vec<(u32, u32, Vec<u32>)>, Error> {
        let mut users_of: BTreeMap<(u32, u32), Vec<u32>> = BTreeMap::new();
        for (user, held) in (0u32..).zip(relation.held.iter()).filter(|_| !self.apart.items.is_empty()) {
            meter.step(held.len() as u64)?;
            for &one in held {
                for &other in self.apart.get(one).iter().filter(|&&other| other > one) {
                    if held.binary_search(&other).is_ok() {
                        users_of.entry((one, other)).or_default().push(user);
                    }
                }
            }
        }
        Ok(users_of.into_iter().map(|((one, other), users)| (one, other, users)).collect())
    }

    pub(super) fn are_apart(&self, one: u32, other: u32) -> bool {
        self.apart.get(one).binary_search(&other).is_ok()
    }

    /// Whether a role may have these rights.
    pub(super) fn allows(&self, rights: &[u32]) -> bool {
        rights.len() <= self.max_rights
            && rights
                .iter()
                .all(|&right| self.apart.get(right).iter().all(|other| rights.binary_search(other).is_err()))
    }

    /// The rights cut into as few pieces as a role may have, in their order: neighbours stay together.
    pub(super) fn pieces(&self, rights: &[u32]) -> Vec<Vec<u32>> {
        let mut pieces: Vec<Vec<u32>> = Vec::new();
        let (free, bound): (Vec<u32>, Vec<u32>) =
            rights.iter().partition(|&&right| self.apart.range(right).is_empty());
        // Those that rules speak of first, each where it fits; the others fill up.
        for right in bound {
            let fits = |piece: &Vec<u32>| {
                piece.len() < self.max_rights && piece.iter().all(|&other| !self.are_apart(right, other))
            };
            match pieces.iter_mut().find(|piece| fits(piece)) {
                Some(piece) => piece.push(right),
                None => pieces.push(vec![right]),
            }
        }
        let mut free = &free[..];
        for piece in &mut pieces {
            let (taken, rest) = free.split_at(free.len().min(self.max_rights.saturating_sub(piece.len())));
            piece.extend(taken);
            piece.sort_unstable();
            free = rest;
        }
        pieces.extend(free.chunks(self.max_rights.max(1)).map(<[u32]>::to_vec));
        pieces
    }

    /// Cuts roles that have too many rights.
    pub(super) fn split(&self, roles: &mut Vec<Role>) {
        let mut cut = Vec::with_capacity(roles.len());
        for role in roles.drain(..) {
            if self.allows(&role.rights) {
                cut.push(role);
            } else {
                let pieces = self.pieces(&role.rights).into_iter();
                cut.extend(pieces.map(|piece| Role::new(role.users.clone(), piece)));
            }
        }
        // Pieces of different roles may have the same rights.
        let mut merged: Vec<Role> = Vec::with_capacity(cut.len());
        let mut by_rights: BTreeMap<Vec<u32>, usize> = BTreeMap::new();
        for mut role in cut {
            match by_rights.get(&role.rights).and_then(|&at| merged.get_mut(at)) {
                Some(same) => {
                    same.users.append(&mut role.users);
                    same.users.sort_unstable();
                    same.users.dedup();
                    same.existing = same.existing.or(role.existing);
                }
                None => {
                    by_rights.insert(role.rights.clone(), merged.len());
                    merged.push(role);
                }
            }
        }
        *roles = merged;
    }

    /// Takes users out of roles until nobody has too many: what they lose they get by roles that have all of it.
    pub(super) fn limit_memberships(
        &self,
        relation: &Relation,
        roles: &mut Vec<Role>,
        meter: &mut Meter<'_>,
    ) -> Result<(), Error> {
        let memberships = roles_of(relation.users.len(), roles, meter)?;
        let mut by_rights: BTreeMap<Vec<u32>, usize> = BTreeMap::new();
        for (at, role) in roles.iter().enumerate() {
            by_rights.entry(role.rights.clone()).or_insert(at);
        }
        // Users with the same permissions and roles get the same new ones.
        let mut settled: Settled<'_> = BTreeMap::new();
        let mut leaves: Vec<(usize, u32)> = Vec::new();
        let mut joins: Vec<(usize, u32)> = Vec::new();
        for user in 0..relation.users.len() as u32 {
            let (own, held) = (memberships.get(user), relation.held.get(user));
            if own.len() <= self.max_roles {
                continue;
            }
            meter.step((held.len() * own.len()) as u64)?;
            let chosen = match settled.entry((own, held)) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(place) => place.insert(self.choose(relation, user, own, roles)?),
            };
            leaves.extend(own.iter().map(|&role| (role as usize, user)));
            for rights in &*chosen {
                let at = *by_rights.entry(rights.clone()).or_insert_with(|| {
                    roles.push(Role::new(Vec::new(), rights.clone()));
                    roles.len() - 1
                });
                joins.push((at, user));
            }
        }
        let mut left: Vec<Vec<u32>> = vec![Vec::new(); roles.len()];
        leaves.into_iter().for_each(|(role, user)| left[role].push(user));
        for (role, left) in roles.iter_mut().zip(left) {
            role.users.retain(|user| left.binary_search(user).is_err());
        }
        for (role, user) in joins {
            roles[role].users.push(user);
        }
        roles.iter_mut().for_each(|role| {
            role.users.sort_unstable();
            role.users.dedup();
        });
        roles.retain(|role| role.pairs() > 0);
        Ok(())
    }

    /// The rights of the roles that the user shall have: those of its roles that bring the most, and the rest together.
    fn choose(
        &self,
        relation: &Relation,
        user: u32,
        own: &[u32],
        roles: &[Role],
    ) -> Result<Vec<Vec<u32>>, Error> {
        let mut rest = relation.held.get(user).to_vec();
        let mut left: Vec<u32> = own.to_vec();
        // The rests after taking no role, one, two ...
        let mut taken: Vec<Vec<u32>> = Vec::new();
        let mut rests = vec![rest.clone()];
        while taken.len() < self.max_roles && !rest.is_empty() {
            let brings = |role: u32| {
                roles[role as usize].rights.iter().filter(|right| rest.binary_search(right).is_ok()).count()
            };
            let best = left.iter().copied().max_by_key(|&role| (brings(role), u32::MAX - role));
            let Some(best) = best.filter(|&role| brings(role) > 0) else { break };
            let rights = &roles[best as usize].rights;
            rest.retain(|right| rights.binary_search(right).is_err());
            left.retain(|&role| role != best);
            taken.push(rights.clone());
            rests.push(rest.clone());
        }
        for (count, rest) in rests.iter().enumerate().rev() {
            let pieces = if rest.is_empty() { Vec::new() } else { self.pieces(rest) };
            if count + pieces.len() <= self.max_roles {
                taken.truncate(count);
                taken.extend(pieces);
                return Ok(taken);
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

    /// Leaves out the roles that account for the fewest pairs, as long as so many may be missing.
    pub(super) fn leave_out(
        &self,
        relation: &Relation,
        roles: &mut Vec<Role>,
        meter: &mut Meter<'_>,
    ) -> Result<(), Error> {
        let mut coverage = Coverage::of(relation, roles, meter)?;
        let mut left = self.max_missing;
        while !meter.is_spent() {
            let mut costs = Vec::with_capacity(roles.len());
            for (at, role) in roles.iter().enumerate() {
                costs.push((coverage.only_here(role, meter)?, at));
            }
            let Some((cost, at)) = costs.into_iter().min() else { return Ok(()) };
            if cost > left {
                return Ok(());
            }
            left -= cost;
            let role = roles.remove(at);
            coverage.remove(&role.users, &role.rights);
        }
        Ok(())
    }
}

/// The pairs to be kept separate that both stand in the assignments.
fn known_pairs(relation: &Relation, given: &[(String, String)]) -> Result<Vec<(u32, u32)>, Error> {
    let mut known = Vec::new();
    for (one, other) in given {
        if one == other {
            let reason = format!("{} cannot be kept separate from itself", crate::error::quoted(one));
            return Err(Error::invalid("separate", reason));
        }
        if let (Some(one), Some(other)) = (relation.permissions.find(one), relation.permissions.find(other)) {
            known.push((one, other));
        }
    }
    Ok(known)
}
