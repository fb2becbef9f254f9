//! Role mining: the fewest roles that give every user what it has, and nothing else.
//!
//! A role is a set of users and a set of permissions that all of them have; the fewest roles that make up all pairs are a
//! minimum cover of a bipartite graph by complete ones, which is NP-hard and for real data mostly easy: equal rows and
//! columns are merged ([`matrix`]), cells that others carry along are left out ([`dominate`]), and the little that remains
//! is split ([`components`]) and searched ([`residual`], [`graph`]), from the greedy solution ([`greedy`]) down to a bound that proves it. Every
//! result is held against the pairs before it is handed out ([`check`]).

pub(crate) mod answer;
pub(crate) mod assignments;
mod bound;
mod check;
mod components;
mod dominate;
mod existing;
mod factor;
pub(crate) mod granted;
mod graph;
mod greedy;
mod limits;
mod lists;
mod live;
mod matrix;
mod memberships;
mod meter;
mod native;
pub(crate) mod options;
mod plan;
mod residual;
mod roles;
#[cfg(test)]
mod tests;
mod used;

use crate::error::Error;
use crate::progress::Progress;
use answer::RoleMining;
use assignments::Assignments;
use existing::Existing;
use limits::Limits;
use lists::Lists;
use matrix::Matrix;
use meter::Meter;
use options::{Budget, MiningOptions};
use plan::Plan;
use residual::Solution;
use roles::{Coverage, Role};

/// The fewest roles that reproduce `assignments` exactly, with a proof that there are no fewer, or with a bound.
///
/// The same pairs in any order give the same roles. Time grows with the pairs and the roles that users share; `budget`
/// ends the work after the same steps on every machine, with exact roles and a bound in any case: ten million pairs take less than
/// a minute or about one. Memory is 20 bytes per distinct pair where users are alike and up to 130 where they are not, the assignments
/// included.
///
/// ```
/// use ciem_core::{Assignments, Budget, mine_roles};
///
/// let pairs = [("ana", "read"), ("ana", "write"), ("bob", "read"), ("cleo", "read"), ("cleo", "write")];
/// let mined = mine_roles(&Assignments::from_pairs(pairs)?, &Budget::default())?;
/// assert!(mined.optimal());
/// assert_eq!(mined.roles().len(), 2);
/// # Ok::<(), ciem_core::Error>(())
/// ```
///
/// # Errors
/// `too_large` where numbers of 32 bits do not suffice.
pub fn mine_roles(assignments: &Assignments, budget: &Budget) -> Result<RoleMining, Error> {
    mine_roles_with(assignments, &MiningOptions::default().budget(*budget), &Progress::none())
}

/// As [`mine_roles`], with constraints and an objective, polling for cancellation.
///
/// # Errors
/// As `mine_roles`; `invalid_request` if no set of roles can meet the constraints; `cancelled`.
pub fn mine_roles_with(
    assignments: &Assignments,
    options: &MiningOptions,
    progress: &Progress,
) -> Result<RoleMining, Error> {
    let mut meter = Meter::new(progress, options.budget.steps, options.budget.nodes);
    let relation = assignments.relation(&mut meter)?;
    let limits = Limits::of(&relation, options, &mut meter)?;
    let matrix = Matrix::new(&relation.held, relation.permissions.len(), &limits.apart, &mut meter)?;
    let cells: Vec<u32> = (0..matrix.cells() as u32).collect();
    meter.part(if options.existing.is_empty() { 75 } else { 60 });
    let (solution, fewest) = cover(&matrix, &cells, &mut meter)?;
    drop(cells);
    let bound = bound::lower_bound(&relation, &matrix, &solution, &limits, options.objective, &mut meter)?;
    drop(solution);
    let existing = Existing::of(&relation, &options.existing, &mut meter)?;
    let plan = Plan { relation: &relation, matrix: &matrix, limits: &limits, existing: &existing, options };
    let roles = plan.best(fewest, &mut meter)?;
    drop(matrix);
    check::check(&relation, &roles, &limits, &mut meter)?;

    let mut notes = existing.notes(&relation, &roles, &mut meter)?;
    let coverage = Coverage::of(&relation, &roles, &mut meter)?;
    for (note, role) in notes.iter_mut().zip(&roles) {
        note.only_here = coverage.only_here(role, &mut meter)?;
    }
    let (mut members, mut rights) = (Lists::default(), Lists::default());
    for role in &roles {
        members.push(role.users.iter().copied());
        rights.push(role.rights.iter().copied());
    }
    Ok(RoleMining {
        missing: coverage.missing(),
        conflicts: limits.conflicts(&relation, &mut meter)?,
        pairs: relation.held.items.len() as u64,
        users: relation.users,
        permissions: relation.permissions,
        members,
        rights,
        notes,
        objective: options.objective,
        lower_bound: bound,
        assumptions: Vec::new(),
        over_limits: Vec::new(),
    })
}

/// Covers cells with as few roles as the budget allows, by classes of users and permissions.
fn cover(matrix: &Matrix, cells: &[u32], meter: &mut Meter<'_>) -> Result<(Solution, Vec<Role>), Error> {
    let reduced = dominate::dominate(matrix, cells, meter)?;
    let mut solution = residual::solve(matrix, &reduced.remaining, meter)?;
    reduced.replay(&mut solution.role_of);
    let mut by_role = |of: fn(&Matrix, u32) -> u32| {
        let pairs = cells.iter().map(|&cell| (solution.role_of[cell as usize], of(matrix, cell)));
        Lists::grouped(solution.roles, pairs, meter)
    };
    let (rows, columns) = (by_role(Matrix::row)?, by_role(Matrix::column)?);
    let mut roles = Vec::with_capacity(solution.roles);
    for role in 0..solution.roles as u32 {
        let (rows, columns) = (rows.get(role), columns.get(role));
        meter.step(8 * (rows.len() + columns.len()) as u64)?;
        roles.push(Role::new(spread(rows, &matrix.users), spread(columns, &matrix.permissions)));
    }
    Ok((solution, roles))
}

/// The members of classes, sorted.
fn spread(classes: &[u32], members: &Lists) -> Vec<u32> {
    let mut distinct = classes.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let mut all: Vec<u32> = distinct.iter().flat_map(|&class| members.get(class).iter().copied()).collect();
    all.sort_unstable();
    all
}
