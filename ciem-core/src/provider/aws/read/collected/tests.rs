use super::layout::{Folder, Part, Subject, folder, part};
use super::*;
use crate::model::PolicyRef;
use crate::provider::aws::read::{finish, read};
use proptest::prelude::*;

const BASE: &str = "out/aws/aws-cn/accounts/111122223333";

fn load(files: &[(&str, &str)]) -> Result<Facts, Error> {
    let mut facts = Facts::default();
    for (name, text) in files {
        assert!(read(&mut facts, name, text)?, "{name}");
    }
    finish(&mut facts);
    Ok(facts)
}

#[test]
fn the_path_tells_whose_a_file_is() {
    let of = |subject| Some(Folder { partition: "aws-cn", owner: "111122223333", subject });
    for (path, subject) in [
        ("iam/user/ana", Subject::User),
        ("iam/role/app", Subject::Role),
        ("iam/group/team", Subject::Group),
        ("iam/policy/p", Subject::Policy),
        ("iam/aws/policy/p", Subject::Policy),
        ("s3/pay", Subject::Bucket("pay")),
        ("ec2/e/vpc-endpoint/vpce-1", Subject::Endpoint("vpce-1")),
        ("sqs/e/queue/q", Subject::Resource),
        ("ram/e", Subject::Shares),
    ] {
        assert_eq!(folder(&format!("{BASE}/{path}")), of(subject));
        let windows = format!("C:\\{BASE}\\{path}").replace('/', "\\");
        assert_eq!(folder(&windows).map(|folder| folder.owner), Some("111122223333"));
        assert!(folder(&format!("x.zip!aws/aws/accounts/111122223333/{path}")).is_some());
    }
    for other in
        ["aws/aws/accounts/1/iam/user/x", "iam/user/x", "aws/gcp/accounts/111122223333/iam/user/x", ""]
    {
        assert_eq!(folder(other), None);
    }
    let used = |name: &str| part(name).map(|part| matches!(part, Part::Used(_)));
    assert_eq!(used(&format!("{BASE}/iam/user/ana/groups.json")), Some(true));
    assert_eq!(used(&format!("{BASE}/iam/role/ana/groups.json")), None);
    assert_eq!(used(&format!("{BASE}/metadata.json")), Some(false));
    assert_eq!(used("aws/aws/indexes/vpcs.json"), Some(false));
    assert_eq!(used(&format!("{BASE}/s3-bpa.json")), Some(true));
    assert_eq!(used(&format!("{BASE}/tags.json")), None);
    assert_eq!(used(&format!("{BASE}/ram/e/arn-aws-ec2-e-111122223333-subnet-s.json")), Some(true));
    assert_eq!(used(&format!("{BASE}/ram/e/notes.txt")), None);
    assert_eq!(used("metadata.json"), None);
}

#[test]
fn every_file_is_checked_when_it_is_read() {
    let arn = "\"arn:aws-cn:iam::111122223333:user/ana\"";
    for (path, text, pointer) in [
        ("iam/user/ana/metadata.json", "{\"arn\": 5}", "/arn"),
        ("iam/user/ana/metadata.json", "{\"arn\": \"ana\"}", ""),
        ("iam/user/ana/metadata.json", "{\"permissionBoundary\": {}}", "/permissionBoundary"),
        ("iam/user/ana/inline-policies.json", "[{\"PolicyName\": \"x\"}]", "/0"),
        ("iam/user/ana/managed-policies.json", "[\"x\"]", ""),
        ("iam/user/ana/groups.json", "[1]", "/0"),
        ("iam/user/ana/tags.json", "{\"a\": 1}", "/a"),
        ("iam/role/ana/trust-policy.json", "{} {}", ""),
        ("iam/role/ana/trust-policy.json", "{", ""),
        ("s3/b/bpa.json", "{\"x\": true}", ""),
        ("s3-bpa.json", "{\"restrictPublicBuckets\": 1}", "/restrictPublicBuckets"),
        ("ram/e/x.json", "{\"arn\": \"x\"}", ""),
        ("ram/e/x.json", "{\"arn\": \"arn:aws:ec2:e:111122223333:subnet/s\", \"shares\": [5]}", "/shares/0"),
    ] {
        let error = load(&[(&format!("{BASE}/{path}"), text)]).unwrap_err();
        let place = error.place().unwrap();
        assert_eq!((error.code(), place.source.as_deref()), ("malformed", Some(&*format!("{BASE}/{path}"))));
        assert_eq!(place.pointer.as_deref().unwrap_or_default(), pointer, "{text}: {error}");
    }
    let deep = "[".repeat(200);
    assert_eq!(load(&[(&format!("{BASE}/s3/b/policy.json"), &deep)]).unwrap_err().code(), "too_deep");
    let facts =
        load(&[(&format!("{BASE}/iam/user/ana/metadata.json"), &format!("{{\"arn\": {arn}}}"))]).unwrap();
    assert_eq!(facts.principals.len(), 1);
}

#[test]
fn a_share_s_policy_counts_where_the_resource_has_none_of_its_own() {
    let arn = "arn:aws-cn:glue:cn-north-1:111122223333:catalog";
    let policy = |action: &str| {
        format!(
            r#"{{"Statement": [{{"Effect": "Allow", "Principal": "*", "Action": "{action}", "Resource": "{arn}"}}]}}"#
        )
    };
    let share = "arn:aws-cn:ram:cn-north-1:111122223333:resource-share/1";
    let shared = (
        &*format!("{BASE}/ram/cn-north-1/arn-aws-cn-glue-catalog.json"),
        &*format!(r#"{{"arn": "{arn}", "shares": ["{share}"], "policy": {}}}"#, policy("glue:GetTable")),
    );
    let own = [
        (&*format!("{BASE}/glue/cn-north-1/catalog/c/metadata.json"), &*format!(r#"{{"arn": "{arn}"}}"#)),
        (&*format!("{BASE}/glue/cn-north-1/catalog/c/policy.json"), &*policy("glue:GetTables")),
    ];
    for (files, action) in [(vec![shared], "glue:GetTable"), (vec![shared, own[0], own[1]], "glue:GetTables")]
    {
        let mut facts = load(&files).unwrap();
        let (id, action) = (facts.text(arn), facts.text(action));
        let [known] = facts.resources.get(id) else { panic!("one record") };
        let [used] = known.policies.as_slice() else { panic!("one policy") };
        let PolicyRef::Inline { document, .. } = used.policy else { panic!("a document") };
        assert_eq!(facts.documents[document].statements[0].actions.items, [action]);
        let share = facts.text(share);
        assert!(facts.relations.shares[&share].resources.contains(&id));
    }
}

#[test]
fn what_is_incomplete_or_contradicts_is_listed() {
    let errors = |files: &[(&str, &str)]| {
        let facts = load(files).unwrap();
        assert_eq!(facts.principals.len(), 0);
        let files = facts.coverage.files;
        files.into_iter().map(|file| (file.name, file.kind, file.errors)).collect::<Vec<_>>()
    };
    let found = errors(&[(&format!("{BASE}/iam/user/ana/tags.json"), "{}")]);
    assert_eq!(
        (found[0].0.as_str(), found[0].1.as_str()),
        (&*format!("{BASE}/iam/user/ana"), "unrecognised")
    );
    assert!(found[0].2[0].contains("metadata.json"));
    let name = format!("{BASE}/iam/user/ana/metadata.json");
    let found = errors(&[
        (&name, "{\"arn\": \"arn:a:iam::1:user/a\"}"),
        (&name, "{\"arn\": \"arn:a:iam::1:user/b\"}"),
    ]);
    assert!(found[0].2[0].contains("twice"));
}

proptest! {
    #[test]
    fn damaged_files_are_errors_or_listed(
        at in any::<prop::sample::Index>(),
        with in prop::sample::select(vec!["", "\"", "[", "{", "}", "null", "5", "\\", "%2f", "r-1", "ou-1", "arn:"]),
        place in any::<prop::sample::Index>(),
    ) {
        let arn = "arn:aws:iam::111122223333:user/ana";
        let mut files = [
            ("iam/user/ana/metadata.json", format!("{{\"arn\": \"{arn}\", \"name\": \"ana\", \"permissionBoundary\": \"{arn}\"}}")),
            ("iam/user/ana/inline-policies.json", "[{\"PolicyName\": \"p\", \"PolicyDocument\": {\"Statement\": []}}]".to_owned()),
            ("iam/user/ana/tags.json", "{\"team\": \"pay\"}".to_owned()),
            ("s3/pay/bpa.json", "{\"restrictPublicBuckets\": true}".to_owned()),
            ("s3/pay/policy.json", "{\"Statement\": {\"Effect\": \"Deny\"}}".to_owned()),
            ("ous.json", "{\"r-1\": {}, \"ou-1\": {\"parent\": \"r-1\", \"scps\": [\"p-limit\"]}}".to_owned()),
        ];
        let (_, text) = &mut files[at.index(6)];
        let start = place.index(text.len());
        text.replace_range(start..=start, with);
        let mut facts = Facts::default();
        for (path, text) in &files {
            let base = if *path == "ous.json" { "aws/aws/organizations/o-1" } else { BASE };
            if let Err(error) = read(&mut facts, &format!("{base}/{path}"), text) {
                prop_assert_eq!(error.code(), "malformed");
            }
        }
        finish(&mut facts);
        prop_assert!(facts.coverage.files.iter().all(|file| file.kind != "unrecognised" || !file.errors.is_empty()));
    }
}
