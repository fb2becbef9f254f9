//! Names: calls as logs have them, permissions as policies have them, and where the use of a permission shows. The
//! facts are in `catalog/aws/cloudtrail-*.txt`, whose sources its README names.

use crate::model::Plane;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Permissions whose use is a data event, or in no log: by lower-case name.
static PLANES: LazyLock<BTreeMap<String, Plane>> = LazyLock::new(|| {
    let data = lines(include_str!("../../../../catalog/aws/cloudtrail-data-events.txt"));
    let unlogged = lines(include_str!("../../../../catalog/aws/cloudtrail-unlogged.txt"));
    let plane = |plane: Plane| move |name: &str| (name.to_ascii_lowercase(), plane);
    data.map(plane(Plane::Data)).chain(unlogged.map(plane(Plane::Unlogged))).collect()
});

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
    let name = permission.to_ascii_lowercase();
    PLANES.get(&name).copied().unwrap_or_default()
}

pub(super) fn home_region(service: &str) -> Option<&'static str> {
    HOMES.get(service).copied()
}
