//! Random worlds.

use serde_json::{Value, json};

use super::people::People;
use super::random::Random;
use super::statements::{LOADED, Names, ORGANIZATION, UNLOADED};
use super::world::{
    Account, Endpoint, Entity, Group, Guardrail, Holder, Inline, Managed, Member, Node, Organization,
    Resource, Role, Shape, User, World,
};

pub(crate) fn document(statements: Vec<Value>) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn full_access() -> Value {
    document(vec![json!({"Effect": "Allow", "Action": "*", "Resource": "*"})])
}

/// Share of the worlds that have people, in percent.
const WITH_PEOPLE: usize = 20;

struct Maker {
    random: Random,
    names: Names,
}

/// A world and the names its requests are made from.
pub(crate) fn world(seed: u64) -> (World, Names) {
    let mut maker = Maker { random: Random::new(seed), names: Names::default() };
    let world = maker.world();
    (world, maker.names)
}

/// Turns `NotAction` into `Action`.
pub(crate) fn plain_actions(statement: &mut Value) {
    if let Some(members) = statement.as_object_mut()
        && let Some(actions) = members.remove("NotAction")
    {
        members.insert("Action".to_owned(), actions);
    }
}

impl Maker {
    fn world(&mut self) -> World {
        let count = 1 + self.random.below(LOADED.len());
        let mut accounts: Vec<Account> = LOADED[..count].iter().map(|id| self.skeleton(id)).collect();
        self.names.accounts = accounts.iter().map(|account| account.id.clone()).collect();
        self.names.providers =
            self.names.accounts.iter().map(|id| format!("arn:aws:iam::{id}:saml-provider/corp")).collect();
        let people = self
            .random
            .percent(WITH_PEOPLE)
            .then(|| People::random(&mut self.random, &mut accounts, &mut self.names));
        self.name_resources();
        for account in &mut accounts {
            self.fill(account);
        }
        let organization = self.random.percent(80).then(|| self.organization());
        let resources = self.resources();
        let endpoints = (1..=2).map(|at| self.endpoint(at)).collect();
        World { accounts, organization, resources, endpoints, people }
    }

    fn entity(&mut self, account: &str, kind: &str, path: &str, name: &str) -> Entity {
        let mut tags = Vec::new();
        if self.random.percent(50) {
            tags.push(("team".to_owned(), self.random.pick(&["pay", "logs", "ops"]).to_string()));
        }
        let arn = format!("arn:aws:iam::{account}:{kind}{path}{name}");
        Entity { name: name.to_owned(), arn, tags, ..Entity::default() }
    }

    /// Users, groups and roles of an account by name; their policies come when every name is known.
    fn skeleton(&mut self, id: &str) -> Account {
        let mut account = Account { id: id.to_owned(), ..Account::default() };
        for name in ["ana", "bob", "cleo"].iter().take(1 + self.random.below(3)) {
            let path = *self.random.pick(&["/", "/", "/staff/"]);
            account.users.push(User { entity: self.entity(id, "user", path, name), groups: Vec::new() });
        }
        for (path, name) in
            [("/", "dev"), ("/team/", "Ops"), ("/", "ci")].iter().take(1 + self.random.below(3))
        {
            account.roles.push(Role { entity: self.entity(id, "role", path, name), trust: Value::Null });
        }
        if self.random.percent(25) {
            let path = "/aws-service-role/ecs.amazonaws.com/";
            let entity = self.entity(id, "role", path, "AWSServiceRoleForECS");
            account.roles.push(Role { entity, trust: Value::Null });
        }
        for name in ["readers", "writers"].iter().take(self.random.below(3)) {
            account.groups.push(Group { name: (*name).to_owned(), policies: Holder::default() });
        }
        self.names.users.extend(account.users.iter().map(|user| user.entity.arn.clone()));
        self.names.roles.extend(account.roles.iter().map(|role| role.entity.arn.clone()));
        account
    }

    fn name_resources(&mut self) {
        let mut resources = Vec::new();
        for bucket in ["pay", "logs", "open"] {
            resources.push(format!("arn:aws:s3:::{bucket}"));
            resources.push(format!("arn:aws:s3:::{bucket}/ana/report.csv"));
        }
        for account in &self.names.accounts {
            resources
                .push(format!("arn:aws:kms:eu-west-1:{account}:key/11111111-aaaa-4bbb-8ccc-000000000001"));
            resources.push(format!("arn:aws:sqs:eu-west-1:{account}:jobs"));
            resources.push(format!("arn:aws:sns:eu-west-1:{account}:alerts"));
            resources.push(format!("arn:aws:lambda:eu-west-1:{account}:function:resize"));
            resources.push(format!("arn:aws:secretsmanager:eu-west-1:{account}:secret:db-a1b2c3"));
            resources.push(format!("arn:aws:dynamodb:eu-west-1:{account}:table/orders"));
            resources.push(format!("arn:aws:iam::{account}:user/ana"));
        }
        resources.extend(self.names.roles.iter().cloned());
        self.names.resources = resources;
    }

    /// A policy document; now and then one that the provider would reject.
    fn policy(&mut self, denies: usize, conditions: usize) -> Value {
        let count = 1 + self.random.below(3);
        let mut statements = Vec::new();
        for _ in 0..count {
            let effect = if self.random.percent(denies) { "Deny" } else { "Allow" };
            statements.push(self.names.statement(&mut self.random, effect, conditions));
        }
        let mut result = document(statements);
        if self.random.percent(4) {
            result["Version"] = json!("2008-10-17");
        }
        if self.random.percent(2) {
            result = self.rejected();
        }
        if result["Statement"].as_array().is_some_and(|all| all.len() == 1) && self.random.percent(20) {
            result["Statement"] = result["Statement"][0].take();
        }
        result
    }

    fn rejected(&mut self) -> Value {
        let misspelt_effect = self.random.percent(50);
        let mut statement =
            self.names.statement(&mut self.random, "Allow", if misspelt_effect { 40 } else { 0 });
        if misspelt_effect {
            statement["Effect"] = json!("Permit");
        } else {
            statement["Condition"] = json!({"StringMatches": {"aws:RequestedRegion": "eu-west-1"}});
        }
        document(vec![statement])
    }

    /// A grant wide enough for the other layers to matter, sometimes under a condition.
    fn broad(&mut self) -> Value {
        let mut statement = match self.random.below(3) {
            0 => json!({"Effect": "Allow", "Action": "*", "Resource": "*"}),
            1 => json!({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}),
            _ => json!({"Effect": "Allow", "Resource": "*",
                "Action": ["s3:*", "sqs:*", "kms:*", "sts:*", "lambda:*", "secretsmanager:*"]}),
        };
        if let Some(members) = statement.as_object_mut() {
            self.names.guard(&mut self.random, members, 40, true);
        }
        document(vec![statement])
    }

    fn holder(&mut self, account: &Account, doubtful: bool) -> Holder {
        let mut holder = Holder::default();
        for at in 0..self.random.below(3) {
            let document = if self.random.percent(25) { self.broad() } else { self.policy(18, 50) };
            let doubtful = doubtful && self.random.percent(3);
            holder.inline.push(Inline { name: format!("inline-{at}"), document, doubtful });
        }
        let mut arns: Vec<String> = account.policies.iter().map(|policy| policy.arn.clone()).collect();
        self.random.shuffle(&mut arns);
        holder.attached = arns.into_iter().take(self.random.below(3)).collect();
        if self.random.percent(4) {
            holder.attached.push(format!("arn:aws:iam::{}:policy/not-exported", account.id));
        }
        holder
    }

    fn fill(&mut self, account: &mut Account) {
        let own = format!("arn:aws:iam::{}:policy/", account.id);
        for name in ["base", "limit", "extra"] {
            let document = if self.random.percent(20) { self.broad() } else { self.policy(15, 40) };
            account.policies.push(Managed { arn: format!("{own}{name}"), document });
        }
        if self.random.percent(40) {
            let arn = "arn:aws:iam::aws:policy/ReadEverything".to_owned();
            let read = json!({"Effect": "Allow", "Action": ["s3:Get*", "s3:List*", "kms:Describe*", "sqs:Receive*"],
                "Resource": "*"});
            account.policies.push(Managed { arn, document: document(vec![read]) });
        }
        let mut users = std::mem::take(&mut account.users);
        for user in &mut users {
            user.entity.policies = self.holder(account, true);
            user.entity.boundary = self.boundary(account);
            for group in &account.groups {
                if self.random.percent(50) {
                    user.groups.push(group.name.clone());
                }
            }
        }
        let mut roles = std::mem::take(&mut account.roles);
        for role in &mut roles {
            role.entity.policies = self.holder(account, true);
            role.trust = self.trust();
            if !role.entity.arn.contains("aws-service-role") {
                role.entity.boundary = self.boundary(account);
            }
        }
        let mut groups = std::mem::take(&mut account.groups);
        for group in &mut groups {
            group.policies = self.holder(account, false);
        }
        account.users = users;
        account.roles = roles;
        account.groups = groups;
    }

    fn boundary(&mut self, account: &Account) -> Option<String> {
        if self.random.percent(3) {
            return Some(format!("arn:aws:iam::{}:policy/boundary-not-exported", account.id));
        }
        self.random.percent(30).then(|| self.random.pick(&account.policies).arn.clone())
    }

    fn trust(&mut self) -> Value {
        let mut statements = Vec::new();
        for _ in 0..=self.random.below(3) {
            let effect = if self.random.percent(12) { "Deny" } else { "Allow" };
            statements.push(self.names.resource_statement(&mut self.random, effect, "sts", &Value::Null));
        }
        document(statements)
    }

    fn guardrail(&mut self, id: String, resource_side: bool) -> Guardrail {
        let conditions = if resource_side { 25 } else { 35 };
        let mut statement = self.names.statement(&mut self.random, "Deny", conditions);
        if resource_side {
            // A resource control policy must name everybody, and knows no NotAction.
            statement["Principal"] = json!("*");
            plain_actions(&mut statement);
        }
        let content = (!self.random.percent(3)).then(|| document(vec![statement]));
        Guardrail { id, resource_side, content }
    }

    fn guardrails(&mut self, level: &str) -> Vec<Guardrail> {
        let mut policies = Vec::new();
        if !self.random.percent(2) {
            let content = if self.random.percent(10) { self.policy(0, 10) } else { full_access() };
            policies.push(Guardrail {
                id: format!("p-allow{level}"),
                resource_side: false,
                content: Some(content),
            });
        }
        if self.random.percent(35) {
            policies.push(self.guardrail(format!("p-scp{level}"), false));
        }
        if self.random.percent(75) {
            policies.push(self.guardrail(format!("p-rcp{level}"), true));
        }
        policies
    }

    fn organization(&mut self) -> Organization {
        let mut root = Node { id: "r-root".to_owned(), policies: self.guardrails("root"), ..Node::default() };
        let mut unit = Node { id: "ou-a".to_owned(), policies: self.guardrails("a"), ..Node::default() };
        let mut inner = Node { id: "ou-b".to_owned(), policies: self.guardrails("b"), ..Node::default() };
        let mut members = self.names.accounts.clone();
        members.push(UNLOADED[0].to_owned());
        for account in members {
            if self.random.percent(12) {
                continue;
            }
            let policies = self.guardrails(&account);
            let member = Member { account, policies };
            match self.random.below(4) {
                0 => root.accounts.push(member),
                1 => inner.accounts.push(member),
                _ => unit.accounts.push(member),
            }
        }
        let management =
            if self.random.percent(25) { self.names.accounts[0].clone() } else { "000011112222".to_owned() };
        let listed = root
            .accounts
            .iter()
            .chain(&unit.accounts)
            .chain(&inner.accounts)
            .any(|m| m.account == management);
        if !listed {
            root.accounts.push(Member { account: management.clone(), policies: self.guardrails("own") });
        }
        unit.units.push(inner);
        root.units.push(unit);
        Organization { id: ORGANIZATION.to_owned(), management, root }
    }

    fn resources(&mut self) -> Vec<Resource> {
        let mut found = Vec::new();
        for arn in self.names.resources.clone() {
            let service = arn.split(':').nth(2).unwrap_or_default();
            let account = super::caller::account_of(&arn)
                .unwrap_or_else(|| self.random.pick(&self.names.accounts).clone());
            let mut shape = match service {
                "s3" if !arn.contains('/') => Shape::Bucket,
                "kms" => Shape::Key,
                "sqs" => Shape::Queue,
                "sns" => Shape::Topic,
                "lambda" => Shape::Function,
                "secretsmanager" => Shape::Secret,
                "dynamodb" => Shape::Row,
                _ => continue,
            };
            if self.random.percent(30) {
                continue;
            }
            if self.random.percent(25) {
                shape = Shape::Row;
            }
            let named = match service {
                "s3" => json!([arn, format!("{arn}/*")]),
                "kms" => json!("*"),
                _ => json!(arn),
            };
            let mut statements = Vec::new();
            if service == "kms" && self.random.percent(60) {
                statements.push(json!({"Effect": "Allow", "Action": "kms:*", "Resource": "*",
                    "Principal": {"AWS": format!("arn:aws:iam::{account}:root")}}));
            }
            for _ in 0..=self.random.below(3) {
                let effect = if self.random.percent(15) { "Deny" } else { "Allow" };
                statements.push(self.names.resource_statement(&mut self.random, effect, service, &named));
            }
            let mut policy = document(statements);
            if self.random.percent(2) {
                policy["Statement"][0]["Effect"] = json!("Permit");
                if let Some(members) = policy["Statement"][0].as_object_mut() {
                    members.remove("Condition");
                    members.remove("NotPrincipal");
                    members.insert("Principal".to_owned(), json!("*"));
                }
                policy["Statement"].as_array_mut().into_iter().for_each(|all| all.truncate(1));
            }
            let mut grants = Vec::new();
            while service == "kms" && grants.len() < 3 && self.random.percent(45) {
                let grantee = self.names.grantee(&mut self.random);
                let operations = ["Decrypt", "Encrypt", "DescribeKey"].map(str::to_owned).into_iter();
                grants.push((grantee, operations.filter(|_| self.random.percent(60)).collect()));
            }
            found.push(Resource { arn, account, shape, policy, grants });
        }
        found
    }

    fn endpoint(&mut self, at: usize) -> Endpoint {
        let owner = self.random.pick(&self.names.accounts).clone();
        let mut statements = Vec::new();
        for _ in 0..=self.random.below(2) {
            let effect = if self.random.percent(20) { "Deny" } else { "Allow" };
            let mut statement = self.names.statement(&mut self.random, effect, 20);
            statement["Principal"] = match self.random.below(5) {
                0 => json!({"AWS": format!("arn:aws:iam::{owner}:root")}),
                1 => json!({"AWS": self.random.pick(&self.names.users)}),
                _ => json!("*"),
            };
            statements.push(statement);
        }
        Endpoint { id: format!("vpce-{at}"), owner, policy: document(statements) }
    }
}
