//! What the readers make of exports, good and bad.

use super::{finish, read};
use crate::error::Error;
use crate::model::{Effect, Facts, PolicyRef, PrincipalKind, ScopeRecord};
use crate::provider::aws::{BLOCK_TOLD, PUBLIC_POLICY, RCP, RESOURCE, RESTRICTS_PUBLIC, SCP, TRUST};
use proptest::prelude::*;

fn load(files: &[(&str, &str)]) -> Facts {
    let mut facts = Facts::default();
    for (name, text) in files {
        assert!(read(&mut facts, name, text).unwrap(), "{name} was not recognised");
    }
    finish(&mut facts);
    facts
}

fn error(text: &str) -> Error {
    read(&mut Facts::default(), "x.json", text).unwrap_err()
}

const ALLOW: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;

fn user(name: &str, rest: &str) -> String {
    format!(
        r#"{{"Arn":"arn:aws:iam::111122223333:user/team/{name}","UserName":"{name}","UserId":"AIDA{name}"{rest}}}"#
    )
}

fn page(users: &str, rest: &str) -> String {
    format!(r#"{{"UserDetailList":[{users}],"GroupDetailList":[],"RoleDetailList":[],"Policies":[]{rest}}}"#)
}

fn inline(document: &str) -> String {
    format!(r#","UserPolicyList":[{{"PolicyName":"in","PolicyDocument":{document}}}]"#)
}

fn principal_documents(facts: &Facts, id: &str) -> Vec<u32> {
    let id = facts.texts.find(id).unwrap();
    let documents =
        facts.principals.get(id).iter().flat_map(|r| &r.policies).filter_map(|p| match p.policy {
            PolicyRef::Inline { document, .. } => Some(document.0),
            PolicyRef::Managed(_) | PolicyRef::Told { .. } => None,
        });
    documents.collect()
}

fn scope<'f>(facts: &'f Facts, id: &str) -> &'f ScopeRecord {
    let [one] = facts.scopes.get(facts.texts.find(id).unwrap()) else { panic!("one record of {id}") };
    one
}

#[test]
fn a_document_is_the_same_as_object_text_and_percent_encoded() {
    let encoded: String =
        percent_encoding::utf8_percent_encode(ALLOW, percent_encoding::NON_ALPHANUMERIC).collect();
    let forms = [
        ALLOW.to_owned(),
        serde_json::to_string(ALLOW).unwrap(),
        format!("\"{encoded}\""),
        ALLOW.replace(',', " ,\n "),
    ];
    let users: Vec<String> =
        forms.iter().enumerate().map(|(i, f)| user(&format!("u{i}"), &inline(f))).collect();
    let facts = load(&[("a.json", &page(&users.join(","), ""))]);
    let ids: Vec<u32> = (0..forms.len())
        .flat_map(|i| principal_documents(&facts, &format!("arn:aws:iam::111122223333:user/team/u{i}")))
        .collect();
    assert_eq!(ids, [0, 0, 0, 0]);
    assert!(facts.coverage.rejected.is_empty());
}

#[test]
fn groups_are_found_whatever_their_path_and_file() {
    let users = page(&user("ana", r#","GroupList":["Admins"]"#), "");
    let group =
        r#"{"GroupDetailList":[{"Arn":"arn:aws:iam::111122223333:group/ops/Admins","GroupName":"Admins"}]}"#;
    let facts = load(&[("users.json", &users), ("groups.json", group)]);
    let id = facts.texts.find("arn:aws:iam::111122223333:user/team/ana").unwrap();
    let groups = &facts.principals.get(id)[0].groups;
    assert_eq!(facts.texts.get(groups[0]), "arn:aws:iam::111122223333:group/ops/Admins");
}

#[test]
fn pages_may_be_a_list_follow_each_other_or_be_files() {
    let first = page(&user("a", ""), r#","IsTruncated":true,"Marker":"m""#);
    let last = page(&user("b", ""), r#","IsTruncated":false"#);
    for text in [format!("[{first},{last}]"), format!("{first}\n{last}\n")] {
        let facts = load(&[("pages.json", &text)]);
        assert_eq!((facts.principals.len(), facts.coverage.partial.len()), (2, 0));
        assert_eq!(facts.coverage.files[0].records, 2);
    }
    for order in [[&first, &last], [&last, &first]] {
        let facts = load(&[("1.json", order[0]), ("2.json", order[1])]);
        assert!(facts.coverage.partial.is_empty());
    }
    let facts = load(&[("1.json", &first)]);
    let key = ("111122223333".to_owned(), "identity".to_owned());
    assert!(facts.coverage.partial.contains_key(&key));
}

#[test]
fn counters_and_dates_are_no_difference_but_policies_are() {
    let policy = |count: u32, action: &str| {
        format!(
            r#"{{"Policies":[{{"Arn":"arn:aws:iam::111122223333:policy/p","PolicyName":"p","DefaultVersionId":"v2",
            "AttachmentCount":{count},"UpdateDate":"{count}","PolicyVersionList":[
            {{"VersionId":"v1","IsDefaultVersion":false,"Document":{{"nonsense":true}}}},
            {{"VersionId":"v2","IsDefaultVersion":true,"Document":{{"Statement":
            {{"Effect":"Allow","Action":"{action}","Resource":"*"}}}}}}]}}]}}"#
        )
    };
    let facts = load(&[("a", &policy(1, "s3:Get*")), ("b", &policy(2, "s3:Get*"))]);
    let id = facts.texts.find("arn:aws:iam::111122223333:policy/p").unwrap();
    assert_eq!(facts.policies.get(id).len(), 1);
    assert!(facts.coverage.rejected.is_empty());
    let facts = load(&[("a", &policy(1, "s3:Get*")), ("b", &policy(1, "s3:Put*"))]);
    let id = facts.texts.find("arn:aws:iam::111122223333:policy/p").unwrap();
    assert_eq!(facts.policies.get(id).len(), 2);
}

#[test]
fn an_unclear_default_version_is_rejected_and_doubtful() {
    let version = |id: &str, default: &str| format!(r#"{{"VersionId":"{id}"{default},"Document":{ALLOW}}}"#);
    let default = r#","IsDefaultVersion":true"#;
    let other = r#","IsDefaultVersion":false"#;
    let cases = [
        (version("v1", default) + "," + &version("v2", default), ""),
        (version("v1", other) + "," + &version("v2", other), ""),
        (version("v1", default) + "," + &version("v2", other), r#","DefaultVersionId":"v2""#),
        (version("v1", ""), r#","DefaultVersionId":"v7""#),
        (String::new(), ""),
    ];
    for (versions, rest) in cases {
        let text = format!(
            r#"{{"Policies":[{{"Arn":"arn:aws:iam::1:policy/p","PolicyVersionList":[{versions}]{rest}}}]}}"#
        );
        let facts = load(&[("a", &text)]);
        assert_eq!(facts.coverage.rejected.len(), 1, "{text}");
        let statements = &facts.documents.iter().next().unwrap().statements;
        assert_eq!(statements.iter().map(|s| s.effect).collect::<Vec<_>>(), [Effect::Allow, Effect::Deny]);
        let doubt = statements[0].doubt.as_ref().unwrap();
        assert_eq!(doubt.subject, "arn:aws:iam::1:policy/p");
    }
}

#[test]
fn a_role_is_a_principal_and_a_resource() {
    let text = r#"{"RoleDetailList":[{"Arn":"arn:aws-cn:iam::111122223333:role/aws-service-role/x/AWSServiceRole",
        "RoleId":"AROA1","RoleLastUsed":{},"Tags":[{"Key":"b","Value":"2"},{"Key":"a","Value":"1"}],
        "AssumeRolePolicyDocument":{"Statement":{"Effect":"Allow","Principal":{"Service":"x.amazonaws.com"},
        "Action":"sts:AssumeRole"}}}]}"#;
    let facts = load(&[("a", text)]);
    let id = facts.texts.find("arn:aws-cn:iam::111122223333:role/aws-service-role/x/AWSServiceRole").unwrap();
    let role = &facts.principals.get(id)[0];
    assert_eq!(
        (role.kind, role.flags, facts.texts.get(role.name)),
        (PrincipalKind::Role, 1, "AWSServiceRole")
    );
    let tags: Vec<&str> = role.tags.iter().map(|(key, _)| facts.texts.get(*key)).collect();
    assert_eq!(tags, ["a", "b"]);
    let resource = &facts.resources.get(id)[0];
    assert_eq!((facts.texts.get(resource.kind), resource.policies[0].layer), ("iam:role", TRUST));
}

#[test]
fn the_tree_comes_from_the_commands_in_any_order() {
    let files = [
        ("org", r#"{"Organization":{"Id":"o-1","MasterAccountId":"999900001111"}}"#),
        ("roots", r#"{"Roots":[{"Id":"r-1","Arn":"x","Name":"Root"}]}"#),
        ("units", r#"{"ParentId":"r-1","OrganizationalUnits":[{"Id":"ou-1","Arn":"x","Name":"prod"}]}"#),
        ("accounts", r#"{"Accounts":[{"Id":"111122223333","Arn":"x","Name":"pay"}]}"#),
        ("in", r#"{"ParentId":"ou-1","Accounts":[{"Id":"111122223333","Arn":"x","Name":"pay"}]}"#),
        ("parents", r#"{"ChildId":"999900001111","Parents":[{"Id":"r-1","Type":"ROOT"}]}"#),
        (
            "attached",
            r#"{"TargetId":"ou-1","Policies":[{"Id":"p-1","Name":"lock","Type":"SERVICE_CONTROL_POLICY"}]}"#,
        ),
        ("none", r#"{"TargetId":"ou-1","Filter":"RESOURCE_CONTROL_POLICY","Policies":[]}"#),
        ("empty", r#"{"TargetId":"111122223333","Policies":[]}"#),
    ];
    let mut backwards = files;
    backwards.reverse();
    for files in [files, backwards] {
        let facts = load(&files);
        let unit = scope(&facts, "ou-1");
        assert_eq!(unit.parent, facts.texts.find("r-1"));
        assert_eq!((unit.policies.len(), unit.layers_given.as_slice()), (1, &[SCP, RCP][..]));
        let account = scope(&facts, "111122223333");
        assert_eq!((account.is_account, account.parent), (true, facts.texts.find("ou-1")));
        assert!(account.layers_given.is_empty() && account.name.is_some());
        assert!(scope(&facts, "r-1").is_root);
        assert_eq!(scope(&facts, "999900001111").parent, facts.texts.find("r-1"));
        let organisation = facts.organisation.as_ref().unwrap();
        assert_eq!(organisation.management_account, facts.texts.find("999900001111"));
    }
}

#[test]
fn attachments_may_be_told_by_policy() {
    let list = r#"{"Policies":[{"Id":"p-FullAWSAccess","Type":"SERVICE_CONTROL_POLICY"},
        {"Id":"p-1","Type":"SERVICE_CONTROL_POLICY"}]}"#;
    let full = r#"{"PolicyId":"p-FullAWSAccess","Targets":[{"TargetId":"r-1"},{"TargetId":"111122223333"}]}"#;
    let other = r#"{"PolicyId":"p-1","Targets":[{"TargetId":"r-1"}]}"#;
    let facts = load(&[("full", full), ("list", list), ("other", other)]);
    assert_eq!(scope(&facts, "r-1").policies.len(), 2);
    assert_eq!(scope(&facts, "111122223333").layers_given, [SCP]);
    let built_in = facts.policies.get(facts.texts.find("p-FullAWSAccess").unwrap());
    assert_eq!(built_in.len(), 1);
    let facts = load(&[("full", full), ("list", list)]);
    assert!(scope(&facts, "r-1").layers_given.is_empty());
}

#[test]
fn the_tree_may_be_one_file() {
    let text = r#"{"Root":{"Id":"r-1","Name":"Root","Policies":[{"Id":"p-FullAWSAccess","Name":"FullAWSAccess",
        "Type":"SERVICE_CONTROL_POLICY","AwsManaged":true}],"OrganizationalUnits":[{"Id":"ou-1","Name":"u",
        "Policies":[{"Id":"p-r","Name":"r","Type":"RESOURCE_CONTROL_POLICY","Content":
        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"s3:*\",\"Resource\":\"*\"}]}"}],
        "OrganizationalUnits":[],"Accounts":[{"Id":"111122223333","Name":"a","Policies":[]}]}],"Accounts":[]},
        "Organization":{"Id":"o-1","MasterAccountId":"999900001111"}}"#;
    let facts = load(&[("tree", text)]);
    assert_eq!(facts.coverage.files[0].kind, "aws.organization");
    assert_eq!(scope(&facts, "111122223333").parent, facts.texts.find("ou-1"));
    assert_eq!(scope(&facts, "ou-1").policies[0].layer, RCP);
    assert_eq!(facts.policies.len(), 2);
    assert!(facts.coverage.rejected.is_empty(), "{:?}", facts.coverage.rejected);
}

#[test]
fn resource_policies_of_every_shape() {
    let document = |resource: &str| {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":"*","Action":"x:*","Resource":"{resource}"}}]}}"#
        );
        serde_json::to_string(&text).unwrap()
    };
    let cases = [
        (
            format!(r#"{{"Policy":{}}}"#, document("arn:aws-us-gov:s3:::pay/*")),
            "arn:aws-us-gov:s3:::pay",
            "s3:bucket",
        ),
        (
            format!(r#"{{"Bucket":"b","Policy":{}}}"#, document("arn:aws:s3:::b/x")),
            "arn:aws:s3:::b",
            "s3:bucket",
        ),
        (
            format!(
                r#"{{"KeyId":"arn:aws:kms:eu-west-1:1:key/k","PolicyName":"default","Policy":{}}}"#,
                document("*")
            ),
            "arn:aws:kms:eu-west-1:1:key/k",
            "kms:key",
        ),
        (
            format!(
                r#"{{"RevisionId":"r","Policy":{}}}"#,
                document("arn:aws:lambda:eu-west-1:1:function:f:PROD")
            ),
            "arn:aws:lambda:eu-west-1:1:function:f",
            "lambda:function",
        ),
        (
            format!(
                r#"{{"Attributes":{{"QueueArn":"arn:aws:sqs:eu-west-1:1:q","Policy":{}}}}}"#,
                document("*")
            ),
            "arn:aws:sqs:eu-west-1:1:q",
            "sqs:queue",
        ),
        (
            format!(
                r#"{{"Attributes":{{"TopicArn":"arn:aws:sns:eu-west-1:1:t","Policy":{}}}}}"#,
                document("*")
            ),
            "arn:aws:sns:eu-west-1:1:t",
            "sns:topic",
        ),
        (
            format!(
                r#"{{"ARN":"arn:aws:secretsmanager:e:1:secret:s","Name":"s","ResourcePolicy":{}}}"#,
                document("*")
            ),
            "arn:aws:secretsmanager:e:1:secret:s",
            "secretsmanager:secret",
        ),
        (
            format!(
                r#"[{{"resource_arn":"arn:aws:ecr:e:1:repository/r","account_id":"111122223333","policy":{ALLOW}}}]"#
            ),
            "arn:aws:ecr:e:1:repository/r",
            "ecr:repository",
        ),
    ];
    for (text, id, kind) in cases {
        let facts = load(&[("a", &text)]);
        assert_eq!(facts.coverage.files[0].kind, "aws.resource_policy");
        let [record] = facts.resources.get(facts.texts.find(id).unwrap()) else { panic!("{text}") };
        assert_eq!((facts.texts.get(record.kind), record.policies[0].layer), (kind, RESOURCE));
        assert!(facts.coverage.rejected.is_empty(), "{:?}", facts.coverage.rejected);
    }
    let none = load(&[("a", r#"{"ARN":"arn:aws:secretsmanager:e:1:secret:s","Name":"s"}"#)]);
    assert!(
        none.resources.get(none.texts.find("arn:aws:secretsmanager:e:1:secret:s").unwrap())[0]
            .policies
            .is_empty()
    );
    assert_eq!(error(&format!(r#"{{"KeyId":"1234","Policy":{}}}"#, document("*"))).code(), "malformed");
}

#[test]
fn what_is_said_of_a_bucket_joins_in_any_order() {
    let policy = r#"{"Bucket":"b","ExpectedBucketOwner":"111122223333","Policy":
        {"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/*"}}}"#;
    let block = r#"{"Bucket":"b","PublicAccessBlockConfiguration":{"RestrictPublicBuckets":true}}"#;
    for files in [[("p", policy), ("b", block)], [("b", block), ("p", policy)]] {
        let facts = load(&files);
        let [bucket] = facts.resources.get(facts.texts.find("arn:aws:s3:::b").unwrap()) else { panic!() };
        assert_eq!((bucket.flags, bucket.policies.len()), (BLOCK_TOLD | RESTRICTS_PUBLIC | PUBLIC_POLICY, 1));
        assert_eq!(bucket.account, facts.texts.find("111122223333"));
    }
}

#[test]
fn endpoints_hang_on_their_id() {
    let text = r#"{"VpcEndpoints":[{"VpcEndpointId":"vpce-1","OwnerId":"111122223333","PolicyDocument":
        "{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\"}}"}]}"#;
    let facts = load(&[("a", text)]);
    assert_eq!(facts.resources.get(facts.texts.find("vpce-1").unwrap()).len(), 1);
    assert_eq!(
        (facts.coverage.files[0].kind.as_str(), facts.coverage.files[0].records),
        ("aws.vpc_endpoints", 1)
    );
}

#[test]
fn what_is_no_export_of_aws_is_not_recognised() {
    for text in [
        "",
        "hello",
        "[]",
        "{}",
        "[1, 2]",
        r#"{"name":"ciem","version":1}"#,
        r#"{"Policies":5}"#,
        r#"{"Policy":{"PolicyName":"x"}}"#,
        r#"{"Accounts":[{"name":"x"}]}"#,
        r#"{"Attributes":[1]}"#,
    ] {
        let mut facts = Facts::default();
        assert!(!read(&mut facts, "x", text).unwrap(), "{text}");
        assert!(facts.coverage.files.is_empty());
    }
}

#[test]
fn errors_name_the_place() {
    let text = "{\n\"UserDetailList\": [\n{\"Arn\": 5}]}";
    let error_of_type = error(text);
    let place = error_of_type.place().unwrap();
    assert_eq!((place.pointer.as_deref(), place.line), (Some("/UserDetailList/0/Arn"), Some(3)));
    let cases = [
        (r#"{"UserDetailList": 5}"#, "/UserDetailList"),
        (r#"{"UserDetailList": [{"UserName": "x"}]}"#, "/UserDetailList/0"),
        (r#"{"RoleDetailList": [{"Arn": "arn:aws:iam::1:role/x", "Tags": {}}]}"#, "/RoleDetailList/0/Tags"),
        (r#"[{"UserDetailList": []}, {"UserDetailList": [{"Arn": "x"}]}]"#, "/1/UserDetailList/0/Arn"),
        (r#"{"resource_arn": "arn:aws:sqs:e:1:q", "account_id": 5, "policy": {}}"#, "/account_id"),
    ];
    for (text, pointer) in cases {
        let error = error(text);
        assert_eq!(
            (error.code(), error.place().unwrap().pointer.as_deref()),
            ("malformed", Some(pointer)),
            "{text}"
        );
    }
    for text in ["{", r#"{"UserDetailList": ["#, r#"{"UserDetailList": []} x"#, r#"{"UserDetailList": [],}"#]
    {
        assert_eq!(error(text).code(), "malformed", "{text}");
    }
    let second = error("{\"UserDetailList\": []}\n\n{\"UserDetailList\": 5}");
    assert_eq!(second.place().unwrap().line, Some(3));
    assert_eq!(error(&"[".repeat(100)).code(), "too_deep");
    let deep = format!(r#"{{"UserDetailList": [], "x": {}{}}}"#, "[".repeat(70), "]".repeat(70));
    assert_eq!(error(&deep).code(), "too_deep");
    assert!(
        error(r#"{"UserDetailList": [{"Arn": "arn:a:b:c:d:e", "Arn": "x"}]}"#)
            .to_string()
            .contains("duplicate")
    );
}

#[test]
fn a_failed_input_leaves_nothing() {
    let mut facts = Facts::default();
    let text = format!("{}\n{{\"UserDetailList\": 5}}", page(&user("a", ""), ""));
    assert!(read(&mut facts, "x", &text).is_err());
    assert_eq!((facts.principals.len(), facts.coverage.files.len(), facts.texts.bytes()), (0, 0, 0));
}

#[test]
fn every_carrier_of_a_rejected_document_is_named() {
    let bad = inline(r#"{"Statement":{"Effect":"allow","Action":"s3:*","Resource":"*"}}"#);
    let users = format!("{},{}", user("b", &bad), user("a", &bad));
    let facts = load(&[("f.json", &page(&users, ""))]);
    let named: Vec<_> =
        facts.coverage.rejected.iter().map(|r| (r.policy.as_str(), r.pointer.as_str())).collect();
    assert_eq!(
        named,
        [
            ("in of arn:aws:iam::111122223333:user/team/a", "/Statement/Effect"),
            ("in of arn:aws:iam::111122223333:user/team/b", "/Statement/Effect")
        ]
    );
    let doubt = facts.documents.iter().next().unwrap().statements[0].doubt.clone().unwrap();
    assert_eq!(doubt.subject, "in of arn:aws:iam::111122223333:user/team/a");
}

const SAMPLES: &str = "../../shared/data/aws-authorization-details";

/// Real exports, where they are at hand.
#[expect(clippy::disallowed_methods, reason = "a test may look for sample files")]
fn samples() -> Vec<(String, String)> {
    use std::io::Read;
    let Ok(folder) = std::fs::read_dir(SAMPLES) else { return Vec::new() };
    let mut files: Vec<_> = folder.flatten().map(|entry| entry.path()).collect();
    files.sort();
    let texts = files.iter().filter_map(|path| {
        let bytes = std::fs::read(path).ok()?;
        let mut text = String::new();
        if path.extension()? == "gz" {
            flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).ok()?;
        } else if path.extension()? == "json" {
            text = String::from_utf8(bytes).ok()?;
        }
        Some((path.file_name()?.to_string_lossy().into_owned(), text)).filter(|(_, text)| !text.is_empty())
    });
    texts.collect()
}

#[test]
fn real_exports_are_read_and_all_their_records_counted() {
    for (name, text) in samples() {
        let facts = load(&[(&name, &text)]);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let lists = ["UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"];
        let count = |list: &&str| value[*list].as_array().map_or(0, Vec::len) as u64;
        assert_eq!(facts.coverage.files[0].records, lists.iter().map(count).sum::<u64>(), "{name}");
        assert!(facts.coverage.rejected.is_empty(), "{name}: {:?}", facts.coverage.rejected);
    }
}

#[test]
fn real_exports_together_contradict_each_other_only_where_they_differ() {
    let all = samples();
    if all.is_empty() {
        return;
    }
    let all: Vec<(&str, &str)> = all.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
    let facts = load(&all);
    let mut several: Vec<&str> = Vec::new();
    for (id, variants) in facts.policies.sorted(&facts.texts) {
        several.extend((variants.len() > 1).then(|| facts.texts.get(id)));
    }
    for (id, variants) in facts.principals.sorted(&facts.texts) {
        several.extend((variants.len() > 1).then(|| facts.texts.get(id)));
    }
    assert_eq!(
        several,
        [
            "arn:aws:iam::012345678901:policy/NotYourPolicy",
            // Exports of different years, with different default versions.
            "arn:aws:iam::aws:policy/aws-service-role/AWSSupportServiceRolePolicy",
            "arn:aws:iam::aws:policy/aws-service-role/AWSTrustedAdvisorServiceRolePolicy",
            "arn:aws:iam::012345678901:role/MyOtherRole",
        ]
    );
}

fn mutate(text: &str, at: usize, with: &str) -> String {
    let mut cut = at % (text.len() + 1);
    while !text.is_char_boundary(cut) {
        cut -= 1;
    }
    let (head, tail) = text.split_at(cut);
    format!("{head}{with}{}", tail.chars().skip(1).collect::<String>())
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in ".{0,200}") {
        let _ = read(&mut Facts::default(), "x", &text);
    }

    #[test]
    fn no_damage_makes_the_reader_panic(at in 0_usize..4000, with in prop_oneof![
        Just(""), Just("\""), Just("["), Just("{"), Just("}"), Just("null"), Just("5"), Just("\\"), Just("%")
    ], cut in any::<bool>()) {
        let document = ALLOW.replace("\"*\"", "[\"*\"]");
        let bad = inline(&document);
        let good = page(&format!("{},{}", user("a", &bad), user("b", &inline(&serde_json::to_string(ALLOW).unwrap()))), "");
        let mut text = mutate(&good, at, with);
        if cut {
            let mut end = at % (text.len() + 1);
            while !text.is_char_boundary(end) { end -= 1; }
            text.truncate(end);
        }
        let mut facts = Facts::default();
        match read(&mut facts, "x", &text) {
            Ok(_) => finish(&mut facts),
            Err(error) => {
                prop_assert_ne!(error.code(), "internal");
                prop_assert_eq!(facts.coverage.files.len(), 0);
            }
        }
    }
}
