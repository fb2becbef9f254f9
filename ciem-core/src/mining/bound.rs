//! What no solution can do without, whatever the constraints.

use super::assignments::Relation;
use super::limits::Limits;
use super::matrix::Matrix;
use super::options::Objective;
use super::residual::Solution;

/// At least so much of the objective has every solution that meets the limits.
pub(super) fn lower_bound(
    relation: &Relation,
    matrix: &Matrix,
    solution: &Solution,
    limits: &Limits,
    objective: Objective,
) -> u64 {
    let (pairs, missing) = (relation.held.items.len() as u64, limits.max_missing);
    if pairs <= missing {
        return 0;
    }
    let roles = roles(relation, matrix, solution, limits);
    match objective {
        Objective::Roles => roles,
        Objective::Assignments => {
            // Everybody is in some role and every permission in another, or the same; and no role is without either. A pair
            // that is left out spares one user and one permission at most.
            let users = relation.held.iter().filter(|held| !held.is_empty()).count() as u64;
            let permissions = relation.permissions.len() as u64;
            users.saturating_sub(missing).max(roles) + permissions.saturating_sub(missing).max(roles)
        }
    }
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
