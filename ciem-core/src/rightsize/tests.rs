mod laws;
mod replay;

use crate::model::{Plane, SpellingMode, UseEvent};
use crate::progress::Progress;
use crate::rightsize::options::{CalendarEntry, Level, RightsizeOptions, Shared};
use crate::rightsize::proposal::{Proposal, Reason};
use crate::snapshot::Snapshot;
use crate::snapshot::builder::SnapshotBuilder;
use crate::usage::builder::UsageBuilder;
use crate::usage::coverage::Cover;
use crate::usage::value::Usage;
use crate::usage::window::Window;
use serde_json::{Value, json};

const AT: &str = "2026-11-01T00:00:00Z";
const ANA: &str = "arn:aws:iam::111122223333:user/ana";
const BOB: &str = "arn:aws:iam::111122223333:user/bob";
const JOB: &str = "arn:aws:iam::111122223333:role/job";

fn policy(statements: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn allow(action: Value, resource: Value) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

fn snapshot(details: &Value) -> Snapshot {
    let mut builder = SnapshotBuilder::new();
    builder.add("gaad.json", details.to_string().as_bytes()).unwrap();
    builder.finish().unwrap()
}

/// A role with one inline policy.
fn role_with(statements: Value) -> Snapshot {
    snapshot(&json!({"UserDetailList": [], "GroupDetailList": [], "Policies": [], "RoleDetailList": [{
        "Path": "/", "RoleName": "job", "RoleId": "AROAAAAAAAAAAAAAAAAAA", "Arn": JOB, "CreateDate": "2020-01-01T00:00:00Z",
        "AssumeRolePolicyDocument": policy(json!([{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}])),
        "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": policy(statements)}], "AttachedManagedPolicies": []}]}))
}

/// Two users of a group, with a managed policy that both hold.
fn two_users() -> Snapshot {
    let user = |name: &str, arn: &str| {
        json!({"Path": "/", "UserName": name, "UserId": format!("AIDA{name:0>17}"), "Arn": arn, "CreateDate": "2020-01-01T00:00:00Z",
               "GroupList": ["devs"], "AttachedManagedPolicies": [{"PolicyName": "shared", "PolicyArn": "arn:aws:iam::aws:policy/shared"}]})
    };
    snapshot(&json!({
        "UserDetailList": [user("ana", ANA), user("bob", BOB)], "RoleDetailList": [],
        "GroupDetailList": [{"Path": "/", "GroupName": "devs", "GroupId": "AGPAAAAAAAAAAAAAAAAAA", "Arn": "arn:aws:iam::111122223333:group/devs",
            "GroupPolicyList": [{"PolicyName": "g", "PolicyDocument": policy(json!([allow(json!("sqs:*"), json!("*"))]))}], "AttachedManagedPolicies": []}],
        "Policies": [{"PolicyName": "shared", "Arn": "arn:aws:iam::aws:policy/shared", "DefaultVersionId": "v1",
            "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": true, "CreateDate": "2020-01-01T00:00:00Z",
                "Document": policy(json!([allow(json!(["s3:*"]), json!("*")), {"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"}]))}]}]}))
}

fn usage(events: &[(&str, &str, &str, Option<&str>)]) -> Usage {
    let window = Window::ending("400d", AT).unwrap();
    let mut builder = UsageBuilder::new();
    builder.cover(&Cover::management("aws", "111122223333", &window));
    for service in ["s3", "sqs", "dynamodb", "lambda", "sns"] {
        builder.cover(&Cover::data("aws", "111122223333", service, &window));
    }
    for (principal, permission, day, resource) in events {
        let mut event = UseEvent::new(*principal, *permission, &format!("{day}T10:00:00Z")).unwrap();
        if let Some(resource) = resource {
            event = event.resource(*resource);
        }
        builder.add_event(&event).unwrap();
    }
    builder.finish()
}

/// Proven, without a call that would fail, and with a way back.
pub(crate) fn sound(proposal: &Proposal) {
    let certificate = &proposal.certificate;
    assert_eq!((certificate.within_granted.as_str(), certificate.covers_kept.as_str()), ("proved", "proved"));
    assert_eq!(certificate.replay.would_fail, 0, "{:?}", certificate.replay);
    let mut state = proposal.remedy.starting_state();
    let before = state.clone();
    proposal.remedy.apply(&mut state).unwrap();
    proposal.rollback.apply(&mut state).unwrap();
    assert_eq!(state, before);
    assert_eq!(proposal.rollback.inverse(), proposal.remedy);
}

fn kept_for(proposal: &Proposal, reason: Reason) -> Vec<&str> {
    let of = proposal.keep.iter().filter(|one| one.reasons.contains(&reason));
    of.flat_map(|one| one.permissions.iter().map(String::as_str)).collect()
}

fn exact(level: Level) -> RightsizeOptions {
    RightsizeOptions::new(AT).level(level).mode(SpellingMode::Exact).prove(true)
}

#[test]
fn what_was_used_stays_where_it_was_used() {
    let snapshot =
        role_with(json!([allow(json!("s3:*"), json!("*")), allow(json!("ec2:Describe*"), json!("*"))]));
    let usage = usage(&[
        (JOB, "s3:GetObject", "2026-10-01", Some("arn:aws:s3:::pay/in/a.csv")),
        (JOB, "s3:GetObject", "2026-10-02", Some("arn:aws:s3:::pay/in/b.csv")),
        (JOB, "s3:ListBucket", "2026-10-02", Some("arn:aws:s3:::pay")),
    ]);
    let proposal = snapshot.rightsize("job", &usage, &exact(Level::Resources)).unwrap();
    sound(&proposal);
    assert_eq!(proposal.certificate.compared.as_deref(), Some("pass"));
    assert_eq!(kept_for(&proposal, Reason::Used), ["s3:GetObject", "s3:ListBucket"]);
    let statements = proposal.policies[0].document["Statement"].as_array().unwrap();
    assert!(
        statements.contains(
            &json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::pay/*"})
        ),
        "{statements:?}"
    );
    assert!(
        statements
            .contains(&json!({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::pay"})),
        "{statements:?}"
    );
    assert_eq!(proposal.certificate.replay.events, 3);
    assert_eq!(
        proposal.remedy.changes[0].before,
        Some(policy(json!([allow(json!("s3:*"), json!("*")), allow(json!("ec2:Describe*"), json!("*"))])))
    );
}

#[test]
fn patterns_never_leave_the_old_one() {
    let snapshot = role_with(json!([
        allow(json!("s3:GetObject"), json!("arn:aws:s3:::pay/in/*")),
        allow(json!("s3:PutObject"), json!("arn:aws:s3:::pay/out/${aws:username}/*")),
        allow(json!("s3:DeleteObject"), json!("*"))
    ]));
    let usage = usage(&[
        (JOB, "s3:GetObject", "2026-10-01", Some("arn:aws:s3:::pay/in/a*b$.csv")),
        (JOB, "s3:PutObject", "2026-10-01", Some("arn:aws:s3:::pay/out/x/a.csv")),
    ]);
    let proposal = snapshot.rightsize("job", &usage, &exact(Level::Resources)).unwrap();
    sound(&proposal);
    let statements = proposal.policies[0].document["Statement"].as_array().unwrap();
    assert!(
        statements.iter().any(|s| s["Resource"] == "arn:aws:s3:::pay/in/a${*}b${$}.csv"),
        "{statements:?}"
    );
    assert!(
        statements.iter().any(|s| s["Resource"] == "arn:aws:s3:::pay/out/${aws:username}/*"),
        "{statements:?}"
    );
}

#[test]
fn shared_policies_and_groups_are_left_not_changed() {
    let snapshot = two_users();
    let usage = usage(&[
        (ANA, "s3:CreateBucket", "2026-10-01", Some("arn:aws:s3:::new")),
        (BOB, "sqs:ReceiveMessage", "2026-10-01", None),
    ]);
    let options = exact(Level::Permissions).peer_share(2.0);
    let proposal = snapshot.rightsize("ana", &usage, &options).unwrap();
    sound(&proposal);
    let operations: Vec<&str> =
        proposal.remedy.changes.iter().map(|change| change.operation.as_str()).collect();
    assert_eq!(operations, ["put_inline_policy", "detach_policy", "leave_group"]);
    assert!(proposal.remedy.changes.iter().all(|change| change.target == ANA));
    // The denial goes along.
    assert!(proposal.policies[0].document.to_string().contains("s3:DeleteBucket"));

    let with_peers = snapshot.rightsize("ana", &usage, &exact(Level::Permissions)).unwrap();
    assert_eq!(
        kept_for(&with_peers, Reason::Peer),
        ["s3:CreateBucket", "sqs:ReceiveMessage"]
            .into_iter()
            .filter(|p| p.starts_with("sqs"))
            .collect::<Vec<_>>()
    );

    let kept = snapshot.rightsize("ana", &usage, &options.shared(Shared::Keep)).unwrap();
    assert!(kept.remedy.changes.is_empty());
    assert!(kept.untouched.iter().all(|one| one.reason == "shared"));
}

#[test]
fn what_logs_cannot_show_stays_and_can_be_dropped() {
    let actions = json!(["s3:GetObject", "iam:PassRole", "iam:GetRole", "iam:ListRoles"]);
    let snapshot = role_with(json!([allow(actions, json!("*"))]));
    let window = Window::ending("90d", AT).unwrap();
    let mut builder = UsageBuilder::new();
    builder.cover(&Cover::management("aws", "111122223333", &window));
    builder.add_event(&UseEvent::new(JOB, "iam:GetRole", "2026-10-01T00:00:00Z").unwrap()).unwrap();
    let usage = builder.finish();
    let proposal = snapshot.rightsize("job", &usage, &exact(Level::Permissions)).unwrap();
    sound(&proposal);
    assert_eq!(usage.plane(JOB, "s3:GetObject"), Some(Plane::Data));
    assert_eq!(kept_for(&proposal, Reason::Unobservable), ["iam:PassRole", "s3:GetObject"]);
    assert_eq!(proposal.remove[0].permissions, ["iam:ListRoles"]);
    assert_eq!((proposal.certificate.unobservable, proposal.certificate.kept_unused), (2, 2));
    let strict = snapshot.rightsize("job", &usage, &exact(Level::Permissions).unobservable(false)).unwrap();
    assert_eq!(strict.kept, 1);
}

#[test]
fn rhythms_calendars_and_protection_keep() {
    let snapshot = role_with(json!([allow(
        json!([
            "iam:GetRole",
            "iam:ListRoles",
            "iam:ListUsers",
            "iam:GetUser",
            "iam:GetPolicy",
            "s3:PutObject",
            "kms:GenerateDataKey"
        ]),
        json!("*")
    )]));
    let usage = usage(&[
        (JOB, "iam:GetRole", "2026-10-01", None),
        (JOB, "iam:ListRoles", "2026-03-31", None),
        (JOB, "iam:ListRoles", "2026-06-30", None),
        (JOB, "s3:PutObject", "2026-10-30", Some("arn:aws:s3:::pay/x")),
    ]);
    let options = exact(Level::Permissions)
        .protected_permissions(vec!["iam:*Users".to_owned()])
        .calendar(vec![CalendarEntry::new(["j?b"], ["iam:GetUser"])]);
    let proposal = snapshot.rightsize("job", &usage, &options).unwrap();
    sound(&proposal);
    assert_eq!(kept_for(&proposal, Reason::Periodic), ["iam:ListRoles"]);
    assert_eq!(kept_for(&proposal, Reason::Protected), ["iam:ListUsers"]);
    assert_eq!(kept_for(&proposal, Reason::Calendar), ["iam:GetUser"]);
    assert_eq!(kept_for(&proposal, Reason::Companion), ["kms:GenerateDataKey"]);
    assert_eq!(proposal.remove[0].permissions, ["iam:GetPolicy"]);
    assert_eq!(proposal.certificate.replay.earlier_events, 2);
}

#[test]
fn conditions_that_always_held_are_added() {
    let snapshot = role_with(json!([allow(json!("dynamodb:*"), json!("*"))]));
    let window = Window::ending("90d", AT).unwrap();
    let mut builder = UsageBuilder::new();
    builder.cover(&Cover::management("aws", "111122223333", &window));
    builder.cover(&Cover::data("aws", "111122223333", "dynamodb", &window));
    for (address, table) in [("10.0.0.1", "a"), ("10.0.0.2", "b")] {
        let event = UseEvent::new(JOB, "dynamodb:GetItem", "2026-10-01T00:00:00Z").unwrap();
        let event = event.resource(format!("arn:aws:dynamodb:eu-west-1:111122223333:table/{table}"));
        let event = event.context("aws:RequestedRegion", "eu-west-1").context("aws:SourceIp", address);
        builder.add_event(&event.context("aws:MultiFactorAuthPresent", "false")).unwrap();
    }
    let proposal = snapshot.rightsize("job", &builder.finish(), &exact(Level::Conditions)).unwrap();
    sound(&proposal);
    assert_eq!(proposal.certificate.compared.as_deref(), Some("pass"));
    let statement = &proposal.policies[0].document["Statement"][0];
    assert_eq!(statement["Condition"], json!({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}));
    assert_eq!(statement["Resource"].as_array().unwrap().len(), 2);
}

#[test]
fn a_denial_in_one_proposed_policy_holds_for_the_others() {
    let queue = json!("arn:aws:sqs:eu-west-1:111122223333:queue");
    let snapshot = role_with(json!([
        {"Effect": "Deny", "Action": "acme:Do", "Resource": queue},
        {"Effect": "Allow", "NotAction": "s3:*", "Resource": queue},
    ]));
    let logs = usage(&[(JOB, "acme:Do", "2026-10-30", None)]);
    let options = RightsizeOptions::new(AT).level(Level::Permissions).mode(SpellingMode::Exact).prove(true);
    let proposal = snapshot.rightsize("job", &logs, &options).unwrap();
    sound(&proposal);
    assert!(proposal.policies.len() > 1);
    assert_eq!(proposal.certificate.compared.as_deref(), Some("pass"));
}

#[test]
fn whoever_is_new_protected_or_not_ours_is_left_alone() {
    let statements = json!([allow(json!("s3:*"), json!("*"))]);
    let mut details =
        json!({"UserDetailList": [], "GroupDetailList": [], "Policies": [], "RoleDetailList": []});
    for (name, path, made) in [
        ("young", "/", "2026-10-20"),
        ("prod-break-glass", "/", "2020-01-01"),
        ("AWSServiceRoleForX", "/aws-service-role/x.amazonaws.com/", "2020-01-01"),
    ] {
        let role = json!({"Path": path, "RoleName": name, "RoleId": format!("AROA{name}"), "Arn": format!("arn:aws:iam::111122223333:role{path}{name}"),
            "CreateDate": format!("{made}T00:00:00Z"), "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": policy(statements.clone())}]});
        details["RoleDetailList"].as_array_mut().unwrap().push(role);
    }
    let snapshot = snapshot(&details);
    let usage = usage(&[]);
    let reasons = |name: &str| {
        let proposal = snapshot.rightsize(name, &usage, &exact(Level::Resources)).unwrap();
        assert!(proposal.remedy.changes.is_empty(), "{name}");
        (proposal.refused, proposal.keep.first().map(|one| one.reasons[0]))
    };
    assert_eq!(reasons("young"), (None, Some(Reason::NewGrant)));
    assert_eq!(reasons("prod-break-glass"), (None, Some(Reason::Protected)));
    assert_eq!(reasons("AWSServiceRoleForX").0, Some("service_linked"));
}

#[test]
fn the_whole_policy_goes_where_nothing_was_used() {
    let snapshot = role_with(json!([allow(json!(["iam:GetRole", "iam:ListRoles"]), json!("*"))]));
    let proposal = snapshot.rightsize("job", &usage(&[]), &exact(Level::Resources)).unwrap();
    sound(&proposal);
    assert_eq!((proposal.kept, proposal.policies.len()), (0, 0));
    assert_eq!(proposal.remedy.changes[0].operation, "delete_inline_policy");
}

#[test]
fn a_permission_set_keeps_what_any_of_its_people_needs() {
    let set = "arn:aws:sso:::permissionSet/ssoins-1/ps-1";
    let pages = [
        json!({"PermissionSet": {"Name": "Ops", "PermissionSetArn": set}}),
        json!({"PermissionSetArn": set, "InlinePolicy": policy(json!([allow(json!(["s3:CreateBucket", "s3:DeleteBucket", "sqs:CreateQueue"]), json!("*"))])).to_string()}),
        json!({"PermissionSetArn": set, "AttachedManagedPolicies": []}),
        json!({"PermissionSetArn": set, "CustomerManagedPolicyReferences": []}),
        json!({"AccountAssignments": [{"AccountId": "111122223333", "PermissionSetArn": set, "PrincipalId": "u1", "PrincipalType": "USER"},
            {"AccountId": "444455556666", "PermissionSetArn": set, "PrincipalId": "g2", "PrincipalType": "GROUP"}]}),
        json!({"GroupMemberships": [{"GroupId": "g2", "MembershipId": "m", "MemberId": {"UserId": "u2"}}]}),
        json!({"Users": [{"IdentityStoreId": "d-1", "UserId": "u1", "UserName": "eva"}, {"IdentityStoreId": "d-1", "UserId": "u2", "UserName": "udo"}]}),
    ];
    let mut builder = SnapshotBuilder::new();
    for (number, page) in pages.iter().enumerate() {
        builder.add(&format!("{number}.json"), page.to_string().as_bytes()).unwrap();
    }
    let snapshot = builder.finish().unwrap();
    let window = Window::ending("90d", AT).unwrap();
    let mut logs = UsageBuilder::new();
    let estate = &snapshot.estates()[0];
    for account in ["111122223333", "444455556666"] {
        logs.cover(&Cover::management("aws", account, &window));
    }
    let acting = estate.principals.ids().filter(|id| estate.principals[*id].acting.is_some());
    let ids: Vec<&str> = acting.map(|id| estate.text(estate.principals[id].id)).collect();
    for (id, permission) in ids.iter().zip(["s3:CreateBucket", "sqs:CreateQueue"]) {
        logs.add_event(&UseEvent::new(*id, permission, "2026-10-01T00:00:00Z").unwrap()).unwrap();
    }
    let (usage, options) = (logs.finish(), exact(Level::Permissions));
    let proposal = snapshot.rightsize("eva", &usage, &options).unwrap();
    sound(&proposal);
    // Whoever is asked about, and however the set came to them.
    for name in ["udo", set] {
        assert_eq!(snapshot.rightsize(name, &usage, &options).unwrap(), proposal);
    }
    let mut all = Vec::new();
    let rightsizer = snapshot.rightsizer(&usage, &options);
    rightsizer
        .propose_everybody(&Progress::none(), |name, made| all.push((name.to_owned(), made.unwrap())))
        .unwrap();
    assert_eq!(all, [(set.to_owned(), proposal.clone())]);
    assert_eq!(proposal.remedy.changes[0].call["parameters"]["PermissionSetArn"], set);
    assert_eq!(kept_for(&proposal, Reason::Used), ["s3:CreateBucket", "sqs:CreateQueue"]);
    assert_eq!((proposal.principal.as_str(), proposal.members.len()), (set, 2));
    assert_eq!(proposal.remedy.changes[0].call["action"], "PutInlinePolicyToPermissionSet");
}

#[test]
fn modes_differ_in_stars() {
    let snapshot = role_with(json!([allow(json!("iam:*"), json!("*"))]));
    let all: Vec<String> = snapshot.estates()[0]
        .universe
        .catalog()
        .permissions()
        .map(|p| p.name.to_owned())
        .filter(|n| n.starts_with("iam:Get") || n.starts_with("iam:Delete"))
        .collect();
    let events: Vec<(&str, &str, &str, Option<&str>)> =
        all.iter().map(|name| (JOB, name.as_str(), "2026-10-01", None)).collect();
    let usage = usage(&events);
    let of = |mode| {
        snapshot.rightsize("job", &usage, &exact(Level::Permissions).mode(mode).unobservable(false)).unwrap()
    };
    let (names, safe, compact) = (of(SpellingMode::Exact), of(SpellingMode::Safe), of(SpellingMode::Compact));
    for proposal in [&names, &safe, &compact] {
        sound(proposal);
        assert_eq!(proposal.kept as usize, all.len());
    }
    let text = |proposal: &Proposal| proposal.policies[0].document.to_string();
    assert!(
        !text(&names).contains("Get*")
            && !text(&safe).contains("Delete*")
            && text(&safe).contains("iam:DeleteRole\"")
    );
    assert!(text(&compact).len() < text(&safe).len() && text(&safe).len() < text(&names).len());
}

#[test]
fn all_but_a_pattern_with_a_variable_stays_as_it_is() {
    // A role has no user name: the statement grants it nothing, and a list of resources would.
    let statement =
        json!({"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::home/${aws:username}/*"});
    let snapshot = role_with(json!([statement]));
    let usage = usage(&[(JOB, "s3:GetObject", "2026-10-01", Some("arn:aws:s3:::pay/a"))]);
    let proposal = snapshot.rightsize("job", &usage, &exact(Level::Resources)).unwrap();
    assert_eq!(proposal.certificate.compared.as_deref(), Some("pass"));
    assert!(proposal.policies[0].document["Statement"][0].get("Resource").is_none());
}
