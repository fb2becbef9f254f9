//! The decision for one concrete request, by nested loops over the documents.

use std::cell::RefCell;
use std::rc::Rc;

use serde_json::Value;

use super::caller::{ANY, Caller, DENIED, DIRECT, GRANTED, Kind, Strength, list};
use super::catalog;
use super::complete::{Choices, Point, WorldIndex};
use super::conditions::{Held, Operand, Operator};
use super::glob::{self, Token};
use super::world::{Guardrail, Holder, Node, Request, Resource, World};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Layer {
    Identity,
    Resource,
    Trust,
    Boundary,
    Session,
    Scp,
    Rcp,
    Endpoint,
}

pub(crate) const LAYERS: [(Layer, &str); 8] = [
    (Layer::Identity, "identity"),
    (Layer::Resource, "resource"),
    (Layer::Trust, "trust"),
    (Layer::Boundary, "permissions_boundary"),
    (Layer::Session, "session_policy"),
    (Layer::Scp, "scp"),
    (Layer::Rcp, "rcp"),
    (Layer::Endpoint, "vpc_endpoint"),
];

/// A policy as the rule sees it: a document, or the knowledge that one exists.
#[derive(Clone, Debug)]
pub(crate) struct Document<'a> {
    pub(crate) subject: String,
    pub(crate) content: Option<&'a Value>,
    pub(crate) doubtful: bool,
}

impl<'a> Document<'a> {
    fn given(subject: impl Into<String>, content: &'a Value) -> Document<'a> {
        Document { subject: subject.into(), content: Some(content), doubtful: false }
    }

    fn absent(subject: impl Into<String>) -> Document<'a> {
        Document { subject: subject.into(), content: None, doubtful: false }
    }
}

/// What is acted on: a concrete ARN, or `*` for an action without resource types.
#[derive(Clone, Debug)]
pub(crate) struct Target<'w> {
    pub(crate) text: String,
    pub(crate) account: Option<String>,
    policy: Option<&'w Value>,
    /// Its policy decides whether the account's identity policies count at all.
    delegating: bool,
    /// A role that was not exported: its trust policy exists and is unknown.
    pub(crate) trust_missing: bool,
}

/// One request, with a current assignment of everything that is unknown.
pub(crate) struct Case<'w> {
    pub(crate) world: &'w World,
    pub(crate) index: &'w WorldIndex,
    pub(crate) request: &'w Request,
    pub(crate) caller: Caller<'w>,
    /// Of all callers that a person can be, together.
    pub(crate) choices: Rc<RefCell<Choices>>,
    pub(crate) identity: Vec<Document<'w>>,
    pub(crate) boundary: Option<Document<'w>>,
}

enum Who<'a> {
    NotAsked,
    Named(&'a [Strength]),
}

pub(crate) fn statements(document: &Value) -> Vec<&Value> {
    match document.get("Statement") {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(single) => vec![single],
        None => Vec::new(),
    }
}

/// Would the provider refuse this document? Worlds contain two such mistakes.
pub(crate) fn is_rejected(document: &Value) -> bool {
    statements(document).iter().any(|statement| {
        let effect = statement["Effect"].as_str().unwrap_or_default();
        !matches!(effect, "Allow" | "Deny") || has_unknown_operator(statement)
    })
}

/// What such a condition means nobody knows.
fn has_unknown_operator(statement: &Value) -> bool {
    let operators = statement.get("Condition").and_then(Value::as_object);
    operators.is_some_and(|tests| tests.keys().any(|name| !Operator::parse(name).known()))
}

fn level_chain<'w>(node: &'w Node, account: &str) -> Option<Vec<&'w [Guardrail]>> {
    if let Some(member) = node.accounts.iter().find(|member| member.account == account) {
        return Some(vec![&node.policies, &member.policies]);
    }
    let mut chain = node.units.iter().find_map(|unit| level_chain(unit, account))?;
    chain.insert(0, &node.policies);
    Some(chain)
}

/// The ids of the nodes above an account, root first.
fn nodes_above<'w>(node: &'w Node, account: &str) -> Option<Vec<&'w str>> {
    if node.accounts.iter().any(|member| member.account == account) {
        return Some(vec![&node.id]);
    }
    let mut above = node.units.iter().find_map(|unit| nodes_above(unit, account))?;
    above.insert(0, &node.id);
    Some(above)
}

impl<'w> Case<'w> {
    /// The request as every caller that its principal stands for: one, or one for each session of a person.
    pub(crate) fn all(world: &'w World, index: &'w WorldIndex, request: &'w Request) -> Vec<Case<'w>> {
        let principals = world.sessions_of(&request.principal);
        let principals = principals.unwrap_or_else(|| vec![request.principal.clone()]);
        let choices = Rc::default();
        principals.iter().map(|one| Case::new(world, index, request, one, &choices)).collect()
    }

    fn new(
        world: &'w World,
        index: &'w WorldIndex,
        request: &'w Request,
        principal: &str,
        choices: &Rc<RefCell<Choices>>,
    ) -> Case<'w> {
        let caller = Caller::new(world, principal, request.session_name.as_deref());
        let mut case = Case {
            world,
            index,
            request,
            caller,
            choices: Rc::clone(choices),
            identity: Vec::new(),
            boundary: None,
        };
        let entity = match case.caller.kind {
            Kind::User(user) => Some(&user.entity),
            Kind::Role(role) => Some(&role.entity),
            _ => None,
        };
        if let Some(entity) = entity {
            case.hold(&entity.arn, &entity.policies);
            case.boundary = entity.boundary.as_deref().map(|arn| case.managed(arn));
        }
        if let Kind::User(user) = case.caller.kind {
            let account = case.caller.account.as_deref().and_then(|id| world.account(id));
            let known = || account.iter().flat_map(|account| &account.groups);
            for name in &user.groups {
                match known().find(|group| group.name == *name) {
                    Some(group) => case.hold(&group.name, &group.policies),
                    None => case.identity.push(Document::absent(format!("group {name}"))),
                }
            }
        }
        case
    }

    fn managed(&self, arn: &str) -> Document<'w> {
        match self.world.managed(arn) {
            Some(policy) => Document::given(arn, &policy.document),
            None => Document::absent(arn),
        }
    }

    fn hold(&mut self, holder: &str, policies: &'w Holder) {
        for policy in &policies.inline {
            let subject = format!("{holder} {}", policy.name);
            let document = Document::given(subject, &policy.document);
            self.identity.push(Document { doubtful: policy.doubtful, ..document });
        }
        for arn in &policies.attached {
            let document = self.managed(arn);
            self.identity.push(document);
        }
    }

    pub(crate) fn levels(&self, account: Option<&str>) -> Option<Vec<&'w [Guardrail]>> {
        level_chain(&self.world.organization.as_ref()?.root, account?)
    }

    /// The organisation and the nodes above an account, as a path.
    pub(crate) fn organization_path(&self, account: Option<&str>) -> Option<String> {
        let organization = self.world.organization.as_ref()?;
        let above = nodes_above(&organization.root, account?)?;
        Some(format!("{}/{}/", organization.id, above.join("/")))
    }

    pub(crate) fn is_asked_on_everything(&self) -> bool {
        catalog::find(&self.request.action).templates.is_empty()
    }

    /// The policy of a resource for this action: none for `iam:*` on roles, the trust policy for `sts:AssumeRole*`.
    pub(crate) fn policy_owner(&self, arn: &str) -> Option<&'w Resource> {
        let of_object = |resource: &&Resource| {
            resource.arn.starts_with("arn:aws:s3:::") && arn.starts_with(&format!("{}/", resource.arn))
        };
        self.world.resources.iter().find(|r| r.arn == arn || of_object(r))
    }

    /// `owner`: whose account a resource without account in its ARN is taken to be.
    pub(crate) fn target(&self, text: &str) -> Target<'w> {
        let mut target = Target {
            text: text.to_owned(),
            account: self.caller.account.clone(),
            policy: None,
            delegating: false,
            trust_missing: false,
        };
        if self.is_asked_on_everything() {
            target.text = "*".to_owned();
            return target;
        }
        if let Some(account) = super::caller::account_of(text) {
            target.account = Some(account);
        }
        if catalog::assumes_role(&self.request.action) {
            target.policy = self.world.role(text).map(|role| &role.trust);
            target.delegating = true;
            target.trust_missing = target.policy.is_none();
        } else if let Some(resource) = self.policy_owner(text) {
            target.account = Some(resource.account.clone());
            target.policy = Some(&resource.policy);
            target.delegating = text.contains(":kms:") && text.contains(":key/");
        }
        target
    }

    /// A resource of a wildcard question that has no policy of its own; it belongs to `account`.
    pub(crate) fn generic_target(&self, text: &str, account: Option<String>) -> Target<'w> {
        let trust = catalog::assumes_role(&self.request.action);
        Target { text: text.to_owned(), account, policy: None, delegating: trust, trust_missing: trust }
    }

    /// Is this unknown statement of fact true in the current completion?
    pub(crate) fn missing(&self, what: &str) -> bool {
        self.choices.borrow_mut().pick(Point::Missing(what.to_owned()), 2) == 1
    }

    pub(crate) fn session_is(&self, wanted: &str) -> bool {
        if let Some(name) = &self.caller.session {
            return name == wanted;
        }
        let names = &self.index.session_names;
        let picked = self.choices.borrow_mut().pick(Point::SessionName, names.len());
        names[picked] == wanted
    }

    fn conditions_hold(&self, statement: &Value, variables: bool, target: &Target<'_>) -> bool {
        let Some(tests) = statement.get("Condition").and_then(Value::as_object) else { return true };
        tests.iter().all(|(name, keys)| {
            let operator = Operator::parse(name);
            keys.as_object().is_none_or(|keys| {
                keys.iter().all(|(key, values)| {
                    let operands: Vec<Operand> = condition_values(values)
                        .iter()
                        .map(|text| self.substituted(text, variables, &|key| self.held(key, target)))
                        .collect();
                    operator.holds(&operands, &self.held(key, target))
                })
            })
        })
    }

    fn action_matches(&self, statement: &Value) -> bool {
        let matches = |entries: &Value| {
            list(entries).into_iter().any(|entry| glob::matches_ignore_case(entry, &self.request.action))
        };
        match (statement.get("Action"), statement.get("NotAction")) {
            (Some(entries), _) => matches(entries),
            (None, Some(entries)) => !matches(entries),
            (None, None) => false,
        }
    }

    fn resource_matches(&self, statement: &Value, variables: bool, target: &Target<'_>) -> bool {
        let matches = |entries: &Value| {
            list(entries).into_iter().any(|entry| {
                let pattern = self.substituted(entry, variables, &|key| self.held(key, target));
                pattern.is_some_and(|pattern| match target.text.as_str() {
                    "*" => pattern == [Token::Any],
                    arn => glob::resource_matches(&pattern, arn),
                })
            })
        };
        match (statement.get("Resource"), statement.get("NotResource")) {
            (Some(entries), _) => matches(entries),
            (None, Some(entries)) => !matches(entries),
            // Trust policies have no resource element.
            (None, None) => true,
        }
    }

    fn who_matches(&self, statement: &Value, who: &Who<'_>) -> bool {
        let Who::Named(wanted) = who else { return true };
        match (statement.get("Principal"), statement.get("NotPrincipal")) {
            (Some(element), _) => self.names(element, wanted),
            (None, Some(element)) if statement["Effect"] == "Deny" => self.hit_by_not_principal(element),
            _ => false,
        }
    }

    /// Does some statement of this effect apply?
    fn applies(&self, document: &Document<'_>, effect: &str, who: &Who<'_>, target: &Target<'_>) -> bool {
        let Some(content) = document.content else {
            return self.missing(&format!("{} {effect}", document.subject));
        };
        let rejected = is_rejected(content);
        let variables = content["Version"] == "2012-10-17";
        statements(content).into_iter().any(|statement| {
            let stated = statement["Effect"].as_str().unwrap_or_default();
            let readable = matches!(stated, "Allow" | "Deny");
            (stated == effect || (rejected && !readable))
                && self.action_matches(statement)
                && self.resource_matches(statement, variables, target)
                && self.who_matches(statement, who)
                && (has_unknown_operator(statement) || self.conditions_hold(statement, variables, target))
                && (!rejected || self.missing(&format!("{} {effect}", document.subject)))
                // In force as a whole or not at all.
                && (!document.doubtful || self.missing(&document.subject))
        })
    }

    /// Does an identity provider vouch for the caller that is not of the account of the role?
    pub(crate) fn is_vouched_for_elsewhere(&self, target: &Target<'_>) -> bool {
        let provider = super::caller::account_of(&self.caller.arn);
        matches!(self.caller.kind, Kind::Federated)
            && catalog::assumes_role(&self.request.action)
            && provider.is_some_and(|provider| target.account.as_ref().is_some_and(|role| *role != provider))
    }

    fn some(&self, documents: &[Document<'_>], effect: &str, target: &Target<'_>) -> bool {
        documents.iter().any(|document| self.applies(document, effect, &Who::NotAsked, target))
    }

    pub(crate) fn policy_of(&self, target: &Target<'w>) -> Option<Document<'w>> {
        target.policy.map(|policy| Document::given(target.text.clone(), policy))
    }

    /// Does the resource's own policy allow the caller, named in one of these ways?
    fn named(&self, target: &Target<'w>, wanted: &[Strength]) -> bool {
        self.policy_of(target)
            .is_some_and(|policy| self.applies(&policy, "Allow", &Who::Named(wanted), target))
            && (!self.is_vouched_for_elsewhere(target) || self.missing("providers elsewhere"))
    }

    fn same_account(&self, target: &Target<'_>) -> bool {
        self.caller.account.is_some() && self.caller.account == target.account
    }

    fn identity_allows(&self, target: &Target<'_>) -> bool {
        match self.caller.kind {
            // Across accounts too: the other account's policy must name it all the same.
            Kind::Root => true,
            Kind::Unloaded => self.missing("identity policies Allow"),
            _ => self.some(&self.identity, "Allow", target),
        }
    }

    pub(crate) fn session_documents(&self) -> Vec<Document<'_>> {
        let policies = self.request.session_policies.iter().enumerate();
        policies.map(|(at, policy)| Document::given(format!("session {at}"), policy)).collect()
    }

    pub(crate) fn endpoint(&self, target: &Target<'_>) -> Option<Document<'w>> {
        // An endpoint that was not named does not stand between caller and resource.
        let Some(Held::One(id)) = self.known("aws:sourcevpce", target) else { return None };
        let endpoint = self.world.endpoints.iter().find(|endpoint| endpoint.id == id)?;
        Some(Document::given(endpoint.id.clone(), &endpoint.policy))
    }

    /// The levels of one kind of guardrail that bind this request, each with its documents.
    fn guardrails(&self, resource_side: bool, target: &Target<'_>) -> Vec<Vec<Document<'w>>> {
        let account = if resource_side { target.account.as_deref() } else { self.caller.account.as_deref() };
        let management = self.world.organization.as_ref().map(|o| o.management.as_str());
        let exempt = account == management
            || self.caller.is_service_linked()
            || (resource_side && !catalog::supports_rcp(&self.request.action))
            || (!resource_side && !self.caller.is_account_principal());
        let Some(levels) = self.levels(account) else { return Vec::new() };
        if exempt {
            return Vec::new();
        }
        let document = |policy: &'w Guardrail| match &policy.content {
            Some(content) => Document::given(policy.id.clone(), content),
            None => Document::absent(policy.id.clone()),
        };
        let of_kind = |level: &'w [Guardrail]| -> Vec<Document<'w>> {
            level.iter().filter(|policy| policy.resource_side == resource_side).map(document).collect()
        };
        levels.into_iter().map(of_kind).collect()
    }

    /// Does a grant of the key name the caller in one of these ways?
    fn has_grant(&self, target: &Target<'w>, wanted: &[Strength]) -> bool {
        let operation = self.request.action.strip_prefix("kms:").unwrap_or_default();
        let key = self.world.resources.iter().find(|resource| resource.arn == target.text);
        key.into_iter().flat_map(|key| &key.grants).any(|(grantee, operations)| {
            let group = if grantee.starts_with("arn:") { "AWS" } else { "Service" };
            operations.iter().any(|one| one.eq_ignore_ascii_case(operation))
                && self.names(&serde_json::json!({group: grantee}), wanted)
        })
    }

    fn is_granted(&self, target: &Target<'w>) -> bool {
        self.has_grant(target, &GRANTED)
    }

    fn core(&self, target: &Target<'w>) -> bool {
        self.core_without_grants(target) || self.is_granted(target)
    }

    fn core_without_grants(&self, target: &Target<'w>) -> bool {
        let admitted = || target.trust_missing && self.missing("trust policy Allow");
        if !self.caller.is_account_principal() {
            return self.named_at_all(target) || admitted();
        }
        match (self.same_account(target), target.delegating) {
            (true, false) => self.identity_allows(target) || self.named(target, &DIRECT),
            (true, true) => {
                // A trust policy that is missing may name the caller itself.
                self.named(target, &DIRECT)
                    || admitted()
                    || (self.identity_allows(target) && self.names_account(target))
            }
            (false, _) => self.identity_allows(target) && (self.reaches(target) || admitted()),
        }
    }

    /// Does policy or grant leave it to the caller's account?
    fn names_account(&self, target: &Target<'w>) -> bool {
        self.named(target, &[Strength::Account]) || self.has_grant(target, &[Strength::Account])
    }

    fn reaches(&self, target: &Target<'w>) -> bool {
        self.named_at_all(target) || self.names_account(target)
    }

    fn named_at_all(&self, target: &Target<'w>) -> bool {
        self.named(target, &ANY)
    }

    fn boundary_allows(&self, target: &Target<'_>) -> bool {
        self.boundary.as_ref().is_none_or(|b| self.applies(b, "Allow", &Who::NotAsked, target))
    }

    /// A trust policy passes no limits: whoever has a boundary needs `sts:AssumeRole` in it.
    fn passes_limits(&self, target: &Target<'w>) -> bool {
        self.same_account(target) && !catalog::assumes_role(&self.request.action)
    }

    fn past_boundary(&self, target: &Target<'w>) -> bool {
        self.passes_limits(target)
            && (self.named(target, &[Strength::User, Strength::Session, Strength::Star])
                || (self.boundary.is_some()
                    && self.has_grant(target, &[Strength::User])
                    && self.missing(&format!("grants of {} past boundaries", target.text))))
    }

    fn session_allows(&self, target: &Target<'_>) -> bool {
        let policies = self.session_documents();
        policies.is_empty() || self.some(&policies, "Allow", target)
    }

    fn past_session(&self, target: &Target<'w>) -> bool {
        self.passes_limits(target) && self.named(target, &[Strength::Session])
    }

    fn level_without_allow(&self, target: &Target<'_>) -> bool {
        self.guardrails(false, target).iter().any(|level| !self.some(level, "Allow", target))
    }

    fn endpoint_allows(&self, target: &Target<'_>) -> bool {
        self.endpoint(target).is_none_or(|policy| self.applies(&policy, "Allow", &Who::Named(&ANY), target))
    }

    /// Does the layer deny explicitly?
    pub(crate) fn denies(&self, layer: Layer, target: &Target<'w>) -> bool {
        let trust = catalog::assumes_role(&self.request.action);
        match layer {
            Layer::Identity => self.some(&self.identity, "Deny", target),
            Layer::Resource | Layer::Trust => {
                (layer == Layer::Trust) == trust
                    && self
                        .policy_of(target)
                        .is_some_and(|policy| self.applies(&policy, "Deny", &Who::Named(&DENIED), target))
            }
            Layer::Boundary => {
                self.boundary.as_ref().is_some_and(|b| self.applies(b, "Deny", &Who::NotAsked, target))
            }
            Layer::Session => self.some(&self.session_documents(), "Deny", target),
            Layer::Scp => self.guardrails(false, target).iter().any(|l| self.some(l, "Deny", target)),
            Layer::Rcp => {
                let levels = self.guardrails(true, target);
                levels.iter().flatten().any(|p| self.applies(p, "Deny", &Who::Named(&DENIED), target))
            }
            Layer::Endpoint => self
                .endpoint(target)
                .is_some_and(|policy| self.applies(&policy, "Deny", &Who::Named(&DENIED), target)),
        }
    }

    pub(crate) fn denied_explicitly(&self, target: &Target<'w>) -> bool {
        LAYERS.iter().any(|(layer, _)| self.denies(*layer, target))
    }

    /// Is the layer's silence in the way of an allow?
    fn silent(&self, layer: Layer, target: &Target<'w>) -> bool {
        let of_account = self.caller.is_account_principal();
        let same = self.same_account(target);
        let trust = catalog::assumes_role(&self.request.action);
        match layer {
            Layer::Identity if !of_account => false,
            Layer::Identity if same => {
                let admitted = || target.trust_missing && self.missing("trust policy Allow");
                let direct = || self.named(target, &DIRECT) || self.is_granted(target);
                !self.identity_allows(target) && !direct() && !admitted()
            }
            Layer::Identity => !self.identity_allows(target) && !self.is_granted(target),
            Layer::Resource | Layer::Trust if (layer == Layer::Trust) != trust => false,
            Layer::Resource | Layer::Trust => {
                let wanted = !of_account || !same || target.delegating;
                let admitted = || target.trust_missing && self.missing("trust policy Allow");
                let outside = || !of_account && self.named_at_all(target);
                let inside = || of_account && self.reaches(target);
                wanted && !outside() && !inside() && !self.is_granted(target) && !admitted()
            }
            Layer::Boundary => !self.boundary_allows(target) && !self.past_boundary(target),
            Layer::Session => !self.session_allows(target) && !self.past_session(target),
            Layer::Scp => self.level_without_allow(target),
            Layer::Rcp => false,
            Layer::Endpoint => !self.endpoint_allows(target),
        }
    }

    pub(crate) fn stops(&self, layer: Layer, target: &Target<'w>) -> bool {
        self.silent(layer, target) || self.denies(layer, target)
    }

    /// Is it what nobody is ever allowed: a change of what belongs to the provider, or a role for a root user?
    pub(crate) fn protected(&self) -> bool {
        if matches!(self.caller.kind, Kind::Root) && catalog::assumes_role(&self.request.action) {
            return true;
        }
        let action = self.request.action.to_ascii_lowercase();
        let of_role = [
            "iam:attachrolepolicy",
            "iam:deleterole",
            "iam:deleterolepermissionsboundary",
            "iam:deleterolepolicy",
            "iam:detachrolepolicy",
            "iam:putrolepermissionsboundary",
            "iam:putrolepolicy",
            "iam:updateassumerolepolicy",
        ];
        // A question about everything of a kind is about what is the caller's own.
        let asked = self.request.resource.split(['*', '?']).next().unwrap_or_default();
        of_role.contains(&action.as_str()) && asked.contains(":role/aws-service-role/")
    }

    /// The decision in the current completion.
    pub(crate) fn allowed(&self, target: &Target<'w>) -> bool {
        let has_credentials = !matches!(self.caller.kind, Kind::Anonymous | Kind::Federated);
        if self.request.action == "sts:GetCallerIdentity" && has_credentials {
            return true;
        }
        let within_boundary =
            || (self.boundary_allows(target) && self.core(target)) || self.past_boundary(target);
        let granted = (self.session_allows(target) && within_boundary()) || self.past_session(target);
        granted
            && !self.level_without_allow(target)
            && self.endpoint_allows(target)
            && !self.denied_explicitly(target)
            && !self.protected()
    }
}

/// Condition values as texts: numbers and booleans keep their spelling.
pub(crate) fn condition_values(values: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match values {
        Value::Array(items) => items.iter().map(text).collect(),
        single => vec![text(single)],
    }
}
