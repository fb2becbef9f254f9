//! Everything that is unknown in a request, tried in every way: representative values of keys, session names,
//! missing facts, and concrete resources for a wildcard question.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use serde_json::Value;

use super::conditions::{self, Held, Operand, Operator};
use super::evaluate::{Case, LAYERS, Target, condition_values, statements};
use super::glob::{self, Token};
use super::witness::witnesses;
use super::world::{Request, World};

/// Something a completion has to decide.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Point {
    Key(String),
    SessionName,
    Missing(String),
}

#[derive(Clone, Debug)]
struct Pick {
    point: Point,
    option: usize,
    options: usize,
}

/// The current assignment. Points are discovered while the rule runs; `advance` is an odometer over them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Choices {
    picks: Vec<Pick>,
}

impl Choices {
    pub(crate) fn pick(&mut self, point: Point, options: usize) -> usize {
        if let Some(pick) = self.picks.iter().find(|pick| pick.point == point) {
            return pick.option;
        }
        self.picks.push(Pick { point, option: 0, options });
        0
    }

    fn advance(&mut self) -> bool {
        while let Some(last) = self.picks.last_mut() {
            last.option += 1;
            if last.option < last.options {
                return true;
            }
            self.picks.pop();
        }
        false
    }
}

/// A value that stands for all values no condition of the world tells apart from it.
#[derive(Clone, Debug)]
pub(crate) struct Representative {
    pub(crate) held: Held,
    /// Not of the key's type (text under a numeric key): whether such a value can occur is a matter of taste,
    /// so a verdict is right with or without it.
    pub(crate) fringe: bool,
}

#[derive(Clone, Debug)]
struct Test {
    operator: String,
    values: Vec<String>,
    variables: bool,
}

/// What the documents of a world mention, collected once.
#[derive(Debug, Default)]
pub(crate) struct WorldIndex {
    tests: HashMap<String, Vec<Test>>,
    /// Keys used as policy variables: their exact text counts.
    variables: BTreeSet<String>,
    pub(crate) session_names: Vec<String>,
    /// Every `Resource`, `NotResource` entry with "variables are replaced".
    pub(crate) patterns: BTreeSet<(String, bool)>,
    /// Filled while requests are answered; the key holds everything the values depend on.
    domains: RefCell<HashMap<String, Rc<Vec<Representative>>>>,
}

fn scan_names(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => names.extend(super::caller::session_parts(text).map(|(_, name)| name)),
        Value::Array(items) => items.iter().for_each(|item| scan_names(item, names)),
        Value::Object(members) => members.values().for_each(|member| scan_names(member, names)),
        _ => {}
    }
}

fn variables_of(text: &str) -> Vec<String> {
    let keys = text.split("${").skip(1).filter_map(|rest| rest.split(['}', ',']).next());
    keys.map(|key| key.trim().to_ascii_lowercase()).collect()
}

impl WorldIndex {
    pub(crate) fn new(world: &World) -> WorldIndex {
        let mut index = WorldIndex::default();
        let mut names = BTreeSet::from(["some-other-session".to_owned()]);
        for document in world.documents() {
            index.add(document);
            scan_names(document, &mut names);
        }
        for (grantee, _) in world.resources.iter().flat_map(|resource| &resource.grants) {
            names.extend(super::caller::session_parts(grantee).map(|(_, name)| name));
        }
        index.session_names = names.into_iter().collect();
        index
    }

    fn add(&mut self, document: &Value) {
        let variables = document["Version"] == "2012-10-17";
        for statement in statements(document) {
            for entries in [statement.get("Resource"), statement.get("NotResource")].into_iter().flatten() {
                for entry in super::caller::list(entries) {
                    if variables {
                        self.variables.extend(variables_of(entry));
                    }
                    self.patterns.insert((entry.to_owned(), variables));
                }
            }
            let Some(tests) = statement.get("Condition").and_then(Value::as_object) else { continue };
            for (operator, keys) in tests {
                for (key, values) in keys.as_object().into_iter().flatten() {
                    let values = condition_values(values);
                    if variables {
                        self.variables.extend(values.iter().flat_map(|value| variables_of(value)));
                    }
                    let tests = self.tests.entry(key.to_ascii_lowercase()).or_default();
                    tests.push(Test { operator: operator.clone(), values, variables });
                }
            }
        }
    }
}

fn plain(tokens: &[Token]) -> String {
    tokens
        .iter()
        .map(|token| match token {
            Token::Char(c) => *c,
            Token::Any => '*',
            Token::One => '?',
        })
        .collect()
}

fn swapped_case(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
        .collect()
}

const GARBAGE: &str = "~garbage";

/// Values around one operand at which the operator can change its mind; `true` marks fringe values.
fn values_near(base: &str, operand: &[Token]) -> Vec<(String, bool)> {
    let text = plain(operand);
    let sure =
        |values: Vec<String>| -> Vec<(String, bool)> { values.into_iter().map(|v| (v, false)).collect() };
    let mut near = match base {
        "null" => vec![("present".to_owned(), true)],
        "stringlike" => {
            sure(vec![glob::filled(operand, ""), glob::filled(operand, "x~"), "~fresh".to_owned()])
        }
        "stringequalsignorecase" => sure(vec![swapped_case(&text), text, "~fresh".to_owned()]),
        "stringequals" => sure(vec![text, "~fresh".to_owned()]),
        "arnequals" | "arnlike" => sure(vec![
            glob::filled(operand, "x~"),
            glob::filled(operand, ""),
            "arn:aws:fresh:::fresh".to_owned(),
        ]),
        "bool" => sure(vec!["true".to_owned(), "false".to_owned()]),
        "ipaddress" => {
            let mut values = vec!["203.0.113.250".to_owned(), "2001:db9::1".to_owned()];
            values.extend(conditions::network_ends(&text).into_iter().flatten());
            sure(values)
        }
        "binaryequals" => sure(vec![text, "fn5+".to_owned()]),
        _ if base.starts_with("numeric") => {
            let number = conditions::number(&text).unwrap_or_default();
            sure([-1.0, -0.5, 0.0, 0.5, 1.0].iter().map(|step| (number + step).to_string()).collect())
        }
        _ if base.starts_with("date") => {
            let instant = conditions::instant(&text).unwrap_or_default();
            sure([-1.0, 0.0, 1.0].iter().map(|step| (instant + step).to_string()).collect())
        }
        _ => Vec::new(),
    };
    let typed = !matches!(base, "null" | "stringlike" | "stringequals" | "stringequalsignorecase");
    if typed {
        near.push((GARBAGE.to_owned(), true));
    }
    near
}

/// Keys whose requests hold sets: the catalogue's, and the worlds' own keys, which always stand under a set prefix.
pub(crate) fn is_set_key(key: &str) -> bool {
    matches!(key, "aws:tagkeys" | "aws:calledvia") || key.starts_with("example:")
}

impl Case<'_> {
    /// One representative for every way in which the world's conditions can look at this key.
    pub(crate) fn domain(&self, key: &str, target: &Target<'_>) -> Rc<Vec<Representative>> {
        let mut own = WorldIndex::default();
        self.request.session_policies.iter().for_each(|policy| own.add(policy));
        let tests_of = |index: &'_ WorldIndex| index.tests.get(key).cloned().unwrap_or_default();
        let tests: Vec<Test> = [tests_of(self.index), tests_of(&own)].concat();
        let known = |variable: &str| {
            // A variable that is itself unknown leaves the operand out; its own domain is kept whole.
            self.known(&variable.to_ascii_lowercase(), target).unwrap_or(Held::Many(Vec::new()))
        };
        let operands: Vec<(Operator, Vec<Operand>)> = tests
            .iter()
            .map(|test| {
                let values =
                    test.values.iter().map(|v| self.substituted(v, test.variables, &known)).collect();
                (Operator::parse(&test.operator), values)
            })
            .filter(|(operator, _)| operator.known())
            .collect();
        // A variable may stand for any run of path segments of what is acted on.
        let is_variable = [self.index, &own].iter().any(|index| index.variables.contains(key));
        let runs = if is_variable { path_runs(&target.text) } else { Vec::new() };
        let cache_key = format!("{key} {operands:?} {runs:?}");
        if let Some(found) = self.index.domains.borrow().get(&cache_key) {
            return found.clone();
        }
        let domain = Rc::new(representatives(key, &operands, is_variable, runs));
        self.index.domains.borrow_mut().insert(cache_key, domain.clone());
        domain
    }
}

fn path_runs(arn: &str) -> Vec<String> {
    let path = arn.splitn(6, ':').nth(5).unwrap_or_default();
    let parts: Vec<&str> = path.split('/').collect();
    let starts = 0..parts.len();
    starts
        .flat_map(|from| (from..parts.len()).map(move |to| (from, to)))
        .map(|(f, t)| parts[f..=t].join("/"))
        .collect()
}

fn representatives(
    key: &str,
    tests: &[(Operator, Vec<Operand>)],
    keep_all: bool,
    runs: Vec<String>,
) -> Vec<Representative> {
    let mut values: BTreeMap<String, bool> = BTreeMap::from([("~fresh".to_owned(), true)]);
    values.extend(runs.into_iter().map(|run| (run, false)));
    let mut add = |value: String, fringe: bool| {
        values.entry(value).and_modify(|old| *old &= fringe).or_insert(fringe);
    };
    let mut likes: Vec<&[Token]> = Vec::new();
    for (operator, operands) in tests {
        for operand in operands.iter().flatten() {
            values_near(&operator.base, operand).into_iter().for_each(|(value, fringe)| add(value, fringe));
            if operator.base == "stringlike" {
                likes.push(operand);
            }
        }
    }
    for (at, left) in likes.iter().enumerate() {
        for right in &likes[at + 1..] {
            if let Some(common) = glob::common_text(left, right) {
                add(common, false);
            }
        }
    }
    // A key that is only tested for presence, or never, can hold anything.
    if values.values().all(|fringe| *fringe) {
        values.values_mut().for_each(|fringe| *fringe = false);
    }
    let mut candidates = vec![Representative { held: Held::Absent, fringe: false }];
    if is_set_key(key) {
        let elements: Vec<(&String, &bool)> = values.iter().take(4).collect();
        for subset in 1..(1_usize << elements.len()) {
            let chosen = || elements.iter().enumerate().filter(|(bit, _)| subset >> bit & 1 == 1);
            let held = Held::Many(chosen().map(|(_, (value, _))| (*value).clone()).collect());
            candidates.push(Representative { held, fringe: chosen().any(|(_, (_, fringe))| **fringe) });
        }
    } else {
        candidates.extend(
            values.into_iter().map(|(value, fringe)| Representative { held: Held::One(value), fringe }),
        );
    }
    if keep_all {
        return candidates;
    }
    let mut kept: BTreeMap<Vec<bool>, Representative> = BTreeMap::new();
    for candidate in candidates {
        let seen: Vec<bool> = tests.iter().map(|(operator, o)| operator.holds(o, &candidate.held)).collect();
        let entry = kept.entry(seen).or_insert_with(|| candidate.clone());
        if entry.fringe && !candidate.fringe {
            *entry = candidate;
        }
    }
    kept.into_values().collect()
}

/// What a completion decided: points and the numbers of their options.
type Picks = Vec<(Point, usize)>;

/// One completion (of what mattered) and the decision under it.
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    pub(crate) witness: usize,
    pub(crate) picks: Picks,
    pub(crate) allowed: bool,
    pub(crate) fringe: bool,
}

impl Leaf {
    /// The picks with their values, for messages.
    pub(crate) fn named_picks(&self, case: &Case<'_>, target: &Target<'_>) -> Vec<String> {
        let name = |(point, at): &(Point, usize)| match point {
            Point::Key(key) => format!("{key} = {:?}", case.domain(key, target)[*at].held),
            Point::SessionName => format!("session name = {}", case.index.session_names[*at]),
            Point::Missing(what) => format!("({what}) = {}", *at == 1),
        };
        self.picks.iter().map(name).collect()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    Allow,
    Deny,
    Conditional,
    Unknown,
}

#[derive(Debug)]
pub(crate) struct Answer<'w> {
    /// One verdict, or two where values that are not of a key's type make the difference.
    pub(crate) verdicts: Vec<Verdict>,
    pub(crate) leaves: Vec<Leaf>,
    pub(crate) witnesses: Vec<Target<'w>>,
    /// Which of them "every" ranges over.
    pub(crate) owned: Vec<bool>,
    /// Is the explicit deny sure, and is it possible?
    pub(crate) explicit: (bool, bool),
    /// Layers that surely stop, and those that possibly stop (verdict deny only).
    pub(crate) surely: BTreeSet<&'static str>,
    pub(crate) possibly: BTreeSet<&'static str>,
}

/// More completions than this are not worth the time; the caller skips the request.
const MOST_LEAVES: usize = 4_000;

/// The rule under every completion; nothing if there are too many.
fn runs(case: &Case<'_>, rule: &dyn Fn() -> bool) -> Option<Vec<(Picks, bool)>> {
    let mut found = Vec::new();
    *case.choices.borrow_mut() = Choices::default();
    loop {
        let outcome = rule();
        let picks =
            case.choices.borrow().picks.iter().map(|p| (p.point.clone(), p.option)).collect::<Picks>();
        found.push((picks, outcome));
        if found.len() > MOST_LEAVES {
            return None;
        }
        if !case.choices.borrow_mut().advance() {
            return Some(found);
        }
    }
}

/// (true in every completion, true in some completion)
fn bounds(case: &Case<'_>, targets: &[Target<'_>], rule: &dyn Fn(usize) -> bool) -> Option<(bool, bool)> {
    let mut both = (true, false);
    for at in 0..targets.len() {
        for (_, outcome) in runs(case, &|| rule(at))? {
            both = (both.0 && outcome, both.1 || outcome);
        }
    }
    Some(both)
}

/// Do these picks agree wherever both decide the same known-shape point?
fn compatible(left: &Leaf, right: &Leaf) -> bool {
    left.witness == right.witness
        && left.picks.iter().all(|(point, option)| {
            matches!(point, Point::Missing(_))
                || right.picks.iter().all(|(other, chosen)| other != point || chosen == option)
        })
}

/// Without an account in the question "every" ranges over the caller's own; what other accounts let the caller
/// do only adds. A question inside one resource is about that resource, whoever owns it.
fn owned(case: &Case<'_>, witnesses: &[Target<'_>]) -> Vec<bool> {
    let asked = &case.request.resource;
    let told = super::caller::account_of(asked).is_some_and(|account| !account.contains(['*', '?']));
    let own: Vec<bool> =
        witnesses.iter().map(|target| told || target.account == case.caller.account).collect();
    if own.contains(&true) { own } else { vec![true; own.len()] }
}

fn verdict(leaves: &[&Leaf], owned: &[bool]) -> Verdict {
    let (allowing, denying): (Vec<&Leaf>, Vec<&Leaf>) = leaves.iter().copied().partition(|leaf| leaf.allowed);
    if !allowing.is_empty() && denying.iter().all(|leaf| !owned[leaf.witness]) {
        return Verdict::Allow;
    }
    if allowing.is_empty() {
        return Verdict::Deny;
    }
    let has_missing = |leaf: &Leaf| leaf.picks.iter().any(|(point, _)| matches!(point, Point::Missing(_)));
    // Some fact that is missing decides: the same keys, another answer.
    let decided_by_fact = allowing
        .iter()
        .any(|yes| denying.iter().any(|no| (has_missing(yes) || has_missing(no)) && compatible(yes, no)));
    if decided_by_fact { Verdict::Unknown } else { Verdict::Conditional }
}

/// The oracle's answer to a request asked as each of these callers, or nothing if there are too many completions.
/// Several callers may do what any of them may; they are asked about one concrete resource.
pub(crate) fn answer<'w>(cases: &[Case<'w>]) -> Option<Answer<'w>> {
    let mut targets: Vec<Vec<Target<'w>>> = cases.iter().map(witnesses).collect();
    let mut result = Answer {
        verdicts: vec![Verdict::Deny],
        leaves: Vec::new(),
        explicit: (false, true),
        surely: BTreeSet::new(),
        possibly: BTreeSet::from(["identity"]),
        witnesses: Vec::new(),
        owned: Vec::new(),
    };
    // A person without assignments is nobody's caller.
    let Some(case) = cases.first() else { return Some(result) };
    let mut leaves = Vec::new();
    for (witness, target) in targets[0].iter().enumerate() {
        let may = |(case, targets): (&Case<'w>, &Vec<Target<'w>>)| case.allowed(&targets[witness]);
        for (picks, allowed) in runs(case, &|| cases.iter().zip(&targets).any(may))? {
            let fringe = picks.iter().any(|(point, option)| match point {
                Point::Key(key) => case.domain(key, target)[*option].fringe,
                _ => false,
            });
            leaves.push(Leaf { witness, picks, allowed, fringe });
        }
        if leaves.len() > MOST_LEAVES {
            return None;
        }
    }
    let all: Vec<&Leaf> = leaves.iter().collect();
    let typed: Vec<&Leaf> = leaves.iter().filter(|leaf| !leaf.fringe).collect();
    let owned = owned(case, &targets[0]);
    result.verdicts = vec![verdict(&typed, &owned), verdict(&all, &owned)];
    result.verdicts.dedup();
    (result.leaves, result.owned) = (leaves, owned);
    if result.verdicts.contains(&Verdict::Deny) {
        result.possibly.clear();
        for (case, targets) in cases.iter().zip(&targets) {
            let explicit = bounds(case, targets, &|at| case.denied_explicitly(&targets[at]))?;
            for (layer, name) in LAYERS {
                let (surely, possibly) = bounds(case, targets, &|at| case.stops(layer, &targets[at]))?;
                // What stops one of several callers need not be what stops the others.
                if surely && cases.len() == 1 {
                    result.surely.insert(name);
                }
                if possibly {
                    result.possibly.insert(name);
                }
            }
            if case.protected() {
                result.possibly.insert("fixed_rule");
                if cases.len() == 1 {
                    result.surely.insert("fixed_rule");
                }
            }
            if cases.len() == 1 {
                result.explicit = explicit;
            }
        }
    }
    result.witnesses = targets.swap_remove(0);
    Some(result)
}

/// The oracle's answer to a request about a world.
pub(crate) fn ask<'w>(world: &'w World, index: &'w WorldIndex, request: &'w Request) -> Option<Answer<'w>> {
    answer(&Case::all(world, index, request))
}
