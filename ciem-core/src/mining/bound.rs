//! What no solution can do without, whatever the constraints.

use super::assignments::Relation;
use super::limits::Limits;
use super::lists::{Lists, sort};
use super::matrix::Matrix;
use super::meter::Meter;
use super::options::Objective;
use super::residual::Solution;
use crate::error::Error;
use std::collections::HashMap;

/// At least so much of the objective has every solution that meets the limits.
pub(super) fn lower_bound(
    relation: &Relation,
    matrix: &Matrix,
    solution: &Solution,
    limits: &Limits,
    objective: Objective,
    meter: &mut Meter<'_>,
) -> Result<u64, Error> {
    let (pairs, missing) = (relation.held.items.len() as u64, limits.max_missing);
    let Some(must) = pairs.checked_sub(missing).filter(|must| *must > 0) else { return Ok(0) };
    let largest = Largest::of(relation, limits, meter)?;
    let roles = roles(relation, matrix, solution, limits).max(must.div_ceil(largest.pairs.max(1)));
    if objective == Objective::Roles {
        return Ok(roles);
    }
    // Everybody is in some role and every permission in another, or the same; and no role is without either. A pair
    // that is left out spares one user and one permission at most.
    let users = relation.held.iter().filter(|held| !held.is_empty()).count() as u64;
    let permissions = relation.permissions.len() as u64;
    let (users, permissions) =
        (users.saturating_sub(missing).max(roles), permissions.saturating_sub(missing).max(roles));
    // Pairs that are left out may make users alike who are not.
    let both = if missing == 0 { shared(relation, matrix, limits, users, permissions, meter)? } else { 0 };
    Ok((users + permissions).max(both).max(largest.cost(must)))
}

fn roles(relation: &Relation, matrix: &Matrix, solution: &Solution, limits: &Limits) -> u64 {
    let least = solution.lower_bound as u64;
    if limits.max_missing > 0 {
        // Every pair that is left out spares one role at most; and to do without a role for one of the cells of which no two
        // fit together, all of its pairs must be left out.
        let mut weights: Vec<u64> = solution.independent.iter().map(|&cell| matrix.weight(cell)).collect();
        weights.sort_unstable();
        let mut left = limits.max_missing;
        let spared = weights.iter().take_while(|&&weight| {
            let fits = weight <= left;
            left = left.saturating_sub(weight);
            fits
        });
        let needed = weights.len() - spared.count();
        return least.saturating_sub(limits.max_missing).max(needed as u64).max(1);
    }
    let most = limits.max_rights.max(1);
    // Of the cells of which no two fit together each needs as many roles as its permissions fill.
    let filled = solution
        .independent
        .iter()
        .map(|&cell| matrix.permissions.range(matrix.column(cell)).len().div_ceil(most) as u64);
    let widest = relation.held.iter().map(|held| held.len().div_ceil(most) as u64).max().unwrap_or(0);
    // With one role each, users with different permissions have different roles.
    let distinct = if limits.max_roles == 1 { matrix.rows.len() as u64 } else { 0 };
    least.max(filled.sum()).max(widest).max(distinct)
}

/// How large a role can be, by numbers alone: those who are in a role of k rights have k or more, and k permissions are had by
/// all of them.
#[derive(Debug)]
struct Largest {
    pairs: u64,
    /// Users and rights of the role that has the most pairs for each of them.
    best: (u64, u64),
}

impl Largest {
    fn of(relation: &Relation, limits: &Limits, meter: &mut Meter<'_>) -> Result<Self, Error> {
        let mut users_with = vec![0u64; 1 + relation.permissions.len()];
        let mut holders = vec![0u32; relation.permissions.len()];
        for held in relation.held.iter() {
            users_with[held.len()] += 1;
            held.iter().for_each(|&right| holders[right as usize] += 1);
            meter.step(2 * held.len() as u64)?;
        }
        for rights in (1..users_with.len()).rev() {
            users_with[rights - 1] += users_with[rights];
        }
        holders.sort_unstable_by(|a, b| b.cmp(a));
        let mut largest = Largest { pairs: 0, best: (1, 1) };
        for (rights, &holders) in (1u64..).zip(holders.iter().take(limits.max_rights)) {
            let users = users_with[rights as usize].min(u64::from(holders));
            largest.pairs = largest.pairs.max(users * rights);
            let (u, r) = largest.best;
            // More pairs for each user and right that is written down.
            if u128::from(users * rights) * u128::from(u + r) > u128::from(u * r) * u128::from(users + rights)
            {
                largest.best = (users, rights);
            }
            meter.step(1)?;
        }
        Ok(largest)
    }

    /// Users and rights of roles that have so many pairs together, at least.
    fn cost(&self, pairs: u64) -> u64 {
        let (users, rights) = self.best;
        let cost = (u128::from(pairs) * u128::from(users + rights)).div_ceil(u128::from(users * rights));
        u64::try_from(cost).unwrap_or(u64::MAX)
    }
}

/// Who is in one role only has exactly what that role gives; so of users who have different permissions not more are in one role
/// only than the rights of all roles suffice for, and all others are in two. The same holds the other way round.
fn shared(
    relation: &Relation,
    matrix: &Matrix,
    limits: &Limits,
    users: u64,
    permissions: u64,
    meter: &mut Meter<'_>,
) -> Result<u64, Error> {
    let rows = matrix.users.iter().filter_map(|users| {
        let held = relation.held.get(*users.first()?);
        limits.allows(held).then_some((users.len() as u64, held.len() as u64))
    });
    let holders = |rows: &[u32]| rows.iter().map(|&row| matrix.users.range(row).len() as u64).sum();
    let (mut of_rows, mut of_columns) = (Spared::default(), Spared::default());
    of_rows.offers.extend(rows);
    // Permissions that rules speak of are columns of their own, and one role may still have several of them.
    let mut alike: HashMap<&[u32], usize> = HashMap::new();
    for (same, rows) in matrix.permissions.iter().zip(matrix.columns.lists.iter()) {
        let known = alike.entry(rows).or_insert(of_columns.offers.len());
        match of_columns.offers.get_mut(*known) {
            Some((gain, _)) => *gain += same.len() as u64,
            None => of_columns.offers.push((same.len() as u64, holders(rows))),
        }
        meter.step(4 * rows.len() as u64)?;
    }
    of_rows.sort(meter)?;
    of_columns.sort(meter)?;
    let twice = |lists: &Lists| 2 * lists.items.len() as u64;
    let (users_twice, permissions_twice) = (twice(&matrix.users), twice(&matrix.permissions));
    let mut least = u64::MAX;
    let mut rights = permissions;
    // `rights` of all roles, and for each the fewest users of all roles.
    while rights.saturating_add(users) < least {
        let by_rows = users_twice.saturating_sub(of_rows.gain(rights));
        if let Some(by_columns) = of_columns.price(permissions_twice.saturating_sub(rights)) {
            least = least.min(rights + users.max(by_rows).max(by_columns));
        }
        rights += 1;
        meter.step(64)?;
    }
    Ok(least)
}

/// What can be spared, at a price, the best offers first; parts of an offer may be taken.
#[derive(Debug, Default)]
struct Spared {
    offers: Vec<(u64, u64)>,
    /// Gain and price of all offers before.
    before: Vec<(u64, u64)>,
}

impl Spared {
    fn sort(&mut self, meter: &mut Meter<'_>) -> Result<(), Error> {
        // Gains are below 2^32, and so are prices: products are exact.
        let better = |a: &(u64, u64), b: &(u64, u64)| (b.0 * a.1).cmp(&(a.0 * b.1)).then_with(|| a.cmp(b));
        self.offers = sort(std::mem::take(&mut self.offers), better, meter)?;
        let mut sum = (0u64, 0u64);
        for &(gain, price) in &self.offers {
            self.before.push(sum);
            sum = (sum.0 + gain, sum.1 + price);
        }
        self.before.push(sum);
        Ok(())
    }

    /// The most that is to be had for the price, rounded down.
    fn gain(&self, price: u64) -> u64 {
        let at = self.before.partition_point(|before| before.1 <= price).saturating_sub(1);
        let (gain, paid) = self.before.get(at).copied().unwrap_or_default();
        self.offers.get(at).map_or(gain, |&(all, of)| gain + (price - paid) * all / of.max(1))
    }

    /// The least price for so much, rounded up; none if there is not so much.
    fn price(&self, gain: u64) -> Option<u64> {
        let at = self.before.partition_point(|before| before.0 < gain);
        let Some(at) = at.checked_sub(1) else { return Some(0) };
        let (had, paid) = *self.before.get(at)?;
        let &(all, of) = self.offers.get(at)?;
        Some(paid + ((gain - had) * of).div_ceil(all.max(1)))
    }
}
