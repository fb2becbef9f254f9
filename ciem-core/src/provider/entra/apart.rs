//! Objects that stay apart from others of their kind: groups to which roles can be assigned, which permissions on groups do
//! not change, and managed identities, of which no page says whether they take credentials (EN-R3, EN-R5, EN-R6).

use super::ADD_CREDENTIALS;
use super::documents::{Said, statement};
use crate::base::Text;
use crate::condition::MissingFact;
use crate::model::{Facts, PatternItem, Patterns, Statement};
use std::sync::Arc;

/// "Manage security groups and Microsoft 365 groups, excluding role-assignable groups"; reading includes them.
/// <https://learn.microsoft.com/en-us/entra/identity/role-based-access-control/custom-group-permissions>
const OF_GROUPS: &[&str] = &["microsoft.directory/groups/*", "microsoft.directory/groups.*"];
const READS: &[&str] = &["microsoft.directory/*/read"];
const OF_ASSIGNABLE: &str = "microsoft.directory/groupsassignabletoroles/";
/// What an application that may manage roles too may do with them; of more no page speaks.
/// <https://learn.microsoft.com/en-us/graph/api/group-post-members>
const MEMBERS: &[&str] = &["microsoft.directory/groups/members/update"];
pub(super) use crate::provider::applications::CREDENTIALS;

/// Who stays apart, by id.
#[derive(Clone, Debug, Default)]
pub(super) struct Apart {
    /// Groups to which roles can be assigned.
    pub(super) assignable: Vec<Text>,
    pub(super) managed: Vec<Text>,
}

impl Apart {
    /// The statements as they hold of those that stay apart. `manages` is the doubt about what else than members an
    /// application may change of groups that stay apart, if it may manage roles.
    pub(super) fn split(
        &self,
        facts: &mut Facts,
        statements: Vec<Statement>,
        manages: Option<&Arc<MissingFact>>,
    ) -> Vec<Statement> {
        let mut found = Vec::new();
        for one in statements {
            for part in self.groups(facts, one, manages) {
                found.extend(self.credentials(facts, part));
            }
        }
        found
    }

    fn groups(
        &self,
        facts: &mut Facts,
        one: Statement,
        manages: Option<&Arc<MissingFact>>,
    ) -> Vec<Statement> {
        let texts: Vec<String> =
            one.actions.items.iter().map(|&text| facts.texts.get(text).to_ascii_lowercase()).collect();
        // What may be anything may be what reaches them as well.
        let anything = one.actions.negated || texts.iter().any(|text| text == "*");
        let mut found = Vec::new();
        let theirs: Vec<String> =
            texts.iter().filter_map(|text| text.strip_prefix(OF_ASSIGNABLE)).map(of_groups).collect();
        let there = within(facts, &one.resources, &self.assignable);
        if !theirs.is_empty() && !there.items.is_empty() && one.narrowed.is_empty() {
            let resources = there.items.iter().map(|item| facts.texts.get(item.text).to_owned()).collect();
            let said = Said {
                name: one.sid,
                actions: theirs,
                resources,
                except: false,
                who: one.who.clone(),
                condition: one.condition,
                doubt: one.doubt.clone(),
            };
            found.push(statement(facts, usize::from(one.index), &said));
        }
        let changes =
            |text: &String| !text.ends_with("/read") && OF_GROUPS.iter().any(|of| overlap(text, of));
        if anything || self.assignable.is_empty() || !texts.iter().any(changes) {
            found.push(one);
            return found;
        }
        let (groups, reads, members) = (list(facts, OF_GROUPS), list(facts, READS), list(facts, MEMBERS));
        found.push(narrowed(&one, vec![but(&groups)]));
        found.push(narrowed(&one, vec![groups.clone(), reads.clone()]));
        let elsewhere =
            Statement { resources: minus(facts, &one.resources, &self.assignable), ..one.clone() };
        found.push(narrowed(&elsewhere, vec![groups.clone(), but(&reads)]));
        if let Some(fact) = manages {
            let one = Statement { resources: there, ..one };
            found.push(narrowed(&one, vec![members.clone()]));
            let doubt = one.doubt.clone().or_else(|| Some(Arc::clone(fact)));
            found.push(narrowed(&Statement { doubt, ..one }, vec![groups, but(&reads), but(&members)]));
        }
        found.retain(says_something);
        found
    }

    /// Whether a managed identity takes credentials is doubted: maintainers say that it does not, and it was seen to.
    /// <https://github.com/microsoftgraph/microsoft-graph-docs/issues/10754>
    pub(super) fn credentials(&self, facts: &mut Facts, one: Statement) -> Vec<Statement> {
        let about = |&text: &Text| match facts.texts.get(text) {
            "*" => false,
            text => overlap(&text.to_ascii_lowercase(), ADD_CREDENTIALS),
        };
        let there = within(facts, &one.resources, &self.managed);
        if there.items.is_empty() || !one.actions.items.iter().any(about) {
            return vec![one];
        }
        let adding = list(facts, &[ADD_CREDENTIALS]);
        let elsewhere = Statement { resources: minus(facts, &one.resources, &self.managed), ..one.clone() };
        let doubt = one.doubt.clone().unwrap_or_else(|| {
            Arc::new(MissingFact {
                fact: CREDENTIALS.to_owned(),
                subject: ADD_CREDENTIALS.to_owned(),
                how: "the provider does not document it: who rules the resource can become its identity"
                    .to_owned(),
            })
        });
        let doubted = Statement { resources: there, doubt: Some(doubt), ..one.clone() };
        let mut found = vec![
            narrowed(&one, vec![but(&adding)]),
            narrowed(&elsewhere, vec![adding.clone()]),
            narrowed(&doubted, vec![adding]),
        ];
        found.retain(says_something);
        found
    }
}

fn of_groups(rest: &str) -> String {
    format!("microsoft.directory/groups/{rest}")
}

fn says_something(statement: &Statement) -> bool {
    statement.resources.negated || !statement.resources.items.is_empty()
}

fn list(facts: &mut Facts, patterns: &[&str]) -> Patterns<Text> {
    Patterns { negated: false, items: patterns.iter().map(|text| facts.text(text)).collect() }
}

fn but(patterns: &Patterns<Text>) -> Patterns<Text> {
    Patterns { negated: !patterns.negated, items: patterns.items.clone() }
}

fn narrowed(one: &Statement, by: Vec<Patterns<Text>>) -> Statement {
    Statement { narrowed: one.narrowed.iter().cloned().chain(by).collect(), ..one.clone() }
}

/// Whether two patterns may have a name in common, by what stands before their first star.
fn overlap(one: &str, other: &str) -> bool {
    let other = other.to_ascii_lowercase();
    let head = |text: &str| text.split(['*', '?']).next().unwrap_or_default().to_owned();
    let (mine, theirs) = (head(one), head(&other));
    match (one.len() > mine.len(), other.len() > theirs.len()) {
        (false, false) => one == other,
        (false, true) => one.starts_with(&theirs),
        (true, false) => other.starts_with(&mine),
        (true, true) => mine.starts_with(&theirs) || theirs.starts_with(&mine),
    }
}

/// Resources are ids, `*`, or everything but ids.
fn is_everything(facts: &Facts, resources: &Patterns<PatternItem>) -> bool {
    resources.items.iter().any(|item| facts.texts.get(item.text) == "*")
}

fn item(&text: &Text) -> PatternItem {
    PatternItem { text, variables: false }
}

fn minus(facts: &Facts, resources: &Patterns<PatternItem>, ids: &[Text]) -> Patterns<PatternItem> {
    let others = |item: &&PatternItem| !ids.contains(&item.text);
    let rest = resources.items.iter().filter(others).copied();
    match (resources.negated, is_everything(facts, resources)) {
        (true, _) => Patterns { negated: true, items: rest.chain(ids.iter().map(item)).collect() },
        (false, true) => Patterns { negated: true, items: ids.iter().map(item).collect() },
        (false, false) => Patterns { negated: false, items: rest.collect() },
    }
}

fn within(facts: &Facts, resources: &Patterns<PatternItem>, ids: &[Text]) -> Patterns<PatternItem> {
    let named = |id: &&Text| resources.items.iter().any(|item| item.text == **id);
    let everything = is_everything(facts, resources);
    let kept = ids.iter().filter(|id| everything != resources.negated || named(id) != resources.negated);
    Patterns { negated: false, items: kept.map(item).collect() }
}
