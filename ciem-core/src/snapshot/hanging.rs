//! Which statements may say something else to another caller of the same account: they test a key that callers
//! determine, or fill in its value. Found once, when documents are frozen.

use super::library::{Library, PatternEntry, PatternId, PatternKind, Stmt};
use crate::base::{Id, IdVec};
use crate::model::{Clause, CondId, CondNode};
use crate::pattern::Template;
use crate::provider::KeyScope;

/// How a statement hangs on who asks, apart from the principals that it names.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) enum Hangs {
    #[default]
    No,
    /// It tests keys of the caller against fixed values: whom a test holds for is known for everybody at once.
    OnTests,
    /// Values of the caller's keys are filled in.
    OnValues,
}

impl Library {
    /// Whether callers determine the key.
    pub(crate) fn key_hangs(&self, key: u32) -> bool {
        matches!(self.key_scopes.get(key as usize), Some(KeyScope::Principal(_)))
    }

    /// Whether a value of the caller is filled in.
    pub(crate) fn template_hangs(&self, template: &Template) -> bool {
        let mut keys = template.variables().filter_map(|(name, _)| self.conditions.find_key(name));
        keys.any(|key| self.key_hangs(key.id))
    }

    /// Tells each statement. Every key must have its scope.
    pub(super) fn note_what_hangs(&mut self) {
        let filled_in = self.sets_with_values_of_callers();
        for id in self.statements.ids() {
            let Stmt { condition, resources, .. } = self.statements[id];
            let values = filled_in.as_ref().is_some_and(|sets| sets.get(resources.index()) == Some(&true));
            self.statements[id].hangs =
                if values { Hangs::OnValues } else { self.condition_hangs(condition) };
        }
    }

    fn condition_hangs(&self, id: CondId) -> Hangs {
        match self.conditions.get(id) {
            CondNode::Always | CondNode::Missing(_) => Hangs::No,
            CondNode::Clause(clause) => self.clause_hangs(self.conditions.clause(*clause)),
            CondNode::Not(part) => self.condition_hangs(*part),
            CondNode::And(parts) | CondNode::Or(parts) => parts.iter().fold(Hangs::No, |all, &part| {
                let one = self.condition_hangs(part);
                if all == Hangs::No || one == Hangs::OnValues { one } else { all }
            }),
        }
    }

    fn clause_hangs(&self, clause: &Clause) -> Hangs {
        let tested = self.key_hangs(clause.key.id);
        if clause.templates.iter().any(|template| self.template_hangs(template))
            || tested && !clause.templates.is_empty()
        {
            return Hangs::OnValues;
        }
        if tested { Hangs::OnTests } else { Hangs::No }
    }

    /// By number of the resource set; `None` if there are none: most libraries have none, and many sets.
    fn sets_with_values_of_callers(&self) -> Option<Vec<bool>> {
        let hangs = |entry: &PatternEntry| {
            entry.kind == PatternKind::Template
                && self.template_hangs(&Template::parse(self.texts.get(entry.text)))
        };
        let patterns: IdVec<PatternId, bool> = self.patterns.iter().map(hangs).collect::<Vec<_>>().into();
        if !patterns.iter().any(|hangs| *hangs) {
            return None;
        }
        let sets = self.resource_sets.entries();
        Some(sets.map(|(_, set)| set.items.iter().any(|&item| patterns[item])).collect())
    }
}
