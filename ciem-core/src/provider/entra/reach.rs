//! What a directory scope reaches (EN-R2).

use crate::base::Interner;
use crate::condition::MissingFact;
use crate::model::assignment::Assignments;
use std::sync::Arc;

pub(super) use crate::provider::directory::TENANT;
use crate::provider::directory::UNITS;

/// Ids of objects, or `*` for all; and of what else it is not known whether it is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reach {
    pub(super) ids: Vec<String>,
    /// Of an application: the service principals that sign in with its credentials.
    pub(super) services: Vec<String>,
    pub(super) doubt: Option<Arc<MissingFact>>,
}

/// The reach of a scope in canonical form: the tenant, a unit and what is directly in it, or one object.
pub(super) fn reach(all: &Assignments, texts: &Interner, scope: &str) -> Reach {
    if scope == TENANT {
        return Reach { ids: vec!["*".to_owned()], services: Vec::new(), doubt: None };
    }
    let mut ids = vec![scope.to_owned()];
    let services = Vec::new();
    let Some(unit) = scope.strip_prefix(UNITS) else { return Reach { ids, services, doubt: None } };
    let members = texts.find(unit).and_then(|unit| all.units.get(&unit));
    ids.extend(members.into_iter().flat_map(|known| &known.ids).map(|&id| texts.get(id).to_owned()));
    let doubt = (!members.is_some_and(|known| known.complete)).then(|| {
        Arc::new(MissingFact {
            fact: MEMBERS.0.to_owned(),
            subject: unit.to_owned(),
            how: format!(
                "az rest --url https://graph.microsoft.com/v1.0/directory/administrativeUnits/{unit}/members"
            ),
        })
    });
    Reach { ids, services, doubt }
}

pub(super) const MEMBERS: (&str, &str) =
    ("administrative unit members", "az rest, members of each administrative unit");
