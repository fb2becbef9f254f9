//! Sets that the parts of one question share: what statements on every resource give, and the conditions that do not hang on the resource. A question about many resources finds them once, not once per part.

use super::question::Setting;
use super::sets::Ids;
use crate::model::{CondId, CondNode, Effect, LayerId};
use crate::provider::KeyScope;
use crate::snapshot::estate::Estate;
use crate::snapshot::index::HolderIndex;
use crate::truth::PrincipalSet;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use std::cell::RefCell;
use std::rc::Rc;

/// What is shared between the parts of one question on one permission.
#[derive(Debug)]
pub(crate) struct SharedSets<'a> {
    estate: &'a Estate,
    permission: u16,
    everything: RefCell<HashMap<(LayerId, Effect), Rc<Ids>, RandomState>>,
    conditions: RefCell<HashMap<CondId, PrincipalSet, RandomState>>,
}

impl<'a> SharedSets<'a> {
    pub(crate) fn new(estate: &'a Estate, permission: u16) -> Self {
        SharedSets { estate, permission, everything: RefCell::default(), conditions: RefCell::default() }
    }

    /// Who holds a statement on every resource without a condition.
    pub(super) fn everything(&self, index: &HolderIndex, effect: Effect) -> Rc<Ids> {
        let mut known = self.everything.borrow_mut();
        let found = known.entry((index.layer, effect)).or_insert_with(|| {
            let guarded = index.on_everything(self.permission);
            let plain = guarded.filter(|g| g.effect == effect && g.condition == CondId::ALWAYS);
            Rc::new(index.sets.union(plain.map(|guarded| guarded.holders)))
        });
        Rc::clone(found)
    }

    pub(super) fn condition(&self, id: CondId) -> Option<PrincipalSet> {
        self.conditions.borrow().get(&id).cloned()
    }

    /// `found` must not hang on who holds the statement. What hangs on the resource is not kept.
    pub(super) fn keep_condition(&self, id: CondId, found: &PrincipalSet, setting: &Setting) {
        if !(setting.states.has_resource_keys() && self.hangs_on_resource(id)) {
            self.conditions.borrow_mut().insert(id, found.clone());
        }
    }

    fn hangs_on_resource(&self, id: CondId) -> bool {
        let conditions = &self.estate.library.conditions;
        match conditions.get(id) {
            CondNode::Always | CondNode::Missing(_) => false,
            CondNode::And(parts) | CondNode::Or(parts) => {
                parts.iter().any(|&part| self.hangs_on_resource(part))
            }
            CondNode::Not(part) => self.hangs_on_resource(*part),
            CondNode::Clause(clause) => {
                let clause = conditions.clause(*clause);
                let variables = clause.templates.iter().flat_map(|template| template.variables());
                let keys = variables.filter_map(|(name, _)| conditions.find_key(name)).map(|key| key.id);
                keys.chain([clause.key.id]).any(|key| {
                    let scope = self.estate.library.key_scopes.get(key as usize);
                    matches!(scope, Some(KeyScope::Resource(_)))
                })
            }
        }
    }
}
