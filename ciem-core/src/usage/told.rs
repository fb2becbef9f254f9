//! What a provider says of the use of a service or a permission beside the logs: when it was last used, as far as the
//! provider looked back.

use super::value::UseState;
use super::window::Window;
use std::collections::BTreeSet;

/// The last use of a service, or of one permission of it, in a stretch of time.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Told {
    pub(crate) service: Box<str>,
    /// `None` where it is about the whole service.
    pub(crate) permission: Option<Box<str>>,
    /// What was looked at, in seconds since 1970: from here on,
    pub(crate) from: i64,
    /// and up to here.
    pub(crate) to: i64,
    /// `None` where there was no use.
    pub(crate) last: Option<i64>,
}

impl Told {
    /// What is told of a permission: used or unused in the window, or nothing.
    pub(crate) fn state(
        told: &BTreeSet<Told>,
        service: &str,
        permission: &str,
        window: &Window,
    ) -> Option<UseState> {
        let about = told.iter().filter(|one| one.service.as_ref() == service);
        let mut state = None;
        for one in about {
            let whole = one.permission.is_none();
            if !whole && one.permission.as_deref() != Some(permission) {
                continue;
            }
            let in_window = one.last.is_some_and(|last| last >= window.from() && last < window.to());
            if in_window && !whole {
                return Some(UseState::Used);
            }
            let looked_at = one.from <= window.from() && one.to >= window.to();
            // Of a service that was used in the window, or after it, nobody knows which permission was.
            let before = one.last.is_none_or(|last| last < window.from());
            if looked_at && before {
                state = Some(UseState::Unused);
            }
        }
        state
    }
}
