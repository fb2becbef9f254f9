//! What tells the callers of one account apart: how the statements that hang on who asks turn out for each.

use super::caller::Caller;
use super::leaf::{CondLeaf, Scene};
use super::own_keys::principal_clause;
use super::question::{Part, Setting};
use crate::base::Window;
use crate::condition::Tri;
use crate::model::{ClauseId, CondId};
use crate::snapshot::estate::{AccountId, Estate};
use crate::snapshot::hanging::Hangs;
use crate::snapshot::library::{PatternKind, Stmt};
use crate::truth::PrincipalId;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use std::ops::Range;

/// For so many tests it is kept for whom they hold; of further ones each caller is looked up.
const MANY: usize = 1024;

pub(super) struct Telling<'a> {
    estate: &'a Estate,
    part: &'a Part,
    callers: Range<u32>,
    /// Tests of keys that the caller alone determines: for whom they hold, and of whom the facts tell nothing.
    tests: HashMap<ClauseId, [Window<PrincipalId>; 2], RandomState>,
}

impl<'a> Telling<'a> {
    pub(super) fn new(estate: &'a Estate, part: &'a Part, account: Option<AccountId>) -> Self {
        let callers = account.map_or(0..0, |id| estate.accounts[id].principals.clone());
        Telling { estate, part, callers, tests: HashMap::default() }
    }

    /// Everything of a statement that may differ between callers. `bind` binds `setting` to the caller.
    pub(super) fn tell(
        &mut self,
        caller: &Caller,
        statement: &Stmt,
        setting: &mut Setting,
        bind: &mut dyn FnMut(&mut Setting),
        key: &mut Vec<u32>,
    ) {
        let library = &self.estate.library;
        if statement.hangs != Hangs::OnValues {
            key.push(self.tested(caller, statement.condition, setting) as u32);
            return;
        }
        bind(setting);
        let scene = Scene::of_part(self.estate, self.part, caller, setting);
        key.push(scene.condition_tri(statement.condition) as u32);
        let set = &library.resource_sets[statement.resources];
        let templates =
            set.items.iter().filter(|&&item| library.patterns[item].kind == PatternKind::Template);
        let before = key.len();
        key.extend(templates.map(|&item| scene.item_degree(library.patterns[item]) as u32));
        if key.len() > before {
            key.push(scene.resources(statement.resources) as u32);
        }
    }

    /// A condition whose tests of the caller's keys have no variables: whom they hold for is known.
    pub(super) fn tested(&mut self, caller: &Caller, id: CondId, setting: &Setting) -> Tri {
        let Telling { estate, part, callers, tests } = self;
        let conditions = &estate.library.conditions;
        let scene = Scene::of_part(estate, part, caller, setting);
        scene.condition(id, &mut |scene, leaf| {
            let CondLeaf::Clause(id) = leaf else { return Tri::Maybe };
            let clause = conditions.clause(id);
            let (true, Some(principal)) = (estate.library.key_hangs(clause.key.id), caller.principal) else {
                return scene.clause(clause, false).degree;
            };
            if !tests.contains_key(&id) && tests.len() < MANY {
                let sets = principal_clause(estate, scene.states, clause);
                tests.insert(id, [sets.0.window(callers.clone()), sets.1.window(callers.clone())]);
            }
            let (holds, open) = match tests.get(&id) {
                Some([holds, open]) => (holds.contains(principal), open.contains(principal)),
                None => {
                    let sets = principal_clause(estate, scene.states, clause);
                    (sets.0.contains(principal), sets.1.contains(principal))
                }
            };
            // Where the facts tell nothing, the context may.
            if open { clause.test.eval(scene.states.base_state(clause.key.id)) } else { Tri::from(holds) }
        })
    }
}
