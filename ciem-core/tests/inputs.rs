//! What exports come in: archives, streams, lines, folders, patterns, and the layout of a collector. Nothing that
//! is hostile gets further than a typed error, and what fails takes nothing else with it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test reads files and fails"
)]

#[path = "../src/container/tests/pack.rs"]
mod pack;

use ciem_core::{
    Cancel, Error, LoadOptions, OnError, Progress, Query, Request, Snapshot, SnapshotBuilder, Verdict,
};
use pack::{ZipEntry, gzip, tar, tar_block, tar_of, zip, zip_of, zip_shared};
use serde_json::{Value, json};
use std::io::Read;

const ACCOUNT: &str = "111122223333";

fn user(name: &str) -> Value {
    let document = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]});
    json!({"UserDetailList": [{
        "Arn": format!("arn:aws:iam::{ACCOUNT}:user/{name}"), "UserName": name, "UserId": format!("AIDA{name}"), "Path": "/",
        "UserPolicyList": [{"PolicyName": "inline", "PolicyDocument": document}],
    }], "GroupDetailList": [], "RoleDetailList": [], "Policies": []})
}

fn export(name: &str) -> Vec<u8> {
    user(name).to_string().into_bytes()
}

fn skipping() -> LoadOptions {
    LoadOptions::default().on_error(OnError::Skip)
}

fn load(inputs: &[(&str, &[u8])], options: &LoadOptions) -> Result<Snapshot, Error> {
    let mut builder = SnapshotBuilder::with_options(options);
    for (name, bytes) in inputs {
        builder.add(name, bytes)?;
    }
    builder.finish()
}

fn users(snapshot: &Snapshot) -> Vec<String> {
    snapshot.principals().filter(|row| row.loaded).map(|row| row.name.to_string()).collect()
}

/// Name, kind and first error of every input that was seen.
fn files(snapshot: &Snapshot) -> Vec<(String, String, String)> {
    let files = snapshot.coverage().files.into_iter();
    files.map(|file| (file.name, file.kind, file.errors.first().cloned().unwrap_or_default())).collect()
}

fn failure(bytes: &[u8]) -> Error {
    load(&[("x", bytes)], &LoadOptions::default()).expect_err("loads")
}

fn source(error: &Error) -> &str {
    error.place().and_then(|place| place.source.as_deref()).unwrap_or_default()
}

#[test]
fn every_container_gives_the_same_answers() {
    let (ana, bo) = (export("ana"), export("bo"));
    let packed = gzip(&bo);
    let entries: &[(&str, &[u8])] = &[("a.json", &ana), ("notes.txt", b"hello"), ("b.json.gz", &packed)];
    for bytes in [zip_of(entries), tar_of(entries), gzip(&tar_of(entries))] {
        let mut builder = SnapshotBuilder::new();
        builder.add_reader("stream", bytes.as_slice()).unwrap();
        for snapshot in [load(&[("x", &bytes)], &LoadOptions::default()).unwrap(), builder.finish().unwrap()]
        {
            assert_eq!(users(&snapshot), ["ana", "bo"]);
            let request = Request::new("bo", "s3:GetObject", "arn:aws:s3:::pay/a");
            assert_eq!(snapshot.can(&request).unwrap().verdict, Verdict::Allow);
        }
        let snapshot = load(&[("x", &bytes)], &LoadOptions::default()).unwrap();
        let names: Vec<_> = files(&snapshot).into_iter().map(|(name, kind, _)| (name, kind)).collect();
        let [known, other] = ["aws.authorization_details", "unrecognised"].map(str::to_owned);
        assert_eq!(
            names,
            [
                ("x!a.json".into(), known.clone()),
                ("x!b.json.gz".into(), known),
                ("x!notes.txt".into(), other)
            ]
        );
    }
}

#[test]
fn lines_and_answers_one_after_another_are_read() {
    let lines = format!("{}\n{}\r\n\n{}\n", user("ana"), user("bo"), user("cy"));
    let together = format!("{}{}{:#}", user("ana"), user("bo"), user("cy"));
    for text in [lines, together, format!("\u{feff}{}\n[{},{}]", user("ana"), user("bo"), user("cy"))] {
        for bytes in
            [text.clone().into_bytes(), gzip(text.as_bytes()), zip_of(&[("lines.jsonl", text.as_bytes())])]
        {
            assert_eq!(users(&load(&[("x", &bytes)], &LoadOptions::default()).unwrap()), ["ana", "bo", "cy"]);
        }
    }
}

/// Archives that fail, with a good entry before what is bad, and the code and source of the failure.
fn bad_archives() -> Vec<(&'static str, Vec<u8>, &'static str, &'static str)> {
    let good = export("mallory");
    let entries: &[(&str, &[u8])] = &[("good", &good), ("bad", b"{\"UserDetailList\": 5}")];
    let encrypted =
        zip(&[ZipEntry::new("good", &good), ZipEntry { flags: 0x801, ..ZipEntry::new("bad", "secret") }]);
    let inner = zip_of(&[("good", &good)]);
    let nested: &[(&str, &[u8])] = &[("good", &good), ("bad", &inner)];
    let bomb = vec![b' '; 32 << 20];
    let bombs: &[(&str, &[u8])] = &[("good", &good), ("bad", &bomb)];
    let cut = |bytes: Vec<u8>| bytes[..bytes.len() - 1800].to_vec();
    let mut damaged = zip_of(entries);
    let local = damaged.windows(4).rposition(|window| window == b"PK\x03\x04").unwrap();
    damaged[local] = 0;
    vec![
        ("bad entry of a zip", zip_of(entries), "malformed", "x!bad"),
        ("bad entry of a tar", tar_of(entries), "malformed", "x!bad"),
        ("bad entry of a packed tar", gzip(&tar_of(entries)), "malformed", "x!bad"),
        ("encrypted", encrypted, "malformed", "x!bad"),
        ("nested zip", zip_of(nested), "too_deep", "x!bad"),
        ("nested zip in a tar", tar_of(nested), "too_deep", "x!bad"),
        ("bomb in a zip", zip_of(bombs), "too_large", "x!bad"),
        ("bomb in a packed tar", gzip(&tar_of(bombs)), "too_large", "x!bad"),
        ("damaged local header", damaged, "malformed", "x!bad"),
        ("cut tar", cut(tar_of(&[("good", &good), ("bad", &[b' '; 2000])])), "malformed", "x!bad"),
    ]
}

#[test]
fn a_bad_archive_is_a_typed_error_and_leaves_nothing() {
    let (first, late) = (export("ana"), export("bo"));
    let inputs: &[(&str, &[u8])] = &[("first", &first), ("late", &late)];
    let expected = files(&load(inputs, &LoadOptions::default()).unwrap());
    for (what, bytes, code, place) in bad_archives() {
        // Into an empty builder, and into one that holds something: the ways to take it back differ.
        let mut builder = SnapshotBuilder::new();
        let error = builder.add("x", &bytes).expect_err(what);
        assert_eq!((error.code(), source(&error)), (code, place), "{what}: {error}");
        builder.add("first", &first).unwrap();
        let again = builder.add("x", &bytes).expect_err(what);
        assert_eq!(again.to_string(), error.to_string(), "{what}");
        assert_eq!(builder.add_reader("x", bytes.as_slice()).expect_err(what).code(), code);
        builder.add("late", &late).unwrap();
        let snapshot = builder.finish().unwrap();
        assert_eq!(files(&snapshot), expected, "{what}");
        assert_eq!(users(&snapshot), ["ana", "bo"], "{what}");
    }
}

#[test]
fn skipping_loses_only_the_bad_entry() {
    let late = export("bo");
    for (what, bytes, _, place) in bad_archives() {
        let snapshot = load(&[("x", &bytes), ("late", &late)], &skipping()).unwrap();
        assert_eq!(users(&snapshot), ["bo", "mallory"], "{what}");
        let listed: Vec<_> =
            files(&snapshot).into_iter().filter(|(_, kind, _)| kind == "unrecognised").collect();
        let [(name, _, reason)] = listed.as_slice() else { panic!("{what}: {listed:?}") };
        assert!(!reason.is_empty());
        assert!(name == place || name == "x" && reason.contains(place), "{what}: {name} {reason}");
    }
}

#[test]
fn an_archive_without_anything_known_is_unrecognised() {
    let entries: &[(&str, &[u8])] = &[("notes.txt", b"hello"), ("picture.png", b"\x89PNG\r\n\x1a\n\xff")];
    for bytes in [zip_of(entries), tar_of(entries), gzip(&tar_of(entries)), zip_of(&[])] {
        for earlier in [&[][..], &export("ana")] {
            let mut builder = SnapshotBuilder::new();
            if !earlier.is_empty() {
                builder.add("earlier", earlier).unwrap();
            }
            let error = builder.add("x", &bytes).unwrap_err();
            assert_eq!((error.code(), source(&error)), ("unrecognised", "x"));
            let listed = files(&builder.finish().unwrap());
            assert!(listed.iter().all(|(name, _, _)| name == "earlier"), "{listed:?}");
        }
    }
    // What starts like an export and is no text was meant to be one.
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain("{}".encode_utf16().flat_map(u16::to_le_bytes)).collect();
    assert_eq!(failure(&zip_of(&[("a", &utf16)])).code(), "malformed");
}

#[test]
fn a_hundred_thousand_entries_are_read_and_limited() {
    let good = export("ana");
    let small: Vec<_> =
        (0..100_000).map(|n| ZipEntry { method: 0, ..ZipEntry::new(format!("{n}.txt"), "") }).collect();
    let all = [small, vec![ZipEntry::new("good", &good)]].concat();
    let blocks: Vec<_> = all.iter().map(|entry| tar_block(&entry.name, b'0', &entry.content)).collect();
    for bytes in [zip(&all), gzip(&tar(&blocks))] {
        let snapshot = load(&[("x", &bytes)], &LoadOptions::default().max_ratio(2000)).unwrap();
        assert_eq!(users(&snapshot), ["ana"]);
        assert_eq!(snapshot.coverage().files.len(), 100_001);
        let few = LoadOptions::default().max_entries(100_000);
        let error = load(&[("x", &bytes)], &few).unwrap_err();
        assert_eq!(error.code(), "too_large");
        assert!(error.to_string().contains("number of entries"), "{error}");
    }
}

#[test]
fn entries_that_share_their_bytes_are_stopped() {
    let text = " ".repeat(1 << 20);
    let bytes = zip_shared(&[ZipEntry { method: 0, ..ZipEntry::new("a", &text) }], 5_000);
    let error = failure(&bytes);
    assert_eq!((error.code(), source(&error)), ("too_large", "x!a"));
}

#[test]
fn names_of_entries_never_lead_to_files() {
    let names = ["../../../etc/passwd", "/etc/hostname", "C:\\boot.ini", "good\x1b[2J", "a/\u{202e}b"];
    let good = export("ana");
    let entries: Vec<_> = names.iter().map(|name| ZipEntry::new(name, &good)).collect();
    let snapshot = load(&[("x.zip", &zip(&entries))], &LoadOptions::default()).unwrap();
    assert_eq!(users(&snapshot), ["ana"]);
    for (name, kind, _) in files(&snapshot) {
        assert!(name.starts_with("x.zip!") && kind == "aws.authorization_details");
        assert!(!name.chars().any(|c| c.is_control() || c == '\u{202e}'), "{name:?}");
    }
}

struct Failing;

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Err(std::io::Error::other("the line is dead"))
    }
}

#[test]
fn streams_fail_and_are_cancelled_with_their_own_errors() {
    let mut builder = SnapshotBuilder::new();
    let error = builder.add_reader("stream", Failing).unwrap_err();
    assert_eq!((error.code(), source(&error)), ("io", "stream"));
    let mut skipping = SnapshotBuilder::with_options(&skipping());
    skipping.add_reader("stream", Failing).unwrap();
    assert!(files(&skipping.finish().unwrap())[0].2.contains("the line is dead"));
    let cancel = Cancel::new();
    cancel.cancel();
    let options =
        LoadOptions::default().on_error(OnError::Skip).progress(Progress::none().with_cancel(cancel));
    let archive = zip_of(&[("a", &export("ana"))]);
    let mut builder = SnapshotBuilder::with_options(&options);
    assert_eq!(builder.add("x", &archive).unwrap_err().code(), "cancelled");
    assert_eq!(builder.add_reader("x", archive.as_slice()).unwrap_err().code(), "cancelled");
}

/// A user, a role, a bucket and a guardrail as a collector lays them out, and as answers of the API.
fn collected() -> (Vec<(String, String)>, Vec<Value>) {
    let allow = |action: &str| json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]});
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:user/staff/ana")}, "Action": "sts:AssumeRole"}]});
    let bucket = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject", "Resource": "arn:aws:s3:::pay/*"}]});
    let scp = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "ec2:*", "Resource": "*"}]});
    let endpoint = allow("s3:GetObject");
    let arn = |rest: &str| format!("arn:aws:iam::{ACCOUNT}:{rest}");
    let full = "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess";
    let limit = "arn:aws:organizations::999900001111:policy/o-1/service_control_policy/p-limit";
    let account = format!("aws/aws/accounts/{ACCOUNT}");
    let subnet = format!("arn:aws:ec2:eu-west-1:{ACCOUNT}:subnet/subnet-1");
    let share = format!("arn:aws:ram:eu-west-1:{ACCOUNT}:resource-share/1");
    let lent = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "ec2:RunInstances", "Resource": subnet}]});
    let files = [
        (format!("{account}/metadata.json"), json!({"accountId": ACCOUNT})),
        (
            format!("{account}/iam/user/ana/metadata.json"),
            json!({
            "arn": arn("user/staff/ana"), "path": "/staff/", "name": "ana", "id": "AIDAANA", "created": "2024-01-01T00:00:00Z",
            "permissionBoundary": arn("policy/limit")}),
        ),
        (
            format!("{account}/iam/user/ana/inline-policies.json"),
            json!([{"PolicyName": "in", "PolicyDocument": allow("s3:*")}]),
        ),
        (format!("{account}/iam/user/ana/managed-policies.json"), json!([arn("policy/limit")])),
        (format!("{account}/iam/user/ana/groups.json"), json!([arn("group/team")])),
        (format!("{account}/iam/user/ana/tags.json"), json!({"team": "pay"})),
        (
            format!("{account}/iam/group/team/metadata.json"),
            json!({"arn": arn("group/team"), "name": "team", "id": "AGPA"}),
        ),
        (
            format!("{account}/iam/group/team/inline-policies.json"),
            json!([{"PolicyName": "in", "PolicyDocument": allow("ec2:*")}]),
        ),
        (
            format!("{account}/iam/role/app/metadata.json"),
            json!({"arn": arn("role/App"), "name": "App", "id": "AROAAPP"}),
        ),
        (format!("{account}/iam/role/app/trust-policy.json"), trust.clone()),
        (format!("{account}/iam/role/app/managed-policies.json"), json!([arn("policy/limit")])),
        (
            format!("{account}/iam/policy/limit/metadata.json"),
            json!({"arn": arn("policy/limit"), "name": "limit"}),
        ),
        (format!("{account}/iam/policy/limit/current-policy.json"), allow("*")),
        (format!("{account}/s3/pay/metadata.json"), json!({"name": "pay"})),
        (format!("{account}/s3/pay/policy.json"), bucket.clone()),
        (
            format!("{account}/s3/pay/bpa.json"),
            json!({
            "blockPublicAcls": true, "ignorePublicAcls": true, "blockPublicPolicy": true, "restrictPublicBuckets": true}),
        ),
        (format!("{account}/s3-bpa.json"), json!({"restrictPublicBuckets": true})),
        (
            format!("{account}/ram/eu-west-1/arn-aws-ec2-eu-west-1-{ACCOUNT}-subnet-subnet-1.json"),
            json!({"arn": subnet, "shares": [share], "policy": lent}),
        ),
        (format!("{account}/ec2/eu-west-1/vpc-endpoint/vpce-1/endpoint-policy.json"), endpoint.clone()),
        (
            "aws/aws/organizations/o-1/ous.json".into(),
            json!({
            "r-1": {"scps": [full], "rcps": []}, "ou-1": {"parent": "r-1", "scps": [full, limit], "rcps": []}}),
        ),
        (
            "aws/aws/organizations/o-1/accounts.json".into(),
            json!({ACCOUNT: {"ou": "ou-1", "scps": [full], "rcps": []}}),
        ),
        ("aws/aws/organizations/o-1/scps/p-limit/metadata.json".into(), json!({"name": "limit"})),
        ("aws/aws/organizations/o-1/scps/p-limit/policy.json".into(), scp.clone()),
        ("aws/aws/indexes/buckets-to-accounts.json".into(), json!({"pay": ACCOUNT})),
    ];
    let guardrail = |id: &str| json!({"Id": id, "Name": id, "Type": "SERVICE_CONTROL_POLICY"});
    let attached = |target: &str, all: &[&str]| {
        json!({"TargetId": target, "Filter": "SERVICE_CONTROL_POLICY",
        "Policies": all.iter().map(|id| guardrail(id)).collect::<Vec<_>>()})
    };
    let above = |child: &str, parent: &str| json!({"ChildId": child, "Parents": [{"Id": parent}]});
    let native = vec![
        json!({"UserDetailList": [{
            "Arn": arn("user/staff/ana"), "UserName": "ana", "UserId": "AIDAANA", "GroupList": ["team"],
            "Tags": [{"Key": "team", "Value": "pay"}], "PermissionsBoundary": {"PermissionsBoundaryArn": arn("policy/limit")},
            "UserPolicyList": [{"PolicyName": "in", "PolicyDocument": allow("s3:*")}],
            "AttachedManagedPolicies": [{"PolicyName": "limit", "PolicyArn": arn("policy/limit")}]}],
         "GroupDetailList": [{"Arn": arn("group/team"), "GroupName": "team",
            "GroupPolicyList": [{"PolicyName": "in", "PolicyDocument": allow("ec2:*")}]}],
         "RoleDetailList": [{"Arn": arn("role/App"), "RoleName": "App", "RoleId": "AROAAPP", "AssumeRolePolicyDocument": trust,
            "AttachedManagedPolicies": [{"PolicyName": "limit", "PolicyArn": arn("policy/limit")}]}],
         "Policies": [{"Arn": arn("policy/limit"), "PolicyVersionList": [
            {"VersionId": "v1", "IsDefaultVersion": true, "Document": allow("*")}]}]}),
        json!({"Bucket": "pay", "AccountId": ACCOUNT, "Policy": bucket}),
        json!({"Bucket": "pay", "PublicAccessBlockConfiguration": {"RestrictPublicBuckets": true}}),
        json!({"AccountId": ACCOUNT, "PublicAccessBlockConfiguration": {"RestrictPublicBuckets": true}}),
        json!({"resourceShareAssociations": [
            {"resourceShareArn": share, "associatedEntity": subnet, "associationType": "RESOURCE"}]}),
        json!({"resource_arn": subnet, "policy": lent}),
        json!({"VpcEndpoints": [{"VpcEndpointId": "vpce-1", "OwnerId": ACCOUNT, "PolicyDocument": endpoint}]}),
        json!({"Organization": {"Id": "o-1"}}),
        json!({"Roots": [{"Id": "r-1"}]}),
        above("ou-1", "r-1"),
        above(ACCOUNT, "ou-1"),
        attached("r-1", &["p-FullAWSAccess"]),
        attached("ou-1", &["p-FullAWSAccess", "p-limit"]),
        attached(ACCOUNT, &["p-FullAWSAccess"]),
        json!({"Policy": {"PolicySummary": {"Id": "p-limit", "Name": "limit", "Type": "SERVICE_CONTROL_POLICY"}, "Content": scp}}),
    ];
    (files.into_iter().map(|(name, value)| (name, value.to_string())).collect(), native)
}

/// All that does not depend on where it was read.
fn answers(snapshot: &Snapshot) -> Vec<String> {
    let mut out = Vec::new();
    out.push(serde_json::to_string(&snapshot.principals().collect::<Vec<_>>()).unwrap());
    out.push(serde_json::to_string(&snapshot.resources().collect::<Vec<_>>()).unwrap());
    let coverage = snapshot.coverage();
    out.push(serde_json::to_string(&(&coverage.counts, &coverage.layers, &coverage.assumptions)).unwrap());
    assert!(coverage.rejected.is_empty(), "{:?}", coverage.rejected);
    for principal in ["ana", "App"] {
        let access = snapshot.what_can(&Query::what(principal)).unwrap();
        out.push(serde_json::to_string(access.rows()).unwrap());
    }
    let holders =
        snapshot.who_can(&Query::who("sts:AssumeRole", format!("arn:aws:iam::{ACCOUNT}:role/App"))).unwrap();
    out.push(serde_json::to_string(&holders.rows().collect::<Vec<_>>()).unwrap());
    out
}

#[test]
fn a_collectors_layout_says_the_same_as_answers_of_the_api() {
    let (files, native) = collected();
    let native: Vec<String> = native.iter().map(Value::to_string).collect();
    let native: Vec<_> = native.iter().map(|text| ("native", text.as_bytes())).collect();
    let expected = answers(&load(&native, &LoadOptions::default()).unwrap());
    let inputs: Vec<_> = files.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    let backwards: Vec<_> = inputs.iter().rev().copied().collect();
    let archive = zip_of(&inputs);
    let packed = gzip(&tar_of(&inputs));
    for inputs in [inputs.clone(), backwards, vec![("c.zip", &archive)], vec![("c.tgz", &packed)]] {
        let snapshot = load(&inputs, &LoadOptions::default()).unwrap();
        let listed = snapshot.coverage().files;
        assert!(listed.iter().all(|file| file.errors.is_empty()), "{listed:?}");
        assert!(
            listed
                .iter()
                .any(|file| file.name.ends_with(&format!("{ACCOUNT}/iam/user/ana")) && file.records == 1)
        );
        assert_eq!(answers(&snapshot), expected);
    }
}

#[cfg(feature = "fs")]
mod folders {
    use super::*;
    use ciem_core::load_paths;
    use std::fs;
    use std::path::{Path, PathBuf};

    /// An empty folder of this test's own.
    fn folder(name: &str) -> PathBuf {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("inputs-{name}"));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        path
    }

    fn write(folder: &Path, name: &str, bytes: &[u8]) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Names of what was seen, without the folder's.
    fn seen(snapshot: &Snapshot, folder: &Path) -> Vec<String> {
        let folder = folder.to_string_lossy();
        let names = files(snapshot).into_iter();
        names.map(|(name, kind, _)| format!("{} {kind}", name.replace(&*folder, "."))).collect()
    }

    fn of(paths: &[PathBuf]) -> Result<Snapshot, Error> {
        load_paths(paths, &LoadOptions::default())
    }

    #[test]
    fn folders_are_read_whole_and_in_order() {
        let folder = folder("whole");
        write(&folder, "b/c/deep.json", &export("cy"));
        write(&folder, "b/two.json.gz", &gzip(&export("bo")));
        write(&folder, "a.zip", &zip_of(&[("one.json", &export("ana")), ("x", b"x")]));
        write(&folder, "picture.png", b"\x89PNG\xff");
        write(&folder, "empty", b"");
        write(&folder, "other.zip", &zip_of(&[("x", b"x")]));
        let snapshot = of(std::slice::from_ref(&folder)).unwrap();
        assert_eq!(users(&snapshot), ["ana", "bo", "cy"]);
        assert_eq!(
            seen(&snapshot, &folder),
            [
                "./a.zip!one.json aws.authorization_details",
                "./b/c/deep.json aws.authorization_details",
                "./b/two.json.gz aws.authorization_details",
                "./a.zip!x unrecognised",
                "./empty unrecognised",
                "./other.zip unrecognised",
                "./picture.png unrecognised",
            ]
        );
        for named in ["picture.png", "other.zip", "empty"] {
            assert!(of(&[folder.join(named)]).is_err(), "{named}");
        }
    }

    #[test]
    fn depth_and_number_are_limited() {
        let folder = folder("limits");
        write(&folder, "1/2/3/a.json", &export("ana"));
        write(&folder, "b.json", &export("bo"));
        let load = |options: &LoadOptions| load_paths(std::slice::from_ref(&folder), options);
        assert_eq!(users(&load(&LoadOptions::default().max_depth(3)).unwrap()), ["ana", "bo"]);
        let error = load(&LoadOptions::default().max_depth(2)).unwrap_err();
        assert_eq!(error.code(), "too_deep");
        assert!(source(&error).ends_with("3"), "{error}");
        assert_eq!(users(&load(&skipping().max_depth(2)).unwrap()), ["bo"]);
        assert_eq!(users(&load(&LoadOptions::default().max_entries(5)).unwrap()), ["ana", "bo"]);
        assert_eq!(load(&LoadOptions::default().max_entries(4)).unwrap_err().code(), "too_large");
        assert_eq!(load(&LoadOptions::default().max_bytes(10)).unwrap_err().code(), "too_large");
    }

    #[test]
    fn patterns_find_files() {
        let folder = folder("patterns");
        for (name, user) in
            [("a.json", "ana"), ("b.json", "bo"), ("x/c.json", "cy"), ("x/y/d.json", "di"), (".e.json", "ed")]
        {
            write(&folder, name, &export(user));
        }
        write(&folder, "x/notes.txt", b"hello");
        write(&folder, "[z].json", &export("zoe"));
        let found = |pattern: &str| of(&[folder.join(pattern)]).map(|snapshot| users(&snapshot));
        assert_eq!(found("*.json").unwrap(), ["ana", "bo", "zoe"]);
        assert_eq!(found("?.json").unwrap(), ["ana", "bo"]);
        assert_eq!(found("[b-c].json").unwrap(), ["bo"]);
        assert_eq!(found("*/*.json").unwrap(), ["cy"]);
        assert_eq!(found("**/*.json").unwrap(), ["ana", "bo", "cy", "di", "zoe"]);
        assert_eq!(found("**/**/d.json").unwrap(), ["di"]);
        assert_eq!(found("x/**").unwrap(), ["cy", "di"]);
        assert_eq!(found("x*").unwrap(), ["cy", "di"], "a folder that matches is read whole");
        // What is there is no pattern.
        assert_eq!(found("[z].json").unwrap(), ["zoe"]);
        for none in ["*.yaml", "**/q/*", "x/[", "nothing"] {
            assert_eq!(found(none).unwrap_err().code(), "io", "{none}");
        }
        assert_eq!(found("x/*.txt").unwrap(), Vec::<String>::new());
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_only_where_they_are_named() {
        use std::os::unix::fs::symlink;
        let (folder, outside) = (folder("links"), folder("outside"));
        write(&folder, "real/a.json", &export("ana"));
        write(&outside, "secret.json", &export("mallory"));
        symlink(&folder, folder.join("real/loop")).unwrap();
        symlink(&outside, folder.join("out")).unwrap();
        symlink(outside.join("secret.json"), folder.join("secret.json")).unwrap();
        symlink("nowhere", folder.join("broken")).unwrap();
        for path in [folder.clone(), folder.join("**"), folder.join("**/*.json"), folder.join("*")] {
            assert_eq!(users(&of(&[path]).unwrap()), ["ana"]);
        }
        assert_eq!(of(&[folder.join("*/secret.json")]).unwrap_err().code(), "io");
        assert_eq!(users(&of(&[folder.join("secret.json")]).unwrap()), ["mallory"]);
        assert_eq!(users(&of(&[folder.join("out")]).unwrap()), ["mallory"]);
        assert_eq!(of(&[folder.join("broken")]).unwrap_err().code(), "io");
    }

    #[test]
    fn what_cannot_be_read_fails_or_is_listed() {
        let folder = folder("failures");
        write(&folder, "a.json", &export("ana"));
        write(&folder, "bad.json", b"{\"UserDetailList\": 5}");
        write(&folder, "cut.json.gz", &gzip(&export("bo"))[..40]);
        assert_eq!(of(std::slice::from_ref(&folder)).unwrap_err().code(), "malformed");
        let snapshot = load_paths(&[folder.clone(), folder.join("missing")], &skipping()).unwrap();
        assert_eq!(users(&snapshot), ["ana"]);
        let bad: Vec<_> = files(&snapshot).into_iter().filter(|(_, _, error)| !error.is_empty()).collect();
        assert_eq!(bad.len(), 3, "{bad:?}");
    }

    #[test]
    fn a_collectors_folder_is_one_input() {
        let folder = folder("collected");
        let (files, native) = collected();
        for (name, text) in &files {
            write(&folder, name, text.as_bytes());
        }
        let native: Vec<String> = native.iter().map(Value::to_string).collect();
        let native: Vec<_> = native.iter().map(|text| ("native", text.as_bytes())).collect();
        let expected = answers(&load(&native, &LoadOptions::default()).unwrap());
        assert_eq!(answers(&of(std::slice::from_ref(&folder)).unwrap()), expected);
        assert_eq!(answers(&of(&[folder.join("aws/aws")]).unwrap()), expected);
    }

    #[test]
    fn loading_is_cancelled() {
        let folder = folder("cancel");
        write(&folder, "a.json", &export("ana"));
        let cancel = Cancel::new();
        cancel.cancel();
        let options = skipping().progress(Progress::none().with_cancel(cancel));
        assert_eq!(load_paths(std::slice::from_ref(&folder), &options).unwrap_err().code(), "cancelled");
    }
}
