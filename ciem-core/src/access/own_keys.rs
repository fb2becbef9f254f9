//! Tests of context keys that principals determine, for all principals at once.

use super::context::{States, bind_one};
use super::sets::Ids;
use crate::condition::{KeyState, Tri};
use crate::model::Clause;
use crate::snapshot::estate::Estate;
use std::sync::Arc;

/// For whom a test of a fact of the principal holds, and of whom the facts tell nothing.
pub(super) fn principal_clause(estate: &Estate, states: &States, clause: &Clause) -> Arc<(Ids, Ids)> {
    if states.yields(clause.key.id) {
        return Arc::new((Ids::default(), Ids::range(0..estate.principals.len() as u32)));
    }
    estate.clause_sets.get_or_compute(clause, || {
        let mut open = Vec::new();
        let mut hits = Vec::new();
        let mut states = states.without_context();
        for id in estate.principals.ids() {
            bind_one(estate, id, clause.key.id, &mut states);
            match states.state(clause.key.id) {
                KeyState::Unknown => open.push(id),
                state if clause.test.eval(state) == Tri::Yes => hits.push(id),
                _ => {}
            }
        }
        (hits.into_iter().collect(), open.into_iter().collect())
    })
}
