//! How far users and roles reach on their own account: administrators, and who can change the most.

use ciem_core::{AccessLevel, ContextValue, Error, Matrix, PrincipalKind, Progress, Query, Snapshot};
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The provider that this is about: what everything is in one is nothing in another.
pub(crate) const PROVIDER: &str = "aws";

/// Services whose permissions management is the management of everybody's access.
const ACCESS_SERVICES: [&str; 3] = ["iam", "organizations", "sso"];

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Administrator {
    pub(crate) principal: String,
    pub(crate) name: String,
    pub(crate) account: String,
    pub(crate) kind: PrincipalKind,
    /// Surely every permission on everything.
    pub(crate) everything: bool,
    /// Services of which surely every permissions-management action is held on everything.
    pub(crate) manages_access_of: Vec<&'static str>,
    /// Only where the caller has authenticated with MFA.
    pub(crate) needs_mfa: bool,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Identity {
    pub(crate) principal: String,
    pub(crate) name: String,
    pub(crate) account: String,
    pub(crate) kind: PrincipalKind,
    /// Permissions surely held on everything.
    pub(crate) write: usize,
    pub(crate) permissions_management: usize,
}

impl Identity {
    pub(crate) fn width(&self) -> usize {
        self.write + self.permissions_management
    }
}

/// Administrators, and all users, roles and people, the widest first. People are there once for each account in which
/// they have something.
pub(crate) fn survey(
    snapshot: &Snapshot,
    progress: &Progress,
) -> Result<(Vec<Administrator>, Vec<Identity>), Error> {
    let plain = Survey::new(snapshot, false, progress)?;
    let with_mfa = Survey::new(snapshot, true, progress)?;
    let mut administrators = Vec::new();
    let mut identities = Vec::new();
    let own = snapshot.principals().filter(|who| who.provider == PROVIDER);
    let names: BTreeMap<String, String> = own.map(|who| (who.principal, who.name)).collect();
    for (row, (principal, kind, account)) in plain.matrix.principals().enumerate() {
        if !matches!(kind, PrincipalKind::User | PrincipalKind::Role | PrincipalKind::Person) {
            continue;
        }
        let Some(name) = names.get(principal) else { continue };
        let who = Identity {
            principal: principal.to_owned(),
            name: name.clone(),
            account: account.to_owned(),
            kind,
            write: at(&plain.write, row),
            permissions_management: at(&plain.management, row),
        };
        administrators.extend(plain.administrator(row, &who).or_else(|| with_mfa.administrator(row, &who)));
        identities.push(who);
    }
    administrators.sort_by_key(|a| (a.needs_mfa, !a.everything, a.account.clone(), a.principal.clone()));
    identities.sort_by_key(|i| (Reverse(i.width()), i.account.clone(), i.principal.clone()));
    Ok((administrators, identities))
}

/// What each principal surely holds on everything, counted; the lists are in the order of the matrix.
struct Survey {
    matrix: Matrix,
    with_mfa: bool,
    permissions: usize,
    all: Vec<usize>,
    write: Vec<usize>,
    management: Vec<usize>,
    /// For each of the access services: its permissions-management actions, and how many of them are held.
    services: Vec<(&'static str, usize, Vec<usize>)>,
}

impl Survey {
    fn new(snapshot: &Snapshot, with_mfa: bool, progress: &Progress) -> Result<Survey, Error> {
        // Resources' own policies say nothing about how far an identity reaches: a role that trusts nobody
        // would otherwise hide that an administrator may do everything else.
        let mut query = Query::default();
        query.caller_side_only = true;
        if with_mfa {
            query
                .context
                .insert("aws:MultiFactorAuthPresent".to_owned(), ContextValue::One("true".to_owned()));
        }
        let matrix = snapshot.matrix_with(&query, progress)?;
        let permissions: Vec<_> = snapshot.permissions().filter(|row| row.provider == PROVIDER).collect();
        let services = ACCESS_SERVICES.iter().map(|&service| {
            let managing = |access: AccessLevel, name: &str| {
                access == AccessLevel::PermissionsManagement
                    && name.split_once(':').is_some_and(|(of, _)| of == service)
            };
            let there = permissions.iter().filter(|p| managing(p.access_level, &p.permission)).count();
            (service, there, matrix.surely_counts(managing))
        });
        let services = services.collect();
        Ok(Survey {
            with_mfa,
            permissions: permissions.len(),
            all: matrix.surely_counts(|_, _| true),
            write: matrix.surely_counts(|access, _| access == AccessLevel::Write),
            management: matrix.surely_counts(|access, _| access == AccessLevel::PermissionsManagement),
            services,
            matrix,
        })
    }

    fn administrator(&self, row: usize, who: &Identity) -> Option<Administrator> {
        let everything = at(&self.all, row) == self.permissions;
        let managed = self.services.iter().filter(|(_, there, held)| *there > 0 && at(held, row) == *there);
        let manages_access_of: Vec<&str> = managed.map(|(service, ..)| *service).collect();
        (everything || !manages_access_of.is_empty()).then(|| Administrator {
            principal: who.principal.clone(),
            name: who.name.clone(),
            account: who.account.clone(),
            kind: who.kind,
            everything,
            manages_access_of,
            needs_mfa: self.with_mfa,
        })
    }
}

fn at(counts: &[usize], row: usize) -> usize {
    counts.get(row).copied().unwrap_or(0)
}
