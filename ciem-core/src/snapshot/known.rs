//! What follows from a catalogue alone: made once for a catalogue, and shared by every snapshot that uses it.

use crate::base::{Intervals, Row};
use crate::model::{AccessLevel, Catalog, NameSets, Plane};
use crate::pattern::{Pattern, Written};
use crate::provider::{Provider, TABLE, UsageSpec};
use crate::truth::FactId;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, OnceLock};

/// The built-in catalogues of all providers, in the order of the table.
static BUILT_IN: LazyLock<Vec<Arc<Known>>> = LazyLock::new(|| {
    TABLE.iter().map(|provider| Arc::new(Known::new(provider, (provider.catalog)()))).collect()
});

#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) catalog: Catalog,
    /// By resource type of the catalogue: its pattern.
    types: Box<[Option<Pattern>]>,
    /// By service: the resource types whose patterns have it as service segment, or have none there, sorted.
    types_by_service: HashMap<Box<str>, Box<[u16]>, RandomState>,
    /// Those whose service segment is open, sorted.
    types_anywhere: Box<[u16]>,
    /// By resource type: the permissions that act on it.
    permissions_of_type: Box<[Intervals]>,
    /// Permissions of which the catalogue knows that they act on no resource.
    pub(crate) without_resource: Intervals,
    /// Permissions of whose resource types nothing is known.
    open: Intervals,
    /// By permission: bits by fact id.
    pub(crate) facts: Box<[u32]>,
    /// The same of a permission by name, which the catalogue need not have.
    facts_of: fn(&Catalog, &str) -> u32,
    pub(crate) names_permission: fn(&str) -> bool,
    /// Permissions of the catalogue that lead to something, and to what; how that is found of others.
    pub(crate) leads: Vec<(u16, &'static str)>,
    pub(crate) leads_to: Option<fn(&str) -> Option<&'static str>>,
    /// By fact id: the permissions of the catalogue of which it holds.
    holding: Box<[Intervals]>,
    /// The same as rows, for snapshots without unknown permissions.
    pub(crate) rows: Arc<[Row]>,
    pub(crate) names: NameSets,
    /// By permission: the number of its service, and which part of the log shows its use. Made when first asked for.
    shown: OnceLock<Box<[(u16, Plane)]>>,
}

impl Known {
    /// The shared form of a built-in catalogue, a new one of any other.
    pub(crate) fn of(provider: &'static Provider, catalog: Catalog) -> Arc<Known> {
        let built_in = BUILT_IN.iter().find(|known| known.catalog.is_same_built_in(&catalog));
        built_in.cloned().unwrap_or_else(|| Arc::new(Known::new(provider, catalog)))
    }

    /// The built-in catalogue of a provider.
    pub(crate) fn built_in(provider: &'static Provider) -> Arc<Known> {
        Known::of(provider, (provider.catalog)())
    }

    /// The number of a permission's service, and which part of the log shows its use; none of what no catalogue has.
    pub(crate) fn shown(&self, spec: &UsageSpec, permission: u16) -> Option<(u16, Plane)> {
        let shown = self.shown.get_or_init(|| {
            let mut services: HashMap<&str, u16, RandomState> = HashMap::default();
            let shown = self.catalog.permissions().map(|one| {
                let next = services.len() as u16;
                (*services.entry((spec.service_of)(one.name)).or_insert(next), (spec.plane)(one.name))
            });
            shown.collect()
        });
        shown.get(usize::from(permission)).copied()
    }

    fn new(provider: &Provider, catalog: Catalog) -> Known {
        let (syntax, service_segment) = (provider.syntax, provider.service_segment());
        let (mut types_by_service, mut types_anywhere) = (BTreeMap::<&str, Vec<u16>>::new(), Vec::new());
        for kind in catalog.resource_types() {
            let service =
                service_segment.and_then(|at| kind.pattern.split(syntax.separator).nth(at)).unwrap_or("*");
            if service.contains(['*', '?']) {
                types_anywhere.push(kind.id);
            } else {
                types_by_service.entry(service).or_default().push(kind.id);
            }
        }
        let with_open = |(service, mut types): (&str, Vec<u16>)| {
            types.extend_from_slice(&types_anywhere);
            types.sort_unstable();
            (Box::from(service), Box::from(types))
        };
        let types_by_service = types_by_service.into_iter().map(with_open).collect();
        let types: Box<[Option<Pattern>]> =
            catalog.resource_types().map(|kind| Pattern::parse(kind.pattern, syntax)).collect();
        let mut permissions_of_type = vec![Vec::new(); types.len()];
        let (mut without, mut open) = (Vec::new(), Vec::new());
        for permission in catalog.permissions() {
            let one = (permission.id, permission.id.saturating_add(1));
            match (permission.resource_types, permission.access) {
                ([], access) if access == AccessLevel::Unknown || !provider.acts_on_listed => open.push(one),
                ([], _) => without.push(one),
                (kinds, _) => {
                    for &kind in kinds {
                        if let Some(list) = permissions_of_type.get_mut(usize::from(kind)) {
                            list.push(one);
                        }
                    }
                }
            }
        }
        let len = catalog.len() as u16;
        let facts: Box<[u32]> =
            catalog.permissions().map(|p| (provider.permission_facts)(&catalog, p.name)).collect();
        let holding: Box<[Intervals]> = (0..provider.facts.len())
            .map(|fact| {
                let bits = facts.iter().enumerate().filter(|(_, bits)| *bits >> fact & 1 == 1);
                Intervals::from_ranges(bits.map(|(id, _)| (id as u16, id as u16 + 1)).collect())
            })
            .collect();
        Known {
            types,
            types_by_service,
            types_anywhere: types_anywhere.into(),
            permissions_of_type: permissions_of_type.into_iter().map(Intervals::from_ranges).collect(),
            without_resource: Intervals::from_ranges(without),
            open: Intervals::from_ranges(open),
            facts,
            leads: match provider.leads_to {
                Some(leads_to) => {
                    catalog.permissions().filter_map(|p| Some((p.id, leads_to(p.name)?))).collect()
                }
                None => Vec::new(),
            },
            leads_to: provider.leads_to,
            facts_of: provider.permission_facts,
            names_permission: provider.names_permission,
            rows: holding.iter().map(|holding| Row::from_intervals(holding, len)).collect(),
            holding,
            shown: OnceLock::new(),
            names: NameSets::new(&catalog),
            catalog,
        }
    }

    /// Bits by fact id of a permission that the catalogue does not have.
    pub(crate) fn facts_of(&self, name: &str) -> u32 {
        (self.facts_of)(&self.catalog, name)
    }

    /// The permissions of the catalogue of which a fact holds.
    pub(crate) fn holding(&self, fact: FactId) -> &[(u16, u16)] {
        self.holding.get(usize::from(fact.0)).map_or(&[], Intervals::ranges)
    }

    pub(crate) fn pattern_of_type(&self, kind: u16) -> Option<&Pattern> {
        self.types.get(usize::from(kind)).and_then(Option::as_ref)
    }

    /// The resource types that a pattern can name a resource of, sorted. `service` is the pattern's service
    /// segment, `None` where it is open.
    pub(crate) fn types_of_pattern(&self, pattern: &Pattern, service: Option<&str>) -> Vec<u16> {
        let mut types = Vec::new();
        self.types(service, |known| known.overlaps(pattern), &mut types);
        types
    }

    /// The same for a pattern as it is written, cut into segments.
    pub(crate) fn types_of_segments(
        &self,
        segments: &[Written<'_>],
        service: Option<usize>,
        types: &mut Vec<u16>,
    ) {
        let service = service.and_then(|at| segments.get(at)).and_then(Written::as_literal);
        self.types(service, |known| known.overlaps_segments(segments), types);
    }

    fn types(&self, service: Option<&str>, overlaps: impl Fn(&Pattern) -> bool, types: &mut Vec<u16>) {
        let overlapping = |kind: &u16| self.pattern_of_type(*kind).is_none_or(&overlaps);
        types.clear();
        match service {
            None => types.extend((0..self.types.len() as u16).filter(overlapping)),
            Some(service) => {
                let near = self.types_by_service.get(service).unwrap_or(&self.types_anywhere);
                types.extend(near.iter().copied().filter(overlapping));
            }
        }
    }

    /// The permissions below `len` that can act on a resource of one of these types: of those that the catalogue
    /// does not have nothing is known, so they may.
    pub(crate) fn permissions_on(&self, types: &[u16], len: u16) -> Intervals {
        let of_types = types.iter().filter_map(|&kind| self.permissions_of_type.get(usize::from(kind)));
        let mut ranges: Vec<(u16, u16)> = of_types.flat_map(|ids| ids.ranges()).copied().collect();
        ranges.extend_from_slice(self.open.ranges());
        ranges.push((self.catalog.len() as u16, len));
        Intervals::from_ranges(ranges)
    }
}
