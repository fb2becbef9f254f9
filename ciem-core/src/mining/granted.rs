//! Pairs from a snapshot: who is effectively allowed what, on which resources and under which condition.

use super::assignments::Assignments;
use super::options::ExistingRole;
use super::used::{Observer, UsedIn};
use crate::access::decide::Verdict;
use crate::access::everybody::everybody;
use crate::access::what_can::AccessCells;
use crate::error::Error;
use crate::model::{AccessLevel, Query};
use crate::progress::Progress;
use crate::snapshot::Snapshot;
use crate::usage::value::Usage;
use crate::usage::window::Window;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Whose access is mined.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct AssignmentQuery {
    /// Only principals of this provider.
    pub provider: Option<String>,
    /// Only access in this account.
    pub account: Option<String>,
    /// Only principals of this kind: `user`, `role`, `person` ...
    pub principal_kind: Option<String>,
    /// Only principals that have all these tags.
    pub tags: BTreeMap<String, String>,
    /// With usage: pairs count, too, of which the logs cannot show whether they were used. Without it they do not; either
    /// way their number is told.
    pub keep_unobservable: bool,
    /// What is asked of each of them: `resource`, `action`, `context`, `at`, `unknown_context`, `missing_layer`.
    #[serde(flatten)]
    pub query: Query,
    #[serde(skip)]
    used: Option<UsedIn>,
}

impl AssignmentQuery {
    /// Only principals of this provider.
    #[must_use]
    pub fn provider(mut self, provider: impl Into<String>) -> Self {
        self.provider = Some(provider.into());
        self
    }

    /// Only access in this account.
    #[must_use]
    pub fn account(mut self, account: impl Into<String>) -> Self {
        self.account = Some(account.into());
        self
    }

    /// Only principals of this kind.
    #[must_use]
    pub fn principal_kind(mut self, kind: impl Into<String>) -> Self {
        self.principal_kind = Some(kind.into());
        self
    }

    /// Only what was used in the window, of what is granted: resources on which nothing was seen do not count, where the logs tell
    /// resources.
    ///
    /// ```
    /// # use ciem_core::SnapshotBuilder;
    /// # let mut builder = SnapshotBuilder::new();
    /// # builder.add("account.json", include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.json")))?;
    /// # let snapshot = builder.finish()?;
    /// use ciem_core::{AssignmentQuery, Progress, UsageBuilder, UseEvent, Window};
    ///
    /// let mut logs = UsageBuilder::new();
    /// let ana = "arn:aws:iam::111122223333:user/ana";
    /// logs.add_event(&UseEvent::new(ana, "s3:GetObject", "2026-01-03T10:00:00Z")?)?;
    /// let window = Window::ending("90d", "2026-02-01T00:00:00Z")?;
    /// let query = AssignmentQuery::default().used(&logs.finish(), &window);
    /// let pairs = snapshot.assignments(&query, &Progress::none())?;
    /// assert_eq!(pairs.len(), 1);
    /// assert!(pairs.iter().all(|pair| pair.permission.starts_with("s3:GetObject on arn:aws:s3:::pay/*")));
    /// # Ok::<(), ciem_core::Error>(())
    /// ```
    #[must_use]
    pub fn used(mut self, usage: &Usage, window: &Window) -> Self {
        self.used = Some(UsedIn { usage: usage.clone(), window: *window });
        self
    }

    /// Pairs count, too, of which the logs cannot show whether they were used.
    #[must_use]
    pub fn keep_unobservable(mut self, keep: bool) -> Self {
        self.keep_unobservable = keep;
        self
    }

    /// Only principals that have this tag.
    #[must_use]
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.insert(key.into(), value.into());
        self
    }
}

/// Where and when a permission is allowed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Scope {
    pub(super) provider: &'static str,
    pub(super) account: String,
    pub(super) resource: String,
    pub(super) except: Vec<String>,
    pub(super) condition: Option<String>,
}

/// A permission in its scope: what the text of a mined permission stands for.
#[derive(Clone, Debug)]
pub(super) struct Entitlement {
    pub(super) permission: String,
    pub(super) level: AccessLevel,
    pub(super) scope: u32,
}

/// What comes through a policy or a group, used or not, and to whom.
#[derive(Debug, Default)]
struct Through {
    /// By scope and number in the provider's universe.
    permissions: Vec<(u32, u16)>,
    users: BTreeSet<String>,
}

/// The pairs of a snapshot and what their texts stand for.
#[derive(Debug, Default)]
pub(super) struct Granted {
    pub(super) assignments: Assignments,
    /// In the order in which the permissions were added.
    pub(super) entitlements: Vec<Entitlement>,
    pub(super) scopes: Vec<Scope>,
    pub(super) tags: BTreeMap<String, BTreeMap<String, String>>,
    pub(super) assumptions: Vec<String>,
    scope_numbers: BTreeMap<Scope, u32>,
    numbers: BTreeMap<(u32, u16), u32>,
    /// By policy or group.
    through: BTreeMap<String, Through>,
    /// Whether the account is part of a permission's text: not if all are of one.
    with_account: bool,
}

impl Snapshot {
    /// Who is effectively allowed what, as pairs to mine: principals, and permissions in their scope, such as
    /// `s3:GetObject on arn:aws:s3:::pay/*`. Conditional access has its condition in the text; access that is not known is
    /// left out. What resources allow by their own policies is not mined: no role of the principal makes it.
    ///
    /// ```
    /// # use ciem_core::SnapshotBuilder;
    /// # let mut builder = SnapshotBuilder::new();
    /// # builder.add("account.json", include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.json")))?;
    /// # let snapshot = builder.finish()?;
    /// use ciem_core::{AssignmentQuery, Budget, Progress, mine_roles};
    ///
    /// let pairs = snapshot.assignments(&AssignmentQuery::default(), &Progress::none())?;
    /// assert!(mine_roles(&pairs, &Budget::default())?.optimal());
    /// # Ok::<(), ciem_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Snapshot::what_can_each`]; `too_large`.
    pub fn assignments(&self, query: &AssignmentQuery, progress: &Progress) -> Result<Assignments, Error> {
        Ok(Granted::of(self, query, false, progress)?.assignments)
    }
}

impl Granted {
    /// `with_origin` keeps through which policies and groups access comes.
    pub(super) fn of(
        snapshot: &Snapshot,
        query: &AssignmentQuery,
        with_origin: bool,
        progress: &Progress,
    ) -> Result<Self, Error> {
        let mut granted = Granted { with_account: query.account.is_none(), ..Granted::default() };
        for row in snapshot.principals().filter(|row| !row.tags.is_empty()) {
            granted.tags.insert(row.principal, row.tags);
        }
        let mut asked = query.query.clone();
        asked.caller_side_only = true;
        let mut unknown = 0u64;
        let mut observer = query.used.as_ref().map(|used| Observer::new(used, query.keep_unobservable));
        let each = &mut |row: &AccessCells<'_>| {
            // What everybody may do without any grant needs no role.
            if !granted.is_asked(row, query) || row.via.iter().next().is_none() {
                return Ok(());
            }
            match row.verdict {
                Verdict::Allow | Verdict::Conditional => {
                    let is_used = &mut |permission: &str| {
                        observer.as_mut().is_none_or(|observer| observer.keeps(snapshot, row, permission))
                    };
                    granted.add(row, with_origin, is_used)
                }
                _ => {
                    unknown += 1;
                    Ok(())
                }
            }
        };
        granted.assumptions = everybody(snapshot, &asked, progress, each)?;
        if unknown > 0 {
            granted.assumptions.push(format!("{unknown} rows of access that is not known are not mined"));
        }
        granted.assumptions.extend(observer.and_then(|observer| observer.assumption()));
        Ok(granted)
    }

    fn is_asked(&self, row: &AccessCells<'_>, query: &AssignmentQuery) -> bool {
        let is =
            |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|wanted| wanted == found);
        let tags = self.tags.get(row.principal);
        is(&query.provider, row.provider)
            && is(&query.account, row.account)
            && is(&query.principal_kind, row.principal_kind.as_str())
            && query.tags.iter().all(|(key, value)| tags.is_some_and(|tags| tags.get(key) == Some(value)))
    }

    fn add(
        &mut self,
        row: &AccessCells<'_>,
        with_origin: bool,
        is_used: &mut dyn FnMut(&str) -> bool,
    ) -> Result<(), Error> {
        let [resource] = row.resources;
        let scope = Scope {
            provider: row.provider,
            account: row.account.to_owned(),
            resource: resource.to_owned(),
            except: row.except.to_vec(),
            condition: row.condition.map(str::to_owned),
        };
        let number = match self.scope_numbers.get(&scope) {
            Some(&number) => number,
            None => {
                let number = self.scopes.len() as u32;
                self.scopes.push(scope.clone());
                self.scope_numbers.insert(scope.clone(), number);
                number
            }
        };
        let shown_scope = shown(&scope, self.with_account);
        let mut user = None;
        for (start, end) in row.permissions.runs() {
            for id in (start..end).filter(|&id| is_used(row.permissions.universe.name(id))) {
                let permission = match self.numbers.get(&(number, id)) {
                    Some(&permission) => permission,
                    None => {
                        let name = row.permissions.universe.name(id);
                        let level = row.permissions.universe.access(id);
                        let permission = self.assignments.permission(&format!("{name}{shown_scope}"))?;
                        self.numbers.insert((number, id), permission);
                        self.entitlements.push(Entitlement {
                            permission: name.to_owned(),
                            level,
                            scope: number,
                        });
                        permission
                    }
                };
                let user = match user {
                    Some(user) => user,
                    None => *user.insert(self.assignments.user(row.principal)?),
                };
                self.assignments.pair(user, permission)?;
            }
        }
        // Names that are no ids, of inline policies, may be the same for different policies.
        let ids = row.via.iter().filter(|name| with_origin && name.contains([':', '/']));
        for name in ids {
            let through = self.through.entry(name.to_owned()).or_default();
            let ids = row.permissions.runs().flat_map(|(start, end)| start..end);
            through.permissions.extend(ids.map(|id| (number, id)));
            through.users.insert(row.principal.to_owned());
        }
        Ok(())
    }

    /// The policies and groups that access comes through, as roles that exist: with all that they give, so that none is taken
    /// for a role that gives less.
    pub(super) fn existing(
        &mut self,
        snapshot: &Snapshot,
        progress: &Progress,
    ) -> Result<Vec<ExistingRole>, Error> {
        let through = std::mem::take(&mut self.through);
        let (mut roles, count) = (Vec::with_capacity(through.len()), through.len());
        let text = |&(scope, id): &(u32, u16)| {
            let scope = self.scopes.get(scope as usize)?;
            let estate = snapshot.estates().iter().find(|estate| estate.provider.name == scope.provider)?;
            Some(format!("{}{}", estate.universe.name(id), shown(scope, self.with_account)))
        };
        for (name, Through { mut permissions, users }) in through {
            progress.poll("comparing", roles.len(), Some(count))?;
            permissions.sort_unstable();
            permissions.dedup();
            roles.push(ExistingRole::new(name, permissions.iter().filter_map(text), users));
        }
        Ok(roles)
    }
}

/// The scope as it stands behind a permission's name. Texts with spaces are quoted, so that no two scopes look alike.
fn shown(scope: &Scope, with_account: bool) -> String {
    let quoted = |text: &str| {
        if text.contains([' ', '"']) { serde_json::Value::from(text).to_string() } else { text.to_owned() }
    };
    let mut out = String::new();
    // Writing to a text cannot fail.
    if scope.resource != "*" {
        let _ = write!(out, " on {}", quoted(&scope.resource));
    }
    for except in &scope.except {
        let _ = write!(out, " except {}", quoted(except));
    }
    if with_account && !scope.account.is_empty() {
        let _ = write!(out, " in {}", quoted(&scope.account));
    }
    if let Some(condition) = &scope.condition {
        let _ = write!(out, " if {condition}");
    }
    out
}
