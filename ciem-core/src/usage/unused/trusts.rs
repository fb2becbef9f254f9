//! Who may take on a role and did not.

use super::lookup::Lookup;
use super::{UnusedKind, UnusedRow};
use crate::access::decide::Verdict;
use crate::error::Error;
use crate::model::Query;
use crate::progress::Progress;
use crate::snapshot::Snapshot;
use crate::usage::value::UseState;

pub(super) fn rows(
    snapshot: &Snapshot,
    lookups: &[Lookup<'_>],
    progress: &Progress,
    add: &mut dyn FnMut(UnusedRow),
) -> Result<(), Error> {
    for lookup in lookups {
        let estate = lookup.estate;
        let roles = lookup.principals().into_iter().filter(|id| estate.principals[*id].acting.is_none());
        for (number, role) in roles.enumerate() {
            progress.tick("comparing", number, None)?;
            let id = lookup.text(estate.principals[role].id);
            if !estate.resource_ids.contains_key(&estate.principals[role].id) {
                continue;
            }
            for way in estate.provider.becoming.ways {
                let query = Query::who(way.permission, id.as_str());
                for holder in snapshot.who_can_with(&query, &progress.quiet())?.rows() {
                    let may = holder.verdict != Verdict::Deny
                        && (way.kind)(holder.principal_kind, &holder.principal).is_some();
                    if !may || lookup.took(&holder.principal, way.permission, &id) {
                        continue;
                    }
                    let account = estate.account_text(estate.principals[role].account).to_owned();
                    let covered = lookup.is_covered(&account);
                    let state = if covered { UseState::Unused } else { UseState::Unobservable };
                    let mut row = lookup.row(UnusedKind::Trust, id.as_str(), state);
                    row.principal = Some(holder.principal);
                    row.account = Some(account);
                    row.uncovered_days = lookup.uncovered(row.account.as_deref().unwrap_or_default());
                    row.permissions = vec![way.permission.to_owned()];
                    row.via = holder.via.to_vec();
                    add(row);
                }
            }
        }
    }
    Ok(())
}

impl Lookup<'_> {
    /// Whether somebody took on a role in the window, or may have: a log that does not name the role may mean it.
    fn took(&self, principal: &str, permission: &str, role: &str) -> bool {
        let found = self.usage.get(principal, permission).filter(|one| one.used.is_in(self.window));
        found.is_some_and(|one| {
            one.observed().any(|seen| match seen.resource {
                Some(id) if seen.exact => id == role,
                Some(id) => id.strip_suffix('*').map_or(id == role, |head| role.starts_with(head)),
                None => true,
            })
        })
    }
}
