//! Fewer assignments: two roles that share rights or users made cheaper, as long as that helps.

use super::limits::Limits;
use super::meter::Meter;
use super::roles::Role;
use crate::error::Error;

/// Changes pairs of roles until no change lowers the number of users and rights of all roles.
pub(super) fn factor(roles: &mut Vec<Role>, limits: &Limits, meter: &mut Meter<'_>) -> Result<(), Error> {
    let mut changed = true;
    while changed {
        changed = false;
        let mut a = 0;
        while a < roles.len() {
            let mut b = 0;
            while b < roles.len() && !meter.is_spent() {
                let is_pair = a != b && roles[a].existing.is_none() && roles[b].existing.is_none();
                meter.step(if is_pair { roles[a].size() + roles[b].size() } else { 1 })?;
                if is_pair && improve(roles, a, b, limits) {
                    changed = true;
                }
                b += 1;
            }
            a += 1;
        }
        roles.retain(|role| role.pairs() > 0);
    }
    Ok(())
}

fn improve(roles: &mut Vec<Role>, a: usize, b: usize, limits: &Limits) -> bool {
    let (one, other) = (&roles[a], &roles[b]);
    if one.pairs() == 0 || other.pairs() == 0 {
        return false;
    }
    let rights = common(&one.rights, &other.rights);
    let users = common(&one.users, &other.users);
    let (all_users, all_rights) = (merged(&one.users, &other.users), merged(&one.rights, &other.rights));
    // What both give goes into the first, or into a role of its own, that all users of both have.
    if !rights.is_empty() {
        if rights.len() == one.rights.len() {
            if rights.len() + one.users.len() > all_users.len() {
                roles[b].rights = without(&roles[b].rights, &rights);
                roles[a].users = all_users;
                return true;
            }
        } else if rights.len() < other.rights.len() && rights.len() > all_users.len() {
            roles[a].rights = without(&roles[a].rights, &rights);
            roles[b].rights = without(&roles[b].rights, &rights);
            roles.push(Role::new(all_users, rights));
            return true;
        }
    }
    // The same the other way round: who is in both gets everything from the first, or from a role of its own.
    if users.is_empty() || !limits.allows(&all_rights) {
        return false;
    }
    if users.len() == one.users.len() {
        if users.len() + one.rights.len() > all_rights.len() {
            roles[b].users = without(&roles[b].users, &users);
            roles[a].rights = all_rights;
            return true;
        }
    } else if users.len() < other.users.len() && users.len() > all_rights.len() {
        roles[a].users = without(&roles[a].users, &users);
        roles[b].users = without(&roles[b].users, &users);
        roles.push(Role::new(users, all_rights));
        return true;
    }
    false
}

fn common(a: &[u32], b: &[u32]) -> Vec<u32> {
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    short.iter().copied().filter(|item| long.binary_search(item).is_ok()).collect()
}

fn merged(a: &[u32], b: &[u32]) -> Vec<u32> {
    let mut all = [a, b].concat();
    all.sort_unstable();
    all.dedup();
    all
}

fn without(all: &[u32], part: &[u32]) -> Vec<u32> {
    all.iter().copied().filter(|item| part.binary_search(item).is_err()).collect()
}
