//! Everything read so far, before it is frozen into a snapshot.

use super::LayerId;
use super::application::Applications;
use super::assignment::Assignments;
use super::catalog::AccessLevel;
use super::condition::Conditions;
use super::directory::{ActingRecord, Directory, PersonRecord};
use super::document::{DocId, Document};
use super::record::{
    GroupRecord, PolicyRecord, PolicyRef, PolicyUse, PrincipalRecord, ResourceRecord, ScopeRecord, SourceId,
};
use super::relation::Relations;
use super::usage::UsageFacts;
use crate::base::{Archive, Id, IdVec, Interner, Text, fingerprint};
use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashTable};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::BuildHasher;

/// What was read from one input.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FileReport {
    /// Name as given to `add`.
    pub name: String,
    /// What the input was recognised as (`aws.authorization_details`), or `unrecognised`.
    pub kind: String,
    /// Records in it: users, groups, roles, policies, resources, scopes.
    pub records: u64,
    /// What in it could not be used.
    pub errors: Vec<String>,
}

/// A policy or record that is not taken as it stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Rejected {
    /// ARN or name of the policy or record.
    pub policy: String,
    /// JSON pointer inside the policy's document (or the record); empty for the whole.
    pub pointer: String,
    /// Why, and what to do.
    pub reason: String,
    /// The input it came from.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
}

/// What was read and what was not, as far as the inputs tell.
#[derive(Clone, Debug, Default)]
pub(crate) struct Coverage {
    pub(crate) files: Vec<FileReport>,
    pub(crate) rejected: BTreeSet<Rejected>,
    /// (account, layer wire name) that are known only in part, and why.
    pub(crate) partial: BTreeMap<(String, String), String>,
    pub(crate) assumptions: BTreeSet<String>,
    /// (account, name of an input or layer) that was given, and whether all of it was; no account for what is the
    /// whole organisation's.
    pub(crate) given: BTreeMap<(String, &'static str), bool>,
}

/// Records by id; several variants of one id are records that contradict each other.
#[derive(Clone, Debug)]
pub(crate) struct Records<R> {
    by_id: HashMap<Text, Vec<R>, RandomState>,
}

impl<R> Default for Records<R> {
    fn default() -> Self {
        Records { by_id: HashMap::default() }
    }
}

/// A record that several inputs may hold.
pub(crate) trait Record {
    fn id(&self) -> Text;
    /// Whether both say the same; where they were read does not count.
    fn same(&self, other: &Self) -> bool;
}

macro_rules! record {
    ($($name:ident),+) => {$(
        impl Record for $name {
            fn id(&self) -> Text {
                self.id
            }
            fn same(&self, other: &Self) -> bool {
                *self == $name { source: self.source, ..other.clone() }
            }
        }
    )+};
}
record!(PrincipalRecord, GroupRecord, PolicyRecord, ResourceRecord, ScopeRecord);

impl<R: Record> Records<R> {
    /// Keeps `record` unless one that says the same is there.
    pub(crate) fn insert(&mut self, record: R) {
        let variants = self.by_id.entry(record.id()).or_default();
        if !variants.iter().any(|known| known.same(&record)) {
            variants.push(record);
        }
    }

    pub(crate) fn get(&self, id: Text) -> &[R] {
        self.by_id.get(&id).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn get_mut(&mut self, id: Text) -> Option<&mut Vec<R>> {
        self.by_id.get_mut(&id)
    }

    /// The ids, in no defined order.
    pub(crate) fn ids(&self) -> impl Iterator<Item = Text> + '_ {
        self.by_id.keys().copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Changes every record alike; the order in which they are seen is not defined.
    pub(crate) fn update(&mut self, mut change: impl FnMut(&mut R)) {
        self.by_id.values_mut().flatten().for_each(&mut change);
    }

    /// All ids with their variants, sorted by id text.
    pub(crate) fn sorted<'a>(&'a self, texts: &'a Interner) -> Vec<(Text, &'a [R])> {
        self.sorted_with(texts, |_| true)
    }

    /// As `sorted`, of those alone that have a variant of which `wanted` holds: sorting all costs more than finding few.
    pub(crate) fn sorted_with<'a>(
        &'a self,
        texts: &'a Interner,
        wanted: impl Fn(&R) -> bool,
    ) -> Vec<(Text, &'a [R])> {
        let all = self.by_id.iter().filter(|(_, variants)| variants.iter().any(&wanted));
        let mut all: Vec<_> = all.map(|(&id, variants)| (id, variants.as_slice())).collect();
        all.sort_unstable_by_key(|&(id, _)| texts.get(id));
        all
    }

    /// As `sorted`, giving the records away.
    pub(crate) fn into_sorted(self, texts: &Interner) -> Vec<(Text, Vec<R>)> {
        let mut all: Vec<_> = self.by_id.into_iter().collect();
        all.sort_unstable_by_key(|&(id, _)| texts.get(id));
        all
    }
}

/// The texts of documents, as inputs had them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Written {
    /// By document: the first text that says it.
    pub(crate) texts: Archive,
    /// Other texts that say the same; they are few.
    variants: Archive,
    /// By owner and name of a policy: the number of its text among these.
    owners: BTreeMap<(Text, Text), u32>,
    /// The number of the text that was given last, if it is one of them.
    last: Option<u32>,
}

impl Written {
    /// The text of a document that is the policy of this owner; none of what stands for a document that is missing or in
    /// doubt. `texts` are those it was read with.
    pub(crate) fn get(&self, document: DocId, owner: Text, name: Text, texts: &Interner) -> Option<String> {
        match self.owners.get(&(owner, name)) {
            Some(variant) => self.variants.get(*variant as usize, texts),
            None => self.texts.get(document.index(), texts),
        }
    }

    pub(crate) fn finish(&mut self) {
        self.texts.finish();
        self.variants.finish();
    }
}

/// What kinds of record the exports of an account showed; an empty list may be the work of a filter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) users: bool,
    pub(crate) roles: bool,
    pub(crate) groups: bool,
    pub(crate) policies: bool,
    /// A page said that another page follows.
    pub(crate) truncated: bool,
    /// A page said that it is the last one, or the export came whole.
    pub(crate) complete: bool,
}

/// Attachments of guardrails that are told by policy instead of by node; they wait for the policy's layer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attachments {
    /// The layer of each policy, `None` for kinds of policy that limit nobody.
    pub(crate) layers: BTreeMap<Text, Option<LayerId>>,
    /// The nodes each policy hangs on, complete for that policy, and where this was read.
    pub(crate) nodes: BTreeMap<Text, (BTreeSet<Text>, SourceId)>,
    /// Policies of which every node was listed.
    pub(crate) complete: BTreeSet<Text>,
    /// Layers of which every policy was listed.
    pub(crate) listed: BTreeSet<LayerId>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OrganisationRecord {
    pub(crate) id: Text,
    pub(crate) management_account: Option<Text>,
}

/// Facts of one provider, gathered by its readers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    pub(crate) texts: Interner,
    pub(crate) conditions: Conditions,
    pub(crate) documents: IdVec<DocId, Document>,
    /// What policies looked like in their inputs.
    pub(crate) written: Written,
    document_ids: HashMap<(u128, u8), (DocId, Option<u32>), RandomState>,
    /// By content, since the same policy may be written in several ways.
    equal_documents: HashTable<(u64, DocId)>,
    seeds: [RandomState; 2],
    pub(crate) principals: Records<PrincipalRecord>,
    pub(crate) groups: Records<GroupRecord>,
    pub(crate) policies: Records<PolicyRecord>,
    pub(crate) resources: Records<ResourceRecord>,
    resource_parts: Vec<ResourceRecord>,
    /// Policies that resources have beside the one of their own, with where each was told.
    pub(crate) resource_additions: BTreeMap<Text, Vec<(PolicyUse, SourceId)>>,
    pub(crate) scopes: Records<ScopeRecord>,
    pub(crate) organisation: Option<OrganisationRecord>,
    /// Optional layers of which an input was about, also where it holds nothing.
    pub(crate) told: BTreeSet<LayerId>,
    /// Permissions that inputs list, for the catalogue.
    pub(crate) listed: BTreeMap<Box<str>, AccessLevel>,
    /// By principal: the resources that act as it. Who rules one of these can become the principal.
    pub(crate) acting_resources: BTreeMap<Text, BTreeSet<Text>>,
    pub(crate) attachments: Attachments,
    /// Waits for the provider's `finish`, which fills `people` and `acting`.
    pub(crate) directory: Directory,
    /// Sorted by id.
    pub(crate) people: Vec<PersonRecord>,
    pub(crate) acting: Vec<ActingRecord>,
    pub(crate) usage: UsageFacts,
    pub(crate) relations: Relations,
    /// Waits for the provider's `finish`, which makes policies of it.
    pub(crate) assignments: Assignments,
    /// So does this.
    pub(crate) applications: Applications,
    /// Flags that an account gives every resource of a kind in it.
    pub(crate) account_flags: BTreeMap<(Text, Text), u8>,
    /// Accounts from which identities were read, and which kinds of record were seen.
    pub(crate) accounts: BTreeMap<Text, Seen>,
    /// Which reader rejected what in which document: (document, pointer, reason).
    pub(crate) rejected_documents: HashMap<DocId, Vec<(String, String)>, RandomState>,
    /// Inputs that make sense only together with others, by name; the provider takes them up when every input was
    /// read.
    pub(crate) set_aside: BTreeMap<String, String>,
    /// Names under which two different inputs came.
    pub(crate) set_aside_twice: BTreeSet<String>,
    set_aside_bytes: u64,
    pub(crate) coverage: Coverage,
}

impl Facts {
    /// Whether nothing was read yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.coverage.files.is_empty() && self.set_aside.is_empty()
    }

    /// Bytes of text that are held, or will be.
    pub(crate) fn text_bytes(&self) -> u64 {
        self.texts.bytes() as u64 + self.set_aside_bytes
    }

    /// Keeps an input until the others that belong to it were read.
    pub(crate) fn set_aside(&mut self, name: &str, text: &str) {
        match self.set_aside.get(name) {
            Some(known) if known == text => {}
            Some(_) => {
                self.set_aside_twice.insert(name.to_owned());
            }
            None => {
                self.set_aside_bytes += text.len() as u64;
                self.set_aside.insert(name.to_owned(), text.to_owned());
            }
        }
    }

    pub(crate) fn text(&mut self, text: &str) -> Text {
        self.texts.text(text)
    }

    /// Registers an input and gives the id that its records carry.
    pub(crate) fn source(&mut self, report: FileReport) -> SourceId {
        self.coverage.files.push(report);
        SourceId::new(self.coverage.files.len() - 1)
    }

    /// The document with this raw text; `parse` runs once per distinct text and dialect (a number of the
    /// provider's, since the same text may mean different things in different layers).
    pub(crate) fn document(
        &mut self,
        raw: &str,
        dialect: u8,
        parse: impl FnOnce(&mut Facts) -> (Document, Vec<(String, String)>),
    ) -> DocId {
        let key = (fingerprint(&self.seeds, raw), dialect);
        if let Some(&(id, variant)) = self.document_ids.get(&key) {
            self.written.last = variant;
            return id;
        }
        let (document, rejected) = parse(self);
        let known = self.documents.len();
        let id = self.equal_document(document, rejected);
        let variant = if self.documents.len() > known {
            self.written.texts.push(raw, &self.texts);
            None
        } else {
            Some(self.written.variants.push(raw, &self.texts))
        };
        self.written.last = variant;
        self.document_ids.insert(key, (id, variant));
        id
    }

    /// Notes of the document that was asked for last that it is a policy of `owner`: its text may differ from that of another
    /// one which says the same.
    pub(crate) fn note_owner(&mut self, owner: Text, name: Text) {
        if let Some(variant) = self.written.last {
            self.written.owners.insert((owner, name), variant);
        }
    }

    /// Gives the documents away; from here on none can be added.
    pub(crate) fn take_documents(&mut self) -> impl Iterator<Item = Document> + use<> {
        self.document_ids = HashMap::default();
        self.equal_documents = HashTable::new();
        std::mem::take(&mut self.documents).into_items()
    }

    fn equal_document(&mut self, document: Document, rejected: Vec<(String, String)>) -> DocId {
        let [seed, _] = &self.seeds;
        let hash = seed.hash_one(&document);
        let (documents, reasons) = (&self.documents, &self.rejected_documents);
        let equal = |&(_, id): &(u64, DocId)| {
            documents[id] == document
                && reasons.get(&id).map_or(&[][..], Vec::as_slice) == rejected.as_slice()
        };
        if let Some(&(_, id)) = self.equal_documents.find(hash, equal) {
            return id;
        }
        let id = self.documents.push(document);
        self.equal_documents.insert_unique(hash, (hash, id), |&(hash, _)| hash);
        if !rejected.is_empty() {
            self.rejected_documents.insert(id, rejected);
        }
        id
    }

    /// Adds what one input says of a resource. Its policy and its other facts come in different inputs; what
    /// comes without a policy waits for `join_resource_parts`.
    pub(crate) fn add_resource(&mut self, record: ResourceRecord) {
        if record.policies.is_empty() {
            self.resource_parts.push(record);
            return;
        }
        let variants = self.resources.get_mut(record.id);
        let same = |known: &&mut ResourceRecord| {
            let accounts =
                known.account.is_none() || record.account.is_none() || known.account == record.account;
            accounts && known.policies == record.policies
        };
        match variants.and_then(|all| all.iter_mut().find(same)) {
            Some(known) => known.absorb(&record),
            None => self.resources.insert(record),
        }
    }

    /// Adds a policy of a layer in which a resource has any number of them, told one by one; the record says the rest.
    pub(crate) fn add_to_resource(&mut self, record: ResourceRecord, added: PolicyUse) {
        let known = self.resource_additions.entry(record.id).or_default();
        if !known.iter().any(|(other, _)| *other == added) {
            known.push((added, record.source));
        }
        self.resource_parts.push(record);
    }

    /// Gives every variant of a resource what was said of it beside its policy.
    pub(crate) fn join_resource_parts(&mut self) {
        for part in std::mem::take(&mut self.resource_parts) {
            match self.resources.get_mut(part.id) {
                Some(variants) => variants.iter_mut().for_each(|known| known.absorb(&part)),
                None => self.resources.insert(part),
            }
        }
        let texts = &self.texts;
        for added in self.resource_additions.values_mut() {
            added.sort_by_key(|(used, _)| match &used.policy {
                PolicyRef::Managed(name) | PolicyRef::Inline { name, .. } | PolicyRef::Told { name, .. } => {
                    (used.layer, texts.get(*name).to_owned())
                }
            });
        }
        let flags = &self.account_flags;
        if !flags.is_empty() {
            self.resources.update(|resource| {
                let of_account = |account| flags.get(&(account, resource.kind)).copied();
                resource.flags |= resource.account.and_then(of_account).unwrap_or(0);
            });
        }
    }

    /// Adds what one input says of a node of the tree; the parts of a node come in several inputs. Only another
    /// parent makes another variant.
    pub(crate) fn add_scope(&mut self, mut record: ScopeRecord) {
        let Some(variants) = self.scopes.get_mut(record.id) else {
            self.scopes.insert(record);
            return;
        };
        for known in variants.iter_mut() {
            known.absorb(&record);
        }
        let same_parent = |known: &ScopeRecord| record.parent.is_none() || known.parent == record.parent;
        if variants.iter().any(same_parent) {
            return;
        }
        for known in variants.iter() {
            record.absorb(known);
        }
        variants.push(record);
    }
}
