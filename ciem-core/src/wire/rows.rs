//! The columns of every verb that answers with a table.

use super::columns::record;
use super::rightsize::ProposalRow;
use crate::access::listing::{PermissionRow, PrincipalRow, ResourceRow};
use crate::access::matrix::MatrixCells;
use crate::access::settle::SettlingRow;
use crate::access::usage::{AccessedRow, CredentialRow};
use crate::access::what_can::{AccessCells, AccessRow};
use crate::access::who_can::HolderRow;
use crate::mining::assignments::PairRow;
use crate::paths::BecomeRow;
use crate::usage::unused::UnusedRow;
use crate::usage::uses::UseRow;

record!(HolderRow { principal, principal_kind, provider, account, tier, verdict, condition, resources, via });

record!(AccessRow { permissions, resources, except, verdict, condition, tier, via, leads_to });

record!(AccessCells<'a> {
    principal,
    principal_kind,
    provider,
    account,
    permissions,
    resources,
    except,
    verdict,
    condition,
    tier,
    via,
    leads_to
});

record!(PairRow<'a> { user, permission });

record!(MatrixCells<'a> { principal, principal_kind, provider, account, surely, possibly });

record!(BecomeRow { from, from_kind, to, kind, provider, verdict, condition, hops, through, mutual, via });

record!(SettlingRow { kind, name, subject, how, answers, alone, open });

record!(PrincipalRow {
    principal,
    principal_kind,
    name,
    provider,
    account,
    loaded,
    policies,
    tags,
    last_used,
    password,
    mfa,
    active_keys,
    oldest_key
});

record!(PermissionRow { permission, provider, access_level, resource_types, known });

record!(ResourceRow { resource, resource_kind, provider, account, policies, tags, shared_with });

record!(CredentialRow {
    principal,
    provider,
    account,
    credential_kind,
    credential,
    status,
    changed,
    last_used,
    last_used_service,
    last_used_region
});

record!(AccessedRow { principal, provider, account, service, permission, last_accessed, region, as_of });

record!(UnusedRow {
    kind,
    id,
    principal,
    provider,
    account,
    environment,
    team,
    state,
    permissions,
    count,
    last_used,
    uncovered_days,
    via
});

record!(ProposalRow {
    principal,
    principal_kind,
    provider,
    account,
    error,
    refused,
    outcome,
    granted,
    kept,
    used_not_granted,
    changes,
    fits,
    would_fail,
    unobservable,
    warnings,
    proposal
});

record!(UseRow {
    principal,
    provider,
    account,
    permission,
    plane,
    first_seen,
    last_seen,
    days,
    count,
    at_most,
    denied,
    failed,
    resources,
    resources_exact,
    networks,
    mfa,
    evidence,
    logs
});
