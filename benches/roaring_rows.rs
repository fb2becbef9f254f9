//! The peer of rows: the same set algebra on roaring bitmaps, one bitmap per statement, made beforehand from the
//! generator's own documents. What stays for the clock is what a row costs: unions over the statements held, then
//! denials, boundary and guardrails level by level.
//!
//! It reads just what the generator writes: documents as objects, no NotResource, and its own conditions only. A
//! policy variable stands for any text in it, also `${aws:username}` where a role asks, which has no such name.

use roaring::RoaringBitmap;
use serde_json::Value;
use std::collections::HashMap;

const ACTIONS: &str = include_str!("../ciem-core/catalog/aws/actions.txt");
const RESOURCE_TYPES: &str = include_str!("../ciem-core/catalog/aws/resource-types.txt");
const RCP_SERVICES: &str = include_str!("../ciem-core/catalog/aws/rcp-services.txt");
const FREE: &str = "sts:getcalleridentity";

/// A test of a statement's condition, of which no context key is given.
#[derive(Clone, Debug)]
enum Test {
    Never,
    Depends,
    Team(String),
    NotTeam(Vec<String>),
    /// The principal's ARN does not match the pattern.
    NotLike(String),
}

/// A statement: whom it denies or allows what.
#[derive(Debug)]
struct Statement {
    denies: bool,
    when: Vec<Test>,
    /// Permissions that hold on every resource, and those that hold on some.
    sure: RoaringBitmap,
    possible: RoaringBitmap,
    /// Further ones that hold on some, for callers of one account.
    within: Vec<(String, RoaringBitmap)>,
}

type Document = Vec<Statement>;

/// What binds one principal, as indexes of documents.
#[derive(Debug)]
struct Bound {
    id: String,
    /// Number of its account.
    number: String,
    team: Option<String>,
    identity: Vec<usize>,
    boundary: Option<usize>,
    account: usize,
}

/// Surely and possibly.
type Pair = [RoaringBitmap; 2];

/// Everything that rows need.
#[derive(Debug)]
pub(crate) struct Compiled {
    documents: Vec<Document>,
    principals: Vec<Bound>,
    by_id: HashMap<String, usize>,
    /// By account: levels of service and of resource control policies.
    levels: Vec<[Vec<Vec<usize>>; 2]>,
    free: RoaringBitmap,
    rcp_bound: RoaringBitmap,
}

impl Compiled {
    pub(crate) fn new(files: &[(String, Vec<u8>)]) -> Self {
        Compiler::default().compile(files)
    }

    /// How many permissions the principal holds surely and possibly.
    pub(crate) fn row(&self, id: &str) -> Option<(u64, u64)> {
        let row = self.open(self.principals.get(*self.by_id.get(id)?)?);
        Some((row[0].len(), row[1].len()))
    }

    pub(crate) fn len(&self) -> usize {
        self.principals.len()
    }

    /// Over all principals, for each statement of policies that they or their groups hold: how many intervals its permissions
    /// make, those of them that can act on its resources.
    pub(crate) fn intervals(&self) -> usize {
        let of_document = |at: &usize| self.documents.get(*at).into_iter().flatten();
        let of = |bound: &Bound| -> usize {
            let statements = bound.identity.iter().flat_map(of_document);
            let sets = statements.flat_map(|statement| {
                let own = statement.within.iter().filter(|(account, _)| *account == bound.number);
                std::iter::once(&statement.possible).chain(own.map(|(_, acting)| acting))
            });
            sets.map(runs).sum()
        };
        self.principals.iter().map(of).sum()
    }

    /// All rows, held at once as the matrix holds them.
    pub(crate) fn rows(&self) -> Vec<Pair> {
        self.principals.iter().map(|bound| self.open(bound)).collect()
    }

    fn open(&self, bound: &Bound) -> Pair {
        let [mut open, deny] = self.effects(&bound.identity, bound);
        subtract(&mut open, &deny);
        if let Some(boundary) = bound.boundary {
            let [allow, deny] = self.effects(&[boundary], bound);
            intersect(&mut open, &allow);
            subtract(&mut open, &deny);
        }
        if let Some([service_levels, resource_levels]) = self.levels.get(bound.account) {
            for level in service_levels {
                let [allow, deny] = self.effects(level, bound);
                intersect(&mut open, &allow);
                subtract(&mut open, &deny);
            }
            for level in resource_levels {
                let [_, mut deny] = self.effects(level, bound);
                deny.iter_mut().for_each(|set| *set &= &self.rcp_bound);
                subtract(&mut open, &deny);
            }
        }
        open.iter_mut().for_each(|set| *set |= &self.free);
        open
    }

    /// What documents allow and deny.
    fn effects(&self, documents: &[usize], bound: &Bound) -> [Pair; 2] {
        let mut effects = [Pair::default(), Pair::default()];
        for statement in documents.iter().filter_map(|&at| self.documents.get(at)).flatten() {
            let holds = |test: &Test| match test {
                Test::Never => false,
                Test::Depends => true,
                Test::Team(wanted) => bound.team.as_ref() == Some(wanted),
                Test::NotTeam(names) => bound.team.as_ref().is_none_or(|team| !names.contains(team)),
                Test::NotLike(pattern) => !overlap(pattern.as_bytes(), bound.id.as_bytes()),
            };
            if !statement.when.iter().all(holds) {
                continue;
            }
            let [sure, possible] = &mut effects[usize::from(statement.denies)];
            if !statement.when.iter().any(|test| matches!(test, Test::Depends)) {
                *sure |= &statement.sure;
            }
            *possible |= &statement.possible;
            for (_, acting) in statement.within.iter().filter(|(account, _)| *account == bound.number) {
                *possible |= acting;
            }
        }
        effects
    }
}

/// Of ids that follow one another.
fn runs(set: &RoaringBitmap) -> usize {
    let mut next = None;
    set.iter().filter(|&id| next.replace(id + 1) != Some(id)).count()
}

fn subtract([sure, possible]: &mut Pair, [surely, possibly]: &Pair) {
    *sure -= possibly;
    *possible -= surely;
}

fn intersect([sure, possible]: &mut Pair, [surely, possibly]: &Pair) {
    *sure &= surely;
    *possible &= possibly;
}

#[derive(Default)]
struct Compiler {
    /// Lower-case names in the order of their ids, and the resource types of each.
    names: Vec<(String, Vec<&'static str>)>,
    /// Service and type, and a pattern of its ARNs: some types have several.
    types: Vec<((&'static str, &'static str), String)>,
    expanded: HashMap<String, RoaringBitmap>,
    acting: HashMap<String, RoaringBitmap>,
    texts: HashMap<String, usize>,
    documents: Vec<Document>,
}

impl Compiler {
    fn compile(mut self, files: &[(String, Vec<u8>)]) -> Compiled {
        self.catalogue();
        let (mut accounts, mut levels) = (HashMap::new(), Vec::new());
        let mut principals: Vec<Bound> = Vec::new();
        for (name, bytes) in files {
            let Ok(file) = serde_json::from_slice::<Value>(bytes) else { continue };
            if name.starts_with("organization") {
                self.node(&file["Root"], [Vec::new(), Vec::new()], &mut accounts, &mut levels);
            } else if name.starts_with("authorization") {
                self.account(&file, &accounts, &mut principals);
            }
        }
        let is_rcp =
            |name: &str| RCP_SERVICES.lines().any(|service| name.split(':').next() == Some(service.trim()));
        let ids = |wanted: &dyn Fn(&str) -> bool| -> RoaringBitmap {
            (0..).zip(&self.names).filter(|(_, (name, _))| wanted(name)).map(|(id, _)| id).collect()
        };
        Compiled {
            free: ids(&|name| name == FREE),
            rcp_bound: ids(&is_rcp),
            by_id: principals.iter().enumerate().map(|(at, bound)| (bound.id.clone(), at)).collect(),
            documents: self.documents,
            principals,
            levels,
        }
    }

    fn catalogue(&mut self) {
        let entry = |line: &'static str| {
            let mut fields = line.split('\t');
            let (name, types) = (fields.next()?, fields.nth(1)?);
            Some((
                name.to_ascii_lowercase(),
                types.split(',').filter(|kind| *kind != "-").collect::<Vec<_>>(),
            ))
        };
        self.names = ACTIONS.lines().filter_map(entry).collect();
        self.names.sort();
        for line in RESOURCE_TYPES.lines() {
            let fields: Vec<&'static str> = line.split('\t').collect();
            if let [service, kind, template, ..] = fields.as_slice() {
                self.types.push(((service, kind), variables_as_stars(template)));
            }
        }
    }

    fn account(&mut self, file: &Value, accounts: &HashMap<String, usize>, principals: &mut Vec<Bound>) {
        let mut managed: HashMap<&str, usize> = HashMap::new();
        for policy in list(&file["Policies"]) {
            let document = self.document(&policy["PolicyVersionList"][0]["Document"]);
            managed.insert(text(&policy["Arn"]), document);
        }
        let mut groups: HashMap<&str, Vec<usize>> = HashMap::new();
        for group in list(&file["GroupDetailList"]) {
            groups.insert(text(&group["GroupName"]), self.held(group, "GroupPolicyList", &managed));
        }
        for (kind, inline) in [("UserDetailList", "UserPolicyList"), ("RoleDetailList", "RolePolicyList")] {
            for record in list(&file[kind]) {
                let id = text(&record["Arn"]);
                let mut identity = self.held(record, inline, &managed);
                for group in list(&record["GroupList"]) {
                    identity.extend(groups.get(text(group)).into_iter().flatten());
                }
                let boundary = record["PermissionsBoundary"]["PermissionsBoundaryArn"].as_str();
                let number = id.split(':').nth(4).unwrap_or_default();
                principals.push(Bound {
                    id: id.to_owned(),
                    team: list(&record["Tags"]).next().map(|tag| text(&tag["Value"]).to_owned()),
                    identity,
                    boundary: boundary.and_then(|arn| managed.get(arn).copied()),
                    account: accounts.get(number).copied().unwrap_or(usize::MAX),
                    number: number.to_owned(),
                });
            }
        }
    }

    fn held(&mut self, record: &Value, inline: &str, managed: &HashMap<&str, usize>) -> Vec<usize> {
        let attached = list(&record["AttachedManagedPolicies"]);
        let mut held: Vec<usize> =
            attached.filter_map(|policy| managed.get(text(&policy["PolicyArn"])).copied()).collect();
        held.extend(list(&record[inline]).map(|policy| self.document(&policy["PolicyDocument"])));
        held
    }

    /// Guardrails of a node of the tree and of everything below.
    fn node(
        &mut self,
        node: &Value,
        above: [Vec<Vec<usize>>; 2],
        accounts: &mut HashMap<String, usize>,
        levels: &mut Vec<[Vec<Vec<usize>>; 2]>,
    ) {
        let mut chain = above;
        for (kind, levels) in ["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"].iter().zip(&mut chain) {
            let here = list(&node["Policies"]).filter(|policy| text(&policy["Type"]) == *kind);
            let documents = here.filter_map(|policy| serde_json::from_str(text(&policy["Content"])).ok());
            levels.push(documents.map(|document| self.document(&document)).collect());
        }
        accounts.insert(text(&node["Id"]).to_owned(), levels.len());
        levels.push(chain.clone());
        for below in list(&node["OrganizationalUnits"]).chain(list(&node["Accounts"])) {
            self.node(below, chain.clone(), accounts, levels);
        }
    }

    /// Equal documents are compiled once, as the engine does.
    fn document(&mut self, document: &Value) -> usize {
        let key = document.to_string();
        if let Some(&known) = self.texts.get(&key) {
            return known;
        }
        let statements = one_or_many(&document["Statement"]).map(|s| self.statement(s)).collect();
        self.documents.push(statements);
        self.texts.insert(key, self.documents.len() - 1);
        self.documents.len() - 1
    }

    fn statement(&mut self, statement: &Value) -> Statement {
        let mut actions = RoaringBitmap::new();
        for pattern in one_or_many(&statement["Action"]) {
            actions |= self.expand(&text(pattern).to_ascii_lowercase());
        }
        if !statement["NotAction"].is_null() {
            actions.insert_range(0..self.names.len() as u32);
            for pattern in one_or_many(&statement["NotAction"]) {
                actions -= self.expand(&text(pattern).to_ascii_lowercase());
            }
        }
        let (mut sure, mut possible, mut within) = (RoaringBitmap::new(), RoaringBitmap::new(), Vec::new());
        for pattern in one_or_many(&statement["Resource"]) {
            if pattern == "*" {
                sure = actions.clone();
                possible = actions.clone();
                break;
            }
            let acting = &actions & self.acting_on(text(pattern));
            match text(pattern).split(':').nth(4).filter(|account| !matches!(*account, "" | "*")) {
                Some(account) => within.push((account.to_owned(), acting)),
                None => possible |= acting,
            }
        }
        // Whose patterns all lie in one account, as nearly always, needs one set.
        within.dedup_by(|(account, set), (first, all)| {
            let same = account == first;
            if same {
                *all |= &*set;
            }
            same
        });
        for set in [&mut sure, &mut possible].into_iter().chain(within.iter_mut().map(|(_, set)| set)) {
            set.optimize();
        }
        Statement {
            denies: statement["Effect"] == "Deny",
            when: when(&statement["Condition"]),
            sure,
            possible,
            within,
        }
    }

    fn expand(&mut self, pattern: &str) -> &RoaringBitmap {
        let names = &self.names;
        self.expanded.entry(pattern.to_owned()).or_insert_with(|| {
            (0..)
                .zip(names)
                .filter(|(_, (name, _))| overlap(pattern.as_bytes(), name.as_bytes()))
                .map(|(id, _)| id)
                .collect()
        })
    }

    /// The permissions that can act on what an ARN pattern names.
    fn acting_on(&mut self, pattern: &str) -> &RoaringBitmap {
        let (names, types) = (&self.names, &self.types);
        self.acting.entry(pattern.to_owned()).or_insert_with(|| {
            let pattern = variables_as_stars(pattern);
            let overlaps = |kind: &str| {
                let mut segments = pattern.splitn(6, ':').zip(kind.splitn(6, ':'));
                segments.all(|(a, b)| overlap(a.as_bytes(), b.as_bytes()))
            };
            let hit: std::collections::HashSet<_> =
                types.iter().filter(|(_, kind)| overlaps(kind)).map(|(key, _)| *key).collect();
            let acts = |(name, kinds): &(String, Vec<&'static str>)| {
                let service = name.split(':').next().unwrap_or_default();
                kinds.iter().any(|kind| match kind.split_once(':') {
                    Some((service, kind)) => hit.contains(&(service, kind)),
                    None => hit.contains(&(service, *kind)),
                })
            };
            (0..).zip(names).filter(|(_, name)| acts(name)).map(|(id, _)| id).collect()
        })
    }
}

fn when(condition: &Value) -> Vec<Test> {
    let mut tests = Vec::new();
    for (operator, keys) in condition.as_object().into_iter().flatten() {
        for (key, values) in keys.as_object().into_iter().flatten() {
            let names: Vec<String> = one_or_many(values).map(|value| text(value).to_owned()).collect();
            let first = || names.first().cloned().unwrap_or_default();
            match (operator.as_str(), key.as_str()) {
                ("StringEquals", "aws:PrincipalTag/team") => tests.push(Test::Team(first())),
                ("StringNotEquals", "aws:PrincipalTag/team") => tests.push(Test::NotTeam(names)),
                (_, "aws:PrincipalArn") => tests.push(Test::NotLike(first())),
                ("StringEquals", "aws:PrincipalOrgID") | (_, "aws:PrincipalIsAWSService") => {}
                (_, "aws:PrincipalOrgID") => tests.push(Test::Never),
                _ => tests.push(Test::Depends),
            }
        }
    }
    tests
}

/// Whether some text matches both patterns; against a text without wildcards: whether the pattern matches it.
fn overlap(a: &[u8], b: &[u8]) -> bool {
    match (a, b) {
        ([], []) => true,
        ([b'*', rest @ ..], _) if overlap(rest, b) => true,
        ([b'*', ..], [_, rest @ ..]) => overlap(a, rest),
        (_, [b'*', rest @ ..]) if overlap(a, rest) => true,
        ([_, rest @ ..], [b'*', ..]) => overlap(rest, b),
        ([x, a @ ..], [y, b @ ..]) => (x == y || *x == b'?' || *y == b'?') && overlap(a, b),
        _ => false,
    }
}

fn variables_as_stars(template: &str) -> String {
    let mut pieces = template.split("${");
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        out.push('*');
        out.push_str(piece.split_once('}').map_or("", |(_, rest)| rest));
    }
    out
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn one_or_many(value: &Value) -> impl Iterator<Item = &Value> {
    let one = (!value.is_array() && !value.is_null()).then_some(value);
    one.into_iter().chain(list(value))
}
