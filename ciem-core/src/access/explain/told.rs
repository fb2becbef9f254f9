//! An explanation read back from its wire form: what text and HTML are made of, in every language the same.

use super::words::{plain, quoted};
use crate::access::answer::Explanation;
use crate::error::{Error, Place};
use serde::Deserialize;
use serde_json::Value;

/// Of long lists so much is shown.
pub(super) const MOST_SHOWN: usize = 50;
/// A condition in words is cut where it has more parts.
const MOST_ATOMS: usize = 40;

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Told {
    pub(super) question: Question,
    pub(super) decision: Decision,
    pub(super) deciding: Vec<usize>,
    pub(super) layers: Vec<Layer>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Question {
    pub(super) principal: String,
    pub(super) action: String,
    pub(super) resource: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Decision {
    pub(super) verdict: String,
    pub(super) denial: Option<String>,
    pub(super) blocked_by: Vec<String>,
    pub(super) condition: Option<Value>,
    pub(super) missing: Vec<Missing>,
    pub(super) statements: Vec<Statement>,
    pub(super) assumptions: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Missing {
    pub(super) fact: String,
    pub(super) subject: String,
    pub(super) how: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Statement {
    pub(super) policy: String,
    pub(super) layer: String,
    pub(super) sid: Option<String>,
    pub(super) effect: String,
    pub(super) via: Vec<String>,
    pub(super) pointer: String,
    pub(super) source: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Near {
    #[serde(flatten)]
    pub(super) statement: Statement,
    pub(super) scope: Option<String>,
    pub(super) reason: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Layer {
    pub(super) layer: String,
    pub(super) stops: String,
    pub(super) state: String,
    pub(super) statements: Vec<usize>,
    pub(super) near_misses: Vec<Near>,
    pub(super) left_out: usize,
    pub(super) incomplete: bool,
}

impl Told {
    pub(super) fn of(explanation: &Explanation) -> Result<Told, serde_json::Error> {
        serde_json::from_value(serde_json::to_value(explanation)?)
    }

    pub(super) fn read(wire: &str) -> Result<Told, Error> {
        serde_json::from_str(wire).map_err(|error| {
            let line = u64::try_from(error.line()).unwrap_or(u64::MAX);
            Error::malformed(format!("this is no explanation: {error}"), Place::default().line(line))
        })
    }

    /// The answer in a sentence; `mark` shows a name.
    pub(super) fn answer(&self, mark: &dyn Fn(&str) -> String) -> String {
        let Question { principal, action, resource } = &self.question;
        let (who, what, on) = (mark(principal), mark(action), mark(resource));
        match self.decision.verdict.as_str() {
            "allow" => format!("{who} may do {what} on {on}"),
            "deny" => format!("{who} may not do {what} on {on}"),
            "conditional" => format!("{who} may do {what} on {on} under a condition"),
            _ => format!("it is not known whether {who} may do {what} on {on}"),
        }
    }

    /// Why, in a sentence.
    pub(super) fn grounds(&self) -> String {
        let named = |layers: &[String]| {
            let names: Vec<String> = layers.iter().map(|layer| label(layer)).collect();
            names.join(", ")
        };
        let decision = &self.decision;
        let blocked = match decision.blocked_by.as_slice() {
            [] => String::new(),
            layers => format!("; in the way: {}", named(layers)),
        };
        match (decision.verdict.as_str(), decision.denial.as_deref()) {
            ("deny", Some("explicit")) => format!("a statement denies it{blocked}"),
            ("deny", _) => format!("nothing that applies allows it{blocked}"),
            ("allow", _) if self.deciding.is_empty() => "no statement has to allow it".to_owned(),
            ("allow", _) => "statements allow it, and no layer is in the way".to_owned(),
            ("conditional", _) => "it depends on the request".to_owned(),
            _ => "facts are missing".to_owned(),
        }
    }

    pub(super) fn statement(&self, index: usize) -> Option<&Statement> {
        self.decision.statements.get(index)
    }
}

impl Layer {
    /// What the layer says, in words.
    pub(super) fn says(&self) -> String {
        let stops = match (self.stops.as_str(), self.state.as_str()) {
            ("no", "does_not_allow" | "delegates") => ": not in the way",
            ("yes", "denies") | ("no", _) => "",
            ("yes", _) => ": in the way",
            _ => ": may be in the way",
        };
        format!("{}{stops}", label(&self.state))
    }

    /// What is not shown.
    pub(super) fn rest(&self) -> Option<String> {
        match (self.left_out, self.incomplete) {
            (0, false) => None,
            (0, true) => Some("there are too many statements to look at all of them".to_owned()),
            (count, false) => Some(format!("{count} more come less close")),
            (count, true) => {
                Some(format!("{count} more come less close, and not all statements were looked at"))
            }
        }
    }
}

impl Statement {
    /// Where it is written.
    pub(super) fn place(&self) -> String {
        let mut place = plain(&self.pointer);
        if let Some(source) = &self.source {
            place = format!("{place} of {}", plain(source));
        }
        if !self.via.is_empty() {
            let via: Vec<String> = self.via.iter().take(MOST_SHOWN).map(|via| plain(via)).collect();
            place = format!("{place}, via {}", via.join(", "));
        }
        place
    }
}

/// A wire word as it is read.
pub(super) fn label(word: &str) -> String {
    plain(&word.replace('_', " "))
}

/// A condition of the wire form in words.
pub(super) fn condition(condition: &Value) -> String {
    let mut left = MOST_ATOMS;
    in_words(condition, &mut left, false)
}

fn in_words(condition: &Value, left: &mut usize, inner: bool) -> String {
    let Some(next) = left.checked_sub(1) else { return "…".to_owned() };
    *left = next;
    let list = |left: &mut usize, parts: &Value, joint: &str, none: &str| {
        let parts = parts.as_array().map(Vec::as_slice).unwrap_or_default();
        let mut words: Vec<String> = Vec::new();
        for part in parts {
            if *left == 0 {
                words.push("…".to_owned());
                break;
            }
            words.push(in_words(part, left, true));
        }
        match (words.as_slice(), inner) {
            ([], _) => none.to_owned(),
            ([one], _) => one.clone(),
            (_, true) => format!("({})", words.join(joint)),
            _ => words.join(joint),
        }
    };
    let texts = |value: &Value| {
        let values = value.as_array().map(Vec::as_slice).unwrap_or_default();
        let shown: Vec<String> = values.iter().take(5).filter_map(Value::as_str).map(quoted).collect();
        match values.len().saturating_sub(5) {
            0 => shown.join(", "),
            more => format!("{} and {more} more", shown.join(", ")),
        }
    };
    let one = |name: &str| condition.get(name).and_then(Value::as_str);
    if let Some(parts) = condition.get("and") {
        return list(left, parts, " and ", "always");
    }
    if let Some(parts) = condition.get("or") {
        return list(left, parts, " or ", "never");
    }
    if let Some(part) = condition.get("not") {
        return format!("not {}", in_words(part, left, true));
    }
    match (one("key"), one("session_name"), condition.get("resource_in"), one("missing")) {
        (Some(key), ..) => {
            let values = condition.get("values").map(texts).unwrap_or_default();
            format!("{} {} {values}", quoted(key), plain(one("operator").unwrap_or_default()))
        }
        (_, Some(name), ..) => format!("the session is called {}", quoted(name)),
        (_, _, Some(patterns), _) => format!("the resource is in {}", texts(patterns)),
        (.., Some(fact)) => format!("{} (missing)", plain(fact)),
        _ => "…".to_owned(),
    }
}
