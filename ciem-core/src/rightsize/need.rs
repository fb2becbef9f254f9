//! Which permissions stay, and why.

use super::holdings::{Holdings, Unit};
use super::memory::Memory;
use super::options::RightsizeOptions;
use super::peers::wilson;
use super::periodic;
use super::proposal::{Reason, Reasoned};
use crate::base::Intervals;
use crate::model::Plane;
use crate::pattern::Glob;
use crate::provider::RemedySpec;
use crate::snapshot::estate::Estate;
use crate::usage::permission_use::PermissionUse;
use crate::usage::value::{Usage, UseState};
use crate::usage::window::Window;
use std::collections::{BTreeMap, BTreeSet};

/// Reasons as bits, by their place in `Reason::ALL`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub(super) struct Reasons(u16);

impl Reasons {
    const STAY: u16 = (1 << 9) - 1;

    fn add(&mut self, reason: Reason) {
        self.0 |= 1 << reason as u16;
    }

    pub(super) fn has(self, reason: Reason) -> bool {
        self.0 >> reason as u16 & 1 == 1
    }

    pub(super) fn stays(self) -> bool {
        self.0 & Self::STAY != 0
    }

    /// Those to stay where there are any, else those to go.
    fn told(self) -> Reasons {
        if self.stays() { Reasons(self.0 & Self::STAY) } else { self }
    }

    fn list(self) -> Vec<Reason> {
        Reason::ALL.into_iter().filter(|reason| self.has(*reason)).collect()
    }
}

/// What is known of the permissions that a unit is granted.
pub(super) struct Need<'u> {
    /// By permission; all that are granted.
    pub(super) reasons: ByPermission,
    /// What the logs tell of them.
    pub(super) uses: BTreeMap<u16, Vec<&'u PermissionUse>>,
    pub(super) used_not_granted: Vec<String>,
    /// Whether the logs show each call in the window of everything that counts as used; else something else told.
    pub(super) told: BTreeSet<u16>,
}

/// Whether the log covers the window: for a plane, and where it hangs on the grants, for these.
type Covered = (Plane, Vec<usize>, bool);

pub(super) struct Asked<'a> {
    pub(super) estate: &'a Estate,
    pub(super) usage: &'a Usage,
    pub(super) window: Window,
    pub(super) options: &'a RightsizeOptions,
    pub(super) spec: &'a RemedySpec,
    pub(super) memory: &'a Memory,
}

/// By permission, in their order.
#[derive(Debug, Default)]
pub(super) struct ByPermission(Vec<(u16, Reasons)>);

impl ByPermission {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u16, Reasons)> {
        self.0.iter().copied()
    }

    pub(super) fn get(&self, permission: u16) -> Option<Reasons> {
        let at = self.0.binary_search_by_key(&permission, |(id, _)| *id).ok()?;
        self.0.get(at).map(|(_, reasons)| *reasons)
    }

    fn within(&mut self, start: u16, end: u16) -> impl Iterator<Item = &mut (u16, Reasons)> {
        let from = self.0.partition_point(|(id, _)| *id < start);
        self.0.iter_mut().skip(from).take_while(move |(id, _)| *id < end)
    }
}

impl<'u> Need<'u> {
    pub(super) fn of(asked: &Asked<'u>, unit: &Unit, holdings: &Holdings<'_>, granted: &Intervals) -> Self {
        let Asked { estate, usage, window, options, .. } = asked;
        let universe = &estate.universe;
        let mut need = Need {
            reasons: ByPermission::default(),
            uses: BTreeMap::new(),
            used_not_granted: Vec::new(),
            told: BTreeSet::new(),
        };
        let ids: BTreeSet<&str> =
            unit.members.iter().map(|&id| estate.text(estate.principals[id].id)).collect();
        let mut beyond: BTreeSet<String> = BTreeSet::new();
        for one in ids.iter().flat_map(|id| usage.of(id)) {
            match universe.find(one.permission()).filter(|id| granted.contains(*id)) {
                Some(id) => need.uses.entry(id).or_default().push(one),
                None if one.used().is_in(window) => drop(beyond.insert(one.permission().to_owned())),
                None => {}
            }
        }
        need.used_not_granted = beyond.into_iter().collect();
        let everywhere = protected_whole(asked, unit);
        // Permissions of a service follow each other.
        let mut covered: (Option<u16>, Vec<Covered>) = (None, Vec::new());
        let log_of = estate.provider.usage.log_of;
        let speaking = |permission: u16| -> Vec<usize> {
            let grants = holdings.grants.iter().enumerate().filter(|_| log_of.is_some());
            let speaking = grants.filter(|(_, one)| estate.library.speaks_of(one.statement, permission));
            speaking.map(|(at, _)| at).collect()
        };
        let told_of = |id: &str| usage.0.principals.get(id).is_some_and(|one| !one.told.is_empty());
        let any_told = ids.iter().any(|id| told_of(id));
        let end = window.days().end;
        for permission in granted.ranges().iter().flat_map(|&(start, end)| start..end) {
            let mut reasons = Reasons::default();
            if let Some(reason) = everywhere {
                reasons.add(reason);
            }
            let uses = need.uses.get(&permission).map_or(&[][..], Vec::as_slice);
            let is_in = |tally: fn(&PermissionUse) -> &crate::usage::permission_use::Tally| {
                uses.iter().any(|one| tally(one).is_in(window))
            };
            if is_in(PermissionUse::used) {
                reasons.add(Reason::Used);
            }
            if options.attempted && is_in(PermissionUse::failed) {
                reasons.add(Reason::Attempted);
            }
            if options.periodic && uses.iter().any(|one| periodic::goes_on(one.used().days(), end)) {
                reasons.add(Reason::Periodic);
            }
            let name = universe.name(permission);
            let mut state = None;
            if any_told {
                let states = ids.iter().map(|id| usage.state(id, name, window));
                state = states.min();
                if state == Some(UseState::Used) && !reasons.has(Reason::Used) {
                    reasons.add(Reason::Used);
                    need.told.insert(permission);
                }
            }
            let unobservable = match state {
                Some(state) => state == UseState::Unobservable,
                None => {
                    let spec = estate.provider.usage;
                    let shown = universe.shown(spec, permission);
                    let service = shown.map(|(service, _)| service);
                    let plane = shown.map_or_else(|| (spec.plane)(name), |(_, plane)| plane);
                    let tolerated = window.tolerated();
                    // Of what no catalogue has each is asked.
                    if service.is_none() || covered.0 != service {
                        covered = (service, Vec::new());
                    }
                    let by = speaking(permission);
                    match covered.1.iter().find(|(known, grants, _)| *known == plane && *grants == by) {
                        Some((_, _, whole)) => !whole,
                        None => {
                            let whole = match log_of {
                                None => {
                                    ids.iter().all(|id| usage.uncovered_days(id, name, window) <= tolerated)
                                }
                                Some(log_of) => {
                                    let grants = by.iter().filter_map(|at| holdings.grants.get(*at));
                                    let mut patterns = grants.flat_map(|grant| &grant.resources);
                                    patterns.all(|pattern| {
                                        let missing =
                                            log_of(pattern).map(|log| uncovered(asked, log, plane, name));
                                        missing.is_some_and(|missing| missing <= tolerated)
                                    })
                                }
                            };
                            covered.1.push((plane, by, whole));
                            !whole
                        }
                    }
                }
            };
            if unobservable && reasons.has(Reason::Used) {
                // Where else it was used, nobody knows.
                if options.unobservable {
                    reasons.add(Reason::Unobservable);
                }
            } else if unobservable {
                reasons.add(if options.unobservable {
                    Reason::Unobservable
                } else {
                    Reason::UnobservableDropped
                });
            } else if is_in(PermissionUse::denied) {
                reasons.add(Reason::Denied);
            } else if !reasons.has(Reason::Used) {
                reasons.add(Reason::Unused);
            }
            need.reasons.0.push((permission, reasons));
        }
        need.mark(asked, Reason::Protected, options.protected_permissions.iter().map(String::as_str));
        for entry in &options.calendar {
            if unit
                .members
                .iter()
                .any(|&id| is_named(estate, id, entry.principals.iter().map(String::as_str)))
            {
                need.mark(asked, Reason::Calendar, entry.permissions.iter().map(String::as_str));
            }
        }
        if options.companions {
            need.companions(asked);
        }
        if options.peer_share <= 1.0 {
            need.peers(asked, unit);
        }
        need
    }

    fn mark<'p>(&mut self, asked: &Asked<'_>, reason: Reason, patterns: impl Iterator<Item = &'p str>) {
        for pattern in patterns {
            for &(start, end) in asked.memory.universe.expand(pattern).ranges() {
                self.reasons.within(start, end).for_each(|(_, reasons)| reasons.add(reason));
            }
        }
    }

    fn companions(&mut self, asked: &Asked<'_>) {
        let universe = &asked.memory.universe;
        let used: Vec<u16> = self.having(Reason::Used).collect();
        let service = |id: u16| (asked.estate.provider.usage.service_of)(universe.name(id));
        if used.is_empty() {
            return;
        }
        for companion in asked.spec.companions {
            let sets: Vec<Intervals> = companion.of.iter().map(|of| universe.expand(of)).collect();
            let triggers = used.iter().filter(|id| sets.iter().any(|set| set.contains(**id)));
            let services: BTreeSet<&str> = triggers.map(|id| service(*id)).collect();
            if services.is_empty() {
                continue;
            }
            for keep in companion.keep {
                let kept = universe.expand(keep);
                for &(start, end) in kept.ranges() {
                    for (id, reasons) in self.reasons.within(start, end) {
                        if !companion.same_service || services.contains(service(*id)) {
                            reasons.add(Reason::Companion);
                        }
                    }
                }
            }
        }
    }

    fn peers(&mut self, asked: &Asked<'_>, unit: &Unit) {
        let Asked { estate, usage, window, options, .. } = asked;
        for &member in &unit.members {
            let (count, used) = asked.memory.peers.used_by(estate, usage, window, member);
            for (permission, by) in used {
                if wilson(by, count) > options.peer_share {
                    let granted = self.reasons.within(permission, permission + 1);
                    granted.for_each(|(_, reasons)| reasons.add(Reason::Peer));
                }
            }
        }
    }

    fn having(&self, reason: Reason) -> impl Iterator<Item = u16> + '_ {
        self.reasons.iter().filter(move |(_, reasons)| reasons.has(reason)).map(|(id, _)| id)
    }

    pub(super) fn count(&self, reason: Reason) -> u32 {
        self.having(reason).count() as u32
    }

    pub(super) fn kept(&self) -> Intervals {
        let kept = self.reasons.iter().filter(|(_, reasons)| reasons.stays());
        Intervals::from_ranges(kept.map(|(id, _)| (id, id + 1)).collect())
    }

    /// What stays, or what goes, by reason.
    pub(super) fn reasoned(&self, asked: &Asked<'_>, stays: bool) -> Vec<Reasoned> {
        let mut by: Vec<(Reasons, Vec<String>)> = Vec::new();
        for (id, reasons) in self.reasons.iter().filter(|(_, reasons)| reasons.stays() == stays) {
            let name = asked.estate.universe.name(id).to_owned();
            let told = reasons.told();
            match by.iter_mut().find(|(known, _)| *known == told) {
                Some((_, names)) => names.push(name),
                None => by.push((told, vec![name])),
            }
        }
        let by: BTreeMap<Vec<Reason>, Vec<String>> =
            by.into_iter().map(|(reasons, names)| (reasons.list(), names)).collect();
        by.into_iter().map(|(reasons, permissions)| Reasoned { reasons, permissions }).collect()
    }
}

/// Days of the window that the log of an account lacks for a permission.
fn uncovered(asked: &Asked<'_>, account: &str, plane: Plane, permission: &str) -> usize {
    let Asked { estate, usage, window, .. } = asked;
    let spec = estate.provider.usage;
    let service = (spec.service_of)(permission);
    let days =
        usage.0.coverage.days(estate.provider.name, account, plane, service, (spec.home_region)(service));
    days.map_or(window.days().len(), |days| days.missing_in(window.days()))
}

/// Why nothing at all is taken from somebody.
fn protected_whole(asked: &Asked<'_>, unit: &Unit) -> Option<Reason> {
    let Asked { estate, options, window, spec, .. } = asked;
    let own = options.protected_principals.as_ref();
    for &member in &unit.members {
        let named = match own {
            Some(own) => is_named(estate, member, own.iter().map(String::as_str)),
            None => is_named(estate, member, spec.protected.iter().copied()),
        };
        if named {
            return Some(Reason::Protected);
        }
        let made = estate.usage.day_made(estate.principals[member].id);
        // Of somebody who was made within the window, part of it says nothing.
        if options.new_grant_days > 0 && made.is_some_and(|day| day > window.days().start) {
            return Some(Reason::NewGrant);
        }
    }
    None
}

fn is_named<'p>(
    estate: &Estate,
    principal: crate::truth::PrincipalId,
    mut patterns: impl Iterator<Item = &'p str>,
) -> bool {
    let one = &estate.principals[principal];
    let (id, name) = (estate.text(one.id), estate.text(one.name));
    patterns.any(|pattern| {
        let glob = Glob::parse(pattern);
        glob.matches_ignore_ascii_case(id) || glob.matches_ignore_ascii_case(name)
    })
}
