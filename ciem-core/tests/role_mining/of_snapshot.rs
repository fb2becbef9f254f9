//! Role mining from a snapshot, and pairs as bytes.

use ciem_core::{
    AssignmentQuery, Assignments, Cancel, MiningOptions, Progress, UsageBuilder, UseEvent, Window, wire,
};

/// Three users of one group, one with a condition and one with an exception.
fn snapshot() -> ciem_core::Snapshot {
    let statement = |action: &str, resource: &str| serde_json::json!({"Effect": "Allow", "Action": action, "Resource": resource});
    let policy = |statements: Vec<serde_json::Value>| serde_json::json!([{"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}]);
    let mut mfa = statement("s3:PutObject", "arn:aws:s3:::pay/*");
    mfa["Condition"] = serde_json::json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}});
    let mut deny = statement("s3:DeleteObject", "arn:aws:s3:::pay/audit/*");
    deny["Effect"] = "Deny".into();
    let person = |name: &str, team: &str, statements: Vec<serde_json::Value>| {
        serde_json::json!({
            "Path": "/", "UserName": name, "UserId": format!("AIDA{name:0<17}"), "Arn": format!("arn:aws:iam::111122223333:user/{name}"),
            "CreateDate": "2024-01-01T00:00:00+00:00", "GroupList": ["readers"], "AttachedManagedPolicies": [],
            "UserPolicyList": policy(statements), "Tags": [{"Key": "team", "Value": team}]
        })
    };
    let group = serde_json::json!({
        "Path": "/", "GroupName": "readers", "GroupId": "AGPA00000000000000001", "Arn": "arn:aws:iam::111122223333:group/readers",
        "CreateDate": "2024-01-01T00:00:00+00:00", "AttachedManagedPolicies": [],
        "GroupPolicyList": policy(vec![statement("s3:GetObject", "arn:aws:s3:::pay/*")])
    });
    let users = [
        person("ana", "Pay & Bill", vec![mfa]),
        person("cleo", "tills", Vec::new()),
        person("bob", "tills", vec![statement("s3:DeleteObject", "arn:aws:s3:::pay/*"), deny]),
    ];
    let export = serde_json::json!({"UserDetailList": users, "GroupDetailList": [group], "RoleDetailList": [], "Policies": []});
    let mut builder = ciem_core::SnapshotBuilder::new();
    builder.add("account.json", export.to_string().as_bytes()).unwrap();
    builder.finish().unwrap()
}

#[test]
fn a_snapshot_is_mined_named_and_written() {
    let query = AssignmentQuery::default().account("111122223333").principal_kind("user");
    let options = MiningOptions::default();
    let mined = snapshot().mine_roles(&query, &options, Some("permission_set"), &Progress::none()).unwrap();
    let roles: Vec<_> = mined.roles().map(|role| (role.name().unwrap(), role.users().len())).collect();
    assert_eq!(
        roles,
        [("arn:aws:iam::111122223333:group/readers", 3), ("tills-write", 1), ("pay-bill-write", 1)],
        "{}",
        serde_json::to_string_pretty(&mined).unwrap()
    );

    let readers = mined.roles().next().unwrap();
    assert_eq!(readers.closest().map(|closest| (closest.permissions, closest.users)), Some((1.0, Some(1.0))));
    let native = &readers.native()[0];
    assert_eq!(native["definition"]["Name"], "readers");
    assert_eq!(native["definition"]["InlinePolicy"]["Statement"][0]["Action"][0], "s3:GetObject");
    assert_eq!(native["over_limits"], serde_json::json!([]));

    let paying = mined.roles().find(|role| role.name() == Some("pay-bill-write")).unwrap();
    let statement = &paying.native()[0]["definition"]["InlinePolicy"]["Statement"][0];
    assert_eq!(statement["Condition"], serde_json::json!({"Bool": {"aws:MultiFactorAuthPresent": ["true"]}}));

    // What bob may delete has an exception, which a policy that only allows cannot say.
    let tills = mined.roles().find(|role| role.name() == Some("tills-write")).unwrap();
    assert_eq!(
        tills.permissions().collect::<Vec<_>>(),
        [
            r#"s3:DeleteObject on arn:aws:s3:::pay/* except arn:aws:s3:::pay/audit/* if {"not":{"resource_in":["arn:aws:s3:::pay/audit/*"]}}"#
        ]
    );
    let native = &tills.native()[0];
    assert_eq!(native["not_written"][0]["except"], serde_json::json!(["arn:aws:s3:::pay/audit/*"]));
    assert_eq!(native["definition"]["InlinePolicy"]["Statement"], serde_json::json!([]));
}

#[test]
fn a_snapshot_is_mined_by_team() {
    let query = AssignmentQuery::default().tag("team", "tills");
    let pairs = snapshot().assignments(&query, &Progress::none()).unwrap();
    assert!(pairs.len() == 3 && pairs.iter().all(|pair| !pair.user.ends_with("user/ana")));
    let query = AssignmentQuery::default();
    let error = snapshot()
        .mine_roles(&query, &MiningOptions::default(), Some("haiku"), &Progress::none())
        .unwrap_err();
    assert_eq!(error.to_string(), "invalid form: roles of aws are written as group, permission_set");
}

#[test]
fn only_what_was_used_is_mined() {
    let person = |name: &str| format!("arn:aws:iam::111122223333:user/{name}");
    let mut logs = UsageBuilder::new();
    for (name, action, resource) in [
        ("ana", "s3:GetObject", Some("arn:aws:s3:::pay/march.csv")),
        ("cleo", "s3:GetObject", Some("arn:aws:s3:::elsewhere/march.csv")),
        ("bob", "s3:GetObject", None),
        ("bob", "s3:PutObject", None),
    ] {
        let id = person(name);
        let mut event = UseEvent::new(&id, action, "2026-01-03T10:00:00Z").unwrap();
        if let Some(resource) = resource {
            event = event.resource(resource);
        }
        logs.add_event(&event).unwrap();
    }
    let usage = logs.finish();
    let window = Window::ending("90d", "2026-02-01T00:00:00Z").unwrap();
    let query = AssignmentQuery::default().account("111122223333");
    let all = snapshot().assignments(&query, &Progress::none()).unwrap();
    let used = snapshot().assignments(&query.clone().used(&usage, &window), &Progress::none()).unwrap();
    let rows: Vec<_> = used.iter().map(|pair| (pair.user, pair.permission)).collect();
    // On another bucket is not on this one, what is not granted is no pair, and a call without a resource may be on any.
    let read = "s3:GetObject on arn:aws:s3:::pay/*";
    assert_eq!(rows, [(&*person("ana"), read), (&*person("bob"), read)]);
    assert_eq!(all.len(), 5);

    let mine = |query: &AssignmentQuery| {
        snapshot().mine_roles(query, &MiningOptions::default(), None, &Progress::none()).unwrap()
    };
    let mined = mine(&query.clone().used(&usage, &window));
    let role = mined.roles().next().unwrap();
    assert_eq!(role.users().len(), 2);
    assert!(
        mined.assumptions().iter().any(|text| text.contains("the logs cannot show the use are not mined")),
        "{:?}",
        mined.assumptions()
    );
    // No log covers the window, so what was not seen may have been used.
    let kept = mine(&query.clone().used(&usage, &window).keep_unobservable(true));
    assert_eq!(kept.pairs(), 4);
    let later = Window::ending("7d", "2026-02-01T00:00:00Z").unwrap();
    assert_eq!(mine(&query.used(&usage, &later)).pairs(), 0);
}

#[cfg(feature = "arrow")]
#[test]
fn no_stream_of_bytes_breaks_the_reader() {
    let none = Progress::none();
    let table = wire::table(&snapshot(), "assignments", "{}", &Progress::none()).unwrap();
    let stream = table.to_arrow_ipc().unwrap();
    let mut pairs = Assignments::new();
    wire::add_arrow(&mut pairs, &stream, &none).unwrap();
    assert_eq!(pairs.len(), table.len());
    for cut in 0..stream.len() {
        // Cut off anywhere it may be read as far as it goes, or refused.
        let _ = wire::add_arrow(&mut Assignments::new(), &stream[..cut], &none);
    }
    // The rows of another question have lists and texts of few values.
    let other =
        wire::table(&snapshot(), "what_can", "{}", &Progress::none()).unwrap().to_arrow_ipc().unwrap();
    for stream in [stream, other] {
        for (place, flip) in (0..stream.len()).flat_map(|place| [0x01, 0x40, 0x80, 0xFF].map(|f| (place, f)))
        {
            let mut broken = stream.clone();
            broken[place] ^= flip;
            if let Err(error) = wire::add_arrow(&mut Assignments::new(), &broken, &none) {
                assert!(["malformed", "invalid_request", "too_large"].contains(&error.code()), "{error}");
            }
        }
    }
}

/// A call that is asked to stop while it reads or writes does so.
#[test]
fn reading_and_writing_stop_when_asked() {
    let stop_in = |phase: &'static str| {
        let cancel = Cancel::new();
        let asked = cancel.clone();
        Progress::none().with_cancel(cancel).on_step(move |step| {
            // What has only begun may be done before the next poll.
            if step.phase == phase && step.done > 0 {
                asked.cancel();
            }
        })
    };
    let pairs: Vec<_> =
        (0..60_000).map(|at| (format!("a user with a long name and the number {at}"), "read")).collect();
    let text = serde_json::to_string(&pairs).unwrap();
    let mut all = Assignments::new();
    let error = wire::add_pairs(&mut all, &text, &stop_in("reading pairs")).unwrap_err();
    assert_eq!(error.code(), "cancelled");
    assert!(all.len() < pairs.len());

    let mut all = Assignments::new();
    wire::add_pairs(&mut all, &text, &Progress::none()).unwrap();
    assert_eq!(all.len(), pairs.len());
    let written = wire::mine_roles(&all, "{}", &Progress::none()).unwrap();
    assert!(written.len() > 1 << 21);
    let stopped = wire::mine_roles(&all, "{}", &stop_in("writing")).map(drop);
    assert_eq!(stopped.unwrap_err().code(), "cancelled");

    for text in ["", "{}", "[[\"ana\"]]", "[[\"ana\", 1]]", "[[\"ana\", \"read\", \"write\"]]", "[] []"] {
        let error = wire::add_pairs(&mut Assignments::new(), text, &Progress::none()).unwrap_err();
        assert_eq!(error.code(), "invalid_request", "{text}");
    }
}
