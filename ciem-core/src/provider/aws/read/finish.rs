//! What can be said only when every input was read.

use super::{inputs, people, usage};
use crate::base::{Interner, Text};
use crate::condition::MissingFact;
use crate::model::{
    DocId, Facts, LayerId, PolicyRecord, PolicyRef, PolicyUse, Rejected, ScopeRecord, SourceId,
};
use crate::provider::aws::document::{Dialect, is_account, parse};
use crate::provider::aws::{RCP, SCP};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The policies AWS attaches itself when a kind of guardrail is enabled; exports need not carry their content.
const BUILT_IN: &[(&str, LayerId, &str)] = &[
    (
        "p-FullAWSAccess",
        SCP,
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
    ),
    (
        "p-RCPFullAWSAccess",
        RCP,
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#,
    ),
];

/// Completes the facts; call it once, after the last input.
pub(crate) fn finish(facts: &mut Facts) {
    super::collected::assemble(facts);
    facts.join_resource_parts();
    super::access_points::finish(facts);
    facts.join_resource_parts();
    super::vouched::finish(facts);
    super::grants::finish(facts);
    resolve_groups(facts);
    usage::finish(facts);
    inputs::note(facts);
    people::finish(facts);
    attach(facts);
    add_built_in(facts);
    name_rejected(facts);
    for (&account, seen) in &mut facts.accounts {
        // Another page, or another export of the account, was the last one.
        seen.truncated &= !seen.complete;
        if seen.truncated {
            let reason = "the last page that was read says that more follow; load every page".to_owned();
            let key = (facts.texts.get(account).to_owned(), "identity".to_owned());
            facts.coverage.partial.insert(key, reason);
        }
    }
}

/// Users name their groups without path; a name is unique within an account, without regard to case.
fn resolve_groups(facts: &mut Facts) {
    fn short(id: &str) -> String {
        let name = id.rsplit('/').next().unwrap_or_default();
        let account = id.split(':').nth(4).unwrap_or_default();
        format!("{account}/{name}").to_ascii_lowercase()
    }
    let ids: BTreeMap<String, Text> =
        facts.groups.sorted(&facts.texts).iter().map(|&(id, _)| (short(facts.texts.get(id)), id)).collect();
    let (texts, groups) = (&facts.texts, &facts.groups);
    facts.principals.update(|principal| {
        for group in &mut principal.groups {
            if groups.get(*group).is_empty()
                && let Some(&id) = ids.get(&short(texts.get(*group)))
            {
                *group = id;
            }
        }
    });
}

/// Attachments that were told by policy hang on their nodes once the policy's layer is known.
fn attach(facts: &mut Facts) {
    let attachments = std::mem::take(&mut facts.attachments);
    let mut listed: BTreeMap<LayerId, bool> = attachments.listed.iter().map(|&layer| (layer, true)).collect();
    for (policy, layer) in &attachments.layers {
        if let Some(complete) = layer.as_ref().and_then(|layer| listed.get_mut(layer)) {
            *complete &= attachments.complete.contains(policy);
        }
    }
    for (&policy, (nodes, source)) in &attachments.nodes {
        let built_in =
            BUILT_IN.iter().find(|(id, ..)| *id == facts.texts.get(policy)).map(|(_, layer, _)| *layer);
        // A policy of unknown kind could limit; as an SCP without document it makes answers unknown.
        let Some(layer) = attachments.layers.get(&policy).copied().unwrap_or(Some(built_in.unwrap_or(SCP)))
        else {
            continue;
        };
        for &node in nodes {
            let policies = vec![PolicyUse { layer, policy: PolicyRef::Managed(policy) }];
            let record = part(facts, node, policies, *source);
            facts.add_scope(record);
        }
    }
    // Where every policy of a layer was listed with all its targets, the attachments of every node are known.
    let known: Vec<LayerId> =
        listed.iter().filter(|(_, complete)| **complete).map(|(layer, _)| *layer).collect();
    let told = !attachments.nodes.is_empty();
    let texts = &facts.texts;
    facts.scopes.update(|scope| {
        let missing: Vec<LayerId> =
            known.iter().copied().filter(|layer| told && !scope.layers_given.contains(layer)).collect();
        scope.layers_given.extend(missing);
        scope.layers_given.sort_unstable();
        scope.policies.sort_by_key(|policy| (policy.layer, name_of(texts, policy).to_owned()));
    });
}

fn name_of<'t>(texts: &'t Interner, policy: &PolicyUse) -> &'t str {
    match &policy.policy {
        PolicyRef::Managed(id) => texts.get(*id),
        PolicyRef::Inline { name, .. } | PolicyRef::Told { name, .. } => texts.get(*name),
    }
}

fn part(facts: &Facts, id: Text, policies: Vec<PolicyUse>, source: SourceId) -> ScopeRecord {
    let text = facts.texts.get(id);
    let (is_root, is_account) = (text.starts_with("r-"), is_account(text));
    ScopeRecord {
        id,
        name: None,
        parent: None,
        is_root,
        is_account,
        policies,
        layers_given: Vec::new(),
        source,
    }
}

fn add_built_in(facts: &mut Facts) {
    for (id, layer, text) in BUILT_IN {
        let Some(id) = facts.texts.find(id) else { continue };
        if !facts.policies.get(id).is_empty() {
            continue;
        }
        let attached = PolicyUse { layer: *layer, policy: PolicyRef::Managed(id) };
        let scopes = facts.scopes.sorted(&facts.texts);
        let user = scopes
            .iter()
            .flat_map(|(_, variants)| *variants)
            .find(|scope| scope.policies.contains(&attached));
        let Some(source) = user.map(|scope| scope.source) else { continue };
        let document = built_in_document(facts, *layer, text);
        facts.policies.insert(PolicyRecord { id, name: id, account: None, document, source });
    }
}

fn built_in_document(facts: &mut Facts, layer: LayerId, text: &str) -> DocId {
    let dialect = Dialect::of(layer);
    facts.document(text, dialect as u8, |facts| parse(facts, text, dialect))
}

/// Names every policy that carries a rejected document, and gives the statements in doubt their subject.
fn name_rejected(facts: &mut Facts) {
    if facts.rejected_documents.is_empty() {
        return;
    }
    // Few documents are rejected: only what carries them is put in order and named.
    let (texts, rejected) = (&facts.texts, &facts.rejected_documents);
    let document = |used: &PolicyUse| match used.policy {
        PolicyRef::Inline { name, document } => rejected.contains_key(&document).then_some((name, document)),
        _ => None,
    };
    let any = |policies: &[PolicyUse]| policies.iter().any(|used| document(used).is_some());
    let mut carriers: Vec<(DocId, String, SourceId)> = Vec::new();
    for (id, variants) in facts.policies.sorted_with(texts, |policy| rejected.contains_key(&policy.document))
    {
        carriers
            .extend(variants.iter().map(|policy| (policy.document, texts.get(id).to_owned(), policy.source)));
    }
    let mut inline = |id: Text, policies: &[PolicyUse], source: SourceId| {
        for (name, document) in policies.iter().filter_map(document) {
            carriers.push((document, format!("{} of {}", texts.get(name), texts.get(id)), source));
        }
    };
    for (id, variants) in facts.principals.sorted_with(texts, |record| any(&record.policies)) {
        variants.iter().for_each(|record| inline(id, &record.policies, record.source));
    }
    for acting in &facts.acting {
        acting.variants.iter().for_each(|r| inline(acting.bundle, &r.policies, r.source));
    }
    for (id, variants) in facts.groups.sorted_with(texts, |record| any(&record.policies)) {
        variants.iter().for_each(|record| inline(id, &record.policies, record.source));
    }
    for (id, variants) in facts.resources.sorted_with(texts, |record| any(&record.policies)) {
        variants.iter().for_each(|record| inline(id, &record.policies, record.source));
    }
    let mut named: BTreeSet<DocId> = BTreeSet::new();
    for (document, policy, source) in carriers {
        let Some(reasons) = facts.rejected_documents.get(&document) else { continue };
        let source =
            facts.coverage.files.get(source.0 as usize).map(|file| file.name.clone()).unwrap_or_default();
        for (pointer, reason) in reasons {
            facts.coverage.rejected.insert(Rejected {
                policy: policy.clone(),
                pointer: pointer.clone(),
                reason: reason.clone(),
                source: source.clone(),
            });
        }
        if named.insert(document) {
            set_subject(facts, document, &policy);
        }
    }
}

fn set_subject(facts: &mut Facts, document: DocId, subject: &str) {
    let statements = &mut facts.documents[document].statements;
    let doubt = statements.iter().find_map(|statement| statement.doubt.as_deref()).cloned();
    let Some(MissingFact { fact, how, .. }) = doubt else { return };
    let doubt = Arc::new(MissingFact { fact, subject: subject.to_owned(), how });
    for statement in statements {
        statement.doubt = Some(Arc::clone(&doubt));
    }
}
