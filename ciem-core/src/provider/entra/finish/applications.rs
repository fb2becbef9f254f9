//! Permissions of applications: given to them, and used on behalf of users (EN-R4, EN-R5).

use super::super::delegated::{Covered, GRAPH, covered};
use super::super::documents::{Said, document, statement};
use super::super::{APPLICATION, DELEGATED};
use super::{COVERED, Finish, PERMISSION};
use crate::base::Text;
use crate::condition::MissingFact;
use crate::model::application::{Consent, Given};
use crate::model::{Facts, PolicyRef, PolicyUse, ResourceRecord, SourceId, Statement, Who, WhoEntry};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Access to an application without any permission of it.
const DEFAULT_ACCESS: &str = "00000000-0000-0000-0000-000000000000";

/// A permission among all, whether it is one of Graph, and its name there.
type Named = (String, bool, String);

impl Finish<'_> {
    /// What applications, and people and groups, were given of other applications.
    pub(super) fn give(&mut self) {
        for given in std::mem::take(&mut self.apps.given) {
            let Given { principal, of, permission } = given;
            if self.deleted.contains(&principal) || self.text(permission) == DEFAULT_ACCESS {
                continue;
            }
            let offered =
                self.apps.services.get(&of).and_then(|service| service.offers.get(&permission)).copied();
            let (subject, id) = (self.text(of).to_owned(), self.text(permission).to_owned());
            let assignable = self.assignable();
            let named =
                offered.map(|name| (self.qualified(of, name), self.is_graph(of), self.text(name).to_owned()));
            let key = format!("given\n{subject}\n{id}");
            let document = document(self.facts, &key, |facts| match &named {
                Some((qualified, is_graph, name)) => {
                    let mut found = vec![statement(facts, 0, &Said::new(None, vec![qualified.clone()]))];
                    if *is_graph {
                        found.extend(directory(facts, name, None, &assignable));
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
        let assignable = self.assignable();
        let kind = self.facts.text("entra:client");
        for (client, consents) in by_client {
            let id =
                self.apps.services.get(&client).and_then(|service| service.application).unwrap_or(client);
            let mut parts: Vec<(Who, Vec<Named>)> = Vec::new();
            for consent in &consents {
                let entry = consent.principal.map_or(WhoEntry::Anyone, WhoEntry::Principal);
                let names = consent.permissions.iter().map(|&name| {
                    (self.qualified(consent.of, name), self.is_graph(consent.of), self.text(name).to_owned())
                });
                parts.push((Who { negated: false, entries: vec![entry] }, names.collect()));
            }
            let key = format!("consents\n{}", self.text(client));
            let document = document(self.facts, &key, |facts| {
                let mut found = Vec::new();
                for (who, names) in &parts {
                    for (qualified, is_graph, name) in names {
                        let said =
                            Said { who: Some(who.clone()), ..Said::new(None, vec![qualified.clone()]) };
                        found.push(statement(facts, found.len(), &said));
                        if *is_graph {
                            found.extend(directory(facts, name, Some(who), &assignable));
                        }
                    }
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

    /// Groups to which roles can be assigned: permissions on groups do not reach them.
    fn assignable(&self) -> Vec<String> {
        let mut found: Vec<String> =
            self.apps.assignable.iter().map(|&id| self.text(id).to_owned()).collect();
        found.sort_unstable();
        found
    }
}

/// What a permission of Graph lets do in the directory, and what it may let do.
fn directory(facts: &mut Facts, name: &str, who: Option<&Who>, assignable: &[String]) -> Vec<Statement> {
    let Covered { surely, perhaps, all_groups } = covered(name);
    let fact = MissingFact {
        fact: COVERED.to_owned(),
        subject: name.to_owned(),
        how: "see the permissions reference of Microsoft Graph".to_owned(),
    };
    let mut found = Vec::new();
    for (actions, doubt) in [(surely, None), (perhaps, Some(Arc::new(fact)))] {
        if actions.is_empty() {
            continue;
        }
        let (resources, except) =
            if all_groups { (vec!["*".to_owned()], false) } else { (assignable.to_vec(), true) };
        let said = Said { resources, except, who: who.cloned(), doubt, ..Said::new(None, actions) };
        found.push(statement(facts, found.len(), &said));
    }
    found
}
