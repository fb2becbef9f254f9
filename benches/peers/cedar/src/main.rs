//! The questions of the comparison, decided by cedar-policy: `ciem-peer-cedar FOLDER` reads `simulations.json` of the
//! folder and writes `cedar.json`, times in nanoseconds of this thread's processor time.
//!
//! Each request is handed only the policies that can concern it, with action and resource as strings that policies match
//! with `like`. Two ways: those of the principal, its groups and the resource; and these with the organisation's and the
//! boundary's, which is what an equal answer needs. Where AWS wants both sides to agree, as across accounts, each side
//! is asked.

mod translate;

use cedar_policy::{Authorizer, Context, Decision, Entities, EntityUid, Policy, PolicySet, Request};
use serde_json::{Map, Value, json};
use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::path::PathBuf;
use std::{fs, hint::black_box};
use translate::{Side, text};

type Failure = Box<dyn Error>;
/// Any of these, all of whose sets must allow.
type Ways = Vec<Vec<PolicySet>>;
const LEAST: u64 = 1_000_000_000;

fn main() -> Result<(), Failure> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("which folder?")?);
    let input: Value = serde_json::from_slice(&fs::read(folder.join("simulations.json"))?)?;
    let mut library = Library::new(&input["documents"]);
    let questions = input["simulations"].as_array().ok_or("no simulations")?;
    let requests = questions.iter().map(request).collect::<Result<Vec<_>, _>>()?;
    let mut result = Map::new();
    for (name, guarded) in [("narrow", false), ("whole", true)] {
        let ways = questions.iter().map(|one| library.ways(one, guarded)).collect::<Result<Vec<_>, _>>()?;
        let allowed = answers(&requests, &ways);
        let verdicts: Vec<&str> = allowed.iter().map(|&yes| if yes { "allow" } else { "deny" }).collect();
        let decide = timed(|| {
            black_box(answers(&requests, &ways));
        })?;
        // Every policy is parsed by now: this is only looking up and putting together.
        let prepare = timed(|| {
            for one in questions {
                black_box(request(one).is_ok() && library.ways(one, guarded).is_ok());
            }
        })?;
        let handed: usize = ways.iter().flatten().flatten().map(|set| set.policies().count()).sum();
        let count = questions.len() as f64;
        let figures = json!({
            "ns": decide / count, "prepare": prepare / count, "policies": handed as f64 / count, "verdicts": verdicts,
        });
        result.insert(name.to_owned(), figures);
    }
    Ok(fs::write(folder.join("cedar.json"), Value::Object(result).to_string())?)
}

fn answers(requests: &[Request], ways: &[Ways]) -> Vec<bool> {
    let (authorizer, entities) = (Authorizer::new(), Entities::empty());
    let allows = |request: &Request, set: &PolicySet| {
        authorizer.is_authorized(request, set, &entities).decision() == Decision::Allow
    };
    let each = requests.iter().zip(ways);
    each.map(|(request, ways)| ways.iter().any(|sets| sets.iter().all(|set| allows(request, set)))).collect()
}

fn request(question: &Value) -> Result<Request, Failure> {
    let mut context = Map::new();
    for (key, value) in question["context"].as_object().ok_or("no context")? {
        let value = match key.as_str() {
            "aws:SourceIp" => json!({"__extn": {"fn": "ip", "arg": value}}),
            "aws:CurrentTime" => json!({"__extn": {"fn": "datetime", "arg": value}}),
            _ => value.clone(),
        };
        context.insert(key.clone(), value);
    }
    context.insert("action".to_owned(), json!(text(&question["action"])?.to_lowercase()));
    context.insert("resource".to_owned(), question["resource"].clone());
    let principal: EntityUid = translate::caller(text(&question["principal"])?).parse()?;
    let any: EntityUid = "Asked::\"any\"".parse()?;
    let context = Context::from_json_value(Value::Object(context), None)?;
    Ok(Request::new(principal, any.clone(), any, context, None)?)
}

/// Documents as Cedar policies, each translated and parsed once for each side that it can stand on.
struct Library<'a> {
    documents: &'a Value,
    /// Names of those that speak of the caller's name.
    personal: HashSet<&'a str>,
    parsed: HashMap<(Side, String), Vec<Policy>>,
}

/// The one policy variable of the generated documents: patterns of Cedar are literals, so it is filled in beforehand.
const NAME: &str = "${aws:username}";
/// Stands for a name where the caller has none, and matches nothing.
const NOBODY: &str = "(nobody)";

impl<'a> Library<'a> {
    fn new(documents: &'a Value) -> Self {
        let personal = documents.as_object().into_iter().flatten();
        let personal = personal.filter(|(_, document)| document.to_string().contains(NAME));
        let personal = personal.map(|(name, _)| name.as_str()).collect();
        Library { documents, personal, parsed: HashMap::new() }
    }

    fn ways(&mut self, question: &Value, guarded: bool) -> Result<Ways, Failure> {
        let (account, owner) = (text(&question["account"])?, text(&question["owner"])?);
        let name = question["context"]["aws:username"].as_str().unwrap_or(NOBODY);
        let identity = self.policies(Side::Identity, name, &[&question["identity"]])?;
        let mut limits = Vec::new();
        if guarded {
            for level in question["scps"].as_array().into_iter().flatten() {
                limits.extend(self.policies(Side::Limit, name, &[level])?);
            }
            limits.extend(self.policies(Side::Limit, name, &[&question["boundary"]])?);
            for level in question["rcps"].as_array().into_iter().flatten() {
                limits.extend(self.policies(Side::Forbid, name, &[level])?);
            }
        }
        let policy = [&question["resource_policy"]];
        let direct = self.policies(Side::Named, name, &policy)?;
        let forbidden = self.policies(Side::Forbid, name, &policy)?;
        if account != owner {
            let other = self.policies(Side::NamedOrAccount(account.to_owned()), name, &policy)?;
            return Ok(vec![vec![set(&[&identity, &limits, &forbidden])?, set(&[&other])?]]);
        }
        let is_key = text(&question["resource"])?.starts_with("arn:aws:kms:") && policy[0].is_string();
        if is_key {
            // A key's policy must itself hand the decision to the account's policies.
            let handed = self.policies(Side::NamedOrAccount(account.to_owned()), name, &policy)?;
            let forbids = self.policies(Side::IdentityForbid, name, &[&question["identity"]])?;
            return Ok(vec![
                vec![set(&[&direct, &forbids, &limits, &forbidden])?],
                vec![set(&[&identity, &limits, &forbidden])?, set(&[&handed])?],
            ]);
        }
        Ok(vec![vec![set(&[&identity, &direct, &limits, &forbidden])?]])
    }

    /// The policies of the named documents on this side. A limit is one policy for all documents of a level.
    fn policies(&mut self, side: Side, user: &str, names: &[&Value]) -> Result<Vec<Policy>, Failure> {
        let names = names.iter().flat_map(|value| match value {
            Value::Array(list) => list.iter().collect(),
            Value::String(_) => vec![*value],
            _ => vec![],
        });
        let names = names.map(text).collect::<Result<Vec<_>, _>>()?;
        let groups: Vec<Vec<&str>> = match side {
            Side::Limit if names.is_empty() => vec![],
            Side::Limit => vec![names],
            _ => names.into_iter().map(|name| vec![name]).collect(),
        };
        let mut found = Vec::new();
        for group in groups {
            let named = group.iter().any(|name| self.personal.contains(*name));
            let key = (side.clone(), format!("{}{}", group.join(" + "), if named { user } else { "" }));
            if !self.parsed.contains_key(&key) {
                let documents = group.iter().map(|name| self.documents[name].to_string().replace(NAME, user));
                let documents =
                    documents.map(|text| serde_json::from_str(&text)).collect::<Result<Vec<Value>, _>>()?;
                let sources = translate::document(&side, &documents)?;
                let number = self.parsed.len();
                let policies = sources.iter().enumerate().map(|(at, source)| {
                    let id = cedar_policy::PolicyId::new(format!("{number}-{at}"));
                    Policy::parse(Some(id), source).map_err(|error| format!("{error}: {source}"))
                });
                self.parsed.insert(key.clone(), policies.collect::<Result<Vec<_>, _>>()?);
            }
            found.extend(self.parsed[&key].iter().cloned());
        }
        Ok(found)
    }
}

fn set(parts: &[&Vec<Policy>]) -> Result<PolicySet, Failure> {
    let mut set = PolicySet::new();
    for policy in parts.iter().flat_map(|part| part.iter()) {
        // A group's policy may also be attached to the principal itself.
        if set.policy(policy.id()).is_none() {
            set.add(policy.clone())?;
        }
    }
    Ok(set)
}

fn timed(mut work: impl FnMut()) -> Result<f64, Failure> {
    let (started, mut runs) = (processor_time()?, 0_u32);
    loop {
        work();
        runs += 1;
        let spent = processor_time()? - started;
        if spent >= LEAST {
            return Ok(spent as f64 / f64::from(runs));
        }
    }
}

fn processor_time() -> Result<u64, Failure> {
    let text = fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(text.split_whitespace().next().ok_or("no figure in schedstat")?.parse()?)
}
