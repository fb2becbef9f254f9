//! What exports say of principals, groups, policies, resources and scopes.

use super::{DocId, LayerId, PrincipalKind};
use crate::base::{Text, id_type};

id_type!(
    /// An input, by the order in which it was added.
    SourceId
);

/// A policy in force on a record, in one layer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PolicyUse {
    pub(crate) layer: LayerId,
    pub(crate) policy: PolicyRef,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum PolicyRef {
    /// A policy with an id of its own; it may be absent from the exports.
    Managed(Text),
    /// A policy that is part of the record: its name, its document.
    Inline { name: Text, document: DocId },
    /// A policy of which another input tells than of the record.
    Told { name: Text, document: DocId, source: SourceId },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PrincipalRecord {
    /// Full id (ARN).
    pub(crate) id: Text,
    pub(crate) kind: PrincipalKind,
    pub(crate) account: Text,
    /// Name without path.
    pub(crate) name: Text,
    /// The provider's unique id (`AIDA…`).
    pub(crate) unique_id: Option<Text>,
    /// Key, value; sorted by key.
    pub(crate) tags: Vec<(Text, Text)>,
    /// Provider-defined flags; facts of the rule refer to them.
    pub(crate) flags: u8,
    pub(crate) policies: Vec<PolicyUse>,
    /// Ids of the groups the principal is a member of.
    pub(crate) groups: Vec<Text>,
    pub(crate) source: SourceId,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct GroupRecord {
    pub(crate) id: Text,
    pub(crate) account: Text,
    pub(crate) name: Text,
    pub(crate) policies: Vec<PolicyUse>,
    /// Groups this group is itself a member of, where the provider nests groups.
    pub(crate) groups: Vec<Text>,
    pub(crate) source: SourceId,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PolicyRecord {
    pub(crate) id: Text,
    pub(crate) name: Text,
    /// The owning account; `None` for policies of the provider itself.
    pub(crate) account: Option<Text>,
    pub(crate) document: DocId,
    pub(crate) source: SourceId,
}

/// A resource that has policies of its own or facts worth keeping.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ResourceRecord {
    /// Full id (ARN), or the id by which requests refer to it (a VPC endpoint id).
    pub(crate) id: Text,
    /// Kind in the provider's words (`s3:bucket`).
    pub(crate) kind: Text,
    pub(crate) account: Option<Text>,
    pub(crate) tags: Vec<(Text, Text)>,
    pub(crate) flags: u8,
    pub(crate) policies: Vec<PolicyUse>,
    /// Whether an input was about its own policy, also where it has none.
    pub(crate) told: bool,
    pub(crate) source: SourceId,
}

/// A node of the tree that guardrails hang on: organisation root, unit, account.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ScopeRecord {
    pub(crate) id: Text,
    pub(crate) name: Option<Text>,
    pub(crate) parent: Option<Text>,
    pub(crate) is_root: bool,
    /// Whether the node is an account (its `id` is then the account id).
    pub(crate) is_account: bool,
    pub(crate) policies: Vec<PolicyUse>,
    /// Layers whose attachments at this node are known, also when there are none.
    pub(crate) layers_given: Vec<LayerId>,
    pub(crate) source: SourceId,
}

impl ResourceRecord {
    /// Takes over what another input says of the same resource, but for its policy.
    pub(crate) fn absorb(&mut self, other: &ResourceRecord) {
        self.flags |= other.flags;
        self.told |= other.told;
        self.account = self.account.or(other.account);
        if self.tags.is_empty() {
            self.tags.clone_from(&other.tags);
        }
    }
}

impl ScopeRecord {
    /// Takes over what another input says of the same node, but for a parent where one is known.
    pub(crate) fn absorb(&mut self, other: &ScopeRecord) {
        self.name = self.name.or(other.name);
        self.parent = self.parent.or(other.parent);
        self.is_root |= other.is_root;
        self.is_account |= other.is_account;
        for policy in &other.policies {
            if !self.policies.contains(policy) {
                self.policies.push(policy.clone());
            }
        }
        for layer in &other.layers_given {
            if !self.layers_given.contains(layer) {
                self.layers_given.push(*layer);
            }
        }
    }
}
