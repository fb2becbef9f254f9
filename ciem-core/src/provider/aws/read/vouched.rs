//! Trust policies that name an identity provider of another account. No page of AWS says whether whom it vouches for takes
//! on the role: every page that shows such a policy has the provider in the role's own account, and none says that it has to
//! be there. What follows from it alone is therefore unknown.

use crate::base::Text;
use crate::condition::MissingFact;
use crate::model::{DocId, Document, Effect, Facts, PolicyRef, Statement, Who, WhoEntry};
use crate::provider::aws::TRUST;
use crate::provider::aws::document::Dialect;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(in crate::provider::aws) const PROVIDER_ELSEWHERE: &str =
    "whether a role accepts an identity provider of another account";

/// Splits what trust policies say of providers of other accounts from the rest, and doubts it.
pub(super) fn finish(facts: &mut Facts) {
    let mut found: BTreeMap<(DocId, Text), Option<DocId>> = BTreeMap::new();
    for (_, records) in facts.resources.sorted(&facts.texts) {
        for record in records {
            let trusted = record.policies.iter().filter(|used| used.layer == TRUST);
            let documents = trusted.filter_map(|used| document_of(&used.policy));
            found.extend(documents.zip(std::iter::repeat(record.account)).filter_map(|(id, account)| {
                let account = account?;
                let foreign = |s: &Statement| s.who.iter().any(|who| is_foreign(facts, s, who, account));
                facts.documents[id].statements.iter().any(foreign).then_some(((id, account), None))
            }));
        }
    }
    if found.is_empty() {
        return;
    }
    for ((id, account), made) in &mut found {
        *made = Some(doubted(facts, *id, *account));
    }
    facts.resources.update(|record| {
        let Some(account) = record.account else { return };
        for used in record.policies.iter_mut().filter(|used| used.layer == TRUST) {
            if let PolicyRef::Inline { document, .. } | PolicyRef::Told { document, .. } = &mut used.policy
                && let Some(Some(made)) = found.get(&(*document, account))
            {
                *document = *made;
            }
        }
    });
}

fn document_of(policy: &PolicyRef) -> Option<DocId> {
    match policy {
        PolicyRef::Inline { document, .. } | PolicyRef::Told { document, .. } => Some(*document),
        PolicyRef::Managed(_) => None,
    }
}

fn is_foreign(facts: &Facts, statement: &Statement, who: &Who, account: Text) -> bool {
    let elsewhere = |entry: &WhoEntry| vouches_elsewhere(facts, *entry, account);
    statement.effect == Effect::Allow && !who.negated && who.entries.iter().any(elsewhere)
}

fn vouches_elsewhere(facts: &Facts, entry: WhoEntry, account: Text) -> bool {
    let WhoEntry::Federated(provider) = entry else { return false };
    let named = facts.texts.get(provider).split(':').nth(4);
    named.is_some_and(|named| !named.is_empty() && named != facts.texts.get(account))
}

fn doubted(facts: &mut Facts, id: DocId, account: Text) -> DocId {
    let mut statements = Vec::new();
    for statement in facts.documents[id].statements.clone() {
        let Some(who) = statement.who.as_ref().filter(|who| is_foreign(facts, &statement, who, account))
        else {
            statements.push(statement);
            continue;
        };
        let elsewhere = |entry: &WhoEntry| vouches_elsewhere(facts, *entry, account);
        let (foreign, own): (Vec<WhoEntry>, Vec<WhoEntry>) =
            who.entries.iter().partition(|one| elsewhere(one));
        for entry in foreign {
            let WhoEntry::Federated(provider) = entry else { continue };
            let doubt =
                statement.doubt.clone().unwrap_or_else(|| Arc::new(doubt_of(facts.texts.get(provider))));
            let who = Some(Who { negated: false, entries: vec![entry] });
            statements.push(Statement { who, doubt: Some(doubt), ..statement.clone() });
        }
        if !own.is_empty() {
            statements.push(Statement { who: Some(Who { negated: false, entries: own }), ..statement });
        }
    }
    let rejected = facts.rejected_documents.get(&id).cloned().unwrap_or_default();
    let key = format!("{} vouched for elsewhere {}", facts.texts.get(account), id.0);
    facts.document(&key, Dialect::Trust as u8, |_| (Document { statements }, rejected))
}

fn doubt_of(provider: &str) -> MissingFact {
    MissingFact {
        fact: PROVIDER_ELSEWHERE.to_owned(),
        subject: provider.to_owned(),
        how: "the provider does not document it: trust one of the role's own account".to_owned(),
    }
}
