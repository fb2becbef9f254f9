//! Identities of which nobody can say how far they reach, because something that they refer to was not read.

use crate::reach::PROVIDER;
use ciem_core::{Error, Missing, PrincipalKind, Request, Snapshot, Verdict};
use serde::Serialize;

/// Who may do this may give itself everything else. An identity with a policy that is not there could do it.
const PROBE: &str = "iam:PutRolePolicy";

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Undecided {
    pub(crate) principal: String,
    pub(crate) name: String,
    pub(crate) account: String,
    pub(crate) kind: PrincipalKind,
    pub(crate) missing: Vec<Missing>,
}

pub(crate) fn undecided(snapshot: &Snapshot) -> Result<Vec<Undecided>, Error> {
    let mut found = Vec::new();
    for who in snapshot.principals() {
        let kinds = matches!(who.principal_kind, PrincipalKind::User | PrincipalKind::Role);
        if !kinds || who.provider != PROVIDER {
            continue;
        }
        let decision = snapshot.can(&Request::new(&who.principal, PROBE, "*"))?;
        if decision.verdict == Verdict::Unknown {
            found.push(Undecided {
                principal: who.principal,
                name: who.name,
                account: who.account,
                kind: who.principal_kind,
                missing: decision.missing,
            });
        }
    }
    Ok(found)
}
