//! What is known of the use of each permission by each principal of one provider, ready to be looked up.

use super::{UnusedKind, UnusedOptions, UnusedRow};
use crate::base::{Id, Text};
use crate::model::PrincipalKind;
use crate::snapshot::estate::{AccountId, Estate};
use crate::truth::PrincipalId;
use crate::usage::told::Told;
use crate::usage::value::{PrincipalUse, Usage, UseState};
use crate::usage::window::Window;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) struct Lookup<'a> {
    pub(super) estate: &'a Estate,
    pub(super) usage: &'a Usage,
    pub(super) window: &'a Window,
    options: &'a UnusedOptions,
    /// By account.
    logs: BTreeMap<AccountId, Arc<Uncovered>>,
    /// By principal: who was asked for so far.
    pub(super) known: BTreeMap<PrincipalId, Arc<Known>>,
}

/// What the log of an account does not show.
pub(super) struct Uncovered {
    /// By permission: days of the window.
    days: Vec<u32>,
    /// By permission: how many before it are not observable.
    blind_before: Vec<u32>,
}

/// What is known of one principal.
pub(super) struct Known {
    /// Permissions of which more is known than that the log has nothing.
    states: BTreeMap<u16, UseState>,
    log: Arc<Uncovered>,
    tolerated: u32,
    pub(super) account: String,
    pub(super) environment: Option<String>,
    pub(super) team: Option<String>,
}

impl<'a> Lookup<'a> {
    pub(super) fn new(
        estate: &'a Estate,
        usage: &'a Usage,
        window: &'a Window,
        options: &'a UnusedOptions,
    ) -> Self {
        Lookup { estate, usage, window, options, logs: BTreeMap::new(), known: BTreeMap::new() }
    }

    /// Whether something of this kind holds grants that can be taken away.
    pub(super) fn counts(&self, principal: PrincipalId) -> bool {
        let one = &self.estate.principals[principal];
        let kind = self.estate.shown(principal).1;
        matches!(kind, PrincipalKind::User | PrincipalKind::Role | PrincipalKind::Person)
            && self.estate.accounts[one.account].loaded
    }

    /// What logs and exports tell of a principal. Somebody who acts as a role uses what that role uses.
    pub(super) fn usage_of(&self, principal: PrincipalId) -> Option<&'a PrincipalUse> {
        self.usage.0.principals.get(self.estate.text(self.estate.principals[principal].id))
    }

    pub(super) fn log(&mut self, account: AccountId) -> Arc<Uncovered> {
        if let Some(log) = self.logs.get(&account) {
            return Arc::clone(log);
        }
        let log = Arc::new(self.examined(self.estate.account_text(account)));
        self.logs.insert(account, Arc::clone(&log));
        log
    }

    fn examined(&self, account: &str) -> Uncovered {
        let spec = self.estate.provider.usage;
        let universe = &self.estate.universe;
        let days = self.window.days();
        let all = days.len() as u32;
        let tolerated = self.window.tolerated() as u32;
        let mut found: BTreeMap<(crate::model::Plane, &str), u32> = BTreeMap::new();
        let (mut missing, mut blind_before, mut blind) = (Vec::new(), vec![0], 0);
        for id in 0..universe.len() {
            let name = universe.name(id);
            let key = ((spec.plane)(name), (spec.service_of)(name));
            let uncovered = *found.entry(key).or_insert_with(|| {
                let home = (spec.home_region)(key.1);
                let covered =
                    self.usage.0.coverage.days(self.estate.provider.name, account, key.0, key.1, home);
                covered.map_or(all, |covered| covered.missing_in(days.clone()) as u32)
            });
            missing.push(uncovered);
            blind += u32::from(uncovered > tolerated);
            blind_before.push(blind);
        }
        Uncovered { days: missing, blind_before }
    }

    pub(super) fn know(&mut self, principal: PrincipalId) -> Arc<Known> {
        if let Some(known) = self.known.get(&principal) {
            return Arc::clone(known);
        }
        let account = self.estate.principals[principal].account;
        let log = self.log(account);
        let tolerated = self.window.tolerated() as u32;
        let states = self.usage_of(principal).map(|of| self.states(of, &log)).unwrap_or_default();
        let tag =
            |keys: &[String]| keys.iter().find_map(|key| self.estate.tag(principal, key)).map(str::to_owned);
        let known = Arc::new(Known {
            states,
            log,
            tolerated,
            account: self.estate.account_text(account).to_owned(),
            environment: tag(&self.options.environment_tags),
            team: tag(&self.options.team_tags),
        });
        self.known.insert(principal, Arc::clone(&known));
        known
    }

    fn states(&self, of: &PrincipalUse, log: &Uncovered) -> BTreeMap<u16, UseState> {
        let universe = &self.estate.universe;
        let window = self.window;
        let mut states: BTreeMap<u16, UseState> = BTreeMap::new();
        for told in &of.told {
            let Some(state) = told.of_window(window) else { continue };
            match &told.permission {
                Some(name) => states.extend(universe.find(name).map(|id| (id, state))),
                // Of a service that was used nobody knows which permission was.
                None if state == UseState::Unused => {
                    for id in universe.catalog().service_range(&told.service) {
                        states.entry(id).or_insert(state);
                    }
                }
                None => {}
            }
        }
        for one in of.permissions.values() {
            let Some(id) = universe.find(&one.permission) else { continue };
            let shown = states.contains_key(&id) || !log.is_blind(id, window.tolerated() as u32);
            if one.used.is_in(window) {
                states.insert(id, UseState::Used);
            } else if states.get(&id) == Some(&UseState::Used) {
            } else if one.failed.is_in(window) {
                states.insert(id, UseState::Attempted);
            } else if one.denied.is_in(window) && shown {
                states.insert(id, UseState::Denied);
            }
        }
        states
    }

    /// A row about a thing of an account.
    pub(super) fn row(&self, kind: UnusedKind, id: impl Into<String>, state: UseState) -> UnusedRow {
        UnusedRow {
            kind,
            id: Some(id.into()),
            principal: None,
            provider: self.estate.provider.name.to_owned(),
            account: None,
            environment: None,
            team: None,
            state,
            permissions: Vec::new(),
            count: 1,
            last_used: None,
            uncovered_days: 0,
            via: Vec::new(),
        }
    }

    pub(super) fn text(&self, text: Text) -> String {
        self.estate.text(text).to_owned()
    }

    /// Tags of a resource for environment and team.
    pub(super) fn resource_tags(&self, resource: &crate::snapshot::estate::Resource) -> [Option<String>; 2] {
        let tag = |keys: &[String]| {
            keys.iter().find_map(|key| self.estate.resource_tag(resource, key)).map(str::to_owned)
        };
        [tag(&self.options.environment_tags), tag(&self.options.team_tags)]
    }

    /// Principals whose grants count.
    pub(super) fn principals(&self) -> Vec<PrincipalId> {
        (0..self.estate.principals.len()).map(PrincipalId::new).filter(|id| self.counts(*id)).collect()
    }
}

impl Uncovered {
    pub(super) fn days(&self, id: u16) -> u32 {
        self.days.get(usize::from(id)).copied().unwrap_or(u32::MAX)
    }

    fn is_blind(&self, id: u16, tolerated: u32) -> bool {
        self.days(id) > tolerated
    }

    /// Whether some permission of a range is not observable.
    pub(super) fn has_blind(&self, (start, end): (u16, u16)) -> bool {
        let before = |id: u16| self.blind_before.get(usize::from(id)).copied().unwrap_or(0);
        before(end) > before(start)
    }
}

impl Known {
    pub(super) fn state(&self, id: u16) -> UseState {
        self.states.get(&id).copied().unwrap_or_else(|| {
            if self.log.is_blind(id, self.tolerated) { UseState::Unobservable } else { UseState::Unused }
        })
    }

    pub(super) fn uncovered(&self, id: u16) -> u32 {
        if self.states.contains_key(&id) { 0 } else { self.log.days(id) }
    }

    /// Permissions that were used.
    pub(super) fn used(&self) -> impl Iterator<Item = u16> + '_ {
        self.states.iter().filter(|(_, state)| **state == UseState::Used).map(|(id, _)| *id)
    }
}

/// Whether the principal did nothing at all in the window.
pub(super) fn idle(of: Option<&PrincipalUse>, window: &Window) -> Idle {
    let Some(of) = of else { return Idle::Silent };
    let tallies = of.permissions.values().flat_map(|one| [&one.used, &one.failed, &one.denied]);
    let within = |at: i64| at >= window.from() && at < window.to();
    if tallies.chain(of.credentials.values()).any(|tally| tally.is_in(window))
        || of.last_active.is_some_and(within)
    {
        return Idle::Active;
    }
    let mut services = of.told.iter().filter(|one| one.permission.is_none()).peekable();
    // The provider lists all services that the principal is granted.
    let whole =
        services.peek().is_some() && services.all(|one| one.of_window(window) == Some(UseState::Unused));
    if whole { Idle::Told } else { Idle::Silent }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Idle {
    Active,
    /// The provider says that it used no service.
    Told,
    /// Nothing is told.
    Silent,
}

impl Told {
    /// What it says of the window: used, unused, or nothing.
    pub(super) fn of_window(&self, window: &Window) -> Option<UseState> {
        if self.last.is_some_and(|last| last >= window.from() && last < window.to()) {
            return Some(UseState::Used);
        }
        let looked_at = self.from <= window.from() && self.to >= window.to();
        (looked_at && self.last.is_none_or(|last| last < window.from())).then_some(UseState::Unused)
    }
}
