//! Every answer about some random worlds, held against what was approved: other laws say what must hold of an answer,
//! this one that nothing else about it changed unseen.
//!
//! Of each answer the hash is kept, in `testdata/answers.txt`. After a change that is meant, `CIEM_APPROVE=1` writes the
//! file anew, and `CIEM_ANSWERS=FOLDER` writes the answers themselves, so that those of two versions can be compared.

use std::fmt::Write as _;
use std::path::Path;

use ciem_core::{Snapshot, condition_text, wire};
use serde_json::{Value, json};

use super::approval::fnv;
use super::engine::{self, asked_by};
use super::generate::document;
use super::hostile;
use super::random::Random;
use super::statements::Names;
use super::world::{Request, World};

/// One thing that was asked of a world.
struct Asked {
    what: &'static str,
    answer: String,
}

/// All answers about one world, in a fixed order.
struct Answers(Vec<Asked>);

impl Answers {
    fn keep(&mut self, what: &'static str, answer: Result<String, ciem_core::Error>) {
        let answer = answer.unwrap_or_else(|error| wire::error_json(&error));
        self.0.push(Asked { what, answer });
    }

    fn ask(&mut self, snapshot: &Snapshot, what: &'static str, verb: &str, request: &Value) {
        self.keep(what, wire::call(snapshot, verb, &request.to_string()));
    }
}

/// The request with these fields left out and these put in.
fn changed(request: &Value, without: &[&str], with: &Value) -> Value {
    let mut request = request.clone();
    if let Some(members) = request.as_object_mut() {
        members.retain(|name, _| !without.contains(&name.as_str()));
        members.extend(with.as_object().cloned().unwrap_or_default());
    }
    request
}

fn answers(world: &World, names: &Names, requests: &[Request], seed: u64) -> Answers {
    let snapshot = engine::snapshot(&world.files()).expect("a random world is read");
    let mut all = Answers(Vec::new());
    for verb in ["coverage", "principals", "resources", "credentials"] {
        all.ask(&snapshot, verb, verb, &json!({}));
    }
    let strict = json!({"missing_layer": "unknown"});
    for request in requests {
        let asked = request.to_json();
        all.ask(&snapshot, "explain", "explain", &asked);
        said(&mut all, &snapshot, &asked);
        all.ask(&snapshot, "can, strict", "can", &changed(&asked, &[], &strict));
        let side = json!({"caller_side_only": true});
        all.ask(&snapshot, "can, the caller's side", "can", &changed(&asked, &[], &side));
    }
    for request in requests.iter().take(4) {
        let of_all = asked_by(request, "").to_json();
        let who = changed(&of_all, &["principal"], &json!({}));
        all.ask(&snapshot, "who_can", "who_can", &who);
        all.ask(&snapshot, "who_can, strict", "who_can", &changed(&who, &[], &strict));
        let anywhere = changed(&who, &[], &json!({"resource": "*"}));
        all.ask(&snapshot, "who_can of any resource", "who_can", &anywhere);
        let wholly = changed(&anywhere, &[], &json!({"match": "all"}));
        all.ask(&snapshot, "who_can of all resources", "who_can", &wholly);
        all.ask(&snapshot, "what_would_settle_it", "what_would_settle_it", &who);
        let own = changed(&request.to_json(), &["action", "resource"], &json!({}));
        all.ask(&snapshot, "what_can", "what_can", &own);
        all.ask(&snapshot, "what_can, strict", "what_can", &changed(&own, &[], &strict));
        let row = changed(&request.to_json(), &["action"], &json!({}));
        all.ask(&snapshot, "matrix", "matrix", &row);
    }
    for request in requests.iter().take(1) {
        let conditions =
            changed(&asked_by(request, "").to_json(), &["principal", "action", "resource"], &json!({}));
        all.ask(&snapshot, "can_become", "can_become", &conditions);
        all.ask(&snapshot, "what_can of everybody", "what_can", &conditions);
        let on = changed(&conditions, &[], &json!({"resource": request.resource}));
        all.ask(&snapshot, "matrix of everybody", "matrix", &on);
    }
    compared(&mut all, names, seed);
    all
}

/// What an explanation says in words, and its condition in words and as condition blocks.
fn said(all: &mut Answers, snapshot: &Snapshot, asked: &Value) {
    let Ok(told) = wire::call(snapshot, "explain", &asked.to_string()) else { return };
    all.keep("in words", wire::explanation_text(&told));
    all.keep("as HTML", wire::explanation_html(&told));
    if let Some(condition) = condition_of(&told) {
        all.keep("condition in words", condition_text(&condition));
        all.keep("condition blocks", wire::condition_blocks(&condition));
    }
}

/// The condition of an answer that has one.
fn condition_of(answer: &str) -> Option<String> {
    let condition = serde_json::from_str::<Value>(answer).unwrap_or_default()["condition"].take();
    (!condition.is_null()).then(|| condition.to_string())
}

/// Policies made of the same statements, compared with each other.
fn compared(all: &mut Answers, names: &Names, seed: u64) {
    let mut random = Random::new(seed ^ 0x00C0_FFEE);
    for _ in 0..6 {
        let mut policy = |deny: usize| {
            let statements = (0..3).map(|_| {
                let effect = if random.percent(deny) { "Deny" } else { "Allow" };
                names.statement(&mut random, effect, 40)
            });
            document(statements.collect())
        };
        let (new, old) = (policy(20), policy(20));
        all.keep(
            "no new access",
            wire::check("check_no_new_access", &json!({"new": new, "old": old}).to_string()),
        );
        let asked = json!({"policy": new, "actions": ["s3:GetObject", "kms:*"], "resources": ["*"]});
        all.keep("access not granted", wire::check("check_access_not_granted", &asked.to_string()));
    }
}

/// One line for each kind of answer about this world.
pub(crate) fn lines(world: &World, names: &Names, requests: &[Request], seed: u64) -> String {
    let Answers(all) = answers(world, names, requests, seed);
    let folder = std::env::var_os("CIEM_ANSWERS");
    let mut text = String::new();
    let mut kinds: Vec<&str> = Vec::new();
    all.iter().for_each(|asked| {
        if !kinds.contains(&asked.what) {
            kinds.push(asked.what)
        }
    });
    for kind in kinds {
        let of_kind: Vec<&str> =
            all.iter().filter(|asked| asked.what == kind).map(|asked| asked.answer.as_str()).collect();
        let joined = of_kind.join("\n");
        writeln!(text, "world {seed}, {kind}: {:016x} of {}", fnv(joined.as_bytes()), of_kind.len()).unwrap();
        if let Some(folder) = &folder {
            let name = format!("{seed}-{}.json", kind.replace([' ', ',', '\''], "-"));
            std::fs::write(Path::new(folder).join(name), joined).unwrap();
        }
    }
    text
}

/// How many policies and pairs of policies share a line.
const TOGETHER: u64 = 200;

/// Loose policies, alone and in pairs: most are rejected, and the rest goes where those of estates do not.
pub(crate) fn loose(simulations: u64, pairs: u64) -> String {
    let mut text = String::new();
    let mut line = |what: &str, first: u64, answers: &[String]| {
        writeln!(text, "{what} from {first}: {:016x}", fnv(answers.join("\n").as_bytes())).unwrap();
    };
    for first in (0..simulations).step_by(TOGETHER as usize) {
        let answers: Vec<String> = (first..first + TOGETHER)
            .map(|case| told(wire::simulate(&hostile::hostile(&mut hostile::numbers(case)).to_string())))
            .collect();
        line("simulated", first, &answers);
    }
    for first in (0..pairs).step_by(TOGETHER as usize) {
        let pair = |case: u64| {
            let mut random = hostile::numbers(case);
            let (new, old) = (hostile::policy(&mut random), hostile::policy(&mut random));
            let check = |verb: &str, request: Value| told(wire::check(verb, &request.to_string()));
            let granted = json!({"policy": new, "actions": ["s3:GetObject", "sqs:*"], "resources": ["*"]});
            [
                check("check_no_new_access", json!({"new": new, "old": old})),
                check("check_access_not_granted", granted),
            ]
            .join("\n")
        };
        let answers: Vec<String> = (first..first + TOGETHER).map(pair).collect();
        line("compared", first, &answers);
    }
    text
}

/// An answer, and its condition in words and as blocks.
fn told(answer: Result<String, ciem_core::Error>) -> String {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return error.code().to_owned(),
    };
    let Some(condition) = condition_of(&answer) else { return answer };
    let words = condition_text(&condition).unwrap_or_default();
    let blocks = wire::condition_blocks(&condition).unwrap_or_default();
    format!("{answer}\n{words}\n{blocks}")
}

/// Holds the lines of all worlds against the approved ones.
pub(crate) fn compare(found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/answers.txt");
    if std::env::var_os("CIEM_APPROVE").is_some() {
        std::fs::write(&path, found).unwrap();
    }
    let approved = std::fs::read_to_string(&path).unwrap();
    let differ: Vec<&str> =
        found.lines().zip(approved.lines()).filter(|(one, other)| one != other).map(|(one, _)| one).collect();
    assert!(
        differ.is_empty() && found.lines().count() == approved.lines().count(),
        "{} answers are not those of testdata/answers.txt (CIEM_ANSWERS=FOLDER writes them, CIEM_APPROVE=1 approves them):\n{}",
        differ.len(),
        differ.iter().take(20).copied().collect::<Vec<_>>().join("\n")
    );
}
