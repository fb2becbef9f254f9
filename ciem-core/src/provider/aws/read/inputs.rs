//! Which inputs beside those of the layers were given, for `coverage`.

use crate::base::Text;
use crate::model::{Facts, PolicyUse};
use crate::provider::InputSpec;
use crate::provider::aws::{BLOCK_TOLD, ENDPOINT, TAGS_KNOWN};
use std::collections::BTreeMap;

const ORGANISATION: &str = "";

/// Every input, and the command that gives it. The names of layers stand for the inputs of these layers.
pub(crate) static INPUTS: &[InputSpec] = &[
    of_account("credential_report", "aws iam get-credential-report"),
    of_account("access_keys", "aws iam list-access-keys, for each user"),
    of_account("last_accessed", "aws iam get-service-last-accessed-details, for each user and role"),
    of_account("tags", "aws resourcegroupstaggingapi get-resources, in each region"),
    of_account("resource_shares", "aws ram get-resource-share-associations, in each region"),
    of_organisation("identity_center", "aws sso-admin and aws identitystore, in the management account"),
    of_organisation("delegated_administrators", "aws organizations list-delegated-administrators"),
];

const fn of_account(name: &'static str, how: &'static str) -> InputSpec {
    InputSpec { name, of_organisation: false, how }
}

const fn of_organisation(name: &'static str, how: &'static str) -> InputSpec {
    InputSpec { name, of_organisation: true, how }
}

/// Notes what was read; where an account can have more of it than was seen, as a part.
pub(super) fn note(facts: &mut Facts) {
    let mut given: BTreeMap<(String, &'static str), bool> = BTreeMap::new();
    let texts = &facts.texts;
    let account = |id: Text| texts.get(id).split(':').nth(4).unwrap_or_default().to_owned();
    let mut add = |account: String, input, whole: bool| *given.entry((account, input)).or_default() |= whole;
    for &id in &facts.usage.reported {
        add(account(id), "credential_report", true);
    }
    for one in facts.usage.credentials.iter().filter(|one| !facts.usage.reported.contains(&one.principal)) {
        add(account(one.principal), "access_keys", false);
    }
    for one in &facts.usage.accessed {
        add(account(one.principal), "last_accessed", false);
    }
    for id in facts.resources.ids() {
        for resource in facts.resources.get(id) {
            let owner = resource.account.map(|account| texts.get(account).to_owned());
            let Some(owner) = owner else { continue };
            let role = texts.get(resource.kind) == "iam:role";
            if resource.flags & TAGS_KNOWN != 0 && !role {
                add(owner.clone(), "tags", false);
            }
            if resource.flags & BLOCK_TOLD != 0 {
                add(owner.clone(), "s3_block_public_access", false);
            }
            let endpoint = |used: &PolicyUse| used.layer == ENDPOINT;
            if resource.policies.iter().any(endpoint) {
                add(owner, "vpc_endpoint", false);
            }
        }
    }
    for &(account, _) in facts.account_flags.keys() {
        add(texts.get(account).to_owned(), "s3_block_public_access", true);
    }
    for &share in facts.relations.shares.keys() {
        add(account(share), "resource_shares", false);
    }
    if !facts.relations.delegated.is_empty() {
        add(ORGANISATION.to_owned(), "delegated_administrators", true);
    }
    let directory = &facts.directory;
    if !(directory.people.is_empty() && directory.assignments.is_empty() && directory.bundles.is_empty()) {
        let described = |set| directory.bundles.get(set).is_some_and(|bundle| bundle.name.is_some());
        let known = directory.assignments.keys().all(|one| {
            let holders = if one.to_group { directory.members.contains_key(&one.holder) } else { true };
            described(&one.bundle) && holders && (one.to_group || directory.people.contains_key(&one.holder))
        });
        add(ORGANISATION.to_owned(), "identity_center", known && !directory.people.is_empty());
    }
    facts.coverage.given = given;
}
