//! Inputs that are damaged, hostile or contradict each other: typed errors with their place, or a line in
//! `coverage.rejected`; never a panic, never a loss of what was read before.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails"
)]

use ciem_core::{
    Decision, Error, LoadOptions, OnError, Query, Rejected, Request, Snapshot, SnapshotBuilder, Verdict, wire,
};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::io::Write;
use std::sync::LazyLock;

const OBJECT: &str = "arn:aws:s3:::pay/a.csv";

fn user_arn(name: &str) -> String {
    format!("arn:aws:iam::111122223333:user/{name}")
}

/// A user with one inline policy, and nothing else in the account.
fn export_with(name: &str, document: &Value) -> Value {
    json!({
        "UserDetailList": [{
            "Arn": user_arn(name), "UserName": name, "UserId": format!("AIDA{name}"), "Path": "/",
            "UserPolicyList": [{"PolicyName": "inline", "PolicyDocument": document}],
        }],
        "GroupDetailList": [], "RoleDetailList": [], "Policies": [],
    })
}

fn allow(action: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]})
}

fn good() -> Vec<u8> {
    export_with("ana", &allow("s3:*")).to_string().into_bytes()
}

/// One of everything that readers know, as a list of answers.
fn estate() -> Value {
    let mut account = export_with(
        "ana",
        &json!({"Version": "2012-10-17", "Statement": [
            {"Sid": "a", "Effect": "Allow", "Action": ["s3:Get*", "iam:*"], "Resource": ["*", "arn:aws:s3:::${aws:username}/*"],
             "Condition": {"StringLike": {"aws:PrincipalTag/team": ["pay", "${aws:username}"]},
                           "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}},
            {"Effect": "Deny", "NotAction": "s3:*", "NotResource": "arn:aws:s3:::b/*",
             "Condition": {"ForAnyValue:StringEquals": {"aws:TagKeys": ["x"]}, "DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}}},
        ]}),
    );
    account["UserDetailList"][0]["GroupList"] = json!(["team"]);
    account["UserDetailList"][0]["Tags"] = json!([{"Key": "team", "Value": "pay"}]);
    account["UserDetailList"][0]["PermissionsBoundary"] = json!({"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": "arn:aws:iam::111122223333:policy/limit"});
    account["GroupDetailList"] = json!([{
        "Arn": "arn:aws:iam::111122223333:group/team", "GroupName": "team", "GroupId": "AGPA", "Path": "/",
        "AttachedManagedPolicies": [{"PolicyName": "limit", "PolicyArn": "arn:aws:iam::111122223333:policy/limit"}],
    }]);
    account["RoleDetailList"] = json!([{
        "Arn": "arn:aws:iam::111122223333:role/app", "RoleName": "app", "RoleId": "AROA", "Path": "/",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Principal": {"AWS": ["111122223333"], "Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}},
        "RolePolicyList": [],
    }]);
    account["Policies"] = json!([{
        "Arn": "arn:aws:iam::111122223333:policy/limit", "PolicyName": "limit", "DefaultVersionId": "v2",
        "PolicyVersionList": [
            {"VersionId": "v1", "IsDefaultVersion": false, "Document": allow("s3:GetObject")},
            {"VersionId": "v2", "IsDefaultVersion": true, "Document": allow("*")},
        ],
    }]);
    let scp = json!({"Id": "p-1", "Name": "scp", "Type": "SERVICE_CONTROL_POLICY", "Content": allow("*").to_string()});
    let bucket = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": user_arn("ana")}, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::pay/*"}]});
    json!([
        account,
        {"Organization": {"Id": "o-1", "MasterAccountId": "999900001111"}, "Root": {
            "Id": "r-1", "Policies": [scp], "OrganizationalUnits": [],
            "Accounts": [{"Id": "111122223333", "Policies": [scp]}]}},
        {"resource_arn": "arn:aws:s3:::pay", "account_id": "111122223333", "policy": bucket},
    ])
}

fn load(inputs: &[(&str, &[u8])]) -> Result<Snapshot, Error> {
    let mut builder = SnapshotBuilder::new();
    for (name, bytes) in inputs {
        builder.add(name, bytes)?;
    }
    builder.finish()
}

fn load_json(inputs: &[(&str, &Value)]) -> Snapshot {
    let texts: Vec<_> = inputs.iter().map(|(name, value)| (*name, value.to_string())).collect();
    let inputs: Vec<_> = texts.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    load(&inputs).unwrap()
}

fn failure(bytes: &[u8]) -> Error {
    load(&[("bad.json", bytes)]).expect_err("loads")
}

fn can(snapshot: &Snapshot, principal: &str, action: &str) -> Decision {
    snapshot.can(&Request::new(principal, action, OBJECT)).unwrap()
}

/// Everything that a snapshot says, as text; of `coverage` all or none.
fn everything(snapshot: &Snapshot, with_coverage: bool) -> Vec<String> {
    let mut asked = vec![
        ("principals", json!({})),
        ("resources", json!({})),
        ("who_can", json!({"action": "s3:GetObject", "resource": OBJECT})),
        ("who_can", json!({"action": "sts:AssumeRole"})),
        ("who_can", json!({"action": "iam:CreateUser"})),
    ];
    if with_coverage {
        asked.push(("coverage", json!({})));
    }
    for row in snapshot.principals() {
        asked.push(("what_can", json!({"principal": row.principal})));
        asked.push((
            "explain",
            json!({"principal": row.principal, "action": "s3:GetObject", "resource": OBJECT}),
        ));
    }
    let answer = |(verb, request): &(&str, Value)| match wire::call(snapshot, verb, &request.to_string()) {
        Ok(answer) => answer,
        Err(error) => wire::error_json(&error),
    };
    asked.iter().map(answer).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An input that is not read at all.
struct Bad {
    what: &'static str,
    bytes: Vec<u8>,
    code: &'static str,
    pointer: Option<&'static str>,
    line: Option<u64>,
    /// Part of the message.
    word: &'static str,
}

fn bad_inputs() -> Vec<Bad> {
    let good = good();
    let nested = format!(r#"{{"UserDetailList": {}{}}}"#, "[".repeat(5000), "]".repeat(5000));
    let mut damaged = gzip(&good);
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0xff;
    let mut cut = gzip(&good);
    cut.truncate(cut.len() - 12);
    let bad = [
        ("truncated", good[..good.len() / 2].to_vec(), "malformed", None, Some(1), "export it again"),
        (
            "a list that is none",
            b"{\"UserDetailList\": [],\n \"RoleDetailList\": {\"Arn\": 5}}".to_vec(),
            "malformed",
            Some("/RoleDetailList"),
            Some(2),
            "export it again",
        ),
        (
            "a text that is none",
            b"{\"UserDetailList\": [\n{\"Arn\": 5}]}".to_vec(),
            "malformed",
            Some("/UserDetailList/0/Arn"),
            Some(2),
            "export it again",
        ),
        (
            "not UTF-8",
            b"{\"UserDetailList\": [\n\"\xff\xfe\"]}".to_vec(),
            "malformed",
            None,
            Some(2),
            "UTF-8",
        ),
        ("UTF-16", b"\xff\xfe{\x00}\x00".to_vec(), "malformed", None, Some(1), "UTF-8"),
        ("too deep", nested.into_bytes(), "too_deep", None, None, "levels"),
        ("damaged gzip", damaged, "malformed", None, None, "gzip"),
        ("gzip that ends early", cut, "malformed", None, None, "gzip"),
        (
            "another format",
            b"{\"name\": \"x\", \"version\": 1}".to_vec(),
            "unrecognised",
            None,
            None,
            "docs/providers",
        ),
        ("nothing", Vec::new(), "unrecognised", None, None, "docs/providers"),
        (
            "a second answer that is damaged",
            [&good[..], b"\n{\"UserDetailList\": 5}"].concat(),
            "malformed",
            Some("/UserDetailList"),
            Some(2),
            "export it again",
        ),
    ];
    bad.map(|(what, bytes, code, pointer, line, word)| Bad { what, bytes, code, pointer, line, word }).into()
}

#[test]
fn damaged_inputs_are_typed_errors_with_their_place() {
    for Bad { what, bytes, code, pointer, line, word } in bad_inputs() {
        let error = failure(&bytes);
        assert_eq!(error.code(), code, "{what}: {error}");
        let place = error.place().unwrap_or_else(|| panic!("{what}: no place"));
        assert_eq!(place.source.as_deref(), Some("bad.json"), "{what}");
        assert_eq!(place.pointer.as_deref(), pointer, "{what}: {error}");
        assert_eq!(place.line, line, "{what}: {error}");
        assert!(error.to_string().contains(word), "{what}: {error}");
    }
}

#[test]
fn a_failed_add_leaves_what_was_there() {
    let (estate, late) = (estate().to_string(), export_with("bo", &allow("s3:GetObject")).to_string());
    let expected = everything(
        &load(&[("estate.json", estate.as_bytes()), ("late.json", late.as_bytes())]).unwrap(),
        true,
    );
    for Bad { what, bytes, .. } in bad_inputs() {
        let mut builder = SnapshotBuilder::new();
        assert!(builder.add("first.json", &bytes).is_err(), "{what}");
        builder.add("estate.json", estate.as_bytes()).unwrap();
        assert!(builder.add("bad.json", &bytes).is_err(), "{what}");
        builder.add("late.json", late.as_bytes()).unwrap();
        assert!(builder.add("bad.json", &bytes).is_err(), "{what}");
        assert_eq!(everything(&builder.finish().unwrap(), true), expected, "{what}");
    }
}

#[test]
fn skipping_loses_nothing_else() {
    let (estate, late) = (estate().to_string(), export_with("bo", &allow("s3:GetObject")).to_string());
    let whole = load(&[("estate.json", estate.as_bytes()), ("late.json", late.as_bytes())]).unwrap();
    for Bad { what, bytes, word, .. } in bad_inputs() {
        let mut builder = SnapshotBuilder::with_options(&LoadOptions::default().on_error(OnError::Skip));
        builder.add("estate.json", estate.as_bytes()).unwrap();
        builder.add("bad.json", &bytes).unwrap();
        builder.add("late.json", late.as_bytes()).unwrap();
        let snapshot = builder.finish().unwrap();
        assert_eq!(everything(&snapshot, false), everything(&whole, false), "{what}");
        let (mut coverage, expected) = (snapshot.coverage(), whole.coverage());
        let at = coverage.files.iter().position(|file| file.name == "bad.json").unwrap();
        let skipped = coverage.files.remove(at);
        assert_eq!((skipped.kind.as_str(), skipped.records), ("unrecognised", 0), "{what}");
        assert!(skipped.errors[0].contains(word), "{what}: {:?}", skipped.errors);
        assert_eq!(coverage, expected, "{what}");
    }
}

#[test]
fn a_bomb_is_refused_at_the_limit() {
    let limit = 1 << 20;
    let bomb = gzip(&vec![b' '; 64 << 20]);
    assert!(bomb.len() < limit);
    let mut builder = SnapshotBuilder::with_options(&LoadOptions::default().max_bytes(limit as u64));
    let error = builder.add("bomb.json.gz", &bomb).unwrap_err();
    assert_eq!((error.code(), error.place().unwrap().source.as_deref()), ("too_large", Some("bomb.json.gz")));
    assert!(error.to_string().contains("max_bytes"), "{error}");
    assert_eq!(builder.add_reader("bomb.json.gz", bomb.as_slice()).unwrap_err().code(), "too_large");
    assert_eq!(builder.add_reader("endless", std::io::repeat(b'[')).unwrap_err().code(), "too_large");
    builder.add("good.json", &good()).unwrap();
    assert_eq!(can(&builder.finish().unwrap(), "ana", "s3:GetObject").verdict, Verdict::Allow);
}

#[test]
fn the_limit_counts_unpacked_bytes_and_is_inclusive() {
    let good = good();
    let exact = LoadOptions::default().max_bytes(good.len() as u64);
    let less = LoadOptions::default().max_bytes(good.len() as u64 - 1);
    for bytes in [good.clone(), gzip(&good)] {
        SnapshotBuilder::with_options(&exact).add("a", &bytes).unwrap();
        assert_eq!(SnapshotBuilder::with_options(&less).add("a", &bytes).unwrap_err().code(), "too_large");
    }
    SnapshotBuilder::with_options(&exact).add_reader("a", good.as_slice()).unwrap();
    assert_eq!(
        SnapshotBuilder::with_options(&less).add_reader("a", good.as_slice()).unwrap_err().code(),
        "too_large"
    );
}

#[test]
fn gzip_in_several_members_is_one_input() {
    let good = good();
    let (head, tail) = good.split_at(good.len() / 2);
    let snapshot = load(&[("a.gz", &[gzip(head), gzip(tail)].concat())]).unwrap();
    assert_eq!(can(&snapshot, "ana", "s3:GetObject").verdict, Verdict::Allow);
}

/// The one rejection, which must say in which input and what to do.
fn only_rejection(snapshot: &Snapshot) -> Rejected {
    let [rejected] = <[Rejected; 1]>::try_from(snapshot.coverage().rejected).unwrap();
    assert!(!rejected.reason.is_empty());
    rejected
}

#[test]
fn a_document_that_aws_would_reject_never_grants_and_is_named() {
    let statement = |members: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"s3:*","Resource":"*"}},{members}]}}"#
        )
    };
    let cases = [
        (statement(r#"{"Effect":"allow","Action":"s3:*","Resource":"*"}"#), "/Statement/1/Effect"),
        (statement(r#"{"Effect":"Deny","Resource":"*"}"#), "/Statement/1/Action"),
        (
            statement(r#"{"Effect":"Deny","Action":"s3:*","NotAction":"iam:*","Resource":"*"}"#),
            "/Statement/1/NotAction",
        ),
        (statement(r#"{"Effect":"Deny","Action":"s3:*"}"#), "/Statement/1/Resource"),
        (
            statement(r#"{"Effect":"Deny","Action":"s3:*","Resource":"*","Principal":"*"}"#),
            "/Statement/1/Principal",
        ),
        (
            statement(
                r#"{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:a":"1"},"StringEquals":{"aws:b":"2"}}}"#,
            ),
            "/Statement/1/Condition/StringEquals",
        ),
        (
            statement(
                r#"{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:a":"1","aws:a":"2"}}}"#,
            ),
            "/Statement/1/Condition/StringEquals/aws:a",
        ),
        (
            statement(
                r#"{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"StringSame":{"aws:a":"1"}}}"#,
            ),
            "/Statement/1/Condition/StringSame/aws:a",
        ),
        (
            r#"{"Version":"2010-01-01","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#
                .to_owned(),
            "/Version",
        ),
        (r#"{"Version":"2012-10-17"}"#.to_owned(), "/Statement"),
        (r#""not json""#.to_owned(), ""),
        ("[]".to_owned(), ""),
        ("null".to_owned(), ""),
    ];
    for (document, pointer) in cases {
        let mark = json!("DOCUMENT");
        let text = export_with("ana", &mark).to_string().replace("\"DOCUMENT\"", &document);
        let snapshot = load(&[
            ("account.json", text.as_bytes()),
            ("b.json", export_with("bo", &allow("s3:*")).to_string().as_bytes()),
        ])
        .unwrap();
        let rejected = only_rejection(&snapshot);
        assert_eq!(rejected.policy, format!("inline of {}", user_arn("ana")), "{document}");
        assert_eq!(
            (rejected.pointer.as_str(), rejected.source.as_str()),
            (pointer, "account.json"),
            "{document}"
        );
        let decision = can(&snapshot, "ana", "s3:GetObject");
        assert_eq!(decision.verdict, Verdict::Unknown, "{document}");
        assert_eq!(decision.missing[0].subject, rejected.policy, "{document}");
        assert!(decision.missing[0].how.contains("correct the policy"), "{document}");
        assert_eq!(can(&snapshot, "bo", "s3:GetObject").verdict, Verdict::Allow, "{document}");
    }
}

#[test]
fn a_policy_whose_version_in_force_is_unclear_is_named() {
    let policy = |versions: Value, default: &str| {
        let mut export = export_with("ana", &allow("s3:PutObject"));
        let arn = "arn:aws:iam::111122223333:policy/p";
        export["UserDetailList"][0]["AttachedManagedPolicies"] =
            json!([{"PolicyName": "p", "PolicyArn": arn}]);
        export["Policies"] = json!([{"Arn": arn, "PolicyName": "p", "DefaultVersionId": default, "PolicyVersionList": versions}]);
        export
    };
    let version = |id: &str, default: bool, action: &str| json!({"VersionId": id, "IsDefaultVersion": default, "Document": allow(action)});
    let (one, two) = ("s3:GetObject", "s3:GetObjectAcl");
    for versions in [
        json!([version("v1", true, one), version("v2", true, two)]),
        json!([version("v1", false, one), version("v2", false, two)]),
        json!([version("v1", true, one), version("v2", false, two)]),
        json!([]),
    ] {
        let snapshot = load_json(&[("account.json", &policy(versions.clone(), "v2"))]);
        let rejected = only_rejection(&snapshot);
        assert_eq!(rejected.policy, "arn:aws:iam::111122223333:policy/p", "{versions}");
        assert_eq!(
            (rejected.pointer.as_str(), rejected.source.as_str()),
            ("/PolicyVersionList", "account.json")
        );
        // Whatever is in force could also deny what the inline policy grants.
        assert_eq!(can(&snapshot, "ana", one).verdict, Verdict::Unknown, "{versions}");
        assert_eq!(can(&snapshot, "ana", "s3:PutObject").verdict, Verdict::Unknown, "{versions}");
    }
    let clear = json!([version("v1", false, one), version("v2", true, two)]);
    let snapshot = load_json(&[("account.json", &policy(clear.clone(), "v2"))]);
    assert!(snapshot.coverage().rejected.is_empty());
    // The same policy with another document in a second input: neither is surely in force.
    let other = policy(json!([version("v2", true, one)]), "v2");
    let snapshot = load_json(&[("account.json", &policy(clear, "v2")), ("later.json", &other)]);
    assert_eq!(only_rejection(&snapshot).policy, "arn:aws:iam::111122223333:policy/p");
    assert_eq!(can(&snapshot, "ana", one).verdict, Verdict::Unknown);
    assert_eq!(can(&snapshot, "ana", two).verdict, Verdict::Unknown);
    // Both versions only allow other things: what the inline policy grants stays.
    assert_eq!(can(&snapshot, "ana", "s3:PutObject").verdict, Verdict::Allow);
    assert_eq!(can(&snapshot, "ana", "s3:DeleteObject").verdict, Verdict::Deny);
}

#[test]
fn an_organisation_without_a_way_to_its_root_is_named() {
    let account = export_with("ana", &allow("s3:*"));
    let above = |child: &str, parent: &str| json!({"ChildId": child, "Parents": [{"Id": parent, "Type": "ORGANIZATIONAL_UNIT"}]});
    let policies = json!({"TargetId": "ou-1-a", "Filter": "SERVICE_CONTROL_POLICY", "Policies": [
        {"Id": "p-FullAWSAccess", "Name": "FullAWSAccess", "Type": "SERVICE_CONTROL_POLICY"}]});
    let cycle = json!([
        above("111122223333", "ou-1-a"),
        above("ou-1-a", "ou-1-b"),
        above("ou-1-b", "ou-1-a"),
        policies
    ]);
    let itself = json!([above("111122223333", "ou-1-a"), above("ou-1-a", "ou-1-a"), policies]);
    let two = json!([above("111122223333", "ou-1-a"), above("111122223333", "ou-1-b"), policies]);
    for tree in [cycle, itself, two] {
        let snapshot = load_json(&[("account.json", &account), ("tree.json", &tree)]);
        let rejected = snapshot.coverage().rejected;
        assert!(
            rejected
                .iter()
                .any(|rejected| rejected.policy.contains("111122223333")
                    && rejected.reason.contains("list-roots")),
            "{tree}: {rejected:?}"
        );
        let decision = can(&snapshot, "ana", "s3:GetObject");
        assert_eq!(decision.verdict, Verdict::Unknown, "{tree}");
        assert!(!decision.missing.is_empty());
        // What nobody allows stays denied, whatever the organisation says.
        assert_eq!(can(&snapshot, "ana", "ec2:RunInstances").verdict, Verdict::Deny, "{tree}");
    }
}

#[test]
fn hostile_patterns_take_no_long_time() {
    let stars = format!("arn:aws:s3:::{}b", "*a".repeat(2_000));
    let mut document = allow("s3:*");
    document["Statement"][0]["Resource"] = json!(stars);
    document["Statement"][0]["Action"] = json!(format!("s3:{}", "*e".repeat(2_000)));
    let snapshot = load_json(&[("account.json", &export_with("ana", &document))]);
    let asked = format!("arn:aws:s3:::{}", "a".repeat(20_000));
    assert_eq!(snapshot.can(&Request::new("ana", "s3:GetObject", asked)).unwrap().verdict, Verdict::Deny);
}

/// Asks everything; what comes back does not matter, that it comes back does.
fn ask_everything(snapshot: &Snapshot) {
    for row in snapshot.principals().take(8) {
        for action in ["s3:GetObject", "sts:AssumeRole", "iam:CreateUser"] {
            for resource in ["*", OBJECT, "arn:aws:iam::111122223333:role/app"] {
                if let Err(error) = snapshot.can(&Request::new(row.principal.as_str(), action, resource)) {
                    assert_ne!(error.code(), "internal");
                }
            }
        }
        if let Err(error) = snapshot.what_can(&Query::what(row.principal.as_str())) {
            assert_ne!(error.code(), "internal");
        }
    }
    for action in ["s3:GetObject", "sts:AssumeRole"] {
        if let Ok(holders) = snapshot.who_can(&Query::who(action, "*")) {
            assert_eq!(holders.rows().count() as u64, holders.count());
        }
    }
    assert!(serde_json::to_string(&snapshot.coverage()).is_ok());
}

fn load_and_ask(bytes: &[u8]) {
    let mut builder = SnapshotBuilder::new();
    match builder.add("x", bytes) {
        Ok(()) => ask_everything(&builder.finish().unwrap()),
        Err(error) => assert_ne!(error.code(), "internal", "{error}"),
    }
}

/// All pointers of a value.
fn pointers(value: &Value, at: &str, out: &mut Vec<String>) {
    out.push(at.to_owned());
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, item)| pointers(item, &format!("{at}/{i}"), out));
        }
        Value::Object(members) => members.iter().for_each(|(name, item)| {
            pointers(item, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), out);
        }),
        _ => {}
    }
}

fn replacement() -> impl Strategy<Value = Value> {
    let texts = [
        "",
        "*",
        "s3:*",
        "arn:aws:s3:::pay/*",
        "arn:aws:iam::111122223333:user/ana",
        "arn:",
        "arn:aws:iam::*:user/*",
        "${aws:username}",
        "${",
        "%7B",
        "Allow",
        "Deny",
        "r-1",
        "111122223333",
        "o-1",
        "\u{0}",
        "é:ü",
        "*:*",
        "a:b:c",
    ];
    prop_oneof![
        Just(Value::Null),
        Just(json!(true)),
        Just(json!(-1.5e300)),
        Just(json!([])),
        Just(json!({})),
        Just(json!([["x"], {"a": [null]}])),
        prop::sample::select(texts.to_vec()).prop_map(|text| json!(text)),
        prop::sample::select(texts.to_vec()).prop_map(|text| json!([text, text])),
        prop::sample::select(texts.to_vec()).prop_map(|text| json!({ text: text })),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn damaged_bytes_never_panic(
        damage in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..24, prop::collection::vec(any::<u8>(), 0..4)), 1..4),
        packed in any::<bool>(),
    ) {
        let mut bytes = estate().to_string().into_bytes();
        if packed {
            bytes = gzip(&bytes);
        }
        for (at, length, with) in damage {
            let start = at.index(bytes.len());
            let end = (start + length).min(bytes.len());
            bytes.splice(start..end, with);
        }
        load_and_ask(&bytes);
    }

    #[test]
    fn wrong_values_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), replacement(), any::<prop::sample::Index>(), any::<bool>()), 1..4),
    ) {
        let mut value = estate();
        for (at, with, from, copied) in changes {
            let mut all = Vec::new();
            pointers(&value, "", &mut all);
            let with = if copied { value.pointer(&all[from.index(all.len())]).cloned().unwrap() } else { with };
            *value.pointer_mut(&all[at.index(all.len())]).unwrap() = with;
        }
        load_and_ask(value.to_string().as_bytes());
    }

    #[test]
    fn any_question_is_answered_or_refused(principal in "\\PC{0,40}", action in "\\PC{0,40}", resource in "\\PC{0,40}") {
        static SNAPSHOT: LazyLock<Snapshot> = LazyLock::new(|| load_json(&[("estate.json", &estate())]));
        let snapshot = &*SNAPSHOT;
        for (principal, action, resource) in [
            (principal.as_str(), "s3:GetObject", OBJECT),
            ("ana", action.as_str(), OBJECT),
            ("ana", "s3:GetObject", resource.as_str()),
        ] {
            if let Err(error) = snapshot.can(&Request::new(principal, action, resource)) {
                prop_assert_ne!(error.code(), "internal");
            }
            if let Err(error) = snapshot.who_can(&Query::who(action, resource)) {
                prop_assert_ne!(error.code(), "internal");
            }
            if let Err(error) = snapshot.what_can(&Query::what(principal).on(resource)) {
                prop_assert_ne!(error.code(), "internal");
            }
        }
    }
}
