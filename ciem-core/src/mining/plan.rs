//! From the fewest roles to those that meet the constraints: several ways, and the best of them.

use super::assignments::Relation;
use super::cover;
use super::existing::Existing;
use super::factor::factor;
use super::limits::Limits;
use super::lists::{is_within, places};
use super::matrix::Matrix;
use super::meter::Meter;
use super::options::{MiningOptions, Objective};
use super::roles::{Role, tighten};
use crate::error::Error;
use std::cmp::Reverse;

/// What there should be as little as possible of; as many existing roles as possible; assignments.
type Price = (u64, Reverse<usize>, u64);

/// Roles to begin with.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// The fewest that were found.
    Fewest,
    /// The same, with existing roles in the place of some.
    Substituted,
    /// The existing roles, and the fewest for what they leave.
    After,
    /// One for each row of the matrix, or for each column.
    Rows,
    Columns,
}

#[derive(Debug)]
pub(super) struct Plan<'a> {
    pub(super) relation: &'a Relation,
    pub(super) matrix: &'a Matrix,
    pub(super) limits: &'a Limits,
    pub(super) existing: &'a Existing,
    pub(super) options: &'a MiningOptions,
}

impl Plan<'_> {
    /// The best roles, from the fewest; those that account for the most pairs first.
    pub(super) fn best(&self, fewest: Vec<Role>, meter: &mut Meter<'_>) -> Result<Vec<Role>, Error> {
        let mut ways = Vec::new();
        if !self.existing.is_empty() {
            ways.extend([(Way::Substituted, false), (Way::After, false)]);
        }
        let fewer_assignments = self.options.objective == Objective::Assignments;
        if fewer_assignments {
            ways.extend([
                (Way::Fewest, true),
                (Way::Rows, true),
                (Way::Columns, true),
                (Way::Columns, false),
            ]);
        }
        if fewer_assignments || self.limits.max_roles < usize::MAX {
            ways.push((Way::Rows, false));
        }
        ways.push((Way::Fewest, false));
        let mut fewest = Some(fewest);
        let mut best: Option<(Price, Vec<Role>)> = None;
        let (mut refused, count) = (None, ways.len());
        for (done, (way, factored)) in ways.into_iter().enumerate() {
            let roles = match way {
                Way::Fewest if done + 1 == count => fewest.take().unwrap_or_default(),
                Way::Fewest => fewest.clone().unwrap_or_default(),
                Way::Substituted => self.substituted(fewest.clone().unwrap_or_default(), meter)?,
                Way::After => self.after(meter)?,
                Way::Rows => self.by_row(meter)?,
                Way::Columns => self.by_column(meter)?,
            };
            meter.part(25);
            meter.begin("fitting", count, 100 / count as u64)?;
            meter.done(done);
            let roles = match self.fit(roles, factored, meter) {
                Ok(roles) => roles,
                // Another way may meet the limits.
                Err(error @ Error::InvalidRequest { .. }) => {
                    refused = refused.or(Some(error));
                    continue;
                }
                Err(error) => return Err(error),
            };
            let price = self.price(&roles);
            if best.as_ref().is_none_or(|(least, _)| price < *least) {
                best = Some((price, roles));
            }
        }
        let mut roles = match (best, refused) {
            (Some((_, roles)), _) => roles,
            (None, Some(error)) => return Err(error),
            (None, None) => Vec::new(),
        };
        roles.sort_by(|a, b| {
            let key = |role: &Role| Reverse(role.pairs());
            key(a).cmp(&key(b)).then_with(|| a.rights.cmp(&b.rights)).then_with(|| a.users.cmp(&b.users))
        });
        Ok(roles)
    }

    fn price(&self, roles: &[Role]) -> Price {
        let assignments = roles.iter().map(Role::size).sum();
        let value = match self.options.objective {
            Objective::Roles => roles.len() as u64,
            Objective::Assignments => assignments,
        };
        (value, Reverse(roles.iter().filter(|role| role.existing.is_some()).count()), assignments)
    }

    /// Roles that cover everything, made to meet the limits.
    fn fit(&self, mut roles: Vec<Role>, factored: bool, meter: &mut Meter<'_>) -> Result<Vec<Role>, Error> {
        let members = &self.existing.members;
        tighten(self.relation, &mut roles, members, meter)?;
        if factored {
            factor(&mut roles, self.limits, meter)?;
            tighten(self.relation, &mut roles, members, meter)?;
        }
        self.limits.split(&mut roles, meter)?;
        if self.limits.max_missing > 0 {
            self.limits.leave_out(self.relation, &mut roles, meter)?;
        }
        if self.limits.max_roles < usize::MAX {
            self.limits.limit_memberships(self.relation, &mut roles, meter)?;
            tighten(self.relation, &mut roles, members, meter)?;
        }
        Ok(roles)
    }

    /// A role for each distinct set of permissions that a user has.
    fn by_row(&self, meter: &mut Meter<'_>) -> Result<Vec<Role>, Error> {
        let mut roles = Vec::with_capacity(self.matrix.users.len());
        for users in self.matrix.users.iter() {
            let rights = users.first().map_or(&[][..], |&user| self.relation.held.get(user));
            meter.step((users.len() + rights.len()) as u64)?;
            roles.push(Role::new(users.to_vec(), rights.to_vec()));
        }
        Ok(roles)
    }

    /// A role for each distinct set of users that a permission has.
    fn by_column(&self, meter: &mut Meter<'_>) -> Result<Vec<Role>, Error> {
        let mut roles = Vec::with_capacity(self.matrix.permissions.len());
        for (column, rights) in (0u32..).zip(self.matrix.permissions.iter()) {
            let rows = self.matrix.columns.get(column).iter();
            let mut users: Vec<u32> = rows.flat_map(|&row| self.matrix.users.get(row)).copied().collect();
            meter.step(4 * users.len() as u64)?;
            users.sort_unstable();
            roles.push(Role::new(users, rights.to_vec()));
        }
        Ok(roles)
    }

    /// Makes roles as large as they can be: everybody who has their rights, all rights that those have.
    fn close(&self, roles: &mut [Role], meter: &mut Meter<'_>) -> Result<(), Error> {
        let relation = self.relation;
        let holders = relation.held.inverted(relation.permissions.len(), meter)?;
        for role in roles {
            let rarest = role.rights.iter().min_by_key(|&&right| holders.range(right).len());
            let Some(&rarest) = rarest else { continue };
            role.users = holders.get(rarest).to_vec();
            meter.step((role.users.len() * role.rights.len()) as u64)?;
            role.users.retain(|&user| is_within(&role.rights, relation.held.get(user)));
            let smallest = role.users.iter().min_by_key(|&&user| relation.held.range(user).len());
            let Some(&smallest) = smallest else { continue };
            let mut rights = role.rights.clone();
            for &right in relation.held.get(smallest) {
                meter.step(role.users.len() as u64)?;
                let is_common =
                    rights.binary_search(&right).is_err() && is_within(&role.users, holders.get(right));
                if is_common && rights.len() < self.limits.max_rights {
                    let apart = self.limits.apart.get(right);
                    if apart.iter().all(|other| rights.binary_search(other).is_err()) {
                        let at = rights.partition_point(|&other| other < right);
                        rights.insert(at, right);
                    }
                }
            }
            role.rights = rights;
        }
        Ok(())
    }

    /// The roles with existing ones in their place where that costs none.
    fn substituted(&self, mut roles: Vec<Role>, meter: &mut Meter<'_>) -> Result<Vec<Role>, Error> {
        meter.part(5);
        meter.begin("preferring", roles.len(), 100)?;
        let usable = self.existing.usable(self.relation, self.limits, meter)?;
        self.close(&mut roles, meter)?;
        Existing::substitute(self.relation, &usable, &mut roles, meter)?;
        Ok(roles)
    }

    /// The existing roles that can be used, and the fewest roles for what they leave.
    fn after(&self, meter: &mut Meter<'_>) -> Result<Vec<Role>, Error> {
        let matrix = self.matrix;
        meter.part(10);
        meter.begin("preferring", matrix.cells(), 100)?;
        let usable = self.existing.usable(self.relation, self.limits, meter)?;
        let mut row_of = vec![0u32; self.relation.users.len()];
        (0u32..).zip(matrix.users.iter()).for_each(|(row, users)| {
            users.iter().for_each(|&user| row_of[user as usize] = row);
        });
        let mut column_of = vec![0u32; self.relation.permissions.len()];
        (0u32..).zip(matrix.permissions.iter()).for_each(|(column, rights)| {
            rights.iter().for_each(|&right| column_of[right as usize] = column);
        });
        // A class of permissions is done with when a role has all of it; those who can have the role are whole classes.
        let mut is_done = vec![false; matrix.cells()];
        for role in &usable {
            let mut columns: Vec<u32> = role.rights.iter().map(|&right| column_of[right as usize]).collect();
            columns.sort_unstable();
            let whole: Vec<u32> = columns
                .chunk_by(|a, b| a == b)
                .filter(|same| same.first().is_some_and(|&c| matrix.permissions.range(c).len() == same.len()))
                .filter_map(|same| same.first().copied())
                .collect();
            let mut rows: Vec<u32> = role.users.iter().map(|&user| row_of[user as usize]).collect();
            rows.sort_unstable();
            rows.dedup();
            meter.step((rows.len() * whole.len()) as u64)?;
            for row in rows {
                let first = matrix.row_cells(row).start as usize;
                for place in places(matrix.rows.get(row), &whole).flatten() {
                    is_done[first + place] = true;
                }
            }
        }
        let left: Vec<u32> =
            (0u32..).zip(&is_done).filter(|(_, done)| !**done).map(|(cell, _)| cell).collect();
        let mut roles = usable;
        roles.extend(cover(matrix, &left, meter)?.1);
        Ok(roles)
    }
}
