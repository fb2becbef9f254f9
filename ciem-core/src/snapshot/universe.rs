//! The permission axis of one provider: its catalogue, and the literals seen that the catalogue does not know.

use crate::base::Intervals;
use crate::error::{Error, Place};
use crate::model::{AccessLevel, Catalog};
use crate::pattern::{Glob, Pattern, Relation, Syntax};

/// Permission ids: first the catalogue in its order, then unknown literals sorted by text.
#[derive(Clone, Debug)]
pub(crate) struct Universe {
    pub(crate) catalog: Catalog,
    /// Lower-case text, and the spelling first seen.
    extras: Vec<(Box<str>, Box<str>)>,
    /// By resource type of the catalogue: its pattern.
    types: Vec<Option<Pattern>>,
    /// Ids of resource types by the service segment of their patterns, sorted; `*` where it is open.
    types_by_service: Vec<(Box<str>, u16)>,
    /// By resource type: the permissions that act on it.
    permissions_of_type: Vec<Vec<u16>>,
    /// Permissions of which the catalogue knows that they act on no resource.
    without_resource: Intervals,
    /// All others.
    with_resource: Intervals,
    /// Permissions of whose resource types nothing is known.
    open: Intervals,
}

impl Universe {
    /// `literals`: action texts without wildcards that were seen in documents.
    pub(crate) fn new<'a>(
        catalog: Catalog,
        syntax: Syntax,
        service_segment: usize,
        literals: impl Iterator<Item = &'a str>,
    ) -> Result<Self, Error> {
        let mut extras: Vec<(Box<str>, Box<str>)> = literals
            .filter(|text| catalog.permission(text).is_none())
            .map(|text| (text.to_ascii_lowercase().into(), text.into()))
            .collect();
        extras.sort_unstable();
        extras.dedup_by(|(a, _), (b, _)| a == b);
        if catalog.len() + extras.len() > usize::from(u16::MAX) {
            let what = "number of distinct permissions".to_owned();
            return Err(Error::TooLarge { what, limit: u64::from(u16::MAX), place: Place::default() });
        }
        let types: Vec<Option<Pattern>> =
            catalog.resource_types().map(|kind| Pattern::parse(kind.pattern, syntax)).collect();
        let mut types_by_service: Vec<(Box<str>, u16)> = catalog
            .resource_types()
            .map(|kind| {
                let service = kind.pattern.split(syntax.separator).nth(service_segment).unwrap_or("*");
                (if service.contains(['*', '?']) { "*" } else { service }.into(), kind.id)
            })
            .collect();
        types_by_service.sort_unstable();
        let mut permissions_of_type = vec![Vec::new(); types.len()];
        let mut without = Vec::new();
        let mut open = Vec::new();
        for permission in catalog.permissions() {
            let one = (permission.id, permission.id.saturating_add(1));
            match (permission.resource_types, permission.access) {
                ([], AccessLevel::Unknown) => open.push(one),
                ([], _) => without.push(one),
                (kinds, _) => {
                    for &kind in kinds {
                        if let Some(list) = permissions_of_type.get_mut(usize::from(kind)) {
                            list.push(permission.id);
                        }
                    }
                }
            }
        }
        let end = catalog.len() as u16;
        open.push((end, end + extras.len() as u16));
        let without_resource = Intervals::from_ranges(without);
        Ok(Universe {
            with_resource: without_resource.complement(end + extras.len() as u16),
            catalog,
            extras,
            types,
            types_by_service,
            permissions_of_type,
            without_resource,
            open: Intervals::from_ranges(open),
        })
    }

    pub(crate) fn len(&self) -> u16 {
        (self.catalog.len() + self.extras.len()) as u16
    }

    pub(crate) fn find(&self, name: &str) -> Option<u16> {
        self.catalog.permission(name).or_else(|| {
            let lower = name.to_ascii_lowercase();
            let at = self.extras.binary_search_by(|(extra, _)| (**extra).cmp(lower.as_str())).ok()?;
            Some((self.catalog.len() + at) as u16)
        })
    }

    pub(crate) fn name(&self, id: u16) -> &str {
        match self.catalog.info(id) {
            Some(info) => info.name,
            None => self.extras.get(usize::from(id) - self.catalog.len()).map_or("", |(_, text)| text),
        }
    }

    pub(crate) fn access(&self, id: u16) -> AccessLevel {
        self.catalog.info(id).map_or(AccessLevel::Unknown, |info| info.access)
    }

    /// Literals that no catalogue knows; they are kept and reported.
    pub(crate) fn unknown(&self) -> impl Iterator<Item = &str> {
        self.extras.iter().map(|(_, text)| &**text)
    }

    /// The permissions that an action pattern such as `s3:Get*` means; case does not count.
    pub(crate) fn expand(&self, pattern: &str) -> Intervals {
        if pattern == "*" {
            return Intervals::all(self.len());
        }
        let mut ranges = Vec::new();
        if let Some((service, name)) = pattern.split_once(':') {
            if service.contains(['*', '?']) {
                let services = Glob::parse(service);
                for (known, _) in self.catalog.services() {
                    if services.matches_ignore_ascii_case(known) {
                        self.expand_in(known, name, &mut ranges);
                    }
                }
            } else {
                self.expand_in(service, name, &mut ranges);
            }
        }
        if !self.extras.is_empty() {
            let glob = Glob::parse(pattern);
            let from = self.catalog.len();
            let matching =
                self.extras.iter().enumerate().filter(|(_, (e, _))| glob.matches_ignore_ascii_case(e));
            ranges.extend(matching.map(|(i, _)| ((from + i) as u16, (from + i + 1) as u16)));
        }
        Intervals::from_ranges(ranges)
    }

    fn expand_in(&self, service: &str, name: &str, ranges: &mut Vec<(u16, u16)>) {
        let prefix = name.trim_end_matches('*');
        if !prefix.contains(['*', '?']) && prefix.len() + 1 >= name.len() {
            if prefix.len() < name.len() {
                let range = self.catalog.prefix_range(service, prefix);
                ranges.push((range.start, range.end));
            } else {
                let range = self.catalog.prefix_range(service, name);
                let exact = |id: &u16| {
                    let local = self.name(*id).split_once(':').map_or("", |(_, local)| local);
                    local.eq_ignore_ascii_case(name)
                };
                ranges.extend(range.clone().find(exact).map(|id| (id, id + 1)));
            }
            return;
        }
        let glob = Glob::parse(name);
        for id in self.catalog.service_range(service) {
            let local = self.name(id).split_once(':').map_or("", |(_, local)| local);
            if glob.matches_ignore_ascii_case(local) {
                ranges.push((id, id + 1));
            }
        }
    }

    /// Whether the catalogue knows that the permission acts on no resource, so that it is asked on `*`.
    pub(crate) fn is_without_resource(&self, id: u16) -> bool {
        self.without_resource.contains(id)
    }

    pub(crate) fn without_resource(&self) -> &Intervals {
        &self.without_resource
    }

    pub(crate) fn with_resource(&self) -> &Intervals {
        &self.with_resource
    }

    /// The patterns of the resources that a permission acts on; `None` where nothing is known of them.
    pub(crate) fn resource_patterns(&self, id: u16) -> Option<impl Iterator<Item = &Pattern> + Clone> {
        let info = self.catalog.info(id)?;
        let pattern = |&kind: &u16| self.types.get(usize::from(kind)).and_then(Option::as_ref);
        (!info.resource_types.is_empty()).then(|| info.resource_types.iter().filter_map(pattern))
    }

    /// The resource types that a pattern can name a resource of, sorted. `service` is the pattern's service
    /// segment, `None` where it is open.
    pub(crate) fn types_of_pattern(&self, pattern: &Pattern, service: Option<&str>) -> Vec<u16> {
        let overlapping = |kind: &u16| {
            let known = self.types.get(usize::from(*kind)).and_then(Option::as_ref);
            known.is_none_or(|known| known.relation(pattern) != Relation::Disjoint)
        };
        let mut types: Vec<u16> = match service {
            None => (0..self.types.len() as u16).filter(overlapping).collect(),
            Some(service) => [service, "*"]
                .iter()
                .flat_map(|service| {
                    let start = self.types_by_service.partition_point(|(s, _)| **s < **service);
                    let rest = self.types_by_service.get(start..).unwrap_or(&[]);
                    rest.iter().take_while(|(s, _)| **s == **service).map(|&(_, kind)| kind)
                })
                .filter(overlapping)
                .collect(),
        };
        types.sort_unstable();
        types.dedup();
        types
    }

    /// The permissions that can act on a resource of one of these types.
    pub(crate) fn permissions_on(&self, types: &[u16]) -> Intervals {
        let mut ranges: Vec<(u16, u16)> = types
            .iter()
            .filter_map(|&kind| self.permissions_of_type.get(usize::from(kind)))
            .flat_map(|ids| ids.iter().map(|&id| (id, id.saturating_add(1))))
            .collect();
        ranges.extend_from_slice(self.open.ranges());
        Intervals::from_ranges(ranges)
    }
}
