//! Account exports from the field, where they are at hand: what is counted, what contradicts, and answers that
//! follow from the documents.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test reads files, says what it skips, and fails"
)]

use ciem_core::{
    ContextValue, Coverage, Decision, Denial, Match, Query, Request, Session, Snapshot, SnapshotBuilder,
    Verdict,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/aws-authorization-details");
const LISTS: [(&str, &str); 4] = [
    ("users", "UserDetailList"),
    ("groups", "GroupDetailList"),
    ("roles", "RoleDetailList"),
    ("policies", "Policies"),
];

/// The account of the example: one user and one role for each way to escalate.
const LAB: &str = "200611803367";
/// The account that three of the files know.
const TEAM: &str = "012345678901";

struct Export {
    name: String,
    bytes: Vec<u8>,
    content: Value,
}

/// The exports by name; none, with a word about it, where the folder is not there.
fn exports() -> Option<Vec<Export>> {
    let Ok(folder) = std::fs::read_dir(FOLDER) else {
        eprintln!("skipped: the sample exports are not at hand");
        return None;
    };
    let mut files: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json" || extension == "gz"));
    files.sort();
    let read = |path: &std::path::PathBuf| {
        let bytes = std::fs::read(path).unwrap();
        let mut text = Vec::new();
        match flate2::read::GzDecoder::new(bytes.as_slice()).read_to_end(&mut text) {
            Ok(_) => {}
            Err(_) => text.clone_from(&bytes),
        }
        let content = serde_json::from_slice(&text).unwrap();
        Export { name: path.file_name().unwrap().to_string_lossy().into_owned(), bytes, content }
    };
    Some(files.iter().map(read).collect())
}

fn load<'e>(exports: impl IntoIterator<Item = &'e Export>) -> Snapshot {
    let mut builder = SnapshotBuilder::new();
    for export in exports {
        builder.add(&export.name, &export.bytes).unwrap();
    }
    builder.finish().unwrap()
}

/// All exports in one snapshot.
fn all() -> Option<Snapshot> {
    Some(load(&exports()?))
}

/// The one export whose name has `part` in it, as a snapshot of its own.
fn alone(part: &str) -> Option<Snapshot> {
    Some(load(exports()?.iter().filter(|export| export.name.contains(part))))
}

fn distinct_ids<'e>(
    exports: impl IntoIterator<Item = &'e Export>,
) -> BTreeMap<&'static str, BTreeSet<&'e str>> {
    let mut ids: BTreeMap<_, BTreeSet<_>> = LISTS.iter().map(|(kind, _)| (*kind, BTreeSet::new())).collect();
    for export in exports {
        for (kind, list) in LISTS {
            let records = export.content[list].as_array().map(Vec::as_slice).unwrap_or_default();
            ids.get_mut(kind).unwrap().extend(records.iter().map(|record| record["Arn"].as_str().unwrap()));
        }
    }
    ids
}

fn records(export: &Export) -> u64 {
    LISTS.iter().map(|(_, list)| export.content[*list].as_array().map_or(0, Vec::len) as u64).sum()
}

fn assert_counts(coverage: &Coverage, exports: &[&Export]) {
    for (kind, ids) in distinct_ids(exports.iter().copied()) {
        let counted = coverage.counts.get(kind).copied().unwrap_or_default();
        assert_eq!(
            counted,
            ids.len() as u64,
            "{kind} of {:?}",
            exports.iter().map(|e| &e.name).collect::<Vec<_>>()
        );
    }
    let files: Vec<_> = coverage.files.iter().map(|file| (file.name.as_str(), file.records)).collect();
    let expected: Vec<_> = exports.iter().map(|export| (export.name.as_str(), records(export))).collect();
    assert_eq!(files, expected);
    for file in &coverage.files {
        assert_eq!(
            (file.kind.as_str(), file.errors.len()),
            ("aws.authorization_details", 0),
            "{}",
            file.name
        );
    }
}

fn arn(account: &str, rest: &str) -> String {
    format!("arn:aws:iam::{account}:{rest}")
}

fn ask(snapshot: &Snapshot, principal: &str, action: &str, resource: &str) -> Decision {
    snapshot.can(&Request::new(principal, action, resource)).unwrap()
}

fn verdict(snapshot: &Snapshot, principal: &str, action: &str, resource: &str) -> Verdict {
    ask(snapshot, principal, action, resource).verdict
}

/// Principals of `who_can` with their verdicts.
fn holders(snapshot: &Snapshot, action: &str, resource: &str) -> BTreeMap<String, Verdict> {
    let holders = snapshot.who_can(&Query::who(action, resource)).unwrap();
    holders.rows().map(|row| (row.principal, row.verdict)).collect()
}

#[test]
fn each_export_alone_is_counted_as_its_file_says() {
    let Some(exports) = exports() else { return };
    assert_eq!(exports.len(), 4, "the folder holds other files than this test knows");
    for export in &exports {
        let coverage = load([export]).coverage();
        assert_counts(&coverage, &[export]);
        assert!(coverage.rejected.is_empty(), "{}: {:?}", export.name, coverage.rejected);
    }
}

#[test]
fn the_account_is_that_of_each_record_not_of_the_file() {
    let Some(snapshot) = alone("example.json.gz") else { return };
    let mut accounts: BTreeMap<String, usize> = BTreeMap::new();
    for row in snapshot.principals().filter(|row| row.loaded) {
        *accounts.entry(row.account).or_default() += 1;
    }
    // 41 users and 75 roles of the laboratory, 3 users and 3 roles of the team.
    assert_eq!(accounts, BTreeMap::from([(LAB.to_owned(), 116), (TEAM.to_owned(), 6)]));
}

#[test]
fn together_equal_records_merge_and_different_ones_contradict() {
    let Some(exports) = exports() else { return };
    let coverage = load(&exports).coverage();
    assert_counts(&coverage, &exports.iter().collect::<Vec<_>>());
    let rejected: BTreeSet<&str> =
        coverage.rejected.iter().map(|rejected| rejected.policy.as_str()).collect();
    // `AdministratorAccess` and 30 more differ in counters and dates only. The two policies of AWS itself are
    // there with default versions of different years.
    let expected = [
        "arn:aws:iam::012345678901:policy/NotYourPolicy",
        "arn:aws:iam::012345678901:role/MyOtherRole",
        "arn:aws:iam::aws:policy/aws-service-role/AWSSupportServiceRolePolicy",
        "arn:aws:iam::aws:policy/aws-service-role/AWSTrustedAdvisorServiceRolePolicy",
    ];
    assert_eq!(rejected, BTreeSet::from(expected));
    for rejected in &coverage.rejected {
        assert!(rejected.reason.contains("give the newest export only"), "{rejected:?}");
        // The files that brought the versions: of equal records the first one is named.
        let other =
            if rejected.policy.contains(":aws:policy/") { "authz-details.json" } else { "authz-v2.json" };
        let sources: Vec<&str> = rejected.source.split(", ").collect();
        assert_eq!(sources.len(), 2, "{rejected:?}");
        assert!(sources[0].ends_with("example.json.gz") && sources[1].ends_with(other), "{rejected:?}");
    }
}

#[test]
fn the_order_of_the_exports_changes_no_answer() {
    let Some(mut exports) = exports() else { return };
    let table = |snapshot: &Snapshot| {
        let asked = [("s3:PutObject", "*"), ("iam:PassRole", "*"), ("sts:AssumeRole", "*")];
        asked.map(|(action, resource)| {
            let rows: Vec<_> = snapshot.who_can(&Query::who(action, resource)).unwrap().rows().collect();
            (action, serde_json::to_string(&rows).unwrap())
        })
    };
    let forward = table(&load(&exports));
    exports.reverse();
    assert_eq!(forward, table(&load(&exports)));
}

/// One file gives `MyOtherRole` the inline policy `SupYo` (`iam:PassRole` and seven more on `*`), another gives
/// it `InlinePolicyForTestingOverrides` (`s3:PutObject`, `s3:GetObject` on `*`).
#[test]
fn what_a_contradictory_role_may_hold_is_unknown() {
    let Some(snapshot) = all() else { return };
    let role = arn(TEAM, "role/MyOtherRole");
    for (action, resource) in [
        ("iam:PassRole", arn(TEAM, "role/MyRole")),
        ("s3:GetObject", "arn:aws:s3:::pay/a.csv".to_owned()),
        ("s3:PutObject", "*".to_owned()),
    ] {
        let decision = ask(&snapshot, &role, action, &resource);
        assert_eq!(decision.verdict, Verdict::Unknown, "{action}");
        assert!(
            decision.missing.iter().any(|missing| missing.subject.contains("MyOtherRole")),
            "{action}: {:?}",
            decision.missing
        );
    }
    // Neither file grants this, and neither denies anything.
    let decision = ask(&snapshot, &role, "ec2:RunInstances", "*");
    assert_eq!((decision.verdict, decision.denial), (Verdict::Deny, Some(Denial::Implicit)));
    // All files agree on who may assume the role: only the service.
    assert_eq!(verdict(&snapshot, "ssm.amazonaws.com", "sts:AssumeRole", &role), Verdict::Allow);
    // The twin of the first version is the same in both files that have it.
    assert_eq!(verdict(&snapshot, &arn(TEAM, "role/MyRole"), "iam:PassRole", &role), Verdict::Allow);
}

/// `NotYourPolicy` is `s3:PutObject*` on `mybucket` in two files and four actions of ECR in another. Nobody in
/// the exports holds it, so a user is added who does.
#[test]
fn what_a_contradictory_policy_may_grant_is_unknown() {
    let Some(exports) = exports() else { return };
    let mut builder = SnapshotBuilder::new();
    for export in &exports {
        builder.add(&export.name, &export.bytes).unwrap();
    }
    let user = json!({
        "Arn": arn(TEAM, "user/trump"), "UserName": "trump", "UserId": "AIDATRUMP", "Path": "/",
        "AttachedManagedPolicies": [
            {"PolicyName": "NotYourPolicy", "PolicyArn": arn(TEAM, "policy/NotYourPolicy")},
            {"PolicyName": "InsecurePolicy", "PolicyArn": arn(TEAM, "policy/InsecurePolicy")},
        ],
    });
    builder.add("more.json", json!({ "UserDetailList": [user] }).to_string().as_bytes()).unwrap();
    let snapshot = builder.finish().unwrap();
    let user = arn(TEAM, "user/trump");
    assert_eq!(verdict(&snapshot, &user, "ecr:GetAuthorizationToken", "*"), Verdict::Unknown);
    // `InsecurePolicy` grants it whatever the other policy says, since that one denies nothing.
    assert_eq!(verdict(&snapshot, &user, "s3:PutObject", "arn:aws:s3:::mybucket/a"), Verdict::Allow);
    assert_eq!(verdict(&snapshot, &user, "s3:GetObject", "arn:aws:s3:::mybucket/a"), Verdict::Deny);
}

/// 1. `BlakeBortles` is in the group `GOAT`, which holds `AdministratorAccess`. His own export does not contain
///    that policy; together with the others it is known, and allows everything.
#[test]
fn an_attached_policy_is_missing_until_another_export_brings_it() {
    let Some(lonely) = alone("authz-v2") else { return };
    let user = arn(TEAM, "user/BlakeBortles");
    let decision = ask(&lonely, &user, "s3:DeleteBucket", "arn:aws:s3:::pay");
    assert_eq!(decision.verdict, Verdict::Unknown);
    let subjects: Vec<_> = decision.missing.iter().map(|missing| missing.subject.as_str()).collect();
    assert_eq!(subjects, ["arn:aws:iam::aws:policy/AdministratorAccess"]);
    let layers = lonely.coverage().layers;
    let identity = layers.iter().find(|layer| layer.account == TEAM && layer.layer == "identity").unwrap();
    assert_eq!(identity.state, "partial");
    assert!(identity.reason.as_ref().unwrap().contains("AdministratorAccess"), "{identity:?}");
    let together = all().unwrap();
    let decision = ask(&together, &user, "s3:DeleteBucket", "arn:aws:s3:::pay");
    assert_eq!(decision.verdict, Verdict::Allow);
    assert_eq!(decision.statements[0].via, [arn(TEAM, "group/GOAT")]);
}

/// 2. `obama` holds `AdministratorAccess` twice: attached, and through the group `admin`.
#[test]
fn an_administrator_may_do_everything_in_the_own_account() {
    let Some(snapshot) = all() else { return };
    let user = arn(TEAM, "user/obama");
    assert_eq!(verdict(&snapshot, &user, "iam:CreateUser", &arn(TEAM, "user/new")), Verdict::Allow);
    assert_eq!(verdict(&snapshot, &user, "organizations:LeaveOrganization", "*"), Verdict::Allow);
    assert_eq!(verdict(&snapshot, &user, "s3:DeleteObject", "*"), Verdict::Allow);
    // A role that trusts another account alone is out of reach even so.
    let decision = ask(&snapshot, &user, "sts:AssumeRole", &arn(LAB, "role/OrganizationAccountAccessRole"));
    assert_eq!((decision.verdict, decision.blocked_by.as_slice()), (Verdict::Deny, &["trust"][..]));
    // On an object everything that can be done to objects is one row, held through both ways.
    let access = snapshot.what_can(&Query::what(user.as_str()).on("arn:aws:s3:::pay/a.csv")).unwrap();
    let reading: Vec<_> = access
        .rows()
        .iter()
        .filter(|row| row.permissions.iter().any(|name| name == "s3:GetObject"))
        .collect();
    assert_eq!(reading.len(), 1);
    assert_eq!(reading[0].verdict, Verdict::Allow);
    let administrators = [arn(TEAM, "group/admin"), "arn:aws:iam::aws:policy/AdministratorAccess".to_owned()];
    assert_eq!(reading[0].via, administrators);
}

/// 3. `privesc1-CreateNewPolicyVersion-user` holds one statement: `iam:CreatePolicyVersion` on `*`.
#[test]
fn a_single_permission_is_a_single_row() {
    let Some(snapshot) = all() else { return };
    let user = arn(LAB, "user/privesc1-CreateNewPolicyVersion-user");
    let policy = arn(LAB, "policy/deny-all");
    assert_eq!(verdict(&snapshot, &user, "iam:CreatePolicyVersion", &policy), Verdict::Allow);
    assert_eq!(verdict(&snapshot, &user, "iam:CreatePolicyVersion", "*"), Verdict::Allow);
    let decision = ask(&snapshot, &user, "iam:SetDefaultPolicyVersion", &policy);
    assert_eq!((decision.verdict, decision.blocked_by.as_slice()), (Verdict::Deny, &["identity"][..]));
    let access = snapshot.what_can(&Query::what(user.as_str())).unwrap();
    let rows: Vec<_> =
        access.rows().iter().filter(|row| row.permissions != ["sts:GetCallerIdentity"]).collect();
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(
        (rows[0].permissions.as_slice(), rows[0].resources.as_slice()),
        (&["iam:CreatePolicyVersion".to_owned()][..], &["*".to_owned()][..])
    );
    assert_eq!(
        (rows[0].verdict, rows[0].via.as_slice()),
        (Verdict::Allow, &[arn(LAB, "policy/privesc1-CreateNewPolicyVersion")][..])
    );
}

/// 4. `fn3-exploitableConditionConstraint-role` may do it if the session is of 2020 or later, and
///    `fp5-nonExploitableConditionConstraint-role` if it is older.
#[test]
fn a_conditional_statement_depends_on_the_session() {
    let Some(snapshot) = all() else { return };
    let new = arn(LAB, "role/fn3-exploitableConditionConstraint-role");
    let old = arn(LAB, "role/fp5-nonExploitableConditionConstraint-role");
    let policy = arn(LAB, "policy/deny-all");
    let at = |role: &str, issued: ContextValue| {
        let request = Request::new(role, "iam:CreatePolicyVersion", policy.as_str());
        snapshot.can(&request.context("aws:TokenIssueTime", issued)).unwrap().verdict
    };
    let issued = |text: &str| ContextValue::One(text.to_owned());
    for (role, late, early) in [(&new, Verdict::Allow, Verdict::Deny), (&old, Verdict::Deny, Verdict::Allow)]
    {
        let open = ask(&snapshot, role, "iam:CreatePolicyVersion", &policy);
        assert_eq!(open.verdict, Verdict::Conditional);
        assert_eq!(open.condition.unwrap()["key"], "aws:TokenIssueTime");
        assert_eq!(at(role, issued("2026-05-05T00:00:00Z")), late);
        assert_eq!(at(role, issued("2019-05-05T00:00:00Z")), early);
        assert_eq!(at(role, ContextValue::Absent), Verdict::Deny);
    }
}

/// 5. `privesc-sre-user` holds nothing but through `privesc-sre-group`: `iam:*`, `ec2:*`, `s3:*` on `*`. The
///    trust policy of `privesc-sre-role` names the user, which suffices within an account.
#[test]
fn a_group_member_holds_what_the_group_holds() {
    let Some(snapshot) = all() else { return };
    let user = arn(LAB, "user/privesc-sre-user");
    let decision = ask(&snapshot, &user, "s3:GetObject", "arn:aws:s3:::pay/a.csv");
    assert_eq!(decision.verdict, Verdict::Allow);
    assert_eq!(decision.statements.len(), 1);
    assert_eq!(decision.statements[0].policy, arn(LAB, "policy/privesc-sre-admin-policy"));
    assert_eq!(decision.statements[0].via, [arn(LAB, "group/privesc-sre-group")]);
    assert_eq!(verdict(&snapshot, &user, "kms:Decrypt", "*"), Verdict::Deny);
    assert_eq!(
        verdict(&snapshot, &user, "sts:AssumeRole", &arn(LAB, "role/privesc-sre-role")),
        Verdict::Allow
    );
    assert_eq!(
        verdict(&snapshot, &user, "sts:AssumeRole", &arn(LAB, "role/fp3-deny-iam-role")),
        Verdict::Deny
    );
}

/// 6. `fn4-exploitableNotAction-user` may do everything but `iam:Update*`, `iam:Create*` and `iam:Attach*`.
#[test]
fn not_action_leaves_out_what_it_names_and_nothing_else() {
    let Some(snapshot) = all() else { return };
    let user = arn(LAB, "user/fn4-exploitableNotAction-user");
    let denied =
        ["iam:CreateUser", "iam:UpdateAssumeRolePolicy", "iam:AttachUserPolicy", "iam:createpolicyversion"];
    for action in denied {
        let decision = ask(&snapshot, &user, action, "*");
        assert_eq!((decision.verdict, decision.denial), (Verdict::Deny, Some(Denial::Implicit)), "{action}");
    }
    for action in ["iam:PutUserPolicy", "iam:AddUserToGroup", "s3:CreateBucket", "kms:Decrypt"] {
        assert_eq!(verdict(&snapshot, &user, action, "*"), Verdict::Allow, "{action}");
    }
}

/// 7. `fp1` allows and denies `iam:*` in one policy; `fp2` allows everything in one and denies everything in
///    another; `fp3` only denies `iam:*`.
#[test]
fn an_explicit_deny_wins() {
    let Some(snapshot) = all() else { return };
    let user = arn(LAB, "user/victim");
    for (name, action, denial) in [
        ("fp1-allow-and-deny-user", "iam:PutUserPolicy", Denial::Explicit),
        ("fp1-allow-and-deny-user", "s3:GetObject", Denial::Implicit),
        ("fp2-allow-and-deny-multiple-policies-user", "iam:PutUserPolicy", Denial::Explicit),
        ("fp2-allow-and-deny-multiple-policies-user", "s3:GetObject", Denial::Explicit),
        ("fp3-deny-iam-user", "iam:PutUserPolicy", Denial::Explicit),
        ("fp3-deny-iam-user", "s3:GetObject", Denial::Implicit),
    ] {
        let resource = if action.starts_with("iam") { user.as_str() } else { "arn:aws:s3:::pay/a.csv" };
        let decision = ask(&snapshot, &arn(LAB, &format!("user/{name}")), action, resource);
        assert_eq!((decision.verdict, decision.denial), (Verdict::Deny, Some(denial)), "{name} {action}");
        assert_eq!(decision.blocked_by, ["identity"], "{name} {action}");
    }
}

/// 8. `fn2-exploitableResourceConstraint-user` may write versions of `arn:aws:iam::*:policy/fn2-*` only.
#[test]
fn a_question_on_a_pattern_is_answered_for_the_part_that_is_granted() {
    let Some(snapshot) = all() else { return };
    let user = arn(LAB, "user/fn2-exploitableResourceConstraint-user");
    let can = |resource: &str| ask(&snapshot, &user, "iam:CreatePolicyVersion", resource);
    assert_eq!(can(&arn(LAB, "policy/fn2-exploitableResourceConstraint")).verdict, Verdict::Allow);
    assert_eq!(can(&arn(LAB, "policy/fn2-*")).verdict, Verdict::Allow);
    assert_eq!(can(&arn(LAB, "policy/fn1-*")).verdict, Verdict::Deny);
    let decision = can("*");
    assert_eq!(decision.verdict, Verdict::Conditional);
    assert_eq!(decision.condition.unwrap(), json!({"resource_in": ["arn:aws:iam::*:policy/fn2-*"]}));
    let mut query = Query::who("iam:CreatePolicyVersion", "*");
    assert!(snapshot.who_can(&query).unwrap().contains(&user));
    query.matching = Match::All;
    assert!(!snapshot.who_can(&query).unwrap().contains(&user));
}

/// 9. The trust policy of the roles for each way to escalate names one session of the administrator's role:
///    the session with that name may assume them, others of the same role may not, although they may do
///    everything else.
#[test]
fn a_trust_policy_that_names_a_session_lets_that_session_in() {
    let Some(snapshot) = all() else { return };
    let administrator =
        arn(LAB, "role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_AdministratorAccess_dc6414f7f2ab04fc");
    let role = arn(LAB, "role/fn1-privesc3-partial-role");
    let named = |name: &str| {
        let mut request = Request::new(administrator.as_str(), "sts:AssumeRole", role.as_str());
        let mut session = Session::default();
        session.name = Some(name.to_owned());
        request.session = Some(session);
        snapshot.can(&request).unwrap()
    };
    assert_eq!(named("elad@codsec.io").verdict, Verdict::Allow);
    let other = named("eve@codsec.io");
    assert_eq!((other.verdict, other.blocked_by.as_slice()), (Verdict::Deny, &["trust"][..]));
    let open = ask(&snapshot, &administrator, "sts:AssumeRole", &role);
    assert_eq!(open.verdict, Verdict::Conditional);
    assert_eq!(open.condition.unwrap(), json!({"session_name": "elad@codsec.io"}));
    let whole = snapshot.can(&Request::new(
        "arn:aws:sts::200611803367:assumed-role/AWSReservedSSO_AdministratorAccess_dc6414f7f2ab04fc/elad@codsec.io",
        "sts:AssumeRole",
        role.as_str(),
    ));
    assert_eq!(whole.unwrap().verdict, Verdict::Allow);
}

/// 10. Who may assume which role follows from its trust policy, and within the account that it names from the
///     identities' policies.
#[test]
fn who_can_assume_a_role_is_who_its_trust_policy_lets_in() {
    let Some(snapshot) = all() else { return };
    let sure = |names: &[&str]| -> BTreeMap<String, Verdict> {
        names.iter().map(|name| ((*name).to_owned(), Verdict::Allow)).collect()
    };
    let assume = |role: &str| holders(&snapshot, "sts:AssumeRole", &arn(LAB, role));
    // Names one role of the account, which needs no policy of its own then.
    let intermediate = arn(LAB, "role/privesc-AssumeRole-intermediate-role");
    assert_eq!(assume("role/privesc-AssumeRole-ending-role"), sure(&[&intermediate]));
    // Names an account that is not here: what its identities hold is unknown, of the one that another trust
    // policy names by ARN too.
    let foreign = "arn:aws:iam::072528804237:role/aws-service-role/stacksets.cloudformation.amazonaws.com/\
        AWSServiceRoleForCloudFormationStackSetsOrgAdmin";
    let outside = ["account 072528804237 (not in the snapshot)", foreign];
    let outside: BTreeMap<_, _> = outside.map(|name| (name.to_owned(), Verdict::Unknown)).into();
    assert_eq!(assume("role/OrganizationAccountAccessRole"), outside);
    // Names ten services and nobody else.
    let services = assume("role/privesc-high-priv-service-role");
    assert_eq!(services.len(), 10);
    assert!(services.contains_key("lambda.amazonaws.com") && services.values().all(|v| *v == Verdict::Allow));
    // Names its whole account: those whose policies allow `sts:AssumeRole` on this role. `fp2` denies it again,
    // and `AWS-QuickSetup-StackSet-Local-AdministrationRole` may assume another role only.
    let own: Vec<String> = [
        "role/AWS-QuickSetup-StackSet-Local-ExecutionRole",
        "role/OrganizationAccountAccessRole",
        "role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_AdministratorAccess_dc6414f7f2ab04fc",
        "role/fn4-exploitableNotAction-role",
        "role/privesc-AssumeRole-ending-role",
        "role/privesc-high-priv-service-role",
        "role/privesc14-UpdatingAssumeRolePolicy-role",
        "role/stacksets-exec-b5520cb2730c2f54b523d6375a319abb",
        "user/fn4-exploitableNotAction-user",
        "user/privesc14-UpdatingAssumeRolePolicy-user",
    ]
    .map(|rest| arn(LAB, rest))
    .to_vec();
    let own: Vec<&str> = own.iter().map(String::as_str).collect();
    assert_eq!(assume("role/privesc-permissive-role-trust"), sure(&own));
}

/// 11. `AWS-QuickSetup-EnableCRecording-1clff_eu-west-1` creates one service-linked role, if the request says
///     that it is for that service, and buckets of one name.
#[test]
fn a_role_of_automation_is_kept_to_its_resources() {
    let Some(snapshot) = all() else { return };
    let role = arn(LAB, "role/AWS-QuickSetup-EnableCRecording-1clff_eu-west-1");
    let linked = arn(LAB, "role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig");
    let decision = ask(&snapshot, &role, "iam:CreateServiceLinkedRole", &linked);
    assert_eq!(decision.verdict, Verdict::Conditional);
    let condition = decision.condition.unwrap();
    assert_eq!(
        (&condition["key"], &condition["values"]),
        (&json!("iam:AWSServiceName"), &json!(["config.amazonaws.com"]))
    );
    let request = Request::new(role.as_str(), "iam:CreateServiceLinkedRole", linked.as_str());
    let given = |service: &str| {
        let value = ContextValue::One(service.to_owned());
        snapshot.can(&request.clone().context("iam:AWSServiceName", value)).unwrap().verdict
    };
    assert_eq!((given("config.amazonaws.com"), given("ssm.amazonaws.com")), (Verdict::Allow, Verdict::Deny));
    let bucket = "arn:aws:s3:::aws-quick-setup-config-recording-200611803367-1clff";
    assert_eq!(verdict(&snapshot, &role, "s3:PutBucketPolicy", bucket), Verdict::Allow);
    assert_eq!(verdict(&snapshot, &role, "s3:PutBucketPolicy", "arn:aws:s3:::pay"), Verdict::Deny);
    // What else the bucket may let in is not known: no bucket policy was given, and that is said.
    let decision = ask(&snapshot, &role, "s3:PutBucketPolicy", bucket);
    assert!(!decision.assumptions.is_empty());
}
