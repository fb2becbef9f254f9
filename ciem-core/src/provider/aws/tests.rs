//! Tests of the provider as a whole.

use super::IDENTITY;
use super::rule::rule;
use crate::condition::Tri;
use crate::model::LayerId;
use crate::truth::{Effects, Evaluator, FactId, Grants, STRENGTHS, Truth};
use proptest::prelude::*;

/// A world of any answers whatever.
#[derive(Clone, Debug)]
struct Leaves {
    facts: Vec<bool>,
    /// By layer: allow and deny.
    layers: Vec<(Tri, Tri)>,
    grants: Option<(Vec<Tri>, Tri, Tri)>,
    levels: usize,
}

impl Evaluator<Tri> for Leaves {
    fn levels(&mut self, _: LayerId) -> usize {
        self.levels
    }

    fn layer(&mut self, layer: LayerId, _: usize, _: &Tri) -> Effects<Tri> {
        let (allow, deny) = self.layers[usize::from(layer.0)];
        Effects { allow, deny }
    }

    fn grants(&mut self, _: LayerId, _: &Tri) -> Option<Grants<Tri>> {
        let (strengths, deny, deny_excepted) = self.grants.clone()?;
        let by_strength = strengths.try_into().unwrap();
        Some(Grants { by_strength, deny, deny_excepted, there: Tri::always() })
    }

    fn fact(&mut self, fact: FactId) -> Tri {
        Tri::from(self.facts[usize::from(fact.0)])
    }
}

fn tri() -> impl Strategy<Value = Tri> {
    prop_oneof![Just(Tri::No), Just(Tri::Maybe), Just(Tri::Yes)]
}

fn leaves() -> impl Strategy<Value = Leaves> {
    let grants = prop::option::of((prop::collection::vec(tri(), STRENGTHS), tri(), tri()));
    let layers = prop::collection::vec((tri(), tri()), crate::truth::LAYERS);
    (prop::collection::vec(any::<bool>(), 32), layers, grants, 0usize..3)
        .prop_map(|(facts, layers, grants, levels)| Leaves { facts, layers, grants, levels })
}

proptest! {
    /// What rows of many callers rest on: the answer to any identity side follows from the answers to four.
    #[test]
    fn identity_allows_only_add_and_its_denials_only_take_away(leaves in leaves()) {
        let at = usize::from(IDENTITY.0);
        let run = |allow: Tri, deny: Tri| {
            let mut leaves = leaves.clone();
            leaves.layers[at] = (allow, deny);
            rule::<Tri, dyn Evaluator<Tri>, false>(&mut leaves).allow
        };
        let (yes, no) = (Tri::Yes, Tri::No);
        let (allow, deny) = leaves.layers[at];
        let undenied = run(no, no).minus(&deny);
        let allowed = run(yes, yes).and(allow);
        let granted = run(yes, no).and(allow).minus(&deny);
        let picked = run(no, yes).or(undenied).or(allowed).or(granted);
        prop_assert_eq!(run(allow, deny), picked);
    }
}
