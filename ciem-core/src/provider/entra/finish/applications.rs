//! Permissions of applications: given to them, and used on behalf of users (EN-R4, EN-R5).

use super::super::apart::Apart;
use super::super::delegated::{Covered, GRAPH, MANAGES_ROLES, covered};
use super::super::documents::{Said, document, statement};
use super::super::spec::PROVIDER;
use super::super::{APPLICATION, DELEGATED};
use super::{COVERED, Finish, PERMISSION};
use crate::base::Text;
use crate::condition::MissingFact;
use crate::model::application::{Consent, Given};
use crate::model::{Facts, PolicyRef, PolicyUse, ResourceRecord, SourceId, Statement, Who, WhoEntry};
use crate::provider::graph;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Access to an application without any permission of it.
const DEFAULT_ACCESS: &str = "00000000-0000-0000-0000-000000000000";

/// A permission among all, whether it is one of Graph, and its name there.
type Named = (String, bool, String);

impl Finish<'_> {
    /// What applications, and people and groups, were given of other applications.
    pub(super) fn give(&mut self) {
        let all = std::mem::take(&mut self.apps.given);
        let manages: BTreeSet<Text> =
            all.iter().filter(|one| self.manages_roles(one)).map(|one| one.principal).collect();
        for given in all {
            let Given { principal, of, permission } = given;
            if self.deleted.contains(&principal) || self.text(permission) == DEFAULT_ACCESS {
                continue;
            }
            let offered =
                self.apps.services.get(&of).and_then(|service| service.offers.get(&permission)).copied();
            let (subject, id) = (self.text(of).to_owned(), self.text(permission).to_owned());
            let (apart, manages) = (Arc::clone(&self.apart), manages.contains(&principal));
            let named =
                offered.map(|name| (self.qualified(of, name), self.is_graph(of), self.text(name).to_owned()));
            let key = format!("given\n{subject}\n{id}\n{manages}");
            let document = document(self.facts, &key, |facts| match &named {
                Some((qualified, is_graph, name)) => {
                    let mut found = vec![statement(facts, 0, &Said::new(None, vec![qualified.clone()]))];
                    if *is_graph {
                        found.extend(directory(facts, name, None, &apart, manages));
                    }
                    found
                }
                None => {
                    let how = format!("az ad sp show --id {subject}");
                    let fact =
                        MissingFact { fact: PERMISSION.to_owned(), subject: format!("{subject}/{id}"), how };
                    let said = Said { doubt: Some(Arc::new(fact)), ..Said::new(None, vec!["*".to_owned()]) };
                    vec![statement(facts, 0, &said)]
                }
            });
            let name = named.map_or(id, |(qualified, _, _)| qualified);
            let name = self.facts.text(&name);
            self.hold(principal, APPLICATION, name, document);
        }
    }

    /// What each application may do for its users. Of one without consents, that is nothing.
    pub(super) fn consent(&mut self) {
        if !self.facts.coverage.given.contains_key(&(String::new(), "consents")) {
            return;
        }
        let mut by_client: BTreeMap<Text, BTreeSet<Consent>> = BTreeMap::new();
        for &client in self.apps.services.keys() {
            by_client.insert(client, BTreeSet::new());
        }
        for consent in std::mem::take(&mut self.apps.consents) {
            by_client.entry(consent.client).or_default().insert(consent);
        }
        let apart = Arc::clone(&self.apart);
        let kind = self.facts.text("entra:client");
        // Of consents that were not given, each may be to anything for everybody.
        let rest = graph::rest(&self.all, PROVIDER.layers, DELEGATED).into_iter().map(Arc::new);
        let rest: Vec<Arc<MissingFact>> = rest.collect();
        for (client, consents) in by_client {
            let id =
                self.apps.services.get(&client).and_then(|service| service.application).unwrap_or(client);
            let manages: BTreeSet<Option<Text>> = consents
                .iter()
                .filter(|one| {
                    self.is_graph(one.of) && one.permissions.iter().any(|&name| self.is_to_manage(name))
                })
                .map(|one| one.principal)
                .collect();
            let mut parts: Vec<(Who, Vec<Named>, bool)> = Vec::new();
            for consent in &consents {
                let names = consent.permissions.iter().map(|&name| {
                    (self.qualified(consent.of, name), self.is_graph(consent.of), self.text(name).to_owned())
                });
                let names: Vec<Named> = names.collect();
                let mut add = |whom: Option<Text>, manages: bool| {
                    let entry = whom.map_or(WhoEntry::Anyone, WhoEntry::Principal);
                    parts.push((Who { negated: false, entries: vec![entry] }, names.clone(), manages));
                };
                let by_all = manages.contains(&None);
                add(consent.principal, by_all || manages.contains(&consent.principal));
                // What was consented to for all of them, and the right to manage roles for some.
                if consent.principal.is_none() && !by_all {
                    manages.iter().for_each(|&whom| add(whom, true));
                }
            }
            let key = format!("consents\n{}", self.text(client));
            let document = document(self.facts, &key, |facts| {
                let mut found = Vec::new();
                for (who, names, manages) in &parts {
                    for (qualified, is_graph, name) in names {
                        let said =
                            Said { who: Some(who.clone()), ..Said::new(None, vec![qualified.clone()]) };
                        found.push(statement(facts, found.len(), &said));
                        if *is_graph {
                            found.extend(directory(facts, name, Some(who), &apart, *manages));
                        }
                    }
                }
                let everyone = Who { negated: false, entries: vec![WhoEntry::Anyone] };
                for fact in &rest {
                    let (who, doubt) = (Some(everyone.clone()), Some(Arc::clone(fact)));
                    let said = Said { who, doubt, ..Said::new(None, vec!["*".to_owned()]) };
                    found.push(statement(facts, found.len(), &said));
                }
                found
            });
            let name = self.facts.text("delegated permissions");
            self.facts.add_resource(ResourceRecord {
                id,
                kind,
                account: None,
                tags: Vec::new(),
                flags: 0,
                policies: vec![PolicyUse { layer: DELEGATED, policy: PolicyRef::Inline { name, document } }],
                told: true,
                source: SourceId(0),
            });
        }
    }

    fn is_graph(&self, service: Text) -> bool {
        let known = self.apps.services.get(&service).and_then(|service| service.application);
        known.is_some_and(|id| self.text(id) == GRAPH)
    }

    /// The name of a permission of an application among all.
    fn qualified(&self, of: Text, name: Text) -> String {
        let application = self.apps.services.get(&of).and_then(|service| service.application);
        match application.map(|id| self.text(id)) {
            Some(GRAPH) => format!("microsoft.graph/{}", self.text(name)),
            Some(id) => format!("{id}/{}", self.text(name)),
            None => format!("{}/{}", self.text(of), self.text(name)),
        }
    }

    fn manages_roles(&self, given: &Given) -> bool {
        let offered =
            self.apps.services.get(&given.of).and_then(|service| service.offers.get(&given.permission));
        self.is_graph(given.of) && offered.is_some_and(|&name| self.is_to_manage(name))
    }

    fn is_to_manage(&self, name: Text) -> bool {
        self.text(name).eq_ignore_ascii_case(MANAGES_ROLES)
    }
}

/// What a permission of Graph lets do in the directory, and what it may let do.
fn directory(
    facts: &mut Facts,
    name: &str,
    who: Option<&Who>,
    apart: &Apart,
    manages: bool,
) -> Vec<Statement> {
    let Covered { surely, perhaps } = covered(name);
    let fact = Arc::new(MissingFact {
        fact: COVERED.to_owned(),
        subject: name.to_owned(),
        how: "see the permissions reference of Microsoft Graph".to_owned(),
    });
    let mut found = Vec::new();
    for (actions, doubt) in [(surely, None), (perhaps, Some(Arc::clone(&fact)))] {
        if !actions.is_empty() {
            let said = Said { who: who.cloned(), doubt, ..Said::new(None, actions) };
            found.push(statement(facts, found.len(), &said));
        }
    }
    apart.split(facts, found, manages.then_some(&fact))
}
