//! `aws organizations …`: the tree of roots, units and accounts, and the guardrails attached to it.

use super::Page;
use super::authorization::Version;
use super::resource_policy::PolicyField;
use super::text::{AccountId, Arn};
use crate::base::Text;
use crate::model::facts::OrganisationRecord;
use crate::model::{Facts, LayerId, PolicyRecord, PolicyRef, PolicyUse, Rejected, ScopeRecord, SourceId};
use crate::provider::aws::document::json::Str;
use crate::provider::aws::document::{Dialect, intern, is_account};
use crate::provider::aws::{RCP, SCP};
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct Organization<'a> {
    #[serde(borrow, rename = "Id")]
    pub(super) id: Str<'a>,
    #[serde(borrow, rename = "MasterAccountId", alias = "ManagementAccountId")]
    management_account: Option<AccountId<'a>>,
}

/// A root or an organisational unit.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct Unit<'a> {
    #[serde(borrow, rename = "Id")]
    id: Str<'a>,
    #[serde(borrow, rename = "Name")]
    name: Option<Str<'a>>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct Account<'a> {
    #[serde(borrow, rename = "Id")]
    id: AccountId<'a>,
    #[serde(borrow, rename = "Name")]
    name: Option<Str<'a>>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct Child<'a> {
    #[serde(borrow, rename = "Id")]
    id: Str<'a>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct Target<'a> {
    #[serde(borrow, rename = "TargetId")]
    id: Str<'a>,
    #[serde(borrow, rename = "Name")]
    name: Option<Str<'a>>,
}

/// A member of a list `Policies`: a managed policy of IAM or a policy of the organisation, which
/// `list-policies` and `list-policies-for-target` give without content.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct PolicyEntry<'a> {
    #[serde(borrow, rename = "Arn")]
    pub(super) arn: Option<Arn<'a>>,
    #[serde(borrow, rename = "DefaultVersionId")]
    pub(super) default_version: Option<Str<'a>>,
    #[serde(borrow, rename = "PolicyVersionList")]
    pub(super) versions: Option<Vec<Version<'a>>>,
    #[serde(borrow, rename = "Id")]
    id: Option<Str<'a>>,
    #[serde(borrow, rename = "Name")]
    name: Option<Str<'a>>,
    #[serde(borrow, rename = "Type")]
    kind: Option<Str<'a>>,
    #[serde(borrow, rename = "Content")]
    content: Option<&'a RawValue>,
}

impl PolicyEntry<'_> {
    pub(super) fn is_of_organization(&self) -> bool {
        self.versions.is_none() && self.kind.is_some() && self.id.is_some()
    }
}

/// `describe-policy`.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct DescribedPolicy<'a> {
    #[serde(borrow, rename = "PolicySummary")]
    summary: PolicyEntry<'a>,
    #[serde(borrow, rename = "Content")]
    content: Option<&'a RawValue>,
}

/// A node of the organisation as one tree.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct TreeNode<'a> {
    #[serde(borrow, rename = "Id")]
    id: Str<'a>,
    #[serde(borrow, rename = "Name")]
    name: Option<Str<'a>>,
    #[serde(borrow, rename = "Policies")]
    policies: Option<Vec<PolicyEntry<'a>>>,
    #[serde(borrow, rename = "OrganizationalUnits")]
    units: Option<Vec<TreeNode<'a>>>,
    #[serde(borrow, rename = "Accounts")]
    accounts: Option<Vec<TreeNode<'a>>>,
}

impl TreeNode<'_> {
    fn children(&self) -> impl Iterator<Item = &Self> {
        self.units.iter().flatten().chain(self.accounts.iter().flatten())
    }

    pub(super) fn size(&self) -> usize {
        1 + self.children().map(TreeNode::size).sum::<usize>()
    }
}

/// What a node is follows from its id: `r-…`, `ou-…`, or an account id.
fn node(facts: &mut Facts, id: &str, source: SourceId) -> ScopeRecord {
    ScopeRecord {
        id: facts.text(id),
        name: None,
        parent: None,
        is_root: id.starts_with("r-"),
        is_account: is_account(id),
        policies: Vec::new(),
        layers_given: Vec::new(),
        source,
    }
}

/// The layer of a kind of policy; `None` for kinds that limit nobody, such as tag policies.
fn layer_of(kind: &str) -> Option<LayerId> {
    match kind {
        "SERVICE_CONTROL_POLICY" => Some(SCP),
        "RESOURCE_CONTROL_POLICY" => Some(RCP),
        _ => None,
    }
}

pub(super) fn keep(facts: &mut Facts, source: SourceId, page: &Page<'_>) {
    let mut keeper = Keeper { facts, source };
    if let Some(organization) = &page.organization {
        keeper.organization(organization);
    }
    let parent = page.parent_id.as_ref().map(|id| keeper.facts.text(id));
    for unit in page.roots.iter().chain(&page.units).flatten() {
        keeper.add(&unit.id, unit.name.as_deref(), parent);
    }
    for account in page.accounts.iter().flatten() {
        keeper.add(account.id.as_str(), account.name.as_deref(), parent);
    }
    for child in page.children.iter().flatten() {
        keeper.add(&child.id, None, parent);
    }
    if let Some(child) = &page.child_id {
        for above in page.parents.iter().flatten() {
            let above = keeper.facts.text(&above.id);
            keeper.add(child, None, Some(above));
        }
    }
    if let (Some(targets), Some(policy)) = (&page.targets, &page.policy_id) {
        keeper.targets(targets, policy, page.next_token.is_none());
    }
    if let Some(PolicyField::Described(described)) = &page.policy {
        keeper.policy(&described.summary, described.content);
    }
    if let Some(policies) = &page.policies {
        match &page.target_id {
            Some(target) => keeper.attached(target, policies, page),
            None => keeper.listed(policies, page),
        }
    }
    if let Some(tree) = &page.tree {
        keeper.tree(tree, None);
    }
}

struct Keeper<'f> {
    facts: &'f mut Facts,
    source: SourceId,
}

impl Keeper<'_> {
    fn organization(&mut self, organization: &Organization<'_>) {
        let id = self.facts.text(&organization.id);
        let management_account =
            organization.management_account.as_ref().map(|a| self.facts.text(a.as_str()));
        match &mut self.facts.organisation {
            Some(known) if known.id != id => {
                let policy = organization.id.to_string();
                let source =
                    self.facts.coverage.files.last().map(|file| file.name.clone()).unwrap_or_default();
                let reason =
                    "a snapshot holds one organisation; load the other into one of its own".to_owned();
                let pointer = "/Organization/Id".to_owned();
                self.facts.coverage.rejected.insert(Rejected { policy, pointer, reason, source });
            }
            Some(known) => known.management_account = known.management_account.or(management_account),
            None => self.facts.organisation = Some(OrganisationRecord { id, management_account }),
        }
    }

    fn add(&mut self, id: &str, name: Option<&str>, parent: Option<Text>) {
        let mut record = node(self.facts, id, self.source);
        record.name = name.map(|name| self.facts.text(name));
        record.parent = parent;
        self.facts.add_scope(record);
    }

    /// `list-policies-for-target`: complete for the layer of its policies; an empty answer says of which layer
    /// only if the filter was merged in.
    fn attached(&mut self, target: &str, policies: &[PolicyEntry<'_>], page: &Page<'_>) {
        let mut record = node(self.facts, target, self.source);
        let filter = page.filter.as_deref().and_then(layer_of);
        let mut layers: Vec<LayerId> = filter.into_iter().collect();
        for policy in policies {
            if let Some((id, layer)) = self.policy(policy, policy.content) {
                layers.push(layer);
                record.policies.push(PolicyUse { layer, policy: PolicyRef::Managed(id) });
            }
        }
        if page.next_token.is_none() {
            layers.sort_unstable();
            layers.dedup();
            record.layers_given = layers;
        }
        self.facts.add_scope(record);
    }

    /// `list-policies`.
    fn listed(&mut self, policies: &[PolicyEntry<'_>], page: &Page<'_>) {
        let filter = page.filter.as_deref().and_then(layer_of);
        let mut layers: Vec<LayerId> = filter.into_iter().collect();
        for policy in policies {
            layers.extend(self.policy(policy, policy.content).map(|(_, layer)| layer));
        }
        if page.next_token.is_none() {
            self.facts.attachments.listed.extend(layers);
        }
    }

    /// `list-targets-for-policy`; the layer of the policy stands in another input.
    fn targets(&mut self, targets: &[Target<'_>], policy: &str, complete: bool) {
        let policy = self.facts.text(policy);
        let mut nodes = Vec::with_capacity(targets.len());
        for target in targets {
            self.add(&target.id, target.name.as_deref(), None);
            nodes.push(self.facts.text(&target.id));
        }
        let source = self.source;
        let known =
            self.facts.attachments.nodes.entry(policy).or_insert_with(|| (Default::default(), source));
        known.0.extend(nodes);
        if complete {
            self.facts.attachments.complete.insert(policy);
        }
    }

    /// Keeps what an input says of a policy of the organisation; its id and layer if it is a guardrail.
    fn policy(&mut self, policy: &PolicyEntry<'_>, content: Option<&RawValue>) -> Option<(Text, LayerId)> {
        let id = self.facts.text(policy.id.as_ref()?);
        let layer = layer_of(policy.kind.as_deref()?);
        self.facts.attachments.layers.insert(id, layer);
        let layer = layer?;
        if let Some(content) = content {
            let document = intern(self.facts, content, Dialect::of(layer));
            let account = policy.arn.as_ref().map(|arn| arn.account().to_owned()).filter(|a| is_account(a));
            let record = PolicyRecord {
                id,
                name: policy.name.as_ref().map_or(id, |name| self.facts.texts.text(name)),
                account: account.map(|account| self.facts.text(&account)),
                document,
                source: self.source,
            };
            self.facts.policies.insert(record);
        }
        Some((id, layer))
    }

    fn tree(&mut self, tree: &TreeNode<'_>, parent: Option<Text>) {
        let mut record = node(self.facts, &tree.id, self.source);
        let id = record.id;
        record.name = tree.name.as_ref().map(|name| self.facts.text(name));
        record.parent = parent;
        record.is_root |= parent.is_none();
        if let Some(policies) = &tree.policies {
            record.layers_given = vec![SCP, RCP];
            for policy in policies {
                if let Some((id, layer)) = self.policy(policy, policy.content) {
                    record.policies.push(PolicyUse { layer, policy: PolicyRef::Managed(id) });
                } else if let (Some(policy), None) = (&policy.id, &policy.kind) {
                    // Named by id only: another input may tell what kind of policy it is.
                    let policy = self.facts.text(policy);
                    let nodes = &mut self.facts.attachments.nodes;
                    nodes.entry(policy).or_insert_with(|| (Default::default(), self.source)).0.insert(id);
                }
            }
        }
        self.facts.add_scope(record);
        tree.children().for_each(|child| self.tree(child, Some(id)));
    }
}
