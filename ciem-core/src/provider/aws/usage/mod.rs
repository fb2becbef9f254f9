//! What AWS logs tell of the use of permissions.

mod names;

use crate::provider::UsageSpec;

pub(super) const USAGE: UsageSpec =
    UsageSpec { service_of: names::service_of, plane: names::plane, home_region: names::home_region };
