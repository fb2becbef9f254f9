//! Directory roles: what assignments of them give, where (EN-R1, EN-R2).

use super::super::documents::{Said, document, reaching, statement, window};
use super::super::reach::{Reach, TENANT, reach};
use super::super::{ELEVATE, ELEVATED, ELIGIBLE, ROLE};
use super::{CONDITION, Finish, ROLE_DEFINITION};
use crate::base::Text;
use crate::condition::MissingFact;
use crate::model::assignment::{AssignmentRecord, Block, RoleRecord, without_shadows};
use crate::model::{DocId, Rejected, Statement, Tier};
use crate::provider::applications::services_of;
use crate::provider::directory::{GLOBAL_ADMINISTRATOR, expanded};
use crate::provider::schedule::undecided;
use std::sync::Arc;

/// The holder itself is the object.
const SELF: &str = "$ResourceIsSelf";
/// The holder owns the object.
const OWNED: &str = "$SubjectIsOwner";

impl Finish<'_> {
    /// Role assignments, of which the same may have come in several inputs.
    pub(super) fn assign(&mut self) {
        let mut assignments = std::mem::take(&mut self.all.assignments);
        let texts = &self.facts.texts;
        let key = |one: &AssignmentRecord| {
            (texts.get(one.principal), texts.get(one.role), texts.get(one.scope), one.tier)
        };
        let id = |one: &AssignmentRecord| one.id.map(|text| texts.get(text));
        assignments.sort_by(|a, b| (key(a), a.window, id(a)).cmp(&(key(b), b.window, id(b))));
        let key = |one: &AssignmentRecord| (one.principal, one.role, one.scope, one.tier);
        for alike in assignments.chunk_by(|a, b| key(a) == key(b)) {
            let Some(first) = alike.first() else { continue };
            if self.deleted.contains(&first.principal) {
                self.orphan(first);
                continue;
            }
            // What is not decided says nothing beside what is.
            let decided = alike.iter().any(|one| one.condition.is_ok());
            let mut told: Vec<&AssignmentRecord> =
                alike.iter().filter(|one| !decided || one.condition.is_ok()).collect();
            without_shadows(&mut told, &self.facts.texts);
            told.dedup_by_key(|one| one.window);
            for one in told {
                let (layer, scope) = (if one.tier == Tier::Active { ROLE } else { ELIGIBLE }, one.scope);
                let document = self.role(one);
                let title = self.all.roles.get(&one.role).and_then(|records| records.first()?.name);
                let title = title.unwrap_or(one.role);
                let name = match self.text(scope) {
                    TENANT => self.text(title).to_owned(),
                    scope => format!("{} at {scope}", self.text(title)),
                };
                let name = self.facts.text(&name);
                self.hold(one.principal, layer, name, document);
            }
        }
    }

    fn orphan(&mut self, one: &AssignmentRecord) {
        let reason = format!(
            "an orphan: its principal {} is not in the directory any more; it grants nothing and can be removed",
            self.text(one.principal)
        );
        let file = self.facts.coverage.files.get(one.source.0 as usize);
        let source = file.map(|file| file.name.clone()).unwrap_or_default();
        let policy = self.text(one.id.unwrap_or(one.role)).to_owned();
        self.facts.coverage.rejected.insert(Rejected { policy, pointer: String::new(), reason, source });
    }

    /// What an assignment gives, as a document.
    fn role(&mut self, one: &AssignmentRecord) -> DocId {
        let records = self.all.roles.get(&one.role).cloned().unwrap_or_default();
        let (role, scope) = (self.text(one.role).to_owned(), self.text(one.scope).to_owned());
        let mut reach = reach(&self.all, &self.facts.texts, &scope);
        if self.apps.applications.contains_key(&one.scope) {
            let services = services_of(&self.apps, one.scope);
            reach.services = services.into_iter().map(|id| self.text(id).to_owned()).collect();
            reach.services.sort_unstable();
        }
        let personal =
            records.iter().flat_map(|record| &record.blocks).any(|block| block.condition.is_some());
        let owned = if personal { self.owned_by(one.principal) } else { Vec::new() };
        let whose = if personal { self.text(one.principal).to_owned() } else { String::new() };
        let is_group = self.may_be_group(one.principal);
        let template = self.apps.templates.get(&one.role).copied().unwrap_or(one.role);
        let elevates = self.text(template) == GLOBAL_ADMINISTRATOR && scope == TENANT;
        self.elevates |= elevates && one.tier == Tier::Active;
        let subject = self.text(one.id.unwrap_or(one.role)).to_owned();
        let open = one.condition.is_err().then(|| Arc::new(undecided(subject)));
        let key = format!("role\n{role}\n{scope}\n{:?}\n{whose}\n{open:?}", one.window);
        let apart = Arc::clone(&self.apart);
        document(self.facts, &key, |facts| {
            let window = window(facts, one.window);
            let mut found = Vec::new();
            let mut add = |facts: &mut _, record: &RoleRecord, doubt: Option<Arc<MissingFact>>| {
                for (index, block) in record.blocks.iter().enumerate() {
                    let said =
                        Said { condition: window, doubt: doubt.clone(), ..said(facts, record.name, block) };
                    found.extend(conditional(facts, index, &said, block, &reach, &whose, &owned, is_group));
                }
            };
            match records.as_slice() {
                [] => {
                    let how = "az rest --url https://graph.microsoft.com/v1.0/roleManagement/directory/roleDefinitions";
                    let (fact, how) = (ROLE_DEFINITION.to_owned(), how.to_owned());
                    let doubt = Some(Arc::new(MissingFact { fact, subject: role.clone(), how }));
                    let said = Said { condition: window, doubt, ..Said::new(None, vec!["*".to_owned()]) };
                    found.extend(reaching(facts, 0, &said, &reach));
                }
                known if open.is_some() => known.iter().for_each(|record| add(facts, record, open.clone())),
                [record] => add(facts, record, None),
                several => {
                    for (record, number) in several.iter().zip(1..) {
                        let fact = format!("which of the contradictory records holds ({number})");
                        let how = "give the newest export of it only".to_owned();
                        add(facts, record, Some(Arc::new(MissingFact { fact, subject: role.clone(), how })));
                    }
                }
            }
            found = apart.split(facts, found, None);
            if elevates {
                let resources = vec![ELEVATED.to_owned()];
                let elevate = Said::new(None, vec![ELEVATE.to_owned()]);
                let said = Said { resources, condition: window, doubt: open, ..elevate };
                found.push(statement(facts, found.len(), &said));
            }
            found
        })
    }

    /// The objects that somebody owns.
    fn owned_by(&self, principal: Text) -> Vec<String> {
        let owned = self.all.owners.iter().filter(|(_, owners)| owners.ids.contains(&principal));
        owned.map(|(&object, _)| self.text(object).to_owned()).collect()
    }
}

fn said(facts: &crate::model::Facts, name: Option<Text>, block: &Block) -> Said {
    let actions = block.listed.iter().flat_map(|&text| expanded(facts.texts.get(text)));
    Said::new(name, actions.collect())
}

/// The statements of one block; a condition says on which objects alone it gives something.
#[expect(clippy::too_many_arguments, reason = "what one assignment of one block hangs on")]
fn conditional(
    facts: &mut crate::model::Facts,
    index: usize,
    said: &Said,
    block: &Block,
    reach: &Reach,
    whose: &str,
    owned: &[String],
    is_group: bool,
) -> Vec<Statement> {
    let Some(condition) = block.condition.map(|text| facts.texts.get(text).trim().to_owned()) else {
        return reaching(facts, index, said, reach);
    };
    let everywhere = reach.ids.iter().any(|id| id == "*");
    let only = |objects: Vec<String>| Reach { ids: objects, services: Vec::new(), doubt: None };
    match condition.as_str() {
        SELF if everywhere && !is_group => reaching(facts, index, said, &only(vec![whose.to_owned()])),
        OWNED if everywhere && !is_group && owned.is_empty() => Vec::new(),
        OWNED if everywhere && !is_group => reaching(facts, index, said, &only(owned.to_vec())),
        _ => {
            let how = "conditions of this kind are not evaluated".to_owned();
            let fact = MissingFact { fact: CONDITION.to_owned(), subject: condition, how };
            let doubt = said.doubt.clone().or(Some(Arc::new(fact)));
            reaching(facts, index, &Said { doubt, ..said.clone() }, reach)
        }
    }
}
