//! Hand-made checks of the oracle itself: the rules, one by one, on a world of a few documents.

use serde_json::{Value, json};

use super::complete::{Verdict, WorldIndex, ask};
use super::conditions::{Held, Operand, Operator};
use super::generate::document;
use super::glob;
use super::world::{
    Account, Entity, Guardrail, Holder, Inline, Managed, Member, Node, Organization, Request, Resource, Role,
    User, World,
};

const A: &str = "111122223333";
const B: &str = "444455556666";
const ANA: &str = "arn:aws:iam::111122223333:user/ana";
const DEV: &str = "arn:aws:iam::111122223333:role/team/dev";
const BOB: &str = "arn:aws:iam::444455556666:user/bob";
const OBJECT: &str = "arn:aws:s3:::pay/x";
const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1";

fn inline(document: Value) -> Holder {
    Holder {
        inline: vec![Inline { name: "inline".to_owned(), document, doubtful: false }],
        attached: Vec::new(),
    }
}

fn entity(arn: &str, grants: Value) -> Entity {
    let name = arn.rsplit('/').next().unwrap_or_default().to_owned();
    Entity { name, arn: arn.to_owned(), policies: inline(grants), ..Entity::default() }
}

fn allow(action: &str, resource: &str) -> Value {
    document(vec![json!({"Effect": "Allow", "Action": action, "Resource": resource})])
}

fn nothing() -> Value {
    document(Vec::new())
}

/// Ana and the role dev in one account, Bob in another; nobody may do anything.
fn world() -> World {
    let ana = User { entity: entity(ANA, nothing()), groups: Vec::new() };
    let dev = Role { entity: entity(DEV, nothing()), trust: nothing() };
    let bob = User { entity: entity(BOB, nothing()), groups: Vec::new() };
    let first = Account { id: A.to_owned(), users: vec![ana], roles: vec![dev], ..Account::default() };
    let second = Account { id: B.to_owned(), users: vec![bob], ..Account::default() };
    World { accounts: vec![first, second], ..World::default() }
}

fn grant(world: &mut World, arn: &str, grants: Value) {
    for account in &mut world.accounts {
        let users = account.users.iter_mut().map(|user| &mut user.entity);
        users
            .chain(account.roles.iter_mut().map(|role| &mut role.entity))
            .filter(|entity| entity.arn == arn)
            .for_each(|entity| entity.policies = inline(grants.clone()));
    }
}

fn owned(world: &mut World, arn: &str, principal: Value) {
    let policy =
        document(vec![json!({"Effect": "Allow", "Principal": principal, "Action": "*", "Resource": "*"})]);
    world.resources.push(Resource {
        arn: arn.to_owned(),
        account: A.to_owned(),
        policy,
        ..Resource::default()
    });
}

fn limit(world: &mut World, arn: &str) {
    let policy = "arn:aws:iam::111122223333:policy/limit";
    let document = allow("sqs:*", "*");
    world.accounts[0].policies.push(Managed { arn: policy.to_owned(), document });
    let account = &mut world.accounts[0];
    let users = account.users.iter_mut().map(|user| &mut user.entity);
    users
        .chain(account.roles.iter_mut().map(|role| &mut role.entity))
        .filter(|entity| entity.arn == arn)
        .for_each(|entity| entity.boundary = Some(policy.to_owned()));
}

fn request(principal: &str, action: &str, resource: &str) -> Request {
    Request {
        principal: principal.to_owned(),
        action: action.to_owned(),
        resource: resource.to_owned(),
        ..Request::default()
    }
}

#[track_caller]
fn expect(world: &World, request: &Request, verdict: Verdict, layers: &[&str]) {
    let index = WorldIndex::new(world);
    let answer = ask(world, &index, request).expect("few completions");
    let found: Vec<&str> = answer.surely.iter().copied().collect();
    assert_eq!((answer.verdicts, found), (vec![verdict], layers.to_vec()));
}

#[test]
fn one_side_suffices_in_one_account_and_two_are_needed_across() {
    let mut world = world();
    expect(&world, &request(ANA, "s3:GetObject", OBJECT), Verdict::Deny, &["identity"]);
    owned(&mut world, "arn:aws:s3:::pay", json!({"AWS": [ANA, BOB]}));
    expect(&world, &request(ANA, "s3:GetObject", OBJECT), Verdict::Allow, &[]);
    expect(&world, &request(BOB, "s3:GetObject", OBJECT), Verdict::Deny, &["identity"]);
    grant(&mut world, BOB, allow("s3:get*", "arn:aws:s3:::pay/*"));
    expect(&world, &request(BOB, "s3:GetObject", OBJECT), Verdict::Allow, &[]);
    world.resources[0].policy = nothing();
    expect(&world, &request(BOB, "s3:GetObject", OBJECT), Verdict::Deny, &["resource"]);
}

#[test]
fn an_account_entry_only_delegates() {
    let mut world = world();
    owned(&mut world, "arn:aws:s3:::pay", json!({"AWS": A}));
    expect(&world, &request(ANA, "s3:GetObject", OBJECT), Verdict::Deny, &["identity"]);
    grant(&mut world, ANA, allow("*", "*"));
    expect(&world, &request(ANA, "s3:GetObject", OBJECT), Verdict::Allow, &[]);
}

#[test]
fn a_key_policy_decides_whether_identity_policies_count() {
    let mut world = world();
    grant(&mut world, ANA, allow("*", "*"));
    expect(&world, &request(ANA, "kms:Decrypt", KEY), Verdict::Allow, &[]);
    owned(&mut world, KEY, json!({"AWS": BOB}));
    expect(&world, &request(ANA, "kms:Decrypt", KEY), Verdict::Deny, &["resource"]);
    world.resources.clear();
    owned(&mut world, KEY, json!({"AWS": format!("arn:aws:iam::{A}:root")}));
    expect(&world, &request(ANA, "kms:Decrypt", KEY), Verdict::Allow, &[]);
    grant(&mut world, ANA, nothing());
    expect(&world, &request(ANA, "kms:Decrypt", KEY), Verdict::Deny, &["identity"]);
}

#[test]
fn trust_decides_about_assuming_a_role() {
    let mut world = world();
    grant(&mut world, ANA, allow("sts:AssumeRole", "*"));
    expect(&world, &request(ANA, "sts:AssumeRole", DEV), Verdict::Deny, &["trust"]);
    let trusting = |principal: Value| {
        document(vec![json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})])
    };
    world.accounts[0].roles[0].trust = trusting(json!({"AWS": A}));
    expect(&world, &request(ANA, "sts:AssumeRole", DEV), Verdict::Allow, &[]);
    grant(&mut world, ANA, nothing());
    expect(&world, &request(ANA, "sts:AssumeRole", DEV), Verdict::Deny, &["identity"]);
    world.accounts[0].roles[0].trust = trusting(json!({"AWS": ANA, "Service": "ec2.amazonaws.com"}));
    expect(&world, &request(ANA, "sts:AssumeRole", DEV), Verdict::Allow, &[]);
    expect(&world, &request("ec2.amazonaws.com", "sts:AssumeRole", DEV), Verdict::Allow, &[]);
    expect(&world, &request("sns.amazonaws.com", "sts:AssumeRole", DEV), Verdict::Deny, &["trust"]);
    grant(&mut world, ANA, allow("sts:AssumeRole", "*"));
    let far = "arn:aws:iam::123456789012:role/far";
    expect(&world, &request(ANA, "sts:AssumeRole", far), Verdict::Unknown, &[]);
}

#[test]
fn a_boundary_is_passed_by_user_session_and_star_but_not_by_role() {
    let session = "arn:aws:sts::111122223333:assumed-role/dev/s1";
    for (caller, named, verdict) in [
        (ANA, json!({"AWS": ANA}), Verdict::Allow),
        (ANA, json!("*"), Verdict::Allow),
        (session, json!({"AWS": session}), Verdict::Allow),
        (session, json!({"AWS": DEV}), Verdict::Deny),
    ] {
        let mut world = world();
        limit(&mut world, ANA);
        limit(&mut world, DEV);
        owned(&mut world, "arn:aws:s3:::pay", named);
        let layers: &[&str] = if verdict == Verdict::Deny { &["permissions_boundary"] } else { &[] };
        expect(&world, &request(caller, "s3:GetObject", OBJECT), verdict, layers);
    }
}

#[test]
fn a_session_policy_limits_everything_but_a_grant_to_the_session() {
    let session = "arn:aws:sts::111122223333:assumed-role/dev/s1";
    let mut world = world();
    grant(&mut world, DEV, allow("*", "*"));
    let mut asked = request(DEV, "s3:GetObject", OBJECT);
    asked.session_policies = vec![allow("s3:Put*", "*")];
    expect(&world, &asked, Verdict::Deny, &["session_policy"]);
    owned(&mut world, "arn:aws:s3:::pay", json!({"AWS": DEV}));
    expect(&world, &asked, Verdict::Deny, &["session_policy"]);
    world.resources.clear();
    owned(&mut world, "arn:aws:s3:::pay", json!({"AWS": session}));
    expect(&world, &asked, Verdict::Conditional, &[]);
    asked.session_name = Some("s1".to_owned());
    expect(&world, &asked, Verdict::Allow, &[]);
}

fn guarded(world: &mut World, account_level: Vec<Guardrail>) {
    let full = Guardrail { id: "p-full".to_owned(), resource_side: false, content: Some(allow("*", "*")) };
    let members = vec![Member { account: A.to_owned(), policies: account_level }];
    let root = Node { id: "r-root".to_owned(), policies: vec![full], accounts: members, ..Node::default() };
    world.organization =
        Some(Organization { id: "o-oracle".to_owned(), management: "000011112222".to_owned(), root });
}

#[test]
fn every_level_of_an_organisation_must_allow() {
    let mut world = world();
    grant(&mut world, ANA, allow("*", "*"));
    guarded(&mut world, Vec::new());
    expect(&world, &request(ANA, "s3:GetObject", OBJECT), Verdict::Deny, &["scp"]);
    world.organization.as_mut().expect("set above").management = A.to_owned();
    expect(&world, &request(ANA, "s3:GetObject", OBJECT), Verdict::Allow, &[]);
    let absent = Guardrail { id: "p-absent".to_owned(), resource_side: false, content: None };
    guarded(&mut world, vec![absent]);
    expect(&world, &request(ANA, "s3:GetObject", OBJECT), Verdict::Unknown, &[]);
}

#[test]
fn a_resource_control_policy_binds_the_services_that_support_it() {
    let mut world = world();
    grant(&mut world, ANA, allow("*", "*"));
    let deny = json!({"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"});
    let full = Guardrail { id: "p-1".to_owned(), resource_side: false, content: Some(allow("*", "*")) };
    let stop = Guardrail { id: "p-2".to_owned(), resource_side: true, content: Some(document(vec![deny])) };
    guarded(&mut world, vec![full, stop]);
    expect(&world, &request(ANA, "s3:GetObject", OBJECT), Verdict::Deny, &["rcp"]);
    expect(&world, &request(ANA, "iam:GetUser", ANA), Verdict::Allow, &[]);
}

#[test]
fn not_principal_always_hits_a_principal_with_a_boundary() {
    let mut world = world();
    for (arn, action) in [(ANA, "s3:*"), (DEV, "s3:*")] {
        grant(&mut world, arn, allow(action, "*"));
    }
    let deny = json!({"Effect": "Deny", "NotPrincipal": {"AWS": [ANA, DEV]}, "Action": "*", "Resource": "*"});
    let policy = document(vec![deny]);
    let arn = "arn:aws:s3:::pay".to_owned();
    world.resources.push(Resource { arn, account: A.to_owned(), policy, ..Resource::default() });
    expect(&world, &request(ANA, "s3:GetObject", OBJECT), Verdict::Allow, &[]);
    let session = "arn:aws:sts::111122223333:assumed-role/DEV/s1";
    expect(&world, &request(session, "s3:GetObject", OBJECT), Verdict::Allow, &[]);
    let bounded = "arn:aws:iam::111122223333:policy/limit".to_owned();
    world.accounts[0].policies.push(Managed { arn: bounded.clone(), document: allow("*", "*") });
    world.accounts[0].users[0].entity.boundary = Some(bounded);
    expect(&world, &request(ANA, "s3:GetObject", OBJECT), Verdict::Deny, &["resource"]);
    world.resources[0].policy["Statement"][0]["NotPrincipal"] = json!({"AWS": A});
    expect(&world, &request(DEV, "s3:GetObject", OBJECT), Verdict::Unknown, &[]);
}

#[test]
fn what_is_missing_makes_the_answer_unknown() {
    let mut world = world();
    world.accounts[0].users[0].entity.policies.attached = vec!["arn:aws:iam::aws:policy/NotHere".to_owned()];
    expect(&world, &request(ANA, "s3:GetObject", OBJECT), Verdict::Unknown, &[]);
    let broken = document(vec![json!({"Effect": "Permit", "Action": "s3:*", "Resource": "*"})]);
    world.accounts[0].users[0].entity.policies = inline(broken);
    expect(&world, &request(ANA, "s3:GetObject", OBJECT), Verdict::Unknown, &[]);
    expect(&world, &request(ANA, "iam:GetUser", ANA), Verdict::Deny, &["identity"]);
    let eve = "arn:aws:iam::123456789012:user/eve";
    expect(&world, &request(eve, "s3:GetObject", OBJECT), Verdict::Unknown, &[]);
    owned(&mut world, "arn:aws:s3:::pay", json!({"AWS": ANA}));
    expect(&world, &request(eve, "s3:GetObject", OBJECT), Verdict::Deny, &["resource"]);
}

#[test]
fn unknown_keys_are_tried_in_every_way() {
    let mut world = world();
    let guard = |test: Value| {
        document(vec![json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": test})])
    };
    let asked = request(ANA, "s3:GetObject", OBJECT);
    grant(&mut world, ANA, guard(json!({"Bool": {"aws:SecureTransport": "true"}})));
    expect(&world, &asked, Verdict::Conditional, &[]);
    let absent = Request { unknown_is_absent: true, ..asked.clone() };
    expect(&world, &absent, Verdict::Deny, &["identity"]);
    let both = document(vec![
        json!({"Effect": "Allow", "Action": "*", "Resource": "*",
            "Condition": {"NumericLessThan": {"s3:max-keys": "10"}}}),
        json!({"Effect": "Allow", "Action": "*", "Resource": "*",
            "Condition": {"NumericGreaterThanEqualsIfExists": {"s3:max-keys": "10"}}}),
    ]);
    grant(&mut world, ANA, both);
    let index = WorldIndex::new(&world);
    let answer = ask(&world, &index, &asked).expect("few completions");
    assert_eq!(answer.verdicts, [Verdict::Allow, Verdict::Conditional]);
}

#[test]
fn a_wildcard_question_is_about_every_resource() {
    let mut world = world();
    grant(&mut world, ANA, allow("s3:GetObject", "arn:aws:s3:::pay/a*"));
    expect(&world, &request(ANA, "s3:GetObject", "arn:aws:s3:::pay/*"), Verdict::Conditional, &[]);
    expect(&world, &request(ANA, "s3:GetObject", "arn:aws:s3:::pay/ab*"), Verdict::Allow, &[]);
    expect(&world, &request(ANA, "s3:GetObject", "arn:aws:s3:::logs/*"), Verdict::Deny, &["identity"]);
    grant(&mut world, ANA, allow("s3:*", "arn:aws:s3:::*"));
    expect(&world, &request(ANA, "s3:ListAllMyBuckets", "*"), Verdict::Deny, &["identity"]);
    expect(&world, &request(ANA, "sts:GetCallerIdentity", "*"), Verdict::Allow, &[]);
}

#[test]
fn operators_follow_their_table() {
    let one = |text: &str| Held::One(text.to_owned());
    let many = |texts: &[&str]| Held::Many(texts.iter().map(|text| (*text).to_owned()).collect());
    for (operator, values, held, expected) in [
        ("StringEquals", &["a"][..], Held::Absent, false),
        ("StringNotEquals", &["a"], Held::Absent, true),
        ("StringEqualsIfExists", &["a"], Held::Absent, true),
        ("ForAllValues:StringEquals", &["a"], Held::Absent, true),
        ("ForAnyValue:StringNotEquals", &["a"], Held::Absent, false),
        ("StringEquals", &["a"], many(&["a", "a"]), false),
        ("StringNotEquals", &["b"], many(&["a", "c"]), false),
        ("ForAllValues:StringLike", &["a*"], many(&["a", "ab"]), true),
        ("ForAnyValue:StringLike", &["a*"], one("ab"), true),
        ("NotIpAddress", &["10.0.0.0/8", "192.0.2.0/24"], one("192.0.2.9"), false),
        ("NotIpAddress", &["10.0.0.0/8"], one("2001:db8::1"), true),
        ("IpAddress", &["2001:db8::/32"], one("2001:0DB8:0:0::1"), true),
        ("NumericEquals", &["10"], one("10abc"), false),
        ("NumericNotEquals", &["10"], one("10abc"), false),
        ("NumericEquals", &["10"], one("10.0"), true),
        ("DateEquals", &["2026-01-01T00:00:00Z"], one("1767225600"), true),
        ("DateLessThan", &["1767225600"], one("2025-12-31T23:59:59Z"), true),
        ("Bool", &["TRUE"], one("true"), true),
        ("Bool", &["true"], one("1"), false),
        ("BinaryEquals", &["aGk="], one("aGk="), true),
        ("ArnLike", &["arn:aws:sns:*:1:t"], one("arn:aws:sns:x:1:t"), true),
        ("ArnLike", &["arn:aws:sns:*:t"], one("arn:aws:sns:x:1:t"), false),
        ("ArnNotLike", &["arn:aws:sns:*:1:t"], one("nothing"), false),
        ("StringLike", &["arn:*:t"], one("arn:aws:sns:x:1:t"), true),
        ("Null", &["True"], Held::Absent, true),
        ("Null", &["false"], one("x"), true),
    ] {
        let operands: Vec<Operand> = values.iter().map(|value| Some(glob::tokens(value))).collect();
        let found = Operator::parse(operator).holds(&operands, &held);
        assert_eq!(found, expected, "{operator} {values:?} on {held:?}");
    }
}
