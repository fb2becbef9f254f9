//! For which permissions the policies of resources can make a difference.

use super::estate::{Policy, PolicyId, Resource, ResourceId};
use super::library::{Library, Stmt};
use super::universe::Universe;
use crate::base::{Csr, IdVec, Intervals, id_type};
use crate::model::LayerId;
use crate::provider::{Binding, LayerSpec, Provider};
use foldhash::fast::RandomState;
use hashbrown::HashMap;

id_type!(
    /// A set of permissions of which the policies of resources speak.
    SpokenId
);

/// Resources by the permissions of which their own policies speak: most speak of the same few sets.
#[derive(Debug, Default)]
pub(crate) struct Spoken {
    sets: IdVec<SpokenId, Intervals>,
    resources: Csr<SpokenId, ResourceId>,
}

impl Spoken {
    /// Gives each resource its set.
    pub(crate) fn index(
        provider: &'static Provider,
        universe: &Universe,
        resources: &mut IdVec<ResourceId, Resource>,
        policies: &IdVec<PolicyId, Policy>,
        library: &Library,
    ) -> Spoken {
        let rule = Rule::new(provider, universe);
        let mut sets: IdVec<SpokenId, Intervals> = IdVec::default();
        let mut known: HashMap<Intervals, SpokenId, RandomState> = HashMap::default();
        let mut members: Vec<(SpokenId, ResourceId)> = Vec::with_capacity(resources.len());
        for id in resources.ids() {
            let spoken = rule.spoken_by(&resources[id], policies, library);
            let set = *known.entry(spoken).or_insert_with_key(|spoken| sets.push(spoken.clone()));
            resources[id].spoken = set;
            members.push((set, id));
        }
        Spoken { resources: Csr::grouped(sets.len(), &members), sets }
    }

    /// The permissions for which the resource's own policies can make a difference.
    pub(crate) fn of(&self, resource: &Resource) -> &Intervals {
        &self.sets[resource.spoken]
    }

    /// The resources whose own policies can make a difference to the permission, ascending.
    pub(crate) fn by(&self, permission: u16) -> Vec<ResourceId> {
        let sets = self.sets.entries().filter(|(_, set)| set.contains(permission));
        let mut found: Vec<ResourceId> = sets.flat_map(|(id, _)| self.resources.row(id)).copied().collect();
        found.sort_unstable();
        found
    }
}

struct Rule {
    provider: &'static Provider,
    /// Here even a policy that does not speak of the permission matters.
    delegating: Intervals,
    /// By layer that counts for some permissions only.
    required: Vec<(LayerId, Intervals)>,
}

impl Rule {
    fn new(provider: &'static Provider, universe: &Universe) -> Self {
        let holding = |fact| universe.holding(fact);
        let layers = provider.layers.iter();
        let required = layers.filter_map(|spec| Some((spec.id, holding(spec.required_for?)))).collect();
        Rule { provider, delegating: provider.delegating.map(holding).unwrap_or_default(), required }
    }

    fn spoken_by(
        &self,
        resource: &Resource,
        policies: &IdVec<PolicyId, Policy>,
        library: &Library,
    ) -> Intervals {
        let mut ranges: Vec<(u16, u16)> = Vec::new();
        for &policy in &resource.policies {
            let Policy { layer, document, .. } = policies[policy];
            let own = |spec: &&LayerSpec| spec.id == layer && spec.binding == Binding::Resource;
            if !self.provider.layers.iter().any(|spec| own(&spec)) {
                continue;
            }
            let required = self.required.iter().find(|(of, _)| *of == layer);
            // What names nobody adds nothing; where the layer has to allow, that makes a difference even so.
            let counts = |statement: &Stmt| required.is_some() || !library.names_nobody(statement);
            let mut here = self.delegating.ranges().to_vec();
            for (_, statement) in library.statements_of(document).filter(|(_, statement)| counts(statement)) {
                here.extend_from_slice(library.action_sets[statement.actions].ranges());
            }
            let here = Intervals::from_ranges(here);
            match required {
                Some((_, required)) => ranges.extend_from_slice(here.intersect(required).ranges()),
                None => ranges.extend_from_slice(here.ranges()),
            }
        }
        Intervals::from_ranges(ranges)
    }
}
