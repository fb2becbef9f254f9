use crate::usage::builder::UsageBuilder;
use crate::usage::value::Usage;
use serde_json::{Value, json};

const ANN: &str = "aaaaaaaa-0000-0000-0000-000000000001";
const WORKER: &str = "bbbbbbbb-0000-0000-0000-000000000002";

fn read(records: &Value) -> Usage {
    let mut builder = UsageBuilder::new();
    builder.add("log.json", records.to_string().as_bytes()).unwrap();
    builder.finish()
}

fn signed_in(user: &str, worker: &str, error: i64, at: &str) -> Value {
    json!({"id": format!("{at}{user}{worker}"), "createdDateTime": at, "userId": user, "servicePrincipalId": worker, "appId": "app-1",
        "status": {"errorCode": error}, "ipAddress": "203.0.113.7", "servicePrincipalCredentialKeyId": "key-1"})
}

#[test]
fn a_sign_in_tells_that_somebody_is_alive() {
    let usage = read(
        &json!({"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#auditLogs/signIns", "value": [
            signed_in(&ANN.to_uppercase(), "", 0, "2026-01-01T10:00:00Z"),
            signed_in(ANN, "", 50126, "2026-01-09T10:00:00Z"),
            signed_in("00000000-0000-0000-0000-000000000000", WORKER, 0, "2026-01-02T10:00:00Z"),
        ]}),
    );
    // 2026-01-01T10:00:00Z
    assert_eq!(usage.last_active(ANN), Some(1_767_261_600));
    assert_eq!(usage.credentials(WORKER).map(|(id, _)| id).collect::<Vec<_>>(), ["key-1"]);
    assert_eq!(usage.of(ANN).count(), 0);
    let coverage = serde_json::to_value(usage.coverage()).unwrap();
    assert_eq!(
        (&coverage["files"][0]["kind"], &coverage["counts"]["notices"]),
        (&json!("sign_ins"), &json!(1))
    );
}

#[test]
fn audited_activities_are_permissions_where_their_names_tell() {
    let done = |activity: &str, result: &str, by: Value| {
        json!({"id": format!("{activity}{result}"), "activityDateTime": "2026-01-03T10:00:00.123Z", "activityDisplayName": activity,
            "result": result, "initiatedBy": by, "targetResources": [{"id": "GROUP-1", "type": "Group"}]})
    };
    let ann = json!({"user": {"id": ANN, "userPrincipalName": "ann@example.com", "ipAddress": "10.0.0.4"}});
    let usage = read(&json!({"value": [
        done("Add member to group", "success", ann.clone()),
        done("Add member to group", "failure", ann.clone()),
        done("Set the moon on fire", "success", json!({"app": {"servicePrincipalId": WORKER}})),
        done("Add user", "success", json!({})),
    ]}));
    let one = usage.get(ANN, "microsoft.directory/groups/members/update").unwrap();
    assert_eq!((one.used().count(), one.failed().count()), (1, 1));
    assert_eq!(one.observed().next().unwrap().resource, Some("group-1"));
    assert!(usage.get(WORKER, "activity/Set the moon on fire").is_some());
    let coverage = serde_json::to_value(usage.coverage()).unwrap();
    assert_eq!(coverage["counts"]["unattributed"], 1);
    assert!(coverage.to_string().contains("Set the moon on fire"), "{coverage}");
}
