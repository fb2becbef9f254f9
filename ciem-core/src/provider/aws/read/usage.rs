//! Credentials from several inputs brought together, once every input was read.

use crate::base::Text;
use crate::model::usage::{CredentialKind, CredentialRecord, UsageFacts};
use crate::model::{Facts, PrincipalKind, Rejected};
use std::collections::BTreeMap;

pub(super) fn finish(facts: &mut Facts) {
    let mut usage = std::mem::take(&mut facts.usage);
    find_users(facts, &mut usage);
    for credential in &mut usage.credentials {
        if let Some(used) = credential.id.and_then(|id| usage.by_key.get(&id)) {
            credential.used = credential.used.latest(*used);
        }
    }
    let texts = &facts.texts;
    let mut by_owner: BTreeMap<(&str, CredentialKind), Vec<CredentialRecord>> = BTreeMap::new();
    for credential in std::mem::take(&mut usage.credentials) {
        by_owner.entry((texts.get(credential.principal), credential.kind)).or_default().push(credential);
    }
    for (_, mut known) in by_owner {
        // What lists name comes before what the report numbers.
        known.sort_by_cached_key(|c| {
            let id = c.id.map(|id| texts.get(id)).unwrap_or_default();
            (is_number(id), id.to_owned(), c.changed, c.used)
        });
        let mut merged: Vec<CredentialRecord> = Vec::new();
        for credential in known {
            let numbered = is_number(credential.id.map(|id| texts.get(id)).unwrap_or_default());
            let same = |other: &&mut CredentialRecord| {
                other.id == credential.id || numbered && is_same(other, &credential)
            };
            match merged.iter_mut().find(same) {
                Some(other) => {
                    other.used = other.used.latest(credential.used);
                    other.changed = other.changed.max(credential.changed);
                    other.active = other.active.or(credential.active);
                }
                None => merged.push(credential),
            }
        }
        usage.credentials.extend(merged);
    }
    for credential in &usage.credentials {
        if credential.used.at.is_some() {
            let known = usage.last_used.entry(credential.principal).or_default();
            *known = known.latest(credential.used);
        }
    }
    let UsageFacts { accessed, .. } = &mut usage;
    accessed.sort_by_cached_key(|one| {
        let text = |text: Text| texts.get(text).to_owned();
        (
            text(one.principal),
            text(one.service),
            one.permission.map(text),
            std::cmp::Reverse((one.as_of, one.at)),
        )
    });
    // Of several lists the newest counts.
    accessed.dedup_by_key(|one| (one.principal, one.service, one.permission));
    // Of several dates the last one counts: what was made anew is new.
    usage.made.sort_unstable_by_key(|&(id, day)| (id, std::cmp::Reverse(day)));
    usage.made.dedup_by_key(|(id, _)| *id);
    usage.made.shrink_to_fit();
    facts.usage = usage;
}

/// Whether an id is no id, but a place in the credential report.
fn is_number(id: &str) -> bool {
    id.is_empty() || ["access_key_1", "access_key_2", "cert_1", "cert_2"].contains(&id)
}

/// Whether a named credential is the numbered one: keys and certificates by the second they were made in; the
/// report does not tell devices apart.
fn is_same(named: &CredentialRecord, numbered: &CredentialRecord) -> bool {
    match named.kind {
        CredentialKind::Mfa => true,
        _ => named.changed.is_some() && named.changed == numbered.changed && named.active == numbered.active,
    }
}

/// Finds the users that some lists only name.
fn find_users(facts: &mut Facts, usage: &mut UsageFacts) {
    if usage.by_name.is_empty() {
        return;
    }
    let mut users: BTreeMap<Text, Vec<(Text, Text)>> = BTreeMap::new();
    for id in facts.principals.ids() {
        for user in facts.principals.get(id).iter().take(1).filter(|p| p.kind == PrincipalKind::User) {
            users.entry(user.name).or_default().push((user.account, id));
        }
    }
    for (account, name, credential) in std::mem::take(&mut usage.by_name) {
        let named = users.get(&name).map_or(&[][..], Vec::as_slice);
        let mut found = named.iter().filter(|(of, _)| account.is_none_or(|account| account == *of));
        if let (Some((_, id)), None) = (found.next(), found.next()) {
            usage.credentials.push(CredentialRecord { principal: *id, ..credential });
            continue;
        }
        let source = facts.coverage.files.get(credential.source.0 as usize);
        let reason = "credentials of this user cannot be told to be of one loaded user; put `AccountId` beside the \
                      answer, and load the account's authorization details";
        facts.coverage.rejected.insert(Rejected {
            policy: facts.texts.get(name).to_owned(),
            pointer: String::new(),
            reason: reason.to_owned(),
            source: source.map(|file| file.name.clone()).unwrap_or_default(),
        });
    }
}
