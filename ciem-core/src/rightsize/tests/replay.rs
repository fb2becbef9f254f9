//! Logged calls are decided anew by the whole rule, not by the exchanged policies alone.

use super::{AT, JOB, allow, policy, usage};
use crate::rightsize::options::{Level, RightsizeOptions};
use crate::rightsize::proposal::Replay;
use crate::snapshot::Snapshot;
use crate::snapshot::builder::SnapshotBuilder;
use serde_json::{Value, json};

/// A role with a policy of its own, a boundary, and a bucket with a policy.
fn fenced(boundary: Value, bucket: Value) -> Snapshot {
    let fence = "arn:aws:iam::111122223333:policy/fence";
    let account = json!({"UserDetailList": [], "GroupDetailList": [],
        "Policies": [{"PolicyName": "fence", "Arn": fence, "DefaultVersionId": "v1", "PolicyVersionList": [
            {"VersionId": "v1", "IsDefaultVersion": true, "CreateDate": "2020-01-01T00:00:00Z", "Document": policy(boundary)}]}],
        "RoleDetailList": [{"Path": "/", "RoleName": "job", "RoleId": "AROAAAAAAAAAAAAAAAAAA", "Arn": JOB,
            "CreateDate": "2020-01-01T00:00:00Z", "AttachedManagedPolicies": [],
            "PermissionsBoundary": {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": fence},
            "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": policy(json!([allow(json!("s3:*"), json!("*"))]))}]}]});
    let bucket = json!({"Bucket": "pay", "AccountId": "111122223333", "Policy": policy(bucket).to_string()});
    let mut builder = SnapshotBuilder::new();
    builder.add("gaad.json", account.to_string().as_bytes()).unwrap();
    builder.add("bucket-pay.json", bucket.to_string().as_bytes()).unwrap();
    builder.finish().unwrap()
}

fn replayed(boundary: Value, bucket: Value) -> Replay {
    // One use in the window, and one before it of what goes since.
    let usage = usage(&[
        (JOB, "s3:GetObject", "2026-10-01", Some("arn:aws:s3:::pay/a")),
        (JOB, "s3:PutObject", "2026-03-01", Some("arn:aws:s3:::pay/a")),
    ]);
    let options = RightsizeOptions::new(AT).level(Level::Permissions);
    let proposal = fenced(boundary, bucket).rightsize("job", &usage, &options).unwrap();
    assert!(proposal.remove.iter().any(|one| one.permissions.iter().any(|name| name == "s3:PutObject")));
    proposal.certificate.replay
}

#[test]
fn what_the_policy_of_a_resource_grants_does_not_fail() {
    let everything = json!([allow(json!("*"), json!("*"))]);
    let nobody = json!([{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:user/eve"}, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::pay/*"}]);
    let replay = replayed(everything.clone(), nobody);
    assert_eq!((replay.would_fail, replay.earlier_would_fail, replay.not_allowed_before), (0, 1, 0));

    let job = json!([{"Effect": "Allow", "Principal": {"AWS": JOB}, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::pay/*"}]);
    let replay = replayed(everything, job);
    assert_eq!((replay.would_fail, replay.earlier_would_fail, replay.not_allowed_before), (0, 0, 0));
}

#[test]
fn what_a_boundary_or_a_resource_forbids_is_told_as_such() {
    let nothing_here = json!([{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:user/eve"}, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::pay/*"}]);
    let replay = replayed(json!([allow(json!("ec2:*"), json!("*"))]), nothing_here);
    assert_eq!((replay.would_fail, replay.earlier_would_fail, replay.not_allowed_before), (0, 0, 1));

    let forbidden = json!([{"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::pay/*"}]);
    let replay = replayed(json!([allow(json!("*"), json!("*"))]), forbidden);
    assert_eq!((replay.would_fail, replay.earlier_would_fail, replay.not_allowed_before), (0, 1, 1));
}
