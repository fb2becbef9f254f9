//! Who asks a question: a record of the estate, a session of one, or a caller that is no record.

use super::question::Setting;
use crate::base::Text;
use crate::error::Error;
use crate::model::{PrincipalKind, Session};
use crate::snapshot::estate::{AccountId, Estate, PersonId};
use crate::truth::{FactId, PrincipalId};

/// A text about a caller: one of the estate's own where that has it, so that to compare is to compare numbers.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Name {
    Known(Text),
    Other(Box<str>),
}

impl Name {
    pub(crate) fn new(estate: &Estate, text: &str) -> Name {
        estate.library.texts.find(text).map_or_else(|| Name::Other(text.into()), Name::Known)
    }

    /// Whether it is this text of the estate that the name was made for.
    #[inline]
    pub(crate) fn is(&self, text: Text) -> bool {
        *self == Name::Known(text)
    }

    /// The estate's text, if it has it.
    pub(crate) fn known(&self) -> Option<Text> {
        match self {
            Name::Known(text) => Some(*text),
            Name::Other(_) => None,
        }
    }

    pub(crate) fn text<'e>(&'e self, estate: &'e Estate) -> &'e str {
        match self {
            Name::Known(text) => estate.text(*text),
            Name::Other(text) => text,
        }
    }
}

/// The caller of a question.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) principal: Option<PrincipalId>,
    pub(crate) id: Name,
    pub(crate) kind: PrincipalKind,
    pub(crate) account: Option<AccountId>,
    /// Empty for those who are of no account.
    pub(crate) account_id: Name,
    pub(crate) name: Name,
    pub(crate) unique_id: Option<Text>,
    pub(crate) facts: u32,
    pub(crate) session_name: Option<Name>,
    /// The identity side lies in an account that was not loaded.
    pub(crate) unloaded: bool,
}

impl Caller {
    pub(crate) fn of(estate: &Estate, id: PrincipalId, session_name: Option<Name>) -> Caller {
        let principal = &estate.principals[id];
        // Whoever acts under an assignment has a session of their own name.
        let own = principal.acting.as_ref().and_then(|acting| acting.session);
        Caller {
            principal: Some(id),
            id: Name::Known(principal.id),
            kind: principal.kind,
            account: Some(principal.account),
            account_id: Name::Known(estate.accounts[principal.account].id),
            name: Name::Known(principal.name),
            unique_id: principal.unique_id,
            facts: principal.facts,
            session_name: own.map(Name::Known).or(session_name),
            unloaded: estate.unloaded.contains(id),
        }
    }

    /// The id that answers show: that of the person who acts, where there is one.
    pub(crate) fn shown_id<'e>(&'e self, estate: &'e Estate) -> &'e str {
        self.principal.map_or_else(|| self.id.text(estate), |id| estate.text(estate.shown(id).0))
    }

    /// The kind that answers show.
    pub(crate) fn shown_kind(&self, estate: &Estate) -> PrincipalKind {
        self.principal.map_or(self.kind, |id| estate.shown(id).1)
    }

    /// What all of the caller's access comes through.
    pub(crate) fn through<'e>(&self, estate: &'e Estate) -> impl Iterator<Item = &'e str> + use<'e> {
        let acting = self.principal.and_then(|id| estate.principals[id].acting.as_deref());
        let through = acting.map_or(&[][..], |acting| acting.through.as_slice());
        through.iter().map(|&id| estate.text(id))
    }

    /// Whether the caller can act in a session that a policy limits.
    pub(crate) fn has_sessions(&self) -> bool {
        use PrincipalKind::{Anonymous, ManagedIdentity, Service, ServicePrincipal, User};
        !matches!(self.kind, User | Service | Anonymous | ServicePrincipal | ManagedIdentity)
    }

    pub(crate) fn has(&self, fact: FactId) -> bool {
        self.facts >> fact.0 & 1 == 1
    }

    pub(crate) fn bind(&self, estate: &Estate, setting: &mut Setting, session: Option<&Session>) {
        let organisation = self.account.and_then(|account| estate.organisation_of(account));
        let named = self.session_name.as_ref().map(|name| Session {
            name: Some(name.text(estate).to_owned()),
            ..session.map(Session::without_policies).unwrap_or_default()
        });
        let organisation_path = self.account.and_then(|account| estate.organisation_path(account));
        let view = crate::provider::PrincipalView {
            id: self.id.text(estate),
            kind: self.kind,
            account: self.account_id.text(estate),
            name: self.name.text(estate),
            unique_id: self.unique_id.map(|id| estate.text(id)),
            organisation,
            organisation_path,
            session: named.as_ref().or(session),
            tag: &|key| self.principal.and_then(|id| estate.tag(id, key)),
        };
        setting.states.bind_principal(estate.provider, &estate.library, &view);
        if let Some(brought) = &mut setting.brought {
            brought.states.bind_principal(estate.provider, &brought.library, &view);
        }
    }
}

/// Finds who asks, as [`find_caller`] does; a person of a directory is one caller for each assignment, and none
/// without any.
pub(crate) fn find_callers(
    estate: &Estate,
    text: &str,
    session: Option<&Session>,
) -> Result<Vec<Caller>, Error> {
    let interned = estate.library.texts.find(text);
    let exact = |text: &Text| estate.by_id.contains_key(text) || estate.by_unique_id.contains_key(text);
    let people = interned.filter(|text| !exact(text)).and_then(|text| estate.people_by_key.get(&text));
    let Some(people) = people else {
        return find_caller(estate, text, interned, session).map(|caller| vec![caller]);
    };
    let others: Vec<PrincipalId> = interned.into_iter().flat_map(|text| estate.named(text)).collect();
    let [person] = people.as_slice() else { return Err(ambiguous(estate, text, people, &others)) };
    if !others.is_empty() {
        return Err(ambiguous(estate, text, people, &others));
    }
    let name = session_name(estate, session);
    let of = |&id: &PrincipalId| Caller::of(estate, id, name.clone());
    Ok(estate.people[*person].principals.iter().map(of).collect())
}

fn ambiguous(estate: &Estate, text: &str, people: &[PersonId], others: &[PrincipalId]) -> Error {
    let people = people.iter().map(|&id| estate.people[id].id);
    let others = others.iter().map(|&id| estate.principals[id].id);
    let mut candidates: Vec<String> = people.chain(others).map(|id| estate.text(id).to_owned()).collect();
    candidates.sort_unstable();
    Error::AmbiguousPrincipal { principal: text.to_owned(), candidates }
}

fn session_name(estate: &Estate, session: Option<&Session>) -> Option<Name> {
    Some(Name::new(estate, session?.name.as_deref()?))
}

/// Finds who asks: a full id, a provider id, a unique name, or a caller that is no record.
fn find_caller(
    estate: &Estate,
    text: &str,
    interned: Option<Text>,
    session: Option<&Session>,
) -> Result<Caller, Error> {
    let session_name = session_name(estate, session);
    let of = |id| Ok(Caller::of(estate, id, session_name.clone()));
    let unknown = || Error::UnknownPrincipal { principal: text.to_owned() };
    if let Some(interned) = interned {
        if let Some(&id) = estate.by_id.get(&interned).or_else(|| estate.by_unique_id.get(&interned)) {
            return of(id);
        }
        let named: Vec<PrincipalId> = estate.named(interned).collect();
        match named.as_slice() {
            &[one] => return of(one),
            several @ [_, _, ..] => {
                return Err(ambiguous(estate, text, &[], several));
            }
            _ => {}
        }
    }
    let Some(named) = (estate.provider.caller)(text) else { return Err(unknown()) };
    let account = named.account.as_deref().and_then(|account| estate.account(account));
    if let (Some(account), Some((role, session_name))) = (account, &named.session_of) {
        // A session's id carries no path: account and last path segment tell the role (AWS-12).
        let range = estate.accounts[account].principals.clone();
        let same = |id: &PrincipalId| {
            let p = &estate.principals[*id];
            p.kind == PrincipalKind::Role && estate.text(p.name).eq_ignore_ascii_case(role)
        };
        let named = range.map(PrincipalId).filter(same);
        // A person's own session is theirs; any other is one of the role, where that was given.
        let rank = |id: &PrincipalId| match &estate.principals[*id].acting {
            Some(acting) => acting.session.is_some_and(|name| estate.text(name) == session_name).then_some(0),
            None => Some(1),
        };
        if let Some((_, id)) = named.filter_map(|id| Some((rank(&id)?, id))).min() {
            return Ok(Caller::of(estate, id, Some(Name::new(estate, session_name))));
        }
    }
    let loaded = account.is_some_and(|account| estate.accounts[account].loaded);
    let record = matches!(named.kind, PrincipalKind::External | PrincipalKind::Role | PrincipalKind::User);
    if loaded && record {
        return Err(unknown());
    }
    let management_account = account.is_some_and(|account| estate.accounts[account].management);
    let traits =
        crate::provider::PrincipalTraits { kind: named.kind, flags: 0, management_account, bounded: false };
    let (name, session_name) = match named.session_of {
        Some((role, name)) => (Name::new(estate, &role), Some(Name::new(estate, &name))),
        None => (Name::new(estate, text), session_name),
    };
    let known_side = matches!(
        named.kind,
        PrincipalKind::Service | PrincipalKind::Anonymous | PrincipalKind::Federated | PrincipalKind::Root
    );
    Ok(Caller {
        principal: None,
        id: Name::new(estate, text),
        kind: named.kind,
        account,
        account_id: Name::new(estate, named.account.as_deref().unwrap_or_default()),
        name,
        unique_id: None,
        facts: (estate.provider.principal_facts)(&traits),
        session_name,
        unloaded: !known_side,
    })
}
