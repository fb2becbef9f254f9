//! What it takes to become somebody, in one step or several.

use crate::access::asking::Found;
use crate::access::decide::Verdict;
use std::sync::Arc;

#[derive(Clone, Debug)]
pub(super) struct Needs {
    pub(super) verdict: Verdict,
    /// Canonical JSON text.
    pub(super) condition: Option<Arc<str>>,
}

impl Needs {
    pub(super) fn nothing() -> Self {
        Needs { verdict: Verdict::Allow, condition: None }
    }

    /// `None` where it is sure.
    pub(super) fn of(found: Option<&Found>) -> Self {
        found.map_or_else(Needs::nothing, |found| Needs {
            verdict: found.verdict,
            condition: found.condition.as_deref().map(Arc::from),
        })
    }

    /// All of it: sure where everything is sure, unknown where anything is. Conditions stand beside each other in their
    /// order and are not simplified, since each is one of a request of its own.
    pub(super) fn all<'a>(each: impl Iterator<Item = &'a Needs>) -> Self {
        let mut verdict = Verdict::Allow;
        let mut conditions: Vec<&Arc<str>> = Vec::new();
        for needs in each {
            verdict = worse(verdict, needs.verdict);
            if let Some(text) = needs.condition.as_ref().filter(|text| !conditions.contains(text)) {
                conditions.push(text);
            }
        }
        let condition = match conditions.as_slice() {
            [] => None,
            [one] => Some(Arc::clone(one)),
            several => {
                let texts: Vec<&str> = several.iter().map(|text| &***text).collect();
                Some(Arc::from(format!(r#"{{"and":[{}]}}"#, texts.join(","))))
            }
        };
        Needs { verdict, condition }
    }

    pub(super) fn is_surer(&self, than: &Needs) -> bool {
        rank(self.verdict) < rank(than.verdict)
    }
}

fn worse(one: Verdict, other: Verdict) -> Verdict {
    if rank(one) >= rank(other) { one } else { other }
}

/// From sure to out of the question.
fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Allow => 0,
        Verdict::Conditional => 1,
        Verdict::Unknown => 2,
        Verdict::Deny => 3,
    }
}
