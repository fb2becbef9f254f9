//! The permission axis of one provider: its catalogue, and the literals seen that the catalogue does not know.

use super::known::Known;
use crate::base::{Id, Intervals, Row, Text};
use crate::error::{Error, Place};

use crate::model::catalog::tables::split_service;
use crate::model::{AccessLevel, Catalog, Covers, Facts, Plane, Speller, Spelling, SpellingMode};
use crate::pattern::{Glob, Pattern, Written};
use crate::provider::UsageSpec;
use crate::truth::FactId;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use std::sync::{Arc, Mutex};

/// Permission ids: first the catalogue in its order, then unknown literals sorted by text. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Universe {
    known: Arc<Known>,
    /// Lower-case text, and the spelling first seen.
    extras: Arc<[(Box<str>, Box<str>)]>,
    /// By unknown literal: bits by fact id.
    extra_facts: Arc<[u32]>,
    /// Permissions of which it is not known that they act on no resource.
    with_resource: Intervals,
    /// By fact id: the permissions of which it holds.
    rows: Arc<[Row]>,
    /// Patterns that were expanded before, where the same ones come again and again.
    expanded: Option<Arc<Mutex<Expanded>>>,
}

type Expanded = HashMap<Box<str>, Intervals, RandomState>;

/// More remembered patterns than this are dropped and found anew.
const REMEMBERED: usize = 1 << 16;

impl Universe {
    /// The catalogue, and the actions without wildcards that documents name.
    pub(crate) fn of_facts(known: Arc<Known>, facts: &Facts) -> Result<Self, Error> {
        Self::of_facts_and(known, facts, &[])
    }

    /// The same with further permissions.
    pub(crate) fn of_facts_and(known: Arc<Known>, facts: &Facts, more: &[String]) -> Result<Self, Error> {
        let statements = facts.documents.iter().flat_map(|d| &d.statements);
        let lists = statements.flat_map(|s| [&s.actions].into_iter().chain(&s.narrowed));
        // Few texts are named by very many statements.
        let mut seen = vec![false; facts.texts.len()];
        for text in lists.flat_map(|list| &list.items) {
            if let Some(seen) = seen.get_mut(text.index()) {
                *seen = true;
            }
        }
        let seen = seen.iter().enumerate().filter(|(_, seen)| **seen).map(|(text, _)| Text::new(text));
        let texts = seen.map(|text| facts.texts.get(text)).chain(more.iter().map(String::as_str));
        let names_permission = known.names_permission;
        Self::new(known, texts.filter(|text| !text.contains(['*', '?']) && names_permission(text)))
    }

    /// `literals`: action texts without wildcards that were seen in documents.
    fn new<'a>(known: Arc<Known>, literals: impl Iterator<Item = &'a str>) -> Result<Self, Error> {
        let mut extras: Vec<(Box<str>, Box<str>)> = literals
            .filter(|text| known.catalog.permission(text).is_none())
            .map(|text| (text.to_ascii_lowercase().into(), text.into()))
            .collect();
        extras.sort_unstable();
        extras.dedup_by(|(a, _), (b, _)| a == b);
        if known.catalog.len() + extras.len() > usize::from(u16::MAX) {
            let what = "number of distinct permissions".to_owned();
            return Err(Error::TooLarge { what, limit: u64::from(u16::MAX), place: Place::default() });
        }
        let len = (known.catalog.len() + extras.len()) as u16;
        let with_resource = known.without_resource.complement(len);
        let rows = Arc::clone(&known.rows);
        // A permission that no catalogue knows belongs to its service all the same.
        let extra_facts = extras.iter().map(|(name, _)| known.facts_of(name)).collect();
        let mut universe =
            Universe { known, extras: extras.into(), extra_facts, with_resource, rows, expanded: None };
        if !universe.extras.is_empty() {
            let facts = (0..universe.rows.len()).map(|fact| FactId(fact as u8));
            universe.rows = facts.map(|fact| Row::from_intervals(&universe.holding(fact), len)).collect();
        }
        Ok(universe)
    }

    /// The same universe; clones of it share what patterns with wildcards were found to mean.
    pub(crate) fn remembering(&self) -> Universe {
        Universe { expanded: Some(Arc::default()), ..self.clone() }
    }

    pub(crate) fn catalog(&self) -> &Catalog {
        &self.known.catalog
    }

    /// Bits by fact id of the provider's rule.
    pub(crate) fn facts(&self, id: u16) -> u32 {
        let extra = || self.extra_facts.get(usize::from(id).checked_sub(self.known.catalog.len())?);
        self.known.facts.get(usize::from(id)).or_else(extra).copied().unwrap_or(0)
    }

    /// The permissions of which a fact holds.
    pub(crate) fn holding(&self, fact: FactId) -> Intervals {
        let extras = self.extra_facts.iter().zip(self.known.catalog.len() as u16..);
        let holding = extras.filter(|(bits, _)| *bits >> fact.0 & 1 == 1).map(|(_, id)| (id, id + 1));
        Intervals::from_ranges(self.known.holding(fact).iter().copied().chain(holding).collect())
    }

    /// The same as a row.
    pub(crate) fn row(&self, fact: FactId) -> Option<&Row> {
        self.rows.get(usize::from(fact.0))
    }

    pub(crate) fn len(&self) -> u16 {
        (self.known.catalog.len() + self.extras.len()) as u16
    }

    pub(crate) fn find(&self, name: &str) -> Option<u16> {
        self.known.catalog.permission(name).or_else(|| {
            let lower = name.to_ascii_lowercase();
            let at = self.extras.binary_search_by(|(extra, _)| (**extra).cmp(lower.as_str())).ok()?;
            Some((self.known.catalog.len() + at) as u16)
        })
    }

    pub(crate) fn name(&self, id: u16) -> &str {
        match self.known.catalog.info(id) {
            Some(info) => info.name,
            None => self.extras.get(usize::from(id) - self.known.catalog.len()).map_or("", |(_, text)| text),
        }
    }

    /// The number of a permission's service, and which part of the log shows its use; none of what no catalogue has.
    pub(crate) fn shown(&self, spec: &UsageSpec, id: u16) -> Option<(u16, Plane)> {
        self.known.shown(spec, id)
    }

    pub(crate) fn access(&self, id: u16) -> AccessLevel {
        self.known.catalog.info(id).map_or(AccessLevel::Unknown, |info| info.access)
    }

    /// Literals that no catalogue knows; they are kept and reported.
    pub(crate) fn unknown(&self) -> impl Iterator<Item = &str> {
        self.extras.iter().map(|(_, text)| &**text)
    }

    /// Permissions as a short list of patterns that match no other one; `one_star`: with one star in each. Each pattern costs `surcharge` more than its
    /// characters.
    pub(crate) fn spell(
        &self,
        wanted: &Intervals,
        mode: SpellingMode,
        one_star: bool,
        surcharge: usize,
        covers: &Covers,
    ) -> Spelling {
        let end = self.known.catalog.len() as u16;
        let of_catalog = wanted.intersect(&Intervals::all(end));
        let extras = (end..self.len()).map(|id| (wanted.contains(id), self.name(id)));
        let (known, others): (Vec<_>, Vec<_>) = extras.partition(|(wanted, _)| *wanted);
        let name = |(_, name): (bool, _)| name;
        let known: Vec<&str> = known.into_iter().map(name).collect();
        // What is wanted is written as it is, so to the patterns it is one of the others.
        let others: Vec<&str> = others.into_iter().map(name).chain(known.iter().copied()).collect();
        let catalog = &self.known.catalog;
        self.known.names.spell(
            catalog,
            &of_catalog,
            &known,
            &others,
            mode,
            one_star,
            surcharge,
            Speller::NODES,
            Some(covers),
        )
    }

    /// The permissions that an action pattern such as `s3:Get*` means; case does not count. A pattern without a colon is
    /// about permissions without a service, but `*` is about all.
    pub(crate) fn expand(&self, pattern: &str) -> Intervals {
        let lock = || self.expanded.as_ref().filter(|_| pattern.contains(['*', '?']))?.lock().ok();
        if let Some(found) = lock().and_then(|known| known.get(pattern).cloned()) {
            return found;
        }
        let found = self.expand_anew(pattern);
        if let Some(mut known) = lock() {
            if known.len() >= REMEMBERED {
                known.clear();
            }
            known.insert(pattern.into(), found.clone());
        }
        found
    }

    fn expand_anew(&self, pattern: &str) -> Intervals {
        if pattern == "*" {
            return Intervals::all(self.len());
        }
        let mut ranges = Vec::new();
        let (service, name) = split_service(pattern);
        let services = Glob::parse(service);
        if service.contains(['*', '?']) {
            for (known, _) in self.known.catalog.services() {
                if services.matches_ignore_ascii_case(known) {
                    self.expand_in(known, name, &mut ranges);
                }
            }
        } else {
            self.expand_in(service, name, &mut ranges);
        }
        if !self.extras.is_empty() {
            let names = Glob::parse(name);
            let from = self.known.catalog.len();
            let matches = |extra: &str| {
                let (of, extra) = split_service(extra);
                services.matches_ignore_ascii_case(of) && names.matches_ignore_ascii_case(extra)
            };
            let matching = self.extras.iter().enumerate().filter(|(_, (extra, _))| matches(extra));
            ranges.extend(matching.map(|(i, _)| ((from + i) as u16, (from + i + 1) as u16)));
        }
        Intervals::from_ranges(ranges)
    }

    fn expand_in(&self, service: &str, name: &str, ranges: &mut Vec<(u16, u16)>) {
        let prefix = name.trim_end_matches('*');
        if !prefix.contains(['*', '?']) && prefix.len() + 1 >= name.len() {
            if prefix.len() < name.len() {
                let range = self.known.catalog.prefix_range(service, prefix);
                ranges.push((range.start, range.end));
            } else {
                let exact = self.known.catalog.permission_of(service, name);
                ranges.extend(exact.map(|id| (id, id + 1)));
            }
            return;
        }
        let glob = Glob::parse(name);
        for id in self.known.catalog.prefix_range(service, glob.literal_prefix()) {
            // All names of the range begin with the service, whatever the case.
            let local = self.known.catalog.local_name(id, service);
            if glob.matches_ignore_ascii_case(local) {
                ranges.push((id, id + 1));
            }
        }
    }

    /// Whether the catalogue knows that the permission acts on no resource, so that it is asked on `*`.
    pub(crate) fn is_without_resource(&self, id: u16) -> bool {
        self.known.without_resource.contains(id)
    }

    pub(crate) fn without_resource(&self) -> &Intervals {
        &self.known.without_resource
    }

    pub(crate) fn with_resource(&self) -> &Intervals {
        &self.with_resource
    }

    /// What permissions lead to beside what they say, each once, sorted.
    pub(crate) fn leads(&self, permissions: &[(u16, u16)]) -> Vec<String> {
        let Some(leads_to) = self.known.leads_to else { return Vec::new() };
        let among = |id: u16| permissions.iter().any(|&(start, end)| (start..end).contains(&id));
        let known = self.known.leads.iter().filter(|(id, _)| among(*id)).map(|(_, what)| *what);
        let from = self.known.catalog.len();
        let extras = self.extras.iter().enumerate().filter(|(at, _)| among((from + at) as u16));
        let extras = extras.filter_map(|(_, (name, _))| leads_to(name));
        let mut found: Vec<&str> = known.chain(extras).collect();
        found.sort_unstable();
        found.dedup();
        found.into_iter().map(str::to_owned).collect()
    }

    /// The patterns of the resources that a permission acts on; `None` where nothing is known of them.
    pub(crate) fn resource_patterns(&self, id: u16) -> Option<impl Iterator<Item = &Pattern> + Clone> {
        let info = self.known.catalog.info(id)?;
        let pattern = |&kind: &u16| self.known.pattern_of_type(kind);
        (!info.resource_types.is_empty()).then(|| info.resource_types.iter().filter_map(pattern))
    }

    /// The resource types that a pattern can name a resource of, sorted. `service` is where its service stands.
    pub(crate) fn types_of_pattern(&self, pattern: &Pattern, service: Option<usize>) -> Vec<u16> {
        let service =
            service.and_then(|at| pattern.segments().get(at)).and_then(|segment| segment.as_literal());
        self.known.types_of_pattern(pattern, service)
    }

    /// As `types_of_pattern`, for a pattern without variables that is cut into segments.
    pub(crate) fn types_of_segments(
        &self,
        segments: &[Written<'_>],
        service: Option<usize>,
        types: &mut Vec<u16>,
    ) {
        self.known.types_of_segments(segments, service, types);
    }

    /// The permissions that can act on a resource of one of these types.
    pub(crate) fn permissions_on(&self, types: &[u16]) -> Intervals {
        self.known.permissions_on(types, self.len())
    }
}
