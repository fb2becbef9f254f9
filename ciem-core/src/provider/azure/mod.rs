//! Azure: role-based access control of the resource manager and of resources' data.

pub(crate) mod abac;
mod becoming;
mod denial;
mod documents;
mod elevate;
mod finish;
mod groups;
mod keys;
mod latent;
mod leads;
mod left;
pub(crate) mod read;
pub(crate) mod remedy;
mod rest;
mod roles;
mod rule;
mod runs;
mod scope;
mod spec;
#[cfg(test)]
mod tests;
mod tree;
mod usage;

pub(crate) use spec::PROVIDER;

use crate::model::LayerId;
use crate::pattern::Syntax;

/// Ids are compared as a whole: a scope is the beginning of what lies in it, up to a `/`.
pub(crate) const SYNTAX: Syntax = Syntax { separator: '/', segments: 1 };

pub(crate) const ROLE: LayerId = LayerId(0);
pub(crate) const ELIGIBLE: LayerId = LayerId(1);
pub(crate) const DENY: LayerId = LayerId(2);
pub(crate) const TREE: LayerId = LayerId(3);
pub(crate) const LATENT: LayerId = LayerId(4);
pub(crate) const MEMBERSHIP: LayerId = LayerId(5);

/// How permissions on data are told from those of the resource manager (AZ-R4).
pub(crate) const DATA: &str = "data:";
