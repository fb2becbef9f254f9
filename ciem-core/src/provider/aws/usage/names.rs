//! Names: calls as logs have them, permissions as policies have them, and where the use of a permission shows. The
//! facts are in `catalog/aws/cloudtrail-*.txt`, whose sources `update-cloudtrail.py` names.

use crate::model::{Catalog, Plane};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

static CATALOG: LazyLock<Catalog> = LazyLock::new(crate::provider::aws::catalog::builtin);

/// Permissions whose use is a data event, or in no log: by lower-case name.
static PLANES: LazyLock<BTreeMap<String, Plane>> = LazyLock::new(|| {
    let data = lines(include_str!("../../../../catalog/aws/cloudtrail-data-events.txt"));
    let unlogged = lines(include_str!("../../../../catalog/aws/cloudtrail-unlogged.txt"));
    let plane = |plane: Plane| move |name: &str| (name.to_ascii_lowercase(), plane);
    data.map(plane(Plane::Data)).chain(unlogged.map(plane(Plane::Unlogged))).collect()
});

/// By the first part of an event's source: the service as permissions have it, where it is called otherwise.
static SOURCES: LazyLock<BTreeMap<&'static str, &'static str>> =
    LazyLock::new(|| pairs(include_str!("../../../../catalog/aws/cloudtrail-sources.txt")).collect());

/// By `service:Call` or `service:Call?parameter`: the names of the permissions.
static EVENTS: LazyLock<BTreeMap<&'static str, &'static str>> =
    LazyLock::new(|| pairs(include_str!("../../../../catalog/aws/cloudtrail-events.txt")).collect());

/// Services whose calls all stand in the log of one region.
static HOMES: LazyLock<BTreeMap<&'static str, &'static str>> =
    LazyLock::new(|| pairs(include_str!("../../../../catalog/aws/cloudtrail-home-regions.txt")).collect());

fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.is_empty())
}

fn pairs(text: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    lines(text).filter_map(|line| line.split_once('\t'))
}

pub(super) fn service_of(permission: &str) -> &str {
    permission.split(':').next().unwrap_or(permission)
}

pub(super) fn plane(permission: &str) -> Plane {
    let known = PLANES.get(permission).or_else(|| PLANES.get(&permission.to_ascii_lowercase()));
    known.copied().unwrap_or_default()
}

pub(super) fn home_region(service: &str) -> Option<&'static str> {
    HOMES.get(service).copied()
}

/// A call: the permissions that it uses.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) service: Box<str>,
    pub(super) permissions: Vec<Permission>,
    /// With a request parameter, other permissions are used.
    pub(super) with: Option<(&'static str, Vec<Permission>)>,
    /// Whether the catalogue has a permission for it.
    pub(super) known: bool,
}

/// A permission, and what it acts on.
#[derive(Debug)]
pub(super) struct Permission {
    pub(super) name: Box<str>,
    /// Patterns and templates of its resource types.
    pub(super) forms: Vec<(&'static str, &'static str)>,
    /// How many resource types there are; one may have several forms.
    pub(super) types: usize,
}

impl Call {
    /// The call of a name at a source such as `s3.amazonaws.com`.
    pub(super) fn new(source: &str, name: &str) -> Call {
        let source = source.to_ascii_lowercase();
        let host = source.split(".amazonaws.com").next().unwrap_or(&source);
        let first = host.split('.').next().unwrap_or(host);
        let known = SOURCES.get(host).or_else(|| SOURCES.get(first));
        let service = known.copied().unwrap_or(first);
        let bare = undated(name);
        let renamed = |name: &str| EVENTS.get(format!("{service}:{name}").as_str()).copied();
        let names: Vec<&str> = match renamed(bare) {
            Some(names) => names.split(',').collect(),
            None => vec![bare],
        };
        let permissions: Vec<Permission> = names.iter().map(|name| Permission::new(service, name)).collect();
        let versions = renamed(&format!("{bare}?versionId"));
        let with = versions.map(|names| {
            ("versionId", names.split(',').map(|name| Permission::new(service, name)).collect())
        });
        let known = permissions.iter().all(|one| CATALOG.permission(&one.name).is_some());
        Call { service: service.into(), permissions, with, known }
    }
}

impl Permission {
    fn new(service: &str, name: &str) -> Permission {
        let written = format!("{service}:{name}");
        let Some(info) = CATALOG.permission(&written).and_then(|id| CATALOG.info(id)) else {
            return Permission { name: written.into(), forms: Vec::new(), types: 0 };
        };
        let types = info.resource_types.iter().filter_map(|id| CATALOG.resource_type(*id));
        let names: BTreeSet<&str> = types.clone().map(|one| one.name).collect();
        let forms = types.map(|one| (one.pattern, one.template)).collect();
        Permission { name: info.name.into(), forms, types: names.len() }
    }
}

/// A name without the version of the interface, as in `CreateFunction20150331` or `GetFunction20150331v2`.
fn undated(name: &str) -> &str {
    if CATALOG_HAS_DIGITS.contains(name) {
        return name;
    }
    let version = |c: char| c.is_ascii_digit() || c == '_' || c == 'v';
    let bare = name.trim_end_matches(version);
    let rest = name.get(bare.len()..).unwrap_or("");
    let date = rest.trim_start_matches(['_', 'v']);
    // A year, so that `DescribeInstanceV2` and `GetUserV1` stay.
    if date.starts_with("20") && date.len() >= 8 { bare } else { name }
}

/// Names of permissions that end like a version.
static CATALOG_HAS_DIGITS: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| {
    let named = CATALOG.permissions().filter(|one| one.name.ends_with(|c: char| c.is_ascii_digit()));
    named.filter_map(|one| one.name.split_once(':')).map(|(_, name)| name).collect()
});
