//! A request resolved against an estate: who asks, for which permission, on which parts of the resources.

use super::caller::Caller;
use super::context::{Context, State, States};
use crate::base::Text;
use crate::condition::{Atom, Expr};
use crate::error::Error;
use crate::model::{
    ContextValue, DocId, Facts, LayerId, MissingLayer, Query, Request, Session, Tier, UnknownContext,
    given_value,
};
use crate::pattern::{Pattern, Relation};
use crate::provider::{Binding, FactSpec, Fixed, LayerSpec, Provider, ResourceTraits, ResourceView};
use crate::snapshot::estate::{AccountId, Estate, ResourceId};
use crate::snapshot::governed::Ground;
use crate::snapshot::library::{Library, LibraryBuilder};
use crate::snapshot::universe::Universe;
use crate::truth::{FactId, Mark};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// What a question is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Asked {
    /// The permission acts on no resource; only statements on `*` speak of it.
    Nothing,
    /// One resource.
    Id(String),
    /// Every resource that matches.
    Pattern(Pattern),
}

/// The account whose resources a part is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Owner {
    /// Not told by the resource: the caller's own.
    Caller,
    Account(AccountId),
    /// An account of which nothing is loaded.
    Elsewhere(String),
}

/// A part of the asked resources on which the same policies hold.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) asked: Asked,
    pub(crate) owner: Owner,
    /// The resource whose own policy speaks for the part.
    pub(crate) resource: Option<ResourceId>,
    /// What the part is in a question about many resources.
    pub(crate) covered: Option<Pattern>,
    /// The resource is one of these.
    pub(crate) here: Expr,
    /// Bits by fact id: what holds of everything that the part is about. The rule asks several times.
    facts: OnceLock<u32>,
}

impl Part {
    /// What permissions without resource are asked on.
    pub(crate) fn nothing() -> Part {
        Part::new(Asked::Nothing, Owner::Caller, None, None)
    }

    pub(crate) fn new(
        asked: Asked,
        owner: Owner,
        resource: Option<ResourceId>,
        covered: Option<Pattern>,
    ) -> Part {
        let inside = |pattern: &Pattern| Expr::atom(Atom::ResourceIn(vec![pattern.clone()]));
        let here = covered.as_ref().map_or(Expr::Always, inside);
        Part { asked, owner, resource, covered, here, facts: OnceLock::new() }
    }

    /// Whether a fact holds of everything that the part is about.
    pub(crate) fn has(&self, estate: &Estate, fact: FactId) -> bool {
        let facts = self.facts.get_or_init(|| {
            let text = match (&self.covered, &self.asked) {
                (Some(pattern), _) | (None, Asked::Pattern(pattern)) => Cow::Owned(pattern.to_string()),
                (None, Asked::Id(id)) => Cow::Borrowed(id.as_str()),
                (None, Asked::Nothing) => return 0,
            };
            let literal = text.split(['*', '?']).next().unwrap_or_default();
            (estate.provider.asked_facts)(literal)
        });
        facts >> fact.0 & 1 == 1
    }

    /// The account that a question about many resources means where it names none.
    pub(crate) fn own_account<'a>(
        &self,
        estate: &'a Estate,
        caller: &'a Caller,
    ) -> Option<(&'a Estate, &'a str)> {
        let many = matches!(self.asked, Asked::Pattern(_)) && self.owner == Owner::Caller;
        many.then_some((estate, caller.account_id.text(estate)))
    }

    /// Whether the permission can act on what the part asks about.
    pub(crate) fn can_be_acted_on(&self, estate: &Estate, permission: u16) -> bool {
        let Some(mut kinds) = estate.universe.resource_patterns(permission) else { return true };
        match &self.asked {
            Asked::Nothing => true,
            Asked::Id(id) => kinds.any(|kind| kind.matches(id, estate.provider.syntax)),
            Asked::Pattern(asked) => kinds.any(|kind| kind.relation(asked) != Relation::Disjoint),
        }
    }

    /// In strict questions: whether the resource may have what the layer says of it, and that was not given.
    pub(crate) fn may_lack(&self, estate: &Estate, setting: &Setting, spec: &LayerSpec) -> bool {
        match (spec.apart, &self.asked) {
            _ if !setting.strict => false,
            (None, _) => self.may_have_unknown_policy(estate, setting),
            (Some(_), Asked::Nothing) => false,
            (Some(can_have), Asked::Id(id)) => can_have(id),
            (Some(can_have), Asked::Pattern(pattern)) => can_have(&pattern.to_string()),
        }
    }

    /// In strict questions: whether the resource may have a policy of its own that was not given.
    pub(crate) fn may_have_unknown_policy(&self, estate: &Estate, setting: &Setting) -> bool {
        setting.strict
            && self.resource.is_none_or(|id| !estate.resources[id].told)
            && match &self.asked {
                Asked::Nothing => false,
                Asked::Id(id) => (estate.provider.can_have_policy)(id),
                Asked::Pattern(pattern) => (estate.provider.can_have_policy)(&pattern.to_string()),
            }
    }
}

/// All parts of a question, whoever asks.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) permission: u16,
    /// Resources without a policy of their own; `None` if the question is about none such.
    pub(crate) generic: Option<Arc<Part>>,
    pub(crate) special: Vec<Arc<Part>>,
    /// Whether there are further such parts, at which nobody who is asked about is allowed anything.
    pub(crate) further: bool,
    /// Whether the owner of generic resources is the caller: then special parts of other accounts only add.
    pub(crate) own_scope: bool,
}

/// Policies that a caller does not hold any more, by name and by what it holds them through.
pub(crate) type Gone = Arc<[(Text, Option<Text>)]>;

/// The documents that come with a request.
#[derive(Clone, Debug)]
pub(crate) struct Brought {
    pub(crate) library: Arc<Library>,
    pub(crate) states: States,
    pub(crate) documents: Vec<(LayerId, DocId)>,
    /// Names the documents.
    pub(crate) mark: Mark,
    /// Where the documents are the caller's own: what they take the place of.
    pub(crate) instead_of: Option<Gone>,
}

impl Brought {
    /// Whether the caller still holds a policy of its own.
    pub(crate) fn leaves(&self, name: Text, via: Option<Text>) -> bool {
        self.instead_of.as_ref().is_none_or(|gone| !gone.contains(&(name, via)))
    }
}

/// Session policies, compiled for questions that bring the same.
#[derive(Debug)]
pub(crate) struct Compiled {
    /// As the request has them; none where they are the caller's own.
    policies: Vec<serde_json::Value>,
    pub(crate) library: Arc<Library>,
    pub(crate) documents: Vec<(LayerId, DocId)>,
    mark: Mark,
    instead_of: Option<Gone>,
}

/// What is asked beside principal and resource.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) states: States,
    pub(crate) brought: Option<Box<Brought>>,
    pub(crate) at: Option<i64>,
    pub(crate) strict: bool,
    /// By layer: the resource record that a context key of the request names (a VPC endpoint).
    pub(crate) named: Vec<(LayerId, ResourceId)>,
    /// Questions on the caller's side alone leave the resources' own policies out.
    pub(crate) own_policies: bool,
    /// Grants of higher tiers do not count.
    pub(crate) tier: Tier,
}

/// What goes without saying of a layer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Foregone {
    /// Its grants are of a higher tier than is asked about.
    Silent,
    /// Nothing of it was given, in a strict question: it may say anything.
    Doubtful,
}

/// What a request says beside principal, action and resource.
#[derive(Clone, Copy)]
pub(crate) struct Given<'a> {
    pub(crate) context: &'a BTreeMap<String, ContextValue>,
    /// But for its policies.
    pub(crate) session: Option<&'a Session>,
    pub(crate) policies: Option<&'a [serde_json::Value]>,
    /// Policies that were compiled before.
    pub(crate) compiled: Option<&'a Compiled>,
    /// The resource or pattern that is asked about.
    pub(crate) resource: Option<&'a str>,
    pub(crate) at: Option<&'a str>,
    pub(crate) unknown: UnknownContext,
    pub(crate) missing: MissingLayer,
}

impl<'a> From<&'a Request> for Given<'a> {
    fn from(request: &'a Request) -> Self {
        Given {
            context: &request.context,
            session: request.session.as_ref(),
            policies: request.session.as_ref().and_then(|session| session.policies.as_deref()),
            compiled: None,
            resource: Some(&request.resource),
            at: request.at.as_deref(),
            unknown: request.unknown_context,
            missing: request.missing_layer,
        }
    }
}

impl Setting {
    /// That of a query, which may leave the policies of resources out.
    pub(crate) fn asked(
        estate: &Estate,
        query: &Query,
        session: Option<&Session>,
        permission: Option<u16>,
    ) -> Result<Setting, Error> {
        let given = Given {
            context: &query.context,
            session,
            policies: session.and_then(|session| session.policies.as_deref()),
            compiled: None,
            resource: Some(query.resource.as_deref().unwrap_or("*")),
            at: query.at.as_deref(),
            unknown: query.unknown_context,
            missing: query.missing_layer,
        };
        Ok(Setting { own_policies: !query.caller_side_only, ..Setting::new(estate, &given, permission)? })
    }

    /// `permission`: the one that is asked about, if it is one.
    pub(crate) fn new(estate: &Estate, given: &Given<'_>, permission: Option<u16>) -> Result<Setting, Error> {
        let at = given.at.map(crate::model::instant).transpose()?;
        // What session, context and resource tell of keys that the context leaves open.
        let mut told = BTreeMap::new();
        (estate.provider.complete_context)(given.session, given.context, &mut told);
        let mut differs = None;
        // What acts on nothing is one request, though it is asked on everything.
        let acts = permission.is_none_or(|id| !estate.universe.is_without_resource(id));
        if let Some((key, fixed)) = given.resource.map(estate.provider.resource_context)
            && given_value(&told, key).is_none()
        {
            match fixed {
                Fixed::Value(value) => drop(told.insert(key.to_owned(), ContextValue::One(value.to_owned()))),
                Fixed::Differently if acts && given_value(given.context, key).is_none() => {
                    differs = Some(key)
                }
                Fixed::Differently | Fixed::Nothing => {}
            }
        }
        told.retain(|key, _| given_value(given.context, key).is_none());
        let context = [given.context, &told];
        let states = States::new(&estate.library, context, given.unknown);
        let brought = match (given.policies, given.compiled) {
            (Some(policies), _) => Some(Box::new(brought(estate, policies, context, given)?)),
            // Policies of the caller's own come without a session.
            (None, Some(own)) if own.instead_of.is_some() => Some(Box::new(Brought {
                library: Arc::clone(&own.library),
                states: States::new(&own.library, context, given.unknown),
                documents: own.documents.clone(),
                mark: own.mark,
                instead_of: own.instead_of.clone(),
            })),
            _ => None,
        };
        let strict = given.missing == MissingLayer::Unknown;
        let named = estate
            .provider
            .layers
            .iter()
            .filter_map(|spec| match spec.binding {
                Binding::Context(key) => Some((spec.id, named(estate, key, context)?)),
                _ => None,
            })
            .collect();
        let setting = Setting { states, brought, at, strict, named, own_policies: true, tier: Tier::Active };
        // Absent is what nothing says of; this each of the resources says.
        let open = differs.and_then(|key| setting.telling(estate, key, &State::Unknown));
        Ok(open.unwrap_or(setting))
    }

    /// What goes without saying of a layer: `None` if it has to be asked.
    #[inline]
    pub(crate) fn foregone(&self, estate: &Estate, spec: &LayerSpec) -> Option<Foregone> {
        if spec.tier > self.tier {
            return Some(Foregone::Silent);
        }
        (self.strict && estate.lacks(spec)).then_some(Foregone::Doubtful)
    }

    /// The same, where this is known of a key. `None` if that changes nothing.
    pub(crate) fn telling(&self, estate: &Estate, key: &str, state: &State) -> Option<Setting> {
        let id = estate.library.conditions.find_key(key).map(|key| key.id);
        let brought = self.brought.as_ref();
        let of_brought =
            brought.and_then(|brought| brought.library.conditions.find_key(key)).map(|key| key.id);
        if id.is_none() && of_brought.is_none() {
            return None;
        }
        let mut told = self.clone();
        id.into_iter().for_each(|id| told.states.tell(id, state));
        if let (Some(id), Some(brought)) = (of_brought, &mut told.brought) {
            brought.states.tell(id, state);
        }
        Some(told)
    }

    /// Fills in what the part's resource and the time determine.
    pub(crate) fn bind_part(&mut self, estate: &Estate, caller: Option<AccountId>, part: &Part) {
        let account = match &part.owner {
            Owner::Caller => caller,
            Owner::Account(account) => Some(*account),
            Owner::Elsewhere(_) => None,
        };
        let text = match &part.owner {
            Owner::Elsewhere(id) => Some(id.as_str()),
            // A service and whoever is anonymous lie in no account: whose the resource is that they ask about, nobody knows.
            _ => account.map(|account| estate.account_text(account)).filter(|id| !id.is_empty()),
        };
        let organisation = account.and_then(|account| estate.organisation_of(account));
        let organisation_path = account.and_then(|account| estate.organisation_path(account));
        let resource = part.resource.map(|id| &estate.resources[id]);
        let tag = |key: &str| resource.and_then(|resource| estate.resource_tag(resource, key));
        let kind = resource.map(|resource| estate.text(resource.kind));
        let flags = resource.map_or(0, |resource| resource.flags);
        let at = self.at;
        let id = match &part.asked {
            Asked::Id(id) => Some(id.as_str()),
            _ => resource.map(|resource| estate.text(resource.id)),
        };
        let view =
            ResourceView { id, kind, flags, tag: &tag, account: text, organisation, organisation_path, at };
        self.states.bind_resource(estate.provider, &estate.library, &view);
        if let Some(brought) = &mut self.brought {
            brought.states.bind_resource(estate.provider, &brought.library, &view);
        }
    }
}

fn named(estate: &Estate, key: &str, context: Context<'_>) -> Option<ResourceId> {
    match context.into_iter().find_map(|context| given_value(context, key)) {
        Some(ContextValue::One(id)) => estate.resource_ids.get(&estate.library.texts.find(id)?).copied(),
        _ => None,
    }
}

fn brought(
    estate: &Estate,
    policies: &[serde_json::Value],
    context: Context<'_>,
    given: &Given<'_>,
) -> Result<Brought, Error> {
    let before = given.compiled.filter(|compiled| compiled.policies == policies);
    let (library, documents, mark) = match before {
        Some(compiled) => (Arc::clone(&compiled.library), compiled.documents.clone(), compiled.mark),
        None => {
            let compiled = compiled(estate, policies)?;
            (compiled.library, compiled.documents, compiled.mark)
        }
    };
    let states = States::new(&library, context, given.unknown);
    Ok(Brought { library, states, documents, mark, instead_of: None })
}

/// Compiles the session policies of a request into a library of their own.
pub(crate) fn compiled(estate: &Estate, policies: &[serde_json::Value]) -> Result<Compiled, Error> {
    let layer = estate.provider.layers.iter().find(|spec| spec.binding == Binding::Request);
    let Some(layer) = layer.map(|spec| spec.id) else {
        return Err(Error::invalid("session", "this provider knows no session policies"));
    };
    let texts: Vec<String> = policies
        .iter()
        .map(|policy| match policy.get("document").unwrap_or(policy) {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        })
        .collect();
    let compiled = compiled_for(estate, &estate.universe, layer, &texts, None)?;
    Ok(Compiled { policies: policies.to_vec(), ..compiled })
}

/// Compiles documents of a layer that a request brings, over the permissions of the estate. `instead_of`: policies of
/// the caller that they take the place of.
pub(crate) fn compiled_for(
    estate: &Estate,
    universe: &Universe,
    layer: LayerId,
    texts: &[String],
    instead_of: Option<Gone>,
) -> Result<Compiled, Error> {
    let provider: &'static Provider = estate.provider;
    let mut facts = Facts::default();
    let mut documents = Vec::with_capacity(texts.len());
    for text in texts {
        documents.push((layer, (provider.document)(&mut facts, layer, text)?));
    }
    // Over the estate's own permissions: actions that no catalogue knows have other ids elsewhere. Nobody holds these
    // documents, so there is nothing else to index.
    let library = LibraryBuilder::new(provider, universe, &mut facts).finish();
    let mark = Mark::of(&texts);
    Ok(Compiled { policies: Vec::new(), library: Arc::new(library), documents, mark, instead_of })
}

impl Plan {
    /// Splits the asked resources into parts. `only_caller_side` leaves the resources' own policies out.
    pub(crate) fn new(
        estate: &Estate,
        permission: u16,
        resource: &str,
        only_caller_side: bool,
    ) -> Result<Plan, Error> {
        let provider = estate.provider;
        let resource = &*(provider.canonical)(resource);
        if estate.universe.is_without_resource(permission) {
            return Ok(Plan::of_one(permission, Arc::new(Part::nothing())));
        }
        let owner = owner_of(estate, resource);
        let own_scope = owner == Owner::Caller;
        if !resource.contains(['*', '?']) {
            let part = concrete(estate, resource, owner, only_caller_side);
            return Ok(Plan::of_one(permission, Arc::new(part)));
        }
        let asked = Pattern::parse(resource, provider.syntax).ok_or_else(|| {
            Error::invalid("resource", "a resource pattern is `*` or has all segments of a resource id")
        })?;
        if let Some(mut inside) = inside_one(estate, resource, &asked) {
            inside.resource = inside.resource.filter(|_| !only_caller_side);
            return Ok(Plan::of_one(permission, Arc::new(inside)));
        }
        let mut plan = Plan { permission, generic: None, special: Vec::new(), further: false, own_scope };
        if !only_caller_side {
            plan.add_special(estate, &asked);
        }
        plan.generic = Some(Arc::new(Part::new(Asked::Pattern(asked), owner, None, None)));
        Ok(plan)
    }

    /// Of a question that has one part.
    pub(crate) fn of_one(permission: u16, part: Arc<Part>) -> Plan {
        Plan { permission, generic: Some(part), special: Vec::new(), further: false, own_scope: true }
    }

    /// Resources with a policy that speaks of the permission, as far as the asked pattern covers them.
    fn add_special(&mut self, estate: &Estate, asked: &Pattern) {
        let kinds = estate.universe.resource_patterns(self.permission);
        for id in estate.spoken.by(self.permission) {
            if !estate.resources[id].askable {
                continue;
            }
            for (part, covered) in asked_parts(estate, id, asked) {
                let acts = |kind: &Pattern| kind.relation(&covered) != Relation::Disjoint;
                if kinds.clone().is_none_or(|mut kinds| kinds.any(acts)) {
                    self.special.push(Arc::new(part));
                }
            }
        }
    }
}

/// The account that a resource id or pattern tells.
pub(crate) fn owner_of(estate: &Estate, resource: &str) -> Owner {
    match (estate.provider.account_of)(resource) {
        Some(account) => match estate.account(&account) {
            Some(id) => Owner::Account(id),
            None => Owner::Elsewhere(account),
        },
        None => Owner::Caller,
    }
}

/// A question about one resource.
pub(crate) fn concrete(estate: &Estate, resource: &str, owner: Owner, only_caller_side: bool) -> Part {
    let known = find_resource(estate, resource);
    let owner = match known.and_then(|id| estate.resources[id].account) {
        Some(account) => Owner::Account(account),
        None => owner,
    };
    let resource_id = known.filter(|_| !only_caller_side);
    Part::new(Asked::Id(resource.to_owned()), owner, resource_id, None)
}

/// A question that lies wholly inside one known resource, such as some objects of one bucket.
pub(crate) fn inside_one(estate: &Estate, resource: &str, asked: &Pattern) -> Option<Part> {
    let id = find_resource(estate, resource)?;
    let provider = estate.provider;
    let covered = (provider.covered)(estate.text(estate.resources[id].id));
    let contains = |text: &String| {
        Pattern::parse(text, provider.syntax).is_some_and(|c| c.relation(asked) == Relation::Contains)
    };
    let owner = estate.resources[id].account.map_or(Owner::Caller, Owner::Account);
    covered.iter().any(contains).then(|| Part::new(Asked::Pattern(asked.clone()), owner, Some(id), None))
}

/// What the asked pattern has in common with what a resource's own policy speaks for; with the patterns of the
/// latter.
pub(crate) fn asked_parts(estate: &Estate, id: ResourceId, asked: &Pattern) -> Vec<(Part, Pattern)> {
    let mut parts = Vec::new();
    for ground in estate.governed().of(id) {
        parts.extend(common_parts(estate, ground, asked).map(|part| (part, ground.pattern.clone())));
    }
    parts
}

/// What the asked pattern has in common with one ground.
pub(crate) fn common_parts(
    estate: &Estate,
    ground: &Ground,
    asked: &Pattern,
) -> impl Iterator<Item = Part> + use<> {
    let covered = &ground.pattern;
    let common = match covered.relation(asked) {
        Relation::Disjoint => Vec::new(),
        _ if asked.is_any() => vec![covered.clone()],
        Relation::Contains => vec![asked.clone()],
        Relation::Overlaps => covered.intersect(asked).unwrap_or_else(|| vec![covered.clone()]),
    };
    let id = ground.resource;
    let owner = estate.resources[id].account.map_or(Owner::Caller, Owner::Account);
    common.into_iter().map(move |pattern| {
        let asked = if pattern.is_literal() {
            Asked::Id(pattern.to_string())
        } else {
            Asked::Pattern(pattern.clone())
        };
        Part::new(asked, owner.clone(), Some(id), Some(pattern))
    })
}

/// Whether the part lies in the caller's account. What lies in other ones is for the policies there to say: where these
/// are left out, it counts as the caller's own.
pub(crate) fn in_own_account(estate: &Estate, part: &Part, caller: &Caller, setting: &Setting) -> bool {
    match &part.owner {
        _ if !setting.own_policies => true,
        Owner::Caller => true,
        Owner::Account(account) => caller.account == Some(*account),
        Owner::Elsewhere(account) => caller.account_id.text(estate) == *account,
    }
}

/// The facts of the rule that hang on the part's resource; `caller` is the account of whoever asks.
pub(crate) fn part_facts(estate: &Estate, part: &Part, caller: Option<AccountId>) -> u32 {
    if let Some(resource) = part.resource {
        return estate.resources[resource].facts;
    }
    let owner = match part.owner {
        Owner::Account(account) => Some(account),
        Owner::Caller => caller,
        Owner::Elsewhere(_) => None,
    };
    let management_account = owner.is_some_and(|account| estate.accounts[account].management);
    (estate.provider.resource_facts)(&ResourceTraits { flags: 0, management_account })
}

/// The record whose policy speaks for a resource.
pub(crate) fn find_resource(estate: &Estate, id: &str) -> Option<ResourceId> {
    let known = |id: &str| {
        let found = estate.resource_ids.get(&estate.library.texts.find(id)?).copied()?;
        estate.resources[found].askable.then_some(found)
    };
    known(id).or_else(|| known(&(estate.provider.carrier)(id)?))
}

/// How a fact of the rule is found.
pub(crate) fn fact_spec(estate: &Estate, fact: FactId) -> FactSpec {
    estate.provider.facts.get(usize::from(fact.0)).copied().unwrap_or(FactSpec::Permission)
}
