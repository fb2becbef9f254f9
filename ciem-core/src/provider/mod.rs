//! Providers: what each declares of itself, and the one table that lists them.

pub(crate) mod applications;
pub(crate) mod aws;
pub(crate) mod azure;
pub(crate) mod directory;
pub(crate) mod entra;
pub(crate) mod graph;
mod hound;
pub(crate) mod input;
mod plain;
pub(crate) mod remedy;
pub(crate) mod schedule;
#[cfg(test)]
mod tests;

use crate::condition::{KeyNature, KeyWords, Tri};
use crate::error::Error;
use crate::model::{
    Catalog, ContextValue, DocId, Facts, LayerId, LogReader, Plane, PolicyKind, PrincipalKind, Request,
    Session, Statement, Tier, WhoEntry,
};
use crate::pattern::Syntax;
use crate::truth::{
    Evaluator, FactId, Mark, Outcome, PermissionSet, PrincipalSet, Residual, StrengthId, Traced,
};
pub(crate) use remedy::{Companion, Exchange, HeldPolicy, Narrowing, Plan, Planned, RemedySpec};
use serde_json::Value;
use std::collections::BTreeMap;

/// All providers. Adding one is a folder and a line here.
pub(crate) static TABLE: &[&Provider] = &[&aws::PROVIDER, &azure::PROVIDER, &entra::PROVIDER];

/// What a provider says of itself: data and small functions, no loop over facts.
pub(crate) struct Provider {
    pub(crate) name: &'static str,
    /// Inputs that one provider of a family recognises are shown to its others as well: a directory's people are
    /// principals of several universes.
    pub(crate) family: &'static str,
    /// How resource ids are cut into segments.
    pub(crate) syntax: Syntax,
    /// Which segments of a resource id tell its service and its account, for the pattern index; `None` where no segment
    /// does.
    pub(crate) key_segments: Option<[usize; 2]>,
    /// A resource id or pattern in the one form in which ids are compared.
    pub(crate) canonical: for<'a> fn(&'a str) -> std::borrow::Cow<'a, str>,
    /// A canonical id as answers show it.
    pub(crate) shown: fn(&str) -> &str,
    /// Where a document's statements stand in it, as a JSON pointer.
    pub(crate) statements_at: &'static str,
    /// Whether an action of a document that has no wildcard names a permission.
    pub(crate) names_permission: fn(&str) -> bool,
    pub(crate) layers: &'static [LayerSpec],
    pub(crate) facts: &'static [FactSpec],
    pub(crate) rules: RuleTable,
    /// Whether a permission for which the catalogue lists no resource acts on none; else on any.
    pub(crate) acts_on_listed: bool,
    /// The built-in catalogue.
    pub(crate) catalog: fn() -> Catalog,
    /// Reads one input into facts; `false` if it is none of this provider's.
    pub(crate) read: fn(&mut Facts, &str, &str) -> Result<bool, Error>,
    /// Completes the facts once every input was read.
    pub(crate) finish: fn(&mut Facts),
    /// How loose policies are evaluated, where they can be.
    pub(crate) simulation: Option<SimulationSpec>,
    /// What comparing loose policies needs, where they can be compared.
    pub(crate) inclusion: Option<&'static InclusionSpec>,
    /// Compiles a document that comes with a request, for the layer it belongs to.
    pub(crate) document: fn(&mut Facts, LayerId, &str) -> Result<DocId, Error>,
    /// What is missing where a referenced policy or group is absent, and how to get it.
    pub(crate) missing_policy: (&'static str, &'static str),
    pub(crate) missing_group: (&'static str, &'static str),
    /// The inputs that `coverage` lists beside the layers.
    pub(crate) inputs: &'static [InputSpec],
    /// How strongly an entry of a resource's policy names a caller of this kind.
    pub(crate) strength: fn(WhoEntry, PrincipalKind) -> Option<StrengthId>,
    /// The principal, permission and resource facts that hold, as bits by [`FactId`].
    pub(crate) principal_facts: fn(&PrincipalTraits) -> u32,
    /// Of a permission by name: the catalogue need not know it.
    pub(crate) permission_facts: fn(&Catalog, &str) -> u32,
    pub(crate) resource_facts: fn(&ResourceTraits) -> u32,
    /// What a permission leads to beside what it says, such as data by way of keys; where no permission does, nothing.
    pub(crate) leads_to: Option<fn(&str) -> Option<&'static str>>,
    /// How principals turn into others.
    pub(crate) becoming: BecomingSpec,
    /// The patterns of ids that a resource's own policy speaks for.
    pub(crate) covered: fn(&str) -> Vec<String>,
    /// The resource whose own policy speaks for an id, where it is another one.
    pub(crate) carrier: fn(&str) -> Option<std::borrow::Cow<'_, str>>,
    /// Where a context key gets its value from.
    pub(crate) key_scope: fn(&str) -> KeyScope,
    /// The value of a key that principals determine.
    pub(crate) principal_key: for<'a> fn(&KeyScope, &PrincipalView<'a>) -> KeyValue<'a>,
    /// The value of a key that the resource or the time determines.
    pub(crate) resource_key: for<'a> fn(&KeyScope, &ResourceView<'a>) -> KeyValue<'a>,
    /// A caller by a name that is no record's id: a session, a service, anonymous, somebody of an account that
    /// is not loaded.
    pub(crate) caller: fn(&str) -> Option<Caller>,
    /// Whether a policy's id is that of a guardrail, not of a policy that principals hold.
    pub(crate) is_guardrail: fn(&str) -> bool,
    /// Whether a resource of this id can have a policy of its own.
    pub(crate) can_have_policy: fn(&str) -> bool,
    /// Facts of what is asked about; of a pattern, its beginning up to the first wildcard is given.
    pub(crate) asked_facts: fn(&str) -> u32,
    /// The key of a request's context that its resource, or a pattern of resources, fixes.
    pub(crate) resource_context: for<'a> fn(&'a str) -> (&'static str, Fixed<'a>),
    /// What the session and the context itself fix of the rest of a request's context; what the context says goes before.
    pub(crate) complete_context: fn(Option<&Session>, &ContextMap, &mut ContextMap),
    /// Keys that requests of such callers do not have, unless the context says so.
    pub(crate) never_has: fn(PrincipalKind) -> &'static [&'static str],
    /// The permission fact under which identity policies count only where the resource's policy delegates.
    pub(crate) delegating: Option<FactId>,
    /// The account that a resource id names, if it does.
    pub(crate) account_of: fn(&str) -> Option<String>,
    /// What is assumed of a resource whose own policy was not given, for this permission.
    pub(crate) assumed_resource: fn(&str, &str) -> Option<String>,
    /// What a test of this key that does not hold may have overlooked, by a wanted value and the request's.
    pub(crate) hint: fn(&str, &str, &str) -> Option<String>,
    /// How a context key is spoken of, and what values it has; `None` for a key that is none of this provider's.
    pub(crate) key_words: fn(&str) -> Option<KeyWords>,
    pub(crate) key_nature: fn(&str) -> Option<KeyNature>,
    /// What its logs tell of the use of permissions.
    pub(crate) usage: &'static UsageSpec,
    /// How its policies are changed, where the library knows.
    pub(crate) remedy: Option<&'static RemedySpec>,
    /// Facts that can be missing beside those named above and by layers.
    pub(crate) further_facts: &'static [&'static str],
    /// How sets of grants for several principals can be written.
    pub(crate) role_forms: &'static [RoleForm],
}

/// A form that a mined role can have.
pub(crate) struct RoleForm {
    pub(crate) name: &'static str,
    /// Whether a role of several accounts is one in each of them.
    pub(crate) per_account: bool,
    /// Characters that a name can have.
    pub(crate) longest_name: usize,
    pub(crate) write: fn(&RoleDraft<'_>) -> WrittenRole,
    /// What all definitions of this form together exceed, in words; each comes with its account.
    pub(crate) totals: fn(&[(&str, &serde_json::Value)]) -> Vec<String>,
}

/// A role as the provider's own tools take it.
pub(crate) struct WrittenRole {
    pub(crate) definition: serde_json::Value,
    /// The limits that it exceeds, in words.
    pub(crate) over_limits: Vec<String>,
    /// Grants that the form cannot state, with the reason.
    pub(crate) not_written: Vec<serde_json::Value>,
}

/// A role to be written; `account` is empty where it is one for several.
pub(crate) struct RoleDraft<'a> {
    pub(crate) name: &'a str,
    pub(crate) account: &'a str,
    /// Full ids, sorted.
    pub(crate) members: &'a [&'a str],
    pub(crate) grants: &'a [Grant<'a>],
}

/// Actions that are allowed on resources, under a block of conditions.
#[derive(Clone)]
pub(crate) struct Grant<'a> {
    pub(crate) actions: Vec<&'a str>,
    pub(crate) resources: Vec<&'a str>,
    pub(crate) condition: Option<serde_json::Value>,
}

impl Provider {
    /// The segment of a resource id that tells its service.
    pub(crate) fn service_segment(&self) -> Option<usize> {
        self.key_segments.map(|[service, _]| service)
    }

    /// The segment of a resource id that tells its account.
    pub(crate) fn account_segment(&self) -> Option<usize> {
        self.key_segments.map(|[_, account]| account)
    }

    /// Whether the rule asks if caller and resource are of one account.
    pub(crate) fn tells_accounts_apart(&self) -> bool {
        self.facts.contains(&FactSpec::SameAccount)
    }

    /// Whether resources have policies of their own.
    pub(crate) fn has_resource_policies(&self) -> bool {
        self.layers.iter().any(|spec| spec.binding == Binding::Resource)
    }

    /// The layer of this id.
    #[inline]
    pub(crate) fn layer(&self, id: LayerId) -> Option<&'static LayerSpec> {
        self.layers.get(usize::from(id.0))
    }

    /// The tiers up to one in which some layer can grant something that lower tiers do not.
    pub(crate) fn tiers(&self, highest: Tier) -> impl Iterator<Item = Tier> {
        let all = [Tier::Active, Tier::Eligible, Tier::Latent].into_iter();
        let adds = |tier: &Tier| self.layers.iter().any(|spec| spec.tier == *tier);
        all.filter(move |tier| *tier <= highest && (*tier == Tier::Active || adds(tier)))
    }

    /// The layers of what principals hold that grant something, up to a tier.
    pub(crate) fn own_grants(&self, tier: Tier) -> impl Iterator<Item = &'static LayerSpec> + use<> {
        let own = |spec: &&LayerSpec| spec.grants && spec.binding == Binding::Principal;
        self.layers.iter().filter(move |spec| own(spec) && spec.tier <= tier)
    }
}

/// What a provider's logs tell of the use of permissions.
#[derive(Debug)]
pub(crate) struct UsageSpec {
    /// The kinds of log that are read.
    pub(crate) logs: &'static [LogSpec],
    /// The service that a permission is of.
    pub(crate) service_of: fn(&str) -> &str,
    /// Which part of the log shows a permission's use.
    pub(crate) plane: fn(&str) -> Plane,
    /// How many days back the provider looks when it tells of the last use of services and permissions.
    pub(crate) looks_back: u16,
    /// What the log tells of the grant that allowed a call: keys of the call's context.
    pub(crate) evidence: &'static [&'static str],
    /// The account whose log tells of what a pattern of ids matches, where that is not the caller's own; `None` for a
    /// pattern that spans accounts.
    pub(crate) log_of: Option<fn(&str) -> Option<&str>>,
    /// The region in whose log alone the calls of a service stand, if there is one.
    pub(crate) home_region: fn(&str) -> Option<&'static str>,
}

/// A kind of log.
#[derive(Debug)]
pub(crate) struct LogSpec {
    /// As `coverage` names it.
    pub(crate) name: &'static str,
    pub(crate) reader: fn() -> Box<dyn LogReader>,
}

/// The provider that a principal's id is of, as far as ids tell.
pub(crate) fn of_principal(id: &str) -> Option<&'static Provider> {
    TABLE.iter().copied().find(|provider| (provider.account_of)(id).is_some())
}

/// What the first provider that knows the key says of it.
pub(crate) fn key_words(name: &str) -> KeyWords {
    TABLE.iter().find_map(|provider| (provider.key_words)(name)).unwrap_or_default()
}

/// What the first provider that knows the key says of its values.
pub(crate) fn key_nature(name: &str) -> Option<KeyNature> {
    TABLE.iter().find_map(|provider| (provider.key_nature)(name))
}

/// The facts that can be missing, by name.
pub(crate) fn fact_names() -> Vec<&'static str> {
    let of = |provider: &&'static Provider| {
        let layers = provider.layers.iter().map(|layer| layer.missing.0);
        let declared = [provider.missing_policy.0, provider.missing_group.0];
        layers.chain(declared).chain(provider.further_facts.iter().copied()).collect::<Vec<_>>()
    };
    TABLE.iter().flat_map(of).collect()
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// What is said of context keys, by their names.
pub(crate) type ContextMap = BTreeMap<String, ContextValue>;

/// What a resource, or a pattern of resources, says of a context key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fixed<'a> {
    Value(&'a str),
    /// Each resource fixes it, and they differ.
    Differently,
    Nothing,
}

/// How principals turn into others. Kinds are wire names.
#[derive(Debug)]
pub(crate) struct BecomingSpec {
    /// The kind where a person acts as what an assignment gives.
    pub(crate) assigned: &'static str,
    pub(crate) ways: &'static [WaySpec],
    pub(crate) passing: Option<PassingSpec>,
    /// What whoever may give a principal to a workload needs besides: all permissions of any of these on one resource.
    pub(crate) workloads: &'static [WorkloadSpec],
}

/// The permissions with which somebody makes a workload run what it likes, all of them on one resource of this kind.
#[derive(Debug)]
pub(crate) struct WorkloadSpec {
    pub(crate) on: &'static str,
    pub(crate) permissions: &'static [&'static str],
}

/// A permission whose use turns the caller into the principal that is asked for as a resource, or into the one that a
/// resource acts as.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WaySpec {
    pub(crate) permission: &'static str,
    /// The kind of the resources that act as principals, on which it is used; none where it is used on the principal.
    pub(crate) on: Option<&'static str>,
    /// The kind by the caller's kind and id; `None` where no such caller can use the permission.
    pub(crate) kind: fn(PrincipalKind, &str) -> Option<&'static str>,
    /// Permissions that are needed besides, on the same resource.
    pub(crate) also: &'static [&'static str],
    /// Whether one of the provider's workloads is needed besides.
    pub(crate) in_workload: bool,
}

impl WaySpec {
    /// Nothing is needed besides.
    pub(crate) const PLAIN: WaySpec =
        WaySpec { permission: "", on: None, kind: |_, _| None, also: &[], in_workload: false };
}

/// A permission to hand a principal that services can turn into to one of them.
#[derive(Debug)]
pub(crate) struct PassingSpec {
    pub(crate) permission: &'static str,
    pub(crate) kind: &'static str,
    /// The context key that names the service.
    pub(crate) to: &'static str,
}

/// How a provider evaluates loose policies.
pub(crate) struct SimulationSpec {
    /// A `simulate` document as facts and a question on them.
    pub(crate) build: fn(&str, &mut Facts) -> Result<Simulated, Error>,
    /// Makes a question one that these facts can be asked.
    pub(crate) fit: fn(&Simulated, &Request) -> Fit,
}

/// What comparing loose policies needs of a provider.
pub(crate) struct InclusionSpec {
    /// The kind of a document, if its statements tell.
    pub(crate) kind: fn(&str) -> Result<Option<PolicyKind>, Error>,
    /// Reads a document; the pointer is that of the document in the request.
    pub(crate) read: fn(&mut Facts, PolicyKind, &str, &str) -> Result<DocId, Error>,
    /// By segment of a resource id, texts that ids usually have there.
    pub(crate) usual: &'static [&'static [&'static str]],
    /// The pattern of the ids of an account's resources, and of those in whose ids no account stands.
    pub(crate) of_account: fn(&str) -> String,
    pub(crate) is_account: fn(&str) -> bool,
    /// The id of a session by account, role and name; and that of a service that no policy names.
    pub(crate) session_id: fn(&str, &str, &str) -> String,
    pub(crate) service: &'static str,
    /// Permissions that policies cannot give or take away.
    pub(crate) free: FactId,
    /// Permissions of which only the policies of roles speak.
    pub(crate) trusting: FactId,
    /// Kind of the principal with this id.
    pub(crate) kind_of: fn(&str) -> PrincipalKind,
    /// How much a caller gains by being named so, from 1; what is named more strongly can do all that the weaker can.
    pub(crate) rank: fn(StrengthId) -> u8,
    /// The ranks that differ in a permission, and whether they do in another account than the resource's:
    /// for a kind of policy, whether the caller has no policies of its own, whether resource and caller are of one
    /// account (where that is known), and whether the resource's policy has to delegate.
    pub(crate) ranks: fn(PolicyKind, bool, Option<bool>, bool) -> &'static [Naming],
    /// Whether a statement makes its policy public.
    pub(crate) makes_public: fn(&Facts, &Statement) -> bool,
    /// Requests that `simulate` decides by the document alone; the most plausible first. Their number and order do
    /// not hang on the document.
    pub(crate) trials: fn(&Trial<'_>, &Value) -> Vec<Value>,
}

/// How strongly a caller is named, and whether it is of another account than the resource.
pub(crate) type Naming = (u8, bool);

/// A request that one policy allows and another does not, to be tried.
#[derive(Debug)]
pub(crate) struct Trial<'a> {
    pub(crate) kind: PolicyKind,
    /// The caller's kind and, where it is a certain one, its id.
    pub(crate) caller: PrincipalKind,
    pub(crate) principal: Option<&'a str>,
    /// The account it belongs to.
    pub(crate) account: Option<&'a str>,
    /// Accounts that it does not belong to.
    pub(crate) not_of: &'a [String],
    /// How strongly it has to be named, and whether the resource is of another account.
    pub(crate) rank: u8,
    pub(crate) foreign: bool,
    pub(crate) action: &'a str,
    /// Whether no catalogue has the action.
    pub(crate) unknown_action: bool,
    pub(crate) resource: &'a str,
    pub(crate) resource_account: Option<&'a str>,
    pub(crate) context: &'a BTreeMap<String, ContextValue>,
}

/// An input that is no layer's, and how to get it.
#[derive(Debug)]
pub(crate) struct InputSpec {
    pub(crate) name: &'static str,
    /// Whether it is given once for all accounts.
    pub(crate) of_organisation: bool,
    pub(crate) how: &'static str,
}

/// A layer of the rule.
#[derive(Debug)]
pub(crate) struct LayerSpec {
    pub(crate) id: LayerId,
    /// Wire name, as in `blocked_by`.
    pub(crate) name: &'static str,
    pub(crate) binding: Binding,
    /// Whether the layer gives access; the others limit it, and let everything pass where they are absent.
    pub(crate) grants: bool,
    /// Absence of the layer is a missing fact for the permissions with this fact.
    pub(crate) required_for: Option<FactId>,
    /// How near the access is that the layer gives.
    pub(crate) tier: Tier,
    /// Exports of its own give the layer: where none was given it is left out, and doubted in strict questions. For
    /// layers that bind principals, and for the rule itself.
    pub(crate) optional: bool,
    /// Exports of their own give the layer of each resource: that its policy was given does not tell. By id or pattern:
    /// whether resources can have it.
    pub(crate) apart: Option<fn(&str) -> bool>,
    /// What is missing where the layer was not given, and how to get it; what no export tells, because the provider decides
    /// it by itself, is got by nothing.
    pub(crate) missing: (&'static str, &'static str),
}

/// What a layer's policies hang on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Binding {
    /// The caller and its groups.
    Principal,
    /// The nodes above the caller's account, root first.
    PrincipalScope,
    /// The nodes above the resource's account, root first.
    ResourceScope,
    /// The resource.
    Resource,
    /// Documents that come with the request.
    Request,
    /// A resource record that a context key of the request names.
    Context(&'static str),
    /// No document: the rule itself.
    Rule,
}

/// Where the truth of a fact lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FactSpec {
    SameAccount,
    Principal,
    Permission,
    Resource,
    /// What is asked about, by its text alone.
    Asked,
}

/// The rule, instantiated at each algebra.
pub(crate) struct RuleTable {
    pub(crate) tri: fn(&mut dyn Evaluator<Tri>) -> Outcome<Tri>,
    pub(crate) traced: fn(&mut dyn Evaluator<Traced>) -> Outcome<Traced>,
    pub(crate) residual: fn(&mut dyn Evaluator<Residual>) -> Outcome<Residual>,
    pub(crate) mark: fn(&mut dyn Evaluator<Mark>) -> Outcome<Mark>,
    pub(crate) residual_full: fn(&mut dyn Evaluator<Residual>) -> Outcome<Residual>,
    pub(crate) principals: fn(&mut dyn Evaluator<PrincipalSet>) -> Outcome<PrincipalSet>,
    pub(crate) permissions: fn(&mut dyn Evaluator<PermissionSet>) -> Outcome<PermissionSet>,
}

/// What facts of the rule are derived from.
#[derive(Debug)]
pub(crate) struct PrincipalTraits {
    pub(crate) kind: PrincipalKind,
    pub(crate) flags: u8,
    pub(crate) management_account: bool,
    pub(crate) bounded: bool,
}

#[derive(Debug)]
pub(crate) struct ResourceTraits {
    pub(crate) flags: u8,
    pub(crate) management_account: bool,
}

/// The question of a simulation, and what of its options is no fact.
#[derive(Debug)]
pub(crate) struct Simulated {
    pub(crate) request: Request,
    /// What every request comes through.
    pub(crate) endpoint: Option<String>,
    /// Whether tags of a bucket count.
    pub(crate) bucket_tags: bool,
}

/// What takes the place of a request's own, where a simulation fixes it.
#[derive(Debug, Default)]
pub(crate) struct Fit {
    pub(crate) context: Option<BTreeMap<String, ContextValue>>,
    /// Without policies: those of the request stay.
    pub(crate) session: Option<Session>,
}

/// Who determines a context key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum KeyScope {
    /// The request alone.
    Request,
    Principal(KeyFact),
    /// The resource or the time of the request.
    Resource(KeyFact),
}

/// A key that facts determine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct KeyFact {
    /// The provider's number of the key.
    pub(crate) number: u8,
    /// The rest of a prefix key (a tag's name).
    pub(crate) rest: Box<str>,
    /// What a request's context says of it goes before what the facts say.
    pub(crate) yields: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum KeyValue<'a> {
    /// The facts do not tell; what the request's context says counts.
    Open,
    Absent,
    One(std::borrow::Cow<'a, str>),
    /// The one value of a key that may have several.
    Listed(&'a str),
}

/// A principal as keys see it.
pub(crate) struct PrincipalView<'a> {
    pub(crate) id: &'a str,
    pub(crate) kind: PrincipalKind,
    pub(crate) account: &'a str,
    pub(crate) name: &'a str,
    pub(crate) unique_id: Option<&'a str>,
    pub(crate) organisation: Option<&'a str>,
    pub(crate) organisation_path: Option<&'a str>,
    pub(crate) session: Option<&'a Session>,
    pub(crate) tag: &'a dyn Fn(&str) -> Option<&'a str>,
}

/// A resource as keys see it.
pub(crate) struct ResourceView<'a> {
    /// What is asked about, where that is one resource, or the record that governs a pattern of them.
    pub(crate) id: Option<&'a str>,
    /// Kind, flags and tags of the record that speaks for the resource, where there is one.
    pub(crate) kind: Option<&'a str>,
    pub(crate) flags: u8,
    pub(crate) tag: &'a dyn Fn(&str) -> Option<&'a str>,
    pub(crate) account: Option<&'a str>,
    pub(crate) organisation: Option<&'a str>,
    pub(crate) organisation_path: Option<&'a str>,
    /// Seconds since 1970.
    pub(crate) at: Option<i64>,
}

/// A caller that is no record: what its text says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Caller {
    pub(crate) kind: PrincipalKind,
    pub(crate) account: Option<String>,
    /// For a session: the role's name without path, and the session's name.
    pub(crate) session_of: Option<(String, String)>,
}

/// The instances of a rule, from the one generic function.
macro_rules! rule_table {
    ($rule:ident) => {{
        fn lean<T: Truth>(e: &mut dyn Evaluator<T>) -> Outcome<T> {
            $rule::<T, dyn Evaluator<T>, false>(e)
        }
        fn full<T: Truth>(e: &mut dyn Evaluator<T>) -> Outcome<T> {
            $rule::<T, dyn Evaluator<T>, true>(e)
        }
        RuleTable {
            tri: lean,
            traced: full,
            residual: lean,
            mark: lean,
            residual_full: full,
            principals: lean,
            permissions: lean,
        }
    }};
}
pub(crate) use rule_table;
