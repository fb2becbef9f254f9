//! Roles made to meet limits: rights of a role, roles of a user, pairs that may be left out.

use super::assignments::{FOUND, Relation};
use super::lists::Lists;
use super::matrix::symmetric;
use super::meter::Meter;
use super::options::MiningOptions;
use super::roles::{Coverage, Role};
use crate::error::Error;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

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
        let separate = known_pairs(relation, &options.separate, meter)?;
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
            for &one in held {
                let others = self.apart.get(one);
                meter.step(1 + TOLD * others.len() as u64)?;
                for &other in others.iter().filter(|&&other| other > one) {
                    if held.binary_search(&other).is_ok() {
                        users_of.entry((one, other)).or_default().push(user);
                    }
                }
            }
        }
        Ok(users_of.into_iter().map(|((one, other), users)| (one, other, users)).collect())
    }

    /// Whether a role may have these rights.
    pub(super) fn allows(&self, rights: &[u32]) -> bool {
        rights.len() <= self.max_rights
            && rights
                .iter()
                .all(|&right| self.apart.get(right).iter().all(|other| rights.binary_search(other).is_err()))
    }

    /// The rights, sorted, cut into as few pieces as a role may have, in their order: neighbours stay together.
    pub(super) fn pieces(&self, rights: &[u32], meter: &mut Meter<'_>) -> Result<Vec<Vec<u32>>, Error> {
        meter.step(4 * rights.len() as u64)?;
        let (free, bound): (Vec<u32>, Vec<u32>) =
            rights.iter().partition(|&&right| self.apart.range(right).is_empty());
        // Those that rules speak of first, each into the first piece where it fits; the others fill up.
        let mut pieces: Vec<Vec<u32>> = Vec::new();
        let mut open: Vec<usize> = Vec::new();
        let mut piece_of: HashMap<u32, usize> = HashMap::new();
        for right in bound {
            let others = self.apart.get(right);
            let mut barred: Vec<usize> =
                others.iter().filter_map(|other| piece_of.get(other).copied()).collect();
            meter.step(TOLD * (others.len() + open.len()) as u64)?;
            barred.sort_unstable();
            let found = open.iter().position(|piece| barred.binary_search(piece).is_err());
            let piece = match found.and_then(|at| open.get(at)) {
                Some(&piece) => piece,
                None => {
                    pieces.push(Vec::new());
                    open.push(pieces.len() - 1);
                    pieces.len() - 1
                }
            };
            pieces[piece].push(right);
            piece_of.insert(right, piece);
            if pieces[piece].len() >= self.max_rights {
                open.retain(|&other| other != piece);
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
        Ok(pieces)
    }

    /// Cuts roles that have too many rights. Roles and pieces that have the same rights are one.
    pub(super) fn split(&self, roles: &mut Vec<Role>, meter: &mut Meter<'_>) -> Result<(), Error> {
        let mut cut: Vec<Role> = Vec::with_capacity(roles.len());
        let mut by_rights: HashMap<Vec<u32>, usize> = HashMap::new();
        for role in roles.drain(..) {
            if self.allows(&role.rights) {
                add_role(&mut cut, &mut by_rights, role);
                continue;
            }
            for piece in self.pieces(&role.rights, meter)? {
                meter.step((piece.len() + role.users.len()) as u64)?;
                add_role(&mut cut, &mut by_rights, Role::new(role.users.clone(), piece));
            }
        }
        for role in &mut cut {
            meter.step(4 * role.users.len() as u64)?;
            role.users.sort_unstable();
            role.users.dedup();
        }
        *roles = cut;
        Ok(())
    }

    /// Leaves out the roles that account for the fewest pairs, as long as so many may be missing.
    pub(super) fn leave_out(
        &self,
        relation: &Relation,
        roles: &mut Vec<Role>,
        meter: &mut Meter<'_>,
    ) -> Result<(), Error> {
        let mut coverage = Coverage::of(relation, roles, meter)?;
        let mut cheapest = BinaryHeap::with_capacity(roles.len());
        for (at, role) in roles.iter().enumerate() {
            cheapest.push(Reverse((coverage.only_here(role, meter)?, at)));
        }
        let mut left = self.max_missing;
        while let Some(Reverse((known, at))) = cheapest.pop() {
            if known > left || meter.is_spent() {
                break;
            }
            // Leaving one out makes others only dearer.
            let cost = coverage.only_here(&roles[at], meter)?;
            if cost > known {
                cheapest.push(Reverse((cost, at)));
                continue;
            }
            left -= cost;
            let role = std::mem::take(&mut roles[at]);
            coverage.remove(&role.users, &role.rights);
        }
        roles.retain(|role| role.pairs() > 0);
        Ok(())
    }
}

/// Steps that it takes to look whether a user or a piece has a right.
const TOLD: u64 = 4;

/// Adds a role, or its users to the one with the same rights.
fn add_role(roles: &mut Vec<Role>, by_rights: &mut HashMap<Vec<u32>, usize>, mut role: Role) {
    match by_rights.get(&role.rights).and_then(|&at| roles.get_mut(at)) {
        Some(same) => {
            same.users.append(&mut role.users);
            same.existing = same.existing.or(role.existing);
        }
        None => {
            by_rights.insert(role.rights.clone(), roles.len());
            roles.push(role);
        }
    }
}

/// The pairs to be kept separate that both stand in the assignments.
fn known_pairs(
    relation: &Relation,
    given: &[(String, String)],
    meter: &mut Meter<'_>,
) -> Result<Vec<(u32, u32)>, Error> {
    let mut known = Vec::new();
    for (one, other) in given {
        meter.step(2 * FOUND)?;
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
