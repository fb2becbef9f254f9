#![doc = include_str!("../README.md")]

mod access;
mod base;
mod condition;
mod container;
mod error;
#[cfg(feature = "fs")]
mod fs;
mod inclusion;
mod mining;
mod model;
mod paths;
mod pattern;
mod progress;
mod provider;
mod rightsize;
mod snapshot;
mod truth;
mod usage;
pub mod wire;

pub use access::answer::{
    Asking, Decision, Denial, Difference, Elements, Explanation, LayerView, Missing, NearMiss, StatementView,
};
pub use access::condition::{ConditionBlocks, condition_blocks, condition_text};
pub use access::decide::Verdict;
pub use access::listing::{Coverage, InputCoverage, LayerCoverage, PermissionRow, PrincipalRow, ResourceRow};
pub use access::matrix::{Matrix, MatrixRow};
pub use access::prepared::{Prepared, PreparedRequest, Scratch};
pub use access::settle::{Settling, SettlingRow};
pub use access::simulator::{Simulator, simulate};
pub use access::usage::{AccessedRow, CredentialRow};
pub use access::what_can::{Access, AccessRow};
pub use access::who_can::{HolderRow, Holders};
pub use error::{Error, Place};
#[cfg(feature = "fs")]
pub use fs::{load_paths, load_usage};
pub use inclusion::{
    AccessCheck, CheckOptions, CheckResult, GrantingStatement, Witness, check_access_not_granted,
    check_no_new_access, check_no_public_access,
};
pub use mining::answer::{Conflict, MinedRole, Overlap, RoleMining};
pub use mining::assignments::{Assignments, PairRow};
pub use mining::granted::AssignmentQuery;
pub use mining::options::{Budget, ExistingRole, MiningOptions, Objective};
pub use mining::{mine_roles, mine_roles_with};
pub use model::{
    AccessLevel, Catalog, Change, ContextValue, CredentialKind, Ended, FileReport, KeyInfo, KeyType, Match,
    MissingLayer, Network, PermissionInfo, Plane, PolicyKind, PrincipalKind, Query, Rejected, Remedy,
    RemedyState, Request, ResourceTypeInfo, Session, Speller, Spelling, SpellingMode, Tier, UnknownContext,
    UseEvent,
};
pub use paths::{BecomeRow, Becoming};
pub use progress::{Cancel, Progress, Step};
pub use rightsize::Rightsizer;
pub use rightsize::options::{CalendarEntry, Level, RightsizeOptions, Shared};
pub use rightsize::proposal::{
    Calendar, Certificate, Failure, Proposal, ProposedPolicy, Reason, Reasoned, Replay, Unseen, Untouched,
};
pub use snapshot::Snapshot;
pub use snapshot::builder::SnapshotBuilder;
pub use snapshot::options::{LoadOptions, OnError};
pub use usage::builder::UsageBuilder;
pub use usage::coverage::{Counts, Cover, LogCoverage, UsageCoverage};
pub use usage::days::Days;
pub use usage::options::UsageOptions;
pub use usage::permission_use::{Observed, PermissionUse, Tally};
pub use usage::unused::{GroupBy, Unused, UnusedKind, UnusedOptions, UnusedRow};
pub use usage::uses::UseRow;
pub use usage::value::{Usage, UseState};
pub use usage::window::Window;
