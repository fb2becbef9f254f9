//! Scopes and resource ids: compared without case and by path segment (AZ-R2).

use std::borrow::Cow;

/// Where everything of a tenant lies.
pub(crate) const ROOT: &str = "/";
pub(crate) const GROUPS: &str = "/providers/microsoft.management/managementgroups/";
pub(crate) const SUBSCRIPTIONS: &str = "/subscriptions/";

/// The one form of an id or of a pattern of ids: lower case, and with a `/` at its end. So `…/rg1/*` matches `…/rg1/` and
/// what lies in it, and not `…/rg10/`.
pub(crate) fn canonical(id: &str) -> Cow<'_, str> {
    if id == "*" || id == ROOT {
        return Cow::Borrowed(id);
    }
    let begins = id.starts_with(['/', '*']);
    let ends = id.ends_with(['/', '*']) && !id.ends_with("//");
    if begins && ends && !id.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Cow::Borrowed(id);
    }
    let mut text = String::with_capacity(id.len() + 2);
    if !begins {
        text.push('/');
    }
    text.push_str(&id.to_ascii_lowercase());
    if !text.ends_with('*') {
        text.truncate(text.trim_end_matches('/').len());
        text.push('/');
    }
    Cow::Owned(text)
}

/// The canonical form without the `/` at its end.
pub(crate) fn shown(id: &str) -> &str {
    id.strip_suffix('/').filter(|id| !id.is_empty()).unwrap_or(id)
}

/// The pattern of a canonical scope and all that lies in it.
pub(crate) fn pattern(scope: &str) -> String {
    if scope == ROOT { "*".to_owned() } else { format!("{scope}*") }
}

/// The subscription that a canonical id lies in.
pub(crate) fn subscription(id: &str) -> Option<&str> {
    let name = id.strip_prefix(SUBSCRIPTIONS)?.split('/').next()?;
    (!name.is_empty() && !name.contains(['*', '?'])).then_some(name)
}

/// The name of the management group that a canonical id is, or is part of.
pub(crate) fn management_group(id: &str) -> Option<&str> {
    let name = id.strip_prefix(GROUPS)?.split('/').next()?;
    (!name.is_empty() && !name.contains(['*', '?'])).then_some(name)
}

pub(crate) fn is_management_group(scope: &str) -> bool {
    scope.strip_prefix(GROUPS).is_some_and(|name| name.trim_end_matches('/').find('/').is_none())
}

/// Whether a scope can be assigned at: an id without wildcards.
pub(crate) fn is_scope(scope: &str) -> bool {
    scope.starts_with('/') && !scope.contains(['*', '?'])
}

/// The last part of an id: what roles are compared by (AZ-R2: the same role is written with and without a subscription).
pub(crate) fn last(id: &str) -> &str {
    shown(id).rsplit('/').next().unwrap_or(id)
}
