//! The callers that documents tell apart.

use super::policies::{Policies, Rule};
use crate::access::scalar::not_principal_doubt;
use crate::base::Text;
use crate::condition::{Atom, Expr, KeyState, Tri};
use crate::model::{Effect, PolicyKind, PrincipalKind, Who, WhoEntry};
use crate::provider::{KeyScope, KeyValue, PrincipalView};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Callers whom every statement names alike.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    whom: Whom,
    /// The kind as statements see it.
    pub(super) kind: PrincipalKind,
    /// Its id, where it is a certain one.
    pub(super) principal: Option<String>,
    pub(super) account: Option<String>,
    /// Accounts that it is not of.
    pub(super) not_of: Vec<String>,
}

#[derive(Clone, Debug)]
enum Whom {
    /// Whoever carries the policy.
    Bearer,
    Anonymous,
    /// This service, or any that is not named.
    Service(Option<Text>),
    Federated(Text),
    Principal(Text),
    Session {
        account: Text,
        role: Text,
        session: Text,
    },
    UniqueId(Text),
    /// Anybody else of a named account.
    Account,
    /// Anybody of an account that is not named.
    Elsewhere,
}

impl Caller {
    fn new(whom: Whom, kind: PrincipalKind) -> Caller {
        Caller { whom, kind, principal: None, account: None, not_of: Vec::new() }
    }

    /// Whether it has no policies of its own.
    pub(super) fn is_outsider(&self) -> bool {
        matches!(self.kind, PrincipalKind::Anonymous | PrincipalKind::Service | PrincipalKind::Federated)
    }

    /// Whether it belongs to the public.
    pub(super) fn is_public(&self) -> bool {
        matches!(self.whom, Whom::Anonymous | Whom::Elsewhere)
    }

    pub(super) fn is_elsewhere(&self) -> bool {
        matches!(self.whom, Whom::Elsewhere)
    }
}

/// All callers that matter, those first whose requests are easiest to understand.
pub(super) fn callers(policies: &Policies) -> Vec<Caller> {
    if policies.kind == PolicyKind::Identity {
        return vec![Caller::new(Whom::Bearer, PrincipalKind::External)];
    }
    let texts = &policies.facts.texts;
    let whos = policies.rules.iter().filter_map(|rule| rule.who.as_ref());
    let entries: BTreeSet<WhoEntry> = whos.flat_map(|who| &who.entries).copied().collect();
    let mut accounts: BTreeSet<String> = BTreeSet::new();
    let mut all = vec![Caller {
        principal: Some("anonymous".to_owned()),
        ..Caller::new(Whom::Anonymous, PrincipalKind::Anonymous)
    }];
    for entry in entries {
        match entry {
            WhoEntry::Account(account) => {
                accounts.insert(texts.get(account).to_owned());
            }
            WhoEntry::Principal(id) => {
                let text = texts.get(id);
                let account = (policies.provider.account_of)(text);
                accounts.extend(account.clone());
                let kind = (policies.inclusion.kind_of)(text);
                let principal = Some(text.to_owned());
                all.push(Caller { principal, account, ..Caller::new(Whom::Principal(id), kind) });
            }
            WhoEntry::Session { account, role, session } => {
                let number = texts.get(account).to_owned();
                accounts.insert(number.clone());
                let (role_name, name) = (texts.get(role), texts.get(session));
                let principal = Some((policies.inclusion.session_id)(&number, role_name, name));
                let whom = Whom::Session { account, role, session };
                all.push(Caller {
                    principal,
                    account: Some(number),
                    ..Caller::new(whom, PrincipalKind::Role)
                });
            }
            WhoEntry::UniqueId(id) => all.push(Caller::new(Whom::UniqueId(id), PrincipalKind::User)),
            WhoEntry::Service(name) => all.push(Caller {
                principal: Some(texts.get(name).to_owned()),
                ..Caller::new(Whom::Service(Some(name)), PrincipalKind::Service)
            }),
            WhoEntry::Federated(name) => all.push(Caller {
                principal: Some(texts.get(name).to_owned()),
                ..Caller::new(Whom::Federated(name), PrincipalKind::Federated)
            }),
            WhoEntry::Anyone | WhoEntry::Nobody => {}
        }
    }
    for account in &accounts {
        let account = Some(account.clone());
        all.push(Caller { account, ..Caller::new(Whom::Account, PrincipalKind::Role) });
    }
    let not_of = accounts.into_iter().collect();
    all.push(Caller { not_of, ..Caller::new(Whom::Elsewhere, PrincipalKind::Role) });
    let principal = Some(policies.inclusion.service.to_owned());
    all.push(Caller { principal, ..Caller::new(Whom::Service(None), PrincipalKind::Service) });
    all
}

impl Policies {
    fn names(&self, entry: WhoEntry, caller: &Caller) -> bool {
        let text = |text| self.facts.texts.get(text);
        match (entry, &caller.whom) {
            (WhoEntry::Anyone, _) => true,
            (WhoEntry::Account(account), _) => caller.account.as_deref() == Some(text(account)),
            (WhoEntry::Principal(id), Whom::Principal(own)) => id == *own,
            (WhoEntry::Principal(id), Whom::Session { role, .. }) => {
                let id = text(id);
                (self.inclusion.kind_of)(id) == PrincipalKind::Role
                    && (self.provider.account_of)(id) == caller.account
                    && id.rsplit('/').next().is_some_and(|name| name.eq_ignore_ascii_case(text(*role)))
            }
            (
                WhoEntry::Session { account, role, session },
                Whom::Session { account: a, role: r, session: s },
            ) => account == *a && session == *s && text(role).eq_ignore_ascii_case(text(*r)),
            (WhoEntry::UniqueId(id), Whom::UniqueId(own)) => id == *own,
            (WhoEntry::Service(name), Whom::Service(Some(own))) => name == *own,
            (WhoEntry::Federated(name), Whom::Federated(own)) => name == *own,
            _ => false,
        }
    }

    /// How strongly a rule names the caller, and on what that depends; `None` if it does not.
    pub(super) fn naming(&self, rule: &Rule, caller: &Caller) -> Option<(u8, Expr)> {
        let Some(who) = &rule.who else { return Some((u8::MAX, Expr::Always)) };
        let rank = |entry| {
            let strength = (self.provider.strength)(entry, caller.kind);
            strength.map(self.inclusion.rank)
        };
        let Who { negated, entries } = who;
        let naming = entries.iter().copied().filter(|&entry| self.names(entry, caller));
        if *negated {
            let mut doubtful = false;
            for entry in naming {
                match entry {
                    WhoEntry::Account(_) => doubtful = true,
                    _ => return None,
                }
            }
            let sure = if doubtful {
                Expr::atom(Atom::Missing(Arc::new(not_principal_doubt()))).not()
            } else {
                Expr::Always
            };
            let rank = rank(WhoEntry::Anyone).or((rule.effect == Effect::Deny).then_some(u8::MAX))?;
            return Some((rank, sure));
        }
        match rule.effect {
            Effect::Allow => naming.filter_map(rank).max().map(|rank| (rank, Expr::Always)),
            Effect::Deny => naming.map(|_| (u8::MAX, Expr::Always)).next(),
        }
    }

    /// The condition for requests of this caller: tests of what the caller determines are decided.
    pub(super) fn known_of(&self, caller: &Caller, expr: &Expr) -> Expr {
        let list =
            |parts: &[Expr]| -> Vec<Expr> { parts.iter().map(|part| self.known_of(caller, part)).collect() };
        match expr {
            Expr::And(parts) => list(parts).into_iter().fold(Expr::Always, Expr::and),
            Expr::Or(parts) => list(parts).into_iter().fold(Expr::Never, Expr::or),
            Expr::Not(inner) => self.known_of(caller, inner).not(),
            Expr::Atom(atom) => match &**atom {
                Atom::Key { key, test } => {
                    let found = self.with_key(caller, &key.name, &mut |state| test.eval(state));
                    match found {
                        Some(Tri::Yes) => Expr::Always,
                        Some(Tri::No) => Expr::Never,
                        _ => expr.clone(),
                    }
                }
                _ => expr.clone(),
            },
            Expr::Always | Expr::Never => expr.clone(),
        }
    }

    /// What a key that the caller determines makes of a test. What is the same for two callers of the class is so
    /// for all.
    fn with_key(&self, caller: &Caller, key: &str, test: &mut dyn FnMut(KeyState<'_>) -> Tri) -> Option<Tri> {
        let scope = (self.provider.key_scope)(key);
        // A request may hold a key that yields, whoever makes it.
        if !matches!(&scope, KeyScope::Principal(fact) if !fact.yields) {
            return None;
        }
        let own = caller.principal.as_deref().unwrap_or("");
        let (kind, ids, accounts) = match &caller.whom {
            Whom::Principal(_) => (PrincipalKind::External, [own, own], None),
            Whom::Service(None) => (PrincipalKind::Service, [own, "another"], None),
            Whom::Service(_) | Whom::Federated(_) | Whom::Anonymous => (caller.kind, [own, own], None),
            Whom::UniqueId(_) => return None,
            Whom::Bearer | Whom::Elsewhere => (PrincipalKind::Account, ["", ""], Some(["one", "another"])),
            Whom::Account | Whom::Session { .. } => (PrincipalKind::Account, ["", ""], None),
        };
        let account = caller.account.as_deref().unwrap_or("");
        let accounts = accounts.unwrap_or([account, account]);
        let mut answers = ids.into_iter().zip(accounts).map(|(id, account)| {
            let view = PrincipalView {
                id,
                kind,
                account,
                name: "",
                unique_id: None,
                organisation: None,
                organisation_path: None,
                session: None,
                tag: &|_| None,
            };
            match (self.provider.principal_key)(&scope, &view) {
                KeyValue::Open | KeyValue::Listed(_) => None,
                KeyValue::Absent => Some((None, test(KeyState::Absent))),
                KeyValue::One(value) => Some((Some(value.to_string()), test(KeyState::One(&value)))),
            }
        });
        let (first, second) = (answers.next()??, answers.next()??);
        (first == second).then_some(first.1)
    }
}
