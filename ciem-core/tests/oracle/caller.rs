//! Who asks, and how strongly an element `Principal` or `NotPrincipal` names that caller.

use serde_json::Value;

use super::evaluate::Case;
use super::world::{Role, User, World};

#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind<'w> {
    User(&'w User),
    Role(&'w Role),
    Root,
    Service,
    Anonymous,
    Federated,
    /// A principal of an account whose details were not exported.
    Unloaded,
    Nobody,
}

#[derive(Clone, Debug)]
pub(crate) struct Caller<'w> {
    pub(crate) kind: Kind<'w>,
    pub(crate) arn: String,
    pub(crate) account: Option<String>,
    /// Role name without path, for roles and their sessions.
    pub(crate) role_name: Option<String>,
    pub(crate) session: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strength {
    User,
    Role,
    Session,
    Account,
    Star,
    /// `*` as it meets a federated caller: it denies, and it grants nothing.
    StarForFederated,
    Service,
    Federated,
}

/// A grant to the caller itself, not to its account.
pub(crate) const DIRECT: [Strength; 4] = [Strength::User, Strength::Role, Strength::Session, Strength::Star];
/// A grant of a key to somebody, not to an account.
pub(crate) const GRANTED: [Strength; 4] =
    [Strength::User, Strength::Role, Strength::Session, Strength::Service];
pub(crate) const ANY: [Strength; 7] = [
    Strength::User,
    Strength::Role,
    Strength::Session,
    Strength::Account,
    Strength::Star,
    Strength::Service,
    Strength::Federated,
];

/// Whoever a denial means.
pub(crate) const DENIED: [Strength; 8] = [
    Strength::User,
    Strength::Role,
    Strength::Session,
    Strength::Account,
    Strength::Star,
    Strength::StarForFederated,
    Strength::Service,
    Strength::Federated,
];

pub(crate) fn account_of(arn: &str) -> Option<String> {
    arn.split(':').nth(4).filter(|account| !account.is_empty()).map(str::to_owned)
}

/// Role name and session name of `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`.
pub(crate) fn session_parts(arn: &str) -> Option<(String, String)> {
    let (_, names) = arn.split_once(":assumed-role/")?;
    let (role, session) = names.split_once('/')?;
    Some((role.to_owned(), session.to_owned()))
}

fn last_segment(arn: &str) -> String {
    arn.rsplit('/').next().unwrap_or_default().to_owned()
}

/// The entry as an account id, if it names a whole account.
pub(crate) fn named_account(entry: &str) -> Option<String> {
    if entry.len() == 12 && entry.chars().all(|c| c.is_ascii_digit()) {
        return Some(entry.to_owned());
    }
    if entry.ends_with(":root") { account_of(entry) } else { None }
}

impl<'w> Caller<'w> {
    pub(crate) fn new(world: &'w World, principal: &str, session: Option<&str>) -> Caller<'w> {
        let arn = principal.to_owned();
        let mut caller = Caller {
            kind: Kind::Anonymous,
            account: account_of(&arn),
            role_name: None,
            session: session.map(str::to_owned),
            arn,
        };
        if caller.arn == "anonymous" {
            return caller;
        }
        if !caller.arn.starts_with("arn:") {
            caller.kind = Kind::Service;
            return caller;
        }
        if caller.arn.contains("-provider/") {
            caller.kind = Kind::Federated;
            caller.account = None;
            return caller;
        }
        let session = session_parts(&caller.arn);
        if let Some((role, name)) = &session {
            caller.role_name = Some(role.clone());
            caller.session = Some(name.clone());
        } else if caller.arn.contains(":role/") {
            caller.role_name = Some(last_segment(&caller.arn));
        }
        let account = caller.account.as_deref().and_then(|id| world.account(id));
        caller.kind = match account {
            None => Kind::Unloaded,
            Some(_) if caller.arn.ends_with(":root") => Kind::Root,
            Some(account) => {
                let user = account.users.iter().find(|user| user.entity.arn == caller.arn);
                let wanted = caller.role_name.clone().unwrap_or_default();
                let role = account.roles.iter().find(|role| {
                    role.entity.arn == caller.arn
                        || (session.is_some() && last_segment(&role.entity.arn).eq_ignore_ascii_case(&wanted))
                });
                match (user, role) {
                    (Some(user), _) => Kind::User(user),
                    (None, Some(role)) => Kind::Role(role),
                    // A principal that a loaded account does not have: an error, which worlds do not ask for.
                    (None, None) => Kind::Nobody,
                }
            }
        };
        caller
    }

    pub(crate) fn has_boundary(&self) -> bool {
        match self.kind {
            Kind::User(user) => user.entity.boundary.is_some(),
            Kind::Role(role) => role.entity.boundary.is_some(),
            _ => false,
        }
    }

    pub(crate) fn is_service_linked(&self) -> bool {
        matches!(self.kind, Kind::Role(role) if role.entity.arn.contains(":role/aws-service-role/"))
    }

    /// Users, roles, sessions and root users: callers that belong to an account.
    pub(crate) fn is_account_principal(&self) -> bool {
        matches!(self.kind, Kind::User(_) | Kind::Role(_) | Kind::Root | Kind::Unloaded)
    }

    /// The ARN of the role behind a role or session, if it is known.
    pub(crate) fn role_arn(&self) -> Option<&str> {
        match self.kind {
            Kind::Role(role) => Some(&role.entity.arn),
            Kind::Unloaded if self.arn.contains(":role/") => Some(&self.arn),
            _ => None,
        }
    }
}

pub(crate) fn list(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

impl Case<'_> {
    fn star(&self) -> Strength {
        if matches!(self.caller.kind, Kind::Federated) { Strength::StarForFederated } else { Strength::Star }
    }

    fn entry_strength(&self, entry: &str) -> Option<Strength> {
        let caller = &self.caller;
        if entry == "*" {
            return Some(self.star());
        }
        if !caller.is_account_principal() {
            return None;
        }
        if let Some(account) = named_account(entry) {
            return (caller.account.as_ref() == Some(&account)).then_some(Strength::Account);
        }
        if account_of(entry) != caller.account {
            return None;
        }
        if let Some((role, session)) = session_parts(entry) {
            let same_role = caller.role_name.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(&role));
            return (same_role && self.session_is(&session)).then_some(Strength::Session);
        }
        if entry.contains(":role/") {
            let same = match caller.role_arn() {
                Some(arn) => arn == entry,
                None => {
                    let wanted = last_segment(entry);
                    caller.role_name.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(&wanted))
                }
            };
            return same.then_some(Strength::Role);
        }
        (caller.arn == entry).then_some(Strength::User)
    }

    /// Does the element name the caller with one of these strengths?
    pub(crate) fn names(&self, element: &Value, wanted: &[Strength]) -> bool {
        if element.as_str() == Some("*") {
            return wanted.contains(&self.star());
        }
        let Some(groups) = element.as_object() else { return false };
        groups.iter().any(|(group, entries)| {
            list(entries).into_iter().any(|entry| match group.as_str() {
                // A session name is a decision point: do not ask for it unless the answer counts.
                "AWS" if session_parts(entry).is_some() && !wanted.contains(&Strength::Session) => false,
                "AWS" => self.entry_strength(entry).is_some_and(|strength| wanted.contains(&strength)),
                "Service" => {
                    matches!(self.caller.kind, Kind::Service)
                        && entry == self.caller.arn
                        && wanted.contains(&Strength::Service)
                }
                "Federated" => {
                    matches!(self.caller.kind, Kind::Federated)
                        && entry == self.caller.arn
                        && wanted.contains(&Strength::Federated)
                }
                _ => false,
            })
        })
    }

    /// Does a Deny with this `NotPrincipal` hit the caller?
    pub(crate) fn hit_by_not_principal(&self, element: &Value) -> bool {
        if self.caller.has_boundary() {
            return true;
        }
        let but_account: Vec<Strength> = ANY.into_iter().filter(|s| *s != Strength::Account).collect();
        if self.names(element, &but_account) {
            return false;
        }
        if !self.names(element, &[Strength::Account]) {
            return true;
        }
        // The root user is the very principal that an account's root ARN names.
        let root = matches!(self.caller.kind, Kind::Root);
        !root && self.missing(&format!("coverage of an account by NotPrincipal {element}"))
    }
}
