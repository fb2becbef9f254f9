//! A request with all that decides it gathered by hand, as a `simulate` document: what a program without exports is asked.

use serde_json::{Map, Value, json};

use super::caller::Kind;
use super::catalog;
use super::complete::{Verdict, WorldIndex};
use super::conditions::Held;
use super::engine;
use super::evaluate::{Case, Document, Target, is_rejected};
use super::generate;
use super::random::Random;
use super::statements::{Names, SESSIONS};
use super::world::Request;

/// Keys that facts decide and conditions of worlds mention; a simulation must be told them.
const TOLD: [&str; 16] = [
    "aws:CalledVia",
    "aws:CalledViaFirst",
    "aws:CalledViaLast",
    "aws:CurrentTime",
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalIsAWSService",
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:PrincipalTag/team",
    "aws:PrincipalType",
    "aws:ResourceAccount",
    "aws:ResourceOrgID",
    "aws:ResourceOrgPaths",
    "aws:ViaAWSService",
    "aws:username",
];
const NOW: &str = "2026-03-01T12:00:00Z";

/// Documents as a simulation names them; `None` where one is not known for certain or the provider rejects it.
fn named(documents: &[Document<'_>]) -> Option<Value> {
    let one = |document: &Document<'_>| {
        let content = document.content.filter(|content| !document.doubtful && !is_rejected(content))?;
        Some(json!({"name": document.subject, "document": content}))
    };
    documents.iter().map(one).collect()
}

impl Case<'_> {
    /// The document that asks this request of somebody who knows nothing else; `None` where a fact is missing.
    pub(crate) fn simulation(&self) -> Option<Value> {
        let target = self.target(&self.request.resource);
        let known = !matches!(self.caller.kind, Kind::Unloaded | Kind::Nobody) && !target.trust_missing;
        // A simulation has no grants of keys.
        let has_grants = self.world.resources.iter().any(|r| r.arn == target.text && !r.grants.is_empty());
        if !known || has_grants || self.is_vouched_for_elsewhere(&target) {
            return None;
        }
        let mut asked = json!({
            "v": 1, "provider": "aws", "principal": self.principal(), "action": self.request.action, "resource": target.text,
            "context": self.context(&target), "at": self.request.at,
            "identity_policies": named(&self.identity)?,
            "permissions_boundaries": named(self.boundary.as_slice())?,
            "session_policies": named(&self.session_documents())?,
            "vpc_endpoint_policies": named(self.endpoint(&target).as_slice())?,
            "service_control_policies": self.all_levels(false, &target)?,
            "resource_control_policies": self.all_levels(true, &target)?,
        });
        if let Kind::Role(role) = self.caller.kind {
            asked["role_arn"] = json!(role.entity.arn);
        }
        if let Some(account) = &target.account {
            asked["resource_account"] = json!(account);
        }
        if let Some(policy) = self.policy_of(&target) {
            asked["resource_policy"] = named(&[policy])?[0].take();
        }
        Some(asked)
    }

    /// A role asks in a session.
    fn principal(&self) -> String {
        match (&self.caller.kind, &self.caller.session) {
            (Kind::Role(role), Some(session)) => super::statements::role_session(&role.entity.arn, session),
            _ => self.caller.arn.clone(),
        }
    }

    fn context(&self, target: &Target<'_>) -> Value {
        let given = self.request.context.iter().map(|(key, _)| key.as_str());
        let mut context = Map::new();
        for key in TOLD.into_iter().chain(["aws:RequestedRegion"]).chain(given) {
            match self.known(&key.to_ascii_lowercase(), target) {
                Some(Held::One(value)) => context.insert(key.to_owned(), json!(value)),
                Some(Held::Many(values)) => context.insert(key.to_owned(), json!(values)),
                Some(Held::Absent) => context.insert(key.to_owned(), Value::Null),
                None => None,
            };
        }
        Value::Object(context)
    }

    /// The levels above an account. Which services and callers they leave alone, who is asked must know; but that an
    /// account manages its organisation nobody can tell from the question.
    fn all_levels(&self, resource_side: bool, target: &Target<'_>) -> Option<Value> {
        let account = if resource_side { target.account.as_deref() } else { self.caller.account.as_deref() };
        let manages =
            self.world.organization.as_ref().is_some_and(|o| Some(o.management.as_str()) == account);
        if manages || (!resource_side && !self.caller.is_account_principal()) {
            return Some(json!([]));
        }
        let Some(levels) = self.levels(account) else { return Some(json!([])) };
        let last = levels.len() - 1;
        let level = |(at, level): (usize, &&[super::world::Guardrail])| {
            let of_kind = level.iter().filter(|policy| policy.resource_side == resource_side);
            let policies: Vec<Document<'_>> = of_kind
                .map(|policy| Document {
                    subject: policy.id.clone(),
                    content: policy.content.as_ref(),
                    doubtful: false,
                })
                .collect();
            let id = if at == last { account.unwrap_or_default().to_owned() } else { format!("level-{at}") };
            Some(json!({"target": id, "policies": named(&policies)?}))
        };
        levels.iter().enumerate().map(level).collect()
    }
}

/// Does the provider send this key with requests of the action? Programs that check requests drop others.
fn is_sent(key: &str, action: &str) -> bool {
    match key {
        "s3:prefix" | "s3:max-keys" => action == "s3:ListBucket",
        "sts:ExternalId" => action == "sts:AssumeRole",
        key => key.starts_with("aws:"),
    }
}

/// A concrete request of one caller with everything known, where the random one left something open.
fn settled(names: &Names, random: &mut Random) -> Option<Request> {
    let mut request = names.request(random);
    let templates = catalog::find(&request.action).templates;
    if request.resource.contains('*') && !templates.is_empty() {
        return None;
    }
    // No bucket is an object, though its pattern takes in objects.
    let object = request.resource.starts_with("arn:aws:s3:::") && request.resource.contains('/');
    if object && !templates.contains(&"arn:*:s3:::*/*") {
        return None;
    }
    // Who takes on a role with a provider's token is no identity of the cloud, and has one kind of token.
    let token = match request.action.as_str() {
        "sts:AssumeRoleWithSAML" => Some(":saml-provider/"),
        "sts:AssumeRoleWithWebIdentity" => Some(":oidc-provider/"),
        _ => None,
    };
    if token.is_some_and(|kind| !request.principal.contains(kind)) {
        return None;
    }
    request.context.retain(|(key, _)| is_sent(key, &request.action));
    request.unknown_is_absent = true;
    request.at.get_or_insert_with(|| NOW.to_owned());
    if request.principal.contains(":role/") {
        request.session_name.get_or_insert_with(|| (*random.pick(&SESSIONS)).to_owned());
    }
    Some(request)
}

/// Up to `count` requests of one random world, each as a simulation with the library's decision about the exports.
pub(crate) fn of_world(seed: u64, count: usize) -> Result<Vec<(Value, Value)>, String> {
    let (world, names) = generate::world(seed);
    // A person is asked about in every session at once.
    if world.people.is_some() {
        return Ok(Vec::new());
    }
    let snapshot = engine::snapshot(&world.files())?;
    let (index, mut random) = (WorldIndex::new(&world), Random::new(seed ^ 0x0A5C));
    let mut found = Vec::new();
    for request in (0..count).filter_map(|_| settled(&names, &mut random)) {
        let cases = Case::all(&world, &index, &request);
        if let Some(simulation) = cases.first().and_then(Case::simulation) {
            found.push((simulation, engine::can(&snapshot, &request)?));
        }
    }
    Ok(found)
}

/// A question to an organisation and the same question with its documents in hand have the same answer.
pub(crate) fn simulation_law(seed: u64, count: usize) -> Result<usize, String> {
    let asked = of_world(seed, count)?;
    for (simulation, decision) in &asked {
        let text = simulation.to_string();
        let alone = ciem_core::simulate(&text).map_err(|error| format!("seed {seed}: {error}\n{text}"))?;
        let alone = serde_json::to_value(&alone).map_err(|error| error.to_string())?;
        let gist = |answer: &Value| (engine::verdict(answer), answer["denial"].clone());
        if gist(&alone) != gist(decision) && engine::verdict(decision) != Some(Verdict::Unknown) {
            return Err(format!("seed {seed}: the exports say {decision}\nthe simulation {alone}\n{text}"));
        }
    }
    Ok(asked.len())
}

#[test]
fn a_question_with_its_documents_in_hand_has_the_same_answer() {
    let asked: usize = (1..=60).map(|seed| simulation_law(seed, 40).unwrap_or_else(|m| panic!("{m}"))).sum();
    assert!(asked > 800, "only {asked} requests can be asked without exports");
}
