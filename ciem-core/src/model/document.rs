//! Policy documents: statements as every provider's rule sees them.

use super::condition::CondId;
use crate::base::{Text, id_type};
use crate::condition::MissingFact;
use std::sync::Arc;

id_type!(
    /// A policy document, kept once for all who carry the same text.
    DocId
);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Effect {
    Allow,
    Deny,
}

/// One policy document. A document without statements grants nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Document {
    pub(crate) statements: Vec<Statement>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Statement {
    pub(crate) effect: Effect,
    pub(crate) sid: Option<Text>,
    /// Position in the document, for explanations.
    pub(crate) index: u16,
    /// Whether the document's statement stood alone, outside a list (its JSON pointer has no index then).
    pub(crate) alone: bool,
    /// Whom the statement names; `None` where the document binds whoever carries it.
    pub(crate) who: Option<Who>,
    pub(crate) actions: Patterns<Text>,
    /// The permissions must be in each of these too: a role's block takes away what it lists as not meant, and a
    /// condition may be about some permissions only.
    pub(crate) narrowed: Vec<Patterns<Text>>,
    pub(crate) resources: Patterns<PatternItem>,
    pub(crate) condition: CondId,
    /// Set where it is not known whether the statement is in force: the document is one that the provider
    /// would reject, the policy is attached but absent, or two records of it contradict each other.
    pub(crate) doubt: Option<Arc<MissingFact>>,
}

/// A list of patterns, or everything but the list (`NotAction`, `NotResource`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Patterns<T> {
    pub(crate) negated: bool,
    pub(crate) items: Vec<T>,
}

impl<T> Patterns<T> {
    /// The empty exclusion: everything.
    pub(crate) fn everything() -> Self {
        Patterns { negated: true, items: Vec::new() }
    }
}

/// A resource pattern as written; `variables` tells whether `${…}` in it is a policy variable or plain text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PatternItem {
    pub(crate) text: Text,
    pub(crate) variables: bool,
}

/// Whom a statement of a resource's policy names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Who {
    /// `NotPrincipal`: everybody but the entries.
    pub(crate) negated: bool,
    pub(crate) entries: Vec<WhoEntry>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum WhoEntry {
    /// `*`: everybody, also without credentials.
    Anyone,
    /// A whole account, by its id.
    Account(Text),
    /// One principal by its full id (user or role ARN; a federated user's ARN too).
    Principal(Text),
    /// One session of a role: account id, role name without path, session name.
    Session { account: Text, role: Text, session: Text },
    /// A principal's unique id (`AIDA…`, `AROA…`), as the provider writes it after deletion.
    UniqueId(Text),
    /// A cloud service (`lambda.amazonaws.com`).
    Service(Text),
    /// An identity provider (SAML or OIDC), by ARN or name.
    Federated(Text),
    /// An entry that no caller of ours can be (a canonical user id that is not resolvable).
    Nobody,
}
