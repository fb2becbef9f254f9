//! Amazon Web Services: identity and access management, organisations, resource policies.

mod becoming;
pub(crate) mod catalog;
pub(crate) mod condition;
pub(crate) mod document;
pub(crate) mod inclusion;
mod keys;
pub(crate) mod read;
mod remedy;
mod roles;
pub(crate) mod rule;
pub(crate) mod simulate;
pub(crate) mod spec;
#[cfg(test)]
mod tests;
mod usage;
mod words;

pub(crate) use spec::PROVIDER;

use crate::model::LayerId;
use crate::pattern::Syntax;

/// ARNs: six segments, the last is free.
pub(crate) const ARN: Syntax = Syntax { separator: ':', segments: 6 };

pub(crate) const IDENTITY: LayerId = LayerId(0);
pub(crate) const RESOURCE: LayerId = LayerId(1);
pub(crate) const TRUST: LayerId = LayerId(2);
pub(crate) const BOUNDARY: LayerId = LayerId(3);
pub(crate) const SESSION: LayerId = LayerId(4);
pub(crate) const SCP: LayerId = LayerId(5);
pub(crate) const RCP: LayerId = LayerId(6);
pub(crate) const ENDPOINT: LayerId = LayerId(7);
pub(crate) const PUBLIC_BLOCK: LayerId = LayerId(8);
pub(crate) const FIXED: LayerId = LayerId(9);
pub(crate) const GRANT: LayerId = LayerId(10);
pub(crate) const BUCKET: LayerId = LayerId(11);

/// Where Identity Center keeps the roles of its permission sets.
pub(crate) const IDENTITY_CENTER_ROLES: &str = "role/aws-reserved/sso.amazonaws.com/";

/// Principal flag: a service-linked role (path `/aws-service-role/`), exempt from SCPs.
pub(crate) const SERVICE_LINKED: u8 = 1;
/// Resource flag: S3 Block Public Access restricts public policies on this bucket.
pub(crate) const RESTRICTS_PUBLIC: u8 = 1;
/// Resource flag: the resource's policy is public in the sense of S3 Block Public Access.
pub(crate) const PUBLIC_POLICY: u8 = 2;
/// Resource flag: its tags were given, all of them.
pub(crate) const TAGS_KNOWN: u8 = 4;
/// Resource flag: the tags of the bucket count in conditions (AWS-43).
pub(crate) const ABAC_ENABLED: u8 = 8;
/// Resource flag: they do not.
pub(crate) const ABAC_DISABLED: u8 = 16;
/// Resource flag: whether public policies are restricted was given.
pub(crate) const BLOCK_TOLD: u8 = 32;
/// Resource flag of an access point, as the two above are of buckets: it is reached from the internet.
pub(crate) const FROM_INTERNET: u8 = 8;
/// Resource flag of an access point: it is reached from one VPC only.
pub(crate) const FROM_VPC: u8 = 16;
/// Resource flag: an access point to a bucket.
pub(crate) const ACCESS_POINT: u8 = 64;
/// Resource flag: the bucket behind the access point is of another account.
pub(crate) const BUCKET_ELSEWHERE: u8 = 128;
