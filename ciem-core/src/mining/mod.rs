//! Role mining: the fewest roles that give every user what it has, and nothing else.
//!
//! A role is a set of users and a set of permissions that all of them have; the fewest roles that make up all pairs are a
//! minimum cover of a bipartite graph by complete ones, which is NP-hard and for real data mostly easy: equal rows and
//! columns are merged ([`matrix`]), cells that others carry along are left out ([`dominate`]), and the little that remains
//! is searched ([`residual`], [`graph`]), from the greedy solution ([`greedy`]) down to a bound that proves it. Every
//! result is held against the pairs before it is handed out ([`check`]).

pub(crate) mod answer;
pub(crate) mod assignments;
mod bound;
mod check;
mod dominate;
mod existing;
mod factor;
pub(crate) mod granted;
mod graph;
mod greedy;
mod limits;
mod matrix;
mod meter;
mod native;
pub(crate) mod options;
mod plan;
mod residual;
mod roles;

use crate::error::Error;
use crate::progress::Progress;
use answer::RoleMining;
use assignments::{Assignments, Lists, Relation};
use existing::Existing;
use limits::Limits;
use matrix::Matrix;
use meter::Meter;
use options::{Budget, MiningOptions};
use plan::Plan;
use residual::Solution;
use roles::{Coverage, Role};

/// The fewest roles that reproduce `assignments` exactly, with a proof that there are no fewer, or with a bound.
///
/// The same pairs in any order give the same roles. Time grows with the pairs and the roles that users share; `budget`
/// ends the search after the same work on every machine. Memory is about 60 bytes per distinct pair that is left when
/// equal users and equal permissions are merged.
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
    let relation = assignments.relation(progress)?;
    let separate = known_pairs(&relation, &options.separate)?;
    let limits = limits(&relation, &separate, options)?;
    let mut meter = Meter::new(progress, options.budget.steps, options.budget.nodes);
    let matrix = Matrix::new(&relation.held, relation.permissions.len(), &separate, &mut meter)?;
    let cells: Vec<u32> = (0..matrix.cells() as u32).collect();
    let (solution, fewest) = cover(&matrix, &cells, &mut meter)?;
    let bound = bound::lower_bound(&relation, &matrix, &solution, &limits, options.objective);
    let existing = Existing::of(&relation, &options.existing);
    let mut plan =
        Plan { relation: &relation, matrix: &matrix, limits: &limits, existing: &existing, options };
    let roles = plan.best(fewest, &mut meter)?;
    check::check(&relation, &roles, &limits, progress)?;

    let mut notes = existing.notes(&relation, &roles);
    let coverage = Coverage::of(&relation, &roles, &mut meter)?;
    for (note, role) in notes.iter_mut().zip(&roles) {
        note.only_here = coverage.only_here(role);
    }
    let (mut members, mut rights) = (Lists::default(), Lists::default());
    for role in &roles {
        members.push(role.users.iter().copied());
        rights.push(role.rights.iter().copied());
    }
    Ok(RoleMining {
        missing: coverage.missing(),
        conflicts: conflicts(&relation, &separate),
        pairs: relation.held.items.len() as u64,
        users: relation.users,
        permissions: relation.permissions,
        members,
        rights,
        notes,
        objective: options.objective,
        lower_bound: bound,
        assumptions: Vec::new(),
    })
}

/// Covers cells with as few roles as the budget allows, by classes of users and permissions.
fn cover(matrix: &Matrix, cells: &[u32], meter: &mut Meter<'_>) -> Result<(Solution, Vec<Role>), Error> {
    let reduced = dominate::dominate(matrix, cells, meter)?;
    let mut solution = residual::solve(matrix, &reduced.remaining, meter)?;
    reduced.replay(&mut solution.role_of);
    let by_role = |of: fn(&Matrix, u32) -> u32| {
        let pairs = cells.iter().map(|&cell| (solution.role_of[cell as usize], of(matrix, cell)));
        Lists::grouped(solution.roles, pairs)
    };
    let (rows, columns) = (by_role(Matrix::row), by_role(Matrix::column));
    let role = |role| {
        Role::new(spread(rows.get(role), &matrix.users), spread(columns.get(role), &matrix.permissions))
    };
    let roles = (0..solution.roles as u32).map(role).collect();
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

/// The pairs to be kept separate that both stand in the assignments, each once.
fn known_pairs(relation: &Relation, given: &[(String, String)]) -> Result<Vec<(u32, u32)>, Error> {
    let mut known = Vec::new();
    for (one, other) in given {
        if one == other {
            let reason = format!("{} cannot be kept separate from itself", crate::error::quoted(one));
            return Err(Error::invalid("separate", reason));
        }
        if let (Some(one), Some(other)) = (relation.permissions.find(one), relation.permissions.find(other)) {
            known.push((one.min(other), one.max(other)));
        }
    }
    known.sort_unstable();
    known.dedup();
    Ok(known)
}

fn limits(relation: &Relation, separate: &[(u32, u32)], options: &MiningOptions) -> Result<Limits, Error> {
    let limit = |name: &str, limit: Option<u64>| match limit {
        Some(0) => Err(Error::invalid(name, "at least one is needed")),
        limit => Ok(limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX)),
    };
    let limits = Limits {
        max_rights: limit("max_permissions_per_role", options.max_permissions)?,
        max_roles: limit("max_roles_per_user", options.max_roles)?,
        max_missing: options.max_missing,
        apart: matrix::symmetric(relation.permissions.len(), separate),
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

/// Who has both permissions of a pair.
fn conflicts(relation: &Relation, separate: &[(u32, u32)]) -> Vec<(u32, u32, Vec<u32>)> {
    let mut conflicts: Vec<(u32, u32, Vec<u32>)> =
        separate.iter().map(|&(one, other)| (one, other, Vec::new())).collect();
    for (user, held) in (0u32..).zip(relation.held.iter()).filter(|_| !separate.is_empty()) {
        for (one, other, users) in &mut conflicts {
            if held.binary_search(one).is_ok() && held.binary_search(other).is_ok() {
                users.push(user);
            }
        }
    }
    conflicts.retain(|(_, _, users)| !users.is_empty());
    conflicts
}
