//! Mined roles as the provider has them: names, members, documents, and how far they go into the provider's limits.

use super::answer::RoleMining;
use super::granted::{AssignmentQuery, Entitlement, Granted, Scope};
use super::mine_roles_with;
use super::options::MiningOptions;
use crate::access::condition::condition_blocks;
use crate::error::Error;
use crate::model::AccessLevel;
use crate::progress::Progress;
use crate::provider::{Grant, RoleDraft, RoleForm};
use crate::snapshot::Snapshot;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A tag says something of a role if at least half of those who have it or are in the role are both.
const LEAST_ALIKE: f64 = 0.5;

impl Snapshot {
    /// The fewest roles for the effective access of a snapshot, with names that the members' tags suggest, the policies and
    /// groups of today preferred, and, with `form`, each role as the provider has it: `group` or `permission_set` of AWS,
    /// `custom_role` of Azure.
    ///
    /// A role that spans accounts of AWS has one form in each. What a form cannot say exactly (an exception, a condition on session
    /// names) is in its `not_written` and not in its documents; what exceeds a limit of the provider is in its `over_limits`, and
    /// what all roles together exceed in [`RoleMining::over_limits`].
    /// Nothing is written that some member does not have today.
    ///
    /// ```
    /// # use ciem_core::SnapshotBuilder;
    /// # let mut builder = SnapshotBuilder::new();
    /// # builder.add("account.json", include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.json")))?;
    /// # let snapshot = builder.finish()?;
    /// use ciem_core::{AssignmentQuery, MiningOptions, Progress};
    ///
    /// let query = AssignmentQuery::default().principal_kind("user");
    /// let mined = snapshot.mine_roles(&query, &MiningOptions::default(), Some("group"), &Progress::none())?;
    /// let role = mined.roles().next().unwrap();
    /// assert_eq!(role.native()[0]["definition"]["UserNames"], serde_json::json!(["ana"]));
    /// # Ok::<(), ciem_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Snapshot::assignments`] and [`mine_roles_with`]; `invalid_request` if a provider of the access does not have the form.
    pub fn mine_roles(
        &self,
        query: &AssignmentQuery,
        options: &MiningOptions,
        form: Option<&str>,
        progress: &Progress,
    ) -> Result<RoleMining, Error> {
        let mut granted = Granted::of(self, query, true, progress)?;
        let mut options = options.clone();
        options.existing.extend(granted.existing(self, progress)?);
        let mut mined = mine_roles_with(&granted.assignments, &options, progress)?;
        suggest_names(&mut mined, &granted, progress)?;
        if let Some(form) = form {
            write_forms(self, &mut mined, &granted, form, progress)?;
        }
        mined.assumptions = granted.assumptions;
        Ok(mined)
    }
}

/// Names roles by the tag that its members have and others do not, and by the most that it lets them do.
fn suggest_names(mined: &mut RoleMining, granted: &Granted, progress: &Progress) -> Result<(), Error> {
    let mut holders: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let users = mined.users.len();
    for user in 0..users {
        progress.tick("naming", user, Some(users))?;
        let user = mined.users.get(user as u32);
        for (key, value) in granted.tags.get(user).into_iter().flatten() {
            *holders.entry((key, value)).or_default() += 1;
        }
    }
    let mut used: BTreeMap<String, u32> = BTreeMap::new();
    let mut names = Vec::new();
    for role in mined.roles() {
        let mut inside: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for (at, user) in role.users().enumerate() {
            progress.tick("naming", at, None)?;
            for (key, value) in granted.tags.get(user).into_iter().flatten() {
                *inside.entry((key, value)).or_default() += 1;
            }
        }
        let members = role.users().len() as u64;
        let mut best: Option<(f64, &str)> = None;
        for (tag, &both) in &inside {
            let all = holders.get(tag).copied().unwrap_or(0) + members - both;
            let alike = both as f64 / all as f64;
            // A date or a number names nothing.
            let is_word = tag.1.contains(|c: char| c.is_alphabetic());
            if is_word && alike >= LEAST_ALIKE && best.is_none_or(|(most, _)| alike > most) {
                best = Some((alike, tag.1));
            }
        }
        let level = role.permission_sources().filter_map(|source| granted.entitlements.get(source));
        let level = level_word(level.map(|entitlement| entitlement.level));
        names.push(best.filter(|_| !role.name().is_some_and(is_name)).map(|(_, value)| {
            let name = format!("{}-{level}", slug(value));
            let count = used.entry(name.clone()).or_default();
            *count += 1;
            if *count == 1 { name } else { format!("{name}-{count}") }
        }));
    }
    for (note, name) in mined.notes.iter_mut().zip(names) {
        note.name = note.name.take().filter(|name| is_name(name)).or(name);
    }
    Ok(())
}

/// The most that permissions of these levels let their holder do, in a word.
fn level_word(levels: impl Iterator<Item = AccessLevel>) -> &'static str {
    let rank = |level| match level {
        AccessLevel::List | AccessLevel::Read => 0,
        AccessLevel::PermissionsManagement => 2,
        _ => 1,
    };
    match levels.map(rank).max() {
        Some(2) => "admin",
        Some(1) => "write",
        _ => "read",
    }
}

/// Letters and digits in lower case, all else as single dashes.
fn slug(text: &str) -> String {
    let dashed: String =
        text.to_ascii_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let words: Vec<&str> = dashed.split('-').filter(|word| !word.is_empty()).collect();
    if words.is_empty() { "role".to_owned() } else { words.join("-") }
}

fn write_forms(
    snapshot: &Snapshot,
    mined: &mut RoleMining,
    granted: &Granted,
    form: &str,
    progress: &Progress,
) -> Result<(), Error> {
    let forms: BTreeMap<&str, &'static [RoleForm]> =
        snapshot.estates().iter().map(|estate| (estate.provider.name, estate.provider.role_forms)).collect();
    let form_of = |provider: &str| {
        let known = forms.get(provider).copied().unwrap_or(&[]);
        known.iter().find(|known| known.name == form).ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(|known| known.name).collect();
            Error::invalid("form", format!("roles of {provider} are written as {}", names.join(", ")))
        })
    };
    let mut native = Vec::new();
    let mut all: BTreeMap<&str, Vec<(&str, Value)>> = BTreeMap::new();
    let mut names: BTreeSet<(&str, &str, String)> = BTreeSet::new();
    for (number, role) in mined.roles().enumerate() {
        progress.poll("writing", number, Some(mined.notes.len()))?;
        let mut by_account: BTreeMap<(&str, &str), BTreeSet<usize>> = BTreeMap::new();
        for source in role.permission_sources() {
            let scope = granted.entitlements.get(source).and_then(|e| granted.scopes.get(e.scope as usize));
            if let Some(scope) = scope {
                let account = if form_of(scope.provider)?.per_account { &*scope.account } else { "" };
                by_account.entry((scope.provider, account)).or_default().insert(source);
            }
        }
        let suggested = role.name().map_or_else(|| format!("role-{}", number + 1), short_name);
        let mut written = Vec::new();
        for ((provider, account), sources) in by_account {
            let form = form_of(provider)?;
            let is_new = |name: &str| names.insert((provider, account, name.to_lowercase()));
            let name = unique(&suggested, form.longest_name, is_new);
            let members: Vec<&str> = role.users().collect();
            let entitlements = sources.iter().filter_map(|&source| granted.entitlements.get(source));
            let (grants, mut not_written) = grants(entitlements, &granted.scopes);
            let draft = RoleDraft { name: &name, account, members: &members, grants: &grants };
            let role = (form.write)(&draft);
            not_written.extend(role.not_written);
            let mut out = json!({
                "form": form.name, "provider": provider, "name": name, "definition": role.definition,
                "over_limits": role.over_limits, "not_written": not_written,
            });
            if let Some(out) = out.as_object_mut().filter(|_| form.per_account) {
                out.insert("account".to_owned(), account.into());
            }
            all.entry(provider).or_default().push((account, role.definition));
            written.push(out);
        }
        native.push(written);
    }
    let mut over_limits = Vec::new();
    for (provider, written) in &all {
        let written: Vec<(&str, &Value)> = written.iter().map(|(account, role)| (*account, role)).collect();
        over_limits.extend((form_of(provider)?.totals)(&written));
    }
    for (note, written) in mined.notes.iter_mut().zip(native) {
        note.native = written;
    }
    mined.over_limits = over_limits;
    Ok(())
}

/// The name cut to what the provider allows, with a number where it is taken.
fn unique(name: &str, longest: usize, mut is_new: impl FnMut(&str) -> bool) -> String {
    let mut number = 1;
    loop {
        let suffix = if number == 1 { String::new() } else { format!("-{number}") };
        let mut cut: String = name.chars().take(longest.saturating_sub(suffix.len())).collect();
        cut.push_str(&suffix);
        if is_new(&cut) {
            return cut;
        }
        number += 1;
    }
}

/// Whether the last part of an id tells anybody something: a UUID does not.
fn is_name(id: &str) -> bool {
    let last = short_name(id);
    last.len() != 36 || !last.chars().all(|character| character.is_ascii_hexdigit() || character == '-')
}

/// The last part of an id.
fn short_name(name: &str) -> String {
    name.rsplit(['/', ':']).next().unwrap_or(name).to_owned()
}

/// What a role allows, grouped: the same actions on several resources, several actions on the same.
fn grants<'a>(
    entitlements: impl Iterator<Item = &'a Entitlement>,
    scopes: &'a [Scope],
) -> (Vec<Grant<'a>>, Vec<Value>) {
    let mut by_scope: BTreeMap<&Scope, Vec<&str>> = BTreeMap::new();
    for entitlement in entitlements {
        if let Some(scope) = scopes.get(entitlement.scope as usize) {
            by_scope.entry(scope).or_default().push(&entitlement.permission);
        }
    }
    let mut grouped: BTreeMap<(Vec<&str>, Option<&str>), Vec<&str>> = BTreeMap::new();
    let mut not_written = Vec::new();
    for (scope, mut actions) in by_scope {
        actions.sort_unstable();
        actions.dedup();
        if scope.except.is_empty() {
            grouped.entry((actions, scope.condition.as_deref())).or_default().push(&scope.resource);
        } else {
            let reason = "access with exceptions cannot be written without a denial";
            not_written.push(json!({
                "permissions": actions, "resource": scope.resource, "except": scope.except, "reason": reason,
            }));
        }
    }
    let mut grants = Vec::new();
    for ((actions, condition), resources) in grouped {
        let blocks = match condition.map(condition_blocks) {
            None => Ok(vec![None]),
            Some(Ok(found)) => match found.blocks {
                Some(blocks) => Ok(blocks.into_iter().map(Some).collect()),
                None => Err(found.reason.unwrap_or_default()),
            },
            Some(Err(error)) => Err(error.to_string()),
        };
        match blocks {
            Ok(blocks) => grants.extend(blocks.into_iter().map(|condition| {
                let condition =
                    condition.filter(|block| block.as_object().is_none_or(|block| !block.is_empty()));
                Grant { actions: actions.clone(), resources: resources.clone(), condition }
            })),
            Err(reason) => not_written.push(json!({
                "permissions": actions, "resources": resources, "condition": condition, "reason": reason,
            })),
        }
    }
    (grants, not_written)
}
