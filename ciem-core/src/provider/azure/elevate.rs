//! A Global Administrator has no access to resources, but gives itself User Access Administrator at the root by one call
//! (AZ-R10; Microsoft Learn, "Elevate access to manage all Azure subscriptions and management groups").

use super::LATENT;
use super::documents::{Said, document, statements};
use super::finish::Finish;
use super::scope::ROOT;
use crate::model::application::{Applications, Holder};
use crate::model::assignment::{Assignments, Block, KnownPrincipal};
use crate::model::{Effect, Facts, SourceId};
use crate::provider::directory::elevating;
use crate::provider::schedule::undecided;
use std::sync::Arc;

/// User Access Administrator, and what it allows where its definition was not given.
const ROLE_ID: &str = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9";
const NAME: &str = "User Access Administrator";
const ACTIONS: [&str; 3] = ["*/read", "microsoft.authorization/*", "microsoft.support/*"];

/// Who can do so is a principal here too, even if nothing else says so.
pub(super) fn know(facts: &Facts, apps: &Applications, all: &mut Assignments) {
    for one in elevating(apps, &facts.texts) {
        all.know(one.principal, KnownPrincipal { kind: one.kind, ..KnownPrincipal::default() });
    }
}

impl Finish<'_> {
    pub(super) fn elevate(&mut self) {
        let able = elevating(&self.apps, &self.facts.texts).filter(|one| !self.is_deleted(one.principal));
        let able: Vec<Holder> = able.cloned().collect();
        if able.is_empty() {
            return;
        }
        let [role, root, name] = [ROLE_ID, ROOT, NAME].map(|text| self.facts.text(text));
        let blocks = match self.all.roles.get(&role).map(Vec::as_slice) {
            Some([record]) if !record.blocks.is_empty() => record.blocks.clone(),
            _ => {
                let listed = ACTIONS.map(|text| self.facts.text(text)).to_vec();
                vec![Block { listed, ..Block::default() }]
            }
        };
        let reach = self.reach(root);
        let title = self.facts.text(&format!("{NAME} at /, by elevated access"));
        for one in able {
            let subject = self.text(one.principal).to_owned();
            let doubt = one.open.then(|| Arc::new(undecided(subject.clone())));
            let key = format!("elevated access\n{:?}\n{doubt:?}", one.window);
            let document = document(self.facts, &key, |facts| {
                let said = Said {
                    effect: Effect::Allow,
                    name: Some(name),
                    blocks: &blocks,
                    reach: &reach,
                    only: None,
                    condition: None,
                    window: one.window,
                    subject: &subject,
                    doubt,
                };
                statements(facts, &said)
            });
            self.give(one.principal, title, LATENT, document, SourceId(0));
        }
    }
}
