//! The public face as a user of the crate has it: error codes, threads, cancellation, progress, catalogues given
//! at run time, and answers whose ways of reading agree.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test reads files and fails"
)]

use ciem_core::{
    Access, Becoming, Cancel, Catalog, Coverage, Decision, Error, Explanation, Holders, LoadOptions, Matrix,
    OnError, Place, Prepared, PreparedRequest, Progress, Query, Request, Scratch, Snapshot, SnapshotBuilder,
    Step, Verdict, wire,
};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

const OBJECT: &str = "arn:aws:s3:::pay/a.csv";

fn user_arn(name: &str) -> String {
    format!("arn:aws:iam::111122223333:user/{name}")
}

/// Three users: one may read, one may read from within a network, one may use a service that no catalogue knows.
fn export() -> Vec<u8> {
    let user = |name: &str, action: &str, condition: serde_json::Value| {
        let mut statement = json!({"Effect": "Allow", "Action": action, "Resource": "*"});
        if !condition.is_null() {
            statement["Condition"] = condition;
        }
        json!({
            "Arn": user_arn(name), "UserName": name, "UserId": format!("AIDA{name}"), "Path": "/",
            "UserPolicyList": [{"PolicyName": "inline", "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}],
        })
    };
    let inside = json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}});
    let users = [
        user("ana", "s3:Get*", json!(null)),
        user("bo", "s3:*", inside),
        user("cy", "acme:OpenBox", json!(null)),
    ];
    let role = json!({
        "Arn": "arn:aws:iam::111122223333:role/app", "RoleName": "app", "RoleId": "AROA", "Path": "/",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": [user_arn("ana")], "Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]},
    });
    json!({"UserDetailList": users, "RoleDetailList": [role], "GroupDetailList": [], "Policies": []})
        .to_string()
        .into_bytes()
}

/// A catalogue of one service, in its JSON form.
fn acme() -> String {
    json!({
        "version": "7", "provider": "aws",
        "permissions": [
            {"name": "acme:OpenBox", "access": "write", "resource_types": ["box"], "condition_keys": ["acme:Lid"]},
            {"name": "acme:ShakeBox"},
        ],
        "resource_types": [{"service": "acme", "name": "box", "pattern": "arn:${Partition}:acme:${Region}:${Account}:box/${Box}"}],
        "condition_keys": [{"name": "acme:Lid", "type": "Bool"}],
    })
    .to_string()
}

fn built(mut builder: SnapshotBuilder) -> Snapshot {
    builder.add("account.json", &export()).unwrap();
    builder.finish().unwrap()
}

fn snapshot() -> Snapshot {
    built(SnapshotBuilder::new())
}

fn every_error() -> Vec<Error> {
    let (place, text) = (Place::source("file.json").at("/a/0").line(3), "x".to_owned());
    vec![
        Error::Malformed { reason: text.clone(), place: place.clone() },
        Error::Unrecognised { place: place.clone() },
        Error::TooLarge { what: text.clone(), limit: 1, place: place.clone() },
        Error::TooDeep { limit: 1, place: place.clone() },
        Error::TooComplex { what: text.clone(), place: place.clone() },
        Error::RejectedPolicy { policy: text.clone(), reason: text.clone(), place: place.clone() },
        Error::UnknownPrincipal { principal: text.clone() },
        Error::AmbiguousPrincipal { principal: text.clone(), candidates: vec![text.clone()] },
        Error::UnknownAction { action: text.clone() },
        Error::InvalidRequest { what: text.clone(), reason: text.clone() },
        Error::Io { reason: text.clone(), place },
        Error::Cancelled,
        Error::Internal { reason: text },
    ]
}

#[test]
fn error_codes_are_those_of_the_documentation() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/errors.md")).unwrap();
    let first_cell = |line: &str| Some(line.strip_prefix("| `")?.split_once("` |")?.0.to_owned());
    let documented: Vec<String> = page.lines().filter_map(first_cell).collect();
    let codes: Vec<&str> = every_error().iter().map(Error::code).collect();
    assert_eq!(codes, documented);
    assert_eq!(BTreeSet::from_iter(&codes).len(), codes.len());
}

#[test]
fn errors_have_a_wire_form_and_their_place_in_the_text() {
    for error in every_error() {
        let wire: serde_json::Value = serde_json::from_str(&wire::error_json(&error)).unwrap();
        assert_eq!((&wire["v"], &wire["code"]), (&json!(1), &json!(error.code())));
        assert_eq!(wire["message"], error.to_string());
        match error.place() {
            Some(_) => {
                assert_eq!(wire["place"], json!({"source": "file.json", "pointer": "/a/0", "line": 3}));
                assert!(error.to_string().contains("in `file.json` at `/a/0` line 3"), "{error}");
            }
            None => assert!(wire.get("place").is_none()),
        }
    }
}

#[test]
fn values_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Snapshot>();
    shared::<SnapshotBuilder>();
    shared::<LoadOptions>();
    shared::<Holders>();
    shared::<Access>();
    shared::<Matrix>();
    shared::<Becoming>();
    shared::<Prepared<'static>>();
    shared::<PreparedRequest>();
    shared::<Decision>();
    shared::<Explanation>();
    shared::<Coverage>();
    shared::<Catalog>();
    shared::<Error>();
    shared::<Progress>();
    shared::<Cancel>();
    // One thread's memory at a time; it may move from one to another.
    fn sent<T: Send>() {}
    sent::<Scratch>();
}

/// The verbs that can be stopped; of some questions everything is sure at once.
fn stoppable(snapshot: &Snapshot, progress: &Progress) -> [(&'static str, Result<(), Error>); 13] {
    let who = Query::who("s3:GetObject", OBJECT);
    let call = |verb, request| wire::call_with(snapshot, verb, request, progress).map(drop);
    [
        ("who_can", snapshot.who_can_with(&who, progress).map(drop)),
        ("what_can", snapshot.what_can_with(&Query::what("bo"), progress).map(drop)),
        ("who_can, sure", snapshot.who_can_with(&Query::who("ec2:RunInstances", "*"), progress).map(drop)),
        ("what_can, sure", snapshot.what_can_with(&Query::what("cy").on(OBJECT), progress).map(drop)),
        ("matrix", snapshot.matrix_with(&Query::default(), progress).map(drop)),
        ("wire who_can", call("who_can", r#"{"action": "s3:GetObject"}"#)),
        ("wire what_can", call("what_can", r#"{"principal": "bo"}"#)),
        ("wire matrix", call("matrix", "{}")),
        ("can_become", snapshot.can_become_with(&Query::default(), progress).map(drop)),
        ("wire can_become", call("can_become", "{}")),
        ("settle who_can", snapshot.what_would_settle_it_with(&who, progress).map(drop)),
        ("settle what_can", snapshot.what_would_settle_it_with(&Query::what("bo"), progress).map(drop)),
        ("wire settle", call("what_would_settle_it", "{}")),
    ]
}

#[test]
fn a_cancelled_question_stops_with_its_code() {
    let snapshot = snapshot();
    let cancel = Cancel::new();
    let progress = Progress::none().with_cancel(cancel.clone());
    for (verb, result) in stoppable(&snapshot, &progress) {
        assert!(result.is_ok(), "{verb}");
    }
    cancel.cancel();
    assert!(cancel.is_cancelled());
    for (verb, result) in stoppable(&snapshot, &progress) {
        assert_eq!(result.unwrap_err().code(), "cancelled", "{verb}");
    }
    for (verb, result) in stoppable(&snapshot, &Progress::none()) {
        assert!(result.is_ok(), "{verb}: the flag belongs to the progress that carries it");
    }
}

#[test]
fn work_can_be_cancelled_from_its_own_progress() {
    let cancel = Cancel::new();
    let flag = cancel.clone();
    let progress = Progress::none().with_cancel(cancel).on_step(move |_| flag.cancel());
    // The first report sets the flag, the next poll sees it.
    let mut builder = SnapshotBuilder::with_options(&LoadOptions::default().progress(progress));
    builder.add("account.json", &export()).unwrap();
    assert_eq!(builder.finish().unwrap_err().code(), "cancelled");
}

#[test]
fn progress_says_what_is_being_done() {
    let steps: Arc<Mutex<Vec<Step>>> = Arc::default();
    let seen = Arc::clone(&steps);
    let progress = Progress::none().on_step(move |step| seen.lock().unwrap().push(step));
    let taken = || std::mem::take(&mut *steps.lock().unwrap());
    let snapshot = built(SnapshotBuilder::with_options(&LoadOptions::default().progress(progress.clone())));
    let phases = |steps: &[Step]| steps.iter().map(|step| step.phase).collect::<BTreeSet<_>>();
    let loading = taken();
    assert!(phases(&loading).contains("indexing"), "{loading:?}");
    for (verb, result) in stoppable(&snapshot, &progress) {
        assert!(result.is_ok(), "{verb}");
    }
    let asking = taken();
    assert_eq!(phases(&asking), BTreeSet::from(["asking", "collecting", "writing"]));
    for step in loading.iter().chain(&asking) {
        assert!(step.total.is_none_or(|total| step.done <= total), "{step:?}");
    }
    assert!(format!("{progress:?}").contains("Progress"));
}

#[test]
fn an_action_that_no_catalogue_knows_is_kept_and_reported() {
    let snapshot = snapshot();
    assert_eq!(snapshot.coverage().unknown_actions, ["acme:OpenBox"]);
    let row = snapshot.permissions().find(|row| row.permission == "acme:OpenBox").unwrap();
    assert!(!row.known && row.resource_types.is_empty());
    let can = |action: &str| snapshot.can(&Request::new("cy", action, "*"));
    assert_eq!(can("acme:OpenBox").unwrap().verdict, Verdict::Allow);
    assert_eq!(can("ACME:openbox").unwrap().verdict, Verdict::Allow);
    assert_eq!(can("acme:ShakeBox").unwrap_err().code(), "unknown_action");
    assert!(snapshot.who_can(&Query::who("acme:OpenBox", "*")).unwrap().contains(&user_arn("cy")));
    let access = snapshot.what_can(&Query::what("cy")).unwrap();
    assert!(access.rows().iter().any(|row| row.permissions == ["acme:OpenBox"]));
}

#[test]
fn a_catalogue_given_at_run_time_adds_to_the_built_in_one() {
    let by_options = SnapshotBuilder::with_options(&LoadOptions::default().catalog(acme()));
    let mut by_call = SnapshotBuilder::new();
    by_call.extend_catalog(acme().as_bytes()).unwrap();
    let plain = snapshot();
    for snapshot in [built(by_options), built(by_call)] {
        assert!(snapshot.coverage().unknown_actions.is_empty());
        assert_eq!(snapshot.permissions().count(), plain.permissions().count() + 1);
        let row = snapshot.permissions().find(|row| row.permission == "acme:OpenBox").unwrap();
        assert!(row.known);
        assert_eq!(row.resource_types, ["acme:box"]);
        assert!(snapshot.coverage().catalogs["aws"].ends_with("+7"));
        let can = |principal: &str, action: &str, resource: &str| {
            snapshot.can(&Request::new(principal, action, resource)).unwrap().verdict
        };
        assert_eq!(can("cy", "acme:OpenBox", "arn:aws:acme:eu-west-1:111122223333:box/7"), Verdict::Allow);
        assert_eq!(can("cy", "acme:ShakeBox", "*"), Verdict::Deny);
        assert_eq!(can("ana", "s3:GetObject", OBJECT), Verdict::Allow);
    }
}

#[test]
fn a_catalogue_can_replace_the_built_in_one() {
    let mut builder = SnapshotBuilder::new();
    builder.catalog(Catalog::from_json(acme().as_bytes()).unwrap()).unwrap();
    let snapshot = built(builder);
    assert_eq!(snapshot.coverage().catalogs, BTreeMap::from([("aws", "7".to_owned())]));
    assert_eq!(snapshot.permissions().filter(|row| row.known).count(), 2);
    let decision = snapshot.can(&Request::new("cy", "acme:OpenBox", "*")).unwrap();
    assert_eq!(decision.verdict, Verdict::Allow);
    assert_eq!(
        snapshot.can(&Request::new("ana", "s3:GetObject", OBJECT)).unwrap_err().code(),
        "unknown_action"
    );
}

#[test]
fn a_bad_catalogue_is_an_error_and_changes_nothing() {
    let other = acme().replace("\"aws\"", "\"nobody\"");
    for (text, code) in
        [("{", "malformed"), ("{\"version\": \"1\"}", "malformed"), (other.as_str(), "invalid_request")]
    {
        let mut builder = SnapshotBuilder::new();
        assert_eq!(builder.extend_catalog(text.as_bytes()).unwrap_err().code(), code, "{text}");
        assert_eq!(built(builder).coverage(), snapshot().coverage(), "{text}");
        let given = SnapshotBuilder::with_options(&LoadOptions::default().catalog(text.to_owned()));
        assert_eq!(given.finish().unwrap_err().code(), code, "{text}");
    }
    let foreign = Catalog::from_json(other.as_bytes()).unwrap();
    assert_eq!(SnapshotBuilder::new().catalog(foreign).unwrap_err().code(), "invalid_request");
}

#[test]
fn the_ways_to_read_holders_agree() {
    let snapshot = snapshot();
    for (action, resource, expected) in [
        ("s3:GetObject", OBJECT, vec![user_arn("ana"), user_arn("bo")]),
        ("s3:PutObject", "*", vec![user_arn("bo")]),
        ("ec2:RunInstances", "*", vec![]),
        (
            "sts:AssumeRole",
            "arn:aws:iam::111122223333:role/app",
            vec![user_arn("ana"), "ec2.amazonaws.com".to_owned()],
        ),
    ] {
        let holders = snapshot.who_can(&Query::who(action, resource)).unwrap();
        let ids: Vec<&str> = holders.ids().collect();
        let rows: Vec<_> = holders.rows().collect();
        assert_eq!(
            ids.iter().copied().collect::<BTreeSet<_>>(),
            expected.iter().map(String::as_str).collect(),
            "{action}"
        );
        assert_eq!(holders.count(), ids.len() as u64, "{action}");
        assert_eq!(rows.iter().map(|row| row.principal.as_str()).collect::<Vec<_>>(), ids, "{action}");
        let conditional = rows.iter().filter(|row| row.condition.is_some()).count();
        assert_eq!(holders.conditional(), conditional, "{action}");
        for row in snapshot.principals() {
            assert_eq!(
                holders.contains(&row.principal),
                ids.contains(&row.principal.as_str()),
                "{action} {}",
                row.principal
            );
        }
        assert!(!holders.contains("nobody"));
        for row in rows {
            let decision = snapshot.can(&Request::new(row.principal.as_str(), action, resource)).unwrap();
            assert_eq!(row.verdict, decision.verdict, "{action} {}", row.principal);
            let condition = decision.condition.map(|condition| {
                assert_eq!(row.verdict, Verdict::Conditional);
                condition["key"].clone()
            });
            assert_eq!(condition.is_some(), row.condition.is_some(), "{action} {}", row.principal);
        }
    }
}

#[test]
fn a_prepared_request_gives_the_verdict_of_can() {
    let snapshot = snapshot();
    let prepared = snapshot.prepare();
    let mut scratch = Scratch::default();
    for (name, action) in
        [("ana", "s3:GetObject"), ("ana", "s3:PutObject"), ("bo", "s3:GetObject"), ("cy", "acme:OpenBox")]
    {
        let request = Request::new(name, action, OBJECT);
        let ready = prepared.request(&request).unwrap();
        for _ in 0..2 {
            assert_eq!(
                prepared.verdict(&ready, &mut scratch),
                snapshot.can(&request).unwrap().verdict,
                "{name} {action}"
            );
        }
    }
    assert_eq!(
        prepared.request(&Request::new("dan", "s3:GetObject", OBJECT)).unwrap_err().code(),
        "unknown_principal"
    );
}

#[test]
fn a_clone_of_a_snapshot_outlives_it_in_another_thread() {
    let snapshot = snapshot();
    let copy = snapshot.clone();
    let holders = snapshot.who_can(&Query::who("s3:GetObject", OBJECT)).unwrap();
    drop(snapshot);
    let count =
        std::thread::spawn(move || copy.who_can(&Query::who("s3:GetObject", OBJECT)).unwrap().count());
    assert_eq!(count.join().unwrap(), holders.rows().count() as u64);
}

#[test]
fn options_are_read_from_their_text() {
    assert_eq!("raise".parse::<OnError>().unwrap(), OnError::Raise);
    assert_eq!("skip".parse::<OnError>().unwrap(), OnError::Skip);
    assert_eq!("ignore".parse::<OnError>().unwrap_err().code(), "invalid_request");
}

#[test]
fn a_grant_that_the_time_rules_out_is_nothing_that_access_comes_through() {
    let statement = |until: &str| {
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*",
               "Condition": {"DateLessThan": {"aws:CurrentTime": until}}}]})
    };
    let export = json!({"UserDetailList": [{
        "Arn": user_arn("ana"), "UserName": "ana", "UserId": "AIDAana", "Path": "/",
        "UserPolicyList": [
            {"PolicyName": "june", "PolicyDocument": statement("2026-06-22T04:00:00Z")},
            {"PolicyName": "september", "PolicyDocument": statement("2026-09-14T04:00:00Z")},
        ],
    }]});
    let mut builder = SnapshotBuilder::new();
    builder.add("account.json", export.to_string().as_bytes()).unwrap();
    let snapshot = builder.finish().unwrap();
    let through = |at: Option<&str>| {
        let mut query = Query::what("ana").on(OBJECT);
        query.at = at.map(str::to_owned);
        let access = snapshot.what_can(&query).unwrap();
        let rows = access.rows().iter().filter(|row| row.permissions.contains(&"s3:GetObject".to_owned()));
        rows.flat_map(|row| row.via.clone()).collect::<BTreeSet<String>>().len()
    };
    assert_eq!([None, Some("2026-06-01T00:00:00Z"), Some("2026-08-01T00:00:00Z")].map(through), [2, 2, 1]);
    assert_eq!(through(Some("2026-10-01T00:00:00Z")), 0);
}

#[test]
fn the_rows_of_a_matrix_say_whose_they_are() {
    let mut builder = SnapshotBuilder::new();
    builder.add("account.json", &export()).unwrap();
    let matrix = builder.finish().unwrap().matrix(&Query::default()).unwrap();
    let rows: Vec<_> = matrix.rows().map(|row| (row.principal, row.principal_kind, row.account)).collect();
    let named: Vec<_> =
        matrix.principals().map(|(id, kind, account)| (id.to_owned(), kind, account.to_owned())).collect();
    assert_eq!(rows, named);
    assert_eq!(matrix.surely_counts(|_, _| true).len(), rows.len());
}
