//! Every result is replayed on the pairs that came in: none missing but those that may, none added, every limit kept.

use super::assignments::Relation;
use super::limits::Limits;
use super::live::Marks;
use super::meter::Meter;
use super::roles::{Role, roles_of};
use crate::error::Error;

/// Fails unless the roles give every user exactly what it has, within the limits.
pub(super) fn check(
    relation: &Relation,
    roles: &[Role],
    limits: &Limits,
    meter: &mut Meter<'_>,
) -> Result<(), Error> {
    meter.begin("checking", relation.users.len(), 100)?;
    if roles.iter().any(|role| !limits.allows(&role.rights)) {
        return Err(defect("a role has permissions that no role may have together"));
    }
    let roles_of = roles_of(relation.users.len(), roles, meter)?;
    let (mut given, mut held) =
        (Marks::new(relation.permissions.len()), Marks::new(relation.permissions.len()));
    let mut missing = 0;
    for user in 0..relation.users.len() as u32 {
        meter.done(user as usize);
        held.clear();
        given.clear();
        let own = relation.held.get(user);
        own.iter().for_each(|&permission| held.set(permission));
        let mut count = 0;
        for &role in roles_of.get(user) {
            let rights = &roles[role as usize].rights;
            meter.step(2 * rights.len() as u64)?;
            for &permission in rights {
                if !held.has(permission) {
                    return Err(defect("a role gives a user more than it has"));
                }
                count += usize::from(!given.has(permission));
                given.set(permission);
            }
        }
        missing += (own.len() - count) as u64;
        if roles_of.get(user).len() > limits.max_roles {
            return Err(defect("a user has too many roles"));
        }
    }
    if missing > limits.max_missing {
        return Err(defect("the roles give a user less than it has"));
    }
    Ok(())
}

fn defect(reason: &str) -> Error {
    Error::Internal { reason: reason.to_owned() }
}
