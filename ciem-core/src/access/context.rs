//! What is known of a request's context keys: given by the caller, determined by facts, absent, or unknown.

use crate::condition::KeyState;
use crate::model::{ContextValue, Session, UnknownContext};
use crate::provider::{KeyScope, KeyValue, PrincipalView, Provider};
use crate::snapshot::estate::Estate;
use crate::snapshot::library::Library;
use crate::truth::{Mark, PrincipalId};
use compact_str::CompactString;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The state of one key, owned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum State {
    #[default]
    Unknown,
    Absent,
    /// Short values lie in the state itself: a verdict reads many, each once.
    One(CompactString),
    Many(Arc<[Box<str>]>),
}

impl State {
    pub(crate) fn view(&self) -> KeyState<'_> {
        match self {
            State::Unknown => KeyState::Unknown,
            State::Absent => KeyState::Absent,
            State::One(value) => KeyState::One(value),
            State::Many(values) => KeyState::Many(values),
        }
    }

    /// Of a key of which the context says nothing.
    pub(crate) fn ungiven(unknown: UnknownContext) -> State {
        match unknown {
            UnknownContext::Unknown => State::Unknown,
            UnknownContext::Absent => State::Absent,
        }
    }

    fn given(value: &ContextValue) -> State {
        match value {
            ContextValue::Absent => State::Absent,
            ContextValue::One(value) => State::One(value.into()),
            ContextValue::Many(values) => State::Many(values.iter().map(|v| v.as_str().into()).collect()),
        }
    }
}

/// What a request says of its keys, and what follows from the rest of the request.
pub(crate) type Context<'a> = [&'a BTreeMap<String, ContextValue>; 2];

/// The keys of one library, as one request knows them.
#[derive(Clone, Debug, Default)]
pub(crate) struct States {
    /// By key id.
    states: Vec<State>,
    /// Keys that principals determine, and those that resources determine.
    principal_keys: Arc<[u32]>,
    resource_keys: Arc<[u32]>,
    base: Arc<[State]>,
    /// Such keys of which the context says more than the facts.
    yielding: Vec<u32>,
    /// Keys that requests of the caller who was bound last do not have.
    withheld: Vec<u32>,
}

impl States {
    /// The states before a principal and a resource are known: what the context gives.
    pub(crate) fn new(library: &Library, context: Context<'_>, unknown: UnknownContext) -> States {
        let mut base = vec![State::ungiven(unknown); library.conditions.keys().len()];
        let mut yielding = Vec::new();
        for (key, value) in context.into_iter().flatten() {
            let Some(key) = library.conditions.find_key(key).map(|key| key.id) else { continue };
            if let Some(slot) = base.get_mut(key as usize) {
                *slot = State::given(value);
            }
            if let Some(KeyScope::Principal(fact) | KeyScope::Resource(fact)) =
                library.key_scopes.get(key as usize)
                && fact.yields
            {
                yielding.push(key);
            }
        }
        States {
            states: base.clone(),
            principal_keys: Arc::clone(&library.principal_keys),
            resource_keys: Arc::clone(&library.resource_keys),
            base: base.into(),
            yielding,
            withheld: Vec::new(),
        }
    }

    /// Whether the context tells the key, whatever the facts say.
    pub(crate) fn yields(&self, key: u32) -> bool {
        self.yielding.contains(&key)
    }

    pub(crate) fn state(&self, key: u32) -> KeyState<'_> {
        self.states.get(key as usize).map_or(KeyState::Unknown, State::view)
    }

    /// The one value of a key, by name: what a variable stands for.
    pub(crate) fn value(&self, library: &Library, name: &str) -> Option<String> {
        match self.state(library.conditions.find_key(name)?.id) {
            KeyState::One(value) => Some(value.to_owned()),
            _ => None,
        }
    }

    /// Fills in the keys that the principal determines.
    pub(crate) fn bind_principal<'a>(
        &mut self,
        provider: &Provider,
        library: &Library,
        view: &PrincipalView<'a>,
    ) {
        let keys = Arc::clone(&self.principal_keys);
        self.bind_some_of_principal(provider, library, view, &keys);
    }

    /// Fills in these of them.
    fn bind_some_of_principal<'a>(
        &mut self,
        provider: &Provider,
        library: &Library,
        view: &PrincipalView<'a>,
        keys: &[u32],
    ) {
        for &key in keys {
            if !self.yields(key) {
                self.bind_one_of_principal(provider, library, view, key);
            }
        }
        self.withhold(library, (provider.never_has)(view.kind));
    }

    fn withhold(&mut self, library: &Library, keys: &[&str]) {
        for key in std::mem::take(&mut self.withheld) {
            set(&mut self.states, &self.base, key, KeyValue::Open);
        }
        for key in keys.iter().filter_map(|key| library.conditions.find_key(key)) {
            if matches!(self.base_state(key.id), KeyState::Unknown) {
                set(&mut self.states, &self.base, key.id, KeyValue::Absent);
                self.withheld.push(key.id);
            }
        }
    }

    /// Fills in one of them.
    pub(crate) fn bind_one_of_principal<'a>(
        &mut self,
        provider: &Provider,
        library: &Library,
        view: &PrincipalView<'a>,
        key: u32,
    ) {
        if let Some(scope) = library.key_scopes.get(key as usize) {
            set(&mut self.states, &self.base, key, (provider.principal_key)(scope, view));
        }
    }

    /// Fills in the keys that the resource and the time determine.
    pub(crate) fn bind_resource<'a>(
        &mut self,
        provider: &Provider,
        library: &Library,
        view: &crate::provider::ResourceView<'a>,
    ) {
        for &key in self.resource_keys.iter().filter(|key| !self.yielding.contains(key)) {
            let Some(scope) = library.key_scopes.get(key as usize) else { continue };
            set(&mut self.states, &self.base, key, (provider.resource_key)(scope, view));
        }
    }

    /// From now on the request's context says this of a key.
    pub(crate) fn tell(&mut self, key: u32, state: &State) {
        let mut base = self.base.to_vec();
        for slot in [base.get_mut(key as usize), self.states.get_mut(key as usize)].into_iter().flatten() {
            state.clone_into(slot);
        }
        self.base = base.into();
    }

    /// What the request's context says of a key, facts aside.
    pub(crate) fn base_state(&self, key: u32) -> KeyState<'_> {
        self.base.get(key as usize).map_or(KeyState::Unknown, State::view)
    }

    /// The same keys, of which the request says nothing.
    pub(crate) fn without_context(&self) -> States {
        let unknown = vec![State::Unknown; self.states.len()];
        States {
            states: unknown.clone(),
            principal_keys: Arc::clone(&self.principal_keys),
            resource_keys: Arc::clone(&self.resource_keys),
            base: unknown.into(),
            yielding: Vec::new(),
            withheld: Vec::new(),
        }
    }

    /// Names what is known of all keys.
    pub(crate) fn mark(&self) -> Mark {
        Mark::of(&self.states)
    }

    pub(crate) fn has_resource_keys(&self) -> bool {
        self.resource_keys.iter().any(|&key| !self.yields(key))
    }
}

/// What facts say goes before what the context says.
fn set(states: &mut [State], base: &[State], key: u32, value: KeyValue<'_>) {
    let Some(slot) = states.get_mut(key as usize) else { return };
    match (value, &*slot) {
        // Most keys have the same value for many callers in a row.
        (KeyValue::One(value), State::One(before)) if before == value => {}
        (KeyValue::One(value), _) => *slot = State::One(value.into()),
        (KeyValue::Listed(value), _) => *slot = State::Many([Box::from(value)].into()),
        (KeyValue::Absent, _) => *slot = State::Absent,
        (KeyValue::Open, _) => *slot = base.get(key as usize).cloned().unwrap_or_default(),
    }
}

/// Fills in these keys, which the principal determines.
pub(super) fn bind_some(estate: &Estate, id: PrincipalId, keys: &[u32], states: &mut States) {
    with_view(estate, id, |view| {
        states.bind_some_of_principal(estate.provider, &estate.library, view, keys);
    });
}

/// Fills in one of them.
pub(super) fn bind_one(estate: &Estate, id: PrincipalId, key: u32, states: &mut States) {
    with_view(estate, id, |view| {
        states.bind_one_of_principal(estate.provider, &estate.library, view, key);
    });
}

fn with_view(estate: &Estate, id: PrincipalId, bind: impl FnOnce(&PrincipalView<'_>)) {
    let principal = &estate.principals[id];
    let own = principal.acting.as_ref().and_then(|acting| acting.session);
    let session = own.map(|name| Session { name: Some(estate.text(name).to_owned()), ..Session::default() });
    bind(&PrincipalView {
        id: estate.text(principal.id),
        kind: principal.kind,
        account: estate.account_text(principal.account),
        organisation_path: estate.organisation_path(principal.account),
        name: estate.text(principal.name),
        unique_id: principal.unique_id.map(|id| estate.text(id)),
        organisation: estate.organisation_of(principal.account),
        session: session.as_ref(),
        tag: &|key| estate.tag(id, key),
    });
}
