//! Role mining from loose pairs: options as JSON, pairs as JSON or Arrow.

use super::parse;
use super::usage::window;
use super::writing::long_text;
use crate::error::Error;
use crate::mining::assignments::Assignments;
use crate::mining::granted::AssignmentQuery;
use crate::mining::mine_roles_with;
use crate::mining::options::{Budget, ExistingRole, MiningOptions, Objective};
use crate::progress::Progress;
use crate::snapshot::Snapshot;
use crate::usage::value::Usage;
use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};

#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct Request {
    #[serde(default)]
    v: Option<u64>,
    #[serde(default)]
    objective: Objective,
    #[serde(default)]
    max_permissions_per_role: Option<u64>,
    #[serde(default)]
    max_roles_per_user: Option<u64>,
    #[serde(default)]
    max_missing: u64,
    #[serde(default)]
    separate: Vec<(String, String)>,
    #[serde(default)]
    existing: Vec<ExistingRole>,
    #[serde(default)]
    nodes: Option<u64>,
    #[serde(default)]
    steps: Option<u64>,
}

impl Request {
    fn options(self) -> Result<MiningOptions, Error> {
        if self.v.is_some_and(|v| v != 1) {
            return Err(Error::invalid("v", "this version reads `1`"));
        }
        let usual = Budget::default();
        let budget = usual.nodes(self.nodes.unwrap_or(usual.nodes)).steps(self.steps.unwrap_or(usual.steps));
        let mut options =
            MiningOptions::default().budget(budget).objective(self.objective).max_missing(self.max_missing);
        if let Some(most) = self.max_permissions_per_role {
            options = options.max_permissions_per_role(most);
        }
        if let Some(most) = self.max_roles_per_user {
            options = options.max_roles_per_user(most);
        }
        for (one, other) in self.separate {
            options = options.separate(one, other);
        }
        Ok(self.existing.into_iter().fold(options, MiningOptions::existing))
    }
}

/// Mines roles: options such as `{"max_roles_per_user": 10}` in, a [`crate::RoleMining`] in wire form out.
///
/// ```
/// use ciem_core::{Assignments, Progress, wire};
///
/// let mut pairs = Assignments::new();
/// wire::add_pairs(&mut pairs, r#"[["ana", "read"], ["bob", "read"]]"#, &Progress::none())?;
/// let mined = wire::mine_roles(&pairs, "{}", &Progress::none())?;
/// assert!(mined.starts_with(r#"{"v":1,"roles":[{"users":["ana","bob"],"permissions":["read"]"#));
/// # Ok::<(), ciem_core::Error>(())
/// ```
///
/// # Errors
/// As [`crate::mine_roles_with`]; `invalid_request` if the options are not known.
pub fn mine_roles(assignments: &Assignments, options: &str, progress: &Progress) -> Result<String, Error> {
    long_text(&mine_roles_with(assignments, &parse::<Request>(options)?.options()?, progress)?, progress)
}

/// Whose access is mined, and as what its roles are written.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct Asked {
    #[serde(flatten)]
    query: AssignmentQuery,
    #[serde(flatten)]
    request: Request,
    #[serde(default)]
    form: Option<String>,
}

/// The answer of `mine_roles` of a snapshot; with usage only of what was used.
pub(super) fn of_snapshot(
    snapshot: &Snapshot,
    usage: Option<&Usage>,
    request: &str,
    progress: &Progress,
) -> Result<String, Error> {
    let Asked { mut query, request: asked, form } = parse(request)?;
    if let Some(usage) = usage {
        query = query.used(usage, &window(usage, request)?);
    }
    long_text(&snapshot.mine_roles(&query, &asked.options()?, form.as_deref(), progress)?, progress)
}

/// Adds pairs given as a JSON list of lists of two texts, one by one as they are read.
///
/// # Errors
/// `invalid_request` if the text is no such list; as [`Assignments::add`]; `cancelled`. Pairs before the fault are added.
pub fn add_pairs(assignments: &mut Assignments, pairs: &str, progress: &Progress) -> Result<(), Error> {
    let mut stopped = None;
    let mut reader = serde_json::Deserializer::from_str(pairs);
    let read = reader.deserialize_seq(Adding { assignments, progress, stopped: &mut stopped });
    let outcome = read.and_then(|()| reader.end());
    match stopped {
        Some(error) => Err(error),
        None => outcome.map_err(|error| Error::invalid("request", error.to_string())),
    }
}

/// Reads pairs into the assignments; what ended it before the list did is left in `stopped`.
struct Adding<'a> {
    assignments: &'a mut Assignments,
    progress: &'a Progress,
    stopped: &'a mut Option<Error>,
}

impl<'de> Visitor<'de> for Adding<'_> {
    type Value = ();

    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("a list of pairs of texts")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut pairs: A) -> Result<(), A::Error> {
        let mut count = 0;
        while let Some((user, permission)) = pairs.next_element::<(String, String)>()? {
            let polled = self.progress.tick("reading pairs", count, None);
            if let Err(error) = polled.and_then(|()| self.assignments.add(&user, &permission)) {
                let reason = serde::de::Error::custom(&error);
                *self.stopped = Some(error);
                return Err(reason);
            }
            count += 1;
        }
        Ok(())
    }
}

/// Adds a pair given as a list of two texts.
///
/// # Errors
/// `invalid_request` if there are not two; as [`Assignments::add`].
pub fn add_pair(
    assignments: &mut Assignments,
    pair: &[impl std::ops::Deref<Target = str>],
) -> Result<(), Error> {
    match pair {
        [user, permission] => assignments.add(user, permission),
        _ => Err(Error::invalid("pairs", "a pair is a user and a permission")),
    }
}
